// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections group.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value alone, or with the mask that the mark has. */
static bool mark_clear(struct reader *r, const struct conf_section *s,
		       const struct conf_value *v, struct iq_kernel_group *g)
{
	uint32_t mask;

	if (!conf_mark(r, s, v, &g->mark_clear, &mask))
		return false;
	if (strchr(v->text, '/') && mask != g->mask)
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected no mask, or that of the mark, 0x%x",
				 v->key, conf_shown(r, v->text), g->mask);
	if (g->mark_clear & ~g->mask)
		return conf_fail(r, s, v->line,
				 "%s = '%s': 0x%x has bits outside of the mark's mask 0x%x, expected none",
				 v->key, conf_shown(r, v->text), g->mark_clear, g->mask);
	return true;
}

static bool group(struct reader *r, const struct conf_section *s, struct iq_kernel_group *g)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	strcpy(g->name, s->title);

	if (!conf_need(r, s, "id", "a number other than 0", &v) ||
	    !conf_number(r, s, v, 1, UINT32_MAX, &g->id))
		return false;
	if (!conf_need(r, s, "mark", "0x10/0xff0", &v) || !conf_mark(r, s, v, &g->mark, &g->mask))
		return false;

	g->mark_clear = g->mark;
	if (!conf_get(r, s, "mark-clear", &v) || (v && !mark_clear(r, s, v, g)))
		return false;

	if (!conf_get(r, s, "priority", &v) || (v && !conf_classid(r, s, v, &g->priority)))
		return false;

	g->dscp = -1;
	return conf_get(r, s, "dscp", &v) &&
	       (!v || conf_dscp(r, s, v->text, v->line, &g->dscp));
}

/**
 * struct marks - what packets of groups may carry, side by side
 *
 * @n: how many: of a group its mark, and that of clear packets where it is another
 * @group: whose each is, by its place
 */
struct marks {
	size_t n;
	uint32_t *value;
	uint32_t *mask;
	size_t *group;
};

static void add_marks(struct marks *m, const struct iq_kernel_group *g, size_t place)
{
	uint32_t values[] = { g->mark, g->mark_clear };
	size_t i;

	for (i = 0; i < (g->mark_clear != g->mark ? 2 : 1); i++) {
		m->value[m->n] = values[i];
		m->mask[m->n] = g->mask;
		m->group[m->n++] = place;
	}
}

/* Which setting of a group's gives it a mark. */
static const struct conf_value *marked_by(const struct conf_section *s,
					  const struct iq_kernel_group *g, uint32_t value)
{
	return conf_find(s, value == g->mark ? "mark" : "mark-clear");
}

static bool marks_overlap(struct reader *r, const struct conf_section **sections,
			  const struct marks *m, size_t i, size_t j)
{
	const struct iq_kernel_group *a = &r->config->groups[m->group[i]];
	const struct iq_kernel_group *b = &r->config->groups[m->group[j]];
	const struct conf_section *at = sections[m->group[i]], *first = sections[m->group[j]];

	/* of each group there is a section, and in it what gives it the mark */
	return conf_fail(r, at, marked_by(at, a, m->value[i])->line,
			 "the %s 0x%x/0x%x of group '%s' overlaps 0x%x/0x%x of group '%s' (%s:%u): expected marks that differ in a bit of both masks",
			 m->value[i] == a->mark ? "mark" : "mark-clear",
			 m->value[i], m->mask[i], a->name, m->value[j], m->mask[j], b->name,
			 /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
			 first->file, marked_by(first, b, m->value[j])->line);
}

/*
 * No packet may carry the marks of two groups. One can where the two agree in
 * all bits that both look at.
 */
static bool check_marks(struct reader *r, const struct conf_section **sections)
{
	size_t n = r->config->n_groups, i, j;
	struct marks m = {
		/* every pair: side by side they are read at the speed of memory */
		.value = conf_array(r, 2 * n, sizeof(*m.value)),
		.mask = conf_array(r, 2 * n, sizeof(*m.mask)),
		.group = conf_array(r, 2 * n, sizeof(*m.group)),
	};
	bool ok = m.value && m.mask && m.group;

	for (i = 0; ok && i < n; i++)
		add_marks(&m, &r->config->groups[i], i);
	for (i = 1; ok && i < m.n; i++) {
		for (j = 0; j < i; j++) {
			if (!((m.value[i] ^ m.value[j]) & m.mask[i] & m.mask[j]))
				break;
		}
		/* a group's own two have one mask, and are not the same */
		if (j < i)
			ok = marks_overlap(r, sections, &m, i, j);
	}
	free(m.value);
	free(m.mask);
	free(m.group);
	return ok;
}

static int compare_groups(const void *a, const void *b)
{
	const struct iq_kernel_group *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool read_groups(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct config *c = r->config;
	size_t i;

	if (n > c->conf.max_groups)
		return conf_fail(r, sections[c->conf.max_groups],
				 sections[c->conf.max_groups]->line,
				 "group '%s' is one more than the %u that max-groups allows: expected fewer, or a greater max-groups",
				 sections[c->conf.max_groups]->title, c->conf.max_groups);

	c->groups = conf_array(r, n, sizeof(*c->groups));
	r->names = conf_array(r, n, sizeof(*r->names));
	if (!c->groups || !r->names)
		return false;

	for (i = 0; i < n; i++) {
		if (!group(r, sections[i], &c->groups[i]))
			return false;
		r->names[i] = conf_titled(sections[i], i);
		r->names[i].id = c->groups[i].id;
		c->n_groups++;
	}
	return true;
}

bool conf_group_find(const struct reader *r, const char *name, uint32_t *id)
{
	const struct named *found = conf_named(r->names, r->config->n_groups, name);

	if (found) {
		*id = found->id;
		return true;
	}
	return false;
}

bool conf_group_id(struct reader *r, const struct conf_section *s,
		   unsigned int line, const char *name, uint32_t *id)
{
	return conf_group_find(r, name, id) ||
	       conf_fail(r, s, line,
			 "group '%s' does not exist: expected the name of a group section",
			 conf_shown(r, name));
}

const struct iq_kernel_group *config_group_written(const struct config *config,
						   uint32_t id)
{
	const struct iq_kernel_group key = { .id = id };

	return bsearch(&key, config->groups, config->n_groups,
		       sizeof(*config->groups), compare_groups);
}

bool config_group(const struct config *config, uint32_t id, struct iq_kernel_group *group)
{
	const struct iq_kernel_group *written = config_group_written(config, id);
	const struct range *range = written ? NULL : config_range(config, id);

	if (written)
		*group = *written;
	else if (range)
		range_group(range, id, group);
	return written || range;
}

static int compare_names(const void *a, const void *b)
{
	const struct iq_kernel_group *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool index_names(struct reader *r)
{
	struct config *c = r->config;
	size_t i;

	c->names = conf_array(r, c->n_groups, sizeof(*c->names));
	if (!c->names)
		return false;
	for (i = 0; i < c->n_groups; i++)
		c->names[i] = &c->groups[i];
	qsort(c->names, c->n_groups, sizeof(*c->names), compare_names);
	return true;
}

bool conf_groups(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct config *c = r->config;

	if (!read_groups(r, sections, n) || !conf_unique(r, r->names, n, "group") ||
	    !conf_unique_ids(r, r->names, n, "group") || !check_marks(r, sections))
		return false;
	qsort(c->groups, n, sizeof(*c->groups), compare_groups);
	return index_names(r);
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
