// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon makes of steering's configuration: routes, rules of nftables, buckets that
 * may be released, what is remembered, and whether somebody lives.
 */
#include "config_files.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipsec_qos/select.h"
#include "hands.h"
#include "steer/admission.h"
#include "steer/checks.h"
#include "steer/local.h"
#include "steer/release.h"
#include "steer/routes.h"
#include "steer/routing.h"

#define ELEMENTS "element e1 { id = 1 via = 10.0.5.1 via6 = \"2001:db8::1\" known = yes }\n" \
		 "element e2 { id = 2 via = 10.0.5.2 device = eth1 }\n" \
		 "element e3 { id = 3 nexthop = 30 }\n" \
		 "element e4 { id = 4 via6 = \"fe80::4\" device = gone }\n"

static unsigned int index_of(const char *device)
{
	return strcmp(device, "eth1") ? 0 : 7;
}

static char *way_text(const struct way *way)
{
	static char buf[128];
	char to[PREFIX_TEXT], via[INET6_ADDRSTRLEN] = "-";

	if (way->via.family)
		inet_ntop(way->via.family, way->via.b, via, sizeof(via));
	snprintf(buf, sizeof(buf), "%u %s %s via %s dev %u nhid %u", way->table,
		 prefix_text(&way->to, to), way->unreachable ? "unreachable" : "unicast", via,
		 way->device, way->nexthop);
	return buf;
}

/* By the first that is up, with an unreachable one behind each, and alone where none is. */
static const struct {
	const char *behinds;
	const char *down;
	const char *want[8];
	const char *why;
} routed[] = {
	{ "behind a { networks = 10.1.0.0/16 elements = { e1, e2 } }", "",
	  { "21000 10.1.0.0/16 unicast via 10.0.5.1 dev 0 nhid 0",
	    "21000 10.1.0.0/16 unreachable via - dev 0 nhid 0" }, "" },
	{ "behind a { networks = 10.1.0.0/16 elements = { e1, e2 } }", "1",
	  { "21000 10.1.0.0/16 unicast via 10.0.5.2 dev 7 nhid 0",
	    "21000 10.1.0.0/16 unreachable via - dev 0 nhid 0" }, "" },
	{ "behind a { networks = 10.1.0.0/16 elements = { e1, e2 } }", "12",
	  { "21000 10.1.0.0/16 unreachable via - dev 0 nhid 0" }, "" },
	{ "behind a { networks = { \"2001:db8:9::/48\", 0.0.0.0/0 } elements = e3 mark = 1/3 }"
	  "behind b { networks = 0.0.0.0/0 elements = e1 mark = 2/3 }", "",
	  { "21001 0.0.0.0/0 unicast via - dev 0 nhid 30",
	    "21001 0.0.0.0/0 unreachable via - dev 0 nhid 0",
	    "21001 2001:db8:9::/48 unicast via - dev 0 nhid 30",
	    "21001 2001:db8:9::/48 unreachable via - dev 0 nhid 0",
	    "21002 0.0.0.0/0 unicast via 10.0.5.1 dev 0 nhid 0",
	    "21002 0.0.0.0/0 unreachable via - dev 0 nhid 0" }, "" },
	{ "behind a { networks = 10.1.0.0/16 elements = e4 }", "",
	  { "21000 10.1.0.0/16 unreachable via - dev 0 nhid 0" }, "has no device gone" },
	{ "behind a { networks = \"2001:db8:9::/48\" elements = e2 }", "",
	  { "21000 2001:db8:9::/48 unreachable via - dev 0 nhid 0" }, "expected a via6" },
};

START_TEST(test_routes)
{
	char text[1024], why[128];
	bool usable[4];
	struct routes r;
	struct config *c;
	size_t i;

	snprintf(text, sizeof(text), ELEMENTS "%s", routed[_i].behinds);
	c = load(text);
	for (i = 0; i < 4; i++)
		usable[i] = !strchr(routed[_i].down, '1' + i);
	ck_assert_int_eq(routes_wanted(c, usable, index_of, &r, why, sizeof(why)), 0);
	for (i = 0; i < r.n_ways; i++) {
		ck_assert_ptr_nonnull(routed[_i].want[i]);
		ck_assert_str_eq(way_text(&r.ways[i]), routed[_i].want[i]);
	}
	ck_assert_ptr_null(routed[_i].want[i]);
	ck_assert_ptr_nonnull(strstr(why, routed[_i].why));
	ck_assert(*routed[_i].why || !*why);
	routes_clear(&r);
	config_free(c);
}
END_TEST

