// SPDX-License-Identifier: GPL-2.0
#include <net/addrconf.h>
#include <net/route.h>

#include "core/classify.h"
#include "core/frag.h"
#include "core/onward.h"
#include "core/segment.h"
#include "chain.h"
#include "enter.h"
#include "event.h"
#include "service.h"
#include "tell.h"

static bool iq_bloom_none(const struct iq_chains *ch, bool wide, u8 dst, u8 src)
{
	return !(dst & IQ_BLOOM_DST) && !(src & IQ_BLOOM_SRC) &&
	       !rcu_access_pointer(ch->lengths[wide]);
}

bool iq_chain_nobodys(const struct iq_chains *ch, const struct sk_buff *skb, bool four)
{
	const struct iq_bloom *b = rcu_dereference(ch->bloom);

	/* What it quotes tells, and that may be behind other headers. */
	if (four) {
		const struct iphdr *ip = ip_hdr(skb);

		return ip->protocol != IPPROTO_ICMP &&
		       iq_bloom_none(ch, false, iq_bloom_get(b, false, &ip->daddr),
				     iq_bloom_get(b, false, &ip->saddr));
	} else {
		const struct ipv6hdr *ip = ipv6_hdr(skb);

		return ip->nexthdr != IPPROTO_ICMPV6 && !ipv6_ext_hdr(ip->nexthdr) &&
		       iq_bloom_none(ch, true, iq_bloom_get(b, true, &ip->daddr),
				     iq_bloom_get(b, true, &ip->saddr));
	}
}

/* One for each family, as a look-up is inline and long. */
static noinline bool iq_find4(const struct iq_chains *ch, const void *addr, u8 proto, u16 port,
			      enum iq_key_set set, u8 bloom, struct iq_hit *hit)
{
	return iq_key_find(ch, false, addr, proto, port, set, bloom, hit);
}

static noinline bool iq_find6(const struct iq_chains *ch, const void *addr, u8 proto, u16 port,
			      enum iq_key_set set, u8 bloom, struct iq_hit *hit)
{
	return iq_key_find(ch, true, addr, proto, port, set, bloom, hit);
}

/* @bloom: of @addr; @client: the other address, of a server's service; else NULL */
static inline void iq_look_for(struct iq_pass *p, enum iq_order o, enum iq_key_set set,
			       const void *addr, u16 port, u8 bloom, const void *client)
{
	struct iq_hit *hit = &p->hits.hit[o];
	bool there;

	if (!(bloom & IQ_BLOOM_SET(set)) &&
	    (client || likely(!rcu_access_pointer(p->chains->lengths[!p->four]))))
		return;
	there = p->four ?
		iq_find4(p->chains, addr, p->tuple.proto, port, set, bloom, hit) :
		iq_find6(p->chains, addr, p->tuple.proto, port, set, bloom, hit);
	p->hits.ports |= !hit->whole;
	if (!there)
		return;
	if (client)
		iq_hit_client(hit, p->four ? AF_INET : AF_INET6, client);
	p->hits.there |= BIT(o);
}

/*
 * Is it for this host itself, or for whoever listens on a link? A server's answer to what this
 * host has asked it (a check) is, and what clients send to the gateway that this host is to
 * them: what is sent back to them passes no chain either.
 */
static bool iq_look_host(const struct iq_pass *p)
{
	struct net *net = p->state->net;
	__be32 dst;

	if (!p->four)
		return ipv6_addr_is_multicast(p->tuple.dst) ||
		       ipv6_chk_addr(net, p->tuple.dst, NULL, 0);
	memcpy(&dst, p->tuple.dst, sizeof(dst));
	if (ipv4_is_multicast(dst) || ipv4_is_lbcast(dst) || ipv4_is_loopback(dst))
		return true;
	return unlikely(iq_local_may(p->iqn, dst)) &&
	       inet_addr_type_dev_table(net, iq_onward_in(p->skb), dst) == RTN_LOCAL;
}

/* Who may have it by another address than the one that it is for. @dst, @src: their blooms */
static bool iq_look_others(const struct iq_pass *p, u8 dst, u8 src)
{
	return src & IQ_BLOOM_SRC || dst & IQ_BLOOM_SET(IQ_CLIENT_BACK) ||
	       rcu_access_pointer(p->chains->lengths[!p->four]);
}

static void iq_look_up(struct iq_pass *p)
{
	const struct iq_bloom *b = rcu_dereference(p->chains->bloom);
	const struct iq_tuple *t = &p->tuple;
	u8 dst = iq_bloom_get(b, !p->four, t->dst), src = iq_bloom_get(b, !p->four, t->src);

	p->hits.there = 0;
	p->hits.ports = false;
	iq_look_for(p, IQ_ORDER_SERVER_FORWARD, IQ_SERVER_FORWARD, t->dst, t->dport, dst, t->src);
	if (!iq_look_others(p, dst, src) || unlikely(iq_look_host(p)))
		return;
	iq_look_for(p, IQ_ORDER_SERVER_BACK, IQ_SERVER_BACK, t->src, t->sport, src, t->dst);
	iq_look_for(p, IQ_ORDER_CLIENT_FORWARD, IQ_CLIENT_FORWARD, t->src, t->dport, src, NULL);
	iq_look_for(p, IQ_ORDER_CLIENT_BACK, IQ_CLIENT_BACK, t->dst, t->sport, dst, NULL);
}

