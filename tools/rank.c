// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who takes most.
 */
#define _GNU_SOURCE	/* qsort_r() */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rank.h"

const char *const rank_keys[RANK_KEYS] = {
	[RANK_NAME] = "name", [RANK_ID] = "id", [RANK_BYTES] = "bytes",
	[RANK_PACKETS] = "packets", [RANK_RATE] = "rate",
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_ranks(const void *a, const void *b, void *arg)
{
	const struct rank *left = a, *right = b;
	int ret = 0;

	switch (*(const enum rank_key *)arg) {
	case RANK_NAME:
		ret = strcmp(left->name, right->name);
		break;
	case RANK_ID:
		ret = compare(left->id, right->id);
		break;
	case RANK_BYTES:
		ret = compare(right->bytes, left->bytes);
		break;
	case RANK_PACKETS:
		ret = compare(right->packets, left->packets);
		break;
	default:
		ret = compare(right->rate, left->rate);
		break;
	}
	return ret ? ret : compare(left->item, right->item);
}

void rank_sort(struct rank *ranks, size_t n, enum rank_key key)
{
	if (n)
		qsort_r(ranks, n, sizeof(*ranks), compare_ranks, &key);
}

uint64_t per_second(uint64_t before, uint64_t now, double seconds)
{
	return llround((double)(now < before ? now : now - before) / seconds);
}
