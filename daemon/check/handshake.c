// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/handshake.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "check/sum.h"

#define TTL	64
#define WINDOW	1024

/**
 * struct segment - what is read of a packet, or is to be one
 *
 * @error: it is none, but an ICMP error: of its addresses alone
 */
struct segment {
	struct iq_addr src;
	struct iq_addr dst;
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;
	bool error;
};

const char *handshake_name(enum handshake_step step)
{
	return step == HANDSHAKE_SYN ? "SYN" : step == HANDSHAKE_SYN_ACK ? "SYN-ACK" : "ACK";
}

/* Writing */

static size_t put_ip(const struct segment *s, uint8_t *buf, size_t len)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .tot_len = htons(sizeof(ip) + len), .ttl = TTL,
		.frag_off = htons(IP_DF), .protocol = IPPROTO_TCP,
	};
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6U << 28), .ip6_plen = htons(len), .ip6_nxt = IPPROTO_TCP,
		.ip6_hlim = TTL,
	};

	if (s->src.family == AF_INET) {
		memcpy(&ip.saddr, s->src.b, sizeof(ip.saddr));
		memcpy(&ip.daddr, s->dst.b, sizeof(ip.daddr));
		ip.check = inet_sum(inet_add(0, &ip, sizeof(ip)));
		memcpy(buf, &ip, sizeof(ip));
		return sizeof(ip);
	}
	memcpy(&ip6.ip6_src, s->src.b, sizeof(ip6.ip6_src));
	memcpy(&ip6.ip6_dst, s->dst.b, sizeof(ip6.ip6_dst));
	memcpy(buf, &ip6, sizeof(ip6));
	return sizeof(ip6);
}

static size_t put_segment(const struct segment *s, uint8_t *buf)
{
	size_t addr = s->src.family == AF_INET ? 4 : 16, skip;
	uint16_t pseudo[2] = { htons(IPPROTO_TCP), htons(sizeof(struct tcphdr)) };
	struct tcphdr tcp = {
		.source = htons(s->sport), .dest = htons(s->dport), .seq = htonl(s->seq),
		.ack_seq = htonl(s->ack), .doff = sizeof(tcp) / 4, .window = htons(WINDOW),
	};
	uint32_t sum;

	tcp.th_flags = s->flags;
	sum = inet_add(inet_add(0, s->src.b, addr), s->dst.b, addr);
	sum = inet_add(inet_add(sum, pseudo, sizeof(pseudo)), &tcp, sizeof(tcp));
	tcp.check = inet_sum(sum);
	skip = put_ip(s, buf, sizeof(tcp));
	memcpy(buf + skip, &tcp, sizeof(tcp));
	return skip + sizeof(tcp);
}

static struct segment by_client(const struct handshake *h, uint8_t flags)
{
	return (struct segment){
		.src = h->client, .dst = h->server, .sport = h->client_port, .dport = h->port,
		.seq = h->isn[0] + !(flags & TH_SYN),
		.ack = flags & TH_ACK ? h->seen_isn[1] + 1 : 0, .flags = flags,
	};
}

size_t handshake_packet(const struct handshake *h, uint8_t buf[HANDSHAKE_PACKET])
{
	struct segment s = by_client(h, h->step == HANDSHAKE_SYN ? TH_SYN : TH_ACK);

	if (h->step == HANDSHAKE_SYN_ACK)
		s = (struct segment){
			.src = h->server, .dst = h->seen, .sport = h->port, .dport = h->seen_port,
			.seq = h->isn[1], .ack = h->seen_isn[0] + 1, .flags = TH_SYN | TH_ACK,
		};
	return put_segment(&s, buf);
}

size_t handshake_reset(const struct handshake *h, uint8_t buf[HANDSHAKE_PACKET])
{
	struct segment s = by_client(h, TH_RST);

	if (h->step == HANDSHAKE_REFUSED)
		return 0;
	return put_segment(&s, buf);
}

/* Reading */

