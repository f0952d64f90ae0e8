// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/watch_priv.h"
#include "check/ike.h"
#include "clock.h"
#include "lib/kernel/device.h"
#include "log.h"
#include "thread.h"

#define END_PATIENCE	1	/* seconds */
#define UPKEEP		0.5	/* seconds: twice in turn, and three tries, are less than three */

/* Checks */

void watched_changed(struct watched *w)
{
	struct watch *watch = w->watch;

	if (!w->is_changed) {
		w->is_changed = true;
		TAILQ_INSERT_TAIL(&watch->changed, w, changed);
	}
	if (!watch->stop)
		ev_async_send(watch->loop, &watch->on_told);
}

/* Has the kernel heard of it since it was asked? */
static void look_at_neighbour(struct watch *watch, struct ask *ask)
{
	unsigned int device;
	uint16_t state;
	int err;

	if (ask->outcome != ASK_OPEN)
		return;
	device = neighbour_device(watch->neighbours, ask);
	if (!device)
		return;
	err = neighbour_state(watch->neighbours, ask, device, &state);
	if (err)
		ask_is(ask, ASK_UNKNOWN, "cannot ask for the neighbour: %s", strerror(-err));
	else if (state & (NUD_REACHABLE | NEIGHBOUR_FIXED))
		ask_is(ask, ASK_OK, "neighbour");
	else
		ask_is(ask, ASK_FAILED, "the neighbour does not answer");
}

static void ask_neighbour(struct watch *watch, struct watched_side *side)
{
	struct ask *ask = &side->ask;
	unsigned int device = neighbour_device(watch->neighbours, ask);
	uint16_t state;
	int err;

	if (!device)
		return;
	err = neighbour_state(watch->neighbours, ask, device, &state);
	if (!err && state & NEIGHBOUR_FIXED)
		ask_is(ask, ASK_OK, "neighbour");
	else if (!err)
		err = neighbour_poke(watch->neighbours, ask, device, state, !side->unmanaged);
	if (err)
		ask_is(ask, ASK_UNKNOWN, "cannot have the neighbour asked: %s", strerror(-err));
}

/* All sides that have an address; by one that fails it fails. */
static struct ask *worse(struct watched *w)
{
	struct ask *outer = &w->side[0].ask, *inner = &w->side[1].ask;

	if (w->d.f.check != DEVICE_CHECK_NEIGH)
		return outer;
	look_at_neighbour(w->watch, outer);
	if (!inner->address.family)
		return outer;
	look_at_neighbour(w->watch, inner);
	return outer->outcome == ASK_OK || outer->outcome == ASK_UNKNOWN ? inner : outer;
}

/* A device with one side has it twice. */
static struct through_side through_side(const struct watched *w, int i)
{
	const struct device_side *side = i ? &w->d.inner : &w->d.outer;
	struct through_side to = {};

	memcpy(to.interface, side->interface, sizeof(to.interface));
	to.has_mac = side->has_mac || w->has_mac[i];
	memcpy(to.mac, side->has_mac ? side->mac : w->mac[i], sizeof(to.mac));
	to.n_from = side->n_from;
	to.from = side->from;
	return to;
}

static void begin_through(struct watched *w)
{
	const struct through_side side[2] = {
		through_side(w, 0), through_side(w, *w->d.inner.interface != '\0'),
	};

	ask_through(w->watch->throughs, &w->through, &w->side[0].ask, w->d.f.v6, side);
}

static void begin(struct watched *w)
{
	struct ask *outer = &w->side[0].ask;
	struct watch *watch = w->watch;

	w->begun = true;
	outer->outcome = w->side[1].ask.outcome = ASK_OPEN;
	switch (w->d.f.check) {
	case DEVICE_CHECK_CONNECT:
		ask_tcp(watch->own, outer);
		break;
	case DEVICE_CHECK_IKE:
		ask_ike(watch->own, outer);
		break;
	case DEVICE_CHECK_THROUGH:
		begin_through(w);
		break;
	default:
		ask_neighbour(watch, &w->side[0]);
		if (w->side[1].ask.address.family)
			ask_neighbour(watch, &w->side[1]);
	}
}

