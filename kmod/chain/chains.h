/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chains: devices in the order in which packets meet them on the way forward.
 */
#ifndef _IPSEC_QOS_CHAIN_CHAINS_H
#define _IPSEC_QOS_CHAIN_CHAINS_H

#include "core/object.h"
#include "track.h"

/**
 * struct iq_steps - devices of a chain, in order
 */
struct iq_steps {
	u8 n;
	struct iq_device *device[IQ_STEPS];
};

/**
 * struct iq_chain - a chain; iq_net.config_lock
 *
 * @steps: its devices
 * @next: what they will be once the request that is carried out is; NULL: as they are
 * @track: what services share that have no more to them; likewise @next_track
 * @number: what their keys have as value
 * @services: so many services name it
 */
struct iq_chain {
	struct iq_object object;
	struct iq_net *iqn;
	struct iq_steps steps;
	struct iq_steps *next;
	struct iq_track *track;
	struct iq_track *next_track;
	u32 number;
	u32 services;
	struct rcu_head rcu;
};

/**
 * struct iq_chain_req - a chain as a request states it
 *
 * @n: steps; 0: not said
 * @step: their ids, and where the request says so
 */
struct iq_chain_req {
	struct iq_object_req object;
	u8 n;
	u32 step[IQ_STEPS];
	const struct nlattr *step_attr[IQ_STEPS];
};

static inline struct iq_chain *iq_chain_of(struct iq_object *o)
{
	return container_of(o, struct iq_chain, object);
}

/* All below: process context, iq_net.config_lock is held. */

/** iq_chain_find() - by id; NULL: none */
static inline struct iq_chain *iq_chain_find(struct iq_chains *ch, u32 id)
{
	struct iq_object *o = iq_object_find(&ch->chains, id, NULL);

	return o ? iq_chain_of(o) : NULL;
}

/** iq_chain_steps() - as they are, or will be once the request is carried out */
static inline const struct iq_steps *iq_chain_steps(const struct iq_chain *c)
{
	return c->next ?: &c->steps;
}

/** iq_chain_with() - one that has a device, which has some (iq_device.chains) */
struct iq_chain *iq_chain_with(const struct iq_device *d);

/** iq_chain_check_devices() - are all chains right with the alternates that are to be? */
int iq_chain_check_devices(struct iq_chains *ch, const struct nlattr *attr,
			   struct netlink_ext_ack *extack);

/** iq_chain_set() - add or change chains, all of them or none */
int iq_chain_set(struct iq_net *iqn, const struct iq_chain_req *req, u32 n, u8 owner,
		 u16 nlflags, struct netlink_ext_ack *extack);

/** iq_chain_del() - remove chains by id or name, all of them or none */
int iq_chain_del(struct iq_net *iqn, const struct iq_chain_req *req, u32 n,
		 struct netlink_ext_ack *extack);

extern const struct iq_object_type iq_chain_type;

#endif /* _IPSEC_QOS_CHAIN_CHAINS_H */
