// SPDX-License-Identifier: GPL-2.0
#include "event.h"
#include "service.h"
#include "tell.h"

void iq_tell_due(struct iq_pass *p)
{
	const struct iq_hit *hit = &p->hits.hit[p->course.order];
	struct iq_service *s = hit->track->service ?: iq_hit_service(p->chains, hit);
	const void *client = iq_order_way(p->course.order) == IQ_FORWARD ? p->tuple.src :
									 p->tuple.dst;

	if (s && iq_trace_due(s, p->four ? AF_INET : AF_INET6, client))
		p->traced = s;
}

/* Of the packet itself, which may have moved since it was looked at */
static struct iq_tuple iq_tell_tuple(const struct iq_pass *p)
{
	struct iq_tuple t = p->tuple;

	iq_tuple_point(&t, p->skb, p->four);
	return t;
}

static struct iq_trace iq_tell_of(const struct iq_pass *p, const struct iq_tuple *t, u32 bytes)
{
	return (struct iq_trace) {
		.at = p->at.device,
		.back = iq_order_way(p->course.order) == IQ_BACK,
		.in = p->in,
		.in_mac = p->has_mac ? p->mac : NULL,
		.family = p->four ? AF_INET : AF_INET6,
		.proto = t->proto,
		.src = t->src,
		.dst = t->dst,
		.sport = t->sport,
		.dport = t->dport,
		.bytes = bytes,
	};
}

void iq_tell_drop(const struct iq_pass *p, u8 why)
{
	struct iq_tuple tuple = iq_tell_tuple(p);
	struct iq_trace t = iq_tell_of(p, &tuple, p->bytes);

	t.drop = why;
	iq_event_trace(p->traced, &t);
}

void iq_tell_sent(const struct iq_pass *p, const struct iq_device *d,
		  const struct iq_device_way *to)
{
	struct iq_tuple tuple = iq_tell_tuple(p);
	struct iq_trace t = iq_tell_of(p, &tuple, p->bytes);

	t.to = d;
	if (d) {
		t.out = to->dev;
		t.out_mac = to->bare ? NULL : to->mac;
	}
	iq_event_trace(p->traced, &t);
}

void iq_tell_copied(const struct iq_pass *p, const struct iq_device *d,
		    const struct iq_device_way *to, const struct iq_tuple *tuple, u32 bytes)
{
	struct iq_trace t = iq_tell_of(p, tuple, bytes);

	t.to = d;
	t.copy = true;
	t.out = to->dev;
	t.out_mac = to->bare ? NULL : to->mac;
	iq_event_trace(p->traced, &t);
}
