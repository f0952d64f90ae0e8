// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "core/event.h"
#include "core/group.h"
#include "core/pair.h"
#include "core/stores.h"
#include "sa.h"
#include "state.h"
#include "table.h"
#include "tag.h"
#include "xfrm.h"

/* Of a request, how far ahead memory is told what is to be wanted. */
#define IQ_TABLE_AHEAD	8

/* What expires is told to an eighth of a second: 17 years in 32 bits. */
#define IQ_CLOCK_HZ	8

static u32 iq_table_clock(void)
{
	return div_u64(get_jiffies_64() * IQ_CLOCK_HZ, HZ);
}

/* Is it @when by now? */
static bool iq_clock_past(u32 when)
{
	return (s32)(iq_table_clock() - when) >= 0;
}

/* Those of a table that have a key, and keys of its kind */
static struct iq_stores *iq_table_stores(struct iq_table *t, const struct iq_key *key)
{
	return &t->stores[iq_store_wide(key->family)];
}

bool iq_table_find(struct iq_table *t, const struct iq_key *key, struct iq_ref *ref)
{
	return iq_stores_find(iq_table_stores(t, key), key, ref);
}

static void iq_table_shrink(struct iq_table *t)
{
	int which;

	for (which = 0; which < ARRAY_SIZE(t->stores); which++)
		iq_stores_shrink(&t->stores[which]);
}

/* An entry names another group or target. */
static void iq_table_join(struct iq_table *t, const struct iq_ref *ref, u32 number)
{
	u32 was = iq_ref_value(ref);

	iq_pair_named(t->iqn, number, t->type->user);
	iq_ref_set_value(ref, number);
	iq_pair_unnamed(t->iqn, was, t->type->user);
}

static void iq_entry_arm(struct iq_net *iqn, u32 expires)
{
	struct iq_tag *tag = iq_tag(iqn);
	s32 left = expires - iq_table_clock();
	unsigned long at = jiffies;

	if (left > 0)
		at += DIV_ROUND_UP((unsigned long)left * HZ, IQ_CLOCK_HZ);
	if (tag->expire_armed && !time_before(at, tag->expire_at))
		return;
	tag->expire_at = at;
	tag->expire_armed = true;
	mod_delayed_work(system_dfl_wq, &tag->expire_work, at - jiffies);
}

static void iq_ref_info(const struct iq_table *t, const struct iq_ref *ref,
			struct iq_entry_info *info)
{
	const struct iq_action *a = iq_action_numbered(t->iqn, iq_ref_value(ref));
	const struct iq_entry *e = iq_ref_entry(ref);
	s32 left = e->expires - iq_table_clock();

	iq_ref_key(ref, &info->key);
	iq_ref_count(ref, &info->packets, &info->bytes);
	info->group = a->group->id;
	info->element = a->target ? a->target->id : 0;
	/* One that is over and waits for the timer has its last second. */
	info->lifetime = !e->timed ? 0 :
			 left > 0 ? DIV_ROUND_UP(left, IQ_CLOCK_HZ) : 1;
	info->owner = e->owner;
	info->pending = e->pending;
	info->local = e->local;
}

/*
 * Under the lock, so that events of an entry come in the order in which it
 * changed.
 */
void iq_table_changed(struct iq_table *t, const struct iq_ref *ref,
		      enum ipsec_qos_event event)
{
	struct iq_entry_info info;

	lockdep_assert_held(&t->iqn->table_lock);
	iq_ref_info(t, ref, &info);
	t->type->told(t, event, &info);
}

static void iq_table_unlink(struct iq_table *t, const struct iq_ref *ref)
{
	u32 number = iq_ref_value(ref);
	struct iq_key key;

	lockdep_assert_held(&t->iqn->table_lock);
	/* Readers may find the group through the entry until both are gone. */
	iq_ref_key(ref, &key);
	iq_store_remove(ref);
	iq_pair_unnamed(t->iqn, number, t->type->user);
	if (t->type->removed)
		t->type->removed(t->iqn, &key);
	WRITE_ONCE(t->n, t->n - 1);
	t->seq++;
}

