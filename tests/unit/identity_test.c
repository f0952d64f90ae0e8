// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities: what a text becomes, what it may not be, and what is said of that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "identity_fixture.h"

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

	return run_tests("identity", tc);
}
