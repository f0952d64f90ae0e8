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

#include "check/ask.h"
#include "steer/checks.h"
#include "steer/health.h"

/**
 * struct checked - an element that is asked
 *
 * @e: as it was configured; its pointers are none of it
 * @ask: what was asked last
 * @begun: something was asked
 * @stays: it is in the configuration that is being put to use
 * @nonce: of CHECK_PING, what is to come back
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
	struct ask ask;
	bool begun;
	bool stays;
	uint64_t nonce;

	struct health health;
	bool asked;
	bool ok;
	char said[ASK_WHY];
	bool is_changed;
	TAILQ_ENTRY(checked) changed;
	UT_hash_handle hh;
};

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

#endif /* IPSEC_QOSD_STEER_CHECKS_PRIV_H */
