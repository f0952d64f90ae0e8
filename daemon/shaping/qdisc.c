// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shapers' classes on their devices.
 */
#include "shaping/qdisc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "log.h"
#include "shaping/plan.h"
#include "shaping/tc.h"
#include "lib/array.h"
#include "lib/text.h"

/* Thousands of devices that come at once, while this thread waits for a lock. */
#define EVENTS_ROOM	(16 << 20)
#define EVENT_SIZE	(32 << 10)	/* the longest, as the kernel has them */

#define ROOT		((uint32_t)PLAN_MAJOR << 16)
#define CLASSID(minor)	(ROOT | (minor))

/**
 * struct site - a shaper where it is applied
 *
 * @ifindex: the device, 0: there is none
 * @mtu: the device's, which the plan was made for
 * @ifb: it is one: what feeds it decides
 * @dirty: to be applied
 * @touched: somebody else changed something in its tree
 * @deep: there may be filters of somebody's on its classes
 * @text: more about @state
 */
struct site {
	const struct shaper *shaper;
	int ifindex;
	uint32_t mtu;
	bool ifb;
	bool dirty;
	bool touched;
	bool deep;
	enum qdisc_state state;
	char text[256];
};

struct qdisc_ctl {
	struct tc *tc;
	struct nl_sock *events;
	const struct config *config;
	size_t n;
	struct site *sites;
};

const char *qdisc_state_name(enum qdisc_state state)
{
	switch (state) {
	case QDISC_OK:
		return "ok";
	case QDISC_NO_DEVICE:
		return "no device";
	case QDISC_FOREIGN:
		return "foreign qdisc";
	case QDISC_UNFIT:
		return "unfit device";
	case QDISC_TAKEN:
		return "device taken";
	case QDISC_PENDING:
		return "pending";
	case QDISC_ERROR:
		break;
	}

	return "error";
}

static void __attribute__((format(printf, 3, 4)))
set_state(struct site *site, enum qdisc_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	site->state = state;
	vsnprintf(site->text, sizeof(site->text), format, args);
	va_end(args);
}

/*
 * What is there
 */

static int on_qdisc(const struct tc_qdisc *qdisc, void *arg)
{
	return iq_array_push(arg, qdisc) ? 0 : -NLE_NOMEM;
}

static int on_class(const struct tc_class *class, void *arg)
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

static bool is_own(const struct tc_qdisc *root)
{
	return root && root->handle == ROOT && !strcmp(root->kind, "htb") &&
	       root->defcls == PLAN_MINOR_DEFAULT;
}

static const struct tc_qdisc *find_root(const UT_array *qdiscs, int ifindex)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	size_t i;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++)
		if (qdisc->ifindex == ifindex && qdisc->parent == TC_H_ROOT)
			return qdisc;

	return NULL;
}

/* Does a qdisc, wherever it is on the device, have the daemon's handle? */
static bool is_taken(const UT_array *qdiscs, int ifindex)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	size_t i;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++)
		if (qdisc->ifindex == ifindex && qdisc->handle == ROOT)
			return true;

	return false;
}

/*
 * From what is there to what should be
 */

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
			      const struct plan_class *want)
{
	const struct iq_kernel_group *group;

	if (want->minor == PLAN_MINOR_ROOT)
		return "(root)";

	group = config_group(ctl->config, want->class->group);
	return group ? group->name : "default";
}

static int fail(const struct qdisc_ctl *ctl, struct site *site, const char *what,
		const char *name)
{
	set_state(site, QDISC_ERROR, "%s%s%s: %s", what, name ? " " : "",
		  name ? name : "", tc_error(ctl->tc));
	return -1;
}

static int put_class(const struct qdisc_ctl *ctl, struct site *site,
		     const struct plan_class *want, uint32_t parent)
{
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
		return fail(ctl, site, "class", class_name(ctl, want));

	return 0;
}

