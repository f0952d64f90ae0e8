// SPDX-License-Identifier: GPL-2.0
/*
 * The store against a model that is too simple to be wrong: an array with a place for
 * each key that there could be.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "store.c"

#define IQ_T_KEYS	384	/* that there could be */
#define IQ_T_CROWD	300
#define IQ_T_STEPS	10000
#define IQ_T_REST	250	/* steps from one grace period to the next */

/**
 * struct iq_t_entry - what the model knows of a key
 *
 * @value: 0: it is not there
 * @entry: the rest of it
 */
struct iq_t_entry {
	u32 value;
	u64 packets;
	u64 bytes;
	struct iq_entry entry;
};

/**
 * struct iq_t - a store, and the model of it
 *
 * @s: the store; more may be behind it
 * @n: how many there are
 * @stashed: found one in the stash
 * @refused: an entry found no slot
 * @freed: of each slot of @s: a grace period to wait for before it is used again, that
 *	of just before it was freed; 0: it was not
 */
struct iq_t {
	struct iq_store *s;
	u8 family;
	u32 n;
	bool stashed;
	bool refused;
	unsigned long *freed;
	struct rnd_state rnd;
	struct iq_t_entry key[IQ_T_KEYS];
};

/*
 * Keys that are hard to tell apart: half of the IPv4 ones differ from another in being
 * AH, those of IPv6 in the last word of the address, IKE ones in either SPI.
 */
static void iq_t_key(u8 family, u32 i, struct iq_key *key)
{
	memset(key, 0, sizeof(*key));
	key->family = family;
	if (!family) {
		key->spi_i = cpu_to_be64(0x1122334455667700 + i % 16);
		key->spi_r = cpu_to_be64(i / 16);
		return;
	}
	key->proto = i & 1 ? IPPROTO_AH : IPPROTO_ESP;
	key->spi = cpu_to_be32(0xc0000000 + i / 2 % 16);
	if (family == AF_INET) {
		key->dst[0] = cpu_to_be32(0x0a000000 + i / 32);
	} else {
		key->dst[0] = cpu_to_be32(0x20010db8);
		key->dst[3] = cpu_to_be32(i / 32);
	}
}

static u32 iq_t_random(struct iq_t *t, u32 n)
{
	return prandom_u32_state(&t->rnd) % n;
}

static struct iq_store *iq_t_store(struct kunit *test, struct iq_t *t, u32 n)
{
	struct iq_store *s = iq_store_alloc(t->family, n);

	KUNIT_ASSERT_NOT_NULL(test, s);
	/* Each run is like the other. */
	prandom_bytes_state(&t->rnd, &s->secret, sizeof(s->secret));
	return s;
}

static struct iq_t *iq_t_begin(struct kunit *test, u8 family, u32 n)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->family = family;
	prandom_seed_state(&t->rnd, 42 + family);
	t->s = iq_t_store(test, t, n);
	t->freed = kunit_kcalloc(test, iq_store_slots(t->s), sizeof(*t->freed),
				 GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->freed);
	return t;
}

static void iq_t_end(struct iq_t *t)
{
	iq_store_free(t->s);
	rcu_barrier();
}

/* Does a store say of a key what the model says? */
static void iq_t_check_key(struct kunit *test, struct iq_t *t, struct iq_store *s,
			   u32 i)
{
	const struct iq_t_entry *e = &t->key[i];
	struct iq_ref ref = {};
	struct iq_key key, got;
	u64 packets, bytes;
	u32 value;
	bool found;

	iq_t_key(t->family, i, &key);
	rcu_read_lock();
	value = iq_store_lookup(s, &key, iq_store_wide(t->family), 0, 0);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ_MSG(test, value, e->value, "key %u", i);
	found = iq_store_find(s, &key, &ref);
	KUNIT_ASSERT_EQ_MSG(test, found, !!e->value, "key %u", i);
	if (!found)
		return;
	iq_ref_key(&ref, &got);
	KUNIT_ASSERT_EQ(test, memcmp(&got, &key, sizeof(key)), 0);
	KUNIT_ASSERT_EQ(test, iq_ref_value(&ref), e->value);
	iq_ref_count(&ref, &packets, &bytes);
	KUNIT_ASSERT_EQ_MSG(test, packets, e->packets, "key %u", i);
	KUNIT_ASSERT_EQ_MSG(test, bytes, e->bytes, "key %u", i);
	KUNIT_ASSERT_EQ(test, iq_ref_entry(&ref)->expires, e->entry.expires);
	KUNIT_ASSERT_EQ(test, iq_ref_entry(&ref)->generation, e->entry.generation);
}

