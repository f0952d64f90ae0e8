// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "compat.h"
#include "debug.h"
#include "object.h"

static const struct iq_object_req *iq_object_req(const void *req, size_t size, u32 i)
{
	return req + size * i;
}

int iq_objects_init(struct iq_objects *os, struct iq_net *iqn,
		    const struct iq_object_type *type, const char *folders)
{
	os->iqn = iqn;
	os->type = type;
	os->seq = 1;
	xa_init(&os->all);
	return type->folder ? iq_folders_init(&os->folders, iqn, folders) : 0;
}

void iq_objects_exit(struct iq_objects *os)
{
	struct iq_object *o;
	unsigned long i;

	xa_for_each(&os->all, i, o) {
		xa_erase(&os->all, o->id);
		if (os->type->folder)
			iq_folder_exit(&os->folders, &o->folder);
		os->type->lose(os, o);
	}
	xa_destroy(&os->all);
	iq_name_exit(os->names);
	if (os->type->folder)
		iq_folders_exit(&os->folders);
}

static struct iq_object *iq_object_named(const struct iq_objects *os, const char *name)
{
	struct iq_named *named = iq_name_find(os->names, name);

	return named ? container_of(named, struct iq_object, by_name) : NULL;
}

struct iq_object *iq_object_find(struct iq_objects *os, u32 id, const char *name)
{
	lockdep_assert_held(&os->iqn->config_lock);
	return id ? xa_load(&os->all, id) : iq_object_named(os, name);
}

int iq_object_none(const struct iq_objects *os, const struct iq_object_req *req,
		   struct netlink_ext_ack *extack)
{
	if (req->id)
		iq_err(extack, req->attr, "no %s %u", os->type->what, req->id);
	else
		iq_err(extack, req->attr, "no %s %s", os->type->what, req->name);
	return -ENOENT;
}

static int iq_object_check(const struct iq_objects *os, const struct iq_object_req *req,
			   u16 nlflags, const struct iq_object *o, u32 fresh,
			   struct netlink_ext_ack *extack)
{
	const struct iq_object_type *type = os->type;

	if (o && o->planned) {
		iq_err(extack, req->attr, "%s %u is named twice", type->what, req->id);
		return -EINVAL;
	}
	if (o && !(nlflags & NLM_F_REPLACE)) {
		iq_err(extack, req->attr, "%s %u exists, it is %s", type->what, req->id,
		       o->name);
		return -EEXIST;
	}
	if (!o && !(nlflags & NLM_F_CREATE))
		return iq_object_none(os, req, extack);
	if (!o && !req->name[0]) {
		iq_err(extack, req->attr, "a new %s needs a name", type->what);
		return -EINVAL;
	}
	if (!o && os->n + fresh >= type->max) {
		iq_err(extack, req->attr, "the ceiling of %u %ss is reached", type->max,
		       type->what);
		return -ENOSPC;
	}
	return 0;
}

static struct iq_object *iq_object_make(struct iq_objects *os,
					const struct iq_object_req *req)
{
	struct iq_object *o = os->type->alloc(os->iqn);
	int err;

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->id = req->id;
	o->by_name.name = o->name;
	INIT_HLIST_NODE(&o->by_name.node);
	err = xa_err(xa_store(&os->all, req->id, o, GFP_KERNEL_ACCOUNT));
	if (!err)
		return o;
	os->type->free(o);
	return ERR_PTR(err);
}

/* Names may be swapped in one request: so all give up theirs first. */
static int iq_objects_rename(struct iq_objects *os, const void *req, size_t size, u32 n,
			     struct iq_object_plan *plan, struct netlink_ext_ack *extack)
{
	const struct iq_object_req *r;
	struct iq_object *o;
	u32 i;

