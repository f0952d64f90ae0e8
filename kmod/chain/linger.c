// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "linger.h"
#include "service.h"

static void iq_linger_add(struct iq_chains *ch, struct iq_linger *l)
{
	lockdep_assert_held(&ch->iqn->config_lock);
	l->until = jiffies + IQ_LINGER;
	list_add_tail(&l->list, &ch->lingers);
	queue_delayed_work(system_dfl_wq, &ch->linger_work, IQ_LINGER);
}

void iq_linger_chain(struct iq_chains *ch, struct iq_linger *l, struct iq_track *track,
		     struct iq_track *old)
{
	l->track = track;
	l->old = old;
	iq_linger_add(ch, l);
}

void iq_linger_body(struct iq_chains *ch, struct iq_linger *l, struct iq_service *s,
		    struct iq_body *old)
{
	l->track = s->body->track;
	l->body = old;
	l->service = s;
	s->linger = l;
	iq_linger_add(ch, l);
}

static int iq_linger_drop(struct iq_chains *ch, const struct iq_want *want, u32 number,
			  void *arg)
{
	const struct iq_service *s = arg;

	iq_key_change(ch, want, number, s->object.id, IQ_KEY_DROP_LATE);
	return 0;
}

/* What it was the old one of may have gone: then it said so, see iq_linger_end(). */
static void iq_linger_over(struct iq_chains *ch, struct iq_linger *l)
{
	list_del(&l->list);
	if (l->track)
		rcu_assign_pointer(l->track->old, NULL);
	if (l->body) {
		iq_body_each(l->body, iq_linger_drop, l->service);
		iq_body_free(l->body);
		l->service->linger = NULL;
		iq_body_share(l->service->body, l->service->object.id);
	}
	iq_track_free(l->old);
	kfree(l);
}

void iq_linger_end(struct iq_chains *ch, struct iq_service *s)
{
	lockdep_assert_held(&ch->iqn->config_lock);
	if (s->linger)
		iq_linger_over(ch, s->linger);
}

void iq_linger_end_track(struct iq_chains *ch, const struct iq_track *track)
{
	struct iq_linger *l;

	lockdep_assert_held(&ch->iqn->config_lock);
	list_for_each_entry(l, &ch->lingers, list) {
		if (!l->old || l->track != track)
			continue;
		/* Services that have left the chain since may have it as theirs, but no longer. */
		rcu_assign_pointer(l->track->old, NULL);
		l->track = NULL;
	}
}

/* Those that are over by now, or all. */
static void iq_lingers_over(struct iq_chains *ch, bool all)
{
	struct iq_linger *l, *next;

	lockdep_assert_held(&ch->iqn->config_lock);
	list_for_each_entry_safe(l, next, &ch->lingers, list) {
		if (!all && time_before(jiffies, l->until)) {
			queue_delayed_work(system_dfl_wq, &ch->linger_work,
					   l->until - jiffies);
			return;
		}
		iq_linger_over(ch, l);
		cond_resched();
	}
}

static bool iq_linger_track_has(const struct iq_track *t, const struct iq_device *d)
{
	u32 i;

	for (i = 0; t && i < t->n; i++)
		if (t->device[i] == d)
			return true;
	for (i = 0; t && t->overrides && i < t->overrides->n; i++)
		if (iq_linger_track_has(t->overrides->override[i].track, d))
			return true;
	return false;
}

/* Also of a service that has left a chain which has changed since: its track is that one's. */
static bool iq_linger_has_device(struct iq_chains *ch, const struct iq_linger *l,
				 const struct iq_device *d)
{
	const struct iq_track *old = l->track ?
		rcu_dereference_protected(l->track->old,
					  lockdep_is_held(&ch->iqn->config_lock)) : NULL;

	return iq_linger_track_has(old, d) || iq_linger_track_has(l->old, d) ||
	       (l->body && iq_linger_track_has(l->body->track, d));
}

void iq_linger_end_device(struct iq_chains *ch, const struct iq_device *d)
{
	struct iq_linger *l, *next;

	lockdep_assert_held(&ch->iqn->config_lock);
	list_for_each_entry_safe(l, next, &ch->lingers, list)
		if (iq_linger_has_device(ch, l, d))
			iq_linger_over(ch, l);
}

static bool iq_linger_has_chain(const struct iq_linger *l, const struct iq_chain *c)
{
	const struct iq_spec *spec = l->body ? l->body->spec : NULL;
	u32 i;

	if (!spec)
		return l->track == c->track;
	for (i = 0; i < spec->n_excepts; i++)
		if (spec->except[i].chain == c)
			return true;
	return spec->chain == c;
}

void iq_linger_end_chain(struct iq_chains *ch, const struct iq_chain *c)
{
	struct iq_linger *l, *next;

	lockdep_assert_held(&ch->iqn->config_lock);
	list_for_each_entry_safe(l, next, &ch->lingers, list)
		if (iq_linger_has_chain(l, c))
			iq_linger_over(ch, l);
}

static void iq_linger_work(struct work_struct *work)
{
	struct iq_chains *ch = container_of(to_delayed_work(work), struct iq_chains,
					    linger_work);

	mutex_lock(&ch->iqn->config_lock);
	iq_lingers_over(ch, false);
	mutex_unlock(&ch->iqn->config_lock);
}

void iq_linger_init(struct iq_chains *ch)
{
	INIT_LIST_HEAD(&ch->lingers);
	INIT_DELAYED_WORK(&ch->linger_work, iq_linger_work);
}

void iq_linger_exit(struct iq_chains *ch)
{
	cancel_delayed_work_sync(&ch->linger_work);
	mutex_lock(&ch->iqn->config_lock);
	iq_lingers_over(ch, true);
	mutex_unlock(&ch->iqn->config_lock);
}
