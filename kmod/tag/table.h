/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables from SPIs to groups and targets: the SA table and the IKE table. The values in
 * their stores are numbers of actions (core/action.h), of groups and of pairs. What is
 * behind this door is table.c's own.
 */
#ifndef _IPSEC_QOS_TABLE_H
#define _IPSEC_QOS_TABLE_H

#include <linux/netlink.h>

#include "core/action.h"
#include "core/group.h"
#include "core/net.h"
#include "core/stores.h"

enum iq_table_id {
	IQ_TABLE_SA,
	IQ_TABLE_IKE,
	__IQ_TABLE_MAX
};

struct iq_entry_info;
struct iq_table;

/**
 * struct iq_table_type - what a table holds
 *
 * @name: for messages
 * @id: enum iq_table_id
 * @user: what its entries are to a group
 * @added: an entry came: 0, or an errno to refuse it; iq_net.table_lock is held.
 *	May be NULL.
 * @removed: one goes; likewise
 * @told: what happened to an entry, for whoever listens; iq_net.table_lock is held
 */
struct iq_table_type {
	const char *name;
	enum iq_table_id id;
	enum iq_user user;
	int (*added)(struct iq_net *iqn, const struct iq_key *key);
	void (*removed)(struct iq_net *iqn, const struct iq_key *key);
	void (*told)(struct iq_table *t, enum ipsec_qos_event event,
		     const struct iq_entry_info *info);
};

/**
 * struct iq_table - a table
 *
 * @stores: its entries, of IPv4 SAs and of all others
 * @iqn: whose it is
 * @type: what it holds
 * @n: how many entries; iq_net.table_lock
 * @seq: counts changes; iq_net.table_lock
 * @max: ceiling; written under iq_net.table_lock
 */
struct iq_table {
	struct iq_stores stores[2];
	struct iq_net *iqn;
	const struct iq_table_type *type;
	u32 n;
	u32 seq;
	u32 max;
};

/**
 * struct iq_entry_req - an entry as a request states it
 *
 * @attr: where the request says so, for errors
 * @group: NULL: none
 * @target: likewise; neither: of an entry that is there both stay as they are
 * @lifetime: seconds, 0: for ever
 * @owner: enum ipsec_qos_owner
 * @pending: announced
 */
struct iq_entry_req {
	const struct nlattr *attr;
	struct iq_key key;
	struct iq_group *group;
	struct iq_target *target;
	u32 lifetime;
	u8 owner;
	bool pending;
};

/**
 * struct iq_entry_info - an entry as user space sees it
 *
 * @group: its id; 0: it names none
 * @element: that of its target; 0: it names none
 * @lifetime: seconds that are left, 0: for ever
 */
struct iq_entry_info {
	struct iq_key key;
	u64 packets;
	u64 bytes;
	u32 group;
	u32 element;
	u32 lifetime;
	u8 owner;
	bool pending;
	bool local;
};

/**
 * struct iq_filter - which entries; 0 matches all
 *
 * @owner: -1 matches all
 * @has_dst: @key.dst is to match
 * @has_spi_r: @key.spi_r is to match, also 0
 * @group: as in struct iq_entry_info; likewise @element
 */
struct iq_filter {
	struct iq_key key;
	bool has_dst;
	bool has_spi_r;
	u32 group;
	u32 element;
	int owner;
};

/**
 * struct iq_walk - a walk over a table, for dumps
 *
 * What comes and goes meanwhile may be told or not; what is there all the time
 * is told at least once, and more than once only if iq_table_seq() changed.
 *
 * @which: of the table's chains of stores
 * @id: the store's in it; 0: the first
 * @i: its next slot
 */
struct iq_walk {
	struct iq_table *t;
	struct iq_filter filter;
	int which;
	u64 id;
	u32 i;
};

typedef bool (*iq_entry_cond)(struct iq_net *iqn, const struct iq_ref *ref,
			      const void *arg);

/** iq_table_init() - an empty one, with room for @max entries; it cannot fail */
void iq_table_init(struct iq_table *t, struct iq_net *iqn,
		   const struct iq_table_type *type, u32 max);

