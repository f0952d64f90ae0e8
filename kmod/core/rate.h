/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket: what packets may cause, at most so many a second. Without a lock: it
 * is no more than the moment when the tokens that were taken are paid for.
 */
#ifndef _IPSEC_QOS_RATE_H
#define _IPSEC_QOS_RATE_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/math64.h>

/*
 * Units of time: fine enough for a token at 100,000,000 a second to be 687 of them, and
 * coarse enough for years to pass before the difference of two moments is not theirs.
 */
#define IQ_RATE_SECOND	BIT_ULL(36)

/**
 * struct iq_rate - a token bucket, of a second's tokens
 *
 * @paid: when all that was taken is paid for; no more than a second ago, or it is full
 */
struct iq_rate {
	atomic64_t paid;
};

static inline u64 iq_rate_now(void)
{
	return get_jiffies_64() * (IQ_RATE_SECOND / HZ);
}

static inline void iq_rate_init(struct iq_rate *r)
{
	atomic64_set(&r->paid, iq_rate_now() - IQ_RATE_SECOND);
}

/* iq_rate_take() at a moment */
static inline bool iq_rate_take_at(struct iq_rate *r, u32 n, u32 rate, u64 now)
{
	/* Rounded down: of 3 a second there are 3, of 100,000,000 a part in 3,000 more. */
	u64 cost = div_u64(IQ_RATE_SECOND * n, rate);
	s64 was = atomic64_read(&r->paid), paid;

	do {
		paid = (s64)(now - was) > (s64)IQ_RATE_SECOND ? now - IQ_RATE_SECOND : was;
		paid += cost;
		/* A flood finds none left time and again, and writes nothing. */
		if ((s64)(now - paid) < 0)
			return false;
	} while (!atomic64_try_cmpxchg(&r->paid, &was, paid));
	return true;
}

/**
 * iq_rate_take() - take @n tokens, if there are so many; any context
 *
 * @n: 0 to 65,536
 * @rate: as come in a second, 1 to 100,000,000; it may be another each time
 */
static inline bool iq_rate_take(struct iq_rate *r, u32 n, u32 rate)
{
	return iq_rate_take_at(r, n, rate, iq_rate_now());
}

#endif /* _IPSEC_QOS_RATE_H */
