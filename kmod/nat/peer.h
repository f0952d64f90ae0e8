/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Outside ends that may not derive their SPIs, of rules that let those in: who waits for
 * an answer of each, and whose turn it is.
 */
#ifndef _IPSEC_QOS_NAT_PEER_H
#define _IPSEC_QOS_NAT_PEER_H

#include "nat.h"

/** iq_nat_peers_init() - those of a namespace; 0 or an errno */
int iq_nat_peers_init(struct iq_nat *nat);

/* iq_nat.lock is held. */

/** iq_nat_peer_join() - @e waits for its outside end, if the rule lets such in; 0 or -ENOMEM */
int iq_nat_peer_join(struct iq_nat *nat, const struct iq_nat_conf *conf,
		     struct iq_nat_entry *e);

/** iq_nat_peer_leave() - it does so no more, if it did */
void iq_nat_peer_leave(struct iq_nat *nat, struct iq_nat_entry *e);

/** iq_nat_peer_choose() - who is to have an answer that was not derived; NULL: nobody waits */
struct iq_nat_entry *iq_nat_peer_choose(struct iq_nat *nat, const struct iq_nat_rule *rule,
					const struct iq_nat_conf *conf, __be32 outside);

/** iq_nat_peer_others_turn() - is it another node's turn to wait for the end of @e? */
bool iq_nat_peer_others_turn(const struct iq_nat_conf *conf, const struct iq_nat_entry *e);

/** iq_nat_peer_overdue() - one of a rule's whose turn has lasted too long; NULL: none */
struct iq_nat_entry *iq_nat_peer_overdue(struct iq_nat_rule *rule,
					 const struct iq_nat_conf *conf);

#endif /* _IPSEC_QOS_NAT_PEER_H */
