// SPDX-License-Identifier: GPL-2.0-or-later
#include "check/through.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define TURN		64	/* packets that are read at a time */
#define IDLE		2.0	/* seconds that a socket stays where it was */
#define FIRST_PORT	32768	/* of clients */

/**
 * struct through_socket - a packet socket
 *
 * @ifindex: where it is, 0: nowhere
 * @v6: and of which packets
 * @users: checks that have it
 * @idle: since when there is none
 */
struct through_socket {
	struct throughs *throughs;
	ev_io io;
	int fd;
	unsigned int ifindex;
	bool v6;
	unsigned int users;
	double idle;
};

/**
 * struct throughs - see through.h
 *
 * @range: of IPv4 and IPv6
 * @turn: of both versions, which addresses come next
 */
struct throughs {
	struct ev_loop *loop;
	struct through_socket socket[THROUGH_SOCKETS];
	int err;
	TAILQ_HEAD(, through) all;
	struct iq_kernel_range range[2];
	uint32_t turn[2];
};

/* Sockets */

void through_sockets_open(struct through_sockets *sockets)
{
	int i;

	sockets->err = 0;
	for (i = 0; i < THROUGH_SOCKETS; i++) {
		/* of no protocol: it is given nothing */
		sockets->fd[i] = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (sockets->fd[i] < 0)
			sockets->err = errno;
	}
}

/* An address is compared with the range, word by word: one of it is taken. */
static size_t put_compare(struct sock_filter *f, const struct iq_kernel_range *range,
			  uint32_t offset)
{
	size_t n = 0, i, words = (range->len + 31U) / 32;

	for (i = 0; i < words; i++) {
		uint32_t bits = range->len - 32 * i, mask = bits < 32 ? ~(UINT32_MAX >> bits) :
									 UINT32_MAX;
		uint32_t word;

		memcpy(&word, &range->addr.b[4 * i], sizeof(word));
		f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset + 4 * i);
		f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask);
		/* else what follows is behind what takes the packet */
		f[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohl(word) & mask, 0,
						    3 * (words - 1 - i) + 1);
		n++;
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	return n;
}

/* Packets from or for the range alone */
static int set_filter(int fd, const struct iq_kernel_range *range, bool v6)
{
	struct sock_filter f[2 * (3 * 4 + 1) + 1];
	struct sock_fprog prog = { .filter = f };
	size_t n;

	n = put_compare(f, range, v6 ? offsetof(struct ip6_hdr, ip6_src) :
				       offsetof(struct iphdr, saddr));
	n += put_compare(f + n, range, v6 ? offsetof(struct ip6_hdr, ip6_dst) :
					    offsetof(struct iphdr, daddr));
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	prog.len = n;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
}

static int bind_to(struct through_socket *s, unsigned int ifindex, uint16_t protocol)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = ifindex,
	};
	uint8_t buf[1];
	int err = bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;

	/* what had come by then is of no interest */
	while (recv(s->fd, buf, sizeof(buf), MSG_TRUNC) >= 0 || errno == ENETDOWN)
		;
	return err;
}

/* Of a protocol that is for experiments: no packet of others is looked at any more. */
static void leave(struct through_socket *s)
{
	ev_io_stop(s->throughs->loop, &s->io);
	bind_to(s, 0, ETH_P_802_EX1);
	s->ifindex = 0;
}

static void on_packets(struct ev_loop *loop, ev_io *io, int revents);

