// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "tuple.h"

/* All of these protocols have their ports in the same place. */
static void iq_tuple_ports(const struct sk_buff *skb, u32 off, u16 *sport, u16 *dport)
{
	const __be16 *ports;
	__be16 buf[2];

	ports = skb_header_pointer(skb, skb_network_offset(skb) + off, sizeof(buf), buf);
	if (unlikely(!ports))
		return;
	*sport = be16_to_cpu(ports[0]);
	*dport = be16_to_cpu(ports[1]);
}

static bool iq_icmp_is_error(u8 type)
{
	switch (type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	default:
		/* A redirect is for who is on that link. */
		return false;
	}
}

/*
 * Neighbour discovery and who listens to which multicast group are a link's own, and may
 * ask for an address that is a service's.
 */
static bool iq_icmp6_is_links(u8 type)
{
	switch (type) {
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case NDISC_ROUTER_SOLICITATION:
	case NDISC_ROUTER_ADVERTISEMENT:
	case NDISC_NEIGHBOUR_SOLICITATION:
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
	case NDISC_REDIRECT:
	case ICMPV6_MLD2_REPORT:
		return true;
	default:
		return false;
	}
}

/*
 * An error is for who has sent what it is about, as all are (RFC 792, RFC 4443 section 2.2):
 * whatever one quotes that is not, it has a tuple of its own, as any ICMP.
 */
static void iq_quote_get4(struct sk_buff *skb, struct iq_tuple *t)
{
	u32 off = t->l4 + sizeof(struct icmphdr);
	const struct iphdr *ip;

	if (!pskb_may_pull(skb, skb_network_offset(skb) + off + sizeof(*ip)))
		return;
	ip = (const void *)(skb_network_header(skb) + off);
	if (ip->version != 4 || ip->ihl < 5 || ip->saddr != ip_hdr(skb)->daddr)
		return;
	t->quote = off;
	t->quote_l4 = off + ip->ihl * 4;
	t->proto = ip->protocol;
	if (!(ip->frag_off & htons(IP_OFFSET)) && iq_proto_has_ports(t->proto))
		iq_tuple_ports(skb, t->quote_l4, &t->dport, &t->sport);
}

static void iq_quote_get6(struct sk_buff *skb, struct iq_tuple *t)
{
	u32 off = t->l4 + sizeof(struct icmp6hdr);
	const struct ipv6hdr *ip;
	__be16 frag;
	u8 proto;
	int l4;

	if (!pskb_may_pull(skb, skb_network_offset(skb) + off + sizeof(*ip)))
		return;
	ip = (const void *)(skb_network_header(skb) + off);
	if (ip->version != 6 || !ipv6_addr_equal(&ip->saddr, &ipv6_hdr(skb)->daddr))
		return;
	proto = ip->nexthdr;
	l4 = ipv6_skip_exthdr(skb, skb_network_offset(skb) + off + sizeof(*ip), &proto, &frag);
	if (l4 < 0)
		return;
	t->quote = off;
	t->quote_l4 = l4 - skb_network_offset(skb);
	t->proto = proto;
	if (!(frag & htons(IP6_OFFSET)) && iq_proto_has_ports(t->proto))
		iq_tuple_ports(skb, t->quote_l4, &t->dport, &t->sport);
}

static bool iq_tuple_icmp(struct sk_buff *skb, bool four, struct iq_tuple *t)
{
	const u8 *type;
	u8 buf;

	if (t->fragment)
		return true;
	type = skb_header_pointer(skb, skb_network_offset(skb) + t->l4, sizeof(buf), &buf);
	if (!type)
		return true;
	if (!four && *type & ICMPV6_INFOMSG_MASK)
		return !iq_icmp6_is_links(*type);
	if (!four)
		iq_quote_get6(skb, t);
	else if (iq_icmp_is_error(*type))
		iq_quote_get4(skb, t);
	/* To read it may have moved it. */
	iq_tuple_point(t, skb, four);
	return true;
}

static bool iq_tuple_get4(struct sk_buff *skb, struct iq_tuple *t)
{
	const struct iphdr *ip = ip_hdr(skb);

	t->proto = ip->protocol;
	t->l4 = ip->ihl * 4;
	if (unlikely(ip_is_fragment(ip))) {
		t->fragment = true;
		t->later = ip->frag_off & htons(IP_OFFSET);
		t->last = !(ip->frag_off & htons(IP_MF));
		t->frag_id = be16_to_cpu(ip->id);
	}
	iq_tuple_point(t, skb, true);
	if (likely(iq_proto_has_ports(t->proto))) {
		if (likely(!t->later))
			iq_tuple_ports(skb, t->l4, &t->sport, &t->dport);
		return true;
	}
	return t->proto != IPPROTO_ICMP || iq_tuple_icmp(skb, true, t);
}

/* The fragment header: before it stand only those of each fragment. */
static void iq_tuple_frag6(const struct sk_buff *skb, struct iq_tuple *t)
{
	unsigned int off = skb_network_offset(skb);
	const struct frag_hdr *fh;
	struct frag_hdr buf;
	int next;

	next = ipv6_find_hdr(skb, &off, NEXTHDR_FRAGMENT, NULL, NULL);
	if (next != NEXTHDR_FRAGMENT)
		return;
	fh = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!fh)
		return;
	/* One that is all of its packet (RFC 6946) is as any. */
	t->fragment = fh->frag_off & htons(IP6_OFFSET | IP6_MF);
	t->later = fh->frag_off & htons(IP6_OFFSET);
	t->last = !(fh->frag_off & htons(IP6_MF));
	t->frag_id = be32_to_cpu(fh->identification);
	if (t->later)
		t->proto = fh->nexthdr;
}

static bool iq_tuple_get6(struct sk_buff *skb, struct iq_tuple *t)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	__be16 frag = 0;
	int l4;

	t->proto = ip->nexthdr;
	t->l4 = sizeof(*ip);
	if (unlikely(ipv6_ext_hdr(t->proto))) {
		l4 = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(*ip), &t->proto,
				      &frag);
		/* There is nothing behind its headers (RFC 8200 section 4.7), or no end of them. */
		if (l4 < 0)
			t->proto = IPPROTO_NONE;
		else
			t->l4 = l4 - skb_network_offset(skb);
		if (l4 >= 0 && frag)
			iq_tuple_frag6(skb, t);
	}
	iq_tuple_point(t, skb, false);
	if (likely(iq_proto_has_ports(t->proto))) {
		if (likely(!t->later))
			iq_tuple_ports(skb, t->l4, &t->sport, &t->dport);
		return true;
	}
	return t->proto != IPPROTO_ICMPV6 || iq_tuple_icmp(skb, false, t);
}

bool iq_tuple_get(struct sk_buff *skb, bool four, struct iq_tuple *t)
{
	*t = (struct iq_tuple) {};
	return four ? iq_tuple_get4(skb, t) : iq_tuple_get6(skb, t);
}
