/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens to devices, chains and services, to the multicast group of chains; and
 * traces of packets, to that of traces.
 */
#ifndef _IPSEC_QOS_CHAIN_EVENT_H
#define _IPSEC_QOS_CHAIN_EVENT_H

#include "service.h"

/**
 * struct iq_trace - a packet at one place of its way; see enum ipsec_qos_trace_attr
 *
 * @at: NULL: it has come from outside
 * @to: NULL: it leaves by routing, or is dropped
 * @drop: 0: it is not
 * @in: NULL: not said; likewise @out
 * @in_mac: likewise
 * @out_mac: likewise
 * @src: network order, 4 or 16 bytes; likewise @dst
 * @sport: host order; likewise @dport
 */
struct iq_trace {
	const struct iq_device *at;
	const struct iq_device *to;
	bool back;
	bool copy;
	u8 drop;
	const struct net_device *in;
	const struct net_device *out;
	const u8 *in_mac;
	const u8 *out_mac;
	u8 family;
	u8 proto;
	const void *src;
	const void *dst;
	u16 sport;
	u16 dport;
	u32 bytes;
};

/* A drop by a device's counter, in iq_trace.drop */
#define IQ_TRACE_DEVICE(which)	(128 | IPSEC_QOS_DEVICE_COUNTER_##which)

/** iq_tracing() - is any service traced? */
static inline bool iq_tracing(const struct iq_chains *ch)
{
	return atomic_read(&ch->tracing);
}

/**
 * iq_trace_due() - is a pass of a service's packet to be told? If so it is one of those that
 * were asked for, less.
 *
 * Only where iq_tracing(). @client: 4 or 16 bytes in network order, as it came.
 */
bool iq_trace_due(struct iq_service *s, u8 family, const void *client);

/** iq_event_trace() - tell of it; under rcu_read_lock(), bottom halves are disabled */
void iq_event_trace(struct iq_service *s, const struct iq_trace *t);

/**
 * iq_trace_set() - so many passes of a service's packets are to be told from now on
 *
 * @client: of this client alone; NULL: of whichever
 *
 * Context: process, iq_net.config_lock is held.
 */
void iq_trace_set(struct iq_chains *ch, struct iq_service *s, const struct in6_addr *client,
		  u32 packets);

#endif /* _IPSEC_QOS_CHAIN_EVENT_H */
