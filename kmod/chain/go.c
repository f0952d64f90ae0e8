// SPDX-License-Identifier: GPL-2.0
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "core/classify.h"
#include "core/onward.h"
#include "answer.h"
#include "chain.h"
#include "copy.h"
#include "enter.h"
#include "rewrite.h"
#include "tell.h"
#include "xmit.h"

/**
 * enum iq_next - where a packet goes
 *
 * @IQ_NEXT_DEVICE: to a device
 * @IQ_NEXT_END: it has the chain behind itself
 * @IQ_NEXT_DROP: nowhere; it was counted
 */
enum iq_next {
	IQ_NEXT_DEVICE,
	IQ_NEXT_END,
	IQ_NEXT_DROP,
};

/* What a packet's service side is to be at a step; NULL: what it is now. -1: the client's end */
static const struct iq_view *iq_go_view(const struct iq_pass *p, int i)
{
	const struct iq_views *v = p->course.track->views;
	u8 number;

	if (likely(!v))
		return NULL;
	number = iq_view_to(v, i, p->course.way);
	return number == p->view ? NULL : &v->view[number];
}

/* Nobody takes what a device is sent. May it go on without? */
static bool iq_go_skip(const struct iq_pass *p, struct iq_device *d)
{
	if (READ_ONCE(d->failure) == IPSEC_QOS_DEVICE_FAILURE_SKIP) {
		iq_device_count(d, IPSEC_QOS_DEVICE_COUNTER_SKIPPED, p->packets, p->bytes);
		return true;
	}
	iq_pass_drop_at(p, d, IPSEC_QOS_DEVICE_COUNTER_DOWN);
	return false;
}

/* @step: of the device; copies for taps on the way there are made */
static enum iq_next iq_go_next(const struct iq_pass *p, int *step, struct iq_device **to)
{
	const struct iq_track *t = p->course.track;
	int inc = p->course.way == IQ_FORWARD ? 1 : -1, i;
	struct iq_device *d, *now;

	for (i = p->course.position + inc; i >= 0 && i < t->n; i += inc) {
		d = t->device[i];
		now = rcu_dereference(d->now);
		if (unlikely(t->taps & BIT(i))) {
			if (now)
				iq_copy(p, now, iq_go_view(p, i));
			continue;
		}
		if (unlikely(i == t->n - 1 && t->flags & IQ_TRACK_F_ROUTED)) {
			/* On the way back that is where it has come from. */
			if (p->course.way == IQ_BACK)
				continue;
			*step = i;
			if (likely(now))
				iq_device_count(now, IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT,
						p->packets, p->bytes);
			return now || iq_go_skip(p, d) ? IQ_NEXT_END : IQ_NEXT_DROP;
		}
		/* It would take it to have left the chain before this one, time and again. */
		if (unlikely(p->past) && (d == p->past || now == p->past))
			continue;
		if (likely(now)) {
			*to = now;
			*step = i;
			return IQ_NEXT_DEVICE;
		}
		if (!iq_go_skip(p, d))
			return IQ_NEXT_DROP;
	}
	*step = -1;
	return IQ_NEXT_END;
}

static u8 iq_go_ttl(const struct iq_pass *p)
{
	return p->four ? ip_hdr(p->skb)->ttl : ipv6_hdr(p->skb)->hop_limit;
}

static void iq_go_older(const struct iq_pass *p)
{
	struct sk_buff *skb = p->skb;

	if (p->four) {
		ip_decrease_ttl(ip_hdr(skb));
		/* As of ip_forward(); a group's priority stays. */
		if (!skb->priority &&
		    READ_ONCE(p->state->net->ipv4.sysctl_ip_fwd_update_priority))
			skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	} else {
		ipv6_hdr(skb)->hop_limit--;
	}
}

static bool iq_go_too_big(const struct iq_pass *p, u32 mtu)
{
	return p->four ? iq_onward_big4(p->skb, mtu) :
			 iq_onward_big6(p->skb, max_t(u32, mtu, IPV6_MIN_MTU));
}

/* Of IPv4, and with leave to be fragmented */
static bool iq_go_split(const struct sk_buff *skb, u32 mtu)
{
	return skb->len > mtu && !(skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu));
}

