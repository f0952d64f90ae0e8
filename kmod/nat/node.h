/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside nodes: how many entries each has.
 */
#ifndef _IPSEC_QOS_NAT_NODE_H
#define _IPSEC_QOS_NAT_NODE_H

#include "nat.h"

/** iq_nat_nodes_init() - those of a namespace; 0 or an errno */
int iq_nat_nodes_init(struct iq_nat *nat);

/* iq_nat.lock is held. */

/** iq_nat_node_find() - of @rule, by its address; NULL: it has no entry */
struct iq_nat_node *iq_nat_node_find(struct iq_nat *nat,
				     const struct iq_nat_rule *rule, __be32 inside);

/** iq_nat_node_join() - it has one more entry; NULL: no memory */
struct iq_nat_node *iq_nat_node_join(struct iq_nat *nat, struct iq_nat_rule *rule,
				     const struct iq_nat_conf *conf, __be32 inside);

/** iq_nat_node_leave() - it has one less */
void iq_nat_node_leave(struct iq_nat *nat, struct iq_nat_node *node);

#endif /* _IPSEC_QOS_NAT_NODE_H */
