// SPDX-License-Identifier: GPL-2.0
/*
 * Translation without packets: whose is an SPI on its way in, who gives way at a
 * ceiling, and what is over; and matching against a model that looks at all entries.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "ceiling.c"
#include "entry.c"
#include "expire.c"
#include "match.c"
#include "nat.c"
#include "node.c"
#include "peer.c"
#include "rule.c"

#define IQ_T_GLOBAL	cpu_to_be32(0xc0000201)	/* the inside global address */
#define IQ_T_OUTSIDE	cpu_to_be32(0xc6336401)	/* outside ends, and those behind it */
#define IQ_T_INSIDE	cpu_to_be32(0x0a000001)	/* likewise nodes */
#define IQ_T_LONG	(1000 * HZ)

/**
 * struct iq_t - what a test has
 *
 * @rule: the rule, of id 1
 * @conf: how it is now
 * @collided: what the last packet in met
 */
struct iq_t {
	struct iq_net iqn;
	struct iq_nat *nat;
	struct iq_nat_rule *rule;
	const struct iq_nat_conf *conf;
	struct rnd_state rnd;
	bool collided;
};

/* What listeners were told, in the test that runs. */
static u32 iq_t_events[IPSEC_QOS_EVENT_MAX + 1], iq_t_collisions, iq_t_ceilings;

void iq_event_nat(struct iq_nat *nat, enum ipsec_qos_event event,
		  struct iq_nat_entry *const *entries, unsigned int n)
{
	iq_t_events[event] += n;
}

void iq_event_nat_collision(struct iq_nat *nat, struct iq_nat_rule *rule,
			    struct iq_nat_entry *const *entries, unsigned int n)
{
	iq_t_collisions++;
}

void iq_event_nat_ceiling(struct iq_nat *nat, struct iq_nat_rule *rule, __be32 inside)
{
	iq_t_ceilings++;
}

static const struct iq_nat_conf iq_t_plain = {
	.idle = IQ_T_LONG,
	.wait = IQ_T_LONG,
	.max = 1000,
	.max_node = 1000,
	.admin = true,
};

static void iq_t_set(struct kunit *test, const struct iq_nat_conf *conf)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf *own = kmemdup(conf, sizeof(*conf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, own);
	mutex_lock(&t->iqn.config_lock);
	KUNIT_EXPECT_EQ(test, iq_nat_rule_set(t->nat, 1, own), 0);
	t->rule = iq_nat_rule_find(t->nat, 1);
	mutex_unlock(&t->iqn.config_lock);
	t->conf = own;
}

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	prandom_seed_state(&t->rnd, 42);
	memset(iq_t_events, 0, sizeof(iq_t_events));
	iq_t_collisions = 0;
	iq_t_ceilings = 0;
	mutex_lock(&t->iqn.config_lock);
	err = iq_nat_init(&t->iqn);
	mutex_unlock(&t->iqn.config_lock);
	if (err)
		return err;
	test->priv = t;
	t->nat = iq_nat(&t->iqn);
	iq_t_set(test, &iq_t_plain);
	return 0;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;

	if (!t)
		return;
	iq_nat_exit(&t->iqn);
	rcu_barrier();
}

static u64 iq_t_counter(struct iq_t *t, enum ipsec_qos_nat_counter which)
{
	return iq_counter_sum(t->rule->counter, which).packets;
}

static __be32 iq_t_nth(__be32 first, u32 i)
{
	return cpu_to_be32(be32_to_cpu(first) + i);
}

/* Which node's is an entry? */
static u32 iq_t_node(const struct iq_nat_entry *e)
{
	return be32_to_cpu(iq_nat_inside(e)) - be32_to_cpu(IQ_T_INSIDE);
}

/* Node @i sends to the outside end @o. Nothing is over but by the test's own word. */
static struct iq_nat_entry *iq_t_send(struct iq_t *t, u32 i, u32 o, u32 spi)
{
	struct iq_nat_entry *e;

	local_bh_disable();
	rcu_read_lock();
	e = iq_nat_send(t->nat, t->rule, t->conf, iq_t_nth(IQ_T_INSIDE, i), IQ_T_GLOBAL,
			iq_t_nth(IQ_T_OUTSIDE, o), cpu_to_be32(spi));
	rcu_read_unlock();
	local_bh_enable();
	mod_delayed_work(system_dfl_wq, &t->nat->expire, IQ_T_LONG);
	return e;
}

/* Likewise a first packet; the time of it is that of its entry, whatever the clock does. */
static struct iq_nat_entry *iq_t_begin(struct iq_t *t, u32 i, u32 o, u32 spi)
{
	struct iq_nat_entry *e = iq_t_send(t, i, o, spi);

