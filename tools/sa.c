// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos sa: which SA's packets belong to which group.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "group.h"
#include "sa.h"

static const char usage[] =
"Usage: ipsec-qos sa { add | replace } KEY group GROUP [ lifetime SECONDS ]\n"
"       ipsec-qos sa change KEY [ group GROUP ] [ lifetime { SECONDS | none } ]\n"
"       ipsec-qos sa del KEY\n"
"       ipsec-qos sa show [ FILTER ]\n"
"       ipsec-qos sa flush [ FILTER ]\n"
"KEY := dst ADDRESS spi SPI [ proto { esp | ah } ]\n"
"FILTER := [ dst ADDRESS ] [ spi SPI ] [ proto { esp | ah } ] [ group GROUP ]\n"
"          [ family { inet | inet6 } ] [ owner { static | daemon } ]\n"
"GROUP := { [ name ] NAME | id N }\n";

enum { KEY_DST, KEY_SPI, KEY_PROTO, KEY_GROUP, KEY_LIFETIME, KEY_FAMILY,
       KEY_OWNER };

static const char *const keywords[] = {
	[KEY_DST] = "dst", [KEY_SPI] = "spi", [KEY_PROTO] = "proto",
	[KEY_GROUP] = "group", [KEY_LIFETIME] = "lifetime",
	[KEY_FAMILY] = "family", [KEY_OWNER] = "owner",
};

#define SEEN(x)		(1U << (x))
#define ENTRY		(SEEN(KEY_DST) | SEEN(KEY_SPI) | SEEN(KEY_PROTO) | \
			 SEEN(KEY_GROUP) | SEEN(KEY_LIFETIME))
#define ENTRY_KEY	(SEEN(KEY_DST) | SEEN(KEY_SPI) | SEEN(KEY_PROTO))
#define FILTER		(ENTRY_KEY | SEEN(KEY_GROUP) | SEEN(KEY_FAMILY) | \
			 SEEN(KEY_OWNER))

