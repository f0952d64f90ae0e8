/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is inside a table: slots in buckets, found with one cold cache line.
 *
 * A key has two buckets, which a keyed hash of it names: peers choose SPIs, and
 * nobody shall be able to aim at a bucket. The four slots of a bucket are one
 * cache line: what a key is compared by, its value, and what was
 * counted of late. A second line, where a key is longer than 8 bytes, has the
 * keys themselves. The few keys that find both buckets full go to a small number
 * of further buckets, the stash; how many went there is counted for every few buckets,
 * so that a key that is nowhere is seldom looked for there. What packets seldom need
 * stands in an array beside, struct iq_cold.
 *
 * Readers hold rcu_read_lock() and nothing else; who counts waits, once in 65,536
 * packets or 128 MiB of an SA, where another CPU carries its counters over at this
 * moment (IQ_WORD_CARRY). For readers
 *
 *	an entry never moves within a store;
 *	a slot's word is stored last, when the rest is there; with the value in it
 *	goes the entry;
 *	a freed slot is used again after a grace period, so that a value that was
 *	read belongs to the key beside it;
 *	who counts learns from the same word whether the entry was there still: so
 *	no packet is lost when it moves, and none is counted twice.
 *
 * A store has a fixed size. To grow or shrink a table gives its store a next one
 * and moves the entries over in steps: an entry is in the next store before it
 * leaves this one, and readers look in this one first.
 *
 * Writers hold iq_net.table_lock; who adds entries or resizes holds
 * iq_net.config_lock as well: so that while a store is emptied into the next
 * nothing is added.
 */
#ifndef _IPSEC_QOS_STORE_H
#define _IPSEC_QOS_STORE_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <uapi/linux/in.h>
#include <uapi/linux/in6.h>

#define IQ_SLOTS	4	/* of a bucket: what fits into 64 bytes */
#define IQ_STORE_CACHED	2048	/* so many buckets are in a cache near to the CPU */
#define IQ_STORE_STASHED 4	/* buckets that share a count of what went to the stash */

/**
 * struct iq_key - names an SA (RFC 4301 section 4.1) or an IKE SA
 *
 * All in network byte order; what is not used is 0.
 *
 * @dst: an SA's outer destination; of an IPv4 address the first word
 * @dst6: the same, of an IPv6 address
 * @spi_i: the initiator's IKE SPI
 * @spi_r: the responder's; 0: not known yet
 * @spi: an SA's SPI
 * @family: of @dst; 0 for an IKE SA
 * @proto: IPPROTO_ESP, IPPROTO_AH; 0 for an IKE SA
 * @word: all of it
 */
struct iq_key {
	union {
		struct {
			union {
				__be32 dst[4];
				struct in6_addr dst6;
				struct {
					__be64 spi_i;
					__be64 spi_r;
				};
			};
			__be32 spi;
			u8 family;
			u8 proto;
			u16 zero;
		};
		u64 word[3];
	};
};

/*
 * A slot's word. What is counted in it is carried over to struct iq_cold when
 * half of the room for it is used: once in 65,536 packets or 128 MiB. The other
 * half is for those that count meanwhile: 512 CPUs that each add once, as much as
 * may be added at once, IQ_ADD_PACKETS and IQ_ADD_BYTES.
 */
#define IQ_WORD_BYTES		GENMASK_ULL(27, 0)
#define IQ_WORD_PACKETS		GENMASK_ULL(44, 28)
#define IQ_WORD_COUNT		(IQ_WORD_PACKETS | IQ_WORD_BYTES)
#define IQ_WORD_HALF		(BIT_ULL(44) | BIT_ULL(27))
#define IQ_WORD_CARRY		BIT_ULL(45)	/* somebody carries */
#define IQ_WORD_AH		BIT_ULL(46)
#define IQ_WORD_FREED		BIT_ULL(46)	/* without a value: see iq_slot.tag */
#define IQ_WORD_VALUE		GENMASK_ULL(63, 47)

#define IQ_ADD_PACKETS		128
#define IQ_ADD_BYTES		BIT(18)

/* Values that there may be: from 1. 0 is none. What they mean is the table's. */
#define IQ_STORE_VALUES	BIT(17)

/**
 * struct iq_slot - what a packet's key is compared with, and what it finds
 *
 * @tag: an IPv4 destination and the SPI; of a longer key its hash and the SPI.
 *	Of a freed slot the grace period to wait for (start_poll_synchronize_rcu()).
 * @word: its value (0: a free slot), whether it is AH, and counters
 */
