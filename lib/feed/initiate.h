/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages by which a tunnel is asked for: the command asks the daemon,
 * and the daemon asks charon.
 */
#ifndef IPSEC_QOS_FEED_INITIATE_H
#define IPSEC_QOS_FEED_INITIATE_H

#include <stdint.h>

#include "lib/addr.h"

#define IQ_FEED_REQUESTS_MAX	8	/* that a charon has not answered yet */
#define IQ_FEED_TIMEOUT_MAX	300000	/* milliseconds that a request may give */

/**
 * struct iq_feed_initiate - let a CHILD SA be there. Where it is there, that is the
 * result; else charon negotiates it, with an IKE SA that it has to that peer if there
 * is one. charon answers by RESULT, the daemon the command by ANSWER, or by an ACK
 * where it failed.
 *
 * @conn: the connection's name in charon's configuration
 * @child: the CHILD SA's name there; NULL: the connection's only one
 * @remote: the peer's address, which says with whom where the connection does not
 *	name one (a template); family 0: the connection's
 * @timeout: in milliseconds, 1 to IQ_FEED_TIMEOUT_MAX. What has not come to its
 *	end by then is answered with ETIMEDOUT; charon itself may go on with it.
 */
struct iq_feed_initiate {
	const char *conn;
	const char *child;
	struct iq_addr remote;
	uint32_t timeout;
};

/**
 * struct iq_feed_result - what became of a request, whose nlmsg_seq this has. What
 * charon says of the IKE SA and CHILD SA was said before.
 *
 * @error: a positive errno; 0: the CHILD SA is there. ENOENT: charon has no such
 *	connection or CHILD SA in its configuration; EINVAL: that cannot be initiated
 *	so; EBUSY: too many requests; ETIMEDOUT; ECONNREFUSED: it came to nothing
 * @message: what went wrong, for a person; NULL where @error is 0
 * @ike_id: charon's unique id of the IKE SA, 0 where @error is not
 * @child_id: and of the CHILD SA
 */
struct iq_feed_result {
	uint32_t error;
	const char *message;
	uint32_t ike_id;
	uint32_t child_id;
};

#endif /* IPSEC_QOS_FEED_INITIATE_H */
