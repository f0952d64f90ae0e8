/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which element is a packet's, by its SPI alone? Whoever receives an SA chooses its SPI, so
 * it can put into it where it is to be found: a bucket, of which each has a home among the
 * members of a pool ("bucket", "home" in CONTRIBUTING.md's glossary). Pure: the kernel, the
 * daemon, the strongSwan plugin and the unit tests compile the same code, so that all who
 * have the same members agree without a word.
 *
 * Homes are chosen by weighted rendezvous: for each bucket every member draws a number,
 * which its name and the bucket alone determine, and the highest has it. So one that comes
 * or goes moves the buckets that become or were its own, and no other; and each bucket has
 * a next choice, and one after that.
 */
#ifndef IPSEC_QOS_SELECT_H
#define IPSEC_QOS_SELECT_H

#include "ipsec_qos/parse.h"

#define IQ_SELECT_BUCKETS	4096
#define IQ_SELECT_SPI_SHIFT	16	/* of the bucket in an SPI */
#define IQ_SELECT_IKE_SHIFT	48	/* and in an IKE SPI, read as a big-endian number */

/**
 * struct iq_select_member - a member of a pool
 *
 * @seed: iq_select_seed() of its name
 * @weight: its share, 1 to 65,535; 0: it has none
 */
struct iq_select_member {
	u64 seed;
	u32 weight;
};

/** iq_select_spi() - the bucket of an SPI, in host byte order */
static inline u32 iq_select_spi(u32 spi)
{
	return spi >> IQ_SELECT_SPI_SHIFT & (IQ_SELECT_BUCKETS - 1);
}

/** iq_select_ike() - the bucket of an IKE SPI, read as a big-endian number */
static inline u32 iq_select_ike(u64 spi)
{
	return spi >> IQ_SELECT_IKE_SHIFT & (IQ_SELECT_BUCKETS - 1);
}

/**
 * iq_select_has() - is a bucket in a set of them?
 *
 * @set: IQ_SELECT_BUCKETS bits, the first bucket's is the lowest of the first byte
 */
static inline bool iq_select_has(const u8 *set, u32 bucket)
{
	return set[bucket / 8] >> bucket % 8 & 1;
}

/* Every bit of the result depends on every one of @x (the finalizer of SplitMix64). */
static inline u64 iq_select_mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/** iq_select_seed() - what a member draws its numbers with, of its name (FNV-1a) */
static inline u64 iq_select_seed(const char *name)
{
	u64 hash = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x100000001b3ULL;
	return iq_select_mix(hash);
}

/*
 * -log2(@x / 2^64) in units of 2^-26, 1 at least: so integers, which are alike everywhere,
 * do for what is a logarithm in the method. The fraction is found a bit at a time: squaring
 * doubles a logarithm.
 */
static inline u64 iq_select_log(u64 x)
{
	unsigned int whole, i;
	u64 mantissa, log;

	if (!x)
		return 64ULL << 26;
	whole = (unsigned int)__builtin_clzll(x);
	mantissa = x << whole >> 32;		/* 2^31 to 2^32 - 1: 1 to 2 */
	log = 0;
	for (i = 0; i < 26; i++) {
		mantissa = mantissa * mantissa >> 31;
		log <<= 1;
		if (mantissa >> 32) {
			mantissa >>= 1;
			log |= 1;
		}
	}
	log = ((u64)(whole + 1) << 26) - log;
	return log ? log : 1;
}

/**
 * struct iq_select_draw - what a member has drawn for a bucket
 *
 * @log: the less of it for a unit of @weight, the better
 */
struct iq_select_draw {
	u64 log;
	u64 seed;
	u32 weight;
};

/** iq_select_draw() - a member's for a bucket */
static inline struct iq_select_draw
iq_select_draw(const struct iq_select_member *m, u32 bucket)
{
	return (struct iq_select_draw) {
		.log = iq_select_log(iq_select_mix(m->seed ^ iq_select_mix(bucket + 1))),
		.seed = m->seed,
		.weight = m->weight,
	};
}

/** iq_select_better() - is @a's a better one than @b's? Of two alike one is, too. */
static inline bool iq_select_better(const struct iq_select_draw *a,
				    const struct iq_select_draw *b)
{
	u64 first = a->log * b->weight, second = b->log * a->weight;

	return first != second ? first < second : a->seed < b->seed;
}

/**
 * iq_select() - who of @n members has @bucket?
 *
 * @may: of each, may it be chosen? NULL: all may
 *
 * Return: its place in @members; @n: nobody
 */
static inline u32 iq_select(const struct iq_select_member *members, const bool *may, u32 n,
			    u32 bucket)
{
	struct iq_select_draw best = {}, draw;
	u32 i, found = n;

	for (i = 0; i < n; i++) {
		if (!members[i].weight || (may && !may[i]))
			continue;
		draw = iq_select_draw(&members[i], bucket);
		if (found == n || iq_select_better(&draw, &best)) {
			best = draw;
			found = i;
		}
	}
	return found;
}

#endif /* IPSEC_QOS_SELECT_H */
