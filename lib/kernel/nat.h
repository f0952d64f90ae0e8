/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by which the module translates, and its translation table.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_NAT_H
#define IPSEC_QOS_LIB_KERNEL_NAT_H

#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_nat_rule - a rule of translation, as in enum ipsec_qos_nat_rule_attr
 *
 * Addresses are in network byte order; a prefix of length 0 is any.
 */
struct iq_kernel_nat_rule {
	uint32_t id;
	char inside_dev[16];		/* "": any */
	char outside_dev[16];
	uint32_t inside;
	uint8_t inside_len;
	uint32_t global;		/* 0: the interface's */
	uint32_t responder;
	uint8_t responder_len;
	uint8_t scheme;			/* enum ipsec_qos_nat_scheme */
	uint8_t key[IPSEC_QOS_NAT_KEY_BYTES];	/* requests only */
	uint8_t collision;		/* enum ipsec_qos_nat_collision */
	uint8_t underived;		/* enum ipsec_qos_nat_underived */
	uint32_t idle;			/* seconds */
	uint32_t wait;			/* seconds */
	uint32_t max;
	uint32_t max_node;
	uint32_t entries;		/* answers only, as all below */
	uint32_t waiting;
	struct iq_kernel_count counter[IPSEC_QOS_NAT_COUNTER_MAX + 1];
};

/**
 * struct iq_kernel_nat - an entry of the translation table, as in enum ipsec_qos_nat_attr
 */
struct iq_kernel_nat {
	uint32_t rule;
	uint32_t inside_local;		/* network byte order, as the next two */
	uint32_t inside_global;
	uint32_t outside;
	uint32_t spi_out;		/* host byte order */
	uint32_t spi_in;		/* 0: not known yet */
	uint8_t state;			/* enum ipsec_qos_nat_state */
	uint32_t age;			/* seconds */
	uint32_t idle;			/* seconds */
	struct iq_kernel_count out;
	struct iq_kernel_count in;
};

/* Rules of translation, by id, and the table; @rule: its entries, 0: all. */
int iq_kernel_nat_rule_new(struct iq_kernel *k, const struct iq_kernel_nat_rule *rule,
			   int nlflags);
int iq_kernel_nat_rule_del(struct iq_kernel *k, uint32_t id);
int iq_kernel_nat_rule_dump(struct iq_kernel *k,
			    int (*cb)(const struct iq_kernel_nat_rule *rule, void *arg),
			    void *arg);
int iq_kernel_nat_dump(struct iq_kernel *k, uint32_t rule,
		       int (*cb)(const struct iq_kernel_nat *nat, void *arg), void *arg);
int iq_kernel_nat_flush(struct iq_kernel *k, uint32_t rule, uint32_t *count);

#endif /* IPSEC_QOS_LIB_KERNEL_NAT_H */
