// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "core/netlink.h"
#include "event.h"

void iq_trace_set(struct iq_chains *ch, struct iq_service *s, const struct in6_addr *client,
		  u32 packets)
{
	lockdep_assert_held(&ch->iqn->config_lock);
	if (atomic_xchg(&s->traces, 0))
		atomic_dec(&ch->tracing);
	if (!packets)
		return;
	s->trace_client = client ? *client : in6addr_any;
	atomic_inc(&ch->tracing);
	/* Pairs with iq_trace_due(): who sees that it is traced knows of whom. */
	atomic_set_release(&s->traces, packets);
}

bool iq_trace_due(struct iq_service *s, u8 family, const void *client)
{
	struct in6_addr addr = {};
	int left;

	if (!atomic_read_acquire(&s->traces))
		return false;
	memcpy(&addr, client, family == AF_INET ? sizeof(__be32) : sizeof(addr));
	if (!ipv6_addr_any(&s->trace_client) && !ipv6_addr_equal(&s->trace_client, &addr))
		return false;
	left = atomic_dec_if_positive(&s->traces);
	if (!left)
		atomic_dec(&iq_chains(s->iqn)->tracing);
	return left >= 0;
}

static size_t iq_trace_size(void)
{
	return nla_total_size(4 * nla_total_size(sizeof(u32)) +
			      nla_total_size_64bit(sizeof(u64)) +
			      5 * nla_total_size(sizeof(u8)) + 2 * nla_total_size(IFNAMSIZ) +
			      2 * nla_total_size(ETH_ALEN) + 2 * nla_total_size(sizeof(u16)) +
			      2 * nla_total_size(sizeof(struct in6_addr)));
}

static int iq_put_trace_devs(struct sk_buff *skb, const struct iq_trace *t)
{
	return (t->at && nla_put_u32(skb, IPSEC_QOS_TRACE_A_AT, t->at->object.id)) ||
	       (t->to && nla_put_u32(skb, IPSEC_QOS_TRACE_A_TO, t->to->object.id)) ||
	       (t->in && nla_put_string(skb, IPSEC_QOS_TRACE_A_IN_DEV, t->in->name)) ||
	       (t->in_mac && nla_put(skb, IPSEC_QOS_TRACE_A_IN_MAC, ETH_ALEN, t->in_mac)) ||
	       (t->out && nla_put_string(skb, IPSEC_QOS_TRACE_A_OUT_DEV, t->out->name)) ||
	       (t->out_mac && nla_put(skb, IPSEC_QOS_TRACE_A_OUT_MAC, ETH_ALEN, t->out_mac));
}

static int iq_put_trace(struct sk_buff *skb, const struct iq_service *s,
			const struct iq_trace *t)
{
	int len = t->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_TRACE);

	if (!nest || nla_put_u32(skb, IPSEC_QOS_TRACE_A_SERVICE, s->object.id) ||
	    nla_put_u64_64bit(skb, IPSEC_QOS_TRACE_A_TIME, ktime_get_ns(),
			      IPSEC_QOS_TRACE_A_PAD) ||
	    nla_put_u8(skb, IPSEC_QOS_TRACE_A_BACK, t->back) ||
	    (t->copy && nla_put_u8(skb, IPSEC_QOS_TRACE_A_COPY, 1)) ||
	    (t->drop && nla_put_u8(skb, IPSEC_QOS_TRACE_A_DROP, t->drop)) ||
	    iq_put_trace_devs(skb, t) ||
	    nla_put_u8(skb, IPSEC_QOS_TRACE_A_FAMILY, t->family) ||
	    nla_put_u8(skb, IPSEC_QOS_TRACE_A_PROTO, t->proto) ||
	    nla_put(skb, IPSEC_QOS_TRACE_A_SRC, len, t->src) ||
	    nla_put(skb, IPSEC_QOS_TRACE_A_DST, len, t->dst) ||
	    nla_put_u16(skb, IPSEC_QOS_TRACE_A_SPORT, t->sport) ||
	    nla_put_u16(skb, IPSEC_QOS_TRACE_A_DPORT, t->dport) ||
	    nla_put_u32(skb, IPSEC_QOS_TRACE_A_BYTES, t->bytes))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

void iq_event_trace(struct iq_service *s, const struct iq_trace *t)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(s->iqn, IQ_MCGRP_TRACE, IPSEC_QOS_EVENT_NEW, iq_trace_size(), &hdr);
	if (skb)
		iq_event_end(s->iqn, IQ_MCGRP_TRACE, IPSEC_QOS_EVENT_NEW, skb, hdr,
			     iq_put_trace(skb, s, t));
}
