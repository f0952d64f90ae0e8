/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a packet is: found out once a hook, from its headers, or for a later fragment from
 * what the first one said. Those who decide on it are handed the result.
 *
 * The commonest packets need less: the iq_parse_plain_ functions tell these by a compare
 * or two (path.c).
 */
#ifndef _IPSEC_QOS_CLASSIFY_H
#define _IPSEC_QOS_CLASSIFY_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "net.h"

/**
 * struct iq_class - what a packet is
 *
 * It is good for one hook: what @pkt points to moves with the next who changes the packet
 * (iq_class_point()).
 *
 * @in: it has come in; else this host has made it
 * @packets: as how many it counts; 0: it was counted when it passed first, see
 *	iq_second_pass()
 */
struct iq_class {
	enum iq_kind kind;
	bool in;
	u32 packets;
	struct iq_packet pkt;
};

/* What of a packet is linear, from the IP header on */
static inline u32 iq_skb_avail(const struct sk_buff *skb)
{
	return skb_tail_pointer(skb) - skb_network_header(skb);
}

#define IQ_PLAIN(parse, skb, ...)					\
	parse(skb_network_header(skb), iq_skb_avail(skb), ##__VA_ARGS__)

/* A GSO packet counts as the packets that it will be on the wire. */
static inline u32 iq_skb_packets(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_segs ?
	       skb_shinfo(skb)->gso_segs : 1;
}

/** iq_bridged() - has a bridge a packet in hand? */
bool iq_bridged(const struct sk_buff *skb);

/** iq_second_pass() - has a VRF sent this packet through the same hook before? */
bool iq_second_pass(const struct sk_buff *skb, const struct nf_hook_state *state);

/*
 * A packet that has come out of a chain of devices was counted as it went in, which its
 * flag says: until PRE_ROUTING is over nobody else sets that.
 */
static inline bool iq_behind_chain(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ? IPCB(skb)->flags & IPSKB_FORWARDED :
				   IP6CB(skb)->flags & IP6SKB_FORWARDED;
}

static inline void iq_set_behind_chain(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET)
		IPCB(skb)->flags |= IPSKB_FORWARDED;
	else
		IP6CB(skb)->flags |= IP6SKB_FORWARDED;
}

/** iq_counted() - was it counted when it passed here first? */
static inline bool iq_counted(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return (state->hook == NF_INET_PRE_ROUTING &&
		iq_behind_chain(skb, state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6)) ||
	       iq_second_pass(skb, state);
}

/**
 * iq_parse_skb() - what its own headers say, which are brought into the linear part where
 * need be; under rcu_read_lock()
 */
enum iq_kind iq_parse_skb(struct iq_net *iqn, struct sk_buff *skb, struct iq_packet *pkt);

/**
 * iq_classify() - what is a packet, seen in PRE_ROUTING or LOCAL_OUT?
 *
 * Context: under rcu_read_lock(), bottom halves are disabled.
 *
 * Return: false: it is a fragment that waits for the first, and no longer the caller's.
 */
bool iq_classify(struct iq_net *iqn, struct sk_buff *skb,
		 const struct nf_hook_state *state, struct iq_class *c);

/** iq_class_point() - the packet has changed, and may have moved: find its addresses again */
static inline void iq_class_point(struct iq_class *c, const struct sk_buff *skb)
{
	const u8 *data = skb_network_header(skb);

	if (c->pkt.family == AF_INET) {
		c->pkt.src = data + offsetof(struct iphdr, saddr);
		c->pkt.dst = data + offsetof(struct iphdr, daddr);
	} else {
		c->pkt.src = data + offsetof(struct ipv6hdr, saddr);
		c->pkt.dst = data + offsetof(struct ipv6hdr, daddr);
	}
}

#endif /* _IPSEC_QOS_CLASSIFY_H */
