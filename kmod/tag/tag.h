/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks: where packets are looked up and marked.
 */
#ifndef _IPSEC_QOS_TAG_H
#define _IPSEC_QOS_TAG_H

#include <linux/netfilter.h>

#include "core/group.h"
#include "core/net.h"

struct iq_key;

/** iq_tag_parse() - and bring a packet's headers into the linear part where need be */
enum iq_kind iq_tag_parse(struct sk_buff *skb, const struct iq_settings *settings,
			  struct iq_packet *pkt);

/** iq_tag_key() - what a packet of kind IQ_SA has as key in the SA table */
void iq_tag_key(const struct iq_packet *pkt, struct iq_key *key);

/**
 * iq_tag_lookup() - whose is it? NULL: nobody's that is known here
 *
 * @packets: to count as the entry's, 0: none
 */
const struct iq_action *iq_tag_lookup(struct iq_net *iqn, const struct sk_buff *skb,
				      enum iq_kind kind, const struct iq_packet *pkt,
				      u32 packets);

/**
 * iq_tag_mask() - which bits of @mask may be set to @mark on a protected packet?
 *
 * @in: it has come in, or was made here
 * @group: whose mark it is, 0: the fall-back's
 * @packets: to count where bits are left to others, 0: none
 */
u32 iq_tag_mask(struct iq_net *iqn, const struct sk_buff *skb, enum iq_kind kind,
		const struct iq_packet *pkt, bool in, u32 mark, u32 mask, u32 group,
		u32 packets);

/**
 * iq_tag_update() - register the hooks that are needed, and no others
 *
 * @tag: there is something to tag with: groups or a fall-back table
 * @fallback: there is such a table
 * @priority: a group has a priority: ip_forward() writes skb->priority anew,
 *	so forwarded packets need another look after it
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or -ENOMEM; with all
 * false it does not fail.
 */
int iq_tag_update(struct iq_net *iqn, bool tag, bool fallback, bool priority);

/**
 * iq_tag_own_sas() - this host has SAs of its own, or will in a moment: from now
 * on clear packets on their way into one are looked for; until then a router's
 * packets pass one hook less. As iq_tag_update().
 */
int iq_tag_own_sas(struct iq_net *iqn);

#endif /* _IPSEC_QOS_TAG_H */
