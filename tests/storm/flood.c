// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets of every kind: to SAs that come and go, to none, of the kernel's own
 * SAs, in pieces and in any order, and such as lie.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/udp.h>

#include "storm.h"

#define MAC_SRC		"02:00:00:00:00:01"
#define MAC_ROUTER	"02:00:00:00:00:02"

/*
 * src and router have SAs with each other: ESP for IPv4, UDP-encapsulated for
 * a second address, AH for IPv6. Those of ESP are put in and out of the way by
 * nobody: what changes is what the module knows of them.
 */
void flood_setup(void)
{
	wire_sh("for n in src router; do\n"
		"	ip netns add $n; ip -n $n link set lo up\n"
		"	ip netns exec $n sysctl -qw net.ipv4.conf.all.rp_filter=0 "
		"		net.ipv4.conf.default.rp_filter=0 net.ipv4.ip_forward=1 "
		"		net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0\n"
		"done\n"
		"ip link add r1 netns router address " MAC_ROUTER " type veth "
		"	peer name s1 netns src address " MAC_SRC "\n"
		"ip -n router link add r2 type dummy\n"
		"ip -n src addr add 10.0.1.2/24 dev s1\n"
		"ip -n src addr add 10.0.1.3/24 dev s1\n"
		"ip -n src addr add fd01::2/64 dev s1 nodad\n"
		"ip -n router addr add 10.0.1.1/24 dev r1\n"
		"ip -n router addr add fd01::1/64 dev r1 nodad\n"
		"ip -n router addr add 10.0.2.1/24 dev r2\n"
		"ip -n router addr add fd02::1/64 dev r2 nodad\n"
		"for x in 'src s1' 'router r1' 'router r2'; do\n"
		"	ip -n ${x% *} link set ${x#* } up\n"
		"done\n"
		"ip -n src route add default via 10.0.1.1\n"
		"ip -n src route add default via fd01::1\n"
		"for n in src router; do\n"
		"	ip -n $n xfrm state add src 10.0.1.2 dst 10.0.1.1 proto esp spi 0x20001 "
		"		mode tunnel enc 'ecb(cipher_null)' '' auth digest_null ''\n"
		"	ip -n $n xfrm state add src 10.0.1.1 dst 10.0.1.2 proto esp spi 0x20002 "
		"		mode tunnel enc 'ecb(cipher_null)' '' auth digest_null ''\n"
		"	ip -n $n xfrm state add src 10.0.1.3 dst 10.0.1.1 proto esp spi 0x20004 "
		"		mode transport enc 'ecb(cipher_null)' '' auth digest_null '' "
		"		encap espinudp 4500 4500 0.0.0.0\n"
		"	ip -n $n xfrm state add src fd01::2 dst fd01::1 proto ah spi 0x20005 "
		"		mode transport auth 'hmac(md5)' 0x11223344556677889900aabbccddeeff\n"
		"done\n"
		"ip -n src xfrm policy add src 10.0.1.2 dst 10.0.1.1 proto 17 dport 9 dir out "
		"	tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel\n"
		"ip -n src xfrm policy add src 10.0.1.3 dst 10.0.1.1 proto 17 dport 9 dir out "
		"	tmpl src 10.0.1.3 dst 10.0.1.1 proto esp mode transport\n"
		"ip -n src xfrm policy add src fd01::2 dst fd01::1 proto 17 dport 9 dir out "
		"	tmpl src fd01::2 dst fd01::1 proto ah mode transport\n"
		"ip -n router xfrm policy add src 10.0.1.1 dst 10.0.1.2 proto 17 dport 9 dir out "
		"	tmpl src 10.0.1.1 dst 10.0.1.2 proto esp mode tunnel\n");
}

static size_t put(uint8_t *p, uint64_t n, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		p[i] = n >> 8 * (bytes - 1 - i);
	return bytes;
}

static uint32_t some_spi(void)
{
	return below(16) ? 0x20000 + below(4096) : below(512);
}

