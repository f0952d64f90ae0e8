/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command's questions, answered as JSON.
 *
 * STATUS:
 *	{"version", "uptime", "config": {"file", "loaded", "error"},
 *	 "charon": {"connected", "synced", "connections", "passed_over"},
 *	 "kernel": {"connected", "error"}, "resyncs", "shaping": []: each says
 *	 which shaper is not in force, and why, "strangers": how many IKE SAs are
 *	 of peers that no profile names, "steering": see steering.h,
 *	 "peers": [{"ike_id", "version", "spi_i", "spi_r", "local", "local_port",
 *		    "remote", "remote_port", "identity", "id_type", "eap",
 *		    "identities": [{"identity", "id_type", "proof", "method",
 *		    "round"}], "member_of": [{"name", "proof", "round"}],
 *		    "connection", "profile", "group", "children":
 *			[{"name", "reqid", "proto", "spi_in", "spi_out",
 *			  "encap", "marks": {"mark_in", "mark_out",
 *			  "set_mark_in", "set_mark_out": {"mark", "mask"}},
 *			  "disputes": [{"group", "bits", "text"}]}]}]}
 * DAEMON:
 *	the same without "peers"
 * PEERS:
 *	the same as STATUS, with some of its "peers"
 * SAS, "identity" as whose_peer() has it; those of which it is null are left out:
 *	[{"dst", "spi", "proto", "identity"}]
 * LEASES, of the groups of ranges that the kernel should have, "used" that a peer is
 * there:
 *	[{"group" (its id), "identity", "profile", "used"}]
 * PROFILES:
 *	[{"name", "identities": [], "eap": [], "member_of": [], "connections": [],
 *	  "group", "file", "line"}]
 * TEST, of an identity, then if need be "\x1feap=…", "\x1fmember-of=…" and
 * "\x1fconnection=…":
 *	{"identity", "profile", "file", "line", "group", "mark", "mask", "why"}
 * CLASSES, rates in bits a second:
 *	[{"policy", "device", "class", "way", "group", "mark", "mask", "rate", "ceil",
 *	  "measured", "packets", "bytes", "drops", "backlog", "state", "text"}]: "way" is
 *	"esp" or "clear" where a group's packets have two classes; of a range's groups
 *	those are shown that somebody has
 * RELOAD:
 *	{"reloaded", "file", "groups", "profiles", "policies", "warnings": [],
 *	 "notes": []}: a warning says what of the configuration is not in force,
 *	and why; a note what may not be meant so
 * A tunnel that charon was asked for (INITIATE), "child" as in STATUS, "charon" its
 * process, "took" in seconds; what a charon that has gone said is null:
 *	{"ike_id", "child_id", "connection", "child", "remote", "identity",
 *	 "profile", "group", "charon", "took"}
 *
 * "loaded" is in seconds since 1970, "uptime" in seconds. IKE SPIs are strings
 * of 16 hexadecimal digits, for JSON's numbers do not hold them. A group or
 * profile is its name, null where there is none; "error" is null where there
 * is none.
 */
#ifndef IPSEC_QOSD_ANSWER_H
#define IPSEC_QOSD_ANSWER_H

#include <jansson.h>

#include "daemon.h"
#include "feed/server.h"

struct answer;

/**
 * answer_begin() - answer a query, piece by piece: there may be very many peers,
 * or classes
 *
 * @ticket: of shaping_ask(), for CLASSES
 * @why: what is wrong with the query
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int answer_begin(const struct daemon *daemon, const struct iq_feed_question *query,
		 uint32_t ticket, struct answer **answer, char *why, size_t size);

/**
 * answer_tunnel() - answer IQ_FEED_INITIATE, of what is there now
 *
 * Return: 0 or -ENOMEM.
 */
int answer_tunnel(const struct daemon *daemon, const struct server_tunnel *tunnel,
		  struct answer **answer);

/** answer_peer() - what status and events say of an IKE SA's peer; NULL: no memory */
json_t *answer_peer(const struct daemon *daemon, const struct sad_ike *ike);

/**
 * answer_more() - the next piece
 *
 * @text: to be freed
 *
 * Return: 1: there is more; 0: this was the last one; -ENOMEM.
 */
int answer_more(struct answer *answer, char **text);

/** answer_end() - NULL is fine */
void answer_end(struct answer *answer);

#endif /* IPSEC_QOSD_ANSWER_H */