static int put_leaf(const struct qdisc_ctl *ctl, struct site *site,
		    const struct plan_class *want, bool anew)
{
	struct tc_qdisc leaf = {
		.parent = CLASSID(want->minor),
		.target = want->target,
		.interval = want->interval,
		.flows = want->flows,
	};

	if (tc_put_leaf(ctl->tc, site->ifindex, &leaf, anew))
		return fail(ctl, site, "fq_codel of class",
			    class_name(ctl, want));

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
		set_state(site, QDISC_ERROR, "out of memory");
		return -1;
	}

	leaf_ok = class_ok + plan->n + 1;
	leaf_there = leaf_ok + plan->n;

	for (i = 0; i < utarray_len(have); i++, class++) {
		want = plan_find(plan, TC_H_MIN(class->handle));
		if (!want) {
			if (!iq_array_push(gone, class)) {
				set_state(site, QDISC_ERROR, "out of memory");
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
			set_state(site, QDISC_ERROR, "out of memory");
			return -1;
		}
	}

	filter->wanted = true;
	if (filter->tc.classid == classid)
		return 0;

	filter->tc.classid = classid;
	if (tc_put_filter(ctl->tc, site->ifindex, ROOT, &filter->tc))
		return fail(ctl, site, "filter of class", class_name(ctl, want));

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
			return fail(ctl, site, "removing a filter", NULL);
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
	return err ? fail(ctl, site, "removing a class's filter", NULL) : 0;
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
				return fail(ctl, site, "removing a class", NULL);
		}

		n = left - (struct tc_class *)utarray_front(gone);
		utarray_resize(gone, n);
		if (n < before)
			continue;
		if (cleared)
			return fail(ctl, site, "removing a class", NULL);
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
			set_state(site, QDISC_ERROR, "out of memory");
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
				fail(ctl, site, "removing a filter", NULL);
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

static int sync_tree(const struct qdisc_ctl *ctl, struct site *site,
		     struct plan *plan, const UT_array *qdiscs)
{
	UT_array classes = IQ_ARRAY(struct tc_class), gone = IQ_ARRAY(struct tc_class);
	UT_array filters = IQ_ARRAY(struct seen_filter);
	const struct seen_filter *filter = NULL;
	int err = -1;
	size_t i;

	if (tc_dump_classes(ctl->tc, site->ifindex, ROOT, on_class, &classes) ||
	    tc_dump_filters(ctl->tc, site->ifindex, ROOT, on_filter, &filters)) {
		fail(ctl, site, "reading the classes", NULL);
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
			fail(ctl, site, "removing a filter", NULL);
			goto out;
		}

	err = remove_classes(ctl, site, &gone, &classes);
out:
	utarray_done(&classes);
	utarray_done(&gone);
	utarray_done(&filters);
	return err;
}

/*
 * What is sent through a device of the kernel's IPsec chooses its SA, and with
 * it its group, behind that device's queue (xfrmi_xmit(), vti_tunnel_xmit()).
 */
static bool chooses_sa(const char *kind)
{
	static const char *const kinds[] = { "xfrm", "vti", "vti6" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;

	return false;
}

/*
 * Is it fed from a device's ingress? There no packet was seen by the module yet,
 * but for those that an XFRM interface brings out of ESP; a VTI's have lost the mark
 * (kmod/tag/scrub.h). Fed from egress, or with marks that were restored, it is as good as any.
 */
static int check_ifb(const struct qdisc_ctl *ctl, struct site *site,
		     const UT_array *qdiscs)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	char name[IFNAMSIZ], shown[TEXT_VALUE];
	struct tc_link link;
	size_t i;
	int ret;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++) {
		if (qdisc->parent != TC_H_INGRESS ||
		    !if_indextoname(qdisc->ifindex, name))
			continue;

		ret = tc_link(ctl->tc, name, &link);
		if (!ret && (!link.ifindex || !strcmp(link.kind, "xfrm")))
			continue;
		if (!ret)
			ret = tc_feeds(ctl->tc, qdisc->ifindex, site->ifindex);
		if (ret < 0)
			return fail(ctl, site, "reading the filters at ingress",
				    NULL);
		if (!ret)
			continue;

		set_state(site, QDISC_UNFIT,
			  "what %s redirects from its ingress has no mark yet: shape where ESP leaves, or restore marks ahead of the redirection (tc-connmark(8))",
			  text_clip(shown, sizeof(shown), name));
		return -1;
	}

	return 0;
}

