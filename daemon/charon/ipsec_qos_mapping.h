/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_mapping ipsec_qos_mapping
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_MAPPING_H_
#define IPSEC_QOS_MAPPING_H_

#include <bus/listeners/listener.h>

#include "ipsec_qos_natd.h"

typedef struct ipsec_qos_mapping_t ipsec_qos_mapping_t;

/**
 * Looks after the mapping that a NAT has for IKE where none gets detected
 * (ipsec_qos_natd_t): keeps it alive, and follows it where it changes. Charon does
 * either for detected NATs alone.
 *
 * A host can't tell that it is behind a NAT then, but with IKEv2 it's the one that
 * made the IKE_SA. It is also the only one whose requests come through whatever
 * became of the mapping: one from outside that is not answered ends the IKE_SA,
 * though ESP may get through. So that one keeps it alive, by an exchange, and the
 * other one learns from it where it now is. IKEv1 has one-way messages, which both
 * send, as its rekeyed IKE_SAs don't tell who was there first.
 */
struct ipsec_qos_mapping_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy an ipsec_qos_mapping_t. Jobs that were scheduled are gone by then.
	 */
	void (*destroy)(ipsec_qos_mapping_t *this);
};

/**
 * Create an ipsec_qos_mapping_t instance.
 *
 * @param natd			tells whose NATs are not detected, not adopted
 */
ipsec_qos_mapping_t *ipsec_qos_mapping_create(ipsec_qos_natd_t *natd);

#endif /** IPSEC_QOS_MAPPING_H_ @}*/
