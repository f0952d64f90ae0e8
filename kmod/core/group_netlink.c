// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat.h"
#include "group.h"
#include "group_netlink.h"
#include "netlink.h"

#define IQ_GROUP_KEY							\
	[IPSEC_QOS_GROUP_A_ID] = NLA_POLICY_MIN(NLA_U32, 1),		\
	[IPSEC_QOS_GROUP_A_NAME] = { .type = NLA_NUL_STRING,		\
				     .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_group_policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
	IQ_GROUP_KEY,
	[IPSEC_QOS_GROUP_A_MARK] = { .type = NLA_U32 },
	[IPSEC_QOS_GROUP_A_MASK] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_GROUP_A_PRIORITY] = { .type = NLA_U32 },
	[IPSEC_QOS_GROUP_A_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[IPSEC_QOS_GROUP_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_SAS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_IKES] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_COUNTERS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_MARK_CLEAR] = { .type = NLA_U32 },
	[IPSEC_QOS_GROUP_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, IPSEC_QOS_GROUP_F_NO_SYSFS),
};

static const struct nla_policy iq_group_key_policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
	IQ_GROUP_KEY,
};

IQ_POLICY(group_new, IQ_NEST(GROUP, iq_group_policy), IQ_OWNER);
IQ_POLICY(group_del, IQ_NEST(GROUP, iq_group_key_policy));
IQ_POLICY(group_get, IQ_NEST(GROUP, iq_group_key_policy), IQ_OWNER);
IQ_POLICY(group_flush, IQ_OWNER);

static int iq_get_marks(struct nlattr **tb, struct iq_group_req *req,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *mark = tb[IPSEC_QOS_GROUP_A_MARK];
	const struct nlattr *clear = tb[IPSEC_QOS_GROUP_A_MARK_CLEAR];

	if (tb[IPSEC_QOS_GROUP_A_MASK])
		req->mask = nla_get_u32(tb[IPSEC_QOS_GROUP_A_MASK]);
	if (mark) {
		req->has_mark = true;
		req->mark = nla_get_u32(mark);
		if (req->mark & ~req->mask) {
			iq_err(extack, mark, "mark 0x%x has bits outside of mask 0x%x",
			       req->mark, req->mask);
			return -EINVAL;
		}
	}
	req->mark_clear = clear ? nla_get_u32(clear) : req->mark;
	if (req->mark_clear & ~req->mask) {
		iq_err(extack, clear, "mark 0x%x of clear packets has bits outside of mask 0x%x",
		       req->mark_clear, req->mask);
		return -EINVAL;
	}
	return 0;
}

/* @key: only the key is wanted, by ID or NAME. */
static int iq_get_group(const struct nlattr *attr, bool key,
			struct iq_group_req *req, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_GROUP_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_GROUP_A_MAX, attr, iq_group_policy,
			       extack);
	if (err)
		return err;
	*req = (struct iq_group_req) { .attr = attr, .mask = ~0, .dscp = -1 };

	if (tb[IPSEC_QOS_GROUP_A_ID])
		req->id = nla_get_u32(tb[IPSEC_QOS_GROUP_A_ID]);
	if (tb[IPSEC_QOS_GROUP_A_NAME])
		err = iq_get_name(tb[IPSEC_QOS_GROUP_A_NAME], "a group", req->name, extack);
	if (err)
		return err;
	if (!req->id && !(key && req->name[0])) {
		NL_SET_ERR_ATTR_MISS(extack, attr, IPSEC_QOS_GROUP_A_ID);
		iq_err(extack, attr, "a group's id%s is missing",
		       key ? " or name" : "");
		return -EINVAL;
	}
	err = iq_get_marks(tb, req, extack);
	if (err)
		return err;
	if (tb[IPSEC_QOS_GROUP_A_PRIORITY])
		req->priority = nla_get_u32(tb[IPSEC_QOS_GROUP_A_PRIORITY]);
	if (tb[IPSEC_QOS_GROUP_A_DSCP])
		req->dscp = nla_get_u8(tb[IPSEC_QOS_GROUP_A_DSCP]);
	if (tb[IPSEC_QOS_GROUP_A_FLAGS])
		req->flags = nla_get_u32(tb[IPSEC_QOS_GROUP_A_FLAGS]);
	return 0;
}

/* What iq_put_group() needs. */
static size_t iq_group_size(void)
{
	return nla_total_size(8 * nla_total_size(sizeof(u32)) +
			      2 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) +
			      nla_total_size(IPSEC_QOS_COUNTER_MAX * iq_count_size()));
}

