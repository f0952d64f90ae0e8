// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Steering: a pool whose every packet must come to the element that its bucket was of when
 * the pool was made, whoever joins and leaves it and whatever weights it is given; other
 * elements, pools, prefixes and entries that come, change and go, on devices that do; and
 * packets of all kinds to them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <ipsec_qos/select.h>

#include "../lib/steering.h"
#include "storm.h"

#define ELEMENTS	2		/* that stay, with ids from 1 on: on sa0 and sa1 */
#define POOL		1		/* theirs */
#define OTHERS		10		/* the first id of others: */
#define N_OTHERS	16		/* elements, */
#define N_POOLS		4		/* and pools */

#define SOURCE		0xc6130002	/* 198.19.N.2: behind soN, as is fd19:N::2 */
#define SOURCE6		0xfd190000	/* the first four bytes of that */
#define STEADY		0xcb007101	/* 203.0.113.1 and .2, of the steady senders */
#define STEERED		0xcb007200	/* 203.0.114.0/24, and others that are steered */
#define ROUTER		0xc6130201	/* the router's, on so2 */
#define LATE		100		/* milliseconds */
#define ENTRY		0xe00		/* in an SPI's last bits: it has an entry */

static const char *const names[ELEMENTS] = { "steady-a", "steady-b" };
static const char *const devices[ELEMENTS] = { "sa0", "sa1" };

void steer_setup(void)
{
	wire_sh("ip netns add steer; ip -n steer link set lo up\n"
		"ip netns exec steer sysctl -qw net.ipv4.ip_forward=1 "
		"	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		"	net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 "
		"	net.ipv4.ipfrag_high_thresh=67108864 net.ipv6.ip6frag_high_thresh=67108864\n"
		"for n in 0 1 2; do\n"
		"	ip -n steer tuntap add so$n mode tun multi_queue\n"
		"	ip -n steer addr add 198.19.$n.1/24 dev so$n\n"
		"	ip -n steer addr add fd19:$n::1/64 dev so$n nodad\n"
		"	ip -n steer link set so$n up\n"
		"done\n"
		"for n in 0 1; do\n"
		"	ip -n steer link add sa$n type dummy\n"
		"	ip -n steer addr add 10.98.$n.1/24 dev sa$n\n"
		"	ip -n steer addr add fd98:$n::1/64 dev sa$n nodad\n"
		"	ip -n steer link set sa$n up\n"
		"done");
}

/* 2001:db8:113::N, the IPv6 address beside STEADY + @n */
static void put_steady6(uint8_t *dst, unsigned int n)
{
	inet_pton(AF_INET6, "2001:db8:113::", dst);
	dst[15] = n + 1;
}

static void put_steady4(uint8_t *dst, unsigned int n)
{
	memset(dst, 0, 16);
	wire_put32(dst, STEADY + n);
}

/* Whose a bucket was when the pool was made, and stays */
static unsigned int home_of(uint32_t bucket)
{
	struct iq_select_member member[ELEMENTS];
	unsigned int i;

	for (i = 0; i < ELEMENTS; i++) {
		member[i].seed = iq_select_seed(names[i]);
		member[i].weight = 1;
	}
	return iq_select(member, NULL, ELEMENTS, bucket);
}

/* What stays */

/**
 * struct sender - one of the steady packets, with prefixes of its own
 *
 * @n: which one
 * @out: soN
 * @in: what is sent to the elements
 * @between: milliseconds between the fragments of its last packet
 * @late: packets whose later fragment may have come when its first was forgotten
 * @sent: its packets, by address family and enum ipsec_qos_steer_counter
 */
struct sender {
	unsigned int n;
	int out;
	struct pollfd in[ELEMENTS];
	unsigned int between;
	unsigned long late;
	unsigned long sent[2][IPSEC_QOS_STEER_COUNTER_MAX + 1];
};

