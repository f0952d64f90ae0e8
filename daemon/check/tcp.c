// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks by a TCP connection, which is reset as soon as it is there: one that is closed
 * would be remembered for a minute, here, ten times a second.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check/ask.h"

static void ended(struct ask *ask, int err)
{
	ask->refused = err == ECONNREFUSED;
	if (err)
		ask_is(ask, ASK_FAILED, "connect: %s", strerror(err));
	else
		ask_is(ask, ASK_OK, "connected");
}

static void on_connected(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ask *ask = w->data;
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	ended(ask, err);
	ask_stop(loop, ask);
}

void ask_tcp(struct ev_loop *loop, struct ask *ask)
{
	static const struct linger reset = { .l_onoff = 1 };
	struct sockaddr_storage addr;
	socklen_t len;
	int fd, err;

	ask_stop(loop, ask);
	ask->refused = false;
	fd = ask_socket(ask, SOCK_STREAM, &addr, &len);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	err = connect(fd, (struct sockaddr *)&addr, len) ? errno : 0;
	if (err == EINPROGRESS) {
		ask_wait(loop, ask, fd, EV_WRITE, on_connected);
		return;
	}
	ended(ask, err);
	close(fd);
}
