/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of a packet whose services are known, by where it has come from: does it
 * enter a chain, or go on in one?
 */
#ifndef _IPSEC_QOS_CHAIN_DECIDE_H
#define _IPSEC_QOS_CHAIN_DECIDE_H

#include "attach.h"
#include "key.h"

/*
 * In the order in which chains follow each other, where a packet is of several services:
 * first it leaves who has sent it, then it gets to who it is for.
 */
enum iq_order {
	IQ_ORDER_SERVER_BACK,
	IQ_ORDER_CLIENT_FORWARD,
	IQ_ORDER_SERVER_FORWARD,
	IQ_ORDER_CLIENT_BACK,
	__IQ_ORDERS
};

static inline int iq_order_way(enum iq_order o)
{
	return o == IQ_ORDER_SERVER_BACK || o == IQ_ORDER_CLIENT_BACK ? IQ_BACK : IQ_FORWARD;
}

static inline bool iq_order_server(enum iq_order o)
{
	return o == IQ_ORDER_SERVER_BACK || o == IQ_ORDER_SERVER_FORWARD;
}

/**
 * struct iq_hits - a packet's keys that were found
 *
 * @there: bit n: those of enum iq_order that are
 * @ports: with other ports it may have others
 */
struct iq_hits {
	u8 there;
	bool ports;
	struct iq_hit hit[__IQ_ORDERS];
};

/**
 * enum iq_decision - what becomes of it
 *
 * @IQ_ENTERS: it enters the chain
 * @IQ_GOES_ON: it has come out of a device of the chain
 * @IQ_FORGED: it is dropped: nobody there may send with that address
 * @IQ_STRAY: it is dropped: the device may, but not like this
 */
enum iq_decision {
	IQ_ENTERS,
	IQ_GOES_ON,
	IQ_FORGED,
	IQ_STRAY,
};

/**
 * struct iq_course - where a packet is in a chain
 *
 * @order: of its key
 * @way: IQ_FORWARD, IQ_BACK
 * @position: the step that it has come out of; -1, and on the way back the number of steps:
 *	none
 * @track: of the key, or the one before that
 */
struct iq_course {
	enum iq_order order;
	u8 way;
	s8 position;
	struct iq_track *track;
};

/**
 * iq_enter_next() - which chain may a packet enter, of those behind @from in order? False:
 * none
 *
 * @from: __IQ_ORDERS: of all
 */
static inline bool iq_enter_next(const struct iq_hits *h, enum iq_order from,
				 struct iq_course *c)
{
	enum iq_order o = from == __IQ_ORDERS ? 0 : from + 1;

	for (; o < __IQ_ORDERS; o++) {
		/* What servers send is not to come from elsewhere. */
		if (o == IQ_ORDER_SERVER_BACK || !(h->there & BIT(o)) ||
		    !iq_hit_enters(&h->hit[o]))
			continue;
		c->order = o;
		c->way = iq_order_way(o);
		c->track = h->hit[o].track;
		c->position = c->way == IQ_FORWARD ? -1 : c->track->n;
		return true;
	}
	return false;
}

/* Has @d a part in a chain? @c->order and @c->way are there. */
static inline bool iq_course_part(const struct iq_hit *hit, const struct iq_device *d,
				  struct iq_course *c)
{
	c->track = hit->track;
	c->position = iq_track_position(c->track, d);
	if (unlikely(c->position < 0)) {
		/* It may have been under way when another chain took this one's place. */
		c->track = iq_hit_old(hit);
		if (likely(!c->track))
			return false;
		c->position = iq_track_position(c->track, d);
		if (c->position < 0)
			return false;
	}
	/* Who is behind the last interface, and wants a service, is a client. */
	return c->way == IQ_BACK || c->position < c->track->n - 1 ||
	       !(c->track->flags & IQ_TRACK_F_ROUTED);
}

/* May it have come out of that step like this? */
static inline bool iq_course_may(const struct iq_hit *hit, const struct iq_at *at,
				 const struct iq_course *c)
{
	/* A device with two sides lets through, and answers at the side that it was asked at. */
	if (at->side != IQ_AT_BOTH &&
	    at->side != (c->way == IQ_FORWARD ? IQ_AT_INNER : IQ_AT_OUTER))
		return false;
	return c->track != hit->track || iq_hit_comes_out(hit, c->position, c->way);
}

/**
 * iq_decide() - what becomes of a packet?
 *
 * @at: where it has come from
 * @h: at least one is there
 * @c: of IQ_FORGED and IQ_STRAY only @c->order
 *
 * Under rcu_read_lock().
 */
static inline enum iq_decision iq_decide(const struct iq_at *at, const struct iq_hits *h,
					 struct iq_course *c)
{
	/* By the side that it came out of: first those that it can be. */
	static const u8 tries[][__IQ_ORDERS] = {
		[IQ_AT_OUTER] = { IQ_ORDER_SERVER_BACK, IQ_ORDER_CLIENT_BACK,
				  IQ_ORDER_CLIENT_FORWARD, IQ_ORDER_SERVER_FORWARD },
		[IQ_AT_INNER] = { IQ_ORDER_CLIENT_FORWARD, IQ_ORDER_SERVER_FORWARD,
				  IQ_ORDER_SERVER_BACK, IQ_ORDER_CLIENT_BACK },
		[IQ_AT_BOTH] = { IQ_ORDER_CLIENT_FORWARD, IQ_ORDER_SERVER_FORWARD,
				 IQ_ORDER_SERVER_BACK, IQ_ORDER_CLIENT_BACK },
	};
	enum iq_order stray = __IQ_ORDERS;
	int i;

	for (i = 0; at->device && i < __IQ_ORDERS; i++) {
		c->order = tries[at->side][i];
		if (!(h->there & BIT(c->order)))
			continue;
		c->way = iq_order_way(c->order);
		if (!iq_course_part(&h->hit[c->order], at->device, c))
			continue;
		if (likely(iq_course_may(&h->hit[c->order], at, c)))
			return IQ_GOES_ON;
		if (stray == __IQ_ORDERS)
			stray = c->order;
	}
	if (unlikely(stray != __IQ_ORDERS)) {
		c->order = stray;
		return IQ_STRAY;
	}
	c->order = IQ_ORDER_SERVER_BACK;
	if (h->there & BIT(IQ_ORDER_SERVER_BACK))
		return IQ_FORGED;
	if (likely(iq_enter_next(h, __IQ_ORDERS, c)))
		return IQ_ENTERS;
	c->order = __ffs(h->there);
	return IQ_FORGED;
}

#endif /* _IPSEC_QOS_CHAIN_DECIDE_H */
