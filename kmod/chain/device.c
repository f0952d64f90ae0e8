// SPDX-License-Identifier: GPL-2.0
#include <linux/jhash.h>
#include <linux/slab.h>

#include "attach.h"
#include "chains.h"
#include "core/compat.h"
#include "device.h"
#include "linger.h"
#include "netlink.h"
#include "sysfs.h"

/* Who a device is for others, with its alternates */

bool iq_device_meets(const struct iq_device *one, const struct iq_device *other)
{
	const struct iq_device *a, *b;

	for (a = one; a; a = iq_device_alternate(a))
		for (b = other; b; b = iq_device_alternate(b))
			if (a == b)
				return true;
	return false;
}

/* Does a row of alternates end, and soon enough? */
static int iq_device_check_row(const struct iq_device *d, const struct nlattr *attr,
			       struct netlink_ext_ack *extack)
{
	const struct iq_device *a = d;
	int n;

	for (n = 0; (a = iq_device_alternate(a)); n++) {
		if (a == d) {
			iq_err(extack, attr, "device %s would be its own alternate",
			       d->object.name);
			return -ELOOP;
		}
		if (n == IQ_DEVICE_ALTERNATES) {
			iq_err(extack, attr, "device %s has more than %d alternates in a row",
			       d->object.name, IQ_DEVICE_ALTERNATES);
			return -E2BIG;
		}
	}
	return 0;
}

/* With other alternates: what all devices' are to be like. */
static int iq_device_check_alternates(struct iq_chains *ch, const struct iq_device_req *req,
				      const struct iq_device *d,
				      struct netlink_ext_ack *extack)
{
	const struct iq_device *other;
	struct iq_object *o;
	unsigned long i;
	int err;

	if (d->next->alternate == rcu_access_pointer(d->alternate))
		return 0;
	err = iq_device_check_row(d, req->alternate_attr, extack);
	if (err)
		return err;
	/* Those that lead here have come to be longer. */
	xa_for_each(&ch->devices.all, i, o) {
		other = iq_device_of(o);
		err = iq_device_check_row(other, req->alternate_attr, extack);
		if (err)
			return err;
	}
	return iq_chain_check_devices(ch, req->alternate_attr, extack);
}

static int iq_device_get_alternate(struct iq_chains *ch, const struct iq_device_req *req,
				   const struct iq_device *d, struct netlink_ext_ack *extack)
{
	struct iq_device *a;

	if (!req->alternate_attr)
		return 0;
	d->next->alternate = NULL;
	if (!req->alternate)
		return 0;
	a = iq_device_find(ch, req->alternate);
	if (!a) {
		iq_err(extack, req->alternate_attr, "no device %u to be an alternate",
		       req->alternate);
		return -ENOENT;
	}
	d->next->alternate = a;
	return 0;
}

/* Alternates take each other's place: they are alike. */
static int iq_device_check_kinds(struct iq_chains *ch, const struct iq_device_req *req,
				 const struct iq_device *d, struct netlink_ext_ack *extack)
{
	const struct iq_device *a, *b;
	struct iq_object *o;
	unsigned long i;
	u8 kind, kind_a;

	if (d->next->kind == d->kind && !req->alternate_attr)
		return 0;
	xa_for_each(&ch->devices.all, i, o) {
		b = iq_device_of(o);
		a = iq_device_alternate(b);
		if (!a || (a != d && b != d))
			continue;
		kind = b->next ? b->next->kind : b->kind;
		kind_a = a->next ? a->next->kind : a->kind;
		if (kind == kind_a)
			continue;
		iq_err(extack, req->alternate_attr ?: req->object.attr,
		       "device %s and its alternate %s are of different kinds", b->object.name,
		       a->object.name);
		return -EINVAL;
	}
	return 0;
}

static int iq_device_check_sides(const struct iq_device_req *req,
				 const struct iq_device_next *next,
				 struct netlink_ext_ack *extack)
{
	const struct iq_side_conf *outer = &next->conf[0], *inner = &next->conf[1];

	if (next->kind == IPSEC_QOS_DEVICE_ROUTED &&
	    (inner->dev[0] || outer->has_mac || outer->n_from)) {
		iq_err(extack, req->sides[1] ?: req->sides[0] ?: req->kind_attr,
		       "a routed device has one side, without MAC: what is behind an interface");
		return -EINVAL;
	}
	if (inner->dev[0] && !strcmp(inner->dev, outer->dev) && inner->has_mac &&
	    outer->has_mac && ether_addr_equal(inner->mac, outer->mac)) {
		iq_err(extack, req->sides[1],
		       "both sides are %pM at %s: state one, it is both", inner->mac, inner->dev);
		return -EINVAL;
	}
	return 0;
}

