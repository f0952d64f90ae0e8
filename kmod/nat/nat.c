// SPDX-License-Identifier: GPL-2.0
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "nat.h"
#include "netlink.h"

/*
 * More entries than this that one SPI would fit there are only if somebody chooses
 * them so: with 65,536 that wait and 16 bits, eight are the most that chance brings.
 */
#define IQ_NAT_ALIKE	32

/* For how long one that is confirmed gives way to another packet that fits it. */
#define IQ_NAT_DOUBT	(3 * HZ)

/* Entries to look after before the lock is let go of. */
#define IQ_NAT_STEP	256

/* Those that are spared at most before one gives way all the same. */
#define IQ_NAT_SPARED	8

/* In so many parts of its idle time it is looked whether a confirmed one is over. */
#define IQ_NAT_LOOKS	8

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
#define IQ_NAT_TABLE(type, head, field, ...) {				\
	.head_offset = offsetof(struct type, head),			\
	.key_offset = offsetof(struct type, field),			\
	.key_len = sizeof_field(struct type, field),			\
	.automatic_shrinking = true,					\
	__VA_ARGS__							\
}

/* Those that each packet is looked up by, without a call. */
static u32 iq_nat_key_hash(const void *data, u32 len, u32 seed)
{
	const struct iq_nat_key *key = data;

	return jhash_3words(key->rule, (__force u32)key->outside,
			    (__force u32)key->spi, seed);
}

static int iq_nat_key_differ(const struct rhashtable_compare_arg *arg,
			     const struct iq_nat_dir *d)
{
	const struct iq_nat_key *key = arg->key;

	return d->key.spi != key->spi || d->key.outside != key->outside ||
	       d->key.rule != key->rule;
}

static int iq_nat_out_differ(struct rhashtable_compare_arg *arg, const void *e)
{
	return iq_nat_key_differ(arg, &((const struct iq_nat_entry *)e)->dir[IQ_NAT_OUT]);
}

static int iq_nat_in_differ(struct rhashtable_compare_arg *arg, const void *e)
{
	return iq_nat_key_differ(arg, &((const struct iq_nat_entry *)e)->dir[IQ_NAT_IN]);
}

static const struct rhashtable_params iq_nat_out =
	IQ_NAT_TABLE(iq_nat_entry, dir[IQ_NAT_OUT].node, dir[IQ_NAT_OUT].key,
		     .hashfn = iq_nat_key_hash, .obj_cmpfn = iq_nat_out_differ);
static const struct rhashtable_params iq_nat_in =
	IQ_NAT_TABLE(iq_nat_entry, dir[IQ_NAT_IN].node, dir[IQ_NAT_IN].key,
		     .hashfn = iq_nat_key_hash, .obj_cmpfn = iq_nat_in_differ);
static const struct rhashtable_params iq_nat_waits =
	IQ_NAT_TABLE(iq_nat_wait, node, part);
static const struct rhashtable_params iq_nat_nodes =
	IQ_NAT_TABLE(iq_nat_node, node, key);
static const struct rhashtable_params iq_nat_peers =
	IQ_NAT_TABLE(iq_nat_peer, node, key);

static const struct iq_nat_conf *iq_nat_conf(const struct iq_nat *nat,
					     const struct iq_nat_rule *rule)
{
	return rcu_dereference_check(rule->conf,
				     lockdep_is_held(&nat->iqn->config_lock) ||
				     lockdep_is_held(&nat->lock));
}

/*
 * Of zeroes, charged to who made the rule; who is not the machine's administrator
 * does not get past the limit of his memory group either.
 */
static void *iq_nat_alloc(const struct iq_nat_rule *rule, const struct iq_nat_conf *conf,
			  size_t size)
{
	struct mem_cgroup *old = set_active_memcg(rule->memcg);
	void *p;

	p = kzalloc(size, (conf->admin ? GFP_ATOMIC : GFP_NOWAIT) |
			  __GFP_ACCOUNT | __GFP_NOWARN);
	set_active_memcg(old);
	return p;
}

/* What can be matched */

/* @derived: from the entry's SPI */
static int iq_nat_wait_begin(struct iq_nat *nat, const struct iq_nat_conf *conf,
			     struct iq_nat_entry *e, u32 derived)
{
	const struct iq_nat_key *key = &e->dir[IQ_NAT_OUT].key;
	u32 spi = be32_to_cpu(key->spi);
	int i, err;

