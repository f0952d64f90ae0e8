// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/xfrm.h>

#include "core/classify.h"
#include "core/frag.h"
#include "core/group.h"
#include "core/hooks.h"
#include "core/trace.h"
#include "claim.h"
#include "fallback.h"
#include "ike.h"
#include "sa.h"
#include "scrub.h"
#include "state.h"
#include "tag.h"
#include "xfrm.h"

static noinline void iq_total_add(struct iq_net *iqn, enum iq_total which,
				  const struct sk_buff *skb, u32 packets)
{
	if (packets)
		iq_counter_add(iq_tag(iqn)->total, which, packets, skb->len);
}

static void iq_untagged_add(struct iq_net *iqn, enum ipsec_qos_untagged reason,
			    const struct sk_buff *skb, u32 packets)
{
	iq_total_add(iqn, IQ_TOTAL_UNTAGGED + reason, skb, packets);
}

static noinline void iq_set_dscp(struct sk_buff *skb, u8 family, u8 dscp)
{
	if (family == AF_INET) {
		if (ipv4_get_dsfield(ip_hdr(skb)) >> 2 == dscp ||
		    skb_ensure_writable(skb, sizeof(struct iphdr)))
			return;
		ipv4_change_dsfield(ip_hdr(skb), INET_ECN_MASK, dscp << 2);
	} else {
		__be32 old, *first;

		if (ipv6_get_dsfield(ipv6_hdr(skb)) >> 2 == dscp ||
		    skb_ensure_writable(skb, sizeof(struct ipv6hdr)))
			return;
		/*
		 * IPv6 has no header checksum to even it out: a checksum that
		 * the device took over the whole packet changes too.
		 */
		first = (__be32 *)ipv6_hdr(skb);
		old = *first;
		ipv6_change_dsfield(ipv6_hdr(skb), INET_ECN_MASK, dscp << 2);
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->csum = csum_add(csum_sub(skb->csum,
						      (__force __wsum)old),
					     (__force __wsum)*first);
	}
}

static void iq_set_mark(struct sk_buff *skb, u32 mark, u32 mask)
{
	skb->mark = (skb->mark & ~mask) | (mark & mask);
}

/*
 * Others have claims to bits of the mask: count where that makes a difference. @left: the
 * rest; @group: whose mark it is, 0: the fall-back's; @packets: to count, 0: none.
 */
static noinline u32 iq_tag_left(struct iq_net *iqn, const struct sk_buff *skb,
				u32 left, const struct iq_marking *set, u32 group,
				u32 packets)
{
	if (packets && (skb->mark ^ set->mark) & set->mask & ~left) {
		local_bh_disable();
		iq_counter_add(iq_tag(iqn)->total, IQ_TOTAL_LEFT, packets, skb->len);
		local_bh_enable();
		if (group && READ_ONCE(iq_tag(iqn)->left_group) != group)
			WRITE_ONCE(iq_tag(iqn)->left_group, group);
	}
	return left;
}

/* What the packet's tracepoints call its SPI */
static u64 iq_spi_of(const struct iq_class *c)
{
	if (c->kind == IQ_SA)
		return c->pkt.spi;
	return c->kind == IQ_IKE ? c->pkt.spi_i : 0;
}

/* Out of line: nothing is saved on the packet's way for what is seldom asked for. */
static noinline __cold void iq_trace_tagged(const struct sk_buff *skb,
					    const struct iq_action *a, u32 mark, u32 mask,
					    enum ipsec_qos_counter what, u64 spi)
{
	if (iq_action_tags(a))
		trace_iq_tagged(a->group->iqn, skb, what, spi, a->group->id, mark, mask);
}

/* @mark: one of @a's; @mask: those bits of @a->mask that are ours */
static void iq_act(struct sk_buff *skb, const struct iq_action *a, u32 mark, u32 mask)
{
	iq_set_mark(skb, mark, mask);
	if (a->priority)
		skb->priority = a->priority;
}

void iq_tag_key(const struct iq_packet *pkt, struct iq_key *key)
{
	*key = (struct iq_key) {
		.family = pkt->family,
		.proto = pkt->proto,
		.spi = cpu_to_be32(pkt->spi),
	};
	if (pkt->family == AF_INET)
		memcpy(key->dst, pkt->dst, sizeof(struct in_addr));
	else
		memcpy(key->dst, pkt->dst, sizeof(struct in6_addr));
}

