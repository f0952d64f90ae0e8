// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: what a file means, and that every mistake is refused with its
 * file, line and culprit.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/value.h"
#include "config_files.h"

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
	ck_assert_uint_eq(c->groups[0].mark_clear, 0x10);
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
		ck_assert_ptr_null(config_group_written(c, 1));
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
		"group gold { id = 2 mark = 0x80000000/0x80000001 mark-clear = 0x80000001 dscp = 0 priority = 2: }\n"
		"fallback { dscp ef { mark = 0x10/0xff0 } dscp 0 { mark = 1 } }\n"
		"fallback { dscp 0x3f { mark = 2 } }\n");

	ck_assert_uint_eq(c->n_groups, 2);
	ck_assert_str_eq(c->groups[0].name, "gold");
	ck_assert_uint_eq(c->groups[0].mark, 0x80000000);
	ck_assert_uint_eq(c->groups[0].mask, 0x80000001);
	ck_assert_uint_eq(c->groups[0].mark_clear, 0x80000001);
	ck_assert_uint_eq(c->groups[0].priority, 0x20000);
	ck_assert_int_eq(c->groups[0].dscp, 0);
	ck_assert_str_eq(c->groups[1].name, "silver");
	ck_assert_uint_eq(c->groups[1].mark, 7);
	ck_assert_uint_eq(c->groups[1].mask, UINT32_MAX);
	ck_assert_uint_eq(c->groups[1].priority, 0x1001f);
	ck_assert_int_eq(c->groups[1].dscp, 34);
	ck_assert_ptr_eq(config_group_written(c, 2), &c->groups[0]);
	ck_assert_ptr_eq(config_group_written(c, UINT32_MAX), &c->groups[1]);
	ck_assert_ptr_null(config_group_written(c, 3));
	ck_assert_ptr_null(config_group_written(c, 0));

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
	struct class want[4];
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
	{ "class-clear c { bandwidth = 10% } class c { bandwidth = 20% ceil = 50% } class a { bandwidth = 30% }",
	  { { 3, 100, 1000, .way = CLASS_CLEAR }, { 3, 200, 500, .way = CLASS_ESP },
	    { 1, 300, 1000 }, { 0, 400, 1000 } } },
	{ "class-clear c { bandwidth = 10% }",
	  { { 3, 100, 1000, .way = CLASS_CLEAR }, { 0, 900, 1000 } } },
};

