// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "chains.h"
#include "core/compat.h"
#include "netlink.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_chain_id_range = {
	.min = 1, .max = IPSEC_QOS_CHAIN_ID_MAX,
};

static struct netlink_range_validation iq_step_range = {
	.min = 1, .max = IPSEC_QOS_DEVICE_ID_MAX,
};

#define IQ_CHAIN_KEY							\
	[IPSEC_QOS_CHAIN_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32,		\
						       &iq_chain_id_range), \
	[IPSEC_QOS_CHAIN_A_NAME] = { .type = NLA_NUL_STRING,		\
				     .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_chain_policy[IPSEC_QOS_CHAIN_A_MAX + 1] = {
	IQ_CHAIN_KEY,
	[IPSEC_QOS_CHAIN_A_STEP] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_step_range),
	[IPSEC_QOS_CHAIN_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_CHAIN_A_SERVICES] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_chain_key_policy[IPSEC_QOS_CHAIN_A_MAX + 1] = {
	IQ_CHAIN_KEY,
};

IQ_POLICY(chain_new, IQ_NEST(CHAIN, iq_chain_policy), IQ_OWNER);
IQ_POLICY(chain_del, IQ_NEST(CHAIN, iq_chain_key_policy));
IQ_POLICY(chain_get, IQ_NEST(CHAIN, iq_chain_key_policy), IQ_OWNER);

static int iq_get_chain_key(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct nlattr *tb[IPSEC_QOS_CHAIN_A_MAX + 1];
	struct iq_chain_req *req = entry;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_CHAIN_A_MAX, nest, NULL, info->extack);
	req->object.attr = nest;
	return err ?: iq_get_key(nest, tb[IPSEC_QOS_CHAIN_A_ID], tb[IPSEC_QOS_CHAIN_A_NAME],
				 true, "a chain", &req->object.id, req->object.name,
				 info->extack);
}

static int iq_get_chain(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	struct iq_chain_req *req = entry;
	const struct nlattr *attr;
	int rem, err;

	err = iq_get_chain_key(info, nest, entry);
	if (err)
		return err;
	if (!req->object.id)
		return iq_missing(nest, IPSEC_QOS_CHAIN_A_ID, "a chain's id", info->extack);
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_CHAIN_A_STEP)
			continue;
		if (req->n == IQ_STEPS) {
			iq_err(info->extack, attr, "more than %d steps", IQ_STEPS);
			return -E2BIG;
		}
		req->step_attr[req->n] = attr;
		req->step[req->n++] = nla_get_u32(attr);
	}
	return 0;
}

static int iq_chain_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_CHAIN, sizeof(struct iq_chain_req),
			   del ? iq_get_chain_key : iq_get_chain, &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = del ? iq_chain_del(iqn, req, n, info->extack) :
		    iq_chain_set(iqn, req, n, iq_get_owner(info->attrs),
				 info->nlhdr->nlmsg_flags, info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_chain_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_chain_request(info, false);
}

static int iq_cmd_chain_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_chain_request(info, true);
}

size_t iq_chain_size(const struct iq_object *o, bool whole)
{
	return nla_total_size((2 + IQ_STEPS) * nla_total_size(sizeof(u32)) +
			      nla_total_size(sizeof(u8)) + nla_total_size(IPSEC_QOS_NAME_MAX));
}

int iq_put_chain(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_CHAIN);
	const struct iq_chain *c = iq_chain_of(o);
	u32 i;

	if (!nest || nla_put_u32(skb, IPSEC_QOS_CHAIN_A_ID, o->id) ||
	    nla_put_string(skb, IPSEC_QOS_CHAIN_A_NAME, o->name))
		goto cancel;
	for (i = 0; i < c->steps.n; i++)
		if (nla_put_u32(skb, IPSEC_QOS_CHAIN_A_STEP, c->steps.device[i]->object.id))
			goto cancel;
	if (nla_put_u8(skb, IPSEC_QOS_CHAIN_A_OWNER, o->owner) ||
	    nla_put_u32(skb, IPSEC_QOS_CHAIN_A_SERVICES, c->services))
		goto cancel;
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int iq_cmd_chain_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_chains *ch = iq_chains(iqn);
	struct iq_chain_req req = {};
	int err;

	if (!info->attrs[IPSEC_QOS_A_CHAIN])
		return iq_missing(NULL, IPSEC_QOS_A_CHAIN, "the chain", info->extack);
	err = iq_get_chain_key(info, info->attrs[IPSEC_QOS_A_CHAIN], &req);
	return err ?: iq_objects_answer(info, iqn, ch ? &ch->chains : NULL, &req.object,
					"chain");
}

static int iq_dump_chains(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	struct iq_chains *ch = iq_chains(iqn);

	return iq_objects_dump(skb, cb, iqn, ch ? &ch->chains : NULL);
}

static const struct genl_ops iq_chain_genl[] = {
	IQ_CMD(CHAIN_NEW, chain_new, .doit = iq_cmd_chain_new),
	IQ_CMD(CHAIN_DEL, chain_del, .doit = iq_cmd_chain_del),
	IQ_CMD(CHAIN_GET, chain_get, .doit = iq_cmd_chain_get, .dumpit = iq_dump_chains),
};

const struct iq_ops iq_chain_ops = {
	iq_chain_genl, ARRAY_SIZE(iq_chain_genl), &iq_service_ops,
};
