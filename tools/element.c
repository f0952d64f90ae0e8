// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos element: who decrypts, and how packets get there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "element.h"
#include "lib/text.h"

static const char usage[] =
"Usage: ipsec-qos element { add | replace } NAME id N WAY [ state STATE ]\n"
"       ipsec-qos element change ELEMENT [ name NAME ] [ dev { DEVICE | none } ]\n"
"                 [ via { ADDRESS | none } ] [ via6 { ADDRESS | none } ]\n"
"                 [ nexthop { N | none } ] [ state STATE ]\n"
"       ipsec-qos element del ELEMENT\n"
"       ipsec-qos element show [ ELEMENT ] [ owner { static | daemon } ]\n"
"ELEMENT := { [ name ] NAME | id N }\n"
"WAY := { [ dev DEVICE ] [ via ADDRESS ] [ via6 ADDRESS ] | nexthop N }\n"
"STATE := { up | drain | down }\n";

static const char *const states[] = {
	[IPSEC_QOS_ELEMENT_UP] = "up",
	[IPSEC_QOS_ELEMENT_DRAIN] = "drain",
	[IPSEC_QOS_ELEMENT_DOWN] = "down",
};

static const char *const problems[] = {
	[IPSEC_QOS_ELEMENT_FINE] = NULL,
	[IPSEC_QOS_ELEMENT_NO_DEVICE] = "no-device",
	[IPSEC_QOS_ELEMENT_DEVICE_DOWN] = "device-down",
	[IPSEC_QOS_ELEMENT_NO_ROUTE] = "no-route",
	[IPSEC_QOS_ELEMENT_LOCAL] = "local",
};

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_element e = { .id = *id };
	int ret;

	strcpy(e.name, name);
	ret = iq_kernel_element_get(k, &e);
	*id = e.id;
	strcpy(name, e.name);
	return ret;
}

struct names element_names = {
	.what = "element", .id_max = IPSEC_QOS_ELEMENT_ID_MAX, .ask = ask,
};

const char *element_state(uint8_t state)
{
	return VALUE_NAME(states, state);
}

const char *element_problem(uint8_t problem)
{
	return VALUE_NAME(problems, problem);
}

static int collect(const struct iq_kernel_element *e, void *arg)
{
	return iq_array_push(arg, e) ? 0 : -ENOMEM;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_element *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_element_dump(k, owner, collect, list);
}

int read_elements(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

enum { KEY_ID, KEY_DEV, KEY_VIA, KEY_VIA6, KEY_NEXTHOP, KEY_STATE, KEY_NAME };

static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_DEV] = "dev", [KEY_VIA] = "via", [KEY_VIA6] = "via6",
	[KEY_NEXTHOP] = "nexthop", [KEY_STATE] = "state", [KEY_NAME] = "name",
};

static const char *const expected[] = {
	[KEY_ID] = ("1 to " DIGITS(IPSEC_QOS_ELEMENT_ID_MAX)),
	[KEY_DEV] = "an interface, or none",
	[KEY_VIA] = "an IPv4 address, or none",
	[KEY_VIA6] = "an IPv6 address, or none",
	[KEY_NEXTHOP] = "the number of a nexthop object (ip nexthop), 1 to 4294967295, or none",
	[KEY_STATE] = "up, drain or down",
};

/* What of them there may be: all from KEY_ID, or from KEY_DEV, on but for one. */
#define N_SETTINGS	(ARRAY_SIZE(settings) - 1)

static bool has_via6(const struct iq_kernel_element *e)
{
	static const uint8_t none[sizeof(e->via6)];

	return memcmp(e->via6, none, sizeof(none));
}

/* 0 or -EINVAL; a way's part that is "none" is taken away. */
static int read_value(unsigned int key, const char *value, struct iq_kernel_element *e)
{
	bool none = !strcmp(value, "none");

	switch (key) {
	case KEY_ID:
		return parse_u32(value, 1, IPSEC_QOS_ELEMENT_ID_MAX, &e->id);
	case KEY_DEV:
		e->dev[0] = '\0';
		return none ? 0 : parse_dev(value, e->dev);
	case KEY_VIA:
		e->via = 0;
		return none || (inet_pton(AF_INET, value, &e->via) == 1 && e->via) ?
		       0 : -EINVAL;
	case KEY_VIA6:
		memset(e->via6, 0, sizeof(e->via6));
		return none || (inet_pton(AF_INET6, value, e->via6) == 1 && has_via6(e)) ?
		       0 : -EINVAL;
	case KEY_NEXTHOP:
		e->nexthop = 0;
		return none ? 0 : parse_u32(value, 1, UINT32_MAX, &e->nexthop);
	default:
		return parse_name(value, states, ARRAY_SIZE(states), &e->state);
	}
}

