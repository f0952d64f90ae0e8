/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folders of devices and of services in /sys/kernel/ipsec_qos.
 */
#ifndef _IPSEC_QOS_CHAIN_SYSFS_H
#define _IPSEC_QOS_CHAIN_SYSFS_H

#include <linux/kobject.h>

extern struct kobj_type iq_device_folder;
extern struct kobj_type iq_service_folder;

#endif /* _IPSEC_QOS_CHAIN_SYSFS_H */
