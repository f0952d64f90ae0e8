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
 * struct iq_prefix - a steered prefix; it never changes, one that is to be otherwise is
 * replaced, and its counters go on
 *
 * @pool: whose packets these are
 * @ike: enum ipsec_qos_steer_ike
 * @ike_element: for IPSEC_QOS_STEER_IKE_ELEMENT
 * @counter: of enum ipsec_qos_steer_counter, per CPU
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
	u8 dst[16];
	u32 generation;
};

/**
 * iq_prefix_find() - the longest steered prefix that an address is in; NULL: none
 *
 * @dst: 4 or 16 bytes in network order
 *
 * Under rcu_read_lock(), which the answer lives under; a compare or two where there are few.
 */
const struct iq_prefix *iq_prefix_find(const struct iq_net *iqn, u8 family, const void *dst);

#endif /* _IPSEC_QOS_STEER_PREFIX_H */
