// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: which profile an SA gets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "config_files.h"

static const struct {
	const char *profiles;	/* each in group gold */
	const char *id;
	const char *eap_id;
	const char *conn;
	const char *want;	/* NULL: none */
	const char *why;
	const char *groups[2];
} matches[] = {
	/* one that matches, one that does not */
	{ "profile a { identity = gw }", "gw", NULL, NULL, "a",
	  "identity \"gw\" matches exactly; no other profile matches" },
	{ "profile a { identity = gw }", "other", NULL, NULL, NULL, "no profile names it" },
	{ "", "gw", NULL, NULL, NULL, "no profile" },

	/* the most specific wins, wherever it stands */
	{ "profile a { identity = \"*\" } profile b { identity = \"*.example\" }"
	  "profile c { identity = \"*.a.example\" } profile d { identity = gw.a.example }",
	  "gw.a.example", NULL, NULL, "d",
	  "identity \"gw.a.example\" matches exactly; more specific than profile c" },
	{ "profile d { identity = gw.a.example } profile c { identity = \"*.a.example\" }"
	  "profile b { identity = \"*.example\" } profile a { identity = \"*\" }",
	  "x.a.example", NULL, NULL, "c",
	  "identity \"*.a.example\" matches as a pattern; more specific than profile b" },
	{ "profile a { identity = \"*\" } profile b { identity = \"*.example\" }",
	  "gw.other", NULL, NULL, "a", "identity \"*\" matches as it does any" },
	{ "profile a { identity = \"10.0.0.0/8\" } profile b { identity = \"10.1.0.0/16\" }"
	  "profile c { identity = \"10.1.0.1-10.1.0.9\" }", "10.1.0.5", NULL, NULL, "c",
	  "more specific than profile b" },
	{ "profile a { identity = \"C=*, CN=*\" } profile b { identity = \"C=CH, CN=*\" }",
	  "C=CH, CN=gw", NULL, NULL, "b", "more specific than profile a" },

	/* then the order in the file */
	{ "profile b { identity = gw } profile a { identity = gw }", "gw", NULL, NULL, "b",
	  "as specific as profile a, but before it in the file" },
	{ "profile a { identity = \"C=CH, CN=*\" } profile b { identity = \"C=*, CN=gw\" }",
	  "C=CH, CN=gw", NULL, NULL, "a", "before it in the file" },
	{ "profile a { identity = \"*\" } profile b { identity = \"*.example\" }"
	  "profile c { identity = \"*.example\" } profile d { identity = \"*\" }",
	  "gw.example", NULL, NULL, "b", "as specific as profile c, but before it" },

	/* any FQDN is less than anything */
	{ "profile a { identity = \"*\" } profile b { identity = \"@*\" }", "gw.example",
	  NULL, NULL, "b", "identity \"@*\" matches as a pattern; more specific than profile a" },

	/* the best of a profile's patterns counts */
	{ "profile a { identity = \"*.example\" } profile b { identity = { \"*\", gw.example, x } }",
	  "gw.example", NULL, NULL, "b", "identity \"gw.example\" matches exactly" },

	/* EAP identities and connections: wildcards anywhere */
	{ "profile a { eap-identity = \"bob@*.example\" }", "gw", "Bob@b.Example", NULL, "a",
	  "eap-identity \"bob@*.example\" matches as a pattern" },
	{ "profile a { eap-identity = bob }", "gw", "BOB", NULL, "a", "exactly" },
	{ "profile a { eap-identity = bob }", "bob", NULL, NULL, NULL, "" },
	{ "profile a { eap-identity = bob }", "gw", "bobby", NULL, NULL, "" },
	{ "profile a { eap-identity = \"*\" }", "gw", "", NULL, "a", "as it does any" },
	{ "profile a { eap-identity = \"*\" }", "gw", NULL, NULL, NULL, "" },
	{ "profile a { connection = \"site-*-?\" }", "gw", NULL, "site-a-?", "a",
	  "connection \"site-*-?\" matches as a pattern" },
	{ "profile a { connection = \"*a*b*\" }", "gw", NULL, "xxaxxaxxbxx", "a", "" },
	{ "profile a { connection = \"*a*b\" }", "gw", NULL, "xxaxxaxxbxx", NULL, "" },
	{ "profile a { connection = \"a**b\" }", "gw", NULL, "ab", "a", "" },
	{ "profile a { connection = \"a*\" }", "gw", NULL, "", NULL, "" },
	{ "profile a { connection = Site }", "gw", NULL, "site", NULL, "" },
	{ "profile a { connection = site }", "gw", NULL, "site", "a", "exactly" },
	{ "profile a { connection = \"s*\" } profile b { connection = \"sit*\" }",
	  "gw", NULL, "site", "b", "more specific than profile a" },

	/* groups, of which one peer may have several */
	{ "profile a { member-of = \"vpn-*\" }", "gw", NULL, NULL, "a",
	  "member-of \"vpn-*\" matches as a pattern", { "staff", "VPN-eu" } },
	{ "profile a { member-of = \"vpn-*\" }", "vpn-eu", "vpn-eu", "vpn-eu", NULL, "" },
	{ "profile a { member-of = { x, staff } } profile b { member-of = \"vpn-*\" }",
	  "gw", NULL, NULL, "a", "exactly; more specific than profile b",
	  { "vpn-eu", "staff" } },
	{ "profile a { member-of = \"*eu\" } profile b { eap-identity = \"b*\" }", "gw",
	  "bob", NULL, "b", "more specific than profile a", { "vpn-eu" } },
	{ "profile a { connection = \"s*\" } profile b { member-of = \"*\" connection = \"s*\" }",
	  "gw", NULL, "site", "b", "more specific than profile a", { "g" } },
	{ "profile a { member-of = x eap-identity = \"*\" }", "gw", NULL, NULL, NULL, "",
	  { "x" } },

	/* all conditions are to be met */
	{ "profile a { identity = gw connection = site }", "gw", NULL, "other", NULL, "" },
	{ "profile a { identity = gw connection = site }", "gw", NULL, NULL, NULL, "" },
	{ "profile a { identity = gw connection = site }", "xx", NULL, "site", NULL, "" },
	{ "profile a { identity = gw eap-identity = bob connection = site }",
	  "gw", "bob", "site", "a",
	  "identity \"gw\" matches exactly, eap-identity \"bob\" matches exactly, "
	  "connection \"site\" matches exactly" },

	/* exactly beats as a pattern, whatever of; then identity, EAP, connection */
	{ "profile a { identity = \"*.example\" } profile b { connection = site }",
	  "gw.example", NULL, "site", "b", "more specific than profile a" },
	{ "profile a { identity = \"*.example\" } profile b { eap-identity = bob }",
	  "gw.example", "bob", NULL, "b", "more specific" },
	{ "profile a { identity = \"*\" } profile b { connection = \"s*\" }",
	  "gw.example", NULL, "site", "b", "more specific" },
	{ "profile c { connection = site } profile b { eap-identity = bob }"
	  "profile a { identity = gw }", "gw", "bob", "site", "a",
	  "more specific than profile b" },
	{ "profile c { connection = site } profile b { eap-identity = bob }",
	  "gw", "bob", "site", "b", "more specific than profile c" },
	{ "profile b { connection = \"long-long-long-*\" } profile a { identity = \"*w\" }",
	  "gw", NULL, "long-long-long-name", "a", "more specific than profile b" },

	/* a further condition wins, and a better one */
	{ "profile a { identity = gw } profile b { identity = gw connection = \"*\" }",
	  "gw", NULL, "site", "b", "more specific than profile a" },
	{ "profile a { identity = gw connection = \"s*\" }"
	  "profile b { identity = gw connection = \"si*\" }", "gw", NULL, "site", "b", "" },
	{ "profile a { identity = gw } profile b { identity = \"*w\" connection = \"s*\" eap-identity = \"b*\" }",
	  "gw", "bob", "site", "a", "more specific than profile b" },
	{ "profile a { identity = gw connection = \"s*\" } profile b { identity = gw eap-identity = \"b*\" }",
	  "gw", "bob", "site", "b", "more specific than profile a" },
};

