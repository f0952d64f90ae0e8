// SPDX-License-Identifier: GPL-2.0
/*
 * What a packet meets, in the order in which it does: the hook functions of all
 * features, and where they are. Each calls its feature directly, with no pointer on the
 * way, and is registered only where it is needed: no static key could turn off more, and
 * root of a container could have the kernel's text patched time and again.
 *
 * Every packet passes PRE_ROUTING, as it comes in, or LOCAL_OUT, as this host sends it:
 * there it is looked up. A hook is at IQ_FIRST_PRIORITY (core/hooks.h), unless it says
 * here why it is elsewhere.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <net/xfrm.h>

#include "chain/chain.h"
#include "chain/range.h"
#include "core/frag.h"
#include "core/hooks.h"
#include "core/segment.h"
#include "nat/translate.h"
#include "steer/steer.h"
#include "tag/claim.h"
#include "tag/fallback.h"
#include "tag/tag.h"
#include "tag/xfrm.h"

/*
 * PRE_ROUTING, ahead of connection tracking's reassembly: what is sent on to a device would not
 * be fragmented again. What leaves a chain meets all that is below.
 */
#define IQ_CHAIN_PRIORITY	NF_IP_PRI_RAW_BEFORE_DEFRAG

/*
 * It enters a chain, and may be gone behind that: here it is looked up as it would be further
 * on. A fragment that waits would go on there.
 */
static void iq_path_enters(struct iq_pass *p, bool first)
{
	struct iq_net *iqn = p->iqn;
	struct sk_buff *skb = p->skb;
	const struct sk_buff *was;
	struct iq_look look;

	if (p->action)
		iq_tag_service(iqn, skb, p->action, p->four ? AF_INET : AF_INET6, p->packets);
	/* Of several chains, one behind the other, this is the first. */
	if (!first || !iq_hooks_there(iqn, IQ_HOOKS_TAG))
		return;
	if (!secpath_exists(skb)) {
		if (!(p->four ? iq_tag_may_ipv4(skb) : iq_tag_may_ipv6(skb)))
			return;
		if (p->four && ip_hdr(skb)->protocol == IPPROTO_UDP &&
		    IQ_PLAIN(iq_parse_plain_other4, skb, &rcu_dereference(iqn->settings)->ports))
			return;
	}
	/* Also what only the other parser takes for a fragment: it is in hand here. */
	was = iq_frag_go_on(skb);
	iq_tag_slow(iqn, skb, p->state, &look);
	iq_frag_go_on(was);
}

/* Of several datagrams of protected UDP in one, each may be another SA's. */
static bool iq_path_segment_due(const struct iq_net *iqn, const struct sk_buff *skb, bool four)
{
	const struct iq_ports *ports = &rcu_dereference(iqn->settings)->ports;

	return iq_segment_due(skb) && iq_hooks_there(iqn, IQ_HOOKS_TAG) &&
	       !(four ? IQ_PLAIN(iq_parse_plain_other4, skb, ports) :
			IQ_PLAIN(iq_parse_plain_other6, skb, ports));
}

static noinline unsigned int iq_path_chain(struct iq_net *iqn, struct sk_buff *skb,
					   const struct nf_hook_state *state)
{
	struct iq_pass p;
	unsigned int verdict;
	bool first = true;

	p.iqn = iqn;
	p.skb = skb;
	p.state = state;
	p.from = NULL;
	if (unlikely(iq_path_segment_due(iqn, skb, state->pf == NFPROTO_IPV4)))
		return iq_segment(IQ_HOOKS_CHAIN, skb, state);
	if (unlikely(secpath_exists(skb))) {
		const struct iq_action *a = iq_xfrm_decrypted(iqn, skb, 0, 0);

		p.from = a ? a->group : NULL;
	}
	verdict = iq_chain_look(&p);
	while (verdict == IQ_CHAIN_GO) {
		if (iq_chain_enters(&p)) {
			iq_path_enters(&p, first);
			first = false;
		}
		verdict = iq_chain_go(&p);
	}
	return verdict;
}

