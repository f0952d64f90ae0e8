// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of devices and services that more than one host answers for, at the interfaces where
 * devices are: packets would go to whoever answers first.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/watch_priv.h"
#include "errand.h"
#include "lib/value.h"
#include "log.h"

/** struct list - what is asked for, at most CLAIMS_MAX */
struct list {
	struct claimed *claims;
	size_t n;
};

static void add(struct list *list, const char *what, const char *name, const char *interface,
		const struct iq_addr *addr)
{
	struct claimed *claim = &list->claims[list->n];

	if (!addr->family || !*interface || list->n == CLAIMS_MAX)
		return;
	snprintf(claim->interface, sizeof(claim->interface), "%s", interface);
	snprintf(claim->of, sizeof(claim->of), "%s %s", what, name);
	claim->addr = *addr;
	list->n++;
}

static void add_side(struct list *list, const struct chain_device *d,
		     const struct device_side *side)
{
	int i;

	for (i = 0; i < 2; i++)
		add(list, "device", d->name, side->interface, &side->address[i]);
}

/* A server answers for its service or not; nobody else does where a chain goes. */
static void add_service(struct list *list, const struct service *s)
{
	size_t i;

	if (s->mode == SERVICE_CLIENT)
		return;
	for (i = 0; i < s->chain->n_devices; i++) {
		const struct chain_device *d = s->chain->devices[i];

		add(list, "service", s->name, d->outer.interface, &s->address.addr);
		add(list, "service", s->name, d->inner.interface, &s->address.addr);
	}
}

void conflicts_config(struct watch *watch, const struct config *config)
{
	const struct chain_config *c = &config->chain;
	struct list list = { .claims = calloc(CLAIMS_MAX + 1, sizeof(*list.claims)) };
	size_t i;

	if (!list.claims) {
		log_err("who answers for the addresses of devices is not looked at: out of memory");
		return;
	}
	for (i = 0; i < c->n_devices; i++) {
		add_side(&list, &c->devices[i], &c->devices[i].outer);
		add_side(&list, &c->devices[i], &c->devices[i].inner);
	}
	for (i = 0; i < c->n_services && list.n < CLAIMS_MAX; i++)
		add_service(&list, &c->services[i]);
	if (list.n == CLAIMS_MAX)
		log_debug("who answers for addresses is looked at for %u of them", CLAIMS_MAX);
	claims_use(watch->claims, list.claims, list.n);
	/* some may not be asked for any more */
	conflicts_tell(watch);
}

const char *conflict_text(const struct claimed *claim, char *buf, size_t size)
{
	char a[FORMAT_MAX], b[FORMAT_MAX], addr[INET6_ADDRSTRLEN];

	snprintf(buf, size,
		 "%s: both %s and %s answer for %s at %s: one of them is to be without it, or to have it on lo with arp_ignore=1, or to be on a VLAN of its own",
		 claim->of, format_mac(claim->mac[0], a), format_mac(claim->mac[1], b),
		 inet_ntop(claim->addr.family, claim->addr.b, addr, sizeof(addr)),
		 claim->interface);
	return buf;
}

void conflicts_tell(struct watch *watch)
{
	char text[ERRAND_WHY];
	const struct claimed *claim;
	size_t at = 0, n;

	pthread_mutex_lock(&watch->lock);
	for (n = 0; n < CONFLICTS && (claim = claims_next(watch->claims, &at)); n++) {
		if (!strcmp(watch->conflict[n].interface, claim->interface) &&
		    !memcmp(&watch->conflict[n].addr, &claim->addr, sizeof(claim->addr)))
			continue;
		watch->conflict[n] = *claim;
		log_warn("%s", conflict_text(claim, text, sizeof(text)));
	}
	watch->n_conflicts = n;
	pthread_mutex_unlock(&watch->lock);
}
