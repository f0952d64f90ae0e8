// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos service: which addresses and ports stand for which chain.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "chain.h"
#include "device.h"
#include "group.h"
#include "service.h"
#include "lib/text.h"

static const char usage[] =
"Usage: ipsec-qos service { add | replace } NAME id N address ADDRESS[/LENGTH] chain CHAIN\n"
"                 [ mode { server | client } ] [ PORTS ] [ SEGMENTS ] [ RULES ]\n"
"                 [ CLIENTS ] [ group GROUP ] [ from-group GROUP ] [ rate N ]\n"
"       ipsec-qos service change SERVICE [ name NAME ] [ address ADDRESS[/LENGTH] ]\n"
"                 [ chain CHAIN ] [ mode { server | client } ] [ PORTS | port any ]\n"
"                 [ SEGMENTS | segment none ] [ RULES | acl none ]\n"
"                 [ CLIENTS | client none ] [ group { GROUP | none } ]\n"
"                 [ from-group { GROUP | none } ] [ rate { N | none } ]\n"
"       ipsec-qos service del SERVICE\n"
"       ipsec-qos service trace SERVICE [ client ADDRESS ] [ packets N ]\n"
"       ipsec-qos service show [ SERVICE ] [ owner { static | daemon } ]\n"
"SERVICE, CHAIN, DEVICE, GROUP := { [ name ] NAME | id N }\n"
"PORTS := port PORT [ port PORT ]...\n"
"PORT := PROTO[/FIRST[-LAST]]\n"
"SEGMENTS := { segment DEVICE [ to ADDRESS ] [ to-port N ] [ from ADDRESS ]\n"
"              [ from-port PORT ]... }...\n"
"RULES := { { allow | deny } { ADDRESS[/LENGTH] | any } [ dev INTERFACE ] }...\n"
"CLIENTS := { client ADDRESS[/LENGTH] chain CHAIN }...\n";

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_service s = { .id = *id };
	int ret;

	strcpy(s.name, name);
	ret = iq_kernel_service_get(k, &s);
	if (ret)
		return ret;
	*id = s.id;
	strcpy(name, s.name);
	iq_kernel_service_free(&s);
	return 0;
}

struct names service_names = {
	.what = "service", .id_max = IPSEC_QOS_SERVICE_ID_MAX, .ask = ask,
};