/* Find a shaper's device, and what alone speaks against it. */
static void find_device(const struct qdisc_ctl *ctl, struct site *site)
{
	struct tc_link link;

	if (tc_link(ctl->tc, site->shaper->device, &link)) {
		site->ifindex = -1;
		fail(ctl, site, "device", site->shaper->device);
		return;
	}

	site->ifindex = link.ifindex;
	site->mtu = link.mtu;
	site->ifb = !strcmp(link.kind, "ifb");
	if (!link.ifindex)
		set_state(site, QDISC_NO_DEVICE, "there is no device %s%s",
			  site->shaper->device,
			  strchr(site->shaper->device, '@') ?
			  ": leave out what ip link shows from the @ on" : "");
	else if (chooses_sa(link.kind))
		set_state(site, QDISC_UNFIT,
			  "packets choose their SA, and with it their mark, behind the queue of a device of kind %s: name the device that ESP leaves by, or set up tc there yourself",
			  link.kind);
	else
		set_state(site, QDISC_PENDING, "%s", "");
}

/*
 * A device has several names, so two shapers may name one. The first of them has
 * it; when it is there no longer, the other is tried again.
 */
static void find_taken(struct qdisc_ctl *ctl)
{
	struct site *site;
	size_t i, j;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		for (j = 0; j < i && site->ifindex > 0; j++) {
			if (ctl->sites[j].ifindex != site->ifindex)
				continue;

			set_state(site, QDISC_TAKEN,
				  "%s is the device %s of policy %s, which comes first: leave one of the two out",
				  site->shaper->device,
				  ctl->sites[j].shaper->device,
				  ctl->sites[j].shaper->name);
			break;
		}
	}
}

static void sync_site(struct qdisc_ctl *ctl, struct site *site,
		      const UT_array *qdiscs)
{
	const struct shaper *shaper = site->shaper;
	const struct tc_qdisc *root;
	struct plan *plan;
	const char *why;
	bool own, taken;

	if (site->ifb && check_ifb(ctl, site, qdiscs))
		return;

	root = find_root(qdiscs, site->ifindex);
	own = is_own(root);
	if (root && root->handle && !own && !shaper->replace) {
		set_state(site, QDISC_FOREIGN,
			  "%s has a qdisc %s %x: that ipsec-qosd did not make; remove it, or set replace = yes",
			  shaper->device, root->kind, root->handle >> 16);
		return;
	}

	plan = plan_make(ctl->config, shaper, site->mtu, &why);
	if (!plan) {
		set_state(site, QDISC_ERROR, "%s", why);
		return;
	}

	taken = root && root->handle && is_taken(qdiscs, site->ifindex);
	/* what has the handle already would be changed, or moved, and not replaced */
	if (!own && ((taken && tc_del_root(ctl->tc, site->ifindex, root->handle)) ||
		     tc_add_root(ctl->tc, site->ifindex, ROOT, PLAN_MINOR_DEFAULT,
				 shaper->replace && !taken))) {
		fail(ctl, site, "qdisc htb", NULL);
		goto out;
	}

	if (!sync_tree(ctl, site, plan, qdiscs)) {
		set_state(site, QDISC_OK, "%s", "");
		goto out;
	}

	/* A tree that is half made would shape as nobody asked for. */
	if (!own)
		tc_del_root(ctl->tc, site->ifindex, ROOT);
out:
	free(plan);
}