	if (e)
		e->dir[IQ_NAT_OUT].used = e->dir[IQ_NAT_IN].since;
	return e;
}

/* A packet from the outside end @o comes to @global. */
static struct iq_nat_entry *iq_t_come(struct iq_t *t, u32 o, __be32 global, u32 spi)
{
	__be32 outside = iq_t_nth(IQ_T_OUTSIDE, o);
	struct iq_nat_entry *e;

	t->collided = false;
	local_bh_disable();
	rcu_read_lock();
	e = iq_nat_find_in(t->nat, t->rule, outside, cpu_to_be32(spi));
	if (e)
		iq_nat_use(&e->dir[IQ_NAT_IN]);
	else
		e = iq_nat_match(t->nat, t->rule, t->conf, global, outside,
				 cpu_to_be32(spi), &t->collided);
	rcu_read_unlock();
	local_bh_enable();
	return e;
}

static struct iq_nat_entry *iq_t_in(struct iq_t *t, u32 o, u32 spi)
{
	return iq_t_come(t, o, IQ_T_GLOBAL, spi);
}

static u32 iq_t_derived(struct iq_t *t, u32 spi)
{
	return iq_spi_derived(&t->conf->scheme, spi);
}

/* The SPI that answers @spi, the @nth of those that there may be. */
static u32 iq_t_answer(struct iq_t *t, u32 spi, u32 nth)
{
	return iq_spi_make(&t->conf->scheme, spi, (0x1000 + nth) << 16);
}

/* All of an entry is so much older. */
static void iq_t_age_one(struct iq_nat_entry *e, unsigned long by)
{
	int i;

	for (i = 0; i < __IQ_NAT_DIRS; i++) {
		e->dir[i].since -= by;
		e->dir[i].used -= by;
	}
}

static void iq_t_age(struct iq_t *t, unsigned long by)
{
	struct iq_nat_entry *e;
	struct iq_nat_peer *p;
	int i;

	spin_lock_bh(&t->nat->lock);
	for (i = 0; i < __IQ_NAT_ORDERS; i++)
		list_for_each_entry(e, &t->rule->order[i], list)
			iq_t_age_one(e, by);
	list_for_each_entry(p, &t->rule->turns, turns)
		p->turn -= by;
	spin_unlock_bh(&t->nat->lock);
}

static void iq_t_expire(struct iq_t *t)
{
	spin_lock_bh(&t->nat->lock);
	while (!iq_nat_expire(t->nat, t->rule, IQ_NAT_STEP))
		;
	spin_unlock_bh(&t->nat->lock);
}

/* Node @i has an SA with @o that is known to be its own. */
static struct iq_nat_entry *iq_t_confirmed(struct kunit *test, u32 i, u32 o, u32 spi)
{
	struct iq_t *t = test->priv;
	struct iq_nat_entry *e = iq_t_send(t, i, o, spi);

	KUNIT_ASSERT_NOT_NULL(test, e);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, o, iq_t_answer(t, spi, 0)), e);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_send(t, i, o, spi), e);
	KUNIT_EXPECT_EQ(test, iq_nat_state(e), IPSEC_QOS_NAT_CONFIRMED);
	return e;
}

/* Is the entry there that node @i made? */
static bool iq_t_there(struct iq_t *t, u32 i, u32 o, u32 spi)
{
	struct iq_nat_entry *e;
	bool there;

	rcu_read_lock();
	e = iq_nat_find_out(t->nat, t->rule, iq_t_nth(IQ_T_OUTSIDE, o), cpu_to_be32(spi));
	there = e && iq_t_node(e) == i;
	rcu_read_unlock();
	return there;
}

static const u8 iq_t_schemes[] = {
	IQ_SPI_MD5_LOW16, IQ_SPI_MD5_LOW24, IQ_SPI_MD5_FULL, IQ_SPI_SIPHASH_LOW16,
};

static void iq_t_scheme_name(const u8 *scheme, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "scheme %u", *scheme);
}

KUNIT_ARRAY_PARAM(iq_t_scheme, iq_t_schemes, iq_t_scheme_name);

static void iq_t_set_scheme(struct kunit *test)
{
	struct iq_nat_conf conf = iq_t_plain;

	conf.scheme.scheme = *(const u8 *)test->param_value;
	memset(conf.scheme.key, 0x5a, sizeof(conf.scheme.key));
	iq_t_set(test, &conf);
}

