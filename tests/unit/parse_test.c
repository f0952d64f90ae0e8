// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The header parser, from bytes: what is ours is recognised with its SPIs,
 * what is not is left alone, and no header that lies makes it read beyond what
 * it was given. Every packet is parsed from a heap buffer of just its size, so
 * that the address sanitizer sees each byte too many.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ipsec_qos/parse.h"
#include "suite.h"

static struct iq_ports ports = {
	.n_ike = 1, .ike = { 500 },
	.n_natt = 2, .natt = { 4500, 14500 },
};

/* A packet under construction. */
static u8 pkt[70000];
static u32 len;

static void put(const void *bytes, u32 n)
{
	memcpy(pkt + len, bytes, n);
	len += n;
}

static void put8(u8 v)
{
	pkt[len++] = v;
}

static void put16(u16 v)
{
	put8(v >> 8);
	put8(v);
}

static void put32(u32 v)
{
	put16(v >> 16);
	put16(v);
}

static void zeros(u32 n)
{
	memset(pkt + len, 0, n);
	len += n;
}

/* Lengths are filled in by finish(). */
static void ipv4(u8 proto, u32 options)
{
	len = 0;
	put8(0x40 | (20 + options) / 4);
	put8(46 << 2 | 1);
	zeros(6);
	put8(64);
	put8(proto);
	zeros(2);
	put("\xc0\x00\x02\x01\xc0\x00\x02\x02", 8);
	memset(pkt + len, 1, options);
	len += options;
}

static void ipv6(u8 next)
{
	len = 0;
	put32(6U << 28 | 46U << 22);
	zeros(2);
	put8(next);
	put8(64);
	zeros(15);
	put8(1);
	zeros(15);
	put8(2);
}

static u32 udp_at;

static void udp(u16 src, u16 dst)
{
	udp_at = len;
	put16(src);
	put16(dst);
	zeros(4);
}

static void ike(u64 i, u64 r, u8 version, u32 length)
{
	put32(i >> 32);
	put32(i);
	put32(r >> 32);
	put32(r);
	put8(46);
	put8(version);
	put8(35);
	put8(8);
	put32(1);
	put32(length);
}

static void finish_udp(void)
{
	pkt[udp_at + 4] = (len - udp_at) >> 8;
	pkt[udp_at + 5] = len - udp_at;
}

static void finish(void)
{
	u16 n = pkt[0] >> 4 == 4 ? len : len - 40;
	u32 at = pkt[0] >> 4 == 4 ? 2 : 4;

	pkt[at] = n >> 8;
	pkt[at + 1] = n;
}

/* Does the IP header say more, or less, than there is? */
static bool lies(const u8 *data, u32 n)
{
	u16 said = iq_get16(data + (data[0] >> 4 == 4 ? 2 : 4));

	if (data[0] >> 4 == 6)
		return said && said + 40u != n;
	return said && said != n;
}

/*
 * The short ways must say what the long one does, where what they are asked about
 * is what they may be; and miss nothing plain.
 */
static void check_plain(const u8 *data, u32 avail, u32 n, enum iq_kind whole,
			const struct iq_packet *all)
{
	bool ipv6, plain = false, other = false;
	u32 off = 0;
	u8 next;

	if (avail < 20 || (data[0] >> 4 != 4 && (data[0] >> 4 != 6 || avail < 40)))
		return;
	if (lies(data, n))
		return;
	ipv6 = data[0] >> 4 == 6;
	next = data[ipv6 ? 6 : 9];
	if (next == IPPROTO_ESP) {
		off = ipv6 ? IQ_PLAIN_ESP6 : IQ_PLAIN_ESP4;
		plain = ipv6 ? iq_parse_plain_esp6(data, avail) :
			       iq_parse_plain_esp4(data, avail);
	} else if (next == IPPROTO_UDP && !ipv6) {
		off = IQ_PLAIN_UDP4;
		plain = iq_parse_plain_udp4(data, avail, &ports);
		other = iq_parse_plain_other4(data, avail, &ports);
	} else if (next == IPPROTO_UDP) {
		other = iq_parse_plain_other6(data, avail, &ports);
	}
	if (plain) {
		ck_assert_int_eq(whole, IQ_SA);
		ck_assert_uint_eq(all->family, ipv6 ? AF_INET6 : AF_INET);
		ck_assert_uint_eq(all->proto, IPPROTO_ESP);
		ck_assert_uint_eq(all->spi, iq_get32(data + off));
		ck_assert(!all->first);
		ck_assert_int_eq(all->dst - all->src, ipv6 ? 16 : 4);
	} else if (off && avail >= off + 8 && (ipv6 || data[0] == 0x45)) {
		ck_assert(whole != IQ_SA || all->first);
	}
	if (other)
		ck_assert_int_eq(whole, IQ_OTHER);
}