/* Does any shaper want what is on a device? */
static bool is_wanted(const struct qdisc_ctl *ctl, int ifindex)
{
	size_t i;

	for (i = 0; i < ctl->n; i++)
		if (ctl->sites[i].ifindex == ifindex)
			return ctl->sites[i].state != QDISC_UNFIT;

	return false;
}

static int count_failed(const struct qdisc_ctl *ctl)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < ctl->n; i++)
		failed += ctl->sites[i].state == QDISC_ERROR;

	return failed;
}

int qdisc_sync(struct qdisc_ctl *ctl)
{
	const struct tc_qdisc *qdisc;
	UT_array qdiscs = IQ_ARRAY(struct tc_qdisc);
	bool known = true;
	struct site *site;
	size_t i;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		site->dirty |= site->state == QDISC_TAKEN;
		if (!site->dirty)
			continue;

		find_device(ctl, site);
		known &= site->ifindex >= 0;
	}

	find_taken(ctl);

	if (tc_dump_qdiscs(ctl->tc, ROOT, on_qdisc, &qdiscs)) {
		for (i = 0; i < ctl->n; i++)
			if (ctl->sites[i].dirty)
				fail(ctl, &ctl->sites[i], "reading the qdiscs",
				     NULL);
		goto out;
	}

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
		if (site->dirty && site->state == QDISC_PENDING)
			sync_site(ctl, site, &qdiscs);

	for (qdisc = NULL; (qdisc = utarray_next(&qdiscs, qdisc)); )
		if (known && qdisc->parent == TC_H_ROOT && is_own(qdisc) &&
		    !is_wanted(ctl, qdisc->ifindex))
			tc_del_root(ctl->tc, qdisc->ifindex, ROOT);
out:
	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		site->touched &= !site->dirty;
		site->dirty = false;
	}

	utarray_done(&qdiscs);
	return count_failed(ctl);
}

int qdisc_apply(struct qdisc_ctl *ctl, const struct config *config)
{
	struct site *sites = calloc(config->n_shapers + 1, sizeof(*sites));
	size_t i;

	if (!sites)
		return -ENOMEM;

	for (i = 0; i < config->n_shapers; i++) {
		sites[i].shaper = &config->shapers[i];
		sites[i].dirty = true;
	}

	free(ctl->sites);
	ctl->config = config;
	ctl->sites = sites;
	ctl->n = config->n_shapers;
	return qdisc_sync(ctl);
}

/*
 * Devices and qdiscs that come and go
 */

static void on_link(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct site *site;
	uint32_t mtu;
	bool named;
	size_t i;

	/* Bridge ports are told about once more under AF_BRIDGE. */
	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0 ||
	    ifi->ifi_family != AF_UNSPEC || !tb[IFLA_IFNAME] || !tb[IFLA_MTU])
		return;

	mtu = nla_get_u32(tb[IFLA_MTU]);
	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		named = nlh->nlmsg_type == RTM_NEWLINK &&
			tc_link_named(tb, site->shaper->device);
		if (named)
			site->dirty |= site->ifindex != ifi->ifi_index ||
				       site->mtu != mtu ||
				       site->state != QDISC_OK;
		else if (site->ifindex == ifi->ifi_index)
			site->dirty = true;	/* gone, or has another name */
	}
}

/*
 * A root qdisc went: the daemon's own is put back, and where it was somebody's
 * there is room for the daemon's now. What the daemon itself replaced or took
 * back when it failed is neither.
 */
static void on_del_qdisc(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct tcmsg *tcm = nlmsg_data(nlh);
	struct site *site;
	size_t i;

	if (!nlmsg_valid_hdr(nlh, sizeof(*tcm)) || tcm->tcm_parent != TC_H_ROOT)
		return;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
		if (site->ifindex == tcm->tcm_ifindex)
			site->dirty |= site->state == QDISC_FOREIGN ||
				       (site->state == QDISC_OK &&
					tcm->tcm_handle == ROOT);
}

