// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>

#include "lib/array.h"
#include "lib/kernel/element.h"
#include "lib/kernel/pool.h"
#include "lib/kernel/settings.h"
#include "lib/kernel/status.h"
#include "lib/kernel/steer.h"
#include "log.h"

#define STATE	(NLM_F_CREATE | NLM_F_REPLACE)
#define OWNER	IPSEC_QOS_OWNER_DAEMON

/**
 * struct sync - what the errand keeps
 *
 * @stated: of the last configuration's elements, the state that they were stated with
 * @config: that configuration, held; NULL: none
 * @absent: likewise, is it one that the kernel does not have?
 */
struct sync {
	struct stating st;
	struct config *config;
	uint8_t *stated;
	bool *absent;
};

struct sync_wanted *sync_wanted_new(struct config *config, bool all)
{
	struct sync_wanted *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->config = config_hold(config);
	w->all = all;
	w->state = calloc(config->steer.n_elements + 1, sizeof(*w->state));
	if (w->state)
		return w;
	sync_free(w);
	return NULL;
}

void sync_free(void *wanted)
{
	struct sync_wanted *w = wanted;

	config_free(w->config);
	free(w->state);
	free(w->release);
	free(w);
}

void *sync_state_new(void)
{
	return calloc(1, sizeof(struct sync));
}

static void forget(void *state)
{
	struct sync *s = state;

	config_free(s->config);
	free(s->stated);
	free(s->absent);
	s->config = NULL;
	s->stated = NULL;
	s->absent = NULL;
}

void sync_end(void *state)
{
	struct sync *s = state;

	iq_kernel_close(s->st.k);
	forget(s);
	free(s);
}

/* What there is of the daemon's */

struct have {
	UT_array elements;
	UT_array pools;
	UT_array prefixes;
};

static int add_element(const struct iq_kernel_element *e, void *arg)
{
	return iq_array_push(arg, e) ? 0 : -ENOMEM;
}

/* Of a pool what names it: its members take far more. */
struct have_pool {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
};

static int add_pool(const struct iq_kernel_pool *p, void *arg)
{
	struct have_pool pool = { .id = p->id };

	memcpy(pool.name, p->name, sizeof(pool.name));
	return iq_array_push(arg, &pool) ? 0 : -ENOMEM;
}

static struct iq_kernel_element *have_element(struct have *have, uint32_t id)
{
	struct iq_kernel_element *e;

	for (e = NULL; (e = (void *)utarray_next(&have->elements, e)); )
		if (e->id == id)
			return e;
	return NULL;
}

static struct have_pool *have_pool(struct have *have, uint32_t id)
{
	struct have_pool *p;

	for (p = NULL; (p = (void *)utarray_next(&have->pools, p)); )
		if (p->id == id)
			return p;
	return NULL;
}

static int add_prefix(const struct iq_kernel_steer *p, void *arg)
{
	return iq_array_push(arg, p) ? 0 : -ENOMEM;
}

static int read_have(struct sync *s, struct have *have)
{
	int err = -EINTR, tries;

	for (tries = 0; err == -EINTR && tries < STATING_DUMPS; tries++) {
		utarray_clear(&have->elements);
		utarray_clear(&have->pools);
		utarray_clear(&have->prefixes);
		err = iq_kernel_element_dump(s->st.k, OWNER, add_element, &have->elements);
		if (!err)
			err = iq_kernel_pool_dump(s->st.k, OWNER, add_pool, &have->pools);
		if (!err)
			err = iq_kernel_steer_dump(s->st.k, OWNER, add_prefix, &have->prefixes);
	}
	return err ? stating_refused(&s->st, "what there is", "cannot be read", err) : 0;
}

/* Elements */

static void to_kernel(const struct element *e, uint8_t state, struct iq_kernel_element *to)
{
	*to = (struct iq_kernel_element){
		.id = e->id, .nexthop = e->nexthop, .state = state,
	};
	memcpy(to->name, e->name, sizeof(to->name));
	memcpy(to->dev, e->device, sizeof(to->dev));
	memcpy(&to->via, e->via.b, sizeof(to->via));
	memcpy(to->via6, e->via6.b, sizeof(to->via6));
}

static const struct element *wanted_element(const struct steer_config *c, uint32_t id)
{
	size_t i;

	for (i = 0; i < c->n_elements; i++)
		if (c->elements[i].id == id && c->elements[i].needed)
			return &c->elements[i];
	return NULL;
}

/*
 * One of ours that is to go, or to be called otherwise, must not keep a name that another is
 * to have. A pool that has it goes on as it is until it is stated.
 */
