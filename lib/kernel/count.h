/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was counted of packets, as all objects of the module have it.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_COUNT_H
#define IPSEC_QOS_LIB_KERNEL_COUNT_H

#include <stdint.h>

/**
 * struct iq_kernel_count - packets and bytes
 */
struct iq_kernel_count {
	uint64_t packets;
	uint64_t bytes;
};

#endif /* IPSEC_QOS_LIB_KERNEL_COUNT_H */
