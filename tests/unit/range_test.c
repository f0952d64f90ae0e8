// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges of groups: their marks, and whether a packet can have that of one of them; held
 * against trying all of them.
 */
#include <string.h>

#include "config/config.h"
#include "suite.h"

static uint32_t seed = 4711;

static uint32_t chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

START_TEST(test_spread)
{
	static const struct {
		uint32_t number, mask, value;
	} rows[] = {
		{ 0, 0xffffffff, 0 },
		{ 1, 0x1ff00000, 0x100000 },
		{ 511, 0x1ff00000, 0x1ff00000 },
		{ 5, 0x80000011, 0x80000001 },
		{ 6, 0x80000011, 0x80000010 },
		{ 0x12345678, 0xffffffff, 0x12345678 },
		/* what the mask has no bits for is lost */
		{ 0xf, 0x00000101, 0x101 },
	};
	size_t i;

	for (i = 0; i < N(rows); i++)
		ck_assert_uint_eq(range_spread(rows[i].number, rows[i].mask), rows[i].value);
	for (i = 0; i < 1000; i++) {
		uint32_t mask = chance(), value = chance() & mask;

		ck_assert_uint_eq(range_spread(range_gather(value, mask), mask), value);
	}
}

static const struct profile profile = { .name = (char *)"a-name-of-31-characters-is-long" };

START_TEST(test_group)
{
	const struct range range = {
		.profile = &profile, .id = 65000, .n = 100, .first = 3, .mask = 0xf0ff,
		.clear = 0x10000, .dscp = 46,
	};
	struct iq_kernel_group g;

	range_group(&range, 65013, &g);
	ck_assert_str_eq(g.name, "a-name-of-31-characters-i.65013");
	ck_assert_uint_eq(g.id, 65013);
	ck_assert_uint_eq(g.mark, 0x10);
	ck_assert_uint_eq(g.mask, 0x1f0ff);
	ck_assert_uint_eq(g.mark_clear, 0x10010);
	ck_assert_uint_eq(g.flags, IPSEC_QOS_GROUP_F_NO_SYSFS);
	ck_assert_int_eq(g.dscp, 46);
	ck_assert(range_has(&range, 65000) && range_has(&range, 65099));
	ck_assert(!range_has(&range, 64999) && !range_has(&range, 65100));
}

/* A small range whose bits lie anywhere. */
static struct range any_range(void)
{
	struct range range = { .profile = &profile, .id = 10 };
	uint64_t values;

	do {
		range.mask = chance() & chance() & chance();
		values = range_values(range.mask);
	} while (values < 4 || values > 256);
	range.first = 1 + chance() % (values - 1);
	range.n = 1 + chance() % (values - range.first);
	if (chance() & 1)
		range.clear = chance() & chance() & ~range.mask;
	return range;
}

static bool agree(uint32_t a, uint32_t a_mask, uint32_t b, uint32_t b_mask)
{
	return !((a ^ b) & a_mask & b_mask);
}

/* Does a group of the range agree with it, as ESP has its mark or as clear packets? */
static bool one_fits(const struct range *range, uint32_t id, uint32_t value, uint32_t mask)
{
	uint32_t mark = range_mark(range, id), all = range->mask | range->clear;

	return agree(mark, all, value, mask) ||
	       agree(mark | range->clear, all, value, mask);
}

START_TEST(test_fits)
{
	int i, fit = 0;

	for (i = 0; i < 20000; i++) {
		struct range range = any_range();
		uint32_t mask = chance() & (chance() | range.mask), value = chance() & mask;
		bool any = false;
		uint32_t id = 0, j;

		for (j = 0; j < range.n; j++)
			any |= one_fits(&range, range.id + j, value, mask);
		ck_assert_int_eq(range_fits(&range, value, mask, &id), any);
		ck_assert(!any || one_fits(&range, id, value, mask));
		fit += any;
	}
	ck_assert_int_gt(fit, 1000);
	ck_assert_int_lt(fit, 19000);
}

static bool pair_fits(const struct range *a, uint32_t id, const struct range *b)
{
	uint32_t mask = a->mask | a->clear, j;
	bool any = false;

	for (j = 0; j < b->n; j++)
		any |= one_fits(b, b->id + j, range_mark(a, id), mask) ||
		       one_fits(b, b->id + j, range_mark(a, id) | a->clear, mask);
	return any;
}

START_TEST(test_overlaps)
{
	int i, overlap = 0;

	for (i = 0; i < 2000; i++) {
		struct range a = any_range(), b = any_range();
		uint32_t id = 0, j;
		bool any = false;

		/* the masks of most are the same, or nearly so */
		if (i % 4) {
			b.mask = a.mask;
			b.clear = a.clear;
			b.first = 1 + chance() % (range_values(b.mask) - 1);
			b.n = 1 + chance() % (range_values(b.mask) - b.first);
		}
		if (i % 4 == 2)
			b.clear = chance() & ~b.mask;
		for (j = 0; j < a.n; j++)
			any |= pair_fits(&a, a.id + j, &b);
		ck_assert_int_eq(range_overlaps(&a, &b, &id), any);
		ck_assert(!any || pair_fits(&a, id, &b));
		overlap += any;
	}
	ck_assert_int_gt(overlap, 200);
	ck_assert_int_lt(overlap, 1900);
}

/* Up to the greatest number there is. */
START_TEST(test_overlap_at_end)
{
	struct range a = { .profile = &profile, .id = 1, .n = 16, .first = 0xfffffff0,
			   .mask = 0xffffffff };
	struct range b = a;
	uint32_t id;

	ck_assert(range_overlaps(&a, &b, &id));
	b.first -= 16;
	ck_assert(!range_overlaps(&a, &b, &id));
	ck_assert(range_fits(&a, 0xffffffff, 0xffffffff, &id));
	ck_assert_uint_eq(id, 16);
}

int main(void)
{
	TCase *tc = tcase_create("range");

	tcase_add_test(tc, test_spread);
	tcase_add_test(tc, test_group);
	tcase_add_test(tc, test_fits);
	tcase_add_test(tc, test_overlaps);
	tcase_add_test(tc, test_overlap_at_end);
	return run_tests("range", tc);
}
