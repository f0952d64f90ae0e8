// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/compat.h"
#include "core/netlink.h"
#include "netlink.h"
#include "state.h"
#include "table.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_lifetime_range = {
	.min = 1,
	.max = IPSEC_QOS_LIFETIME_MAX,
};

static struct netlink_range_validation iq_element_range = {
	.min = 1,
	.max = IPSEC_QOS_ELEMENT_ID_MAX,
};

#define IQ_SA_KEY							\
	[IPSEC_QOS_SA_A_FAMILY] = { .type = NLA_U8 },			\
	[IPSEC_QOS_SA_A_DST] = NLA_POLICY_RANGE(NLA_BINARY,		\
						sizeof(struct in_addr),	\
						sizeof(struct in6_addr)), \
	[IPSEC_QOS_SA_A_SPI] = NLA_POLICY_MIN(NLA_U32, IQ_SPI_MIN),	\
	[IPSEC_QOS_SA_A_PROTO] = NLA_POLICY_RANGE(NLA_U8, IPPROTO_ESP,	\
						  IPPROTO_AH)

static const struct nla_policy iq_sa_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
	[IPSEC_QOS_SA_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SA_A_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32,
							  &iq_lifetime_range),
	[IPSEC_QOS_SA_A_FLAGS] = NLA_POLICY_MASK(NLA_U32,
						 IPSEC_QOS_SA_F_PENDING),
	[IPSEC_QOS_SA_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SA_A_PACKETS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SA_A_BYTES] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SA_A_ELEMENT] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_element_range),
};

static const struct nla_policy iq_sa_filter_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
	[IPSEC_QOS_SA_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SA_A_ELEMENT] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_element_range),
};

static const struct nla_policy iq_sa_key_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
};

#define IQ_IKE_KEY							\
	[IPSEC_QOS_IKE_A_SPI_I] = NLA_POLICY_MIN(NLA_U64, 1),		\
	[IPSEC_QOS_IKE_A_SPI_R] = { .type = NLA_U64 }

static const struct nla_policy iq_ike_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
	[IPSEC_QOS_IKE_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_IKE_A_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32,
							   &iq_lifetime_range),
	[IPSEC_QOS_IKE_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_IKE_A_PACKETS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_IKE_A_BYTES] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_ike_filter_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
	[IPSEC_QOS_IKE_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy iq_ike_key_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
};

#define IQ_COUNT \
	[IPSEC_QOS_A_COUNT] = { .type = NLA_U32 }

IQ_POLICY(sa_new, IQ_NEST(SA, iq_sa_policy), IQ_OWNER, IQ_COUNT);
IQ_POLICY(sa_del, IQ_NEST(SA, iq_sa_key_policy));
IQ_POLICY(sa_filter, IQ_NEST(SA, iq_sa_filter_policy), IQ_OWNER);
IQ_POLICY(ike_new, IQ_NEST(IKE, iq_ike_policy), IQ_OWNER, IQ_COUNT);
IQ_POLICY(ike_del, IQ_NEST(IKE, iq_ike_key_policy));
IQ_POLICY(ike_filter, IQ_NEST(IKE, iq_ike_filter_policy), IQ_OWNER);

/* Reading requests. What the policies say has been checked before. */

static u32 iq_get_count(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_COUNT] ? nla_get_u32(attrs[IPSEC_QOS_A_COUNT]) : 0;
}

