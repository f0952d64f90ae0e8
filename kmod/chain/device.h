/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices: appliances and servers that packets are sent through or to ("device" in
 * CONTRIBUTING.md's glossary). A device has an outer side, towards clients, and an inner
 * one, towards servers; of a one-armed one both are the same.
 */
#ifndef _IPSEC_QOS_CHAIN_DEVICE_H
#define _IPSEC_QOS_CHAIN_DEVICE_H

#include <linux/etherdevice.h>
#include <linux/if.h>
#include <linux/netdevice.h>
#include <linux/seqlock.h>

#include "core/counter.h"
#include "core/object.h"
#include "core/rate.h"
#include "state.h"

/* A device that stands for one that is down may be down itself: so many in a row. */
#define IQ_DEVICE_ALTERNATES	IPSEC_QOS_DEVICE_ALTERNATES_MAX

#define IQ_SIDE_F_MAC	BIT(0)	/* iq_side.mac is known */
#define IQ_SIDE_F_BARE	BIT(1)	/* the interface has no neighbours: no link address */

/**
 * struct iq_side - what packets need of a device's side; iq_device.seq
 *
 * @dev: RCU; NULL: there is none of that name
 * @mac: to send to
 * @flags: IQ_SIDE_F_*; none: nothing can be sent there
 */
struct iq_side {
	struct net_device __rcu *dev;
	u8 mac[ETH_ALEN];
	u8 flags;
};

/**
 * struct iq_side_conf - a side as it is configured
 *
 * @dev: an interface's name; empty: there is no such side
 * @has_mac: @mac is known
 * @n_from: so many of @from
 * @from: further link addresses that it sends from
 */
struct iq_side_conf {
	char dev[IFNAMSIZ];
	bool has_mac;
	u8 mac[ETH_ALEN];
	u8 n_from;
	u8 from[IPSEC_QOS_DEVICE_FROM_MAX][ETH_ALEN];
};

/* Ways through a chain; sides[] is by that: where a packet is sent on this way. */
#define IQ_FORWARD	0
#define IQ_BACK		1

/**
 * struct iq_device - a device
 *
 * What packets read comes first, in a line of its own.
 *
 * @now: who takes its packets: itself, an alternate; NULL: nobody, see @failure. RCU, written
 *	under iq_net.config_lock
 * @alternate: who stands for it while it is down; NULL: nobody; likewise
 * @counter: of enum ipsec_qos_device_counter, per CPU
 * @seq: of @side; written under RTNL, bottom halves and preemption disabled
 * @kind: enum ipsec_qos_device_kind
 * @failure: enum ipsec_qos_device_failure
 * @stands: it is an alternate
 * @arms: 1 or 2
 * @side: by the way on which it is sent packets there: IQ_FORWARD is the outer one, IQ_BACK
 *	the inner; of a one-armed device both are the same
 *
 * @rate: of a tap: copies a second
 * @snap: of a tap: bytes of a copy; 0: all
 * @tokens: of copies
 *
 * @object: what user space knows it by
 * @iqn: whose it is
 * @conf: its sides, outer and inner; iq_net.config_lock, as all below
 * @state: enum ipsec_qos_device_state
 * @next: what it will be once the request that is carried out is; NULL: it names it not
 * @problem: of each side: enum ipsec_qos_device_problem; likewise @told_problem, as it was
 *	told last
 * @told_now: likewise the id of @now
 * @chains: so many chains have it
 */
struct iq_device {
	struct iq_device __rcu *now;
	struct iq_device __rcu *alternate;
	struct iq_counter __percpu *counter;
	seqcount_t seq;
	u8 kind;
	u8 failure;
	bool stands;
	u8 arms;
	struct iq_side side[2];

	u32 rate ____cacheline_aligned_in_smp;
	u32 snap;
	struct iq_rate tokens;

	struct iq_object object;
	struct iq_net *iqn;
	struct rcu_head rcu;
	struct iq_side_conf conf[2];
	struct iq_device_next *next;
	u8 state;
	u8 problem[2];
	u8 told_problem[2];
	u32 told_now;
	u32 chains;
};

/**
 * struct iq_device_next - what a request makes of a device; of what it does not say, as it is
 */
struct iq_device_next {
	struct iq_side_conf conf[2];
	struct iq_device *alternate;
	u32 rate;
	u32 snap;
	u8 kind;
	u8 failure;
	u8 state;
};

/**
 * struct iq_device_req - a device as a request states it
 *
 * @sides: where the request says so, for errors; NULL: the outer side is not said; likewise
 *	@alternate_attr
 * @kind: -1: not said; likewise @state, @failure
 * @rate: 0: not said
 * @snap: where the request says it; NULL: not
 */
struct iq_device_req {
	struct iq_object_req object;
	const struct nlattr *sides[2];
	const struct nlattr *kind_attr;
	const struct nlattr *alternate_attr;
	const struct nlattr *rate_attr;
	const struct nlattr *snap;
	struct iq_side_conf conf[2];
	int kind;
	int state;
	int failure;
	u32 alternate;
	u32 rate;
};

/**
 * struct iq_device_way - where a device's side is sent packets
 *
 * @bare: @dev has no neighbours: @mac is none
 */
struct iq_device_way {
	struct net_device *dev;
	u8 mac[ETH_ALEN];
	bool bare;
};

/**
 * iq_device_way() - where is a device sent packets on their way IQ_FORWARD, IQ_BACK?
 *
 * Under rcu_read_lock(), which the answer lives under. False: nowhere
 * (IPSEC_QOS_DEVICE_COUNTER_NO_WAY).
 */
static inline bool iq_device_way(const struct iq_device *d, int way, struct iq_device_way *to)
{
	const struct iq_side *side = &d->side[way];
	unsigned int seq;
	u8 flags;

	do {
		seq = read_seqcount_begin(&d->seq);
		to->dev = rcu_dereference(side->dev);
		memcpy(to->mac, side->mac, ETH_ALEN);
		flags = side->flags;
	} while (read_seqcount_retry(&d->seq, seq));
	to->bare = flags & IQ_SIDE_F_BARE;
	return to->dev && flags;
}

/** iq_device_count() - of packets; bottom halves are disabled */
static inline void iq_device_count(const struct iq_device *d,
				   enum ipsec_qos_device_counter which, u32 packets, u32 bytes)
{
	iq_counter_add(d->counter, which, packets, bytes);
}

static inline struct iq_device *iq_device_of(struct iq_object *o)
{
	return container_of(o, struct iq_device, object);
}

/* All below: process context, iq_net.config_lock is held. */

/** iq_device_find() - by id; NULL: none */
static inline struct iq_device *iq_device_find(struct iq_chains *ch, u32 id)
{
	struct iq_object *o = iq_object_find(&ch->devices, id, NULL);

	return o ? iq_device_of(o) : NULL;
}

/** iq_device_alternate() - who is to stand for it, once the request is carried out */
static inline struct iq_device *iq_device_alternate(const struct iq_device *d)
{
	if (d->next)
		return d->next->alternate;
	return rcu_dereference_protected(d->alternate,
					 lockdep_is_held(&d->iqn->config_lock));
}

/** iq_device_now() - who takes its packets; NULL: nobody */
static inline struct iq_device *iq_device_now(const struct iq_device *d)
{
	return rcu_dereference_protected(d->now, lockdep_is_held(&d->iqn->config_lock));
}

/**
 * iq_device_meets() - may packets of one device come to be another one's, or both of them a
 * third one's, by their alternates?
 */
bool iq_device_meets(const struct iq_device *one, const struct iq_device *other);

/**
 * iq_device_set() - add or change devices, all of them or none
 *
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_device_set(struct iq_net *iqn, const struct iq_device_req *req, u32 n, u8 owner,
		  u16 nlflags, struct netlink_ext_ack *extack);

/** iq_device_del() - remove devices by id or name, all of them or none */
int iq_device_del(struct iq_net *iqn, const struct iq_device_req *req, u32 n,
		  struct netlink_ext_ack *extack);

/** iq_devices_tell() - who listens is told of those that are otherwise than they were told */
void iq_devices_tell(struct iq_chains *ch);

extern const struct iq_object_type iq_device_type;

#endif /* _IPSEC_QOS_CHAIN_DEVICE_H */
