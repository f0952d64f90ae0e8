// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a group is made of, as a person writes it.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <linux/ipsec_qos.h>

#include "lib/value.h"

static int read_u32(const char *text, char **end, uint32_t *value)
{
	unsigned long long n;

	/* strtoull() would take blanks and signs */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, end, 0);
	if (errno || n > UINT32_MAX)
		return -EINVAL;
	*value = n;
	return 0;
}

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	uint32_t n;
	char *end;

	if (read_u32(text, &end, &n) || *end || n < min || n > max)
		return -EINVAL;
	*value = n;
	return 0;
}

int parse_mark(const char *text, uint32_t *mark, uint32_t *mask)
{
	uint32_t value, bits = UINT32_MAX;
	char *end;

	if (read_u32(text, &end, &value) ||
	    (*end == '/' && read_u32(end + 1, &end, &bits)) || *end)
		return -EINVAL;
	*mark = value;
	*mask = bits;
	return (value & ~bits) || !bits ? -ERANGE : 0;
}

int parse_classid(const char *text, uint32_t *classid)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t major = strspn(text, hex), minor;
	const char *rest = text + major;
	uint32_t value;

	if (major < 1 || major > 4 || *rest++ != ':')
		return -EINVAL;
	minor = strspn(rest, hex);
	if (minor > 4 || rest[minor])
		return -EINVAL;
	value = strtoul(text, NULL, 16) << 16 | strtoul(rest, NULL, 16);
	if (!value)
		return -EINVAL;
	*classid = value;
	return 0;
}

int parse_mac(const char *text, uint8_t mac[6])
{
	static const uint8_t none[6];
	char *end;
	int i;

	for (i = 0; i < 6; i++, text = end + 1) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return -EINVAL;
		mac[i] = strtoul(text, &end, 16);
		if (end != text + 2 || *end != (i < 5 ? ':' : '\0'))
			return -EINVAL;
	}
	return mac[0] & 1 || !memcmp(mac, none, sizeof(none)) ? -EINVAL : 0;
}

const char *format_mac(const uint8_t mac[6], char *buf)
{
	snprintf(buf, FORMAT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}

static const struct {
	const char *name;
	int dscp;
} dscp_names[] = {
	{ "cs0", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 },
	{ "cs4", 32 }, { "cs5", 40 }, { "cs6", 48 }, { "cs7", 56 },
	{ "af11", 10 }, { "af12", 12 }, { "af13", 14 },
	{ "af21", 18 }, { "af22", 20 }, { "af23", 22 },
	{ "af31", 26 }, { "af32", 28 }, { "af33", 30 },
	{ "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	{ "ef", 46 }, { "va", 44 }, { "le", 1 },
};

#define N_DSCP_NAMES	(sizeof(dscp_names) / sizeof(dscp_names[0]))

int parse_dscp(const char *text, int *dscp)
{
	uint32_t n;
	size_t i;

	for (i = 0; i < N_DSCP_NAMES; i++) {
		if (!strcasecmp(text, dscp_names[i].name)) {
			*dscp = dscp_names[i].dscp;
			return 0;
		}
	}
	if (parse_u32(text, 0, 63, &n))
		return -EINVAL;
	*dscp = n;
	return 0;
}

bool valid_name(const char *text)
{
	size_t len = strlen(text);

	return len && len < IPSEC_QOS_NAME_MAX && *text != '.' &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

const char *format_mark(uint32_t mark, uint32_t mask, char *buf)
{
	if (mask == UINT32_MAX)
		snprintf(buf, FORMAT_MAX, "0x%" PRIx32, mark);
	else
		snprintf(buf, FORMAT_MAX, "0x%" PRIx32 "/0x%" PRIx32, mark, mask);
	return buf;
}

const char *format_classid(uint32_t classid, char *buf)
{
	if (classid)
		snprintf(buf, FORMAT_MAX, "%" PRIx32 ":%" PRIx32, classid >> 16,
			 classid & 0xffff);
	else
		snprintf(buf, FORMAT_MAX, "-");
	return buf;
}

const char *format_dscp(int dscp, char *buf)
{
	size_t i;

	if (dscp < 0) {
		snprintf(buf, FORMAT_MAX, "-");
		return buf;
	}
	snprintf(buf, FORMAT_MAX, "%d", dscp);
	for (i = 0; i < N_DSCP_NAMES; i++)
		if (dscp_names[i].dscp == dscp)
			snprintf(buf, FORMAT_MAX, "%s", dscp_names[i].name);
	return buf;
}
