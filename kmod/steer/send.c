// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/netfilter_bridge.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "core/classify.h"
#include "core/compat.h"
#include "local.h"
#include "route.h"
#include "send.h"

/*
 * What the IP stack takes a packet to have come by: a VRF has those of its devices itself
 * (vrf_ip_rcv()), once they are past PRE_ROUTING, where they are taken here.
 */
static struct net_device *iq_send_in(const struct sk_buff *skb)
{
	return l3mdev_master_dev_rcu(skb->dev) ?: skb->dev;
}

static bool iq_send_may4(const struct sk_buff *skb, const struct net_device *in)
{
	struct in_device *in_dev = __in_dev_get_rcu(in);

	return ip_hdr(skb)->ihl == 5 && in_dev && IN_DEV_FORWARD(in_dev);
}

static bool iq_send_may6(const struct sk_buff *skb, const struct net_device *in)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	const struct inet6_dev *idev = __in6_dev_get(in);

	if (!idev || IP6CB(skb)->flags & IP6SKB_ROUTERALERT ||
	    (ipv6_addr_type(&ip->saddr) | ipv6_addr_type(&ip->daddr)) & IPV6_ADDR_LINKLOCAL)
		return false;
	return READ_ONCE(dev_net(in)->ipv6.devconf_all->forwarding) ||
	       iq_force_forwarding(idev);
}

bool iq_element_may(const struct sk_buff *skb, const struct nf_hook_state *state)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	/* br_netfilter says of all frames that they are for this host. */
	if (unlikely(bridge) && bridge->pkt_otherhost)
		return false;
#endif
	if (skb->pkt_type != PACKET_HOST || skb->sk || skb_warn_if_lro(skb))
		return false;
	return state->pf == NFPROTO_IPV4 ? iq_send_may4(skb, iq_send_in(skb)) :
					   iq_send_may6(skb, iq_send_in(skb));
}

/*
 * The way back, as fib_validate_source() has it, which modules cannot call: with rp_filter,
 * the source's own route has to lead where the packet came from (1), or anywhere (2).
 */
static bool iq_source_reverse(struct sk_buff *skb, struct in_device *in_dev, int out)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct net *net = dev_net(in_dev->dev);
	struct flowi4 fl4 = {
		.flowi4_iif = out,
		.flowi4_l3mdev = l3mdev_master_ifindex_rcu(in_dev->dev),
		.daddr = ip->saddr,
		.saddr = ip->daddr,
		.flowi4_uid = sock_net_uid(net, NULL),
		.flowi4_mark = IN_DEV_SRC_VMARK(in_dev) ? skb->mark : 0,
	};
	struct flow_keys keys;
	struct fib_result res;

	iq_flow_dscp(&fl4, ip);
	if (fib4_rules_early_flow_dissect(net, skb, &fl4, &keys))
		swap(fl4.fl4_sport, fl4.fl4_dport);
	if (fib_lookup(net, &fl4, &res, 0))
		return false;
	if (res.type != RTN_UNICAST &&
	    (res.type != RTN_LOCAL || !IN_DEV_ACCEPT_LOCAL(in_dev)))
		return false;
	if (fib_info_nh_uses_dev(res.fi, in_dev->dev))
		return true;
	return IN_DEV_RPFILTER(in_dev) != 1 && rcu_access_pointer(in_dev->ifa_list);
}

/* @out: by which device it is to go */
static bool iq_source_valid(const struct iq_steer *st, struct sk_buff *skb,
			    struct in_device *in_dev, int out)
{
	struct net *net = dev_net(in_dev->dev);
	__be32 source = ip_hdr(skb)->saddr;

	/* It has been checked, or is from this host, and loops. */
	if (skb_dst(skb))
		return true;
	if (ipv4_is_multicast(source) || ipv4_is_lbcast(source) || ipv4_is_zeronet(source))
		return false;
	if (ipv4_is_loopback(source) && !IN_DEV_NET_ROUTE_LOCALNET(in_dev, net))
		return false;
	if (IN_DEV_RPFILTER(in_dev) && !secpath_exists(skb))
		return iq_source_reverse(skb, in_dev, out);
	return likely(!iq_local_may(st, source)) || IN_DEV_ACCEPT_LOCAL(in_dev) ||
	       inet_addr_type_dev_table(net, in_dev->dev, source) != RTN_LOCAL;
}