struct iq_slot {
	u64 tag;
	atomic64_t word;
};

struct iq_bucket {
	struct iq_slot slot[IQ_SLOTS];
};

/**
 * struct iq_wide_bucket - a bucket for keys of more than 8 bytes
 *
 * @key: the first words of each slot's
 */
struct iq_wide_bucket {
	struct iq_bucket b;
	u64 key[IQ_SLOTS][2];
};

/**
 * struct iq_entry - what packets do not need of an entry; iq_net.table_lock
 *
 * @expires: iq_table_clock() when it does; valid if @timed
 * @whose: instead, in stores of those whose entries do not expire: the id of the object
 *	that has it; read under RCU, too
 * @generation: of its owner when it was stated last, the lower bits
 * @audit: number of the last audit that met it in the SAD, the lower bits
 * @owner: enum ipsec_qos_owner
 * @timed: it has a lifetime
 * @pending: announced, see IPSEC_QOS_SA_F_PENDING
 * @local: the SAD has it
 */
struct iq_entry {
	union {
		u32 expires;
		u32 whose;
	};
	u16 generation;
	u8 audit;
	u8 owner:2;
	bool timed:1;
	bool pending:1;
	bool local:1;
};

/**
 * struct iq_cold - what is not in a slot for want of room
 *
 * @packets: that were counted, beside those in iq_slot.word
 * @bytes: likewise
 */
struct iq_cold {
	atomic64_t packets;
	atomic64_t bytes;
	struct iq_entry entry;
};

/**
 * struct iq_store - slots for keys of one family
 *
 * @buckets: @n_buckets of them, then @n_stash
 * @family: of the keys: AF_INET, AF_INET6, 0 for IKE SAs
 * @secret: of the hash; each store has another
 * @next: where its entries move to, or NULL; RCU
 * @stashed: for every IQ_STORE_STASHED buckets: entries in the stash whose first
 *	bucket is one of them; U8_MAX: as many or more, for ever
 * @cold: of each slot
 * @n: entries; iq_net.table_lock
 * @asked: the last grace period that somebody asked for; iq_net.table_lock
 * @id: no other store has had it
 */
struct iq_store {
	void *buckets;
	hsiphash_key_t secret;
	u32 n_buckets;
	u32 n_stash;
	u8 *stashed;
	struct iq_store __rcu *next;
	u8 family;

	struct iq_cold *cold ____cacheline_aligned;
	u32 n;
	u64 asked;
	u64 id;
	struct rcu_head rcu;
};

/**
 * struct iq_ref - where an entry is
 *
 * @i: its slot
 */
struct iq_ref {
	struct iq_store *s;
	u32 i;
};

/** iq_store_alloc() - one with room for @n entries; process context; may be NULL */
struct iq_store *iq_store_alloc(u8 family, u32 n);

/** iq_store_free() - nobody finds it any more; who reads it may go on */
void iq_store_free(struct iq_store *s);

/** iq_store_room() - so many entries it takes, as good as certainly */
u32 iq_store_room(const struct iq_store *s);

/** iq_store_for() - what to allocate one with, if it is to take just @n */
u32 iq_store_for(u32 n);

/* For all below: iq_net.table_lock is held. */

/** iq_store_find() - the slot that has @key; false: none */
bool iq_store_find(struct iq_store *s, const struct iq_key *key,
		   struct iq_ref *ref);

/** iq_store_prefetch() - @key is soon to be found or added */
void iq_store_prefetch(const struct iq_store *s, const struct iq_key *key);

/**
 * iq_store_add() - put in an entry whose key is not there
 *
 * @value: what look-ups are to find
 *
 * Its struct iq_entry is zero.
 *
 * Return: 0; -ENOSPC: all slots that it could have are taken, or were a moment
 * ago.
 */
int iq_store_add(struct iq_store *s, const struct iq_key *key, u32 value,
		 struct iq_ref *ref);

/** iq_store_remove() - take one out */
void iq_store_remove(const struct iq_ref *ref);

/**
 * iq_store_move() - all entries of some slots go to @to
 *
 * @i: the first slot; then the one to go on with
 * @n: how many slots
 *
 * Return: as iq_store_add(); what had to stay can go elsewhere.
 */
int iq_store_move(struct iq_store *from, u32 *i, u32 n, struct iq_store *to);

/** iq_ref_set_value() - it gets another value */
void iq_ref_set_value(const struct iq_ref *ref, u32 value);