/* What a request makes of a device, @d->next, and may it? Alternates come later. */
static int iq_device_prepare(const struct iq_device_req *req, struct iq_device *d, bool fresh,
			     struct iq_device_next *next, struct netlink_ext_ack *extack)
{
	*next = (struct iq_device_next) {
		.alternate = rcu_dereference_protected(d->alternate,
						       lockdep_is_held(&d->iqn->config_lock)),
		.rate = req->rate ?: d->rate,
		.snap = req->snap ? nla_get_u32(req->snap) : d->snap,
		.kind = req->kind < 0 ? d->kind : req->kind,
		.failure = req->failure < 0 ? d->failure : req->failure,
		.state = req->state < 0 ? d->state : req->state,
	};
	memcpy(next->conf, req->sides[0] ? req->conf : d->conf, sizeof(next->conf));
	d->next = next;
	if (!next->conf[0].dev[0]) {
		iq_err(extack, req->object.attr, "a new device needs an outer side");
		return -EINVAL;
	}
	if (next->kind != d->kind && d->chains) {
		iq_err(extack, req->kind_attr, "device %s is in chain %s: its kind stays",
		       d->object.name, iq_chain_with(d)->object.name);
		return -EBUSY;
	}
	if (next->kind != IPSEC_QOS_DEVICE_TAP && (req->rate_attr || req->snap)) {
		iq_err(extack, req->rate_attr ?: req->snap,
		       "a device that is no tap gets no copies: it has no rate and no snap");
		return -EINVAL;
	}
	if (next->kind == IPSEC_QOS_DEVICE_TAP && !next->rate)
		next->rate = IPSEC_QOS_DEVICE_RATE;
	return iq_device_check_sides(req, next, extack);
}

/* Link addresses that no two sides have */

/**
 * struct iq_mac - an interface's name and a link address of a side
 */
struct iq_mac {
	const struct iq_device *device;
	const char *dev;
	const u8 *mac;
};

/**
 * struct iq_macs - all of a namespace, hashed
 */
struct iq_macs {
	u32 mask;
	struct iq_mac mac[];
};

/* Who has it already; NULL: nobody had */
static const struct iq_device *iq_mac_add(struct iq_macs *macs, const struct iq_mac *mac)
{
	u32 i = jhash(mac->mac, ETH_ALEN, jhash(mac->dev, strlen(mac->dev), 0)) & macs->mask;
	struct iq_mac *one;

	for (; (one = &macs->mac[i])->device; i = (i + 1) & macs->mask)
		if (!strcmp(one->dev, mac->dev) && ether_addr_equal_unaligned(one->mac, mac->mac))
			return one->device;
	*one = *mac;
	return NULL;
}

static int iq_macs_add_side(struct iq_macs *macs, const struct iq_device *d,
			    const struct iq_side_conf *side, const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	struct iq_mac mac = { d, side->dev };
	const struct iq_device *other;
	int i;

	for (i = -1; i < side->n_from; i++) {
		if (i < 0 && !side->has_mac)
			continue;
		mac.mac = i < 0 ? side->mac : side->from[i];
		other = iq_mac_add(macs, &mac);
		if (!other)
			continue;
		if (other == d)
			iq_err(extack, attr, "device %s has %pM at %s twice", d->object.name,
			       mac.mac, side->dev);
		else
			iq_err(extack, attr, "%pM at %s is device %s", mac.mac, side->dev,
			       other->object.name);
		return -EEXIST;
	}
	return 0;
}

static int iq_macs_add(struct iq_macs *macs, const struct iq_device *d,
		       const struct iq_device_req *req, struct netlink_ext_ack *extack)
{
	const struct iq_side_conf *conf = d->next ? d->next->conf : d->conf;
	int err, i;

	for (i = 0; i < 2; i++) {
		if (!conf[i].dev[0])
			continue;
		err = iq_macs_add_side(macs, d, &conf[i], req ? req->sides[i] ?:
				       req->object.attr : NULL, extack);
		if (err)
			return err;
	}
	return 0;
}

/* A link address at an interface is one device's alone. First those that stay as they are. */
static int iq_device_check_macs(struct iq_chains *ch, const struct iq_object_plan *plan,
				const struct iq_device_req *req, u32 n,
				struct netlink_ext_ack *extack)
{
	u32 size = roundup_pow_of_two(4 * (1 + IPSEC_QOS_DEVICE_FROM_MAX) * (ch->devices.n + n));
	struct iq_macs *macs;
	struct iq_object *o;
	unsigned long i;
	int err = 0;