/* All keys; and that there is nothing else, and the stash is counted rightly. */
static void iq_t_check(struct kunit *test, struct iq_t *t)
{
	struct iq_store *s = t->s;
	struct iq_ref ref = { .s = s };
	u32 i, n = 0, in_stash = 0, counted = 0;

	for (i = 0; i < IQ_T_KEYS; i++)
		iq_t_check_key(test, t, s, i);
	for (ref.i = 0; ref.i < iq_store_slots(s); ref.i++) {
		if (!iq_ref_value(&ref))
			continue;
		n++;
		in_stash += iq_ref_stashed(&ref);
	}
	for (i = 0; i < DIV_ROUND_UP(s->n_buckets, IQ_STORE_STASHED); i++)
		counted += s->stashed[i];
	KUNIT_ASSERT_EQ(test, n, t->n);
	KUNIT_ASSERT_EQ(test, s->n, t->n);
	KUNIT_ASSERT_EQ(test, counted, in_stash);
	t->stashed |= in_stash;
}

/* Was an entry refused although there was a slot that it could have had? */
static bool iq_t_had_room(struct iq_t *t, const struct iq_key *key)
{
	struct iq_place p = iq_store_place(t->s, key, iq_store_wide(t->family));
	struct iq_ref ref = { .s = t->s };
	int way, i;

	for (way = 0; way < 4; way++) {
		for (i = 0; i < IQ_SLOTS; i++) {
			ref.i = iq_store_way(t->s, p.hash, way) * IQ_SLOTS + i;
			if (!iq_ref_value(&ref) && !t->freed[ref.i])
				return true;
		}
	}
	return false;
}

static void iq_t_add(struct kunit *test, struct iq_t *t, u32 i)
{
	struct iq_t_entry *e = &t->key[i];
	struct iq_ref ref;
	struct iq_key key;
	int err;

	iq_t_key(t->family, i, &key);
	*e = (struct iq_t_entry) { .value = 1 + iq_t_random(t, IQ_STORE_VALUES - 1) };
	err = iq_store_add(t->s, &key, e->value, &ref);
	if (err) {
		e->value = 0;
		t->refused = true;
		KUNIT_ASSERT_EQ(test, err, -ENOSPC);
		KUNIT_ASSERT_FALSE(test, iq_t_had_room(t, &key));
		return;
	}
	t->n++;
	KUNIT_ASSERT_FALSE_MSG(test, iq_ref_entry(&ref)->timed, "its entry is not new");
	if (t->freed[ref.i])
		KUNIT_ASSERT_TRUE_MSG(test, poll_state_synchronize_rcu(t->freed[ref.i]),
				      "slot %u was freed a moment ago", ref.i);
	t->freed[ref.i] = 0;
	e->entry.expires = iq_t_random(t, U16_MAX);
	e->entry.generation = iq_t_random(t, U16_MAX);
	e->entry.timed = true;
	*iq_ref_entry(&ref) = e->entry;
}

static void iq_t_remove(struct iq_t *t, const struct iq_ref *ref, u32 i)
{
	/* Never 0, which is none. */
	t->freed[ref->i] = get_state_synchronize_rcu() ?: 1;
	iq_store_remove(ref);
	t->key[i].value = 0;
	t->n--;
}

