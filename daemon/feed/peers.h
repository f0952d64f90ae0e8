/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers' coming and going (sa/presence.h), told to the commands that listen. Each event
 * is an object in a line:
 *	{"event": "connect", "known" (it was there already when charon stated all it
 *	 has) or "disconnect", "time", "identity", "own" (the group is the peer's own),
 *	 "ike_id", "local", "local_port", "remote", "remote_port", "identities",
 *	 "connection", "profile", "group", of the last with "from" (which of the first
 *	 two it began with), "duration", "counters"}
 *	{"event": "missed", "missed": how many}
 * "time" is in seconds since 1970, "duration" in seconds, "counters" those of a group of
 * the peer's own since then, as `group show` has them, else null.
 *
 * The kernel is asked what a group has counted when a peer comes that has been gone for
 * so short a time that its group is still there, and, where somebody listens, when one
 * goes: a request each. Else a group begins with nothing, or what it had when the daemon
 * read all groups at its start is what it had for those that charon had already.
 */
#ifndef IPSEC_QOSD_PEERS_H
#define IPSEC_QOSD_PEERS_H

#include "daemon.h"

/** peers_ops - for presence_tell(), with the daemon */
extern const struct presence_ops peers_ops;

#endif /* IPSEC_QOSD_PEERS_H */
