// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos nat: which inside node's ESP is behind a global address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nat.h"

static const char usage[] =
"Usage: ipsec-qos nat [ show ] [ rule ID ]\n"
"       ipsec-qos nat flush [ rule ID ]\n"
"       ipsec-qos nat rule { add | replace } id ID INSIDE outside-dev DEVICE\n"
"                 [ global ADDRESS ] [ responder PREFIX ]\n"
"                 [ scheme SCHEME ] [ key HEX ]\n"
"                 [ collision { discard | oldest | newest } ]\n"
"                 [ underived { discard | serialize | last } ]\n"
"                 [ idle SECONDS ] [ wait SECONDS ] [ max N ] [ max-node N ]\n"
"       ipsec-qos nat rule del id ID\n"
"       ipsec-qos nat rule [ show ]\n"
"INSIDE := [ inside-dev DEVICE ] [ inside PREFIX ], one of them at least\n"
"SCHEME := { md5-low16 | md5-low24 | md5-full | siphash-low16 }\n";

static const char *const schemes[] = {
	[IPSEC_QOS_NAT_MD5_LOW16] = "md5-low16",
	[IPSEC_QOS_NAT_MD5_LOW24] = "md5-low24",
	[IPSEC_QOS_NAT_MD5_FULL] = "md5-full",
	[IPSEC_QOS_NAT_SIPHASH_LOW16] = "siphash-low16",
};

static const char *const collisions[] = {
	[IPSEC_QOS_NAT_COLLISION_DISCARD] = "discard",
	[IPSEC_QOS_NAT_COLLISION_OLDEST] = "oldest",
	[IPSEC_QOS_NAT_COLLISION_NEWEST] = "newest",
};

static const char *const underived[] = {
	[IPSEC_QOS_NAT_UNDERIVED_DISCARD] = "discard",
	[IPSEC_QOS_NAT_UNDERIVED_SERIALIZE] = "serialize",
	[IPSEC_QOS_NAT_UNDERIVED_LAST] = "last",
};

static const char *const states[] = {
	[IPSEC_QOS_NAT_WAITING] = "waiting",
	[IPSEC_QOS_NAT_ASSOCIATED] = "associated",
	[IPSEC_QOS_NAT_CONFIRMED] = "confirmed",
};

static const char *const counters[] = {
	[IPSEC_QOS_NAT_COUNTER_OUT] = "out",
	[IPSEC_QOS_NAT_COUNTER_IN] = "in",
	[IPSEC_QOS_NAT_COUNTER_ICMP] = "icmp",
	[IPSEC_QOS_NAT_COUNTER_UNMATCHED] = "unmatched",
	[IPSEC_QOS_NAT_COUNTER_COLLISION] = "collision",
	[IPSEC_QOS_NAT_COUNTER_CEILING] = "ceiling",
	[IPSEC_QOS_NAT_COUNTER_SERIALIZED] = "serialized",
	[IPSEC_QOS_NAT_COUNTER_AH] = "ah",
	[IPSEC_QOS_NAT_COUNTER_EVICTED] = "evicted",
};

const char *nat_counter_name(unsigned int counter)
{
	return VALUE_NAME(counters, counter);
}

static const char *format_addr4(uint32_t addr, char *buf)
{
	struct iq_addr a = { .family = AF_INET };

	memcpy(a.b, &addr, sizeof(addr));
	return format_addr(&a, buf);
}

/* "-" where there is none. */
static const char *format_prefix4(uint32_t addr, uint8_t len, char *buf)
{
	struct iq_addr a = { .family = AF_INET };

	memcpy(a.b, &addr, sizeof(addr));
	if (len)
		format_prefix(&a, len, buf);
	else
		strcpy(buf, "-");
	return buf;
}

/* Rules */

enum { KEY_ID, KEY_INSIDE_DEV, KEY_INSIDE, KEY_OUTSIDE_DEV, KEY_GLOBAL, KEY_RESPONDER,
       KEY_SCHEME, KEY_KEY, KEY_COLLISION, KEY_UNDERIVED, KEY_IDLE, KEY_WAIT, KEY_MAX,
       KEY_MAX_NODE };

