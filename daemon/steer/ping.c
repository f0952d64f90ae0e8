// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks by ICMP echo requests, all on one raw socket for each of IPv4 and IPv6, which were
 * opened while the daemon had the right to. What is asked has a number in it that cannot be
 * guessed, and that is to come back.
 */
#define _GNU_SOURCE	/* struct in6_pktinfo */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check/sum.h"
#include "steer/checks_priv.h"

#define TURN	256	/* answers that are read at a time */

/**
 * struct echo - a request or an answer of either version
 *
 * @nonce: of struct checked, and @element the element's id
 */
struct echo {
	uint8_t type;
	uint8_t code;
	uint16_t sum;
	uint16_t ident;
	uint16_t seq;
	uint64_t nonce;
	uint32_t element;
	uint32_t pad;
};

/**
 * struct ping - the sockets
 *
 * @io: by version; not active: there is none, for the reason in @err
 * @seq: of the last request
 */
struct ping {
	struct checks *checks;
	struct ev_loop *loop;
	ev_io io[2];
	int err[2];
	uint16_t ident;
	uint16_t seq;
};

/* What a socket is to be given: echo replies, or nothing. */
static void filter(int fd, bool v6, bool any)
{
	struct icmp_filter some = { .data = any ? ~(1U << ICMP_ECHOREPLY) : ~0U };
	struct icmp6_filter some6;

	ICMP6_FILTER_SETBLOCKALL(&some6);
	if (any)
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &some6);
	if (v6)
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &some6, sizeof(some6));
	else
		setsockopt(fd, IPPROTO_RAW, ICMP_FILTER, &some, sizeof(some));
}

static int open_socket(bool v6)
{
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

	if (fd < 0)
		return -errno;
	filter(fd, v6, false);
	return fd;
}

struct check_sockets check_sockets_open(void)
{
	return (struct check_sockets){ open_socket(false), open_socket(true) };
}

/* One that came from @from; the kernel has checked its checksum. */
static void answered(struct ping *ping, const struct echo *echo, int family,
		     const void *from)
{
	struct checked *c = checked_find(ping->checks, echo->element);

	if (!c || c->e.check != CHECK_PING || c->nonce != echo->nonce ||
	    c->e.address.family != family ||
	    memcmp(c->e.address.b, from, family == AF_INET ? 4 : 16) != 0 ||
	    c->ask.outcome != ASK_OPEN)
		return;
	ask_is(&c->ask, ASK_OK, "answered");
}

static void on_answer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ping *ping = w->data;
	bool v6 = w == &ping->io[1];
	uint8_t type = v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	uint8_t buf[60 + sizeof(struct echo) + 1];
	struct sockaddr_storage addr = {};
	struct echo echo;
	size_t skip;
	ssize_t n;
	int i;

	for (i = 0; i < TURN; i++) {
		socklen_t len = sizeof(addr);

		n = recvfrom(w->fd, buf, sizeof(buf), 0, (struct sockaddr *)&addr, &len);
		if (n < 0)
			return;
		skip = v6 || n < (ssize_t)sizeof(struct iphdr) ? 0 : (buf[0] & 0xf) * 4;
		if (n != (ssize_t)(skip + sizeof(echo)))
			continue;
		memcpy(&echo, buf + skip, sizeof(echo));
		if (echo.type == type && echo.ident == ping->ident)
			answered(ping, &echo, addr.ss_family,
				 v6 ? (void *)&((struct sockaddr_in6 *)&addr)->sin6_addr :
				 (void *)&((struct sockaddr_in *)&addr)->sin_addr);
	}
}

/* The way out: at the element's device, if it has one. */
static void pin(struct msghdr *msg, bool v6, unsigned int device)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct in_pktinfo info = { .ipi_ifindex = device };
	struct in6_pktinfo info6 = { .ipi6_ifindex = device };

	cmsg->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	cmsg->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	if (v6)
		memcpy(CMSG_DATA(cmsg), &info6, sizeof(info6));
	else
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	cmsg->cmsg_len = CMSG_LEN(v6 ? sizeof(info6) : sizeof(info));
	msg->msg_controllen = CMSG_SPACE(v6 ? sizeof(info6) : sizeof(info));
}

static int send_to(int fd, const struct iq_addr *to, unsigned int device,
		   const struct echo *echo)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_scope_id = device };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {};
	struct iovec iov = { (void *)echo, sizeof(*echo) };
	bool v6 = to->family == AF_INET6;
	struct msghdr msg = {
		.msg_name = v6 ? (void *)&in6 : &in,
		.msg_namelen = v6 ? sizeof(in6) : sizeof(in),
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	memcpy(&in.sin_addr, to->b, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, to->b, sizeof(in6.sin6_addr));
	if (device) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		pin(&msg, v6, device);
	}
	return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}

void ping_ask(struct ping *ping, struct checked *c)
{
	bool v6 = c->e.address.family == AF_INET6;
	ev_io *io = &ping->io[v6];
	struct echo echo = {
		.type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .ident = ping->ident,
		.seq = htons(++ping->seq), .element = c->e.id,
	};
	unsigned int device = 0;
	int err;

	if (ping->err[v6]) {
		ask_is(&c->ask, ASK_UNKNOWN, "cannot ask: no ICMP socket: %s",
			   strerror(ping->err[v6]));
		return;
	}
	if (*c->e.device && !(device = if_nametoindex(c->e.device))) {
		ask_is(&c->ask, ASK_FAILED, "device %s: %s", c->e.device, strerror(errno));
		return;
	}
	if (getrandom(&c->nonce, sizeof(c->nonce), GRND_NONBLOCK) != sizeof(c->nonce)) {
		ask_is(&c->ask, ASK_UNKNOWN, "cannot ask: no random number yet");
		return;
	}
	echo.nonce = c->nonce;
	if (!v6)
		echo.sum = inet_sum(inet_add(0, &echo, sizeof(echo)));
	err = send_to(io->fd, &c->e.address, device, &echo);
	if (err == -EPERM || err == -ENOBUFS || err == -ENOMEM || err == -EAGAIN)
		ask_is(&c->ask, ASK_UNKNOWN, "cannot ask: %s", strerror(-err));
	else if (err)
		ask_is(&c->ask, ASK_FAILED, "cannot be sent to: %s", strerror(-err));
}

void ping_listen(struct ping *ping, bool any)
{
	int i;

	for (i = 0; i < 2; i++)
		if (!ping->err[i])
			filter(ping->io[i].fd, i, any);
}

struct ping *ping_open(struct checks *checks, struct ev_loop *loop,
		       const struct check_sockets *sockets)
{
	struct ping *ping = calloc(1, sizeof(*ping));
	int i;

	if (!ping)
		return NULL;
	ping->checks = checks;
	ping->loop = loop;
	/* for who looks at them on the wire: what tells them apart is in each */
	ping->ident = htons(getpid());
	for (i = 0; i < 2; i++) {
		int fd = i ? sockets->ping6 : sockets->ping;

		ping->err[i] = fd < 0 ? -fd : 0;
		if (fd < 0)
			continue;
		ev_io_init(&ping->io[i], on_answer, fd, EV_READ);
		ping->io[i].data = ping;
		/* what has come is seen ahead of the time being over */
		ev_set_priority(&ping->io[i], EV_MAXPRI);
		ev_io_start(loop, &ping->io[i]);
	}
	return ping;
}

void ping_close(struct ping *ping)
{
	int i;

	if (!ping)
		return;
	for (i = 0; i < 2; i++)
		if (!ping->err[i])
			ev_io_stop(ping->loop, &ping->io[i]);
	free(ping);
}
