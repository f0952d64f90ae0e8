/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Destinations: which addresses have an entry in a feature's table, whatever its
 * SPI. Features say which; what comes in fragments is asked by them (frag.h).
 */
#ifndef _IPSEC_QOS_DST_H
#define _IPSEC_QOS_DST_H

#include "store.h"

struct iq_net;

/** iq_dst_init() - when a namespace comes to be; 0 or -ENOMEM */
int iq_dst_init(struct iq_net *iqn);

/** iq_dst_exit() - nobody looks any more, and all entries are gone */
void iq_dst_exit(struct iq_net *iqn);

/** iq_dst_added() - an entry has @key's destination: 0 or -ENOMEM; iq_net.table_lock is held */
int iq_dst_added(struct iq_net *iqn, const struct iq_key *key);

/** iq_dst_removed() - one that had it goes; iq_net.table_lock is held */
void iq_dst_removed(struct iq_net *iqn, const struct iq_key *key);

/** iq_dst_known() - has an entry this destination, of 4 or 16 bytes? Under rcu_read_lock(). */
bool iq_dst_known(struct iq_net *iqn, u8 family, const void *addr);

#endif /* _IPSEC_QOS_DST_H */