const struct iq_action *iq_tag_lookup(struct iq_net *iqn, const struct sk_buff *skb,
				      const struct iq_class *c)
{
	struct iq_key key;

	if (c->kind == IQ_IKE)
		return iq_ike_lookup(iqn, c->pkt.spi_i, c->pkt.spi_r, c->packets,
				     skb->len);
	iq_tag_key(&c->pkt, &key);
	return iq_table_lookup(&iq_tag(iqn)->tables[IQ_TABLE_SA], &key, c->packets,
			       skb->len);
}

u32 iq_tag_mask(struct iq_net *iqn, const struct sk_buff *skb, const struct iq_class *c,
		const struct iq_marking *set, u32 group)
{
	u32 left = set->mask;
	struct iq_key key;

	if (!iq_claimed(iqn, left))
		return left;
	if (c->kind == IQ_SA) {
		iq_tag_key(&c->pkt, &key);
		left = iq_claim_esp(iqn, skb, &key, c->in, set);
	} else if (c->kind == IQ_FRAGMENT) {
		/* Of which SA it is it does not say. */
		left &= ~READ_ONCE(iq_tag(iqn)->claimed);
	} else {
		left = iq_claim_other(iqn, skb, set);
	}
	return iq_tag_left(iqn, skb, left, set, group, c->packets);
}

/* The same of a group's: bits that nobody claims cost a packet no more than to see that. */
static noinline u32 iq_tag_group_mask(struct iq_net *iqn, const struct sk_buff *skb,
				      const struct iq_class *c, const struct iq_action *a)
{
	const struct iq_marking set = {
		.mark = a->mark,
		.clear = a->mark_clear,
		.mask = a->mask,
	};

	return iq_tag_mask(iqn, skb, c, &set, a->group->id);
}

/*
 * @mask: as iq_act(); @packets: to count, 0: none; @spi: for a tracepoint. Bottom halves
 * are disabled. There may be more to do: where @a->dscp is not negative.
 */
static __always_inline void iq_tag_with(struct sk_buff *skb,
					const struct iq_action *a, u32 mask,
					enum ipsec_qos_counter which,
					u32 packets, u64 spi)
{
	if (trace_iq_tagged_enabled())
		iq_trace_tagged(skb, a, a->mark, mask, which, spi);
	iq_act(skb, a, a->mark, mask);
	if (likely(packets))
		iq_action_count(a, which, packets, skb->len);
}

/* The rest, of a packet whose action has a DSCP, or whose entry names no group. */
static void iq_tag_more(struct iq_net *iqn, struct sk_buff *skb, const struct iq_action *a,
			enum ipsec_qos_counter which, struct iq_class *c)
{
	if (iq_action_tags(a)) {
		iq_set_dscp(skb, c->pkt.family, a->dscp);
		iq_class_point(c, skb);
		return;
	}
	trace_iq_untagged(iqn, skb, which, iq_spi_of(c), IPSEC_QOS_UNTAGGED_NO_GROUP);
	iq_fallback_mark(iqn, skb, c);
}

/* No entry is that SA's or IKE SA's. */
static void iq_tag_nobodys(struct iq_net *iqn, struct sk_buff *skb,
			   enum ipsec_qos_counter which, const struct iq_class *c)
{
	enum ipsec_qos_untagged reason = c->kind == IQ_IKE ? IPSEC_QOS_UNTAGGED_UNKNOWN_IKE :
							     IPSEC_QOS_UNTAGGED_UNKNOWN_SA;

	trace_iq_untagged(iqn, skb, which, iq_spi_of(c), reason);
	iq_untagged_add(iqn, reason, skb, c->packets);
	iq_fallback_mark(iqn, skb, c);
}

void iq_tag_service(struct iq_net *iqn, struct sk_buff *skb, const struct iq_action *a,
		    u8 family, u32 packets)
{
	const struct iq_class c = { .kind = IQ_OTHER, .in = true, .packets = packets };
	u32 mask = a->mask;

	if (iq_claimed(iqn, mask))
		mask = iq_tag_group_mask(iqn, skb, &c, a);
	iq_act(skb, a, a->mark, mask);
	if (a->dscp >= 0 && iq_action_tags(a))
		iq_set_dscp(skb, family, a->dscp);
}

