// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "core/compat.h"
#include "core/debug.h"
#include "core/hooks.h"
#include "core/netlink.h"
#include "entry.h"
#include "expire.h"
#include "nat.h"
#include "netlink.h"
#include "rule.h"

/* Not const: struct nla_policy takes it so before 6.7. */
static struct netlink_range_validation iq_seconds_range = {
	.min = 1,
	.max = IPSEC_QOS_LIFETIME_MAX,
};

static struct netlink_range_validation iq_entries_range = {
	.min = 1,
	.max = IPSEC_QOS_NAT_ENTRIES_LIMIT,
};

static struct netlink_range_validation iq_id_range = {
	.min = 1,
	.max = IPSEC_QOS_NAT_RULE_ID_MAX,
};

#define IQ_NAT_ADDR	NLA_POLICY_EXACT_LEN(sizeof(struct in_addr))
#define IQ_NAT_LEN	NLA_POLICY_RANGE(NLA_U8, 1, 32)
#define IQ_NAT_DEV	{ .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 }
#define IQ_NAT_ID	NLA_POLICY_FULL_RANGE(NLA_U32, &iq_id_range)

static const struct nla_policy iq_nat_rule_policy[IPSEC_QOS_NAT_RULE_A_MAX + 1] = {
	[IPSEC_QOS_NAT_RULE_A_ID] = IQ_NAT_ID,
	[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV] = IQ_NAT_DEV,
	[IPSEC_QOS_NAT_RULE_A_INSIDE] = IQ_NAT_ADDR,
	[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN] = IQ_NAT_LEN,
	[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV] = IQ_NAT_DEV,
	[IPSEC_QOS_NAT_RULE_A_GLOBAL] = IQ_NAT_ADDR,
	[IPSEC_QOS_NAT_RULE_A_RESPONDER] = IQ_NAT_ADDR,
	[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN] = IQ_NAT_LEN,
	[IPSEC_QOS_NAT_RULE_A_SCHEME] =
		NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_NAT_SCHEME_MAX),
	[IPSEC_QOS_NAT_RULE_A_KEY] = NLA_POLICY_EXACT_LEN(IPSEC_QOS_NAT_KEY_BYTES),
	[IPSEC_QOS_NAT_RULE_A_COLLISION] =
		NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_NAT_COLLISION_MAX),
	[IPSEC_QOS_NAT_RULE_A_UNDERIVED] =
		NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_NAT_UNDERIVED_MAX),
	[IPSEC_QOS_NAT_RULE_A_IDLE] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_seconds_range),
	[IPSEC_QOS_NAT_RULE_A_WAIT] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_seconds_range),
	[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &iq_entries_range),
	[IPSEC_QOS_NAT_RULE_A_MAX_NODE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &iq_entries_range),
	[IPSEC_QOS_NAT_RULE_A_ENTRIES] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_NAT_RULE_A_WAITING] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_NAT_RULE_A_COUNTERS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_nat_rule_key_policy[IPSEC_QOS_NAT_RULE_A_MAX + 1] = {
	[IPSEC_QOS_NAT_RULE_A_ID] = IQ_NAT_ID,
};

static const struct nla_policy iq_nat_filter_policy[IPSEC_QOS_NAT_A_MAX + 1] = {
	[IPSEC_QOS_NAT_A_RULE] = IQ_NAT_ID,
};

IQ_POLICY(nat_rule_new, IQ_NEST(NAT_RULE, iq_nat_rule_policy));
IQ_POLICY(nat_rule_del, IQ_NEST(NAT_RULE, iq_nat_rule_key_policy));
IQ_POLICY(nat_rule_get);
IQ_POLICY(nat_filter, IQ_NEST(NAT, iq_nat_filter_policy));

/* Reading requests; what the policies say has been checked. */