/*
 * Parse @n bytes as the whole packet, with more and more of them readable, as
 * the kernel does with a packet that is not linear: each IQ_SHORT must ask for
 * more than there was and for no more than there is, and the end is the same
 * as with all of it at once.
 */
static enum iq_kind parse_len(u32 n, struct iq_packet *out)
{
	struct iq_packet one = {}, all = {};
	u32 avail = 0, steps = 0;
	enum iq_kind kind, whole;
	u8 *copy;

	copy = malloc(n ? n : 1);
	memcpy(copy, pkt, n);
	whole = iq_parse(copy, n, n, &ports, &all);
	ck_assert_int_ne(whole, IQ_SHORT);
	check_plain(copy, n, n, whole, &all);
	for (;;) {
		u8 *part = malloc(avail ? avail : 1);

		memcpy(part, pkt, avail);
		kind = iq_parse(part, avail, n, &ports, &one);
		check_plain(part, avail, n, whole, &all);
		free(part);
		if (kind != IQ_SHORT)
			break;
		ck_assert_uint_gt(one.need, avail);
		ck_assert_uint_le(one.need, n);
		avail = one.need;
		ck_assert_uint_lt(++steps, 64);
	}
	ck_assert_int_eq(kind, whole);
	ck_assert_uint_eq(one.spi, all.spi);
	ck_assert_uint_eq(one.spi_i, all.spi_i);
	free(copy);
	*out = all;
	return whole;
}

static enum iq_kind parse(struct iq_packet *out)
{
	finish();
	return parse_len(len, out);
}

START_TEST(esp_ipv4)
{
	struct iq_packet p;
	u32 options;

	for (options = 0; options <= 40; options += 4) {
		ipv4(IPPROTO_ESP, options);
		put32(0xc0000001);
		put32(1);
		zeros(64);
		ck_assert_int_eq(parse(&p), IQ_SA);
		ck_assert_uint_eq(p.spi, 0xc0000001);
		ck_assert_uint_eq(p.proto, IPPROTO_ESP);
		ck_assert_uint_eq(p.family, AF_INET);
		ck_assert_uint_eq(p.dscp, 46);
	}
}
END_TEST

START_TEST(ah)
{
	struct iq_packet p;

	ipv4(IPPROTO_AH, 0);
	put8(6);
	put8(4);
	put16(0);
	put32(0x1234);
	put32(1);
	zeros(100);
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert_uint_eq(p.spi, 0x1234);
	ck_assert_uint_eq(p.proto, IPPROTO_AH);

	pkt[21] = 0;			/* shorter than its own fixed part */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	pkt[21] = 255;			/* longer than the packet */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
}
END_TEST

START_TEST(reserved_spis)
{
	static const struct {
		u32 spi;
		enum iq_kind kind;
	} t[] = {
		{ 0, IQ_MALFORMED }, { 1, IQ_MALFORMED }, { 255, IQ_MALFORMED },
		{ 256, IQ_SA }, { 0xffffffff, IQ_SA },
	};
	struct iq_packet p;
	size_t i;

	for (i = 0; i < N(t); i++) {
		ipv4(IPPROTO_ESP, 0);
		put32(t[i].spi);
		zeros(32);
		ck_assert_int_eq(parse(&p), t[i].kind);

		ipv6(IPPROTO_AH);
		put32(0x06040000);
		put32(t[i].spi);
		zeros(32);
		ck_assert_int_eq(parse(&p), t[i].kind);

		/* UDP-encapsulated, an SPI of 0 is the non-ESP marker */
		if (!t[i].spi)
			continue;
		ipv4(IPPROTO_UDP, 0);
		udp(4500, 4500);
		put32(t[i].spi);
		zeros(32);
		finish_udp();
		ck_assert_int_eq(parse(&p), t[i].kind);
	}
}
END_TEST

