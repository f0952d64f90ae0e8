/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folders of elements and of pools in /sys/kernel/ipsec_qos.
 */
#ifndef _IPSEC_QOS_STEER_SYSFS_H
#define _IPSEC_QOS_STEER_SYSFS_H

#include "element.h"
#include "pool.h"

/* All below: process context, iq_net.config_lock is held, or the namespace goes. */

/** iq_steer_sysfs_init() - have the folders that they are in; 0 or an errno */
int iq_steer_sysfs_init(struct iq_steer *steer);

/** iq_steer_sysfs_exit() - all folders go; elements and pools are there still */
void iq_steer_sysfs_exit(struct iq_steer *steer);

/** iq_sysfs_element() - an element came, changed, or goes */
void iq_sysfs_element(struct iq_steer *steer, enum ipsec_qos_event event,
		      struct iq_element *e);

/**
 * iq_sysfs_element_away() - an element's name is about to be another's, maybe: its folder
 * has one until iq_sysfs_element() that no element can have
 */
void iq_sysfs_element_away(struct iq_steer *steer, struct iq_element *e);

/** iq_sysfs_pool() - a pool came, changed, or goes */
void iq_sysfs_pool(struct iq_steer *steer, enum ipsec_qos_event event, struct iq_pool *p);

#endif /* _IPSEC_QOS_STEER_SYSFS_H */
