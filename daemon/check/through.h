/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of what sends on: a connection through a device, from its outer side to its inner one
 * and back, of which this host plays both ends (handshake.h), with addresses of a range that is
 * for that (IPSEC_QOS_CONF_A_CHECK_IPV4): the module has what comes out end here.
 *
 * What comes out is seen by packet sockets, which are bound to an interface while a check is
 * under way there: as long as one is, packets that arrive there are looked at by it, too.
 */
#ifndef IPSEC_QOSD_CHECK_THROUGH_H
#define IPSEC_QOSD_CHECK_THROUGH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <linux/if_ether.h>

#include <ev.h>

#include "check/ask.h"
#include "check/handshake.h"
#include "lib/kernel/settings.h"

#define THROUGH_SOCKETS	64	/* interfaces, by version of IP, where checks are at a time */

/**
 * struct through_sockets - what is opened while the daemon may (CAP_NET_RAW), bound to nothing
 *
 * @fd: -1: there is none, for the reason in @err
 */
struct through_sockets {
	int fd[THROUGH_SOCKETS];
	int err;
};

/** through_sockets_open() - before privileges are dropped */
void through_sockets_open(struct through_sockets *sockets);

/**
 * struct through_side - where a device is
 *
 * @interface: "": as the other side
 * @mac: it is sent to, if @has_mac; else the interface has no neighbours
 * @from: further MACs that it sends from
 */
struct through_side {
	char interface[DEVICE_NAME];
	bool has_mac;
	uint8_t mac[ETH_ALEN];
	size_t n_from;
	const uint8_t (*from)[ETH_ALEN];
};

struct throughs;
struct through_socket;

/**
 * struct through - a check of a device; zero before its first use
 *
 * @throughs: of those under way; NULL: it is not
 */
struct through {
	TAILQ_ENTRY(through) list;
	struct throughs *throughs;
	struct ask *ask;
	struct handshake h;
	struct through_side side[2];
	unsigned int ifindex[2];
	struct through_socket *socket[2];
};

/** throughs_open() - what checks share; NULL: no memory */
struct throughs *throughs_open(struct ev_loop *loop, const struct through_sockets *sockets);
void throughs_close(struct throughs *throughs);

/** throughs_range() - of both versions; of those under way it is as it was */
void throughs_range(struct throughs *throughs, const struct iq_kernel_range *v4,
		    const struct iq_kernel_range *v6);

/** throughs_tidy() - from time to time: what is not used any more watches no interface */
void throughs_tidy(struct throughs *throughs);

/**
 * ask_through() - begin; what was asked before is given up
 *
 * @ask: @port of it is the server's; what it comes to
 * @v6: by IPv6
 * @side: outer and inner; what @from of them is stays until through_end()
 */
void ask_through(struct throughs *throughs, struct through *through, struct ask *ask, bool v6,
		 const struct through_side side[2]);

/** through_end() - its time is over, or it is of no interest any more */
void through_end(struct through *through);

#endif /* IPSEC_QOSD_CHECK_THROUGH_H */
