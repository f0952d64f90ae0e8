/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UDP that came as one packet for many (GSO): where a router takes datagrams of one flow
 * together (rx-udp-gro-forwarding), those of several SAs may be in one.
 */
#ifndef _IPSEC_QOS_SEGMENT_H
#define _IPSEC_QOS_SEGMENT_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "net.h"

/** iq_segment_due() - is it such a packet? */
static inline bool iq_segment_due(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
}

/**
 * iq_segment() - take it apart; each datagram passes the hook of a set by itself, and what
 * is behind it
 *
 * In PRE_ROUTING, under rcu_read_lock(). Return: NF_STOLEN, NF_DROP
 */
unsigned int iq_segment(enum iq_hook_set which, struct sk_buff *skb,
			const struct nf_hook_state *state);

#endif /* _IPSEC_QOS_SEGMENT_H */
