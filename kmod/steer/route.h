/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Routes to elements: looked up when a packet needs one, and kept until they change or
 * their device goes down.
 */
#ifndef _IPSEC_QOS_STEER_ROUTE_H
#define _IPSEC_QOS_STEER_ROUTE_H

#include <linux/skbuff.h>

#include "element.h"

/**
 * iq_route_find() - the route of a packet to an element
 *
 * Under rcu_read_lock(), which the answer lives under; bottom halves are disabled. NULL:
 * there is no way there.
 */
struct dst_entry *iq_route_find(const struct iq_element *e, struct sk_buff *skb, u8 family);

#endif /* _IPSEC_QOS_STEER_ROUTE_H */
