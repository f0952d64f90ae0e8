/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes, leaves and filters below the daemon's qdisc on a device, brought to
 * what a plan says.
 */
#ifndef IPSEC_QOSD_TREE_H
#define IPSEC_QOSD_TREE_H

#include "lib/array.h"
#include "shaping/plan.h"
#include "shaping/site.h"

struct tc_class;

/* What a dump shows, into a UT_array of these; 0 or -NLE_NOMEM */
int tree_on_qdisc(const struct tc_qdisc *qdisc, void *arg);
int tree_on_class(const struct tc_class *class, void *arg);

/**
 * tree_sync() - change what differs from the site's plan, and that alone
 *
 * Of ranges' classes those that are there are brought to it, and which those are is in
 * the site's pool then. What neither the plan nor a range has goes: very many of them
 * are left to tree_remove().
 *
 * @qdiscs: of all devices
 *
 * Return: 0, or -1 after site_state().
 */
int tree_sync(const struct qdisc_ctl *ctl, struct site *site, const UT_array *qdiscs);

/**
 * tree_make() - make classes of ranges, which are not there yet
 *
 * @minors: @n of them, as pool_pick() has them
 *
 * Return: 0, or -1 after site_state().
 */
int tree_make(const struct qdisc_ctl *ctl, struct site *site, const uint16_t *minors,
	      size_t n);

/** tree_remove() - remove at most @max of the site's classes that are gone; likewise */
int tree_remove(const struct qdisc_ctl *ctl, struct site *site, size_t max);

#endif /* IPSEC_QOSD_TREE_H */
