// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pattern names which identity, and how closely.
 */
#include "identity_fixture.h"

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

int main(void)
{
	TCase *tc = tcase_create("identity_match");

	tcase_add_loop_test(tc, test_match, 0, N(matches));
	tcase_add_loop_test(tc, test_order, 0, N(orders));
	tcase_add_loop_test(tc, test_rdn_matching, 0, N(matchings));
	tcase_add_test(tc, test_equally_specific);

	return run_tests("identity_match", tc);
}
