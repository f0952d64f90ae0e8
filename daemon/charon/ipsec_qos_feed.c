// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_feed.h"

#include "ipsec_qos_patience.h"
#include "ipsec_qos_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <daemon.h>
#include <collections/linked_list.h>
#include <threading/condvar.h>
#include <threading/mutex.h>
#include <threading/thread.h>

/**
 * Interval between attempts to connect, in ms
 */
#define RETRY_MIN 250

/**
 * How long a connection has to last to be no such failure, in s
 */
#define STABLE 2

typedef struct private_ipsec_qos_feed_t private_ipsec_qos_feed_t;

/**
 * A request without answer, on the stack of the thread that waits for it
 */
typedef struct {
	/** sequence number of the request */
	uint32_t seq;
	/** how long it is waited for */
	ipsec_qos_wait_t wait;
	/** TRUE once answered */
	bool answered;
	/** errno of the answer */
	uint32_t error;
} request_t;

/**
 * Private data of an ipsec_qos_feed_t object
 */
struct private_ipsec_qos_feed_t {

	/**
	 * Public interface
	 */
	ipsec_qos_feed_t public;

	/**
	 * The daemon's socket
	 */
	ipsec_qos_socket_t *socket;

	/**
	 * TRUE if the socket is open, i.e. we have been started
	 */
	bool started;

	/**
	 * Protects everything below
	 */
	mutex_t *mutex;

	/**
	 * How long is waited for answers
	 */
	ipsec_qos_patience_t *patience;

	/**
	 * Signaled when requests have been answered, or never will be
	 */
	condvar_t *answered;

	/**
	 * Signaled when there is something to state, or we are to stop
	 */
	condvar_t *connected;

	/**
	 * Socket, if usable is TRUE. Closed by the connecting thread only.
	 */
	int fd;

	/**
	 * TRUE if said hello and not failed since
	 */
	bool usable;

	/**
	 * Number of the current connection
	 */
	u_int connection;

	/**
	 * Number of the connection on which everything has been stated last
	 */
	u_int synced;

	/**
	 * Sequence number of the last message
	 */
	uint32_t seq;

	/**
	 * Sequence number of the last message answered
	 */
	uint32_t acked;

	/**
	 * Unanswered requests, as request_t
	 */
	linked_list_t *requests;

	/**
	 * Number of SAs passed over
	 */
	uint32_t passed_over;

	/**
	 * The same when it has been told last
	 */
	uint32_t passed_over_told;

	/**
	 * TRUE if the current refusal has been logged
	 */
	bool refused;

	/**
	 * TRUE to end our threads
	 */
	bool stopping;

	/**
	 * Thread that connects and receives
	 */
	thread_t *connector;

	/**
	 * Thread that states everything on new connections
	 */
	thread_t *syncer;

	/**
	 * What it calls for this
	 */
	ipsec_qos_feed_sync_t sync;

	/**
	 * Data to pass
	 */
	void *sync_data;

	/**
	 * Whom to pass requests of the daemon to, if anybody
	 */
	ipsec_qos_feed_request_t request;

	/**
	 * Data to pass
	 */
	void *request_data;

	/**
	 * Whom to pass buckets to, if anybody
	 */
	ipsec_qos_feed_buckets_t buckets;

	/**
	 * Data to pass
	 */
	void *buckets_data;
};

/**
 * Give the connection up, have the connecting thread close it and make a new
 * one. Called with the mutex locked.
 */
static void give_up(private_ipsec_qos_feed_t *this)
{
	this->usable = FALSE;
	shutdown(this->fd, SHUT_RDWR);
	this->answered->broadcast(this->answered);
}

/**
 * Pass a message to the kernel, called with the mutex locked.
 *
 * @return				0, EAGAIN if the daemon is too far behind, or an errno
 */
static int transmit(private_ipsec_qos_feed_t *this, ipsec_qos_message_t *buf)
{
	if (send(this->fd, buf, buf->hdr.nlmsg_len,
			 MSG_DONTWAIT | MSG_NOSIGNAL) == buf->hdr.nlmsg_len)
	{
		return 0;
	}
	/* ENOBUFS, ENOMEM are passing too, but not as soon as we'd need it */
	return errno;
}

