// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <linux/if.h>

#include "config/conffile.h"
#include "config/match.h"
#include "config/rate.h"
#include "lib/text.h"
#include "lib/value.h"

struct loader {
	struct config *config;
	struct conffile *file;
	char *error;
	size_t error_size;

	/* groups by their names */
	struct named *names;

	/* for shown() */
	char value[2][TEXT_VALUE];
	bool turn;
};

/*
 * Everything below that may fail returns false after fail(): the error is
 * written, and all is unwound in config_load().
 */
static bool __attribute__((format(printf, 4, 5)))
fail(struct loader *l, const struct conf_section *s, unsigned int line,
     const char *fmt, ...)
{
	char what[1024];
	struct text t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	text_begin(&t, l->error, l->error_size);
	text_put(&t, "%s:%u: ", s->file, line);
	text_escape(&t, what, strlen(what));
	return false;
}

/* A value or title for fail(); two at a time. */
static const char *shown(struct loader *l, const char *text)
{
	l->turn = !l->turn;
	return text_clip(l->value[l->turn], TEXT_VALUE, text);
}

static bool no_memory(struct loader *l)
{
	struct text t;

	text_begin(&t, l->error, l->error_size);
	text_put(&t, "out of memory");
	return false;
}

static void *array(struct loader *l, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		no_memory(l);
	return p;
}

static char *copy(struct loader *l, const char *text)
{
	char *p = strdup(text);

	if (!p)
		no_memory(l);
	return p;
}

/* What is no mistake, but may not be meant so. False: out of memory. */
static bool __attribute__((format(printf, 4, 5)))
warn(struct loader *l, const struct conf_section *s, unsigned int line,
     const char *fmt, ...)
{
	struct config *c = l->config;
	char what[1024], buf[2048], **more;
	struct text t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	more = reallocarray(c->warnings, c->n_warnings + 1, sizeof(*more));
	if (!more)
		return no_memory(l);
	c->warnings = more;
	text_begin(&t, buf, sizeof(buf));
	text_put(&t, "%s:%u: ", s->file, line);
	text_escape(&t, what, strlen(what));
	c->warnings[c->n_warnings] = copy(l, buf);
	return c->warnings[c->n_warnings] && ++c->n_warnings;
}

/* Names of sections */

struct named {
	const char *name;
	size_t index;		/* in the order of the file */
	uint32_t id;		/* of a group */
	const struct conf_section *section;
	unsigned int line;
};

static struct named titled(const struct conf_section *s, size_t index)
{
	return (struct named){
		.name = s->title, .index = index, .section = s, .line = s->line,
	};
}

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int ret = strcmp(x->name, y->name);

	if (ret)
		return ret;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts them, and finds two of the same name. */
static bool unique(struct loader *l, struct named *named, size_t n, const char *what)
{
	size_t i;

	qsort(named, n, sizeof(*named), compare_named);
	for (i = 1; i < n; i++) {
		if (!strcmp(named[i - 1].name, named[i].name))
			return fail(l, named[i].section, named[i].line,
				    "%s '%s' is there twice, first in %s:%u: expected it once",
				    what, named[i].name, named[i - 1].section->file,
				    named[i - 1].line);
	}
	return true;
}

/* A group's rule for all sections */
static bool check_title(struct loader *l, const struct conf_section *s)
{
	if (valid_name(s->title))
		return true;
	return fail(l, s, s->line, "the name '%s' of a %s: expected " EXPECT_NAME,
		    shown(l, s->title), s->kind);
}

/* Values */

static const struct conf_value *find(const struct conf_section *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_values; i++) {
		if (!strcmp(s->values[i].key, key))
			return &s->values[i];
	}
	return NULL;
}

static const char *title_of(const struct conf_section *s)
{
	return s->title ? s->title : "";
}

/* The one value of a key; *@value is NULL where it is not there. */
static bool get(struct loader *l, const struct conf_section *s, const char *key,
		const struct conf_value **value)
{
	size_t i;

	*value = find(s, key);
	if (!*value)
		return true;
	for (i = *value - s->values + 1; i < s->n_values; i++) {
		if (!strcmp(s->values[i].key, key))
			return fail(l, s, s->values[i].line,
				    "'%s' is there twice in '%s %s', first in line %u: expected it once",
				    key, s->kind, title_of(s), (*value)->line);
	}
	return true;
}

