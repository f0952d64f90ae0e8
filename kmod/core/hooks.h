/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of netfilter hooks that are registered only while they are needed.
 */
#ifndef _IPSEC_QOS_HOOKS_H
#define _IPSEC_QOS_HOOKS_H

#include <linux/netfilter.h>

#include "net.h"

#define IQ_HOOK(family, where, fn, prio) {		\
	.hook = fn,					\
	.pf = NFPROTO_##family,				\
	.hooknum = NF_INET_##where,			\
	.priority = prio,				\
}

/**
 * iq_hooks_update() - bring a set of hooks to what is wanted of it
 *
 * @have: NULL: it is not registered
 * @tmpl: @n of them; each gets @iqn as its priv
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or an errno; not to want it
 * does not fail.
 */
int iq_hooks_update(struct iq_net *iqn, struct iq_hooks **have,
		    const struct nf_hook_ops *tmpl, unsigned int n, bool want);

#endif /* _IPSEC_QOS_HOOKS_H */
