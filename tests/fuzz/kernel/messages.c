// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * messages MESSAGES SEED - send the module's netlink family messages that are
 * mutated from valid ones of each of its commands: as root, who may change
 * everything; and as one without rights, and as root of a user namespace with a
 * network of its own, who must change nothing here. SEED is printed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/genetlink.h>

#include "../../lib/steering.h"
#include "messages.h"

#define HEAD	(NLMSG_HDRLEN + GENL_HDRLEN)

uint64_t prng;
static uint32_t generation;		/* that was opened last */
static unsigned long said[IPSEC_QOS_CMD_MAX + 2];	/* 0s and answers by command */

/* Valid messages */

static uint32_t some_group(void)
{
	return below(4) ? 1 : 1 + below(8);
}

static void put_some_sa(struct nlmsghdr *msg, uint8_t cmd)
{
	bool whole = cmd < IPSEC_QOS_CMD_SA_GET;
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_SA);
	static const uint8_t dst[16] = { 192, 0, 2 };
	/* most that are to be deleted are there: see fill() */
	bool there = cmd == IPSEC_QOS_CMD_SA_DEL && below(4), ipv6 = !there && below(2);

	if (whole || below(2))
		mnl_attr_put_u8(msg, IPSEC_QOS_SA_A_FAMILY, ipv6 ? AF_INET6 : AF_INET);
	if (whole || below(2))
		mnl_attr_put(msg, IPSEC_QOS_SA_A_DST, ipv6 ? 16 : 4, dst);
	if (whole || below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_SPI,
				 0x100 + (there ? 2 * below(32) : below(64)));
	if (!there && below(2))
		mnl_attr_put_u8(msg, IPSEC_QOS_SA_A_PROTO, 50 + below(2));
	if (cmd != IPSEC_QOS_CMD_SA_DEL && below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_GROUP, some_group());
	if (cmd != IPSEC_QOS_CMD_SA_DEL && !below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_ELEMENT, 1 + below(8));
	if (cmd == IPSEC_QOS_CMD_SA_NEW && !below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_LIFETIME, 1 + below(100));
	if (cmd == IPSEC_QOS_CMD_SA_NEW && !below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_FLAGS, below(2));
	mnl_attr_nest_end(msg, nest);
}

static void put_some_ike(struct nlmsghdr *msg, uint8_t cmd)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_IKE);
	bool whole = cmd < IPSEC_QOS_CMD_IKE_GET;

	if (whole || below(2))
		mnl_attr_put_u64(msg, IPSEC_QOS_IKE_A_SPI_I, 1 + below(32));
	/* as above */
	if (whole || below(2))
		mnl_attr_put_u64(msg, IPSEC_QOS_IKE_A_SPI_R,
				 cmd == IPSEC_QOS_CMD_IKE_DEL && below(4) ? 1 : below(2));
	if (cmd != IPSEC_QOS_CMD_IKE_DEL && below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_IKE_A_GROUP, some_group());
	if (cmd == IPSEC_QOS_CMD_IKE_NEW && !below(4))
		mnl_attr_put_u32(msg, IPSEC_QOS_IKE_A_LIFETIME, 1 + below(100));
	mnl_attr_nest_end(msg, nest);
}

static void put_some_group(struct nlmsghdr *msg, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_GROUP);
	unsigned int id = 1 + below(whole ? 8 : 4);
	char name[16];

	snprintf(name, sizeof(name), "g%u", below(4) ? id : 1 + below(8));
	mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_ID, id);
	if (whole || below(2))
		mnl_attr_put_strz(msg, IPSEC_QOS_GROUP_A_NAME, name);
	if (whole) {
		mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_MARK, below(16) << 4);
		mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_MASK, 0xf0);
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_PRIORITY, below(9));
		if (below(2))
			mnl_attr_put_u8(msg, IPSEC_QOS_GROUP_A_DSCP, below(64));
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_MARK_CLEAR, below(16) << 4);
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_FLAGS,
					 below(2) * IPSEC_QOS_GROUP_F_NO_SYSFS);
	}
	mnl_attr_nest_end(msg, nest);
}