START_TEST(test_rules)
{
	struct config *c = load(ELEMENTS "behind a { networks = { 10.1.0.0/16, 10.2.0.0/16, \"2001:db8:9::/48\" } elements = e1 }\n"
				"behind b { networks = 10.1.0.0/16 elements = e2 mark = 0x10/0xf0 }\n"
				"behind c { networks = 10.2.0.0/16 elements = e1 mark = 0x10/0xf0 }");
	const bool usable[4] = { true, true, true, true };
	struct rule marked = { AF_INET, 210, 21001, 0x10, 0xf0 };
	struct rule any = { AF_INET, 211, 21000, 0, 0 };
	struct routes r;
	char why[128];

	ck_assert_int_eq(routes_wanted(c, usable, index_of, &r, why, sizeof(why)), 0);
	ck_assert_uint_eq(r.n_rules, 3);
	ck_assert_int_eq(rules_compare(&r.rules[0], &marked), 0);
	ck_assert_int_eq(rules_compare(&r.rules[1], &any), 0);
	ck_assert_uint_eq(r.rules[2].family, AF_INET6);
	ck_assert_uint_eq(r.rules[2].priority, 211);
	routes_clear(&r);
	config_free(c);
}
END_TEST

/* Others' routes are nobody's business, but where they take the place of ours. */
START_TEST(test_concern)
{
	struct config *c = load(ELEMENTS "behind a { networks = 10.1.0.0/16 elements = e1 }\n"
				"behind b { networks = 10.1.0.0/16 elements = e2 mark = 0x10/0xf0 }\n"
				"routes { table = 700 }");

	ck_assert(routes_concern(c, ROUTING_PROTOCOL, 254));
	ck_assert(routes_concern(c, 3, 700));
	ck_assert(routes_concern(c, 3, 701));
	ck_assert(!routes_concern(c, 3, 702));
	ck_assert(!routes_concern(c, 186, 254));
	config_free(c);
}
END_TEST

/* In one transaction what there was goes, and what is wanted comes, if anything. */
START_TEST(test_admission)
{
	static const char begin[] = "add table inet ipsec-qos\ndelete table inet ipsec-qos\n";
	struct config *c = load("admit { outside = { eth0, ppp0 } from = { 192.0.2.0/24, \"2001:db8::/32\", 198.51.100.7 } }\n"
				"settings { ike-ports = { 500, 501 } natt-ports = 4501 }");
	char *rules = admission_rules(c);

	ck_assert(!strncmp(rules, begin, strlen(begin)));
	ck_assert_ptr_nonnull(strstr(rules, "elements = { \"eth0\", \"ppp0\" }"));
	ck_assert_ptr_nonnull(strstr(rules, "elements = { 192.0.2.0/24, 198.51.100.7 }"));
	ck_assert_ptr_nonnull(strstr(rules, "elements = { 2001:db8::/32 }"));
	ck_assert_ptr_nonnull(strstr(rules, "udp dport { 500, 501, 4501 } accept"));
	ck_assert_ptr_nonnull(strstr(rules, "hook forward"));
	ck_assert_ptr_null(strstr(rules, "hook input"));
	/* also of what is in a VRF; and it is known whose the table is */
	ck_assert_ptr_nonnull(strstr(rules, "\tmeta sdifname @outside jump judge\n"));
	ck_assert_ptr_nonnull(strstr(rules, " {\n\tcomment \"kept by ipsec-qosd\"\n"));
	free(rules);
	config_free(c);
	c = load("admit { outside = eth0 input = yes }");
	rules = admission_rules(c);
	ck_assert_ptr_nonnull(strstr(rules, "hook input"));
	ck_assert_ptr_nonnull(strstr(rules, "auto-merge\n\t}"));
	free(rules);
	config_free(c);
	c = load("");
	rules = admission_rules(c);
	ck_assert_str_eq(rules, begin);
	free(rules);
	config_free(c);
}
END_TEST

/* By the longest prefix, and if that is of a pool that takes packets of any kind. */
START_TEST(test_local)
{
	struct config *c = load(ELEMENTS "pool web { id = 1 mode = flow members = e1 }\n"
				"pool vpn { id = 2 members = { e1, e2 } }\n"
				"pool own { id = 3 mode = flow members = e3 }\n"
				"steer 192.0.2.0/24 { pool = web }\nsteer 192.0.2.64/26 { pool = vpn }\n"
				"steer 203.0.113.1 { pool = own }\nsteer \"2001:db8::/64\" { pool = web }\n"
				"settings { self = e3 }");
	static const struct {
		const char *addr;
		int prefix;	/* -1: none */
	} addrs[] = {
		{ "192.0.2.1", 0 }, { "192.0.2.65", -1 }, { "192.0.2.128", 0 },
		{ "203.0.113.1", -1 }, { "198.51.100.1", -1 },
		{ "2001:db8::7", 3 }, { "2001:db8:0:1::7", -1 },
	};
	size_t i;

	for (i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		bool six = strchr(addrs[i].addr, ':');
		struct iq_addr addr = { .family = six ? AF_INET6 : AF_INET };

		ck_assert_int_eq(inet_pton(addr.family, addrs[i].addr, addr.b), 1);
		ck_assert_ptr_eq(local_flow(&c->steer, &addr), addrs[i].prefix < 0 ? NULL :
				 &c->steer.prefixes[addrs[i].prefix]);
	}
	config_free(c);
}
END_TEST