	for (i = 0; i < __IQ_NAT_WAYS; i++) {
		e->wait[i].part = (struct iq_nat_part) {
			.rule = key->rule,
			.outside = key->outside,
			.part = i == IQ_NAT_DERIVED ? derived :
				spi & iq_spi_mask(&conf->scheme),
			.way = i,
		};
		err = rhltable_insert(&nat->waits, &e->wait[i].node, iq_nat_waits);
		if (!err)
			continue;
		while (i--)
			rhltable_remove(&nat->waits, &e->wait[i].node, iq_nat_waits);
		return err;
	}
	e->dir[IQ_NAT_OUT].can_match = true;
	return 0;
}

static void iq_nat_wait_end(struct iq_nat *nat, struct iq_nat_entry *e)
{
	int i;

	if (!e->dir[IQ_NAT_OUT].can_match)
		return;
	for (i = 0; i < __IQ_NAT_WAYS; i++)
		rhltable_remove(&nat->waits, &e->wait[i].node, iq_nat_waits);
	e->dir[IQ_NAT_OUT].can_match = false;
}

static struct iq_nat_entry *iq_nat_wait_entry(struct iq_nat_wait *w)
{
	return container_of(w - w->part.way, struct iq_nat_entry, wait[0]);
}

/* Who derives nothing */

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

