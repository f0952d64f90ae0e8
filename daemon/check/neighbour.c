// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks by what the kernel knows: has the device a carrier, and does the next hop answer
 * ARP or neighbour discovery? The kernel asks a neighbour only every now and then, so it is
 * told to, each second, as arping would: by the state PROBE.
 */
#include "check/neighbour.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "lib/kernel/request.h"

#define POKE	1.0	/* seconds between two times that the kernel is told to ask */

/**
 * struct neighbours - a socket to rtnetlink, and one for ioctls
 */
struct neighbours {
	struct nl_sock *sk;
	int fd;
};

int neighbours_open(struct neighbours **out)
{
	struct neighbours *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = n->fd < 0 ? -errno : 0;
	n->sk = nl_socket_alloc();
	if (!err && !n->sk)
		err = -ENOMEM;
	if (!err) {
		nl_socket_disable_auto_ack(n->sk);
		err = iq_nl_to_errno(nl_connect(n->sk, NETLINK_ROUTE));
	}
	if (err)
		neighbours_close(n);
	else
		*out = n;
	return err;
}

void neighbours_close(struct neighbours *n)
{
	if (!n)
		return;
	if (n->fd >= 0)
		close(n->fd);
	nl_socket_free(n->sk);
	free(n);
}

/**
 * struct more - what a request may have beside the address
 *
 * @ext: flags, 0: none
 * @mac: NULL: none
 */
struct more {
	uint32_t ext;
	const uint8_t *mac;
};

/* A request of an address behind @head; answers are given to @answer. */
static int request(struct neighbours *n, int type, int flags, const void *head, size_t len,
		   int attr, const struct iq_addr *addr, struct more more,
		   int (*answer)(struct nl_msg *msg, void *arg), void *arg)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
	int err = -ENOMEM;

	if (msg && nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO) >= 0 &&
	    nla_put(msg, attr, addr->family == AF_INET ? 4 : 16, addr->b) >= 0 &&
	    (!more.ext || nla_put_u32(msg, NDA_FLAGS_EXT, more.ext) >= 0) &&
	    (!more.mac || nla_put(msg, NDA_LLADDR, ETH_ALEN, more.mac) >= 0)) {
		nl_socket_modify_cb(n->sk, NL_CB_VALID, NL_CB_CUSTOM, answer, arg);
		err = nl_send_auto(n->sk, msg);
		/* what is asked is answered at once: the answer waits by now */
		if (err >= 0)
			err = nl_recvmsgs_default(n->sk);
		err = err < 0 ? iq_nl_to_errno(err) : 0;
	}
	nlmsg_free(msg);
	return err;
}

static const struct more nothing_more;

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlattr *oif = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct rtmsg), RTA_OIF);

	if (oif)
		*(unsigned int *)arg = nla_get_u32(oif);
	return NL_OK;
}

static int on_neighbour(struct nl_msg *msg, void *arg)
{
	const struct ndmsg *ndm = nlmsg_data(nlmsg_hdr(msg));

	if (nlmsg_hdr(msg)->nlmsg_type == RTM_NEWNEIGH)
		*(uint16_t *)arg = ndm->ndm_state;
	return NL_OK;
}

static int on_nothing(struct nl_msg *msg, void *arg)
{
	return NL_OK;
}

/* Which device leads to it; 0: none, as was said. */
static unsigned int find_device(struct neighbours *n, struct ask *ask)
{
	struct rtmsg rtm = {
		.rtm_family = ask->address.family,
		.rtm_dst_len = ask->address.family == AF_INET ? 32 : 128,
	};
	unsigned int device = 0;
	int err;

	if (*ask->device) {
		device = if_nametoindex(ask->device);
		if (!device)
			ask_is(ask, ASK_FAILED, "device %s: %s", ask->device, strerror(errno));
		return device;
	}
	err = request(n, RTM_GETROUTE, 0, &rtm, sizeof(rtm), RTA_DST, &ask->address, nothing_more, on_route,
		      &device);
	if (!device)
		ask_is(ask, ASK_FAILED, "no route: %s", strerror(err ? -err : ENOENT));
	return device;
}

/* Can the device send at all? */
static bool has_carrier(struct neighbours *n, struct ask *ask, unsigned int device,
			short *flags)
{
	struct ifreq ifr = {};

	if (!if_indextoname(device, ifr.ifr_name) || ioctl(n->fd, SIOCGIFFLAGS, &ifr))
		ask_is(ask, ASK_FAILED, "device %s: %s",
		       *ifr.ifr_name ? ifr.ifr_name : "of the route", strerror(errno));
	else if (!(ifr.ifr_flags & IFF_UP))
		ask_is(ask, ASK_FAILED, "device %s is down", ifr.ifr_name);
	else if (!(ifr.ifr_flags & IFF_RUNNING))
		ask_is(ask, ASK_FAILED, "device %s has no carrier", ifr.ifr_name);
	else
		*flags = ifr.ifr_flags;
	return *flags;
}

