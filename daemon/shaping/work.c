// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is done to the classes of ranges in slices: qdisc_need() and qdisc_work().
 */
#include <stdbool.h>
#include <stdlib.h>
#include <linux/pkt_sched.h>

#include "shaping/qdisc.h"
#include "shaping/site.h"
#include "shaping/tc.h"
#include "shaping/tree.h"

#define SLICE	32	/* classes that are made, removed or read in one go */

void qdisc_need(struct qdisc_ctl *ctl, const struct pool_bits *needed,
		const struct pool_bits *fresh)
{
	size_t i, j;

	for (i = 0; i < POOL_WORDS; i++)
		ctl->needed.word[i] |= needed->word[i];
	for (j = 0; j < ctl->n; j++)
		for (i = 0; ctl->sites[j].pool && i < POOL_WORDS; i++)
			ctl->sites[j].pool->fresh.word[i] |= fresh->word[i];
}

/* Is there something of a site's to be done in slices? */
static bool is_open(const struct site *site)
{
	return site->state == QDISC_OK && !site->dirty;
}

static void on_counts(uint32_t classid, const struct tc_count *count, bool leaf, void *arg)
{
	struct site *site = arg;
	struct pool_base *base = &site->pool->base[TC_H_MIN(classid)];

	/* what fq_codel drops as it dequeues, HTB does not count */
	if (leaf) {
		base->drops = count->drops;
		return;
	}
	base->packets = count->packets;
	base->bytes = count->bytes;
}

/* What classes of these groups counted until now is not their peers'. */
static int set_bases(const struct qdisc_ctl *ctl, struct site *site, const uint16_t *ids,
		     size_t n)
{
	uint32_t classids[2 * SLICE], minor;
	const struct plan_class *pc;
	size_t i, found = 0;

	for (pc = site->plan->classes; pc < site->plan->classes + site->plan->n; pc++) {
		for (i = 0; pc->class->range && i < n; i++) {
			minor = pc->minor + (ids[i] - pc->class->range->id);
			if (range_has(pc->class->range, ids[i]) &&
			    pool_has(&site->pool->there, minor))
				classids[found++] = CLASSID(minor);
		}
	}
	return found ? tc_read_counts(ctl->tc, site->ifindex, classids, found, on_counts,
				      site) : 0;
}

/* Some of a site's; false: there is nothing to be read, or not now. */
static bool start_site(const struct qdisc_ctl *ctl, struct site *site)
{
	struct pool *pool = site->pool;
	uint16_t ids[SLICE];
	size_t n = 0, i;
	uint64_t set;

	for (i = 0; i < POOL_WORDS && n < SLICE; i++)
		for (set = pool->fresh.word[i]; set && n < SLICE; set &= set - 1)
			ids[n++] = i * 64 + __builtin_ctzll(set);
	if (!n || set_bases(ctl, site, ids, n))
		return false;
	for (i = 0; i < n; i++)
		pool_drop(&pool->fresh, ids[i]);
	return true;
}

static bool start_counts(struct qdisc_ctl *ctl)
{
	bool any = false;
	size_t i;

	for (i = 0; i < ctl->n; i++)
		if (ctl->sites[i].pool && is_open(&ctl->sites[i]))
			any |= start_site(ctl, &ctl->sites[i]);
	return any;
}

static bool make_classes(struct qdisc_ctl *ctl, bool ahead)
{
	uint16_t minors[SLICE];
	bool made = false;
	size_t i, n;

	for (i = 0; i < ctl->n; i++) {
		if (!ctl->sites[i].pool || !is_open(&ctl->sites[i]))
			continue;
		n = pool_pick(ctl->sites[i].pool, ctl->sites[i].plan, &ctl->needed, ahead,
			      minors, SLICE);
		if (n)
			tree_make(ctl, &ctl->sites[i], minors, n);
		made |= n;
	}
	return made;
}

static bool remove_classes(struct qdisc_ctl *ctl)
{
	bool removed = false;
	size_t i;

	for (i = 0; i < ctl->n; i++) {
		if (!is_open(&ctl->sites[i]) || !utarray_len(&ctl->sites[i].gone))
			continue;
		tree_remove(ctl, &ctl->sites[i], SLICE);
		removed = true;
	}
	return removed;
}

bool qdisc_work(struct qdisc_ctl *ctl, int *failed)
{
	bool more = start_counts(ctl) || make_classes(ctl, false) || remove_classes(ctl) ||
		    make_classes(ctl, true);

	*failed = site_count_failed(ctl);
	return more;
}