static const char *const keywords[] = {
	[KEY_ID] = "id", [KEY_INSIDE_DEV] = "inside-dev", [KEY_INSIDE] = "inside",
	[KEY_OUTSIDE_DEV] = "outside-dev", [KEY_GLOBAL] = "global",
	[KEY_RESPONDER] = "responder", [KEY_SCHEME] = "scheme", [KEY_KEY] = "key",
	[KEY_COLLISION] = "collision", [KEY_UNDERIVED] = "underived",
	[KEY_IDLE] = "idle", [KEY_WAIT] = "wait", [KEY_MAX] = "max",
	[KEY_MAX_NODE] = "max-node",
};

#define SEEN(x)		(1U << (x))

static int parse_addr4(const char *text, uint32_t *addr)
{
	return inet_pton(AF_INET, text, addr) == 1 ? 0 : -EINVAL;
}

/* As parse_prefix(), but IPv4, and not all of it. */
static int parse_prefix4(const char *text, uint32_t *addr, uint8_t *len)
{
	struct iq_addr prefix;

	if (parse_prefix(text, &prefix, len) || prefix.family != AF_INET || !*len)
		return -EINVAL;
	memcpy(addr, prefix.b, sizeof(*addr));
	return 0;
}

static int read_value(unsigned int key, const char *value, struct iq_kernel_nat_rule *r)
{
	switch (key) {
	case KEY_ID:
		return parse_u32(value, 1, IPSEC_QOS_NAT_RULE_ID_MAX, &r->id);
	case KEY_INSIDE_DEV:
		return parse_dev(value, r->inside_dev);
	case KEY_INSIDE:
		return parse_prefix4(value, &r->inside, &r->inside_len);
	case KEY_OUTSIDE_DEV:
		return parse_dev(value, r->outside_dev);
	case KEY_GLOBAL:
		return parse_addr4(value, &r->global);
	case KEY_RESPONDER:
		return parse_prefix4(value, &r->responder, &r->responder_len);
	case KEY_SCHEME:
		return parse_name(value, schemes, ARRAY_SIZE(schemes), &r->scheme);
	case KEY_KEY:
		return parse_hex(value, r->key, sizeof(r->key));
	case KEY_COLLISION:
		return parse_name(value, collisions, ARRAY_SIZE(collisions),
				  &r->collision);
	case KEY_UNDERIVED:
		return parse_name(value, underived, ARRAY_SIZE(underived),
				  &r->underived);
	case KEY_IDLE:
		return parse_u32(value, 1, IPSEC_QOS_LIFETIME_MAX, &r->idle);
	case KEY_WAIT:
		return parse_u32(value, 1, IPSEC_QOS_LIFETIME_MAX, &r->wait);
	case KEY_MAX:
		return parse_u32(value, 1, IPSEC_QOS_NAT_ENTRIES_LIMIT, &r->max);
	default:
		return parse_u32(value, 1, IPSEC_QOS_NAT_ENTRIES_LIMIT, &r->max_node);
	}
}

static const char *const expected[] = {
	[KEY_ID] = "1 to " DIGITS(IPSEC_QOS_NAT_RULE_ID_MAX),
	[KEY_INSIDE_DEV] = "an interface", [KEY_INSIDE] = "an IPv4 prefix",
	[KEY_OUTSIDE_DEV] = "an interface", [KEY_GLOBAL] = "an IPv4 address",
	[KEY_RESPONDER] = "an IPv4 prefix",
	[KEY_SCHEME] = "md5-low16, md5-low24, md5-full or siphash-low16",
	[KEY_KEY] = "32 hexadecimal digits",
	[KEY_COLLISION] = "discard, oldest or newest",
	[KEY_UNDERIVED] = "discard, serialize or last",
	[KEY_IDLE] = "1 to " DIGITS(IPSEC_QOS_LIFETIME_MAX) " seconds",
	[KEY_WAIT] = "1 to " DIGITS(IPSEC_QOS_LIFETIME_MAX) " seconds",
	[KEY_MAX] = "1 to " DIGITS(IPSEC_QOS_NAT_ENTRIES_LIMIT),
	[KEY_MAX_NODE] = "1 to " DIGITS(IPSEC_QOS_NAT_ENTRIES_LIMIT),
};

