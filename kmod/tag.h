/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks: where packets are looked up and marked.
 */
#ifndef _IPSEC_QOS_TAG_H
#define _IPSEC_QOS_TAG_H

#include <linux/netfilter_ipv4.h>

#include "net.h"

/*
 * Just after connection tracking's reassembly, where there is one, and before
 * everything in which a user would ask for the mark: raw, conntrack, mangle, nat
 * and filter. The same number for IPv6.
 */
#define IQ_TAG_PRIORITY	(NF_IP_PRI_CONNTRACK_DEFRAG + 1)

/**
 * iq_tag_update() - register the hooks that are needed, and no others
 *
 * @tag: there is something to tag with: groups or a fall-back table
 * @priority: a group has a priority: ip_forward() writes skb->priority anew,
 *	so forwarded packets need another look after it
 *
 * Context: process, iq_net.config is held. Return: 0 or -ENOMEM; with both
 * false it does not fail.
 */
int iq_tag_update(struct iq_net *iqn, bool tag, bool priority);

/**
 * iq_tag_own_sas() - this host has SAs of its own, or will in a moment: from now
 * on clear packets on their way into one are looked for; until then a router's
 * packets pass one hook less. As iq_tag_update().
 */
int iq_tag_own_sas(struct iq_net *iqn);

#endif /* _IPSEC_QOS_TAG_H */
