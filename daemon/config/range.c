// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/range.h"

#include <stdio.h>

#include "config/config.h"

uint32_t range_spread(uint32_t number, uint32_t mask)
{
	uint32_t value = 0;

	for (; mask; mask &= mask - 1, number >>= 1)
		if (number & 1)
			value |= mask & -mask;
	return value;
}

uint32_t range_gather(uint32_t value, uint32_t mask)
{
	uint32_t number = 0, bit = 1;

	for (; mask; mask &= mask - 1, bit <<= 1)
		if (value & mask & -mask)
			number |= bit;
	return number;
}

uint32_t range_mark(const struct range *range, uint32_t id)
{
	return range_spread(range->first + (id - range->id), range->mask);
}

void range_group(const struct range *range, uint32_t id, struct iq_kernel_group *group)
{
	uint32_t mark = range_mark(range, id);

	*group = (struct iq_kernel_group){
		.id = id,
		.mark = mark,
		.mask = range->mask | range->clear,
		.mark_clear = mark | range->clear,
		.dscp = range->dscp,
		/* of thousands, who reads them has the command */
		.flags = IPSEC_QOS_GROUP_F_NO_SYSFS,
	};
	/* an id has five digits */
	snprintf(group->name, sizeof(group->name), "%.*s.%u",
		 (int)sizeof(group->name) - 7, range->profile->name, id);
}

/*
 * The least number from @number to @last whose bits of @fixed are @want, or one beyond
 * @last. From the highest bit that is not as wanted on, each step either has it so with
 * zeros behind, or takes the next number of the bits ahead of it.
 */
static uint64_t next_with(uint64_t number, uint64_t last, uint32_t want, uint32_t fixed)
{
	uint64_t wrong, bit;

	while (number <= last && (wrong = (number ^ want) & fixed)) {
		bit = 1ULL << (63 - __builtin_clzll(wrong));
		if (want & bit)
			number = (number | bit) & ~(bit - 1);
		else
			number = (number | (bit - 1)) + 1;
	}
	return number;
}

bool range_fits(const struct range *range, uint32_t value, uint32_t mask, uint32_t *id)
{
	uint32_t clear = mask & range->clear;
	uint64_t last = (uint64_t)range->first + range->n - 1, number;

	/* of the bits that tell clear packets a packet has all or none */
	if (value & clear && (value & clear) != clear)
		return false;
	number = next_with(range->first, last, range_gather(value, range->mask),
			   range_gather(mask, range->mask));
	if (number > last)
		return false;
	*id = range->id + (number - range->first);
	return true;
}

bool range_overlaps(const struct range *range, const struct range *other, uint32_t *id)
{
	const struct range *few = range->n <= other->n ? range : other;
	const struct range *many = few == range ? other : range;
	uint32_t mask = few->mask | few->clear, i, found;

	if (range->mask == other->mask && !((range->mask | other->mask) &
					    (range->clear | other->clear))) {
		if (range->first >= (uint64_t)other->first + other->n ||
		    other->first >= (uint64_t)range->first + range->n)
			return false;
		*id = range->id + (other->first > range->first ?
				   other->first - range->first : 0);
		return true;
	}
	for (i = 0; i < few->n; i++) {
		uint32_t mark = range_mark(few, few->id + i);

		if (!range_fits(many, mark, mask, &found) &&
		    (!few->clear || !range_fits(many, mark | few->clear, mask, &found)))
			continue;
		*id = few == range ? few->id + i : found;
		return true;
	}
	return false;
}
