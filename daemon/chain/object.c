// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void side(const struct device_side *side, const struct device_now *now, int i,
		 struct iq_kernel_side *to)
{
	memcpy(to->dev, side->interface, sizeof(to->dev));
	to->has_mac = side->has_mac || now->has_mac[i];
	memcpy(to->mac, side->has_mac ? side->mac : now->mac[i], sizeof(to->mac));
	to->n_from = side->n_from;
	memcpy(to->from, side->from, sizeof(to->from));
}

void object_device(const struct chain_device *d, const struct device_now *now,
		   struct iq_kernel_device *to)
{
	*to = (struct iq_kernel_device){
		.id = d->id, .kind = d->f.kind, .failure = d->f.failure,
		.has = IQ_DEVICE_KIND | IQ_DEVICE_SIDES | IQ_DEVICE_STATE |
		       IQ_DEVICE_ALTERNATE | IQ_DEVICE_FAILURE,
		.state = now->down ? IPSEC_QOS_DEVICE_DOWN : IPSEC_QOS_DEVICE_UP,
		.alternate = d->alternate ? d->alternate->id : 0,
	};
	memcpy(to->name, d->name, sizeof(to->name));
	side(&d->outer, now, 0, &to->outer);
	if (*d->inner.interface)
		side(&d->inner, now, 1, &to->inner);
	if (d->f.kind != IPSEC_QOS_DEVICE_TAP)
		return;
	to->has |= IQ_DEVICE_RATE | IQ_DEVICE_SNAP;
	to->rate = d->rate;
	to->snap = d->snap;
}

void object_chain(const struct service_chain *chain, struct iq_kernel_chain *to)
{
	size_t i;

	*to = (struct iq_kernel_chain){ .id = chain->id, .n_steps = chain->n_devices };
	memcpy(to->name, chain->name, sizeof(to->name));
	for (i = 0; i < chain->n_devices; i++)
		to->steps[i] = chain->devices[i]->id;
}

/* Those that are written, and that of the server, if this host translates to it. */
static int segments(const struct service *s, bool nat, struct iq_kernel_service *to)
{
	const struct chain_device *last = service_last(s);
	struct iq_kernel_segment *segment;
	size_t i;

	if (!s->n_segments && !nat)
		return 0;
	to->segments = calloc(s->n_segments + 1, sizeof(*to->segments));
	if (!to->segments)
		return -ENOMEM;
	for (i = 0; i < s->n_segments; i++)
		to->segments[to->n_segments++] = (struct iq_kernel_segment){
			.device = s->segments[i].device->id,
			.to = s->segments[i].to, .to_port = s->segments[i].to_port,
			.from = s->segments[i].from,
			.n_from_ports = s->segments[i].n_from_ports,
			.from_ports = s->segments[i].from_ports,
		};
	if (!nat)
		return 0;
	for (i = 0; i < s->n_segments && s->segments[i].device != last; i++)
		;
	segment = &to->segments[i];
	to->n_segments = i < s->n_segments ? s->n_segments : i + 1;
	segment->device = last->id;
	segment->to = s->server;
	segment->to_port = s->server_port;
	return 0;
}

static int acl(const struct service *s, struct iq_kernel_service *to)
{
	size_t i;

	if (!s->n_rules)
		return 0;
	to->acl = calloc(s->n_rules, sizeof(*to->acl));
	if (!to->acl)
		return -ENOMEM;
	for (i = 0; i < s->n_rules; i++) {
		const struct service_rule *rule = &s->rules[i];

		to->acl[i].allow = rule->allow;
		memcpy(to->acl[i].dev, rule->interface, sizeof(to->acl[i].dev));
		to->acl[i].addr = rule->prefix.addr;
		to->acl[i].len = rule->prefix.len;
	}
	to->n_acl = s->n_rules;
	return 0;
}

static int overrides(const struct service *s, struct iq_kernel_service *to)
{
	size_t i;

	if (!s->n_clients)
		return 0;
	to->overrides = calloc(s->n_clients, sizeof(*to->overrides));
	if (!to->overrides)
		return -ENOMEM;
	for (i = 0; i < s->n_clients; i++)
		to->overrides[i] = (struct iq_kernel_override){
			.addr = s->clients[i].prefix.addr, .len = s->clients[i].prefix.len,
			.chain = s->clients[i].chain->id,
		};
	to->n_overrides = s->n_clients;
	return 0;
}

int object_service(const struct service *s, bool nat, struct iq_kernel_service *to)
{
	*to = (struct iq_kernel_service){
		.id = s->id, .addr = s->address.addr, .len = s->address.len,
		.mode = s->mode == SERVICE_CLIENT ? IPSEC_QOS_SERVICE_CLIENT :
						    IPSEC_QOS_SERVICE_SERVER,
		.chain = s->chain->id, .group = s->group, .from_group = s->from_group,
		.rate = s->limit, .n_ports = s->n_ports, .ports = s->ports,
	};
	memcpy(to->name, s->name, sizeof(to->name));
	if (!segments(s, nat, to) && !acl(s, to) && !overrides(s, to))
		return 0;
	object_service_free(to);
	return -ENOMEM;
}

void object_service_free(struct iq_kernel_service *to)
{
	free(to->segments);
	free(to->acl);
	free(to->overrides);
	*to = (struct iq_kernel_service){};
}
