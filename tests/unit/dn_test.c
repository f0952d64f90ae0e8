// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Distinguished names as certificates have them: what is printed of one is read
 * as that one.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dn_chance.h"
#include "identity/identity.h"
#include "suite.h"
#include "lib/text.h"

#define NAMES	2400

static void make_identity(struct identity *id)
{
	struct bytes name;

	make_name(&name);
	ck_assert(!identity_from_wire(ID_DER_ASN1_DN, name.b, name.len, id));
}

/* As it may stand in a file and on a terminal. */
static void check_shows(const char *text)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = text_char(text, left);
		ck_assert_msg(n, "0x%02x in what is printed", (uint8_t)*text);
	}
}

static unsigned int read_back(const char *text, const struct identity *id)
{
	struct identity again;
	unsigned int weight;
	const char *why;

	if (identity_parse(text, &again, &why)) {
		ck_abort_msg("%s is not read: %s", text, why);
		return 0;
	}
	ck_assert_msg(again.type == ID_DER_ASN1_DN, "%s is read as another type",
		      text);
	weight = identity_match(id, &again);
	identity_clear(&again);
	return weight;
}

START_TEST(round_trip)
{
	char text[4 * IDENTITY_LEN_MAX + 64], other_text[sizeof(text)];
	struct identity id, other;
	unsigned int i;

	seed = _i + 1;
	make_identity(&other);
	identity_format(&other, other_text, sizeof(other_text));
	for (i = 0; i < NAMES / 6; i++) {
		make_identity(&id);
		identity_format(&id, text, sizeof(text));
		check_shows(text);
		ck_assert_msg(read_back(text, &id) == IDENTITY_MATCH_EXACT,
			      "%s names another", text);
		/* and it is the only one */
		ck_assert_msg(!read_back(text, &other) ||
			      !strcmp(text, other_text) ||
			      read_back(other_text, &id), "%s is named by %s",
			      other_text, text);
		identity_clear(&other);
		other = id;
		strcpy(other_text, text);
	}
	identity_clear(&other);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dn");

	tcase_add_loop_test(tc, round_trip, 0, 6);
	return run_tests("dn", tc);
}
