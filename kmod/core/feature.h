/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Features: tagging, translation and what is to come. The core knows none of them;
 * what it needs of each is in a struct iq_feature, and all of those are listed in
 * main.c. They know the core, and not each other.
 */
#ifndef _IPSEC_QOS_FEATURE_H
#define _IPSEC_QOS_FEATURE_H

#include "group.h"
#include "net.h"

/**
 * struct iq_wants - what there will be that packets are looked at for
 *
 * @groups: how many groups
 * @priorities: how many of them have a priority
 * @steering: protected packets that arrive may go elsewhere than their address leads
 */
struct iq_wants {
	u32 groups;
	u32 priorities;
	bool steering;
};

struct iq_key;
struct iq_ops;
struct iq_sysfs_file;
struct iq_target;
struct nlattr;

/**
 * struct iq_feature_settings - what a feature has of the settings
 *
 * A request changes all that it names, or nothing. So every feature first prepares its
 * part; then all commit theirs, or those that did prepare abort.
 *
 * @prepare: can what @tb has, of enum ipsec_qos_conf_attr, be carried out? Have all that
 *	it takes. @machine: as for iq_conf_set(); @plan: for those below. 0 or an errno
 * @commit: carry it out
 * @abort: it is not carried out
 * @put: tell how the settings are; 0 or -EMSGSIZE
 */
struct iq_feature_settings {
	int (*prepare)(struct iq_net *iqn, struct nlattr **tb, bool machine,
		       void **plan, struct netlink_ext_ack *extack);
	void (*commit)(struct iq_net *iqn, struct nlattr **tb, void *plan);
	void (*abort)(struct iq_net *iqn, void *plan);
	int (*put)(struct sk_buff *skb, struct iq_net *iqn);
};

/**
 * struct iq_feature - a feature; what is NULL it does not need
 *
 * @name: for people
 * @users: by enum iq_user, what it calls those who are in a group
 *
 * @ops: its operations of the netlink family
 * @files: its files in sysfs; the last has no name
 *
 * @load: once, when all namespaces have its state; 0 or an errno
 * @unload: takes that back, while they have it still
 *
 * @init: set up its state in a namespace; 0 or an errno, and then nothing of it is left
 * @pre_exit: the namespace goes, iq_net.dead is set: no packet is to come any more. A
 *	grace period passes between this and @exit; iq_net.config_lock is held
 * @exit: its state in the namespace goes
 *
 * All below: process context, iq_net.config_lock is held.
 *
 * @hooks: have the netfilter hooks registered that @wants needs, before what it says
 *	comes to be; 0, or an errno to refuse it. To want less does not fail.
 * @audit: bring its tables in step with what they follow
 * @sweep: at the end of a resync remove what @owner did not state again; returns how
 *	much that was. Before groups are: it may have had users of them.
 * @status: tell how it is, in a nest of enum ipsec_qos_status_attr; 0 or -EMSGSIZE
 * @settings: see there
 * @target: which of its targets has this id? NULL: none. Entries may name it from now on,
 *	which iq_target.users tells; it has to have said iq_hooks_steer() before
 * @named: put the ids of the group and the target that an SA's entry names into @group and
 *	@target, 0 for none; where it has no such entry it leaves them alone
 *
 * @awaits: may a fragment to this address be somebody's here, though no entry has the
 *	address (dst.h)? One that is ahead of the first then waits for it (frag.h). Asked
 *	while iq_net.steering is on, under rcu_read_lock(); @dst: 4 or 16 bytes in network
 *	order
 */
struct iq_feature {
	const char *name;
	const char *users[__IQ_USER_MAX];

	const struct iq_ops *ops;
	const struct iq_sysfs_file *files;

	int (*load)(void);
	void (*unload)(void);

	int (*init)(struct iq_net *iqn);
	void (*pre_exit)(struct iq_net *iqn);
	void (*exit)(struct iq_net *iqn);

	int (*hooks)(struct iq_net *iqn, const struct iq_wants *wants);
	void (*audit)(struct iq_net *iqn);
	u32 (*sweep)(struct iq_net *iqn, u8 owner);
	int (*status)(struct sk_buff *skb, struct iq_net *iqn);
	const struct iq_feature_settings *settings;
	struct iq_target *(*target)(struct iq_net *iqn, u32 id);
	void (*named)(struct iq_net *iqn, const struct iq_key *key, u32 *group, u32 *target);

	bool (*awaits)(const struct iq_net *iqn, u8 family, const void *dst);
};

/* All there are, in order; then NULL. In main.c. */
extern const struct iq_feature *const iq_features[];

#define iq_for_each_feature(f, i)	\
	for ((i) = 0; ((f) = iq_features[i]); (i)++)

/* Those before the @i-th, the last first; @i is changed. */
#define iq_for_each_feature_before(f, i) \
	for (; (i) && ((f) = iq_features[--(i)]); )

#endif /* _IPSEC_QOS_FEATURE_H */
