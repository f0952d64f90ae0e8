/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about steering: a file for each of its
 * objects, and what they share.
 */
#ifndef _IPSEC_QOS_STEER_NETLINK_H
#define _IPSEC_QOS_STEER_NETLINK_H

#include "core/netlink.h"
#include "element.h"
#include "pool.h"
#include "prefix.h"

/* Those of elements; the others are behind it. */
extern const struct iq_ops iq_element_ops;
extern const struct iq_ops iq_pool_ops;
extern const struct iq_ops iq_prefix_ops;
extern const struct iq_ops iq_steer_test_ops;

/* Of an object, whole; iq_net.config_lock is held. 0 or -EMSGSIZE */
int iq_put_element(struct sk_buff *skb, struct iq_element *e);
int iq_put_pool(struct sk_buff *skb, const struct iq_pool *p, bool tables);
int iq_put_prefix(struct sk_buff *skb, const struct iq_prefix *p);

/* What these need at most */
size_t iq_element_size(void);
size_t iq_pool_size(const struct iq_pool *p, bool tables);
size_t iq_prefix_size(void);

#endif /* _IPSEC_QOS_STEER_NETLINK_H */
