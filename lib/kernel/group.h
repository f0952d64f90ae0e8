/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The groups of the module.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_GROUP_H
#define IPSEC_QOS_LIB_KERNEL_GROUP_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_group - a group, as in enum ipsec_qos_group_attr
 */
struct iq_kernel_group {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	uint32_t mark;
	uint32_t mask;
	uint32_t mark_clear;		/* of what is just out of an SA; as mark: that,
					   which is what 0 is not: set it always */
	uint32_t priority;		/* tc classid; 0: left alone */
	int dscp;			/* 0 to 63; -1: left alone */
	uint32_t flags;			/* IPSEC_QOS_GROUP_F_* */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only */
	uint32_t sas;			/* answers only, as all below */
	uint32_t ikes;
	struct iq_kernel_count counter[IPSEC_QOS_COUNTER_MAX + 1];
};

/** iq_kernel_counter_name() - of a counter, 1 to IPSEC_QOS_COUNTER_MAX, in JSON */
const char *iq_kernel_counter_name(int counter);

int iq_kernel_group_new(struct iq_kernel *k, const struct iq_kernel_group *g, size_t n,
			int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_group_del(struct iq_kernel *k, const struct iq_kernel_group *g, size_t n);

int iq_kernel_group_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_group *g, void *arg), void *arg);
/*
 * A dump of groups piece by piece, for who has no time for all of it at once: the
 * first call asks for it, each of the second reads a buffer of it and returns 1
 * while there is more. Nothing else is to be asked of @k meanwhile.
 */
int iq_kernel_groups_begin(struct iq_kernel *k, int owner);
int iq_kernel_groups_more(struct iq_kernel *k,
			  int (*cb)(const struct iq_kernel_group *g, void *arg),
			  void *arg);

/* One group, by id (or by name where @g->id is 0). */
int iq_kernel_group_get(struct iq_kernel *k, struct iq_kernel_group *g);
int iq_kernel_group_flush(struct iq_kernel *k, int owner, uint32_t *count);

#endif /* IPSEC_QOS_LIB_KERNEL_GROUP_H */
