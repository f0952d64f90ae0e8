/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ipsec_qos: what the family says of steering: elements, pools of them, and the addresses
 * whose packets go there. For linux/ipsec_qos.h, which includes it, and says what holds for
 * all of the family.
 */
#ifndef _UAPI_LINUX_IPSEC_QOS_STEER_H
#define _UAPI_LINUX_IPSEC_QOS_STEER_H

#define IPSEC_QOS_ELEMENTS_MAX		4096	/* of a namespace */
#define IPSEC_QOS_ELEMENT_ID_MAX	65535
#define IPSEC_QOS_POOLS_MAX		1024	/* of a namespace */
#define IPSEC_QOS_POOL_ID_MAX		65535
#define IPSEC_QOS_POOL_MEMBERS_MAX	256
#define IPSEC_QOS_POOL_WEIGHT_MAX	65535
#define IPSEC_QOS_POOL_SECRET_BYTES	16
#define IPSEC_QOS_BUCKETS		4096	/* of a pool; see enum ipsec_qos_pool_mode */
#define IPSEC_QOS_STEERS_MAX		1024	/* steered prefixes of a namespace */
#define IPSEC_QOS_UNKNOWN_RATE		100	/* told a second, unless configured */
#define IPSEC_QOS_UNKNOWN_RATE_MAX	10000

/**
 * enum ipsec_qos_element_state - may an element be sent packets?
 *
 * @IPSEC_QOS_ELEMENT_UP: yes (the default)
 * @IPSEC_QOS_ELEMENT_DRAIN: those of what it has: its buckets stay its own, and no IKE SA
 *	begins there
 * @IPSEC_QOS_ELEMENT_DOWN: no: its buckets are lent to the next choice of each, and what
 *	has an entry that names it is dropped
 */
enum ipsec_qos_element_state {
	IPSEC_QOS_ELEMENT_UP,
	IPSEC_QOS_ELEMENT_DRAIN,
	IPSEC_QOS_ELEMENT_DOWN,
	__IPSEC_QOS_ELEMENT_STATE_MAX
};
#define IPSEC_QOS_ELEMENT_STATE_MAX (__IPSEC_QOS_ELEMENT_STATE_MAX - 1)

/**
 * enum ipsec_qos_element_problem - why no packet can get to an element at this moment
 *
 * @IPSEC_QOS_ELEMENT_FINE: one can, or nothing is known against it
 * @IPSEC_QOS_ELEMENT_NO_DEVICE: there is no such interface
 * @IPSEC_QOS_ELEMENT_DEVICE_DOWN: the interface is down or has no carrier
 * @IPSEC_QOS_ELEMENT_NO_ROUTE: no route leads to the next hop, or no nexthop object has
 *	that number
 * @IPSEC_QOS_ELEMENT_LOCAL: the next hop is an address of this host
 */
enum ipsec_qos_element_problem {
	IPSEC_QOS_ELEMENT_FINE,
	IPSEC_QOS_ELEMENT_NO_DEVICE,
	IPSEC_QOS_ELEMENT_DEVICE_DOWN,
	IPSEC_QOS_ELEMENT_NO_ROUTE,
	IPSEC_QOS_ELEMENT_LOCAL,
};

/**
 * enum ipsec_qos_element_counter - what became of packets that were an element's
 *
 * All but SENT and ICMP were dropped.
 *
 * @IPSEC_QOS_ELEMENT_COUNTER_SENT: sent to it
 * @IPSEC_QOS_ELEMENT_COUNTER_ICMP: ICMP errors about what it sends, sent to it
 * @IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE: there is no way to its next hop
 * @IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG: too long for the way, and not to be fragmented; the
 *	sender was told
 * @IPSEC_QOS_ELEMENT_COUNTER_TTL: had been through too many hosts; the sender was told
 * @IPSEC_QOS_ELEMENT_COUNTER_DOWN: it is down, and an entry names it
 * @IPSEC_QOS_ELEMENT_COUNTER_MARTIAN: with a source that cannot come from there (rp_filter,
 *	accept_local)
 * @IPSEC_QOS_ELEMENT_COUNTER_POLICY: a policy of the kernel's forbids it
 */
