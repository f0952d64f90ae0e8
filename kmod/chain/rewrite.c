// SPDX-License-Identifier: GPL-2.0
#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "rewrite.h"

/*
 * Where a protocol's checksum is, which covers the addresses; 0: it has none that does.
 * SCTP's covers none, and its ports are never another service's.
 */
static u32 iq_sum_at(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	case IPPROTO_DCCP:
		return offsetof(struct dccp_hdr, dccph_checksum);
	case IPPROTO_ICMPV6:
		return offsetof(struct icmp6hdr, icmp6_cksum);
	default:
		return 0;
	}
}

static void *iq_at_offset(const struct sk_buff *skb, u32 off)
{
	return skb_network_header(skb) + off;
}

/**
 * struct iq_headers - an IP header and what is behind it, to be written
 *
 * @ip: a packet's, or a quote's
 * @ports: NULL: none that is known
 * @sum: of the transport protocol; NULL: none, or it is not there
 * @udp: of which 0 is none
 */
struct iq_headers {
	void *ip;
	__be16 *ports;
	__sum16 *sum;
	bool udp;
};

/* @end: so many bytes of the packet are there to be written, from its IP header on */
static void iq_headers_get(const struct sk_buff *skb, u32 ip, u32 l4, u8 proto, bool ports,
			   u32 end, struct iq_headers *h)
{
	u32 sum = iq_sum_at(proto);

	h->ip = iq_at_offset(skb, ip);
	h->ports = ports && l4 + 2 * sizeof(__be16) <= end ? iq_at_offset(skb, l4) : NULL;
	h->sum = sum && l4 + sum + sizeof(__sum16) <= end ? iq_at_offset(skb, l4 + sum) : NULL;
	h->udp = proto == IPPROTO_UDP;
	/* There is none (RFC 768), and none to be made of another's. */
	if (h->udp && h->sum && !*h->sum && skb->ip_summed != CHECKSUM_PARTIAL)
		h->sum = NULL;
}

static __be32 *iq_headers_addr(const struct iq_headers *h, bool four, bool dst)
{
	if (four)
		return dst ? &((struct iphdr *)h->ip)->daddr : &((struct iphdr *)h->ip)->saddr;
	return dst ? ((struct ipv6hdr *)h->ip)->daddr.s6_addr32 :
		     ((struct ipv6hdr *)h->ip)->saddr.s6_addr32;
}

/* A packet's own: its checksum may be left to a device (CHECKSUM_PARTIAL). */
static void iq_write_outer(struct sk_buff *skb, const struct iq_headers *h, bool four, bool dst,
			   const struct iq_view *v)
{
	__be32 *addr = iq_headers_addr(h, four, dst);
	__be16 *port = h->ports ? h->ports + dst : NULL;

	if (four) {
		if (h->sum)
			inet_proto_csum_replace4(h->sum, skb, *addr, v->addr, true);
		csum_replace4(&((struct iphdr *)h->ip)->check, *addr, v->addr);
		*addr = v->addr;
	} else {
		if (h->sum)
			inet_proto_csum_replace16(h->sum, skb, addr, v->addr6.s6_addr32, true);
		memcpy(addr, &v->addr6, sizeof(v->addr6));
	}
	if (port && v->port) {
		if (h->sum)
			inet_proto_csum_replace2(h->sum, skb, *port, v->port, false);
		*port = v->port;
	}
	if (h->udp && h->sum && !*h->sum && skb->ip_summed != CHECKSUM_PARTIAL)
		*h->sum = CSUM_MANGLED_0;
}

/*
 * A quote's: @icmp, the checksum of all that is quoted, follows each word; of an IP header
 * whose own checksum evens it out nothing has to.
 */
