/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which IPv4 addresses may be this host's. A packet from one of these is a martian
 * (RFC 1812 section 5.3.8), and nearly no packet is: so a filter says of nearly all
 * addresses that they are not, without a look-up among the routes.
 */
#ifndef _IPSEC_QOS_STEER_LOCAL_H
#define _IPSEC_QOS_STEER_LOCAL_H

#include <linux/bitops.h>
#include <linux/hash.h>
#include <net/net_namespace.h>

#include "state.h"

static inline u32 iq_local_bit(__be32 addr)
{
	return hash_32((__force u32)addr, IQ_STEER_LOCAL_BITS);
}

/**
 * iq_local_may() - may it be an address of this host? False: it is none
 *
 * As fib_validate_source() has it: where somebody has added local routes, whichever address
 * may be.
 */
static inline bool iq_local_may(const struct iq_steer *st, __be32 addr)
{
	return READ_ONCE(st->iqn->net->ipv4.fib_has_custom_local_routes) ||
	       test_bit(iq_local_bit(addr), st->local);
}

/**
 * iq_local_start() - have the addresses that there are; RTNL is held, and who is told of
 * others finds @st
 */
void iq_local_start(struct iq_steer *st);

/** iq_local_load() - once, before all namespaces; 0 or an errno */
int iq_local_load(void);

/** iq_local_unload() - behind all of them */
void iq_local_unload(void);

#endif /* _IPSEC_QOS_STEER_LOCAL_H */
