/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distinguished names as certificates have them, made by chance out of what is awkward
 * in a name.
 */
#ifndef IPSEC_QOS_TESTS_UNIT_DN_CHANCE_H
#define IPSEC_QOS_TESTS_UNIT_DN_CHANCE_H

#include <stdint.h>
#include <string.h>

#include "suite.h"

#define NAME_MAX_BYTES	2048

static uint64_t seed;

static unsigned int chance(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

struct bytes {
	size_t len;
	uint8_t b[NAME_MAX_BYTES];
};

static void put(struct bytes *to, const void *data, size_t len)
{
	ck_assert_uint_le(to->len + len, sizeof(to->b));
	memcpy(to->b + to->len, data, len);
	to->len += len;
}

static void put_element(struct bytes *to, uint8_t tag, const struct bytes *content)
{
	uint8_t head[4] = { tag };
	size_t n = 2;

	if (content->len < 0x80) {
		head[1] = content->len;
	} else if (content->len < 0x100) {
		head[1] = 0x81;
		head[n++] = content->len;
	} else {
		head[1] = 0x82;
		head[n++] = content->len >> 8;
		head[n++] = content->len;
	}
	put(to, head, n);
	put(to, content->b, content->len);
}

static const struct {
	size_t len;
	const char *bytes;
} oids[] = {
	{ 3, "\x55\x04\x03" }, { 3, "\x55\x04\x06" }, { 3, "\x55\x04\x0a" },
	{ 3, "\x55\x04\x0b" }, { 3, "\x55\x04\x05" }, { 3, "\x55\x04\x2d" },
	{ 10, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01" },
	{ 10, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19" },
	{ 9, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01" },
	{ 9, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02" },
	/* organizationIdentifier, businessCategory, jurisdictions, nobody's */
	{ 3, "\x55\x04\x61" }, { 3, "\x55\x04\x0f" },
	{ 11, "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03" },
	{ 5, "\x2a\x83\x08\x8c\x7f" }, { 1, "\x2a" }, { 1, "\xdc" },
	{ 2, "\x2a\x80" }, { 12, "\x2b\x8f\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01" },
};

/* The string types of ASN.1, and what else a value may be. */
static const uint8_t tags[] = {
	0x0c, 0x13, 0x16, 0x0c, 0x13, 0x16, 0x14, 0x1e, 0x1c, 0x12, 0x1a, 0x1b,
	0x15, 0x19, 0x03, 0x04, 0x02, 0x05, 0x30, 0x80,
};

static const char * const pieces[] = {
	"Acme", "Acme", "gw1", ", ", ",", " ", "  ", ", Inc.", "+", "=", "CN=",
	", CN=", ", CN", "/CN=", "/", "+CN=x", "+UID=", ", 55:04:03=", ", 2.5.4.3=",
	"\"", "\\", "\\,", "\\2A", "#", "#0c0141", "#1301", "*", "*.example", "$",
	"^", ";", "<>", "'", "{", "S=", "x=y", "%any", "@", ":", "\t", "\n", "\x1b[1m",
	"\x7f", "\x80", "\xff", "\xc3\xbc", "Z\xc3\xbcrich", "\xe6\x9d\xb1",
	"\xf0\x9f\x94\x92", "\xe2\x80\xae", "\xc0\xaf", "\xed\xa0\x80", "0", "1-2",
};

static void put_value(struct bytes *to)
{
	struct bytes value = {};
	unsigned int n = chance(4), i;
	const char *piece;

	for (i = 0; i < n; i++) {
		piece = pieces[chance(N(pieces))];
		put(&value, piece, strlen(piece));
	}
	if (!chance(8))
		put(&value, "\0", 1);
	if (!chance(40))
		for (i = chance(300); i; i--)
			put(&value, "v", 1);
	put_element(to, tags[chance(N(tags))], &value);
}

static void put_part(struct bytes *to)
{
	struct bytes part = {}, oid = {};
	size_t i = chance(N(oids));

	put(&oid, oids[i].bytes, oids[i].len);
	put_element(&part, 0x06, &oid);
	put_value(&part);
	put_element(to, 0x30, &part);
}

/* The DER of a DN */
static void make_name(struct bytes *name)
{
	struct bytes sets = {};
	unsigned int n = 1 + chance(chance(20) ? 4 : 24), m;

	while (n-- && sets.len < 1200) {
		struct bytes set = {};

		for (m = chance(5) ? 1 : 2 + chance(2); m; m--)
			put_part(&set);
		put_element(&sets, 0x31, &set);
	}
	name->len = 0;
	put_element(name, 0x30, &sets);
}

#endif /* IPSEC_QOS_TESTS_UNIT_DN_CHANCE_H */