static void must(struct family *f, const char *what)
{
	int err = family_talk(f, NULL, NULL);

	if (err)
		failed("%s: %s", what, strerror(-err));
}

static void put_elements(struct family *f, int state)
{
	struct element e = { .state = state };
	uint8_t via6[16];
	uint32_t i;

	family_begin(f, IPSEC_QOS_CMD_ELEMENT_NEW,
		     NLM_F_ACK | NLM_F_REPLACE | (state < 0 ? NLM_F_CREATE : 0));
	inet_pton(AF_INET6, "fd98:1::2", via6);
	for (i = 0; i < ELEMENTS; i++) {
		e.id = i + 1;
		e.name = names[i];
		e.dev = devices[i];
		/* one has a next hop, the other is where its device leads */
		e.via = i ? 0x0a620102 : 0;
		e.via6 = i ? via6 : NULL;
		steering_add_element(f->msg, &e);
	}
}

/* SPIs of a sender's that have an entry, and whose each is */
static uint32_t entry_spi(unsigned int n, unsigned int i)
{
	return 0xc0000000 | i << 16 | n << 12 | ENTRY;
}

static void put_entries(struct family *f, const struct sender *s)
{
	struct sa in = { .family = AF_INET, .proto = IPPROTO_ESP }, out = in;
	struct nlattr *nest;
	unsigned int i;

	put_steady4(in.dst, s->n);
	wire_put32(out.dst, SOURCE + (s->n << 8));
	family_begin(f, IPSEC_QOS_CMD_SA_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = 0; i < 64; i++) {
		in.spi = out.spi = entry_spi(s->n, i);
		nest = family_begin_sa(f->msg, &in, 0);
		mnl_attr_put_u32(f->msg, IPSEC_QOS_SA_A_ELEMENT, 1 + i % ELEMENTS);
		mnl_attr_nest_end(f->msg, nest);
		nest = family_begin_sa(f->msg, &out, 0);
		mnl_attr_put_u32(f->msg, IPSEC_QOS_SA_A_ELEMENT, 1 + i % ELEMENTS);
		mnl_attr_nest_end(f->msg, nest);
	}
}

/* By the first after a load, and by the second; then the pool may have others by now. */
static void fill(struct family *f, const struct sender *s)
{
	struct nlattr *nest;
	uint8_t dst[16];
	uint32_t i;

	put_elements(f, -1);
	must(f, "the steady elements");
	family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	nest = steering_begin_pool(f->msg, POOL, "steady");
	for (i = 1; i <= ELEMENTS; i++)
		steering_add_member(f->msg, i, 1);
	mnl_attr_nest_end(f->msg, nest);
	must(f, "the steady pool");
	family_begin(f, IPSEC_QOS_CMD_STEER_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
	put_steady4(dst, s->n);
	steering_add_prefix(f->msg, AF_INET, dst, 32, POOL, IPSEC_QOS_STEER_IKE_POOL);
	put_steady6(dst, s->n);
	steering_add_prefix(f->msg, AF_INET6, dst, 128, POOL, IPSEC_QOS_STEER_IKE_POOL);
	must(f, "the steady prefixes");
	put_entries(f, s);
	must(f, "the steady entries of elements");
}

/* Packets */

/* What is sent out of a device, of those that this sender has sent */
static int tap(const char *device, unsigned int n)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOURCE + (n << 8), 2, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOURCE6 + n, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    bind(fd, (void *)&at, sizeof(at)))
		wire_die("no packet socket on %s", device);
	return fd;
}

