/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_version ipsec_qos_version
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_VERSION_H_
#define IPSEC_QOS_VERSION_H_

#include <library.h>

/**
 * Check that charon is the strongSwan that the plugin was built for.
 *
 * The library's soname never changes, but structures do, and loaders before
 * 6.0.3 check nothing: what is laid out otherwise crashes charon at its start.
 * To be called before anything else; it touches no structure itself.
 *
 * @return				FALSE if it's another one, which is logged
 */
bool ipsec_qos_version_fits();

#endif /** IPSEC_QOS_VERSION_H_ @}*/
