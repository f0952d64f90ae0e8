// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "steer/routing.h"

int routes_compare(const void *a, const void *b)
{
	const struct way *x = a, *y = b;
	int ret = x->table < y->table ? -1 : x->table > y->table;

	if (!ret)
		ret = memcmp(&x->to.addr, &y->to.addr, sizeof(x->to.addr));
	if (!ret)
		ret = x->to.len - y->to.len;
	return ret ? ret : x->metric < y->metric ? -1 : x->metric > y->metric;
}

bool routes_concern(const struct config *config, uint8_t protocol, uint32_t table)
{
	const struct steer_config *c = &config->steer;
	size_t i;

	if (protocol == ROUTING_PROTOCOL)
		return true;
	/* what somebody puts in the place of one of ours bears another number */
	for (i = 0; i < c->n_behinds; i++)
		if (c->behinds[i].table == table)
			return true;
	return false;
}

bool routes_differ(const struct way *have, const struct way *wanted)
{
	/* the kernel says which device it found, where none was asked for */
	return have->unreachable != wanted->unreachable ||
	       (wanted->device && have->device != wanted->device) ||
	       have->nexthop != wanted->nexthop ||
	       memcmp(&have->via, &wanted->via, sizeof(have->via)) != 0;
}

int rules_compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->mark != y->mark)
		return x->mark < y->mark ? -1 : 1;
	return x->mask < y->mask ? -1 : x->mask > y->mask;
}

/* By the first element that is up; false: by none, which an unreachable route is for. */
static bool by_element(const struct config *config, const struct behind *b,
		       const bool *usable, unsigned int (*index)(const char *device),
		       struct way *way, char *why, size_t size)
{
	const struct element *e = NULL;
	size_t i;

	for (i = 0; i < b->n_elements && !e; i++)
		if (usable[b->elements[i] - config->steer.elements])
			e = b->elements[i];
	if (!e)
		return false;
	way->nexthop = e->nexthop;
	if (*e->device)
		way->device = index(e->device);
	if (*e->device && !way->device) {
		snprintf(why, size, "behind %s: element %s has no device %s", b->name, e->name,
			 e->device);
		return false;
	}
	way->via = way->to.addr.family == AF_INET && e->via.family ? e->via : e->via6;
	if (way->to.addr.family == AF_INET6 && !e->via6.family && e->via.family) {
		snprintf(why, size, "behind %s: element %s has a via for IPv4 alone: expected a via6, too",
			 b->name, e->name);
		return false;
	}
	return true;
}

static void add_ways(const struct config *config, const struct behind *b, const bool *usable,
		     unsigned int (*index)(const char *device), struct routes *r, char *why,
		     size_t size)
{
	struct way way;
	size_t i;

	for (i = 0; i < b->n_networks; i++) {
		memset(&way, 0, sizeof(way));
		way.table = b->table;
		way.to = b->networks[i];
		way.metric = ROUTING_METRIC;
		if (by_element(config, b, usable, index, &way, why, size))
			r->ways[r->n_ways++] = way;
		memset(&way, 0, sizeof(way));
		way.table = b->table;
		way.to = b->networks[i];
		way.metric = ROUTING_METRIC_NONE;
		way.unreachable = true;
		r->ways[r->n_ways++] = way;
	}
}

static void add_rules(const struct config *config, const struct behind *b, struct routes *r)
{
	size_t i, j;

	for (i = 0; i < b->n_networks; i++) {
		const struct rule rule = {
			.family = b->networks[i].addr.family,
			.priority = config->steer.priority + !b->mask, .table = b->table,
			.mark = b->mark, .mask = b->mask,
		};

		for (j = 0; j < r->n_rules; j++)
			if (!rules_compare(&r->rules[j], &rule))
				break;
		if (j == r->n_rules)
			r->rules[r->n_rules++] = rule;
	}
}

int routes_wanted(const struct config *config, const bool *usable,
		  unsigned int (*index)(const char *device), struct routes *r, char *why,
		  size_t size)
{
	const struct steer_config *c = &config->steer;
	size_t n = 0, i;

	*why = '\0';
	for (i = 0; i < c->n_behinds; i++)
		n += c->behinds[i].n_networks;
	*r = (struct routes){
		.ways = calloc(2 * n + 1, sizeof(*r->ways)),
		.rules = calloc(2 * (BEHIND_MARKS_MAX + 1), sizeof(*r->rules)),
	};
	if (!r->ways || !r->rules) {
		routes_clear(r);
		return -ENOMEM;
	}
	for (i = 0; i < c->n_behinds; i++) {
		add_ways(config, &c->behinds[i], usable, index, r, why, size);
		add_rules(config, &c->behinds[i], r);
	}
	qsort(r->ways, r->n_ways, sizeof(*r->ways), routes_compare);
	qsort(r->rules, r->n_rules, sizeof(*r->rules), rules_compare);
	return 0;
}

void routes_clear(struct routes *r)
{
	free(r->ways);
	free(r->rules);
	*r = (struct routes){};
}