/* All of a packet's @len bytes behind IP headers go to that element, and a host further. */
static void expect(struct sender *s, unsigned int element, size_t len, const char *what,
		   uint32_t spi)
{
	unsigned int i;
	uint8_t p[2048];
	size_t hlen;
	ssize_t n;

	while (len) {
		if (poll(s->in, ELEMENTS, 5000) < 1) {
			if (s->between > LATE)
				s->late++;
			else
				failed("%s, SPI 0x%x, is lost", what, spi);
			return;
		}
		for (i = 0; !(s->in[i].revents & POLLIN); i++)
			;
		n = recv(s->in[i].fd, p, sizeof(p), 0);
		hlen = p[0] >> 4 == 6 ? 40 : 20;
		if (n < (ssize_t)hlen || p[hlen == 40 ? 7 : 8] != 63) {
			failed("%s, SPI 0x%x, has come by %d others", what, spi,
			       64 - p[hlen == 40 ? 7 : 8]);
			return;
		}
		if (i != element) {
			failed("%s, SPI 0x%x, came to %s", what, spi, names[i]);
			return;
		}
		len -= (size_t)n - hlen < len ? (size_t)n - hlen : len;
	}
	done(1);
}

static size_t put_udp(uint8_t *p, uint16_t port, size_t len)
{
	wire_put16(p, 40000);
	wire_put16(p + 2, port);
	wire_put16(p + 4, 8 + len);
	wire_put16(p + 6, 0);
	return 8;
}

/* UDP, and an IKE message: of 8 + 4 + 28 + 100 bytes, with a marker */
static size_t put_ike(uint8_t *p, uint64_t spi_i, uint64_t spi_r, uint8_t flags)
{
	size_t n = put_udp(p, 4500, 4 + 28 + 100);

	memset(p + n, 0, 4 + 28 + 100);
	n += 4;
	wire_put32(p + n, spi_i >> 32);
	wire_put32(p + n + 4, spi_i);
	wire_put32(p + n + 8, spi_r >> 32);
	wire_put32(p + n + 12, spi_r);
	p[n + 17] = 0x20;
	p[n + 19] = flags;
	wire_put32(p + n + 24, 28 + 100);
	return n + 28 + 100;
}

static void put_ipv6(uint8_t *p, uint8_t next, unsigned int from, const uint8_t *dst,
		     size_t len)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	wire_put16(p + 4, len);
	p[6] = next;
	p[7] = 64;
	wire_put32(p + 8, SOURCE6 + from);
	p[23] = 2;
	memcpy(p + 24, dst, 16);
}

static void send_ipv6(int fd, unsigned int from, const uint8_t *dst, uint8_t next,
		      const uint8_t *payload, size_t len)
{
	uint8_t packet[40 + 1024];

	put_ipv6(packet, next, from, dst, len);
	memcpy(packet + 40, payload, len);
	packet_emit(fd, packet, 40 + len);
}

/* An IKE message of an element's SA, whoever has begun that, by the element's SPI */
static size_t put_some_ike(uint8_t *p, uint32_t bucket, uint32_t other)
{
	uint64_t ours = (uint64_t)bucket << IQ_SELECT_IKE_SHIFT | other;

	return below(2) ? put_ike(p, ours, other, 0x20) : put_ike(p, other, ours, 0x08);
}

/*
 * Of a packet in fragments the first comes first: the floods leave no room for others to
 * wait for theirs.
 */
