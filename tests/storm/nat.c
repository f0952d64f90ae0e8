// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Translation: a rule that stays, whose every packet must come out as it ought to and
 * where it ought to; rules that come, change and go; and packets of all kinds to them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <arpa/inet.h>

#include <ipsec_qos/spi.h>

#include "storm.h"

#define STEADY		1		/* the rule that stays; others have higher ids */
#define N_RULES		8
#define N_PAIRS		4096		/* of SPIs, each with one of 16 nodes */
#define FIRST_SPI	0x100000

/* What is behind ni0 and ni1 is inside, what is behind no0 and no1 is not. */
#define STEADY_INSIDE	0x0a010000
#define STEADY_GLOBAL	0xc0000201
#define STEADY_OUTSIDE	0xc0000202
#define INSIDE		0x0a020000
#define GLOBAL		0xc6336401
#define OUTSIDE		0xc6336402

static const struct iq_spi_rule steady_scheme = { .scheme = IQ_SPI_MD5_FULL };

/* Fragments that wait in vain for others are many: they are to have room. */
void nat_setup(void)
{
	wire_sh("ip netns add nat; ip -n nat link set lo up\n"
		"ip netns exec nat sysctl -qw net.ipv4.ip_forward=1 "
		"	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		"	net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 "
		"	net.ipv6.conf.default.disable_ipv6=1 "
		"	net.ipv4.ipfrag_high_thresh=67108864\n"
		"for x in ni0:10.1.255.254/16 no0:192.0.2.1/24 ni1:10.2.255.254/16 "
		"		no1:198.51.100.1/24; do\n"
		"	ip -n nat tuntap add ${x%:*} mode tun multi_queue\n"
		"	ip -n nat addr add ${x#*:} dev ${x%:*}\n"
		"	ip -n nat link set ${x%:*} up\n"
		"done");
}

/* The rule that stays */

/** struct tally - of its packets, by enum ipsec_qos_nat_counter */
struct tally {
	unsigned long counter[IPSEC_QOS_NAT_COUNTER_MAX + 1];
};

static uint32_t node_of(uint32_t spi)
{
	return STEADY_INSIDE + 1 + spi % 16;
}

/* All of a packet comes out there, from and to whom it should, in pieces or not. */
static void expect(int fd, uint8_t proto, uint32_t src, uint32_t dst, size_t len,
		   uint32_t spi)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t at = proto == IPPROTO_ICMP ? 48 : 20;
	uint8_t p[2048];
	ssize_t n;

	while (len) {
		/* It has been through the stack: who waits here has lost it. */
		if (poll(&wait, 1, 5000) != 1) {
			failed("a packet from 0x%x to 0x%x, SPI 0x%x, is lost", src, dst,
			       spi);
			return;
		}
		n = read(fd, p, sizeof(p));
		if (n < 48 || p[0] != 0x45 || p[9] != proto)
			continue;
		if (packet_get32(p + 12) != src || packet_get32(p + 16) != dst ||
		    wire_sum(p, 20) ||
		    (!(p[6] & 0x1f) && !p[7] && packet_get32(p + at) != spi)) {
			failed("from 0x%x to 0x%x, SPI 0x%x, came as 0x%x to 0x%x, 0x%x",
			       src, dst, spi, packet_get32(p + 12), packet_get32(p + 16),
			       packet_get32(p + at));
			return;
		}
		len -= (size_t)n - 20 < len ? (size_t)n - 20 : len;
	}
	done(1);
}

static unsigned int maybe_pieces(void)
{
	return below(8) ? 0 : 3;
}

static void there_and_back(int inside, int outside, struct tally *sent)
{
	uint32_t spi = FIRST_SPI + below(N_PAIRS), node = node_of(spi);
	uint32_t answer = iq_spi_make(&steady_scheme, spi, 0);

	packet_esp(inside, node, STEADY_OUTSIDE, spi, maybe_pieces(), below(2));
	expect(outside, IPPROTO_ESP, STEADY_GLOBAL, STEADY_OUTSIDE, PACKET_ESP, spi);
	packet_esp(outside, STEADY_OUTSIDE, STEADY_GLOBAL, answer, maybe_pieces(), below(2));
	expect(inside, IPPROTO_ESP, STEADY_OUTSIDE, node, PACKET_ESP, answer);
	sent->counter[IPSEC_QOS_NAT_COUNTER_OUT]++;
	sent->counter[IPSEC_QOS_NAT_COUNTER_IN]++;
	if (below(8))
		return;
	packet_icmp(outside, STEADY_OUTSIDE, STEADY_GLOBAL, STEADY_GLOBAL, STEADY_OUTSIDE,
		    spi);
	expect(inside, IPPROTO_ICMP, STEADY_OUTSIDE, node, PACKET_ICMP, spi);
	packet_icmp(inside, node, STEADY_OUTSIDE, STEADY_OUTSIDE, node, answer);
	expect(outside, IPPROTO_ICMP, STEADY_GLOBAL, STEADY_OUTSIDE, PACKET_ICMP, answer);
	sent->counter[IPSEC_QOS_NAT_COUNTER_ICMP] += 2;
}

