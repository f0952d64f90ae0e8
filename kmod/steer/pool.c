// SPDX-License-Identifier: GPL-2.0
#include "pool.h"

struct iq_chosen iq_pool_bucket(const struct iq_pool *p, u32 bucket)
{
	return (struct iq_chosen) { .why = IPSEC_QOS_STEER_NOBODY };
}

struct iq_chosen iq_pool_begin(const struct iq_pool *p, u64 spi_i)
{
	return (struct iq_chosen) { .why = IPSEC_QOS_STEER_NOBODY };
}

struct iq_chosen iq_pool_hashed(const struct iq_pool *p, u64 hash)
{
	return (struct iq_chosen) { .why = IPSEC_QOS_STEER_NOBODY };
}