/* The other end answered: its SPI is derived from the inside node's. */
static void iq_nat_derived_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_entry *a, *b;
	u32 answer;

	iq_t_set_scheme(test);
	a = iq_t_send(t, 1, 1, 0xc0ffee01);
	b = iq_t_send(t, 2, 1, 0xc0ffee02);
	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_WAITING);
	answer = iq_t_answer(t, 0xc0ffee01, 0);
	/* From another end, to another address, and what fits nobody. */
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 2, answer));
	KUNIT_EXPECT_NULL(test, iq_t_come(t, 1, IQ_T_OUTSIDE, answer));
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, answer ^ 1));
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, answer), a);
	KUNIT_EXPECT_FALSE(test, t->collided);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_ASSOCIATED);
	KUNIT_EXPECT_EQ(test, iq_nat_state(b), IPSEC_QOS_NAT_WAITING);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, answer), a);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_send(t, 1, 1, 0xc0ffee01), a);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_CONFIRMED);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0xc0ffee02, 0)), b);
	KUNIT_EXPECT_EQ(test, iq_t_events[IPSEC_QOS_EVENT_NEW], 2);
	KUNIT_EXPECT_EQ(test, iq_t_events[IPSEC_QOS_EVENT_CHANGE], 3);
	KUNIT_EXPECT_EQ(test, iq_t_collisions, 0);
}

/* The inside node answered: its own SPI is the derived one. */
static void iq_nat_stored_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_entry *a;
	u32 answer;

	iq_t_set_scheme(test);
	answer = iq_t_answer(t, 0xdecade01, 0);
	a = iq_t_send(t, 1, 1, answer);
	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, 0xdecade02));
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 2, 0xdecade01));
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, 0xdecade01), a);
	KUNIT_EXPECT_FALSE(test, t->collided);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_ASSOCIATED);
}

/* Two nodes' SPIs fit: who is it that gets the packet? */
static void iq_nat_collision_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	u32 come = 0xdecade01, low = iq_t_derived(t, come), spi;
	struct iq_nat_entry *a, *b, *c;
	int how;

	for (how = 0; how <= IPSEC_QOS_NAT_COLLISION_MAX; how++) {
		conf.collision = how;
		iq_t_set(test, &conf);
		spi = how << 24;
		a = iq_t_send(t, 1, how, spi | 0x10000 | low);
		iq_t_age(t, 1);
		b = iq_t_send(t, 2, how, spi | 0x20000 | low);
		KUNIT_ASSERT_TRUE(test, a && b);
		c = iq_t_in(t, how, come);
		KUNIT_EXPECT_TRUE(test, t->collided);
		KUNIT_EXPECT_EQ(test, iq_t_collisions, how + 1);
		KUNIT_EXPECT_PTR_EQ(test, c,
				    how == IPSEC_QOS_NAT_COLLISION_OLDEST ? a :
				    how == IPSEC_QOS_NAT_COLLISION_NEWEST ? b : NULL);
	}
	/* Two of one node are no collision: it is the later. */
	conf.collision = IPSEC_QOS_NAT_COLLISION_DISCARD;
	iq_t_set(test, &conf);
	iq_t_send(t, 1, 8, 0x10000 | low);
	iq_t_age(t, 1);
	b = iq_t_send(t, 1, 8, 0x20000 | low);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 8, come), b);
	KUNIT_EXPECT_FALSE(test, t->collided);
	/* Where somebody fills the rule, it is that of a node that is known. */
	iq_t_confirmed(test, 1, 9, 0x77770001);
	a = iq_t_send(t, 1, 7, 0x10000 | low);
	iq_t_send(t, 2, 7, 0x20000 | low);
	t->rule->crowded = jiffies ?: 1;
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 7, come), a);
	KUNIT_EXPECT_FALSE(test, t->collided);
}

/* Who was associated gives way to another answer, until it is beyond doubt. */
static void iq_nat_doubt_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 first = iq_t_answer(t, 0xc0ffee01, 0);
	struct iq_nat_entry *a = iq_t_confirmed(test, 1, 1, 0xc0ffee01), *b;

	/* The right one comes: the other was a stranger's. */
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0xc0ffee01, 1)), a);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_ASSOCIATED);
	/* And now that fits it too; but who waits comes first. */
	b = iq_t_send(t, 2, 1, iq_t_answer(t, iq_t_answer(t, 0xc0ffee01, 2), 3));
	KUNIT_ASSERT_NOT_NULL(test, b);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0xc0ffee01, 2)), b);
	KUNIT_EXPECT_FALSE(test, t->collided);
	/* The stranger's is known no more: it is matched anew. */
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, first), a);
	iq_t_send(t, 1, 1, 0xc0ffee01);
	iq_t_age(t, IQ_NAT_DOUBT);
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, iq_t_answer(t, 0xc0ffee01, 4)));
	/* So it is when that has been looked after. */
	iq_t_expire(t);
	KUNIT_EXPECT_FALSE(test, a->dir[IQ_NAT_OUT].can_match);
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, iq_t_answer(t, 0xc0ffee01, 5)));
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, first), a);
}

