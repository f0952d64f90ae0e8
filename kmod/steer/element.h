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
#include "core/folder.h"
#include "core/net.h"
#include "core/target.h"
#include "state.h"

struct iq_kept;

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
	struct rcu_head rcu;
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
 * @by_name: in iq_steer.names
 * @owner: enum ipsec_qos_owner
 * @next_state: what @state will be once the request that is carried out is; else the same
 * @planned: that request names it
 * @generation: of the owner when it was stated last
 * @pools: so many pools have it as a member
 * @prefixes: so many steered prefixes send IKE to it
 * @folder: in sysfs
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
	struct hlist_node by_name;
	u8 owner;
	u8 next_state;
	bool planned;
	u32 generation;
	u32 pools;
	u32 prefixes;
	struct iq_folder folder;
};

/**
 * struct iq_element_req - an element as a request states it
 *
 * @attr: where the request says so, for errors; likewise @via and @via6
 * @name: empty: not said
 * @state: enum ipsec_qos_element_state; -1: not said
 */
struct iq_element_req {
	const struct nlattr *attr;
	const struct nlattr *via;
	const struct nlattr *via6;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	struct iq_way way;
	int state;
};

/** iq_element_of() - the element whose target an entry names */
static inline struct iq_element *iq_element_of(const struct iq_target *t)
{
	return container_of(t, struct iq_element, target);
}

/** iq_element_way() - under rcu_read_lock() or iq_net.config_lock */
static inline const struct iq_way *iq_element_way(const struct iq_element *e)
{
	return rcu_dereference_check(e->way, lockdep_is_held(&e->iqn->config_lock));
}

/** iq_element_count() - of a packet; bottom halves are disabled */
static inline void iq_element_count(const struct iq_element *e,
				    enum ipsec_qos_element_counter which, u32 packets,
				    u32 bytes)
{
	iq_counter_add(e->counter, which, packets, bytes);
}

/* All below: process context, iq_net.config_lock is held. */

/** iq_element_find() - by id, or by name where @id is 0; NULL: none */
struct iq_element *iq_element_find(struct iq_net *iqn, u32 id, const char *name);

/** iq_element_target() - what SAs' entries may name, by an element's id; NULL: none */
struct iq_target *iq_element_target(struct iq_net *iqn, u32 id);

/** iq_element_users() - so many SAs' entries name it */
u32 iq_element_users(const struct iq_element *e);

/**
 * iq_element_set() - add or change elements, all of them or none
 *
 * Pools that they are in are adapted to their state. A name, by which the buckets are
 * shared out, does not change while a pool has the element.
 *
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_element_set(struct iq_net *iqn, const struct iq_element_req *req, u32 n, u8 owner,
		   u16 nlflags, struct netlink_ext_ack *extack);

/** iq_element_del() - remove elements by id or name, all of them or none */
int iq_element_del(struct iq_net *iqn, const struct iq_element_req *req, u32 n,
		   struct netlink_ext_ack *extack);

/** iq_element_sweep() - remove what @owner did not restate and nobody uses */
u32 iq_element_sweep(struct iq_steer *steer, u8 owner);

/** iq_elements_exit() - all go; no packet comes any more, and no pool has one */
void iq_elements_exit(struct iq_steer *steer);

#endif /* _IPSEC_QOS_STEER_ELEMENT_H */
