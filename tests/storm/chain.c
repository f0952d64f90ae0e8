// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Service chains: a service each of whose packets must get through, there and back, while its
 * chain is exchanged under way; other devices, chains and services that come, change and go,
 * at interfaces that do; and packets of all kinds to them, from clients, devices and servers.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <arpa/inet.h>

#include "../lib/chaining.h"
#include "storm.h"

#define WEB		3		/* the last of the steady chain, behind one of these, or none */
#define OTHERS		10		/* the first id of others: */
#define N_OTHERS	16		/* devices, */
#define N_CHAINS	8
#define N_SERVICES	64

#define CLIENT		0xc6140002	/* 198.20.0.2: behind kc0; 198.20.1.2 behind kg0 */
#define STEADY		0xcb007501	/* 203.0.117.1, of the steady service */
#define CHAINED		0xcb007600	/* 203.0.118.0/28, of others */
#define CHAINED6	"2001:db8:118::"
#define CHECKED		0xc6336400	/* 198.51.100.0/24: for checks, at times */
#define LINGER		2000		/* milliseconds, kmod/chain/linger.h */
#define LATE		(LINGER / 2)

/* Interfaces of the steady packets, by their file descriptors' places */
enum { KC, KF0, KF1, KW, N_STEADY_TUNS };
static const char *const tuns[N_STEADY_TUNS] = { "kc0", "kf0", "kf1", "kw0" };

void chain_setup(void)
{
	wire_sh("ip netns add chain; ip -n chain link set lo up\n"
		"ip netns exec chain sysctl -qw net.ipv4.ip_forward=1 "
		"	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		"	net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0\n"
		"n=0; for d in kc0 kg0 kf0 kf1 kw0 kg1; do\n"
		"	ip -n chain tuntap add $d mode tun multi_queue\n"
		"	ip -n chain addr add 198.20.$n.1/24 dev $d\n"
		"	ip -n chain link set $d up\n"
		"	n=$((n + 1))\n"
		"done\n"
		"ip -n chain addr add fd20::1/64 dev kg0 nodad\n"
		"ip -n chain link add ke0 type dummy\n"
		"ip -n chain link set ke0 up\n"
		"ip -n chain route add 203.0.118.0/24 dev ke0\n"
		"ip -n chain route add 2001:db8:118::/64 dev ke0");
}

static void must(struct family *f, const char *what)
{
	int err = family_talk(f, NULL, NULL);

	if (err)
		failed("%s: %s", what, strerror(-err));
}

/* What stays */

static void put_addr(uint8_t *addr, uint32_t ipv4)
{
	memset(addr, 0, 16);
	wire_put32(addr, ipv4);
}