	for (i = 0; i < n; i++) {
		if (!plan[i].rename)
			continue;
		o = plan[i].o;
		strscpy(plan[i].was, o->name, sizeof(plan[i].was));
		iq_name_del(&o->by_name);
	}
	for (i = 0; i < n; i++) {
		if (!plan[i].rename && !plan[i].fresh)
			continue;
		r = iq_object_req(req, size, i);
		o = plan[i].o;
		if (iq_object_named(os, r->name)) {
			iq_err(extack, r->attr, "another %s is %s", os->type->what, r->name);
			return -EEXIST;
		}
		strscpy(o->name, r->name, sizeof(o->name));
		iq_name_add(os->names, &o->by_name);
		plan[i].placed = true;
	}
	return 0;
}

int iq_objects_plan(struct iq_objects *os, const void *req, size_t size, u32 n, u16 nlflags,
		    struct iq_object_plan *plan, struct netlink_ext_ack *extack)
{
	const struct iq_object_req *r;
	struct iq_object *o;
	u32 i, fresh = 0;
	int err;

	lockdep_assert_held(&os->iqn->config_lock);
	for (i = 0; i < n; i++) {
		r = iq_object_req(req, size, i);
		o = xa_load(&os->all, r->id);
		err = iq_object_check(os, r, nlflags, o, fresh, extack);
		if (err)
			return err;
		plan[i].rename = o && r->name[0] && strcmp(o->name, r->name);
		if (!o) {
			o = iq_object_make(os, r);
			if (IS_ERR(o))
				return PTR_ERR(o);
			plan[i].fresh = true;
			fresh++;
		}
		o->planned = true;
		plan[i].o = o;
	}
	err = iq_name_reserve(&os->names, os->n + fresh);
	return err ?: iq_objects_rename(os, req, size, n, plan, extack);
}

void iq_objects_undo(struct iq_objects *os, const struct iq_object_plan *plan, u32 n)
{
	struct iq_object *o;
	u32 i;

	for (i = 0; i < n && plan[i].o; i++)
		if (plan[i].placed)
			iq_name_del(&plan[i].o->by_name);
	for (i = 0; i < n && plan[i].o; i++) {
		o = plan[i].o;
		o->planned = false;
		if (plan[i].fresh) {
			xa_erase(&os->all, o->id);
			os->type->free(o);
		} else if (plan[i].was[0]) {
			strscpy(o->name, plan[i].was, sizeof(o->name));
			iq_name_add(os->names, &o->by_name);
		}
	}
}

void iq_object_tell(struct iq_objects *os, struct iq_object *o, enum ipsec_qos_event event)
{
	const struct iq_object_type *type = os->type;
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&os->iqn->config_lock);
	iq_debug(os->iqn, "%s %s, id %u: event %d", type->what, o->name, o->id, event);
	/* Folders first: who hears of it finds its folder. */
	if (type->folder && event == IPSEC_QOS_EVENT_DEL) {
		iq_folder_exit(&os->folders, &o->folder);
	} else if (type->folder) {
		if (event == IPSEC_QOS_EVENT_NEW)
			iq_folder_init(&o->folder, type->folder);
		if (os->folders.n < type->folders || o->folder.kobj.state_in_sysfs)
			iq_folder_show(&os->folders, &o->folder, o->name);
	}
	skb = iq_event_begin(os->iqn, type->mcgrp, event, type->size(o, false), &hdr);
	if (skb)
		iq_event_end(os->iqn, type->mcgrp, event, skb, hdr,
			     type->put(skb, o, false));
}

/*
 * No two folders have the same name even for a moment: one that changes first has a name
 * that no object can have.
 */
static void iq_object_away(struct iq_objects *os, struct iq_object *o)
{
	char away[16];

	if (!os->type->folder || !o->folder.kobj.state_in_sysfs)
		return;
	snprintf(away, sizeof(away), ".%u", o->id);
	iq_folder_show(&os->folders, &o->folder, away);
}