/* Packets come, as few or as many, and as large, as they may be. */
static void iq_t_count(struct kunit *test, struct iq_t *t, struct iq_store *s, u32 i)
{
	u32 packets = 1 + iq_t_random(t, iq_t_random(t, 4) ? 64 : 70000);
	u32 bytes = iq_t_random(t, iq_t_random(t, 4) ? BIT(17) : BIT(29));
	struct iq_t_entry *e = &t->key[i];
	struct iq_key key;
	u32 value;

	iq_t_key(t->family, i, &key);
	rcu_read_lock();
	value = iq_store_lookup(s, &key, iq_store_wide(t->family), packets, bytes);
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, value, e->value);
	if (!value)
		return;
	e->packets += packets;
	e->bytes += bytes;
}

static void iq_t_step(struct kunit *test, struct iq_t *t, bool more)
{
	u32 i = iq_t_random(t, IQ_T_KEYS);
	struct iq_ref ref;
	struct iq_key key;

	iq_t_key(t->family, i, &key);
	if (!iq_store_find(t->s, &key, &ref)) {
		iq_t_count(test, t, t->s, i);
		if (more || !iq_t_random(t, 4))
			iq_t_add(test, t, i);
	} else if (iq_t_random(t, 2)) {
		iq_t_count(test, t, t->s, i);
	} else if (iq_t_random(t, 2)) {
		t->key[i].value = 1 + iq_t_random(t, IQ_STORE_VALUES - 1);
		iq_ref_set_value(&ref, t->key[i].value);
	} else if (!more || !iq_t_random(t, 4)) {
		iq_t_remove(t, &ref, i);
	}
	iq_t_check_key(test, t, t->s, i);
}

static void iq_t_steps(struct kunit *test, struct iq_t *t)
{
	u32 step;

	for (step = 0; step < IQ_T_STEPS; step++) {
		/* It fills, and empties again. */
		iq_t_step(test, t, step / 1000 % 2 == 0);
		if (step % IQ_T_REST == IQ_T_REST - 1) {
			synchronize_rcu();
			memset(t->freed, 0, iq_store_slots(t->s) * sizeof(*t->freed));
			iq_t_check(test, t);
		}
	}
}

static const u8 iq_t_families[] = { AF_INET, AF_INET6, 0 };

static void iq_t_family_name(const u8 *family, char *name)
{
	strscpy(name, *family == AF_INET ? "IPv4" : *family ? "IPv6" : "IKE",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(iq_t_family, iq_t_families, iq_t_family_name);

/* A store that has room for all, in which no entry is refused. */
static void iq_store_model_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, *(const u8 *)test->param_value, IQ_T_KEYS);

	iq_t_steps(test, t);
	KUNIT_EXPECT_FALSE(test, t->refused);
	iq_t_end(t);
}

/* One of 64 slots: entries go to the stash, and then there is room for no more. */
static void iq_store_overflow_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, *(const u8 *)test->param_value, 0);

	KUNIT_ASSERT_EQ(test, iq_store_slots(t->s), 2 * IQ_STORE_MIN * IQ_SLOTS);
	iq_t_steps(test, t);
	KUNIT_EXPECT_TRUE_MSG(test, t->stashed, "none went to the stash");
	KUNIT_EXPECT_TRUE_MSG(test, t->refused, "none was refused");
	iq_t_end(t);
}

