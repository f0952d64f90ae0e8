// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_feed.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemon.h>
#include <collections/linked_list.h>
#include <threading/condvar.h>
#include <threading/mutex.h>
#include <threading/thread.h>

/**
 * How long IKE waits for the daemon unless configured, in ms
 */
#define DEFAULT_TIMEOUT 200

/**
 * How many answers in a row may be late before the connection is closed
 */
#define LATE_MAX 5

/**
 * One in how many of charon's threads may wait for as long as configured
 */
#define PATIENT_SHARE 4

/**
 * Which part of that the others wait after the daemon has been heard last
 */
#define BRIEF_SHARE 8

/**
 * How long the daemon may take to say hello, in ms. Only our thread waits, so
 * a slow one gets the time it needs.
 */
#define HELLO_TIMEOUT 10000

/**
 * Interval between attempts to connect, in ms
 */
#define RETRY_MIN 250

/**
 * The same for a daemon that is there, but fails again and again
 */
#define RETRY_MAX 1000

/**
 * The same for one that refuses us, or that we refuse, which takes a person
 */
#define RETRY_REFUSED 8000

/**
 * How long a connection has to last to be no such failure, in s
 */
#define STABLE 2

/**
 * Largest message we send: that's as many identities as there may be
 */
#define BUF_SIZE IQ_FEED_MSG_MAX

/**
 * Bytes the kernel may queue for the daemon
 */
#define SEND_BUF (4 * 1024 * 1024)

typedef struct private_ipsec_qos_feed_t private_ipsec_qos_feed_t;

/**
 * An encoded message
 */
typedef union {
	struct nlmsghdr hdr;
	char bytes[BUF_SIZE];
} message_buf_t;

/**
 * A request without answer, on the stack of the thread that waits for it
 */
typedef struct {
	/** sequence number of the request */
	uint32_t seq;
	/** monotonic time at which it was made */
	timeval_t since;
	/** monotonic time up to which it is waited for */
	timeval_t deadline;
	/** TRUE if it is waited for only as long as others get answers */
	bool brief;
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
	 * Path of the daemon's socket
	 */
	char *path;

	/**
	 * How long IKE waits, in ms
	 */
	u_int timeout;

	/**
	 * Protects everything below
	 */
	mutex_t *mutex;

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
	 * Number of threads that wait for as long as configured
	 */
	u_int patient;

	/**
	 * How many may
	 */
	u_int patient_max;

	/**
	 * Monotonic time of the last answer
	 */
	timeval_t heard;

	/**
	 * Number of answers that were late since the last one that was not. Of
	 * those that were waited for at the same time only one counts.
	 */
	u_int late;

	/**
	 * Monotonic time at which the last one of these was given up
	 */
	timeval_t late_since;

	/**
	 * Number of SAs passed over
	 */
	uint32_t passed_over;

	/**
	 * The same when it has been told last
	 */
	uint32_t passed_over_told;

	/**
	 * What has been logged last about the current outage, as format string
	 */
	const char *complaint;

	/**
	 * TRUE if the current refusal has been logged
	 */
	bool refused;

	/**
	 * TRUE to end our threads
	 */
	bool stopping;

	/**
	 * Readable if our threads are to end, -1 if not started
	 */
	int stop_fd;

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
};

/**
 * The one complaint that is no news once there has been another
 */
static const char *not_there = "is not there (%s: %s)";

/**
 * Log an outage, once for each reason. Must not be called with the mutex
 * locked.
 */
static void complain(private_ipsec_qos_feed_t *this, const char *fmt, ...)
{
	bool known;
	char buf[256];
	va_list args;

	this->mutex->lock(this->mutex);
	known = this->complaint && (this->complaint == fmt || fmt == not_there);
	if (!known)
	{
		this->complaint = fmt;
	}
	this->mutex->unlock(this->mutex);

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	if (known)
	{
		DBG2(DBG_KNL, "ipsec-qosd %s", buf);
	}
	else
	{
		DBG1(DBG_KNL, "ipsec-qosd %s, SAs are passed over until it is back",
			 buf);
	}
}

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
static int transmit(private_ipsec_qos_feed_t *this, message_buf_t *buf)
{
	buf->hdr.nlmsg_seq = ++this->seq;
	if (send(this->fd, buf, buf->hdr.nlmsg_len,
			 MSG_DONTWAIT | MSG_NOSIGNAL) == buf->hdr.nlmsg_len)
	{
		return 0;
	}
	/* ENOBUFS, ENOMEM are passing too, but not as soon as we'd need it */
	return errno;
}

