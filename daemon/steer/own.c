// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/own.h"

#include <string.h>

size_t own_buckets(const struct config *config, uint8_t *home, uint32_t *n)
{
	const struct steer_config *c = &config->steer;
	const struct steer_pool *pool;
	size_t pools = 0, i, byte;

	memset(home, 0, IPSEC_QOS_BUCKETS / 8);
	for (i = 0; i < c->n_pools; i++) {
		pool = &c->pools[i];
		if (!pool->self || pool->mode != IPSEC_QOS_POOL_BUCKET)
			continue;
		for (byte = 0; byte < IPSEC_QOS_BUCKETS / 8; byte++)
			home[byte] = pool->own[byte] & (pools ? home[byte] : 0xff);
		pools++;
	}
	for (*n = 0, byte = 0; byte < IPSEC_QOS_BUCKETS / 8; byte++)
		*n += __builtin_popcount(home[byte]);
	return pools;
}
