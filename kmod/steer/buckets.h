/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who of a pool has which bucket: worked out here, by the members and their states, in
 * process context, and put into a table for packets.
 */
#ifndef _IPSEC_QOS_STEER_BUCKETS_H
#define _IPSEC_QOS_STEER_BUCKETS_H

#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <ipsec_qos/select.h>

#include "element.h"

#define IQ_BUCKET_MEMBER	0x01ff
#define IQ_BUCKET_HELD		0x4000
#define IQ_BUCKET_LENT		0x8000
#define IQ_BUCKET_NOBODY	0x01ff

/**
 * struct iq_buckets - what packets read of a pool; it never changes, it is replaced whole
 *
 * @n: members
 * @secret: of the hash of what a peer chooses
 * @now: by bucket, the place in @member of who is sent its packets, and how it came to them
 *	(IQ_BUCKET_HELD, IQ_BUCKET_LENT); IQ_BUCKET_NOBODY
 * @begin: by bucket, who has IKE SAs that begin: likewise, but nobody that drains
 * @member: elements
 */
struct iq_buckets {
	struct rcu_head rcu;
	u32 n;
	siphash_key_t secret;
	u16 now[IQ_SELECT_BUCKETS];
	u16 begin[IQ_SELECT_BUCKETS];
	struct iq_element *member[];
};

/**
 * struct iq_share - a member, and what it has of the buckets
 *
 * @home: buckets whose home it is
 * @now: buckets whose packets it is sent
 */
struct iq_share {
	struct iq_element *element;
	u32 home;
	u32 now;
};

/**
 * struct iq_shares - a pool's members, and which bucket each has a right to
 *
 * @n: members
 * @held: buckets whose holder is not their home
 * @lent: buckets that are lent
 * @home: by bucket, the place of a member; IQ_BUCKET_NOBODY: there is none
 * @holder: likewise, who has it as long as it lives: the home, or who was that before the
 *	members changed
 * @share: by place
 * @select: likewise, what draws for buckets, by the names of when they were shared out
 */
struct iq_shares {
	u32 n;
	u32 held;
	u32 lent;
	u16 home[IQ_SELECT_BUCKETS];
	u16 holder[IQ_SELECT_BUCKETS];
	struct iq_share *share;
	struct iq_select_member select[];
};

/**
 * iq_shares_make() - share out the buckets
 *
 * @element, @weight: the members, of each
 * @old: as they were; a bucket whose holder lives, and is a member still, by its name of
 *	then or of now, stays with it; NULL: nothing stays
 *
 * It may take 0.1 seconds, and sleep. Return: NULL: no memory; else free it with kvfree()
 */
struct iq_shares *iq_shares_make(struct iq_element *const *element, const u32 *weight,
				 u32 n, const struct iq_shares *old);

/** iq_shares_drop() - who is down holds nothing that is not its own */
void iq_shares_drop(struct iq_shares *s);

/** iq_shares_tally() - count what members have, by what packets are told: @b */
void iq_shares_tally(struct iq_shares *s, const struct iq_buckets *b);

/** iq_buckets_alloc() - a table for members of @s, to be filled; NULL: no memory */
struct iq_buckets *iq_buckets_alloc(const struct iq_shares *s);

/**
 * iq_buckets_fill() - by who has a right to each bucket, and the members' next_state
 *
 * @old: of the same @s, when the members had the state that they have; then only what their
 *	new one changes is worked out; NULL: all is
 *
 * It may sleep.
 */
void iq_buckets_fill(struct iq_buckets *b, const struct iq_shares *s,
		     const struct iq_buckets *old);

#endif /* _IPSEC_QOS_STEER_BUCKETS_H */