/**
 * Encode a message.
 */
static bool encode(const struct iq_feed *msg, uint16_t flags,
				   message_buf_t *buf)
{
	struct iq_feed copy = *msg;

	copy.flags = flags;
	if (iq_feed_put(buf, sizeof(*buf), &copy) < 0)
	{
		/* e.g. SPIs below 256 or excessive identities, chosen by the peer */
		DBG1(DBG_KNL, "unable to report to ipsec-qosd, message %d is invalid",
			 msg->type);
		return FALSE;
	}
	return TRUE;
}

/**
 * Send a message, never block.
 *
 * @param connection	number of the connection to send on, 0 for the current
 * @param flags			flags for the message
 */
static ipsec_qos_post_t post_on(private_ipsec_qos_feed_t *this,
								u_int connection, const struct iq_feed *msg,
								uint16_t flags)
{
	ipsec_qos_post_t post = {};
	message_buf_t buf;
	int err = 0;

	if (!encode(msg, flags, &buf))
	{
		return post;
	}
	this->mutex->lock(this->mutex);
	if (this->usable && (!connection || connection == this->connection))
	{
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
		complain(this, "does not take messages (%s)", strerror(err));
	}
	return post;
}

METHOD(ipsec_qos_feed_t, send_, bool,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	return post_on(this, 0, msg, 0).connection != 0;
}

