/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_natd ipsec_qos_natd
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_NATD_H_
#define IPSEC_QOS_NATD_H_

#include <bus/listeners/listener.h>

typedef struct ipsec_qos_natd_t ipsec_qos_natd_t;

/**
 * Keeps charon from detecting NATs where it is told to, so that ESP stays without
 * UDP encapsulation although there is one.
 *
 * What announces NAT detection is taken out of messages in either direction, so
 * one of the two hosts is enough: neither hears of the other's support for it.
 */
struct ipsec_qos_natd_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy an ipsec_qos_natd_t.
	 */
	void (*destroy)(ipsec_qos_natd_t *this);
};

/**
 * Create an ipsec_qos_natd_t instance.
 */
ipsec_qos_natd_t *ipsec_qos_natd_create();

#endif /** IPSEC_QOS_NATD_H_ @}*/
