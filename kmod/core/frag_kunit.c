// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments, in a network namespace of the tests' own that nobody else can see: its one
 * device is not registered, and what goes on ends in a list.
 */
#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <net/netns/generic.h>

#include "dst.c"
#include "frag.c"
#include "resume.c"

#define IQ_T_SOON	(10 * HZ)	/* when what is awaited must have come */

/**
 * struct iq_t - what a test has
 *
 * @state: of PRE_ROUTING, on @dev
 * @refs: of @dev, before anything waits
 * @addr: addresses, two by two
 */
struct iq_t {
	struct iq_net iqn;
	struct net *net;
	struct net_device *dev;
	struct nf_hook_state state;
	int refs;
	u8 addr[4][16];
};

/* What went on, in order; and how many of them had waited. Of the test that runs. */
static struct sk_buff_head iq_t_gone;
static atomic_t iq_t_waited;
static DECLARE_WAIT_QUEUE_HEAD(iq_t_went);

static int iq_t_okfn(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	if (iq_frag_waited(skb))
		atomic_inc(&iq_t_waited);
	skb_queue_tail(&iq_t_gone, skb);
	wake_up(&iq_t_went);
	return 0;
}

/* So many have gone on, in the end. */
static bool iq_t_await(u32 n)
{
	return wait_event_timeout(iq_t_went, skb_queue_len_lockless(&iq_t_gone) >= n,
				  IQ_T_SOON);
}

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct net_generic *gen;
	u32 i;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	skb_queue_head_init(&iq_t_gone);
	atomic_set(&iq_t_waited, 0);
	t->net = kunit_kzalloc(test, sizeof(*t->net), GFP_KERNEL);
	/* Who asks what is his of the namespace finds nothing. */
	gen = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	t->dev = alloc_netdev(0, "iqtest%d", NET_NAME_UNKNOWN, ether_setup);
	if (!t->net || !gen || !t->dev)
		return -ENOMEM;
	RCU_INIT_POINTER(t->net->gen, gen);
	dev_net_set(t->dev, t->net);
	t->dev->flags |= IFF_UP;
	t->refs = netdev_refcnt_read(t->dev);
	t->state = (struct nf_hook_state) {
		.hook = NF_INET_PRE_ROUTING,
		.pf = NFPROTO_IPV4,
		.in = t->dev,
		.net = t->net,
		.okfn = iq_t_okfn,
	};
	for (i = 0; i < ARRAY_SIZE(t->addr); i++)
		memset(t->addr[i], 0x10 + i, sizeof(t->addr[i]));
	t->iqn.net = t->net;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	return iq_dst_init(&t->iqn) ?: iq_frag_init(&t->iqn);
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;

	if (!t || !t->iqn.frags)
		return;
	iq_frag_exit(&t->iqn);
	iq_dst_exit(&t->iqn);
	KUNIT_EXPECT_EQ(test, netdev_refcnt_read(t->dev), t->refs);
	skb_queue_purge(&iq_t_gone);
	free_netdev(t->dev);
}

/* A fragment of @family, of the packet @id, from the first address to the second. */
static struct iq_packet iq_t_packet(struct iq_t *t, u8 family, u8 proto, u32 id)
{
	return (struct iq_packet) {
		.src = t->addr[0],
		.dst = t->addr[1],
		.family = family,
		.frag_proto = proto,
		.frag_id = id,
	};
}

static void iq_t_first(struct iq_t *t, u8 family, u8 proto, u32 id, enum iq_kind kind)
{
	struct iq_packet pkt = iq_t_packet(t, family, proto, id);

	pkt.first = true;
	pkt.proto = IPPROTO_ESP;
	pkt.spi = 0x1000 + id;
	pkt.spi_i = 0x2000 + id;
	pkt.spi_r = 0x3000 + id;
	pkt.initiator = true;
	pkt.ikev1 = true;
	rcu_read_lock();
	iq_frag_learn(&t->iqn, &t->state, &pkt, kind, 0);
	rcu_read_unlock();
}

/* A later one. @may: may wait; true: it does. */
static bool iq_t_later(struct iq_t *t, const struct iq_packet *pkt, bool may,
		       struct iq_packet *told, enum iq_kind *kind)
{
	struct sk_buff *skb = may ? alloc_skb(64, GFP_KERNEL) : NULL;
	bool held;

