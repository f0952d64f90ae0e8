// SPDX-License-Identifier: GPL-2.0
#include <linux/siphash.h>
#include <linux/slab.h>

#include "compat.h"
#include "event.h"
#include "group.h"
#include "sa.h"
#include "table.h"
#include "xfrm.h"

/*
 * Peers choose SPIs, so the hash is keyed: nobody can aim at a bucket.
 * rhashtable's own seed changes when a chain grows long all the same.
 */
static siphash_key_t iq_table_secret __read_mostly;

static u32 iq_table_hash(const void *data, u32 len, u32 seed)
{
	siphash_key_t secret = iq_table_secret;
	const u64 *key = data;

	BUILD_BUG_ON(sizeof(struct iq_key) != 3 * sizeof(u64));
	secret.key[0] ^= seed;
	return siphash_3u64(key[0], key[1], key[2], &secret);
}

static const struct rhashtable_params iq_table_params = {
	.key_len = sizeof(struct iq_key),
	.key_offset = offsetof(struct iq_entry, key),
	.head_offset = offsetof(struct iq_entry, node),
	.hashfn = iq_table_hash,
	.automatic_shrinking = true,
};

/* iq_net.table is held. */
static struct iq_group *iq_entry_group(const struct iq_table *t,
				       const struct iq_entry *e)
{
	return rcu_dereference_protected(e->group,
					 lockdep_is_held(&t->iqn->table));
}

static void iq_entry_join(struct iq_table *t, struct iq_entry *e,
			  struct iq_group *g)
{
	iq_entry_group(t, e)->users[t->type->id]--;
	g->users[t->type->id]++;
	rcu_assign_pointer(e->group, g);
}

static void iq_entry_arm(struct iq_net *iqn, unsigned long expires)
{
	if (iqn->expire_armed && !time_before(expires, iqn->expire_at))
		return;
	iqn->expire_at = expires;
	iqn->expire_armed = true;
	mod_delayed_work(system_unbound_wq, &iqn->expire_work,
			 time_after(expires, jiffies) ? expires - jiffies : 0);
}

static void iq_entry_info(const struct iq_entry *e, struct iq_entry_info *info)
{
	unsigned long expires = READ_ONCE(e->expires), now = jiffies;

	info->key = e->key;
	info->packets = atomic64_read(&e->packets);
	info->bytes = atomic64_read(&e->bytes);
	rcu_read_lock();
	info->group = rcu_dereference(e->group)->id;
	rcu_read_unlock();
	/* One that is over and waits for the timer has its last second. */
	info->lifetime = !READ_ONCE(e->timed) ? 0 :
			 time_after(expires, now) ?
			 DIV_ROUND_UP(expires - now, HZ) : 1;
	info->owner = READ_ONCE(e->owner);
	info->pending = READ_ONCE(e->pending);
	info->local = READ_ONCE(e->local);
}

/*
 * Under the lock, so that events of an entry come in the order in which it
 * changed.
 */
void iq_table_changed(struct iq_table *t, const struct iq_entry *e,
		      enum ipsec_qos_event event)
{
	struct iq_entry_info info;

	lockdep_assert_held(&t->iqn->table);
	iq_entry_info(e, &info);
	iq_event_entry(t, event, &info);
}

static void iq_entry_free_rcu(struct rcu_head *rcu)
{
	/* Whichever cache it came from: it is the object's address that counts. */
	kfree(container_of(rcu, struct iq_entry, rcu));
}

struct iq_entry *iq_table_find(struct iq_table *t, const struct iq_key *key)
{
	lockdep_assert_held(&t->iqn->table);
	return rhashtable_lookup_fast(&t->ht, key, iq_table_params);
}

static void iq_table_unlink(struct iq_table *t, struct iq_entry *e)
{
	lockdep_assert_held(&t->iqn->table);
	rhashtable_remove_fast(&t->ht, &e->node, iq_table_params);
	list_del(&e->all);
	if (t->type->removed)
		t->type->removed(t->iqn, e);
	/* Readers may find the group through the entry until both are freed. */
	iq_entry_group(t, e)->users[t->type->id]--;
	WRITE_ONCE(t->n, t->n - 1);
	t->seq++;
	call_rcu(&e->rcu, iq_entry_free_rcu);
}

void iq_table_remove(struct iq_table *t, struct iq_entry *e,
		     enum ipsec_qos_event event)
{
	iq_table_changed(t, e, event);
	iq_table_unlink(t, e);
}

