/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kinds of checks share with checks.c: all of it in the checks' thread.
 */
#ifndef IPSEC_QOSD_STEER_CHECKS_PRIV_H
#define IPSEC_QOSD_STEER_CHECKS_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ev.h>
#include <uthash.h>

#include "steer/checks.h"
#include "steer/health.h"

/**
 * enum check_outcome - what came of asking
 *
 * @CHECK_OPEN: nothing yet, which is a failure in the end
 * @CHECK_OK: it lives
 * @CHECK_FAILED: it does not
 * @CHECK_UNKNOWN: it could not be asked, for a reason that is not its own: does not count
 */
enum check_outcome {
	CHECK_OPEN,
	CHECK_OK,
	CHECK_FAILED,
	CHECK_UNKNOWN,
};

/**
 * struct checked - an element that is asked
 *
 * @e: as it was configured; its pointers are none of it
 * @outcome: of what was asked last, and @why it is no better
 * @begun: something was asked
 * @stays: it is in the configuration that is being put to use
 * @io: of CHECK_TCP, on a socket of its own; not active: there is none
 * @nonce: of CHECK_PING, what is to come back
 * @poked: of CHECK_NEIGHBOUR, when the kernel was told to ask
 * @failed: likewise, that the kernel gave the neighbour up, and has not found it since
 *
 * What follows is under the lock of the checks for who writes it, and for the loop:
 *
 * @health: what outcomes come to
 * @asked: there was an outcome, @ok whether it was a good one, and @said why it was not
 * @changed: among those that came up or went down
 */
struct checked {
	struct checks *checks;
	struct element e;
	ev_timer timer;
	enum check_outcome outcome;
	char why[CHECK_WHY];
	bool begun;
	bool stays;
	ev_io io;
	uint64_t nonce;
	double poked;
	bool failed;

	struct health health;
	bool asked;
	bool ok;
	char said[CHECK_WHY];
	bool is_changed;
	TAILQ_ENTRY(checked) changed;
	UT_hash_handle hh;
};

/** checked_is() - an outcome, and why, for one that is not good */
void checked_is(struct checked *c, enum check_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** checked_find() - by an element's id, or NULL */
struct checked *checked_find(struct checks *checks, uint32_t id);

/* ping.c */

struct ping;

/** ping_open() - on sockets that stay whose they are; NULL: no memory */
struct ping *ping_open(struct checks *checks, struct ev_loop *loop,
		       const struct check_sockets *sockets);
void ping_close(struct ping *ping);

/** ping_listen() - is anybody pinged at all? */
void ping_listen(struct ping *ping, bool any);
void ping_ask(struct ping *ping, struct checked *c);

/* tcp.c */

/** tcp_ask() - what was asked before and not answered is given up */
void tcp_ask(struct ev_loop *loop, struct checked *c);
void tcp_stop(struct ev_loop *loop, struct checked *c);

/* neighbour.c */

struct neighbours;

/** neighbours_open() - 0 or a negative errno */
int neighbours_open(struct neighbours **neighbours);
void neighbours_close(struct neighbours *neighbours);
void neighbour_ask(struct neighbours *neighbours, struct checked *c);

#endif /* IPSEC_QOSD_STEER_CHECKS_PRIV_H */
