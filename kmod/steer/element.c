// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "core/compat.h"
#include "element.h"
#include "event.h"
#include "pool.h"
#include "prefix.h"
#include "send.h"
#include "sysfs.h"

/* Names */

static struct hlist_head *iq_element_chain(struct iq_steer *steer, const char *name)
{
	return &steer->names[jhash(name, strlen(name), 0) % IQ_STEER_NAMES];
}

static void iq_element_name_add(struct iq_steer *steer, struct iq_element *e)
{
	hlist_add_head(&e->by_name, iq_element_chain(steer, e->name));
}

static struct iq_element *iq_element_named(struct iq_steer *steer, const char *name)
{
	struct iq_element *e;

	hlist_for_each_entry(e, iq_element_chain(steer, name), by_name)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

struct iq_element *iq_element_find(struct iq_net *iqn, u32 id, const char *name)
{
	struct iq_steer *steer = iq_steer(iqn);

	lockdep_assert_held(&iqn->config_lock);
	if (!steer)
		return NULL;
	return id ? xa_load(&steer->elements, id) : iq_element_named(steer, name);
}

struct iq_target *iq_element_target(struct iq_net *iqn, u32 id)
{
	struct iq_element *e = id ? iq_element_find(iqn, id, NULL) : NULL;

	return e ? &e->target : NULL;
}

u32 iq_element_users(const struct iq_element *e)
{
	u32 users;

	spin_lock_bh(&e->iqn->table_lock);
	users = e->target.users;
	spin_unlock_bh(&e->iqn->table_lock);
	return users;
}

/* Who has seen it a grace period ago may have kept a route since. */
static void iq_element_free_rcu(struct rcu_head *rcu)
{
	struct iq_element *e = container_of(rcu, struct iq_element, rcu);

	iq_element_forget(e);
	free_percpu(e->counter);
	kfree(rcu_dereference_protected(e->way, true));
	kfree(e);
}

static struct iq_element *iq_element_alloc(struct iq_net *iqn,
					   const struct iq_element_req *req)
{
	struct iq_element *e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);

	if (!e)
		return NULL;
	e->counter = iq_counter_alloc(IPSEC_QOS_ELEMENT_COUNTER_MAX + 1);
	if (!e->counter) {
		kfree(e);
		return NULL;
	}
	e->iqn = iqn;
	e->target.id = req->id;
	e->state = IPSEC_QOS_ELEMENT_UP;
	strscpy(e->name, req->name, sizeof(e->name));
	INIT_HLIST_NODE(&e->by_name);
	return e;
}

/* Is a next hop an address of this host? A packet would only come back. */
static int iq_element_check_way(struct iq_net *iqn, const struct iq_element_req *req,
				struct netlink_ext_ack *extack)
{
	const struct iq_way *way = &req->way;
	struct net_device *dev;
	bool local4, local6;

	rcu_read_lock();
	dev = way->dev[0] ? dev_get_by_name_rcu(iqn->net, way->dev) : NULL;
	local4 = way->via &&
		 (dev ? inet_addr_type_dev_table(iqn->net, dev, way->via) :
			inet_addr_type(iqn->net, way->via)) == RTN_LOCAL;
	local6 = IS_ENABLED(CONFIG_IPV6) && !ipv6_addr_any(&way->via6) &&
		 ipv6_chk_addr(iqn->net, &way->via6, dev, 0);
	rcu_read_unlock();
	if (local4)
		iq_err(extack, req->via, "next hop %pI4 is an address of this host",
		       &way->via);
	else if (local6)
		iq_err(extack, req->via6, "next hop %pI6c is an address of this host",
		       &way->via6);
	return local4 || local6 ? -EINVAL : 0;
}

/**
 * struct iq_element_plan - what a request will do to one element
 *
 * @e: the element, there already or new
 * @way: how it is to be reached, if that is otherwise than now
 * @fresh: it is new
 * @rename: it got another name; else:
 * @was: the one that it had
 * @placed: it has the name that it is to have
 */
struct iq_element_plan {
	struct iq_element *e;
	struct iq_way *way;
	bool fresh;
	bool rename;
	bool placed;
	char was[IPSEC_QOS_NAME_MAX];
};

static int iq_element_check(const struct iq_steer *steer, const struct iq_element_req *req,
			    u16 nlflags, const struct iq_element *e, u32 fresh,
			    struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = req->attr;

	if (e && e->planned) {
		iq_err(extack, attr, "element %u is named twice", req->id);
		return -EINVAL;
	}
	if (e && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, attr, "element %u exists, it is %s", req->id, e->name);
		return -EEXIST;
	}
	if (!e && !(nlflags & NLM_F_CREATE)) {
		iq_err(extack, attr, "no element %u", req->id);
		return -ENOENT;
	}
	if (!e && !req->name[0]) {
		iq_err(extack, attr, "a new element needs a name");
		return -EINVAL;
	}
	if (!e && steer->n_elements + fresh >= IPSEC_QOS_ELEMENTS_MAX) {
		iq_err(extack, attr, "the ceiling of %d elements is reached",
		       IPSEC_QOS_ELEMENTS_MAX);
		return -ENOSPC;
	}
	return 0;
}