static void iq_write_quote(const struct iq_headers *h, bool four, bool dst,
			   const struct iq_view *v, __sum16 *icmp)
{
	__sum16 was = h->sum ? *h->sum : 0;
	__be32 *addr = iq_headers_addr(h, four, dst);
	__be16 *port = h->ports ? h->ports + dst : NULL;
	int i;

	if (four) {
		if (h->sum)
			csum_replace4(h->sum, *addr, v->addr);
		csum_replace4(&((struct iphdr *)h->ip)->check, *addr, v->addr);
		*addr = v->addr;
	} else {
		for (i = 0; i < 4; i++) {
			if (h->sum)
				csum_replace4(h->sum, addr[i], v->addr6.s6_addr32[i]);
			csum_replace4(icmp, addr[i], v->addr6.s6_addr32[i]);
			addr[i] = v->addr6.s6_addr32[i];
		}
	}
	if (port && v->port) {
		if (h->sum)
			csum_replace2(h->sum, *port, v->port);
		csum_replace2(icmp, *port, v->port);
		*port = v->port;
	}
	if (!h->sum)
		return;
	if (h->udp && !*h->sum)
		*h->sum = CSUM_MANGLED_0;
	csum_replace2(icmp, (__force __be16)was, (__force __be16)*h->sum);
}

/* Of an error: is its own address on the service's side the service's, or a router's? */
static bool iq_outer_is_theirs(const struct sk_buff *skb, const struct iq_tuple *t, bool four,
			       bool dst)
{
	const void *outer;

	if (dst)
		return true;
	outer = four ? (const void *)&ip_hdr(skb)->saddr : &ipv6_hdr(skb)->saddr;
	return !memcmp(outer, t->src, four ? sizeof(struct in_addr) : sizeof(struct in6_addr));
}

static bool iq_rewrite_error(struct sk_buff *skb, bool four, struct iq_tuple *t, bool dst,
			     const struct iq_view *v)
{
	u32 end = min_t(u32, skb->len - skb_network_offset(skb),
			t->quote_l4 + sizeof(struct tcphdr));
	bool ports = t->sport || t->dport, outer;
	struct iq_headers h;
	__sum16 *icmp;

	/* None of a device's takes one that lies within. */
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return false;
	if (skb_ensure_writable(skb, skb_network_offset(skb) + end))
		return false;
	iq_tuple_point(t, skb, four);
	outer = iq_outer_is_theirs(skb, t, four, dst);
	icmp = iq_at_offset(skb, t->l4 + (four ? offsetof(struct icmphdr, checksum) :
						 offsetof(struct icmp6hdr, icmp6_cksum)));
	/* The quote's is the other way round. */
	iq_headers_get(skb, t->quote, t->quote_l4, t->proto, ports, end, &h);
	iq_write_quote(&h, four, !dst, v, icmp);
	if (outer) {
		iq_headers_get(skb, 0, t->l4, four ? IPPROTO_ICMP : IPPROTO_ICMPV6, false, end,
			       &h);
		iq_write_outer(skb, &h, four, dst, v);
	}
	return true;
}

static bool iq_rewrite_plain(struct sk_buff *skb, bool four, const struct iq_tuple *t, bool dst,
			     const struct iq_view *v)
{
	u32 sum = iq_sum_at(t->proto), end = four ? sizeof(struct iphdr) :
						    sizeof(struct ipv6hdr);
	struct iq_headers h;

	/* Its transport header is behind that, unless another fragment has it. */
	if (likely(!t->later) && (sum || iq_proto_has_ports(t->proto)))
		end = min_t(u32, skb->len - skb_network_offset(skb),
			    t->l4 + max_t(u32, sum + sizeof(__sum16), 2 * sizeof(__be16)));
	if (skb_ensure_writable(skb, skb_network_offset(skb) + end))
		return false;
	iq_headers_get(skb, 0, t->l4, t->proto, t->sport || t->dport, t->later ? 0 : end, &h);
	iq_write_outer(skb, &h, four, dst, v);
	return true;
}

bool iq_rewrite(struct sk_buff *skb, bool four, struct iq_tuple *t, bool dst,
		const struct iq_view *v)
{
	/* What a device has summed up it would have to sum up again. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (unlikely(t->quote) ? !iq_rewrite_error(skb, four, t, dst, v) :
				 !iq_rewrite_plain(skb, four, t, dst, v))
		return false;
	iq_tuple_point(t, skb, four);
	if (v->port && (t->sport || t->dport)) {
		if (dst)
			t->dport = be16_to_cpu(v->port);
		else
			t->sport = be16_to_cpu(v->port);
	}
	return true;
}
