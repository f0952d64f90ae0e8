/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the module: appliances that packets of services are sent through or to.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_DEVICE_H
#define IPSEC_QOS_LIB_KERNEL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/if_ether.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_side - a side of a device, as in enum ipsec_qos_side_attr
 */
struct iq_kernel_side {
	char dev[16];			/* "": the device has no such side */
	bool has_mac;
	uint8_t mac[ETH_ALEN];
	uint8_t n_from;
	uint8_t from[IPSEC_QOS_DEVICE_FROM_MAX][ETH_ALEN];
	uint8_t problem;		/* enum ipsec_qos_device_problem; answers only */
};

/* What a request says of a device; the rest stays as it was, or is the default. */
#define IQ_DEVICE_KIND		(1U << 0)
#define IQ_DEVICE_SIDES		(1U << 1)	/* both */
#define IQ_DEVICE_STATE		(1U << 2)
#define IQ_DEVICE_ALTERNATE	(1U << 3)
#define IQ_DEVICE_FAILURE	(1U << 4)
#define IQ_DEVICE_RATE		(1U << 5)
#define IQ_DEVICE_SNAP		(1U << 6)

/**
 * struct iq_kernel_device - a device, as in enum ipsec_qos_device_attr
 *
 * @has: IQ_DEVICE_*, what a request is to say, and what an answer said
 */
struct iq_kernel_device {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];	/* "": as it was */
	unsigned int has;
	uint8_t kind;			/* enum ipsec_qos_device_kind */
	struct iq_kernel_side outer;
	struct iq_kernel_side inner;
	uint8_t state;			/* enum ipsec_qos_device_state */
	uint32_t alternate;		/* its id; 0: none */
	uint8_t failure;		/* enum ipsec_qos_device_failure */
	uint32_t rate;			/* of a tap */
	uint32_t snap;			/* likewise; 0: all of a packet */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as all below */
	uint32_t now;			/* the id of the device that takes its packets; 0: none */
	uint32_t chains;
	struct iq_kernel_count counter[IPSEC_QOS_DEVICE_COUNTER_MAX + 1];
};

/** iq_kernel_device_counter_name() - 1 to IPSEC_QOS_DEVICE_COUNTER_MAX, in JSON */
const char *iq_kernel_device_counter_name(int counter);

int iq_kernel_device_new(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n,
			 int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_device_del(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n);

/* Of an owner, or -1: all */
int iq_kernel_device_dump(struct iq_kernel *k, int owner,
			  int (*cb)(const struct iq_kernel_device *d, void *arg),
			  void *arg);

/* One device, by id (or by name where @d->id is 0). */
int iq_kernel_device_get(struct iq_kernel *k, struct iq_kernel_device *d);

#endif /* IPSEC_QOS_LIB_KERNEL_DEVICE_H */