void iq_table_remove(struct iq_table *t, const struct iq_ref *ref,
		     enum ipsec_qos_event event)
{
	iq_table_changed(t, ref, event);
	iq_table_unlink(t, ref);
}

static int iq_table_insert(struct iq_table *t, const struct iq_key *key,
			   u32 number, struct iq_ref *ref)
{
	struct iq_store *tail = iq_stores_tail(iq_table_stores(t, key));
	int err;

	err = tail ? iq_store_add(tail, key, number, ref) : -ENOSPC;
	if (err)
		return err;
	if (t->type->added) {
		err = t->type->added(t->iqn, key);
		if (err) {
			iq_store_remove(ref);
			return err;
		}
	}
	iq_pair_named(t->iqn, number, t->type->user);
	WRITE_ONCE(t->n, t->n + 1);
	t->seq++;
	return 0;
}

const struct iq_action *iq_table_lookup(struct iq_table *t,
					const struct iq_key *key,
					u32 packets, u32 bytes)
{
	return iq_table_lookup_in(t, key, iq_store_wide(key->family), packets,
				  bytes);
}

/**
 * struct iq_done - what iq_table_set() did to an entry
 *
 * @held: number of the pair that was made for it, which is held; 0: none was
 * @created: it was not there before; else:
 * @was: the number of what it named, which is held, if that is to be something else; 0: it
 *	is not
 * @entry: the rest as it was
 * @info: how it is now
 * @changed: not as it was: to state again what is there makes no event
 */
struct iq_done {
	u32 held;
	bool created;
	u32 was;
	struct iq_entry entry;
	struct iq_entry_info info;
	bool changed;
};

/* As it was, but for what the SAD has said since. */
static void iq_entry_restore(struct iq_entry *e, const struct iq_entry *was)
{
	bool installed = e->local && !was->local;

	e->owner = was->owner;
	e->generation = was->generation;
	e->pending = was->pending && !installed;
	e->timed = was->timed && !(was->pending && installed);
	e->expires = was->expires;
}

/* @told: listeners know what was done. */
static void iq_table_undo_one(struct iq_table *t, const struct iq_entry_req *req,
			      const struct iq_done *d, bool told)
{
	struct iq_entry *e;
	struct iq_ref ref;
	bool gone;

	/* Its SA may have gone meanwhile, and the entry with it. */
	if (!iq_table_find(t, &req->key, &ref))
		return;
	e = iq_ref_entry(&ref);
	gone = d->entry.local && !e->local && !d->entry.pending;
	if (d->created || gone) {
		if (told || gone)
			iq_table_changed(t, &ref, IPSEC_QOS_EVENT_DEL);
		iq_table_unlink(t, &ref);
		return;
	}
	if (d->was)
		iq_table_join(t, &ref, d->was);
	iq_entry_restore(e, &d->entry);
	t->seq++;
	if (told && d->changed)
		iq_table_changed(t, &ref, IPSEC_QOS_EVENT_CHANGE);
}

/* @n of a request, the last first; listeners know of the first @told, all but a batch. */
static void iq_table_undo(struct iq_table *t, const struct iq_entry_req *req,
			  const struct iq_done *done, u32 n, u32 told)
{
	u32 i;

	for (i = n; i--; ) {
		if (i < told && !((told - 1 - i) % IQ_STORES_BATCH))
			iq_stores_breathe(t->iqn);
		iq_table_undo_one(t, &req[i], &done[i], i < told);
	}
}

static void iq_entry_state(struct iq_table *t, struct iq_entry *e,
			   const struct iq_entry_req *req)
{
	e->owner = req->owner;
	e->generation = t->iqn->generation[req->owner];
	e->pending = req->pending;
	e->timed = req->lifetime;
	if (e->timed) {
		e->expires = iq_table_clock() + 1 + req->lifetime * IQ_CLOCK_HZ;
		iq_entry_arm(t->iqn, e->expires);
	}
}

