// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: what a file means, that every mistake is refused with its
 * file, line and culprit, and which profile an SA gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "config/conffile.h"
#include "lib/text.h"
#include "lib/value.h"
#include "suite.h"

/* Files, in a folder that goes with the test */

static char dir[64];
static char error[2048];

static const char *path(const char *name)
{
	static char buf[2][128];
	static int i;

	i = !i;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", dir, name);
	return buf[i];
}

static void write_bytes(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(path(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert(!fclose(f));
}

static void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static void setup(void)
{
	strcpy(dir, "/tmp/config_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	*error = '\0';
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static struct config *load(const char *text)
{
	struct config *config;

	write_file("main.conf", text);
	config = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_msg(config, "%s", error);
	return config;
}

/* The error is FILE:LINE: ... with @culprit and an expectation in it. */
static void refused(const char *name, unsigned int line, const char *culprit)
{
	struct config *config = config_load(path("main.conf"), error, sizeof(error));
	char at[256];

	config_free(config);
	ck_assert_msg(!config, "not refused: expected %s in line %u", culprit, line);
	snprintf(at, sizeof(at), "%s:%u: ", path(name), line);
	ck_assert_msg(!strncmp(error, at, strlen(at)), "%s: expected %s", error, at);
	ck_assert_msg(strstr(error, culprit), "%s: expected %s in it", error, culprit);
}

/* What a file means */

START_TEST(test_example)
{
	struct config *c = load(
		"group  gold { id = 1  mark = 0x10/0xff0 }\n"
		"profile customer-a { identity = \"*.customer-a.example\"  group = gold }\n"
		"policy wan { device = \"eth1\"  rate = \"100mbit\"\n"
		"             class gold { bandwidth = \"30%\"  ceil = \"100%\" }  default { bandwidth = \"10%\" } }\n");

	ck_assert_uint_eq(c->n_groups, 1);
	ck_assert_str_eq(c->groups[0].name, "gold");
	ck_assert_uint_eq(c->groups[0].id, 1);
	ck_assert_uint_eq(c->groups[0].mark, 0x10);
	ck_assert_uint_eq(c->groups[0].mask, 0xff0);
	ck_assert_uint_eq(c->groups[0].priority, 0);
	ck_assert_int_eq(c->groups[0].dscp, -1);

	ck_assert_uint_eq(c->n_profiles, 1);
	ck_assert_str_eq(c->profiles[0].name, "customer-a");
	ck_assert_uint_eq(c->profiles[0].group, 1);
	ck_assert_uint_eq(c->profiles[0].n_ids, 1);
	ck_assert_uint_eq(c->profiles[0].ids[0].type, ID_FQDN);
	ck_assert_str_eq(c->profiles[0].id_text[0], "*.customer-a.example");
	ck_assert_uint_eq(c->profiles[0].n_eap_ids, 0);
	ck_assert_uint_eq(c->profiles[0].n_conns, 0);
	ck_assert_str_eq(c->profiles[0].file, path("main.conf"));
	ck_assert_uint_eq(c->profiles[0].line, 2);

	ck_assert_uint_eq(c->n_shapers, 1);
	ck_assert_str_eq(c->shapers[0].name, "wan");
	ck_assert_str_eq(c->shapers[0].device, "eth1");
	ck_assert_uint_eq(c->shapers[0].rate, 12500000);
	ck_assert(!c->shapers[0].replace);
	ck_assert_uint_eq(c->shapers[0].n_classes, 2);
	ck_assert_uint_eq(c->shapers[0].classes[0].group, 1);
	ck_assert_uint_eq(c->shapers[0].classes[0].rate, 3750000);
	ck_assert_uint_eq(c->shapers[0].classes[0].ceil, 12500000);
	ck_assert_uint_eq(c->shapers[0].classes[1].group, 0);
	ck_assert_uint_eq(c->shapers[0].classes[1].rate, 1250000);
	ck_assert_uint_eq(c->shapers[0].classes[1].ceil, 12500000);

	ck_assert_uint_eq(c->conf.has,
			  1U << IPSEC_QOS_CONF_A_MAX_SAS |
			  1U << IPSEC_QOS_CONF_A_MAX_IKES |
			  1U << IPSEC_QOS_CONF_A_MAX_GROUPS |
			  1U << IPSEC_QOS_CONF_A_IKE_PORTS |
			  1U << IPSEC_QOS_CONF_A_NATT_PORTS |
			  1U << IPSEC_QOS_CONF_A_FALLBACK);
	ck_assert_uint_eq(c->conf.max_sas, IPSEC_QOS_MAX_SAS);
	ck_assert_uint_eq(c->conf.max_ikes, IPSEC_QOS_MAX_IKES);
	ck_assert_uint_eq(c->conf.max_groups, IPSEC_QOS_MAX_GROUPS);
	ck_assert_uint_eq(c->conf.n_ike_ports, 1);
	ck_assert_uint_eq(c->conf.ike_ports[0], 500);
	ck_assert_uint_eq(c->conf.n_natt_ports, 1);
	ck_assert_uint_eq(c->conf.natt_ports[0], 4500);
	ck_assert_uint_eq(c->conf.n_fallback, 0);
	config_free(c);
}
END_TEST

/* Nothing at all, and nothing but comments, is a configuration too. */
START_TEST(test_empty)
{
	static const char * const texts[] = {
		"", "\n", " \t\r\n", "# a comment", "// another\n", "/* and\nanother */",
		"# include = \"nowhere\"\n", "include = \"nobody*\" /* c */", "include = \"nobody*\"/* c */", "/**/", "settings { }", "fallback { }",
	};
	struct config *c;
	size_t i;

	for (i = 0; i < N(texts); i++) {
		c = load(texts[i]);
		ck_assert_uint_eq(c->n_groups + c->n_profiles + c->n_shapers, 0);
		ck_assert_ptr_null(config_group(c, 1));
		config_free(c);
	}
}
END_TEST

START_TEST(test_everything)
{
	struct config *c = load(
		"/* all there is,\n"
		" * in any order */\n"
		"policy lan { device = eth0 rate = 1gbit replace = yes }\n"
		"profile b {\n"
		"\tidentity = { \"10.0.0.0/8\", 'CN=a \"b\"' } # two\n"
		"\tidentity = user@example.org // and one\n"
		"\teap-identity = \"*@example.org\"\n"
		"\tconnection = { home, 'of\\\\fice', \"a\\\"b\" }\n"
		"\tgroup = \"silver\"\n"
		"}\n"
		"settings {\n"
		"\tmax-sas = 1000\n\tmax-ikes = 0x64\n\tmax-groups = 2\n"
		"\tike-ports = { 500, 4500 }\n\tnatt-ports = 4501\n"
		"}\n"
		"group silver { id = 4294967295 mark = 7 priority = \"1:1f\" dscp = AF41 }\n"
		"group gold { id = 2 mark = 0x80000000/0x80000001 dscp = 0 priority = 2: }\n"
		"fallback { dscp ef { mark = 0x10/0xff0 } dscp 0 { mark = 1 } }\n"
		"fallback { dscp 0x3f { mark = 2 } }\n");

	ck_assert_uint_eq(c->n_groups, 2);
	ck_assert_str_eq(c->groups[0].name, "gold");
	ck_assert_uint_eq(c->groups[0].mark, 0x80000000);
	ck_assert_uint_eq(c->groups[0].mask, 0x80000001);
	ck_assert_uint_eq(c->groups[0].priority, 0x20000);
	ck_assert_int_eq(c->groups[0].dscp, 0);
	ck_assert_str_eq(c->groups[1].name, "silver");
	ck_assert_uint_eq(c->groups[1].mark, 7);
	ck_assert_uint_eq(c->groups[1].mask, UINT32_MAX);
	ck_assert_uint_eq(c->groups[1].priority, 0x1001f);
	ck_assert_int_eq(c->groups[1].dscp, 34);
	ck_assert_ptr_eq(config_group(c, 2), &c->groups[0]);
	ck_assert_ptr_eq(config_group(c, UINT32_MAX), &c->groups[1]);
	ck_assert_ptr_null(config_group(c, 3));
	ck_assert_ptr_null(config_group(c, 0));

	ck_assert_uint_eq(c->profiles[0].group, UINT32_MAX);
	ck_assert_uint_eq(c->profiles[0].line, 4);
	ck_assert_uint_eq(c->profiles[0].n_ids, 3);
	ck_assert_str_eq(c->profiles[0].id_text[0], "10.0.0.0/8");
	ck_assert_str_eq(c->profiles[0].id_text[1], "CN=a \"b\"");
	ck_assert_str_eq(c->profiles[0].id_text[2], "user@example.org");
	ck_assert_uint_eq(c->profiles[0].ids[0].type, ID_IPV4_ADDR_SUBNET);
	ck_assert_uint_eq(c->profiles[0].ids[1].type, ID_DER_ASN1_DN);
	ck_assert_uint_eq(c->profiles[0].ids[2].type, ID_USER_FQDN);
	ck_assert_uint_eq(c->profiles[0].n_eap_ids, 1);
	ck_assert_str_eq(c->profiles[0].eap_ids[0], "*@example.org");
	ck_assert_uint_eq(c->profiles[0].n_conns, 3);
	ck_assert_str_eq(c->profiles[0].conns[0], "home");
	ck_assert_str_eq(c->profiles[0].conns[1], "of\\fice");
	ck_assert_str_eq(c->profiles[0].conns[2], "a\"b");

	ck_assert(c->shapers[0].replace);
	ck_assert_uint_eq(c->shapers[0].n_classes, 1);
	ck_assert_uint_eq(c->shapers[0].classes[0].group, 0);
	ck_assert_uint_eq(c->shapers[0].classes[0].rate, 125000000);
	ck_assert_uint_eq(c->shapers[0].classes[0].ceil, 125000000);

	ck_assert_uint_eq(c->conf.max_sas, 1000);
	ck_assert_uint_eq(c->conf.max_ikes, 100);
	ck_assert_uint_eq(c->conf.max_groups, 2);
	ck_assert_uint_eq(c->conf.n_ike_ports, 2);
	ck_assert_uint_eq(c->conf.ike_ports[1], 4500);
	ck_assert_uint_eq(c->conf.n_natt_ports, 1);
	ck_assert_uint_eq(c->conf.natt_ports[0], 4501);

	ck_assert_uint_eq(c->conf.n_fallback, 3);
	ck_assert_uint_eq(c->conf.fallback[0].dscp, 46);
	ck_assert_uint_eq(c->conf.fallback[0].mark, 0x10);
	ck_assert_uint_eq(c->conf.fallback[0].mask, 0xff0);
	ck_assert_uint_eq(c->conf.fallback[1].dscp, 0);
	ck_assert_uint_eq(c->conf.fallback[1].mask, UINT32_MAX);
	ck_assert_uint_eq(c->conf.fallback[2].dscp, 63);
	config_free(c);
}
END_TEST

static const struct {
	const char *name;
	int dscp;
} dscps[] = {
	{ "cs0", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 }, { "cs4", 32 },
	{ "cs5", 40 }, { "cs6", 48 }, { "cs7", 56 }, { "CS7", 56 },
	{ "af11", 10 }, { "af12", 12 }, { "af13", 14 }, { "af21", 18 },
	{ "af22", 20 }, { "af23", 22 }, { "af31", 26 }, { "af32", 28 },
	{ "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	{ "ef", 46 }, { "va", 44 }, { "le", 1 }, { "0", 0 }, { "63", 63 },
};

START_TEST(test_dscp)
{
	char text[128];
	struct config *c;

	snprintf(text, sizeof(text), "group g { id = 1 mark = 1 dscp = %s }",
		 dscps[_i].name);
	c = load(text);
	ck_assert_int_eq(c->groups[0].dscp, dscps[_i].dscp);
	config_free(c);
}
END_TEST

static const struct {
	const char *text;
	uint64_t bytes;
} rates[] = {
	{ "8", 1 }, { "15", 1 }, { "8bit", 1 }, { "80000", 10000 },
	{ "1kbit", 125 }, { "100mbit", 12500000 }, { "100Mbit", 12500000 },
	{ "1gbit", 125000000 }, { "1tbit", 125000000000 }, { "1.5mbit", 187500 },
	{ ".5mbit", 62500 }, { "1kibit", 128 }, { "1mibit", 131072 },
	{ "1Mibit", 131072 }, { "1gibit", 134217728 }, { "1tibit", 137438953472 },
	{ "1bps", 1 }, { "1kbps", 1000 }, { "1mbps", 1000000 },
	{ "1gbps", 1000000000 }, { "1tbps", 1000000000000 }, { "1kibps", 1024 },
	{ "1mibps", 1048576 }, { "1gibps", 1073741824 }, { "1tibps", 1099511627776 },
	{ "100tbit", 12500000000000 },
};

START_TEST(test_rate)
{
	char text[128];
	struct config *c;

	snprintf(text, sizeof(text), "policy p { device = d rate = %s }", rates[_i].text);
	c = load(text);
	ck_assert_uint_eq(c->shapers[0].rate, rates[_i].bytes);
	/* bytes a second may be a mistake: that is said */
	ck_assert_uint_eq(c->n_warnings, strstr(rates[_i].text, "bps") ? 1 : 0);
	config_free(c);
}
END_TEST

/* Bytes that may be meant as bits */
static const struct {
	const char *text;
	const char *is;
	const char *bits;
} in_bytes[] = {
	{ "40mbps", "'40mbps' is 320mbit", "40mbit" },
	{ "2.5Gbps", "'2.5Gbps' is 20gbit", "2.5gbit" },
	{ "640kibps", "'640kibps' is 5120kibit", "640kibit" },
	{ "9600bps", "'9600bps' is 76800bit", "9600bit" },
};

START_TEST(test_rate_in_bytes)
{
	char text[256];
	struct config *c;

	snprintf(text, sizeof(text),
		 "policy p {\ndevice = d\nrate = 10gbit\ndefault {\nceil = %s } }",
		 in_bytes[_i].text);
	if (strstr(in_bytes[_i].text, "Gbps"))
		strcpy(strstr(text, "10gbit"), "20tbit\ndefault {\nceil = 2.5Gbps } }");
	c = load(text);
	ck_assert_uint_eq(c->n_warnings, 1);
	ck_assert_msg(strstr(c->warnings[0], ":5: ceil = ") &&
		      strstr(c->warnings[0], in_bytes[_i].is) &&
		      strstr(c->warnings[0], in_bytes[_i].bits), "%s",
		      c->warnings[0]);
	config_free(c);
}
END_TEST

/* What people write for a rate, and what they are told to write */
static const struct {
	const char *text;
	const char *hint;
} meant[] = {
	{ "34 mbit", "did you mean 34mbit?" }, { "34M", "did you mean 34mbit?" },
	{ "34 Mbit/s", "did you mean 34mbit?" }, { "2.5G", "did you mean 2.5gbit?" },
	{ "34mb", "did you mean 34mbit?" }, { "34mbits", "did you mean 34mbit?" },
	{ "7 Ki", "did you mean 7kibit?" }, { "34Mb/s", "did you mean 34mbit?" },
	{ "9600 bit/s", "did you mean 9600bit?" }, { "9600 b", "did you mean 9600bit?" },
	{ "2,5gbit", "did you mean 2.5gbit?" }, { "2,5 G", "did you mean 2.5gbit?" },
	{ "30 %", "did you mean 30%?" }, { "30 percent", "did you mean 30%?" },
	{ "20 MB/s", "did you mean 20mbps (20 megabytes a second), or 20mbit?" },
	{ "20 kbyte/s", "did you mean 20kbps (20 kilobytes a second), or 20kbit?" },
	{ "1e3mbit", NULL }, { "34 furlongs", NULL }, { "", NULL }, { "mbit", NULL },
	{ "-3mbit", NULL }, { "34 m bit x", NULL }, { "0x10 mbit", NULL },
	{ ", mbit", NULL }, { "1,2,3 mbit", NULL }, { "1.2,3 mbit", NULL },
};

START_TEST(test_rate_meant)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "policy p {\ndevice = d\nrate = 1gbit\ndefault { ceil = \"%s\" } }",
		 meant[_i].text);
	write_file("main.conf", text);
	refused("main.conf", 4, "expected a rate");
	if (meant[_i].hint)
		ck_assert_msg(strstr(error, meant[_i].hint), "%s: expected %s",
			      error, meant[_i].hint);
	else
		ck_assert_msg(!strstr(error, "did you mean"), "%s", error);
}
END_TEST

/* Names of devices as people find them */
START_TEST(test_device)
{
	static const struct {
		const char *name;
		const char *warning;
	} cases[] = {
		{ "wan0", NULL },
		{ "uplink-to-the-provider-in-rack-12", NULL },
		{ "veth7@if12", "device's name is 'veth7'" },
		{ "eth3.100@eth3", "device's name is 'eth3.100'" },
	};
	char text[256];
	struct config *c;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text), "policy p {\nrate = 1mbit\ndevice = %s }",
			 cases[i].name);
		c = load(text);
		ck_assert_str_eq(c->shapers[0].device, cases[i].name);
		ck_assert_uint_eq(c->n_warnings, cases[i].warning ? 1 : 0);
		if (cases[i].warning)
			ck_assert_msg(strstr(c->warnings[0], ":3: device = ") &&
				      strstr(c->warnings[0], cases[i].warning),
				      "%s", c->warnings[0]);
		config_free(c);
	}
}
END_TEST

