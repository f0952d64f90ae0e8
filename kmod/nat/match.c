// SPDX-License-Identifier: GPL-2.0
#include "entry.h"
#include "match.h"
#include "netlink.h"
#include "peer.h"

/*
 * More entries than this that one SPI would fit there are only if somebody chooses
 * them so: with 65,536 that wait and 16 bits, eight are the most that chance brings.
 */
#define IQ_NAT_ALIKE	32

/* The keys are compared and hashed as bytes: none has any that are not set. */
static const struct rhashtable_params iq_nat_waits = {
	.head_offset = offsetof(struct iq_nat_wait, node),
	.key_offset = offsetof(struct iq_nat_wait, part),
	.key_len = sizeof_field(struct iq_nat_wait, part),
	.automatic_shrinking = true,
};

int iq_nat_wait_begin(struct iq_nat *nat, const struct iq_nat_conf *conf,
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

void iq_nat_wait_end(struct iq_nat *nat, struct iq_nat_entry *e)
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

/*
 * No more than IQ_NAT_ALIKE can be matched by the same part as @w; else the oldest of
 * them that waits gives way.
 */
bool iq_nat_room_of_part(struct iq_nat *nat, const struct iq_nat_wait *w)
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
		e = iq_nat_peer_choose(nat, rule, conf, outside);
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

int iq_nat_waits_init(struct iq_nat *nat)
{
	return rhltable_init(&nat->waits, &iq_nat_waits);
}
