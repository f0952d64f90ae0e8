// SPDX-License-Identifier: GPL-2.0
/*
 * Steering without packets: who has which bucket, as elements come, go and fail, against
 * a model that works everything out anew; and which steered prefix an address is in.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "buckets.c"
#include "element.c"
#include "ike.c"
#include "pool.c"
#include "prefix.c"
#include "state.c"

#define IQ_T_ELEMENTS	24
#define IQ_T_POOL	1

/* How often listeners were told that a pool changed, since somebody looked. */
static u32 iq_t_told;

void iq_event_element(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_element *e)
{
}

void iq_event_pool(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_pool *p)
{
	iq_t_told += event == IPSEC_QOS_EVENT_CHANGE;
}

void iq_event_prefix(struct iq_net *iqn, enum ipsec_qos_event event,
		     const struct iq_prefix *p)
{
}

int iq_local_start(struct iq_net *iqn)
{
	return 0;
}

int iq_steer_sysfs_init(struct iq_steer *steer)
{
	return 0;
}

void iq_steer_sysfs_exit(struct iq_steer *steer)
{
}

void iq_sysfs_element_away(struct iq_steer *steer, struct iq_element *e)
{
}

void iq_unknown_exit(struct iq_steer *st)
{
}

int iq_hooks_update(struct iq_net *iqn, enum iq_hook_set set, bool want)
{
	return 0;
}

int iq_hooks_steer(struct iq_net *iqn, bool steer)
{
	return 0;
}

/**
 * struct iq_t - what a test has
 *
 * @pool: the one of id 1, once it is there
 * @weight: of each element in it, 0: it is no member; that of id 1 is the first
 * @holder: by bucket, the id of who has it while it lives; 0: nobody
 * @was: what iq_t_save() has saved
 */
struct iq_t {
	struct iq_net iqn;
	struct rnd_state rnd;
	struct iq_pool *pool;
	u32 weight[IQ_T_ELEMENTS];
	u16 holder[IQ_SELECT_BUCKETS];
	u16 was[IQ_SELECT_BUCKETS];
	struct iq_pool_req req;
};

static void iq_t_state(struct kunit *test, const u32 *ids, const u8 *states, u32 n)
{
	struct iq_element_req *req = kcalloc(n, sizeof(*req), GFP_KERNEL);
	struct iq_t *t = test->priv;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, req);
	for (i = 0; i < n; i++) {
		req[i].id = ids[i];
		req[i].state = states[i];
		snprintf(req[i].name, sizeof(req[i].name), "element-%u", ids[i]);
		strscpy(req[i].way.dev, "iq_t", sizeof(req[i].way.dev));
	}
	mutex_lock(&t->iqn.config_lock);
	KUNIT_EXPECT_EQ(test, iq_element_set(&t->iqn, req, n, 0, NLM_F_CREATE | NLM_F_REPLACE,
					     NULL), 0);
	mutex_unlock(&t->iqn.config_lock);
	kfree(req);
}

static u32 iq_t_were_told(void)
{
	u32 told = iq_t_told;

	iq_t_told = 0;
	return told;
}

static void iq_t_one_state(struct kunit *test, u32 id, u8 state)
{
	iq_t_state(test, &id, &state, 1);
}

static struct iq_element *iq_t_element(struct iq_t *t, u32 id)
{
	return xa_load(&iq_steer(&t->iqn)->elements, id);
}

/* The pool has the members that t->weight says. */
static void iq_t_members(struct kunit *test, int mode)
{
	struct iq_t *t = test->priv;
	u32 i;

	t->req = (struct iq_pool_req) { .id = IQ_T_POOL, .name = "pool", .mode = mode };
	for (i = 0; i < IQ_T_ELEMENTS; i++)
		if (t->weight[i])
			t->req.member[t->req.n++] = (struct iq_member_req) {
				.id = i + 1, .weight = t->weight[i],
			};
	mutex_lock(&t->iqn.config_lock);
	KUNIT_ASSERT_EQ(test, iq_pool_set(&t->iqn, &t->req, 0, NLM_F_CREATE | NLM_F_REPLACE,
					  NULL), 0);
	t->pool = iq_pool_find(&t->iqn, IQ_T_POOL, NULL);
	mutex_unlock(&t->iqn.config_lock);
}