START_TEST(test_flows)
{
	struct config *c;

	c = load("policy p { device = d rate = 1mbit }\n"
		 "policy q { device = e rate = 1mbit flows = 65536 }");
	ck_assert_uint_eq(c->shapers[0].flows, 0);
	ck_assert_uint_eq(c->shapers[1].flows, 65536);
	config_free(c);
}
END_TEST

/* A shaper of 1000 bytes a second: its classes, and what they come to */
static const struct {
	const char *classes;
	struct class want[3];
} classes[] = {
	{ "", { { 0, 1000, 1000 } } },
	{ "default { }", { { 0, 1000, 1000 } } },
	{ "default { ceil = 50% }", { { 0, 500, 500 } } },
	{ "default { bandwidth = 5% }", { { 0, 50, 1000 } } },
	{ "class a { bandwidth = 30% }", { { 1, 300, 1000 }, { 0, 700, 1000 } } },
	{ "class a { bandwidth = 33.3% ceil = 33.3% }",
	  { { 1, 333, 333 }, { 0, 667, 1000 } } },
	{ "class a { bandwidth = 2400 ceil = \"400bps\" }",
	  { { 1, 300, 400 }, { 0, 700, 1000 } } },
	{ "default { bandwidth = 50% } class b { bandwidth = 20% } class a { bandwidth = 30% }",
	  { { 2, 200, 1000 }, { 1, 300, 1000 }, { 0, 500, 1000 } } },
	/* nothing is left: the default class gets one per cent all the same */
	{ "class a { bandwidth = 100% }", { { 1, 1000, 1000 }, { 0, 10, 1000 } } },
	{ "class a { bandwidth = 60% } class b { bandwidth = 40% }",
	  { { 1, 600, 1000 }, { 2, 400, 1000 }, { 0, 10, 1000 } } },
	{ "class a { bandwidth = 100% } default { ceil = 64 }",
	  { { 1, 1000, 1000 }, { 0, 8, 8 } } },
};

