/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the configuration says of steering: elements, pools of them, the prefixes whose
 * packets go there, the networks behind them, and whose clear text is admitted.
 *
 * Nothing of it changes once it is loaded. A pointer to an element or a pool is one into
 * the same configuration.
 */
#ifndef IPSEC_QOSD_CONFIG_STEER_H
#define IPSEC_QOSD_CONFIG_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/addr.h"

struct config;

#define DEVICE_NAME	16	/* IFNAMSIZ, of which two headers have one that differ */

/**
 * enum element_check - how it is found out whether an element lives
 *
 * @CHECK_NONE: not at all
 * @CHECK_NEIGHBOUR: its device has a carrier, and its next hop answers ARP or neighbour
 *	discovery, as the kernel knows
 * @CHECK_PING: it answers ICMP echo requests
 * @CHECK_TCP: it accepts connections to a port
 */
enum element_check {
	CHECK_NONE,
	CHECK_NEIGHBOUR,
	CHECK_PING,
	CHECK_TCP,
};

#define CHECK_INTERVAL_MIN	100	/* ms */
#define CHECK_INTERVAL_MAX	1000
#define CHECK_INTERVAL		500
#define CHECK_TIMES_MAX		10
#define CHECK_TIMES		3

/**
 * struct element - a section element
 *
 * @device: of its next hop, "": by the next hop's address
 * @via: next hop of IPv4 packets, of family 0: none
 * @via6: of IPv6 packets, likewise
 * @nexthop: number of a nexthop object instead, 0: none
 * @self: it is this host
 * @needed: something may go to it from here, so that the kernel has it, and it is checked;
 *	never this host
 * @known: what SAs it has is known here: its charon states them to this daemon
 * @address: what is checked, of family 0: the device alone
 * @port: of CHECK_TCP
 * @interval: from one check to the next, in ms
 * @fails: so many checks in turn that fail, and it is down
 * @passes: so many that succeed, and it is up again
 */
struct element {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	char device[DEVICE_NAME];
	struct iq_addr via;
	struct iq_addr via6;
	uint32_t nexthop;
	bool self;
	bool needed;
	bool known;
	enum element_check check;
	struct iq_addr address;
	uint16_t port;
	uint32_t interval;
	uint32_t fails;
	uint32_t passes;
};

/** struct steer_member - an element with its share of a pool; @weight from 1 on */
struct steer_member {
	const struct element *element;
	uint32_t weight;
};

/**
 * struct steer_pool - a section pool
 *
 * @mode: enum ipsec_qos_pool_mode
 * @has_secret: @secret was given; else the kernel draws one
 * @self: this host is a member: what is sent to the pool is not steered here
 * @own: of a pool of IPSEC_QOS_POOL_BUCKET that this host is a member of, the buckets
 *	whose home it is: the first is the lowest bit of the first byte
 * @n_own: how many they are
 */
struct steer_pool {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	uint8_t mode;
	bool has_secret;
	uint8_t secret[IPSEC_QOS_POOL_SECRET_BYTES];
	size_t n_members;
	struct steer_member *members;
	bool self;
	uint8_t own[IPSEC_QOS_BUCKETS / 8];
	uint32_t n_own;
};

/** struct prefix - an address, and how many bits of it count; the others are 0 */
struct prefix {
	struct iq_addr addr;
	uint8_t len;
};

/**
 * struct steer_prefix - a section steer
 *
 * @ike: enum ipsec_qos_steer_ike
 * @ike_element: of IPSEC_QOS_STEER_IKE_ELEMENT
 */
struct steer_prefix {
	struct prefix prefix;
	const struct steer_pool *pool;
	uint8_t ike;
	const struct element *ike_element;
};

#define BEHIND_MARKS_MAX	64	/* different marks of all sections behind */
#define BEHIND_NETWORKS_MAX	65536	/* of all of them */
#define BEHIND_TABLE		21000	/* unless configured, the first routing table */
#define BEHIND_PRIORITY		210	/* and the first rule's; strongSwan's is 220 */

/**
 * struct behind - a section behind: networks to which clear packets go by elements
 *
 * @networks: remote traffic selectors
 * @elements: the first of them that is up has the packets
 * @mark: fwmark that packets must have, in the bits of @mask; both 0: any packet
 * @table: routing table of all sections with that mark
 */
struct behind {
	char name[IPSEC_QOS_NAME_MAX];
	size_t n_networks;
	struct prefix *networks;
	size_t n_elements;
	const struct element **elements;
	uint32_t mark;
	uint32_t mask;
	uint32_t table;
};

#define ADMIT_DEVICES_MAX	256
#define ADMIT_PREFIXES_MAX	65536

/**
 * struct admit - the section admit: whose clear text is admitted
 *
 * @outside: devices that others' packets come from
 * @from: sources that may send clear text there
 * @input: also to this host itself
 */
struct admit {
	size_t n_outside;
	char (*outside)[DEVICE_NAME];
	size_t n_from;
	struct prefix *from;
	bool input;
};

/**
 * struct unknown - what is done about ESP and AH to this host that it has no SA for
 *
 * @what: enum ipsec_qos_unknown
 * @element: of IPSEC_QOS_UNKNOWN_RELAY
 * @rate: told a second at most
 */
struct unknown {
	uint8_t what;
	const struct element *element;
	uint32_t rate;
};

/**
 * struct steer_config - all of it, as it stands in the file
 *
 * @self: the element that this host is, NULL: none
 * @priority: of the rule for @behinds with a mark; that of those without is one greater
 * @admit: NULL: clear text is nobody's business here
 */
struct steer_config {
	size_t n_elements;
	struct element *elements;
	const struct element *self;
	struct unknown unknown;
	size_t n_pools;
	struct steer_pool *pools;
	size_t n_prefixes;
	struct steer_prefix *prefixes;
	size_t n_behinds;
	struct behind *behinds;
	uint32_t table;
	uint32_t priority;
	struct admit *admit;
};

/** config_element_named() - the element with a name, or NULL */
const struct element *config_element_named(const struct config *config, const char *name);

/**
 * pool_own() - the buckets of a pool of IPSEC_QOS_POOL_BUCKET whose home an element is, as
 * all who have the same members find by themselves
 *
 * @own: IPSEC_QOS_BUCKETS / 8 bytes
 *
 * Return: how many they are; 0 where it is no member.
 */
uint32_t pool_own(const struct steer_pool *pool, const struct element *element, uint8_t *own);

/**
 * config_beside() - is an address of this host one that nothing is steered to, though this
 * host is a member of a pool, to which others are?
 */
bool config_beside(const struct config *config, const struct iq_addr *addr);

/** prefix_has() - is an address, or all of another prefix, in a prefix? */
bool prefix_has(const struct prefix *prefix, const struct iq_addr *addr, uint8_t len);

/** prefix_text() - ADDRESS/LENGTH, or the address alone where all bits count; @buf */
const char *prefix_text(const struct prefix *prefix, char *buf);
#define PREFIX_TEXT	50

#endif /* IPSEC_QOSD_CONFIG_STEER_H */
