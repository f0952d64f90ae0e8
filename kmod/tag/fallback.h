/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fall-back: marks for protected packets with no group, by DSCP. It is the ESP
 * packet's, for who queues or routes that: what this host decrypts carries what it
 * would without it.
 */
#ifndef _IPSEC_QOS_FALLBACK_H
#define _IPSEC_QOS_FALLBACK_H

#include <linux/netfilter.h>

#include "core/classify.h"
#include "core/net.h"

struct netlink_ext_ack;
struct nlattr;

/**
 * struct iq_fallback - the table; replaced whole under iq_net.config_lock, read under RCU
 *
 * @some: it has an entry
 * @dscp: marks, by DSCP; a mask of 0: none
 */
struct iq_fallback {
	struct rcu_head rcu;
	bool some;
	struct {
		u32 mark;
		u32 mask;
	} dscp[64];
};

/** iq_fallback_get() - the whole table, as a request states it; or an ERR_PTR() */
struct iq_fallback *iq_fallback_get(const struct nlattr *attr,
				    struct netlink_ext_ack *extack);

/** iq_fallback_put() - tell it; NULL: there is none. 0 or -EMSGSIZE */
int iq_fallback_put(struct sk_buff *skb, const struct iq_fallback *f);

/**
 * iq_fallback_mark() - mark a packet with no group, where its DSCP has a mark
 *
 * But not ESP or AH for an SA of this host, as far as the SAD can tell by the mark
 * that the packet has now: what the mark replaces could not be had back.
 */
void iq_fallback_mark(struct iq_net *iqn, struct sk_buff *skb, const struct iq_class *c);

/**
 * iq_fallback_unmark() - take the mark off what is for an SA of this host after all: one
 * with a mark of its own, which a packet gets only later (by nftables) or never (VTI)
 *
 * In LOCAL_IN, behind all who may have waited for the mark: what is decrypted next is
 * still ESP. A fragment other than the first does not matter: its mark is lost when
 * they are put together. Returns a verdict.
 */
unsigned int iq_fallback_unmark(struct iq_net *iqn, struct sk_buff *skb,
				const struct nf_hook_state *state);

#endif /* _IPSEC_QOS_FALLBACK_H */
