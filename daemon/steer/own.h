/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host has of the pools that it is a member of: the buckets whose home it is, of
 * which it draws the SPIs of what it receives ("home" in CONTRIBUTING.md's glossary). Pure.
 */
#ifndef IPSEC_QOSD_STEER_OWN_H
#define IPSEC_QOSD_STEER_OWN_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/**
 * own_buckets() - the buckets that SPIs of this host are to be of
 *
 * Those whose home it is in each pool of IPSEC_QOS_POOL_BUCKET that it is a member of: by
 * which of them a packet comes to it charon does not know when it chooses an SPI, nor that
 * of an IKE SA, which may get another address. Pools with the same members have the same
 * homes; of pools with others each takes its share from what is left.
 *
 * @home: IPSEC_QOS_BUCKETS / 8 bytes, as iq_select_has() reads them
 * @n: how many they are
 *
 * Return: of how many such pools this host is a member.
 */
size_t own_buckets(const struct config *config, uint8_t *home, uint32_t *n);

#endif /* IPSEC_QOSD_STEER_OWN_H */