METHOD(ipsec_qos_feed_t, post, ipsec_qos_post_t,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	return post_on(this, 0, msg, NLM_F_ACK);
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
 * Milliseconds until the given monotonic time, 0 if it passed
 */
static u_int remaining(timeval_t *deadline)
{
	timeval_t now, diff;

	time_monotonic(&now);
	if (!timercmp(&now, deadline, <))
	{
		return 0;
	}
	timersub(deadline, &now, &diff);
	return diff.tv_sec * 1000 + (diff.tv_usec + 999) / 1000;
}

/**
 * Get the time up to which a request is waited for now
 */
static timeval_t get_deadline(private_ipsec_qos_feed_t *this,
							  request_t *request)
{
	timeval_t brief;

	if (!request->brief)
	{
		return request->deadline;
	}
	brief = timercmp(&this->heard, &request->since, >) ? this->heard
													   : request->since;
	timeval_add_ms(&brief, this->timeout / BRIEF_SHARE);
	return timercmp(&brief, &request->deadline, <) ? brief : request->deadline;
}

/**
 * Send a request, waiting for room in the socket. Called with the mutex
 * locked, which is released meanwhile.
 */
static int send_request(private_ipsec_qos_feed_t *this, message_buf_t *buf,
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
		deadline = get_deadline(this, request);
		ms = remaining(&deadline);
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
		deadline = get_deadline(this, request);
		if (!remaining(&deadline))
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
static int request_answer(private_ipsec_qos_feed_t *this, message_buf_t *buf,
						  request_t *request, u_int *late)
{
	u_int connection = this->connection;
	int err;

	*late = 0;
	if (!this->usable)
	{
		return ENOTCONN;
	}
	request->brief = this->patient >= this->patient_max;
	if (!request->brief)
	{
		this->patient++;
	}
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
		if (!err)
		{
			this->late = 0;
		}
		else if (err == ETIMEDOUT && !request->brief &&
				 (!this->late ||
				  timercmp(&request->since, &this->late_since, >)))
		{
			*late = ++this->late;
			time_monotonic(&this->late_since);
			if (*late == LATE_MAX)
			{
				give_up(this);
			}
		}
	}
	if (!request->brief)
	{
		this->patient--;
	}
	return err;
}

METHOD(ipsec_qos_feed_t, ask, status_t,
	private_ipsec_qos_feed_t *this, const struct iq_feed *msg)
{
	message_buf_t buf;
	request_t request = {};
	u_int late;
	bool old;
	int err;

	if (!encode(msg, NLM_F_ACK, &buf))
	{
		return FAILED;
	}
	time_monotonic(&request.since);
	request.deadline = request.since;
	timeval_add_ms(&request.deadline, this->timeout);

	/* the request is on our stack */
	old = thread_cancelability(FALSE);
	this->mutex->lock(this->mutex);
	err = request_answer(this, &buf, &request, &late);
	this->mutex->unlock(this->mutex);
	thread_cancelability(old);

	if (late == LATE_MAX)
	{
		complain(this, "did not answer within %u ms %u times in a row",
				 this->timeout, late);
	}
	else if (late)
	{
		DBG1(DBG_KNL, "ipsec-qosd did not answer within %u ms, an SA is passed "
			 "over", this->timeout);
	}
	else if (err && err != ENOTCONN && !request.seq)
	{
		complain(this, "does not take messages (%s)", strerror(err));
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
		.has = IQ_FEED_HAS(PASSED_OVER),
	};

	this->mutex->lock(this->mutex);
	msg.passed_over = ++this->passed_over;
	this->mutex->unlock(this->mutex);
	/* if there is no connection it is told with all there is on the next */
	post_on(this, 0, &msg, 0);
}

/**
 * Log what the daemon refused, the first of many only
 */
static void log_refusal(private_ipsec_qos_feed_t *this, struct iq_feed *msg)
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
 * Receive a message.
 *
 * @param buf			buffer of IQ_FEED_MSG_MAX + 1 bytes, aligned
 * @param why			set to the reason on failure
 * @return				FALSE if the connection is to be closed
 */
static bool receive(private_ipsec_qos_feed_t *this, int fd, void *buf,
					struct iq_feed *msg, const char **why)
{
	ssize_t len;

	/* one byte more, to notice what is too long */
	len = recv(fd, buf, IQ_FEED_MSG_MAX + 1, MSG_DONTWAIT);
	if (len < 0)
	{
		*why = strerror(errno);
		return FALSE;
	}
	if (len == 0)
	{
		*why = "it closed the connection";
		return FALSE;
	}
	return iq_feed_get(buf, len, msg, why) == 0;
}

/**
 * Wait for something to receive.
 *
 * @param timeout		ms, -1 for none
 * @return				FALSE if there won't be, time is up or we have to stop
 */
static bool readable(private_ipsec_qos_feed_t *this, int fd, int timeout)
{
	struct pollfd pfd[] = {
		{ .fd = this->stop_fd, .events = POLLIN, },
		{ .fd = fd, .events = POLLIN, },
	};
	int ready;

	do
	{
		ready = poll(pfd, countof(pfd), timeout);
	}
	while (ready < 0 && errno == EINTR);
	return ready > 0 && !pfd[0].revents;
}

/**
 * Sleep unless we have to stop.
 *
 * @return				FALSE if we have to
 */
static bool pause_(private_ipsec_qos_feed_t *this, u_int ms)
{
	struct pollfd pfd = {
		.fd = this->stop_fd,
		.events = POLLIN,
	};

	poll(&pfd, 1, ms);
	return !pfd.revents;
}

/**
 * Say hello, wait for the daemon's.
 *
 * @param buf			buffer to receive to
 * @param retry			set if the daemon does not want us
 * @return				FALSE if it does not, or did not answer
 */
static bool say_hello(private_ipsec_qos_feed_t *this, int fd, void *buf,
					  u_int *retry)
{
	struct iq_feed msg = {
		.type = IQ_FEED_HELLO,
		.has = IQ_FEED_HAS(VERSION) | IQ_FEED_HAS(ROLE),
		.version = IQ_FEED_VERSION,
		.role = IQ_FEED_ROLE_CHARON,
	};
	const char *why;
	message_buf_t out;

	if (!encode(&msg, 0, &out) ||
		send(fd, &out, out.hdr.nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
	{
		complain(this, "does not take messages (%s)", strerror(errno));
		return FALSE;
	}
	if (!readable(this, fd, HELLO_TIMEOUT))
	{
		complain(this, "accepts connections, but does not answer");
		return FALSE;
	}
	if (!receive(this, fd, buf, &msg, &why))
	{
		complain(this, "did not greet us: %s", why);
		return FALSE;
	}
	*retry = RETRY_REFUSED;
	if (msg.type == IQ_FEED_ACK)
	{
		complain(this, "refused the connection: %s",
				 msg.message ?: strerror(msg.error));
		return FALSE;
	}
	if (msg.type != IQ_FEED_HELLO || msg.version != IQ_FEED_VERSION)
	{
		complain(this, "speaks another protocol than version %u of this "
				 "plugin, install both from the same release",
				 IQ_FEED_VERSION);
		return FALSE;
	}
	*retry = RETRY_MAX;
	return TRUE;
}

/**
 * Connect to the daemon and agree with it on a version.
 *
 * @param buf			buffer to receive to
 * @param retry			set to the longest interval to the next attempt, in ms
 * @return				socket, -1 on failure
 */
static int connect_daemon(private_ipsec_qos_feed_t *this, void *buf,
						  u_int *retry)
{
	struct sockaddr_un addr = {
		.sun_family = AF_UNIX,
	};
	struct ucred ucred;
	socklen_t len = sizeof(ucred);
	int fd, size = SEND_BUF;

	*retry = RETRY_REFUSED;
	if (strlen(this->path) >= sizeof(addr.sun_path))
	{
		complain(this, "can't be connected, the path %s is too long",
				 this->path);
		return -1;
	}
	strcpy(addr.sun_path, this->path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
	{
		complain(this, "can't be connected, creating a socket failed: %s",
				 strerror(errno));
		return -1;
	}
	/* never blocks: it is EAGAIN if the daemon does not accept */
	if (connect(fd, (struct sockaddr*)&addr, sizeof(addr)) < 0)
	{
		*retry = RETRY_MIN;
		complain(this, not_there, this->path, strerror(errno));
	}
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) < 0 ||
			 ucred.uid != 0)
	{
		complain(this, "is not trusted, as %s is not served by root",
				 this->path);
	}
	else
	{
		/* we may exceed the limit as we have CAP_NET_ADMIN. Should we not,
		 * less fits, that's all. */
		ignore_result(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
								 sizeof(size)));
		*retry = RETRY_MAX;
		if (say_hello(this, fd, buf, retry))
		{
			return fd;
		}
	}
	close(fd);
	return -1;
}

/**
 * Make a connection usable for everyone.
 */
static void go_up(private_ipsec_qos_feed_t *this, int fd)
{
	static const struct iq_feed start = {
		.type = IQ_FEED_SYNC_START,
	};
	message_buf_t buf;

	this->mutex->lock(this->mutex);
	this->fd = fd;
	this->usable = TRUE;
	this->connection++;
	this->late = 0;
	/* what anyone reports from now on counts as stated */
	if (!encode(&start, 0, &buf) || transmit(this, &buf))
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
	close(fd);
}

/**
 * Receive answers until the connection ends.
 *
 * @param buf			buffer to receive to
 */
static void receive_answers(private_ipsec_qos_feed_t *this, int fd, void *buf)
{
	struct iq_feed msg;
	bool given_up;
	request_t *request;
	const char *why;

	while (readable(this, fd, -1))
	{
		if (!receive(this, fd, buf, &msg, &why))
		{
			this->mutex->lock(this->mutex);
			given_up = !this->usable;
			this->mutex->unlock(this->mutex);
			if (!given_up)
			{
				complain(this, "is gone: %s", why);
			}
			return;
		}
		if (msg.type != IQ_FEED_ACK)
		{
			complain(this, "sent an unexpected message %d", msg.type);
			return;
		}
		log_refusal(this, &msg);

		this->mutex->lock(this->mutex);
		time_monotonic(&this->heard);
		if ((int32_t)(msg.seq - this->acked) > 0)
		{
			this->acked = msg.seq;
		}
		/* nobody waits for one that is late */
		if (this->requests->find_first(this->requests, match_seq,
									   (void**)&request, msg.seq))
		{
			request->answered = TRUE;
			request->error = msg.error;
		}
		this->answered->broadcast(this->answered);
		this->mutex->unlock(this->mutex);
	}
}

/**
 * Thread that connects and receives
 */
static void *connect_and_receive(private_ipsec_qos_feed_t *this)
{
	/* aligned as iq_feed_get() wants it */
	void *buf = malloc(IQ_FEED_MSG_MAX + 1);
	u_int retry = RETRY_MIN, most;
	time_t since;
	int fd;

	do
	{
		fd = connect_daemon(this, buf, &most);
		if (fd >= 0)
		{
			since = time_monotonic(NULL);
			go_up(this, fd);
			receive_answers(this, fd, buf);
			go_down(this, fd);
			if (time_monotonic(NULL) - since >= STABLE)
			{
				most = RETRY_MIN;
			}
		}
		/* be patient with a daemon that is there but fails repeatedly */
		retry = min(retry * 2, most);
	}
	while (pause_(this, retry));

	free(buf);
	return NULL;
}

/**
 * State everything on a connection, which may end any time.
 */
static void sync_connection(private_ipsec_qos_feed_t *this, u_int connection)
{
	struct iq_feed end = {
		.type = IQ_FEED_SYNC_END,
		.has = IQ_FEED_HAS(PASSED_OVER),
	};
	ipsec_qos_post_t post;
	uint32_t passed_over;

	this->sync(this->sync_data);
	this->mutex->lock(this->mutex);
	end.passed_over = this->passed_over;
	this->mutex->unlock(this->mutex);
	/* on another connection it would end what is not yet complete */
	post = post_on(this, connection, &end, NLM_F_ACK);
	if (!await(this, &post))
	{
		return;
	}
	this->mutex->lock(this->mutex);
	passed_over = end.passed_over - this->passed_over_told;
	this->passed_over_told = end.passed_over;
	this->complaint = NULL;
	this->mutex->unlock(this->mutex);

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
	if (this->stop_fd < 0)
	{
		return;
	}
	this->mutex->lock(this->mutex);
	this->stopping = TRUE;
	this->usable = FALSE;
	this->answered->broadcast(this->answered);
	this->connected->signal(this->connected);
	this->mutex->unlock(this->mutex);
	eventfd_write(this->stop_fd, 1);

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
	close(this->stop_fd);
	this->stop_fd = -1;
}

METHOD(ipsec_qos_feed_t, start, bool,
	private_ipsec_qos_feed_t *this, ipsec_qos_feed_sync_t sync, void *data)
{
	this->sync = sync;
	this->sync_data = data;
	this->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (this->stop_fd < 0)
	{
		DBG1(DBG_KNL, "creating eventfd failed: %s", strerror(errno));
		return FALSE;
	}
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
	free(this->path);
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
			.start = _start,
			.stop = _stop,
			.destroy = _destroy,
		},
		.path = strdup(lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.socket", IQ_FEED_SOCKET, lib->ns)),
		.timeout = max(1, lib->settings->get_int(lib->settings,
						"%s.plugins.ipsec-qos.timeout", DEFAULT_TIMEOUT,
						lib->ns)),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.answered = condvar_create(CONDVAR_TYPE_DEFAULT),
		.connected = condvar_create(CONDVAR_TYPE_DEFAULT),
		.requests = linked_list_create(),
		.patient_max = max(1, lib->settings->get_int(lib->settings,
						"%s.threads", DEFAULT_THREADS, lib->ns) /
						PATIENT_SHARE),
		.fd = -1,
		.stop_fd = -1,
	);

	return &this->public;
}
