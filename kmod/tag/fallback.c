// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/netlink.h>
#include <net/xfrm.h>

#include "core/compat.h"
#include "claim.h"
#include "fallback.h"
#include "state.h"
#include "tag.h"
#include "xfrm.h"

static bool iq_fallback_own_sa(struct iq_net *iqn, const struct sk_buff *skb,
			       const struct iq_packet *pkt)
{
	struct xfrm_state *x;
	struct iq_key key;

	iq_tag_key(pkt, &key);
	x = iq_xfrm_lookup(iqn, skb->mark, &key);
	if (!x)
		return false;
	xfrm_state_put(x);
	return true;
}

static struct iq_marking iq_fallback_marking(const struct iq_fallback *f, u8 dscp)
{
	return (struct iq_marking) {
		.mark = f->dscp[dscp].mark,
		.clear = f->dscp[dscp].mark,
		.mask = f->dscp[dscp].mask,
	};
}

void iq_fallback_mark(struct iq_net *iqn, struct sk_buff *skb, const struct iq_class *c)
{
	const struct iq_fallback *f = rcu_dereference(iq_tag(iqn)->fallback);
	struct iq_marking set;
	u32 mask;

	if (!f)
		return;
	set = iq_fallback_marking(f, c->pkt.dscp);
	if (!set.mask)
		return;
	/* What this host sends is for an SA of another. */
	if (c->kind == IQ_SA && c->in && iq_fallback_own_sa(iqn, skb, &c->pkt))
		return;
	mask = iq_tag_mask(iqn, skb, c, &set, 0);
	skb->mark = (skb->mark & ~mask) | (set.mark & mask);
}

unsigned int iq_fallback_unmark(struct iq_net *iqn, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct iq_fallback *f = rcu_dereference(iq_tag(iqn)->fallback);
	struct iq_class c = { .in = true };	/* it has been counted */
	struct iq_marking set;
	u32 mask;

	if (!f)
		return NF_ACCEPT;
	c.kind = iq_parse_skb(iqn, skb, &c.pkt);
	if (c.kind != IQ_SA)
		return NF_ACCEPT;
	set = iq_fallback_marking(f, c.pkt.dscp);
	mask = iq_tag_mask(iqn, skb, &c, &set, 0);
	if (mask && !((skb->mark ^ set.mark) & mask) &&
	    !iq_action_tags(iq_tag_lookup(iqn, skb, &c)))
		skb->mark &= ~mask;
	return NF_ACCEPT;
}

static const struct nla_policy iq_fallback_policy[IPSEC_QOS_FALLBACK_A_MAX + 1] = {
	[IPSEC_QOS_FALLBACK_A_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[IPSEC_QOS_FALLBACK_A_MARK] = { .type = NLA_U32 },
	[IPSEC_QOS_FALLBACK_A_MASK] = NLA_POLICY_MIN(NLA_U32, 1),
};

static int iq_fallback_entry(const struct nlattr *entry,
				  struct iq_fallback *f,
				  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_FALLBACK_A_MAX + 1];
	u32 mark, mask = ~0;
	u8 dscp;
	int err;

	if (nla_type(entry) != IPSEC_QOS_FALLBACK_A_ENTRY) {
		iq_err(extack, entry, "the fall-back table holds entries alone");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, IPSEC_QOS_FALLBACK_A_MAX, entry,
			       iq_fallback_policy, extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_FALLBACK_A_DSCP] || !tb[IPSEC_QOS_FALLBACK_A_MARK]) {
		iq_err(extack, entry, "a fall-back needs a DSCP and a mark");
		return -EINVAL;
	}
	dscp = nla_get_u8(tb[IPSEC_QOS_FALLBACK_A_DSCP]);
	mark = nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MARK]);
	if (tb[IPSEC_QOS_FALLBACK_A_MASK])
		mask = nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MASK]);
	if (mark & ~mask) {
		iq_err(extack, tb[IPSEC_QOS_FALLBACK_A_MARK],
		       "mark 0x%x has bits outside of mask 0x%x", mark, mask);
		return -EINVAL;
	}
	if (f->dscp[dscp].mask) {
		iq_err(extack, entry, "DSCP %u is named twice", dscp);
		return -EINVAL;
	}
	f->dscp[dscp].mark = mark;
	f->dscp[dscp].mask = mask;
	f->some = true;
	return 0;
}

struct iq_fallback *iq_fallback_get(const struct nlattr *attr,
				    struct netlink_ext_ack *extack)
{
	struct iq_fallback *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	const struct nlattr *entry;
	int rem, err = 0;

	if (!f)
		return ERR_PTR(-ENOMEM);
	nla_for_each_nested(entry, attr, rem) {
		err = iq_fallback_entry(entry, f, extack);
		if (err)
			break;
	}
	if (!err && rem) {
		iq_err(extack, attr, "%d bytes behind the last fall-back", rem);
		err = -EINVAL;
	}
	if (!err)
		return f;
	kfree(f);
	return ERR_PTR(err);
}

int iq_fallback_put(struct sk_buff *skb, const struct iq_fallback *f)
{
	struct nlattr *nest, *entry;
	int i;

	nest = nla_nest_start(skb, IPSEC_QOS_CONF_A_FALLBACK);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; f && i < ARRAY_SIZE(f->dscp); i++) {
		if (!f->dscp[i].mask)
			continue;
		entry = nla_nest_start(skb, IPSEC_QOS_FALLBACK_A_ENTRY);
		if (!entry ||
		    nla_put_u8(skb, IPSEC_QOS_FALLBACK_A_DSCP, i) ||
		    nla_put_u32(skb, IPSEC_QOS_FALLBACK_A_MARK, f->dscp[i].mark) ||
		    nla_put_u32(skb, IPSEC_QOS_FALLBACK_A_MASK, f->dscp[i].mask))
			return -EMSGSIZE;
		nla_nest_end(skb, entry);
	}
	nla_nest_end(skb, nest);
	return 0;
}
