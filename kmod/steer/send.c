// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter_bridge.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "core/classify.h"
#include "core/onward.h"
#include "route.h"
#include "send.h"

/* Room for the link's header, and for ours to be written. */
static bool iq_send_cow(struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return !skb_cow(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len);
}

/*
 * Have a packet ready to go on: with a route, and one host nearer to its end. Return: 0, or
 * what it counts as, of enum ipsec_qos_element_counter, as it is to be dropped; or -ENOMEM.
 */
static int iq_send_ready4(const struct iq_element *e, struct sk_buff *skb)
{
	struct in_device *in_dev = __in_dev_get_rcu(skb->dev);
	struct dst_entry *dst = iq_route_find(e, skb, AF_INET);
	struct net *net = dev_net(skb->dev);
	u32 mtu;

	/* It was there a moment ago (iq_onward_may()); a device's MTU may have taken it away. */
	if (unlikely(!in_dev))
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	if (!iq_onward_source4(e->iqn, skb, in_dev,
			       dst ? dst->dev->ifindex : LOOPBACK_IFINDEX)) {
		iq_onward_martian(skb, in_dev);
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	}
	if (!iq_onward_policy4(skb, in_dev))
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	if (unlikely(!dst)) {
		iq_onward_unreachable(skb, true);
		return IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
	}
	skb_forward_csum(skb);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ip_hdr(skb)->ttl <= 1)) {
		iq_onward_expired(skb, true);
		return IPSEC_QOS_ELEMENT_COUNTER_TTL;
	}
	if (!xfrm4_route_forward(skb))
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_dst_mtu_maybe_forward(skb_dst(skb), true);
	if (unlikely(iq_onward_big4(skb, mtu))) {
		iq_onward_too_big(skb, true, mtu);
		return IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG;
	}
	if (!iq_send_cow(skb))
		return -ENOMEM;
	ip_decrease_ttl(ip_hdr(skb));
	/* A group's priority stays, and need not be looked up again. */
	if (!skb->priority && READ_ONCE(net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	return 0;
}

static int iq_send_ready6(const struct iq_element *e, struct sk_buff *skb)
{
	struct dst_entry *dst = iq_route_find(e, skb, AF_INET6);
	struct inet6_dev *idev = __in6_dev_get(skb->dev);
	struct net *net = dev_net(skb->dev);
	u32 mtu;

	/* As of iq_send_ready4() */
	if (unlikely(!idev))
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	if (!iq_onward_source6(skb))
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	if (!iq_onward_policy6(skb, idev))
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	if (unlikely(!dst)) {
		iq_onward_unreachable(skb, false);
		return IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
	}
	skb_forward_csum(skb);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ipv6_hdr(skb)->hop_limit <= 1)) {
		iq_onward_expired(skb, false);
		return IPSEC_QOS_ELEMENT_COUNTER_TTL;
	}
	if (!xfrm6_route_forward(skb)) {
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INDISCARDS);
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	}
	mtu = max_t(u32, ip6_dst_mtu_maybe_forward(skb_dst(skb), true), IPV6_MIN_MTU);
	if (unlikely(iq_onward_big6(skb, mtu))) {
		iq_onward_too_big(skb, false, mtu);
		return IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG;
	}
	if (!iq_send_cow(skb))
		return -ENOMEM;
	ipv6_hdr(skb)->hop_limit--;
	return 0;
}

/* A VRF's packet, as it would be once the VRF had it. */
static void iq_send_master(struct sk_buff *skb, struct net_device *in, bool four)
{
	skb->dev = in;
	skb->skb_iif = in->ifindex;
	if (four)
		IPCB(skb)->flags |= IPSKB_L3SLAVE;
	else
		IP6CB(skb)->flags |= IP6SKB_L3SLAVE;
}

unsigned int iq_element_send(const struct iq_element *e, struct sk_buff *skb,
			     const struct nf_hook_state *state,
			     enum ipsec_qos_element_counter which)
{
	u32 packets = iq_skb_packets(skb), bytes = skb->len;
	struct net_device *in = iq_onward_in(skb);
	bool four = state->pf == NFPROTO_IPV4;
	struct dst_entry *dst;
	int why;

	if (unlikely(in != skb->dev))
		iq_send_master(skb, in, four);
	/* What a tunnel tells of itself is no route, and to be taken for none. */
	if (unlikely(skb_dst(skb) && !skb_valid_dst(skb)))
		skb_dst_drop(skb);
	why = four ? iq_send_ready4(e, skb) : iq_send_ready6(e, skb);
	if (unlikely(why)) {
		if (why > 0)
			iq_element_count(e, why, packets, bytes);
		return NF_DROP;
	}
	/* It never had an entry of connection tracking's, which comes behind this hook. */
	nf_reset_ct(skb);
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	skb_clear_tstamp(skb);
	dst = skb_dst(skb);
	/*
	 * What goes on after a queue (nf_queue) does so without this module, which may be
	 * gone by then: it is counted by none.
	 */
	if (nf_hook(state->pf, NF_INET_FORWARD, state->net, NULL, skb, in, dst->dev,
		    dst->output) != 1)
		return NF_STOLEN;
	dst = skb_dst(skb);
	if (four)
		__IP_INC_STATS(state->net, IPSTATS_MIB_OUTFORWDATAGRAMS);
	else
		__IP6_INC_STATS(state->net, ip6_dst_idev(dst), IPSTATS_MIB_OUTFORWDATAGRAMS);
	iq_element_count(e, which, packets, bytes);
	dst_output(state->net, NULL, skb);
	return NF_STOLEN;
}
