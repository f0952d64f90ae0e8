// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection through a device: what is sent into which side, and what of all that comes out
 * takes it further.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "check/handshake.h"
#include "check/sum.h"
#include "suite.h"

#define CLIENT	"198.18.255.5"
#define SERVER	"198.18.255.133"

static struct iq_addr addr(const char *text)
{
	struct iq_addr a = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	ck_assert_int_eq(inet_pton(a.family, text, a.b), 1);
	return a;
}

static struct handshake begin(bool v6)
{
	return (struct handshake){
		.client = addr(v6 ? "fd00:18:255::5" : CLIENT),
		.server = addr(v6 ? "fd00:18:255::8005" : SERVER),
		.client_port = 40000, .port = 80, .isn = { 0xfffffffe, 7000 },
	};
}

/* What the receiver would check */
static void check_sums(const uint8_t *p, size_t len, bool v6)
{
	size_t skip = v6 ? 40 : 20, addrs = v6 ? 8 : 12;
	uint16_t pseudo[2] = { htons(IPPROTO_TCP), htons(len - skip) };
	uint32_t sum = inet_add(0, p + addrs, skip - addrs);

	ck_assert_uint_eq(len, skip + 20);
	ck_assert_uint_eq(inet_sum(inet_add(inet_add(sum, pseudo, 4), p + skip, len - skip)), 0);
	if (!v6)
		ck_assert_uint_eq(inet_sum(inet_add(0, p, 20)), 0);
}

/* The way through, as it is, and by a device that changes what it may: all in order. */
START_TEST(test_passes)
{
	struct handshake h = begin(_i);
	uint8_t p[HANDSHAKE_PACKET], q[HANDSHAKE_PACKET];
	size_t n, skip = _i ? 40 : 20;
	struct tcphdr tcp;

	n = handshake_packet(&h, p);
	check_sums(p, n, _i);
	memcpy(&tcp, p + skip, sizeof(tcp));
	ck_assert(tcp.syn && !tcp.ack && ntohs(tcp.dest) == 80 && ntohs(tcp.source) == 40000);
	ck_assert_int_eq(handshake_side(h.step), 0);
	/* out of the side that it went in by it is nothing */
	ck_assert(!handshake_take(&h, 0, p, n));
	ck_assert(handshake_take(&h, 1, p, n));
	ck_assert_int_eq(h.step, HANDSHAKE_SYN_ACK);
	ck_assert_int_eq(handshake_side(h.step), 1);
	/* once more: it is a copy */
	ck_assert(!handshake_take(&h, 1, p, n));

	n = handshake_packet(&h, q);
	check_sums(q, n, _i);
	memcpy(&tcp, q + skip, sizeof(tcp));
	ck_assert(tcp.syn && tcp.ack && ntohs(tcp.source) == 80 && ntohs(tcp.dest) == 40000);
	ck_assert_uint_eq(ntohl(tcp.ack_seq), 0xffffffff);
	ck_assert(!handshake_take(&h, 1, q, n));
	ck_assert(handshake_take(&h, 0, q, n));
	ck_assert_int_eq(h.step, HANDSHAKE_ACK);

	n = handshake_packet(&h, p);
	check_sums(p, n, _i);
	memcpy(&tcp, p + skip, sizeof(tcp));
	ck_assert(!tcp.syn && tcp.ack);
	ck_assert_uint_eq(ntohl(tcp.seq), 0xffffffff);
	ck_assert_uint_eq(ntohl(tcp.ack_seq), 7001);
	ck_assert(handshake_take(&h, 1, p, n));
	ck_assert_int_eq(h.step, HANDSHAKE_PASSED);
	n = handshake_reset(&h, p);
	check_sums(p, n, _i);
	memcpy(&tcp, p + skip, sizeof(tcp));
	ck_assert(tcp.rst && ntohl(tcp.seq) == 0xffffffff);
	/* it is over */
	ck_assert(!handshake_take(&h, 0, p, n));
}
END_TEST

