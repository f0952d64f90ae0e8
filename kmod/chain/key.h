/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys: which service is a packet's? An address, a protocol and a port are found in a store
 * (core/store.h) with one cold cache line. Each service has keys of two kinds, for the way
 * forward and the way back.
 *
 * The value in a slot is a number, of a *meaning*: a track and the views of it that packets
 * with this key may have. Services that share a track share its meaning. Or, of the key of
 * an address' *list*, it is the number of that: of its port ranges, and of who has all ports
 * that nobody else has.
 */
#ifndef _IPSEC_QOS_CHAIN_KEY_H
#define _IPSEC_QOS_CHAIN_KEY_H

#include <linux/hash.h>

#include "core/stores.h"
#include "state.h"
#include "track.h"

/*
 * By mode and way: which address and which port of a packet are a service's.
 */
enum iq_key_set {
	IQ_SERVER_FORWARD,	/* destination, its port */
	IQ_SERVER_BACK,		/* source, its port */
	IQ_CLIENT_FORWARD,	/* source, the destination's port */
	IQ_CLIENT_BACK,		/* destination, the source's port */
	__IQ_KEY_SETS
};

#define IQ_KEY_SET(mode, way)	((enum iq_key_set)((mode) * 2 + (way)))

/*
 * What stands where an SA has its SPI: port, protocol, then these. Of a prefix its length
 * is in place of the port.
 */
#define IQ_KEY_SET_MASK	3U		/* enum iq_key_set */
#define IQ_KEY_F_LIST	BIT(2)		/* of an address' list; neither port nor protocol */
#define IQ_KEY_F_PREFIX	BIT(3)		/* of a prefix; no protocol */

/**
 * iq_key_make() - a key
 *
 * @wide: of an IPv6 address
 * @addr: 4 or 16 bytes in network order
 * @port: in host order
 */
static __always_inline void iq_key_make(struct iq_key *key, bool wide, const void *addr,
					u8 proto, u16 port, u8 flags)
{
	*key = (struct iq_key) {
		.spi = (__force __be32)((u32)port << 16 | proto << 8 | flags),
		.family = wide ? AF_INET6 : AF_INET,
		/* A store's own bit tells AH from all else: here it is one and the same. */
		.proto = IPPROTO_ESP,
	};
	if (wide)
		memcpy(key->dst, addr, sizeof(key->dst));
	else
		memcpy(key->dst, addr, sizeof(key->dst[0]));
}

/**
 * struct iq_tally - packets of a range of ports, which has no slot of its own
 */
struct iq_tally {
	atomic64_t packets;
	atomic64_t bytes;
};

/**
 * struct iq_span - ports of an address that are a service's
 *
 * @first: protocol and port, see iq_span_word(); likewise @last
 * @number: of the meaning; 0: it is nobody's any more
 * @whose: id of the service
 * @late: it is not the service's any more, but what is under way may have it;
 *	iq_net.config_lock, as the next
 * @fresh: see iq_key_change()
 */
struct iq_span {
	u32 first;
	u32 last;
	u32 number;
	u32 whose : 30;
	u32 late : 1;
	u32 fresh : 1;
	struct iq_tally *tally;
};

static inline u32 iq_span_word(u8 proto, u16 port)
{
	return proto << 16 | port;
}

/**
 * struct iq_list - of an address; replaced whole, but for @number of a span
 *
 * @ch: whose it is
 * @id: its own number
 * @set: enum iq_key_set; with @wide and @addr its key
 * @next: what is to take its place once the request that is carried out is; NULL: nothing
 * @staged: in iq_chains.staged, where there is a @next
 * @added: spans that @next has more, as this one's @next
 * @rest: who has all that is in no span and has no key; its @number is 0 if nobody has
 * @span: in order, and no two overlap
 */
struct iq_list {
	struct rcu_head rcu;
	struct iq_chains *ch;
	u32 id;
	u8 set;
	bool wide;
	struct in6_addr addr;
	struct iq_list *next;
	struct list_head staged;
	u32 added;
	u32 n;
	struct iq_span rest;
	struct iq_span span[];
};

