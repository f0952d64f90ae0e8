// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "core/compat.h"
#include "core/store.h"
#include "netlink.h"
#include "steer.h"

static const struct nla_policy iq_steer_test_key_policy[IPSEC_QOS_STEER_TEST_A_MAX + 1] = {
	[IPSEC_QOS_STEER_TEST_A_FAMILY] = { .type = NLA_U8 },
	[IPSEC_QOS_STEER_TEST_A_DST] = NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr),
							sizeof(struct in6_addr)),
	[IPSEC_QOS_STEER_TEST_A_SRC] = NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr),
							sizeof(struct in6_addr)),
	[IPSEC_QOS_STEER_TEST_A_SPI] = NLA_POLICY_MIN(NLA_U32, IQ_SPI_MIN),
	[IPSEC_QOS_STEER_TEST_A_PROTO] = NLA_POLICY_RANGE(NLA_U8, IPPROTO_ESP, IPPROTO_AH),
};

IQ_POLICY(steer_test, IQ_NEST(STEER_TEST, iq_steer_test_key_policy));

/**
 * struct iq_steer_test - a packet that there might be, and where it goes
 *
 * @src, @dst: in network order; @has_src: it is said
 * @spi: in host byte order
 * @why: enum ipsec_qos_steer_why
 * @element: id, 0: none; likewise @group and @pool
 * @has_bucket: @bucket it is by
 */
struct iq_steer_test {
	u8 family;
	u8 proto;
	u8 src[16];
	u8 dst[16];
	bool has_src;
	u32 spi;
	u8 why;
	u32 element;
	u32 group;
	u32 pool;
	bool has_bucket;
	u16 bucket;
};

static int iq_get_steer_test(struct genl_info *info, struct iq_steer_test *t)
{
	const struct nlattr *nest = info->attrs[IPSEC_QOS_A_STEER_TEST], *family, *proto;
	struct nlattr *tb[IPSEC_QOS_STEER_TEST_A_MAX + 1];
	int err;

	if (!nest)
		return iq_missing(NULL, IPSEC_QOS_A_STEER_TEST, "the packet", info->extack);
	err = nla_parse_nested(tb, IPSEC_QOS_STEER_TEST_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	family = tb[IPSEC_QOS_STEER_TEST_A_FAMILY];
	err = iq_get_address(nest, family, tb[IPSEC_QOS_STEER_TEST_A_DST],
			     IPSEC_QOS_STEER_TEST_A_DST, "the destination", &t->family, t->dst,
			     info->extack);
	t->has_src = tb[IPSEC_QOS_STEER_TEST_A_SRC];
	if (!err && t->has_src)
		err = iq_get_address(nest, family, tb[IPSEC_QOS_STEER_TEST_A_SRC],
				     IPSEC_QOS_STEER_TEST_A_SRC, "the source", &t->family,
				     t->src, info->extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_STEER_TEST_A_SPI])
		return iq_missing(nest, IPSEC_QOS_STEER_TEST_A_SPI, "the SPI", info->extack);
	t->spi = nla_get_u32(tb[IPSEC_QOS_STEER_TEST_A_SPI]);
	proto = tb[IPSEC_QOS_STEER_TEST_A_PROTO];
	t->proto = proto ? nla_get_u8(proto) : IPPROTO_ESP;
	return 0;
}

/* iq_net.config_lock is held. */
static int iq_steer_test(struct iq_net *iqn, struct iq_steer_test *t,
			 const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct iq_packet pkt = {
		.src = t->has_src ? t->src : NULL,
		.dst = t->dst,
		.family = t->family,
		.proto = t->proto,
		.spi = t->spi,
	};
	struct iq_key key = {
		.family = t->family,
		.proto = t->proto,
		.spi = cpu_to_be32(t->spi),
	};
	const struct iq_pool *pool;
	struct iq_where w;
	u32 target = 0;
	int err = 0;

	memcpy(key.dst, t->dst, sizeof(key.dst));
	iq_target_named(iqn, &key, &t->group, &target);
	rcu_read_lock();
	w = iq_steer_where(iqn, &pkt, iq_element_target(iqn, target));
	pool = w.prefix ? w.prefix->pool : NULL;
	t->why = w.chosen.why;
	t->element = w.chosen.element ? w.chosen.element->target.id : 0;
	t->pool = pool ? pool->id : 0;
	if (pool && t->why != IPSEC_QOS_STEER_EXACT) {
		t->has_bucket = pool->mode == IPSEC_QOS_POOL_BUCKET;
		t->bucket = iq_select_spi(t->spi);
		if (pool->mode == IPSEC_QOS_POOL_FLOW && !t->has_src) {
			iq_err(extack, attr, "the source is missing: pool %s is of flows",
			       pool->name);
			err = -EINVAL;
		}
	}
	rcu_read_unlock();
	return err;
}

static size_t iq_steer_test_size(void)
{
	return nla_total_size(4 * nla_total_size(sizeof(u8)) +
			      4 * nla_total_size(sizeof(u32)) +
			      2 * nla_total_size(sizeof(struct in6_addr)));
}

static int iq_put_steer_test(struct sk_buff *skb, const struct iq_steer_test *t)
{
	int len = t->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_STEER_TEST);

	if (!nest ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_TEST_A_FAMILY, t->family) ||
	    nla_put(skb, IPSEC_QOS_STEER_TEST_A_DST, len, t->dst) ||
	    (t->has_src && nla_put(skb, IPSEC_QOS_STEER_TEST_A_SRC, len, t->src)) ||
	    nla_put_u32(skb, IPSEC_QOS_STEER_TEST_A_SPI, t->spi) ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_TEST_A_PROTO, t->proto) ||
	    nla_put_u8(skb, IPSEC_QOS_STEER_TEST_A_WHY, t->why) ||
	    (t->element && nla_put_u32(skb, IPSEC_QOS_STEER_TEST_A_ELEMENT, t->element)) ||
	    (t->group && nla_put_u32(skb, IPSEC_QOS_STEER_TEST_A_GROUP, t->group)) ||
	    (t->pool && nla_put_u32(skb, IPSEC_QOS_STEER_TEST_A_POOL, t->pool)) ||
	    (t->has_bucket && nla_put_u16(skb, IPSEC_QOS_STEER_TEST_A_BUCKET, t->bucket)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_steer_test(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_steer_test t = {};
	struct sk_buff *answer;
	void *hdr;
	int err;

	err = iq_get_steer_test(info, &t);
	if (err)
		return err;
	answer = iq_answer(info, iq_steer_test_size(), &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	err = iq_steer_test(iqn, &t, info->attrs[IPSEC_QOS_A_STEER_TEST], info->extack);
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err ?: iq_put_steer_test(answer, &t));
}

static const struct genl_ops iq_steer_test_genl[] = {
	IQ_CMD(STEER_TEST, steer_test, .doit = iq_cmd_steer_test),
};

const struct iq_ops iq_steer_test_ops = {
	iq_steer_test_genl, ARRAY_SIZE(iq_steer_test_genl),
};