/* Through the first firewall, or the other one, or none */
static void put_steady_chain(struct family *f, unsigned int which)
{
	struct nlattr *nest;

	family_begin(f, IPSEC_QOS_CMD_CHAIN_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	nest = chaining_begin_chain(f->msg, 1, "steady");
	if (which < 2)
		chaining_add_step(f->msg, 1 + which);
	chaining_add_step(f->msg, WEB);
	mnl_attr_nest_end(f->msg, nest);
}

static void fill(struct family *f)
{
	struct device d = { .kind = -1, .state = -1, .alternate = -1, .failure = -1 };
	struct nlattr *nest;
	uint8_t addr[16];

	family_begin(f, IPSEC_QOS_CMD_GROUP_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	family_add_group(f->msg, GOLD, "gold", 0x10, 0);
	must(f, "a group");
	family_begin(f, IPSEC_QOS_CMD_DEVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (d.id = 1; d.id <= WEB; d.id++) {
		d.name = d.dev = tuns[d.id];
		chaining_add_device(f->msg, &d);
	}
	must(f, "the steady devices");
	put_steady_chain(f, 0);
	must(f, "the steady chain");
	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	put_addr(addr, STEADY);
	nest = chaining_begin_service(f->msg, 1, "steady", AF_INET, addr, 1);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_TCP, 80, -1);
	mnl_attr_nest_end(f->msg, nest);
	must(f, "the steady service");
}

/* The steady packets */

/**
 * struct pass - a packet's way to the server, or back
 *
 * @fd: of enum above
 * @sent: there and back
 * @late: passes that took so long that the chain may have been forgotten on the way
 */
struct pass {
	struct pollfd fd[N_STEADY_TUNS];
	unsigned long sent[2];
	unsigned long late;
};

static unsigned long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000UL + t.tv_nsec / 1000000;
}

static void put_tcp(uint8_t *p, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
		    uint8_t flags, uint16_t id)
{
	memset(p, 0, 40);
	wire_put_ipv4(p, IPPROTO_TCP, src, dst, 20, id, 0x4000);
	wire_put16(p + 20, sport);
	wire_put16(p + 22, dport);
	p[32] = 0x50;
	p[33] = flags;
}

/* Where it comes out, of those that may be next; -1: it is lost. @p: gets it, @id: which one */
static int comes_to(struct pass *s, uint8_t *p, uint16_t id)
{
	unsigned long until = now() + 10000;
	ssize_t n;
	int i;

	for (;;) {
		if (poll(s->fd, N_STEADY_TUNS, 1000) < 1 && now() > until)
			return -1;
		for (i = 0; i < N_STEADY_TUNS; i++) {
			if (!(s->fd[i].revents & POLLIN))
				continue;
			n = read(s->fd[i].fd, p, 2048);
			/* not what the kernel says by itself, nor what was late */
			if (n == 40 && p[0] == 0x45 && p[9] == IPPROTO_TCP &&
			    (p[4] << 8 | p[5]) == id)
				return i;
		}
	}
}

/* @from: by which it is sent, @to: where it is to end; by firewalls, as many as there are */
static void one_way(struct pass *s, uint8_t *p, int from, int to, const char *what)
{
	unsigned long begun = now(), took;
	uint16_t id = p[4] << 8 | p[5];
	int at = from, hops = 0;

	/* what is written has been through, or is lost, when that is done */
	do {
		packet_emit(s->fd[at].fd, p, 40);
		took = now() - begun;
		at = comes_to(s, p, id);
		hops++;
	} while ((at == KF0 || at == KF1) && hops < 4);
	if (took > LATE) {
		s->late++;
		return;
	}
	if (at != to)
		failed("%s is %s %s, behind %d hosts", what, at < 0 ? "lost" : "at",
		       at < 0 ? "" : tuns[at], hops);
	else if (p[8] != 64 - hops)
		failed("%s has come by %d hosts, not %d", what, 64 - p[8], hops);
	else
		done(1);
}

static void one(struct pass *s)
{
	static uint16_t id;
	uint16_t port = 1024 + below(60000);
	uint8_t p[2048];

	put_tcp(p, CLIENT, port, STEADY, 80, 2, ++id);
	s->sent[0]++;
	one_way(s, p, KC, KW, "a packet to the server");
	put_tcp(p, STEADY, 80, CLIENT, port, 0x12, ++id);
	s->sent[1]++;
	one_way(s, p, KW, KC, "a packet to the client");
	shared->passes++;
}

/** struct tally - of the steady service: what entered, came from servers, and began */
struct tally {
	bool found;
	unsigned long forward, back, syns;
	unsigned long drops;
};

static unsigned long packets_of(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_COUNTER_A_PACKETS)
			return mnl_attr_get_u64(attr);
	return 0;
}

static int read_service(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr, *one;
	struct tally *t = data;

	mnl_attr_for_each(nest, msg, 4) {
		t->found = true;
		mnl_attr_for_each_nested(attr, nest) {
			int type = mnl_attr_get_type(attr);

			if (type == IPSEC_QOS_SERVICE_A_SYNS)
				t->syns = packets_of(attr);
			if (type == IPSEC_QOS_SERVICE_A_COUNTERS)
				mnl_attr_for_each_nested(one, attr)
					t->drops += packets_of(one);
			if (type != IPSEC_QOS_SERVICE_A_PORT)
				continue;
			mnl_attr_for_each_nested(one, attr) {
				if (mnl_attr_get_type(one) == IPSEC_QOS_PORT_A_FORWARD)
					t->forward = packets_of(one);
				if (mnl_attr_get_type(one) == IPSEC_QOS_PORT_A_BACK)
					t->back = packets_of(one);
			}
		}
	}
	return MNL_CB_OK;
}

