/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_initiate ipsec_qos_initiate
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_INITIATE_H_
#define IPSEC_QOS_INITIATE_H_

#include <sa/ike_sa.h>

/**
 * Called with the IKE_SA that is to have a CHILD_SA, which is checked out.
 *
 * @param data			as given to ipsec_qos_initiate()
 * @param ike_sa		IKE_SA
 * @param name			name of the CHILD_SA
 * @return				FALSE if it's not to be initiated
 */
typedef bool (*ipsec_qos_attach_t)(void *data, ike_sa_t *ike_sa,
								   const char *name);

/**
 * Initiate a CHILD_SA, what becomes of it the bus tells.
 *
 * An IKE_SA with the same peer is used if there is one. The connection may be one
 * that does not name its peer, then it serves as template. May wait for backends
 * and resolvers, so it must not be called by listeners, or with an IKE_SA checked
 * out.
 *
 * @param conn			name of the connection
 * @param child			name of the CHILD_SA, NULL for the only one
 * @param remote		address of the peer, NULL for that of the connection
 * @param attach		called before it is initiated
 * @param data			passed to it
 * @param why			set to the reason on failure, unless the bus told it
 * @return				0, or errno: ENOENT if there's no such connection or
 *						CHILD_SA, EINVAL if it can't be initiated so, ECONNREFUSED
 *						if it came to nothing
 */
uint32_t ipsec_qos_initiate(const char *conn, const char *child, host_t *remote,
							ipsec_qos_attach_t attach, void *data,
							const char **why);

#endif /** IPSEC_QOS_INITIATE_H_ @}*/
