// SPDX-License-Identifier: GPL-2.0
#include "steer.h"

unsigned int iq_steer_sa(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct iq_action *a,
			 u32 spi, u8 proto)
{
	return NF_ACCEPT;
}

unsigned int iq_steer_class(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state, const struct iq_class *c,
			    const struct iq_action *a)
{
	return NF_ACCEPT;
}

unsigned int iq_steer_flow(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}
