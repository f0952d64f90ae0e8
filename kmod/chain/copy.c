// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

#include "core/classify.h"
#include "core/compat.h"
#include "copy.h"
#include "rewrite.h"
#include "tell.h"
#include "xmit.h"

/* Is it too long for the tap's interface? Nobody is told: the packet itself is not. */
static bool iq_copy_too_big(const struct sk_buff *skb, u32 mtu)
{
	return skb->len > mtu && !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

static void iq_copy_send(struct iq_device *d, struct sk_buff *skb,
			 const struct iq_device_way *to)
{
	u32 packets = iq_skb_packets(skb), bytes = skb->len;

	if (iq_copy_too_big(skb, READ_ONCE(to->dev->mtu))) {
		iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_TOO_BIG, packets, bytes);
		kfree_skb(skb);
		return;
	}
	skb_forward_csum(skb);
	iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT, packets, bytes);
	iq_xmit(skb, to);
}

/* A device would sum up what is not there any more. */
static bool iq_copy_cut_one(struct sk_buff *skb, u32 snap)
{
	if (skb->len <= snap)
		return true;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return false;
	return !pskb_trim_rcsum(skb, snap);
}

static void iq_copy_cut(struct iq_device *d, struct sk_buff *skb, u32 snap,
			const struct iq_device_way *to)
{
	struct sk_buff *segs = skb, *next;

	if (skb_is_gso(skb)) {
		segs = skb_gso_segment(skb, NETIF_F_SG);
		if (IS_ERR_OR_NULL(segs)) {
			iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_RATE, iq_skb_packets(skb),
					skb->len);
			kfree_skb(skb);
			return;
		}
		consume_skb(skb);
	}
	skb_list_walk_safe(segs, segs, next) {
		skb_mark_not_on_list(segs);
		if (iq_copy_cut_one(segs, snap)) {
			iq_copy_send(d, segs, to);
			continue;
		}
		iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_RATE, 1, segs->len);
		kfree_skb(segs);
	}
}

void iq_copy(const struct iq_pass *p, struct iq_device *d, const struct iq_view *v)
{
	struct iq_tuple t = p->tuple;
	struct iq_device_way to;
	struct sk_buff *copy;
	u32 snap;

	if (!iq_device_way(d, IQ_FORWARD, &to) || !(READ_ONCE(to.dev->flags) & IFF_UP)) {
		iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_NO_WAY, p->packets, p->bytes);
		return;
	}
	if (!iq_rate_take(&d->tokens, p->packets, READ_ONCE(d->rate)))
		goto rate;
	copy = __pskb_copy(p->skb, max(skb_headroom(p->skb), iq_xmit_room(&to)), GFP_ATOMIC);
	if (!copy)
		goto rate;
	iq_tuple_point(&t, copy, p->four);
	if (v && !iq_rewrite(copy, p->four, &t, p->course.way == IQ_FORWARD, v)) {
		kfree_skb(copy);
		goto rate;
	}
	if (unlikely(p->traced))
		iq_tell_copied(p, d, &to, &t, copy->len);
	snap = READ_ONCE(d->snap);
	if (snap && copy->len > snap)
		iq_copy_cut(d, copy, snap, &to);
	else
		iq_copy_send(d, copy, &to);
	return;

rate:
	iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_RATE, p->packets, p->bytes);
}
