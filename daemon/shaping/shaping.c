// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "shaping/shapers.h"
#include "shaping/shaping.h"
#include "thread.h"

#define END_PATIENCE	1	/* seconds */
#define AGAIN		1.0	/* seconds until what memory was lacking for is tried again */

/**
 * struct box - what is on its way, either way
 *
 * @lock: protects all of it, and that nobody is woken who has ended
 * @config: for the thread, which takes it over; NULL: there is no new one
 * @config_no: counts them
 * @asked: the last question's ticket
 * @needing: something is in @needed or @fresh, see qdisc_need()
 * @stop: the thread is to end
 * @stated: how shapers stand, since @state_no of the configurations
 * @counted: the same with counters, for the questions up to @counted_no
 */
struct box {
	pthread_mutex_t lock;
	struct config *config;
	uint32_t config_no;
	uint32_t asked;
	bool needing;
	struct pool_bits needed;
	struct pool_bits fresh;
	bool stop;
	struct shaping_report *stated;
	uint32_t state_no;
	struct shaping_report *counted;
	uint32_t counted_no;
};

/**
 * struct worker - what the thread alone uses
 *
 * @config: in use; the shapers read it
 * @config_no: which it is
 * @counted_no: the last question that was answered
 */
struct worker {
	struct ev_loop *loop;
	struct shapers *shapers;
	struct config *config;
	uint32_t config_no;
	uint32_t counted_no;
	ev_timer again;
};

/**
 * struct shaping - see shaping.h
 *
 * @wake: the thread's loop, for something came into the box
 * @told_of: this loop, likewise
 * @config: the last that was handed over
 * @config_no: which it is
 * @config_due: until when it is waited for
 * @state: what came of the last of configurations, @state_no
 * @asked: the last question's ticket, @counted_no what was answered; waited for
 *	until @ask_due
 */
struct shaping {
	struct ev_loop *loop;
	void (*told)(void *arg);
	void *arg;

	pthread_t thread;
	struct box box;
	struct worker worker;
	ev_async wake;
	ev_async told_of;
	ev_timer late;

	struct config *config;
	uint32_t config_no;
	double config_due;
	struct shaping_report *state;
	uint32_t state_no;
	uint32_t asked;
	double ask_due;
	struct shaping_report *counted;
	uint32_t counted_no;
};

/* Reports */

static struct shaping_report *new_report(struct config *config)
{
	struct shaping_report *r;
	size_t i, n = 0;

	for (i = 0; i < config->n_shapers; i++)
		n += shaper_groups(&config->shapers[i]);
	r = calloc(1, sizeof(*r) + n * sizeof(*r->counts));
	if (!r)
		return NULL;
	r->shapers = calloc(config->n_shapers + 1, sizeof(*r->shapers));
	if (!r->shapers) {
		free(r);
		return NULL;
	}
	r->users = 1;
	r->n_counts = n;
	r->config = config_hold(config);
	return r;
}

void shaping_report_free(struct shaping_report *r)
{
	if (!r || --r->users)
		return;
	config_free(r->config);
	free(r->shapers);
	free(r);
}

/* The thread */

/* What was not taken out yet is superseded. */
static void put(struct shaping *s, struct shaping_report **slot,
		struct shaping_report *r, uint32_t *no, uint32_t value)
{
	struct shaping_report *old = r;

	pthread_mutex_lock(&s->box.lock);
	if (!s->box.stop) {
		old = *slot;
		*slot = r;
		*no = value;
		ev_async_send(s->loop, &s->told_of);
	}
	pthread_mutex_unlock(&s->box.lock);
	shaping_report_free(old);
}

static void fill_states(struct worker *w, struct shaping_report *r)
{
	const char *text;
	size_t i;

	for (i = 0; i < r->config->n_shapers; i++) {
		text = "";
		r->shapers[i].state = shapers_state(w->shapers, i, &text);
		snprintf(r->shapers[i].text, sizeof(r->shapers[i].text), "%s",
			 text);
	}
}

static void again_later(struct worker *w)
{
	ev_timer_stop(w->loop, &w->again);
	ev_timer_set(&w->again, AGAIN, 0.0);
	ev_timer_start(w->loop, &w->again);
}

static void on_applied(void *arg)
{
	struct shaping *s = arg;
	struct worker *w = &s->worker;
	struct shaping_report *r;

	/* the first time it is called out of shapers_config() */
	r = new_report(w->config);
	if (!r) {
		again_later(w);
		return;
	}
	fill_states(w, r);
	put(s, &s->box.stated, r, &s->box.state_no, w->config_no);
}