static bool need(struct loader *l, const struct conf_section *s, const char *key,
		 const char *example, const struct conf_value **value)
{
	if (!get(l, s, key, value))
		return false;
	if (*value)
		return true;
	return fail(l, s, s->line, "'%s%s%s' has no '%s': expected %s = %s", s->kind,
		    s->title ? " " : "", title_of(s), key, key, example);
}

static bool number(struct loader *l, const struct conf_section *s,
		   const struct conf_value *v, uint32_t min, uint32_t max,
		   uint32_t *value)
{
	if (!parse_u32(v->text, min, max, value))
		return true;
	return fail(l, s, v->line, "%s = '%s': expected a number of %u to %u", v->key,
		    shown(l, v->text), min, max);
}

static bool mark(struct loader *l, const struct conf_section *s,
		 const struct conf_value *v, uint32_t *value, uint32_t *mask)
{
	if (parse_mark(v->text, value, mask) == -EINVAL)
		return fail(l, s, v->line,
			    "%s = '%s': expected VALUE or VALUE/MASK, each of 32 bits, such as 0x10/0xff0",
			    v->key, shown(l, v->text));
	if (*value & ~*mask)
		return fail(l, s, v->line,
			    "%s = '%s': 0x%x has bits outside of the mask 0x%x, expected none",
			    v->key, shown(l, v->text), *value, *mask);
	if (!*value)
		return fail(l, s, v->line,
			    "%s = '%s': expected a mark other than 0, which packets have that were never marked",
			    v->key, shown(l, v->text));
	return true;
}

static bool classid(struct loader *l, const struct conf_section *s,
		    const struct conf_value *v, uint32_t *value)
{
	if (!parse_classid(v->text, value))
		return true;
	return fail(l, s, v->line,
		    "%s = '%s': expected a classid MAJOR:MINOR in hexadecimal, such as 1:10",
		    v->key, shown(l, v->text));
}

static bool dscp(struct loader *l, const struct conf_section *s, const char *text,
		 unsigned int line, int *value)
{
	if (!parse_dscp(text, value))
		return true;
	return fail(l, s, line, "dscp '%s': expected " EXPECT_DSCP, shown(l, text));
}

/* In bytes a second; in per cent of @whole, too, where that is not 0. */
static bool rate(struct loader *l, const struct conf_section *s,
		 const struct conf_value *v, uint64_t whole, uint64_t *value)
{
	char hint[256];

	if (rate_parse(v->text, whole, value, hint, sizeof(hint)))
		return fail(l, s, v->line,
			    "%s = '%s': expected a rate of at least 8bit in tc's units, such as 100mbit%s%s",
			    v->key, shown(l, v->text),
			    whole ? ", or up to 100% of the policy's" : "", hint);
	return !*hint || warn(l, s, v->line, "%s = %s", v->key, hint);
}

/* Settings and the fall-back table */

static bool ports(struct loader *l, const struct conf_section *s, const char *key,
		  uint16_t *list, size_t *n)
{
	const struct conf_value *v;
	uint32_t port;
	size_t i, j;

	if (!find(s, key))
		return true;
	*n = 0;
	for (j = 0; j < s->n_values; j++) {
		v = &s->values[j];
		if (strcmp(v->key, key))
			continue;
		if (!number(l, s, v, 1, UINT16_MAX, &port))
			return false;
		for (i = 0; i < *n; i++) {
			if (list[i] == port)
				return fail(l, s, v->line,
					    "%s: port %u is there twice, expected it once",
					    key, port);
		}
		if (*n == IPSEC_QOS_PORTS_MAX)
			return fail(l, s, v->line, "%s: expected at most %d ports",
				    key, IPSEC_QOS_PORTS_MAX);
		list[(*n)++] = port;
	}
	return true;
}

static bool ceiling(struct loader *l, const struct conf_section *s, const char *key,
		    uint32_t limit, uint32_t *value)
{
	const struct conf_value *v;

	if (!get(l, s, key, &v))
		return false;
	return !v || number(l, s, v, 1, limit, value);
}

