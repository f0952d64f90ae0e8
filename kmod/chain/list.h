/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An address' list: its ranges of ports, and who has all that nobody else has. For key.c.
 */
#ifndef _IPSEC_QOS_CHAIN_LIST_H
#define _IPSEC_QOS_CHAIN_LIST_H

#include "key.h"

/** iq_list_span() - the one that a word is in, see iq_span_word(); NULL: none; under RCU, too */
struct iq_span *iq_list_span(struct iq_list *list, u32 word);

/* All below: process context, iq_net.config_lock is held. */

/** iq_list_of() - the list that has a number */
struct iq_list *iq_list_of(const struct iq_chains *ch, u32 number);

/** iq_list_latest() - as it will be once the request that is carried out is */
struct iq_list *iq_list_latest(const struct iq_chains *ch, u32 number);

/** iq_list_just() - the span that a service has just so; NULL: it has not */
struct iq_span *iq_list_just(struct iq_list *list, const struct iq_want *w, u32 whose);

/** iq_span_add() - as iq_key_add(), of a span or the rest, that the service has not just so */
int iq_span_add(struct iq_chains *ch, const struct iq_want *w, u32 meaning, u32 whose,
		const struct nlattr *attr, struct netlink_ext_ack *extack);

/** iq_list_gone() - where the last of its spans is gone it goes, and its number later */
void iq_list_gone(struct iq_chains *ch, struct iq_list *list);

/* What key.c has for this */

/** iq_numbers() - what numbers mean; NULL: there is none yet */
static inline struct iq_numbers *iq_numbers(const struct iq_chains *ch)
{
	return rcu_dereference_protected(ch->numbers,
					 lockdep_is_held(&ch->iqn->config_lock));
}

/** iq_want_find() - the slot that has a key, or its address' list; iq_net.table_lock is held */
bool iq_want_find(const struct iq_chains *ch, const struct iq_want *w, struct iq_ref *ref);

/** iq_want_list() - the number of its address' list; 0: there is none */
u32 iq_want_list(const struct iq_chains *ch, const struct iq_want *w);

/** iq_key_insert() - put a key into a slot, that has none like it; 0 or an errno */
int iq_key_insert(struct iq_chains *ch, const struct iq_want *w, u32 number, u32 whose);

/** iq_key_refuse() - another service, @whose, has it: -EEXIST */
int iq_key_refuse(struct iq_chains *ch, const struct iq_want *w, u32 whose,
		  const struct nlattr *attr, struct netlink_ext_ack *extack);

#endif /* _IPSEC_QOS_CHAIN_LIST_H */
