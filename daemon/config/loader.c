// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/feed/feed.h"
#include "config/loader.h"
#include "thread.h"

#define END_PATIENCE	1	/* seconds */
#define FREE_MAX	8	/* configurations: more than are in use at a time */

/**
 * struct loader - see loader.h
 *
 * @file: the configuration's
 * @lock: protects all from @wanted on, and that nobody is woken who has ended
 * @changed: there is something for the thread
 * @wanted: the last ticket that was given
 * @done: what came out of the loads up to this one, @config or @why, is to be
 *	taken out while @full
 * @old: configurations to be freed
 * @stop: the thread is to end
 */
struct loader {
	struct ev_loop *loop;
	char *file;
	void (*loaded)(void *arg, uint32_t ticket, struct config *config,
		       const char *why);
	void *arg;
	pthread_t thread;
	ev_async told;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint32_t wanted;
	uint32_t done;
	bool full;
	struct config *config;
	char why[IQ_FEED_WHY_MAX];
	size_t n_old;
	struct config *old[FREE_MAX];
	bool stop;
};

/* With the lock held, but for loading and freeing. */
static void load(struct loader *l)
{
	char why[sizeof(l->why)] = "";
	uint32_t ticket = l->wanted;
	struct config *config;

	pthread_mutex_unlock(&l->lock);
	config = config_load(l->file, why, sizeof(why));
	pthread_mutex_lock(&l->lock);
	l->config = config;
	snprintf(l->why, sizeof(l->why), "%s", why);
	l->done = ticket;
	l->full = true;
	if (!l->stop)
		ev_async_send(l->loop, &l->told);
}

static void *work(void *arg)
{
	struct loader *l = arg;
	struct config *config;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (l->n_old) {
			config = l->old[--l->n_old];
			pthread_mutex_unlock(&l->lock);
			config_free(config);
			pthread_mutex_lock(&l->lock);
		} else if (!l->full && l->done != l->wanted) {
			load(l);
		} else {
			pthread_cond_wait(&l->changed, &l->lock);
		}
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void on_told(struct ev_loop *loop, ev_async *w, int revents)
{
	struct loader *l = w->data;
	char why[sizeof(l->why)];
	struct config *config;
	uint32_t ticket;
	bool full;

	pthread_mutex_lock(&l->lock);
	full = l->full;
	config = l->config;
	ticket = l->done;
	snprintf(why, sizeof(why), "%s", l->why);
	l->config = NULL;
	l->full = false;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (full)
		l->loaded(l->arg, ticket, config, why);
}

uint32_t loader_load(struct loader *l)
{
	uint32_t ticket;

	pthread_mutex_lock(&l->lock);
	ticket = ++l->wanted;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	return ticket;
}

void loader_free(struct loader *l, struct config *config)
{
	pthread_mutex_lock(&l->lock);
	if (l->n_old < FREE_MAX) {
		l->old[l->n_old++] = config;
		config = NULL;
		pthread_cond_signal(&l->changed);
	}
	pthread_mutex_unlock(&l->lock);
	config_free(config);
}

static void free_all(struct loader *l)
{
	while (l->n_old)
		config_free(l->old[--l->n_old]);
	config_free(l->config);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->file);
	free(l);
}

int loader_open(struct loader **out, struct ev_loop *loop, const char *file,
		void (*loaded)(void *arg, uint32_t ticket,
			       struct config *config, const char *why),
		void *arg)
{
	struct loader *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->loaded = loaded;
	l->arg = arg;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	/* not the caller's: a thread that is stuck outlives it */
	l->file = strdup(file);
	ev_async_init(&l->told, on_told);
	l->told.data = l;
	ev_async_start(loop, &l->told);
	err = l->file ? thread_start(&l->thread, work, l) : -ENOMEM;
	if (err) {
		ev_async_stop(loop, &l->told);
		free_all(l);
		return err;
	}
	*out = l;
	return 0;
}

void loader_close(struct loader *l)
{
	if (!l)
		return;
	ev_async_stop(l->loop, &l->told);
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (thread_join(l->thread, END_PATIENCE))
		free_all(l);
}
