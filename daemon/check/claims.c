// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* struct in6_pktinfo */
#include "check/claims.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define AT_A_TIME	16	/* addresses that are asked for in a turn */
#define TURN		64	/* packets that are read at a time */
#define ROUND		10.0	/* seconds at least from one time to the next */

/**
 * struct claims - see claims.h
 *
 * @fd: for ioctls
 * @list: @n of them, in an order
 * @begun: when the first of them was asked last
 * @first: of those that were asked last, @asked of them
 */
struct claims {
	struct ev_loop *loop;
	ev_io arp;
	ev_io icmp6;
	int fd;
	struct claimed *list;
	size_t n;
	double begun;
	size_t first;
	size_t asked;
};

/* Sockets */

struct claim_sockets claim_sockets_open(void)
{
	struct claim_sockets s = {
		.arp = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.icmp6 = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6),
	};
	struct icmp6_filter none;

	ICMP6_FILTER_SETBLOCKALL(&none);
	if (s.icmp6 >= 0)
		setsockopt(s.icmp6, IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof(none));
	return s;
}

/* While there is something to be asked for, of all interfaces: these packets are few. */
static void listen_to(struct claims *c, bool any)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(any ? ETH_P_ARP : ETH_P_802_EX1),
	};
	struct icmp6_filter filter;
	int on = 1, hops = 255;

	if (c->arp.fd >= 0)
		bind(c->arp.fd, (struct sockaddr *)&addr, sizeof(addr));
	if (c->icmp6.fd < 0)
		return;
	ICMP6_FILTER_SETBLOCKALL(&filter);
	if (any)
		ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
	setsockopt(c->icmp6.fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
	/* without these nobody answers, and nobody knows where the answer came in */
	setsockopt(c->icmp6.fd, SOL_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	setsockopt(c->icmp6.fd, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

/* Answers */

bool claim_answered(struct claimed *claim, const uint8_t *mac)
{
	if (claim->n && !memcmp(claim->mac[0], mac, ETH_ALEN))
		return false;
	if (claim->n < 2)
		memcpy(claim->mac[claim->n++], mac, ETH_ALEN);
	return claim->n == 2;
}

bool claim_arp(const uint8_t *arp, size_t len, const uint8_t own[ETH_ALEN], struct iq_addr *addr,
	       uint8_t mac[ETH_ALEN])
{
	struct ether_arp a;

	if (len < sizeof(a))
		return false;
	memcpy(&a, arp, sizeof(a));
	if (ntohs(a.arp_op) != ARPOP_REPLY || ntohs(a.arp_hrd) != ARPHRD_ETHER ||
	    ntohs(a.arp_pro) != ETH_P_IP || a.arp_hln != ETH_ALEN || a.arp_pln != 4 ||
	    memcmp(a.arp_tha, own, ETH_ALEN) != 0)
		return false;
	*addr = (struct iq_addr){ .family = AF_INET };
	memcpy(addr->b, a.arp_spa, 4);
	memcpy(mac, a.arp_sha, ETH_ALEN);
	return true;
}

bool claim_na(const uint8_t *icmp, size_t len, struct iq_addr *addr, uint8_t mac[ETH_ALEN])
{
	size_t at = sizeof(struct nd_neighbor_advert), size;

	if (len < at || icmp[0] != ND_NEIGHBOR_ADVERT || icmp[1])
		return false;
	*addr = (struct iq_addr){ .family = AF_INET6 };
	memcpy(addr->b, icmp + offsetof(struct nd_neighbor_advert, nd_na_target), 16);
	for (; at + 8 <= len; at += size) {
		size = icmp[at + 1] * 8;
		if (!size || at + size > len)
			return false;
		if (icmp[at] != ND_OPT_TARGET_LINKADDR || size != 8)
			continue;
		memcpy(mac, icmp + at + 2, ETH_ALEN);
		return true;
	}
	return false;
}

/* Of those that are asked for at this moment alone. */
static void answered(struct claims *c, unsigned int ifindex, const struct iq_addr *addr,
		     const uint8_t *mac)
{
	size_t i;

	for (i = c->first; i < c->first + c->asked; i++)
		if (c->list[i].ifindex == ifindex && !memcmp(&c->list[i].addr, addr, sizeof(*addr)))
			claim_answered(&c->list[i], mac);
}

/* The own one at an interface; false: it is of no Ethernet */
static bool own_mac(struct claims *c, const char *interface, uint8_t mac[ETH_ALEN])
{
	struct ifreq ifr = {};

	memcpy(ifr.ifr_name, interface, sizeof(ifr.ifr_name));
	if (ioctl(c->fd, SIOCGIFHWADDR, &ifr) || ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	return true;
}

static void on_arp(struct ev_loop *loop, ev_io *io, int revents)
{
	struct claims *c = io->data;
	uint8_t buf[sizeof(struct ether_arp)], own[ETH_ALEN], mac[ETH_ALEN];
	char interface[IF_NAMESIZE];
	struct sockaddr_ll from;
	struct iq_addr addr;
	ssize_t n;
	int i;

	for (i = 0; i < TURN; i++) {
		socklen_t len = sizeof(from);

		n = recvfrom(io->fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
		if (n < 0 && errno != ENETDOWN)
			return;
		if (n > 0 && from.sll_pkttype == PACKET_HOST &&
		    if_indextoname(from.sll_ifindex, interface) && own_mac(c, interface, own) &&
		    claim_arp(buf, n, own, &addr, mac))
			answered(c, from.sll_ifindex, &addr, mac);
	}
}

static unsigned int arrived_at(struct msghdr *msg)
{
	struct in6_pktinfo info;
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != IPPROTO_IPV6 || cmsg->cmsg_type != IPV6_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		return info.ipi6_ifindex;
	}
	return 0;
}

static void on_icmp6(struct ev_loop *loop, ev_io *io, int revents)
{
	uint8_t buf[256], control[CMSG_SPACE(sizeof(struct in6_pktinfo))], mac[ETH_ALEN];
	struct iovec iov = { buf, sizeof(buf) };
	struct claims *c = io->data;
	struct iq_addr addr;
	ssize_t n;
	int i;

	for (i = 0; i < TURN; i++) {
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			.msg_controllen = sizeof(control),
		};

		n = recvmsg(io->fd, &msg, 0);
		if (n < 0)
			return;
		if (claim_na(buf, n, &addr, mac))
			answered(c, arrived_at(&msg), &addr, mac);
	}
}

/* Questions */

/* An own address is what answers go to; who has none there asks as one that is to get one does. */
static void own_addr(struct claims *c, const char *interface, uint8_t addr[4])
{
	struct ifreq ifr = {};

	memcpy(ifr.ifr_name, interface, sizeof(ifr.ifr_name));
	memset(addr, 0, 4);
	if (!ioctl(c->fd, SIOCGIFADDR, &ifr) && ifr.ifr_addr.sa_family == AF_INET)
		memcpy(addr, &((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr, 4);
}

static void ask_arp(struct claims *c, const struct claimed *claim)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = claim->ifindex, .sll_halen = ETH_ALEN,
	};
	struct ether_arp a = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(ARPOP_REQUEST),
		},
	};

	if (c->arp.fd < 0 || !own_mac(c, claim->interface, a.arp_sha))
		return;
	own_addr(c, claim->interface, a.arp_spa);
	memcpy(a.arp_tpa, claim->addr.b, 4);
	memset(to.sll_addr, 0xff, ETH_ALEN);
	/* one that is not sent is asked the next time */
	sendto(c->arp.fd, &a, sizeof(a), 0, (struct sockaddr *)&to, sizeof(to));
}

static void ask_nd(struct claims *c, const struct claimed *claim)
{
	struct {
		struct nd_neighbor_solicit ns;
		struct nd_opt_hdr opt;
		uint8_t mac[ETH_ALEN];
	} q = {
		.ns = { .nd_ns_hdr = { .icmp6_type = ND_NEIGHBOR_SOLICIT } },
		.opt = { .nd_opt_type = ND_OPT_SOURCE_LINKADDR, .nd_opt_len = 1 },
	};
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_scope_id = claim->ifindex };
	static const uint8_t group[13] = { 0xff, 2, [11] = 1, [12] = 0xff };

	if (c->icmp6.fd < 0 || !own_mac(c, claim->interface, q.mac))
		return;
	memcpy(&q.ns.nd_ns_target, claim->addr.b, 16);
	memcpy(&to.sin6_addr, group, sizeof(group));
	memcpy((uint8_t *)&to.sin6_addr + 13, claim->addr.b + 13, 3);
	sendto(c->icmp6.fd, &q, sizeof(q), 0, (struct sockaddr *)&to, sizeof(to));
}

