// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/release.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ipsec_qos/select.h"
#include "log.h"

#define LOOK	2.0	/* seconds from one look at all SAs to the next */
#define TURN	256	/* IKE SAs in a turn */
#define PAUSE	0.005	/* seconds between two of these */

#define BYTES	(IPSEC_QOS_BUCKETS / 8)

/**
 * struct releases - see release.h
 *
 * @held: of the configuration's pools, how many buckets each may hold, in its order
 * @walk: through the IKE SAs, while @walking
 * @used: buckets that were found in use in this look
 * @needed: when each bucket was last needed, or may have been
 */
struct releases {
	struct ev_loop *loop;
	struct sad *sad;
	void (*free)(void *arg, struct sync_release *release, size_t n);
	void *arg;
	const struct config *config;
	uint32_t *held;
	ev_timer look;
	struct sad_walk walk;
	bool walking;
	uint8_t used[BYTES];
	double needed[IPSEC_QOS_BUCKETS];
};

static void put(uint8_t *used, uint32_t bucket)
{
	used[bucket / 8] |= 1 << bucket % 8;
}

void releases_use(const struct sad_ike *ike, uint8_t *used)
{
	const struct sad_sa *sa;

	/* which of the two this side chose is not told: the other one costs little */
	put(used, iq_select_ike(ike->spi_i));
	put(used, iq_select_ike(ike->spi_r));
	LIST_FOREACH(sa, &ike->sas, list)
		put(used, iq_select_spi(sa->key.spi));
}

void releases_need(double *needed, const uint8_t *used, double now)
{
	size_t i;

	for (i = 0; i < IPSEC_QOS_BUCKETS; i++)
		if (!used || used[i / 8] & 1 << i % 8)
			needed[i] = now;
}

void releases_needed(const double *needed, double now, uint8_t *used)
{
	size_t i;

	memset(used, 0, BYTES);
	for (i = 0; i < IPSEC_QOS_BUCKETS; i++)
		if (now - needed[i] < RELEASE_IDLE)
			put(used, i);
}

static const struct element *by_id(const struct config *config, uint32_t id)
{
	size_t i;

	for (i = 0; i < config->steer.n_elements; i++)
		if (config->steer.elements[i].id == id)
			return &config->steer.elements[i];
	return NULL;
}

size_t releases_mask(const struct config *config, const struct iq_kernel_buckets *buckets,
		     const uint8_t *used, uint8_t *mask)
{
	const struct element *e = NULL;
	size_t n = 0, i;

	memset(mask, 0, BYTES);
	for (i = 0; i < IPSEC_QOS_BUCKETS; i++) {
		/* one that is lent is so as well: to release it does nothing */
		if (!buckets->now[i] || buckets->now[i] == buckets->home[i] ||
		    used[i / 8] & 1 << i % 8)
			continue;
		if (!e || e->id != buckets->now[i])
			e = by_id(config, buckets->now[i]);
		if (!e || !e->known)
			continue;
		put(mask, i);
		n++;
	}
	return n;
}

static bool any_known(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->steer.n_elements; i++)
		if (config->steer.elements[i].known)
			return true;
	return false;
}

/* Are all charons there whose SAs are to be known, and have stated what they have? */
static bool all_known(const struct releases *r)
{
	const struct steer_config *c = &r->config->steer;
	unsigned int known = 0;
	size_t i;

	for (i = 0; i < c->n_elements; i++)
		known += c->elements[i].known;
	return known && sad_synced(r->sad) && sad_charons(r->sad) >= known;
}

static bool any_held(const struct releases *r)
{
	size_t i;

	for (i = 0; r->held && i < r->config->steer.n_pools; i++)
		if (r->held[i])
			return true;
	return false;
}

static void look_after(struct releases *r, double seconds)
{
	if (ev_is_active(&r->look))
		return;
	ev_timer_set(&r->look, seconds, 0.0);
	ev_timer_start(r->loop, &r->look);
}

static void stop_walking(struct releases *r)
{
	if (r->walking)
		sad_walk_end(&r->walk);
	r->walking = false;
}