static int iq_t_release(struct iq_t *t, const u8 *mask)
{
	int count;

	mutex_lock(&t->iqn.config_lock);
	count = iq_pool_release(t->pool, mask);
	mutex_unlock(&t->iqn.config_lock);
	return count;
}

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	u32 i;

	if (!t)
		return -ENOMEM;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	t->iqn.net = &init_net;
	prandom_seed_state(&t->rnd, 42);
	test->priv = t;
	for (i = 1; i <= IQ_T_ELEMENTS; i++)
		iq_t_one_state(test, i, IPSEC_QOS_ELEMENT_UP);
	return 0;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;

	if (!t)
		return;
	iq_steer_exit(&t->iqn);
	rcu_barrier();
}

/* Who is sent a bucket's packets: an element's id, 0: nobody */
static u32 iq_t_now(struct iq_t *t, u32 bucket, enum ipsec_qos_steer_why *why)
{
	struct iq_chosen c;
	u32 id;

	rcu_read_lock();
	c = iq_pool_bucket(t->pool, bucket);
	id = c.element ? c.element->target.id : 0;
	rcu_read_unlock();
	if (why)
		*why = c.why;
	return id;
}

static void iq_t_save(struct iq_t *t)
{
	u32 i;

	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		t->was[i] = iq_t_now(t, i, NULL);
}

/* The pool has @n members of weight 1. */
static void iq_t_begin(struct kunit *test, u32 n, int mode)
{
	struct iq_t *t = test->priv;
	u32 i;

	for (i = 0; i < n; i++)
		t->weight[i] = 1;
	iq_t_members(test, mode);
	iq_t_save(t);
}

/*
 * The model. Who of the members has the best draw for a bucket? @up: of those that are up.
 * It is the one that is better than each of the others.
 */
static u32 iq_t_best(struct iq_t *t, u32 bucket, bool up)
{
	struct iq_select_draw draw[IQ_T_ELEMENTS];
	bool may[IQ_T_ELEMENTS];
	u32 i, k;

	for (i = 0; i < IQ_T_ELEMENTS; i++) {
		struct iq_element *e = iq_t_element(t, i + 1);
		const struct iq_select_member m = { iq_select_seed(e->name), t->weight[i] };

		may[i] = t->weight[i] && !(up && e->state != IPSEC_QOS_ELEMENT_UP);
		if (may[i])
			draw[i] = iq_select_draw(&m, bucket);
	}
	for (i = 0; i < IQ_T_ELEMENTS; i++) {
		for (k = 0; may[i] && k < IQ_T_ELEMENTS; k++)
			if (k != i && may[k] && !iq_select_better(&draw[i], &draw[k]))
				break;
		if (may[i] && k == IQ_T_ELEMENTS)
			return i + 1;
	}
	return 0;
}

static bool iq_t_member_lives(struct iq_t *t, u32 id)
{
	return id && t->weight[id - 1] &&
	       iq_t_element(t, id)->state != IPSEC_QOS_ELEMENT_DOWN;
}

/* What changed may have ended what somebody held. */
static void iq_t_model_follow(struct iq_t *t)
{
	u32 i;

	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		if (!iq_t_member_lives(t, t->holder[i]))
			t->holder[i] = iq_t_best(t, i, false);
}