START_TEST(ipv6_extension_headers)
{
	struct iq_packet p;
	int i;

	ipv6(IPPROTO_ESP);
	put32(0xabcdef01);
	zeros(20);
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert_uint_eq(p.spi, 0xabcdef01);
	ck_assert_uint_eq(p.family, AF_INET6);
	ck_assert_uint_eq(p.dscp, 46);

	/* hop-by-hop of 16, routing of 24, destination options of 8, ESP */
	ipv6(IPPROTO_HOPOPTS);
	put8(IPPROTO_ROUTING);
	put8(1);
	zeros(14);
	put8(IPPROTO_DSTOPTS);
	put8(2);
	zeros(22);
	put8(IPPROTO_ESP);
	put8(0);
	zeros(6);
	put32(0xabcdef02);
	zeros(20);
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert_uint_eq(p.spi, 0xabcdef02);

	/* the most headers that are followed, and one more */
	for (i = IQ_PARSE_EXT_HDRS - 1; i <= IQ_PARSE_EXT_HDRS; i++) {
		int j;

		ipv6(IPPROTO_DSTOPTS);
		for (j = 0; j <= i; j++) {
			put8(j == i ? IPPROTO_ESP : IPPROTO_DSTOPTS);
			put8(0);
			zeros(6);
		}
		put32(0xabcdef03);
		zeros(20);
		ck_assert_int_eq(parse(&p), i < IQ_PARSE_EXT_HDRS ? IQ_SA :
								   IQ_MALFORMED);
	}

	/* one that claims more than there is */
	ipv6(IPPROTO_DSTOPTS);
	put8(IPPROTO_ESP);
	put8(200);
	zeros(30);
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);

	/* a chain that ends in nothing, or in something else */
	ipv6(IPPROTO_DSTOPTS);
	put8(IPPROTO_NONE);
	put8(0);
	zeros(6);
	ck_assert_int_eq(parse(&p), IQ_OTHER);
	pkt[40] = IPPROTO_TCP;
	ck_assert_int_eq(parse(&p), IQ_OTHER);
}
END_TEST

START_TEST(fragments)
{
	static const struct {
		u16 frag;
		enum iq_kind kind;
	} t[] = {
		{ 0x4000, IQ_SA },		/* don't fragment */
		{ 0x2000, IQ_SA },		/* the first */
		{ 0x2001, IQ_FRAGMENT },
		{ 0x0010, IQ_FRAGMENT },	/* the last */
	};
	struct iq_packet p;
	size_t i;

	for (i = 0; i < N(t); i++) {
		ipv4(IPPROTO_ESP, 0);
		pkt[6] = t[i].frag >> 8;
		pkt[7] = t[i].frag;
		put32(0x1000);
		zeros(40);
		ck_assert_int_eq(parse(&p), t[i].kind);
		ck_assert_int_eq(p.first, t[i].frag == 0x2000);
		if (t[i].frag & 0x3fff) {
			ck_assert_uint_eq(p.frag_id, iq_get16(pkt + 4));
			ck_assert_uint_eq(p.frag_proto, IPPROTO_ESP);
			ck_assert(p.dst - p.src == 4);
			ck_assert_int_eq(p.last, t[i].frag == 0x0010);
		}
	}

	/* the first of IKE and of ESP in UDP: what follows is as long as they say */
	ipv4(IPPROTO_UDP, 0);
	pkt[6] = 0x20;
	put16(500);
	put16(500);
	put16(3000);
	put16(0);
	put32(1);
	put32(2);
	put32(3);
	put32(4);
	put8(33);
	put8(0x20);
	zeros(6);
	put32(2992);
	ck_assert_int_eq(parse(&p), IQ_IKE);
	ck_assert(p.first && p.spi_i == (1ull << 32 | 2));
	pkt[6] = 0;			/* whole: it lies */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	ipv4(IPPROTO_UDP, 0);
	pkt[6] = 0x20;
	put16(4500);
	put16(4500);
	put16(3000);
	put16(0);
	put32(0x1000);
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);	/* RFC 1858: a tiny one */
	zeros(4);
	ck_assert_int_eq(parse(&p), IQ_SA);

	/* of TCP: nothing of ours */
	ipv4(IPPROTO_TCP, 0);
	pkt[6] = 0x20;
	zeros(40);
	ck_assert_int_eq(parse(&p), IQ_OTHER);

	/* a last fragment of UDP: may be ours */
	ipv4(IPPROTO_UDP, 0);
	pkt[7] = 0x10;
	zeros(2);
	ck_assert_int_eq(parse(&p), IQ_FRAGMENT);

	ipv6(IPPROTO_FRAGMENT);
	put8(IPPROTO_ESP);
	put8(0);
	put16(1);			/* more to come */
	put32(77);
	put32(0x1000);
	zeros(40);
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert(p.first && p.frag_id == 77 && p.frag_proto == IPPROTO_ESP);
	pkt[43] = 9;			/* an offset */
	ck_assert_int_eq(parse(&p), IQ_FRAGMENT);
	ck_assert(!p.last);
	pkt[43] = 8;
	ck_assert_int_eq(parse(&p), IQ_FRAGMENT);
	ck_assert(p.last);
	ck_assert(p.frag_id == 77 && p.frag_proto == IPPROTO_ESP);
	ck_assert(p.dst - p.src == 16);
	pkt[40] = IPPROTO_TCP;		/* what it says of that is not binding */
	ck_assert_int_eq(parse(&p), IQ_FRAGMENT);
	pkt[43] = 1;
	ck_assert_int_eq(parse(&p), IQ_OTHER);
	pkt[40] = IPPROTO_ESP;
	pkt[43] = 6;			/* reserved bits alone: whole (RFC 6946) */
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert_uint_eq(p.spi, 0x1000);

	/* a fragment of a fragment, that one the first or whole */
	ipv6(IPPROTO_FRAGMENT);
	put8(IPPROTO_FRAGMENT);
	put8(0);
	put16(1);
	put32(77);
	put8(IPPROTO_ESP);
	put8(0);
	put16(8);
	put32(78);
	put32(0x1000);
	zeros(40);
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	pkt[43] = 0;
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	ck_assert(!p.first);
}
END_TEST

