// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/compat.h"
#include "netlink.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_pool_id_range = {
	.min = 1, .max = IPSEC_QOS_POOL_ID_MAX,
};

static struct netlink_range_validation iq_member_id_range = {
	.min = 1, .max = IPSEC_QOS_ELEMENT_ID_MAX,
};

static struct netlink_range_validation iq_weight_range = {
	.min = 1, .max = IPSEC_QOS_POOL_WEIGHT_MAX,
};

#define IQ_POOL_KEY							\
	[IPSEC_QOS_POOL_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_pool_id_range), \
	[IPSEC_QOS_POOL_A_NAME] = { .type = NLA_NUL_STRING,		\
				    .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_member_policy[IPSEC_QOS_MEMBER_A_MAX + 1] = {
	[IPSEC_QOS_MEMBER_A_ELEMENT] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_member_id_range),
	[IPSEC_QOS_MEMBER_A_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_weight_range),
	[IPSEC_QOS_MEMBER_A_HOME] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_MEMBER_A_NOW] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_pool_policy[IPSEC_QOS_POOL_A_MAX + 1] = {
	IQ_POOL_KEY,
	[IPSEC_QOS_POOL_A_MODE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_POOL_MODE_MAX),
	[IPSEC_QOS_POOL_A_MEMBER] = NLA_POLICY_NESTED(iq_member_policy),
	[IPSEC_QOS_POOL_A_SECRET] = NLA_POLICY_EXACT_LEN(IPSEC_QOS_POOL_SECRET_BYTES),
	[IPSEC_QOS_POOL_A_HOME] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_POOL_A_NOW] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_POOL_A_HELD] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_POOL_A_LENT] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_POOL_A_OWNER] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_pool_key_policy[IPSEC_QOS_POOL_A_MAX + 1] = {
	IQ_POOL_KEY,
};

static const struct nla_policy iq_pool_release_policy[IPSEC_QOS_POOL_A_MAX + 1] = {
	IQ_POOL_KEY,
	[IPSEC_QOS_POOL_A_BUCKETS] = NLA_POLICY_EXACT_LEN(IPSEC_QOS_BUCKETS / 8),
};

IQ_POLICY(pool_new, IQ_NEST(POOL, iq_pool_policy), IQ_OWNER);
IQ_POLICY(pool_del, IQ_NEST(POOL, iq_pool_key_policy));
IQ_POLICY(pool_get, IQ_NEST(POOL, iq_pool_key_policy), IQ_OWNER);
IQ_POLICY(pool_release, IQ_NEST(POOL, iq_pool_release_policy));

static int iq_member_order(const void *a, const void *b)
{
	const struct iq_member_req *m = a, *other = b;

	return m->id != other->id ? (m->id < other->id ? -1 : 1) :
	       m->attr < other->attr ? -1 : 1;
}

/* A pool's members, in the order of their ids */
static int iq_get_members(const struct nlattr *nest, struct iq_pool_req *req,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_MEMBER_A_MAX + 1];
	const struct nlattr *attr;
	u32 i;
	int rem, err;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_POOL_A_MEMBER)
			continue;
		if (req->n == IPSEC_QOS_POOL_MEMBERS_MAX) {
			iq_err(extack, attr, "more than %d members",
			       IPSEC_QOS_POOL_MEMBERS_MAX);
			return -E2BIG;
		}
		err = nla_parse_nested(tb, IPSEC_QOS_MEMBER_A_MAX, attr, NULL, extack);
		if (err)
			return err;
		if (!tb[IPSEC_QOS_MEMBER_A_ELEMENT])
			return iq_missing(attr, IPSEC_QOS_MEMBER_A_ELEMENT,
					  "the member's element", extack);
		req->member[req->n++] = (struct iq_member_req) {
			.attr = attr,
			.id = nla_get_u32(tb[IPSEC_QOS_MEMBER_A_ELEMENT]),
			.weight = tb[IPSEC_QOS_MEMBER_A_WEIGHT] ?
				  nla_get_u32(tb[IPSEC_QOS_MEMBER_A_WEIGHT]) : 1,
		};
	}
	sort(req->member, req->n, sizeof(*req->member), iq_member_order, NULL);
	for (i = 1; i < req->n; i++) {
		if (req->member[i].id != req->member[i - 1].id)
			continue;
		iq_err(extack, req->member[i].attr, "element %u is a member twice",
		       req->member[i].id);
		return -EINVAL;
	}
	return 0;
}

