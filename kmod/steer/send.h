/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets on their way to an element, as ip_forward() would send them on but for where they
 * go: through FORWARD and POST_ROUTING, never LOCAL_OUT.
 */
#ifndef _IPSEC_QOS_STEER_SEND_H
#define _IPSEC_QOS_STEER_SEND_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "element.h"

struct iq_steer;

/* For packets: under rcu_read_lock(), bottom halves are disabled. */

/**
 * iq_element_send() - send a packet to an element, and count it there; or drop it and count
 * why, and tell the sender where one that forwards does
 *
 * @which: as what it counts if it is sent
 *
 * Only where iq_onward_may().
 * Return: NF_STOLEN, NF_DROP
 */
unsigned int iq_element_send(const struct iq_element *e, struct sk_buff *skb,
			     const struct nf_hook_state *state,
			     enum ipsec_qos_element_counter which);

/** iq_element_copy() - send a copy of it, which the caller still has */
void iq_element_copy(const struct iq_element *e, struct sk_buff *skb,
		     const struct nf_hook_state *state, enum ipsec_qos_element_counter which);

/**
 * iq_element_may_output() - may a packet that this host has made be sent to an element?
 *
 * False: it goes where its address leads: into an SA; or to an address of this host, and
 * then it comes in by the loopback device.
 */
bool iq_element_may_output(const struct sk_buff *skb);

/**
 * iq_element_output() - as iq_element_send(), what this host has made: as it would go out
 * but for where it goes. In LOCAL_OUT, behind all others there: they have seen it.
 *
 * Only where iq_element_may_output().
 */
unsigned int iq_element_output(const struct iq_element *e, struct sk_buff *skb,
			       const struct nf_hook_state *state,
			       enum ipsec_qos_element_counter which);

/**
 * iq_element_came_from() - has a packet come from where an element's next hop is?
 *
 * Told by the device, and where that has neighbours by its link address.
 */
bool iq_element_came_from(const struct iq_element *e, struct sk_buff *skb,
			  const struct nf_hook_state *state);

/**
 * iq_element_forget() - routes that are kept for it go; any context
 *
 * Whoever frees an element has said so before, when packets could no longer find it.
 */
void iq_element_forget(struct iq_element *e);

/** iq_routes_forget() - likewise those of all elements */
void iq_routes_forget(struct iq_steer *st);

/** iq_element_problem() - why nothing gets to it now; process context, config_lock is held */
enum ipsec_qos_element_problem iq_element_problem(struct iq_element *e);

/** iq_send_init() - of a namespace, before its first element; process context; 0 or an errno */
int iq_send_init(struct iq_steer *st);

/** iq_send_exit() - that goes; its elements may be there still, but are found no longer */
void iq_send_exit(struct iq_steer *st);

/** iq_send_load() - once, before all namespaces; 0 or an errno */
int iq_send_load(void);

/** iq_send_unload() - behind all of them */
void iq_send_unload(void);

#endif /* _IPSEC_QOS_STEER_SEND_H */
