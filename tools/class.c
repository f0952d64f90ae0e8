// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos class: what the daemon's policies promise, and what passes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "query.h"

static const char usage[] =
"Usage: ipsec-qos class show\n";

static const struct column columns[] = {
	{ "POLICY", .color = COLOR_NAME }, { "DEVICE" },
	{ "CLASS", .color = COLOR_NAME }, { "MARK" }, { "RATE", true },
	{ "CEIL", true }, { "MEASURED", true }, { "PACKETS", true },
	{ "BYTES", true }, { "DROPS", true }, { "BACKLOG", true }, { "STATE" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const json_t *c = json_array_get(arg, i);

	snprintf(cells[0], CELL_MAX, "%s", member_text(c, "policy"));
	snprintf(cells[1], CELL_MAX, "%s", member_text(c, "device"));
	snprintf(cells[2], CELL_MAX, "%s", member_text(c, "class"));
	format_member_mark(c, cells[3]);
	format_rate(member_number(c, "rate"), cells[4]);
	format_rate(member_number(c, "ceil"), cells[5]);
	format_rate(member_number(c, "measured"), cells[6]);
	snprintf(cells[7], CELL_MAX, "%" PRIu64, member_number(c, "packets"));
	format_bytes(member_number(c, "bytes"), cells[8]);
	snprintf(cells[9], CELL_MAX, "%" PRIu64, member_number(c, "drops"));
	format_bytes(member_number(c, "backlog"), cells[10]);
	snprintf(cells[11], CELL_MAX, "%s", member_text(c, "state"));
	if (json_is_string(json_object_get(c, "text")))
		snprintf(cells[11], CELL_MAX, "%s: %s", member_text(c, "state"),
			 member_text(c, "text"));
}

static void print_classes(json_t *answer)
{
	print_table(columns, ARRAY_SIZE(columns), json_array_size(answer), row,
		    answer);
}

static int show(struct args *args)
{
	if (no_more_words(args))
		return STATUS_USAGE;
	return show_answer(IQ_FEED_QUERY_CLASSES, NULL, print_classes);
}

static const struct verb verbs[] = { { "show", show } };

const struct object class_object = { .usage = usage, VERBS(verbs) };
