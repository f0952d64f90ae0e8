// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group and a class for each peer of a profile, as the configuration has them.
 */
#include "config_files.h"

/*
 * A class for each group of a range, of 100 groups each: what each of them has. All
 * come to 100 per cent at most, and share what is left where the file does not say.
 */
static const struct {
	const char *classes;
	struct class want[4];
} each_class[] = {
	{ "each staff { bandwidth = 0.5% ceil = 20% }",
	  { { 0, 5000, 200000 }, { 0, 500000, 1000000 } } },
	{ "each staff { bandwidth = 1% }", { { 0, 10000, 1000000 }, { 0, 10000, 1000000 } } },
	{ "each staff { }", { { 0, 5000, 1000000 }, { 0, 500000, 1000000 } } },
	{ "each staff { ceil = 8kbit }", { { 0, 1000, 1000 }, { 0, 900000, 1000000 } } },
	{ "each staff { } class a { bandwidth = 59% } default { bandwidth = 11% }",
	  { { 0, 3000, 1000000 }, { 1, 590000, 1000000 }, { 0, 110000, 1000000 } } },
	{ "each staff { } class a { bandwidth = 80% }",
	  { { 0, 1000, 1000000 }, { 1, 800000, 1000000 }, { 0, 100000, 1000000 } } },
	{ "each staff { } each-clear staff { bandwidth = 0.1% }",
	  { { 0, 4500, 1000000, .way = CLASS_ESP },
	    { 0, 1000, 1000000, .way = CLASS_CLEAR }, { 0, 450000, 1000000 } } },
	{ "each-clear staff { ceil = 10% } each staff { } each guests { }",
	  { { 0, 1666, 100000, .way = CLASS_CLEAR }, { 0, 1666, 1000000, .way = CLASS_ESP },
	    { 0, 1666, 1000000 }, { 0, 500200, 1000000 } } },
	{ "each-clear staff { bandwidth = 0.1% } each guests { bandwidth = 0.2% }",
	  { { 0, 1000, 1000000, .way = CLASS_CLEAR }, { 0, 2000, 1000000 },
	    { 0, 700000, 1000000 } } },
};

#define EACH	"profile staff { identity = a each { marks = 0x10000001-0x10000064/0x700000ff clear = 0x100 ids = 1 } }\n" \
		"profile guests { identity = b each { marks = 0x20000001-0x20000064/0x700000ff ids = 1001 } }\n"

START_TEST(test_each_class)
{
	char text[1024];
	struct config *c;
	size_t i;

	snprintf(text, sizeof(text), EACH
		 "group a { id = 200 mark = 0x40000000/0x70000000 } policy p { device = d rate = 8mbit %s }",
		 each_class[_i].classes);
	c = load(text);
	for (i = 0; i < c->shapers[0].n_classes; i++) {
		const struct class *got = &c->shapers[0].classes[i];
		const struct class *want = &each_class[_i].want[i];

		if (want->group)
			ck_assert_uint_eq(got->group, 200);
		ck_assert_int_eq(!got->range, want->group || i == c->shapers[0].n_classes - 1);
		ck_assert_uint_eq(got->rate, want->rate);
		ck_assert_uint_eq(got->ceil, want->ceil);
		ck_assert_int_eq(got->way, want->way);
	}
	config_free(c);
}
END_TEST

#define GOLD	"group gold { id = 70000 mark = 0x40000000/0x70000000 }\n"
#define FEW	"profile few { identity = f each { marks = 0x10000001-0x10000009/0x70000fff clear = 0x1000 ids = 100 overflow = gold } }\n"
#define PE(classes) EACH "group gold { id = 200 mark = 0x40000000/0x70000000 }\n" \
		   "policy wan {\ndevice = eth1\nrate = 100mbit\n" classes "\n}\n"
#define P(classes) G S "policy wan {\ndevice = eth1\nrate = 100mbit\n" classes "\n}\n"

