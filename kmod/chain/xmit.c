// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/neighbour.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "core/compat.h"
#include "xmit.h"

void iq_xmit(struct sk_buff *skb, const struct iq_device_way *to)
{
	/* What this host knew of it is of no use to the next, and may mislead. */
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	secpath_reset(skb);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	skb_clear_tstamp(skb);
	skb->dev = to->dev;
	if (unlikely(to->bare))
		dev_queue_xmit(skb);
	else
		neigh_xmit(NEIGH_LINK_TABLE, to->dev, to->mac, skb);
}

/*
 * A route for ip_do_fragment(), which asks one for the device and how long fragments may
 * be. It stands on the stack, and none of the fragments has it when it is sent.
 */
struct iq_split_route {
	struct rtable rt;
	const struct iq_device_way *to;
};

static unsigned int iq_split_mtu(const struct dst_entry *dst)
{
	return READ_ONCE(dst->dev->mtu);
}

static struct dst_ops iq_split_ops = {
	.family = AF_UNSPEC,
	.mtu = iq_split_mtu,
};

static int iq_split_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct iq_split_route *r = container_of(skb_rtable(skb), struct iq_split_route, rt);

	iq_xmit(skb, r->to);
	return 0;
}

static void iq_split_one(struct sk_buff *skb, const struct iq_device_way *to)
{
	struct iq_split_route r = { .to = to };

	iq_no_route_init(&r.rt.dst, &iq_split_ops);
	r.rt.dst.dev = to->dev;
	skb_dst_drop(skb);
	skb_dst_set_noref(skb, &r.rt.dst);
	ip_do_fragment(dev_net(to->dev), NULL, skb, iq_split_out);
}

void iq_xmit_split4(struct sk_buff *skb, const struct iq_device_way *to)
{
	struct sk_buff *segs, *next;

	if (!skb_is_gso(skb)) {
		iq_split_one(skb, to);
		return;
	}
	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, segs, next) {
		skb_mark_not_on_list(segs);
		iq_split_one(segs, to);
	}
}
