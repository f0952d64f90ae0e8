/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames to a device: no routing, no neighbour look-up, no netfilter.
 */
#ifndef _IPSEC_QOS_CHAIN_XMIT_H
#define _IPSEC_QOS_CHAIN_XMIT_H

#include <linux/skbuff.h>

#include "device.h"

/** iq_xmit_room() - so much room a packet needs ahead of its IP header */
static inline unsigned int iq_xmit_room(const struct iq_device_way *to)
{
	return LL_RESERVED_SPACE(to->dev);
}

/** iq_xmit() - send a packet that is as long as it may be, and has that room; it is gone */
void iq_xmit(struct sk_buff *skb, const struct iq_device_way *to);

/** iq_xmit_split4() - likewise one that is too long: in fragments of @mtu at most; IPv4 */
void iq_xmit_split4(struct sk_buff *skb, const struct iq_device_way *to);

#endif /* _IPSEC_QOS_CHAIN_XMIT_H */