unsigned int neighbour_device(struct neighbours *n, struct ask *ask)
{
	unsigned int device = find_device(n, ask);
	short flags = 0;

	if (!device || !has_carrier(n, ask, device, &flags))
		return 0;
	if (!ask->address.family || flags & IFF_NOARP) {
		ask_is(ask, ASK_OK, "carrier");
		return 0;
	}
	return device;
}

int neighbour_state(struct neighbours *n, const struct ask *ask, unsigned int device,
		    uint16_t *state)
{
	struct ndmsg ndm = { .ndm_family = ask->address.family, .ndm_ifindex = device };
	int err;

	*state = 0;
	err = request(n, RTM_GETNEIGH, 0, &ndm, sizeof(ndm), NDA_DST, &ask->address, nothing_more,
		      on_neighbour, state);
	return err == -ENOENT ? 0 : err;
}

static int set_state(struct neighbours *n, const struct ask *ask, unsigned int device,
		     uint16_t state)
{
	struct ndmsg ndm = {
		.ndm_family = ask->address.family, .ndm_ifindex = device, .ndm_state = state,
	};

	return request(n, RTM_NEWNEIGH, NLM_F_ACK, &ndm, sizeof(ndm), NDA_DST, &ask->address,
		       nothing_more, on_nothing, NULL);
}

/* Either flag leaves the state as it is, and has one asked that is not known. */
static int use(struct neighbours *n, const struct ask *ask, unsigned int device, bool managed)
{
	struct ndmsg ndm = {
		.ndm_family = ask->address.family, .ndm_ifindex = device,
		.ndm_flags = managed ? 0 : NTF_USE,
	};

	return request(n, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, &ndm, sizeof(ndm), NDA_DST,
		       &ask->address, (struct more){ .ext = managed ? NTF_EXT_MANAGED : 0 }, on_nothing, NULL);
}

int neighbour_poke(struct neighbours *n, const struct ask *ask, unsigned int device,
		   uint16_t state, bool managed)
{
	bool known = state & NEIGHBOUR_FOUND;
	int err = 0;

	/* the next time is the kernel's matter, but for one that begins anew */
	if (state & NUD_PROBE)
		err = set_state(n, ask, device, NUD_STALE);
	if (!err && known)
		err = set_state(n, ask, device, NUD_PROBE);
	if (err || (known && !managed))
		return err;
	/* which took the flag away */
	return use(n, ask, device, managed);
}

int neighbour_set(struct neighbours *n, const struct ask *ask, unsigned int device,
		  const uint8_t mac[6], uint16_t state)
{
	struct ndmsg ndm = {
		.ndm_family = ask->address.family, .ndm_ifindex = device, .ndm_state = state,
	};

	return request(n, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &ndm, sizeof(ndm),
		       NDA_DST, &ask->address, (struct more){ .mac = mac }, on_nothing, NULL);
}

void neighbour_forget(struct neighbours *n, const struct ask *ask, unsigned int device)
{
	struct ndmsg ndm = { .ndm_family = ask->address.family, .ndm_ifindex = device };

	request(n, RTM_DELNEIGH, NLM_F_ACK, &ndm, sizeof(ndm), NDA_DST, &ask->address,
		nothing_more, on_nothing, NULL);
}

void neighbour_release(struct neighbours *n, const struct ask *ask, unsigned int device)
{
	/* any change takes the flag away that says so */
	set_state(n, ask, device, NUD_STALE);
}

void neighbour_ask(struct neighbours *n, struct ask *ask)
{
	unsigned int device = neighbour_device(n, ask);
	uint16_t state;
	int err;

	if (!device)
		return;
	err = neighbour_state(n, ask, device, &state);
	if (err) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask for the neighbour: %s", strerror(-err));
		return;
	}
	if (state & (NEIGHBOUR_FOUND | NEIGHBOUR_FIXED))
		ask_is(ask, ASK_OK, "neighbour");
	else if (state & NUD_FAILED || ask->failed)
		ask_is(ask, ASK_FAILED, "the neighbour does not answer");
	else
		/* it is being asked for the first time */
		ask_is(ask, ASK_UNKNOWN, "the neighbour has not answered yet");
	ask->failed = ask->outcome == ASK_FAILED;
	if (state & (NEIGHBOUR_FIXED | NUD_PROBE | NUD_INCOMPLETE) ||
	    monotonic() - ask->poked < POKE)
		return;
	ask->poked = monotonic();
	err = neighbour_poke(n, ask, device, state, false);
	if (err)
		ask_is(ask, ASK_UNKNOWN, "cannot have the neighbour asked: %s", strerror(-err));
}
