/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steered prefixes: protected packets to their addresses go to elements of a pool.
 */
#ifndef _IPSEC_QOS_STEER_PREFIX_H
#define _IPSEC_QOS_STEER_PREFIX_H

#include "core/counter.h"
#include "core/net.h"
#include "pool.h"

/**
 * struct iq_prefix - a steered prefix; what packets read never changes, one that is to be
 * otherwise is replaced, and its counters go on
 *
 * @pool: whose packets these are
 * @ike_element: for IPSEC_QOS_STEER_IKE_ELEMENT
 * @counter: of enum ipsec_qos_steer_counter, per CPU
 * @ike: enum ipsec_qos_steer_ike
 * @family: AF_INET, AF_INET6
 * @len: of the prefix
 * @owner: enum ipsec_qos_owner; iq_net.config_lock
 * @dst: in network order; of IPv4 the first 4 bytes
 * @generation: of the owner when it was stated last; iq_net.config_lock
 */
struct iq_prefix {
	struct rcu_head rcu;
	const struct iq_pool *pool;
	const struct iq_element *ike_element;
	struct iq_counter __percpu *counter;
	u8 ike;
	u8 family;
	u8 len;
	u8 owner;
	u8 dst[16] __aligned(8);
	u32 generation;
};

/**
 * iq_prefix_find() - the longest steered prefix that an address is in; NULL: none
 *
 * @dst: 4 or 16 bytes in network order
 *
 * Under rcu_read_lock(), which the answer lives under. It costs a hash and a compare for
 * each length that there is.
 */
const struct iq_prefix *iq_prefix_find(const struct iq_net *iqn, u8 family, const void *dst);

/** iq_prefix_count() - of a packet; bottom halves are disabled */
static inline void iq_prefix_count(const struct iq_prefix *p,
				   enum ipsec_qos_steer_counter which, u32 packets,
				   u32 bytes)
{
	iq_counter_add(p->counter, which, packets, bytes);
}

/**
 * struct iq_prefix_req - a steered prefix as a request states it
 *
 * @attr: where the request says so, for errors; likewise @pool_attr and @ike_attr
 * @pool: id; 0: not said
 * @ike_element: id; 0: not said
 */
struct iq_prefix_req {
	const struct nlattr *attr;
	const struct nlattr *pool_attr;
	const struct nlattr *ike_attr;
	u8 family;
	u8 len;
	u8 ike;
	u8 dst[16];
	u32 pool;
	u32 ike_element;
};

/* All below: process context, iq_net.config_lock is held. */

/** iq_prefix_with() - the first whose IKE goes to an element; NULL: none */
const struct iq_prefix *iq_prefix_with(const struct iq_steer *steer,
				       const struct iq_element *e);

/**
 * iq_prefix_set() - add or change steered prefixes, all of them or none
 *
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_prefix_set(struct iq_net *iqn, const struct iq_prefix_req *req, u32 n, u8 owner,
		  u16 nlflags, struct netlink_ext_ack *extack);

/** iq_prefix_del() - remove steered prefixes by key, all of them or none */
int iq_prefix_del(struct iq_net *iqn, const struct iq_prefix_req *req, u32 n,
		  struct netlink_ext_ack *extack);

/** iq_prefix_sweep() - remove what @owner did not restate */
u32 iq_prefix_sweep(struct iq_steer *steer, u8 owner);

/** iq_prefixes_exit() - all go; no packet comes any more */
void iq_prefixes_exit(struct iq_steer *steer);

#endif /* _IPSEC_QOS_STEER_PREFIX_H */
