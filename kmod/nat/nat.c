// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "entry.h"
#include "expire.h"
#include "match.h"
#include "nat.h"
#include "node.h"
#include "peer.h"
#include "rule.h"

int iq_nat_init(struct iq_net *iqn)
{
	struct iq_nat *nat;
	int err;

	if (iq_nat(iqn))
		return 0;
	nat = kzalloc(sizeof(*nat), GFP_KERNEL_ACCOUNT);
	if (!nat)
		return -ENOMEM;
	nat->iqn = iqn;
	spin_lock_init(&nat->lock);
	INIT_LIST_HEAD(&nat->rules);
	INIT_DELAYED_WORK(&nat->expire, iq_nat_expire_work);
	err = iq_nat_entries_init(nat);
	if (err)
		goto free;
	err = iq_nat_waits_init(nat);
	if (err)
		goto entries;
	err = iq_nat_nodes_init(nat);
	if (err)
		goto waits;
	err = iq_nat_peers_init(nat);
	if (err)
		goto nodes;
	iqn->state[IQ_FEATURE_NAT] = nat;
	return 0;

nodes:
	rhashtable_destroy(&nat->nodes);
waits:
	rhltable_destroy(&nat->waits);
entries:
	iq_nat_entries_exit(nat);
free:
	kfree(nat);
	return err;
}

void iq_nat_exit(struct iq_net *iqn)
{
	struct iq_nat *nat = iq_nat(iqn);
	struct iq_nat_rule *rule, *next;

	if (!nat)
		return;
	iqn->state[IQ_FEATURE_NAT] = NULL;
	cancel_delayed_work_sync(&nat->expire);
	iq_nat_flush(nat, NULL);
	list_for_each_entry_safe(rule, next, &nat->rules, list)
		call_rcu(&rule->rcu, iq_nat_rule_free_rcu);
	rhashtable_destroy(&nat->peers);
	rhashtable_destroy(&nat->nodes);
	rhltable_destroy(&nat->waits);
	iq_nat_entries_exit(nat);
	kfree(nat);
}
