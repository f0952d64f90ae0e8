/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools of elements, and who of a pool has which bucket. A bucket has a home among the
 * members (include/ipsec_qos/select.h). While its home is down it is lent to the next
 * choice that is up; where members change, it is held by the living element that was its
 * home, until it is released. What packets read is a table that never changes: it is
 * replaced whole.
 */
#ifndef _IPSEC_QOS_STEER_POOL_H
#define _IPSEC_QOS_STEER_POOL_H

#include <linux/rcupdate.h>

#include "buckets.h"
#include "core/folder.h"
#include "core/net.h"
#include "core/rate.h"
#include "element.h"

/*
 * Copies a second, of what is for nobody knows which of a pool's members. Strangers cause
 * them: so each pool has its own, and who uses up one's leaves the others' alone. Of ICMP
 * errors there are few: a router sends them at a rate of its own, and one about a path's MTU
 * is heeded for minutes.
 */
#define IQ_POOL_COPIES	1000

enum iq_copies {
	IQ_COPIES_ICMP,
	IQ_COPIES_IKE,
	__IQ_COPIES
};

/**
 * struct iq_pool - a pool
 *
 * @buckets: RCU, written under iq_net.config_lock
 * @mode: enum ipsec_qos_pool_mode; never changes
 *
 * The rest is under iq_net.config_lock.
 *
 * @iqn: whose it is
 * @id: the key
 * @owner: enum ipsec_qos_owner
 * @generation: of the owner when it was stated last
 * @prefixes: so many steered prefixes name it
 * @shares: the members, and what each has a right to
 * @next: what @buckets will be once the request that is carried out is; NULL: no other
 * @folder: in sysfs
 *
 * @copied: see iq_pool_may_copy(); packets write it
 */
struct iq_pool {
	struct iq_buckets __rcu *buckets;
	u8 mode;

	struct iq_net *iqn;
	struct rcu_head rcu;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	u8 owner;
	u32 generation;
	u32 prefixes;
	struct iq_shares *shares;
	struct iq_buckets *next;
	struct iq_folder folder;

	struct iq_rate copied[__IQ_COPIES] ____cacheline_aligned_in_smp;
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

/** iq_pool_secret() - the key of hashes of what peers choose */
static inline const siphash_key_t *iq_pool_secret(const struct iq_pool *p)
{
	return &rcu_dereference(p->buckets)->secret;
}

/** iq_pool_bucket() - who has a bucket */
struct iq_chosen iq_pool_bucket(const struct iq_pool *p, u32 bucket);

/** iq_pool_begin() - who has an IKE SA that begins, by its initiator's SPI */
struct iq_chosen iq_pool_begin(const struct iq_pool *p, u64 spi_i);

/**
 * iq_pool_hashed() - who has what hashes to @hash, of a pool without buckets
 *
 * It need not be well mixed, nor 64 bits long.
 */
struct iq_chosen iq_pool_hashed(const struct iq_pool *p, u64 hash);

/** iq_pool_may_copy() - may @n copies be made now? IQ_POOL_COPIES of a kind at most */
bool iq_pool_may_copy(const struct iq_pool *p, enum iq_copies what, u32 n);

/**
 * struct iq_member_req - a member as a request states it
 *
 * @attr: where the request says so, for errors
 * @id: of the element
 */
struct iq_member_req {
	const struct nlattr *attr;
	u32 id;
	u32 weight;
};

/**
 * struct iq_pool_req - a pool as a request states it
 *
 * @attr: likewise
 * @name: empty: not said
 * @mode: enum ipsec_qos_pool_mode; -1: not said
 * @has_secret: @secret is said
 * @member: @n of them, in order of their ids, none twice
 */
struct iq_pool_req {
	const struct nlattr *attr;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	int mode;
	bool has_secret;
	siphash_key_t secret;
	u32 n;
	struct iq_member_req member[IPSEC_QOS_POOL_MEMBERS_MAX];
};

/**
 * struct iq_pool_key - a pool that a request names, by id, or by name where @id is 0
 *
 * @attr: likewise
 * @buckets: IPSEC_QOS_BUCKETS bits; NULL: not said
 */
struct iq_pool_key {
	const struct nlattr *attr;
	u32 id;
	char name[IPSEC_QOS_NAME_MAX];
	const u8 *buckets;
};

/* All below: process context, iq_net.config_lock is held. */

/** iq_pool_find() - by id, or by name where @id is 0; NULL: none */
struct iq_pool *iq_pool_find(struct iq_net *iqn, u32 id, const char *name);

/** iq_pool_buckets() - what packets read */
static inline struct iq_buckets *iq_pool_buckets(const struct iq_pool *p)
{
	return rcu_dereference_protected(p->buckets,
					 lockdep_is_held(&p->iqn->config_lock));
}

/** iq_pool_with() - the first that has an element as a member; NULL: none */
struct iq_pool *iq_pool_with(struct iq_steer *steer, const struct iq_element *e);

/**
 * iq_pool_set() - add or change a pool
 *
 * @nlflags: NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
 */
int iq_pool_set(struct iq_net *iqn, const struct iq_pool_req *req, u8 owner, u16 nlflags,
		struct netlink_ext_ack *extack);

/** iq_pool_del() - remove pools by id or name, all of them or none */
int iq_pool_del(struct iq_net *iqn, const struct iq_pool_key *key, u32 n,
		struct netlink_ext_ack *extack);

/**
 * iq_pool_release() - buckets that are held go home
 *
 * @mask: IPSEC_QOS_BUCKETS bits, those that do; NULL: all
 *
 * Return: how many, or -ENOMEM
 */
int iq_pool_release(struct iq_pool *p, const u8 *mask);

/** iq_pool_sweep() - remove what @owner did not restate and no prefix names */
u32 iq_pool_sweep(struct iq_steer *steer, u8 owner);

/**
 * iq_pools_turn() - elements are about to have their next_state: make the tables of all
 * pools that have them
 *
 * Return: 0, and then iq_pools_turned() follows, or -ENOMEM
 */
int iq_pools_turn(struct iq_steer *steer);

/** iq_pools_turned() - they have it: packets find those tables */
void iq_pools_turned(struct iq_steer *steer);

/** iq_pools_exit() - all go; no packet comes any more, and no prefix names one */
void iq_pools_exit(struct iq_steer *steer);

#endif /* _IPSEC_QOS_STEER_POOL_H */
