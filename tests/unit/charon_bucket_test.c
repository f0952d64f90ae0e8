// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The buckets that a charon's SPIs are of: what the daemon says of them, SPIs of IKE SAs,
 * and in which order buckets are drawn for others.
 */
#include <stdarg.h>
#include <stdio.h>

#include <daemon.h>
#include <threading/thread.h>

#include "ipsec_qos_bucket.h"
#include "ipsec_qos/select.h"
#include "suite.h"

#define BUCKETS		64
#define DRAWS		(BUCKETS * 100)
/* what chi-square of 63 degrees of freedom is above once in ten million times */
#define CHI_SQUARE	141.0

static ike_sa_manager_t manager;
static spi_cb_t choose;
static void *choose_data;
static ipsec_qos_bucket_t *bucket;
static uint8_t home[IQ_SELECT_BUCKETS / 8];
static char said[8192];

static void set_spi_cb(ike_sa_manager_t *this, spi_cb_t callback, void *data)
{
	ck_assert_ptr_eq(this, &manager);
	choose = callback;
	choose_data = data;
}

static void note(bus_t *bus, debug_t group, level_t level, char *fmt, ...)
{
	size_t len = strlen(said);
	va_list args;

	if (level > LEVEL_CTRL)
		return;
	va_start(args, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, args);
	va_end(args);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static int times_said(const char *what)
{
	const char *at = said;
	int n = 0;

	while ((at = strstr(at, what))) {
		at++;
		n++;
	}
	return n;
}

static void setup(void)
{
	int i;

	ck_assert(library_init(NULL, "charon_bucket_test"));
	ck_assert(libcharon_init());
	charon->bus->log = note;
	said[0] = '\0';
	manager.set_spi_cb = set_spi_cb;
	charon->ike_sa_manager = &manager;
	choose = NULL;
	memset(home, 0, sizeof(home));
	/* neither alike, nor in a row: also the first and the last */
	for (i = 0; i < BUCKETS; i++) {
		int b = i * (IQ_SELECT_BUCKETS - 1) / (BUCKETS - 1);

		home[b / 8] |= 1 << b % 8;
	}
}

static void start(const char *spi_bucket)
{
	if (spi_bucket)
		lib->settings->set_str(lib->settings,
				       "charon_bucket_test.plugins.ipsec-qos.spi_bucket",
				       (char *)spi_bucket);
	bucket = ipsec_qos_bucket_create();
	bucket->wrap(bucket);
}

static void teardown(void)
{
	bucket->unwrap(bucket);
	ck_assert_ptr_null(choose);
	bucket->destroy(bucket);
	charon->ike_sa_manager = NULL;
	libcharon_deinit();
	library_deinit();
}

/* Each of the buckets about as often as every other, and no other. */
static void check_spread(const unsigned int *times)
{
	double expected = (double)DRAWS / BUCKETS, sum = 0, off;
	uint32_t b;

	for (b = 0; b < IQ_SELECT_BUCKETS; b++) {
		if (!iq_select_has(home, b)) {
			ck_assert_uint_eq(times[b], 0);
			continue;
		}
		off = times[b] - expected;
		sum += off * off / expected;
	}
	ck_assert_double_lt(sum, CHI_SQUARE);
}

START_TEST(test_ike)
{
	static unsigned int times[IQ_SELECT_BUCKETS];
	uint64_t spi, ones = 0, zeroes = 0;
	int i;

	start("yes");
	ck_assert(bucket->is_wanted(bucket));
	ck_assert_ptr_nonnull(choose);
	bucket->take(bucket, home);
	ck_assert_int_eq(times_said("SPIs are of 64 of 4096 buckets"), 1);
	for (i = 0; i < DRAWS; i++) {
		uint8_t wire[8];

		spi = choose(choose_data);
		/* as charon sends it: what is in memory */
		memcpy(wire, &spi, sizeof(wire));
		times[(wire[0] & 15) << 8 | wire[1]]++;
		ck_assert_uint_eq(iq_select_ike(be64toh(spi)), (wire[0] & 15) << 8 | wire[1]);
		ones |= be64toh(spi);
		zeroes |= ~be64toh(spi);
	}
	check_spread(times);
	/* the rest is as random as before */
	ck_assert_uint_eq(ones & 0xf000ffffffffffff, 0xf000ffffffffffff);
	ck_assert_uint_eq(zeroes & 0xf000ffffffffffff, 0xf000ffffffffffff);
}
END_TEST

/* Until the daemon has said which they are, they are drawn as without; it is said. */
START_TEST(test_untold)
{
	static unsigned int times[IQ_SELECT_BUCKETS];
	ipsec_qos_bucket_walk_t walk;
	timeval_t begin, end, took;
	unsigned int seen = 0;
	int i;

	time_monotonic(&begin);
	start("yes");
	/* for a moment it is waited for that, and then no more */
	choose(choose_data);
	time_monotonic(&end);
	timersub(&end, &begin, &took);
	ck_assert_int_ge(took.tv_sec, 1);
	for (i = 0; i < 1000; i++)
		if (!times[iq_select_ike(be64toh(choose(choose_data)))]++)
			seen++;
	/* 1,000 of 4,096: 887 different ones are expected, and 16 more or less */
	ck_assert_uint_gt(seen, 790);
	ck_assert(!bucket->begin(bucket, &walk));
	ck_assert_int_eq(times_said("has not yet said"), 1);
	time_monotonic(&end);
	timersub(&end, &begin, &took);
	ck_assert_int_lt(took.tv_sec, 20);
}
END_TEST

static void *tell_late(void *arg)
{
	uint8_t one[sizeof(home)] = { [200] = 0x20 };

	/* so that it is waited for by now, if at all: if not, the SPI is any */
	usleep(100000);
	bucket->take(bucket, one);
	return NULL;
}

/* An IKE SA that begins before anything was said has its SPI of a bucket all the same. */
START_TEST(test_told_late)
{
	thread_t *thread;
	int i;

	start("yes");
	thread = thread_create(tell_late, NULL);
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(iq_select_ike(be64toh(choose(choose_data))), 200 * 8 + 5);
	thread->join(thread);
	ck_assert_int_eq(times_said("has not yet said"), 0);
}
END_TEST

/* What was said last holds; the same again is no news, none at all is. */
START_TEST(test_told_again)
{
	uint8_t none[sizeof(home)] = {}, other[sizeof(home)] = { [77] = 0x04 };
	ipsec_qos_bucket_walk_t walk;
	uint32_t b;
	uint32_t extra;
	int i;

	start("yes");
	for (i = 0; i < 3; i++)
		bucket->take(bucket, home);
	ck_assert_int_eq(times_said("SPIs are of"), 1);
	bucket->take(bucket, other);
	ck_assert_int_eq(times_said("SPIs are of 1 of 4096 buckets"), 1);
	ck_assert_uint_eq(iq_select_ike(be64toh(choose(choose_data))), 77 * 8 + 2);
	ck_assert(bucket->begin(bucket, &walk));
	ck_assert(ipsec_qos_bucket_next(&walk, &b, &extra));
	ck_assert_uint_eq(b, 77 * 8 + 2);
	ck_assert(!ipsec_qos_bucket_next(&walk, &b, &extra));
	bucket->take(bucket, none);
	ck_assert_int_eq(times_said("SPIs are of no bucket"), 1);
	ck_assert(!bucket->begin(bucket, &walk));
	ck_assert_int_eq(times_said("no bucket is this host's"), 1);
}
END_TEST

/* Each once, every one as often the first as any other. */
START_TEST(test_walk)
{
	static unsigned int first[IQ_SELECT_BUCKETS];
	uint8_t left[sizeof(home)];
	ipsec_qos_bucket_walk_t walk;
	uint32_t extra;
	uint32_t b;
	int i, n;

	start("yes");
	bucket->take(bucket, home);
	for (i = 0; i < DRAWS; i++) {
		ck_assert(bucket->begin(bucket, &walk));
		memcpy(left, home, sizeof(left));
		for (n = 0; ipsec_qos_bucket_next(&walk, &b, &extra); n++) {
			if (!n)
				first[b]++;
			ck_assert(iq_select_has(left, b));
			left[b / 8] &= ~(1 << b % 8);
			if (i > 10)
				break;
		}
		ck_assert(i > 10 || n == BUCKETS);
	}
	check_spread(first);
}
END_TEST

/* Where none are wanted nothing is chosen, and what the daemon says is nobody's business. */
START_TEST(test_unwanted)
{
	ipsec_qos_bucket_walk_t walk;

	start(_i ? "no" : NULL);
	ck_assert(!bucket->is_wanted(bucket));
	ck_assert_ptr_null(choose);
	bucket->take(bucket, home);
	ck_assert(!bucket->begin(bucket, &walk));
	ck_assert_str_eq(said, "");
}
END_TEST

/* charon's own label is put in behind our back. */
START_TEST(test_label)
{
	static const struct {
		const char *key, *value;
		bool told;
	} labels[] = {
		{ "spi_label", "0x0001000000000000", true },
		{ "spi_mask", "0x0ff0000000000000", true },
		{ "spi_mask", "0xf000ffffffffffff", false },
		{ "spi_label", "0x1000000000000001", false },
	};
	char key[64];

	snprintf(key, sizeof(key), "charon_bucket_test.%s", labels[_i].key);
	lib->settings->set_str(lib->settings, key, (char *)labels[_i].value);
	start("yes");
	ck_assert_int_eq(times_said("the bucket that spi_label is of"), labels[_i].told);
}
END_TEST

/* Buckets of which charon would take no SPI are told of: here every 65th is this host's. */
START_TEST(test_range)
{
	static const struct {
		const char *min, *max, *without;
	} ranges[] = {
		{ NULL, NULL, NULL },
		{ "0xd0000000", "0xdfffffff", NULL },
		{ "0xc0000100", "0xcfff0000", NULL },
		{ "0xc0000000", "0xc7ffffff", "32 of these buckets have no SPI" },
		{ "0xd0000000", "0xcfffffff", "62 of these buckets have no SPI" },
		{ "0x00001000", "0x00001fff", "63 of these buckets have no SPI" },
	};
	int i;

	if (ranges[_i].min) {
		lib->settings->set_str(lib->settings, "charon_bucket_test.spi_min",
				       (char *)ranges[_i].min);
		lib->settings->set_str(lib->settings, "charon_bucket_test.spi_max",
				       (char *)ranges[_i].max);
	}
	start("yes");
	for (i = 0; i < 2; i++)
		bucket->take(bucket, home);
	ck_assert_int_eq(times_said("have no SPI"), !!ranges[_i].without);
	if (ranges[_i].without)
		ck_assert_int_eq(times_said(ranges[_i].without), 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_bucket");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_ike);
	tcase_add_test(tc, test_untold);
	tcase_add_test(tc, test_told_late);
	tcase_add_test(tc, test_told_again);
	tcase_add_test(tc, test_walk);
	tcase_add_loop_test(tc, test_unwanted, 0, 2);
	tcase_add_loop_test(tc, test_label, 0, 4);
	tcase_add_loop_test(tc, test_range, 0, 6);
	return run_tests("charon_bucket", tc);
}
