// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

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

int iq_hooks_update(struct iq_net *iqn, struct iq_hooks **have,
		    const struct nf_hook_ops *tmpl, unsigned int n, bool want)
{
	struct iq_hooks *h = *have;
	unsigned int i;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (want == !!h)
		return 0;
	if (!want) {
		nf_unregister_net_hooks(iqn->net, h->ops, h->n);
		kfree_rcu(h, rcu);
		WRITE_ONCE(*have, NULL);
		return 0;
	}
	h = kzalloc(struct_size(h, ops, n), GFP_KERNEL_ACCOUNT);
	if (!h)
		return -ENOMEM;
	h->n = n;
	memcpy(h->ops, tmpl, n * sizeof(*tmpl));
	for (i = 0; i < n; i++)
		h->ops[i].priv = iqn;
	err = nf_register_net_hooks(iqn->net, h->ops, n);
	if (err)
		kfree_rcu(h, rcu);
	else
		WRITE_ONCE(*have, h);
	return err;
}

int iq_hooks_ask(struct iq_net *iqn, u32 n_groups, u32 n_priority)
{
	const struct iq_wants there = { iqn->n_groups, iqn->n_priority };
	const struct iq_wants wants = { n_groups, n_priority };
	const struct iq_feature *f;
	unsigned int i;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	iq_for_each_feature(f, i) {
		err = f->hooks ? f->hooks(iqn, &wants) : 0;
		if (err)
			goto back;
	}
	return 0;

back:
	iq_for_each_feature_before(f, i)
		if (f->hooks)
			f->hooks(iqn, &there);
	return err;
}
