/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Targets: what an SA's packets may be sent to instead of where their address leads. Whose
 * they are, and what sending means, the core does not know: the feature that has them
 * embeds this in its own.
 */
#ifndef _IPSEC_QOS_TARGET_H
#define _IPSEC_QOS_TARGET_H

#include <linux/types.h>

struct iq_key;
struct iq_net;

/**
 * struct iq_target - where packets may be sent
 *
 * It is freed a grace period after nobody names it any more. Who wants to remove it looks
 * at @users under iq_net.table_lock: while iq_net.config_lock is held there come none new.
 * When the namespace goes it is no longer looked at: tables go without a word.
 *
 * @id: what user space calls it; never changes
 * @users: SAs whose entries name it; iq_net.table_lock
 */
struct iq_target {
	u32 id;
	u32 users;
};

/**
 * iq_target_find() - the target with this id, of whichever feature; NULL: none
 *
 * Context: process, iq_net.config_lock is held.
 */
struct iq_target *iq_target_find(struct iq_net *iqn, u32 id);

/**
 * iq_target_named() - which group and target does an SA's entry name? Their ids; 0: none
 *
 * Context: process, iq_net.config_lock is held.
 */
void iq_target_named(struct iq_net *iqn, const struct iq_key *key, u32 *group, u32 *target);

#endif /* _IPSEC_QOS_TARGET_H */