	*told = *pkt;
	rcu_read_lock();
	held = iq_frag_recall(&t->iqn, skb, &t->state, told, kind, 0);
	rcu_read_unlock();
	if (!held)
		kfree_skb(skb);
	return held;
}

static enum iq_kind iq_t_recall(struct iq_t *t, u8 family, u8 proto, u32 id)
{
	struct iq_packet pkt = iq_t_packet(t, family, proto, id), told;
	enum iq_kind kind;

	iq_t_later(t, &pkt, false, &told, &kind);
	return kind;
}

static bool iq_t_hold(struct iq_t *t, u8 proto, u32 id)
{
	struct iq_packet pkt = iq_t_packet(t, AF_INET, proto, id), told;
	enum iq_kind kind;

	return iq_t_later(t, &pkt, true, &told, &kind);
}

static struct iq_frag_set *iq_t_set(struct iq_t *t, u8 proto, u32 id)
{
	struct iq_packet pkt = iq_t_packet(t, AF_INET, proto, id);
	struct iq_frag_set *set;
	struct iq_frag_key key;

	rcu_read_lock();
	set = iq_frag_key(t->iqn.frags, &t->state, &pkt, 0, &key);
	rcu_read_unlock();
	return set;
}

/* The next packet after @id that has its place beside that of packet 0 of ESP. */
static u32 iq_t_beside(struct iq_t *t, u8 proto, u32 id)
{
	const struct iq_frag_set *set = iq_t_set(t, IPPROTO_ESP, 0);

	while (iq_t_set(t, proto, ++id) != set)
		;
	return id;
}

/* All that is known came to be so long ago. */
static void iq_t_age(struct iq_t *t, unsigned long by)
{
	struct iq_frags *f = t->iqn.frags;
	u32 i, j;

	for (i = 0; i < IQ_FRAG_SETS; i++) {
		spin_lock_bh(&f->set[i].lock);
		for (j = 0; j < IQ_FRAG_WAYS; j++)
			f->set[i].way[j].since -= by;
		spin_unlock_bh(&f->set[i].lock);
	}
	for (i = 0; i < IQ_FRAG_PAIRS; i++)
		f->pair[i].since -= by;
}

/* The first one tells of the others what it is, and of no others. */
static void iq_frag_told_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_packet pkt = iq_t_packet(t, AF_INET, IPPROTO_ESP, 1), told;
	enum iq_kind kind;

	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 1), IQ_FRAGMENT);
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_SA);
	KUNIT_EXPECT_FALSE(test, iq_t_later(t, &pkt, true, &told, &kind));
	KUNIT_EXPECT_EQ(test, kind, IQ_SA);
	KUNIT_EXPECT_EQ(test, told.proto, IPPROTO_ESP);
	KUNIT_EXPECT_EQ(test, told.spi, 0x1001);
	iq_t_first(t, AF_INET, IPPROTO_UDP, 2, IQ_IKE);
	pkt = iq_t_packet(t, AF_INET, IPPROTO_UDP, 2);
	KUNIT_EXPECT_FALSE(test, iq_t_later(t, &pkt, true, &told, &kind));
	KUNIT_EXPECT_EQ(test, kind, IQ_IKE);
	KUNIT_EXPECT_EQ(test, told.spi_i, 0x2002);
	KUNIT_EXPECT_EQ(test, told.spi_r, 0x3002);
	KUNIT_EXPECT_TRUE(test, told.initiator);
	KUNIT_EXPECT_TRUE(test, told.ikev1);

	/* Another identification, protocol, source, family, way. */
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 3), IQ_FRAGMENT);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_AH, 1), IQ_FRAGMENT);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET6, IPPROTO_ESP, 1), IQ_FRAGMENT);
	pkt = iq_t_packet(t, AF_INET, IPPROTO_ESP, 1);
	pkt.src = t->addr[2];
	iq_t_later(t, &pkt, false, &told, &kind);
	KUNIT_EXPECT_EQ(test, kind, IQ_FRAGMENT);
	pkt.src = t->addr[1];
	pkt.dst = t->addr[0];
	iq_t_later(t, &pkt, false, &told, &kind);
	KUNIT_EXPECT_EQ(test, kind, IQ_FRAGMENT);

	/* A later one of IPv6 may have another protocol. */
	iq_t_first(t, AF_INET6, IPPROTO_ESP, 4, IQ_SA);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET6, IPPROTO_AH, 4), IQ_SA);

	/* What the first is, is what the last one with that identification was. */
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_OTHER);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 1), IQ_OTHER);
	iq_t_age(t, IQ_FRAG_LIFE + HZ);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 1), IQ_FRAGMENT);
}