static int make_way(struct sync *s, const struct config *config, struct have *have)
{
	struct iq_kernel_element *e;
	const struct element *wanted;
	char name[IPSEC_QOS_NAME_MAX];
	int err = 0;

	for (e = NULL; err != -ENODEV && (e = (void *)utarray_next(&have->elements, e)); ) {
		wanted = wanted_element(&config->steer, e->id);
		if ((wanted && !strcmp(wanted->name, e->name)) ||
		    !config_element_named(config, e->name))
			continue;
		memcpy(name, e->name, sizeof(name));
		snprintf(e->name, sizeof(e->name), "gone.%u", e->id);
		err = iq_kernel_element_new(s->st.k, e, 1, OWNER, STATE);
		if (err)
			stating_refused(&s->st, "element", name, err);
	}
	return err == -ENODEV ? err : 0;
}

/*
 * What the element at @place should be is refused: it stays as it was, if it was, for so its
 * pools have it still, and it is not swept. How its state is, is another matter.
 */
static int keep_element(struct sync *s, struct have *have, size_t place, uint32_t id,
			uint8_t state)
{
	struct iq_kernel_element *was = have_element(have, id);
	int err;

	s->absent[place] = !was;
	if (!was)
		return -ENOENT;
	was->state = state;
	err = iq_kernel_element_new(s->st.k, was, 1, OWNER, STATE);
	s->st.partial |= err != 0;
	return err;
}

/*
 * Those of @v whose places in the configuration are in @place; one by one where not all
 * can. @have: what there was, NULL: all of them.
 */
static int state_elements(struct sync *s, const struct sync_wanted *w, struct have *have,
			  const struct iq_kernel_element *v, const size_t *place, size_t n)
{
	int all = n ? iq_kernel_element_new(s->st.k, v, n, OWNER, STATE) : 0, one;
	size_t i;

	for (i = 0; i < n; i++) {
		one = all && n > 1 && all != -ENODEV ?
		      iq_kernel_element_new(s->st.k, &v[i], 1, OWNER, STATE) : all;
		if (one && stating_refused(&s->st, "element", v[i].name, one) == -ENODEV)
			return -ENODEV;
		if (one && have)
			one = keep_element(s, have, place[i], v[i].id, v[i].state);
		if (!one)
			s->stated[place[i]] = w->state[place[i]];
	}
	return 0;
}

/* All, of which there are those of @have; NULL: those whose state is another */
static int elements(struct sync *s, const struct sync_wanted *w, struct have *have)
{
	const struct steer_config *c = &w->config->steer;
	struct iq_kernel_element *v = calloc(c->n_elements + 1, sizeof(*v));
	size_t *place = calloc(c->n_elements + 1, sizeof(*place)), i, n = 0;
	int err = -ENOMEM;

	for (i = 0; v && place && i < c->n_elements; i++) {
		if (!c->elements[i].needed || (!have && s->stated[i] == w->state[i]))
			continue;
		to_kernel(&c->elements[i], w->state[i], &v[n]);
		place[n++] = i;
	}
	if (v && place)
		err = state_elements(s, w, have, v, place, n);
	free(v);
	free(place);
	return err;
}

/* Pools */

/* Does one of ours that is to go, or to be called otherwise, still have its name? */
static bool name_taken(const struct have *have, const struct steer_pool *p)
{
	const struct have_pool *other;

	for (other = NULL; (other = (void *)utarray_next((UT_array *)&have->pools, other)); )
		if (other->id != p->id && !strcmp(other->name, p->name))
			return true;
	return false;
}

/* A pool's name until then; @name is of IPSEC_QOS_NAME_MAX. */
static void for_now(const struct steer_pool *p, char *name)
{
	snprintf(name, IPSEC_QOS_NAME_MAX, "new.%u", p->id);
}

static bool is_for_now(struct have *have, const struct steer_pool *p)
{
	const struct have_pool *now = have_pool(have, p->id);
	char name[IPSEC_QOS_NAME_MAX];

	for_now(p, name);
	return now && !strcmp(now->name, name) && strcmp(now->name, p->name) != 0;
}

/* What held buckets under this id was another pool, which is there still under another. */
static bool was_another(const struct steer_config *c, const struct have_pool *was,
			const struct steer_pool *p)
{
	size_t i;

	for (i = 0; was && i < c->n_pools; i++)
		if (&c->pools[i] != p && !strcmp(c->pools[i].name, was->name))
			return true;
	return false;
}

