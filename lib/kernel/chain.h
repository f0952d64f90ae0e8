/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains of the module: devices in the order in which packets meet them.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_CHAIN_H
#define IPSEC_QOS_LIB_KERNEL_CHAIN_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_chain - a chain, as in enum ipsec_qos_chain_attr
 */
struct iq_kernel_chain {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];	/* "": as it was */
	size_t n_steps;			/* 0: as they were */
	uint32_t steps[IPSEC_QOS_CHAIN_STEPS_MAX];	/* ids of devices */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as below */
	uint32_t services;
};

int iq_kernel_chain_new(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n,
			int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_chain_del(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n);

/* Of an owner, or -1: all */
int iq_kernel_chain_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_chain *c, void *arg), void *arg);

/* One chain, by id (or by name where @c->id is 0). */
int iq_kernel_chain_get(struct iq_kernel *k, struct iq_kernel_chain *c);

#endif /* IPSEC_QOS_LIB_KERNEL_CHAIN_H */
