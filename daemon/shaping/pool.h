/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which classes of ranges a device has, and which it is to have next. HTB takes the
 * longer for another the more there are, under the kernel's one lock: they are made in
 * slices, before they are needed where that can be, and kept. Pure: no input, no output.
 */
#ifndef IPSEC_QOSD_POOL_H
#define IPSEC_QOSD_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shaping/plan.h"

#define POOL_MINORS	0x10000
#define POOL_WORDS	(POOL_MINORS / 64)
#define POOL_SPARE	64	/* ahead of those that are needed, or */
#define POOL_SPARE_PART	8	/* such a part of them, where that is more */

/** struct pool_bits - a set of ids or of minors, both of which are below POOL_MINORS */
struct pool_bits {
	uint64_t word[POOL_WORDS];
};

static inline bool pool_has(const struct pool_bits *bits, uint32_t i)
{
	return bits->word[i / 64] >> (i % 64) & 1;
}

static inline void pool_put(struct pool_bits *bits, uint32_t i)
{
	bits->word[i / 64] |= 1ULL << (i % 64);
}

static inline void pool_drop(struct pool_bits *bits, uint32_t i)
{
	bits->word[i / 64] &= ~(1ULL << (i % 64));
}

/**
 * struct pool_base - what a class had counted when its group became another peer's, or
 * when the daemon found it
 */
struct pool_base {
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
};

/**
 * struct pool - the classes of ranges on a device
 *
 * @known: it was looked which there are
 * @there: by their minors
 * @fresh: ids of groups that are another peer's since their @base was read
 * @base: by their minors
 */
struct pool {
	bool known;
	struct pool_bits there;
	struct pool_bits fresh;
	struct pool_base base[POOL_MINORS];
};

/**
 * pool_pick() - which classes are to be made next
 *
 * @needed: ids of groups that have a peer, or whose classes have to be there
 * @ahead: not these, but those ahead of them
 * @minors: filled with at most @max
 *
 * Return: how many.
 */
size_t pool_pick(const struct pool *pool, const struct plan *plan,
		 const struct pool_bits *needed, bool ahead, uint16_t *minors, size_t max);

#endif /* IPSEC_QOSD_POOL_H */
