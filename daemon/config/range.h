/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A range of groups, one for each peer of a profile (its section each). They are in no
 * list: what each of them is follows from its number.
 */
#ifndef IPSEC_QOSD_RANGE_H
#define IPSEC_QOSD_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/kernel/group.h"

#define RANGE_ID_FIRST		16384	/* where the file does not say */
#define RANGE_ID_MAX		65533	/* as an HTB class's minor, PLAN_MINOR_DEFAULT - 1 */
#define RANGE_ID_MAX_CLEAR	32765	/* where clear packets have classes of their own */
#define RANGE_RATE_MIN		1000	/* bytes a second of a class, as plan.c has it */
#define RANGE_LINGER		300	/* seconds, where the file does not say */
#define RANGE_LINGER_MAX	86400

struct profile;

/**
 * struct range - the groups of a profile's peers
 *
 * The group numbered i, from 0 to @n - 1, has the id @id + i; its mark is what the
 * number @first + i is when it is spread over the bits of @mask, the lowest first.
 *
 * @profile: whose peers
 * @id: of the first; all are within 1 to RANGE_ID_MAX, with @clear to RANGE_ID_MAX_CLEAR
 * @n: how many, at least 1
 * @first: at least 1, for a mark of 0 is nobody's
 * @mask: the bits of the marks, which need not be neighbours
 * @clear: bits outside of @mask that clear packets have and ESP has not; 0: both
 *	have the same mark
 * @max: how many peers have a group of their own at a time, 1 to @n
 * @overflow: the id of the group of peers that find none, 0: they have none. The
 *	range's own is its last one, which is no peer's then.
 * @linger: seconds for which a group stays when its last SA is gone
 * @by_ike: every IKE SA has its own; else all of one identity share one
 * @dscp: of all of them, 0 to 63; -1: left alone
 */
struct range {
	const struct profile *profile;
	uint32_t id;
	uint32_t n;
	uint32_t first;
	uint32_t mask;
	uint32_t clear;
	uint32_t max;
	uint32_t overflow;
	uint32_t linger;
	bool by_ike;
	int dscp;
};

/** range_has() - is it the id of one of the range's groups? */
static inline bool range_has(const struct range *range, uint32_t id)
{
	return id - range->id < range->n;
}

/** range_own_overflow() - is the overflow a group of the range itself, its last? */
static inline bool range_own_overflow(const struct range *range)
{
	return range_has(range, range->overflow);
}

/** range_peers() - how many groups, from the first on, are for peers */
static inline uint32_t range_peers(const struct range *range)
{
	return range->n - range_own_overflow(range);
}

/** range_values() - how many values the bits of a mask have, but for one of 32 bits */
static inline uint64_t range_values(uint32_t mask)
{
	return 1ULL << __builtin_popcount(mask);
}

/** range_spread() - a number over the bits of a mask, the lowest first */
uint32_t range_spread(uint32_t number, uint32_t mask);

/** range_gather() - the number that the bits of a mask are: undoes range_spread() */
uint32_t range_gather(uint32_t value, uint32_t mask);

/** range_mark() - the mark of the group of an id, as ESP has it */
uint32_t range_mark(const struct range *range, uint32_t id);

/**
 * range_group() - the group of an id, as the kernel is to have it
 *
 * Its name is "PROFILE.ID", with as much of the profile's as there is room for.
 */
void range_group(const struct range *range, uint32_t id, struct iq_kernel_group *group);

/**
 * range_fits() - can a packet that has @value in the bits of @mask have the mark of one
 * of the range's groups?
 *
 * @id: set to one of them
 */
bool range_fits(const struct range *range, uint32_t value, uint32_t mask, uint32_t *id);

/** range_overlaps() - can a packet have the marks of both? *@id is one of @range's */
bool range_overlaps(const struct range *range, const struct range *other, uint32_t *id);

#endif /* IPSEC_QOSD_RANGE_H */