START_TEST(test_match)
{
	const struct profile *got;
	char text[1024], why[256];
	const char *p, *error_text;
	struct proved proved[4] = {}, turned[4];
	size_t i;
	struct identity id;
	struct config *c;
	size_t n = 0;

	/* give each profile its group */
	for (p = matches[_i].profiles; *p; p++) {
		ck_assert_uint_lt(n, sizeof(text) - 64);
		if (*p == '}' && (!p[1] || !strncmp(p + 1, " profile", 8) ||
				  !strncmp(p + 1, "profile", 7)))
			n += sprintf(text + n, " group = gold ");
		text[n++] = *p;
	}
	strcpy(text + n, "\n" G);

	c = load(text);
	ck_assert(!identity_parse(matches[_i].id, &id, &error_text));
	proved[0] = (struct proved){ .id = &id };
	proved[1] = (struct proved){ .eap = matches[_i].eap_id };
	proved[2].member_of = matches[_i].groups[0];
	proved[3].member_of = matches[_i].groups[1];
	got = config_match(c, proved, 4, matches[_i].conn, why, sizeof(why));
	if (matches[_i].want)
		ck_assert_msg(got && !strcmp(got->name, matches[_i].want), "%s: %s",
			      got ? got->name : "none", why);
	else
		ck_assert_msg(!got, "%s: %s", got ? got->name : "", why);
	ck_assert_msg(strstr(why, matches[_i].why), "%s", why);

	/* without an explanation it is the same */
	ck_assert_ptr_eq(config_match(c, proved, 4, matches[_i].conn, NULL, 0), got);

	/* which comes first does not count */
	for (i = 0; i < 4; i++)
		turned[i] = proved[3 - i];
	ck_assert_ptr_eq(config_match(c, turned, 4, matches[_i].conn, NULL, 0), got);
	identity_clear(&id);
	config_free(c);
}
END_TEST

