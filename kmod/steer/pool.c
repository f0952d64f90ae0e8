// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "core/debug.h"
#include "event.h"
#include "pool.h"

/* For packets. */

static struct iq_chosen iq_pool_chosen(const struct iq_buckets *b, u16 has)
{
	u16 place = has & IQ_BUCKET_MEMBER;

	if (place == IQ_BUCKET_NOBODY)
		return (struct iq_chosen) { .why = IPSEC_QOS_STEER_NOBODY };
	return (struct iq_chosen) {
		.element = b->member[place],
		.why = has & IQ_BUCKET_LENT ? IPSEC_QOS_STEER_LENT :
		       has & IQ_BUCKET_HELD ? IPSEC_QOS_STEER_HELD : IPSEC_QOS_STEER_HOME,
	};
}

struct iq_chosen iq_pool_bucket(const struct iq_pool *p, u32 bucket)
{
	const struct iq_buckets *b = rcu_dereference(p->buckets);

	return iq_pool_chosen(b, b->now[bucket % IQ_SELECT_BUCKETS]);
}

struct iq_chosen iq_pool_begin(const struct iq_pool *p, u64 spi_i)
{
	const struct iq_buckets *b = rcu_dereference(p->buckets);

	return iq_pool_chosen(b, b->begin[siphash_1u64(spi_i, &b->secret) %
					  IQ_SELECT_BUCKETS]);
}

struct iq_chosen iq_pool_hashed(const struct iq_pool *p, u64 hash)
{
	struct iq_chosen c = iq_pool_bucket(p, iq_select_mix(hash) % IQ_SELECT_BUCKETS);

	if (c.element)
		c.why = IPSEC_QOS_STEER_HASHED;
	return c;
}

bool iq_pool_may_copy(const struct iq_pool *p, enum iq_copies what, u32 n)
{
	/* It is all that packets change of a pool. */
	return iq_rate_take(&((struct iq_pool *)p)->copied[what], n, IQ_POOL_COPIES);
}

/* For requests. */

static void iq_buckets_free_rcu(struct rcu_head *rcu)
{
	kvfree_sensitive(container_of(rcu, struct iq_buckets, rcu),
			 offsetof(struct iq_buckets, now));
}

/* What packets read from now on. */
static void iq_pool_publish(struct iq_pool *p, struct iq_buckets *b)
{
	struct iq_buckets *old = rcu_replace_pointer(p->buckets, b,
					lockdep_is_held(&p->iqn->config_lock));

	if (old)
		call_rcu(&old->rcu, iq_buckets_free_rcu);
	iq_shares_tally(p->shares, b);
	iq_steer(p->iqn)->pool_seq++;
}

static void iq_pool_free_rcu(struct rcu_head *rcu)
{
	struct iq_pool *p = container_of(rcu, struct iq_pool, rcu);

	iq_buckets_free_rcu(&rcu_dereference_protected(p->buckets, true)->rcu);
	kvfree(p->shares);
	kfree(p);
}

static struct iq_pool *iq_pool_named(struct iq_steer *steer, const char *name)
{
	struct iq_pool *p;
	unsigned long i;

	xa_for_each(&steer->pools, i, p)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

struct iq_pool *iq_pool_find(struct iq_net *iqn, u32 id, const char *name)
{
	struct iq_steer *steer = iq_steer(iqn);

	lockdep_assert_held(&iqn->config_lock);
	if (!steer)
		return NULL;
	return id ? xa_load(&steer->pools, id) : iq_pool_named(steer, name);
}

struct iq_pool *iq_pool_with(struct iq_steer *steer, const struct iq_element *e)
{
	struct iq_pool *p;
	unsigned long i;
	u32 k;