static int go(struct through_socket *s, unsigned int ifindex, bool v6)
{
	int err;

	if (s->ifindex)
		leave(s);
	err = set_filter(s->fd, &s->throughs->range[v6], v6);
	if (!err)
		err = bind_to(s, ifindex, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (err)
		return err;
	s->ifindex = ifindex;
	s->v6 = v6;
	ev_io_start(s->throughs->loop, &s->io);
	return 0;
}

/* One that is there already, or that nobody uses */
static struct through_socket *find_socket(struct throughs *t, unsigned int ifindex, bool v6)
{
	struct through_socket *s, *idle = NULL;

	for (s = t->socket; s < t->socket + THROUGH_SOCKETS; s++) {
		if (s->fd < 0)
			continue;
		if (s->ifindex == ifindex && s->v6 == v6)
			return s;
		if (!s->users && (!idle || (idle->ifindex && (!s->ifindex || s->idle < idle->idle))))
			idle = s;
	}
	return idle;
}

static int take_socket(struct through *through, int i, bool v6)
{
	struct throughs *t = through->throughs;
	struct through_socket *s = find_socket(t, through->ifindex[i], v6);
	int err;

	if (!s)
		return t->err ? -t->err : -EMFILE;
	if (s->ifindex != through->ifindex[i] || s->v6 != v6) {
		err = go(s, through->ifindex[i], v6);
		if (err)
			return err;
	}
	s->users++;
	through->socket[i] = s;
	return 0;
}

static void release_sockets(struct through *through)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct through_socket *s = through->socket[i];

		if (s && !--s->users)
			s->idle = monotonic();
		through->socket[i] = NULL;
	}
}

void throughs_tidy(struct throughs *t)
{
	double now = monotonic();
	struct through_socket *s;

	for (s = t->socket; s < t->socket + THROUGH_SOCKETS; s++)
		if (s->ifindex && !s->users && now - s->idle > IDLE)
			leave(s);
}

/* Addresses */

/* The @n-th of a half of a range: the first is the clients', the second the servers' */
static struct iq_addr addr_of(const struct iq_kernel_range *range, bool server, uint32_t n)
{
	struct iq_addr addr = range->addr;
	size_t last = addr.family == AF_INET ? 4 : 16;

	addr.b[last - 1] |= n;
	addr.b[last - 2] |= n >> 8;
	if (server)
		addr.b[range->len / 8] |= 0x80 >> range->len % 8;
	return addr;
}

/* So many are in each half, or as many as are of use */
static uint32_t half_of(const struct iq_kernel_range *range)
{
	unsigned int bits = (range->addr.family == AF_INET ? 32 : 128) - range->len;

	return bits > 16 ? 1U << 15 : 1U << (bits - 1);
}

static bool in_use(const struct throughs *t, const struct iq_addr *client)
{
	const struct through *other;

	TAILQ_FOREACH(other, &t->all, list)
		if (!memcmp(&other->h.client, client, sizeof(*client)))
			return true;
	return false;
}

/* Such as no other check has that is under way: answers name no device. */
static bool choose(struct throughs *t, struct handshake *h, bool v6)
{
	const struct iq_kernel_range *range = &t->range[v6];
	uint32_t half = half_of(range), tries, n;

	for (tries = 0; tries < half; tries++) {
		n = t->turn[v6]++ % half;
		/* neither the first address of the range nor the last one, if there are others */
		if (half > 2 && (!n || n == half - 1))
			continue;
		h->client = addr_of(range, false, n);
		if (in_use(t, &h->client))
			continue;
		h->server = addr_of(range, true, n);
		return true;
	}
	return false;
}

/* A check */

static int send_packet(struct through *through, int i, const uint8_t *packet, size_t len)
{
	const struct through_side *side = &through->side[i];
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_ifindex = through->ifindex[i],
		.sll_protocol = htons(through->socket[i]->v6 ? ETH_P_IPV6 : ETH_P_IP),
		.sll_halen = side->has_mac ? ETH_ALEN : 0,
	};

	if (side->has_mac)
		memcpy(addr.sll_addr, side->mac, ETH_ALEN);
	return sendto(through->socket[i]->fd, packet, len, 0, (struct sockaddr *)&addr,
		      sizeof(addr)) == (ssize_t)len ? 0 : -errno;
}

