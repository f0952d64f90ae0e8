// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* struct ucred */
#include "feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "query.h"

int feed_failed(struct feed *f, int err, const char *what)
{
	if (err == -EAGAIN)
		err = -ETIMEDOUT;
	if (err == -ETIMEDOUT)
		snprintf(f->why, FORMAT_WHY, "the daemon does not answer");
	else
		snprintf(f->why, FORMAT_WHY, "%s: %s", what, strerror(-err));
	return err;
}

static int open_socket(struct feed *f, int timeout)
{
	struct timeval patience = { timeout / 1000, timeout % 1000 * 1000 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t len = sizeof(peer);

	f->fd = -1;
	if (strlen(options.socket) >= sizeof(addr.sun_path))
		return feed_failed(f, -ENAMETOOLONG, options.socket);
	strcpy(addr.sun_path, options.socket);
	f->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return feed_failed(f, -errno, "socket");
	setsockopt(f->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(f->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(f->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		if (errno != ENOENT && errno != ECONNREFUSED)
			return feed_failed(f, -errno, options.socket);
		snprintf(f->why, FORMAT_WHY,
			 "the daemon is not running (nobody listens at %s): systemctl start ipsec-qosd",
			 options.socket);
		return -ENOENT;
	}
	if (getsockopt(f->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return feed_failed(f, -errno, "SO_PEERCRED");
	if (peer.uid) {
		snprintf(f->why, FORMAT_WHY,
			 "who listens at %s is not root: not trusted",
			 options.socket);
		return -EPERM;
	}
	return 0;
}

int feed_send(struct feed *f, struct iq_feed *msg)
{
	int len;

	msg->seq = ++f->seq;
	len = iq_feed_put(f->buf, sizeof(f->buf), msg);
	if (len < 0)
		return feed_failed(f, len, "the question is too long");
	if (send(f->fd, f->buf, len, MSG_NOSIGNAL) < 0)
		return feed_failed(f, -errno, "send");
	return 0;
}

int feed_receive(struct feed *f, enum iq_feed_msg type, struct iq_feed *msg)
{
	const char *why;
	ssize_t len = recv(f->fd, f->buf, sizeof(f->buf), MSG_TRUNC);

	if (len < 0)
		return feed_failed(f, -errno, "recv");
	if (len == 0)
		return feed_failed(f, -ECONNRESET, "the daemon");
	if ((size_t)len > sizeof(f->buf))
		return feed_failed(f, -EMSGSIZE, "the daemon's answer");
	if (iq_feed_get(f->buf, len, msg, &why)) {
		snprintf(f->why, FORMAT_WHY, "the daemon's answer: %s", why);
		return -EBADMSG;
	}
	if (msg->type == IQ_FEED_ACK && msg->ack.error) {
		snprintf(f->why, FORMAT_WHY, "%s", msg->ack.message ?
			 msg->ack.message : strerror(msg->ack.error));
		return -ENOMSG;
	}
	if (msg->type != type || msg->seq != f->seq) {
		snprintf(f->why, FORMAT_WHY, "the daemon answers something else than was asked");
		return -EBADMSG;
	}
	return 0;
}

int feed_open(struct feed *f, int timeout)
{
	struct iq_feed msg = {
		.type = IQ_FEED_HELLO,
		.hello = {
			.version = IQ_FEED_VERSION,
			.role = IQ_FEED_ROLE_COMMAND,
		},
	};
	int ret = open_socket(f, timeout);

	if (!ret)
		ret = feed_send(f, &msg);
	if (!ret)
		ret = feed_receive(f, IQ_FEED_HELLO, &msg);
	return ret;
}

void feed_close(struct feed *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
