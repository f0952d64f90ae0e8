/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ceilings of translation: who gives way to whom where there may be no more entries.
 */
#ifndef _IPSEC_QOS_NAT_CEILING_H
#define _IPSEC_QOS_NAT_CEILING_H

#include "nat.h"

/* iq_nat.lock is held. */

/**
 * iq_nat_room() - make room for another entry of a node, which there may be none of yet
 *
 * Its own ceiling comes first, so that it takes nothing from others, then the rule's
 * and the namespace's. False: nobody gives way.
 */
bool iq_nat_room(struct iq_nat *nat, struct iq_nat_rule *rule,
		 const struct iq_nat_conf *conf, __be32 inside);

/** iq_nat_room_of_node() - likewise, as far as the node's ceiling goes */
bool iq_nat_room_of_node(struct iq_nat *nat, struct iq_nat_rule *rule,
			 const struct iq_nat_conf *conf, __be32 inside);

/** iq_nat_evict_of_rule() - one of a rule's that is not confirmed goes; false: none */
bool iq_nat_evict_of_rule(struct iq_nat *nat, struct iq_nat_rule *rule);

#endif /* _IPSEC_QOS_NAT_CEILING_H */
