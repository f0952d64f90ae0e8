/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups by name: what SAs, IKE SAs and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_GROUP_H
#define IPSEC_QOS_TOOLS_GROUP_H

#include "command.h"
#include "lib/kernel/group.h"
#include "names.h"
#include "top.h"

extern struct names group_names;

/**
 * struct shown_group - one that is shown
 *
 * The rates are of what is protected: what is counted clear is the same packets again.
 * Where nothing was measured they are 0.
 *
 * @rate_in, @rate_out: bits a second that arrived, and that were made here
 * @packets_in, @packets_out: packets a second
 */
struct shown_group {
	const struct iq_kernel_group *group;
	uint64_t rate_in;
	uint64_t rate_out;
	uint64_t packets_in;
	uint64_t packets_out;
};

/** read_groups() - all groups (of an owner, or -1), sorted by id; a STATUS_ */
int read_groups(struct iq_kernel *k, int owner, UT_array *list);

/** print_groups() - @n of them, as `group show` prints them, but for what was measured */
void print_groups(const struct shown_group *groups, size_t n);

/**
 * show_groups() - once, in order, as JSON or by print_groups(); a STATUS_
 *
 * @key: one alone, by its id or name; neither: all
 */
int show_groups(const struct iq_kernel_group *key, const struct choice *choice);

/** top_groups() - the verb: who takes most now */
int top_groups(struct args *args);

/** group_json() - of a struct iq_kernel_group, as `group show` prints it */
json_t *group_json(const void *item);

#endif /* IPSEC_QOS_TOOLS_GROUP_H */
