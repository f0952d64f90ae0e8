// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections element, and which of them this host is.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/value.h"

static bool next_hop(struct reader *r, const struct conf_section *s, struct element *e)
{
	const struct conf_value *device, *via, *via6, *nexthop;

	if (!conf_get(r, s, "device", &device) || !conf_get(r, s, "via", &via) ||
	    !conf_get(r, s, "via6", &via6) || !conf_get(r, s, "nexthop", &nexthop))
		return false;
	if (nexthop && (device || via || via6))
		return conf_fail(r, s, nexthop->line,
				 "element '%s' has a nexthop, and %s: expected one of them",
				 e->name, (device ? device : via ? via : via6)->key);
	if (nexthop)
		return conf_number(r, s, nexthop, 1, UINT32_MAX, &e->nexthop);
	if (device) {
		if (!conf_device(r, s, device, DEVICE_NAME))
			return false;
		snprintf(e->device, sizeof(e->device), "%s", device->text);
	}
	if ((via && !conf_address(r, s, via, AF_INET, &e->via)) ||
	    (via6 && !conf_address(r, s, via6, AF_INET6, &e->via6)))
		return false;
	if (via6 && !device && e->via6.b[0] == 0xfe && (e->via6.b[1] & 0xc0) == 0x80)
		return conf_fail(r, s, via6->line,
				 "via6 = '%s': such an address is at one device alone: expected device beside it",
				 conf_shown(r, via6->text));
	return true;
}

static bool has_next_hop(const struct element *e)
{
	return *e->device || e->via.family || e->via6.family || e->nexthop;
}

/* How it is checked, by @text; @given is where that stands, NULL: it is the default. */
static bool check(struct reader *r, const struct conf_section *s, struct element *e,
		  const struct conf_value *given, const char *text)
{
	uint32_t port;

	if (!strcmp(text, "none")) {
		e->check = CHECK_NONE;
	} else if (!strcmp(text, "neighbour")) {
		e->check = CHECK_NEIGHBOUR;
	} else if (!strcmp(text, "ping")) {
		e->check = CHECK_PING;
	} else if (!strncmp(text, "tcp:", 4) && !parse_u32(text + 4, 1, UINT16_MAX, &port)) {
		e->check = CHECK_TCP;
		e->port = port;
	} else {
		return conf_fail(r, s, given->line,
				 "check = '%s': expected neighbour, ping, tcp:PORT with a port of 1 to 65535, or none",
				 conf_shown(r, text));
	}
	if (e->check > CHECK_NEIGHBOUR && !e->address.family)
		return conf_fail(r, s, given->line,
				 "check = '%s': element '%s' has no via that could be asked: expected its address",
				 conf_shown(r, text), e->name);
	if (e->check == CHECK_NEIGHBOUR && !*e->device && !e->address.family)
		return conf_fail(r, s, given->line,
				 "check = '%s': element '%s' has no device and no via: expected ping or tcp:PORT, and its address",
				 conf_shown(r, text), e->name);
	return true;
}

static bool checks(struct reader *r, const struct conf_section *s, struct element *e)
{
	const struct conf_value *v, *address;

	e->interval = CHECK_INTERVAL;
	e->fails = e->passes = CHECK_TIMES;
	e->address = e->via.family ? e->via : e->via6;
	if (!conf_get(r, s, "address", &address) ||
	    (address && !conf_address(r, s, address, 0, &e->address)))
		return false;
	if (!conf_get(r, s, "check", &v) ||
	    !check(r, s, e, v, v ? v->text : *e->device || e->via.family || e->via6.family ?
				   "neighbour" : "none"))
		return false;
	if (address && e->check <= CHECK_NEIGHBOUR)
		return conf_fail(r, s, address->line,
				 "address: element '%s' is not asked by it: expected it beside check = ping or tcp:PORT",
				 e->name);
	if (!conf_get(r, s, "interval", &v) ||
	    (v && !conf_interval(r, s, v, CHECK_INTERVAL_MIN, CHECK_INTERVAL_MAX, &e->interval)))
		return false;
	if (!conf_get(r, s, "fails", &v) ||
	    (v && !conf_number(r, s, v, 1, CHECK_TIMES_MAX, &e->fails)))
		return false;
	return conf_get(r, s, "passes", &v) &&
	       (!v || conf_number(r, s, v, 1, CHECK_TIMES_MAX, &e->passes));
}

