// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module answers and tells about elements, pools, steered prefixes and unknown
 * SPIs, as it is read.
 */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "lib/kernel/element.h"
#include "lib/kernel/entry.h"
#include "lib/kernel/pool.h"
#include "lib/kernel/request.h"
#include "lib/kernel/steer.h"
#include "suite.h"

static const uint8_t via6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 5 };

static struct nlattr *first(struct nl_msg *msg)
{
	return nlmsg_attrdata(nlmsg_hdr(msg), 0);
}

/* Of the i-th there were i packets, of 100 bytes each. */
static void put_counters(struct nl_msg *msg, int type, int n)
{
	struct nlattr *counters = nla_nest_start(msg, type), *one;
	int i;

	for (i = 1; i <= n; i++) {
		one = nla_nest_start(msg, i);
		nla_put_u64(msg, IPSEC_QOS_COUNTER_A_PACKETS, i);
		nla_put_u64(msg, IPSEC_QOS_COUNTER_A_BYTES, 100 * i);
		nla_nest_end(msg, one);
	}
	nla_nest_end(msg, counters);
}

START_TEST(test_element)
{
	uint32_t via = htonl(0x0a010005);
	struct nl_msg *msg = nlmsg_alloc();
	struct iq_kernel_element e;
	struct nlattr *nest;

	nest = nla_nest_start(msg, IPSEC_QOS_A_ELEMENT);
	nla_put_u32(msg, IPSEC_QOS_ELEMENT_A_ID, 7);
	nla_put_string(msg, IPSEC_QOS_ELEMENT_A_NAME, "gw1");
	nla_put_string(msg, IPSEC_QOS_ELEMENT_A_DEV, "fifteen-letters");
	nla_put(msg, IPSEC_QOS_ELEMENT_A_VIA, 4, &via);
	nla_put(msg, IPSEC_QOS_ELEMENT_A_VIA6, 16, via6);
	nla_put_u8(msg, IPSEC_QOS_ELEMENT_A_STATE, IPSEC_QOS_ELEMENT_DRAIN);
	nla_put_u8(msg, IPSEC_QOS_ELEMENT_A_PROBLEM, IPSEC_QOS_ELEMENT_NO_ROUTE);
	nla_put_u8(msg, IPSEC_QOS_ELEMENT_A_OWNER, IPSEC_QOS_OWNER_DAEMON);
	nla_put_u32(msg, IPSEC_QOS_ELEMENT_A_SAS, 8);
	nla_put_u32(msg, IPSEC_QOS_ELEMENT_A_POOLS, 9);
	/* one more: a newer module may have it */
	put_counters(msg, IPSEC_QOS_ELEMENT_A_COUNTERS, IPSEC_QOS_ELEMENT_COUNTER_MAX + 1);
	nla_nest_end(msg, nest);

	ck_assert_int_eq(iq_get_element(first(msg), &e), 0);
	ck_assert_uint_eq(e.id, 7);
	ck_assert_str_eq(e.name, "gw1");
	ck_assert_str_eq(e.dev, "fifteen-letters");
	ck_assert_uint_eq(e.via, via);
	ck_assert_mem_eq(e.via6, via6, 16);
	ck_assert_uint_eq(e.nexthop, 0);
	ck_assert_uint_eq(e.state, IPSEC_QOS_ELEMENT_DRAIN);
	ck_assert_uint_eq(e.problem, IPSEC_QOS_ELEMENT_NO_ROUTE);
	ck_assert_uint_eq(e.owner, IPSEC_QOS_OWNER_DAEMON);
	ck_assert_uint_eq(e.sas, 8);
	ck_assert_uint_eq(e.pools, 9);
	ck_assert_uint_eq(e.counter[IPSEC_QOS_ELEMENT_COUNTER_SENT].packets, 1);
	ck_assert_uint_eq(e.counter[IPSEC_QOS_ELEMENT_COUNTER_POLICY].bytes,
			  100 * IPSEC_QOS_ELEMENT_COUNTER_MAX);
	nlmsg_free(msg);
}
END_TEST