/* As ip6_forward() refuses: an answer, such as an ICMP error, could go to itself. */
static bool iq_source_valid6(const struct sk_buff *skb)
{
	int type = ipv6_addr_type(&ipv6_hdr(skb)->saddr);

	return type != IPV6_ADDR_ANY && !(type & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK));
}

bool iq_element_source(struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iq_steer *st = iq_steer(iq_net(state->net));
	struct in_device *in_dev;

	if (state->pf != NFPROTO_IPV4)
		return iq_source_valid6(skb);
	in_dev = __in_dev_get_rcu(iq_send_in(skb));
	return in_dev && iq_source_valid(st, skb, in_dev, LOOPBACK_IFINDEX);
}

static noinline int iq_martian4(const struct sk_buff *skb, struct in_device *in_dev)
{
	if (IN_DEV_LOG_MARTIANS(in_dev))
		net_warn_ratelimited("martian source %pI4 from %pI4, on dev %s\n",
				     &ip_hdr(skb)->daddr, &ip_hdr(skb)->saddr,
				     in_dev->dev->name);
	return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
}

/*
 * There is no way to the element: say so, as who routes would. __icmp_send() wants a route
 * at the packet, and whichever does; the sender's is at hand.
 */
static noinline int iq_unreachable4(struct sk_buff *skb)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->saddr,
		.flowi4_oif = l3mdev_master_ifindex_rcu(skb->dev),
	};
	struct rtable *rt;

	if (!skb_dst(skb)) {
		rt = ip_route_output_key(dev_net(skb->dev), &fl4);
		if (IS_ERR(rt))
			return IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
		skb_dst_set(skb, &rt->dst);
	}
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	return IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
}

/* As of ip_forward(). Without DF the output fragments it. */
static bool iq_too_big4(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	if (unlikely(IPCB(skb)->frag_max_size > mtu))
		return true;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/* As of ip6_forward() */
static bool iq_too_big6(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu)
		return false;
	if (unlikely(IP6CB(skb)->frag_max_size > mtu))
		return true;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

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

	/* It was there a moment ago (iq_element_may()); a device's MTU may have taken it away. */
	if (unlikely(!in_dev))
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	if (!iq_source_valid(iq_steer(e->iqn), skb, in_dev,
			     dst ? dst->dev->ifindex : LOOPBACK_IFINDEX))
		return iq_martian4(skb, in_dev);
	if (!IN_DEV_ORCONF(in_dev, NOPOLICY) &&
	    !xfrm4_policy_check(NULL, XFRM_POLICY_FWD, skb))
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	if (unlikely(!dst))
		return iq_unreachable4(skb);
	skb_forward_csum(skb);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ip_hdr(skb)->ttl <= 1)) {
		__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return IPSEC_QOS_ELEMENT_COUNTER_TTL;
	}
	if (!xfrm4_route_forward(skb))
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_dst_mtu_maybe_forward(skb_dst(skb), true);
	if (unlikely(iq_too_big4(skb, mtu))) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
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
	if (!iq_source_valid6(skb))
		return IPSEC_QOS_ELEMENT_COUNTER_MARTIAN;
	if (!READ_ONCE(net->ipv6.devconf_all->disable_policy) &&
	    !READ_ONCE(idev->cnf.disable_policy) &&
	    !xfrm6_policy_check(NULL, XFRM_POLICY_FWD, skb)) {
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INDISCARDS);
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	}
	if (unlikely(!dst)) {
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
		return IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
	}
	skb_forward_csum(skb);
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, dst);
	if (unlikely(ipv6_hdr(skb)->hop_limit <= 1)) {
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INHDRERRORS);
		return IPSEC_QOS_ELEMENT_COUNTER_TTL;
	}
	if (!xfrm6_route_forward(skb)) {
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INDISCARDS);
		return IPSEC_QOS_ELEMENT_COUNTER_POLICY;
	}
	mtu = max_t(u32, ip6_dst_mtu_maybe_forward(skb_dst(skb), true), IPV6_MIN_MTU);
	if (unlikely(iq_too_big6(skb, mtu))) {
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INTOOBIGERRORS);
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
	struct net_device *in = iq_send_in(skb);
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
