// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "core/onward.h"
#include "element.h"
#include "flow.h"
#include "prefix.h"
#include "send.h"
#include "steer.h"
#include "to.h"

static u8 iq_family(const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
}

static const void *iq_skb_dst(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ? (const void *)&ip_hdr(skb)->daddr : &ipv6_hdr(skb)->daddr;
}

static const void *iq_skb_src(const struct sk_buff *skb, u8 family)
{
	return family == AF_INET ? (const void *)&ip_hdr(skb)->saddr : &ipv6_hdr(skb)->saddr;
}

/* What @c was chosen by counts as */
static enum ipsec_qos_steer_counter iq_why_counter(const struct iq_chosen *c)
{
	switch (c->why) {
	case IPSEC_QOS_STEER_EXACT:
		return IPSEC_QOS_STEER_COUNTER_EXACT;
	case IPSEC_QOS_STEER_HOME:
	case IPSEC_QOS_STEER_HELD:
		return IPSEC_QOS_STEER_COUNTER_HOME;
	case IPSEC_QOS_STEER_LENT:
		return IPSEC_QOS_STEER_COUNTER_LENT;
	default:
		return IPSEC_QOS_STEER_COUNTER_HASHED;
	}
}

unsigned int iq_steer_to(const struct iq_where *w, enum ipsec_qos_steer_counter which,
			 struct sk_buff *skb, const struct nf_hook_state *state,
			 enum ipsec_qos_element_counter as)
{
	const struct iq_element *e = w->chosen.element;
	u32 packets = iq_skb_packets(skb);

	if (w->prefix)
		iq_prefix_count(w->prefix,
				e ? which : IPSEC_QOS_STEER_COUNTER_NOBODY, packets, skb->len);
	if (unlikely(!e))
		return NF_DROP;
	/* A pool that lends what was this one's may be under way; an entry says who. */
	if (unlikely(w->chosen.why == IPSEC_QOS_STEER_EXACT &&
		     READ_ONCE(e->state) == IPSEC_QOS_ELEMENT_DOWN)) {
		iq_element_count(e, IPSEC_QOS_ELEMENT_COUNTER_DOWN, packets, skb->len);
		return NF_DROP;
	}
	return iq_element_send(e, skb, state, as);
}

struct iq_chosen iq_steer_exact(const struct iq_element *e)
{
	return (struct iq_chosen) { .element = e, .why = IPSEC_QOS_STEER_EXACT };
}

/* @src: NULL: not needed, or not known */
static __always_inline struct iq_where iq_where_sa(const struct iq_net *iqn, u8 family,
						   const void *dst, const void *src, u32 spi,
						   u8 proto, const struct iq_target *target)
{
	struct iq_where w = { .prefix = iq_prefix_find(iqn, family, dst) };
	struct iq_flow f = { .ports = spi, .proto = proto };
	const struct iq_pool *pool;

	if (target) {
		/*
		 * An entry of an SA by which an element sends is for errors about that: what
		 * the element sends goes on to its peer.
		 */
		if (likely(w.prefix) || !src || !iq_prefix_find(iqn, family, src))
			w.chosen = iq_steer_exact(iq_element_of(target));
		return w;
	}
	if (!w.prefix)
		return w;
	pool = w.prefix->pool;
	if (likely(pool->mode == IPSEC_QOS_POOL_BUCKET)) {
		w.chosen = iq_pool_bucket(pool, iq_select_spi(spi));
	} else if (pool->mode == IPSEC_QOS_POOL_SA) {
		w.chosen = iq_pool_hashed(pool, iq_flow_of_sa(pool, family, dst, spi, proto));
	} else {
		memcpy(f.dst, dst, iq_flow_addr(family));
		if (src)
			memcpy(f.src, src, iq_flow_addr(family));
		w.chosen = iq_pool_hashed(pool, iq_flow_hash(pool, &f));
	}
	return w;
}

struct iq_where iq_steer_where(const struct iq_net *iqn, const struct iq_packet *pkt,
			       const struct iq_target *target)
{
	return iq_where_sa(iqn, pkt->family, pkt->dst, pkt->src, pkt->spi, pkt->proto, target);
}

unsigned int iq_steer_sa(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct iq_action *a,
			 u32 spi, u8 proto)
{
	const struct iq_target *target = a ? a->target : NULL;
	u8 family = iq_family(state);
	struct iq_where w;

	w = iq_where_sa(iqn, family, iq_skb_dst(skb, family), iq_skb_src(skb, family), spi,
			proto, target);
	if ((!w.prefix && w.chosen.why == IPSEC_QOS_STEER_NOT) || !iq_onward_may(skb, state))
		return NF_ACCEPT;
	/* With ports and in fragments, it is iq_steer_flow() that knows. */
	if (unlikely(!target && w.prefix->pool->mode == IPSEC_QOS_POOL_FLOW))
		return NF_ACCEPT;
	return iq_steer_to(&w, iq_why_counter(&w.chosen), skb, state,
			   IPSEC_QOS_ELEMENT_COUNTER_SENT);
}

