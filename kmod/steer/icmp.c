// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "core/onward.h"
#include "element.h"
#include "flow.h"
#include "prefix.h"
#include "send.h"
#include "state.h"
#include "to.h"

/* What is looked at of a quote behind its IP header: ports, a marker, and IKE's header */
#define IQ_QUOTE	(8 + 4 + 28)

/**
 * struct iq_quote - of a quote, what is behind its IP header
 *
 * @n: bytes that there are, IQ_QUOTE at most
 */
struct iq_quote {
	u32 n;
	u8 data[IQ_QUOTE];
};

static bool iq_quote_port(const struct iq_quote *q, const u16 *port, u8 n)
{
	return iq_parse_port(port, n, iq_get16(q->data), iq_get16(q->data + 2));
}

static enum iq_kind iq_quote_sa(struct iq_packet *pkt, u32 spi, u8 proto)
{
	pkt->spi = spi;
	pkt->proto = proto;
	return spi < IQ_SPI_MIN ? IQ_OTHER : IQ_SA;
}

/* RFC 792 promises eight bytes, which of UDP are its header alone. */
static enum iq_kind iq_quote_udp(const struct iq_quote *q, const struct iq_ports *ports,
				 struct iq_packet *pkt)
{
	const u8 *ike = q->data + 8;

	if (q->n < 4)
		return IQ_OTHER;
	if (iq_quote_port(q, ports->natt, ports->n_natt)) {
		if (q->n < 12)
			return IQ_SHORT;
		if (iq_get32(q->data + 8))
			return iq_quote_sa(pkt, iq_get32(q->data + 8), IPPROTO_ESP);
		ike += 4;
	} else if (!iq_quote_port(q, ports->ike, ports->n_ike)) {
		return IQ_OTHER;
	}
	if (ike + 20 > q->data + q->n)
		return IQ_SHORT;
	pkt->spi_i = iq_get64(ike);
	pkt->spi_r = iq_get64(ike + 8);
	/* Who has sent it is on this side: what a packet that comes would say is the opposite. */
	pkt->ikev1 = ike[17] >> 4 == 1;
	pkt->initiator = pkt->ikev1 || !(ike[19] & 0x08);
	return IQ_IKE;
}

static enum iq_kind iq_quote_kind(const struct iq_quote *q, u8 proto,
				  const struct iq_ports *ports, struct iq_packet *pkt)
{
	switch (proto) {
	case IPPROTO_ESP:
		return q->n < 4 ? IQ_SHORT : iq_quote_sa(pkt, iq_get32(q->data), IPPROTO_ESP);
	case IPPROTO_AH:
		return q->n < 8 ? IQ_SHORT :
				  iq_quote_sa(pkt, iq_get32(q->data + 4), IPPROTO_AH);
	case IPPROTO_UDP:
		return iq_quote_udp(q, ports, pkt);
	default:
		return IQ_OTHER;
	}
}

/* Where the quote's IP header begins; negative: it is no error, or has none. */
static int iq_icmp_quote4(struct sk_buff *skb)
{
	int off = skb_network_offset(skb) + ip_hdrlen(skb);
	const struct icmphdr *icmp;
	struct icmphdr buf;

	icmp = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!icmp || ip_is_fragment(ip_hdr(skb)))
		return -1;
	switch (icmp->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		off += sizeof(*icmp);
		break;
	default:
		/* A redirect is for who is on that link, which is this host. */
		return -1;
	}
	return pskb_may_pull(skb, off + sizeof(struct iphdr)) ? off : -1;
}

static int iq_icmp_quote6(struct sk_buff *skb)
{
	int off = skb_network_offset(skb) + sizeof(struct ipv6hdr);
	const struct icmp6hdr *icmp;
	struct icmp6hdr buf;

	icmp = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!icmp || icmp->icmp6_type < ICMPV6_DEST_UNREACH ||
	    icmp->icmp6_type > ICMPV6_PARAMPROB)
		return -1;
	off += sizeof(*icmp);
	return pskb_may_pull(skb, off + sizeof(struct ipv6hdr)) ? off : -1;
}

/*
 * Behind the IP header at @off; negative: it cannot be told what. iq_packet.first: there are
 * fragments behind it
 */
static int iq_quote_ip4(const struct sk_buff *skb, int off, struct iq_packet *pkt, u8 *proto)
{
	const struct iphdr *ip = (const void *)(skb->data + off);

	if (ip->version != 4 || ip->ihl < 5 || ip->frag_off & htons(IP_OFFSET))
		return -1;
	pkt->family = AF_INET;
	pkt->src = (const u8 *)&ip->saddr;
	pkt->dst = (const u8 *)&ip->daddr;
	pkt->first = ip->frag_off & htons(IP_MF);
	*proto = ip->protocol;
	return off + ip->ihl * 4;
}

