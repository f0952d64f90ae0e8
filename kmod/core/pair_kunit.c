// SPDX-License-Identifier: GPL-2.0
/*
 * Groups, pairs and the numbers of both: what each does, and who is there, against a model
 * that works it out from the entries alone.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "action.c"
#include "group.c"
#include "name.c"
#include "pair.c"

#define IQ_T_GROUPS	3	/* those of ids from 1 on; 0 is none */
#define IQ_T_TARGETS	4	/* likewise */
#define IQ_T_ENTRIES	96

/**
 * struct iq_t - what a test has
 *
 * @mark: of each group, by id
 * @entry: numbers that entries name; 0: none
 * @group: id of the group that each names
 * @to: id of the target
 */
struct iq_t {
	struct iq_net iqn;
	struct net net;
	struct rnd_state rnd;
	struct iq_target target[IQ_T_TARGETS + 1];
	u32 mark[IQ_T_GROUPS + 1];
	u32 entry[IQ_T_ENTRIES];
	u32 group[IQ_T_ENTRIES];
	u32 to[IQ_T_ENTRIES];
};

/* What the core has for it elsewhere. */

struct iq_net *iq_net(const struct net *net)
{
	return &container_of(net, struct iq_t, net)->iqn;
}

int iq_hooks_ask(struct iq_net *iqn, u32 n_groups, u32 n_priority)
{
	return 0;
}

void iq_event_group(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_group *g)
{
}

void iq_event_group_name(struct iq_group *g, const char *name)
{
}

void iq_event_ceiling(struct iq_net *iqn, int type, u32 count)
{
}

/* The group of this id is to have @mark. */
static int iq_t_state(struct iq_t *t, u32 id, u32 mark, struct netlink_ext_ack *extack)
{
	struct iq_group_req req = {
		.id = id, .has_mark = true, .mark = mark, .mask = ~0, .mark_clear = mark,
		.dscp = -1,
	};

	snprintf(req.name, sizeof(req.name), "group%u", id);
	return iq_group_set(&t->iqn, &req, 1, 0, NLM_F_CREATE | NLM_F_REPLACE, extack);
}

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err = 0;
	u32 i;

	if (!t)
		return -ENOMEM;
	test->priv = t;
	prandom_seed_state(&t->rnd, 16);
	t->iqn.net = &t->net;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	iq_group_init(&t->iqn);
	mutex_lock(&t->iqn.config_lock);
	for (i = 1; i <= IQ_T_GROUPS && !err; i++) {
		t->mark[i] = i;
		err = iq_t_state(t, i, i, NULL);
	}
	for (i = 1; i <= IQ_T_TARGETS; i++)
		t->target[i].id = i;
	return err;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;
	LIST_HEAD(nets);

	if (!t)
		return;
	mutex_unlock(&t->iqn.config_lock);
	iq_group_exit(&t->iqn);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, ida_is_empty(&t->iqn.numbers));
	list_add(&t->net.exit_list, &nets);
	iq_group_exit_batch(&nets);
}

static struct iq_group *iq_t_group(struct iq_t *t, u32 id)
{
	return id ? iq_group_find(&t->iqn, id, NULL) : NULL;
}

static struct iq_target *iq_t_target(struct iq_t *t, u32 id)
{
	return id ? &t->target[id] : NULL;
}

static u32 iq_t_number(struct iq_t *t, u32 group, u32 to)
{
	u32 number;

	spin_lock_bh(&t->iqn.table_lock);
	number = iq_pair_number(&t->iqn, iq_t_group(t, group), iq_t_target(t, to));
	spin_unlock_bh(&t->iqn.table_lock);
	return number;
}

/* Entry @i is to name these, as table.c has it; both 0: it goes. 0 or an errno */
static int iq_t_name(struct iq_t *t, u32 i, u32 group, u32 to)
{
	struct iq_net *iqn = &t->iqn;
	u32 was = t->entry[i];
	int number = 0, made = 0;

	if (group || to) {
		number = iq_t_number(t, group, to);
		if (!number)
			number = made = iq_pair_make(iqn, iq_t_group(t, group),
						     iq_t_target(t, to), NULL, NULL);
		if (number < 0)
			return number;
	}
	spin_lock_bh(&iqn->table_lock);
	if (number)
		iq_pair_named(iqn, number, IQ_USER_SA);
	if (was)
		iq_pair_unnamed(iqn, was, IQ_USER_SA);
	if (made)
		iq_pair_let(iqn, made);
	spin_unlock_bh(&iqn->table_lock);
	t->entry[i] = number;
	t->group[i] = group;
	t->to[i] = to;
	return 0;
}

