/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the module look into an IKE SA's packets? It knows UDP by its ports alone
 * (ike-ports and natt-ports in ipsec-qosd.conf(5)), and charon may use others.
 */
#ifndef IPSEC_QOSD_PORTS_H
#define IPSEC_QOSD_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/kernel/settings.h"
#include "once.h"

/**
 * enum ports_state - what the module sees of an IKE SA
 *
 * @PORTS_SEEN: all of it
 * @PORTS_UNSEEN: neither IKE nor ESP in UDP: none of both ports is in a list
 * @PORTS_NO_ESP: not its ESP in UDP: none of both is in natt-ports
 */
enum ports_state {
	PORTS_SEEN,
	PORTS_UNSEEN,
	PORTS_NO_ESP,
};

/**
 * ports_check() - one port in a list is enough
 *
 * @local: this host's port, @remote: the peer's; 0: not known, and no trouble
 * @encap: its CHILD SAs are ESP in UDP
 */
enum ports_state ports_check(const struct iq_conf *conf, uint16_t local,
			     uint16_t remote, bool encap);

/**
 * ports_log() - say what is not seen, and what to do, once for each local port
 *
 * @log: those that were logged
 * @state: not PORTS_SEEN
 * @conn: the connection's name
 */
void ports_log(struct once *log, enum ports_state state, uint16_t local,
	       uint16_t remote, const char *conn);

#endif /* IPSEC_QOSD_PORTS_H */