/* An SA's key; @filter: none of it has to be there. */
static int iq_get_sa_key(const struct nlattr *nest, struct nlattr **tb,
			 bool filter, struct iq_key *key, bool *has_dst,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *dst = tb[IPSEC_QOS_SA_A_DST];
	const struct nlattr *family = tb[IPSEC_QOS_SA_A_FAMILY];

	memset(key, 0, sizeof(*key));
	if (family) {
		key->family = nla_get_u8(family);
		if (key->family != AF_INET && key->family != AF_INET6) {
			iq_err(extack, family, "family %u is neither %u nor %u",
			       key->family, AF_INET, AF_INET6);
			return -EAFNOSUPPORT;
		}
	} else if (!filter || dst) {
		return iq_missing(nest, IPSEC_QOS_SA_A_FAMILY, "the family",
				  extack);
	}
	if (dst) {
		if (nla_len(dst) != (key->family == AF_INET ?
				     sizeof(struct in_addr) :
				     sizeof(struct in6_addr))) {
			iq_err(extack, dst, "%d bytes are no address of family %u",
			       nla_len(dst), key->family);
			return -EINVAL;
		}
		memcpy(key->dst, nla_data(dst), nla_len(dst));
	} else if (!filter) {
		return iq_missing(nest, IPSEC_QOS_SA_A_DST, "the destination",
				  extack);
	}
	*has_dst = dst;
	if (tb[IPSEC_QOS_SA_A_SPI])
		key->spi = cpu_to_be32(nla_get_u32(tb[IPSEC_QOS_SA_A_SPI]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_SA_A_SPI, "the SPI", extack);
	if (tb[IPSEC_QOS_SA_A_PROTO])
		key->proto = nla_get_u8(tb[IPSEC_QOS_SA_A_PROTO]);
	else if (!filter)
		key->proto = IPPROTO_ESP;
	return 0;
}

static int iq_get_ike_key(const struct nlattr *nest, struct nlattr **tb,
			  bool filter, struct iq_key *key,
			  struct netlink_ext_ack *extack)
{
	memset(key, 0, sizeof(*key));
	if (tb[IPSEC_QOS_IKE_A_SPI_I])
		key->spi_i = cpu_to_be64(nla_get_u64(tb[IPSEC_QOS_IKE_A_SPI_I]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_IKE_A_SPI_I,
				  "the initiator's SPI", extack);
	if (tb[IPSEC_QOS_IKE_A_SPI_R])
		key->spi_r = cpu_to_be64(nla_get_u64(tb[IPSEC_QOS_IKE_A_SPI_R]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_IKE_A_SPI_R,
				  "the responder's SPI", extack);
	return 0;
}

static int iq_get_entry_group(struct iq_net *iqn, const struct nlattr *attr,
			      struct iq_group **g, struct netlink_ext_ack *extack)
{
	*g = NULL;
	if (!attr)
		return 0;
	*g = iq_group_find(iqn, nla_get_u32(attr), NULL);
	if (*g)
		return 0;
	iq_err(extack, attr, "no group %u", nla_get_u32(attr));
	return -ENOENT;
}

static int iq_get_entry_target(struct iq_net *iqn, const struct nlattr *attr,
			       struct iq_target **t, struct netlink_ext_ack *extack)
{
	*t = NULL;
	if (!attr)
		return 0;
	*t = iq_target_find(iqn, nla_get_u32(attr));
	if (*t)
		return 0;
	iq_err(extack, attr, "no element %u", nla_get_u32(attr));
	return -ENOENT;
}

static int iq_get_entry_sa(struct iq_net *iqn, const struct nlattr *attr,
			   struct iq_entry_req *req,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];
	bool has_dst;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, attr, NULL, extack);
	if (!err)
		err = iq_get_sa_key(attr, tb, false, &req->key, &has_dst, extack);
	if (!err)
		err = iq_get_entry_group(iqn, tb[IPSEC_QOS_SA_A_GROUP],
					 &req->group, extack);
	if (!err)
		err = iq_get_entry_target(iqn, tb[IPSEC_QOS_SA_A_ELEMENT],
					  &req->target, extack);
	if (err)
		return err;
	req->pending = tb[IPSEC_QOS_SA_A_FLAGS] &&
		       nla_get_u32(tb[IPSEC_QOS_SA_A_FLAGS]) & IPSEC_QOS_SA_F_PENDING;
	if (tb[IPSEC_QOS_SA_A_LIFETIME])
		req->lifetime = nla_get_u32(tb[IPSEC_QOS_SA_A_LIFETIME]);
	else if (req->pending)
		req->lifetime = IPSEC_QOS_PENDING_LIFETIME;
	return 0;
}

static int iq_get_entry_ike(struct iq_net *iqn, const struct nlattr *attr,
			    struct iq_entry_req *req,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_IKE_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, attr, NULL, extack);
	if (!err)
		err = iq_get_ike_key(attr, tb, false, &req->key, extack);
	if (!err)
		err = iq_get_entry_group(iqn, tb[IPSEC_QOS_IKE_A_GROUP],
					 &req->group, extack);
	if (!err && tb[IPSEC_QOS_IKE_A_LIFETIME])
		req->lifetime = nla_get_u32(tb[IPSEC_QOS_IKE_A_LIFETIME]);
	return err;
}