/* A new one. */
static int iq_table_create(struct iq_table *t, const struct iq_entry_req *req,
			   struct iq_done *done, struct iq_ref *ref,
			   struct netlink_ext_ack *extack)
{
	const char *name = t->type->name;
	u32 number;
	int err;

	if (!req->group && !req->target) {
		iq_err(extack, req->attr, "a new %s needs a group%s", name,
		       t->type->id == IQ_TABLE_SA ? " or an element" : "");
		return -EINVAL;
	}
	if (t->n >= t->max) {
		iq_err(extack, req->attr, "the ceiling of %u %ss is reached", t->max, name);
		return -ENOSPC;
	}
	number = iq_pair_number(t->iqn, req->group, req->target);
	if (!number)
		return -EUNATCH;
	err = iq_table_insert(t, &req->key, number, ref);
	if (err)
		return err == -ENOSPC ? -EAGAIN : err;
	done->created = true;
	return 0;
}

/* One that is there. */
static int iq_table_replace(struct iq_table *t, const struct iq_entry_req *req,
			    struct iq_done *done, const struct iq_ref *ref)
{
	u32 was = iq_ref_value(ref), number = was;

	if (req->group || req->target)
		number = iq_pair_number(t->iqn, req->group, req->target);
	if (!number)
		return -EUNATCH;
	if (number != was) {
		/* To undo it takes no memory. */
		iq_pair_hold(t->iqn, was);
		done->was = was;
		iq_table_join(t, ref, number);
	}
	t->seq++;
	return 0;
}

/* State one entry. -EAGAIN: there is no slot for it; -EUNATCH: no pair. */
static int iq_table_set_one(struct iq_table *t, const struct iq_entry_req *req,
			    u16 nlflags, struct iq_done *done,
			    struct netlink_ext_ack *extack)
{
	const char *name = t->type->name;
	struct iq_entry *e;
	struct iq_ref ref;
	int err;

	if (iq_table_find(t, &req->key, &ref)) {
		if (!(nlflags & NLM_F_REPLACE)) {
			iq_err(extack, req->attr, "%s exists", name);
			return -EEXIST;
		}
		err = iq_table_replace(t, req, done, &ref);
	} else {
		if (!(nlflags & NLM_F_CREATE)) {
			iq_err(extack, req->attr, "no such %s", name);
			return -ENOENT;
		}
		err = iq_table_create(t, req, done, &ref, extack);
	}
	if (err)
		return err;
	e = iq_ref_entry(&ref);
	done->entry = *e;
	iq_entry_state(t, e, req);
	iq_ref_info(t, &ref, &done->info);
	done->changed = done->created || done->was ||
			done->entry.owner != e->owner ||
			done->entry.pending != e->pending ||
			done->entry.timed != e->timed ||
			(e->timed && done->entry.expires != e->expires);
	return 0;
}

static void iq_table_tell(struct iq_table *t, const struct iq_done *done, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (done[i].changed)
			t->type->told(t, done[i].created ? IPSEC_QOS_EVENT_NEW :
				      IPSEC_QOS_EVENT_CHANGE, &done[i].info);
}

/*
 * What of a request is still to be done, from @at on, and its events: those of a batch
 * under one lock, so that no other event of an entry comes between. Where it fails
 * nothing of the request is left, but for -EAGAIN and -EUNATCH: @at wants a slot or a pair.
 */
static int iq_table_set_some(struct iq_table *t, const struct iq_entry_req *req,
			     u32 n, u16 nlflags, struct iq_done *done, u32 *at,
			     struct netlink_ext_ack *extack)
{
	const struct iq_key *key;
	u32 first, end;
	int err = 0;

