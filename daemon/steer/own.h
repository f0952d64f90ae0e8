/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host has of the pools that it is a member of: the buckets whose home it is, of
 * which it draws the SPIs of what it receives ("home" in CONTRIBUTING.md's glossary). Pure.
 */
#ifndef IPSEC_QOSD_STEER_OWN_H
#define IPSEC_QOSD_STEER_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

/**
 * own_pool_of() - the pool by whose buckets SPIs for an address of this host are chosen
 *
 * It is that of the longest steered prefix that the address is in; where it is in none, the
 * only one that this host is a member of. Its buckets are in @own of struct steer_pool, and
 * live as long as the configuration.
 *
 * Return: NULL: this host is no member, or of several of which none is the address's, or
 * the pool has no buckets.
 */
const struct steer_pool *own_pool_of(const struct config *config, const struct iq_addr *addr);

/** own_has() - is a bucket's home in a pool this host? */
static inline bool own_has(const struct steer_pool *pool, uint32_t bucket)
{
	return pool->own[bucket / 8] & 1 << bucket % 8;
}

#endif /* IPSEC_QOSD_STEER_OWN_H */