/* Identities that may not be meant so are used, and named where they stand. */
START_TEST(test_doubtful_identities)
{
	char at[256];
	struct config *c;

	c = load(G "profile a {\n\tidentity = { gw.example, \"lina=2@example\",\n"
		 "\t\t\"O=Ex, CN=*.example\" }\n\tgroup = gold\n}\n"
		 "profile b { identity = \"@hub.example.\" group = gold }\n");
	ck_assert_uint_eq(c->n_profiles, 2);
	ck_assert_uint_eq(c->n_warnings, 3);
	snprintf(at, sizeof(at), "%s:3: identity = 'lina=2@example': it is taken for a key id",
		 path("main.conf"));
	ck_assert_msg(strstr(c->warnings[0], at) == c->warnings[0], "%s", c->warnings[0]);
	snprintf(at, sizeof(at), "%s:4: identity = 'O=Ex, CN=*.example': '*' in a value",
		 path("main.conf"));
	ck_assert_msg(strstr(c->warnings[1], at) == c->warnings[1], "%s", c->warnings[1]);
	snprintf(at, sizeof(at), "%s:7: identity = '@hub.example.': it fits a name with the dot",
		 path("main.conf"));
	ck_assert_msg(strstr(c->warnings[2], at) == c->warnings[2], "%s", c->warnings[2]);
	config_free(c);
}
END_TEST

/* A pattern of many '*' takes no more than a moment, whatever the peer sends. */
START_TEST(test_match_bounded)
{
	char text[1024], name[1024];
	struct config *c;
	size_t i, n;

	n = sprintf(text, G "profile a { group = gold connection = \"");
	for (i = 0; i < 200; i++)
		n += sprintf(text + n, "a*");
	strcpy(text + n, "b\" }");
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';

	c = load(text);
	ck_assert_ptr_null(config_match(c, NULL, 0, name, NULL, 0));
	name[sizeof(name) - 2] = 'b';
	ck_assert_ptr_nonnull(config_match(c, NULL, 0, name, NULL, 0));
	config_free(c);
}
END_TEST

/* The file that is installed */
/* A name of few letters, so that many end alike; as a pattern some with a '*'. */
static void random_identity(char *buf, bool pattern)
{
	static const char *const parts[] = { "a", "B", "b", ".a", ".b", "ab", ".", "A" };
	const char *star = pattern && rand() % 2 ? "*" : "";
	char name[64] = "x";
	int i, n = rand() % 5;

	for (i = 0; i < n; i++)
		strcat(name, parts[rand() % 8]);
	switch (rand() % 8) {
	case 0:
		sprintf(buf, "%s@%s", *star ? star : name, name);
		break;
	case 1:
		sprintf(buf, "%s%s%sCN=%s", rand() % 4 ? "C=ch, " : "C=CH, ",
			rand() % 3 ? "" : pattern && rand() % 4 == 0 ? "O=*, " : "O=A, ",
			rand() % 3 ? "" : rand() % 2 ? "OU=b, " : "OU=xa, OU=b, ",
			*star ? star : name);
		break;
	case 2:
		sprintf(buf, "192.0.2.%d%s", rand() % 4, *star ? "/31" : "");
		break;
	case 3:
		sprintf(buf, "keyid:%s", name);
		break;
	case 4:
		strcpy(buf, pattern && rand() % 4 == 0 ? "%any" : "dns:x");
		break;
	default:
		sprintf(buf, "dns:%s%s", star, *star ? name + (name[1] != '\0') : name);
	}
}

/* Whatever stands in the index: the same as when each pattern is tried. */
START_TEST(test_match_index)
{
	unsigned int weight, most;
	const struct profile *want;
	const char *error_text;
	struct identity id;
	struct config *c;
	char *text, name[128];
	size_t i, j, n;

	srand(_i + 1);
	text = malloc(200 * 256);
	n = sprintf(text, G);
	for (i = 0; i < 200; i++) {
		random_identity(name, true);
		n += sprintf(text + n, "profile p%zu { group = gold identity = { \"%s\"", i, name);
		random_identity(name, true);
		n += sprintf(text + n, ", \"%s\" } }\n", name);
	}
	c = load(text);
	for (i = 0; i < 500; i++) {
		random_identity(name, false);
		ck_assert_msg(!identity_parse(name, &id, &error_text), "%s", name);
		id.matching = rand() % (DN_RELAXED + 1);
		want = NULL;
		most = 0;
		for (j = 0; j < 2 * c->n_profiles; j++) {
			weight = identity_match(&id, &c->profiles[j / 2].ids[j % 2]);
			if (weight > most) {
				most = weight;
				want = &c->profiles[j / 2];
			}
		}
		ck_assert_ptr_eq(config_match(c, &(struct proved){ .id = &id }, 1, NULL,
					      NULL, 0), want);
		identity_clear(&id);
	}
	config_free(c);
	free(text);
}
END_TEST