static unsigned int iq_path_chain_in(struct iq_net *iqn, struct sk_buff *skb,
				     const struct nf_hook_state *state, bool four)
{
	unsigned int verdict;

	if (likely(iq_chain_nobodys(iq_chains(iqn), skb, four)) || iq_second_pass(skb, state))
		return NF_ACCEPT;
	if (likely(softirq_count()))
		return iq_path_chain(iqn, skb, state);
	/* What a queue ahead of it had comes back in process context. */
	local_bh_disable();
	verdict = iq_path_chain(iqn, skb, state);
	local_bh_enable();
	return verdict;
}

static unsigned int iq_path_chain_ipv4(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	return iq_path_chain_in(priv, skb, state, true);
}

static unsigned int iq_path_chain_ipv6(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	return iq_path_chain_in(priv, skb, state, false);
}

/* Ahead of that: what a device was checked with, and has sent on, goes nowhere. */
#define IQ_CHECK_PRIORITY	(IQ_CHAIN_PRIORITY - 1)

static unsigned int iq_path_check(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	return iq_range_ends(priv, skb, state) ? NF_STOLEN : NF_ACCEPT;
}

/* LOCAL_OUT, when all others have had it: what this host answers to a packet of a device's. */
#define IQ_ANSWER_PRIORITY	NF_IP_PRI_LAST

static unsigned int iq_path_answer(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	return iq_chain_answer(skb, state);
}

/* PRE_ROUTING. What is not ours leaves after a compare or two. */

/*
 * A packet was looked at, and may be one that is to go elsewhere. One that a VRF has sent
 * through here before was not to, or would not be here.
 */
static unsigned int iq_path_onward(struct iq_net *iqn, struct sk_buff *skb,
				   const struct nf_hook_state *state,
				   const struct iq_look *look)
{
	if (likely(look->plain))
		return iq_steer_sa(iqn, skb, state, look->action, look->spi, IPPROTO_ESP);
	if (look->class.kind == IQ_OTHER ||
	    (!look->class.packets && iq_second_pass(skb, state)))
		return NF_ACCEPT;
	return iq_steer_class(iqn, skb, state, &look->class, look->action);
}

/* What is ours while steering is on; out of line: the others need none of it. */
static noinline unsigned int iq_path_steer_ipv4(struct iq_net *iqn, struct sk_buff *skb,
						const struct nf_hook_state *state)
{
	struct iq_look look;
	unsigned int verdict;

	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_ESP:
		verdict = iq_tag_look_esp4(iqn, skb, state, &look);
		break;
	case IPPROTO_UDP:
		verdict = iq_tag_look_udp4(iqn, skb, state,
					   &rcu_dereference(iqn->settings)->ports, &look);
		break;
	default:
		verdict = iq_tag_look(iqn, skb, state, &look);
	}
	return verdict == NF_ACCEPT ? iq_path_onward(iqn, skb, state, &look) : verdict;
}

static noinline unsigned int iq_path_steer_ipv6(struct iq_net *iqn, struct sk_buff *skb,
						const struct nf_hook_state *state)
{
	struct iq_look look;
	unsigned int verdict;

	verdict = ipv6_hdr(skb)->nexthdr == IPPROTO_ESP ?
		  iq_tag_look_esp6(iqn, skb, state, &look) :
		  iq_tag_look(iqn, skb, state, &look);
	return verdict == NF_ACCEPT ? iq_path_onward(iqn, skb, state, &look) : verdict;
}

/* Out of an SA, or in process context; see iq_tag_slow(). */
static noinline unsigned int iq_path_slow(struct iq_net *iqn, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	struct iq_look look;
	unsigned int verdict;

	local_bh_disable();
	verdict = iq_tag_slow(iqn, skb, state, &look);
	if (verdict == NF_ACCEPT && READ_ONCE(iqn->steering))
		verdict = iq_path_onward(iqn, skb, state, &look);
	local_bh_enable();
	return verdict;
}