static int state_pool(struct sync *s, const struct steer_config *c, const struct steer_pool *p,
		      struct have *have, struct iq_kernel_pool *to)
{
	struct have_pool *was = have_pool(have, p->id);
	uint32_t released;
	size_t i;
	int err;

	memset(to, 0, sizeof(*to));
	to->id = p->id;
	to->mode = p->mode;
	to->has_secret = p->has_secret;
	memcpy(to->name, p->name, sizeof(to->name));
	memcpy(to->secret, p->secret, sizeof(to->secret));
	for (i = 0; i < p->n_members; i++)
		/* what is said already must not keep the others from their packets */
		if (!s->absent[p->members[i].element - c->elements])
			to->members[to->n_members++] = (struct iq_kernel_member){
				.element = p->members[i].element->id,
				.weight = p->members[i].weight,
			};
	if (name_taken(have, p))
		for_now(p, to->name);
	err = iq_kernel_pool_new(s->st.k, to, OWNER, STATE);
	if (err) {
		s->st.partial |= was != NULL;
		return stating_refused(&s->st, "pool", p->name, err);
	}
	if (was_another(c, was, p)) {
		err = iq_kernel_pool_release(s->st.k, to, NULL, &released);
		if (err)
			stating_refused(&s->st, "pool", p->name, err);
	}
	if (was)
		memcpy(was->name, to->name, sizeof(was->name));
	else
		err = add_pool(to, &have->pools);
	return err;
}

/* All; @again: those that could not have their names yet */
static int pools(struct sync *s, const struct config *config, struct have *have, bool again)
{
	const struct steer_config *c = &config->steer;
	struct iq_kernel_pool *to = calloc(1, sizeof(*to));
	int err = to ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; err != -ENODEV && to && i < c->n_pools; i++)
		if (!c->pools[i].self && (!again || is_for_now(have, &c->pools[i])))
			err = state_pool(s, c, &c->pools[i], have, to);
	free(to);
	return err == -ENODEV || !to ? err : 0;
}

static bool wanted_pool(const struct steer_config *c, uint32_t id)
{
	size_t i;

	for (i = 0; i < c->n_pools; i++)
		if (c->pools[i].id == id && !c->pools[i].self)
			return true;
	return false;
}

/* Steered prefixes */

/* What one should be is refused: it stays as it was, if it was. */
static void keep_prefix(struct sync *s, const struct have *have, const struct prefix *prefix)
{
	const struct iq_kernel_steer *p;

	for (p = NULL; (p = (void *)utarray_next((UT_array *)&have->prefixes, p)); )
		if (p->len == prefix->len && !memcmp(&p->dst, &prefix->addr, sizeof(p->dst)))
			s->st.partial |= iq_kernel_steer_new(s->st.k, p, 1, OWNER, STATE) != 0;
}

static int prefixes(struct sync *s, const struct config *config, const struct have *have)
{
	const struct steer_config *c = &config->steer;
	char name[PREFIX_TEXT];
	size_t i;
	int err;

	for (i = 0; i < c->n_prefixes; i++) {
		const struct steer_prefix *p = &c->prefixes[i];
		struct iq_kernel_steer to = {
			.dst = p->prefix.addr, .len = p->prefix.len, .pool = p->pool->id,
			.ike = p->ike, .ike_element = p->ike_element ? p->ike_element->id : 0,
		};

		if (!sync_steered(p))
			continue;
		err = iq_kernel_steer_new(s->st.k, &to, 1, OWNER, STATE);
		if (err && stating_refused(&s->st, "steer", prefix_text(&p->prefix, name), err) == -ENODEV)
			return err;
		if (err)
			keep_prefix(s, have, &p->prefix);
	}
	return 0;
}

static bool wanted_prefix(const struct steer_config *c, const struct iq_kernel_steer *have)
{
	size_t i;

	for (i = 0; i < c->n_prefixes; i++)
		if (sync_steered(&c->prefixes[i]) && c->prefixes[i].prefix.len == have->len &&
		    !memcmp(&c->prefixes[i].prefix.addr, &have->dst, sizeof(have->dst)))
			return true;
	return false;
}

/* Unknown SPIs. Who never said anything of them has the kernel keep nothing for that. */
static int unknown(struct sync *s, const struct config *config)
{
	const struct unknown *u = &config->steer.unknown;
	struct iq_conf to = {
		.has = 1U << IPSEC_QOS_CONF_A_UNKNOWN | 1U << IPSEC_QOS_CONF_A_UNKNOWN_RATE,
		.unknown = u->what, .unknown_rate = u->rate,
		.unknown_element = u->element ? u->element->id : 0,
	};
	struct iq_status is;
	int err = iq_kernel_status(s->st.k, &is);

	if (!err && is.conf.unknown == to.unknown && is.conf.unknown_rate == to.unknown_rate &&
	    is.conf.unknown_element == to.unknown_element)
		return 0;
	if (u->element)
		to.has |= 1U << IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT;
	if (!err)
		err = iq_kernel_conf(s->st.k, &to);
	return err && stating_refused(&s->st, "settings", "unknown", err) == -ENODEV ? err : 0;
}

