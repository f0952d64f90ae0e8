/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and rules with the daemon's protocol number: which there should be, which there
 * are, and how they become what they should be. For routing.c's thread.
 */
#ifndef IPSEC_QOSD_STEER_ROUTES_H
#define IPSEC_QOSD_STEER_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/**
 * struct way - a route
 *
 * What comes before @unreachable tells routes apart.
 *
 * @to: where it leads to
 * @unreachable: nowhere; then nothing follows
 * @via: next hop, of either family; of family 0: none
 * @device: its index, 0: none
 * @nexthop: number of a nexthop object instead, 0: none
 */
struct way {
	uint32_t table;
	struct prefix to;
	uint32_t metric;
	bool unreachable;
	struct iq_addr via;
	uint32_t device;
	uint32_t nexthop;
};

/** struct rule - to look at @table for packets with @mark in the bits of @mask */
struct rule {
	uint8_t family;
	uint32_t priority;
	uint32_t table;
	uint32_t mark;
	uint32_t mask;
};

/**
 * struct routes - all of them
 *
 * @ways: sorted by what tells them apart, each once
 * @rules: likewise, of at most two for a table
 */
struct routes {
	size_t n_ways;
	struct way *ways;
	size_t n_rules;
	struct rule *rules;
};

/**
 * routes_wanted() - by a configuration
 *
 * @usable: of each of its elements, may packets be sent there?
 * @index: tells the index of a device, 0: there is none
 * @why: what cannot be as it should be, "": all can
 *
 * Return: 0 or -ENOMEM.
 */
int routes_wanted(const struct config *config, const bool *usable,
		  unsigned int (*index)(const char *device), struct routes *routes,
		  char *why, size_t size);

/** routes_concern() - may a change of such a route, anybody's, be one of those? */
bool routes_concern(const struct config *config, uint8_t protocol, uint32_t table);

/** routes_differ() - is what there is another than what is wanted, by the same key? */
bool routes_differ(const struct way *have, const struct way *wanted);

/** routes_compare() - by what tells ways apart: for qsort() */
int routes_compare(const void *a, const void *b);

/** rules_compare() - likewise */
int rules_compare(const void *a, const void *b);

void routes_clear(struct routes *routes);

#endif /* IPSEC_QOSD_STEER_ROUTES_H */