/* iq_net.config_lock is held. */
static int iq_put_group(struct sk_buff *skb, const struct iq_group *g)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_GROUP);
	struct iq_action a;

	if (!nest)
		return -EMSGSIZE;
	rcu_read_lock();
	a = *iq_group_action(g);
	rcu_read_unlock();
	if (nla_put_u32(skb, IPSEC_QOS_GROUP_A_ID, g->id) ||
	    nla_put_string(skb, IPSEC_QOS_GROUP_A_NAME, g->name) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_MARK, a.mark) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_MASK, a.mask) ||
	    (a.mark_clear != a.mark &&
	     nla_put_u32(skb, IPSEC_QOS_GROUP_A_MARK_CLEAR, a.mark_clear)) ||
	    (a.priority &&
	     nla_put_u32(skb, IPSEC_QOS_GROUP_A_PRIORITY, a.priority)) ||
	    (a.dscp >= 0 && nla_put_u8(skb, IPSEC_QOS_GROUP_A_DSCP, a.dscp)) ||
	    (g->flags && nla_put_u32(skb, IPSEC_QOS_GROUP_A_FLAGS, g->flags)) ||
	    nla_put_u8(skb, IPSEC_QOS_GROUP_A_OWNER, g->owner) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_SAS,
			READ_ONCE(g->users[IQ_USER_SA])) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_IKES,
			READ_ONCE(g->users[IQ_USER_IKE])) ||
	    iq_put_counters(skb, IPSEC_QOS_GROUP_A_COUNTERS, g->counter,
			    IPSEC_QOS_COUNTER_MAX)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_group_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_group_req *req;
	const struct nlattr *attr;
	int n, rem, i = 0, err = 0;

	n = iq_count_attrs(info, IPSEC_QOS_A_GROUP);
	if (n < 0)
		return n;
	req = kvmalloc_array(n, sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != IPSEC_QOS_A_GROUP)
			continue;
		err = iq_get_group(attr, del, &req[i++], info->extack);
		if (err)
			goto out;
	}
	mutex_lock(&iqn->config_lock);
	err = del ? iq_group_del(iqn, req, n, info->extack) :
		    iq_group_set(iqn, req, n, iq_get_owner(info->attrs),
				 info->nlhdr->nlmsg_flags, info->extack);
	mutex_unlock(&iqn->config_lock);
out:
	kvfree(req);
	return err;
}

static int iq_cmd_group_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_group_request(info, false);
}

static int iq_cmd_group_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_group_request(info, true);
}

static int iq_cmd_group_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_group_req req;
	struct sk_buff *answer;
	struct iq_group *g;
	void *hdr;
	int err;

	if (!info->attrs[IPSEC_QOS_A_GROUP]) {
		iq_err(info->extack, NULL, "the group is missing");
		return -EINVAL;
	}
	err = iq_get_group(info->attrs[IPSEC_QOS_A_GROUP], true, &req,
			   info->extack);
	if (err)
		return err;
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	g = iq_group_find(iqn, req.id, req.name);
	if (g) {
		err = iq_put_group(answer, g);
	} else {
		iq_err(info->extack, req.attr, "no such group");
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err);
}

static int iq_dump_groups(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_group *g;
	unsigned long i;
	void *hdr;

	if (cb->args[1])
		return 0;
	mutex_lock(&iqn->config_lock);
	cb->seq = iqn->group_seq;
	xa_for_each_start(&iqn->groups, i, g, cb->args[0]) {
		if (owner >= 0 && g->owner != owner)
			continue;
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_GROUP_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_group(skb, g)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i + 1;
	}
	/* All are told; behind the last id there may be no number to go on from. */
	cb->args[1] = !g;
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

static int iq_cmd_group_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u32 count;

	mutex_lock(&iqn->config_lock);
	count = iq_group_flush(iqn, iq_get_filter_owner(info->attrs));
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

static void iq_group_told(struct iq_net *iqn, enum ipsec_qos_event event,
			  struct iq_group *g)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(iqn, IQ_MCGRP_EVENTS, event, iq_group_size(), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_EVENTS, event, skb, hdr, iq_put_group(skb, g));
}

/* At most one a second. */
static void iq_ceiling_told(struct iq_net *iqn, int type, u32 count)
{
	struct nlattr *nest;
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (iqn->ceiling_told && time_before(jiffies, iqn->ceiling_told + HZ))
		return;
	skb = iq_event_begin(iqn, IQ_MCGRP_EVENTS, IPSEC_QOS_EVENT_CEILING,
			     nla_total_size(nla_total_size(sizeof(u32))), &hdr);
	if (!skb)
		return;
	iqn->ceiling_told = jiffies ?: 1;
	nest = nla_nest_start(skb, IPSEC_QOS_A_STATUS);
	err = !nest || nla_put_u32(skb, type, count);
	if (!err)
		nla_nest_end(skb, nest);
	iq_event_end(iqn, IQ_MCGRP_EVENTS, IPSEC_QOS_EVENT_CEILING, skb, hdr, err);
}

const struct iq_listener iq_netlink_listener = {
	.group = iq_group_told,
	.ceiling = iq_ceiling_told,
};

static const struct genl_ops iq_group_genl[] = {
	IQ_CMD(GROUP_NEW, group_new, .doit = iq_cmd_group_new),
	IQ_CMD(GROUP_DEL, group_del, .doit = iq_cmd_group_del),
	IQ_CMD(GROUP_GET, group_get, .doit = iq_cmd_group_get,
	       .dumpit = iq_dump_groups),
	IQ_CMD(GROUP_FLUSH, group_flush, .doit = iq_cmd_group_flush),
};

const struct iq_ops iq_group_ops = { iq_group_genl, ARRAY_SIZE(iq_group_genl) };
