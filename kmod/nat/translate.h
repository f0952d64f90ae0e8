/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ESP is translated, and ICMP errors about it: what path.c calls for the packets of each
 * hook.
 */
#ifndef _IPSEC_QOS_TRANSLATE_H
#define _IPSEC_QOS_TRANSLATE_H

#include <linux/netfilter.h>

#include "core/net.h"

/* All: IPv4, under rcu_read_lock(). Each returns a verdict. */

/** iq_translate_in() - ESP or ICMP has come in; behind reassembly, ahead of conntrack */
unsigned int iq_translate_in(struct iq_net *iqn, struct sk_buff *skb,
			     const struct nf_hook_state *state);

/** iq_translate_unknown() - ESP is behind conntrack's DNAT, which may have wanted it */
unsigned int iq_translate_unknown(struct iq_net *iqn, struct sk_buff *skb,
				  const struct nf_hook_state *state);

/** iq_translate_out() - one leaves: it was forwarded, or is an error of this host's own */
unsigned int iq_translate_out(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state);

#endif /* _IPSEC_QOS_TRANSLATE_H */