/* How many entries name the group, the target, or both; -1: any */
static u32 iq_t_users(const struct iq_t *t, int group, int to)
{
	u32 i, n = 0;

	for (i = 0; i < IQ_T_ENTRIES; i++)
		n += t->entry[i] && (group < 0 || t->group[i] == group) &&
		     (to < 0 || t->to[i] == to);
	return n;
}

/* Does everything say what the entries do? */
static void iq_t_compare(struct kunit *test)
{
	struct iq_t *t = test->priv;
	const struct iq_action *a;
	u32 g, to, i, number, pairs;

	for (i = 0; i < IQ_T_ENTRIES; i++) {
		if (!t->entry[i])
			continue;
		a = iq_action_numbered(&t->iqn, t->entry[i]);
		KUNIT_EXPECT_EQ(test, a->group->id, t->group[i]);
		KUNIT_EXPECT_PTR_EQ(test, (void *)a->target, (void *)iq_t_target(t, t->to[i]));
		KUNIT_EXPECT_EQ(test, a->mark, t->mark[t->group[i]]);
		KUNIT_EXPECT_TRUE(test, a->counter == a->group->counter);
		KUNIT_EXPECT_EQ(test, iq_action_tags(a), t->group[i] != 0);
		KUNIT_EXPECT_EQ(test, a->mask, t->group[i] ? ~0u : 0);
	}
	for (g = 0; g <= IQ_T_GROUPS; g++) {
		if (g)
			KUNIT_EXPECT_EQ(test, iq_t_group(t, g)->users[IQ_USER_SA],
					iq_t_users(t, g, -1));
		for (to = 1, pairs = 0; to <= IQ_T_TARGETS; to++) {
			number = iq_t_number(t, g, to);
			KUNIT_EXPECT_EQ(test, !!number, !!iq_t_users(t, g, to));
			pairs += !!number;
		}
		if (g)
			KUNIT_EXPECT_EQ(test, iq_t_group(t, g)->n_pairs, pairs);
	}
	for (to = 1; to <= IQ_T_TARGETS; to++)
		KUNIT_EXPECT_EQ(test, t->target[to].users, iq_t_users(t, -1, to));
}

/* Entries come, go and change, and groups do something else. */
static void iq_pair_model_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 round, i, g, to;

	for (round = 0; round < 2000; round++) {
		i = prandom_u32_state(&t->rnd) % IQ_T_ENTRIES;
		g = prandom_u32_state(&t->rnd) % (IQ_T_GROUPS + 1);
		to = prandom_u32_state(&t->rnd) % (IQ_T_TARGETS + 1);
		KUNIT_ASSERT_EQ(test, iq_t_name(t, i, g, to), 0);
		if (round % 8)
			continue;
		g = 1 + prandom_u32_state(&t->rnd) % IQ_T_GROUPS;
		t->mark[g] = prandom_u32_state(&t->rnd);
		KUNIT_ASSERT_EQ(test, iq_t_state(t, g, t->mark[g], NULL), 0);
		iq_t_compare(test);
	}
	for (i = 0; i < IQ_T_ENTRIES; i++)
		KUNIT_ASSERT_EQ(test, iq_t_name(t, i, 0, 0), 0);
	iq_t_compare(test);
}

/* Where a group changes, nothing of the others is touched; nor where nothing changes. */
static void iq_pair_others_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	const struct iq_action *was[IQ_T_ENTRIES], *a;
	u32 i, n = 0, g, to;

	for (g = 0; g <= IQ_T_GROUPS; g++)
		for (to = !g; to <= IQ_T_TARGETS; to++)
			KUNIT_ASSERT_EQ(test, iq_t_name(t, n++, g, to), 0);
	for (i = 0; i < n; i++)
		was[i] = iq_action_numbered(&t->iqn, t->entry[i]);
	KUNIT_ASSERT_EQ(test, iq_t_state(t, 2, t->mark[2], NULL), 0);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_PTR_EQ(test, (void *)was[i], (void *)
				    iq_action_numbered(&t->iqn, t->entry[i]));
	t->mark[2] = 0x200;
	KUNIT_ASSERT_EQ(test, iq_t_state(t, 2, t->mark[2], NULL), 0);
	for (i = 0; i < n; i++) {
		a = iq_action_numbered(&t->iqn, t->entry[i]);
		KUNIT_EXPECT_EQ(test, a == was[i], t->group[i] != 2);
	}
	iq_t_compare(test);
}

