// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section fallback: marks of packets that are in no group, by their DSCP.
 */
#include "config/reader.h"

static bool fallback(struct reader *r, const struct conf_section *s)
{
	struct iq_conf *c = &r->config->conf;
	const struct conf_section *sub;
	const struct conf_value *v;
	struct iq_kernel_fallback *f;
	int value;
	size_t j;

	conf_for_each(sub, &s->subs) {
		if (!conf_dscp(r, sub, sub->title, sub->line, &value))
			return false;
		for (j = 0; j < c->n_fallback; j++) {
			if (c->fallback[j].dscp == value)
				return conf_fail(r, sub, sub->line,
						 "dscp '%s' (%d) has a mark already: expected one",
						 sub->title, value);
		}
		/* there are as many entries as DSCPs */
		f = &c->fallback[c->n_fallback++];
		f->dscp = value;
		if (!conf_need(r, sub, "mark", "0x10/0xff0", &v) ||
		    !conf_mark(r, sub, v, &f->mark, &f->mask))
			return false;
	}
	return true;
}

bool conf_fallbacks(struct reader *r, const struct conf_section **sections, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!fallback(r, sections[i]))
			return false;
	}
	return true;
}

/*
 * A fall-back's mark that is a group's has packets of nobody taken for the
 * group's, by whatever looks for its mark: a class, a filter, a routing rule.
 * That may be meant so.
 */
static bool check_fallback(struct reader *r, const struct conf_section *s,
			   const struct iq_kernel_fallback *f)
{
	const struct config *c = r->config;
	struct iq_kernel_group group;
	const struct iq_kernel_group *g = NULL;
	uint32_t id;
	size_t i;

	for (i = 0; i < c->n_groups && !g; i++) {
		uint32_t bits = f->mark & c->groups[i].mask;

		if (bits == c->groups[i].mark || bits == c->groups[i].mark_clear)
			g = &c->groups[i];
	}
	for (i = 0; i < c->n_ranges && !g; i++) {
		if (!range_fits(c->ranges[i], f->mark,
				c->ranges[i]->mask | c->ranges[i]->clear, &id))
			continue;
		range_group(c->ranges[i], id, &group);
		g = &group;
	}
	return !g ||
	       conf_warn(r, s, conf_find(s, "mark")->line,
			 "fall-back dscp %s: packets of no group get the mark 0x%x/0x%x, which fits that of group %s, 0x%x/0x%x: classes, filters and routing rules for the group take them, too; where that is not meant, give the fall-back another mark",
			 conf_shown(r, s->title), f->mark, f->mask, g->name,
			 f->mark & g->mask, g->mask);
}

bool conf_check_fallbacks(struct reader *r, const struct conf_section **sections,
			  size_t n)
{
	const struct conf_section *sub;
	struct config *c = r->config;
	size_t i, k = 0;

	/* in the order in which conf_fallbacks() met them */
	for (i = 0; i < n; i++)
		conf_for_each(sub, &sections[i]->subs)
			if (!check_fallback(r, sub, &c->conf.fallback[k++]))
				return false;
	return true;
}
