// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who takes the packets of a device that is down: the keys alternate and pool of its section.
 * A pool is a row of alternates, each of which is the alternate of the one before it.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>

/**
 * struct said - where it was said which alternate a device has
 *
 * @section: NULL: it has none
 */
struct said {
	const struct conf_section *section;
	const struct conf_value *value;
};

/* *@d, and from then on the device that @v names, which stands for it. */
static bool add(struct reader *r, struct said *said, const struct conf_section *s,
		const struct conf_value *v, struct chain_device **d)
{
	struct chain_config *c = &r->config->chain;
	const struct named *found = conf_named(r->devices, c->n_devices, v->text);
	struct said *where = &said[*d - c->devices];
	struct chain_device *other;

	if (!found)
		return conf_fail(r, s, v->line,
				 "%s = '%s': there is no such device: expected the name of a device section",
				 v->key, conf_shown(r, v->text));
	other = &c->devices[found->index];
	if (other->f.kind != (*d)->f.kind)
		return conf_fail(r, s, v->line,
				 "%s = '%s': that is of another kind than device '%s': expected one of the same kind",
				 v->key, other->name, (*d)->name);
	if ((*d)->alternate && (*d)->alternate != other)
		return conf_fail(r, s, v->line,
				 "%s = '%s': behind device '%s' comes '%s' (%s:%u): expected the same everywhere, as a device has one alternate",
				 v->key, other->name, (*d)->name, (*d)->alternate->name,
				 where->section->file, where->value->line);
	(*d)->alternate = other;
	*where = (struct said){ s, v };
	*d = other;
	return true;
}

static bool alternate(struct reader *r, struct said *said, const struct conf_section *s,
		      struct chain_device *d)
{
	const struct conf_value *v;

	if (!conf_get(r, s, "alternate", &v))
		return false;
	if (v && conf_find(s, "pool"))
		return conf_fail(r, s, v->line,
				 "alternate = '%s': device '%s' has a pool, too, which is alternates in a row: expected one of them",
				 conf_shown(r, v->text), d->name);
	if (v)
		return add(r, said, s, v, &d);
	conf_for_each(v, &s->values)
		if (!strcmp(v->key, "pool") && !add(r, said, s, v, &d))
			return false;
	return true;
}

/* Each has one alternate at most, so who goes on and comes back is on a cycle. */
static bool check(struct reader *r, const struct said *said, const struct chain_device *d)
{
	const struct chain_device *next = d->alternate;
	size_t i;

	for (i = 1; next && next != d && i <= r->config->chain.n_devices; i++)
		next = next->alternate;
	if (next == d)
		return conf_fail(r, said->section, said->value->line,
				 "%s = '%s': by that device '%s' is in the end its own alternate: expected one device of these without",
				 said->value->key, d->alternate->name, d->name);
	/* one that leads to a cycle is not on it, which another tells */
	if (next || i - 1 <= IPSEC_QOS_DEVICE_ALTERNATES_MAX)
		return true;
	return conf_fail(r, said->section, said->value->line,
			 "%s = '%s': by that device '%s' has %zu alternates in a row: expected at most %u",
			 said->value->key, d->alternate->name, d->name, i - 1,
			 IPSEC_QOS_DEVICE_ALTERNATES_MAX);
}

bool conf_alternates(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct chain_config *c = &r->config->chain;
	struct said *said = conf_array(r, n, sizeof(*said));
	bool ok = said;
	size_t i;

	for (i = 0; ok && i < n; i++)
		ok = alternate(r, said, sections[i], &c->devices[i]);
	for (i = 0; ok && i < n; i++)
		ok = !c->devices[i].alternate || check(r, &said[i], &c->devices[i]);
	free(said);
	return ok;
}
