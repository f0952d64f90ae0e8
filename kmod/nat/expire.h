/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries that are over, or that somebody has go.
 */
#ifndef _IPSEC_QOS_NAT_EXPIRE_H
#define _IPSEC_QOS_NAT_EXPIRE_H

#include "nat.h"

/** iq_nat_expire_work() - of iq_nat.expire */
void iq_nat_expire_work(struct work_struct *work);

/*
 * Context: process; iq_net.config_lock is held, or there are no packets and requests
 * any more.
 */

/** iq_nat_flush() - entries of @rule, or all; returns how many went */
u32 iq_nat_flush(struct iq_nat *nat, struct iq_nat_rule *rule);

/**
 * iq_nat_clear() - likewise of @rule; @fresh: but for those that are confirmed
 *
 * They are looked at in the order of how far they are, as they may get further
 * meanwhile.
 */
u32 iq_nat_clear(struct iq_nat *nat, struct iq_nat_rule *rule, bool fresh);

#endif /* _IPSEC_QOS_NAT_EXPIRE_H */
