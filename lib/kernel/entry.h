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

#include "lib/addr.h"
#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/* The module's tables of SPIs. */
enum iq_table_id {
	IQ_TABLE_SA,
	IQ_TABLE_IKE,
	IQ_TABLES
};

/**
 * struct iq_kernel_entry - what entries of both tables have in common
 *
 * It is the first member of what the table's entries are.
 *
 * @table: so it says whether it is of a struct iq_sa or of a struct iq_ike
 * @group: its id; 0: none, which an SA may have that has an element
 * @lifetime: seconds; 0: for ever
 */
struct iq_kernel_entry {
	enum iq_table_id table;
	uint32_t group;
	uint32_t lifetime;
	int owner;
	struct iq_kernel_count count;
};

/**
 * struct iq_sa - an SA, as in enum ipsec_qos_sa_attr
 *
 * As a filter: what is 0 (for the owner: -1) matches all; an address of zeros
 * matches all of its family.
 *
 * @spi: in host byte order
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @flags: IPSEC_QOS_SA_F_*
 * @element: the id of the element that decrypts it; 0: none is named
 */
struct iq_sa {
	struct iq_kernel_entry entry;
	struct iq_addr dst;
	uint32_t spi;
	uint8_t proto;
	uint32_t flags;
	uint32_t element;
};

/**
 * struct iq_ike - an IKE SA, as in enum ipsec_qos_ike_attr; as a filter, as
 * for struct iq_sa
 *
 * @has_spi_r: as a filter: @spi_r counts, also 0
 */
struct iq_ike {
	struct iq_kernel_entry entry;
	uint64_t spi_i;
	uint64_t spi_r;
	bool has_spi_r;
};

/* One of any table. */
union iq_any_entry {
	struct iq_kernel_entry entry;
	struct iq_sa sa;
	struct iq_ike ike;
};

/** iq_kernel_entry_size() - bytes of a struct iq_sa or iq_ike: how far apart entries are */
size_t iq_kernel_entry_size(enum iq_table_id table);

/**
 * iq_kernel_expect() - so many SAs come with later calls of iq_kernel_entry_new()
 *
 * A hint, for the kernel to make room for them once. It holds until there is
 * another.
 */
void iq_kernel_expect(struct iq_kernel *k, size_t n);

/**
 * iq_kernel_entry_new() - state @n entries of one table
 *
 * @entry: the first of an array of struct iq_sa or of struct iq_ike
 * @owner: enum ipsec_qos_owner
 */
int iq_kernel_entry_new(struct iq_kernel *k, const struct iq_kernel_entry *entry, size_t n,
			int owner, int nlflags);

/** iq_kernel_entry_del() - likewise; only the keys of @entry count */
int iq_kernel_entry_del(struct iq_kernel *k, const struct iq_kernel_entry *entry, size_t n);

/** iq_kernel_entry_get() - fill in the rest of the entry that has this key */
int iq_kernel_entry_get(struct iq_kernel *k, struct iq_kernel_entry *entry);

/** iq_kernel_entry_dump() - call @cb with all that @filter matches */
int iq_kernel_entry_dump(struct iq_kernel *k, const struct iq_kernel_entry *filter,
			 int (*cb)(const struct iq_kernel_entry *entry, void *arg), void *arg);

/** iq_kernel_entry_flush() - remove what @filter matches, @count entries */
int iq_kernel_entry_flush(struct iq_kernel *k, const struct iq_kernel_entry *filter,
			  uint32_t *count);

int iq_kernel_resync_start(struct iq_kernel *k, int owner, uint32_t *generation);
int iq_kernel_resync_end(struct iq_kernel *k, int owner, uint32_t generation,
			 uint32_t *count);

#endif /* IPSEC_QOS_LIB_KERNEL_ENTRY_H */