/*
 * Take settings of an element, from @first on, which is KEY_ID or KEY_DEV; bit
 * (1 << (KEY_x - first)) of *@seen says which were there.
 */
static int next_settings(struct args *args, struct iq_kernel_element *e,
			 unsigned int first, unsigned int *seen)
{
	unsigned int i;
	int ret;

	*seen = 0;
	while ((ret = next_keyword(args, settings + first, N_SETTINGS, seen, &i)) > 0) {
		const char *value = next_value(args, settings[first + i]);

		if (!value)
			return STATUS_USAGE;
		if (first + i == KEY_NAME) {
			if (set_name(e->name, value))
				return STATUS_USAGE;
		} else if (read_value(first + i, value, e)) {
			return bad_value(settings[first + i], value, expected[first + i]);
		}
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

/* Is it said how it is reached, and in one way only? */
static int check_way(const struct iq_kernel_element *e)
{
	if (!e->dev[0] && !e->via && !has_via6(e) && !e->nexthop)
		return usage_error("the way to element \"%s\" is missing: dev DEVICE, via ADDRESS, via6 ADDRESS or nexthop N",
				   e->name);
	if (e->nexthop && (e->dev[0] || e->via || has_via6(e)))
		return usage_error("element \"%s\" has a nexthop object: dev, via and via6 do not go with it",
				   e->name);
	return STATUS_OK;
}

static int state_element(struct iq_kernel *k, const struct iq_kernel_element *e, int owner,
			 int nlflags)
{
	int ret = iq_kernel_element_new(k, e, 1, owner, nlflags);

	names_changed(&element_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int new_element(struct args *args, int nlflags)
{
	struct iq_kernel_element e = { 0 };
	struct iq_kernel *k;
	unsigned int seen;

	if (next_name(args, &element_names, e.name) ||
	    next_settings(args, &e, KEY_ID, &seen))
		return STATUS_USAGE;
	if (!e.id)
		return usage_error("the element's id is missing: id N");
	if (check_way(&e))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	return state_element(k, &e, IPSEC_QOS_OWNER_STATIC, nlflags);
}

static int add(struct args *args)
{
	return new_element(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_element(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_kernel_element e = { 0 }, scratch = { 0 };
	struct iq_kernel *k;
	struct args rest;
	unsigned int seen;
	int ret;

	if (next_selector(args, &element_names, &e.id, e.name))
		return STATUS_USAGE;
	/* what is wrong with the words is said before the kernel is asked */
	rest = *args;
	ret = next_settings(&rest, &scratch, KEY_DEV, &seen);
	if (ret)
		return ret;
	if (!seen)
		return usage_error("what is to change is missing: name, dev, via, via6, nexthop or state");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_element_get(k, &e);
	if (ret)
		return kernel_refused(ret);
	next_settings(args, &e, KEY_DEV, &seen);
	return check_way(&e) ? STATUS_USAGE : state_element(k, &e, e.owner, NLM_F_REPLACE);
}

static int del(struct args *args)
{
	struct iq_kernel_element e = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &element_names, &e.id, e.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_element_del(k, &e, 1);
	names_changed(&element_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static const char *format_via(int family, const void *via, char *buf)
{
	struct iq_addr addr = { .family = family };

	memcpy(addr.b, via, family == AF_INET ? 4 : 16);
	return format_addr(&addr, buf);
}

const char *format_way(const struct iq_kernel_element *e, char buf[CELL_MAX])
{
	char text[FORMAT_MAX];
	struct text t;

	text_begin(&t, buf, CELL_MAX);
	if (e->nexthop)
		text_put(&t, " nexthop %" PRIu32, e->nexthop);
	if (e->via)
		text_put(&t, " via %s", format_via(AF_INET, &e->via, text));
	if (has_via6(e))
		text_put(&t, " via6 %s", format_via(AF_INET6, e->via6, text));
	if (e->dev[0])
		text_put(&t, " dev %s", e->dev);
	if (*buf)
		memmove(buf, buf + 1, strlen(buf));
	return buf;
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

json_t *element_json(const void *item)
{
	const struct iq_kernel_element *e = item;
	char via[FORMAT_MAX] = "", via6[FORMAT_MAX] = "";
	json_t *json, *counters = json_object();
	int i;

	if (e->via)
		format_via(AF_INET, &e->via, via);
	if (has_via6(e))
		format_via(AF_INET6, e->via6, via6);
	for (i = 1; i <= IPSEC_QOS_ELEMENT_COUNTER_MAX; i++)
		json_object_set_new(counters, iq_kernel_element_counter_name(i),
				    count_json(&e->counter[i]));
	json = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:s, s:o}",
			 "name", e->name, "id", (json_int_t)e->id,
			 "dev", text_or_null(e->dev), "via", text_or_null(via),
			 "via6", text_or_null(via6),
			 "nexthop", e->nexthop ? json_integer(e->nexthop) : json_null(),
			 "state", element_state(e->state),
			 "problem", text_or_null(element_problem(e->problem)),
			 "sas", (json_int_t)e->sas, "pools", (json_int_t)e->pools,
			 "owner", owner_name(e->owner), "counters", counters);
	return json;
}

void element_print(const struct iq_kernel_element *e)
{
	char way[CELL_MAX];

	print_colored(COLOR_NAME, e->name);
	printf(" id %" PRIu32 " %s state ", e->id, format_way(e, way));
	print_colored(e->state == IPSEC_QOS_ELEMENT_DOWN ? COLOR_BAD : COLOR_GOOD,
		      element_state(e->state));
	if (e->problem)
		printf(" problem %s", element_problem(e->problem));
	printf(" owner %s", owner_name(e->owner));
}

static const struct column columns[] = {
	{ "ELEMENT", .color = COLOR_NAME }, { "ID", true }, { "WAY", .color = COLOR_ADDR },
	{ "STATE" }, { "PROBLEM", .color = COLOR_BAD }, { "SAS", true }, { "POOLS", true },
	{ "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_element *e = (struct iq_kernel_element *)arg + i;

	snprintf(cells[0], CELL_MAX, "%s", e->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, e->id);
	format_way(e, cells[2]);
	snprintf(cells[3], CELL_MAX, "%s", element_state(e->state));
	snprintf(cells[4], CELL_MAX, "%s", element_problem(e->problem) ?: "-");
	snprintf(cells[5], CELL_MAX, "%" PRIu32, e->sas);
	snprintf(cells[6], CELL_MAX, "%" PRIu32, e->pools);
	snprintf(cells[7], CELL_MAX, "%s", owner_name(e->owner));
}

static const struct column counter_columns[IPSEC_QOS_ELEMENT_COUNTER_MAX + 1] = {
	{ "ELEMENT", .color = COLOR_NAME },
	[IPSEC_QOS_ELEMENT_COUNTER_SENT] = { "SENT", true },
	[IPSEC_QOS_ELEMENT_COUNTER_ICMP] = { "ICMP", true },
	[IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE] = { "NO ROUTE", true },
	[IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG] = { "TOO BIG", true },
	[IPSEC_QOS_ELEMENT_COUNTER_TTL] = { "TTL", true },
	[IPSEC_QOS_ELEMENT_COUNTER_DOWN] = { "DOWN", true },
	[IPSEC_QOS_ELEMENT_COUNTER_MARTIAN] = { "MARTIAN", true },
	[IPSEC_QOS_ELEMENT_COUNTER_POLICY] = { "POLICY", true },
};

static void counter_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_element *e = (struct iq_kernel_element *)arg + i;
	int c;

	snprintf(cells[0], CELL_MAX, "%s", e->name);
	for (c = 1; c <= IPSEC_QOS_ELEMENT_COUNTER_MAX; c++)
		format_count(&e->counter[c], cells[c]);
}

/* Those that are wanted: one, by @key, or all of an owner; a STATUS_ */
static int read_wanted(struct iq_kernel_element *key, int owner, UT_array *list)
{
	struct iq_kernel *k = the_kernel();
	int ret;

	if (!k)
		return STATUS_REFUSED;
	if (!key->id && !key->name[0])
		return read_elements(k, owner, list);
	ret = iq_kernel_element_get(k, key);
	if (!ret && (owner < 0 || key->owner == owner))
		ret = collect(key, list);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_element);
	struct iq_kernel_element key = { 0 };
	int owner, ret;
	size_t n;

	if ((selects(args) && next_selector(args, &element_names, &key.id, key.name)) ||
	    next_owner(args, &owner))
		return STATUS_USAGE;
	ret = read_wanted(&key, owner, &list);
	n = utarray_len(&list);
	if (!ret && options.json) {
		print_array(utarray_front(&list), n, sizeof(key), element_json);
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
	{ "replace", replace }, { "delete", del },
};

const struct object element_object = { .usage = usage, VERBS(verbs) };