static unsigned int iq_path_in_ipv4(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct iq_ports *ports = NULL;
	struct iq_net *iqn = priv;
	u8 protocol;

	if (unlikely(!softirq_count() || secpath_exists(skb)))
		return iq_path_slow(iqn, skb, state);
	protocol = ip_hdr(skb)->protocol;
	switch (protocol) {
	case IPPROTO_UDP:
		ports = &rcu_dereference(iqn->settings)->ports;
		if (likely(IQ_PLAIN(iq_parse_plain_other4, skb, ports)))
			return NF_ACCEPT;
		if (unlikely(iq_segment_due(skb)))
			return iq_segment(IQ_HOOKS_TAG, skb, state);
		break;
	case IPPROTO_ESP:
	case IPPROTO_AH:
		break;
	default:
		return NF_ACCEPT;
	}
	if (READ_ONCE(iqn->steering))
		return iq_path_steer_ipv4(iqn, skb, state);
	if (protocol == IPPROTO_UDP)
		return iq_tag_udp4(iqn, skb, state, ports);
	return likely(protocol == IPPROTO_ESP) ? iq_tag_esp4(iqn, skb, state) :
						 iq_tag_protected(iqn, skb, state);
}

static unsigned int iq_path_in_ipv6(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct iq_ports *ports;
	struct iq_net *iqn = priv;
	u8 next;

	if (unlikely(!softirq_count() || secpath_exists(skb)))
		return iq_path_slow(iqn, skb, state);
	next = ipv6_hdr(skb)->nexthdr;
	if (next == IPPROTO_UDP) {
		ports = &rcu_dereference(iqn->settings)->ports;
		if (likely(IQ_PLAIN(iq_parse_plain_other6, skb, ports)))
			return NF_ACCEPT;
		if (unlikely(iq_segment_due(skb)))
			return iq_segment(IQ_HOOKS_TAG, skb, state);
	} else if (next != IPPROTO_ESP && !iq_tag_may_ipv6(skb)) {
		return NF_ACCEPT;
	}
	if (READ_ONCE(iqn->steering))
		return iq_path_steer_ipv6(iqn, skb, state);
	return next == IPPROTO_ESP ? iq_tag_esp6(iqn, skb, state) :
				     iq_tag_protected(iqn, skb, state);
}

/*
 * What of steering is about packets that are looked up by nobody else. They have been
 * tagged, where they can be. A VRF has its packets pass twice (iq_second_pass()): what was
 * not steered the first time is not.
 */
#define IQ_STEER_PRIORITY	(IQ_FIRST_PRIORITY + 1)

static noinline unsigned int iq_path_icmp(struct iq_net *iqn, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	unsigned int verdict = NF_ACCEPT;
	struct iq_class c;

	/* What a queue ahead of it had comes back in process context. */
	local_bh_disable();
	if (iq_steer_about(iqn, skb, state, &c))
		verdict = iq_steer_icmp(iqn, skb, state, &c, c.kind == IQ_SA ?
					iq_tag_lookup(iqn, skb, &c) : NULL);
	local_bh_enable();
	return verdict;
}

static unsigned int iq_path_icmp_ipv4(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	if (likely(ip_hdr(skb)->protocol != IPPROTO_ICMP) || iq_second_pass(skb, state))
		return NF_ACCEPT;
	return iq_path_icmp(priv, skb, state);
}

static unsigned int iq_path_icmp_ipv6(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	if (likely(ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6) ||
	    iq_second_pass(skb, state))
		return NF_ACCEPT;
	return iq_path_icmp(priv, skb, state);
}

static unsigned int iq_path_flow(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	unsigned int verdict;

	if (iq_second_pass(skb, state))
		return NF_ACCEPT;
	local_bh_disable();
	verdict = iq_steer_flow(priv, skb, state);
	local_bh_enable();
	return verdict;
}

/*
 * It has been tagged, by the address that it came with. Connection tracking comes next,
 * and is told to leave it alone: behind all who tell it a zone, or that themselves.
 */
#define IQ_NAT_IN_PRIORITY	(NF_IP_PRI_CONNTRACK - 1)

static unsigned int iq_path_translate_in(void *priv, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	u8 protocol = ip_hdr(skb)->protocol;

	if (likely(protocol != IPPROTO_ESP && protocol != IPPROTO_ICMP))
		return NF_ACCEPT;
	return iq_translate_in(priv, skb, state);
}

/* A DNAT that wants what no rule knows has had it. */
#define IQ_NAT_UNKNOWN_PRIORITY	(NF_IP_PRI_NAT_DST + 1)

static unsigned int iq_path_translate_unknown(void *priv, struct sk_buff *skb,
					      const struct nf_hook_state *state)
{
	if (likely(ip_hdr(skb)->protocol != IPPROTO_ESP))
		return NF_ACCEPT;
	return iq_translate_unknown(priv, skb, state);
}