static double cpu_time(void)
{
	struct timespec t;

	ck_assert(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t));
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Profiles, and names to be matched to them */
enum many {
	APART,		/* a value tells them apart */
	BY_EAP,		/* all have the same identity: the EAP identity does */
	ALIKE_ONCE,	/* nothing does; the name has the value that they share once */
	ALIKE_OFTEN,	/* and 18 times */
};

static size_t many_profile(char *buf, enum many many, size_t i)
{
	size_t n = sprintf(buf, "profile p%zu { group = gold identity = ", i);

	if (many == APART)
		n += sprintf(buf + n, "\"C=DE, O=Acme, CN=gw-%zu%s\"", i,
			     i % 2 ? ", UID=*" : "");
	else
		n += sprintf(buf + n, "\"O=Acme, CN=*\"");
	if (many == BY_EAP)
		n += sprintf(buf + n, " eap-identity = user%zu", i);
	return n + sprintf(buf + n, " }\n");
}

static void many_name(char *buf, enum many many, size_t i)
{
	size_t n, j;

	switch (many) {
	case APART:
		sprintf(buf, "C=DE, OU=Sales, CN=gw-%zu, O=Acme%s", i, i % 2 ? ", UID=7" : "");
		return;
	case BY_EAP:
		sprintf(buf, "O=Acme, CN=gw-%zu", i);
		return;
	default:
		n = sprintf(buf, "O=Acme");
		for (j = 1; j < 18; j++)
			n += many == ALIKE_ONCE ? sprintf(buf + n, ", O=Ac%02zu", j) :
						  sprintf(buf + n, ", O=%s", j % 2 ? "ACME" : "Acme");
		sprintf(buf + n, ", CN=gw-%zu", i);
	}
}

/* How many ms each of so many names takes; @found: a profile is its. */
static double match_many(enum many many, size_t n_profiles, size_t n_names,
			 enum dn_matching matching, bool found)
{
	char *text = malloc(n_profiles * 128 + 256), name[512], eap[32];
	struct proved proved = { .eap = eap };
	const char *error_text;
	struct identity id;
	struct config *c;
	double took;
	size_t i, n;

	n = sprintf(text, G);
	for (i = 0; i < n_profiles; i++)
		n += many_profile(text + n, many, i);
	c = load(text);
	free(text);
	took = cpu_time();
	for (i = 0; i < n_names; i++) {
		many_name(name, many, i % 40);
		sprintf(eap, "user%zu", i % 40);
		ck_assert(!identity_parse(name, &id, &error_text));
		id.matching = matching;
		proved.id = &id;
		ck_assert_int_eq(!!config_match(c, &proved, 1, NULL, NULL, 0), found);
		identity_clear(&id);
	}
	took = cpu_time() - took;
	config_free(c);
	return took * 1000 / n_names;
}

/*
 * What a peer's name costs does not grow with the profiles, however its charon matches
 * DNs: the loop serves nobody else meanwhile.
 */
START_TEST(test_match_many)
{
	bool relaxed = _i == DN_RELAXED;
	double few, more;

	/* it took 40 times as long and more */
	few = match_many(APART, 40, 400, _i, relaxed);
	more = match_many(APART, 4000, 400, _i, relaxed);
	ck_assert_msg(more < 8 * few + 0.01, "by a value: %.3f and %.3f ms a name", few, more);

	few = match_many(BY_EAP, 40, 400, _i, true);
	more = match_many(BY_EAP, 4000, 400, _i, true);
	ck_assert_msg(more < 8 * few + 0.01, "by EAP: %.3f and %.3f ms a name", few, more);

	/* all have to be tried, but once: it took 18 times as long */
	few = match_many(ALIKE_ONCE, 2000, 20, _i, relaxed);
	more = match_many(ALIKE_OFTEN, 2000, 20, _i, relaxed);
	ck_assert_msg(more < 4 * few, "alike: %.3f and %.3f ms a name", few, more);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config_match");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_match, 0, N(matches));
	tcase_add_test(tc, test_doubtful_identities);
	tcase_add_test(tc, test_match_bounded);
	tcase_add_loop_test(tc, test_match_index, 0, 8);
	tcase_add_loop_test(tc, test_match_many, DN_STRICT, DN_RELAXED + 1);
	return run_tests("config_match", tc);
}
