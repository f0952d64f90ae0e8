/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet's way through chains: what path.c calls for one that has come in. Under
 * rcu_read_lock(), bottom halves are disabled.
 */
#ifndef _IPSEC_QOS_CHAIN_H
#define _IPSEC_QOS_CHAIN_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "core/action.h"
#include "decide.h"
#include "tuple.h"

struct iq_service;

/* A verdict of iq_chain_look() alone: iq_chain_go() says what becomes of it. */
#define IQ_CHAIN_GO	(NF_MAX_VERDICT + 1)

/**
 * struct iq_pass - a packet's stay in this host between two devices
 *
 * @four: it is of IPv4, else of IPv6
 * @packets: as how many it counts
 * @bytes: of all of them
 * @from: group of the SA that it is just out of; NULL: of none
 * @in: the interface that it came in by
 * @mac: the source's link address, as it came; valid if @has_mac
 * @tuple: what it is now
 * @at: the device that it came from
 * @past: the device that has had it as another chain's last; NULL: none
 * @view: of @course.track, what the packet's service side is now; see track.h
 * @traced: whose events it is told by; NULL: nobody asks
 * @action: of the service's group; NULL: there is none, or it was applied
 */
struct iq_pass {
	struct iq_net *iqn;
	struct iq_chains *chains;
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	bool four;
	bool has_mac;
	u8 mac[ETH_ALEN];
	u8 view;
	u32 packets;
	u32 bytes;
	const struct iq_group *from;
	const struct net_device *in;
	struct iq_tuple tuple;
	struct iq_at at;
	const struct iq_device *past;
	struct iq_course course;
	struct iq_service *traced;
	const struct iq_action *action;
	struct iq_hits hits;
};

/**
 * iq_chain_nobodys() - can it be seen from its addresses alone that a packet is of no service?
 *
 * It may be right where this says that it is not.
 */
bool iq_chain_nobodys(const struct iq_chains *ch, const struct sk_buff *skb, bool four);

/**
 * iq_chain_look() - whose is it, and may it go through that service's chain?
 *
 * @p: @iqn, @skb, @state and @from are there; all else is filled in
 *
 * Return: IQ_CHAIN_GO: it goes through one, and enters it where @p->action or
 *	iq_chain_enters() says so; or a verdict
 */
unsigned int iq_chain_look(struct iq_pass *p);

/** iq_chain_enters() - does it come from outside? */
static inline bool iq_chain_enters(const struct iq_pass *p)
{
	return p->course.position < 0 || p->course.position == p->course.track->n;
}

/** iq_chain_go() - it goes to the next device, or by routing. Return: a verdict */
unsigned int iq_chain_go(struct iq_pass *p);

/**
 * iq_chain_answer() - what this host sends: is it the answer to a packet that a device has
 * sent, and goes back there? Only ICMP errors are. Return: a verdict
 */
unsigned int iq_chain_answer(struct sk_buff *skb, const struct nf_hook_state *state);

#endif /* _IPSEC_QOS_CHAIN_H */