static void send_step(struct through *through)
{
	int i = handshake_side(through->h.step), err;
	uint8_t packet[HANDSHAKE_PACKET];

	err = send_packet(through, i, packet, handshake_packet(&through->h, packet));
	if (err == -ENOBUFS || err == -EAGAIN || err == -ENOMEM)
		ask_is(through->ask, ASK_UNKNOWN, "cannot ask at %s: %s",
		       through->side[i].interface, strerror(-err));
	else if (err)
		ask_is(through->ask, ASK_FAILED, "interface %s: %s", through->side[i].interface,
		       strerror(-err));
}

static bool is_from(const struct through_side *side, const struct sockaddr_ll *addr)
{
	size_t i;

	if (!side->has_mac || addr->sll_halen != ETH_ALEN)
		return true;
	if (!memcmp(side->mac, addr->sll_addr, ETH_ALEN))
		return true;
	for (i = 0; i < side->n_from; i++)
		if (!memcmp(side->from[i], addr->sll_addr, ETH_ALEN))
			return true;
	return false;
}

static void stepped(struct through *through)
{
	switch (through->h.step) {
	case HANDSHAKE_PASSED:
		ask_is(through->ask, ASK_OK, "came through");
		break;
	case HANDSHAKE_REFUSED:
		ask_is(through->ask, ASK_FAILED, "it refuses a connection through it to port %u",
		       through->h.port);
		break;
	default:
		send_step(through);
	}
	if (through->ask->outcome != ASK_OPEN)
		through_end(through);
}

/* Whose is it? At most one takes it, as no two have the same addresses. */
static void on_packet(struct through_socket *s, const struct sockaddr_ll *addr,
		      const uint8_t *packet, size_t len)
{
	struct through *through;
	int i;

	TAILQ_FOREACH(through, &s->throughs->all, list) {
		for (i = 0; i < 2; i++) {
			if (through->socket[i] != s || !is_from(&through->side[i], addr) ||
			    !handshake_take(&through->h, i, packet, len))
				continue;
			stepped(through);
			return;
		}
	}
}

static void on_packets(struct ev_loop *loop, ev_io *io, int revents)
{
	struct through_socket *s = io->data;
	/* an error of ICMP has its type behind the IP header */
	uint8_t packet[128];
	struct sockaddr_ll addr;
	ssize_t n;
	int i;

	for (i = 0; i < TURN; i++) {
		socklen_t len = sizeof(addr);

		n = recvfrom(s->fd, packet, sizeof(packet), 0, (struct sockaddr *)&addr, &len);
		/* that an interface is down is told once, and seen by what is sent */
		if (n < 0 && errno == ENETDOWN)
			continue;
		if (n < 0)
			return;
		if (addr.sll_pkttype == PACKET_HOST)
			on_packet(s, &addr, packet, n);
	}
}

static bool find_interfaces(struct through *through)
{
	int i;

	for (i = 0; i < 2; i++) {
		through->ifindex[i] = if_nametoindex(through->side[i].interface);
		if (through->ifindex[i])
			continue;
		ask_is(through->ask, ASK_FAILED, "there is no interface %s",
		       through->side[i].interface);
		return false;
	}
	return true;
}

/* Who has neighbours at an interface is sent nothing without its MAC. */
static bool has_macs(struct through *through)
{
	int i;

	for (i = 0; i < 2; i++) {
		const struct through_side *side = &through->side[i];
		struct ifreq ifr = {};

		memcpy(ifr.ifr_name, side->interface, sizeof(ifr.ifr_name));
		if (side->has_mac || ioctl(through->socket[i]->fd, SIOCGIFFLAGS, &ifr) ||
		    ifr.ifr_flags & IFF_NOARP)
			continue;
		ask_is(through->ask, ASK_FAILED, "its MAC at %s is not known", side->interface);
		return false;
	}
	return true;
}

