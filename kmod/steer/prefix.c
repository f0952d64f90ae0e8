// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/ipv6.h>

#include "core/compat.h"
#include "event.h"
#include "prefix.h"

/**
 * struct iq_prefixes - what packets read: all of a family, by length and address
 *
 * It is made anew when some are added or changed. Where one goes, iq_prefix_gone comes in
 * its place, so that those behind it are found still.
 *
 * @factor: of the hash; odd, and nobody's to choose
 * @mask: slots less one, of which there are two at least
 * @shift: what leaves as many bits of a hash
 * @n_lens: lengths that there are
 * @len: these, the longest first
 * @slot: NULL: free; half of them are at least
 */
struct iq_prefixes {
	struct rcu_head rcu;
	u64 factor;
	u32 mask;
	u8 shift;
	u8 n_lens;
	u8 len[129];
	struct iq_prefix __rcu *slot[];
};

/* It fits nothing: no table has its length. */
static struct iq_prefix iq_prefix_gone = { .len = 255 };

static enum iq_steer_family iq_prefix_family(u8 family)
{
	return family == AF_INET ? IQ_STEER_IPV4 : IQ_STEER_IPV6;
}

static size_t iq_prefix_bytes(u8 family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

/* The highest bits of a product: two keys share a place no more often than by chance. */
static u32 iq_prefix_hash4(const struct iq_prefixes *t, u8 len, __be32 dst)
{
	return ((u64)len << 32 | (__force u32)dst) * t->factor >> t->shift;
}

static u32 iq_prefix_hash6(const struct iq_prefixes *t, u8 len, const struct in6_addr *dst)
{
	return jhash2((__force const u32 *)dst->s6_addr32, 4, (u32)t->factor ^ len) & t->mask;
}

static const struct iq_prefix *iq_prefix_find4(const struct iq_prefixes *t, __be32 dst)
{
	const struct iq_prefix *p;
	__be32 key;
	u32 i, at;

	for (i = 0; i < t->n_lens; i++) {
		key = dst & inet_make_mask(t->len[i]);
		at = iq_prefix_hash4(t, t->len[i], key);
		while ((p = rcu_dereference(t->slot[at]))) {
			if (p->len == t->len[i] && *(const __be32 *)p->dst == key)
				return p;
			at = (at + 1) & t->mask;
		}
	}
	return NULL;
}

static const struct iq_prefix *iq_prefix_find6(const struct iq_prefixes *t,
					       const struct in6_addr *dst)
{
	const struct iq_prefix *p;
	struct in6_addr key;
	u32 i, at;

	for (i = 0; i < t->n_lens; i++) {
		ipv6_addr_prefix(&key, dst, t->len[i]);
		at = iq_prefix_hash6(t, t->len[i], &key);
		while ((p = rcu_dereference(t->slot[at]))) {
			if (p->len == t->len[i] &&
			    ipv6_addr_equal((const struct in6_addr *)p->dst, &key))
				return p;
			at = (at + 1) & t->mask;
		}
	}
	return NULL;
}

const struct iq_prefix *iq_prefix_find(const struct iq_net *iqn, u8 family, const void *dst)
{
	const struct iq_steer *steer = iq_steer(iqn);
	const struct iq_prefixes *t;
	struct in6_addr dst6;
	__be32 dst4;

	t = steer ? rcu_dereference(steer->prefixes[iq_prefix_family(family)]) : NULL;
	if (!t)
		return NULL;
	if (family == AF_INET) {
		memcpy(&dst4, dst, sizeof(dst4));
		return iq_prefix_find4(t, dst4);
	}
	memcpy(&dst6, dst, sizeof(dst6));
	return iq_prefix_find6(t, &dst6);
}

/* For requests. */

static u32 iq_prefix_hash(const struct iq_prefixes *t, const struct iq_prefix *p)
{
	return p->family == AF_INET ?
	       iq_prefix_hash4(t, p->len, *(const __be32 *)p->dst) :
	       iq_prefix_hash6(t, p->len, (const struct in6_addr *)p->dst);
}

static int iq_prefix_order(u8 family1, const u8 *dst1, u8 len1, u8 family2, const u8 *dst2,
			   u8 len2)
{
	int order = family1 != family2 ? (family1 == AF_INET ? -1 : 1) :
		    memcmp(dst1, dst2, iq_prefix_bytes(family1));

	return order ?: len1 - len2;
}

static int iq_prefix_cmp(const void *a, const void *b)
{
	const struct iq_prefix *p = *(struct iq_prefix *const *)a;
	const struct iq_prefix *q = *(struct iq_prefix *const *)b;

	return iq_prefix_order(p->family, p->dst, p->len, q->family, q->dst, q->len);
}

/* Its place among @n in order; -1: none */
static int iq_prefix_place(struct iq_prefix *const *all, u32 n,
			   const struct iq_prefix_req *req)
{
	u32 low = 0, high = n, mid;
	int order;

	while (low < high) {
		mid = (low + high) / 2;
		order = iq_prefix_order(req->family, req->dst, req->len, all[mid]->family,
					all[mid]->dst, all[mid]->len);
		if (!order)
			return mid;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -1;
}

static void iq_prefixes_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct iq_prefixes, rcu));
}

