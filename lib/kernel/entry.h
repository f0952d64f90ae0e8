/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tables of the module hold: SAs, IKE SAs, and the generations in which a
 * writer states them.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_ENTRY_H
#define IPSEC_QOS_LIB_KERNEL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/feed.h"	/* struct iq_addr */
#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_sa - an SA, as in enum ipsec_qos_sa_attr
 *
 * As a filter: what is 0 (for @owner: -1) matches all; an address of zeros
 * matches all of its family.
 */
struct iq_sa {
	struct iq_addr dst;
	uint32_t spi;			/* host byte order */
	uint8_t proto;			/* IPPROTO_ESP or IPPROTO_AH */
	uint32_t group;
	uint32_t lifetime;		/* seconds; 0: for ever */
	uint32_t flags;			/* IPSEC_QOS_SA_F_* */
	int owner;
	struct iq_kernel_count count;
};

/**
 * struct iq_ike - an IKE SA, as in enum ipsec_qos_ike_attr; as a filter, as
 * for struct iq_sa
 */
struct iq_ike {
	uint64_t spi_i;
	uint64_t spi_r;
	bool has_spi_r;			/* as a filter: spi_r counts, also 0 */
	uint32_t group;
	uint32_t lifetime;
	int owner;
	struct iq_kernel_count count;
};

/**
 * iq_kernel_expect() - so many SAs come with later calls of iq_kernel_sa_new()
 *
 * A hint, for the kernel to make room for them once. It holds until there is
 * another.
 */
void iq_kernel_expect(struct iq_kernel *k, size_t n);

/* iq_kernel_expect() hints how many more SAs come with later calls of this. */
int iq_kernel_sa_new(struct iq_kernel *k, const struct iq_sa *sa, size_t n,
		     int owner, int nlflags);
int iq_kernel_sa_del(struct iq_kernel *k, const struct iq_sa *sa, size_t n);
int iq_kernel_ike_new(struct iq_kernel *k, const struct iq_ike *ike, size_t n,
		      int owner, int nlflags);
int iq_kernel_ike_del(struct iq_kernel *k, const struct iq_ike *ike, size_t n);

int iq_kernel_sa_dump(struct iq_kernel *k, const struct iq_sa *filter,
		      int (*cb)(const struct iq_sa *sa, void *arg), void *arg);
int iq_kernel_ike_dump(struct iq_kernel *k, const struct iq_ike *filter,
		       int (*cb)(const struct iq_ike *ike, void *arg), void *arg);

/* One SA; one IKE SA, by key. */
int iq_kernel_sa_get(struct iq_kernel *k, struct iq_sa *sa);
int iq_kernel_ike_get(struct iq_kernel *k, struct iq_ike *ike);

int iq_kernel_sa_flush(struct iq_kernel *k, const struct iq_sa *filter,
		       uint32_t *count);
int iq_kernel_ike_flush(struct iq_kernel *k, const struct iq_ike *filter,
			uint32_t *count);

int iq_kernel_resync_start(struct iq_kernel *k, int owner, uint32_t *generation);
int iq_kernel_resync_end(struct iq_kernel *k, int owner, uint32_t generation,
			 uint32_t *count);

#endif /* IPSEC_QOS_LIB_KERNEL_ENTRY_H */
