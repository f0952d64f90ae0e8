// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

#include "compat.h"
#include "debug.h"
#include "feature.h"
#include "group.h"
#include "netlink.h"
#include "resync.h"

IQ_POLICY(resync_start, IQ_OWNER);
IQ_POLICY(resync_end, IQ_OWNER, [IPSEC_QOS_A_GENERATION] = { .type = NLA_U32 });

static int iq_cmd_resync_start(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u8 owner = iq_get_owner(info->attrs);
	struct sk_buff *answer;
	u32 generation;
	void *hdr;

	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	spin_lock_bh(&iqn->table_lock);
	generation = ++iqn->generation[owner];
	spin_unlock_bh(&iqn->table_lock);
	iq_debug(iqn, "resync of owner %u: generation %u", owner, generation);
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr,
			nla_put_u8(answer, IPSEC_QOS_A_OWNER, owner) ||
			nla_put_u32(answer, IPSEC_QOS_A_GENERATION, generation) ?
			-EMSGSIZE : 0);
}

static int iq_cmd_resync_end(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[IPSEC_QOS_A_GENERATION];
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u8 owner = iq_get_owner(info->attrs);
	const struct iq_feature *f;
	unsigned int i;
	u32 count = 0;

	if (!attr) {
		iq_err(info->extack, NULL, "the generation is missing");
		return -EINVAL;
	}
	mutex_lock(&iqn->config_lock);
	if (nla_get_u32(attr) != iqn->generation[owner]) {
		iq_err(info->extack, attr, "stale generation %u, current is %u",
		       nla_get_u32(attr), iqn->generation[owner]);
		mutex_unlock(&iqn->config_lock);
		return -ESTALE;
	}
	iq_for_each_feature(f, i)
		if (f->audit)
			f->audit(iqn);
	iq_for_each_feature(f, i)
		if (f->sweep)
			count += f->sweep(iqn, owner);
	count += iq_group_sweep(iqn, owner);
	iq_debug(iqn, "resync of owner %u: generation %u is complete, %u removed", owner,
		 iqn->generation[owner], count);
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

static const struct genl_ops iq_resync_genl[] = {
	IQ_CMD(RESYNC_START, resync_start, .doit = iq_cmd_resync_start),
	IQ_CMD(RESYNC_END, resync_end, .doit = iq_cmd_resync_end),
};

const struct iq_ops iq_resync_ops = { iq_resync_genl, ARRAY_SIZE(iq_resync_genl) };
