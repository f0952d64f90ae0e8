/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages about the connection itself, and about all that a charon
 * has.
 */
#ifndef IPSEC_QOS_FEED_SESSION_H
#define IPSEC_QOS_FEED_SESSION_H

#include <stdint.h>

#define IQ_FEED_WHY_MAX	1024	/* bytes in the MESSAGE of an ACK with its NUL */

/**
 * enum iq_feed_role - who is at the other end of the daemon's connection
 *
 * @IQ_FEED_ROLE_CHARON: the strongSwan plugin; it states, deletes, and answers
 * @IQ_FEED_ROLE_COMMAND: ipsec-qos; it queries and asks
 */
enum iq_feed_role {
	IQ_FEED_ROLE_CHARON = 1,
	IQ_FEED_ROLE_COMMAND,
};

/**
 * struct iq_feed_hello - the first message each way
 *
 * @version: IQ_FEED_VERSION. The daemon answers with its own, or with an ACK of
 *	EPROTONOSUPPORT and the end of the connection.
 * @role: enum iq_feed_role; the daemon has none: 0
 * @element: of a charon whose SPIs are to be of buckets: the name of the element that it
 *	is, "": the one that the daemon's host is; NULL: it is told of no buckets
 */
struct iq_feed_hello {
	uint32_t version;
	uint8_t role;
	const char *element;
};

/**
 * struct iq_feed_ack - the daemon's answer to what asked for one (NLM_F_ACK), and
 * to a question that fails
 *
 * @error: a positive errno, 0: it went well
 * @message: what went wrong, for a person; NULL where @error is 0
 * @group: an IKE SA's or SA's, 0: none
 */
struct iq_feed_ack {
	uint32_t error;
	const char *message;
	uint32_t group;
};

/**
 * struct iq_feed_sync_end - charon has stated all it has, between
 * IQ_FEED_SYNC_START and this; what it did not state is gone
 *
 * @passed_over: how many SAs this charon has installed without an answer since it
 *	runs, as there was no daemon or it was too slow
 */
struct iq_feed_sync_end {
	uint32_t passed_over;
};

/**
 * struct iq_feed_passed_over - charon has installed one more SA without an answer
 *
 * @passed_over: as in struct iq_feed_sync_end
 */
struct iq_feed_passed_over {
	uint32_t passed_over;
};

#endif /* IPSEC_QOS_FEED_SESSION_H */
