// SPDX-License-Identifier: GPL-2.0
/*
 * Routes that are kept for an element: when they are found, and when no longer. They lead
 * nowhere here.
 */
#include <kunit/test.h>

#include "route.c"

/**
 * struct iq_t - what a test has
 *
 * @e: an element, which is reached by @way
 */
struct iq_t {
	struct iq_net iqn;
	struct iq_steer st;
	struct iq_way way;
	struct iq_element e;
};

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->iqn.net = &init_net;
	t->iqn.state[IQ_FEATURE_STEER] = &t->st;
	t->st.iqn = &t->iqn;
	t->e.iqn = &t->iqn;
	t->way.nexthop = 77;
	RCU_INIT_POINTER(t->e.way, &t->way);
	err = iq_send_init(&t->st);
	if (!err)
		test->priv = t;
	return err;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;

	if (!t)
		return;
	iq_send_exit(&t->st);
	KUNIT_EXPECT_EQ(test, t->st.n_kept, 0);
	KUNIT_EXPECT_FALSE(test, rcu_access_pointer(t->e.kept[0]));
	KUNIT_EXPECT_FALSE(test, rcu_access_pointer(t->e.kept[1]));
	rcu_barrier();
}

/* What a packet of IPv4 has looked up: no route, which is as good. */
static struct iq_kept *iq_t_kept(struct kunit *test)
{
	struct iq_kept *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct iq_t *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, k);
	k->st = &t->st;
	k->slot = &t->e.kept[0];
	return k;
}

/* It has found @was ahead of it. True: what it has looked up is what is found. */
static bool iq_t_publish(struct kunit *test, const struct iq_kept *was, struct iq_kept *k)
{
	struct iq_t *t = test->priv;
	const struct iq_kept *now;

	rcu_read_lock();
	now = iq_kept_publish(&t->e, &t->way, was, k);
	KUNIT_EXPECT_TRUE(test, !now || now == rcu_access_pointer(t->e.kept[0]));
	if (now != k)
		iq_kept_free(k);
	rcu_read_unlock();
	return now == k;
}

/* Of packets that look up the same at the same time the first has it kept. */
static void iq_kept_first_test(struct kunit *test)
{
	struct iq_kept *first = iq_t_kept(test), *second = iq_t_kept(test);
	struct iq_t *t = test->priv;

	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, NULL, first));
	KUNIT_EXPECT_FALSE(test, iq_t_publish(test, NULL, second));
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(t->e.kept[0]), first);
	/* Who has found that one of no use has another. */
	second = iq_t_kept(test);
	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, first, second));
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(t->e.kept[0]), second);
	iq_element_forget(&t->e);
	KUNIT_EXPECT_FALSE(test, rcu_access_pointer(t->e.kept[0]));
	KUNIT_EXPECT_TRUE(test, list_empty(&t->st.kept_nexthop));
	iq_element_forget(&t->e);
}

/* While the namespace goes nothing is kept: who goes behind it would wait for its devices. */
static void iq_kept_dead_test(struct kunit *test)
{
	struct iq_t *t = test->priv;

	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	t->iqn.dead = true;
	iq_routes_forget(&t->st);
	KUNIT_EXPECT_FALSE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	t->iqn.dead = false;
	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	iq_routes_forget(&t->st);
	WRITE_ONCE(iq_kept_closed, true);
	KUNIT_EXPECT_FALSE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	WRITE_ONCE(iq_kept_closed, false);
}

/* Nor by a way that is another by now. */
static void iq_kept_moved_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_way other = {};

	RCU_INIT_POINTER(t->e.way, &other);
	KUNIT_EXPECT_FALSE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	RCU_INIT_POINTER(t->e.way, &t->way);
}

/*
 * The kernel tells of nexthop objects ahead of their change: what a packet looks up between
 * the two is of the old, and goes behind it.
 */
