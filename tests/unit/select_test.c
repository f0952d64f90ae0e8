// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which element an SPI chooses: the logarithm against the library's, shares against
 * weights, and who moves when members come and go; and a few homes as they have to stay
 * for ever, as several machines agree on them without a word.
 */
#include <math.h>
#include <stdio.h>

#include "ipsec_qos/select.h"
#include "suite.h"

#define MOST	256

static struct iq_select_member members[MOST];

/* Members of weight 1 */
static void have(u32 n)
{
	char name[32];
	u32 i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "element-%u", i + 1);
		members[i] = (struct iq_select_member){ iq_select_seed(name), 1 };
	}
}

/* Units of 2^-26, which squaring and shifting a word keeps nearly all of */
static void check_log(u64 x)
{
	double wanted = ldexp(64 - log2((double)x), 26), got = (double)iq_select_log(x);

	ck_assert_msg(fabs(got - wanted) <= 16 || (got == 1 && wanted < 1),
		      "of %llx: %.0f, not %.0f", (unsigned long long)x, got, wanted);
}

START_TEST(test_log)
{
	u64 x = 1;
	u32 i;

	ck_assert_uint_eq(iq_select_log(0), 64ULL << 26);
	for (i = 0; i < 64; i++) {
		ck_assert_uint_eq(iq_select_log(1ULL << i), (64ULL - i) << 26);
		check_log(1ULL << i);
		check_log((1ULL << i) + (1ULL << i) / 2);
	}
	check_log(~0ULL);
	ck_assert_uint_ge(iq_select_log(~0ULL), 1);
	for (i = 0; i < 100000; i++) {
		x = iq_select_mix(x + i);
		check_log(x);
		check_log(x >> i % 64 ?: 1);
	}
}
END_TEST

/* A larger number has no larger logarithm: else who draws better would be worse. */
START_TEST(test_order)
{
	u64 x = 1, step;
	u32 i;

	for (i = 0; i < 100000; i++) {
		x = iq_select_mix(x + i);
		step = iq_select_mix(x) >> i % 64;
		if (x + step < x)
			continue;
		ck_assert_uint_le(iq_select_log(x + step), iq_select_log(x));
	}
}
END_TEST

START_TEST(test_buckets)
{
	ck_assert_uint_eq(iq_select_spi(0x1abc0000), 0xabc);
	ck_assert_uint_eq(iq_select_spi(0xf123ffff), 0x123);
	ck_assert_uint_eq(iq_select_ike(0x1abc000000000000ULL), 0xabc);
	ck_assert_uint_eq(iq_select_ike(0xf123ffffffffffffULL), 0x123);
}
END_TEST

static void count(u32 n, u32 *got)
{
	u32 i;

	memset(got, 0, n * sizeof(*got));
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		got[iq_select(members, NULL, n, i)]++;
}

/* Shares of 16 within 20 % of their weights: these, as the buckets are what they are. */
START_TEST(test_shares)
{
	static const u32 weights[][2] = { { 1, 1 }, { 1, 2 }, { 2, 3 }, { 100, 300 } };
	u32 got[16], i, k, sum, worst = 0;
	double share, off;

	have(16);
	for (k = 0; k < N(weights); k++) {
		for (i = 0, sum = 0; i < 16; i++) {
			members[i].weight = weights[k][i % 2];
			sum += members[i].weight;
		}
		count(16, got);
		for (i = 0; i < 16; i++) {
			share = (double)IQ_SELECT_BUCKETS * members[i].weight / sum;
			off = fabs(got[i] - share) / share * 100;
			worst = off > worst ? (u32)off : worst;
			ck_assert_msg(off <= 20, "weights %u and %u: %u has %u, not %.0f",
				      weights[k][0], weights[k][1], i + 1, got[i], share);
		}
	}
	printf("# shares of 16: %u %% off at most\n", worst);
}
END_TEST

/* Weights far apart */
START_TEST(test_weights)
{
	u32 got[3];

	have(3);
	members[0].weight = 65535;
	members[1].weight = 0;
	members[2].weight = 655;
	count(3, got);
	ck_assert_uint_eq(got[1], 0);
	ck_assert_uint_gt(got[2], 20);
	ck_assert_uint_lt(got[2], 65);
	members[0].weight = 0;
	members[2].weight = 0;
	ck_assert_uint_eq(iq_select(members, NULL, 3, 7), 3);
	ck_assert_uint_eq(iq_select(members, NULL, 0, 7), 0);
}
END_TEST

/* Of 16 one leaves: its own buckets go to others, about evenly, and no other moves. */
START_TEST(test_leave)
{
	u32 got[16] = {}, i, was, is, moved = 0;
	bool may[16];

	have(16);
	memset(may, 1, sizeof(may));
	may[6] = false;
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		was = iq_select(members, NULL, 16, i);
		is = iq_select(members, may, 16, i);
		ck_assert_uint_ne(is, 6);
		if (was != 6) {
			ck_assert_uint_eq(is, was);
			continue;
		}
		moved++;
		got[is]++;
	}
	ck_assert_uint_gt(moved, 200);
	for (i = 0; i < 16; i++)
		ck_assert(i == 6 || got[i]);
}
END_TEST

/* A weight that grows takes, and gives nothing. */
START_TEST(test_grow)
{
	u32 i, was[IQ_SELECT_BUCKETS], is, taken = 0;

	have(16);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		was[i] = iq_select(members, NULL, 16, i);
	members[3].weight = 2;
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		is = iq_select(members, NULL, 16, i);
		ck_assert(is == was[i] || is == 3);
		taken += is != was[i];
	}
	ck_assert_uint_gt(taken, 150);
}
END_TEST

/* In whichever order they are listed, and two that draw alike by their seeds */
START_TEST(test_agree)
{
	struct iq_select_member turned[MOST];
	struct iq_select_draw a = { 5, 1, 1 }, b = { 5, 2, 1 };
	u32 i;

	have(MOST);
	for (i = 0; i < MOST; i++)
		turned[i] = members[MOST - 1 - i];
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		ck_assert_uint_eq(iq_select(members, NULL, MOST, i),
				  MOST - 1 - iq_select(turned, NULL, MOST, i));
	ck_assert(iq_select_better(&a, &b));
	ck_assert(!iq_select_better(&b, &a));
}
END_TEST

/* What may not change, lest two releases disagree. */
START_TEST(test_for_ever)
{
	static const u32 home[] = {
		11, 13, 15, 9, 10, 11, 14, 11, 13, 7, 11, 11, 13, 14, 12, 13,
		12, 14, 6, 13, 11, 7, 12, 4, 15, 5, 14, 9, 9, 9, 5, 11,
	};
	u32 i;

	ck_assert_uint_eq(iq_select_mix(1), 0x5692161d100b05e5ULL);
	ck_assert_uint_eq(iq_select_seed("element-1"), 0x42534a9cd9c86957ULL);
	have(16);
	for (i = 0; i < 16; i++)
		members[i].weight = 1 + i;
	for (i = 0; i < N(home); i++)
		ck_assert_uint_eq(iq_select(members, NULL, 16, i * 97), home[i]);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("select");

	tcase_add_test(tc, test_log);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_buckets);
	tcase_add_test(tc, test_shares);
	tcase_add_test(tc, test_weights);
	tcase_add_test(tc, test_leave);
	tcase_add_test(tc, test_grow);
	tcase_add_test(tc, test_agree);
	tcase_add_test(tc, test_for_ever);
	return run_tests("select", tc);
}
