// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/checks.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/neighbour.h"
#include "clock.h"
#include "log.h"
#include "steer/checks_priv.h"
#include "thread.h"

#define END_PATIENCE	1	/* seconds */

/**
 * struct wanted - which elements are to be asked
 *
 * @up: of each
 */
struct wanted {
	struct config *config;
	bool *up;
};

/**
 * struct checks - see checks.h
 *
 * @own: the thread's loop
 * @wake: something is wanted
 * @ping: likewise the thread's, as is @neighbours
 * @lock: protects all that follows, and that nobody is woken who has ended
 * @all: by their ids; written by the thread alone
 * @changed: of them
 * @wanted: config is NULL: nothing
 * @stop: the thread is to end
 */
struct checks {
	struct ev_loop *loop;
	void (*told)(void *arg, uint32_t id, bool up);
	void *arg;
	ev_async on_told;
	pthread_t thread;

	struct ev_loop *own;
	ev_async wake;
	struct ping *ping;
	struct neighbours *neighbours;

	pthread_mutex_t lock;
	struct checked *all;
	TAILQ_HEAD(, checked) changed;
	struct wanted wanted;
	bool stop;
};

/* The thread */

struct checked *checked_find(struct checks *checks, uint32_t id)
{
	struct checked *c;

	HASH_FIND(hh, checks->all, &id, sizeof(id), c);
	return c;
}

/* What was asked last has come to its end. */
static void settle(struct checked *c)
{
	struct checks *checks = c->checks;
	bool ok = c->ask.outcome == ASK_OK, changed = false;

	if (c->ask.outcome == ASK_OPEN)
		snprintf(c->ask.why, sizeof(c->ask.why), "no answer within %u ms", c->e.interval);
	pthread_mutex_lock(&checks->lock);
	snprintf(c->said, sizeof(c->said), "%s", ok ? "" : c->ask.why);
	if (c->ask.outcome != ASK_UNKNOWN) {
		c->asked = true;
		c->ok = ok;
		changed = health_on(&c->health, ok, c->e.fails, c->e.passes, monotonic());
	}
	if (changed && !c->is_changed) {
		c->is_changed = true;
		TAILQ_INSERT_TAIL(&checks->changed, c, changed);
	}
	if (changed && !checks->stop)
		ev_async_send(checks->loop, &checks->on_told);
	pthread_mutex_unlock(&checks->lock);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct checked *c = w->data;

	if (c->begun)
		settle(c);
	c->begun = true;
	c->ask.outcome = ASK_OPEN;
	if (c->e.check == CHECK_PING)
		ping_ask(c->checks->ping, c);
	else if (c->e.check == CHECK_TCP)
		ask_tcp(loop, &c->ask);
	else
		neighbour_ask(c->checks->neighbours, &c->ask);
}

/* Is it asked the same, however often? */
static bool asked_alike(const struct element *a, const struct element *b)
{
	return a->check == b->check && a->port == b->port && !strcmp(a->device, b->device) &&
	       !memcmp(&a->address, &b->address, sizeof(a->address));
}

static void forget(struct checks *checks, struct checked *c)
{
	ev_timer_stop(checks->own, &c->timer);
	ask_stop(checks->own, &c->ask);
	pthread_mutex_lock(&checks->lock);
	if (c->is_changed)
		TAILQ_REMOVE(&checks->changed, c, changed);
	HASH_DELETE(hh, checks->all, c);
	pthread_mutex_unlock(&checks->lock);
	free(c);
}

static struct checked *add(struct checks *checks, const struct element *e, bool up)
{
	struct checked *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->checks = checks;
	c->e = *e;
	c->health = health_begin(up);
	ev_init(&c->timer, on_tick);
	c->timer.data = c;
	ask_init(&c->ask, &e->address, e->port, e->device);
	pthread_mutex_lock(&checks->lock);
	HASH_ADD(hh, checks->all, e.id, sizeof(c->e.id), c);
	pthread_mutex_unlock(&checks->lock);
	return c;
}

static void use(struct checks *checks, const struct wanted *wanted)
{
	const struct steer_config *config = &wanted->config->steer;
	struct checked *c, *next;
	bool pinged = false;
	size_t i;

	for (i = 0; i < config->n_elements; i++) {
		const struct element *e = &config->elements[i];
		double interval = e->interval / 1000.0;

		if (e->check == CHECK_NONE || !e->needed)
			continue;
		c = checked_find(checks, e->id);
		if (c && !asked_alike(&c->e, e)) {
			forget(checks, c);
			c = NULL;
		}
		if (!c)
			c = add(checks, e, wanted->up[i]);
		if (!c) {
			log_err("element %s is not checked: out of memory", e->name);
			continue;
		}
		c->stays = true;
		pinged |= e->check == CHECK_PING;
		if (ev_is_active(&c->timer) && c->e.interval == e->interval) {
			c->e = *e;
			continue;
		}
		c->e = *e;
		ev_timer_stop(checks->own, &c->timer);
		/* not all at the same moment */
		ev_timer_set(&c->timer, interval * (i % 16) / 16, interval);
		ev_timer_start(checks->own, &c->timer);
	}
	ping_listen(checks->ping, pinged);
	HASH_ITER(hh, checks->all, c, next) {
		if (!c->stays)
			forget(checks, c);
		else
			c->stays = false;
	}
}

