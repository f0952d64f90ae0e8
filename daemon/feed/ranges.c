// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/ranges.h"

#include <stdlib.h>

static json_t *overflow(const struct daemon *daemon, const struct range *range)
{
	struct iq_kernel_group group;

	return config_group(daemon->config, range->overflow, &group) ?
	       json_string(group.name) : json_null();
}

json_t *ranges_profile(const struct daemon *daemon, const struct profile *profile)
{
	const struct range *range = profile->range;
	uint32_t last;

	if (!range)
		return json_null();
	last = range->id + range->n - 1;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:o}",
			 "first_id", (json_int_t)range->id,
			 "last_id", (json_int_t)last,
			 "first_mark", (json_int_t)range_mark(range, range->id),
			 "last_mark", (json_int_t)range_mark(range, last),
			 "mask", (json_int_t)(range->mask | range->clear),
			 "clear", (json_int_t)range->clear,
			 "per", range->by_ike ? "ike-sa" : "identity",
			 "max", (json_int_t)range->max,
			 "linger", (json_int_t)range->linger,
			 "overflow", overflow(daemon, range));
}

json_t *ranges_all(const struct daemon *daemon)
{
	const struct config *config = daemon->config;
	json_t *array = json_array();
	size_t (*shared)[SAD_SHARED_WHYS];
	struct lease_count count;
	size_t i;

	shared = calloc(config->n_ranges + 1, sizeof(*shared));
	if (!shared)
		return array;
	sad_shared(daemon->sad, shared);

	for (i = 0; i < config->n_ranges; i++) {
		const struct range *range = config->ranges[i];

		leases_count(sad_leases(daemon->sad), range, &count);
		json_array_append_new(array, json_pack(
			"{s:s, s:I, s:I, s:I, s:I, s:o, s:I, s:I}",
			"profile", range->profile->name,
			"max", (json_int_t)range->max,
			"used", (json_int_t)count.used,
			"lingering", (json_int_t)count.lingering,
			"known", (json_int_t)count.known,
			"overflow", overflow(daemon, range),
			"full", (json_int_t)shared[i][SAD_FULL],
			"unproved",
			(json_int_t)shared[i][SAD_UNPROVED] +
			(json_int_t)shared[i][SAD_LONG]));
	}
	free(shared);
	return array;
}
