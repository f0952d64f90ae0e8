// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>

#include "lib/array.h"

#define STATE	(NLM_F_CREATE | NLM_F_REPLACE)
#define OWNER	IPSEC_QOS_OWNER_DAEMON

#define TURN	256	/* services that are stated by one request */
#define PASSES	8	/* times that those which are refused are tried again, before they make way */

/**
 * struct sync - what the errand keeps
 *
 * @errand: NULL: nothing is looked at that is wanted next
 * @config: the last configuration, held; NULL: none
 * @now: of its devices, as they were stated
 * @how: and of its services, SERVICE_WAITS: they were not
 * @absent: of its devices, is it one that the kernel does not have?
 */
struct sync {
	struct stating st;
	struct errand *errand;
	struct config *config;
	struct device_now *now;
	uint8_t *how;
	bool *absent;
};

struct chain_wanted *chain_wanted_new(struct config *config, bool all)
{
	struct chain_wanted *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->config = config_hold(config);
	w->all = all;
	w->now = calloc(config->chain.n_devices + 1, sizeof(*w->now));
	w->how = calloc(config->chain.n_services + 1, sizeof(*w->how));
	if (w->now && w->how)
		return w;
	chain_wanted_free(w);
	return NULL;
}

void chain_wanted_free(void *wanted)
{
	struct chain_wanted *w = wanted;

	config_free(w->config);
	free(w->now);
	free(w->how);
	free(w);
}

void *chain_sync_new(void)
{
	return calloc(1, sizeof(struct sync));
}

void chain_sync_of(void *state, struct errand *errand)
{
	struct sync *s = state;

	s->errand = errand;
}

static void forget(void *state)
{
	struct sync *s = state;

	config_free(s->config);
	free(s->now);
	free(s->how);
	free(s->absent);
	s->config = NULL;
	s->now = NULL;
	s->how = NULL;
	s->absent = NULL;
}

void chain_sync_end(void *state)
{
	struct sync *s = state;

	iq_kernel_close(s->st.k);
	forget(s);
	free(s);
}

/* What there is of the daemon's */

/** struct have_service - of a service what names it: its arrays take far more */
struct have_service {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
};

struct have {
	UT_array devices;
	UT_array chains;
	UT_array services;
};

static int add_device(const struct iq_kernel_device *d, void *arg)
{
	return iq_array_push(arg, d) ? 0 : -ENOMEM;
}

static int add_chain(const struct iq_kernel_chain *c, void *arg)
{
	return iq_array_push(arg, c) ? 0 : -ENOMEM;
}

static int add_service(const struct iq_kernel_service *service, void *arg)
{
	struct have_service s = { .id = service->id };

	memcpy(s.name, service->name, sizeof(s.name));
	return iq_array_push(arg, &s) ? 0 : -ENOMEM;
}

/* All of these begin with their ids. */
static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_ids(UT_array *array)
{
	if (utarray_len(array))
		utarray_sort(array, compare_ids);
}

static void *have_find(const UT_array *array, uint32_t id)
{
	return utarray_len(array) ? bsearch(&id, array->d, utarray_len(array), array->icd.sz,
					    compare_ids) : NULL;
}

static int read_have(struct sync *s, struct have *have)
{
	int err = -EINTR, tries;

	for (tries = 0; err == -EINTR && tries < STATING_DUMPS; tries++) {
		utarray_clear(&have->devices);
		utarray_clear(&have->chains);
		utarray_clear(&have->services);
		err = iq_kernel_device_dump(s->st.k, OWNER, add_device, &have->devices);
		if (!err)
			err = iq_kernel_chain_dump(s->st.k, OWNER, add_chain, &have->chains);
		if (!err)
			err = iq_kernel_service_dump(s->st.k, OWNER, add_service,
						     &have->services);
	}
	if (err)
		return stating_refused(&s->st, "what there is", "cannot be read", err);
	sort_ids(&have->devices);
	sort_ids(&have->chains);
	sort_ids(&have->services);
	return 0;
}

/*
 * Names. One of ours that is to go, or to be called otherwise, must not keep one that another
 * is to have; as nobody can tell beforehand who that is, each that has to give its name up does.
 */

static void for_now(uint32_t id, char *name)
{
	snprintf(name, IPSEC_QOS_NAME_MAX, "was.%u", id);
}

/** struct named_id - of what should be */
struct named_id {
	uint32_t id;
	const char *name;
};

static bool keeps_name(const UT_array *wanted, uint32_t id, const char *name)
{
	const struct named_id *found = have_find(wanted, id);

	return found && !strcmp(found->name, name);
}