/* A table of those of a family; NULL: there are none; or an errno */
static struct iq_prefixes *iq_prefixes_make(struct iq_prefix *const *all, u32 n,
					    enum iq_steer_family family)
{
	DECLARE_BITMAP(there, 129) = {};
	struct iq_prefixes *t;
	u32 i, at, count = 0;
	int len;

	for (i = 0; i < n; i++) {
		if (iq_prefix_family(all[i]->family) != family)
			continue;
		__set_bit(all[i]->len, there);
		count++;
	}
	if (!count)
		return NULL;
	count = roundup_pow_of_two(2 * count);
	t = kvzalloc(struct_size(t, slot, count), GFP_KERNEL_ACCOUNT);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->mask = count - 1;
	t->shift = 64 - ilog2(count);
	t->factor = get_random_u64() | 1;
	for (len = 128; len >= 0; len--)
		if (test_bit(len, there))
			t->len[t->n_lens++] = len;
	for (i = 0; i < n; i++) {
		if (iq_prefix_family(all[i]->family) != family)
			continue;
		at = iq_prefix_hash(t, all[i]);
		while (rcu_access_pointer(t->slot[at]))
			at = (at + 1) & t->mask;
		RCU_INIT_POINTER(t->slot[at], all[i]);
	}
	return t;
}

static void iq_prefixes_publish(struct iq_steer *steer, enum iq_steer_family family,
				struct iq_prefixes *t)
{
	struct iq_prefixes *old = rcu_replace_pointer(steer->prefixes[family], t,
					lockdep_is_held(&steer->iqn->config_lock));

	if (old)
		call_rcu(&old->rcu, iq_prefixes_free_rcu);
}

const struct iq_prefix *iq_prefix_with(const struct iq_steer *steer,
				       const struct iq_element *e)
{
	u32 i;

	for (i = 0; i < steer->n_prefixes; i++)
		if (steer->prefix[i]->ike_element == e)
			return steer->prefix[i];
	return NULL;
}

/* It names its pool and element, or no longer. */
static void iq_prefix_names(struct iq_steer *steer, const struct iq_prefix *p, int more)
{
	((struct iq_pool *)p->pool)->prefixes += more;
	if (p->ike_element)
		((struct iq_element *)p->ike_element)->prefixes += more;
}

static void iq_prefix_free_rcu(struct rcu_head *rcu)
{
	struct iq_prefix *p = container_of(rcu, struct iq_prefix, rcu);

	free_percpu(p->counter);
	kfree(p);
}