static bool settings(struct loader *l, const struct conf_section *s)
{
	struct iq_conf *c = &l->config->conf;
	size_t i, j;

	if (!ceiling(l, s, "max-sas", IPSEC_QOS_MAX_SAS_LIMIT, &c->max_sas) ||
	    !ceiling(l, s, "max-ikes", IPSEC_QOS_MAX_IKES_LIMIT, &c->max_ikes) ||
	    !ceiling(l, s, "max-groups", IPSEC_QOS_MAX_GROUPS_LIMIT, &c->max_groups) ||
	    !ports(l, s, "ike-ports", c->ike_ports, &c->n_ike_ports) ||
	    !ports(l, s, "natt-ports", c->natt_ports, &c->n_natt_ports))
		return false;

	for (i = 0; i < c->n_ike_ports; i++) {
		for (j = 0; j < c->n_natt_ports; j++) {
			if (c->ike_ports[i] == c->natt_ports[j])
				return fail(l, s, s->line,
					    "port %u is an IKE port and a NAT traversal port: expected it in one of ike-ports and natt-ports",
					    c->ike_ports[i]);
		}
	}
	return true;
}

static bool fallback(struct loader *l, const struct conf_section *s)
{
	struct iq_conf *c = &l->config->conf;
	const struct conf_value *v;
	struct iq_fallback *f;
	size_t i, j;
	int value;

	for (i = 0; i < s->n_subs; i++) {
		const struct conf_section *sub = &s->subs[i];

		if (!dscp(l, sub, sub->title, sub->line, &value))
			return false;
		for (j = 0; j < c->n_fallback; j++) {
			if (c->fallback[j].dscp == value)
				return fail(l, sub, sub->line,
					    "dscp '%s' (%d) has a mark already: expected one",
					    sub->title, value);
		}
		/* there are as many entries as DSCPs */
		f = &c->fallback[c->n_fallback++];
		f->dscp = value;
		if (!need(l, sub, "mark", "0x10/0xff0", &v) ||
		    !mark(l, sub, v, &f->mark, &f->mask))
			return false;
	}
	return true;
}

/* Groups */

static bool group(struct loader *l, const struct conf_section *s, struct iq_kernel_group *g)
{
	const struct conf_value *v;

	if (!check_title(l, s))
		return false;
	strcpy(g->name, s->title);

	if (!need(l, s, "id", "a number other than 0", &v) ||
	    !number(l, s, v, 1, UINT32_MAX, &g->id))
		return false;
	if (!need(l, s, "mark", "0x10/0xff0", &v) || !mark(l, s, v, &g->mark, &g->mask))
		return false;

	if (!get(l, s, "priority", &v) || (v && !classid(l, s, v, &g->priority)))
		return false;

	g->dscp = -1;
	return get(l, s, "dscp", &v) &&
	       (!v || dscp(l, s, v->text, v->line, &g->dscp));
}

/*
 * No packet may carry the marks of two groups. One can where the two agree in
 * all bits that both look at.
 */
static bool check_marks(struct loader *l, const struct conf_section **sections)
{
	const struct iq_kernel_group *g = l->config->groups;
	size_t n = l->config->n_groups, i, j;
	uint32_t *marks, *masks;
	bool ok = true;

	/* every pair: side by side they are read at the speed of memory */
	marks = array(l, n, sizeof(*marks));
	masks = array(l, n, sizeof(*masks));
	if (!marks || !masks)
		ok = false;
	for (i = 0; ok && i < n; i++) {
		marks[i] = g[i].mark;
		masks[i] = g[i].mask;
	}

	for (i = 1; ok && i < n; i++) {
		for (j = 0; j < i; j++) {
			if (!((marks[i] ^ marks[j]) & masks[i] & masks[j]))
				break;
		}
		if (j < i)
			/* of each group there is a section, and in it a mark */
			ok = fail(l, sections[i], find(sections[i], "mark")->line,
				  "the mark 0x%x/0x%x of group '%s' overlaps 0x%x/0x%x of group '%s' (%s:%u): expected marks that differ in a bit of both masks",
				  marks[i], masks[i], g[i].name, marks[j], masks[j],
				  g[j].name,
				  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
				  sections[j]->file,
				  find(sections[j], "mark")->line);
	}
	free(marks);
	free(masks);
	return ok;
}

