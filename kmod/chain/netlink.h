/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about chains: a file for each of its
 * objects.
 */
#ifndef _IPSEC_QOS_CHAIN_NETLINK_H
#define _IPSEC_QOS_CHAIN_NETLINK_H

#include "core/netlink.h"
#include "core/object.h"

/* Those of devices; the others are behind it. */
extern const struct iq_ops iq_device_ops;
extern const struct iq_ops iq_chain_ops;
extern const struct iq_ops iq_service_ops;

/* Of an object, see struct iq_object_type. */
int iq_put_device(struct sk_buff *skb, struct iq_object *o, bool whole);
int iq_put_chain(struct sk_buff *skb, struct iq_object *o, bool whole);
int iq_put_service(struct sk_buff *skb, struct iq_object *o, bool whole);
size_t iq_device_size(const struct iq_object *o, bool whole);
size_t iq_chain_size(const struct iq_object *o, bool whole);
size_t iq_service_size(const struct iq_object *o, bool whole);

#endif /* _IPSEC_QOS_CHAIN_NETLINK_H */
