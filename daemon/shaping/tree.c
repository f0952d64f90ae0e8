// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the classes and filters that are on a device to those that should be.
 */
#include "shaping/tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <linux/pkt_sched.h>
#include <netlink/errno.h>

#include "shaping/tc.h"

int tree_on_qdisc(const struct tc_qdisc *qdisc, void *arg)
{
	return iq_array_push(arg, qdisc) ? 0 : -NLE_NOMEM;
}

int tree_on_class(const struct tc_class *class, void *arg)
{
	return iq_array_push(arg, class) ? 0 : -NLE_NOMEM;
}

/**
 * struct seen_filter - a filter that is there
 *
 * @wanted: a class of the plan has it
 */
struct seen_filter {
	struct tc_filter tc;
	bool wanted;
};

static int on_filter(const struct tc_filter *filter, void *arg)
{
	struct seen_filter seen = { .tc = *filter }, *last;
	UT_array *list = arg;

	/* a priority that has one of the daemon's sort is not to go as a whole */
	if (!filter->whole && utarray_len(list)) {
		last = utarray_back(list);
		if (last->tc.whole && last->tc.prio == filter->prio &&
		    last->tc.chain == filter->chain) {
			*last = seen;
			return 0;
		}
	}

	return iq_array_push(arg, &seen) ? 0 : -NLE_NOMEM;
}

/* Bucket and CoDel times pass through the kernel's units: near is the same. */
static bool near(uint32_t a, uint32_t b)
{
	uint32_t gap = a > b ? a - b : b - a;

	return gap <= b / 16;
}

static bool same_class(const struct plan_class *want, const struct tc_class *have)
{
	if (want->rate != have->rate || want->ceil != have->ceil ||
	    !near(want->burst, have->burst) || !near(want->cburst, have->cburst))
		return false;

	/* HTB forgets an inner class's quantum. */
	return want->minor == PLAN_MINOR_ROOT || want->quantum == have->quantum;
}

/* For messages: "class gold: " and the like. */
static const char *class_name(const struct qdisc_ctl *ctl,
			      const struct plan_class *want, struct iq_kernel_group *group)
{
	if (want->minor == PLAN_MINOR_ROOT)
		return "(root)";

	return config_group(ctl->config, want->class->group, group) ? group->name :
								      "default";
}

static int put_class(const struct qdisc_ctl *ctl, struct site *site,
		     const struct plan_class *want, uint32_t parent)
{
	struct iq_kernel_group group;
	struct tc_class class = {
		.parent = parent,
		.handle = CLASSID(want->minor),
		.rate = want->rate,
		.ceil = want->ceil,
		.burst = want->burst,
		.cburst = want->cburst,
		.quantum = want->quantum,
	};

	if (tc_put_class(ctl->tc, site->ifindex, &class))
		return site_fail(ctl, site, "class", class_name(ctl, want, &group));

	return 0;
}

static int put_leaf(const struct qdisc_ctl *ctl, struct site *site,
		    const struct plan_class *want, bool anew)
{
	struct iq_kernel_group group;
	struct tc_qdisc leaf = {
		.parent = CLASSID(want->minor),
		.target = want->target,
		.interval = want->interval,
		.flows = want->flows,
	};

	if (tc_put_leaf(ctl->tc, site->ifindex, &leaf, anew))
		return site_fail(ctl, site, "fq_codel of class",
				 class_name(ctl, want, &group));

	return 0;
}

/* Classes and their leaves; *@gone gets those of *@have that must go. */
static int sync_classes(const struct qdisc_ctl *ctl, struct site *site,
			struct plan *plan, const UT_array *qdiscs,
			const UT_array *have, UT_array *gone)
{
	const struct tc_class *class = utarray_front(have);
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	struct plan_class *want;
	bool *class_ok, *leaf_ok, *leaf_there;
	int err = -1;
	size_t i;

	class_ok = calloc(3 * plan->n + 1, sizeof(*class_ok));
	if (!class_ok) {
		site_state(site, QDISC_ERROR, "out of memory");
		return -1;
	}

	leaf_ok = class_ok + plan->n + 1;
	leaf_there = leaf_ok + plan->n;

	for (i = 0; i < utarray_len(have); i++, class++) {
		want = plan_find(plan, TC_H_MIN(class->handle));
		if (!want) {
			if (!iq_array_push(gone, class)) {
				site_state(site, QDISC_ERROR, "out of memory");
				goto out;
			}
		} else if (same_class(want, class)) {
			class_ok[want == &plan->root ? plan->n :
				 (size_t)(want - plan->classes)] = true;
		}
	}

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++) {
		if (qdisc->ifindex != site->ifindex ||
		    TC_H_MAJ(qdisc->parent) != ROOT)
			continue;

		want = plan_find(plan, TC_H_MIN(qdisc->parent));
		if (!want || want == &plan->root ||
		    strcmp(qdisc->kind, "fq_codel") != 0 ||
		    (site->shaper->flows && want->flows != qdisc->flows))
			continue;

		leaf_there[want - plan->classes] = true;
		leaf_ok[want - plan->classes] =
			near(want->target, qdisc->target) &&
			near(want->interval, qdisc->interval);
	}

	if (!class_ok[plan->n] && put_class(ctl, site, &plan->root, ROOT))
		goto out;

	for (i = 0; i < plan->n; i++) {
		want = &plan->classes[i];
		if (!class_ok[i] &&
		    put_class(ctl, site, want, CLASSID(PLAN_MINOR_ROOT)))
			goto out;
		if (!leaf_ok[i] && put_leaf(ctl, site, want, !leaf_there[i]))
			goto out;
	}

	err = 0;
