/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table's stores: which of them has a key, and how they grow and shrink. For table.c.
 */
#ifndef _IPSEC_QOS_TAG_STORES_H
#define _IPSEC_QOS_TAG_STORES_H

#include "table.h"

/*
 * Slots to look at, and entries to find, change or move and to tell of, before
 * iq_net.table_lock is let go of: packets wait for who holds it.
 */
#define IQ_TABLE_STEP	512
#define IQ_TABLE_BATCH	64

/*
 * Give way to who waits for iq_net.table_lock; with config_lock held no entry changes its
 * place.
 */
static inline void iq_table_breathe(struct iq_net *iqn)
{
	spin_unlock_bh(&iqn->table_lock);
	cond_resched();
	spin_lock_bh(&iqn->table_lock);
}

/* Which of a table's stores has a key, and what keys a store has. */
static inline int iq_key_store(const struct iq_key *key)
{
	return iq_store_wide(key->family);
}

/* The head of a chain of stores, and the one behind @s; iq_net.table_lock is held. */
static inline struct iq_store *iq_table_head(const struct iq_table *t, int which)
{
	return rcu_dereference_protected(t->store[which],
					 lockdep_is_held(&t->iqn->table_lock));
}

static inline struct iq_store *iq_table_next(const struct iq_table *t,
					     const struct iq_store *s)
{
	return rcu_dereference_protected(s->next,
					 lockdep_is_held(&t->iqn->table_lock));
}

/** iq_table_tail() - where new entries go; NULL: there is none; likewise */
struct iq_store *iq_table_tail(const struct iq_table *t, int which);

/** iq_table_prefetch() - @key is soon to be found or added; likewise */
void iq_table_prefetch(const struct iq_table *t, const struct iq_key *key);

/* For all below: process context, iq_net.config_lock is held. */

/**
 * iq_table_resize() - have a store for @n entries
 *
 * Packets find all of them all the time. Where memory is short the table stays as it is,
 * or a chain of stores, and the next one tries again.
 */
int iq_table_resize(struct iq_table *t, int which, u32 n);

/**
 * iq_table_reserve() - have room for the @more of a request's @n that go to this store, if
 * it can be had
 *
 * If that takes another store, have it large enough for @all, which are new (@excl) or may
 * be there already.
 */
void iq_table_reserve(struct iq_table *t, int which,
		      const struct iq_entry_req *req, u32 n, u32 more,
		      u32 all, bool excl);

/** iq_table_shrink() - have no more room than is needed, after many have gone */
void iq_table_shrink(struct iq_table *t);

#endif /* _IPSEC_QOS_TAG_STORES_H */
