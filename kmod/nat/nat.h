/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The translation table: which inside node's ESP is behind a global address. What the
 * words inside, outside, local and global say, and what a derived SPI is, is in
 * CONTRIBUTING.md, in the glossary.
 *
 * A packet on its way out makes an entry, by its SPI; one on its way in belongs to
 * an entry by an association that is known, or is matched: its SPI is derived from
 * an entry's, or an entry's from its (include/ipsec_qos/spi.h), and then they are
 * associated. The inside node confirms that by sending on. That proves little: for
 * some seconds another packet that fits, and fits none that waits, takes the entry
 * over, as the right answer would come soon.
 *
 * Here is what the files of this room share: the structures, and what is inline. Each
 * file owns one thing, and its header says what it does for others: rule.c the rules,
 * entry.c the entries and how far they are, match.c which of them a packet fits,
 * ceiling.c who gives way, expire.c who is over, node.c inside nodes, peer.c outside
 * ends that derive nothing.
 *
 * What a packet needs is found by look-ups under RCU, without a lock. Entries are
 * made, matched and removed under iq_nat.lock, rules under iq_net.config_lock.
 *
 * Anybody inside can make entries, with any address. At a ceiling the oldest that
 * waits gives way, and where none does, the oldest that is associated only; one that
 * is confirmed never does. What has been used since it was looked at, by jiffies, is
 * spared first: who sends on stays. At a node's ceiling it is one of the node's own. At the rule's
 * those of nodes that have nothing confirmed go first, so that addresses of nobody
 * take nothing from nodes in use.
 */
#ifndef _IPSEC_QOS_NAT_H
#define _IPSEC_QOS_NAT_H

#include <linux/if.h>
#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <ipsec_qos/spi.h>

#include "core/net.h"

/**
 * struct iq_nat_conf - what a rule says; replaced whole
 *
 * @inside_dev: of inside nodes; empty: any
 * @outside_dev: to the outside
 * @inside: prefix of inside local addresses, 0/0: any
 * @global: inside global address, 0: the first of @outside_dev
 * @responder: prefix of outside addresses, 0/0: any
 * @scheme: how SPIs are derived
 * @collision: enum ipsec_qos_nat_collision
 * @underived: enum ipsec_qos_nat_underived
 * @idle: jiffies; likewise @wait
 * @max: entries
 * @max_node: entries of an inside node
 * @admin: who set it may have more than IPSEC_QOS_NAT_ENTRIES in the namespace
 */
struct iq_nat_conf {
	struct rcu_head rcu;
	char inside_dev[IFNAMSIZ];
	char outside_dev[IFNAMSIZ];
	__be32 inside;
	__be32 inside_mask;
	__be32 global;
	__be32 responder;
	__be32 responder_mask;
	struct iq_spi_rule scheme;
	u8 collision;
	u8 underived;
	unsigned long idle;
	unsigned long wait;
	u32 max;
	u32 max_node;
	bool admin;
};

struct mem_cgroup;

/*
 * The entries of a rule in lists, by how far they are, each in an order of time: what
 * gives way or expires is at a head.
 */
enum iq_nat_order {
	IQ_NAT_STRANGER,	/* waits; of a node that had nothing confirmed then */
	IQ_NAT_KNOWN,		/* waits; of one that had */
	IQ_NAT_UNPROVEN,	/* associated */
	IQ_NAT_DOUBTED,		/* confirmed, and still gives way to another packet */
	IQ_NAT_SETTLED,		/* confirmed */
	__IQ_NAT_ORDERS
};