/* At a node's ceiling one of its own goes: the oldest that waits, none confirmed. */
static void iq_nat_node_ceiling_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	u32 i;

	conf.max_node = 4;
	iq_t_set(test, &conf);
	iq_t_send(t, 2, 1, 0x2000);
	iq_t_confirmed(test, 1, 1, 0x1000);
	for (i = 1; i < 4; i++) {
		iq_t_age(t, 2);
		iq_t_begin(t, 1, 1, 0x1000 + i);
	}
	KUNIT_EXPECT_EQ(test, iq_t_ceilings, 0);
	/* It has sent again since, and is spared. */
	iq_t_age(t, 2);
	iq_t_send(t, 1, 1, 0x1001);
	KUNIT_EXPECT_NOT_NULL(test, iq_t_begin(t, 1, 1, 0x1004));
	KUNIT_EXPECT_EQ(test, iq_t_ceilings, 1);
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 1, 1, 0x1000));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 1, 1, 0x1001));
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 1, 1, 0x1002));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 1, 1, 0x1003));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 2, 1, 0x2000));
	KUNIT_EXPECT_EQ(test, iq_t_counter(t, IPSEC_QOS_NAT_COUNTER_EVICTED), 1);
	/* Those that are associated go where none waits. */
	iq_t_age(t, 2);
	iq_t_in(t, 1, iq_t_answer(t, 0x1001, 0));
	iq_t_age(t, 2);
	iq_t_in(t, 1, iq_t_answer(t, 0x1003, 0));
	iq_t_in(t, 1, iq_t_answer(t, 0x1004, 0));
	KUNIT_EXPECT_NOT_NULL(test, iq_t_send(t, 1, 1, 0x1005));
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 1, 1, 0x1001));
	/* All are confirmed: there is no room. */
	iq_t_in(t, 1, iq_t_answer(t, 0x1005, 0));
	for (i = 3; i < 6; i++)
		iq_t_send(t, 1, 1, 0x1000 + i);
	KUNIT_EXPECT_NULL(test, iq_t_send(t, 1, 1, 0x1006));
	KUNIT_EXPECT_EQ(test, iq_t_counter(t, IPSEC_QOS_NAT_COUNTER_CEILING), 1);
	KUNIT_EXPECT_EQ(test, t->rule->n, 5);
	/* Another node may, and the first may not move to it. */
	KUNIT_EXPECT_NOT_NULL(test, iq_t_send(t, 2, 1, 0x2001));
	KUNIT_EXPECT_NULL(test, iq_t_send(t, 1, 1, 0x2001));
}

#define IQ_T_KNOWN	(IQ_NAT_SPARED + 4)	/* that wait of the node that is known */
#define IQ_T_STRANGERS	8

/* At a rule's, strangers go ahead of nodes that have something confirmed. */
static void iq_nat_rule_ceiling_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	u32 i;

	conf.max = 1 + IQ_T_KNOWN + IQ_T_STRANGERS;
	iq_t_set(test, &conf);
	iq_t_confirmed(test, 1, 1, 0x1000);
	for (i = 1; i <= IQ_T_KNOWN; i++)
		iq_t_begin(t, 1, 1, 0x1000 + i);
	for (i = 0; i < IQ_T_STRANGERS; i++) {
		iq_t_age(t, 2);
		iq_t_begin(t, 10 + i, 1, 0x2000 + i);
	}
	KUNIT_EXPECT_EQ(test, iq_t_ceilings, 0);
	KUNIT_EXPECT_EQ(test, t->rule->crowded, 0);
	/* A flood of addresses of nobody takes one another's place. */
	for (i = 0; i < 100; i++) {
		iq_t_age(t, 2);
		KUNIT_EXPECT_NOT_NULL(test, iq_t_begin(t, 10 + IQ_T_STRANGERS + i, 1,
						       0x2000 + IQ_T_STRANGERS + i));
		KUNIT_EXPECT_FALSE(test, iq_t_there(t, 10 + i, 1, 0x2000 + i));
		KUNIT_EXPECT_EQ(test, t->rule->n, conf.max);
	}
	KUNIT_EXPECT_NE(test, t->rule->crowded, 0);
	for (i = 0; i <= IQ_T_KNOWN; i++)
		KUNIT_EXPECT_TRUE(test, iq_t_there(t, 1, 1, 0x1000 + i));
	KUNIT_EXPECT_EQ(test, iq_t_counter(t, IPSEC_QOS_NAT_COUNTER_EVICTED), 100);
	/* Where nobody waits but the known node, it is its turn. */
	for (i = 100; i < 100 + IQ_T_STRANGERS; i++) {
		iq_t_in(t, 1, iq_t_answer(t, 0x2000 + i, 0));
		iq_t_send(t, 10 + i, 1, 0x2000 + i);
	}
	iq_t_age(t, 2);
	KUNIT_EXPECT_NOT_NULL(test, iq_t_begin(t, 200, 1, 0x3000));
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 1, 1, 0x1001));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 1, 1, 0x1000));
}

