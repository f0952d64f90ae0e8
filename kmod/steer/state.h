/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What steering has in a namespace.
 */
#ifndef _IPSEC_QOS_STEER_STATE_H
#define _IPSEC_QOS_STEER_STATE_H

#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/folder.h"
#include "core/net.h"

struct iq_unknowns;

struct iq_element;
struct iq_prefix;
struct iq_prefixes;

#define IQ_STEER_NAMES	256	/* chains of elements' names */

/* By address family, where each has its own */
enum iq_steer_family {
	IQ_STEER_IPV4,
	IQ_STEER_IPV6,
	__IQ_STEER_FAMILIES
};

/**
 * struct iq_steer_conf - settings; it never changes, it is replaced whole
 *
 * @unknown: enum ipsec_qos_unknown
 * @rate: events a second at most, and packets relayed
 * @element: for IPSEC_QOS_UNKNOWN_RELAY; NULL: none
 */
struct iq_steer_conf {
	struct rcu_head rcu;
	u8 unknown;
	u32 rate;
	struct iq_element *element;
};

/**
 * struct iq_steer - steering's state in a namespace, once there was something to steer
 *
 * What packets read comes first.
 *
 * @prefixes: see prefix.c, by enum iq_steer_family; NULL: there are none; RCU, written
 *	under iq_net.config_lock
 * @conf: settings; never NULL; likewise
 * @iqn: whose it is
 *
 * @rcu: frees it, behind what elements have of it that were removed a moment ago
 * @elements: by id; iq_net.config_lock, as all below
 * @names: chains of elements by their names
 * @n_elements: so many
 * @element_seq: counts changes of elements, for dumps
 * @pools: by id
 * @n_pools: so many
 * @pool_seq: counts changes of pools
 * @prefix: all steered prefixes, in order
 * @n_prefixes: so many
 * @prefix_seq: counts changes of them
 * @kept_lock: of what is kept of routes; bottom halves are disabled where it is taken. Of
 *	packets only those take it that have looked routes up anew.
 * @kept: routes to elements, see route.c; @kept_lock
 * @kept_nexthop: likewise, by nexthop objects
 * @n_kept: routes in both; @kept_lock
 * @nexthops: iq_send_init()
 * @nexthops_work: some of them have changed
 * @element_folders: in sysfs; likewise @pool_folders
 * @unknowns: see unknown.h; set before the first hook is registered, for good
 */
struct iq_steer {
	struct iq_prefixes __rcu *prefixes[__IQ_STEER_FAMILIES];
	struct iq_steer_conf __rcu *conf;
	struct iq_net *iqn;

	struct rcu_head rcu;
	struct xarray elements;
	struct hlist_head names[IQ_STEER_NAMES];
	u32 n_elements;
	u32 element_seq;
	struct xarray pools;
	u32 n_pools;
	u32 pool_seq;
	struct iq_prefix **prefix;
	u32 n_prefixes;
	u32 prefix_seq;
	spinlock_t kept_lock;
	struct list_head kept;
	struct list_head kept_nexthop;
	u32 n_kept;
	struct notifier_block nexthops;
	struct work_struct nexthops_work;
	struct iq_folders element_folders;
	struct iq_folders pool_folders;
	struct iq_unknowns *unknowns;
};

/** iq_steer() - steering's state; NULL: there was nothing to steer yet */
static inline struct iq_steer *iq_steer(const struct iq_net *iqn)
{
	return READ_ONCE(iqn->state[IQ_FEATURE_STEER]);
}

/** iq_steer_conf() - settings; iq_net.config_lock is held */
static inline struct iq_steer_conf *iq_steer_conf(const struct iq_steer *steer)
{
	return rcu_dereference_protected(steer->conf,
					 lockdep_is_held(&steer->iqn->config_lock));
}

/**
 * iq_steer_init() - have that state; 0 or an errno. Process context, iq_net.config_lock is
 * held
 */
int iq_steer_init(struct iq_net *iqn);

/**
 * iq_steer_hooks() - have the hooks for elements or steered prefixes that are to come
 *
 * @flow: one of them is of a pool that packets of any kind are hashed over
 *
 * Return: 0 or an errno. Whatever becomes of it, iq_steer_settle() follows.
 */
int iq_steer_hooks(struct iq_steer *steer, bool flow);

/** iq_steer_settle() - have the hooks that elements and prefixes as they are now need */
void iq_steer_settle(struct iq_steer *steer);

/** iq_steer_forget() - of all elements, the routes that are kept; the namespace goes */
void iq_steer_forget(struct iq_net *iqn);

/** iq_steer_exit() - the hooks are gone and a grace period has passed */
void iq_steer_exit(struct iq_net *iqn);

#endif /* _IPSEC_QOS_STEER_STATE_H */