static void begin_in(struct watched *w, uint32_t ms)
{
	ev_timer_stop(w->watch->own, &w->timer);
	ev_timer_set(&w->timer, ms / 1000.0, 0.0);
	ev_timer_start(w->watch->own, &w->timer);
}

/* The last try has come to its end. */
static enum trial_next settle(struct watched *w)
{
	enum trial_next next;
	struct ask *ask;

	/* which says how far it came */
	through_end(&w->through);
	ask = worse(w);

	if (ask->outcome == ASK_OPEN)
		snprintf(ask->why, sizeof(ask->why), "no answer within %u ms", w->d.f.timeout);
	pthread_mutex_lock(&w->watch->lock);
	snprintf(w->said, sizeof(w->said), "%s", ask->outcome == ASK_OK ? "" : ask->why);
	next = trial_tried(&w->trial, ask->outcome, w->d.f.tries, monotonic());
	if (next == TRIAL_FAILED)
		watched_changed(w);
	pthread_mutex_unlock(&w->watch->lock);
	return next;
}

static void on_tick(struct ev_loop *own, ev_timer *timer, int revents)
{
	struct watched *w = timer->data;

	if (w->begun && settle(w) != TRIAL_AGAIN) {
		w->begun = false;
		begin_in(w, w->d.f.interval - w->d.f.timeout);
		return;
	}
	begin(w);
	begin_in(w, w->d.f.timeout);
}

/* Signs */

void watched_check(struct watched *w)
{
	if (!w->begun && w->d.f.check != DEVICE_CHECK_NONE)
		begin_in(w, 0);
}

static int on_counters(const struct iq_kernel_device *d, void *arg)
{
	const struct iq_kernel_count *c = d->counter;
	struct watch *watch = arg;
	struct watched *w;
	uint64_t sent = c[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT].packets +
			c[IPSEC_QOS_DEVICE_COUNTER_INNER_SENT].packets;
	uint64_t returned = c[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED].packets +
			    c[IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED].packets;
	bool suspected = false;

	HASH_FIND(hh, watch->all, &d->id, sizeof(d->id), w);
	if (!w || w->d.f.kind == IPSEC_QOS_DEVICE_ROUTED)
		return 0;
	pthread_mutex_lock(&watch->lock);
	if (w->d.f.kind == IPSEC_QOS_DEVICE_TAP)
		trial_copied(&w->trial, sent, returned);
	else
		suspected = trial_counted(&w->trial, sent, returned,
					  w->d.server ? TRIAL_SYNS : TRIAL_PACKETS);
	pthread_mutex_unlock(&watch->lock);
	if (!suspected)
		return 0;
	log_debug("device %s is sent packets of which none comes back", w->d.name);
	watched_check(w);
	return 0;
}

static void count(struct watch *watch)
{
	int err = 0;

	if (!watch->all)
		return;
	if (!watch->k && iq_kernel_open(&watch->k))
		watch->k = NULL;
	if (watch->k)
		err = iq_kernel_device_dump(watch->k, IPSEC_QOS_OWNER_DAEMON, on_counters, watch);
	watch->even = !watch->even;
	if (watch->k && !err && watch->even)
		err = syns_count(watch);
	/* an interrupted dump has told of some: the others are told of next time */
	if (!err || err == -EINTR)
		return;
	iq_kernel_close(watch->k);
	watch->k = NULL;
}

static void on_upkeep(struct ev_loop *own, ev_timer *w, int revents)
{
	struct watch *watch = w->data;

	macs_keep(watch);
	modes_tick(watch);
	throughs_tidy(watch->throughs);
	if (claims_tick(watch->claims))
		conflicts_tell(watch);
	count(watch);
}

/* Which are watched */

/* Is it asked the same, however often? */
static bool asked_alike(const struct chain_device *a, const struct chain_device *b)
{
	return a->f.check == b->f.check && a->f.port == b->f.port && a->f.v6 == b->f.v6 &&
	       a->f.kind == b->f.kind &&
	       !memcmp(&a->outer, &b->outer, sizeof(a->outer)) &&
	       !memcmp(&a->inner, &b->inner, sizeof(a->inner));
}