unsigned int iq_tag_look(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, struct iq_look *look)
{
	struct iq_class *c = &look->class;
	enum ipsec_qos_counter which;
	const struct iq_action *a;
	u32 mask;

	look->plain = false;
	look->action = NULL;
	if (!iq_classify(iqn, skb, state, c))
		return NF_STOLEN;

	switch (c->kind) {
	case IQ_SA:
		which = c->in ? IPSEC_QOS_COUNTER_ESP_IN : IPSEC_QOS_COUNTER_ESP_OUT;
		break;
	case IQ_IKE:
		which = c->in ? IPSEC_QOS_COUNTER_IKE_IN : IPSEC_QOS_COUNTER_IKE_OUT;
		break;
	case IQ_FRAGMENT:
		trace_iq_untagged(iqn, skb, IPSEC_QOS_COUNTER_UNSPEC, 0,
				  IPSEC_QOS_UNTAGGED_FRAGMENT);
		iq_untagged_add(iqn, IPSEC_QOS_UNTAGGED_FRAGMENT, skb, c->packets);
		/* Of UDP it need not be a protected one. */
		if (c->pkt.frag_proto == IPPROTO_ESP || c->pkt.frag_proto == IPPROTO_AH)
			iq_fallback_mark(iqn, skb, c);
		return NF_ACCEPT;
	case IQ_MALFORMED:
		trace_iq_malformed(iqn, skb);
		iq_total_add(iqn, IQ_TOTAL_MALFORMED, skb, c->packets);
		return NF_ACCEPT;
	default:
		return NF_ACCEPT;
	}

	a = iq_tag_lookup(iqn, skb, c);
	look->action = a;
	if (!a) {
		iq_tag_nobodys(iqn, skb, which, c);
		return NF_ACCEPT;
	}
	if (unlikely(c->pkt.first || c->kind == IQ_IKE))
		iq_frag_pair(iqn, &c->pkt);
	mask = a->mask;
	if (iq_claimed(iqn, mask))
		mask = iq_tag_group_mask(iqn, skb, c, a);
	iq_tag_with(skb, a, mask, which, c->packets, iq_spi_of(c));
	if (a->dscp >= 0)
		iq_tag_more(iqn, skb, a, which, c);
	return NF_ACCEPT;
}

noinline unsigned int iq_tag_protected(struct iq_net *iqn, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	struct iq_look look;

	return iq_tag_look(iqn, skb, state, &look);
}

/* Plain ESP that has come in, untagged. What it is need not be found out again. */
static noinline void iq_tag_plain_untagged(struct iq_net *iqn, struct sk_buff *skb,
					   const struct iq_action *a, u8 family, u32 spi)
{
	struct iq_class c = {
		.kind = IQ_SA,
		.in = true,
		.packets = 1,
		.pkt = {
			.family = family,
			.proto = IPPROTO_ESP,
			.dscp = (family == AF_INET ? ipv4_get_dsfield(ip_hdr(skb)) :
				 ipv6_get_dsfield(ipv6_hdr(skb))) >> 2,
			.spi = spi,
		},
	};

	iq_class_point(&c, skb);
	if (a)
		iq_tag_more(iqn, skb, a, IPSEC_QOS_COUNTER_ESP_IN, &c);
	else
		iq_tag_nobodys(iqn, skb, IPSEC_QOS_COUNTER_ESP_IN, &c);
}

/*
 * What is left to do of plain ESP that has come in: what iq_tag_more() does, or it is
 * nobody's, if it has no action.
 */
static noinline void iq_tag_plain_more(struct iq_net *iqn, struct sk_buff *skb,
				       const struct iq_action *a, u8 family, u32 spi)
{
	if (iq_action_tags(a))
		iq_set_dscp(skb, family, a->dscp);
	else if (rcu_access_pointer(iq_tag(iqn)->fallback) || trace_iq_untagged_enabled())
		iq_tag_plain_untagged(iqn, skb, a, family, spi);
	else if (!a)
		iq_untagged_add(iqn, IPSEC_QOS_UNTAGGED_UNKNOWN_SA, skb, 1);
}

/*
 * ESP that has come in, and begins at @off: the commonest packets take the
 * shortest way. What is not @plain, or many in one, takes that of all others.
 *
 * @told: fill in @look; a constant
 */