/*
 * A fall-back's mark that is a group's has packets of nobody taken for the
 * group's, by whatever looks for its mark: a class, a filter, a routing rule.
 * That may be meant so.
 */
static bool check_fallback(struct loader *l, const struct conf_section *s,
			   const struct iq_fallback *f)
{
	const struct config *c = l->config;
	size_t i;

	for (i = 0; i < c->n_groups; i++) {
		const struct iq_kernel_group *g = &c->groups[i];

		if ((f->mark & g->mask) == g->mark)
			return warn(l, s, find(s, "mark")->line,
				    "fall-back dscp %s: packets of no group get the mark 0x%x/0x%x, which fits that of group %s, 0x%x/0x%x: classes, filters and routing rules for the group take them, too; where that is not meant, give the fall-back another mark",
				    shown(l, s->title), f->mark, f->mask, g->name,
				    g->mark, g->mask);
	}
	return true;
}

static bool check_fallbacks(struct loader *l,
			    const struct conf_section **sections, size_t n)
{
	struct config *c = l->config;
	size_t i, j, k = 0;

	/* in the order in which fallback() met them */
	for (i = 0; i < n; i++)
		for (j = 0; j < sections[i]->n_subs; j++)
			if (!check_fallback(l, &sections[i]->subs[j],
					    &c->conf.fallback[k++]))
				return false;
	return true;
}

