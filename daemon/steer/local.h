/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of this host that are steered by their flows: what is for the host itself goes
 * to servers, too. That may be meant so, as of an address that is there for them alone.
 */
#ifndef IPSEC_QOSD_STEER_LOCAL_H
#define IPSEC_QOSD_STEER_LOCAL_H

#include "config/config.h"

/** local_flow() - the prefix by which all that comes to an address is steered; NULL: none */
const struct steer_prefix *local_flow(const struct steer_config *config,
				      const struct iq_addr *addr);

/** local_say() - log of each such prefix an address that this host has now */
void local_say(const struct steer_config *config);

#endif /* IPSEC_QOSD_STEER_LOCAL_H */
