// SPDX-License-Identifier: GPL-2.0
/* What SAs claim, as the SAD tells of them. */
#include <linux/slab.h>

#include "claim.h"
#include "claims.h"
#include "scrub.h"
#include "xfrm.h"

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

void iq_claim_sa_del(struct iq_claims *c, struct iq_claim_sa *sa)
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
