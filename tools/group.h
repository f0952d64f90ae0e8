/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups by name: what SAs, IKE SAs and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_GROUP_H
#define IPSEC_QOS_TOOLS_GROUP_H

#include "command.h"
#include "lib/kernel/group.h"

/**
 * next_group() - take NAME, or "id N", from behind a keyword
 *
 * Return: STATUS_OK and *@id, or what is wrong, having said so.
 */
int next_group(struct args *args, uint32_t *id);

/** group_name() - of a group; @buf has FORMAT_MAX bytes */
const char *group_name(uint32_t id, char *buf);

/** groups_changed() - names and ids are to be asked for anew */
void groups_changed(void);

/** group_json() - of a struct iq_kernel_group, as `group show` prints it */
json_t *group_json(const void *item);

#endif /* IPSEC_QOS_TOOLS_GROUP_H */
