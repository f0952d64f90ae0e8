// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module tells of its tables, and what is done where somebody changed them.
 */
#include "sa/tables_priv.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

#define MEND		1.0	/* seconds until what somebody changed is put back */
#define DEAF_MAX	60.0	/* the longest until all is stated where events were lost */

/* What the module told is read in turns of so many, and of so many seconds. */
#define TOLD		1024

static bool group_told(struct tables *t, const struct iq_event *ev)
{
	struct lease *lease = leases_find(sad_leases(t->sad), ev->group.id);
	struct iq_kernel_group g;

	if (lease && lease->removed && ev->event == IPSEC_QOS_EVENT_DEL) {
		lease->removed--;
		return false;
	}
	if (lease && ev->event == IPSEC_QOS_EVENT_DEL)
		lease_uncounted(lease);
	if (!groups_wanted(t, ev->group.id, &g) || groups_is_refused(t, g.id) ||
	    (ev->event != IPSEC_QOS_EVENT_DEL && groups_same(&ev->group, &g)))
		return false;
	if (t->n_wrong < WRONG_GROUPS)
		t->wrong[t->n_wrong] = g.id;
	t->n_wrong++;
	return true;
}

static bool entry_told(struct tables *t, const struct iq_event *ev)
{
	const struct iq_sa *sa = ev->what == IQ_EVENT_SA ? &ev->sa : NULL;
	const struct iq_kernel_entry *e = sa ? &sa->entry : &ev->ike.entry;
	bool local = sa && sa->flags & IPSEC_QOS_SA_F_LOCAL;

	switch (ev->event) {
	case IPSEC_QOS_EVENT_NEW:
	case IPSEC_QOS_EVENT_CHANGE:
		return sad_seen(t->sad, e, e->owner == OWNER ? e->group : 0, local);
	case IPSEC_QOS_EVENT_DEL:
		if (!sa || local || sa->flags & IPSEC_QOS_SA_F_PENDING)
			break;
		sad_went(t->sad, e);
		return false;
	default:
		/* what becomes of an SA that expired is asked for (sad_overdue()) */
		if (sa)
			return false;
	}
	return sad_seen(t->sad, e, 0, local);
}

static void mend_later(struct tables *t, double delay)
{
	if (ev_is_active(&t->mend))
		return;
	ev_timer_set(&t->mend, delay, 0.0);
	ev_timer_start(t->loop, &t->mend);
}

static int on_told(const struct iq_event *ev, void *arg)
{
	struct tables *t = arg;
	bool wrong = false;
	size_t i;

	switch (ev->what) {
	case IQ_EVENT_GROUP:
		wrong = group_told(t, ev);
		break;
	case IQ_EVENT_SA:
	case IQ_EVENT_IKE:
		wrong = entry_told(t, ev);
		break;
	case IQ_EVENT_ELEMENT:
	case IQ_EVENT_POOL:
	case IQ_EVENT_STEER:
	case IQ_EVENT_UNKNOWN:
	case IQ_EVENT_DEVICE:
	case IQ_EVENT_CHAIN:
	case IQ_EVENT_SERVICE:
		for (i = 0; i < t->n_followers; i++)
			t->followers[i].ops->told(t->followers[i].arg, ev);
		break;
	case IQ_EVENT_STATUS:
	case IQ_EVENT_NAT:
	case IQ_EVENT_TRACE:
		break;
	}
	if (wrong)
		mend_later(t, MEND);
	/* the rest in the next turn */
	return ++t->told < TOLD && monotonic() < t->told_until ? 0 : 1;
}

void told_on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct tables *t = w->data;
	double now;
	int err;

	t->told = 0;
	t->told_until = monotonic() + TURN_TIME;
	err = iq_kernel_monitor_read(t->k, on_told, t);
	if (err >= 0)
		return;
	if (err == -ENODEV) {
		/* the notice that it went is on its way */
		ev_io_stop(loop, w);
		return;
	}
	/* what happened is not known: state all, but not all the time */
	log_debug("events of the module were lost: %s", strerror(-err));
	now = monotonic();
	if (now - t->deaf_last > 2 * DEAF_MAX)
		t->deaf_delay = MEND;
	else if (!t->deaf)
		t->deaf_delay = t->deaf_delay * 2 < DEAF_MAX ?
				t->deaf_delay * 2 : DEAF_MAX;
	t->deaf = true;
	t->deaf_last = now;
	mend_later(t, t->deaf_delay);
}

/* Are the configuration's groups what they should be after all? */
static bool check_groups(struct tables *t)
{
	struct iq_kernel_group g;
	size_t i;

	if (t->n_wrong > WRONG_GROUPS)
		return false;
	for (i = 0; i < t->n_wrong; i++) {
		struct iq_kernel_group now = { .id = t->wrong[i] };

		if (groups_wanted(t, now.id, &g) && !groups_is_refused(t, now.id) &&
		    (iq_kernel_group_get(t->k, &now) || !groups_same(&now, &g)))
			return false;
	}
	return true;
}

void told_on_mend(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tables *t = w->data;
	bool meddled, all;

	/* what was changed on the way to what should be says nothing */
	if (t->stage < STAGE_ENTRIES) {
		mend_later(t, MEND);
		return;
	}
	meddled = !check_groups(t);
	all = t->deaf || meddled;
	t->deaf = false;
	t->n_wrong = 0;
	if (all) {
		tables_restate(t, false);
	} else {
		meddled = sad_mend(t->sad);
		tables_kick(t);
	}
	if (meddled)
		log_once(&t->meddled, LOG_WARNING,
			 "somebody removed or changed entries or groups that the daemon made: they are put back, each time");
}