static int next_rule(struct args *args, struct iq_kernel_nat_rule *r, bool key_only,
		     unsigned int *seen)
{
	unsigned int i;
	int ret;

	*r = (struct iq_kernel_nat_rule){
		.idle = IPSEC_QOS_NAT_IDLE, .wait = IPSEC_QOS_NAT_WAIT,
		.max = IPSEC_QOS_NAT_ENTRIES, .max_node = IPSEC_QOS_NAT_NODE,
	};
	*seen = 0;
	while ((ret = next_keyword(args, keywords, key_only ? 1 : ARRAY_SIZE(keywords),
				   seen, &i)) > 0) {
		const char *value = next_value(args, keywords[i]);

		if (!value)
			return STATUS_USAGE;
		if (read_value(i, value, r))
			return bad_value(keywords[i], value, expected[i]);
	}
	if (ret)
		return STATUS_USAGE;
	if (!r->id)
		return usage_error("the rule's id is missing: id ID");
	return STATUS_OK;
}

static int rule_new(struct args *args, int nlflags)
{
	struct iq_kernel_nat_rule r;
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_rule(args, &r, false, &seen);

	if (ret)
		return ret;
	if (!(seen & (SEEN(KEY_INSIDE_DEV) | SEEN(KEY_INSIDE))))
		return usage_error("the rule's inside is missing: inside-dev DEVICE or inside PREFIX");
	if (!(seen & SEEN(KEY_OUTSIDE_DEV)))
		return usage_error("the rule's outside is missing: outside-dev DEVICE");
	if (!(seen & SEEN(KEY_KEY)) != (r.scheme != IPSEC_QOS_NAT_SIPHASH_LOW16))
		return usage_error("scheme siphash-low16 takes a key, and the others take none");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_nat_rule_new(k, &r, nlflags);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int rule_add(struct args *args)
{
	return rule_new(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int rule_replace(struct args *args)
{
	return rule_new(args, NLM_F_CREATE | NLM_F_REPLACE);
}

static int rule_del(struct args *args)
{
	struct iq_kernel_nat_rule r;
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_rule(args, &r, true, &seen);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_nat_rule_del(k, r.id);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static json_t *rule_json(const void *item)
{
	const struct iq_kernel_nat_rule *r = item;
	char text[FORMAT_MAX];
	json_t *json, *counts = json_object();
	size_t i;

	json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "id", (json_int_t)r->id, "outside_dev", r->outside_dev,
			 "scheme", VALUE_NAME(schemes, r->scheme),
			 "collision", VALUE_NAME(collisions, r->collision),
			 "underived", VALUE_NAME(underived, r->underived),
			 "idle", (json_int_t)r->idle, "wait", (json_int_t)r->wait,
			 "max", (json_int_t)r->max, "max_node", (json_int_t)r->max_node,
			 "entries", (json_int_t)r->entries,
			 "waiting", (json_int_t)r->waiting);
	if (r->inside_dev[0])
		json_object_set_new(json, "inside_dev", json_string(r->inside_dev));
	if (r->inside_len)
		json_object_set_new(json, "inside", json_string(
			format_prefix4(r->inside, r->inside_len, text)));
	if (r->global)
		json_object_set_new(json, "global",
				    json_string(format_addr4(r->global, text)));
	if (r->responder_len)
		json_object_set_new(json, "responder", json_string(
			format_prefix4(r->responder, r->responder_len, text)));
	for (i = 1; i < ARRAY_SIZE(counters); i++)
		json_object_set_new(counts, counters[i], count_json(&r->counter[i]));
	json_object_set_new(json, "counters", counts);
	return json;
}

static const struct column rule_columns[] = {
	{ "ID", true }, { "INSIDE" }, { "OUTSIDE" }, { "GLOBAL", .color = COLOR_ADDR },
	{ "RESPONDER" }, { "SCHEME" }, { "ENTRIES", true }, { "WAITING", true },
	{ "OUT", true }, { "IN", true }, { "UNMATCHED", true }, { "COLLIDED", true },
};

static void rule_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_nat_rule *r = (struct iq_kernel_nat_rule *)arg + i;
	char text[FORMAT_MAX];

	snprintf(cells[0], CELL_MAX, "%" PRIu32, r->id);
	snprintf(cells[1], CELL_MAX, "%s%s%s", r->inside_dev,
		 r->inside_dev[0] && r->inside_len ? " " : "",
		 r->inside_len ? format_prefix4(r->inside, r->inside_len, text) : "");
	snprintf(cells[2], CELL_MAX, "%s", r->outside_dev);
	if (r->global)
		format_addr4(r->global, cells[3]);
	else
		strcpy(cells[3], "interface's");
	format_prefix4(r->responder, r->responder_len, cells[4]);
	snprintf(cells[5], CELL_MAX, "%s", VALUE_NAME(schemes, r->scheme));
	snprintf(cells[6], CELL_MAX, "%" PRIu32, r->entries);
	snprintf(cells[7], CELL_MAX, "%" PRIu32, r->waiting);
	snprintf(cells[8], CELL_MAX, "%" PRIu64,
		 r->counter[IPSEC_QOS_NAT_COUNTER_OUT].packets);
	snprintf(cells[9], CELL_MAX, "%" PRIu64,
		 r->counter[IPSEC_QOS_NAT_COUNTER_IN].packets);
	snprintf(cells[10], CELL_MAX, "%" PRIu64,
		 r->counter[IPSEC_QOS_NAT_COUNTER_UNMATCHED].packets);
	snprintf(cells[11], CELL_MAX, "%" PRIu64,
		 r->counter[IPSEC_QOS_NAT_COUNTER_COLLISION].packets);
}

static int collect_rule(const struct iq_kernel_nat_rule *r, void *arg)
{
	return iq_array_push(arg, r) ? 0 : -ENOMEM;
}

static int rule_show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_nat_rule);
	struct iq_kernel *k;
	int ret = no_more_words(args);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_nat_rule_dump(k, collect_rule, &list);
	if (ret)
		ret = kernel_refused(ret);
	else if (options.json)
		print_array(utarray_front(&list), utarray_len(&list),
			    sizeof(struct iq_kernel_nat_rule), rule_json);
	else
		print_table(rule_columns, ARRAY_SIZE(rule_columns), utarray_len(&list), rule_row,
			    utarray_front(&list));
	utarray_done(&list);
	return ret;
}

