// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos device: what packets of services are sent through or to, and whether it may be.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "lib/text.h"
#include "query.h"

static const char usage[] =
"Usage: ipsec-qos device { add | replace } NAME id N [ kind KIND ] [ outer ] SIDE\n"
"                 [ inner SIDE ] [ state { up | down } ] [ alternate { DEVICE | none } ]\n"
"                 [ on-failure { drop | skip } ] [ rate N ] [ snap { BYTES | all } ]\n"
"       ipsec-qos device change DEVICE [ name NAME ] [ kind KIND ] [ [ outer ] SIDE ]\n"
"                 [ inner { SIDE | none } ] [ state { up | down } ]\n"
"                 [ alternate { DEVICE | none } ] [ on-failure { drop | skip } ]\n"
"                 [ rate N ] [ snap { BYTES | all } ]\n"
"       ipsec-qos device del DEVICE\n"
"       ipsec-qos device admit DEVICE\n"
"       ipsec-qos device show [ DEVICE ] [ owner { static | daemon } ]\n"
"DEVICE := { [ name ] NAME | id N }\n"
"KIND := { hop | tap | routed }\n"
"SIDE := dev INTERFACE [ mac { MAC | none } ] [ from { MAC | none } ]...\n";

#define ADMIT_PATIENCE	2000	/* milliseconds */

static const char *const kinds[] = {
	[IPSEC_QOS_DEVICE_HOP] = "hop",
	[IPSEC_QOS_DEVICE_TAP] = "tap",
	[IPSEC_QOS_DEVICE_ROUTED] = "routed",
};

static const char *const states[] = {
	[IPSEC_QOS_DEVICE_UP] = "up",
	[IPSEC_QOS_DEVICE_DOWN] = "down",
};

static const char *const failures[] = {
	[IPSEC_QOS_DEVICE_FAILURE_DROP] = "drop",
	[IPSEC_QOS_DEVICE_FAILURE_SKIP] = "skip",
};

static const char *const problems[] = {
	[IPSEC_QOS_DEVICE_FINE] = NULL,
	[IPSEC_QOS_DEVICE_NO_DEV] = "no-interface",
	[IPSEC_QOS_DEVICE_DEV_DOWN] = "interface-down",
	[IPSEC_QOS_DEVICE_NO_MAC] = "no-mac",
	[IPSEC_QOS_DEVICE_TAKEN] = "taken",
};

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_device d = { .id = *id };
	int ret;

	strcpy(d.name, name);
	ret = iq_kernel_device_get(k, &d);
	*id = d.id;
	strcpy(name, d.name);
	return ret;
}

struct names device_names = {
	.what = "device", .id_max = IPSEC_QOS_DEVICE_ID_MAX, .ask = ask,
};

const char *device_state(uint8_t state)
{
	return VALUE_NAME(states, state);
}

const char *device_problem(uint8_t problem)
{
	return VALUE_NAME(problems, problem);
}

static int collect(const struct iq_kernel_device *d, void *arg)
{
	return iq_array_push(arg, d) ? 0 : -ENOMEM;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_device *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_device_dump(k, owner, collect, list);
}

int read_devices(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

/* What is said of a device */

enum { KEY_ID, KEY_KIND, KEY_OUTER, KEY_INNER, KEY_DEV, KEY_MAC, KEY_FROM, KEY_STATE,
       KEY_ALTERNATE, KEY_FAILURE, KEY_RATE, KEY_SNAP, KEY_NAME };

static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_KIND] = "kind", [KEY_OUTER] = "outer", [KEY_INNER] = "inner",
	[KEY_DEV] = "dev", [KEY_MAC] = "mac", [KEY_FROM] = "from", [KEY_STATE] = "state",
	[KEY_ALTERNATE] = "alternate", [KEY_FAILURE] = "on-failure", [KEY_RATE] = "rate",
	[KEY_SNAP] = "snap", [KEY_NAME] = "name",
};