/**
 * Send a message, never block.
 *
 * @param connection	number of the connection to send on, 0 for the current
 * @param flags			flags for the message
 * @param answer		TRUE if it has the number of what it answers, FALSE for the
 *						next one of ours
 */
static ipsec_qos_post_t post_on(private_ipsec_qos_feed_t *this,
								u_int connection, const struct iq_feed *msg,
								uint16_t flags, bool answer)
{
	ipsec_qos_post_t post = {};
	ipsec_qos_message_t buf;
	int err = 0;

	if (!ipsec_qos_encode(msg, flags, &buf))
	{
		return post;
	}
	this->mutex->lock(this->mutex);
	if (this->usable && (!connection || connection == this->connection))
	{
		if (!answer)
		{
			buf.hdr.nlmsg_seq = ++this->seq;
		}
		err = transmit(this, &buf);
		if (err)
		{
			give_up(this);
		}
		else
		{
			post.connection = this->connection;
			post.seq = buf.hdr.nlmsg_seq;
		}
	}
	this->mutex->unlock(this->mutex);
	if (err)
	{
		this->socket->complain(this->socket, "does not take messages (%s)",
							   strerror(err));
	}
	return post;
}

METHOD(ipsec_qos_feed_t, send_, bool,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	return post_on(this, 0, msg, 0, FALSE).connection != 0;
}

METHOD(ipsec_qos_feed_t, answer, void,
	private_ipsec_qos_feed_t *this, u_int connection, const struct iq_feed *msg)
{
	post_on(this, connection, msg, 0, TRUE);
}

METHOD(ipsec_qos_feed_t, post, ipsec_qos_post_t,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	return post_on(this, 0, msg, NLM_F_ACK, FALSE);
}

METHOD(ipsec_qos_feed_t, await, bool,
	private_ipsec_qos_feed_t *this, const ipsec_qos_post_t *post)
{
	bool done = FALSE;

	this->mutex->lock(this->mutex);
	while (this->usable && this->connection == post->connection)
	{
		/* answers may overtake each other, but not by much */
		if ((int32_t)(this->acked - post->seq) >= 0)
		{
			done = TRUE;
			break;
		}
		this->answered->wait(this->answered, this->mutex);
	}
	this->mutex->unlock(this->mutex);
	return done;
}

/**
 * Send a request, waiting for room in the socket. Called with the mutex
 * locked, which is released meanwhile.
 */
static int send_request(private_ipsec_qos_feed_t *this, ipsec_qos_message_t *buf,
						u_int connection, request_t *request)
{
	timeval_t deadline;
	u_int ms;
	int err;

	while (TRUE)
	{
		if (!this->usable || this->connection != connection)
		{
			return ENOTCONN;
		}
		buf->hdr.nlmsg_seq = ++this->seq;
		err = transmit(this, buf);
		if (!err)
		{
			request->seq = buf->hdr.nlmsg_seq;
			return 0;
		}
		if (err != EAGAIN)
		{
			return err;
		}
		ms = this->patience->get_deadline(this->patience, &request->wait,
										  &deadline);
		if (!ms)
		{
			return ETIMEDOUT;
		}
		/* should it be closed and reused meanwhile, we notice above */
		struct pollfd pfd = {
			.fd = this->fd,
			.events = POLLOUT,
		};
		this->mutex->unlock(this->mutex);
		poll(&pfd, 1, ms);
		this->mutex->lock(this->mutex);
	}
}

/**
 * Wait for the answer to a request. Called with the mutex locked, which is
 * released meanwhile.
 */
static int await_answer(private_ipsec_qos_feed_t *this, request_t *request,
						u_int connection)
{
	timeval_t deadline;
	int err = 0;

	this->requests->insert_last(this->requests, request);
	while (!request->answered)
	{
		if (!this->usable || this->connection != connection)
		{
			err = ENOTCONN;
			break;
		}
		if (!this->patience->get_deadline(this->patience, &request->wait,
										  &deadline))
		{
			err = ETIMEDOUT;
			break;
		}
		this->answered->timed_wait_abs(this->answered, this->mutex, deadline);
	}
	this->requests->remove(this->requests, request, NULL);
	return err;
}

