// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Elements, pools, steered prefixes, networks behind elements and who is admitted, as the
 * configuration has them.
 */
#include "config_files.h"

#include <arpa/inet.h>

#include "ipsec_qos/select.h"
#include "steer/own.h"

#define E1	"element e1 { id = 1 via = 10.0.5.1 }\n"
#define E2	"element e2 { id = 2 via = 10.0.5.2 device = eth1 }\n"
#define E3	"element e3 { id = 3 device = wg3 check = none }\n"
#define VPN	"pool vpn { id = 1 members = { e1, e2, e3 } }\n"
#define ALL	E1 E2 E3 VPN
#define SECRET	"000102030405060708090a0b0c0d0e0F"

static void is_address(const struct iq_addr *addr, const char *text)
{
	char buf[INET6_ADDRSTRLEN] = "";

	if (addr->family)
		ck_assert_ptr_nonnull(inet_ntop(addr->family, addr->b, buf, sizeof(buf)));
	ck_assert_str_eq(buf, text);
}

START_TEST(test_elements)
{
	struct config *c = load("element e1 { id = 7 via = \"10.0.5.1\" via6 = \"fe80::1\" device = \"eth1\""
				"	check = \"tcp:500\" interval = \"100ms\" fails = 1 passes = 10 known = yes }\n"
				"element e2 { id = 0xffff nexthop = 20 check = ping address = \"2001:db8::9\" interval = 1s }\n"
				E3 "element e4 { id = 4 }\nelement e5 { id = 5 nexthop = 1 }\n"
				"element e6 { id = 6 via6 = \"2001:db8::1\" }\n"
				"settings { self = e4 }\n");
	const struct element *e = c->steer.elements;

	ck_assert_uint_eq(c->steer.n_elements, 6);
	ck_assert_uint_eq(e[0].id, 7);
	ck_assert_str_eq(e[0].name, "e1");
	ck_assert_str_eq(e[0].device, "eth1");
	is_address(&e[0].via, "10.0.5.1");
	is_address(&e[0].via6, "fe80::1");
	is_address(&e[0].address, "10.0.5.1");
	ck_assert_int_eq(e[0].check, CHECK_TCP);
	ck_assert_uint_eq(e[0].port, 500);
	ck_assert_uint_eq(e[0].interval, 100);
	ck_assert_uint_eq(e[0].fails, 1);
	ck_assert_uint_eq(e[0].passes, 10);
	ck_assert(e[0].known && !e[0].self);

	ck_assert_uint_eq(e[1].nexthop, 20);
	is_address(&e[1].via, "");
	is_address(&e[1].address, "2001:db8::9");
	ck_assert_int_eq(e[1].check, CHECK_PING);
	ck_assert_uint_eq(e[1].interval, 1000);
	ck_assert_uint_eq(e[1].fails, CHECK_TIMES);
	ck_assert_uint_eq(e[1].passes, CHECK_TIMES);
	ck_assert(!e[1].known);

	ck_assert_int_eq(e[2].check, CHECK_NONE);
	ck_assert_uint_eq(e[2].interval, CHECK_INTERVAL);
	ck_assert_ptr_eq(c->steer.self, &e[3]);
	ck_assert(e[3].self);
	ck_assert_int_eq(e[4].check, CHECK_NONE);
	ck_assert_int_eq(e[5].check, CHECK_NEIGHBOUR);
	is_address(&e[5].address, "2001:db8::1");
	ck_assert_ptr_eq(config_element_named(c, "e5"), &e[4]);
	ck_assert_ptr_null(config_element_named(c, "e7"));
	config_free(c);
}
END_TEST

START_TEST(test_pools)
{
	struct config *c = load(E1 E2 E3 "pool a { id = 1 secret = " SECRET " members = { e1, e3 }\n"
				"	member e2 { weight = 65535 } }\n"
				"pool b { id = 2 mode = sa member e2 { } }\npool c { id = 3 mode = flow }\n");
	const struct steer_pool *p = c->steer.pools;
	size_t i;

	ck_assert_uint_eq(c->steer.n_pools, 3);
	ck_assert_int_eq(p[0].mode, IPSEC_QOS_POOL_BUCKET);
	ck_assert(p[0].has_secret && !p[0].self);
	for (i = 0; i < sizeof(p->secret); i++)
		ck_assert_uint_eq(p[0].secret[i], i);
	ck_assert_uint_eq(p[0].n_members, 3);
	ck_assert_ptr_eq(p[0].members[1].element, &c->steer.elements[2]);
	ck_assert_uint_eq(p[0].members[1].weight, 1);
	ck_assert_ptr_eq(p[0].members[2].element, &c->steer.elements[1]);
	ck_assert_uint_eq(p[0].members[2].weight, 65535);
	ck_assert_int_eq(p[1].mode, IPSEC_QOS_POOL_SA);
	ck_assert(!p[1].has_secret);
	ck_assert_uint_eq(p[1].members[0].weight, 1);
	ck_assert_int_eq(p[2].mode, IPSEC_QOS_POOL_FLOW);
	ck_assert_uint_eq(p[2].n_members, 0);
	ck_assert_uint_eq(c->n_warnings, 1);
	ck_assert_ptr_nonnull(strstr(c->warnings[0], "pool 'c' has no members"));
	config_free(c);
}
END_TEST