/* No more than so many that one SPI would fit. */
static void iq_nat_alike_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i;

	for (i = 0; i < 3 * IQ_NAT_ALIKE; i++) {
		iq_t_age(t, 1);
		KUNIT_ASSERT_NOT_NULL(test, iq_t_send(t, i, 1, i << 16 | 0x1234));
		KUNIT_EXPECT_EQ(test, t->nat->n, min_t(u32, i + 1, IQ_NAT_ALIKE));
		if (i >= IQ_NAT_ALIKE)
			KUNIT_EXPECT_FALSE(test, iq_t_there(t, i - IQ_NAT_ALIKE, 1,
							    (i - IQ_NAT_ALIKE) << 16 | 0x1234));
	}
	/* Of another end there may be as many. */
	KUNIT_EXPECT_NOT_NULL(test, iq_t_send(t, 0, 2, 0x1234));
	KUNIT_EXPECT_EQ(test, t->nat->n, IQ_NAT_ALIKE + 1);
}

/* The same SPI from another address: the node has moved there, and its SA with it. */
static void iq_nat_move_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_entry *a = iq_t_confirmed(test, 1, 1, 0x1000);
	struct iq_nat_node *node;

	KUNIT_EXPECT_PTR_EQ(test, iq_t_send(t, 2, 1, 0x1000), a);
	KUNIT_EXPECT_EQ(test, iq_t_node(a), 2);
	KUNIT_EXPECT_EQ(test, iq_nat_state(a), IPSEC_QOS_NAT_CONFIRMED);
	spin_lock_bh(&t->nat->lock);
	KUNIT_EXPECT_NULL(test, iq_nat_node_find(t->nat, t->rule, iq_t_nth(IQ_T_INSIDE, 1)));
	node = iq_nat_node_find(t->nat, t->rule, iq_t_nth(IQ_T_INSIDE, 2));
	KUNIT_EXPECT_PTR_EQ(test, a->node, node);
	spin_unlock_bh(&t->nat->lock);
	KUNIT_ASSERT_NOT_NULL(test, node);
	KUNIT_EXPECT_EQ(test, node->n, 1);
	KUNIT_EXPECT_EQ(test, node->n_confirmed, 1);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0x1000, 0)), a);
}

/* Outside ends that derive nothing: whose is their answer? */
static void iq_nat_underived_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	struct iq_nat_entry *a, *b;

	iq_t_send(t, 1, 1, 0x1000);
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, 0x77777777));
	conf.underived = IPSEC_QOS_NAT_UNDERIVED_LAST;
	iq_t_set(test, &conf);
	/* What waited by another rule has gone. */
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 1, 1, 0x1000));
	a = iq_t_send(t, 1, 1, 0x1000);
	b = iq_t_send(t, 2, 1, 0x2000);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, 0x77777777), b);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, 0x77777778), a);
	KUNIT_EXPECT_NULL(test, iq_t_in(t, 1, 0x77777779));

	conf.underived = IPSEC_QOS_NAT_UNDERIVED_SERIALIZE;
	iq_t_set(test, &conf);
	a = iq_t_send(t, 1, 2, 0x1001);
	KUNIT_EXPECT_NOT_NULL(test, a);
	KUNIT_EXPECT_NULL(test, iq_t_send(t, 2, 2, 0x2001));
	KUNIT_EXPECT_EQ(test, iq_t_counter(t, IPSEC_QOS_NAT_COUNTER_SERIALIZED), 1);
	/* To another end it may. */
	KUNIT_EXPECT_NOT_NULL(test, iq_t_send(t, 2, 3, 0x2002));
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 2, 0x77777777), a);
	b = iq_t_send(t, 2, 2, 0x2001);
	KUNIT_EXPECT_NOT_NULL(test, b);
	/* It waits too long: its turn is over. */
	KUNIT_EXPECT_NULL(test, iq_t_send(t, 3, 2, 0x3001));
	iq_t_age(t, IQ_T_LONG / 2);
	iq_t_expire(t);
	KUNIT_EXPECT_NULL(test, iq_t_send(t, 3, 2, 0x3001));
	iq_t_send(t, 2, 2, 0x2001);
	iq_t_age(t, IQ_T_LONG / 2);
	iq_t_expire(t);
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 2, 2, 0x2001));
	KUNIT_EXPECT_NOT_NULL(test, iq_t_send(t, 3, 2, 0x3001));
}

