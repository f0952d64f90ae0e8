/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an element has of the pools that it is a member of: the buckets whose home it is, of
 * which its charon draws the SPIs of what it receives ("home" in CONTRIBUTING.md's
 * glossary). Pure.
 */
#ifndef IPSEC_QOSD_STEER_OWN_H
#define IPSEC_QOSD_STEER_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define OWN_FEW	16	/* fewer buckets than these are worth a word */

/**
 * struct own - an element's share
 *
 * @home: IPSEC_QOS_BUCKETS / 8 bytes, as iq_select_has() reads them
 * @n: how many they are
 * @pools: in how many pools it is their home
 * @alone: there is no bucket whose home it is in all of them, so it has those of this one
 */
struct own {
	uint8_t home[IPSEC_QOS_BUCKETS / 8];
	uint32_t n;
	size_t pools;
	const struct steer_pool *alone;
};

/**
 * own_buckets() - the buckets that SPIs of an element are to be of
 *
 * Those whose home it is in each pool of IPSEC_QOS_POOL_BUCKET that it is a member of: by
 * which of them a packet comes to it charon does not know when it chooses an SPI, nor that
 * of an IKE SA, which may get another address. Pools with the same members have the same
 * homes; of pools with others each takes its share from what is left. A pool that nothing
 * is steered to does not count where something is steered to others that it is in: in the
 * file of an element there may be no section steer at all.
 */
void own_buckets(const struct config *config, const struct element *element, struct own *own);

/**
 * own_find() - likewise, of the element that a charon says it is; see shares_find() in
 * feed/share.h
 */
const char *own_find(const struct config *config, const char *name, uint8_t *home, char *why,
		     size_t size);

#endif /* IPSEC_QOSD_STEER_OWN_H */
