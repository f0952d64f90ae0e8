/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which object of a kind has a name. No two have the same.
 */
#ifndef _IPSEC_QOS_NAME_H
#define _IPSEC_QOS_NAME_H

#include <linux/list.h>
#include <linux/types.h>

struct iq_names;

/**
 * struct iq_named - a part of who has a name
 *
 * @node: in struct iq_names
 * @name: the object's, which does not move
 */
struct iq_named {
	struct hlist_node node;
	const char *name;
};

/* For all of these the lock of the objects is held: iq_net.config_lock. */

/** iq_name_reserve() - have room for so many names; @names: NULL: none yet. 0 or -ENOMEM */
int iq_name_reserve(struct iq_names **names, u32 n);

/** iq_name_find() - NULL: nobody has it; @names: NULL: so none has any */
struct iq_named *iq_name_find(const struct iq_names *names, const char *name);

/** iq_name_add() - somebody has a name, which nobody else has; there is room for it */
void iq_name_add(struct iq_names *names, struct iq_named *named);

/** iq_name_del() - it has none any more, and may get another */
void iq_name_del(struct iq_named *named);

/** iq_name_exit() - all who had names are gone */
void iq_name_exit(struct iq_names *names);

#endif /* _IPSEC_QOS_NAME_H */
