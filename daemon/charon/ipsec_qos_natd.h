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
	 * Replace the method of charon->sender.
	 *
	 * With MOBIKE charon tries new paths from the NAT-T port, though it is the
	 * other one that the peer is talked to on if no NAT gets detected. The
	 * answers to that it would take for ESP in UDP.
	 */
	void (*wrap)(ipsec_qos_natd_t *this);

	/**
	 * Restore the method of charon->sender, if replaced.
	 */
	void (*unwrap)(ipsec_qos_natd_t *this);

	/**
	 * Destroy an ipsec_qos_natd_t that's not in use.
	 */
	void (*destroy)(ipsec_qos_natd_t *this);
};

/**
 * Create the ipsec_qos_natd_t instance, there may be only one.
 */
ipsec_qos_natd_t *ipsec_qos_natd_create();

#endif /** IPSEC_QOS_NATD_H_ @}*/
