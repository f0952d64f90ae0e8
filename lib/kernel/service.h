/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The services of the module: addresses and ports that stand for a chain.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_SERVICE_H
#define IPSEC_QOS_LIB_KERNEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/addr.h"
#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_port - ports of a service, as in enum ipsec_qos_port_attr
 *
 * @first: 0 with @last IQ_PORT_LAST: all, or the protocol has none
 */
struct iq_kernel_port {
	uint8_t proto;			/* an IP protocol */
	uint16_t first;
	uint16_t last;
	struct iq_kernel_count forward;	/* answers only, as below */
	struct iq_kernel_count back;
};

#define IQ_PORT_LAST		65535

/** iq_kernel_port_all() - all ports, or of a protocol without */
static inline bool iq_kernel_port_all(const struct iq_kernel_port *p)
{
	return !p->first && p->last == IQ_PORT_LAST;
}

/**
 * struct iq_kernel_segment - what a device sees, as in enum ipsec_qos_segment_attr
 *
 * What is not said has the family or the number 0.
 */
struct iq_kernel_segment {
	uint32_t device;		/* its id */
	struct iq_addr to;
	uint16_t to_port;
	struct iq_addr from;
	size_t n_from_ports;
	struct iq_kernel_port *from_ports;
};

/**
 * struct iq_kernel_acl - a rule of who may enter, as in enum ipsec_qos_acl_attr
 */
struct iq_kernel_acl {
	char dev[16];			/* "": whichever */
	struct iq_addr addr;		/* family 0: whichever */
	uint8_t len;			/* of the prefix */
	bool allow;
	struct iq_kernel_count counter;	/* answers only */
};

/**
 * struct iq_kernel_override - clients with a chain of their own, as in enum
 * ipsec_qos_override_attr
 */
struct iq_kernel_override {
	struct iq_addr addr;
	uint8_t len;
	uint32_t chain;			/* its id */
};

/**
 * struct iq_kernel_service - a service, as in enum ipsec_qos_service_attr
 *
 * Of a request the arrays are the caller's. Of an answer they are the service's, which
 * iq_kernel_service_free() frees; of one that a callback is given, they go as it returns.
 */
struct iq_kernel_service {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];	/* "": as it was */
	struct iq_addr addr;
	uint8_t len;			/* of the prefix, 32 or 128: one address */
	uint8_t mode;			/* enum ipsec_qos_service_mode */
	uint32_t chain;			/* its id */
	uint32_t group;			/* its id; 0: none */
	uint32_t from_group;		/* likewise */
	uint32_t rate;			/* 0: none */
	size_t n_ports;
	struct iq_kernel_port *ports;
	size_t n_segments;
	struct iq_kernel_segment *segments;
	size_t n_acl;			/* 0 in dumps */
	struct iq_kernel_acl *acl;
	size_t n_overrides;
	struct iq_kernel_override *overrides;
	uint8_t owner;			/* enum ipsec_qos_owner; answers only, as below */
	struct iq_kernel_count forward;	/* where it names no ports, of all that it has */
	struct iq_kernel_count back;
	struct iq_kernel_count counter[IPSEC_QOS_SERVICE_COUNTER_MAX + 1];
	struct iq_kernel_count syns;
};

/** iq_kernel_service_counter_name() - 1 to IPSEC_QOS_SERVICE_COUNTER_MAX, in JSON */
const char *iq_kernel_service_counter_name(int counter);

/** iq_kernel_service_free() - the arrays of an answer; the service then has none */
void iq_kernel_service_free(struct iq_kernel_service *s);

/**
 * iq_kernel_service_copy() - with arrays of its own, which iq_kernel_service_free() frees
 *
 * Return: 0 or -ENOMEM, where @to has none.
 */
int iq_kernel_service_copy(struct iq_kernel_service *to, const struct iq_kernel_service *from);

int iq_kernel_service_new(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n,
			  int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_service_del(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n);

/* Of an owner, or -1: all; without rules of ACLs */
int iq_kernel_service_dump(struct iq_kernel *k, int owner,
			   int (*cb)(const struct iq_kernel_service *s, void *arg),
			   void *arg);

/**
 * iq_kernel_service_get() - one service, by id (or by name where @s->id is 0)
 *
 * Unless it fails, iq_kernel_service_free() is to be called then.
 */
int iq_kernel_service_get(struct iq_kernel *k, struct iq_kernel_service *s);

#endif /* IPSEC_QOS_LIB_KERNEL_SERVICE_H */
