// SPDX-License-Identifier: GPL-2.0
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "expire.h"
#include "rule.h"

void *iq_nat_alloc(const struct iq_nat_rule *rule, const struct iq_nat_conf *conf,
		   size_t size)
{
	struct mem_cgroup *old = set_active_memcg(rule->memcg);
	void *p;

	p = kzalloc(size, (conf->admin ? GFP_ATOMIC : GFP_NOWAIT) |
			  __GFP_ACCOUNT | __GFP_NOWARN);
	set_active_memcg(old);
	return p;
}

struct iq_nat_rule *iq_nat_rule_find(const struct iq_nat *nat, u32 id)
{
	struct iq_nat_rule *rule;

	list_for_each_entry(rule, &nat->rules, list)
		if (rule->id == id)
			return rule;
	return NULL;
}

/* There may be a key in it. */
static void iq_nat_conf_free_rcu(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct iq_nat_conf, rcu));
}

void iq_nat_rule_free_rcu(struct rcu_head *rcu)
{
	struct iq_nat_rule *rule = container_of(rcu, struct iq_nat_rule, rcu);

	free_percpu(rule->counter);
	mem_cgroup_put(rule->memcg);
	kfree_sensitive(rcu_dereference_protected(rule->conf, true));
	kfree(rule);
}

static int iq_nat_rule_add(struct iq_nat *nat, u32 id, struct iq_nat_conf *conf)
{
	struct iq_nat_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT), *pos;
	struct list_head *behind = &nat->rules;
	int i;

	if (!rule)
		return -ENOMEM;
	rule->counter = iq_counter_alloc(IPSEC_QOS_NAT_COUNTER_MAX + 1);
	if (!rule->counter) {
		kfree(rule);
		return -ENOMEM;
	}
	rule->id = id;
	rule->number = ++nat->last_number;
	for (i = 0; i < __IQ_NAT_ORDERS; i++)
		INIT_LIST_HEAD(&rule->order[i]);
	INIT_LIST_HEAD(&rule->turns);
	rule->memcg = get_mem_cgroup_from_mm(current->mm);
	RCU_INIT_POINTER(rule->conf, conf);
	list_for_each_entry(pos, &nat->rules, list)
		if (pos->id < id)
			behind = &pos->list;
	list_add_rcu(&rule->list, behind);
	nat->n_rules++;
	return 0;
}

int iq_nat_rule_set(struct iq_nat *nat, u32 id, struct iq_nat_conf *conf)
{
	struct iq_nat_rule *rule = iq_nat_rule_find(nat, id);
	struct iq_nat_conf *old;

	lockdep_assert_held(&nat->iqn->config_lock);
	if (!rule)
		return iq_nat_rule_add(nat, id, conf);
	old = rcu_dereference_protected(rule->conf,
					lockdep_is_held(&nat->iqn->config_lock));
	rcu_assign_pointer(rule->conf, conf);
	if (memcmp(&old->scheme, &conf->scheme, sizeof(old->scheme)) ||
	    old->underived != conf->underived) {
		/* Who made or matched entries by the old one is through then. */
		synchronize_rcu();
		iq_nat_clear(nat, rule, true);
	}
	call_rcu(&old->rcu, iq_nat_conf_free_rcu);
	return 0;
}

void iq_nat_rule_del(struct iq_nat *nat, struct iq_nat_rule *rule)
{
	lockdep_assert_held(&nat->iqn->config_lock);
	list_del_rcu(&rule->list);
	nat->n_rules--;
	/* Nobody makes an entry of it any more. */
	synchronize_rcu();
	iq_nat_flush(nat, rule);
	call_rcu(&rule->rcu, iq_nat_rule_free_rcu);
}
