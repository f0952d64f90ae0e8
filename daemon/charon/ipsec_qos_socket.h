/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_socket ipsec_qos_socket
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_SOCKET_H_
#define IPSEC_QOS_SOCKET_H_

#include <library.h>

#include "lib/feed/feed.h"

typedef struct ipsec_qos_socket_t ipsec_qos_socket_t;

/**
 * An encoded message
 */
typedef union {
	struct nlmsghdr hdr;
	char bytes[IQ_FEED_MSG_MAX];
} ipsec_qos_message_t;

/**
 * Encode a message.
 *
 * @param msg			message
 * @param flags			flags to use instead of those of the message
 * @param buf			receives the message
 * @return				FALSE if it is invalid, which is logged
 */
bool ipsec_qos_encode(const struct iq_feed *msg, uint16_t flags,
					  ipsec_qos_message_t *buf);

/**
 * The daemon's socket: connects to it, makes sure that it is root's and of our
 * version, and reads what it says. Logs why there is no connection.
 *
 * For one thread, but for complain(), content() and interrupt().
 */
struct ipsec_qos_socket_t {

	/**
	 * Prepare for the following.
	 *
	 * @return				FALSE if descriptors are exhausted
	 */
	bool (*open)(ipsec_qos_socket_t *this);

	/**
	 * Connect to the daemon and agree with it on a version.
	 *
	 * @param retry			set to the longest interval to the next attempt, in ms
	 * @return				descriptor to close, -1 on failure, which is logged
	 */
	int (*connect)(ipsec_qos_socket_t *this, u_int *retry);

	/**
	 * Wait for a message and read it.
	 *
	 * @param fd			descriptor
	 * @param msg			filled in, until the next call
	 * @param why			set to the reason on failure, NULL if interrupted
	 * @return				FALSE if the connection is to be closed
	 */
	bool (*receive)(ipsec_qos_socket_t *this, int fd, struct iq_feed *msg,
					const char **why);

	/**
	 * Sleep unless interrupted.
	 *
	 * @param ms			how long
	 * @return				FALSE if interrupted
	 */
	bool (*pause)(ipsec_qos_socket_t *this, u_int ms);

	/**
	 * Have receive() and pause() return at once, now and from now on.
	 */
	void (*interrupt)(ipsec_qos_socket_t *this);

	/**
	 * Log an outage, once for each reason. That's told by the format string.
	 */
	void (*complain)(ipsec_qos_socket_t *this, const char *fmt, ...);

	/**
	 * The outage is over.
	 */
	void (*content)(ipsec_qos_socket_t *this);

	/**
	 * Undo open(), if it has been called.
	 */
	void (*close)(ipsec_qos_socket_t *this);

	/**
	 * Destroy a closed ipsec_qos_socket_t.
	 */
	void (*destroy)(ipsec_qos_socket_t *this);
};

/**
 * Create an ipsec_qos_socket_t instance.
 */
ipsec_qos_socket_t *ipsec_qos_socket_create();

#endif /** IPSEC_QOS_SOCKET_H_ @}*/
