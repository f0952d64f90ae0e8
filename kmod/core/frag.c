// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/l3mdev.h>

#include "dst.h"
#include "feature.h"
#include "frag.h"
#include "resume.h"
#include "trace.h"

/*
 * Packets of which fragments are under way: as many as come within a round trip
 * of a fast link, and no more than a namespace should cost.
 */
#define IQ_FRAG_SETS	128
#define IQ_FRAG_WAYS	8

#define IQ_FRAG_WAIT	(HZ / 5)	/* for the first fragment */
#define IQ_FRAG_LIFE	HZ		/* identifications come again soon */
#define IQ_FRAG_HELD	256		/* fragments that wait, in all */

/* What of the ways and of those that wait may be of UDP. */
#define IQ_FRAG_SHARE(n)	((n) / 2)

/*
 * Pairs of addresses that are remembered. A new one takes the place of whichever was
 * there, and that is enough. A stranger gets none in, since only packets of a known IKE
 * SA or SA do; a peer that sends its own with other sources can push out all, whatever
 * their age. It gains little: who has SAs both ways is known by these alone; without
 * the pair, too, the first fragment of what is somebody's is heeded, and those behind it
 * have its mark. What is lost is that, until the next packet of that IKE SA, a later
 * fragment of it that comes ahead of its first does not wait, and goes on untagged.
 */
#define IQ_FRAG_PAIRS	256
#define IQ_FRAG_PAIR_LIFE	(300 * HZ)

/**
 * struct iq_frag_key - what a packet's fragments share
 *
 * RFC 791 section 3.2; of IPv6 not the protocol, which later ones may have
 * otherwise (RFC 8200 section 4.5).
 *
 * @vrf: that they belong to: others may have the same addresses
 * @at: see iq_frag_learn()
 */
struct iq_frag_key {
	u8 src[16];
	u8 dst[16];
	u32 id;
	int vrf;
	u32 at;
	u8 family;
	u8 proto;
	u16 zero;
} __aligned(8);

/**
 * struct iq_held - a fragment that waits
 *
 * @set: whose hook it waits at
 * @state: where; its device is held
 * @udp: of what may be UDP
 */
struct iq_held {
	struct list_head list;
	struct sk_buff *skb;
	enum iq_hook_set set;
	struct nf_hook_state state;
	bool udp;
};

enum iq_frag_state {
	IQ_FRAG_FREE,
	IQ_FRAG_KNOWN,		/* the first fragment was here */
	IQ_FRAG_WAITING,	/* others were */
};

/**
 * struct iq_frag - a packet in fragments
 *
 * @since: jiffies when it came to be in this state
 * @held: those that wait for the first
 * @udp: it may be UDP, and is neither ESP nor AH
 * @done: with IQ_FRAG_KNOWN: the last one was here, behind the first
 * @kind: with IQ_FRAG_KNOWN, as all below: what the first is; IQ_FRAGMENT: it
 *	did not come in time
 */
struct iq_frag {
	struct iq_frag_key key;
	unsigned long since;
	struct list_head held;
	enum iq_frag_state state;
	bool udp;
	bool done;
	enum iq_kind kind;
	u8 proto;
	bool initiator;
	bool ikev1;
	u32 spi;
	u64 spi_i;
	u64 spi_r;
};

/**
 * struct iq_frag_pair - two addresses between which there was what is somebody's
 *
 * @tag: of both, a hash; 0: none
 * @since: jiffies when it was so last; who reads it beside another's @tag is wrong about
 *	a single fragment
 */
struct iq_frag_pair {
	u32 tag;
	unsigned long since;
};

/**
 * struct iq_frags - those of a namespace
 *
 * @secret: for the hash, since senders choose the key
 * @pair: what iq_frag_pair() was told
 * @n_held: how many wait
 * @n_held_udp: how many of them may be of UDP
 * @work: sends on what is @ready, and what has waited long enough
 * @ready: struct iq_held that go on; under @lock
 * @set: its @lock covers its ways; @lock of the whole nests inside. All with
 *	bottom halves disabled, and no other lock inside
 */
struct iq_frags {
	siphash_key_t secret;
	struct iq_net *iqn;
	struct iq_frag_pair pair[IQ_FRAG_PAIRS];
	atomic_t n_held;
	atomic_t n_held_udp;
	struct delayed_work work;
	spinlock_t lock;
	struct list_head ready;
	struct iq_frag_set {
		spinlock_t lock;
		struct iq_frag way[IQ_FRAG_WAYS];
	} set[IQ_FRAG_SETS];
};

/* The fragment that this CPU sends on, as it has waited. */
static DEFINE_PER_CPU(const struct sk_buff *, iq_frag_resuming);

