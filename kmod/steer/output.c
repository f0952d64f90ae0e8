// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <net/dst.h>

#include "core/classify.h"
#include "route.h"
#include "send.h"

/*
 * What this host has made itself, on its way to an element: with another route, as who
 * routes it anew in LOCAL_OUT gives it (ip_route_me_harder()). It is no packet that is
 * forwarded: it has its hop limit, and no chain of FORWARD sees it.
 */

bool iq_element_may_output(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && !dst->xfrm && !(dst->dev->flags & IFF_LOOPBACK);
}

unsigned int iq_element_output(const struct iq_element *e, struct sk_buff *skb,
			       const struct nf_hook_state *state,
			       enum ipsec_qos_element_counter which)
{
	u8 family = state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	u32 packets = iq_skb_packets(skb), bytes = skb->len;
	struct dst_entry *dst = NULL;

	if (READ_ONCE(e->state) == IPSEC_QOS_ELEMENT_DOWN)
		which = IPSEC_QOS_ELEMENT_COUNTER_DOWN;
	else
		dst = iq_route_find(e, skb, family);
	if (!dst && which != IPSEC_QOS_ELEMENT_COUNTER_DOWN)
		which = IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
	iq_element_count(e, which, packets, bytes);
	if (!dst)
		return NF_DROP;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	dst_output(state->net, state->sk, skb);
	return NF_STOLEN;
}

void iq_element_copy(const struct iq_element *e, struct sk_buff *skb,
		     const struct nf_hook_state *state, enum ipsec_qos_element_counter which)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);
	unsigned int verdict;

	if (!copy)
		return;
	verdict = state->hook == NF_INET_LOCAL_OUT ?
		  iq_element_output(e, copy, state, which) :
		  iq_element_send(e, copy, state, which);
	if (verdict == NF_DROP)
		kfree_skb(copy);
}
