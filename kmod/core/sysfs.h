/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /sys/kernel/ipsec_qos: version and totals of the network namespace that the
 * sysfs belongs to, and in groups/ a folder for each of its groups. What else
 * there is has its folders by folder.h.
 */
#ifndef _IPSEC_QOS_SYSFS_H
#define _IPSEC_QOS_SYSFS_H

#include "event.h"

/**
 * struct iq_sysfs_file - a file that is there once in every namespace
 */
struct iq_sysfs_file {
	const char *name;
	ssize_t (*show)(struct iq_net *iqn, char *buf);
};

/* /sys/kernel/ipsec_qos, from iq_sysfs_module_init() on */
extern struct kobject iq_sysfs_root;

int iq_sysfs_module_init(void);
void iq_sysfs_module_exit(void);
int iq_sysfs_init(struct iq_net *iqn);
void iq_sysfs_exit(struct iq_net *iqn);

/* Keeps the groups' folders, but of those that are to have none. */
extern const struct iq_listener iq_sysfs_listener;

#endif /* _IPSEC_QOS_SYSFS_H */