out:
	free(class_ok);
	return err;
}

static bool prio_used(const UT_array *filters, uint16_t prio)
{
	const struct seen_filter *filter = utarray_front(filters);
	size_t i;

	for (i = 0; i < utarray_len(filters); i++, filter++)
		if (filter->tc.prio == prio)
			return true;

	return false;
}

/* The priority that @mask has or can have: a mask has one of its own. */
static uint16_t mask_prio(const UT_array *filters, uint32_t mask)
{
	const struct seen_filter *filter = utarray_front(filters);
	uint16_t prio = 1;
	size_t i;

	for (i = 0; i < utarray_len(filters); i++, filter++)
		if (filter->tc.mask == mask)
			return filter->tc.prio;

	while (prio_used(filters, prio))
		prio++;

	return prio;
}

static struct seen_filter *find_filter(const UT_array *filters,
				       uint32_t mark, uint32_t mask)
{
	struct seen_filter *filter = utarray_front(filters);
	size_t i;

	for (i = 0; i < utarray_len(filters); i++, filter++)
		if (filter->tc.mark == mark && filter->tc.mask == mask)
			return filter;

	return NULL;
}

/*
 * The filter for a class: changed in place where its mark led elsewhere, so
 * that there is no moment without it.
 */
static int sync_filter(const struct qdisc_ctl *ctl, struct site *site,
		       const struct plan_class *want, UT_array *filters)
{
	uint32_t classid = CLASSID(want->minor);
	struct iq_kernel_group group;
	struct seen_filter *filter;

	filter = find_filter(filters, want->mark, want->mask);
	if (!filter) {
		struct seen_filter new = {
			.tc.mark = want->mark,
			.tc.mask = want->mask,
			.tc.prio = mask_prio(filters, want->mask),
		};

		filter = iq_array_push(filters, &new);
		if (!filter) {
			site_state(site, QDISC_ERROR, "out of memory");
			return -1;
		}
	}

	filter->wanted = true;
	if (filter->tc.classid == classid)
		return 0;

	filter->tc.classid = classid;
	if (tc_put_filter(ctl->tc, site->ifindex, ROOT, &filter->tc))
		return site_fail(ctl, site, "filter of class", class_name(ctl, want, &group));

	return 0;
}

/*
 * Filters that are not of the daemon's sort go by their priority as such, and those
 * that do more than they should by themselves; @filters is left with the others.
 */
static int clear_filters(const struct qdisc_ctl *ctl, struct site *site,
			 UT_array *filters)
{
	struct seen_filter *filter = utarray_front(filters), *kept = filter;
	size_t i, n;

	for (i = 0; i < utarray_len(filters); i++, filter++) {
		if (!filter->tc.whole && !filter->tc.more)
			*kept++ = *filter;
		else if (tc_del_filter(ctl->tc, site->ifindex, ROOT,
				       &filter->tc))
			return site_fail(ctl, site, "removing a filter", NULL);
	}

	n = kept - (struct seen_filter *)utarray_front(filters);
	utarray_resize(filters, n);
	return 0;
}

/* The daemon has no filters on classes. */
static int clear_class(const struct qdisc_ctl *ctl, struct site *site,
		       uint32_t handle)
{
	UT_array filters = IQ_ARRAY(struct seen_filter);
	const struct seen_filter *filter = NULL;
	int err;

	err = tc_dump_filters(ctl->tc, site->ifindex, handle, on_filter,
			      &filters);
	while (!err && (filter = utarray_next(&filters, filter)))
		err = tc_del_filter(ctl->tc, site->ifindex, handle, &filter->tc);

	utarray_done(&filters);
	return err ? site_fail(ctl, site, "removing a class's filter", NULL) : 0;
}

static int clear_deep(const struct qdisc_ctl *ctl, struct site *site,
		      const UT_array *classes)
{
	const struct tc_class *class = utarray_front(classes);
	size_t i;

	for (i = 0; i < utarray_len(classes); i++, class++)
		if (clear_class(ctl, site, class->handle))
			return -1;

	return 0;
}

/*
 * Remove @gone, of @classes: those that have children after these. One that a
 * filter leads to has to wait, too; on which class that is, is then looked for.
 */