static bool near(unsigned long a, unsigned long b, unsigned long late)
{
	return labs((long)(a - b)) <= (long)late;
}

static void check(struct family *f, const struct pass *s)
{
	struct tally t = {};

	family_begin(f, IPSEC_QOS_CMD_SERVICE_GET, NLM_F_ACK);
	mnl_attr_nest_end(f->msg, chaining_begin_service(f->msg, 1, NULL, 0, NULL, 0));
	if (family_talk(f, read_service, &t) || !t.found)
		failed("the steady service cannot be read");
	if (!near(t.forward, s->sent[0], s->late) || !near(t.back, s->sent[1], s->late) ||
	    !near(t.syns, s->sent[0], s->late) || t.drops > s->late)
		failed("the steady service says %lu there, %lu back, %lu SYNs, %lu drops, not %lu and %lu (%lu late)",
		       t.forward, t.back, t.syns, t.drops, s->sent[0], s->sent[1], s->late);
}

/* The module is there while this one does not rest (steady_senders()). */
void act_chain_steady(void)
{
	static struct family f;
	struct pass s = {};
	bool resting = true;
	int i;

	shared->resting++;
	for (i = 0; i < N_STEADY_TUNS; i++)
		s.fd[i] = (struct pollfd) { .fd = wire_tun(tuns[i], false), .events = POLLIN };
	if (family_open(&f))
		wire_die("no netlink");
	for (;;) {
		switch (sender_turn(&resting)) {
		case TURN_BEGIN:
			memset(s.sent, 0, sizeof(s.sent));
			s.late = 0;
			if (family_resolve(&f))
				failed("the module is not there");
			fill(&f);
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

/*
 * A packet that is under way when the chain is exchanged goes on by the one before; of what is
 * exchanged twice on its way nothing is said.
 */
void act_chain_exchange(void)
{
	static struct family f;
	unsigned long passes;
	unsigned int which = 0;

	while (going()) {
		if (!ready(&f))
			continue;
		which = (which + 1 + below(2)) % 3;
		put_steady_chain(&f, which);
		passes = shared->passes;
		ask(&f);
		while (shared->passes - passes < 2 && shared->resting < RESTING && going())
			usleep(1000);
		usleep(below(20000));
	}
}

/* Packets of all kinds to what comes and goes */

static void put_chained6(uint8_t *addr, unsigned int n)
{
	inet_pton(AF_INET6, CHAINED6, addr);
	addr[15] = n;
}

static void emit_ipv6(int fd)
{
	uint8_t p[40 + 8 + 40] = { 0x60, [6] = below(2) ? IPPROTO_TCP : IPPROTO_UDP, [7] = 64 };
	size_t len = 40 + 20 + below(20);

	inet_pton(AF_INET6, "fd20::2", p + 8);
	put_chained6(p + 24, below(16));
	if (!below(4)) {
		/* in pieces that never are whole, or with nothing behind */
		p[40] = p[6];
		p[6] = below(2) ? IPPROTO_FRAGMENT : IPPROTO_DSTOPTS;
		p[43] = below(16);
		p[47] = below(4);
		len += 8;
	} else {
		wire_put16(p + 40, below(100));
		wire_put16(p + 42, below(100));
		p[53] = below(256);
	}
	wire_put16(p + 4, len - 40);
	packet_emit(fd, p, len);
}

/* An error about what a server, or a client, has sent, or nobody */
static void emit_icmp(int fd, uint32_t client, uint32_t server)
{
	uint8_t p[20 + 8 + 20 + 20] = {};
	size_t len = 20 + 8 + 20 + below(21);
	bool back = below(2);

	wire_put_ipv4(p, IPPROTO_ICMP, back ? server : client, back ? client : server, len - 20,
		      0, 0);
	p[20] = below(2) ? 3 : 11;
	p[21] = below(5);
	wire_put_ipv4(p + 28, IPPROTO_TCP, below(8) ? back ? client : server : below(1 << 30),
		      back ? server : client, 40, 0, 0);
	wire_put16(p + 48, below(100));
	wire_put16(p + 50, below(100));
	wire_put16(p + 22, wire_sum(p + 20, len - 20));
	packet_emit(fd, p, len);
}

static void emit_some(int fd)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP,
					  IPPROTO_ESP, IPPROTO_GRE };
	uint32_t client = below(4) ? CLIENT + 256 : 0x0a070000 + below(256);
	uint32_t server = CHAINED + below(20);
	bool back = below(2);
	uint8_t p[256];

	if (!below(16))
		server = CHECKED + below(4);
	memset(p, 0, sizeof(p));
	wire_put16(p, below(100));
	wire_put16(p + 2, below(100));
	p[12] = 0x50;
	p[13] = below(256);
	switch (below(8)) {
	case 0:
		emit_icmp(fd, client, server);
		break;
	case 1:
		emit_ipv6(fd);
		break;
	default:
		packet_ipv4(fd, protos[below(sizeof(protos))], back ? server : client,
			    back ? client : server, p, 129 + below(127),
			    below(4) ? 0 : 1 + below(3), below(2));
		break;
	}
	done(1);
}

void act_chain_flood(void)
{
	int client = wire_tun("kg0", false), device = wire_tun("kg1", false);
	uint8_t p[2048];
	ssize_t n;

	fcntl(client, F_SETFL, O_NONBLOCK);
	fcntl(device, F_SETFL, O_NONBLOCK);
	while (going()) {
		hold_still();
		emit_some(below(2) ? client : device);
		/* What comes to the device it sends on, as one would. */
		while (read(client, p, sizeof(p)) > 0)
			;
		n = read(device, p, sizeof(p));
		if (n >= 40 && p[0] == 0x45 && p[8] > 1 && below(2))
			packet_emit(device, p, n);
		if (!below(8))
			usleep(1000);
	}
}

/* Those who change the others */

static uint32_t some_device(void)
{
	return OTHERS + below(N_OTHERS);
}

static void put_some_device(struct family *f)
{
	uint8_t mac[6] = { 2, 0, 0, 0, 9 }, inner[6] = { 2, 0, 0, 0, 10 };
	char name[16], dev[16], inner_dev[16];
	struct device d = {
		.id = some_device(), .name = name, .kind = -1, .state = below(3) ? -1 : (int)below(2),
		.alternate = below(4) ? -1 : below(2) ? 0 : (int)some_device(),
		.failure = below(4) ? -1 : (int)below(2),
	};

	mac[5] = inner[5] = d.id;
	snprintf(name, sizeof(name), "d%u", d.id);
	snprintf(dev, sizeof(dev), "kx%u", below(4));
	snprintf(inner_dev, sizeof(inner_dev), "kx%u", below(4));
	d.kind = below(6) ? d.id % 5 ? IPSEC_QOS_DEVICE_HOP : IPSEC_QOS_DEVICE_TAP : -1;
	/* the first of them is what kg1 leads to */
	d.dev = d.id == OTHERS ? "kg1" : dev;
	d.mac = d.id == OTHERS || !below(8) ? NULL : mac;
	if (d.id != OTHERS && below(2)) {
		d.inner_dev = inner_dev;
		d.inner_mac = inner;
	}
	if (d.kind == IPSEC_QOS_DEVICE_TAP && below(2)) {
		d.rate = 1 + below(1000);
		d.snap = 64 + below(100);
	}
	family_begin(f, IPSEC_QOS_CMD_DEVICE_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, below(2));
	chaining_add_device(f->msg, &d);
}

static void put_some_chain(struct family *f)
{
	uint32_t id = OTHERS + below(N_CHAINS), n = 1 + below(4);
	struct nlattr *nest;
	char name[16];

	snprintf(name, sizeof(name), "c%u", id);
	family_begin(f, IPSEC_QOS_CMD_CHAIN_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, below(2));
	nest = chaining_begin_chain(f->msg, id, name);
	while (n--)
		chaining_add_step(f->msg, n || below(2) ? some_device() : OTHERS);
	mnl_attr_nest_end(f->msg, nest);
}

static void put_some_ports(struct family *f)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	unsigned int n = below(4), at = below(50);

	for (; n; n--, at += 1 + below(20)) {
		chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, protos[below(2)], at,
				  below(2) ? -1 : (int)(at + below(10)));
		at += 10;
	}
	if (!below(8))
		chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, below(2) ? IPPROTO_ESP :
				  IPPROTO_ICMP, -1, -1);
}