static __always_inline unsigned int
iq_tag_plain(struct iq_net *iqn, struct sk_buff *skb,
	     const struct nf_hook_state *state, bool plain, u32 off, u8 family,
	     bool told, struct iq_look *look)
{
	const struct ip_esp_hdr *esp = (void *)skb_network_header(skb) + off;
	struct iq_key key = { .family = family, .proto = IPPROTO_ESP };
	const struct iq_action *a;
	bool again;

	/* It may be that, see iq_counted(). */
	again = family == AF_INET ? ipv4_l3mdev_skb(IPCB(skb)->flags) :
				    ipv6_l3mdev_skb(IP6CB(skb)->flags);
	again |= iq_behind_chain(skb, family);
	if (unlikely(!plain || again || skb_is_gso(skb) || READ_ONCE(iq_tag(iqn)->claimed)))
		return told ? iq_tag_look(iqn, skb, state, look) :
			      iq_tag_protected(iqn, skb, state);
	key.spi = esp->spi;
	if (family == AF_INET)
		key.dst[0] = ip_hdr(skb)->daddr;
	else
		key.dst6 = ipv6_hdr(skb)->daddr;
	a = iq_table_lookup_in(&iq_tag(iqn)->tables[IQ_TABLE_SA], &key,
			       iq_store_wide(family), 1, skb->len);
	if (told) {
		look->plain = true;
		look->action = a;
		look->spi = be32_to_cpu(key.spi);
	}
	if (likely(a))
		iq_tag_with(skb, a, a->mask, IPSEC_QOS_COUNTER_ESP_IN, 1,
			    be32_to_cpu(key.spi));
	if (unlikely(!a || a->dscp >= 0))
		iq_tag_plain_more(iqn, skb, a, family, be32_to_cpu(key.spi));
	return NF_ACCEPT;
}

unsigned int iq_tag_esp4(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	return iq_tag_plain(iqn, skb, state, IQ_PLAIN(iq_parse_plain_esp4, skb),
			    IQ_PLAIN_ESP4, AF_INET, false, NULL);
}

unsigned int iq_tag_udp4(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state,
			 const struct iq_ports *ports)
{
	return iq_tag_plain(iqn, skb, state,
			    IQ_PLAIN(iq_parse_plain_udp4, skb, ports),
			    IQ_PLAIN_UDP4, AF_INET, false, NULL);
}

unsigned int iq_tag_esp6(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	return iq_tag_plain(iqn, skb, state, IQ_PLAIN(iq_parse_plain_esp6, skb),
			    IQ_PLAIN_ESP6, AF_INET6, false, NULL);
}

unsigned int iq_tag_look_esp4(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state, struct iq_look *look)
{
	return iq_tag_plain(iqn, skb, state, IQ_PLAIN(iq_parse_plain_esp4, skb),
			    IQ_PLAIN_ESP4, AF_INET, true, look);
}

unsigned int iq_tag_look_udp4(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state,
			      const struct iq_ports *ports, struct iq_look *look)
{
	return iq_tag_plain(iqn, skb, state,
			    IQ_PLAIN(iq_parse_plain_udp4, skb, ports),
			    IQ_PLAIN_UDP4, AF_INET, true, look);
}

unsigned int iq_tag_look_esp6(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state, struct iq_look *look)
{
	return iq_tag_plain(iqn, skb, state, IQ_PLAIN(iq_parse_plain_esp6, skb),
			    IQ_PLAIN_ESP6, AF_INET6, true, look);
}

/* Which bits of a group's mask may be set on a clear packet just out of an SA? */
static u32 iq_tag_decrypted_mask(struct iq_net *iqn, const struct sk_buff *skb,
				 const struct iq_action *a, u32 packets)
{
	struct iq_marking set;

	if (!iq_claimed(iqn, a->mask))
		return a->mask;
	set = (struct iq_marking) {
		.mark = a->mark_clear,
		.clear = a->mark_clear,
		.mask = a->mask,
	};
	return iq_tag_left(iqn, skb, iq_claim_decrypted(iqn, skb, &set), &set,
			   a->group->id, packets);
}

/*
 * A clear packet just out of an SA. Where ESP is decrypted in a device or ahead
 * of routing (esp4_offload, esp6_offload), it has not been here before: then it
 * is counted as ESP as well, with the headers that it had.
 */
