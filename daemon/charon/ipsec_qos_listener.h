/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_listener ipsec_qos_listener
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_LISTENER_H_
#define IPSEC_QOS_LISTENER_H_

#include <bus/listeners/listener.h>

#include "ipsec_qos_report.h"

typedef struct ipsec_qos_listener_t ipsec_qos_listener_t;

/**
 * Listener that reports what happens to IKE_SAs and CHILD_SAs.
 */
struct ipsec_qos_listener_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy an ipsec_qos_listener_t.
	 */
	void (*destroy)(ipsec_qos_listener_t *this);
};

/**
 * Create an ipsec_qos_listener_t instance.
 *
 * @param report		where to report to, not adopted
 */
ipsec_qos_listener_t *ipsec_qos_listener_create(ipsec_qos_report_t *report);

#endif /** IPSEC_QOS_LISTENER_H_ @}*/
