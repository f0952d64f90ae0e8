// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/compat.h"
#include "list.h"
#include "service.h"

#define IQ_NUMBERS_MIN	64
#define IQ_BLOOM_MIN	10	/* bits of the hash */
#define IQ_BLOOM_MAX	18
#define IQ_BLOOM_FULL	4	/* one slot in so many has a bit */

/* Packets */

/* In an address' list */
static bool iq_list_find(const struct iq_chains *ch, u32 number, u32 word, struct iq_hit *hit)
{
	struct iq_list *list;
	struct iq_span *span;

	list = rcu_dereference(rcu_dereference(ch->numbers)->meaning[number].list);
	if (!list)
		return false;
	hit->whole &= !list->n;
	span = list->n ? iq_list_span(list, word) : NULL;
	if (!span || !READ_ONCE(span->number))
		span = &list->rest;
	number = READ_ONCE(span->number);
	if (!number)
		return false;
	hit->span = span;
	return iq_hit_mean(ch, number, hit);
}

static void iq_prefix_mask(struct in6_addr *to, bool wide, const void *addr, u8 len)
{
	struct in6_addr all = {};

	memcpy(&all, addr, wide ? sizeof(all) : sizeof(__be32));
	ipv6_addr_prefix(to, &all, len);
}

static bool iq_prefix_find(const struct iq_chains *ch, bool wide, const void *addr,
			   enum iq_key_set set, struct iq_hit *hit)
{
	const struct iq_lengths *lengths = rcu_dereference(ch->lengths[wide]);
	const struct iq_bloom *b = rcu_dereference(ch->bloom);
	struct in6_addr masked;
	u32 number, i;
	u8 len;

	for (i = 0; lengths && i < lengths->n; i++) {
		len = lengths->len[i];
		iq_prefix_mask(&masked, wide, addr, len);
		if (!(READ_ONCE(b->slot[iq_bloom_slot(b, wide, &masked, len)]) &
		      IQ_BLOOM_LIST(set)))
			continue;
		iq_key_make(&hit->key, wide, &masked, 0, len, set | IQ_KEY_F_PREFIX);
		number = iq_key_search(ch, wide, hit);
		if (!number)
			continue;
		hit->span = NULL;
		return iq_hit_mean(ch, number, hit);
	}
	return false;
}

bool iq_key_find_list(const struct iq_chains *ch, bool wide, const void *addr, u8 proto,
		      u16 port, enum iq_key_set set, u8 bloom, struct iq_hit *hit)
{
	u32 number;

	if (bloom & IQ_BLOOM_LIST(set)) {
		iq_key_make(&hit->key, wide, addr, 0, 0, set | IQ_KEY_F_LIST);
		number = iq_key_search(ch, wide, hit);
		if (number && iq_list_find(ch, number, iq_span_word(proto, port), hit))
			return true;
	}
	return set >= IQ_CLIENT_FORWARD && iq_prefix_find(ch, wide, addr, set, hit);
}

void iq_hit_count_moved(struct iq_hit *hit, u32 packets, u32 bytes)
{
	bool wide = iq_store_wide(hit->key.family);
	struct iq_store *s = hit->store;

	/* It is in a store behind, unless it is gone: then it does not matter. */
	while ((s = rcu_dereference(s->next)))
		if (iq_store_search(s, &hit->key, wide, &hit->found) &&
		    iq_store_count(s, &hit->found, packets, bytes))
			return;
}

struct iq_service *iq_hit_service(struct iq_chains *ch, const struct iq_hit *hit)
{
	struct iq_object *o;
	struct iq_ref ref;
	u32 whose;

	if (hit->span) {
		whose = hit->span->whose;
	} else {
		ref.s = hit->store;
		ref.i = hit->found.number * IQ_SLOTS + hit->found.slot;
		whose = READ_ONCE(iq_ref_entry(&ref)->whose);
	}
	o = xa_load(&ch->services.all, whose);
	return o ? iq_service_of(o) : NULL;
}