	macs = kvzalloc(struct_size(macs, mac, size), GFP_KERNEL);
	if (!macs)
		return -ENOMEM;
	macs->mask = size - 1;
	xa_for_each(&ch->devices.all, i, o) {
		if (!o->planned)
			err = iq_macs_add(macs, iq_device_of(o), NULL, NULL);
		/* Those that there are have been looked at when they came. */
		WARN_ON_ONCE(err);
	}
	for (i = 0, err = 0; i < n && !err; i++)
		err = iq_macs_add(macs, iq_device_of(plan[i].o), &req[i], extack);
	kvfree(macs);
	return err;
}

static int iq_device_check(struct iq_chains *ch, const struct iq_object_plan *plan,
			   const struct iq_device_req *req, struct iq_device_next *next, u32 n,
			   struct netlink_ext_ack *extack)
{
	struct iq_device *d;
	int err = 0;
	u32 i;

	for (i = 0; i < n && !err; i++)
		err = iq_device_prepare(&req[i], iq_device_of(plan[i].o), plan[i].fresh,
					&next[i], extack);
	for (i = 0; i < n && !err; i++)
		err = iq_device_get_alternate(ch, &req[i], iq_device_of(plan[i].o), extack);
	for (i = 0; i < n && !err; i++) {
		d = iq_device_of(plan[i].o);
		err = iq_device_check_kinds(ch, &req[i], d, extack);
		if (!err)
			err = iq_device_check_alternates(ch, &req[i], d, extack);
	}
	return err ?: iq_device_check_macs(ch, plan, req, n, extack);
}

/* Carry out what can no longer fail. Is it otherwise than it was? */
static bool iq_device_apply(struct iq_device *d)
{
	const struct iq_device_next *next = d->next;
	bool changed = next->state != d->state || next->failure != d->failure ||
		       next->kind != d->kind || next->rate != d->rate ||
		       next->snap != d->snap ||
		       next->alternate != rcu_access_pointer(d->alternate) ||
		       memcmp(next->conf, d->conf, sizeof(d->conf));

	memcpy(d->conf, next->conf, sizeof(d->conf));
	d->state = next->state;
	d->kind = next->kind;
	d->arms = next->conf[1].dev[0] ? 2 : 1;
	WRITE_ONCE(d->failure, next->failure);
	WRITE_ONCE(d->rate, next->rate);
	WRITE_ONCE(d->snap, next->snap);
	rcu_assign_pointer(d->alternate, next->alternate);
	d->next = NULL;
	return changed;
}

/* Who takes whose packets: one store for each device moves all chains that have it. */
static void iq_devices_turn(struct iq_chains *ch)
{
	struct iq_device *d, *now, *a;
	struct iq_object *o;
	unsigned long i;

	xa_for_each(&ch->devices.all, i, o) {
		a = iq_device_alternate(iq_device_of(o));
		if (a)
			WRITE_ONCE(a->stands, true);
	}
	xa_for_each(&ch->devices.all, i, o) {
		d = iq_device_of(o);
		for (now = d; now && now->state != IPSEC_QOS_DEVICE_UP;
		     now = iq_device_alternate(now))
			;
		if (now != iq_device_now(d))
			rcu_assign_pointer(d->now, now);
	}
}

/* Is it otherwise than it was told? */
static bool iq_device_news(struct iq_device *d)
{
	u32 now = iq_device_now(d) ? iq_device_now(d)->object.id : 0;
	bool news = d->told_now != now ||
		    memcmp(d->told_problem, d->problem, sizeof(d->problem));

	d->told_now = now;
	memcpy(d->told_problem, d->problem, sizeof(d->problem));
	return news;
}

void iq_devices_tell(struct iq_chains *ch)
{
	struct iq_object *o;
	unsigned long i;

	lockdep_assert_held(&ch->iqn->config_lock);
	xa_for_each(&ch->devices.all, i, o)
		if (iq_device_news(iq_device_of(o)))
			iq_object_tell(&ch->devices, o, IPSEC_QOS_EVENT_CHANGE);
}

static void iq_device_undo(struct iq_chains *ch, const struct iq_object_plan *plan, u32 n)
{
	u32 i;

	for (i = 0; i < n && plan[i].o; i++)
		iq_device_of(plan[i].o)->next = NULL;
	iq_objects_undo(&ch->devices, plan, n);
}

