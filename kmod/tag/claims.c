// SPDX-License-Identifier: GPL-2.0
/* The claims of a namespace as a whole: their beginning and end, and audits. */
#include <linux/slab.h>

#include "claim.h"
#include "claims.h"
#include "xfrm.h"

/* SAs and policies of a walk until the lock of SAD or SPD is let go of. */
#define IQ_CLAIM_STEP	256

void iq_claim_publish(struct iq_net *iqn, struct iq_claims *c)
{
	u32 claimed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(c->bit); i++)
		if (c->bit[i])
			claimed |= BIT(i);
	WRITE_ONCE(c->coarse, c->lost || c->crowd);
	WRITE_ONCE(iq_tag(iqn)->claimed, c->lost ? ~0 : claimed);
}

bool iq_claim_lose(struct iq_net *iqn, struct iq_claims *c)
{
	c->failed = true;
	WRITE_ONCE(c->lost, true);
	iq_claim_publish(iqn, c);
	return false;
}

void iq_claim_bits(struct iq_claims *c, u32 mask, int by)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(c->bit); i++)
		if (mask & BIT(i))
			c->bit[i] += by;
}

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
