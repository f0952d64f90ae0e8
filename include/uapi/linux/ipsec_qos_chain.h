/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ipsec_qos: what the family says of service chains: devices, chains of them, and the
 * services whose packets go through. For linux/ipsec_qos.h, which includes it, and says what
 * holds for all of the family.
 *
 * The service side of a packet is the one that has the service's address: its destination
 * on the way forward, from client to server, and its source on the way back. With
 * IPSEC_QOS_SERVICE_CLIENT it is the other way round.
 */
#ifndef _UAPI_LINUX_IPSEC_QOS_CHAIN_H
#define _UAPI_LINUX_IPSEC_QOS_CHAIN_H

#define IPSEC_QOS_DEVICES_MAX		4096	/* of a namespace */
#define IPSEC_QOS_DEVICE_ID_MAX		65535
#define IPSEC_QOS_DEVICE_FROM_MAX	4	/* further MACs that a side sends from */
#define IPSEC_QOS_DEVICE_ALTERNATES_MAX	8	/* in a row, of a device */
#define IPSEC_QOS_DEVICE_RATE		10000	/* copies a second, unless configured */
#define IPSEC_QOS_DEVICE_RATE_MAX	10000000
#define IPSEC_QOS_DEVICE_SNAP_MIN	64	/* bytes of a copy */
#define IPSEC_QOS_CHAINS_MAX		16384	/* of a namespace */
#define IPSEC_QOS_CHAIN_ID_MAX		65535
#define IPSEC_QOS_CHAIN_STEPS_MAX	8
#define IPSEC_QOS_SERVICES_MAX		131072	/* of a namespace */
#define IPSEC_QOS_SERVICE_ID_MAX	16777215
#define IPSEC_QOS_SERVICE_PORTS_MAX	64	/* of a service, ranges and single ones */
#define IPSEC_QOS_SERVICE_KEYS_MAX	4194304	/* of a namespace, ports of all services */
#define IPSEC_QOS_SERVICE_ACL_MAX	4096	/* rules of a service */
#define IPSEC_QOS_SERVICE_ACL_NETS_MAX	64	/* of these, with a prefix of many addresses */
#define IPSEC_QOS_SERVICE_OVERRIDES_MAX	16
#define IPSEC_QOS_SERVICE_RATE_MAX	100000000 /* packets a second */
#define IPSEC_QOS_TRACE_MAX		1000	/* packets that one request has traced */
#define IPSEC_QOS_CHECK_IPV4_MIN	16	/* bits of the prefix that is for checks */
#define IPSEC_QOS_CHECK_IPV6_MIN	48

/**
 * enum ipsec_qos_device_kind - what a device is to packets
 *
 * @IPSEC_QOS_DEVICE_HOP: they go through it, or end there (the default)
 * @IPSEC_QOS_DEVICE_TAP: it gets copies; what it sends goes on from its place
 * @IPSEC_QOS_DEVICE_ROUTED: whatever is behind an interface: packets get there by routing,
 *	and come from whichever link address. The last of a chain only; one side, without MAC.
 */
enum ipsec_qos_device_kind {
	IPSEC_QOS_DEVICE_HOP,
	IPSEC_QOS_DEVICE_TAP,
	IPSEC_QOS_DEVICE_ROUTED,
	__IPSEC_QOS_DEVICE_KIND_MAX
};
#define IPSEC_QOS_DEVICE_KIND_MAX (__IPSEC_QOS_DEVICE_KIND_MAX - 1)

/**
 * enum ipsec_qos_device_state - may a device be sent packets?
 *
 * @IPSEC_QOS_DEVICE_UP: yes (the default)
 * @IPSEC_QOS_DEVICE_DOWN: no: they go to its alternate; where there is none that is up, as
 *	on its failure
 */
enum ipsec_qos_device_state {
	IPSEC_QOS_DEVICE_UP,
	IPSEC_QOS_DEVICE_DOWN,
	__IPSEC_QOS_DEVICE_STATE_MAX
};
#define IPSEC_QOS_DEVICE_STATE_MAX (__IPSEC_QOS_DEVICE_STATE_MAX - 1)

