// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos group: who packets may belong to.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "whose.h"

static const char usage[] =
"Usage: ipsec-qos group { add | replace } NAME id N mark MARK[/MASK]\n"
"                       [ mark-clear MARK ] [ priority MAJOR:MINOR ] [ dscp DSCP ]\n"
"                       [ sysfs { on | off } ]\n"
"       ipsec-qos group change GROUP [ name NAME ] [ mark MARK[/MASK] ]\n"
"                       [ mark-clear { MARK | none } ]\n"
"                       [ priority { MAJOR:MINOR | none } ] [ dscp { DSCP | none } ]\n"
"                       [ sysfs { on | off } ]\n"
"       ipsec-qos group del GROUP\n"
"       ipsec-qos group show [ GROUP ] [ owner { static | daemon } ]\n"
"                       [ match PATTERN ] [ sort KEY ] [ limit N ]\n"
"       ipsec-qos group top [ count N ] [ interval SECONDS ] [ owner { static | daemon } ]\n"
"                       [ match PATTERN ] [ sort KEY ] [ limit N ]\n"
"       ipsec-qos group flush [ owner { static | daemon } ]\n"
"GROUP := { [ name ] NAME | id N }\n"
"KEY := { name | id | bytes | packets | rate }\n";

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_group g = { .id = *id };
	int ret;

	strcpy(g.name, name);
	ret = iq_kernel_group_get(k, &g);
	*id = g.id;
	strcpy(name, g.name);
	return ret;
}

struct names group_names = { .what = "group", .id_max = UINT32_MAX, .ask = ask };

static int collect(const struct iq_kernel_group *g, void *arg)
{
	return iq_array_push(arg, g) ? 0 : -ENOMEM;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_group *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_group_dump(k, owner, collect, list);
}

int read_groups(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

enum {
	KEY_ID, KEY_MARK, KEY_MARK_CLEAR, KEY_PRIORITY, KEY_DSCP, KEY_SYSFS, KEY_NAME,
};

static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_MARK] = "mark", [KEY_MARK_CLEAR] = "mark-clear",
	[KEY_PRIORITY] = "priority", [KEY_DSCP] = "dscp",
	[KEY_SYSFS] = "sysfs", [KEY_NAME] = "name",
};

/* What of them there may be: all from KEY_ID, or from KEY_MARK, on but for one. */
#define N_SETTINGS	(ARRAY_SIZE(settings) - 1)

/*
 * Take settings of a group, from @first on, which is KEY_ID or KEY_MARK; bit
 * (1 << (KEY_x - first)) of *@seen says which were there.
 */
static int next_settings(struct args *args, struct iq_kernel_group *g,
			 unsigned int first, unsigned int *seen)
{
	/* where clear packets have the mark, they have another one, too */
	bool same = g->mark_clear == g->mark;
	uint32_t clear = g->mark_clear;
	unsigned int i;
	int ret;

	*seen = 0;
	while ((ret = next_keyword(args, settings + first, N_SETTINGS, seen, &i)) > 0) {
		const char *value = next_value(args, settings[first + i]);

		if (!value)
			return STATUS_USAGE;
		switch (first + i) {
		case KEY_ID:
			if (parse_u32(value, 1, UINT32_MAX, &g->id))
				return bad_value("id", value, "1 to 4294967295");
			break;
		case KEY_MARK:
			if (parse_mark(value, &g->mark, &g->mask))
				return bad_value("mark", value, EXPECT_MARK);
			break;
		case KEY_MARK_CLEAR:
			same = !strcmp(value, "none");
			if (!same && parse_u32(value, 0, UINT32_MAX, &clear))
				return bad_value("mark-clear", value,
						 "a 32-bit number, no bit of it outside of the mark's MASK, or none");
			break;
		case KEY_PRIORITY:
			g->priority = 0;
			if (strcmp(value, "none") &&
			    parse_classid(value, &g->priority))
				return bad_value("priority", value,
						 "MAJOR:MINOR as tc writes a classid, or none");
			break;
		case KEY_DSCP:
			g->dscp = -1;
			if (strcmp(value, "none") && parse_dscp(value, &g->dscp))
				return bad_value("dscp", value,
						 "none, " EXPECT_DSCP);
			break;
		case KEY_SYSFS:
			if (!strcmp(value, "off"))
				g->flags |= IPSEC_QOS_GROUP_F_NO_SYSFS;
			else if (!strcmp(value, "on"))
				g->flags &= ~IPSEC_QOS_GROUP_F_NO_SYSFS;
			else
				return bad_value("sysfs", value, "on or off");
			break;
		case KEY_NAME:
			if (set_name(g->name, value))
				return STATUS_USAGE;
			break;
		}
	}
	g->mark_clear = same ? g->mark : clear;
	return ret ? STATUS_USAGE : STATUS_OK;
}

