/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elements: hosts that have SAs and decrypt what is sent to them ("element" in
 * CONTRIBUTING.md's glossary).
 */
#ifndef _IPSEC_QOS_STEER_ELEMENT_H
#define _IPSEC_QOS_STEER_ELEMENT_H

#include <linux/if.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>

#include "core/counter.h"
#include "core/net.h"
#include "core/target.h"

struct dst_entry;

/**
 * struct iq_way - how an element is reached; it never changes, one that is reached
 * otherwise gets another
 *
 * @dev: an interface's name; empty: by the next hop's address
 * @via: next hop of IPv4 packets; 0: none
 * @via6: of IPv6 ones, and of IPv4 ones where @via is none; all zeros: none
 * @nexthop: number of a nexthop object instead; 0: none
 */
struct iq_way {
	char dev[IFNAMSIZ];
	__be32 via;
	struct in6_addr via6;
	u32 nexthop;
};

/**
 * struct iq_element - an element
 *
 * What packets read comes first.
 *
 * @target: what SAs' entries name
 * @state: enum ipsec_qos_element_state; written under iq_net.config_lock
 * @counter: of enum ipsec_qos_element_counter, per CPU
 * @way: RCU, written under iq_net.config_lock
 * @kept: routes that were looked up for it, see send.c; RCU
 *
 * @iqn: whose it is
 * @name: iq_net.config_lock, as all below
 * @owner: enum ipsec_qos_owner
 * @generation: of the owner when it was stated last
 * @pools: so many pools have it as a member
 * @prefixes: so many steered prefixes send IKE to it
 */
struct iq_element {
	struct iq_target target;
	u8 state;
	struct iq_counter __percpu *counter;
	struct iq_way __rcu *way;
	struct iq_kept __rcu *kept[2];

	struct iq_net *iqn;
	struct rcu_head rcu;
	char name[IPSEC_QOS_NAME_MAX];
	u8 owner;
	u32 generation;
	u32 pools;
	u32 prefixes;
};

/** iq_element_of() - the element whose target an entry names */
static inline struct iq_element *iq_element_of(const struct iq_target *t)
{
	return container_of(t, struct iq_element, target);
}

/** iq_element_find() - by id, or by name where @id is 0; NULL: none. config_lock is held. */
struct iq_element *iq_element_find(struct iq_net *iqn, u32 id, const char *name);

/** iq_element_count() - of a packet; bottom halves are disabled */
static inline void iq_element_count(const struct iq_element *e,
				    enum ipsec_qos_element_counter which, u32 packets,
				    u32 bytes)
{
	iq_counter_add(e->counter, which, packets, bytes);
}

#endif /* _IPSEC_QOS_STEER_ELEMENT_H */