static void iq_t_model_check(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, home, now, begin, lent, n_held = 0, n_lent = 0, wrong = 0;
	enum ipsec_qos_steer_why why, wanted;
	const struct iq_buckets *b;

	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		home = iq_t_best(t, i, false);
		lent = iq_t_best(t, i, true);
		now = iq_t_member_lives(t, t->holder[i]) ? t->holder[i] : lent;
		begin = now && iq_t_element(t, now)->state == IPSEC_QOS_ELEMENT_UP ? now : lent;
		wanted = !now ? IPSEC_QOS_STEER_NOBODY :
			 now == home ? IPSEC_QOS_STEER_HOME :
			 now == t->holder[i] ? IPSEC_QOS_STEER_HELD : IPSEC_QOS_STEER_LENT;
		n_held += t->holder[i] != home;
		n_lent += wanted == IPSEC_QOS_STEER_LENT;
		wrong += iq_t_now(t, i, &why) != now || why != wanted;
		rcu_read_lock();
		b = rcu_dereference(t->pool->buckets);
		now = b->begin[i] & IQ_BUCKET_MEMBER;
		now = now == IQ_BUCKET_NOBODY ? 0 : b->member[now]->target.id;
		wrong += now != begin;
		rcu_read_unlock();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, n_held);
	KUNIT_EXPECT_EQ(test, t->pool->shares->lent, n_lent);
}

/* Homes by the model; and each has its share. */
static void iq_pool_home_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, n, all = 0;

	for (i = 0; i < 16; i++)
		t->weight[i] = 1 + i % 4;
	iq_t_members(test, -1);
	iq_t_model_follow(t);
	iq_t_model_check(test);
	for (i = 0; i < 16; i++) {
		n = t->pool->shares->share[i].home;
		all += n;
		/* of 40 shares */
		KUNIT_EXPECT_GE(test, n, t->weight[i] * 4096 / 40 * 7 / 10);
		KUNIT_EXPECT_LE(test, n, t->weight[i] * 4096 / 40 * 13 / 10);
		KUNIT_EXPECT_EQ(test, n, t->pool->shares->share[i].now);
	}
	KUNIT_EXPECT_EQ(test, all, IQ_SELECT_BUCKETS);
}

/* Of 16 one fails, and comes back: its own buckets move, and no other. */
static void iq_pool_fail_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	enum ipsec_qos_steer_why why;
	u32 i, id, moved = 0;

	iq_t_begin(test, 16, -1);
	iq_t_were_told();
	iq_t_one_state(test, 7, IPSEC_QOS_ELEMENT_DOWN);
	KUNIT_EXPECT_EQ(test, iq_t_were_told(), 1);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		id = iq_t_now(t, i, &why);
		if (t->was[i] == 7) {
			moved++;
			KUNIT_EXPECT_TRUE(test, id && id != 7);
			KUNIT_EXPECT_EQ(test, why, IPSEC_QOS_STEER_LENT);
		} else {
			KUNIT_EXPECT_EQ(test, id, t->was[i]);
			KUNIT_EXPECT_EQ(test, why, IPSEC_QOS_STEER_HOME);
		}
	}
	KUNIT_EXPECT_EQ(test, t->pool->shares->lent, moved);
	KUNIT_EXPECT_EQ(test, t->pool->shares->share[6].home, moved);
	KUNIT_EXPECT_EQ(test, t->pool->shares->share[6].now, 0);
	iq_t_one_state(test, 7, IPSEC_QOS_ELEMENT_UP);
	KUNIT_EXPECT_EQ(test, iq_t_were_told(), 1);
	iq_t_one_state(test, 17, IPSEC_QOS_ELEMENT_DOWN);
	KUNIT_EXPECT_EQ(test, iq_t_were_told(), 0);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), t->was[i]);
	KUNIT_EXPECT_EQ(test, t->pool->shares->lent, 0);
}

/* Of 16 one is no longer a member, and is again. */
static void iq_pool_leave_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, id, moved = 0;

	iq_t_begin(test, 16, -1);
	t->weight[6] = 0;
	iq_t_members(test, -1);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		id = iq_t_now(t, i, NULL);
		moved += id != t->was[i];
		KUNIT_EXPECT_EQ(test, id != t->was[i], t->was[i] == 7);
	}
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, 0);
	/* It comes back to what those have now who live. */
	t->weight[6] = 1;
	iq_t_members(test, -1);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, moved);
	KUNIT_EXPECT_EQ(test, t->pool->shares->share[6].now, 0);
	KUNIT_EXPECT_EQ(test, iq_t_release(t, NULL), moved);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), t->was[i]);
}

