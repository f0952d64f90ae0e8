// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frames FRAMES SEED FILE… - put FRAMES mutated frames into the kernel, with the
 * module loaded and everything in its tables that makes it look closer: the SAs
 * and IKE SAs of the packets that they are mutated from, groups that write to
 * the header and to the priority, fall-back marks, SAs of the kernel's own, a rule of
 * translation (nat.hex), pools of elements that prefixes are steered to (steer.hex), and
 * services that go through chains of devices (chain.hex, frames_chain.c).
 * FILE holds packets, from the IP header on, in hex; an empty line ends one, a
 * "#" begins a comment.
 *
 * Each process has its way in: a tun device with a virtio_net_hdr, with GSO and
 * pages behind the linear part; a packet socket; raw sockets with their own
 * header, for LOCAL_OUT. SEED, with which it all begins, is printed, so that a
 * run can be had again as far as time allows.
 *
 * At the end counters show that frames came to all the places where the module
 * acts, and its tables must be what they were.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>

#include <ipsec_qos/parse.h>

#include "../../lib/steering.h"
#include "../../lib/wire.h"
#include "frames.h"

#define ROOM		65535
#define N_SEEDS		1024
#define NAT_FLUSH_EVERY	200	/* frames of one process, on average */

struct frame {
	size_t len;
	uint8_t data[ROOM];
};

static struct {
	size_t len;
	uint8_t *data;
} packets[N_SEEDS];
static unsigned int n_packets;
static uint64_t prng;

static struct {
	atomic_ulong given;		/* frames that processes have set out to send */
	atomic_ulong taken;
} *shared;

static uint32_t below(uint32_t n)
{
	return wire_below(&prng, n);
}

/* What to mutate */

static void keep(const uint8_t *data, size_t len)
{
	if (!len)
		return;
	if (n_packets == N_SEEDS)
		wire_die("more than %d packets", N_SEEDS);
	packets[n_packets].data = memcpy(malloc(len), data, len);
	packets[n_packets++].len = len;
}

static void read_packets(const char *path)
{
	FILE *file = fopen(path, "r");
	static uint8_t data[ROOM];
	size_t len = 0;
	char line[4096], *p;
	unsigned int byte;
	int n;

	if (!file)
		wire_die("cannot read %s", path);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		if (strspn(line, " \t\n") == strlen(line)) {
			keep(data, len);
			len = 0;
			continue;
		}
		for (p = line; sscanf(p, " %2x%n", &byte, &n) == 1; p += n) {
			if (len == ROOM)
				wire_die("%s: too long a packet", path);
			data[len++] = byte;
		}
		if (p[strspn(p, " \t\n")] && p[strspn(p, " \t\n")] != '#')
			wire_die("%s: what is '%s'?", path, p);
	}
	keep(data, len);
	fclose(file);
}

/* Mutating */

static const uint8_t odd_bytes[] = {
	0, 1, 4, 7, 8, 0x0f, 0x10, 0x20, 0x3f, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80,
	0xfe, 0xff, IPPROTO_UDP, IPPROTO_ESP, IPPROTO_AH, IPPROTO_FRAGMENT,
	IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_NONE, 135, 139,
};

static void mutate_byte(struct frame *f)
{
	/* headers more than the rest */
	size_t at = below(below(4) && f->len > 64 ? 64 : f->len);

	switch (below(4)) {
	case 0:
		f->data[at] ^= 1 << below(8);
		break;
	case 1:
		f->data[at] = odd_bytes[below(sizeof(odd_bytes))];
		break;
	case 2:
		f->data[at] += below(2) ? 1 : -1;
		break;
	default:
		f->data[at] = below(256);
		break;
	}
}

static void resize(struct frame *f, size_t len)
{
	if (len > ROOM)
		len = ROOM;
	if (len > f->len)
		memset(f->data + f->len, below(256), len - f->len);
	f->len = len;
}

