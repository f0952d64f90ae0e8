/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The elements of the module: hosts that decrypt what is sent to them.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_ELEMENT_H
#define IPSEC_QOS_LIB_KERNEL_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_element - an element, as in enum ipsec_qos_element_attr
 *
 * Addresses are in network byte order; one of zeros is none.
 */
struct iq_kernel_element {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	char dev[16];			/* "": by the next hop's address */
	uint32_t via;
	uint8_t via6[16];
	uint32_t nexthop;		/* a nexthop object's number; 0: none */
	uint8_t state;			/* enum ipsec_qos_element_state */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as all below */
	uint8_t problem;		/* enum ipsec_qos_element_problem */
	uint32_t sas;
	uint32_t pools;
	struct iq_kernel_count counter[IPSEC_QOS_ELEMENT_COUNTER_MAX + 1];
};

/** iq_kernel_element_counter_name() - 1 to IPSEC_QOS_ELEMENT_COUNTER_MAX, in JSON */
const char *iq_kernel_element_counter_name(int counter);

int iq_kernel_element_new(struct iq_kernel *k, const struct iq_kernel_element *e, size_t n,
			  int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_element_del(struct iq_kernel *k, const struct iq_kernel_element *e, size_t n);

/* Of an owner, or -1: all */
int iq_kernel_element_dump(struct iq_kernel *k, int owner,
			   int (*cb)(const struct iq_kernel_element *e, void *arg),
			   void *arg);

/* One element, by id (or by name where @e->id is 0). */
int iq_kernel_element_get(struct iq_kernel *k, struct iq_kernel_element *e);

#endif /* IPSEC_QOS_LIB_KERNEL_ELEMENT_H */
