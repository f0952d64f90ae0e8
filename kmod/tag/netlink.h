/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about SAs and IKE SAs.
 */
#ifndef _IPSEC_QOS_TAG_NETLINK_H
#define _IPSEC_QOS_TAG_NETLINK_H

#include "core/netlink.h"
#include "table.h"

extern const struct iq_ops iq_tag_ops;

/** iq_entry_told() - tell user space, as iq_table_type.told */
void iq_entry_told(struct iq_table *t, enum ipsec_qos_event event,
		   const struct iq_entry_info *info);

#endif /* _IPSEC_QOS_TAG_NETLINK_H */
