// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics as they are written, and the array of classes that they are made of, as it
 * comes in pieces.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/items.h"
#include "../../tools/openmetrics.h"
#include "suite.h"

static const struct om_family sent = {
	"test_sent_bytes", OM_COUNTER, "bytes", "What was sent."
};
static const struct om_family here = { "test_here", OM_GAUGE, NULL, "Who is here." };
static const struct om_family version = { "test", OM_INFO, NULL, "Which it is." };

/* One family of each type, and all that a label may hold. */
static char *write_all(bool prometheus)
{
	char *text = NULL;
	size_t size;
	struct om om = { open_memstream(&text, &size), prometheus };

	ck_assert_ptr_nonnull(om.out);
	om_begin(&om, &sent);
	om_sample(&om, 0, "group", "gold", "direction", "in", NULL);
	om_sample(&om, UINT64_MAX, "group", "a\"b\\c\nd\\\\", "direction", "", NULL);
	om_sample(&om, 1, "group", "h\303\266", NULL);
	om_only(&om, &here, 7);
	om_begin(&om, &version);
	om_sample(&om, 1, "version", "1.2", NULL);
	om_end(&om);
	ck_assert_int_eq(fclose(om.out), 0);
	return text;
}

START_TEST(openmetrics)
{
	char *text = write_all(false);

	ck_assert_str_eq(text,
		"# HELP test_sent_bytes What was sent.\n"
		"# TYPE test_sent_bytes counter\n"
		"# UNIT test_sent_bytes bytes\n"
		"test_sent_bytes_total{group=\"gold\",direction=\"in\"} 0\n"
		"test_sent_bytes_total{group=\"a\\\"b\\\\c\\nd\\\\\\\\\",direction=\"\"} 18446744073709551615\n"
		"test_sent_bytes_total{group=\"h\303\266\"} 1\n"
		"# HELP test_here Who is here.\n"
		"# TYPE test_here gauge\n"
		"test_here 7\n"
		"# HELP test Which it is.\n"
		"# TYPE test info\n"
		"test_info{version=\"1.2\"} 1\n"
		"# EOF\n");
	free(text);
}
END_TEST

START_TEST(prometheus)
{
	char *text = write_all(true);

	ck_assert_str_eq(text,
		"# HELP test_sent_bytes_total What was sent.\n"
		"# TYPE test_sent_bytes_total counter\n"
		"test_sent_bytes_total{group=\"gold\",direction=\"in\"} 0\n"
		"test_sent_bytes_total{group=\"a\\\"b\\\\c\\nd\\\\\\\\\",direction=\"\"} 18446744073709551615\n"
		"test_sent_bytes_total{group=\"h\303\266\"} 1\n"
		"# HELP test_here Who is here.\n"
		"# TYPE test_here gauge\n"
		"test_here 7\n"
		"# HELP test_info Which it is.\n"
		"# TYPE test_info gauge\n"
		"test_info{version=\"1.2\"} 1\n");
	free(text);
}
END_TEST

/* All that came, as text, with a ';' behind each */
static int note(const json_t *item, void *arg)
{
	char *text = json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS);

	strcat(strcat(arg, text), ";");
	free(text);
	return 0;
}

/* @text in pieces of @size: what items_take() and items_end() said at last */
static int take(const char *text, size_t size, char *noted)
{
	struct items items = { 0 };
	char piece[128];
	int ret = 0;

	*noted = '\0';
	for (; *text && !ret; text += strlen(piece)) {
		snprintf(piece, size + 1, "%s", text);
		ret = items_take(&items, piece, note, noted);
	}
	return ret ? ret : items_end(&items);
}

START_TEST(pieces)
{
	static const struct {
		const char *text;
		const char *noted;
	} cases[] = {
		{ "[]", "" },
		{ " [ ]\n", "" },
		{ "[{\"a\":1}]", "{\"a\":1};" },
		{ "[{\"a\":{\"b\":[1,{}]}},{\"c\":null},{}]",
		  "{\"a\":{\"b\":[1,{}]}};{\"c\":null};{};" },
		/* brackets, quotes and blanks within a text are part of it */
		{ "[{\"a\":\"}]{ \\\"[\\\\\"},{\"b\":\"\\\\\\\"}\"}]",
		  "{\"a\":\"}]{ \\\"[\\\\\"};{\"b\":\"\\\\\\\"}\"};" },
	};
	char noted[128];

	for (size_t i = 0; i < N(cases); i++)
		for (size_t size = 1; size < 64; size++) {
			ck_assert_msg(!take(cases[i].text, size, noted), "%s by %zu",
				      cases[i].text, size);
			ck_assert_str_eq(noted, cases[i].noted);
		}
}
END_TEST

START_TEST(no_pieces)
{
	static const char *const bad[] = {
		"", "[", "{}", "1", "[1]", "[\"a\"]", "[[]]", "[{}", "[{\"a\"", "[{a:1}]",
		"[]]", "[] []", "[{}]x",
	};
	char noted[128];

	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(take(bad[i], 127, noted) == -EBADMSG, "\"%s\" was taken",
			      bad[i]);
}
END_TEST

static int refuse(const json_t *item, void *arg)
{
	return -ENOMEM;
}

START_TEST(pieces_end)
{
	static struct items items;
	char *text = malloc(ITEM_MAX + 2);

	ck_assert_int_eq(items_take(&items, "[{},{}]", refuse, NULL), -ENOMEM);

	memset(&items, 0, sizeof(items));
	memcpy(text, "[{\"", 3);
	memset(text + 3, 'x', ITEM_MAX - 2);
	text[ITEM_MAX + 1] = '\0';
	ck_assert_int_eq(items_take(&items, text, refuse, NULL), 0);
	ck_assert_int_eq(items_take(&items, "x", refuse, NULL), -E2BIG);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("metrics");

	tcase_add_test(tcase, openmetrics);
	tcase_add_test(tcase, prometheus);
	tcase_add_test(tcase, pieces);
	tcase_add_test(tcase, no_pieces);
	tcase_add_test(tcase, pieces_end);

	return run_tests("metrics", tcase);
}