static int compare_groups(const void *a, const void *b)
{
	const struct iq_kernel_group *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct group_id {
	uint32_t id;
	size_t index;
};

static int compare_group_ids(const void *a, const void *b)
{
	const struct group_id *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool check_group_ids(struct loader *l, const struct conf_section **sections)
{
	size_t n = l->config->n_groups, i;
	struct group_id *ids;
	bool ok = true;

	ids = array(l, n, sizeof(*ids));
	if (!ids)
		return false;
	for (i = 0; i < n; i++) {
		ids[i].id = l->config->groups[i].id;
		ids[i].index = i;
	}
	qsort(ids, n, sizeof(*ids), compare_group_ids);

	for (i = 1; ok && i < n; i++) {
		const struct conf_section *s = sections[ids[i].index];
		const struct conf_section *first = sections[ids[i - 1].index];

		if (ids[i].id == ids[i - 1].id)
			ok = fail(l, s, find(s, "id")->line,
				  "group '%s' has the id %u of group '%s' (%s:%u): expected one of its own",
				  s->title, ids[i].id, first->title, first->file,
				  find(first, "id")->line);
	}
	free(ids);
	return ok;
}

static bool groups(struct loader *l, const struct conf_section **sections, size_t n)
{
	struct config *c = l->config;
	size_t i;

	if (n > c->conf.max_groups)
		return fail(l, sections[c->conf.max_groups],
			    sections[c->conf.max_groups]->line,
			    "group '%s' is one more than the %u that max-groups allows: expected fewer, or a greater max-groups",
			    sections[c->conf.max_groups]->title, c->conf.max_groups);

	c->groups = array(l, n, sizeof(*c->groups));
	l->names = array(l, n, sizeof(*l->names));
	if (!c->groups || !l->names)
		return false;

	for (i = 0; i < n; i++) {
		if (!group(l, sections[i], &c->groups[i]))
			return false;
		l->names[i] = titled(sections[i], i);
		l->names[i].id = c->groups[i].id;
		c->n_groups++;
	}
	return true;
}

/* The id of the group that a name stands for */
static bool group_id(struct loader *l, const struct conf_section *s,
		     unsigned int line, const char *name, uint32_t *id)
{
	size_t low = 0, high = l->config->n_groups, mid;
	int ret;

	while (low < high) {
		mid = low + (high - low) / 2;
		ret = strcmp(name, l->names[mid].name);
		if (!ret) {
			*id = l->names[mid].id;
			return true;
		}
		if (ret < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return fail(l, s, line, "group '%s' does not exist: expected the name of a group section",
		    shown(l, name));
}

const struct iq_kernel_group *config_group(const struct config *config, uint32_t id)
{
	const struct iq_kernel_group key = { .id = id };

	return bsearch(&key, config->groups, config->n_groups,
		       sizeof(*config->groups), compare_groups);
}

static int compare_names(const void *a, const void *b)
{
	const struct iq_kernel_group *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool index_names(struct loader *l)
{
	struct config *c = l->config;
	size_t i;

	c->names = array(l, c->n_groups, sizeof(*c->names));
	if (!c->names)
		return false;
	for (i = 0; i < c->n_groups; i++)
		c->names[i] = &c->groups[i];
	qsort(c->names, c->n_groups, sizeof(*c->names), compare_names);
	return true;
}

const struct iq_kernel_group *config_group_named(const struct config *config,
						 const char *name)
{
	const struct iq_kernel_group *const *found, *key;
	struct iq_kernel_group wanted;

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	key = &wanted;
	found = bsearch(&key, config->names, config->n_groups,
			sizeof(*config->names), compare_names);
	return found ? *found : NULL;
}

/* Profiles */

/* The values of a list key, copied. */
static bool names(struct loader *l, const struct conf_section *s, const char *key,
		  char ***texts, size_t *n)
{
	const struct conf_value *v;
	size_t i;

	*texts = array(l, s->n_values, sizeof(**texts));
	if (!*texts)
		return false;
	for (i = 0; i < s->n_values; i++) {
		v = &s->values[i];
		if (strcmp(v->key, key))
			continue;
		if (!*v->text)
			return fail(l, s, v->line,
				    "%s = '': expected a name, or \"*\" for any", key);
		if (idregex_is(v->text) || strstr(v->text, ":^"))
			return fail(l, s, v->line,
				    "%s = '%s': expected a name with * for any number of characters, not a regular expression",
				    key, shown(l, v->text));
		(*texts)[*n] = copy(l, v->text);
		if (!(*texts)[(*n)++])
			return false;
	}
	return true;
}

static bool identities(struct loader *l, const struct conf_section *s,
		       struct profile *p)
{
	const struct conf_value *v;
	const char *why;
	size_t i;
	int ret;

	p->ids = array(l, s->n_values, sizeof(*p->ids));
	p->id_text = array(l, s->n_values, sizeof(*p->id_text));
	if (!p->ids || !p->id_text)
		return false;
	for (i = 0; i < s->n_values; i++) {
		v = &s->values[i];
		if (strcmp(v->key, "identity"))
			continue;
		ret = identity_parse(v->text, &p->ids[p->n_ids], &why);
		if (ret == -ENOMEM)
			return no_memory(l);
		if (ret)
			return fail(l, s, v->line, "identity = '%s': expected %s",
				    shown(l, v->text), why);
		p->id_text[p->n_ids] = copy(l, v->text);
		if (!p->id_text[p->n_ids++])
			return false;
		if (why && !warn(l, s, v->line, "identity = '%s': %s",
				 shown(l, v->text), why))
			return false;
	}
	return true;
}

static bool profile(struct loader *l, const struct conf_section *s, struct profile *p)
{
	const struct conf_value *v;

	if (!check_title(l, s))
		return false;
	p->line = s->line;
	p->file = copy(l, s->file);
	p->name = copy(l, s->title);
	if (!p->file || !p->name)
		return false;

	if (!identities(l, s, p) ||
	    !names(l, s, "eap-identity", &p->eap_ids, &p->n_eap_ids) ||
	    !names(l, s, "member-of", &p->members, &p->n_members) ||
	    !names(l, s, "connection", &p->conns, &p->n_conns))
		return false;
	if (!p->n_ids && !p->n_eap_ids && !p->n_members && !p->n_conns)
		return fail(l, s, s->line,
			    "profile '%s' names nobody: expected identity, eap-identity, member-of or connection",
			    p->name);

	return need(l, s, "group", "the name of a group", &v) &&
	       group_id(l, s, v->line, v->text, &p->group);
}

static bool profiles(struct loader *l, const struct conf_section **sections, size_t n)
{
	struct config *c = l->config;
	struct named *named;
	bool ok = true;
	size_t i;

	c->profiles = array(l, n, sizeof(*c->profiles));
	named = array(l, n, sizeof(*named));
	if (!c->profiles || !named) {
		free(named);
		return false;
	}
	for (i = 0; ok && i < n; i++) {
		c->n_profiles++;
		ok = profile(l, sections[i], &c->profiles[i]);
		named[i] = titled(sections[i], i);
	}
	ok = ok && unique(l, named, n, "profile");
	free(named);
	return ok;
}

/* Policies */

static bool class(struct loader *l, const struct conf_section *s,
		  const struct policy *p, uint64_t used, struct class *class)
{
	const struct conf_value *bandwidth, *ceil;
	uint64_t left = p->rate - used;

	if (s->title) {
		if (!group_id(l, s, s->line, s->title, &class->group) ||
		    !need(l, s, "bandwidth", "\"30%\"", &bandwidth))
			return false;
	} else if (!get(l, s, "bandwidth", &bandwidth)) {
		return false;
	}

	if (bandwidth) {
		if (!rate(l, s, bandwidth, p->rate, &class->rate))
			return false;
		if (class->rate > left)
			return fail(l, s, bandwidth->line,
				    "with '%s' for %s%s the classes of policy '%s' come to %.4g%% of its rate: expected at most 100%%",
				    shown(l, bandwidth->text), s->title ? "class " : "the default class",
				    title_of(s), p->name,
				    100 * ((double)used + class->rate) / p->rate);
	} else {
		class->rate = left;
	}

	class->ceil = p->rate;
	if (!get(l, s, "ceil", &ceil) ||
	    (ceil && !rate(l, s, ceil, p->rate, &class->ceil)))
		return false;
	if (ceil && class->ceil > p->rate)
		return fail(l, s, ceil->line,
			    "ceil = '%s' is more than the rate of policy '%s': expected at most 100%%",
			    shown(l, ceil->text), p->name);
	if (bandwidth && ceil && class->ceil < class->rate)
		return fail(l, s, ceil->line,
			    "ceil = '%s' is less than bandwidth = '%s': expected at least as much",
			    shown(l, ceil->text), shown(l, bandwidth->text));
	return true;
}

/*
 * What is left for the default class where the file does not say. It must not
 * starve, ARP and routing protocols are in it: one per cent at least.
 */
static void default_rate(const struct policy *p, struct class *class)
{
	if (class->rate < p->rate / 100)
		class->rate = p->rate / 100;
	if (!class->rate)
		class->rate = 1;
	if (class->rate > class->ceil)
		class->rate = class->ceil;
}

static bool classes(struct loader *l, const struct conf_section *s, struct policy *p)
{
	const struct conf_section *rest = NULL, *sub;
	struct named *named;
	struct class *last;
	uint64_t used = 0;
	bool ok = true;
	size_t i;

	p->classes = array(l, s->n_subs + 1, sizeof(*p->classes));
	named = array(l, s->n_subs, sizeof(*named));
	if (!p->classes || !named) {
		free(named);
		return false;
	}

	for (i = 0; ok && i < s->n_subs; i++) {
		sub = &s->subs[i];
		if (!sub->title) {
			if (rest)
				ok = fail(l, sub, sub->line,
					  "policy '%s' has two default classes, the first in line %u: expected one",
					  p->name, rest->line);
			rest = sub;
			continue;
		}
		named[p->n_classes] = titled(sub, p->n_classes);
		ok = class(l, sub, p, used, &p->classes[p->n_classes]);
		used += p->classes[p->n_classes++].rate;
	}
	ok = ok && unique(l, named, p->n_classes, "class");
	free(named);
	if (!ok)
		return false;

	last = &p->classes[p->n_classes++];
	last->rate = p->rate - used;
	last->ceil = p->rate;
	if (rest && !class(l, rest, p, used, last))
		return false;
	if (!rest || !find(rest, "bandwidth"))
		default_rate(p, last);
	return true;
}

static bool policy(struct loader *l, const struct conf_section *s, struct policy *p)
{
	const struct conf_value *v;
	const char *at;
	int yes;

	if (!check_title(l, s))
		return false;
	p->name = copy(l, s->title);
	if (!p->name)
		return false;

	if (!need(l, s, "device", "the name of a network device", &v))
		return false;
	/* as the kernel's dev_valid_name() has it, but for alternative names' length */
	if (!*v->text || strlen(v->text) >= ALTIFNAMSIZ || !strcmp(v->text, ".") ||
	    !strcmp(v->text, "..") || strpbrk(v->text, "/: \t\r\n\v\f"))
		return fail(l, s, v->line,
			    "device = '%s': expected the name of a network device, of at most %d characters, or an alternative one of at most %d",
			    shown(l, v->text), IFNAMSIZ - 1, ALTIFNAMSIZ - 1);
	p->device = copy(l, v->text);
	if (!p->device)
		return false;
	/* the kernel takes an @ in a name, but nobody has one */
	at = strchr(v->text, '@');
	if (at && !warn(l, s, v->line,
			"device = '%s': what ip link shows from the @ on is no part of it: the device's name is '%.*s'",
			shown(l, v->text), (int)(at - v->text), v->text))
		return false;

	if (!need(l, s, "rate", "the device's rate, such as \"100mbit\"", &v) ||
	    !rate(l, s, v, 0, &p->rate))
		return false;

	if (!get(l, s, "replace", &v))
		return false;
	if (v) {
		yes = cfg_parse_boolean(v->text);
		if (yes < 0)
			return fail(l, s, v->line, "replace = '%s': expected yes or no",
				    shown(l, v->text));
		p->replace = yes;
	}

	if (!get(l, s, "flows", &v) ||
	    (v && !number(l, s, v, 1, POLICY_FLOWS_MAX, &p->flows)))
		return false;
	return classes(l, s, p);
}

static bool policies(struct loader *l, const struct conf_section **sections, size_t n)
{
	struct config *c = l->config;
	struct named *named;
	bool ok = true;
	size_t i;

	c->policies = array(l, n, sizeof(*c->policies));
	named = array(l, n, sizeof(*named));
	if (!c->policies || !named) {
		free(named);
		return false;
	}
	for (i = 0; ok && i < n; i++) {
		c->n_policies++;
		ok = policy(l, sections[i], &c->policies[i]);
		named[i] = titled(sections[i], i);
	}
	ok = ok && unique(l, named, n, "policy");

	for (i = 0; ok && i < n; i++) {
		named[i] = titled(sections[i], i);
		named[i].name = c->policies[i].device;
		named[i].line = find(sections[i], "device")->line;
	}
	ok = ok && unique(l, named, n, "a policy for device");
	free(named);
	return ok;
}

/* The file */

static struct conffile *read_sections(const char *file, char *error, size_t size)
{
	cfg_opt_t settings_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_KEY("max-sas"),
		CONFFILE_KEY("max-ikes"),
		CONFFILE_KEY("max-groups"),
		CONFFILE_LIST("ike-ports"),
		CONFFILE_LIST("natt-ports"),
		CFG_END()
	};
	cfg_opt_t dscp_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_KEY("mark"),
		CFG_END()
	};
	cfg_opt_t fallback_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_TITLED("dscp", dscp_keys),
		CFG_END()
	};
	cfg_opt_t group_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_KEY("id"),
		CONFFILE_KEY("mark"),
		CONFFILE_KEY("priority"),
		CONFFILE_KEY("dscp"),
		CFG_END()
	};
	cfg_opt_t profile_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_LIST("identity"),
		CONFFILE_LIST("eap-identity"),
		CONFFILE_LIST("member-of"),
		CONFFILE_LIST("connection"),
		CONFFILE_KEY("group"),
		CFG_END()
	};
	cfg_opt_t class_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_KEY("bandwidth"),
		CONFFILE_KEY("ceil"),
		CFG_END()
	};
	cfg_opt_t policy_keys[] = {
		CONFFILE_BEGIN(),
		CONFFILE_KEY("device"),
		CONFFILE_KEY("rate"),
		CONFFILE_KEY("replace"),
		CONFFILE_KEY("flows"),
		CONFFILE_TITLED("class", class_keys),
		CONFFILE_SECTION("default", class_keys),
		CFG_END()
	};
	cfg_opt_t schema[] = {
		CONFFILE_SECTION("settings", settings_keys),
		CONFFILE_TITLED("group", group_keys),
		CONFFILE_TITLED("profile", profile_keys),
		CONFFILE_TITLED("policy", policy_keys),
		CONFFILE_SECTION("fallback", fallback_keys),
		CONFFILE_INCLUDE(),
		CFG_END()
	};

	return conffile_read(file, schema, error, size);
}