static int iq_quote_ip6(const struct sk_buff *skb, int off, struct iq_packet *pkt, u8 *proto)
{
	const struct ipv6hdr *ip = (const void *)(skb->data + off);
	int flags = IP6_FH_F_AUTH, next;
	unsigned int at = off;
	u16 frag;

	/* AH is what is looked for, and no header on the way to it. */
	next = ipv6_find_hdr(skb, &at, -1, &frag, &flags);
	if (next < 0 || frag)
		return -1;
	pkt->family = AF_INET6;
	pkt->src = (const u8 *)&ip->saddr;
	pkt->dst = (const u8 *)&ip->daddr;
	pkt->first = flags & IP6_FH_F_FRAG;
	*proto = next;
	return at;
}

/*
 * Is an error for who has sent what it is about, as all are (RFC 792, RFC 4443 section 2.2)?
 * One that is not is on its way elsewhere, whatever it quotes.
 */
static bool iq_icmp_back(const struct sk_buff *skb, const struct iq_packet *pkt)
{
	if (pkt->family == AF_INET)
		return !memcmp(&ip_hdr(skb)->daddr, pkt->src, sizeof(struct in_addr));
	return !memcmp(&ipv6_hdr(skb)->daddr, pkt->src, sizeof(struct in6_addr));
}

/* For a pool of flows: as of a packet that comes, whose ports are the other way round. */
static void iq_quote_flow(const struct iq_quote *q, u8 proto, struct iq_packet *pkt)
{
	pkt->frag_proto = pkt->first && pkt->family == AF_INET6 ? IPPROTO_FRAGMENT : proto;
	pkt->frag_id = 0;
	if (q->n < 4 || pkt->first)
		return;
	if (proto == IPPROTO_ESP)
		pkt->frag_id = iq_get32(q->data);
	else if (iq_flow_has_ports(proto))
		pkt->frag_id = (u32)iq_get16(q->data + 2) << 16 | iq_get16(q->data);
}

bool iq_steer_about(struct iq_net *iqn, struct sk_buff *skb,
		    const struct nf_hook_state *state, struct iq_class *c)
{
	bool four = state->pf == NFPROTO_IPV4;
	int off = four ? iq_icmp_quote4(skb) : iq_icmp_quote6(skb);
	struct iq_quote q;
	u8 proto;

	memset(c, 0, sizeof(*c));
	if (off >= 0)
		off = four ? iq_quote_ip4(skb, off, &c->pkt, &proto) :
			     iq_quote_ip6(skb, off, &c->pkt, &proto);
	if (off < 0 || off > skb->len || !iq_icmp_back(skb, &c->pkt) ||
	    !iq_prefix_find(iqn, c->pkt.family, c->pkt.src))
		return false;
	q.n = min_t(u32, skb->len - off, sizeof(q.data));
	if (skb_copy_bits(skb, off, q.data, q.n))
		return false;
	c->kind = iq_quote_kind(&q, proto, &rcu_dereference(iqn->settings)->ports, &c->pkt);
	iq_quote_flow(&q, proto, &c->pkt);
	return true;
}

/* To who was chosen: one that came, or that this host has made itself */
static unsigned int iq_icmp_to(const struct iq_where *w, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	const struct iq_element *e = w->chosen.element;

	if (state->hook != NF_INET_LOCAL_OUT)
		return iq_steer_to(w, IPSEC_QOS_STEER_COUNTER_ICMP, skb, state,
				   IPSEC_QOS_ELEMENT_COUNTER_ICMP);
	iq_prefix_count(w->prefix, e ? IPSEC_QOS_STEER_COUNTER_ICMP :
			IPSEC_QOS_STEER_COUNTER_NOBODY, 1, skb->len);
	return e ? iq_element_output(e, skb, state, IPSEC_QOS_ELEMENT_COUNTER_ICMP) : NF_DROP;
}

/*
 * Before it is copied: who would drop it anyhow is to use up nothing. What this host says
 * itself needs no look.
 */
static bool iq_icmp_plausible(struct sk_buff *skb, const struct nf_hook_state *state)
{
	bool four = state->pf == NFPROTO_IPV4;
	unsigned int off = skb_network_offset(skb);

	if (state->hook == NF_INET_LOCAL_OUT)
		return true;
	if (!iq_onward_source(skb, state))
		return false;
	off += four ? ip_hdrlen(skb) : sizeof(struct ipv6hdr);
	return !nf_checksum(skb, state->hook, off, four ? IPPROTO_ICMP : IPPROTO_ICMPV6,
			    four ? AF_INET : AF_INET6);
}