static int new_group(struct args *args, int nlflags)
{
	struct iq_kernel_group g = { .dscp = -1 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_name(args, &group_names, g.name) ||
	    next_settings(args, &g, KEY_ID, &seen))
		return STATUS_USAGE;
	if (!(seen & (1U << KEY_ID)))
		return usage_error("the group's id is missing: id N");
	if (!(seen & (1U << KEY_MARK)))
		return usage_error("the group's mark is missing: mark MARK[/MASK]");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_group_new(k, &g, 1, IPSEC_QOS_OWNER_STATIC, nlflags);
	names_changed(&group_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int add(struct args *args)
{
	return new_group(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_group(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_kernel_group g = { 0 }, scratch = { 0 };
	struct iq_kernel *k;
	struct args rest;
	unsigned int seen;
	int ret;

	if (next_selector(args, &group_names, &g.id, g.name))
		return STATUS_USAGE;
	/* what is wrong with the words is said before the kernel is asked */
	rest = *args;
	ret = next_settings(&rest, &scratch, KEY_MARK, &seen);
	if (ret)
		return ret;
	if (!seen)
		return usage_error("what is to change is missing: name, mark, mark-clear, priority, dscp or sysfs");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_group_get(k, &g);
	if (ret)
		return kernel_refused(ret);
	next_settings(args, &g, KEY_MARK, &seen);
	ret = iq_kernel_group_new(k, &g, 1, g.owner, NLM_F_REPLACE);
	names_changed(&group_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int del(struct args *args)
{
	struct iq_kernel_group g = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &group_names, &g.id, g.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_group_del(k, &g, 1);
	names_changed(&group_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static json_t *counters_json(const struct iq_kernel_group *g)
{
	json_t *json = json_object();
	int i;

	for (i = 1; i <= IPSEC_QOS_COUNTER_MAX; i++)
		json_object_set_new(json, iq_kernel_counter_name(i),
				    count_json(&g->counter[i]));
	return json;
}

json_t *group_json(const void *item)
{
	const struct iq_kernel_group *g = item;
	const char *identity = whose_group(g->id);
	json_t *json;

	json = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:s, s:I, s:I, s:o}",
			 "name", g->name, "id", (json_int_t)g->id,
			 "mark", (json_int_t)g->mark,
			 "mask", (json_int_t)g->mask,
			 "mark_clear", g->mark_clear != g->mark ?
				json_integer(g->mark_clear) : json_null(),
			 "priority", g->priority ?
				json_integer(g->priority) : json_null(),
			 "dscp", g->dscp >= 0 ? json_integer(g->dscp) : json_null(),
			 "sysfs", !(g->flags & IPSEC_QOS_GROUP_F_NO_SYSFS),
			 "owner", owner_name(g->owner),
			 "sas", (json_int_t)g->sas, "ikes", (json_int_t)g->ikes,
			 "counters", counters_json(g));
	if (identity)
		json_object_set_new(json, "identity", json_string(identity));
	return json;
}

static const struct column setting_columns[] = {
	{ "GROUP", .color = COLOR_NAME }, { "ID", true }, { "MARK" },
	{ "MARK CLEAR" }, { "PRIORITY" }, { "DSCP" }, { "SYSFS" }, { "SAS", true },
	{ "IKES", true }, { "OWNER" }, { "IDENTITY" },
};

static void setting_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_group *g = ((const struct shown_group *)arg)[i].group;

	snprintf(cells[0], CELL_MAX, "%s", g->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, g->id);
	format_mark(g->mark, g->mask, cells[2]);
	if (g->mark_clear != g->mark)
		snprintf(cells[3], CELL_MAX, "0x%" PRIx32, g->mark_clear);
	else
		snprintf(cells[3], CELL_MAX, "-");
	format_classid(g->priority, cells[4]);
	format_dscp(g->dscp, cells[5]);
	snprintf(cells[6], CELL_MAX, "%s",
		 g->flags & IPSEC_QOS_GROUP_F_NO_SYSFS ? "off" : "on");
	snprintf(cells[7], CELL_MAX, "%" PRIu32, g->sas);
	snprintf(cells[8], CELL_MAX, "%" PRIu32, g->ikes);
	snprintf(cells[9], CELL_MAX, "%s", owner_name(g->owner));
	format_whose(whose_group(g->id), cells[10]);
}

static const struct column counter_columns[IPSEC_QOS_COUNTER_MAX + 1] = {
	{ "GROUP", .color = COLOR_NAME },
	[IPSEC_QOS_COUNTER_ESP_IN] = { "ESP IN", true },
	[IPSEC_QOS_COUNTER_ESP_OUT] = { "ESP OUT", true },
	[IPSEC_QOS_COUNTER_IKE_IN] = { "IKE IN", true },
	[IPSEC_QOS_COUNTER_IKE_OUT] = { "IKE OUT", true },
	[IPSEC_QOS_COUNTER_CLEAR_IN] = { "CLEAR IN", true },
	[IPSEC_QOS_COUNTER_CLEAR_OUT] = { "CLEAR OUT", true },
};

static void counter_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_group *g = ((const struct shown_group *)arg)[i].group;
	int c;

	snprintf(cells[0], CELL_MAX, "%s", g->name);
	for (c = 1; c <= IPSEC_QOS_COUNTER_MAX; c++)
		format_count(&g->counter[c], cells[c]);
}

void print_groups(const struct shown_group *groups, size_t n)
{
	print_table(setting_columns, ARRAY_SIZE(setting_columns) - !whose_any(), n,
		    setting_row, (void *)groups);
	if (n)
		putchar('\n');
	print_table(counter_columns, ARRAY_SIZE(counter_columns), n, counter_row,
		    (void *)groups);
}

static int show(struct args *args)
{
	struct iq_kernel_group key = { 0 };
	struct choice choice;

	/* what is chosen by comes in pairs, and so does a group, but for a name alone */
	if (selects(args) && next_selector(args, &group_names, &key.id, key.name))
		return STATUS_USAGE;
	if (next_choice(args, CHOICE_OWNER, &choice))
		return STATUS_USAGE;
	return show_groups(&key, &choice);
}

static int flush(struct args *args)
{
	struct iq_kernel *k;
	uint32_t count;
	int owner, ret;

	if (next_owner(args, &owner))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_group_flush(k, owner, &count);
	names_changed(&group_names);
	return ret ? kernel_refused(ret) : print_removed(count);
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change },
	{ "replace", replace }, { "delete", del }, { "flush", flush },
	{ "top", top_groups },
};

const struct object group_object = { .usage = usage, VERBS(verbs) };