int iq_device_set(struct iq_net *iqn, const struct iq_device_req *req, u32 n, u8 owner,
		  u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_attaches *attaches = NULL;
	struct iq_device_next *next;
	struct iq_object_plan *plan;
	struct iq_chains *ch;
	bool *changed;
	int err;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_chains_init(iqn);
	if (err)
		return err;
	ch = iq_chains(iqn);
	plan = kvcalloc(n, sizeof(*plan), GFP_KERNEL);
	next = kvcalloc(n, sizeof(*next), GFP_KERNEL);
	changed = kvcalloc(n, sizeof(*changed), GFP_KERNEL);
	err = plan && next && changed ? 0 : -ENOMEM;
	if (err)
		goto free;
	err = iq_objects_plan(&ch->devices, req, sizeof(*req), n, nlflags, plan, extack);
	if (!err)
		err = iq_device_check(ch, plan, req, next, n, extack);
	if (!err) {
		attaches = iq_attach_alloc(ch);
		err = attaches ? 0 : -ENOMEM;
	}
	if (err) {
		iq_device_undo(ch, plan, n);
		goto free;
	}
	for (i = 0; i < n; i++)
		changed[i] = iq_device_apply(iq_device_of(plan[i].o));
	iq_attach_apply(ch, attaches);
	iq_devices_turn(ch);
	for (i = 0; i < n; i++)
		changed[i] |= iq_device_news(iq_device_of(plan[i].o));
	iq_objects_commit(&ch->devices, plan, n, owner, changed);
	iq_devices_tell(ch);
free:
	kvfree(plan);
	kvfree(next);
	kvfree(changed);
	return err;
}

int iq_device_del(struct iq_net *iqn, const struct iq_device_req *req, u32 n,
		  struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = iq_chains_init(iqn);
	if (err)
		return err;
	return iq_objects_del(&iq_chains(iqn)->devices, req, sizeof(*req), n, extack);
}

/* As an object */

static struct iq_object *iq_device_alloc(struct iq_net *iqn)
{
	struct iq_device *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);

	/* Its hot part is alone in its line, as far as lines are known. */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_SMP) && offsetof(struct iq_device, rate) % SMP_CACHE_BYTES);
	if (!d)
		return NULL;
	d->counter = iq_counter_alloc(IPSEC_QOS_DEVICE_COUNTER_MAX + 1);
	if (!d->counter) {
		kfree(d);
		return NULL;
	}
	d->iqn = iqn;
	seqcount_init(&d->seq);
	iq_rate_init(&d->tokens);
	return &d->object;
}

static void iq_device_free(struct iq_object *o)
{
	struct iq_device *d = iq_device_of(o);

	free_percpu(d->counter);
	kfree(d);
}

static void iq_device_free_rcu(struct rcu_head *rcu)
{
	iq_device_free(&container_of(rcu, struct iq_device, rcu)->object);
}

static void iq_device_lose(struct iq_objects *os, struct iq_object *o)
{
	struct iq_chains *ch = container_of(os, struct iq_chains, devices);
	struct iq_device *d = iq_device_of(o), *other, *alternate = NULL;
	struct iq_object *each;
	bool stands = false;
	unsigned long i;

	/* Tracks of a moment ago may have it. */
	iq_linger_end_device(ch, d);
	iq_attach_forget(ch, d);
	/* Where all go, the alternate may have gone before. */
	xa_for_each(&os->all, i, each) {
		other = iq_device_of(each);
		if (other == iq_device_alternate(d))
			alternate = other;
		stands |= iq_device_alternate(other) == iq_device_alternate(d);
	}
	if (alternate)
		WRITE_ONCE(alternate->stands, stands);
	call_rcu(&d->rcu, iq_device_free_rcu);
}

static bool iq_device_busy(struct iq_objects *os, const struct iq_object *o,
			   const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct iq_device *d = container_of(o, struct iq_device, object);
	struct iq_object *other;
	unsigned long i;

	if (d->chains) {
		iq_err(extack, attr, "device %s is in chain %s", o->name,
		       iq_chain_with(d)->object.name);
		return true;
	}
	xa_for_each(&os->all, i, other) {
		if (iq_device_alternate(iq_device_of(other)) != d)
			continue;
		iq_err(extack, attr, "device %s is the alternate of device %s", o->name,
		       other->name);
		return true;
	}
	return false;
}

const struct iq_object_type iq_device_type = {
	.what = "device",
	.max = IPSEC_QOS_DEVICES_MAX,
	.mcgrp = IQ_MCGRP_CHAIN,
	.attr = IPSEC_QOS_A_DEVICE,
	.cmd = IPSEC_QOS_CMD_DEVICE_GET,
	.folder = &iq_device_folder,
	.folders = IPSEC_QOS_DEVICES_MAX,
	.alloc = iq_device_alloc,
	.free = iq_device_free,
	.lose = iq_device_lose,
	.busy = iq_device_busy,
	.size = iq_device_size,
	.put = iq_put_device,
};