enum ipsec_qos_element_counter {
	IPSEC_QOS_ELEMENT_COUNTER_UNSPEC,
	IPSEC_QOS_ELEMENT_COUNTER_SENT,
	IPSEC_QOS_ELEMENT_COUNTER_ICMP,
	IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE,
	IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG,
	IPSEC_QOS_ELEMENT_COUNTER_TTL,
	IPSEC_QOS_ELEMENT_COUNTER_DOWN,
	IPSEC_QOS_ELEMENT_COUNTER_MARTIAN,
	IPSEC_QOS_ELEMENT_COUNTER_POLICY,
	__IPSEC_QOS_ELEMENT_COUNTER_MAX
};
#define IPSEC_QOS_ELEMENT_COUNTER_MAX (__IPSEC_QOS_ELEMENT_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_element_attr - an element: a host, or a namespace of this one, that has
 * SAs and decrypts what is sent to it
 *
 * Its next hop is VIA or VIA6, at DEV if that is given; or what DEV leads to, a tunnel or
 * another interface without neighbours; or NEXTHOP. An address of this host is refused as
 * a next hop where it is stated first; one that becomes that later is a PROBLEM.
 *
 * @IPSEC_QOS_ELEMENT_A_PAD: alignment only
 * @IPSEC_QOS_ELEMENT_A_ID: u32, 1 to IPSEC_QOS_ELEMENT_ID_MAX; the key
 * @IPSEC_QOS_ELEMENT_A_NAME: string, as a group's; unique among elements; what its share of
 *	a pool's buckets depends on. Required to add; absent: as it was. Another one counts
 *	in a pool once that is stated again.
 * @IPSEC_QOS_ELEMENT_A_DEV: string, an interface
 * @IPSEC_QOS_ELEMENT_A_VIA: 4 bytes in network order, the next hop of IPv4 packets
 * @IPSEC_QOS_ELEMENT_A_VIA6: 16 bytes, that of IPv6 packets, and of IPv4 ones without VIA;
 *	one of its link alone needs DEV
 * @IPSEC_QOS_ELEMENT_A_NEXTHOP: u32, the number of a nexthop object (ip nexthop), instead
 *	of those three. Flows are shared among a group's next hops, of 512 elements of a
 *	namespace at least; all go to one of them where more are reached so.
 * @IPSEC_QOS_ELEMENT_A_STATE: u8, enum ipsec_qos_element_state; absent: as it was, up if it
 *	is new: who states how an element is reached need not know how it is
 * @IPSEC_QOS_ELEMENT_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_ELEMENT_A_PROBLEM: u8, enum ipsec_qos_element_problem; answers only
 * @IPSEC_QOS_ELEMENT_A_SAS: u32, SAs whose entries name it; answers only
 * @IPSEC_QOS_ELEMENT_A_POOLS: u32, pools that it is a member of; answers only
 * @IPSEC_QOS_ELEMENT_A_COUNTERS: nest, one IPSEC_QOS_ELEMENT_COUNTER_* nest of enum
 *	ipsec_qos_counter_attr for each; answers only
 */
enum ipsec_qos_element_attr {
	IPSEC_QOS_ELEMENT_A_UNSPEC,
	IPSEC_QOS_ELEMENT_A_PAD,
	IPSEC_QOS_ELEMENT_A_ID,
	IPSEC_QOS_ELEMENT_A_NAME,
	IPSEC_QOS_ELEMENT_A_DEV,
	IPSEC_QOS_ELEMENT_A_VIA,
	IPSEC_QOS_ELEMENT_A_VIA6,
	IPSEC_QOS_ELEMENT_A_NEXTHOP,
	IPSEC_QOS_ELEMENT_A_STATE,
	IPSEC_QOS_ELEMENT_A_OWNER,
	IPSEC_QOS_ELEMENT_A_PROBLEM,
	IPSEC_QOS_ELEMENT_A_SAS,
	IPSEC_QOS_ELEMENT_A_POOLS,
	IPSEC_QOS_ELEMENT_A_COUNTERS,
	__IPSEC_QOS_ELEMENT_A_MAX
};
#define IPSEC_QOS_ELEMENT_A_MAX (__IPSEC_QOS_ELEMENT_A_MAX - 1)