	spin_lock_bh(&t->iqn->table_lock);
	while (*at < n && !err) {
		first = *at;
		end = min(n, first + IQ_STORES_BATCH);
		while (*at < end && !err) {
			key = &req[min(*at + IQ_TABLE_AHEAD, n - 1)].key;
			iq_stores_prefetch(iq_table_stores(t, key), key);
			err = iq_table_set_one(t, &req[*at], nlflags, &done[*at],
					       extack);
			*at += !err;
		}
		if (err && err != -EAGAIN && err != -EUNATCH) {
			iq_table_undo(t, req, done, *at, first);
			break;
		}
		iq_table_tell(t, done + first, *at - first);
		if (*at < n)
			iq_stores_breathe(t->iqn);
	}
	spin_unlock_bh(&t->iqn->table_lock);
	return err;
}

/* What is held for a request is let go of. */
static void iq_table_let(struct iq_table *t, const struct iq_done *done, u32 n)
{
	u32 i;

	spin_lock_bh(&t->iqn->table_lock);
	for (i = 0; i < n; i++) {
		if (i && !(i % IQ_STORES_BATCH))
			iq_stores_breathe(t->iqn);
		if (done[i].held)
			iq_pair_let(t->iqn, done[i].held);
		if (done[i].was)
			iq_pair_let(t->iqn, done[i].was);
	}
	spin_unlock_bh(&t->iqn->table_lock);
}

/* Carry out a request, all of it or nothing; @done is all zeros. */
static int iq_table_carry_out(struct iq_table *t, const struct iq_entry_req *req, u32 n,
			      u16 nlflags, struct iq_done *done,
			      struct netlink_ext_ack *extack)
{
	struct iq_net *iqn = t->iqn;
	bool rested = false;
	u32 at = 0;
	int err;

	for (;;) {
		err = iq_table_set_some(t, req, n, nlflags, done, &at, extack);
		if (err == -EUNATCH) {
			err = iq_pair_make(iqn, req[at].group, req[at].target,
					   req[at].attr, extack);
			if (err >= 0) {
				done[at].held = err;
				continue;
			}
		} else if (err == -EAGAIN && !rested) {
			/* Those that were freed a moment ago may be enough. */
			synchronize_rcu();
			rested = true;
			continue;
		} else if (err == -EAGAIN) {
			err = iq_stores_resize(iq_table_stores(t, &req[at].key),
					       2 * (t->n + n));
			if (!err)
				continue;
		} else {
			if (err == -ENOSPC)
				iq_event_ceiling(iqn, t->type->id == IQ_TABLE_SA ?
						 IPSEC_QOS_STATUS_A_SAS :
						 IPSEC_QOS_STATUS_A_IKES, t->max);
			return err;
		}
		spin_lock_bh(&iqn->table_lock);
		iq_table_undo(t, req, done, at, at);
		spin_unlock_bh(&iqn->table_lock);
		return err;
	}
}

/* How many of a request are not there yet. */
static u32 iq_table_missing(struct iq_table *t, int which,
			    const struct iq_entry_req *req, u32 n)
{
	struct iq_ref ref;
	u32 i, missing = 0;

	for (i = 0; i < n; i++) {
		if (i && !(i % IQ_STORES_BATCH))
			iq_stores_breathe(t->iqn);
		missing += iq_store_wide(req[i].key.family) == which &&
			   !iq_table_find(t, &req[i].key, &ref);
	}
	return missing;
}

/*
 * Have room for the @more of a request's @n that go to these stores, if it can be had. If
 * that takes another store, have it large enough for @all, which are new (@excl) or may be
 * there already.
 */
static void iq_table_reserve(struct iq_table *t, int which, const struct iq_entry_req *req,
			     u32 n, u32 more, u32 all, bool excl)
{
	struct iq_stores *st = &t->stores[which];
	bool enough;
	u32 have;

	spin_lock_bh(&t->iqn->table_lock);
	enough = iq_stores_has_room(st, more);
	if (!enough && iq_stores_head(st) && !excl) {
		/* To state again what is there takes no room. */
		more = iq_table_missing(t, which, req, n);
		enough = iq_stores_has_room(st, more);
	}
	have = iq_stores_n(st);
	all = min(all, t->max);
	if (excl)
		all = min(all + have, t->max);
	spin_unlock_bh(&t->iqn->table_lock);
	all = iq_store_for(all);
	/* A hint may be of more than there is memory for. */
	if (!enough && iq_stores_resize(st, max(have + more, all)) &&
	    all > have + more)
		iq_stores_resize(st, have + more);
}