/*
 * LOCAL_IN, when all have had it who may yet drop it. What is relayed goes on as ESP, and
 * keeps the fall-back's mark.
 */
#define IQ_UNKNOWN_PRIORITY	(NF_IP_PRI_LAST - 2)

static unsigned int iq_path_unknown_ipv4(void *priv, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	const struct iq_net *iqn = priv;
	unsigned int verdict;

	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_ESP:
	case IPPROTO_AH:
		break;
	case IPPROTO_UDP:
		if (!IQ_PLAIN(iq_parse_plain_other4, skb,
			      &rcu_dereference(iqn->settings)->ports))
			break;
		fallthrough;
	default:
		return NF_ACCEPT;
	}
	local_bh_disable();
	verdict = iq_steer_unknown(priv, skb, state, iq_claim_has_sa);
	local_bh_enable();
	return verdict;
}

static unsigned int iq_path_unknown_ipv6(void *priv, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	const struct iq_net *iqn = priv;
	unsigned int verdict;

	switch (ipv6_hdr(skb)->nexthdr) {
	case IPPROTO_UDP:
		if (IQ_PLAIN(iq_parse_plain_other6, skb,
			     &rcu_dereference(iqn->settings)->ports))
			return NF_ACCEPT;
		break;
	default:
		/* ESP and AH may be behind other headers. */
		if (!iq_tag_may_ipv6(skb))
			return NF_ACCEPT;
	}
	local_bh_disable();
	verdict = iq_steer_unknown(priv, skb, state, iq_claim_has_sa);
	local_bh_enable();
	return verdict;
}

/* LOCAL_IN. The fall-back's mark has been of use; conntrack's own hook is last. */
#define IQ_FALLBACK_PRIORITY	(NF_IP_PRI_LAST - 1)

static unsigned int iq_path_local_in(void *priv, struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	return iq_fallback_unmark(priv, skb, state);
}

/* FORWARD. Of IPv4 alone: ip6_forward() leaves the priority as it is. */
static unsigned int iq_path_forward(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	return iq_tag_forward(priv, skb, state);
}

/*
 * LOCAL_OUT: errors that this host itself sends to who has sent from a steered address, and
 * that is an element. Who gives them another route, or drops them, has done so. To an
 * address of this host's own they come in again, by the loopback device.
 */
#define IQ_STEER_OUT_PRIORITY	NF_IP_PRI_LAST

static unsigned int iq_path_icmp_out(void *priv, struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	if (likely(state->pf == NFPROTO_IPV4 ? ip_hdr(skb)->protocol != IPPROTO_ICMP :
					       ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6) ||
	    iq_second_pass(skb, state))
		return NF_ACCEPT;
	return iq_path_icmp(priv, skb, state);
}

/* LOCAL_OUT. ESP is here after encryption. */
static unsigned int iq_path_local_out(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	if (!(state->pf == NFPROTO_IPV4 ? iq_tag_may_ipv4(skb) : iq_tag_may_ipv6(skb)))
		return NF_ACCEPT;
	return iq_tag_local(priv, skb, state);
}

/* POST_ROUTING. */
static unsigned int iq_path_entering(void *priv, struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst || !dst->xfrm)
		return NF_ACCEPT;
	return iq_tag_entering(priv, skb, state);
}

/* Ahead of masquerade, which would translate AH. */
#define IQ_NAT_OUT_PRIORITY	(NF_IP_PRI_NAT_SRC - 1)

static unsigned int iq_path_translate_out(void *priv, struct sk_buff *skb,
					  const struct nf_hook_state *state)
{
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_ESP:
	case IPPROTO_AH:
	case IPPROTO_ICMP:
		return iq_translate_out(priv, skb, state);
	}
	return NF_ACCEPT;
}

/* Behind source NAT, which may give it another route. */
#define IQ_LEAVING_PRIORITY	(NF_IP_PRI_NAT_SRC + 1)

static unsigned int iq_path_leaving(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst || !dst->xfrm)
		return NF_ACCEPT;
	return iq_tag_leaving(priv, skb, state);
}

#define IQ_HOOK(family, where, fn, prio) {		\
	.hook = iq_path_##fn,				\
	.pf = NFPROTO_##family,				\
	.hooknum = NF_INET_##where,			\
	.priority = prio,				\
}