/**
 * struct iq_prefix_plan - what a request will do to steered prefixes
 *
 * @all: as they will be, @n of them in order
 * @was: by entry of the request, the one that it changes; NULL: it is new
 * @is: likewise, what it will be; @was, where nothing changes
 * @hashed: some are of pools that packets of any kind are hashed over
 * @table: by family
 */
struct iq_prefix_plan {
	struct iq_prefix **all;
	u32 n;
	struct iq_prefix **was;
	struct iq_prefix **is;
	bool hashed;
	struct iq_prefixes *table[__IQ_STEER_FAMILIES];
};

/* May one be as @req says? Who it names is put into @p. */
static int iq_prefix_check(struct iq_steer *steer, const struct iq_prefix_req *req,
			   u16 nlflags, const struct iq_prefix *was, struct iq_prefix *p,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = req->attr;

	if (was && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, attr, "the prefix is steered already, to pool %s",
		       was->pool->name);
		return -EEXIST;
	}
	if (!was && !(nlflags & NLM_F_CREATE)) {
		iq_err(extack, attr, "the prefix is not steered");
		return -ENOENT;
	}
	p->pool = xa_load(&steer->pools, req->pool);
	if (!p->pool) {
		iq_err(extack, req->pool_attr, "no pool %u", req->pool);
		return -ENOENT;
	}
	if (req->ike != IPSEC_QOS_STEER_IKE_LOCAL && p->pool->mode == IPSEC_QOS_POOL_FLOW) {
		iq_err(extack, req->pool_attr, "pool %s is of flows, IKE has no place in it",
		       p->pool->name);
		return -EINVAL;
	}
	if (!req->ike_element)
		return 0;
	p->ike_element = xa_load(&steer->elements, req->ike_element);
	if (p->ike_element)
		return 0;
	iq_err(extack, req->ike_attr, "no element %u", req->ike_element);
	return -ENOENT;
}

/* Plan one, the @i-th of the request. */
static int iq_prefix_plan_one(struct iq_steer *steer, const struct iq_prefix_req *req,
			      u32 i, u16 nlflags, struct iq_prefix_plan *plan,
			      struct netlink_ext_ack *extack)
{
	int place = iq_prefix_place(steer->prefix, steer->n_prefixes, req), err;
	struct iq_prefix *was = place < 0 ? NULL : steer->prefix[place], *p;

	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return -ENOMEM;
	plan->is[i] = p;
	err = iq_prefix_check(steer, req, nlflags, was, p, extack);
	if (err)
		return err;
	p->ike = req->ike;
	p->family = req->family;
	p->len = req->len;
	memcpy(p->dst, req->dst, sizeof(p->dst));
	if (was) {
		if (plan->all[place] != was) {
			iq_err(extack, req->attr, "the prefix is named twice");
			return -EINVAL;
		}
		plan->was[i] = was;
		plan->all[place] = p;
		p->counter = was->counter;
		return 0;
	}
	if (plan->n >= IPSEC_QOS_STEERS_MAX) {
		iq_err(extack, req->attr, "the ceiling of %d steered prefixes is reached",
		       IPSEC_QOS_STEERS_MAX);
		return -ENOSPC;
	}
	p->counter = iq_counter_alloc(IPSEC_QOS_STEER_COUNTER_MAX + 1);
	if (!p->counter)
		return -ENOMEM;
	plan->all[plan->n++] = p;
	return 0;
}

/* New ones are behind all others, and are put in order. */
static int iq_prefix_plan_order(struct iq_prefix_plan *plan, const struct iq_prefix_req *req,
				u32 n, struct netlink_ext_ack *extack)
{
	u32 i;

	sort(plan->all, plan->n, sizeof(*plan->all), iq_prefix_cmp, NULL);
	for (i = 0; i < plan->n; i++) {
		plan->hashed |= plan->all[i]->pool->mode == IPSEC_QOS_POOL_FLOW;
		if (i && !iq_prefix_cmp(&plan->all[i - 1], &plan->all[i]))
			break;
	}
	if (i == plan->n)
		return 0;
	/* The later of the two is at fault. */
	while (n-- && iq_prefix_place(&plan->all[i], 1, &req[n]))
		;
	iq_err(extack, req[n].attr, "the prefix is named twice");
	return -EINVAL;
}

