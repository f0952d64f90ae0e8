// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "compat.h"
#include "event.h"
#include "feature.h"
#include "group.h"
#include "hooks.h"
#include "pair.h"

static void iq_group_free_rcu(struct rcu_head *rcu)
{
	struct iq_group *g = container_of(rcu, struct iq_group, rcu);

	if (g->number)
		iq_number_back(g->iqn, g->number);
	free_percpu(g->counter);
	kfree(rcu_dereference_protected(g->action, true));
	kfree(g);
}

/* Nobody finds it any more: it is freed at once, or behind a grace period. */
static void iq_group_lose(struct iq_group *g)
{
	if (g->number)
		iq_number_lose(g->iqn);
}

static struct iq_group *iq_group_alloc(struct iq_net *iqn,
				       const struct iq_group_req *req)
{
	struct iq_group *g = kzalloc(sizeof(*g), GFP_KERNEL_ACCOUNT);

	if (!g)
		return NULL;
	g->iqn = iqn;
	INIT_LIST_HEAD(&g->pairs);
	g->id = req->id;
	strscpy(g->name, req->name, sizeof(g->name));
	g->by_name.name = g->name;
	g->counter = iq_counter_alloc(IPSEC_QOS_COUNTER_MAX + 1);
	if (!g->counter) {
		kfree(g);
		return NULL;
	}
	return g;
}

static struct iq_action *iq_action_alloc(struct iq_group *g,
					 const struct iq_group_req *req)
{
	struct iq_action *a = kmalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(sizeof(*a) > 64);
	if (!a)
		return NULL;
	*a = (struct iq_action) {
		.group = g,
		.counter = g->counter,
		.mark = req->mark,
		.mask = req->mask,
		.priority = req->priority,
		.dscp = req->dscp,
		.mark_clear = req->mark_clear,
	};
	return a;
}

struct iq_group *iq_group_nobody(struct iq_net *iqn)
{
	const struct iq_group_req req = { .dscp = IQ_DSCP_UNTAGGED };
	struct iq_action *a;
	struct iq_group *g;

	lockdep_assert_held(&iqn->config_lock);
	if (iqn->nobody)
		return iqn->nobody;
	g = iq_group_alloc(iqn, &req);
	if (!g)
		return NULL;
	a = iq_action_alloc(g, &req);
	if (!a) {
		iq_group_free_rcu(&g->rcu);
		return NULL;
	}
	rcu_assign_pointer(g->action, a);
	/* Its counters are read without a lock. */
	smp_store_release(&iqn->nobody, g);
	return g;
}

struct iq_group *iq_group_find(struct iq_net *iqn, u32 id, const char *name)
{
	struct iq_named *named;

	if (id)
		return xa_load(&iqn->groups, id);
	named = iq_name_find(iqn->names, name);
	return named ? container_of(named, struct iq_group, by_name) : NULL;
}

/* A group that nobody uses. */
static void iq_group_remove(struct iq_net *iqn, struct iq_group *g)
{
	xa_erase(&iqn->groups, g->id);
	iq_name_del(&g->by_name);
	iqn->n_groups--;
	iqn->group_seq++;
	if (iq_group_action(g)->priority)
		iqn->n_priority--;
	iq_event_group(iqn, IPSEC_QOS_EVENT_DEL, g);
	iq_group_lose(g);
	call_rcu(&g->rcu, iq_group_free_rcu);
}

/* @users: as those of the group */
static bool iq_group_used(struct iq_net *iqn, const struct iq_group *g, u32 *users)
{
	spin_lock_bh(&iqn->table_lock);
	memcpy(users, g->users, sizeof(g->users));
	spin_unlock_bh(&iqn->table_lock);
	return memchr_inv(users, 0, sizeof(g->users));
}

/* Say who uses it, in the words of the features that they are of. */
static void iq_group_busy(const struct iq_group *g, const u32 *users,
			  const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct iq_feature *f;
	unsigned int i, user;
	char by[64] = "";
	size_t len = 0;

	iq_for_each_feature(f, i)
		for (user = 0; user < __IQ_USER_MAX; user++)
			if (f->users[user])
				len += scnprintf(by + len, sizeof(by) - len, "%s%u %s",
						 len ? " and " : "", users[user],
						 f->users[user]);
	iq_err(extack, attr, "group %s is used by %s", g->name, by);
}

