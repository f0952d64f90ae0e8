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
#include "pool.h"

struct iq_key;
struct iq_prefix;

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
 *
 * Headers that lie go where the address leads. NAT keep-alives have done what they are for
 * at the NAT, and whoever gets them ignores them (RFC 3948 section 4): where IKE is steered
 * they are dropped, as the address may lead back to where they came from. A later fragment
 * of ESP or AH whose first is not known is of use to nobody, and dropped.
 */
unsigned int iq_steer_class(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state, const struct iq_class *c,
			    const struct iq_action *a);

/**
 * struct iq_where - where a packet goes
 *
 * @prefix: the steered prefix that its destination is in; NULL: none
 * @chosen: the element, and why that
 */
struct iq_where {
	const struct iq_prefix *prefix;
	struct iq_chosen chosen;
};

/**
 * iq_steer_where() - where would ESP or AH go? Nothing is counted.
 *
 * @pkt: its family, destination, proto and SPI; where a pool's mode is
 *	IPSEC_QOS_POOL_FLOW also its source
 * @target: what its entry names; NULL: nothing
 *
 * Under rcu_read_lock(), which the answer lives under.
 */
struct iq_where iq_steer_where(const struct iq_net *iqn, const struct iq_packet *pkt,
			       const struct iq_target *target);

/*
 * What is of a kind of its own: in sets of hooks that are there while they are needed
 * (iq_hooks_update()).
 */

/**
 * iq_steer_about() - an ICMP or ICMPv6 message that has come in, or that this host sends: is
 * it an error about what an element has sent?
 *
 * @c: what that was, @pkt in it with the addresses of the quote: IQ_SA, IQ_IKE; IQ_SHORT:
 *	one of both, of which too little is quoted; IQ_OTHER: neither. To be counted by
 *	nobody. It lives as long as the message stays as it is.
 */
bool iq_steer_about(struct iq_net *iqn, struct sk_buff *skb,
		    const struct nf_hook_state *state, struct iq_class *c);

/**
 * iq_steer_icmp() - such an error
 *
 * To whom the SA's entry names, of outbound SAs too, or has the IKE SA; what nobody can
 * tell the sender of is copied to all of the pool (IQ_POOL_COPIES). In PRE_ROUTING, and
 * behind all others in LOCAL_OUT.
 *
 * @a: as for iq_steer_sa(), of what it is about
 */
unsigned int iq_steer_icmp(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state, const struct iq_class *c,
			   const struct iq_action *a);

/** iq_steer_flow() - a packet of any kind that has come in: is it for a pool of flows? */
unsigned int iq_steer_flow(struct iq_net *iqn, struct sk_buff *skb,
			   const struct nf_hook_state *state);

/**
 * iq_steer_unknown() - ESP or AH that is to be decrypted here: is there an SA for it?
 *
 * @marked: has the SAD an SA of this key that has a mark, whichever? What a packet has by
 *	now does not tell: a VTI's is set behind this hook.
 */
unsigned int iq_steer_unknown(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state,
			      bool (*marked)(struct iq_net *iqn, const struct iq_key *key));

#endif /* _IPSEC_QOS_STEER_H */
