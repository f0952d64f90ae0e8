// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section each of a profile: a range of groups, one for each of its peers.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/value.h"

static bool wrong_marks(struct reader *r, const struct conf_section *s,
			const struct conf_value *v, const char *expected)
{
	return conf_fail(r, s, v->line, "marks = '%s': expected %s",
			 conf_shown(r, v->text), expected);
}

/* FIRST[-LAST]/MASK; without a last one, all that are behind the first. */
static bool marks(struct reader *r, const struct conf_section *s, struct range *range,
		  uint32_t *last)
{
	char text[64], *mask, *to;
	const struct conf_value *v;
	uint32_t first, end;

	if (!conf_need(r, s, "marks", "0x100000/0x1ff00000", &v))
		return false;
	snprintf(text, sizeof(text), "%s", v->text);
	mask = strchr(text, '/');
	to = strchr(text, '-');
	if (mask)
		*mask++ = '\0';
	if (to)
		*to++ = '\0';
	if (strlen(v->text) >= sizeof(text) || !mask ||
	    parse_u32(text, 0, UINT32_MAX, &first) ||
	    parse_u32(mask, 1, UINT32_MAX, &range->mask) ||
	    (to && parse_u32(to, 0, UINT32_MAX, &end)))
		return wrong_marks(r, s, v,
				   "FIRST/MASK or FIRST-LAST/MASK, each of 32 bits, such as 0x100000/0x1ff00000");
	if (!to)
		end = range->mask;
	if ((first | end) & ~range->mask)
		return wrong_marks(r, s, v, "no bits outside of the mask");
	range->first = range_gather(first, range->mask);
	*last = range_gather(end, range->mask);
	if (!range->first)
		return wrong_marks(r, s, v,
				   "a first mark other than 0, which packets have that were never marked");
	if (*last < range->first)
		return wrong_marks(r, s, v, "a last mark that is not before the first");
	if (*last - range->first >= RANGE_ID_MAX) {
		if (to)
			return wrong_marks(r, s, v, "at most " DIGITS(RANGE_ID_MAX) " marks");
		*last = range->first + RANGE_ID_MAX - 1;
	}
	range->n = *last - range->first + 1;
	return true;
}

static bool clear(struct reader *r, const struct conf_section *s, struct range *range)
{
	const struct conf_value *v;

	if (!conf_get(r, s, "clear", &v))
		return false;
	if (!v)
		return true;
	if (parse_u32(v->text, 1, UINT32_MAX, &range->clear))
		return conf_fail(r, s, v->line,
				 "clear = '%s': expected the bits that tell clear packets, such as 0x20000000",
				 conf_shown(r, v->text));
	return !(range->clear & range->mask) ||
	       conf_fail(r, s, v->line,
			 "clear = '%s' is among the marks' bits, 0x%x: expected others",
			 conf_shown(r, v->text), range->mask);
}

static bool ids(struct reader *r, const struct conf_section *s, struct range *range)
{
	uint32_t max = range->clear ? RANGE_ID_MAX_CLEAR : RANGE_ID_MAX;
	const struct conf_value *v;

	if (!conf_get(r, s, "ids", &v) ||
	    (v && !conf_number(r, s, v, 1, RANGE_ID_MAX, &range->id)))
		return false;
	if (!v)
		range->id = RANGE_ID_FIRST;
	return (range->id <= max && range->n <= max - range->id + 1) ||
	       conf_fail(r, s, v ? v->line : s->line,
			 "there are %u marks, and so many ids from %u on%s: expected them to end at %u, the greatest that a class can have%s",
			 range->n, range->id, v ? "" : ", where they begin unless ids says otherwise",
			 max, range->clear ? " where clear packets have their own" : "");
}

static bool per(struct reader *r, const struct conf_section *s, struct range *range)
{
	const struct conf_value *v;

	if (!conf_get(r, s, "per", &v))
		return false;
	range->by_ike = v && !strcmp(v->text, "ike-sa");
	return !v || range->by_ike || !strcmp(v->text, "identity") ||
	       conf_fail(r, s, v->line, "per = '%s': expected identity or ike-sa",
			 conf_shown(r, v->text));
}

/* Who finds no group left is in one that the operator names, or in the range's last. */
static bool overflow(struct reader *r, const struct conf_section *s, struct range *range,
		     bool *own)
{
	const struct conf_value *v;

	if (!conf_get(r, s, "overflow", &v))
		return false;
	*own = !v;
	if (v)
		return !strcmp(v->text, "none") ||
		       conf_group_id(r, s, v->line, v->text, &range->overflow);
	return range->n > 1 ||
	       conf_fail(r, s, s->line,
			 "there is one mark, and peers that find none left are to have one, too: expected more marks, or overflow = the name of a group, or none");
}

static bool numbers(struct reader *r, const struct conf_section *s, struct range *range,
		    uint32_t peers)
{
	const struct conf_value *v;

	range->max = peers;
	if (!conf_get(r, s, "max", &v) ||
	    (v && !conf_number(r, s, v, 1, peers, &range->max)))
		return false;
	range->linger = RANGE_LINGER;
	if (!conf_get(r, s, "linger", &v) ||
	    (v && !conf_number(r, s, v, 0, RANGE_LINGER_MAX, &range->linger)))
		return false;
	range->dscp = -1;
	return conf_get(r, s, "dscp", &v) &&
	       (!v || conf_dscp(r, s, v->text, v->line, &range->dscp));
}