/* Takes it out of what the loop sees; with the lock held. */
static void take_out(struct watch *watch, struct watched *w, struct some *gone)
{
	if (w->is_changed)
		TAILQ_REMOVE(&watch->changed, w, changed);
	HASH_DELETE(hh, watch->all, w);
	TAILQ_INSERT_TAIL(gone, w, changed);
}

static void forget(struct watch *watch, struct some *gone)
{
	struct watched *w;

	while ((w = TAILQ_FIRST(gone))) {
		TAILQ_REMOVE(gone, w, changed);
		ev_timer_stop(watch->own, &w->timer);
		ask_stop(watch->own, &w->side[0].ask);
		through_end(&w->through);
		macs_forget(watch, w);
		free(w);
	}
}

/* An address of a side, of whichever family; none where its MAC was given and is not asked */
static void init_side(struct watched *w, int i, const struct device_side *side)
{
	static const struct iq_addr none;
	const struct iq_addr *addr = side->address[0].family ? &side->address[0] :
							       &side->address[1];
	bool asked = i ? w->d.f.check == DEVICE_CHECK_NEIGH :
			 w->d.f.check != DEVICE_CHECK_NONE &&
			 w->d.f.check != DEVICE_CHECK_THROUGH;

	w->side[i].device = w;
	ask_init(&w->side[i].ask, side->has_mac && !asked ? &none : addr, w->d.f.port,
		 side->interface);
}

static struct watched *add(struct watch *watch, const struct chain_device *d, bool failed)
{
	struct watched *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->watch = watch;
	w->d = *d;
	w->trial.failed = failed;
	ev_init(&w->timer, on_tick);
	w->timer.data = w;
	init_side(w, 0, &d->outer);
	init_side(w, 1, &d->inner);
	HASH_ADD(hh, watch->all, d.id, sizeof(w->d.id), w);
	return w;
}

/*
 * Whether one that is watched has failed it knows best, as somebody may have admitted it since
 * the loop said so; its id may be another's now.
 */
static void take_one(struct watch *watch, const struct chain_device *d, bool failed,
		     struct some *gone)
{
	struct watched *w;

	HASH_FIND(hh, watch->all, &d->id, sizeof(d->id), w);
	if (w && !asked_alike(&w->d, d)) {
		take_out(watch, w, gone);
		w = NULL;
	}
	if (!w)
		w = add(watch, d, failed);
	if (!w) {
		log_err("device %s is not watched: out of memory", d->name);
		return;
	}
	w->stays = true;
	if (strcmp(w->d.name, d->name) != 0)
		w->trial.failed = failed;
	w->d = *d;
}

/* All at once, with the lock held: what the loop says meanwhile is of these or of those. */
static void take(struct watch *watch, const struct config *config, const bool *failed,
		 struct some *gone)
{
	struct watched *w, *next;
	size_t i;

	for (i = 0; i < config->chain.n_devices; i++)
		take_one(watch, &config->chain.devices[i], failed[i], gone);
	HASH_ITER(hh, watch->all, w, next) {
		if (!w->stays)
			take_out(watch, w, gone);
		else
			w->stays = false;
	}
}

static void begin_all(struct watch *watch)
{
	struct watched *w, *next;
	size_t i = 0;

	HASH_ITER(hh, watch->all, w, next) {
		if (w->d.f.check == DEVICE_CHECK_NONE)
			ev_timer_stop(watch->own, &w->timer);
		else if (!ev_is_active(&w->timer))
			/* not all at the same moment */
			begin_in(w, w->d.f.interval / 16 * (i % 16));
		i++;
	}
	if (watch->all && !ev_is_active(&watch->upkeep)) {
		ev_timer_set(&watch->upkeep, 0.0, UPKEEP);
		ev_timer_start(watch->own, &watch->upkeep);
	} else if (watch->all) {
		ev_feed_event(watch->own, &watch->upkeep, EV_TIMER);
	} else {
		/* who has no devices has nothing done for them */
		ev_timer_stop(watch->own, &watch->upkeep);
		iq_kernel_close(watch->k);
		watch->k = NULL;
	}
}