static void count(struct shaping *s, uint32_t no)
{
	struct worker *w = &s->worker;
	struct shaping_report *r = new_report(w->config);

	if (!r)
		return;		/* who asked waits no longer than SHAPING_ASK */
	shapers_stats(w->shapers, r->counts);
	fill_states(w, r);
	w->counted_no = no;
	put(s, &s->box.counted, r, &s->box.counted_no, no);
}

static bool use(struct shaping *s, struct config *config, uint32_t no)
{
	struct worker *w = &s->worker;
	struct config *old = w->config;
	uint32_t old_no = w->config_no;

	w->config = config;
	w->config_no = no;
	if (shapers_config(w->shapers, config)) {
		w->config = old;
		w->config_no = old_no;
		return false;
	}
	config_free(old);
	return true;
}

static void take_needs(struct shaping *s)
{
	struct pool_bits needed, fresh;
	bool needing;

	pthread_mutex_lock(&s->box.lock);
	needing = s->box.needing;
	if (needing) {
		needed = s->box.needed;
		fresh = s->box.fresh;
		s->box.needed = s->box.fresh = (struct pool_bits){};
		s->box.needing = false;
	}
	pthread_mutex_unlock(&s->box.lock);
	if (needing)
		shapers_need(s->worker.shapers, &needed, &fresh);
}

static void on_box(struct shaping *s)
{
	struct worker *w = &s->worker;
	struct config *config;
	uint32_t no, asked;
	bool stop;

	pthread_mutex_lock(&s->box.lock);
	config = s->box.config;
	s->box.config = NULL;
	no = s->box.config_no;
	asked = s->box.asked;
	stop = s->box.stop;
	pthread_mutex_unlock(&s->box.lock);

	if (stop) {
		config_free(config);
		ev_break(w->loop, EVBREAK_ALL);
		return;
	}
	if (config && !use(s, config, no)) {
		/* back, unless there is a newer one by now */
		pthread_mutex_lock(&s->box.lock);
		if (!s->box.config) {
			s->box.config = config;
			config = NULL;
		}
		pthread_mutex_unlock(&s->box.lock);
		config_free(config);
		again_later(w);
	}
	/* after the configuration that has their ranges */
	take_needs(s);
	if (w->config && asked != w->counted_no)
		count(s, asked);
}

static void on_wake(struct ev_loop *loop, ev_async *w, int revents)
{
	on_box(w->data);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct shaping *s = w->data;

	if (s->worker.config)
		on_applied(s);
	on_box(s);
}

static void *work(void *arg)
{
	struct shaping *s = arg;

	ev_run(s->worker.loop, 0);
	return NULL;
}

/* The daemon's loop */

static void wake(struct shaping *s)
{
	ev_async_send(s->worker.loop, &s->wake);
}

/* Ask again once the first of what is waited for was waited for long enough. */
static void watch(struct shaping *s)
{
	double now = monotonic(), until = 0;

	if (s->state_no != s->config_no && s->config_due > now)
		until = s->config_due;
	if (s->counted_no != s->asked && s->ask_due > now &&
	    (!until || s->ask_due < until))
		until = s->ask_due;
	ev_timer_stop(s->loop, &s->late);
	if (!until)
		return;
	/* a little later: it is not the same clock */
	ev_timer_set(&s->late, until - now + 0.01, 0.0);
	ev_timer_start(s->loop, &s->late);
}

static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct shaping *s = w->data;

	watch(s);
	s->told(s->arg);
}

static void on_told(struct ev_loop *loop, ev_async *w, int revents)
{
	struct shaping *s = w->data;
	struct shaping_report *stated, *counted;

	pthread_mutex_lock(&s->box.lock);
	stated = s->box.stated;
	counted = s->box.counted;
	s->box.stated = s->box.counted = NULL;
	if (stated)
		s->state_no = s->box.state_no;
	if (counted)
		s->counted_no = s->box.counted_no;
	pthread_mutex_unlock(&s->box.lock);

	if (stated) {
		shaping_report_free(s->state);
		s->state = stated;
	}
	if (counted) {
		shaping_report_free(s->counted);
		s->counted = counted;
	}
	watch(s);
	s->told(s->arg);
}

void shaping_config(struct shaping *s, struct config *config)
{
	struct config *old;

	/* who waits already waits no longer for that */
	if (shaping_settled(s))
		s->config_due = monotonic() + SHAPING_RELOAD;
	config_free(s->config);
	s->config = config_hold(config);
	s->config_no++;

	config_hold(config);
	pthread_mutex_lock(&s->box.lock);
	old = s->box.config;
	s->box.config = config;
	s->box.config_no = s->config_no;
	pthread_mutex_unlock(&s->box.lock);
	config_free(old);
	wake(s);
	watch(s);
}

static void say_need(struct shaping *s, struct pool_bits *bits, uint32_t id)
{
	pthread_mutex_lock(&s->box.lock);
	pool_put(bits, id);
	s->box.needing = true;
	pthread_mutex_unlock(&s->box.lock);
	wake(s);
}