/* What is over goes; what was associated and never confirmed waits again. */
static void iq_nat_expire_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	struct iq_nat_entry *b;

	conf.wait = 100 * HZ;
	iq_t_set(test, &conf);
	iq_t_send(t, 1, 1, 0x1000);
	b = iq_t_send(t, 2, 1, 0x2000);
	iq_t_confirmed(test, 3, 1, 0x3000);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0x2000, 0)), b);
	iq_t_age(t, 90 * HZ);
	iq_t_expire(t);
	KUNIT_EXPECT_EQ(test, t->nat->n, 3);
	/* Packets still come for the second. */
	KUNIT_EXPECT_PTR_EQ(test, iq_t_in(t, 1, iq_t_answer(t, 0x2000, 0)), b);
	iq_t_age(t, 10 * HZ);
	iq_t_expire(t);
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 1, 1, 0x1000));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 2, 1, 0x2000));
	KUNIT_EXPECT_EQ(test, iq_nat_state(b), IPSEC_QOS_NAT_WAITING);
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 3, 1, 0x3000));
	iq_t_age(t, 100 * HZ);
	iq_t_expire(t);
	KUNIT_EXPECT_FALSE(test, iq_t_there(t, 2, 1, 0x2000));
	KUNIT_EXPECT_TRUE(test, iq_t_there(t, 3, 1, 0x3000));
	iq_t_age(t, IQ_T_LONG);
	iq_t_expire(t);
	KUNIT_EXPECT_EQ(test, t->nat->n, 0);
	KUNIT_EXPECT_EQ(test, t->rule->n, 0);
	KUNIT_EXPECT_EQ(test, t->rule->n_waiting, 0);
	KUNIT_EXPECT_EQ(test, iq_t_events[IPSEC_QOS_EVENT_EXPIRE], 3);
}

#define IQ_T_SPIS	24
#define IQ_T_NODES	5
#define IQ_T_ENDS	2
#define IQ_T_STEPS	4000

/**
 * struct iq_t_pair - what the model knows of an SPI out, to one of the ends
 *
 * @there: there is an entry
 * @node: whose it is
 * @state: enum ipsec_qos_nat_state
 * @in: the SPI that it is associated with, unless it waits
 * @made: the step when it was
 * @old: it was associated before time passed the last time
 */
struct iq_t_pair {
	bool there;
	u32 node;
	u8 state;
	u32 in;
	u32 made;
	bool old;
};

/**
 * struct iq_t_model - all of them
 *
 * @in: SPIs that come
 * @out: SPIs that nodes have: most fit some of @in, one way or the other
 */
struct iq_t_model {
	u32 in[IQ_T_SPIS];
	u32 out[IQ_T_SPIS];
	struct iq_t_pair pair[IQ_T_ENDS][IQ_T_SPIS];
};

static u32 iq_t_random(struct iq_t *t, u32 n)
{
	return prandom_u32_state(&t->rnd) % n;
}

static void iq_t_model_spis(struct iq_t *t, struct iq_t_model *m)
{
	u32 i;

	for (i = 0; i < IQ_T_SPIS; i++)
		m->in[i] = prandom_u32_state(&t->rnd) | 0x10000;
	/* Some answer what comes; what else comes answers them. */
	for (i = 0; i < IQ_T_SPIS; i++) {
		if (i % 2)
			m->out[i] = iq_t_answer(t, m->in[i / 6], i);
		else
			m->out[i] = prandom_u32_state(&t->rnd) | 0x10000;
	}
	for (i = IQ_T_SPIS / 3; i < IQ_T_SPIS; i++)
		m->in[i] = iq_t_answer(t, m->out[i / 4 * 2 % IQ_T_SPIS], i);
}

static bool iq_t_fits(struct iq_t *t, u32 out, u32 in)
{
	const struct iq_spi_rule *scheme = &t->conf->scheme;

	return !((iq_spi_derived(scheme, out) ^ in) & iq_spi_mask(scheme)) ||
	       !((iq_spi_derived(scheme, in) ^ out) & iq_spi_mask(scheme));
}