	xa_for_each(&steer->pools, i, p)
		for (k = 0; k < p->shares->n; k++)
			if (p->shares->share[k].element == e)
				return p;
	return NULL;
}

static int iq_pool_check(const struct iq_pool_req *req, u16 nlflags, struct iq_steer *steer,
			 const struct iq_pool *p, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = req->attr;
	const struct iq_pool *other;

	if (p && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, attr, "pool %u exists, it is %s", p->id, p->name);
		return -EEXIST;
	}
	if (!p && !(nlflags & NLM_F_CREATE)) {
		iq_err(extack, attr, "no pool %u", req->id);
		return -ENOENT;
	}
	if (!p && !req->name[0]) {
		iq_err(extack, attr, "a new pool needs a name");
		return -EINVAL;
	}
	if (!p && steer->n_pools >= IPSEC_QOS_POOLS_MAX) {
		iq_err(extack, attr, "the ceiling of %d pools is reached",
		       IPSEC_QOS_POOLS_MAX);
		return -ENOSPC;
	}
	if (p && req->mode >= 0 && req->mode != p->mode) {
		iq_err(extack, attr, "the mode of pool %s does not change", p->name);
		return -EINVAL;
	}
	other = req->name[0] ? iq_pool_named(steer, req->name) : NULL;
	if (other && other != p) {
		iq_err(extack, attr, "another pool is %s", req->name);
		return -EEXIST;
	}
	return 0;
}

/* Has it just the members that @req wants, by their names? They are in the same order. */
static bool iq_pool_same(const struct iq_pool *p, const struct iq_pool_req *req)
{
	const struct iq_shares *s = p->shares;
	u32 i;

	if (s->n != req->n)
		return false;
	for (i = 0; i < s->n; i++)
		if (s->share[i].element->target.id != req->member[i].id ||
		    s->select[i].weight != req->member[i].weight ||
		    s->select[i].seed != iq_select_seed(s->share[i].element->name))
			return false;
	return true;
}

/* The shares of the members that @req wants; @p: of those that there were, NULL: none */
static struct iq_shares *iq_pool_share(struct iq_steer *steer, const struct iq_pool *p,
				       const struct iq_pool_req *req,
				       struct netlink_ext_ack *extack)
{
	struct iq_element **element = kcalloc(req->n + 1, sizeof(*element), GFP_KERNEL);
	u32 *weight = kcalloc(req->n + 1, sizeof(*weight), GFP_KERNEL), i;
	struct iq_shares *s = ERR_PTR(-ENOMEM);

	if (!element || !weight)
		goto out;
	for (i = 0; i < req->n; i++) {
		element[i] = xa_load(&steer->elements, req->member[i].id);
		weight[i] = req->member[i].weight;
		if (!element[i]) {
			iq_err(extack, req->member[i].attr, "no element %u",
			       req->member[i].id);
			s = ERR_PTR(-ENOENT);
			goto out;
		}
	}
	/* Where every member has every SA nothing is to be held. */
	s = iq_shares_make(element, weight, req->n,
			   p && p->mode == IPSEC_QOS_POOL_BUCKET ? p->shares : NULL) ?:
	    ERR_PTR(-ENOMEM);
out:
	kfree(element);
	kfree(weight);
	return s;
}

static void iq_pool_members(struct iq_shares *s, int more)
{
	u32 i;

	for (i = 0; i < s->n; i++)
		s->share[i].element->pools += more;
}

/* The table of a pool that has other shares, @s, or another secret */
static struct iq_buckets *iq_pool_table(const struct iq_pool *p, const struct iq_shares *s,
					const struct iq_pool_req *req)
{
	struct iq_buckets *b = iq_buckets_alloc(s);

	if (!b)
		return NULL;
	if (req->has_secret)
		b->secret = req->secret;
	else if (p)
		b->secret = iq_pool_buckets(p)->secret;
	else
		get_random_bytes(&b->secret, sizeof(b->secret));
	iq_buckets_fill(b, s, NULL);
	return b;
}

static int iq_pool_add(struct iq_steer *steer, const struct iq_pool_req *req, u8 owner,
		       struct netlink_ext_ack *extack)
{
	struct iq_pool *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct iq_buckets *b;
	int err = -ENOMEM, i;

