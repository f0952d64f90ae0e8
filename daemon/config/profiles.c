// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections profile.
 */
#include "config/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The values of a list key, copied. */
static bool names(struct reader *r, const struct conf_section *s, const char *key,
		  char ***texts, size_t *n)
{
	const struct conf_value *v;

	*texts = conf_array(r, utarray_len(&s->values), sizeof(**texts));
	if (!*texts)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (!*v->text)
			return conf_fail(r, s, v->line,
					 "%s = '': expected a name, or \"*\" for any", key);
		if (idregex_is(v->text) || strstr(v->text, ":^"))
			return conf_fail(r, s, v->line,
					 "%s = '%s': expected a name with * for any number of characters, not a regular expression",
					 key, conf_shown(r, v->text));
		(*texts)[*n] = conf_copy(r, v->text);
		if (!(*texts)[(*n)++])
			return false;
	}
	return true;
}

static bool identities(struct reader *r, const struct conf_section *s,
		       struct profile *p)
{
	const struct conf_value *v;
	const char *why;
	int ret;

	p->ids = conf_array(r, utarray_len(&s->values), sizeof(*p->ids));
	p->id_text = conf_array(r, utarray_len(&s->values), sizeof(*p->id_text));
	if (!p->ids || !p->id_text)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, "identity"))
			continue;
		ret = identity_parse(v->text, &p->ids[p->n_ids], &why);
		if (ret == -ENOMEM)
			return conf_no_memory(r);
		if (ret)
			return conf_fail(r, s, v->line, "identity = '%s': expected %s",
					 conf_shown(r, v->text), why);
		p->id_text[p->n_ids] = conf_copy(r, v->text);
		if (!p->id_text[p->n_ids++])
			return false;
		if (why && !conf_warn(r, s, v->line, "identity = '%s': %s",
				      conf_shown(r, v->text), why))
			return false;
	}
	return true;
}

static bool profile(struct reader *r, const struct conf_section *s, struct profile *p)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	p->line = s->line;
	p->file = conf_copy(r, s->file);
	p->name = conf_copy(r, s->title);
	if (!p->file || !p->name)
		return false;

	if (!identities(r, s, p) ||
	    !names(r, s, "eap-identity", &p->eap_ids, &p->n_eap_ids) ||
	    !names(r, s, "member-of", &p->members, &p->n_members) ||
	    !names(r, s, "connection", &p->conns, &p->n_conns))
		return false;
	if (!p->n_ids && !p->n_eap_ids && !p->n_members && !p->n_conns)
		return conf_fail(r, s, s->line,
				 "profile '%s' names nobody: expected identity, eap-identity, member-of or connection",
				 p->name);

	if (utarray_len(&s->subs))
		return conf_each(r, s, p);
	return conf_need(r, s, "group",
			 "the name of a group, or a section each for a group for each peer",
			 &v) &&
	       conf_group_id(r, s, v->line, v->text, &p->group);
}

bool conf_profiles(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct config *c = r->config;
	struct named *named;
	bool ok = true;
	size_t i;

	c->profiles = conf_array(r, n, sizeof(*c->profiles));
	named = conf_array(r, n, sizeof(*named));
	if (!c->profiles || !named) {
		free(named);
		return false;
	}
	for (i = 0; ok && i < n; i++) {
		c->n_profiles++;
		ok = profile(r, sections[i], &c->profiles[i]);
		named[i] = conf_titled(sections[i], i);
	}
	ok = ok && conf_unique(r, named, n, "profile");
	free(named);
	return ok && conf_ranges(r, sections);
}
