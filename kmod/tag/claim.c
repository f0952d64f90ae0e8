// SPDX-License-Identifier: GPL-2.0
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "claim.h"
#include "scrub.h"
#include "xfrm.h"

/* So many masks policies may have of one namespace, until all their bits are left. */
#define IQ_CLAIM_MASKS	16

/* So many policies with the same mark, or SAs with the same key, a packet looks at. */
#define IQ_CLAIM_LOOK	64

/* SAs and policies of a walk until the lock of SAD or SPD is let go of. */
#define IQ_CLAIM_STEP	256

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

static const struct rhashtable_params iq_claim_owner_params = {
	.key_len = sizeof(struct iq_claim_owner_key),
	.key_offset = offsetof(struct iq_claim_owner, key),
	.head_offset = offsetof(struct iq_claim_owner, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_value_params = {
	.key_len = sizeof(struct xfrm_mark),
	.key_offset = offsetof(struct iq_claim_value, mark),
	.head_offset = offsetof(struct iq_claim_value, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_key_params = {
	.key_len = sizeof(struct iq_key),
	.key_offset = offsetof(struct iq_claim_key, key),
	.head_offset = offsetof(struct iq_claim_key, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params iq_claim_sa_params = {
	.key_len = sizeof(struct iq_claim_sa_id),
	.key_offset = offsetof(struct iq_claim_sa, id),
	.head_offset = offsetof(struct iq_claim_sa, node),
	.automatic_shrinking = true,
};

/* Charged to who makes the policy or the SA, where the context tells who. */
#define IQ_CLAIM_GFP	(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN)

/* NULL: none are known, or the namespace goes. Under rcu_read_lock(). */
static struct iq_claims *iq_claims(const struct iq_net *iqn)
{
	if (READ_ONCE(iqn->dead))
		return NULL;
	/* Pairs with iq_claim_start(). */
	return smp_load_acquire(&iq_tag(iqn)->claims);
}

/* All of which bits are claimed; iq_claims.lock is held. */
static void iq_claim_publish(struct iq_net *iqn, struct iq_claims *c)
{
	u32 claimed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(c->bit); i++)
		if (c->bit[i])
			claimed |= BIT(i);
	WRITE_ONCE(c->coarse, c->lost || c->crowd);
	WRITE_ONCE(iq_tag(iqn)->claimed, c->lost ? ~0 : claimed);
}

static bool iq_claim_lose(struct iq_net *iqn, struct iq_claims *c)
{
	c->failed = true;
	WRITE_ONCE(c->lost, true);
	iq_claim_publish(iqn, c);
	return false;
}

static void iq_claim_bits(struct iq_claims *c, u32 mask, int by)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(c->bit); i++)
		if (mask & BIT(i))
			c->bit[i] += by;
}

/* False: there are too many different ones. */
static bool iq_claim_mask_get(struct iq_claims *c, u32 mask)
{
	int i, free = -1;

	for (i = 0; i < IQ_CLAIM_MASKS; i++) {
		if (c->mask[i] == mask) {
			c->uses[i]++;
			return true;
		}
		if (!c->mask[i] && free < 0)
			free = i;
	}
	if (free < 0)
		return false;
	c->uses[free] = 1;
	WRITE_ONCE(c->mask[free], mask);
	return true;
}

/* Is there room now for masks that found none? iq_claims.lock is held. */
static bool iq_claim_mask_room(const struct iq_claims *c)
{
	int i;

	for (i = 0; c->crowd && i < IQ_CLAIM_MASKS; i++)
		if (!c->mask[i])
			return true;
	return false;
}

static void iq_claim_mask_put(struct iq_claims *c, u32 mask)
{
	int i;

	for (i = 0; i < IQ_CLAIM_MASKS; i++)
		if (c->mask[i] == mask && !--c->uses[i])
			WRITE_ONCE(c->mask[i], 0);
}

/* Whose packets? */

static u32 iq_claim_peers(const xfrm_address_t *dst, const xfrm_address_t *src,
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

static void iq_claim_tmpl_key(const struct xfrm_tmpl *t, u32 mask,
			      struct iq_claim_owner_key *key)
{
	*key = (struct iq_claim_owner_key) { .mask = mask, .reqid = t->reqid };
	if (!t->reqid && t->mode != XFRM_MODE_TRANSPORT)
		key->peers = iq_claim_peers(&t->id.daddr, &t->saddr,
					    t->encap_family);
}

static bool iq_claim_owner_get(struct iq_claims *c,
			       const struct iq_claim_owner_key *key, u32 v)
{
	struct iq_claim_owner *o;

	o = rhashtable_lookup_fast(&c->owners, key, iq_claim_owner_params);
	if (o) {
		o->n++;
		WRITE_ONCE(o->all, o->all & v);
		WRITE_ONCE(o->any, o->any | v);
		return true;
	}
	o = kzalloc(sizeof(*o), IQ_CLAIM_GFP);
	if (!o)
		return false;
	o->key = *key;
	o->n = 1;
	o->all = v;
	o->any = v;
	if (rhashtable_insert_fast(&c->owners, &o->node, iq_claim_owner_params)) {
		kfree(o);
		return false;
	}
	return true;
}

static void iq_claim_owner_put(struct iq_claims *c,
			       const struct iq_claim_owner_key *key)
{
	struct iq_claim_owner *o;

	o = rhashtable_lookup_fast(&c->owners, key, iq_claim_owner_params);
	if (!o || --o->n)
		return;
	rhashtable_remove_fast(&c->owners, &o->node, iq_claim_owner_params);
	kfree_rcu(o, rcu);
}

/* Policies */

static bool iq_claim_value_join(struct iq_claims *c, struct iq_claim_policy *p)
{
	struct iq_claim_value *v;

	v = rhashtable_lookup_fast(&c->values, &p->mark, iq_claim_value_params);
	if (v) {
		p->value = v;
		list_add_tail_rcu(&p->alike, &v->policies);
		return true;
	}
	v = kzalloc(sizeof(*v), IQ_CLAIM_GFP);
	if (!v)
		return false;
	v->mark = p->mark;
	INIT_LIST_HEAD(&v->policies);
	p->value = v;
	list_add(&p->alike, &v->policies);
	if (rhashtable_insert_fast(&c->values, &v->node, iq_claim_value_params)) {
		kfree(v);
		return false;
	}
	return true;
}

static void iq_claim_value_leave(struct iq_claims *c, struct iq_claim_policy *p)
{
	struct iq_claim_value *v = p->value;

	list_del_rcu(&p->alike);
	if (!list_empty(&v->policies))
		return;
	rhashtable_remove_fast(&c->values, &v->node, iq_claim_value_params);
	kfree_rcu(v, rcu);
}

static void iq_claim_policy_del(struct iq_claims *c, struct iq_claim_policy *p)
{
	int i;

	iq_claim_value_leave(c, p);
	for (i = 0; i < p->n; i++)
		iq_claim_owner_put(c, &p->owner[i]);
	if (p->listed)
		iq_claim_mask_put(c, p->mark.m);
	else
		c->crowd--;
	iq_claim_bits(c, p->mark.m, -1);
	kfree_rcu(p, rcu);
}

static bool iq_claim_policy_add(struct iq_claims *c, struct iq_claim_policy *p)
{
	int i;

	for (i = 0; i < p->n; i++)
		if (!iq_claim_owner_get(c, &p->owner[i], p->mark.v))
			goto undo;
	if (!iq_claim_value_join(c, p))
		goto undo;
	/* The mask last: who sees it finds the rest. */
	p->listed = iq_claim_mask_get(c, p->mark.m);
	if (!p->listed)
		c->crowd++;
	iq_claim_bits(c, p->mark.m, 1);
	return true;

undo:
	while (i--)
		iq_claim_owner_put(c, &p->owner[i]);
	return false;
}

/* False: it claims nothing. */
static bool iq_claim_policy_read(const struct iq_net *iqn, struct iq_claim_policy *p,
				 const struct xfrm_policy *xp, int dir)
{
	const struct xfrm_tmpl *t;
	int i;

	if (!xp->mark.m || dir >= XFRM_POLICY_MAX)
		return false;
	*p = (struct iq_claim_policy) {
		.mark = xp->mark,
		.index = xp->index,
		.in = dir != XFRM_POLICY_OUT,
		.sel = xp->selector,
	};
	p->sel.family = xp->family;
	for (i = 0; p->in && i < xp->xfrm_nr; i++) {
		t = &xp->xfrm_vec[i];
		/*
		 * A VTI finds its own by its key, whatever mark packets have. But
		 * others that have the mark find it as well, ahead of all the ESP
		 * that the VTI takes (vti_input()).
		 */
		if (t->mode != XFRM_MODE_TRANSPORT &&
		    iq_scrub_vti_takes(iqn, t->encap_family, &t->id.daddr,
				       &t->saddr, &xp->mark)) {
			memset(p->owner, 0, sizeof(p->owner));
			p->n = 0;
			break;
		}
		iq_claim_tmpl_key(t, xp->mark.m, &p->owner[p->n++]);
	}
	return true;
}

static bool iq_claim_policy_same(const struct iq_claim_policy *p,
				 const struct iq_claim_policy *q)
{
	return p->mark.v == q->mark.v && p->mark.m == q->mark.m &&
	       p->in == q->in && p->n == q->n &&
	       !memcmp(p->owner, q->owner, sizeof(p->owner)) &&
	       !memcmp(&p->sel, &q->sel, sizeof(p->sel));
}

static bool iq_claim_policy_set(struct iq_net *iqn, struct iq_claims *c,
				const struct iq_claim_policy *new, bool claims)
{
	struct iq_claim_policy *old = xa_load(&c->policies, new->index), *p = NULL;

	/* One whose mask found no room is made anew: there may be some now. */
	if (old && old->listed && claims && iq_claim_policy_same(old, new)) {
		old->audit = c->audit;
		return !c->lost;
	}
	if (claims) {
		p = kmemdup(new, sizeof(*new), IQ_CLAIM_GFP);
		if (!p)
			return iq_claim_lose(iqn, c);
		p->audit = c->audit;
		if (!iq_claim_policy_add(c, p)) {
			kfree(p);
			return iq_claim_lose(iqn, c);
		}
		if (xa_is_err(xa_store(&c->policies, p->index, p, IQ_CLAIM_GFP))) {
			iq_claim_policy_del(c, p);
			return iq_claim_lose(iqn, c);
		}
	} else if (old) {
		xa_erase(&c->policies, new->index);
	}
	if (old)
		iq_claim_policy_del(c, old);
	iq_claim_publish(iqn, c);
	return !c->lost;
}

bool iq_claim_policy(struct iq_net *iqn, const struct xfrm_policy *xp, int dir)
{
	struct iq_claims *c = iq_claims(iqn);
	struct iq_claim_policy new = { .index = xp->index };
	bool claims, good;

	if (!c)
		return true;
	claims = iq_claim_policy_read(iqn, &new, xp, dir);
	if (!claims && !xa_load(&c->policies, new.index))
		return true;
	spin_lock_bh(&c->lock);
	good = iq_claim_policy_set(iqn, c, &new, claims);
	spin_unlock_bh(&c->lock);
	return good;
}

bool iq_claim_policy_gone(struct iq_net *iqn, const struct xfrm_policy *xp)
{
	struct iq_claims *c = iq_claims(iqn);
	struct iq_claim_policy *p;
	bool room = false;

	if (!c || !xa_load(&c->policies, xp->index))
		return false;
	spin_lock_bh(&c->lock);
	p = xa_erase(&c->policies, xp->index);
	if (p) {
		iq_claim_policy_del(c, p);
		iq_claim_publish(iqn, c);
		room = iq_claim_mask_room(c);
	}
	spin_unlock_bh(&c->lock);
	return room;
}

/* SAs */

static struct iq_claim_sa *iq_claim_sa_find(struct iq_claims *c,
					    const struct iq_claim_sa_id *id)
{
	return rhashtable_lookup(&c->sas, id, iq_claim_sa_params);
}

static bool iq_claim_key_join(struct iq_claims *c, struct iq_claim_sa *sa)
{
	struct iq_claim_key *k;

	k = rhashtable_lookup_fast(&c->keys, &sa->id.key, iq_claim_key_params);
	if (k) {
		sa->of = k;
		WRITE_ONCE(k->n, k->n + 1);
		WRITE_ONCE(k->marked, k->marked + !!sa->id.mark.m);
		list_add_tail_rcu(&sa->alike, &k->sas);
		return true;
	}
	k = kzalloc(sizeof(*k), IQ_CLAIM_GFP);
	if (!k)
		return false;
	k->key = sa->id.key;
	k->n = 1;
	k->marked = !!sa->id.mark.m;
	INIT_LIST_HEAD(&k->sas);
	sa->of = k;
	list_add(&sa->alike, &k->sas);
	if (rhashtable_insert_fast(&c->keys, &k->node, iq_claim_key_params)) {
		kfree(k);
		return false;
	}
	return true;
}

static void iq_claim_key_leave(struct iq_claims *c, struct iq_claim_sa *sa)
{
	struct iq_claim_key *k = sa->of;

	WRITE_ONCE(k->n, k->n - 1);
	WRITE_ONCE(k->marked, k->marked - !!sa->id.mark.m);
	list_del_rcu(&sa->alike);
	if (!list_empty(&k->sas))
		return;
	rhashtable_remove_fast(&c->keys, &k->node, iq_claim_key_params);
	kfree_rcu(k, rcu);
}

static void iq_claim_sa_del(struct iq_claims *c, struct iq_claim_sa *sa)
{
	rhashtable_remove_fast(&c->sas, &sa->node, iq_claim_sa_params);
	iq_claim_key_leave(c, sa);
	list_del(&sa->all);
	c->n_sas--;
	iq_claim_bits(c, sa->id.mark.m | sa->smark.m, -1);
	kfree_rcu(sa, rcu);
}

/* It may have the place of another for a moment, which is to go. */
static bool iq_claim_sa_add(struct iq_claims *c, struct iq_claim_sa *sa)
{
	if (rhashtable_insert_fast(&c->sas, &sa->node, iq_claim_sa_params))
		return false;
	if (!iq_claim_key_join(c, sa)) {
		rhashtable_remove_fast(&c->sas, &sa->node, iq_claim_sa_params);
		return false;
	}
	list_add_tail(&sa->all, &c->all_sas);
	c->n_sas++;
	iq_claim_bits(c, sa->id.mark.m | sa->smark.m, 1);
	return true;
}

static bool iq_claim_sa_set(struct iq_net *iqn, struct iq_claims *c,
			    const struct iq_claim_sa *new)
{
	struct iq_claim_sa *old = iq_claim_sa_find(c, &new->id), *sa;
	struct xfrm_mark smark = new->smark;

	if (old) {
		/* An update that names none leaves it, as xfrm_state_update(). */
		if (!smark.m)
			smark = old->smark;
		old->audit = c->audit;
		if (old->vti == new->vti && old->smark.v == smark.v &&
		    old->smark.m == smark.m)
			return !c->lost;
	} else if (!new->id.mark.m && !smark.m) {
		return true;
	}
	sa = kmemdup(new, sizeof(*new), IQ_CLAIM_GFP);
	if (!sa)
		return iq_claim_lose(iqn, c);
	sa->smark = smark;
	sa->audit = c->audit;
	if (!iq_claim_sa_add(c, sa)) {
		kfree(sa);
		return iq_claim_lose(iqn, c);
	}
	if (old)
		iq_claim_sa_del(c, old);
	iq_claim_publish(iqn, c);
	return !c->lost;
}

bool iq_claim_sa(struct iq_net *iqn, const struct iq_key *key,
		 const struct xfrm_state *x)
{
	struct iq_claims *c = iq_claims(iqn);
	struct iq_claim_sa new = {
		.id = { .key = *key, .mark = x->mark },
		.smark = x->props.smark,
	};
	bool good;

	if (!c || (!x->mark.m && !new.smark.m && !iq_claim_sa_find(c, &new.id)))
		return true;
	new.vti = x->mark.m &&
		  iq_scrub_vti_takes(iqn, key->family, &x->id.daddr,
				     &x->props.saddr, &x->mark);
	spin_lock_bh(&c->lock);
	good = iq_claim_sa_set(iqn, c, &new);
	spin_unlock_bh(&c->lock);
	return good;
}

bool iq_claim_has_sa(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_claims *c = iq_claims(iqn);
	const struct iq_claim_key *k;

	if (!c)
		return false;
	k = rhashtable_lookup(&c->keys, key, iq_claim_key_params);
	return k && READ_ONCE(k->marked);
}

bool iq_claim_sa_gone(struct iq_net *iqn, const struct iq_key *key,
		      const struct xfrm_state *x)
{
	const struct iq_claim_sa_id id = { .key = *key, .mark = x->mark };
	struct iq_claims *c = iq_claims(iqn);
	struct xfrm_state *other;
	struct iq_claim_sa *sa;
	bool has;

	if (!c)
		return false;
	if (iq_claim_sa_find(c, &id)) {
		spin_lock_bh(&c->lock);
		sa = iq_claim_sa_find(c, &id);
		if (sa) {
			iq_claim_sa_del(c, sa);
			iq_claim_publish(iqn, c);
		}
		spin_unlock_bh(&c->lock);
	}
	if (READ_ONCE(c->lost) || iq_claim_has_sa(iqn, key))
		return true;
	if (!x->mark.m)
		return false;
	/* One without a mark; @x itself may be there still. */
	other = iq_xfrm_lookup(iqn, 0, key);
	has = other && other != x;
	if (other)
		xfrm_state_put(other);
	return has;
}

/* Packets */

static bool iq_claim_differs(u32 mark, u32 v, u32 bits)
{
	return (mark ^ v) & bits;
}

/* @clear: what the selector is to match; NULL: not known */
static bool iq_claim_selects(const struct iq_claim_policy *p,
			     const struct sk_buff *clear)
{
	const struct xfrm_selector *s = &p->sel;

	if (!clear)
		return true;
	if (clear->protocol == htons(ETH_P_IP))
		return s->family == AF_INET &&
		       addr4_match(ip_hdr(clear)->daddr, s->daddr.a4,
				   s->prefixlen_d) &&
		       addr4_match(ip_hdr(clear)->saddr, s->saddr.a4,
				   s->prefixlen_s);
	return s->family == AF_INET6 &&
	       addr_match(&ipv6_hdr(clear)->daddr, &s->daddr, s->prefixlen_d) &&
	       addr_match(&ipv6_hdr(clear)->saddr, &s->saddr, s->prefixlen_s);
}

/*
 * Is there a policy of @mask that a packet with @mark finds? @attracted: one that
 * would not let it in, as it is for others.
 */
static bool iq_claim_found(struct iq_claims *c, u32 mask, u32 mark,
			   const struct sk_buff *clear, bool attracted)
{
	struct xfrm_mark key = { .v = mark & mask, .m = mask };
	const struct iq_claim_policy *p;
	const struct iq_claim_value *v;
	int n = 0;

	v = rhashtable_lookup(&c->values, &key, iq_claim_value_params);
	if (!v || !attracted)
		return v;
	list_for_each_entry_rcu(p, &v->policies, alike)
		if (n++ == IQ_CLAIM_LOOK || (p->in && iq_claim_selects(p, clear)))
			return true;
	return false;
}

/**
 * struct iq_claim_own - what the policies of an SA want
 *
 * @there: there are any
 * @differ: one does not want our mark
 */
struct iq_claim_own {
	bool there;
	bool differ;
};

static void iq_claim_ask(struct iq_claims *c, u32 mask, u32 reqid, u32 peers,
			 u32 mark, u32 bits, struct iq_claim_own *own)
{
	struct iq_claim_owner_key key = {
		.mask = mask, .reqid = reqid, .peers = peers,
	};
	const struct iq_claim_owner *o;

	o = rhashtable_lookup(&c->owners, &key, iq_claim_owner_params);
	if (!o)
		return;
	own->there = true;
	own->differ |= iq_claim_differs(mark, READ_ONCE(o->all), bits) ||
		       iq_claim_differs(mark, READ_ONCE(o->any), bits);
}

/*
 * What policies leave. Those that are for packets of @x (NULL: of none) have the
 * mark that they want, whoever sets it when. Another policy that the packet finds
 * as it is, it finds afterwards as well; and none that it does not find as it is and
 * that is for another's packets: with no mark of ours it would have passed.
 */
static u32 iq_claim_policies(struct iq_claims *c, const struct sk_buff *skb,
			     const struct xfrm_state *x, const struct sk_buff *clear,
			     u32 mark, u32 mask)
{
	u32 peers = 0, left = mask, new, m, bits;
	struct iq_claim_own own;
	int i;

	if (x)
		peers = iq_claim_peers(&x->id.daddr, &x->props.saddr,
				       x->props.family);
	for (i = 0; i < IQ_CLAIM_MASKS; i++) {
		m = READ_ONCE(c->mask[i]);
		bits = m & mask;
		if (!bits)
			continue;
		own = (struct iq_claim_own) {};
		if (x) {
			iq_claim_ask(c, m, 0, 0, mark, bits, &own);
			iq_claim_ask(c, m, 0, peers, mark, bits, &own);
			if (x->props.reqid)
				iq_claim_ask(c, m, x->props.reqid, 0, mark, bits,
					     &own);
		}
		new = (skb->mark & ~mask) | (mark & mask);
		if (own.there ? own.differ :
		    iq_claim_differs(new, skb->mark, m) &&
		    (iq_claim_found(c, m, skb->mark, clear, false) ||
		     iq_claim_found(c, m, new, clear, true)))
			left &= ~m;
	}
	return left;
}

/* What SAs of one key leave that have a mark or set one. @keyed: one is a VTI's */
static u32 iq_claim_sas(struct iq_net *iqn, struct iq_claims *c,
			const struct sk_buff *skb, const struct iq_claim_key *k,
			bool in, u32 mark, u32 mask, bool *keyed)
{
	const struct iq_claim_sa *sa;
	struct xfrm_state *x;
	u32 left = mask;

	list_for_each_entry_rcu(sa, &k->sas, alike) {
		/* What has been encrypted here is not looked up any more. */
		if (!in && iq_claim_differs(mark, sa->smark.v, sa->smark.m & mask))
			left &= ~sa->smark.m;
		if (!in)
			continue;
		if (sa->vti) {
			*keyed = true;
			continue;
		}
		if (iq_claim_differs(mark, sa->id.mark.v, sa->id.mark.m & mask))
			left &= ~sa->id.mark.m;
		x = iq_xfrm_lookup(iqn, sa->id.mark.v, &k->key);
		if (x) {
			left &= iq_claim_policies(c, skb, x, NULL, mark, mask);
			xfrm_state_put(x);
		}
	}
	return left;
}

u32 iq_claim_esp(struct iq_net *iqn, const struct sk_buff *skb,
		 const struct iq_key *key, bool in, u32 mark, u32 mask)
{
	struct iq_claims *c = iq_claims(iqn);
	const struct iq_claim_key *k;
	struct xfrm_state *x;
	bool keyed = false;
	u32 left = mask;

	if (!c)
		return mask;
	k = rhashtable_lookup(&c->keys, key, iq_claim_key_params);
	if (READ_ONCE(c->coarse) || (k && READ_ONCE(k->n) > IQ_CLAIM_LOOK))
		return mask & ~READ_ONCE(iq_tag(iqn)->claimed);
	if (k)
		left = iq_claim_sas(iqn, c, skb, k, in, mark, mask, &keyed);
	if (!in)
		return left;
	/* The clear packet has what its ESP had. */
	x = iq_xfrm_lookup(iqn, 0, key);
	if (x) {
		left &= iq_claim_policies(c, skb, x, NULL, mark, mask);
		xfrm_state_put(x);
	} else if (!k || keyed) {
		left &= iq_claim_policies(c, skb, NULL, skb, mark, mask);
	}
	return left;
}

u32 iq_claim_other(struct iq_net *iqn, const struct sk_buff *skb, u32 mark,
		   u32 mask)
{
	struct iq_claims *c = iq_claims(iqn);

	if (!c)
		return mask;
	if (READ_ONCE(c->coarse))
		return mask & ~READ_ONCE(iq_tag(iqn)->claimed);
	return iq_claim_policies(c, skb, NULL, skb, mark, mask);
}

u32 iq_claim_decrypted(struct iq_net *iqn, const struct sk_buff *skb, u32 mark,
		       u32 mask)
{
	const struct sec_path *sp = skb_sec_path(skb);
	struct iq_claims *c = iq_claims(iqn);
	const struct xfrm_state *x;
	u32 left = mask;
	int i;

	if (!c)
		return mask;
	if (READ_ONCE(c->coarse))
		return mask & ~READ_ONCE(iq_tag(iqn)->claimed);
	for (i = 0; i < sp->len; i++) {
		x = sp->xvec[i];
		if (iq_claim_differs(mark, x->props.smark.v,
				     x->props.smark.m & mask))
			left &= ~x->props.smark.m;
		left &= iq_claim_policies(c, skb, x, skb, mark, mask);
	}
	return left;
}

u32 iq_claim_entering(const struct sk_buff *skb, u32 mark, u32 mask)
{
	const struct xfrm_dst *xdst = (struct xfrm_dst *)skb_dst(skb);
	const struct xfrm_mark *m;
	int i;

	/*
	 * With another mark than the policy's it has been found by something else,
	 * a VTI device's key: nobody finds it by the mark again.
	 */
	for (i = 0; i < xdst->num_pols; i++) {
		m = &xdst->pols[i]->mark;
		if ((skb->mark & m->m) == m->v &&
		    iq_claim_differs(mark, m->v, m->m & mask))
			mask &= ~m->m;
	}
	return mask;
}

/* Audits */

/**
 * struct iq_claim_walk - a walk over SPD or SAD
 *
 * @left: what to look at before its lock is let go of
 */
struct iq_claim_walk {
	struct iq_net *iqn;
	u32 left;
};

static int iq_claim_meet_policy(struct xfrm_policy *xp, int dir, int count,
				void *arg)
{
	struct iq_claim_walk *w = arg;

	if (!w->left--)
		return -EAGAIN;		/* the next walk begins with this one */
	rcu_read_lock();
	iq_claim_policy(w->iqn, xp, dir);
	rcu_read_unlock();
	return 0;
}

static int iq_claim_meet_sa(struct xfrm_state *x, int count, void *arg)
{
	struct iq_claim_walk *w = arg;
	struct iq_key key;

	if (!w->left--)
		return -EAGAIN;
	if (x->km.state != XFRM_STATE_VALID || !iq_xfrm_key(x, &key))
		return 0;
	rcu_read_lock();
	iq_claim_sa(w->iqn, &key, x);
	rcu_read_unlock();
	return 0;
}

/* Return: as iq_claim_policy_gone() */
static bool iq_claim_sweep(struct iq_net *iqn, struct iq_claims *c)
{
	struct iq_claim_policy *p;
	struct iq_claim_sa *sa;
	unsigned long index;
	bool room;
	u32 n;

	xa_for_each(&c->policies, index, p) {
		spin_lock_bh(&c->lock);
		p = xa_load(&c->policies, index);
		if (p && p->audit != c->audit) {
			xa_erase(&c->policies, index);
			iq_claim_policy_del(c, p);
		}
		spin_unlock_bh(&c->lock);
		cond_resched();
	}
	spin_lock_bh(&c->lock);
	for (n = c->n_sas; n && c->n_sas; n--) {
		sa = list_first_entry(&c->all_sas, struct iq_claim_sa, all);
		if (sa->audit != c->audit)
			iq_claim_sa_del(c, sa);
		else
			list_move_tail(&sa->all, &c->all_sas);
		if (n % IQ_CLAIM_STEP)
			continue;
		spin_unlock_bh(&c->lock);
		cond_resched();
		spin_lock_bh(&c->lock);
	}
	WRITE_ONCE(c->lost, c->failed);
	iq_claim_publish(iqn, c);
	room = iq_claim_mask_room(c);
	spin_unlock_bh(&c->lock);
	return room;
}

void iq_claim_audit(struct iq_net *iqn)
{
	struct iq_claim_walk w = { .iqn = iqn };
	struct iq_claims *c = iq_tag(iqn)->claims;
	struct xfrm_policy_walk policies;
	struct xfrm_state_walk states;
	bool room;

	lockdep_assert_held(&iqn->config_lock);
	if (!c)
		return;
	spin_lock_bh(&c->lock);
	c->audit++;
	c->failed = false;
	spin_unlock_bh(&c->lock);

	xfrm_policy_walk_init(&policies, XFRM_POLICY_TYPE_ANY);
	do {
		w.left = IQ_CLAIM_STEP;
		cond_resched();
	} while (xfrm_policy_walk(iqn->net, &policies, iq_claim_meet_policy,
				  &w) == -EAGAIN);
	xfrm_policy_walk_done(&policies, iqn->net);

	xfrm_state_walk_init(&states, IPSEC_PROTO_ANY, NULL);
	do {
		w.left = IQ_CLAIM_STEP;
		cond_resched();
	} while (xfrm_state_walk(iqn->net, &states, iq_claim_meet_sa,
				 &w) == -EAGAIN);
	xfrm_state_walk_done(&states, iqn->net);
	room = iq_claim_sweep(iqn, c);
	/* There was no memory again. */
	if (READ_ONCE(c->lost))
		iq_xfrm_audit_in(iqn, HZ);
	else if (room)
		iq_xfrm_audit_in(iqn, 0);
}

int iq_claim_start(struct iq_net *iqn)
{
	struct iq_claims *c;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (iq_tag(iqn)->claims)
		return 0;
	c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	spin_lock_init(&c->lock);
	xa_init_flags(&c->policies, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&c->all_sas);
	err = rhashtable_init(&c->owners, &iq_claim_owner_params);
	if (err)
		goto free;
	err = rhashtable_init(&c->values, &iq_claim_value_params);
	if (err)
		goto owners;
	err = rhashtable_init(&c->keys, &iq_claim_key_params);
	if (err)
		goto values;
	err = rhashtable_init(&c->sas, &iq_claim_sa_params);
	if (err)
		goto keys;
	/* Pairs with iq_claims(). */
	smp_store_release(&iq_tag(iqn)->claims, c);
	iq_claim_audit(iqn);
	return 0;

keys:
	rhashtable_destroy(&c->keys);
values:
	rhashtable_destroy(&c->values);
owners:
	rhashtable_destroy(&c->owners);
free:
	kfree(c);
	return err;
}

static void iq_claim_free(void *ptr, void *arg)
{
	kfree(ptr);
}

static void iq_claim_value_free(void *ptr, void *arg)
{
	struct iq_claim_value *v = ptr;
	struct iq_claim_policy *p, *next;

	list_for_each_entry_safe(p, next, &v->policies, alike)
		kfree(p);
	kfree(v);
}

void iq_claim_exit(struct iq_net *iqn)
{
	struct iq_claims *c = iq_tag(iqn)->claims;

	if (!c)
		return;
	rhashtable_free_and_destroy(&c->owners, iq_claim_free, NULL);
	rhashtable_free_and_destroy(&c->values, iq_claim_value_free, NULL);
	rhashtable_free_and_destroy(&c->keys, iq_claim_free, NULL);
	rhashtable_free_and_destroy(&c->sas, iq_claim_free, NULL);
	xa_destroy(&c->policies);
	kfree(c);
}