/*
 * A class, filter or leaf of the daemon's tree came, changed or went; or what is
 * done to packets at a device's ingress, which may be to feed an IFB.
 */
static void on_change(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct tcmsg *tcm = nlmsg_data(nlh);
	struct site *site;
	uint32_t id;
	size_t i;

	if (!nlmsg_valid_hdr(nlh, sizeof(*tcm)) ||
	    nlh->nlmsg_pid == tc_port(ctl->tc))
		return;

	if (tcm->tcm_parent != TC_H_ROOT &&
	    TC_H_MAJ(tcm->tcm_parent) == TC_H_MAJ(TC_H_INGRESS)) {
		for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
			site->dirty |= site->ifb;
		return;
	}

	switch (nlh->nlmsg_type) {
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
		id = tcm->tcm_handle;
		break;
	default:
		id = tcm->tcm_parent;
		break;
	}

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		if (site->ifindex != tcm->tcm_ifindex || TC_H_MAJ(id) != ROOT)
			continue;

		site->touched |= site->state == QDISC_OK;
		site->deep |= nlh->nlmsg_type == RTM_NEWTFILTER && TC_H_MIN(id);
	}
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(arg, nlh);
		break;
	case RTM_DELQDISC:
		on_del_qdisc(arg, nlh);
		on_change(arg, nlh);
		break;
	case RTM_NEWQDISC:
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		on_change(arg, nlh);
		break;
	}

	return NL_OK;
}

int qdisc_fd(const struct qdisc_ctl *ctl)
{
	return nl_socket_get_fd(ctl->events);
}

bool qdisc_event(struct qdisc_ctl *ctl)
{
	bool dirty = false;
	size_t i;
	int err;

	do {
		err = nl_recvmsgs_default(ctl->events);
	} while (err >= 0);

	/* Anything but "no more": notices were lost. */
	for (i = 0; i < ctl->n; i++) {
		ctl->sites[i].dirty |= err != -NLE_AGAIN;
		dirty |= ctl->sites[i].dirty;
	}

	return dirty;
}

bool qdisc_touched(const struct qdisc_ctl *ctl, size_t i)
{
	return ctl->sites[i].touched;
}

int qdisc_mend(struct qdisc_ctl *ctl)
{
	size_t i;

	for (i = 0; i < ctl->n; i++)
		ctl->sites[i].dirty |= ctl->sites[i].touched;

	return qdisc_sync(ctl);
}

static int open_events(struct qdisc_ctl *ctl)
{
	int room = EVENTS_ROOM, err;

	ctl->events = nl_socket_alloc();
	if (!ctl->events)
		return -ENOMEM;

	nl_socket_disable_seq_check(ctl->events);
	nl_socket_modify_cb(ctl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, ctl);

	errno = 0;
	err = nl_connect(ctl->events, NETLINK_ROUTE);
	/* with less room more of it is lost, and then all is read anew */
	if (err >= 0 && setsockopt(nl_socket_get_fd(ctl->events), SOL_SOCKET,
				   SO_RCVBUFFORCE, &room, sizeof(room)))
		log_debug("notices of devices have less room: %s",
			  strerror(errno));
	if (err >= 0)
		err = nl_socket_set_msg_buf_size(ctl->events, EVENT_SIZE);
	if (err >= 0)
		err = nl_socket_add_memberships(ctl->events, RTNLGRP_LINK,
						RTNLGRP_TC, RTNLGRP_NONE);
	if (err >= 0)
		err = nl_socket_set_nonblocking(ctl->events);
	if (err < 0)
		return errno ? -errno : -EIO;

	return 0;
}

int qdisc_open(struct qdisc_ctl **result)
{
	struct qdisc_ctl *ctl = calloc(1, sizeof(*ctl));
	int err;

	if (!ctl)
		return -ENOMEM;

	err = tc_open(&ctl->tc);
	if (!err)
		err = open_events(ctl);
	if (err) {
		qdisc_close(ctl);
		return err;
	}

	*result = ctl;
	return 0;
}

