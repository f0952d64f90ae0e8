/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One state for each network namespace: the tables, their ceilings and totals.
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

#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <ipsec_qos/parse.h>
#include <net/net_namespace.h>
#include <uapi/linux/ipsec_qos.h>

#include "counter.h"

#define IQ_VERSION	"0.1.0"

enum iq_total {
	IQ_TOTAL_UNTAGGED,
	IQ_TOTAL_MALFORMED,
	IQ_TOTAL_LEFT,
	__IQ_TOTAL_MAX
};

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
	IQ_HOOKS_TAG,		/* whose is a packet? */
	IQ_HOOKS_OUT,		/* clear packets on their way into an SA */
	IQ_HOOKS_PRIORITY,	/* forwarded packets, which lose their priority */
	IQ_HOOKS_FALLBACK,	/* what was marked and is decrypted here after all */
	IQ_HOOKS_NAT,
	__IQ_HOOKS_MAX
};

/* One for each feature, by its place in iq_features. */
enum iq_feature_id {
	IQ_FEATURE_TAG,
	IQ_FEATURE_NAT,
	__IQ_FEATURE_MAX
};

enum iq_table_id {
	IQ_TABLE_SA,
	IQ_TABLE_IKE,
	__IQ_TABLE_MAX
};

struct iq_claims;
struct iq_fallback;
struct iq_hooks;
struct iq_names;
struct iq_number_use;
struct iq_actions;
struct iq_store;
struct iq_table_type;

/**
 * struct iq_table - see table.h
 *
 * @store: its entries, of IPv4 SAs and of all others; NULL: none yet. See
 *	store.h; RCU
 * @iqn: whose it is
 * @type: what it holds
 * @n: how many entries; iq_net.table_lock
 * @seq: counts changes; iq_net.table_lock
 * @max: ceiling; written under iq_net.table_lock
 */
struct iq_table {
	struct iq_store __rcu *store[2];
	struct iq_net *iqn;
	const struct iq_table_type *type;
	u32 n;
	u32 seq;
	u32 max;
};

/**
 * struct iq_net - state of a network namespace
 *
 * @net: the namespace
 * @config_lock: see above
 * @table_lock: see above
 * @dead: the namespace goes: nothing is added any more; table_lock
 * @settings: RCU, written under config_lock
 * @total: counters of enum iq_total, per CPU
 *
 * @groups: id to struct iq_group; config_lock
 * @names: of the groups, see name.c; config_lock
 * @actions: what groups do, by number; never NULL once there was a group; RCU,
 *	written under config_lock
 * @spare: what they did, and will at the next change; NULL: none yet; config_lock
 * @spare_gp: the grace period after which no packet reads @spare any more; config_lock
 * @spare_copies: how often it was made anew since a grace period ended; config_lock
 * @stale: groups that do something else than @spare says; config_lock
 * @number_use: of each number; config_lock
 * @last_number: that was given; config_lock
 * @group_seq: counts changes of @groups; config_lock
 * @n_priority: groups that have a priority; config_lock
 * @max_groups: ceiling
 *
 * @claimed: bits of skb->mark that policies or SAs of the kernel's want; what of
 *	them is ours is asked in claim.c. Written under a lock of its own.
 * @tables: the SA and the IKE table, by enum iq_table_id
 * @dsts: destinations of what is in tables, see dst.c
 *
 * @generation: of each owner; table_lock
 * @audit: number of the last audit against the SAD; table_lock
 * @audit_work: runs one
 * @expire_at: jiffies when the next entry may expire; table_lock
 * @expire_armed: there is one; table_lock
 * @expire_work: removes what has expired
 *
 * @claims: what others want of marks, see claim.c; set before the first hook is
 *	registered, for good
 * @left_group: id of the group whose bits were left to others last; 0: none
 * @frags: fragments under way, see frag.c; set before the first hook is
 *	registered, for good
 * @hooks: by enum iq_hook_set, NULL: not registered; written under config_lock
 * @fallback: see fallback.h, NULL: there is none; RCU, written under config_lock
 * @scrub: it counts as one that scrub.c is needed for; config_lock
 * @scrubbers: devices that hide its SAs, see scrub.c; RCU
 * @own_sas: this host has SAs, or did while there was something to tag with;
 *	config_lock
 * @nat: translation, NULL: there was no rule yet; set before the first hook is
 *	registered, for good
 * @ceiling_told: jiffies of the last ceiling event
 * @sysfs: attributes of this namespace, see sysfs.c
 */
struct iq_net {
	struct net *net;
	struct mutex config_lock;
	spinlock_t table_lock;
	bool dead;
	struct iq_settings __rcu *settings;
	struct iq_counter __percpu *total;

	struct xarray groups;
	struct iq_names *names;
	struct iq_actions __rcu *actions;
	struct iq_actions *spare;
	unsigned long spare_gp;
	unsigned int spare_copies;
	struct list_head stale;
	struct iq_number_use *number_use;
	u32 last_number;
	u32 n_groups;
	u32 group_seq;
	u32 n_priority;
	u32 max_groups;

	u32 claimed;
	struct iq_table tables[__IQ_TABLE_MAX];
	struct rhashtable dsts;

	u32 generation[IPSEC_QOS_OWNER_MAX + 1];
	u32 audit;
	struct delayed_work audit_work;
	unsigned long expire_at;
	bool expire_armed;
	struct delayed_work expire_work;

	struct iq_claims *claims;
	u32 left_group;
	struct iq_frags *frags;
	struct iq_hooks *hooks[__IQ_HOOKS_MAX];
	struct iq_fallback __rcu *fallback;
	bool scrub;
	struct list_head scrubbers;
	bool own_sas;
	struct iq_nat *nat;
	unsigned long ceiling_told;
	struct iq_sysfs *sysfs;
};

/* By which a namespace has its state */
extern unsigned int iq_net_id;

/** iq_net() - the state of a namespace */
struct iq_net *iq_net(const struct net *net);

/* A GSO packet counts as the packets that it will be on the wire. */
static inline u32 iq_skb_packets(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_segs ?
	       skb_shinfo(skb)->gso_segs : 1;
}

#endif /* _IPSEC_QOS_NET_H */
