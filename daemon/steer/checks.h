/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks elements whether they live, in a thread of its own: neither a device nor the kernel's
 * locks hold up the daemon's loop. All that is said below is for that loop.
 */
#ifndef IPSEC_QOSD_STEER_CHECKS_H
#define IPSEC_QOSD_STEER_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "check/ask.h"
#include "config/config.h"

struct checks;

/**
 * struct check_state - what is known of an element
 *
 * @up: it is, by its checks
 * @asked: it was asked at least once, and @ok is what came of it last
 * @run: so many in turn said otherwise than @up
 * @held: for so many seconds it stays down, whatever they say
 * @hold: for how long it was held down last
 * @since: for how many seconds it is up or down; negative: since before the daemon looked
 * @why: why the last one failed, or could not be made, "": it did not
 */
struct check_state {
	bool up;
	bool asked;
	bool ok;
	uint32_t run;
	double held;
	double hold;
	double since;
	char why[ASK_WHY];
};

/**
 * struct check_sockets - what is opened while the daemon may (CAP_NET_RAW)
 *
 * @ping: for ICMP, @ping6 for ICMPv6; negative errnos: there is none
 */
struct check_sockets {
	int ping;
	int ping6;
};

/** check_sockets_open() - before privileges are dropped */
struct check_sockets check_sockets_open(void);

/**
 * checks_open() - start the thread, which has nobody to ask yet
 *
 * @told: called from the loop each time an element came up or went down
 *
 * Return: 0 or a negative errno.
 */
int checks_open(struct checks **checks, struct ev_loop *loop,
		const struct check_sockets *sockets,
		void (*told)(void *arg, uint32_t id, bool up), void *arg);

/**
 * checks_config() - ask the elements of a configuration
 *
 * What is known of those that are asked as before stays.
 *
 * @up: of each of its elements, in its order: what is to be thought of it to begin with;
 *	copied
 *
 * Return: 0 or -ENOMEM: nothing has changed.
 */
int checks_config(struct checks *checks, struct config *config, const bool *up);

/** checks_state() - false: it is not asked, or not yet */
bool checks_state(struct checks *checks, uint32_t id, struct check_state *state);

/** checks_close() - end the thread; NULL is fine */
void checks_close(struct checks *checks);

#endif /* IPSEC_QOSD_STEER_CHECKS_H */