static void on_wake(struct ev_loop *own, ev_async *async, int revents)
{
	struct watch *watch = async->data;
	struct some gone = TAILQ_HEAD_INITIALIZER(gone);
	struct config *config;
	bool *failed, *unknown, stop;

	pthread_mutex_lock(&watch->lock);
	config = watch->wanted;
	failed = watch->wanted_failed;
	unknown = watch->wanted_unknown;
	watch->wanted = NULL;
	watch->wanted_failed = watch->wanted_unknown = NULL;
	stop = watch->stop;
	if (config && !stop)
		take(watch, config, failed, &gone);
	pthread_mutex_unlock(&watch->lock);
	if (config && !stop) {
		forget(watch, &gone);
		throughs_range(watch->throughs, &config->conf.check_ipv4,
			       &config->conf.check_ipv6);
		modes_config(watch, config, unknown);
		conflicts_config(watch, config);
		syns_config(watch, config);
		begin_all(watch);
	}
	config_free(config);
	free(failed);
	free(unknown);
	if (stop)
		ev_break(own, EVBREAK_ALL);
}

static void *work(void *arg)
{
	struct watch *watch = arg;

	ev_run(watch->own, 0);
	return NULL;
}

/* The daemon's loop */

static void tell_found(struct watch *watch)
{
	UT_array found;
	const struct watch_found *one;

	pthread_mutex_lock(&watch->lock);
	found = watch->found;
	watch->found = (UT_array)IQ_ARRAY(struct watch_found);
	pthread_mutex_unlock(&watch->lock);
	for (one = NULL; (one = (void *)utarray_next(&found, one)); )
		watch->ops->found(watch->arg, one->service, one->mode);
	utarray_done(&found);
}

static void on_told(struct ev_loop *loop, ev_async *async, int revents)
{
	struct watch *watch = async->data;
	struct watched *w;
	uint32_t id = 0;

	tell_found(watch);
	do {
		pthread_mutex_lock(&watch->lock);
		w = TAILQ_FIRST(&watch->changed);
		if (w) {
			id = w->d.id;
			w->is_changed = false;
			TAILQ_REMOVE(&watch->changed, w, changed);
		}
		pthread_mutex_unlock(&watch->lock);
		if (w)
			watch->ops->changed(watch->arg, id);
	} while (w);
	watch->ops->done(watch->arg);
}

static bool *copy_bools(const bool *from, size_t n)
{
	bool *copy = calloc(n + 1, sizeof(*copy));

	if (copy)
		memcpy(copy, from, n * sizeof(*copy));
	return copy;
}

static void drop_wanted(struct watch *watch)
{
	config_free(watch->wanted);
	free(watch->wanted_failed);
	free(watch->wanted_unknown);
}

int watch_config(struct watch *watch, struct config *config, const bool *failed,
		 const bool *unknown)
{
	bool *copy = copy_bools(failed, config->chain.n_devices);
	bool *modes = copy_bools(unknown, config->chain.n_services);

	if (!copy || !modes) {
		free(copy);
		free(modes);
		return -ENOMEM;
	}
	pthread_mutex_lock(&watch->lock);
	drop_wanted(watch);
	watch->wanted = config_hold(config);
	watch->wanted_failed = copy;
	watch->wanted_unknown = modes;
	pthread_mutex_unlock(&watch->lock);
	ev_async_send(watch->own, &watch->wake);
	return 0;
}

bool watch_state(struct watch *watch, uint32_t id, struct watch_state *state)
{
	double now = monotonic();
	struct watched *w;

	pthread_mutex_lock(&watch->lock);
	HASH_FIND(hh, watch->all, &id, sizeof(id), w);
	if (w) {
		*state = (struct watch_state){
			.trial = w->trial, .suspected = w->silent || trial_suspected(&w->trial),
			.since = w->trial.since ? now - w->trial.since : -1,
		};
		memcpy(state->has_mac, w->has_mac, sizeof(state->has_mac));
		memcpy(state->mac, w->mac, sizeof(state->mac));
		snprintf(state->why, sizeof(state->why), "%s", w->said);
	}
	pthread_mutex_unlock(&watch->lock);
	return w;
}

/* Of a configuration that is yet to be used */
static void admit_wanted(struct watch *watch, uint32_t id)
{
	size_t i;

	for (i = 0; watch->wanted && i < watch->wanted->chain.n_devices; i++)
		if (watch->wanted->chain.devices[i].id == id)
			watch->wanted_failed[i] = false;
}

