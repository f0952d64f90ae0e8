// SPDX-License-Identifier: GPL-2.0
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "buckets.h"

/* A draw is 100 ns or so: with 256 members it is this many buckets before others may run. */
#define IQ_SHARES_AT_ONCE	16

static bool iq_lives(const struct iq_share *share)
{
	return share->element->next_state != IPSEC_QOS_ELEMENT_DOWN;
}

static bool iq_is_up(const struct iq_share *share)
{
	return share->element->next_state == IPSEC_QOS_ELEMENT_UP;
}

/* The place of an element, IQ_BUCKET_NOBODY: it is no member. */
static u16 iq_shares_place(const struct iq_shares *s, const struct iq_element *e)
{
	u32 i;

	for (i = 0; i < s->n; i++)
		if (s->share[i].element == e)
			return i;
	return IQ_BUCKET_NOBODY;
}

/* Likewise, of who had a name when the buckets were shared out. */
static u16 iq_shares_seeded(const struct iq_shares *s, u64 seed)
{
	u32 i;

	for (i = 0; i < s->n; i++)
		if (s->select[i].seed == seed)
			return i;
	return IQ_BUCKET_NOBODY;
}

/*
 * Who in @s is member @i of @old? Names tell, as they decide who is at home where: an
 * element may have another id by now, and its former id be another's. Who has a name that
 * no member had is the same as before.
 */
static u16 iq_shares_heir(const struct iq_shares *s, const struct iq_shares *old, u32 i)
{
	u16 place = iq_shares_seeded(s, old->select[i].seed);

	if (place != IQ_BUCKET_NOBODY)
		return place;
	place = iq_shares_place(s, old->share[i].element);
	if (place == IQ_BUCKET_NOBODY ||
	    iq_shares_seeded(old, s->select[place].seed) != IQ_BUCKET_NOBODY)
		return IQ_BUCKET_NOBODY;
	return place;
}

/* Buckets stay with who held them in @old, lives, and is there still. */
static void iq_shares_hold(struct iq_shares *s, const struct iq_shares *old)
{
	u16 place[IPSEC_QOS_POOL_MEMBERS_MAX], was;
	u32 i;

	for (i = 0; i < old->n; i++) {
		place[i] = iq_shares_heir(s, old, i);
		if (place[i] != IQ_BUCKET_NOBODY && !iq_lives(&s->share[place[i]]))
			place[i] = IQ_BUCKET_NOBODY;
	}
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		was = old->holder[i];
		if (was != IQ_BUCKET_NOBODY && place[was] != IQ_BUCKET_NOBODY)
			s->holder[i] = place[was];
	}
}

struct iq_shares *iq_shares_make(struct iq_element *const *element, const u32 *weight,
				 u32 n, const struct iq_shares *old)
{
	struct iq_shares *s;
	u32 i, found;

	BUILD_BUG_ON(IQ_SELECT_BUCKETS != IPSEC_QOS_BUCKETS);
	BUILD_BUG_ON(IPSEC_QOS_POOL_MEMBERS_MAX > IQ_BUCKET_NOBODY);
	s = kvzalloc(struct_size(s, select, n) + n * sizeof(*s->share), GFP_KERNEL_ACCOUNT);
	if (!s)
		return NULL;
	s->n = n;
	s->share = (struct iq_share *)&s->select[n];
	for (i = 0; i < n; i++) {
		s->share[i].element = element[i];
		s->select[i] = (struct iq_select_member) {
			.seed = iq_select_seed(element[i]->name),
			.weight = weight[i],
		};
	}
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		found = iq_select(s->select, NULL, n, i);
		s->home[i] = found == n ? IQ_BUCKET_NOBODY : found;
		s->holder[i] = s->home[i];
		if (i % IQ_SHARES_AT_ONCE == 0)
			cond_resched();
	}
	if (old)
		iq_shares_hold(s, old);
	return s;
}

void iq_shares_drop(struct iq_shares *s)
{
	u32 i;

	for (i = 0; s->n && i < IQ_SELECT_BUCKETS; i++)
		if (!iq_lives(&s->share[s->holder[i]]))
			s->holder[i] = s->home[i];
}

