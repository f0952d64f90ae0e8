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
 * Only where iq_onward_may(). Return: NF_STOLEN, NF_DROP
 */
unsigned int iq_steer_to(const struct iq_where *w, enum ipsec_qos_steer_counter which,
			 struct sk_buff *skb, const struct nf_hook_state *state,
			 enum ipsec_qos_element_counter as);

/** iq_steer_exact() - by an entry, or by the prefix, that names it */
struct iq_chosen iq_steer_exact(const struct iq_element *e);

/**
 * iq_steer_ike() - who of a pool has an IKE SA?
 *
 * @pkt: both SPIs, and whose which is: iq_packet.initiator, of a packet that comes; of what
 *	an element has sent the opposite
 */
struct iq_chosen iq_steer_ike(const struct iq_pool *p, const struct iq_packet *pkt);

/**
 * iq_steer_ike_also() - who else may have it, and is to be sent it, too; NULL: nobody
 *
 * IKEv1 does not say whose which SPI is. Who has begun the IKE SA is the peer more often
 * than not, and its answerer chosen by iq_steer_ike(); where an element has, it is the other
 * SPI that has the bucket. Whoever does not know the IKE SA drops the message.
 *
 * @c: who was chosen
 */
const struct iq_element *iq_steer_ike_also(const struct iq_pool *p,
					   const struct iq_packet *pkt,
					   const struct iq_chosen *c);

#endif /* _IPSEC_QOS_STEER_TO_H */