static u32 iq_get_u32(const struct nlattr *attr, u32 otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

static u8 iq_get_u8(const struct nlattr *attr, u8 otherwise)
{
	return attr ? nla_get_u8(attr) : otherwise;
}

/* A prefix; all addresses, where there is none. */
static int iq_get_prefix(const struct nlattr *addr, const struct nlattr *len,
			 __be32 *prefix, __be32 *mask, struct netlink_ext_ack *extack)
{
	if (!addr) {
		if (!len)
			return 0;
		iq_err(extack, len, "a prefix length without a prefix");
		return -EINVAL;
	}
	*prefix = nla_get_in_addr(addr);
	*mask = inet_make_mask(iq_get_u8(len, 32));
	if (*prefix & ~*mask) {
		iq_err(extack, addr, "%pI4 is no prefix of that length", prefix);
		return -EINVAL;
	}
	return 0;
}

/* An interface's name; it need not be there. */
static int iq_get_dev(const struct nlattr *attr, char *dev,
		      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	nla_strscpy(dev, attr, IFNAMSIZ);
	if (dev_valid_name(dev))
		return 0;
	iq_err(extack, attr, "'%s' cannot be an interface's name", dev);
	return -EINVAL;
}

/* An address that packets may come from. */
static int iq_get_host(const struct nlattr *attr, __be32 *addr,
		       struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*addr = nla_get_in_addr(attr);
	if (!ipv4_is_zeronet(*addr) && !ipv4_is_multicast(*addr) &&
	    !ipv4_is_lbcast(*addr))
		return 0;
	iq_err(extack, attr, "%pI4 is no host's address", addr);
	return -EINVAL;
}

/* @nest: what @tb is of */
static int iq_get_conf(const struct nlattr *nest, struct nlattr **tb,
		       struct iq_nat_conf *conf, bool admin,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *max = tb[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES];
	const struct nlattr *key = tb[IPSEC_QOS_NAT_RULE_A_KEY];
	int err;

	if (!tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV]) {
		iq_err(extack, nest, "the outside interface is missing");
		return -EINVAL;
	}
	if (!tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV] && !tb[IPSEC_QOS_NAT_RULE_A_INSIDE]) {
		iq_err(extack, nest, "an inside interface or prefix is missing");
		return -EINVAL;
	}
	err = iq_get_dev(tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV], conf->outside_dev, extack);
	if (!err)
		err = iq_get_dev(tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV], conf->inside_dev,
				 extack);
	if (err)
		return err;
	if (!strcmp(conf->inside_dev, conf->outside_dev)) {
		iq_err(extack, tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV],
		       "%s cannot be inside and outside", conf->inside_dev);
		return -EINVAL;
	}
	err = iq_get_prefix(tb[IPSEC_QOS_NAT_RULE_A_INSIDE],
			    tb[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN], &conf->inside,
			    &conf->inside_mask, extack);
	if (!err)
		err = iq_get_prefix(tb[IPSEC_QOS_NAT_RULE_A_RESPONDER],
				    tb[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN],
				    &conf->responder, &conf->responder_mask, extack);
	if (!err)
		err = iq_get_host(tb[IPSEC_QOS_NAT_RULE_A_GLOBAL], &conf->global, extack);
	if (err)
		return err;

	BUILD_BUG_ON((int)IPSEC_QOS_NAT_SCHEME_MAX + 1 != (int)IQ_SPI_SCHEMES);
	BUILD_BUG_ON(IPSEC_QOS_NAT_KEY_BYTES != IQ_SPI_KEY_BYTES);
	conf->scheme.scheme = iq_get_u8(tb[IPSEC_QOS_NAT_RULE_A_SCHEME], 0);
	if (!!key != (conf->scheme.scheme == IQ_SPI_SIPHASH_LOW16)) {
		if (key)
			iq_err(extack, key, "this scheme takes no key");
		else
			iq_err(extack, nest, "siphash-low16 needs a key");
		return -EINVAL;
	}
	if (key)
		memcpy(conf->scheme.key, nla_data(key), sizeof(conf->scheme.key));
	conf->collision = iq_get_u8(tb[IPSEC_QOS_NAT_RULE_A_COLLISION], 0);
	conf->underived = iq_get_u8(tb[IPSEC_QOS_NAT_RULE_A_UNDERIVED], 0);
	conf->idle = HZ * (unsigned long)iq_get_u32(tb[IPSEC_QOS_NAT_RULE_A_IDLE],
						    IPSEC_QOS_NAT_IDLE);
	conf->wait = HZ * (unsigned long)iq_get_u32(tb[IPSEC_QOS_NAT_RULE_A_WAIT],
						    IPSEC_QOS_NAT_WAIT);
	conf->max = iq_get_u32(max, IPSEC_QOS_NAT_ENTRIES);
	conf->admin = admin;
	conf->max_node = iq_get_u32(tb[IPSEC_QOS_NAT_RULE_A_MAX_NODE],
				    IPSEC_QOS_NAT_NODE);
	if (conf->max > IPSEC_QOS_NAT_ENTRIES && !admin) {
		iq_err(extack, max, "more than %d entries: not from this namespace",
		       IPSEC_QOS_NAT_ENTRIES);
		return -EPERM;
	}
	return 0;
}

