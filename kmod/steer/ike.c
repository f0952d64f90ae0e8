// SPDX-License-Identifier: GPL-2.0
#include "flow.h"
#include "to.h"

struct iq_chosen iq_steer_ike(const struct iq_pool *p, const struct iq_packet *pkt)
{
	/* All members have every SA: one has an IKE SA from its first message to its last. */
	if (p->mode == IPSEC_QOS_POOL_SA)
		return iq_pool_hashed(p, siphash_1u64(pkt->spi_i, iq_pool_secret(p)));
	if (!pkt->initiator)
		return iq_pool_bucket(p, iq_select_ike(pkt->spi_i));
	return pkt->spi_r ? iq_pool_bucket(p, iq_select_ike(pkt->spi_r)) :
			    iq_pool_begin(p, pkt->spi_i);
}

const struct iq_element *iq_steer_ike_also(const struct iq_pool *p,
					   const struct iq_packet *pkt,
					   const struct iq_chosen *c)
{
	struct iq_chosen also;

	/* A first message is the peer's: that of an element goes the other way. */
	if (likely(!pkt->ikev1) || !pkt->spi_r || p->mode != IPSEC_QOS_POOL_BUCKET)
		return NULL;
	also = iq_pool_bucket(p, iq_select_ike(pkt->spi_i));
	if (!also.element || also.element == c->element ||
	    !iq_pool_may_copy(p, IQ_COPIES_IKE, 1))
		return NULL;
	return also.element;
}
