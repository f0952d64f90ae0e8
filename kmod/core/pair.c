// SPDX-License-Identifier: GPL-2.0
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "pair.h"

/* Pairs to give another action before iq_net.table_lock is let go of. */
#define IQ_PAIR_BATCH	64

/**
 * struct iq_pair_key - what a pair is of; no padding
 */
struct iq_pair_key {
	const struct iq_group *group;
	const struct iq_target *target;
};

/**
 * struct iq_pair - a pair
 *
 * @node: in iq_net.pairs
 * @group: as in @key, to be counted in; likewise @target
 * @of_group: in iq_group.pairs; iq_net.table_lock
 * @action: what packets find; written under iq_net.config_lock and table_lock
 * @number: what the tables know it by
 * @users: entries that name it, and whoever holds it; iq_net.table_lock
 */
struct iq_pair {
	struct rhash_head node;
	struct iq_pair_key key;
	struct iq_group *group;
	struct iq_target *target;
	struct list_head of_group;
	struct iq_net *iqn;
	struct iq_action *action;
	u32 number;
	u32 users;
	struct rcu_head rcu;
};

static const struct rhashtable_params iq_pair_params = {
	.key_len = sizeof(struct iq_pair_key),
	.key_offset = offsetof(struct iq_pair, key),
	.head_offset = offsetof(struct iq_pair, node),
	.automatic_shrinking = true,
};

static void iq_pair_free(struct iq_pair *p)
{
	kfree(p->action);
	kfree(p);
}

static void iq_pair_free_rcu(struct rcu_head *rcu)
{
	struct iq_pair *p = container_of(rcu, struct iq_pair, rcu);

	iq_number_back(p->iqn, p->number);
	iq_pair_free(p);
}

/* NULL: there is none. */
static struct iq_pair *iq_pair_find(const struct iq_net *iqn,
				    const struct iq_group *g, const struct iq_target *t)
{
	const struct iq_pair_key key = { g, t };

	/* It is there, for good, once there was a pair. */
	if (!iqn->pairs)
		return NULL;
	return rhashtable_lookup_fast(iqn->pairs, &key, iq_pair_params);
}

/* Whose number it is; NULL: a group's alone. iq_net.table_lock is held. */
static struct iq_pair *iq_pair_numbered(const struct iq_net *iqn, u32 number)
{
	const struct iq_action *a = iq_action_numbered(iqn, number);

	return a->target ? iq_pair_find(iqn, a->group, a->target) : NULL;
}

u32 iq_pair_number(const struct iq_net *iqn, const struct iq_group *g,
		   const struct iq_target *t)
{
	const struct iq_pair *p;

	lockdep_assert_held(&iqn->table_lock);
	if (!t)
		return g->number;
	p = iq_pair_find(iqn, g ?: iqn->nobody, t);
	return p ? p->number : 0;
}

/* The last who named it has gone. Readers may find it through that until both are. */
static void iq_pair_put(struct iq_pair *p)
{
	if (--p->users)
		return;
	rhashtable_remove_fast(p->iqn->pairs, &p->node, iq_pair_params);
	list_del(&p->of_group);
	p->group->n_pairs--;
	iq_number_lose(p->iqn);
	call_rcu(&p->rcu, iq_pair_free_rcu);
}

void iq_pair_hold(struct iq_net *iqn, u32 number)
{
	struct iq_pair *p = iq_pair_numbered(iqn, number);

	lockdep_assert_held(&iqn->table_lock);
	if (p)
		p->users++;
}

void iq_pair_let(struct iq_net *iqn, u32 number)
{
	struct iq_pair *p = iq_pair_numbered(iqn, number);

	lockdep_assert_held(&iqn->table_lock);
	if (p)
		iq_pair_put(p);
}

void iq_pair_named(struct iq_net *iqn, u32 number, enum iq_user user)
{
	const struct iq_action *a = iq_action_numbered(iqn, number);
	struct iq_pair *p = iq_pair_numbered(iqn, number);

	lockdep_assert_held(&iqn->table_lock);
	a->group->users[user]++;
	if (p) {
		p->target->users++;
		p->users++;
	}
}

void iq_pair_unnamed(struct iq_net *iqn, u32 number, enum iq_user user)
{
	const struct iq_action *a = iq_action_numbered(iqn, number);
	struct iq_pair *p = iq_pair_numbered(iqn, number);

	lockdep_assert_held(&iqn->table_lock);
	a->group->users[user]--;
	if (p) {
		p->target->users--;
		iq_pair_put(p);
	}
}

