// SPDX-License-Identifier: GPL-2.0
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "compat.h"
#include "feature.h"
#include "group_netlink.h"
#include "netlink.h"
#include "resync.h"
#include "status.h"
#include "trace.h"

static struct genl_family iq_family;

/* Reading requests. What the policies say has been checked before. */

int iq_count_attrs(struct genl_info *info, int type)
{
	const struct nlattr *attr;
	int rem, n = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		if (n++ == IPSEC_QOS_BULK_MAX) {
			iq_err(info->extack, attr,
			       "more than %d entries in one request",
			       IPSEC_QOS_BULK_MAX);
			return -E2BIG;
		}
	}
	if (!n) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, type);
		iq_err(info->extack, NULL, "the request names no entry");
		return -EINVAL;
	}
	return n;
}

static bool iq_name_valid(const char *name)
{
	const char *p;

	if (!name[0] || name[0] == '.')
		return false;
	for (p = name; *p; p++)
		/* The kernel's isalnum() knows the letters of Latin-1 too. */
		if (!(isascii(*p) && isalnum(*p)) && !strchr("._-", *p))
			return false;
	return true;
}

int iq_get_name(const struct nlattr *attr, const char *whose, char *name,
		struct netlink_ext_ack *extack)
{
	nla_strscpy(name, attr, IPSEC_QOS_NAME_MAX);
	if (iq_name_valid(name))
		return 0;
	iq_err(extack, attr, "%s's name is 1 to %d of A-Z a-z 0-9 . _ -", whose,
	       IPSEC_QOS_NAME_MAX - 1);
	return -EINVAL;
}

int iq_get_entries(struct genl_info *info, int type, size_t size,
		   int (*get)(struct genl_info *info, const struct nlattr *nest, void *entry),
		   void **entries)
{
	int n = iq_count_attrs(info, type), rem, i = 0, err;
	const struct nlattr *attr;

	if (n < 0)
		return n;
	*entries = kvcalloc(n, size, GFP_KERNEL);
	if (!*entries)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		err = get(info, attr, *entries + size * i++);
		if (!err)
			continue;
		kvfree(*entries);
		*entries = NULL;
		return err;
	}
	return n;
}

int iq_missing(const struct nlattr *nest, int type, const char *what,
	       struct netlink_ext_ack *extack)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	iq_err(extack, nest, "%s is missing", what);
	return -EINVAL;
}

int iq_get_key(const struct nlattr *nest, const struct nlattr *id_attr,
	       const struct nlattr *name_attr, bool key, const char *whose, u32 *id,
	       char *name, struct netlink_ext_ack *extack)
{
	int err;

	*id = id_attr ? nla_get_u32(id_attr) : 0;
	name[0] = '\0';
	if (name_attr) {
		err = iq_get_name(name_attr, whose, name, extack);
		if (err)
			return err;
	}
	if (*id || (key && name[0]))
		return 0;
	iq_err(extack, nest, "%s's id%s is missing", whose, key ? " or name" : "");
	return -EINVAL;
}

int iq_get_address(const struct nlattr *nest, const struct nlattr *family_attr,
		   const struct nlattr *attr, int type, const char *what, u8 *family,
		   u8 *address, struct netlink_ext_ack *extack)
{
	int len;

	if (!family_attr) {
		iq_err(extack, nest, "the family is missing");
		return -EINVAL;
	}
	*family = nla_get_u8(family_attr);
	if (*family != AF_INET && *family != AF_INET6) {
		iq_err(extack, family_attr, "family %u is neither %u nor %u", *family, AF_INET,
		       AF_INET6);
		return -EAFNOSUPPORT;
	}
	if (!attr)
		return iq_missing(nest, type, what, extack);
	len = *family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	if (nla_len(attr) != len) {
		iq_err(extack, attr, "%d bytes are no address of family %u", nla_len(attr),
		       *family);
		return -EINVAL;
	}
	memcpy(address, nla_data(attr), len);
	return 0;
}

/* Writing answers. */

