// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/netlink.h>

#include "core/conf.h"
#include "core/netlink.h"
#include "claim.h"
#include "fallback.h"
#include "settings.h"
#include "state.h"
#include "table.h"
#include "tag.h"

static struct iq_fallback *iq_tag_fallback(const struct iq_net *iqn)
{
	return rcu_dereference_protected(iq_tag(iqn)->fallback,
					 lockdep_is_held(&iqn->config_lock));
}

/* Have the hooks that groups and steering need, and a fall-back if there is one. */
static int iq_tag_rehook(struct iq_net *iqn, bool fallback)
{
	return iq_tag_update(iqn, iqn->n_groups || iqn->steering || fallback, fallback,
			     iqn->n_priority);
}

static int iq_tag_prepare(struct iq_net *iqn, struct nlattr **tb, bool machine,
			  void **plan, struct netlink_ext_ack *extack)
{
	struct iq_fallback *f;
	int err;

	err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_SAS], IPSEC_QOS_MAX_SAS,
			      machine, extack);
	if (!err)
		err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_IKES],
				      IPSEC_QOS_MAX_IKES, machine, extack);
	/* An SA with a mark is known, whatever its packets have. */
	if (!err && tb[IPSEC_QOS_CONF_A_UNKNOWN])
		err = iq_claim_start(iqn);
	if (err || !tb[IPSEC_QOS_CONF_A_FALLBACK])
		return err;
	f = iq_fallback_get(tb[IPSEC_QOS_CONF_A_FALLBACK], extack);
	if (IS_ERR(f))
		return PTR_ERR(f);
	/* Whichever of the two packets find. */
	err = iq_tag_rehook(iqn, f->some || iq_tag_fallback(iqn));
	if (err)
		kfree(f);
	else
		*plan = f;
	return err;
}

static void iq_tag_commit(struct iq_net *iqn, struct nlattr **tb, void *plan)
{
	struct iq_fallback *f = plan, *old = iq_tag_fallback(iqn);

	spin_lock_bh(&iqn->table_lock);
	if (tb[IPSEC_QOS_CONF_A_MAX_SAS])
		iq_tag(iqn)->tables[IQ_TABLE_SA].max =
			nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_SAS]);
	if (tb[IPSEC_QOS_CONF_A_MAX_IKES])
		iq_tag(iqn)->tables[IQ_TABLE_IKE].max =
			nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_IKES]);
	spin_unlock_bh(&iqn->table_lock);
	if (!f)
		return;
	rcu_assign_pointer(iq_tag(iqn)->fallback, f->some ? f : NULL);
	if (old)
		kfree_rcu(old, rcu);
	iq_tag_rehook(iqn, f->some);
	if (!f->some)
		kfree(f);
}

static void iq_tag_abort(struct iq_net *iqn, void *plan)
{
	if (!plan)
		return;
	kfree(plan);
	iq_tag_rehook(iqn, iq_tag_fallback(iqn));
}

static int iq_tag_put(struct sk_buff *skb, struct iq_net *iqn)
{
	return nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_SAS,
			   iq_tag(iqn)->tables[IQ_TABLE_SA].max) ||
	       nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_IKES,
			   iq_tag(iqn)->tables[IQ_TABLE_IKE].max) ||
	       iq_fallback_put(skb, iq_tag_fallback(iqn)) ? -EMSGSIZE : 0;
}

const struct iq_feature_settings iq_tag_settings = {
	.prepare = iq_tag_prepare,
	.commit = iq_tag_commit,
	.abort = iq_tag_abort,
	.put = iq_tag_put,
};

/* What has an entry that names no group is counted as a group's is. */
static struct iq_count iq_tag_no_group(const struct iq_net *iqn)
{
	/* Pairs with iq_group_nobody(). */
	const struct iq_group *nobody = smp_load_acquire(&iqn->nobody);
	struct iq_count in, out;

	if (!nobody)
		return (struct iq_count) {};
	in = iq_counter_sum(nobody->counter, IPSEC_QOS_COUNTER_ESP_IN);
	out = iq_counter_sum(nobody->counter, IPSEC_QOS_COUNTER_ESP_OUT);
	return (struct iq_count) { in.packets + out.packets, in.bytes + out.bytes };
}

void iq_tag_untagged(struct iq_net *iqn, struct iq_count by[__IPSEC_QOS_UNTAGGED_MAX])
{
	struct iq_count *all = &by[IPSEC_QOS_UNTAGGED_UNSPEC];
	int i;

	*all = (struct iq_count) {};
	for (i = 1; i <= IPSEC_QOS_UNTAGGED_MAX; i++) {
		by[i] = i == IPSEC_QOS_UNTAGGED_NO_GROUP ? iq_tag_no_group(iqn) :
			iq_counter_sum(iq_tag(iqn)->total, IQ_TOTAL_UNTAGGED + i);
		all->packets += by[i].packets;
		all->bytes += by[i].bytes;
	}
}

static int iq_put_untagged(struct sk_buff *skb, struct iq_net *iqn)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_STATUS_A_UNTAGGED_REASONS);
	struct iq_count by[__IPSEC_QOS_UNTAGGED_MAX];
	int i;

	if (!nest)
		return -EMSGSIZE;
	iq_tag_untagged(iqn, by);
	for (i = 1; i <= IPSEC_QOS_UNTAGGED_MAX; i++)
		if (iq_put_count(skb, i, &by[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return iq_put_count(skb, IPSEC_QOS_STATUS_A_UNTAGGED,
			    &by[IPSEC_QOS_UNTAGGED_UNSPEC]);
}

int iq_tag_status(struct sk_buff *skb, struct iq_net *iqn)
{
	struct iq_count malformed = iq_counter_sum(iq_tag(iqn)->total, IQ_TOTAL_MALFORMED);
	struct iq_count left = iq_counter_sum(iq_tag(iqn)->total, IQ_TOTAL_LEFT);
	u32 left_group = READ_ONCE(iq_tag(iqn)->left_group);

	return nla_put_u32(skb, IPSEC_QOS_STATUS_A_SAS,
			   iq_table_count(&iq_tag(iqn)->tables[IQ_TABLE_SA])) ||
	       nla_put_u32(skb, IPSEC_QOS_STATUS_A_IKES,
			   iq_table_count(&iq_tag(iqn)->tables[IQ_TABLE_IKE])) ||
	       iq_put_untagged(skb, iqn) ||
	       iq_put_count(skb, IPSEC_QOS_STATUS_A_MALFORMED, &malformed) ||
	       iq_put_count(skb, IPSEC_QOS_STATUS_A_LEFT, &left) ||
	       (left_group &&
		nla_put_u32(skb, IPSEC_QOS_STATUS_A_LEFT_GROUP, left_group)) ?
	       -EMSGSIZE : 0;
}
