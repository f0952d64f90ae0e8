/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_twins ipsec_qos_twins
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_TWINS_H_
#define IPSEC_QOS_TWINS_H_

#include <kernel/kernel_ipsec.h>

typedef struct ipsec_qos_twins_t ipsec_qos_twins_t;

/**
 * Remembers SAs that are another IKE_SA's for the daemon.
 *
 * Peers behind the same address may choose the same SPI. To the kernel these
 * SAs differ in their mark, the daemon has one entry for them, which is that of
 * the first. When another of them ends, that one's entry has to stay.
 */
struct ipsec_qos_twins_t {

	/**
	 * An SA has been installed that the daemon has of another IKE_SA.
	 *
	 * @param id			SA, cloned
	 */
	void (*add)(ipsec_qos_twins_t *this, kernel_ipsec_sa_id_t *id);

	/**
	 * An SA is gone, or has another destination.
	 *
	 * @param id			SA
	 * @return				TRUE if it has been added before
	 */
	bool (*remove)(ipsec_qos_twins_t *this, kernel_ipsec_sa_id_t *id);

	/**
	 * Destroy an ipsec_qos_twins_t.
	 */
	void (*destroy)(ipsec_qos_twins_t *this);
};

/**
 * Create an ipsec_qos_twins_t instance.
 *
 * @return					instance
 */
ipsec_qos_twins_t *ipsec_qos_twins_create();

#endif /** IPSEC_QOS_TWINS_H_ @}*/
