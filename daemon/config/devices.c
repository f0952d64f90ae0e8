// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections function and device: which appliances there are, where they are, and how it
 * is found out whether they work.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/value.h"

/* What a function says, and a device may say otherwise */

static bool word(struct reader *r, const struct conf_section *s, const char *key,
		 const char *const *words, size_t n, const char *expected, size_t *which,
		 bool *found)
{
	const struct conf_value *v;

	*found = false;
	if (!conf_get(r, s, key, &v))
		return false;
	if (!v)
		return true;
	*found = true;
	for (*which = 0; *which < n; ++*which)
		if (!strcmp(v->text, words[*which]))
			return true;
	return conf_fail(r, s, v->line, "%s = '%s': expected %s", key, conf_shown(r, v->text),
			 expected);
}

static const char *const checks[] = {
	[DEVICE_CHECK_NONE] = "none", [DEVICE_CHECK_NEIGH] = "neigh",
	[DEVICE_CHECK_CONNECT] = "connect", [DEVICE_CHECK_IKE] = "ike",
	[DEVICE_CHECK_THROUGH] = "through",
};

const char *device_check_name(enum device_check check)
{
	return checks[check];
}

static bool words(struct reader *r, const struct conf_section *s, struct device_function *f)
{
	static const char *const kinds[] = {
		[IPSEC_QOS_DEVICE_HOP] = "hop", [IPSEC_QOS_DEVICE_TAP] = "tap",
		[IPSEC_QOS_DEVICE_ROUTED] = "routed",
	};
	static const char *const failures[] = {
		[IPSEC_QOS_DEVICE_FAILURE_DROP] = "drop", [IPSEC_QOS_DEVICE_FAILURE_SKIP] = "skip",
	};
	bool found;
	size_t i;

	if (!word(r, s, "kind", kinds, 3, "hop, tap or routed", &i, &found))
		return false;
	f->kind = found ? i : f->kind;
	if (!word(r, s, "on-failure", failures, 2, "drop or skip", &i, &found))
		return false;
	f->failure = found ? i : f->failure;
	if (!word(r, s, "check", checks, 5, "through, connect, ike, neigh or none", &i, &found))
		return false;
	f->check = found ? i : f->check;
	f->has_check |= found;
	return true;
}

static bool function(struct reader *r, const struct conf_section *s,
		     struct device_function *f)
{
	const struct conf_value *v;
	uint32_t port = f->port;

	if (!words(r, s, f) || !conf_get(r, s, "port", &v) ||
	    (v && !conf_number(r, s, v, 1, UINT16_MAX, &port)))
		return false;
	f->port = port;
	if (!conf_get(r, s, "interval", &v) ||
	    (v && !conf_interval(r, s, v, DEVICE_INTERVAL_MIN, DEVICE_INTERVAL_MAX,
				 &f->interval)))
		return false;
	if (!conf_get(r, s, "tries", &v) ||
	    (v && !conf_number(r, s, v, 1, DEVICE_TRIES_MAX, &f->tries)))
		return false;
	return conf_get(r, s, "timeout", &v) &&
	       (!v || conf_interval(r, s, v, DEVICE_TIMEOUT_MIN, DEVICE_TIMEOUT_MAX,
				    &f->timeout));
}

static const struct device_function no_function = {
	.interval = DEVICE_INTERVAL, .tries = DEVICE_TRIES, .timeout = DEVICE_TIMEOUT,
};

bool conf_functions(struct reader *r, const struct conf_section **sections, size_t n)
{
	size_t i;

	r->functions = conf_array(r, n, sizeof(*r->functions));
	r->function = conf_array(r, n, sizeof(*r->function));
	if (!r->functions || !r->function)
		return false;
	for (i = 0; i < n; i++) {
		r->function[i] = no_function;
		if (!conf_title(r, sections[i]) ||
		    !function(r, sections[i], &r->function[i]))
			return false;
		r->functions[i] = conf_titled(sections[i], i);
	}
	r->n_functions = n;
	return conf_unique(r, r->functions, n, "function");
}

/* Sides */

static bool mac(struct reader *r, const struct conf_section *s, const struct conf_value *v,
		uint8_t *to)
{
	if (!parse_mac(v->text, to))
		return true;
	return conf_fail(r, s, v->line, "%s = '%s': expected " EXPECT_MAC, v->key,
			 conf_shown(r, v->text));
}