static size_t put_ike(uint8_t *p)
{
	uint32_t number = below(4096);

	memset(p, 0, 28);
	put(p, 0x20000 + number / 2, 8);
	put(p + 8, number & 1 ? 0x30000 + number : 0, 8);
	p[17] = below(2) ? 0x20 : 0x10;
	put(p + 24, 28 + 64, 4);
	return 28 + 64;
}

/* put_payload() - what comes behind the IP header; returns its length */
static size_t put_payload(uint8_t *p, uint8_t *proto)
{
	uint16_t port = below(3) ? 4500 : below(2) ? 500 : below(65536);
	size_t n = 8 * (1 + below(100));

	memset(p, 0x5a, 1024);
	switch (below(4)) {
	case 0:
		*proto = IPPROTO_ESP;
		put(p, some_spi(), 4);
		return n;
	case 1:
		*proto = IPPROTO_AH;
		put(p, IPPROTO_TCP << 24 | 4 << 16, 4);
		put(p + 4, some_spi(), 4);
		return n;
	default:
		*proto = IPPROTO_UDP;
		if (below(2))
			put(p + 8, some_spi(), 4);
		else if (port == 4500)
			n = put(p + 8, 0, 4) + put_ike(p + 12);
		else
			n = put_ike(p + 8);
		if (!below(32)) {
			p[8] = 0xff;
			n = 1;
		}
		n += 8;
		put(p, below(2) ? port : 40000 + below(8), 2);
		put(p + 2, port, 2);
		put(p + 4, n, 2);
		put(p + 6, 0, 2);
		return n;
	}
}

static void emit(int fd, uint8_t *frame, size_t len)
{
	/* now and then one that lies, or ends too soon */
	if (!below(16))
		frame[14 + below(len - 14)] ^= 1 << below(8);
	if (!below(32))
		len = 15 + below(len - 15);
	if (send(fd, frame, len, MSG_DONTWAIT) > 0)
		done(1);
}

static size_t put_ip(uint8_t *frame, bool ipv6, uint8_t proto, size_t len,
		     uint32_t id, uint32_t offset, bool more)
{
	uint8_t *p = frame + 14;

	put(frame, 0x020000000002, 6);
	put(frame + 6, 0x020000000001, 6);
	put(frame + 12, ipv6 ? 0x86dd : 0x0800, 2);
	if (!ipv6) {
		memset(p, 0, 20);
		p[0] = 0x45;
		p[1] = below(4) ? 0 : below(256);
		put(p + 2, 20 + len, 2);
		put(p + 4, id, 2);
		put(p + 6, offset / 8 | more << 13, 2);
		p[8] = 64;
		p[9] = proto;
		put(p + 12, 0x0a000102, 4);
		put(p + 16, below(8) ? 0x0a000202 : 0x0a000101, 4);
		put(p + 10, wire_sum(p, 20), 2);
		return 14 + 20;
	}
	memset(p, 0, 40);
	put(p, 6 << 28 | (below(4) ? 0 : below(256) << 20), 4);
	p[7] = 64;
	inet_pton(AF_INET6, "fd01::2", p + 8);
	inet_pton(AF_INET6, below(8) ? "fd02::2" : "fd01::1", p + 24);
	if (offset || more) {
		put(p + 4, 8 + len, 2);
		p[6] = IPPROTO_FRAGMENT;
		put(p + 40, proto << 24 | offset | more, 4);
		put(p + 44, id, 4);
		return 14 + 48;
	}
	if (!below(4)) {
		put(p + 4, 8 + len, 2);
		p[6] = IPPROTO_DSTOPTS;
		put(p + 40, (uint64_t)proto << 56 | 0x000104ULL << 32, 8);
		return 14 + 48;
	}
	put(p + 4, len, 2);
	p[6] = proto;
	return 14 + 40;
}

