// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf() */
#include "chain/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/around.h"
#include "chain/found.h"
#include "chain/sync.h"
#include "clock.h"
#include "hands.h"
#include "lib/kernel/device.h"
#include "lib/value.h"
#include "log.h"

#define MEND		1.0	/* seconds until what somebody changed is put back */
#define RETRY_FIRST	1.0	/* seconds until what failed is tried again, */
#define RETRY_MAX	60.0	/* doubled each time up to this */
#define OWN_EVENT	5.0	/* seconds in which the kernel tells of what we did */

/* What is remembered of a device: bits */
enum { BY_HAND = 1, FAILED = 2 };

static const char *const words[] = {
	[BY_HAND] = "down", [FAILED] = "failed", [BY_HAND | FAILED] = "down and failed",
};

static const struct hands_kind hands_kind = {
	.object = "device", .words = words, .n_words = sizeof(words) / sizeof(words[0]),
	.max = IPSEC_QOS_DEVICES_MAX, .what = "which devices have failed or are down by hand",
};

/**
 * struct now - a device as it is now
 *
 * @bits: what takes it down, beside the configuration
 * @known: the state that the kernel has it in, as it told last
 * @said: somebody said how it is while what the kernel has was read, which may be of before
 * @ours: by state, until when an event of it is of what the daemon did
 * @has_mac, @mac: as the kernel's neighbours say
 */
struct now {
	uint8_t bits;
	uint8_t known;
	bool said;
	double ours[IPSEC_QOS_DEVICE_STATE_MAX + 1];
	bool has_mac[2];
	uint8_t mac[2][ETH_ALEN];
};

/**
 * struct mode_now - of a service of SERVICE_AUTO, how its server has its address
 *
 * @had: it was in the kernel, or is to be, though it may not be known
 * @mode: as it was found last, SERVICE_AUTO: not yet
 * @known: by what is asked of it now
 */
struct mode_now {
	bool had;
	enum service_mode mode;
	bool known;
};

/**
 * struct chain - see chain.h
 *
 * @modes: of each service
 * @now: of each device of @config
 * @found: what the kernel has, once @find is not busy
 * @find: reads that; nothing is stated meanwhile, as it would be gone
 * @fresh: what the kernel has is not known: the daemon or the module has just come
 * @changed: what is seen of devices did, and the kernel was not told yet
 * @due: all is to be stated, once the groups are
 * @all: all is to be stated, and that was not done yet
 * @partial: of what is to be swept unless it is stated, not all could be
 * @sure: what is to be mended somebody changed, and not we
 * @meddled: somebody changed what is the daemon's
 * @trouble: with the module
 */
struct chain {
	struct chain_setup setup;
	struct config *config;
	struct now *now;
	struct mode_now *modes;
	struct watch *watch;
	struct around *around;
	struct hands *hands;
	struct errand *sync;
	struct found *found;
	struct errand *find;
	bool fresh;
	bool changed;
	bool due;
	bool all;
	bool partial;
	bool sure;
	double delay;
	ev_timer retry;
	ev_timer mend;
	struct said meddled;
	struct said trouble;
};

/* States */

static bool is_down(const struct chain *c, size_t i)
{
	return c->config->chain.devices[i].down || c->now[i].bits;
}

static uint8_t state_of(const struct chain *c, size_t i)
{
	return is_down(c, i) ? IPSEC_QOS_DEVICE_DOWN : IPSEC_QOS_DEVICE_UP;
}

/* The place of a device in the configuration; -1: it is not there. */
static ssize_t place_of(const struct config *config, uint32_t id)
{
	size_t i;

	for (i = 0; i < config->chain.n_devices; i++)
		if (config->chain.devices[i].id == id)
			return i;
	return -1;
}

