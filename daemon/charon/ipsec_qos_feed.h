/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_feed ipsec_qos_feed
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_FEED_H_
#define IPSEC_QOS_FEED_H_

#include <library.h>

#include "lib/feed/feed.h"

typedef struct ipsec_qos_feed_t ipsec_qos_feed_t;

/**
 * States everything there is, between IQ_FEED_SYNC_START and IQ_FEED_SYNC_END.
 *
 * Runs on a thread of its own, where it may block. If the connection ends
 * meanwhile, it gets called again for the next one after it returned.
 *
 * @param data			as given to ipsec_qos_feed_t.start()
 */
typedef void (*ipsec_qos_feed_sync_t)(void *data);

/**
 * Takes a request of the daemon, without waiting for anything: the thread that
 * calls it is the one that receives answers.
 *
 * @param data			as given to ipsec_qos_feed_t.serve()
 * @param connection	number of the connection
 * @param msg			request, an IQ_FEED_INITIATE, or NULL if the connection
 *						ended and nobody wants to know what becomes of its requests
 * @return				NULL, or why the connection is to be closed
 */
typedef const char *(*ipsec_qos_feed_request_t)(void *data, u_int connection,
												const struct iq_feed *msg);

/**
 * Takes the buckets that the daemon says there are from now on, without waiting for
 * anything.
 *
 * @param data			as given to ipsec_qos_feed_t.learn()
 * @param home			as in struct iq_feed_buckets, while it is called
 */
typedef void (*ipsec_qos_feed_buckets_t)(void *data, const uint8_t *home);

/**
 * A message that has been posted
 */
typedef struct {
	/** number of the connection, 0 if not sent */
	u_int connection;
	/** sequence number */
	uint32_t seq;
} ipsec_qos_post_t;

/**
 * Connection to ipsec-qosd.
 *
 * It is made, watched and made again in the background. While there is none,
 * nothing here costs more than taking a mutex. Its lock is never held while
 * waiting for anything but the answer to a request, so it is safe to use these
 * methods with IKE_SAs checked out or from listeners.
 */
struct ipsec_qos_feed_t {

	/**
	 * Send a message, never block.
	 *
	 * If the daemon is so far behind that the message can't be queued, the
	 * connection is closed and everything gets stated anew on the next one.
	 *
	 * @param msg			message, its seq and flags are ignored
	 * @return				FALSE if not sent
	 */
	bool (*send)(ipsec_qos_feed_t *this, const struct iq_feed *msg);

	/**
	 * Send a message and wait for the daemon's answer.
	 *
	 * If there is none within the configured bound, that alone is passed over:
	 * the daemon still does what was asked, when it comes to it. A quarter of
	 * charon's threads wait for that long, others that are here at the same
	 * time for an eighth of it since the daemon has been heard last. After five
	 * late answers in a row the connection is closed, so that whatever follows
	 * does not wait at all until there is another.
	 *
	 * @param msg			message, its seq and flags are ignored
	 * @return				SUCCESS if the daemon did what was asked, FAILED if it
	 *						refused, ALREADY_DONE if that was because it has it of
	 *						another IKE_SA, INVALID_STATE if it did not answer in
	 *						time or is not there
	 */
	status_t (*ask)(ipsec_qos_feed_t *this, const struct iq_feed *msg);

	/**
	 * Count an SA that has been installed although ask() returned
	 * INVALID_STATE. The daemon gets to know how many there are.
	 */
	void (*pass_over)(ipsec_qos_feed_t *this);

	/**
	 * Send a message that the daemon has to answer, but don't wait for it.
	 *
	 * @param msg			message, its seq and flags are ignored
	 * @return				what to pass to await()
	 */
	ipsec_qos_post_t (*post)(ipsec_qos_feed_t *this, const struct iq_feed *msg);

	/**
	 * Wait until the daemon has caught up with a message that was posted.
	 *
	 * This waits as long as the daemon needs, or until the connection ends, so
	 * it is not for threads that have an IKE_SA checked out.
	 *
	 * @param post			what post() returned
	 * @return				FALSE if the connection ended before
	 */
	bool (*await)(ipsec_qos_feed_t *this, const ipsec_qos_post_t *post);

	/**
	 * Answer a request of the daemon, never block.
	 *
	 * @param connection	number of the connection it came on, if that has ended
	 *						nothing is sent
	 * @param msg			answer, with the seq of the request
	 */
	void (*answer)(ipsec_qos_feed_t *this, u_int connection,
				   const struct iq_feed *msg);

	/**
	 * Set who takes requests, before start().
	 *
	 * @param request		called by the thread that receives
	 * @param data			passed to it
	 */
	void (*serve)(ipsec_qos_feed_t *this, ipsec_qos_feed_request_t request,
				  void *data);

	/**
	 * Set who takes buckets, before start().
	 *
	 * @param buckets		called by the thread that receives
	 * @param data			passed to it
	 */
	void (*learn)(ipsec_qos_feed_t *this, ipsec_qos_feed_buckets_t buckets,
				  void *data);

	/**
	 * Start connecting.
	 *
	 * @param sync			called each time a connection has been made
	 * @param data			passed to sync
	 * @return				FALSE if threads or descriptors are exhausted
	 */
	bool (*start)(ipsec_qos_feed_t *this, ipsec_qos_feed_sync_t sync,
				  void *data);

	/**
	 * Close the connection and end all threads, if started.
	 */
	void (*stop)(ipsec_qos_feed_t *this);

	/**
	 * Destroy a stopped ipsec_qos_feed_t.
	 */
	void (*destroy)(ipsec_qos_feed_t *this);
};

/**
 * Create an ipsec_qos_feed_t instance.
 */
ipsec_qos_feed_t *ipsec_qos_feed_create();

#endif /** IPSEC_QOS_FEED_H_ @}*/
