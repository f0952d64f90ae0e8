// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "debug.h"
#include "feature.h"
#include "hooks.h"

/**
 * struct iq_hooks - hooks that are registered
 *
 * @rcu: others read @ops under RCU (nfnetlink_hook.c)
 */
struct iq_hooks {
	struct rcu_head rcu;
	unsigned int n;
	struct nf_hook_ops ops[];
};

static void iq_hooks_unregister(struct iq_net *iqn, enum iq_hook_set set)
{
	struct iq_hooks *h = iqn->hooks[set];

	nf_unregister_net_hooks(iqn->net, h->ops, h->n);
	kfree_rcu(h, rcu);
	WRITE_ONCE(iqn->hooks[set], NULL);
	iq_debug(iqn, "hooks of set %d are gone", set);
}

int iq_hooks_update(struct iq_net *iqn, enum iq_hook_set set, bool want)
{
	const struct iq_hook_ops *ops = &iq_hook_sets[set];
	struct iq_hooks *h;
	unsigned int i;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (want == !!iqn->hooks[set])
		return 0;
	if (!want) {
		iq_hooks_unregister(iqn, set);
		return 0;
	}
	h = kzalloc(struct_size(h, ops, ops->n), GFP_KERNEL_ACCOUNT);
	if (!h)
		return -ENOMEM;
	h->n = ops->n;
	memcpy(h->ops, ops->ops, ops->n * sizeof(*h->ops));
	for (i = 0; i < h->n; i++)
		h->ops[i].priv = iqn;
	err = nf_register_net_hooks(iqn->net, h->ops, h->n);
	if (err) {
		kfree_rcu(h, rcu);
		iq_debug(iqn, "hooks of set %d are refused: error %d", set, err);
		return err;
	}
	WRITE_ONCE(iqn->hooks[set], h);
	iq_debug(iqn, "hooks of set %d are registered", set);
	return 0;
}

/* All agree to what there will be, or all have what they need for what there is. */
static int iq_hooks_agree(struct iq_net *iqn, const struct iq_wants *wants)
{
	const struct iq_wants there = {
		.groups = iqn->n_groups,
		.priorities = iqn->n_priority,
		.steering = iqn->steering,
	};
	const struct iq_feature *f;
	unsigned int i;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	iq_for_each_feature(f, i) {
		err = f->hooks ? f->hooks(iqn, wants) : 0;
		if (err)
			goto back;
	}
	return 0;

back:
	iq_debug(iqn, "%s refuses %u groups, %u of them with a priority%s: error %d", f->name,
		 wants->groups, wants->priorities, wants->steering ? ", steering" : "", err);
	iq_for_each_feature_before(f, i)
		if (f->hooks)
			f->hooks(iqn, &there);
	return err;
}

int iq_hooks_ask(struct iq_net *iqn, u32 n_groups, u32 n_priority)
{
	const struct iq_wants wants = {
		.groups = n_groups,
		.priorities = n_priority,
		.steering = iqn->steering,
	};

	return iq_hooks_agree(iqn, &wants);
}

int iq_hooks_steer(struct iq_net *iqn, bool steer)
{
	const struct iq_wants wants = {
		.groups = iqn->n_groups,
		.priorities = iqn->n_priority,
		.steering = steer,
	};
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (steer == iqn->steering)
		return 0;
	if (!steer) {
		WRITE_ONCE(iqn->steering, false);
		return READ_ONCE(iqn->dead) ? 0 : iq_hooks_agree(iqn, &wants);
	}
	err = iq_hooks_agree(iqn, &wants);
	if (!err)
		WRITE_ONCE(iqn->steering, true);
	return err;
}