static void remember(struct chain *c)
{
	UT_array hands = IQ_ARRAY(struct hand);
	size_t i;

	for (i = 0; i < c->config->chain.n_devices; i++) {
		struct hand hand = { .state = c->now[i].bits };

		memcpy(hand.name, c->config->chain.devices[i].name, sizeof(hand.name));
		if (hand.state)
			iq_array_push(&hands, &hand);
	}
	hands_remember(c->hands, &hands);
	utarray_done(&hands);
}

/* Services whose mode is to be found wait for that, unless they were there before. */
static uint8_t how_of(const struct chain *c, size_t i)
{
	enum service_mode mode = c->config->chain.services[i].mode;

	if (mode == SERVICE_AUTO)
		mode = c->modes[i].mode;
	if (mode == SERVICE_NAT)
		return SERVICE_TRANSLATED;
	return mode == SERVICE_AUTO && !c->modes[i].had ? SERVICE_WAITS : SERVICE_PLAIN;
}

/* The module */

/* Have the kernel told what should be; what it is told it tells us, too. */
static void submit(struct chain *c)
{
	double until = monotonic() + OWN_EVENT;
	const struct chain_config *conf = &c->config->chain;
	struct chain_wanted *w;
	size_t i;

	/* then all is stated, as it is by then */
	if (errand_busy(c->find))
		return;
	w = chain_wanted_new(c->config, c->all);
	if (!w) {
		ev_timer_start(c->setup.loop, &c->retry);
		return;
	}
	for (i = 0; i < conf->n_devices; i++) {
		uint8_t state = state_of(c, i);

		w->now[i].down = state == IPSEC_QOS_DEVICE_DOWN;
		memcpy(w->now[i].has_mac, c->now[i].has_mac, sizeof(w->now[i].has_mac));
		memcpy(w->now[i].mac, c->now[i].mac, sizeof(w->now[i].mac));
		if (state != c->now[i].known)
			c->now[i].ours[state] = until;
	}
	for (i = 0; i < conf->n_services; i++)
		w->how[i] = how_of(c, i);
	errand_want(c->sync, w);
}

static void submit_all(struct chain *c)
{
	ev_timer_stop(c->setup.loop, &c->retry);
	c->all = true;
	/* while groups are stated it waits for them */
	if (!c->due)
		submit(c);
}

static void on_synced(void *arg, int err, const char *why)
{
	struct chain *c = arg;

	c->partial = err == STATING_PARTIAL;
	if (err == -ENODEV) {
		/* once it is there it is told */
		c->fresh = true;
		log_debug("devices are not stated: the module is not there");
	} else if (err) {
		log_once(&c->trouble, LOG_ERR, "%s; tried again", why);
		ev_timer_set(&c->retry, c->delay, 0.0);
		ev_timer_start(c->setup.loop, &c->retry);
		c->delay = c->delay * 2 < RETRY_MAX ? c->delay * 2 : RETRY_MAX;
	} else {
		c->all = false;
		c->delay = RETRY_FIRST;
		log_over(&c->trouble, "devices, chains and services are as they should be again");
	}
	/* the generation may be closed now */
	tables_kick(c->setup.tables);
	c->setup.settled(c->setup.arg);
}

static const struct errand_ops sync_ops = {
	.run = chain_sync_run, .free = chain_wanted_free, .end = chain_sync_end,
	.done = on_synced,
};

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	submit_all(w->data);
}

/* What the kernel has, that nobody has told us of */

/* A MAC that another daemon found serves until neighbours say otherwise. */
static void keep_mac(struct now *now, int i, const struct device_side *side,
		     const struct iq_kernel_side *found)
{
	if (now->has_mac[i] || side->has_mac || !found->has_mac ||
	    strcmp(side->interface, found->dev) != 0)
		return;
	now->has_mac[i] = true;
	memcpy(now->mac[i], found->mac, sizeof(now->mac[i]));
}

/* Who watches may have looked at it already. */
static void admit(struct chain *c, size_t i)
{
	c->now[i].bits = 0;
	c->now[i].said = errand_busy(c->find);
	watch_admit(c->watch, c->config->chain.devices[i].id);
}

