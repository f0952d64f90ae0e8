/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink family with nothing between, for programs that press the kernel
 * hard: requests of many entries, dumps as they come, no checks on the way.
 */
#ifndef TESTS_FAMILY_H
#define TESTS_FAMILY_H

#include <stdbool.h>
#include <stdint.h>
#include <libmnl/libmnl.h>
#include <linux/ipsec_qos.h>

#define FAMILY_ROOM	(256 * 1024)	/* a request of IPSEC_QOS_BULK_MAX entries */

/**
 * struct family - a socket, and what the family is called at the moment
 *
 * @id: changes with each load of the module
 * @events: number of the multicast group, @nat_events of the translator's, @steer_events of
 *	steering's, @chain_events of chains', and @trace_events of traces'
 * @msg: the request that is being made
 * @intr: the last dump was interrupted: what it said is no state there ever was
 */
struct family {
	struct mnl_socket *nl;
	uint16_t id;
	uint32_t events;
	uint32_t nat_events;
	uint32_t steer_events;
	uint32_t chain_events;
	uint32_t trace_events;
	uint32_t seq;
	bool intr;
	struct nlmsghdr *msg;
	char room[FAMILY_ROOM];
};

/** struct sa - the key of an SA; what is not used is 0, so that keys compare */
struct sa {
	uint32_t spi;
	uint8_t dst[16];
	uint8_t family;
	uint8_t proto;
	uint16_t zero;
};

/** family_open() - 0, or -errno where there is no socket to be had */
int family_open(struct family *f);
void family_close(struct family *f);

/** family_resolve() - find out its number; -ENOENT: the module is not there */
int family_resolve(struct family *f);

/** family_begin() - a request to be filled; NLM_F_REQUEST is added */
struct nlmsghdr *family_begin(struct family *f, uint8_t cmd, uint16_t flags);

/** family_talk() - send it, and hear all answers; 0, or -errno */
int family_talk(struct family *f, mnl_cb_t cb, void *data);

void family_put_sa(struct nlmsghdr *msg, const struct sa *sa);
struct nlattr *family_begin_sa(struct nlmsghdr *msg, const struct sa *sa,
			       uint32_t group);
void family_add_sa(struct nlmsghdr *msg, const struct sa *sa, uint32_t group);
void family_add_ike(struct nlmsghdr *msg, uint64_t spi_i, uint64_t spi_r,
		    uint32_t group);
void family_add_group(struct nlmsghdr *msg, uint32_t id, const char *name,
		      uint32_t mark, uint32_t priority);

/** family_get_sa() - the key in an A_SA; false: it is not whole */
bool family_get_sa(const struct nlattr *nest, struct sa *sa, uint64_t *packets);

#endif
