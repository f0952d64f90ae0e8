// SPDX-License-Identifier: GPL-2.0
#include "debug.h"
#include "event.h"
#include "group.h"

void iq_event_group(struct iq_net *iqn, enum ipsec_qos_event event,
		    struct iq_group *g)
{
	const struct iq_listener *const *l;

	lockdep_assert_held(&iqn->config_lock);
	iq_debug(iqn, "group %s, id %u: event %d", g->name, g->id, event);
	for (l = iq_listeners; *l; l++)
		if ((*l)->group)
			(*l)->group(iqn, event, g);
}

void iq_event_group_name(struct iq_group *g, const char *name)
{
	const struct iq_listener *const *l;

	lockdep_assert_held(&g->iqn->config_lock);
	for (l = iq_listeners; *l; l++)
		if ((*l)->group_name)
			(*l)->group_name(g, name);
}

void iq_event_ceiling(struct iq_net *iqn, int type, u32 count)
{
	const struct iq_listener *const *l;

	lockdep_assert_held(&iqn->config_lock);
	iq_debug(iqn, "the ceiling of table %d is reached: %u", type, count);
	for (l = iq_listeners; *l; l++)
		if ((*l)->ceiling)
			(*l)->ceiling(iqn, type, count);
}
