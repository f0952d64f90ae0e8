// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "chains.h"
#include "core/compat.h"
#include "linger.h"
#include "netlink.h"
#include "service.h"

struct iq_chain *iq_chain_with(const struct iq_device *d)
{
	struct iq_chains *ch = iq_chains(d->iqn);
	const struct iq_steps *steps;
	struct iq_object *o;
	unsigned long i;
	u32 step;

	xa_for_each(&ch->chains.all, i, o) {
		steps = &iq_chain_of(o)->steps;
		for (step = 0; step < steps->n; step++)
			if (steps->device[step] == d)
				return iq_chain_of(o);
	}
	return NULL;
}

/* No device twice, nor one that another may come to stand for: where is a packet from there? */
static int iq_steps_check(const struct iq_steps *steps, const char *name,
			  const struct nlattr *const *attr, struct netlink_ext_ack *extack)
{
	const struct iq_device *one, *other;
	u32 i, j;

	for (i = 0; i < steps->n; i++) {
		one = steps->device[i];
		if (one->kind == IPSEC_QOS_DEVICE_ROUTED && i != steps->n - 1) {
			iq_err(extack, attr[i], "device %s is routed: only the last of a chain can be",
			       one->object.name);
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			other = steps->device[j];
			if (one == other) {
				iq_err(extack, attr[i],
				       "device %s is in it twice: state it as two, at a VLAN each",
				       one->object.name);
				return -EINVAL;
			}
			if (iq_device_meets(one, other)) {
				iq_err(extack, attr[i],
				       "devices %s and %s of chain %s share an alternate, or one is the other's",
				       other->object.name, one->object.name, name);
				return -EINVAL;
			}
		}
	}
	return 0;
}

