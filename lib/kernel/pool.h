/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pools of elements of the module, and who of them has which bucket.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_POOL_H
#define IPSEC_QOS_LIB_KERNEL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_member - a member of a pool, as in enum ipsec_qos_member_attr
 */
struct iq_kernel_member {
	uint32_t element;		/* its id */
	uint32_t weight;		/* 1 to IPSEC_QOS_POOL_WEIGHT_MAX */
	uint32_t home;			/* buckets; answers only, as below */
	uint32_t now;
};

/**
 * struct iq_kernel_pool - a pool, as in enum ipsec_qos_pool_attr
 */
struct iq_kernel_pool {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	uint8_t mode;			/* enum ipsec_qos_pool_mode */
	size_t n_members;
	struct iq_kernel_member members[IPSEC_QOS_POOL_MEMBERS_MAX];
	bool has_secret;		/* requests only; else it stays, or is random */
	uint8_t secret[IPSEC_QOS_POOL_SECRET_BYTES];
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as all below */
	uint32_t held;			/* buckets */
	uint32_t lent;
};

/**
 * struct iq_kernel_buckets - by bucket an element's id, 0: nobody's
 */
struct iq_kernel_buckets {
	uint16_t home[IPSEC_QOS_BUCKETS];
	uint16_t now[IPSEC_QOS_BUCKETS];
};

int iq_kernel_pool_new(struct iq_kernel *k, const struct iq_kernel_pool *p, int owner,
		       int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_pool_del(struct iq_kernel *k, const struct iq_kernel_pool *p, size_t n);

/* Of an owner, or -1: all */
int iq_kernel_pool_dump(struct iq_kernel *k, int owner,
			int (*cb)(const struct iq_kernel_pool *p, void *arg), void *arg);

/**
 * iq_kernel_pool_get() - one pool, by id (or by name where @p->id is 0)
 *
 * @buckets: whose they are; in modes without, what the hash chooses among
 */
int iq_kernel_pool_get(struct iq_kernel *k, struct iq_kernel_pool *p,
		       struct iq_kernel_buckets *buckets);

/**
 * iq_kernel_pool_release() - buckets that are another's go to that one
 *
 * @p: by id, or by name where the id is 0
 * @buckets: a bit for each, the first is the lowest of the first byte; NULL: all
 * @count: how many went
 */
int iq_kernel_pool_release(struct iq_kernel *k, const struct iq_kernel_pool *p,
			   const uint8_t buckets[IPSEC_QOS_BUCKETS / 8], uint32_t *count);

#endif /* IPSEC_QOS_LIB_KERNEL_POOL_H */
