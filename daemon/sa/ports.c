// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/ports.h"

#include "log.h"
#include "lib/text.h"

static bool has(const uint16_t *ports, size_t n, uint16_t port)
{
	while (n)
		if (ports[--n] == port)
			return true;
	return false;
}

enum ports_state ports_check(const struct iq_conf *conf, uint16_t local,
			     uint16_t remote, bool encap)
{
	if (!local || !remote ||
	    has(conf->natt_ports, conf->n_natt_ports, local) ||
	    has(conf->natt_ports, conf->n_natt_ports, remote))
		return PORTS_SEEN;
	if (has(conf->ike_ports, conf->n_ike_ports, local) ||
	    has(conf->ike_ports, conf->n_ike_ports, remote))
		return encap ? PORTS_NO_ESP : PORTS_SEEN;
	return PORTS_UNSEEN;
}

void ports_log(struct once *log, enum ports_state state, uint16_t local,
	       uint16_t remote, const char *conn)
{
	char shown[TEXT_VALUE];

	if (!once_add(log, once_key(ONCE_KEY, &local, sizeof(local)),
		      "ports in neither list"))
		return;
	text_clip(shown, sizeof(shown), conn);
	if (state == PORTS_NO_ESP)
		log_warn("connection %s: its ESP in UDP, between port %u here and %u, is neither tagged nor counted, as such a port is to be in natt-ports: move %u there from ike-ports",
			 shown, local, remote, local);
	else
		log_warn("connection %s: its packets in UDP, between port %u here and %u, are neither tagged nor counted, as none of both is in ike-ports or natt-ports: add %u to natt-ports if it is charon.port_nat_t, else to ike-ports",
			 shown, local, remote, local);
}
