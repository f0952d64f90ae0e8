/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes to networks behind elements, as the sections behind say: in routing tables of the
 * daemon's own, with rules for them. They bear a protocol number by which they are known:
 * others' are never touched. They stay when the daemon ends, and are put back where they
 * go, with a device for instance; until then an unreachable route, which goes with no
 * device, has the packets go nowhere else.
 */
#ifndef IPSEC_QOSD_STEER_ROUTING_H
#define IPSEC_QOSD_STEER_ROUTING_H

#include <stdbool.h>

#include <ev.h>

#include "config/config.h"

#define ROUTING_PROTOCOL	217	/* of routes and rules, as in rt_protos */
#define ROUTING_METRIC		1024	/* of routes by elements */
#define ROUTING_METRIC_NONE	65536	/* of those that nothing is reached by */

struct routing;

/**
 * routing_open() - start a thread for it
 *
 * @settled: called each time all is as it should be, or it is said why not
 *
 * Return: 0 or a negative errno.
 */
int routing_open(struct routing **routing, struct ev_loop *loop,
		 void (*settled)(void *arg), void *arg);

/**
 * routing_config() - as a configuration says from now on; it is held; never blocks
 *
 * @usable: of each of its elements, may packets be sent there? Copied.
 */
void routing_config(struct routing *routing, struct config *config, const bool *usable);

/** routing_busy() - is something to be done that is not done? */
bool routing_busy(const struct routing *routing);

/** routing_trouble() - why something is not as it should be; NULL: all is */
const char *routing_trouble(const struct routing *routing);

/** routing_close() - leaves all as it is; NULL is fine */
void routing_close(struct routing *routing);

#endif /* IPSEC_QOSD_STEER_ROUTING_H */
