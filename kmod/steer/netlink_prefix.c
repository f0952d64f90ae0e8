// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "core/compat.h"
#include "netlink.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_steer_pool_range = {
	.min = 1, .max = IPSEC_QOS_POOL_ID_MAX,
};

static struct netlink_range_validation iq_steer_element_range = {
	.min = 1, .max = IPSEC_QOS_ELEMENT_ID_MAX,
};

#define IQ_STEER_KEY							\
	[IPSEC_QOS_STEER_A_FAMILY] = { .type = NLA_U8 },		\
	[IPSEC_QOS_STEER_A_DST] = NLA_POLICY_RANGE(NLA_BINARY,		\
						   sizeof(struct in_addr), \
						   sizeof(struct in6_addr)), \
	[IPSEC_QOS_STEER_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128)

static const struct nla_policy iq_steer_policy[IPSEC_QOS_STEER_A_MAX + 1] = {
	IQ_STEER_KEY,
	[IPSEC_QOS_STEER_A_POOL] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_steer_pool_range),
	[IPSEC_QOS_STEER_A_IKE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_STEER_IKE_MAX),
	[IPSEC_QOS_STEER_A_IKE_ELEMENT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &iq_steer_element_range),
	[IPSEC_QOS_STEER_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_STEER_A_COUNTERS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_steer_key_policy[IPSEC_QOS_STEER_A_MAX + 1] = {
	IQ_STEER_KEY,
};

IQ_POLICY(steer_new, IQ_NEST(STEER, iq_steer_policy), IQ_OWNER);
IQ_POLICY(steer_del, IQ_NEST(STEER, iq_steer_key_policy));
IQ_POLICY(steer_get, IQ_OWNER);

/* Has an address bits beyond the prefix? */
static bool iq_beyond(u8 family, const u8 *dst, u8 len)
{
	struct in6_addr prefix;
	__be32 dst4;

	if (family == AF_INET) {
		memcpy(&dst4, dst, sizeof(dst4));
		return dst4 & ~inet_make_mask(len);
	}
	ipv6_addr_prefix(&prefix, (const struct in6_addr *)dst, len);
	return memcmp(&prefix, dst, sizeof(prefix));
}

static int iq_get_prefix(const struct nlattr *nest, struct nlattr **tb,
			 struct iq_prefix_req *req, struct netlink_ext_ack *extack)
{
	const struct nlattr *dst = tb[IPSEC_QOS_STEER_A_DST];
	const struct nlattr *len = tb[IPSEC_QOS_STEER_A_LEN];
	int most, err;

	err = iq_get_address(nest, tb[IPSEC_QOS_STEER_A_FAMILY], dst, IPSEC_QOS_STEER_A_DST,
			     "the prefix", &req->family, req->dst, extack);
	if (err)
		return err;
	most = req->family == AF_INET ? 32 : 128;
	req->len = len ? nla_get_u8(len) : most;
	if (req->len > most) {
		iq_err(extack, len, "length %u, of family %u %d is the most", req->len,
		       req->family, most);
		return -EINVAL;
	}
	if (!iq_beyond(req->family, req->dst, req->len))
		return 0;
	if (req->family == AF_INET)
		iq_err(extack, dst, "%pI4 is no prefix of length %u", req->dst, req->len);
	else
		iq_err(extack, dst, "%pI6c is no prefix of length %u", req->dst, req->len);
	return -EINVAL;
}

static int iq_get_steer_key(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct nlattr *tb[IPSEC_QOS_STEER_A_MAX + 1];
	struct iq_prefix_req *req = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_STEER_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	req->attr = nest;
	return iq_get_prefix(nest, tb, req, info->extack);
}

static int iq_get_steer(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	const struct nlattr *pool, *element, *ike;
	struct nlattr *tb[IPSEC_QOS_STEER_A_MAX + 1];
	struct iq_prefix_req *req = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_STEER_A_MAX, nest, NULL, info->extack);
	if (!err)
		err = iq_get_prefix(nest, tb, req, info->extack);
	if (err)
		return err;
	pool = tb[IPSEC_QOS_STEER_A_POOL];
	if (!pool)
		return iq_missing(nest, IPSEC_QOS_STEER_A_POOL, "the pool", info->extack);
	ike = tb[IPSEC_QOS_STEER_A_IKE];
	element = tb[IPSEC_QOS_STEER_A_IKE_ELEMENT];
	req->attr = nest;
	req->pool_attr = pool;
	req->ike_attr = element;
	req->pool = nla_get_u32(pool);
	req->ike = ike ? nla_get_u8(ike) : IPSEC_QOS_STEER_IKE_LOCAL;
	req->ike_element = element ? nla_get_u32(element) : 0;
	if (!element && req->ike == IPSEC_QOS_STEER_IKE_ELEMENT)
		return iq_missing(nest, IPSEC_QOS_STEER_A_IKE_ELEMENT,
				  "the element that IKE goes to", info->extack);
	if (element && req->ike != IPSEC_QOS_STEER_IKE_ELEMENT) {
		iq_err(info->extack, element, "IKE does not go to an element");
		return -EINVAL;
	}
	return 0;
}