/* A seventeenth gets what is its own, once that is released, and nothing else moves. */
static void iq_pool_join_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u8 mask[IQ_SELECT_BUCKETS / 8] = {};
	enum ipsec_qos_steer_why why;
	u32 i, id, held, first = 0;

	iq_t_begin(test, 16, -1);
	t->weight[16] = 1;
	iq_t_members(test, -1);
	held = t->pool->shares->held;
	KUNIT_EXPECT_EQ(test, held, t->pool->shares->share[16].home);
	KUNIT_EXPECT_GT(test, held, 4096 / 17 * 7 / 10);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, &why), t->was[i]);
		if (why == IPSEC_QOS_STEER_HELD)
			first = i;
	}
	mask[first / 8] = 1 << first % 8;
	KUNIT_EXPECT_EQ(test, iq_t_release(t, mask), 1);
	KUNIT_EXPECT_EQ(test, iq_t_now(t, first, &why), 17);
	KUNIT_EXPECT_EQ(test, why, IPSEC_QOS_STEER_HOME);
	KUNIT_EXPECT_EQ(test, iq_t_release(t, mask), 0);
	KUNIT_EXPECT_EQ(test, iq_t_release(t, NULL), held - 1);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		id = iq_t_now(t, i, NULL);
		KUNIT_EXPECT_TRUE(test, id == t->was[i] || id == 17);
		held -= id == 17;
	}
	KUNIT_EXPECT_EQ(test, held, 0);
}

/* Who drains has its own, and nothing begins there; who is down holds nothing any more. */
static void iq_pool_drain_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u64 spi;
	u32 held;

	iq_t_begin(test, 2, -1);
	t->weight[2] = 1;
	iq_t_members(test, -1);
	held = t->pool->shares->held;
	iq_t_were_told();
	iq_t_one_state(test, 1, IPSEC_QOS_ELEMENT_DRAIN);
	/* What it has goes there still. */
	KUNIT_EXPECT_EQ(test, iq_t_were_told(), 0);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, held);
	KUNIT_EXPECT_EQ(test, t->pool->shares->lent, 0);
	rcu_read_lock();
	for (spi = 1; spi < 10000; spi++)
		KUNIT_EXPECT_NE(test, iq_pool_begin(t->pool, spi).element->target.id, 1);
	rcu_read_unlock();
	iq_t_one_state(test, 1, IPSEC_QOS_ELEMENT_DOWN);
	KUNIT_EXPECT_LT(test, t->pool->shares->held, held);
	iq_t_one_state(test, 2, IPSEC_QOS_ELEMENT_DOWN);
	KUNIT_EXPECT_EQ(test, iq_t_were_told(), 2);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, 0);
	KUNIT_EXPECT_EQ(test, t->pool->shares->share[2].now, IQ_SELECT_BUCKETS);
	iq_t_one_state(test, 3, IPSEC_QOS_ELEMENT_DOWN);
	for (spi = 0; spi < IQ_SELECT_BUCKETS; spi++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, spi, NULL), 0);
	memset(t->weight, 0, sizeof(t->weight));
	iq_t_members(test, -1);
	KUNIT_EXPECT_EQ(test, iq_t_now(t, 0, NULL), 0);
}

/* Elements get these names, in one request. */
static void iq_t_rename(struct kunit *test, const u32 *ids, const char *const *names, u32 n)
{
	struct iq_element_req *req = kcalloc(n, sizeof(*req), GFP_KERNEL);
	struct iq_t *t = test->priv;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, req);
	for (i = 0; i < n; i++) {
		req[i].id = ids[i];
		req[i].state = -1;
		strscpy(req[i].name, names[i], sizeof(req[i].name));
		strscpy(req[i].way.dev, "iq_t", sizeof(req[i].way.dev));
	}
	mutex_lock(&t->iqn.config_lock);
	KUNIT_EXPECT_EQ(test, iq_element_set(&t->iqn, req, n, 0, NLM_F_REPLACE, NULL), 0);
	mutex_unlock(&t->iqn.config_lock);
	kfree(req);
}