/* What a request says of a rule. */
static int iq_get_rule(struct genl_info *info, struct nlattr **tb, u32 *id)
{
	struct nlattr *nest = info->attrs[IPSEC_QOS_A_NAT_RULE];
	int err;

	if (!nest) {
		iq_err(info->extack, NULL, "the rule is missing");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, IPSEC_QOS_NAT_RULE_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_NAT_RULE_A_ID]) {
		iq_err(info->extack, nest, "the rule's id is missing");
		return -EINVAL;
	}
	*id = nla_get_u32(tb[IPSEC_QOS_NAT_RULE_A_ID]);
	return 0;
}

/* iq_net.config_lock is held. @conf is taken over if that goes well. */
static int iq_rule_new(struct iq_net *iqn, u32 id, struct iq_nat_conf *conf,
		       u16 nlflags, const struct nlattr *attr,
		       struct netlink_ext_ack *extack)
{
	bool there = iq_nat(iqn) && iq_nat_rule_find(iq_nat(iqn), id);
	int err;

	if (there && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, attr, "rule %u exists", id);
		return -EEXIST;
	}
	if (!there && !(nlflags & NLM_F_CREATE)) {
		iq_err(extack, attr, "no rule %u", id);
		return -ENOENT;
	}
	if (!there && iq_nat(iqn) && iq_nat(iqn)->n_rules >= IPSEC_QOS_NAT_RULES_MAX) {
		iq_err(extack, attr, "the ceiling of %d rules is reached",
		       IPSEC_QOS_NAT_RULES_MAX);
		return -ENOSPC;
	}
	err = iq_nat_init(iqn);
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_NAT, true);
	if (err)
		return err;
	err = iq_nat_rule_set(iq_nat(iqn), id, conf);
	iq_debug(iqn, "rule of translation %u is set: error %d", id, err);
	if (err && !iq_nat(iqn)->n_rules)
		iq_hooks_update(iqn, IQ_HOOKS_NAT, false);
	return err;
}

static int iq_cmd_nat_rule_new(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct nlattr *tb[IPSEC_QOS_NAT_RULE_A_MAX + 1];
	struct iq_nat_conf *conf;
	u32 id;
	int err;

	err = iq_get_rule(info, tb, &id);
	if (err)
		return err;
	conf = kzalloc(sizeof(*conf), GFP_KERNEL_ACCOUNT);
	if (!conf)
		return -ENOMEM;
	err = iq_get_conf(info->attrs[IPSEC_QOS_A_NAT_RULE], tb, conf,
			  netlink_capable(skb, CAP_NET_ADMIN), info->extack);
	if (!err) {
		mutex_lock(&iqn->config_lock);
		err = iq_rule_new(iqn, id, conf, info->nlhdr->nlmsg_flags,
				  info->attrs[IPSEC_QOS_A_NAT_RULE], info->extack);
		mutex_unlock(&iqn->config_lock);
	}
	if (err)
		kfree_sensitive(conf);
	return err;
}