	if (!p)
		return -ENOMEM;
	p->iqn = steer->iqn;
	p->id = req->id;
	p->mode = req->mode < 0 ? IPSEC_QOS_POOL_BUCKET : req->mode;
	p->owner = owner;
	p->generation = steer->iqn->generation[owner];
	for (i = 0; i < __IQ_COPIES; i++)
		iq_rate_init(&p->copied[i]);
	strscpy(p->name, req->name, sizeof(p->name));
	p->shares = iq_pool_share(steer, NULL, req, extack);
	if (IS_ERR(p->shares)) {
		err = PTR_ERR(p->shares);
		p->shares = NULL;
		goto free;
	}
	b = iq_pool_table(NULL, p->shares, req);
	if (!b)
		goto free;
	iq_pool_publish(p, b);
	err = xa_err(xa_store(&steer->pools, p->id, p, GFP_KERNEL_ACCOUNT));
	if (err) {
		iq_pool_free_rcu(&p->rcu);
		return err;
	}
	iq_pool_members(p->shares, 1);
	steer->n_pools++;
	iq_event_pool(steer->iqn, IPSEC_QOS_EVENT_NEW, p);
	return 0;

free:
	kvfree(p->shares);
	kfree(p);
	return err;
}

static int iq_pool_change(struct iq_steer *steer, struct iq_pool *p,
			  const struct iq_pool_req *req, u8 owner,
			  struct netlink_ext_ack *extack)
{
	bool renamed = req->name[0] && strcmp(p->name, req->name);
	bool same = iq_pool_same(p, req);
	bool secret = req->has_secret && memcmp(&req->secret, &iq_pool_buckets(p)->secret,
						sizeof(req->secret));
	struct iq_shares *s = p->shares;
	struct iq_buckets *b = NULL;

	if (!same) {
		s = iq_pool_share(steer, p, req, extack);
		if (IS_ERR(s))
			return PTR_ERR(s);
	}
	if (!same || secret) {
		b = iq_pool_table(p, s, req);
		if (!b) {
			if (!same)
				kvfree(s);
			return -ENOMEM;
		}
	}
	if (!same) {
		iq_pool_members(s, 1);
		iq_pool_members(p->shares, -1);
		kvfree(p->shares);
		p->shares = s;
	}
	if (b)
		iq_pool_publish(p, b);
	if (renamed)
		strscpy(p->name, req->name, sizeof(p->name));
	p->generation = steer->iqn->generation[owner];
	steer->pool_seq++;
	/* To state again what is there makes no event. */
	if (renamed || b || p->owner != owner) {
		p->owner = owner;
		iq_event_pool(steer->iqn, IPSEC_QOS_EVENT_CHANGE, p);
	}
	return 0;
}

int iq_pool_set(struct iq_net *iqn, const struct iq_pool_req *req, u8 owner, u16 nlflags,
		struct netlink_ext_ack *extack)
{
	struct iq_steer *steer;
	struct iq_pool *p;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_steer_init(iqn);
	if (err)
		return err;
	steer = iq_steer(iqn);
	p = xa_load(&steer->pools, req->id);
	err = iq_pool_check(req, nlflags, steer, p, extack);
	if (err)
		return err;
	return p ? iq_pool_change(steer, p, req, owner, extack) :
		   iq_pool_add(steer, req, owner, extack);
}

/* A pool that no prefix names. */
static void iq_pool_remove(struct iq_steer *steer, struct iq_pool *p)
{
	xa_erase(&steer->pools, p->id);
	steer->n_pools--;
	steer->pool_seq++;
	iq_pool_members(p->shares, -1);
	iq_event_pool(steer->iqn, IPSEC_QOS_EVENT_DEL, p);
	call_rcu(&p->rcu, iq_pool_free_rcu);
}

