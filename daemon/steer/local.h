/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of this host that are steered by their flows: what is for the host itself goes
 * to servers, too. That may be meant so, as of an address that is there for them alone.
 */
#ifndef IPSEC_QOSD_STEER_LOCAL_H
#define IPSEC_QOSD_STEER_LOCAL_H

#include <ev.h>

#include "config/config.h"
#include "errand.h"

/** local_flow() - the prefix by which all that comes to an address is steered; NULL: none */
const struct steer_prefix *local_flow(const struct steer_config *config,
				      const struct iq_addr *addr);

/**
 * local_open() - who looks for such addresses, for local_say(); errand_close() ends it
 *
 * It has a thread of its own: the kernel tells its addresses while nobody else has the RTNL.
 *
 * Return: 0 or a negative errno
 */
int local_open(struct errand **errand, struct ev_loop *loop);

/**
 * local_say() - log of each such prefix an address that this host has now, soon; never blocks
 *
 * @config: held as long as it is needed
 */
void local_say(struct errand *errand, struct config *config);

#endif /* IPSEC_QOSD_STEER_LOCAL_H */
