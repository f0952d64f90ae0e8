/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steered prefixes, and what is told of unknown SPIs, for status and events.
 */
#ifndef IPSEC_QOS_TOOLS_STEER_H
#define IPSEC_QOS_TOOLS_STEER_H

#include "command.h"
#include "lib/kernel/steer.h"

/** read_steers() - all steered prefixes (of an owner, or -1), the shortest first; a STATUS_ */
int read_steers(struct iq_kernel *k, int owner, UT_array *list);

/** in_prefix() - is an address in a steered prefix? */
bool in_prefix(const struct iq_kernel_steer *s, const struct iq_addr *addr);

/** steer_json() - of a struct iq_kernel_steer, as `steer show` prints it, but for within */
json_t *steer_json(const struct iq_kernel_steer *s);

/* What an event says, in a line, without its end. */
void steer_print(const struct iq_kernel_steer *s);
void unknown_print(const struct iq_kernel_unknown *u);
json_t *unknown_json(const struct iq_kernel_unknown *u);

#endif /* IPSEC_QOS_TOOLS_STEER_H */