bool watch_admit(struct watch *watch, uint32_t id)
{
	struct watched *w;

	pthread_mutex_lock(&watch->lock);
	HASH_FIND(hh, watch->all, &id, sizeof(id), w);
	if (w)
		trial_admit(&w->trial, monotonic());
	admit_wanted(watch, id);
	pthread_mutex_unlock(&watch->lock);
	return w;
}

/* With the lock held */
static const char *trouble(const struct watch *watch, size_t i, char *buf, size_t size)
{
	const struct watched *w;

	if (*watch->trouble && !i--) {
		snprintf(buf, size, "%s", watch->trouble);
		return buf;
	}
	if (i < watch->n_conflicts)
		return conflict_text(&watch->conflict[i], buf, size);
	i -= watch->n_conflicts;
	for (w = watch->all; w; w = w->hh.next) {
		if (!w->trial.forwards || i--)
			continue;
		snprintf(buf, size,
			 "device %s sends the copies back that it is sent, and they go on as packets of its own: net.ipv4.ip_forward=0 there, and net.ipv6.conf.all.forwarding=0",
			 w->d.name);
		return buf;
	}
	return NULL;
}

const char *watch_trouble(struct watch *watch, size_t i, char *buf, size_t size)
{
	const char *found;

	pthread_mutex_lock(&watch->lock);
	found = trouble(watch, i, buf, size);
	pthread_mutex_unlock(&watch->lock);
	return found;
}

static void free_all(struct watch *watch)
{
	struct some gone = TAILQ_HEAD_INITIALIZER(gone);
	struct watched *w, *next;

	modes_close(watch);
	HASH_ITER(hh, watch->all, w, next)
		take_out(watch, w, &gone);
	forget(watch, &gone);
	throughs_close(watch->throughs);
	claims_close(watch->claims);
	drop_wanted(watch);
	utarray_done(&watch->found);
	free(watch->syns);
	macs_close(watch);
	neighbours_close(watch->neighbours);
	iq_kernel_close(watch->k);
	if (watch->own)
		ev_loop_destroy(watch->own);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

void watch_sockets_open(struct watch_sockets *sockets)
{
	through_sockets_open(&sockets->through);
	sockets->claim = claim_sockets_open();
}

int watch_open(struct watch **out, struct ev_loop *loop, const struct watch_sockets *sockets,
	       const struct watch_ops *ops, void *arg)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return -ENOMEM;
	watch->loop = loop;
	watch->ops = ops;
	watch->arg = arg;
	TAILQ_INIT(&watch->changed);
	TAILQ_INIT(&watch->findings);
	watch->found = (UT_array)IQ_ARRAY(struct watch_found);
	pthread_mutex_init(&watch->lock, NULL);
	ev_async_init(&watch->on_told, on_told);
	watch->on_told.data = watch;
	watch->own = ev_loop_new(EVFLAG_NOENV);
	err = watch->own ? neighbours_open(&watch->neighbours) : -ENOMEM;
	if (!err) {
		watch->throughs = throughs_open(watch->own, &sockets->through);
		watch->claims = claims_open(watch->own, &sockets->claim);
		err = watch->throughs && watch->claims ? 0 : -ENOMEM;
	}
	if (!err)
		err = macs_open(watch);
	if (!err) {
		ev_async_init(&watch->wake, on_wake);
		watch->wake.data = watch;
		ev_async_start(watch->own, &watch->wake);
		ev_init(&watch->upkeep, on_upkeep);
		watch->upkeep.data = watch;
		err = thread_start(&watch->thread, work, watch);
	}
	if (err) {
		free_all(watch);
		return err;
	}
	ev_async_start(loop, &watch->on_told);
	*out = watch;
	return 0;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	ev_async_stop(watch->loop, &watch->on_told);
	pthread_mutex_lock(&watch->lock);
	watch->stop = true;
	pthread_mutex_unlock(&watch->lock);
	ev_async_send(watch->own, &watch->wake);
	if (thread_join(watch->thread, END_PATIENCE))
		free_all(watch);
}