/* All slots are taken: one that is freed is not used before a grace period is over. */
static void iq_store_grace_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, *(const u8 *)test->param_value, 0);
	struct iq_place p;
	struct iq_key key;
	struct iq_ref ref;
	u32 i, other, buckets = 0;
	int err, way;

	for (i = 0; i < IQ_T_KEYS; i++)
		iq_t_add(test, t, i);
	KUNIT_ASSERT_TRUE(test, t->refused);
	/* Of one that was refused, some other that is in its way. */
	for (other = 0; t->key[other].value; other++)
		;
	iq_t_key(t->family, other, &key);
	p = iq_store_place(t->s, &key, iq_store_wide(t->family));
	for (way = 0; way < 4; way++)
		buckets |= BIT(iq_store_way(t->s, p.hash, way));
	for (i = 0; i < IQ_T_KEYS; i++) {
		iq_t_key(t->family, i, &key);
		if (iq_store_find(t->s, &key, &ref) && buckets & BIT(ref.i / IQ_SLOTS))
			break;
	}
	KUNIT_ASSERT_LT(test, i, IQ_T_KEYS);

	iq_t_key(t->family, other, &key);
	rcu_read_lock();
	iq_store_remove(&ref);
	err = iq_store_add(t->s, &key, 1, &ref);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	synchronize_rcu();
	KUNIT_EXPECT_EQ(test, iq_store_add(t->s, &key, 1, &ref), 0);
	iq_t_end(t);
}

/* What share of the stash is whose is forgotten at 255, and then all look there. */
static void iq_store_crowd_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, AF_INET, 8192);
	struct iq_key key = { .family = AF_INET, .proto = IPPROTO_ESP };
	struct iq_ref ref = { .s = t->s };
	u32 spi = 0, n = 0, i, *spis;
	struct iq_place p;

	spis = kunit_kcalloc(test, IQ_T_CROWD, sizeof(*spis), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, spis);
	/* So that all of them go to the stash. */
	for (ref.i = 0; ref.i < t->s->n_buckets * IQ_SLOTS; ref.i++) {
		iq_ref_slot(&ref)->tag = U64_MAX;
		atomic64_set(&iq_ref_slot(&ref)->word, FIELD_PREP(IQ_WORD_VALUE, 1));
	}
	while (n < IQ_T_CROWD) {
		key.spi = cpu_to_be32(++spi);
		p = iq_store_place(t->s, &key, false);
		if (iq_store_way(t->s, p.hash, 0) >= IQ_STORE_STASHED ||
		    iq_store_add(t->s, &key, 2, &ref))
			continue;
		spis[n++] = spi;
		KUNIT_ASSERT_EQ(test, t->s->stashed[0], min_t(u32, n, U8_MAX));
	}
	for (i = 0; i < n; i++) {
		key.spi = cpu_to_be32(spis[i]);
		KUNIT_ASSERT_TRUE(test, iq_store_find(t->s, &key, &ref));
		/* As many as ever, for nobody knows better; a few stay. */
		if (i < IQ_T_CROWD / 2)
			iq_store_remove(&ref);
		KUNIT_ASSERT_EQ(test, t->s->stashed[0], U8_MAX);
	}
	iq_t_end(t);
}

/* What is counted in a slot's word is carried over when half of its room is used. */
static void iq_store_carry_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, AF_INET, 0);
	u64 packets, bytes, n = 0, sum = 0;
	struct iq_ref ref;
	struct iq_key key;
	u32 i, add, value;

	iq_t_key(AF_INET, 0, &key);
	KUNIT_ASSERT_EQ(test, iq_store_add(t->s, &key, 7, &ref), 0);
	/* First it is the packets that are many, then the bytes. */
	for (i = 0; i < 4000; i++) {
		add = i < 2000 ? 64 : IQ_ADD_BYTES;
		rcu_read_lock();
		value = iq_store_lookup(t->s, &key, false, IQ_ADD_PACKETS, add);
		rcu_read_unlock();
		KUNIT_ASSERT_EQ(test, value, 7);
		n += IQ_ADD_PACKETS;
		sum += add;
		iq_ref_count(&ref, &packets, &bytes);
		KUNIT_ASSERT_EQ(test, packets, n);
		KUNIT_ASSERT_EQ(test, bytes, sum);
		KUNIT_ASSERT_FALSE(test, atomic64_read(&iq_ref_slot(&ref)->word) & IQ_WORD_HALF);
	}
	iq_t_end(t);
}