/* Those ahead of the first wait for it, and go on in the order in which they came. */
static void iq_frag_wait_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct sk_buff *skb[4];
	struct iq_packet pkt;
	enum iq_kind kind;
	bool held;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(skb); i++) {
		pkt = iq_t_packet(t, AF_INET, IPPROTO_ESP, 1);
		skb[i] = alloc_skb(64, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb[i]);
		rcu_read_lock();
		held = iq_frag_recall(&t->iqn, skb[i], &t->state, &pkt, &kind, 0);
		rcu_read_unlock();
		KUNIT_ASSERT_TRUE(test, held);
	}
	KUNIT_EXPECT_EQ(test, netdev_refcnt_read(t->dev), t->refs + 4);
	/* The first of another packet is nothing to them. */
	iq_t_first(t, AF_INET, IPPROTO_ESP, 2, IQ_SA);
	flush_delayed_work(&t->iqn.frags->work);
	KUNIT_EXPECT_EQ(test, skb_queue_len_lockless(&iq_t_gone), 0);
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_SA);
	KUNIT_ASSERT_TRUE(test, iq_t_await(4));
	for (i = 0; i < ARRAY_SIZE(skb); i++) {
		struct sk_buff *gone = skb_dequeue(&iq_t_gone);

		KUNIT_EXPECT_PTR_EQ(test, gone, skb[i]);
		kfree_skb(gone);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&iq_t_waited), 4);
}

/* One whose first never comes goes on after a while; and others of it at once. */
static void iq_frag_late_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	unsigned long began = jiffies;

	KUNIT_ASSERT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, 1));
	KUNIT_ASSERT_TRUE(test, iq_t_await(1));
	KUNIT_EXPECT_GE(test, jiffies - began, (unsigned long)IQ_FRAG_WAIT);
	KUNIT_EXPECT_FALSE(test, iq_t_hold(t, IPPROTO_ESP, 1));
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 1), IQ_FRAGMENT);
	/* It came after all. */
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_SA);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, 1), IQ_SA);
}

/* Whose device went down, or to another namespace, goes nowhere. */
static void iq_frag_down_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_frags *f = t->iqn.frags;

	KUNIT_ASSERT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, 1));
	t->dev->flags &= ~IFF_UP;
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_SA);
	flush_delayed_work(&f->work);
	KUNIT_EXPECT_EQ(test, skb_queue_len_lockless(&iq_t_gone), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n_held), 0);
	t->dev->flags |= IFF_UP;
	KUNIT_ASSERT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, 2));
	dev_net_set(t->dev, &init_net);
	iq_t_first(t, AF_INET, IPPROTO_ESP, 2, IQ_SA);
	flush_delayed_work(&f->work);
	KUNIT_EXPECT_EQ(test, skb_queue_len_lockless(&iq_t_gone), 0);
	dev_net_set(t->dev, t->net);
}

/* No more than so many wait, of UDP no more than half of them. */
static void iq_frag_ceiling_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_frags *f = t->iqn.frags;
	u32 i, n = 0, most = IQ_FRAG_SHARE(IQ_FRAG_HELD);

	/* Time goes back: none has waited long enough. */
	n += iq_t_hold(t, IPPROTO_UDP, 1);
	n += iq_t_hold(t, IPPROTO_ESP, 2);
	iq_t_age(t, -1000UL * HZ);
	for (i = 0; i < IQ_FRAG_HELD; i++)
		n += iq_t_hold(t, IPPROTO_UDP, 1);
	KUNIT_EXPECT_EQ(test, n, most + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n_held_udp), most);
	for (i = 0; i < IQ_FRAG_HELD; i++)
		n += iq_t_hold(t, IPPROTO_ESP, 2);
	KUNIT_EXPECT_EQ(test, n, IQ_FRAG_HELD);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n_held), IQ_FRAG_HELD);
	iq_t_first(t, AF_INET, IPPROTO_UDP, 1, IQ_OTHER);
	KUNIT_EXPECT_TRUE(test, iq_t_await(most));
	flush_delayed_work(&f->work);
	KUNIT_EXPECT_EQ(test, atomic_read(&f->n_held_udp), 0);
	KUNIT_EXPECT_TRUE(test, iq_t_hold(t, IPPROTO_UDP, 3));
	/* The others are there still, and go with the namespace. */
}