static int iq_entry_attr(enum iq_table_id id)
{
	return id == IQ_TABLE_SA ? IPSEC_QOS_A_SA : IPSEC_QOS_A_IKE;
}

static int iq_get_entry(struct iq_table *t, const struct nlattr *attr,
			struct iq_entry_req *req, struct netlink_ext_ack *extack)
{
	memset(req, 0, sizeof(*req));
	req->attr = attr;
	return t->type->id == IQ_TABLE_SA ?
	       iq_get_entry_sa(t->iqn, attr, req, extack) :
	       iq_get_entry_ike(t->iqn, attr, req, extack);
}

static int iq_get_filter(enum iq_table_id id, struct nlattr **attrs,
			 struct iq_filter *f, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];
	struct nlattr *nest = attrs[iq_entry_attr(id)], *group;
	int err;

	BUILD_BUG_ON(IPSEC_QOS_IKE_A_MAX > IPSEC_QOS_SA_A_MAX);
	memset(f, 0, sizeof(*f));
	f->owner = iq_get_filter_owner(attrs);
	if (!nest)
		return 0;
	if (id == IQ_TABLE_SA) {
		err = nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, nest,
				       iq_sa_policy, extack);
		if (!err)
			err = iq_get_sa_key(nest, tb, true, &f->key,
					    &f->has_dst, extack);
		group = err ? NULL : tb[IPSEC_QOS_SA_A_GROUP];
		if (!err && tb[IPSEC_QOS_SA_A_ELEMENT])
			f->element = nla_get_u32(tb[IPSEC_QOS_SA_A_ELEMENT]);
	} else {
		err = nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, nest,
				       iq_ike_policy, extack);
		if (!err)
			err = iq_get_ike_key(nest, tb, true, &f->key, extack);
		f->has_spi_r = !err && tb[IPSEC_QOS_IKE_A_SPI_R];
		group = err ? NULL : tb[IPSEC_QOS_IKE_A_GROUP];
	}
	if (group)
		f->group = nla_get_u32(group);
	return err;
}

/* Writing answers. Each returns 0 or -EMSGSIZE with nothing written. */

static int iq_put_sa(struct sk_buff *skb, const struct iq_entry_info *i)
{
	int len = i->key.family == AF_INET ? sizeof(struct in_addr) :
					     sizeof(struct in6_addr);
	u32 flags = (i->pending ? IPSEC_QOS_SA_F_PENDING : 0) |
		    (i->local ? IPSEC_QOS_SA_F_LOCAL : 0);

	return nla_put_u8(skb, IPSEC_QOS_SA_A_FAMILY, i->key.family) ||
	       nla_put(skb, IPSEC_QOS_SA_A_DST, len, i->key.dst) ||
	       nla_put_u32(skb, IPSEC_QOS_SA_A_SPI, be32_to_cpu(i->key.spi)) ||
	       nla_put_u8(skb, IPSEC_QOS_SA_A_PROTO, i->key.proto) ||
	       (i->group && nla_put_u32(skb, IPSEC_QOS_SA_A_GROUP, i->group)) ||
	       (i->element && nla_put_u32(skb, IPSEC_QOS_SA_A_ELEMENT, i->element)) ||
	       (i->lifetime &&
		nla_put_u32(skb, IPSEC_QOS_SA_A_LIFETIME, i->lifetime)) ||
	       (flags && nla_put_u32(skb, IPSEC_QOS_SA_A_FLAGS, flags)) ||
	       nla_put_u8(skb, IPSEC_QOS_SA_A_OWNER, i->owner) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_SA_A_PACKETS, i->packets,
				 IPSEC_QOS_SA_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_SA_A_BYTES, i->bytes,
				 IPSEC_QOS_SA_A_PAD);
}