static void put_member(struct nl_msg *msg, uint32_t element)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_POOL_A_MEMBER);

	nla_put_u32(msg, IPSEC_QOS_MEMBER_A_ELEMENT, element);
	nla_put_u32(msg, IPSEC_QOS_MEMBER_A_WEIGHT, element + 1);
	nla_put_u32(msg, IPSEC_QOS_MEMBER_A_HOME, element + 2);
	nla_put_u32(msg, IPSEC_QOS_MEMBER_A_NOW, element + 3);
	nla_nest_end(msg, nest);
}

START_TEST(test_pool)
{
	struct nl_msg *msg = nlmsg_alloc_size(65536);
	static struct iq_kernel_pool p;
	struct nlattr *nest;
	uint32_t i;

	nest = nla_nest_start(msg, IPSEC_QOS_A_POOL);
	nla_put_u32(msg, IPSEC_QOS_POOL_A_ID, 5);
	nla_put_string(msg, IPSEC_QOS_POOL_A_NAME, "vpn");
	nla_put_u8(msg, IPSEC_QOS_POOL_A_MODE, IPSEC_QOS_POOL_FLOW);
	for (i = 1; i <= IPSEC_QOS_POOL_MEMBERS_MAX; i++)
		put_member(msg, i);
	nla_put_u32(msg, IPSEC_QOS_POOL_A_HELD, 11);
	nla_put_u32(msg, IPSEC_QOS_POOL_A_LENT, 12);
	nla_nest_end(msg, nest);
	ck_assert_int_eq(iq_get_pool(first(msg), &p), 0);
	ck_assert_uint_eq(p.id, 5);
	ck_assert_str_eq(p.name, "vpn");
	ck_assert_uint_eq(p.mode, IPSEC_QOS_POOL_FLOW);
	ck_assert_uint_eq(p.n_members, IPSEC_QOS_POOL_MEMBERS_MAX);
	ck_assert_uint_eq(p.members[255].element, 256);
	ck_assert_uint_eq(p.members[255].weight, 257);
	ck_assert_uint_eq(p.members[255].home, 258);
	ck_assert_uint_eq(p.members[255].now, 259);
	ck_assert_uint_eq(p.held, 11);
	ck_assert_uint_eq(p.lent, 12);
	nlmsg_free(msg);

	/* one more than there may be is no answer of ours */
	msg = nlmsg_alloc_size(65536);
	nest = nla_nest_start(msg, IPSEC_QOS_A_POOL);
	for (i = 0; i <= IPSEC_QOS_POOL_MEMBERS_MAX; i++)
		put_member(msg, i);
	nla_nest_end(msg, nest);
	ck_assert_int_eq(iq_get_pool(first(msg), &p), -EBADMSG);
	nlmsg_free(msg);
}
END_TEST

static struct nl_msg *make_steer(uint8_t family, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_STEER);

	nla_put_u8(msg, IPSEC_QOS_STEER_A_FAMILY, family);
	nla_put(msg, IPSEC_QOS_STEER_A_DST, len, via6);
	nla_put_u32(msg, IPSEC_QOS_STEER_A_POOL, 3);
	nla_put_u8(msg, IPSEC_QOS_STEER_A_IKE, IPSEC_QOS_STEER_IKE_ELEMENT);
	nla_put_u32(msg, IPSEC_QOS_STEER_A_IKE_ELEMENT, 4);
	put_counters(msg, IPSEC_QOS_STEER_A_COUNTERS, IPSEC_QOS_STEER_COUNTER_MAX);
	nla_nest_end(msg, nest);
	return msg;
}