const struct sk_buff *iq_frag_go_on(const struct sk_buff *skb)
{
	const struct sk_buff *was = this_cpu_read(iq_frag_resuming);

	this_cpu_write(iq_frag_resuming, skb);
	return was;
}

bool iq_frag_waited(const struct sk_buff *skb)
{
	return this_cpu_read(iq_frag_resuming) == skb;
}

static bool iq_frag_udp(const struct iq_packet *pkt)
{
	return pkt->frag_proto != IPPROTO_ESP && pkt->frag_proto != IPPROTO_AH;
}

/* Where both addresses are remembered; whichever is the source. */
static struct iq_frag_pair *iq_frag_find_pair(struct iq_frags *f,
					      const struct iq_packet *pkt, u32 *tag)
{
	size_t n = pkt->family == AF_INET ? 4 : 16;
	bool swap = memcmp(pkt->src, pkt->dst, n) > 0;
	u8 key[32] __aligned(8) = {};
	u64 hash;

	memcpy(key, swap ? pkt->dst : pkt->src, n);
	memcpy(key + 16, swap ? pkt->src : pkt->dst, n);
	hash = siphash(key, sizeof(key), &f->secret);
	*tag = upper_32_bits(hash) | 1;
	return &f->pair[hash % IQ_FRAG_PAIRS];
}

void iq_frag_pair(struct iq_net *iqn, const struct iq_packet *pkt)
{
	struct iq_frag_pair *pair;
	u32 tag;

	if (pkt->first && !iq_frag_udp(pkt))
		return;
	pair = iq_frag_find_pair(iqn->frags, pkt, &tag);
	WRITE_ONCE(pair->since, jiffies);
	WRITE_ONCE(pair->tag, tag);
}

/* Does a feature want to know whose a fragment to this packet's destination is? */
static bool iq_frag_awaited(const struct iq_net *iqn, const struct iq_packet *pkt)
{
	const struct iq_feature *f;
	unsigned int i;

	iq_for_each_feature(f, i)
		if (f->awaits && f->awaits(iqn, pkt->family, pkt->dst))
			return true;
	return false;
}

bool iq_frag_ours(struct iq_net *iqn, const struct iq_packet *pkt)
{
	const struct iq_frag_pair *pair;
	u32 tag;

	if (iq_dst_known(iqn, pkt->family, pkt->dst) &&
	    (!iq_frag_udp(pkt) || iq_dst_known(iqn, pkt->family, pkt->src)))
		return true;
	if (READ_ONCE(iqn->steering) && iq_frag_awaited(iqn, pkt))
		return true;
	if (!iq_frag_udp(pkt))
		return false;
	pair = iq_frag_find_pair(iqn->frags, pkt, &tag);
	return READ_ONCE(pair->tag) == tag &&
	       time_before(jiffies, READ_ONCE(pair->since) + IQ_FRAG_PAIR_LIFE);
}

static struct iq_frag_set *iq_frag_key(struct iq_frags *f,
				       const struct nf_hook_state *state,
				       const struct iq_packet *pkt, u32 at,
				       struct iq_frag_key *key)
{
	size_t n = pkt->family == AF_INET ? 4 : 16;

	memset(key, 0, sizeof(*key));
	memcpy(key->src, pkt->src, n);
	memcpy(key->dst, pkt->dst, n);
	key->id = pkt->frag_id;
	key->vrf = l3mdev_master_ifindex_rcu(state->in ?: state->out);
	key->at = at;
	key->family = pkt->family;
	if (pkt->family == AF_INET)
		key->proto = pkt->frag_proto;
	return &f->set[siphash(key, sizeof(*key), &f->secret) % IQ_FRAG_SETS];
}

/* Send on those that wait for @frag; the set's lock is held. */
static void iq_frag_release(struct iq_frags *f, struct iq_frag *frag)
{
	if (list_empty(&frag->held))
		return;
	spin_lock(&f->lock);
	list_splice_tail_init(&frag->held, &f->ready);
	spin_unlock(&f->lock);
	mod_delayed_work(system_highpri_wq, &f->work, 0);
}

/* What is lost where another packet gets its place: the less, the sooner it goes. */
static int iq_frag_worth(const struct iq_frag *frag)
{
	if (frag->state == IQ_FRAG_FREE)
		return 0;
	if (frag->state == IQ_FRAG_WAITING)
		return 4;
	if (frag->kind == IQ_FRAGMENT)
		return 1;
	return frag->done ? 2 : 3;
}

/* Is less lost with @a than with @b, NULL: none? Of what is worth the same, the older goes. */
static bool iq_frag_less(const struct iq_frag *a, const struct iq_frag *b)
{
	if (!b || iq_frag_worth(a) != iq_frag_worth(b))
		return !b || iq_frag_worth(a) < iq_frag_worth(b);
	return time_before(a->since, b->since);
}

