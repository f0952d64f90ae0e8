// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events that are kept for those who listen: from when on each has them, and what one
 * misses who does not read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/events.h"
#include "suite.h"

static struct events *events;

static void setup(void)
{
	events = events_new();
	ck_assert_ptr_nonnull(events);
}

static void teardown(void)
{
	events_free(events);
}

static uint64_t listen_now(void)
{
	uint64_t next;

	ck_assert_int_eq(events_listen(events, &next), 0);
	ck_assert(!events_more(events, next));
	return next;
}

static void add(unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u\n", number);
	events_add(events, strdup(text));
}

static void check_next(uint64_t *next, const char *expected)
{
	char *text;

	ck_assert_int_eq(events_more(events, *next), expected != NULL);
	ck_assert_int_eq(events_take(events, next, &text), 0);
	ck_assert_pstr_eq(text, expected);
	free(text);
}

/* What an event of missed ones says, or 0: it is another. */
static uint64_t take_missed(uint64_t *next)
{
	uint64_t n = 0;
	char *text;

	ck_assert_int_eq(events_take(events, next, &text), 0);
	ck_assert_ptr_nonnull(text);
	sscanf(text, "{\"event\":\"missed\",\"missed\":%" SCNu64 "}\n", &n);
	free(text);
	return n;
}

/* Each has what happens from when it began to listen, at its own pace. */
START_TEST(test_pace)
{
	uint64_t first, second;

	ck_assert(!events_listened(events));
	first = listen_now();
	ck_assert(events_listened(events));
	add(1);
	add(2);
	second = listen_now();
	add(3);
	check_next(&second, "3\n");
	check_next(&second, NULL);
	check_next(&first, "1\n");
	check_next(&first, "2\n");
	check_next(&first, "3\n");
	check_next(&first, NULL);
	events_leave(events);
	ck_assert(events_listened(events));
	events_leave(events);
	ck_assert(!events_listened(events));
	/* what was kept is not for who comes later */
	first = listen_now();
	check_next(&first, NULL);
	add(4);
	check_next(&first, "4\n");
}
END_TEST

START_TEST(test_missed)
{
	uint64_t slow = listen_now(), quick = listen_now(), n;
	char text[16];
	unsigned int i;

	for (i = 0; i < EVENTS_MAX + 7; i++) {
		add(i);
		snprintf(text, sizeof(text), "%u\n", i);
		check_next(&quick, text);
	}
	ck_assert_uint_eq(take_missed(&slow), 7);
	check_next(&slow, "7\n");
	for (n = 8; n < EVENTS_MAX + 7; n++)
		ck_assert_uint_eq(take_missed(&slow), 0);
	check_next(&slow, NULL);
}
END_TEST

/* Long ones are fewer. */
START_TEST(test_bytes)
{
	uint64_t next = listen_now(), n;
	unsigned int i, kept = 0, missed;
	char *text;

	for (i = 0; i < 300; i++) {
		text = calloc(1, 65536);
		ck_assert_ptr_nonnull(text);
		memset(text, 'x', 65535);
		events_add(events, text);
	}
	missed = take_missed(&next);
	while (events_more(events, next)) {
		n = take_missed(&next);
		ck_assert_uint_eq(n, 0);
		kept++;
	}
	ck_assert_uint_eq(missed + kept, 300);
	ck_assert_uint_eq(kept, EVENTS_BYTES / 65535);
}
END_TEST

/* One for which there was no memory is missed by all. */
START_TEST(test_no_memory)
{
	uint64_t next = listen_now();

	add(1);
	events_add(events, NULL);
	events_add(events, NULL);
	add(2);
	check_next(&next, "1\n");
	ck_assert_uint_eq(take_missed(&next), 2);
	check_next(&next, "2\n");
	events_add(events, NULL);
	ck_assert_uint_eq(take_missed(&next), 1);
	check_next(&next, NULL);
}
END_TEST

START_TEST(test_listeners)
{
	uint64_t next;
	int i;

	for (i = 0; i < EVENTS_LISTENERS; i++)
		listen_now();
	ck_assert_int_eq(events_listen(events, &next), -EBUSY);
	events_leave(events);
	listen_now();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("events");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_pace);
	tcase_add_test(tc, test_missed);
	tcase_add_test(tc, test_bytes);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_listeners);
	return run_tests("events", tc);
}
