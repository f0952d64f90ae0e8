// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections steer.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool ike(struct reader *r, const struct conf_section *s, struct steer_prefix *p)
{
	const struct steer_config *c = &r->config->steer;
	const struct conf_value *v;
	const struct named *found;

	if (!conf_get(r, s, "ike", &v))
		return false;
	if (!v || !strcmp(v->text, "local"))
		return true;
	if (p->pool->mode == IPSEC_QOS_POOL_FLOW)
		return conf_fail(r, s, v->line,
				 "ike = '%s': pool '%s' is of mode = flow, which takes packets of any kind by their flow: expected no ike, or a pool of mode bucket or sa",
				 conf_shown(r, v->text), p->pool->name);
	if (!strcmp(v->text, "pool")) {
		p->ike = IPSEC_QOS_STEER_IKE_POOL;
		return p->pool->has_secret ||
		       conf_warn(r, s, v->line,
				 "ike = pool, and pool '%s' has no secret: each classifying element draws one of its own, and so sends the first messages of an IKE SA elsewhere than the others",
				 p->pool->name);
	}
	found = conf_named(r->elements, c->n_elements, v->text);
	if (!found)
		return conf_fail(r, s, v->line,
				 "ike = '%s': there is no such element: expected local, pool or the name of an element section",
				 conf_shown(r, v->text));
	/* what is this host's own goes where its address leads */
	if (c->elements[found->index].self)
		return true;
	p->ike = IPSEC_QOS_STEER_IKE_ELEMENT;
	p->ike_element = &c->elements[found->index];
	return true;
}

/* Has IPv6 a way to an element? As kmod/steer/route.c finds it. */
static bool has_way6(const struct element *e)
{
	return e->nexthop || e->via6.family || (*e->device && !e->via.family);
}

/* IPv4 goes by an IPv6 next hop, too, but not the other way round. */
static bool check_ways(struct reader *r, const struct conf_section *s,
		       const struct steer_prefix *p)
{
	const struct element *e = p->ike_element;
	size_t i;

	if (p->prefix.addr.family != AF_INET6 || p->pool->self)
		return true;
	if (e && has_way6(e))
		e = NULL;
	for (i = 0; !e && i < p->pool->n_members; i++)
		if (!has_way6(p->pool->members[i].element))
			e = p->pool->members[i].element;
	return !e ||
	       conf_warn(r, s, s->line,
			 "steer '%s': element '%s' has no next hop of IPv6: what is its own is dropped; expected via6",
			 conf_shown(r, s->title), e->name);
}

static bool steer(struct reader *r, const struct conf_section *s, struct steer_prefix *p)
{
	const struct steer_config *c = &r->config->steer;
	const struct conf_value *v;
	const struct named *found;

	if (!conf_prefix(r, s, s->line, "steer", s->title, &p->prefix) ||
	    !conf_need(r, s, "pool", "the name of a pool", &v))
		return false;
	found = conf_named(r->pools, c->n_pools, v->text);
	if (!found)
		return conf_fail(r, s, v->line,
				 "pool = '%s': there is no such pool: expected the name of a pool section",
				 conf_shown(r, v->text));
	p->pool = &c->pools[found->index];
	if (!ike(r, s, p) || !check_ways(r, s, p))
		return false;
	return !p->pool->self ||
	       conf_warn(r, s, s->line,
			 "this host is element '%s' of pool '%s': what comes to %s is not steered here",
			 c->self->name, p->pool->name, conf_shown(r, s->title));
}

/* By address, the shorter of two that begin alike first; then as they stand. */
static int compare(const void *a, const void *b)
{
	const struct steer_prefix *x = *(const struct steer_prefix *const *)a;
	const struct steer_prefix *y = *(const struct steer_prefix *const *)b;
	int ret = x->prefix.addr.family - y->prefix.addr.family;

	if (!ret)
		ret = memcmp(x->prefix.addr.b, y->prefix.addr.b, sizeof(x->prefix.addr.b));
	if (!ret)
		ret = x->prefix.len - y->prefix.len;
	return ret ? ret : x < y ? -1 : x > y;
}

/* The same twice is a mistake; of two that overlap the longer one counts. */
static bool compare_two(struct reader *r, const struct conf_section *s,
			const struct conf_section *first, const struct steer_prefix *a,
			const struct steer_prefix *b)
{
	const struct steer_config *c = &r->config->steer;
	char shown[PREFIX_TEXT];

	if (a->prefix.len == b->prefix.len)
		return conf_fail(r, s, s->line,
				 "steer '%s' is there twice, first in %s:%u: expected it once",
				 prefix_text(&a->prefix, shown), first->file, first->line);
	/* which the kernel is not told of here, so that the shorter would count */
	if (a->pool->self && !b->pool->self)
		return conf_fail(r, s, s->line,
				 "steer '%s' is a part of %s (%s:%u), and this host is element '%s' of pool '%s': the packets that it is to decrypt would go to pool '%s': expected prefixes of that one which do not have it",
				 prefix_text(&a->prefix, shown), conf_shown(r, first->title),
				 first->file, first->line, c->self->name, a->pool->name,
				 b->pool->name);
	return conf_warn(r, s, s->line,
			 "steer '%s' is a part of %s (%s:%u): for its addresses this one counts, which is longer",
			 prefix_text(&a->prefix, shown), conf_shown(r, first->title),
			 first->file, first->line);
}

static bool check_overlaps(struct reader *r, const struct conf_section **sections)
{
	const struct steer_config *c = &r->config->steer;
	const struct steer_prefix **order = conf_array(r, c->n_prefixes, sizeof(*order));
	bool ok = order;
	size_t i, j;

	for (i = 0; ok && i < c->n_prefixes; i++)
		order[i] = &c->prefixes[i];
	if (ok)
		qsort(order, c->n_prefixes, sizeof(*order), compare);
	for (i = 1; ok && i < c->n_prefixes; i++) {
		const struct prefix *own = &order[i]->prefix;

		/* those that have it stand ahead of it; the nearest is told */
		for (j = i; j--; )
			if (prefix_has(&order[j]->prefix, &own->addr, own->len))
				break;
		if (j < i)
			ok = compare_two(r, sections[order[i] - c->prefixes],
					 sections[order[j] - c->prefixes], order[i], order[j]);
	}
	free(order);
	return ok;
}

bool conf_steers(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	size_t i;

	if (n > IPSEC_QOS_STEERS_MAX)
		return conf_fail(r, sections[IPSEC_QOS_STEERS_MAX],
				 sections[IPSEC_QOS_STEERS_MAX]->line,
				 "steer '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_STEERS_MAX]->title),
				 IPSEC_QOS_STEERS_MAX);
	c->prefixes = conf_array(r, n, sizeof(*c->prefixes));
	if (!c->prefixes)
		return false;
	for (i = 0; i < n; i++, c->n_prefixes++)
		if (!steer(r, sections[i], &c->prefixes[i]))
			return false;
	return check_overlaps(r, sections);
}

bool config_beside(const struct config *config, const struct iq_addr *addr)
{
	const struct steer_config *c = &config->steer;
	bool any = false;
	size_t i;

	for (i = 0; i < c->n_prefixes; i++) {
		if (!c->prefixes[i].pool->self)
			continue;
		any = true;
		if (prefix_has(&c->prefixes[i].prefix, addr, 128))
			return false;
	}
	return any;
}
