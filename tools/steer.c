// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos steer: whose protected packets go to elements, and where one would go.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "element.h"
#include "group.h"
#include "pool.h"
#include "steer.h"

static const char usage[] =
"Usage: ipsec-qos steer { add | replace } PREFIX pool POOL [ ike IKE ]\n"
"       ipsec-qos steer change PREFIX [ pool POOL ] [ ike IKE ]\n"
"       ipsec-qos steer del PREFIX\n"
"       ipsec-qos steer show [ owner { static | daemon } ]\n"
"       ipsec-qos steer test dst ADDRESS spi SPI [ src ADDRESS ] [ proto { esp | ah } ]\n"
"PREFIX := ADDRESS[/LENGTH]\n"
"IKE := { local | pool | element ELEMENT }\n"
"POOL, ELEMENT := { [ name ] NAME | id N }\n";

static const char *const ikes[] = {
	[IPSEC_QOS_STEER_IKE_LOCAL] = "local",
	[IPSEC_QOS_STEER_IKE_ELEMENT] = "element",
	[IPSEC_QOS_STEER_IKE_POOL] = "pool",
};

static const char *const whys[] = {
	[IPSEC_QOS_STEER_NOT] = "not-steered",
	[IPSEC_QOS_STEER_EXACT] = "exact",
	[IPSEC_QOS_STEER_HOME] = "home",
	[IPSEC_QOS_STEER_HELD] = "held",
	[IPSEC_QOS_STEER_LENT] = "lent",
	[IPSEC_QOS_STEER_HASHED] = "hashed",
	[IPSEC_QOS_STEER_NOBODY] = "nobody",
};

static int collect(const struct iq_kernel_steer *s, void *arg)
{
	return iq_array_push(arg, s) ? 0 : -ENOMEM;
}

/* By family, then what is within another behind it. */
static int compare(const void *a, const void *b)
{
	const struct iq_kernel_steer *left = a, *right = b;
	int order = left->dst.family - right->dst.family;

	if (!order)
		order = memcmp(left->dst.b, right->dst.b, sizeof(left->dst.b));
	return order ? order : left->len - right->len;
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_steer_dump(k, owner, collect, list);
}

int read_steers(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare);
}

bool in_prefix(const struct iq_kernel_steer *s, const struct iq_addr *addr)
{
	int whole = s->len / 8, rest = s->len % 8;

	return s->dst.family == addr->family && !memcmp(s->dst.b, addr->b, whole) &&
	       (!rest || !((s->dst.b[whole] ^ addr->b[whole]) >> (8 - rest)));
}

/* What is said of a steered prefix */

enum { KEY_POOL, KEY_IKE };

static const char *const settings[] = { [KEY_POOL] = "pool", [KEY_IKE] = "ike" };

#define SEEN(x)		(1U << (x))

static int next_prefix(struct args *args, struct iq_kernel_steer *s)
{
	const char *word = next_word(args);

	if (!word)
		return usage_error("the prefix is missing: ADDRESS[/LENGTH]");
	if (parse_prefix(word, &s->dst, &s->len))
		return usage_error("argument \"%s\" is wrong: a steered prefix is " EXPECT_PREFIX,
				   word);
	return STATUS_OK;
}

static int next_ike(struct args *args, struct iq_kernel_steer *s)
{
	const char *value = next_value(args, "ike");

	if (!value)
		return STATUS_USAGE;
	if (parse_name(value, ikes, ARRAY_SIZE(ikes), &s->ike))
		return bad_value("ike", value, "local, pool or element ELEMENT");
	s->ike_element = 0;
	return s->ike == IPSEC_QOS_STEER_IKE_ELEMENT ?
	       next_id(args, &element_names, &s->ike_element) : STATUS_OK;
}

