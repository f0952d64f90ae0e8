// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos profile: which identities the daemon puts in which group.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "query.h"

static const char usage[] =
"Usage: ipsec-qos profile show\n"
"       ipsec-qos profile test [ identity ] IDENTITY [ eap-identity ID ]\n"
"                       [ member-of NAME ] [ connection NAME ]\n"
"IDENTITY: as swanctl.conf writes remote.id\n";

static const struct column columns[] = {
	{ "PROFILE", .color = COLOR_NAME }, { "GROUP", .color = COLOR_NAME },
	{ "IDENTITIES" }, { "EAP" }, { "MEMBER OF" }, { "CONNECTIONS" }, { "WHERE" },
};

/* Where a profile stands in the configuration. */
static const char *format_place(const json_t *p, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%s:%" PRIu64, member_text(p, "file"),
		 member_number(p, "line"));
	return buf;
}

/* The group of its peers, or of which range each has its own. */
static void format_group(const json_t *p, char buf[CELL_MAX])
{
	const json_t *each = json_object_get(p, "each");

	if (json_is_object(each))
		snprintf(buf, CELL_MAX, "each of %" PRIu64 "-%" PRIu64,
			 member_number(each, "first_id"), member_number(each, "last_id"));
	else
		snprintf(buf, CELL_MAX, "%s", member_text(p, "group"));
}

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const json_t *p = json_array_get(arg, i);

	snprintf(cells[0], CELL_MAX, "%s", member_text(p, "name"));
	format_group(p, cells[1]);
	format_list(json_object_get(p, "identities"), NULL, cells[2], CELL_MAX);
	format_list(json_object_get(p, "eap"), NULL, cells[3], CELL_MAX);
	format_list(json_object_get(p, "member_of"), NULL, cells[4], CELL_MAX);
	format_list(json_object_get(p, "connections"), NULL, cells[5],
		    CELL_MAX);
	format_place(p, cells[6]);
}

static void print_profiles(json_t *answer)
{
	print_table(columns, ARRAY_SIZE(columns), json_array_size(answer), row,
		    answer);
}

static int show(struct args *args)
{
	if (no_more_words(args))
		return STATUS_USAGE;
	return show_answer(IQ_FEED_QUERY_PROFILES, NULL, print_profiles);
}

static bool fits(const json_t *answer)
{
	return json_is_string(json_object_get(answer, "profile"));
}

static void print_test(json_t *answer)
{
	char mark[FORMAT_MAX], place[CELL_MAX], group[CELL_MAX];

	printf("identity  %s\nprofile   ", member_text(answer, "identity"));
	if (fits(answer)) {
		print_colored(COLOR_NAME, member_text(answer, "profile"));
		printf(" (%s)\ngroup     ", format_place(answer, place));
		format_group(answer, group);
		print_colored(COLOR_NAME, group);
		putchar('\n');
		if (json_is_string(json_object_get(answer, "group")))
			printf("mark      %s\n", format_member_mark(answer, mark));
	} else {
		print_colored(COLOR_BAD, "none");
		putchar('\n');
	}
	printf("why       %s\n", member_text(answer, "why"));
}

static int test(struct args *args)
{
	static const char *const keywords[] = {
		"eap-identity", "member-of", "connection",
	};
	const char *identity = next_word(args);
	const char *value[3] = { NULL, NULL, NULL };
	char question[IQ_FEED_MSG_MAX / 2];
	unsigned int seen = 0, i;
	json_t *answer;
	int ret, len;

	if (!identity)
		return usage_error("the identity is missing: try \"profile help\"");
	/* as the file says it */
	if (args->n && !strcmp(identity, "identity"))
		identity = next_word(args);
	while ((ret = next_keyword(args, keywords, 3, &seen, &i)) > 0) {
		value[i] = next_value(args, keywords[i]);
		if (!value[i])
			return STATUS_USAGE;
	}
	if (ret)
		return STATUS_USAGE;
	len = snprintf(question, sizeof(question), "%s%s%s%s%s%s%s", identity,
		       value[0] ? "\x1f" "eap=" : "", value[0] ? value[0] : "",
		       value[1] ? "\x1f" "member-of=" : "",
		       value[1] ? value[1] : "",
		       value[2] ? "\x1f" "connection=" : "",
		       value[2] ? value[2] : "");
	if (len >= (int)sizeof(question))
		return usage_error("the identity and what is behind it are too long: expected "
				   "less than %zu bytes", sizeof(question));
	ret = query(IQ_FEED_QUERY_TEST, question, &answer);
	if (ret)
		return ret;
	ret = fits(answer) ? STATUS_OK : STATUS_NONE;
	print_answer(answer, print_test);
	return ret;
}

static const struct verb verbs[] = { { "show", show }, { "test", test } };

const struct object profile_object = { .usage = usage, VERBS(verbs) };
