/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of service chains, for programs that press the kernel hard (family.h): devices,
 * chains and services.
 */
#ifndef TESTS_CHAINING_H
#define TESTS_CHAINING_H

#include "family.h"

/**
 * struct device - what is said of one; what is NULL, 0 or negative is not
 *
 * @mac: 6 bytes, of the outer side; likewise @inner_mac
 */
struct device {
	uint32_t id;
	const char *name;
	const char *dev;
	const uint8_t *mac;
	const char *inner_dev;
	const uint8_t *inner_mac;
	uint32_t rate;
	uint32_t snap;
	int kind;
	int state;
	int alternate;
	int failure;
};

void chaining_add_device(struct nlmsghdr *msg, const struct device *d);

/** chaining_begin_chain() - to be filled with steps, and ended; @name: NULL: not said */
struct nlattr *chaining_begin_chain(struct nlmsghdr *msg, uint32_t id, const char *name);
void chaining_add_step(struct nlmsghdr *msg, uint32_t device);

/**
 * chaining_begin_service() - to be filled with the rest, and ended
 *
 * @name: NULL: it is only named, by its id
 * @addr: 16 bytes, of which IPv4 has the first four
 */
struct nlattr *chaining_begin_service(struct nlmsghdr *msg, uint32_t id, const char *name,
				      uint8_t family, const uint8_t *addr, uint32_t chain);

/** chaining_add_port() - @last: -1: the first alone; @first: -1: all, or a protocol without */
void chaining_add_port(struct nlmsghdr *msg, int type, uint8_t proto, int first, int last);

/** chaining_begin_segment() - to be filled with what a device sees, and ended */
struct nlattr *chaining_begin_segment(struct nlmsghdr *msg, uint32_t device);

/** chaining_add_rule() - @addr: as of a service, NULL: whichever; @dev: NULL: whichever */
void chaining_add_rule(struct nlmsghdr *msg, bool allow, uint8_t family, const uint8_t *addr,
		       uint8_t len, const char *dev);

void chaining_add_override(struct nlmsghdr *msg, uint8_t family, const uint8_t *addr,
			   uint8_t len, uint32_t chain);

/** chaining_put_range() - in settings: the range that is for checks; @len: 0: none */
void chaining_put_range(struct nlmsghdr *msg, uint8_t family, const uint8_t *addr,
			uint8_t len);

#endif