START_TEST(test_classes)
{
	char text[512];
	struct config *c;
	size_t i;

	snprintf(text, sizeof(text),
		 "group a { id = 1 mark = 1 } group b { id = 2 mark = 2 }"
		 "group c { id = 3 mark = 3 mark-clear = 4 }"
		 "policy p { device = d rate = 8kbit %s }", classes[_i].classes);
	c = load(text);
	for (i = 0; i < c->shapers[0].n_classes; i++) {
		const struct class *got = &c->shapers[0].classes[i];
		const struct class *want = &classes[_i].want[i];

		ck_assert_uint_eq(got->group, want->group);
		ck_assert_uint_eq(got->rate, want->rate);
		ck_assert_uint_eq(got->ceil, want->ceil);
		ck_assert_int_eq(got->way, want->way);
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
	{ "", " = 1", "expected one of: settings, group, profile, policy, fallback, element, pool, steer, routes, behind, admit, function, device, chain, service, include" },
	{ "group g { ", " = 1 }", "expected one of: id, mark, mark-clear, priority, dscp" },
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
	"group a { id = 1 mark = 1/7 mark-clear = 2 } group b { id = 2 mark = 3/7 mark-clear = 4/7 }",
	"group a { id = 1 mark = 1/7 mark-clear = 1 } group b { id = 2 mark = 2/7 }",
};

START_TEST(test_marks_apart)
{
	config_free(load(apart[_i]));
}
END_TEST

/* Mistakes: the line that is to be named, and the culprit */

#define PC(classes) "group both { id = 3 mark = 0x30/0xff0 mark-clear = 0x40 }\n" \
		   "policy wan {\ndevice = eth1\nrate = 100mbit\n" classes "\n}\n"
#define P(classes) G S "policy wan {\ndevice = eth1\nrate = 100mbit\n" classes "\n}\n"

static const struct {
	const char *text;
	unsigned int line;
	const char *culprit;
} mistakes[] = {
	/* language */
	{ "groups gold { }", 1, "'groups', expected one of: settings, group, profile, policy, fallback, element, pool, steer, routes, behind, admit, function, device, chain, service, include" },
	{ "id = 1", 1, "'id'" },
	{ "# c\n\n/* c\nc */ group gold {\n// c\nid = 1 # c\nmrak = 1\n}", 7,
	  "'mrak', expected one of: id, mark, mark-clear, priority, dscp" },
	{ "profile a {\nid = 1 }", 2, "'id', expected one of: identity, eap-identity, member-of, connection, group" },
	{ "settings {\nmax-sa = 1 }", 2, "'max-sa'" },
	{ "fallback {\nef { mark = 1 } }", 2, "'ef'" },
	{ "fallback { dscp ef {\nmask = 1 } }", 2, "'mask', expected one of: mark" },
	{ "policy p {\nqueue = 1 }", 2, "'queue'" },
	{ "policy p { each a {\nrate = 1 } }", 2, "'rate', expected one of: bandwidth, ceil" },
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
	{ "group gold { id = 1 mark = 1/3\nmark-clear = gold }", 2, "mark-clear = 'gold'" },
	{ "group gold { id = 1 mark = 1/3\nmark-clear = 0 }", 2, "mark-clear = '0'" },
	{ "group gold { id = 1 mark = 1/3\nmark-clear = 4 }", 2,
	  "0x4 has bits outside of the mark's mask 0x3" },
	{ "group gold { id = 1 mark = 1/3\nmark-clear = 2/2 }", 2, "that of the mark, 0x3" },
	{ "group gold { id = 1 mark-clear = 2/3\nmark-clear = 2 mark = 1/3 }", 2,
	  "'mark-clear' is there twice" },
	{ "group gold { id = 1 mark-clear = 1 }", 1, "has no 'mark'" },
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
	{ G "group b { id = 2 mark = 0x20/0xff0\nmark-clear = 0x10 }", 3,
	  "the mark-clear 0x10/0xff0 of group 'b' overlaps 0x10/0xff0 of group 'gold'" },
	{ "group b { id = 2 mark = 0x20/0xff0\nmark-clear = 0x30 }\n"
	  "group c { id = 3\nmark = 0x30/0xf0 }", 4,
	  "the mark 0x30/0xf0 of group 'c' overlaps 0x30/0xff0 of group 'b'" },
	{ "group b { id = 2 mark = 0x20/0xff0\nmark-clear = 0x30 }\n"
	  "group c { id = 3 mark = 0x40/0xff0\nmark-clear = 0x30/0xff0 }", 4,
	  "the mark-clear 0x30/0xff0 of group 'c' overlaps 0x30/0xff0 of group 'b'" },
	{ G "group b { id = 2\nmark = 0x10 }", 3, "of group 'gold'" },
	{ "settings { max-groups = 1 }\n" G "\n" S, 4, "group 'silver'" },
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

	{ P("class-clear gold { bandwidth = 1% }"), 6, "have the mark that ESP has" },
	{ "group far { id = 32766 mark = 0x30/0xff0 mark-clear = 0x40 }\n"
	  P("class-clear far { bandwidth = 1% }"), 7,
	  "the id of that group is 32766: expected at most 32765" },
	{ PC("class-clear both { }"), 5, "'class-clear both' has no 'bandwidth'" },
	{ PC("class-clear both { bandwidth = 1% }\nclass-clear both { bandwidth = 1% }"), 6,
	  "class-clear 'both' is there twice" },
	{ PC("class both { bandwidth = 60% }\nclass-clear both { bandwidth = 50% }"), 6,
	  "class-clear both the classes of policy 'wan' come to 110%" },
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
		"group tin { id = 2 mark = 0x5500/0xff00 mark-clear = 0x5600 }\n";
	static const struct {
		const char *mark;
		const char *group;
	} cases[] = {
		{ "0x300/0xf00", "group lead, 0x300/0xf00" },
		/* with bits beyond the group's, and with all there are */
		{ "0x1301/0xff0f", "group lead, 0x300/0xf00" },
		{ "0x5500", "group tin, 0x5500/0xff00" },
		{ "0x5600", "group tin, 0x5600/0xff00" },
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
	tcase_add_test(tc, test_installed);
	return run_tests("config", tc);
}