static void put_some_extras(struct family *f, const uint8_t *client)
{
	struct nlattr *nest;
	uint8_t addr[16];
	unsigned int n;

	/* what a moment ago had a rate has none */
	if (below(2))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_RATE, below(2) ? 1 + below(1000) : 0);
	if (!below(4))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_GROUP, GOLD);
	if (!below(16))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_FROM_GROUP, GOLD);
	for (n = below(4) ? 0 : below(20); n; n--) {
		put_addr(addr, below(2) ? CLIENT + 256 : 0x0a070000 + below(256));
		chaining_add_rule(f->msg, below(8), AF_INET, addr, 32, below(2) ? "kg0" : "kx0");
		if (!below(4))
			chaining_add_rule(f->msg, true, AF_INET, NULL, 0, NULL);
	}
	if (!below(4))
		chaining_add_override(f->msg, AF_INET, client, 32, OTHERS + below(N_CHAINS));
	if (below(4))
		return;
	nest = chaining_begin_segment(f->msg, some_device());
	put_addr(addr, CHAINED + 16 + below(4));
	if (below(2))
		mnl_attr_put(f->msg, IPSEC_QOS_SEGMENT_A_TO, 4, addr);
	else
		mnl_attr_put(f->msg, IPSEC_QOS_SEGMENT_A_FROM, 4, addr);
	if (!below(4))
		chaining_add_port(f->msg, IPSEC_QOS_SEGMENT_A_FROM_PORT, IPPROTO_TCP, 10, 20);
	mnl_attr_nest_end(f->msg, nest);
}