int iq_table_set(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 u32 all, u16 nlflags, struct netlink_ext_ack *extack)
{
	u32 of[ARRAY_SIZE(t->stores)] = {}, i;
	struct iq_net *iqn = t->iqn;
	struct iq_done *done;
	bool announced = false, look;
	int err, which;

	lockdep_assert_held(&iqn->config_lock);
	for (i = 0; i < n; i++) {
		if (nlflags & NLM_F_CREATE)
			of[iq_store_wide(req[i].key.family)]++;
		announced |= req[i].pending;
	}
	if (announced) {
		err = iq_tag_own_sas(iqn);
		if (err)
			return err;
	}
	done = kvcalloc(n, sizeof(*done), GFP_KERNEL);
	if (!done)
		return -ENOMEM;
	/* Without memory it may be enough all the same. */
	for (which = 0; which < ARRAY_SIZE(of); which++)
		if (of[which])
			iq_table_reserve(t, which, req, n, of[which],
					 mul_u64_u32_div(all, of[which], n),
					 nlflags & NLM_F_EXCL);

	err = iq_table_carry_out(t, req, n, nlflags, done, extack);
	iq_table_let(t, done, n);
	if (err == -ENOMEM)
		iq_err(extack, NULL, "no memory for %u %ss", n, t->type->name);
	/* The SA that it is about may have been in the SAD before. */
	look = !err && t->type->id == IQ_TABLE_SA && iq_xfrm_has_sas(iqn);
	for (i = 0; i < n && look; i++)
		if (!req[i].pending)
			iq_xfrm_look(iqn, &req[i].key);
	kvfree(done);
	return err;
}

int iq_table_del(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 struct netlink_ext_ack *extack)
{
	struct iq_ref ref;
	int err = 0;
	u32 i;

	lockdep_assert_held(&t->iqn->config_lock);
	/* First see that all are there; one that is named twice may go once. */
	spin_lock_bh(&t->iqn->table_lock);
	for (i = 0; i < n && !err; i++) {
		if (i && !(i % IQ_STORES_BATCH))
			iq_stores_breathe(t->iqn);
		if (iq_table_find(t, &req[i].key, &ref))
			continue;
		iq_err(extack, req[i].attr, "no such %s", t->type->name);
		err = -ENOENT;
	}
	for (i = 0; i < n && !err; i++) {
		if (!(i % IQ_STORES_BATCH))
			iq_stores_breathe(t->iqn);
		if (iq_table_find(t, &req[i].key, &ref))
			iq_table_remove(t, &ref, IPSEC_QOS_EVENT_DEL);
	}
	spin_unlock_bh(&t->iqn->table_lock);
	iq_table_shrink(t);
	return err;
}

int iq_table_get(struct iq_table *t, const struct iq_key *key,
		 struct iq_entry_info *info)
{
	struct iq_ref ref;
	bool found;

	spin_lock_bh(&t->iqn->table_lock);
	found = iq_table_find(t, key, &ref);
	if (found)
		iq_ref_info(t, &ref, info);
	spin_unlock_bh(&t->iqn->table_lock);
	return found ? 0 : -ENOENT;
}