/* May one that is ahead of its first wait for it? As of iq_classify(). */
static bool iq_look_may_wait(const struct iq_pass *p)
{
	return !p->skb->sk && !skb_dst(p->skb) && !iq_bridged(p->skb) &&
	       !netif_is_l3_master(p->in);
}

/* As of iq_look_up(), whichever ports it has */
static bool iq_look_nobodys(const struct iq_pass *p)
{
	const struct iq_bloom *b = rcu_dereference(p->chains->bloom);
	u8 dst = iq_bloom_get(b, !p->four, p->tuple.dst);

	return !(dst & IQ_BLOOM_SET(IQ_SERVER_FORWARD)) &&
	       (!iq_look_others(p, dst, iq_bloom_get(b, !p->four, p->tuple.src)) ||
		iq_look_host(p));
}

/* Has it no ports, as its first fragment has none? Of IPv6 there may be more ahead of these. */
static bool iq_look_portless(const struct iq_pass *p)
{
	return p->four && !iq_proto_has_ports(p->tuple.proto);
}

/*
 * A fragment: the first has ports, which those behind it are told by. Where an address is
 * one service's they need not be.
 *
 * Return: IQ_CHAIN_GO: it has its ports, or needs none; or a verdict
 */
static noinline unsigned int iq_look_fragment(struct iq_pass *p)
{
	struct iq_tuple *t = &p->tuple;
	struct iq_packet pkt = {
		.src = t->src,
		.dst = t->dst,
		.family = p->four ? AF_INET : AF_INET6,
		.frag_id = t->frag_id,
		.frag_proto = t->proto,
		.proto = t->proto,
		.spi = (u32)t->sport << 16 | t->dport,
		.first = !t->later,
		.last = t->last,
	};
	u32 at = BIT(31);
	enum iq_kind kind;

	if (iq_look_nobodys(p))
		return NF_ACCEPT;
	if (iq_look_portless(p))
		return IQ_CHAIN_GO;
	if (p->at.device)
		at |= p->at.device->object.id << 2 | p->at.side;
	else
		at |= 3;
	if (!t->later) {
		iq_frag_learn(p->iqn, p->state, &pkt, IQ_SA, at);
		return IQ_CHAIN_GO;
	}
	iq_look_up(p);
	if (!p->hits.ports)
		return IQ_CHAIN_GO;
	if (iq_frag_recall(p->iqn, iq_look_may_wait(p) ? p->skb : NULL, p->state, &pkt, &kind,
			   at))
		return NF_STOLEN;
	/* By routing it would get past the chain that the others go through. */
	if (kind != IQ_SA)
		return NF_DROP;
	t->proto = pkt.proto;
	t->sport = pkt.spi >> 16;
	t->dport = pkt.spi;
	return IQ_CHAIN_GO;
}

unsigned int iq_chain_look(struct iq_pass *p)
{
	enum ipsec_qos_device_counter came;
	enum iq_decision decision;
	unsigned int verdict;

	p->chains = iq_chains(p->iqn);
	p->four = p->state->pf == NFPROTO_IPV4;
	if (!iq_onward_host(p->skb) || !iq_tuple_get(p->skb, p->four, &p->tuple))
		return NF_ACCEPT;
	p->in = p->state->in;
	p->has_mac = iq_attach_from(p->chains, p->skb, p->in, p->mac, &p->at);
	if (unlikely(p->tuple.fragment)) {
		verdict = iq_look_fragment(p);
		if (verdict != IQ_CHAIN_GO)
			return verdict;
	}
	iq_look_up(p);
	if (!p->hits.there || !iq_onward_forwards(iq_onward_in(p->skb), p->four))
		return NF_ACCEPT;
	/* Each of these has headers of its own, which are to be as the first one's. */
	if (unlikely(skb_is_gso(p->skb) &&
		     skb_shinfo(p->skb)->gso_type & SKB_GSO_FRAGLIST))
		return iq_segment(IQ_HOOKS_CHAIN, p->skb, p->state);
	p->packets = iq_skb_packets(p->skb);
	p->bytes = p->skb->len;
	p->past = NULL;
	p->traced = NULL;
	p->action = NULL;
	decision = iq_decide(&p->at, &p->hits, &p->course);
	if (unlikely(iq_tracing(p->chains)))
		iq_tell_due(p);
	switch (decision) {
	case IQ_GOES_ON:
		break;
	case IQ_ENTERS:
		return iq_enter(p);
	case IQ_FORGED:
		return iq_pass_drop(p, IPSEC_QOS_SERVICE_COUNTER_FORGED);
	case IQ_STRAY:
		return iq_pass_drop_at(p, p->at.device, IPSEC_QOS_DEVICE_COUNTER_STRAY);
	}
	came = p->course.way == IQ_FORWARD ? IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED :
					     IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED;
	iq_device_count(p->at.device, came, p->packets, p->bytes);
	/* What servers send enters at the far end. */
	if (p->course.way == IQ_BACK && p->course.position == p->course.track->n - 1 &&
	    iq_order_server(p->course.order))
		iq_hit_count(&p->hits.hit[p->course.order], p->packets, p->bytes);
	p->view = p->course.track->views ?
		  iq_view_out(p->course.track->views, p->course.position, p->course.way) : 0;
	return IQ_CHAIN_GO;
}