static int remove_classes(const struct qdisc_ctl *ctl, struct site *site,
			  UT_array *gone, const UT_array *classes)
{
	struct tc_class *class, *left;
	bool cleared = false;
	size_t i, before, n;
	int err;

	while (utarray_len(gone)) {
		class = left = utarray_front(gone);
		before = utarray_len(gone);
		for (i = 0; i < before; i++, class++) {
			err = tc_del_class(ctl->tc, site->ifindex, class->handle);
			if (err == -NLE_BUSY)
				*left++ = *class;
			else if (err)
				return site_fail(ctl, site, "removing a class", NULL);
		}

		n = left - (struct tc_class *)utarray_front(gone);
		utarray_resize(gone, n);
		if (n < before)
			continue;
		if (cleared)
			return site_fail(ctl, site, "removing a class", NULL);
		if (clear_deep(ctl, site, classes))
			return -1;
		cleared = true;
	}

	return 0;
}

/* Is a class where neither this plan nor an earlier one has any? */
static bool is_stray(const struct plan *plan, const struct tc_class *class)
{
	if (TC_H_MIN(class->handle) == plan->root.minor)
		return class->parent != TC_H_ROOT;

	return class->parent != CLASSID(plan->root.minor);
}

/*
 * Strays go first: they may stand where something of the plan's has to be. What
 * has to be where they are is made anew, with its filter.
 */
static int clear_strays(const struct qdisc_ctl *ctl, struct site *site,
			const struct plan *plan, UT_array *classes,
			UT_array *filters)
{
	struct tc_class *class = utarray_front(classes), *kept;
	struct seen_filter *filter;
	UT_array strays = IQ_ARRAY(struct tc_class);
	bool all = false;
	int err = -1;
	size_t i, j, n;

	for (i = 0; i < utarray_len(classes); i++)
		all |= class[i].handle == CLASSID(plan->root.minor) &&
		       is_stray(plan, &class[i]);

	for (i = 0; i < utarray_len(classes); i++) {
		if ((all || is_stray(plan, &class[i])) &&
		    !iq_array_push(&strays, &class[i])) {
			site_state(site, QDISC_ERROR, "out of memory");
			goto out;
		}
	}
	if (!utarray_len(&strays))
		return 0;

	/* a filter to one keeps it */
	for (class = NULL; (class = utarray_next(&strays, class)); ) {
		filter = utarray_front(filters);
		for (j = n = 0; j < utarray_len(filters); j++) {
			if (filter[j].tc.classid != class->handle) {
				filter[n++] = filter[j];
			} else if (tc_del_filter(ctl->tc, site->ifindex, ROOT,
						 &filter[j].tc)) {
				site_fail(ctl, site, "removing a filter", NULL);
				goto out;
			}
		}
		utarray_resize(filters, n);
	}

	if (remove_classes(ctl, site, &strays, classes))
		goto out;

	class = kept = utarray_front(classes);
	for (i = 0; i < utarray_len(classes); i++, class++)
		if (!all && !is_stray(plan, class))
			*kept++ = *class;
	n = kept - (struct tc_class *)utarray_front(classes);
	utarray_resize(classes, n);
	err = 0;
out:
	utarray_done(&strays);
	return err;
}

int tree_sync(const struct qdisc_ctl *ctl, struct site *site,
	      struct plan *plan, const UT_array *qdiscs)
{
	UT_array classes = IQ_ARRAY(struct tc_class), gone = IQ_ARRAY(struct tc_class);
	UT_array filters = IQ_ARRAY(struct seen_filter);
	const struct seen_filter *filter = NULL;
	int err = -1;
	size_t i;

	if (tc_dump_classes(ctl->tc, site->ifindex, ROOT, tree_on_class, &classes) ||
	    tc_dump_filters(ctl->tc, site->ifindex, ROOT, on_filter, &filters)) {
		site_fail(ctl, site, "reading the classes", NULL);
		goto out;
	}

	if (clear_filters(ctl, site, &filters) ||
	    (site->deep && clear_deep(ctl, site, &classes)) ||
	    clear_strays(ctl, site, plan, &classes, &filters))
		goto out;

	site->deep = false;
	if (sync_classes(ctl, site, plan, qdiscs, &classes, &gone))
		goto out;

	for (i = 0; i < plan->n; i++)
		if (plan->classes[i].mask &&
		    sync_filter(ctl, site, &plan->classes[i], &filters))
			goto out;

	/* HTB keeps a class that a filter still leads to. */
	while ((filter = utarray_next(&filters, filter)))
		if (!filter->wanted &&
		    tc_del_filter(ctl->tc, site->ifindex, ROOT, &filter->tc)) {
			site_fail(ctl, site, "removing a filter", NULL);
			goto out;
		}

	err = remove_classes(ctl, site, &gone, &classes);
out:
	utarray_done(&classes);
	utarray_done(&gone);
	utarray_done(&filters);
	return err;
}