/* A device that there is not is told of; where nothing is outside there is nothing to tell. */
START_TEST(test_unseen)
{
	struct config *c = load("admit { outside = { lo, no-such-dev } }");
	char why[128] = "";

	ck_assert(admission_unseen(c, why, sizeof(why)));
	ck_assert_str_eq(why, "there is no device no-such-dev");
	config_free(c);
	c = load("admit { outside = lo }");
	ck_assert(!admission_unseen(c, why, sizeof(why)));
	config_free(c);
	c = load("");
	ck_assert(!admission_unseen(c, why, sizeof(why)));
	config_free(c);
}
END_TEST

/* Only what another is the home of, no SA needs, and is held by one whose SAs are known. */
START_TEST(test_release)
{
	struct config *c = load(ELEMENTS);
	struct iq_kernel_buckets *b = calloc(1, sizeof(*b));
	uint8_t used[IPSEC_QOS_BUCKETS / 8] = {}, mask[IPSEC_QOS_BUCKETS / 8];

	b->home[1] = 1;
	b->now[1] = 1;			/* at home */
	b->home[9] = 2;
	b->now[9] = 1;			/* held */
	b->home[4095] = 2;
	b->now[4095] = 1;		/* held and needed */
	used[511] = 0x80;
	b->home[17] = 1;
	b->now[17] = 2;			/* held by one that is not known */
	b->home[18] = 1;		/* nobody's */
	b->home[19] = 1;
	b->now[19] = 99;		/* by one that is not configured */
	ck_assert_uint_eq(releases_mask(c, b, used, mask), 1);
	ck_assert_uint_eq(mask[1], 2);
	mask[1] = 0;
	ck_assert(!memcmp(mask, (uint8_t[sizeof(mask)]){}, sizeof(mask)));
	free(b);
	config_free(c);
}
END_TEST

START_TEST(test_release_use)
{
	uint8_t used[IPSEC_QOS_BUCKETS / 8] = {};
	struct sad_sa sa = { .key.spi = 0xc1230000 }, sa2 = { .key.spi = 0x1fffffff };
	struct sad_ike ike = { .spi_i = 0x0007000000000000, .spi_r = 0xf008ffffffffffff };
	uint32_t i, n = 0;

	LIST_INIT(&ike.sas);
	LIST_INSERT_HEAD(&ike.sas, &sa, list);
	LIST_INSERT_HEAD(&ike.sas, &sa2, list);
	releases_use(&ike, used);
	for (i = 0; i < IPSEC_QOS_BUCKETS; i++)
		if (used[i / 8] & 1 << i % 8) {
			ck_assert(i == 0x123 || i == 0xfff || i == 7 || i == 8);
			n++;
		}
	ck_assert_uint_eq(n, 4);
}
END_TEST

/*
 * A bucket is free when it was needed by nobody for as long as an IKE SA may take that is
 * not seen until it is there: since it was last seen in use, and since the beginning.
 */
START_TEST(test_release_idle)
{
	static double needed[IPSEC_QOS_BUCKETS];
	uint8_t used[IPSEC_QOS_BUCKETS / 8] = {}, busy[IPSEC_QOS_BUCKETS / 8];
	uint8_t all[sizeof(used)], none[sizeof(used)] = {};
	double t;

	ck_assert_double_gt(RELEASE_IDLE, 30 + 4 * 1.8);
	memset(all, 0xff, sizeof(all));
	releases_need(needed, NULL, 1000);
	used[3] = 0x10;
	/* looks, as they come, until it is used no more */
	for (t = 1000; t < 1020; t += 2)
		releases_need(needed, used, t);
	for (; t < 1000 + RELEASE_IDLE; t += 2) {
		releases_need(needed, none, t);
		releases_needed(needed, t, busy);
		ck_assert_mem_eq(busy, all, sizeof(all));
	}
	for (; t < 1018 + RELEASE_IDLE; t += 2) {
		releases_needed(needed, t, busy);
		ck_assert_mem_eq(busy, used, sizeof(used));
	}
	releases_needed(needed, 1018 + RELEASE_IDLE, busy);
	ck_assert_mem_eq(busy, none, sizeof(none));
}
END_TEST

