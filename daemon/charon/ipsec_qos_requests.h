/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_requests ipsec_qos_requests
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_REQUESTS_H_
#define IPSEC_QOS_REQUESTS_H_

#include <bus/listeners/listener.h>

#include "ipsec_qos_feed.h"

typedef struct ipsec_qos_requests_t ipsec_qos_requests_t;

/**
 * Takes what ipsec-qosd asks for, and tells it what became of that.
 *
 * Requests are worked off by a job, one after the other: whatever charon does to
 * begin with one, e.g. ask a resolver, at most one of its threads does it. What
 * becomes of it is what the bus tells, no thread waits for that.
 */
struct ipsec_qos_requests_t {

	/**
	 * Implements listener_t interface. To be registered after the one that
	 * reports SAs, so that the daemon knows these when it gets the result.
	 */
	listener_t listener;

	/**
	 * Take a request, or forget all, see ipsec_qos_feed_request_t.
	 *
	 * @param connection	number of the connection
	 * @param msg			request, NULL if the connection ended
	 * @return				NULL, or why the connection is to be closed
	 */
	const char *(*take)(ipsec_qos_requests_t *this, u_int connection,
						const struct iq_feed *msg);

	/**
	 * Destroy an ipsec_qos_requests_t. Jobs that were queued are gone by then.
	 */
	void (*destroy)(ipsec_qos_requests_t *this);
};

/**
 * Create an ipsec_qos_requests_t instance.
 *
 * @param feed			feed to answer on, not adopted
 */
ipsec_qos_requests_t *ipsec_qos_requests_create(ipsec_qos_feed_t *feed);

#endif /** IPSEC_QOS_REQUESTS_H_ @}*/