/* A member under a new name has what it had, until that is released. */
static void iq_pool_rename_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i;

	iq_t_begin(test, 16, -1);
	iq_t_rename(test, (u32[]) { 7 }, (const char *[]) { "other" }, 1);
	iq_t_members(test, -1);
	KUNIT_EXPECT_GT(test, t->pool->shares->held, 0);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), t->was[i]);
	KUNIT_EXPECT_GT(test, iq_t_release(t, NULL), 0);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), iq_t_best(t, i, false));
}

/* Who has a member's name has what that one had, and held, whatever their ids are. */
static void iq_pool_renumber_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, held;

	iq_t_begin(test, 16, -1);
	t->weight[16] = 1;
	iq_t_members(test, -1);
	held = t->pool->shares->held;
	iq_t_rename(test, (u32[]) { 7, 20 }, (const char *[]) { "gone", "element-7" }, 2);
	t->weight[6] = 0;
	t->weight[19] = 1;
	iq_t_members(test, -1);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, held);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), t->was[i] == 7 ? 20 : t->was[i]);
	/* Two swap ids; and of a third the id is another's, which was not there. */
	iq_t_rename(test, (u32[]) { 3, 4, 5 },
		    (const char *[]) { "element-4", "element-3", "new" }, 3);
	iq_t_rename(test, (u32[]) { 6 }, (const char *[]) { "element-5" }, 1);
	iq_t_members(test, -1);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		if (t->was[i] == 3 || t->was[i] == 4)
			KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), 7 - t->was[i]);
		if (t->was[i] == 5)
			KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), 6);
		/* Of the former 6 nobody has the name. */
		if (t->was[i] == 6)
			KUNIT_EXPECT_EQ(test, iq_t_now(t, i, NULL), iq_t_best(t, i, false));
	}
}

/* Where every member has every SA nothing is held, and all of the hash counts. */
static void iq_pool_hashed_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_chosen c;
	u32 i, n[3] = {};

	iq_t_begin(test, 2, IPSEC_QOS_POOL_SA);
	t->weight[2] = 1;
	iq_t_members(test, -1);
	KUNIT_EXPECT_EQ(test, t->pool->mode, IPSEC_QOS_POOL_SA);
	KUNIT_EXPECT_EQ(test, t->pool->shares->held, 0);
	rcu_read_lock();
	for (i = 0; i < 30000; i++) {
		c = iq_pool_hashed(t->pool, i % 2 ? i : (u64)i << 40);
		KUNIT_EXPECT_EQ(test, c.why, IPSEC_QOS_STEER_HASHED);
		n[c.element->target.id - 1]++;
	}
	rcu_read_unlock();
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_GT(test, n[i], 8000);
}

/* Some of the states change at once. */
static void iq_t_random_states(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, n = 1 + prandom_u32_state(&t->rnd) % 3, ids[3];
	u8 states[3];

	for (i = 0; i < n; i++) {
		ids[i] = 1 + i * 8 + prandom_u32_state(&t->rnd) % 8;
		states[i] = prandom_u32_state(&t->rnd) % 3;
	}
	iq_t_state(test, ids, states, n);
}

static void iq_t_random_release(struct kunit *test)
{
	u8 mask[IQ_SELECT_BUCKETS / 8];
	struct iq_t *t = test->priv;
	u32 i, home, count = 0;

	prandom_bytes_state(&t->rnd, mask, sizeof(mask));
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		home = iq_t_best(t, i, false);
		if (!(mask[i / 8] >> i % 8 & 1) || t->holder[i] == home)
			continue;
		t->holder[i] = home;
		count++;
	}
	KUNIT_EXPECT_EQ(test, iq_t_release(t, mask), count);
}

