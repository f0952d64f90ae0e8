// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections policy: shapers, each with its classes.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>
#include <linux/if.h>

static bool class(struct reader *r, const struct conf_section *s,
		  const struct shaper *p, uint64_t used, struct class *class)
{
	const struct conf_value *bandwidth, *ceil;
	uint64_t left = p->rate - used;

	if (s->title) {
		if (!conf_group_id(r, s, s->line, s->title, &class->group) ||
		    !conf_need(r, s, "bandwidth", "\"30%\"", &bandwidth))
			return false;
	} else if (!conf_get(r, s, "bandwidth", &bandwidth)) {
		return false;
	}

	if (bandwidth) {
		if (!conf_rate(r, s, bandwidth, p->rate, &class->rate))
			return false;
		if (class->rate > left)
			return conf_fail(r, s, bandwidth->line,
					 "with '%s' for %s%s the classes of policy '%s' come to %.4g%% of its rate: expected at most 100%%",
					 conf_shown(r, bandwidth->text), s->title ? "class " : "the default class",
					 conf_title_of(s), p->name,
					 100 * ((double)used + class->rate) / p->rate);
	} else {
		class->rate = left;
	}

	class->ceil = p->rate;
	if (!conf_get(r, s, "ceil", &ceil) ||
	    (ceil && !conf_rate(r, s, ceil, p->rate, &class->ceil)))
		return false;
	if (ceil && class->ceil > p->rate)
		return conf_fail(r, s, ceil->line,
				 "ceil = '%s' is more than the rate of policy '%s': expected at most 100%%",
				 conf_shown(r, ceil->text), p->name);
	if (bandwidth && ceil && class->ceil < class->rate)
		return conf_fail(r, s, ceil->line,
				 "ceil = '%s' is less than bandwidth = '%s': expected at least as much",
				 conf_shown(r, ceil->text), conf_shown(r, bandwidth->text));
	return true;
}

/*
 * What is left for the default class where the file does not say. It must not
 * starve, ARP and routing protocols are in it: one per cent at least.
 */
static void default_rate(const struct shaper *p, struct class *class)
{
	if (class->rate < p->rate / 100)
		class->rate = p->rate / 100;
	if (!class->rate)
		class->rate = 1;
	if (class->rate > class->ceil)
		class->rate = class->ceil;
}

static bool classes(struct reader *r, const struct conf_section *s, struct shaper *p)
{
	const struct conf_section *rest = NULL, *sub;
	size_t n = utarray_len(&s->subs);
	struct named *named;
	struct class *last;
	uint64_t used = 0;
	bool ok = true;

	p->classes = conf_array(r, n + 1, sizeof(*p->classes));
	named = conf_array(r, n, sizeof(*named));
	if (!p->classes || !named) {
		free(named);
		return false;
	}

	conf_for_each(sub, &s->subs) {
		if (!ok)
			break;
		if (!sub->title) {
			if (rest)
				ok = conf_fail(r, sub, sub->line,
					       "policy '%s' has two default classes, the first in line %u: expected one",
					       p->name, rest->line);
			rest = sub;
			continue;
		}
		named[p->n_classes] = conf_titled(sub, p->n_classes);
		ok = class(r, sub, p, used, &p->classes[p->n_classes]);
		used += p->classes[p->n_classes++].rate;
	}
	ok = ok && conf_unique(r, named, p->n_classes, "class");
	free(named);
	if (!ok)
		return false;

	last = &p->classes[p->n_classes++];
	last->rate = p->rate - used;
	last->ceil = p->rate;
	if (rest && !class(r, rest, p, used, last))
		return false;
	if (!rest || !conf_find(rest, "bandwidth"))
		default_rate(p, last);
	return true;
}

static bool shaper(struct reader *r, const struct conf_section *s, struct shaper *p)
{
	const struct conf_value *v;
	const char *at;
	int yes;

	if (!conf_title(r, s))
		return false;
	p->name = conf_copy(r, s->title);
	if (!p->name)
		return false;

	if (!conf_need(r, s, "device", "the name of a network device", &v))
		return false;
	/* as the kernel's dev_valid_name() has it, but for alternative names' length */
	if (!*v->text || strlen(v->text) >= ALTIFNAMSIZ || !strcmp(v->text, ".") ||
	    !strcmp(v->text, "..") || strpbrk(v->text, "/: \t\r\n\v\f"))
		return conf_fail(r, s, v->line,
				 "device = '%s': expected the name of a network device, of at most %d characters, or an alternative one of at most %d",
				 conf_shown(r, v->text), IFNAMSIZ - 1, ALTIFNAMSIZ - 1);
	p->device = conf_copy(r, v->text);
	if (!p->device)
		return false;
	/* the kernel takes an @ in a name, but nobody has one */
	at = strchr(v->text, '@');
	if (at && !conf_warn(r, s, v->line,
			     "device = '%s': what ip link shows from the @ on is no part of it: the device's name is '%.*s'",
			     conf_shown(r, v->text), (int)(at - v->text), v->text))
		return false;

	if (!conf_need(r, s, "rate", "the device's rate, such as \"100mbit\"", &v) ||
	    !conf_rate(r, s, v, 0, &p->rate))
		return false;

	if (!conf_get(r, s, "replace", &v))
		return false;
	if (v) {
		yes = cfg_parse_boolean(v->text);
		if (yes < 0)
			return conf_fail(r, s, v->line, "replace = '%s': expected yes or no",
					 conf_shown(r, v->text));
		p->replace = yes;
	}

	if (!conf_get(r, s, "flows", &v) ||
	    (v && !conf_number(r, s, v, 1, SHAPER_FLOWS_MAX, &p->flows)))
		return false;
	return classes(r, s, p);
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
	return ok;
}
