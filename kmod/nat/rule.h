/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules of translation: whose packets are translated, and how.
 */
#ifndef _IPSEC_QOS_NAT_RULE_H
#define _IPSEC_QOS_NAT_RULE_H

#include "nat.h"

/* iq_net.config_lock is held for all but iq_nat_alloc(). */

/** iq_nat_rule_find() - by the user's id; NULL: none */
struct iq_nat_rule *iq_nat_rule_find(const struct iq_nat *nat, u32 id);

/**
 * iq_nat_rule_set() - add a rule or change it
 *
 * @conf: taken over, if that goes well
 *
 * What waits goes, where the scheme changes.
 */
int iq_nat_rule_set(struct iq_nat *nat, u32 id, struct iq_nat_conf *conf);

/** iq_nat_rule_del() - with its entries */
void iq_nat_rule_del(struct iq_nat *nat, struct iq_nat_rule *rule);

/** iq_nat_rule_free_rcu() - of a rule whose namespace goes, with its entries gone */
void iq_nat_rule_free_rcu(struct rcu_head *rcu);

/**
 * iq_nat_alloc() - memory for a rule's entries and what they need, of zeroes
 *
 * It is charged to who made the rule; who is not the machine's administrator does not
 * get past the limit of his memory group either. Any context; may be NULL.
 */
void *iq_nat_alloc(const struct iq_nat_rule *rule, const struct iq_nat_conf *conf,
		   size_t size);

#endif /* _IPSEC_QOS_NAT_RULE_H */
