/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which group has a name. No two have the same.
 */
#ifndef _IPSEC_QOS_NAME_H
#define _IPSEC_QOS_NAME_H

#include "group.h"

/* For all of these iq_net.config_lock is held. */

/** iq_name_reserve() - have room for so many names; 0 or -ENOMEM */
int iq_name_reserve(struct iq_net *iqn, u32 n);

/** iq_name_find() - NULL: no group has it */
struct iq_group *iq_name_find(const struct iq_net *iqn, const char *name);

/** iq_name_add() - a group has a name, which nobody else has; there is room for it */
void iq_name_add(struct iq_net *iqn, struct iq_group *g);

/** iq_name_del() - it has none any more, and may get another */
void iq_name_del(struct iq_group *g);

/** iq_name_exit() - all groups are gone */
void iq_name_exit(struct iq_net *iqn);

#endif /* _IPSEC_QOS_NAME_H */