u32 iq_table_remove_if(struct iq_table *t, enum ipsec_qos_event event,
		       iq_entry_cond cond, const void *arg)
{
	struct iq_net *iqn = t->iqn;
	struct iq_ref ref;
	u32 n = 0;
	int which;

	lockdep_assert_held(&iqn->config_lock);
	spin_lock_bh(&iqn->table_lock);
	for (which = 0; which < ARRAY_SIZE(t->stores); which++) {
		for (ref.s = iq_stores_head(&t->stores[which]); ref.s;
		     ref.s = iq_stores_next(&t->stores[which], ref.s)) {
			for (ref.i = 0; ref.i < iq_store_slots(ref.s); ref.i++) {
				if (ref.i % IQ_STORES_STEP == IQ_STORES_STEP - 1)
					iq_stores_breathe(iqn);
				if (!iq_ref_value(&ref) || !cond(iqn, &ref, arg))
					continue;
				iq_table_remove(t, &ref, event);
				if (!(++n % IQ_STORES_BATCH))
					iq_stores_breathe(iqn);
			}
		}
	}
	spin_unlock_bh(&iqn->table_lock);
	if (n)
		iq_table_shrink(t);
	return n;
}

static bool iq_ref_names(struct iq_net *iqn, const struct iq_ref *ref,
			 const struct iq_filter *f)
{
	const struct iq_action *a = iq_action_numbered(iqn, iq_ref_value(ref));

	return (!f->group || a->group->id == f->group) &&
	       (!f->element || (a->target && a->target->id == f->element));
}

static bool iq_ref_match(struct iq_net *iqn, const struct iq_ref *ref,
			 const void *arg)
{
	const struct iq_filter *f = arg;
	const struct iq_key *k = &f->key;
	struct iq_key key;

	if (f->owner >= 0 && iq_ref_entry(ref)->owner != f->owner)
		return false;
	if ((f->group || f->element) && !iq_ref_names(iqn, ref, f))
		return false;
	iq_ref_key(ref, &key);
	if ((k->family && k->family != key.family) ||
	    (k->proto && k->proto != key.proto) ||
	    (k->spi && k->spi != key.spi))
		return false;
	if (f->has_dst)
		return !memcmp(k->dst, key.dst, sizeof(k->dst));
	return (!k->spi_i || k->spi_i == key.spi_i) &&
	       (!f->has_spi_r || k->spi_r == key.spi_r);
}

u32 iq_table_flush(struct iq_table *t, const struct iq_filter *filter)
{
	return iq_table_remove_if(t, IPSEC_QOS_EVENT_DEL, iq_ref_match, filter);
}

/*
 * What the SAD has goes with the SAD's SA; what is announced, with its
 * lifetime.
 */
static bool iq_ref_stale(struct iq_net *iqn, const struct iq_ref *ref,
			 const void *arg)
{
	const struct iq_entry *e = iq_ref_entry(ref);
	u8 owner = *(const u8 *)arg;

	return e->owner == owner && !e->local && !e->pending &&
	       e->generation != (u16)iqn->generation[owner];
}

u32 iq_table_sweep(struct iq_table *t, u8 owner)
{
	return iq_table_remove_if(t, IPSEC_QOS_EVENT_DEL, iq_ref_stale, &owner);
}

/**
 * struct iq_expiry - a run over what may have expired
 *
 * @more: there are others, the next at @next
 * @audit: announced SAs were not installed: the SAD is to be asked
 */
struct iq_expiry {
	bool more;
	u32 next;
	bool audit;
};

static bool iq_ref_over(struct iq_net *iqn, const struct iq_ref *ref,
			const void *arg)
{
	struct iq_expiry *x = (struct iq_expiry *)arg;
	struct iq_entry *e = iq_ref_entry(ref);

	if (!e->timed)
		return false;
	if (!iq_clock_past(e->expires)) {
		if (!x->more || (s32)(e->expires - x->next) < 0)
			x->next = e->expires;
		x->more = true;
		return false;
	}
	if (e->pending && e->local) {
		/* Nothing came of it; the SA of before may be there still. */
		e->pending = false;
		e->timed = false;
		iq_table_changed(&iq_tag(iqn)->tables[IQ_TABLE_SA], ref,
				 IPSEC_QOS_EVENT_CHANGE);
		x->audit = true;
		return false;
	}
	return true;
}

