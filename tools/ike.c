// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos ike: which IKE SA's packets belong to which group.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "group.h"
#include "ike.h"

static const char usage[] =
"Usage: ipsec-qos ike { add | replace } KEY group GROUP [ lifetime SECONDS ]\n"
"       ipsec-qos ike change KEY [ group GROUP ] [ lifetime { SECONDS | none } ]\n"
"       ipsec-qos ike del KEY\n"
"       ipsec-qos ike show [ FILTER ]\n"
"       ipsec-qos ike flush [ FILTER ]\n"
"KEY := spi-i SPI [ spi-r SPI ]\n"
"FILTER := [ spi-i SPI ] [ spi-r SPI ] [ group GROUP ]\n"
"          [ owner { static | daemon } ]\n"
"GROUP := { [ name ] NAME | id N }\n"
"SPI: 16 hexadecimal digits, as swanctl prints them\n";

enum { KEY_SPI_I, KEY_SPI_R, KEY_GROUP, KEY_LIFETIME, KEY_OWNER };

static const char *const keywords[] = {
	[KEY_SPI_I] = "spi-i", [KEY_SPI_R] = "spi-r", [KEY_GROUP] = "group",
	[KEY_LIFETIME] = "lifetime", [KEY_OWNER] = "owner",
};

#define SEEN(x)		(1U << (x))
#define ENTRY_KEY	(SEEN(KEY_SPI_I) | SEEN(KEY_SPI_R))
#define ENTRY		(ENTRY_KEY | SEEN(KEY_GROUP) | SEEN(KEY_LIFETIME))
#define FILTER		(ENTRY_KEY | SEEN(KEY_GROUP) | SEEN(KEY_OWNER))

