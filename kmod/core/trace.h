/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what became of a packet, and why. Each bears the number of the network
 * namespace, which is its inode's: stat -Lc %i /run/netns/NAME. Addresses are text, and
 * fields have the same names everywhere, so that one filter fits all:
 *
 *	netns == 4026531840 && (src == "192.0.2.1" || dst == "192.0.2.1")
 *
 * ipsec-qos trace reads them. One that nobody asked for costs a packet a jump that is
 * not taken.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ipsec_qos

#if !defined(_IPSEC_QOS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IPSEC_QOS_TRACE_H

#include <linux/genetlink.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tracepoint.h>
#include <uapi/linux/ipsec_qos.h>

#include "net.h"

#ifndef _IPSEC_QOS_TRACE_TYPES
#define _IPSEC_QOS_TRACE_TYPES

#define IQ_TRACE_ADDR	40	/* of an IPv6 address as text */

/* The address in the IP header, as text, into IQ_TRACE_ADDR bytes */
static inline void iq_trace_addr(char *text, const struct sk_buff *skb, bool dst)
{
	if (ip_hdr(skb)->version == 4)
		snprintf(text, IQ_TRACE_ADDR, "%pI4",
			 dst ? &ip_hdr(skb)->daddr : &ip_hdr(skb)->saddr);
	else
		snprintf(text, IQ_TRACE_ADDR, "%pI6c",
			 dst ? &ipv6_hdr(skb)->daddr : &ipv6_hdr(skb)->saddr);
}

#endif /* _IPSEC_QOS_TRACE_TYPES */

TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_UNSPEC);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_ESP_IN);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_ESP_OUT);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_IKE_IN);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_IKE_OUT);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_CLEAR_IN);
TRACE_DEFINE_ENUM(IPSEC_QOS_COUNTER_CLEAR_OUT);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_NEW);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_CHANGE);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_DEL);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_EXPIRE);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_CEILING);
TRACE_DEFINE_ENUM(IPSEC_QOS_EVENT_NAT_COLLISION);
TRACE_DEFINE_ENUM(IPSEC_QOS_UNTAGGED_UNKNOWN_SA);
TRACE_DEFINE_ENUM(IPSEC_QOS_UNTAGGED_UNKNOWN_IKE);
TRACE_DEFINE_ENUM(IPSEC_QOS_UNTAGGED_FRAGMENT);
TRACE_DEFINE_ENUM(IPSEC_QOS_UNTAGGED_DECRYPTED);
TRACE_DEFINE_ENUM(IPSEC_QOS_UNTAGGED_NO_GROUP);

#define iq_show_counter(which)						\
	__print_symbolic(which,						\
		{ IPSEC_QOS_COUNTER_UNSPEC,	"unknown" },		\
		{ IPSEC_QOS_COUNTER_ESP_IN,	"esp_in" },		\
		{ IPSEC_QOS_COUNTER_ESP_OUT,	"esp_out" },		\
		{ IPSEC_QOS_COUNTER_IKE_IN,	"ike_in" },		\
		{ IPSEC_QOS_COUNTER_IKE_OUT,	"ike_out" },		\
		{ IPSEC_QOS_COUNTER_CLEAR_IN,	"clear_in" },		\
		{ IPSEC_QOS_COUNTER_CLEAR_OUT,	"clear_out" })

#define iq_show_event(event)						\
	__print_symbolic(event,						\
		{ IPSEC_QOS_EVENT_NEW,		"new" },		\
		{ IPSEC_QOS_EVENT_CHANGE,	"change" },		\
		{ IPSEC_QOS_EVENT_DEL,		"del" },		\
		{ IPSEC_QOS_EVENT_EXPIRE,	"expire" },		\
		{ IPSEC_QOS_EVENT_CEILING,	"ceiling" },		\
		{ IPSEC_QOS_EVENT_NAT_COLLISION, "collision" })

#define iq_show_untagged(reason)					\
	__print_symbolic(reason,					\
		{ IPSEC_QOS_UNTAGGED_UNKNOWN_SA, "unknown_sa" },	\
		{ IPSEC_QOS_UNTAGGED_UNKNOWN_IKE, "unknown_ike" },	\
		{ IPSEC_QOS_UNTAGGED_FRAGMENT,	"fragment" },		\
		{ IPSEC_QOS_UNTAGGED_DECRYPTED,	"decrypted" },		\
		{ IPSEC_QOS_UNTAGGED_NO_GROUP,	"no_group" })

/*
 * @spi: of ESP and AH 32 bits; of IKE the initiator's; of a clear packet that of the SA
 *	which it is going into, or has come out of
 * @group: its id
 * @mask: those bits of the group's mask that are not left to others
 */