static int iq_prefix_plan(struct iq_steer *steer, const struct iq_prefix_req *req, u32 n,
			  u16 nlflags, struct iq_prefix_plan *plan,
			  struct netlink_ext_ack *extack)
{
	enum iq_steer_family family;
	int err = 0;
	u32 i;

	plan->n = steer->n_prefixes;
	plan->all = kvmalloc_array(plan->n + n, sizeof(*plan->all), GFP_KERNEL_ACCOUNT);
	plan->was = kvcalloc(n, sizeof(*plan->was), GFP_KERNEL);
	plan->is = kvcalloc(n, sizeof(*plan->is), GFP_KERNEL);
	if (!plan->all || !plan->was || !plan->is)
		return -ENOMEM;
	if (plan->n)
		memcpy(plan->all, steer->prefix, plan->n * sizeof(*plan->all));
	for (i = 0; i < n && !err; i++)
		err = iq_prefix_plan_one(steer, &req[i], i, nlflags, plan, extack);
	if (!err)
		err = iq_prefix_plan_order(plan, req, n, extack);
	for (family = 0; family < __IQ_STEER_FAMILIES && !err; family++) {
		plan->table[family] = iq_prefixes_make(plan->all, plan->n, family);
		if (IS_ERR(plan->table[family])) {
			err = PTR_ERR(plan->table[family]);
			plan->table[family] = NULL;
		}
	}
	return err ?: iq_steer_hooks(steer, plan->hashed);
}

/* However far iq_prefix_plan() came. */
static void iq_prefix_undo(struct iq_steer *steer, struct iq_prefix_plan *plan, u32 n)
{
	u32 i;

	for (i = 0; plan->was && plan->is && i < n && plan->is[i]; i++) {
		if (!plan->was[i])
			free_percpu(plan->is[i]->counter);
		kfree(plan->is[i]);
	}
	kvfree(plan->table[IQ_STEER_IPV4]);
	kvfree(plan->table[IQ_STEER_IPV6]);
	kvfree(plan->all);
}

/* Packets know it already. */
static void iq_prefix_apply(struct iq_steer *steer, struct iq_prefix *was,
			    struct iq_prefix *p, u8 owner)
{
	/* To state again what is there makes no event. */
	bool changed = !was || was->pool != p->pool || was->ike != p->ike ||
		       was->ike_element != p->ike_element || was->owner != owner;

	iq_prefix_names(steer, p, 1);
	if (was) {
		iq_prefix_names(steer, was, -1);
		kfree_rcu(was, rcu);
	}
	p->owner = owner;
	p->generation = steer->iqn->generation[owner];
	if (changed)
		iq_event_prefix(steer->iqn, was ? IPSEC_QOS_EVENT_CHANGE :
				IPSEC_QOS_EVENT_NEW, p);
}

int iq_prefix_set(struct iq_net *iqn, const struct iq_prefix_req *req, u32 n, u8 owner,
		  u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_prefix_plan plan = {};
	struct iq_steer *steer;
	int err;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_steer_init(iqn);
	if (err)
		return err;
	steer = iq_steer(iqn);
	err = iq_prefix_plan(steer, req, n, nlflags, &plan, extack);
	if (err) {
		iq_prefix_undo(steer, &plan, n);
		iq_steer_settle(steer);
		goto out;
	}
	kvfree(steer->prefix);
	steer->prefix = plan.all;
	steer->n_prefixes = plan.n;
	steer->prefix_seq++;
	iq_prefixes_publish(steer, IQ_STEER_IPV4, plan.table[IQ_STEER_IPV4]);
	iq_prefixes_publish(steer, IQ_STEER_IPV6, plan.table[IQ_STEER_IPV6]);
	for (i = 0; i < n; i++)
		iq_prefix_apply(steer, plan.was[i], plan.is[i], owner);
	iq_steer_settle(steer);
out:
	kvfree(plan.was);
	kvfree(plan.is);
	return err;
}