/* What names a pool, and nothing else. */
static int iq_get_pool_key(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct nlattr *tb[IPSEC_QOS_POOL_A_MAX + 1];
	struct iq_pool_key *key = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_POOL_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	key->attr = nest;
	key->buckets = tb[IPSEC_QOS_POOL_A_BUCKETS] ?
		       nla_data(tb[IPSEC_QOS_POOL_A_BUCKETS]) : NULL;
	return iq_get_key(nest, tb[IPSEC_QOS_POOL_A_ID], tb[IPSEC_QOS_POOL_A_NAME], true,
			  "a pool", &key->id, key->name, info->extack);
}

static int iq_get_pool(struct genl_info *info, struct iq_pool_req *req)
{
	const struct nlattr *nest = info->attrs[IPSEC_QOS_A_POOL], *secret;
	struct nlattr *tb[IPSEC_QOS_POOL_A_MAX + 1];
	int err;

	BUILD_BUG_ON(sizeof(req->secret) != IPSEC_QOS_POOL_SECRET_BYTES);
	if (!nest)
		return iq_missing(NULL, IPSEC_QOS_A_POOL, "the pool", info->extack);
	err = nla_parse_nested(tb, IPSEC_QOS_POOL_A_MAX, nest, NULL, info->extack);
	if (!err)
		err = iq_get_key(nest, tb[IPSEC_QOS_POOL_A_ID], tb[IPSEC_QOS_POOL_A_NAME],
				 false, "a pool", &req->id, req->name, info->extack);
	if (!err)
		err = iq_get_members(nest, req, info->extack);
	if (err)
		return err;
	req->attr = nest;
	req->mode = tb[IPSEC_QOS_POOL_A_MODE] ? nla_get_u8(tb[IPSEC_QOS_POOL_A_MODE]) : -1;
	secret = tb[IPSEC_QOS_POOL_A_SECRET];
	if (secret) {
		req->has_secret = true;
		memcpy(&req->secret, nla_data(secret), sizeof(req->secret));
	}
	return 0;
}

static int iq_cmd_pool_new(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_pool_req *req = kzalloc(sizeof(*req), GFP_KERNEL);
	int err;

	if (!req)
		return -ENOMEM;
	err = iq_get_pool(info, req);
	if (!err) {
		mutex_lock(&iqn->config_lock);
		err = iq_pool_set(iqn, req, iq_get_owner(info->attrs),
				  info->nlhdr->nlmsg_flags, info->extack);
		mutex_unlock(&iqn->config_lock);
	}
	kfree_sensitive(req);
	return err;
}

static int iq_cmd_pool_del(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *keys;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_POOL, sizeof(struct iq_pool_key),
			   iq_get_pool_key, &keys);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = iq_pool_del(iqn, keys, n, info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(keys);
	return err;
}

/* The pool that a request names; iq_net.config_lock is held. */
static struct iq_pool *iq_pool_wanted(struct iq_net *iqn, const struct iq_pool_key *key,
				      struct netlink_ext_ack *extack)
{
	struct iq_pool *p = iq_pool_find(iqn, key->id, key->name);

	if (!p)
		iq_err(extack, key->attr, "no such pool");
	return p;
}

static int iq_cmd_pool_release(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_pool_key key;
	struct iq_pool *p;
	int count, err;

	if (!info->attrs[IPSEC_QOS_A_POOL])
		return iq_missing(NULL, IPSEC_QOS_A_POOL, "the pool", info->extack);
	err = iq_get_pool_key(info, info->attrs[IPSEC_QOS_A_POOL], &key);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	p = iq_pool_wanted(iqn, &key, info->extack);
	count = p ? iq_pool_release(p, key.buckets) : -ENOENT;
	mutex_unlock(&iqn->config_lock);
	return count < 0 ? count : iq_reply_count(info, count);
}

size_t iq_pool_size(const struct iq_pool *p, bool tables)
{
	return nla_total_size(3 * nla_total_size(sizeof(u32)) +
			      2 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) +
			      p->shares->n * nla_total_size(4 * nla_total_size(sizeof(u32))) +
			      (tables ? 2 * nla_total_size(IPSEC_QOS_BUCKETS * sizeof(u16)) :
					0));
}

