// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MACs of devices, by what the kernel knows of its neighbours: read once, and then by its
 * events. Nothing is sent to a device by the kernel's routing, so that its neighbours would go
 * stale and be thrown away: it is told to keep them and to ask them by itself, and where it does
 * not know how, it is told to ask again and again.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain/watch_priv.h"
#include "clock.h"
#include "lib/kernel/request.h"
#include "log.h"

#define AGAIN		1.0	/* seconds until what failed is tried again */
#define AGAIN_ASK	5.0	/* from one time that the kernel is told to ask to the next */

/**
 * struct macs - the sockets
 *
 * @events: is told of neighbours and interfaces, @reader is for what there is
 * @sides: those that are looked for, by where they are
 */
struct macs {
	struct nl_sock *events;
	struct nl_sock *reader;
	ev_io io;
	struct watched_side *sides;
};

static struct watched_side *find(struct macs *macs, unsigned int ifindex, int family,
				 const struct nlattr *dst)
{
	struct side_key key = { .ifindex = ifindex, .addr = { .family = family } };
	struct watched_side *side;

	if (nla_len(dst) != (family == AF_INET ? 4 : 16))
		return NULL;
	memcpy(key.addr.b, nla_data(dst), nla_len(dst));
	HASH_FIND(by_key, macs->sides, &key, sizeof(key), side);
	return side;
}

static void found(struct watched_side *side, const uint8_t *mac)
{
	struct watched *w = side->device;
	int i = side == &w->side[1];

	if (w->has_mac[i] && !memcmp(w->mac[i], mac, ETH_ALEN))
		return;
	pthread_mutex_lock(&w->watch->lock);
	w->has_mac[i] = true;
	memcpy(w->mac[i], mac, ETH_ALEN);
	watched_changed(w);
	pthread_mutex_unlock(&w->watch->lock);
}

static int on_neighbour(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct ndmsg *ndm = nlmsg_data(nlh);
	struct nlattr *dst, *mac, *ext;
	struct macs *macs = arg;
	struct watched_side *side;

	if ((nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH) ||
	    !nlmsg_valid_hdr(nlh, sizeof(*ndm)) ||
	    (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6))
		return NL_OK;
	dst = nlmsg_find_attr(nlh, sizeof(*ndm), NDA_DST);
	side = dst ? find(macs, ndm->ndm_ifindex, ndm->ndm_family, dst) : NULL;
	if (!side)
		return NL_OK;
	ext = nlmsg_find_attr(nlh, sizeof(*ndm), NDA_FLAGS_EXT);
	side->managed = nlh->nlmsg_type == RTM_NEWNEIGH && ext &&
			nla_get_u32(ext) & NTF_EXT_MANAGED;
	mac = nlmsg_find_attr(nlh, sizeof(*ndm), NDA_LLADDR);
	/* one that does not answer keeps the MAC that it had: that is not what fails it */
	if (nlh->nlmsg_type == RTM_NEWNEIGH && mac && nla_len(mac) == ETH_ALEN &&
	    ndm->ndm_state & (NEIGHBOUR_FOUND | NEIGHBOUR_FIXED))
		found(side, nla_data(mac));
	return NL_OK;
}

void macs_read(struct watch *watch)
{
	struct ndmsg ndm = {};
	int err;

	nl_socket_modify_cb(watch->macs->reader, NL_CB_VALID, NL_CB_CUSTOM, on_neighbour,
			    watch->macs);
	err = nl_send_simple(watch->macs->reader, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, &ndm,
			     sizeof(ndm));
	/* one that changed meanwhile is told of by an event */
	if (err >= 0)
		err = nl_recvmsgs_default(watch->macs->reader);
	err = err < 0 && err != -NLE_DUMP_INTR ? iq_nl_to_errno(err) : 0;
	pthread_mutex_lock(&watch->lock);
	snprintf(watch->trouble, sizeof(watch->trouble), "%s%s",
		 err ? "which MACs devices have is not known: neighbours cannot be read: " : "",
		 err ? strerror(-err) : "");
	pthread_mutex_unlock(&watch->lock);
}

