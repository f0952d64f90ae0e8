/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_report ipsec_qos_report
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_REPORT_H_
#define IPSEC_QOS_REPORT_H_

#include <sa/ike_sa.h>

#include "ipsec_qos_feed.h"
#include "ipsec_qos_hosts.h"

typedef struct ipsec_qos_report_t ipsec_qos_report_t;

/**
 * Tells ipsec-qosd about IKE_SAs, CHILD_SAs and the kernel's SAs.
 *
 * All methods that take an IKE_SA expect it to be checked out by the calling
 * thread, that's what keeps the messages about it in order. Nothing is said
 * about IKE_SAs whose peer isn't authenticated yet.
 *
 * Only sa() waits for the daemon.
 */
struct ipsec_qos_report_t {

	/**
	 * Report an IKE_SA that is there or has changed.
	 *
	 * @param ike_sa		IKE_SA
	 * @param local			local endpoint if not that of the IKE_SA, or NULL
	 * @param remote		remote endpoint if not that of the IKE_SA, or NULL
	 */
	void (*ike)(ipsec_qos_report_t *this, ike_sa_t *ike_sa, host_t *local,
				host_t *remote);

	/**
	 * Report an IKE_SA and all its CHILD_SAs.
	 *
	 * @param ike_sa		IKE_SA
	 */
	void (*ike_with_children)(ipsec_qos_report_t *this, ike_sa_t *ike_sa);

	/**
	 * Let an IKE_SA take over what is only known when a peer authenticates,
	 * call this before reporting the new one.
	 *
	 * @param old			rekeyed IKE_SA
	 * @param new			IKE_SA that replaces it
	 */
	void (*inherit)(ipsec_qos_report_t *this, ike_sa_t *old, ike_sa_t *new);

	/**
	 * Forget what the peer proved, it is to be authenticated anew.
	 *
	 * @param ike_sa		IKE_SA that starts over
	 */
	void (*forget)(ipsec_qos_report_t *this, ike_sa_t *ike_sa);

	/**
	 * Report that an IKE_SA is about to be destroyed.
	 *
	 * The daemon gets to know it a little later, as messages to and from the
	 * peer may still be on their way.
	 *
	 * @param ike_sa		IKE_SA
	 */
	void (*ike_gone)(ipsec_qos_report_t *this, ike_sa_t *ike_sa);

	/**
	 * Report an SA that is in the kernel, or about to be, with its IKE_SA.
	 *
	 * Waits for the daemon, as long as configured, if it is pending.
	 *
	 * @param ike_sa		IKE_SA that negotiates or negotiated the SA
	 * @param dst			destination of the SA
	 * @param spi			SPI, in network order
	 * @param proto			IP protocol, IPPROTO_ESP or IPPROTO_AH
	 * @param pending		TRUE if it is about to be installed
	 * @return				SUCCESS if pending and the daemon prepared for it,
	 *						ALREADY_DONE if pending and it has it of another
	 *						IKE_SA, INVALID_STATE if pending and it did not answer
	 *						in time, FAILED otherwise
	 */
	status_t (*sa)(ipsec_qos_report_t *this, ike_sa_t *ike_sa, host_t *dst,
			   uint32_t spi, uint8_t proto, bool pending);

	/**
	 * Report an SA that is gone from the kernel.
	 *
	 * @param dst			destination of the SA
	 * @param spi			SPI, in network order
	 * @param proto			IP protocol, IPPROTO_ESP or IPPROTO_AH
	 */
	void (*sa_gone)(ipsec_qos_report_t *this, host_t *dst, uint32_t spi,
					uint8_t proto);

	/**
	 * Report a CHILD_SA that is there or has changed, with its IKE_SA. If only
	 * its inbound SA is installed, then only that one is reported.
	 *
	 * @param ike_sa		IKE_SA the CHILD_SA belongs to
	 * @param child_sa		CHILD_SA
	 */
	void (*child)(ipsec_qos_report_t *this, ike_sa_t *ike_sa,
				  child_sa_t *child_sa);

	/**
	 * Report that a CHILD_SA is about to be destroyed.
	 *
	 * @param child_sa		CHILD_SA
	 */
	void (*child_gone)(ipsec_qos_report_t *this, child_sa_t *child_sa);

	/**
	 * Report everything the IKE_SA manager has, no faster than the daemon keeps
	 * up. Must not be called with an IKE_SA checked out.
	 */
	void (*everything)(ipsec_qos_report_t *this);

	/**
	 * Report what is held back.
	 */
	void (*flush)(ipsec_qos_report_t *this);

	/**
	 * Destroy an ipsec_qos_report_t.
	 */
	void (*destroy)(ipsec_qos_report_t *this);
};

/**
 * Create an ipsec_qos_report_t instance.
 *
 * @param feed			feed to send to, not adopted
 * @param hosts			hosts of installed SAs, not adopted
 */
ipsec_qos_report_t *ipsec_qos_report_create(ipsec_qos_feed_t *feed,
											ipsec_qos_hosts_t *hosts);

#endif /** IPSEC_QOS_REPORT_H_ @}*/
