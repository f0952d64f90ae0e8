// SPDX-License-Identifier: GPL-2.0
#include <linux/percpu.h>

#include "core/onward.h"
#include "answer.h"
#include "xmit.h"

/* Where what this CPU says at this moment goes: bottom halves are disabled. NULL: as it would */
static DEFINE_PER_CPU(const struct iq_device_way *, iq_answering);

/* To which side is it? To the one that the packet has come out of. */
static bool iq_answer_way(const struct iq_pass *p, struct iq_device_way *to)
{
	if (!p->at.device)
		return false;
	return iq_device_way(p->at.device, p->at.side == IQ_AT_INNER ? IQ_BACK : IQ_FORWARD, to);
}

void iq_answer_expired(const struct iq_pass *p)
{
	struct iq_device_way to;

	if (p->four && !iq_onward_route(p->skb))
		return;
	if (iq_answer_way(p, &to))
		this_cpu_write(iq_answering, &to);
	iq_onward_expired(p->skb, p->four);
	this_cpu_write(iq_answering, NULL);
}

void iq_answer_too_big(const struct iq_pass *p, u32 mtu)
{
	struct iq_device_way to;

	if (p->four && !iq_onward_route(p->skb))
		return;
	if (iq_answer_way(p, &to))
		this_cpu_write(iq_answering, &to);
	iq_onward_too_big(p->skb, p->four, mtu);
	this_cpu_write(iq_answering, NULL);
}

unsigned int iq_chain_answer(struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iq_device_way *to = this_cpu_read(iq_answering);

	if (likely(!to))
		return NF_ACCEPT;
	if (!(READ_ONCE(to->dev->flags) & IFF_UP) || skb_cow(skb, iq_xmit_room(to)))
		return NF_DROP;
	iq_xmit(skb, to);
	return NF_STOLEN;
}