static void on_found(struct chain *c, const struct iq_kernel_device *d)
{
	ssize_t i = place_of(c->config, d->id);
	const struct chain_device *wanted = i < 0 ? NULL : &c->config->chain.devices[i];

	if (!wanted)
		return;
	c->now[i].known = d->state;
	/* its id may be another's by now */
	if (strcmp(d->name, wanted->name) != 0)
		return;
	keep_mac(&c->now[i], 0, &wanted->outer, &d->outer);
	keep_mac(&c->now[i], 1, &wanted->inner, &d->inner);
	if (d->state == state_of(c, i) || c->now[i].said)
		return;
	if (d->state == IPSEC_QOS_DEVICE_DOWN)
		c->now[i].bits |= BY_HAND;
	else
		admit(c, i);
	log_info("device %s is %s, as it was found in the kernel", d->name,
		 is_down(c, i) ? "down" : "up");
}

/* What another daemon found out, and the kernel has */
static void on_found_service(struct chain *c, const struct found_service *found)
{
	struct mode_now *mode = &c->modes[found->place];

	if (mode->known)
		return;
	mode->had = true;
	if (found->nat)
		mode->mode = SERVICE_NAT;
}

static int give_to_watch(struct chain *c)
{
	size_t n = c->config->chain.n_devices, i;
	bool *failed = calloc(n + 1, sizeof(*failed));
	bool *unknown = calloc(c->config->chain.n_services + 1, sizeof(*unknown));
	int err = -ENOMEM;

	for (i = 0; failed && i < n; i++)
		failed[i] = c->now[i].bits & FAILED;
	for (i = 0; unknown && i < c->config->chain.n_services; i++)
		unknown[i] = c->config->chain.services[i].mode == SERVICE_AUTO &&
			     !c->modes[i].known;
	if (failed && unknown)
		err = watch_config(c->watch, c->config, failed, unknown);
	free(failed);
	free(unknown);
	return err;
}

static void find(struct chain *c)
{
	errand_want(c->find, config_hold(c->config));
}

static void on_all_found(void *arg, int err, const char *why)
{
	const struct found_service *service;
	const struct iq_kernel_device *d;
	struct chain *c = arg;
	size_t i;

	if (c->found->config != c->config) {
		/* a reload came between */
		find(c);
		return;
	}
	for (i = 0; i < c->config->chain.n_devices; i++)
		c->now[i].known = IPSEC_QOS_DEVICE_UP;
	for (d = NULL; !err && (d = (void *)utarray_next(&c->found->devices, d)); )
		on_found(c, d);
	for (service = NULL; !err && (service = (void *)utarray_next(&c->found->services, service)); )
		on_found_service(c, service);
	for (i = 0; i < c->config->chain.n_devices; i++)
		c->now[i].said = false;
	if (err == -ENODEV || err == -ENOENT)
		log_debug("what the module has is not known: it is not there");
	else if (err)
		log_warn("%s", why);
	c->fresh = err;
	remember(c);
	give_to_watch(c);
	submit_all(c);
}

static const struct errand_ops find_ops = {
	.run = found_run, .free = found_free, .end = found_end, .done = on_all_found,
};

static void on_restate(void *arg, bool came)
{
	struct chain *c = arg;

	c->fresh |= came;
	if (!c->config->chain.n_devices)
		c->fresh = false;
	c->due = true;
	if (c->fresh)
		find(c);
	submit_all(c);
}

static void on_grouped(void *arg)
{
	struct chain *c = arg;

	c->due = false;
	submit_all(c);
}

static bool is_busy(void *arg)
{
	struct chain *c = arg;

	return !chain_settled(c) || c->partial;
}

/* What the module tells */

