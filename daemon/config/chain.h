/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the configuration says of service chains: devices, chains of them, and the services
 * whose packets go through.
 *
 * Nothing of it changes once it is loaded. A pointer to a device or a chain is one into the
 * same configuration.
 */
#ifndef IPSEC_QOSD_CONFIG_CHAIN_H
#define IPSEC_QOSD_CONFIG_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/if_ether.h>
#include <linux/ipsec_qos.h>

#include "config/steer.h"
#include "lib/addr.h"
#include "lib/kernel/service.h"
#include "lib/kernel/settings.h"

struct config;

/**
 * enum device_check - how it is found out whether a device works
 *
 * @DEVICE_CHECK_NONE: not at all
 * @DEVICE_CHECK_NEIGH: its interfaces have a carrier, and its addresses answer ARP or
 *	neighbour discovery
 * @DEVICE_CHECK_CONNECT: it accepts connections to a port of TCP
 * @DEVICE_CHECK_IKE: it answers the first message of IKE
 * @DEVICE_CHECK_THROUGH: a connection of TCP comes through it, and its answer comes back
 */
enum device_check {
	DEVICE_CHECK_NONE,
	DEVICE_CHECK_NEIGH,
	DEVICE_CHECK_CONNECT,
	DEVICE_CHECK_IKE,
	DEVICE_CHECK_THROUGH,
};

#define DEVICE_INTERVAL_MIN	1000	/* ms, from one check to the next */
#define DEVICE_INTERVAL_MAX	60000
#define DEVICE_INTERVAL		5000
#define DEVICE_TRIES_MAX	10
#define DEVICE_TRIES		3	/* of a check */
#define DEVICE_TIMEOUT_MIN	100	/* ms, from one try to the next */
#define DEVICE_TIMEOUT_MAX	1000
#define DEVICE_TIMEOUT		300
#define DEVICE_PORT_IKE		500
#define DEVICE_PORT_THROUGH	80

/**
 * struct device_function - what devices of a function have in common; a section function,
 * or what a section device says beside it
 *
 * @kind: enum ipsec_qos_device_kind
 * @failure: enum ipsec_qos_device_failure
 * @has_check: @check was said
 * @port: of DEVICE_CHECK_CONNECT, DEVICE_CHECK_IKE and DEVICE_CHECK_THROUGH
 * @v6: of DEVICE_CHECK_THROUGH, by IPv6
 * @interval: from one check to the next, in ms
 * @tries: of each, one of which must succeed
 * @timeout: from one try to the next, in ms
 */
struct device_function {
	uint8_t kind;
	uint8_t failure;
	bool has_check;
	enum device_check check;
	uint16_t port;
	bool v6;
	uint32_t interval;
	uint32_t tries;
	uint32_t timeout;
};

/**
 * struct device_side - a side of a device
 *
 * @interface: "": there is no such side
 * @address: of IPv4 and of IPv6, of family 0: none; by either its MAC is found
 * @has_mac: @mac was given, and is not looked for
 * @from: further MACs that it sends from
 */
struct device_side {
	char interface[DEVICE_NAME];
	struct iq_addr address[2];
	bool has_mac;
	uint8_t mac[ETH_ALEN];
	size_t n_from;
	uint8_t from[IPSEC_QOS_DEVICE_FROM_MAX][ETH_ALEN];
};

/**
 * struct chain_device - a section device
 *
 * @down: configured so
 * @server: it is the last of a chain: what it answers is what comes back
 * @alternate: who takes its packets while it is down, or NULL
 * @rate: of a tap, copies a second
 * @snap: of a tap, bytes of a copy; 0: all
 */
struct chain_device {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	struct device_function f;
	struct device_side outer;
	struct device_side inner;
	bool down;
	bool server;
	const struct chain_device *alternate;
	uint32_t rate;
	uint32_t snap;
};

/** struct service_chain - a section chain; @devices in the order of the way forward */
struct service_chain {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	size_t n_devices;
	const struct chain_device *devices[IPSEC_QOS_CHAIN_STEPS_MAX];
};