static void one(struct sender *s)
{
	uint32_t src = SOURCE + (s->n << 8), dst = STEADY + s->n;
	uint32_t bucket = below(IQ_SELECT_BUCKETS), entry = below(64);
	uint32_t spi = 0xc0000001 | bucket << 16 | s->n << 12;
	unsigned int pieces = below(8) ? 0 : 3;
	enum ipsec_qos_steer_counter which = IPSEC_QOS_STEER_COUNTER_HOME;
	uint8_t p[PACKET_ESP], dst6[16];
	bool six = false;
	size_t len;

	memset(p, 0xa5, sizeof(p));
	s->between = 0;
	switch (below(8)) {
	case 0:
		wire_put32(p + put_udp(p, 4500, sizeof(p) - 8), spi);
		s->between = packet_ipv4(s->out, IPPROTO_UDP, src, dst, p,
					 sizeof(p), pieces, false);
		expect(s, home_of(bucket), sizeof(p), "ESP in UDP", spi);
		break;
	case 1:
		wire_put32(p, IPPROTO_TCP << 24 | 4 << 16);
		wire_put32(p + 4, spi);
		s->between = packet_ipv4(s->out, IPPROTO_AH, src, dst, p,
					 sizeof(p), pieces, false);
		expect(s, home_of(bucket), sizeof(p), "AH", spi);
		break;
	case 2:
		wire_put32(p, spi);
		put_steady6(dst6, s->n);
		send_ipv6(s->out, s->n, dst6, IPPROTO_ESP, p, sizeof(p));
		expect(s, home_of(bucket), sizeof(p), "ESP over IPv6", spi);
		six = true;
		pieces = 0;
		break;
	case 3:
		spi = entry_spi(s->n, entry);
		s->between = packet_esp(s->out, src, dst, spi, pieces, false);
		expect(s, entry % ELEMENTS, PACKET_ESP, "ESP with an entry", spi);
		which = IPSEC_QOS_STEER_COUNTER_EXACT;
		break;
	case 4:
		spi = entry_spi(s->n, entry);
		packet_icmp(s->out, src, dst, dst, src, spi);
		expect(s, entry % ELEMENTS, PACKET_ICMP, "an ICMP error", spi);
		which = IPSEC_QOS_STEER_COUNTER_ICMP;
		pieces = 0;
		break;
	case 5:
		len = put_some_ike(p, bucket, 0x5000 | s->n);
		s->between = packet_ipv4(s->out, IPPROTO_UDP, src, dst, p,
					 len, pieces, false);
		expect(s, home_of(bucket), len, "IKE", spi);
		which = IPSEC_QOS_STEER_COUNTER_IKE;
		break;
	default:
		s->between = packet_esp(s->out, src, dst, spi, pieces, false);
		expect(s, home_of(bucket), PACKET_ESP, "ESP", spi);
		break;
	}
	s->sent[six][which] += pieces ? 2 : 1;
}

/** struct tally - of the prefix of one address */
struct tally {
	uint8_t family;
	uint8_t dst[16];
	bool found;
	unsigned long counter[IPSEC_QOS_STEER_COUNTER_MAX + 1];
};

static void read_counters(const struct nlattr *counters, unsigned long *n)
{
	const struct nlattr *counter, *count;

	mnl_attr_for_each_nested(counter, counters)
		mnl_attr_for_each_nested(count, counter)
			if (mnl_attr_get_type(count) == IPSEC_QOS_COUNTER_A_PACKETS)
				n[mnl_attr_get_type(counter)] = mnl_attr_get_u64(count);
}

static int read_prefix(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr, *counters = NULL;
	struct tally *t = data;
	bool same = false;

	mnl_attr_for_each(nest, msg, 4) {
		mnl_attr_for_each_nested(attr, nest) {
			if (mnl_attr_get_type(attr) == IPSEC_QOS_STEER_A_DST)
				same = mnl_attr_get_payload_len(attr) ==
				       (t->family == AF_INET ? 4 : 16) &&
				       !memcmp(mnl_attr_get_payload(attr), t->dst,
					       mnl_attr_get_payload_len(attr));
			if (mnl_attr_get_type(attr) == IPSEC_QOS_STEER_A_COUNTERS)
				counters = attr;
		}
		if (!same || !counters)
			continue;
		t->found = true;
		read_counters(counters, t->counter);
	}
	return MNL_CB_OK;
}