/* Somebody's word: down stays, and up is what admits one that has failed. */
static void by_hand(struct chain *c, size_t i, uint8_t state)
{
	const struct chain_device *d = &c->config->chain.devices[i];

	if (state == IPSEC_QOS_DEVICE_DOWN) {
		c->now[i].bits |= BY_HAND;
		c->now[i].said = errand_busy(c->find);
		log_info("device %s: down by hand", d->name);
	} else {
		admit(c, i);
		log_info("device %s: up by hand%s", d->name,
			 d->down ? ", but down as it is configured" : "");
	}
	remember(c);
	/* which also has the errand know what the kernel has now */
	submit_all(c);
}

/* @found: its MAC, as the kernel's neighbours say; NULL: they do not */
static bool same_side(const struct device_side *side, const uint8_t *found,
		      const struct iq_kernel_side *told)
{
	const uint8_t *mac = side->has_mac ? side->mac : found;

	return !strcmp(side->interface, told->dev) &&
	       (!mac || (told->has_mac && !memcmp(mac, told->mac, ETH_ALEN))) &&
	       side->n_from == told->n_from &&
	       !memcmp(side->from, told->from, side->n_from * ETH_ALEN);
}

static bool same_device(const struct chain_device *d, const struct now *now,
			const struct iq_kernel_device *told)
{
	return told->owner == IPSEC_QOS_OWNER_DAEMON && !strcmp(d->name, told->name) &&
	       d->f.kind == told->kind && d->f.failure == told->failure &&
	       told->alternate == (d->alternate ? d->alternate->id : 0) &&
	       same_side(&d->outer, now->has_mac[0] ? now->mac[0] : NULL, &told->outer) &&
	       same_side(&d->inner, now->has_mac[1] ? now->mac[1] : NULL, &told->inner) &&
	       (d->f.kind != IPSEC_QOS_DEVICE_TAP ||
		(d->rate == told->rate && d->snap == told->snap));
}

static bool device_told(struct chain *c, enum ipsec_qos_event event,
			const struct iq_kernel_device *told)
{
	ssize_t i = place_of(c->config, told->id);
	double until;

	if (i < 0)
		return false;
	if (event == IPSEC_QOS_EVENT_DEL)
		return true;
	if (told->state > IPSEC_QOS_DEVICE_STATE_MAX)
		return false;
	until = c->now[i].ours[told->state];
	c->now[i].ours[told->state] = 0;
	c->now[i].known = told->state;
	if (monotonic() >= until && told->state != state_of(c, i))
		by_hand(c, i, told->state);
	return !same_device(&c->config->chain.devices[i], &c->now[i], told);
}

static bool chain_told(const struct chain *c, enum ipsec_qos_event event,
		       const struct iq_kernel_chain *told)
{
	const struct service_chain *wanted = NULL;
	size_t i;

	for (i = 0; i < c->config->chain.n_chains && !wanted; i++)
		if (c->config->chain.chains[i].id == told->id)
			wanted = &c->config->chain.chains[i];
	if (!wanted)
		return false;
	if (event == IPSEC_QOS_EVENT_DEL || told->owner != IPSEC_QOS_OWNER_DAEMON ||
	    strcmp(told->name, wanted->name) != 0 || told->n_steps != wanted->n_devices)
		return true;
	for (i = 0; i < told->n_steps; i++)
		if (told->steps[i] != wanted->devices[i]->id)
			return true;
	return false;
}

static bool service_told(const struct chain *c, enum ipsec_qos_event event,
			 const struct iq_kernel_service *told)
{
	const struct service *wanted = config_service(c->config, told->id);

	if (!wanted)
		return false;
	return event == IPSEC_QOS_EVENT_DEL || told->owner != IPSEC_QOS_OWNER_DAEMON ||
	       strcmp(told->name, wanted->name) != 0 || told->chain != wanted->chain->id ||
	       told->len != wanted->address.len || told->group != wanted->group ||
	       told->from_group != wanted->from_group || told->rate != wanted->limit ||
	       told->n_ports != wanted->n_ports || told->n_overrides != wanted->n_clients ||
	       memcmp(&told->addr, &wanted->address.addr, sizeof(told->addr)) != 0;
}