void iq_objects_commit(struct iq_objects *os, const struct iq_object_plan *plan, u32 n,
		       u8 owner, const bool *changed)
{
	struct iq_object *o;
	bool tell;
	u32 i;

	for (i = 0; i < n; i++)
		if (plan[i].rename)
			iq_object_away(os, plan[i].o);
	for (i = 0; i < n; i++) {
		o = plan[i].o;
		/* To state again what is there makes no event. */
		tell = changed[i] || plan[i].fresh || plan[i].rename || o->owner != owner;
		o->planned = false;
		o->owner = owner;
		o->generation = os->iqn->generation[owner];
		os->n += plan[i].fresh;
		os->seq++;
		if (tell)
			iq_object_tell(os, o, plan[i].fresh ? IPSEC_QOS_EVENT_NEW :
				       IPSEC_QOS_EVENT_CHANGE);
	}
}

void iq_object_remove(struct iq_objects *os, struct iq_object *o)
{
	xa_erase(&os->all, o->id);
	iq_name_del(&o->by_name);
	os->n--;
	os->seq++;
	iq_object_tell(os, o, IPSEC_QOS_EVENT_DEL);
	os->type->lose(os, o);
}

int iq_objects_del(struct iq_objects *os, const void *req, size_t size, u32 n,
		   struct netlink_ext_ack *extack)
{
	const struct iq_object_req *r;
	struct iq_object *o;
	u32 i;

	lockdep_assert_held(&os->iqn->config_lock);
	/* First see that all can go. config_lock keeps new users from coming. */
	for (i = 0; i < n; i++) {
		r = iq_object_req(req, size, i);
		o = iq_object_find(os, r->id, r->name);
		if (!o)
			return iq_object_none(os, r, extack);
		if (os->type->busy(os, o, r->attr, extack))
			return -EBUSY;
	}
	for (i = 0; i < n; i++) {
		r = iq_object_req(req, size, i);
		/* One may be named twice. */
		o = iq_object_find(os, r->id, r->name);
		if (o)
			iq_object_remove(os, o);
	}
	return 0;
}

u32 iq_objects_sweep(struct iq_objects *os, u8 owner)
{
	struct iq_object *o;
	unsigned long i;
	u32 count = 0;

	lockdep_assert_held(&os->iqn->config_lock);
	xa_for_each(&os->all, i, o) {
		if (o->owner != owner || o->generation == os->iqn->generation[owner] ||
		    os->type->busy(os, o, NULL, NULL))
			continue;
		iq_object_remove(os, o);
		count++;
	}
	return count;
}

int iq_objects_answer(struct genl_info *info, struct iq_net *iqn, struct iq_objects *os,
		      const struct iq_object_req *req, const char *what)
{
	struct sk_buff *answer = NULL;
	struct iq_object *o;
	void *hdr;
	int err;

	mutex_lock(&iqn->config_lock);
	o = os ? iq_object_find(os, req->id, req->name) : NULL;
	if (o) {
		answer = iq_answer(info, os->type->size(o, true), &hdr);
		err = answer ? os->type->put(answer, o, true) : -ENOMEM;
	} else {
		iq_err(info->extack, req->attr, "no such %s", what);
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return answer ? iq_reply(info, answer, hdr, err) : err;
}

int iq_objects_dump(struct sk_buff *skb, struct netlink_callback *cb, struct iq_net *iqn,
		    struct iq_objects *os)
{
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_object *o = NULL;
	unsigned long i;
	int err = 0;
	void *hdr;

	if (!os || cb->args[1])
		return 0;
	mutex_lock(&iqn->config_lock);
	cb->seq = os->seq;
	xa_for_each_start(&os->all, i, o, cb->args[0]) {
		if (owner >= 0 && o->owner != owner)
			continue;
		hdr = iq_dump_begin(skb, cb, os->type->cmd);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (os->type->put(skb, o, false)) {
			genlmsg_cancel(skb, hdr);
			/* A whole buffer is not enough for it. */
			if (!skb->len)
				err = -EMSGSIZE;
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i + 1;
	}
	/* All are told; behind the last id there may be no number to go on from. */
	cb->args[1] = !o;
	mutex_unlock(&iqn->config_lock);
	return err ?: skb->len;
}