static void iq_kept_nexthop_test(struct kunit *test)
{
	struct iq_t *t = test->priv;

	rtnl_lock();
	t->st.nexthops.notifier_call(&t->st.nexthops, NEXTHOP_EVENT_REPLACE, NULL);
	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	rtnl_unlock();
	flush_work(&t->st.nexthops_work);
	KUNIT_EXPECT_FALSE(test, rcu_access_pointer(t->e.kept[0]));
	/* What is not by nexthop objects stays. */
	t->way.nexthop = 0;
	rtnl_lock();
	KUNIT_EXPECT_TRUE(test, iq_t_publish(test, NULL, iq_t_kept(test)));
	t->st.nexthops.notifier_call(&t->st.nexthops, NEXTHOP_EVENT_REPLACE, NULL);
	rtnl_unlock();
	flush_work(&t->st.nexthops_work);
	KUNIT_EXPECT_TRUE(test, !!rcu_access_pointer(t->e.kept[0]));
}

/* An element is freed behind its namespace's state, if it was removed just ahead of that. */
static void iq_kept_late_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_element *e = kzalloc(sizeof(*e), GFP_KERNEL);
	struct iq_kept *k = iq_t_kept(test);

	KUNIT_ASSERT_NOT_NULL(test, e);
	e->iqn = &t->iqn;
	RCU_INIT_POINTER(e->way, &t->way);
	k->slot = &e->kept[0];
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, iq_kept_publish(e, &t->way, NULL, k),
			    (const struct iq_kept *)k);
	rcu_read_unlock();
	iq_routes_forget(&t->st);
	e->iqn = NULL;
	iq_element_forget(e);
	kfree(e);
}

/* Routes are counted, and a group's are no longer kept one by one where there are many. */
static void iq_kept_ceiling_test(struct kunit *test)
{
	const struct iq_way way = { .nexthop = 77 };
	struct iq_t *t = test->priv;
	struct nexthop *nh;
	struct nh_group *nhg;

	/* Nobody else is in the tree: what a namespace that has just come has. */
	nh = kunit_kzalloc(test, sizeof(*nh), GFP_KERNEL);
	nhg = kunit_kzalloc(test, sizeof(*nhg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nh);
	KUNIT_ASSERT_NOT_NULL(test, nhg);
	KUNIT_ASSERT_TRUE(test, RB_EMPTY_ROOT(&init_net.nexthop.rb_root));
	nh->id = 77;
	nh->is_group = true;
	nhg->is_multipath = true;
	RCU_INIT_POINTER(nh->nh_grp, nhg);
	rtnl_lock();
	rb_link_node(&nh->rb_node, NULL, &init_net.nexthop.rb_root.rb_node);
	KUNIT_EXPECT_EQ(test, iq_kept_n(&t->st, &way), 16);
	t->st.n_kept = 16383;
	KUNIT_EXPECT_EQ(test, iq_kept_n(&t->st, &way), 16);
	t->st.n_kept = 16384;
	KUNIT_EXPECT_EQ(test, iq_kept_n(&t->st, &way), 1);
	t->st.n_kept = 0;
	/* One next hop has one route. */
	nhg->is_multipath = false;
	KUNIT_EXPECT_EQ(test, iq_kept_n(&t->st, &way), 1);
	init_net.nexthop.rb_root = RB_ROOT;
	rtnl_unlock();
}

static struct kunit_case iq_route_cases[] = {
	KUNIT_CASE(iq_kept_first_test),
	KUNIT_CASE(iq_kept_dead_test),
	KUNIT_CASE(iq_kept_moved_test),
	KUNIT_CASE(iq_kept_nexthop_test),
	KUNIT_CASE(iq_kept_late_test),
	KUNIT_CASE(iq_kept_ceiling_test),
	{}
};

static struct kunit_suite iq_route_suite = {
	.name = "iq_route",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_route_cases,
};

kunit_test_suite(iq_route_suite);