START_TEST(test_steers)
{
	struct config *c = load(ALL "pool b { id = 2 members = e1 secret = " SECRET " }\n"
				"steer 192.0.2.0/24 { pool = vpn }\n"
				"steer \"2001:db8::1\" { pool = vpn ike = e2 }\n"
				"steer 192.0.2.1 { pool = b ike = pool }\n"
				"steer 198.51.100.1/32 { pool = b ike = local }\n");
	const struct steer_prefix *p = c->steer.prefixes;

	ck_assert_uint_eq(c->steer.n_prefixes, 4);
	ck_assert_uint_eq(p[0].prefix.len, 24);
	is_address(&p[0].prefix.addr, "192.0.2.0");
	ck_assert_int_eq(p[0].ike, IPSEC_QOS_STEER_IKE_LOCAL);
	ck_assert_uint_eq(p[1].prefix.len, 128);
	ck_assert_int_eq(p[1].ike, IPSEC_QOS_STEER_IKE_ELEMENT);
	ck_assert_ptr_eq(p[1].ike_element, &c->steer.elements[1]);
	ck_assert_uint_eq(p[2].prefix.len, 32);
	ck_assert_int_eq(p[2].ike, IPSEC_QOS_STEER_IKE_POOL);
	ck_assert_ptr_eq(p[2].pool, &c->steer.pools[1]);
	ck_assert_int_eq(p[3].ike, IPSEC_QOS_STEER_IKE_LOCAL);
	ck_assert_uint_eq(c->n_warnings, 2);
	ck_assert_ptr_nonnull(strstr(c->warnings[0],
				     "steer '2001:db8::1': element 'e2' has no next hop of IPv6"));
	/* the one that is longer is said to count */
	ck_assert_ptr_nonnull(strstr(c->warnings[1],
				     "steer '192.0.2.1' is a part of 192.0.2.0/24"));
	config_free(c);
}
END_TEST

#define WAYS6	"element a { id = 1 via6 = \"2001:db8::a\" }\n" \
		"element b { id = 2 nexthop = 7 }\nelement c { id = 3 device = tun0 }\n" \
		"element d { id = 4 via6 = \"fe80::d\" via = 10.0.0.4 device = eth0 }\n"

/* Of whom nothing leads to is said, as the kernel finds that: IPv4 goes by IPv6 as well. */
START_TEST(test_ways)
{
	static const struct {
		const char *text;
		const char *warning;
	} ways[] = {
		{ WAYS6 "pool p { id = 1 members = { a, b, c, d } } steer \"2001:db8::1\" { pool = p }\n"
		  "steer 192.0.2.1 { pool = p }", NULL },
		{ WAYS6 "element z { id = 5 via = 10.0.0.5 device = eth0 }\n"
		  "pool p { id = 1 members = { a, z } } steer \"2001:db8::/32\" { pool = p }",
		  "steer '2001:db8::/32': element 'z' has no next hop of IPv6" },
		{ WAYS6 "element z { id = 5 via = 10.0.0.5 }\n"
		  "pool p { id = 1 members = a } steer \"2001:db8::1\" { pool = p ike = z }",
		  "element 'z' has no next hop of IPv6" },
	};
	struct config *c = load(ways[_i].text);

	ck_assert_uint_eq(c->n_warnings, ways[_i].warning ? 1 : 0);
	if (ways[_i].warning)
		ck_assert_ptr_nonnull(strstr(c->warnings[0], ways[_i].warning));
	config_free(c);
}
END_TEST

/* One file for all hosts: an element has to do with those alone that it sends something to. */
START_TEST(test_needed)
{
	static const struct {
		const char *text;
		const char *needed;	/* by place */
	} hosts[] = {
		{ VPN, "1111" },
		{ VPN "settings { self = e1 }", "0000" },
		{ VPN "pool own { id = 2 members = e4 } settings { self = e1 }", "0001" },
		{ VPN "pool own { id = 2 } steer 192.0.2.1 { pool = own ike = e3 } settings { self = e1 }",
		  "0010" },
		{ VPN "steer 192.0.2.1 { pool = vpn ike = e4 } settings { self = e1 }", "0000" },
		{ VPN "behind b { networks = 10.1.0.0/16 elements = e2 } settings { self = e1 }",
		  "0100" },
		{ VPN "settings { self = e1 unknown = relay unknown-element = e4 }", "0001" },
	};
	struct config *c;
	char text[1024];
	size_t i;

	snprintf(text, sizeof(text), E1 E2 E3 "element e4 { id = 4 via = 10.0.5.4 }\n%s",
		 hosts[_i].text);
	c = load(text);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(c->steer.elements[i].needed, hosts[_i].needed[i] == '1');
	config_free(c);
}
END_TEST