static unsigned int iq_steer_class_ike(const struct iq_prefix *p, struct sk_buff *skb,
				       const struct nf_hook_state *state,
				       const struct iq_packet *pkt)
{
	struct iq_where w = { .prefix = p };
	const struct iq_element *also;

	switch (p->ike) {
	case IPSEC_QOS_STEER_IKE_ELEMENT:
		w.chosen = iq_steer_exact(p->ike_element);
		break;
	case IPSEC_QOS_STEER_IKE_POOL:
		w.chosen = iq_steer_ike(p->pool, pkt);
		also = iq_steer_ike_also(p->pool, pkt, &w.chosen);
		if (also)
			iq_element_copy(also, skb, state, IPSEC_QOS_ELEMENT_COUNTER_SENT);
		break;
	default:
		iq_prefix_count(p, IPSEC_QOS_STEER_COUNTER_IKE, iq_skb_packets(skb),
			       skb->len);
		return NF_ACCEPT;
	}
	return iq_steer_to(&w, IPSEC_QOS_STEER_COUNTER_IKE, skb, state,
			   IPSEC_QOS_ELEMENT_COUNTER_SENT);
}

static unsigned int iq_steer_keepalive(const struct iq_prefix *p, const struct sk_buff *skb)
{
	if (p->ike == IPSEC_QOS_STEER_IKE_LOCAL)
		return NF_ACCEPT;
	iq_prefix_count(p, IPSEC_QOS_STEER_COUNTER_KEEPALIVE, iq_skb_packets(skb), skb->len);
	return NF_DROP;
}

unsigned int iq_steer_class(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state, const struct iq_class *c,
			    const struct iq_action *a)
{
	struct iq_where nobody = {};
	const struct iq_prefix *p;

	switch (c->kind) {
	case IQ_SA:
		return iq_steer_sa(iqn, skb, state, a, c->pkt.spi, c->pkt.proto);
	case IQ_IKE:
	case IQ_KEEPALIVE:
		break;
	case IQ_FRAGMENT:
		if (c->pkt.frag_proto == IPPROTO_ESP || c->pkt.frag_proto == IPPROTO_AH)
			break;
		return NF_ACCEPT;
	default:
		return NF_ACCEPT;
	}
	p = iq_prefix_find(iqn, c->pkt.family, c->pkt.dst);
	/* As of iq_steer_sa() */
	if (!p || p->pool->mode == IPSEC_QOS_POOL_FLOW || !iq_onward_may(skb, state))
		return NF_ACCEPT;
	if (c->kind == IQ_IKE)
		return iq_steer_class_ike(p, skb, state, &c->pkt);
	if (c->kind == IQ_KEEPALIVE)
		return iq_steer_keepalive(p, skb);
	nobody.prefix = p;
	return iq_steer_to(&nobody, IPSEC_QOS_STEER_COUNTER_NOBODY, skb, state,
			   IPSEC_QOS_ELEMENT_COUNTER_SENT);
}

/* The ports, or what stands for them. False: it is not looked at by itself. */
static bool iq_flow_ports(const struct sk_buff *skb, u8 family, struct iq_flow *f)
{
	int off = skb_network_offset(skb);
	__be32 buf;
	const __be32 *ports;
	__be16 frag = 0;
	u8 proto;

	if (family == AF_INET) {
		proto = ip_hdr(skb)->protocol;
		frag = ip_hdr(skb)->frag_off & htons(IP_MF | IP_OFFSET);
		off += ip_hdrlen(skb);
	} else {
		proto = ipv6_hdr(skb)->nexthdr;
		off = ipv6_skip_exthdr(skb, off + sizeof(struct ipv6hdr), &proto, &frag);
		if (off < 0)
			return true;
		frag &= htons(IP6_OFFSET | IP6_MF);
		if (frag)
			proto = IPPROTO_FRAGMENT;
	}
	f->proto = proto;
	if (frag)
		return true;
	switch (proto) {
	case IPPROTO_ICMP:
		/* An error is of the flow that it is about: iq_steer_icmp(). */
		ports = skb_header_pointer(skb, off, sizeof(buf), &buf);
		return !ports || !icmp_is_err(*(const u8 *)ports);
	case IPPROTO_ICMPV6:
		/* Likewise; and neighbour discovery may ask for an address that is steered. */
		ports = skb_header_pointer(skb, off, sizeof(buf), &buf);
		return !ports || (*(const u8 *)ports & ICMPV6_INFOMSG_MASK &&
				  (*(const u8 *)ports < NDISC_ROUTER_SOLICITATION ||
				   *(const u8 *)ports > NDISC_REDIRECT));
	case IPPROTO_AH:
		off += 4;
		break;
	case IPPROTO_ESP:
		break;
	default:
		if (!iq_flow_has_ports(proto))
			return true;
	}
	ports = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (ports)
		f->ports = be32_to_cpu(*ports);
	return true;
}

unsigned int iq_steer_flow(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	u8 family = iq_family(state);
	struct iq_flow f = {};
	struct iq_where w = {
		.prefix = iq_prefix_find(iqn, family, iq_skb_dst(skb, family)),
	};

	if (!w.prefix || w.prefix->pool->mode != IPSEC_QOS_POOL_FLOW ||
	    !iq_onward_may(skb, state) || !iq_flow_ports(skb, family, &f))
		return NF_ACCEPT;
	memcpy(f.src, iq_skb_src(skb, family), iq_flow_addr(family));
	memcpy(f.dst, iq_skb_dst(skb, family), iq_flow_addr(family));
	w.chosen = iq_pool_hashed(w.prefix->pool, iq_flow_hash(w.prefix->pool, &f));
	return iq_steer_to(&w, IPSEC_QOS_STEER_COUNTER_HASHED, skb, state,
			   IPSEC_QOS_ELEMENT_COUNTER_SENT);
}