static bool element(struct reader *r, const struct conf_section *s, struct element *e)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	strcpy(e->name, s->title);
	/* what ike in a section steer may say beside an element's name */
	if (!strcmp(e->name, "local") || !strcmp(e->name, "pool"))
		return conf_fail(r, s, s->line,
				 "an element cannot be named '%s', which is a word of ike in steer: expected another name",
				 e->name);
	return conf_need(r, s, "id", "a number other than 0", &v) &&
	       conf_number(r, s, v, 1, IPSEC_QOS_ELEMENT_ID_MAX, &e->id) &&
	       next_hop(r, s, e) && checks(r, s, e) && conf_yes(r, s, "known", &e->known);
}

/* Which this host is, as settings say. */
static bool find_self(struct reader *r)
{
	struct steer_config *c = &r->config->steer;
	const struct conf_value *v;
	const struct named *found;

	if (!r->settings)
		return true;
	if (!conf_get(r, r->settings, "self", &v))
		return false;
	if (!v)
		return true;
	found = conf_named(r->elements, c->n_elements, v->text);
	if (!found)
		return conf_fail(r, r->settings, v->line,
				 "self = '%s': there is no such element: expected the name of the one that this host is",
				 conf_shown(r, v->text));
	c->elements[found->index].self = true;
	c->self = &c->elements[found->index];
	return true;
}

/* All but this host need to be reached. */
static bool check_next_hops(struct reader *r, const struct conf_section **sections)
{
	const struct steer_config *c = &r->config->steer;
	size_t i;

	for (i = 0; i < c->n_elements; i++)
		if (!c->elements[i].self && !has_next_hop(&c->elements[i]))
			return conf_fail(r, sections[i], sections[i]->line,
					 "element '%s' has no next hop: expected via, via6, device or nexthop, or self = %s in settings, where it is this host",
					 c->elements[i].name, c->elements[i].name);
	return true;
}

bool conf_elements(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	size_t i;

	if (n > IPSEC_QOS_ELEMENTS_MAX)
		return conf_fail(r, sections[IPSEC_QOS_ELEMENTS_MAX],
				 sections[IPSEC_QOS_ELEMENTS_MAX]->line,
				 "element '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_ELEMENTS_MAX]->title),
				 IPSEC_QOS_ELEMENTS_MAX);
	c->elements = conf_array(r, n, sizeof(*c->elements));
	r->elements = conf_array(r, n, sizeof(*r->elements));
	if (!c->elements || !r->elements)
		return false;
	for (i = 0; i < n; i++) {
		if (!element(r, sections[i], &c->elements[i]))
			return false;
		r->elements[i] = conf_titled(sections[i], i);
		r->elements[i].id = c->elements[i].id;
		c->n_elements++;
	}
	return conf_unique(r, r->elements, n, "element") &&
	       conf_unique_ids(r, r->elements, n, "element") && find_self(r) &&
	       check_next_hops(r, sections);
}

static void need(struct steer_config *c, const struct element *e)
{
	c->elements[e - c->elements].needed = true;
}

/*
 * An element has the file of all hosts: of others it needs those alone that something goes
 * to from here, and may not even have a device that leads to the rest.
 */
bool conf_needed(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	size_t i, j;

	/* an entry may name any */
	for (i = 0; i < c->n_elements; i++)
		c->elements[i].needed = !c->self;
	for (i = 0; i < c->n_pools; i++)
		for (j = 0; !c->pools[i].self && j < c->pools[i].n_members; j++)
			need(c, c->pools[i].members[j].element);
	for (i = 0; i < c->n_prefixes; i++)
		if (!c->prefixes[i].pool->self && c->prefixes[i].ike_element)
			need(c, c->prefixes[i].ike_element);
	for (i = 0; i < c->n_behinds; i++)
		for (j = 0; j < c->behinds[i].n_elements; j++)
			need(c, c->behinds[i].elements[j]);
	if (c->unknown.element)
		need(c, c->unknown.element);
	return true;
}

const struct element *config_element_named(const struct config *config, const char *name)
{
	const struct steer_config *c = &config->steer;
	size_t i;

	for (i = 0; i < c->n_elements; i++)
		if (!strcmp(c->elements[i].name, name))
			return &c->elements[i];
	return NULL;
}