static int iq_put_ike(struct sk_buff *skb, const struct iq_entry_info *i)
{
	return nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_SPI_I,
				 be64_to_cpu(i->key.spi_i), IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_SPI_R,
				 be64_to_cpu(i->key.spi_r), IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u32(skb, IPSEC_QOS_IKE_A_GROUP, i->group) ||
	       (i->lifetime &&
		nla_put_u32(skb, IPSEC_QOS_IKE_A_LIFETIME, i->lifetime)) ||
	       nla_put_u8(skb, IPSEC_QOS_IKE_A_OWNER, i->owner) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_PACKETS, i->packets,
				 IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_BYTES, i->bytes,
				 IPSEC_QOS_IKE_A_PAD);
}

/* What of an entry both kinds have: group, lifetime, owner and counters. */
#define IQ_ENTRY_SIZE (2 * nla_total_size(sizeof(u32)) +		\
		       nla_total_size(sizeof(u8)) +			\
		       2 * nla_total_size_64bit(sizeof(u64)))

/* What iq_put_entry() needs. */
static size_t iq_entry_size(enum iq_table_id id)
{
	return nla_total_size(IQ_ENTRY_SIZE +
			      (id == IQ_TABLE_SA ?
			       2 * nla_total_size(sizeof(u8)) +
			       3 * nla_total_size(sizeof(u32)) +
			       nla_total_size(sizeof(struct in6_addr)) :
			       2 * nla_total_size_64bit(sizeof(u64))));
}

static int iq_put_entry(struct sk_buff *skb, enum iq_table_id id,
			const struct iq_entry_info *i)
{
	struct nlattr *nest = nla_nest_start(skb, iq_entry_attr(id));

	if (!nest)
		return -EMSGSIZE;
	if (id == IQ_TABLE_SA ? iq_put_sa(skb, i) : iq_put_ike(skb, i)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static enum iq_table_id iq_cmd_table(const struct genl_info *info)
{
	return info->genlhdr->cmd < IPSEC_QOS_CMD_IKE_NEW ? IQ_TABLE_SA :
							    IQ_TABLE_IKE;
}

static int iq_entry_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iq_tag(iqn)->tables[iq_cmd_table(info)];
	int type = iq_entry_attr(t->type->id);
	struct iq_entry_req *req;
	const struct nlattr *attr;
	int n, rem, i = 0, err = 0;

	n = iq_count_attrs(info, type);
	if (n < 0)
		return n;
	req = kvmalloc_array(n, sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;

	mutex_lock(&iqn->config_lock);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		err = iq_get_entry(t, attr, &req[i], info->extack);
		if (err)
			goto out;
		req[i++].owner = iq_get_owner(info->attrs);
	}
	err = del ? iq_table_del(t, req, n, info->extack) :
		    iq_table_set(t, req, n, iq_get_count(info->attrs),
				 info->nlhdr->nlmsg_flags, info->extack);
out:
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_entry_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_entry_request(info, false);
}

static int iq_cmd_entry_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_entry_request(info, true);
}

static int iq_cmd_entry_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iq_tag(iqn)->tables[iq_cmd_table(info)];
	struct nlattr *attr = info->attrs[iq_entry_attr(t->type->id)];
	struct iq_entry_info entry;
	struct iq_entry_req req;
	struct sk_buff *answer;
	void *hdr;
	int err;

	if (!attr) {
		iq_err(info->extack, NULL, "the %s is missing", t->type->name);
		return -EINVAL;
	}
	mutex_lock(&iqn->config_lock);
	err = iq_get_entry(t, attr, &req, info->extack);
	if (!err) {
		err = iq_table_get(t, &req.key, &entry);
		if (err)
			iq_err(info->extack, attr, "no such %s", t->type->name);
	}
	mutex_unlock(&iqn->config_lock);
	if (err)
		return err;
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	return iq_reply(info, answer, hdr,
			iq_put_entry(answer, t->type->id, &entry));
}

