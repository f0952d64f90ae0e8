/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that scrub packets, and so hide which SA a clear one came out of: VTIs, and
 * XFRM interfaces in another network namespace than their SAs. What comes out of one
 * has no sec_path any more (skb_scrub_packet(), xfrmi_scrub_packet()), so its packets
 * are seen in the moment before: as the kernel asks the handlers of a protocol whose a
 * decrypted packet is (xfrm_rcv_cb()).
 *
 * Of a VTI the clear packet has kept the mark of its ESP packet. There the group's
 * is taken off again: routing by it would send the packet into the VTI that it
 * came from.
 */
#ifndef _IPSEC_QOS_SCRUB_H
#define _IPSEC_QOS_SCRUB_H

#include <net/xfrm.h>

#include "core/net.h"

extern bool iq_scrub_watched;

int iq_scrub_module_init(void);
void iq_scrub_module_exit(void);

/**
 * iq_scrub_exit() - a namespace's state goes: forget what devices hide its SAs
 *
 * With iq_scrub_lock held it takes the state away, so that none is added any more.
 * Context: process; what packets find is not looked for any more.
 */
void iq_scrub_exit(struct iq_net *iqn);

/**
 * iq_scrub_update() - does a namespace have something to tag with?
 *
 * Where one has, and there is a device that hides SAs, decrypted packets are
 * watched: not before, as that costs each of them two calls. Context: process,
 * iq_net.config_lock is held.
 */
void iq_scrub_update(struct iq_net *iqn, bool tag);

/**
 * iq_scrub_vti_takes() - does a VTI that is up take an SA or a policy with this
 * mark, by its key and addresses?
 *
 * @iqn: the namespace of the SA
 *
 * Context: any, under rcu_read_lock().
 */
bool iq_scrub_vti_takes(const struct iq_net *iqn, u16 family,
			const xfrm_address_t *local, const xfrm_address_t *remote,
			const struct xfrm_mark *mark);

/**
 * iq_scrub_counts() - is a clear packet counted before it reaches the hooks?
 *
 * Of an SA with an if_id nobody tells here whether its interface is in another
 * namespace: while packets are watched, all of these are counted there. One that is
 * under way while that begins or ends may be counted twice or not at all.
 *
 * @x: the last SA that it came out of
 */
static inline bool iq_scrub_counts(const struct xfrm_state *x)
{
	return READ_ONCE(iq_scrub_watched) && x->if_id;
}

#endif /* _IPSEC_QOS_SCRUB_H */