void ask_through(struct throughs *t, struct through *through, struct ask *ask, bool v6,
		 const struct through_side side[2])
{
	uint32_t random[3];
	int err;

	through_end(through);
	*through = (struct through){ .ask = ask, .side = { side[0], side[1] } };
	ask->outcome = ASK_OPEN;
	if (!t->range[v6].addr.family) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask: no range is for checks by %s",
		       v6 ? "IPv6" : "IPv4");
		return;
	}
	if (!find_interfaces(through))
		return;
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask: no random number yet");
		return;
	}
	through->h.port = ask->port;
	through->h.client_port = FIRST_PORT + random[0] % (UINT16_MAX - FIRST_PORT);
	through->h.isn[0] = random[1];
	through->h.isn[1] = random[2];
	if (!choose(t, &through->h, v6)) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask: all addresses that are for checks are in use");
		return;
	}
	through->throughs = t;
	TAILQ_INSERT_TAIL(&t->all, through, list);
	err = take_socket(through, 0, v6);
	if (!err)
		err = take_socket(through, 1, v6);
	if (err)
		ask_is(ask, ASK_UNKNOWN, "cannot ask: packet socket: %s", strerror(-err));
	else if (has_macs(through))
		send_step(through);
	if (ask->outcome != ASK_OPEN)
		through_end(through);
}

/* It would be remembered by the device for minutes or hours. */
static void reset(struct through *through)
{
	uint8_t packet[HANDSHAKE_PACKET];
	size_t len;

	if (!through->socket[0] || !through->socket[1])
		return;
	len = handshake_reset(&through->h, packet);
	if (len)
		send_packet(through, 0, packet, len);
}

void through_end(struct through *through)
{
	enum handshake_step step = through->h.step;

	if (!through->throughs)
		return;
	if (through->ask->outcome == ASK_OPEN)
		ask_is(through->ask, ASK_FAILED, "a %s sent to %s does not come out at %s",
		       handshake_name(step), through->side[handshake_side(step)].interface,
		       through->side[!handshake_side(step)].interface);
	reset(through);
	release_sockets(through);
	TAILQ_REMOVE(&through->throughs->all, through, list);
	through->throughs = NULL;
}

static bool same_range(const struct iq_kernel_range *a, const struct iq_kernel_range *b)
{
	return a->len == b->len && a->addr.family == b->addr.family &&
	       !memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
}

void throughs_range(struct throughs *t, const struct iq_kernel_range *v4,
		    const struct iq_kernel_range *v6)
{
	struct through_socket *s;
	struct through *through;

	if (same_range(&t->range[0], v4) && same_range(&t->range[1], v6))
		return;
	/* which has sockets look for another range */
	while ((through = TAILQ_FIRST(&t->all))) {
		ask_is(through->ask, ASK_UNKNOWN, "another range is for checks now");
		through_end(through);
	}
	for (s = t->socket; s < t->socket + THROUGH_SOCKETS; s++)
		if (s->ifindex)
			leave(s);
	t->range[0] = *v4;
	t->range[1] = *v6;
}

struct throughs *throughs_open(struct ev_loop *loop, const struct through_sockets *sockets)
{
	struct throughs *t = calloc(1, sizeof(*t));
	int i;

	if (!t)
		return NULL;
	t->loop = loop;
	t->err = sockets->err;
	TAILQ_INIT(&t->all);
	for (i = 0; i < THROUGH_SOCKETS; i++) {
		t->socket[i] = (struct through_socket){ .throughs = t, .fd = sockets->fd[i] };
		ev_io_init(&t->socket[i].io, on_packets, sockets->fd[i], EV_READ);
		t->socket[i].io.data = &t->socket[i];
		/* what has come is seen ahead of the time being over */
		ev_set_priority(&t->socket[i].io, EV_MAXPRI);
	}
	return t;
}

void throughs_close(struct throughs *t)
{
	struct through_socket *s;

	if (!t)
		return;
	while (!TAILQ_EMPTY(&t->all))
		through_end(TAILQ_FIRST(&t->all));
	for (s = t->socket; s < t->socket + THROUGH_SOCKETS; s++) {
		ev_io_stop(t->loop, &s->io);
		if (s->fd >= 0)
			close(s->fd);
	}
	free(t);
}