bool conf_each(struct reader *r, const struct conf_section *s, struct profile *profile)
{
	const struct conf_section *each = utarray_front(&s->subs);
	struct range *range;
	uint32_t last;
	bool own;

	if (conf_find(s, "group"))
		return conf_fail(r, each, each->line,
				 "profile '%s' has a group and a section each: expected one of them",
				 profile->name);
	if (utarray_len(&s->subs) > 1)
		return conf_fail(r, each + 1, each[1].line,
				 "profile '%s' has two sections each: expected one", profile->name);
	range = conf_array(r, 1, sizeof(*range));
	if (!range)
		return false;
	profile->range = range;
	range->profile = profile;
	if (!marks(r, each, range, &last) || !clear(r, each, range) || !ids(r, each, range) ||
	    !per(r, each, range) || !overflow(r, each, range, &own) ||
	    !numbers(r, each, range, range->n - own))
		return false;
	if (own)
		range->overflow = range->id + range->n - 1;
	return true;
}

/* Is a group of the file one that a range has, by its id, its name or its mark? */
static bool check_group(struct reader *r, const struct conf_section *s,
			const struct range *range, const struct iq_kernel_group *g)
{
	struct iq_kernel_group own;
	uint32_t mark = g->mark, id;
	char such[64] = "";
	size_t len;

	if (range_has(range, g->id))
		return conf_fail(r, s, s->line,
				 "the ids of profile '%s', %u to %u, have that of group '%s', %u: expected ids of its own (ids = the first)",
				 range->profile->name, range->id, range->id + range->n - 1,
				 g->name, g->id);
	range_group(range, range->id, &own);
	len = strrchr(own.name, '.') + 1 - own.name;
	if (!strncmp(g->name, own.name, len) &&
	    !parse_u32(g->name + len, 1, RANGE_ID_MAX, &id) && range_has(range, id))
		return conf_fail(r, s, s->line,
				 "the group '%s' has a name that one of profile '%s' is to have: expected another",
				 g->name, range->profile->name);
	if (!range_fits(range, mark, g->mask, &id)) {
		mark = g->mark_clear;
		if (!range_fits(range, mark, g->mask, &id))
			return true;
	}
	range_group(range, id, &own);
	if (!(g->mask & own.mask))
		snprintf(such, sizeof(such), ", such as 0x%x/0x%x for the group", g->mark,
			 g->mask | own.mask);
	return conf_fail(r, s, s->line,
			 "the mark 0x%x/0x%x of profile '%s' overlaps 0x%x/0x%x of group '%s', so that a packet can have both: expected marks that differ in a bit of both masks%s",
			 own.mark, own.mask, range->profile->name, mark, g->mask, g->name,
			 such);
}

static bool check_range(struct reader *r, const struct conf_section *s,
			const struct range *range, const struct range *before)
{
	struct iq_kernel_group own;
	uint32_t id;

	if (range->id < before->id + before->n && before->id < range->id + range->n)
		return conf_fail(r, s, s->line,
				 "the ids of profile '%s', %u to %u, overlap those of profile '%s', %u to %u: expected ids of its own, such as ids = %u",
				 range->profile->name, range->id,
				 range->id + range->n - 1, before->profile->name,
				 before->id, before->id + before->n - 1,
				 before->id + before->n);
	if (!range_overlaps(range, before, &id))
		return true;
	range_group(range, id, &own);
	return conf_fail(r, s, s->line,
			 "the mark 0x%x/0x%x of profile '%s' overlaps the marks of profile '%s' (%s:%u), 0x%x to 0x%x/0x%x: expected marks that differ in a bit of both masks",
			 own.mark, own.mask, range->profile->name, before->profile->name,
			 before->profile->file, before->profile->line,
			 range_mark(before, before->id),
			 range_mark(before, before->id + before->n - 1),
			 before->mask | before->clear);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

/*
 * The module is to have room for all that may be there. Only a ceiling that the file sets
 * itself may be too low.
 */
static bool check_ceiling(struct reader *r, const struct conf_section *s)
{
	struct config *c = r->config;
	uint64_t n = c->n_groups;
	size_t i;

	for (i = 0; i < c->n_ranges; i++)
		n += c->ranges[i]->n;
	if (n <= c->conf.max_groups)
		return true;
	if (r->max_groups || n > IPSEC_QOS_MAX_GROUPS_LIMIT)
		return conf_fail(r, s, s->line,
				 "with its groups there are up to %llu, and max-groups allows %u: expected fewer marks, or a greater max-groups",
				 (unsigned long long)n, r->max_groups ? c->conf.max_groups :
				 IPSEC_QOS_MAX_GROUPS_LIMIT);
	c->conf.max_groups = n;
	return true;
}

bool conf_ranges(struct reader *r, const struct conf_section **sections)
{
	const struct conf_section *each;
	struct config *c = r->config;
	size_t i, j;

	c->ranges = conf_array(r, c->n_profiles, sizeof(*c->ranges));
	if (!c->ranges)
		return false;
	for (i = 0; i < c->n_profiles; i++) {
		const struct range *range = c->profiles[i].range;

		if (!range)
			continue;
		each = utarray_front(&sections[i]->subs);
		for (j = 0; j < c->n_groups; j++)
			if (!check_group(r, each, range, &c->groups[j]))
				return false;
		for (j = 0; j < c->n_ranges; j++)
			if (!check_range(r, each, range, c->ranges[j]))
				return false;
		c->ranges[c->n_ranges++] = range;
		if (!check_ceiling(r, each))
			return false;
	}
	qsort(c->ranges, c->n_ranges, sizeof(*c->ranges), compare_ranges);
	return true;
}

const struct range *config_range(const struct config *config, uint32_t id)
{
	size_t low = 0, high = config->n_ranges, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (range_has(config->ranges[mid], id))
			return config->ranges[mid];
		if (config->ranges[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
