// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections pool, and which buckets of each are this host's.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>

#include "ipsec_qos/select.h"
#include "lib/value.h"

static bool mode(struct reader *r, const struct conf_section *s, struct steer_pool *p)
{
	static const char *const names[] = {
		[IPSEC_QOS_POOL_BUCKET] = "bucket", [IPSEC_QOS_POOL_SA] = "sa",
		[IPSEC_QOS_POOL_FLOW] = "flow",
	};
	const struct conf_value *v;

	if (!conf_get(r, s, "mode", &v))
		return false;
	if (!v)
		return true;
	for (p->mode = 0; p->mode <= IPSEC_QOS_POOL_MODE_MAX; p->mode++)
		if (!strcmp(v->text, names[p->mode]))
			return true;
	return conf_fail(r, s, v->line, "mode = '%s': expected bucket, sa or flow",
			 conf_shown(r, v->text));
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool secret(struct reader *r, const struct conf_section *s, struct steer_pool *p)
{
	const struct conf_value *v;
	size_t i, len;

	if (!conf_get(r, s, "secret", &v))
		return false;
	if (!v)
		return true;
	len = strlen(v->text);
	for (i = 0; i < len && digit(v->text[i]) >= 0; i++)
		if (i < 2 * sizeof(p->secret))
			p->secret[i / 2] = p->secret[i / 2] << 4 | digit(v->text[i]);
	/* what was meant to be one is not shown */
	if (i < len || len != 2 * sizeof(p->secret))
		return conf_fail(r, s, v->line,
				 "the secret of pool '%s' has %zu characters: expected %zu hexadecimal digits, such as openssl rand -hex %zu prints",
				 p->name, len, 2 * sizeof(p->secret), sizeof(p->secret));
	p->has_secret = true;
	return true;
}

static bool add_member(struct reader *r, const struct conf_section *s, unsigned int line,
		       const char *name, uint32_t weight, struct steer_pool *p)
{
	const struct steer_config *c = &r->config->steer;
	const struct named *found = conf_named(r->elements, c->n_elements, name);
	const struct element *e = found ? &c->elements[found->index] : NULL;
	size_t i;

	if (!e)
		return conf_fail(r, s, line,
				 "pool '%s': there is no element '%s': expected the name of an element section",
				 p->name, conf_shown(r, name));
	for (i = 0; i < p->n_members; i++)
		if (p->members[i].element == e)
			return conf_fail(r, s, line,
					 "pool '%s': element '%s' is a member twice: expected it once",
					 p->name, e->name);
	if (p->n_members == IPSEC_QOS_POOL_MEMBERS_MAX)
		return conf_fail(r, s, line, "pool '%s' has more than %u members: expected fewer",
				 p->name, IPSEC_QOS_POOL_MEMBERS_MAX);
	p->members[p->n_members++] = (struct steer_member){ e, weight };
	p->self |= e->self;
	return true;
}

static bool members(struct reader *r, const struct conf_section *s, struct steer_pool *p)
{
	const struct conf_section *sub;
	const struct conf_value *v;
	size_t most = utarray_len(&s->values) + utarray_len(&s->subs);
	uint32_t weight;

	p->members = conf_array(r, most < IPSEC_QOS_POOL_MEMBERS_MAX ? most :
				IPSEC_QOS_POOL_MEMBERS_MAX, sizeof(*p->members));
	if (!p->members)
		return false;
	conf_for_each(v, &s->values)
		if (!strcmp(v->key, "members") && !add_member(r, s, v->line, v->text, 1, p))
			return false;
	conf_for_each(sub, &s->subs) {
		weight = 1;
		if (!conf_get(r, sub, "weight", &v) ||
		    (v && !conf_number(r, sub, v, 1, IPSEC_QOS_POOL_WEIGHT_MAX, &weight)) ||
		    !add_member(r, sub, sub->line, sub->title, weight, p))
			return false;
	}
	return p->n_members ||
	       conf_warn(r, s, s->line,
			 "pool '%s' has no members: what is steered to it is dropped", p->name);
}

uint32_t pool_own(const struct steer_pool *p, const struct element *e, uint8_t *own)
{
	struct iq_select_member m[IPSEC_QOS_POOL_MEMBERS_MAX];
	uint32_t bucket, at = p->n_members, n = 0, i;

	memset(own, 0, IPSEC_QOS_BUCKETS / 8);

	for (i = 0; i < p->n_members; i++) {
		m[i].seed = iq_select_seed(p->members[i].element->name);
		m[i].weight = p->members[i].weight;
		if (p->members[i].element == e)
			at = i;
	}
	for (bucket = 0; at < p->n_members && bucket < IPSEC_QOS_BUCKETS; bucket++) {
		if (iq_select(m, NULL, p->n_members, bucket) != at)
			continue;
		own[bucket / 8] |= 1 << bucket % 8;
		n++;
	}
	return n;
}

/* Of this host, which a pool of buckets knows. */
static void find_own(const struct steer_config *c, struct steer_pool *p)
{
	size_t i;

	for (i = 0; i < c->n_elements; i++)
		if (c->elements[i].self)
			p->n_own = pool_own(p, &c->elements[i], p->own);
}

static bool pool(struct reader *r, const struct conf_section *s, struct steer_pool *p)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	strcpy(p->name, s->title);
	if (!conf_need(r, s, "id", "a number other than 0", &v) ||
	    !conf_number(r, s, v, 1, IPSEC_QOS_POOL_ID_MAX, &p->id) || !mode(r, s, p) ||
	    !secret(r, s, p) || !members(r, s, p))
		return false;
	if (p->self && p->mode == IPSEC_QOS_POOL_BUCKET)
		find_own(&r->config->steer, p);
	return true;
}

bool conf_pools(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	size_t i;

	if (n > IPSEC_QOS_POOLS_MAX)
		return conf_fail(r, sections[IPSEC_QOS_POOLS_MAX],
				 sections[IPSEC_QOS_POOLS_MAX]->line,
				 "pool '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_POOLS_MAX]->title),
				 IPSEC_QOS_POOLS_MAX);
	c->pools = conf_array(r, n, sizeof(*c->pools));
	r->pools = conf_array(r, n, sizeof(*r->pools));
	if (!c->pools || !r->pools)
		return false;
	for (i = 0; i < n; i++) {
		c->n_pools++;
		if (!pool(r, sections[i], &c->pools[i]))
			return false;
		r->pools[i] = conf_titled(sections[i], i);
		r->pools[i].id = c->pools[i].id;
	}
	return conf_unique(r, r->pools, n, "pool") && conf_unique_ids(r, r->pools, n, "pool");
}