int iq_pool_del(struct iq_net *iqn, const struct iq_pool_key *key, u32 n,
		struct netlink_ext_ack *extack)
{
	struct iq_pool *p;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	for (i = 0; i < n; i++) {
		p = iq_pool_find(iqn, key[i].id, key[i].name);
		if (!p) {
			if (key[i].id)
				iq_err(extack, key[i].attr, "no pool %u", key[i].id);
			else
				iq_err(extack, key[i].attr, "no pool %s", key[i].name);
			return -ENOENT;
		}
		if (p->prefixes) {
			iq_err(extack, key[i].attr, "pool %s is used by %u steered prefixes",
			       p->name, p->prefixes);
			return -EBUSY;
		}
	}
	for (i = 0; i < n; i++) {
		p = iq_pool_find(iqn, key[i].id, key[i].name);
		if (p)
			iq_pool_remove(iq_steer(iqn), p);
	}
	return 0;
}

int iq_pool_release(struct iq_pool *p, const u8 *mask)
{
	struct iq_shares *s = p->shares;
	struct iq_buckets *b;
	int count = 0;
	u32 i;

	lockdep_assert_held(&p->iqn->config_lock);
	if (!s->held)
		return 0;
	b = iq_buckets_alloc(s);
	if (!b)
		return -ENOMEM;
	b->secret = iq_pool_buckets(p)->secret;
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		if (s->holder[i] == s->home[i] || (mask && !(mask[i / 8] >> i % 8 & 1)))
			continue;
		s->holder[i] = s->home[i];
		count++;
	}
	iq_buckets_fill(b, s, NULL);
	iq_pool_publish(p, b);
	if (count)
		iq_event_pool(p->iqn, IPSEC_QOS_EVENT_CHANGE, p);
	return count;
}

u32 iq_pool_sweep(struct iq_steer *steer, u8 owner)
{
	struct iq_pool *p;
	unsigned long i;
	u32 count = 0;

	lockdep_assert_held(&steer->iqn->config_lock);
	xa_for_each(&steer->pools, i, p) {
		if (p->owner != owner || p->generation == steer->iqn->generation[owner] ||
		    p->prefixes)
			continue;
		iq_pool_remove(steer, p);
		count++;
	}
	return count;
}

/* Is the state of one of its members about to change? */
static bool iq_pool_turns(const struct iq_pool *p)
{
	const struct iq_shares *s = p->shares;
	u32 i;

	for (i = 0; i < s->n; i++)
		if (s->share[i].element->state != s->share[i].element->next_state)
			return true;
	return false;
}

int iq_pools_turn(struct iq_steer *steer)
{
	struct iq_pool *p;
	unsigned long i;

	lockdep_assert_held(&steer->iqn->config_lock);
	xa_for_each(&steer->pools, i, p) {
		if (!iq_pool_turns(p))
			continue;
		p->next = iq_buckets_alloc(p->shares);
		if (!p->next)
			goto undo;
		p->next->secret = iq_pool_buckets(p)->secret;
		iq_buckets_fill(p->next, p->shares, iq_pool_buckets(p));
	}
	return 0;

undo:
	xa_for_each(&steer->pools, i, p) {
		if (p->next)
			iq_buckets_free_rcu(&p->next->rcu);
		p->next = NULL;
	}
	return -ENOMEM;
}

void iq_pools_turned(struct iq_steer *steer)
{
	struct iq_pool *p;
	unsigned long i;
	bool moved;

	lockdep_assert_held(&steer->iqn->config_lock);
	xa_for_each(&steer->pools, i, p) {
		if (!p->next)
			continue;
		/* By a state alone nothing need be lent, nor come home. */
		moved = memcmp(p->next->now, iq_pool_buckets(p)->now, sizeof(p->next->now));
		iq_shares_drop(p->shares);
		iq_pool_publish(p, p->next);
		p->next = NULL;
		if (moved)
			iq_event_pool(steer->iqn, IPSEC_QOS_EVENT_CHANGE, p);
		cond_resched();
	}
}

void iq_pools_exit(struct iq_steer *steer)
{
	struct iq_pool *p;
	unsigned long i;

	xa_for_each(&steer->pools, i, p)
		call_rcu(&p->rcu, iq_pool_free_rcu);
	xa_destroy(&steer->pools);
}
