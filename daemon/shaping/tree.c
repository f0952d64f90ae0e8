// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the classes and filters that are on a device to those that should be.
 */
#include "shaping/tree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pkt_sched.h>
#include <netlink/errno.h>

#include "shaping/classifier.h"
#include "shaping/tc.h"

#define REMOVE_AT_ONCE	256	/* classes; the others in slices (tree_remove()) */

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
 * @tc: without its program
 * @program: it is the one of the class of ranges that has its handle as a minor
 * @wanted: a class of the plan has it
 */
struct seen_filter {
	struct tc_filter tc;
	bool program;
	bool wanted;
};

/** struct seen_filters - those of a device that has a plan or NULL */
struct seen_filters {
	struct plan *plan;
	UT_array list;
};

/* Is it the filter that finds the classes of one of a plan's ranges? */
static bool is_program(struct plan *plan, const struct tc_filter *filter)
{
	struct sock_filter ops[CLASSIFIER_MAX];
	const struct plan_class *pc;

	if (!filter->n_ops || filter->handle > UINT16_MAX)
		return false;
	pc = plan_find(plan, filter->handle);
	if (!pc || pc->minor != filter->handle || !pc->class || !pc->class->range)
		return false;
	return classifier_make(pc->class, CLASSID(pc->minor), ops) == filter->n_ops &&
	       !memcmp(ops, filter->ops, filter->n_ops * sizeof(*ops));
}