static int wanted_ids(UT_array *array, const void *items, size_t n, size_t size, size_t id,
		      size_t name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *item = (const char *)items + i * size;
		struct named_id one = { *(const uint32_t *)(item + id), item + name };

		if (!iq_array_push(array, &one))
			return -ENOMEM;
	}
	sort_ids(array);
	return 0;
}

#define WANTED(array, items, n) \
	wanted_ids(array, items, n, sizeof(*(items)), offsetof(__typeof__(*(items)), id), \
		   offsetof(__typeof__(*(items)), name))

/**
 * struct ids - the ids of what should be, in their order, with the names
 */
struct ids {
	UT_array devices;
	UT_array chains;
	UT_array services;
};

static int read_ids(const struct chain_config *c, struct ids *ids)
{
	int err = WANTED(&ids->devices, c->devices, c->n_devices);

	if (!err)
		err = WANTED(&ids->chains, c->chains, c->n_chains);
	return err ? err : WANTED(&ids->services, c->services, c->n_services);
}

static int rename_devices(struct sync *s, struct have *have, const struct ids *ids)
{
	struct iq_kernel_device *d;
	int err = 0;

	for (d = NULL; err != -ENODEV && (d = (void *)utarray_next(&have->devices, d)); ) {
		struct iq_kernel_device to = { .id = d->id };

		if (keeps_name(&ids->devices, d->id, d->name))
			continue;
		for_now(d->id, to.name);
		err = iq_kernel_device_new(s->st.k, &to, 1, OWNER, STATE);
		if (err)
			stating_refused(&s->st, "device", d->name, err);
		else
			memcpy(d->name, to.name, sizeof(d->name));
	}
	return err == -ENODEV ? err : 0;
}

static int rename_chains(struct sync *s, struct have *have, const struct ids *ids)
{
	struct iq_kernel_chain *c;
	int err = 0;

	for (c = NULL; err != -ENODEV && (c = (void *)utarray_next(&have->chains, c)); ) {
		struct iq_kernel_chain to = { .id = c->id };

		if (keeps_name(&ids->chains, c->id, c->name))
			continue;
		for_now(c->id, to.name);
		err = iq_kernel_chain_new(s->st.k, &to, 1, OWNER, STATE);
		if (err)
			stating_refused(&s->st, "chain", c->name, err);
		else
			memcpy(c->name, to.name, sizeof(c->name));
	}
	return err == -ENODEV ? err : 0;
}

/* All of a service is stated each time, so that it is asked for first. */
static int rename_service(struct sync *s, struct have_service *was)
{
	struct iq_kernel_service to = { .id = was->id };
	int err = iq_kernel_service_get(s->st.k, &to);

	if (!err) {
		for_now(was->id, to.name);
		err = iq_kernel_service_new(s->st.k, &to, 1, OWNER, STATE);
		if (!err)
			memcpy(was->name, to.name, sizeof(was->name));
		iq_kernel_service_free(&to);
	}
	return err ? stating_refused(&s->st, "service", was->name, err) : 0;
}

/* Those that are to go go first: their addresses and ports may be others' now. */
static int clear_services(struct sync *s, struct have *have, const struct ids *ids)
{
	struct have_service *was;
	int err = 0;

	for (was = NULL; err != -ENODEV &&
	     (was = (void *)utarray_next(&have->services, was)); ) {
		struct iq_kernel_service key = { .id = was->id };

		if (keeps_name(&ids->services, was->id, was->name))
			continue;
		if (have_find(&ids->services, was->id)) {
			err = rename_service(s, was);
			continue;
		}
		err = iq_kernel_service_del(s->st.k, &key, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "service", was->name, err);
	}
	return err == -ENODEV ? err : 0;
}

/* Devices */

/*
 * What a device should be is refused: it stays as it was, if it was, and is not swept. How its
 * state is, is another matter.
 */
static int keep_device(struct sync *s, struct have *have, size_t place, uint32_t id,
		       uint8_t state)
{
	struct iq_kernel_device *was = have_find(&have->devices, id);
	int err;

	s->absent[place] = !was;
	if (!was)
		return -ENOENT;
	was->state = state;
	err = iq_kernel_device_new(s->st.k, was, 1, OWNER, STATE);
	s->st.partial |= err != 0;
	return err;
}

/*
 * Those of @v whose places in the configuration are in @place; one by one where not all can.
 * @have: what there was; NULL: all of them.
 */