static void put_some_settings(struct nlmsghdr *msg)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_CONF), *table, *entry;
	uint16_t ports[8] = { 500, 4500, 1, 2, 3, 4, 5, 6 };
	unsigned int n;

	if (below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_CONF_A_MAX_SAS, 1 + below(1000));
	if (below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_CONF_A_MAX_GROUPS, 1 + below(1000));
	if (below(2))
		mnl_attr_put(msg, IPSEC_QOS_CONF_A_IKE_PORTS, 2 * below(9), ports);
	if (below(2)) {
		table = mnl_attr_nest_start(msg, IPSEC_QOS_CONF_A_FALLBACK);
		for (n = below(64); n; n--) {
			entry = mnl_attr_nest_start(msg, IPSEC_QOS_FALLBACK_A_ENTRY);
			mnl_attr_put_u8(msg, IPSEC_QOS_FALLBACK_A_DSCP, n);
			mnl_attr_put_u32(msg, IPSEC_QOS_FALLBACK_A_MARK, n);
			mnl_attr_nest_end(msg, entry);
		}
		mnl_attr_nest_end(msg, table);
	}
	if (below(2))
		mnl_attr_put_u8(msg, IPSEC_QOS_CONF_A_UNKNOWN,
				below(IPSEC_QOS_UNKNOWN_MAX + 1));
	if (below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT, 1 + below(8));
	if (below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_CONF_A_UNKNOWN_RATE, 1 + below(1000));
	if (!below(4))
		chain_put_range(msg);
	mnl_attr_nest_end(msg, nest);
}

static void put_some_prefix(struct nlmsghdr *msg, int type, uint32_t net)
{
	uint8_t len = 8 + below(17);
	uint32_t prefix = htonl(net & UINT32_MAX << (32 - len));

	mnl_attr_put(msg, type, sizeof(prefix), &prefix);
	mnl_attr_put_u8(msg, type + 1, len);
}

static void put_some_rule(struct nlmsghdr *msg, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_NAT_RULE);
	static const uint8_t key[IPSEC_QOS_NAT_KEY_BYTES] = "a key";
	uint8_t scheme = below(IPSEC_QOS_NAT_SCHEME_MAX + 1);
	uint32_t global = htonl(0xc0000201);
	bool dev = below(2);

	mnl_attr_put_u32(msg, IPSEC_QOS_NAT_RULE_A_ID, 1 + below(8));
	if (whole) {
		if (dev)
			mnl_attr_put_strz(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, "in");
		if (!dev || below(2))
			put_some_prefix(msg, IPSEC_QOS_NAT_RULE_A_INSIDE, 0x0a010203);
		mnl_attr_put_strz(msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, "out");
		if (below(2))
			mnl_attr_put(msg, IPSEC_QOS_NAT_RULE_A_GLOBAL, 4, &global);
		if (below(2))
			put_some_prefix(msg, IPSEC_QOS_NAT_RULE_A_RESPONDER, 0x0a020304);
		mnl_attr_put_u8(msg, IPSEC_QOS_NAT_RULE_A_SCHEME, scheme);
		if (scheme == IPSEC_QOS_NAT_SIPHASH_LOW16)
			mnl_attr_put(msg, IPSEC_QOS_NAT_RULE_A_KEY, sizeof(key), key);
		mnl_attr_put_u8(msg, IPSEC_QOS_NAT_RULE_A_COLLISION,
				below(IPSEC_QOS_NAT_COLLISION_MAX + 1));
		mnl_attr_put_u8(msg, IPSEC_QOS_NAT_RULE_A_UNDERIVED,
				below(IPSEC_QOS_NAT_UNDERIVED_MAX + 1));
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_NAT_RULE_A_IDLE, 1 + below(9));
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_NAT_RULE_A_WAIT, 1 + below(9));
		if (below(2))
			mnl_attr_put_u32(msg, IPSEC_QOS_NAT_RULE_A_MAX_NODE, 1 + below(9));
	}
	mnl_attr_nest_end(msg, nest);
}

static void put_some_nat(struct nlmsghdr *msg)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_NAT);

	if (below(2))
		mnl_attr_put_u32(msg, IPSEC_QOS_NAT_A_RULE, 1 + below(8));
	mnl_attr_nest_end(msg, nest);
}

static const uint8_t via6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

