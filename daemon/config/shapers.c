// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections policy: shapers, each with its classes.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if.h>

/**
 * struct summing - the guarantees of a policy's classes
 *
 * @used: what those come to that the file says, in bytes a second
 * @shares: how many classes, all of ranges, share what is left
 */
struct summing {
	uint64_t used;
	uint64_t shares;
};

/* "class gold", "each staff", "the default class" */
static const char *class_label(const struct conf_section *s, char *buf, size_t size)
{
	if (!s->title)
		return "the default class";
	snprintf(buf, size, "%s %s", s->kind, s->title);
	return buf;
}

static bool too_much(struct reader *r, const struct conf_section *s,
		     const struct conf_value *bandwidth, const struct shaper *p,
		     const struct class *class, uint64_t used)
{
	uint32_t n = class_groups(class);
	double sum = (double)class->rate * n;
	char label[TEXT_VALUE + 16], each[16] = "";

	if (class->range)
		snprintf(each, sizeof(each), "%u of ", n);
	return conf_fail(r, s, bandwidth->line,
			 "with %s'%s' for %s the classes of policy '%s' come to %.6g%% of its rate: expected at most 100%%%s",
			 each, conf_shown(r, bandwidth->text),
			 class_label(s, label, sizeof(label)), p->name,
			 100 * (used + sum) / p->rate, class->range ?
			 ": fewer marks, less bandwidth, or none, for equal shares of what is left" :
			 "");
}

/* What it has of the device's rate; @rate is 0 where the file does not say. */
static bool rates(struct reader *r, const struct conf_section *s, const struct shaper *p,
		  struct summing *sum, struct class *class)
{
	const struct conf_value *bandwidth, *ceil;
	uint64_t left = p->rate - sum->used;
	uint32_t n = class_groups(class);

	if (class->group) {
		if (!conf_need(r, s, "bandwidth", "\"30%\"", &bandwidth))
			return false;
	} else if (!conf_get(r, s, "bandwidth", &bandwidth)) {
		return false;
	}

	if (bandwidth) {
		if (!conf_rate(r, s, bandwidth, p->rate, &class->rate))
			return false;
		if (class->rate > left / n)
			return too_much(r, s, bandwidth, p, class, sum->used);
		sum->used += class->rate * n;
	} else if (class->range) {
		sum->shares += n;
	}

	class->ceil = p->rate;
	if (!conf_get(r, s, "ceil", &ceil) ||
	    (ceil && !conf_rate(r, s, ceil, p->rate, &class->ceil)))
		return false;
	if (ceil && class->ceil > p->rate)
		return conf_fail(r, s, ceil->line,
				 "ceil = '%s' is more than the rate of policy '%s': expected at most 100%%",
				 conf_shown(r, ceil->text), p->name);
	if (class->range && ((bandwidth && class->rate < RANGE_RATE_MIN) ||
			     class->ceil < RANGE_RATE_MIN))
		return conf_fail(r, s, s->line,
				 "%s '%s': bandwidth and ceil of each class of many are at least 8kbit, which is what the kernel gives it: expected as much",
				 s->kind, conf_shown(r, s->title));
	if (bandwidth && ceil && class->ceil < class->rate)
		return conf_fail(r, s, ceil->line,
				 "ceil = '%s' is less than bandwidth = '%s': expected at least as much",
				 conf_shown(r, ceil->text), conf_shown(r, bandwidth->text));
	return true;
}

static const struct profile *find_profile(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_profiles; i++)
		if (!strcmp(c->profiles[i].name, name))
			return &c->profiles[i];
	return NULL;
}

static const struct range *find_range(struct reader *r, const struct conf_section *s)
{
	const struct profile *profile = find_profile(r->config, s->title);
	const char *clear = strcmp(s->kind, "each") ? "-clear" : "";
	uint32_t id;

	if (profile && profile->range)
		return profile->range;
	if (profile)
		conf_fail(r, s, s->line,
			  "%s '%s': the peers of that profile are all in one group: expected a profile with a section each, or class and the name of the group",
			  s->kind, conf_shown(r, s->title));
	else if (conf_group_find(r, s->title, &id))
		conf_fail(r, s, s->line,
			  "%s '%s': there is no such profile: expected one with a section each, or class%s %s for the group",
			  s->kind, s->title, clear, s->title);
	else
		conf_fail(r, s, s->line,
			  "%s '%s': there is no such profile: expected one with a section each",
			  s->kind, conf_shown(r, s->title));
	return NULL;
}