static void on_told(void *arg, const struct iq_event *ev)
{
	struct chain *c = arg;
	bool wrong = false;

	if (ev->what == IQ_EVENT_DEVICE)
		wrong = device_told(c, ev->event, &ev->device);
	else if (ev->what == IQ_EVENT_CHAIN)
		wrong = chain_told(c, ev->event, &ev->chain);
	else if (ev->what == IQ_EVENT_SERVICE)
		wrong = service_told(c, ev->event, &ev->service);
	/* what is told while it is being stated may be of before */
	c->sure |= wrong && !errand_busy(c->sync);
	if (wrong && !ev_is_active(&c->mend)) {
		ev_timer_set(&c->mend, MEND, 0.0);
		ev_timer_start(c->setup.loop, &c->mend);
	}
}

static void on_mend(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct chain *c = w->data;

	if (c->sure)
		log_once(&c->meddled, LOG_WARNING,
			 "somebody removed or changed devices, chains or services that the daemon made: they are put back, each time");
	c->sure = false;
	submit_all(c);
}

static const struct tables_follower follower = {
	.restate = on_restate, .grouped = on_grouped, .busy = is_busy, .told = on_told,
};

/* What is seen of devices */

static void failed(struct chain *c, size_t i, const char *why)
{
	const struct chain_device *d = &c->config->chain.devices[i];

	c->now[i].bits |= FAILED;
	log_warn("device %s has failed, by its checks: %s; it stays down until \"ipsec-qos device admit %s\"",
		 d->name, why, d->name);
	remember(c);
}

/* One that changes may be another appliance's that has taken the address. */
static void say_macs(const struct chain_device *d, const struct now *now,
		     const struct watch_state *state)
{
	char was[FORMAT_MAX], is[FORMAT_MAX];
	int i;

	for (i = 0; i < 2; i++)
		if (now->has_mac[i] && state->has_mac[i] &&
		    memcmp(now->mac[i], state->mac[i], ETH_ALEN) != 0)
			log_info("device %s has the MAC %s now, and no more %s", d->name,
				 format_mac(state->mac[i], is), format_mac(now->mac[i], was));
}

static void on_watched(void *arg, uint32_t id)
{
	struct chain *c = arg;
	ssize_t i = place_of(c->config, id);
	struct watch_state state;
	struct now *now;
	int side;

	if (i < 0 || !watch_state(c->watch, id, &state))
		return;
	now = &c->now[i];
	if (state.trial.failed && !(now->bits & FAILED))
		failed(c, i, state.why);
	say_macs(&c->config->chain.devices[i], now, &state);
	for (side = 0; side < 2; side++) {
		if (!state.has_mac[side])
			continue;
		now->has_mac[side] = true;
		memcpy(now->mac[side], state.mac[side], sizeof(now->mac[side]));
	}
	c->changed = true;
}

static void on_mode(void *arg, uint32_t service, enum service_mode mode)
{
	static const char *const names[] = {
		[SERVICE_LOOPBACK] = "loopback", [SERVICE_ALIAS] = "alias", [SERVICE_NAT] = "nat",
	};
	struct chain *c = arg;
	const struct service *s = config_service(c->config, service);
	struct mode_now *now;

	if (!s || s->mode != SERVICE_AUTO)
		return;
	now = &c->modes[s - c->config->chain.services];
	now->had = true;
	if (mode != SERVICE_AUTO) {
		now->mode = mode;
		now->known = true;
		log_info("service %s: device %s has its address as mode = %s says", s->name,
			 service_last(s)->name, names[mode]);
	} else {
		log_info("service %s: nothing answers by which its mode could be found out yet",
			 s->name);
	}
	c->changed = true;
}

/* There may have been very many. */
static void on_all_watched(void *arg)
{
	struct chain *c = arg;

	if (c->changed)
		submit(c);
	c->changed = false;
}

static const struct watch_ops watch_ops = {
	.changed = on_watched, .found = on_mode, .done = on_all_watched,
};