/* Whatever else there is, nothing that was a steady element's was dropped. */
static int read_element(const struct nlmsghdr *msg, void *data)
{
	unsigned long n[IPSEC_QOS_ELEMENT_COUNTER_MAX + 1] = {};
	const struct nlattr *nest, *attr;
	uint32_t id = 0;
	int i;

	mnl_attr_for_each(nest, msg, 4) {
		mnl_attr_for_each_nested(attr, nest) {
			if (mnl_attr_get_type(attr) == IPSEC_QOS_ELEMENT_A_ID)
				id = mnl_attr_get_u32(attr);
			if (mnl_attr_get_type(attr) == IPSEC_QOS_ELEMENT_A_COUNTERS)
				read_counters(attr, n);
		}
	}
	for (i = 1; id <= ELEMENTS && i <= IPSEC_QOS_ELEMENT_COUNTER_MAX; i++)
		if (n[i] && i != IPSEC_QOS_ELEMENT_COUNTER_SENT &&
		    i != IPSEC_QOS_ELEMENT_COUNTER_ICMP)
			failed("%lu packets of %s are dropped, by counter %d", n[i],
			       names[id - 1], i);
	return MNL_CB_OK;
}

static void check(struct family *f, const struct sender *s)
{
	unsigned int six;
	int i;

	family_begin(f, IPSEC_QOS_CMD_ELEMENT_GET, NLM_F_DUMP);
	if (family_talk(f, read_element, NULL))
		failed("the elements cannot be read");

	for (six = 0; six < 2; six++) {
		struct tally t = { .family = six ? AF_INET6 : AF_INET };

		if (six)
			put_steady6(t.dst, s->n);
		else
			put_steady4(t.dst, s->n);
		family_begin(f, IPSEC_QOS_CMD_STEER_GET, NLM_F_DUMP);
		if (family_talk(f, read_prefix, &t) || !t.found)
			failed("a steady prefix cannot be read");
		for (i = 1; i <= IPSEC_QOS_STEER_COUNTER_MAX; i++)
			if (labs((long)(t.counter[i] - s->sent[six][i])) > (long)s->late)
				failed("counter %d of the prefix says %lu, not %lu (%lu late)",
				       i, t.counter[i], s->sent[six][i], s->late);
	}
}

