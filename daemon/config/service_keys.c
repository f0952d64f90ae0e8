// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of which service is a packet? Each address, protocol and port, as clients and devices see
 * them, has to be of one service alone: nothing else of a packet is looked at.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/value.h"

/**
 * struct key - what packets of a service have
 *
 * @client: it is the clients' address
 * @back: on the way back it is the source that has it
 * @translated: it is not the service's own
 * @service: its place
 */
struct key {
	uint8_t client;
	uint8_t back;
	uint8_t family;
	uint8_t len;
	uint8_t addr[16];
	uint8_t proto;
	uint16_t first;
	uint16_t last;
	bool translated;
	uint32_t service;
};

/**
 * struct seen - a service's address and ports at some place of its chain
 */
struct seen {
	struct iq_addr addr;
	const struct iq_kernel_port *ports;
	size_t n_ports;
	struct iq_kernel_port one;
};

static bool add_key(struct reader *r, UT_array *keys, const struct service *service,
		    const struct seen *seen, bool back, const struct iq_kernel_port *ports)
{
	struct key key = {
		.client = service->mode == SERVICE_CLIENT, .back = back,
		.family = seen->addr.family, .len = service->address.len, .proto = ports->proto,
		.first = ports->first, .last = ports->last,
		.translated = memcmp(&seen->addr, &service->address.addr, sizeof(seen->addr)) != 0 ||
			      seen->ports != service->ports,
		.service = service - r->config->chain.services,
	};

	memcpy(key.addr, seen->addr.b, sizeof(key.addr));
	return iq_array_push(keys, &key) || conf_no_memory(r);
}

static bool add_keys(struct reader *r, UT_array *keys, const struct service *service,
		     const struct seen *seen, bool back)
{
	static const struct iq_kernel_port all = { .last = IQ_PORT_LAST };
	size_t i;

	for (i = 0; i < seen->n_ports; i++)
		if (!add_key(r, keys, service, seen, back, &seen->ports[i]))
			return false;
	return seen->n_ports || add_key(r, keys, service, seen, back, &all);
}

/* Only one single port becomes another, as @device is sent it. */
static bool take_port(struct reader *r, const struct conf_section *s,
		      const struct chain_device *device, struct seen *seen, uint16_t port)
{
	const struct iq_kernel_port *p = seen->ports;

	if (!port)
		return true;
	if (seen->n_ports != 1 || p->first != p->last)
		return conf_fail(r, s, s->line,
				 "service '%s': device '%s' is to be sent port %u, and the device before it sends on more than one: expected from-ports of one port there",
				 s->title, device->name, port);
	seen->one = (struct iq_kernel_port){ .proto = p->proto, .first = port, .last = port };
	seen->ports = &seen->one;
	return true;
}

/* As they are at each step, from the first on. */
static bool walk(struct reader *r, const struct conf_section *s, UT_array *keys,
		 const struct service *service)
{
	const struct service_segment *segment;
	const struct chain_device *device;
	struct seen seen = {
		.addr = service->address.addr, .ports = service->ports,
		.n_ports = service->n_ports,
	};
	size_t i;

	if (!add_keys(r, keys, service, &seen, false))
		return false;
	/* other chains translate nothing */
	if (service->n_clients && !add_keys(r, keys, service, &seen, true))
		return false;
	for (i = 0; i < service->chain->n_devices; i++) {
		device = service->chain->devices[i];
		segment = service_segment_of(service, device);
		if (segment && segment->to.family)
			seen.addr = segment->to;
		if (segment && !take_port(r, s, device, &seen, segment->to_port))
			return false;
		if (service->mode == SERVICE_NAT && device == service_last(service)) {
			seen.addr = service->server;
			if (!take_port(r, s, device, &seen, service->server_port))
				return false;
		}
		if (!add_keys(r, keys, service, &seen, true))
			return false;
		if (!segment || (!segment->from.family && !segment->n_from_ports))
			continue;
		if (segment->from.family)
			seen.addr = segment->from;
		if (segment->n_from_ports) {
			seen.ports = segment->from_ports;
			seen.n_ports = segment->n_from_ports;
		}
		if (!add_keys(r, keys, service, &seen, false))
			return false;
	}
	return true;
}