/** range_of_checks() - addresses that checks of a version of IP are made with; family 0: none */
static inline const struct iq_kernel_range *range_of_checks(const struct iq_conf *conf, bool v6)
{
	return v6 ? &conf->check_ipv6 : &conf->check_ipv4;
}

/** device_check_name() - as a configuration has it */
const char *device_check_name(enum device_check check);

/** service_ports_text() - as a configuration has it, protocol 0: "all"; @buf of FORMAT_MAX */
const char *service_ports_text(const struct iq_kernel_port *ports, char *buf);

/**
 * enum service_mode - how the last device of a service's chain has its address
 *
 * @SERVICE_AUTO: the daemon finds it out
 * @SERVICE_LOOPBACK: at its loopback interface, and does not answer ARP for it
 * @SERVICE_ALIAS: as one more of its interface
 * @SERVICE_NAT: it has not: this host translates
 * @SERVICE_CLIENT: it is the clients' address
 */
enum service_mode {
	SERVICE_AUTO,
	SERVICE_LOOPBACK,
	SERVICE_ALIAS,
	SERVICE_NAT,
	SERVICE_CLIENT,
};

/**
 * struct service_segment - a section segment in one of a service: its address and ports as a
 * device sees them
 *
 * @to: what it is sent, @from: what it sends on; of family 0: as before
 * @to_port: 0: as before
 * @n_from_ports: 0: as before
 */
struct service_segment {
	const struct chain_device *device;
	struct iq_addr to;
	uint16_t to_port;
	struct iq_addr from;
	size_t n_from_ports;
	struct iq_kernel_port *from_ports;
};

/**
 * struct service_rule - a rule of its ACL
 *
 * @any: whichever client; else those of @prefix
 * @interface: that it comes in by, "": whichever
 */
struct service_rule {
	bool allow;
	bool any;
	struct prefix prefix;
	char interface[DEVICE_NAME];
};

/** struct service_clients - whose packets go through another chain */
struct service_clients {
	struct prefix prefix;
	const struct service_chain *chain;
};

/**
 * struct service - a section service
 *
 * @address: a prefix with SERVICE_CLIENT alone
 * @n_ports: 0: all that no other service has
 * @server: of SERVICE_NAT, and what SERVICE_AUTO may come to: the last device's own address;
 *	of family 0: it has none
 * @server_port: likewise, 0: as before
 * @group: 0: none
 * @from_group: 0: whichever
 * @limit: packets a second, 0: as many as there are
 * @file: where it stands, for what is found wrong later
 */
struct service {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	struct prefix address;
	enum service_mode mode;
	size_t n_ports;
	struct iq_kernel_port *ports;
	const struct service_chain *chain;
	size_t n_segments;
	struct service_segment *segments;
	struct iq_addr server;
	uint16_t server_port;
	uint32_t group;
	uint32_t from_group;
	uint32_t limit;
	size_t n_rules;
	struct service_rule *rules;
	size_t n_clients;
	struct service_clients *clients;
	char *file;
	unsigned int line;
};

/** struct chain_config - all of it, as it stands in the file; @ids: services by their ids */
struct chain_config {
	size_t n_devices;
	struct chain_device *devices;
	size_t n_chains;
	struct service_chain *chains;
	size_t n_services;
	struct service *services;
	const struct service **ids;
};

/** service_last() - the last device of its chain, which its server is */
static inline const struct chain_device *service_last(const struct service *service)
{
	return service->chain->devices[service->chain->n_devices - 1];
}

/** service_segment_of() - that of a device, or NULL */
const struct service_segment *service_segment_of(const struct service *service,
						 const struct chain_device *device);

/** config_service() - the service with an id, or NULL */
const struct service *config_service(const struct config *config, uint32_t id);

/** config_device_named() - the device with a name, or NULL */
const struct chain_device *config_device_named(const struct config *config, const char *name);

#endif /* IPSEC_QOSD_CONFIG_CHAIN_H */
