// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemon.h>
#include <threading/mutex.h>

/**
 * How long the daemon may take to say hello, in ms. Only the feed's own thread
 * waits, so a slow one gets the time it needs.
 */
#define HELLO_TIMEOUT 10000

/**
 * Longest interval between attempts to connect if nobody is there, in ms
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
 * Bytes the kernel may queue for the daemon
 */
#define SEND_BUF (4 * 1024 * 1024)

typedef struct private_ipsec_qos_socket_t private_ipsec_qos_socket_t;

/**
 * Private data of an ipsec_qos_socket_t object
 */
struct private_ipsec_qos_socket_t {

	/**
	 * Public interface
	 */
	ipsec_qos_socket_t public;

	/**
	 * Path of the daemon's socket
	 */
	char *path;

	/**
	 * Which element we are, "" if that's the one that the daemon's host is, NULL if
	 * our SPIs are to be of no buckets
	 */
	char *element;

	/**
	 * Readable if interrupted, -1 if not open
	 */
	int stop_fd;

	/**
	 * Buffer to receive to, one byte longer than a message, to notice what is too
	 * long. Aligned as iq_feed_get() wants it.
	 */
	void *buf;

	/**
	 * Protects the following
	 */
	mutex_t *mutex;

	/**
	 * What has been logged last about the current outage, as format string
	 */
	const char *complaint;
};

/**
 * The one complaint that is no news once there has been another
 */
static const char *not_there = "is not there (%s: %s)";

/*
 * Described in header
 */
bool ipsec_qos_encode(const struct iq_feed *msg, uint16_t flags,
					  ipsec_qos_message_t *buf)
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

METHOD(ipsec_qos_socket_t, complain, void,
	private_ipsec_qos_socket_t *this, const char *fmt, ...)
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

METHOD(ipsec_qos_socket_t, content, void,
	private_ipsec_qos_socket_t *this)
{
	this->mutex->lock(this->mutex);
	this->complaint = NULL;
	this->mutex->unlock(this->mutex);
}

/**
 * Read a message that is there.
 */
static bool read_message(private_ipsec_qos_socket_t *this, int fd,
						 struct iq_feed *msg, const char **why)
{
	ssize_t len;

	len = recv(fd, this->buf, IQ_FEED_MSG_MAX + 1, MSG_DONTWAIT);
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
	return iq_feed_get(this->buf, len, msg, why) == 0;
}

/**
 * Wait for something to receive.
 *
 * @param timeout		ms, -1 for none
 * @return				FALSE if there won't be, time is up or we are interrupted
 */
static bool readable(private_ipsec_qos_socket_t *this, int fd, int timeout)
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

METHOD(ipsec_qos_socket_t, receive, bool,
	private_ipsec_qos_socket_t *this, int fd, struct iq_feed *msg,
	const char **why)
{
	*why = NULL;
	return readable(this, fd, -1) && read_message(this, fd, msg, why);
}

METHOD(ipsec_qos_socket_t, pause_, bool,
	private_ipsec_qos_socket_t *this, u_int ms)
{
	struct pollfd pfd = {
		.fd = this->stop_fd,
		.events = POLLIN,
	};

	poll(&pfd, 1, ms);
	return !pfd.revents;
}

METHOD(ipsec_qos_socket_t, interrupt, void,
	private_ipsec_qos_socket_t *this)
{
	eventfd_write(this->stop_fd, 1);
}

/**
 * Say hello, wait for the daemon's.
 *
 * @param retry			set if the daemon does not want us
 * @return				FALSE if it does not, or did not answer
 */
static bool say_hello(private_ipsec_qos_socket_t *this, int fd, u_int *retry)
{
	struct iq_feed msg = {
		.type = IQ_FEED_HELLO,
		.hello = {
			.version = IQ_FEED_VERSION,
			.role = IQ_FEED_ROLE_CHARON,
			.element = this->element,
		},
	};
	const char *why;
	ipsec_qos_message_t out;

	if (!ipsec_qos_encode(&msg, 0, &out) ||
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
	if (!read_message(this, fd, &msg, &why))
	{
		complain(this, "did not greet us: %s", why);
		return FALSE;
	}
	*retry = RETRY_REFUSED;
	if (msg.type == IQ_FEED_ACK)
	{
		complain(this, "refused the connection: %s",
				 msg.ack.message ?: strerror(msg.ack.error));
		return FALSE;
	}
	if (msg.type != IQ_FEED_HELLO || msg.hello.version != IQ_FEED_VERSION)
	{
		complain(this, "speaks another protocol than version %u of this "
				 "plugin, install both from the same release",
				 IQ_FEED_VERSION);
		return FALSE;
	}
	*retry = RETRY_MAX;
	return TRUE;
}

METHOD(ipsec_qos_socket_t, connect_, int,
	private_ipsec_qos_socket_t *this, u_int *retry)
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
		if (say_hello(this, fd, retry))
		{
			return fd;
		}
	}
	close(fd);
	return -1;
}

METHOD(ipsec_qos_socket_t, open_, bool,
	private_ipsec_qos_socket_t *this)
{
	this->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (this->stop_fd < 0)
	{
		DBG1(DBG_KNL, "creating eventfd failed: %s", strerror(errno));
		return FALSE;
	}
	return TRUE;
}

METHOD(ipsec_qos_socket_t, close_, void,
	private_ipsec_qos_socket_t *this)
{
	if (this->stop_fd >= 0)
	{
		close(this->stop_fd);
		this->stop_fd = -1;
	}
}

METHOD(ipsec_qos_socket_t, destroy, void,
	private_ipsec_qos_socket_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this->path);
	free(this->element);
	free(this->buf);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_socket_t *ipsec_qos_socket_create()
{
	private_ipsec_qos_socket_t *this;

	INIT(this,
		.public = {
			.open = _open_,
			.connect = _connect_,
			.receive = _receive,
			.pause = _pause_,
			.interrupt = _interrupt,
			.complain = _complain,
			.content = _content,
			.close = _close_,
			.destroy = _destroy,
		},
		.path = strdup(lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.socket", IQ_FEED_SOCKET, lib->ns)),
		.element = lib->settings->get_bool(lib->settings,
						"%s.plugins.ipsec-qos.spi_bucket", FALSE, lib->ns) ?
					strndup(lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.element", "", lib->ns),
						IQ_FEED_STR_MAX - 1) : NULL,
		.stop_fd = -1,
		.buf = malloc(IQ_FEED_MSG_MAX + 1),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
