/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: requests, dumps and events. Nothing but netlink
 * is in here.
 */
#ifndef _IPSEC_QOS_NETLINK_H
#define _IPSEC_QOS_NETLINK_H

#include <net/genetlink.h>

#include "event.h"
#include "net.h"

struct iq_entry_info;

#define IQ_ANSWER_ONLY { .type = NLA_REJECT, .reject_message = "for answers only" }

extern struct genl_family iq_family;

/* Multicast groups: who keeps the tables is not to miss events for those of nat. */
enum iq_mcgrp {
	IQ_MCGRP_EVENTS,
	IQ_MCGRP_NAT,
};

/** iq_answer() - one to be filled; NULL: no memory */
struct sk_buff *iq_answer(struct genl_info *info, size_t size, void **hdr);

/** iq_reply() - send an answer, or drop it where filling it failed */
int iq_reply(struct genl_info *info, struct sk_buff *skb, void *hdr, int err);
int iq_reply_count(struct genl_info *info, u32 count);

/** iq_put_count() - a nest with a counter; -EMSGSIZE: nothing was written */
int iq_put_count(struct sk_buff *skb, int type, const struct iq_count *c);

/** iq_count_size() - what iq_put_count() needs */
static inline size_t iq_count_size(void)
{
	return nla_total_size(2 * nla_total_size_64bit(sizeof(u64)));
}

/**
 * iq_event_begin() - NULL: nobody listens, or there is no memory
 *
 * @size: of all attributes that will be put in. Each listener's queue is charged with
 *	the whole buffer, so it has room for what is in it and no more.
 *
 * Context: from here to iq_event_end() bottom halves are disabled, or this is a request.
 */
struct sk_buff *iq_event_begin(struct iq_net *iqn, enum iq_mcgrp group,
			       enum ipsec_qos_event event, size_t size, void **hdr);
/** iq_event_end() - send it, or tell listeners that one is lost: @err */
void iq_event_end(struct iq_net *iqn, enum iq_mcgrp group, struct sk_buff *skb,
		  void *hdr, int err);

/*
 * Tells user space, by a multicast group. Nothing is built where nobody listens; an
 * event that finds no memory is lost, and the listener is told so (ENOBUFS).
 */
extern const struct iq_listener iq_netlink_listener;

/** iq_netlink_entry() - the same, of an SA or IKE SA; iq_net.table_lock is held */
void iq_netlink_entry(struct iq_table *t, enum ipsec_qos_event event,
		      const struct iq_entry_info *info);

int iq_netlink_module_init(void);
void iq_netlink_module_exit(void);

#endif /* _IPSEC_QOS_NETLINK_H */
