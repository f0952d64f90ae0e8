// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The namespace in which every packet counts: entries that stay, and those who
 * change everything around them.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>

#include "storm.h"

#define EXTRAS	20		/* batches that a resync may state beside the steady SAs */
#define BATCH	250

static struct sa steady[N_STEADY];

enum shape { ESP4, ESP6, UDP4, AH4, SHAPES };

static enum shape shape_of(unsigned int i)
{
	return i % SHAPES;
}

void steady_setup(void)
{
	unsigned int i;

	wire_sh("modprobe tun; ip netns add steady; ip -n steady link set lo up\n"
		"ip netns exec steady sysctl -qw net.ipv4.ip_forward=1 "
		"	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
		"	net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0\n"
		"ip -n steady tuntap add t0 mode tun multi_queue\n"
		"ip -n steady link add d0 type dummy\n"
		"ip -n steady addr add 10.0.1.1/24 dev t0\n"
		"ip -n steady addr add fd01::1/64 dev t0 nodad\n"
		"ip -n steady addr add 10.0.2.1/24 dev d0\n"
		"ip -n steady addr add fd02::1/64 dev d0 nodad\n"
		"ip -n steady link set t0 up; ip -n steady link set d0 up");
	for (i = 0; i < N_STEADY; i++) {
		steady[i].spi = 0x1000 + i;
		steady[i].proto = shape_of(i) == AH4 ? IPPROTO_AH : IPPROTO_ESP;
		steady[i].family = shape_of(i) == ESP6 ? AF_INET6 : AF_INET;
		inet_pton(steady[i].family, shape_of(i) == ESP6 ? "fd02::2" :
			  "10.0.2.2", steady[i].dst);
	}
}

/* Entries. All that is here to stay is the daemon's. */

static void put_groups(struct family *f)
{
	family_begin(f, IPSEC_QOS_CMD_GROUP_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, DAEMON);
	family_add_group(f->msg, GOLD, "gold", 0x10, below(2) ? 0x10010 : 0);
	family_add_group(f->msg, SILVER, "silver", 0x20, 0);
}

static void put_steady(struct family *f)
{
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_SA_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, DAEMON);
	for (i = 0; i < N_STEADY; i++)
		family_add_sa(f->msg, &steady[i], GOLD + below(2));
}

static void put_steady_ikes(struct family *f)
{
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_IKE_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, DAEMON);
	for (i = 0; i < N_STEADY_IKE; i++)
		family_add_ike(f->msg, 0x1000 + i, 0x2000 + i, GOLD + below(2));
}

static int talk(struct family *f)
{
	return family_talk(f, NULL, NULL);
}

static int put_all(struct family *f)
{
	int err;

	put_groups(f);
	err = talk(f);
	if (err)
		return err;
	put_steady(f);
	err = talk(f);
	if (err)
		return err;
	put_steady_ikes(f);
	return talk(f);
}

void steady_fill(struct family *f)
{
	int err = put_all(f);

	if (err)
		failed("the steady entries are not taken: %s", strerror(-err));
	shared->sent_sa = shared->sent_ike = shared->sent_bytes = shared->late = 0;
}

/* Packets */

static size_t put_ipv4(uint8_t *p, uint8_t proto, size_t len, uint16_t id,
		       uint16_t frag)
{
	/* 10.0.1.2 to 10.0.2.2 */
	wire_put_ipv4(p, proto, 0x0a000102, 0x0a000202, len, id, frag);
	return 20;
}

static size_t put_ipv6(uint8_t *p, uint8_t next, size_t len)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	wire_put16(p + 4, len);
	p[6] = next;
	p[7] = 64;
	inet_pton(AF_INET6, "fd01::2", p + 8);
	inet_pton(AF_INET6, "fd02::2", p + 24);
	return 40;
}

static size_t put_udp(uint8_t *p, uint16_t port, size_t len)
{
	wire_put16(p, port);
	wire_put16(p + 2, port);
	wire_put16(p + 4, 8 + len);
	wire_put16(p + 6, 0);
	return 8;
}