static int iq_pair_init(struct iq_net *iqn)
{
	struct rhashtable *pairs;
	int err;

	if (iqn->pairs)
		return 0;
	pairs = kzalloc(sizeof(*pairs), GFP_KERNEL_ACCOUNT);
	if (!pairs)
		return -ENOMEM;
	err = rhashtable_init(pairs, &iq_pair_params);
	if (err)
		kfree(pairs);
	else
		iqn->pairs = pairs;
	return err;
}

static struct iq_action *iq_pair_action(const struct iq_group *g, const struct iq_target *t)
{
	struct iq_action *a = kmemdup(iq_group_action(g), sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (a)
		a->target = t;
	return a;
}

int iq_pair_make(struct iq_net *iqn, struct iq_group *g, struct iq_target *t,
		 const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_pair *p;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_pair_init(iqn);
	if (err)
		return err;
	if (!g)
		g = iq_group_nobody(iqn);
	p = g ? kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT) : NULL;
	if (!p)
		return -ENOMEM;
	p->iqn = iqn;
	p->key = (struct iq_pair_key) { g, t };
	p->group = g;
	p->target = t;
	p->users = 1;
	err = -ENOMEM;
	p->action = iq_pair_action(g, t);
	if (!p->action)
		goto free;
	err = iq_number_take(iqn, attr, extack);
	if (err < 0)
		goto free;
	p->number = err;
	iq_number_act(iqn, p->number, p->action);
	err = rhashtable_insert_fast(iqn->pairs, &p->node, iq_pair_params);
	if (err) {
		/* Nobody has read its number anywhere. */
		iq_number_give(iqn, p->number);
		goto free;
	}
	spin_lock_bh(&iqn->table_lock);
	list_add(&p->of_group, &g->pairs);
	g->n_pairs++;
	spin_unlock_bh(&iqn->table_lock);
	return p->number;

free:
	iq_pair_free(p);
	return err;
}

struct iq_spares *iq_pair_spares(struct iq_group *g)
{
	struct iq_spares *spares;
	u32 n;

	lockdep_assert_held(&g->iqn->config_lock);
	spin_lock_bh(&g->iqn->table_lock);
	n = g->n_pairs;
	spin_unlock_bh(&g->iqn->table_lock);
	spares = kvzalloc(struct_size(spares, action, n), GFP_KERNEL);
	if (!spares)
		return NULL;
	for (; spares->n < n; spares->n++) {
		spares->action[spares->n] = kmalloc(sizeof(struct iq_action),
						    GFP_KERNEL_ACCOUNT);
		if (!spares->action[spares->n]) {
			iq_pair_spares_free(spares);
			return NULL;
		}
	}
	return spares;
}

void iq_pair_spares_free(struct iq_spares *spares)
{
	while (spares && spares->n)
		kfree(spares->action[--spares->n]);
	kvfree(spares);
}

/* One pair does what its group does. */
static void iq_pair_follow(struct iq_pair *p, struct iq_action *a)
{
	struct iq_action *old = p->action;

	*a = *iq_group_action(p->group);
	a->target = p->target;
	p->action = a;
	iq_number_act(p->iqn, p->number, a);
	kfree_rcu(old, rcu);
}

void iq_pair_act(struct iq_group *g, struct iq_spares *spares)
{
	struct iq_net *iqn = g->iqn;
	struct iq_pair *p;
	LIST_HEAD(done);
	u32 n = 0;

	lockdep_assert_held(&iqn->config_lock);
	if (!spares)
		return;
	spin_lock_bh(&iqn->table_lock);
	/* Some may go meanwhile, of those that are done too. */
	while (!list_empty(&g->pairs)) {
		p = list_first_entry(&g->pairs, struct iq_pair, of_group);
		iq_pair_follow(p, spares->action[--spares->n]);
		list_move_tail(&p->of_group, &done);
		if (++n % IQ_PAIR_BATCH)
			continue;
		spin_unlock_bh(&iqn->table_lock);
		cond_resched();
		spin_lock_bh(&iqn->table_lock);
	}
	list_splice(&done, &g->pairs);
	spin_unlock_bh(&iqn->table_lock);
}

static void iq_pair_exit_one(void *pair, void *arg)
{
	struct iq_pair *p = pair;

	iq_number_give(p->iqn, p->number);
	iq_pair_free(p);
}

void iq_pair_exit(struct iq_net *iqn)
{
	if (!iqn->pairs)
		return;
	rhashtable_free_and_destroy(iqn->pairs, iq_pair_exit_one, NULL);
	kfree(iqn->pairs);
}