/**
 * struct iq_meaning - what a number stands for
 *
 * @track: RCU, written under iq_net.config_lock
 * @list: instead, of a list's number; likewise
 * @views: bit n: packets with this key may have the view n of their track
 */
struct iq_meaning {
	union {
		struct iq_track __rcu *track;
		struct iq_list __rcu *list;
	};
	u32 views;
};

/**
 * struct iq_numbers - by number; replaced whole where there are more
 */
struct iq_numbers {
	struct rcu_head rcu;
	u32 n;
	struct iq_meaning meaning[];
};

/**
 * struct iq_lengths - of prefixes, the longest first; replaced whole
 */
struct iq_lengths {
	struct rcu_head rcu;
	u8 n;
	u8 len[];
};

/**
 * struct iq_bloom - a filter: which keys may an address have? Nearly all packets of nobody's
 * leave after two looks here
 *
 * A byte for each hash of addresses: bit 2 * set: there are keys of ports; the bit behind it:
 * there is a list, or a prefix. Replaced whole to grow; bits of keys that are gone stay until
 * then.
 *
 * @bits: of the hash
 */
struct iq_bloom {
	struct rcu_head rcu;
	u8 bits;
	u8 slot[];
};

#define IQ_BLOOM_PORT(set)	BIT(2 * (set))
#define IQ_BLOOM_LIST(set)	BIT(2 * (set) + 1)
#define IQ_BLOOM_SET(set)	(IQ_BLOOM_PORT(set) | IQ_BLOOM_LIST(set))

/* Those of a packet's destination, and of its source */
#define IQ_BLOOM_DST	(IQ_BLOOM_SET(IQ_SERVER_FORWARD) | IQ_BLOOM_SET(IQ_CLIENT_BACK))
#define IQ_BLOOM_SRC	(IQ_BLOOM_SET(IQ_SERVER_BACK) | IQ_BLOOM_SET(IQ_CLIENT_FORWARD))

/* @len: of a prefix; else 0 */
static __always_inline u32 iq_bloom_slot(const struct iq_bloom *b, bool wide, const void *addr,
					 u8 len)
{
	u64 word = len;

	if (wide)
		word ^= get_unaligned((const u64 *)addr) * GOLDEN_RATIO_64 ^
			get_unaligned((const u64 *)addr + 1);
	else
		word ^= (u64)get_unaligned((const u32 *)addr) << 8;
	return hash_64(word, b->bits);
}

/** iq_bloom_get() - which keys may an address have? Under rcu_read_lock() */
static __always_inline u8 iq_bloom_get(const struct iq_bloom *b, bool wide, const void *addr)
{
	return READ_ONCE(b->slot[iq_bloom_slot(b, wide, addr, 0)]);
}

/**
 * struct iq_hit - a key that was found
 *
 * @track: with the client's override already in its place; never NULL
 * @all: without
 * @client: whose override that is, see iq_hit_client(); NULL: of none
 * @family: of that
 * @views: see struct iq_meaning
 * @whole: whichever ports it has, a packet with this address is whose this one is, or nobody's
 *	where none was found; valid then, too
 * @span: NULL: it is in a slot; else it is a range, or a list's rest
 * @key: of the slot
 * @store: it is in; valid unless @span
 * @found: likewise
 */
struct iq_hit {
	struct iq_track *track;
	const struct iq_track *all;
	const void *client;
	u32 views;
	u8 family;
	bool whole;
	struct iq_span *span;
	struct iq_key key;
	struct iq_store *store;
	struct iq_found found;
};

/* What iq_key_find() does not do inline: lists, then prefixes. */
bool iq_key_find_list(const struct iq_chains *ch, bool wide, const void *addr, u8 proto,
		      u16 port, enum iq_key_set set, u8 bloom, struct iq_hit *hit);
void iq_hit_count_moved(struct iq_hit *hit, u32 packets, u32 bytes);

