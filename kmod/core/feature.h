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
 */
struct iq_wants {
	u32 groups;
	u32 priorities;
};

/**
 * struct iq_feature - a feature; what is NULL it does not need
 *
 * @name: for people
 * @users: by enum iq_user, what it calls those who are in a group
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
 */
struct iq_feature {
	const char *name;
	const char *users[__IQ_USER_MAX];

	int (*load)(void);
	void (*unload)(void);

	int (*init)(struct iq_net *iqn);
	void (*pre_exit)(struct iq_net *iqn);
	void (*exit)(struct iq_net *iqn);

	int (*hooks)(struct iq_net *iqn, const struct iq_wants *wants);
	void (*audit)(struct iq_net *iqn);
	u32 (*sweep)(struct iq_net *iqn, u8 owner);
};

/* All there are, in order; then NULL. In main.c. */
extern const struct iq_feature *const iq_features[];

#define iq_for_each_feature(f, i)	\
	for ((i) = 0; ((f) = iq_features[i]); (i)++)

/* Those before the @i-th, the last first; @i is changed. */
#define iq_for_each_feature_before(f, i) \
	for (; (i) && ((f) = iq_features[--(i)]); )

#endif /* _IPSEC_QOS_FEATURE_H */
