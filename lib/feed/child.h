/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages about CHILD SAs.
 */
#ifndef IPSEC_QOS_FEED_CHILD_H
#define IPSEC_QOS_FEED_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"

/**
 * struct iq_feed_child - a CHILD SA is there, or changed. Its two SAs, (@local,
 * @spi_in) and (@remote, @spi_out), count as stated and installed. Refused with
 * EEXIST where the second is another CHILD SA's of another IKE SA.
 *
 * @ike_id: of its IKE SA
 * @child_id: charon's unique id of it
 * @child: its name
 * @reqid: of the SAs
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @spi_in: of the SA to this host, host byte order
 * @spi_out: of the SA to the peer
 * @local: this host's address
 * @remote: the peer's
 * @encap: UDP-encapsulated
 * @mark_in: the mark that a packet has to have for its inbound policies: value <<
 *	32 | mask; 0: none
 * @mark_out: the same for the outbound policy and SA
 * @set_mark_in: the same, which the kernel gives a packet that comes out of the
 *	inbound SA
 * @set_mark_out: the same, out of the outbound one
 */
struct iq_feed_child {
	uint32_t ike_id;
	uint32_t child_id;
	const char *child;
	uint32_t reqid;
	uint8_t proto;
	uint32_t spi_in;
	uint32_t spi_out;
	struct iq_addr local;
	struct iq_addr remote;
	bool encap;
	uint64_t mark_in;
	uint64_t mark_out;
	uint64_t set_mark_in;
	uint64_t set_mark_out;
};

/** struct iq_feed_child_del - it is gone; its SAs go by IQ_FEED_SA_DEL */
struct iq_feed_child_del {
	uint32_t child_id;
};

#endif /* IPSEC_QOS_FEED_CHILD_H */