/* A device that translates the client and counts anew, in both directions */
START_TEST(test_translated)
{
	struct handshake h = begin(false);
	uint8_t p[HANDSHAKE_PACKET];
	struct iq_addr other = addr("10.9.9.9");
	struct tcphdr tcp;
	size_t n = handshake_packet(&h, p);

	memcpy(p + 12, other.b, 4);
	memcpy(&tcp, p + 20, sizeof(tcp));
	tcp.source = htons(1024);
	tcp.seq = htonl(555);
	memcpy(p + 20, &tcp, sizeof(tcp));
	ck_assert(handshake_take(&h, 1, p, n));
	n = handshake_packet(&h, p);
	ck_assert_mem_eq(p + 16, other.b, 4);
	memcpy(&tcp, p + 20, sizeof(tcp));
	ck_assert(ntohs(tcp.dest) == 1024 && ntohl(tcp.ack_seq) == 556);
	/* back: the device has its own numbers for the server's */
	memcpy(p + 16, h.client.b, 4);
	tcp.dest = htons(40000);
	tcp.seq = htonl(9000);
	tcp.ack_seq = htonl(0xffffffff);
	memcpy(p + 20, &tcp, sizeof(tcp));
	ck_assert(handshake_take(&h, 0, p, n));
	n = handshake_packet(&h, p);
	memcpy(&tcp, p + 20, sizeof(tcp));
	ck_assert_uint_eq(ntohl(tcp.ack_seq), 9001);
	tcp.source = htons(1024);
	tcp.ack_seq = htonl(7001);
	memcpy(p + 20, &tcp, sizeof(tcp));
	ck_assert(handshake_take(&h, 1, p, n));
	ck_assert_int_eq(h.step, HANDSHAKE_PASSED);
}
END_TEST

static void forge(uint8_t *p, size_t at, uint8_t with)
{
	p[at] ^= with;
}

/* What is not exactly of it is nothing. */
START_TEST(test_foreign)
{
	/* bytes of an IPv4 packet: version, fragment, protocol, dst, ports, flags */
	static const uint8_t syn[] = { 0, 7, 9, 19, 23, 33 };
	/* the client, ports, the number that is confirmed, flags */
	static const uint8_t back[] = { 0, 15, 19, 21, 23, 31, 33 };
	struct handshake h = begin(false), was;
	uint8_t p[HANDSHAKE_PACKET], q[HANDSHAKE_PACKET];
	size_t n = handshake_packet(&h, p), i;

	for (i = 0; i < sizeof(syn); i++) {
		memcpy(q, p, n);
		forge(q, syn[i], 0x10);
		ck_assert_msg(!handshake_take(&h, 1, q, n), "byte %u", syn[i]);
	}
	for (i = 0; i < n; i++)
		ck_assert_msg(!handshake_take(&h, 1, p, i), "%zu bytes", i);
	ck_assert(handshake_take(&h, 1, p, n));
	n = handshake_packet(&h, p);
	was = h;
	for (i = 0; i < sizeof(back); i++) {
		memcpy(q, p, n);
		forge(q, back[i], 0x01);
		ck_assert_msg(!handshake_take(&h, 0, q, n), "byte %u", back[i]);
	}
	ck_assert(!memcmp(&h, &was, sizeof(h)));
	ck_assert(handshake_take(&h, 0, p, n));
}
END_TEST

/* A firewall that says no: by a reset, or by an ICMP error. */
START_TEST(test_refused)
{
	struct handshake h = begin(false);
	uint8_t p[HANDSHAKE_PACKET], q[HANDSHAKE_PACKET];
	size_t n = handshake_packet(&h, p);
	struct tcphdr tcp;

	memcpy(q, p, n);
	memcpy(q + 12, p + 16, 4);
	memcpy(q + 16, p + 12, 4);
	if (_i) {
		/* of any router on the way: who sent it is not asked */
		memset(q + 12, 10, 4);
		q[9] = IPPROTO_ICMP;
		q[20] = _i;
	} else {
		memcpy(&tcp, q + 20, sizeof(tcp));
		tcp.source = htons(80);
		tcp.dest = htons(40000);
		tcp.syn = 0;
		tcp.rst = tcp.ack = 1;
		memcpy(q + 20, &tcp, sizeof(tcp));
	}
	/* a redirect is none */
	ck_assert_int_eq(handshake_take(&h, 0, q, n), _i != 5);
	ck_assert_int_eq(h.step, _i != 5 ? HANDSHAKE_REFUSED : HANDSHAKE_SYN);
	if (_i != 5)
		ck_assert_uint_eq(handshake_reset(&h, p), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("through");

	tcase_add_loop_test(tc, test_passes, 0, 2);
	tcase_add_test(tc, test_translated);
	tcase_add_test(tc, test_foreign);
	tcase_add_loop_test(tc, test_refused, 0, 1);
	tcase_add_loop_test(tc, test_refused, 3, 4);
	tcase_add_loop_test(tc, test_refused, 5, 6);
	tcase_add_loop_test(tc, test_refused, 11, 12);
	return run_tests("through", tc);
}
