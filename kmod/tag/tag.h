/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets are looked up and marked: what path.c calls for those of each hook, and what
 * hooks are needed.
 */
#ifndef _IPSEC_QOS_TAG_H
#define _IPSEC_QOS_TAG_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "core/classify.h"
#include "core/group.h"
#include "core/net.h"

struct iq_key;
struct iq_marking;

/*
 * May it be ours? The IP stack has checked that the fixed header is there and linear;
 * for IPv6 the next header of what is ours is one of a few.
 */
static inline bool iq_tag_may_ipv4(const struct sk_buff *skb)
{
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_UDP:
	case IPPROTO_ESP:
	case IPPROTO_AH:
		return true;
	default:
		return false;
	}
}

static inline bool iq_tag_may_ipv6(const struct sk_buff *skb)
{
	switch (ipv6_hdr(skb)->nexthdr) {
	case IPPROTO_TCP:
	case IPPROTO_ICMPV6:
		return false;
	default:
		return true;
	}
}

/** iq_tag_key() - what a packet of kind IQ_SA has as key in the SA table */
void iq_tag_key(const struct iq_packet *pkt, struct iq_key *key);

/**
 * iq_tag_lookup() - whose is a packet of kind IQ_SA or IQ_IKE, which is counted as the
 * entry's? NULL: nobody's that is known here
 */
const struct iq_action *iq_tag_lookup(struct iq_net *iqn, const struct sk_buff *skb,
				      const struct iq_class *c);

/**
 * iq_tag_service() - a packet of a service that has a group enters its chain, and gets that
 * group's mark, priority and DSCP. Bottom halves are disabled.
 */
void iq_tag_service(struct iq_net *iqn, struct sk_buff *skb, const struct iq_action *a,
		    u8 family, u32 packets);

/**
 * iq_tag_mask() - which bits of a protected packet's mark may be set?
 *
 * It is counted where bits are left to others.
 *
 * @group: whose mark it is, 0: the fall-back's
 */
u32 iq_tag_mask(struct iq_net *iqn, const struct sk_buff *skb, const struct iq_class *c,
		const struct iq_marking *set, u32 group);

/*
 * What path.c calls for the packets of each hook: none of it inline, so that what is not
 * ours is soon through, and no register need be saved for it. Under rcu_read_lock();
 * each returns a verdict.
 */

/**
 * struct iq_look - what a look at a packet told
 *
 * @plain: it is ESP as most of it looks, of which no more was asked than its SPI
 * @spi: if so, that, in host byte order
 * @action: what its entry says is done to it; NULL: there is none
 * @class: what it is, if it is not @plain. Of IQ_OTHER nothing else is filled in.
 */
struct iq_look {
	bool plain;
	u32 spi;
	const struct iq_action *action;
	struct iq_class class;
};

/*
 * iq_tag_esp4(), iq_tag_udp4(), iq_tag_esp6() - ESP, plain or in UDP, that has come in,
 * as most of it looks; bottom halves are disabled, as for those below
 */
unsigned int iq_tag_esp4(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state);
unsigned int iq_tag_udp4(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state,
			 const struct iq_ports *ports);
unsigned int iq_tag_esp6(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state);

/** iq_tag_protected() - what may be ours and needs a closer look */
unsigned int iq_tag_protected(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state);

/*
 * iq_tag_look_esp4(), iq_tag_look_udp4(), iq_tag_look_esp6(), iq_tag_look() - the same
 * four, for who goes on with what they found: @look is filled in where they accept
 */
unsigned int iq_tag_look_esp4(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state, struct iq_look *look);
unsigned int iq_tag_look_udp4(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state,
			      const struct iq_ports *ports, struct iq_look *look);
unsigned int iq_tag_look_esp6(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state, struct iq_look *look);
unsigned int iq_tag_look(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, struct iq_look *look);

/**
 * iq_tag_slow() - one that has come in, out of an SA; or that a queue ahead of these
 * hooks had (nf_queue), which comes back in process context. As iq_tag_look().
 */
unsigned int iq_tag_slow(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, struct iq_look *look);

/** iq_tag_local() - one that this host sends, and that may be ours */
unsigned int iq_tag_local(struct iq_net *iqn, struct sk_buff *skb,
			  const struct nf_hook_state *state);

/**
 * iq_tag_forward() - one that is forwarded: the priority again, and nothing else
 */
unsigned int iq_tag_forward(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state);

/**
 * iq_tag_entering() - a clear packet on its way into an SA, which has it in its route
 *
 * It is marked for those who come next, and counted behind source NAT, by
 * iq_tag_leaving(): that may have given it another route, into an SA or into none
 * (nf_xfrm_me_harder()). Then it is marked there, unless somebody has set those bits.
 * What the policy was found by stays as it is: by that it is to be found again.
 */
unsigned int iq_tag_entering(struct iq_net *iqn, struct sk_buff *skb,
			     const struct nf_hook_state *state);
unsigned int iq_tag_leaving(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state);

/**
 * iq_tag_update() - register the hooks that are needed, and no others
 *
 * @tag: packets are to be looked up: there are groups, or a fall-back table, or some
 *	may be steered
 * @fallback: there is such a table
 * @priority: a group has a priority: ip_forward() writes skb->priority anew,
 *	so forwarded packets need another look after it
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or -ENOMEM; with all
 * false it does not fail.
 */
int iq_tag_update(struct iq_net *iqn, bool tag, bool fallback, bool priority);

/**
 * iq_tag_own_sas() - this host has SAs of its own, or will in a moment: from now
 * on clear packets on their way into one are looked for; until then a router's
 * packets pass one hook less. As iq_tag_update().
 */
int iq_tag_own_sas(struct iq_net *iqn);

#endif /* _IPSEC_QOS_TAG_H */
