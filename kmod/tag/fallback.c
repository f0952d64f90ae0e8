// SPDX-License-Identifier: GPL-2.0
#include <net/xfrm.h>

#include "core/hooks.h"
#include "fallback.h"
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

void iq_fallback_mark(struct iq_net *iqn, struct sk_buff *skb,
		      const struct nf_hook_state *state, const struct iq_packet *pkt,
		      enum iq_kind kind, u32 packets)
{
	bool in = state->hook == NF_INET_PRE_ROUTING;
	const struct iq_settings *s = rcu_dereference(iqn->settings);
	u32 mark = s->fallback[pkt->dscp].mark, mask = s->fallback[pkt->dscp].mask;

	if (!mask)
		return;
	/* What this host sends is for an SA of another. */
	if (kind == IQ_SA && in && iq_fallback_own_sa(iqn, skb, pkt))
		return;
	mask = iq_tag_mask(iqn, skb, kind, pkt, in, mark, mask, 0, packets);
	skb->mark = (skb->mark & ~mask) | (mark & mask);
}

/*
 * LOCAL_IN, behind all who may have waited for the mark: what is decrypted next is
 * still ESP. A fragment other than the first does not matter: its mark is lost when
 * they are put together.
 */
static unsigned int iq_fallback_unmark(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	struct iq_net *iqn = priv;
	const struct iq_settings *s = rcu_dereference(iqn->settings);
	struct iq_packet pkt;
	u32 mark, mask;

	if (iq_tag_parse(skb, s, &pkt) != IQ_SA)
		return NF_ACCEPT;
	mark = s->fallback[pkt.dscp].mark;
	mask = s->fallback[pkt.dscp].mask;
	mask = iq_tag_mask(iqn, skb, IQ_SA, &pkt, true, mark, mask, 0, 0);
	if (mask && !((skb->mark ^ mark) & mask) &&
	    !iq_tag_lookup(iqn, skb, IQ_SA, &pkt, 0))
		skb->mark &= ~mask;
	return NF_ACCEPT;
}

#define IQ_FALLBACK_PRIORITY	(NF_IP_PRI_LAST - 1)	/* conntrack's own is last */

static const struct nf_hook_ops iq_fallback_hooks[] = {
	IQ_HOOK(IPV4, LOCAL_IN, iq_fallback_unmark, IQ_FALLBACK_PRIORITY),
	IQ_HOOK(IPV6, LOCAL_IN, iq_fallback_unmark, IQ_FALLBACK_PRIORITY),
};

int iq_fallback_update(struct iq_net *iqn, bool want)
{
	return iq_hooks_update(iqn, &iqn->fallback_hooks, iq_fallback_hooks,
			       ARRAY_SIZE(iq_fallback_hooks), want);
}