/**
 * enum ipsec_qos_device_failure - what becomes of packets while neither a device nor an
 * alternate is up
 *
 * @IPSEC_QOS_DEVICE_FAILURE_DROP: they are dropped (the default)
 * @IPSEC_QOS_DEVICE_FAILURE_SKIP: they go on to the next step
 */
enum ipsec_qos_device_failure {
	IPSEC_QOS_DEVICE_FAILURE_DROP,
	IPSEC_QOS_DEVICE_FAILURE_SKIP,
	__IPSEC_QOS_DEVICE_FAILURE_MAX
};
#define IPSEC_QOS_DEVICE_FAILURE_MAX (__IPSEC_QOS_DEVICE_FAILURE_MAX - 1)

/**
 * enum ipsec_qos_device_problem - why no packet can get to a device at this moment
 *
 * @IPSEC_QOS_DEVICE_FINE: one can, or nothing is known against it
 * @IPSEC_QOS_DEVICE_NO_DEV: there is no interface of that name
 * @IPSEC_QOS_DEVICE_DEV_DOWN: the interface is down or has no carrier
 * @IPSEC_QOS_DEVICE_NO_MAC: the interface has neighbours, and the side has no MAC; or it wants
 *	another link address than Ethernet's
 * @IPSEC_QOS_DEVICE_TAKEN: another device's side has the same interface and MAC
 */
enum ipsec_qos_device_problem {
	IPSEC_QOS_DEVICE_FINE,
	IPSEC_QOS_DEVICE_NO_DEV,
	IPSEC_QOS_DEVICE_DEV_DOWN,
	IPSEC_QOS_DEVICE_NO_MAC,
	IPSEC_QOS_DEVICE_TAKEN,
};

/**
 * enum ipsec_qos_device_counter - packets of a device
 *
 * @IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT: to its outer side; to a tap: copies
 * @IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED: from there
 * @IPSEC_QOS_DEVICE_COUNTER_INNER_SENT: to its inner side; of a device with one side: what
 *	goes back
 * @IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED: from there, likewise
 * @IPSEC_QOS_DEVICE_COUNTER_SKIPPED: went on to the next step, as it is down
 *
 * All below were dropped; of a tap, copies.
 *
 * @IPSEC_QOS_DEVICE_COUNTER_DOWN: it is down, and so is each alternate
 * @IPSEC_QOS_DEVICE_COUNTER_NO_WAY: its interface is not there or down, or it has no MAC
 * @IPSEC_QOS_DEVICE_COUNTER_TOO_BIG: too long for its interface; the sender was told
 * @IPSEC_QOS_DEVICE_COUNTER_RATE: copies beyond its rate, or without memory
 * @IPSEC_QOS_DEVICE_COUNTER_STRAY: came from it, and of a service that it has no part in, at
 *	the side that it cannot have come out of, or with an address or port that it is not to
 *	send
 * @IPSEC_QOS_DEVICE_COUNTER_CHECKED: came from it, of the range that checks are made with
 *	(IPSEC_QOS_CONF_A_CHECK_IPV4), and ended here
 */
