/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pools of elements by name: what steered prefixes and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_POOL_H
#define IPSEC_QOS_TOOLS_POOL_H

#include "command.h"
#include "lib/kernel/pool.h"
#include "names.h"

extern struct names pool_names;

/** read_pools() - all pools (of an owner, or -1), sorted by id; a STATUS_ */
int read_pools(struct iq_kernel *k, int owner, UT_array *list);

/** pool_json() - of a struct iq_kernel_pool, as `pool show` prints it but for buckets */
json_t *pool_json(const struct iq_kernel_pool *p);

/** pool_print() - what an event says of it, in a line, without its end */
void pool_print(const struct iq_kernel_pool *p);

#endif /* IPSEC_QOS_TOOLS_POOL_H */