/**
 * enum ipsec_qos_pool_mode - how a pool's member is chosen for a packet
 *
 * @IPSEC_QOS_POOL_BUCKET: by bits 16 to 27 of the SPI, which its receiver chose: one of
 *	IPSEC_QOS_BUCKETS, each of which has a home among the members (the default)
 * @IPSEC_QOS_POOL_SA: by a hash of destination and SPI: every member has every SA
 * @IPSEC_QOS_POOL_FLOW: by a hash of addresses, protocol and ports, of packets of any kind
 */
enum ipsec_qos_pool_mode {
	IPSEC_QOS_POOL_BUCKET,
	IPSEC_QOS_POOL_SA,
	IPSEC_QOS_POOL_FLOW,
	__IPSEC_QOS_POOL_MODE_MAX
};
#define IPSEC_QOS_POOL_MODE_MAX (__IPSEC_QOS_POOL_MODE_MAX - 1)

/**
 * enum ipsec_qos_member_attr - a member of a pool
 *
 * @IPSEC_QOS_MEMBER_A_ELEMENT: u32, the element's id; required
 * @IPSEC_QOS_MEMBER_A_WEIGHT: u32, its share of the buckets, 1 to
 *	IPSEC_QOS_POOL_WEIGHT_MAX; 1 if absent
 * @IPSEC_QOS_MEMBER_A_HOME: u32, buckets whose home it is; answers only
 * @IPSEC_QOS_MEMBER_A_NOW: u32, buckets whose packets it is sent; answers only
 */
enum ipsec_qos_member_attr {
	IPSEC_QOS_MEMBER_A_UNSPEC,
	IPSEC_QOS_MEMBER_A_ELEMENT,
	IPSEC_QOS_MEMBER_A_WEIGHT,
	IPSEC_QOS_MEMBER_A_HOME,
	IPSEC_QOS_MEMBER_A_NOW,
	__IPSEC_QOS_MEMBER_A_MAX
};
#define IPSEC_QOS_MEMBER_A_MAX (__IPSEC_QOS_MEMBER_A_MAX - 1)

/**
 * enum ipsec_qos_pool_attr - a pool of elements
 *
 * Where members or weights change, a bucket whose home was a living element stays with it
 * until it is released (IPSEC_QOS_CMD_POOL_RELEASE), or that element is down or gone. That
 * is so of IPSEC_QOS_POOL_BUCKET alone. Buckets are lent to elements that are up. A member
 * that has the name of one that there was has what that one had, whatever their ids.
 *
 * @IPSEC_QOS_POOL_A_PAD: alignment only
 * @IPSEC_QOS_POOL_A_ID: u32, 1 to IPSEC_QOS_POOL_ID_MAX; the key
 * @IPSEC_QOS_POOL_A_NAME: string, as a group's; unique among pools. Required to add.
 * @IPSEC_QOS_POOL_A_MODE: u8, enum ipsec_qos_pool_mode; it does not change; absent: as it was
 * @IPSEC_QOS_POOL_A_MEMBER: nest of enum ipsec_qos_member_attr; may repeat, 0 to
 *	IPSEC_QOS_POOL_MEMBERS_MAX of them
 * @IPSEC_QOS_POOL_A_SECRET: IPSEC_QOS_POOL_SECRET_BYTES, what the first message of an IKE
 *	SA is hashed with; the same on all classifying elements; absent: as it was, or random;
 *	not in answers
 * @IPSEC_QOS_POOL_A_BUCKETS: IPSEC_QOS_BUCKETS bits, the first is the lowest of the first
 *	byte; for IPSEC_QOS_CMD_POOL_RELEASE alone; not in answers
 * @IPSEC_QOS_POOL_A_HOME: IPSEC_QOS_BUCKETS u16, the home of each: the id of an element, 0:
 *	none; answers only
 * @IPSEC_QOS_POOL_A_NOW: IPSEC_QOS_BUCKETS u16, likewise, where the packets of each go;
 *	answers only
 * @IPSEC_QOS_POOL_A_HELD: u32, buckets that are to be released; answers only
 * @IPSEC_QOS_POOL_A_LENT: u32, buckets that are lent; answers only
 * @IPSEC_QOS_POOL_A_OWNER: u8, enum ipsec_qos_owner; answers only
 */