static noinline void iq_tag_decrypted(struct iq_net *iqn, struct sk_buff *skb,
				      const struct nf_hook_state *state, u8 proto)
{
	struct sec_path *sp = skb_sec_path(skb);
	u32 packets = iq_skb_packets(skb), bytes;
	bool count = !iq_counted(skb, state) && !iq_frag_waited(skb), esp;
	const struct iq_action *a;
	u32 mask;
	u8 last;
	int i;

	/* Decrypted by the device, but not out of ESP yet. */
	if (!sp->len || (sp->olen && (proto == IPPROTO_ESP || proto == IPPROTO_UDP)))
		return;
	/* IPComp leaves small packets as they are, in IP in IP: counted as that. */
	last = sp->xvec[sp->len - 1]->id.proto;
	if (last == IPPROTO_IPIP || last == IPPROTO_IPV6)
		count = false;
	esp = count && sp->ovec[0].flags & XFRM_GRO;
	/* One that was in a tunnel has been here as what came out of that. */
	for (i = 0; i < sp->len - 1; i++)
		if (sp->xvec[i]->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL)
			esp = false;
	bytes = skb->len + packets * sp->xvec[0]->props.header_len;
	a = iq_xfrm_decrypted(iqn, skb, esp ? packets : 0, bytes);
	if (!a) {
		if (!esp)
			return;
		trace_iq_untagged(iqn, skb, IPSEC_QOS_COUNTER_ESP_IN,
				  be32_to_cpu(sp->xvec[0]->id.spi),
				  IPSEC_QOS_UNTAGGED_DECRYPTED);
		iq_counter_add(iq_tag(iqn)->total,
			       IQ_TOTAL_UNTAGGED + IPSEC_QOS_UNTAGGED_DECRYPTED,
			       packets, bytes);
		return;
	}
	if (esp)
		iq_action_count(a, IPSEC_QOS_COUNTER_ESP_IN, packets, bytes);
	if (count && !iq_scrub_counts(sp->xvec[sp->len - 1]))
		iq_action_count(a, IPSEC_QOS_COUNTER_CLEAR_IN, packets, skb->len);
	mask = iq_tag_decrypted_mask(iqn, skb, a, count ? packets : 0);
	if (trace_iq_tagged_enabled())
		iq_trace_tagged(skb, a, a->mark_clear, mask, IPSEC_QOS_COUNTER_CLEAR_IN,
				be32_to_cpu(sp->xvec[sp->len - 1]->id.spi));
	iq_act(skb, a, a->mark_clear, mask);
}

unsigned int iq_tag_slow(struct iq_net *iqn, struct sk_buff *skb,
			 const struct nf_hook_state *state, struct iq_look *look)
{
	bool ipv4 = state->pf == NFPROTO_IPV4;

	if (secpath_exists(skb))
		iq_tag_decrypted(iqn, skb, state, ipv4 ? ip_hdr(skb)->protocol :
							 ipv6_hdr(skb)->nexthdr);
	if (ipv4 ? iq_tag_may_ipv4(skb) : iq_tag_may_ipv6(skb))
		return iq_tag_look(iqn, skb, state, look);
	look->plain = false;
	look->class.kind = IQ_OTHER;
	return NF_ACCEPT;
}

/* In process context, more often than not. */
unsigned int iq_tag_local(struct iq_net *iqn, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = iq_tag_protected(iqn, skb, state);
	local_bh_enable();
	return verdict;
}

/*
 * Which bits of a group's mask may be set on a clear packet on its way into an SA?
 * @again: the policy is still to be looked for again
 */
static u32 iq_tag_entering_mask(struct iq_net *iqn, const struct sk_buff *skb,
				const struct iq_action *a, bool again, u32 packets)
{
	struct iq_marking set;
	u32 left;

	if (!iq_claimed(iqn, a->mask))
		return a->mask;
	set = (struct iq_marking) {
		.mark = a->mark,
		.clear = a->mark,
		.mask = a->mask,
	};
	left = iq_claim_entering(skb, &set);
	/* With another source it may be another policy's. */
	if (again)
		left &= iq_claim_other(iqn, skb, &set);
	/* A policy that wants what clear packets carry has the group's. */
	if (!((skb->mark ^ a->mark_clear) & a->mask))
		packets = 0;
	return iq_tag_left(iqn, skb, left, &set, a->group->id, packets);
}