START_TEST(udp_encapsulated)
{
	static const struct {
		u16 src, dst;
		enum iq_kind kind;
	} t[] = {
		{ 4500, 4500, IQ_SA }, { 61000, 4500, IQ_SA },
		{ 4500, 61000, IQ_SA }, { 61000, 14500, IQ_SA },
		{ 61000, 61001, IQ_OTHER }, { 53, 61000, IQ_OTHER },
	};
	struct iq_packet p;
	size_t i;

	for (i = 0; i < N(t); i++) {
		ipv4(IPPROTO_UDP, 0);
		udp(t[i].src, t[i].dst);
		put32(0xc0ffee00);
		zeros(40);
		finish_udp();
		ck_assert_int_eq(parse(&p), t[i].kind);
		if (t[i].kind != IQ_SA)
			continue;
		ck_assert_uint_eq(p.spi, 0xc0ffee00);
		ck_assert_uint_eq(p.proto, IPPROTO_ESP);
	}

	ipv6(IPPROTO_UDP);
	udp(4500, 4500);
	put32(0xc0ffee01);
	zeros(40);
	finish_udp();
	ck_assert_int_eq(parse(&p), IQ_SA);
	ck_assert_uint_eq(p.spi, 0xc0ffee01);
}
END_TEST

START_TEST(keep_alives)
{
	struct iq_packet p;
	u16 port;

	for (port = 500; port <= 4500; port += 4000) {
		ipv4(IPPROTO_UDP, 0);
		udp(port, 61000);
		put8(0xff);
		finish_udp();
		ck_assert_int_eq(parse(&p), IQ_KEEPALIVE);
		pkt[28] = 0xfe;
		ck_assert_int_eq(parse(&p), IQ_MALFORMED);

		ipv4(IPPROTO_UDP, 0);	/* nothing in it at all */
		udp(port, 61000);
		finish_udp();
		ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	}
}
END_TEST