/* One file for all hosts: where one charon stands apart, IKE stays on its own host. */
START_TEST(test_ike_here)
{
	static const char file[] = ALL "element ike { id = 9 via = 10.0.5.9 }\n"
				   "steer 192.0.2.1 { pool = vpn ike = ike }\n";
	struct config *c = load(file);
	char text[1024];

	ck_assert_int_eq(c->steer.prefixes[0].ike, IPSEC_QOS_STEER_IKE_ELEMENT);
	ck_assert_ptr_eq(c->steer.prefixes[0].ike_element, &c->steer.elements[3]);
	config_free(c);
	snprintf(text, sizeof(text), "%ssettings { self = ike }", file);
	c = load(text);
	ck_assert_int_eq(c->steer.prefixes[0].ike, IPSEC_QOS_STEER_IKE_LOCAL);
	ck_assert_ptr_null(c->steer.prefixes[0].ike_element);
	/* what is of the pool goes to the others still */
	ck_assert(!c->steer.prefixes[0].pool->self);
	ck_assert_uint_eq(c->n_warnings, 0);
	config_free(c);
	/* a member has a file as all others, too */
	snprintf(text, sizeof(text), ALL "steer 192.0.2.1 { pool = vpn ike = e1 }\n"
		 "settings { self = e1 }");
	c = load(text);
	ck_assert(c->steer.prefixes[0].pool->self);
	config_free(c);
}
END_TEST

START_TEST(test_unknown)
{
	struct config *c = load("");

	ck_assert_int_eq(c->steer.unknown.what, IPSEC_QOS_UNKNOWN_OFF);
	ck_assert_uint_eq(c->steer.unknown.rate, IPSEC_QOS_UNKNOWN_RATE);
	config_free(c);
	c = load("settings { unknown = tell unknown-rate = 10000 }");
	ck_assert_int_eq(c->steer.unknown.what, IPSEC_QOS_UNKNOWN_TELL);
	ck_assert_uint_eq(c->steer.unknown.rate, 10000);
	config_free(c);
	c = load("settings { unknown = off }");
	ck_assert_int_eq(c->steer.unknown.what, IPSEC_QOS_UNKNOWN_OFF);
	config_free(c);
	c = load("settings { unknown = relay unknown-element = e2 self = e1 }\n" ALL);
	ck_assert_int_eq(c->steer.unknown.what, IPSEC_QOS_UNKNOWN_RELAY);
	ck_assert_ptr_eq(c->steer.unknown.element, &c->steer.elements[1]);
	config_free(c);
	/* whom others relay to does not relay to himself */
	c = load("settings { unknown = relay unknown-element = e2 self = e2 }\n" ALL);
	ck_assert_int_eq(c->steer.unknown.what, IPSEC_QOS_UNKNOWN_TELL);
	ck_assert_ptr_null(c->steer.unknown.element);
	config_free(c);
}
END_TEST

/* All who have the same members agree, each of its own; here they are all buckets. */
START_TEST(test_own)
{
	static const char *const selves[] = { "e1", "e2", "e3" };
	uint8_t all[IPSEC_QOS_BUCKETS / 8] = {};
	uint32_t n = 0, bits, i, j;
	struct own own;
	const struct steer_pool *p;
	char text[1024];
	struct config *c;

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 ALL "settings { self = %s }\nsteer 192.0.2.1 { pool = vpn }\n"
			 "pool other { id = 2 members = e1 } pool flows { id = 3 mode = flow members = { e1, e2, e3 } }",
			 selves[i]);
		c = load(text);
		p = &c->steer.pools[0];
		ck_assert(p->self);
		/* it is said that nothing is steered where it is decrypted */
		ck_assert_uint_eq(c->n_warnings, 1);
		ck_assert_ptr_nonnull(strstr(c->warnings[0], "not steered here"));
		for (bits = 0, j = 0; j < sizeof(all); j++) {
			ck_assert(!(all[j] & p->own[j]));
			all[j] |= p->own[j];
			bits += __builtin_popcount(p->own[j]);
		}
		ck_assert_uint_eq(bits, p->n_own);
		/* e1 is a member of two pools, of which one counts */
		own_buckets(c, c->steer.self, &own);
		ck_assert_uint_eq(own.pools, 1);
		ck_assert_uint_eq(own.n, bits);
		ck_assert_mem_eq(own.home, p->own, sizeof(own.home));
		/* a third each, within a tenth */
		ck_assert_uint_gt(bits, 1365 - 137);
		ck_assert_uint_lt(bits, 1365 + 137);
		n += bits;
		ck_assert_uint_eq(c->steer.pools[1].n_own, i ? 0 : IPSEC_QOS_BUCKETS);
		ck_assert_uint_eq(c->steer.pools[2].n_own, 0);
		config_free(c);
	}
	ck_assert_uint_eq(n, IPSEC_QOS_BUCKETS);
}
END_TEST