static void put_some_service(struct family *f, unsigned int n)
{
	uint8_t addr[16], client[16];
	struct nlattr *nest;
	unsigned int mode;
	char name[16];
	uint32_t id;

	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, below(2));
	put_addr(client, CLIENT + 256);
	for (id = OTHERS + below(N_SERVICES); n; n--, id++) {
		snprintf(name, sizeof(name), "s%u", id);
		mode = below(8);
		if (mode == 0) {
			put_addr(addr, 0x0a070000);
			nest = chaining_begin_service(f->msg, id, name, AF_INET, addr,
						      OTHERS + below(N_CHAINS));
			mnl_attr_put_u8(f->msg, IPSEC_QOS_SERVICE_A_MODE, IPSEC_QOS_SERVICE_CLIENT);
			mnl_attr_put_u8(f->msg, IPSEC_QOS_SERVICE_A_LEN, 16 + below(9));
		} else if (mode == 1) {
			put_chained6(addr, below(16));
			nest = chaining_begin_service(f->msg, id, name, AF_INET6, addr,
						      OTHERS + below(N_CHAINS));
			put_some_ports(f);
		} else {
			put_addr(addr, CHAINED + below(16));
			nest = chaining_begin_service(f->msg, id, name, AF_INET, addr,
						      OTHERS + below(N_CHAINS));
			put_some_ports(f);
			put_some_extras(f, client);
		}
		mnl_attr_nest_end(f->msg, nest);
	}
}