/* put_sa() - what an IP header is in front of; returns its protocol */
static uint8_t put_sa(uint8_t *p, unsigned int which, size_t len)
{
	memset(p, 0xa5, len);
	switch (shape_of(which)) {
	case UDP4:
		wire_put32(p + put_udp(p, 4500, len - 8), steady[which].spi);
		return IPPROTO_UDP;
	case AH4:
		wire_put32(p, IPPROTO_TCP << 24 | 4 << 16);
		wire_put32(p + 4, steady[which].spi);
		return IPPROTO_AH;
	default:
		wire_put32(p, steady[which].spi);
		return IPPROTO_ESP;
	}
}

static size_t put_ike(uint8_t *p, unsigned int which)
{
	memset(p, 0, 8 + 28 + 100);
	put_udp(p, 500, 28 + 100);
	wire_put32(p + 12, 0x1000 + which);
	wire_put32(p + 20, 0x2000 + which);
	p[8 + 17] = 0x20;
	wire_put32(p + 8 + 24, 28 + 100);
	return 8 + 28 + 100;
}

/* What is on its way is said first: the counters may never be ahead of it. */
static void emit(int fd, const uint8_t *packet, size_t len, bool ike)
{
	(ike ? &shared->sent_ike : &shared->sent_sa)[0]++;
	shared->sent_bytes += len;
	if (write(fd, packet, len) != (ssize_t)len)
		failed("a packet is not taken: %s", strerror(errno));
	done(1);
}

/* One packet in two fragments. The module remembers the first for a second. */
static void emit_fragments(int fd, const uint8_t *payload, size_t len,
			   uint8_t proto, bool ipv6, uint32_t id)
{
	const size_t cut = 64;
	struct timespec before, after;
	uint8_t packet[1024];
	size_t hlen;

	clock_gettime(CLOCK_MONOTONIC, &before);
	if (ipv6) {
		hlen = put_ipv6(packet, IPPROTO_FRAGMENT, 8 + cut);
		wire_put32(packet + hlen, proto << 24 | 1);
		wire_put32(packet + hlen + 4, id);
		hlen += 8;
	} else {
		hlen = put_ipv4(packet, proto, cut, id, 0x2000);
	}
	memcpy(packet + hlen, payload, cut);
	emit(fd, packet, hlen + cut, false);

	len -= cut;
	if (ipv6) {
		wire_put16(packet + 4, 8 + len);
		wire_put16(packet + hlen - 6, cut);
	} else {
		put_ipv4(packet, proto, len, id, cut / 8);
	}
	memcpy(packet + hlen, payload + cut, len);
	emit(fd, packet, hlen + len, false);
	clock_gettime(CLOCK_MONOTONIC, &after);
	if ((after.tv_sec - before.tv_sec) * 1000L +
	    (after.tv_nsec - before.tv_nsec) / 1000000L > 500)
		shared->late++;
}

static void emit_one(int fd, uint32_t *id)
{
	unsigned int which = below(N_STEADY + N_STEADY_IKE);
	size_t len = 128 + 8 * below(64), hlen;
	uint8_t packet[1024], payload[1024], proto;
	bool ipv6;

	if (which >= N_STEADY) {
		len = put_ike(payload, which - N_STEADY);
		hlen = put_ipv4(packet, IPPROTO_UDP, len, 0, 0x4000);
		memcpy(packet + hlen, payload, len);
		emit(fd, packet, hlen + len, true);
		return;
	}
	ipv6 = shape_of(which) == ESP6;
	proto = put_sa(payload, which, len);
	if (!below(8)) {
		/* two senders: none takes another's identification */
		*id += SENDERS;
		emit_fragments(fd, payload, len, proto, ipv6, *id);
		return;
	}
	hlen = ipv6 ? put_ipv6(packet, proto, len) :
		      put_ipv4(packet, proto, len, 0, 0x4000);
	memcpy(packet + hlen, payload, len);
	emit(fd, packet, hlen + len, false);
}

