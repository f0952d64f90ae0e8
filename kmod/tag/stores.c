// SPDX-License-Identifier: GPL-2.0
#include "stores.h"

/* Room for so many is not worth giving back. */
#define IQ_TABLE_SMALL	4096

static u8 iq_store_family(const struct iq_table *t, int which)
{
	if (t->type->id == IQ_TABLE_IKE)
		return 0;
	return which ? AF_INET6 : AF_INET;
}

struct iq_store *iq_table_tail(const struct iq_table *t, int which)
{
	struct iq_store *s, *tail = NULL;

	for (s = iq_table_head(t, which); s; s = iq_table_next(t, s))
		tail = s;
	return tail;
}

/* A new tail. */
static int iq_table_extend(struct iq_table *t, int which, u32 n)
{
	struct iq_store *s = iq_store_alloc(iq_store_family(t, which), n), *tail;

	lockdep_assert_held(&t->iqn->config_lock);
	if (!s)
		return -ENOMEM;
	spin_lock_bh(&t->iqn->table_lock);
	tail = iq_table_tail(t, which);
	if (tail)
		rcu_assign_pointer(tail->next, s);
	else
		rcu_assign_pointer(t->store[which], s);
	t->seq++;
	spin_unlock_bh(&t->iqn->table_lock);
	return 0;
}

/* Move what is in the head to the tail, and let go of it. */
static int iq_table_drain(struct iq_table *t, int which)
{
	struct iq_net *iqn = t->iqn;
	struct iq_store *head, *to;
	u32 i = 0;
	int err;

	spin_lock_bh(&iqn->table_lock);
	head = iq_table_head(t, which);
	while (i < iq_store_slots(head)) {
		to = iq_table_tail(t, which);
		err = iq_store_move(head, &i, IQ_TABLE_BATCH, to);
		t->seq++;
		spin_unlock_bh(&iqn->table_lock);
		/* Next to impossible, and then another secret helps. */
		if (err)
			err = iq_table_extend(t, which, 2 * iq_store_room(to));
		if (err)
			return err;
		cond_resched();
		spin_lock_bh(&iqn->table_lock);
	}
	rcu_assign_pointer(t->store[which], iq_table_next(t, head));
	t->seq++;
	spin_unlock_bh(&iqn->table_lock);
	iq_store_free(head);
	return 0;
}

int iq_table_resize(struct iq_table *t, int which, u32 n)
{
	int err = iq_table_extend(t, which, n);
	bool more = true;

	while (!err && more) {
		spin_lock_bh(&t->iqn->table_lock);
		more = iq_table_next(t, iq_table_head(t, which));
		spin_unlock_bh(&t->iqn->table_lock);
		if (more)
			err = iq_table_drain(t, which);
	}
	return err;
}

static u32 iq_table_chain_n(const struct iq_table *t, int which)
{
	struct iq_store *s;
	u32 n = 0;

	for (s = iq_table_head(t, which); s; s = iq_table_next(t, s))
		n += s->n;
	return n;
}

bool iq_table_find(struct iq_table *t, const struct iq_key *key,
		   struct iq_ref *ref)
{
	struct iq_store *s;

	for (s = iq_table_head(t, iq_key_store(key)); s; s = iq_table_next(t, s))
		if (iq_store_find(s, key, ref))
			return true;
	return false;
}

void iq_table_prefetch(const struct iq_table *t, const struct iq_key *key)
{
	const struct iq_store *s = iq_table_head(t, iq_key_store(key));

	if (s)
		iq_store_prefetch(s, key);
}

/* How many of a request are not there yet. */
static u32 iq_table_missing(struct iq_table *t, int which,
			    const struct iq_entry_req *req, u32 n)
{
	struct iq_ref ref;
	u32 i, missing = 0;

	for (i = 0; i < n; i++) {
		if (i && !(i % IQ_TABLE_BATCH))
			iq_table_breathe(t->iqn);
		missing += iq_key_store(&req[i].key) == which &&
			   !iq_table_find(t, &req[i].key, &ref);
	}
	return missing;
}

void iq_table_reserve(struct iq_table *t, int which,
		      const struct iq_entry_req *req, u32 n, u32 more,
		      u32 all, bool excl)
{
	struct iq_store *tail;
	bool enough;
	u32 have;

	spin_lock_bh(&t->iqn->table_lock);
	tail = iq_table_tail(t, which);
	enough = tail && tail->n + more <= iq_store_room(tail);
	if (!enough && tail && !excl) {
		/* To state again what is there takes no room. */
		more = iq_table_missing(t, which, req, n);
		enough = tail->n + more <= iq_store_room(tail);
	}
	have = iq_table_chain_n(t, which);
	all = min(all, t->max);
	if (excl)
		all = min(all + have, t->max);
	spin_unlock_bh(&t->iqn->table_lock);
	all = iq_store_for(all);
	/* A hint may be of more than there is memory for. */
	if (!enough && iq_table_resize(t, which, max(have + more, all)) &&
	    all > have + more)
		iq_table_resize(t, which, have + more);
}

void iq_table_shrink(struct iq_table *t)
{
	struct iq_store *tail;
	int which;
	bool large;
	u32 n;

	for (which = 0; which < ARRAY_SIZE(t->store); which++) {
		spin_lock_bh(&t->iqn->table_lock);
		tail = iq_table_tail(t, which);
		n = iq_table_chain_n(t, which);
		large = tail && iq_store_room(tail) / 8 > n + IQ_TABLE_SMALL;
		spin_unlock_bh(&t->iqn->table_lock);
		if (large)
			iq_table_resize(t, which, n);
	}
}