START_TEST(test_classes)
{
	char text[512];
	struct config *c;
	size_t i;

	snprintf(text, sizeof(text),
		 "group a { id = 1 mark = 1 } group b { id = 2 mark = 2 }"
		 "policy p { device = d rate = 8kbit %s }", classes[_i].classes);
	c = load(text);
	for (i = 0; i < c->shapers[0].n_classes; i++) {
		const struct class *got = &c->shapers[0].classes[i];
		const struct class *want = &classes[_i].want[i];

		ck_assert_uint_eq(got->group, want->group);
		ck_assert_uint_eq(got->rate, want->rate);
		ck_assert_uint_eq(got->ceil, want->ceil);
	}
	ck_assert_uint_eq(classes[_i].want[i - 1].group, 0);
	config_free(c);
}
END_TEST

/* A value of any length leaves room for what was expected instead. */
static const struct {
	const char *before, *after;
	const char *expected;
} lengthy[] = {
	{ "settings { max-sas = \"", "\" }", "expected a number of 1 to 16777216" },
	{ "fallback { dscp \"", "\" { mark = 1 } }", "expected " EXPECT_DSCP },
	{ "group \"", "\" { id = 1 mark = 1 }", "expected " EXPECT_NAME },
	{ "group g { id = \"", "\" mark = 1 }", "expected a number of 1 to 4294967295" },
	{ "group g { id = 1 mark = \"", "\" }", "each of 32 bits, such as 0x10/0xff0" },
	{ "group g { id = 1 mark = \"000", "1/2\" }", "such as 0x10/0xff0" },
	{ "group g { id = 1 mark = 1 priority = \"", "\" }", "such as 1:10" },
	{ "profile p { identity = \"C=CH, OU=", ", QQ=x\" group = g }", "such as C, ST (not S)" },
	{ "profile p { identity = \"CN=", "\nx\" group = g }", "in the same line" },
	{ "profile p { identity = a group = \"", "\" }", "expected the name of a group section" },
	{ "policy p { device = \"", "\" rate = 1mbit }", "an alternative one of at most 127" },
	{ "policy p { device = d rate = \"", "\" }", "such as 100mbit" },
	{ "policy p { device = d rate = 1mbit replace = \"", "\" }", "expected yes or no" },
	{ "policy p { device = d rate = 1mbit class \"", "\" { } }",
	  "expected the name of a group section" },
	{ "policy p { device = d rate = 1mbit default { bandwidth = 1% bandwidth \"", "\" } }",
	  "which begins in line 1" },
	{ "group \"", "\" { id }", "which begins in line 1" },
	{ "", " = 1", "expected one of: settings, group, profile, policy, fallback, include" },
	{ "group g { ", " = 1 }", "expected one of: id, mark, priority, dscp" },
	{ "include = \"", "\"", "File name too long" },
};

START_TEST(test_lengthy)
{
	static const char fill[] = { 'x', '\xff' };
	char value[1501], text[4096], why[1024];
	struct config *c;
	size_t i;

	for (i = 0; i < N(fill); i++) {
		memset(value, fill[i], sizeof(value) - 1);
		value[sizeof(value) - 1] = '\0';
		snprintf(text, sizeof(text), "%s%s%s\n", lengthy[_i].before, value,
			 lengthy[_i].after);
		write_file("main.conf", text);
		c = config_load(path("main.conf"), why, sizeof(why));
		ck_assert_ptr_null(c);
		ck_assert_msg(strstr(why, lengthy[_i].expected), "%s: expected %s",
			      why, lengthy[_i].expected);
	}
}
END_TEST

/* A text in a buffer: whole, or cut off with dots, but never inside an escape. */
START_TEST(test_clip)
{
	static const struct {
		const char *text, *clipped;
	} cases[] = {
		{ "", "" }, { "123456789", "123456789" }, { "1234567890", "123456..." },
		{ "12345\n", "12345\\x0a" }, { "123456\n", "123456..." },
		{ "123\n89", "123\\x0a89" }, { "123\n890", "123..." },
		{ "\xff\xff", "\\xff\\xff" }, { "\xff\xff\xff", "\\xff..." },
	};
	char buf[10];
	size_t i;

	for (i = 0; i < N(cases); i++)
		ck_assert_str_eq(text_clip(buf, sizeof(buf), cases[i].text),
				 cases[i].clipped);
}
END_TEST

/* Marks that no packet can carry both of */
static const char * const apart[] = {
	"group a { id = 1 mark = 1 } group b { id = 2 mark = 2 }",
	"group a { id = 1 mark = 0x10/0xff0 } group b { id = 2 mark = 0x20/0xff0 }",
	"group a { id = 1 mark = 0x10/0xf0 } group b { id = 2 mark = 0x20/0xff0 }",
	"group a { id = 1 mark = 1/1 } group b { id = 2 mark = 2/3 }",
};

START_TEST(test_marks_apart)
{
	config_free(load(apart[_i]));
}
END_TEST

/* Mistakes: the line that is to be named, and the culprit */

#define G	"group gold { id = 1 mark = 0x10/0xff0 }\n"
#define S	"group silver { id = 2 mark = 0x20/0xff0 }\n"
#define P(classes) G S "policy wan {\ndevice = eth1\nrate = 100mbit\n" classes "\n}\n"

