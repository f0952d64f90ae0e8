/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One state for each network namespace: the groups, the settings, and what features
 * have of their own.
 *
 * Locks, in the order in which they nest:
 *
 * config_lock	a mutex; serialises all requests from user space. Held while
 *		groups, settings, hooks and sysfs change.
 * table_lock	a spinlock, bottom halves disabled; serialises all changes of the
 *		SA and IKE tables, also those that the kernel's SAD or a timer
 *		causes in softirq, where config_lock cannot be taken. Nests
 *		inside x->lock and xfrm_state_lock of the SAD; no lock of the SAD
 *		is taken under it.
 *
 * Packets take neither: they read everything under RCU. Fragments have locks of
 * their own, see frag.c.
 */
#ifndef _IPSEC_QOS_NET_H
#define _IPSEC_QOS_NET_H

#include <linux/idr.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/xarray.h>
#include <ipsec_qos/parse.h>
#include <net/net_namespace.h>
#include <uapi/linux/ipsec_qos.h>

#include "counter.h"

#define IQ_VERSION	"0.1.0"

/**
 * struct iq_settings - what all packets need to know of the settings; replaced
 * whole under config_lock, read under RCU
 *
 * @ports: UDP ports
 */
struct iq_settings {
	struct rcu_head rcu;
	struct iq_ports ports;
};

/* Sets of hooks: those of one are registered together. */
enum iq_hook_set {
	IQ_HOOKS_TAG,		/* whose is a packet? and where is it to go */
	IQ_HOOKS_OUT,		/* clear packets on their way into an SA */
	IQ_HOOKS_PRIORITY,	/* forwarded packets, which lose their priority */
	IQ_HOOKS_FALLBACK,	/* what was marked and is decrypted here after all */
	IQ_HOOKS_NAT,
	IQ_HOOKS_STEER,		/* ICMP errors about what elements send */
	IQ_HOOKS_FLOW,		/* packets of any kind to a pool that they are hashed over */
	IQ_HOOKS_UNKNOWN,	/* ESP to this host that it may have no SA for */
	IQ_HOOKS_CHAIN,		/* packets of services that have chains */
	IQ_HOOKS_CHECK,		/* packets that devices were checked with */
	__IQ_HOOKS_MAX
};

/* One for each feature, by its place in iq_features. */
enum iq_feature_id {
	IQ_FEATURE_TAG,
	IQ_FEATURE_NAT,
	IQ_FEATURE_STEER,
	IQ_FEATURE_CHAIN,
	__IQ_FEATURE_MAX
};

struct iq_hooks;
struct iq_names;
struct iq_actions;
struct iq_group;

/**
 * struct iq_net - state of a network namespace
 *
 * What packets read comes first, and shares no cache line with what changes.
 *
 * @net: the namespace
 * @settings: RCU, written under config_lock
 * @state: what each feature has of its own; NULL: nothing (yet)
 * @actions: what is done to packets, by number; never NULL once a table had an entry;
 *	RCU, written under config_lock
 * @frags: fragments under way, see frag.c; set before the first hook is
 *	registered, for good
 * @local: addresses that may be this host's, see local.c; likewise, with RTNL, as its bits
 *	are
 * @steering: protected packets that arrive may go elsewhere than their address leads;
 *	written under config_lock
 * @dead: the namespace goes: nothing is added any more; table_lock. A grace period
 *	after it is set the state of features goes: who may come that late looks here
 *	first, under rcu_read_lock() or table_lock.
 *
 * @config_lock: see above
 * @table_lock: see above
 * @hooks: by enum iq_hook_set, NULL: not registered; written under config_lock
 * @groups: id to struct iq_group; config_lock
 * @names: of the groups, see name.c; config_lock
 * @nobody: the group of entries that name none; NULL: there was none yet. Set once, for
 *	good
 * @pairs: of groups and targets, see pair.c; likewise
 * @numbers: those that groups and pairs have, or had a moment ago
 * @numbers_back: so many of these are nobody's any more, once a grace period is over
 * @group_seq: counts changes of @groups; config_lock
 * @n_priority: groups that have a priority; config_lock
 * @max_groups: ceiling
 *
 * @generation: of each owner; table_lock
 * @dsts: destinations of what is in tables, see dst.c
 * @ceiling_told: jiffies of the last ceiling event
 * @sysfs: attributes of this namespace, see sysfs.c
 */
struct iq_net {
	struct net *net;
	struct iq_settings __rcu *settings;
	void *state[__IQ_FEATURE_MAX];
	struct iq_actions __rcu *actions;
	struct iq_frags *frags;
	unsigned long *local;
	bool steering;
	bool dead;

	struct mutex config_lock ____cacheline_aligned_in_smp;
	spinlock_t table_lock;
	struct iq_hooks *hooks[__IQ_HOOKS_MAX];
	struct xarray groups;
	struct iq_names *names;
	struct iq_group *nobody;
	struct rhashtable *pairs;
	struct ida numbers;
	atomic_t numbers_back;
	u32 n_groups;
	u32 group_seq;
	u32 n_priority;
	u32 max_groups;

	u32 generation[IPSEC_QOS_OWNER_MAX + 1];
	struct rhashtable dsts;
	unsigned long ceiling_told;
	struct iq_sysfs *sysfs;
};

/* By which a namespace has its state */
extern unsigned int iq_net_id;

/** iq_net() - the state of a namespace */
struct iq_net *iq_net(const struct net *net);

#endif /* _IPSEC_QOS_NET_H */
