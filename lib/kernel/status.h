/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a network namespace.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_STATUS_H
#define IPSEC_QOS_LIB_KERNEL_STATUS_H

#include <stdint.h>

#include <linux/ipsec_qos.h>

#include "lib/kernel/count.h"
#include "lib/kernel/settings.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_status - state of a network namespace
 *
 * @untagged: protected packets without a group
 * @untagged_by: the same by reason, enum ipsec_qos_untagged
 * @left: packets on which bits of a mark were left to others' policies and SAs
 * @left_group: the group that this happened to last, 0: to none
 */
struct iq_status {
	char version[32];
	uint32_t groups;
	uint32_t sas;
	uint32_t ikes;
	struct iq_kernel_count untagged;
	struct iq_kernel_count untagged_by[IPSEC_QOS_UNTAGGED_MAX + 1];
	struct iq_kernel_count malformed;
	struct iq_kernel_count left;
	uint32_t left_group;
	struct iq_conf conf;
};

/**
 * iq_kernel_untagged_name() - of a reason, 1 to IPSEC_QOS_UNTAGGED_MAX, in JSON, metrics
 * and the module's tracepoints
 */
const char *iq_kernel_untagged_name(int reason);

int iq_kernel_status(struct iq_kernel *k, struct iq_status *st);

#endif /* IPSEC_QOS_LIB_KERNEL_STATUS_H */