void qdisc_stop(struct qdisc_ctl *ctl)
{
	tc_stop(ctl->tc);
}

void qdisc_close(struct qdisc_ctl *ctl)
{
	if (!ctl)
		return;

	nl_socket_free(ctl->events);
	tc_close(ctl->tc);
	free(ctl->sites);
	free(ctl);
}

/*
 * How it stands
 */

enum qdisc_state qdisc_shaper_state(const struct qdisc_ctl *ctl, size_t i,
				    const char **text)
{
	if (text)
		*text = ctl->sites[i].text;

	return ctl->sites[i].state;
}

static void fill_count(struct qdisc_count *to, const struct tc_class *class)
{
	to->measured = class->count.rate * 8;
	to->packets = class->count.packets;
	to->bytes = class->count.bytes;
	to->drops = class->count.drops;
	to->backlog = class->count.backlog;
}

/* What the kernel counts for a site, into @out: one for each of its classes. */
static void read_counts(struct qdisc_ctl *ctl, struct site *site,
			const UT_array *qdiscs, struct qdisc_count *out)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	const struct tc_class *class;
	UT_array classes = IQ_ARRAY(struct tc_class);
	struct plan_class *pc;
	struct plan *plan;
	const char *why;
	size_t i;

	plan = plan_make(ctl->config, site->shaper, site->mtu, &why);
	if (!plan) {
		set_state(site, QDISC_ERROR, "%s", why);
		return;
	}

	if (tc_dump_classes(ctl->tc, site->ifindex, ROOT, on_class, &classes)) {
		fail(ctl, site, "reading the classes", NULL);
		goto out;
	}

	for (class = NULL; (class = utarray_next(&classes, class)); ) {
		pc = plan_find(plan, TC_H_MIN(class->handle));
		if (pc && pc->class)
			fill_count(&out[pc->class - site->shaper->classes],
				   class);
	}

	/* What fq_codel drops as it dequeues, HTB does not count. */
	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++) {
		if (qdisc->ifindex != site->ifindex ||
		    TC_H_MAJ(qdisc->parent) != ROOT)
			continue;

		pc = plan_find(plan, TC_H_MIN(qdisc->parent));
		if (pc && pc->class)
			out[pc->class - site->shaper->classes].drops =
				qdisc->count.drops;
	}
out:
	utarray_done(&classes);
	free(plan);
}

static void site_stats(struct qdisc_ctl *ctl, struct site *site,
		       const UT_array *qdiscs, struct qdisc_count *out)
{
	const struct tc_qdisc *root = find_root(qdiscs, site->ifindex);

	if (site->state == QDISC_OK && !is_own(root))
		set_state(site, root && root->handle ? QDISC_FOREIGN : QDISC_ERROR,
			  "somebody took the daemon's qdisc off %s",
			  site->shaper->device);

	if (site->state == QDISC_OK)
		read_counts(ctl, site, qdiscs, out);
	if (site->state != QDISC_OK)
		memset(out, 0, site->shaper->n_classes * sizeof(*out));
}

int qdisc_stats(struct qdisc_ctl *ctl, struct qdisc_count *counts)
{
	UT_array qdiscs = IQ_ARRAY(struct tc_qdisc);
	size_t i;

	/* What is gone by now, or back, is not worth an error. */
	if (qdisc_event(ctl))
		qdisc_sync(ctl);

	if (tc_dump_qdiscs(ctl->tc, ROOT, on_qdisc, &qdiscs))
		for (i = 0; i < ctl->n; i++)
			if (ctl->sites[i].state == QDISC_OK)
				fail(ctl, &ctl->sites[i], "reading the qdiscs",
				     NULL);

	for (i = 0; i < ctl->n; i++) {
		site_stats(ctl, &ctl->sites[i], &qdiscs, counts);
		counts += ctl->sites[i].shaper->n_classes;
	}

	utarray_done(&qdiscs);
	return count_failed(ctl);
}
