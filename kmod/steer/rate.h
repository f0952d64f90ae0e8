/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket: what strangers' packets may cause, at most so many a second.
 */
#ifndef _IPSEC_QOS_STEER_RATE_H
#define _IPSEC_QOS_STEER_RATE_H

#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

/**
 * struct iq_rate - a token bucket, of a second's tokens
 *
 * @lock: bottom halves are disabled where it is taken
 * @since: jiffies of what is in @left
 * @left: tokens, in units of 1 / HZ
 */
struct iq_rate {
	spinlock_t lock;
	unsigned long since;
	u32 left;
};

static inline void iq_rate_init(struct iq_rate *r)
{
	spin_lock_init(&r->lock);
	r->since = jiffies - HZ;
	r->left = 0;
}

/** iq_rate_take() - take @n tokens, if there are so many; @rate: as come in a second, 1 to 10,000 */
static inline bool iq_rate_take(struct iq_rate *r, u32 n, u32 rate)
{
	unsigned long now;
	bool may;
	u32 left;

	/* A flood finds none left time and again: then it waits for nobody, nor writes. */
	if (!time_before(READ_ONCE(r->since), jiffies) && READ_ONCE(r->left) < n * HZ)
		return false;
	spin_lock(&r->lock);
	/* Read here: what another CPU has written is no later. */
	now = jiffies;
	left = r->left + min(now - r->since, (unsigned long)HZ) * rate;
	left = min(left, rate * HZ);
	may = n <= rate && left >= n * HZ;
	WRITE_ONCE(r->left, may ? left - n * HZ : left);
	WRITE_ONCE(r->since, now);
	spin_unlock(&r->lock);
	return may;
}

#endif /* _IPSEC_QOS_STEER_RATE_H */
