// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pools of elements, as attributes and as calls.
 */
#include "lib/kernel/pool.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

/* The name or the number of a pool, into the nest of it that is open. */
static int put_key(struct nl_msg *msg, const struct iq_kernel_pool *p)
{
	if (p->id)
		NLA_PUT_U32(msg, IPSEC_QOS_POOL_A_ID, p->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_POOL_A_NAME, p->name);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_pool_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_POOL);

	if (!nest || put_key(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);
}

static int put_member(struct nl_msg *msg, const struct iq_kernel_member *m)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_POOL_A_MEMBER);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_MEMBER_A_ELEMENT, m->element);
	NLA_PUT_U32(msg, IPSEC_QOS_MEMBER_A_WEIGHT, m->weight);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_pool(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_POOL);
	const struct iq_kernel_pool *p = entry;
	size_t i;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_POOL_A_ID, p->id);
	if (p->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_POOL_A_NAME, p->name);
	NLA_PUT_U8(msg, IPSEC_QOS_POOL_A_MODE, p->mode);
	for (i = 0; i < p->n_members; i++)
		if (put_member(msg, &p->members[i]) < 0)
			return -ENOMEM;
	if (p->has_secret)
		NLA_PUT(msg, IPSEC_QOS_POOL_A_SECRET, sizeof(p->secret), p->secret);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int get_member(struct nlattr *nest, struct iq_kernel_member *m)
{
	static struct nla_policy policy[IPSEC_QOS_MEMBER_A_MAX + 1] = {
		[IPSEC_QOS_MEMBER_A_ELEMENT] = { .type = NLA_U32 },
		[IPSEC_QOS_MEMBER_A_WEIGHT] = { .type = NLA_U32 },
		[IPSEC_QOS_MEMBER_A_HOME] = { .type = NLA_U32 },
		[IPSEC_QOS_MEMBER_A_NOW] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_MEMBER_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_MEMBER_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	m->element = iq_u32(tb[IPSEC_QOS_MEMBER_A_ELEMENT]);
	m->weight = iq_u32(tb[IPSEC_QOS_MEMBER_A_WEIGHT]);
	m->home = iq_u32(tb[IPSEC_QOS_MEMBER_A_HOME]);
	m->now = iq_u32(tb[IPSEC_QOS_MEMBER_A_NOW]);
	return 0;
}

/* @buckets: NULL: they are of no interest */
static int get_pool(struct nlattr *nest, struct iq_kernel_pool *p,
		    struct iq_kernel_buckets *buckets)
{
	static struct nla_policy policy[IPSEC_QOS_POOL_A_MAX + 1] = {
		[IPSEC_QOS_POOL_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_POOL_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_POOL_A_MODE] = { .type = NLA_U8 },
		[IPSEC_QOS_POOL_A_MEMBER] = { .type = NLA_NESTED },
		[IPSEC_QOS_POOL_A_HOME] = {
			.minlen = sizeof(buckets->home), .maxlen = sizeof(buckets->home) },
		[IPSEC_QOS_POOL_A_NOW] = {
			.minlen = sizeof(buckets->now), .maxlen = sizeof(buckets->now) },
		[IPSEC_QOS_POOL_A_HELD] = { .type = NLA_U32 },
		[IPSEC_QOS_POOL_A_LENT] = { .type = NLA_U32 },
		[IPSEC_QOS_POOL_A_OWNER] = { .type = NLA_U8 },
	};
	struct nlattr *tb[IPSEC_QOS_POOL_A_MAX + 1], *a;
	int rem;

	if (nla_parse_nested(tb, IPSEC_QOS_POOL_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(p, 0, sizeof(*p));
	p->id = iq_u32(tb[IPSEC_QOS_POOL_A_ID]);
	if (tb[IPSEC_QOS_POOL_A_NAME])
		nla_strlcpy(p->name, tb[IPSEC_QOS_POOL_A_NAME], sizeof(p->name));
	p->mode = iq_u8(tb[IPSEC_QOS_POOL_A_MODE], IPSEC_QOS_POOL_BUCKET);
	p->held = iq_u32(tb[IPSEC_QOS_POOL_A_HELD]);
	p->lent = iq_u32(tb[IPSEC_QOS_POOL_A_LENT]);
	p->owner = iq_u8(tb[IPSEC_QOS_POOL_A_OWNER], 0);
	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != IPSEC_QOS_POOL_A_MEMBER)
			continue;
		if (p->n_members == IPSEC_QOS_POOL_MEMBERS_MAX ||
		    get_member(a, &p->members[p->n_members++]) < 0)
			return -EBADMSG;
	}
	if (buckets && tb[IPSEC_QOS_POOL_A_HOME])
		memcpy(buckets->home, nla_data(tb[IPSEC_QOS_POOL_A_HOME]),
		       sizeof(buckets->home));
	if (buckets && tb[IPSEC_QOS_POOL_A_NOW])
		memcpy(buckets->now, nla_data(tb[IPSEC_QOS_POOL_A_NOW]),
		       sizeof(buckets->now));
	return 0;
}

int iq_get_pool(struct nlattr *nest, void *arg)
{
	return get_pool(nest, arg, NULL);
}

/**
 * struct pool_sink - where the pools of an answer go
 *
 * @cb: called with each; NULL: @pool and @buckets are to be filled in
 */
struct pool_sink {
	int (*cb)(const struct iq_kernel_pool *p, void *arg);
	void *arg;
	struct iq_kernel_pool *pool;
	struct iq_kernel_buckets *buckets;
};

static int pool_entry(struct nlattr *nest, void *arg)
{
	const struct pool_sink *sink = arg;
	struct iq_kernel_pool p;
	int ret;

	if (!sink->cb)
		return get_pool(nest, sink->pool, sink->buckets);
	ret = get_pool(nest, &p, NULL);
	return ret ? ret : sink->cb(&p, sink->arg);
}

int iq_kernel_pool_new(struct iq_kernel *k, const struct iq_kernel_pool *p, int owner,
		       int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_POOL_NEW, nlflags, owner, p, 1, sizeof(*p),
		       -1, put_pool);
}