/* Of the places of a set UDP has no more than half, and takes none of ESP's. */
static void iq_frag_share_test(struct kunit *test)
{
	u32 esp[IQ_FRAG_WAYS + 1], udp[4 * IQ_FRAG_WAYS], last = 0, i, n = 0;
	const u32 share = IQ_FRAG_SHARE(IQ_FRAG_WAYS);
	struct iq_t *t = test->priv;

	for (i = 0; i < ARRAY_SIZE(esp); i++) {
		last = iq_t_beside(t, IPPROTO_ESP, last);
		esp[i] = last;
	}
	for (i = 0; i < ARRAY_SIZE(udp); i++) {
		last = iq_t_beside(t, IPPROTO_UDP, last);
		udp[i] = last;
	}
	/* A flood of what may be anything. */
	for (i = 0; i < ARRAY_SIZE(udp); i++)
		n += iq_t_hold(t, IPPROTO_UDP, udp[i]);
	KUNIT_EXPECT_EQ(test, n, share);
	for (i = 0; i < share; i++)
		iq_t_first(t, AF_INET, IPPROTO_ESP, esp[i], IQ_SA);
	for (i = 0; i < ARRAY_SIZE(udp); i++)
		iq_t_first(t, AF_INET, IPPROTO_UDP, udp[i], IQ_OTHER);
	/* The last one of it is heeded all the same. */
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_UDP, last), IQ_OTHER);
	for (i = 0; i < share; i++)
		KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, esp[i]), IQ_SA);
	/* Of more than there are places the oldest goes. */
	for (i = share; i < ARRAY_SIZE(esp); i++) {
		iq_t_age(t, 1);
		iq_t_first(t, AF_INET, IPPROTO_ESP, esp[i], IQ_SA);
	}
	for (i = share + 1; i < ARRAY_SIZE(esp); i++)
		KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, esp[i]), IQ_SA);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, esp[share]), IQ_FRAGMENT);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_UDP, last), IQ_OTHER);
}

/* ESP may have all places: those that UDP then needs, up to its half, it gets. */
static void iq_frag_half_test(struct kunit *test)
{
	u32 esp[IQ_FRAG_WAYS], udp[IQ_FRAG_WAYS], last = 0, i;
	const u32 half = IQ_FRAG_SHARE(IQ_FRAG_WAYS);
	struct iq_t *t = test->priv;

	for (i = 0; i < ARRAY_SIZE(esp); i++) {
		last = iq_t_beside(t, IPPROTO_ESP, last);
		esp[i] = last;
		iq_t_first(t, AF_INET, IPPROTO_ESP, last, IQ_SA);
		iq_t_age(t, 1);
	}
	/* Each is still there when as many others have come as its half has places. */
	for (i = 0; i < ARRAY_SIZE(udp); i++) {
		last = iq_t_beside(t, IPPROTO_UDP, last);
		udp[i] = last;
		iq_t_first(t, AF_INET, IPPROTO_UDP, last, IQ_SA);
		iq_t_age(t, 1);
		if (i + 1 >= half)
			KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_UDP,
							  udp[i + 1 - half]), IQ_SA);
	}
	/* None but the oldest of ESP has gone for them. */
	for (i = 0; i < ARRAY_SIZE(esp); i++)
		KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, esp[i]),
				i < ARRAY_SIZE(esp) - half ? IQ_FRAGMENT : IQ_SA);
}

