// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "core/compat.h"
#include "event.h"
#include "linger.h"
#include "netlink.h"
#include "service.h"
#include "sysfs.h"

/* Folders in sysfs: who has more services reads them by netlink. */
#define IQ_SERVICE_FOLDERS	4096

int iq_service_each(struct iq_service *s,
		    int (*fn)(struct iq_chains *ch, const struct iq_want *want, u32 number,
			      void *arg), void *arg)
{
	int err = s->body ? iq_body_each(s->body, fn, arg) : 0;

	/* While a request is prepared it is there, and has none yet. */
	if (!err && s->linger && s->linger->body)
		err = iq_body_each(s->linger->body, fn, arg);
	return err;
}

/* A change: keys that are new come first, which may fail; the rest cannot. */

/**
 * struct iq_service_adding - keys of a body that come
 */
struct iq_service_adding {
	const struct iq_service *s;
	const struct nlattr *attr;
	struct netlink_ext_ack *extack;
};

static int iq_service_add_key(struct iq_chains *ch, const struct iq_want *want, u32 number,
			      void *arg)
{
	const struct iq_service_adding *a = arg;
	int err;

	err = iq_key_add(ch, want, number, a->s->object.id, a->attr, a->extack);
	return min(err, 0);
}

/**
 * struct iq_service_changing - keys of a body that change
 */
struct iq_service_changing {
	const struct iq_service *s;
	enum iq_key_change what;
};

static int iq_service_change_key(struct iq_chains *ch, const struct iq_want *want, u32 number,
				 void *arg)
{
	const struct iq_service_changing *c = arg;

	iq_key_change(ch, want, number, c->s->object.id, c->what);
	return 0;
}

static void iq_service_keys(struct iq_service *s, struct iq_body *b, enum iq_key_change what)
{
	struct iq_service_changing c = { s, what };

	iq_body_each(b, iq_service_change_key, &c);
	cond_resched();
}

/* What a service is to be like, s->next, has its keys, beside those that it has now. */
static int iq_service_come(struct iq_chains *ch, struct iq_service *s, struct iq_spec *spec,
			   const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_service_adding a = { s, attr, extack };
	struct iq_linger *l = NULL;
	struct iq_body *b;
	bool moves;

	iq_linger_end(ch, s);
	if (s->body) {
		l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
		if (!l)
			return -ENOMEM;
	}
	/* With a track of its own it can have an old one, if only for a moment. */
	moves = s->body && iq_body_track(s->body) != spec->chain->track;
	b = iq_body_make(ch, s, spec, moves, attr, moves ? NULL : extack);
	if (IS_ERR(b) && moves)
		b = iq_body_make(ch, s, spec, false, attr, extack);
	if (IS_ERR(b)) {
		kfree(l);
		return PTR_ERR(b);
	}
	s->next = b;
	/* Until it is of use: iq_linger_body(). */
	s->linger = l;
	return iq_body_each(b, iq_service_add_key, &a);
}

static void iq_service_back(struct iq_service *s)
{
	if (!s->next)
		return;
	iq_service_keys(s, s->next, IQ_KEY_DROP_MARKED);
	iq_body_free(s->next);
	s->next = NULL;
	kfree(s->linger);
	s->linger = NULL;
}

static void iq_service_turn(struct iq_chains *ch, struct iq_service *s)
{
	struct iq_body *old = s->body;
	struct iq_linger *l = s->linger;

	iq_spec_used(s->next->spec, 1);
	if (old && s->next->track)
		rcu_assign_pointer(s->next->track->old, iq_body_track(old));
	s->body = s->next;
	s->next = NULL;
	s->linger = NULL;
	if (!old) {
		iq_service_keys(s, s->body, IQ_KEY_UNMARK);
		return;
	}
	iq_service_keys(s, s->body, IQ_KEY_MARK);
	iq_service_keys(s, old, IQ_KEY_LATE);
	iq_service_keys(s, s->body, IQ_KEY_UNMARK);
	iq_spec_used(old->spec, -1);
	iq_linger_body(ch, l, s, old);
}

/* Requests */

/* Rules that are the same are the same ones: what was counted by them goes on. */
static int iq_service_acl(struct iq_chains *ch, const struct iq_service *s,
			  struct iq_spec *spec)
{
	struct iq_acl *acl = s->body ? s->body->spec->acl : NULL;

	if (!spec->n_rules)
		return 0;
	if (acl && s->body->spec->family == spec->family &&
	    iq_acl_same(acl, spec->rules, spec->n_rules)) {
		iq_acl_hold(acl);
	} else {
		acl = iq_acl_make(ch, spec->family, spec->rules, spec->n_rules);
		if (IS_ERR(acl))
			return PTR_ERR(acl);
	}
	spec->acl = acl;
	kvfree(spec->rules);
	spec->rules = NULL;
	return 0;
}

static int iq_service_prepare(struct iq_chains *ch, struct iq_service *s,
			      const struct iq_service_req *req, struct netlink_ext_ack *extack)
{
	struct iq_spec *spec = req->spec;
	int err;

	err = iq_spec_resolve(ch, spec, extack);
	if (!err)
		err = iq_service_acl(ch, s, spec);
	if (err)
		return err;
	if (s->body && iq_spec_same(s->body->spec, spec))
		return 0;
	return iq_service_come(ch, s, spec, req->object.attr, extack);
}

