// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "store.h"

/*
 * How full a store may get. With two buckets of four slots to choose from about
 * one key in 500 spills at 5/8, and of the spill next to nothing is used. A new
 * store is half full, a small one a quarter: so that one grows to 5/4 or 5/2 of
 * what it was.
 */
#define IQ_STORE_FULL(slots)	((slots) / 8 * 5)
#define IQ_STORE_SMALL		8192	/* entries */
#define IQ_STORE_SPILL		32	/* one spill bucket for so many */
#define IQ_STORE_MIN		8	/* buckets, and spill buckets */

struct iq_store *iq_store_alloc(u8 family, u32 n)
{
	/* Too much is an error for who asked, no warning. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	bool wide = iq_store_wide(family);
	static atomic64_t ids;
	struct iq_store *s;
	u32 total;

	BUILD_BUG_ON(sizeof(struct iq_bucket) > 128);
	BUILD_BUG_ON(sizeof(struct iq_entry) != 12);
	BUILD_BUG_ON(sizeof(struct iq_key) != 24);
	BUILD_BUG_ON(offsetof(struct iq_wide_bucket, b));

	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->family = family;
	s->id = atomic64_inc_return(&ids);
	s->n_buckets = max_t(u32, IQ_STORE_MIN, n < IQ_STORE_SMALL ? n : n / 2);
	s->n_spill = max_t(u32, IQ_STORE_MIN, s->n_buckets / IQ_STORE_SPILL);
	get_random_bytes(&s->secret, sizeof(s->secret));
	total = s->n_buckets + s->n_spill;
	s->buckets = kvcalloc(total, wide ? sizeof(struct iq_wide_bucket) :
			      sizeof(struct iq_bucket), gfp);
	s->entries = kvcalloc(total, IQ_SLOTS * sizeof(*s->entries), gfp);
	if (s->buckets && s->entries)
		return s;
	iq_store_free(s);
	return NULL;
}

void iq_store_free(struct iq_store *s)
{
	kvfree(s->buckets);
	kvfree(s->entries);
	kfree(s);
}

u32 iq_store_room(const struct iq_store *s)
{
	return IQ_STORE_FULL(s->n_buckets * IQ_SLOTS);
}

bool iq_store_find(struct iq_store *s, const struct iq_key *key,
		   struct iq_ref *ref)
{
	unsigned long group;
	u32 number;
	int slot;

	if (!iq_store_search(s, key, iq_store_wide(s->family), &number, &slot,
			     &group))
		return false;
	ref->s = s;
	ref->i = number * IQ_SLOTS + slot;
	return true;
}

static struct iq_bucket *iq_ref_bucket(const struct iq_ref *ref)
{
	return iq_store_bucket(ref->s, ref->i / IQ_SLOTS,
			       iq_store_wide(ref->s->family));
}

static struct iq_slot *iq_ref_slot(const struct iq_ref *ref)
{
	return &iq_ref_bucket(ref)->slot[ref->i % IQ_SLOTS];
}

static struct iq_slot_count *iq_ref_slot_count(const struct iq_ref *ref)
{
	return &iq_ref_bucket(ref)->count[ref->i % IQ_SLOTS];
}

static __be32 *iq_ref_dst(const struct iq_ref *ref)
{
	return container_of(iq_ref_bucket(ref), struct iq_wide_bucket,
			    b)->key[ref->i % IQ_SLOTS];
}

/* May it be used? A freed one must have rested. */
static bool iq_ref_free(const struct iq_ref *ref)
{
	struct iq_slot *slot = iq_ref_slot(ref);
	struct iq_entry *e = iq_ref_entry(ref);

	if (slot->group)
		return false;
	if (e->resting && poll_state_synchronize_rcu(slot->tag))
		e->resting = false;
	return !e->resting;
}

/* How many slots of a bucket may be used; the first in @ref. */
static int iq_bucket_free(struct iq_store *s, u32 number, struct iq_ref *ref)
{
	struct iq_ref one = { .s = s, .i = number * IQ_SLOTS };
	int i, n = 0;

	for (i = 0; i < IQ_SLOTS; i++, one.i++)
		if (iq_ref_free(&one) && !n++)
			*ref = one;
	return n;
}

/*
 * The first bucket is what look-ups read first: it is taken unless its last slot
 * would be, and the other one is emptier.
 */
static int iq_store_choose(struct iq_store *s, u32 hash, struct iq_ref *ref)
{
	int way, free = iq_bucket_free(s, iq_store_way(s, hash, 0), ref);
	struct iq_ref other;

	if (free > 1)
		return 0;
	if (iq_bucket_free(s, iq_store_way(s, hash, 1), &other) > free) {
		*ref = other;
		return 0;
	}
	if (free)
		return 0;
	for (way = 2; way < 4; way++)
		if (iq_bucket_free(s, iq_store_way(s, hash, way), ref))
			return 0;
	return -ENOSPC;
}

static bool iq_ref_spilled(const struct iq_ref *ref)
{
	return ref->i / IQ_SLOTS >= ref->s->n_buckets;
}

static void iq_slot_set(const struct iq_ref *ref, const struct iq_key *key,
			const struct iq_place *p, unsigned long group)
{
	struct iq_slot_count *count = iq_ref_slot_count(ref);
	struct iq_slot *slot = iq_ref_slot(ref);
	struct iq_store *s = ref->s;

	if (iq_ref_spilled(ref))
		WRITE_ONCE(s->n_spilled, s->n_spilled + 1);
	if (iq_store_wide(s->family))
		memcpy(iq_ref_dst(ref), key->dst, sizeof(key->dst));
	atomic64_set(&count->packets, 0);
	atomic64_set(&count->bytes, 0);
	WRITE_ONCE(slot->tag, p->tag);
	s->n++;
	/* Pairs with iq_bucket_match(). */
	smp_store_release(&slot->group, group);
}

static void iq_slot_clear(const struct iq_ref *ref)
{
	struct iq_store *s = ref->s;

	/* After what its reader is to find instead, in the next store. */
	smp_store_release(&iq_ref_slot(ref)->group, 0);
	if (iq_ref_spilled(ref)) {
		/* Pairs with iq_store_search(). */
		smp_store_release(&s->n_spilled, s->n_spilled - 1);
	}
	s->n--;
}

int iq_store_add(struct iq_store *s, const struct iq_key *key,
		 struct iq_group *g, struct iq_ref *ref)
{
	struct iq_place p = iq_store_place(s, key, iq_store_wide(s->family));
	int err = iq_store_choose(s, p.hash, ref);

