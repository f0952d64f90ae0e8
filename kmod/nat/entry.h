/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entries: they come with the first packet out, are associated with the SPI of an
 * answer, and confirmed when the inside node sends on.
 */
#ifndef _IPSEC_QOS_NAT_ENTRY_H
#define _IPSEC_QOS_NAT_ENTRY_H

#include "nat.h"

/** iq_nat_entries_init() - how they are found, of a namespace; 0 or an errno */
int iq_nat_entries_init(struct iq_nat *nat);
void iq_nat_entries_exit(struct iq_nat *nat);

/* Packets; under rcu_read_lock(), bottom halves disabled */

/** iq_nat_find_out() - the entry of packets with @spi to @outside, or NULL */
struct iq_nat_entry *iq_nat_find_out(struct iq_nat *nat, const struct iq_nat_rule *rule,
				     __be32 outside, __be32 spi);

/** iq_nat_find_in() - likewise, with @spi from @outside */
struct iq_nat_entry *iq_nat_find_in(struct iq_nat *nat, const struct iq_nat_rule *rule,
				    __be32 outside, __be32 spi);

/**
 * iq_nat_send() - @inside has sent: its entry, made where there is none, moved where
 * it was another node's
 *
 * @global: its address outside, which may be another than it was
 *
 * Return: NULL: there may be no entry: the packet has been counted, and is to be
 * dropped.
 */
struct iq_nat_entry *iq_nat_send(struct iq_nat *nat, struct iq_nat_rule *rule,
				 const struct iq_nat_conf *conf, __be32 inside,
				 __be32 global, __be32 outside, __be32 spi);

/* For the files of this room; iq_nat.lock is held. */

/** iq_nat_queue() - it is the last now of those that are as far as it is */
void iq_nat_queue(struct iq_nat_entry *e);

/**
 * iq_nat_associate() - answers to it have @spi
 *
 * One that was associated with another gives that up. Return: 0, or an errno where
 * there is no memory.
 */
int iq_nat_associate(struct iq_nat *nat, const struct iq_nat_conf *conf,
		     struct iq_nat_entry *e, __be32 spi);

/** iq_nat_dissociate() - it was associated by mistake, as it seems: it waits again */
void iq_nat_dissociate(struct iq_nat *nat, const struct iq_nat_conf *conf,
		       struct iq_nat_entry *e);

/** iq_nat_remove() - it goes, and listeners hear of @event */
void iq_nat_remove(struct iq_nat *nat, struct iq_nat_entry *e,
		   enum ipsec_qos_event event);

#endif /* _IPSEC_QOS_NAT_ENTRY_H */
