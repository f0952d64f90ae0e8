// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>

#include "compat.h"
#include "resume.h"
#include "segment.h"

unsigned int iq_segment(enum iq_hook_set which, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	struct sk_buff *segs, *next;

	/* Of each the link's header is of use to a bridge, which may have it in hand. */
	if (skb_mac_header_was_set(skb))
		__skb_push(skb, -skb_mac_offset(skb));
	segs = __skb_gso_segment(skb, NETIF_F_SG, false);
	if (IS_ERR_OR_NULL(segs))
		return NF_DROP;
	consume_skb(skb);
	skb_list_walk_safe(segs, segs, next) {
		skb_mark_not_on_list(segs);
		__skb_pull(segs, skb_network_offset(segs));
		iq_resume(which, state, segs);
	}
	return NF_STOLEN;
}
