/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module tells its multicast groups.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_EVENT_H
#define IPSEC_QOS_LIB_KERNEL_EVENT_H

#include <stddef.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/chain.h"
#include "lib/kernel/device.h"
#include "lib/kernel/element.h"
#include "lib/kernel/entry.h"
#include "lib/kernel/group.h"
#include "lib/kernel/nat.h"
#include "lib/kernel/pool.h"
#include "lib/kernel/service.h"
#include "lib/kernel/socket.h"
#include "lib/kernel/status.h"
#include "lib/kernel/steer.h"
#include "lib/kernel/trace.h"

/**
 * struct iq_event - what the kernel told the multicast group
 */
struct iq_event {
	enum ipsec_qos_event event;
	enum {
		IQ_EVENT_GROUP, IQ_EVENT_SA, IQ_EVENT_IKE, IQ_EVENT_STATUS, IQ_EVENT_NAT,
		IQ_EVENT_ELEMENT, IQ_EVENT_POOL, IQ_EVENT_STEER, IQ_EVENT_UNKNOWN,
		IQ_EVENT_DEVICE, IQ_EVENT_CHAIN, IQ_EVENT_SERVICE, IQ_EVENT_TRACE
	} what;
	union {
		struct iq_kernel_group group;
		struct iq_sa sa;
		struct iq_ike ike;
		struct iq_status status;
		struct {
			size_t n_nat;	/* more than one only in a collision; of a
					 * ceiling only RULE and INSIDE_LOCAL */
			struct iq_kernel_nat nat[IPSEC_QOS_NAT_TOLD_MAX];
		};
		struct iq_kernel_element element;
		struct iq_kernel_pool pool;
		struct iq_kernel_steer steer;
		struct iq_kernel_unknown unknown;
		struct iq_kernel_device device;
		struct iq_kernel_chain chain;
		struct iq_kernel_service service;	/* its arrays go with the event */
		struct iq_kernel_trace trace;
	};
};

/* The multicast groups that not all who listen want. */
#define IQ_MONITOR_NAT		(1U << 0)	/* of the translation table */
#define IQ_MONITOR_STEER	(1U << 1)	/* of elements, pools, prefixes, unknown SPIs */
#define IQ_MONITOR_CHAIN	(1U << 2)	/* of devices, chains, services */
#define IQ_MONITOR_TRACE	(1U << 3)	/* of packets that are traced */

/**
 * iq_kernel_monitor() - join the events' multicast group on a socket of its own
 *
 * @more: IQ_MONITOR_*, the others that are joined, too
 *
 * Return: its file descriptor (non-blocking), to be polled, or a negative errno.
 */
int iq_kernel_monitor(struct iq_kernel *k, unsigned int more);

/**
 * iq_kernel_monitor_read() - read what is there and call @cb for each event
 *
 * Return: 0; -ENOBUFS where events were lost; -ENODEV where the module was
 * unloaded; what @cb returned; or another negative errno.
 */
int iq_kernel_monitor_read(struct iq_kernel *k,
			   int (*cb)(const struct iq_event *ev, void *arg),
			   void *arg);

#endif /* IPSEC_QOS_LIB_KERNEL_EVENT_H */
