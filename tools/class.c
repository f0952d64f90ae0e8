// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos class: what the daemon's policies promise, and what passes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"
#include "top.h"
#include "whose.h"

static const char usage[] =
"Usage: ipsec-qos class show [ match PATTERN ] [ sort KEY ] [ limit N ]\n"
"       ipsec-qos class top [ count N ] [ interval SECONDS ] [ match PATTERN ]\n"
"                       [ sort KEY ] [ limit N ]\n"
"KEY := { name | id | bytes | packets | rate }\n";

static const struct column columns[] = {
	{ "POLICY", .color = COLOR_NAME }, { "DEVICE" },
	{ "CLASS", .color = COLOR_NAME }, { "MARK" }, { "RATE", true },
	{ "CEIL", true }, { "MEASURED", true }, { "PACKETS", true },
	{ "BYTES", true }, { "DROPS", true }, { "BACKLOG", true }, { "STATE" },
	{ "IDENTITY" },
};

/* With which of its group's packets it has, where others have a class of their own. */
static void format_class(const json_t *c, char cell[CELL_MAX])
{
	const json_t *way = json_object_get(c, "way");

	snprintf(cell, CELL_MAX, "%s%s%s", member_text(c, "class"),
		 json_is_string(way) ? " " : "",
		 json_is_string(way) ? json_string_value(way) : "");
}

static const char *identity(const json_t *c)
{
	return json_string_value(json_object_get(c, "identity"));
}

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const json_t *c = json_array_get(arg, i);

	snprintf(cells[0], CELL_MAX, "%s", member_text(c, "policy"));
	snprintf(cells[1], CELL_MAX, "%s", member_text(c, "device"));
	format_class(c, cells[2]);
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
	format_whose(identity(c), cells[12]);
}

static void print_classes(json_t *classes)
{
	print_table(columns, ARRAY_SIZE(columns) - !whose_any(), json_array_size(classes),
		    row, classes);
}

static const struct column top_columns[] = {
	{ "POLICY", .color = COLOR_NAME }, { "DEVICE" },
	{ "CLASS", .color = COLOR_NAME }, { "MEASURED", true }, { "RATE", true },
	{ "CEIL", true }, { "PACKETS/S", true }, { "DROPS/S", true },
	{ "BACKLOG", true }, { "BYTES", true }, { "IDENTITY" },
};

static void top_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const json_t *c = json_array_get(arg, i);

	snprintf(cells[0], CELL_MAX, "%s", member_text(c, "policy"));
	snprintf(cells[1], CELL_MAX, "%s", member_text(c, "device"));
	format_class(c, cells[2]);
	format_rate(member_number(c, "measured"), cells[3]);
	format_rate(member_number(c, "rate"), cells[4]);
	format_rate(member_number(c, "ceil"), cells[5]);
	snprintf(cells[6], CELL_MAX, "%" PRIu64, member_number(c, "packet_rate"));
	snprintf(cells[7], CELL_MAX, "%" PRIu64, member_number(c, "drop_rate"));
	format_bytes(member_number(c, "backlog"), cells[8]);
	format_bytes(member_number(c, "bytes"), cells[9]);
	format_whose(identity(c), cells[10]);
}

static void print_top(json_t *classes)
{
	print_table(top_columns, ARRAY_SIZE(top_columns) - !whose_any(),
		    json_array_size(classes), top_row, classes);
}

/* Those of @answer, which is taken over, that were chosen, in their order. */
static json_t *choose(const struct choice *choice, json_t *answer)
{
	struct rank *ranks = calloc(json_array_size(answer) + 1, sizeof(*ranks));
	json_t *chosen_ones = json_array();
	const json_t *c;
	size_t i, n = 0;

	if (!ranks) {
		json_decref(answer);
		json_decref(chosen_ones);
		return NULL;
	}
	json_array_foreach(answer, i, c) {
		const char *name = member_text(c, "class");

		if (chosen(choice, name, identity(c)))
			ranks[n++] = (struct rank){
				.name = name, .id = member_number(c, "group"),
				.bytes = member_number(c, "bytes"),
				.packets = member_number(c, "packets"),
				.rate = member_number(c, "measured"), .item = i,
			};
	}
	if (choice->sorted)
		rank_sort(ranks, n, choice->sort);
	for (i = 0; i < n; i++)
		json_array_append(chosen_ones, json_array_get(answer, ranks[i].item));
	free(ranks);
	json_decref(answer);
	return chosen_ones;
}