/* What is alike in keys of which one port is one service's: all up to the ports */
#define HEAD	(offsetof(struct key, proto) + 1)

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int ret = memcmp(x, y, HEAD);

	if (!ret)
		ret = x->first - y->first;
	if (!ret)
		ret = x->service < y->service ? -1 : x->service > y->service;
	return ret ? ret : x->last - y->last;
}

static bool taken(struct reader *r, const struct conf_section **sections, const struct key *a,
		  const struct key *b)
{
	const struct service *services = r->config->chain.services;
	/* whichever stands first in the file was there first */
	const struct key *first = a->service < b->service ? a : b;
	const struct key *key = first == a ? b : a;
	struct prefix prefix = { .addr = { .family = key->family }, .len = key->len };
	struct iq_kernel_port ports = {
		.proto = key->proto, .first = key->first, .last = key->last,
	};
	const struct conf_section *s = sections[key->service], *other = sections[first->service];
	const struct conf_value *at = conf_find(s, ports.proto ? "ports" : "address");
	char addr[PREFIX_TEXT], text[FORMAT_MAX];
	unsigned int line = at ? at->line : s->line;

	memcpy(prefix.addr.b, key->addr, sizeof(key->addr));
	prefix_text(&prefix, addr);
	service_ports_text(&ports, text);
	if (key->back && (key->translated || first->translated))
		return conf_fail(r, s, s->line,
				 "service '%s': %s at %s answers for service '%s' (%s:%u), too, so that nobody could tell of which of the two an answer is: expected mode = alias or loopback for one of them, with its address at the server, or another server-port or to-port",
				 services[key->service].name, text, addr,
				 services[first->service].name, other->file, other->line);
	if (key->translated || first->translated)
		return conf_fail(r, s, s->line,
				 "service '%s': %s at %s is of service '%s' (%s:%u), too, as a device sends it on: expected another address or port in from, from-ports or the service",
				 services[key->service].name, text, addr,
				 services[first->service].name, other->file, other->line);
	return conf_fail(r, s, line,
			 "service '%s': %s of %s is service '%s''s (%s:%u): expected ports that have none in common",
			 services[key->service].name, text, addr, services[first->service].name,
			 other->file, other->line);
}

/*
 * In the order of their first ports: of those before, the one that reaches furthest, and the
 * furthest of another service than that.
 */
static bool check(struct reader *r, const struct conf_section **sections,
		  const struct key *keys, size_t n)
{
	const struct key *far[2] = { NULL, NULL }, *key, *hit;
	size_t i;

	for (i = 0; i < n; i++) {
		key = &keys[i];
		if (far[0] && memcmp(far[0], key, HEAD) != 0)
			far[0] = far[1] = NULL;
		hit = far[0] && far[0]->service == key->service ? far[1] : far[0];
		if (hit && hit->last >= key->first)
			return taken(r, sections, hit, key);
		if (!far[0] || key->last >= far[0]->last) {
			if (far[0] && far[0]->service != key->service)
				far[1] = far[0];
			far[0] = key;
		} else if (far[0]->service != key->service &&
			   (!far[1] || key->last > far[1]->last)) {
			far[1] = key;
		}
	}
	return true;
}

bool conf_service_keys(struct reader *r, const struct conf_section **sections)
{
	const struct chain_config *c = &r->config->chain;
	UT_array keys = IQ_ARRAY(struct key);
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < c->n_services; i++)
		ok = walk(r, sections[i], &keys, &c->services[i]);
	if (ok && utarray_len(&keys)) {
		utarray_sort(&keys, compare);
		ok = check(r, sections, (void *)utarray_front(&keys), utarray_len(&keys));
	}
	utarray_done(&keys);
	return ok;
}