static const struct verb rule_verbs[] = {
	{ "show", rule_show }, { "add", rule_add }, { "replace", rule_replace },
	{ "delete", rule_del },
};

static int rule(struct args *args)
{
	const char *word = next_word(args);
	int i = 0;

	if (word)
		i = find_verb(word, rule_verbs, ARRAY_SIZE(rule_verbs));
	if (i < 0)
		return usage_error("nat rule cannot \"%s\": try \"nat help\"", word);
	return rule_verbs[i].run(args);
}

/* The table */

/* Nothing, or "rule ID" */
static int next_filter(struct args *args, uint32_t *id)
{
	static const char *const filter[] = { "rule" };
	unsigned int seen = 0, i;
	int ret;

	*id = 0;
	while ((ret = next_keyword(args, filter, 1, &seen, &i)) > 0) {
		const char *value = next_value(args, "rule");

		if (!value)
			return STATUS_USAGE;
		if (parse_u32(value, 1, IPSEC_QOS_NAT_RULE_ID_MAX, id))
			return bad_value("rule", value, expected[KEY_ID]);
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

json_t *nat_json(const void *item)
{
	const struct iq_kernel_nat *n = item;
	char local[FORMAT_MAX], global[FORMAT_MAX], outside[FORMAT_MAX];
	json_t *json;

	json = json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:I}",
			 "protocol", "esp", "rule", (json_int_t)n->rule,
			 "inside_global", format_addr4(n->inside_global, global),
			 "inside_local", format_addr4(n->inside_local, local),
			 "outside", format_addr4(n->outside, outside),
			 "spi_out", (json_int_t)n->spi_out,
			 "state", VALUE_NAME(states, n->state),
			 "age", (json_int_t)n->age, "idle", (json_int_t)n->idle);
	if (n->spi_in)
		json_object_set_new(json, "spi_in", json_integer(n->spi_in));
	json_object_set_new(json, "out", count_json(&n->out));
	json_object_set_new(json, "in", count_json(&n->in));
	return json;
}