/* The sections of a kind, in @list; returns how many. */
static size_t of_kind(const struct loader *l, const char *kind,
		      const struct conf_section **list)
{
	size_t i, n = 0;

	for (i = 0; i < l->file->n_sections; i++) {
		if (!strcmp(l->file->sections[i].kind, kind))
			list[n++] = &l->file->sections[i];
	}
	return n;
}

static bool load(struct loader *l, const struct conf_section **sections)
{
	struct iq_conf *c = &l->config->conf;
	size_t n, i;

	c->has = 1U << IPSEC_QOS_CONF_A_MAX_SAS | 1U << IPSEC_QOS_CONF_A_MAX_IKES |
		 1U << IPSEC_QOS_CONF_A_MAX_GROUPS |
		 1U << IPSEC_QOS_CONF_A_IKE_PORTS |
		 1U << IPSEC_QOS_CONF_A_NATT_PORTS |
		 1U << IPSEC_QOS_CONF_A_FALLBACK;
	c->max_sas = IPSEC_QOS_MAX_SAS;
	c->max_ikes = IPSEC_QOS_MAX_IKES;
	c->max_groups = IPSEC_QOS_MAX_GROUPS;
	c->ike_ports[c->n_ike_ports++] = 500;
	c->natt_ports[c->n_natt_ports++] = 4500;

	n = of_kind(l, "settings", sections);
	if (n > 1)
		return fail(l, sections[1], sections[1]->line,
			    "settings is there twice, first in %s:%u: expected it once",
			    sections[0]->file, sections[0]->line);
	if (n && !settings(l, sections[0]))
		return false;

	n = of_kind(l, "fallback", sections);
	for (i = 0; i < n; i++) {
		if (!fallback(l, sections[i]))
			return false;
	}

	n = of_kind(l, "group", sections);
	if (!groups(l, sections, n) || !unique(l, l->names, n, "group") ||
	    !check_group_ids(l, sections) || !check_marks(l, sections))
		return false;
	qsort(l->config->groups, n, sizeof(*l->config->groups), compare_groups);
	if (!index_names(l))
		return false;

	n = of_kind(l, "fallback", sections);
	if (!check_fallbacks(l, sections, n))
		return false;

	n = of_kind(l, "profile", sections);
	if (!profiles(l, sections, n))
		return false;

	n = of_kind(l, "policy", sections);
	return policies(l, sections, n);
}