/** iq_ref_value() - its value; 0: the slot is free */
u32 iq_ref_value(const struct iq_ref *ref);

void iq_ref_key(const struct iq_ref *ref, struct iq_key *key);
void iq_ref_count(const struct iq_ref *ref, u64 *packets, u64 *bytes);

static inline struct iq_entry *iq_ref_entry(const struct iq_ref *ref)
{
	return &ref->s->cold[ref->i].entry;
}

static inline u32 iq_store_slots(const struct iq_store *s)
{
	return (s->n_buckets + s->n_stash) * IQ_SLOTS;
}

/* The rest is the packets' way, and inline for that. */

static inline bool iq_store_wide(u8 family)
{
	return family != AF_INET;
}

static __always_inline struct iq_bucket *
iq_store_bucket(const struct iq_store *s, u32 i, bool wide)
{
	return s->buckets + (size_t)i * (wide ? sizeof(struct iq_wide_bucket) :
					 sizeof(struct iq_bucket));
}

/**
 * struct iq_place - where a key may be, and how it is told there
 *
 * @hash: names its buckets
 * @ah: IQ_WORD_AH
 */
struct iq_place {
	u64 tag;
	u32 hash;
	bool ah;
};

/*
 * SipHash-1-3 of some words, as hsiphash() has it where words have 64 bits; but
 * inline, which saves a packet a tenth of what all of its way here takes, and
 * without the length as the last word: that is to tell messages of different
 * lengths apart, and all keys of a store have one.
 */
static __always_inline u32 iq_hash(const u64 *m, int n, const hsiphash_key_t *key)
{
	u64 a = SIPHASH_CONST_0 ^ key->key[0], b = SIPHASH_CONST_1 ^ key->key[1];
	u64 c = SIPHASH_CONST_2 ^ key->key[0], d = SIPHASH_CONST_3 ^ key->key[1];
	int i;

	for (i = 0; i < n; i++) {
		d ^= m[i];
		SIPHASH_PERMUTATION(a, b, c, d);
		a ^= m[i];
	}
	c ^= 0xff;
	for (i = 0; i < 3; i++)
		SIPHASH_PERMUTATION(a, b, c, d);
	return a ^ b ^ c ^ d;
}

static __always_inline struct iq_place
iq_store_place(const struct iq_store *s, const struct iq_key *key, bool wide)
{
	struct iq_place p = { .ah = key->proto == IPPROTO_AH };
	u32 spi = (__force u32)key->spi;

	if (wide) {
		/* @zero and the rest are parts of it too, alike for all. */
		p.hash = iq_hash(key->word, ARRAY_SIZE(key->word), &s->secret);
		p.tag = (u64)p.hash << 32 | spi;
	} else {
		p.tag = (u64)(__force u32)key->dst[0] << 32 | spi;
		p.hash = iq_hash(&p.tag, 1, &s->secret);
	}
	return p;
}

/* A key's buckets, @way 0 and 1; of the stash, 2 and 3. */
static __always_inline u32 iq_store_way(const struct iq_store *s, u32 hash, int way)
{
	/* An odd factor: the upper bits of the product depend on all of @hash. */
	if (way & 1)
		hash *= 0x9e3779b1;
	if (way < 2)
		return reciprocal_scale(hash, s->n_buckets);
	return s->n_buckets + reciprocal_scale(hash, s->n_stash);
}

/**
 * struct iq_found - a slot that has a key
 *
 * @b: its bucket
 * @number: that of the bucket
 * @slot: of the bucket
 * @word: the slot's, a moment ago
 */
struct iq_found {
	struct iq_bucket *b;
	u32 number;
	u32 slot;
	u64 word;
};

/* Has @f->slot the key? */
static __always_inline bool
iq_slot_match(const struct iq_place *p, const struct iq_key *key, bool wide,
	      struct iq_found *f)
{
	const struct iq_slot *slot = &f->b->slot[f->slot];
	const u64 *words;

	/*
	 * Pairs with iq_slot_set() and iq_slot_clear(): now the tag and the key
	 * are the value's; where there is none, the entry is in the next store if
	 * it was here.
	 */
	f->word = atomic64_read_acquire(&slot->word);
	if (unlikely(READ_ONCE(slot->tag) != p->tag ||
		     !(f->word & IQ_WORD_VALUE) ||
		     FIELD_GET(IQ_WORD_AH, f->word) != p->ah))
		return false;
	if (!wide)
		return true;
	words = container_of(f->b, struct iq_wide_bucket, b)->key[f->slot];
	return !((words[0] ^ key->word[0]) | (words[1] ^ key->word[1]));
}

