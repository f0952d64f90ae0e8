/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tagging has of its own in a network namespace: its tables, their followers, and
 * totals.
 */
#ifndef _IPSEC_QOS_TAG_STATE_H
#define _IPSEC_QOS_TAG_STATE_H

#include <linux/workqueue.h>

#include "core/net.h"
#include "table.h"

struct iq_claims;
struct iq_fallback;

/**
 * enum iq_total - what is counted of the packets of a namespace
 *
 * @IQ_TOTAL_UNTAGGED: plus an enum ipsec_qos_untagged: they have no group, and why
 * @IQ_TOTAL_MALFORMED: they could not be parsed
 * @IQ_TOTAL_LEFT: bits of their marks were left to others
 */
enum iq_total {
	IQ_TOTAL_UNTAGGED,
	IQ_TOTAL_MALFORMED = IQ_TOTAL_UNTAGGED + __IPSEC_QOS_UNTAGGED_MAX,
	IQ_TOTAL_LEFT,
	__IQ_TOTAL_MAX
};

/**
 * struct iq_tag - state of a namespace
 *
 * @iqn: the namespace
 * @total: counters of enum iq_total, per CPU
 * @claimed: bits of skb->mark that policies or SAs of the kernel's want; what of
 *	them is ours is asked in claim.c. Written under a lock of its own.
 * @left_group: id of the group whose bits were left to others last; 0: none
 * @fallback: see fallback.h, NULL: there is none; RCU, written under
 *	iq_net.config_lock
 * @tables: the SA and the IKE table, by enum iq_table_id
 * @claims: what others want of marks, see claims.h; set before the first hook is
 *	registered, for good
 *
 * @audit: number of the last audit against the SAD; iq_net.table_lock
 * @audit_work: runs one
 * @expire_at: jiffies when the next entry may expire; iq_net.table_lock
 * @expire_armed: there is one; iq_net.table_lock
 * @expire_work: removes what has expired
 *
 * @own_sas: this host has SAs, or did while there was something to tag with;
 *	iq_net.config_lock
 * @scrub: it counts as one that scrub.c is needed for; iq_net.config_lock
 * @scrubbers: devices that hide its SAs, see scrub.c; RCU
 */
struct iq_tag {
	struct iq_net *iqn;
	struct iq_counter __percpu *total;
	u32 claimed;
	u32 left_group;
	struct iq_fallback __rcu *fallback;
	struct iq_table tables[__IQ_TABLE_MAX];
	struct iq_claims *claims;

	u32 audit;
	struct delayed_work audit_work;
	unsigned long expire_at;
	bool expire_armed;
	struct delayed_work expire_work;

	bool own_sas;
	bool scrub;
	struct list_head scrubbers;
};

/**
 * iq_tag() - what tagging has in a namespace
 *
 * Packets of its hooks, and requests, find it there. What comes unasked, from SAD, SPD
 * or devices, looks at iq_net.dead first.
 */
static inline struct iq_tag *iq_tag(const struct iq_net *iqn)
{
	return iqn->state[IQ_FEATURE_TAG];
}

#endif /* _IPSEC_QOS_TAG_STATE_H */