static bool index_profiles(struct loader *l)
{
	l->config->index = match_index_new(l->config);
	return l->config->index || no_memory(l);
}

struct config *config_load(const char *file, char *error, size_t error_size)
{
	struct loader l = { .error = error, .error_size = error_size };
	const struct conf_section **sections;

	l.file = read_sections(file, error, error_size);
	if (!l.file)
		return NULL;

	l.config = array(&l, 1, sizeof(*l.config));
	sections = array(&l, l.file->n_sections, sizeof(*sections));
	if (l.config)
		l.config->users = 1;
	if (!l.config || !sections || !load(&l, sections) ||
	    !index_profiles(&l)) {
		config_free(l.config);
		l.config = NULL;
	}
	free(l.names);
	free(sections);
	conffile_free(l.file);
	return l.config;
}

static void free_texts(char **texts, size_t n)
{
	while (n)
		free(texts[--n]);
	free(texts);
}

struct config *config_hold(struct config *config)
{
	__atomic_add_fetch(&config->users, 1, __ATOMIC_RELAXED);
	return config;
}

void config_free(struct config *config)
{
	size_t i, j;

	if (!config || __atomic_sub_fetch(&config->users, 1, __ATOMIC_ACQ_REL))
		return;

	for (i = 0; i < config->n_profiles; i++) {
		struct profile *p = &config->profiles[i];

		free_texts(p->id_text, p->n_ids);
		for (j = 0; j < p->n_ids; j++)
			identity_clear(&p->ids[j]);
		free(p->ids);
		free_texts(p->eap_ids, p->n_eap_ids);
		free_texts(p->members, p->n_members);
		free_texts(p->conns, p->n_conns);
		free(p->name);
		free(p->file);
	}
	for (i = 0; i < config->n_policies; i++) {
		free(config->policies[i].name);
		free(config->policies[i].device);
		free(config->policies[i].classes);
	}
	free_texts(config->warnings, config->n_warnings);
	match_index_free(config->index);
	free(config->names);
	free(config->groups);
	free(config->profiles);
	free(config->policies);
	free(config);
}