enum ipsec_qos_device_counter {
	IPSEC_QOS_DEVICE_COUNTER_UNSPEC,
	IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT,
	IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED,
	IPSEC_QOS_DEVICE_COUNTER_INNER_SENT,
	IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED,
	IPSEC_QOS_DEVICE_COUNTER_SKIPPED,
	IPSEC_QOS_DEVICE_COUNTER_DOWN,
	IPSEC_QOS_DEVICE_COUNTER_NO_WAY,
	IPSEC_QOS_DEVICE_COUNTER_TOO_BIG,
	IPSEC_QOS_DEVICE_COUNTER_RATE,
	IPSEC_QOS_DEVICE_COUNTER_STRAY,
	IPSEC_QOS_DEVICE_COUNTER_CHECKED,
	__IPSEC_QOS_DEVICE_COUNTER_MAX
};
#define IPSEC_QOS_DEVICE_COUNTER_MAX (__IPSEC_QOS_DEVICE_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_side_attr - a side of a device: where it is sent packets, and where they
 * come from
 *
 * A link address and interface are one device's alone.
 *
 * @IPSEC_QOS_SIDE_A_DEV: string, an interface; required
 * @IPSEC_QOS_SIDE_A_MAC: 6 bytes, to send to; what comes from it is the device's. Absent: not
 *	known yet, or the interface has no neighbours
 * @IPSEC_QOS_SIDE_A_FROM: 6 bytes, also the device's, as of a virtual router; may repeat, 0 to
 *	IPSEC_QOS_DEVICE_FROM_MAX of them
 * @IPSEC_QOS_SIDE_A_PROBLEM: u8, enum ipsec_qos_device_problem; answers only
 */
enum ipsec_qos_side_attr {
	IPSEC_QOS_SIDE_A_UNSPEC,
	IPSEC_QOS_SIDE_A_DEV,
	IPSEC_QOS_SIDE_A_MAC,
	IPSEC_QOS_SIDE_A_FROM,
	IPSEC_QOS_SIDE_A_PROBLEM,
	__IPSEC_QOS_SIDE_A_MAX
};
#define IPSEC_QOS_SIDE_A_MAX (__IPSEC_QOS_SIDE_A_MAX - 1)

/**
 * enum ipsec_qos_device_attr - a device: an appliance or server that packets are sent
 * through or to, and that knows nothing of it
 *
 * @IPSEC_QOS_DEVICE_A_PAD: alignment only
 * @IPSEC_QOS_DEVICE_A_ID: u32, 1 to IPSEC_QOS_DEVICE_ID_MAX; the key
 * @IPSEC_QOS_DEVICE_A_NAME: string, as a group's; unique among devices. Required to add;
 *	absent: as it was
 * @IPSEC_QOS_DEVICE_A_KIND: u8, enum ipsec_qos_device_kind; it does not change while a chain
 *	has the device; absent: as it was
 * @IPSEC_QOS_DEVICE_A_OUTER: nest of enum ipsec_qos_side_attr: the side towards clients, or
 *	the only one. Required to add; absent: both sides are as they were
 * @IPSEC_QOS_DEVICE_A_INNER: likewise, the side towards servers; absent beside OUTER: one side
 *	is both
 * @IPSEC_QOS_DEVICE_A_STATE: u8, enum ipsec_qos_device_state; absent: as it was
 * @IPSEC_QOS_DEVICE_A_ALTERNATE: u32, the id of a device that takes what this one does not
 *	while it is down; 0: none. Of the same kind, and no cycle, nor more
 *	than IPSEC_QOS_DEVICE_ALTERNATES_MAX in a row. Absent: as it was
 * @IPSEC_QOS_DEVICE_A_FAILURE: u8, enum ipsec_qos_device_failure; absent: as it was
 * @IPSEC_QOS_DEVICE_A_RATE: u32, copies a second, 1 to IPSEC_QOS_DEVICE_RATE_MAX; of a tap
 * @IPSEC_QOS_DEVICE_A_SNAP: u32, bytes of a copy from its IP header on, from
 *	IPSEC_QOS_DEVICE_SNAP_MIN on; 0: all; of a tap
 * @IPSEC_QOS_DEVICE_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_DEVICE_A_NOW: u32, the id of the device that takes its packets; 0: none; answers
 *	only
 * @IPSEC_QOS_DEVICE_A_CHAINS: u32, chains that have it; answers only
 * @IPSEC_QOS_DEVICE_A_COUNTERS: nest, one IPSEC_QOS_DEVICE_COUNTER_* nest of enum
 *	ipsec_qos_counter_attr for each; answers only
 */