enum ipsec_qos_pool_attr {
	IPSEC_QOS_POOL_A_UNSPEC,
	IPSEC_QOS_POOL_A_PAD,
	IPSEC_QOS_POOL_A_ID,
	IPSEC_QOS_POOL_A_NAME,
	IPSEC_QOS_POOL_A_MODE,
	IPSEC_QOS_POOL_A_MEMBER,
	IPSEC_QOS_POOL_A_SECRET,
	IPSEC_QOS_POOL_A_BUCKETS,
	IPSEC_QOS_POOL_A_HOME,
	IPSEC_QOS_POOL_A_NOW,
	IPSEC_QOS_POOL_A_HELD,
	IPSEC_QOS_POOL_A_LENT,
	IPSEC_QOS_POOL_A_OWNER,
	__IPSEC_QOS_POOL_A_MAX
};
#define IPSEC_QOS_POOL_A_MAX (__IPSEC_QOS_POOL_A_MAX - 1)

/**
 * enum ipsec_qos_steer_ike - where IKE to a steered prefix goes
 *
 * @IPSEC_QOS_STEER_IKE_LOCAL: where its address leads (the default)
 * @IPSEC_QOS_STEER_IKE_ELEMENT: to one element, IKE_ELEMENT. Not for IPSEC_QOS_POOL_FLOW.
 * @IPSEC_QOS_STEER_IKE_POOL: to one of the pool: the first message of an IKE SA by a hash
 *	of the initiator's SPI, all others by bits 48 to 59 of this side's IKE SPI, those
 *	of IKEv1, which does not say whose is which, by either; in one of
 *	IPSEC_QOS_POOL_SA all by that hash. Not for IPSEC_QOS_POOL_FLOW.
 */
enum ipsec_qos_steer_ike {
	IPSEC_QOS_STEER_IKE_LOCAL,
	IPSEC_QOS_STEER_IKE_ELEMENT,
	IPSEC_QOS_STEER_IKE_POOL,
	__IPSEC_QOS_STEER_IKE_MAX
};
#define IPSEC_QOS_STEER_IKE_MAX (__IPSEC_QOS_STEER_IKE_MAX - 1)

/**
 * enum ipsec_qos_steer_counter - how packets to a steered prefix found their element
 *
 * @IPSEC_QOS_STEER_COUNTER_EXACT: by an entry
 * @IPSEC_QOS_STEER_COUNTER_HOME: by a bucket, at its home or where it is held
 * @IPSEC_QOS_STEER_COUNTER_LENT: by a bucket, where it is lent
 * @IPSEC_QOS_STEER_COUNTER_HASHED: by a hash
 * @IPSEC_QOS_STEER_COUNTER_IKE: IKE, also that which is not steered
 * @IPSEC_QOS_STEER_COUNTER_ICMP: ICMP errors
 * @IPSEC_QOS_STEER_COUNTER_NOBODY: not at all: dropped
 * @IPSEC_QOS_STEER_COUNTER_KEEPALIVE: NAT keep-alives where IKE is steered, which no element
 *	wants: dropped
 */