static void ask(struct claims *c, struct claimed *claim)
{
	claim->n = 0;
	claim->ifindex = if_nametoindex(claim->interface);
	if (!claim->ifindex)
		return;
	if (claim->addr.family == AF_INET)
		ask_arp(c, claim);
	else
		ask_nd(c, claim);
}

bool claims_tick(struct claims *c)
{
	bool changed = false;
	size_t i;

	for (i = c->first; i < c->first + c->asked; i++) {
		struct claimed *claim = &c->list[i];

		changed |= claim->both != (claim->n == 2);
		claim->both = claim->n == 2;
	}
	c->first += c->asked;
	c->asked = 0;
	if (c->first == c->n)
		c->first = 0;
	/* those who hear it are many, and few addresses are no reason to ask them more often */
	if (!c->first) {
		if (c->begun && monotonic() - c->begun < ROUND)
			return changed;
		c->begun = monotonic();
	}
	c->asked = c->n - c->first < AT_A_TIME ? c->n - c->first : AT_A_TIME;
	for (i = c->first; i < c->first + c->asked; i++)
		ask(c, &c->list[i]);
	return changed;
}

const struct claimed *claims_next(const struct claims *c, size_t *i)
{
	while (*i < c->n)
		if (c->list[(*i)++].both)
			return &c->list[*i - 1];
	return NULL;
}