enum ipsec_qos_device_attr {
	IPSEC_QOS_DEVICE_A_UNSPEC,
	IPSEC_QOS_DEVICE_A_PAD,
	IPSEC_QOS_DEVICE_A_ID,
	IPSEC_QOS_DEVICE_A_NAME,
	IPSEC_QOS_DEVICE_A_KIND,
	IPSEC_QOS_DEVICE_A_OUTER,
	IPSEC_QOS_DEVICE_A_INNER,
	IPSEC_QOS_DEVICE_A_STATE,
	IPSEC_QOS_DEVICE_A_ALTERNATE,
	IPSEC_QOS_DEVICE_A_FAILURE,
	IPSEC_QOS_DEVICE_A_RATE,
	IPSEC_QOS_DEVICE_A_SNAP,
	IPSEC_QOS_DEVICE_A_OWNER,
	IPSEC_QOS_DEVICE_A_NOW,
	IPSEC_QOS_DEVICE_A_CHAINS,
	IPSEC_QOS_DEVICE_A_COUNTERS,
	__IPSEC_QOS_DEVICE_A_MAX
};
#define IPSEC_QOS_DEVICE_A_MAX (__IPSEC_QOS_DEVICE_A_MAX - 1)

/**
 * enum ipsec_qos_chain_attr - a chain: devices in the order in which packets meet them on the
 * way forward; on the way back it is the other way round
 *
 * @IPSEC_QOS_CHAIN_A_PAD: alignment only
 * @IPSEC_QOS_CHAIN_A_ID: u32, 1 to IPSEC_QOS_CHAIN_ID_MAX; the key
 * @IPSEC_QOS_CHAIN_A_NAME: string, as a group's; unique among chains. Required to add
 * @IPSEC_QOS_CHAIN_A_STEP: u32, the id of a device; may repeat, in order, up to
 *	IPSEC_QOS_CHAIN_STEPS_MAX of them; none twice, nor one that another one of them may
 *	come to stand for (IPSEC_QOS_DEVICE_A_ALTERNATE). Required to add; absent: as they were
 * @IPSEC_QOS_CHAIN_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_CHAIN_A_SERVICES: u32, services that go through it; answers only
 */
enum ipsec_qos_chain_attr {
	IPSEC_QOS_CHAIN_A_UNSPEC,
	IPSEC_QOS_CHAIN_A_PAD,
	IPSEC_QOS_CHAIN_A_ID,
	IPSEC_QOS_CHAIN_A_NAME,
	IPSEC_QOS_CHAIN_A_STEP,
	IPSEC_QOS_CHAIN_A_OWNER,
	IPSEC_QOS_CHAIN_A_SERVICES,
	__IPSEC_QOS_CHAIN_A_MAX
};
#define IPSEC_QOS_CHAIN_A_MAX (__IPSEC_QOS_CHAIN_A_MAX - 1)

/**
 * enum ipsec_qos_service_mode - which side of a packet has the service's address
 *
 * @IPSEC_QOS_SERVICE_SERVER: the servers', which clients send to (the default)
 * @IPSEC_QOS_SERVICE_CLIENT: the clients': an Internet provider's customer, a proxy that asks
 *	servers itself, a network behind a tunnel. Ports are those of the other side.
 */
enum ipsec_qos_service_mode {
	IPSEC_QOS_SERVICE_SERVER,
	IPSEC_QOS_SERVICE_CLIENT,
	__IPSEC_QOS_SERVICE_MODE_MAX
};
#define IPSEC_QOS_SERVICE_MODE_MAX (__IPSEC_QOS_SERVICE_MODE_MAX - 1)