int chain_admit(struct chain *c, const char *name)
{
	const struct chain_device *d = config_device_named(c->config, name);
	size_t i;

	if (!d)
		return -ENOENT;
	i = d - c->config->chain.devices;
	if (c->now[i].bits)
		log_info("device %s is admitted%s", d->name,
			 d->down ? ", but down as it is configured" : "");
	admit(c, i);
	remember(c);
	submit(c);
	return i;
}

/* The configuration */

/*
 * The kernel and who watches know a device by its id, and people by its name: what is
 * remembered goes by that, and where it is new, by the id of one that is not there any more.
 */
static void take_over_one(const struct chain *c, const struct config *config,
			  const struct chain_device *d, struct now *now)
{
	const struct chain_device *named = config_device_named(c->config, d->name);
	ssize_t same_id = place_of(c->config, d->id);

	if (same_id >= 0)
		*now = c->now[same_id];
	if (named)
		now->bits = c->now[named - c->config->chain.devices].bits;
	else if (same_id < 0 ||
		 config_device_named(config, c->config->chain.devices[same_id].name))
		now->bits = 0;
	/* where the sides are others, who watches tells what their MACs are */
	if (same_id < 0 || memcmp(&d->outer, &c->config->chain.devices[same_id].outer,
				  sizeof(d->outer)))
		now->has_mac[0] = false;
	if (same_id < 0 || memcmp(&d->inner, &c->config->chain.devices[same_id].inner,
				  sizeof(d->inner)))
		now->has_mac[1] = false;
	/* what is not checked any more nobody would find to work again */
	if (d->f.check == DEVICE_CHECK_NONE)
		now->bits &= ~FAILED;
}

static struct now *take_over(const struct chain *c, const struct config *config)
{
	size_t n = config->chain.n_devices, i;
	struct now *now = calloc(n + 1, sizeof(*now));

	for (i = 0; now && c->config && i < n; i++)
		take_over_one(c, config, &config->chain.devices[i], &now[i]);
	return now;
}

/* What was found of a service is true as long as its server is the same. */
static struct mode_now *take_over_modes(const struct chain *c, const struct config *config)
{
	struct mode_now *modes = calloc(config->chain.n_services + 1, sizeof(*modes));
	const struct service *was, *is;
	size_t i;

	for (i = 0; modes && c->config && i < config->chain.n_services; i++) {
		is = &config->chain.services[i];
		was = config_service(c->config, is->id);
		if (!was || strcmp(was->name, is->name) != 0)
			continue;
		modes[i] = c->modes[was - c->config->chain.services];
		modes[i].had |= was->mode != SERVICE_AUTO;
		modes[i].known &= was->mode == SERVICE_AUTO &&
				  !strcmp(service_last(was)->name, service_last(is)->name) &&
				  !memcmp(&was->address, &is->address, sizeof(is->address)) &&
				  !memcmp(&was->server, &is->server, sizeof(is->server));
	}
	return modes;
}

int chain_config(struct chain *c, struct config *config)
{
	struct now *now = take_over(c, config), *was = c->now;
	struct mode_now *modes = take_over_modes(c, config), *modes_before = c->modes;
	struct config *before = c->config;
	int err = -ENOMEM;

	c->config = config_hold(config);
	c->now = now;
	c->modes = modes;
	if (now && modes)
		err = give_to_watch(c);
	if (err) {
		c->config = before;
		c->now = was;
		c->modes = modes_before;
		config_free(config);
		free(now);
		free(modes);
		return err;
	}
	config_free(before);
	free(was);
	free(modes_before);
	around_config(c->around, config);
	remember(c);
	return 0;
}

/* The door */

bool chain_settled(const struct chain *c)
{
	return !c->due && !errand_busy(c->find) && !errand_busy(c->sync);
}

void chain_device(const struct chain *c, size_t i, struct chain_device_state *state)
{
	*state = (struct chain_device_state){
		.down = is_down(c, i), .by_hand = c->now[i].bits & BY_HAND,
		.failed = c->now[i].bits & FAILED,
	};
	state->watched = watch_state(c->watch, c->config->chain.devices[i].id, &state->watch);
}