static const char *const expected[] = {
	[KEY_ID] = ("1 to " DIGITS(IPSEC_QOS_DEVICE_ID_MAX)),
	[KEY_KIND] = "hop, tap or routed",
	[KEY_DEV] = "an interface",
	[KEY_MAC] = (EXPECT_MAC ", or none"),
	[KEY_FROM] = (EXPECT_MAC ", or none"),
	[KEY_STATE] = "up or down",
	[KEY_FAILURE] = "drop or skip",
	[KEY_RATE] = ("copies a second, 1 to " DIGITS(IPSEC_QOS_DEVICE_RATE_MAX)),
	[KEY_SNAP] = ("bytes of a copy from " DIGITS(IPSEC_QOS_DEVICE_SNAP_MIN) " on, or all"),
};

/* Which part of it a word is about; 0: its own */
static const unsigned int parts[] = {
	[KEY_KIND] = IQ_DEVICE_KIND, [KEY_OUTER] = IQ_DEVICE_SIDES,
	[KEY_INNER] = IQ_DEVICE_SIDES, [KEY_DEV] = IQ_DEVICE_SIDES,
	[KEY_MAC] = IQ_DEVICE_SIDES, [KEY_FROM] = IQ_DEVICE_SIDES,
	[KEY_STATE] = IQ_DEVICE_STATE, [KEY_ALTERNATE] = IQ_DEVICE_ALTERNATE,
	[KEY_FAILURE] = IQ_DEVICE_FAILURE, [KEY_RATE] = IQ_DEVICE_RATE,
	[KEY_SNAP] = IQ_DEVICE_SNAP, [KEY_NAME] = 0,
};

#define SEEN(x)		(1U << (x))
#define SIDE_WORDS	(SEEN(KEY_DEV) | SEEN(KEY_MAC) | SEEN(KEY_FROM))

/**
 * struct sides - how far the words of a device's sides have come
 *
 * @which: whose words come, 0: the outer one's
 * @seen: SEEN() of those that were there, of each side
 */
struct sides {
	int which;
	unsigned int seen[2];
};

static int read_from(const char *value, struct iq_kernel_side *side)
{
	if (!strcmp(value, "none"))
		return STATUS_OK;
	if (side->n_from == IPSEC_QOS_DEVICE_FROM_MAX)
		return usage_error("a side sends from at most " DIGITS(IPSEC_QOS_DEVICE_FROM_MAX) " addresses beside its mac");
	if (parse_mac(value, side->from[side->n_from]))
		return bad_value("from", value, expected[KEY_FROM]);
	side->n_from++;
	return STATUS_OK;
}

/* Each word may be there once for a side, but for "from": the first takes the others' place. */
static int read_side(unsigned int key, const char *value, struct iq_kernel_device *d,
		     struct sides *sides)
{
	struct iq_kernel_side *side = sides->which ? &d->inner : &d->outer;
	unsigned int *seen = &sides->seen[sides->which];
	bool again = *seen & SEEN(key);

	*seen |= SEEN(key);
	if (key == KEY_FROM) {
		if (!again)
			side->n_from = 0;
		return read_from(value, side);
	}
	if (again)
		return usage_error("%s of the %s side is there twice", settings[key],
				   sides->which ? "inner" : "outer");
	if (key == KEY_DEV)
		return parse_dev(value, side->dev) ? bad_value("dev", value, expected[key]) :
						     STATUS_OK;
	side->has_mac = strcmp(value, "none");
	return side->has_mac && parse_mac(value, side->mac) ?
	       bad_value("mac", value, expected[key]) : STATUS_OK;
}

/* 0 or -EINVAL */
static int read_value(unsigned int key, const char *value, struct iq_kernel_device *d)
{
	switch (key) {
	case KEY_ID:
		return parse_u32(value, 1, IPSEC_QOS_DEVICE_ID_MAX, &d->id);
	case KEY_KIND:
		return parse_name(value, kinds, ARRAY_SIZE(kinds), &d->kind);
	case KEY_STATE:
		return parse_name(value, states, ARRAY_SIZE(states), &d->state);
	case KEY_FAILURE:
		return parse_name(value, failures, ARRAY_SIZE(failures), &d->failure);
	case KEY_RATE:
		return parse_u32(value, 1, IPSEC_QOS_DEVICE_RATE_MAX, &d->rate);
	default:
		d->snap = 0;
		return strcmp(value, "all") ?
		       parse_u32(value, IPSEC_QOS_DEVICE_SNAP_MIN, UINT32_MAX, &d->snap) : 0;
	}
}

