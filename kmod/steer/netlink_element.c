// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "core/compat.h"
#include "netlink.h"
#include "send.h"

/* Not const: struct nla_policy takes it so before 6.7. */
static struct netlink_range_validation iq_element_id_range = {
	.min = 1, .max = IPSEC_QOS_ELEMENT_ID_MAX,
};

#define IQ_ELEMENT_KEY							\
	[IPSEC_QOS_ELEMENT_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32,	\
							 &iq_element_id_range), \
	[IPSEC_QOS_ELEMENT_A_NAME] = { .type = NLA_NUL_STRING,		\
				       .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_element_policy[IPSEC_QOS_ELEMENT_A_MAX + 1] = {
	IQ_ELEMENT_KEY,
	[IPSEC_QOS_ELEMENT_A_DEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[IPSEC_QOS_ELEMENT_A_VIA] = NLA_POLICY_EXACT_LEN(sizeof(struct in_addr)),
	[IPSEC_QOS_ELEMENT_A_VIA6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[IPSEC_QOS_ELEMENT_A_NEXTHOP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_ELEMENT_A_STATE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_ELEMENT_STATE_MAX),
	[IPSEC_QOS_ELEMENT_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_ELEMENT_A_PROBLEM] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_ELEMENT_A_SAS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_ELEMENT_A_POOLS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_ELEMENT_A_COUNTERS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_element_key_policy[IPSEC_QOS_ELEMENT_A_MAX + 1] = {
	IQ_ELEMENT_KEY,
};

IQ_POLICY(element_new, IQ_NEST(ELEMENT, iq_element_policy), IQ_OWNER);
IQ_POLICY(element_del, IQ_NEST(ELEMENT, iq_element_key_policy));
IQ_POLICY(element_get, IQ_NEST(ELEMENT, iq_element_key_policy), IQ_OWNER);

/* An address that packets may be sent on to. */
static int iq_get_via(struct nlattr **tb, struct iq_way *way, struct netlink_ext_ack *extack)
{
	const struct nlattr *via = tb[IPSEC_QOS_ELEMENT_A_VIA];
	const struct nlattr *via6 = tb[IPSEC_QOS_ELEMENT_A_VIA6];

	if (via) {
		way->via = nla_get_in_addr(via);
		if (ipv4_is_zeronet(way->via) || ipv4_is_multicast(way->via) ||
		    ipv4_is_lbcast(way->via) || ipv4_is_loopback(way->via)) {
			iq_err(extack, via, "%pI4 is no next hop", &way->via);
			return -EINVAL;
		}
	}
	if (!via6)
		return 0;
	way->via6 = nla_get_in6_addr(via6);
	if (ipv6_addr_any(&way->via6) || ipv6_addr_is_multicast(&way->via6) ||
	    ipv6_addr_loopback(&way->via6) || ipv6_addr_v4mapped(&way->via6)) {
		iq_err(extack, via6, "%pI6c is no next hop", &way->via6);
		return -EINVAL;
	}
	if (ipv6_addr_type(&way->via6) & IPV6_ADDR_LINKLOCAL && !way->dev[0]) {
		iq_err(extack, via6, "the interface of %pI6c is missing", &way->via6);
		return -EINVAL;
	}
	return 0;
}

static int iq_get_way(const struct nlattr *nest, struct nlattr **tb, struct iq_way *way,
		      struct netlink_ext_ack *extack)
{
	const struct nlattr *dev = tb[IPSEC_QOS_ELEMENT_A_DEV];
	const struct nlattr *nexthop = tb[IPSEC_QOS_ELEMENT_A_NEXTHOP];

	if (nexthop)
		way->nexthop = nla_get_u32(nexthop);
	if (dev) {
		nla_strscpy(way->dev, dev, sizeof(way->dev));
		if (!dev_valid_name(way->dev)) {
			iq_err(extack, dev, "'%s' cannot be an interface's name", way->dev);
			return -EINVAL;
		}
	}
	if (!dev && !tb[IPSEC_QOS_ELEMENT_A_VIA] && !tb[IPSEC_QOS_ELEMENT_A_VIA6]) {
		if (nexthop)
			return 0;
		iq_err(extack, nest, "an element needs a next hop, an interface or both");
		return -EINVAL;
	}
	if (nexthop) {
		iq_err(extack, nexthop, "a nexthop object beside another next hop");
		return -EINVAL;
	}
	return iq_get_via(tb, way, extack);
}

static int iq_get_element_key(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct nlattr *tb[IPSEC_QOS_ELEMENT_A_MAX + 1];
	struct iq_element_req *req = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_ELEMENT_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	req->attr = nest;
	return iq_get_key(nest, tb[IPSEC_QOS_ELEMENT_A_ID], tb[IPSEC_QOS_ELEMENT_A_NAME], true,
			  "an element", &req->id, req->name, info->extack);
}

static int iq_get_element(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct nlattr *tb[IPSEC_QOS_ELEMENT_A_MAX + 1];
	struct iq_element_req *req = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_ELEMENT_A_MAX, nest, NULL, info->extack);
	if (!err)
		err = iq_get_key(nest, tb[IPSEC_QOS_ELEMENT_A_ID],
				 tb[IPSEC_QOS_ELEMENT_A_NAME], false, "an element", &req->id,
				 req->name, info->extack);
	if (!err)
		err = iq_get_way(nest, tb, &req->way, info->extack);
	req->attr = nest;
	req->via = tb[IPSEC_QOS_ELEMENT_A_VIA];
	req->via6 = tb[IPSEC_QOS_ELEMENT_A_VIA6];
	req->state = tb[IPSEC_QOS_ELEMENT_A_STATE] ?
		     nla_get_u8(tb[IPSEC_QOS_ELEMENT_A_STATE]) : -1;
	return err;
}

static int iq_cmd_element_new(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_ELEMENT, sizeof(struct iq_element_req),
			   iq_get_element, &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = iq_element_set(iqn, req, n, iq_get_owner(info->attrs), info->nlhdr->nlmsg_flags,
			     info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_element_del(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_ELEMENT, sizeof(struct iq_element_req),
			   iq_get_element_key, &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = iq_element_del(iqn, req, n, info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

size_t iq_element_size(void)
{
	return nla_total_size(4 * nla_total_size(sizeof(u32)) +
			      3 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) + nla_total_size(IFNAMSIZ) +
			      nla_total_size(sizeof(struct in_addr)) +
			      nla_total_size(sizeof(struct in6_addr)) +
			      nla_total_size(IPSEC_QOS_ELEMENT_COUNTER_MAX * iq_count_size()));
}

int iq_put_element(struct sk_buff *skb, struct iq_element *e)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_ELEMENT);
	const struct iq_way *way = iq_element_way(e);

	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_ELEMENT_A_ID, e->target.id) ||
	    nla_put_string(skb, IPSEC_QOS_ELEMENT_A_NAME, e->name) ||
	    (way->dev[0] && nla_put_string(skb, IPSEC_QOS_ELEMENT_A_DEV, way->dev)) ||
	    (way->via && nla_put_in_addr(skb, IPSEC_QOS_ELEMENT_A_VIA, way->via)) ||
	    (!ipv6_addr_any(&way->via6) &&
	     nla_put_in6_addr(skb, IPSEC_QOS_ELEMENT_A_VIA6, &way->via6)) ||
	    (way->nexthop &&
	     nla_put_u32(skb, IPSEC_QOS_ELEMENT_A_NEXTHOP, way->nexthop)) ||
	    nla_put_u8(skb, IPSEC_QOS_ELEMENT_A_STATE, e->state) ||
	    nla_put_u8(skb, IPSEC_QOS_ELEMENT_A_OWNER, e->owner) ||
	    nla_put_u8(skb, IPSEC_QOS_ELEMENT_A_PROBLEM, iq_element_problem(e)) ||
	    nla_put_u32(skb, IPSEC_QOS_ELEMENT_A_SAS, iq_element_users(e)) ||
	    nla_put_u32(skb, IPSEC_QOS_ELEMENT_A_POOLS, e->pools) ||
	    iq_put_counters(skb, IPSEC_QOS_ELEMENT_A_COUNTERS, e->counter,
			    IPSEC_QOS_ELEMENT_COUNTER_MAX)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_element_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_element_req req = {};
	struct sk_buff *answer;
	struct iq_element *e;
	void *hdr;
	int err;

	if (!info->attrs[IPSEC_QOS_A_ELEMENT])
		return iq_missing(NULL, IPSEC_QOS_A_ELEMENT, "the element", info->extack);
	err = iq_get_element_key(info, info->attrs[IPSEC_QOS_A_ELEMENT], &req);
	if (err)
		return err;
	answer = iq_answer(info, iq_element_size(), &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	e = iq_element_find(iqn, req.id, req.name);
	if (e) {
		err = iq_put_element(answer, e);
	} else {
		iq_err(info->extack, req.attr, "no such element");
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err);
}

static int iq_dump_elements(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_steer *steer;
	struct iq_element *e = NULL;
	unsigned long i;
	void *hdr;

	if (cb->args[1])
		return 0;
	mutex_lock(&iqn->config_lock);
	steer = iq_steer(iqn);
	if (!steer)
		goto out;
	cb->seq = steer->element_seq;
	xa_for_each_start(&steer->elements, i, e, cb->args[0]) {
		if (owner >= 0 && e->owner != owner)
			continue;
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_ELEMENT_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_element(skb, e)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i + 1;
	}
out:
	/* All are told. */
	cb->args[1] = !e;
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

static const struct genl_ops iq_element_genl[] = {
	IQ_CMD(ELEMENT_NEW, element_new, .doit = iq_cmd_element_new),
	IQ_CMD(ELEMENT_DEL, element_del, .doit = iq_cmd_element_del),
	IQ_CMD(ELEMENT_GET, element_get, .doit = iq_cmd_element_get,
	       .dumpit = iq_dump_elements),
};

const struct iq_ops iq_element_ops = {
	iq_element_genl, ARRAY_SIZE(iq_element_genl), &iq_pool_ops,
};
