/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of steering, for programs that press the kernel hard (family.h): elements, pools
 * and steered prefixes.
 */
#ifndef TESTS_STEERING_H
#define TESTS_STEERING_H

#include "family.h"

/**
 * struct element - what is said of one; what is NULL, 0 or negative is not
 *
 * @via: in host byte order
 * @via6: 16 bytes
 */
struct element {
	uint32_t id;
	const char *name;
	const char *dev;
	uint32_t via;
	const uint8_t *via6;
	uint32_t nexthop;
	int state;
};

void steering_add_element(struct nlmsghdr *msg, const struct element *e);

/** steering_begin_pool() - to be filled with members, and ended; @name: NULL: not said */
struct nlattr *steering_begin_pool(struct nlmsghdr *msg, uint32_t id, const char *name);
void steering_add_member(struct nlmsghdr *msg, uint32_t element, uint32_t weight);

/**
 * steering_begin_prefix() - its key; to be filled with the rest, and ended
 *
 * @dst: 16 bytes, of which IPv4 has the first four
 */
struct nlattr *steering_begin_prefix(struct nlmsghdr *msg, uint8_t family, const uint8_t *dst,
				     uint8_t len);

/** steering_add_prefix() - one whose IKE goes to @ike, enum ipsec_qos_steer_ike */
void steering_add_prefix(struct nlmsghdr *msg, uint8_t family, const uint8_t *dst,
			 uint8_t len, uint32_t pool, uint8_t ike);

/**
 * steering_set_unknown() - settings: what is done about unknown SPIs
 *
 * @element: of IPSEC_QOS_UNKNOWN_RELAY alone
 */
void steering_set_unknown(struct nlmsghdr *msg, uint8_t what, uint32_t element);

#endif
