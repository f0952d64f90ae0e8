/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets are steered: the prefixes of the module whose protected packets go to
 * elements, where one would go, and the SPIs of those that nobody here can decrypt.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_STEER_H
#define IPSEC_QOS_LIB_KERNEL_STEER_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/addr.h"
#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_steer - a steered prefix, as in enum ipsec_qos_steer_attr
 */
struct iq_kernel_steer {
	struct iq_addr dst;
	uint8_t len;			/* of the prefix, 0 to 32 or 128 */
	uint32_t pool;			/* its id */
	uint8_t ike;			/* enum ipsec_qos_steer_ike */
	uint32_t ike_element;		/* its id; 0: none */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as below */
	struct iq_kernel_count counter[IPSEC_QOS_STEER_COUNTER_MAX + 1];
};

/**
 * struct iq_kernel_steer_test - a packet, and where it would go, as in enum
 * ipsec_qos_steer_test_attr
 *
 * Of what an answer has not, the ids are 0.
 */
struct iq_kernel_steer_test {
	struct iq_addr dst;
	struct iq_addr src;		/* family 0: not said */
	uint32_t spi;			/* host byte order */
	uint8_t proto;			/* IPPROTO_ESP or IPPROTO_AH */
	uint8_t why;			/* enum ipsec_qos_steer_why; answers only, as below */
	uint32_t element;
	uint32_t group;
	uint32_t pool;
	int bucket;			/* -1: it has none that counts */
};

/**
 * struct iq_kernel_unknown - an SPI that there is no SA for, as in enum
 * ipsec_qos_unknown_attr
 */
struct iq_kernel_unknown {
	struct iq_addr src;
	struct iq_addr dst;
	uint32_t spi;			/* host byte order */
	uint8_t proto;			/* IPPROTO_ESP or IPPROTO_AH */
	uint32_t count;
};

/** iq_kernel_steer_counter_name() - 1 to IPSEC_QOS_STEER_COUNTER_MAX, in JSON */
const char *iq_kernel_steer_counter_name(int counter);

int iq_kernel_steer_new(struct iq_kernel *k, const struct iq_kernel_steer *s, size_t n,
			int owner, int nlflags);
/* Only dst and len count. */
int iq_kernel_steer_del(struct iq_kernel *k, const struct iq_kernel_steer *s, size_t n);

/* Of an owner, or -1: all */
int iq_kernel_steer_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_steer *s, void *arg), void *arg);

/** iq_kernel_steer_test() - fill in where the packet would go that @t describes */
int iq_kernel_steer_test(struct iq_kernel *k, struct iq_kernel_steer_test *t);

#endif /* IPSEC_QOS_LIB_KERNEL_STEER_H */