static bool addresses(struct reader *r, const struct conf_section *s, const char *key,
		      struct device_side *side)
{
	const struct conf_value *v;
	struct iq_addr addr;

	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (!conf_address(r, s, v, 0, &addr))
			return false;
		if (side->address[addr.family == AF_INET6].family)
			return conf_fail(r, s, v->line,
					 "%s = '%s': expected one address of IPv4 and one of IPv6 at most",
					 key, conf_shown(r, v->text));
		side->address[addr.family == AF_INET6] = addr;
	}
	return true;
}

static bool froms(struct reader *r, const struct conf_section *s, const char *key,
		  struct device_side *side)
{
	const struct conf_value *v;

	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (side->n_from == IPSEC_QOS_DEVICE_FROM_MAX)
			return conf_fail(r, s, v->line, "%s: expected at most %u addresses", key,
					 IPSEC_QOS_DEVICE_FROM_MAX);
		if (!mac(r, s, v, side->from[side->n_from++]))
			return false;
	}
	return true;
}

/* @prefix: of its keys, "" or "inner-" */
static bool side(struct reader *r, const struct conf_section *s, const char *prefix,
		 struct device_side *side)
{
	const struct conf_value *v;
	char key[32];

	snprintf(key, sizeof(key), "%sinterface", prefix);
	if (!conf_get(r, s, key, &v) || (v && !conf_device(r, s, v, DEVICE_NAME)))
		return false;
	if (v)
		snprintf(side->interface, sizeof(side->interface), "%s", v->text);
	snprintf(key, sizeof(key), "%smac", prefix);
	if (!conf_get(r, s, key, &v) || (v && !mac(r, s, v, side->mac)))
		return false;
	side->has_mac = v;
	snprintf(key, sizeof(key), "%saddress", prefix);
	if (!addresses(r, s, key, side))
		return false;
	snprintf(key, sizeof(key), "%sfrom", prefix);
	return froms(r, s, key, side);
}

static bool has_address(const struct device_side *side)
{
	return side->address[0].family || side->address[1].family;
}

static bool sides(struct reader *r, const struct conf_section *s, struct chain_device *d)
{
	if (!side(r, s, "", &d->outer) || !side(r, s, "inner-", &d->inner))
		return false;
	if (!*d->outer.interface)
		return conf_fail(r, s, s->line,
				 "device '%s' has no interface: expected the one of this host that leads to it, interface = eth1",
				 d->name);
	if (!*d->inner.interface &&
	    (d->inner.has_mac || d->inner.n_from || has_address(&d->inner)))
		return conf_fail(r, s, s->line,
				 "device '%s' has an inner side, and no interface there: expected inner-interface beside it",
				 d->name);
	if (d->f.kind != IPSEC_QOS_DEVICE_ROUTED)
		return true;
	if (*d->inner.interface || d->outer.has_mac || d->outer.n_from || has_address(&d->outer))
		return conf_fail(r, s, s->line,
				 "device '%s' is of kind = routed, whatever is behind its interface: expected that alone, without address, mac, from and an inner side",
				 d->name);
	return true;
}

/* Devices */

static bool of_function(struct reader *r, const struct conf_section *s,
			struct chain_device *d)
{
	const struct conf_value *v;
	const struct named *found;

	d->f = no_function;
	if (!conf_get(r, s, "function", &v))
		return false;
	if (!v)
		return true;
	found = conf_named(r->functions, r->n_functions, v->text);
	if (!found)
		return conf_fail(r, s, v->line,
				 "function = '%s': there is no such function: expected the name of a function section",
				 conf_shown(r, v->text));
	d->f = r->function[found->index];
	return true;
}

/* By IPv4, unless it has an address of IPv6 alone, or there is no range but that */
static bool check_through(struct reader *r, const struct conf_section *s,
			  struct chain_device *d, unsigned int line)
{
	const struct iq_conf *conf = &r->config->conf;
	const struct iq_addr *address = d->outer.address;