static struct nlattr *begin_rule(struct family *f, uint8_t cmd, uint16_t flags,
				 uint32_t id)
{
	struct nlattr *nest;

	family_begin(f, cmd, NLM_F_ACK | flags);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_NAT_RULE);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_ID, id);
	return nest;
}

static void put_steady(struct family *f)
{
	struct nlattr *nest = begin_rule(f, IPSEC_QOS_CMD_NAT_RULE_NEW,
					 NLM_F_CREATE | NLM_F_EXCL, STEADY);

	mnl_attr_put_strz(f->msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, "ni0");
	mnl_attr_put_strz(f->msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, "no0");
	mnl_attr_put_u8(f->msg, IPSEC_QOS_NAT_RULE_A_SCHEME, steady_scheme.scheme);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_IDLE, 1000);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_WAIT, 1000);
	mnl_attr_nest_end(f->msg, nest);
}

static int read_rule(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr, *counter, *count;
	struct tally *t = data;
	uint32_t id = 0;

	mnl_attr_for_each(nest, msg, 4) {
		mnl_attr_for_each_nested(attr, nest) {
			if (mnl_attr_get_type(attr) == IPSEC_QOS_NAT_RULE_A_ID)
				id = mnl_attr_get_u32(attr);
			if (id != STEADY ||
			    mnl_attr_get_type(attr) != IPSEC_QOS_NAT_RULE_A_COUNTERS)
				continue;
			mnl_attr_for_each_nested(counter, attr)
				mnl_attr_for_each_nested(count, counter)
					if (mnl_attr_get_type(count) == IPSEC_QOS_COUNTER_A_PACKETS)
						t->counter[mnl_attr_get_type(counter)] =
							mnl_attr_get_u64(count);
		}
	}
	return MNL_CB_OK;
}

static void check(struct family *f, const struct tally *sent)
{
	struct tally t = {};
	int i;

	family_begin(f, IPSEC_QOS_CMD_NAT_RULE_GET, NLM_F_DUMP);
	if (family_talk(f, read_rule, &t))
		failed("the rules cannot be read");
	for (i = 1; i <= IPSEC_QOS_NAT_COUNTER_MAX; i++)
		if (t.counter[i] != sent->counter[i])
			failed("counter %d of the rule says %lu, not %lu", i,
			       t.counter[i], sent->counter[i]);
}

