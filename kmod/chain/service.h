/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Services: an address and ports that stand for a chain.
 */
#ifndef _IPSEC_QOS_CHAIN_SERVICE_H
#define _IPSEC_QOS_CHAIN_SERVICE_H

#include "core/counter.h"
#include "core/object.h"
#include "core/rate.h"
#include "body.h"
#include "key.h"
#include "state.h"
#include "track.h"

/* Behind enum ipsec_qos_service_counter: see IPSEC_QOS_SERVICE_A_SYNS */
#define IQ_SERVICE_SYNS		(IPSEC_QOS_SERVICE_COUNTER_MAX + 1)

/**
 * struct iq_service - a service
 *
 * What packets read comes first.
 *
 * @counter: of enum ipsec_qos_service_counter and IQ_SERVICE_SYNS, per CPU
 * @tokens: for packets that enter, by iq_track.rate
 * @traces: so many passes of packets are to be told yet
 * @trace_client: of this client alone; all zeros: of whichever; written while @traces is 0
 *
 * @object: what user space knows it by
 * @iqn: whose it is
 * @body: what it is like; iq_net.config_lock, as all below
 * @next: what it will be once the request that is carried out is; NULL: as it is
 * @linger: what it was like a moment ago; NULL: it is seconds ago
 */
struct iq_service {
	struct iq_counter __percpu *counter;
	struct iq_rate tokens;
	atomic_t traces;
	struct in6_addr trace_client;

	struct iq_object object;
	struct iq_net *iqn;
	struct iq_body *body;
	struct iq_body *next;
	struct iq_linger *linger;
	struct rcu_head rcu;
};

static inline struct iq_service *iq_service_of(struct iq_object *o)
{
	return container_of(o, struct iq_service, object);
}

/**
 * iq_hit_service() - whose is a key that was found? Takes a cold line: for what is dropped,
 * for traces, and for a connection's first packet
 *
 * Under rcu_read_lock(), which the answer lives under. NULL: it went a moment ago.
 */
struct iq_service *iq_hit_service(struct iq_chains *ch, const struct iq_hit *hit);

/**
 * iq_service_count() - of packets that are told apart; bottom halves are disabled
 *
 * @s: NULL: of nobody
 * @which: enum ipsec_qos_service_counter, IQ_SERVICE_SYNS
 */
static inline void iq_service_count(const struct iq_service *s, int which, u32 packets,
				    u32 bytes)
{
	if (s)
		iq_counter_add(s->counter, which, packets, bytes);
}

/* All below: process context, iq_net.config_lock is held. */

/** iq_service_find() - by id; NULL: none */
static inline struct iq_service *iq_service_find(struct iq_chains *ch, u32 id)
{
	struct iq_object *o = iq_object_find(&ch->services, id, NULL);

	return o ? iq_service_of(o) : NULL;
}

/**
 * iq_service_each() - of each of its keys and the number that it has as value; those that
 * linger (linger.h), too
 */
int iq_service_each(struct iq_service *s,
		    int (*fn)(struct iq_chains *ch, const struct iq_want *want, u32 number,
			      void *arg), void *arg);

/**
 * struct iq_service_req - a service as a request states it
 *
 * @spec: what it is to be like; NULL: it is only named
 */
struct iq_service_req {
	struct iq_object_req object;
	struct iq_spec *spec;
};

/**
 * iq_service_set() - add or change services, all of them or none
 *
 * @req: their specs it holds as long as it needs them
 */
int iq_service_set(struct iq_net *iqn, const struct iq_service_req *req, u32 n, u8 owner,
		   u16 nlflags, struct netlink_ext_ack *extack);

/** iq_service_del() - remove services by id or name, all of them or none */
int iq_service_del(struct iq_net *iqn, const struct iq_service_req *req, u32 n,
		   struct netlink_ext_ack *extack);

/* For chain.c: chains that change take services with them that have more than a chain. */

/** iq_services_follow() - prepare it, for chains that have iq_chain.next; 0 or an errno */
int iq_services_follow(struct iq_chains *ch, const struct nlattr *attr,
		       struct netlink_ext_ack *extack);

/** iq_services_followed() - carry it out, or (@undo) not */
void iq_services_followed(struct iq_chains *ch, bool undo);

extern const struct iq_object_type iq_service_type;

#endif /* _IPSEC_QOS_CHAIN_SERVICE_H */