static int iq_cmd_nat_rule_del(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct nlattr *tb[IPSEC_QOS_NAT_RULE_A_MAX + 1];
	struct iq_nat_rule *rule;
	u32 id;
	int err;

	err = iq_get_rule(info, tb, &id);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	rule = iq_nat(iqn) ? iq_nat_rule_find(iq_nat(iqn), id) : NULL;
	if (rule) {
		iq_nat_rule_del(iq_nat(iqn), rule);
		iq_debug(iqn, "rule of translation %u is removed", id);
		if (!iq_nat(iqn)->n_rules)
			iq_hooks_update(iqn, IQ_HOOKS_NAT, false);
	} else {
		iq_err(info->extack, info->attrs[IPSEC_QOS_A_NAT_RULE], "no rule %u", id);
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return err;
}

static int iq_put_prefix(struct sk_buff *skb, int type, __be32 prefix, __be32 mask)
{
	return mask && (nla_put_in_addr(skb, type, prefix) ||
			nla_put_u8(skb, type + 1, inet_mask_len(mask))) ? -EMSGSIZE : 0;
}

static int iq_put_rule(struct sk_buff *skb, const struct iq_nat *nat,
		       const struct iq_nat_rule *rule)
{
	const struct iq_nat_conf *conf =
		rcu_dereference_protected(rule->conf,
					  lockdep_is_held(&nat->iqn->config_lock));
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_NAT_RULE), *counters;
	struct iq_count c;
	int i;

	BUILD_BUG_ON(IPSEC_QOS_NAT_RULE_A_INSIDE + 1 != IPSEC_QOS_NAT_RULE_A_INSIDE_LEN);
	BUILD_BUG_ON(IPSEC_QOS_NAT_RULE_A_RESPONDER + 1 !=
		     IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN);
	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_ID, rule->id) ||
	    (conf->inside_dev[0] && nla_put_string(skb, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV,
						   conf->inside_dev)) ||
	    iq_put_prefix(skb, IPSEC_QOS_NAT_RULE_A_INSIDE, conf->inside,
			  conf->inside_mask) ||
	    nla_put_string(skb, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, conf->outside_dev) ||
	    (conf->global && nla_put_in_addr(skb, IPSEC_QOS_NAT_RULE_A_GLOBAL,
					     conf->global)) ||
	    iq_put_prefix(skb, IPSEC_QOS_NAT_RULE_A_RESPONDER, conf->responder,
			  conf->responder_mask) ||
	    nla_put_u8(skb, IPSEC_QOS_NAT_RULE_A_SCHEME, conf->scheme.scheme) ||
	    nla_put_u8(skb, IPSEC_QOS_NAT_RULE_A_COLLISION, conf->collision) ||
	    nla_put_u8(skb, IPSEC_QOS_NAT_RULE_A_UNDERIVED, conf->underived) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_IDLE, conf->idle / HZ) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_WAIT, conf->wait / HZ) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES, conf->max) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_MAX_NODE, conf->max_node) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_ENTRIES, READ_ONCE(rule->n)) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_RULE_A_WAITING, READ_ONCE(rule->n_waiting)))
		goto cancel;
	counters = nla_nest_start(skb, IPSEC_QOS_NAT_RULE_A_COUNTERS);
	if (!counters)
		goto cancel;
	for (i = 1; i <= IPSEC_QOS_NAT_COUNTER_MAX; i++) {
		c = iq_counter_sum(rule->counter, i);
		if (iq_put_count(skb, i, &c))
			goto cancel;
	}
	nla_nest_end(skb, counters);
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int iq_dump_nat_rules(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	struct iq_nat_rule *rule;
	void *hdr;

	mutex_lock(&iqn->config_lock);
	if (!iq_nat(iqn))
		goto out;
	list_for_each_entry(rule, &iq_nat(iqn)->rules, list) {
		if (rule->id <= cb->args[0])
			continue;
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_NAT_RULE_GET);
		if (!hdr)
			break;
		if (iq_put_rule(skb, iq_nat(iqn), rule)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = rule->id;
	}
out:
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

/* Entries */

static u32 iq_seconds_since(unsigned long when)
{
	return (jiffies - when) / HZ;
}

/* What iq_put_nat() needs. */
static size_t iq_nat_size(void)
{
	return nla_total_size(8 * nla_total_size(sizeof(u32)) +
			      nla_total_size(sizeof(u8)) + 2 * iq_count_size());
}

static int iq_put_nat(struct sk_buff *skb, const struct iq_nat_entry *e)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_NAT);
	const struct iq_nat_dir *out = &e->dir[IQ_NAT_OUT];
	u8 state = iq_nat_state(e);
	struct iq_count count[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(count); i++) {
		count[i].packets = atomic64_read(&e->dir[i].packets);
		count[i].bytes = atomic64_read(&e->dir[i].bytes);
	}
	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_A_RULE, iq_nat_rule_id(e)) ||
	    nla_put_in_addr(skb, IPSEC_QOS_NAT_A_INSIDE_LOCAL, iq_nat_inside(e)) ||
	    nla_put_in_addr(skb, IPSEC_QOS_NAT_A_INSIDE_GLOBAL, iq_nat_global(e)) ||
	    nla_put_in_addr(skb, IPSEC_QOS_NAT_A_OUTSIDE, out->key.outside) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_A_SPI_OUT, be32_to_cpu(out->key.spi)) ||
	    (state != IPSEC_QOS_NAT_WAITING &&
	     nla_put_u32(skb, IPSEC_QOS_NAT_A_SPI_IN,
			 be32_to_cpu(READ_ONCE(e->dir[IQ_NAT_IN].key.spi)))) ||
	    nla_put_u8(skb, IPSEC_QOS_NAT_A_STATE, state) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_A_AGE, iq_seconds_since(out->since)) ||
	    nla_put_u32(skb, IPSEC_QOS_NAT_A_IDLE,
			iq_seconds_since(iq_nat_used(e))) ||
	    iq_put_count(skb, IPSEC_QOS_NAT_A_OUT, &count[IQ_NAT_OUT]) ||
	    iq_put_count(skb, IPSEC_QOS_NAT_A_IN, &count[IQ_NAT_IN])) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* The id of the only rule that is asked for; 0: of all. */