unsigned int iq_tag_entering(struct iq_net *iqn, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct iq_action *a = iq_xfrm_entering(iqn, skb);

	if (a)
		iq_act(skb, a, a->mark, iq_tag_entering_mask(iqn, skb, a, true, 0));
	return NF_ACCEPT;
}

unsigned int iq_tag_leaving(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct iq_action *a = iq_xfrm_entering(iqn, skb);
	u32 packets, mask;

	if (!a)
		return NF_ACCEPT;
	packets = iq_second_pass(skb, state) ? 0 : iq_skb_packets(skb);
	if (packets) {
		local_bh_disable();
		iq_action_count(a, IPSEC_QOS_COUNTER_CLEAR_OUT, packets, skb->len);
		local_bh_enable();
	}
	mask = iq_tag_entering_mask(iqn, skb, a, false, packets);
	if (trace_iq_tagged_enabled())
		iq_trace_tagged(skb, a, a->mark, mask, IPSEC_QOS_COUNTER_CLEAR_OUT,
				be32_to_cpu(skb_dst(skb)->xfrm->id.spi));
	if (!(skb->mark & mask))
		iq_act(skb, a, a->mark, mask);
	return NF_ACCEPT;
}

unsigned int iq_tag_forward(struct iq_net *iqn, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	struct iq_class c = { .in = true };	/* it has been counted */
	const struct iq_action *a = NULL;

	c.kind = iq_parse_skb(iqn, skb, &c.pkt);
	if (c.kind == IQ_FRAGMENT)
		iq_frag_recall(iqn, NULL, state, &c.pkt, &c.kind, 0);
	if (c.kind == IQ_SA || c.kind == IQ_IKE)
		a = iq_tag_lookup(iqn, skb, &c);
	if (!iq_action_tags(a) && secpath_exists(skb))
		a = iq_xfrm_decrypted(iqn, skb, 0, 0);
	if (a && a->priority)
		skb->priority = a->priority;
	return NF_ACCEPT;
}

int iq_tag_update(struct iq_net *iqn, bool tag, bool fallback, bool priority)
{
	bool had = iq_hooks_there(iqn, IQ_HOOKS_TAG);
	bool had_out = iq_hooks_there(iqn, IQ_HOOKS_OUT);
	bool had_fallback = iq_hooks_there(iqn, IQ_HOOKS_FALLBACK);
	int err;

	lockdep_assert_held(&iqn->config_lock);
	err = tag ? iq_frag_init(iqn) : 0;
	if (!err && tag)
		err = iq_claim_start(iqn);
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_TAG, tag);
	if (err)
		return err;
	if (!tag)
		WRITE_ONCE(iq_tag(iqn)->own_sas, false);
	else if (iq_xfrm_has_sas(iqn))
		WRITE_ONCE(iq_tag(iqn)->own_sas, true);
	err = iq_hooks_update(iqn, IQ_HOOKS_FALLBACK, fallback);
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_OUT, iq_tag(iqn)->own_sas);
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_PRIORITY, priority);
	if (err && !had_out) {
		/* Whoever comes next, or the audit, is to try again. */
		WRITE_ONCE(iq_tag(iqn)->own_sas, false);
		iq_hooks_update(iqn, IQ_HOOKS_OUT, false);
	}
	if (err && !had_fallback)
		iq_hooks_update(iqn, IQ_HOOKS_FALLBACK, false);
	if (err && !had)
		iq_hooks_update(iqn, IQ_HOOKS_TAG, false);
	iq_scrub_update(iqn, iq_hooks_there(iqn, IQ_HOOKS_TAG));
	return err;
}

int iq_tag_own_sas(struct iq_net *iqn)
{
	int err;

	if (iq_tag(iqn)->own_sas || !iq_hooks_there(iqn, IQ_HOOKS_TAG))
		return 0;
	WRITE_ONCE(iq_tag(iqn)->own_sas, true);
	err = iq_tag_update(iqn, true, iq_hooks_there(iqn, IQ_HOOKS_FALLBACK),
			    iq_hooks_there(iqn, IQ_HOOKS_PRIORITY));
	if (err)
		WRITE_ONCE(iq_tag(iqn)->own_sas, false);
	return err;
}