/* Takes @e, whether or not it fails. */
static int iq_table_insert(struct iq_table *t, struct iq_entry *e)
{
	int err = rhashtable_insert_fast(&t->ht, &e->node, iq_table_params);

	if (err) {
		kmem_cache_free(t->type->cache, e);
		return err;
	}
	if (t->type->added) {
		err = t->type->added(t->iqn, e);
		if (err) {
			rhashtable_remove_fast(&t->ht, &e->node, iq_table_params);
			call_rcu(&e->rcu, iq_entry_free_rcu);
			return err;
		}
	}
	list_add_tail(&e->all, &t->all);
	iq_entry_group(t, e)->users[t->type->id]++;
	WRITE_ONCE(t->n, t->n + 1);
	t->seq++;
	return 0;
}

struct iq_group *iq_table_lookup(struct iq_table *t, const struct iq_key *key,
				 u32 packets, u32 bytes)
{
	struct iq_entry *e = rhashtable_lookup(&t->ht, key, iq_table_params);

	if (!e)
		return NULL;
	if (packets) {
		atomic64_add(packets, &e->packets);
		atomic64_add(bytes, &e->bytes);
	}
	return rcu_dereference(e->group);
}

/**
 * struct iq_done - what iq_table_set() did to an entry
 *
 * @e: the entry
 * @created: it was not there before; else all below is how it was
 * @info: how it is now
 * @changed: not as it was: to state again what is there makes no event
 */
struct iq_done {
	struct iq_entry *e;
	bool created;
	struct iq_group *group;
	unsigned long expires;
	u32 generation;
	u8 owner;
	bool timed;
	bool pending;
	struct iq_entry_info info;
	bool changed;
};

static void iq_table_undo(struct iq_table *t, struct iq_done *done, u32 n)
{
	while (n--) {
		struct iq_done *d = &done[n];
		struct iq_entry *e = d->e;

		if (d->created) {
			iq_table_unlink(t, e);
			continue;
		}
		iq_entry_join(t, e, d->group);
		e->expires = d->expires;
		e->generation = d->generation;
		e->owner = d->owner;
		e->timed = d->timed;
		e->pending = d->pending;
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
		e->expires = jiffies + req->lifetime * HZ;
		iq_entry_arm(t->iqn, e->expires);
	}
}

/* State one entry. @fresh is one to use, and NULL afterwards if it was. */
static int iq_table_set_one(struct iq_table *t, const struct iq_entry_req *req,
			    u16 nlflags, struct iq_entry **fresh,
			    struct iq_done *done,
			    struct netlink_ext_ack *extack)
{
	struct iq_entry *e = iq_table_find(t, &req->key);
	const char *name = t->type->name;
	int err;

	if (e) {
		if (!(nlflags & NLM_F_REPLACE)) {
			iq_err(extack, req->attr, "%s exists", name);
			return -EEXIST;
		}
		*done = (struct iq_done) {
			.e = e,
			.group = iq_entry_group(t, e),
			.expires = e->expires,
			.generation = e->generation,
			.owner = e->owner,
			.timed = e->timed,
			.pending = e->pending,
		};
		if (req->group)
			iq_entry_join(t, e, req->group);
		t->seq++;
	} else {
		if (!(nlflags & NLM_F_CREATE)) {
			iq_err(extack, req->attr, "no such %s", name);
			return -ENOENT;
		}
		if (!req->group) {
			iq_err(extack, req->attr, "a new %s needs a group", name);
			return -EINVAL;
		}
		if (t->n >= t->max) {
			iq_err(extack, req->attr,
			       "the ceiling of %u %ss is reached", t->max, name);
			return -ENOSPC;
		}
		e = *fresh;
		*fresh = NULL;
		e->key = req->key;
		RCU_INIT_POINTER(e->group, req->group);
		err = iq_table_insert(t, e);
		if (err) {
			iq_err(extack, req->attr, "no memory for the %s", name);
			return err;
		}
		*done = (struct iq_done) { .e = e, .created = true };
	}
	iq_entry_state(t, e, req);
	iq_entry_info(e, &done->info);
	done->changed = done->created || done->group != iq_entry_group(t, e) ||
			done->owner != e->owner || done->pending != e->pending ||
			done->timed != e->timed ||
			(e->timed && done->expires != e->expires);
	return 0;
}