/* Is the entry as the model says? */
static void iq_t_model_check(struct kunit *test, struct iq_t_model *m, u32 o, u32 i)
{
	struct iq_t *t = test->priv;
	const struct iq_t_pair *p = &m->pair[o][i];
	struct iq_nat_entry *e;

	rcu_read_lock();
	e = iq_nat_find_out(t->nat, t->rule, iq_t_nth(IQ_T_OUTSIDE, o),
			    cpu_to_be32(m->out[i]));
	rcu_read_unlock();
	KUNIT_ASSERT_EQ(test, !!e, p->there);
	if (!e)
		return;
	KUNIT_ASSERT_EQ(test, iq_t_node(e), p->node);
	KUNIT_ASSERT_EQ(test, iq_nat_state(e), p->state);
	KUNIT_ASSERT_EQ(test, be32_to_cpu(e->dir[IQ_NAT_IN].key.spi), p->in);
}

static void iq_t_model_send(struct kunit *test, struct iq_t_model *m, u32 step)
{
	struct iq_t *t = test->priv;
	u32 o = iq_t_random(t, IQ_T_ENDS), i = iq_t_random(t, IQ_T_SPIS);
	u32 node = iq_t_random(t, 8) ? i % IQ_T_NODES : iq_t_random(t, IQ_T_NODES);
	struct iq_t_pair *p = &m->pair[o][i];

	if (!p->there) {
		*p = (struct iq_t_pair) { .there = true, .made = step };
	} else if (p->state == IPSEC_QOS_NAT_ASSOCIATED) {
		p->state = IPSEC_QOS_NAT_CONFIRMED;
		/* It has moved, which begins anew. */
		p->old &= p->node == node;
	}
	p->node = node;
	KUNIT_ASSERT_NOT_NULL(test, iq_t_send(t, p->node, o, m->out[i]));
	iq_t_model_check(test, m, o, i);
}

/**
 * struct iq_t_fit - what the model says of a packet that comes
 *
 * @best: whose it is, if there is one answer
 * @nodes: how many nodes it fits; @n: how many of their entries, of which all are of
 * @among: a bit each
 */
struct iq_t_fit {
	int best;
	u32 nodes;
	u32 n;
	u32 among;
};

/* Might it be given a packet, as far as the model knows? */
static bool iq_t_model_may(struct iq_t *t, const struct iq_t_model *m, u32 o, u32 i,
			   u32 in)
{
	const struct iq_t_pair *p = &m->pair[o][i];

	return p->there && !(p->state == IPSEC_QOS_NAT_CONFIRMED && p->old) &&
	       iq_t_fits(t, m->out[i], in);
}

static struct iq_t_fit iq_t_model_fit(struct iq_t *t, const struct iq_t_model *m,
				      u32 o, u32 in)
{
	struct iq_t_fit fit = { .best = -1 };
	u8 state = IPSEC_QOS_NAT_CONFIRMED;
	const struct iq_t_pair *p, *best;
	u32 i, nodes = 0;
	bool later;

	for (i = 0; i < IQ_T_SPIS; i++) {
		if (iq_t_model_may(t, m, o, i, in))
			state = min(state, m->pair[o][i].state);
	}
	for (i = 0; i < IQ_T_SPIS; i++) {
		p = &m->pair[o][i];
		if (p->state != state || !iq_t_model_may(t, m, o, i, in))
			continue;
		fit.n++;
		fit.among |= BIT(i);
		nodes |= BIT(p->node);
		best = fit.best < 0 ? NULL : &m->pair[o][fit.best];
		later = best && p->made > best->made;
		if (!best || later == (best->node == p->node ||
				       t->conf->collision == IPSEC_QOS_NAT_COLLISION_NEWEST))
			fit.best = i;
	}
	fit.nodes = hweight32(nodes);
	return fit;
}