static int iq_cmd_entry_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iq_tag(iqn)->tables[iq_cmd_table(info)];
	struct iq_filter filter;
	u32 count;
	int err;

	err = iq_get_filter(t->type->id, info->attrs, &filter, info->extack);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	count = iq_table_flush(t, &filter);
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

/**
 * struct iq_dump - a dump of a table, from message to message
 *
 * @held: an entry that did not fit into the last message
 * @cmd: what the messages say they are
 */
struct iq_dump {
	struct iq_walk walk;
	struct iq_entry_info held;
	bool has_held;
	u8 cmd;
};

static int iq_dump_start(struct netlink_callback *cb, enum iq_table_id id, u8 cmd)
{
	struct iq_net *iqn = iq_net(sock_net(cb->skb->sk));
	struct iq_filter filter;
	struct iq_dump *d;
	int err;

	err = iq_get_filter(id, iq_dump_attrs(cb), &filter, cb->extack);
	if (err)
		return err;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->cmd = cmd;
	iq_walk_begin(&d->walk, &iq_tag(iqn)->tables[id], &filter);
	cb->args[0] = (long)d;
	return 0;
}

static int iq_dump_sas_start(struct netlink_callback *cb)
{
	return iq_dump_start(cb, IQ_TABLE_SA, IPSEC_QOS_CMD_SA_GET);
}

static int iq_dump_ikes_start(struct netlink_callback *cb)
{
	return iq_dump_start(cb, IQ_TABLE_IKE, IPSEC_QOS_CMD_IKE_GET);
}

static int iq_dump_entries(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_dump *d = (struct iq_dump *)cb->args[0];
	struct iq_table *t = d->walk.t;
	void *hdr;

	rcu_read_lock();
	while (d->has_held || iq_walk_next(&d->walk, &d->held)) {
		cb->seq = iq_table_seq(t);
		d->has_held = true;
		hdr = iq_dump_begin(skb, cb, d->cmd);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_entry(skb, t->type->id, &d->held)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		d->has_held = false;
	}
	rcu_read_unlock();
	return skb->len;
}

static int iq_dump_done(struct netlink_callback *cb)
{
	kfree((struct iq_dump *)cb->args[0]);
	return 0;
}

void iq_entry_told(struct iq_table *t, enum ipsec_qos_event event,
		   const struct iq_entry_info *info)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(t->iqn, IQ_MCGRP_EVENTS, event,
			     iq_entry_size(t->type->id), &hdr);
	if (skb)
		iq_event_end(t->iqn, IQ_MCGRP_EVENTS, event, skb, hdr,
			     iq_put_entry(skb, t->type->id, info));
}

static const struct genl_ops iq_tag_genl[] = {
	IQ_CMD(SA_NEW, sa_new, .doit = iq_cmd_entry_new),
	IQ_CMD(SA_DEL, sa_del, .doit = iq_cmd_entry_del),
	IQ_CMD(SA_GET, sa_filter, .doit = iq_cmd_entry_get,
	       .start = iq_dump_sas_start, .dumpit = iq_dump_entries,
	       .done = iq_dump_done),
	IQ_CMD(SA_FLUSH, sa_filter, .doit = iq_cmd_entry_flush),
	IQ_CMD(IKE_NEW, ike_new, .doit = iq_cmd_entry_new),
	IQ_CMD(IKE_DEL, ike_del, .doit = iq_cmd_entry_del),
	IQ_CMD(IKE_GET, ike_filter, .doit = iq_cmd_entry_get,
	       .start = iq_dump_ikes_start, .dumpit = iq_dump_entries,
	       .done = iq_dump_done),
	IQ_CMD(IKE_FLUSH, ike_filter, .doit = iq_cmd_entry_flush),
};

const struct iq_ops iq_tag_ops = { iq_tag_genl, ARRAY_SIZE(iq_tag_genl) };
