// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who takes most: the order of what is shown, and rates.
 */
#include <string.h>

#include "../../tools/rank.h"
#include "suite.h"

static const struct rank all[] = {
	{ .item = 0, .name = "b", .id = 30, .bytes = 5, .packets = 7, .rate = 0 },
	{ .item = 1, .name = "a", .id = 20, .bytes = 5, .packets = 9, .rate = 3 },
	{ .item = 2, .name = "c", .id = 10, .bytes = UINT64_MAX, .packets = 8,
	  .rate = UINT64_MAX },
	{ .item = 3, .name = "B", .id = 40, .bytes = 1, .packets = 8, .rate = 0 },
};

START_TEST(orders)
{
	static const struct {
		enum rank_key key;
		size_t order[N(all)];
	} cases[] = {
		{ RANK_NAME, { 3, 1, 0, 2 } },
		{ RANK_ID, { 2, 1, 0, 3 } },
		/* with most first, and where they have as much, as they came */
		{ RANK_BYTES, { 2, 0, 1, 3 } },
		{ RANK_PACKETS, { 1, 2, 3, 0 } },
		{ RANK_RATE, { 2, 1, 0, 3 } },
	};
	struct rank ranks[N(all)];

	ck_assert_int_eq(N(cases), RANK_KEYS);
	for (size_t i = 0; i < N(cases); i++) {
		memcpy(ranks, all, sizeof(all));
		rank_sort(ranks, N(all), cases[i].key);
		for (size_t n = 0; n < N(all); n++)
			ck_assert_msg(ranks[n].item == cases[i].order[n],
				      "by %s: at %zu there is %zu",
				      rank_keys[cases[i].key], n, ranks[n].item);
	}
	rank_sort(NULL, 0, RANK_NAME);
}
END_TEST

START_TEST(rates)
{
	ck_assert_uint_eq(per_second(100, 300, 2), 100);
	ck_assert_uint_eq(per_second(100, 100, 1), 0);
	ck_assert_uint_eq(per_second(0, 1, 3), 0);
	ck_assert_uint_eq(per_second(0, 2, 3), 1);
	ck_assert_uint_eq(per_second(0, 10, 0.5), 20);
	/* it began anew */
	ck_assert_uint_eq(per_second(1000000, 50, 5), 10);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("rank");

	tcase_add_test(tcase, orders);
	tcase_add_test(tcase, rates);

	return run_tests("rank", tcase);
}
