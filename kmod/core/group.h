/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Groups: what is done to the packets of those who are in one, and how many
 * there were.
 */
#ifndef _IPSEC_QOS_GROUP_H
#define _IPSEC_QOS_GROUP_H

#include <linux/netlink.h>
#include <linux/skbuff.h>

#include "action.h"
#include "folder.h"
#include "name.h"
#include "net.h"

/* Who may be in a group; struct iq_feature says how they are called. */
enum iq_user {
	IQ_USER_SA,
	IQ_USER_IKE,
	IQ_USER_SERVICE,
	__IQ_USER_MAX
};

/**
 * struct iq_group - a group
 *
 * @counter: counters of enum ipsec_qos_counter, per CPU
 * @id: its key, never changes
 * @number: what the tables know it by, and where its action is; never changes
 * @action: what is done to its packets; RCU, written under iq_net.config_lock
 * @iqn: whose it is
 * @name: iq_net.config_lock
 * @by_name: in iq_net.names; iq_net.config_lock
 * @planned: the request that is carried out names it; iq_net.config_lock
 * @owner: enum ipsec_qos_owner; iq_net.config_lock
 * @generation: of the owner when it was stated last; iq_net.config_lock
 * @flags: IPSEC_QOS_GROUP_F_*; iq_net.config_lock
 * @users: how many are in it, by enum iq_user; iq_net.table_lock
 * @pairs: that it is in, see pair.c; iq_net.table_lock
 * @n_pairs: how many; iq_net.table_lock
 * @folder: in sysfs
 */
struct iq_group {
	struct iq_net *iqn;
	struct iq_counter __percpu *counter;
	struct iq_action __rcu *action;
	struct rcu_head rcu;
	u32 id;
	u32 number;
	char name[IPSEC_QOS_NAME_MAX];
	struct iq_named by_name;
	bool planned;
	u8 owner;
	u32 generation;
	u32 flags;
	u32 users[__IQ_USER_MAX];
	struct list_head pairs;
	u32 n_pairs;
	struct iq_folder folder;
};

/**
 * struct iq_group_req - a group as a request states it
 *
 * @attr: where the request says so, for errors
 * @name: empty: not said
 */
struct iq_group_req {
	const struct nlattr *attr;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	bool has_mark;
	u32 mark;
	u32 mask;
	u32 mark_clear;
	u32 priority;
	int dscp;
	u32 flags;
};

/** iq_group_init() - when a namespace comes to be; it cannot fail */
void iq_group_init(struct iq_net *iqn);

/** iq_group_exit() - all groups go; nobody is in one, and no packet comes any more */
void iq_group_exit(struct iq_net *iqn);

/**
 * iq_group_exit_batch() - what is left of groups of namespaces that go together
 *
 * @nets: as of pernet_operations.exit_batch; iq_group_exit() is done for each
 */
void iq_group_exit_batch(struct list_head *nets);

/* All below: iq_net.config_lock is held. */

/**
 * iq_group_set() - add or change groups, all of them or none
 *
 * Packets see each change as a whole, and one after the other within microseconds.
 *
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_group_set(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
		 u8 owner, u16 nlflags, struct netlink_ext_ack *extack);

/** iq_group_del() - remove groups by id or name, all of them or none */
int iq_group_del(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
		 struct netlink_ext_ack *extack);

/** iq_group_flush() - remove those of @owner (-1: any) that nobody uses */
u32 iq_group_flush(struct iq_net *iqn, int owner);

/** iq_group_sweep() - remove what @owner did not restate and nobody uses */
u32 iq_group_sweep(struct iq_net *iqn, u8 owner);

/** iq_group_find() - by id, or by name where @id is 0; NULL: none */
struct iq_group *iq_group_find(struct iq_net *iqn, u32 id, const char *name);

/**
 * iq_group_nobody() - the group of entries that name none
 *
 * It has the id 0, no name, and does nothing; nobody finds it. Its counters are of packets
 * that are not tagged. It is there from the first call on, for good: iq_net.nobody.
 *
 * Return: NULL: no memory
 */
struct iq_group *iq_group_nobody(struct iq_net *iqn);

/**
 * iq_group_action() - what is done to a group's packets
 *
 * Under rcu_read_lock() or iq_net.table_lock, whose holders have bottom halves
 * disabled, which is as good; or under iq_net.config_lock.
 */
static inline const struct iq_action *iq_group_action(const struct iq_group *g)
{
	return rcu_dereference_check(g->action, lockdep_is_held(&g->iqn->table_lock) ||
						lockdep_is_held(&g->iqn->config_lock));
}

#endif /* _IPSEC_QOS_GROUP_H */