/* The rest of another packet behind the beginning of this one. */
static void graft(struct frame *f)
{
	unsigned int other = below(n_packets);
	size_t to = below(f->len + 1), from = below(packets[other].len);
	size_t n = packets[other].len - from;

	if (to + n > ROOM)
		n = ROOM - to;
	memcpy(f->data + to, packets[other].data + from, n);
	f->len = to + n;
}

/* Bytes that were not there, such as a header or an option. */
static void insert(struct frame *f, size_t at, const void *data, size_t n)
{
	if (at > f->len || f->len + n > ROOM)
		return;
	memmove(f->data + at + n, f->data + at, f->len - at);
	memcpy(f->data + at, data, n);
	f->len += n;
}

static void add_header(struct frame *f)
{
	static const uint8_t kinds[] = {
		IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_FRAGMENT,
		IPPROTO_AH, 135, 139, 140,
	};
	uint8_t header[8] = { 0, 0, 1, 4 };

	if (f->len >= 40 && f->data[0] >> 4 == 6) {
		header[0] = f->data[6];
		f->data[6] = kinds[below(sizeof(kinds))];
		if (f->data[6] == IPPROTO_FRAGMENT) {
			header[2] = below(4) ? 0 : below(256);
			header[3] = below(256);
			header[7] = below(16);
		} else {
			header[1] = below(8) ? 0 : below(4);
		}
		insert(f, 40, header, sizeof(header));
	} else if (f->len >= 20 && (f->data[0] & 0x0f) < 14) {
		memset(header, 1, sizeof(header));
		f->data[0]++;
		insert(f, 20, header, 4);
	}
}

static void make_fragment(struct frame *f)
{
	if (f->len < 20 || f->data[0] >> 4 != 4)
		return;
	/* few identifications, so that pieces find each other */
	f->data[4] = 0;
	f->data[5] = below(32);
	f->data[6] = below(2) << 5;
	f->data[7] = below(4) ? below(8) : 0;
}

/* Lengths and the sum as the kernel wants them, or it looks no further. */
static void mend(struct frame *f)
{
	size_t hlen;

	if (f->len >= 20 && f->data[0] >> 4 == 4) {
		f->data[2] = f->len >> 8;
		f->data[3] = f->len;
		hlen = (f->data[0] & 0x0f) * 4;
		if (hlen < 20 || hlen > f->len) {
			f->data[0] = 0x45;
			hlen = 20;
		}
		f->data[10] = f->data[11] = 0;
		hlen = wire_sum(f->data, hlen);
		f->data[10] = hlen >> 8;
		f->data[11] = hlen;
	} else if (f->len >= 40 && f->data[0] >> 4 == 6) {
		f->data[4] = (f->len - 40) >> 8;
		f->data[5] = f->len - 40;
	}
}

static void make(struct frame *f)
{
	unsigned int which = below(n_packets), n = below(8) ? below(6) : below(40);

	f->len = packets[which].len;
	memcpy(f->data, packets[which].data, f->len);
	while (n-- && f->len) {
		switch (below(32)) {
		case 0 ... 1:
			resize(f, below(f->len + 1));
			break;
		case 2:
			resize(f, f->len + below(2000));
			break;
		case 3:
			resize(f, f->len + below(ROOM));
			break;
		case 4 ... 5:
			graft(f);
			break;
		case 6 ... 8:
			add_header(f);
			break;
		case 9 ... 11:
			make_fragment(f);
			break;
		default:
			mutate_byte(f);
			break;
		}
	}
	if (below(16))
		mend(f);
	if (!f->len)
		resize(f, 1);
}

/* Ways in */

/* Some headers in the linear part, or fewer; some frames that are many. */
static void make_vnet(struct virtio_net_hdr *h, const struct frame *f)
{
	static const uint8_t types[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_UDP,
		VIRTIO_NET_HDR_GSO_TCPV6,
	};

	memset(h, 0, sizeof(*h));
	if (below(2))
		h->hdr_len = below(2) ? below(80) : below(f->len + 1);
	if (!below(4)) {
		h->gso_type = types[below(sizeof(types))];
		h->gso_size = 1 + below(below(2) ? 100 : 1500);
		if (below(2))
			h->hdr_len = 28;
	}
	if (h->gso_type || !below(8)) {
		h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h->csum_start = f->data[0] >> 4 == 6 ? 40 : 20;
		h->csum_offset = below(4) ? 6 : below(40);
		if (h->hdr_len && h->hdr_len < h->csum_start + h->csum_offset + 2)
			h->hdr_len = h->csum_start + h->csum_offset + 2;
	}
}