static const struct nf_hook_ops iq_path_tag[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, in_ipv4, IQ_FIRST_PRIORITY),
	IQ_HOOK(IPV4, LOCAL_OUT, local_out, IQ_FIRST_PRIORITY),
	IQ_HOOK(IPV6, PRE_ROUTING, in_ipv6, IQ_FIRST_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_OUT, local_out, IQ_FIRST_PRIORITY),
};

static const struct nf_hook_ops iq_path_out[] = {
	IQ_HOOK(IPV4, POST_ROUTING, entering, IQ_FIRST_PRIORITY),
	IQ_HOOK(IPV4, POST_ROUTING, leaving, IQ_LEAVING_PRIORITY),
	IQ_HOOK(IPV6, POST_ROUTING, entering, IQ_FIRST_PRIORITY),
	IQ_HOOK(IPV6, POST_ROUTING, leaving, IQ_LEAVING_PRIORITY),
};

static const struct nf_hook_ops iq_path_priority[] = {
	IQ_HOOK(IPV4, FORWARD, forward, IQ_FIRST_PRIORITY),
};

static const struct nf_hook_ops iq_path_fallback[] = {
	IQ_HOOK(IPV4, LOCAL_IN, local_in, IQ_FALLBACK_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_IN, local_in, IQ_FALLBACK_PRIORITY),
};

static const struct nf_hook_ops iq_path_nat[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, translate_in, IQ_NAT_IN_PRIORITY),
	IQ_HOOK(IPV4, PRE_ROUTING, translate_unknown, IQ_NAT_UNKNOWN_PRIORITY),
	IQ_HOOK(IPV4, POST_ROUTING, translate_out, IQ_NAT_OUT_PRIORITY),
};

static const struct nf_hook_ops iq_path_steer[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, icmp_ipv4, IQ_STEER_PRIORITY),
	IQ_HOOK(IPV4, LOCAL_OUT, icmp_out, IQ_STEER_OUT_PRIORITY),
	IQ_HOOK(IPV6, PRE_ROUTING, icmp_ipv6, IQ_STEER_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_OUT, icmp_out, IQ_STEER_OUT_PRIORITY),
};

static const struct nf_hook_ops iq_path_chains[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, chain_ipv4, IQ_CHAIN_PRIORITY),
	IQ_HOOK(IPV4, LOCAL_OUT, answer, IQ_ANSWER_PRIORITY),
	IQ_HOOK(IPV6, PRE_ROUTING, chain_ipv6, IQ_CHAIN_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_OUT, answer, IQ_ANSWER_PRIORITY),
};

static const struct nf_hook_ops iq_path_checks[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, check, IQ_CHECK_PRIORITY),
	IQ_HOOK(IPV6, PRE_ROUTING, check, IQ_CHECK_PRIORITY),
};

static const struct nf_hook_ops iq_path_flows[] = {
	IQ_HOOK(IPV4, PRE_ROUTING, flow, IQ_STEER_PRIORITY),
	IQ_HOOK(IPV6, PRE_ROUTING, flow, IQ_STEER_PRIORITY),
};

static const struct nf_hook_ops iq_path_unknown[] = {
	IQ_HOOK(IPV4, LOCAL_IN, unknown_ipv4, IQ_UNKNOWN_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_IN, unknown_ipv6, IQ_UNKNOWN_PRIORITY),
};

#define IQ_SET(name)	{ iq_path_##name, ARRAY_SIZE(iq_path_##name) }

const struct iq_hook_ops iq_hook_sets[__IQ_HOOKS_MAX] = {
	[IQ_HOOKS_TAG] = IQ_SET(tag),
	[IQ_HOOKS_OUT] = IQ_SET(out),
	[IQ_HOOKS_PRIORITY] = IQ_SET(priority),
	[IQ_HOOKS_FALLBACK] = IQ_SET(fallback),
	[IQ_HOOKS_NAT] = IQ_SET(nat),
	[IQ_HOOKS_STEER] = IQ_SET(steer),
	[IQ_HOOKS_FLOW] = IQ_SET(flows),
	[IQ_HOOKS_UNKNOWN] = IQ_SET(unknown),
	[IQ_HOOKS_CHAIN] = IQ_SET(chains),
	[IQ_HOOKS_CHECK] = IQ_SET(checks),
};