/* The module is there while this one does not rest (steady_senders()). */
void act_steer_steady(void)
{
	struct sender s = { .n = shared->steerers++ };
	static struct family f;
	bool resting = true;
	char name[16];
	cpu_set_t cpu;
	unsigned int i;

	shared->resting++;
	CPU_ZERO(&cpu);
	CPU_SET(s.n, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	snprintf(name, sizeof(name), "so%u", s.n);
	s.out = wire_tun(name, false);
	for (i = 0; i < ELEMENTS; i++)
		s.in[i] = (struct pollfd) { .fd = tap(devices[i], s.n), .events = POLLIN };
	if (family_open(&f))
		wire_die("no netlink");
	for (;;) {
		switch (sender_turn(&resting)) {
		case TURN_BEGIN:
			memset(s.sent, 0, sizeof(s.sent));
			s.late = 0;
			if (family_resolve(&f))
				failed("the module is not there");
			fill(&f, &s);
			break;
		case TURN_SEND:
			one(&s);
			break;
		case TURN_END:
			check(&f, &s);
			sender_rests(&resting);
			break;
		case TURN_REST:
			if (!going())
				return;
			usleep(POLL);
			break;
		}
	}
}

/* Packets of all kinds to what comes and goes */

static void put_steered6(uint8_t *dst, unsigned int n)
{
	inet_pton(AF_INET6, "2001:db8:114::", dst);
	dst[15] = n;
}

/* An error about ESP in what may be too short a quote of it */
static void emit_icmp6(int fd, const uint8_t *to, uint32_t spi)
{
	uint8_t p[8 + 40 + 8] = {}, far[16] = {};

	wire_put32(far, SOURCE6 + 2);
	far[15] = 2;
	p[0] = 1 + below(4);
	put_ipv6(p + 8, IPPROTO_ESP, 2, far, PACKET_ESP);
	memcpy(p + 16, to, 16);
	wire_put32(p + 48, spi);
	send_ipv6(fd, 2, to, IPPROTO_ICMPV6, p, 8 + 40 + below(9));
}

static void emit_some(int fd)
{
	uint32_t dst = below(4) ? STEERED + below(32) : ROUTER;
	uint32_t bucket = below(IQ_SELECT_BUCKETS);
	uint32_t spi = 0xc0000000 | bucket << 16 | below(64), src = SOURCE + (2 << 8);
	unsigned int pieces = below(4) ? 0 : 1 + below(3);
	uint8_t p[PACKET_ESP] = {}, dst6[16];
	size_t len;

	put_steered6(dst6, below(32));
	switch (below(10)) {
	case 0:
		packet_icmp(fd, src, dst, dst, src, spi);
		break;
	case 1:
		emit_icmp6(fd, dst6, spi);
		break;
	case 2:
		wire_put32(p, spi);
		send_ipv6(fd, 2, dst6, IPPROTO_ESP, p, sizeof(p));
		break;
	case 3:
		len = put_ike(p, bucket + 1, 0, 0x08);
		packet_ipv4(fd, IPPROTO_UDP, src, dst, p, len, pieces, below(2));
		break;
	case 4:
		len = put_some_ike(p, bucket, 0x6000);
		packet_ipv4(fd, IPPROTO_UDP, src, dst, p, len, pieces, below(2));
		break;
	case 5:
		wire_put32(p + put_udp(p, below(2) ? 4500 : 53, sizeof(p) - 8), spi);
		packet_ipv4(fd, IPPROTO_UDP, src, dst, p, sizeof(p), pieces, below(2));
		break;
	case 6:
		wire_put32(p, IPPROTO_TCP << 24 | 4 << 16);
		wire_put32(p + 4, spi);
		packet_ipv4(fd, IPPROTO_AH, src, dst, p, sizeof(p), pieces, below(2));
		break;
	default:
		packet_esp(fd, src, dst, spi, pieces, below(2));
		break;
	}
	done(1);
}

void act_steer_flood(void)
{
	int fd = wire_tun("so2", false);
	uint8_t p[2048];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (going()) {
		emit_some(fd);
		while (read(fd, p, sizeof(p)) > 0)
			;
	}
}

/* Those who come, change and go; none of them has a bucket of the steady ones */

static uint32_t some_other(void)
{
	return OTHERS + below(N_OTHERS);
}

static void put_some_element(struct family *f)
{
	static const uint8_t via6[16] = { 0xfe, 0x80, [15] = 2 };
	uint32_t device = below(4);
	struct element e = { .id = some_other(), .state = (int)below(4) - 1 };
	char name[16], dev[16];

	snprintf(name, sizeof(name), "x%u", e.id);
	snprintf(dev, sizeof(dev), "sx%u", device);
	e.name = name;
	e.dev = dev;
	switch (below(8)) {
	case 0:
		e.dev = NULL;
		e.nexthop = 1 + device;
		break;
	case 1:
		e.dev = "so2";
		break;
	case 2:
		e.via6 = via6;
		break;
	case 3 ... 4:
		e.via = 0x0a630102 + (device << 8);
		break;
	}
	family_begin(f, IPSEC_QOS_CMD_ELEMENT_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, below(2));
	steering_add_element(f->msg, &e);
}

static void put_some_pool(struct family *f)
{
	uint32_t id = OTHERS + below(N_POOLS), n = below(5);
	struct nlattr *nest;
	char name[16];

	snprintf(name, sizeof(name), "p%u", id);
	family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, below(2));
	nest = steering_begin_pool(f->msg, id, name);
	mnl_attr_put_u8(f->msg, IPSEC_QOS_POOL_A_MODE, id % (IPSEC_QOS_POOL_MODE_MAX + 1));
	for (; n; n--)
		steering_add_member(f->msg, OTHERS + n * 3 + below(3), 1 + below(5));
	mnl_attr_nest_end(f->msg, nest);
}

