// SPDX-License-Identifier: GPL-2.0
/* What policies claim, as the SPD tells of them. */
#include <linux/slab.h>

#include "claim.h"
#include "claims.h"
#include "scrub.h"

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

bool iq_claim_mask_room(const struct iq_claims *c)
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

void iq_claim_policy_del(struct iq_claims *c, struct iq_claim_policy *p)
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