static bool find_group(struct reader *r, const struct conf_section *s, uint32_t *id)
{
	const struct profile *profile = find_profile(r->config, s->title);
	const char *clear = strcmp(s->kind, "class") ? "-clear" : "";

	if (!profile || !profile->range || conf_group_find(r, s->title, id))
		return conf_group_id(r, s, s->line, s->title, id);
	return conf_fail(r, s, s->line,
			 "group '%s' does not exist: expected the name of a group section, or each%s %s for the groups of the profile",
			 s->title, clear, s->title);
}

static bool group_clear(struct reader *r, const struct conf_section *s, uint32_t id)
{
	const struct iq_kernel_group *group = config_group_written(r->config, id);

	if (group->mark_clear == group->mark)
		return conf_fail(r, s, s->line,
				 "%s '%s': clear packets of that group have the mark that ESP has: expected a mark-clear of their own in it",
				 s->kind, conf_shown(r, s->title));
	return id <= RANGE_ID_MAX_CLEAR ||
	       conf_fail(r, s, s->line,
			 "%s '%s': the id of that group is %u: expected at most %u, as clear packets' classes have numbers from there on",
			 s->kind, conf_shown(r, s->title), id, RANGE_ID_MAX_CLEAR);
}

/* Whose packets are its. */
static bool whose(struct reader *r, const struct conf_section *s, struct class *class)
{
	bool clear = !strcmp(s->kind, "class-clear");

	if (clear || !strcmp(s->kind, "each-clear"))
		class->way = CLASS_CLEAR;
	if (clear || !strcmp(s->kind, "class"))
		return find_group(r, s, &class->group) &&
		       (!clear || group_clear(r, s, class->group));
	class->range = find_range(r, s);
	if (!class->range)
		return false;
	return class->way != CLASS_CLEAR || class->range->clear ||
	       conf_fail(r, s, s->line,
			 "%s '%s': clear packets of that profile's peers have the marks that ESP has: expected clear = bits of their own in its section each",
			 s->kind, conf_shown(r, s->title));
}

/* A class beside one for the clear packets of the same is for ESP alone. */
static void find_ways(struct shaper *p)
{
	struct class *clear, *other;

	for (clear = p->classes; clear < p->classes + p->n_classes; clear++) {
		if (clear->way != CLASS_CLEAR)
			continue;
		for (other = p->classes; other < p->classes + p->n_classes; other++)
			if (other->way == CLASS_ALL && other->range == clear->range &&
			    other->group == clear->group)
				other->way = CLASS_ESP;
	}
}

/**
 * struct minors - the HTB classes of a section
 *
 * @first: their minors, @n of them
 */
struct minors {
	uint32_t first;
	uint32_t n;
	const struct conf_section *section;
};

static int compare_minors(const void *a, const void *b)
{
	const struct minors *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->section->line < y->section->line ? -1 : x->section->line > y->section->line;
}

/* Clear packets' classes have numbers that an id may have, too. */
static bool check_minors(struct reader *r, struct minors *minors, size_t n)
{
	char label[2][TEXT_VALUE + 16];
	size_t i;

	qsort(minors, n, sizeof(*minors), compare_minors);
	for (i = 1; i < n; i++) {
		if (minors[i].first - minors[i - 1].first >= minors[i - 1].n)
			continue;
		return conf_fail(r, minors[i].section, minors[i].section->line,
				 "%s is to have a class with the minor 0x%x, and so is %s: clear packets have their group's id and 0x%x more: expected ids that leave those to them (ids = the first, in a section each)",
				 class_label(minors[i].section, label[0], sizeof(label[0])),
				 minors[i].first,
				 class_label(minors[i - 1].section, label[1],
					     sizeof(label[1])),
				 CLASS_MINOR_CLEAR);
	}
	return true;
}