START_TEST(ike_headers)
{
	static const struct {
		u64 i, r;
		u8 version;
		u32 length;
		enum iq_kind kind;
	} t[] = {
		{ 1, 2, 0x20, 28, IQ_IKE },
		{ 0x0123456789abcdef, 0, 0x20, 68, IQ_IKE },
		{ 1, 2, 0x10, 68, IQ_IKE },
		{ 1, 2, 0x21, 68, IQ_IKE },		/* a minor version */
		{ 0, 2, 0x20, 68, IQ_MALFORMED },
		{ 1, 2, 0x00, 68, IQ_MALFORMED },
		{ 1, 2, 0x30, 68, IQ_MALFORMED },
		{ 1, 2, 0x20, 27, IQ_MALFORMED },
		{ 1, 2, 0x20, 69, IQ_MALFORMED },
		{ 1, 2, 0x20, 0xffffffff, IQ_MALFORMED },
	};
	struct iq_packet p;
	size_t i;

	for (i = 0; i < N(t); i++) {
		ipv4(IPPROTO_UDP, 0);
		udp(500, 500);
		ike(t[i].i, t[i].r, t[i].version, t[i].length);
		zeros(40);
		finish_udp();
		ck_assert_int_eq(parse(&p), t[i].kind);
		if (t[i].kind == IQ_IKE) {
			ck_assert_uint_eq(p.spi_i, t[i].i);
			ck_assert_uint_eq(p.spi_r, t[i].r);
			ck_assert_int_eq(p.ikev1, t[i].version == 0x10);
			ck_assert(p.initiator);
		}

		ipv6(IPPROTO_UDP);
		udp(61000, 4500);
		put32(0);			/* non-ESP marker */
		ike(t[i].i, t[i].r, t[i].version, t[i].length);
		zeros(40);
		finish_udp();
		ck_assert_int_eq(parse(&p), t[i].kind);
	}

	/* whose is the responder's SPI? IKEv1 does not say */
	for (i = 0; i < 2; i++) {
		ipv4(IPPROTO_UDP, 0);
		udp(500, 500);
		ike(1, 2, i ? 0x10 : 0x20, 68);
		pkt[udp_at + 8 + 19] = 0x20;
		zeros(40);
		finish_udp();
		ck_assert_int_eq(parse(&p), IQ_IKE);
		ck_assert_int_eq(p.initiator, i == 1);
	}

	/* a port of its own is not looked into, whatever is there */
	ipv4(IPPROTO_UDP, 0);
	udp(61000, 61001);
	ike(1, 2, 0x20, 28);
	finish_udp();
	ck_assert_int_eq(parse(&p), IQ_OTHER);
}
END_TEST

/* Who began the IKE SA says so, in its requests and its answers; by IKEv1 nobody does. */
START_TEST(ike_initiator)
{
	static const struct {
		u8 version, flags;
		bool initiator;
	} t[] = {
		{ 0x20, 0x08, true },		/* a request of the initiator's */
		{ 0x20, 0x28, true },		/* its answer */
		{ 0x20, 0x00, false },		/* a request of the responder's */
		{ 0x20, 0x20, false },
		{ 0x20, 0xf7, false },		/* bits that mean something else */
		{ 0x21, 0x08, true },
		{ 0x21, 0x00, false },
		{ 0x10, 0x00, true },
		{ 0x10, 0x01, true },		/* encrypted */
	};
	struct iq_packet p;
	u32 start;
	size_t i;

	for (i = 0; i < N(t); i++) {
		ipv4(IPPROTO_UDP, 0);
		udp(500, 500);
		start = len;
		ike(3, 4, t[i].version, 28);
		pkt[start + 19] = t[i].flags;
		finish_udp();
		ck_assert_int_eq(parse(&p), IQ_IKE);
		ck_assert_int_eq(p.initiator, t[i].initiator);

		ipv6(IPPROTO_UDP);
		udp(4500, 61000);
		put32(0);			/* non-ESP marker */
		start = len;
		ike(3, 4, t[i].version, 28);
		pkt[start + 19] = t[i].flags;
		finish_udp();
		ck_assert_int_eq(parse(&p), IQ_IKE);
		ck_assert_int_eq(p.initiator, t[i].initiator);
	}
}
END_TEST