static void put_some_element(struct nlmsghdr *msg, bool whole)
{
	struct element e = { .id = 1 + below(8), .state = -1 };
	char name[16];

	snprintf(name, sizeof(name), "e%u", below(8) ? e.id : 1 + below(8));
	if (whole || !below(4))
		e.name = name;
	if (whole && below(2))
		e.state = below(IPSEC_QOS_ELEMENT_STATE_MAX + 1);
	if (whole) {
		switch (below(8)) {
		case 0:
			e.nexthop = 1 + below(4);
			break;
		case 1:
			e.via6 = via6;
			break;
		case 2:
			e.dev = below(2) ? "lo" : "no such one";
			break;
		default:
			e.dev = below(2) ? "lo" : NULL;
			e.via = 0xc0000200 + below(8);
		}
	}
	steering_add_element(msg, &e);
}

static void put_some_pool(struct nlmsghdr *msg, uint8_t cmd)
{
	static const uint8_t secret[IPSEC_QOS_POOL_SECRET_BYTES] = "a secret";
	uint8_t buckets[IPSEC_QOS_BUCKETS / 8];
	bool whole = cmd == IPSEC_QOS_CMD_POOL_NEW;
	/* the second of fill_steering() is nobody's, and can go */
	uint32_t id = cmd == IPSEC_QOS_CMD_POOL_DEL && below(2) ? 2 : 1 + below(4), element;
	struct nlattr *nest;
	char name[16];

	snprintf(name, sizeof(name), "p%u", below(8) ? id : 1 + below(4));
	nest = steering_begin_pool(msg, id, whole || !below(4) ? name : NULL);
	if (cmd == IPSEC_QOS_CMD_POOL_RELEASE && below(2)) {
		memset(buckets, below(256), sizeof(buckets));
		mnl_attr_put(msg, IPSEC_QOS_POOL_A_BUCKETS, sizeof(buckets), buckets);
	}
	if (whole && !below(4))
		mnl_attr_put_u8(msg, IPSEC_QOS_POOL_A_MODE, below(IPSEC_QOS_POOL_MODE_MAX + 1));
	if (whole && !below(4))
		mnl_attr_put(msg, IPSEC_QOS_POOL_A_SECRET, sizeof(secret), secret);
	for (element = below(4) ? 4 : 8; whole && element; element--)
		if (below(2))
			steering_add_member(msg, element, 1 + below(below(2) ? 4 : 0xffff));
	mnl_attr_nest_end(msg, nest);
}

static void put_some_steer(struct nlmsghdr *msg, bool whole)
{
	static const uint8_t dst[16] = { 192, 0, 2 };
	uint8_t ike = below(IPSEC_QOS_STEER_IKE_MAX + 1);
	struct nlattr *nest;
	bool ipv6 = below(2);
	uint8_t len = 24 + below(9);

	/* most that are to be deleted are there: see fill_steering() */
	if (!whole && below(4))
		len = ipv6 ? 32 : 24;
	nest = steering_begin_prefix(msg, ipv6 ? AF_INET6 : AF_INET, dst, len);
	if (whole) {
		mnl_attr_put_u32(msg, IPSEC_QOS_STEER_A_POOL, 1 + below(4));
		mnl_attr_put_u8(msg, IPSEC_QOS_STEER_A_IKE, ike);
		if (ike == IPSEC_QOS_STEER_IKE_ELEMENT)
			mnl_attr_put_u32(msg, IPSEC_QOS_STEER_A_IKE_ELEMENT, 1 + below(8));
	}
	mnl_attr_nest_end(msg, nest);
}

static void put_some_test(struct nlmsghdr *msg)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_STEER_TEST);
	static const uint8_t addr[16] = { 192, 0, 2, 1 };
	bool ipv6 = below(2);

	mnl_attr_put_u8(msg, IPSEC_QOS_STEER_TEST_A_FAMILY, ipv6 ? AF_INET6 : AF_INET);
	mnl_attr_put(msg, IPSEC_QOS_STEER_TEST_A_DST, ipv6 ? 16 : 4, addr);
	if (below(2))
		mnl_attr_put(msg, IPSEC_QOS_STEER_TEST_A_SRC, ipv6 ? 16 : 4, addr);
	mnl_attr_put_u32(msg, IPSEC_QOS_STEER_TEST_A_SPI, 0x100 + (below(64) << 16));
	if (below(2))
		mnl_attr_put_u8(msg, IPSEC_QOS_STEER_TEST_A_PROTO, 50 + below(2));
	mnl_attr_nest_end(msg, nest);
}

