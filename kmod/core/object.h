/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects that a user has by id and by name, and what all kinds of them share: who owns
 * one, whether it was stated again since a resync began, and requests that are carried out
 * for all of their objects or for none.
 */
#ifndef _IPSEC_QOS_OBJECT_H
#define _IPSEC_QOS_OBJECT_H

#include <linux/xarray.h>
#include <net/genetlink.h>

#include "folder.h"
#include "name.h"
#include "net.h"
#include "netlink.h"

struct iq_objects;

/**
 * struct iq_object - what a part of each object is; iq_net.config_lock
 *
 * @id: its key, never changes
 * @name: no other of its kind has it
 * @by_name: in iq_objects.names
 * @owner: enum ipsec_qos_owner
 * @planned: the request that is carried out names it
 * @generation: of the owner when it was stated last
 * @folder: in sysfs
 */
struct iq_object {
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	struct iq_named by_name;
	u8 owner;
	bool planned;
	u32 generation;
	struct iq_folder folder;
};

/**
 * struct iq_object_type - a kind
 *
 * @what: "device"
 * @max: ceiling in a namespace
 * @mcgrp: who is told of them
 * @attr: that they are in, in a message
 * @cmd: of dumps
 * @folder: theirs in sysfs; NULL: they have none
 * @folders: so many have one at most: it takes more memory than all else of an object
 *
 * @alloc: a new one, that nobody finds; its struct iq_object is filled in behind it. NULL: no
 *	memory
 * @free: an object that nobody has found
 * @lose: one that others have found is gone: freed behind a grace period
 * @busy: does somebody use it? Says who; its last two arguments may be NULL
 * @size: what @put needs at most, with its nest
 * @put: all of it; @whole: also what a dump and an event leave out. 0 or -EMSGSIZE
 */
struct iq_object_type {
	const char *what;
	u32 max;
	enum iq_mcgrp mcgrp;
	int attr;
	u8 cmd;
	struct kobj_type *folder;
	u32 folders;

	struct iq_object *(*alloc)(struct iq_net *iqn);
	void (*free)(struct iq_object *o);
	void (*lose)(struct iq_objects *os, struct iq_object *o);
	bool (*busy)(struct iq_objects *os, const struct iq_object *o,
		     const struct nlattr *attr, struct netlink_ext_ack *extack);
	size_t (*size)(const struct iq_object *o, bool whole);
	int (*put)(struct sk_buff *skb, struct iq_object *o, bool whole);
};

/**
 * struct iq_objects - all of a kind in a namespace; iq_net.config_lock
 *
 * @all: by id; also read under RCU
 * @names: by name
 * @n: so many
 * @seq: counts changes, for dumps
 * @folders: in sysfs
 */
struct iq_objects {
	struct iq_net *iqn;
	const struct iq_object_type *type;
	struct xarray all;
	struct iq_names *names;
	u32 n;
	u32 seq;
	struct iq_folders folders;
};

/**
 * struct iq_object_req - what a request says of each object
 *
 * @attr: where, for errors
 * @id: 0: not said, which only a request may that names it otherwise
 * @name: empty: not said
 */
struct iq_object_req {
	const struct nlattr *attr;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
};

/**
 * struct iq_object_plan - what a request will do to one object
 *
 * @o: there already or new; NULL: it came to none
 * @fresh: it is new
 * @rename: it gets another name; else:
 * @was: the one that it had
 * @placed: it has the name that it is to have
 */
struct iq_object_plan {
	struct iq_object *o;
	bool fresh;
	bool rename;
	bool placed;
	char was[IPSEC_QOS_NAME_MAX];
};

/* All below: process context, iq_net.config_lock is held. */

/** iq_objects_init() - none yet; @folders: theirs in sysfs. 0 or an errno */
int iq_objects_init(struct iq_objects *os, struct iq_net *iqn,
		    const struct iq_object_type *type, const char *folders);

/** iq_objects_exit() - all go, without a word; nobody looks any more */
void iq_objects_exit(struct iq_objects *os);

/** iq_object_find() - by id, or by name where @id is 0; NULL: none */
struct iq_object *iq_object_find(struct iq_objects *os, u32 id, const char *name);

/** iq_object_none() - there is no such object; -ENOENT */
int iq_object_none(const struct iq_objects *os, const struct iq_object_req *req,
		   struct netlink_ext_ack *extack);

/**
 * iq_objects_plan() - find those of a request, or make them, and have them named as it says
 *
 * Nobody else can see that until iq_objects_commit(), or iq_objects_undo().
 *
 * @req: @n structures of @size bytes that begin with a struct iq_object_req
 * @plan: @n of them, all zeros
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 *
 * Return: 0; or an errno, and iq_objects_undo() is to follow.
 */
int iq_objects_plan(struct iq_objects *os, const void *req, size_t size, u32 n, u16 nlflags,
		    struct iq_object_plan *plan, struct netlink_ext_ack *extack);

/** iq_objects_undo() - as it was, however far iq_objects_plan() came; new ones are freed */
void iq_objects_undo(struct iq_objects *os, const struct iq_object_plan *plan, u32 n);

/**
 * iq_objects_commit() - they are as they are to be; who listens is told of those that changed
 *
 * @changed: by their places: more of it changed than what struct iq_object has
 */
void iq_objects_commit(struct iq_objects *os, const struct iq_object_plan *plan, u32 n,
		       u8 owner, const bool *changed);

/** iq_object_tell() - an object came, changed, or goes */
void iq_object_tell(struct iq_objects *os, struct iq_object *o, enum ipsec_qos_event event);

/** iq_object_remove() - one goes, that nobody uses */
void iq_object_remove(struct iq_objects *os, struct iq_object *o);

/** iq_objects_del() - remove those that a request names, as iq_objects_plan(), or none */
int iq_objects_del(struct iq_objects *os, const void *req, size_t size, u32 n,
		   struct netlink_ext_ack *extack);

/** iq_objects_sweep() - remove what @owner did not restate and nobody uses; how many */
u32 iq_objects_sweep(struct iq_objects *os, u8 owner);

/* Requests; iq_net.config_lock is taken. @os: NULL: there are none. */

/** iq_objects_answer() - the one that @req names */
int iq_objects_answer(struct genl_info *info, struct iq_net *iqn, struct iq_objects *os,
		      const struct iq_object_req *req, const char *what);

/** iq_objects_dump() - all, or those of an owner */
int iq_objects_dump(struct sk_buff *skb, struct netlink_callback *cb, struct iq_net *iqn,
		    struct iq_objects *os);

#endif /* _IPSEC_QOS_OBJECT_H */
