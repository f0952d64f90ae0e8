// SPDX-License-Identifier: GPL-2.0
#include <linux/jhash.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "ceiling.h"
#include "entry.h"
#include "match.h"
#include "netlink.h"
#include "node.h"
#include "peer.h"
#include "rule.h"

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

#define IQ_NAT_TABLE(which, differ) {					\
	.head_offset = offsetof(struct iq_nat_entry, dir[which].node),	\
	.key_offset = offsetof(struct iq_nat_entry, dir[which].key),	\
	.key_len = sizeof(struct iq_nat_key),				\
	.automatic_shrinking = true,					\
	.hashfn = iq_nat_key_hash,					\
	.obj_cmpfn = differ,						\
}

static const struct rhashtable_params iq_nat_out =
	IQ_NAT_TABLE(IQ_NAT_OUT, iq_nat_out_differ);
static const struct rhashtable_params iq_nat_in =
	IQ_NAT_TABLE(IQ_NAT_IN, iq_nat_in_differ);

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

void iq_nat_queue(struct iq_nat_entry *e)
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

void iq_nat_remove(struct iq_nat *nat, struct iq_nat_entry *e,
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

void iq_nat_dissociate(struct iq_nat *nat, const struct iq_nat_conf *conf,
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

int iq_nat_associate(struct iq_nat *nat, const struct iq_nat_conf *conf,
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
	struct iq_nat_entry *e;
	struct iq_nat_dir *out;
	u32 derived;

	/* Inline, whatever else calls it. */
	e = iq_nat_find(&nat->out, iq_nat_out, rule->number, outside, spi);
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
		if (iq_nat_peer_others_turn(conf, e)) {
			why = IPSEC_QOS_NAT_COUNTER_SERIALIZED;
			e = NULL;
		}
	}
	spin_unlock_bh(&nat->lock);
	if (!e)
		iq_nat_count(rule, why, 1, 0);
	return e;
}

int iq_nat_entries_init(struct iq_nat *nat)
{
	int err = rhashtable_init(&nat->out, &iq_nat_out);

	if (err)
		return err;
	err = rhashtable_init(&nat->in, &iq_nat_in);
	if (err)
		rhashtable_destroy(&nat->out);
	return err;
}

void iq_nat_entries_exit(struct iq_nat *nat)
{
	rhashtable_destroy(&nat->in);
	rhashtable_destroy(&nat->out);
}