/**
 * Make a request and wait for the answer. Called with the mutex locked, which
 * is released meanwhile.
 *
 * @param late			set to number of answers in a row that were late, or 0
 * @return				0, ENOTCONN if there is no connection, or another errno
 */
static int request_answer(private_ipsec_qos_feed_t *this, ipsec_qos_message_t *buf,
						  request_t *request, u_int *late)
{
	u_int connection = this->connection;
	status_t status = FAILED;
	int err;

	*late = 0;
	if (!this->usable)
	{
		return ENOTCONN;
	}
	this->patience->begin(this->patience, &request->wait);
	err = send_request(this, buf, connection, request);
	if (err)
	{
		/* what it does not get it would never learn */
		if (err != ENOTCONN)
		{
			give_up(this);
		}
	}
	else
	{
		err = await_answer(this, request, connection);
		status = !err ? SUCCESS : err == ETIMEDOUT ? OUT_OF_RES : FAILED;
	}
	*late = this->patience->end(this->patience, &request->wait, status);
	if (*late == IPSEC_QOS_LATE_MAX)
	{
		give_up(this);
	}
	return err;
}

METHOD(ipsec_qos_feed_t, ask, status_t,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	ipsec_qos_message_t buf;
	request_t request = {};
	u_int late, timeout = this->patience->get_timeout(this->patience);
	bool old;
	int err;

	if (!ipsec_qos_encode(msg, NLM_F_ACK, &buf))
	{
		return FAILED;
	}
	time_monotonic(&request.wait.since);

	/* the request is on our stack */
	old = thread_cancelability(FALSE);
	this->mutex->lock(this->mutex);
	err = request_answer(this, &buf, &request, &late);
	this->mutex->unlock(this->mutex);
	thread_cancelability(old);

	if (late == IPSEC_QOS_LATE_MAX)
	{
		this->socket->complain(this->socket, "did not answer within %u ms %u "
							   "times in a row", timeout, late);
	}
	else if (late)
	{
		DBG1(DBG_KNL, "ipsec-qosd did not answer within %u ms, an SA is passed "
			 "over", timeout);
	}
	else if (err && err != ENOTCONN && !request.seq)
	{
		this->socket->complain(this->socket, "does not take messages (%s)",
							   strerror(err));
	}
	if (err)
	{
		return INVALID_STATE;
	}
	if (request.error == EEXIST)
	{
		return ALREADY_DONE;
	}
	return request.error ? FAILED : SUCCESS;
}

METHOD(ipsec_qos_feed_t, pass_over, void,
	private_ipsec_qos_feed_t *this)
{
	struct iq_feed msg = {
		.type = IQ_FEED_PASSED_OVER,
	};

	this->mutex->lock(this->mutex);
	msg.passed_over.passed_over = ++this->passed_over;
	this->mutex->unlock(this->mutex);
	/* if there is no connection it is told with all there is on the next */
	post_on(this, 0, &msg, 0, FALSE);
}

/**
 * Log what the daemon refused, the first of many only
 */
static void log_refusal(private_ipsec_qos_feed_t *this, struct iq_feed_ack *msg)
{
	bool refused;

	this->mutex->lock(this->mutex);
	refused = this->refused;
	this->refused = msg->error != 0;
	this->mutex->unlock(this->mutex);

	if (msg->error)
	{
		const char *why = msg->message ?: strerror(msg->error);

		if (refused)
		{
			DBG2(DBG_KNL, "ipsec-qosd refused: %s", why);
		}
		else
		{
			DBG1(DBG_KNL, "ipsec-qosd refused: %s", why);
		}
	}
}

/**
 * Find the request with a given sequence number
 */
CALLBACK(match_seq, bool,
	request_t *request, va_list args)
{
	uint32_t seq;

	VA_ARGS_VGET(args, seq);
	return request->seq == seq;
}

/**
 * Make a connection usable for everyone.
 */
