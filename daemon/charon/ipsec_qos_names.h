/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_names ipsec_qos_names
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_NAMES_H_
#define IPSEC_QOS_NAMES_H_

#include <library.h>

/**
 * Check if a setting that names connections is for one of them.
 *
 * The setting is yes or no, for all of them, or a list of names with commas in
 * between, in which * stands for any number of characters. Those with a ! ahead
 * are left out. Case counts.
 *
 * @param setting		value of the setting, NULL for no
 * @param name			name of a connection, NULL if it's not known: then it's
 *						for all connections if a * is in the list, but for none
 *						that is left out
 * @return				TRUE if it is
 */
bool ipsec_qos_names_match(const char *setting, const char *name);

/**
 * Check if it depends on the name of a connection whether a setting is for it.
 *
 * @param setting		value of the setting, NULL for no
 * @return				TRUE if there's a list of names
 */
bool ipsec_qos_names_listed(const char *setting);

#endif /** IPSEC_QOS_NAMES_H_ @}*/
