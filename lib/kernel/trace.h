/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of a service, as the module tells of them at each place of their way.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_TRACE_H
#define IPSEC_QOS_LIB_KERNEL_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/if_ether.h>
#include <linux/ipsec_qos.h>

#include "lib/addr.h"
#include "lib/kernel/socket.h"

/* Of iq_kernel_trace.drop: a device's counter, and no service's. */
#define IQ_TRACE_DEVICE		128

/**
 * struct iq_kernel_trace - a packet at one place, as in enum ipsec_qos_trace_attr
 */
struct iq_kernel_trace {
	uint32_t service;		/* its id */
	uint64_t time;			/* ns of CLOCK_MONOTONIC */
	bool back;
	bool copy;
	uint32_t at;			/* a device's id; 0: from outside */
	uint32_t to;			/* likewise; 0: by routing, or dropped */
	int drop;			/* enum ipsec_qos_service_counter, or IQ_TRACE_DEVICE
					 * and enum ipsec_qos_device_counter; 0: it was not */
	char in_dev[16];
	char out_dev[16];		/* "": it is sent by none */
	bool has_in_mac;
	bool has_out_mac;
	uint8_t in_mac[ETH_ALEN];	/* its source */
	uint8_t out_mac[ETH_ALEN];	/* its destination */
	uint8_t proto;
	struct iq_addr src;
	struct iq_addr dst;
	int sport;			/* -1: it has none, likewise dport */
	int dport;
	uint32_t bytes;
};

/**
 * iq_kernel_trace() - have the module tell of a service's packets
 *
 * Whoever listens with IQ_MONITOR_TRACE is told, see lib/kernel/event.h.
 *
 * @service: its id
 * @client: only of this one; family 0: of all
 * @packets: so many passes, 0 to IPSEC_QOS_TRACE_MAX; 0: no more
 */
int iq_kernel_trace(struct iq_kernel *k, uint32_t service, const struct iq_addr *client,
		    uint32_t packets);

#endif /* IPSEC_QOS_LIB_KERNEL_TRACE_H */