static int iq_put_members(struct sk_buff *skb, const struct iq_shares *s)
{
	struct nlattr *nest;
	u32 i;

	for (i = 0; i < s->n; i++) {
		nest = nla_nest_start(skb, IPSEC_QOS_POOL_A_MEMBER);
		if (!nest ||
		    nla_put_u32(skb, IPSEC_QOS_MEMBER_A_ELEMENT,
				s->share[i].element->target.id) ||
		    nla_put_u32(skb, IPSEC_QOS_MEMBER_A_WEIGHT, s->select[i].weight) ||
		    nla_put_u32(skb, IPSEC_QOS_MEMBER_A_HOME, s->share[i].home) ||
		    nla_put_u32(skb, IPSEC_QOS_MEMBER_A_NOW, s->share[i].now))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

/* @of: the places of members, by bucket */
static int iq_put_buckets(struct sk_buff *skb, int type, const struct iq_shares *s,
			  const u16 *of)
{
	struct nlattr *attr = nla_reserve(skb, type, IPSEC_QOS_BUCKETS * sizeof(u16));
	u16 place, *ids;
	u32 i;

	if (!attr)
		return -EMSGSIZE;
	ids = nla_data(attr);
	for (i = 0; i < IPSEC_QOS_BUCKETS; i++) {
		place = of[i] & IQ_BUCKET_MEMBER;
		ids[i] = place == IQ_BUCKET_NOBODY ? 0 : s->share[place].element->target.id;
	}
	return 0;
}

int iq_put_pool(struct sk_buff *skb, const struct iq_pool *p, bool tables)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_POOL);
	const struct iq_shares *s = p->shares;

	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_POOL_A_ID, p->id) ||
	    nla_put_string(skb, IPSEC_QOS_POOL_A_NAME, p->name) ||
	    nla_put_u8(skb, IPSEC_QOS_POOL_A_MODE, p->mode) ||
	    iq_put_members(skb, s) ||
	    nla_put_u32(skb, IPSEC_QOS_POOL_A_HELD, s->held) ||
	    nla_put_u32(skb, IPSEC_QOS_POOL_A_LENT, s->lent) ||
	    nla_put_u8(skb, IPSEC_QOS_POOL_A_OWNER, p->owner) ||
	    (tables && (iq_put_buckets(skb, IPSEC_QOS_POOL_A_HOME, s, s->home) ||
			iq_put_buckets(skb, IPSEC_QOS_POOL_A_NOW, s,
				       iq_pool_buckets(p)->now)))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_pool_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct sk_buff *answer = NULL;
	struct iq_pool_key key;
	struct iq_pool *p;
	void *hdr;
	int err;

	if (!info->attrs[IPSEC_QOS_A_POOL])
		return iq_missing(NULL, IPSEC_QOS_A_POOL, "the pool", info->extack);
	err = iq_get_pool_key(info, info->attrs[IPSEC_QOS_A_POOL], &key);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	p = iq_pool_wanted(iqn, &key, info->extack);
	if (p) {
		answer = iq_answer(info, iq_pool_size(p, true), &hdr);
		err = answer ? iq_put_pool(answer, p, true) : -ENOMEM;
	} else {
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return answer ? iq_reply(info, answer, hdr, err) : err;
}

/* A pool with all members it may have fits into a message. */
static int iq_dump_pools_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = IPSEC_QOS_POOL_MEMBERS_MAX * 40 + 1024;
	return 0;
}

static int iq_dump_pools(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_steer *steer;
	struct iq_pool *p = NULL;
	unsigned long i;
	void *hdr;

	if (cb->args[1])
		return 0;
	mutex_lock(&iqn->config_lock);
	steer = iq_steer(iqn);
	if (!steer)
		goto out;
	cb->seq = steer->pool_seq;
	xa_for_each_start(&steer->pools, i, p, cb->args[0]) {
		if (owner >= 0 && p->owner != owner)
			continue;
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_POOL_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_pool(skb, p, false)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i + 1;
	}
out:
	/* All are told. */
	cb->args[1] = !p;
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

static const struct genl_ops iq_pool_genl[] = {
	IQ_CMD(POOL_NEW, pool_new, .doit = iq_cmd_pool_new),
	IQ_CMD(POOL_DEL, pool_del, .doit = iq_cmd_pool_del),
	IQ_CMD(POOL_GET, pool_get, .doit = iq_cmd_pool_get, .start = iq_dump_pools_start,
	       .dumpit = iq_dump_pools),
	IQ_CMD(POOL_RELEASE, pool_release, .doit = iq_cmd_pool_release),
};

const struct iq_ops iq_pool_ops = {
	iq_pool_genl, ARRAY_SIZE(iq_pool_genl), &iq_prefix_ops,
};
