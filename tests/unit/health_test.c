// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What checks of an element come to.
 */
#include "steer/health.h"
#include "suite.h"

#define FAILS	3
#define PASSES	2

/* @n checks, one each second; returns how many seconds until it changed, 0: it did not. */
static uint32_t checks(struct health *h, bool ok, uint32_t n, double *now)
{
	uint32_t i;

	for (i = 1; i <= n; i++) {
		*now += 1;
		if (health_on(h, ok, FAILS, PASSES, *now))
			return i;
	}
	return 0;
}

/* So many in turn, and not one fewer, and not with one between them. */
START_TEST(test_in_turn)
{
	struct health h = health_begin(true);
	double now = 100;

	ck_assert_uint_eq(checks(&h, false, FAILS - 1, &now), 0);
	ck_assert_uint_eq(checks(&h, true, 1, &now), 0);
	ck_assert_uint_eq(checks(&h, false, FAILS - 1, &now), 0);
	ck_assert(h.up);
	ck_assert_uint_eq(checks(&h, false, 1, &now), 1);
	ck_assert(!h.up);
	ck_assert_uint_eq(checks(&h, true, PASSES - 1, &now), 0);
	ck_assert_uint_eq(checks(&h, false, 1, &now), 0);
	ck_assert_uint_eq(checks(&h, true, PASSES, &now), PASSES);
	ck_assert(h.up);
}
END_TEST

/* The first time nothing is held against it, however it began. */
START_TEST(test_first)
{
	struct health h = health_begin(_i);
	double now = 0;

	if (!_i)
		ck_assert_uint_eq(checks(&h, true, PASSES, &now), PASSES);
	now += _i ? 0 : HEALTH_FLAP;
	ck_assert_uint_eq(checks(&h, false, FAILS, &now), FAILS);
	ck_assert(!h.hold);
	ck_assert(!health_held(&h, now));
	ck_assert_uint_eq(checks(&h, true, PASSES, &now), PASSES);
}
END_TEST

/* Each time it is held down for twice as long, within bounds, and then comes up at once. */
START_TEST(test_flaps)
{
	struct health h = health_begin(true);
	double now = 0, hold;
	int i;

	checks(&h, false, FAILS, &now);
	checks(&h, true, PASSES, &now);
	for (i = 0, hold = 1; i < 10; i++, hold *= 2) {
		ck_assert_uint_eq(checks(&h, false, FAILS, &now), FAILS);
		if (hold > HEALTH_HOLD_MAX)
			hold = HEALTH_HOLD_MAX;
		ck_assert_double_eq(h.hold, hold);
		ck_assert_double_eq(health_held(&h, now), hold);
		ck_assert_uint_eq(checks(&h, true, 100, &now), hold > PASSES ? hold : PASSES);
		ck_assert(!health_held(&h, now));
	}
}
END_TEST

/* One that fails still when the time is over needs all its passes. */
START_TEST(test_held_and_failing)
{
	struct health h = health_begin(true);
	double now = 0;

	checks(&h, false, FAILS, &now);
	checks(&h, true, PASSES, &now);
	checks(&h, false, FAILS, &now);
	checks(&h, true, PASSES, &now);
	checks(&h, false, FAILS, &now);
	ck_assert_double_eq(h.hold, 2);
	ck_assert_uint_eq(checks(&h, false, 50, &now), 0);
	ck_assert_uint_eq(checks(&h, true, PASSES, &now), PASSES);
}
END_TEST

/* Each minute that it stays up halves the time, until there is none. */
START_TEST(test_decays)
{
	static const struct {
		double up;	/* minutes */
		double hold;	/* of 16 before */
	} rows[] = {
		{ 0, 32 }, { 0.9, 32 }, { 1, 8 }, { 1.9, 8 }, { 2, 4 }, { 4, 1 }, { 5, 0 },
		{ 1e9, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct health h = { .up = true, .since = 0, .hold = 16 };
		double now = rows[i].up * 60;
		uint32_t n;

		for (n = 1; !health_on(&h, false, FAILS, PASSES, now); n++)
			ck_assert_uint_lt(n, FAILS);
		ck_assert_double_eq(h.hold, rows[i].hold);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("health");

	tcase_add_test(tc, test_in_turn);
	tcase_add_loop_test(tc, test_first, 0, 2);
	tcase_add_test(tc, test_flaps);
	tcase_add_test(tc, test_held_and_failing);
	tcase_add_test(tc, test_decays);
	return run_tests("health", tc);
}
