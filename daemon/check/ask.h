/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to a host, by which it is found out whether it lives: what checks of elements
 * (steer/) and of devices (chain/) have in common. All of it in the thread of who asks.
 */
#ifndef IPSEC_QOSD_CHECK_ASK_H
#define IPSEC_QOSD_CHECK_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <ev.h>

#include "config/steer.h"
#include "lib/addr.h"

#define ASK_WHY	96	/* bytes of why it is no better */

/**
 * enum ask_outcome - what came of asking
 *
 * @ASK_OPEN: nothing yet, which is a failure in the end
 * @ASK_OK: it lives
 * @ASK_FAILED: it does not
 * @ASK_UNKNOWN: it could not be asked, for a reason that is not its own: does not count
 */
enum ask_outcome {
	ASK_OPEN,
	ASK_OK,
	ASK_FAILED,
	ASK_UNKNOWN,
};

/**
 * struct ask - who is asked, and what came of it
 *
 * @address: of family 0: nobody, but what @device says
 * @device: "": by the routes
 * @ttl: of what is sent, 0: as of anything
 * @why: it is no better
 * @refused: a connection was, by who has the address
 * @io: of a socket that waits for an answer; not active: there is none
 * @poked: of a neighbour, when the kernel was told to ask
 * @spi: of IKE, of what was asked last
 * @failed: of a neighbour, that the kernel gave it up, and has not found it since
 */
struct ask {
	struct iq_addr address;
	uint16_t port;
	char device[DEVICE_NAME];
	uint8_t ttl;
	enum ask_outcome outcome;
	char why[ASK_WHY];
	bool refused;
	ev_io io;
	uint8_t spi[8];
	double poked;
	bool failed;
};

/** ask_init() - nothing is asked yet */
void ask_init(struct ask *ask, const struct iq_addr *address, uint16_t port, const char *device);

/** ask_is() - an outcome, and why, for one that is not good */
void ask_is(struct ask *ask, enum ask_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ask_socket() - one that does not block, at the device if there is one
 *
 * @addr: where to, of @len bytes
 *
 * Return: its file descriptor; -1: there is none, as the outcome says.
 */
int ask_socket(struct ask *ask, int type, struct sockaddr_storage *addr, socklen_t *len);

/** ask_wait() - for an answer: what is asked is open, and @fd is closed by ask_stop() */
void ask_wait(struct ev_loop *loop, struct ask *ask, int fd, int events,
	      void (*answered)(struct ev_loop *loop, ev_io *io, int revents));

/** ask_stop() - what was asked is given up */
void ask_stop(struct ev_loop *loop, struct ask *ask);

/** ask_tcp() - does it accept a connection? What was asked before is given up */
void ask_tcp(struct ev_loop *loop, struct ask *ask);

#endif /* IPSEC_QOSD_CHECK_ASK_H */
