// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon reads, matches and prints identities as strongSwan's own library does, or
 * as ipsec-qosd.conf(5) says instead: those of tests/fuzz/identities.txt, each by each,
 * and DNs made by chance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dn_chance.h"
#include "suite.h"
#include "tests/unit/charon_identity.h"
#include "tests/unit/same_identity.h"

#define TEXTS_MAX	1000
#define NAMES		3000
#define ID_DN		9

static char *texts[TEXTS_MAX];
static struct same_pattern *patterns[TEXTS_MAX];
static unsigned int n_texts;

static char *slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text;
	size_t n;

	ck_assert_msg(file, "no %s here: start it where the Makefile is", path);
	text = calloc(1, 1 << 20);
	n = fread(text, 1, (1 << 20) - 1, file);
	ck_assert_uint_gt(n, 0);
	fclose(file);
	return text;
}

static void setup(void)
{
	char *rest = slurp("tests/fuzz/identities.txt"), *line;

	charon_id_begin();
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#')
			continue;
		ck_assert_uint_lt(n_texts, TEXTS_MAX);
		texts[n_texts++] = line;
	}
	texts[n_texts++] = "";
}

/* Of differences so many are told. */
#define TOLD	20

static unsigned int differences;

static void must_be_same(const char *found)
{
	if (found && differences++ < TOLD)
		fprintf(stderr, "%s\n", found);
}

/* What a peer sends, by each pattern, and each pattern beside the next. */
static void match_all(uint8_t type, const void *data, size_t len, void *ctx)
{
	struct same_id *id = same_id_new(type, data, len);
	unsigned int i;

	must_be_same(same_print(type, data, len));
	for (i = 0; i < n_texts; i++) {
		must_be_same(same_match(id, patterns[i]));
		if (i)
			must_be_same(same_order(id, patterns[i - 1], patterns[i]));
	}
	same_id_free(id);
}

static void all_texts(void)
{
	unsigned int i;

	for (i = 0; i < n_texts; i++) {
		must_be_same(same_reading(texts[i]));
		patterns[i] = same_pattern_new(texts[i]);
	}
	for (i = 0; i < n_texts; i++)
		same_wire(texts[i], match_all, NULL);
	for (i = 0; i < n_texts; i++)
		same_pattern_free(patterns[i]);
}

/* In hexadecimal behind its type, and by another, whose parts may be the same */
static void all_names(void)
{
	static char text[2 * NAME_MAX_BYTES + 16];
	struct same_pattern *pattern, *other = NULL;
	struct same_id *id;
	struct bytes name;
	unsigned int i, j;
	size_t n;

	for (i = 0; i < NAMES; i++) {
		make_name(&name);
		n = sprintf(text, "asn1dn:#");
		for (j = 0; j < name.len; j++)
			n += sprintf(text + n, "%02x", name.b[j]);
		must_be_same(same_print(ID_DN, name.b, name.len));
		must_be_same(same_reading(text));
		pattern = same_pattern_new(text);
		id = same_id_new(ID_DN, name.b, name.len);
		must_be_same(same_match(id, pattern));
		must_be_same(same_match(id, other));
		must_be_same(same_order(id, pattern, other));
		same_id_free(id);
		same_pattern_free(other);
		other = pattern;
	}
	same_pattern_free(other);
}

/* Each difference that is known is met, and the man page has it. */
static void all_known(void)
{
	char *page = slurp("daemon/ipsec-qosd.conf.5"), line[128];
	const char *title;
	unsigned int i;
	bool met;

	for (i = 0; (title = same_known(i, &met)); i++) {
		ck_assert_msg(met, "never met: %s", title);
		snprintf(line, sizeof(line), "\n.\\\" differs: %s\n", title);
		ck_assert_msg(strstr(page, line), "not in the man page: %s", title);
	}
	free(page);
}

START_TEST(same)
{
	all_texts();
	all_names();
	ck_assert_msg(!differences, "%u differences", differences);
	all_known();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("identity");

	tcase_set_timeout(tc, 120);
	tcase_add_unchecked_fixture(tc, setup, NULL);
	tcase_add_test(tc, same);
	return run_tests("charon_identity", tc);
}