/* All but the default class. */
static bool titled_classes(struct reader *r, const struct conf_section *s,
			   struct shaper *p, struct named *named, struct minors *minors,
			   struct summing *sum)
{
	static const char *const kinds[] = { "class", "class-clear", "each", "each-clear" };
	const struct conf_section *sub;
	size_t i, n, n_minors = 0;
	struct class *class;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = 0;
		conf_for_each(sub, &s->subs) {
			if (!strcmp(sub->kind, kinds[i])) {
				named[n] = conf_titled(sub, n);
				n++;
			}
		}
		if (!conf_unique(r, named, n, kinds[i]))
			return false;
	}
	conf_for_each(sub, &s->subs) {
		if (!sub->title)
			continue;
		class = &p->classes[p->n_classes];
		if (!whose(r, sub, class) || !rates(r, sub, p, sum, class))
			return false;
		p->n_classes++;
		if (class_minor(class))
			minors[n_minors++] = (struct minors){
				class_minor(class), class_groups(class), sub,
			};
	}
	find_ways(p);
	return check_minors(r, minors, n_minors);
}

static const struct conf_section *find_default(struct reader *r,
					       const struct conf_section *s,
					       const struct shaper *p, bool *ok)
{
	const struct conf_section *rest = NULL, *sub;

	conf_for_each(sub, &s->subs) {
		if (sub->title)
			continue;
		if (rest)
			*ok = conf_fail(r, sub, sub->line,
					"policy '%s' has two default classes, the first in line %u: expected one",
					p->name, rest->line);
		rest = sub;
	}
	return rest;
}

/*
 * What is left where the file does not say: the classes of ranges share it equally, but
 * for half of it, which is the default class's unless the file says otherwise. That must
 * not starve, ARP and routing protocols are in it: it has one per cent at least.
 */
static bool share(struct reader *r, const struct conf_section *s, struct shaper *p,
		  const struct summing *sum)
{
	struct class *last = &p->classes[p->n_classes - 1], *class;
	uint64_t least = p->rate / 100 ? p->rate / 100 : 1;
	uint64_t left = p->rate - sum->used, each;

	if (sum->shares) {
		each = (last->rate ? left : left / 2) / sum->shares;
		if (each < RANGE_RATE_MIN)
			return conf_fail(r, s, s->line,
					 "policy '%s': what is left of its rate for the classes of each is less than 8kbit for each of %llu, which is what the kernel gives them: expected fewer marks, or more that is left",
					 p->name, (unsigned long long)sum->shares);
		for (class = p->classes; class < last; class++) {
			if (class->rate)
				continue;
			class->rate = each < class->ceil ? each : class->ceil;
			left -= left < class->rate * class->range->n ?
				left : class->rate * class->range->n;
		}
	}
	if (last->rate)
		return true;
	last->rate = left > least ? left : least;
	if (last->rate > last->ceil)
		last->rate = last->ceil;
	return true;
}

static const struct class *find_class(const struct shaper *p, uint32_t group,
				      enum class_way way)
{
	const struct class *class;

	for (class = p->classes; class < p->classes + p->n_classes; class++)
		if (group && class->group == group && class->way == way)
			return class;
	return NULL;
}

/*
 * Who finds no group left in a range must not get around its limit by that. The range's
 * own overflow has a class as all of it have.
 */
static bool check_overflow(struct reader *r, const struct conf_section *s,
			   const struct shaper *p, const struct class *class)
{
	const struct range *range = class->range;
	const struct class *other;

	if (!range || !range->overflow || range_own_overflow(range))
		return true;
	other = find_class(p, range->overflow, class->way);
	if (!other && class->way != CLASS_CLEAR)
		other = find_class(p, range->overflow, CLASS_ALL);
	if (!other)
		return conf_fail(r, s, s->line,
				 "policy '%s' has a class for each peer of profile '%s', but none for group '%s', which those are in that find no group left: expected %s %s, or overflow = none for the default class, or no overflow, for one of its own",
				 p->name, range->profile->name,
				 config_group_written(r->config, range->overflow)->name,
				 class->way == CLASS_CLEAR ? "class-clear" : "class",
				 config_group_written(r->config, range->overflow)->name);
	return other->ceil <= class->ceil ||
	       conf_warn(r, s, s->line,
			 "policy '%s': peers of profile '%s' that find no group left are in group '%s', whose ceil is more than theirs",
			 p->name, range->profile->name,
			 config_group_written(r->config, range->overflow)->name);
}