static bool by_tun(int fd, struct frame *f)
{
	struct virtio_net_hdr h;
	struct iovec parts[] = { { &h, sizeof(h) }, { f->data, f->len } };

	make_vnet(&h, f);
	return writev(fd, parts, 2) > 0;
}

static bool by_packet(int fd, struct frame *f)
{
	uint8_t head[14] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1,
		f->data[0] >> 4 == 6 ? 0x86 : 8, f->data[0] >> 4 == 6 ? 0xdd : 0,
	};
	struct iovec parts[] = { { head, sizeof(head) }, { f->data, f->len } };

	if (f->len > 1500)
		f->len = 1500;
	if (!below(64))
		head[below(14)] ^= 1 << below(8);
	return writev(fd, parts, 2) > 0;
}

static bool by_socket(int fd, struct frame *f)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	if (f->len > 1500)
		f->len = 1500;
	if (f->len < 20 || f->data[0] >> 4 != 4)
		return false;
	memcpy(&to.sin_addr, f->data + 16, 4);
	return sendto(fd, f->data, f->len, MSG_DONTWAIT, (void *)&to, sizeof(to)) > 0;
}

static bool by_socket6(int fd, struct frame *f)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };

	if (f->len > 1500)
		f->len = 1500;
	if (f->len < 40 || f->data[0] >> 4 != 6)
		return false;
	memcpy(&to.sin6_addr, f->data + 24, 16);
	return sendto(fd, f->data, f->len, MSG_DONTWAIT, (void *)&to, sizeof(to)) > 0;
}

static int raw_socket(int family)
{
	int fd = socket(family, SOCK_RAW, IPPROTO_RAW), on = 1;

	if (fd < 0 || setsockopt(fd, family == AF_INET ? SOL_IP : SOL_IPV6,
				 family == AF_INET ? IP_HDRINCL : IPV6_HDRINCL,
				 &on, sizeof(on)))
		wire_die("no raw socket");
	return fd;
}

/* The machine, and what is in the tables */

/*
 *	wire --w1 veth w0-- fuzz --d0 dummy
 *	         tun t0 --
 *
 * Every other destination among the packets is the router's own, and has SAs that
 * take everything as decrypted; what is for others goes out of the dummy, but for
 * 198.19.0.0/16: that is outside, behind t0, so that what comes in there may be its
 * answer. What is steered goes out of another dummy, of t0 or of w0.
 */
static void set_up(void)
{
	wire_sh("modprobe tun\n"
		"for n in wire fuzz; do ip netns add $n; ip -n $n link set lo up; done\n"
		"ip netns exec fuzz sysctl -qw net.ipv4.ip_forward=1 "
		"	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		"	net.ipv4.conf.all.accept_local=1 net.ipv4.conf.default.accept_local=1 "
		"	net.ipv4.conf.all.accept_source_route=1 net.ipv4.icmp_ratelimit=0 "
		"	net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 "
		"	net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0\n"
		"ip link add w0 netns fuzz address 02:00:00:00:00:02 type veth "
		"	peer name w1 netns wire address 02:00:00:00:00:01\n"
		"ip -n fuzz tuntap add t0 mode tun vnet_hdr multi_queue\n"
		"ip -n fuzz link add d0 type dummy\n"
		"ip -n fuzz link add d1 type dummy\n"
		"ip -n wire link set w1 up\n"
		"for d in w0 t0 d0 d1; do ip -n fuzz link set $d up; done\n"
		"ip -n fuzz addr add 198.18.255.1/32 dev d0\n"
		"ip -n fuzz addr add 198.18.255.2/32 dev t0\n"
		"ip -n fuzz addr add 198.18.255.4/32 dev d0\n"
		"ip -n fuzz route add default dev d0\n"
		"ip -n fuzz route add 198.19.0.0/16 dev t0\n"
		"ip -n fuzz -6 route add default dev d0\n"
		"modprobe ipsec_qos");
	wire_enter("fuzz");
	/* ESP in UDP is decrypted where a socket takes it in. */
	int fd = socket(AF_INET, SOCK_DGRAM, 0), encap = UDP_ENCAP_ESPINUDP;
	struct sockaddr_in port = { .sin_family = AF_INET, .sin_port = htons(4500) };

	if (bind(fd, (void *)&port, sizeof(port)) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof(encap)))
		wire_die("no UDP-encapsulated ESP");
}

