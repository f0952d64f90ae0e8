/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The IKE table: (initiator SPI, responder SPI) to group.
 */
#ifndef _IPSEC_QOS_IKE_H
#define _IPSEC_QOS_IKE_H

#include "table.h"

void iq_ike_init(struct iq_net *iqn);

/**
 * iq_ike_lookup() - whose exchange is it? As iq_table_lookup().
 *
 * An entry that was put in before the responder's SPI was known is that of packets
 * with any. The other way round there is nothing: a packet whose responder's SPI is
 * still zero (RFC 7296 section 3.1) is ahead of the identity or a late copy, and its
 * initiator's SPI may be that of any number of IKE SAs, whoever chose it.
 */
const struct iq_action *iq_ike_lookup(struct iq_net *iqn, u64 spi_i, u64 spi_r,
				      u32 packets, u32 bytes);

#endif /* _IPSEC_QOS_IKE_H */
