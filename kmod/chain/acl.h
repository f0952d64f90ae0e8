/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may enter a service's chain: an ordered list of rules. The first that fits says;
 * where none does, the packet is dropped.
 */
#ifndef _IPSEC_QOS_CHAIN_ACL_H
#define _IPSEC_QOS_CHAIN_ACL_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/netdevice.h>
#include <net/ipv6.h>

#include "core/counter.h"

struct iq_acl;
struct iq_chains;

/**
 * struct iq_rule - a rule as it is configured
 *
 * @dev: an interface's name; empty: whichever
 * @addr: network order; of IPv4 the first word
 * @len: of the prefix; 0: whichever
 */
struct iq_rule {
	char dev[IFNAMSIZ];
	struct in6_addr addr;
	u8 len;
	bool allow;
};


/** iq_len_mask() - the bits of a prefix */
static inline void iq_len_mask(struct in6_addr *mask, u8 len)
{
	struct in6_addr ones;

	memset(&ones, 0xff, sizeof(ones));
	ipv6_addr_prefix(mask, &ones, len);
}

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

/* All below: process context, iq_net.config_lock is held. */

/** iq_acl_make() - of rules, in order, which are copied; it is held once. Or ERR_PTR(-ENOMEM) */
struct iq_acl *iq_acl_make(struct iq_chains *ch, u8 family, const struct iq_rule *rule, u32 n);

/** iq_acl_hold() - once more */
void iq_acl_hold(struct iq_acl *acl);

/** iq_acl_let() - no longer hold it; packets may go on for a grace period. NULL: nothing */
void iq_acl_let(struct iq_acl *acl);

/** iq_acl_same() - is it of just these rules? */
bool iq_acl_same(const struct iq_acl *acl, const struct iq_rule *rule, u32 n);

/** iq_acl_rules() - so many it has */
u32 iq_acl_rules(const struct iq_acl *acl);

/** iq_acl_rule() - the i-th, and what was counted by it */
const struct iq_rule *iq_acl_rule(const struct iq_acl *acl, u32 i, struct iq_count *count);

/** iq_acls_resolve() - interfaces are others than they were; RTNL is taken */
void iq_acls_resolve(struct iq_chains *ch);

#endif /* _IPSEC_QOS_CHAIN_ACL_H */
