// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter_bridge.h>
#include <net/addrconf.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "compat.h"
#include "onward.h"

bool iq_onward_host(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	const struct nf_bridge_info *bridge = nf_bridge_info_get(skb);

	/* br_netfilter says of all frames that they are for this host. */
	if (unlikely(bridge) && bridge->pkt_otherhost)
		return false;
#endif
	return skb->pkt_type == PACKET_HOST && !skb->sk && !skb_warn_if_lro(skb);
}

static bool iq_onward_forwards4(const struct net_device *in)
{
	struct in_device *in_dev = __in_dev_get_rcu(in);

	return in_dev && IN_DEV_FORWARD(in_dev);
}

static bool iq_onward_forwards6(const struct net_device *in)
{
	const struct inet6_dev *idev = __in6_dev_get(in);

	return idev && (READ_ONCE(dev_net(in)->ipv6.devconf_all->forwarding) ||
			iq_force_forwarding(idev));
}

bool iq_onward_forwards(const struct net_device *in, bool four)
{
	return four ? iq_onward_forwards4(in) : iq_onward_forwards6(in);
}

bool iq_onward_link6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);

	return (ipv6_addr_type(&ip->saddr) | ipv6_addr_type(&ip->daddr)) & IPV6_ADDR_LINKLOCAL;
}

bool iq_onward_may(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct net_device *in;

	if (!iq_onward_host(skb))
		return false;
	in = iq_onward_in(skb);
	if (state->pf == NFPROTO_IPV4)
		return ip_hdr(skb)->ihl == 5 && iq_onward_forwards4(in);
	return !(IP6CB(skb)->flags & IP6SKB_ROUTERALERT) && !iq_onward_link6(skb) &&
	       iq_onward_forwards6(in);
}

/*
 * The way back, as fib_validate_source() has it, which modules cannot call: with rp_filter,
 * the source's own route has to lead where the packet came from (1), or anywhere (2).
 */
bool iq_onward_reverse(struct sk_buff *skb, struct in_device *in_dev, int out)
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

bool iq_onward_source6(const struct sk_buff *skb)
{
	int type = ipv6_addr_type(&ipv6_hdr(skb)->saddr);

	return type != IPV6_ADDR_ANY && !(type & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK));
}

bool iq_onward_source(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct in_device *in_dev;

	if (state->pf != NFPROTO_IPV4)
		return iq_onward_source6(skb);
	in_dev = __in_dev_get_rcu(iq_onward_in(skb));
	return in_dev && iq_onward_source4(iq_net(state->net), skb, in_dev, LOOPBACK_IFINDEX);
}

void iq_onward_martian(const struct sk_buff *skb, struct in_device *in_dev)
{
	if (IN_DEV_LOG_MARTIANS(in_dev))
		net_warn_ratelimited("martian source %pI4 from %pI4, on dev %s\n",
				     &ip_hdr(skb)->daddr, &ip_hdr(skb)->saddr,
				     in_dev->dev->name);
}

bool iq_onward_policy6(struct sk_buff *skb, struct inet6_dev *idev)
{
	struct net *net = dev_net(skb->dev);

	if (READ_ONCE(net->ipv6.devconf_all->disable_policy) ||
	    READ_ONCE(idev->cnf.disable_policy) ||
	    xfrm6_policy_check(NULL, XFRM_POLICY_FWD, skb))
		return true;
	__IP6_INC_STATS(net, idev, IPSTATS_MIB_INDISCARDS);
	return false;
}

bool iq_onward_route(struct sk_buff *skb)
{
	struct flowi4 fl4 = {
		.daddr = ip_hdr(skb)->saddr,
		.flowi4_oif = l3mdev_master_ifindex_rcu(skb->dev),
	};
	struct rtable *rt;

	if (skb_dst(skb))
		return true;
	rt = ip_route_output_key(dev_net(skb->dev), &fl4);
	if (IS_ERR(rt))
		return false;
	skb_dst_set(skb, &rt->dst);
	return true;
}

void iq_onward_expired(struct sk_buff *skb, bool four)
{
	struct net *net = dev_net(skb->dev);

	if (four) {
		__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
	} else {
		icmpv6_send(skb, ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT, 0);
		__IP6_INC_STATS(net, __in6_dev_get(skb->dev), IPSTATS_MIB_INHDRERRORS);
	}
}

void iq_onward_too_big(struct sk_buff *skb, bool four, u32 mtu)
{
	struct net *net = dev_net(skb->dev);

	if (four) {
		__IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	} else {
		icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
		__IP6_INC_STATS(net, __in6_dev_get(skb->dev), IPSTATS_MIB_INTOOBIGERRORS);
	}
}

void iq_onward_unreachable(struct sk_buff *skb, bool four)
{
	if (!four)
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
	else if (iq_onward_route(skb))
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
}
