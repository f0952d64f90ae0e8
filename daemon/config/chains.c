// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections chain: through which devices, and in which order.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>

/* Is one the other, or may come to stand for it? */
static const struct chain_device *stands_for(const struct chain_device *d,
					     const struct chain_device *other)
{
	for (; d; d = d->alternate)
		if (d == other)
			return d;
	return NULL;
}

/* The device that both may come to, or NULL */
static const struct chain_device *in_common(const struct chain_device *a,
					    const struct chain_device *b)
{
	for (; a; a = a->alternate)
		if (stands_for(b, a))
			return a;
	return NULL;
}

static bool add_device(struct reader *r, const struct conf_section *s,
		       const struct conf_value *v, struct service_chain *chain)
{
	const struct chain_config *c = &r->config->chain;
	const struct named *found = conf_named(r->devices, c->n_devices, v->text);
	const struct chain_device *d = found ? &c->devices[found->index] : NULL, *common;
	size_t i;

	if (!d)
		return conf_fail(r, s, v->line,
				 "chain '%s': there is no device '%s': expected the name of a device section",
				 chain->name, conf_shown(r, v->text));
	for (i = 0; i < chain->n_devices; i++) {
		if (chain->devices[i] == d)
			return conf_fail(r, s, v->line,
					 "chain '%s': device '%s' is there twice: expected it once, or a second section device for the same appliance by another interface, such as another VLAN",
					 chain->name, d->name);
		common = in_common(chain->devices[i], d);
		if (common)
			return conf_fail(r, s, v->line,
					 "chain '%s': device '%s' may come to stand for '%s' and for '%s', by their alternates: expected other devices, so that none is in a chain twice",
					 chain->name, common->name, chain->devices[i]->name, d->name);
		if (chain->devices[i]->f.kind == IPSEC_QOS_DEVICE_ROUTED)
			return conf_fail(r, s, v->line,
					 "chain '%s': device '%s' is of kind = routed, and '%s' is behind it: expected it to be the last",
					 chain->name, chain->devices[i]->name, d->name);
	}
	if (chain->n_devices == IPSEC_QOS_CHAIN_STEPS_MAX)
		return conf_fail(r, s, v->line, "chain '%s' has more than %u devices: expected fewer",
				 chain->name, IPSEC_QOS_CHAIN_STEPS_MAX);
	chain->devices[chain->n_devices++] = d;
	return true;
}

static bool chain(struct reader *r, const struct conf_section *s, struct service_chain *chain)
{
	struct chain_config *c = &r->config->chain;
	const struct chain_device *last;
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	strcpy(chain->name, s->title);
	if (!conf_need(r, s, "id", "a number other than 0", &v) ||
	    !conf_number(r, s, v, 1, IPSEC_QOS_CHAIN_ID_MAX, &chain->id))
		return false;
	conf_for_each(v, &s->values)
		if (!strcmp(v->key, "devices") && !add_device(r, s, v, chain))
			return false;
	if (!chain->n_devices)
		return conf_fail(r, s, s->line,
				 "chain '%s' has no devices: expected devices = { NAME, NAME }",
				 chain->name);
	/* who stands for it is at the same place */
	for (last = chain->devices[chain->n_devices - 1]; last; last = last->alternate)
		c->devices[last - c->devices].server = true;
	return true;
}

bool conf_chains(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct chain_config *c = &r->config->chain;
	size_t i;

	if (n > IPSEC_QOS_CHAINS_MAX)
		return conf_fail(r, sections[IPSEC_QOS_CHAINS_MAX],
				 sections[IPSEC_QOS_CHAINS_MAX]->line,
				 "chain '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_CHAINS_MAX]->title),
				 IPSEC_QOS_CHAINS_MAX);
	c->chains = conf_array(r, n, sizeof(*c->chains));
	r->chains = conf_array(r, n, sizeof(*r->chains));
	if (!c->chains || !r->chains)
		return false;
	for (i = 0; i < n; i++) {
		if (!chain(r, sections[i], &c->chains[i]))
			return false;
		r->chains[i] = conf_titled(sections[i], i);
		r->chains[i].id = c->chains[i].id;
		c->n_chains++;
	}
	return conf_unique(r, r->chains, n, "chain") && conf_unique_ids(r, r->chains, n, "chain");
}
