/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain of stores for keys of one family: how it grows and shrinks while packets find
 * all that is in it.
 */
#ifndef _IPSEC_QOS_STORES_H
#define _IPSEC_QOS_STORES_H

#include "net.h"
#include "store.h"

/**
 * struct iq_stores - stores, each of which is emptied into the next
 *
 * @head: NULL: none yet; RCU, written under iq_net.table_lock
 * @iqn: whose they are
 * @family: of the keys, see struct iq_store
 * @seq: counts changes of which store an entry is in; iq_net.table_lock
 */
struct iq_stores {
	struct iq_store __rcu *head;
	struct iq_net *iqn;
	u8 family;
	u32 seq;
};

#endif /* _IPSEC_QOS_STORES_H */
