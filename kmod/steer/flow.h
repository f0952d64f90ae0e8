/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What packets are hashed by, where a pool has no buckets. Each hash is keyed by the pool's
 * secret: all of what it is of is a stranger's choice.
 */
#ifndef _IPSEC_QOS_STEER_FLOW_H
#define _IPSEC_QOS_STEER_FLOW_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/siphash.h>
#include <linux/string.h>

#include "pool.h"

/**
 * struct iq_flow - what packets that belong together share
 *
 * @src: network order; of IPv4 the first four bytes, the rest is zero
 * @dst: likewise
 * @ports: of both ends, source first; of ESP and AH the SPI; 0: there are none, or it is a
 *	fragment, of which only the first has them
 * @proto: the protocol; of a fragment of IPv6 IPPROTO_FRAGMENT, as only the first has it
 */
struct iq_flow {
	u8 src[16];
	u8 dst[16];
	u32 ports;
	u8 proto;
	u8 zero[3];
} __aligned(8);

static_assert(sizeof(struct iq_flow) == 40);

/** iq_flow_has_ports() - does a protocol's header begin with ports, the source's first? */
static inline bool iq_flow_has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static inline u32 iq_flow_addr(u8 family)
{
	return family == AF_INET ? 4 : 16;
}

/** iq_flow_hash() - of a flow; never of the source's for an SA, which may move (MOBIKE) */
static inline u64 iq_flow_hash(const struct iq_pool *p, const struct iq_flow *f)
{
	return siphash(f, sizeof(*f), iq_pool_secret(p));
}

/** iq_flow_of_sa() - of an SA: its key alone */
static inline u64 iq_flow_of_sa(const struct iq_pool *p, u8 family, const void *dst, u32 spi,
				u8 proto)
{
	struct iq_flow f = { .ports = spi, .proto = proto };

	memcpy(f.dst, dst, iq_flow_addr(family));
	return iq_flow_hash(p, &f);
}

#endif /* _IPSEC_QOS_STEER_FLOW_H */
