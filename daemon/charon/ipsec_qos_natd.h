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
	 * Read the settings, again if they have changed.
	 *
	 * @return				TRUE if it is told to do so anywhere. If not, neither
	 *						register the listener nor replace methods.
	 */
	bool (*configure)(ipsec_qos_natd_t *this);

	/**
	 * Check if ESP is to stay plain for an IKE_SA. May be called by listeners: it
	 * looks at settings and at what has been found before.
	 *
	 * With a connection that one's setting counts. Where this host answers there
	 * is none before the peer is authenticated, then it is what was decided when
	 * charon found the settings for IKE.
	 *
	 * @param ike_sa		IKE_SA, checked out
	 */
	bool (*is_wanted)(ipsec_qos_natd_t *this, ike_sa_t *ike_sa);

	/**
	 * Replace methods of charon->sender and charon->backends.
	 *
	 * With MOBIKE charon tries new paths from the NAT-T port, though it is the
	 * other one that the peer is talked to on if no NAT gets detected. The
	 * answers to that it would take for ESP in UDP.
	 *
	 * Where charon looks for the settings for IKE it may wait for a resolver or
	 * a database. A listener must not, as the bus is locked then, so it is there
	 * that we look which connections have these settings.
	 */
	void (*wrap)(ipsec_qos_natd_t *this);

	/**
	 * Restore these methods, if replaced.
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
