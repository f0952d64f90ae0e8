/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims: bits of skb->mark by which the kernel's own policies and SAs are found,
 * or which an SA sets. Those are not ours: a policy compares the mark of what has
 * come out of an SA when that is delivered or forwarded, and once more behind
 * source NAT; an SA with a mark, that of its ESP. Where a group's mark, or a
 * fall-back's, is not what they want, their bits stay as they are.
 *
 * Policies are known by what they tell of the packets that they are for: the SAs
 * that their templates allow, and the mark itself.
 */
#ifndef _IPSEC_QOS_CLAIM_H
#define _IPSEC_QOS_CLAIM_H

#include <linux/skbuff.h>
#include <net/xfrm.h>

#include "core/net.h"
#include "core/store.h"
#include "state.h"

/**
 * iq_claim_start() - from now on claims are known: learn those that there are
 *
 * Before the first hook is registered; again does nothing. Process context,
 * iq_net.config_lock is held. Return: 0 or -ENOMEM.
 */
int iq_claim_start(struct iq_net *iqn);

/** iq_claim_exit() - the hooks are gone, and a grace period has passed */
void iq_claim_exit(struct iq_net *iqn);

/** iq_claim_audit() - learn them anew from SAD and SPD; as iq_claim_start() */
void iq_claim_audit(struct iq_net *iqn);

/*
 * What SAD and SPD tell, in whatever context they do, under rcu_read_lock(). False:
 * there was no memory for it, or for another before, and an audit is due; until
 * that has some, no bit is written.
 */

/** iq_claim_sa() - there is an SA, or it has changed */
bool iq_claim_sa(struct iq_net *iqn, const struct iq_key *key,
		 const struct xfrm_state *x);

/**
 * iq_claim_sa_gone() - it is deleted, or will be in a moment
 *
 * Return: the SAD may have another of the same key, which differs in its mark
 * alone.
 */
bool iq_claim_sa_gone(struct iq_net *iqn, const struct iq_key *key,
		      const struct xfrm_state *x);

/** iq_claim_has_sa() - is there one of this key that has a mark? */
bool iq_claim_has_sa(struct iq_net *iqn, const struct iq_key *key);

/** iq_claim_policy() - there is a policy, or it has changed */
bool iq_claim_policy(struct iq_net *iqn, const struct xfrm_policy *xp, int dir);

/**
 * iq_claim_policy_gone() - it is deleted
 *
 * Return: others can be known better now, for which there was no room: an audit is due.
 */
bool iq_claim_policy_gone(struct iq_net *iqn, const struct xfrm_policy *xp);

/**
 * struct iq_marking - what is to be done to a packet's mark
 *
 * @mark: what its bits of @mask are to be
 * @clear: what those of the clear packet will be, where this is one with its SA still
 *	ahead; else as @mark
 * @mask: the bits
 */
struct iq_marking {
	u32 mark;
	u32 clear;
	u32 mask;
};

/*
 * Which bits of its mask may be set? Under rcu_read_lock(), and only where iq_claimed(),
 * which is the one question that a packet need ask.
 */

static inline bool iq_claimed(const struct iq_net *iqn, u32 mask)
{
	return unlikely(READ_ONCE(iq_tag(iqn)->claimed) & mask);
}

/** iq_claim_esp() - of ESP or AH with this key that has come @in, or was made here */
u32 iq_claim_esp(struct iq_net *iqn, const struct sk_buff *skb,
		 const struct iq_key *key, bool in, const struct iq_marking *set);

/** iq_claim_other() - of what has come in and is neither nor just out of an SA */
u32 iq_claim_other(struct iq_net *iqn, const struct sk_buff *skb,
		   const struct iq_marking *set);

/** iq_claim_decrypted() - of a clear packet just out of an SA */
u32 iq_claim_decrypted(struct iq_net *iqn, const struct sk_buff *skb,
		       const struct iq_marking *set);

/** iq_claim_entering() - of a clear packet whose route is into an SA */
u32 iq_claim_entering(const struct sk_buff *skb, const struct iq_marking *set);

#endif /* _IPSEC_QOS_CLAIM_H */