/* Packets find it no more. It stays in iq_steer.prefix, which the caller mends. */
static void iq_prefix_remove(struct iq_steer *steer, struct iq_prefix *p)
{
	enum iq_steer_family family = iq_prefix_family(p->family);
	struct iq_prefixes *t = rcu_dereference_protected(steer->prefixes[family],
					lockdep_is_held(&steer->iqn->config_lock));
	u32 at = iq_prefix_hash(t, p);

	while (rcu_access_pointer(t->slot[at]) != p)
		at = (at + 1) & t->mask;
	rcu_assign_pointer(t->slot[at], &iq_prefix_gone);
	iq_prefix_names(steer, p, -1);
	iq_event_prefix(steer->iqn, IPSEC_QOS_EVENT_DEL, p);
	call_rcu(&p->rcu, iq_prefix_free_rcu);
}

/* Places of iq_steer.prefix are empty. Who has none of a family has no table either. */
static void iq_prefix_mend(struct iq_steer *steer)
{
	u32 i, n = 0, there[__IQ_STEER_FAMILIES] = {};

	for (i = 0; i < steer->n_prefixes; i++) {
		if (!steer->prefix[i])
			continue;
		there[iq_prefix_family(steer->prefix[i]->family)]++;
		steer->prefix[n++] = steer->prefix[i];
	}
	steer->n_prefixes = n;
	steer->prefix_seq++;
	for (i = 0; i < __IQ_STEER_FAMILIES; i++)
		if (!there[i])
			iq_prefixes_publish(steer, i, NULL);
	iq_steer_settle(steer);
}

int iq_prefix_del(struct iq_net *iqn, const struct iq_prefix_req *req, u32 n,
		  struct netlink_ext_ack *extack)
{
	struct iq_steer *steer = iq_steer(iqn);
	int *place;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	place = kvmalloc_array(n, sizeof(*place), GFP_KERNEL);
	if (!place)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		place[i] = steer ? iq_prefix_place(steer->prefix, steer->n_prefixes, &req[i])
				 : -1;
		if (place[i] >= 0)
			continue;
		iq_err(extack, req[i].attr, "the prefix is not steered");
		kvfree(place);
		return -ENOENT;
	}
	for (i = 0; i < n; i++) {
		/* One may be named twice. */
		if (!steer->prefix[place[i]])
			continue;
		iq_prefix_remove(steer, steer->prefix[place[i]]);
		steer->prefix[place[i]] = NULL;
	}
	iq_prefix_mend(steer);
	kvfree(place);
	return 0;
}

u32 iq_prefix_sweep(struct iq_steer *steer, u8 owner)
{
	struct iq_prefix *p;
	u32 i, count = 0;

	lockdep_assert_held(&steer->iqn->config_lock);
	for (i = 0; i < steer->n_prefixes; i++) {
		p = steer->prefix[i];
		if (p->owner != owner || p->generation == steer->iqn->generation[owner])
			continue;
		iq_prefix_remove(steer, p);
		steer->prefix[i] = NULL;
		count++;
	}
	if (count)
		iq_prefix_mend(steer);
	return count;
}

void iq_prefixes_exit(struct iq_steer *steer)
{
	u32 i;

	for (i = 0; i < __IQ_STEER_FAMILIES; i++)
		kvfree(rcu_dereference_protected(steer->prefixes[i], true));
	for (i = 0; i < steer->n_prefixes; i++)
		call_rcu(&steer->prefix[i]->rcu, iq_prefix_free_rcu);
	kvfree(steer->prefix);
}
