/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages about SAs.
 */
#ifndef IPSEC_QOS_FEED_SA_H
#define IPSEC_QOS_FEED_SA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

/**
 * struct iq_feed_sa - an SA is about to be installed, or is installed. The answer
 * comes when the kernel has the entry, with its group. Refused with EEXIST where it
 * is about to be installed and another IKE SA of that charon has it installed
 * already.
 *
 * @ike_id: of its IKE SA, which was stated before, or the message is refused
 * @dst: its destination
 * @spi: its SPI, host byte order, 256 or more
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @pending: about to be installed
 */
struct iq_feed_sa {
	uint32_t ike_id;
	struct iq_addr dst;
	uint32_t spi;
	uint8_t proto;
	bool pending;
};

/** struct iq_feed_sa_del - the kernel's SA is gone */
struct iq_feed_sa_del {
	struct iq_addr dst;
	uint32_t spi;
	uint8_t proto;
};

#endif /* IPSEC_QOS_FEED_SA_H */
