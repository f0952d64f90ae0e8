// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "attach.h"
#include "chains.h"
#include "core/frag.h"
#include "core/hooks.h"
#include "core/local.h"
#include "linger.h"
#include "range.h"
#include "service.h"

int iq_chains_init(struct iq_net *iqn)
{
	struct iq_chains *ch;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	if (iq_chains(iqn))
		return 0;
	ch = kzalloc(sizeof(*ch), GFP_KERNEL_ACCOUNT);
	if (!ch)
		return -ENOMEM;
	ch->iqn = iqn;
	iq_stores_init(&ch->keys[0], iqn, AF_INET);
	iq_stores_init(&ch->keys[1], iqn, AF_INET6);
	ida_init(&ch->ida);
	INIT_LIST_HEAD(&ch->staged);
	INIT_LIST_HEAD(&ch->acls);
	iq_linger_init(ch);
	iq_attach_init(ch);
	err = iq_objects_init(&ch->devices, iqn, &iq_device_type, "devices");
	if (err)
		goto free;
	err = iq_objects_init(&ch->services, iqn, &iq_service_type, "services");
	if (err)
		goto devices;
	err = iq_objects_init(&ch->chains, iqn, &iq_chain_type, NULL);
	if (err)
		goto services;
	/* Pairs with iq_chains(): who finds it finds all of it. */
	smp_store_release(&iqn->state[IQ_FEATURE_CHAIN], ch);
	return 0;

services:
	iq_objects_exit(&ch->services);
devices:
	iq_objects_exit(&ch->devices);
free:
	kfree(ch);
	return err;
}

int iq_chains_hooks(struct iq_chains *ch)
{
	int err = iq_frag_init(ch->iqn);

	if (!err)
		err = iq_local_start(ch->iqn);
	return err ?: iq_hooks_update(ch->iqn, IQ_HOOKS_CHAIN, true);
}

void iq_chains_settle(struct iq_chains *ch)
{
	if (!ch->services.n)
		iq_hooks_update(ch->iqn, IQ_HOOKS_CHAIN, false);
}

void iq_chains_exit(struct iq_net *iqn)
{
	struct iq_chains *ch = iq_chains(iqn);

	if (!ch)
		return;
	iq_linger_exit(ch);
	mutex_lock(&iqn->config_lock);
	iq_objects_exit(&ch->services);
	iq_objects_exit(&ch->chains);
	iq_objects_exit(&ch->devices);
	mutex_unlock(&iqn->config_lock);
	/* Numbers come back when a grace period is over; who was freed before may look yet. */
	rcu_barrier();
	/* Who is told of interfaces (attach.c) holds it, and has it in hand until then. */
	rtnl_lock();
	WRITE_ONCE(iqn->state[IQ_FEATURE_CHAIN], NULL);
	rtnl_unlock();
	iq_attach_exit(ch);
	iq_keys_exit(ch);
	kfree(rcu_dereference_protected(ch->range, true));
	kfree(ch);
}