/* So many that HTB can number them and their leaves. */
static bool check_number(struct reader *r, const struct conf_section *s,
			 const struct shaper *p)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < p->n_classes; i++) {
		n += class_groups(&p->classes[i]);
		if (!check_overflow(r, s, p, &p->classes[i]))
			return false;
	}
	return n <= SHAPER_CLASSES_MAX ||
	       conf_fail(r, s, s->line,
			 "policy '%s' has %llu classes with the default one: expected at most %u, which HTB and their queues can be numbered to",
			 p->name, (unsigned long long)n, SHAPER_CLASSES_MAX);
}

static bool classes(struct reader *r, const struct conf_section *s, struct shaper *p)
{
	size_t n = utarray_len(&s->subs);
	const struct conf_section *rest;
	struct summing sum = {};
	struct minors *minors;
	struct named *named;
	struct class *last;
	bool ok = true;

	p->classes = conf_array(r, n + 1, sizeof(*p->classes));
	named = conf_array(r, n, sizeof(*named));
	minors = conf_array(r, n, sizeof(*minors));
	rest = find_default(r, s, p, &ok);
	ok = ok && p->classes && named && minors &&
	     titled_classes(r, s, p, named, minors, &sum);
	free(named);
	free(minors);
	if (!ok)
		return false;

	last = &p->classes[p->n_classes++];
	last->ceil = p->rate;
	if (rest && !rates(r, rest, p, &sum, last))
		return false;
	return share(r, s, p, &sum) && check_number(r, s, p);
}

static bool shaper(struct reader *r, const struct conf_section *s, struct shaper *p)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	p->name = conf_copy(r, s->title);
	if (!p->name)
		return false;

	if (!conf_need(r, s, "device", "the name of a network device", &v))
		return false;
	if (!conf_device(r, s, v, ALTIFNAMSIZ))
		return false;
	p->device = conf_copy(r, v->text);
	if (!p->device)
		return false;
	if (!conf_need(r, s, "rate", "the device's rate, such as \"100mbit\"", &v) ||
	    !conf_rate(r, s, v, 0, &p->rate))
		return false;

	if (!conf_yes(r, s, "replace", &p->replace))
		return false;

	if (!conf_get(r, s, "flows", &v) ||
	    (v && !conf_number(r, s, v, 1, SHAPER_FLOWS_MAX, &p->flows)))
		return false;
	return classes(r, s, p);
}

static bool has_class(const struct config *c, const struct range *range)
{
	size_t i, j;

	for (i = 0; i < c->n_shapers; i++)
		for (j = 0; j < c->shapers[i].n_classes; j++)
			if (c->shapers[i].classes[j].range == range)
				return true;
	return false;
}

/* Where there are policies, a range that none of them names may have been forgotten. */
static bool check_ranges(struct reader *r)
{
	const struct config *c = r->config;
	size_t i;

	for (i = 0; c->n_shapers && i < c->n_ranges; i++) {
		const struct profile *p = c->ranges[i]->profile;
		const struct conf_section at = { .file = p->file };

		if (!has_class(c, c->ranges[i]) &&
		    !conf_warn(r, &at, p->line,
			       "profile %s: each of its peers has a group, but no policy a class for each: expected each %s { ... } in one, unless something else looks at their marks",
			       p->name, p->name))
			return false;
	}
	return true;
}

bool conf_shapers(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct config *c = r->config;
	struct named *named;
	bool ok = true;
	size_t i;

	c->shapers = conf_array(r, n, sizeof(*c->shapers));
	named = conf_array(r, n, sizeof(*named));
	if (!c->shapers || !named) {
		free(named);
		return false;
	}
	for (i = 0; ok && i < n; i++) {
		c->n_shapers++;
		ok = shaper(r, sections[i], &c->shapers[i]);
		named[i] = conf_titled(sections[i], i);
	}
	ok = ok && conf_unique(r, named, n, "policy");

	for (i = 0; ok && i < n; i++) {
		named[i] = conf_titled(sections[i], i);
		named[i].name = c->shapers[i].device;
		named[i].line = conf_find(sections[i], "device")->line;
	}
	ok = ok && conf_unique(r, named, n, "a policy for device");
	free(named);
	return ok && check_ranges(r);
}