enum ipsec_qos_steer_counter {
	IPSEC_QOS_STEER_COUNTER_UNSPEC,
	IPSEC_QOS_STEER_COUNTER_EXACT,
	IPSEC_QOS_STEER_COUNTER_HOME,
	IPSEC_QOS_STEER_COUNTER_LENT,
	IPSEC_QOS_STEER_COUNTER_HASHED,
	IPSEC_QOS_STEER_COUNTER_IKE,
	IPSEC_QOS_STEER_COUNTER_ICMP,
	IPSEC_QOS_STEER_COUNTER_NOBODY,
	IPSEC_QOS_STEER_COUNTER_KEEPALIVE,
	__IPSEC_QOS_STEER_COUNTER_MAX
};
#define IPSEC_QOS_STEER_COUNTER_MAX (__IPSEC_QOS_STEER_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_steer_attr - a steered prefix: protected packets to its addresses that
 * arrive go to elements. Of several that an address is in, the longest counts.
 *
 * @IPSEC_QOS_STEER_A_PAD: alignment only
 * @IPSEC_QOS_STEER_A_FAMILY: u8, AF_INET or AF_INET6; the key, with DST and LEN
 * @IPSEC_QOS_STEER_A_DST: 4 or 16 bytes in network order
 * @IPSEC_QOS_STEER_A_LEN: u8, of the prefix; 32 or 128 if absent
 * @IPSEC_QOS_STEER_A_POOL: u32, the pool's id. Required to add.
 * @IPSEC_QOS_STEER_A_IKE: u8, enum ipsec_qos_steer_ike
 * @IPSEC_QOS_STEER_A_IKE_ELEMENT: u32, the element's id; required by, and taken with,
 *	IPSEC_QOS_STEER_IKE_ELEMENT alone
 * @IPSEC_QOS_STEER_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_STEER_A_COUNTERS: nest, one IPSEC_QOS_STEER_COUNTER_* nest of enum
 *	ipsec_qos_counter_attr for each; answers only
 */
enum ipsec_qos_steer_attr {
	IPSEC_QOS_STEER_A_UNSPEC,
	IPSEC_QOS_STEER_A_PAD,
	IPSEC_QOS_STEER_A_FAMILY,
	IPSEC_QOS_STEER_A_DST,
	IPSEC_QOS_STEER_A_LEN,
	IPSEC_QOS_STEER_A_POOL,
	IPSEC_QOS_STEER_A_IKE,
	IPSEC_QOS_STEER_A_IKE_ELEMENT,
	IPSEC_QOS_STEER_A_OWNER,
	IPSEC_QOS_STEER_A_COUNTERS,
	__IPSEC_QOS_STEER_A_MAX
};
#define IPSEC_QOS_STEER_A_MAX (__IPSEC_QOS_STEER_A_MAX - 1)

/**
 * enum ipsec_qos_steer_why - why a packet goes where it goes
 *
 * @IPSEC_QOS_STEER_NOT: it is not steered
 * @IPSEC_QOS_STEER_EXACT: an entry names the element
 * @IPSEC_QOS_STEER_HOME: its bucket's home
 * @IPSEC_QOS_STEER_HELD: its bucket is held where its home was
 * @IPSEC_QOS_STEER_LENT: its bucket is lent
 * @IPSEC_QOS_STEER_HASHED: by a hash
 * @IPSEC_QOS_STEER_NOBODY: to nobody: the pool has no living member
 */
enum ipsec_qos_steer_why {
	IPSEC_QOS_STEER_NOT,
	IPSEC_QOS_STEER_EXACT,
	IPSEC_QOS_STEER_HOME,
	IPSEC_QOS_STEER_HELD,
	IPSEC_QOS_STEER_LENT,
	IPSEC_QOS_STEER_HASHED,
	IPSEC_QOS_STEER_NOBODY,
};

/**
 * enum ipsec_qos_steer_test_attr - a packet that there might be, and where it goes
 *
 * @IPSEC_QOS_STEER_TEST_A_FAMILY: u8, AF_INET or AF_INET6; required
 * @IPSEC_QOS_STEER_TEST_A_DST: 4 or 16 bytes in network order; required
 * @IPSEC_QOS_STEER_TEST_A_SRC: likewise; for a pool of IPSEC_QOS_POOL_FLOW
 * @IPSEC_QOS_STEER_TEST_A_SPI: u32, 256 to 4294967295; required
 * @IPSEC_QOS_STEER_TEST_A_PROTO: u8, IPPROTO_ESP (the default) or IPPROTO_AH
 * @IPSEC_QOS_STEER_TEST_A_WHY: u8, enum ipsec_qos_steer_why; answers only
 * @IPSEC_QOS_STEER_TEST_A_ELEMENT: u32, an element's id; answers only
 * @IPSEC_QOS_STEER_TEST_A_GROUP: u32, a group's id; answers only
 * @IPSEC_QOS_STEER_TEST_A_POOL: u32, a pool's id; answers only
 * @IPSEC_QOS_STEER_TEST_A_BUCKET: u16; answers only
 */