/**
 * enum ipsec_qos_port_attr - ports of a service
 *
 * @IPSEC_QOS_PORT_A_PROTO: u8, an IP protocol: IPPROTO_TCP, UDP, SCTP, DCCP with ports; ICMP
 *	and ICMPV6 (echo and its replies), ESP, AH or another without. Required. In answers
 *	also 0: the service has none, but all that no other has
 * @IPSEC_QOS_PORT_A_FIRST: u16, of a protocol with ports; absent: all, 0 to 65535
 * @IPSEC_QOS_PORT_A_LAST: u16, not below FIRST; absent: as FIRST
 * @IPSEC_QOS_PORT_A_FORWARD: nest of enum ipsec_qos_counter_attr, what went into the chain
 *	from clients; answers only
 * @IPSEC_QOS_PORT_A_BACK: likewise, what went into it from servers; answers only
 */
enum ipsec_qos_port_attr {
	IPSEC_QOS_PORT_A_UNSPEC,
	IPSEC_QOS_PORT_A_PROTO,
	IPSEC_QOS_PORT_A_FIRST,
	IPSEC_QOS_PORT_A_LAST,
	IPSEC_QOS_PORT_A_FORWARD,
	IPSEC_QOS_PORT_A_BACK,
	__IPSEC_QOS_PORT_A_MAX
};
#define IPSEC_QOS_PORT_A_MAX (__IPSEC_QOS_PORT_A_MAX - 1)

/**
 * enum ipsec_qos_segment_attr - the service's address and port as a device sees them
 *
 * On the way forward a device is sent packets with TO, and sends them on with FROM; on the way
 * back the other way round. What is absent is as it was at the device before, or as the
 * service has it at the first one. Where TO differs from the FROM before it, this host
 * translates (destination NAT, and back); where FROM differs from TO, the device does: it
 * decrypts, translates, or is a proxy.
 *
 * @IPSEC_QOS_SEGMENT_A_DEVICE: u32, the id of a device of the service's chain; required
 * @IPSEC_QOS_SEGMENT_A_TO: 4 or 16 bytes in network order, of the service's family
 * @IPSEC_QOS_SEGMENT_A_TO_PORT: u16; where the service has one single port with TCP or UDP
 * @IPSEC_QOS_SEGMENT_A_FROM: as TO; not of the last device
 * @IPSEC_QOS_SEGMENT_A_FROM_PORT: nest of enum ipsec_qos_port_attr, PROTO with or without
 *	FIRST and LAST; may repeat up to IPSEC_QOS_SERVICE_PORTS_MAX; what a VPN gateway has
 *	decrypted; not of the last device
 */
enum ipsec_qos_segment_attr {
	IPSEC_QOS_SEGMENT_A_UNSPEC,
	IPSEC_QOS_SEGMENT_A_DEVICE,
	IPSEC_QOS_SEGMENT_A_TO,
	IPSEC_QOS_SEGMENT_A_TO_PORT,
	IPSEC_QOS_SEGMENT_A_FROM,
	IPSEC_QOS_SEGMENT_A_FROM_PORT,
	__IPSEC_QOS_SEGMENT_A_MAX
};
#define IPSEC_QOS_SEGMENT_A_MAX (__IPSEC_QOS_SEGMENT_A_MAX - 1)

/**
 * enum ipsec_qos_acl_attr - who may enter a service's chain: the first rule that fits a
 * packet's client says; where there are rules and none fits, it is dropped
 *
 * @IPSEC_QOS_ACL_A_DEV: string, an interface that it comes in by; absent: whichever
 * @IPSEC_QOS_ACL_A_ADDRESS: 4 or 16 bytes in network order, of the other side than the
 *	service's; absent: whichever
 * @IPSEC_QOS_ACL_A_LEN: u8, of the prefix; absent: 32 or 128
 * @IPSEC_QOS_ACL_A_ALLOW: u8, 0: it is dropped, 1: it enters; required
 * @IPSEC_QOS_ACL_A_COUNTER: nest of enum ipsec_qos_counter_attr; answers only
 */
enum ipsec_qos_acl_attr {
	IPSEC_QOS_ACL_A_UNSPEC,
	IPSEC_QOS_ACL_A_DEV,
	IPSEC_QOS_ACL_A_ADDRESS,
	IPSEC_QOS_ACL_A_LEN,
	IPSEC_QOS_ACL_A_ALLOW,
	IPSEC_QOS_ACL_A_COUNTER,
	__IPSEC_QOS_ACL_A_MAX
};
#define IPSEC_QOS_ACL_A_MAX (__IPSEC_QOS_ACL_A_MAX - 1)

