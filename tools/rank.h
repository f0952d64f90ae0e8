/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who takes most: the order in which groups and classes are shown, and how fast a counter
 * went. Pure.
 */
#ifndef IPSEC_QOS_TOOLS_RANK_H
#define IPSEC_QOS_TOOLS_RANK_H

#include <stddef.h>
#include <stdint.h>

/** enum rank_key - names and ids go up, the others go down: who takes most is first */
enum rank_key { RANK_NAME, RANK_ID, RANK_BYTES, RANK_PACKETS, RANK_RATE, RANK_KEYS };

/** rank_keys - their words */
extern const char *const rank_keys[RANK_KEYS];
#define EXPECT_RANK "name, id, bytes, packets or rate"

/**
 * struct rank - what is to be put in order
 *
 * @item: which it is; where all else is the same, the lower is first
 */
struct rank {
	const char *name;
	uint64_t id;
	uint64_t bytes;
	uint64_t packets;
	uint64_t rate;
	size_t item;
};

/** rank_sort() - put @n of them in order */
void rank_sort(struct rank *ranks, size_t n, enum rank_key key);

/**
 * per_second() - how fast a counter went from @before to @now, rounded
 *
 * One that is lower than it was began at 0 in between.
 *
 * @seconds: more than 0
 */
uint64_t per_second(uint64_t before, uint64_t now, double seconds);

#endif /* IPSEC_QOS_TOOLS_RANK_H */
