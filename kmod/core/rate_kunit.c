// SPDX-License-Identifier: GPL-2.0
/*
 * Token buckets: as many as are to come in a second, and no more, at moments of the test's
 * own.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "rate.h"

static const u32 iq_t_rates[] = { 1, 3, 1000, 10000, 100000000 };

/* How many are there at once? @step: so many are taken at a time */
static u32 iq_t_drain(struct iq_rate *r, u32 step, u32 rate, u64 now)
{
	u32 n = 0;

	while (iq_rate_take_at(r, step, rate, now))
		n += step;
	return n;
}

/* It begins with a second's, and each second gives as many, long pauses no more. */
static void iq_rate_second_test(struct kunit *test)
{
	u64 start = 5 * IQ_RATE_SECOND, now;
	struct iq_rate r;
	u32 i, j, got, rate, step;

	for (i = 0; i < ARRAY_SIZE(iq_t_rates); i++) {
		rate = iq_t_rates[i];
		step = rate > 10000 ? 1000 : 1;
		atomic64_set(&r.paid, start - IQ_RATE_SECOND);
		for (j = 0, now = start; j < 4; j++, now += (j == 3 ? 1000000 : 1) *
								IQ_RATE_SECOND) {
			got = iq_t_drain(&r, step, rate, now);
			KUNIT_EXPECT_LE(test, got, rate + rate / 3000);
			KUNIT_EXPECT_GE(test, got, rate);
		}
	}
}

/* In small steps of time as well: what is over is not lost. */
static void iq_rate_steps_test(struct kunit *test)
{
	u64 now = 7 * IQ_RATE_SECOND;
	struct iq_rate r;
	u32 got = 0, i;

	atomic64_set(&r.paid, now);
	for (i = 0; i < 1000; i++) {
		now += IQ_RATE_SECOND / 1000;
		got += iq_t_drain(&r, 1, 333, now);
	}
	KUNIT_EXPECT_LE(test, got, 333);
	KUNIT_EXPECT_GE(test, got, 331);
}

/* More at once than a second has is never there; what is refused takes nothing. */
static void iq_rate_refused_test(struct kunit *test)
{
	u64 now = 9 * IQ_RATE_SECOND;
	struct iq_rate r;

	atomic64_set(&r.paid, now - IQ_RATE_SECOND);
	KUNIT_EXPECT_FALSE(test, iq_rate_take_at(&r, 11, 10, now));
	KUNIT_EXPECT_TRUE(test, iq_rate_take_at(&r, 8, 10, now));
	KUNIT_EXPECT_FALSE(test, iq_rate_take_at(&r, 3, 10, now));
	KUNIT_EXPECT_TRUE(test, iq_rate_take_at(&r, 1, 10, now));
	KUNIT_EXPECT_TRUE(test, iq_rate_take_at(&r, 0, 10, now));
}

static struct kunit_case iq_rate_cases[] = {
	KUNIT_CASE(iq_rate_second_test),
	KUNIT_CASE(iq_rate_steps_test),
	KUNIT_CASE(iq_rate_refused_test),
	{}
};

static struct kunit_suite iq_rate_suite = {
	.name = "iq_rate",
	.test_cases = iq_rate_cases,
};

kunit_test_suite(iq_rate_suite);
