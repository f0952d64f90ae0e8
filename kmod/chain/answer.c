// SPDX-License-Identifier: GPL-2.0
#include <linux/percpu.h>

#include "core/onward.h"
#include "answer.h"
#include "xmit.h"

/**
 * struct iq_answering - what this CPU says at this moment
 *
 * @pass: to whose sender; its packet stays where it is meanwhile
 * @to: by which way
 */
struct iq_answering {
	const struct iq_pass *pass;
	struct iq_device_way to;
};

/* NULL: nothing, or as it would go. Bottom halves are disabled. */
static DEFINE_PER_CPU(const struct iq_answering *, iq_answering);

/* To which side is it? To the one that the packet has come out of. */
static void iq_answer_begin(const struct iq_pass *p, struct iq_answering *a)
{
	a->pass = p;
	if (p->at.device &&
	    iq_device_way(p->at.device, p->at.side == IQ_AT_INNER ? IQ_BACK : IQ_FORWARD, &a->to))
		this_cpu_write(iq_answering, a);
}

/* Where this host may be preempted others send meanwhile, which is not meant. */
static bool iq_answer_is(const struct sk_buff *skb, const struct nf_hook_state *state,
			 const struct iq_pass *p)
{
	if (state->pf != p->state->pf)
		return false;
	if (p->four)
		return ip_hdr(skb)->protocol == IPPROTO_ICMP &&
		       ip_hdr(skb)->daddr == ip_hdr(p->skb)->saddr;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6 &&
	       ipv6_addr_equal(&ipv6_hdr(skb)->daddr, &ipv6_hdr(p->skb)->saddr);
}

void iq_answer_expired(const struct iq_pass *p)
{
	struct iq_answering a;

	if (p->four && !iq_onward_route(p->skb))
		return;
	iq_answer_begin(p, &a);
	iq_onward_expired(p->skb, p->four);
	this_cpu_write(iq_answering, NULL);
}

void iq_answer_too_big(const struct iq_pass *p, u32 mtu)
{
	struct iq_answering a;

	if (p->four && !iq_onward_route(p->skb))
		return;
	iq_answer_begin(p, &a);
	iq_onward_too_big(p->skb, p->four, mtu);
	this_cpu_write(iq_answering, NULL);
}

unsigned int iq_chain_answer(struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iq_answering *a = this_cpu_read(iq_answering);
	const struct iq_device_way *to;

	if (likely(!a) || !iq_answer_is(skb, state, a->pass))
		return NF_ACCEPT;
	to = &a->to;
	if (!(READ_ONCE(to->dev->flags) & IFF_UP) || skb_cow(skb, iq_xmit_room(to)))
		return NF_DROP;
	iq_xmit(skb, to);
	return NF_STOLEN;
}