void shaping_need(struct shaping *s, uint32_t id)
{
	say_need(s, &s->box.needed, id);
}

void shaping_fresh(struct shaping *s, uint32_t id)
{
	say_need(s, &s->box.fresh, id);
}

bool shaping_settled(const struct shaping *s)
{
	return s->state_no == s->config_no || monotonic() >= s->config_due;
}

static bool is_of_now(const struct shaping *s, const struct shaping_report *r)
{
	return r && r->config == s->config;
}

bool shaping_trouble(const struct shaping *s, size_t i, char *why, size_t size)
{
	const struct shaper *shaper = &s->config->shapers[i];
	const struct shaper_state *state;

	if (!is_of_now(s, s->state)) {
		shapers_why(shaper, QDISC_PENDING,
			    "its classes are still being made", why, size);
		return true;
	}
	state = &s->state->shapers[i];
	if (state->state == QDISC_OK)
		return false;
	shapers_why(shaper, state->state, state->text, why, size);
	return true;
}

uint32_t shaping_ask(struct shaping *s)
{
	if (shaping_asked(s, s->asked))
		s->ask_due = monotonic() + SHAPING_ASK;
	s->asked++;
	pthread_mutex_lock(&s->box.lock);
	s->box.asked = s->asked;
	pthread_mutex_unlock(&s->box.lock);
	wake(s);
	watch(s);
	return s->asked;
}

static bool counted_since(const struct shaping *s, uint32_t ticket)
{
	return (int32_t)(s->counted_no - ticket) >= 0;
}

bool shaping_asked(const struct shaping *s, uint32_t ticket)
{
	return counted_since(s, ticket) || monotonic() >= s->ask_due;
}

struct shaping_report *shaping_report(struct shaping *s, uint32_t ticket)
{
	struct shaping_report *r;
	size_t i;

	if (is_of_now(s, s->counted) && counted_since(s, ticket)) {
		s->counted->users++;
		return s->counted;
	}
	r = new_report(s->config);
	for (i = 0; r && i < s->config->n_shapers; i++) {
		r->shapers[i].state = QDISC_PENDING;
		snprintf(r->shapers[i].text, sizeof(r->shapers[i].text), "%s",
			 is_of_now(s, s->state) ?
			 "the kernel is busy with devices and does not say what it counted: ask again" :
			 "its classes are still being made");
	}
	return r;
}

static void free_all(struct shaping *s)
{
	shapers_close(s->worker.shapers);
	if (s->worker.loop)
		ev_loop_destroy(s->worker.loop);
	config_free(s->worker.config);
	config_free(s->box.config);
	shaping_report_free(s->box.stated);
	shaping_report_free(s->box.counted);
	shaping_report_free(s->state);
	shaping_report_free(s->counted);
	config_free(s->config);
	pthread_mutex_destroy(&s->box.lock);
	free(s);
}

int shaping_open(struct shaping **out, struct ev_loop *loop,
		 struct config *config, void (*told)(void *arg), void *arg)
{
	struct shaping *s = calloc(1, sizeof(*s));
	struct worker *w;
	int err;

	if (!s)
		return -ENOMEM;
	w = &s->worker;
	s->loop = loop;
	s->told = told;
	s->arg = arg;
	pthread_mutex_init(&s->box.lock, NULL);
	w->loop = ev_loop_new(EVFLAG_NOENV);
	err = w->loop ? shapers_open(&w->shapers, w->loop, on_applied, s) :
			-ENOMEM;
	if (err)
		goto fail;

	ev_async_init(&s->wake, on_wake);
	ev_async_init(&s->told_of, on_told);
	ev_timer_init(&s->late, on_late, 0.0, 0.0);
	ev_timer_init(&w->again, on_again, 0.0, 0.0);
	s->wake.data = s->told_of.data = s->late.data = w->again.data = s;
	ev_async_start(w->loop, &s->wake);
	ev_async_start(loop, &s->told_of);
	err = thread_start(&s->thread, work, s);
	if (err) {
		ev_async_stop(loop, &s->told_of);
		goto fail;
	}
	shaping_config(s, config);
	*out = s;
	return 0;

fail:
	free_all(s);
	return err;
}

void shaping_close(struct shaping *s)
{
	if (!s)
		return;
	ev_async_stop(s->loop, &s->told_of);
	ev_timer_stop(s->loop, &s->late);

	pthread_mutex_lock(&s->box.lock);
	s->box.stop = true;
	pthread_mutex_unlock(&s->box.lock);
	shapers_stop(s->worker.shapers);
	wake(s);
	if (thread_join(s->thread, END_PATIENCE))
		free_all(s);
	else
		log_warn("the kernel holds up what was done to classes: they may be half made");
}
