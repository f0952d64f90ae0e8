// SPDX-License-Identifier: GPL-2.0-or-later
#include "errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "thread.h"

#define END_PATIENCE	1	/* seconds */

/**
 * struct errand - see errand.h
 *
 * @open: something is wanted that was not told to be done; the loop's
 * @lock: protects all that follows, and that nobody is woken who has ended
 * @changed: there is something for the thread
 * @wanted: for it, NULL: nothing
 * @done: it did something, which came to @err and @why
 * @stop: it is to end
 */
struct errand {
	struct ev_loop *loop;
	const struct errand_ops *ops;
	void *state;
	void *arg;
	bool open;
	ev_async told;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *wanted;
	bool done;
	int err;
	char why[ERRAND_WHY];
	bool stop;
};

static void *work(void *arg)
{
	struct errand *e = arg;
	char why[ERRAND_WHY];
	void *wanted;
	int err;

	pthread_mutex_lock(&e->lock);
	for (;;) {
		wanted = e->wanted;
		e->wanted = NULL;
		if (!wanted) {
			if (e->stop)
				break;
			pthread_cond_wait(&e->changed, &e->lock);
			continue;
		}
		e->done = false;
		pthread_mutex_unlock(&e->lock);
		*why = '\0';
		err = e->ops->run(e->state, wanted, why, sizeof(why));
		e->ops->free(wanted);
		pthread_mutex_lock(&e->lock);
		e->err = err;
		snprintf(e->why, sizeof(e->why), "%s", why);
		e->done = true;
		if (!e->stop)
			ev_async_send(e->loop, &e->told);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

static void on_told(struct ev_loop *loop, ev_async *w, int revents)
{
	struct errand *e = w->data;
	char why[ERRAND_WHY];
	bool done;
	int err;

	pthread_mutex_lock(&e->lock);
	/* what is wanted since is done next */
	done = e->done && !e->wanted;
	e->done &= !done;
	err = e->err;
	snprintf(why, sizeof(why), "%s", e->why);
	pthread_mutex_unlock(&e->lock);
	if (!done)
		return;
	e->open = false;
	e->ops->done(e->arg, err, why);
}

void errand_want(struct errand *e, void *wanted)
{
	void *before;

	pthread_mutex_lock(&e->lock);
	before = e->wanted;
	e->wanted = wanted;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
	e->open = true;
	if (before)
		e->ops->free(before);
}

bool errand_peek(struct errand *e, void (*look)(const void *wanted, void *arg), void *arg)
{
	bool any;

	pthread_mutex_lock(&e->lock);
	any = e->wanted;
	if (any)
		look(e->wanted, arg);
	pthread_mutex_unlock(&e->lock);
	return any;
}

bool errand_busy(const struct errand *e)
{
	return e->open;
}

static void free_all(struct errand *e)
{
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

int errand_open(struct errand **out, struct ev_loop *loop, const struct errand_ops *ops,
		void *state, void *arg)
{
	struct errand *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->loop = loop;
	e->ops = ops;
	e->state = state;
	e->arg = arg;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	ev_async_init(&e->told, on_told);
	e->told.data = e;
	err = thread_start(&e->thread, work, e);
	if (err) {
		free_all(e);
		return err;
	}
	ev_async_start(loop, &e->told);
	*out = e;
	return 0;
}

void errand_close(struct errand *e)
{
	if (!e)
		return;
	ev_async_stop(e->loop, &e->told);
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->lock);
	if (!thread_join(e->thread, END_PATIENCE))
		return;
	if (e->ops->end)
		e->ops->end(e->state);
	free_all(e);
}