/** iq_table_exit() - its entries go; nobody looks anything up in it any more */
void iq_table_exit(struct iq_table *t);

/**
 * iq_table_lookup() - whose is it? Counts the packets as the entry's.
 *
 * @packets: 0: do not count
 *
 * Context: any, under rcu_read_lock(), which the answer lives under.
 * Return: what is done to its packets, NULL: no such entry.
 */
const struct iq_action *iq_table_lookup(struct iq_table *t,
					const struct iq_key *key,
					u32 packets, u32 bytes);

/** iq_table_lookup_in() - the same inline; @wide: is it no IPv4 destination? */
static __always_inline const struct iq_action *
iq_table_lookup_in(struct iq_table *t, const struct iq_key *key, bool wide,
		   u32 packets, u32 bytes)
{
	struct iq_store *s;
	u32 number;

	for (s = rcu_dereference(t->stores[wide].head); s; s = rcu_dereference(s->next)) {
		number = iq_store_lookup(s, key, wide, packets, bytes);
		if (likely(number))
			return iq_action_numbered(t->iqn, number);
	}
	return NULL;
}

/* All below, but the walk: process context, iq_net.config_lock is held. */

/**
 * iq_table_set() - add or change entries, all of them or none
 *
 * @all: so many there will be, with those of later calls; a hint, 0: not said
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_table_set(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 u32 all, u16 nlflags, struct netlink_ext_ack *extack);

/** iq_table_del() - remove entries, all of them or none */
int iq_table_del(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 struct netlink_ext_ack *extack);

/** iq_table_get() - look one up for user space; -ENOENT */
int iq_table_get(struct iq_table *t, const struct iq_key *key,
		 struct iq_entry_info *info);

/** iq_table_flush() - remove all that fit; returns how many */
u32 iq_table_flush(struct iq_table *t, const struct iq_filter *filter);

/** iq_table_sweep() - end of a resync: remove what @owner did not restate */
u32 iq_table_sweep(struct iq_table *t, u8 owner);

/** iq_table_remove_if() - remove all for which @cond, under iq_net.table_lock, holds */
u32 iq_table_remove_if(struct iq_table *t, enum ipsec_qos_event event,
		       iq_entry_cond cond, const void *arg);

/** iq_table_expire_work() - the delayed work that removes what has expired */
void iq_table_expire_work(struct work_struct *work);

/* For those that know what an entry is; iq_net.table_lock is held. */

/** iq_table_find() - where is @key's entry? False: there is none. */
bool iq_table_find(struct iq_table *t, const struct iq_key *key,
		   struct iq_ref *ref);

/** iq_table_changed() - who listens is told of an entry, which the caller has changed */
void iq_table_changed(struct iq_table *t, const struct iq_ref *ref,
		      enum ipsec_qos_event event);

/** iq_table_remove() - an entry goes, and who listens is told */
void iq_table_remove(struct iq_table *t, const struct iq_ref *ref,
		     enum ipsec_qos_event event);

/** iq_walk_begin() - before the first iq_walk_next(); any context */
void iq_walk_begin(struct iq_walk *w, struct iq_table *t,
		   const struct iq_filter *filter);

/**
 * iq_walk_next() - the next entry that fits; false: there is none any more
 *
 * Context: process, under rcu_read_lock(), which it lets go of, as its caller may between
 * two calls.
 */
bool iq_walk_next(struct iq_walk *w, struct iq_entry_info *info);

/** iq_table_seq() - it changes with what a walk may find twice. Any context. */
static inline u32 iq_table_seq(const struct iq_table *t)
{
	return READ_ONCE(t->seq) + READ_ONCE(t->stores[0].seq) + READ_ONCE(t->stores[1].seq);
}

/** iq_table_count() - how many entries does it have? Any context. */
static inline u32 iq_table_count(const struct iq_table *t)
{
	return READ_ONCE(t->n);
}

#endif /* _IPSEC_QOS_TABLE_H */