/* Take what follows the verb; bits of @allowed say which keywords may. */
static int next_ike(struct args *args, struct iq_ike *ike, unsigned int allowed,
		    unsigned int *seen)
{
	unsigned int i;
	int ret;

	*ike = (struct iq_ike){ .owner = -1 };
	*seen = 0;
	while ((ret = next_keyword(args, keywords, ARRAY_SIZE(keywords), seen,
				   &i)) > 0) {
		const char *value;

		if (!(allowed & SEEN(i)))
			return usage_error("%s does not belong here", keywords[i]);
		if (i == KEY_GROUP) {
			ret = next_group(args, &ike->group);
			if (ret)
				return ret;
			continue;
		}
		value = next_value(args, keywords[i]);
		if (!value)
			return STATUS_USAGE;
		switch (i) {
		case KEY_SPI_I:
			/* RFC 7296 section 3.1: it is never zero */
			if (parse_ike_spi(value, 'i', &ike->spi_i) || !ike->spi_i)
				return bad_value("spi-i", value, EXPECT_IKE_SPI
						 ", not all 0");
			break;
		case KEY_SPI_R:
			if (parse_ike_spi(value, 'r', &ike->spi_r))
				return bad_value("spi-r", value, EXPECT_IKE_SPI);
			ike->has_spi_r = true;
			break;
		case KEY_LIFETIME:
			if (parse_lifetime(value, &ike->lifetime))
				return bad_value("lifetime", value,
						 EXPECT_LIFETIME);
			break;
		case KEY_OWNER:
			if (parse_owner(value, &ike->owner))
				return bad_value("owner", value, EXPECT_OWNER);
			break;
		}
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

/* As next_ike(), with the whole key. */
static int next_entry(struct args *args, struct iq_ike *ike,
		      unsigned int allowed, unsigned int *seen)
{
	int status = next_ike(args, ike, allowed, seen);

	if (status)
		return status;
	if (!(*seen & SEEN(KEY_SPI_I)))
		return usage_error("the initiator's SPI is missing: spi-i SPI");
	return STATUS_OK;
}

static int new_ike(struct args *args, int nlflags)
{
	unsigned int seen;
	struct iq_ike ike;
	int status = next_entry(args, &ike, ENTRY, &seen);

	if (status)
		return status;
	if (!(seen & SEEN(KEY_GROUP)))
		return usage_error("the IKE SA's group is missing: group GROUP");
	return send_entry(ENTRY_IKE_NEW, nlflags, &ike);
}

static int add(struct args *args)
{
	return new_ike(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_ike(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_ike ike, now;
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_entry(args, &ike, ENTRY, &seen);

	if (ret)
		return ret;
	if (!(seen & (SEEN(KEY_GROUP) | SEEN(KEY_LIFETIME))))
		return usage_error("what is to change? group or lifetime");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	now = ike;
	ret = iq_kernel_ike_get(k, &now);
	if (ret)
		return kernel_refused(ret);
	if (seen & SEEN(KEY_GROUP))
		now.group = ike.group;
	if (seen & SEEN(KEY_LIFETIME))
		now.lifetime = ike.lifetime;
	ret = iq_kernel_ike_new(k, &now, 1, now.owner, NLM_F_REPLACE);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int del(struct args *args)
{
	unsigned int seen;
	struct iq_ike ike;
	int status = next_entry(args, &ike, ENTRY_KEY, &seen);

	return status ? status : send_entry(ENTRY_IKE_DELETE, 0, &ike);
}

json_t *ike_json(const void *item)
{
	const struct iq_ike *ike = item;
	char spi_i[FORMAT_MAX], spi_r[FORMAT_MAX], group[FORMAT_MAX];
	json_t *json;

	json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}",
			 "spi_i", format_ike_spi(ike->spi_i, spi_i),
			 "spi_r", format_ike_spi(ike->spi_r, spi_r),
			 "group", group_name(ike->group, group),
			 "group_id", (json_int_t)ike->group,
			 "packets", (json_int_t)ike->count.packets,
			 "bytes", (json_int_t)ike->count.bytes,
			 "owner", owner_name(ike->owner));
	if (ike->lifetime)
		json_object_set_new(json, "lifetime", json_integer(ike->lifetime));
	return json;
}

static const struct column columns[] = {
	{ "INITIATOR SPI", .color = COLOR_ADDR },
	{ "RESPONDER SPI", .color = COLOR_ADDR },
	{ "GROUP", .color = COLOR_NAME }, { "PACKETS", true }, { "BYTES", true },
	{ "LIFETIME", true }, { "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_ike *ike = (struct iq_ike *)arg + i;

	format_ike_spi(ike->spi_i, cells[0]);
	format_ike_spi(ike->spi_r, cells[1]);
	group_name(ike->group, cells[2]);
	snprintf(cells[3], CELL_MAX, "%" PRIu64, ike->count.packets);
	format_bytes(ike->count.bytes, cells[4]);
	format_lifetime(ike->lifetime, cells[5]);
	snprintf(cells[6], CELL_MAX, "%s", owner_name(ike->owner));
}

static int collect(const struct iq_ike *ike, void *arg)
{
	return iq_array_push(arg, ike) ? 0 : -ENOMEM;
}

static int show(struct args *args)
{
	struct iq_ike filter;
	UT_array list = IQ_ARRAY(struct iq_ike);
	int ret, tries = 0;
	struct iq_kernel *k;
	unsigned int seen;

	ret = next_ike(args, &filter, FILTER, &seen);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	do {
		utarray_clear(&list);
		ret = iq_kernel_ike_dump(k, &filter, collect, &list);
	} while (dump_again(ret, &tries));
	if (ret && ret != -EINTR) {
		utarray_done(&list);
		return kernel_refused(ret);
	}

	if (options.json)
		print_array(utarray_front(&list), utarray_len(&list),
			    sizeof(struct iq_ike), ike_json);
	else
		print_table(columns, ARRAY_SIZE(columns), utarray_len(&list), row,
			    utarray_front(&list));
	utarray_done(&list);
	return STATUS_OK;
}

static int flush(struct args *args)
{
	struct iq_ike filter;
	struct iq_kernel *k;
	unsigned int seen;
	uint32_t count;
	int ret = next_ike(args, &filter, FILTER, &seen);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_ike_flush(k, &filter, &count);
	return ret ? kernel_refused(ret) : print_removed(count);
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add, true }, { "change", change },
	{ "replace", replace, true }, { "delete", del, true },
	{ "flush", flush },
};

const struct object ike_object = { .usage = usage, VERBS(verbs) };
