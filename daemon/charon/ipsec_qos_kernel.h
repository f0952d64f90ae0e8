/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_kernel ipsec_qos_kernel
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_KERNEL_H_
#define IPSEC_QOS_KERNEL_H_

#include "ipsec_qos_feed.h"
#include "ipsec_qos_hosts.h"
#include "ipsec_qos_report.h"
#include "ipsec_qos_spi.h"

typedef struct ipsec_qos_kernel_t ipsec_qos_kernel_t;

/**
 * Sees to it that the kernel knows the group of each SA before it has the SA.
 *
 * There is no hook that early, so this replaces some of charon's methods to
 * manage SAs in the kernel by ones that report before (or after) they call the
 * original. An SPI that answers another is allocated without the original.
 */
struct ipsec_qos_kernel_t {

	/**
	 * Replace the methods of charon->kernel.
	 */
	void (*wrap)(ipsec_qos_kernel_t *this);

	/**
	 * Restore the methods of charon->kernel, if replaced.
	 */
	void (*unwrap)(ipsec_qos_kernel_t *this);

	/**
	 * Destroy an ipsec_qos_kernel_t that's not in use.
	 */
	void (*destroy)(ipsec_qos_kernel_t *this);
};

/**
 * Create the ipsec_qos_kernel_t instance, there may be only one.
 *
 * @param report		where to report to, not adopted
 * @param feed			where to count SAs that are passed over, not adopted
 * @param hosts			where to keep the hosts of SAs, not adopted
 * @param spi			where SPIs come from that answer others', not adopted
 */
ipsec_qos_kernel_t *ipsec_qos_kernel_create(ipsec_qos_report_t *report,
											ipsec_qos_feed_t *feed,
											ipsec_qos_hosts_t *hosts,
											ipsec_qos_spi_t *spi);

#endif /** IPSEC_QOS_KERNEL_H_ @}*/
