/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The IKE table: (initiator SPI, responder SPI) to group.
 */
#ifndef _IPSEC_QOS_IKE_H
#define _IPSEC_QOS_IKE_H

#include "table.h"

int iq_ike_module_init(void);
void iq_ike_module_exit(void);
int iq_ike_init(struct iq_net *iqn);
void iq_ike_exit(struct iq_net *iqn);

/**
 * iq_ike_lookup() - whose exchange is it? As iq_table_lookup().
 *
 * In the first message of an exchange the responder's SPI is still zero (RFC
 * 7296 section 3.1): such a packet is that of the IKE SA with its initiator's
 * SPI, whichever the responder chose. And an entry that was put in before the
 * responder's SPI was known is that of packets with any.
 */
const struct iq_action *iq_ike_lookup(struct iq_net *iqn, u64 spi_i, u64 spi_r,
				      u32 packets, u32 bytes);

#endif /* _IPSEC_QOS_IKE_H */