static void del_some(struct family *f)
{
	struct device d = { some_device(), .kind = -1, .state = -1, .alternate = -1,
			    .failure = -1 };

	switch (below(4)) {
	case 0:
		family_begin(f, IPSEC_QOS_CMD_DEVICE_DEL, NLM_F_ACK);
		chaining_add_device(f->msg, &d);
		break;
	case 1:
		family_begin(f, IPSEC_QOS_CMD_CHAIN_DEL, NLM_F_ACK);
		mnl_attr_nest_end(f->msg, chaining_begin_chain(f->msg, OTHERS + below(N_CHAINS),
							       NULL));
		break;
	default:
		family_begin(f, IPSEC_QOS_CMD_SERVICE_DEL, NLM_F_ACK);
		mnl_attr_nest_end(f->msg, chaining_begin_service(
			f->msg, OTHERS + below(N_SERVICES), NULL, 0, NULL, 0));
		break;
	}
}

static void put_some_trace(struct family *f)
{
	struct nlattr *nest;

	family_begin(f, IPSEC_QOS_CMD_SERVICE_TRACE, NLM_F_ACK);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_TRACE);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_TRACE_A_SERVICE, OTHERS + below(N_SERVICES));
	mnl_attr_put_u32(f->msg, IPSEC_QOS_TRACE_A_PACKETS, below(100));
	mnl_attr_nest_end(f->msg, nest);
}

static void put_some_range(struct family *f)
{
	struct nlattr *nest;
	uint8_t addr[16];

	put_addr(addr, CHECKED);
	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_CONF);
	chaining_put_range(f->msg, AF_INET, addr, below(2) ? 24 : 0);
	mnl_attr_nest_end(f->msg, nest);
}

static void begin_look(struct family *f)
{
	static const uint8_t dumps[] = {
		IPSEC_QOS_CMD_DEVICE_GET, IPSEC_QOS_CMD_CHAIN_GET, IPSEC_QOS_CMD_SERVICE_GET,
	};

	if (below(2)) {
		begin_dump(f, dumps[below(sizeof(dumps))]);
		return;
	}
	family_begin(f, IPSEC_QOS_CMD_SERVICE_GET, NLM_F_ACK);
	mnl_attr_nest_end(f->msg, chaining_begin_service(f->msg, OTHERS + below(N_SERVICES), NULL,
							 0, NULL, 0));
}

void act_chain(void)
{
	static struct family f;

	while (going()) {
		if (!ready(&f))
			continue;
		switch (below(32)) {
		case 0 ... 5:
			put_some_device(&f);
			break;
		case 6 ... 9:
			put_some_chain(&f);
			break;
		case 10 ... 19:
			put_some_service(&f, below(4) ? 1 : 1 + below(8));
			break;
		case 20 ... 23:
			del_some(&f);
			break;
		case 24:
			sweep_daemons(&f);
			break;
		case 25 ... 26:
			put_some_trace(&f);
			break;
		case 27:
			put_some_range(&f);
			break;
		default:
			begin_look(&f);
			break;
		}
		ask(&f);
		usleep(below(10000));
	}
}

void chain_put_some(struct family *f)
{
	struct device d = { OTHERS, "d", "lo", .kind = -1, .state = -1, .alternate = -1,
			    .failure = -1 };
	struct nlattr *nest;
	uint8_t addr[16];

	put_some_range(f);
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_DEVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	chaining_add_device(f->msg, &d);
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_CHAIN_NEW, NLM_F_ACK | NLM_F_CREATE);
	nest = chaining_begin_chain(f->msg, OTHERS, "c");
	chaining_add_step(f->msg, OTHERS);
	mnl_attr_nest_end(f->msg, nest);
	family_talk(f, NULL, NULL);
	/* once more: the first is kept a while for what is under way */
	put_addr(addr, CHAINED);
	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	mnl_attr_nest_end(f->msg, chaining_begin_service(f->msg, OTHERS, "s", AF_INET, addr,
							 OTHERS));
	family_talk(f, NULL, NULL);
	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_REPLACE);
	nest = chaining_begin_service(f->msg, OTHERS, "s", AF_INET, addr, OTHERS);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_RATE, 7);
	mnl_attr_nest_end(f->msg, nest);
	family_talk(f, NULL, NULL);
}
