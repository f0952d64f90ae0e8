/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that came in and are sent on past routing: what ip_forward() and its like would
 * refuse, and what they would tell the sender. Of PRE_ROUTING; under rcu_read_lock(), bottom
 * halves are disabled.
 */
#ifndef _IPSEC_QOS_ONWARD_H
#define _IPSEC_QOS_ONWARD_H

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/l3mdev.h>
#include <net/xfrm.h>

#include "local.h"
#include "net.h"

/**
 * iq_onward_in() - what the IP stack takes a packet to have come by
 *
 * A VRF has those of its devices itself (vrf_ip_rcv()), once they are past PRE_ROUTING,
 * where they are taken here.
 */
static inline struct net_device *iq_onward_in(const struct sk_buff *skb)
{
	return l3mdev_master_dev_rcu(skb->dev) ?: skb->dev;
}

/**
 * iq_onward_host() - is a packet that has come in for this host's link address, and for
 * nobody's socket yet? Else it goes where it would without us, as routing knows more of it.
 */
bool iq_onward_host(const struct sk_buff *skb);

/** iq_onward_forwards() - does this host forward what comes by @in (iq_onward_in())? */
bool iq_onward_forwards(const struct net_device *in, bool four);

/** iq_onward_link6() - is it from, or for, an address of its link alone? */
bool iq_onward_link6(const struct sk_buff *skb);

/**
 * iq_onward_may() - may a packet that has come in be sent on, to wherever?
 *
 * False: it goes where it would without us, as routing knows more of it: it is not for this
 * host's link address, or only bridged; it has a socket, or IP options; it comes from, or is
 * for, an address of its link alone; this host does not forward what comes from there.
 */
bool iq_onward_may(const struct sk_buff *skb, const struct nf_hook_state *state);

/**
 * iq_onward_source() - can a packet that has come in be from its source, as rp_filter and
 * accept_local have it? Behind iq_local_start().
 */
bool iq_onward_source(struct sk_buff *skb, const struct nf_hook_state *state);

/** iq_onward_reverse() - does the way to its source lead back? As rp_filter asks */
bool iq_onward_reverse(struct sk_buff *skb, struct in_device *in_dev, int out);

/**
 * iq_onward_source4() - as iq_onward_source(), of IPv4
 *
 * @in_dev: what it came by
 * @out: by which device it is to go
 */
static inline bool iq_onward_source4(const struct iq_net *iqn, struct sk_buff *skb,
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
		return iq_onward_reverse(skb, in_dev, out);
	return likely(!iq_local_may(iqn, source)) || IN_DEV_ACCEPT_LOCAL(in_dev) ||
	       inet_addr_type_dev_table(net, in_dev->dev, source) != RTN_LOCAL;
}

/** iq_onward_source6() - as ip6_forward() refuses: an answer could go to itself */
bool iq_onward_source6(const struct sk_buff *skb);

/** iq_onward_martian() - it cannot: say so where the administrator wants that; IPv4 */
void iq_onward_martian(const struct sk_buff *skb, struct in_device *in_dev);

/** iq_onward_policy4() - do the policies of the kernel let it be forwarded? */
static inline bool iq_onward_policy4(struct sk_buff *skb, struct in_device *in_dev)
{
	return IN_DEV_ORCONF(in_dev, NOPOLICY) ||
	       xfrm4_policy_check(NULL, XFRM_POLICY_FWD, skb);
}

bool iq_onward_policy6(struct sk_buff *skb, struct inet6_dev *idev);

/**
 * iq_onward_big4() - is it too long, and may not be fragmented? As of ip_forward(). Without
 * DF it is fragmented on its way out.
 */
static inline bool iq_onward_big4(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	if (unlikely(IPCB(skb)->frag_max_size > mtu))
		return true;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/** iq_onward_big6() - as of ip6_forward() */
static inline bool iq_onward_big6(const struct sk_buff *skb, u32 mtu)
{
	if (skb->len <= mtu)
		return false;
	if (unlikely(IP6CB(skb)->frag_max_size > mtu))
		return true;
	return !skb->ignore_df &&
	       !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

/**
 * iq_onward_route() - have a route at a packet of IPv4 that has none, as icmp_send() wants
 * one, and whichever does: the sender's is at hand. False: there is none
 */
bool iq_onward_route(struct sk_buff *skb);

/*
 * What the sender of a packet is told, and the host's counters are. It is dropped by who
 * says so. Of IPv4 it has a route.
 */

/** iq_onward_expired() - it has been through too many hosts */
void iq_onward_expired(struct sk_buff *skb, bool four);

/** iq_onward_too_big() - it is longer than @mtu */
void iq_onward_too_big(struct sk_buff *skb, bool four, u32 mtu);

/** iq_onward_unreachable() - there is no way to where it goes; it needs no route for that */
void iq_onward_unreachable(struct sk_buff *skb, bool four);

#endif /* _IPSEC_QOS_ONWARD_H */