/* All that may happen to a pool, in any order */
static void iq_pool_model_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i, step, held = 0, lent = 0, nobody = 0;

	for (i = 0; i < IQ_T_ELEMENTS; i += 3)
		t->weight[i] = 1 + i;
	iq_t_members(test, -1);
	iq_t_model_follow(t);
	for (step = 0; step < 120; step++) {
		switch (prandom_u32_state(&t->rnd) % 6) {
		case 0:
		case 1:
			i = prandom_u32_state(&t->rnd) % IQ_T_ELEMENTS;
			t->weight[i] = t->weight[i] ? 0 :
				       1 + prandom_u32_state(&t->rnd) % 100;
			iq_t_members(test, -1);
			break;
		case 2:
			i = prandom_u32_state(&t->rnd) % IQ_T_ELEMENTS;
			if (t->weight[i])
				t->weight[i] = 1 + prandom_u32_state(&t->rnd) % 100;
			iq_t_members(test, -1);
			break;
		case 3:
			iq_t_random_release(test);
			break;
		default:
			iq_t_random_states(test);
		}
		iq_t_model_follow(t);
		iq_t_model_check(test);
		held += !!t->pool->shares->held;
		lent += !!t->pool->shares->lent;
		nobody += !iq_t_now(t, 0, NULL);
	}
	/* It was about something. */
	KUNIT_EXPECT_GT(test, held, 20);
	KUNIT_EXPECT_GT(test, lent, 20);
	kunit_info(test, "of %u steps %u with buckets held, %u lent, %u with nobody", step, held,
		   lent, nobody);
}

/* What 256 members take: homes, and one that fails and comes back */
static void iq_pool_time_test(struct kunit *test)
{
	u32 ids[IPSEC_QOS_POOL_MEMBERS_MAX];
	struct iq_t *t = test->priv;
	u8 *states = kunit_kzalloc(test, IPSEC_QOS_POOL_MEMBERS_MAX, GFP_KERNEL);
	u64 began, homes, down, up, half;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, states);
	for (i = 0; i < IPSEC_QOS_POOL_MEMBERS_MAX; i++)
		ids[i] = i + 1;
	iq_t_state(test, ids, states, IPSEC_QOS_POOL_MEMBERS_MAX);
	t->req = (struct iq_pool_req) {
		.id = IQ_T_POOL, .name = "pool", .n = IPSEC_QOS_POOL_MEMBERS_MAX,
	};
	for (i = 0; i < IPSEC_QOS_POOL_MEMBERS_MAX; i++)
		t->req.member[i] = (struct iq_member_req) { .id = i + 1, .weight = 1 + i };
	began = ktime_get_ns();
	mutex_lock(&t->iqn.config_lock);
	KUNIT_EXPECT_EQ(test, iq_pool_set(&t->iqn, &t->req, 0, NLM_F_CREATE, NULL), 0);
	mutex_unlock(&t->iqn.config_lock);
	homes = ktime_get_ns() - began;
	began = ktime_get_ns();
	iq_t_one_state(test, 200, IPSEC_QOS_ELEMENT_DOWN);
	down = ktime_get_ns() - began;
	began = ktime_get_ns();
	iq_t_one_state(test, 200, IPSEC_QOS_ELEMENT_UP);
	up = ktime_get_ns() - began;
	memset(states, IPSEC_QOS_ELEMENT_DOWN, IPSEC_QOS_POOL_MEMBERS_MAX / 2);
	iq_t_state(test, ids, states, IPSEC_QOS_POOL_MEMBERS_MAX);
	began = ktime_get_ns();
	iq_t_one_state(test, 1, IPSEC_QOS_ELEMENT_UP);
	half = ktime_get_ns() - began;
	kunit_info(test, "us: homes %llu, down %llu, up %llu, up while half is down %llu",
		   div_u64(homes, 1000), div_u64(down, 1000), div_u64(up, 1000),
		   div_u64(half, 1000));
	/* A state costs what it changes alone. */
	KUNIT_EXPECT_LT(test, down, homes / 4);
	KUNIT_EXPECT_LT(test, up, homes / 4);
	KUNIT_EXPECT_LT(test, half, homes / 4);
}