	if (d->f.kind != IPSEC_QOS_DEVICE_HOP)
		return conf_fail(r, s, line,
				 "check = through: device '%s' is no hop, and nothing goes through it: expected another check",
				 d->name);
	d->f.v6 = (!address[0].family && address[1].family) ||
		  (!conf->check_ipv4.addr.family && !(address[0].family && !address[1].family));
	if (!range_of_checks(conf, d->f.v6)->addr.family)
		return conf_fail(r, s, line,
				 "check = through: device '%s' is to be sent packets of addresses that nobody else has: expected a range of such in the section settings, check-%s",
				 d->name, d->f.v6 && address[1].family ? "ipv6" : "ipv4");
	if (!d->f.port)
		d->f.port = DEVICE_PORT_THROUGH;
	return true;
}

static bool check(struct reader *r, const struct conf_section *s, struct chain_device *d)
{
	struct device_function *f = &d->f;
	const struct conf_value *v = conf_find(s, "check");
	unsigned int line = v ? v->line : s->line;

	if (!f->has_check && f->kind == IPSEC_QOS_DEVICE_HOP && has_address(&d->outer))
		f->check = DEVICE_CHECK_NEIGH;
	if (f->check == DEVICE_CHECK_THROUGH)
		return check_through(r, s, d, line);
	if (f->check != DEVICE_CHECK_NONE && !has_address(&d->outer))
		return conf_fail(r, s, line,
				 "check = %s: device '%s' has no address that could be asked: expected address beside it, or check = none",
				 checks[f->check], d->name);
	if (f->check == DEVICE_CHECK_CONNECT && !f->port)
		return conf_fail(r, s, line,
				 "check = connect: device '%s' has no port: expected the one of TCP that it listens at, port = 80",
				 d->name);
	if (f->check == DEVICE_CHECK_IKE && !f->port)
		f->port = DEVICE_PORT_IKE;
	return true;
}

/* A rate and a length are of copies. */
static bool copies(struct reader *r, const struct conf_section *s, struct chain_device *d)
{
	const struct conf_value *rate, *snap;

	d->rate = IPSEC_QOS_DEVICE_RATE;
	if (!conf_get(r, s, "rate", &rate) || !conf_get(r, s, "snap", &snap))
		return false;
	if ((rate || snap) && d->f.kind != IPSEC_QOS_DEVICE_TAP)
		return conf_fail(r, s, (rate ? rate : snap)->line,
				 "%s is of copies, and device '%s' gets none: expected kind = tap beside it",
				 (rate ? rate : snap)->key, d->name);
	return (!rate || conf_number(r, s, rate, 1, IPSEC_QOS_DEVICE_RATE_MAX, &d->rate)) &&
	       (!snap || conf_number(r, s, snap, IPSEC_QOS_DEVICE_SNAP_MIN, UINT16_MAX,
				     &d->snap));
}

static bool device(struct reader *r, const struct conf_section *s, struct chain_device *d)
{
	static const char *const states[] = { "up", "down" };
	const struct conf_value *v;
	size_t i = 0;
	bool found;

	if (!conf_title(r, s))
		return false;
	strcpy(d->name, s->title);
	if (!conf_need(r, s, "id", "a number other than 0", &v) ||
	    !conf_number(r, s, v, 1, IPSEC_QOS_DEVICE_ID_MAX, &d->id) ||
	    !of_function(r, s, d) || !function(r, s, &d->f) || !sides(r, s, d) ||
	    !check(r, s, d) || !copies(r, s, d) ||
	    !word(r, s, "state", states, 2, "up or down", &i, &found))
		return false;
	d->down = found && i;
	return true;
}

/* Of whom packets at an interface are is told by where they come from */

enum { PLACE_MAC = 1, PLACE_ANY = 255 };	/* beside AF_INET, AF_INET6 */

/**
 * struct place - a source of packets that one device can have
 *
 * @what: a family of addresses, PLACE_MAC, or PLACE_ANY: whatever comes
 */
struct place {
	char interface[DEVICE_NAME];
	uint8_t what;
	uint8_t bytes[16];
	size_t device;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int ret = memcmp(x, y, offsetof(struct place, device));

	return ret ? ret : x->device < y->device ? -1 : x->device > y->device;
}