/* What was ours and is not wanted goes, the last that was made first. */

static int remove_rest(struct sync *s, const struct config *config, struct have *have)
{
	const struct steer_config *c = &config->steer;
	struct iq_kernel_pool *key = calloc(1, sizeof(*key));
	const struct iq_kernel_element *e;
	const struct iq_kernel_steer *p;
	struct have_pool *pool;
	char name[PREFIX_TEXT];
	int err = key ? 0 : -ENOMEM;

	for (p = NULL; key && err != -ENODEV && (p = (void *)utarray_next(&have->prefixes, p)); ) {
		struct prefix prefix = { .addr = p->dst, .len = p->len };

		if (wanted_prefix(c, p))
			continue;
		err = iq_kernel_steer_del(s->st.k, p, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "steer", prefix_text(&prefix, name), err);
	}
	for (pool = NULL; key && err != -ENODEV &&
	     (pool = (void *)utarray_next(&have->pools, pool)); ) {
		if (wanted_pool(c, pool->id))
			continue;
		key->id = pool->id;
		err = iq_kernel_pool_del(s->st.k, key, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "pool", pool->name, err);
		else
			*pool->name = '\0';
	}
	for (e = NULL; key && err != -ENODEV && (e = (void *)utarray_next(&have->elements, e)); ) {
		if (wanted_element(c, e->id))
			continue;
		err = iq_kernel_element_del(s->st.k, e, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "element", e->name, err);
	}
	free(key);
	return err == -ENODEV || !key ? err : 0;
}

/* All of it */

static int take_over(struct sync *s, const struct sync_wanted *w)
{
	size_t n = w->config->steer.n_elements;

	forget(s);
	s->stated = calloc(n + 1, sizeof(*s->stated));
	s->absent = calloc(n + 1, sizeof(*s->absent));
	if (!s->stated || !s->absent) {
		forget(s);
		return -ENOMEM;
	}
	s->config = config_hold(w->config);
	return 0;
}

static int state_all(struct sync *s, const struct sync_wanted *w)
{
	struct have have = {
		IQ_ARRAY(struct iq_kernel_element), IQ_ARRAY(struct have_pool),
		IQ_ARRAY(struct iq_kernel_steer),
	};
	int err = take_over(s, w);

	if (!err)
		err = read_have(s, &have);
	if (!err)
		err = make_way(s, w->config, &have);
	if (!err)
		err = elements(s, w, &have);
	if (!err)
		err = pools(s, w->config, &have, false);
	if (!err)
		err = prefixes(s, w->config, &have);
	if (!err)
		err = unknown(s, w->config);
	if (!err)
		err = remove_rest(s, w->config, &have);
	if (!err)
		err = pools(s, w->config, &have, true);
	utarray_done(&have.elements);
	utarray_done(&have.pools);
	utarray_done(&have.prefixes);
	return err;
}

static int release(struct sync *s, const struct sync_release *r)
{
	struct iq_kernel_pool *key = calloc(1, sizeof(*key));
	char name[16];
	uint32_t n = 0;
	int err;

	if (!key)
		return -ENOMEM;
	key->id = r->pool;
	err = iq_kernel_pool_release(s->st.k, key, r->mask, &n);
	free(key);
	snprintf(name, sizeof(name), "%u", r->pool);
	if (!err)
		log_info("pool %s: %u buckets that no SA needs any more are released", name, n);
	return err && err != -ENOENT ? stating_refused(&s->st, "pool", name, err) : 0;
}

static int bring(void *state, void *wanted)
{
	const struct sync_wanted *w = wanted;
	struct sync *s = state;
	int err;
	size_t i;

	/* what was stated is not known to be of the same elements */
	if (w->all || s->config != w->config)
		err = state_all(s, w);
	else
		err = elements(s, w, NULL);
	for (i = 0; !err && i < w->n_release; i++)
		err = release(s, &w->release[i]);
	return err;
}

int sync_run(void *state, void *wanted, char *why, size_t size)
{
	struct sync *s = state;

	return stating_run(&s->st, bring, forget, s, wanted, why, size);
}
