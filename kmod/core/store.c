// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "store.h"

/*
 * How full a store may get. With two buckets of four slots to choose from one key
 * in 160 goes to the stash at 5/8, and one in 10 is in its second bucket. A new
 * store is full to 7/16, a small one to a quarter: so that one grows to 10/7 or 5/2
 * of what it was.
 */
#define IQ_STORE_FULL(slots)	((slots) / 8 * 5)
#define IQ_STORE_BUCKETS(n)	((u32)((u64)(n) * 4 / 7))
#define IQ_STORE_SMALL		8192	/* entries */
#define IQ_STORE_STASH		32	/* one stash bucket for so many */
#define IQ_STORE_MIN		8	/* buckets, and stash buckets */

/* A wide bucket is two lines, which are fetched together where they are a pair. */
#define IQ_STORE_HEAD		ALIGN(sizeof(struct iq_store), \
				      sizeof(struct iq_wide_bucket))

struct iq_store *iq_store_alloc(u8 family, u32 n)
{
	/* Too much is an error for who asked: no warning, and nobody is killed. */
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	bool wide = iq_store_wide(family);
	static atomic64_t ids;
	struct iq_store *s;
	u32 n_buckets, total;
	size_t buckets, counts;

	BUILD_BUG_ON(sizeof(struct iq_bucket) != 64);
	BUILD_BUG_ON(sizeof(struct iq_cold) != 24);
	BUILD_BUG_ON(sizeof(struct iq_key) != 24);
	BUILD_BUG_ON(offsetof(struct iq_wide_bucket, b));

	n_buckets = max_t(u32, IQ_STORE_MIN, n < IQ_STORE_SMALL ? n :
			  IQ_STORE_BUCKETS(n));
	total = n_buckets + max_t(u32, IQ_STORE_MIN, n_buckets / IQ_STORE_STASH);
	buckets = array_size(total, wide ? sizeof(struct iq_wide_bucket) :
			     sizeof(struct iq_bucket));
	counts = DIV_ROUND_UP(n_buckets, IQ_STORE_STASHED);
	s = kvzalloc(size_add(IQ_STORE_HEAD, size_add(buckets, counts)), gfp);
	if (!s)
		return NULL;
	s->cold = kvcalloc(total, IQ_SLOTS * sizeof(*s->cold), gfp);
	if (!s->cold) {
		kvfree(s);
		return NULL;
	}
	s->family = family;
	s->id = atomic64_inc_return(&ids);
	s->n_buckets = n_buckets;
	s->n_stash = total - n_buckets;
	get_random_bytes(&s->secret, sizeof(s->secret));
	s->buckets = (void *)s + IQ_STORE_HEAD;
	s->stashed = s->buckets + buckets;
	return s;
}

static void iq_store_free_rcu(struct rcu_head *rcu)
{
	struct iq_store *s = container_of(rcu, struct iq_store, rcu);

	kvfree(s->cold);
	kvfree(s);
}

void iq_store_free(struct iq_store *s)
{
	/* Soon: kvfree_rcu() would keep what may be large for seconds. */
	call_rcu(&s->rcu, iq_store_free_rcu);
}

u32 iq_store_room(const struct iq_store *s)
{
	return IQ_STORE_FULL(s->n_buckets * IQ_SLOTS);
}

u32 iq_store_for(u32 n)
{
	/* IQ_STORE_BUCKETS() the other way round; and one, for what is rounded. */
	return n / 10 * 7 + 7;
}

bool iq_store_find(struct iq_store *s, const struct iq_key *key,
		   struct iq_ref *ref)
{
	struct iq_found f;