void talk(struct family *f, const char *what)
{
	int err = family_talk(f, NULL, NULL);

	errno = -err;
	if (err)
		wire_die("%s is refused", what);
}

static void set_groups(struct family *f)
{
	struct nlattr *conf, *table, *entry, *nest;
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_GROUP_NEW, NLM_F_ACK | NLM_F_CREATE);
	family_add_group(f->msg, 1, "gold", 0x10, 0);
	family_add_group(f->msg, 2, "silver", 0x20, 0x10002);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_GROUP);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_GROUP_A_ID, 3);
	mnl_attr_put_strz(f->msg, IPSEC_QOS_GROUP_A_NAME, "bronze");
	mnl_attr_put_u32(f->msg, IPSEC_QOS_GROUP_A_MARK, 0x30);
	mnl_attr_put_u8(f->msg, IPSEC_QOS_GROUP_A_DSCP, 10);
	mnl_attr_nest_end(f->msg, nest);
	talk(f, "a group");

	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	conf = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_CONF);
	table = mnl_attr_nest_start(f->msg, IPSEC_QOS_CONF_A_FALLBACK);
	for (i = 0; i < 64; i += 2) {
		entry = mnl_attr_nest_start(f->msg, IPSEC_QOS_FALLBACK_A_ENTRY);
		mnl_attr_put_u8(f->msg, IPSEC_QOS_FALLBACK_A_DSCP, i);
		mnl_attr_put_u32(f->msg, IPSEC_QOS_FALLBACK_A_MARK, 0x100 + i);
		mnl_attr_nest_end(f->msg, entry);
	}
	mnl_attr_nest_end(f->msg, table);
	mnl_attr_nest_end(f->msg, conf);
	talk(f, "the fall-back table");
}

static void put_prefix(struct family *f, int type, const char *prefix, uint8_t len)
{
	struct in_addr addr;

	inet_pton(AF_INET, prefix, &addr);
	mnl_attr_put(f->msg, type, sizeof(addr), &addr);
	mnl_attr_put_u8(f->msg, type + 1, len);
}

/* Entries end soon, so that nodes come back to what they had when it began. */
static void set_rule(struct family *f)
{
	struct nlattr *nest;

	family_begin(f, IPSEC_QOS_CMD_NAT_RULE_NEW, NLM_F_ACK | NLM_F_CREATE);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_NAT_RULE);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_ID, 1);
	put_prefix(f, IPSEC_QOS_NAT_RULE_A_INSIDE, "10.9.0.0", 16);
	mnl_attr_put_strz(f->msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, "t0");
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_IDLE, 2);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_NAT_RULE_A_WAIT, 1);
	mnl_attr_nest_end(f->msg, nest);
	talk(f, "a rule of translation");
}

/* Whose packets are steered, and to which pool */
static const struct {
	uint8_t dst[16];
	uint8_t family;
	uint8_t len;
	uint8_t pool;
} steered[] = {
	{ { 203, 0, 113 }, AF_INET, 24, 1 },
	{ { 0x20, 0x01, 0x0d, 0xb8, 0, 5 }, AF_INET6, 48, 1 },
	{ { 203, 0, 114 }, AF_INET, 24, 2 },
	{ { 0x20, 0x01, 0x0d, 0xb8, 0, 6 }, AF_INET6, 48, 2 },
};

