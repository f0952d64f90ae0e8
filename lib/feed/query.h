/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages by which the command asks what the daemon knows.
 */
#ifndef IPSEC_QOS_FEED_QUERY_H
#define IPSEC_QOS_FEED_QUERY_H

#include <stdint.h>

/**
 * enum iq_feed_query - what the command asks
 *
 * @IQ_FEED_QUERY_STATUS: the daemon's own state, charon's connection, and the
 *	peers with identity, group, profile and CHILD SAs
 * @IQ_FEED_QUERY_PROFILES: the profiles with what they name
 * @IQ_FEED_QUERY_TEST: which profile the argument, an identity as swanctl writes
 *	it, matches, and why
 * @IQ_FEED_QUERY_CLASSES: the policies' classes with configured and measured
 *	rate
 * @IQ_FEED_QUERY_RELOAD: read the configuration again
 * @IQ_FEED_QUERY_DAEMON: as STATUS, but without the peers, who may be many
 * @IQ_FEED_QUERY_PEERS: as STATUS, but of the peers those that the argument names, a
 *	pattern as the shell has them, by an identity or by their group; case does not
 *	count
 * @IQ_FEED_QUERY_SAS: whose each SA is
 * @IQ_FEED_QUERY_LEASES: whose each group is that the kernel has of a range
 * @IQ_FEED_QUERY_EVENTS: that peers come and go, from now on. Answered by an ACK, and
 *	then by an answer without end, which consists of lines
 * @IQ_FEED_QUERY_ADMIT: the device that the argument names works again, and may be sent
 *	packets; answered by what is known of it
 */
enum iq_feed_query {
	IQ_FEED_QUERY_STATUS = 1,
	IQ_FEED_QUERY_PROFILES,
	IQ_FEED_QUERY_TEST,
	IQ_FEED_QUERY_CLASSES,
	IQ_FEED_QUERY_RELOAD,
	IQ_FEED_QUERY_DAEMON,
	IQ_FEED_QUERY_PEERS,
	IQ_FEED_QUERY_SAS,
	IQ_FEED_QUERY_LEASES,
	IQ_FEED_QUERY_EVENTS,
	IQ_FEED_QUERY_ADMIT,
};

/**
 * struct iq_feed_question - a question
 *
 * @query: enum iq_feed_query
 * @arg: what it is about, where it has to be said
 */
struct iq_feed_question {
	uint8_t query;
	const char *arg;
};

/**
 * struct iq_feed_answer - a piece of the answer, which is JSON; NLM_F_MULTI is set
 * on all but the last. A question that fails is answered by an ACK. The daemon's end
 * ends the connection, and so an answer that is without end.
 */
struct iq_feed_answer {
	const char *text;
};

#endif /* IPSEC_QOS_FEED_QUERY_H */