static void iq_service_reserve(struct iq_chains *ch, const struct iq_service_req *req, u32 n)
{
	u32 more[2] = {}, i;

	for (i = 0; i < n; i++)
		more[req[i].spec->family == AF_INET6] +=
			2 * max_t(u32, req[i].spec->ports.n, 1);
	for (i = 0; i < 2; i++)
		if (more[i])
			iq_keys_reserve(ch, i, more[i]);
}

int iq_service_set(struct iq_net *iqn, const struct iq_service_req *req, u32 n, u8 owner,
		   u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_object_plan *plan;
	struct iq_chains *ch;
	bool *changed;
	u32 i;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_chains_init(iqn);
	if (err)
		return err;
	ch = iq_chains(iqn);
	plan = kvcalloc(n, sizeof(*plan), GFP_KERNEL);
	changed = kvcalloc(n, sizeof(*changed), GFP_KERNEL);
	err = plan && changed ? iq_keys_init(ch) : -ENOMEM;
	if (err)
		goto free;
	err = iq_objects_plan(&ch->services, req, sizeof(*req), n, nlflags, plan, extack);
	/* Hooks first: a service without them would be a promise not kept. */
	if (!err)
		err = iq_chains_hooks(ch);
	if (!err && nlflags & NLM_F_CREATE)
		iq_service_reserve(ch, req, n);
	for (i = 0; i < n && !err; i++)
		err = iq_service_prepare(ch, iq_service_of(plan[i].o), &req[i], extack);
	if (err) {
		iq_keys_unstage(ch);
		for (i = 0; i < n && plan[i].o; i++)
			iq_service_back(iq_service_of(plan[i].o));
		iq_objects_undo(&ch->services, plan, n);
		goto settle;
	}
	iq_keys_publish(ch);
	for (i = 0; i < n; i++) {
		iq_spec_settled(req[i].spec);
		changed[i] = iq_service_of(plan[i].o)->next;
		if (changed[i])
			iq_service_turn(ch, iq_service_of(plan[i].o));
	}
	iq_objects_commit(&ch->services, plan, n, owner, changed);
settle:
	iq_keys_settle(ch);
	iq_chains_settle(ch);
free:
	kvfree(plan);
	kvfree(changed);
	return err;
}

int iq_service_del(struct iq_net *iqn, const struct iq_service_req *req, u32 n,
		   struct netlink_ext_ack *extack)
{
	struct iq_chains *ch;
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_chains_init(iqn);
	if (err)
		return err;
	ch = iq_chains(iqn);
	err = iq_objects_del(&ch->services, req, sizeof(*req), n, extack);
	iq_keys_settle(ch);
	iq_chains_settle(ch);
	return err;
}

/* With their chains */

static bool iq_service_follows(const struct iq_service *s)
{
	return s->body && s->body->track && iq_spec_follows(s->body->spec);
}

int iq_services_follow(struct iq_chains *ch, const struct nlattr *attr,
		       struct netlink_ext_ack *extack)
{
	struct iq_service *s;
	struct iq_object *o;
	unsigned long i;
	int err = 0;

	xa_for_each(&ch->services.all, i, o) {
		s = iq_service_of(o);
		if (!iq_service_follows(s))
			continue;
		err = iq_service_come(ch, s, s->body->spec, attr, extack);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

void iq_services_followed(struct iq_chains *ch, bool undo)
{
	struct iq_service *s;
	struct iq_object *o;
	unsigned long i;

	if (undo)
		iq_keys_unstage(ch);
	else
		iq_keys_publish(ch);
	xa_for_each(&ch->services.all, i, o) {
		s = iq_service_of(o);
		if (!s->next)
			continue;
		if (undo)
			iq_service_back(s);
		else
			iq_service_turn(ch, s);
		cond_resched();
	}
	iq_keys_settle(ch);
}

/* As an object */

static struct iq_object *iq_service_alloc(struct iq_net *iqn)
{
	struct iq_service *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	s->counter = iq_counter_alloc(IQ_SERVICE_SYNS + 1);
	if (!s->counter) {
		kfree(s);
		return NULL;
	}
	s->iqn = iqn;
	iq_rate_init(&s->tokens);
	return &s->object;
}

static void iq_service_free(struct iq_object *o)
{
	struct iq_service *s = iq_service_of(o);

	free_percpu(s->counter);
	kfree(s);
}

static void iq_service_free_rcu(struct rcu_head *rcu)
{
	iq_service_free(&container_of(rcu, struct iq_service, rcu)->object);
}

static void iq_service_lose(struct iq_objects *os, struct iq_object *o)
{
	struct iq_chains *ch = container_of(os, struct iq_chains, services);
	struct iq_service *s = iq_service_of(o);

	iq_linger_end(ch, s);
	iq_trace_set(ch, s, NULL, 0);
	iq_service_keys(s, s->body, IQ_KEY_DROP);
	iq_spec_used(s->body->spec, -1);
	iq_body_free(s->body);
	call_rcu(&s->rcu, iq_service_free_rcu);
}

static bool iq_service_busy(struct iq_objects *os, const struct iq_object *o,
			    const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	return false;
}

const struct iq_object_type iq_service_type = {
	.what = "service",
	.max = IPSEC_QOS_SERVICES_MAX,
	.mcgrp = IQ_MCGRP_CHAIN,
	.attr = IPSEC_QOS_A_SERVICE,
	.cmd = IPSEC_QOS_CMD_SERVICE_GET,
	.folder = &iq_service_folder,
	.folders = IQ_SERVICE_FOLDERS,
	.alloc = iq_service_alloc,
	.free = iq_service_free,
	.lose = iq_service_lose,
	.busy = iq_service_busy,
	.size = iq_service_size,
	.put = iq_put_service,
};