static const struct {
	const char *text;
	unsigned int line;
	const char *culprit;
} mistakes[] = {
	/* language */
	{ "groups gold { }", 1, "'groups', expected one of: settings, group, profile, policy, fallback, include" },
	{ "id = 1", 1, "'id'" },
	{ "# c\n\n/* c\nc */ group gold {\n// c\nid = 1 # c\nmrak = 1\n}", 7,
	  "'mrak', expected one of: id, mark, priority, dscp" },
	{ "profile a {\nid = 1 }", 2, "'id', expected one of: identity, eap-identity, member-of, connection, group" },
	{ "settings {\nmax-sa = 1 }", 2, "'max-sa'" },
	{ "fallback {\nef { mark = 1 } }", 2, "'ef'" },
	{ "fallback { dscp ef {\nmask = 1 } }", 2, "'mask', expected one of: mark" },
	{ "policy p {\nqueue = 1 }", 2, "'queue'" },
	{ "policy p { class a {\nrate = 1 } }", 2, "'rate', expected one of: bandwidth, ceil" },
	{ "policy p { default {\nrate = 1 } }", 2, "'rate'" },
	{ "policy p { include = \"x\" }", 1, "'include'" },
	{ "group gold {\n\"{\" = 1 }", 2, "'{'" },
	{ "group gold {\n\"a|b\" = 1 }", 2, "a" },
	{ "\"group=a|id\" = 1", 1, "a" },
	{ "\n\"\" = 1", 2, "a key without a name" },
	{ "group gold {\n\"\" = 1 }", 2, "a key without a name" },
	{ "group {\nid = 1 }", 1, "group" },
	{ "group gold silver { }", 1, "group" },
	{ "group gold\nid = 1 }", 2, "group" },
	{ "group gold {\nid 1\n}", 2, "'id'" },
	{ "group gold {\nid = { 1 }\n}", 2, "line 1" },
	{ "group gold {\nid = \n}", 3, "group gold" },
	{ "group gold {\nid = 1,\n}", 2, "','" },
	{ "\ngroup gold {\nid = 1\n", 2, "'{' is opened and not closed" },
	{ "policy p {\nclass a {\n bandwidth = 1\n", 2, "'{' is opened and not closed" },
	{ "policy p {\nclass a {\n bandwidth = 1 }\n", 1, "'{' is opened and not closed" },
	{ "profile p {\nidentity = { a,\n b", 3, "profile p" },
	{ G "}", 2, "closing" },
	{ "profile a {\nidentity = { \"a\", \"b\" group = gold }", 2, "'group'" },
	{ "group gold { id = 1 /* mark = 1 }\n\n", 1, "comment" },
	{ "\ngroup gold { id = \"1 }\n\n", 2, "quote" },
	{ "\ngroup gold { id = '1 }\n\n", 2, "quote" },
	{ "\ngroup gold { id = \"1", 2, "quote" },
	{ "profile a {\nidentity = *.example.org }", 2, "'*' outside of quotes" },
	{ "profile a {\nidentity += a }", 2, "'+' outside of quotes" },
	{ "profile a {\nidentity = \"${HOME}\" }", 2, "environment" },
	{ "profile a {\nidentity = ${HOME} }", 2, "environment" },
	{ "profile a {\nidentity = \"a\\n\" }", 2, "'\\'" },
	{ "profile a {\nidentity = '\\\"' }", 2, "'\\'" },
	{ "profile a {\nidentity = \"a\x01\" }", 2, "0x01" },
	{ "group gold {\n\x1b }", 2, "0x1b" },
	{ G "\n\ninclude = \"a\", \"b\"", 4, "include" },
	{ G "include()", 2, "include" },
	{ G "include = \"\"", 2, "include" },
	{ G "include \"a\"", 2, "include" },
	/* as swanctl.conf has it */
	{ G "include conf.d/*.conf\n/* */", 2, "expected the path in quotes, include = \"DIR/*.conf\"" },
	{ G " include = conf.d/*.conf", 2, "expected the path in quotes" },
	{ G "include conf.d/a.conf", 2, "include = PATH" },

	/* groups */
	{ "\ngroup gold { }", 2, "'group gold' has no 'id'" },
	{ "\ngroup gold {\nid = 1 }", 2, "'group gold' has no 'mark'" },
	{ "group gold {\nid = 0 mark = 1 }", 2, "id = '0'" },
	{ "group gold {\nid = -1 mark = 1 }", 2, "id = '-1'" },
	{ "group gold {\nid = 4294967296 mark = 1 }", 2, "id = '4294967296'" },
	{ "group gold {\nid = 99999999999999999999999 mark = 1 }", 2, "id = '999" },
	{ "group gold {\nid = one mark = 1 }", 2, "id = 'one'" },
	{ "group gold {\nid = 1x mark = 1 }", 2, "id = '1x'" },
	{ "group gold {\nid = \"\" mark = 1 }", 2, "id = ''" },
	{ "group gold {\nid = 1\nid = 2 mark = 1 }", 3, "'id' is there twice" },
	{ "group gold { id = 1 mark = 1\nmark = 1 }", 2, "'mark' is there twice" },
	{ "group gold { id = 1\nmark = 0x1000/0xff0 }", 2, "0x1000" },
	{ "group gold { id = 1\nmark = 0x11/0xff0 }", 2, "0x11" },
	{ "group gold { id = 1\nmark = 0 }", 2, "mark = '0'" },
	{ "group gold { id = 1\nmark = 0/0xff0 }", 2, "mark = '0/0xff0'" },
	{ "group gold { id = 1\nmark = 0/0 }", 2, "mark = '0/0'" },
	{ "group gold { id = 1\nmark = 1/ }", 2, "mark = '1/'" },
	{ "group gold { id = 1\nmark = 1/1/1 }", 2, "mark = '1/1/1'" },
	{ "group gold { id = 1\nmark = 0x100000000 }", 2, "mark = '0x100000000'" },
	{ "group gold { id = 1\nmark = /1 }", 2, "mark = '/1'" },
	{ "group gold { id = 1\nmark = gold }", 2, "mark = 'gold'" },
	{ "group gold { id = 1 mark = 1\npriority = 1 }", 2, "priority = '1'" },
	{ "group gold { id = 1 mark = 1\npriority = :1 }", 2, "priority = ':1'" },
	{ "group gold { id = 1 mark = 1\npriority = 0:0 }", 2, "priority = '0:0'" },
	{ "group gold { id = 1 mark = 1\npriority = 10000:1 }", 2, "priority = '10000:1'" },
	{ "group gold { id = 1 mark = 1\npriority = 1:10000 }", 2, "priority = '1:10000'" },
	{ "group gold { id = 1 mark = 1\npriority = 1:g }", 2, "priority = '1:g'" },
	{ "group gold { id = 1 mark = 1\ndscp = 64 }", 2, "'64'" },
	{ "group gold { id = 1 mark = 1\ndscp = af44 }", 2, "'af44'" },
	{ "group gold { id = 1 mark = 1\ndscp = \"\" }", 2, "''" },
	{ "\ngroup \"\" { id = 1 mark = 1 }", 2, "''" },
	{ "\ngroup .gold { id = 1 mark = 1 }", 2, "'.gold'" },
	{ "\ngroup \"a b\" { id = 1 mark = 1 }", 2, "'a b'" },
	{ "\ngroup a/b { id = 1 mark = 1 }", 2, "'a/b'" },
	{ "\ngroup \xc3\xbc { id = 1 mark = 1 }", 2, "\\xc3\\xbc" },
	{ "\ngroup a2345678901234567890123456789012 { id = 1 mark = 1 }", 2, "'a2345" },
	{ G "group b {\nid = 1\nmark = 0x20/0xff0 }", 3, "has the id 1 of group 'gold'" },
	{ G "\ngroup gold { id = 2 mark = 0x20/0xff0 }", 3, "group 'gold' is there twice" },
	{ G "group b { id = 2\nmark = 0x10/0xff0 }", 3, "overlaps 0x10/0xff0 of group 'gold'" },
	{ G "group b { id = 2\nmark = 0x10/0xf0 }", 3, "0x10/0xf0 of group 'b' overlaps" },
	{ G "group b { id = 2\nmark = 0x1000/0xf000 }", 3, "of group 'gold'" },
	{ G "group b { id = 2\nmark = 0x10 }", 3, "of group 'gold'" },
	{ "settings { max-groups = 1 }\n" G "\n" S, 4, "group 'silver'" },

	/* profiles */
	{ G "profile a {\ngroup = gold }", 2, "profile 'a' names nobody" },
	{ G "profile a {\nmember-of = \"^vpn-.*$\"\ngroup = gold }", 3,
	  "not a regular expression" },
	{ G "profile a {\n\neap-identity = \"email:^max@.*$\"\ngroup = gold }", 4,
	  "not a regular expression" },
	{ G "profile a {\nmember-of = \"\"\ngroup = gold }", 3, "expected a name" },
	{ G "profile a {\nidentity = \"203.0.113.4[500]\"\ngroup = gold }", 3,
	  "expected the address alone" },
	{ G "profile a {\nidentity = { }\ngroup = gold }", 2, "profile 'a' names nobody" },
	{ G "profile a {\nidentity = a }", 2, "'profile a' has no 'group'" },
	{ G "profile a { identity = a\ngroup = silver }", 3, "group 'silver' does not exist" },
	{ G "profile a { identity = a\ngroup = \"\" }", 3, "group '' does not exist" },
	{ G "profile a { identity = a group = gold\ngroup = gold }", 3, "'group' is there twice" },
	{ G "profile a { identity = {\na,\n\"10.0.0.0/33\" } group = gold }", 4, "'10.0.0.0/33'" },
	{ G "profile a {\nidentity = \"C=CH, QQ=x\" group = gold }", 3, "'C=CH, QQ=x'" },
	{ G "profile a {\nidentity = \"\" group = gold }", 3, "%any" },
	{ G "profile a {\neap-identity = \"\" group = gold }", 3, "eap-identity = ''" },
	{ G "profile a {\nconnection = \"\" group = gold }", 3, "connection = ''" },
	{ G "profile \"a b\" { identity = a group = gold }", 2, "'a b' of a profile" },
	{ G "profile a { identity = a group = gold }\n"
	    "profile b { identity = b group = gold }\n"
	    "profile a { identity = c group = gold }\n", 4, "profile 'a' is there twice" },

	/* shapers */
	{ "\npolicy p { }", 2, "has no 'device'" },
	{ "\npolicy p {\ndevice = d }", 2, "has no 'rate'" },
	{ "policy p {\ndevice = \"\" rate = 1mbit }", 2, "device = ''" },
	{ "policy p {\ndevice = a/b rate = 1mbit }", 2, "device = 'a/b'" },
	{ "policy p {\ndevice = \"a b\" rate = 1mbit }", 2, "device = 'a b'" },
	{ "policy p {\ndevice = .. rate = 1mbit }", 2, "device = '..'" },
	{ "policy p {\ndevice = a2345678901234567890123456789012345678901234567890"
	  "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
	  " rate = 1mbit }", 2, "device = 'a234" },
	{ "policy p { device = d rate = 1mbit\nflows = 0 }", 2, "flows = '0'" },
	{ "policy p { device = d rate = 1mbit\nflows = 65537 }", 2, "flows = '65537'" },
	{ "policy p { device = d\nrate = 0 }", 2, "rate = '0'" },
	{ "policy p { device = d\nrate = 7 }", 2, "rate = '7'" },
	{ "policy p { device = d\nrate = -1mbit }", 2, "rate = '-1mbit'" },
	{ "policy p { device = d\nrate = 1xbit }", 2, "rate = '1xbit'" },
	{ "policy p { device = d\nrate = mbit }", 2, "rate = 'mbit'" },
	{ "policy p { device = d\nrate = 1.2.3mbit }", 2, "rate = '1.2.3mbit'" },
	{ "policy p { device = d\nrate = .mbit }", 2, "rate = '.mbit'" },
	{ "policy p { device = d\nrate = \"1 mbit\" }", 2, "rate = '1 mbit'" },
	{ "policy p { device = d\nrate = 1e3mbit }", 2, "rate = '1e3mbit'" },
	{ "policy p { device = d\nrate = 0x10mbit }", 2, "rate = '0x10mbit'" },
	{ "policy p { device = d\nrate = inf }", 2, "rate = 'inf'" },
	{ "policy p { device = d\nrate = nan }", 2, "rate = 'nan'" },
	{ "policy p { device = d\nrate = 999999999999tbit }", 2, "rate = '999" },
	{ "policy p { device = d\nrate = 95% }", 2, "rate = '95%'" },
	{ "policy p { device = d rate = 1mbit\nreplace = maybe }", 2, "replace = 'maybe'" },
	{ "policy p { device = d rate = 1mbit }\n"
	  "policy p { device = e rate = 1mbit }", 2, "policy 'p' is there twice" },
	{ "policy p { device = d rate = 1mbit }\n"
	  "policy q { rate = 1mbit\ndevice = d }", 3, "device 'd' is there twice" },
	{ P("class bronze { bandwidth = 1% }"), 6, "group 'bronze' does not exist" },
	{ P("\nclass gold { }"), 7, "'class gold' has no 'bandwidth'" },
	{ P("class gold { bandwidth = 1% }\nclass gold { bandwidth = 1% }"), 7,
	  "class 'gold' is there twice" },
	{ P("default { }\ndefault { }"), 7, "two default classes, the first in line 6" },
	{ P("class gold { bandwidth = 60% }\nclass silver {\nbandwidth = 50% }"), 8,
	  "class silver the classes of policy 'wan' come to 110%" },
	{ P("class gold { bandwidth = 60% }\ndefault {\nbandwidth = 50% }"), 8,
	  "the default class the classes of policy 'wan' come to 110%" },
	{ P("default { bandwidth = 50% }\nclass gold { bandwidth = 60% }"), 6, "come to 110%" },
	{ P("class gold { bandwidth = 200mbit }"), 6, "200%" },
	{ P("class gold { bandwidth = 100.1% }"), 6, "'100.1%'" },
	{ P("class gold { bandwidth = 0% }"), 6, "'0%'" },
	{ P("class gold { bandwidth = \"%\" }"), 6, "'%'" },
	{ P("class gold { bandwidth = 10%% }"), 6, "'10%%'" },
	{ P("class gold { bandwidth = 30%\nceil = 20% }"), 7, "ceil = '20%' is less" },
	{ P("class gold { bandwidth = 30%\nceil = 101mbit }"), 7, "ceil = '101mbit' is more" },
	{ P("default { bandwidth = 30%\nceil = 20% }"), 7, "ceil = '20%' is less" },
	{ P("class gold { bandwidth = 1%\nbandwidth = 1% }"), 7, "'bandwidth' is there twice" },
	{ P("class gold { bandwidth = 1% ceil = 1%\nceil = 1% }"), 7, "'ceil' is there twice" },

	/* settings and fall-back */
	{ "settings {\nmax-sas = 0 }", 2, "max-sas = '0'" },
	{ "settings {\nmax-sas = 16777217 }", 2, "max-sas = '16777217'" },
	{ "settings {\nmax-ikes = 4194305 }", 2, "max-ikes = '4194305'" },
	{ "settings {\nmax-groups = 65537 }", 2, "max-groups = '65537'" },
	{ "settings { max-sas = 1\nmax-sas = 2 }", 2, "'max-sas' is there twice" },
	{ "settings { }\nsettings { }", 2, "settings is there twice" },
	{ "settings { ike-ports = {\n1, 0 } }", 2, "ike-ports = '0'" },
	{ "settings {\nike-ports = 65536 }", 2, "ike-ports = '65536'" },
	{ "settings { natt-ports = { 1,\n1 } }", 2, "port 1 is there twice" },
	{ "settings { ike-ports = { 1, 2, 3, 4, 5, 6, 7, 8,\n9 } }", 2, "at most 8" },
	{ "\nsettings { ike-ports = 4500 }", 2, "port 4500" },
	{ "\nfallback { dscp ef { } }", 2, "'dscp ef' has no 'mark'" },
	{ "\nfallback { dscp 64 { mark = 1 } }", 2, "'64'" },
	{ "fallback { dscp ef { mark = 1 }\ndscp 46 { mark = 2 } }", 2, "'46'" },
	{ "fallback { dscp ef { mark = 1 } }\nfallback { dscp EF { mark = 2 } }", 2, "'EF'" },
	{ "fallback { dscp ef {\nmark = 1/2 } }", 2, "mark = '1/2'" },
};