/*
 * To all of the pool that live. @also: one that need not be of it, NULL: none; @on: it goes
 * where its address leads, too. So does what there are too many of.
 */
static unsigned int iq_icmp_copy(const struct iq_prefix *p, struct sk_buff *skb,
				 const struct nf_hook_state *state,
				 const struct iq_element *also, bool on)
{
	const struct iq_buckets *b = rcu_dereference(p->pool->buckets);
	struct iq_where w = { .prefix = p };
	const struct iq_element *e;
	u32 i, sent = 0;

	if (!iq_icmp_plausible(skb, state)) {
		iq_prefix_count(p, IPSEC_QOS_STEER_COUNTER_NOBODY, 1, skb->len);
		return NF_DROP;
	}
	if (!iq_pool_may_copy(p->pool, IQ_COPIES_ICMP, b->n + !!also))
		return NF_ACCEPT;
	for (i = 0; i <= b->n; i++) {
		e = i < b->n ? b->member[i] : also;
		if (i < b->n && e == also)
			also = NULL;
		if (!e || READ_ONCE(e->state) == IPSEC_QOS_ELEMENT_DOWN)
			continue;
		sent++;
		iq_element_copy(e, skb, state, IPSEC_QOS_ELEMENT_COUNTER_ICMP);
	}
	if (!sent && !on)
		return iq_icmp_to(&w, skb, state);
	iq_prefix_count(p, IPSEC_QOS_STEER_COUNTER_ICMP, 1, skb->len);
	if (on)
		return NF_ACCEPT;
	consume_skb(skb);
	return NF_STOLEN;
}

/* As the packets of which the quote is an answer are hashed */
static struct iq_chosen iq_icmp_flow(const struct iq_pool *pool, const struct iq_packet *pkt)
{
	struct iq_flow f = { .ports = pkt->frag_id, .proto = pkt->frag_proto };

	memcpy(f.src, pkt->dst, iq_flow_addr(pkt->family));
	memcpy(f.dst, pkt->src, iq_flow_addr(pkt->family));
	return iq_pool_hashed(pool, iq_flow_hash(pool, &f));
}

/* To both who may have an IKE SA of IKEv1, as their messages go */
static struct iq_chosen iq_icmp_ike(const struct iq_pool *pool, struct sk_buff *skb,
				    const struct nf_hook_state *state,
				    const struct iq_packet *pkt)
{
	struct iq_chosen c = iq_steer_ike(pool, pkt);
	const struct iq_element *also = iq_steer_ike_also(pool, pkt, &c);

	if (also)
		iq_element_copy(also, skb, state, IPSEC_QOS_ELEMENT_COUNTER_ICMP);
	return c;
}

unsigned int iq_steer_icmp(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state, const struct iq_class *c,
			   const struct iq_action *a)
{
	const struct iq_element *also = NULL;
	const struct iq_packet *pkt = &c->pkt;
	const struct iq_prefix *p;
	struct iq_where w = {};
	bool on = false;

	p = w.prefix = iq_prefix_find(iqn, pkt->family, pkt->src);
	if (!p || !(state->hook == NF_INET_LOCAL_OUT ? iq_element_may_output(skb) :
						       iq_onward_may(skb, state)))
		return NF_ACCEPT;
	if (c->kind == IQ_SA && a && a->target)
		w.chosen = iq_steer_exact(iq_element_of(a->target));
	else if (p->pool->mode == IPSEC_QOS_POOL_FLOW)
		w.chosen = iq_icmp_flow(p->pool, pkt);
	else if (c->kind == IQ_IKE && p->ike == IPSEC_QOS_STEER_IKE_POOL)
		w.chosen = iq_icmp_ike(p->pool, skb, state, pkt);
	else if (c->kind == IQ_IKE && p->ike == IPSEC_QOS_STEER_IKE_ELEMENT)
		w.chosen = iq_steer_exact(p->ike_element);
	else if (c->kind != IQ_SA && c->kind != IQ_SHORT)
		return NF_ACCEPT;
	if (w.chosen.why != IPSEC_QOS_STEER_NOT)
		return iq_icmp_to(&w, skb, state);
	/* Of UDP it may be IKE: then it is for who speaks that. */
	if (c->kind == IQ_SHORT && pkt->frag_proto == IPPROTO_UDP) {
		on = p->ike == IPSEC_QOS_STEER_IKE_LOCAL;
		if (p->ike == IPSEC_QOS_STEER_IKE_ELEMENT)
			also = p->ike_element;
	}
	return iq_icmp_copy(p, skb, state, also, on);
}
