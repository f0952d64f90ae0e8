/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Matching: which entry does a packet fit that no association is known for? Entries
 * are found by what an SPI must be if it is an answer to theirs.
 */
#ifndef _IPSEC_QOS_NAT_MATCH_H
#define _IPSEC_QOS_NAT_MATCH_H

#include "nat.h"

/* For how long one that is confirmed gives way to another packet that fits it. */
#define IQ_NAT_DOUBT	(3 * HZ)

/** iq_nat_waits_init() - how entries that wait are found, of a namespace; 0 or an errno */
int iq_nat_waits_init(struct iq_nat *nat);

/**
 * iq_nat_match() - whose is a packet that no association is known for?
 *
 * @collided: it fits entries of several nodes
 *
 * Under rcu_read_lock(), bottom halves disabled.
 * Return: the entry, associated; NULL: nobody's.
 */
struct iq_nat_entry *iq_nat_match(struct iq_nat *nat, struct iq_nat_rule *rule,
				  const struct iq_nat_conf *conf, __be32 global,
				  __be32 outside, __be32 spi, bool *collided);

/* For the files of this room; iq_nat.lock is held. */

/**
 * iq_nat_wait_begin() - from now on it can be matched
 *
 * @derived: from the entry's SPI
 *
 * Return: 0 or an errno.
 */
int iq_nat_wait_begin(struct iq_nat *nat, const struct iq_nat_conf *conf,
		      struct iq_nat_entry *e, u32 derived);

/** iq_nat_wait_end() - it can no longer, if it could */
void iq_nat_wait_end(struct iq_nat *nat, struct iq_nat_entry *e);

/**
 * iq_nat_room_of_part() - is there room for @w among those that one packet fits?
 *
 * If there are too many, the oldest of them that waits gives way. False: none does.
 */
bool iq_nat_room_of_part(struct iq_nat *nat, const struct iq_nat_wait *w);

#endif /* _IPSEC_QOS_NAT_MATCH_H */
