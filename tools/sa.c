// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos sa: which SA's packets belong to which group.
 */
#include <inttypes.h>
#include <stdio.h>

#include "element.h"
#include "entry.h"
#include "whose.h"

static const char usage[] =
"Usage: ipsec-qos sa { add | replace } KEY WHOSE [ lifetime SECONDS ]\n"
"       ipsec-qos sa change KEY [ group { GROUP | none } ] [ element { ELEMENT | none } ]\n"
"                    [ lifetime { SECONDS | none } ]\n"
"       ipsec-qos sa del KEY\n"
"       ipsec-qos sa show [ FILTER ]\n"
"       ipsec-qos sa flush [ FILTER ]\n"
"KEY := dst ADDRESS spi SPI [ proto { esp | ah } ]\n"
"WHOSE := [ group GROUP ] [ element ELEMENT ], one of them at least\n"
"FILTER := [ dst ADDRESS ] [ spi SPI ] [ proto { esp | ah } ] [ group GROUP ]\n"
"          [ element ELEMENT ] [ family { inet | inet6 } ]\n"
"          [ owner { static | daemon } ]\n"
"GROUP, ELEMENT := { [ name ] NAME | id N }\n";

enum { KEY_DST, KEY_SPI, KEY_PROTO, KEY_GROUP, KEY_LIFETIME, KEY_FAMILY,
       KEY_OWNER, KEY_ELEMENT };

static const char *const keywords[] = {
	[KEY_DST] = "dst", [KEY_SPI] = "spi", [KEY_PROTO] = "proto",
	[KEY_GROUP] = "group", [KEY_LIFETIME] = "lifetime",
	[KEY_FAMILY] = "family", [KEY_OWNER] = "owner", [KEY_ELEMENT] = "element",
};

static struct iq_sa *sa_of(struct iq_kernel_entry *entry)
{
	return (struct iq_sa *)entry;
}

static const struct iq_sa *const_sa_of(const struct iq_kernel_entry *entry)
{
	return (const struct iq_sa *)entry;
}

static int read_sa(unsigned int keyword, const char *value, struct iq_kernel_entry *entry)
{
	struct iq_sa *sa = sa_of(entry);
	uint8_t family = sa->dst.family;

	switch (keyword) {
	case KEY_DST:
		if (parse_addr(value, &sa->dst))
			return bad_value("dst", value, EXPECT_ADDR);
		break;
	case KEY_SPI:
		return read_spi(value, &sa->spi);
	case KEY_PROTO:
		if (parse_proto(value, &sa->proto))
			return bad_value("proto", value, EXPECT_PROTO);
		break;
	case KEY_FAMILY:
		if (parse_family(value, &sa->dst.family))
			return bad_value("family", value, EXPECT_FAMILY);
		break;
	}
	if (family && family != sa->dst.family)
		return usage_error("dst is no address of family %s: expected one that is",
				   family_name(keyword == KEY_DST ? family : sa->dst.family));
	return STATUS_OK;
}

static uint32_t *element_of(struct iq_kernel_entry *entry)
{
	return &sa_of(entry)->element;
}

static int complete_sa(unsigned int seen, struct iq_kernel_entry *entry)
{
	if (!(seen & SEEN(KEY_DST)))
		return usage_error("the SA's destination is missing: dst ADDRESS");
	if (!(seen & SEEN(KEY_SPI)))
		return usage_error("the SA's SPI is missing: spi SPI");
	if (!(seen & SEEN(KEY_PROTO)))
		sa_of(entry)->proto = IPPROTO_ESP;
	return STATUS_OK;
}

static int check_sa(const struct iq_kernel_entry *entry)
{
	const struct iq_addr *dst = &const_sa_of(entry)->dst;
	const char *why = no_destination(dst);
	char text[FORMAT_MAX];

	return why ? usage_error("dst %s %s", format_addr(dst, text), why) : STATUS_OK;
}

static void restate_sa(struct iq_kernel_entry *entry)
{
	sa_of(entry)->flags &= IPSEC_QOS_SA_F_PENDING;
}

static json_t *key_json(const struct iq_kernel_entry *entry)
{
	const struct iq_sa *sa = const_sa_of(entry);
	char dst[FORMAT_MAX];

	return json_pack("{s:s, s:s, s:I, s:s}",
			 "family", family_name(sa->dst.family),
			 "dst", format_addr(&sa->dst, dst),
			 "spi", (json_int_t)sa->spi,
			 "proto", proto_name(sa->proto));
}

static void more_json(const struct iq_kernel_entry *entry, json_t *json)
{
	const char *identity = whose_sa(const_sa_of(entry));
	uint32_t element = const_sa_of(entry)->element;
	uint32_t flags = const_sa_of(entry)->flags;

	if (element)
		json_object_set_new(json, "element", name_or_null(&element_names, element));
	if (identity)
		json_object_set_new(json, "identity", json_string(identity));
	if (flags & IPSEC_QOS_SA_F_PENDING)
		json_object_set_new(json, "pending", json_true());
	if (flags & IPSEC_QOS_SA_F_LOCAL)
		json_object_set_new(json, "local", json_true());
}

static const struct column columns[] = {
	{ "DST", .color = COLOR_ADDR }, { "SPI" }, { "PROTO" }, ENTRY_COLUMNS,
	{ "STATE" }, { "ELEMENT", .color = COLOR_NAME }, { "IDENTITY" },
};

static void key_cells(const struct iq_kernel_entry *entry, char cells[][CELL_MAX])
{
	const struct iq_sa *sa = const_sa_of(entry);

	format_addr(&sa->dst, cells[0]);
	snprintf(cells[1], CELL_MAX, "0x%08" PRIx32, sa->spi);
	snprintf(cells[2], CELL_MAX, "%s", proto_name(sa->proto));
}

static void more_cells(const struct iq_kernel_entry *entry, char cells[][CELL_MAX])
{
	const char *identity = whose_sa(const_sa_of(entry));
	uint32_t flags = const_sa_of(entry)->flags;

	snprintf(cells[0], CELL_MAX, "%s",
		 flags & IPSEC_QOS_SA_F_PENDING ? "pending" :
		 flags & IPSEC_QOS_SA_F_LOCAL ? "local" : "-");
	name_of(&element_names, const_sa_of(entry)->element, cells[1]);
	format_whose(identity, cells[2]);
}

const struct entry_type sa_type = {
	.table = IQ_TABLE_SA,
	.name = "SA",
	.keywords = keywords,
	.n_keywords = ARRAY_SIZE(keywords),
	.group = KEY_GROUP,
	.lifetime = KEY_LIFETIME,
	.owner = KEY_OWNER,
	.element = KEY_ELEMENT,
	.key = SEEN(KEY_DST) | SEEN(KEY_SPI) | SEEN(KEY_PROTO),
	.filter = SEEN(KEY_DST) | SEEN(KEY_SPI) | SEEN(KEY_PROTO) |
		  SEEN(KEY_GROUP) | SEEN(KEY_FAMILY) | SEEN(KEY_OWNER) |
		  SEEN(KEY_ELEMENT),
	.read = read_sa,
	.element_of = element_of,
	.complete = complete_sa,
	.check = check_sa,
	.restate = restate_sa,
	.learn = whose_learn_sas,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.n_key = 3,
	.key_cells = key_cells,
	.more_cells = more_cells,
	.key_json = key_json,
	.more_json = more_json,
};

const struct object sa_object = {
	.usage = usage, .entries = &sa_type,
	.verbs = entry_verbs, .n_verbs = ENTRY_VERBS,
};
