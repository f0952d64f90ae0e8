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

/**
 * iq_element_send() - send a packet to an element, and count it there; or drop it and count
 * why, and tell the sender where one that forwards does
 *
 * @which: as what it counts if it is sent
 *
 * Under rcu_read_lock(), bottom halves are disabled.
 * Return: NF_STOLEN, NF_DROP; NF_ACCEPT: it is none that may be forwarded (it is not for this
 * host's link address, it has a socket), and goes where it would without us
 */
unsigned int iq_element_send(const struct iq_element *e, struct sk_buff *skb,
			     const struct nf_hook_state *state,
			     enum ipsec_qos_element_counter which);

/** iq_element_forget() - routes that are kept for it go; any context */
void iq_element_forget(struct iq_element *e);

/** iq_element_problem() - why nothing gets to it now; process context, config_lock is held */
enum ipsec_qos_element_problem iq_element_problem(struct iq_element *e);

#endif /* _IPSEC_QOS_STEER_SEND_H */