/**
 * enum ipsec_qos_override_attr - whose packets of a service go through another chain; the
 * first that fits counts
 *
 * @IPSEC_QOS_OVERRIDE_A_ADDRESS: 4 or 16 bytes in network order: clients
 * @IPSEC_QOS_OVERRIDE_A_LEN: u8, of the prefix; absent: 32 or 128
 * @IPSEC_QOS_OVERRIDE_A_CHAIN: u32, the id of the chain; required
 */
enum ipsec_qos_override_attr {
	IPSEC_QOS_OVERRIDE_A_UNSPEC,
	IPSEC_QOS_OVERRIDE_A_ADDRESS,
	IPSEC_QOS_OVERRIDE_A_LEN,
	IPSEC_QOS_OVERRIDE_A_CHAIN,
	__IPSEC_QOS_OVERRIDE_A_MAX
};
#define IPSEC_QOS_OVERRIDE_A_MAX (__IPSEC_QOS_OVERRIDE_A_MAX - 1)

/**
 * enum ipsec_qos_service_counter - packets of a service that were dropped
 *
 * @IPSEC_QOS_SERVICE_COUNTER_ACL: by its ACL
 * @IPSEC_QOS_SERVICE_COUNTER_RATE: beyond its rate
 * @IPSEC_QOS_SERVICE_COUNTER_FORGED: with its address, from where it cannot come: an unknown
 *	link address, or not out of the group's SA
 * @IPSEC_QOS_SERVICE_COUNTER_TTL: had been through too many hosts; the sender was told
 * @IPSEC_QOS_SERVICE_COUNTER_MARTIAN: with a source that cannot come from there
 * @IPSEC_QOS_SERVICE_COUNTER_POLICY: a policy of the kernel's forbids it
 * @IPSEC_QOS_SERVICE_COUNTER_MEMORY: there was none
 */
