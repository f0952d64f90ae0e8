/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may enter a service's chain: an ordered list of rules. The first that fits says;
 * where none does, the packet is dropped.
 */
#ifndef _IPSEC_QOS_CHAIN_ACL_H
#define _IPSEC_QOS_CHAIN_ACL_H

#include <linux/netdevice.h>

struct iq_acl;

/**
 * iq_acl_allow() - may a packet enter? Counted at the rule that says so.
 *
 * @in: the interface that it came in by
 * @client: 4 or 16 bytes in network order
 *
 * Under rcu_read_lock(), bottom halves are disabled.
 */
bool iq_acl_allow(struct iq_acl *acl, const struct net_device *in, u8 family,
		  const void *client, u32 packets, u32 bytes);

#endif /* _IPSEC_QOS_CHAIN_ACL_H */
