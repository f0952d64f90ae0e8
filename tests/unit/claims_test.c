// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who answers for an address: what is an answer of ARP or neighbour discovery, and to whom.
 */
#include <string.h>
#include <sys/socket.h>

#include "check/claims.h"
#include "suite.h"

static const uint8_t own[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t other[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t third[6] = { 2, 0, 0, 0, 0, 3 };

/* 10.0.10.2 is at 02:00:00:00:00:02, 10.0.10.1 is told */
static const uint8_t arp[28] = {
	0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2, 10, 0, 10, 2, 2, 0, 0, 0, 0, 1, 10, 0, 10, 1,
};

START_TEST(test_arp)
{
	/* each of these bytes may not be another: hardware, protocol, lengths, that it is an answer, for whom */
	static const uint8_t bytes[] = { 1, 2, 4, 5, 7, 23 };
	struct iq_addr addr;
	uint8_t mac[6], p[28];
	size_t i;

	ck_assert(claim_arp(arp, sizeof(arp), own, &addr, mac));
	ck_assert_uint_eq(addr.family, AF_INET);
	ck_assert_mem_eq(addr.b, "\x0a\0\x0a\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	ck_assert_mem_eq(mac, other, 6);
	for (i = 0; i < sizeof(bytes); i++) {
		memcpy(p, arp, sizeof(p));
		p[bytes[i]] ^= 3;
		ck_assert_msg(!claim_arp(p, sizeof(p), own, &addr, mac), "byte %u", bytes[i]);
	}
	for (i = 0; i < sizeof(arp); i++)
		ck_assert(!claim_arp(arp, i, own, &addr, mac));
}
END_TEST

START_TEST(test_na)
{
	/* an option that nobody knows is ahead of the one that counts */
	uint8_t na[24 + 16 + 8] = {
		136, 0, [8] = 0xfd, [23] = 2, [24] = 14, [25] = 2, [40] = 2, [41] = 1,
		[42] = 2, [47] = 2,
	};
	struct iq_addr addr;
	uint8_t mac[6];
	size_t i;

	ck_assert(claim_na(na, sizeof(na), &addr, mac));
	ck_assert_uint_eq(addr.family, AF_INET6);
	ck_assert_mem_eq(addr.b, na + 8, 16);
	ck_assert_mem_eq(mac, other, 6);
	for (i = 0; i < sizeof(na); i++)
		ck_assert_msg(!claim_na(na, i, &addr, mac), "%zu bytes", i);
	/* an option without a length must not be read for ever */
	na[25] = 0;
	ck_assert(!claim_na(na, sizeof(na), &addr, mac));
	na[25] = 2;
	na[0] = 135;
	ck_assert(!claim_na(na, sizeof(na), &addr, mac));
}
END_TEST

START_TEST(test_answered)
{
	struct claimed c = {};

	ck_assert(!claim_answered(&c, other));
	/* who answers twice is one */
	ck_assert(!claim_answered(&c, other));
	ck_assert_uint_eq(c.n, 1);
	ck_assert(claim_answered(&c, third));
	ck_assert_uint_eq(c.n, 2);
	ck_assert_mem_eq(c.mac[0], other, 6);
	ck_assert_mem_eq(c.mac[1], third, 6);
	ck_assert(!claim_answered(&c, other));
	ck_assert(claim_answered(&c, own));
	ck_assert_uint_eq(c.n, 2);
	ck_assert_mem_eq(c.mac[1], third, 6);
}
END_TEST

/* The same address at one interface is asked for once, and nobody is asked without sockets. */
START_TEST(test_use)
{
	const struct claim_sockets none = { -1, -1 };
	struct ev_loop *loop = ev_loop_new(EVFLAG_NOENV);
	struct claims *claims = claims_open(loop, &none);
	struct claimed *list = calloc(3, sizeof(*list));
	size_t at = 0, i;

	for (i = 0; i < 3; i++) {
		strcpy(list[i].interface, i == 1 ? "none1" : "none0");
		list[i].addr = (struct iq_addr){ .family = AF_INET, .b = { 10, 0, 0, 1 } };
		list[i].both = true;
	}
	claims_use(claims, list, 3);
	for (i = 0; claims_next(claims, &at); i++)
		;
	ck_assert_uint_eq(i, 2);
	/* nobody answers any more: the first turn asks, the second one tells */
	ck_assert(!claims_tick(claims));
	ck_assert(claims_tick(claims));
	at = 0;
	ck_assert_ptr_null(claims_next(claims, &at));
	claims_use(claims, NULL, 0);
	ck_assert(!claims_tick(claims));
	claims_close(claims);
	ev_loop_destroy(loop);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("claims");

	tcase_add_test(tc, test_arp);
	tcase_add_test(tc, test_na);
	tcase_add_test(tc, test_answered);
	tcase_add_test(tc, test_use);
	return run_tests("claims", tc);
}
