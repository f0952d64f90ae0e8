/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Services: an address and ports that stand for a chain.
 */
#ifndef _IPSEC_QOS_CHAIN_SERVICE_H
#define _IPSEC_QOS_CHAIN_SERVICE_H

#include "core/counter.h"
#include "core/object.h"
#include "core/rate.h"
#include "key.h"
#include "state.h"
#include "track.h"

/**
 * struct iq_service - a service
 *
 * What packets read comes first.
 *
 * @counter: of enum ipsec_qos_service_counter, per CPU
 * @rate: packets a second that may enter; 0: all
 * @tokens: for these
 *
 * @object: what user space knows it by
 * @iqn: whose it is
 */
struct iq_service {
	struct iq_counter __percpu *counter;
	u32 rate;
	struct iq_rate tokens;

	struct iq_object object;
	struct iq_net *iqn;
	struct rcu_head rcu;
};

/**
 * iq_hit_service() - whose is a key that was found? Takes a cold line: for what is dropped,
 * and for traces
 *
 * Under rcu_read_lock(), which the answer lives under. NULL: it went a moment ago.
 */
struct iq_service *iq_hit_service(const struct iq_chains *ch, const struct iq_hit *hit);

/** iq_service_count() - of dropped packets; bottom halves are disabled; @s: NULL: of nobody */
static inline void iq_service_count(const struct iq_service *s,
				    enum ipsec_qos_service_counter which, u32 packets,
				    u32 bytes)
{
	if (s)
		iq_counter_add(s->counter, which, packets, bytes);
}

/** iq_service_rate() - may so many packets enter? Where iq_track has IQ_TRACK_F_RATE. */
static inline bool iq_service_rate(struct iq_service *s, u32 packets)
{
	return iq_rate_take(&s->tokens, packets, READ_ONCE(s->rate));
}

#endif /* _IPSEC_QOS_CHAIN_SERVICE_H */