static void emit_one(int fd, uint8_t *frame)
{
	uint8_t payload[2048], proto;
	size_t len = put_payload(payload, &proto), cut, hlen;
	bool ipv6 = below(2), swapped = below(2);
	uint32_t id;
	int i;

	if (below(6) || len < 32) {
		hlen = put_ip(frame, ipv6, proto, len, 0, 0, false);
		memcpy(frame + hlen, payload, len);
		emit(fd, frame, hlen + len);
		return;
	}
	/* in two, in either order, or one of them alone */
	id = below(64);
	cut = 8 * (1 + below(len / 8 - 1));
	for (i = 0; i < 2; i++) {
		if (!below(8))
			continue;
		if (i != swapped) {
			hlen = put_ip(frame, ipv6, proto, len - cut, id, cut, false);
			memcpy(frame + hlen, payload + cut, len - cut);
			emit(fd, frame, hlen + len - cut);
		} else {
			hlen = put_ip(frame, ipv6, proto, cut, id, 0, true);
			memcpy(frame + hlen, payload, cut);
			emit(fd, frame, hlen + cut);
		}
	}
}

/* Clear packets into the SAs, and whatever the wire brings beside them. */
void act_flood(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int wire = wire_packet("s1"), clear = socket(AF_INET, SOCK_DGRAM, 0);
	int second = socket(AF_INET, SOCK_DGRAM, 0);
	int clear6 = socket(AF_INET6, SOCK_DGRAM, 0);
	static uint8_t frame[4096];

	to.sin_addr.s_addr = htonl(0x0a000101);
	from.sin_addr.s_addr = htonl(0x0a000103);
	inet_pton(AF_INET6, "fd01::1", &to6.sin6_addr);
	if (bind(second, (void *)&from, sizeof(from)))
		wire_die("no second address");
	while (going()) {
		emit_one(wire, frame);
		if (below(8))
			continue;
		switch (below(3)) {
		case 0:
			sendto(clear, frame, 200, MSG_DONTWAIT, (void *)&to, sizeof(to));
			break;
		case 1:
			sendto(second, frame, 200, MSG_DONTWAIT, (void *)&to, sizeof(to));
			break;
		default:
			sendto(clear6, frame, 200, MSG_DONTWAIT, (void *)&to6, sizeof(to6));
			break;
		}
	}
}

/* The router's own: into its SA, and to SAs of others. */
void act_local(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int natt = socket(AF_INET, SOCK_DGRAM, 0);
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ESP);
	int clear = socket(AF_INET, SOCK_DGRAM, 0), encap = UDP_ENCAP_ESPINUDP;
	struct sockaddr_in port = { .sin_family = AF_INET, .sin_port = htons(4500) };
	uint8_t payload[1200] = {};
	ssize_t sent;

	if (bind(natt, (void *)&port, sizeof(port)) ||
	    setsockopt(natt, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)))
		wire_die("no UDP-encapsulated ESP");
	while (going()) {
		put(payload, some_spi(), 4);
		to.sin_addr.s_addr = htonl(0x0a000202);
		switch (below(4)) {
		case 0:
			to.sin_port = htons(4500);
			sent = sendto(natt, payload, 64 + below(1000), MSG_DONTWAIT,
				      (void *)&to, sizeof(to));
			break;
		case 1:
			to.sin_port = htons(500);
			put_ike(payload);
			sent = sendto(clear, payload, 28 + 64, MSG_DONTWAIT,
				      (void *)&to, sizeof(to));
			break;
		case 2:
			to.sin_port = htons(9);
			to.sin_addr.s_addr = htonl(0x0a000102);
			sent = sendto(clear, payload, 64 + below(1000), MSG_DONTWAIT,
				      (void *)&to, sizeof(to));
			break;
		default:
			to.sin_port = 0;
			sent = sendto(raw, payload, 64 + below(1000), MSG_DONTWAIT,
				      (void *)&to, sizeof(to));
			break;
		}
		if (sent > 0)
			done(1);
	}
}
