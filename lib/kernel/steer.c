// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Steered prefixes, a packet that there might be, and unknown SPIs, as attributes and as
 * calls.
 */
#include "lib/kernel/steer.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const counters[] = {
	[IPSEC_QOS_STEER_COUNTER_EXACT] = "exact",
	[IPSEC_QOS_STEER_COUNTER_HOME] = "home",
	[IPSEC_QOS_STEER_COUNTER_LENT] = "lent",
	[IPSEC_QOS_STEER_COUNTER_HASHED] = "hashed",
	[IPSEC_QOS_STEER_COUNTER_IKE] = "ike",
	[IPSEC_QOS_STEER_COUNTER_ICMP] = "icmp",
	[IPSEC_QOS_STEER_COUNTER_NOBODY] = "nobody",
	[IPSEC_QOS_STEER_COUNTER_KEEPALIVE] = "keepalive",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == IPSEC_QOS_STEER_COUNTER_MAX + 1,
	       "each counter has a name");

const char *iq_kernel_steer_counter_name(int counter)
{
	return counters[counter];
}

/* Into the nest of a steered prefix that is open. */
static int put_key(struct nl_msg *msg, const struct iq_kernel_steer *s)
{
	NLA_PUT_U8(msg, IPSEC_QOS_STEER_A_FAMILY, s->dst.family);
	NLA_PUT(msg, IPSEC_QOS_STEER_A_DST, iq_addr_len(&s->dst), s->dst.b);
	NLA_PUT_U8(msg, IPSEC_QOS_STEER_A_LEN, s->len);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_steer_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_STEER);

	if (!nest || put_key(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);
}

static int put_steer(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_STEER);
	const struct iq_kernel_steer *s = entry;

	if (!nest || put_key(msg, s) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_STEER_A_POOL, s->pool);
	NLA_PUT_U8(msg, IPSEC_QOS_STEER_A_IKE, s->ike);
	if (s->ike_element)
		NLA_PUT_U32(msg, IPSEC_QOS_STEER_A_IKE_ELEMENT, s->ike_element);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_steer(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_STEER_A_MAX + 1] = {
		[IPSEC_QOS_STEER_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_A_DST] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_STEER_A_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_A_POOL] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_A_IKE] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_A_IKE_ELEMENT] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_STEER_A_MAX + 1];
	struct iq_kernel_steer *s = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_STEER_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(s, 0, sizeof(*s));
	if (iq_get_addr(tb[IPSEC_QOS_STEER_A_FAMILY], tb[IPSEC_QOS_STEER_A_DST], &s->dst) < 0)
		return -EBADMSG;
	s->len = iq_u8(tb[IPSEC_QOS_STEER_A_LEN], 8 * iq_addr_len(&s->dst));
	s->pool = iq_u32(tb[IPSEC_QOS_STEER_A_POOL]);
	s->ike = iq_u8(tb[IPSEC_QOS_STEER_A_IKE], IPSEC_QOS_STEER_IKE_LOCAL);
	s->ike_element = iq_u32(tb[IPSEC_QOS_STEER_A_IKE_ELEMENT]);
	s->owner = iq_u8(tb[IPSEC_QOS_STEER_A_OWNER], 0);
	return iq_get_counters(tb[IPSEC_QOS_STEER_A_COUNTERS], s->counter,
			       IPSEC_QOS_STEER_COUNTER_MAX);
}

struct steer_sink {
	int (*cb)(const struct iq_kernel_steer *s, void *arg);
	void *arg;
};

static int steer_entry(struct nlattr *nest, void *arg)
{
	const struct steer_sink *sink = arg;
	struct iq_kernel_steer s;
	int ret = iq_get_steer(nest, &s);

	return ret ? ret : sink->cb(&s, sink->arg);
}

int iq_kernel_steer_new(struct iq_kernel *k, const struct iq_kernel_steer *s, size_t n,
			int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_STEER_NEW, nlflags, owner, s, n, sizeof(*s),
		       -1, put_steer);
}

int iq_kernel_steer_del(struct iq_kernel *k, const struct iq_kernel_steer *s, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_STEER_DEL, 0, -1, s, n, sizeof(*s),
		       -1, put_steer_key);
}