/**
 * struct iq_group_plan - what a request will do to one group
 *
 * @g: the group, there already or new
 * @action: what it is to do, if it is new or to do something else
 * @spares: for its pairs, if it is to do something else
 * @fresh: it is new
 * @rename: it got another name; else:
 * @was: the one that it had
 * @placed: it has the name that it is to have
 * @change: it is to do something else
 */
struct iq_group_plan {
	struct iq_group *g;
	struct iq_action *action;
	struct iq_spares *spares;
	bool fresh;
	bool rename;
	bool placed;
	bool change;
	char was[IPSEC_QOS_NAME_MAX];
};

static int iq_group_check(const struct iq_group_req *req, u16 nlflags,
			  const struct iq_group *g, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = req->attr;

	if (g && g->planned) {
		iq_err(extack, attr, "group %u is named twice", req->id);
		return -EINVAL;
	}
	if (g && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, attr, "group %u exists, it is %s", g->id, g->name);
		return -EEXIST;
	}
	if (!g && !(nlflags & NLM_F_CREATE)) {
		iq_err(extack, attr, "no group %u", req->id);
		return -ENOENT;
	}
	if (!g && !req->name[0]) {
		iq_err(extack, attr, "a new group needs a name");
		return -EINVAL;
	}
	if (!req->has_mark) {
		iq_err(extack, attr, "a group needs a mark");
		return -EINVAL;
	}
	return 0;
}

/* Does it do something else than @req wants? */
static bool iq_group_differs(const struct iq_group *g, const struct iq_group_req *req)
{
	const struct iq_action *a = iq_group_action(g);

	return a->mark != req->mark || a->mask != req->mask ||
	       a->mark_clear != req->mark_clear || a->priority != req->priority ||
	       a->dscp != req->dscp;
}

/*
 * Find a request's groups, or make them. Until the request is carried out nobody else
 * can see that: config_lock is held. @fresh: how many are new.
 */
static int iq_group_gather(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
			   u16 nlflags, struct iq_group_plan *plan, u32 *fresh,
			   struct netlink_ext_ack *extack)
{
	struct iq_group *g;
	u32 i;
	int err;

	for (i = 0; i < n; i++) {
		g = xa_load(&iqn->groups, req[i].id);
		err = iq_group_check(&req[i], nlflags, g, extack);
		if (err)
			return err;
		if (!g && iqn->n_groups + *fresh >= iqn->max_groups) {
			iq_err(extack, req[i].attr,
			       "the ceiling of %u groups is reached",
			       iqn->max_groups);
			iq_event_ceiling(iqn, IPSEC_QOS_STATUS_A_GROUPS,
					 iqn->max_groups);
			return -ENOSPC;
		}
		plan[i].change = g && iq_group_differs(g, &req[i]);
		plan[i].rename = g && req[i].name[0] && strcmp(g->name, req[i].name);
		if (!g) {
			g = iq_group_alloc(iqn, &req[i]);
			if (!g)
				return -ENOMEM;
			err = xa_err(xa_store(&iqn->groups, req[i].id, g,
					      GFP_KERNEL_ACCOUNT));
			if (err) {
				iq_group_free_rcu(&g->rcu);
				return err;
			}
			plan[i].fresh = true;
			++*fresh;
		}
		g->planned = true;
		plan[i].g = g;
		if (!plan[i].fresh && !plan[i].change)
			continue;
		plan[i].action = iq_action_alloc(g, &req[i]);
		plan[i].spares = plan[i].fresh ? NULL : iq_pair_spares(g);
		if (!plan[i].action || (!plan[i].fresh && !plan[i].spares))
			return -ENOMEM;
	}
	return 0;
}

static int iq_group_number(struct iq_net *iqn, struct iq_group *g,
			   const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	int number = iq_number_take(iqn, attr, extack);

	if (number < 0)
		return number;
	g->number = number;
	return 0;
}