/* Take what follows the verb; bits of @allowed say which keywords may. */
static int next_sa(struct args *args, struct iq_sa *sa, unsigned int allowed,
		   unsigned int *seen)
{
	char meant[FORMAT_MAX];
	unsigned int i;
	int ret;

	*sa = (struct iq_sa){ .owner = -1 };
	*seen = 0;
	while ((ret = next_keyword(args, keywords, ARRAY_SIZE(keywords), seen,
				   &i)) > 0) {
		const char *value;

		if (!(allowed & SEEN(i)))
			return usage_error("%s does not belong here", keywords[i]);
		if (i == KEY_GROUP) {
			ret = next_group(args, &sa->group);
			if (ret)
				return ret;
			continue;
		}
		value = next_value(args, keywords[i]);
		if (!value)
			return STATUS_USAGE;
		switch (i) {
		case KEY_DST: {
			uint8_t family = sa->dst.family;

			if (parse_addr(value, &sa->dst))
				return bad_value("dst", value, EXPECT_ADDR);
			if (family && family != sa->dst.family)
				return usage_error("dst is not of that family");
			break;
		}
		case KEY_SPI:
			if (!parse_spi(value, &sa->spi))
				break;
			if (guess_spi(value, meant))
				return usage_error("argument \"%s\" is wrong: spi takes " EXPECT_SPI "; did you mean %s?",
						   value, meant);
			return bad_value("spi", value, EXPECT_SPI);
		case KEY_PROTO:
			if (parse_proto(value, &sa->proto))
				return bad_value("proto", value, EXPECT_PROTO);
			break;
		case KEY_LIFETIME:
			if (parse_lifetime(value, &sa->lifetime))
				return bad_value("lifetime", value,
						 EXPECT_LIFETIME);
			break;
		case KEY_FAMILY: {
			uint8_t family;

			if (parse_family(value, &family))
				return bad_value("family", value, EXPECT_FAMILY);
			if (sa->dst.family && family != sa->dst.family)
				return usage_error("dst is not of that family");
			sa->dst.family = family;
			break;
		}
		case KEY_OWNER:
			if (parse_owner(value, &sa->owner))
				return bad_value("owner", value, EXPECT_OWNER);
			break;
		}
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

/* As next_sa(), with the whole key. */
static int next_entry(struct args *args, struct iq_sa *sa, unsigned int allowed,
		      unsigned int *seen)
{
	int status = next_sa(args, sa, allowed, seen);

	if (status)
		return status;
	if (!(*seen & SEEN(KEY_DST)))
		return usage_error("the SA's destination is missing: dst ADDRESS");
	if (!(*seen & SEEN(KEY_SPI)))
		return usage_error("the SA's SPI is missing: spi SPI");
	if (!sa->proto)
		sa->proto = IPPROTO_ESP;
	return STATUS_OK;
}

static int new_sa(struct args *args, int nlflags)
{
	char text[FORMAT_MAX];
	unsigned int seen;
	const char *why;
	struct iq_sa sa;
	int status = next_entry(args, &sa, ENTRY, &seen);

	if (status)
		return status;
	if (!(seen & SEEN(KEY_GROUP)))
		return usage_error("the SA's group is missing: group GROUP");
	why = no_destination(&sa.dst);
	if (why)
		return usage_error("dst %s %s", format_addr(&sa.dst, text), why);
	return send_entry(ENTRY_SA_NEW, nlflags, &sa);
}

static int add(struct args *args)
{
	return new_sa(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_sa(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_sa sa, now;
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_entry(args, &sa, ENTRY, &seen);

	if (ret)
		return ret;
	if (!(seen & (SEEN(KEY_GROUP) | SEEN(KEY_LIFETIME))))
		return usage_error("what is to change? group or lifetime");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	now = sa;
	ret = iq_kernel_sa_get(k, &now);
	if (ret)
		return kernel_refused(ret);
	if (seen & SEEN(KEY_GROUP))
		now.group = sa.group;
	if (seen & SEEN(KEY_LIFETIME))
		now.lifetime = sa.lifetime;
	now.flags &= IPSEC_QOS_SA_F_PENDING;
	ret = iq_kernel_sa_new(k, &now, 1, now.owner, NLM_F_REPLACE);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int del(struct args *args)
{
	unsigned int seen;
	struct iq_sa sa;
	int status = next_entry(args, &sa, ENTRY_KEY, &seen);

	return status ? status : send_entry(ENTRY_SA_DELETE, 0, &sa);
}

json_t *sa_json(const void *item)
{
	const struct iq_sa *sa = item;
	char dst[FORMAT_MAX], group[FORMAT_MAX];
	json_t *json;

	json = json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:s}",
			 "family", family_name(sa->dst.family),
			 "dst", format_addr(&sa->dst, dst),
			 "spi", (json_int_t)sa->spi,
			 "proto", proto_name(sa->proto),
			 "group", group_name(sa->group, group),
			 "group_id", (json_int_t)sa->group,
			 "packets", (json_int_t)sa->count.packets,
			 "bytes", (json_int_t)sa->count.bytes,
			 "owner", owner_name(sa->owner));
	if (sa->lifetime)
		json_object_set_new(json, "lifetime", json_integer(sa->lifetime));
	if (sa->flags & IPSEC_QOS_SA_F_PENDING)
		json_object_set_new(json, "pending", json_true());
	if (sa->flags & IPSEC_QOS_SA_F_LOCAL)
		json_object_set_new(json, "local", json_true());
	return json;
}

static const struct column columns[] = {
	{ "DST", .color = COLOR_ADDR }, { "SPI" }, { "PROTO" },
	{ "GROUP", .color = COLOR_NAME }, { "PACKETS", true }, { "BYTES", true },
	{ "LIFETIME", true }, { "OWNER" }, { "STATE" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_sa *sa = (struct iq_sa *)arg + i;

	format_addr(&sa->dst, cells[0]);
	snprintf(cells[1], CELL_MAX, "0x%08" PRIx32, sa->spi);
	snprintf(cells[2], CELL_MAX, "%s", proto_name(sa->proto));
	group_name(sa->group, cells[3]);
	snprintf(cells[4], CELL_MAX, "%" PRIu64, sa->count.packets);
	format_bytes(sa->count.bytes, cells[5]);
	format_lifetime(sa->lifetime, cells[6]);
	snprintf(cells[7], CELL_MAX, "%s", owner_name(sa->owner));
	snprintf(cells[8], CELL_MAX, "%s",
		 sa->flags & IPSEC_QOS_SA_F_PENDING ? "pending" :
		 sa->flags & IPSEC_QOS_SA_F_LOCAL ? "local" : "-");
}

static int collect(const struct iq_sa *sa, void *arg)
{
	return iq_array_push(arg, sa) ? 0 : -ENOMEM;
}

static int show(struct args *args)
{
	int ret, tries = 0;
	UT_array list = IQ_ARRAY(struct iq_sa);
	struct iq_sa filter;
	struct iq_kernel *k;
	unsigned int seen;

	ret = next_sa(args, &filter, FILTER, &seen);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	do {
		utarray_clear(&list);
		ret = iq_kernel_sa_dump(k, &filter, collect, &list);
	} while (dump_again(ret, &tries));
	if (ret && ret != -EINTR) {
		utarray_done(&list);
		return kernel_refused(ret);
	}

	if (options.json)
		print_array(utarray_front(&list), utarray_len(&list),
			    sizeof(struct iq_sa), sa_json);
	else
		print_table(columns, ARRAY_SIZE(columns), utarray_len(&list), row,
			    utarray_front(&list));
	utarray_done(&list);
	return STATUS_OK;
}

static int flush(struct args *args)
{
	struct iq_sa filter;
	struct iq_kernel *k;
	unsigned int seen;
	uint32_t count;
	int ret = next_sa(args, &filter, FILTER, &seen);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_sa_flush(k, &filter, &count);
	return ret ? kernel_refused(ret) : print_removed(count);
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add, true }, { "change", change },
	{ "replace", replace, true }, { "delete", del, true },
	{ "flush", flush },
};

const struct object sa_object = { .usage = usage, VERBS(verbs) };