/* What nobody has needed for long enough. */
static size_t gather(struct releases *r, struct iq_kernel *k, struct sync_release *list)
{
	const struct steer_config *c = &r->config->steer;
	struct iq_kernel_buckets *buckets = calloc(1, sizeof(*buckets));
	struct iq_kernel_pool *pool = calloc(1, sizeof(*pool));
	uint8_t used[BYTES];
	size_t i, n = 0;

	releases_needed(r->needed, monotonic(), used);
	for (i = 0; buckets && pool && i < c->n_pools; i++) {
		if (!r->held[i])
			continue;
		pool->id = c->pools[i].id;
		if (iq_kernel_pool_get(k, pool, buckets))
			continue;
		r->held[i] = pool->held;
		list[n].pool = c->pools[i].id;
		if (pool->held && releases_mask(r->config, buckets, used, list[n].mask))
			n++;
	}
	free(buckets);
	free(pool);
	return n;
}

static void release(struct releases *r)
{
	struct sync_release *list = calloc(r->config->steer.n_pools + 1, sizeof(*list));
	struct iq_kernel *k;
	size_t n = 0;

	if (list && !iq_kernel_open(&k)) {
		n = gather(r, k, list);
		iq_kernel_close(k);
	}
	if (n)
		r->free(r->arg, list, n);
	else
		free(list);
}

static void end_look(struct releases *r)
{
	stop_walking(r);
	releases_need(r->needed, r->used, monotonic());
	if (all_known(r))
		release(r);
	if (any_held(r))
		look_after(r, LOOK);
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct releases *r = w->data;
	const struct sad_ike *ike = NULL;
	int i;

	if (!all_known(r)) {
		/* what was seen says nothing of those that come */
		stop_walking(r);
		releases_need(r->needed, NULL, monotonic());
		if (any_held(r))
			look_after(r, LOOK);
		return;
	}
	if (!r->walking) {
		memset(r->used, 0, sizeof(r->used));
		sad_walk_begin(r->sad, &r->walk);
		r->walking = true;
	}
	for (i = 0; i < TURN && (ike = sad_walk_next(&r->walk)); i++)
		releases_use(ike, r->used);
	if (ike)
		look_after(r, PAUSE);
	else
		end_look(r);
}

void releases_config(struct releases *r, const struct config *config)
{
	uint32_t *held = calloc(config->steer.n_pools + 1, sizeof(*held));
	size_t i;

	stop_walking(r);
	ev_timer_stop(r->loop, &r->look);
	releases_need(r->needed, NULL, monotonic());
	free(r->held);
	r->held = held;
	r->config = config;
	if (!held) {
		log_err("buckets are not released: out of memory");
		return;
	}
	/* what is held by now the kernel is asked for, where it can matter */
	for (i = 0; i < config->steer.n_pools; i++)
		if (any_known(config) && !config->steer.pools[i].self &&
		    config->steer.pools[i].mode == IPSEC_QOS_POOL_BUCKET)
			held[i] = IPSEC_QOS_BUCKETS;
	if (any_held(r))
		look_after(r, LOOK);
}

void releases_told(struct releases *r, const struct iq_kernel_pool *pool)
{
	size_t i;

	if (!pool->held || !r->held || !any_known(r->config))
		return;
	for (i = 0; i < r->config->steer.n_pools; i++) {
		if (r->config->steer.pools[i].id != pool->id)
			continue;
		/* changed by hand: as by a reload some may be needed that are not seen */
		if (pool->held > r->held[i])
			releases_need(r->needed, NULL, monotonic());
		r->held[i] = pool->held;
		look_after(r, LOOK);
	}
}

struct releases *releases_open(struct ev_loop *loop, struct sad *sad,
			       void (*free)(void *arg, struct sync_release *release, size_t n),
			       void *arg)
{
	struct releases *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->sad = sad;
	r->free = free;
	r->arg = arg;
	ev_timer_init(&r->look, on_look, 0.0, 0.0);
	r->look.data = r;
	return r;
}

void releases_close(struct releases *r)
{
	if (!r)
		return;
	stop_walking(r);
	ev_timer_stop(r->loop, &r->look);
	free(r->held);
	free(r);
}
