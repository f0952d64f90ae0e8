/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_hosts ipsec_qos_hosts
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_HOSTS_H_
#define IPSEC_QOS_HOSTS_H_

#include <networking/host.h>

typedef struct ipsec_qos_hosts_t ipsec_qos_hosts_t;

/**
 * Remembers between which hosts CHILD_SAs are installed.
 *
 * A CHILD_SA does not tell, and its IKE_SA's hosts are others if the kernel
 * could not move its SAs along, or for Mobile IPv6 proxies. CHILD_SAs are known
 * by the SPI of their inbound SA, which we chose and is thus unique.
 */
struct ipsec_qos_hosts_t {

	/**
	 * An inbound SA has been installed.
	 *
	 * @param spi			SPI, in network order
	 * @param proto			IP protocol
	 * @param local			destination of the SA
	 * @param remote		source of the SA
	 */
	void (*add)(ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
				host_t *local, host_t *remote);

	/**
	 * An SA has been moved, nothing happens if it's not an inbound SA.
	 *
	 * @param spi			SPI, in network order
	 * @param proto			IP protocol
	 * @param dst			previous destination of the SA
	 * @param new_dst		new destination
	 * @param new_src		new source
	 */
	void (*update)(ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
				   host_t *dst, host_t *new_dst, host_t *new_src);

	/**
	 * An SA has been removed, nothing happens if it's not an inbound SA.
	 *
	 * @param spi			SPI, in network order
	 * @param proto			IP protocol
	 * @param dst			destination of the SA
	 */
	void (*remove)(ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
				   host_t *dst);

	/**
	 * Get the hosts of an installed CHILD_SA.
	 *
	 * @param spi			SPI of its inbound SA, in network order
	 * @param proto			IP protocol
	 * @param local			set to our host, to be destroyed
	 * @param remote		set to the peer's host, to be destroyed
	 * @return				FALSE if not installed
	 */
	bool (*get)(ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
				host_t **local, host_t **remote);

	/**
	 * Destroy an ipsec_qos_hosts_t.
	 */
	void (*destroy)(ipsec_qos_hosts_t *this);
};

/**
 * Create an ipsec_qos_hosts_t instance.
 */
ipsec_qos_hosts_t *ipsec_qos_hosts_create();

#endif /** IPSEC_QOS_HOSTS_H_ @}*/
