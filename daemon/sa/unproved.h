/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers that would be in another group if what they only claim to be was proved:
 * somebody who lies, or a connection that has its peers prove something else than
 * what a profile asks for.
 */
#ifndef IPSEC_QOSD_UNPROVED_H
#define IPSEC_QOSD_UNPROVED_H

#include "config/config.h"
#include "once.h"
#include "sa/proof.h"

/**
 * unproved_log() - log a peer of that kind with what to do, each connection once
 *
 * A peer chooses what it claims, but not the connection that it is under.
 *
 * @log: those that were logged under @config
 * @profile: what config_match() says of it, NULL: none
 */
void unproved_log(struct once *log, const struct config *config,
		  const struct proofs *proofs, const char *conn,
		  const struct profile *profile);

#endif /* IPSEC_QOSD_UNPROVED_H */