/* Names may be swapped in one request: so all give up theirs first. */
static int iq_group_name(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
			 struct iq_group_plan *plan, struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (!plan[i].rename)
			continue;
		strscpy(plan[i].was, plan[i].g->name, sizeof(plan[i].was));
		iq_name_del(&plan[i].g->by_name);
	}
	for (i = 0; i < n; i++) {
		if (!plan[i].rename && !plan[i].fresh)
			continue;
		if (iq_name_find(iqn->names, req[i].name)) {
			iq_err(extack, req[i].attr, "another group is %s",
			       req[i].name);
			return -EEXIST;
		}
		strscpy(plan[i].g->name, req[i].name, sizeof(plan[i].g->name));
		iq_name_add(iqn->names, &plan[i].g->by_name);
		plan[i].placed = true;
	}
	return 0;
}

/* As it was before iq_group_gather() and iq_group_name(), however far they came. */
static void iq_group_undo(struct iq_net *iqn, struct iq_group_plan *plan, u32 n)
{
	struct iq_group *g;
	u32 i;

	for (i = 0; i < n && plan[i].g; i++)
		if (plan[i].placed)
			iq_name_del(&plan[i].g->by_name);
	for (i = 0; i < n && plan[i].g; i++) {
		g = plan[i].g;
		g->planned = false;
		kfree(plan[i].action);
		iq_pair_spares_free(plan[i].spares);
		if (plan[i].fresh) {
			xa_erase(&iqn->groups, g->id);
			iq_group_lose(g);
			iq_group_free_rcu(&g->rcu);
		} else if (plan[i].was[0]) {
			strscpy(g->name, plan[i].was, sizeof(g->name));
			iq_name_add(iqn->names, &g->by_name);
		}
	}
}

/*
 * No two folders have the same name even for a moment: those that change first take one
 * that no group can have.
 */
static void iq_group_rename(const struct iq_group_plan *plan, u32 n)
{
	char away[16];
	u32 i;

	for (i = 0; i < n; i++) {
		if (!plan[i].rename)
			continue;
		snprintf(away, sizeof(away), ".%u", plan[i].g->id);
		iq_event_group_name(plan[i].g, away);
	}
	for (i = 0; i < n; i++)
		if (plan[i].rename)
			iq_event_group_name(plan[i].g, plan[i].g->name);
}

/* What packets find from now on. */
static void iq_group_act(struct iq_net *iqn, const struct iq_group_plan *p)
{
	struct iq_action *old;

	if (!p->action)
		return;
	old = rcu_replace_pointer(p->g->action, p->action,
				  lockdep_is_held(&iqn->config_lock));
	iq_number_act(iqn, p->g->number, p->action);
	if (old)
		kfree_rcu(old, rcu);
	iq_pair_act(p->g, p->spares);
	iq_pair_spares_free(p->spares);
}

/* Carry out what can no longer fail; packets know it already. */
static void iq_group_apply(struct iq_net *iqn, struct iq_group_plan *p, u32 flags,
			   u8 owner)
{
	/* To state again what is there makes no event. */
	bool changed = p->fresh || p->rename || p->change || p->g->owner != owner ||
		       p->g->flags != flags;

	p->g->planned = false;
	p->g->flags = flags;
	p->g->owner = owner;
	p->g->generation = iqn->generation[owner];
	if (p->fresh)
		iqn->n_groups++;
	iqn->group_seq++;
	if (changed)
		iq_event_group(iqn, p->fresh ? IPSEC_QOS_EVENT_NEW :
			       IPSEC_QOS_EVENT_CHANGE, p->g);
}

int iq_group_set(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
		 u8 owner, u16 nlflags, struct netlink_ext_ack *extack)
{
	u32 i, fresh = 0, priorities = 0;
	struct iq_group_plan *plan;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	plan = kvcalloc(n, sizeof(*plan), GFP_KERNEL);
	if (!plan)
		return -ENOMEM;

	err = iq_group_gather(iqn, req, n, nlflags, plan, &fresh, extack);
	if (!err)
		err = iq_name_reserve(&iqn->names, iqn->n_groups + fresh);
	if (!err)
		err = iq_group_name(iqn, req, n, plan, extack);
	if (err)
		goto undo;
	for (i = 0; i < n; i++)
		priorities += !!req[i].priority;
	for (i = 0; i < n && !err; i++)
		if (plan[i].fresh)
			err = iq_group_number(iqn, plan[i].g, req[i].attr, extack);
	/* Hooks first: a group without them would be a promise not kept. */
	if (!err)
		err = iq_hooks_ask(iqn, iqn->n_groups + fresh,
				   iqn->n_priority + priorities);
	if (err)
		goto undo;

	for (i = 0; i < n; i++) {
		if (!plan[i].fresh && iq_group_action(plan[i].g)->priority)
			iqn->n_priority--;
		if (req[i].priority)
			iqn->n_priority++;
		iq_group_act(iqn, &plan[i]);
	}
	iq_group_rename(plan, n);
	for (i = 0; i < n; i++)
		iq_group_apply(iqn, &plan[i], req[i].flags, owner);
	iq_hooks_ask(iqn, iqn->n_groups, iqn->n_priority);
	kvfree(plan);
	return 0;

undo:
	iq_group_undo(iqn, plan, n);
	kvfree(plan);
	return err;
}

