/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain of stores for keys of one family: how it grows and shrinks while packets find
 * all that is in it.
 */
#ifndef _IPSEC_QOS_STORES_H
#define _IPSEC_QOS_STORES_H

#include "net.h"
#include "store.h"

/**
 * struct iq_stores - stores, each of which is emptied into the next
 *
 * @head: NULL: none yet; RCU, written under iq_net.table_lock
 * @iqn: whose they are
 * @family: of the keys, see struct iq_store
 * @seq: counts changes of which store an entry is in; iq_net.table_lock
 */
struct iq_stores {
	struct iq_store __rcu *head;
	struct iq_net *iqn;
	u8 family;
	u32 seq;
};

/*
 * Slots to look at, and entries to find, change or move and to tell of, before
 * iq_net.table_lock is let go of: packets wait for who holds it.
 */
#define IQ_STORES_STEP	512
#define IQ_STORES_BATCH	64

/*
 * Give way to who waits for iq_net.table_lock; with config_lock held no entry changes its
 * place.
 */
static inline void iq_stores_breathe(struct iq_net *iqn)
{
	spin_unlock_bh(&iqn->table_lock);
	cond_resched();
	spin_lock_bh(&iqn->table_lock);
}

/** iq_stores_init() - an empty chain; it cannot fail */
void iq_stores_init(struct iq_stores *st, struct iq_net *iqn, u8 family);

/** iq_stores_exit() - all go; nobody looks anything up any more */
void iq_stores_exit(struct iq_stores *st);

/* For all below iq_net.table_lock is held. */

/* The head of the chain, and the one behind @s */
static inline struct iq_store *iq_stores_head(const struct iq_stores *st)
{
	return rcu_dereference_protected(st->head, lockdep_is_held(&st->iqn->table_lock));
}

static inline struct iq_store *iq_stores_next(const struct iq_stores *st,
					      const struct iq_store *s)
{
	return rcu_dereference_protected(s->next, lockdep_is_held(&st->iqn->table_lock));
}

/** iq_stores_tail() - where new entries go; NULL: there is none */
struct iq_store *iq_stores_tail(const struct iq_stores *st);

/** iq_stores_n() - so many entries */
u32 iq_stores_n(const struct iq_stores *st);

/** iq_stores_has_room() - are so many more taken, as good as certainly, as it is? */
bool iq_stores_has_room(const struct iq_stores *st, u32 more);

/** iq_stores_find() - where is @key's entry? False: there is none */
bool iq_stores_find(const struct iq_stores *st, const struct iq_key *key, struct iq_ref *ref);

/** iq_stores_prefetch() - @key is soon to be found or added */
void iq_stores_prefetch(const struct iq_stores *st, const struct iq_key *key);

/* For all below: process context, iq_net.config_lock is held. */

/**
 * iq_stores_resize() - have a store for @n entries
 *
 * Packets find all of them all the time. Where memory is short all stays as it is, or
 * becomes a chain of stores, and the next resize tries again.
 */
int iq_stores_resize(struct iq_stores *st, u32 n);

/** iq_stores_shrink() - have no more room than is needed, after many have gone */
void iq_stores_shrink(struct iq_stores *st);

#endif /* _IPSEC_QOS_STORES_H */
