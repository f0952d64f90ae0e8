/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Claims as claims.c, claim_policy.c, claim_sa.c and claim.c share them: what is
 * known, and how it is found. For others claim.h is the door.
 */
#ifndef _IPSEC_QOS_CLAIMS_H
#define _IPSEC_QOS_CLAIMS_H

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/xarray.h>
#include <net/xfrm.h>

#include "core/store.h"
#include "state.h"

/* So many masks policies may have of one namespace, until all their bits are left. */
#define IQ_CLAIM_MASKS	16

/* So many policies with the same mark, or SAs with the same key, a packet looks at. */
#define IQ_CLAIM_LOOK	64

/**
 * struct iq_claim_owner_key - for whose packets a policy is
 *
 * @mask: of its mark
 * @reqid: of the SAs that a template allows; 0: told by addresses
 * @peers: a hash of those; 0: all
 */
struct iq_claim_owner_key {
	u32 mask;
	u32 reqid;
	u32 peers;
};

/**
 * struct iq_claim_owner - what policies want for the packets of some SAs
 *
 * @n: how many templates say so; iq_claims.lock
 * @all: of their marks, the bits that all have; it forgets none until @n is 0
 * @any: likewise, those that any has
 */
struct iq_claim_owner {
	struct rhash_head node;
	struct iq_claim_owner_key key;
	u32 n;
	u32 all;
	u32 any;
	struct rcu_head rcu;
};

/**
 * struct iq_claim_value - a mark that policies have
 *
 * There may be any number of those: so that one leaves without a search, they are
 * on a list with a head of its own.
 *
 * @node: in iq_claims.values
 * @mark: its key there
 * @policies: struct iq_claim_policy, one at least; RCU, written under
 *	iq_claims.lock
 */
struct iq_claim_value {
	struct rhash_head node;
	struct xfrm_mark mark;
	struct list_head policies;
	struct rcu_head rcu;
};

/**
 * struct iq_claim_policy - a policy with a mark; never changes, but for @audit
 *
 * @alike: in iq_claim_value.policies
 * @value: of that; iq_claims.lock
 * @mark: its mark
 * @index: its key in iq_claims.policies
 * @audit: the last that met it; iq_claims.lock
 * @listed: its mask is in iq_claims.mask
 * @in: it is for what comes in, or is forwarded
 * @n: how many @owner
 */
struct iq_claim_policy {
	struct list_head alike;
	struct iq_claim_value *value;
	struct xfrm_mark mark;
	u32 index;
	u32 audit;
	bool listed;
	bool in;
	u8 n;
	struct iq_claim_owner_key owner[XFRM_MAX_DEPTH];
	struct xfrm_selector sel;
	struct rcu_head rcu;
};

/**
 * struct iq_claim_key - SAs that differ in their mark alone, as struct iq_claim_value
 *
 * @node: in iq_claims.keys
 * @key: that they share
 * @sas: struct iq_claim_sa, one at least; RCU, written under iq_claims.lock
 * @n: how many; written under iq_claims.lock
 * @marked: how many of them have a mark; written under iq_claims.lock
 */
struct iq_claim_key {
	struct rhash_head node;
	struct iq_key key;
	struct list_head sas;
	u32 n;
	u32 marked;
	struct rcu_head rcu;
};

/**
 * struct iq_claim_sa_id - names one SA
 *
 * @mark: by which it is found
 */
struct iq_claim_sa_id {
	struct iq_key key;
	struct xfrm_mark mark;
};

/**
 * struct iq_claim_sa - an SA with a mark, or that sets one; never changes, but for
 * @audit
 *
 * @node: in iq_claims.sas
 * @alike: in iq_claim_key.sas
 * @of: that; iq_claims.lock
 * @all: in iq_claims.all_sas
 * @id: its key in iq_claims.sas
 * @smark: that it sets
 * @vti: it is found by the key of a VTI device instead
 * @audit: the last that met it; iq_claims.lock
 */
struct iq_claim_sa {
	struct rhash_head node;
	struct list_head alike;
	struct iq_claim_key *of;
	struct list_head all;
	struct iq_claim_sa_id id;
	struct xfrm_mark smark;
	bool vti;
	u32 audit;
	struct rcu_head rcu;
};

