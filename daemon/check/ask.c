// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/ask.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ask_init(struct ask *ask, const struct iq_addr *address, uint16_t port, const char *device)
{
	*ask = (struct ask){ .address = *address, .port = port };
	snprintf(ask->device, sizeof(ask->device), "%s", device);
	ev_init(&ask->io, NULL);
	ask->io.data = ask;
}

void ask_is(struct ask *ask, enum ask_outcome outcome, const char *fmt, ...)
{
	va_list ap;

	ask->outcome = outcome;
	va_start(ap, fmt);
	vsnprintf(ask->why, sizeof(ask->why), fmt, ap);
	va_end(ap);
}

static socklen_t address(const struct ask *ask, struct sockaddr_storage *addr)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = ask->address.family;
	if (ask->address.family == AF_INET) {
		in->sin_port = htons(ask->port);
		memcpy(&in->sin_addr, ask->address.b, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	in6->sin6_port = htons(ask->port);
	memcpy(&in6->sin6_addr, ask->address.b, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

int ask_socket(struct ask *ask, int type, struct sockaddr_storage *addr, socklen_t *len)
{
	int fd, err = 0, ttl = ask->ttl;

	*len = address(ask, addr);
	fd = socket(addr->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask: socket: %s", strerror(errno));
		return -1;
	}
	/* since Linux 5.7 this takes no privilege, the first time */
	if (*ask->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ask->device, strlen(ask->device) + 1))
		err = errno;
	if (!err && ask->ttl && setsockopt(fd, ask->address.family == AF_INET ? SOL_IP : SOL_IPV6,
					   ask->address.family == AF_INET ? IP_TTL :
					   IPV6_UNICAST_HOPS, &ttl, sizeof(ttl)))
		err = errno;
	if (!err)
		return fd;
	if (err == EPERM)
		ask_is(ask, ASK_UNKNOWN, "cannot ask at %s: %s", ask->device, strerror(err));
	else
		ask_is(ask, ASK_FAILED, "device %s: %s", ask->device, strerror(err));
	close(fd);
	return -1;
}

void ask_wait(struct ev_loop *loop, struct ask *ask, int fd, int events,
	      void (*answered)(struct ev_loop *loop, ev_io *io, int revents))
{
	ev_io_init(&ask->io, answered, fd, events);
	ask->io.data = ask;
	/* what has come is seen ahead of the time being over */
	ev_set_priority(&ask->io, EV_MAXPRI);
	ev_io_start(loop, &ask->io);
}

void ask_stop(struct ev_loop *loop, struct ask *ask)
{
	if (!ev_is_active(&ask->io))
		return;
	ev_io_stop(loop, &ask->io);
	close(ask->io.fd);
}
