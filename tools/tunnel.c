// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos tunnel: have charon initiate one of its connections, through ipsec-qosd.
 */
#include <stdio.h>
#include <string.h>

#include "query.h"

#define TIMEOUT_DEFAULT	30	/* seconds */
#define TIMEOUT_MOST	(IQ_FEED_TIMEOUT_MAX / 1000)
#define EXPECT_TIMEOUT	"1 to 300 seconds"

static const char usage[] =
"Usage: ipsec-qos tunnel up [ connection ] NAME [ child NAME ] [ remote ADDRESS ]\n"
"                           [ timeout SECONDS ]\n";

static void print_up(json_t *answer)
{
	const json_t *child = json_object_get(answer, "child");

	printf("tunnel    %s, connection %s, IKE SA %u: ",
	       json_is_object(child) ? member_text(child, "name") : "-",
	       member_text(answer, "connection"),
	       (unsigned int)member_number(answer, "ike_id"));
	print_colored(COLOR_GOOD, "up");
	printf("\npeer      %s at ", member_text(answer, "identity"));
	print_colored(COLOR_ADDR, member_text(answer, "remote"));
	printf("\nprofile   ");
	print_colored(COLOR_NAME, member_text(answer, "profile"));
	printf("\ngroup     ");
	print_colored(COLOR_NAME, member_text(answer, "group"));
	putchar('\n');
}

enum { KEY_CHILD, KEY_REMOTE, KEY_TIMEOUT, KEYS };

static int up(struct args *args)
{
	static const char *const keywords[KEYS] = {
		[KEY_CHILD] = "child", [KEY_REMOTE] = "remote",
		[KEY_TIMEOUT] = "timeout",
	};
	struct iq_feed_initiate what = {
		.conn = next_word(args),
		.timeout = TIMEOUT_DEFAULT * 1000,
	};
	unsigned int seen = 0, i;
	const char *value;
	json_t *answer;
	uint32_t n;
	int ret;

	/* as others name it */
	if (args->n && what.conn && !strcmp(what.conn, "connection"))
		what.conn = next_word(args);
	if (!what.conn)
		return usage_error("the connection is missing: try \"tunnel help\"");
	while ((ret = next_keyword(args, keywords, KEYS, &seen, &i)) > 0) {
		value = next_value(args, keywords[i]);
		if (!value)
			return STATUS_USAGE;
		switch (i) {
		case KEY_CHILD:
			what.child = value;
			break;
		case KEY_REMOTE:
			if (parse_addr(value, &what.remote))
				return bad_value("remote", value, EXPECT_ADDR);
			break;
		default:
			if (parse_u32(value, 1, TIMEOUT_MOST, &n))
				return bad_value("timeout", value,
						 EXPECT_TIMEOUT);
			what.timeout = n * 1000;
			break;
		}
	}
	if (ret)
		return STATUS_USAGE;
	ret = ask_tunnel(&what, &answer);
	if (ret)
		return ret;
	print_answer(answer, print_up);
	return STATUS_OK;
}

static const struct verb verbs[] = { { "up", up } };

const struct object tunnel_object = { .usage = usage, VERBS(verbs) };