TRACE_EVENT(iq_tagged,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb,
		 enum ipsec_qos_counter what, u64 spi, u32 group, u32 mark, u32 mask),
	TP_ARGS(iqn, skb, what, spi, group, mark, mask),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(u32, what)
		__field(u64, spi)
		__array(char, src, IQ_TRACE_ADDR)
		__array(char, dst, IQ_TRACE_ADDR)
		__field(u32, len)
		__field(u32, group)
		__field(u32, mark)
		__field(u32, mask)
	),
	TP_fast_assign(
		__entry->netns = iqn->net->ns.inum;
		__entry->what = what;
		__entry->spi = spi;
		iq_trace_addr(__entry->src, skb, false);
		iq_trace_addr(__entry->dst, skb, true);
		__entry->len = skb->len;
		__entry->group = group;
		__entry->mark = mark;
		__entry->mask = mask;
	),
	TP_printk("netns=%u what=%s spi=0x%llx src=%s dst=%s len=%u group=%u mark=0x%x mask=0x%x",
		  __entry->netns, iq_show_counter(__entry->what), __entry->spi,
		  __entry->src, __entry->dst, __entry->len, __entry->group,
		  __entry->mark, __entry->mask)
);

/* As above. @what: 0, IPSEC_QOS_COUNTER_UNSPEC, as @spi: the packet does not say. */
TRACE_EVENT(iq_untagged,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb,
		 enum ipsec_qos_counter what, u64 spi, enum ipsec_qos_untagged reason),
	TP_ARGS(iqn, skb, what, spi, reason),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(u32, what)
		__field(u64, spi)
		__array(char, src, IQ_TRACE_ADDR)
		__array(char, dst, IQ_TRACE_ADDR)
		__field(u32, len)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->netns = iqn->net->ns.inum;
		__entry->what = what;
		__entry->spi = spi;
		iq_trace_addr(__entry->src, skb, false);
		iq_trace_addr(__entry->dst, skb, true);
		__entry->len = skb->len;
		__entry->reason = reason;
	),
	TP_printk("netns=%u what=%s spi=0x%llx src=%s dst=%s len=%u reason=%s",
		  __entry->netns, iq_show_counter(__entry->what), __entry->spi,
		  __entry->src, __entry->dst, __entry->len,
		  iq_show_untagged(__entry->reason))
);

DECLARE_EVENT_CLASS(iq_packet,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb),
	TP_ARGS(iqn, skb),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(char, src, IQ_TRACE_ADDR)
		__array(char, dst, IQ_TRACE_ADDR)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->netns = iqn->net->ns.inum;
		iq_trace_addr(__entry->src, skb, false);
		iq_trace_addr(__entry->dst, skb, true);
		__entry->len = skb->len;
	),
	TP_printk("netns=%u src=%s dst=%s len=%u", __entry->netns, __entry->src,
		  __entry->dst, __entry->len)
);

/* It is protected, by its protocol or ports, and too short for what its headers say. */
DEFINE_EVENT(iq_packet, iq_malformed,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb),
	TP_ARGS(iqn, skb)
);

/* A later fragment waits for the first. */
DEFINE_EVENT(iq_packet, iq_held,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb),
	TP_ARGS(iqn, skb)
);

/* ESP that came from outside to an address of a rule of translation, at first sight */
DECLARE_EVENT_CLASS(iq_match,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb, u32 rule,
		 __be32 spi, __be32 inside),
	TP_ARGS(iqn, skb, rule, spi, inside),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(u32, rule)
		__field(u64, spi)
		__array(char, src, IQ_TRACE_ADDR)
		__array(char, dst, IQ_TRACE_ADDR)
		__array(char, inside, IQ_TRACE_ADDR)
	),
	TP_fast_assign(
		__entry->netns = iqn->net->ns.inum;
		__entry->rule = rule;
		__entry->spi = be32_to_cpu(spi);
		iq_trace_addr(__entry->src, skb, false);
		iq_trace_addr(__entry->dst, skb, true);
		snprintf(__entry->inside, IQ_TRACE_ADDR, "%pI4", &inside);
	),
	TP_printk("netns=%u rule=%u spi=0x%llx src=%s dst=%s inside=%s",
		  __entry->netns, __entry->rule, __entry->spi, __entry->src,
		  __entry->dst, __entry->inside)
);

/* It is @inside's. */
DEFINE_EVENT(iq_match, iq_matched,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb, u32 rule,
		 __be32 spi, __be32 inside),
	TP_ARGS(iqn, skb, rule, spi, inside)
);

/* It may be several nodes'; @inside: who gets it, 0.0.0.0: nobody */
DEFINE_EVENT(iq_match, iq_collided,
	TP_PROTO(const struct iq_net *iqn, const struct sk_buff *skb, u32 rule,
		 __be32 spi, __be32 inside),
	TP_ARGS(iqn, skb, rule, spi, inside)
);

/*
 * Listeners of a multicast group of the netlink family are told.
 *
 * @what: enum ipsec_qos_event
 */
TRACE_EVENT(iq_event,
	TP_PROTO(const struct iq_net *iqn, const char *group,
		 enum ipsec_qos_event what, u32 len),
	TP_ARGS(iqn, group, what, len),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(char, multicast, GENL_NAMSIZ)
		__field(u32, what)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->netns = iqn->net->ns.inum;
		strscpy(__entry->multicast, group, GENL_NAMSIZ);
		__entry->what = what;
		__entry->len = len;
	),
	TP_printk("netns=%u what=%s multicast=%s len=%u", __entry->netns,
		  iq_show_event(__entry->what), __entry->multicast, __entry->len)
);

#endif /* _IPSEC_QOS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
