/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_spi ipsec_qos_spi
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_SPI_H_
#define IPSEC_QOS_SPI_H_

#include <bus/listeners/listener.h>

typedef struct ipsec_qos_spi_t ipsec_qos_spi_t;

/**
 * Derives the SPIs this host answers with from those of the originators.
 *
 * So an address translator that sees both can tell that they belong together
 * ("derived SPI" in CONTRIBUTING.md's glossary). As listener it notes the SPI in
 * each request for a CHILD_SA, which is what the one that's allocated next for
 * the same IKE_SA gets derived from.
 */
struct ipsec_qos_spi_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Allocate the SPI of an inbound SA in the kernel if it answers a request.
	 *
	 * @param ike_sa		IKE_SA it is for
	 * @param src			peer's address
	 * @param dst			our address
	 * @param proto			IP protocol
	 * @param spi			receives the SPI, in network order
	 * @return
	 *						- SUCCESS if allocated,
	 *						- INVALID_STATE if nothing is to be derived,
	 *						- FAILED if every derived SPI is taken
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
 */
ipsec_qos_spi_t *ipsec_qos_spi_create();

#endif /** IPSEC_QOS_SPI_H_ @}*/