int iq_group_del(struct iq_net *iqn, const struct iq_group_req *req, u32 n,
		 struct netlink_ext_ack *extack)
{
	u32 i, users[__IQ_USER_MAX];
	struct iq_group *g;

	lockdep_assert_held(&iqn->config_lock);
	/* First see that all can go. config_lock keeps new users from coming. */
	for (i = 0; i < n; i++) {
		g = iq_group_find(iqn, req[i].id, req[i].name);
		if (!g) {
			if (req[i].id)
				iq_err(extack, req[i].attr, "no group %u", req[i].id);
			else
				iq_err(extack, req[i].attr, "no group %s", req[i].name);
			return -ENOENT;
		}
		if (iq_group_used(iqn, g, users)) {
			iq_group_busy(g, users, req[i].attr, extack);
			return -EBUSY;
		}
	}
	for (i = 0; i < n; i++) {
		g = iq_group_find(iqn, req[i].id, req[i].name);
		if (g)
			iq_group_remove(iqn, g);
	}
	iq_hooks_ask(iqn, iqn->n_groups, iqn->n_priority);
	return 0;
}

/* Remove what nobody uses: of @owner (-1: any), all or what is @stale. */
static u32 iq_group_clean(struct iq_net *iqn, int owner, bool stale)
{
	u32 users[__IQ_USER_MAX], count = 0;
	struct iq_group *g;
	unsigned long i;

	lockdep_assert_held(&iqn->config_lock);
	xa_for_each(&iqn->groups, i, g) {
		if ((owner >= 0 && g->owner != owner) ||
		    (stale && g->generation == iqn->generation[g->owner]) ||
		    iq_group_used(iqn, g, users))
			continue;
		iq_group_remove(iqn, g);
		count++;
	}
	iq_hooks_ask(iqn, iqn->n_groups, iqn->n_priority);
	return count;
}

u32 iq_group_flush(struct iq_net *iqn, int owner)
{
	return iq_group_clean(iqn, owner, false);
}

u32 iq_group_sweep(struct iq_net *iqn, u8 owner)
{
	return iq_group_clean(iqn, owner, true);
}

void iq_group_init(struct iq_net *iqn)
{
	xa_init(&iqn->groups);
	ida_init(&iqn->numbers);
	iqn->max_groups = IPSEC_QOS_MAX_GROUPS;
	iqn->group_seq = 1;
}

/* The tables are gone, and with them every user; so are the folders in sysfs. */
void iq_group_exit(struct iq_net *iqn)
{
	struct iq_group *g;
	unsigned long i;

	iq_pair_exit(iqn);
	xa_for_each(&iqn->groups, i, g) {
		iq_group_lose(g);
		call_rcu(&g->rcu, iq_group_free_rcu);
	}
	if (iqn->nobody)
		call_rcu(&iqn->nobody->rcu, iq_group_free_rcu);
	xa_destroy(&iqn->groups);
	iq_name_exit(iqn->names);
}

void iq_group_exit_batch(struct list_head *nets)
{
	struct net *net;
	bool any = false;

	list_for_each_entry(net, nets, exit_list)
		any |= !!rcu_access_pointer(iq_net(net)->actions);
	/* Numbers are given back late: that is waited for once. */
	if (any)
		rcu_barrier();
	list_for_each_entry(net, nets, exit_list)
		iq_number_exit(iq_net(net));
}
