// SPDX-License-Identifier: GPL-2.0
#include <linux/tcp.h>
#include <net/addrconf.h>

#include "core/classify.h"
#include "core/onward.h"
#include "acl.h"
#include "enter.h"
#include "service.h"
#include "tell.h"

unsigned int iq_pass_drop(const struct iq_pass *p, enum ipsec_qos_service_counter why)
{
	iq_service_count(iq_hit_service(p->chains, &p->hits.hit[p->course.order]), why,
			 p->packets, p->bytes);
	if (unlikely(p->traced))
		iq_tell_drop(p, why);
	return NF_DROP;
}

unsigned int iq_pass_drop_at(const struct iq_pass *p, const struct iq_device *d,
			     enum ipsec_qos_device_counter why)
{
	iq_device_count(d, why, p->packets, p->bytes);
	if (unlikely(p->traced))
		iq_tell_drop(p, 128 | why);
	return NF_DROP;
}

/* As one that is routed. 0: it may; else why not, of enum ipsec_qos_service_counter */
static int iq_enter_routed4(struct iq_pass *p, const struct net_device *in)
{
	struct in_device *in_dev = __in_dev_get_rcu(in);

	/* It was there a moment ago; a device's MTU may have taken it away. */
	if (unlikely(!in_dev))
		return IPSEC_QOS_SERVICE_COUNTER_MARTIAN;
	if (!iq_onward_source4(p->iqn, p->skb, in_dev, LOOPBACK_IFINDEX)) {
		iq_onward_martian(p->skb, in_dev);
		return IPSEC_QOS_SERVICE_COUNTER_MARTIAN;
	}
	return iq_onward_policy4(p->skb, in_dev) ? 0 : IPSEC_QOS_SERVICE_COUNTER_POLICY;
}

static int iq_enter_routed6(struct iq_pass *p, const struct net_device *in)
{
	struct inet6_dev *idev = __in6_dev_get(in);

	if (unlikely(!idev) || !iq_onward_source6(p->skb))
		return IPSEC_QOS_SERVICE_COUNTER_MARTIAN;
	return iq_onward_policy6(p->skb, idev) ? 0 : IPSEC_QOS_SERVICE_COUNTER_POLICY;
}

/* What a service has of its own; its track is nobody else's then. */
static int iq_enter_service(struct iq_pass *p, const struct iq_track *t)
{
	/* The side that is not the service's */
	const void *client = (p->course.way == IQ_FORWARD) == iq_order_server(p->course.order) ?
			     p->tuple.src : p->tuple.dst;

	if (t->flags & IQ_TRACK_F_ACL &&
	    !iq_acl_allow(t->acl, p->in, p->four ? AF_INET : AF_INET6, client, p->packets,
			  p->bytes))
		return IPSEC_QOS_SERVICE_COUNTER_ACL;
	if (t->flags & IQ_TRACK_F_RATE && !iq_rate_take(&t->service->tokens, p->packets, t->rate))
		return IPSEC_QOS_SERVICE_COUNTER_RATE;
	return 0;
}

/*
 * The first packet of a connection? Where its flags are at hand, as they are behind its ports
 * for nearly all.
 */
static bool iq_enter_syn(const struct iq_pass *p)
{
	const struct tcphdr *th;

	if (p->tuple.proto != IPPROTO_TCP || p->course.way != IQ_FORWARD || p->tuple.quote ||
	    p->tuple.later || iq_skb_avail(p->skb) < p->tuple.l4 + sizeof(*th))
		return false;
	th = (const void *)(skb_network_header(p->skb) + p->tuple.l4);
	return th->syn && !th->ack;
}

unsigned int iq_enter(struct iq_pass *p)
{
	const struct iq_track *t = p->course.track;
	const struct net_device *in;
	int why;

	/* Routing tells who has sent it. */
	if (!p->four && unlikely(iq_onward_link6(p->skb)))
		return NF_ACCEPT;
	if (unlikely(t->from_group && t->from_group != p->from &&
		     p->course.way == IQ_FORWARD))
		return iq_pass_drop(p, IPSEC_QOS_SERVICE_COUNTER_FORGED);
	in = iq_onward_in(p->skb);
	why = p->four ? iq_enter_routed4(p, in) : iq_enter_routed6(p, in);
	/* A policy's selector has had ports brought into the linear part, which may have moved. */
	iq_tuple_point(&p->tuple, p->skb, p->four);
	if (likely(!why) && unlikely(t->flags & (IQ_TRACK_F_ACL | IQ_TRACK_F_RATE)))
		why = iq_enter_service(p, t);
	if (unlikely(why))
		return iq_pass_drop(p, why);
	iq_hit_count(&p->hits.hit[p->course.order], p->packets, p->bytes);
	if (unlikely(iq_enter_syn(p)))
		iq_service_count(t->service ?:
				 iq_hit_service(p->chains, &p->hits.hit[p->course.order]),
				 IQ_SERVICE_SYNS, p->packets, p->bytes);
	p->action = t->group ? iq_action_numbered(p->iqn, t->group) : NULL;
	p->view = 0;
	return IQ_CHAIN_GO;
}