void nat_print(const struct iq_kernel_nat *n)
{
	char text[FORMAT_MAX];

	printf("inside-local ");
	print_colored(COLOR_ADDR, format_addr4(n->inside_local, text));
	printf(" inside-global %s", format_addr4(n->inside_global, text));
	printf(" outside %s spi-out 0x%08" PRIx32, format_addr4(n->outside, text),
	       n->spi_out);
	if (n->spi_in)
		printf(" spi-in 0x%08" PRIx32, n->spi_in);
	printf(" %s rule %" PRIu32, VALUE_NAME(states, n->state), n->rule);
}

json_t *nat_ceiling_json(const struct iq_kernel_nat *n)
{
	json_t *json = json_pack("{s:I}", "rule", (json_int_t)n->rule);
	char text[FORMAT_MAX];

	if (n->inside_local)
		json_object_set_new(json, "inside_local",
				    json_string(format_addr4(n->inside_local, text)));
	return json;
}

void nat_print_ceiling(const struct iq_kernel_nat *n)
{
	char text[FORMAT_MAX];

	printf("rule %" PRIu32, n->rule);
	if (!n->inside_local)
		return;
	printf(" inside-local ");
	print_colored(COLOR_ADDR, format_addr4(n->inside_local, text));
}

/*
 * The columns of a translation table (inside, outside, local and global are in
 * CONTRIBUTING.md's glossary), with the SPI that each end sends with. What is local
 * outside is what is global there: only the inside is translated.
 */
static const struct column columns[] = {
	{ "PROTO" }, { "INSIDE GLOBAL", .color = COLOR_ADDR }, { "INSIDE LOCAL" },
	{ "SPI" }, { "OUTSIDE LOCAL" }, { "OUTSIDE GLOBAL" }, { "SPI" }, { "STATE" },
	{ "AGE", true }, { "OUT", true }, { "IN", true },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_nat *n = (struct iq_kernel_nat *)arg + i;

	strcpy(cells[0], "esp");
	format_addr4(n->inside_global, cells[1]);
	format_addr4(n->inside_local, cells[2]);
	snprintf(cells[3], CELL_MAX, "0x%08" PRIx32, n->spi_out);
	format_addr4(n->outside, cells[4]);
	format_addr4(n->outside, cells[5]);
	if (n->spi_in)
		snprintf(cells[6], CELL_MAX, "0x%08" PRIx32, n->spi_in);
	else
		strcpy(cells[6], "-");
	snprintf(cells[7], CELL_MAX, "%s", VALUE_NAME(states, n->state));
	snprintf(cells[8], CELL_MAX, "%" PRIu32 "s", n->age);
	format_count(&n->out, cells[9]);
	format_count(&n->in, cells[10]);
}

static int collect(const struct iq_kernel_nat *n, void *arg)
{
	return iq_array_push(arg, n) ? 0 : -ENOMEM;
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_nat);
	struct iq_kernel *k;
	int ret, tries = 0;
	uint32_t id;

	ret = next_filter(args, &id);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	do {
		utarray_clear(&list);
		ret = iq_kernel_nat_dump(k, id, collect, &list);
	} while (dump_again(ret, &tries));
	if (ret && ret != -EINTR)
		ret = kernel_refused(ret);
	else if (options.json)
		print_array(utarray_front(&list), utarray_len(&list),
			    sizeof(struct iq_kernel_nat), nat_json);
	else
		print_table(columns, ARRAY_SIZE(columns), utarray_len(&list), row,
			    utarray_front(&list));
	utarray_done(&list);
	return ret > 0 ? ret : STATUS_OK;
}

static int flush(struct args *args)
{
	struct iq_kernel *k;
	uint32_t id, count;
	int ret = next_filter(args, &id);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_nat_flush(k, id, &count);
	return ret ? kernel_refused(ret) : print_removed(count);
}

static const struct verb verbs[] = {
	{ "show", show }, { "flush", flush }, { "rule", rule },
};

const struct object nat_object = { .usage = usage, VERBS(verbs) };
