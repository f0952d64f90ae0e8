/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space is told of: the multicast group of netlink.c. Nothing is
 * built where nobody listens; an event that finds no memory is lost, and the
 * listener is told so (ENOBUFS).
 */
#ifndef _IPSEC_QOS_EVENT_H
#define _IPSEC_QOS_EVENT_H

#include "tag/table.h"

struct iq_group;

/** iq_event_entry() - of an SA or IKE SA; iq_net.table_lock is held */
void iq_event_entry(struct iq_table *t, enum ipsec_qos_event event,
		    const struct iq_entry_info *info);

/** iq_event_group() - of a group; process context, iq_net.config_lock is held */
void iq_event_group(struct iq_net *iqn, enum ipsec_qos_event event,
		    const struct iq_group *g);

/**
 * iq_event_ceiling() - a table is full; at most one a second
 *
 * @type: IPSEC_QOS_STATUS_A_SAS, _IKES or _GROUPS
 * @count: its ceiling
 *
 * Context: process, iq_net.config_lock is held.
 */
void iq_event_ceiling(struct iq_net *iqn, int type, u32 count);

#endif /* _IPSEC_QOS_EVENT_H */