void iq_shares_tally(struct iq_shares *s, const struct iq_buckets *b)
{
	u32 i, now;

	s->held = 0;
	s->lent = 0;
	for (i = 0; i < s->n; i++) {
		s->share[i].home = 0;
		s->share[i].now = 0;
	}
	for (i = 0; s->n && i < IQ_SELECT_BUCKETS; i++) {
		s->share[s->home[i]].home++;
		now = b->now[i] & IQ_BUCKET_MEMBER;
		if (now != IQ_BUCKET_NOBODY)
			s->share[now].now++;
		s->held += s->holder[i] != s->home[i];
		s->lent += !!(b->now[i] & IQ_BUCKET_LENT);
	}
}

struct iq_buckets *iq_buckets_alloc(const struct iq_shares *s)
{
	struct iq_buckets *b = kvmalloc(struct_size(b, member, s->n), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!b)
		return NULL;
	b->n = s->n;
	for (i = 0; i < s->n; i++)
		b->member[i] = s->share[i].element;
	return b;
}

/* How a bucket came to who has it */
static u16 iq_bucket_to(const struct iq_shares *s, u32 bucket, u16 place)
{
	if (place == IQ_BUCKET_NOBODY || place == s->home[bucket])
		return place;
	return place | (place == s->holder[bucket] ? IQ_BUCKET_HELD : IQ_BUCKET_LENT);
}

/**
 * struct iq_ups - which members are up
 *
 * @may: of each, is it?
 * @came: those that were not before
 */
struct iq_ups {
	bool may[IPSEC_QOS_POOL_MEMBERS_MAX];
	u16 came[IPSEC_QOS_POOL_MEMBERS_MAX];
	u32 n_came;
};

static void iq_ups_init(struct iq_ups *u, const struct iq_shares *s)
{
	u32 i;

	u->n_came = 0;
	for (i = 0; i < s->n; i++) {
		u->may[i] = iq_is_up(&s->share[i]);
		if (u->may[i] && s->share[i].element->state != IPSEC_QOS_ELEMENT_UP)
			u->came[u->n_came++] = i;
	}
}

/*
 * Who of those that are up is the first choice of a bucket? @was: who of those that were up
 * before was it; that it was nobody is an answer, too.
 */
static u16 iq_bucket_again(const struct iq_shares *s, const struct iq_ups *u, u32 bucket,
			   u16 was)
{
	struct iq_select_draw best = {}, draw;
	u32 i;

	if (was != IQ_BUCKET_NOBODY)
		best = iq_select_draw(&s->select[was], bucket);
	for (i = 0; i < u->n_came; i++) {
		draw = iq_select_draw(&s->select[u->came[i]], bucket);
		if (was != IQ_BUCKET_NOBODY && !iq_select_better(&draw, &best))
			continue;
		best = draw;
		was = u->came[i];
	}
	return was;
}

/* The first choice of a bucket whose holder is not up */
static u16 iq_bucket_lend(const struct iq_shares *s, const struct iq_ups *u, u32 bucket,
			  const struct iq_buckets *old)
{
	u16 was = old ? old->begin[bucket] & IQ_BUCKET_MEMBER : IQ_BUCKET_NOBODY;
	const struct iq_element *holder = s->share[s->holder[bucket]].element;
	u32 found;

	/* Was the first choice looked for before, and is that one still up? */
	if (old && holder->state != IPSEC_QOS_ELEMENT_UP &&
	    (was == IQ_BUCKET_NOBODY || u->may[was]))
		return iq_bucket_again(s, u, bucket, was);
	found = iq_select(s->select, u->may, s->n, bucket);
	return found == s->n ? IQ_BUCKET_NOBODY : found;
}

void iq_buckets_fill(struct iq_buckets *b, const struct iq_shares *s,
		     const struct iq_buckets *old)
{
	const struct iq_share *holder;
	struct iq_ups up;
	u16 place, lent;
	u32 i;

	iq_ups_init(&up, s);
	for (i = 0; i < IQ_SELECT_BUCKETS; i++) {
		place = s->holder[i];
		b->now[i] = IQ_BUCKET_NOBODY;
		b->begin[i] = IQ_BUCKET_NOBODY;
		if (place == IQ_BUCKET_NOBODY)
			continue;
		holder = &s->share[place];
		if (!iq_lives(holder)) {
			place = s->home[i];
			holder = &s->share[place];
		}
		lent = place;
		if (!iq_is_up(holder))
			lent = iq_bucket_lend(s, &up, i, old);
		b->now[i] = iq_bucket_to(s, i, iq_lives(holder) ? place : lent);
		b->begin[i] = iq_bucket_to(s, i, lent);
		if (i % IQ_SHARES_AT_ONCE == 0)
			cond_resched();
	}
}