static void go_up(private_ipsec_qos_feed_t *this, int fd)
{
	static const struct iq_feed start = {
		.type = IQ_FEED_SYNC_START,
	};
	ipsec_qos_message_t buf;
	bool encoded = ipsec_qos_encode(&start, 0, &buf);

	this->mutex->lock(this->mutex);
	this->fd = fd;
	this->usable = TRUE;
	this->connection++;
	this->patience->reset(this->patience);
	buf.hdr.nlmsg_seq = ++this->seq;
	/* what anyone reports from now on counts as stated */
	if (!encoded || transmit(this, &buf))
	{
		give_up(this);
	}
	this->connected->signal(this->connected);
	this->mutex->unlock(this->mutex);
}

/**
 * Close a connection.
 */
static void go_down(private_ipsec_qos_feed_t *this, int fd)
{
	this->mutex->lock(this->mutex);
	this->usable = FALSE;
	this->fd = -1;
	this->answered->broadcast(this->answered);
	this->mutex->unlock(this->mutex);
	if (this->request)
	{
		this->request(this->request_data, 0, NULL);
	}
	close(fd);
}

/**
 * The daemon answered.
 *
 * @param seq			number of what it answered
 */
static void answered_(private_ipsec_qos_feed_t *this, uint32_t seq,
					  struct iq_feed_ack *ack)
{
	request_t *request;

	log_refusal(this, ack);

	this->mutex->lock(this->mutex);
	this->patience->heard(this->patience);
	if ((int32_t)(seq - this->acked) > 0)
	{
		this->acked = seq;
	}
	/* nobody waits for one that is late */
	if (this->requests->find_first(this->requests, match_seq,
								   (void**)&request, seq))
	{
		request->answered = TRUE;
		request->error = ack->error;
	}
	this->answered->broadcast(this->answered);
	this->mutex->unlock(this->mutex);
}

/**
 * Receive answers and requests until the connection ends.
 */
static void receive_messages(private_ipsec_qos_feed_t *this, int fd)
{
	struct iq_feed msg;
	bool given_up;
	const char *why;

	while (this->socket->receive(this->socket, fd, &msg, &why))
	{
		if (msg.type == IQ_FEED_ACK)
		{
			answered_(this, msg.seq, &msg.ack);
		}
		else if (msg.type == IQ_FEED_INITIATE && this->request)
		{
			/* only we change it */
			why = this->request(this->request_data, this->connection, &msg);
			if (why)
			{
				this->socket->complain(this->socket, "is disconnected: %s", why);
				return;
			}
		}
		else if (msg.type == IQ_FEED_BUCKETS && this->buckets)
		{
			this->buckets(this->buckets_data, msg.buckets.home);
		}
		else
		{
			this->socket->complain(this->socket, "sent an unexpected message %d",
								   msg.type);
			return;
		}
	}
	if (why)
	{
		this->mutex->lock(this->mutex);
		given_up = !this->usable;
		this->mutex->unlock(this->mutex);
		if (!given_up)
		{
			this->socket->complain(this->socket, "is gone: %s", why);
		}
	}
}

/**
 * Thread that connects and receives
 */
static void *connect_and_receive(private_ipsec_qos_feed_t *this)
{
	u_int retry = RETRY_MIN, most;
	time_t since;
	int fd;

	do
	{
		fd = this->socket->connect(this->socket, &most);
		if (fd >= 0)
		{
			since = time_monotonic(NULL);
			go_up(this, fd);
			receive_messages(this, fd);
			go_down(this, fd);
			if (time_monotonic(NULL) - since >= STABLE)
			{
				most = RETRY_MIN;
			}
		}
		/* be patient with a daemon that is there but fails repeatedly */
		retry = min(retry * 2, most);
	}
	while (this->socket->pause(this->socket, retry));

	return NULL;
}

/**
 * State everything on a connection, which may end any time.
 */
