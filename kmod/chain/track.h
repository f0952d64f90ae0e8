/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracks: all that packets need of a chain, or of a service that has more to it than its
 * chain. A track never changes: it is replaced whole.
 *
 * Words: on the way forward, from client to server, a packet meets the devices in order;
 * its *position* is -1 where it comes in from outside, and i where it has come out of step
 * i. What the service's address and port are at a place of its way is a *view*; views have
 * numbers, which are a service's own: 0 is how clients see it.
 */
#ifndef _IPSEC_QOS_CHAIN_TRACK_H
#define _IPSEC_QOS_CHAIN_TRACK_H

#include <linux/in6.h>

#include "device.h"

struct iq_acl;
struct iq_group;
struct iq_overrides;
struct iq_service;

#define IQ_STEPS	IPSEC_QOS_CHAIN_STEPS_MAX
#define IQ_VIEWS	32	/* of a service */

/**
 * struct iq_view - the service's address and port at some place
 *
 * @addr: network order; of IPv4 the first word
 * @port: 0: it is as it was: there is not just one, or the protocol has none
 */
struct iq_view {
	union {
		__be32 addr;
		struct in6_addr addr6;
	};
	__be16 port;
};

/**
 * struct iq_views - what a service's address and port are on a track
 *
 * @at: the view's number at a place, see iq_view_out() and iq_view_to()
 * @view: by number
 *
 * Where two places have the same number nothing is to be rewritten between them.
 */
struct iq_views {
	u8 at[2 * IQ_STEPS + 1];
	struct iq_view view[];
};

#define IQ_TRACK_F_ROUTED	BIT(0)	/* the last step is of kind routed */
#define IQ_TRACK_F_RATE		BIT(1)	/* there is a @rate */
#define IQ_TRACK_F_ACL		BIT(2)	/* likewise @acl */

/**
 * struct iq_track - see above
 *
 * @device: NULL behind the last; a line of its own
 * @n: steps
 * @taps: bit i: step i is a tap
 * @flags: IQ_TRACK_F_*
 * @group: the number of the group whose action packets get as they enter
 *	(iq_action_numbered()); 0: none
 * @rate: packets a second that may enter, of @service
 * @from_group: on the way forward only what an SA of it has carried enters; NULL: whatever
 * @views: NULL: the service's address and port are the same all the way
 * @acl: NULL: there is none
 * @overrides: clients that have another track; NULL: none
 * @old: the track before this one, for what was under way when that was replaced; NULL: it is
 *	seconds ago; RCU, written under iq_net.config_lock
 * @service: whose it is alone; NULL: all services of a chain share it
 */
struct iq_track {
	struct iq_device *device[IQ_STEPS];

	u8 n;
	u8 taps;
	u8 flags;
	u32 group;
	u32 rate;
	const struct iq_group *from_group;
	const struct iq_views *views;
	struct iq_acl *acl;
	const struct iq_overrides *overrides;
	struct iq_track __rcu *old;
	struct iq_service *service;

	struct rcu_head rcu;
} ____cacheline_aligned;

/* Is @d who stands for @of, or would, if others were down? Under rcu_read_lock(). */
static inline bool iq_device_stands_for(const struct iq_device *d, const struct iq_device *of)
{
	const struct iq_device *a = rcu_dereference(of->alternate);
	int n;

	for (n = 0; a && n < IQ_DEVICE_ALTERNATES; n++, a = rcu_dereference(a->alternate))
		if (a == d)
			return true;
	return false;
}

/**
 * iq_track_position() - the step that a device is, or stands for; -1: it has no part in it
 *
 * Under rcu_read_lock().
 */
static inline int iq_track_position(const struct iq_track *t, const struct iq_device *d)
{
	int i;

	for (i = 0; i < t->n; i++)
		if (t->device[i] == d)
			return i;
	if (likely(!READ_ONCE(d->stands)))
		return -1;
	for (i = 0; i < t->n; i++)
		if (iq_device_stands_for(d, t->device[i]))
			return i;
	return -1;
}

/* Numbers of views, where a track has some: iq_track.views. @i: a step; -1: outside. */

/** iq_view_inner() - on the inner side of a step: as it comes out of it on the way forward */
static inline u8 iq_view_inner(const struct iq_views *v, int i)
{
	return v->at[2 * i + 2];
}

/** iq_view_outer() - on the outer side of a step: as it is sent there on the way forward */
static inline u8 iq_view_outer(const struct iq_views *v, int i)
{
	return v->at[2 * i + 1];
}

/** iq_view_out() - with which view does a packet come out of step @i, on its way? */
static inline u8 iq_view_out(const struct iq_views *v, int i, int way)
{
	return way == IQ_FORWARD ? iq_view_inner(v, i) : iq_view_outer(v, i);
}

/**
 * iq_view_to() - with which view is it sent to step @i? On the way back -1 is to the client;
 * on the way forward what leaves the chain keeps the view that it has.
 */
static inline u8 iq_view_to(const struct iq_views *v, int i, int way)
{
	return way == IQ_FORWARD ? iq_view_outer(v, i) : iq_view_inner(v, i);
}

/**
 * struct iq_override - clients whose packets go by another track
 *
 * @addr: network order; of IPv4 the first word; bits outside of @mask are 0
 */
struct iq_override {
	struct in6_addr addr;
	struct in6_addr mask;
	struct iq_track *track;
};

/**
 * struct iq_overrides - those of a service, in order
 */
struct iq_overrides {
	u32 n;
	struct iq_override override[];
};

/** iq_override_find() - which track has a client? @client: 4 or 16 bytes, network order */
static inline struct iq_track *iq_override_find(const struct iq_overrides *o, u8 family,
						const void *client)
{
	const struct iq_override *one;
	struct in6_addr addr = {};
	u32 i;

	memcpy(&addr, client, family == AF_INET ? sizeof(__be32) : sizeof(addr));
	for (i = 0, one = o->override; i < o->n; i++, one++)
		if (!ipv6_masked_addr_cmp(&addr, &one->mask, &one->addr))
			return one->track;
	return NULL;
}

#endif /* _IPSEC_QOS_CHAIN_TRACK_H */
