/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_proof ipsec_qos_proof
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_PROOF_H_
#define IPSEC_QOS_PROOF_H_

#include <sa/ike_sa.h>

#include "lib/feed/feed.h"

typedef struct ipsec_qos_proof_t ipsec_qos_proof_t;

/**
 * The identities of a peer: which it proved, how, and in which authentication
 * round, and which it only claimed, and the groups that it is said to be in, which
 * are worth what the identities of their round are. It never changes, so threads may share it.
 */
struct ipsec_qos_proof_t {

	/**
	 * Add identities and groups to a message, which refers to them from then on,
	 * and how charon matches DNs.
	 *
	 * @param msg			message
	 */
	void (*describe)(ipsec_qos_proof_t *this, struct iq_feed_ike *msg);

	/**
	 * Check if all that is known is what a partner in a cluster said.
	 *
	 * @return				TRUE if so, it may say something else later
	 */
	bool (*is_hearsay)(ipsec_qos_proof_t *this);

	/**
	 * Get another reference to this object.
	 *
	 * @return				this
	 */
	ipsec_qos_proof_t* (*get_ref)(ipsec_qos_proof_t *this);

	/**
	 * Release a reference, destroys the object with the last one.
	 */
	void (*destroy)(ipsec_qos_proof_t *this);
};

/**
 * Find out what the peer of an authenticated IKE_SA proved. Only asks objects
 * that belong to the IKE_SA, and settings, so it may be called from listeners.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param aaa_compares	TRUE if the AAA server compares EAP identities with the
 *						names that tunneled methods and others prove
 * @return				identities, NULL if the IKE_SA knows nothing about any
 */
ipsec_qos_proof_t *ipsec_qos_proof_create(ike_sa_t *ike_sa, bool aaa_compares);

#endif /** IPSEC_QOS_PROOF_H_ @}*/
