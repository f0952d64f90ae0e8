/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits of packets' marks that a connection of strongSwan and a group both want.
 *
 * A CHILD SA may have marks of its own (swanctl.conf's mark_in, mark_out,
 * set_mark_in, set_mark_out, whose masks are all 32 bits unless they are
 * given): its policies are for packets that have them, or its SAs give them.
 * What these need is the connection's. Where the peer's group wants the same
 * bits with another value, the connection keeps them and the group lacks them;
 * where another group's mark fits the connection's policies, packets of that
 * group's peers fit them, too.
 */
#ifndef IPSEC_QOSD_DISPUTE_H
#define IPSEC_QOSD_DISPUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/feed/feed.h"
#include "once.h"

enum claim {
	CLAIM_MARK_IN,
	CLAIM_MARK_OUT,
	CLAIM_SET_MARK_IN,
	CLAIM_SET_MARK_OUT,
	CLAIMS,
};

/**
 * struct claims - a CHILD SA's marks
 *
 * @value: by enum claim, nothing outside of the mask
 * @mask: 0: there is none
 */
struct claims {
	uint32_t value[CLAIMS];
	uint32_t mask[CLAIMS];
};

/**
 * struct dispute - what a connection and a group both want
 *
 * @claims: which of the marks, that have the same value and mask: bits of
 *	1 << enum claim
 * @value: that they have; @mask: their mask
 * @group: the group
 * @own: it is the connection's peer's, which wants other values of @bits; else
 *	one whose mark fits the connection's, in @bits
 * @mark: the group's, its own or that of its clear packets
 * @bits: that both want, not 0
 */
struct dispute {
	unsigned int claims;
	uint32_t value;
	uint32_t mask;
	struct iq_kernel_group group;
	bool own;
	uint32_t mark;
	uint32_t bits;
};

#define DISPUTES	8	/* of one CHILD SA that are told of */

/** claims_read() - what a CHILD message says */
void claims_read(struct claims *claims, const struct iq_feed_child *msg);

/** claim_name() - as swanctl.conf calls it */
const char *claim_name(enum claim claim);

/**
 * dispute_find() - the first of a CHILD SA's disputes
 *
 * @group: its peer's group's id, 0: none
 *
 * Return: how many of @found.
 */
size_t dispute_find(const struct config *config, const struct claims *claims,
		    uint32_t group, struct dispute found[DISPUTES]);

/**
 * dispute_say() - a sentence that names connection, CHILD SA, group and bits, and
 * what to do
 *
 * Names are clipped to TEXT_VALUE.
 */
void dispute_say(const struct dispute *dispute, const char *conn,
		 const char *child, char *buf, size_t size);
#define DISPUTE_TEXT	768	/* bytes that are enough */

/**
 * dispute_log() - log it, once under a configuration
 *
 * Once for each connection, CHILD SA's name, group and marks, however many CHILD
 * SAs come and go.
 *
 * @log: those that were logged under the configuration in use
 */
void dispute_log(struct once *log, const struct dispute *dispute,
		 const char *conn, const char *child);

#endif /* IPSEC_QOSD_DISPUTE_H */