static int next_settings(struct args *args, struct iq_kernel_steer *s, unsigned int *seen)
{
	unsigned int i;
	int ret;

	*seen = 0;
	while ((ret = next_keyword(args, settings, ARRAY_SIZE(settings), seen, &i)) > 0) {
		int status = i == KEY_POOL ? next_id(args, &pool_names, &s->pool) :
					     next_ike(args, s);

		if (status)
			return status;
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

static int new_steer(struct args *args, int nlflags)
{
	struct iq_kernel_steer s = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	ret = next_prefix(args, &s);
	if (!ret)
		ret = next_settings(args, &s, &seen);
	if (ret)
		return ret;
	if (!(seen & SEEN(KEY_POOL)))
		return usage_error("the prefix's pool is missing: pool POOL");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_steer_new(k, &s, 1, IPSEC_QOS_OWNER_STATIC, nlflags);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int add(struct args *args)
{
	return new_steer(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_steer(args, NLM_F_CREATE | NLM_F_REPLACE);
}

static bool same_prefix(const struct iq_kernel_steer *a, const struct iq_kernel_steer *b)
{
	return !compare(a, b);
}

/* The rest of the one that has the prefix in @s; a STATUS_ */
static int find(struct iq_kernel *k, struct iq_kernel_steer *s)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_steer);
	const struct iq_kernel_steer *other = NULL;
	int ret = read_steers(k, -1, &list);
	char text[FORMAT_MAX];

	if (!ret)
		while ((other = (void *)utarray_next(&list, other)) && !same_prefix(other, s))
			;
	if (other)
		*s = *other;
	else if (!ret)
		ret = refused("ipsec_qos: prefix %s is not steered",
			      format_prefix(&s->dst, s->len, text));
	utarray_done(&list);
	return ret;
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_kernel_steer s = { 0 }, said = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_prefix(args, &s);

	if (!ret)
		ret = next_settings(args, &said, &seen);
	if (ret)
		return ret;
	if (!seen)
		return usage_error("what is to change is missing: pool or ike");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = find(k, &s);
	if (ret)
		return ret;
	if (seen & SEEN(KEY_POOL))
		s.pool = said.pool;
	if (seen & SEEN(KEY_IKE)) {
		s.ike = said.ike;
		s.ike_element = said.ike_element;
	}
	ret = iq_kernel_steer_new(k, &s, 1, s.owner, NLM_F_REPLACE);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int del(struct args *args)
{
	struct iq_kernel_steer s = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_prefix(args, &s) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_steer_del(k, &s, 1);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/* What is shown of one */

json_t *steer_json(const struct iq_kernel_steer *s)
{
	json_t *counters = json_object();
	char text[FORMAT_MAX];
	int i;

	for (i = 1; i <= IPSEC_QOS_STEER_COUNTER_MAX; i++)
		json_object_set_new(counters, iq_kernel_steer_counter_name(i),
				    count_json(&s->counter[i]));
	return json_pack("{s:s, s:s, s:o, s:I, s:s, s:o, s:s, s:o}",
			 "family", family_name(s->dst.family),
			 "prefix", format_prefix(&s->dst, s->len, text),
			 "pool", name_or_null(&pool_names, s->pool),
			 "pool_id", (json_int_t)s->pool,
			 "ike", VALUE_NAME(ikes, s->ike),
			 "ike_element", name_or_null(&element_names, s->ike_element),
			 "owner", owner_name(s->owner), "counters", counters);
}

static const char *format_ike(const struct iq_kernel_steer *s, char buf[FORMAT_MAX])
{
	char name[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX, "%s%s%.40s", VALUE_NAME(ikes, s->ike),
		 s->ike_element ? " " : "",
		 s->ike_element ? name_of(&element_names, s->ike_element, name) : "");
	return buf;
}

void steer_print(const struct iq_kernel_steer *s)
{
	char text[FORMAT_MAX];

	print_colored(COLOR_ADDR, format_prefix(&s->dst, s->len, text));
	printf(" pool ");
	print_colored(COLOR_NAME, name_of(&pool_names, s->pool, text));
	printf(" ike %s", format_ike(s, text));
	printf(" owner %s", owner_name(s->owner));
}

/**
 * struct shown_steer - one that is shown
 *
 * @outer: the longest other prefix that it is within, which does not count for it; NULL:
 *	it is within none
 */
struct shown_steer {
	const struct iq_kernel_steer *steer;
	const struct iq_kernel_steer *outer;
};

static json_t *shown_json(const void *item)
{
	const struct shown_steer *shown = item;
	json_t *json = steer_json(shown->steer);
	char text[FORMAT_MAX];

	json_object_set_new(json, "within", shown->outer ?
			    json_string(format_prefix(&shown->outer->dst, shown->outer->len,
						      text)) : json_null());
	return json;
}

static const struct column columns[] = {
	{ "PREFIX", .color = COLOR_ADDR }, { "WITHIN" }, { "POOL", .color = COLOR_NAME },
	{ "IKE" }, { "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct shown_steer *shown = (struct shown_steer *)arg + i;
	const struct iq_kernel_steer *s = shown->steer;

	format_prefix(&s->dst, s->len, cells[0]);
	if (shown->outer)
		format_prefix(&shown->outer->dst, shown->outer->len, cells[1]);
	else
		strcpy(cells[1], "-");
	name_of(&pool_names, s->pool, cells[2]);
	format_ike(s, cells[3]);
	snprintf(cells[4], CELL_MAX, "%s", owner_name(s->owner));
}

static const struct column counter_columns[IPSEC_QOS_STEER_COUNTER_MAX + 1] = {
	{ "PREFIX", .color = COLOR_ADDR },
	[IPSEC_QOS_STEER_COUNTER_EXACT] = { "EXACT", true },
	[IPSEC_QOS_STEER_COUNTER_HOME] = { "HOME", true },
	[IPSEC_QOS_STEER_COUNTER_LENT] = { "LENT", true },
	[IPSEC_QOS_STEER_COUNTER_HASHED] = { "HASHED", true },
	[IPSEC_QOS_STEER_COUNTER_IKE] = { "IKE", true },
	[IPSEC_QOS_STEER_COUNTER_ICMP] = { "ICMP", true },
	[IPSEC_QOS_STEER_COUNTER_NOBODY] = { "NOBODY", true },
	[IPSEC_QOS_STEER_COUNTER_KEEPALIVE] = { "KEEPALIVE", true },
};

static void counter_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_steer *s = ((struct shown_steer *)arg)[i].steer;
	int c;

	format_prefix(&s->dst, s->len, cells[0]);
	for (c = 1; c <= IPSEC_QOS_STEER_COUNTER_MAX; c++)
		format_count(&s->counter[c], cells[c]);
}

/* They are sorted: what one is within is ahead of it, the longest last. */
static int show_steers(const UT_array *list)
{
	UT_array shown = IQ_ARRAY(struct shown_steer);
	size_t i, j, n = utarray_len(list);
	int ret = STATUS_OK;

	for (i = 0; i < n; i++) {
		struct shown_steer one = { (void *)utarray_eltptr(list, i) };

		for (j = i; j-- > 0 && !one.outer; )
			if (in_prefix((void *)utarray_eltptr(list, j), &one.steer->dst))
				one.outer = (void *)utarray_eltptr(list, j);
		if (!iq_array_push(&shown, &one)) {
			ret = kernel_refused(-ENOMEM);
			break;
		}
	}
	if (!ret && options.json) {
		print_array(utarray_front(&shown), n, sizeof(struct shown_steer), shown_json);
	} else if (!ret) {
		print_table(columns, ARRAY_SIZE(columns), n, row, utarray_front(&shown));
		if (n)
			putchar('\n');
		print_table(counter_columns, ARRAY_SIZE(counter_columns), n, counter_row,
			    utarray_front(&shown));
	}
	utarray_done(&shown);
	return ret;
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_steer);
	struct iq_kernel *k;
	int owner, ret;

	if (next_owner(args, &owner))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = read_steers(k, owner, &list);
	if (!ret)
		ret = show_steers(&list);
	utarray_done(&list);
	return ret;
}

/* A packet that there might be */

enum { KEY_DST, KEY_SPI, KEY_SRC, KEY_PROTO };

static const char *const packet[] = {
	[KEY_DST] = "dst", [KEY_SPI] = "spi", [KEY_SRC] = "src", [KEY_PROTO] = "proto",
};

static int read_packet(unsigned int key, const char *value, struct iq_kernel_steer_test *t)
{
	switch (key) {
	case KEY_DST:
		return parse_addr(value, &t->dst) ? bad_value("dst", value, EXPECT_ADDR) :
						    STATUS_OK;
	case KEY_SRC:
		return parse_addr(value, &t->src) ? bad_value("src", value, EXPECT_ADDR) :
						    STATUS_OK;
	case KEY_SPI:
		return read_spi(value, &t->spi);
	default:
		return parse_proto(value, &t->proto) ?
		       bad_value("proto", value, EXPECT_PROTO) : STATUS_OK;
	}
}

static int next_packet(struct args *args, struct iq_kernel_steer_test *t)
{
	unsigned int seen = 0, i;
	char text[FORMAT_MAX];
	int ret;

	while ((ret = next_keyword(args, packet, ARRAY_SIZE(packet), &seen, &i)) > 0) {
		const char *value = next_value(args, packet[i]);

		if (!value || read_packet(i, value, t))
			return STATUS_USAGE;
	}
	if (ret)
		return STATUS_USAGE;
	if (!(seen & SEEN(KEY_DST)))
		return usage_error("the packet's destination is missing: dst ADDRESS");
	if (!(seen & SEEN(KEY_SPI)))
		return usage_error("the packet's SPI is missing: spi SPI");
	if ((seen & SEEN(KEY_SRC)) && t->src.family != t->dst.family)
		return usage_error("src %s is of another family than dst: expected one of %s",
				   format_addr(&t->src, text), family_name(t->dst.family));
	return STATUS_OK;
}

/* Of the element that an entry names: what is sent to one that is down is dropped. */
static int element_is_down(struct iq_kernel *k, uint32_t id, bool *down)
{
	UT_array elements = IQ_ARRAY(struct iq_kernel_element);
	const struct iq_kernel_element *e = NULL;
	int ret = read_elements(k, -1, &elements);

	*down = false;
	while (!ret && (e = (void *)utarray_next(&elements, e)))
		if (e->id == id)
			*down = e->state == IPSEC_QOS_ELEMENT_DOWN;
	utarray_done(&elements);
	return ret;
}

static json_t *test_json(const struct iq_kernel_steer_test *t, bool down)
{
	char dst[FORMAT_MAX], src[FORMAT_MAX];

	return json_pack("{s:s, s:o, s:I, s:s, s:s, s:o, s:b, s:o, s:o, s:o}",
			 "dst", format_addr(&t->dst, dst),
			 "src", t->src.family ? json_string(format_addr(&t->src, src)) :
						json_null(),
			 "spi", (json_int_t)t->spi, "proto", proto_name(t->proto),
			 "why", VALUE_NAME(whys, t->why),
			 "element", name_or_null(&element_names, t->element), "down", down,
			 "bucket", t->bucket < 0 ? json_null() : json_integer(t->bucket),
			 "pool", name_or_null(&pool_names, t->pool),
			 "group", name_or_null(&group_names, t->group));
}

static void print_test(const struct iq_kernel_steer_test *t, bool down)
{
	char text[FORMAT_MAX];

	printf("element ");
	print_colored(t->element && !down ? COLOR_NAME : COLOR_BAD,
		      name_of(&element_names, t->element, text));
	if (down)
		printf(" down");
	printf(" why %s", VALUE_NAME(whys, t->why));
	if (t->bucket >= 0)
		printf(" bucket %d", t->bucket);
	if (t->pool)
		printf(" pool %s", name_of(&pool_names, t->pool, text));
	printf(" group %s\n", name_of(&group_names, t->group, text));
}

static int test(struct args *args)
{
	struct iq_kernel_steer_test t = { .proto = IPPROTO_ESP };
	int ret = next_packet(args, &t);
	struct iq_kernel *k;
	bool down;

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_steer_test(k, &t);
	if (ret)
		return kernel_refused(ret);
	ret = element_is_down(k, t.element, &down);
	if (ret)
		return ret;
	if (options.json)
		print_json(test_json(&t, down));
	else
		print_test(&t, down);
	return t.element && !down ? STATUS_OK : STATUS_NONE;
}

/* Unknown SPIs */

void unknown_print(const struct iq_kernel_unknown *u)
{
	char text[FORMAT_MAX];

	printf("src %s dst ", format_addr(&u->src, text));
	print_colored(COLOR_ADDR, format_addr(&u->dst, text));
	printf(" spi 0x%08" PRIx32 " proto %s packets %" PRIu32, u->spi, proto_name(u->proto),
	       u->count);
}

json_t *unknown_json(const struct iq_kernel_unknown *u)
{
	char src[FORMAT_MAX], dst[FORMAT_MAX];

	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}",
			 "family", family_name(u->dst.family),
			 "src", format_addr(&u->src, src), "dst", format_addr(&u->dst, dst),
			 "spi", (json_int_t)u->spi, "proto", proto_name(u->proto),
			 "packets", (json_int_t)u->count);
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change }, { "replace", replace },
	{ "delete", del }, { "test", test },
};

const struct object steer_object = { .usage = usage, VERBS(verbs) };