static __always_inline u32 iq_key_search(const struct iq_chains *ch, bool wide,
					 struct iq_hit *hit)
{
	struct iq_store *s;

	for (s = rcu_dereference(ch->keys[wide].head); s; s = rcu_dereference(s->next)) {
		if (!iq_store_search(s, &hit->key, wide, &hit->found))
			continue;
		hit->store = s;
		return FIELD_GET(IQ_WORD_VALUE, hit->found.word);
	}
	return 0;
}

/* False: it went a moment ago. */
static __always_inline bool iq_hit_mean(const struct iq_chains *ch, u32 number,
					struct iq_hit *hit)
{
	const struct iq_meaning *m = &rcu_dereference(ch->numbers)->meaning[number];

	hit->track = rcu_dereference(m->track);
	hit->all = hit->track;
	hit->client = NULL;
	hit->views = READ_ONCE(m->views);
	return likely(hit->track);
}

/**
 * iq_key_find() - whose is a packet, by this set of keys? Nothing is counted
 *
 * @wide: of IPv6
 * @addr: the address that is a service's in @set, 4 or 16 bytes in network order
 * @port: likewise the port, in host order; 0: the protocol has none, or it is not known, and
 *	then what was found holds only if it is @whole
 * @bloom: iq_bloom_get() of @addr
 *
 * Overrides are for iq_hit_client(). Under rcu_read_lock(), which the hit lives under.
 */
static __always_inline bool iq_key_find(const struct iq_chains *ch, bool wide,
					const void *addr, u8 proto, u16 port,
					enum iq_key_set set, u8 bloom, struct iq_hit *hit)
{
	u32 number;

	hit->whole = !(bloom & IQ_BLOOM_PORT(set));
	if (!hit->whole) {
		iq_key_make(&hit->key, wide, addr, proto, port, set);
		number = iq_key_search(ch, wide, hit);
		if (likely(number)) {
			hit->span = NULL;
			return iq_hit_mean(ch, number, hit);
		}
	}
	if (likely(!(bloom & IQ_BLOOM_LIST(set)) &&
		   (set < IQ_CLIENT_FORWARD || !rcu_access_pointer(ch->lengths[wide]))))
		return false;
	return iq_key_find_list(ch, wide, addr, proto, port, set, bloom, hit);
}

/** iq_hit_client() - by its client a packet may have another track; 4 or 16 bytes */
static inline void iq_hit_client(struct iq_hit *hit, u8 family, const void *client)
{
	const struct iq_overrides *o = hit->all->overrides;

	hit->client = client;
	hit->family = family;
	if (unlikely(o))
		hit->track = iq_override_find(o, family, client) ?: hit->track;
}

/** iq_hit_old() - the track before this one, see iq_track.old, of the same client; NULL: none */
static inline struct iq_track *iq_hit_old(const struct iq_hit *hit)
{
	struct iq_track *old = rcu_dereference(hit->all->old);

	if (!old || !old->overrides || !hit->client)
		return old;
	return iq_override_find(old->overrides, hit->family, hit->client) ?: old;
}

/** iq_hit_count() - a packet has entered by it */
static inline void iq_hit_count(struct iq_hit *hit, u32 packets, u32 bytes)
{
	if (unlikely(hit->span)) {
		atomic64_add(packets, &hit->span->tally->packets);
		atomic64_add(bytes, &hit->span->tally->bytes);
	} else if (unlikely(!iq_store_count(hit->store, &hit->found, packets, bytes))) {
		iq_hit_count_moved(hit, packets, bytes);
	}
}

/** iq_hit_enters() - may a packet with this key come from outside? */
static inline bool iq_hit_enters(const struct iq_hit *hit)
{
	return hit->views & BIT(0);
}

/**
 * iq_hit_comes_out() - may a packet with this key come out of step @i, on its way? Of the old
 * track (iq_track.old) whatever may.
 */