static int collect(const struct iq_kernel_service *s, void *arg)
{
	struct iq_kernel_service copy;
	int ret = iq_kernel_service_copy(&copy, s);

	if (!ret && !iq_array_push(arg, &copy)) {
		iq_kernel_service_free(&copy);
		ret = -ENOMEM;
	}
	return ret;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_service *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

void free_service(void *item)
{
	iq_kernel_service_free(item);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_service_dump(k, owner, collect, list);
}

int read_services(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

/* What is said of a service */

static int state_service(struct iq_kernel *k, const struct iq_kernel_service *s, int owner,
			 int nlflags)
{
	int ret = iq_kernel_service_new(k, s, 1, owner, nlflags);

	names_changed(&service_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/* Is all there that a service has to have? */
static int check_service(const struct iq_kernel_service *s, unsigned int seen)
{
	if (!(seen & SERVICE_ID))
		return usage_error("the service's id is missing: id N");
	if (!(seen & SERVICE_ADDRESS))
		return usage_error("the address of service \"%s\" is missing: address ADDRESS",
				   s->name);
	if (!(seen & SERVICE_CHAIN))
		return usage_error("the chain of service \"%s\" is missing: chain CHAIN",
				   s->name);
	return STATUS_OK;
}

static int new_service(struct args *args, int nlflags)
{
	struct iq_kernel_service s = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_name(args, &service_names, s.name))
		return STATUS_USAGE;
	ret = next_service(args, &s, SERVICE_NAME, &seen);
	if (!ret)
		ret = check_service(&s, seen);
	if (!ret) {
		k = the_kernel();
		ret = k ? state_service(k, &s, IPSEC_QOS_OWNER_STATIC, nlflags) :
			  STATUS_REFUSED;
	}
	iq_kernel_service_free(&s);
	return ret;
}

static int add(struct args *args)
{
	return new_service(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_service(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_kernel_service s = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_selector(args, &service_names, &s.id, s.name))
		return STATUS_USAGE;
	if (!args->n)
		return usage_error("what is to change is missing: name, address, chain, mode, port, segment, allow, deny, client, group, from-group or rate");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_service_get(k, &s);
	if (ret)
		return kernel_refused(ret);
	ret = next_service(args, &s, SERVICE_ID, &seen);
	if (!ret)
		ret = state_service(k, &s, s.owner, NLM_F_REPLACE);
	iq_kernel_service_free(&s);
	return ret;
}

static int del(struct args *args)
{
	struct iq_kernel_service s = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &service_names, &s.id, s.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_service_del(k, &s, 1);
	names_changed(&service_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/* What is shown of one */

static const char *format_address(const struct iq_addr *addr, uint8_t len, char *buf)
{
	return len == (addr->family == AF_INET ? 32 : 128) ? format_addr(addr, buf) :
							     format_prefix(addr, len, buf);
}

/* Ports with commas between; where there are none, all that no other service has */
static const char *format_port_list(const struct iq_kernel_port *ports, size_t n, char *buf,
				    size_t size)
{
	char port[FORMAT_MAX];
	struct text t;
	size_t i;

	text_begin(&t, buf, size);
	if (!n)
		text_put(&t, "any");
	for (i = 0; i < n; i++) {
		/* what is left out is counted */
		if (t.left < 48 && i + 1 < n) {
			text_put(&t, " and %zu more", n - i);
			break;
		}
		text_put(&t, "%s%s", i ? "," : "", format_port(&ports[i], port));
	}
	return buf;
}

struct iq_kernel_count service_passes(const struct iq_kernel_service *s, bool back)
{
	struct iq_kernel_count all = back ? s->back : s->forward;
	size_t i;

	for (i = 0; i < s->n_ports; i++) {
		const struct iq_kernel_count *one = back ? &s->ports[i].back :
							   &s->ports[i].forward;

		all.packets += one->packets;
		all.bytes += one->bytes;
	}
	return all;
}

static json_t *port_json(const void *item)
{
	const struct iq_kernel_port *p = item;
	bool all = iq_kernel_port_all(p);
	char proto[FORMAT_MAX];

	return json_pack("{s:s, s:o, s:o}", "proto", format_protocol(p->proto, proto),
			 "first", all ? json_null() : json_integer(p->first),
			 "last", all ? json_null() : json_integer(p->last));
}

static json_t *counted_port_json(const void *item)
{
	const struct iq_kernel_port *p = item;
	json_t *json = port_json(p);

	json_object_set_new(json, "forward", count_json(&p->forward));
	json_object_set_new(json, "back", count_json(&p->back));
	return json;
}

/* @n items of @size bytes, each as @one writes it */
static json_t *list_json(const void *items, size_t n, size_t size,
			 json_t *(*one)(const void *item))
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array, one((const char *)items + i * size));
	return array;
}

static json_t *addr_or_null(const struct iq_addr *addr)
{
	char text[FORMAT_MAX];

	return addr->family ? json_string(format_addr(addr, text)) : json_null();
}

static json_t *segment_json(const void *item)
{
	const struct iq_kernel_segment *s = item;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "device", name_or_null(&device_names, s->device),
			 "to", addr_or_null(&s->to),
			 "to_port", s->to_port ? json_integer(s->to_port) : json_null(),
			 "from", addr_or_null(&s->from),
			 "from_ports", list_json(s->from_ports, s->n_from_ports,
						 sizeof(*s->from_ports), port_json));
}

static json_t *rule_json(const void *item)
{
	const struct iq_kernel_acl *a = item;
	char text[FORMAT_MAX];

	return json_pack("{s:b, s:o, s:o, s:o}", "allow", a->allow,
			 "client", a->addr.family ?
			 json_string(format_address(&a->addr, a->len, text)) : json_null(),
			 "dev", a->dev[0] ? json_string(a->dev) : json_null(),
			 "counter", count_json(&a->counter));
}

static json_t *override_json(const void *item)
{
	const struct iq_kernel_override *o = item;
	char text[FORMAT_MAX];

	return json_pack("{s:s, s:o}", "client", format_address(&o->addr, o->len, text),
			 "chain", name_or_null(&chain_names, o->chain));
}

json_t *service_json(const void *item)
{
	const struct iq_kernel_service *s = item;
	struct iq_kernel_count forward = service_passes(s, false);
	struct iq_kernel_count back = service_passes(s, true);
	json_t *counters = json_object();
	char text[FORMAT_MAX];
	int i;

	json_object_set_new(counters, "forward", count_json(&forward));
	json_object_set_new(counters, "back", count_json(&back));
	for (i = 1; i <= IPSEC_QOS_SERVICE_COUNTER_MAX; i++)
		json_object_set_new(counters, iq_kernel_service_counter_name(i),
				    count_json(&s->counter[i]));
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}",
			 "name", s->name, "id", (json_int_t)s->id,
			 "family", family_name(s->addr.family),
			 "address", format_address(&s->addr, s->len, text),
			 "mode", service_mode(s->mode),
			 "ports", list_json(s->ports, s->n_ports, sizeof(*s->ports),
					    counted_port_json),
			 "chain", name_or_null(&chain_names, s->chain),
			 "segments", list_json(s->segments, s->n_segments,
					       sizeof(*s->segments), segment_json),
			 "clients", list_json(s->overrides, s->n_overrides,
					      sizeof(*s->overrides), override_json),
			 "group", name_or_null(&group_names, s->group),
			 "from_group", name_or_null(&group_names, s->from_group),
			 "rate", s->rate ? json_integer(s->rate) : json_null(),
			 "owner", owner_name(s->owner), "counters", counters,
			 "syns", count_json(&s->syns));
}

/* Of one that was asked for by itself: only then the kernel tells the rules. */
static json_t *whole_json(const void *item)
{
	const struct iq_kernel_service *s = item;
	json_t *json = service_json(s);

	json_object_set_new(json, "acl", list_json(s->acl, s->n_acl, sizeof(*s->acl),
						   rule_json));
	return json;
}

void service_print(const struct iq_kernel_service *s)
{
	char text[CELL_MAX];

	print_colored(COLOR_NAME, s->name);
	printf(" id %" PRIu32 " address ", s->id);
	print_colored(COLOR_ADDR, format_address(&s->addr, s->len, text));
	printf(" mode %s ports %s chain ", service_mode(s->mode),
	       format_port_list(s->ports, s->n_ports, text, sizeof(text)));
	print_colored(COLOR_NAME, name_of(&chain_names, s->chain, text));
	if (s->group)
		printf(" group %s", name_of(&group_names, s->group, text));
	if (s->from_group)
		printf(" from-group %s", name_of(&group_names, s->from_group, text));
	if (s->rate)
		printf(" rate %" PRIu32, s->rate);
	printf(" owner %s", owner_name(s->owner));
}

static const struct column columns[] = {
	{ "SERVICE", .color = COLOR_NAME }, { "ID", true },
	{ "ADDRESS", .color = COLOR_ADDR }, { "MODE" }, { "PORTS" },
	{ "CHAIN", .color = COLOR_NAME }, { "GROUP" }, { "FROM GROUP" }, { "RATE", true },
	{ "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = (struct iq_kernel_service *)arg + i;

	snprintf(cells[0], CELL_MAX, "%s", s->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, s->id);
	format_address(&s->addr, s->len, cells[2]);
	snprintf(cells[3], CELL_MAX, "%s", service_mode(s->mode));
	/* a service of many ports is shown by itself */
	format_port_list(s->ports, s->n_ports, cells[4], 120);
	name_of(&chain_names, s->chain, cells[5]);
	name_of(&group_names, s->group, cells[6]);
	name_of(&group_names, s->from_group, cells[7]);
	if (s->rate)
		snprintf(cells[8], CELL_MAX, "%" PRIu32, s->rate);
	else
		strcpy(cells[8], "-");
	snprintf(cells[9], CELL_MAX, "%s", owner_name(s->owner));
}

enum { CELL_FORWARD = 1, CELL_BACK, CELL_DROPS };

static const struct column counter_columns[] = {
	{ "SERVICE", .color = COLOR_NAME },
	[CELL_FORWARD] = { "FORWARD", true }, [CELL_BACK] = { "BACK", true },
#define DROP(x)	[CELL_DROPS - 1 + IPSEC_QOS_SERVICE_COUNTER_##x]
	DROP(ACL) = { "ACL", true }, DROP(RATE) = { "RATE", true },
	DROP(FORGED) = { "FORGED", true }, DROP(TTL) = { "TTL", true },
	DROP(MARTIAN) = { "MARTIAN", true }, DROP(POLICY) = { "POLICY", true },
	DROP(MEMORY) = { "MEMORY", true },
#undef DROP
};
_Static_assert(ARRAY_SIZE(counter_columns) == CELL_DROPS + IPSEC_QOS_SERVICE_COUNTER_MAX,
	       "each counter has a column");

static void counter_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = (struct iq_kernel_service *)arg + i;
	struct iq_kernel_count forward = service_passes(s, false);
	struct iq_kernel_count back = service_passes(s, true);
	int c;

	snprintf(cells[0], CELL_MAX, "%s", s->name);
	format_count(&forward, cells[CELL_FORWARD]);
	format_count(&back, cells[CELL_BACK]);
	for (c = 1; c <= IPSEC_QOS_SERVICE_COUNTER_MAX; c++)
		format_count(&s->counter[c], cells[CELL_DROPS - 1 + c]);
}

/* What one has that is shown by itself */

static const struct column port_columns[] = {
	{ "PORT" }, { "FORWARD", true }, { "BACK", true },
};

static void port_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = arg;

	format_port(&s->ports[i], cells[0]);
	format_count(&s->ports[i].forward, cells[1]);
	format_count(&s->ports[i].back, cells[2]);
}