static void make(struct family *f)
{
	static const uint16_t how[] = {
		0, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL, NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_REPLACE, NLM_F_DUMP,
	};
	uint8_t cmd = 1 + below(IPSEC_QOS_CMD_MAX);
	unsigned int n = below(4) ? 1 : below(20), i;

	family_begin(f, cmd, (below(4) ? NLM_F_ACK : 0) |
		     how[below(sizeof(how) / sizeof(how[0]))]);
	if (!below(4))
		mnl_attr_put_u8(f->msg, IPSEC_QOS_A_OWNER, below(2));
	if (!below(4))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_A_COUNT, UINT32_MAX >> below(32));
	for (i = 0; i < n; i++) {
		switch (cmd) {
		case IPSEC_QOS_CMD_GROUP_NEW:
			put_some_group(f->msg, true);
			break;
		case IPSEC_QOS_CMD_GROUP_DEL:
		case IPSEC_QOS_CMD_GROUP_GET:
			put_some_group(f->msg, false);
			break;
		case IPSEC_QOS_CMD_SA_NEW:
		case IPSEC_QOS_CMD_SA_DEL:
		case IPSEC_QOS_CMD_SA_GET:
		case IPSEC_QOS_CMD_SA_FLUSH:
			put_some_sa(f->msg, cmd);
			break;
		case IPSEC_QOS_CMD_IKE_NEW:
		case IPSEC_QOS_CMD_IKE_DEL:
		case IPSEC_QOS_CMD_IKE_GET:
		case IPSEC_QOS_CMD_IKE_FLUSH:
			put_some_ike(f->msg, cmd);
			break;
		case IPSEC_QOS_CMD_CONF_SET:
			put_some_settings(f->msg);
			break;
		case IPSEC_QOS_CMD_RESYNC_END:
			mnl_attr_put_u32(f->msg, IPSEC_QOS_A_GENERATION,
					 below(4) ? generation : below(16));
			break;
		case IPSEC_QOS_CMD_NAT_RULE_NEW:
		case IPSEC_QOS_CMD_NAT_RULE_DEL:
			put_some_rule(f->msg, cmd == IPSEC_QOS_CMD_NAT_RULE_NEW);
			break;
		case IPSEC_QOS_CMD_NAT_GET:
		case IPSEC_QOS_CMD_NAT_FLUSH:
			put_some_nat(f->msg);
			break;
		case IPSEC_QOS_CMD_ELEMENT_NEW:
		case IPSEC_QOS_CMD_ELEMENT_DEL:
		case IPSEC_QOS_CMD_ELEMENT_GET:
			put_some_element(f->msg, cmd == IPSEC_QOS_CMD_ELEMENT_NEW);
			break;
		case IPSEC_QOS_CMD_POOL_NEW:
		case IPSEC_QOS_CMD_POOL_DEL:
		case IPSEC_QOS_CMD_POOL_GET:
		case IPSEC_QOS_CMD_POOL_RELEASE:
			put_some_pool(f->msg, cmd);
			break;
		case IPSEC_QOS_CMD_STEER_NEW:
		case IPSEC_QOS_CMD_STEER_DEL:
			put_some_steer(f->msg, cmd == IPSEC_QOS_CMD_STEER_NEW);
			break;
		case IPSEC_QOS_CMD_STEER_TEST:
			put_some_test(f->msg);
			break;
		default:
			chain_put(f->msg, cmd);
			break;
		}
	}
}

/* Mutating: what is behind the netlink header, and at times its length */

/* The offset of a random attribute of the message, or of one inside of it. */
static size_t some_attr(const uint8_t *p, size_t len)
{
	size_t at = HEAD, end = len, found = 0, n = 1 + below(8);
	struct nlattr a;

	while (at + 4 <= end && n--) {
		memcpy(&a, p + at, 4);
		if (a.nla_len < 4 || at + a.nla_len > end)
			break;
		found = at;
		if (a.nla_type & NLA_F_NESTED && below(2)) {
			end = at + a.nla_len;
			at += 4;
		} else {
			at += NLMSG_ALIGN(a.nla_len);
		}
	}
	return found;
}

