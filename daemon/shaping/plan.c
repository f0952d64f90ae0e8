// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a shaper to the HTB classes that carry it out.
 */
#include "shaping/plan.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <net/ethernet.h>

#define MSEC_PER_SEC	1000
#define USEC_PER_SEC	1000000

/* A class that is promised nothing still moves: HTB knows no rate of 0. */
#define RATE_MIN	RANGE_RATE_MIN

/*
 * Tokens that a late timer or a busy CPU leaves over are lost once the bucket is
 * full, and with them some of the guarantee. So a bucket holds what its rate
 * brings in BURST_MSEC, or a few packets where that is not even those; but
 * nobody is to wait for more than BURST_MSEC_MAX behind them.
 */
#define BURST_MSEC	10
#define BURST_MSEC_MAX	100
#define BURST_FRAMES	10
#define BURST_MAX	(64 << 20)

/*
 * Classes borrow in proportion to their quantum. It is large enough for the
 * largest packet, or HTB would count packets instead of bytes; and what all have
 * together, so much of the device's rate, is no more than what makes others wait
 * long. A class's own depends on no other class, so that one that comes or goes
 * changes none but itself: those of less than ROUND_FRAMES' share borrow alike.
 */
#define ROUND_MSEC	20
#define ROUND_FRAMES	10
#define ROUND_MAX	60000

/* fq_codel's own defaults */
#define TARGET_USEC	5000
#define INTERVAL_USEC	100000

/*
 * Each of fq_codel's queues takes some 70 bytes of the kernel's, so its own
 * default comes to 77 KiB a class. All of a shaper have FLOWS_ALL together, of
 * which each class has its part, from FLOWS_MIN to that default.
 */
#define FLOWS_MAX	1024
#define FLOWS_MIN	64
#define FLOWS_ALL	(64 * FLOWS_MAX)

/* Its own limit is for its own flows: with fewer of them a class holds less memory. */
#define LIMIT_PER_FLOW	10
#define LIMIT_MIN	(LIMIT_PER_FLOW * FLOWS_MIN)
#define LIMIT_MAX	(LIMIT_PER_FLOW * FLOWS_MAX)

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low)
		return low;

	return value > high ? high : value;
}

static uint32_t burst(uint64_t rate, uint32_t frame)
{
	uint64_t few = clamp(rate * BURST_MSEC_MAX / MSEC_PER_SEC, frame,
			     BURST_FRAMES * (uint64_t)frame);

	return clamp(rate * BURST_MSEC / MSEC_PER_SEC, few, BURST_MAX);
}

static void fill_class(struct plan_class *pc, uint64_t rate, uint64_t ceil,
		       uint32_t frame)
{
	uint64_t usec;

	pc->rate = rate < RATE_MIN ? RATE_MIN : rate;
	pc->ceil = ceil < pc->rate ? pc->rate : ceil;
	pc->burst = burst(pc->rate, frame);
	pc->cburst = burst(pc->ceil, frame);

	/*
	 * CoDel takes a queue for standing that one packet alone makes wait for
	 * longer than its target (RFC 8289 section 4.2): on a slow class the
	 * target is one and a half packets, up to the interval, beyond which
	 * it would never act.
	 */
	usec = (uint64_t)frame * 3 / 2 * USEC_PER_SEC / pc->rate;
	pc->target = clamp(usec, TARGET_USEC, INTERVAL_USEC);
	pc->interval = INTERVAL_USEC + pc->target - TARGET_USEC;
}

static void fill_quantums(struct plan *plan, uint32_t frame)
{
	uint64_t max = frame > ROUND_MAX ? frame : ROUND_MAX;
	uint64_t least = clamp(ROUND_FRAMES * (uint64_t)frame, frame, max);
	uint64_t round = clamp(plan->root.rate * ROUND_MSEC / MSEC_PER_SEC,
			       least, max);
	double share;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		share = (double)plan->classes[i].rate / plan->root.rate;
		plan->classes[i].quantum = clamp(llround(share * round), frame,
						 max);
	}

	plan->root.quantum = max;
}

static int by_group(const void *a, const void *b)
{
	const struct plan_class *l = a, *r = b;

	return (l->class->group > r->class->group) -
	       (l->class->group < r->class->group);
}

static int by_minor(const void *a, const void *b)
{
	const struct plan_class *l = a, *r = b;

	return (l->minor > r->minor) - (l->minor < r->minor);
}

static void use_minors(uint8_t *used, uint32_t first, uint32_t n)
{
	memset(&used[first], 1, n);
}

/*
 * Ids too great for a minor take the next one that is free from their
 * remainder on. @plan's classes are in order of their groups, and all others
 * have theirs before, as have ranges that may come into the policy: the result
 * hangs on nothing but the set of groups and ranges.
 */