static bool is_steered(uint8_t family, const uint8_t *addr)
{
	size_t i;

	for (i = 0; i < sizeof(steered) / sizeof(steered[0]); i++)
		if (family == steered[i].family &&
		    !memcmp(addr, steered[i].dst, steered[i].len / 8))
			return true;
	return false;
}

/*
 * An element without neighbours, one with some, one from which packets come, too; then one
 * whose device is not there, and one that is down.
 */
static void set_elements(struct family *f)
{
	static const struct element elements[] = {
		{ 1, "e1", "d1", .state = IPSEC_QOS_ELEMENT_UP },
		{ 2, "e2", "w0", 0xc612fe02, .state = IPSEC_QOS_ELEMENT_UP },
		{ 3, "e3", "t0", .state = IPSEC_QOS_ELEMENT_UP },
		{ 4, "e4", "d4", .state = IPSEC_QOS_ELEMENT_UP },
		{ 5, "e5", "d1", .state = IPSEC_QOS_ELEMENT_DOWN },
	};
	struct nlattr *nest;
	uint32_t i, j;

	family_begin(f, IPSEC_QOS_CMD_ELEMENT_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = 0; i < 5; i++)
		steering_add_element(f->msg, &elements[i]);
	talk(f, "an element");
	for (i = 1; i <= 2; i++) {
		family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_CREATE);
		nest = steering_begin_pool(f->msg, i, i == 1 ? "buckets" : "flows");
		if (i == 2)
			mnl_attr_put_u8(f->msg, IPSEC_QOS_POOL_A_MODE, IPSEC_QOS_POOL_FLOW);
		for (j = 0; j < 5; j++)
			steering_add_member(f->msg, elements[j].id, 1);
		mnl_attr_nest_end(f->msg, nest);
		talk(f, "a pool");
	}
	family_begin(f, IPSEC_QOS_CMD_STEER_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = 0; i < sizeof(steered) / sizeof(steered[0]); i++)
		steering_add_prefix(f->msg, steered[i].family, steered[i].dst, steered[i].len,
				    steered[i].pool, steered[i].pool == 1 ?
				    IPSEC_QOS_STEER_IKE_POOL : IPSEC_QOS_STEER_IKE_LOCAL);
	talk(f, "a steered prefix");
	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	steering_set_unknown(f->msg, IPSEC_QOS_UNKNOWN_RELAY, 3);
	talk(f, "to relay unknown SPIs");
}

/* One more address of the router's, with an SA of the kernel's own. */
static void set_local(const struct sa *sa, bool encap)
{
	const char *what = sa->proto == IPPROTO_AH ?
		"proto ah mode tunnel auth digest_null ''" :
		"proto esp mode tunnel enc 'ecb(cipher_null)' '' auth digest_null ''";
	char script[1024], dst[64];

	inet_ntop(sa->family, sa->dst, dst, sizeof(dst));
	snprintf(script, sizeof(script),
		 "ip addr replace %s dev lo\n"
		 "ip xfrm state add src %s dst %s spi 0x%x %s replay-window 0 "
		 "	flag noecn %s sel src %s dst %s",
		 dst, sa->family == AF_INET ? "198.18.0.1" : "2001:db8:1::1", dst,
		 sa->spi, what,
		 encap ? "encap espinudp 4500 4500 0.0.0.0" : "",
		 sa->family == AF_INET ? "0.0.0.0/0" : "::/0",
		 sa->family == AF_INET ? "0.0.0.0/0" : "::/0");
	wire_sh(script);
}

