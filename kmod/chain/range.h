/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The range of addresses that is for checks. Who watches devices (the daemon) plays both
 * ends: it sends a packet from one address of the range to another into a device's side, by
 * a packet socket, and sees it come out of the other side likewise. Here it ends then, as
 * nobody has these addresses.
 */
#ifndef _IPSEC_QOS_CHAIN_RANGE_H
#define _IPSEC_QOS_CHAIN_RANGE_H

#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "core/feature.h"
#include "state.h"

struct iq_spec;

/**
 * struct iq_range - a prefix of each family; replaced whole
 *
 * @len: of IPv4 and of IPv6; 0: there is none
 * @addr: likewise, network order; of IPv4 the first word
 * @mask: likewise
 */
struct iq_range {
	struct rcu_head rcu;
	u8 len[2];
	struct in6_addr addr[2];
	struct in6_addr mask[2];
};

/**
 * iq_range_ends() - does a packet that has come in end here? Then it is gone, and counted
 *
 * It does if a device has sent it, from or for an address of the range. What others send like
 * that is for routing, as without us. Of PRE_ROUTING; under rcu_read_lock().
 */
bool iq_range_ends(struct iq_net *iqn, struct sk_buff *skb, const struct nf_hook_state *state);

/* All below: process context, iq_net.config_lock is held. */

/** iq_range_has() - are all addresses of a prefix in the range? @addr: of IPv4 the first word */
bool iq_range_has(const struct iq_chains *ch, u8 family, const struct in6_addr *addr, u8 len);

extern const struct iq_feature_settings iq_range_settings;

#endif /* _IPSEC_QOS_CHAIN_RANGE_H */
