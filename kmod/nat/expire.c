// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "core/compat.h"
#include "entry.h"
#include "expire.h"
#include "match.h"
#include "netlink.h"
#include "peer.h"

/* Entries to look after before the lock is let go of. */
#define IQ_NAT_STEP	256

/* In so many parts of its idle time it is looked whether a confirmed one is over. */
#define IQ_NAT_LOOKS	8

static const struct iq_nat_conf *iq_nat_conf(const struct iq_nat *nat,
					     const struct iq_nat_rule *rule)
{
	return rcu_dereference_check(rule->conf,
				     lockdep_is_held(&nat->iqn->config_lock) ||
				     lockdep_is_held(&nat->lock));
}

/* What is at a place in the order is looked at when it has been there for so long. */
static unsigned long iq_nat_period(const struct iq_nat_conf *conf, enum iq_nat_order order)
{
	switch (order) {
	case IQ_NAT_DOUBTED:
		return IQ_NAT_DOUBT;
	case IQ_NAT_SETTLED:
		return max_t(unsigned long, conf->idle / IQ_NAT_LOOKS, HZ);
	default:
		return conf->wait;
	}
}

/*
 * Is it over? If not it gets another place. One that was associated and not confirmed in
 * time waits again. One that is confirmed gives way no more when its own answer would
 * have come.
 */
static void iq_nat_look(struct iq_nat *nat, const struct iq_nat_conf *conf,
			struct iq_nat_entry *e)
{
	unsigned long idle = jiffies - iq_nat_used(e);
	u8 state = iq_nat_state(e);

	if (idle >= (state == IPSEC_QOS_NAT_CONFIRMED ? conf->idle : conf->wait)) {
		iq_nat_remove(nat, e, IPSEC_QOS_EVENT_EXPIRE);
	} else if (state == IPSEC_QOS_NAT_ASSOCIATED) {
		iq_nat_dissociate(nat, conf, e);
		iq_event_nat(nat, IPSEC_QOS_EVENT_CHANGE, &e, 1);
	} else {
		if (state == IPSEC_QOS_NAT_CONFIRMED)
			iq_nat_wait_end(nat, e);
		iq_nat_queue(e);
	}
}

/*
 * Their turn to wait for a peer that derives nothing is over: a node that sends on gets
 * behind those that wait. False: there may be more of them.
 */
static bool iq_nat_expire_turns(struct iq_nat *nat, struct iq_nat_rule *rule, u32 *left)
{
	const struct iq_nat_conf *conf = iq_nat_conf(nat, rule);
	struct iq_nat_entry *e;

	if (conf->underived != IPSEC_QOS_NAT_UNDERIVED_SERIALIZE)
		return true;
	while ((e = iq_nat_peer_overdue(rule, conf))) {
		if (!*left)
			return false;
		--*left;
		iq_nat_remove(nat, e, IPSEC_QOS_EVENT_EXPIRE);
	}
	return true;
}

/* Of a rule's entries @left at most; false: there may be more that are over. */
static bool iq_nat_expire(struct iq_nat *nat, struct iq_nat_rule *rule, u32 left)
{
	const struct iq_nat_conf *conf = iq_nat_conf(nat, rule);
	enum iq_nat_order order;
	struct iq_nat_entry *e;

	if (!iq_nat_expire_turns(nat, rule, &left))
		return false;
	for (order = 0; order < __IQ_NAT_ORDERS; order++) {
		while ((e = list_first_entry_or_null(&rule->order[order],
						     struct iq_nat_entry, list)) &&
		       jiffies - e->dir[IQ_NAT_IN].since >= iq_nat_period(conf, order)) {
			if (!left--)
				return false;
			iq_nat_look(nat, conf, e);
		}
	}
	return true;
}

void iq_nat_expire_work(struct work_struct *work)
{
	struct iq_nat *nat = container_of(to_delayed_work(work), struct iq_nat, expire);
	struct iq_nat_rule *rule;
	bool through;

	mutex_lock(&nat->iqn->config_lock);
	list_for_each_entry(rule, &nat->rules, list) {
		do {
			spin_lock_bh(&nat->lock);
			through = iq_nat_expire(nat, rule, IQ_NAT_STEP);
			spin_unlock_bh(&nat->lock);
			cond_resched();
		} while (!through);
	}
	mutex_unlock(&nat->iqn->config_lock);
	spin_lock_bh(&nat->lock);
	if (nat->n)
		mod_delayed_work(system_dfl_wq, &nat->expire, HZ);
	spin_unlock_bh(&nat->lock);
}

u32 iq_nat_clear(struct iq_nat *nat, struct iq_nat_rule *rule, bool fresh)
{
	enum iq_nat_order order;
	struct iq_nat_entry *e;
	LIST_HEAD(todo);
	u32 n = 0, seen = 0;

	spin_lock_bh(&nat->lock);
	for (order = 0; order < __IQ_NAT_ORDERS; order++) {
		list_splice_init(&rule->order[order], &todo);
		while (!list_empty(&todo)) {
			e = list_first_entry(&todo, struct iq_nat_entry, list);
			if (fresh && iq_nat_state(e) == IPSEC_QOS_NAT_CONFIRMED) {
				/* Another scheme finds it by other parts. */
				iq_nat_wait_end(nat, e);
				iq_nat_queue(e);
			} else {
				iq_nat_remove(nat, e, IPSEC_QOS_EVENT_DEL);
				n++;
			}
			if (++seen % IQ_NAT_STEP)
				continue;
			spin_unlock_bh(&nat->lock);
			cond_resched();
			spin_lock_bh(&nat->lock);
		}
	}
	spin_unlock_bh(&nat->lock);
	return n;
}

u32 iq_nat_flush(struct iq_nat *nat, struct iq_nat_rule *rule)
{
	u32 n = 0;

	if (rule)
		return iq_nat_clear(nat, rule, false);
	list_for_each_entry(rule, &nat->rules, list)
		n += iq_nat_clear(nat, rule, false);
	return n;
}