int iq_table_set(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 u16 nlflags, struct netlink_ext_ack *extack)
{
	struct iq_net *iqn = t->iqn;
	struct iq_entry **fresh;
	struct iq_done *done;
	int err = 0;
	u32 i;

	lockdep_assert_held(&iqn->config);
	done = kvmalloc_array(n, sizeof(*done), GFP_KERNEL);
	fresh = kvcalloc(n, sizeof(*fresh), GFP_KERNEL);
	if (!done || !fresh) {
		err = -ENOMEM;
		goto out;
	}
	for (i = 0; i < n && nlflags & NLM_F_CREATE; i++) {
		fresh[i] = kmem_cache_zalloc(t->type->cache, GFP_KERNEL);
		if (!fresh[i]) {
			err = -ENOMEM;
			goto out;
		}
	}

	spin_lock_bh(&iqn->table);
	for (i = 0; i < n; i++) {
		err = iq_table_set_one(t, &req[i], nlflags, &fresh[i], &done[i],
				       extack);
		if (err) {
			iq_table_undo(t, done, i);
			break;
		}
	}
	for (i = 0; i < n && !err; i++)
		if (done[i].changed)
			iq_event_entry(t, done[i].created ? IPSEC_QOS_EVENT_NEW :
				       IPSEC_QOS_EVENT_CHANGE, &done[i].info);
	spin_unlock_bh(&iqn->table);

	if (err == -ENOSPC)
		iq_event_ceiling(iqn, t->type->id == IQ_TABLE_SA ?
				 IPSEC_QOS_STATUS_A_SAS : IPSEC_QOS_STATUS_A_IKES,
				 t->max);
	/* The SA that it is about may have been in the SAD before. */
	for (i = 0; i < n && !err && t->type->id == IQ_TABLE_SA; i++)
		if (!req[i].pending)
			iq_xfrm_look(iqn, &req[i].key, done[i].info.group);
out:
	for (i = 0; fresh && i < n; i++)
		if (fresh[i])
			kmem_cache_free(t->type->cache, fresh[i]);
	kvfree(fresh);
	kvfree(done);
	return err;
}

int iq_table_del(struct iq_table *t, const struct iq_entry_req *req, u32 n,
		 struct netlink_ext_ack *extack)
{
	struct iq_entry *e;
	int err = 0;
	u32 i;

	lockdep_assert_held(&t->iqn->config);
	/* First see that all are there; one that is named twice may go once. */
	spin_lock_bh(&t->iqn->table);
	for (i = 0; i < n && !err; i++) {
		if (iq_table_find(t, &req[i].key))
			continue;
		iq_err(extack, req[i].attr, "no such %s", t->type->name);
		err = -ENOENT;
	}
	for (i = 0; i < n && !err; i++) {
		e = iq_table_find(t, &req[i].key);
		if (e)
			iq_table_remove(t, e, IPSEC_QOS_EVENT_DEL);
	}
	spin_unlock_bh(&t->iqn->table);
	return err;
}

int iq_table_get(struct iq_table *t, const struct iq_key *key,
		 struct iq_entry_info *info)
{
	struct iq_entry *e;

	rcu_read_lock();
	e = rhashtable_lookup(&t->ht, key, iq_table_params);
	if (e)
		iq_entry_info(e, info);
	rcu_read_unlock();
	return e ? 0 : -ENOENT;
}

u32 iq_table_remove_if(struct iq_table *t, enum ipsec_qos_event event,
		       iq_entry_cond cond, const void *arg)
{
	struct iq_net *iqn = t->iqn;
	u32 n = 0, steps = 0;
	struct iq_entry *e;

	lockdep_assert_held(&iqn->config);
	spin_lock_bh(&iqn->table);
	/*
	 * Each is met once, whatever comes and goes where the lock is let go
	 * of: what was looked at goes back to @all, where new ones come too.
	 */
	list_splice_init(&t->all, &t->unseen);
	while ((e = list_first_entry_or_null(&t->unseen, struct iq_entry, all))) {
		list_move_tail(&e->all, &t->all);
		if (cond(iqn, e, arg)) {
			iq_table_remove(t, e, event);
			n++;
		}
		if (++steps % 256)
			continue;
		spin_unlock_bh(&iqn->table);
		cond_resched();
		spin_lock_bh(&iqn->table);
	}
	spin_unlock_bh(&iqn->table);
	return n;
}

/* Under rcu_read_lock() or iq_net.table. */
static bool iq_entry_match(struct iq_net *iqn, struct iq_entry *e,
			   const void *arg)
{
	struct iq_group *g = rcu_dereference_check(e->group,
						   lockdep_is_held(&iqn->table));
	const struct iq_filter *f = arg;
	const struct iq_key *k = &f->key;

	if (f->owner >= 0 && READ_ONCE(e->owner) != f->owner)
		return false;
	if (f->group && g->id != f->group)
		return false;
	if ((k->family && k->family != e->key.family) ||
	    (k->proto && k->proto != e->key.proto) ||
	    (k->spi && k->spi != e->key.spi))
		return false;
	if (f->has_dst)
		return !memcmp(k->dst, e->key.dst, sizeof(k->dst));
	return (!k->spi_i || k->spi_i == e->key.spi_i) &&
	       (!f->has_spi_r || k->spi_r == e->key.spi_r);
}