static int state_devices(struct sync *s, const struct chain_wanted *w, struct have *have,
			 const struct iq_kernel_device *v, const size_t *place, size_t n)
{
	int all = n ? iq_kernel_device_new(s->st.k, v, n, OWNER, STATE) : 0, one;
	size_t i;

	for (i = 0; i < n; i++) {
		one = all && n > 1 && all != -ENODEV ?
		      iq_kernel_device_new(s->st.k, &v[i], 1, OWNER, STATE) : all;
		if (one && stating_refused(&s->st, "device", w->config->chain.devices[place[i]].name,
					   one) == -ENODEV)
			return -ENODEV;
		if (one && have)
			one = keep_device(s, have, place[i], v[i].id, v[i].state);
		if (!one)
			s->now[place[i]] = w->now[place[i]];
	}
	return 0;
}

/*
 * All, of which there are those of @have; NULL: those that are not as they were stated. One
 * that is to have another alternate has none meanwhile: which there may be depends on the
 * chains, and on the alternates of the others.
 */
static int devices(struct sync *s, const struct chain_wanted *w, struct have *have)
{
	const struct chain_config *c = &w->config->chain;
	struct iq_kernel_device *v = calloc(c->n_devices + 1, sizeof(*v)), *was;
	size_t *place = calloc(c->n_devices + 1, sizeof(*place)), i, n = 0;
	int err = -ENOMEM;

	for (i = 0; v && place && i < c->n_devices; i++) {
		if (!have && (s->absent[i] || !memcmp(&s->now[i], &w->now[i], sizeof(w->now[i]))))
			continue;
		object_device(&c->devices[i], &w->now[i], &v[n]);
		was = have ? have_find(&have->devices, v[n].id) : NULL;
		if (!have)
			v[n].has = IQ_DEVICE_SIDES | IQ_DEVICE_STATE;
		else if (!was || was->alternate != v[n].alternate)
			v[n].alternate = 0;
		place[n++] = i;
	}
	if (v && place)
		err = state_devices(s, w, have, v, place, n);
	free(v);
	free(place);
	return err;
}

/* Devices as they are wanted by now */
static void look_ahead(const void *wanted, void *arg)
{
	const struct chain_wanted *next = wanted;
	struct chain_wanted *w = arg;

	if (next->config == w->config)
		memcpy(w->now, next->now, w->config->chain.n_devices * sizeof(*w->now));
}

/* What has happened to devices does not wait until all services are stated. */
static int hurry(struct sync *s, struct chain_wanted *w)
{
	if (!s->errand || !errand_peek(s->errand, look_ahead, w))
		return 0;
	return devices(s, w, NULL);
}

static int alternates(struct sync *s, const struct chain_wanted *w, struct have *have)
{
	const struct chain_config *c = &w->config->chain;
	int err = 0;
	size_t i;

	for (i = 0; err != -ENODEV && i < c->n_devices; i++) {
		const struct chain_device *d = &c->devices[i];
		const struct iq_kernel_device *was = have_find(&have->devices, d->id);
		struct iq_kernel_device v = {
			.id = d->id, .has = IQ_DEVICE_ALTERNATE,
			.alternate = d->alternate ? d->alternate->id : 0,
		};

		if (s->absent[i] || !v.alternate || (was && was->alternate == v.alternate))
			continue;
		err = iq_kernel_device_new(s->st.k, &v, 1, OWNER, STATE);
		if (err)
			stating_refused(&s->st, "device", d->name, err);
	}
	return err == -ENODEV ? err : 0;
}

/* Chains */

static void keep_chain(struct sync *s, struct have *have, uint32_t id)
{
	const struct iq_kernel_chain *was = have_find(&have->chains, id);

	if (was)
		s->st.partial |= iq_kernel_chain_new(s->st.k, was, 1, OWNER, STATE) != 0;
}

static int chains(struct sync *s, const struct chain_wanted *w, struct have *have)
{
	const struct chain_config *c = &w->config->chain;
	struct iq_kernel_chain *v = calloc(c->n_chains + 1, sizeof(*v));
	int all = -ENOMEM, one;
	size_t i;

	if (!v)
		return -ENOMEM;
	for (i = 0; i < c->n_chains; i++)
		object_chain(&c->chains[i], &v[i]);
	all = c->n_chains ? iq_kernel_chain_new(s->st.k, v, c->n_chains, OWNER, STATE) : 0;
	for (i = 0; all && all != -ENODEV && i < c->n_chains; i++) {
		one = iq_kernel_chain_new(s->st.k, &v[i], 1, OWNER, STATE);
		if (one && stating_refused(&s->st, "chain", c->chains[i].name, one) == -ENODEV)
			all = -ENODEV;
		else if (one)
			keep_chain(s, have, v[i].id);
	}
	free(v);
	return all == -ENODEV ? all : 0;
}

