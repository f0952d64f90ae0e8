/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text, in OpenMetrics 1.0 or in Prometheus's own format, written as they
 * come: nothing is kept of them. Pure.
 *
 * The two differ in what a family of counters is called (in OpenMetrics without the
 * "_total" of its samples), in UNIT and EOF, and in that Prometheus has no type "info".
 */
#ifndef IPSEC_QOS_TOOLS_OPENMETRICS_H
#define IPSEC_QOS_TOOLS_OPENMETRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * enum om_type - what a family's samples are
 *
 * @OM_GAUGE: what is now
 * @OM_COUNTER: what only grows, from 0 on; samples end with "_total"
 * @OM_INFO: a text that stands in a label; samples end with "_info" and are 1
 */
enum om_type { OM_GAUGE, OM_COUNTER, OM_INFO };

/**
 * struct om_family - samples of one name, which have to follow each other
 *
 * @name: without what its type puts behind it; ends with "_" and the unit
 * @unit: "bytes", "seconds" or "bytes_per_second"; NULL: it is a number of things
 * @help: a sentence
 */
struct om_family {
	const char *name;
	enum om_type type;
	const char *unit;
	const char *help;
};

/**
 * struct om - where metrics are written
 *
 * @prometheus: in Prometheus's format
 * @family: whose samples are written now
 */
struct om {
	FILE *out;
	bool prometheus;
	const struct om_family *family;
};

/** om_begin() - a family: what it is */
void om_begin(struct om *om, const struct om_family *family);

/**
 * om_sample() - one of the family that was begun last
 *
 * @...: names and values of its labels, then NULL; a value may be any UTF-8
 */
void om_sample(const struct om *om, uint64_t value, ...) __attribute__((sentinel));

/** om_only() - a family that has one sample, without labels */
void om_only(struct om *om, const struct om_family *family, uint64_t value);

/** om_end() - what says that nothing was cut off */
void om_end(const struct om *om);

#endif /* IPSEC_QOS_TOOLS_OPENMETRICS_H */