static void iq_t_model_come(struct kunit *test, struct iq_t_model *m)
{
	struct iq_t *t = test->priv;
	u32 o = iq_t_random(t, IQ_T_ENDS), in = m->in[iq_t_random(t, IQ_T_SPIS)], i;
	struct iq_nat_entry *e = iq_t_in(t, o, in);
	struct iq_t_fit fit;

	for (i = 0; i < IQ_T_SPIS; i++)
		if (m->pair[o][i].there && m->pair[o][i].in == in)
			break;
	if (i < IQ_T_SPIS) {
		/* It is known. */
		KUNIT_ASSERT_NOT_NULL(test, e);
		KUNIT_ASSERT_EQ(test, be32_to_cpu(e->dir[IQ_NAT_OUT].key.spi), m->out[i]);
		KUNIT_ASSERT_FALSE(test, t->collided);
		return;
	}
	fit = iq_t_model_fit(t, m, o, in);
	KUNIT_ASSERT_EQ(test, t->collided, fit.nodes > 1);
	if (!fit.n || (fit.nodes > 1 &&
		       t->conf->collision == IPSEC_QOS_NAT_COLLISION_DISCARD)) {
		KUNIT_ASSERT_NULL(test, e);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, e);
	for (i = 0; m->out[i] != be32_to_cpu(e->dir[IQ_NAT_OUT].key.spi); i++)
		;
	/* Several of several nodes: which of them depends on their order. */
	if (fit.nodes == 1 || fit.n == fit.nodes)
		KUNIT_ASSERT_EQ(test, i, fit.best);
	KUNIT_ASSERT_TRUE(test, fit.among & BIT(i));
	m->pair[o][i].state = IPSEC_QOS_NAT_ASSOCIATED;
	m->pair[o][i].in = in;
	m->pair[o][i].old = false;
	iq_t_model_check(test, m, o, i);
}

/* Time passes: what is associated by now is beyond doubt when it is confirmed. */
static void iq_t_model_settle(struct iq_t *t, struct iq_t_model *m)
{
	struct iq_t_pair *p;
	u32 o, i;

	iq_t_age(t, IQ_NAT_DOUBT);
	for (o = 0; o < IQ_T_ENDS; o++) {
		for (i = 0; i < IQ_T_SPIS; i++) {
			p = &m->pair[o][i];
			p->old = p->there && p->state != IPSEC_QOS_NAT_WAITING;
		}
	}
}

static void iq_nat_model_test(struct kunit *test)
{
	struct iq_t_model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct iq_t *t = test->priv;
	struct iq_nat_conf conf = iq_t_plain;
	u32 step, o, i, n;

	KUNIT_ASSERT_NOT_NULL(test, m);
	conf.collision = *(const u8 *)test->param_value;
	iq_t_set(test, &conf);
	iq_t_model_spis(t, m);
	for (step = 0; step < IQ_T_STEPS; step++) {
		iq_t_age(t, 1);
		if (iq_t_random(t, 2))
			iq_t_model_send(test, m, step);
		else
			iq_t_model_come(test, m);
		if (step % 50 == 0)
			iq_t_model_settle(t, m);
		for (o = 0, n = 0; o < IQ_T_ENDS && step % 10 == 0; o++) {
			for (i = 0; i < IQ_T_SPIS; i++) {
				iq_t_model_check(test, m, o, i);
				n += m->pair[o][i].there;
			}
		}
		if (step % 10 == 0)
			KUNIT_ASSERT_EQ(test, t->nat->n, n);
		if (step % 200)
			continue;
		mutex_lock(&t->iqn.config_lock);
		KUNIT_EXPECT_EQ(test, iq_nat_flush(t->nat, t->rule), n);
		mutex_unlock(&t->iqn.config_lock);
		memset(m->pair, 0, sizeof(m->pair));
	}
	KUNIT_EXPECT_GT(test, iq_t_collisions, 10);
}

static const u8 iq_t_collisions_to[] = {
	IPSEC_QOS_NAT_COLLISION_DISCARD,
	IPSEC_QOS_NAT_COLLISION_OLDEST,
	IPSEC_QOS_NAT_COLLISION_NEWEST,
};

static void iq_t_collision_name(const u8 *to, char *name)
{
	strscpy(name, *to == IPSEC_QOS_NAT_COLLISION_DISCARD ? "discard" :
		      *to == IPSEC_QOS_NAT_COLLISION_OLDEST ? "oldest" : "newest",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(iq_t_collision, iq_t_collisions_to, iq_t_collision_name);

static struct kunit_case iq_nat_cases[] = {
	KUNIT_CASE_PARAM(iq_nat_derived_test, iq_t_scheme_gen_params),
	KUNIT_CASE_PARAM(iq_nat_stored_test, iq_t_scheme_gen_params),
	KUNIT_CASE(iq_nat_collision_test),
	KUNIT_CASE(iq_nat_doubt_test),
	KUNIT_CASE(iq_nat_node_ceiling_test),
	KUNIT_CASE(iq_nat_rule_ceiling_test),
	KUNIT_CASE(iq_nat_alike_test),
	KUNIT_CASE(iq_nat_move_test),
	KUNIT_CASE(iq_nat_underived_test),
	KUNIT_CASE(iq_nat_expire_test),
	KUNIT_CASE_PARAM(iq_nat_model_test, iq_t_collision_gen_params),
	{}
};

static struct kunit_suite iq_nat_suite = {
	.name = "iq_nat",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_nat_cases,
};

kunit_test_suite(iq_nat_suite);