void act_steady(void)
{
	unsigned int number = shared->senders++;
	int fd = wire_tun("t0", false);
	uint32_t id = number;
	bool resting = true;
	cpu_set_t cpu;

	shared->resting++;
	CPU_ZERO(&cpu);
	CPU_SET(number, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
	for (;;) {
		switch (sender_turn(&resting)) {
		case TURN_BEGIN:
			break;
		case TURN_SEND:
			emit_one(fd, &id);
			break;
		case TURN_END:
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

/* Is all that was sent accounted for? */

/** struct tally - packets, as several places count them */
struct tally {
	unsigned long sa, ike, bytes;	/* the groups */
	unsigned long entries;		/* the SAs' own */
	unsigned long untagged, malformed;
};

static void read_count(const struct nlattr *nest, unsigned long *packets,
		       unsigned long *bytes)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == IPSEC_QOS_COUNTER_A_PACKETS)
			*packets += mnl_attr_get_u64(attr);
		else if (mnl_attr_get_type(attr) == IPSEC_QOS_COUNTER_A_BYTES)
			*bytes += mnl_attr_get_u64(attr);
	}
}

static int read_group(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *group, *attr, *counter;
	struct tally *t = data;
	unsigned long others = 0;

	mnl_attr_for_each(group, msg, 4) {
		mnl_attr_for_each_nested(attr, group) {
			if (mnl_attr_get_type(attr) != IPSEC_QOS_GROUP_A_COUNTERS)
				continue;
			mnl_attr_for_each_nested(counter, attr) {
				int type = mnl_attr_get_type(counter);

				read_count(counter,
					   type == IPSEC_QOS_COUNTER_ESP_IN ? &t->sa :
					   type == IPSEC_QOS_COUNTER_IKE_IN ? &t->ike :
					   &others, &t->bytes);
			}
		}
	}
	if (others)
		failed("%lu packets counted that were never there", others);
	return MNL_CB_OK;
}

static int read_entry(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attr;
	struct tally *t = data;
	uint64_t packets = 0;
	struct sa sa;

	mnl_attr_for_each(attr, msg, 4)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_A_SA &&
		    family_get_sa(attr, &sa, &packets))
			t->entries += packets;
	return MNL_CB_OK;
}

static int read_status(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr;
	unsigned long bytes = 0;
	struct tally *t = data;

	mnl_attr_for_each(nest, msg, 4) {
		if (mnl_attr_get_type(nest) != IPSEC_QOS_A_STATUS)
			continue;
		mnl_attr_for_each_nested(attr, nest) {
			if (mnl_attr_get_type(attr) == IPSEC_QOS_STATUS_A_UNTAGGED)
				read_count(attr, &t->untagged, &bytes);
			if (mnl_attr_get_type(attr) == IPSEC_QOS_STATUS_A_MALFORMED)
				read_count(attr, &t->malformed, &bytes);
		}
	}
	t->bytes += bytes;
	return MNL_CB_OK;
}

void steady_check(struct family *f)
{
	unsigned long sent = shared->sent_sa, ike = shared->sent_ike;
	struct tally t = {};
	unsigned int i;
	int err;

	family_begin(f, IPSEC_QOS_CMD_GROUP_GET, NLM_F_DUMP);
	err = family_talk(f, read_group, &t);
	family_begin(f, IPSEC_QOS_CMD_STATUS_GET, NLM_F_ACK);
	err = err ?: family_talk(f, read_status, &t);
	for (i = 0; i < N_STEADY && !err; i++) {
		family_begin(f, IPSEC_QOS_CMD_SA_GET, NLM_F_ACK);
		family_add_sa(f->msg, &steady[i], 0);
		err = family_talk(f, read_entry, &t);
	}
	if (err)
		failed("the counters cannot be read: %s", strerror(-err));
	/* A packet whose fragments came late may be nobody's. */
	if (t.untagged > shared->late || t.malformed)
		failed("of %lu packets to SAs that are there %lu were untagged, %lu malformed (%lu late)",
		       sent, t.untagged, t.malformed, shared->late);
	if (t.sa + t.untagged != sent || t.ike != ike ||
	    t.bytes != shared->sent_bytes || t.entries != t.sa)
		failed("sent %lu packets and %lu of IKE, %lu bytes; the groups counted %lu and %lu, %lu bytes, the SAs %lu",
		       sent, ike, shared->sent_bytes, t.sa, t.ike, t.bytes,
		       t.entries);
}

/* What goes on around them */

/* SAs that a resync states, or leaves out again */
static int put_extras(struct family *f, unsigned int batch)
{
	struct sa sa = { .family = AF_INET, .proto = IPPROTO_ESP };
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_SA_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	put_owner(f, DAEMON);
	inet_pton(AF_INET, "10.0.4.1", sa.dst);
	hold_still();
	for (i = 0; i < BATCH; i++) {
		sa.spi = 0x10000 + batch * BATCH + i;
		sa.dst[3] = i;
		family_add_sa(f->msg, &sa, GOLD + below(2));
	}
	return talk(f);
}

