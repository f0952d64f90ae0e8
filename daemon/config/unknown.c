// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the section settings says of SPIs that there is no SA for.
 */
#include "config/reader.h"

#include <string.h>

static bool what(struct reader *r, const struct conf_section *s, const struct conf_value *v,
		 struct unknown *u)
{
	static const char *const names[] = {
		[IPSEC_QOS_UNKNOWN_OFF] = "off", [IPSEC_QOS_UNKNOWN_TELL] = "tell",
		[IPSEC_QOS_UNKNOWN_RELAY] = "relay",
	};

	for (u->what = 0; u->what <= IPSEC_QOS_UNKNOWN_MAX; u->what++)
		if (!strcmp(v->text, names[u->what]))
			return true;
	return conf_fail(r, s, v->line, "unknown = '%s': expected off, tell or relay",
			 conf_shown(r, v->text));
}

static bool element(struct reader *r, const struct conf_section *s, struct unknown *u)
{
	const struct steer_config *c = &r->config->steer;
	const struct conf_value *v;
	const struct named *found;

	if (!conf_get(r, s, "unknown-element", &v))
		return false;
	if (!v)
		return u->what != IPSEC_QOS_UNKNOWN_RELAY ||
		       conf_fail(r, s, s->line,
				 "unknown = relay, and no element to relay to: expected unknown-element = NAME");
	if (u->what != IPSEC_QOS_UNKNOWN_RELAY)
		return conf_fail(r, s, v->line,
				 "unknown-element = '%s': expected unknown = relay beside it",
				 conf_shown(r, v->text));
	found = conf_named(r->elements, c->n_elements, v->text);
	if (!found)
		return conf_fail(r, s, v->line,
				 "unknown-element = '%s': there is no such element: expected the name of an element section",
				 conf_shown(r, v->text));
	u->element = &c->elements[found->index];
	if (!u->element->self)
		return true;
	/* it is the one that others relay to */
	u->element = NULL;
	u->what = IPSEC_QOS_UNKNOWN_TELL;
	return true;
}

bool conf_unknown(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct unknown *u = &r->config->steer.unknown;
	const struct conf_section *s = r->settings;
	const struct conf_value *v;

	u->rate = IPSEC_QOS_UNKNOWN_RATE;
	if (!s)
		return true;
	if (!conf_get(r, s, "unknown", &v) || (v && !what(r, s, v, u)))
		return false;
	return element(r, s, u) && conf_get(r, s, "unknown-rate", &v) &&
	       (!v || conf_number(r, s, v, 1, IPSEC_QOS_UNKNOWN_RATE_MAX, &u->rate));
}
