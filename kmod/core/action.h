/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Actions, and the numbers by which tables name them. A group has a number, and so has
 * each pair of a group and a target that entries name (pair.h).
 */
#ifndef _IPSEC_QOS_ACTION_H
#define _IPSEC_QOS_ACTION_H

#include "net.h"
#include "target.h"

struct iq_group;
struct netlink_ext_ack;
struct nlattr;

/*
 * An action's DSCP where its group is nobody (iq_group_nobody()): it is not tagged, and the
 * fall-back may be asked. So what is tagged needs no branch of its own for it.
 */
#define IQ_DSCP_UNTAGGED	64

/**
 * struct iq_action - what is done to packets of those whose entries name a group, a
 * target, or both, and all else that they need of it, within one cache line
 *
 * It never changes: a group that is to do something else gets another one.
 *
 * @rcu: frees it
 * @group: whose it is; while an entry names it, or did a grace period ago. Never NULL:
 *	of an entry that names no group, one with the id 0
 * @target: where packets that arrive are sent; NULL: nowhere else
 * @counter: its counters
 * @mark: bits of skb->mark to set, none outside of @mask
 * @mask: bits of skb->mark to change
 * @priority: skb->priority; 0: left alone
 * @dscp: of the outer header, 0 to 63; -1: left alone; IQ_DSCP_UNTAGGED
 * @mark_clear: instead of @mark for what is just out of an SA; often the same
 */
struct iq_action {
	struct rcu_head rcu;
	struct iq_group *group;
	const struct iq_target *target;
	struct iq_counter __percpu *counter;
	u32 mark;
	u32 mask;
	u32 priority;
	int dscp;
	u32 mark_clear;
};

/**
 * struct iq_actions - actions by number, which is small for the tables' sake
 *
 * @n: how many numbers; 0 is nobody's
 * @action: of each; where nobody has the number, not to be read
 */
struct iq_actions {
	struct rcu_head rcu;
	u32 n;
	struct iq_action __rcu *action[];
};

/**
 * iq_number_take() - a number that nobody has; with room for its action
 *
 * @attr: what needs it, for errors
 *
 * Context: process, iq_net.config_lock is held.
 * Return: the number, or an errno; -ENOSPC: all there are, IQ_STORE_VALUES - 1, are taken
 */
int iq_number_take(struct iq_net *iqn, const struct nlattr *attr,
		   struct netlink_ext_ack *extack);

/** iq_number_give() - it is nobody's any more, and nobody has read it in a table */
void iq_number_give(struct iq_net *iqn, u32 number);

/**
 * iq_number_lose() - who has a number is found no longer: iq_number_back() follows, behind a
 * grace period, as who has read it in a table uses it within one. Any context.
 *
 * Who needs one meanwhile, where all are taken, waits for it.
 */
void iq_number_lose(struct iq_net *iqn);

/** iq_number_back() - one that was lost is nobody's any more; any context */
void iq_number_back(struct iq_net *iqn, u32 number);

/** iq_number_act() - what packets find from now on; iq_net.config_lock is held */
void iq_number_act(struct iq_net *iqn, u32 number, struct iq_action *a);

/** iq_number_exit() - the namespace goes, and all numbers have been given back */
void iq_number_exit(struct iq_net *iqn);

/**
 * iq_action_numbered() - what is done to the packets of who has a number in a table
 *
 * Under rcu_read_lock() or iq_net.table_lock, whose holders have bottom halves
 * disabled, which is as good; or under iq_net.config_lock.
 */
static inline const struct iq_action *
iq_action_numbered(const struct iq_net *iqn, u32 number)
{
	const struct iq_actions *actions =
		rcu_dereference_check(iqn->actions, lockdep_is_held(&iqn->table_lock) ||
						    lockdep_is_held(&iqn->config_lock));

	return rcu_dereference_check(actions->action[number],
				     lockdep_is_held(&iqn->table_lock) ||
				     lockdep_is_held(&iqn->config_lock));
}

/** iq_action_count() - of a packet; bottom halves are disabled */
static inline void iq_action_count(const struct iq_action *a,
				   enum ipsec_qos_counter which, u32 packets,
				   u32 bytes)
{
	iq_counter_add(a->counter, which, packets, bytes);
}

/** iq_action_tags() - does the entry name a group? @a: NULL: there is no entry */
static inline bool iq_action_tags(const struct iq_action *a)
{
	return a && a->dscp != IQ_DSCP_UNTAGGED;
}

#endif /* _IPSEC_QOS_ACTION_H */