static int iq_get_nat_filter(struct nlattr *nest, u32 *id, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_NAT_A_MAX + 1];
	int err;

	*id = 0;
	if (!nest)
		return 0;
	err = nla_parse_nested(tb, IPSEC_QOS_NAT_A_MAX, nest, iq_nat_filter_policy,
			       extack);
	if (!err && tb[IPSEC_QOS_NAT_A_RULE])
		*id = nla_get_u32(tb[IPSEC_QOS_NAT_A_RULE]);
	return err;
}

/**
 * struct iq_nat_dump - of the table, from message to message
 *
 * @rule: its entries; 0: all
 * @nat: @iter walks its entries; NULL: there are none
 */
struct iq_nat_dump {
	struct rhashtable_iter iter;
	u32 rule;
	const struct iq_nat *nat;
};

static int iq_dump_nat_start(struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(cb->skb->sk));
	struct iq_nat_dump *d;
	int err;

	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	err = iq_get_nat_filter(iq_dump_attrs(cb)[IPSEC_QOS_A_NAT], &d->rule, cb->extack);
	if (err) {
		kfree(d);
		return err;
	}
	mutex_lock(&iqn->config_lock);
	if (iq_nat(iqn)) {
		rhashtable_walk_enter(&iq_nat(iqn)->out, &d->iter);
		d->nat = iq_nat(iqn);
	}
	mutex_unlock(&iqn->config_lock);
	cb->args[0] = (long)d;
	return 0;
}

