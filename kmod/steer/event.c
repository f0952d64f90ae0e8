// SPDX-License-Identifier: GPL-2.0
#include "core/debug.h"
#include "event.h"
#include "netlink.h"
#include "sysfs.h"

void iq_event_element(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_element *e)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&iqn->config_lock);
	iq_debug(iqn, "element %s, id %u: event %d, state %u", e->name, e->target.id, event,
		 e->state);
	/* Folders first: who hears of it finds its folder. */
	iq_sysfs_element(iq_steer(iqn), event, e);
	skb = iq_event_begin(iqn, IQ_MCGRP_STEER, event, iq_element_size(), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_STEER, event, skb, hdr, iq_put_element(skb, e));
}

void iq_event_pool(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_pool *p)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&iqn->config_lock);
	iq_debug(iqn, "pool %s, id %u: event %d, %u members, %u buckets held, %u lent", p->name,
		 p->id, event, p->shares->n, p->shares->held, p->shares->lent);
	iq_sysfs_pool(iq_steer(iqn), event, p);
	skb = iq_event_begin(iqn, IQ_MCGRP_STEER, event, iq_pool_size(p, false), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_STEER, event, skb, hdr,
			     iq_put_pool(skb, p, false));
}

void iq_event_prefix(struct iq_net *iqn, enum ipsec_qos_event event,
		     const struct iq_prefix *p)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&iqn->config_lock);
	iq_debug(iqn, "steered prefix of family %u, length %u, pool %s: event %d", p->family,
		 p->len, p->pool->name, event);
	skb = iq_event_begin(iqn, IQ_MCGRP_STEER, event, iq_prefix_size(), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_STEER, event, skb, hdr, iq_put_prefix(skb, p));
}

static size_t iq_unknown_size(void)
{
	return nla_total_size(2 * nla_total_size(sizeof(u8)) +
			      2 * nla_total_size(sizeof(u32)) +
			      2 * nla_total_size(sizeof(struct in6_addr)));
}

static int iq_put_unknown(struct sk_buff *skb, const struct iq_unknown_spi *u)
{
	int len = u->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_UNKNOWN);

	if (!nest ||
	    nla_put_u8(skb, IPSEC_QOS_UNKNOWN_A_FAMILY, u->family) ||
	    nla_put(skb, IPSEC_QOS_UNKNOWN_A_SRC, len, u->src) ||
	    nla_put(skb, IPSEC_QOS_UNKNOWN_A_DST, len, u->dst) ||
	    nla_put_u32(skb, IPSEC_QOS_UNKNOWN_A_SPI, u->spi) ||
	    nla_put_u8(skb, IPSEC_QOS_UNKNOWN_A_PROTO, u->proto) ||
	    nla_put_u32(skb, IPSEC_QOS_UNKNOWN_A_COUNT, u->count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

void iq_event_unknown(struct iq_net *iqn, const struct iq_unknown_spi *u)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(iqn, IQ_MCGRP_STEER, IPSEC_QOS_EVENT_UNKNOWN_SPI,
			     iq_unknown_size(), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_STEER, IPSEC_QOS_EVENT_UNKNOWN_SPI, skb, hdr,
			     iq_put_unknown(skb, u));
}