/* Lengths that say more, or less, than there is. */
START_TEST(lying_lengths)
{
	struct iq_packet p;

	ipv4(IPPROTO_ESP, 0);
	put32(0x1000);
	zeros(40);
	finish();
	pkt[3]++;
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);
	pkt[3] = 19;
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);
	pkt[3] = 27;			/* the sequence number is cut */
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);
	finish();
	pkt[0] = 0x44;			/* a header of 16 bytes */
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);
	pkt[0] = 0x4f;
	pkt[3] = 50;			/* and one longer than the packet */
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);

	ipv6(IPPROTO_ESP);
	put32(0x1000);
	zeros(40);
	finish();
	pkt[5]++;
	ck_assert_int_eq(parse_len(len, &p), IQ_MALFORMED);

	ipv4(IPPROTO_UDP, 0);
	udp(500, 500);
	ike(1, 2, 0x20, 28);
	finish_udp();
	pkt[25]++;			/* UDP says more than IP */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	pkt[25] = 7;			/* less than its header */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
	pkt[25] = 35;			/* and cuts the IKE header */
	ck_assert_int_eq(parse(&p), IQ_MALFORMED);
}
END_TEST

/* A GSO packet may be too long for its length field, which then is 0. */
START_TEST(longer_than_its_field)
{
	struct iq_packet p;

	ipv4(IPPROTO_ESP, 0);
	put32(0x1000);
	zeros(66000);
	pkt[2] = 0;
	pkt[3] = 0;
	ck_assert_int_eq(parse_len(len, &p), IQ_SA);

	ipv6(IPPROTO_ESP);
	put32(0x1000);
	zeros(66000);
	pkt[4] = 0;
	pkt[5] = 0;
	ck_assert_int_eq(parse_len(len, &p), IQ_SA);
}
END_TEST

/* Each packet cut at each length: no read beyond, and an answer every time. */
START_TEST(cut_anywhere)
{
	static const u8 protos[] = {
		IPPROTO_ESP, IPPROTO_AH, IPPROTO_UDP, IPPROTO_DSTOPTS,
		IPPROTO_FRAGMENT, IPPROTO_TCP,
	};
	struct iq_packet p;
	u32 n, whole;
	size_t i;
	int v6;

	for (i = 0; i < sizeof(protos); i++) {
		for (v6 = 0; v6 < 2; v6++) {
			if (v6)
				ipv6(protos[i]);
			else
				ipv4(protos[i], 8);
			udp(4500, 4500);
			put32(0);
			ike(1, 2, 0x20, 28);
			finish_udp();
			finish();
			whole = len;
			for (n = 0; n <= whole; n++)
				parse_len(n, &p);
		}
	}
}
END_TEST

/* Bytes at random, from a fixed seed: whatever they are, no read beyond. */
START_TEST(random_bytes)
{
	struct iq_packet p;
	u32 i, j, n;

	srandom(1);
	for (i = 0; i < 200000; i++) {
		n = random() % 120;
		for (j = 0; j < n; j++)
			pkt[j] = random();
		pkt[0] = (random() & 1 ? 0x45 : 0x60) ^ (random() % 64 ? 0 : 2);
		pkt[pkt[0] >> 4 == 4 ? 9 : 6] =
			(u8[]){ 0, 17, 43, 44, 50, 51, 60, 135 }[random() % 8];
		if (n > 4 && random() & 1) {
			pkt[2] = 0;
			pkt[3] = n;
			pkt[4] = 0;
			pkt[5] = n - 40;
		}
		parse_len(n, &p);
	}
}
END_TEST

START_TEST(neither_ipv4_nor_ipv6)
{
	struct iq_packet p;

	ipv4(IPPROTO_ESP, 0);
	zeros(20);
	finish();
	pkt[0] = 0x55;
	ck_assert_int_eq(parse_len(len, &p), IQ_OTHER);
	ck_assert_int_eq(parse_len(0, &p), IQ_OTHER);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("parse");

	iq_ports_some(&ports);
	tcase_add_test(tc, esp_ipv4);
	tcase_add_test(tc, ah);
	tcase_add_test(tc, reserved_spis);
	tcase_add_test(tc, ipv6_extension_headers);
	tcase_add_test(tc, fragments);
	tcase_add_test(tc, udp_encapsulated);
	tcase_add_test(tc, keep_alives);
	tcase_add_test(tc, ike_headers);
	tcase_add_test(tc, ike_initiator);
	tcase_add_test(tc, lying_lengths);
	tcase_add_test(tc, longer_than_its_field);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, neither_ipv4_nor_ipv6);

	return run_tests("parse", tc);
}
