// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/slab.h>

#include "list.h"

struct iq_span *iq_list_span(struct iq_list *list, u32 word)
{
	u32 low = 0, high = list->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (list->span[mid].last < word)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < list->n && list->span[low].first <= word)
		return &list->span[low];
	return NULL;
}

struct iq_list *iq_list_of(const struct iq_chains *ch, u32 number)
{
	return rcu_dereference_protected(iq_numbers(ch)->meaning[number].list,
					 lockdep_is_held(&ch->iqn->config_lock));
}

struct iq_list *iq_list_latest(const struct iq_chains *ch, u32 number)
{
	struct iq_list *list = iq_list_of(ch, number);

	return list->next ?: list;
}

struct iq_span *iq_list_just(struct iq_list *list, const struct iq_want *w, u32 whose)
{
	struct iq_span *span = w->kind == IQ_KEY_REST ? &list->rest :
			       iq_list_span(list, w->first);

	if (!span || !span->number || span->whose != whose)
		return NULL;
	if (w->kind == IQ_KEY_SPAN && (span->first != w->first || span->last != w->last))
		return NULL;
	return span;
}

/* Lists never change, but for numbers of their spans: who wants another one makes it. */

/**
 * struct iq_tally_rcu - tallies that are freed behind a grace period
 */
struct iq_tally_rcu {
	struct iq_tally tally;
	struct rcu_head rcu;
};

static struct iq_tally *iq_tally_alloc(void)
{
	struct iq_tally_rcu *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	return t ? &t->tally : NULL;
}

static void iq_tally_free(struct iq_tally *tally)
{
	struct iq_tally_rcu *t;

	if (!tally)
		return;
	t = container_of(tally, struct iq_tally_rcu, tally);
	kfree_rcu(t, rcu);
}

/* Does a span stay beside a new one? */
static bool iq_span_stays(const struct iq_span *s, const struct iq_want *w)
{
	return s->number && (w->kind == IQ_KEY_REST || s->last < w->first || s->first > w->last);
}

/*
 * A list with a span more: what is nobody's any more is left out, and of what is in its way
 * what was another one's until a moment ago, and what is its own. -EEXIST: a living one of
 * another is in its way, @other.
 */
static int iq_list_make(const struct iq_list *old, const struct iq_want *w,
			const struct iq_span *new, struct iq_list **list, u32 *other)
{
	bool placed = w->kind == IQ_KEY_REST;
	const struct iq_span *s;
	struct iq_list *l;
	u32 i;

	for (i = 0; i < old->n; i++) {
		s = &old->span[i];
		if (!s->number || s->late || s->whose == new->whose || iq_span_stays(s, w))
			continue;
		*other = s->whose;
		return -EEXIST;
	}
	l = kvzalloc(struct_size(l, span, old->n + 1), GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	*l = *old;
	l->n = 0;
	l->next = NULL;
	INIT_LIST_HEAD(&l->staged);
	l->added++;
	if (placed)
		l->rest = *new;
	for (i = 0; i < old->n; i++) {
		s = &old->span[i];
		if (!placed && s->first > w->last) {
			l->span[l->n++] = *new;
			placed = true;
		}
		if (iq_span_stays(s, w))
			l->span[l->n++] = *s;
	}
	if (!placed)
		l->span[l->n++] = *new;
	*list = l;
	return 0;
}

static void iq_list_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct iq_list, rcu));
}

/* @new is there in its place. Tallies that it has not go; how many of them were counted? */
static u32 iq_list_free(struct iq_list *old, const struct iq_list *new)
{
	u32 i, j = 0, lost = 0;

	for (i = 0; i < old->n; i++) {
		while (j < new->n && new->span[j].last < old->span[i].first)
			j++;
		if (j < new->n && new->span[j].tally == old->span[i].tally)
			continue;
		lost += !!old->span[i].number;
		iq_tally_free(old->span[i].tally);
	}
	if (old->rest.tally != new->rest.tally) {
		lost += !!old->rest.number;
		iq_tally_free(old->rest.tally);
	}
	call_rcu(&old->rcu, iq_list_free_rcu);
	return lost;
}

static void iq_list_gone_rcu(struct rcu_head *rcu)
{
	struct iq_list *list = container_of(rcu, struct iq_list, rcu);

	iq_number_free(list->ch, list->id);
	kvfree(list);
}

