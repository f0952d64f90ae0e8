// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/own.h"

static bool is_own(const struct steer_pool *pool)
{
	return pool->self && pool->mode == IPSEC_QOS_POOL_BUCKET;
}

const struct steer_pool *own_pool_of(const struct config *config, const struct iq_addr *addr)
{
	const struct steer_prefix *prefix = config_prefix_of(config, addr);
	const struct steer_pool *found = NULL;
	size_t i;

	if (prefix)
		return is_own(prefix->pool) ? prefix->pool : NULL;
	for (i = 0; i < config->steer.n_pools; i++) {
		if (!is_own(&config->steer.pools[i]))
			continue;
		if (found)
			return NULL;
		found = &config->steer.pools[i];
	}
	return found;
}
