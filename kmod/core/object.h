/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that a user has by id and by name, and what all kinds of them share: who owns
 * one, whether it was stated again since a resync began, and requests that are carried out
 * for all of their objects or for none.
 */
#ifndef _IPSEC_QOS_OBJECT_H
#define _IPSEC_QOS_OBJECT_H

#include <linux/netlink.h>
#include <linux/xarray.h>

#include "net.h"

/**
 * struct iq_object - what a part of each object is; iq_net.config_lock
 *
 * @id: its key, never changes
 * @name: no other of its kind has it
 * @by_name: in iq_objects.names
 * @owner: enum ipsec_qos_owner
 * @planned: the request that is carried out names it
 * @generation: of the owner when it was stated last
 */
struct iq_object {
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	struct hlist_node by_name;
	u8 owner;
	bool planned;
	u32 generation;
};

struct iq_object_names;

/**
 * struct iq_objects - all of a kind in a namespace; iq_net.config_lock
 *
 * @what: "device"
 * @all: by id; also read under RCU, by whose objects are freed behind a grace period
 * @names: see object.c
 * @n: so many
 * @max: ceiling
 * @seq: counts changes, for dumps
 */
struct iq_objects {
	struct iq_net *iqn;
	const char *what;
	struct xarray all;
	struct iq_object_names *names;
	u32 n;
	u32 max;
	u32 seq;
};

#endif /* _IPSEC_QOS_OBJECT_H */
