/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Settings of a network namespace: ceilings, ports, the fall-back table.
 */
#ifndef _IPSEC_QOS_CONF_H
#define _IPSEC_QOS_CONF_H

#include <net/netlink.h>

#include "net.h"

/* Not const: struct nla_policy takes them so before 6.7. */
extern struct netlink_range_validation iq_max_sas_range;
extern struct netlink_range_validation iq_max_ikes_range;
extern struct netlink_range_validation iq_max_groups_range;

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