/* Which there are */

static int compare(const void *a, const void *b)
{
	const struct claimed *x = a, *y = b;
	int ret = strcmp(x->interface, y->interface);

	return ret ? ret : memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

/* What was found of one that stays is still so. */
static void take_over(const struct claims *c, struct claimed *list, size_t n)
{
	size_t i;

	for (i = 0; i < n && c->n; i++) {
		const struct claimed *was = bsearch(&list[i], c->list, c->n, sizeof(*list), compare);

		if (!was)
			continue;
		list[i].both = was->both;
		memcpy(list[i].mac, was->mac, sizeof(was->mac));
	}
}

void claims_use(struct claims *c, struct claimed *list, size_t n)
{
	bool any = c->n;
	size_t i, kept = 0;

	if (n)
		qsort(list, n, sizeof(*list), compare);
	for (i = 0; i < n; i++)
		if (!kept || compare(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	take_over(c, list, kept);
	free(c->list);
	c->list = list;
	c->n = kept;
	c->first = c->asked = 0;
	c->begun = 0;
	if (any != !!kept)
		listen_to(c, kept);
}

struct claims *claims_open(struct ev_loop *loop, const struct claim_sockets *sockets)
{
	struct claims *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = loop;
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ev_io_init(&c->arp, on_arp, sockets->arp, EV_READ);
	ev_io_init(&c->icmp6, on_icmp6, sockets->icmp6, EV_READ);
	c->arp.data = c->icmp6.data = c;
	if (sockets->arp >= 0)
		ev_io_start(loop, &c->arp);
	if (sockets->icmp6 >= 0)
		ev_io_start(loop, &c->icmp6);
	return c;
}

void claims_close(struct claims *c)
{
	if (!c)
		return;
	ev_io_stop(c->loop, &c->arp);
	ev_io_stop(c->loop, &c->icmp6);
	if (c->arp.fd >= 0)
		close(c->arp.fd);
	if (c->icmp6.fd >= 0)
		close(c->icmp6.fd);
	if (c->fd >= 0)
		close(c->fd);
	free(c->list);
	free(c);
}