void iq_table_expire_work(struct work_struct *work)
{
	struct iq_tag *tag = container_of(to_delayed_work(work), struct iq_tag,
					  expire_work);
	struct iq_net *iqn = tag->iqn;
	struct iq_expiry x = {};
	int i;

	spin_lock_bh(&iqn->table_lock);
	tag->expire_armed = false;
	spin_unlock_bh(&iqn->table_lock);

	mutex_lock(&iqn->config_lock);
	/* Who entries name goes with the namespace, and ahead of the tables. */
	for (i = 0; i < __IQ_TABLE_MAX && !READ_ONCE(iqn->dead); i++)
		iq_table_remove_if(&tag->tables[i], IPSEC_QOS_EVENT_EXPIRE,
				   iq_ref_over, &x);
	mutex_unlock(&iqn->config_lock);
	if (x.audit)
		mod_delayed_work(system_dfl_wq, &tag->audit_work, 0);
	if (!x.more)
		return;

	/* A run walks the tables: at most one a second, however many end. */
	if (iq_clock_past(x.next - IQ_CLOCK_HZ))
		x.next = iq_table_clock() + IQ_CLOCK_HZ;
	spin_lock_bh(&iqn->table_lock);
	if (!iqn->dead)
		iq_entry_arm(iqn, x.next);
	spin_unlock_bh(&iqn->table_lock);
}

void iq_walk_begin(struct iq_walk *w, struct iq_table *t,
		   const struct iq_filter *filter)
{
	*w = (struct iq_walk) { .t = t, .filter = *filter };
}

/* The store where the walk is. One that was let go of is in the next by now. */
static struct iq_store *iq_walk_store(struct iq_walk *w)
{
	struct iq_store *first = rcu_dereference(w->t->stores[w->which].head), *s;

	for (s = first; s && s->id != w->id; s = rcu_dereference(s->next))
		;
	if (s)
		return s;
	w->id = first ? first->id : 0;
	w->i = 0;
	return first;
}

bool iq_walk_next(struct iq_walk *w, struct iq_entry_info *info)
{
	struct iq_table *t = w->t;
	struct iq_net *iqn = t->iqn;
	struct iq_store *next;
	struct iq_ref ref;
	bool found;
	u32 end;

	while (w->which < ARRAY_SIZE(t->stores)) {
		ref.s = iq_walk_store(w);
		end = ref.s ? min(iq_store_slots(ref.s), w->i + IQ_STORES_STEP) : 0;
		while (w->i < end) {
			ref.i = w->i++;
			if (!iq_ref_value(&ref))
				continue;
			spin_lock_bh(&iqn->table_lock);
			found = iq_ref_value(&ref) &&
				iq_ref_match(iqn, &ref, &w->filter);
			if (found)
				iq_ref_info(t, &ref, info);
			spin_unlock_bh(&iqn->table_lock);
			if (found)
				return true;
		}
		if (!ref.s || w->i == iq_store_slots(ref.s)) {
			next = ref.s ? rcu_dereference(ref.s->next) : NULL;
			w->id = next ? next->id : 0;
			w->i = 0;
			w->which += !next;
		}
		cond_resched_rcu();
	}
	return false;
}

void iq_table_init(struct iq_table *t, struct iq_net *iqn,
		   const struct iq_table_type *type, u32 max)
{
	t->iqn = iqn;
	t->type = type;
	t->max = max;
	t->seq = 1;
	iq_stores_init(&t->stores[0], iqn, type->id == IQ_TABLE_IKE ? 0 : AF_INET);
	iq_stores_init(&t->stores[1], iqn, type->id == IQ_TABLE_IKE ? 0 : AF_INET6);
}

/* The hooks are gone and a grace period has passed: nobody looks any more. */
void iq_table_exit(struct iq_table *t)
{
	int which;

	for (which = 0; which < ARRAY_SIZE(t->stores); which++)
		iq_stores_exit(&t->stores[which]);
}