static bool fill_minors(const struct config *config, struct plan *plan)
{
	uint8_t used[PLAN_MINOR_DEFAULT] = { [0] = 1 };
	struct plan_class *pc;
	uint32_t minor, tried;
	size_t i;

	for (i = 0; i < config->n_ranges; i++) {
		const struct range *range = config->ranges[i];

		use_minors(used, range->id, range->n);
		if (range->clear)
			use_minors(used, CLASS_MINOR_CLEAR + range->id, range->n);
	}
	for (pc = plan->classes; pc < plan->classes + plan->n; pc++) {
		pc->minor = class_minor(pc->class);
		if (pc->minor && pc->minor != PLAN_MINOR_DEFAULT)
			use_minors(used, pc->minor, pc->n);
	}
	for (pc = plan->classes; pc < plan->classes + plan->n; pc++) {
		if (pc->minor)
			continue;
		minor = pc->class->group % PLAN_MINOR_DEFAULT;
		for (tried = 0; used[minor]; tried++) {
			if (tried == PLAN_MINOR_DEFAULT)
				return false;
			minor = (minor + 1) % PLAN_MINOR_DEFAULT;
		}
		used[minor] = 1;
		pc->minor = minor;
	}

	/* the root's handle is no leaf's */
	used[PLAN_MAJOR] = 1;
	for (plan->spare = PLAN_MINOR_DEFAULT - 1; used[plan->spare]; plan->spare--)
		if (!plan->spare)
			return false;
	return true;
}

static bool fill_mark(const struct config *config, struct plan_class *pc,
		      const char **why)
{
	struct iq_kernel_group group;
	uint32_t mark, clear;

	if (!config_group(config, pc->class->group, &group)) {
		*why = "a class names a group that does not exist";
		return false;
	}

	mark = group.mark & group.mask;
	clear = group.mark_clear & group.mask;
	pc->mask = group.mask;
	pc->mark = pc->class->way == CLASS_CLEAR ? clear : mark;
	pc->mark_clear = pc->class->way == CLASS_ALL && clear != mark ? clear : 0;

	/* Nor does cls_fw take a mark of 0. */
	if (!pc->mark) {
		*why = "a group whose mark is 0 cannot be told from packets of no group";
		return false;
	}
	return true;
}

struct plan *plan_make(const struct config *config, const struct shaper *shaper,
		       uint32_t mtu, const char **why)
{
	uint32_t frame = mtu + ETH_HLEN;
	struct plan_class *pc;
	size_t total = shaper_groups(shaper), at = 0;
	struct plan *plan;
	size_t i;

	plan = calloc(1, sizeof(*plan) + shaper->n_classes * sizeof(*pc));
	if (!plan) {
		*why = "out of memory";
		return NULL;
	}

	plan->n = shaper->n_classes;
	plan->root.minor = PLAN_MINOR_ROOT;
	plan->root.n = 1;
	fill_class(&plan->root, shaper->rate, shaper->rate, frame);

	for (i = 0; i < plan->n; i++) {
		pc = &plan->classes[i];
		pc->class = &shaper->classes[i];
		pc->n = class_groups(pc->class);
		pc->at = at;
		at += pc->n;
		fill_class(pc, pc->class->rate, pc->class->ceil, frame);
		pc->flows = shaper->flows ? shaper->flows :
			    clamp(FLOWS_ALL / total, FLOWS_MIN, FLOWS_MAX);
		pc->limit = clamp((uint64_t)LIMIT_PER_FLOW * pc->flows, LIMIT_MIN,
				  LIMIT_MAX);
		if (pc->class->group && !fill_mark(config, pc, why))
			goto free_plan;
	}

	fill_quantums(plan, frame);
	qsort(plan->classes, plan->n, sizeof(*pc), by_group);
	if (total >= PLAN_MINOR_DEFAULT || !fill_minors(config, plan)) {
		*why = "more classes than HTB and their leaves can number: expected fewer";
		goto free_plan;
	}
	qsort(plan->classes, plan->n, sizeof(*pc), by_minor);
	return plan;

free_plan:
	free(plan);
	return NULL;
}

struct plan_class *plan_find(struct plan *plan, uint16_t minor)
{
	size_t low = 0, high = plan->n, mid;
	struct plan_class *pc;

	if (minor == PLAN_MINOR_ROOT)
		return &plan->root;

	while (low < high) {
		mid = low + (high - low) / 2;
		pc = &plan->classes[mid];
		if (minor < pc->minor)
			high = mid;
		else if (minor - pc->minor >= (int64_t)pc->n)
			low = mid + 1;
		else
			return pc;
	}
	return NULL;
}