/* Is it reached otherwise than @way says? */
static bool iq_element_moves(const struct iq_element *e, const struct iq_way *way)
{
	const struct iq_way *now = iq_element_way(e);

	return strcmp(now->dev, way->dev) || now->via != way->via ||
	       !ipv6_addr_equal(&now->via6, &way->via6) || now->nexthop != way->nexthop;
}

/*
 * Find a request's elements, or make them. Until the request is carried out nobody else
 * can see that: config_lock is held. @fresh: how many are new.
 */
static int iq_element_gather(struct iq_steer *steer, const struct iq_element_req *req,
			     u32 n, u16 nlflags, struct iq_element_plan *plan, u32 *fresh,
			     struct netlink_ext_ack *extack)
{
	struct iq_element *e;
	u32 i;
	int err;

	for (i = 0; i < n; i++) {
		e = xa_load(&steer->elements, req[i].id);
		err = iq_element_check(steer, &req[i], nlflags, e, *fresh, extack);
		if (err)
			return err;
		if (!e || iq_element_moves(e, &req[i].way)) {
			err = iq_element_check_way(steer->iqn, &req[i], extack);
			if (err)
				return err;
			plan[i].way = kmemdup(&req[i].way, sizeof(req[i].way),
					      GFP_KERNEL_ACCOUNT);
			if (!plan[i].way)
				return -ENOMEM;
		}
		plan[i].rename = e && req[i].name[0] && strcmp(e->name, req[i].name);
		if (!e) {
			e = iq_element_alloc(steer->iqn, &req[i]);
			if (!e)
				return -ENOMEM;
			RCU_INIT_POINTER(e->way, plan[i].way);
			plan[i].way = NULL;
			err = xa_err(xa_store(&steer->elements, req[i].id, e,
					      GFP_KERNEL_ACCOUNT));
			if (err) {
				iq_element_free_rcu(&e->rcu);
				return err;
			}
			plan[i].fresh = true;
			++*fresh;
		}
		e->planned = true;
		e->next_state = req[i].state < 0 ? e->state : req[i].state;
		plan[i].e = e;
	}
	return 0;
}

/* Names may be swapped in one request: so all give up theirs first. */
static int iq_element_rename(struct iq_steer *steer, const struct iq_element_req *req,
			     u32 n, struct iq_element_plan *plan,
			     struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!plan[i].rename)
			continue;
		strscpy(plan[i].was, plan[i].e->name, sizeof(plan[i].was));
		hlist_del_init(&plan[i].e->by_name);
	}
	for (i = 0; i < n; i++) {
		if (!plan[i].rename && !plan[i].fresh)
			continue;
		if (iq_element_named(steer, req[i].name)) {
			iq_err(extack, req[i].attr, "another element is %s", req[i].name);
			return -EEXIST;
		}
		strscpy(plan[i].e->name, req[i].name, sizeof(plan[i].e->name));
		iq_element_name_add(steer, plan[i].e);
		plan[i].placed = true;
	}
	return 0;
}

/* As it was before iq_element_gather() and iq_element_rename(), however far they came. */
static void iq_element_undo(struct iq_steer *steer, struct iq_element_plan *plan, u32 n)
{
	struct iq_element *e;
	u32 i;

	for (i = 0; i < n; i++) {
		kfree(plan[i].way);
		if (plan[i].placed)
			hlist_del_init(&plan[i].e->by_name);
	}
	for (i = 0; i < n && plan[i].e; i++) {
		e = plan[i].e;
		e->planned = false;
		e->next_state = e->state;
		if (plan[i].fresh) {
			xa_erase(&steer->elements, e->target.id);
			iq_element_free_rcu(&e->rcu);
		} else if (plan[i].was[0]) {
			strscpy(e->name, plan[i].was, sizeof(e->name));
			iq_element_name_add(steer, e);
		}
	}
}

/* Carry out what can no longer fail. */
static void iq_element_apply(struct iq_steer *steer, const struct iq_element_plan *p,
			     bool turned, u8 owner)
{
	struct iq_element *e = p->e;
	/* To state again what is there makes no event. */
	bool changed = p->fresh || p->rename || p->way || turned || e->owner != owner;

	e->planned = false;
	e->owner = owner;
	e->generation = steer->iqn->generation[owner];
	if (p->fresh)
		steer->n_elements++;
	steer->element_seq++;
	if (changed)
		iq_event_element(steer->iqn, p->fresh ? IPSEC_QOS_EVENT_NEW :
				 IPSEC_QOS_EVENT_CHANGE, e);
}

/*
 * Elements are reached otherwise. Who has read the old way may keep a route by it until a
 * grace period is over: then it is forgotten.
 */
