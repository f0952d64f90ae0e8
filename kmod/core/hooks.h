/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of netfilter hooks that are registered only while they are needed. Who is about
 * to change what packets are looked at for asks the features first.
 */
#ifndef _IPSEC_QOS_HOOKS_H
#define _IPSEC_QOS_HOOKS_H

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#include "net.h"

/*
 * Where packets are seen first: just after connection tracking's reassembly, where
 * there is one, and before everything in which a user would ask for the mark: raw,
 * conntrack, mangle, nat and filter. The same number for IPv6.
 */
#define IQ_FIRST_PRIORITY	(NF_IP_PRI_CONNTRACK_DEFRAG + 1)

/**
 * struct iq_hook_ops - what a set is registered with
 */
struct iq_hook_ops {
	const struct nf_hook_ops *ops;
	unsigned int n;
};

/* All sets. In path.c, where the hooks are. */
extern const struct iq_hook_ops iq_hook_sets[__IQ_HOOKS_MAX];

/**
 * iq_hooks_update() - bring a set of hooks to what is wanted of it; each has @iqn as its
 * priv
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or an errno; not to want it
 * does not fail.
 */
int iq_hooks_update(struct iq_net *iqn, enum iq_hook_set set, bool want);

/** iq_hooks_there() - is a set registered in this namespace? Any context. */
static inline bool iq_hooks_there(const struct iq_net *iqn, enum iq_hook_set set)
{
	return READ_ONCE(iqn->hooks[set]);
}

/**
 * iq_hooks_ask() - may there be so many groups, and so many with a priority?
 *
 * Every feature then has the hooks that it needs for those, or all have what they need
 * for those that there are. Asked before a change is published; and behind it, where that
 * may have left less to do.
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or an errno; for no more than
 * there are, it does not fail.
 */
int iq_hooks_ask(struct iq_net *iqn, u32 n_groups, u32 n_priority);

/**
 * iq_hooks_steer() - switch steering on or off: what iq_net.steering says
 *
 * On: first every feature has the hooks that it needs for that (iq_wants.steering), or
 * all have what they had; only then packets see it. So who steers says it ahead of the
 * first element and the first steered prefix, before either can be found. Off: the other
 * way round, when the last of both is gone; who reads it may go on for a grace period. To
 * say again what is so does nothing.
 *
 * Of the hooks that are steering's own, IQ_HOOKS_STEER follows iq_wants.steering, in
 * struct iq_feature's @hooks; IQ_HOOKS_FLOW and IQ_HOOKS_UNKNOWN nobody else depends on:
 * they are for iq_hooks_update() as pools and settings say.
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or an errno; off does not fail.
 * While the namespace goes (iq_net.dead) nobody is asked: each takes back its own.
 */
int iq_hooks_steer(struct iq_net *iqn, bool steer);

#endif /* _IPSEC_QOS_HOOKS_H */
