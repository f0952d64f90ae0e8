// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/own.h"

#include <stdio.h>
#include <string.h>

static bool is_member(const struct steer_pool *pool, const struct element *element)
{
	size_t i;

	for (i = 0; i < pool->n_members; i++)
		if (pool->members[i].element == element)
			return pool->mode == IPSEC_QOS_POOL_BUCKET;
	return false;
}

static bool is_steered(const struct steer_config *c, const struct steer_pool *pool)
{
	size_t i;

	for (i = 0; i < c->n_prefixes; i++)
		if (c->prefixes[i].pool == pool)
			return true;
	return false;
}

static uint32_t count(const uint8_t *home)
{
	uint32_t n = 0, i;

	for (i = 0; i < IPSEC_QOS_BUCKETS / 8; i++)
		n += __builtin_popcount(home[i]);
	return n;
}

/* What is left of an element's buckets, by another pool; how many it has of that. */
static uint32_t narrow(struct own *own, const struct steer_pool *pool, const struct element *element)
{
	uint8_t these[sizeof(own->home)];
	uint32_t n = pool_own(pool, element, these);
	size_t i;

	for (i = 0; i < sizeof(own->home); i++)
		own->home[i] = these[i] & (own->pools ? own->home[i] : 0xff);
	own->pools++;
	return n;
}

void own_buckets(const struct config *config, const struct element *element, struct own *own)
{
	const struct steer_config *c = &config->steer;
	const struct steer_pool *pool, *first = NULL;
	bool steered = false;
	size_t i;

	memset(own, 0, sizeof(*own));
	for (i = 0; i < c->n_pools; i++)
		steered |= is_member(&c->pools[i], element) && is_steered(c, &c->pools[i]);
	for (i = 0; i < c->n_pools; i++) {
		pool = &c->pools[i];
		if (!is_member(pool, element) || (steered && !is_steered(c, pool)))
			continue;
		if (narrow(own, pool, element) && !first)
			first = pool;
	}
	own->n = count(own->home);
	if (own->n || !first)
		return;
	/* SPIs of no bucket would be lost by all of them */
	own->alone = first;
	own->n = pool_own(first, element, own->home);
}

const char *own_find(const struct config *config, const char *name, uint8_t *home, char *why,
		     size_t size)
{
	const struct element *e = *name ? config_element_named(config, name) : config->steer.self;
	struct own own;

	if (!e) {
		if (*name)
			snprintf(why, size,
				 "it says that it is element '%s', which the configuration has not, so it is told of no buckets, and what it receives may go to another. Expected the name of an element section in charon.plugins.ipsec-qos.element",
				 name);
		else
			snprintf(why, size,
				 "it does not say which element it is, nor does self in the section settings, so it is told of no buckets, and what it receives may go to another. Expected charon.plugins.ipsec-qos.element, or self");
		return NULL;
	}
	own_buckets(config, e, &own);
	memcpy(home, own.home, sizeof(own.home));
	if (!own.pools)
		snprintf(why, size,
			 "element '%s' is a member of no pool of buckets, so SPIs are of none, and what it receives may go to another. Expected such a pool",
			 e->name);
	else if (own.alone)
		snprintf(why, size,
			 "no bucket is element '%s's in each of the %zu pools that it is a member of, so SPIs are of those of pool '%s' alone: what is steered by the others may go to another. Expected fewer such pools, the same members in them, or a greater weight",
			 e->name, own.pools, own.alone->name);
	else if (own.n < OWN_FEW)
		snprintf(why, size,
			 "element '%s' has %u of %u buckets, few for all of its SPIs. Expected a greater weight, or the same members in all %zu pools",
			 e->name, own.n, IPSEC_QOS_BUCKETS, own.pools);
	return e->name;
}