static void mutate(struct family *f)
{
	static const uint32_t odd[] = { 0, 1, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff };
	size_t len = f->msg->nlmsg_len, at;
	uint8_t *p = (uint8_t *)f->msg;
	struct nlattr a;
	uint32_t n;

	switch (below(8)) {
	case 0:		/* any bit */
		at = NLMSG_HDRLEN + below(len - NLMSG_HDRLEN);
		p[at] ^= 1 << below(8);
		break;
	case 1:		/* shorter, or longer */
		if (below(2))
			f->msg->nlmsg_len = HEAD + below(len - HEAD + 1);
		else
			f->msg->nlmsg_len += 4 * below(16);
		break;
	case 2:		/* flags */
		f->msg->nlmsg_flags ^= 1 << below(16);
		f->msg->nlmsg_flags |= NLM_F_REQUEST;
		break;
	case 3:		/* another command */
		p[NLMSG_HDRLEN] = below(4) ? 1 + below(IPSEC_QOS_CMD_MAX) : below(256);
		break;
	default:
		at = some_attr(p, len);
		if (!at)
			break;
		memcpy(&a, p + at, 4);
		switch (below(4)) {
		case 0:
			a.nla_type = below(4) ? a.nla_type ^ 1U << below(4) : below(65536);
			break;
		case 1:
			a.nla_len = below(2) ? a.nla_len + below(9) - 4 : below(65536);
			break;
		case 2:	/* the same once more, at the end */
			if (len + a.nla_len + 4 > FAMILY_ROOM / 2)
				break;
			memmove(p + NLMSG_ALIGN(len), p + at, a.nla_len);
			f->msg->nlmsg_len = NLMSG_ALIGN(len) + NLMSG_ALIGN(a.nla_len);
			break;
		default:
			n = below(2) ? odd[below(7)] : (uint32_t)wire_random(&prng);
			if (at + 8 <= len)
				memcpy(p + at + 4, &n, sizeof(n));
			break;
		}
		memcpy(p + at, &a, 4);
		break;
	}
}

static void see_generation(const struct nlmsghdr *msg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, msg, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == IPSEC_QOS_A_GENERATION)
			generation = mnl_attr_get_u32(attr);
}

/* Some messages together, and an end before all has been said */
static int send_some(struct family *f, unsigned int n)
{
	static char answer[65536];
	struct nlmsgerr *err;
	struct nlmsghdr *msg;
	int rest, denied = 0;
	uint8_t cmd;

	while (n--) {
		make(f);
		if (below(8))
			mutate(f);
		if (!below(4))
			mutate(f);
		cmd = ((uint8_t *)f->msg)[NLMSG_HDRLEN];
		if (send(mnl_socket_get_fd(f->nl), f->msg, f->msg->nlmsg_len, 0) < 0)
			continue;
		said[0]++;
		while ((rest = recv(mnl_socket_get_fd(f->nl), answer,
				    sizeof(answer), MSG_DONTWAIT)) > 0) {
			for (msg = (void *)answer; mnl_nlmsg_ok(msg, rest);
			     msg = mnl_nlmsg_next(msg, &rest)) {
				err = mnl_nlmsg_get_payload(msg);
				if (cmd <= IPSEC_QOS_CMD_MAX && cmd &&
				    (msg->nlmsg_type != NLMSG_ERROR || !err->error))
					said[cmd]++;
				if (msg->nlmsg_type == f->id)
					see_generation(msg);
				denied += msg->nlmsg_type == NLMSG_ERROR &&
					  err->error == -EPERM;
			}
			if (!below(8))
				break;
		}
	}
	return denied;
}

static void open_family(struct family *f)
{
	int err = family_open(f) ?: family_resolve(f);

	errno = -err;
	if (err)
		wire_die("the module does not answer");
}

struct rules {
	unsigned int n;
	uint32_t id[IPSEC_QOS_NAT_RULES_MAX];
};

static int read_rule(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr;
	struct rules *rules = data;

	mnl_attr_for_each(nest, msg, GENL_HDRLEN)
		mnl_attr_for_each_nested(attr, nest)
			if (mnl_attr_get_type(attr) == IPSEC_QOS_NAT_RULE_A_ID &&
			    rules->n < IPSEC_QOS_NAT_RULES_MAX)
				rules->id[rules->n++] = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static void put_rule(struct nlmsghdr *msg, uint32_t id, bool whole)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_NAT_RULE);

	mnl_attr_put_u32(msg, IPSEC_QOS_NAT_RULE_A_ID, id);
	if (whole) {
		mnl_attr_put_strz(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, "in");
		mnl_attr_put_strz(msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, "out");
	}
	mnl_attr_nest_end(msg, nest);
}