static void on_events(struct ev_loop *own, ev_io *io, int revents)
{
	struct watch *watch = io->data;
	int err;

	do {
		err = nl_recvmsgs_default(watch->macs->events);
	} while (err >= 0);
	/* some were lost */
	if (err != -NLE_AGAIN)
		macs_read(watch);
}

/* Interfaces come and go, and what was known of neighbours there goes with them. */
static void place(struct watch *watch, struct watched_side *side)
{
	unsigned int ifindex = if_nametoindex(side->ask.device);
	struct macs *macs = watch->macs;

	if (ifindex == side->key.ifindex)
		return;
	if (side->key.ifindex)
		HASH_DELETE(by_key, macs->sides, side);
	side->managed = false;
	side->poked = 0;
	side->key = (struct side_key){ .ifindex = ifindex, .addr = side->ask.address };
	if (ifindex)
		HASH_ADD(by_key, macs->sides, key, sizeof(side->key), side);
}

static void keep(struct watch *watch, struct watched_side *side)
{
	double now = monotonic();
	int err;

	place(watch, side);
	if (!side->key.ifindex || side->managed ||
	    (side->poked && now - side->poked < (side->unmanaged ? AGAIN_ASK : AGAIN)))
		return;
	side->poked = now;
	err = neighbour_poke(watch->neighbours, &side->ask, side->key.ifindex, 0,
			     !side->unmanaged);
	/* one that is there for good needs no care */
	if (err && !side->unmanaged) {
		side->unmanaged = true;
		log_debug("the kernel does not keep neighbours by itself: %s", strerror(-err));
		neighbour_poke(watch->neighbours, &side->ask, side->key.ifindex, 0, false);
	}
}

void macs_keep(struct watch *watch)
{
	struct watched *w, *next;
	bool fresh = false;
	int i;

	HASH_ITER(hh, watch->all, w, next) {
		for (i = 0; i < 2; i++) {
			struct watched_side *side = &w->side[i];
			bool was = side->key.ifindex;

			if (!side->ask.address.family)
				continue;
			keep(watch, side);
			fresh |= !was && side->key.ifindex;
		}
	}
	/* of one that was known before there is no event */
	if (fresh)
		macs_read(watch);
}

void macs_forget(struct watch *watch, struct watched *w)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct watched_side *side = &w->side[i];

		if (!side->key.ifindex)
			continue;
		/* what is watched when the daemon ends goes on, and is kept for that */
		if (side->managed && !watch->stop)
			neighbour_release(watch->neighbours, &side->ask, side->key.ifindex);
		HASH_DELETE(by_key, watch->macs->sides, side);
	}
}

int macs_open(struct watch *watch)
{
	struct macs *macs = calloc(1, sizeof(*macs));
	int err;

	if (!macs)
		return -ENOMEM;
	watch->macs = macs;
	macs->events = nl_socket_alloc();
	macs->reader = nl_socket_alloc();
	if (!macs->events || !macs->reader)
		return -ENOMEM;
	nl_socket_disable_seq_check(macs->events);
	err = nl_connect(macs->events, NETLINK_ROUTE);
	if (err >= 0)
		err = nl_connect(macs->reader, NETLINK_ROUTE);
	if (err >= 0)
		err = nl_socket_add_memberships(macs->events, RTNLGRP_NEIGH, 0);
	if (err >= 0)
		err = nl_socket_set_nonblocking(macs->events);
	if (err < 0)
		return iq_nl_to_errno(err);
	nl_socket_modify_cb(macs->events, NL_CB_VALID, NL_CB_CUSTOM, on_neighbour, macs);
	ev_io_init(&macs->io, on_events, nl_socket_get_fd(macs->events), EV_READ);
	macs->io.data = watch;
	ev_io_start(watch->own, &macs->io);
	return 0;
}

void macs_close(struct watch *watch)
{
	if (!watch->macs)
		return;
	nl_socket_free(watch->macs->events);
	nl_socket_free(watch->macs->reader);
	free(watch->macs);
}
