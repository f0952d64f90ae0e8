// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Services whose server answers nobody: what clients began, and whether anything of the service
 * came back, by the module's counters. Another service's answers from the same server do not
 * hide that, as they do in the counters of devices. Only while services are few: to read very
 * many once a second would cost more than it tells.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/watch_priv.h"
#include "lib/kernel/service.h"
#include "log.h"

#define SERVICES	1024	/* that are looked at; of more, none is */

/**
 * struct syns - a service
 *
 * @device: the id of its server
 */
struct syns {
	uint32_t service;
	uint32_t device;
	struct trial_answers answers;
};

static int compare(const void *a, const void *b)
{
	const struct syns *x = a, *y = b;

	return x->service < y->service ? -1 : x->service > y->service;
}

/* What came back of it, from whichever port that it has at its server */
static uint64_t back_of(const struct iq_kernel_service *s)
{
	uint64_t back = s->back.packets;
	size_t i, j;

	for (i = 0; i < s->n_ports; i++)
		back += s->ports[i].back.packets;
	for (i = 0; i < s->n_segments; i++)
		for (j = 0; j < s->segments[i].n_from_ports; j++)
			back += s->segments[i].from_ports[j].back.packets;
	return back;
}

static int on_service(const struct iq_kernel_service *s, void *arg)
{
	struct syns key = { .service = s->id }, *found;
	struct watch *watch = arg;
	struct watched *w;
	bool begins;

	found = bsearch(&key, watch->syns, watch->n_syns, sizeof(*found), compare);
	if (!found)
		return 0;
	HASH_FIND(hh, watch->all, &found->device, sizeof(found->device), w);
	if (!w)
		return 0;
	begins = trial_answered(&found->answers, s->syns.packets, back_of(s));
	pthread_mutex_lock(&watch->lock);
	w->silent += trial_silent(&found->answers);
	pthread_mutex_unlock(&watch->lock);
	if (!begins)
		return 0;
	log_debug("service %s: device %s answers nobody who begins", s->name, w->d.name);
	watched_check(w);
	return 0;
}

int syns_count(struct watch *watch)
{
	struct watched *w;

	if (!watch->n_syns)
		return 0;
	pthread_mutex_lock(&watch->lock);
	for (w = watch->all; w; w = w->hh.next)
		w->silent = 0;
	pthread_mutex_unlock(&watch->lock);
	return iq_kernel_service_dump(watch->k, IPSEC_QOS_OWNER_DAEMON, on_service, watch);
}

void syns_config(struct watch *watch, const struct config *config)
{
	const struct chain_config *c = &config->chain;
	size_t i;

	free(watch->syns);
	watch->n_syns = 0;
	watch->syns = c->n_services && c->n_services <= SERVICES ?
		      calloc(c->n_services, sizeof(*watch->syns)) : NULL;
	for (i = 0; watch->syns && i < c->n_services; i++) {
		const struct service *s = c->ids[i];

		/* whoever is asked by clients that are the service is many */
		if (s->mode == SERVICE_CLIENT)
			continue;
		watch->syns[watch->n_syns++] = (struct syns){
			.service = s->id, .device = service_last(s)->id,
		};
	}
}