enum ipsec_qos_steer_test_attr {
	IPSEC_QOS_STEER_TEST_A_UNSPEC,
	IPSEC_QOS_STEER_TEST_A_FAMILY,
	IPSEC_QOS_STEER_TEST_A_DST,
	IPSEC_QOS_STEER_TEST_A_SRC,
	IPSEC_QOS_STEER_TEST_A_SPI,
	IPSEC_QOS_STEER_TEST_A_PROTO,
	IPSEC_QOS_STEER_TEST_A_WHY,
	IPSEC_QOS_STEER_TEST_A_ELEMENT,
	IPSEC_QOS_STEER_TEST_A_GROUP,
	IPSEC_QOS_STEER_TEST_A_POOL,
	IPSEC_QOS_STEER_TEST_A_BUCKET,
	__IPSEC_QOS_STEER_TEST_A_MAX
};
#define IPSEC_QOS_STEER_TEST_A_MAX (__IPSEC_QOS_STEER_TEST_A_MAX - 1)

/**
 * enum ipsec_qos_unknown - what is done about ESP and AH to this host that it has no SA for
 *
 * The kernel drops and counts it as always.
 *
 * @IPSEC_QOS_UNKNOWN_OFF: nothing (the default)
 * @IPSEC_QOS_UNKNOWN_TELL: an event, once a second and SPI
 * @IPSEC_QOS_UNKNOWN_RELAY: that, and the packet goes to an element, but not to where it
 *	came from
 */
enum ipsec_qos_unknown {
	IPSEC_QOS_UNKNOWN_OFF,
	IPSEC_QOS_UNKNOWN_TELL,
	IPSEC_QOS_UNKNOWN_RELAY,
	__IPSEC_QOS_UNKNOWN_MAX
};
#define IPSEC_QOS_UNKNOWN_MAX (__IPSEC_QOS_UNKNOWN_MAX - 1)

/**
 * enum ipsec_qos_unknown_attr - an SPI that there is no SA for
 *
 * @IPSEC_QOS_UNKNOWN_A_FAMILY: u8, AF_INET or AF_INET6
 * @IPSEC_QOS_UNKNOWN_A_SRC: 4 or 16 bytes in network order
 * @IPSEC_QOS_UNKNOWN_A_DST: likewise
 * @IPSEC_QOS_UNKNOWN_A_SPI: u32
 * @IPSEC_QOS_UNKNOWN_A_PROTO: u8, IPPROTO_ESP or IPPROTO_AH
 * @IPSEC_QOS_UNKNOWN_A_COUNT: u32, packets since the last event of it, or what is known of
 *	them
 */
enum ipsec_qos_unknown_attr {
	IPSEC_QOS_UNKNOWN_A_UNSPEC,
	IPSEC_QOS_UNKNOWN_A_FAMILY,
	IPSEC_QOS_UNKNOWN_A_SRC,
	IPSEC_QOS_UNKNOWN_A_DST,
	IPSEC_QOS_UNKNOWN_A_SPI,
	IPSEC_QOS_UNKNOWN_A_PROTO,
	IPSEC_QOS_UNKNOWN_A_COUNT,
	__IPSEC_QOS_UNKNOWN_A_MAX
};
#define IPSEC_QOS_UNKNOWN_A_MAX (__IPSEC_QOS_UNKNOWN_A_MAX - 1)

#endif /* _UAPI_LINUX_IPSEC_QOS_STEER_H */