/*
 * The place of a packet: its own, else one that is free, that remembers nothing but that the
 * first did not come, or whose last fragment was here, and others have hardly been overtaken
 * by it; for a @first fragment else the oldest that nobody waits for, and else the oldest:
 * a flood of others does not keep it from being heeded. Half of a set is for what may be
 * UDP, which never has more, and half for ESP and AH, which may have all: a first fragment
 * that finds its half taken by the others takes one of theirs. NULL, never for that: there
 * is none, or it has none of its own and is not to @take one.
 */
static struct iq_frag *iq_frag_find(struct iq_frags *f, struct iq_frag_set *set,
				    const struct iq_frag_key *key, bool udp, bool first,
				    bool take)
{
	struct iq_frag *frag, *free = NULL, *own = NULL, *other = NULL, *best;
	const unsigned int half = IQ_FRAG_SHARE(IQ_FRAG_WAYS);
	unsigned int n = 0;

	for (frag = set->way; frag < set->way + IQ_FRAG_WAYS; frag++) {
		if (frag->state == IQ_FRAG_KNOWN &&
		    time_after(jiffies, frag->since + IQ_FRAG_LIFE))
			frag->state = IQ_FRAG_FREE;
		if (frag->state == IQ_FRAG_FREE) {
			free = frag;
			continue;
		}
		if (!memcmp(&frag->key, key, sizeof(*key)))
			return frag;
		if (frag->udp != udp) {
			if (iq_frag_less(frag, other))
				other = frag;
			continue;
		}
		n++;
		if ((first || iq_frag_worth(frag) <= 2) && iq_frag_less(frag, own))
			own = frag;
	}
	if (!take)
		return NULL;
	if (free && (!udp || n < half))
		best = free;
	else
		best = first && n < half ? other : own;
	if (best) {
		iq_frag_release(f, best);
		best->state = IQ_FRAG_FREE;
		best->udp = udp;
		best->key = *key;
	}
	return best;
}

void iq_frag_learn(struct iq_net *iqn, const struct nf_hook_state *state,
		   const struct iq_packet *pkt, enum iq_kind kind, u32 at)
{
	struct iq_frags *f = iqn->frags;
	struct iq_frag_key key;
	struct iq_frag_set *set = iq_frag_key(f, state, pkt, at, &key);
	struct iq_frag *frag;

	spin_lock_bh(&set->lock);
	frag = iq_frag_find(f, set, &key, iq_frag_udp(pkt), true, true);
	frag->state = IQ_FRAG_KNOWN;
	frag->since = jiffies;
	frag->done = false;
	frag->kind = kind;
	if (kind == IQ_SA) {
		frag->proto = pkt->proto;
		frag->spi = pkt->spi;
	} else if (kind == IQ_IKE) {
		frag->spi_i = pkt->spi_i;
		frag->spi_r = pkt->spi_r;
		frag->initiator = pkt->initiator;
		frag->ikev1 = pkt->ikev1;
	}
	iq_frag_release(f, frag);
	spin_unlock_bh(&set->lock);
}

/* False: there is no room. */
static bool iq_frag_hold(struct iq_frags *f, struct iq_frag *frag,
			 struct sk_buff *skb, const struct nf_hook_state *state,
			 enum iq_hook_set set)
{
	struct iq_held *h;

	if (atomic_inc_return(&f->n_held) > IQ_FRAG_HELD)
		goto full;
	if (frag->udp &&
	    atomic_inc_return(&f->n_held_udp) > IQ_FRAG_SHARE(IQ_FRAG_HELD))
		goto full_udp;
	h = kmalloc(sizeof(*h), GFP_ATOMIC | __GFP_NOWARN);
	if (!h)
		goto full_udp;
	trace_iq_held(f->iqn, skb);
	dev_hold(state->in);
	h->skb = skb;
	h->set = set;
	h->state = *state;
	h->udp = frag->udp;
	list_add_tail(&h->list, &frag->held);
	if (frag->state == IQ_FRAG_FREE) {
		frag->state = IQ_FRAG_WAITING;
		frag->since = jiffies;
		queue_delayed_work(system_highpri_wq, &f->work, IQ_FRAG_WAIT);
	}
	return true;

full_udp:
	if (frag->udp)
		atomic_dec(&f->n_held_udp);
full:
	atomic_dec(&f->n_held);
	return false;
}

bool iq_frag_recall(struct iq_net *iqn, struct sk_buff *skb,
		    const struct nf_hook_state *state, struct iq_packet *pkt,
		    enum iq_kind *kind, u32 at)
{
	struct iq_frags *f = iqn->frags;
	struct iq_frag_key key;
	struct iq_frag_set *set = iq_frag_key(f, state, pkt, at, &key);
	bool wait = skb && !iq_frag_waited(skb), held = false;
	struct iq_frag *frag;