	if (!iq_store_search(s, key, iq_store_wide(s->family), &f))
		return false;
	ref->s = s;
	ref->i = f.number * IQ_SLOTS + f.slot;
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

static u64 *iq_ref_words(const struct iq_ref *ref)
{
	return container_of(iq_ref_bucket(ref), struct iq_wide_bucket,
			    b)->key[ref->i % IQ_SLOTS];
}

static struct iq_cold *iq_ref_cold(const struct iq_ref *ref)
{
	return &ref->s->cold[ref->i];
}

/* May it be used? A freed one must have rested. */
static bool iq_ref_free(const struct iq_ref *ref)
{
	struct iq_slot *slot = iq_ref_slot(ref);
	u64 word = atomic64_read(&slot->word);

	if (word & IQ_WORD_VALUE)
		return false;
	return !(word & IQ_WORD_FREED) || poll_state_synchronize_rcu(slot->tag);
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
 * would be, and the other one is much emptier.
 */
static int iq_store_choose(struct iq_store *s, u32 hash, struct iq_ref *ref)
{
	int way, free = iq_bucket_free(s, iq_store_way(s, hash, 0), ref);
	struct iq_ref other;

	if (free > 1)
		return 0;
	if (iq_bucket_free(s, iq_store_way(s, hash, 1), &other) > 2 * free) {
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

static bool iq_ref_stashed(const struct iq_ref *ref)
{
	return ref->i / IQ_SLOTS >= ref->s->n_buckets;
}

/* How many of the stash have the first bucket of the one in @ref. */
static u8 *iq_ref_stashed_count(const struct iq_ref *ref)
{
	struct iq_place p;
	struct iq_key key;

	iq_ref_key(ref, &key);
	p = iq_store_place(ref->s, &key, iq_store_wide(ref->s->family));
	return &ref->s->stashed[iq_store_way(ref->s, p.hash, 0) / IQ_STORE_STASHED];
}

static void iq_slot_set(const struct iq_ref *ref, const struct iq_key *key,
			const struct iq_place *p, u32 value)
{
	struct iq_cold *cold = iq_ref_cold(ref);
	struct iq_slot *slot = iq_ref_slot(ref);
	struct iq_store *s = ref->s;
	u8 *stashed;

	if (iq_ref_stashed(ref)) {
		stashed = &s->stashed[iq_store_way(s, p->hash, 0) / IQ_STORE_STASHED];
		if (*stashed < U8_MAX)
			WRITE_ONCE(*stashed, *stashed + 1);
	}
	if (iq_store_wide(s->family))
		memcpy(iq_ref_words(ref), key->dst, sizeof(key->dst));
	atomic64_set(&cold->packets, 0);
	atomic64_set(&cold->bytes, 0);
	WRITE_ONCE(slot->tag, p->tag);
	s->n++;
	/* Pairs with iq_slot_match(). */
	atomic64_set_release(&slot->word,
			     FIELD_PREP(IQ_WORD_VALUE, value) |
			     FIELD_PREP(IQ_WORD_AH, p->ah));
}

/* What was counted in it and not carried over yet. */
static u64 iq_slot_clear(const struct iq_ref *ref)
{
	struct iq_slot *slot = iq_ref_slot(ref);
	u8 *stashed = iq_ref_stashed(ref) ? iq_ref_stashed_count(ref) : NULL;
	u64 word = atomic64_read(&slot->word);

	/*
	 * After what its reader is to find instead, in the next store; and not
	 * while somebody carries. Who counts later sees that it is gone.
	 */
	do {
		while (word & IQ_WORD_CARRY) {
			cpu_relax();
			word = atomic64_read(&slot->word);
		}
	} while (!atomic64_try_cmpxchg(&slot->word, (s64 *)&word,
					 IQ_WORD_FREED));
	if (stashed && *stashed < U8_MAX) {
		/* Pairs with iq_store_search(). */
		smp_store_release(stashed, *stashed - 1);
	}
	ref->s->n--;
	return word;
}

int iq_store_add(struct iq_store *s, const struct iq_key *key, u32 value,
		 struct iq_ref *ref)
{
	struct iq_place p = iq_store_place(s, key, iq_store_wide(s->family));
	int err = iq_store_choose(s, p.hash, ref);

	if (err)
		return err;
	memset(iq_ref_entry(ref), 0, sizeof(struct iq_entry));
	iq_slot_set(ref, key, &p, value);
	return 0;
}

void iq_store_remove(const struct iq_ref *ref)
{
	struct iq_store *s = ref->s;
	u64 rest;

	iq_slot_clear(ref);
	/* To ask for a grace period takes a lock of RCU's: for each it is done once. */
	rest = get_state_synchronize_rcu();
	if (rest != s->asked) {
		rest = start_poll_synchronize_rcu();
		s->asked = rest;
	}
	WRITE_ONCE(iq_ref_slot(ref)->tag, rest);
}

void iq_store_prefetch(const struct iq_store *s, const struct iq_key *key)
{
	bool wide = iq_store_wide(s->family);
	struct iq_place p = iq_store_place(s, key, wide);

	prefetchw(iq_store_bucket(s, iq_store_way(s, p.hash, 0), wide));
	prefetch(iq_store_bucket(s, iq_store_way(s, p.hash, 1), wide));
	prefetchw(&s->cold[iq_store_way(s, p.hash, 0) * IQ_SLOTS]);
}

static void iq_cold_count(struct iq_cold *cold, u64 word)
{
	atomic64_add(FIELD_GET(IQ_WORD_PACKETS, word), &cold->packets);
	atomic64_add(FIELD_GET(IQ_WORD_BYTES, word), &cold->bytes);
}

/* From one slot to another, that is free. */
static void iq_ref_move(const struct iq_ref *old, const struct iq_ref *new,
			const struct iq_key *key, const struct iq_place *p)
{
	struct iq_cold *from = iq_ref_cold(old), *to = iq_ref_cold(new);

	to->entry = from->entry;
	iq_slot_set(new, key, p, iq_ref_value(old));
	iq_cold_count(to, iq_slot_clear(old));
	atomic64_add(atomic64_read(&from->packets), &to->packets);
	atomic64_add(atomic64_read(&from->bytes), &to->bytes);
}

int iq_store_move(struct iq_store *from, u32 *i, u32 n, struct iq_store *to)
{
	u32 end = min(iq_store_slots(from), *i + n);
	struct iq_ref old = { .s = from }, new;
	struct iq_place p;
	struct iq_key key;
	int err;

	for (; *i < end; (*i)++) {
		old.i = *i + 2 * IQ_SLOTS;
		if (old.i < end && iq_ref_value(&old)) {
			iq_ref_key(&old, &key);
			iq_store_prefetch(to, &key);
		}
		old.i = *i;
		if (!iq_ref_value(&old))
			continue;
		iq_ref_key(&old, &key);
		p = iq_store_place(to, &key, iq_store_wide(to->family));
		err = iq_store_choose(to, p.hash, &new);
		if (err)
			return err;
		iq_ref_move(&old, &new, &key, &p);
	}
	return 0;
}

/*
 * Take what was counted out of a slot's word; who holds CARRY has neither bottom
 * halves nor others of its CPU in between, so that whoever waits for it does not
 * wait for long. @half: only if half of the room is used. False: it is not, or the
 * entry is gone.
 */
static bool iq_slot_take(struct iq_slot *slot, bool half, u64 *word)
{
	local_bh_disable();
	preempt_disable();
	*word = atomic64_read(&slot->word);
	while (*word & IQ_WORD_VALUE && (!half || *word & IQ_WORD_HALF)) {
		if (*word & IQ_WORD_CARRY) {
			cpu_relax();
			*word = atomic64_read(&slot->word);
		} else if (atomic64_try_cmpxchg(&slot->word, (s64 *)word,
						(*word & ~IQ_WORD_COUNT) |
						IQ_WORD_CARRY)) {
			return true;
		}
	}
	preempt_enable();
	local_bh_enable();
	return false;
}

static void iq_slot_give(struct iq_slot *slot)
{
	/* Pairs with iq_ref_count() and iq_slot_clear(). */
	smp_mb__before_atomic();
	atomic64_andnot(IQ_WORD_CARRY, &slot->word);
	preempt_enable();
	local_bh_enable();
}

void iq_store_carry(struct iq_store *s, u32 i)
{
	struct iq_ref ref = { .s = s, .i = i };
	struct iq_slot *slot = iq_ref_slot(&ref);
	u64 word;

	/* Who is late waits: nobody adds twice beyond half of the room. */
	if (!iq_slot_take(slot, true, &word))
		return;
	iq_cold_count(iq_ref_cold(&ref), word);
	iq_slot_give(slot);
}

bool iq_store_count_much(struct iq_store *s, u32 i, u32 packets, u32 bytes)
{
	struct iq_ref ref = { .s = s, .i = i };
	struct iq_slot *slot = iq_ref_slot(&ref);
	struct iq_cold *cold = iq_ref_cold(&ref);
	u64 word;

	if (!iq_slot_take(slot, false, &word))
		return false;
	iq_cold_count(cold, word);
	atomic64_add(packets, &cold->packets);
	atomic64_add(bytes, &cold->bytes);
	iq_slot_give(slot);
	return true;
}

/*
 * None is missing and none counted twice, and so no counter ever goes back: with
 * less in the word than before somebody has carried meanwhile.
 */
void iq_ref_count(const struct iq_ref *ref, u64 *packets, u64 *bytes)
{
	const struct iq_slot *slot = iq_ref_slot(ref);
	const struct iq_cold *cold = iq_ref_cold(ref);
	u64 word, again = atomic64_read(&slot->word);

	do {
		word = again;
		/* Pairs with iq_slot_take() and iq_slot_give(). */
		smp_rmb();
		*packets = atomic64_read(&cold->packets);
		*bytes = atomic64_read(&cold->bytes);
		/* Likewise. */
		smp_rmb();
		again = atomic64_read(&slot->word);
	} while ((word | again) & IQ_WORD_CARRY ||
		 (again & IQ_WORD_PACKETS) < (word & IQ_WORD_PACKETS) ||
		 (again & IQ_WORD_BYTES) < (word & IQ_WORD_BYTES));
	*packets += FIELD_GET(IQ_WORD_PACKETS, word);
	*bytes += FIELD_GET(IQ_WORD_BYTES, word);
}

void iq_ref_set_value(const struct iq_ref *ref, u32 value)
{
	struct iq_slot *slot = iq_ref_slot(ref);
	u64 word = atomic64_read(&slot->word);

	/* Others count in it. */
	while (!atomic64_try_cmpxchg(&slot->word, (s64 *)&word,
				     (word & ~IQ_WORD_VALUE) |
				     FIELD_PREP(IQ_WORD_VALUE, value)))
		;
}

u32 iq_ref_value(const struct iq_ref *ref)
{
	return FIELD_GET(IQ_WORD_VALUE, atomic64_read(&iq_ref_slot(ref)->word));
}

void iq_ref_key(const struct iq_ref *ref, struct iq_key *key)
{
	const struct iq_slot *slot = iq_ref_slot(ref);
	u8 family = ref->s->family;

	memset(key, 0, sizeof(*key));
	key->family = family;
	key->spi = (__force __be32)(u32)slot->tag;
	if (iq_store_wide(family))
		memcpy(key->dst, iq_ref_words(ref), sizeof(key->dst));
	else
		key->dst[0] = (__force __be32)(u32)(slot->tag >> 32);
	if (family)
		key->proto = atomic64_read(&slot->word) & IQ_WORD_AH ?
			     IPPROTO_AH : IPPROTO_ESP;
}
