// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a shaper stands on its device.
 */
#include "shaping/site.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/pkt_sched.h>

#include "shaping/tc.h"

void site_state(struct site *site, enum qdisc_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	site->state = state;
	vsnprintf(site->text, sizeof(site->text), format, args);
	va_end(args);
}

int site_fail(const struct qdisc_ctl *ctl, struct site *site, const char *what,
	      const char *name)
{
	site_state(site, QDISC_ERROR, "%s%s%s: %s", what, name ? " " : "",
		   name ? name : "", tc_error(ctl->tc));
	return -1;
}

bool site_is_own(const struct tc_qdisc *root)
{
	return root && root->handle == ROOT && !strcmp(root->kind, "htb") &&
	       root->defcls == PLAN_MINOR_DEFAULT;
}

const struct tc_qdisc *site_find_root(const UT_array *qdiscs, int ifindex)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	size_t i;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++)
		if (qdisc->ifindex == ifindex && qdisc->parent == TC_H_ROOT)
			return qdisc;

	return NULL;
}

bool site_is_taken(const UT_array *qdiscs, int ifindex)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	size_t i;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++)
		if (qdisc->ifindex == ifindex && qdisc->handle == ROOT)
			return true;

	return false;
}

int site_count_failed(const struct qdisc_ctl *ctl)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < ctl->n; i++)
		failed += ctl->sites[i].state == QDISC_ERROR;

	return failed;
}
