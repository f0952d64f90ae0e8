/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's own SAD tells: which SAs are installed and deleted, and
 * which one a clear packet comes out of or goes into.
 */
#ifndef _IPSEC_QOS_XFRM_H
#define _IPSEC_QOS_XFRM_H

#include <linux/skbuff.h>

#include "table.h"

struct xfrm_state;

int iq_xfrm_module_init(void);
void iq_xfrm_module_exit(void);

/**
 * iq_xfrm_key() - what the SA table knows an SA by; false: it is none that it could
 * have (IPComp, a larval SA …)
 */
bool iq_xfrm_key(const struct xfrm_state *x, struct iq_key *key);

/**
 * iq_xfrm_lookup() - the SA that a packet with this key finds by its mark
 *
 * Takes no lock: the SAD is read under RCU. Return: with a reference, which the
 * caller puts; NULL: none.
 */
struct xfrm_state *iq_xfrm_lookup(const struct iq_net *iqn, u32 mark,
				  const struct iq_key *key);

/** iq_xfrm_has_sas() - are there any in the SAD? */
bool iq_xfrm_has_sas(const struct iq_net *iqn);

/** iq_xfrm_look() - if the SAD has an SA, say so to the SA table. Process context. */
void iq_xfrm_look(struct iq_net *iqn, const struct iq_key *key);

/** iq_xfrm_audit_in() - have one made, @delay jiffies from now; any context */
void iq_xfrm_audit_in(struct iq_net *iqn, unsigned long delay);

/** iq_xfrm_audit() - bring the SA table in step with the SAD, now */
void iq_xfrm_audit(struct iq_net *iqn);

/** iq_xfrm_audit_work() - the same, as iq_tag.audit_work */
void iq_xfrm_audit_work(struct work_struct *work);

/**
 * iq_xfrm_decrypted() - what the group does of the SA that a packet is just out of
 *
 * Of nested SAs the innermost that has a group: it is the one whose peer the
 * clear packet is. Under rcu_read_lock(). NULL: none.
 *
 * @packets: to count as the entry's, with @bytes in all; 0: none
 */
const struct iq_action *iq_xfrm_decrypted(struct iq_net *iqn, struct sk_buff *skb,
					  u32 packets, u32 bytes);

/** iq_xfrm_entering() - what the group does of the SA that a packet is on its way into */
const struct iq_action *iq_xfrm_entering(struct iq_net *iqn, struct sk_buff *skb);

#endif /* _IPSEC_QOS_XFRM_H */