#define AB	E1 E2 E3 "element e4 { id = 4 via = 10.0.5.4 }\n"			\
		"pool a { id = 1 members = { e1, e2 } } pool b { id = 2 members = { e1, e3, e4 } }\n"

/* Of several pools those that are its own in each, whichever host this is. */
START_TEST(test_own_buckets)
{
	uint8_t both[2][IPSEC_QOS_BUCKETS / 8], all[IPSEC_QOS_BUCKETS / 8] = {};
	struct config *c = load(AB);
	const struct steer_config *s = &c->steer;
	uint32_t n, bucket, i;
	struct own own;

	own_buckets(c, &s->elements[0], &own);
	ck_assert_uint_eq(own.pools, 2);
	ck_assert_ptr_null(own.alone);
	/* of four alike one, within a tenth: its draw is the best of all */
	ck_assert_uint_gt(own.n, 1024 - 102);
	ck_assert_uint_lt(own.n, 1024 + 102);
	pool_own(&s->pools[0], &s->elements[0], both[0]);
	pool_own(&s->pools[1], &s->elements[0], both[1]);
	for (n = 0, bucket = 0; bucket < IPSEC_QOS_BUCKETS; bucket++) {
		ck_assert_int_eq(iq_select_has(own.home, bucket),
				 iq_select_has(both[0], bucket) && iq_select_has(both[1], bucket));
		n += iq_select_has(own.home, bucket);
	}
	ck_assert_uint_eq(own.n, n);
	/* of the others of a pool each has other ones, and together they have all */
	ck_assert_uint_eq(pool_own(&s->pools[1], &s->elements[1], both[0]), 0);
	memcpy(all, both[1], sizeof(all));
	for (i = 2; i < 4; i++) {
		own_buckets(c, &s->elements[i], &own);
		ck_assert_uint_eq(own.pools, 1);
		n = pool_own(&s->pools[1], &s->elements[i], both[0]);
		ck_assert_uint_eq(own.n, n);
		ck_assert_mem_eq(own.home, both[0], sizeof(all));
		for (bucket = 0; bucket < sizeof(all); bucket++) {
			ck_assert(!(all[bucket] & own.home[bucket]));
			all[bucket] |= own.home[bucket];
		}
	}
	for (bucket = 0; bucket < sizeof(all); bucket++)
		ck_assert_uint_eq(all[bucket], 0xff);
	config_free(c);
}
END_TEST

/* A pool that nothing is steered to takes no buckets away, be there others or not. */
START_TEST(test_own_steered)
{
	static const struct {
		const char *text;
		size_t pools;
		int which;	/* of which alone, -1: of both */
	} cases[] = {
		{ AB, 2, -1 },
		{ AB "steer 192.0.2.1 { pool = a }", 1, 0 },
		{ AB "steer 192.0.2.1 { pool = b }", 1, 1 },
		{ AB "steer 192.0.2.1 { pool = a } steer 192.0.2.2 { pool = b }", 2, -1 },
		/* one of others is not one of its own */
		{ AB "pool c { id = 3 members = { e2, e3 } } steer 192.0.2.1 { pool = c }", 2, -1 },
		/* nor does one that has no buckets count */
		{ AB "pool c { id = 3 mode = flow members = e1 } steer 192.0.2.1 { pool = c }",
		  2, -1 },
	};
	struct config *c = load(cases[_i].text);
	uint8_t home[IPSEC_QOS_BUCKETS / 8];
	struct own own;

	own_buckets(c, &c->steer.elements[0], &own);
	ck_assert_uint_eq(own.pools, cases[_i].pools);
	if (cases[_i].which >= 0) {
		pool_own(&c->steer.pools[cases[_i].which], &c->steer.elements[0], home);
		ck_assert_mem_eq(own.home, home, sizeof(home));
	}
	config_free(c);
}
END_TEST