/* Whose last fragment was here goes first, though it is younger than others. */
static void iq_frag_done_test(struct kunit *test)
{
	u32 id[IQ_FRAG_WAYS + 2], last = 0, i;
	struct iq_t *t = test->priv;
	struct iq_packet pkt, told;
	enum iq_kind kind;

	for (i = 0; i < IQ_FRAG_WAYS; i++) {
		id[i] = last = iq_t_beside(t, IPPROTO_ESP, last);
		iq_t_first(t, AF_INET, IPPROTO_ESP, last, IQ_SA);
		iq_t_age(t, 1);
	}
	/* All are awaited still: one that is ahead of its first finds no place. */
	id[i] = last = iq_t_beside(t, IPPROTO_ESP, last);
	KUNIT_EXPECT_FALSE(test, iq_t_hold(t, IPPROTO_ESP, id[i]));
	pkt = iq_t_packet(t, AF_INET, IPPROTO_ESP, id[3]);
	iq_t_later(t, &pkt, false, &told, &kind);
	KUNIT_EXPECT_EQ(test, kind, IQ_SA);
	KUNIT_EXPECT_FALSE(test, iq_t_hold(t, IPPROTO_ESP, id[i]));
	pkt.last = true;
	iq_t_later(t, &pkt, false, &told, &kind);
	KUNIT_EXPECT_EQ(test, kind, IQ_SA);
	iq_t_first(t, AF_INET, IPPROTO_ESP, id[i], IQ_SA);
	for (i = 0; i <= IQ_FRAG_WAYS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, id[i]),
				i == 3 ? IQ_FRAGMENT : IQ_SA);
	/* Done, it makes way for one that is to wait, too. */
	pkt = iq_t_packet(t, AF_INET, IPPROTO_ESP, id[5]);
	pkt.last = true;
	iq_t_later(t, &pkt, false, &told, &kind);
	id[IQ_FRAG_WAYS + 1] = iq_t_beside(t, IPPROTO_ESP, last);
	/* ... and for none that does not. */
	iq_t_recall(t, AF_INET, IPPROTO_ESP, id[IQ_FRAG_WAYS + 1]);
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, id[5]), IQ_SA);
	KUNIT_EXPECT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, id[IQ_FRAG_WAYS + 1]));
	KUNIT_EXPECT_EQ(test, iq_t_recall(t, AF_INET, IPPROTO_ESP, id[5]), IQ_FRAGMENT);
}

static bool iq_t_ours(struct iq_t *t, u8 proto, u32 src, u32 dst)
{
	struct iq_packet pkt = iq_t_packet(t, AF_INET, proto, 1);
	bool ours;

	pkt.src = t->addr[src];
	pkt.dst = t->addr[dst];
	rcu_read_lock();
	ours = iq_frag_ours(&t->iqn, &pkt);
	rcu_read_unlock();
	return ours;
}

/* What may be somebody's: where an SA has the addresses, or IKE went between them. */
static void iq_frag_ours_test(struct kunit *test)
{
	struct iq_key key = { .family = AF_INET, .proto = IPPROTO_ESP };
	struct iq_t *t = test->priv;
	struct iq_packet pkt = iq_t_packet(t, AF_INET, IPPROTO_UDP, 1);

	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 0, 1));
	memcpy(&key.dst[0], t->addr[1], 4);
	spin_lock_bh(&t->iqn.table_lock);
	KUNIT_EXPECT_EQ(test, iq_dst_added(&t->iqn, &key), 0);
	spin_unlock_bh(&t->iqn.table_lock);
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_ESP, 0, 1));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 1, 0));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 0, 1));
	memcpy(&key.dst[0], t->addr[0], 4);
	spin_lock_bh(&t->iqn.table_lock);
	KUNIT_EXPECT_EQ(test, iq_dst_added(&t->iqn, &key), 0);
	spin_unlock_bh(&t->iqn.table_lock);
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_UDP, 0, 1));
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_UDP, 1, 0));

	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 2, 3));
	pkt.src = t->addr[2];
	pkt.dst = t->addr[3];
	iq_frag_pair(&t->iqn, &pkt);
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_UDP, 2, 3));
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_UDP, 3, 2));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 2, 3));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 0, 3));
	iq_t_age(t, IQ_FRAG_PAIR_LIFE + HZ);
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 2, 3));
	/* Of a fragment of ESP the pair says nothing. */
	pkt.first = true;
	pkt.frag_proto = IPPROTO_ESP;
	iq_frag_pair(&t->iqn, &pkt);
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 2, 3));
}

/* The address that a feature awaits fragments for; NULL: none. Of the test that runs. */
static const u8 *iq_t_steered;

static bool iq_t_awaits(const struct iq_net *iqn, u8 family, const void *dst)
{
	return family == AF_INET && iq_t_steered && !memcmp(dst, iq_t_steered, 4);
}

