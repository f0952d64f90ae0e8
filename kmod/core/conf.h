/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings of a network namespace: the core's own, ports and the ceiling of groups; and
 * how a request changes them and those of the features, all or nothing.
 */
#ifndef _IPSEC_QOS_CONF_H
#define _IPSEC_QOS_CONF_H

#include <net/netlink.h>

#include "net.h"

/** iq_conf_init() - settings as they are by themselves; 0 or -ENOMEM */
int iq_conf_init(struct iq_net *iqn);

/** iq_conf_exit() - nobody reads them any more */
void iq_conf_exit(struct iq_net *iqn);

/** iq_conf_settings() - what packets read; iq_net.config_lock is held */
static inline struct iq_settings *iq_conf_settings(const struct iq_net *iqn)
{
	return rcu_dereference_protected(iqn->settings,
					 lockdep_is_held(&iqn->config_lock));
}

/**
 * iq_conf_ceiling() - may a ceiling be set to what @attr says? NULL: it is not
 *
 * What it bounds is the machine's memory: who is root in a container alone may lower
 * one, and raise it again up to what it is by itself.
 *
 * @max: that
 * @machine: as for iq_conf_set()
 */
int iq_conf_ceiling(const struct nlattr *attr, u32 max, bool machine,
		    struct netlink_ext_ack *extack);

/**
 * iq_conf_set() - change what a request gives, all of it or nothing
 *
 * @tb: attributes of enum ipsec_qos_conf_attr, lengths and ranges checked
 * @machine: the machine's administrator asks: who is root in a container alone
 *	cannot raise ceilings above what they are by themselves
 *
 * Context: process, iq_net.config_lock is held.
 */
int iq_conf_set(struct iq_net *iqn, struct nlattr **tb, bool machine,
		struct netlink_ext_ack *extack);

#endif /* _IPSEC_QOS_CONF_H */