/* Who has the same hash and SPI is told by the rest of the key. */
static void iq_store_alike_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, AF_INET6, 0);
	struct iq_key key;
	struct iq_ref ref;

	iq_t_key(AF_INET6, 0, &key);
	KUNIT_ASSERT_EQ(test, iq_store_add(t->s, &key, 7, &ref), 0);
	KUNIT_EXPECT_TRUE(test, iq_store_find(t->s, &key, &ref));
	iq_ref_words(&ref)[0] ^= 1;
	KUNIT_EXPECT_FALSE(test, iq_store_find(t->s, &key, &ref));
	iq_ref_words(&ref)[0] ^= 1;
	iq_ref_words(&ref)[1] ^= 1;
	KUNIT_EXPECT_FALSE(test, iq_store_find(t->s, &key, &ref));
	iq_ref_words(&ref)[1] ^= 1;
	KUNIT_EXPECT_TRUE(test, iq_store_find(t->s, &key, &ref));
	iq_t_end(t);
}

/* In a chain of two stores: an entry is in one of them, with all that was counted. */
static void iq_t_check_chain(struct kunit *test, struct iq_t *t, struct iq_store *next)
{
	struct iq_key key;
	struct iq_ref ref;
	u32 i;

	for (i = 0; i < IQ_T_KEYS; i++) {
		iq_t_key(t->family, i, &key);
		if (iq_store_find(t->s, &key, &ref)) {
			iq_t_check_key(test, t, t->s, i);
			KUNIT_ASSERT_FALSE(test, iq_store_find(next, &key, &ref));
		} else {
			iq_t_check_key(test, t, next, i);
		}
	}
}

/* It grows and shrinks, some slots at a time, while packets come. */
static void iq_store_move_test(struct kunit *test)
{
	static const u32 sizes[] = { IQ_T_KEYS, 2 * IQ_T_KEYS, 128, 10000, IQ_T_KEYS };
	struct iq_t *t = iq_t_begin(test, *(const u8 *)test->param_value, 128);
	struct iq_store *next;
	struct iq_key key;
	struct iq_ref ref;
	u32 at, i, k;

	for (k = 0; k < iq_store_room(t->s); k++) {
		iq_t_add(test, t, k);
		iq_t_count(test, t, t->s, k);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		next = iq_t_store(test, t, sizes[i]);
		at = 0;
		while (at < iq_store_slots(t->s)) {
			KUNIT_ASSERT_EQ(test, iq_store_move(t->s, &at, 32, next), 0);
			for (k = 0; k < IQ_T_KEYS; k += 7) {
				iq_t_key(t->family, k, &key);
				iq_t_count(test, t, iq_store_find(t->s, &key, &ref) ?
					   t->s : next, k);
			}
			iq_t_check_chain(test, t, next);
			cond_resched();
		}
		KUNIT_EXPECT_EQ(test, t->s->n, 0);
		iq_store_free(t->s);
		t->s = next;
		iq_t_check(test, t);
	}
	iq_t_end(t);
}

#define IQ_T_READERS	3

/**
 * struct iq_t_race - entries that move from store to store while others look
 *
 * @missed: look-ups that found nothing, though all keys are there all the time
 * @found: look-ups that found it, of each reader; each counted a packet
 */
struct iq_t_race {
	struct iq_store __rcu *head;
	u8 family;
	u32 n_keys;
	atomic_t readers;
	atomic64_t missed;
	u64 found[IQ_T_READERS];
};

static int iq_t_reader(void *arg)
{
	struct iq_t_race *r = arg;
	u32 me = atomic_inc_return(&r->readers) - 1, i = me, n = 0, value = 0;
	struct iq_store *s;
	struct iq_key key;

	while (!kthread_should_stop()) {
		i = (i + 1) % r->n_keys;
		iq_t_key(r->family, i, &key);
		rcu_read_lock();
		for (s = rcu_dereference(r->head); s; s = rcu_dereference(s->next)) {
			value = iq_store_lookup(s, &key, iq_store_wide(r->family), 1, 100);
			if (value)
				break;
		}
		rcu_read_unlock();
		if (value == i + 1)
			r->found[me]++;
		else
			atomic64_inc(&r->missed);
		if (!(++n % 64))
			cond_resched();
	}
	return 0;
}

