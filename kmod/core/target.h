/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Targets: what an SA's packets may be sent to instead of where their address leads. Whose
 * they are, and what sending means, the core does not know: the feature that has them
 * embeds this in its own.
 */
#ifndef _IPSEC_QOS_TARGET_H
#define _IPSEC_QOS_TARGET_H

#include <linux/types.h>

/**
 * struct iq_target - where packets may be sent
 *
 * It is freed a grace period after nobody names it any more.
 *
 * @id: what user space calls it; never changes
 * @users: SAs whose entries name it; iq_net.table_lock
 */
struct iq_target {
	u32 id;
	u32 users;
};

#endif /* _IPSEC_QOS_TARGET_H */