/* What is held stays when nobody names it, and its number is nobody else's. */
static void iq_pair_held_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_net *iqn = &t->iqn;
	u32 number;

	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 1, 1), 0);
	number = t->entry[0];
	spin_lock_bh(&iqn->table_lock);
	iq_pair_hold(iqn, number);
	/* A group alone has its number for as long as it is there. */
	iq_pair_hold(iqn, iq_t_group(t, 1)->number);
	spin_unlock_bh(&iqn->table_lock);
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 1, 2), 0);
	KUNIT_EXPECT_EQ(test, t->target[1].users, 0);
	KUNIT_EXPECT_EQ(test, iq_t_number(t, 1, 1), number);
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, t->entry[0], number);
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, t->entry[0], iq_t_group(t, 1)->number);
	spin_lock_bh(&iqn->table_lock);
	iq_pair_let(iqn, number);
	iq_pair_let(iqn, iq_t_group(t, 1)->number);
	spin_unlock_bh(&iqn->table_lock);
	KUNIT_EXPECT_EQ(test, iq_t_number(t, 1, 1), 0);
	/* Once a grace period is over it may be another's. */
	rcu_barrier();
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 2, 2), 0);
	KUNIT_EXPECT_EQ(test, t->entry[0], number);
	iq_t_compare(test);
}

static bool iq_t_waited;

static void iq_t_waited_rcu(struct rcu_head *rcu)
{
	iq_t_waited = true;
}

/*
 * All numbers are taken: a pair and a group are refused, and leave nothing behind. Nobody
 * waits for others' callbacks where none of his own is under way.
 */
static void iq_pair_ceiling_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct netlink_ext_ack extack = {};
	struct rcu_head other;
	u32 first, last, i;
	int err;

	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 0, 1), 0);
	first = last = t->entry[0];
	while ((err = iq_number_take(&t->iqn, NULL, NULL)) > 0)
		last = err;
	KUNIT_ASSERT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, last, 131071);
	iq_t_waited = false;
	init_rcu_head_on_stack(&other);
	call_rcu(&other, iq_t_waited_rcu);
	KUNIT_EXPECT_EQ(test, iq_pair_make(&t->iqn, iq_t_group(t, 1), iq_t_target(t, 1), NULL,
					   &extack), -ENOSPC);
	KUNIT_ASSERT_NOT_NULL(test, extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, strstr(extack._msg,
					   "the ceiling of 131071 pairs of group and element"));
	KUNIT_EXPECT_EQ(test, iq_t_number(t, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, iq_t_state(t, IQ_T_GROUPS + 1, 1, &extack), -ENOSPC);
	KUNIT_EXPECT_PTR_EQ(test, iq_t_group(t, IQ_T_GROUPS + 1), NULL);
	KUNIT_EXPECT_FALSE(test, iq_t_waited);
	rcu_barrier();
	destroy_rcu_head_on_stack(&other);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->iqn.numbers_back), 0);
	/* What gives way makes room, a grace period later: it is waited for. */
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 0, 0), 0);
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, t->entry[0], first);
	/* A group waits for it likewise. */
	KUNIT_ASSERT_EQ(test, iq_t_name(t, 0, 0, 0), 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(t, IQ_T_GROUPS + 1, 1, NULL), 0);
	KUNIT_EXPECT_EQ(test, iq_t_group(t, IQ_T_GROUPS + 1)->number, first);
	iq_t_compare(test);
	for (i = first + 1; i <= last; i++)
		iq_number_give(&t->iqn, i);
}

static struct kunit_case iq_pair_cases[] = {
	KUNIT_CASE(iq_pair_model_test),
	KUNIT_CASE(iq_pair_others_test),
	KUNIT_CASE(iq_pair_held_test),
	KUNIT_CASE(iq_pair_ceiling_test),
	{}
};

static struct kunit_suite iq_pair_suite = {
	.name = "iq_pair",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_pair_cases,
};

kunit_test_suite(iq_pair_suite);