void iq_list_gone(struct iq_chains *ch, struct iq_list *list)
{
	struct iq_want w = { .kind = IQ_KEY_REST, .set = list->set, .wide = list->wide };
	struct iq_ref ref;
	u32 i;

	for (i = 0; i < list->n; i++)
		if (list->span[i].number)
			return;
	if (list->rest.number)
		return;
	w.addr = list->addr;
	spin_lock_bh(&ch->iqn->table_lock);
	if (iq_want_find(ch, &w, &ref))
		iq_store_remove(&ref);
	spin_unlock_bh(&ch->iqn->table_lock);
	for (i = 0; i < list->n; i++)
		iq_tally_free(list->span[i].tally);
	iq_tally_free(list->rest.tally);
	RCU_INIT_POINTER(iq_numbers(ch)->meaning[list->id].list, NULL);
	call_rcu(&list->rcu, iq_list_gone_rcu);
}

/* An empty list, for an address that has none; or ERR_PTR() */
static struct iq_list *iq_list_new(struct iq_chains *ch, const struct iq_want *w,
				   const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_list *list = kvzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	int number, err;

	if (!list)
		return ERR_PTR(-ENOMEM);
	number = iq_number_new(ch, attr, extack);
	if (number < 0) {
		kvfree(list);
		return ERR_PTR(number);
	}
	list->ch = ch;
	list->id = number;
	list->set = w->set;
	list->wide = w->wide;
	list->addr = w->addr;
	INIT_LIST_HEAD(&list->staged);
	rcu_assign_pointer(iq_numbers(ch)->meaning[number].list, list);
	err = iq_key_insert(ch, w, number, 0);
	if (!err)
		return list;
	RCU_INIT_POINTER(iq_numbers(ch)->meaning[number].list, NULL);
	iq_number_free(ch, number);
	kvfree(list);
	return ERR_PTR(err);
}

int iq_span_add(struct iq_chains *ch, const struct iq_want *w, u32 meaning, u32 whose,
		const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_span span = { w->first, w->last, meaning, whose, .fresh = 1 };
	u32 number = iq_want_list(ch, w), other = 0;
	struct iq_list *list, *base, *next = NULL;
	int err;

	list = number ? iq_list_of(ch, number) : iq_list_new(ch, w, attr, extack);
	if (IS_ERR(list))
		return PTR_ERR(list);
	base = list->next ?: list;
	if (w->kind == IQ_KEY_REST && base->rest.number && !base->rest.late)
		return iq_key_refuse(ch, w, base->rest.whose, attr, extack);
	span.tally = iq_tally_alloc();
	err = span.tally ? iq_list_make(base, w, &span, &next, &other) : -ENOMEM;
	if (err) {
		iq_tally_free(span.tally);
		/* One that was made for it. */
		if (base == list)
			iq_list_gone(ch, list);
		return err == -EEXIST ? iq_key_refuse(ch, w, other, attr, extack) : err;
	}
	if (list->next)
		kvfree(list->next);
	else
		list_add(&list->staged, &ch->staged);
	list->next = next;
	return 0;
}

void iq_keys_publish(struct iq_chains *ch)
{
	struct iq_list *list, *next;

	lockdep_assert_held(&ch->iqn->config_lock);
	while (!list_empty(&ch->staged)) {
		list = list_first_entry(&ch->staged, struct iq_list, staged);
		list_del_init(&list->staged);
		next = list->next;
		next->added = 0;
		rcu_assign_pointer(iq_numbers(ch)->meaning[list->id].list, next);
		ch->n_keys -= iq_list_free(list, next);
	}
}

void iq_keys_unstage(struct iq_chains *ch)
{
	struct iq_list *list;
	u32 i;

	lockdep_assert_held(&ch->iqn->config_lock);
	while (!list_empty(&ch->staged)) {
		list = list_first_entry(&ch->staged, struct iq_list, staged);
		list_del_init(&list->staged);
		ch->n_keys -= list->next->added;
		/* Those that it has more are marked, and nobody has seen them. */
		for (i = 0; i < list->next->n; i++)
			if (list->next->span[i].fresh)
				iq_tally_free(list->next->span[i].tally);
		if (list->next->rest.fresh)
			iq_tally_free(list->next->rest.tally);
		kvfree(list->next);
		list->next = NULL;
		iq_list_gone(ch, list);
	}
}
