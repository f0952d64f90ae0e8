/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shaper where it is applied, and how it stands there. For qdisc.c, tree.c and
 * work.c alone.
 */
#ifndef IPSEC_QOSD_SITE_H
#define IPSEC_QOSD_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/array.h"
#include "shaping/plan.h"
#include "shaping/pool.h"
#include "shaping/qdisc.h"

#define ROOT		((uint32_t)PLAN_MAJOR << 16)
#define CLASSID(minor)	(ROOT | (minor))

struct tc_qdisc;

/**
 * struct site - a shaper where it is applied
 *
 * @plan: what its classes were last brought to, NULL: they never were
 * @pool: its classes that are of ranges, NULL: it has none
 * @gone: classids of classes that are still to be removed
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
	struct plan *plan;
	struct pool *pool;
	UT_array gone;
	int ifindex;
	uint32_t mtu;
	bool ifb;
	bool dirty;
	bool touched;
	bool deep;
	enum qdisc_state state;
	char text[256];
};

/**
 * struct qdisc_ctl - see qdisc.h
 *
 * @needed: ids of ranges' groups whose classes are to be there
 */
struct qdisc_ctl {
	struct tc *tc;
	struct nl_sock *events;
	const struct config *config;
	size_t n;
	struct site *sites;
	struct pool_bits needed;
};

/** site_state() - how it stands, and more about that */
void site_state(struct site *site, enum qdisc_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** site_fail() - tc refused something, of a @name or NULL; -1 */
int site_fail(const struct qdisc_ctl *ctl, struct site *site, const char *what,
	      const char *name);

/** site_is_own() - did the daemon make a root qdisc, which may be NULL? */
bool site_is_own(const struct tc_qdisc *root);

/** site_find_root() - a device's root qdisc among @qdiscs, or NULL */
const struct tc_qdisc *site_find_root(const UT_array *qdiscs, int ifindex);

/** site_is_taken() - does a qdisc, wherever it is on the device, have the daemon's handle? */
bool site_is_taken(const UT_array *qdiscs, int ifindex);

/** site_count_failed() - how many stand as QDISC_ERROR */
int site_count_failed(const struct qdisc_ctl *ctl);

#endif /* IPSEC_QOSD_SITE_H */