static const struct column segment_columns[] = {
	{ "SEGMENT", .color = COLOR_NAME }, { "TO", .color = COLOR_ADDR }, { "TO PORT" },
	{ "FROM", .color = COLOR_ADDR }, { "FROM PORTS" },
};

/* What is not said is as it was before. */
static void segment_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = arg;
	const struct iq_kernel_segment *g = &s->segments[i];
	int c;

	name_of(&device_names, g->device, cells[0]);
	for (c = 1; c < (int)ARRAY_SIZE(segment_columns); c++)
		strcpy(cells[c], "-");
	if (g->to.family)
		format_addr(&g->to, cells[1]);
	if (g->to_port)
		snprintf(cells[2], CELL_MAX, "%u", g->to_port);
	if (g->from.family)
		format_addr(&g->from, cells[3]);
	if (g->n_from_ports)
		format_port_list(g->from_ports, g->n_from_ports, cells[4], CELL_MAX);
}

static const struct column rule_columns[] = {
	{ "RULE" }, { "CLIENT", .color = COLOR_ADDR }, { "DEV" }, { "PACKETS", true },
};

static void rule_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = arg;
	const struct iq_kernel_acl *a = &s->acl[i];

	strcpy(cells[0], a->allow ? "allow" : "deny");
	if (a->addr.family)
		format_address(&a->addr, a->len, cells[1]);
	else
		strcpy(cells[1], "any");
	snprintf(cells[2], CELL_MAX, "%s", a->dev[0] ? a->dev : "-");
	format_count(&a->counter, cells[3]);
}

