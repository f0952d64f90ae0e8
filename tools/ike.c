// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos ike: which IKE SA's packets belong to which group.
 */
#include "entry.h"

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

static int read_ike(unsigned int keyword, const char *value, struct iq_kernel_entry *entry)
{
	struct iq_ike *ike = (struct iq_ike *)entry;

	switch (keyword) {
	case KEY_SPI_I:
		/* RFC 7296 section 3.1: it is never zero */
		if (parse_ike_spi(value, 'i', &ike->spi_i) || !ike->spi_i)
			return bad_value("spi-i", value, EXPECT_IKE_SPI ", not all 0");
		break;
	case KEY_SPI_R:
		if (parse_ike_spi(value, 'r', &ike->spi_r))
			return bad_value("spi-r", value, EXPECT_IKE_SPI);
		ike->has_spi_r = true;
		break;
	}
	return STATUS_OK;
}

static int complete_ike(unsigned int seen, struct iq_kernel_entry *entry)
{
	if (!(seen & SEEN(KEY_SPI_I)))
		return usage_error("the initiator's SPI is missing: spi-i SPI");
	return STATUS_OK;
}

static json_t *key_json(const struct iq_kernel_entry *entry)
{
	const struct iq_ike *ike = (const struct iq_ike *)entry;
	char spi_i[FORMAT_MAX], spi_r[FORMAT_MAX];

	return json_pack("{s:s, s:s}", "spi_i", format_ike_spi(ike->spi_i, spi_i),
			 "spi_r", format_ike_spi(ike->spi_r, spi_r));
}

static const struct column columns[] = {
	{ "INITIATOR SPI", .color = COLOR_ADDR },
	{ "RESPONDER SPI", .color = COLOR_ADDR }, ENTRY_COLUMNS,
};

static void key_cells(const struct iq_kernel_entry *entry, char cells[][CELL_MAX])
{
	const struct iq_ike *ike = (const struct iq_ike *)entry;

	format_ike_spi(ike->spi_i, cells[0]);
	format_ike_spi(ike->spi_r, cells[1]);
}

const struct entry_type ike_type = {
	.table = IQ_TABLE_IKE,
	.name = "IKE SA",
	.keywords = keywords,
	.n_keywords = ARRAY_SIZE(keywords),
	.group = KEY_GROUP,
	.lifetime = KEY_LIFETIME,
	.owner = KEY_OWNER,
	.key = SEEN(KEY_SPI_I) | SEEN(KEY_SPI_R),
	.filter = SEEN(KEY_SPI_I) | SEEN(KEY_SPI_R) | SEEN(KEY_GROUP) |
		  SEEN(KEY_OWNER),
	.read = read_ike,
	.complete = complete_ike,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.n_key = 2,
	.key_cells = key_cells,
	.key_json = key_json,
};

const struct object ike_object = {
	.usage = usage, .entries = &ike_type,
	.verbs = entry_verbs, .n_verbs = ENTRY_VERBS,
};