/* Is the next word "none"? Then it is taken. */
static bool next_none(struct args *args)
{
	bool none = args->n && !strcmp(args->words[0], "none");

	if (none)
		next_word(args);
	return none;
}

/* What stands behind a keyword that is of no side, or of all */
static int next_setting(struct args *args, unsigned int key, struct iq_kernel_device *d)
{
	const char *value;

	if (key == KEY_ALTERNATE) {
		d->alternate = 0;
		return next_none(args) ? STATUS_OK :
					 next_id(args, &device_names, &d->alternate);
	}
	value = next_value(args, settings[key]);
	if (!value)
		return STATUS_USAGE;
	if (key == KEY_NAME)
		return set_name(d->name, value);
	return read_value(key, value, d) ? bad_value(settings[key], value, expected[key]) :
					   STATUS_OK;
}

/* Take settings of a device, but for @without. Words of a side are at first the outer one's. */
static int next_settings(struct args *args, struct iq_kernel_device *d, unsigned int without)
{
	struct sides sides = { 0 };
	unsigned int seen = 0, i;
	int ret, status;

	d->has = 0;
	while ((ret = next_keyword(args, settings, ARRAY_SIZE(settings), &seen, &i)) > 0) {
		if (i == without)
			return wrong_word(settings[i], "does not belong here", settings,
					  ARRAY_SIZE(settings), ~SEEN(without));
		d->has |= parts[i];
		status = STATUS_OK;
		if (i == KEY_OUTER || i == KEY_INNER) {
			sides.which = i == KEY_INNER;
			if (i == KEY_INNER && next_none(args))
				memset(&d->inner, 0, sizeof(d->inner));
		} else if (SEEN(i) & SIDE_WORDS) {
			const char *value = next_value(args, settings[i]);

			status = value ? read_side(i, value, d, &sides) : STATUS_USAGE;
			seen &= ~SIDE_WORDS;
		} else {
			status = next_setting(args, i, d);
		}
		if (status)
			return status;
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

/* Are both sides, as far as there are two, said as they have to be? */
static int check_sides(const struct iq_kernel_device *d)
{
	if (!d->outer.dev[0])
		return usage_error("the interface of device \"%s\" is missing: dev INTERFACE",
				   d->name);
	if (!d->inner.dev[0] && (d->inner.has_mac || d->inner.n_from))
		return usage_error("the interface of the inner side of device \"%s\" is missing: inner dev INTERFACE",
				   d->name);
	return STATUS_OK;
}

static int state_device(struct iq_kernel *k, const struct iq_kernel_device *d, int owner,
			int nlflags)
{
	int ret = iq_kernel_device_new(k, d, 1, owner, nlflags);

	names_changed(&device_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int new_device(struct args *args, int nlflags)
{
	struct iq_kernel_device d = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_name(args, &device_names, d.name))
		return STATUS_USAGE;
	ret = next_settings(args, &d, KEY_NAME);
	if (ret)
		return ret;
	if (!d.id)
		return usage_error("the device's id is missing: id N");
	if (check_sides(&d))
		return STATUS_USAGE;
	/* all of it is said, so that the one in its place is as these words say */
	d.has |= IQ_DEVICE_KIND | IQ_DEVICE_STATE | IQ_DEVICE_ALTERNATE | IQ_DEVICE_FAILURE;
	if (d.kind == IPSEC_QOS_DEVICE_TAP) {
		d.has |= IQ_DEVICE_RATE | IQ_DEVICE_SNAP;
		d.rate = d.rate ?: IPSEC_QOS_DEVICE_RATE;
	}
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	return state_device(k, &d, IPSEC_QOS_OWNER_STATIC, nlflags);
}

static int add(struct args *args)
{
	return new_device(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_device(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* What is not said stays as it is, in the kernel; but of its sides all is said. */
static int change(struct args *args)
{
	struct iq_kernel_device d = { 0 }, scratch = { 0 };
	char name[IPSEC_QOS_NAME_MAX];
	struct iq_kernel *k;
	struct args rest;
	int ret;

	if (next_selector(args, &device_names, &d.id, d.name))
		return STATUS_USAGE;
	if (!args->n)
		return usage_error("what is to change is missing: name, kind, dev, mac, from, inner, state, alternate, on-failure, rate or snap");
	/* what is wrong with the words is said before the kernel is asked */
	rest = *args;
	ret = next_settings(&rest, &scratch, KEY_ID);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_device_get(k, &d);
	if (ret)
		return kernel_refused(ret);
	strcpy(name, d.name);
	next_settings(args, &d, KEY_ID);
	if (check_sides(&d))
		return STATUS_USAGE;
	if (!strcmp(name, d.name))
		d.name[0] = '\0';
	return state_device(k, &d, d.owner, NLM_F_REPLACE);
}

/* By hand: it is up. A daemon that has it takes that for the same, when it is there again. */
static int admit_here(struct iq_kernel_device *d)
{
	struct iq_kernel *k = the_kernel();
	int ret;

	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_device_get(k, d);
	if (ret)
		return kernel_refused(ret);
	d->name[0] = '\0';
	d->has = IQ_DEVICE_STATE;
	d->state = IPSEC_QOS_DEVICE_UP;
	return state_device(k, d, d->owner, NLM_F_REPLACE);
}

static void print_admitted(json_t *d)
{
	printf("device %s is %s", member_text(d, "name"), member_text(d, "state"));
	if (!strcmp(member_text(d, "configured"), "down"))
		printf(", as configured");
	if (json_is_null(json_object_get(d, "ok")))
		printf("; nothing is known of its checks");
	else if (member_true(d, "ok"))
		printf("; %" PRIu64 " checks in a row passed", member_number(d, "passed"));
	else
		printf("; its last check failed: %s", member_text(d, "why"));
	putchar('\n');
}

/* The daemon has checked it, and says how that went. */
static int admit(struct args *args)
{
	struct iq_kernel_device d = { 0 };
	char why[FORMAT_WHY], name[FORMAT_MAX];
	json_t *answer;
	int ret;

	if (next_selector(args, &device_names, &d.id, d.name) || no_more_words(args))
		return STATUS_USAGE;
	ret = ask_daemon(IQ_FEED_QUERY_ADMIT,
			 d.id ? name_of(&device_names, d.id, name) : d.name, ADMIT_PATIENCE,
			 &answer, why);
	if (!ret)
		print_answer(answer, print_admitted);
	else if (ret != -ENOENT && ret != -ENOMSG)
		return refused("%s", why);
	/* one that it does not have is somebody's */
	return ret ? admit_here(&d) : STATUS_OK;
}

static int del(struct args *args)
{
	struct iq_kernel_device d = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &device_names, &d.id, d.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_device_del(k, &d, 1);
	names_changed(&device_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/* What is shown of one */

static const char *format_side(const struct iq_kernel_side *s, char buf[CELL_MAX])
{
	char mac[FORMAT_MAX];
	struct text t;
	int i;

	text_begin(&t, buf, CELL_MAX);
	text_put(&t, "%s", s->dev[0] ? s->dev : "-");
	if (s->has_mac)
		text_put(&t, " %s", format_mac(s->mac, mac));
	for (i = 0; i < s->n_from; i++)
		text_put(&t, " from %s", format_mac(s->from[i], mac));
	return buf;
}

static bool has_problem(const struct iq_kernel_device *d)
{
	return d->outer.problem || d->inner.problem;
}

/* Of either side, as "no-mac", or where there are two as "outer no-mac, inner taken" */
static const char *format_problem(const struct iq_kernel_device *d, char buf[CELL_MAX])
{
	struct text t;

	text_begin(&t, buf, CELL_MAX);
	if (!has_problem(d))
		text_put(&t, "-");
	if (d->outer.problem)
		text_put(&t, "%s%s", d->inner.dev[0] ? "outer " : "",
			 device_problem(d->outer.problem));
	if (d->inner.problem)
		text_put(&t, "%sinner %s", d->outer.problem ? ", " : "",
			 device_problem(d->inner.problem));
	return buf;
}

static const char *format_kind(const struct iq_kernel_device *d, char buf[CELL_MAX])
{
	struct text t;

	text_begin(&t, buf, CELL_MAX);
	text_put(&t, "%s", VALUE_NAME(kinds, d->kind));
	if (d->kind == IPSEC_QOS_DEVICE_TAP)
		text_put(&t, " %" PRIu32 "/s", d->rate);
	if (d->snap)
		text_put(&t, " %" PRIu32 " B", d->snap);
	return buf;
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *side_json(const struct iq_kernel_side *s)
{
	json_t *from;
	char mac[FORMAT_MAX];
	int i;

	if (!s->dev[0])
		return json_null();
	from = json_array();
	for (i = 0; i < s->n_from; i++)
		json_array_append_new(from, json_string(format_mac(s->from[i], mac)));
	return json_pack("{s:s, s:o, s:o, s:o}", "dev", s->dev,
			 "mac", text_or_null(s->has_mac ? format_mac(s->mac, mac) : NULL),
			 "from", from, "problem", text_or_null(device_problem(s->problem)));
}

/* What copies there are; null where it gets none */
static json_t *copies_json(const struct iq_kernel_device *d)
{
	if (d->kind != IPSEC_QOS_DEVICE_TAP)
		return json_null();
	return json_pack("{s:I, s:o}", "rate", (json_int_t)d->rate,
			 "snap", d->snap ? json_integer(d->snap) : json_null());
}

json_t *device_json(const void *item)
{
	const struct iq_kernel_device *d = item;
	json_t *counters = json_object();
	int i;

	for (i = 1; i <= IPSEC_QOS_DEVICE_COUNTER_MAX; i++)
		json_object_set_new(counters, iq_kernel_device_counter_name(i),
				    count_json(&d->counter[i]));
	return json_pack("{s:s, s:I, s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:I, s:s, s:o}",
			 "name", d->name, "id", (json_int_t)d->id,
			 "kind", VALUE_NAME(kinds, d->kind),
			 "outer", side_json(&d->outer), "inner", side_json(&d->inner),
			 "state", device_state(d->state),
			 "now", name_or_null(&device_names, d->now),
			 "alternate", name_or_null(&device_names, d->alternate),
			 "on_failure", VALUE_NAME(failures, d->failure),
			 "copies", copies_json(d), "chains", (json_int_t)d->chains,
			 "owner", owner_name(d->owner), "counters", counters);
}

void device_print(const struct iq_kernel_device *d)
{
	char text[CELL_MAX], name[FORMAT_MAX];

	print_colored(COLOR_NAME, d->name);
	printf(" id %" PRIu32 " kind %s", d->id, format_kind(d, text));
	printf(" outer %s", format_side(&d->outer, text));
	if (d->inner.dev[0])
		printf(" inner %s", format_side(&d->inner, text));
	printf(" state ");
	print_colored(d->state == IPSEC_QOS_DEVICE_DOWN ? COLOR_BAD : COLOR_GOOD,
		      device_state(d->state));
	printf(" now %s", name_of(&device_names, d->now, name));
	if (has_problem(d))
		printf(" problem %s", format_problem(d, text));
	if (d->alternate)
		printf(" alternate %s", name_of(&device_names, d->alternate, name));
	printf(" on-failure %s owner %s", VALUE_NAME(failures, d->failure),
	       owner_name(d->owner));
}

static const struct column columns[] = {
	{ "DEVICE", .color = COLOR_NAME }, { "ID", true }, { "KIND" },
	{ "OUTER", .color = COLOR_ADDR }, { "INNER", .color = COLOR_ADDR }, { "STATE" },
	{ "NOW", .color = COLOR_NAME }, { "PROBLEM", .color = COLOR_BAD },
	{ "ALTERNATE", .color = COLOR_NAME }, { "ON FAILURE" }, { "CHAINS", true },
	{ "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_device *d = (struct iq_kernel_device *)arg + i;

	snprintf(cells[0], CELL_MAX, "%s", d->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, d->id);
	format_kind(d, cells[2]);
	format_side(&d->outer, cells[3]);
	format_side(&d->inner, cells[4]);
	snprintf(cells[5], CELL_MAX, "%s", device_state(d->state));
	name_of(&device_names, d->now, cells[6]);
	format_problem(d, cells[7]);
	name_of(&device_names, d->alternate, cells[8]);
	snprintf(cells[9], CELL_MAX, "%s", VALUE_NAME(failures, d->failure));
	snprintf(cells[10], CELL_MAX, "%" PRIu32, d->chains);
	snprintf(cells[11], CELL_MAX, "%s", owner_name(d->owner));
}

static const struct column counter_columns[IPSEC_QOS_DEVICE_COUNTER_MAX + 1] = {
	{ "DEVICE", .color = COLOR_NAME },
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT] = { "OUTER SENT", true },
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED] = { "RETURNED", true },
	[IPSEC_QOS_DEVICE_COUNTER_INNER_SENT] = { "INNER SENT", true },
	[IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED] = { "RETURNED", true },
	[IPSEC_QOS_DEVICE_COUNTER_SKIPPED] = { "SKIPPED", true },
	[IPSEC_QOS_DEVICE_COUNTER_DOWN] = { "DOWN", true },
	[IPSEC_QOS_DEVICE_COUNTER_NO_WAY] = { "NO WAY", true },
	[IPSEC_QOS_DEVICE_COUNTER_TOO_BIG] = { "TOO BIG", true },
	[IPSEC_QOS_DEVICE_COUNTER_RATE] = { "RATE", true },
	[IPSEC_QOS_DEVICE_COUNTER_STRAY] = { "STRAY", true },
	[IPSEC_QOS_DEVICE_COUNTER_CHECKED] = { "CHECKED", true },
};

static void counter_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_device *d = (struct iq_kernel_device *)arg + i;
	int c;

	snprintf(cells[0], CELL_MAX, "%s", d->name);
	for (c = 1; c <= IPSEC_QOS_DEVICE_COUNTER_MAX; c++)
		format_count(&d->counter[c], cells[c]);
}

/* Those that are wanted: one, by @key, or all of an owner; a STATUS_ */
static int read_wanted(struct iq_kernel_device *key, int owner, UT_array *list)
{
	struct iq_kernel *k = the_kernel();
	int ret;

	if (!k)
		return STATUS_REFUSED;
	if (!key->id && !key->name[0])
		return read_devices(k, owner, list);
	ret = iq_kernel_device_get(k, key);
	if (!ret && (owner < 0 || key->owner == owner))
		ret = collect(key, list);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_device);
	struct iq_kernel_device key = { 0 };
	int owner, ret;
	size_t n;

	if ((selects(args) && next_selector(args, &device_names, &key.id, key.name)) ||
	    next_owner(args, &owner))
		return STATUS_USAGE;
	ret = read_wanted(&key, owner, &list);
	n = utarray_len(&list);
	if (!ret && options.json) {
		print_array(utarray_front(&list), n, sizeof(key), device_json);
	} else if (!ret) {
		print_table(columns, ARRAY_SIZE(columns), n, row, utarray_front(&list));
		if (n)
			putchar('\n');
		print_table(counter_columns, ARRAY_SIZE(counter_columns), n, counter_row,
			    utarray_front(&list));
	}
	utarray_done(&list);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change },
	{ "replace", replace }, { "delete", del }, { "admit", admit },
};

const struct object device_object = { .usage = usage, VERBS(verbs) };
