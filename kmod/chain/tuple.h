/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What of a packet tells whose it is: addresses, protocol, ports, and where these stand.
 *
 * An ICMP error is its sender's answer to the packet that it quotes: it has the tuple that
 * an ordinary answer would have, and goes the way that this would go.
 */
#ifndef _IPSEC_QOS_CHAIN_TUPLE_H
#define _IPSEC_QOS_CHAIN_TUPLE_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

/**
 * struct iq_tuple - of a packet
 *
 * All offsets are from the IP header on.
 *
 * @src: 4 or 16 bytes in network order; it moves with the next who changes the packet
 *	(iq_tuple_point()). Likewise @dst
 * @sport: in host order; 0: there is none, or it is not known. Likewise @dport
 * @proto: an IP protocol; of an error that of its quote
 * @fragment: it is a fragment
 * @later: likewise, and not the first: it has no ports
 * @last: likewise, and none is behind it
 * @l4: what is behind its IP headers
 * @quote: the quote's IP header; 0: it is no error
 * @quote_l4: what is behind that
 * @frag_id: of a fragment
 */
struct iq_tuple {
	const void *src;
	const void *dst;
	u16 sport;
	u16 dport;
	u8 proto;
	bool fragment;
	bool later;
	bool last;
	u16 l4;
	u16 quote;
	u16 quote_l4;
	u32 frag_id;
};

/** iq_proto_has_ports() - which a service can be told by */
static inline bool iq_proto_has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

/**
 * iq_tuple_get() - false: it has none, and is not for a chain: it is a link's own
 *
 * What cannot be read has what its addresses tell, and whatever of its headers can be: what a
 * service's address is all of goes through its chain, however odd.
 *
 * The packet's headers may come to lie elsewhere.
 */
bool iq_tuple_get(struct sk_buff *skb, bool four, struct iq_tuple *t);

/** iq_tuple_point() - the packet has changed, and may have moved: find its addresses again */
static inline void iq_tuple_point(struct iq_tuple *t, const struct sk_buff *skb, bool four)
{
	const u8 *data = skb_network_header(skb) + t->quote;

	if (four) {
		t->src = data + offsetof(struct iphdr, saddr);
		t->dst = data + offsetof(struct iphdr, daddr);
	} else {
		t->src = data + offsetof(struct ipv6hdr, saddr);
		t->dst = data + offsetof(struct ipv6hdr, daddr);
	}
	if (unlikely(t->quote))
		swap(t->src, t->dst);
}

#endif /* _IPSEC_QOS_CHAIN_TUPLE_H */
