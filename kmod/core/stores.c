// SPDX-License-Identifier: GPL-2.0
#include "stores.h"

/* Room for so many is not worth giving back. */
#define IQ_STORES_SMALL	4096

void iq_stores_init(struct iq_stores *st, struct iq_net *iqn, u8 family)
{
	st->iqn = iqn;
	st->family = family;
}

void iq_stores_exit(struct iq_stores *st)
{
	struct iq_store *s = rcu_dereference_protected(st->head, true), *next;

	for (; s; s = next) {
		next = rcu_dereference_protected(s->next, true);
		iq_store_free(s);
	}
}

struct iq_store *iq_stores_tail(const struct iq_stores *st)
{
	struct iq_store *s, *tail = NULL;

	for (s = iq_stores_head(st); s; s = iq_stores_next(st, s))
		tail = s;
	return tail;
}

/* A new tail. */
static int iq_stores_extend(struct iq_stores *st, u32 n)
{
	struct iq_store *s = iq_store_alloc(st->family, n), *tail;

	lockdep_assert_held(&st->iqn->config_lock);
	if (!s)
		return -ENOMEM;
	spin_lock_bh(&st->iqn->table_lock);
	tail = iq_stores_tail(st);
	if (tail)
		rcu_assign_pointer(tail->next, s);
	else
		rcu_assign_pointer(st->head, s);
	st->seq++;
	spin_unlock_bh(&st->iqn->table_lock);
	return 0;
}

/* Move what is in the head to the tail, and let go of it. */
static int iq_stores_drain(struct iq_stores *st)
{
	struct iq_net *iqn = st->iqn;
	struct iq_store *head, *to;
	u32 i = 0;
	int err;

	spin_lock_bh(&iqn->table_lock);
	head = iq_stores_head(st);
	while (i < iq_store_slots(head)) {
		to = iq_stores_tail(st);
		err = iq_store_move(head, &i, IQ_STORES_BATCH, to);
		st->seq++;
		spin_unlock_bh(&iqn->table_lock);
		/* Next to impossible, and then another secret helps. */
		if (err)
			err = iq_stores_extend(st, 2 * iq_store_room(to));
		if (err)
			return err;
		cond_resched();
		spin_lock_bh(&iqn->table_lock);
	}
	rcu_assign_pointer(st->head, iq_stores_next(st, head));
	st->seq++;
	spin_unlock_bh(&iqn->table_lock);
	iq_store_free(head);
	return 0;
}

int iq_stores_resize(struct iq_stores *st, u32 n)
{
	int err = iq_stores_extend(st, n);
	bool more = true;

	while (!err && more) {
		spin_lock_bh(&st->iqn->table_lock);
		more = iq_stores_next(st, iq_stores_head(st));
		spin_unlock_bh(&st->iqn->table_lock);
		if (more)
			err = iq_stores_drain(st);
	}
	return err;
}

u32 iq_stores_n(const struct iq_stores *st)
{
	struct iq_store *s;
	u32 n = 0;

	for (s = iq_stores_head(st); s; s = iq_stores_next(st, s))
		n += s->n;
	return n;
}

bool iq_stores_has_room(const struct iq_stores *st, u32 more)
{
	const struct iq_store *tail = iq_stores_tail(st);

	return tail && tail->n + more <= iq_store_room(tail);
}

bool iq_stores_find(const struct iq_stores *st, const struct iq_key *key, struct iq_ref *ref)
{
	struct iq_store *s;

	for (s = iq_stores_head(st); s; s = iq_stores_next(st, s))
		if (iq_store_find(s, key, ref))
			return true;
	return false;
}

void iq_stores_prefetch(const struct iq_stores *st, const struct iq_key *key)
{
	const struct iq_store *s = iq_stores_head(st);

	if (s)
		iq_store_prefetch(s, key);
}

void iq_stores_shrink(struct iq_stores *st)
{
	struct iq_store *tail;
	bool large;
	u32 n;

	spin_lock_bh(&st->iqn->table_lock);
	tail = iq_stores_tail(st);
	n = iq_stores_n(st);
	large = tail && iq_store_room(tail) / 8 > n + IQ_STORES_SMALL;
	spin_unlock_bh(&st->iqn->table_lock);
	if (large)
		iq_stores_resize(st, n);
}
