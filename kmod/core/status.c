// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

#include "compat.h"
#include "conf.h"
#include "feature.h"
#include "netlink.h"
#include "status.h"

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_max_sas_range = {
	.min = 1, .max = IPSEC_QOS_MAX_SAS_LIMIT,
};

static struct netlink_range_validation iq_max_ikes_range = {
	.min = 1, .max = IPSEC_QOS_MAX_IKES_LIMIT,
};

static struct netlink_range_validation iq_max_groups_range = {
	.min = 1, .max = IPSEC_QOS_MAX_GROUPS_LIMIT,
};

static struct netlink_range_validation iq_unknown_element_range = {
	.min = 1, .max = IPSEC_QOS_ELEMENT_ID_MAX,
};

static const struct nla_policy iq_conf_policy[IPSEC_QOS_CONF_A_MAX + 1] = {
	[IPSEC_QOS_CONF_A_MAX_SAS] = NLA_POLICY_FULL_RANGE(NLA_U32,
							   &iq_max_sas_range),
	[IPSEC_QOS_CONF_A_MAX_IKES] = NLA_POLICY_FULL_RANGE(NLA_U32,
							    &iq_max_ikes_range),
	[IPSEC_QOS_CONF_A_MAX_GROUPS] = NLA_POLICY_FULL_RANGE(NLA_U32,
							      &iq_max_groups_range),
	[IPSEC_QOS_CONF_A_IKE_PORTS] = { .type = NLA_BINARY,
					 .len = IQ_PARSE_PORTS * sizeof(u16) },
	[IPSEC_QOS_CONF_A_NATT_PORTS] = { .type = NLA_BINARY,
					  .len = IQ_PARSE_PORTS * sizeof(u16) },
	[IPSEC_QOS_CONF_A_FALLBACK] = { .type = NLA_NESTED },
	[IPSEC_QOS_CONF_A_UNKNOWN] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_UNKNOWN_MAX),
	[IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &iq_unknown_element_range),
	[IPSEC_QOS_CONF_A_UNKNOWN_RATE] = NLA_POLICY_RANGE(NLA_U32, 1,
							   IPSEC_QOS_UNKNOWN_RATE_MAX),
	[IPSEC_QOS_CONF_A_CHECK_IPV4] = { .type = NLA_BINARY,
					  .len = sizeof(struct in_addr) + sizeof(u8) },
	[IPSEC_QOS_CONF_A_CHECK_IPV6] = { .type = NLA_BINARY,
					  .len = sizeof(struct in6_addr) + sizeof(u8) },
};

IQ_POLICY(status_get);
IQ_POLICY(conf_set, IQ_NEST(CONF, iq_conf_policy));

static int iq_put_conf(struct sk_buff *skb, struct iq_net *iqn)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_CONF);
	const struct iq_settings *s = iq_conf_settings(iqn);
	const struct iq_feature *f;
	unsigned int i;

	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_GROUPS, iqn->max_groups) ||
	    nla_put(skb, IPSEC_QOS_CONF_A_IKE_PORTS,
		    s->ports.n_ike * sizeof(u16), s->ports.ike) ||
	    nla_put(skb, IPSEC_QOS_CONF_A_NATT_PORTS,
		    s->ports.n_natt * sizeof(u16), s->ports.natt))
		return -EMSGSIZE;
	iq_for_each_feature(f, i)
		if (f->settings && f->settings->put(skb, iqn))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_status(struct sk_buff *skb, struct iq_net *iqn)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_STATUS);
	const struct iq_feature *f;
	unsigned int i;

	if (!nest ||
	    nla_put_string(skb, IPSEC_QOS_STATUS_A_VERSION, IQ_VERSION) ||
	    nla_put_u32(skb, IPSEC_QOS_STATUS_A_GROUPS, iqn->n_groups))
		return -EMSGSIZE;
	iq_for_each_feature(f, i)
		if (f->status && f->status(skb, iqn))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_status_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct sk_buff *answer;
	void *hdr;
	int err;

	/* A full fall-back table takes 64 nests of 28 bytes. */
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE + 64 * 28, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	err = iq_put_status(answer, iqn);
	if (!err)
		err = iq_put_conf(answer, iqn);
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err);
}

static int iq_cmd_conf_set(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct nlattr *tb[IPSEC_QOS_CONF_A_MAX + 1];
	int err;

	if (!info->attrs[IPSEC_QOS_A_CONF]) {
		iq_err(info->extack, NULL, "the settings are missing");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, IPSEC_QOS_CONF_A_MAX,
			       info->attrs[IPSEC_QOS_A_CONF], iq_conf_policy,
			       info->extack);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	err = iq_conf_set(iqn, tb, netlink_capable(skb, CAP_NET_ADMIN),
			  info->extack);
	mutex_unlock(&iqn->config_lock);
	return err;
}

static const struct genl_ops iq_status_genl[] = {
	IQ_CMD(STATUS_GET, status_get, .doit = iq_cmd_status_get),
	IQ_CMD(CONF_SET, conf_set, .doit = iq_cmd_conf_set),
};

const struct iq_ops iq_status_ops = { iq_status_genl, ARRAY_SIZE(iq_status_genl) };