/* Services */

/* From @at on as many as a request takes; *@n: so many. */
static int state_some(struct sync *s, const struct chain_wanted *w, const size_t *place, size_t n)
{
	struct iq_kernel_service *v = calloc(n, sizeof(*v));
	int err = v ? 0 : -ENOMEM;
	size_t i, made;

	for (made = 0; !err && made < n; made++)
		err = object_service(&w->config->chain.services[place[made]],
				     w->how[place[made]] == SERVICE_TRANSLATED, &v[made]);
	if (!err)
		err = iq_kernel_service_new(s->st.k, v, n, OWNER, STATE);
	for (i = 0; i < made; i++)
		object_service_free(&v[i]);
	free(v);
	if (!err)
		for (i = 0; i < n; i++)
			s->how[place[i]] = w->how[place[i]];
	return err;
}

/*
 * Those at @place, of which the places of those that are refused are left in it, *@n of them:
 * what they are to have may be another's still, whose turn comes later.
 */
static int state_services(struct sync *s, struct chain_wanted *w, size_t *place, size_t *n)
{
	size_t i, j, some, left = 0;
	int all, one;

	for (i = 0; i < *n; i += some) {
		some = *n - i < TURN ? *n - i : TURN;
		all = hurry(s, w);
		if (!all)
			all = state_some(s, w, &place[i], some);
		if (all == -ENODEV)
			return all;
		for (j = i; all && j < i + some; j++) {
			one = some > 1 ? state_some(s, w, &place[j], 1) : all;
			if (one == -ENODEV)
				return one;
			if (one)
				place[left++] = place[j];
		}
	}
	*n = left;
	return 0;
}

/*
 * Each has what another is to have: they make way for one another. Who cannot be what it
 * should be then is what it was, if it can.
 */
static int exchange(struct sync *s, struct chain_wanted *w, struct have *have,
		    size_t *place, size_t *n)
{
	const struct service *services = w->config->chain.services;
	struct iq_kernel_service *kept = calloc(*n, sizeof(*kept));
	size_t i, j, all = *n, *had = calloc(all, sizeof(*had));
	int err = kept && had ? 0 : -ENOMEM;

	for (i = 0; !err && i < all; i++) {
		had[i] = place[i];
		kept[i].id = services[place[i]].id;
		if (!have_find(&have->services, kept[i].id) ||
		    iq_kernel_service_get(s->st.k, &kept[i]))
			kept[i].id = 0;
		else
			err = iq_kernel_service_del(s->st.k, &kept[i], 1);
	}
	if (!err)
		err = state_services(s, w, place, n);
	/* what is left in @place is in the order in which it was */
	for (i = 0, j = 0; kept && had && i < all; i++) {
		bool left = j < *n && place[j] == had[i];

		j += left;
		if (kept[i].id && left && err != -ENODEV)
			s->st.partial |= iq_kernel_service_new(s->st.k, &kept[i], 1, OWNER,
							       STATE) != 0;
		if (kept[i].id)
			iq_kernel_service_free(&kept[i]);
	}
	free(kept);
	free(had);
	return err;
}

static void turn_round(size_t *place, size_t n)
{
	size_t i, kept;

	for (i = 0; i < n / 2; i++) {
		kept = place[i];
		place[i] = place[n - 1 - i];
		place[n - 1 - i] = kept;
	}
}

static void keep_service(struct sync *s, struct have *have, uint32_t id)
{
	struct iq_kernel_service was = { .id = id };
	int err;

	if (!have_find(&have->services, id))
		return;
	err = iq_kernel_service_get(s->st.k, &was);
	if (!err) {
		err = iq_kernel_service_new(s->st.k, &was, 1, OWNER, STATE);
		iq_kernel_service_free(&was);
	}
	s->st.partial |= err != 0;
}

/* Why is it refused? Nobody asked when it was tried with others. */
static int say_refused(struct sync *s, const struct chain_wanted *w, size_t place)
{
	int err = state_some(s, w, &place, 1);

	return err ? stating_refused(&s->st, "service", w->config->chain.services[place].name, err) :
		     0;
}