int iq_put_count(struct sk_buff *skb, int type, const struct iq_count *c)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, IPSEC_QOS_COUNTER_A_PACKETS, c->packets,
			      IPSEC_QOS_COUNTER_A_PAD) ||
	    nla_put_u64_64bit(skb, IPSEC_QOS_COUNTER_A_BYTES, c->bytes,
			      IPSEC_QOS_COUNTER_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int iq_put_counters(struct sk_buff *skb, int type, struct iq_counter __percpu *counter,
		    int max)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	struct iq_count c;
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= max; i++) {
		c = iq_counter_sum(counter, i);
		if (iq_put_count(skb, i, &c))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

struct sk_buff *iq_answer(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &iq_family, 0, info->genlhdr->cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

int iq_reply(struct genl_info *info, struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

int iq_reply_count(struct genl_info *info, u32 count)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return -ENOMEM;
	return iq_reply(info, skb, hdr,
			nla_put_u32(skb, IPSEC_QOS_A_COUNT, count));
}

/* Events */

static const struct genl_multicast_group iq_mcgrps[] = {
	[IQ_MCGRP_EVENTS] = { .name = IPSEC_QOS_MCGRP_EVENTS,
			      .flags = GENL_MCAST_CAP_NET_ADMIN },
	[IQ_MCGRP_NAT] = { .name = IPSEC_QOS_MCGRP_NAT,
			   .flags = GENL_MCAST_CAP_NET_ADMIN },
	[IQ_MCGRP_STEER] = { .name = IPSEC_QOS_MCGRP_STEER,
			     .flags = GENL_MCAST_CAP_NET_ADMIN },
	[IQ_MCGRP_CHAIN] = { .name = IPSEC_QOS_MCGRP_CHAIN,
			     .flags = GENL_MCAST_CAP_NET_ADMIN },
	[IQ_MCGRP_TRACE] = { .name = IPSEC_QOS_MCGRP_TRACE,
			     .flags = GENL_MCAST_CAP_NET_ADMIN },
};

/*
 * The family takes requests. It has to be gone before the namespaces are that requests
 * are for; and what happens in these until they are gone is not to be told, as the
 * numbers of its multicast groups may be another family's by then.
 */
static bool iq_family_there __read_mostly;

struct sk_buff *iq_event_begin(struct iq_net *iqn, enum iq_mcgrp group,
			       enum ipsec_qos_event event, size_t size, void **hdr)
{
	struct sk_buff *skb;

	if (!READ_ONCE(iq_family_there) ||
	    !genl_has_listeners(&iq_family, iqn->net, group))
		return NULL;
	skb = genlmsg_new(nla_total_size(sizeof(u8)) + size, GFP_ATOMIC);
	if (!skb) {
		genl_set_err(&iq_family, iqn->net, 0, group, -ENOBUFS);
		return NULL;
	}
	*hdr = genlmsg_put(skb, 0, 0, &iq_family, 0, IPSEC_QOS_CMD_EVENT);
	if (!*hdr || nla_put_u8(skb, IPSEC_QOS_A_EVENT, event)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

void iq_event_end(struct iq_net *iqn, enum iq_mcgrp group, enum ipsec_qos_event event,
		  struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		genl_set_err(&iq_family, iqn->net, 0, group, -ENOBUFS);
		return;
	}
	genlmsg_end(skb, hdr);
	trace_iq_event(iqn, iq_mcgrps[group].name, event, skb->len);
	genlmsg_multicast_netns(&iq_family, iqn->net, skb, 0, group, GFP_ATOMIC);
}

/* Which operations there are is known when the module is loaded. */
static struct genl_family iq_family __ro_after_init = {
	.name = IPSEC_QOS_GENL_NAME,
	.version = IPSEC_QOS_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	/* From here on NLM_F_CREATE and its like would be refused. */
	.resv_start_op = IPSEC_QOS_CMD_MAX + 1,
	.mcgrps = iq_mcgrps,
	.n_mcgrps = ARRAY_SIZE(iq_mcgrps),
};

void *iq_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &iq_family, NLM_F_MULTI, cmd);
}

/* The core's own operations */
static const struct iq_ops *const iq_core_ops[] = {
	&iq_group_ops,
	&iq_status_ops,
	&iq_resync_ops,
};

static void iq_ops_add(struct genl_ops *all, const struct iq_ops *ops)
{
	memcpy(&all[iq_family.n_ops], ops->ops, ops->n * sizeof(*all));
	iq_family.n_ops += ops->n;
}

/* All operations, of the core's objects and of the features', as the family wants them. */
static int iq_ops_gather(void)
{
	const struct iq_feature *f;
	const struct iq_ops *ops;
	unsigned int i, n = 0;
	struct genl_ops *all;

	for (i = 0; i < ARRAY_SIZE(iq_core_ops); i++)
		n += iq_core_ops[i]->n;
	iq_for_each_feature(f, i)
		for (ops = f->ops; ops; ops = ops->next)
			n += ops->n;
	all = kcalloc(n, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(iq_core_ops); i++)
		iq_ops_add(all, iq_core_ops[i]);
	iq_for_each_feature(f, i)
		for (ops = f->ops; ops; ops = ops->next)
			iq_ops_add(all, ops);
	iq_family.ops = all;
	return 0;
}

int __init iq_netlink_module_init(void)
{
	int err = iq_ops_gather();

	if (err)
		return err;
	err = genl_register_family(&iq_family);
	if (err)
		kfree(iq_family.ops);
	else
		WRITE_ONCE(iq_family_there, true);
	return err;
}

void iq_netlink_module_exit(void)
{
	WRITE_ONCE(iq_family_there, false);
	/*
	 * For those who are about to send: with bottom halves disabled, or in a
	 * request, which the family waits for.
	 */
	synchronize_rcu();
	genl_unregister_family(&iq_family);
	kfree(iq_family.ops);
}
