// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/xfrm.h>

#include "core/classify.h"
#include "core/onward.h"
#include "core/store.h"
#include "element.h"
#include "event.h"
#include "send.h"
#include "state.h"
#include "steer.h"
#include "unknown.h"

#define IQ_UNKNOWN_SETS	64
#define IQ_UNKNOWN_WAYS	8

/**
 * struct iq_unknown - an SPI that there is no SA for
 *
 * @key: family 0: none
 * @told: jiffies when it was told of last; valid if @was
 * @was: it was told of
 * @count: packets since
 */
struct iq_unknown {
	struct iq_key key;
	unsigned long told;
	bool was;
	u32 count;
};

/**
 * struct iq_unknown_set - those whose hash is alike
 *
 * @lock: of all here; bottom halves are disabled where it is taken. A flood's packets on
 *	other CPUs are mostly of other sets.
 * @next: which way is another's next
 * @hash: by way, so that one cache line says of nearly all keys that they are not here
 */
struct iq_unknown_set {
	spinlock_t lock;
	u32 next;
	u32 hash[IQ_UNKNOWN_WAYS];
	struct iq_unknown way[IQ_UNKNOWN_WAYS];
} ____cacheline_aligned;

/**
 * struct iq_unknowns - those of a namespace
 *
 * @secret: of the hash, since senders choose SPIs
 * @told: of events
 * @relayed: of packets to a control element
 */
struct iq_unknowns {
	hsiphash_key_t secret;
	struct iq_rate told;
	struct iq_rate relayed;
	struct iq_unknown_set set[IQ_UNKNOWN_SETS];
};

/* Of IPv4 a word tells nearly all of them apart. */
static u32 iq_unknown_hash(const struct iq_unknowns *u, const struct iq_key *key)
{
	const u64 word = (u64)(__force u32)key->dst[0] << 32 | (__force u32)key->spi;

	return key->family == AF_INET ? iq_hash(&word, 1, &u->secret) :
					iq_hash(key->word, ARRAY_SIZE(key->word), &u->secret);
}

/* The place of an SPI: its own, or that of one which it pushes out. */
static struct iq_unknown *iq_unknown_place(struct iq_unknown_set *set, u32 hash,
					   const struct iq_key *key)
{
	struct iq_unknown *one;
	int i;

	for (i = 0; i < IQ_UNKNOWN_WAYS; i++)
		if (unlikely(set->hash[i] == hash) &&
		    !memcmp(&set->way[i].key, key, sizeof(*key)))
			return &set->way[i];
	i = set->next++ % IQ_UNKNOWN_WAYS;
	set->hash[i] = hash;
	one = &set->way[i];
	*one = (struct iq_unknown) { .key = *key };
	return one;
}

/* Is it to be told of now? As how many packets; 0: no. */
static u32 iq_unknown_due(struct iq_unknowns *u, const struct iq_key *key, u32 packets,
			  u32 rate)
{
	u32 hash = iq_unknown_hash(u, key), count = 0;
	struct iq_unknown_set *set = &u->set[hash % IQ_UNKNOWN_SETS];
	struct iq_unknown *one;

	spin_lock(&set->lock);
	one = iq_unknown_place(set, hash, key);
	if (check_add_overflow(one->count, packets, &one->count))
		one->count = U32_MAX;
	if ((!one->was || time_after_eq(jiffies, one->told + HZ)) &&
	    iq_rate_take(&u->told, 1, rate)) {
		count = one->count;
		one->count = 0;
		one->was = true;
		one->told = jiffies;
	}
	spin_unlock(&set->lock);
	return count;
}

/* With whatever mark; one that is just negotiated (a larval SA) too. */
static bool iq_sa_known(struct iq_net *iqn, const struct sk_buff *skb,
			const struct iq_key *key,
			bool (*marked)(struct iq_net *iqn, const struct iq_key *key))
{
	xfrm_address_t dst = {};
	struct xfrm_state *x;

	memcpy(&dst, key->dst, sizeof(key->dst));
	x = xfrm_state_lookup(iqn->net, skb->mark, &dst, key->spi, key->proto, key->family);
	if (x) {
		xfrm_state_put(x);
		return true;
	}
	return marked(iqn, key);
}

static noinline void iq_unknown_tell(struct iq_net *iqn, const struct iq_packet *pkt,
				     u32 count)
{
	const struct iq_unknown_spi told = {
		.family = pkt->family,
		.proto = pkt->proto,
		.src = pkt->src,
		.dst = pkt->dst,
		.spi = pkt->spi,
		.count = count,
	};

	iq_event_unknown(iqn, &told);
}

unsigned int iq_steer_unknown(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state,
			      bool (*marked)(struct iq_net *iqn, const struct iq_key *key))
{
	const struct iq_steer *st = iq_steer(iqn);
	const struct iq_steer_conf *conf = rcu_dereference(st->conf);
	struct iq_unknowns *u = st->unknowns;
	const struct iq_element *e;
	struct iq_key key = {};
	struct iq_packet pkt;
	u32 count;

	if (iq_parse_skb(iqn, skb, &pkt) != IQ_SA)
		return NF_ACCEPT;
	key.family = pkt.family;
	key.proto = pkt.proto;
	key.spi = cpu_to_be32(pkt.spi);
	if (pkt.family == AF_INET)
		memcpy(key.dst, pkt.dst, sizeof(key.dst[0]));
	else
		memcpy(key.dst, pkt.dst, sizeof(key.dst));
	if (likely(iq_sa_known(iqn, skb, &key, marked)) ||
	    conf->unknown == IPSEC_QOS_UNKNOWN_OFF)
		return NF_ACCEPT;
	count = iq_unknown_due(u, &key, iq_skb_packets(skb), conf->rate);
	if (count)
		iq_unknown_tell(iqn, &pkt, count);
	e = conf->element;
	if (conf->unknown != IPSEC_QOS_UNKNOWN_RELAY || !e ||
	    READ_ONCE(e->state) == IPSEC_QOS_ELEMENT_DOWN || !iq_onward_may(skb, state) ||
	    iq_element_came_from(e, skb, state) || !iq_rate_take(&u->relayed, 1, conf->rate))
		return NF_ACCEPT;
	return iq_element_send(e, skb, state, IPSEC_QOS_ELEMENT_COUNTER_SENT);
}

int iq_unknown_init(struct iq_steer *st)
{
	struct iq_unknowns *u;
	u32 i;

	lockdep_assert_held(&st->iqn->config_lock);
	if (st->unknowns)
		return 0;
	u = kvzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);
	if (!u)
		return -ENOMEM;
	get_random_bytes(&u->secret, sizeof(u->secret));
	for (i = 0; i < IQ_UNKNOWN_SETS; i++)
		spin_lock_init(&u->set[i].lock);
	iq_rate_init(&u->told);
	iq_rate_init(&u->relayed);
	st->unknowns = u;
	return 0;
}

void iq_unknown_exit(struct iq_steer *st)
{
	kvfree(st->unknowns);
}
