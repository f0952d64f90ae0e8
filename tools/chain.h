/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chains by name: what services and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_CHAIN_H
#define IPSEC_QOS_TOOLS_CHAIN_H

#include "command.h"
#include "lib/kernel/chain.h"
#include "names.h"

extern struct names chain_names;

/** read_chains() - all chains (of an owner, or -1), sorted by id; a STATUS_ */
int read_chains(struct iq_kernel *k, int owner, UT_array *list);

/** chain_json() - of a struct iq_kernel_chain, as `chain show` prints it */
json_t *chain_json(const void *item);

/** chain_print() - what an event says of it, in a line, without its end */
void chain_print(const struct iq_kernel_chain *c);

#endif /* IPSEC_QOS_TOOLS_CHAIN_H */