static struct place *add_place(struct place *to, const struct device_side *side, size_t device,
			       uint8_t what, const uint8_t *bytes, size_t len)
{
	memset(to, 0, sizeof(*to));
	memcpy(to->interface, side->interface, sizeof(to->interface));
	to->what = what;
	memcpy(to->bytes, bytes, len);
	to->device = device;
	return to + 1;
}

#define PLACES	(3 + IPSEC_QOS_DEVICE_FROM_MAX)	/* of a side at most */

static struct place *add_places(struct place *to, const struct device_side *side,
				bool any, size_t device)
{
	size_t i;

	if (any)
		to = add_place(to, side, device, PLACE_ANY, side->mac, 0);
	if (side->has_mac)
		to = add_place(to, side, device, PLACE_MAC, side->mac, ETH_ALEN);
	for (i = 0; i < side->n_from; i++)
		to = add_place(to, side, device, PLACE_MAC, side->from[i], ETH_ALEN);
	for (i = 0; i < 2; i++)
		if (side->address[i].family)
			to = add_place(to, side, device, side->address[i].family,
				       side->address[i].b, sizeof(side->address[i].b));
	return to;
}

static bool same_place(struct reader *r, const struct conf_section **sections,
		       const struct place *a, const struct place *b)
{
	const struct chain_config *c = &r->config->chain;
	const struct conf_section *s = sections[b->device];
	const char *what = a->what == PLACE_ANY ? "interface" :
			   a->what == PLACE_MAC ? "interface and MAC" :
						  "interface and address";

	if (a->device == b->device)
		return conf_fail(r, s, s->line,
				 "device '%s' has the same %s twice: expected two that differ, such as a VLAN for each side, or one side alone",
				 c->devices[b->device].name, what);
	return conf_fail(r, s, s->line,
			 "device '%s' has the %s of device '%s' (%s:%u): expected its own, such as a VLAN for each",
			 c->devices[b->device].name, what, c->devices[a->device].name,
			 sections[a->device]->file, sections[a->device]->line);
}

static bool check_places(struct reader *r, const struct conf_section **sections)
{
	const struct chain_config *c = &r->config->chain;
	struct place *places = conf_array(r, c->n_devices * 2 * PLACES, sizeof(*places));
	struct place *end = places;
	bool ok = places;
	size_t i;

	for (i = 0; ok && i < c->n_devices; i++) {
		const struct chain_device *d = &c->devices[i];

		end = add_places(end, &d->outer, d->f.kind == IPSEC_QOS_DEVICE_ROUTED, i);
		if (*d->inner.interface)
			end = add_places(end, &d->inner, false, i);
	}
	if (ok)
		qsort(places, end - places, sizeof(*places), compare_places);
	for (i = 1; ok && i < (size_t)(end - places); i++)
		if (!memcmp(&places[i - 1], &places[i], offsetof(struct place, device)))
			ok = same_place(r, sections, &places[i - 1], &places[i]);
	free(places);
	return ok;
}

bool conf_devices(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct chain_config *c = &r->config->chain;
	size_t i;

	if (n > IPSEC_QOS_DEVICES_MAX)
		return conf_fail(r, sections[IPSEC_QOS_DEVICES_MAX],
				 sections[IPSEC_QOS_DEVICES_MAX]->line,
				 "device '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_DEVICES_MAX]->title),
				 IPSEC_QOS_DEVICES_MAX);
	c->devices = conf_array(r, n, sizeof(*c->devices));
	r->devices = conf_array(r, n, sizeof(*r->devices));
	if (!c->devices || !r->devices)
		return false;
	for (i = 0; i < n; i++) {
		if (!device(r, sections[i], &c->devices[i]))
			return false;
		r->devices[i] = conf_titled(sections[i], i);
		r->devices[i].id = c->devices[i].id;
		c->n_devices++;
	}
	return conf_unique(r, r->devices, n, "device") &&
	       conf_unique_ids(r, r->devices, n, "device") &&
	       conf_alternates(r, sections, n) && check_places(r, sections);
}

const struct chain_device *config_device_named(const struct config *config, const char *name)
{
	const struct chain_config *c = &config->chain;
	size_t i;

	for (i = 0; i < c->n_devices; i++)
		if (!strcmp(c->devices[i].name, name))
			return &c->devices[i];
	return NULL;
}
