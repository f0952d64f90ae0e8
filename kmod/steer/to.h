/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What packets and ICMP errors about others share on their way to who was chosen.
 */
#ifndef _IPSEC_QOS_STEER_TO_H
#define _IPSEC_QOS_STEER_TO_H

#include "steer.h"

/**
 * iq_steer_to() - a packet to who was chosen for it; counted at the prefix, and at the
 * element
 *
 * @which: as what it counts at the prefix, where somebody was chosen
 * @as: as what it counts at the element, if it is sent
 *
 * Only where iq_element_may(). Return: NF_STOLEN, NF_DROP
 */
unsigned int iq_steer_to(const struct iq_where *w, enum ipsec_qos_steer_counter which,
			 struct sk_buff *skb, const struct nf_hook_state *state,
			 enum ipsec_qos_element_counter as);

/** iq_steer_exact() - by an entry, or by the prefix, that names it */
struct iq_chosen iq_steer_exact(const struct iq_element *e);

/**
 * iq_steer_ike() - who of a pool has an IKE SA?
 *
 * @ours_r: the responder's SPI is this side's: of a packet that comes, iq_packet.initiator.
 *	IKEv1 does not say, and this side is taken for the responder's: an element that
 *	begins an IKE SA of IKEv1 does not get its answers.
 */
struct iq_chosen iq_steer_ike(const struct iq_pool *p, u64 spi_i, u64 spi_r, bool ours_r);

#endif /* _IPSEC_QOS_STEER_TO_H */