/* Others join, weights change: buckets of who lives are held, and nobody releases them. */
static void put_steady_pool(struct family *f)
{
	struct nlattr *nest;
	uint32_t i;

	family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_REPLACE);
	nest = steering_begin_pool(f->msg, POOL, NULL);
	for (i = 1; i <= ELEMENTS; i++)
		steering_add_member(f->msg, i, 1 + below(9));
	for (i = below(3); i; i--)
		steering_add_member(f->msg, OTHERS + i * 4 + below(4), 1 + below(9));
	mnl_attr_nest_end(f->msg, nest);
}

static void put_some_prefix(struct family *f, uint8_t cmd)
{
	uint8_t dst[16] = {}, len = below(4) ? 32 : 28, family = below(2) ? AF_INET : AF_INET6;
	uint8_t ike = below(IPSEC_QOS_STEER_IKE_MAX + 1);
	struct nlattr *nest;

	if (!below(16)) {
		/* of all that is not steered otherwise */
		len = 0;
	} else if (family == AF_INET) {
		wire_put32(dst, STEERED + (below(32) & (len == 32 ? 31 : 16)));
	} else {
		put_steered6(dst, below(32) & (len == 32 ? 31 : 16));
		len += 96;
	}
	family_begin(f, cmd, NLM_F_ACK |
		     (cmd == IPSEC_QOS_CMD_STEER_NEW ? NLM_F_CREATE | NLM_F_REPLACE : 0));
	if (cmd == IPSEC_QOS_CMD_STEER_NEW)
		put_owner(f, below(2));
	nest = steering_begin_prefix(f->msg, family, dst, len);
	if (cmd == IPSEC_QOS_CMD_STEER_NEW) {
		mnl_attr_put_u32(f->msg, IPSEC_QOS_STEER_A_POOL, OTHERS + below(N_POOLS));
		mnl_attr_put_u8(f->msg, IPSEC_QOS_STEER_A_IKE, ike);
		if (ike == IPSEC_QOS_STEER_IKE_ELEMENT)
			mnl_attr_put_u32(f->msg, IPSEC_QOS_STEER_A_IKE_ELEMENT, some_other());
	}
	mnl_attr_nest_end(f->msg, nest);
}

/* SAs that packets come to, or errors are about */
static void put_some_entries(struct family *f, uint8_t cmd)
{
	uint32_t bucket = below(IQ_SELECT_BUCKETS - 64), n = 1 + below(64), i;
	struct sa sa = { .family = AF_INET, .proto = IPPROTO_ESP };
	struct nlattr *nest;

	wire_put32(sa.dst, below(2) ? STEERED + below(32) : SOURCE + (2 << 8));
	family_begin(f, cmd, NLM_F_ACK |
		     (cmd == IPSEC_QOS_CMD_SA_NEW ? NLM_F_CREATE | NLM_F_REPLACE : 0));
	for (i = 0; i < n; i++) {
		sa.spi = 0xc0000000 | (bucket + i) << 16 | below(64);
		nest = family_begin_sa(f->msg, &sa, 0);
		if (cmd == IPSEC_QOS_CMD_SA_NEW)
			mnl_attr_put_u32(f->msg, IPSEC_QOS_SA_A_ELEMENT, some_other());
		mnl_attr_nest_end(f->msg, nest);
	}
}

static void del_some(struct family *f)
{
	struct element e = { .id = some_other(), .state = -1 };

	switch (below(4)) {
	case 0:
		family_begin(f, IPSEC_QOS_CMD_POOL_DEL, NLM_F_ACK);
		mnl_attr_nest_end(f->msg, steering_begin_pool(f->msg, OTHERS + below(N_POOLS),
							      NULL));
		break;
	case 1 ... 2:
		put_some_prefix(f, IPSEC_QOS_CMD_STEER_DEL);
		break;
	default:
		family_begin(f, IPSEC_QOS_CMD_ELEMENT_DEL, NLM_F_ACK);
		steering_add_element(f->msg, &e);
		break;
	}
}

static int read_generation(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, msg, 4)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_A_GENERATION)
			*(uint32_t *)data = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