static const struct iq_feature iq_t_feature = {
	.name = "test",
	.awaits = iq_t_awaits,
};

/* What main.c has in the module. */
const struct iq_feature *const iq_features[] = { &iq_t_feature, NULL };

/* Of a steered destination fragments of all kinds wait, while steering is on. */
static void iq_frag_awaited_test(struct kunit *test)
{
	struct iq_t *t = test->priv;

	iq_t_steered = t->addr[1];
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 0, 1));
	t->iqn.steering = true;
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_ESP, 0, 1));
	KUNIT_EXPECT_TRUE(test, iq_t_ours(t, IPPROTO_UDP, 0, 1));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 1, 0));
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_UDP, 1, 0));
	iq_t_steered = NULL;
	KUNIT_EXPECT_FALSE(test, iq_t_ours(t, IPPROTO_ESP, 0, 1));
}

static unsigned int iq_t_hook(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	int *n = priv;

	++*n;
	return NF_ACCEPT;
}

static unsigned int iq_t_own_hook(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	return iq_frag_waited(skb) ? NF_ACCEPT : NF_DROP;
}

/* The sets that path.c has in the module: a hook of the tests' own is there for it. */
static const struct nf_hook_ops iq_t_tag[] = {
	{
		.hook = iq_t_own_hook,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = IQ_FIRST_PRIORITY,
	},
};

const struct iq_hook_ops iq_hook_sets[__IQ_HOOKS_MAX] = {
	[IQ_HOOKS_TAG] = { iq_t_tag, ARRAY_SIZE(iq_t_tag) },
};

/* What waited meets this module's own hook and those behind it, none in front. */
static void iq_frag_hook_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	int before = 0, behind = 0, i;
	/* Of one priority, who registered last stands in front. */
	struct nf_hook_ops own = iq_t_tag[0], ops[] = {
		{ .hook = iq_t_hook, .priv = &before, .priority = IQ_FIRST_PRIORITY - 1 },
		{ .hook = iq_t_hook, .priv = &before, .priority = IQ_FIRST_PRIORITY },
		{ .hook = iq_t_hook, .priv = &behind, .priority = IQ_FIRST_PRIORITY + 1 },
	};

	own.priv = &t->iqn;
	KUNIT_ASSERT_EQ(test, nf_register_net_hook(t->net, &own), 0);

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i].pf = NFPROTO_IPV4;
		ops[i].hooknum = NF_INET_PRE_ROUTING;
		KUNIT_ASSERT_EQ(test, nf_register_net_hook(t->net, &ops[i]), 0);
	}
	KUNIT_EXPECT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, 1));
	iq_t_first(t, AF_INET, IPPROTO_ESP, 1, IQ_SA);
	KUNIT_EXPECT_TRUE(test, iq_t_await(1));
	/* It is gone: what was behind it is there still. */
	nf_unregister_net_hook(t->net, &own);
	KUNIT_EXPECT_TRUE(test, iq_t_hold(t, IPPROTO_ESP, 2));
	iq_t_first(t, AF_INET, IPPROTO_ESP, 2, IQ_SA);
	KUNIT_EXPECT_TRUE(test, iq_t_await(2));
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		nf_unregister_net_hook(t->net, &ops[i]);
	KUNIT_EXPECT_EQ(test, before, 0);
	KUNIT_EXPECT_EQ(test, behind, 2);
}

static struct kunit_case iq_frag_cases[] = {
	KUNIT_CASE(iq_frag_told_test),
	KUNIT_CASE(iq_frag_wait_test),
	KUNIT_CASE(iq_frag_late_test),
	KUNIT_CASE(iq_frag_down_test),
	KUNIT_CASE(iq_frag_ceiling_test),
	KUNIT_CASE(iq_frag_share_test),
	KUNIT_CASE(iq_frag_half_test),
	KUNIT_CASE(iq_frag_done_test),
	KUNIT_CASE(iq_frag_ours_test),
	KUNIT_CASE(iq_frag_awaited_test),
	KUNIT_CASE(iq_frag_hook_test),
	{}
};

static struct kunit_suite iq_frag_suite = {
	.name = "iq_frag",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_frag_cases,
};

kunit_test_suite(iq_frag_suite);
