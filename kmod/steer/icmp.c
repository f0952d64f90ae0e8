// SPDX-License-Identifier: GPL-2.0
#include "steer.h"

unsigned int iq_steer_icmp(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}