static int on_filter(const struct tc_filter *filter, void *arg)
{
	struct seen_filter seen = { .tc = *filter }, *last;
	struct seen_filters *filters = arg;

	seen.program = filters->plan && filter->bpf && is_program(filters->plan, filter);
	seen.tc.ops = NULL;

	/* a priority that has one of the daemon's sort is not to go as a whole */
	if (!filter->whole && utarray_len(&filters->list)) {
		last = utarray_back(&filters->list);
		if (last->tc.whole && last->tc.prio == filter->prio &&
		    last->tc.chain == filter->chain) {
			*last = seen;
			return 0;
		}
	}

	return iq_array_push(&filters->list, &seen) ? 0 : -NLE_NOMEM;
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

/* For messages: "class gold: ", "class each staff: " and the like. */
static int fail_class(const struct qdisc_ctl *ctl, struct site *site, const char *what,
		      const struct plan_class *want)
{
	const struct class *class = want->class;
	struct iq_kernel_group group;
	char name[64];

	if (!class)
		snprintf(name, sizeof(name), "(root)");
	else if (class->range)
		snprintf(name, sizeof(name), "each%s %s",
			 class->way == CLASS_CLEAR ? "-clear" : "",
			 class->range->profile->name);
	else
		snprintf(name, sizeof(name), "%s",
			 config_group(ctl->config, class->group, &group) ? group.name :
									   "default");
	return site_fail(ctl, site, what, name);
}

static int put_class(const struct qdisc_ctl *ctl, struct site *site,
		     const struct plan_class *want, uint16_t minor)
{
	struct tc_class class = {
		.parent = minor == PLAN_MINOR_ROOT ? ROOT : CLASSID(PLAN_MINOR_ROOT),
		.handle = CLASSID(minor),
		.rate = want->rate,
		.ceil = want->ceil,
		.burst = want->burst,
		.cburst = want->cburst,
		.quantum = want->quantum,
		.many = want->class && want->class->range,
	};

	if (tc_put_class(ctl->tc, site->ifindex, &class))
		return fail_class(ctl, site, "class", want);

	return 0;
}

static int put_leaf(const struct qdisc_ctl *ctl, struct site *site,
		    const struct plan_class *want, uint16_t minor, bool anew)
{
	struct tc_qdisc leaf = {
		.parent = CLASSID(minor),
		.handle = plan_handle(site->plan, minor),
		.target = want->target,
		.interval = want->interval,
		.flows = want->flows,
		.limit = want->limit,
	};

	if (tc_put_leaf(ctl->tc, site->ifindex, &leaf, anew))
		return fail_class(ctl, site, "fq_codel of class", want);

	return 0;
}

int tree_make(const struct qdisc_ctl *ctl, struct site *site, const uint16_t *minors,
	      size_t n)
{
	const struct plan_class *pc;
	size_t i, failed;
	int err = 0;

	tc_gather(ctl->tc);
	for (i = 0; i < n && !err; i++) {
		pc = plan_find(site->plan, minors[i]);
		err = put_class(ctl, site, pc, minors[i]);
		if (!err)
			err = put_leaf(ctl, site, pc, minors[i], true);
	}
	if (tc_send(ctl->tc, &failed) && !err)
		err = fail_class(ctl, site, failed % 2 ? "fq_codel of class" : "class",
				 plan_find(site->plan, minors[failed / 2]));
	for (i = 0; i < n && !err; i++) {
		pool_put(&site->pool->there, minors[i]);
		site->pool->base[minors[i]] = (struct pool_base){};
	}
	return err;
}

/**
 * struct seen - by their minors, what there is of the plan's
 *
 * @class: there is a class; @class_ok: and it is as it should be
 * @leaf: its leaf is the daemon's; @leaf_ok: likewise
 */
struct seen {
	struct pool_bits class;
	struct pool_bits class_ok;
	struct pool_bits leaf;
	struct pool_bits leaf_ok;
};

static int see_classes(struct site *site, const UT_array *have, struct seen *seen)
{
	const struct tc_class *class = NULL;
	const struct plan_class *want;
	uint16_t minor;

	while ((class = utarray_next(have, class))) {
		minor = TC_H_MIN(class->handle);
		want = plan_find(site->plan, minor);
		if (!want && !iq_array_push(&site->gone, &class->handle)) {
			site_state(site, QDISC_ERROR, "out of memory");
			return -1;
		}
		if (!want)
			continue;
		pool_put(&seen->class, minor);
		if (site->pool && !site->pool->known) {
			site->pool->base[minor].packets = class->count.packets;
			site->pool->base[minor].bytes = class->count.bytes;
		}
		if (same_class(want, class))
			pool_put(&seen->class_ok, minor);
	}
	return 0;
}

/*
 * Leaves that are not the daemon's, or not as the file says, are taken out ahead of
 * those that are put in: a handle that is still another's would have two classes share
 * one queue.
 */
static int see_leaves(const struct qdisc_ctl *ctl, struct site *site,
		      const UT_array *qdiscs, struct seen *seen)
{
	const struct tc_qdisc *qdisc = NULL;
	const struct plan_class *want;
	uint16_t minor;

	while ((qdisc = utarray_next(qdiscs, qdisc))) {
		if (qdisc->ifindex != site->ifindex || TC_H_MAJ(qdisc->parent) != ROOT)
			continue;

		minor = TC_H_MIN(qdisc->parent);
		want = plan_find(site->plan, minor);
		if (want == &site->plan->root)
			continue;
		if (qdisc->handle != plan_handle(site->plan, minor) ||
		    strcmp(qdisc->kind, "fq_codel") != 0 ||
		    (want && site->shaper->flows && want->flows != qdisc->flows)) {
			if (tc_del_leaf(ctl->tc, site->ifindex, qdisc->parent,
					qdisc->handle))
				return site_fail(ctl, site, "removing a leaf", NULL);
			continue;
		}
		if (!want)
			continue;
		pool_put(&seen->leaf, minor);
		if (site->pool && !site->pool->known)
			site->pool->base[minor].drops = qdisc->count.drops;
		if (near(want->target, qdisc->target) &&
		    near(want->interval, qdisc->interval))
			pool_put(&seen->leaf_ok, minor);
	}
	return 0;
}

/* Of a range those that are there are kept up; which others are to come, the pool says. */
static int sync_class(const struct qdisc_ctl *ctl, struct site *site,
		      const struct plan_class *want, const struct seen *seen)
{
	bool of_range = want->class && want->class->range;
	size_t failed;
	uint32_t i;
	int err = 0;

	if (of_range)
		tc_gather(ctl->tc);
	for (i = want->minor; !err && i < want->minor + want->n; i++) {
		if (of_range && !pool_has(&seen->class, i))
			continue;
		if (!pool_has(&seen->class_ok, i))
			err = put_class(ctl, site, want, i);
		if (!err && want != &site->plan->root && !pool_has(&seen->leaf_ok, i))
			err = put_leaf(ctl, site, want, i, !pool_has(&seen->leaf, i));
	}
	if (of_range && tc_send(ctl->tc, &failed) && !err)
		err = fail_class(ctl, site, "class", want);
	return err;
}

static void fill_pool(struct site *site, const struct seen *seen)
{
	const struct plan_class *pc;
	uint32_t i;

	site->pool->known = true;
	memset(&site->pool->there, 0, sizeof(site->pool->there));
	for (pc = site->plan->classes; pc < site->plan->classes + site->plan->n; pc++) {
		for (i = pc->minor; pc->class->range && i < pc->minor + pc->n; i++) {
			if (pool_has(&seen->class, i))
				pool_put(&site->pool->there, i);
		}
	}
}

/* A peer that finds no group left in a range has the last one's class at once. */
static int make_overflows(const struct qdisc_ctl *ctl, struct site *site)
{
	const struct plan_class *pc;
	uint16_t minor;

	for (pc = site->plan->classes; pc < site->plan->classes + site->plan->n; pc++) {
		if (!pc->class->range || !range_own_overflow(pc->class->range))
			continue;
		minor = pc->minor + pc->n - 1;
		if (!pool_has(&site->pool->there, minor) &&
		    tree_make(ctl, site, &minor, 1))
			return -1;
	}
	return 0;
}

static int sync_classes(const struct qdisc_ctl *ctl, struct site *site,
			const UT_array *qdiscs, const UT_array *have)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	struct plan *plan = site->plan;
	int err;
	size_t i;

	if (!seen) {
		site_state(site, QDISC_ERROR, "out of memory");
		return -1;
	}
	err = see_classes(site, have, seen) || see_leaves(ctl, site, qdiscs, seen) ||
	      sync_class(ctl, site, &plan->root, seen);
	for (i = 0; i < plan->n && !err; i++)
		err = sync_class(ctl, site, &plan->classes[i], seen);
	if (!err && site->pool)
		fill_pool(site, seen);
	free(seen);
	if (err)
		return -1;
	return site->pool ? make_overflows(ctl, site) : 0;
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

/* The priority that fw filters of a mask have or can have: each has its own. */
static uint16_t mask_prio(const UT_array *filters, uint32_t mask)
{
	const struct seen_filter *filter = utarray_front(filters);
	uint16_t prio = 1;
	size_t i;

	for (i = 0; i < utarray_len(filters); i++, filter++)
		if (!filter->tc.bpf && filter->tc.mask == mask)
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
		if (!filter->tc.bpf && filter->tc.handle == mark &&
		    filter->tc.mask == mask)
			return filter;

	return NULL;
}

/* The one that all programs have. */
static uint16_t bpf_prio(const UT_array *filters)
{
	const struct seen_filter *filter = NULL;
	uint16_t prio = 1;

	while ((filter = utarray_next(filters, filter)))
		if (filter->tc.bpf)
			return filter->tc.prio;

	while (prio_used(filters, prio))
		prio++;

	return prio;
}

static struct seen_filter *find_bpf(const UT_array *filters, uint32_t handle)
{
	struct seen_filter *filter = NULL;

	while ((filter = utarray_next(filters, filter)))
		if (filter->tc.bpf && filter->tc.handle == handle)
			return filter;

	return NULL;
}

static struct seen_filter *add_filter(struct site *site, UT_array *filters,
				      const struct tc_filter *tc)
{
	struct seen_filter new = { .tc = *tc }, *filter = iq_array_push(filters, &new);

	if (!filter)
		site_state(site, QDISC_ERROR, "out of memory");
	return filter;
}

/* All classes of a range have one filter, which has the first one's minor as its handle. */
static int sync_bpf(const struct qdisc_ctl *ctl, struct site *site,
		    const struct plan_class *want, UT_array *filters)
{
	struct seen_filter *filter = find_bpf(filters, want->minor);
	struct sock_filter ops[CLASSIFIER_MAX];
	struct tc_filter put;

	if (!filter)
		filter = add_filter(site, filters, &(struct tc_filter){
			.bpf = true, .handle = want->minor, .prio = bpf_prio(filters),
		});
	if (!filter)
		return -1;

	filter->wanted = true;
	if (filter->program)
		return 0;

	put = filter->tc;
	put.ops = ops;
	put.n_ops = classifier_make(want->class, CLASSID(want->minor), ops);
	if (tc_put_filter(ctl->tc, site->ifindex, ROOT, &put))
		return fail_class(ctl, site, "filter of class", want);

	return 0;
}

/*
 * The filter for a class: changed in place where its mark led elsewhere, so
 * that there is no moment without it.
 */
static int sync_fw(const struct qdisc_ctl *ctl, struct site *site,
		   const struct plan_class *want, uint32_t mark, UT_array *filters)
{
	struct seen_filter *filter = find_filter(filters, mark, want->mask);
	uint32_t classid = CLASSID(want->minor);

	if (!filter)
		filter = add_filter(site, filters, &(struct tc_filter){
			.handle = mark, .mask = want->mask,
			.prio = mask_prio(filters, want->mask),
		});
	if (!filter)
		return -1;

	filter->wanted = true;
	if (filter->tc.classid == classid)
		return 0;

	filter->tc.classid = classid;
	if (tc_put_filter(ctl->tc, site->ifindex, ROOT, &filter->tc))
		return fail_class(ctl, site, "filter of class", want);

	return 0;
}

static int sync_filter(const struct qdisc_ctl *ctl, struct site *site,
		       const struct plan_class *want, UT_array *filters)
{
	if (want->class->range)
		return sync_bpf(ctl, site, want, filters);
	if (!want->mask)
		return 0;
	if (sync_fw(ctl, site, want, want->mark, filters))
		return -1;
	return want->mark_clear ? sync_fw(ctl, site, want, want->mark_clear, filters) : 0;
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
	struct seen_filters filters = { .list = IQ_ARRAY(struct seen_filter) };
	const struct seen_filter *filter = NULL;
	int err;

	err = tc_dump_filters(ctl->tc, site->ifindex, handle, on_filter,
			      &filters);
	while (!err && (filter = utarray_next(&filters.list, filter)))
		err = tc_del_filter(ctl->tc, site->ifindex, handle, &filter->tc);

	utarray_done(&filters.list);
	return err ? site_fail(ctl, site, "removing a class's filter", NULL) : 0;
}

static int clear_deep(const struct qdisc_ctl *ctl, struct site *site)
{
	UT_array classes = IQ_ARRAY(struct tc_class);
	const struct tc_class *class = NULL;
	int err;

	err = tc_dump_classes(ctl->tc, site->ifindex, ROOT, tree_on_class, &classes);
	if (err)
		site_fail(ctl, site, "reading the classes", NULL);
	while (!err && (class = utarray_next(&classes, class)))
		err = clear_class(ctl, site, class->handle);

	utarray_done(&classes);
	return err ? -1 : 0;
}

/*
 * Remove some of @gone, @max of them, which is left with the others: those that have
 * children after these. One that a filter leads to has to wait, too: those of others on
 * these classes then go.
 */
static int remove_classes(const struct qdisc_ctl *ctl, struct site *site,
			  UT_array *gone, size_t max)
{
	size_t first = utarray_len(gone) > max ? utarray_len(gone) - max : 0;
	uint32_t *class, *left;
	bool cleared = false;
	size_t i, before;
	int err;

	while (utarray_len(gone) > first) {
		before = utarray_len(gone);
		class = left = (uint32_t *)utarray_front(gone) + first;
		for (i = first; i < before; i++, class++) {
			err = tc_del_class(ctl->tc, site->ifindex, *class);
			if (err == -NLE_BUSY)
				*left++ = *class;
			else if (err)
				return site_fail(ctl, site, "removing a class", NULL);
		}

		utarray_resize(gone, left - (uint32_t *)utarray_front(gone));
		if (utarray_len(gone) < before)
			continue;
		if (cleared)
			return site_fail(ctl, site, "removing a class", NULL);
		for (i = first; i < before; i++) {
			class = utarray_eltptr(gone, i);
			if (clear_class(ctl, site, *class))
				return -1;
		}
		cleared = true;
	}

	return 0;
}

int tree_remove(const struct qdisc_ctl *ctl, struct site *site, size_t max)
{
	return remove_classes(ctl, site, &site->gone, max);
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
			UT_array *classes, UT_array *filters)
{
	struct tc_class *class = utarray_front(classes), *kept;
	const struct plan *plan = site->plan;
	UT_array strays = IQ_ARRAY(uint32_t);
	struct seen_filter *filter;
	const uint32_t *stray;
	bool all = false;
	int err = -1;
	size_t i, j, n;

	for (i = 0; i < utarray_len(classes); i++)
		all |= class[i].handle == CLASSID(plan->root.minor) &&
		       is_stray(plan, &class[i]);

	for (i = 0; i < utarray_len(classes); i++) {
		if ((all || is_stray(plan, &class[i])) &&
		    !iq_array_push(&strays, &class[i].handle)) {
			site_state(site, QDISC_ERROR, "out of memory");
			goto out;
		}
	}
	if (!utarray_len(&strays))
		return 0;

	/* a filter to one keeps it */
	for (stray = NULL; (stray = utarray_next(&strays, stray)); ) {
		filter = utarray_front(filters);
		for (j = n = 0; j < utarray_len(filters); j++) {
			if (filter[j].tc.classid != *stray) {
				filter[n++] = filter[j];
			} else if (tc_del_filter(ctl->tc, site->ifindex, ROOT,
						 &filter[j].tc)) {
				site_fail(ctl, site, "removing a filter", NULL);
				goto out;
			}
		}
		utarray_resize(filters, n);
	}

	if (remove_classes(ctl, site, &strays, SIZE_MAX))
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

int tree_sync(const struct qdisc_ctl *ctl, struct site *site, const UT_array *qdiscs)
{
	struct seen_filters filters = {
		.plan = site->plan, .list = IQ_ARRAY(struct seen_filter),
	};
	UT_array classes = IQ_ARRAY(struct tc_class);
	const struct seen_filter *filter = NULL;
	struct plan *plan = site->plan;
	int err = -1;
	size_t i;

	if (tc_dump_classes(ctl->tc, site->ifindex, ROOT, tree_on_class, &classes) ||
	    tc_dump_filters(ctl->tc, site->ifindex, ROOT, on_filter, &filters)) {
		site_fail(ctl, site, "reading the classes", NULL);
		goto out;
	}

	if (clear_filters(ctl, site, &filters.list) ||
	    (site->deep && clear_deep(ctl, site)) ||
	    clear_strays(ctl, site, &classes, &filters.list))
		goto out;

	site->deep = false;
	utarray_clear(&site->gone);
	if (sync_classes(ctl, site, qdiscs, &classes))
		goto out;

	for (i = 0; i < plan->n; i++)
		if (sync_filter(ctl, site, &plan->classes[i], &filters.list))
			goto out;

	/* HTB keeps a class that a filter still leads to. */
	while ((filter = utarray_next(&filters.list, filter)))
		if (!filter->wanted &&
		    tc_del_filter(ctl->tc, site->ifindex, ROOT, &filter->tc)) {
			site_fail(ctl, site, "removing a filter", NULL);
			goto out;
		}

	err = tree_remove(ctl, site, REMOVE_AT_ONCE);
out:
	utarray_done(&classes);
	utarray_done(&filters.list);
	return err;
}