/* Whom a charon says that it is, and what there is to be said of that. */
START_TEST(test_own_find)
{
	static const struct {
		const char *text, *name, *found, *why;
	} cases[] = {
		{ AB "settings { self = e3 }", "", "e3", NULL },
		{ AB "settings { self = e3 }", "e4", "e4", NULL },
		{ AB, "e4", "e4", NULL },
		{ AB, "e9", NULL, "it says that it is element 'e9', which" },
		{ AB, "", NULL, "it does not say which element it is" },
		{ AB "settings { self = e3 }", "e9", NULL, "element 'e9'" },
		{ E1 E2 "pool a { id = 1 members = e1 }", "e2", "e2", "is a member of no pool" },
		/* it is the home of one bucket or none, and of others, by weights so far apart */
		{ E1 E2 E3 "pool a { id = 1 members = e1 member e2 { weight = 20000 } }\n"
			   "pool b { id = 2 member e1 { weight = 2 } member e3 { weight = 40 } }",
		  "e1", "e1", "of those of pool 'b' alone" },
		{ E1 E2 E3 "pool a { id = 1 members = e1 member e2 { weight = 500 } }\n"
			   "pool b { id = 2 member e1 { weight = 2 } member e3 { weight = 40000 } }",
		  "e1", "e1", "of those of pool 'a' alone" },
		{ E1 E2 E3 "pool a { id = 1 members = e1 member e2 { weight = 20000 } }", "e1", "e1",
		  "has 0 of 4096 buckets, few" },
		{ E1 E2 "pool a { id = 1 members = e1 member e2 { weight = 500 } }", "e1", "e1",
		  "of 4096 buckets, few" },
		{ E1 E2 "pool a { id = 1 members = e1 member e2 { weight = 100 } }", "e1", "e1",
		  NULL },
	};
	struct config *c = load(cases[_i].text);
	uint8_t home[IPSEC_QOS_BUCKETS / 8] = {};
	char why[512] = "";
	const char *found = own_find(c, cases[_i].name, home, why, sizeof(why));
	uint32_t n = 0, i;

	for (i = 0; i < sizeof(home); i++)
		n += __builtin_popcount(home[i]);
	if (cases[_i].found)
		ck_assert_str_eq(found, cases[_i].found);
	else
		ck_assert_ptr_null(found);
	if (cases[_i].why)
		ck_assert_msg(strstr(why, cases[_i].why) != NULL, "%s, %u buckets", why, n);
	else
		ck_assert_str_eq(why, "");
	ck_assert_int_eq(!n, !found || strstr(why, "no pool") || strstr(why, " 0 of "));
	config_free(c);
}
END_TEST

START_TEST(test_behind)
{
	struct config *c = load(ALL "behind a { networks = { 10.1.0.0/16, \"2001:db8:1::/48\" } elements = { e2, e1 } }\n"
				"behind b { networks = 10.1.0.0/16 elements = e1 mark = 0x10/0xf0 }\n"
				"behind c { networks = 10.1.0.0/16 elements = e2 mark = 0x20/0xf0 }\n"
				"behind d { networks = 10.2.0.0/16 elements = e2 mark = 0x10/0xf0 }\n"
				"routes { table = 500 priority = 99 }");
	const struct behind *b = c->steer.behinds;

	ck_assert_uint_eq(c->steer.n_behinds, 4);
	ck_assert_uint_eq(c->steer.priority, 99);
	ck_assert_uint_eq(b[0].n_networks, 2);
	ck_assert_uint_eq(b[0].networks[1].len, 48);
	ck_assert_uint_eq(b[0].n_elements, 2);
	ck_assert_ptr_eq(b[0].elements[0], &c->steer.elements[1]);
	ck_assert_uint_eq(b[0].table, 500);
	ck_assert_uint_eq(b[0].mask, 0);
	ck_assert_uint_eq(b[1].mark, 0x10);
	ck_assert_uint_eq(b[1].mask, 0xf0);
	ck_assert_uint_eq(b[1].table, 501);
	ck_assert_uint_eq(b[2].table, 502);
	ck_assert_uint_eq(b[3].table, 501);
	config_free(c);
	/* beside elements; around them with a mark, and where a device leads to them */
	config_free(load(ALL "behind a { networks = { 10.0.4.0/24, 10.0.6.0/24 } elements = e1 }\n"
			 "behind b { networks = 10.0.0.0/8 elements = e1 mark = 1/1 }\n"
			 "element e4 { id = 4 via6 = \"fe80::4\" device = eth1 }\n"
			 "behind c { networks = \"::/0\" elements = e4 }"));
	/* what this host has as an element is nowhere to be sent */
	config_free(load("element me { id = 1 via = 10.3.0.1 } element e2 { id = 2 via = 10.0.5.2 }\n"
			 "settings { self = me } behind a { networks = 10.3.0.0/16 elements = e2 }"));
	c = load("");
	ck_assert_uint_eq(c->steer.table, BEHIND_TABLE);
	ck_assert_uint_eq(c->steer.priority, BEHIND_PRIORITY);
	config_free(c);
}
END_TEST

START_TEST(test_admit)
{
	struct config *c = load("admit { outside = { eth0, \"ppp0\" } from = { 192.0.2.0/24, 198.51.100.7, \"2001:db8::/32\" } input = yes }");
	const struct admit *a = c->steer.admit;

	ck_assert_uint_eq(a->n_outside, 2);
	ck_assert_str_eq(a->outside[1], "ppp0");
	ck_assert_uint_eq(a->n_from, 3);
	ck_assert_uint_eq(a->from[1].len, 32);
	ck_assert_uint_eq(a->from[2].len, 32);
	ck_assert(a->input);
	config_free(c);
	c = load("admit { outside = eth0 }");
	ck_assert(!c->steer.admit->input);
	ck_assert_uint_eq(c->n_warnings, 1);
	ck_assert_ptr_nonnull(strstr(c->warnings[0], "from nobody"));
	config_free(c);
	c = load("");
	ck_assert_ptr_null(c->steer.admit);
	config_free(c);
}
END_TEST

#define STEER(keys) ALL "steer 192.0.2.1 {\n" keys "\n}"	/* keys: line 6 */

