// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/compat.h"
#include "device.h"
#include "netlink.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_device_id_range = {
	.min = 1, .max = IPSEC_QOS_DEVICE_ID_MAX,
};

static struct netlink_range_validation iq_alternate_range = {
	.min = 0, .max = IPSEC_QOS_DEVICE_ID_MAX,
};

static struct netlink_range_validation iq_copies_range = {
	.min = 1, .max = IPSEC_QOS_DEVICE_RATE_MAX,
};

static const struct nla_policy iq_side_policy[IPSEC_QOS_SIDE_A_MAX + 1] = {
	[IPSEC_QOS_SIDE_A_DEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[IPSEC_QOS_SIDE_A_MAC] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[IPSEC_QOS_SIDE_A_FROM] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[IPSEC_QOS_SIDE_A_PROBLEM] = IQ_ANSWER_ONLY,
};

#define IQ_DEVICE_KEY							\
	[IPSEC_QOS_DEVICE_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32,	\
							&iq_device_id_range), \
	[IPSEC_QOS_DEVICE_A_NAME] = { .type = NLA_NUL_STRING,		\
				      .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_device_policy[IPSEC_QOS_DEVICE_A_MAX + 1] = {
	IQ_DEVICE_KEY,
	[IPSEC_QOS_DEVICE_A_KIND] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_DEVICE_KIND_MAX),
	[IPSEC_QOS_DEVICE_A_OUTER] = NLA_POLICY_NESTED(iq_side_policy),
	[IPSEC_QOS_DEVICE_A_INNER] = NLA_POLICY_NESTED(iq_side_policy),
	[IPSEC_QOS_DEVICE_A_STATE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_DEVICE_STATE_MAX),
	[IPSEC_QOS_DEVICE_A_ALTERNATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_alternate_range),
	[IPSEC_QOS_DEVICE_A_FAILURE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_DEVICE_FAILURE_MAX),
	[IPSEC_QOS_DEVICE_A_RATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_copies_range),
	[IPSEC_QOS_DEVICE_A_SNAP] = { .type = NLA_U32 },
	[IPSEC_QOS_DEVICE_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_DEVICE_A_NOW] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_DEVICE_A_CHAINS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_DEVICE_A_COUNTERS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_device_key_policy[IPSEC_QOS_DEVICE_A_MAX + 1] = {
	IQ_DEVICE_KEY,
};

IQ_POLICY(device_new, IQ_NEST(DEVICE, iq_device_policy), IQ_OWNER);
IQ_POLICY(device_del, IQ_NEST(DEVICE, iq_device_key_policy));
IQ_POLICY(device_get, IQ_NEST(DEVICE, iq_device_key_policy), IQ_OWNER);

static int iq_get_mac(const struct nlattr *attr, u8 *mac, struct netlink_ext_ack *extack)
{
	memcpy(mac, nla_data(attr), ETH_ALEN);
	if (is_valid_ether_addr(mac))
		return 0;
	iq_err(extack, attr, "%pM is no host's link address", mac);
	return -EINVAL;
}

static int iq_get_side(const struct nlattr *nest, struct iq_side_conf *side,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	bool dev = false;
	int rem, err = 0;

	nla_for_each_nested(attr, nest, rem) {
		switch (nla_type(attr)) {
		case IPSEC_QOS_SIDE_A_DEV:
			nla_strscpy(side->dev, attr, sizeof(side->dev));
			dev = true;
			if (dev_valid_name(side->dev))
				break;
			iq_err(extack, attr, "'%s' cannot be an interface's name", side->dev);
			return -EINVAL;
		case IPSEC_QOS_SIDE_A_MAC:
			err = iq_get_mac(attr, side->mac, extack);
			side->has_mac = true;
			break;
		case IPSEC_QOS_SIDE_A_FROM:
			if (side->n_from == IPSEC_QOS_DEVICE_FROM_MAX) {
				iq_err(extack, attr,
				       "more than %d further link addresses of a side",
				       IPSEC_QOS_DEVICE_FROM_MAX);
				return -E2BIG;
			}
			err = iq_get_mac(attr, side->from[side->n_from++], extack);
			break;
		}
		if (err)
			return err;
	}
	if (!dev)
		return iq_missing(nest, IPSEC_QOS_SIDE_A_DEV, "the interface", extack);
	return 0;
}

static int iq_get_u8(const struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : -1;
}

static int iq_get_device_sides(struct nlattr **tb, struct iq_device_req *req,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *snap = req->snap;
	int i, err = 0;

	req->sides[0] = tb[IPSEC_QOS_DEVICE_A_OUTER];
	req->sides[1] = tb[IPSEC_QOS_DEVICE_A_INNER];
	if (req->sides[1] && !req->sides[0]) {
		iq_err(extack, req->sides[1], "an inner side without an outer one");
		return -EINVAL;
	}
	for (i = 0; i < 2 && !err; i++)
		if (req->sides[i])
			err = iq_get_side(req->sides[i], &req->conf[i], extack);
	if (!err && snap && nla_get_u32(snap) && nla_get_u32(snap) < IPSEC_QOS_DEVICE_SNAP_MIN) {
		iq_err(extack, snap, "%u bytes of a copy: less than %d, or 0, which is all",
		       nla_get_u32(snap), IPSEC_QOS_DEVICE_SNAP_MIN);
		return -ERANGE;
	}
	return err;
}

static int iq_get_device_of(struct genl_info *info, const struct nlattr *nest,
			    struct iq_device_req *req, bool key)
{
	struct nlattr *tb[IPSEC_QOS_DEVICE_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_DEVICE_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	req->object.attr = nest;
	err = iq_get_key(nest, tb[IPSEC_QOS_DEVICE_A_ID], tb[IPSEC_QOS_DEVICE_A_NAME], key,
			 "a device", &req->object.id, req->object.name, info->extack);
	if (err || key)
		return err;
	req->kind_attr = tb[IPSEC_QOS_DEVICE_A_KIND];
	req->kind = iq_get_u8(req->kind_attr);
	req->state = iq_get_u8(tb[IPSEC_QOS_DEVICE_A_STATE]);
	req->failure = iq_get_u8(tb[IPSEC_QOS_DEVICE_A_FAILURE]);
	req->alternate_attr = tb[IPSEC_QOS_DEVICE_A_ALTERNATE];
	if (req->alternate_attr)
		req->alternate = nla_get_u32(req->alternate_attr);
	req->rate_attr = tb[IPSEC_QOS_DEVICE_A_RATE];
	if (req->rate_attr)
		req->rate = nla_get_u32(req->rate_attr);
	req->snap = tb[IPSEC_QOS_DEVICE_A_SNAP];
	return iq_get_device_sides(tb, req, info->extack);
}

static int iq_get_device(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	return iq_get_device_of(info, nest, entry, false);
}

static int iq_get_device_key(struct genl_info *info, const struct nlattr *nest, void *entry)
{
	return iq_get_device_of(info, nest, entry, true);
}

static int iq_device_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	void *req;
	int n, err;

	n = iq_get_entries(info, IPSEC_QOS_A_DEVICE, sizeof(struct iq_device_req),
			   del ? iq_get_device_key : iq_get_device, &req);
	if (n < 0)
		return n;
	mutex_lock(&iqn->config_lock);
	err = del ? iq_device_del(iqn, req, n, info->extack) :
		    iq_device_set(iqn, req, n, iq_get_owner(info->attrs),
				  info->nlhdr->nlmsg_flags, info->extack);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_device_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_device_request(info, false);
}

static int iq_cmd_device_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_device_request(info, true);
}

size_t iq_device_size(const struct iq_object *o, bool whole)
{
	size_t side = nla_total_size(nla_total_size(IFNAMSIZ) + nla_total_size(sizeof(u8)) +
				     (1 + IPSEC_QOS_DEVICE_FROM_MAX) *
				     nla_total_size(ETH_ALEN));

	return nla_total_size(6 * nla_total_size(sizeof(u32)) + 4 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) + 2 * side +
			      nla_total_size(IPSEC_QOS_DEVICE_COUNTER_MAX * iq_count_size()));
}