static int read_generation(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, msg, 4)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_A_GENERATION)
			*(uint32_t *)data = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

void act_resync(void)
{
	static struct family f;
	uint32_t generation;
	unsigned int i, n;
	int err;

	while (going()) {
		if (!ready(&f))
			continue;
		family_begin(&f, IPSEC_QOS_CMD_RESYNC_START, NLM_F_ACK);
		put_owner(&f, DAEMON);
		if (family_talk(&f, read_generation, &generation))
			continue;
		err = put_all(&f);
		n = below(2) ? below(EXTRAS + 1) : 0;
		for (i = 0; i < n && !err && going(); i++)
			err = put_extras(&f, below(EXTRAS));
		if (err)
			continue;
		family_begin(&f, IPSEC_QOS_CMD_RESYNC_END, NLM_F_ACK);
		put_owner(&f, DAEMON);
		mnl_attr_put_u32(f.msg, IPSEC_QOS_A_GENERATION, generation);
		ask(&f);
	}
}

void act_move(void)
{
	static struct family f;
	unsigned int i, n;

	while (going()) {
		if (!ready(&f))
			continue;
		n = 1 + below(below(4) ? 4 : 100);
		i = below(N_STEADY - n);
		family_begin(&f, IPSEC_QOS_CMD_SA_NEW, NLM_F_ACK | NLM_F_REPLACE);
		put_owner(&f, DAEMON);
		for (; n--; i++)
			family_add_sa(f.msg, &steady[i], GOLD + below(2));
		ask(&f);
		i = below(N_STEADY_IKE);
		family_begin(&f, IPSEC_QOS_CMD_IKE_NEW, NLM_F_ACK | NLM_F_REPLACE);
		put_owner(&f, DAEMON);
		family_add_ike(f.msg, 0x1000 + i, 0x2000 + i, GOLD + below(2));
		ask(&f);
	}
}

static int tick_off(const struct nlmsghdr *msg, void *data)
{
	unsigned int *seen = data;
	const struct nlattr *attr;
	uint64_t packets;
	struct sa sa;

	mnl_attr_for_each(attr, msg, 4) {
		if (mnl_attr_get_type(attr) != IPSEC_QOS_A_SA)
			continue;
		if (!family_get_sa(attr, &sa, &packets)) {
			failed("a dump tells of an SA that is not whole");
			continue;
		}
		if (sa.spi - 0x1000 < N_STEADY &&
		    !memcmp(&sa, &steady[sa.spi - 0x1000], sizeof(sa)))
			seen[sa.spi - 0x1000]++;
	}
	return MNL_CB_OK;
}

static int dump(struct family *f, uint8_t cmd, mnl_cb_t cb, void *data)
{
	begin_dump(f, cmd);
	return family_talk(f, cb, data);
}

/*
 * Of a dump that nothing changed under, every entry that is there is told, once.
 * There are such dumps only where for a moment nobody changes anything.
 */
static void dump_in_quiet(struct family *f)
{
	unsigned int seen[N_STEADY], i, tries = 3;
	int err;

	while (!shared->open && going())
		usleep(POLL);
	quiet(true);
	/* Both stay: who takes them away wants quiet for it. */
	if (!shared->open || !ready(f)) {
		quiet(false);
		return;
	}
	/* until what was begun has ended, and what has a second to live is gone */
	usleep(1500000);
	/* all wait for it */
	be_nice(-10);
	do {
		memset(seen, 0, sizeof(seen));
		err = dump(f, IPSEC_QOS_CMD_SA_GET, tick_off, seen);
	} while (!err && f->intr && --tries && going());
	be_nice(0);
	quiet(false);
	if (err || f->intr)
		return;
	for (i = 0; i < N_STEADY; i++)
		if (seen[i] != 1)
			failed("a dump tells %u times of SA 0x%x", seen[i],
			       steady[i].spi);
	done(1);
}

