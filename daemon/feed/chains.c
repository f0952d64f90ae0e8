// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/chains.h"

#include <errno.h>
#include <stdio.h>

#include "lib/text.h"
#include "lib/value.h"

static json_t *check_name(const struct device_function *f)
{
	return f->check == DEVICE_CHECK_NONE ? json_null() : json_string(device_check_name(f->check));
}

/* As it was given, or else as it was found */
static json_t *mac_json(const struct device_side *side, const struct chain_device_state *now, int i)
{
	char buf[FORMAT_MAX];

	if (side->has_mac)
		return json_string(format_mac(side->mac, buf));
	return now->watched && now->watch.has_mac[i] ?
	       json_string(format_mac(now->watch.mac[i], buf)) : json_null();
}

static const char *up_or_down(bool down)
{
	return down ? "down" : "up";
}

static json_t *device_json(const struct daemon *daemon, size_t i)
{
	const struct chain_device *d = &daemon->config->chain.devices[i];
	struct chain_device_state now;
	const struct trial *trial = &now.watch.trial;
	bool known;

	chain_device(daemon->chain, i, &now);
	known = now.watched && trial->asked;
	return json_pack("{s:s, s:I, s:s, s:s, s:b, s:b, s:o, s:I, s:o, s:o, s:o, s:I, s:b, s:o, s:o}",
			 "name", d->name, "id", (json_int_t)d->id,
			 "state", up_or_down(now.down), "configured", up_or_down(d->down),
			 "by_hand", now.by_hand, "failed", now.failed,
			 "check", check_name(&d->f), "interval", (json_int_t)d->f.interval,
			 "mac", mac_json(&d->outer, &now, 0),
			 "inner_mac", mac_json(&d->inner, &now, 1),
			 "ok", known ? json_boolean(trial->ok) : json_null(),
			 "passed", (json_int_t)(known ? trial->run : 0),
			 "suspected", now.watched && now.watch.suspected,
			 "since", now.watched && now.watch.since >= 0 ?
				  json_integer(now.watch.since) : json_null(),
			 "why", now.watched && *now.watch.why ? json_string(now.watch.why) :
								 json_null());
}

static json_t *service_json(const struct daemon *daemon, size_t i)
{
	static const char *const modes[] = {
		[SERVICE_AUTO] = "auto", [SERVICE_LOOPBACK] = "loopback",
		[SERVICE_ALIAS] = "alias", [SERVICE_NAT] = "nat", [SERVICE_CLIENT] = "client",
	};
	const struct service *s = &daemon->config->chain.services[i];
	enum service_mode mode = chain_mode(daemon->chain, i);

	return json_pack("{s:s, s:I, s:s, s:o}", "name", s->name, "id", (json_int_t)s->id,
			 "mode", modes[s->mode],
			 "found", mode == SERVICE_AUTO ? json_null() : json_string(modes[mode]));
}

static void add_services(const struct daemon *daemon, json_t *services, bool known)
{
	const struct chain_config *c = &daemon->config->chain;
	size_t i;

	for (i = 0; i < c->n_services && json_array_size(services) < CHAINS_SERVICES; i++)
		if (c->services[i].mode == SERVICE_AUTO &&
		    (chain_mode(daemon->chain, i) != SERVICE_AUTO) == known)
			json_array_append_new(services, service_json(daemon, i));
}

json_t *chains_all(const struct daemon *daemon)
{
	const struct chain_config *c = &daemon->config->chain;
	json_t *devices, *errors, *services;
	const char *trouble;
	char buf[512];
	size_t i;

	if (!c->n_devices && !chain_trouble(daemon->chain, 0, buf, sizeof(buf)))
		return json_null();
	devices = json_array();
	errors = json_array();
	services = json_array();
	for (i = 0; i < c->n_devices; i++)
		json_array_append_new(devices, device_json(daemon, i));
	/* there may be very many: some of those that it is found out of, what is unknown first */
	add_services(daemon, services, false);
	add_services(daemon, services, true);
	for (i = 0; (trouble = chain_trouble(daemon->chain, i, buf, sizeof(buf))); i++)
		json_array_append_new(errors, json_string(trouble));
	return json_pack("{s:o, s:o, s:o}", "errors", errors, "devices", devices,
			 "services", services);
}

int chains_admit(const struct daemon *daemon, const char *name, json_t **json, char *why,
		 size_t size)
{
	int i = name ? chain_admit(daemon->chain, name) : -ENOENT;
	char buf[TEXT_VALUE];

	if (i >= 0) {
		*json = device_json(daemon, i);
		return 0;
	}
	snprintf(why, size, "there is no device '%s': expected the name of a section device",
		 text_clip(buf, sizeof(buf), name ? name : ""));
	return i;
}