static int iq_put_side(struct sk_buff *skb, int type, const struct iq_side_conf *side, u8 problem)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	int i;

	if (!nest || nla_put_string(skb, IPSEC_QOS_SIDE_A_DEV, side->dev) ||
	    (side->has_mac && nla_put(skb, IPSEC_QOS_SIDE_A_MAC, ETH_ALEN, side->mac)) ||
	    nla_put_u8(skb, IPSEC_QOS_SIDE_A_PROBLEM, problem))
		return -EMSGSIZE;
	for (i = 0; i < side->n_from; i++)
		if (nla_put(skb, IPSEC_QOS_SIDE_A_FROM, ETH_ALEN, side->from[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int iq_put_device(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_DEVICE);
	const struct iq_device *d = iq_device_of(o), *alternate = iq_device_alternate(d);
	const struct iq_device *now = iq_device_now(d);

	if (!nest || nla_put_u32(skb, IPSEC_QOS_DEVICE_A_ID, o->id) ||
	    nla_put_string(skb, IPSEC_QOS_DEVICE_A_NAME, o->name) ||
	    nla_put_u8(skb, IPSEC_QOS_DEVICE_A_KIND, d->kind) ||
	    iq_put_side(skb, IPSEC_QOS_DEVICE_A_OUTER, &d->conf[0], d->problem[0]) ||
	    (d->arms > 1 &&
	     iq_put_side(skb, IPSEC_QOS_DEVICE_A_INNER, &d->conf[1], d->problem[1])) ||
	    nla_put_u8(skb, IPSEC_QOS_DEVICE_A_STATE, d->state) ||
	    nla_put_u32(skb, IPSEC_QOS_DEVICE_A_ALTERNATE,
			alternate ? alternate->object.id : 0) ||
	    nla_put_u8(skb, IPSEC_QOS_DEVICE_A_FAILURE, d->failure) ||
	    (d->kind == IPSEC_QOS_DEVICE_TAP &&
	     (nla_put_u32(skb, IPSEC_QOS_DEVICE_A_RATE, d->rate) ||
	      nla_put_u32(skb, IPSEC_QOS_DEVICE_A_SNAP, d->snap))) ||
	    nla_put_u8(skb, IPSEC_QOS_DEVICE_A_OWNER, o->owner) ||
	    nla_put_u32(skb, IPSEC_QOS_DEVICE_A_NOW, now ? now->object.id : 0) ||
	    nla_put_u32(skb, IPSEC_QOS_DEVICE_A_CHAINS, d->chains) ||
	    iq_put_counters(skb, IPSEC_QOS_DEVICE_A_COUNTERS, d->counter,
			    IPSEC_QOS_DEVICE_COUNTER_MAX)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_device_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_device_req req = {};
	struct iq_chains *ch = iq_chains(iqn);
	int err;

	if (!info->attrs[IPSEC_QOS_A_DEVICE])
		return iq_missing(NULL, IPSEC_QOS_A_DEVICE, "the device", info->extack);
	err = iq_get_device_key(info, info->attrs[IPSEC_QOS_A_DEVICE], &req);
	return err ?: iq_objects_answer(info, iqn, ch ? &ch->devices : NULL, &req.object,
					"device");
}

static int iq_dump_devices(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	struct iq_chains *ch = iq_chains(iqn);

	return iq_objects_dump(skb, cb, iqn, ch ? &ch->devices : NULL);
}

static const struct genl_ops iq_device_genl[] = {
	IQ_CMD(DEVICE_NEW, device_new, .doit = iq_cmd_device_new),
	IQ_CMD(DEVICE_DEL, device_del, .doit = iq_cmd_device_del),
	IQ_CMD(DEVICE_GET, device_get, .doit = iq_cmd_device_get, .dumpit = iq_dump_devices),
};

const struct iq_ops iq_device_ops = {
	iq_device_genl, ARRAY_SIZE(iq_device_genl), &iq_chain_ops,
};