/**
 * struct iq_nat_rule - a rule
 *
 * @list: of iq_nat.rules, by @id; RCU
 * @conf: RCU, replaced under iq_net.config_lock
 * @id: the user's
 * @number: no other rule has had it in this namespace
 * @n: entries; iq_nat.lock. @n_waiting: of them, those that wait
 * @order: entries; iq_nat.lock
 * @turns: peers, by when the turn of who waits for them began; iq_nat.lock
 * @crowded: jiffies: when one last gave way as there may be no more of the rule; 0:
 *	never; iq_nat.lock
 * @ceiling_told: jiffies of the last ceiling event; iq_nat.lock. @collision_told:
 *	likewise
 * @counter: of enum ipsec_qos_nat_counter
 * @memcg: of who made the rule: its entries are charged to it; NULL: to nobody
 */
struct iq_nat_rule {
	struct list_head list;
	struct iq_nat_conf __rcu *conf;
	u32 id;
	u32 number;
	u32 n;
	u32 n_waiting;
	struct list_head order[__IQ_NAT_ORDERS];
	struct list_head turns;
	unsigned long crowded;
	unsigned long ceiling_told;
	unsigned long collision_told;
	struct iq_counter __percpu *counter;
	struct mem_cgroup *memcg;
	struct rcu_head rcu;
};

/**
 * struct iq_nat_key - names an entry, by either of its SPIs
 *
 * @rule: iq_nat_rule.number
 * @spi: of one direction; 0: not known
 */
struct iq_nat_key {
	u32 rule;
	__be32 outside;
	__be32 spi;
};

/* How an entry is found that waits: by what is derived, or derived from. */
enum iq_nat_way {
	IQ_NAT_DERIVED,		/* from its SPI: the other end answered */
	IQ_NAT_STORED,		/* its SPI: the inside node answered */
	__IQ_NAT_WAYS
};

/**
 * struct iq_nat_part - what an SPI on its way in must fit
 *
 * @part: of an SPI, iq_spi_mask()
 * @way: enum iq_nat_way
 */
struct iq_nat_part {
	u32 rule;
	__be32 outside;
	u32 part;
	u32 way;
};

struct iq_nat_wait {
	struct rhlist_head node;
	struct iq_nat_part part;
};

/**
 * struct iq_nat_node - an inside node of a rule
 *
 * @n: its entries; iq_nat.lock, as all below. @n_confirmed: of them
 * @waiting: those that wait, as in the rule's order
 * @associated: likewise
 */
struct iq_nat_node {
	struct rhash_head node;
	struct {
		u32 rule;
		__be32 inside;
	} key;
	struct iq_nat_rule *rule;
	u32 n;
	u32 n_confirmed;
	struct list_head waiting;
	union {
		struct list_head associated;
		struct rcu_head rcu;
	};
};

struct iq_nat_peer;

enum { IQ_NAT_OUT, IQ_NAT_IN, __IQ_NAT_DIRS };

/**
 * struct iq_nat_dir - all that packets of one direction need of an entry: with many
 * entries its one cache line is what they cost
 *
 * @key: with the SPI of that direction
 * @inside: the node; it may move
 * @global: its address outside; may change likewise
 * @state: enum ipsec_qos_nat_state; written under lock
 * @can_match: of IQ_NAT_OUT, where there is room: iq_nat_entry.wait is in iq_nat.waits;
 *	all but those that are IQ_NAT_SETTLED; lock
 * @used: jiffies
 * @since: jiffies. Of IQ_NAT_OUT: it was made. Of IQ_NAT_IN: it is at its place in
 *	the rule's order; of one that is IQ_NAT_DOUBTED: it was associated; lock
 */
struct iq_nat_dir {
	struct rhash_head node;
	struct iq_nat_key key;
	__be32 inside;
	__be32 global;
	u8 state;
	bool can_match;
	unsigned long used;
	unsigned long since;
	atomic64_t packets;
	atomic64_t bytes;
} ____cacheline_aligned;

/**
 * struct iq_nat_entry - a pair of SAs of an inside node
 *
 * With 64-bit pointers these are 256 bytes, what kmalloc() has a size for.
 *
 * @dir: the SAs; @inside, @global and @state of both are the same
 * @wait: by enum iq_nat_way; lock
 * @node: whose it is; written under lock
 * @node_list: of @node's; confirmed ones are in none; lock
 * @waiting: of @peer's
 * @list: of iq_nat_rule.order; lock
 */
