/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_patience ipsec_qos_patience
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_PATIENCE_H_
#define IPSEC_QOS_PATIENCE_H_

#include <library.h>

/**
 * Number of answers in a row that may be late before the connection is given up
 */
#define IPSEC_QOS_LATE_MAX 5

typedef struct ipsec_qos_patience_t ipsec_qos_patience_t;

/**
 * Somebody who waits for an answer
 */
typedef struct {
	/** monotonic time at which it was asked for, set by the caller */
	timeval_t since;
	/** monotonic time up to which it is waited for */
	timeval_t deadline;
	/** TRUE if it is waited for only as long as others get answers */
	bool brief;
} ipsec_qos_wait_t;

/**
 * Decides how long IKE waits for the daemon: some of charon's threads for as long
 * as configured, others only while the daemon answers, and nobody after it has
 * been late several times in a row.
 *
 * Its methods have to be called with the lock of its owner held.
 */
struct ipsec_qos_patience_t {

	/**
	 * Somebody begins to wait.
	 *
	 * @param wait			with since set
	 */
	void (*begin)(ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait);

	/**
	 * Get the time up to which is waited, as of now.
	 *
	 * @param deadline		receives the monotonic time
	 * @return				milliseconds until then, 0 if it passed
	 */
	u_int (*get_deadline)(ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait,
						  timeval_t *deadline);

	/**
	 * There was an answer, to whomever.
	 */
	void (*heard)(ipsec_qos_patience_t *this);

	/**
	 * Somebody doesn't wait anymore. Of those that are late at the same time only
	 * one counts.
	 *
	 * @param status		SUCCESS if answered, OUT_OF_RES if the answer is late,
	 *						or anything else
	 * @return				number of answers in a row that are late if it counts,
	 *						0 otherwise
	 */
	u_int (*end)(ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait,
				 status_t status);

	/**
	 * There is a new connection, nothing is late.
	 */
	void (*reset)(ipsec_qos_patience_t *this);

	/**
	 * Get the configured time.
	 *
	 * @return				milliseconds
	 */
	u_int (*get_timeout)(ipsec_qos_patience_t *this);

	/**
	 * Destroy an ipsec_qos_patience_t.
	 */
	void (*destroy)(ipsec_qos_patience_t *this);
};

/**
 * Create an ipsec_qos_patience_t instance.
 */
ipsec_qos_patience_t *ipsec_qos_patience_create();

#endif /** IPSEC_QOS_PATIENCE_H_ @}*/