u32 iq_table_flush(struct iq_table *t, const struct iq_filter *filter)
{
	return iq_table_remove_if(t, IPSEC_QOS_EVENT_DEL, iq_entry_match, filter);
}

/*
 * What the SAD has goes with the SAD's SA; what is announced, with its
 * lifetime.
 */
static bool iq_entry_stale(struct iq_net *iqn, struct iq_entry *e,
			   const void *arg)
{
	u8 owner = *(const u8 *)arg;

	return e->owner == owner && !e->local && !e->pending &&
	       e->generation != iqn->generation[owner];
}

u32 iq_table_sweep(struct iq_table *t, u8 owner)
{
	return iq_table_remove_if(t, IPSEC_QOS_EVENT_DEL, iq_entry_stale, &owner);
}

/**
 * struct iq_expiry - a run over what may have expired
 *
 * @more: there are others, the next at @next
 * @audit: announced SAs were not installed: the SAD is to be asked
 */
struct iq_expiry {
	bool more;
	unsigned long next;
	bool audit;
};

static bool iq_entry_over(struct iq_net *iqn, struct iq_entry *e,
			  const void *arg)
{
	struct iq_expiry *x = (struct iq_expiry *)arg;

	if (!e->timed)
		return false;
	if (time_before(jiffies, e->expires)) {
		if (!x->more || time_before(e->expires, x->next))
			x->next = e->expires;
		x->more = true;
		return false;
	}
	if (e->pending && e->local) {
		/* Nothing came of it; the SA of before may be there still. */
		e->pending = false;
		e->timed = false;
		iq_table_changed(&iqn->tables[IQ_TABLE_SA], e,
				 IPSEC_QOS_EVENT_CHANGE);
		x->audit = true;
		return false;
	}
	return true;
}

void iq_table_expire_work(struct work_struct *work)
{
	struct iq_net *iqn = container_of(to_delayed_work(work), struct iq_net,
					  expire_work);
	struct iq_expiry x = {};
	int i;

	spin_lock_bh(&iqn->table);
	iqn->expire_armed = false;
	spin_unlock_bh(&iqn->table);

	mutex_lock(&iqn->config);
	for (i = 0; i < __IQ_TABLE_MAX; i++)
		iq_table_remove_if(&iqn->tables[i], IPSEC_QOS_EVENT_EXPIRE,
				   iq_entry_over, &x);
	mutex_unlock(&iqn->config);
	if (x.audit)
		queue_work(system_unbound_wq, &iqn->audit_work);
	if (!x.more)
		return;

	/* A run walks the tables: at most one a second, however many end. */
	if (time_before(x.next, jiffies + HZ))
		x.next = jiffies + HZ;
	spin_lock_bh(&iqn->table);
	if (!iqn->dead)
		iq_entry_arm(iqn, x.next);
	spin_unlock_bh(&iqn->table);
}

void iq_walk_begin(struct iq_walk *w, struct iq_table *t,
		   const struct iq_filter *filter)
{
	w->t = t;
	w->filter = *filter;
	w->restarted = false;
	rhashtable_walk_enter(&t->ht, &w->it);
}

void iq_walk_resume(struct iq_walk *w) __acquires(RCU)
{
	if (rhashtable_walk_start_check(&w->it))
		w->restarted = true;
}

bool iq_walk_next(struct iq_walk *w, struct iq_entry_info *info)
{
	struct iq_entry *e;

	while ((e = rhashtable_walk_next(&w->it))) {
		if (IS_ERR(e)) {
			w->restarted = true;
			continue;
		}
		if (!iq_entry_match(w->t->iqn, e, &w->filter))
			continue;
		iq_entry_info(e, info);
		return true;
	}
	return false;
}

void iq_walk_pause(struct iq_walk *w) __releases(RCU)
{
	rhashtable_walk_stop(&w->it);
}

void iq_walk_end(struct iq_walk *w)
{
	rhashtable_walk_exit(&w->it);
}

int iq_table_init(struct iq_table *t, struct iq_net *iqn,
		  const struct iq_table_type *type, u32 max)
{
	t->iqn = iqn;
	t->type = type;
	t->max = max;
	t->seq = 1;
	INIT_LIST_HEAD(&t->all);
	INIT_LIST_HEAD(&t->unseen);
	return rhashtable_init(&t->ht, &iq_table_params);
}

static void iq_entry_free(void *ptr, void *arg)
{
	kfree(ptr);
}

/* The hooks are gone and a grace period has passed: nobody looks any more. */
void iq_table_exit(struct iq_table *t)
{
	rhashtable_free_and_destroy(&t->ht, iq_entry_free, NULL);
}

void iq_table_module_init(void)
{
	get_random_bytes(&iq_table_secret, sizeof(iq_table_secret));
}