	if (err)
		return err;
	memset(iq_ref_entry(ref), 0, sizeof(struct iq_entry));
	iq_slot_set(ref, key, &p, (unsigned long)g | p.bit);
	return 0;
}

void iq_store_remove(const struct iq_ref *ref)
{
	struct iq_entry *e = iq_ref_entry(ref);

	iq_slot_clear(ref);
	memset(e, 0, sizeof(*e));
	e->resting = true;
	WRITE_ONCE(iq_ref_slot(ref)->tag, start_poll_synchronize_rcu());
}

int iq_store_move(struct iq_store *from, u32 *i, u32 n, struct iq_store *to)
{
	u32 end = min(iq_store_slots(from), *i + n);
	struct iq_ref old = { .s = from }, new;
	struct iq_place p;
	struct iq_key key;
	int err;

	for (; *i < end; (*i)++) {
		old.i = *i;
		if (!iq_ref_slot(&old)->group)
			continue;
		iq_ref_key(&old, &key);
		p = iq_store_place(to, &key, iq_store_wide(to->family));
		err = iq_store_choose(to, p.hash, &new);
		if (err)
			return err;
		*iq_ref_entry(&new) = *iq_ref_entry(&old);
		iq_ref_entry(&new)->moved = old.i + 1;
		iq_slot_set(&new, &key, &p, iq_ref_slot(&old)->group);
		iq_slot_clear(&old);
	}
	return 0;
}

void iq_store_fold(struct iq_store *s, u32 *i, u32 n)
{
	u32 end = min(iq_store_slots(s), *i + n);
	struct iq_slot_count *from, *to;

	for (; *i < end; (*i)++) {
		u32 moved = s->entries[*i].moved;

		if (!moved)
			continue;
		from = iq_ref_slot_count(&(struct iq_ref){ s->before, moved - 1 });
		to = iq_ref_slot_count(&(struct iq_ref){ s, *i });
		atomic64_add(atomic64_read(&from->packets), &to->packets);
		atomic64_add(atomic64_read(&from->bytes), &to->bytes);
		s->entries[*i].moved = 0;
	}
}

void iq_ref_count(const struct iq_ref *ref, u64 *packets, u64 *bytes)
{
	const struct iq_slot_count *count = iq_ref_slot_count(ref);
	u32 moved = iq_ref_entry(ref)->moved;

	*packets = atomic64_read(&count->packets);
	*bytes = atomic64_read(&count->bytes);
	if (moved) {
		struct iq_ref old = { .s = ref->s->before, .i = moved - 1 };

		count = iq_ref_slot_count(&old);
		*packets += atomic64_read(&count->packets);
		*bytes += atomic64_read(&count->bytes);
	}
}

void iq_ref_set_group(const struct iq_ref *ref, struct iq_group *g)
{
	struct iq_slot *slot = iq_ref_slot(ref);

	/* Pairs with iq_bucket_match(): the group is all there. */
	smp_store_release(&slot->group, (unsigned long)g | (slot->group & 1));
}

struct iq_group *iq_ref_group(const struct iq_ref *ref)
{
	return iq_slot_group(READ_ONCE(iq_ref_slot(ref)->group));
}

void iq_ref_key(const struct iq_ref *ref, struct iq_key *key)
{
	const struct iq_slot *slot = iq_ref_slot(ref);
	u8 family = ref->s->family;

	memset(key, 0, sizeof(*key));
	key->family = family;
	key->spi = (__force __be32)(u32)slot->tag;
	if (iq_store_wide(family))
		memcpy(key->dst, iq_ref_dst(ref), sizeof(key->dst));
	else
		key->dst[0] = (__force __be32)(u32)(slot->tag >> 32);
	if (family)
		key->proto = slot->group & 1 ? IPPROTO_AH : IPPROTO_ESP;
}
