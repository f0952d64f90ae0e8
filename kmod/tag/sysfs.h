/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of tagging in /sys/kernel/ipsec_qos.
 */
#ifndef _IPSEC_QOS_TAG_SYSFS_H
#define _IPSEC_QOS_TAG_SYSFS_H

#include "core/sysfs.h"

extern const struct iq_sysfs_file iq_tag_files[];

#endif /* _IPSEC_QOS_TAG_SYSFS_H */