void act_dump(void)
{
	unsigned int seen[N_STEADY] = {}, n = 0;
	static struct family f;

	while (going()) {
		if (!ready(&f))
			continue;
		dump(&f, IPSEC_QOS_CMD_SA_GET, tick_off, seen);
		dump(&f, IPSEC_QOS_CMD_IKE_GET, NULL, NULL);
		dump(&f, IPSEC_QOS_CMD_GROUP_GET, NULL, NULL);
		if (n++ % 2 == 0)
			dump_in_quiet(&f);
	}
}

/* SAs of the kernel's own: announced, installed, deleted; the entry goes with it. */

static int xfrm_talk(struct mnl_socket *nl, struct nlmsghdr *msg)
{
	char answer[8192];
	int n;

	if (mnl_socket_sendto(nl, msg, msg->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	if (n < 0 || mnl_cb_run(answer, n, msg->nlmsg_seq,
				mnl_socket_get_portid(nl), NULL, NULL) < 0)
		return -errno;
	return 0;
}

static void put_algorithm(struct nlmsghdr *msg, int type, const char *name)
{
	struct xfrm_algo alg = {};

	strcpy(alg.alg_name, name);
	mnl_attr_put(msg, type, sizeof(alg), &alg);
}

static int xfrm_add(struct mnl_socket *nl, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	char room[1024];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);

	msg->nlmsg_type = XFRM_MSG_NEWSA;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg->nlmsg_seq = 1;
	info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	info->id.daddr.a4 = htonl(0x0a000101);
	info->id.spi = htonl(spi);
	info->id.proto = IPPROTO_ESP;
	info->saddr.a4 = htonl(0x0a000102);
	info->family = AF_INET;
	info->mode = XFRM_MODE_TUNNEL;
	info->lft.soft_byte_limit = info->lft.hard_byte_limit = XFRM_INF;
	info->lft.soft_packet_limit = info->lft.hard_packet_limit = XFRM_INF;
	/* Some go by themselves. */
	info->lft.hard_add_expires_seconds = below(4) ? 0 : 1;
	put_algorithm(msg, XFRMA_ALG_CRYPT, "ecb(cipher_null)");
	put_algorithm(msg, XFRMA_ALG_AUTH, "digest_null");
	return xfrm_talk(nl, msg);
}

static int xfrm_delete(struct mnl_socket *nl, uint32_t spi)
{
	struct xfrm_usersa_id *id;
	char room[1024];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);

	msg->nlmsg_type = XFRM_MSG_DELSA;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg->nlmsg_seq = 1;
	id = mnl_nlmsg_put_extra_header(msg, sizeof(*id));
	id->daddr.a4 = htonl(0x0a000101);
	id->spi = htonl(spi);
	id->proto = IPPROTO_ESP;
	id->family = AF_INET;
	return xfrm_talk(nl, msg);
}

void act_kernel_sas(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	struct sa sa = { .family = AF_INET, .proto = IPPROTO_ESP,
			 .dst = { 10, 0, 1, 1 } };
	static struct family f;
	struct nlattr *nest;
	unsigned int loads, i, n;
	int err;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		wire_die("no netlink for XFRM");
	while (going()) {
		if (!ready(&f))
			continue;
		loads = shared->loads;
		n = 1 + below(8);
		for (i = 0; i < n; i++) {
			sa.spi = 0x9000 + i;
			hold_still();
			family_begin(&f, IPSEC_QOS_CMD_SA_NEW,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
			put_owner(&f, DAEMON);
			nest = family_begin_sa(f.msg, &sa, GOLD);
			mnl_attr_put_u32(f.msg, IPSEC_QOS_SA_A_FLAGS,
					 IPSEC_QOS_SA_F_PENDING);
			mnl_attr_nest_end(f.msg, nest);
			talk(&f);
			err = xfrm_add(nl, sa.spi);
			if (err)
				failed("no SA: %s", strerror(-err));
		}
		if (!below(4))
			usleep(below(1500000));
		for (i = 0; i < n; i++) {
			sa.spi = 0x9000 + i;
			hold_still();
			xfrm_delete(nl, sa.spi);
			family_begin(&f, IPSEC_QOS_CMD_SA_GET, NLM_F_ACK);
			family_add_sa(f.msg, &sa, 0);
			if (talk(&f) != -ENOENT && loads == shared->loads)
				failed("the kernel's SA 0x%x is gone, its entry is not",
				       sa.spi);
			done(1);
		}
	}
}