START_TEST(test_mistake)
{
	struct config *c;

	write_file("main.conf", mistakes[_i].text);
	refused("main.conf", mistakes[_i].line, mistakes[_i].culprit);
	ck_assert_msg(strstr(error, "xpected"), "%s: what was expected?", error);

	/* libConfuse keeps its state in the process: the next file is read well */
	c = load(G "profile a { identity = \"a\" group = gold }");
	ck_assert_uint_eq(c->n_profiles, 1);
	config_free(c);
}
END_TEST

/* Files */

/* A fall-back that has packets of nobody taken for a group's, and one that has not */
START_TEST(test_fallback_of_a_group)
{
	static const char groups[] =
		"group lead { id = 3 mark = 0x300/0xf00 }\n"
		"group tin { id = 2 mark = 0x5500/0xff00 }\n";
	static const struct {
		const char *mark;
		const char *group;
	} cases[] = {
		{ "0x300/0xf00", "group lead, 0x300/0xf00" },
		/* with bits beyond the group's, and with all there are */
		{ "0x1301/0xff0f", "group lead, 0x300/0xf00" },
		{ "0x5500", "group tin, 0x5500/0xff00" },
		/* only those that the group's mark has set: the others are 0 */
		{ "0x300/0x300", "group lead, 0x300/0xf00" },
		/* part of it, another value of its bits, other bits */
		{ "0x100/0x100", NULL },
		{ "0x700/0xf00", NULL },
		{ "0x30000/0xf0000", NULL },
	};
	char text[512], at[256];
	struct config *c;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		snprintf(text, sizeof(text),
			 "fallback {\n\tdscp cs1 { mark = 0x8/0xf }\n"
			 "\tdscp af41 {\n\t\tmark = %s\n\t}\n}\n%s",
			 cases[i].mark, groups);
		c = load(text);
		ck_assert_uint_eq(c->conf.n_fallback, 2);
		ck_assert_uint_eq(c->n_warnings, cases[i].group ? 1 : 0);
		if (cases[i].group) {
			snprintf(at, sizeof(at), "%s:4: fall-back dscp af41: ",
				 path("main.conf"));
			ck_assert_msg(!strncmp(c->warnings[0], at, strlen(at)) &&
				      strstr(c->warnings[0], cases[i].group) &&
				      strstr(c->warnings[0], "give the fall-back"),
				      "%s", c->warnings[0]);
		}
		config_free(c);
	}
}
END_TEST

