/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about translation.
 */
#ifndef _IPSEC_QOS_NAT_NETLINK_H
#define _IPSEC_QOS_NAT_NETLINK_H

#include <net/genetlink.h>

#include "nat.h"

extern const struct nla_policy iq_nat_rule_new_request[IPSEC_QOS_A_MAX + 1];
extern const struct nla_policy iq_nat_rule_del_request[IPSEC_QOS_A_MAX + 1];
extern const struct nla_policy iq_nat_filter_request[IPSEC_QOS_A_MAX + 1];

int iq_cmd_nat_rule_new(struct sk_buff *skb, struct genl_info *info);
int iq_cmd_nat_rule_del(struct sk_buff *skb, struct genl_info *info);
int iq_dump_nat_rules(struct sk_buff *skb, struct netlink_callback *cb);
int iq_dump_nat_start(struct netlink_callback *cb);
int iq_dump_nat(struct sk_buff *skb, struct netlink_callback *cb);
int iq_dump_nat_done(struct netlink_callback *cb);
int iq_cmd_nat_flush(struct sk_buff *skb, struct genl_info *info);

/** iq_event_nat() - what happened to entries; iq_nat.lock is held */
void iq_event_nat(struct iq_nat *nat, enum ipsec_qos_event event,
		  struct iq_nat_entry *const *entries, unsigned int n);

/**
 * iq_event_nat_collision() - a packet fits @entries; at most one a second and rule
 *
 * Context: iq_nat.lock is held.
 */
void iq_event_nat_collision(struct iq_nat *nat, struct iq_nat_rule *rule,
			    struct iq_nat_entry *const *entries, unsigned int n);

/**
 * iq_event_nat_ceiling() - there may be no more entries; at most one a second and rule
 *
 * @inside: of that node; 0: of the rule
 *
 * Context: iq_nat.lock is held.
 */
void iq_event_nat_ceiling(struct iq_nat *nat, struct iq_nat_rule *rule, __be32 inside);

#endif /* _IPSEC_QOS_NAT_NETLINK_H */
