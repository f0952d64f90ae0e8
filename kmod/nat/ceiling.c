// SPDX-License-Identifier: GPL-2.0
#include "ceiling.h"
#include "entry.h"
#include "netlink.h"
#include "node.h"

/* Those that are spared at most before one gives way all the same. */
#define IQ_NAT_SPARED	8

/* Is it to be spared, as it has been used, or its node is known by now? */
static bool iq_nat_spare(struct iq_nat_entry *e, bool stranger)
{
	if (!time_after(READ_ONCE(e->dir[IQ_NAT_OUT].used), e->dir[IQ_NAT_IN].since) &&
	    !(stranger && e->node->n_confirmed))
		return false;
	iq_nat_queue(e);
	return true;
}

/* One of a node's is to give way, that is not confirmed. */
static bool iq_nat_evict_of_node(struct iq_nat *nat, struct iq_nat_node *node)
{
	unsigned int spared = 0;
	struct iq_nat_entry *e;

	for (;;) {
		e = list_first_entry_or_null(&node->waiting, struct iq_nat_entry,
					     node_list);
		if (!e || spared++ == IQ_NAT_SPARED || !iq_nat_spare(e, false))
			break;
	}
	if (!e)
		e = list_first_entry_or_null(&node->associated, struct iq_nat_entry,
					     node_list);
	if (!e)
		return false;
	iq_nat_remove(nat, e, IPSEC_QOS_EVENT_DEL);
	return true;
}

/* Likewise one of a rule's. */
bool iq_nat_evict_of_rule(struct iq_nat *nat, struct iq_nat_rule *rule)
{
	enum iq_nat_order order = IQ_NAT_STRANGER;
	unsigned int spared = 0;
	struct iq_nat_entry *e;

	while (order <= IQ_NAT_UNPROVEN) {
		e = list_first_entry_or_null(&rule->order[order], struct iq_nat_entry,
					     list);
		if (!e) {
			order++;
			continue;
		}
		if (order < IQ_NAT_UNPROVEN && spared++ < IQ_NAT_SPARED &&
		    iq_nat_spare(e, order == IQ_NAT_STRANGER))
			continue;
		iq_nat_remove(nat, e, IPSEC_QOS_EVENT_DEL);
		rule->crowded = jiffies ?: 1;
		return true;
	}
	return false;
}

/* Likewise one of the namespace's: of the rule that has most that wait. */
static bool iq_nat_evict(struct iq_nat *nat, struct iq_nat_rule *rule)
{
	struct iq_nat_rule *pos, *most = rule;

	if (iq_nat_evict_of_rule(nat, rule))
		return true;
	list_for_each_entry_rcu(pos, &nat->rules, list)
		if (pos->n_waiting > most->n_waiting)
			most = pos;
	return iq_nat_evict_of_rule(nat, most);
}

/* Room for another entry of the node, which there may be none of yet. */
bool iq_nat_room_of_node(struct iq_nat *nat, struct iq_nat_rule *rule,
			 const struct iq_nat_conf *conf, __be32 inside)
{
	struct iq_nat_node *node = iq_nat_node_find(nat, rule, inside);

	if (!node || node->n < conf->max_node)
		return true;
	iq_event_nat_ceiling(nat, rule, inside);
	if (!iq_nat_evict_of_node(nat, node))
		return false;
	iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_EVICTED, 1, 0);
	return true;
}

/* Likewise, of the rule and the namespace too. */
bool iq_nat_room(struct iq_nat *nat, struct iq_nat_rule *rule,
		 const struct iq_nat_conf *conf, __be32 inside)
{
	bool full, evicted;

	/* Its own ceiling first: then it takes nothing from others. */
	if (!iq_nat_room_of_node(nat, rule, conf, inside))
		return false;
	full = rule->n >= conf->max;
	if (!full && (conf->admin || nat->n < IPSEC_QOS_NAT_ENTRIES))
		return true;
	iq_event_nat_ceiling(nat, rule, 0);
	evicted = full ? iq_nat_evict_of_rule(nat, rule) : iq_nat_evict(nat, rule);
	if (evicted)
		iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_EVICTED, 1, 0);
	return evicted;
}