/* Numbers */

static void iq_numbers_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct iq_numbers, rcu));
}

static int iq_numbers_grow(struct iq_chains *ch, u32 number)
{
	struct iq_numbers *old = iq_numbers(ch), *new;
	u32 n = old ? old->n : IQ_NUMBERS_MIN;

	while (n <= number)
		n *= 2;
	if (old && old->n == n)
		return 0;
	new = kvzalloc(struct_size(new, meaning, n), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->n = n;
	/* None of them changes while config_lock is held. */
	if (old)
		memcpy(new->meaning, old->meaning, old->n * sizeof(*old->meaning));
	rcu_assign_pointer(ch->numbers, new);
	if (old)
		call_rcu(&old->rcu, iq_numbers_free_rcu);
	return 0;
}

int iq_number_new(struct iq_chains *ch, const struct nlattr *attr,
		  struct netlink_ext_ack *extack)
{
	int number, err;

	number = ida_alloc_range(&ch->ida, 1, IQ_STORE_VALUES - 1, GFP_KERNEL_ACCOUNT);
	if (number == -ENOSPC) {
		/* Those that were given back a moment ago are under way. */
		rcu_barrier();
		number = ida_alloc_range(&ch->ida, 1, IQ_STORE_VALUES - 1,
					 GFP_KERNEL_ACCOUNT);
	}
	if (number == -ENOSPC)
		iq_err(extack, attr,
		       "the ceiling of %lu chains, own services and lists of ports is reached",
		       IQ_STORE_VALUES - 1);
	if (number < 0)
		return number;
	err = iq_numbers_grow(ch, number);
	if (err) {
		ida_free(&ch->ida, number);
		return err;
	}
	return number;
}

void iq_number_mean(struct iq_chains *ch, u32 number, struct iq_track *track, u32 views)
{
	struct iq_meaning *m = &iq_numbers(ch)->meaning[number];

	WRITE_ONCE(m->views, views);
	rcu_assign_pointer(m->track, track);
}

void iq_number_free(struct iq_chains *ch, u32 number)
{
	ida_free(&ch->ida, number);
}

/* The filter */

static struct iq_bloom *iq_bloom(const struct iq_chains *ch)
{
	return rcu_dereference_protected(ch->bloom, lockdep_is_held(&ch->iqn->config_lock));
}

static u8 iq_want_bit(const struct iq_want *w)
{
	return w->kind == IQ_KEY_SLOT ? IQ_BLOOM_PORT(w->set) : IQ_BLOOM_LIST(w->set);
}

/* Is the bit new? */
static bool iq_bloom_set(struct iq_bloom *b, const struct iq_want *w)
{
	u32 len = w->kind == IQ_KEY_PREFIX ? w->len : 0;
	u8 *slot = &b->slot[iq_bloom_slot(b, w->wide, &w->addr, len)];
	u8 was = *slot;

	WRITE_ONCE(*slot, was | iq_want_bit(w));
	return *slot != was;
}

static struct iq_bloom *iq_bloom_alloc(u8 bits)
{
	struct iq_bloom *b = kvzalloc(struct_size(b, slot, BIT(bits)), GFP_KERNEL_ACCOUNT);

	if (b)
		b->bits = bits;
	return b;
}

static int iq_bloom_want(struct iq_chains *ch, const struct iq_want *w, u32 number, void *arg)
{
	ch->n_bits += iq_bloom_set(arg, w);
	return 0;
}

/* Larger, or without what is gone. Without memory it does as it is. */
static void iq_bloom_rebuild(struct iq_chains *ch)
{
	struct iq_bloom *old = iq_bloom(ch), *b;
	struct iq_object *o;
	unsigned long i;
	u8 bits = IQ_BLOOM_MIN;

	while (bits < IQ_BLOOM_MAX && ch->n_bits > BIT(bits) / IQ_BLOOM_FULL / 2)
		bits++;
	b = iq_bloom_alloc(bits);
	if (!b)
		return;
	ch->n_bits = ch->n_late = 0;
	xa_for_each(&ch->services.all, i, o) {
		iq_service_each(iq_service_of(o), iq_bloom_want, b);
		cond_resched();
	}
	rcu_assign_pointer(ch->bloom, b);
	kvfree_rcu(old, rcu);
}

/* Lengths of prefixes */

static int iq_lengths_update(struct iq_chains *ch, bool wide)
{
	struct iq_lengths *old, *new = NULL;
	int len, n = 0;

	for (len = 0; len <= 128; len++)
		n += !!ch->prefixes[wide][len];
	if (n) {
		new = kzalloc(struct_size(new, len, n), GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		for (len = 128; len >= 0; len--)
			if (ch->prefixes[wide][len])
				new->len[new->n++] = len;
	}
	old = rcu_replace_pointer(ch->lengths[wide], new,
				  lockdep_is_held(&ch->iqn->config_lock));
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/*
 * There is one more, or (@n: -1) less. Without memory one that comes has to be refused; a length
 * that is no longer in use costs a look at the filter.
 */
static int iq_prefix_count(struct iq_chains *ch, const struct iq_want *w, int n)
{
	u32 *count = &ch->prefixes[w->wide][w->len];
	u32 was = *count;
	int err = 0;

	*count += n;
	if (!was != !*count)
		err = iq_lengths_update(ch, w->wide);
	if (!err || n < 0)
		return 0;
	*count = was;
	return err;
}

/* Slots; prefixes are in some, too */

static void iq_want_key(const struct iq_want *w, struct iq_key *key)
{
	switch (w->kind) {
	case IQ_KEY_SLOT:
		iq_key_make(key, w->wide, &w->addr, w->first >> 16, w->first, w->set);
		break;
	case IQ_KEY_PREFIX:
		iq_key_make(key, w->wide, &w->addr, 0, w->len, w->set | IQ_KEY_F_PREFIX);
		break;
	default:
		iq_key_make(key, w->wide, &w->addr, 0, 0, w->set | IQ_KEY_F_LIST);
	}
}

bool iq_want_find(const struct iq_chains *ch, const struct iq_want *w, struct iq_ref *ref)
{
	struct iq_key key;

	iq_want_key(w, &key);
	return iq_stores_find(&ch->keys[w->wide], &key, ref);
}

void iq_keys_reserve(struct iq_chains *ch, bool wide, u32 more)
{
	struct iq_stores *st = &ch->keys[wide];
	bool enough;
	u32 have;

	spin_lock_bh(&ch->iqn->table_lock);
	enough = iq_stores_has_room(st, more);
	have = iq_stores_n(st);
	spin_unlock_bh(&ch->iqn->table_lock);
	if (!enough)
		iq_stores_resize(st, have + more);
}

/* Put a key into a slot that has none like it. */
int iq_key_insert(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose)
{
	struct iq_stores *st = &ch->keys[w->wide];
	struct iq_store *tail;
	bool rested = false;
	struct iq_ref ref;
	struct iq_key key;
	u32 have;
	int err;

	iq_want_key(w, &key);
	for (;;) {
		spin_lock_bh(&ch->iqn->table_lock);
		tail = iq_stores_tail(st);
		err = tail ? iq_store_add(tail, &key, number, &ref) : -ENOSPC;
		if (!err) {
			WRITE_ONCE(iq_ref_entry(&ref)->whose, whose);
			iq_ref_entry(&ref)->audit = 1;
		}
		have = iq_stores_n(st);
		spin_unlock_bh(&ch->iqn->table_lock);
		if (!err)
			return 0;
		if (tail && !rested) {
			/* Those that were freed a moment ago may be enough. */
			synchronize_rcu();
			rested = true;
			continue;
		}
		err = iq_stores_resize(st, 2 * have + 1);
		if (err)
			return err;
	}
}

/*
 * Who has it? A remedy: where two services have one server port behind their chains their
 * packets, and the answers to them, could not be told apart; else what moves from one service
 * to another has to be given up first, in a request of its own. Newer kernels cut messages at
 * 80 bytes, so that even a service's longest name must leave room for that.
 */
int iq_key_refuse(struct iq_chains *ch, const struct iq_want *w, u32 whose,
		  const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_object *o = xa_load(&ch->services.all, whose);
	const char *name = o ? o->name : "?";
	bool back = w->set & 1;
	bool within = !(w->views & BIT(0));

	if (w->kind == IQ_KEY_PREFIX)
		iq_err(extack, attr, "that prefix is %s's: change that service first", name);
	else if (w->kind == IQ_KEY_REST)
		iq_err(extack, attr, "other ports are %s's: change that service first", name);
	else if (back || within)
		iq_err(extack, attr, "port %u/%u is %s's: use an alias or other port",
		       w->first >> 16, w->first & 0xffff, name);
	else
		iq_err(extack, attr, "port %u/%u is %s's: change that service first",
		       w->first >> 16, w->first & 0xffff, name);
	return -EEXIST;
}

u32 iq_want_list(const struct iq_chains *ch, const struct iq_want *w)
{
	struct iq_ref ref;
	u32 number = 0;
	bool found;

	spin_lock_bh(&ch->iqn->table_lock);
	found = iq_want_find(ch, w, &ref);
	if (found)
		number = iq_ref_value(&ref);
	spin_unlock_bh(&ch->iqn->table_lock);
	return number;
}

static struct iq_span *iq_want_span(const struct iq_chains *ch, const struct iq_want *w,
				    u32 whose)
{
	u32 number = iq_want_list(ch, w);

	return number ? iq_list_just(iq_list_of(ch, number), w, whose) : NULL;
}

/* An entry goes; iq_net.table_lock is held. */
static void iq_slot_drop(struct iq_chains *ch, const struct iq_ref *ref)
{
	iq_store_remove(ref);
	ch->n_keys--;
	ch->n_late++;
}

/*
 * Is a port of a range another one's, @whose, who has a slot for it? What was another one's
 * until a moment ago gives way.
 */
static bool iq_span_meets(struct iq_chains *ch, const struct iq_want *w, u32 *whose)
{
	struct iq_want one = *w;
	struct iq_entry *e;
	struct iq_ref ref;
	bool found = false;
	u32 word;

	one.kind = IQ_KEY_SLOT;
	if (!(iq_bloom(ch)->slot[iq_bloom_slot(iq_bloom(ch), w->wide, &w->addr, 0)] &
	      iq_want_bit(&one)))
		return false;
	spin_lock_bh(&ch->iqn->table_lock);
	for (word = w->first; word <= w->last && !found; word++) {
		if (word % IQ_STORES_STEP == IQ_STORES_STEP - 1)
			iq_stores_breathe(ch->iqn);
		one.first = word;
		if (!iq_want_find(ch, &one, &ref))
			continue;
		e = iq_ref_entry(&ref);
		if (e->pending) {
			iq_slot_drop(ch, &ref);
			continue;
		}
		found = e->whose != *whose;
		if (found)
			*whose = e->whose;
	}
	spin_unlock_bh(&ch->iqn->table_lock);
	return found;
}

/* The living range that a single port is in; NULL: none */
static struct iq_span *iq_slot_span(struct iq_chains *ch, const struct iq_want *w)
{
	struct iq_want range = *w;
	struct iq_span *span;
	u32 number;

	range.kind = IQ_KEY_SPAN;
	if (!(iq_bloom(ch)->slot[iq_bloom_slot(iq_bloom(ch), w->wide, &w->addr, 0)] &
	      iq_want_bit(&range)))
		return NULL;
	number = iq_want_list(ch, &range);
	span = number ? iq_list_span(iq_list_latest(ch, number), w->first) : NULL;
	return span && span->number && !span->late ? span : NULL;
}

/* Is a single port in another one's range? Then @whose */
static bool iq_slot_meets(struct iq_chains *ch, const struct iq_want *w, u32 *whose)
{
	const struct iq_span *span = iq_slot_span(ch, w);

	if (!span || span->whose == *whose)
		return false;
	*whose = span->whose;
	return true;
}

/* One that is there; 1: it is the service's already, 0: it is now, -EEXIST: another's, -ENOENT */
static int iq_slot_take(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 *whose)
{
	struct iq_entry *e;
	struct iq_ref ref;
	int err = -ENOENT;

	spin_lock_bh(&ch->iqn->table_lock);
	if (iq_want_find(ch, w, &ref)) {
		e = iq_ref_entry(&ref);
		if (e->pending) {
			iq_ref_set_value(&ref, number);
			WRITE_ONCE(e->whose, *whose);
			e->pending = false;
			e->audit = 1;
			err = 0;
		} else {
			err = e->whose == *whose ? 1 : -EEXIST;
			*whose = e->whose;
		}
	}
	spin_unlock_bh(&ch->iqn->table_lock);
	return err;
}

int iq_key_add(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose,
	       const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u32 other = whose, list;
	struct iq_span *span;
	int err;

	lockdep_assert_held(&ch->iqn->config_lock);
	if (w->kind == IQ_KEY_SLOT || w->kind == IQ_KEY_PREFIX) {
		err = iq_slot_take(ch, w, number, &other);
		if (err >= 0)
			return err;
		if (err == -EEXIST || (w->kind == IQ_KEY_SLOT && iq_slot_meets(ch, w, &other)))
			return iq_key_refuse(ch, w, other, attr, extack);
	} else {
		list = iq_want_list(ch, w);
		span = list ? iq_list_just(iq_list_latest(ch, list), w, whose) : NULL;
		if (span && !span->late)
			return 1;
		if (w->kind == IQ_KEY_SPAN && iq_span_meets(ch, w, &other))
			return iq_key_refuse(ch, w, other, attr, extack);
	}
	if (ch->n_keys >= IPSEC_QOS_SERVICE_KEYS_MAX) {
		iq_err(extack, attr, "the ceiling of %d ports of services, either way, is reached",
		       IPSEC_QOS_SERVICE_KEYS_MAX);
		return -ENOSPC;
	}
	err = w->kind == IQ_KEY_PREFIX ? iq_prefix_count(ch, w, 1) : 0;
	if (err)
		return err;
	if (w->kind == IQ_KEY_SLOT || w->kind == IQ_KEY_PREFIX)
		err = iq_key_insert(ch, w, number, whose);
	else
		err = iq_span_add(ch, w, number, whose, attr, extack);
	if (err) {
		if (w->kind == IQ_KEY_PREFIX)
			iq_prefix_count(ch, w, -1);
		return err;
	}
	ch->n_keys++;
	ch->n_bits += iq_bloom_set(iq_bloom(ch), w);
	return 0;
}

static bool iq_change_drops(enum iq_key_change what, bool marked, bool late)
{
	return what == IQ_KEY_DROP || (what == IQ_KEY_DROP_MARKED && marked) ||
	       (what == IQ_KEY_DROP_LATE && late);
}

/* True: it is gone. */
static bool iq_slot_change(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose,
			   enum iq_key_change what)
{
	struct iq_span *span = what == IQ_KEY_LATE ? iq_slot_span(ch, w) : NULL;
	/* A range that it has now would have to wait until it is over. */
	bool in_span = span && span->whose == whose, drop = false;
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&ch->iqn->table_lock);
	if (!iq_want_find(ch, w, &ref))
		goto out;
	e = iq_ref_entry(&ref);
	if (e->whose != whose)
		goto out;
	drop = iq_change_drops(what, e->audit, e->pending) || (in_span && !e->audit);
	if (drop)
		iq_slot_drop(ch, &ref);
	else if (what == IQ_KEY_MARK)
		iq_ref_set_value(&ref, number);
	if (drop)
		goto out;
	if (what == IQ_KEY_MARK || what == IQ_KEY_UNMARK)
		e->audit = what == IQ_KEY_MARK;
	e->pending = what == IQ_KEY_LATE ? !e->audit : e->pending && what != IQ_KEY_MARK;
out:
	spin_unlock_bh(&ch->iqn->table_lock);
	return drop;
}

static void iq_span_change(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose,
			   enum iq_key_change what)
{
	struct iq_span *span = iq_want_span(ch, w, whose);

	if (!span)
		return;
	if (iq_change_drops(what, span->fresh, span->late)) {
		WRITE_ONCE(span->number, 0);
		ch->n_keys--;
		ch->n_late++;
		iq_list_gone(ch, iq_list_of(ch, iq_want_list(ch, w)));
		return;
	}
	if (what == IQ_KEY_MARK)
		WRITE_ONCE(span->number, number);
	if (what == IQ_KEY_MARK || what == IQ_KEY_UNMARK)
		span->fresh = what == IQ_KEY_MARK;
	span->late = what == IQ_KEY_LATE ? !span->fresh : span->late && what != IQ_KEY_MARK;
}

void iq_key_change(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose,
		   enum iq_key_change what)
{
	bool slot = w->kind == IQ_KEY_SLOT || w->kind == IQ_KEY_PREFIX;

	lockdep_assert_held(&ch->iqn->config_lock);
	if (!slot)
		iq_span_change(ch, w, number, whose, what);
	else if (iq_slot_change(ch, w, number, whose, what) && w->kind == IQ_KEY_PREFIX)
		iq_prefix_count(ch, w, -1);
}

void iq_key_count(struct iq_chains *ch, const struct iq_want *w, u32 whose,
		  struct iq_count *count)
{
	struct iq_span *span;
	struct iq_ref ref;

	*count = (struct iq_count) {};
	if (w->kind == IQ_KEY_SPAN || w->kind == IQ_KEY_REST) {
		span = iq_want_span(ch, w, whose);
		if (!span)
			return;
		count->packets = atomic64_read(&span->tally->packets);
		count->bytes = atomic64_read(&span->tally->bytes);
		return;
	}
	spin_lock_bh(&ch->iqn->table_lock);
	if (iq_want_find(ch, w, &ref) && iq_ref_entry(&ref)->whose == whose)
		iq_ref_count(&ref, &count->packets, &count->bytes);
	spin_unlock_bh(&ch->iqn->table_lock);
}

void iq_keys_settle(struct iq_chains *ch)
{
	const struct iq_bloom *b = iq_bloom(ch);
	u32 size;

	lockdep_assert_held(&ch->iqn->config_lock);
	iq_stores_shrink(&ch->keys[0]);
	iq_stores_shrink(&ch->keys[1]);
	if (!b)
		return;
	size = BIT(b->bits);
	/* Larger, where it is full; or as new, where half of it may be of who is gone. */
	if ((ch->n_bits > size / IQ_BLOOM_FULL && b->bits < IQ_BLOOM_MAX) ||
	    (ch->n_late > 64 && ch->n_late > ch->n_keys))
		iq_bloom_rebuild(ch);
}

int iq_keys_init(struct iq_chains *ch)
{
	struct iq_bloom *b;

	lockdep_assert_held(&ch->iqn->config_lock);
	if (iq_bloom(ch))
		return 0;
	b = iq_bloom_alloc(IQ_BLOOM_MIN);
	if (!b)
		return -ENOMEM;
	rcu_assign_pointer(ch->bloom, b);
	return 0;
}

void iq_keys_exit(struct iq_chains *ch)
{
	int i;

	for (i = 0; i < 2; i++) {
		iq_stores_exit(&ch->keys[i]);
		kfree(rcu_dereference_protected(ch->lengths[i], true));
	}
	kvfree(rcu_dereference_protected(ch->bloom, true));
	kvfree(rcu_dereference_protected(ch->numbers, true));
	ida_destroy(&ch->ida);
}
