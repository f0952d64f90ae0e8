/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steering, as JSON.
 */
#ifndef IPSEC_QOSD_STEERING_H
#define IPSEC_QOSD_STEERING_H

#include <jansson.h>

#include "daemon.h"

/**
 * steering_all() - null: none is configured; or:
 *
 *	{"self": which element this host is, "errors": [],
 *	 "beside": null, or {"ike_sas": how many are at an address of this host that is not
 *		   steered to it, "address": of one of them, "text"},
 *	 "own": [{"pool", "buckets"}]: of pools that it is a member of,
 *	 "elements": [{"name", "id", "state", "by_hand", "check", "interval",
 *		       "up", "ok", "run", "since", "held", "hold", "why"}]}
 *
 * "interval" is in ms, "since", "held" and "hold" in seconds; "up" and what follows is by
 * its checks, and null where it is not checked, or not yet.
 */
json_t *steering_all(const struct daemon *daemon);

#endif /* IPSEC_QOSD_STEERING_H */
