/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which IPv4 addresses may be this host's. A packet from one of these is a martian
 * (RFC 1812 section 5.3.8), and nearly no packet is: so a filter says of nearly all
 * addresses that they are not, without a look-up among the routes.
 */
#ifndef _IPSEC_QOS_LOCAL_H
#define _IPSEC_QOS_LOCAL_H

#include <linux/bitops.h>
#include <linux/hash.h>

#include "net.h"

#define IQ_LOCAL_BITS	10	/* 1,024 of them */

static inline u32 iq_local_bit(__be32 addr)
{
	return hash_32((__force u32)addr, IQ_LOCAL_BITS);
}

/**
 * iq_local_may() - may it be an address of this host? False: it is none
 *
 * As fib_validate_source() has it: where somebody has added local routes, whichever address
 * may be. Only behind iq_local_start().
 */
static inline bool iq_local_may(const struct iq_net *iqn, __be32 addr)
{
	return READ_ONCE(iqn->net->ipv4.fib_has_custom_local_routes) ||
	       test_bit(iq_local_bit(addr), iqn->local);
}

/**
 * iq_local_start() - have that filter, before the first packet is asked about
 *
 * Whoever sends packets on does it, and it is done once. Context: process,
 * iq_net.config_lock is held; RTNL is taken. Return: 0 or -ENOMEM
 */
int iq_local_start(struct iq_net *iqn);

/** iq_local_exit() - the hooks are gone, and a grace period has passed */
void iq_local_exit(struct iq_net *iqn);

/** iq_local_load() - once, when all namespaces have their state; 0 or an errno */
int iq_local_load(void);

/** iq_local_unload() - takes that back, while they have it still */
void iq_local_unload(void);

#endif /* _IPSEC_QOS_LOCAL_H */