/* ICMP errors alone are read further; false: it is none that somebody refuses by */
static bool get_icmp(struct segment *s, int proto, const uint8_t *p, size_t len)
{
	if (len < 1)
		return false;
	s->error = proto == IPPROTO_ICMP ? *p == ICMP_DEST_UNREACH || *p == ICMP_TIME_EXCEEDED :
					   *p == ICMP6_DST_UNREACH || *p == ICMP6_TIME_EXCEEDED;
	return s->error;
}

static bool get_segment(struct segment *s, int proto, const uint8_t *p, size_t len)
{
	struct tcphdr tcp;

	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return get_icmp(s, proto, p, len);
	if (proto != IPPROTO_TCP || len < sizeof(tcp))
		return false;
	memcpy(&tcp, p, sizeof(tcp));
	s->sport = ntohs(tcp.source);
	s->dport = ntohs(tcp.dest);
	s->seq = ntohl(tcp.seq);
	s->ack = ntohl(tcp.ack_seq);
	s->flags = tcp.th_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN);
	return true;
}

static bool get_packet(struct segment *s, const uint8_t *p, size_t len)
{
	struct ip6_hdr ip6;
	struct iphdr ip;

	*s = (struct segment){};
	if (len >= sizeof(ip) && p[0] >> 4 == 4) {
		memcpy(&ip, p, sizeof(ip));
		if (ip.ihl < 5 || len < ip.ihl * 4U || ntohs(ip.frag_off) & IP_OFFMASK)
			return false;
		s->src.family = s->dst.family = AF_INET;
		memcpy(s->src.b, &ip.saddr, sizeof(ip.saddr));
		memcpy(s->dst.b, &ip.daddr, sizeof(ip.daddr));
		return get_segment(s, ip.protocol, p + ip.ihl * 4, len - ip.ihl * 4);
	}
	if (len < sizeof(ip6) || p[0] >> 4 != 6)
		return false;
	memcpy(&ip6, p, sizeof(ip6));
	s->src.family = s->dst.family = AF_INET6;
	memcpy(s->src.b, &ip6.ip6_src, sizeof(ip6.ip6_src));
	memcpy(s->dst.b, &ip6.ip6_dst, sizeof(ip6.ip6_dst));
	return get_segment(s, ip6.ip6_nxt, p + sizeof(ip6), len - sizeof(ip6));
}

static bool same(const struct iq_addr *a, const struct iq_addr *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, sizeof(a->b));
}

/* What comes out of the inner side is for the server. */
static bool take_inner(struct handshake *h, const struct segment *s)
{
	if (s->error || !same(&s->dst, &h->server) || s->dport != h->port)
		return false;
	if (h->step == HANDSHAKE_SYN && s->flags == TH_SYN) {
		h->seen = s->src;
		h->seen_port = s->sport;
		h->seen_isn[0] = s->seq;
		h->step = HANDSHAKE_SYN_ACK;
		return true;
	}
	if (h->step != HANDSHAKE_ACK || s->flags != TH_ACK || s->ack != h->isn[1] + 1 ||
	    s->sport != h->seen_port)
		return false;
	h->step = HANDSHAKE_PASSED;
	return true;
}

/* What comes out of the outer one is for the client, be it from the device itself. */
static bool take_outer(struct handshake *h, const struct segment *s)
{
	if (!same(&s->dst, &h->client))
		return false;
	if (s->error) {
		h->step = HANDSHAKE_REFUSED;
		return true;
	}
	if (!same(&s->src, &h->server) || s->sport != h->port || s->dport != h->client_port)
		return false;
	if (s->flags & TH_RST) {
		h->step = HANDSHAKE_REFUSED;
		return true;
	}
	if (h->step != HANDSHAKE_SYN_ACK || s->flags != (TH_SYN | TH_ACK) ||
	    s->ack != h->isn[0] + 1)
		return false;
	h->seen_isn[1] = s->seq;
	h->step = HANDSHAKE_ACK;
	return true;
}

bool handshake_take(struct handshake *h, int side, const uint8_t *packet, size_t len)
{
	struct segment s;

	if (h->step >= HANDSHAKE_PASSED || !get_packet(&s, packet, len))
		return false;
	return side ? take_inner(h, &s) : take_outer(h, &s);
}