void sweep_daemons(struct family *f)
{
	uint32_t generation = 0;

	family_begin(f, IPSEC_QOS_CMD_RESYNC_START, NLM_F_ACK);
	put_owner(f, DAEMON);
	family_talk(f, read_generation, &generation);
	family_begin(f, IPSEC_QOS_CMD_RESYNC_END, NLM_F_ACK);
	put_owner(f, DAEMON);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_A_GENERATION, generation);
}

static void begin_look(struct family *f)
{
	static const uint8_t dumps[] = {
		IPSEC_QOS_CMD_ELEMENT_GET, IPSEC_QOS_CMD_POOL_GET, IPSEC_QOS_CMD_STEER_GET,
		IPSEC_QOS_CMD_SA_GET,
	};

	if (below(2)) {
		begin_dump(f, dumps[below(sizeof(dumps))]);
		return;
	}
	family_begin(f, IPSEC_QOS_CMD_POOL_GET, NLM_F_ACK);
	mnl_attr_nest_end(f->msg, steering_begin_pool(f->msg, POOL, NULL));
}

void act_steer(void)
{
	static struct family f;

	while (going()) {
		if (!ready(&f))
			continue;
		switch (below(32)) {
		case 0 ... 5:
			put_some_element(&f);
			break;
		case 6 ... 8:
			put_some_pool(&f);
			break;
		case 9 ... 12:
			put_steady_pool(&f);
			break;
		case 13 ... 14:
			/* it stays who has what it has */
			put_elements(&f, below(2) ? IPSEC_QOS_ELEMENT_UP :
						    IPSEC_QOS_ELEMENT_DRAIN);
			break;
		case 15 ... 18:
			put_some_prefix(&f, IPSEC_QOS_CMD_STEER_NEW);
			break;
		case 19 ... 20:
			put_some_entries(&f, IPSEC_QOS_CMD_SA_NEW);
			break;
		case 21:
			put_some_entries(&f, IPSEC_QOS_CMD_SA_DEL);
			break;
		case 22 ... 25:
			del_some(&f);
			break;
		case 26:
			sweep_daemons(&f);
			break;
		case 27:
			family_begin(&f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
			steering_set_unknown(f.msg, below(IPSEC_QOS_UNKNOWN_MAX + 1),
					     some_other());
			break;
		case 28:
			family_begin(&f, IPSEC_QOS_CMD_POOL_RELEASE, NLM_F_ACK);
			mnl_attr_nest_end(f.msg, steering_begin_pool(f.msg, OTHERS +
								     below(N_POOLS), NULL));
			break;
		default:
			begin_look(&f);
			break;
		}
		ask(&f);
		usleep(below(10000));
	}
}

void steer_put_some(struct family *f, const char *dev)
{
	struct element e = { .id = OTHERS, .name = "x", .dev = dev,
			     .state = IPSEC_QOS_ELEMENT_UP };
	static const uint8_t all[16];
	struct nlattr *nest;

	family_begin(f, IPSEC_QOS_CMD_ELEMENT_NEW, NLM_F_ACK | NLM_F_CREATE);
	steering_add_element(f->msg, &e);
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_CREATE);
	nest = steering_begin_pool(f->msg, OTHERS, "p");
	mnl_attr_put_u8(f->msg, IPSEC_QOS_POOL_A_MODE, below(IPSEC_QOS_POOL_MODE_MAX + 1));
	steering_add_member(f->msg, OTHERS, 1);
	mnl_attr_nest_end(f->msg, nest);
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_STEER_NEW, NLM_F_ACK | NLM_F_CREATE);
	steering_add_prefix(f->msg, AF_INET, all, 0, OTHERS, IPSEC_QOS_STEER_IKE_LOCAL);
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	steering_set_unknown(f->msg, IPSEC_QOS_UNKNOWN_RELAY, OTHERS);
	family_talk(f, NULL, NULL);
}