/* Steered prefixes */

/* Few addresses of many lengths, so that they are in one another */
static void iq_t_prefix(struct iq_t *t, struct iq_prefix_req *req)
{
	static const u8 lens4[] = { 0, 8, 24, 27, 30, 31, 32 };
	static const u8 lens6[] = { 0, 32, 64, 65, 120, 127, 128 };
	u32 r = prandom_u32_state(&t->rnd);
	struct in6_addr prefix;
	__be32 dst4;

	*req = (struct iq_prefix_req) { .pool = IQ_T_POOL };
	if (r & 1) {
		req->family = AF_INET;
		req->len = lens4[r / 2 % ARRAY_SIZE(lens4)];
		dst4 = cpu_to_be32(0x0a000000 + (r >> 8) % 64) & inet_make_mask(req->len);
		memcpy(req->dst, &dst4, sizeof(dst4));
		return;
	}
	req->family = AF_INET6;
	req->len = lens6[r / 2 % ARRAY_SIZE(lens6)];
	req->dst[0] = 0x20;
	req->dst[7] = (r >> 16) % 2;
	req->dst[8] = (r >> 17) % 2 << 7;
	req->dst[15] = (r >> 8) % 64;
	ipv6_addr_prefix(&prefix, (struct in6_addr *)req->dst, req->len);
	memcpy(req->dst, &prefix, sizeof(prefix));
}