static int iq_cmd_steer_new(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_STEER, sizeof(struct iq_prefix_req), iq_get_steer,
			   &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = iq_prefix_set(iqn, req, n, iq_get_owner(info->attrs), info->nlhdr->nlmsg_flags,
			    info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_steer_del(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_STEER, sizeof(struct iq_prefix_req),
			   iq_get_steer_key, &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = iq_prefix_del(iqn, req, n, info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

size_t iq_prefix_size(void)
{
	return nla_total_size(4 * nla_total_size(sizeof(u8)) +
			      2 * nla_total_size(sizeof(u32)) +
			      nla_total_size(sizeof(struct in6_addr)) +
			      nla_total_size(IPSEC_QOS_STEER_COUNTER_MAX * iq_count_size()));
}

int iq_put_prefix(struct sk_buff *skb, const struct iq_prefix *p)
{
	int len = p->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_STEER);

	if (!nest ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_A_FAMILY, p->family) ||
	    nla_put(skb, IPSEC_QOS_STEER_A_DST, len, p->dst) ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_A_LEN, p->len) ||
	    nla_put_u32(skb, IPSEC_QOS_STEER_A_POOL, p->pool->id) ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_A_IKE, p->ike) ||
	    (p->ike_element && nla_put_u32(skb, IPSEC_QOS_STEER_A_IKE_ELEMENT,
					   p->ike_element->target.id)) ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_A_OWNER, p->owner) ||
	    iq_put_counters(skb, IPSEC_QOS_STEER_A_COUNTERS, p->counter,
			    IPSEC_QOS_STEER_COUNTER_MAX)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_dump_steers(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_steer *steer;
	struct iq_prefix *p;
	void *hdr;

	mutex_lock(&iqn->config_lock);
	steer = iq_steer(iqn);
	if (!steer)
		goto out;
	cb->seq = steer->prefix_seq;
	for (; cb->args[0] < steer->n_prefixes; cb->args[0]++) {
		p = steer->prefix[cb->args[0]];
		if (owner >= 0 && p->owner != owner)
			continue;
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_STEER_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_prefix(skb, p)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
out:
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

static const struct genl_ops iq_prefix_genl[] = {
	IQ_CMD(STEER_NEW, steer_new, .doit = iq_cmd_steer_new),
	IQ_CMD(STEER_DEL, steer_del, .doit = iq_cmd_steer_del),
	IQ_CMD(STEER_GET, steer_get, .dumpit = iq_dump_steers),
};

const struct iq_ops iq_prefix_ops = {
	iq_prefix_genl, ARRAY_SIZE(iq_prefix_genl), &iq_steer_test_ops,
};