struct iq_nat_entry {
	struct iq_nat_dir dir[__IQ_NAT_DIRS];
	struct iq_nat_wait wait[__IQ_NAT_WAYS];
	struct iq_nat_node *node;
	struct list_head node_list;
	struct iq_nat_peer *peer;
	struct list_head waiting;
	union {
		struct list_head list;
		struct rcu_head rcu;
	};
};

/**
 * struct iq_nat - of a network namespace, once there was a rule
 *
 * @lock: serialises changes of all below but @rules; bottom halves disabled. No
 *	other lock is taken under it
 * @rules: RCU, written under iq_net.config_lock
 * @out: entries by the key of that direction; likewise @in
 * @waits: struct iq_nat_wait by their parts
 * @nodes: inside nodes, to count their entries
 * @peers: outside ends of rules that let those in who derive nothing
 * @n: entries
 * @seq: counts those that came and went, for dumps
 * @expire: looks once a second, while there are any, whether some are over; takes
 *	iq_net.config_lock
 */
struct iq_nat {
	struct iq_net *iqn;
	spinlock_t lock;
	struct list_head rules;
	u32 n_rules;
	u32 last_number;
	struct rhashtable out;
	struct rhashtable in;
	struct rhltable waits;
	struct rhashtable nodes;
	struct rhashtable peers;
	u32 n;
	u32 seq;
	struct delayed_work expire;
};

/** iq_nat() - what translation has in a namespace; NULL: there was no rule yet */
static inline struct iq_nat *iq_nat(const struct iq_net *iqn)
{
	return iqn->state[IQ_FEATURE_NAT];
}

/**
 * iq_nat_init() - at the first rule, before the first hook is registered; process context.
 * 0 or an errno
 */
int iq_nat_init(struct iq_net *iqn);

/** iq_nat_exit() - the hooks are gone and a grace period has passed */
void iq_nat_exit(struct iq_net *iqn);

/** iq_nat_use() - a packet came that way */
static inline void iq_nat_use(struct iq_nat_dir *d)
{
	unsigned long now = jiffies;

	if (READ_ONCE(d->used) != now)
		WRITE_ONCE(d->used, now);
}

/** iq_nat_used() - jiffies: when a packet came, either way */
static inline unsigned long iq_nat_used(const struct iq_nat_entry *e)
{
	unsigned long out = READ_ONCE(e->dir[IQ_NAT_OUT].used);
	unsigned long in = READ_ONCE(e->dir[IQ_NAT_IN].used);

	return time_after(out, in) ? out : in;
}

/** iq_nat_inside(), iq_nat_global() - the node, and its address outside */
static inline __be32 iq_nat_inside(const struct iq_nat_entry *e)
{
	return READ_ONCE(e->dir[IQ_NAT_IN].inside);
}

static inline __be32 iq_nat_global(const struct iq_nat_entry *e)
{
	return READ_ONCE(e->dir[IQ_NAT_IN].global);
}

/** iq_nat_rule_id() - the user's, of its rule; under RCU or iq_nat.lock */
static inline u32 iq_nat_rule_id(const struct iq_nat_entry *e)
{
	return READ_ONCE(e->node)->rule->id;
}

/** iq_nat_state() - how far it is */
static inline u8 iq_nat_state(const struct iq_nat_entry *e)
{
	return READ_ONCE(e->dir[IQ_NAT_IN].state);
}

static inline void iq_nat_count(struct iq_nat_rule *rule,
				enum ipsec_qos_nat_counter which, u32 packets,
				u32 bytes)
{
	iq_counter_add(rule->counter, which, packets, bytes);
}

#endif /* _IPSEC_QOS_NAT_H */