START_TEST(test_include)
{
	struct config *c;

	ck_assert(!mkdir(path("conf.d"), 0755));
	write_file("conf.d/20-b.conf", "profile b { identity = b group = gold }");
	write_file("conf.d/10-a.conf",
		   "\n\nprofile a { identity = a group = gold }\ninclude = \"../more\"");
	write_file("conf.d/ignored", "nonsense");
	write_file("more", "profile c { identity = c group = gold }");
	c = load("profile first { identity = x group = gold }\n"
		 "include = \"conf.d/*.conf\"\n"
		 "include = \"nothing.d/*.conf\"\n"
		 "profile last { identity = x group = gold }\n"
		 G);
	ck_assert_uint_eq(c->n_profiles, 5);
	ck_assert_str_eq(c->profiles[0].name, "first");
	ck_assert_str_eq(c->profiles[1].name, "a");
	ck_assert_str_eq(c->profiles[1].file, path("conf.d/10-a.conf"));
	ck_assert_uint_eq(c->profiles[1].line, 3);
	ck_assert_str_eq(c->profiles[2].name, "c");
	ck_assert_str_eq(c->profiles[2].file, path("conf.d/../more"));
	ck_assert_str_eq(c->profiles[3].name, "b");
	ck_assert_str_eq(c->profiles[4].name, "last");
	ck_assert_uint_eq(c->profiles[4].line, 4);
	config_free(c);
}
END_TEST

START_TEST(test_include_absolute)
{
	struct config *c;
	char text[256];

	write_file("gold.conf", G);
	snprintf(text, sizeof(text), "include = '%s'", path("gold.conf"));
	c = load(text);
	ck_assert_uint_eq(c->n_groups, 1);
	config_free(c);
}
END_TEST

START_TEST(test_include_mistakes)
{
	char name[16], text[64];
	struct config *c;
	unsigned int i;

	/* in an included file, and in the one behind it */
	write_file("main.conf", G "\ninclude = \"a.conf\"\n" G);
	write_file("a.conf", "# c\ngroup silver {\nid = 2 mark = 0x20/0xfg0 }");
	refused("a.conf", 3, "0x20/0xfg0");
	write_file("a.conf", "\n\n\ngroup silver { id = 2 mark = 0x20/0xff0 \n");
	refused("a.conf", 4, "'{' is opened and not closed");
	write_file("a.conf", S);
	refused("main.conf", 4, "group 'gold' is there twice, first in");
	write_file("a.conf", "\n" G);
	refused("a.conf", 2, "group 'gold' is there twice");
	write_file("main.conf", G "\ninclude = \"a.conf\"\nnonsense = 1\n");
	write_file("a.conf", "\n\n\n");
	refused("main.conf", 4, "'nonsense'");

	/* not there, not a file, not readable */
	write_file("main.conf", "\n\ninclude = \"nowhere.conf\"\n");
	refused("main.conf", 3, "nowhere.conf': No such file");
	write_file("main.conf", "\ninclude = \"/dev/zero\"\n");
	refused("main.conf", 2, "'/dev/zero': expected a regular file");
	write_file("main.conf", "\ninclude = \".\"\n");
	refused("main.conf", 2, "expected a regular file");
	ck_assert(!mkfifo(path("fifo"), 0600));
	write_file("main.conf", "\ninclude = \"fifo\"\n");
	refused("main.conf", 2, "expected a regular file");
	if (geteuid()) {
		write_file("secret", "");
		ck_assert(!chmod(path("secret"), 0));
		write_file("main.conf", "\ninclude = \"secret\"\n");
		refused("main.conf", 2, "Permission denied");
	}

	/* loops, under any name */
	write_file("main.conf", "\ninclude = \"main.conf\"\n");
	refused("main.conf", 2, "includes itself");
	write_file("main.conf", "\ninclude = \"a.conf\"\n");
	write_file("a.conf", "\n\ninclude = \"./b.conf\"\n");
	write_file("b.conf", "include = \"*n.conf\"\n");
	refused("./b.conf", 1, "includes itself");
	ck_assert(!symlink("main.conf", path("link.conf")));
	write_file("b.conf", "include = \"link.conf\"\n");
	refused("./b.conf", 1, "includes itself");

	/* the same file twice is no loop */
	write_file("main.conf", "include = \"e.conf\" include = \"e.conf\"");
	write_file("e.conf", "# nothing");
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);

	/* too deep */
	write_file("main.conf", "include = \"1.conf\"");
	for (i = 1; i < 20; i++) {
		snprintf(name, sizeof(name), "%u.conf", i);
		snprintf(text, sizeof(text), "\ninclude = \"%u.conf\"", i + 1);
		write_file(name, text);
	}
	snprintf(name, sizeof(name), "%u.conf", CONFFILE_DEPTH_MAX - 1);
	refused(name, 2, "is included through more than 8 files");
}
END_TEST

/* A file that somebody else can write says what the kernel is to do */
START_TEST(test_whose_file)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *why;
	} cases[] = {
		{ 0644, 0, 0, NULL }, { 0600, 0, 7, NULL }, { 0664, 0, 0, NULL },
		{ 0400, 0, 0, NULL }, { 0755, 0, 7, NULL },
		{ 0646, 0, 0, "everybody can write (mode 0646): chmod o-w" },
		{ 0602, 0, 0, "everybody can write (mode 0602): chmod o-w" },
		{ 0660, 0, 7, "group 7 can write (mode 0660): chmod g-w" },
		{ 0644, 12, 0, "belongs to user 12: chown root" },
		{ 0600, 12, 0, "belongs to user 12: chown root" },
	};
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give files away */
	write_file("main.conf", "include = \"part\"");
	for (i = 0; i < N(cases); i++) {
		write_file("part", G);
		ck_assert(!chown(path("part"), cases[i].uid, cases[i].gid));
		ck_assert(!chmod(path("part"), cases[i].mode));
		if (cases[i].why) {
			refused("main.conf", 1, cases[i].why);
			ck_assert(strstr(error, path("part")));
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%s", error);
			config_free(c);
		}
		ck_assert(!unlink(path("part")));
	}

	write_file("main.conf", G);
	ck_assert(!chmod(path("main.conf"), 0622));
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(error, "chmod"), "%s", error);
}
END_TEST