/* Entries for the SAs and IKE SAs of all packets; returns how many SAs. */
static void set_entries(struct family *f)
{
	static const struct iq_ports ports = {
		.n_ike = 1, .ike = { 500 }, .n_natt = 1, .natt = { 4500 },
	};
	struct iq_packet pkt;
	struct nlattr *nest;
	unsigned int i;
	struct sa sa;

	for (i = 0; i < n_packets; i++) {
		const uint8_t *data = packets[i].data;

		switch (iq_parse(data, packets[i].len, packets[i].len, &ports, &pkt)) {
		case IQ_SA:
			memset(&sa, 0, sizeof(sa));
			sa.family = pkt.family;
			sa.proto = pkt.proto;
			sa.spi = pkt.spi;
			memcpy(sa.dst, pkt.dst, pkt.family == AF_INET ? 4 : 16);
			family_begin(f, IPSEC_QOS_CMD_SA_NEW,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
			nest = family_begin_sa(f->msg, &sa, 1 + i % 3);
			if (sa.spi & 1 && (is_steered(sa.family, pkt.dst) ||
					   is_steered(sa.family, pkt.src)))
				mnl_attr_put_u32(f->msg, IPSEC_QOS_SA_A_ELEMENT,
						 1 + (sa.spi >> 1 & 7) % 5);
			mnl_attr_nest_end(f->msg, nest);
			if (!family_talk(f, NULL, NULL) &&
			    (sa.dst[3] ^ sa.dst[15]) & 1)
				set_local(&sa, sa.family == AF_INET &&
					  data[9] == IPPROTO_UDP);
			break;
		case IQ_IKE:
			family_begin(f, IPSEC_QOS_CMD_IKE_NEW,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
			family_add_ike(f->msg, pkt.spi_i, pkt.spi_r, 1 + i % 3);
			talk(f, "an IKE SA");
			break;
		default:
			break;
		}
	}
}

/*
 * One of the two ends all translations now and then: what goes on is told by its SPI, and
 * whose it is, is looked for but once. @family is for that, and nobody else's meanwhile.
 */
static void send_frames(unsigned int number, unsigned long frames, struct family *family)
{
	int tun = -1, packet = -1, raw = -1, raw6 = -1;
	static struct frame f;
	bool taken;

	if (number) {
		wire_enter("wire");
		packet = wire_packet("w1");
	} else {
		wire_enter("fuzz");
		tun = wire_tun("t0", true);
		raw = raw_socket(AF_INET);
		raw6 = raw_socket(AF_INET6);
	}
	while (shared->given++ < frames) {
		if (!number && !below(NAT_FLUSH_EVERY)) {
			family_begin(family, IPSEC_QOS_CMD_NAT_FLUSH, NLM_F_ACK);
			talk(family, "the end of translations");
		}
		do {
			make(&f);
			if (number)
				taken = by_packet(packet, &f);
			else if (below(4))
				taken = by_tun(tun, &f);
			else
				taken = by_socket(raw, &f) || by_socket6(raw6, &f);
		} while (!taken);
		shared->taken++;
	}
}

/* What came of it */

static const char * const counters[IPSEC_QOS_COUNTER_MAX + 1] = {
	[IPSEC_QOS_COUNTER_ESP_IN] = "esp in",
	[IPSEC_QOS_COUNTER_ESP_OUT] = "esp out",
	[IPSEC_QOS_COUNTER_IKE_IN] = "ike in",
	[IPSEC_QOS_COUNTER_IKE_OUT] = "ike out",
	[IPSEC_QOS_COUNTER_CLEAR_IN] = "clear in",
};

static const char * const nat_counters[IPSEC_QOS_NAT_COUNTER_MAX + 1] = {
	[IPSEC_QOS_NAT_COUNTER_OUT] = "nat out",
	[IPSEC_QOS_NAT_COUNTER_IN] = "nat in",
	[IPSEC_QOS_NAT_COUNTER_ICMP] = "nat icmp",
	[IPSEC_QOS_NAT_COUNTER_UNMATCHED] = "unmatched",
	[IPSEC_QOS_NAT_COUNTER_COLLISION] = "collision",
	[IPSEC_QOS_NAT_COUNTER_AH] = "nat ah",
};

static const char * const element_counters[IPSEC_QOS_ELEMENT_COUNTER_MAX + 1] = {
	[IPSEC_QOS_ELEMENT_COUNTER_SENT] = "steered",
	[IPSEC_QOS_ELEMENT_COUNTER_ICMP] = "errors to",
	[IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE] = "no route",
	[IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG] = "too big",
	[IPSEC_QOS_ELEMENT_COUNTER_TTL] = "ttl",
	[IPSEC_QOS_ELEMENT_COUNTER_DOWN] = "down",
	[IPSEC_QOS_ELEMENT_COUNTER_MARTIAN] = "martian",
};

static const char * const steer_counters[IPSEC_QOS_STEER_COUNTER_MAX + 1] = {
	[IPSEC_QOS_STEER_COUNTER_EXACT] = "by entry",
	[IPSEC_QOS_STEER_COUNTER_HOME] = "home",
	[IPSEC_QOS_STEER_COUNTER_LENT] = "lent",
	[IPSEC_QOS_STEER_COUNTER_HASHED] = "hashed",
	[IPSEC_QOS_STEER_COUNTER_IKE] = "ike",
	[IPSEC_QOS_STEER_COUNTER_ICMP] = "icmp",
	[IPSEC_QOS_STEER_COUNTER_NOBODY] = "nobody",
};

/** struct tally - packets by counter; SAs told of by a dump and by the status */
struct tally {
	unsigned long counter[IPSEC_QOS_COUNTER_MAX + 1];
	unsigned long nat[IPSEC_QOS_NAT_COUNTER_MAX + 1];
	unsigned long element[IPSEC_QOS_ELEMENT_COUNTER_MAX + 1];
	unsigned long steer[IPSEC_QOS_STEER_COUNTER_MAX + 1];
	unsigned long untagged, malformed;
	unsigned int dumped, ikes_dumped, said, ikes_said;
};

unsigned long packets_of(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_COUNTER_A_PACKETS)
			return mnl_attr_get_u64(attr);
	return 0;
}

/* The place of counters, if these are some */
static unsigned long *counters_of(struct tally *t, int nest, int attr)
{
	switch (nest) {
	case IPSEC_QOS_A_GROUP:
		return attr == IPSEC_QOS_GROUP_A_COUNTERS ? t->counter : NULL;
	case IPSEC_QOS_A_NAT_RULE:
		return attr == IPSEC_QOS_NAT_RULE_A_COUNTERS ? t->nat : NULL;
	case IPSEC_QOS_A_ELEMENT:
		return attr == IPSEC_QOS_ELEMENT_A_COUNTERS ? t->element : NULL;
	case IPSEC_QOS_A_STEER:
		return attr == IPSEC_QOS_STEER_A_COUNTERS ? t->steer : NULL;
	default:
		return NULL;
	}
}

static int read_answer(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr, *counter;
	struct tally *t = data;
	unsigned long *place;

	mnl_attr_for_each(nest, msg, 4) {
		t->dumped += mnl_attr_get_type(nest) == IPSEC_QOS_A_SA;
		t->ikes_dumped += mnl_attr_get_type(nest) == IPSEC_QOS_A_IKE;
		mnl_attr_for_each_nested(attr, nest) {
			int type = mnl_attr_get_type(attr);

			place = counters_of(t, mnl_attr_get_type(nest), type);
			if (place)
				mnl_attr_for_each_nested(counter, attr)
					place[mnl_attr_get_type(counter)] +=
						packets_of(counter);
			if (mnl_attr_get_type(nest) != IPSEC_QOS_A_STATUS)
				continue;
			if (type == IPSEC_QOS_STATUS_A_SAS)
				t->said = mnl_attr_get_u32(attr);
			else if (type == IPSEC_QOS_STATUS_A_IKES)
				t->ikes_said = mnl_attr_get_u32(attr);
			else if (type == IPSEC_QOS_STATUS_A_UNTAGGED)
				t->untagged = packets_of(attr);
			else if (type == IPSEC_QOS_STATUS_A_MALFORMED)
				t->malformed = packets_of(attr);
		}
	}
	return MNL_CB_OK;
}

static void tell(struct family *f, struct tally *t)
{
	static const uint8_t dumps[] = {
		IPSEC_QOS_CMD_GROUP_GET, IPSEC_QOS_CMD_SA_GET, IPSEC_QOS_CMD_IKE_GET,
		IPSEC_QOS_CMD_NAT_RULE_GET, IPSEC_QOS_CMD_NAT_GET,
		IPSEC_QOS_CMD_ELEMENT_GET, IPSEC_QOS_CMD_STEER_GET,
	};
	unsigned int i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < sizeof(dumps); i++) {
		family_begin(f, dumps[i], NLM_F_DUMP);
		if (family_talk(f, read_answer, t))
			wire_die("no dump");
	}
	family_begin(f, IPSEC_QOS_CMD_STATUS_GET, NLM_F_ACK);
	if (family_talk(f, read_answer, t))
		wire_die("no status");
}

