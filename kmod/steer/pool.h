/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools of elements, and who of a pool has which bucket. A bucket has a home among the
 * members (include/ipsec_qos/select.h). While its home is down it is lent to the next
 * choice; where members change, it is held by the living element that was its home, until
 * it is released. What packets read is a table that never changes: it is replaced whole.
 */
#ifndef _IPSEC_QOS_STEER_POOL_H
#define _IPSEC_QOS_STEER_POOL_H

#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <ipsec_qos/select.h>

#include "core/net.h"
#include "element.h"

/**
 * struct iq_buckets - a pool's table
 *
 * @n: members
 * @now: by bucket, the place in @member of who is sent its packets, and how it came to them
 *	(IQ_BUCKET_HELD, IQ_BUCKET_LENT); IQ_BUCKET_NOBODY
 * @begin: by bucket, who has IKE SAs that begin: likewise, but nobody that drains
 * @member: elements
 */
struct iq_buckets {
	struct rcu_head rcu;
	u32 n;
	u16 now[IQ_SELECT_BUCKETS];
	u16 begin[IQ_SELECT_BUCKETS];
	struct iq_element *member[];
};

#define IQ_BUCKET_MEMBER	0x01ff
#define IQ_BUCKET_HELD		0x4000
#define IQ_BUCKET_LENT		0x8000
#define IQ_BUCKET_NOBODY	0x01ff

/**
 * struct iq_pool - a pool
 *
 * @buckets: RCU, written under iq_net.config_lock
 * @mode: enum ipsec_qos_pool_mode; never changes
 * @secret: of the hash of what a peer chooses; never changes but under config_lock
 *
 * The rest is pool.c's, under iq_net.config_lock.
 */
struct iq_pool {
	struct iq_buckets __rcu *buckets;
	u8 mode;
	siphash_key_t secret;

	struct iq_net *iqn;
	struct rcu_head rcu;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	u8 owner;
	u32 generation;
	u32 prefixes;
	u32 n_members;
	u32 held;
	u32 lent;
	struct iq_member *members;
	u16 *home;
};

/**
 * struct iq_chosen - who was chosen, and why
 *
 * @element: NULL: nobody
 */
struct iq_chosen {
	const struct iq_element *element;
	enum ipsec_qos_steer_why why;
};

/* For packets: under rcu_read_lock(), which the answer lives under. */

/** iq_pool_bucket() - who has a bucket */
struct iq_chosen iq_pool_bucket(const struct iq_pool *p, u32 bucket);

/** iq_pool_begin() - who has an IKE SA that begins, by its initiator's SPI */
struct iq_chosen iq_pool_begin(const struct iq_pool *p, u64 spi_i);

/** iq_pool_hashed() - who has what hashes to @hash, of a pool without buckets */
struct iq_chosen iq_pool_hashed(const struct iq_pool *p, u64 hash);

/** iq_pool_find() - by id, or by name where @id is 0; NULL: none. config_lock is held. */
struct iq_pool *iq_pool_find(struct iq_net *iqn, u32 id, const char *name);

#endif /* _IPSEC_QOS_STEER_POOL_H */
