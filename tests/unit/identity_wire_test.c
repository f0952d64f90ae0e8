// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities as they come from a peer: as text, which is read as what it was, and
 * what happens to bytes that no honest peer sends.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "identity_fixture.h"

/* As text */

static const struct {
	uint8_t type;
	size_t len;
	const char *data;
	const char *text;
} formats[] = {
	{ ID_ANY, 0, "", "%any" },
	{ ID_FQDN, 2, "gw", "gw" },
	{ ID_FQDN, 0, "", "" },
	{ ID_FQDN, 6, "a\0b\n\x1b[", "a\\x00b\\x0a\\x1b[" },
	{ ID_USER_FQDN, 4, "\xc3\xbc@b", "\xc3\xbc@b" },
	{ ID_USER_FQDN, 4, "\xc3\x28@b", "email:#c3:28:40:62" },
	{ ID_FQDN, 5, "a\xe2\x80\xae" "b", "fqdn:#61:e2:80:ae:62" },
	{ ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03", "10.1.2.3" },
	{ ID_IPV4_ADDR, 3, "\x0a\x01\x02", "(invalid IPv4 address)" },
	{ ID_IPV4_ADDR, 5, "\x0a\x01\x02\x03\x04", "(invalid IPv4 address)" },
	{ ID_IPV4_ADDR_SUBNET, 8, "\x0a\0\0\0\xff\0\0\0", "10.0.0.0/8" },
	{ ID_IPV4_ADDR_SUBNET, 8, "\x0a\0\0\0\xff\0\xff\0", "(invalid IPv4 subnet)" },
	{ ID_IPV4_ADDR_RANGE, 8, "\x0a\0\0\x01\x0a\0\0\x09", "10.0.0.1-10.0.0.9" },
	{ ID_IPV4_ADDR_RANGE, 8, "\x0a\0\0\x09\x0a\0\0\x01", "(invalid IPv4 range)" },
	{ ID_IPV6_ADDR, 16, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1" },
	{ ID_IPV6_ADDR, 4, "\x0a\x01\x02\x03", "(invalid IPv6 address)" },
	{ ID_IPV6_ADDR_SUBNET, 32,
	  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0",
	  "2001:db8::/32" },
	{ ID_IPV6_ADDR_RANGE, 32,
	  "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02",
	  "fe80::1-fe80::2" },
	{ ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH", "C=CH" },
	{ ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02\xff\0", "C=#1302ff00" },
	{ ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x7f\x13\x02" "CH", "55:04:7f=CH" },
	{ ID_DER_ASN1_DN, 14,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "C", "(invalid ASN.1 DN)" },
	/* two in one SET */
	{ ID_DER_ASN1_DN, 26,
	  "\x30\x18\x31\x16\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH"
	  "\x30\x09\x06\x03\x55\x04\x03\x13\x02" "gw", "C=CH+CN=gw" },
	{ ID_DER_ASN1_DN, 0, "", "(invalid ASN.1 DN)" },
	{ ID_DER_ASN1_GN, 3, "\x82\x01" "a", "asn1gn:#82:01:61" },
	{ ID_KEY_ID, 4, "key1", "keyid:key1" },
	{ ID_KEY_ID, 4, "key\0", "@#6b:65:79:00" },
	{ ID_KEY_ID, 0, "", "keyid:" },
	{ 201, 2, "ab", "{201}:#61:62" },
	{ 201, 0, "", "{201}:" },
};

START_TEST(test_format)
{
	struct identity id;
	char buf[256];
	size_t i;

	ck_assert(!identity_from_wire(formats[_i].type, formats[_i].data,
				      formats[_i].len, &id));
	identity_format(&id, buf, sizeof(buf));
	ck_assert_str_eq(buf, formats[_i].text);

	/* cut off where the buffer ends, and never written behind it */
	for (i = 1; i < sizeof(buf); i++) {
		memset(buf, '#', sizeof(buf));
		identity_format(&id, buf, i);
		ck_assert_uint_lt(strnlen(buf, sizeof(buf)), i);
		ck_assert_int_eq(strncmp(buf, formats[_i].text, strlen(buf)), 0);
		ck_assert_int_eq(buf[i], '#');
	}
	identity_format(&id, NULL, 0);
	identity_clear(&id);
}
END_TEST

/* What is printed is read as what it was. */
static const struct {
	uint8_t type;
	const char *data;
	const char *text;
} back[] = {
	{ ID_FQDN, "gw.example.org", "gw.example.org" },
	{ ID_FQDN, "10.1.2.3", "@10.1.2.3" },
	{ ID_FQDN, "2001:db8::1", "@2001:db8::1" },
	{ ID_FQDN, "1.2.3", "@1.2.3" },
	{ ID_FQDN, "%any", "@%any" },
	{ ID_FQDN, "*", "@*" },
	{ ID_FQDN, "a=b", "fqdn:a=b" },
	{ ID_FQDN, "C=CH", "fqdn:C=CH" },
	{ ID_FQDN, "a@b", "@a@b" },
	{ ID_FQDN, "@a", "fqdn:@a" },
	{ ID_FQDN, "#61", "#61" },
	{ ID_FQDN, "keyid:a", "@keyid:a" },
	{ ID_USER_FQDN, "user@example.org", "user@example.org" },
	{ ID_USER_FQDN, "user", "@@user" },
	{ ID_USER_FQDN, "@user", "@@@user" },
	{ ID_USER_FQDN, "#61", "@@#61" },
	{ ID_IPV4_ADDR, "\x0a\x01\x02\x03", "10.1.2.3" },
	{ ID_DER_ASN1_DN, "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x0c\x02" "CH", "C=CH" },
	{ ID_DER_ASN1_DN, "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" "a,b", "O=a,b" },
	{ ID_DER_ASN1_DN, "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" "a/b", "O=a/b" },
	{ ID_DER_ASN1_GN, "\x82\x01" "a", "asn1gn:#82:01:61" },
	{ ID_DER_ASN1_DN, "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x0a\x0c\x02" "a ",
	  "O=#0c026120" },
	{ ID_DER_ASN1_DN, "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" "\"a\"",
	  "O=#0c03226122" },
	{ ID_DER_ASN1_DN, "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" "\xc3\xbc!",
	  "O=\xc3\xbc!" },
	{ ID_FQDN, "gw.example.", "@gw.example." },
	{ ID_FQDN, "%fromcert", "@%fromcert" },
	{ ID_FQDN, "[GroupVPN]", "[GroupVPN]" },
	{ ID_FQDN, "^gw$", "@^gw$" },
	{ ID_KEY_ID, "^gw$", "@#5e:67:77:24" },
	{ ID_KEY_ID, "key1", "keyid:key1" },
	{ ID_KEY_ID, "group:vpn", "keyid:group:vpn" },
	{ ID_KEY_ID, "#61", "@#23:36:31" },
	{ ID_KEY_ID, "\xff", "@#ff" },
	{ 201, "ab", "{201}:#61:62" },
};

START_TEST(test_read_back)
{
	struct identity id, again;
	char text[256];

	ck_assert(!identity_from_wire(back[_i].type, back[_i].data,
				      strlen(back[_i].data), &id));
	identity_format(&id, text, sizeof(text));
	ck_assert_str_eq(text, back[_i].text);
	parse(text, &again);
	ck_assert_int_eq(again.type, id.type);
	ck_assert_uint_eq(identity_match(&id, &again), IDENTITY_MATCH_EXACT);
	identity_clear(&again);
	identity_clear(&id);
}
END_TEST

/* No address of zeros is any. */
START_TEST(test_read_back_zeros)
{
	static const uint8_t zeros[16];
	struct identity id;
	char text[64];

	ck_assert(!identity_from_wire(ID_IPV4_ADDR, zeros, 4, &id));
	identity_format(&id, text, sizeof(text));
	ck_assert_str_eq(text, "ipv4:#00:00:00:00");
	ck_assert_uint_eq(match(&id, text), IDENTITY_MATCH_EXACT);
	identity_clear(&id);
	ck_assert(!identity_from_wire(ID_IPV6_ADDR, zeros, 16, &id));
	identity_format(&id, text, sizeof(text));
	ck_assert_uint_eq(match(&id, text), IDENTITY_MATCH_EXACT);
	identity_clear(&id);
}
END_TEST

/* What no honest peer sends */

static void never(uint8_t type, const void *data, size_t len)
{
	static const char * const patterns[] = {
		"fqdn:*", "*.example.org", "gw.example.org", "email:*", "0.0.0.0/0",
		"::/0", "0.0.0.0-255.255.255.255", "CN=*", "C=*, CN=*", "C=CH",
		"keyid:x",
	};
	struct identity id;
	char buf[64];
	size_t i;

	ck_assert(!identity_from_wire(type, data, len, &id));
	for (i = 0; i < N(patterns); i++)
		ck_assert_msg(!match(&id, patterns[i]), "%zu bytes of type %d by %s",
			      len, type, patterns[i]);
	if (type != ID_ANY)
		ck_assert_uint_eq(match(&id, "%any"), IDENTITY_MATCH_ANY);
	identity_format(&id, buf, sizeof(buf));
	identity_clear(&id);
}

START_TEST(test_wire)
{
	static const char nul[] = "evil\0.example.org", tail[] = "gw.example.org\0";
	uint8_t bytes[IDENTITY_LEN_MAX + 1];
	struct identity id;
	unsigned int type;
	size_t len;

	never(ID_FQDN, nul, sizeof(nul) - 1);
	never(ID_FQDN, tail, sizeof(tail) - 1);
	never(ID_USER_FQDN, nul, sizeof(nul) - 1);

	/* every type with nothing, and addresses of wrong lengths */
	memset(bytes, 0xff, sizeof(bytes));
	for (type = 0; type <= UINT8_MAX; type++)
		never(type, NULL, 0);
	for (len = 0; len < 40; len++) {
		if (len != 4)
			never(ID_IPV4_ADDR, bytes, len);
		if (len != 16)
			never(ID_IPV6_ADDR, bytes, len);
		never(ID_IPV4_ADDR_SUBNET, bytes, len);
		never(ID_IPV6_ADDR_RANGE, bytes, len);
		never(ID_DER_ASN1_DN, bytes, len);
	}

	ck_assert(!identity_from_wire(ID_KEY_ID, bytes, IDENTITY_LEN_MAX, &id));
	identity_clear(&id);
	ck_assert_int_eq(identity_from_wire(ID_KEY_ID, bytes, sizeof(bytes), &id), -EINVAL);
}
END_TEST

static const char * const bad_dns[] = {
	"3000",					/* no RDN */
	"3002" "3100",				/* an empty SET */
	"300d" "310b" "3009" "06035504061302" "4348" "00",	/* a byte behind it */
	"300e" "310b" "3009" "06035504061302" "4348" "00",	/* the same, inside */
	"310d" "310b" "3009" "06035504061302" "4348",	/* no SEQUENCE */
	"300d" "300b" "3009" "06035504061302" "4348",	/* no SET */
	"300d" "310b" "3109" "06035504061302" "4348",	/* no SEQUENCE in it */
	"300d" "310b" "3009" "05035504061302" "4348",	/* no OID */
	"300b" "3109" "3007" "06000c01" "2a0c00",	/* two values */
	"3009" "3107" "3005" "0603550406",	/* no value */
	"300a" "3108" "3006" "06001302" "4348",	/* an empty OID */
	"300d" "310b" "3009" "06035504061303" "4348",	/* longer than there is */
	"300d" "310b" "300a" "06035504061302" "4348",
	"300d" "310c" "3009" "06035504061302" "4348",
	"3080" "310b" "3009" "06035504061302" "4348" "0000",	/* indefinite */
	"308300000d" "310b" "3009" "06035504061302" "4348",	/* three bytes */
	"30ff" "310b" "3009" "06035504061302" "4348",
	"3081", "3082", "308200", "30", "308400000000",
};

static size_t unhex(const char *hex, uint8_t *buf)
{
	size_t n;

	for (n = 0; hex[2 * n]; n++)
		ck_assert_int_eq(sscanf(hex + 2 * n, "%2hhx", &buf[n]), 1);
	return n;
}

START_TEST(test_bad_dn)
{
	uint8_t buf[64];

	never(ID_DER_ASN1_DN, buf, unhex(bad_dns[_i], buf));
}
END_TEST

/* Lengths in a longer form than they need are odd, but strongSwan reads them. */
START_TEST(test_long_lengths)
{
	uint8_t buf[64];
	struct identity id;
	size_t len;

	len = unhex("3082000e" "310c" "300a" "0603550406" "138102" "4348", buf);
	ck_assert(!identity_from_wire(ID_DER_ASN1_DN, buf, len, &id));
	ck_assert_uint_eq(match(&id, "C=CH"), IDENTITY_MATCH_EXACT);
	ck_assert_uint_eq(level(match(&id, "C=*")), PART);
	identity_clear(&id);
}
END_TEST

/* A DN cut off anywhere is none, and one with any byte changed does no harm. */
START_TEST(test_dn_damaged)
{
	struct identity id, changed;
	unsigned int byte;
	char text[256];
	size_t i;

	parse("C=CH, O=Acme, CN=gw, E=a@b", &id);
	for (i = 0; i < id.len; i++)
		never(ID_DER_ASN1_DN, id.data, i);
	for (i = 0; i < id.len; i++) {
		for (byte = 0; byte <= UINT8_MAX; byte++) {
			ck_assert(!identity_from_wire(ID_DER_ASN1_DN, id.data, id.len,
						      &changed));
			changed.data[i] = byte;
			/* what still matches says the same, but for case */
			identity_format(&changed, text, sizeof(text));
			if (identity_match(&changed, &id))
				ck_assert(!strcasecmp(text, "C=CH, O=Acme, CN=gw, E=a@b"));
			identity_clear(&changed);
		}
	}
	identity_clear(&id);
}
END_TEST

START_TEST(test_type_names)
{
	unsigned int type;

	for (type = 0; type <= ID_KEY_ID; type++)
		ck_assert_str_ne(identity_type_name(type), "unknown");
	ck_assert_str_eq(identity_type_name(ID_KEY_ID + 1), "unknown");
	ck_assert_str_eq(identity_type_name(UINT8_MAX), "unknown");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("identity_wire");

	tcase_add_loop_test(tc, test_format, 0, N(formats));
	tcase_add_loop_test(tc, test_read_back, 0, N(back));
	tcase_add_test(tc, test_read_back_zeros);
	tcase_add_test(tc, test_wire);
	tcase_add_loop_test(tc, test_bad_dn, 0, N(bad_dns));
	tcase_add_test(tc, test_long_lengths);
	tcase_add_test(tc, test_dn_damaged);
	tcase_add_test(tc, test_type_names);

	return run_tests("identity_wire", tc);
}
