// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the last device of a service's chain has its address, where nobody said so: it is asked
 * by the kernel's neighbours whether it answers for the address, by a connection to the
 * address at its MAC whether it has it without answering, and by one to its own address whether
 * it serves there. All of it before the kernel has the service, which would take the answers.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "chain/watch_priv.h"
#include "log.h"

#define AT_A_TIME	64	/* services that are asked for */
#define REST		10	/* turns, until one that nothing was found of is asked again */
#define PATIENCE	2	/* turns in which a connection may come */

/**
 * enum step - what was asked last
 */
enum step {
	STEP_REST,
	STEP_NEIGHBOUR,
	STEP_ADDRESS,
	STEP_SERVER,
};

/**
 * struct finding - a service whose mode is to be found
 *
 * @device: the id of its last one
 * @port: of TCP, 0: it has none, and connections tell nothing
 * @ask: its address, at the device's MAC
 * @server: the server's own address, of family 0: it has none
 * @fixed: the kernel knows that address for good, as somebody said: that is left as it is
 * @turns: since the last step; negative: until the next
 * @told: that nothing was found yet
 */
struct finding {
	TAILQ_ENTRY(finding) list;
	uint32_t service;
	uint32_t device;
	uint16_t port;
	struct ask ask;
	struct ask server;
	enum step step;
	bool fixed;
	int turns;
	bool told;
};

static bool busy(const struct finding *f)
{
	return f->step != STEP_REST;
}

/* What was put into the kernel's neighbours for this goes again. */
static void stop(struct watch *watch, struct finding *f)
{
	unsigned int device;

	if (!busy(f))
		return;
	ask_stop(watch->own, &f->ask);
	ask_stop(watch->own, &f->server);
	device = f->fixed ? 0 : if_nametoindex(f->ask.device);
	if (device)
		neighbour_forget(watch->neighbours, &f->ask, device);
	f->step = STEP_REST;
}

static void drop(struct watch *watch, struct finding *f)
{
	stop(watch, f);
	TAILQ_REMOVE(&watch->findings, f, list);
	free(f);
}

static void tell(struct watch *watch, const struct finding *f, enum service_mode mode)
{
	struct watch_found one = { .service = f->service, .mode = mode };

	pthread_mutex_lock(&watch->lock);
	if (!iq_array_push(&watch->found, &one))
		log_err("the mode of a service is not known: out of memory");
	if (!watch->stop)
		ev_async_send(watch->loop, &watch->on_told);
	pthread_mutex_unlock(&watch->lock);
}

static void found(struct watch *watch, struct finding *f, enum service_mode mode)
{
	tell(watch, f, mode);
	drop(watch, f);
}

/* Nothing answers, be it that the server is not there: it is asked again. */
static void again(struct watch *watch, struct finding *f)
{
	stop(watch, f);
	f->turns = -REST;
	if (!f->told)
		tell(watch, f, SERVICE_AUTO);
	f->told = true;
}

static bool answered(const struct ask *ask)
{
	return ask->outcome == ASK_OK || ask->refused;
}

static void ask_server(struct watch *watch, struct finding *f)
{
	if (!f->server.address.family || !f->port) {
		again(watch, f);
		return;
	}
	f->step = STEP_SERVER;
	f->turns = 0;
	f->server.outcome = ASK_OPEN;
	ask_tcp(watch->own, &f->server);
}

static void ask_address(struct watch *watch, struct finding *f, unsigned int device,
			const uint8_t *mac)
{
	if (!f->port) {
		/* of what else is there nobody answers by itself: it is taken as it is */
		found(watch, f, SERVICE_LOOPBACK);
		return;
	}
	f->step = STEP_ADDRESS;
	f->turns = 0;
	f->ask.outcome = ASK_OPEN;
	if (f->fixed || !neighbour_set(watch->neighbours, &f->ask, device, mac, NUD_PERMANENT))
		ask_tcp(watch->own, &f->ask);
}

static void begin(struct watch *watch, struct finding *f, unsigned int device,
		  const uint8_t *mac)
{
	uint16_t state;

	if (neighbour_state(watch->neighbours, &f->ask, device, &state)) {
		f->turns = -REST;
		return;
	}
	f->fixed = state & NEIGHBOUR_FIXED;
	if (!f->fixed && neighbour_set(watch->neighbours, &f->ask, device, mac, NUD_PROBE)) {
		f->turns = -REST;
		return;
	}
	f->step = STEP_NEIGHBOUR;
	f->turns = 0;
}

static void turn(struct watch *watch, struct finding *f)
{
	unsigned int device;
	const uint8_t *mac;
	struct watched *w;
	uint16_t state;

	HASH_FIND(hh, watch->all, &f->device, sizeof(f->device), w);
	mac = !w ? NULL : w->d.outer.has_mac ? w->d.outer.mac : w->has_mac[0] ? w->mac[0] : NULL;
	device = mac ? if_nametoindex(f->ask.device) : 0;
	if (!device) {
		again(watch, f);
		return;
	}
	switch (f->step) {
	case STEP_REST:
		begin(watch, f, device, mac);
		break;
	case STEP_NEIGHBOUR:
		if (!neighbour_state(watch->neighbours, &f->ask, device, &state) &&
		    state & NUD_REACHABLE)
			found(watch, f, SERVICE_ALIAS);
		else
			ask_address(watch, f, device, mac);
		break;
	case STEP_ADDRESS:
		if (answered(&f->ask))
			found(watch, f, SERVICE_LOOPBACK);
		else if (f->turns > PATIENCE)
			ask_server(watch, f);
		break;
	case STEP_SERVER:
		if (answered(&f->server))
			found(watch, f, SERVICE_NAT);
		else if (f->turns > PATIENCE)
			again(watch, f);
		break;
	}
}

void modes_tick(struct watch *watch)
{
	struct finding *f, *next;
	unsigned int n = 0;

	TAILQ_FOREACH(f, &watch->findings, list)
		n += busy(f);
	for (f = TAILQ_FIRST(&watch->findings); f; f = next) {
		next = TAILQ_NEXT(f, list);
		if (f->turns++ < 0 || (!busy(f) && n >= AT_A_TIME))
			continue;
		n += !busy(f);
		turn(watch, f);
	}
}

/* The first port of TCP; 0: it has none. One without ports has whichever the server has. */
static uint16_t tcp_port(const struct service *s)
{
	size_t i;

	for (i = 0; i < s->n_ports; i++)
		if (s->ports[i].proto == IPPROTO_TCP)
			return s->ports[i].first;
	return 0;
}

static void add(struct watch *watch, const struct service *s)
{
	const struct chain_device *last = service_last(s);
	struct finding *f = calloc(1, sizeof(*f));

	if (!f) {
		log_err("the mode of service %s is not found out: out of memory", s->name);
		return;
	}
	f->service = s->id;
	f->device = last->id;
	f->port = tcp_port(s);
	ask_init(&f->ask, &s->address.addr, f->port, last->outer.interface);
	/* one that has not the address must not send it on */
	f->ask.ttl = 1;
	ask_init(&f->server, &s->server, f->port, last->outer.interface);
	TAILQ_INSERT_TAIL(&watch->findings, f, list);
}

void modes_config(struct watch *watch, const struct config *config, const bool *unknown)
{
	size_t i;

	modes_close(watch);
	for (i = 0; i < config->chain.n_services; i++)
		if (unknown[i])
			add(watch, &config->chain.services[i]);
}

void modes_close(struct watch *watch)
{
	while (!TAILQ_EMPTY(&watch->findings))
		drop(watch, TAILQ_FIRST(&watch->findings));
}