static bool iq_t_within(const struct iq_prefix *p, u8 family, const u8 *dst)
{
	u32 i;

	if (p->family != family)
		return false;
	for (i = 0; i < p->len; i++)
		if ((p->dst[i / 8] ^ dst[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* All steered prefixes, one by one */
static void iq_t_prefix_check(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_steer *steer = iq_steer(&t->iqn);
	const struct iq_prefix *best, *found;
	struct iq_prefix_req req;
	u32 i, k;

	for (k = 0; k < 100; k++) {
		iq_t_prefix(t, &req);
		best = NULL;
		for (i = 0; i < steer->n_prefixes; i++)
			if (iq_t_within(steer->prefix[i], req.family, req.dst) &&
			    (!best || steer->prefix[i]->len > best->len))
				best = steer->prefix[i];
		rcu_read_lock();
		found = iq_prefix_find(&t->iqn, req.family, req.dst);
		rcu_read_unlock();
		KUNIT_EXPECT_PTR_EQ(test, found, best);
	}
	for (i = 1; i < steer->n_prefixes; i++)
		KUNIT_EXPECT_LT(test, iq_prefix_cmp(&steer->prefix[i - 1],
						    &steer->prefix[i]), 0);
	KUNIT_EXPECT_EQ(test, t->pool->prefixes, steer->n_prefixes);
}

static void iq_prefix_model_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_steer *steer = iq_steer(&t->iqn);
	struct iq_prefix_req req[4];
	u32 step, i, n, before, most = 0;
	int err;

	iq_t_begin(test, 2, -1);
	for (step = 0; step < 600; step++) {
		n = 1 + prandom_u32_state(&t->rnd) % ARRAY_SIZE(req);
		before = steer->n_prefixes;
		for (i = 0; i < n; i++)
			iq_t_prefix(t, &req[i]);
		mutex_lock(&t->iqn.config_lock);
		if (step % 200 < 130)
			err = iq_prefix_set(&t->iqn, req, n, 0, NLM_F_CREATE | NLM_F_REPLACE,
					    NULL);
		else
			err = iq_prefix_del(&t->iqn, req, 1 + n % 2, NULL);
		if (step % 200 == 199) {
			t->iqn.generation[0]++;
			before = steer->n_prefixes;
			KUNIT_EXPECT_EQ(test, iq_prefix_sweep(steer, 0), before);
			KUNIT_EXPECT_EQ(test, steer->n_prefixes, 0);
		} else if (err) {
			KUNIT_EXPECT_EQ(test, steer->n_prefixes, before);
		}
		mutex_unlock(&t->iqn.config_lock);
		most = max(most, steer->n_prefixes);
		iq_t_prefix_check(test);
	}
	KUNIT_EXPECT_GT(test, most, 60);
}

/* IKE goes by this side's SPI; IKEv1 does not say which of the two that is. */
static void iq_ike_test(struct kunit *test)
{
	struct iq_packet pkt = { .spi_i = 0x0123ULL << 48 | 7, .spi_r = 0x0321ULL << 48 | 8 };
	struct iq_t *t = test->priv;
	const struct iq_element *also;
	u32 of_i, of_r, bucket, n;
	struct iq_chosen c;

	iq_t_begin(test, 9, -1);
	of_i = iq_t_now(t, 0x123, NULL);
	of_r = iq_t_now(t, 0x321, NULL);
	KUNIT_ASSERT_NE(test, of_i, of_r);
	local_bh_disable();
	rcu_read_lock();
	c = iq_steer_ike(t->pool, &pkt);
	KUNIT_EXPECT_EQ(test, c.element->target.id, of_i);
	KUNIT_EXPECT_TRUE(test, !iq_steer_ike_also(t->pool, &pkt, &c));
	pkt.initiator = true;
	c = iq_steer_ike(t->pool, &pkt);
	KUNIT_EXPECT_EQ(test, c.element->target.id, of_r);
	KUNIT_EXPECT_TRUE(test, !iq_steer_ike_also(t->pool, &pkt, &c));
	/* IKEv1: to the one, and to the other as well */
	pkt.ikev1 = true;
	c = iq_steer_ike(t->pool, &pkt);
	also = iq_steer_ike_also(t->pool, &pkt, &c);
	KUNIT_EXPECT_EQ(test, c.element->target.id, of_r);
	KUNIT_ASSERT_TRUE(test, also);
	KUNIT_EXPECT_EQ(test, also->target.id, of_i);
	/* who is one and the same gets it once */
	for (bucket = 0; iq_t_now(t, bucket, NULL) != of_r || bucket == 0x321; bucket++)
		;
	pkt.spi_i = (u64)bucket << 48;
	KUNIT_EXPECT_TRUE(test, !iq_steer_ike_also(t->pool, &pkt, &c));
	/* a first message is nobody else's */
	pkt.spi_i = 0x0123ULL << 48;
	pkt.spi_r = 0;
	c = iq_steer_ike(t->pool, &pkt);
	KUNIT_EXPECT_TRUE(test, !iq_steer_ike_also(t->pool, &pkt, &c));
	/* a flood of them is not doubled, and takes nothing from ICMP errors */
	pkt.spi_r = 0x0321ULL << 48;
	c = iq_steer_ike(t->pool, &pkt);
	for (n = 0; n < 5000 && iq_steer_ike_also(t->pool, &pkt, &c); n++)
		;
	KUNIT_EXPECT_GE(test, n, 998);
	KUNIT_EXPECT_LT(test, n, 5000);
	KUNIT_EXPECT_TRUE(test, iq_pool_may_copy(t->pool, IQ_COPIES_ICMP, 1000));
	rcu_read_unlock();
	local_bh_enable();
}

static struct kunit_case iq_steer_cases[] = {
	KUNIT_CASE(iq_pool_home_test),
	KUNIT_CASE(iq_pool_fail_test),
	KUNIT_CASE(iq_pool_leave_test),
	KUNIT_CASE(iq_pool_join_test),
	KUNIT_CASE(iq_pool_drain_test),
	KUNIT_CASE(iq_pool_rename_test),
	KUNIT_CASE(iq_pool_renumber_test),
	KUNIT_CASE(iq_pool_hashed_test),
	KUNIT_CASE(iq_ike_test),
	KUNIT_CASE(iq_pool_model_test),
	KUNIT_CASE(iq_pool_time_test),
	KUNIT_CASE(iq_prefix_model_test),
	{}
};

static struct kunit_suite iq_steer_suite = {
	.name = "iq_steer",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_steer_cases,
};

kunit_test_suite(iq_steer_suite);
