/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Service chains, as JSON.
 */
#ifndef IPSEC_QOSD_CHAINS_H
#define IPSEC_QOSD_CHAINS_H

#include <jansson.h>

#include "daemon.h"

#define CHAINS_SERVICES	1024	/* that are told of at most */

/**
 * chains_all() - null: none is configured; or:
 *
 *	{"errors": [],
 *	 "devices": [{"name", "id", "state": what it comes to, "configured", "by_hand", "failed",
 *		      "check", "interval", "mac", "inner_mac",
 *		      "ok", "passed", "suspected", "since", "why"}],
 *	 "services": [{"name", "id", "mode": "auto", "found": as it is, null: not known yet}]}
 *
 * Of services there are those whose modes are not known yet, and then others, CHAINS_SERVICES
 * in all. "interval" is in ms, "since" in seconds; "passed" is how many checks in a row did. "ok" and
 * "why" are null where it is not checked, or not yet.
 */
json_t *chains_all(const struct daemon *daemon);

/**
 * chains_admit() - a device may be sent packets again, as somebody says
 *
 * @json: it is one of the devices above
 *
 * Return: 0; or a negative errno, and why for a person: there is none of that name.
 */
int chains_admit(const struct daemon *daemon, const char *name, json_t **json, char *why,
		 size_t size);

#endif /* IPSEC_QOSD_CHAINS_H */