/* Two rules of translation, and no other. */
static void fill_rules(struct family *f)
{
	struct rules rules = {};
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_NAT_RULE_GET, NLM_F_DUMP);
	if (family_talk(f, read_rule, &rules))
		wire_die("no dump of rules");
	for (i = 0; i < rules.n; i++) {
		family_begin(f, IPSEC_QOS_CMD_NAT_RULE_DEL, NLM_F_ACK);
		put_rule(f->msg, rules.id[i], false);
		if (family_talk(f, NULL, NULL))
			wire_die("rule %u is not deleted", rules.id[i]);
	}
	for (i = 1; i <= 2; i++) {
		family_begin(f, IPSEC_QOS_CMD_NAT_RULE_NEW, NLM_F_ACK | NLM_F_CREATE);
		put_rule(f->msg, i, true);
		if (family_talk(f, NULL, NULL))
			wire_die("a rule is refused");
	}
}

static int read_generation(const struct nlmsghdr *msg, void *data)
{
	see_generation(msg);
	return MNL_CB_OK;
}

void must(struct family *f, mnl_cb_t answer, const char *what)
{
	int err = family_talk(f, answer, NULL);

	errno = -err;
	if (err)
		wire_die("%s: refused", what);
}

/* No element, pool, prefix, device, chain or service is anybody's: who is named goes once who names it has gone. */
static void sweep(struct family *f)
{
	unsigned int i;

	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	steering_set_unknown(f->msg, IPSEC_QOS_UNKNOWN_OFF, 0);
	must(f, NULL, "to do nothing about unknown SPIs");
	for (i = 0; i < 4; i++) {
		family_begin(f, IPSEC_QOS_CMD_RESYNC_START, NLM_F_ACK);
		mnl_attr_put_u8(f->msg, IPSEC_QOS_A_OWNER, i % 2);
		must(f, read_generation, "a resync");
		family_begin(f, IPSEC_QOS_CMD_RESYNC_END, NLM_F_ACK);
		mnl_attr_put_u8(f->msg, IPSEC_QOS_A_OWNER, i % 2);
		mnl_attr_put_u32(f->msg, IPSEC_QOS_A_GENERATION, generation);
		must(f, NULL, "the end of a resync");
	}
}

#define N_STEERING	(4 + 2 + 2)

/* Four elements, two pools of them, and two prefixes, of one of the pools. */
static void fill_steering(struct family *f)
{
	static const uint8_t dst[16] = { 192, 0, 2 };
	struct element e = { .dev = "lo", .state = IPSEC_QOS_ELEMENT_UP };
	struct nlattr *nest;
	char name[16];
	uint32_t i;

	sweep(f);
	for (i = 1; i <= 4; i++) {
		snprintf(name, sizeof(name), "e%u", i);
		e.id = i;
		e.name = name;
		e.via = 0xc0000200 + i;
		family_begin(f, IPSEC_QOS_CMD_ELEMENT_NEW, NLM_F_ACK | NLM_F_CREATE);
		steering_add_element(f->msg, &e);
		must(f, NULL, "an element");
	}
	for (i = 1; i <= 2; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		family_begin(f, IPSEC_QOS_CMD_POOL_NEW, NLM_F_ACK | NLM_F_CREATE);
		nest = steering_begin_pool(f->msg, i, name);
		steering_add_member(f->msg, i, 1);
		steering_add_member(f->msg, 3, i);
		mnl_attr_nest_end(f->msg, nest);
		must(f, NULL, "a pool");
	}
	family_begin(f, IPSEC_QOS_CMD_STEER_NEW, NLM_F_ACK | NLM_F_CREATE);
	steering_add_prefix(f->msg, AF_INET, dst, 24, 1, IPSEC_QOS_STEER_IKE_POOL);
	steering_add_prefix(f->msg, AF_INET6, dst, 32, 1, IPSEC_QOS_STEER_IKE_LOCAL);
	must(f, NULL, "steered prefixes");
}

