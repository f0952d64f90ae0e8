// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections group.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	if (!conf_get(r, s, "priority", &v) || (v && !conf_classid(r, s, v, &g->priority)))
		return false;

	g->dscp = -1;
	return conf_get(r, s, "dscp", &v) &&
	       (!v || conf_dscp(r, s, v->text, v->line, &g->dscp));
}

/*
 * No packet may carry the marks of two groups. One can where the two agree in
 * all bits that both look at.
 */
static bool check_marks(struct reader *r, const struct conf_section **sections)
{
	const struct iq_kernel_group *g = r->config->groups;
	size_t n = r->config->n_groups, i, j;
	uint32_t *marks, *masks;
	bool ok = true;

	/* every pair: side by side they are read at the speed of memory */
	marks = conf_array(r, n, sizeof(*marks));
	masks = conf_array(r, n, sizeof(*masks));
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
			ok = conf_fail(r, sections[i], conf_find(sections[i], "mark")->line,
				       "the mark 0x%x/0x%x of group '%s' overlaps 0x%x/0x%x of group '%s' (%s:%u): expected marks that differ in a bit of both masks",
				       marks[i], masks[i], g[i].name, marks[j], masks[j],
				       g[j].name,
				       /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
				       sections[j]->file,
				       conf_find(sections[j], "mark")->line);
	}
	free(marks);
	free(masks);
	return ok;
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

static bool check_group_ids(struct reader *r, const struct conf_section **sections)
{
	size_t n = r->config->n_groups, i;
	struct group_id *ids;
	bool ok = true;

	ids = conf_array(r, n, sizeof(*ids));
	if (!ids)
		return false;
	for (i = 0; i < n; i++) {
		ids[i].id = r->config->groups[i].id;
		ids[i].index = i;
	}
	qsort(ids, n, sizeof(*ids), compare_group_ids);

	for (i = 1; ok && i < n; i++) {
		const struct conf_section *s = sections[ids[i].index];
		const struct conf_section *first = sections[ids[i - 1].index];

		if (ids[i].id == ids[i - 1].id)
			ok = conf_fail(r, s, conf_find(s, "id")->line,
				       "group '%s' has the id %u of group '%s' (%s:%u): expected one of its own",
				       s->title, ids[i].id, first->title, first->file,
				       conf_find(first, "id")->line);
	}
	free(ids);
	return ok;
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

bool conf_group_id(struct reader *r, const struct conf_section *s,
		   unsigned int line, const char *name, uint32_t *id)
{
	size_t low = 0, high = r->config->n_groups, mid;
	int ret;

	while (low < high) {
		mid = low + (high - low) / 2;
		ret = strcmp(name, r->names[mid].name);
		if (!ret) {
			*id = r->names[mid].id;
			return true;
		}
		if (ret < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return conf_fail(r, s, line, "group '%s' does not exist: expected the name of a group section",
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
	    !check_group_ids(r, sections) || !check_marks(r, sections))
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
