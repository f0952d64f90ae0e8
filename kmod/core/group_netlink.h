/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about groups.
 */
#ifndef _IPSEC_QOS_GROUP_NETLINK_H
#define _IPSEC_QOS_GROUP_NETLINK_H

#include "event.h"
#include "netlink.h"

extern const struct iq_ops iq_group_ops;

/* Tells user space what happens to groups, and of ceilings. */
extern const struct iq_listener iq_netlink_listener;

#endif /* _IPSEC_QOS_GROUP_NETLINK_H */