/* The module is there while this one does not rest (steady_senders()). */
void act_nat_steady(void)
{
	int inside = wire_tun("ni0", false), outside = wire_tun("no0", false);
	static struct family f;
	bool resting = true;
	struct tally sent;

	shared->resting++;
	if (family_open(&f))
		wire_die("no netlink");
	for (;;) {
		switch (sender_turn(&resting)) {
		case TURN_BEGIN:
			memset(&sent, 0, sizeof(sent));
			if (family_resolve(&f))
				failed("the module is not there");
			put_steady(&f);
			if (family_talk(&f, NULL, NULL))
				failed("the steady rule is not taken");
			break;
		case TURN_SEND:
			there_and_back(inside, outside, &sent);
			break;
		case TURN_END:
			check(&f, &sent);
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

/* Packets of all kinds to rules that come and go */

static const uint8_t key[IPSEC_QOS_NAT_KEY_BYTES] = "of the storm";

static struct iq_spi_rule some_scheme(void)
{
	struct iq_spi_rule scheme = { .scheme = below(IQ_SPI_SCHEMES) };

	memcpy(scheme.key, key, sizeof(key));
	return scheme;
}

static unsigned int some_pieces(void)
{
	return below(8) ? 3 : 1 + below(2);
}

/* What came out; counted is what was translated. */
static void drain(int fd, bool inside)
{
	uint8_t p[2048];
	uint32_t addr;

	while (read(fd, p, sizeof(p)) >= 20) {
		addr = packet_get32(p + (inside ? 16 : 12));
		if (inside && (addr ^ INSIDE) >> 16)
			failed("a packet to 0x%x came inside", addr);
		if (inside || addr == GLOBAL)
			done(1);
	}
}

void act_nat_flood(void)
{
	int inside = wire_tun("ni1", false), outside = wire_tun("no1", false);
	struct iq_spi_rule scheme;
	uint32_t node, far, spi, answer, first;

	fcntl(inside, F_SETFL, O_NONBLOCK);
	fcntl(outside, F_SETFL, O_NONBLOCK);
	while (going()) {
		scheme = some_scheme();
		first = 0x200000 + below(2048);
		answer = iq_spi_make(&scheme, first, below(4) * 0x01010000);
		/* some move */
		node = INSIDE + 1 + (below(16) ? first : below(1024)) % 64;
		far = OUTSIDE + below(4);
		/* Either end may have begun. */
		spi = below(2) ? first : answer;
		answer ^= spi ^ first;
		switch (below(8)) {
		case 0:
			packet_icmp(outside, far, GLOBAL, GLOBAL, far, spi);
			break;
		case 1:
			packet_icmp(inside, node, far, far, node, answer);
			break;
		case 2:
			packet_esp(inside, node, far, spi, some_pieces(), below(2));
			break;
		case 3:
			packet_esp(outside, far, GLOBAL, answer, some_pieces(), below(2));
			break;
		case 4 ... 5:
			packet_esp(inside, node, far, spi, 0, false);
			break;
		default:
			packet_esp(outside, far, GLOBAL, answer, 0, false);
			break;
		}
		drain(inside, true);
		drain(outside, false);
	}
}

/* Rules */

void nat_put_rule(struct family *f, uint32_t id)
{
	struct nlattr *nest = begin_rule(f, IPSEC_QOS_CMD_NAT_RULE_NEW,
					 NLM_F_CREATE | NLM_F_REPLACE, id);
	struct iq_spi_rule scheme = some_scheme();
	uint32_t prefix = htonl(INSIDE);

	if (below(2)) {
		mnl_attr_put(f->msg, IPSEC_QOS_NAT_RULE_A_INSIDE, 4, &prefix);
		mnl_attr_put_u8(f->msg, IPSEC_QOS_NAT_RULE_A_INSIDE_LEN, 16 + below(13));
	} else {
		mnl_attr_put_strz(f->msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, "ni1");
	}
	mnl_attr_put_strz(f->msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, "no1");
	mnl_attr_put_u8(f->msg, IPSEC_QOS_NAT_RULE_A_SCHEME, scheme.scheme);
	if (scheme.scheme == IQ_SPI_SIPHASH_LOW16)
		mnl_attr_put(f->msg, IPSEC_QOS_NAT_RULE_A_KEY, sizeof(key), key);
	mnl_attr_put_u8(f->msg, IPSEC_QOS_NAT_RULE_A_COLLISION,
			below(IPSEC_QOS_NAT_COLLISION_MAX + 1));
	mnl_attr_put_u8(f->msg, IPSEC_QOS_NAT_RULE_A_UNDERIVED,
			below(IPSEC_QOS_NAT_UNDERIVED_MAX + 1));
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_IDLE, 1 + below(3));
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_WAIT, 1 + below(3));
	if (below(2))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES,
				 1 + below(2000));
	if (below(2))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_MAX_NODE, 1 + below(64));
	mnl_attr_nest_end(f->msg, nest);
}

/* An entry of the steady rule is a node's whose SPI it has. */
static int read_entry(const struct nlmsghdr *msg, void *data)
{
	uint32_t rule = 0, inside = 0, spi = 0;
	const struct nlattr *nest, *attr;

	mnl_attr_for_each(nest, msg, 4) {
		mnl_attr_for_each_nested(attr, nest) {
			switch (mnl_attr_get_type(attr)) {
			case IPSEC_QOS_NAT_A_RULE:
				rule = mnl_attr_get_u32(attr);
				break;
			case IPSEC_QOS_NAT_A_INSIDE_LOCAL:
				inside = ntohl(mnl_attr_get_u32(attr));
				break;
			case IPSEC_QOS_NAT_A_SPI_OUT:
				spi = mnl_attr_get_u32(attr);
				break;
			}
		}
	}
	if (rule == STEADY && inside != node_of(spi))
		failed("SPI 0x%x is said to be 0x%x's", spi, inside);
	return MNL_CB_OK;
}

static void put_filter(struct family *f, uint32_t id)
{
	struct nlattr *nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_NAT);

	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_A_RULE, id);
	mnl_attr_nest_end(f->msg, nest);
}

void act_nat(void)
{
	static struct family f;
	mnl_cb_t answer;
	uint32_t id;

	while (going()) {
		if (!ready(&f))
			continue;
		id = STEADY + 1 + below(N_RULES);
		answer = NULL;
		switch (below(16)) {
		case 0 ... 1:
			mnl_attr_nest_end(f.msg, begin_rule(&f, IPSEC_QOS_CMD_NAT_RULE_DEL,
							    0, id));
			break;
		case 2 ... 3:
			family_begin(&f, IPSEC_QOS_CMD_NAT_FLUSH, NLM_F_ACK);
			put_filter(&f, id);
			break;
		case 4 ... 5:
			begin_dump(&f, IPSEC_QOS_CMD_NAT_RULE_GET);
			break;
		case 6 ... 7:
			begin_dump(&f, IPSEC_QOS_CMD_NAT_GET);
			if (below(2))
				put_filter(&f, id);
			answer = read_entry;
			break;
		default:
			nat_put_rule(&f, id);
			break;
		}
		if (!family_talk(&f, answer, NULL))
			done(1);
		usleep(below(10000));
	}
}