int iq_kernel_pool_del(struct iq_kernel *k, const struct iq_kernel_pool *p, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_POOL_DEL, 0, -1, p, n, sizeof(*p),
		       -1, put_pool_key);
}

int iq_kernel_pool_dump(struct iq_kernel *k, int owner,
			int (*cb)(const struct iq_kernel_pool *p, void *arg), void *arg)
{
	struct pool_sink sink = { .cb = cb, .arg = arg };
	struct iq_sink entries = { IPSEC_QOS_A_POOL, pool_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_POOL_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

int iq_kernel_pool_get(struct iq_kernel *k, struct iq_kernel_pool *p,
		       struct iq_kernel_buckets *buckets)
{
	struct pool_sink sink = { .pool = p, .buckets = buckets };
	struct iq_sink entries = { IPSEC_QOS_A_POOL, pool_entry, &sink };

	memset(buckets, 0, sizeof(*buckets));
	return iq_ask(k, IPSEC_QOS_CMD_POOL_GET, 0, put_pool_key, p,
		      iq_entries_answer, &entries);
}

struct release {
	const struct iq_kernel_pool *pool;
	const uint8_t *buckets;
};

static int put_release(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_POOL);
	const struct release *r = what;

	if (!nest || put_key(msg, r->pool) < 0)
		return -ENOMEM;
	if (r->buckets)
		NLA_PUT(msg, IPSEC_QOS_POOL_A_BUCKETS, IPSEC_QOS_BUCKETS / 8, r->buckets);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_kernel_pool_release(struct iq_kernel *k, const struct iq_kernel_pool *p,
			   const uint8_t buckets[IPSEC_QOS_BUCKETS / 8], uint32_t *count)
{
	const struct release r = { p, buckets };

	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_POOL_RELEASE, 0, put_release, &r, iq_count_answer,
		      count);
}