/*
 * Has a slot of @f->b the key? Which of the four it is nobody can predict: so
 * there is no branch for each.
 */
static __always_inline bool
iq_bucket_match(const struct iq_place *p, const struct iq_key *key, bool wide,
		struct iq_found *f)
{
	const struct iq_slot *slot = f->b->slot;

	BUILD_BUG_ON(IQ_SLOTS != 4);
	f->slot = __ffs((READ_ONCE(slot[0].tag) == p->tag) |
			(READ_ONCE(slot[1].tag) == p->tag) << 1 |
			(READ_ONCE(slot[2].tag) == p->tag) << 2 | BIT(3));
	if (likely(iq_slot_match(p, key, wide, f)))
		return true;
	/* Others may have the same tag: AH, what is gone, another key's hash. */
	for (f->slot = 0; f->slot < IQ_SLOTS; f->slot++)
		if (iq_slot_match(p, key, wide, f))
			return true;
	return false;
}

/* The slot that has @key */
static __always_inline bool
iq_store_search(const struct iq_store *s, const struct iq_key *key, bool wide,
		struct iq_found *f)
{
	struct iq_place p = iq_store_place(s, key, wide);
	u32 first;
	int way;

	first = f->number = iq_store_way(s, p.hash, 0);
	f->b = iq_store_bucket(s, f->number, wide);
	/*
	 * All at once where memory is slow, for it is the waiting that costs: one
	 * key in 10 is in its second bucket.
	 */
	if (s->n_buckets > IQ_STORE_CACHED)
		prefetch(iq_store_bucket(s, iq_store_way(s, p.hash, 1), wide));
	if (wide)
		prefetch(container_of(f->b, struct iq_wide_bucket, b)->key);

	if (likely(iq_bucket_match(&p, key, wide, f)))
		return true;
	for (way = 1; way < 4; way++) {
		if (way == 2) {
			/* Pairs with iq_slot_clear(): what left is in the next store. */
			if (!smp_load_acquire(&s->stashed[first / IQ_STORE_STASHED]))
				return false;
		}
		f->number = iq_store_way(s, p.hash, way);
		f->b = iq_store_bucket(s, f->number, wide);
		if (iq_bucket_match(&p, key, wide, f))
			return true;
	}
	return false;
}

/* Half of the room in a slot's word is used. */
void iq_store_carry(struct iq_store *s, u32 i);

/* Count what is too much for the word. False: the entry is gone. */
bool iq_store_count_much(struct iq_store *s, u32 i, u32 packets, u32 bytes);

/**
 * iq_store_count() - packets of an entry that was found; @f.word is as iq_store_search() left it
 *
 * Under rcu_read_lock(), as the search was.
 * Return: false: it is gone, or in the next store, where it counts.
 */
static __always_inline bool
iq_store_count(struct iq_store *s, const struct iq_found *f, u32 packets, u32 bytes)
{
	u64 now;

	if (unlikely(packets > IQ_ADD_PACKETS || bytes > IQ_ADD_BYTES))
		return iq_store_count_much(s, f->number * IQ_SLOTS + f->slot, packets, bytes);
	now = atomic64_add_return(FIELD_PREP(IQ_WORD_PACKETS, packets) | bytes,
				  &f->b->slot[f->slot].word);
	if (unlikely(now & IQ_WORD_HALF))
		iq_store_carry(s, f->number * IQ_SLOTS + f->slot);
	return likely(now & IQ_WORD_VALUE);
}

/**
 * iq_store_lookup() - find a key's value. Counts the packets as the entry's.
 *
 * @wide: iq_store_wide() of the store's family
 * @packets: 0: do not count
 *
 * Under rcu_read_lock().
 * Return: its value; 0: not in this store, it may be in the next.
 */
static __always_inline u32
iq_store_lookup(struct iq_store *s, const struct iq_key *key, bool wide,
		u32 packets, u32 bytes)
{
	struct iq_found f;

	if (!iq_store_search(s, key, wide, &f))
		return 0;
	if (packets && !iq_store_count(s, &f, packets, bytes))
		return 0;
	/* That of before: nobody waits for the sum. */
	return FIELD_GET(IQ_WORD_VALUE, f.word);
}

#endif /* _IPSEC_QOS_STORE_H */