static const struct {
	const char *text;
	unsigned int line;
	const char *culprit;
} mistakes[] = {
	/* elements */
	{ "element e1 {\nvia = 10.0.0.1 }", 1, "has no 'id'" },
	{ "element e1 { via = 10.0.0.1\nid = 0 }", 2, "a number of 1 to 65535" },
	{ "element e1 { via = 10.0.0.1\nid = 65536 }", 2, "a number of 1 to 65535" },
	{ "element \"e 1\" { id = 1 }", 1, "the name 'e 1' of an element" },
	{ "element local { id = 1 via = 10.0.0.1 }", 1, "cannot be named 'local'" },
	{ "element pool { id = 1 via = 10.0.0.1 }", 1, "cannot be named 'pool'" },
	{ "\nelement e1 { id = 1 }", 2, "element 'e1' has no next hop" },
	{ "element e1 { id = 1\nvia = \"10.0.0.300\" }", 2, "expected an IPv4 address" },
	{ "element e1 { id = 1\nvia = \"2001:db8::1\" }", 2, "expected an IPv4 address" },
	{ "element e1 { id = 1\nvia6 = 10.0.0.1 }", 2, "expected an IPv6 address" },
	{ "element e1 { id = 1\nvia = 0.0.0.0 }", 2, "address of a host" },
	{ "element e1 { id = 1\nvia = 127.0.0.1 }", 2, "address of a host" },
	{ "element e1 { id = 1\nvia = 224.0.0.1 }", 2, "address of a host" },
	{ "element e1 { id = 1\nvia6 = \"::1\" }", 2, "address of a host" },
	{ "element e1 { id = 1\nvia6 = \"ff02::1\" }", 2, "address of a host" },
	{ "element e1 { id = 1\nvia6 = \"fe80::1\" }", 2, "expected device beside it" },
	{ "element e1 { id = 1\ndevice = \"a device of many\" }", 2, "name of a network device" },
	{ "element e1 { id = 1 via = 10.0.0.1\nnexthop = 7 }", 2, "and via: expected one" },
	{ "element e1 { id = 1 device = d\nnexthop = 7 }", 2, "and device: expected one" },
	{ "element e1 { id = 1\nnexthop = 0 }", 2, "a number of 1 to" },
	{ "element e1 { id = 1 via = 10.0.0.1\ncheck = pong }", 2, "check = 'pong'" },
	{ "element e1 { id = 1 via = 10.0.0.1\ncheck = tcp }", 2, "check = 'tcp'" },
	{ "element e1 { id = 1 via = 10.0.0.1\ncheck = \"tcp:0\" }", 2, "check = 'tcp:0'" },
	{ "element e1 { id = 1 via = 10.0.0.1\ncheck = \"tcp:65536\" }", 2, "tcp:65536" },
	{ "element e1 { id = 1 device = d\ncheck = ping }", 2, "expected its address" },
	{ "element e1 { id = 1 nexthop = 1\ncheck = neighbour }", 2, "and its address" },
	{ "element e1 { id = 1 device = d\naddress = 10.0.0.1 }", 2, "is not asked by it" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = 100 }", 2, "with its unit" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = 99ms }", 2, "100ms to 1000ms" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = 1001ms }", 2, "100ms to 1000ms" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = 2s }", 2, "100ms to 1000ms" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = 4294968s }", 2, "100ms to 1000ms" },
	{ "element e1 { id = 1 via = 10.0.0.1\ninterval = ms }", 2, "100ms to 1000ms" },
	{ "element e1 { id = 1 via = 10.0.0.1\nfails = 0 }", 2, "a number of 1 to 10" },
	{ "element e1 { id = 1 via = 10.0.0.1\npasses = 11 }", 2, "a number of 1 to 10" },
	{ "element e1 { id = 1 via = 10.0.0.1\nknown = perhaps }", 2, "expected yes or no" },
	{ E1 E2 "element e1 { id = 3 via = 10.0.0.1 }", 3, "element 'e1' is there twice" },
	{ E1 E2 "element e3 { via = 10.0.0.1\nid = 1 }", 4, "has the id 1 of element 'e1'" },
	{ E1 "settings {\nself = e9 }", 3, "self = 'e9': there is no such element" },

	/* pools */
	{ "pool p {\n}", 1, "has no 'id'" },
	{ "pool p {\nid = 65536 }", 2, "a number of 1 to 65535" },
	{ E1 "pool p { id = 1\nmode = spi }", 3, "expected bucket, sa or flow" },
	{ E1 "pool p { id = 1\nsecret = 0011 }", 3, "has 4 characters: expected 32" },
	{ E1 "pool p { id = 1\nsecret = \"" SECRET "0\" }", 3, "has 33 characters" },
	{ E1 "pool p { id = 1\nsecret = 0001020304050607080g0a0b0c0d0e0f }", 3, "hexadecimal" },
	{ E1 "pool p { id = 1\nmembers = { e1, e2 } }", 3, "there is no element 'e2'" },
	{ E1 "pool p { id = 1\nmember p { } }", 3, "there is no element 'p'" },
	{ E1 "pool p { id = 1\nmembers = { e1, e1 } }", 3, "'e1' is a member twice" },
	{ E1 "pool p { id = 1 members = e1\nmember e1 { weight = 2 } }", 3, "is a member twice" },
	{ E1 "pool p { id = 1 member e1 {\nweight = 0 } }", 3, "a number of 1 to 65535" },
	{ E1 "pool p { id = 1 member e1 {\nweight = 65536 } }", 3, "a number of 1 to 65535" },
	{ ALL "pool vpn { id = 2 }", 5, "pool 'vpn' is there twice" },
	{ ALL "pool b {\nid = 1 }", 6, "has the id 1 of pool 'vpn'" },

	/* steered prefixes */
	{ ALL "steer 192.0.2.1 { }", 5, "has no 'pool'" },
	{ STEER("pool = b"), 6, "pool = 'b': there is no such pool" },
	{ STEER("pool = vpn ike = e9"), 6, "ike = 'e9': there is no such element" },
	{ ALL "pool f { id = 2 mode = flow }\nsteer 192.0.2.1 { pool = f\nike = pool }", 7,
	  "ike = 'pool': pool 'f' is of mode = flow" },
	{ ALL "pool f { id = 2 mode = flow }\nsteer 192.0.2.1 { pool = f\nike = e1 }", 7,
	  "ike = 'e1': pool 'f' is of mode = flow" },
	{ ALL "pool own { id = 2 members = e3 }\npool web { id = 3 members = e1 }\n"
	  "steer 192.0.2.0/24 { pool = web }\nsteer 192.0.2.9 { pool = own }\nsettings { self = e3 }",
	  8, "would go to pool 'web'" },
	{ ALL "steer gateway { pool = vpn }", 5, "steer 'gateway'" },
	{ ALL "steer 192.0.2.1/33 { pool = vpn }", 5, "steer '192.0.2.1/33'" },
	{ ALL "steer \"2001:db8::/129\" { pool = vpn }", 5, "ADDRESS/LENGTH" },
	{ ALL "steer 192.0.2.1/24 { pool = vpn }", 5, "first 24 are not 0: expected 192.0.2.0/24" },
	{ ALL "steer \"2001:db8::1/47\" { pool = vpn }", 5, "expected 2001:db8::/47" },
	{ ALL "steer 192.0.2.0/24 { pool = vpn }\nsteer 192.0.2.0/24 { pool = vpn }", 6,
	  "is there twice" },
	{ ALL "steer 192.0.2.1/32 { pool = vpn }\n\nsteer 192.0.2.1 { pool = vpn }", 7,
	  "is there twice" },

	/* unknown SPIs */
	{ "settings {\nunknown = shout }", 2, "unknown = 'shout': expected off, tell or relay" },
	{ "settings {\nunknown = relay }", 1, "expected unknown-element = NAME" },
	{ E1 "settings { unknown = tell\nunknown-element = e1 }", 3, "expected unknown = relay" },
	{ E1 "settings {\nunknown-element = e1 }", 3, "expected unknown = relay" },
	{ E1 "settings { unknown = relay\nunknown-element = e9 }", 3, "there is no such element" },
	{ "settings {\nunknown-rate = 0 }", 2, "a number of 1 to 10000" },
	{ "settings {\nunknown-rate = 10001 }", 2, "a number of 1 to 10000" },

	/* networks behind elements */
	{ ALL "behind a { elements = e1 }", 5, "behind 'a' has no networks" },
	{ ALL "behind a { networks = 10.0.0.0/8 }", 5, "behind 'a' has no elements" },
	{ ALL "behind a { networks = 10.0.0.0/8\nelements = e9 }", 6, "no such element" },
	{ ALL "behind a { networks = 10.0.0.0/8\nelements = { e1, e1 } }", 6, "is there twice" },
	{ ALL "behind a { elements = e1\nnetworks = 10.0.0.1/8 }", 6, "expected 10.0.0.0/8" },
	{ ALL "behind a { elements = e1 networks = 10.0.0.0/8 } behind a { elements = e1 networks = 11.0.0.0/8 }",
	  5, "behind 'a' is there twice" },
	{ ALL "behind a { elements = e1 networks = 10.0.0.0/8 }\nbehind b { elements = e2 networks = 10.0.0.0/8 }",
	  6, "network 10.0.0.0/8 of behind 'b' is there twice, first in 'a'" },
	{ ALL "behind a { elements = e1 networks = 10.0.0.0/8 mark = 1/1 }\nbehind b { elements = e2 networks = 10.0.0.0/8 mark = 1/1 }",
	  6, "is there twice" },
	{ ALL "behind a { elements = e1 networks = 10.0.0.0/8 mark = 1/1 }\nbehind b { elements = e2 networks = 10.0.0.0/8\nmark = 3/3 }",
	  7, "overlaps" },
	{ ALL "behind a { elements = e1 networks = 10.0.0.0/8\nmark = 0 }", 6, "other than 0" },
	{ E1 "settings { self = e1 } behind a { networks = 10.0.0.0/8\nelements = e1 }", 3,
	  "that is this host" },
	{ ALL "behind a { networks = { 10.8.0.0/16, 10.0.4.0/23 } elements = e1 }", 5,
	  "the network 10.0.4.0/23 of behind 'a' has the address 10.0.5.1 of element 'e1'" },
	{ ALL "behind a { networks = 10.8.0.0/16 elements = e1 }\nbehind b { networks = 10.0.5.2 elements = e1 }",
	  6, "the network 10.0.5.2 of behind 'b' has the address 10.0.5.2 of element 'e2'" },
	{ "element e1 { id = 1 via6 = \"2001:db8:7::1\" }\nbehind a { networks = \"2001:db8::/32\" elements = e1 }",
	  2, "the address 2001:db8:7::1 of element 'e1'" },
	{ "element e1 { id = 1 nexthop = 2 check = ping address = 10.7.0.1 }\nbehind a { networks = 10.7.0.0/24 elements = e1 }",
	  2, "the address 10.7.0.1 of element 'e1'" },
	{ "routes { }\nroutes { }", 2, "routes is there twice" },
	{ "routes {\ntable = 254 }", 2, "it would take main" },
	{ "routes {\ntable = 190 }", 2, "it would take main" },
	{ "routes {\ntable = 0 }", 2, "a number of 1" },
	{ "routes {\npriority = 32765 }", 2, "a number of 1 to 32764" },

	/* who is admitted */
	{ "admit { from = 192.0.2.0/24 }", 1, "admit has no outside" },
	{ "admit { outside = eth0 }\nadmit { outside = eth1 }", 2, "admit is there twice" },
	{ "admit {\noutside = \"eth*\" }", 2, "the name of one device" },
	{ "admit {\noutside = \"e\\\\h\" }", 2, "the name of one device" },
	{ "admit {\noutside = \"eth0 eth1\" }", 2, "name of a network device" },
	{ "admit { outside = eth0\nfrom = me }", 2, "from 'me'" },
	{ "admit { outside = eth0\ninput = 2 }", 2, "expected yes or no" },
};

