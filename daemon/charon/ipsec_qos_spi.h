/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_spi ipsec_qos_spi
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_SPI_H_
#define IPSEC_QOS_SPI_H_

#include <bus/listeners/listener.h>

#include "ipsec_qos_bucket.h"

typedef struct ipsec_qos_spi_t ipsec_qos_spi_t;

/**
 * Chooses the SPIs of this host's inbound SAs.
 *
 * Those it answers with are derived from those of the originators, so that an address
 * translator that sees both can tell that they belong together ("derived SPI" in
 * CONTRIBUTING.md's glossary). As listener it notes the SPI in each request for a
 * CHILD_SA, which is what the one that's allocated next for the same IKE_SA gets
 * derived from.
 *
 * All are of buckets where these are wanted. Where no SPI is both, it is of a bucket:
 * without that nothing of the SA would come here.
 */
struct ipsec_qos_spi_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Allocate the SPI of an inbound SA in the kernel if it is to be derived, or of
	 * a bucket.
	 *
	 * @param ike_sa		IKE_SA it is for
	 * @param src			peer's address
	 * @param dst			our address
	 * @param proto			IP protocol
	 * @param spi			receives the SPI, in network order
	 * @return
	 *						- SUCCESS if allocated,
	 *						- INVALID_STATE if any SPI will do,
	 *						- FAILED if every SPI that would do is taken
	 */
	status_t (*allocate)(ipsec_qos_spi_t *this, ike_sa_t *ike_sa, host_t *src,
						 host_t *dst, uint8_t proto, uint32_t *spi);

	/**
	 * Destroy an ipsec_qos_spi_t.
	 */
	void (*destroy)(ipsec_qos_spi_t *this);
};

/**
 * Create an ipsec_qos_spi_t instance. Where it's configured wrongly, which gets
 * logged, nothing is derived.
 *
 * @param bucket		buckets, not adopted
 */
ipsec_qos_spi_t *ipsec_qos_spi_create(ipsec_qos_bucket_t *bucket);

#endif /** IPSEC_QOS_SPI_H_ @}*/