enum ipsec_qos_service_counter {
	IPSEC_QOS_SERVICE_COUNTER_UNSPEC,
	IPSEC_QOS_SERVICE_COUNTER_ACL,
	IPSEC_QOS_SERVICE_COUNTER_RATE,
	IPSEC_QOS_SERVICE_COUNTER_FORGED,
	IPSEC_QOS_SERVICE_COUNTER_TTL,
	IPSEC_QOS_SERVICE_COUNTER_MARTIAN,
	IPSEC_QOS_SERVICE_COUNTER_POLICY,
	IPSEC_QOS_SERVICE_COUNTER_MEMORY,
	__IPSEC_QOS_SERVICE_COUNTER_MAX
};
#define IPSEC_QOS_SERVICE_COUNTER_MAX (__IPSEC_QOS_SERVICE_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_service_attr - a service: an address and ports that stand for a chain
 *
 * No address, protocol and port, as one device or client sees it, is two services'. All of a
 * service is stated in each request, but for what says otherwise.
 *
 * @IPSEC_QOS_SERVICE_A_PAD: alignment only
 * @IPSEC_QOS_SERVICE_A_ID: u32, 1 to IPSEC_QOS_SERVICE_ID_MAX; the key
 * @IPSEC_QOS_SERVICE_A_NAME: string, as a group's; unique among services. Required to add
 * @IPSEC_QOS_SERVICE_A_FAMILY: u8, AF_INET or AF_INET6; required
 * @IPSEC_QOS_SERVICE_A_ADDRESS: 4 or 16 bytes in network order; required. An address of this
 *	host is refused.
 * @IPSEC_QOS_SERVICE_A_LEN: u8, of a prefix, with IPSEC_QOS_SERVICE_CLIENT alone, and without
 *	ports; of several that an address is in, the longest counts. Absent: 32 or 128
 * @IPSEC_QOS_SERVICE_A_MODE: u8, enum ipsec_qos_service_mode
 * @IPSEC_QOS_SERVICE_A_PORT: nest of enum ipsec_qos_port_attr; may repeat, 0 to
 *	IPSEC_QOS_SERVICE_PORTS_MAX; none: all protocols and ports that no other service has
 * @IPSEC_QOS_SERVICE_A_CHAIN: u32, the id of its chain; required
 * @IPSEC_QOS_SERVICE_A_SEGMENT: nest of enum ipsec_qos_segment_attr; may repeat, one for a
 *	device; with IPSEC_QOS_SERVICE_SERVER alone
 * @IPSEC_QOS_SERVICE_A_GROUP: u32, the id of a group whose mark, priority and DSCP its packets
 *	get as they enter; absent: none
 * @IPSEC_QOS_SERVICE_A_FROM_GROUP: u32, the id of a group: on the way forward only what was
 *	decrypted by an SA of that enters; absent: whichever
 * @IPSEC_QOS_SERVICE_A_RATE: u32, packets a second that may enter, either way; 0: as many as
 *	there are (the default)
 * @IPSEC_QOS_SERVICE_A_ACL: nest of enum ipsec_qos_acl_attr; may repeat, in order, up to
 *	IPSEC_QOS_SERVICE_ACL_MAX, of which IPSEC_QOS_SERVICE_ACL_NETS_MAX are no single
 *	addresses. What does not fit into one A_SERVICE, of 65,535 bytes, goes on in the next
 *	of the message, which has ID and ACL alone; in an answer, too
 * @IPSEC_QOS_SERVICE_A_OVERRIDE: nest of enum ipsec_qos_override_attr; may repeat, in order, up
 *	to IPSEC_QOS_SERVICE_OVERRIDES_MAX; with IPSEC_QOS_SERVICE_SERVER alone
 * @IPSEC_QOS_SERVICE_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_SERVICE_A_COUNTERS: nest, one IPSEC_QOS_SERVICE_COUNTER_* nest of enum
 *	ipsec_qos_counter_attr for each; answers only
 * @IPSEC_QOS_SERVICE_A_SYNS: nest of enum ipsec_qos_counter_attr, packets of TCP that entered
 *	on the way forward with SYN and without ACK: a server that answers none of them, while
 *	nothing of the service comes back, may have failed; answers only
 */
enum ipsec_qos_service_attr {
	IPSEC_QOS_SERVICE_A_UNSPEC,
	IPSEC_QOS_SERVICE_A_PAD,
	IPSEC_QOS_SERVICE_A_ID,
	IPSEC_QOS_SERVICE_A_NAME,
	IPSEC_QOS_SERVICE_A_FAMILY,
	IPSEC_QOS_SERVICE_A_ADDRESS,
	IPSEC_QOS_SERVICE_A_LEN,
	IPSEC_QOS_SERVICE_A_MODE,
	IPSEC_QOS_SERVICE_A_PORT,
	IPSEC_QOS_SERVICE_A_CHAIN,
	IPSEC_QOS_SERVICE_A_SEGMENT,
	IPSEC_QOS_SERVICE_A_GROUP,
	IPSEC_QOS_SERVICE_A_FROM_GROUP,
	IPSEC_QOS_SERVICE_A_RATE,
	IPSEC_QOS_SERVICE_A_ACL,
	IPSEC_QOS_SERVICE_A_OVERRIDE,
	IPSEC_QOS_SERVICE_A_OWNER,
	IPSEC_QOS_SERVICE_A_COUNTERS,
	IPSEC_QOS_SERVICE_A_SYNS,
	__IPSEC_QOS_SERVICE_A_MAX
};
#define IPSEC_QOS_SERVICE_A_MAX (__IPSEC_QOS_SERVICE_A_MAX - 1)