static void cut(json_t *classes, size_t n)
{
	while (json_array_size(classes) > n)
		json_array_remove(classes, json_array_size(classes) - 1);
}

/* The classes, and whose they are where their group is a peer's own; a STATUS_ */
static int read_classes(json_t **classes)
{
	int ret = query(IQ_FEED_QUERY_CLASSES, NULL, classes);
	const char *whose;
	json_t *c;
	size_t i;

	if (ret)
		return ret;
	whose_learn_groups();
	json_array_foreach(*classes, i, c) {
		whose = whose_group(member_number(c, "group"));
		if (whose)
			json_object_set_new(c, "identity", json_string(whose));
	}
	return STATUS_OK;
}

static int show(struct args *args)
{
	struct choice choice;
	json_t *answer;
	int ret;

	if (next_choice(args, 0, &choice))
		return STATUS_USAGE;
	ret = read_classes(&answer);
	if (ret)
		return ret;
	answer = choose(&choice, answer);
	if (!answer)
		return refused("out of memory");
	cut(answer, how_many(&choice, json_array_size(answer), 0));
	print_answer(answer, print_classes);
	return STATUS_OK;
}

/**
 * struct readings - of the daemon's classes
 *
 * @now: an array of them
 * @before: an object of those of the reading before, each by its whole name
 */
struct readings {
	const struct choice *choice;
	json_t *now;
	json_t *before;
};

/* All that a class is known by. No device has a slash in its name. */
static const char *whole_name(const json_t *c, char buf[CELL_MAX])
{
	snprintf(buf, CELL_MAX, "%" PRIu64 "/%s/%s/%s", member_number(c, "group"),
		 member_text(c, "way"), member_text(c, "device"),
		 member_text(c, "policy"));
	return buf;
}

static int read_again(void *arg)
{
	struct readings *r = arg;
	char name[CELL_MAX];
	json_t *c;
	size_t i;

	json_decref(r->before);
	r->before = json_object();
	json_array_foreach(r->now, i, c)
		json_object_set(r->before, whole_name(c, name), c);
	json_decref(r->now);
	r->now = NULL;
	return read_classes(&r->now);
}

/* The kernel's own average follows within seconds; two readings say what was. */
static void measure(json_t *c, const json_t *before, double seconds)
{
	uint64_t rate = per_second(8 * member_number(before, "bytes"),
				   8 * member_number(c, "bytes"), seconds);

	json_object_set_new(c, "measured", json_integer(rate));
	json_object_set_new(c, "packet_rate", json_integer(
		per_second(member_number(before, "packets"),
			   member_number(c, "packets"), seconds)));
	json_object_set_new(c, "drop_rate", json_integer(
		per_second(member_number(before, "drops"),
			   member_number(c, "drops"), seconds)));
}

static int show_top(double seconds, size_t lines, void *arg)
{
	struct readings *r = arg;
	char name[CELL_MAX];
	json_t *c, *classes;
	size_t i, n, fit;

	json_array_foreach(r->now, i, c)
		measure(c, json_object_get(r->before, whole_name(c, name)), seconds);
	classes = choose(r->choice, json_incref(r->now));
	if (!classes)
		return refused("out of memory");
	n = json_array_size(classes);
	fit = how_many(r->choice, n, lines);
	if (lines)
		printf("%zu of %zu classes, measured for %.1f s\n", fit, n, seconds);
	cut(classes, fit);
	print_answer(classes, print_top);
	return STATUS_OK;
}

static int top(struct args *args)
{
	struct choice choice;
	struct readings r = { .choice = &choice };
	const struct top top = { read_again, show_top, &r };
	int ret;

	if (next_choice(args, CHOICE_TOP, &choice))
		return STATUS_USAGE;
	if (!choice.sorted)
		choice.sort = RANK_RATE;
	choice.sorted = true;
	ret = run_top(&choice, &top);
	json_decref(r.now);
	json_decref(r.before);
	return ret;
}

static const struct verb verbs[] = { { "show", show }, { "top", top } };

const struct object class_object = { .usage = usage, VERBS(verbs) };