static bool iq_go_rewrite(struct iq_pass *p, const struct iq_view *v)
{
	return iq_rewrite(p->skb, p->four, &p->tuple, p->course.way == IQ_FORWARD, v);
}

static unsigned int iq_go_to(struct iq_pass *p, struct iq_device *d, const struct iq_view *v)
{
	struct sk_buff *skb = p->skb;
	struct iq_device_way to;
	u32 mtu;

	if (unlikely(!iq_device_way(d, p->course.way, &to) ||
		     !(READ_ONCE(to.dev->flags) & IFF_UP)))
		return iq_pass_drop_at(p, d, IPSEC_QOS_DEVICE_COUNTER_NO_WAY);
	if (unlikely(iq_go_ttl(p) <= 1)) {
		iq_answer_expired(p);
		return iq_pass_drop(p, IPSEC_QOS_SERVICE_COUNTER_TTL);
	}
	mtu = READ_ONCE(to.dev->mtu);
	if (unlikely(skb->len > mtu) && iq_go_too_big(p, mtu)) {
		iq_answer_too_big(p, p->four ? mtu : max_t(u32, mtu, IPV6_MIN_MTU));
		return iq_pass_drop_at(p, d, IPSEC_QOS_DEVICE_COUNTER_TOO_BIG);
	}
	skb_forward_csum(skb);
	if (unlikely(skb_cow(skb, iq_xmit_room(&to))) ||
	    (unlikely(v) && !iq_go_rewrite(p, v)))
		return iq_pass_drop(p, IPSEC_QOS_SERVICE_COUNTER_MEMORY);
	iq_go_older(p);
	iq_device_count(d, p->course.way == IQ_FORWARD ?
			IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT :
			IPSEC_QOS_DEVICE_COUNTER_INNER_SENT, p->packets, p->bytes);
	if (unlikely(p->traced))
		iq_tell_sent(p, d, &to);
	if (unlikely(skb->len > mtu) && p->four && iq_go_split(skb, mtu))
		iq_xmit_split4(skb, &to);
	else
		iq_xmit(skb, &to);
	return NF_STOLEN;
}

/* By routing, if it enters no other chain: IQ_CHAIN_GO says that it does. */
static unsigned int iq_go_end(struct iq_pass *p, const struct iq_view *v)
{
	bool entered = p->course.way == IQ_FORWARD || !iq_order_server(p->course.order);
	unsigned int verdict;

	if (unlikely(v) && !iq_go_rewrite(p, v))
		return iq_pass_drop(p, IPSEC_QOS_SERVICE_COUNTER_MEMORY);
	if (unlikely(p->traced))
		iq_tell_sent(p, NULL, NULL);
	iq_tuple_point(&p->tuple, p->skb, p->four);
	if (unlikely(iq_enter_next(&p->hits, p->course.order, &p->course))) {
		p->past = p->at.device;
		verdict = iq_enter(p);
		if (verdict != NF_ACCEPT)
			return verdict;
	}
	if (entered)
		iq_set_behind_chain(p->skb, p->four ? AF_INET : AF_INET6);
	/* Connection tracking has seen what comes back by nobody, and would call it invalid. */
	nf_reset_ct(p->skb);
	nf_ct_set(p->skb, NULL, IP_CT_UNTRACKED);
	return NF_ACCEPT;
}

unsigned int iq_chain_go(struct iq_pass *p)
{
	const struct iq_view *v = NULL;
	struct iq_device *d;
	enum iq_next next;
	int step;

	/* A group's mark or DSCP may have made it another's copy. */
	iq_tuple_point(&p->tuple, p->skb, p->four);
	next = iq_go_next(p, &step, &d);
	if (unlikely(next == IQ_NEXT_DROP))
		return NF_DROP;
	/* On its way forward what leaves the chain is as it came out of the last device. */
	if (next == IQ_NEXT_DEVICE || step >= 0 || p->course.way == IQ_BACK)
		v = iq_go_view(p, step);
	return likely(next == IQ_NEXT_DEVICE) ? iq_go_to(p, d, v) : iq_go_end(p, v);
}