START_TEST(test_mistake)
{
	write_file("main.conf", mistakes[_i].text);
	refused("main.conf", mistakes[_i].line, mistakes[_i].culprit);
}
END_TEST

/* One more than there may be. */
START_TEST(test_ceiling)
{
	static const struct {
		const char *each;
		unsigned int n;
		const char *culprit;
	} ceilings[] = {
		{ "element e%u { id = %u device = d }\n", IPSEC_QOS_ELEMENTS_MAX, "'e4096'" },
		{ "pool p%u { id = %u }\n", IPSEC_QOS_POOLS_MAX, "'p1024'" },
	};
	unsigned int i;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	for (i = 0; i <= ceilings[_i].n; i++)
		/* both are the tables' above */
		fprintf(out, ceilings[_i].each, i, i + 1);
	ck_assert(!fclose(out));
	write_file("main.conf", text);
	refused("main.conf", i, ceilings[_i].culprit);
	*strrchr(text, '\n') = '\0';
	*strrchr(text, '\n') = '\0';
	config_free(load(text));
	free(text);
}
END_TEST

START_TEST(test_members)
{
	unsigned int i, n;
	size_t size;
	char *text;
	FILE *out;

	for (n = IPSEC_QOS_POOL_MEMBERS_MAX; n < IPSEC_QOS_POOL_MEMBERS_MAX + 2; n++) {
		out = open_memstream(&text, &size);
		for (i = 1; i <= n; i++)
			fprintf(out, "element e%u { id = %u device = d }\n", i, i);
		fprintf(out, "pool p { id = 1\n");
		for (i = 1; i <= n; i++)
			fprintf(out, "member e%u { weight = %u }\n", i, i);
		fprintf(out, "} settings { self = e5 }\n");
		ck_assert(!fclose(out));
		if (n == IPSEC_QOS_POOL_MEMBERS_MAX) {
			config_free(load(text));
		} else {
			write_file("main.conf", text);
			refused("main.conf", 2 * n + 1, "more than 256 members");
		}
		free(text);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config_steer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_elements);
	tcase_add_test(tc, test_pools);
	tcase_add_test(tc, test_steers);
	tcase_add_loop_test(tc, test_ways, 0, 3);
	tcase_add_loop_test(tc, test_needed, 0, 7);
	tcase_add_test(tc, test_ike_here);
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_own);
	tcase_add_test(tc, test_own_buckets);
	tcase_add_loop_test(tc, test_own_steered, 0, 6);
	tcase_add_loop_test(tc, test_own_find, 0, 12);
	tcase_add_test(tc, test_behind);
	tcase_add_test(tc, test_admit);
	tcase_add_loop_test(tc, test_mistake, 0, sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_loop_test(tc, test_ceiling, 0, 2);
	tcase_add_test(tc, test_members);
	return run_tests("config_steer", tc);
}
