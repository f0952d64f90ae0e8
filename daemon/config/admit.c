// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section admit.
 */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool outside(struct reader *r, const struct conf_section *s, struct admit *a)
{
	const struct conf_value *v;

	a->outside = conf_array(r, utarray_len(&s->values), sizeof(*a->outside));
	if (!a->outside)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, "outside"))
			continue;
		if (!conf_device(r, s, v, DEVICE_NAME))
			return false;
		/* it becomes a string of nftables, which has wildcards of its own */
		if (strpbrk(v->text, "\"\\*"))
			return conf_fail(r, s, v->line,
					 "outside = '%s': expected the name of one device, without \" \\ and *",
					 conf_shown(r, v->text));
		if (a->n_outside == ADMIT_DEVICES_MAX)
			return conf_fail(r, s, v->line, "outside: expected at most %u devices",
					 ADMIT_DEVICES_MAX);
		snprintf(a->outside[a->n_outside++], DEVICE_NAME, "%s", v->text);
	}
	return a->n_outside ||
	       conf_fail(r, s, s->line,
			 "admit has no outside: expected the device that others' packets come from, outside = eth0");
}

bool conf_admit(struct reader *r, const struct conf_section **sections, size_t n)
{
	const struct conf_section *s = n ? sections[0] : NULL;
	struct admit *a;

	if (n > 1)
		return conf_fail(r, sections[1], sections[1]->line,
				 "admit is there twice, first in %s:%u: expected it once",
				 sections[0]->file, sections[0]->line);
	if (!n)
		return true;
#ifndef HAVE_LIBNFTABLES
	return conf_fail(r, s, s->line,
			 "admit: this daemon is built without libnftables: expected no such section");
#endif
	a = r->config->steer.admit = conf_array(r, 1, sizeof(*a));
	return a && outside(r, s, a) &&
	       conf_prefixes(r, s, "from", ADMIT_PREFIXES_MAX, &a->from, &a->n_from) &&
	       conf_yes(r, s, "input", &a->input) &&
	       (a->n_from ||
		conf_warn(r, s, s->line,
			  "admit has no from: clear text is admitted from nobody"));
}