	*kind = IQ_FRAGMENT;
	spin_lock_bh(&set->lock);
	frag = iq_frag_find(f, set, &key, iq_frag_udp(pkt), false, wait);
	if (frag && frag->state == IQ_FRAG_KNOWN) {
		*kind = frag->kind;
		if (pkt->last)
			frag->done = true;
		pkt->proto = frag->proto;
		pkt->spi = frag->spi;
		pkt->spi_i = frag->spi_i;
		pkt->spi_r = frag->spi_r;
		pkt->initiator = frag->initiator;
		pkt->ikev1 = frag->ikev1;
	} else if (frag && wait) {
		held = iq_frag_hold(f, frag, skb, state,
				    at ? IQ_HOOKS_CHAIN : IQ_HOOKS_TAG);
	}
	spin_unlock_bh(&set->lock);
	return held;
}

static void iq_frag_resume(struct iq_frags *f, struct iq_held *h)
{
	struct nf_hook_state *state = &h->state;
	struct net_device *dev = state->in;
	struct sk_buff *skb = h->skb;

	rcu_read_lock();
	if (!(READ_ONCE(dev->flags) & IFF_UP) ||
	    !net_eq(dev_net(dev), state->net)) {
		kfree_skb(skb);
		goto out;
	}
	this_cpu_write(iq_frag_resuming, skb);
	iq_resume(h->set, state, skb);
	this_cpu_write(iq_frag_resuming, NULL);
out:
	rcu_read_unlock();
	dev_put(dev);
	if (h->udp)
		atomic_dec(&f->n_held_udp);
	atomic_dec(&f->n_held);
	kfree(h);
}

static void iq_frag_work(struct work_struct *work)
{
	struct iq_frags *f = container_of(to_delayed_work(work), struct iq_frags,
					  work);
	struct iq_held *h, *next;
	struct iq_frag_set *set;
	struct iq_frag *frag;
	LIST_HEAD(ready);
	bool more = false;

	for (set = f->set; set < f->set + IQ_FRAG_SETS; set++) {
		spin_lock_bh(&set->lock);
		for (frag = set->way; frag < set->way + IQ_FRAG_WAYS; frag++) {
			if (frag->state != IQ_FRAG_WAITING)
				continue;
			if (time_before(jiffies, frag->since + IQ_FRAG_WAIT)) {
				more = true;
				continue;
			}
			/* Others of it need not wait as well. */
			frag->state = IQ_FRAG_KNOWN;
			frag->since = jiffies;
			frag->kind = IQ_FRAGMENT;
			iq_frag_release(f, frag);
		}
		spin_unlock_bh(&set->lock);
	}

	spin_lock_bh(&f->lock);
	list_splice_init(&f->ready, &ready);
	spin_unlock_bh(&f->lock);
	list_for_each_entry_safe(h, next, &ready, list) {
		local_bh_disable();
		iq_frag_resume(f, h);
		local_bh_enable();
	}
	if (more)
		queue_delayed_work(system_highpri_wq, &f->work, IQ_FRAG_WAIT / 4);
}

int iq_frag_init(struct iq_net *iqn)
{
	struct iq_frags *f;
	int i, j;

	if (iqn->frags)
		return 0;
	f = kvzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	get_random_bytes(&f->secret, sizeof(f->secret));
	f->iqn = iqn;
	INIT_DELAYED_WORK(&f->work, iq_frag_work);
	spin_lock_init(&f->lock);
	INIT_LIST_HEAD(&f->ready);
	for (i = 0; i < IQ_FRAG_SETS; i++) {
		spin_lock_init(&f->set[i].lock);
		for (j = 0; j < IQ_FRAG_WAYS; j++)
			INIT_LIST_HEAD(&f->set[i].way[j].held);
	}
	iqn->frags = f;
	return 0;
}

static void iq_frag_drop(struct list_head *held)
{
	struct iq_held *h, *next;

	list_for_each_entry_safe(h, next, held, list) {
		kfree_skb(h->skb);
		dev_put(h->state.in);
		kfree(h);
	}
}

void iq_frag_exit(struct iq_net *iqn)
{
	struct iq_frags *f = iqn->frags;
	int i, j;

	if (!f)
		return;
	cancel_delayed_work_sync(&f->work);
	iq_frag_drop(&f->ready);
	for (i = 0; i < IQ_FRAG_SETS; i++)
		for (j = 0; j < IQ_FRAG_WAYS; j++)
			iq_frag_drop(&f->set[i].way[j].held);
	kvfree(f);
}