static inline bool iq_hit_comes_out(const struct iq_hit *hit, int i, int way)
{
	const struct iq_views *v = hit->track->views;

	return likely(!v) || hit->views & BIT(iq_view_out(v, i, way));
}

/* All below: process context, iq_net.config_lock is held. */

/* What a key is to be: of ports or of a prefix */
enum iq_key_kind {
	IQ_KEY_SLOT,	/* one port, or a protocol without */
	IQ_KEY_SPAN,	/* a range */
	IQ_KEY_REST,	/* all that nobody else has */
	IQ_KEY_PREFIX,	/* all of all addresses of a prefix */
};

/**
 * struct iq_want - a key that a service has, or is to have
 *
 * @addr: network order; of IPv4 the first word
 * @first: see iq_span_word(); of a slot the only one; likewise @last
 * @views: see struct iq_meaning
 * @kind: enum iq_key_kind
 * @set: enum iq_key_set
 * @len: of a prefix
 */
struct iq_want {
	struct in6_addr addr;
	u32 first;
	u32 last;
	u32 views;
	u8 kind;
	u8 set;
	u8 len;
	bool wide;
};

/** iq_number_new() - a number that means nothing yet; or an errno, @extack says which */
int iq_number_new(struct iq_chains *ch, const struct nlattr *attr,
		  struct netlink_ext_ack *extack);

/** iq_number_mean() - what it means from now on; @views: as bits */
void iq_number_mean(struct iq_chains *ch, u32 number, struct iq_track *track, u32 views);

/** iq_number_free() - it is nobody's any more; no packet has it */
void iq_number_free(struct iq_chains *ch, u32 number);

/** iq_keys_reserve() - room for @more keys of slots, if it can be had */
void iq_keys_reserve(struct iq_chains *ch, bool wide, u32 more);

/**
 * iq_key_add() - a service has a key
 *
 * What it had before it keeps as it is. What was another one's until a moment ago becomes
 * its own. Ranges are there behind iq_keys_publish(); of its own ones that overlap nothing is
 * left then.
 *
 * @number: what it means
 * @whose: id of the service
 * @attr: where it is said, for errors
 *
 * Return: 1: it had it before; 0; -EEXIST: another one has it, @extack says who; or an errno
 */
int iq_key_add(struct iq_chains *ch, const struct iq_want *want, u32 number, u32 whose,
	       const struct nlattr *attr, struct netlink_ext_ack *extack);

/** iq_keys_publish() - ranges that were added, too, are there from now on; it cannot fail */
void iq_keys_publish(struct iq_chains *ch);

/** iq_keys_unstage() - they are not to be; before IQ_KEY_DROP_MARKED */
void iq_keys_unstage(struct iq_chains *ch);

/* What iq_key_change() does to a key */
enum iq_key_change {
	IQ_KEY_MARK,	/* mark it, and have it mean another number */
	IQ_KEY_UNMARK,	/* take the mark back */
	IQ_KEY_LATE,	/* unless it is marked: nobody has it any more, but what is under way */
	IQ_KEY_DROP,	/* it goes */
	IQ_KEY_DROP_MARKED,
	IQ_KEY_DROP_LATE,
};

/** iq_key_change() - of a service's key; one that is not its own stays as it is */
void iq_key_change(struct iq_chains *ch, const struct iq_want *want, u32 number, u32 whose,
		   enum iq_key_change what);

/** iq_key_count() - what was counted by a service's key */
void iq_key_count(struct iq_chains *ch, const struct iq_want *want, u32 whose,
		  struct iq_count *count);

/** iq_keys_settle() - after many came or went: have the room and the filter that they need */
void iq_keys_settle(struct iq_chains *ch);

/** iq_keys_init() - of a namespace, before its first service; 0 or -ENOMEM */
int iq_keys_init(struct iq_chains *ch);

/** iq_keys_exit() - nobody looks any more, and no service is there */
void iq_keys_exit(struct iq_chains *ch);

#endif /* _IPSEC_QOS_CHAIN_KEY_H */
