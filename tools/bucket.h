/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bucket for an element whose charon has no plugin, and what its strongswan.conf has to
 * say then. Pure.
 */
#ifndef IPSEC_QOS_TOOLS_BUCKET_H
#define IPSEC_QOS_TOOLS_BUCKET_H

#include "lib/kernel/pool.h"

/**
 * bucket_of() - the one that an element may draw all its SPIs from
 *
 * The first whose home it is and whose packets it is sent; where there is none, as it is
 * down, the first whose home it is.
 *
 * Return: -1: there is none.
 */
int bucket_of(const struct iq_kernel_buckets *buckets, uint32_t element);

/**
 * struct bucket_conf - of strongswan.conf, the section charon
 *
 * charon replaces the bits of an IKE SPI, read as a big-endian number, that spi_mask has by
 * those of spi_label (get_spi() in ike_sa_manager.c), and has the kernel choose SPIs of
 * SAs from spi_min to spi_max. The topmost four bits of these are as in its default,
 * 0xc0000000 to 0xcfffffff.
 */
struct bucket_conf {
	uint64_t spi_label;
	uint64_t spi_mask;
	uint32_t spi_min;
	uint32_t spi_max;
};

/** bucket_conf() - with which all SPIs are of @bucket */
struct bucket_conf bucket_conf(uint32_t bucket);

#endif /* IPSEC_QOS_TOOLS_BUCKET_H */