/* A known state. Entries with a lifetime would go by themselves. */
static void fill(void)
{
	static struct family f;
	struct sa sa = { .family = AF_INET, .proto = IPPROTO_ESP, .dst = { 192, 0, 2 } };
	unsigned int i;

	open_family(&f);
	fill_rules(&f);
	family_begin(&f, IPSEC_QOS_CMD_SA_FLUSH, NLM_F_ACK);
	family_talk(&f, NULL, NULL);
	family_begin(&f, IPSEC_QOS_CMD_IKE_FLUSH, NLM_F_ACK);
	family_talk(&f, NULL, NULL);
	fill_steering(&f);
	chain_fill(&f);
	family_begin(&f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	struct nlattr *nest = mnl_attr_nest_start(f.msg, IPSEC_QOS_A_CONF);
	mnl_attr_put_u32(f.msg, IPSEC_QOS_CONF_A_MAX_SAS, 1000);
	mnl_attr_put_u32(f.msg, IPSEC_QOS_CONF_A_MAX_IKES, 1000);
	mnl_attr_put_u32(f.msg, IPSEC_QOS_CONF_A_MAX_GROUPS, 1000);
	mnl_attr_nest_end(f.msg, nest);
	if (family_talk(&f, NULL, NULL))
		wire_die("settings are refused");
	family_begin(&f, IPSEC_QOS_CMD_GROUP_FLUSH, NLM_F_ACK);
	family_talk(&f, NULL, NULL);
	family_begin(&f, IPSEC_QOS_CMD_GROUP_NEW, NLM_F_ACK | NLM_F_CREATE);
	family_add_group(f.msg, 1, "g1", 0x10, 0);
	family_add_group(f.msg, 2, "g2", 0x20, 0);
	/* that nobody uses */
	family_add_group(f.msg, 3, "g3", 0x30, 0);
	family_add_group(f.msg, 4, "g4", 0x40, 0);
	if (family_talk(&f, NULL, NULL))
		wire_die("groups are refused");
	for (i = 0; i < 32; i++) {
		family_begin(&f, IPSEC_QOS_CMD_SA_NEW, NLM_F_ACK | NLM_F_CREATE);
		sa.spi = 0x100 + 2 * i;
		family_add_sa(f.msg, &sa, 1);
		if (family_talk(&f, NULL, NULL))
			wire_die("an SA is refused");
		family_begin(&f, IPSEC_QOS_CMD_IKE_NEW, NLM_F_ACK | NLM_F_CREATE);
		family_add_ike(f.msg, 1 + i, 1, 1);
		if (family_talk(&f, NULL, NULL))
			wire_die("an IKE SA is refused");
	}
	family_close(&f);
}

/* @root: who puts there again what it has removed */
static unsigned long send_all(unsigned long n, bool root)
{
	static struct family f;
	unsigned long denied = 0;

	while (n) {
		unsigned int some = n < 50 ? n : 50;

		if (root && n % 500 < 50)
			fill();
		/* what is under way when it is closed is given up */
		open_family(&f);
		denied += send_some(&f, some);
		family_close(&f);
		n -= some;
	}
	return denied;
}

/* All that the tables hold, but not what was counted: there is no traffic. */

struct state {
	size_t len;
	char text[1 << 20];
	unsigned int entries, told, rules, steering, chaining;
};

static int read_state(const struct nlmsghdr *msg, void *data)
{
	size_t len = mnl_nlmsg_get_payload_len(msg) - GENL_HDRLEN;
	const struct nlattr *nest, *attr;
	struct state *s = data;

	if (s->len + len > sizeof(s->text))
		wire_die("too much state");
	memcpy(s->text + s->len, mnl_nlmsg_get_payload_offset(msg, GENL_HDRLEN), len);
	s->len += len;
	mnl_attr_for_each(nest, msg, GENL_HDRLEN) {
		int type = mnl_attr_get_type(nest);

		s->entries += type == IPSEC_QOS_A_GROUP || type == IPSEC_QOS_A_SA ||
			      type == IPSEC_QOS_A_IKE;
		s->rules += type == IPSEC_QOS_A_NAT_RULE;
		s->steering += type == IPSEC_QOS_A_ELEMENT || type == IPSEC_QOS_A_POOL ||
			       type == IPSEC_QOS_A_STEER;
		s->chaining += type == IPSEC_QOS_A_DEVICE || type == IPSEC_QOS_A_CHAIN ||
			       type == IPSEC_QOS_A_SERVICE;
		if (type == IPSEC_QOS_A_STATUS)
			mnl_attr_for_each_nested(attr, nest)
				if (mnl_attr_get_type(attr) == IPSEC_QOS_STATUS_A_GROUPS ||
				    mnl_attr_get_type(attr) == IPSEC_QOS_STATUS_A_SAS ||
				    mnl_attr_get_type(attr) == IPSEC_QOS_STATUS_A_IKES)
					s->told += mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

static void get_state(struct state *s)
{
	static const uint8_t dumps[] = {
		IPSEC_QOS_CMD_GROUP_GET, IPSEC_QOS_CMD_SA_GET, IPSEC_QOS_CMD_IKE_GET,
		IPSEC_QOS_CMD_NAT_RULE_GET, IPSEC_QOS_CMD_NAT_GET,
		IPSEC_QOS_CMD_ELEMENT_GET, IPSEC_QOS_CMD_POOL_GET, IPSEC_QOS_CMD_STEER_GET,
		IPSEC_QOS_CMD_DEVICE_GET, IPSEC_QOS_CMD_CHAIN_GET, IPSEC_QOS_CMD_SERVICE_GET,
	};
	static struct family f;
	unsigned int i;

	s->len = s->entries = s->told = s->rules = s->steering = s->chaining = 0;
	open_family(&f);
	for (i = 0; i < sizeof(dumps); i++) {
		family_begin(&f, dumps[i], NLM_F_DUMP);
		if (family_talk(&f, read_state, s))
			wire_die("no dump");
	}
	family_begin(&f, IPSEC_QOS_CMD_STATUS_GET, NLM_F_ACK);
	if (family_talk(&f, read_state, s))
		wire_die("no status");
	family_close(&f);
}

/* others() - those who may not change anything here; false: something was wrong */
static bool others(const char *who, bool own, unsigned long n)
{
	static struct state before, after;
	int status;
	pid_t pid;

	get_state(&before);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		unsigned long denied;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* no group, no right is left */
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			wire_die("root stays root");
		if (own && unshare(CLONE_NEWUSER | CLONE_NEWNET))
			wire_die("no user namespace");
		prng++;
		denied = send_all(n, false);
		printf("  %-12s %8lu messages, %lu times not permitted\n", who, n, denied);
		fflush(stdout);
		/* In a namespace of one's own everything is. */
		_exit(own ? denied > n / 100 : denied < n / 10);
	}
	waitpid(pid, &status, 0);
	get_state(&after);
	if (before.len != after.len || memcmp(before.text, after.text, before.len)) {
		fprintf(stderr, "FAIL: %s has changed something\n", who);
		return false;
	}
	if (status)
		fprintf(stderr, "FAIL: %s was not permitted, or was, what ought to be otherwise\n", who);
	return !status;
}

int main(int argc, char **argv)
{
	static struct state state;
	unsigned long n = argc > 2 ? strtoul(argv[1], NULL, 0) : 0;
	bool good = true;
	int cmd;

	if (!n)
		wire_die("usage: messages MESSAGES SEED");
	prng = strtoull(argv[2], NULL, 0) ?: 1;
	printf("%lu messages, seed %llu\n", n, (unsigned long long)prng);
	wire_sh("modprobe ipsec_qos; ip link add there type dummy");

	fill();
	good &= others("nobody", false, n / 4);
	good &= others("another root", true, n / 4);
	send_all(n / 2, true);
	printf("  %-12s %8lu messages; carried out of each command:", "root", said[0]);
	for (cmd = 1; cmd <= IPSEC_QOS_CMD_MAX; cmd++) {
		printf(" %lu", said[cmd]);
		if (!said[cmd] && cmd != IPSEC_QOS_CMD_EVENT) {
			printf(" TOO FEW");
			good = false;
		}
	}
	printf("\n");
	/* Those with a lifetime may go between one question and the next. */
	do
		get_state(&state);
	while (state.entries != state.told && below(100));
	if (state.entries != state.told) {
		fprintf(stderr, "FAIL: dumps have %u entries, the status %u\n",
			state.entries, state.told);
		good = false;
	}
	fill();
	get_state(&state);
	if (state.entries != state.told || state.entries != 4 + 32 + 32 ||
	    state.rules != 2 || state.steering != N_STEERING || state.chaining != N_CHAINING) {
		fprintf(stderr, "FAIL: of 68 entries dumps have %u, the status %u; and %u of 2 rules, %u of %u elements, pools and prefixes, %u of %u devices, chains and services\n",
			state.entries, state.told, state.rules, state.steering, N_STEERING,
			state.chaining, N_CHAINING);
		good = false;
	}
	return !good;
}