static void drop(struct wanted *wanted)
{
	config_free(wanted->config);
	free(wanted->up);
	*wanted = (struct wanted){};
}

static void on_wake(struct ev_loop *own, ev_async *w, int revents)
{
	struct checks *checks = w->data;
	struct wanted wanted;
	bool stop;

	pthread_mutex_lock(&checks->lock);
	wanted = checks->wanted;
	checks->wanted = (struct wanted){};
	stop = checks->stop;
	pthread_mutex_unlock(&checks->lock);
	if (wanted.config && !stop)
		use(checks, &wanted);
	drop(&wanted);
	if (stop)
		ev_break(own, EVBREAK_ALL);
}

static void *work(void *arg)
{
	struct checks *checks = arg;

	ev_run(checks->own, 0);
	return NULL;
}

/* The daemon's loop */

static void on_told(struct ev_loop *loop, ev_async *w, int revents)
{
	struct checks *checks = w->data;
	struct checked *c;
	uint32_t id = 0;
	bool up = false;

	do {
		pthread_mutex_lock(&checks->lock);
		c = TAILQ_FIRST(&checks->changed);
		if (c) {
			id = c->e.id;
			up = c->health.up;
			c->is_changed = false;
			TAILQ_REMOVE(&checks->changed, c, changed);
		}
		pthread_mutex_unlock(&checks->lock);
		if (c)
			checks->told(checks->arg, id, up);
	} while (c);
}

int checks_config(struct checks *checks, struct config *config, const bool *up)
{
	struct wanted wanted = {
		.up = calloc(config->steer.n_elements + 1, sizeof(*wanted.up)),
	}, before;

	if (!wanted.up)
		return -ENOMEM;
	memcpy(wanted.up, up, config->steer.n_elements * sizeof(*up));
	wanted.config = config_hold(config);
	pthread_mutex_lock(&checks->lock);
	before = checks->wanted;
	checks->wanted = wanted;
	pthread_mutex_unlock(&checks->lock);
	drop(&before);
	ev_async_send(checks->own, &checks->wake);
	return 0;
}

bool checks_state(struct checks *checks, uint32_t id, struct check_state *state)
{
	double now = monotonic();
	struct checked *c;

	pthread_mutex_lock(&checks->lock);
	c = checked_find(checks, id);
	if (c) {
		*state = (struct check_state){
			.up = c->health.up, .asked = c->asked, .ok = c->ok,
			.run = c->health.run, .held = health_held(&c->health, now),
			.hold = c->health.hold,
			.since = c->health.since < 0 ? -1 : now - c->health.since,
		};
		snprintf(state->why, sizeof(state->why), "%s", c->said);
	}
	pthread_mutex_unlock(&checks->lock);
	return c;
}

static void free_all(struct checks *checks)
{
	struct checked *c, *next;

	HASH_ITER(hh, checks->all, c, next)
		forget(checks, c);
	drop(&checks->wanted);
	neighbours_close(checks->neighbours);
	ping_close(checks->ping);
	if (checks->own)
		ev_loop_destroy(checks->own);
	pthread_mutex_destroy(&checks->lock);
	free(checks);
}

int checks_open(struct checks **out, struct ev_loop *loop,
		const struct check_sockets *sockets,
		void (*told)(void *arg, uint32_t id, bool up), void *arg)
{
	struct checks *checks = calloc(1, sizeof(*checks));
	int err;

	if (!checks)
		return -ENOMEM;
	checks->loop = loop;
	checks->told = told;
	checks->arg = arg;
	TAILQ_INIT(&checks->changed);
	pthread_mutex_init(&checks->lock, NULL);
	ev_async_init(&checks->on_told, on_told);
	checks->on_told.data = checks;
	checks->own = ev_loop_new(EVFLAG_NOENV);
	err = checks->own ? neighbours_open(&checks->neighbours) : -ENOMEM;
	if (!err) {
		checks->ping = ping_open(checks, checks->own, sockets);
		err = checks->ping ? 0 : -ENOMEM;
	}
	if (!err) {
		ev_async_init(&checks->wake, on_wake);
		checks->wake.data = checks;
		ev_async_start(checks->own, &checks->wake);
		err = thread_start(&checks->thread, work, checks);
	}
	if (err) {
		free_all(checks);
		return err;
	}
	ev_async_start(loop, &checks->on_told);
	*out = checks;
	return 0;
}

void checks_close(struct checks *checks)
{
	if (!checks)
		return;
	ev_async_stop(checks->loop, &checks->on_told);
	pthread_mutex_lock(&checks->lock);
	checks->stop = true;
	pthread_mutex_unlock(&checks->lock);
	ev_async_send(checks->own, &checks->wake);
	if (thread_join(checks->thread, END_PATIENCE))
		free_all(checks);
}
