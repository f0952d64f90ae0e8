/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos ipsec_qos
 * @ingroup cplugins
 *
 * @defgroup ipsec_qos_plugin ipsec_qos_plugin
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_PLUGIN_H_
#define IPSEC_QOS_PLUGIN_H_

#include <plugins/plugin.h>

typedef struct ipsec_qos_plugin_t ipsec_qos_plugin_t;

/**
 * Plugin that tells ipsec-qosd whose IKE_SAs and SAs there are, so that their
 * packets are tagged from the first one on.
 */
struct ipsec_qos_plugin_t {

	/**
	 * Implements plugin interface.
	 */
	plugin_t plugin;
};

#endif /** IPSEC_QOS_PLUGIN_H_ @}*/