/* @e waits for @outside, if the rule lets those in who derive nothing. */
static int iq_nat_peer_join(struct iq_nat *nat, const struct iq_nat_conf *conf,
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

static void iq_nat_peer_leave(struct iq_nat *nat, struct iq_nat_entry *e)
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

/* Inside nodes */

static struct iq_nat_node *iq_nat_node_find(struct iq_nat *nat,
					    const struct iq_nat_rule *rule,
					    __be32 inside)
{
	struct iq_nat_node key = {
		.key = { .rule = rule->number, .inside = inside },
	};

	return rhashtable_lookup_fast(&nat->nodes, &key.key, iq_nat_nodes);
}

/* One more entry of it. */
static struct iq_nat_node *iq_nat_node_join(struct iq_nat *nat, struct iq_nat_rule *rule,
					    const struct iq_nat_conf *conf,
					    __be32 inside)
{
	struct iq_nat_node *node = iq_nat_node_find(nat, rule, inside);

	if (node) {
		node->n++;
		return node;
	}
	node = iq_nat_alloc(rule, conf, sizeof(*node));
	if (!node)
		return NULL;
	node->key.rule = rule->number;
	node->key.inside = inside;
	node->rule = rule;
	node->n = 1;
	INIT_LIST_HEAD(&node->waiting);
	INIT_LIST_HEAD(&node->associated);
	if (!rhashtable_insert_fast(&nat->nodes, &node->node, iq_nat_nodes))
		return node;
	kfree(node);
	return NULL;
}

static void iq_nat_node_leave(struct iq_nat *nat, struct iq_nat_node *node)
{
	if (--node->n)
		return;
	rhashtable_remove_fast(&nat->nodes, &node->node, iq_nat_nodes);
	kfree_rcu(node, rcu);
}

/* Entries */

static void iq_nat_set_state(struct iq_nat_entry *e, u8 state)
{
	u8 was = iq_nat_state(e);

	e->node->rule->n_waiting += (state == IPSEC_QOS_NAT_WAITING) -
				    (was == IPSEC_QOS_NAT_WAITING);
	e->node->n_confirmed += (state == IPSEC_QOS_NAT_CONFIRMED) -
				(was == IPSEC_QOS_NAT_CONFIRMED);
	WRITE_ONCE(e->dir[IQ_NAT_OUT].state, state);
	WRITE_ONCE(e->dir[IQ_NAT_IN].state, state);
}

/* Behind all that are as far as it is. */
static void iq_nat_queue(struct iq_nat_entry *e)
{
	struct iq_nat_node *node = e->node;
	enum iq_nat_order order;

	switch (iq_nat_state(e)) {
	case IPSEC_QOS_NAT_WAITING:
		order = node->n_confirmed ? IQ_NAT_KNOWN : IQ_NAT_STRANGER;
		list_move_tail(&e->node_list, &node->waiting);
		break;
	case IPSEC_QOS_NAT_ASSOCIATED:
		order = IQ_NAT_UNPROVEN;
		list_move_tail(&e->node_list, &node->associated);
		break;
	default:
		order = e->dir[IQ_NAT_OUT].can_match ? IQ_NAT_DOUBTED : IQ_NAT_SETTLED;
		list_del_init(&e->node_list);
		break;
	}
	if (order != IQ_NAT_DOUBTED)
		e->dir[IQ_NAT_IN].since = jiffies;
	list_move_tail(&e->list, &node->rule->order[order]);
}

static void iq_nat_set_inside(struct iq_nat_entry *e, __be32 inside)
{
	WRITE_ONCE(e->dir[IQ_NAT_OUT].inside, inside);
	WRITE_ONCE(e->dir[IQ_NAT_IN].inside, inside);
}

static void iq_nat_set_global(struct iq_nat_entry *e, __be32 global)
{
	WRITE_ONCE(e->dir[IQ_NAT_OUT].global, global);
	WRITE_ONCE(e->dir[IQ_NAT_IN].global, global);
}

static void iq_nat_remove(struct iq_nat *nat, struct iq_nat_entry *e,
			  enum ipsec_qos_event event)
{
	struct iq_nat_node *node = e->node;
	u8 state = iq_nat_state(e);

	lockdep_assert_held(&nat->lock);
	iq_event_nat(nat, event, &e, 1);
	rhashtable_remove_fast(&nat->out, &e->dir[IQ_NAT_OUT].node, iq_nat_out);
	if (state != IPSEC_QOS_NAT_WAITING)
		rhashtable_remove_fast(&nat->in, &e->dir[IQ_NAT_IN].node, iq_nat_in);
	iq_nat_wait_end(nat, e);
	iq_nat_peer_leave(nat, e);
	list_del(&e->node_list);
	list_del(&e->list);
	node->rule->n_waiting -= state == IPSEC_QOS_NAT_WAITING;
	node->rule->n--;
	node->n_confirmed -= state == IPSEC_QOS_NAT_CONFIRMED;
	nat->n--;
	WRITE_ONCE(nat->seq, nat->seq + 1);
	iq_nat_node_leave(nat, node);
	kfree_rcu(e, rcu);
}

/* Ceilings */

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
static bool iq_nat_evict_of_rule(struct iq_nat *nat, struct iq_nat_rule *rule)
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
static bool iq_nat_room_of_node(struct iq_nat *nat, struct iq_nat_rule *rule,
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
static bool iq_nat_room(struct iq_nat *nat, struct iq_nat_rule *rule,
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

/*
 * No more than IQ_NAT_ALIKE can be matched by the same part as @w; else the oldest of
 * them that waits gives way.
 */
static bool iq_nat_room_of_part(struct iq_nat *nat, const struct iq_nat_wait *w)
{
	struct iq_nat_entry *e, *oldest = NULL;
	struct rhlist_head *list, *pos;
	struct iq_nat_wait *other;
	u32 n = 0;

	list = rhltable_lookup(&nat->waits, &w->part, iq_nat_waits);
	rhl_for_each_entry_rcu(other, pos, list, node) {
		n++;
		e = iq_nat_wait_entry(other);
		if (other != w && iq_nat_state(e) == IPSEC_QOS_NAT_WAITING &&
		    (!oldest || time_before(e->dir[IQ_NAT_IN].since,
					    oldest->dir[IQ_NAT_IN].since)))
			oldest = e;
	}
	if (n <= IQ_NAT_ALIKE)
		return true;
	if (!oldest)
		return false;
	iq_nat_count(oldest->node->rule, IPSEC_QOS_NAT_COUNTER_EVICTED, 1, 0);
	iq_nat_remove(nat, oldest, IPSEC_QOS_EVENT_DEL);
	return true;
}

static __always_inline struct iq_nat_entry *
iq_nat_find(struct rhashtable *table, const struct rhashtable_params params, u32 rule,
	    __be32 outside, __be32 spi)
{
	struct iq_nat_key key = { .rule = rule, .outside = outside, .spi = spi };

	return rhashtable_lookup(table, &key, params);
}

struct iq_nat_entry *iq_nat_find_out(struct iq_nat *nat, const struct iq_nat_rule *rule,
				     __be32 outside, __be32 spi)
{
	return iq_nat_find(&nat->out, iq_nat_out, rule->number, outside, spi);
}

struct iq_nat_entry *iq_nat_find_in(struct iq_nat *nat, const struct iq_nat_rule *rule,
				    __be32 outside, __be32 spi)
{
	return iq_nat_find(&nat->in, iq_nat_in, rule->number, outside, spi);
}

/* Associated by mistake, as it seems: it waits again. */
static void iq_nat_dissociate(struct iq_nat *nat, const struct iq_nat_conf *conf,
			      struct iq_nat_entry *e)
{
	struct iq_nat_dir *in = &e->dir[IQ_NAT_IN];

	rhashtable_remove_fast(&nat->in, &in->node, iq_nat_in);
	iq_nat_set_state(e, IPSEC_QOS_NAT_WAITING);
	iq_nat_queue(e);
	WRITE_ONCE(in->key.spi, 0);
	/* Where there is no memory for it, a derived SPI finds it all the same. */
	iq_nat_peer_join(nat, conf, e);
}

static int iq_nat_associate(struct iq_nat *nat, const struct iq_nat_conf *conf,
			    struct iq_nat_entry *e, __be32 spi)
{
	struct iq_nat_dir *in = &e->dir[IQ_NAT_IN];
	int err;

	if (iq_nat_state(e) != IPSEC_QOS_NAT_WAITING)
		iq_nat_dissociate(nat, conf, e);
	WRITE_ONCE(in->key.spi, spi);
	err = rhashtable_insert_fast(&nat->in, &in->node, iq_nat_in);
	if (err) {
		WRITE_ONCE(in->key.spi, 0);
		return err;
	}
	iq_nat_peer_leave(nat, e);
	iq_nat_set_state(e, IPSEC_QOS_NAT_ASSOCIATED);
	iq_nat_queue(e);
	iq_event_nat(nat, IPSEC_QOS_EVENT_CHANGE, &e, 1);
	return 0;
}

/* The inside node sends on, behind the answer that it got. */
static void iq_nat_confirm(struct iq_nat *nat, struct iq_nat_entry *e)
{
	if (iq_nat_state(e) != IPSEC_QOS_NAT_ASSOCIATED)
		return;
	iq_nat_set_state(e, IPSEC_QOS_NAT_CONFIRMED);
	iq_nat_queue(e);
	iq_event_nat(nat, IPSEC_QOS_EVENT_CHANGE, &e, 1);
}

/* @derived: from @spi */
static struct iq_nat_entry *iq_nat_make(struct iq_nat *nat, struct iq_nat_rule *rule,
					const struct iq_nat_conf *conf,
					__be32 inside, __be32 global,
					__be32 outside, __be32 spi, u32 derived)
{
	struct iq_nat_node *node;
	struct iq_nat_entry *e;
	struct iq_nat_dir *out;
	int i;

	if (!iq_nat_room(nat, rule, conf, inside))
		return NULL;
	node = iq_nat_node_join(nat, rule, conf, inside);
	e = node ? iq_nat_alloc(rule, conf, sizeof(*e)) : NULL;
	if (!e)
		goto evict;
	for (i = 0; i < __IQ_NAT_DIRS; i++) {
		/* What is not known is set while others may still compare it. */
		e->dir[i].key.rule = rule->number;
		e->dir[i].key.outside = outside;
		e->dir[i].used = jiffies;
		e->dir[i].since = jiffies;
	}
	out = &e->dir[IQ_NAT_OUT];
	out->key.spi = spi;
	e->node = node;
	INIT_LIST_HEAD(&e->node_list);
	INIT_LIST_HEAD(&e->list);
	iq_nat_set_inside(e, inside);
	iq_nat_set_global(e, global);
	if (iq_nat_wait_begin(nat, conf, e, derived))
		goto free;
	for (i = 0; i < __IQ_NAT_WAYS; i++)
		if (!iq_nat_room_of_part(nat, &e->wait[i]))
			goto end;
	if (rhashtable_insert_fast(&nat->out, &out->node, iq_nat_out))
		goto end;
	if (iq_nat_peer_join(nat, conf, e))
		goto remove;
	iq_nat_queue(e);
	rule->n++;
	rule->n_waiting++;
	WRITE_ONCE(nat->seq, nat->seq + 1);
	if (!nat->n++)
		mod_delayed_work(system_dfl_wq, &nat->expire, HZ);
	iq_event_nat(nat, IPSEC_QOS_EVENT_NEW, &e, 1);
	return e;

remove:
	rhashtable_remove_fast(&nat->out, &out->node, iq_nat_out);
end:
	iq_nat_wait_end(nat, e);
free:
	/* Others may have seen it. */
	kfree_rcu(e, rcu);
	iq_nat_node_leave(nat, node);
	return NULL;

evict:
	/* The limit of a memory group is a ceiling too: the next packet finds room. */
	if (node)
		iq_nat_node_leave(nat, node);
	iq_nat_evict_of_rule(nat, rule);
	return NULL;
}

/* The same SPI from another address: the node has moved there. */
static bool iq_nat_move(struct iq_nat *nat, const struct iq_nat_conf *conf,
			struct iq_nat_entry *e, __be32 inside)
{
	struct iq_nat_node *old = e->node, *node;
	bool confirmed = iq_nat_state(e) == IPSEC_QOS_NAT_CONFIRMED;

	if (!iq_nat_room_of_node(nat, old->rule, conf, inside))
		return false;
	node = iq_nat_node_join(nat, old->rule, conf, inside);
	if (!node)
		return false;
	WRITE_ONCE(e->node, node);
	old->n_confirmed -= confirmed;
	node->n_confirmed += confirmed;
	if (!confirmed)
		iq_nat_queue(e);
	iq_nat_node_leave(nat, old);
	iq_nat_set_inside(e, inside);
	iq_event_nat(nat, IPSEC_QOS_EVENT_CHANGE, &e, 1);
	return true;
}

/* Is it another node's turn to wait for an answer of a peer that derives nothing? */
static bool iq_nat_others_turn(const struct iq_nat_conf *conf, const struct iq_nat_entry *e)
{
	if (conf->underived != IPSEC_QOS_NAT_UNDERIVED_SERIALIZE || !e->peer)
		return false;
	return iq_nat_inside(e) !=
	       iq_nat_inside(list_first_entry(&e->peer->waiting, struct iq_nat_entry,
					      waiting));
}

/* All that a packet of it has to wait for has been. */
static bool iq_nat_ready(const struct iq_nat_conf *conf, u8 state)
{
	return state == IPSEC_QOS_NAT_CONFIRMED ||
	       (state == IPSEC_QOS_NAT_WAITING &&
		conf->underived != IPSEC_QOS_NAT_UNDERIVED_SERIALIZE);
}

struct iq_nat_entry *iq_nat_send(struct iq_nat *nat, struct iq_nat_rule *rule,
				 const struct iq_nat_conf *conf, __be32 inside,
				 __be32 global, __be32 outside, __be32 spi)
{
	enum ipsec_qos_nat_counter why = IPSEC_QOS_NAT_COUNTER_CEILING;
	struct iq_nat_entry *e = iq_nat_find_out(nat, rule, outside, spi);
	struct iq_nat_dir *out;
	u32 derived;

	if (likely(e)) {
		out = &e->dir[IQ_NAT_OUT];
		if (likely(READ_ONCE(out->inside) == inside &&
			   READ_ONCE(out->global) == global &&
			   iq_nat_ready(conf, READ_ONCE(out->state)))) {
			iq_nat_use(out);
			return e;
		}
	}
	/* Ahead of the lock, as it takes as long as all that is done under it. */
	derived = iq_spi_derived(&conf->scheme, be32_to_cpu(spi));
	spin_lock_bh(&nat->lock);
	e = iq_nat_find_out(nat, rule, outside, spi);
	if (!e)
		e = iq_nat_make(nat, rule, conf, inside, global, outside, spi, derived);
	else if (iq_nat_inside(e) != inside && !iq_nat_move(nat, conf, e, inside))
		e = NULL;
	if (e && iq_nat_global(e) != global) {
		/* The router has another address. */
		iq_nat_set_global(e, global);
		iq_event_nat(nat, IPSEC_QOS_EVENT_CHANGE, &e, 1);
	}
	if (e) {
		iq_nat_confirm(nat, e);
		iq_nat_use(&e->dir[IQ_NAT_OUT]);
		if (iq_nat_others_turn(conf, e)) {
			why = IPSEC_QOS_NAT_COUNTER_SERIALIZED;
			e = NULL;
		}
	}
	spin_unlock_bh(&nat->lock);
	if (!e)
		iq_nat_count(rule, why, 1, 0);
	return e;
}

static struct iq_nat_entry *iq_nat_peer_choose(const struct iq_nat_conf *conf,
					       const struct iq_nat_peer *p)
{
	const struct list_head *l = conf->underived == IPSEC_QOS_NAT_UNDERIVED_LAST ?
				    p->waiting.prev : p->waiting.next;

	return list_entry(l, struct iq_nat_entry, waiting);
}

/**
 * struct iq_nat_choice - entries that a packet fits
 *
 * @crowded: somebody fills the rule: not all that wait do
 * @best: by the rule; of those that are least far
 * @several: others of them are other nodes'
 * @n: all of them, as far as there is room in @fit
 */
struct iq_nat_choice {
	bool crowded;
	struct iq_nat_entry *best;
	bool several;
	unsigned int n;
	struct iq_nat_entry *fit[IPSEC_QOS_NAT_TOLD_MAX];
};

static bool iq_nat_crowded(const struct iq_nat_rule *rule, const struct iq_nat_conf *conf)
{
	return rule->crowded && time_before(jiffies, rule->crowded + conf->wait);
}

/*
 * Which of two that are as far is more likely to be a node's that is there? One of a
 * node that has had answers; else the one that was used later: an answer is to what
 * was just sent. < 0: @a, > 0: @b, 0: either.
 */
static int iq_nat_likelier(const struct iq_nat_entry *a, const struct iq_nat_entry *b)
{
	unsigned long used = READ_ONCE(a->dir[IQ_NAT_OUT].used);

	if (!a->node->n_confirmed != !b->node->n_confirmed)
		return a->node->n_confirmed ? -1 : 1;
	if (used == READ_ONCE(b->dir[IQ_NAT_OUT].used))
		return 0;
	return time_after(used, READ_ONCE(b->dir[IQ_NAT_OUT].used)) ? -1 : 1;
}

/*
 * Those that wait come first; others may have been associated by mistake, as long as
 * they are in doubt.
 */
static void iq_nat_choose(struct iq_nat_choice *c, const struct iq_nat_conf *conf,
			  struct iq_nat_entry *e)
{
	u8 state = iq_nat_state(e);
	bool later;
	int rank;

	BUILD_BUG_ON(IPSEC_QOS_NAT_WAITING != 0 || IPSEC_QOS_NAT_ASSOCIATED != 1 ||
		     IPSEC_QOS_NAT_CONFIRMED != 2);
	if (state == IPSEC_QOS_NAT_CONFIRMED &&
	    jiffies - e->dir[IQ_NAT_IN].since >= IQ_NAT_DOUBT)
		return;
	rank = c->best ? state - iq_nat_state(c->best) : -1;
	if (!rank && c->crowded && iq_nat_inside(e) != iq_nat_inside(c->best))
		rank = iq_nat_likelier(e, c->best);
	if (rank < 0) {
		c->best = e;
		c->several = false;
		c->n = 1;
		c->fit[0] = e;
		return;
	}
	if (c->best == e || rank)
		return;
	if (c->n < ARRAY_SIZE(c->fit))
		c->fit[c->n++] = e;
	later = time_after(e->dir[IQ_NAT_OUT].since, c->best->dir[IQ_NAT_OUT].since);
	if (iq_nat_inside(e) != iq_nat_inside(c->best)) {
		c->several = true;
		if (later == (conf->collision == IPSEC_QOS_NAT_COLLISION_NEWEST))
			c->best = e;
	} else if (later) {
		c->best = e;	/* a node's latest SA */
	}
}

struct iq_nat_entry *iq_nat_match(struct iq_nat *nat, struct iq_nat_rule *rule,
				  const struct iq_nat_conf *conf, __be32 global,
				  __be32 outside, __be32 spi, bool *collided)
{
	u32 number = be32_to_cpu(spi), mask = iq_spi_mask(&conf->scheme);
	struct iq_nat_part part = { .rule = rule->number, .outside = outside };
	const u32 parts[__IQ_NAT_WAYS] = {
		[IQ_NAT_DERIVED] = number & mask,
		[IQ_NAT_STORED] = iq_spi_derived(&conf->scheme, number),
	};
	struct iq_nat_choice choice = {};
	struct rhlist_head *list, *pos;
	struct iq_nat_entry *e;
	struct iq_nat_peer *peer;
	struct iq_nat_wait *w;

	*collided = false;
	spin_lock_bh(&nat->lock);
	/* Another packet may have been matched meanwhile. */
	e = iq_nat_find_in(nat, rule, outside, spi);
	if (e) {
		if (iq_nat_global(e) != global)
			e = NULL;
		goto out;
	}
	choice.crowded = iq_nat_crowded(rule, conf);
	for (part.way = 0; part.way < __IQ_NAT_WAYS; part.way++) {
		part.part = parts[part.way];
		list = rhltable_lookup(&nat->waits, &part, iq_nat_waits);
		rhl_for_each_entry_rcu(w, pos, list, node) {
			e = iq_nat_wait_entry(w);
			if (iq_nat_global(e) == global)
				iq_nat_choose(&choice, conf, e);
		}
	}
	e = choice.best;
	*collided = choice.several;
	if (choice.several)
		iq_event_nat_collision(nat, rule, choice.fit, choice.n);
	if (choice.several && conf->collision == IPSEC_QOS_NAT_COLLISION_DISCARD) {
		e = NULL;
		goto out;
	}
	if (!e && conf->underived != IPSEC_QOS_NAT_UNDERIVED_DISCARD) {
		peer = iq_nat_peer_find(nat, rule, outside);
		if (peer)
			e = iq_nat_peer_choose(conf, peer);
		if (e && iq_nat_global(e) != global)
			e = NULL;
	}
	if (e && iq_nat_associate(nat, conf, e, spi))
		e = NULL;
out:
	if (e)
		iq_nat_use(&e->dir[IQ_NAT_IN]);
	spin_unlock_bh(&nat->lock);
	return e;
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
	struct iq_nat_peer *p;

	if (conf->underived != IPSEC_QOS_NAT_UNDERIVED_SERIALIZE)
		return true;
	while ((p = list_first_entry_or_null(&rule->turns, struct iq_nat_peer, turns)) &&
	       jiffies - p->turn >= conf->wait) {
		if (!*left)
			return false;
		--*left;
		iq_nat_remove(nat, list_first_entry(&p->waiting, struct iq_nat_entry,
						    waiting),
			      IPSEC_QOS_EVENT_EXPIRE);
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

static void iq_nat_expire_work(struct work_struct *work)
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

/*
 * Entries of @rule; @fresh: but for those that are confirmed. They are looked at in the
 * order of how far they are, as they may get further meanwhile.
 */
static u32 iq_nat_clear(struct iq_nat *nat, struct iq_nat_rule *rule, bool fresh)
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

/* Rules */

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

static void iq_nat_rule_free_rcu(struct rcu_head *rcu)
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
	err = rhashtable_init(&nat->out, &iq_nat_out);
	if (err)
		goto free;
	err = rhashtable_init(&nat->in, &iq_nat_in);
	if (err)
		goto out;
	err = rhltable_init(&nat->waits, &iq_nat_waits);
	if (err)
		goto in;
	err = rhashtable_init(&nat->nodes, &iq_nat_nodes);
	if (err)
		goto waits;
	err = rhashtable_init(&nat->peers, &iq_nat_peers);
	if (err)
		goto nodes;
	iqn->state[IQ_FEATURE_NAT] = nat;
	return 0;

nodes:
	rhashtable_destroy(&nat->nodes);
waits:
	rhltable_destroy(&nat->waits);
in:
	rhashtable_destroy(&nat->in);
out:
	rhashtable_destroy(&nat->out);
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
	rhashtable_destroy(&nat->in);
	rhashtable_destroy(&nat->out);
	kfree(nat);
}
