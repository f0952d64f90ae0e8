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
 * tree_sync() - change what differs from the plan, and that alone
 *
 * @qdiscs: of all devices
 *
 * Return: 0, or -1 after site_state().
 */
int tree_sync(const struct qdisc_ctl *ctl, struct site *site, struct plan *plan,
	      const UT_array *qdiscs);

#endif /* IPSEC_QOSD_TREE_H */