enum service_mode chain_mode(const struct chain *c, size_t i)
{
	enum service_mode mode = c->config->chain.services[i].mode;

	return mode == SERVICE_AUTO ? c->modes[i].mode : mode;
}

const char *chain_trouble(const struct chain *c, size_t i, char *buf, size_t size)
{
	const char *all[] = {
		*c->trouble.text ? c->trouble.text : NULL, hands_trouble(c->hands),
	};
	size_t j;

	for (j = 0; j < sizeof(all) / sizeof(all[0]); j++)
		if (all[j] && !i--)
			return all[j];
	for (j = 0; around_trouble(c->around, j); j++)
		if (!i--)
			return around_trouble(c->around, j);
	return watch_trouble(c->watch, i, buf, size);
}

static void read_hands(struct chain *c, const UT_array *hands)
{
	const struct chain_device *d;
	const struct hand *hand;

	for (hand = NULL; (hand = (void *)utarray_next((UT_array *)hands, hand)); ) {
		d = config_device_named(c->config, hand->name);
		if (d)
			c->now[d - c->config->chain.devices].bits = hand->state;
	}
}

static int open_hands(struct chain *c)
{
	UT_array hands = IQ_ARRAY(struct hand);
	char *path;
	int err;

	if (asprintf(&path, "%s/%s", c->setup.folder, DEVICES_FILE) < 0)
		return -ENOMEM;
	err = hands_open(&c->hands, c->setup.loop, &hands_kind, path, &hands);
	if (!err)
		read_hands(c, &hands);
	utarray_done(&hands);
	free(path);
	return err;
}

static int open_sync(struct chain *c)
{
	void *state = chain_sync_new();
	int err = state ? errand_open(&c->sync, c->setup.loop, &sync_ops, state, c) : -ENOMEM;

	if (err)
		free(state);
	else
		chain_sync_of(state, c->sync);
	return err;
}

static int open_find(struct chain *c)
{
	int err;

	c->found = found_new();
	err = c->found ? errand_open(&c->find, c->setup.loop, &find_ops, c->found, c) : -ENOMEM;
	if (err)
		free(c->found);
	return err;
}

int chain_open(struct chain **out, const struct chain_setup *setup)
{
	struct chain *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->setup = *setup;
	c->fresh = true;
	c->delay = RETRY_FIRST;
	ev_timer_init(&c->retry, on_retry, RETRY_FIRST, 0.0);
	ev_timer_init(&c->mend, on_mend, 0.0, 0.0);
	c->retry.data = c->mend.data = c;
	c->now = take_over(c, setup->config);
	c->modes = take_over_modes(c, setup->config);
	c->config = config_hold(setup->config);
	err = c->now && c->modes ? open_hands(c) : -ENOMEM;
	if (!err)
		err = open_sync(c);
	if (!err)
		err = open_find(c);
	if (!err)
		err = watch_open(&c->watch, setup->loop, setup->sockets, &watch_ops, c);
	if (!err)
		err = around_open(&c->around, setup->loop);
	if (!err) {
		around_config(c->around, c->config);
		/* what the kernel has is found first, if the module is there */
		tables_follow(setup->tables, &follower, c);
		err = errand_busy(c->find) ? 0 : give_to_watch(c);
	}
	if (err) {
		chain_close(c);
		return err;
	}
	*out = c;
	return 0;
}

void chain_close(struct chain *c)
{
	if (!c)
		return;
	ev_timer_stop(c->setup.loop, &c->retry);
	ev_timer_stop(c->setup.loop, &c->mend);
	tables_unfollow(c->setup.tables, c);
	watch_close(c->watch);
	around_close(c->around);
	errand_close(c->sync);
	errand_close(c->find);
	hands_close(c->hands);
	config_free(c->config);
	free(c->now);
	free(c->modes);
	free(c);
}
