/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IPSEC_QOS_TOOLS_NAT_H
#define IPSEC_QOS_TOOLS_NAT_H

#include "command.h"
#include "lib/kernel/nat.h"

/** nat_counter_name() - of an IPSEC_QOS_NAT_COUNTER_ */
const char *nat_counter_name(unsigned int counter);

/** nat_json() - of a struct iq_kernel_nat, as `nat show` prints it */
json_t *nat_json(const void *item);

/** nat_print() - the same in a line, without its end */
void nat_print(const struct iq_kernel_nat *n);

/** nat_ceiling_json() - whose ceiling is met: a rule's, or one of its nodes' */
json_t *nat_ceiling_json(const struct iq_kernel_nat *n);
void nat_print_ceiling(const struct iq_kernel_nat *n);

#endif /* IPSEC_QOS_TOOLS_NAT_H */
