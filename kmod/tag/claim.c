// SPDX-License-Identifier: GPL-2.0
/* What packets ask: which bits of a mark are claimed by nobody that they meet? */

#include "claim.h"
#include "claims.h"
#include "xfrm.h"

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
 * @differ: one does not want the mark that its ESP is to have
 * @clear_differs: one does not want that which the clear packet will have
 */
struct iq_claim_own {
	bool there;
	bool differ;
	bool clear_differs;
};

/* Does not everyone want @mark? */
static bool iq_claim_owner_differs(const struct iq_claim_owner *o, u32 mark, u32 bits)
{
	return iq_claim_differs(mark, READ_ONCE(o->all), bits) ||
	       iq_claim_differs(mark, READ_ONCE(o->any), bits);
}

static void iq_claim_ask(struct iq_claims *c, u32 mask, u32 reqid, u32 peers,
			 const struct iq_marking *set, struct iq_claim_own *own)
{
	struct iq_claim_owner_key key = {
		.mask = mask, .reqid = reqid, .peers = peers,
	};
	const struct iq_claim_owner *o;

	o = rhashtable_lookup(&c->owners, &key, iq_claim_owner_params);
	if (!o)
		return;
	own->there = true;
	own->differ |= iq_claim_owner_differs(o, set->mark, mask & set->mask);
	own->clear_differs |= iq_claim_owner_differs(o, set->clear, mask & set->mask);
}

/*
 * What policies leave. Those that are for packets of @x (NULL: of none) have the
 * mark that they want, whoever sets it when. Another policy that the packet finds
 * as it is, it finds afterwards as well; and none that it does not find as it is and
 * that is for another's packets: with no mark of ours it would have passed.
 *
 * What comes out of @x is looked at when it has passed our hooks again, and then it has
 * the clear packet's mark, if all want that. But not what an XFRM interface in another
 * namespace takes, and @x does not say where its interface is.
 */
static u32 iq_claim_policies(struct iq_claims *c, const struct sk_buff *skb,
			     const struct xfrm_state *x, const struct sk_buff *clear,
			     const struct iq_marking *set)
{
	u32 mark = set->mark, mask = set->mask;
	u32 peers = 0, left = mask, unfit = 0, new, clear_new, m;
	bool clear_fits = x && !x->if_id;
	struct iq_claim_own own;
	int i;

	if (x)
		peers = iq_claim_peers(&x->id.daddr, &x->props.saddr,
				       x->props.family);
	for (i = 0; i < IQ_CLAIM_MASKS; i++) {
		m = READ_ONCE(c->mask[i]);
		if (!(m & mask))
			continue;
		own = (struct iq_claim_own) {};
		if (x) {
			iq_claim_ask(c, m, 0, 0, set, &own);
			iq_claim_ask(c, m, 0, peers, set, &own);
			if (x->props.reqid)
				iq_claim_ask(c, m, x->props.reqid, 0, set, &own);
		}
		if (own.there) {
			unfit |= own.differ ? m : 0;
			clear_fits &= !own.clear_differs;
			continue;
		}
		new = (skb->mark & ~mask) | (mark & mask);
		if (iq_claim_differs(new, skb->mark, m) &&
		    (iq_claim_found(c, m, skb->mark, clear, false) ||
		     iq_claim_found(c, m, new, clear, true)))
			left &= ~m;
		/* the same will be asked of the clear packet, which has this mark then */
		clear_new = (skb->mark & ~mask) | (set->clear & mask);
		if (clear_fits && iq_claim_differs(clear_new, new, m) &&
		    (iq_claim_found(c, m, new, clear, false) ||
		     iq_claim_found(c, m, clear_new, clear, true)))
			clear_fits = false;
	}
	return clear_fits ? left : left & ~unfit;
}

/* What SAs of one key leave that have a mark or set one. @keyed: one is a VTI's */
static u32 iq_claim_sas(struct iq_net *iqn, struct iq_claims *c,
			const struct sk_buff *skb, const struct iq_claim_key *k,
			bool in, const struct iq_marking *set, bool *keyed)
{
	u32 mark = set->mark, mask = set->mask, left = mask;
	const struct iq_claim_sa *sa;
	struct xfrm_state *x;

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
			left &= iq_claim_policies(c, skb, x, NULL, set);
			xfrm_state_put(x);
		}
	}
	return left;
}

u32 iq_claim_esp(struct iq_net *iqn, const struct sk_buff *skb,
		 const struct iq_key *key, bool in, const struct iq_marking *set)
{
	struct iq_claims *c = iq_claims(iqn);
	const struct iq_claim_key *k;
	struct xfrm_state *x;
	u32 left = set->mask;
	bool keyed = false;

	if (!c)
		return left;
	k = rhashtable_lookup(&c->keys, key, iq_claim_key_params);
	if (READ_ONCE(c->coarse) || (k && READ_ONCE(k->n) > IQ_CLAIM_LOOK))
		return left & ~READ_ONCE(iq_tag(iqn)->claimed);
	if (k)
		left = iq_claim_sas(iqn, c, skb, k, in, set, &keyed);
	if (!in)
		return left;
	/* Until it has passed our hooks the clear packet has what its ESP had. */
	x = iq_xfrm_lookup(iqn, 0, key);
	if (x) {
		left &= iq_claim_policies(c, skb, x, NULL, set);
		xfrm_state_put(x);
	} else if (!k || keyed) {
		left &= iq_claim_policies(c, skb, NULL, skb, set);
	}
	return left;
}

u32 iq_claim_other(struct iq_net *iqn, const struct sk_buff *skb,
		   const struct iq_marking *set)
{
	struct iq_claims *c = iq_claims(iqn);

	if (!c)
		return set->mask;
	if (READ_ONCE(c->coarse))
		return set->mask & ~READ_ONCE(iq_tag(iqn)->claimed);
	return iq_claim_policies(c, skb, NULL, skb, set);
}

u32 iq_claim_decrypted(struct iq_net *iqn, const struct sk_buff *skb,
		       const struct iq_marking *set)
{
	const struct sec_path *sp = skb_sec_path(skb);
	struct iq_claims *c = iq_claims(iqn);
	const struct xfrm_state *x;
	u32 left = set->mask;
	int i;

	if (!c)
		return left;
	if (READ_ONCE(c->coarse))
		return left & ~READ_ONCE(iq_tag(iqn)->claimed);
	for (i = 0; i < sp->len; i++) {
		x = sp->xvec[i];
		if (iq_claim_differs(set->mark, x->props.smark.v,
				     x->props.smark.m & set->mask))
			left &= ~x->props.smark.m;
		left &= iq_claim_policies(c, skb, x, skb, set);
	}
	return left;
}

u32 iq_claim_entering(const struct sk_buff *skb, const struct iq_marking *set)
{
	const struct xfrm_dst *xdst = (struct xfrm_dst *)skb_dst(skb);
	const struct xfrm_mark *m;
	u32 left = set->mask;
	int i;

	/*
	 * With another mark than the policy's it has been found by something else,
	 * a VTI device's key: nobody finds it by the mark again.
	 */
	for (i = 0; i < xdst->num_pols; i++) {
		m = &xdst->pols[i]->mark;
		if ((skb->mark & m->m) == m->v &&
		    iq_claim_differs(set->mark, m->v, m->m & left))
			left &= ~m->m;
	}
	return left;
}