bool show(const char *what, unsigned long n, unsigned long least)
{
	printf("  %-10s %10lu  %s\n", what, n, n >= least ? "ok" : "TOO FEW");
	return n >= least;
}

static bool show_steering(const struct tally *t, unsigned long least)
{
	bool good = true;
	int i;

	for (i = 1; i <= IPSEC_QOS_ELEMENT_COUNTER_MAX; i++)
		if (element_counters[i])
			good &= show(element_counters[i], t->element[i], least);
	for (i = 1; i <= IPSEC_QOS_STEER_COUNTER_MAX; i++)
		if (steer_counters[i])
			good &= show(steer_counters[i], t->steer[i], least);
	return good;
}

int main(int argc, char **argv)
{
	unsigned long frames = argc > 3 ? strtoul(argv[1], NULL, 0) : 0;
	struct tally before, after;
	static struct family f;
	bool good = true;
	int status, i;
	pid_t pid;

	if (!frames)
		wire_die("usage: frames FRAMES SEED FILE…");
	prng = strtoull(argv[2], NULL, 0) ?: 1;
	for (i = 3; i < argc; i++)
		read_packets(argv[i]);
	printf("%lu frames, mutated from %u packets, seed %llu\n", frames,
	       n_packets, (unsigned long long)prng);
	fflush(stdout);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		wire_die("no memory");

	set_up();
	if (family_open(&f) || family_resolve(&f))
		wire_die("the module does not answer");
	set_groups(&f);
	set_rule(&f);
	set_elements(&f);
	chain_set(&f);
	set_entries(&f);
	tell(&f, &before);
	if (!before.dumped || !before.ikes_dumped)
		wire_die("no SA, or no IKE SA, in any of the packets");

	for (i = 0; i < 2; i++) {
		pid = fork();
		if (pid)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prng += i * 0x9e3779b97f4a7c15ULL;
		send_frames(i, frames, &f);
		exit(0);
	}
	while (wait(&status) > 0)
		good &= !status;

	tell(&f, &after);
	good &= show("frames", shared->taken, frames);
	for (i = 1; i <= IPSEC_QOS_COUNTER_MAX; i++)
		if (counters[i])
			good &= show(counters[i], after.counter[i], frames / 5000);
	for (i = 1; i <= IPSEC_QOS_NAT_COUNTER_MAX; i++)
		if (nat_counters[i])
			good &= show(nat_counters[i], after.nat[i], frames / 5000);
	good &= show_steering(&after, frames / 5000);
	good &= chain_show(&f, frames / 5000);
	good &= show("untagged", after.untagged, frames / 100);
	good &= show("malformed", after.malformed, frames / 100);
	if (after.dumped != before.dumped || after.said != before.said ||
	    after.ikes_dumped != before.ikes_dumped ||
	    after.ikes_said != before.ikes_said || after.dumped != after.said ||
	    after.ikes_dumped != after.ikes_said) {
		fprintf(stderr, "FAIL: there were %u SAs and %u IKE SAs; now a dump has %u and %u, the status %u and %u\n",
			before.dumped, before.ikes_dumped, after.dumped,
			after.ikes_dumped, after.said, after.ikes_said);
		good = false;
	}
	return !good;
}
