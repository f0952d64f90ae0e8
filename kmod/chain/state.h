/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What service chains have in a namespace.
 */
#ifndef _IPSEC_QOS_CHAIN_STATE_H
#define _IPSEC_QOS_CHAIN_STATE_H

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "core/net.h"
#include "core/object.h"
#include "core/stores.h"

struct iq_attaches;
struct iq_bloom;
struct iq_lengths;
struct iq_numbers;
struct iq_range;

/**
 * struct iq_chains - the state of a namespace, once there was a device, a chain or a service
 *
 * What packets read comes first.
 *
 * @attaches: see attach.h; NULL: none; RCU, written under iq_net.config_lock
 * @bloom: which addresses have keys, see key.h; never NULL while hooks are registered; likewise
 * @numbers: what the keys' values stand for, see key.h; likewise
 * @keys: of services, of IPv4 and of IPv6, see key.h
 * @lengths: of clients' prefixes, of IPv4 and of IPv6; NULL: there are none; likewise
 * @tracing: so many services are traced
 * @range: of addresses that is for checks, see range.h; NULL: there is none; likewise
 *
 * @iqn: whose it is
 * @devices: iq_net.config_lock, as all below
 * @chains: likewise
 * @services: likewise; by id also under RCU
 * @ida: numbers that are somebody's, or were a moment ago
 * @n_keys: keys of services, in slots and lists
 * @n_bits: bits that are set in @bloom
 * @n_late: so many of them are of keys that are gone, at most
 * @prefixes: keys of prefixes, by their length, of IPv4 and of IPv6
 * @staged: lists that a request is about to replace, see key.h
 * @acls: those with interfaces, see acl.c
 * @lingers: see linger.c
 * @linger_work: likewise
 * @attach_work: interfaces have changed, see attach.c
 */
struct iq_chains {
	struct iq_attaches __rcu *attaches;
	struct iq_bloom __rcu *bloom;
	struct iq_numbers __rcu *numbers;
	struct iq_stores keys[2];
	struct iq_lengths __rcu *lengths[2];
	atomic_t tracing;
	struct iq_range __rcu *range;

	struct iq_net *iqn;
	struct rcu_head rcu;
	struct iq_objects devices;
	struct iq_objects chains;
	struct iq_objects services;
	struct ida ida;
	u32 n_keys;
	u32 n_bits;
	u32 n_late;
	u32 prefixes[2][129];
	struct list_head staged;
	struct list_head acls;
	struct list_head lingers;
	struct delayed_work linger_work;
	struct delayed_work attach_work;
};

/** iq_chains() - the state; NULL: there was nothing yet */
static inline struct iq_chains *iq_chains(const struct iq_net *iqn)
{
	return READ_ONCE(iqn->state[IQ_FEATURE_CHAIN]);
}

/** iq_chains_init() - have it; 0 or an errno. Process context, iq_net.config_lock is held */
int iq_chains_init(struct iq_net *iqn);

/** iq_chains_hooks() - have the hooks for services that are to come; 0 or an errno; likewise */
int iq_chains_hooks(struct iq_chains *ch);

/** iq_chains_settle() - have the hooks that there is a need for, no more; likewise */
void iq_chains_settle(struct iq_chains *ch);

/** iq_chains_exit() - the hooks are gone and a grace period has passed */
void iq_chains_exit(struct iq_net *iqn);

#endif /* _IPSEC_QOS_CHAIN_STATE_H */