START_TEST(test_steer)
{
	struct nl_msg *msg = make_steer(AF_INET6, 16);
	struct iq_kernel_steer s;

	ck_assert_int_eq(iq_get_steer(first(msg), &s), 0);
	ck_assert_uint_eq(s.dst.family, AF_INET6);
	ck_assert_mem_eq(s.dst.b, via6, 16);
	ck_assert_uint_eq(s.len, 128);
	ck_assert_uint_eq(s.pool, 3);
	ck_assert_uint_eq(s.ike, IPSEC_QOS_STEER_IKE_ELEMENT);
	ck_assert_uint_eq(s.ike_element, 4);
	ck_assert_uint_eq(s.counter[IPSEC_QOS_STEER_COUNTER_KEEPALIVE].packets,
			  IPSEC_QOS_STEER_COUNTER_MAX);
	nlmsg_free(msg);

	/* as long as its family's are, and no longer */
	msg = make_steer(AF_INET, 4);
	ck_assert_int_eq(iq_get_steer(first(msg), &s), 0);
	ck_assert_uint_eq(s.len, 32);
	nlmsg_free(msg);
	msg = make_steer(AF_INET, 16);
	ck_assert_int_eq(iq_get_steer(first(msg), &s), -EBADMSG);
	nlmsg_free(msg);
	msg = make_steer(AF_INET6, 4);
	ck_assert_int_eq(iq_get_steer(first(msg), &s), -EBADMSG);
	nlmsg_free(msg);
}
END_TEST

START_TEST(test_unknown)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct iq_kernel_unknown u;
	struct nlattr *nest;

	nest = nla_nest_start(msg, IPSEC_QOS_A_UNKNOWN);
	nla_put_u8(msg, IPSEC_QOS_UNKNOWN_A_FAMILY, AF_INET6);
	nla_put(msg, IPSEC_QOS_UNKNOWN_A_SRC, 16, via6);
	nla_put_u32(msg, IPSEC_QOS_UNKNOWN_A_SPI, 0xc1230001);
	nla_put_u8(msg, IPSEC_QOS_UNKNOWN_A_PROTO, IPPROTO_AH);
	nla_put_u32(msg, IPSEC_QOS_UNKNOWN_A_COUNT, 17);
	nla_nest_end(msg, nest);
	ck_assert_int_eq(iq_get_unknown(first(msg), &u), -EBADMSG);
	nla_put(msg, IPSEC_QOS_UNKNOWN_A_DST, 16, via6);
	nla_nest_end(msg, nest);
	ck_assert_int_eq(iq_get_unknown(first(msg), &u), 0);
	ck_assert_uint_eq(u.src.family, AF_INET6);
	ck_assert_mem_eq(u.dst.b, via6, 16);
	ck_assert_uint_eq(u.spi, 0xc1230001);
	ck_assert_uint_eq(u.proto, IPPROTO_AH);
	ck_assert_uint_eq(u.count, 17);
	nlmsg_free(msg);
}
END_TEST

/* An SA that has an element and no group */
START_TEST(test_sa)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;
	struct iq_sa sa;

	nest = nla_nest_start(msg, IPSEC_QOS_A_SA);
	nla_put_u8(msg, IPSEC_QOS_SA_A_FAMILY, AF_INET6);
	nla_put(msg, IPSEC_QOS_SA_A_DST, 16, via6);
	nla_put_u32(msg, IPSEC_QOS_SA_A_SPI, 0xc1230001);
	nla_put_u32(msg, IPSEC_QOS_SA_A_ELEMENT, 65535);
	nla_nest_end(msg, nest);
	ck_assert_int_eq(iq_get_sa(first(msg), &sa), 0);
	ck_assert_uint_eq(sa.entry.group, 0);
	ck_assert_uint_eq(sa.element, 65535);
	nlmsg_free(msg);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("answers");

	tcase_add_test(tc, test_element);
	tcase_add_test(tc, test_pool);
	tcase_add_test(tc, test_steer);
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_sa);
	return run_tests("steer_answers", tc);
}
