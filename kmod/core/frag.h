/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragments: the first says whose a packet is, and the others are told by it.
 * Nothing is reassembled, so that what this module cannot tell passes as it
 * came. A later fragment that is ahead of the first waits for it, about a fifth
 * of a second at most; but only where that may tell whose it is, or where it is to go: of
 * all where its destination is steered; of ESP and AH where an SA has its destination, of
 * UDP, which may be anything, where an SA has each of its addresses, or IKE or encapsulated
 * ESP that was somebody's has lately gone between them.
 *
 * All that is remembered has a fixed place, and what waits a ceiling: senders
 * cannot make it grow. Where there is no room a fragment passes untagged. Half of the
 * room is kept for ESP and AH.
 */
#ifndef _IPSEC_QOS_FRAG_H
#define _IPSEC_QOS_FRAG_H

#include <linux/netfilter.h>

#include "net.h"

/**
 * iq_frag_init() - what is needed before the first packet; 0 or -ENOMEM
 *
 * Whoever registers hooks does it, and it is done once. Context: process,
 * iq_net.config_lock is held.
 */
int iq_frag_init(struct iq_net *iqn);

/** iq_frag_exit() - the hooks are gone, and a grace period has passed */
void iq_frag_exit(struct iq_net *iqn);

/** iq_frag_ours() - may a fragment be somebody's here? Under rcu_read_lock(). */
bool iq_frag_ours(struct iq_net *iqn, const struct iq_packet *pkt);

/**
 * iq_frag_pair() - a packet is somebody's: IKE, or a first fragment; so what else goes
 * between its addresses in UDP may be; likewise
 */
void iq_frag_pair(struct iq_net *iqn, const struct iq_packet *pkt);

/**
 * iq_frag_learn() - a first fragment came
 *
 * @kind: what iq_parse() said of it
 * @at: 0: to IQ_HOOKS_TAG; else it is IQ_HOOKS_CHAIN that asks, of a packet that may come by
 *	here several times: at which place of its way is it? Others do not hear of it
 *
 * Those that wait for it go on. Under rcu_read_lock(), as iq_frag_recall().
 */
void iq_frag_learn(struct iq_net *iqn, const struct nf_hook_state *state,
		   const struct iq_packet *pkt, enum iq_kind kind, u32 at);

/**
 * iq_frag_recall() - a later fragment came
 *
 * @skb: may be made to wait, has neither a route nor a socket; NULL: not this
 *	one
 * @pkt: gets what the first fragment said
 * @kind: likewise; IQ_FRAGMENT: that is not known
 * @at: see iq_frag_learn()
 *
 * Return: true: it waits and is no longer the caller's.
 */
bool iq_frag_recall(struct iq_net *iqn, struct sk_buff *skb,
		    const struct nf_hook_state *state, struct iq_packet *pkt,
		    enum iq_kind *kind, u32 at);

/**
 * iq_frag_go_on() - from here on a fragment waits no more; and back: @was, what this has
 * returned. Bottom halves are disabled.
 */
const struct sk_buff *iq_frag_go_on(const struct sk_buff *skb);

/** iq_frag_waited() - has it been here before, up to where it was to wait? */
bool iq_frag_waited(const struct sk_buff *skb);

#endif /* _IPSEC_QOS_FRAG_H */
