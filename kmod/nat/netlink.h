/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about translation.
 */
#ifndef _IPSEC_QOS_NAT_NETLINK_H
#define _IPSEC_QOS_NAT_NETLINK_H

#include "core/netlink.h"
#include "nat.h"

extern const struct iq_ops iq_nat_ops;

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