static const struct column override_columns[] = {
	{ "CLIENT", .color = COLOR_ADDR }, { "CHAIN", .color = COLOR_NAME },
};

static void override_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_service *s = arg;

	format_address(&s->overrides[i].addr, s->overrides[i].len, cells[0]);
	name_of(&chain_names, s->overrides[i].chain, cells[1]);
}

static void print_part(const struct column *part, size_t n_columns, size_t n,
		       void (*part_row)(size_t i, char cells[][CELL_MAX], void *arg), void *s)
{
	if (n)
		putchar('\n');
	print_table(part, n_columns, n, part_row, s);
}

static void print_parts(struct iq_kernel_service *s)
{
	print_part(port_columns, ARRAY_SIZE(port_columns), s->n_ports, port_row, s);
	print_part(segment_columns, ARRAY_SIZE(segment_columns), s->n_segments, segment_row, s);
	print_part(rule_columns, ARRAY_SIZE(rule_columns), s->n_acl, rule_row, s);
	print_part(override_columns, ARRAY_SIZE(override_columns), s->n_overrides,
		   override_row, s);
}

/* One, by @key, whose arrays then are the list's; or all of an owner; a STATUS_ */
static int read_wanted(struct iq_kernel_service *key, int owner, UT_array *list)
{
	struct iq_kernel *k = the_kernel();
	int ret;

	if (!k)
		return STATUS_REFUSED;
	if (!key->id && !key->name[0])
		return read_services(k, owner, list);
	ret = iq_kernel_service_get(k, key);
	if (ret)
		return kernel_refused(ret);
	if ((owner < 0 || key->owner == owner) && iq_array_push(list, key))
		return STATUS_OK;
	ret = owner < 0 || key->owner == owner ? kernel_refused(-ENOMEM) : STATUS_OK;
	iq_kernel_service_free(key);
	return ret;
}

static int show(struct args *args)
{
	UT_array list = SERVICE_LIST;
	struct iq_kernel_service key = { 0 };
	bool one = selects(args);
	int owner, ret;
	size_t n;

	if ((one && next_selector(args, &service_names, &key.id, key.name)) ||
	    next_owner(args, &owner))
		return STATUS_USAGE;
	ret = read_wanted(&key, owner, &list);
	n = utarray_len(&list);
	if (!ret && options.json) {
		print_array(utarray_front(&list), n, sizeof(key),
			    one ? whole_json : service_json);
	} else if (!ret) {
		print_table(columns, ARRAY_SIZE(columns), n, row, utarray_front(&list));
		print_part(counter_columns, ARRAY_SIZE(counter_columns), n, counter_row,
			   utarray_front(&list));
		if (one && n)
			print_parts((void *)utarray_front(&list));
	}
	utarray_done(&list);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change }, { "replace", replace },
	{ "delete", del }, { "trace", service_trace },
};

const struct object service_object = { .usage = usage, VERBS(verbs) };