/**
 * enum ipsec_qos_trace_attr - a packet of a service at one place of its way
 *
 * A request: SERVICE, PACKETS, CLIENT. The rest is of events, one for each place.
 *
 * @IPSEC_QOS_TRACE_A_PAD: alignment only
 * @IPSEC_QOS_TRACE_A_SERVICE: u32, the service's id; required
 * @IPSEC_QOS_TRACE_A_PACKETS: u32, so many passes of packets are to be told of, 0 to
 *	IPSEC_QOS_TRACE_MAX; 0: no more. Required; not in answers
 * @IPSEC_QOS_TRACE_A_CLIENT: 4 or 16 bytes in network order: only of this client;
 *	not in answers
 * @IPSEC_QOS_TRACE_A_TIME: u64, nanoseconds of CLOCK_MONOTONIC
 * @IPSEC_QOS_TRACE_A_BACK: u8, 1: on the way back
 * @IPSEC_QOS_TRACE_A_AT: u32, the id of the device that it came from; absent: from outside
 * @IPSEC_QOS_TRACE_A_TO: u32, that of the device that it is sent to; absent: it leaves the
 *	chain by routing, or is dropped
 * @IPSEC_QOS_TRACE_A_COPY: u8, 1: it is a copy
 * @IPSEC_QOS_TRACE_A_DROP: u8, what it was dropped as: enum ipsec_qos_service_counter, or
 *	128 and enum ipsec_qos_device_counter; absent: it was not
 * @IPSEC_QOS_TRACE_A_IN_DEV: string, the interface that it came by
 * @IPSEC_QOS_TRACE_A_IN_MAC: 6 bytes, its source
 * @IPSEC_QOS_TRACE_A_OUT_DEV: string, that it is sent by
 * @IPSEC_QOS_TRACE_A_OUT_MAC: 6 bytes, its destination
 * @IPSEC_QOS_TRACE_A_FAMILY: u8, AF_INET or AF_INET6
 * @IPSEC_QOS_TRACE_A_PROTO: u8, an IP protocol
 * @IPSEC_QOS_TRACE_A_SRC: 4 or 16 bytes in network order, as it is sent; likewise DST
 * @IPSEC_QOS_TRACE_A_DST: see there
 * @IPSEC_QOS_TRACE_A_SPORT: u16, likewise
 * @IPSEC_QOS_TRACE_A_DPORT: u16, likewise
 * @IPSEC_QOS_TRACE_A_BYTES: u32, from its IP header on
 */
enum ipsec_qos_trace_attr {
	IPSEC_QOS_TRACE_A_UNSPEC,
	IPSEC_QOS_TRACE_A_PAD,
	IPSEC_QOS_TRACE_A_SERVICE,
	IPSEC_QOS_TRACE_A_PACKETS,
	IPSEC_QOS_TRACE_A_CLIENT,
	IPSEC_QOS_TRACE_A_TIME,
	IPSEC_QOS_TRACE_A_BACK,
	IPSEC_QOS_TRACE_A_AT,
	IPSEC_QOS_TRACE_A_TO,
	IPSEC_QOS_TRACE_A_COPY,
	IPSEC_QOS_TRACE_A_DROP,
	IPSEC_QOS_TRACE_A_IN_DEV,
	IPSEC_QOS_TRACE_A_IN_MAC,
	IPSEC_QOS_TRACE_A_OUT_DEV,
	IPSEC_QOS_TRACE_A_OUT_MAC,
	IPSEC_QOS_TRACE_A_FAMILY,
	IPSEC_QOS_TRACE_A_PROTO,
	IPSEC_QOS_TRACE_A_SRC,
	IPSEC_QOS_TRACE_A_DST,
	IPSEC_QOS_TRACE_A_SPORT,
	IPSEC_QOS_TRACE_A_DPORT,
	IPSEC_QOS_TRACE_A_BYTES,
	__IPSEC_QOS_TRACE_A_MAX
};
#define IPSEC_QOS_TRACE_A_MAX (__IPSEC_QOS_TRACE_A_MAX - 1)

#endif /* _UAPI_LINUX_IPSEC_QOS_CHAIN_H */