/* Who can write a folder can put some file of root's there, by a link */
START_TEST(test_whose_folder)
{
	static const struct {
		const char *include;
		const char *folder;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *why;	/* NULL: it is read */
	} cases[] = {
		{ "sub/conf.d/*.conf", "sub/conf.d", 0755, 0, 7, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0775, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0757, 0, 0, "everybody can write (mode 0757)" },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0775, 0, 7, "group 7 can write (mode 0775)" },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0755, 12, 0, "belongs to user 12" },
		/* ... or another folder into its place */
		{ "sub/conf.d/*.conf", "sub", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/*/a.conf", "sub", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/*/a.conf", "sub/conf.d", 0700, 12, 0, "belongs to user 12" },
		{ "sub/conf.d/a.conf", "sub/conf.d", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/conf.d/a.conf", "sub", 0755, 12, 0, "belongs to user 12" },
		/* the sticky bit keeps what is there, and lets others add */
		{ "sub/conf.d/a.conf", "sub/conf.d", 01777, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub", 01777, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 01777, 0, 0, "everybody can write" },
		{ "sub/*/a.conf", "sub", 01777, 0, 0, "everybody can write" },
		{ "sub/[c]onf.d/a.conf", "sub", 01777, 0, 0, "everybody can write" },
		/* by links */
		{ "away/*.conf", "sub/conf.d", 0777, 0, 0, "everybody can write" },
		{ "away/*.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "one.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "away/*.conf", "sub", 0755, 0, 0, NULL },
		{ "one.conf", "sub", 0755, 0, 0, NULL },
		/* by a link that lies elsewhere */
		{ "two/*.conf", "app", 0755, 0, 0, NULL },
		{ "two/*.conf", "app", 0775, 0, 0, NULL },
		{ "two/*.conf", "app", 01777, 0, 0, NULL },
		{ "two/*.conf", "app", 0755, 12, 0, "belongs to user 12" },
		{ "two/*.conf", "app", 01777, 12, 0, "belongs to user 12" },
		{ "two/a.conf", "app", 0777, 0, 0, "everybody can write" },
		{ "two/*.conf", "sub/conf.d", 01777, 0, 0, "everybody can write" },
		{ "two.conf", "app", 0755, 0, 0, NULL },
		{ "two.conf", "app", 0755, 12, 0, "belongs to user 12" },
		{ "two.conf", "app", 0775, 0, 7, "group 7 can write" },
		{ "app/../two.conf", "app", 0755, 0, 0, NULL },
		/* by a name that is a pattern, and then is none */
		{ "sub/a\\\\b.conf", "sub", 0755, 0, 0, NULL },
		{ "sub/a\\\\b.conf", "sub", 01777, 0, 0, NULL },
		{ "sub/a\\\\b.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "sub/a\\\\b.conf", "sub", 0755, 12, 0, "belongs to user 12" },
		/* of what is not there, or not yet */
		{ "sub/none.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "sub/none/none.conf", "sub", 0777, 0, 0, "everybody can write" },
	};
	char include[256], at[128];
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give folders away */
	ck_assert(!mkdir(path("sub"), 0755));
	ck_assert(!mkdir(path("sub/conf.d"), 0755));
	write_file("sub/conf.d/a.conf", G);
	ck_assert(!symlink("sub/conf.d", path("away")));
	ck_assert(!symlink("sub/conf.d/a.conf", path("one.conf")));
	write_file("sub/a\\b.conf", G);
	ck_assert(!mkdir(path("app"), 0755));
	ck_assert(!symlink("app/current", path("two")));
	ck_assert(!symlink("../sub/conf.d", path("app/current")));
	ck_assert(!symlink(path("app/a.conf"), path("two.conf")));
	ck_assert(!symlink(path("sub/conf.d/a.conf"), path("app/a.conf")));
	for (i = 0; i < N(cases); i++) {
		ck_assert(!chown(path(cases[i].folder), cases[i].uid, cases[i].gid));
		ck_assert(!chmod(path(cases[i].folder), cases[i].mode));
		snprintf(include, sizeof(include), "\ninclude = \"%s\"", cases[i].include);
		write_file("main.conf", include);
		if (cases[i].why) {
			refused("main.conf", 2, cases[i].why);
			snprintf(at, sizeof(at), "%s'", path(cases[i].folder));
			ck_assert_msg(strstr(error, at), "%zu: %s", i, error);
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%zu: %s", i, error);
			config_free(c);
		}
		ck_assert(!chown(path(cases[i].folder), 0, 0));
		ck_assert(!chmod(path(cases[i].folder), 0755));
	}
}
END_TEST

/* The sticky bit keeps what is root's, not what somebody else has put there before */
START_TEST(test_whose_part)
{
	static const struct {
		const char *include;
		const char *part;
		uid_t uid;
		const char *why;
	} cases[] = {
		{ "tmp/link.conf", "tmp/link.conf", 0, NULL },
		{ "tmp/link.conf", "tmp/link.conf", 12, "/tmp/link.conf' belongs to user 12" },
		{ "tmp/file.conf", "tmp/file.conf", 0, NULL },
		{ "tmp/file.conf", "tmp/file.conf", 12, "/tmp/file.conf' belongs to user 12" },
		{ "tmp/conf.d/*.conf", "tmp/conf.d", 0, NULL },
		{ "tmp/conf.d/*.conf", "tmp/conf.d", 12, "/tmp/conf.d' belongs to user 12" },
		{ "tmp/folder/*.conf", "tmp/folder", 0, NULL },
		{ "tmp/folder/*.conf", "tmp/folder", 12, "/tmp/folder' belongs to user 12" },
		{ "by.conf", "tmp/link.conf", 0, NULL },
		{ "by.conf", "tmp/link.conf", 12, "/tmp/link.conf' belongs to user 12" },
		{ "tmp/none.conf", "tmp/link.conf", 0, "/tmp/none.conf': No such file" },
		/* where nobody else can put one, whose it is says nothing */
		{ "root/other", "root/other", 12, NULL },
	};
	char include[256];
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give links away */
	ck_assert(!mkdir(path("root"), 0755));
	write_file("root/a.conf", G);
	ck_assert(!symlink("a.conf", path("root/other")));
	ck_assert(!mkdir(path("tmp"), 0));
	ck_assert(!chmod(path("tmp"), 01777));
	ck_assert(!symlink("../root/a.conf", path("tmp/link.conf")));
	ck_assert(!symlink("../root", path("tmp/conf.d")));
	write_file("tmp/file.conf", G);
	ck_assert(!mkdir(path("tmp/folder"), 0755));
	write_file("tmp/folder/a.conf", G);
	ck_assert(!symlink("tmp/link.conf", path("by.conf")));
	for (i = 0; i < N(cases); i++) {
		ck_assert(!lchown(path(cases[i].part), cases[i].uid, 0));
		snprintf(include, sizeof(include), "\ninclude = \"%s\"", cases[i].include);
		write_file("main.conf", include);
		if (cases[i].why) {
			refused("main.conf", 2, cases[i].why);
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%zu: %s", i, error);
			config_free(c);
		}
		ck_assert(!lchown(path(cases[i].part), 0, 0));
	}
}
END_TEST

/* As many links as the kernel follows, and a path from where the daemon was started */
START_TEST(test_way)
{
	char name[32], to[32];
	struct config *c;
	int i;

	write_file("0.conf", G);
	for (i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(to, sizeof(to), "%d.conf", i - 1);
		ck_assert(!symlink(to, path(name)));
	}
	ck_assert(!symlink("round", path("round")));
	c = load("include = \"40.conf\"");
	config_free(c);
	write_file("main.conf", "include = \"41.conf\"");
	refused("main.conf", 1, "/41.conf': Too many levels of symbolic links");
	write_file("main.conf", "include = \"round/a.conf\"");
	refused("main.conf", 1, "/round/a.conf': Too many levels of symbolic links");
	write_file("main.conf", "include = \"none/a.conf\"");
	refused("main.conf", 1, "/none/a.conf': No such file");
	write_file("main.conf", "include = \"0.conf/a.conf\"");
	refused("main.conf", 1, "/0.conf/a.conf': Not a directory");

	ck_assert(!mkdir(path("sub"), 0755));
	ck_assert(!symlink("../0.conf", path("sub/a.conf")));
	write_file("main.conf", "include = \"./sub//*.conf\"");
	ck_assert(!chdir(dir));
	c = config_load("main.conf", error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);
	ck_assert(!chdir("sub"));
	c = config_load("../main.conf", error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);
	if (!geteuid()) {
		ck_assert(!chmod(dir, 0777));
		c = config_load("../main.conf", error, sizeof(error));
		ck_assert_ptr_null(c);
		ck_assert_msg(strstr(error, "everybody can write (mode 0777)"), "%s", error);
	}
	ck_assert(!chdir("/"));
}
END_TEST

/* What editors put in front */
START_TEST(test_byte_order_mark)
{
	static const char utf16[] = "\xff\xfeg\0r\0o\0u\0p\0";
	struct config *c;

	write_file("part", "\xef\xbb\xbf# naturally\nprofile b { identity = b group = gold }");
	c = load("\xef\xbb\xbf" G "include = part\n");
	ck_assert_uint_eq(c->n_groups, 1);
	ck_assert_uint_eq(c->n_profiles, 1);
	ck_assert_uint_eq(c->profiles[0].line, 2);
	config_free(c);
	c = load("\xef\xbb\xbf");
	config_free(c);

	/* only there */
	write_file("main.conf", G "\n\xef\xbb\xbfprofile a { }");
	refused("main.conf", 3, "unknown key");
	write_bytes("main.conf", utf16, sizeof(utf16) - 1);
	refused("main.conf", 1, "UTF-16: expected UTF-8");
}
END_TEST

START_TEST(test_no_file)
{
	struct config *c;
	char at[256];

	c = config_load(path("nowhere"), error, sizeof(error));
	ck_assert_ptr_null(c);
	snprintf(at, sizeof(at), "%s: cannot read '%s': No such file", path("nowhere"),
		 path("nowhere"));
	ck_assert_msg(!strncmp(error, at, strlen(at)), "%s", error);

	c = config_load(dir, error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert(strstr(error, "expected a regular file"));

	/* the error is cut off, not the program */
	memset(error, '#', sizeof(error));
	ck_assert_ptr_null(config_load(path("nowhere"), error, 8));
	ck_assert_uint_eq(strlen(error), 7);
	ck_assert_int_eq(error[8], '#');
}
END_TEST

START_TEST(test_nul)
{
	static const char text[] = G "\n\0profile a { }";

	write_bytes("main.conf", text, sizeof(text) - 1);
	refused("main.conf", 3, "0x00");
}
END_TEST

/* Sizes that nobody has, but somebody may try */
START_TEST(test_hostile)
{
	size_t len = CONFFILE_BYTES_MAX + 1, i;
	char *text = malloc(len + 64), *p;
	struct config *c;
	FILE *f;

	ck_assert_ptr_nonnull(text);

	/* longer than all files together may be */
	memset(text, '\n', len);
	write_bytes("main.conf", text, len);
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(error, "longer than the 8388608 bytes"), "%s", error);

	/* each short enough, together too long */
	write_bytes("half", text, len / 2);
	write_file("main.conf", "include = \"half\"\n\ninclude = \"half\"");
	refused("main.conf", 3, "longer than");

	/* lines without an end, braces without an end, names without an end */
	memset(text, 'a', len - 2);
	text[0] = '\n';
	write_bytes("main.conf", text, len - 2);
	refused("main.conf", 2, "a line of more than 65535 bytes");
	for (i = 0; i < len - 2; i++)
		text[i] = i % 2 ? '\n' : '{';
	write_bytes("main.conf", text, len - 2);
	refused("main.conf", 1, "'{'");
	memset(text, 'a', CONFFILE_LINE_MAX);
	write_bytes("main.conf", text, CONFFILE_LINE_MAX);
	refused("main.conf", 1, "unknown key");
	memcpy(text, "group \"", 7);
	memset(text + 7, 'a', 60000);
	strcpy(text + 7 + 60000, "\" { id = 1 mark = 1 }");
	write_file("main.conf", text);
	refused("main.conf", 1, "the name 'aaaaaa");

	/* more files than there may be */
	f = fopen(path("main.conf"), "w");
	ck_assert_ptr_nonnull(f);
	for (i = 0; i < CONFFILE_FILES_MAX; i++)
		fprintf(f, "include = \"e.conf\"\n");
	fclose(f);
	write_file("e.conf", "");
	refused("main.conf", CONFFILE_FILES_MAX, "one file more than the 1024");

	/* sections in great number are fine, and quick */
	p = text;
	for (i = 1; i <= IPSEC_QOS_MAX_GROUPS; i++)
		p += sprintf(p, "group g%zu { id = %zu mark = %zu/0xffff }\n"
			     "profile p%zu { identity = \"*.c%zu.example\" group = g%zu }\n",
			     i, i, i, i, i, i);
	c = load(text);
	ck_assert_uint_eq(c->n_groups, IPSEC_QOS_MAX_GROUPS);
	ck_assert_uint_eq(c->n_profiles, IPSEC_QOS_MAX_GROUPS);
	ck_assert_str_eq(config_group(c, 4096)->name, "g4096");
	config_free(c);
	strcpy(p, "group one-more { id = 4097 mark = 4097/0xffff }\n");
	write_file("main.conf", text);
	refused("main.conf", 2 * IPSEC_QOS_MAX_GROUPS + 1, "'one-more'");
	free(text);
}
END_TEST

/* Any file cut off anywhere, or with any byte changed, is read or refused. */
START_TEST(test_damaged)
{
	static const char text[] =
		"# c\n/* d */ group gold { id = 1 mark = 0x10/0xff0 dscp = ef }\n"
		"profile a { identity = { \"*.a\", 'CN=*' } connection = c group = gold }\n"
		"policy p { device = d rate = 1mbit class gold { bandwidth = \"1%\" } default { } }\n"
		"include = \"e.conf\"\n";
	static const char bytes[] = { '\0', '"', '\'', '{', '}', '=', '#', '/', '*', '\\', 'x', '\n' };
	size_t len = sizeof(text) - 1, i, j;
	char changed[sizeof(text)];

	write_file("e.conf", "");
	for (i = 0; i < len; i++) {
		write_bytes("main.conf", text, i);
		config_free(config_load(path("main.conf"), error, sizeof(error)));
		for (j = 0; j < N(bytes); j++) {
			memcpy(changed, text, sizeof(text));
			changed[i] = bytes[j];
			write_bytes("main.conf", changed, len);
			config_free(config_load(path("main.conf"), error, sizeof(error)));
		}
	}
	config_free(load(text));
}
END_TEST

/* Which profile an SA gets */

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

START_TEST(test_installed)
{
	char text[8192] = "";
	struct config *c;
	FILE *f = fopen("daemon/ipsec-qosd.conf", "r");

	/* whosever the sources are */
	ck_assert_ptr_nonnull(f);
	ck_assert(fread(text, 1, sizeof(text) - 1, f) && feof(f));
	fclose(f);
	c = load(text);
	config_free(c);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_example);
	tcase_add_test(tc, test_empty);
	tcase_add_test(tc, test_everything);
	tcase_add_loop_test(tc, test_dscp, 0, N(dscps));
	tcase_add_loop_test(tc, test_rate, 0, N(rates));
	tcase_add_loop_test(tc, test_rate_in_bytes, 0, N(in_bytes));
	tcase_add_loop_test(tc, test_rate_meant, 0, N(meant));
	tcase_add_test(tc, test_device);
	tcase_add_test(tc, test_flows);
	tcase_add_loop_test(tc, test_classes, 0, N(classes));
	tcase_add_loop_test(tc, test_lengthy, 0, N(lengthy));
	tcase_add_test(tc, test_clip);
	tcase_add_loop_test(tc, test_marks_apart, 0, N(apart));
	tcase_add_loop_test(tc, test_mistake, 0, N(mistakes));
	tcase_add_test(tc, test_fallback_of_a_group);
	tcase_add_test(tc, test_include);
	tcase_add_test(tc, test_include_absolute);
	tcase_add_test(tc, test_include_mistakes);
	tcase_add_test(tc, test_whose_file);
	tcase_add_test(tc, test_whose_folder);
	tcase_add_test(tc, test_whose_part);
	tcase_add_test(tc, test_way);
	tcase_add_test(tc, test_byte_order_mark);
	tcase_add_test(tc, test_no_file);
	tcase_add_test(tc, test_nul);
	tcase_add_test(tc, test_hostile);
	tcase_add_test(tc, test_damaged);
	tcase_add_loop_test(tc, test_match, 0, N(matches));
	tcase_add_test(tc, test_doubtful_identities);
	tcase_add_test(tc, test_match_bounded);
	tcase_add_loop_test(tc, test_match_index, 0, 8);
	tcase_add_loop_test(tc, test_match_many, DN_STRICT, DN_RELAXED + 1);
	tcase_add_test(tc, test_installed);

	return run_tests("config", tc);
}
