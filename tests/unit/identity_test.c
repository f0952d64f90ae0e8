// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities: what a text becomes, which pattern names which identity and how
 * closely, and what happens to bytes that no honest peer sends.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/identity.h"
#include "suite.h"

/* what identity_match() says, but for how close a pattern comes */
enum level { NONE, ANY, PART, EXACT };

static enum level level(unsigned int weight)
{
	if (weight == IDENTITY_MATCH_EXACT)
		return EXACT;
	ck_assert_uint_lt(weight, IDENTITY_MATCH_EXACT);
	return weight > IDENTITY_MATCH_ANY ? PART : weight ? ANY : NONE;
}

static void parse(const char *text, struct identity *id)
{
	const char *why;

	ck_assert_msg(!identity_parse(text, id, &why), "%s: %s", text, why);
}

static unsigned int match(const struct identity *id, const char *pattern)
{
	struct identity p;
	unsigned int ret;

	parse(pattern, &p);
	ret = identity_match(id, &p);
	identity_clear(&p);
	return ret;
}

/* Text to bytes */

static const struct {
	const char *text;
	enum id_type type;
	size_t len;
	const char *data;
} parses[] = {
	{ "%any", ID_ANY, 0, "" },
	{ "%any6", ID_ANY, 0, "" },
	{ "*", ID_ANY, 0, "" },
	{ "0.0.0.0", ID_ANY, 0, "" },
	{ "::", ID_ANY, 0, "" },
	{ "0::0", ID_ANY, 0, "" },
	{ "{0}:", ID_ANY, 0, "" },

	{ "gw.example.org", ID_FQDN, 14, "gw.example.org" },
	{ "@gw.example.org", ID_FQDN, 14, "gw.example.org" },
	{ "@10.0.0.1", ID_FQDN, 8, "10.0.0.1" },
	{ "*.example.org", ID_FQDN, 13, "*.example.org" },
	{ "@*.example.org", ID_FQDN, 13, "*.example.org" },
	{ "fqdn:gw", ID_FQDN, 2, "gw" },
	{ "FQDN:gw", ID_FQDN, 2, "gw" },
	{ "dns:gw", ID_FQDN, 2, "gw" },
	{ "dns:#6777", ID_FQDN, 2, "gw" },
	{ "fqdn:*", ID_FQDN, 1, "*" },
	{ "fqdn:a@b", ID_FQDN, 3, "a@b" },
	{ "{2}:gw", ID_FQDN, 2, "gw" },
	{ "1234", ID_FQDN, 4, "1234" },
	{ "customer-a", ID_FQDN, 10, "customer-a" },
	{ "a/b", ID_FQDN, 3, "a/b" },

	{ "piper99@www.cisco.com", ID_USER_FQDN, 21, "piper99@www.cisco.com" },
	{ "*@example.org", ID_USER_FQDN, 13, "*@example.org" },
	{ "@@user@example.org", ID_USER_FQDN, 16, "user@example.org" },
	{ "@@user", ID_USER_FQDN, 4, "user" },
	{ "rfc822:user", ID_USER_FQDN, 4, "user" },
	{ "email:user", ID_USER_FQDN, 4, "user" },
	{ "userfqdn:user", ID_USER_FQDN, 4, "user" },
	{ "{3}:user", ID_USER_FQDN, 4, "user" },

	{ "10.1.2.3", ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03" },
	{ "ipv4:10.1.2.3", ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03" },
	{ "ipv4:#0a010203", ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03" },
	{ "{1}:10.1.2.3", ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03" },
	{ "{0x1}:10.1.2.3", ID_IPV4_ADDR, 4, "\x0a\x01\x02\x03" },
	{ "ipv4:0.0.0.0", ID_IPV4_ADDR, 4, "\0\0\0\0" },
	{ "10.1.2.3/8", ID_IPV4_ADDR_SUBNET, 8, "\x0a\0\0\0\xff\0\0\0" },
	{ "10.1.2.3/32", ID_IPV4_ADDR_SUBNET, 8, "\x0a\x01\x02\x03\xff\xff\xff\xff" },
	{ "10.255.2.3/12", ID_IPV4_ADDR_SUBNET, 8, "\x0a\xf0\0\0\xff\xf0\0\0" },
	{ "0.0.0.0/0", ID_IPV4_ADDR_SUBNET, 8, "\0\0\0\0\0\0\0\0" },
	{ "ipv4net:10.0.0.0/8", ID_IPV4_ADDR_SUBNET, 8, "\x0a\0\0\0\xff\0\0\0" },
	{ "ipv4net:#0a000000ff000000", ID_IPV4_ADDR_SUBNET, 8, "\x0a\0\0\0\xff\0\0\0" },
	{ "10.0.0.1-10.0.0.9", ID_IPV4_ADDR_RANGE, 8, "\x0a\0\0\x01\x0a\0\0\x09" },
	{ "10.0.0.1-10.0.0.1", ID_IPV4_ADDR_RANGE, 8, "\x0a\0\0\x01\x0a\0\0\x01" },
	{ "ipv4range:10.0.0.1-10.0.0.9", ID_IPV4_ADDR_RANGE, 8, "\x0a\0\0\x01\x0a\0\0\x09" },

	{ "2001:db8::1", ID_IPV6_ADDR, 16, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" },
	{ "::1", ID_IPV6_ADDR, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01" },
	{ "ipv6:::", ID_IPV6_ADDR, 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ "2001:db8::1/32", ID_IPV6_ADDR_SUBNET, 32,
	  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ "::/0", ID_IPV6_ADDR_SUBNET, 32,
	  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
	{ "fe80::1-fe80::2", ID_IPV6_ADDR_RANGE, 32,
	  "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02" },
	{ "ipv6range:::1-::2", ID_IPV6_ADDR_RANGE, 32,
	  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02" },
	{ "ipv6net:2001:db8::/32", ID_IPV6_ADDR_SUBNET, 32,
	  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0" },

	{ "C=CH", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	{ "  C  =  CH  ", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	{ "/c=CH", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	{ "C=CH,", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	{ "asn1dn:C=CH", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	{ "asn1dn:#300d310b3009060355040613024348", ID_DER_ASN1_DN, 15,
	  "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH" },
	/* any value is no string */
	{ "C=CH, CN=*", ID_DER_ASN1_DN, 26,
	  "\x30\x18\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH"
	  "\x31\x09\x30\x07\x06\x03\x55\x04\x03\xc0\0" },
	{ "/C=CH/CN=*", ID_DER_ASN1_DN, 26,
	  "\x30\x18\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH"
	  "\x31\x09\x30\x07\x06\x03\x55\x04\x03\xc0\0" },
	{ "CN=\\*", ID_DER_ASN1_DN, 14,
	  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01*" },
	/* types without a name, two in an RDN, a whole value */
	{ "2.5.4.97=x", ID_DER_ASN1_DN, 14,
	  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x61\x13\x01x" },
	{ "oid.2.5.4.97=x", ID_DER_ASN1_DN, 14,
	  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x61\x13\x01x" },
	{ "55:04:61=x", ID_DER_ASN1_DN, 14,
	  "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x61\x13\x01x" },
	{ "1.3.6.1.4.1.311.2=x", ID_DER_ASN1_DN, 19,
	  "\x30\x11\x31\x0f\x30\x0d\x06\x08\x2b\x06\x01\x04\x01\x82\x37\x02\x13\x01x" },
	{ "C=CH+CN=gw", ID_DER_ASN1_DN, 26,
	  "\x30\x18\x31\x16\x30\x09\x06\x03\x55\x04\x06\x13\x02" "CH"
	  "\x30\x09\x06\x03\x55\x04\x03\x13\x02" "gw" },
	{ "O=#0c03c3bc21", ID_DER_ASN1_DN, 16,
	  "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03\xc3\xbc!" },
	{ "O=", ID_DER_ASN1_DN, 13,
	  "\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x0a\x13\x00" },
	{ "E=a@b", ID_DER_ASN1_DN, 22,
	  "\x30\x14\x31\x12\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01\x16\x03" "a@b" },

	{ "asn1gn:#8200", ID_DER_ASN1_GN, 2, "\x82\0" },
	{ "{10}:#820161", ID_DER_ASN1_GN, 3, "\x82\x01" "a" },
	{ "xmppaddr:#614062", ID_DER_ASN1_GN, 19,
	  "\xa0\x11\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x05\xa0\x05\x0c\x03" "a@b" },
	{ "xmppaddr:a@b", ID_DER_ASN1_GN, 19,
	  "\xa0\x11\x06\x08\x2b\x06\x01\x05\x05\x07\x08\x05\xa0\x05\x0c\x03" "a@b" },

	{ "@#6b657931", ID_KEY_ID, 4, "key1" },
	{ "@#0x6b657931", ID_KEY_ID, 4, "key1" },
	{ "@#6B:65:79:31", ID_KEY_ID, 4, "key1" },
	{ "@#fab", ID_KEY_ID, 2, "\x0f\xab" },
	{ "keyid:group", ID_KEY_ID, 5, "group" },
	{ "keyid:#00", ID_KEY_ID, 1, "\0" },
	{ "{11}:group", ID_KEY_ID, 5, "group" },
	{ "group:vpn", ID_KEY_ID, 9, "group:vpn" },
	{ "00:11:22:33:44:55", ID_KEY_ID, 17, "00:11:22:33:44:55" },
	{ "group=vpn", ID_KEY_ID, 9, "group=vpn" },
	{ "=", ID_KEY_ID, 1, "=" },

	{ "{201}:urn:x", ID_URI, 5, "urn:x" },
	{ "uri:urn:x", ID_URI, 5, "urn:x" },
	{ "{202}:urn:x", (enum id_type)202, 5, "urn:x" },
	{ "{", ID_FQDN, 1, "{" },
};

START_TEST(test_parse)
{
	const char *text = parses[_i].text;
	struct identity id;

	parse(text, &id);
	ck_assert_msg(id.type == parses[_i].type, "%s: type %d", text, id.type);
	ck_assert_msg(id.len == parses[_i].len, "%s: %zu bytes", text, id.len);
	if (id.len)
		ck_assert_mem_eq(id.data, parses[_i].data, id.len);
	identity_clear(&id);
}
END_TEST

static const char * const not_parsed[] = {
	"",
	"10.0.0.256", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
	"10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/8x", "10.0.0.0/x", "2001:db8::/32x",
	"10.0.0.0-10.0.0.9/8", "10.0.0.9-10.0.0.1", "10.0.0.1-", "1.2.3.4.5",
	"2001:db8::/129", "2001:db8::/", "fe80::2-fe80::1", "fe80::1::2",
	"::1-10.0.0.1", "1:2:3:4:5:6:7/8", "10.0.0.1-::1",
	"ipv4:10.0.0.0/8", "ipv4:::1", "ipv6:10.0.0.1", "ipv4:gw", "ipv4:",
	"ipv4net:10.0.0.1", "ipv4range:10.0.0.0/8", "ipv6net:10.0.0.0/8",
	"ipv4:#0a0000", "ipv4:#0a00000001", "ipv4net:#0a000000ff00ff00",
	"ipv4range:#0a0000020a000001", "ipv6:#00",
	"asn1dn:gw", "asn1dn:#", "asn1dn:#3000", "asn1dn:#ff", "asn1dn:#30053103",
	"C=CH, XX=y", "C=CH, CN", "C=CH,, CN=x", "C=CH, =x",
	"@#", "@#xyz", "@#6b6:5", "@#:6b", "@#6b:", "@#6b::65", "keyid:#6g", "xmppaddr:#g",
	"{201}:", "{}:x", "{ 2}:x", "keyid:", "asn1gn:", "fqdn:", "email:", "@",
	"a*.example.org", "*.*.example.org", "**", "*user*@example.org", "@@a*",
	"fqdn:#610062", "{256}:x", "{1", "{1}x", "{1}",
	"C=CH,, CN=x", "O=Ex, D", "S=Bern, CN=gw", "O=Ex, q=5",
	"O Acme=x", "O Acme, C=CH", "1.40.1=x, CN=y", "3.1=x, CN=y", "asn1dn:O=Ex, q=5",
	"asn1dn:#300b3109300706035504" "03c000",
	"%none", "%defaultroute", "198.51.100.9[500]", "[198.51.100.9]",
	"198.51.100.9:500", "[2001:db8::7]:500", "2001:db8::7[500]", "fe80::7%wan0",
	"@[Sonic]", "^gw[0-9]$", "^O=Ex, CN=.*$", "keyid:^a$", "ipv4:^1$",
	"fqdn:^(gw$", "fqdn:^(a{99}){99}$", "fqdn:^a{70000}$", "asn1dn:^CN=[$",
	"fqdn:^(gw)\\1$", "email:^(.*)x(.)\\2@b$",
};

START_TEST(test_not_parsed)
{
	struct identity id;
	const char *why = NULL;

	ck_assert_msg(identity_parse(not_parsed[_i], &id, &why) == -EINVAL,
		      "'%s' was parsed", not_parsed[_i]);
	ck_assert(why && *why);
	ck_assert_ptr_null(id.data);
}
END_TEST

/* What was expected, to be read behind "expected" */
static const struct {
	const char *text, *why;
} expected[] = {
	{ "C=CH, XX=y", "a distinguished name TYPE=VALUE, ..." },
	{ "asn1dn:gw", "a distinguished name TYPE=VALUE, ..." },
	{ "ipv4:#0a0000", "the 4 bytes of an IPv4 address" },
	{ "ipv6:#00", "the 16 bytes of an IPv6 address" },
	{ "ipv4net:#0a000000", "8 bytes, an IPv4 address and its mask" },
	{ "ipv6net:#00", "32 bytes, an IPv6 address and its mask" },
	{ "ipv4range:#0a000000", "8 bytes, the first and the last IPv4 address" },
	{ "ipv6range:#00", "32 bytes, the first and the last IPv6 address" },
	{ "ipv4net:#0a000000ff00ff00", "a mask whose ones are all in front" },
	{ "10.0.0.9-10.0.0.1", "a range from the lower to the higher address" },
	{ "a*b", "'*' only at the beginning of a name" },
	{ "S=Bern, CN=gw", "a distinguished name TYPE=VALUE, ... with types such as C, ST (not S)" },
	{ "%fromcert", "%any for any, or the identity itself" },
	{ "198.51.100.9[500]", "the address alone, without brackets, port or interface" },
	{ "[2001:db8::7]:500", "the address alone" },
	{ "198.51.100.9:500", "the address alone, without a port" },
	{ "fe80::7%wan0", "the address alone" },
	{ "@[Sonic]", "keyid:NAME for a key id" },
	{ "^O=Ex, CN=gw[0-9]$", "the type before a regular expression: fqdn:^...$" },
	{ "keyid:^a$", "a regular expression behind fqdn:, email: or asn1dn: alone" },
	{ "fqdn:^(gw$", "an extended regular expression" },
	{ "fqdn:^(a{99}){99}$", "a regular expression whose bounds" },
};

START_TEST(test_expected)
{
	struct identity id;
	const char *why;

	ck_assert_int_eq(identity_parse(expected[_i].text, &id, &why), -EINVAL);
	ck_assert_msg(!strncmp(why, expected[_i].why, strlen(expected[_i].why)),
		      "%s: expected %s", expected[_i].text, why);
}
END_TEST

/* What it says of a text that it takes, but may not be meant so; NULL: nothing */
static const struct {
	const char *text, *doubt;
} doubts[] = {
	{ "gw.example.org", NULL }, { "gw.example.org.", NULL }, { "*.org", NULL },
	{ "C=CH, CN=*", NULL }, { "C=CH, CN=\\*.org", NULL }, { "keyid:a=b", NULL },
	{ "10.1.2.3", NULL }, { "asn1dn:^CN=[^,]*$", NULL }, { "email:a=b@c", NULL },
	{ "00:11:22:33:44:55", NULL }, { "fqdn:a=b", NULL },
	{ "@gw.example.org.", "the dot at its end" },
	{ "fqdn:gw.", "the dot at its end" },
	{ "bounce=7@example", "write email: before it" },
	{ "user=max", "write keyid: before it" },
	{ "S=Bern", "ST (not S)" },
	{ "O=Ex, CN=*.example", "a regular expression, asn1dn:^...$" },
	{ "O=Ex, CN=gw*", "'*' in a value stands for itself" },
};

START_TEST(test_doubts)
{
	struct identity id;
	const char *why = "?";

	ck_assert(!identity_parse(doubts[_i].text, &id, &why));
	if (!doubts[_i].doubt)
		ck_assert_msg(!why, "%s: %s", doubts[_i].text, why);
	else
		ck_assert_msg(why && strstr(why, doubts[_i].doubt), "%s: %s",
			      doubts[_i].text, why);
	identity_clear(&id);
}
END_TEST

START_TEST(test_parse_length)
{
	char text[2 * IDENTITY_LEN_MAX + 16];
	struct identity id;
	const char *why;

	memset(text, 'a', sizeof(text));
	text[IDENTITY_LEN_MAX] = '\0';
	ck_assert(!identity_parse(text, &id, &why));
	ck_assert_uint_eq(id.len, IDENTITY_LEN_MAX);
	identity_clear(&id);

	text[IDENTITY_LEN_MAX] = 'a';
	text[IDENTITY_LEN_MAX + 1] = '\0';
	ck_assert_int_eq(identity_parse(text, &id, &why), -EINVAL);

	/* as text it is short enough, as DER it is not */
	memcpy(text, "CN=", 3);
	text[IDENTITY_LEN_MAX] = '\0';
	ck_assert_int_eq(identity_parse(text, &id, &why), -EINVAL);
	memcpy(text, "xmppaddr:", 9);
	ck_assert_int_eq(identity_parse(text, &id, &why), -EINVAL);
}
END_TEST

/* A DN has at most 20 parts, and values of every form of length. */
START_TEST(test_parse_dn_sizes)
{
	static const size_t lengths[] = { 0, 1, 115, 116, 117, 127, 128, 255, 256, 1500 };
	char text[2048], out[2048];
	struct identity id;
	const char *why;
	size_t i;

	for (i = 0; i < N(lengths); i++) {
		strcpy(text, "CN=");
		memset(text + 3, 'x', lengths[i]);
		text[3 + lengths[i]] = '\0';
		parse(text, &id);
		identity_format(&id, out, sizeof(out));
		ck_assert_str_eq(out, text);
		ck_assert_uint_eq(match(&id, text), IDENTITY_MATCH_EXACT);
		ck_assert_uint_eq(level(match(&id, "CN=*")), PART);
		identity_clear(&id);
	}

	strcpy(text, "OU=a");
	for (i = 1; i < 20; i++)
		strcat(text, ",OU=a");
	parse(text, &id);
	ck_assert_uint_eq(match(&id, text), IDENTITY_MATCH_EXACT);
	identity_clear(&id);
	strcat(text, ",OU=a");
	ck_assert_int_eq(identity_parse(text, &id, &why), -EINVAL);
	ck_assert_str_eq(why, "a distinguished name of at most 20 parts");
}
END_TEST

/* Every type of RDN, under every name: it is encoded, and printed again. */
static const struct {
	const char *name;
	const char *printed;
} rdns[] = {
	{ "ND", "ND" }, { "UID", "UID" }, { "DC", "DC" }, { "CN", "CN" },
	{ "SN", "SN" }, { "serialNumber", "serialNumber" }, { "C", "C" },
	{ "L", "L" }, { "ST", "ST" }, { "STREET", "STREET" }, { "O", "O" },
	{ "OU", "OU" }, { "T", "T" }, { "D", "D" },
	{ "postalAddress", "postalAddress" }, { "postalCode", "postalCode" },
	{ "N", "N" }, { "G", "G" }, { "I", "I" }, { "dnQualifier", "dnQualifier" },
	{ "dmdName", "dmdName" }, { "pseudonym", "pseudonym" }, { "ID", "ID" },
	{ "EN", "employeeNumber" }, { "employeeNumber", "employeeNumber" },
	{ "E", "E" }, { "Email", "E" }, { "emailAddress", "E" },
	{ "UN", "unstructuredName" }, { "unstructuredName", "unstructuredName" },
	{ "UA", "unstructuredAddress" },
	{ "unstructuredAddress", "unstructuredAddress" }, { "TCGID", "TCGID" },
};

START_TEST(test_rdn)
{
	char text[64], want[64], out[64];
	struct identity id;

	snprintf(text, sizeof(text), "%s=value", rdns[_i].name);
	snprintf(want, sizeof(want), "%s=value", rdns[_i].printed);
	parse(text, &id);
	ck_assert_int_eq(id.type, ID_DER_ASN1_DN);
	identity_format(&id, out, sizeof(out));
	ck_assert_str_eq(out, want);
	ck_assert_uint_eq(match(&id, want), IDENTITY_MATCH_EXACT);
	identity_clear(&id);
}
END_TEST

/* Which pattern names which identity */

static const struct {
	const char *id;
	const char *pattern;
	enum level level;
} matches[] = {
	{ "gw.example.org", "%any", ANY },
	{ "gw.example.org", "*", ANY },
	{ "gw.example.org", "fqdn:*", PART },
	{ "gw.example.org", "@*", PART },
	{ "user@example.org", "@@*", PART },
	{ "gw.example.org", "gw.example.org", EXACT },
	{ "gw.example.org", "GW.Example.ORG", EXACT },
	{ "GW.EXAMPLE.ORG", "*.example.org", PART },
	{ "gw.example.org", "*.example.org", PART },
	{ "gw.example.org", "*w.example.org", PART },
	{ "a.b.example.org", "*.example.org", PART },
	{ "example.org", "*.example.org", NONE },
	{ "fqdn:.example.org", "*.example.org", NONE },
	{ "gw.customer-a.example", "*.customer-a.example", PART },
	{ "evilcustomer-a.example", "*.customer-a.example", NONE },
	{ "gw.customer-a.example.evil", "*.customer-a.example", NONE },
	{ "*.example.org", "*.example.org", EXACT },
	{ "gw.example.org", "gw.example.or", NONE },
	{ "gw.example.org", "gw.example.orgs", NONE },
	{ "gw.example.org", "email:gw.example.org", NONE },
	{ "gw.example.org", "email:*", NONE },
	{ "gw.example.org", "keyid:gw.example.org", NONE },
	{ "w[", "w{", NONE },	/* a bit apart, as cases are, but no letters */
	{ "w@", "email:w`", NONE },

	{ "user@example.org", "user@example.org", EXACT },
	{ "User@Example.org", "uSER@eXAMPLE.org", EXACT },
	{ "user@example.org", "*@example.org", PART },
	{ "user@gw.example.org", "*@example.org", NONE },
	{ "user@gw.example.org", "email:*.example.org", PART },
	{ "user@example.org", "fqdn:*", NONE },
	{ "user@example.org", "fqdn:user@example.org", NONE },
	{ "@@user", "@user", NONE },

	{ "10.1.2.3", "10.1.2.3", EXACT },
	{ "10.1.2.3", "10.1.2.4", NONE },
	{ "10.1.2.3", "10.1.2.3/32", EXACT },
	{ "10.1.2.3", "10.1.2.4/32", NONE },
	{ "10.1.2.3", "10.0.0.0/8", PART },
	{ "11.1.2.3", "10.0.0.0/8", NONE },
	{ "9.255.255.255", "10.0.0.0/8", NONE },
	{ "10.255.255.255", "10.0.0.0/8", PART },
	{ "10.0.0.0", "10.0.0.0/8", PART },
	{ "10.1.2.2", "10.1.2.2/31", PART },
	{ "10.1.2.3", "10.1.2.2/31", PART },
	{ "10.1.2.4", "10.1.2.2/31", NONE },
	{ "10.1.2.3", "0.0.0.0/0", PART },
	{ "10.1.2.3", "10.1.2.3-10.1.2.3", EXACT },
	{ "10.1.2.3", "10.1.2.1-10.1.2.9", PART },
	{ "10.1.2.1", "10.1.2.1-10.1.2.9", PART },
	{ "10.1.2.9", "10.1.2.1-10.1.2.9", PART },
	{ "10.1.2.0", "10.1.2.1-10.1.2.9", NONE },
	{ "10.1.2.10", "10.1.2.1-10.1.2.9", NONE },
	{ "255.255.255.255", "0.0.0.0-255.255.255.255", PART },
	{ "10.1.2.3", "::/0", NONE },
	{ "10.1.2.3", "fqdn:10.1.2.3", NONE },
	{ "10.0.0.0/8", "10.0.0.0/8", EXACT },
	{ "10.0.0.0/16", "10.0.0.0/8", NONE },
	{ "10.0.0.0/8", "10.0.0.0", NONE },
	{ "10.0.0.0/32", "10.0.0.0-10.0.0.0", NONE },
	{ "10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.2", EXACT },
	{ "10.0.0.1-10.0.0.2", "10.0.0.1-10.0.0.3", NONE },

	{ "2001:db8::1", "2001:db8::1", EXACT },
	{ "2001:db8::1", "2001:db8:0::1", EXACT },
	{ "2001:db8::1", "2001:db8::1/128", EXACT },
	{ "2001:db8::1", "2001:db8::/32", PART },
	{ "2001:db9::1", "2001:db8::/32", NONE },
	{ "2001:db8::1", "2001:db8::/127", PART },
	{ "2001:db8::2", "2001:db8::/127", NONE },
	{ "2001:db8::1", "::/0", PART },
	{ "2001:db8::1", "2001:db8::-2001:db8::5", PART },
	{ "2001:db8::6", "2001:db8::-2001:db8::5", NONE },
	{ "2001:db8::1", "0.0.0.0/0", NONE },
	{ "2001:db8::1", "%any6", ANY },
	{ "::1", "0.0.0.0-255.255.255.255", NONE },

	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, CN=gw", EXACT },
	{ "C=CH, O=Acme, CN=gw", "c=ch, o=ACME, cn=GW", EXACT },
	{ "C=CH, O=Acme, CN=gw", "/C=CH/O=Acme/CN=gw", EXACT },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, CN=*", PART },
	{ "C=CH, O=Acme, CN=gw", "C=*, O=*, CN=*", PART },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme", NONE },
	{ "C=CH, O=Acme", "C=CH, O=Acme, CN=*", NONE },
	{ "C=CH, O=Acme, CN=gw", "O=Acme, C=CH, CN=gw", NONE },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, OU=gw", NONE },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, OU=*", NONE },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, CN=g*", NONE },
	{ "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, CN=gww", NONE },
	{ "C=CH, O=Acme, CN=gw", "%any", ANY },
	{ "C=CH, O=Acme, CN=*", "C=CH, O=Acme, CN=*", NONE },
	{ "CN=", "CN=*", PART },
	{ "CN=", "CN=", EXACT },
	{ "OU=a, OU=b", "OU=b, OU=a", NONE },
	{ "OU=a, OU=b", "OU=*, OU=b", PART },
	/* a UTF8String: '_' is not in a PrintableString */
	{ "CN=a_b", "CN=a_b", EXACT },
	{ "CN=a_b", "CN=A_B", NONE },
	{ "E=User@Example.org", "E=user@example.org", EXACT },
	{ "UN=User", "UN=user", NONE },
	/* the same text as a PrintableString and as a UTF8String */
	{ "asn1dn:#300d310b300906035504030c026777", "CN=gw", EXACT },
	{ "asn1dn:#300d310b300906035504030c026777", "CN=GW", NONE },
	{ "CN=gw", "cn:gw", NONE },

	/* a comma with no TYPE= behind it, quotes, '\', names of others */
	{ "C=CH, O=Ex, Ltd., CN=gw", "C=CH, O=\"Ex, Ltd.\", CN=gw", EXACT },
	{ "C=CH, O=Ex, Ltd., CN=gw", "C=CH, O=Ex\\, Ltd., CN=gw", EXACT },
	{ "C=CH, O=Ex, Ltd., CN=gw", "/C=CH/O=Ex, Ltd./CN=gw", EXACT },
	{ "C=CH, O=Ex, Ltd., CN=gw", "C=CH, O=*, CN=gw", PART },
	{ "/O=a/b/CN=gw", "O=a/b, CN=gw", EXACT },
	{ "O=\"a, L=b\", CN=gw", "O=a\\, L=b, CN=gw", EXACT },
	{ "O=\"a, L=b\", CN=gw", "O=a, L=b, CN=gw", NONE },
	{ "CN=EX\\max", "CN=ex\\max", NONE },
	{ "CN=EX\\max", "CN=EX\\max", EXACT },
	{ "CN=a\\ ", "CN=a", NONE },
	{ "CN=a\\ ", "CN=\"a \"", EXACT },
	{ "countryName=CH, givenName=Ida", "C=CH, G=Ida", EXACT },
	{ "2.5.4.6=CH, CN=gw", "C=CH, 55:04:03=gw", EXACT },
	/* several in an RDN have no order; strongSwan's text does not show them */
	{ "CN=gw+UID=7, O=Ex", "UID=7+CN=gw,O=Ex", EXACT },
	{ "CN=gw+UID=7, O=Ex", "CN=gw, UID=7, O=Ex", EXACT },
	{ "CN=gw+UID=7, O=Ex", "UID=*+CN=gw, O=Ex", PART },
	{ "CN=gw+UID=7, O=Ex", "UID=7, CN=gw, O=Ex", NONE },
	{ "CN=gw+UID=7, O=Ex", "CN=gw, O=Ex", NONE },
	{ "CN=gw+UID=7, O=Ex", "CN=gw+UID=8, O=Ex", NONE },
	{ "CN=a+b, O=Ex", "CN=a\\+b, O=Ex", EXACT },
	/* a '*' in a certificate is one, and fits no other */
	{ "CN=\\*", "CN=\\*", EXACT },
	{ "CN=\\*", "CN=*", PART },
	{ "CN=gw", "CN=\\*", NONE },
	{ "CN=\\*.example", "CN=*.example", EXACT },
	{ "CN=gw.example", "CN=*.example", NONE },
	/* two bytes a character are not the same text */
	{ "CN=#1e024142", "CN=AB", NONE },
	{ "CN=#1e024142", "CN=#1e024142", EXACT },
	{ "CN=#14024142", "CN=AB", EXACT },

	{ "gw.example.org", "gw.example.org.", EXACT },
	{ "gw.example.org", "*.example.org.", PART },
	/* who proves a name with a dot has not proved the one without */
	{ "@gw.example.org.", "gw.example.org", NONE },
	{ "@gw.example.org.", "*.example.org", NONE },

	/* regular expressions, on what strongSwan prints */
	{ "C=CH, O=Ex, CN=gw-7", "asn1dn:^C=CH, O=Ex, CN=gw-[0-9]+$", PART },
	{ "C=CH, O=Ex, CN=gw-7", "asn1dn:^c=ch, o=ex, cn=gw-[0-9]+$", PART },
	{ "C=CH, O=Ex, CN=gw-7", "asn1dn:^O=Ex, CN=gw-[0-9]+$", NONE },
	{ "C=CH, O=Ex, CN=gw-x", "asn1dn:^.*, CN=gw-[0-9]+$", NONE },
	{ "CN=gw+UID=7, O=Z\xc3\xbcge", "asn1dn:^CN=gw, UID=7, O=Z\\?\\?ge$", PART },
	{ "gw7.example.org", "fqdn:^gw[0-9]+\\.example\\.(org|net)$", PART },
	{ "gw7.example.org", "dns:^GW7.*$", PART },
	{ "gw7.example.org.evil", "fqdn:^gw[0-9]+\\.example\\.(org|net)$", NONE },
	{ "gw7.example.org", "email:^gw7.*$", NONE },
	{ "gw7.example.org", "asn1dn:^gw7.*$", NONE },
	{ "ida@example.org", "email:^(ida|max)@example\\.org$", PART },
	{ "10.1.2.3", "fqdn:^.*$", NONE },
	{ "gw1.example.org.evil", "fqdn:^gw1\\.example\\.org|gw2\\.example\\.org$", NONE },
	{ "x.gw2.example.org", "fqdn:^gw1\\.example\\.org|gw2\\.example\\.org$", NONE },
	{ "gw2.example.org", "fqdn:^gw1\\.example\\.org|gw2\\.example\\.org$", PART },
	/* one value that looks like two */
	{ "CN=\"gw-8, OU=gold\"", "asn1dn:^CN=[^,]*, OU=gold$", NONE },
	{ "O=\"Ex, CN=gw-8\"", "asn1dn:^O=Ex, CN=gw-[0-9]+$", NONE },
	{ "O=\"Ex/2.5.4.3 = gw\"", "asn1dn:^O=.*$", NONE },
	{ "O=\"Ex, Inc.\", CN=gw-8", "asn1dn:^O=Ex, Inc\\., CN=gw-[0-9]+$", PART },

	{ "keyid:key1", "@#6b657931", EXACT },
	{ "keyid:key1", "keyid:KEY1", NONE },
	{ "keyid:key1", "keyid:*", NONE },
	{ "keyid:key1", "key1", NONE },
	{ "keyid:key1", "%any", ANY },
	{ "asn1gn:#820161", "asn1gn:#820161", EXACT },
	{ "asn1gn:#820161", "asn1gn:#820141", NONE },
	{ "asn1gn:#820161", "%any", ANY },
	{ "xmppaddr:a@b", "xmppaddr:a@b", EXACT },
	{ "xmppaddr:a@b", "a@b", NONE },
	{ "{201}:urn:x", "{201}:urn:x", EXACT },
	{ "{201}:urn:x", "{201}:urn:y", NONE },
	{ "%any", "%any", ANY },
	{ "%any", "fqdn:*", NONE },
	{ "%any", "0.0.0.0/0", NONE },
};

START_TEST(test_match)
{
	struct identity id;
	enum level got;

	parse(matches[_i].id, &id);
	got = level(match(&id, matches[_i].pattern));
	ck_assert_msg(got == matches[_i].level, "%s by %s: %d", matches[_i].id,
		      matches[_i].pattern, got);
	identity_clear(&id);
}
END_TEST

/* For each identity patterns that match it, from the most specific on */
static const char * const orders[][16] = {
	{ "a.b.example.org",
	  "a.b.example.org", "*.b.example.org", "*b.example.org", "*.example.org",
	  "*.org", "*g", "@*", "*" },
	{ "user@example.org", "user@example.org", "*@example.org", "email:*.org", "%any" },
	{ "10.1.2.3",
	  "10.1.2.3", "10.1.2.2/31", "10.1.2.1-10.1.2.3", "10.1.2.0-10.1.2.3",
	  "10.1.2.0-10.1.2.4", "10.1.2.0/24", "10.1.2.0-10.1.3.0",
	  "10.1.0.0/16", "10.0.0.0/8", "10.0.0.0-11.0.0.0", "0.0.0.0/1",
	  "0.0.0.0-128.0.0.0", "0.0.0.0/0", "%any" },
	{ "2001:db8::1",
	  "2001:db8::1", "2001:db8::/127", "2001:db8::-2001:db8::2",
	  "2001:db8::/64", "2001:db8::-2001:db8:0:1::", "2001:db8::/48",
	  "2001:db8::/32", "2000::/3", "::/1", "::/0", "%any" },
	{ "C=CH, O=Acme, CN=gw",
	  "C=CH, O=Acme, CN=gw", "C=CH, O=Acme, CN=*", "C=*, O=Acme, CN=*",
	  "C=*, O=*, CN=*", "*" },
	{ "keyid:key1", "keyid:key1", "*" },
};

START_TEST(test_order)
{
	unsigned int last = IDENTITY_MATCH_EXACT + 1, weight;
	struct identity id;
	size_t i;

	parse(orders[_i][0], &id);
	for (i = 1; i < N(orders[0]) && orders[_i][i]; i++) {
		weight = match(&id, orders[_i][i]);
		ck_assert_msg(weight && weight < last, "%s by %s: %u, before it %u",
			      orders[_i][0], orders[_i][i], weight, last);
		last = weight;
	}
	identity_clear(&id);
}
END_TEST

/* charon.rdn_matching: how close a pattern comes in each way */
static const struct {
	const char *id, *pattern;
	enum level level[3];
} matchings[] = {
	{ "C=NL, O=Ex, OU=fast, CN=gw", "C=NL, O=Ex, OU=fast, CN=gw", { EXACT, EXACT, EXACT } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "CN=gw, OU=fast, O=Ex, C=NL", { NONE, PART, PART } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "O=Ex, CN=gw", { NONE, NONE, PART } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "CN=gw, O=Ex", { NONE, NONE, PART } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "CN=*, C=NL, O=Ex, OU=*", { NONE, PART, PART } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "O=Ex, CN=gx", { NONE, NONE, NONE } },
	{ "C=NL, O=Ex, OU=fast, CN=gw", "O=Ex, OU=fast, OU=*", { NONE, NONE, NONE } },
	{ "OU=a, OU=b", "OU=b, OU=*", { NONE, PART, PART } },
	{ "OU=a, OU=a", "OU=a", { NONE, NONE, PART } },
	{ "OU=a", "OU=a, OU=a", { NONE, NONE, NONE } },
	{ "gw", "O=gw", { NONE, NONE, NONE } },
};

START_TEST(test_rdn_matching)
{
	enum dn_matching m;
	struct identity id;
	enum level got;

	parse(matchings[_i].id, &id);
	for (m = DN_STRICT; m <= DN_RELAXED; m++) {
		id.matching = m;
		got = level(match(&id, matchings[_i].pattern));
		ck_assert_msg(got == matchings[_i].level[m], "%s by %s, %d: %d",
			      matchings[_i].id, matchings[_i].pattern, m, got);
	}
	identity_clear(&id);
}
END_TEST

START_TEST(test_equally_specific)
{
	struct identity id;

	parse("10.1.2.3", &id);
	ck_assert_uint_eq(match(&id, "10.1.2.0/24"), match(&id, "10.1.2.0-10.1.2.255"));
	ck_assert_uint_eq(match(&id, "10.1.2.1-10.1.2.4"), match(&id, "10.1.2.3-10.1.2.6"));
	identity_clear(&id);

	parse("C=CH, CN=gw", &id);
	ck_assert_uint_eq(match(&id, "C=*, CN=gw"), match(&id, "C=CH, CN=*"));
	identity_clear(&id);
}
END_TEST

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
	TCase *tc = tcase_create("identity");

	tcase_add_loop_test(tc, test_parse, 0, N(parses));
	tcase_add_loop_test(tc, test_not_parsed, 0, N(not_parsed));
	tcase_add_loop_test(tc, test_expected, 0, N(expected));
	tcase_add_loop_test(tc, test_doubts, 0, N(doubts));
	tcase_add_test(tc, test_parse_length);
	tcase_add_test(tc, test_parse_dn_sizes);
	tcase_add_loop_test(tc, test_rdn, 0, N(rdns));
	tcase_add_loop_test(tc, test_match, 0, N(matches));
	tcase_add_loop_test(tc, test_order, 0, N(orders));
	tcase_add_loop_test(tc, test_rdn_matching, 0, N(matchings));
	tcase_add_test(tc, test_equally_specific);
	tcase_add_loop_test(tc, test_format, 0, N(formats));
	tcase_add_loop_test(tc, test_read_back, 0, N(back));
	tcase_add_test(tc, test_read_back_zeros);
	tcase_add_test(tc, test_wire);
	tcase_add_loop_test(tc, test_bad_dn, 0, N(bad_dns));
	tcase_add_test(tc, test_long_lengths);
	tcase_add_test(tc, test_dn_damaged);
	tcase_add_test(tc, test_type_names);

	return run_tests("identity", tc);
}
