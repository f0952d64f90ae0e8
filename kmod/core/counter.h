/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets and bytes, counted per CPU without a lock; read from process context.
 */
#ifndef _IPSEC_QOS_COUNTER_H
#define _IPSEC_QOS_COUNTER_H

#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

/**
 * struct iq_counter - one CPU's share of a counter
 */
struct iq_counter {
	u64_stats_t packets;
	u64_stats_t bytes;
	struct u64_stats_sync syncp;
};

/**
 * struct iq_count - a counter's sum
 */
struct iq_count {
	u64 packets;
	u64 bytes;
};

/*
 * @c: an array of counters per CPU, @i: which of them. Bottom halves are disabled:
 * the packet must neither move to another CPU here nor be interrupted by what
 * arrives. What this host sends passes the hooks in process context, and there
 * they see to it.
 */
static inline void iq_counter_add(struct iq_counter __percpu *c, int i,
				  u32 packets, u32 bytes)
{
	struct iq_counter *one;

	lockdep_assert_in_softirq();
	one = this_cpu_ptr(c) + i;
	u64_stats_update_begin(&one->syncp);
	u64_stats_add(&one->packets, packets);
	u64_stats_add(&one->bytes, bytes);
	u64_stats_update_end(&one->syncp);
}

/* @c, @i: likewise */
static inline struct iq_count iq_counter_sum(struct iq_counter __percpu *c, int i)
{
	struct iq_count sum = {};
	unsigned int start;
	u64 packets, bytes;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct iq_counter *one = per_cpu_ptr(c, cpu) + i;

		do {
			start = u64_stats_fetch_begin(&one->syncp);
			packets = u64_stats_read(&one->packets);
			bytes = u64_stats_read(&one->bytes);
		} while (u64_stats_fetch_retry(&one->syncp, start));
		sum.packets += packets;
		sum.bytes += bytes;
	}
	return sum;
}

/* @n counters for each CPU, all zero; free_percpu() frees them. NULL: no memory. */
static inline struct iq_counter __percpu *iq_counter_alloc(int n)
{
	struct iq_counter __percpu *c;
	int cpu, i;

	c = __alloc_percpu_gfp(n * sizeof(*c), __alignof__(*c), GFP_KERNEL_ACCOUNT);
	if (!c)
		return NULL;
	for_each_possible_cpu(cpu)
		for (i = 0; i < n; i++)
			u64_stats_init(&(per_cpu_ptr(c, cpu) + i)->syncp);
	return c;
}

#endif /* _IPSEC_QOS_COUNTER_H */
