// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "peer.h"
#include "rule.h"

/**
 * struct iq_nat_peer - an outside end that may not derive its SPIs
 *
 * @waiting: entries that wait for it, the latest last; lock
 * @turn: jiffies: since when the first of them has been that; lock
 * @turns: of iq_nat_rule.turns; lock
 */
struct iq_nat_peer {
	struct rhash_head node;
	struct {
		u32 rule;
		__be32 outside;
	} key;
	struct list_head waiting;
	unsigned long turn;
	union {
		struct list_head turns;
		struct rcu_head rcu;
	};
};

/* The keys are compared and hashed as bytes: none has any that are not set. */
static const struct rhashtable_params iq_nat_peers = {
	.head_offset = offsetof(struct iq_nat_peer, node),
	.key_offset = offsetof(struct iq_nat_peer, key),
	.key_len = sizeof_field(struct iq_nat_peer, key),
	.automatic_shrinking = true,
};

static struct iq_nat_peer *iq_nat_peer_find(struct iq_nat *nat,
					    const struct iq_nat_rule *rule,
					    __be32 outside)
{
	struct iq_nat_peer key = {
		.key = { .rule = rule->number, .outside = outside },
	};

	return rhashtable_lookup_fast(&nat->peers, &key.key, iq_nat_peers);
}

static void iq_nat_peer_turn(struct iq_nat_rule *rule, struct iq_nat_peer *p)
{
	p->turn = jiffies;
	list_move_tail(&p->turns, &rule->turns);
}

static struct iq_nat_peer *iq_nat_peer_get(struct iq_nat *nat, struct iq_nat_rule *rule,
					   const struct iq_nat_conf *conf,
					   __be32 outside)
{
	struct iq_nat_peer *p = iq_nat_peer_find(nat, rule, outside);

	if (p)
		return p;
	p = iq_nat_alloc(rule, conf, sizeof(*p));
	if (!p)
		return NULL;
	p->key.rule = rule->number;
	p->key.outside = outside;
	INIT_LIST_HEAD(&p->waiting);
	INIT_LIST_HEAD(&p->turns);
	if (!rhashtable_insert_fast(&nat->peers, &p->node, iq_nat_peers)) {
		iq_nat_peer_turn(rule, p);
		return p;
	}
	kfree(p);
	return NULL;
}

int iq_nat_peer_join(struct iq_nat *nat, const struct iq_nat_conf *conf,
		     struct iq_nat_entry *e)
{
	if (conf->underived == IPSEC_QOS_NAT_UNDERIVED_DISCARD)
		return 0;
	e->peer = iq_nat_peer_get(nat, e->node->rule, conf,
				  e->dir[IQ_NAT_OUT].key.outside);
	if (!e->peer)
		return -ENOMEM;
	list_add_tail(&e->waiting, &e->peer->waiting);
	return 0;
}

void iq_nat_peer_leave(struct iq_nat *nat, struct iq_nat_entry *e)
{
	struct iq_nat_peer *p = e->peer;

	if (!p)
		return;
	e->peer = NULL;
	if (list_is_first(&e->waiting, &p->waiting))
		iq_nat_peer_turn(e->node->rule, p);
	list_del(&e->waiting);
	if (!list_empty(&p->waiting))
		return;
	rhashtable_remove_fast(&nat->peers, &p->node, iq_nat_peers);
	list_del(&p->turns);
	kfree_rcu(p, rcu);
}

struct iq_nat_entry *iq_nat_peer_choose(struct iq_nat *nat, const struct iq_nat_rule *rule,
					const struct iq_nat_conf *conf, __be32 outside)
{
	const struct iq_nat_peer *p = iq_nat_peer_find(nat, rule, outside);
	const struct list_head *l;

	if (!p)
		return NULL;
	l = conf->underived == IPSEC_QOS_NAT_UNDERIVED_LAST ? p->waiting.prev :
							      p->waiting.next;
	return list_entry(l, struct iq_nat_entry, waiting);
}

bool iq_nat_peer_others_turn(const struct iq_nat_conf *conf, const struct iq_nat_entry *e)
{
	if (conf->underived != IPSEC_QOS_NAT_UNDERIVED_SERIALIZE || !e->peer)
		return false;
	return iq_nat_inside(e) !=
	       iq_nat_inside(list_first_entry(&e->peer->waiting, struct iq_nat_entry,
					      waiting));
}

struct iq_nat_entry *iq_nat_peer_overdue(struct iq_nat_rule *rule,
					 const struct iq_nat_conf *conf)
{
	struct iq_nat_peer *p;

	p = list_first_entry_or_null(&rule->turns, struct iq_nat_peer, turns);
	if (!p || jiffies - p->turn < conf->wait)
		return NULL;
	return list_first_entry(&p->waiting, struct iq_nat_entry, waiting);
}

int iq_nat_peers_init(struct iq_nat *nat)
{
	return rhashtable_init(&nat->peers, &iq_nat_peers);
}