int iq_kernel_steer_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_steer *s, void *arg), void *arg)
{
	struct steer_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_STEER, steer_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_STEER_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

/* A packet that there might be */

static int put_test(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_STEER_TEST);
	const struct iq_kernel_steer_test *t = what;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U8(msg, IPSEC_QOS_STEER_TEST_A_FAMILY, t->dst.family);
	NLA_PUT(msg, IPSEC_QOS_STEER_TEST_A_DST, iq_addr_len(&t->dst), t->dst.b);
	if (t->src.family)
		NLA_PUT(msg, IPSEC_QOS_STEER_TEST_A_SRC, iq_addr_len(&t->src), t->src.b);
	NLA_PUT_U32(msg, IPSEC_QOS_STEER_TEST_A_SPI, t->spi);
	NLA_PUT_U8(msg, IPSEC_QOS_STEER_TEST_A_PROTO, t->proto);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int get_test(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_STEER_TEST_A_MAX + 1] = {
		[IPSEC_QOS_STEER_TEST_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_TEST_A_DST] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_STEER_TEST_A_SRC] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_STEER_TEST_A_SPI] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_TEST_A_PROTO] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_TEST_A_WHY] = { .type = NLA_U8 },
		[IPSEC_QOS_STEER_TEST_A_ELEMENT] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_TEST_A_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_TEST_A_POOL] = { .type = NLA_U32 },
		[IPSEC_QOS_STEER_TEST_A_BUCKET] = { .type = NLA_U16 },
	};
	struct nlattr *tb[IPSEC_QOS_STEER_TEST_A_MAX + 1];
	struct iq_kernel_steer_test *t = arg;

	/* what was asked stays as it was said: an answer may leave it out */
	if (nla_parse_nested(tb, IPSEC_QOS_STEER_TEST_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	t->why = iq_u8(tb[IPSEC_QOS_STEER_TEST_A_WHY], IPSEC_QOS_STEER_NOT);
	t->element = iq_u32(tb[IPSEC_QOS_STEER_TEST_A_ELEMENT]);
	t->group = iq_u32(tb[IPSEC_QOS_STEER_TEST_A_GROUP]);
	t->pool = iq_u32(tb[IPSEC_QOS_STEER_TEST_A_POOL]);
	t->bucket = tb[IPSEC_QOS_STEER_TEST_A_BUCKET] ?
		    nla_get_u16(tb[IPSEC_QOS_STEER_TEST_A_BUCKET]) : -1;
	return 0;
}

int iq_kernel_steer_test(struct iq_kernel *k, struct iq_kernel_steer_test *t)
{
	struct iq_sink entries = { IPSEC_QOS_A_STEER_TEST, get_test, t };

	return iq_ask(k, IPSEC_QOS_CMD_STEER_TEST, 0, put_test, t, iq_entries_answer,
		      &entries);
}

/* Unknown SPIs */

int iq_get_unknown(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_UNKNOWN_A_MAX + 1] = {
		[IPSEC_QOS_UNKNOWN_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_UNKNOWN_A_SRC] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_UNKNOWN_A_DST] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_UNKNOWN_A_SPI] = { .type = NLA_U32 },
		[IPSEC_QOS_UNKNOWN_A_PROTO] = { .type = NLA_U8 },
		[IPSEC_QOS_UNKNOWN_A_COUNT] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_UNKNOWN_A_MAX + 1];
	struct iq_kernel_unknown *u = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_UNKNOWN_A_MAX, nest, policy) < 0 ||
	    iq_get_addr(tb[IPSEC_QOS_UNKNOWN_A_FAMILY], tb[IPSEC_QOS_UNKNOWN_A_SRC],
			&u->src) < 0 ||
	    iq_get_addr(tb[IPSEC_QOS_UNKNOWN_A_FAMILY], tb[IPSEC_QOS_UNKNOWN_A_DST],
			&u->dst) < 0)
		return -EBADMSG;
	u->spi = iq_u32(tb[IPSEC_QOS_UNKNOWN_A_SPI]);
	u->proto = iq_u8(tb[IPSEC_QOS_UNKNOWN_A_PROTO], IPPROTO_ESP);
	u->count = iq_u32(tb[IPSEC_QOS_UNKNOWN_A_COUNT]);
	return 0;
}