static void sync_connection(private_ipsec_qos_feed_t *this, u_int connection)
{
	struct iq_feed end = {
		.type = IQ_FEED_SYNC_END,
	};
	ipsec_qos_post_t post;
	uint32_t passed_over;

	this->sync(this->sync_data);
	this->mutex->lock(this->mutex);
	end.sync_end.passed_over = this->passed_over;
	this->mutex->unlock(this->mutex);
	/* on another connection it would end what is not yet complete */
	post = post_on(this, connection, &end, NLM_F_ACK, FALSE);
	if (!await(this, &post))
	{
		return;
	}
	this->mutex->lock(this->mutex);
	passed_over = end.sync_end.passed_over - this->passed_over_told;
	this->passed_over_told = end.sync_end.passed_over;
	this->mutex->unlock(this->mutex);
	this->socket->content(this->socket);

	DBG1(DBG_KNL, "connected to ipsec-qosd, %u SAs were passed over before",
		 passed_over);
}

/**
 * Thread that states everything on new connections
 */
static void *sync_connections(private_ipsec_qos_feed_t *this)
{
	u_int connection;

	this->mutex->lock(this->mutex);
	while (!this->stopping)
	{
		if (!this->usable || this->synced == this->connection)
		{
			this->connected->wait(this->connected, this->mutex);
			continue;
		}
		connection = this->synced = this->connection;
		this->mutex->unlock(this->mutex);
		sync_connection(this, connection);
		this->mutex->lock(this->mutex);
	}
	this->mutex->unlock(this->mutex);
	return NULL;
}

METHOD(ipsec_qos_feed_t, stop, void,
	private_ipsec_qos_feed_t *this)
{
	if (!this->started)
	{
		return;
	}
	this->mutex->lock(this->mutex);
	this->stopping = TRUE;
	this->usable = FALSE;
	this->answered->broadcast(this->answered);
	this->connected->signal(this->connected);
	this->mutex->unlock(this->mutex);
	this->socket->interrupt(this->socket);

	if (this->connector)
	{
		this->connector->join(this->connector);
		this->connector = NULL;
	}
	if (this->syncer)
	{
		this->syncer->join(this->syncer);
		this->syncer = NULL;
	}
	this->socket->close(this->socket);
	this->started = FALSE;
}

METHOD(ipsec_qos_feed_t, serve, void,
	private_ipsec_qos_feed_t *this, ipsec_qos_feed_request_t request, void *data)
{
	this->request = request;
	this->request_data = data;
}

METHOD(ipsec_qos_feed_t, learn, void,
	private_ipsec_qos_feed_t *this, ipsec_qos_feed_buckets_t buckets, void *data)
{
	this->buckets = buckets;
	this->buckets_data = data;
}

METHOD(ipsec_qos_feed_t, start, bool,
	private_ipsec_qos_feed_t *this, ipsec_qos_feed_sync_t sync, void *data)
{
	this->sync = sync;
	this->sync_data = data;
	if (!this->socket->open(this->socket))
	{
		return FALSE;
	}
	this->started = TRUE;
	this->syncer = thread_create((thread_main_t)sync_connections, this);
	if (this->syncer)
	{
		this->connector = thread_create((thread_main_t)connect_and_receive,
										this);
	}
	if (!this->connector)
	{
		DBG1(DBG_KNL, "creating threads to talk to ipsec-qosd failed");
		stop(this);
		return FALSE;
	}
	return TRUE;
}

METHOD(ipsec_qos_feed_t, destroy, void,
	private_ipsec_qos_feed_t *this)
{
	this->requests->destroy(this->requests);
	this->connected->destroy(this->connected);
	this->answered->destroy(this->answered);
	this->mutex->destroy(this->mutex);
	this->patience->destroy(this->patience);
	this->socket->destroy(this->socket);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_feed_t *ipsec_qos_feed_create()
{
	private_ipsec_qos_feed_t *this;

	INIT(this,
		.public = {
			.send = _send_,
			.ask = _ask,
			.pass_over = _pass_over,
			.post = _post,
			.await = _await,
			.answer = _answer,
			.serve = _serve,
			.learn = _learn,
			.start = _start,
			.stop = _stop,
			.destroy = _destroy,
		},
		.socket = ipsec_qos_socket_create(),
		.patience = ipsec_qos_patience_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.answered = condvar_create(CONDVAR_TYPE_DEFAULT),
		.connected = condvar_create(CONDVAR_TYPE_DEFAULT),
		.requests = linked_list_create(),
		.fd = -1,
	);

	return &this->public;
}
