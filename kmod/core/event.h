/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events: what happens to groups, and to tables that are full. Whoever cares
 * listens, and is called at once, in the context of who tells: nothing is queued.
 */
#ifndef _IPSEC_QOS_EVENT_H
#define _IPSEC_QOS_EVENT_H

#include "net.h"

struct iq_group;

/**
 * struct iq_listener - what somebody wants to be told of; NULL: not of that
 *
 * @group: a group came (IPSEC_QOS_EVENT_NEW), changed, or goes
 *	(IPSEC_QOS_EVENT_DEL)
 * @group_name: a group gets the name @name for the time being. Of two that swap
 *	theirs one has meanwhile a name that no group can have, with a dot in front.
 * @ceiling: see iq_event_ceiling()
 *
 * Context: process, iq_net.config_lock is held.
 */
struct iq_listener {
	void (*group)(struct iq_net *iqn, enum ipsec_qos_event event,
		      struct iq_group *g);
	void (*group_name)(struct iq_group *g, const char *name);
	void (*ceiling)(struct iq_net *iqn, int type, u32 count);
};

/* All who listen, in the order in which they are told; then NULL. In main.c. */
extern const struct iq_listener *const iq_listeners[];

/** iq_event_group() - tell of a group; process context, iq_net.config_lock is held */
void iq_event_group(struct iq_net *iqn, enum ipsec_qos_event event,
		    struct iq_group *g);

/** iq_event_group_name() - tell of a group's name, see struct iq_listener; likewise */
void iq_event_group_name(struct iq_group *g, const char *name);

/**
 * iq_event_ceiling() - tell that a table is full
 *
 * @type: IPSEC_QOS_STATUS_A_SAS, _IKES or _GROUPS
 * @count: its ceiling
 *
 * Context: process, iq_net.config_lock is held.
 */
void iq_event_ceiling(struct iq_net *iqn, int type, u32 count);

#endif /* _IPSEC_QOS_EVENT_H */
