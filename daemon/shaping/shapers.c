// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "shaping/shapers.h"

#define AGAIN	10.0	/* seconds until shapers that failed are applied again */
#define MEND	1.0	/* until what somebody changed is put back */
#define BURST	0.1	/* until what happened to devices is acted upon: once, for all of it */

/**
 * struct shapers - see shapers.h
 *
 * @config: NULL: there was none yet
 * @ending: what is not in force is so for that reason
 * @failed: how many shapers failed when that was last looked at
 * @said: of each shaper; then of each that somebody changed its classes
 */
struct shapers {
	struct ev_loop *loop;
	void (*applied)(void *arg);
	void *arg;
	const struct config *config;
	atomic_bool ending;
	struct qdisc_ctl *qdisc;
	struct said *said;
	ev_io event;
	ev_timer burst;
	ev_timer again;
	ev_timer mend;
	ev_idle work;
	int failed;
};

void shapers_why(const struct shaper *shaper, enum qdisc_state state,
		 const char *text, char *why, size_t size)
{
	snprintf(why, size, "policy %s is not in force on %s: %s%s%s",
		 shaper->name, shaper->device, qdisc_state_name(state),
		 text[0] ? ": " : "", text);
}

static void report(struct shapers *p, size_t i)
{
	const struct shaper *shaper = &p->config->shapers[i];
	char why[sizeof(p->said->text)];
	enum qdisc_state state;
	const char *text = "";

	if (atomic_load(&p->ending))
		return;
	state = qdisc_shaper_state(p->qdisc, i, &text);
	shapers_why(shaper, state, text, why, sizeof(why));
	if (state != QDISC_OK)
		log_once(&p->said[i], LOG_WARNING, "%s", why);
	else
		log_over(&p->said[i], "policy %s is in force on %s",
			 shaper->name, shaper->device);
}

static void applied(struct shapers *p, int failed)
{
	size_t i;

	p->failed = failed;
	for (i = 0; i < p->config->n_shapers; i++) {
		report(p, i);
		if (qdisc_touched(p->qdisc, i) && !ev_is_active(&p->mend)) {
			ev_timer_set(&p->mend, MEND, 0.0);
			ev_timer_start(p->loop, &p->mend);
		}
	}
	if (!failed)
		ev_timer_stop(p->loop, &p->again);
	else if (!ev_is_active(&p->again))
		ev_timer_again(p->loop, &p->again);
	ev_idle_start(p->loop, &p->work);
	p->applied(p->arg);
}

/* A slice at a time, when nothing else is to be done. */
static void on_work(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct shapers *p = w->data;
	int failed;

	if (!p->config || !qdisc_work(p->qdisc, &failed))
		ev_idle_stop(loop, w);
	else if (failed != p->failed)
		applied(p, failed);
}

void shapers_need(struct shapers *p, const struct pool_bits *needed,
		  const struct pool_bits *fresh)
{
	qdisc_need(p->qdisc, needed, fresh);
	ev_idle_start(p->loop, &p->work);
}

/* To note what somebody changed in a tree applies nothing, but starts a timer. */
static void on_event(struct ev_loop *loop, ev_io *w, int revents)
{
	struct shapers *p = w->data;
	size_t i;

	if (qdisc_event(p->qdisc) && !ev_is_active(&p->burst)) {
		ev_timer_set(&p->burst, BURST, 0.0);
		ev_timer_start(loop, &p->burst);
	}
	for (i = 0; p->config && i < p->config->n_shapers; i++) {
		if (qdisc_touched(p->qdisc, i) && !ev_is_active(&p->mend)) {
			ev_timer_set(&p->mend, MEND, 0.0);
			ev_timer_start(loop, &p->mend);
		}
	}
}

static void on_burst(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct shapers *p = w->data;

	if (p->config)
		applied(p, qdisc_sync(p->qdisc));
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct shapers *p = w->data;

	applied(p, qdisc_apply(p->qdisc, p->config));
}

static void on_mend(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct shapers *p = w->data;
	size_t n = p->config->n_shapers, i;

	for (i = 0; i < n; i++)
		if (qdisc_touched(p->qdisc, i))
			log_once(&p->said[n + i], LOG_WARNING,
				 "policy %s: somebody changed its classes on %s: they are put back, each time",
				 p->config->shapers[i].name,
				 p->config->shapers[i].device);
	applied(p, qdisc_mend(p->qdisc));
}

int shapers_config(struct shapers *p, const struct config *config)
{
	struct said *said = calloc(2 * config->n_shapers + 1, sizeof(*said));
	int ret;

	if (!said)
		return -ENOMEM;
	ret = qdisc_apply(p->qdisc, config);
	if (ret == -ENOMEM) {
		free(said);
		return ret;
	}
	free(p->said);
	p->said = said;
	p->config = config;
	applied(p, ret);
	return 0;
}

enum qdisc_state shapers_state(const struct shapers *p, size_t i,
			       const char **text)
{
	return qdisc_shaper_state(p->qdisc, i, text);
}

void shapers_stats(struct shapers *p, struct qdisc_count *counts)
{
	applied(p, qdisc_stats(p->qdisc, counts));
}

int shapers_open(struct shapers **out, struct ev_loop *loop,
		 void (*applied)(void *arg), void *arg)
{
	struct shapers *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->applied = applied;
	p->arg = arg;
	err = qdisc_open(&p->qdisc);
	if (err) {
		free(p);
		return err;
	}
	ev_io_init(&p->event, on_event, qdisc_fd(p->qdisc), EV_READ);
	ev_timer_init(&p->burst, on_burst, 0.0, 0.0);
	ev_timer_init(&p->again, on_again, 0.0, AGAIN);
	ev_timer_init(&p->mend, on_mend, 0.0, 0.0);
	ev_idle_init(&p->work, on_work);
	p->event.data = p->burst.data = p->again.data = p->mend.data = p->work.data = p;
	ev_io_start(loop, &p->event);
	*out = p;
	return 0;
}

void shapers_stop(struct shapers *p)
{
	atomic_store(&p->ending, true);
	qdisc_stop(p->qdisc);
}

void shapers_close(struct shapers *p)
{
	if (!p)
		return;
	ev_io_stop(p->loop, &p->event);
	ev_timer_stop(p->loop, &p->burst);
	ev_timer_stop(p->loop, &p->again);
	ev_timer_stop(p->loop, &p->mend);
	ev_idle_stop(p->loop, &p->work);
	qdisc_close(p->qdisc);
	free(p->said);
	free(p);
}
