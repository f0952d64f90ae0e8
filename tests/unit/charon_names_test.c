// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of the plugin that name connections.
 */
#include "ipsec_qos_names.h"
#include "suite.h"

#define UNKNOWN	NULL

static const struct {
	const char *setting;
	const char *name;
	bool match;
	bool listed;
} cases[] = {
	{ NULL, "road", false, false }, { NULL, UNKNOWN, false, false },
	{ "no", "no", false, false }, { "Disabled", "road", false, false },
	{ "", "", false, false },
	{ "yes", "road", true, false }, { "TRUE", UNKNOWN, true, false },
	{ "1", "0", true, false },
	/* names with what strongSwan's settings take for a section or its end */
	{ "vpn.branch-7.acme.example", "vpn.branch-7.acme.example", true, true },
	{ "vpn.branch-7.acme.example", "vpn.branch-70.acme.example", false, true },
	{ "vpn.branch-7.acme.example", "vpn", false, true },
	{ "peer:x", "peer:x", true, true },
	{ "road", "Road", false, true }, { "road", "roads", false, true },
	{ "road", "", false, true }, { "road", UNKNOWN, false, true },
	/* several */
	{ "a, b.c ,d", "b.c", true, true }, { "a, b.c ,d", "d", true, true },
	{ "a, b.c ,d", "b", false, true }, { ",, a ,", "a", true, true },
	{ ",, a ,", "", false, true }, { "a b", "a b", true, true },
	{ "yes, a", "b", false, true }, { "yes, a", "yes", true, true },
	/* patterns */
	{ "branch-*", "branch-", true, true }, { "branch-*", "branch-12", true, true },
	{ "branch-*", "a-branch-12", false, true },
	{ "*.acme.example", "x.y.acme.example", true, true },
	{ "*.acme.example", "acme.example", false, true },
	{ "a*b*c", "abc", true, true }, { "a*b*c", "aXbbXbcc", true, true },
	{ "a*b*c", "acb", false, true }, { "a*b*c", "abcd", false, true },
	{ "*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, true },
	{ "**", "", true, true }, { "*", "road", true, true },
	{ "*", UNKNOWN, true, true }, { "r*", UNKNOWN, false, true },
	{ "[a-z]?", "[a-z]?", true, true }, { "[a-z]?", "ab", false, true },
	/* all but */
	{ "*, !road.*", "road.1", false, true }, { "*, !road.*", "rail.1", true, true },
	{ "!road.*, *", "road.1", false, true }, { "!road", "rail", false, true },
	{ "*, !road.*", UNKNOWN, true, true }, { "*, !*", "rail", false, true },
};

START_TEST(names)
{
	ck_assert_msg(ipsec_qos_names_match(cases[_i].setting, cases[_i].name) ==
		      cases[_i].match, "'%s' for '%s'", cases[_i].setting ?: "-",
		      cases[_i].name ?: "-");
	ck_assert_int_eq(ipsec_qos_names_listed(cases[_i].setting),
			 cases[_i].listed);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("names");

	library_init(NULL, "charon_names_test");
	tcase_add_loop_test(tc, names, 0, N(cases));
	return run_tests("charon_names", tc);
}