static void iq_element_move(struct iq_steer *steer, const struct iq_element_plan *plan,
			    u32 n)
{
	struct iq_way *old;
	bool any = false;
	u32 i;

	for (i = 0; i < n; i++) {
		if (!plan[i].way)
			continue;
		old = rcu_replace_pointer(plan[i].e->way, plan[i].way,
					  lockdep_is_held(&steer->iqn->config_lock));
		kfree_rcu(old, rcu);
		any = true;
	}
	if (!any)
		return;
	synchronize_rcu();
	for (i = 0; i < n; i++)
		if (plan[i].way)
			iq_element_forget(plan[i].e);
}

int iq_element_set(struct iq_net *iqn, const struct iq_element_req *req, u32 n, u8 owner,
		   u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_steer *steer;
	struct iq_element_plan *plan;
	struct iq_element *e;
	u32 i, fresh = 0;
	bool turned;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_steer_init(iqn);
	if (err)
		return err;
	steer = iq_steer(iqn);
	plan = kvcalloc(n, sizeof(*plan), GFP_KERNEL);
	if (!plan)
		return -ENOMEM;
	err = iq_element_gather(steer, req, n, nlflags, plan, &fresh, extack);
	if (!err)
		err = iq_element_rename(steer, req, n, plan, extack);
	/* Hooks first: an element without them would be a promise not kept. */
	if (!err)
		err = iq_steer_hooks(steer, false);
	if (!err)
		err = iq_pools_turn(steer);
	if (err) {
		iq_element_undo(steer, plan, n);
		goto out;
	}
	iq_element_move(steer, plan, n);
	iq_pools_turned(steer);
	for (i = 0; i < n; i++)
		if (plan[i].rename)
			iq_sysfs_element_away(steer, plan[i].e);
	for (i = 0; i < n; i++) {
		e = plan[i].e;
		turned = e->state != e->next_state;
		WRITE_ONCE(e->state, e->next_state);
		iq_element_apply(steer, &plan[i], turned, owner);
	}
out:
	iq_steer_settle(steer);
	kvfree(plan);
	return err;
}

/* Say who uses it, if somebody does. */
static bool iq_element_busy(struct iq_steer *steer, const struct iq_element *e,
			    const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct iq_prefix *p;
	u32 users = iq_element_users(e);

	if (users) {
		iq_err(extack, attr, "element %s is used by %u SAs", e->name, users);
		return true;
	}
	if (e->pools) {
		iq_err(extack, attr, "element %s is in pool %s", e->name,
		       iq_pool_with(steer, e)->name);
		return true;
	}
	p = e->prefixes ? iq_prefix_with(steer, e) : NULL;
	if (p && p->family == AF_INET)
		iq_err(extack, attr, "element %s is sent IKE to %pI4/%u", e->name, p->dst,
		       p->len);
	else if (p)
		iq_err(extack, attr, "element %s is sent IKE to %pI6c/%u", e->name, p->dst,
		       p->len);
	else if (iq_steer_conf(steer)->element == e)
		iq_err(extack, attr, "element %s is sent what has an unknown SPI", e->name);
	else
		return false;
	return true;
}

/* An element that nobody uses. */
static void iq_element_remove(struct iq_steer *steer, struct iq_element *e)
{
	xa_erase(&steer->elements, e->target.id);
	hlist_del_init(&e->by_name);
	steer->n_elements--;
	steer->element_seq++;
	iq_event_element(steer->iqn, IPSEC_QOS_EVENT_DEL, e);
	call_rcu(&e->rcu, iq_element_free_rcu);
}

int iq_element_del(struct iq_net *iqn, const struct iq_element_req *req, u32 n,
		   struct netlink_ext_ack *extack)
{
	struct iq_element *e;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	/* First see that all can go. config_lock keeps new users from coming. */
	for (i = 0; i < n; i++) {
		e = iq_element_find(iqn, req[i].id, req[i].name);
		if (!e) {
			if (req[i].id)
				iq_err(extack, req[i].attr, "no element %u", req[i].id);
			else
				iq_err(extack, req[i].attr, "no element %s", req[i].name);
			return -ENOENT;
		}
		if (iq_element_busy(iq_steer(iqn), e, req[i].attr, extack))
			return -EBUSY;
	}
	for (i = 0; i < n; i++) {
		e = iq_element_find(iqn, req[i].id, req[i].name);
		if (e)
			iq_element_remove(iq_steer(iqn), e);
	}
	iq_steer_settle(iq_steer(iqn));
	return 0;
}

u32 iq_element_sweep(struct iq_steer *steer, u8 owner)
{
	struct iq_element *e;
	unsigned long i;
	u32 count = 0;

	lockdep_assert_held(&steer->iqn->config_lock);
	xa_for_each(&steer->elements, i, e) {
		if (e->owner != owner || e->generation == steer->iqn->generation[owner] ||
		    iq_element_busy(steer, e, NULL, NULL))
			continue;
		iq_element_remove(steer, e);
		count++;
	}
	iq_steer_settle(steer);
	return count;
}

void iq_elements_exit(struct iq_steer *steer)
{
	struct iq_element *e;
	unsigned long i;

	xa_for_each(&steer->elements, i, e)
		call_rcu(&e->rcu, iq_element_free_rcu);
	xa_destroy(&steer->elements);
}
