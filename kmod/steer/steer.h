/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steering: what path.c calls for packets that have been looked up. Under rcu_read_lock(),
 * bottom halves are disabled; each returns a verdict.
 */
#ifndef _IPSEC_QOS_STEER_H
#define _IPSEC_QOS_STEER_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "core/classify.h"
#include "core/group.h"
#include "core/net.h"

/**
 * iq_steer_sa() - ESP or AH that has come in, to the destination in its IP header
 *
 * @a: what its entry in the SA table says, with the target that it names; NULL: it has none
 * @spi: in host byte order
 * @proto: IPPROTO_ESP, IPPROTO_AH
 */
unsigned int iq_steer_sa(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct iq_action *a,
			 u32 spi, u8 proto);

/**
 * iq_steer_class() - what has come in, and was looked at closely: IKE, AH, a fragment, and
 * any other that iq_classify() has told the kind of
 */
unsigned int iq_steer_class(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state, const struct iq_class *c,
			    const struct iq_action *a);

/*
 * What is of a kind of its own: in sets of hooks that are there while they are needed
 * (iq_hooks_update()).
 */

/** iq_steer_icmp() - an ICMP or ICMPv6 message that has come in: is it an error about ESP? */
unsigned int iq_steer_icmp(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state);

/** iq_steer_unknown() - ESP or AH that is to be decrypted here: is there an SA for it? */
unsigned int iq_steer_unknown(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state);

/** iq_steer_flow() - a packet of any kind that has come in: is it for a pool of flows? */
unsigned int iq_steer_flow(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state);

#endif /* _IPSEC_QOS_STEER_H */