/* What is remembered is there again, and what is no such line is passed over. */
START_TEST(test_hands)
{
	static const char *const words[] = { "up", "drain", "down" };
	static const struct hands_kind kind = {
		.object = "element", .words = words, .n_words = 3,
		.max = IPSEC_QOS_ELEMENTS_MAX, .what = "what is down",
	};
	struct hand out = { .name = "e1", .state = IPSEC_QOS_ELEMENT_DRAIN }, *in;
	UT_array what = IQ_ARRAY(struct hand), read = IQ_ARRAY(struct hand);
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV);
	struct hands *hands;

	write_file("elements", "{\"element\":\"e9\",\"state\":\"down\"}\nnonsense\n"
		   "{\"element\":\"e8\",\"state\":\"up\"}\n{\"element\":\"e 7\",\"state\":\"down\"}\n"
		   "{\"element\":\"e6\",\"state\":\"drain\"}");
	chmod(path("elements"), 0600);
	ck_assert_int_eq(hands_open(&hands, loop, &kind, path("elements"), &read), 0);
	ck_assert_uint_eq(utarray_len(&read), 1);
	in = (struct hand *)utarray_front(&read);
	ck_assert_str_eq(in->name, "e9");
	ck_assert_int_eq(in->state, IPSEC_QOS_ELEMENT_DOWN);
	iq_array_push(&what, &out);
	hands_remember(hands, &what);
	hands_close(hands);
	utarray_clear(&read);
	ck_assert_int_eq(hands_open(&hands, loop, &kind, path("elements"), &read), 0);
	hands_close(hands);
	ck_assert_uint_eq(utarray_len(&read), 1);
	in = (struct hand *)utarray_front(&read);
	ck_assert_str_eq(in->name, "e1");
	ck_assert_int_eq(in->state, IPSEC_QOS_ELEMENT_DRAIN);
	utarray_done(&what);
	utarray_done(&read);
	ev_loop_destroy(loop);
}
END_TEST

struct told {
	struct ev_loop *loop;
	unsigned int n;
	bool up;
};

static void on_told(void *arg, uint32_t id, bool up)
{
	struct told *told = arg;

	ck_assert_uint_eq(id, 1);
	told->n++;
	told->up = up;
	ev_break(told->loop, EVBREAK_ALL);
}

/* One that listens and then does not, asked by TCP: up to begin with, down, up again. */
START_TEST(test_checks)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct check_sockets none = { -1, -1 };
	socklen_t len = sizeof(addr);
	struct check_state state;
	struct checks *checks;
	struct told told = {};
	struct config *c;
	char text[128];
	int fd;

	/* no port of this machine is known to be free but one that is taken, and left */
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!bind(fd, (struct sockaddr *)&addr, len));
	ck_assert(!getsockname(fd, (struct sockaddr *)&addr, &len));
	snprintf(text, sizeof(text),
		 "element e1 { id = 1 via = 10.0.0.1 check = \"tcp:%u\" interval = 100ms }",
		 ntohs(addr.sin_port));
	c = load(text);
	/* which no file may name */
	memcpy(c->steer.elements[0].address.b, &addr.sin_addr, 4);
	told.loop = ev_loop_new(EVFLAG_NOENV);
	ck_assert_int_eq(checks_open(&checks, told.loop, &none, on_told, &told), 0);
	ck_assert_int_eq(checks_config(checks, c, (bool[]){ true }), 0);
	ev_run(told.loop, 0);
	ck_assert(told.n == 1 && !told.up);
	ck_assert(checks_state(checks, 1, &state));
	ck_assert(state.asked && !state.ok && !state.up);
	ck_assert_ptr_nonnull(strstr(state.why, "refused"));
	/* the same elements, anew: what is known of them stays */
	ck_assert_int_eq(checks_config(checks, c, (bool[]){ true }), 0);
	ck_assert(!listen(fd, 8));
	ev_run(told.loop, 0);
	ck_assert(told.n == 2 && told.up);
	ck_assert(!checks_state(checks, 2, &state));
	checks_close(checks);
	close(fd);
	config_free(c);
	ev_loop_destroy(told.loop);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("steer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_routes, 0, sizeof(routed) / sizeof(routed[0]));
	tcase_add_test(tc, test_rules);
	tcase_add_test(tc, test_concern);
	tcase_add_test(tc, test_admission);
	tcase_add_test(tc, test_local);
	tcase_add_test(tc, test_unseen);
	tcase_add_test(tc, test_release);
	tcase_add_test(tc, test_release_use);
	tcase_add_test(tc, test_release_idle);
	tcase_add_test(tc, test_hands);
	tcase_add_test(tc, test_checks);
	return run_tests("steer", tc);
}