int iq_chain_check_devices(struct iq_chains *ch, const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *attrs[IQ_STEPS];
	struct iq_object *o;
	unsigned long i;
	int err = 0;

	memset_p((void **)attrs, (void *)attr, IQ_STEPS);
	xa_for_each(&ch->chains.all, i, o) {
		err = iq_steps_check(&iq_chain_of(o)->steps, o->name, attrs, extack);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

/* What a request makes of a chain; 0: it stays as it is */
static int iq_chain_prepare(struct iq_chains *ch, const struct iq_chain_req *req,
			    struct iq_chain *c, struct iq_steps *steps,
			    struct netlink_ext_ack *extack)
{
	u32 i;
	int err;

	if (!req->n && !c->steps.n) {
		iq_err(extack, req->object.attr, "a new chain needs steps");
		return -EINVAL;
	}
	if (!req->n)
		return 0;
	for (i = 0; i < req->n; i++) {
		steps->device[i] = iq_device_find(ch, req->step[i]);
		if (!steps->device[i]) {
			iq_err(extack, req->step_attr[i], "no device %u", req->step[i]);
			return -ENOENT;
		}
	}
	steps->n = req->n;
	err = iq_steps_check(steps, c->object.name, req->step_attr, extack);
	if (err || !memcmp(steps, &c->steps, sizeof(*steps)))
		return err;
	c->next = steps;
	c->next_track = iq_track_make(steps);
	if (!c->next_track)
		return -ENOMEM;
	if (c->number)
		return 0;
	err = iq_number_new(ch, req->object.attr, extack);
	if (err < 0)
		return err;
	c->number = err;
	return 0;
}

static void iq_steps_used(const struct iq_steps *steps, int n)
{
	u32 i;

	for (i = 0; i < steps->n; i++)
		steps->device[i]->chains += n;
}

/* One store, for all packets of all services that share it. */
static void iq_chain_apply(struct iq_chains *ch, struct iq_chain *c, struct iq_linger *l)
{
	struct iq_track *old = c->track;

	iq_steps_used(c->next, 1);
	iq_steps_used(&c->steps, -1);
	c->steps = *c->next;
	c->next = NULL;
	if (old)
		iq_linger_end_track(ch, old);
	rcu_assign_pointer(c->next_track->old, old);
	iq_number_mean(ch, c->number, c->next_track, BIT(0));
	c->track = c->next_track;
	c->next_track = NULL;
	if (old)
		iq_linger_chain(ch, l, c->track, old);
}

static void iq_chain_undo(struct iq_chains *ch, const struct iq_object_plan *plan, u32 n)
{
	struct iq_chain *c;
	u32 i;

	for (i = 0; i < n && plan[i].o; i++) {
		c = iq_chain_of(plan[i].o);
		c->next = NULL;
		iq_track_free(c->next_track);
		c->next_track = NULL;
		if (!plan[i].fresh || !c->number)
			continue;
		iq_number_free(ch, c->number);
		c->number = 0;
	}
	iq_objects_undo(&ch->chains, plan, n);
}

int iq_chain_set(struct iq_net *iqn, const struct iq_chain_req *req, u32 n, u8 owner,
		 u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_object_plan *plan;
	struct iq_linger **linger;
	struct iq_steps *steps;
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
	steps = kvcalloc(n, sizeof(*steps), GFP_KERNEL);
	linger = kvcalloc(n, sizeof(*linger), GFP_KERNEL);
	changed = kvcalloc(n, sizeof(*changed), GFP_KERNEL);
	err = plan && steps && linger && changed ? 0 : -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		linger[i] = kzalloc(sizeof(*linger[i]), GFP_KERNEL_ACCOUNT);
		err = linger[i] ? 0 : -ENOMEM;
	}
	if (err)
		goto free;
	err = iq_objects_plan(&ch->chains, req, sizeof(*req), n, nlflags, plan, extack);
	for (i = 0; i < n && !err; i++)
		err = iq_chain_prepare(ch, &req[i], iq_chain_of(plan[i].o), &steps[i], extack);
	if (!err)
		err = iq_services_follow(ch, req->object.attr, extack);
	if (err) {
		iq_services_followed(ch, true);
		iq_chain_undo(ch, plan, n);
		goto free;
	}
	for (i = 0; i < n; i++) {
		changed[i] = iq_chain_of(plan[i].o)->next;
		if (!changed[i])
			continue;
		iq_chain_apply(ch, iq_chain_of(plan[i].o), linger[i]);
		if (!plan[i].fresh)
			linger[i] = NULL;
	}
	iq_services_followed(ch, false);
	iq_objects_commit(&ch->chains, plan, n, owner, changed);
free:
	for (i = 0; i < n && linger; i++)
		kfree(linger[i]);
	kvfree(linger);
	kvfree(plan);
	kvfree(steps);
	kvfree(changed);
	return err;
}

int iq_chain_del(struct iq_net *iqn, const struct iq_chain_req *req, u32 n,
		 struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_chains_init(iqn);
	if (err)
		return err;
	return iq_objects_del(&iq_chains(iqn)->chains, req, sizeof(*req), n, extack);
}

/* As an object */

static struct iq_object *iq_chain_alloc(struct iq_net *iqn)
{
	struct iq_chain *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->iqn = iqn;
	return &c->object;
}

static void iq_chain_free(struct iq_object *o)
{
	kfree(iq_chain_of(o));
}

static void iq_chain_free_rcu(struct rcu_head *rcu)
{
	struct iq_chain *c = container_of(rcu, struct iq_chain, rcu);

	iq_number_free(iq_chains(c->iqn), c->number);
	kfree(c);
}

static void iq_chain_lose(struct iq_objects *os, struct iq_object *o)
{
	struct iq_chains *ch = container_of(os, struct iq_chains, chains);
	struct iq_chain *c = iq_chain_of(o);

	/* Keys of a moment ago may have its number. */
	iq_linger_end_chain(ch, c);
	iq_steps_used(&c->steps, -1);
	iq_number_mean(ch, c->number, NULL, 0);
	iq_track_free(c->track);
	call_rcu(&c->rcu, iq_chain_free_rcu);
}

static bool iq_chain_busy(struct iq_objects *os, const struct iq_object *o,
			  const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct iq_chain *c = container_of(o, struct iq_chain, object);

	if (!c->services)
		return false;
	iq_err(extack, attr, "chain %s has %u services", o->name, c->services);
	return true;
}

const struct iq_object_type iq_chain_type = {
	.what = "chain",
	.max = IPSEC_QOS_CHAINS_MAX,
	.mcgrp = IQ_MCGRP_CHAIN,
	.attr = IPSEC_QOS_A_CHAIN,
	.cmd = IPSEC_QOS_CMD_CHAIN_GET,
	.alloc = iq_chain_alloc,
	.free = iq_chain_free,
	.lose = iq_chain_lose,
	.busy = iq_chain_busy,
	.size = iq_chain_size,
	.put = iq_put_chain,
};