/* All, of which there are those of @have; NULL: those that are not as they were stated. */
static int services(struct sync *s, struct chain_wanted *w, struct have *have)
{
	const struct chain_config *c = &w->config->chain;
	size_t *place = calloc(c->n_services + 1, sizeof(*place)), i, n = 0, before;
	int err = place ? 0 : -ENOMEM, passes = 1;

	for (i = 0; place && i < c->n_services; i++)
		if (w->how[i] != SERVICE_WAITS && (have || s->how[i] != w->how[i]))
			place[n++] = i;
	if (!err)
		err = state_services(s, w, place, &n);
	/*
	 * As long as one makes room for another, from either end: where each is to have what
	 * the next one has, one of these is the order in which all can.
	 */
	for (before = n + 1; !err && n && n < before && passes < PASSES; passes++) {
		before = n;
		turn_round(place, n);
		err = state_services(s, w, place, &n);
	}
	if (!err && have && n > 1)
		err = exchange(s, w, have, place, &n);
	for (i = 0; err != -ENODEV && place && i < n; i++) {
		err = say_refused(s, w, place[i]);
		if (err && err != -ENODEV && have)
			keep_service(s, have, c->services[place[i]].id);
	}
	free(place);
	return err == -ENODEV || err == -ENOMEM ? err : 0;
}

/* What was ours and is not wanted goes; its services went before. */
static int remove_rest(struct sync *s, struct have *have, const struct ids *ids)
{
	const struct iq_kernel_device *d;
	const struct iq_kernel_chain *c;
	int err = 0;

	for (c = NULL; err != -ENODEV && (c = (void *)utarray_next(&have->chains, c)); ) {
		if (have_find(&ids->chains, c->id))
			continue;
		err = iq_kernel_chain_del(s->st.k, c, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "chain", c->name, err);
	}
	for (d = NULL; err != -ENODEV && (d = (void *)utarray_next(&have->devices, d)); ) {
		if (have_find(&ids->devices, d->id))
			continue;
		err = iq_kernel_device_del(s->st.k, d, 1);
		if (err && err != -ENOENT)
			stating_refused(&s->st, "device", d->name, err);
	}
	return err == -ENODEV ? err : 0;
}

/* All of it */

static int take_over(struct sync *s, const struct chain_wanted *w)
{
	const struct chain_config *c = &w->config->chain;

	forget(s);
	s->now = calloc(c->n_devices + 1, sizeof(*s->now));
	s->absent = calloc(c->n_devices + 1, sizeof(*s->absent));
	s->how = calloc(c->n_services + 1, sizeof(*s->how));
	if (!s->now || !s->absent || !s->how) {
		forget(s);
		return -ENOMEM;
	}
	s->config = config_hold(w->config);
	return 0;
}

static int state_all(struct sync *s, struct chain_wanted *w)
{
	struct have have = {
		IQ_ARRAY(struct iq_kernel_device), IQ_ARRAY(struct iq_kernel_chain),
		IQ_ARRAY(struct have_service),
	};
	struct ids ids = {
		IQ_ARRAY(struct named_id), IQ_ARRAY(struct named_id), IQ_ARRAY(struct named_id),
	};
	int err = take_over(s, w);

	if (!err)
		err = read_ids(&w->config->chain, &ids);
	if (!err)
		err = read_have(s, &have);
	if (!err)
		err = rename_devices(s, &have, &ids);
	if (!err)
		err = rename_chains(s, &have, &ids);
	if (!err)
		err = clear_services(s, &have, &ids);
	if (!err)
		err = devices(s, w, &have);
	if (!err)
		err = chains(s, w, &have);
	if (!err)
		err = alternates(s, w, &have);
	if (!err)
		err = services(s, w, &have);
	if (!err)
		err = remove_rest(s, &have, &ids);
	utarray_done(&have.devices);
	utarray_done(&have.chains);
	utarray_done(&have.services);
	utarray_done(&ids.devices);
	utarray_done(&ids.chains);
	utarray_done(&ids.services);
	return err;
}

static int bring(void *state, void *wanted)
{
	struct chain_wanted *w = wanted;
	struct sync *s = state;
	/* what was stated is not known to be of the same devices */
	bool same = s->config == w->config;
	/* ahead of all else: packets go to one that has failed */
	int err = same ? devices(s, w, NULL) : 0;

	if (err)
		return err;
	if (same && !w->all)
		return services(s, w, NULL);
	/* what was refused of these is stated once more, and counted then */
	s->st.n_troubles = 0;
	return state_all(s, w);
}

int chain_sync_run(void *state, void *wanted, char *why, size_t size)
{
	struct sync *s = state;

	return stating_run(&s->st, bring, forget, s, wanted, why, size);
}