/* Move all from the head to another store. */
static void iq_t_race_move(struct kunit *test, struct iq_t *t, struct iq_t_race *r,
			   u32 size)
{
	struct iq_store *next = iq_t_store(test, t, size);
	u32 at = 0;
	int err = 0;

	rcu_assign_pointer(t->s->next, next);
	while (!err && at < iq_store_slots(t->s)) {
		err = iq_store_move(t->s, &at, 64, next);
		/* So that they look, where there is one CPU. */
		usleep_range(20, 50);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	rcu_assign_pointer(r->head, next);
	iq_store_free(t->s);
	t->s = next;
}

/* Nobody misses an entry that moves; no packet is lost, and none counted twice. */
static void iq_store_race_test(struct kunit *test)
{
	struct iq_t *t = iq_t_begin(test, *(const u8 *)test->param_value, 256);
	struct iq_t_race r = { .family = t->family, .n_keys = 64 };
	u64 packets, bytes, sum = 0, sum_bytes = 0, found = 0;
	struct task_struct *reader[IQ_T_READERS];
	struct iq_ref ref;
	struct iq_key key;
	u32 i;

	RCU_INIT_POINTER(r.head, t->s);
	for (i = 0; i < r.n_keys; i++) {
		iq_t_key(r.family, i, &key);
		KUNIT_ASSERT_EQ(test, iq_store_add(t->s, &key, i + 1, &ref), 0);
	}
	for (i = 0; i < IQ_T_READERS; i++) {
		reader[i] = kthread_run(iq_t_reader, &r, "iq_reader/%u", i);
		if (IS_ERR(reader[i])) {
			KUNIT_FAIL(test, "no reader");
			break;
		}
	}
	/* Where there is one CPU they need theirs of it to begin with. */
	while (i == IQ_T_READERS && atomic_read(&r.readers) < IQ_T_READERS)
		schedule_timeout_uninterruptible(1);
	for (i = 0; i < 40; i++)
		iq_t_race_move(test, t, &r, i % 2 ? 256 : 1024);
	for (i = 0; i < IQ_T_READERS && !IS_ERR(reader[i]); i++)
		kthread_stop(reader[i]);
	for (i = 0; i < IQ_T_READERS; i++)
		found += r.found[i];
	for (i = 0; i < r.n_keys; i++) {
		iq_t_key(r.family, i, &key);
		KUNIT_ASSERT_TRUE(test, iq_store_find(t->s, &key, &ref));
		iq_ref_count(&ref, &packets, &bytes);
		sum += packets;
		sum_bytes += bytes;
	}
	KUNIT_EXPECT_EQ(test, atomic64_read(&r.missed), 0);
	KUNIT_EXPECT_GT(test, found, 0);
	KUNIT_EXPECT_EQ(test, sum, found);
	KUNIT_EXPECT_EQ(test, sum_bytes, 100 * found);
	iq_t_end(t);
}

static struct kunit_case iq_store_cases[] = {
	KUNIT_CASE_PARAM(iq_store_model_test, iq_t_family_gen_params),
	KUNIT_CASE_PARAM(iq_store_overflow_test, iq_t_family_gen_params),
	KUNIT_CASE_PARAM(iq_store_grace_test, iq_t_family_gen_params),
	KUNIT_CASE(iq_store_crowd_test),
	KUNIT_CASE(iq_store_carry_test),
	KUNIT_CASE(iq_store_alike_test),
	KUNIT_CASE_PARAM(iq_store_move_test, iq_t_family_gen_params),
	KUNIT_CASE_PARAM(iq_store_race_test, iq_t_family_gen_params),
	{}
};

static struct kunit_suite iq_store_suite = {
	.name = "iq_store",
	.test_cases = iq_store_cases,
};

kunit_test_suite(iq_store_suite);