/**
 * struct iq_claims - the claims of a namespace
 *
 * Packets read under RCU and take no lock.
 *
 * @lock: serialises changes; bottom halves are disabled, for a time that does not
 *	depend on how many claims there are. Nests inside x->lock, xfrm_state_lock
 *	and xfrm_policy_lock; none of those is taken under it.
 * @mask: of the policies' marks; 0: free
 * @uses: how many policies have that; lock
 * @crowd: policies whose mask found no room there; lock
 * @coarse: not all is known, or there is a crowd: all bits that anybody claims are
 *	left to all
 * @bit: how many claim each; lock
 * @owners: struct iq_claim_owner
 * @values: struct iq_claim_value
 * @policies: struct iq_claim_policy, by index; written under lock
 * @keys: struct iq_claim_key
 * @sas: struct iq_claim_sa
 * @all_sas: the same; lock
 * @n_sas: how many; lock
 * @audit: number of the last audit; lock
 * @failed: since it began there was no memory for a claim; lock
 * @lost: until an audit finds memory for all, one is missing; written under lock
 */
struct iq_claims {
	u32 mask[IQ_CLAIM_MASKS];
	bool coarse;
	spinlock_t lock;
	u32 uses[IQ_CLAIM_MASKS];
	u32 crowd;
	u32 bit[32];
	struct rhashtable owners;
	struct rhashtable values;
	struct xarray policies;
	struct rhashtable keys;
	struct rhashtable sas;
	struct list_head all_sas;
	u32 n_sas;
	u32 audit;
	bool failed;
	bool lost;
};

/*
 * The compiler makes a table's functions fit where it sees these; no file uses all of the
 * tables.
 */
static const struct rhashtable_params iq_claim_owner_params __maybe_unused = {
	.key_len = sizeof(struct iq_claim_owner_key),
	.key_offset = offsetof(struct iq_claim_owner, key),
	.head_offset = offsetof(struct iq_claim_owner, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_value_params __maybe_unused = {
	.key_len = sizeof(struct xfrm_mark),
	.key_offset = offsetof(struct iq_claim_value, mark),
	.head_offset = offsetof(struct iq_claim_value, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_key_params __maybe_unused = {
	.key_len = sizeof(struct iq_key),
	.key_offset = offsetof(struct iq_claim_key, key),
	.head_offset = offsetof(struct iq_claim_key, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_sa_params __maybe_unused = {
	.key_len = sizeof(struct iq_claim_sa_id),
	.key_offset = offsetof(struct iq_claim_sa, id),
	.head_offset = offsetof(struct iq_claim_sa, node),
	.automatic_shrinking = true,
};

/* Charged to who makes the policy or the SA, where the context tells who. */
#define IQ_CLAIM_GFP	(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN)

/* NULL: none are known, or the namespace goes. Under rcu_read_lock(). */
static inline struct iq_claims *iq_claims(const struct iq_net *iqn)
{
	if (READ_ONCE(iqn->dead))
		return NULL;
	/* Pairs with iq_claim_start(). */
	return smp_load_acquire(&iq_tag(iqn)->claims);
}

/* Of which SAs a template or an SA is: a hash of their addresses; 0: of all. */
static inline u32 iq_claim_peers(const xfrm_address_t *dst, const xfrm_address_t *src,
				 u16 family)
{
	u32 hash;

	if (xfrm_addr_any(dst, family) || xfrm_addr_any(src, family))
		return 0;
	if (family == AF_INET)
		hash = jhash_2words((__force u32)dst->a4, (__force u32)src->a4, 0);
	else
		hash = jhash2((__force const u32 *)dst->a6, 4,
			      jhash2((__force const u32 *)src->a6, 4, 0));
	return hash ?: 1;
}

/* In claims.c; iq_claims.lock is held, as for all below. */

/** iq_claim_publish() - what is claimed has changed */
void iq_claim_publish(struct iq_net *iqn, struct iq_claims *c);

/** iq_claim_lose() - there was no memory for a claim; returns false */
bool iq_claim_lose(struct iq_net *iqn, struct iq_claims *c);

/** iq_claim_bits() - @by more claim those of @mask */
void iq_claim_bits(struct iq_claims *c, u32 mask, int by);

/* In claim_policy.c */

/** iq_claim_mask_room() - is there room now for masks that found none? */
bool iq_claim_mask_room(const struct iq_claims *c);

/** iq_claim_policy_del() - it is in iq_claims.policies no more */
void iq_claim_policy_del(struct iq_claims *c, struct iq_claim_policy *p);

/* In claim_sa.c */

/** iq_claim_sa_del() - an SA goes */
void iq_claim_sa_del(struct iq_claims *c, struct iq_claim_sa *sa);

#endif /* _IPSEC_QOS_CLAIMS_H */
