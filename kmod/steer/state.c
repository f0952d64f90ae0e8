// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "core/hooks.h"
#include "core/local.h"
#include "element.h"
#include "pool.h"
#include "prefix.h"
#include "send.h"
#include "state.h"
#include "sysfs.h"
#include "unknown.h"

int iq_steer_init(struct iq_net *iqn)
{
	struct iq_steer *steer;
	struct iq_steer_conf *conf;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (iq_steer(iqn))
		return 0;
	err = iq_local_start(iqn);
	if (err)
		return err;
	steer = kzalloc(sizeof(*steer), GFP_KERNEL_ACCOUNT);
	conf = kzalloc(sizeof(*conf), GFP_KERNEL_ACCOUNT);
	if (!steer || !conf) {
		kfree(steer);
		kfree(conf);
		return -ENOMEM;
	}
	conf->rate = IPSEC_QOS_UNKNOWN_RATE;
	RCU_INIT_POINTER(steer->conf, conf);
	steer->iqn = iqn;
	steer->element_seq = 1;
	steer->pool_seq = 1;
	steer->prefix_seq = 1;
	xa_init(&steer->elements);
	xa_init(&steer->pools);
	err = iq_steer_sysfs_init(steer);
	if (err)
		goto free;
	err = iq_send_init(steer);
	if (err)
		goto sysfs;
	/* Pairs with iq_steer(): who finds it finds all of it. */
	smp_store_release(&iqn->state[IQ_FEATURE_STEER], steer);
	return 0;

sysfs:
	iq_steer_sysfs_exit(steer);
free:
	kfree(steer);
	kfree(conf);
	return err;
}

int iq_steer_hooks(struct iq_steer *steer, bool flow)
{
	int err = iq_hooks_steer(steer->iqn, true);

	return err || !flow ? err : iq_hooks_update(steer->iqn, IQ_HOOKS_FLOW, true);
}

void iq_steer_settle(struct iq_steer *steer)
{
	bool flow = false;
	u32 i;

	for (i = 0; i < steer->n_prefixes; i++)
		flow |= steer->prefix[i]->pool->mode == IPSEC_QOS_POOL_FLOW;
	/* What fails is to have more, and that was asked for before. */
	iq_hooks_update(steer->iqn, IQ_HOOKS_FLOW, flow);
	iq_hooks_steer(steer->iqn, steer->n_elements || steer->n_prefixes);
}

void iq_steer_forget(struct iq_net *iqn)
{
	if (iq_steer(iqn))
		iq_routes_forget(iq_steer(iqn));
}

void iq_steer_exit(struct iq_net *iqn)
{
	struct iq_steer *steer = iq_steer(iqn);

	if (!steer)
		return;
	WRITE_ONCE(iqn->state[IQ_FEATURE_STEER], NULL);
	iq_steer_sysfs_exit(steer);
	iq_send_exit(steer);
	iq_unknown_exit(steer);
	iq_prefixes_exit(steer);
	iq_pools_exit(steer);
	iq_elements_exit(steer);
	kfree(rcu_dereference_protected(steer->conf, true));
	/* An element that was removed a moment ago may be under way (iq_element_forget()). */
	kfree_rcu(steer, rcu);
}
