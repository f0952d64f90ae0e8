// SPDX-License-Identifier: GPL-2.0-or-later
#include "shaping/pool.h"

/* Of a word of a set those that are from @first to @end - 1. */
static uint64_t within(uint32_t word, uint32_t first, uint32_t end)
{
	uint64_t mask = ~0ULL;

	if (first > word * 64)
		mask &= ~0ULL << (first - word * 64);
	if (end < (word + 1) * 64)
		mask &= ~(~0ULL << (end - word * 64));
	return mask;
}

/* Where those end that are made ahead: a part of those in use beyond the last one. */
static uint32_t ahead_end(const struct range *range, const struct pool_bits *needed)
{
	uint32_t end = range->id + range_peers(range), last = range->id, n = 0, word, spare;
	uint64_t set;

	for (word = range->id / 64; word * 64 < end; word++) {
		set = needed->word[word] & within(word, range->id, end);
		if (!set)
			continue;
		n += __builtin_popcountll(set);
		last = word * 64 + 64 - __builtin_clzll(set);
	}
	spare = n / POOL_SPARE_PART;
	if (spare < POOL_SPARE)
		spare = POOL_SPARE;
	return end - last > spare ? last + spare : end;
}

static size_t pick(const struct pool *pool, const struct plan_class *pc,
		   const struct pool_bits *needed, bool ahead, uint16_t *minors, size_t max)
{
	const struct range *range = pc->class->range;
	uint32_t end = ahead ? ahead_end(range, needed) : range->id + range->n, word;
	uint32_t shift = pc->minor - range->id;		/* 0 or CLASS_MINOR_CLEAR */
	uint64_t want;
	size_t n = 0;

	_Static_assert(CLASS_MINOR_CLEAR % 64 == 0, "ids and minors are in step");
	for (word = range->id / 64; word * 64 < end && n < max; word++) {
		want = within(word, range->id, end) & ~pool->there.word[word + shift / 64];
		if (!ahead)
			want &= needed->word[word];
		for (; want && n < max; want &= want - 1)
			minors[n++] = word * 64 + __builtin_ctzll(want) + shift;
	}
	return n;
}

size_t pool_pick(const struct pool *pool, const struct plan *plan,
		 const struct pool_bits *needed, bool ahead, uint16_t *minors, size_t max)
{
	size_t n = 0, i;

	for (i = 0; i < plan->n && n < max; i++)
		if (plan->classes[i].class->range)
			n += pick(pool, &plan->classes[i], needed, ahead, minors + n, max - n);
	return n;
}