static const struct {
	const char *text;
	unsigned int line;
	const char *culprit;
} mistakes[] = {
	/* a class for each */
	{ EACH "group a { id = 200 mark = 0x40000000/0x70000000 mark-clear = 0x10000000 }", 1,
	  "overlaps 0x10000000/0x70000000 of group 'a'" },

	/* words where they do not belong */
	{ "profile staff {\nidentity = a\neach = ike-sa\n}", 3,
	  "'each' is a section: expected each { KEY = VALUE ... }, with keys out of: marks, clear, ids, per, max, overflow, linger, dscp" },
	{ "profile staff {\nidentity = a\neach\n}", 4, "expected each { KEY = VALUE ... }" },
	{ "profile staff {\nidentity = a\neach staff { marks = 1/0xff }\n}", 3,
	  "'each' is a section: expected each { KEY = VALUE ... }" },
	{ "profile staff {\nidentity = a\nper = ike-sa\neach { marks = 1/0xff } }", 3,
	  "unknown key 'per', expected one of: identity, eap-identity, member-of, connection, group, each; 'per' belongs into 'each' of 'profile'" },
	{ "profile staff {\nidentity = a\nmarks = 1/0xff }", 3,
	  "'marks' belongs into 'each' of 'profile'" },
	{ "profile staff {\nidentity = a\neach { marks = 1/0xff\nbandwidth = 1mbit } }", 4,
	  "'bandwidth' belongs into 'class', 'class-clear', 'each', 'each-clear', 'default' of 'policy'" },
	{ "profile staff {\nidentity = a\neach { marks = 1/0xff\neach = ike-sa } }", 4,
	  "'each' belongs into 'profile', 'policy'" },
	{ "profile staff {\nidentity = a\neech { marks = 1/0xff } }", 3,
	  "unknown key 'eech', expected one of: identity, eap-identity, member-of, connection, group, each" },
	{ "profile staff {\nidentity = a\neach { marks = 1/0xff\nper = ikesa } }", 4,
	  "per = 'ikesa': expected identity or ike-sa" },
	{ "profile staff {\nidentity = a\neach { per = ike-sa } }", 3,
	  "'each' has no 'marks': expected marks = 0x100000/0x1ff00000" },
	{ "profile staff {\nidentity = a\n}", 1,
	  "'profile staff' has no 'group': expected group = the name of a group, or a section each for a group for each peer" },
	{ "\neach staff { marks = 1/0xff }", 2, "'each' belongs into 'profile', 'policy'" },
	{ "settings {\neach = ike-sa }", 2, "'each' belongs into 'profile', 'policy'" },
	{ PE("each = staff"), 7,
	  "'each' is a section with a name: expected each NAME { KEY = VALUE ... }, with keys out of: bandwidth, ceil" },
	{ PE("each { bandwidth = 1% }"), 7, "expected each NAME { KEY = VALUE ... }" },
	{ PE("each guests {\nper = ike-sa }"), 8, "'per' belongs into 'each' of 'profile'" },
	{ PE("class staff { }"), 7,
	  "group 'staff' does not exist: expected the name of a group section, or each staff for the groups of the profile" },
	{ PE("each gold { }"), 7,
	  "each 'gold': there is no such profile: expected one with a section each, or class gold for the group" },
	{ PE("each staf { }"), 7,
	  "each 'staf': there is no such profile: expected one with a section each" },

	/* profiles */
	{ P("each gold { }"), 6, "each 'gold': there is no such profile" },
	{ "profile a { identity = a group = gold }\n" P("each a { }"), 7,
	  "all in one group" },
	{ PE("each guests { }\n\neach guests { }"), 9, "each 'guests' is there twice" },
	{ PE("each-clear guests { }"), 7, "have the marks that ESP has" },
	{ PE("each staff {\nbandwidth = 1.5mbit }"), 8,
	  "with 100 of '1.5mbit' for each staff the classes of policy 'wan' come to 150%" },
	{ PE("each staff { bandwidth = 1% }\neach-clear staff { bandwidth = 10kbit }"), 8,
	  "with 100 of '10kbit' for each-clear staff the classes of policy 'wan' come to 101%" },
	{ PE("each staff {\nbandwidth = 7999bit }"), 7, "at least 8kbit" },
	{ PE("each staff {\nceil = 7kbit }"), 7, "at least 8kbit" },
	{ PE("class gold { bandwidth = 99% }\neach staff { }"), 4,
	  "less than 8kbit for each of 100" },
	{ GOLD "profile many { identity = m each { marks = 0x10000001/0x7000ffff ids = 1 overflow = none } }\n"
	  "policy wan { device = d rate = 100mbit\neach many { bandwidth = 8kbit } }", 4, "come to 524.264%" },
	{ GOLD FEW "policy wan { device = d rate = 100mbit\neach few { } }", 3,
	  "none for group 'gold', which those are in that find no group left: expected class gold" },
	{ GOLD FEW "policy wan { device = d rate = 100mbit\neach-clear few { }\nclass gold { bandwidth = 1% } each few { } }", 3,
	  "expected class-clear gold" },
	{ GOLD "profile many { identity = m each { marks = 0x10000001/0x7000ffff ids = 1 overflow = none } }\n"
	  "policy wan { device = d rate = 10gbit\neach many { } }", 3, "has 65534 classes" },
	{ PE("each staff { bandwidth = 0.5% }\nclass gold { bandwidth = 51% }"), 8,
	  "class gold the classes of policy 'wan' come to 101%" },
	{ PE("each staff { bandwidth = 500kbit\nceil = 400kbit }"), 8, "is less than" },
	{ PE("each staff {\nceil = 101mbit }"), 8, "is more than" },
	{ "group clash { id = 0x8005 mark = 0x50000000/0x70000000 }\n"
	  PE("each-clear staff { }\nclass clash { bandwidth = 1% }"), 9,
	  "class clash is to have a class with the minor 0x8005, and so is each-clear staff" },
};

START_TEST(test_mistake)
{
	write_file("main.conf", mistakes[_i].text);
	refused("main.conf", mistakes[_i].line, mistakes[_i].culprit);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config_each");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_each_class, 0, N(each_class));
	tcase_add_loop_test(tc, test_mistake, 0, N(mistakes));
	return run_tests("config_each", tc);
}
