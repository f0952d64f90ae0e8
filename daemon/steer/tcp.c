// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks by a TCP connection, which is reset as soon as it is there: one that is closed
 * would be remembered for a minute, here, ten times a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steer/checks_priv.h"

void tcp_stop(struct ev_loop *loop, struct checked *c)
{
	if (!ev_is_active(&c->io))
		return;
	ev_io_stop(loop, &c->io);
	close(c->io.fd);
}

static void ended(struct checked *c, int err)
{
	if (err)
		checked_is(c, CHECK_FAILED, "connect: %s", strerror(err));
	else
		checked_is(c, CHECK_OK, "connected");
}

static void on_connected(struct ev_loop *loop, ev_io *w, int revents)
{
	struct checked *c = w->data;
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	ended(c, err);
	tcp_stop(loop, c);
}

static socklen_t address(const struct element *e, struct sockaddr_storage *addr)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = e->address.family;
	if (e->address.family == AF_INET) {
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->address.b, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_port = htons(e->port);
	memcpy(&in6->sin6_addr, e->address.b, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

void tcp_ask(struct ev_loop *loop, struct checked *c)
{
	static const struct linger reset = { .l_onoff = 1 };
	struct sockaddr_storage addr;
	socklen_t len = address(&c->e, &addr);
	int fd, err = 0;

	tcp_stop(loop, c);
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		checked_is(c, CHECK_UNKNOWN, "cannot ask: socket: %s", strerror(errno));
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	/* since Linux 5.7 this takes no privilege, the first time */
	if (*c->e.device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, c->e.device, strlen(c->e.device) + 1))
		err = errno;
	if (err == EPERM)
		checked_is(c, CHECK_UNKNOWN, "cannot ask at %s: %s", c->e.device, strerror(err));
	else if (err)
		checked_is(c, CHECK_FAILED, "device %s: %s", c->e.device, strerror(err));
	if (!err) {
		err = connect(fd, (struct sockaddr *)&addr, len) ? errno : 0;
		if (err != EINPROGRESS)
			ended(c, err);
	}
	if (c->outcome != CHECK_OPEN) {
		close(fd);
		return;
	}
	ev_io_init(&c->io, on_connected, fd, EV_WRITE);
	c->io.data = c;
	/* what has come is seen ahead of the time being over */
	ev_set_priority(&c->io, EV_MAXPRI);
	ev_io_start(loop, &c->io);
}
