/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/ipsec_qos: version and totals of the network namespace that the
 * sysfs belongs to, and in groups/ a folder for each of its groups.
 */
#ifndef _IPSEC_QOS_SYSFS_H
#define _IPSEC_QOS_SYSFS_H

#include "group.h"

int iq_sysfs_module_init(void);
void iq_sysfs_module_exit(void);
int iq_sysfs_init(struct iq_net *iqn);
void iq_sysfs_exit(struct iq_net *iqn);

/* All below: iq_net.config_lock is held. */

/* A folder that finds no memory is missed, and the log says so. */
void iq_sysfs_group_add(struct iq_net *iqn, struct iq_group *g);
void iq_sysfs_group_del(struct iq_group *g);
void iq_sysfs_group_rename(struct iq_group *g, const char *name);

#endif /* _IPSEC_QOS_SYSFS_H */