static int iq_dump_nat(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_nat_dump *d = (struct iq_nat_dump *)cb->args[0];
	struct iq_nat_entry *e;
	void *hdr;

	if (!d->nat)
		return 0;
	rhashtable_walk_start(&d->iter);
	/* One that did not fit into the last message is still to be told. */
	for (e = rhashtable_walk_peek(&d->iter); e; e = rhashtable_walk_next(&d->iter)) {
		if (IS_ERR(e)) {
			/* The table was resized: some may come twice. */
			if (PTR_ERR(e) == -EAGAIN)
				continue;
			break;
		}
		if (d->rule && iq_nat_rule_id(e) != d->rule)
			continue;
		cb->seq = READ_ONCE(d->nat->seq);
		hdr = iq_dump_begin(skb, cb, IPSEC_QOS_CMD_NAT_GET);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_nat(skb, e)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	rhashtable_walk_stop(&d->iter);
	return skb->len;
}

static int iq_dump_nat_done(struct netlink_callback *cb)
{
	struct iq_nat_dump *d = (struct iq_nat_dump *)cb->args[0];

	if (d->nat)
		rhashtable_walk_exit(&d->iter);
	kfree(d);
	return 0;
}

static int iq_cmd_nat_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_nat_rule *rule = NULL;
	u32 id, count = 0;
	int err;

	err = iq_get_nat_filter(info->attrs[IPSEC_QOS_A_NAT], &id, info->extack);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	if (iq_nat(iqn)) {
		rule = id ? iq_nat_rule_find(iq_nat(iqn), id) : NULL;
		if (!id || rule)
			count = iq_nat_flush(iq_nat(iqn), rule);
	}
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

void iq_event_nat(struct iq_nat *nat, enum ipsec_qos_event event,
		  struct iq_nat_entry *const *entries, unsigned int n)
{
	struct sk_buff *skb;
	unsigned int i;
	int err = 0;
	void *hdr;

	lockdep_assert_held(&nat->lock);
	skb = iq_event_begin(nat->iqn, IQ_MCGRP_NAT, event, n * iq_nat_size(), &hdr);
	if (!skb)
		return;
	for (i = 0; i < n && !err; i++)
		err = iq_put_nat(skb, entries[i]);
	iq_event_end(nat->iqn, IQ_MCGRP_NAT, event, skb, hdr, err);
}

/* @told: jiffies of the last event of a kind that comes once a second; 0: none */
static bool iq_told_lately(unsigned long told)
{
	return told && time_before(jiffies, told + HZ);
}

void iq_event_nat_collision(struct iq_nat *nat, struct iq_nat_rule *rule,
			    struct iq_nat_entry *const *entries, unsigned int n)
{
	if (iq_told_lately(rule->collision_told))
		return;
	rule->collision_told = jiffies ?: 1;
	iq_event_nat(nat, IPSEC_QOS_EVENT_NAT_COLLISION, entries, n);
}

void iq_event_nat_ceiling(struct iq_nat *nat, struct iq_nat_rule *rule, __be32 inside)
{
	struct nlattr *nest;
	struct sk_buff *skb;
	void *hdr;
	int err;

	lockdep_assert_held(&nat->lock);
	if (iq_told_lately(rule->ceiling_told))
		return;
	skb = iq_event_begin(nat->iqn, IQ_MCGRP_NAT, IPSEC_QOS_EVENT_CEILING,
			     nla_total_size(2 * nla_total_size(sizeof(u32))), &hdr);
	if (!skb)
		return;
	rule->ceiling_told = jiffies ?: 1;
	nest = nla_nest_start(skb, IPSEC_QOS_A_NAT);
	err = !nest || nla_put_u32(skb, IPSEC_QOS_NAT_A_RULE, rule->id) ||
	      (inside && nla_put_in_addr(skb, IPSEC_QOS_NAT_A_INSIDE_LOCAL, inside));
	if (!err)
		nla_nest_end(skb, nest);
	iq_event_end(nat->iqn, IQ_MCGRP_NAT, IPSEC_QOS_EVENT_CEILING, skb, hdr, err);
}

static const struct genl_ops iq_nat_genl[] = {
	IQ_CMD(NAT_RULE_NEW, nat_rule_new, .doit = iq_cmd_nat_rule_new),
	IQ_CMD(NAT_RULE_DEL, nat_rule_del, .doit = iq_cmd_nat_rule_del),
	IQ_CMD(NAT_RULE_GET, nat_rule_get, .dumpit = iq_dump_nat_rules),
	IQ_CMD(NAT_GET, nat_filter, .start = iq_dump_nat_start,
	       .dumpit = iq_dump_nat, .done = iq_dump_nat_done),
	IQ_CMD(NAT_FLUSH, nat_filter, .doit = iq_cmd_nat_flush),
};

const struct iq_ops iq_nat_ops = { iq_nat_genl, ARRAY_SIZE(iq_nat_genl) };
