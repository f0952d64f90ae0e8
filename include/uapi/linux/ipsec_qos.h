/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ipsec_qos: the generic netlink family, the one contract between the module
 * and user space.
 *
 * Every command needs CAP_NET_ADMIN in the user namespace that owns the
 * network namespace, reading too: SPIs and IKE SPIs are in the answers.
 * Unknown attributes are refused, and those that a command does not take.
 * Numbers are in host byte order unless said otherwise. Errors come with an
 * extended ACK: a message, and the offset of the attribute that is at fault (in
 * a bulk request: the nest of the entry). An answer bears the command of its
 * request.
 *
 * NLM_F_CREATE|NLM_F_EXCL  add; EEXIST where it exists
 * NLM_F_REPLACE            change; ENOENT where it does not exist
 * NLM_F_CREATE|NLM_F_REPLACE  add or change
 * A change states the whole object: what is left out is unset.
 */
#ifndef _UAPI_LINUX_IPSEC_QOS_H
#define _UAPI_LINUX_IPSEC_QOS_H

#include <linux/types.h>
#include <linux/ipsec_qos_chain.h>
#include <linux/ipsec_qos_steer.h>

#define IPSEC_QOS_GENL_NAME		"ipsec_qos"
#define IPSEC_QOS_GENL_VERSION		1
#define IPSEC_QOS_MCGRP_EVENTS		"events"
#define IPSEC_QOS_MCGRP_NAT		"nat"	/* those about A_NAT */
#define IPSEC_QOS_MCGRP_STEER		"steer"	/* about A_ELEMENT, A_POOL, A_STEER, A_UNKNOWN */
#define IPSEC_QOS_MCGRP_CHAIN		"chain"	/* about A_DEVICE, A_CHAIN, A_SERVICE */
#define IPSEC_QOS_MCGRP_TRACE		"trace"	/* A_TRACE */

#define IPSEC_QOS_NAME_MAX		32	/* a group's name with its NUL */
#define IPSEC_QOS_PORTS_MAX		8	/* ports in one list */
#define IPSEC_QOS_BULK_MAX		1024	/* entries in one request */

#define IPSEC_QOS_MAX_SAS		1048576	/* ceilings unless configured */
#define IPSEC_QOS_MAX_IKES		262144
#define IPSEC_QOS_MAX_GROUPS		4096

#define IPSEC_QOS_MAX_SAS_LIMIT		16777216 /* what they may be set to */
#define IPSEC_QOS_MAX_IKES_LIMIT	4194304
#define IPSEC_QOS_MAX_GROUPS_LIMIT	65536

#define IPSEC_QOS_LIFETIME_MAX		2147483	/* seconds */

#define IPSEC_QOS_NAT_RULES_MAX		64	/* rules of a namespace */
#define IPSEC_QOS_NAT_RULE_ID_MAX	32767
#define IPSEC_QOS_NAT_ENTRIES		65536	/* of a rule, unless configured */
#define IPSEC_QOS_NAT_ENTRIES_LIMIT	1048576	/* what that may be set to */
#define IPSEC_QOS_NAT_NODE		256	/* of them an inside node's */
#define IPSEC_QOS_NAT_IDLE		300	/* seconds, of an associated entry */
#define IPSEC_QOS_NAT_WAIT		30	/* seconds, of a waiting one */
#define IPSEC_QOS_NAT_KEY_BYTES		16
#define IPSEC_QOS_NAT_TOLD_MAX		8	/* candidates that an event names */

#define IPSEC_QOS_PENDING_LIFETIME	30	/* seconds, see IPSEC_QOS_SA_F_PENDING */

/**
 * enum ipsec_qos_cmd - commands of the family
 *
 * @IPSEC_QOS_CMD_GROUP_NEW: add or change groups: one or more A_GROUP, A_OWNER.
 * @IPSEC_QOS_CMD_GROUP_DEL: delete groups, by ID or NAME: one or more A_GROUP.
 *	EBUSY while SAs or IKE SAs use one; the message says how many.
 * @IPSEC_QOS_CMD_GROUP_GET: do: the group whose ID or NAME is in A_GROUP;
 *	dump: all, or those of A_OWNER.
 * @IPSEC_QOS_CMD_GROUP_FLUSH: delete every group (of A_OWNER, if given) that
 *	no entry uses; answers A_COUNT.
 * @IPSEC_QOS_CMD_SA_NEW: add or change SAs: one or more A_SA, A_OWNER. All of
 *	them or none. A_COUNT, a hint: so many there will be, these and those of
 *	the requests to come; so that room is made for them once, up to the
 *	ceiling.
 * @IPSEC_QOS_CMD_SA_DEL: delete SAs by key: one or more A_SA. All or none.
 * @IPSEC_QOS_CMD_SA_GET: do: the SA whose key is in A_SA; dump: all that fit
 *	the filter in A_SA (any of FAMILY, DST, SPI, PROTO, GROUP, ELEMENT) and
 *	A_OWNER.
 * @IPSEC_QOS_CMD_SA_FLUSH: delete all that fit such a filter; answers A_COUNT.
 * @IPSEC_QOS_CMD_IKE_NEW: as for SAs, with A_IKE.
 * @IPSEC_QOS_CMD_IKE_DEL: as for SAs, with A_IKE.
 * @IPSEC_QOS_CMD_IKE_GET: as for SAs; filter: any of SPI_I, SPI_R, GROUP.
 * @IPSEC_QOS_CMD_IKE_FLUSH: as for SAs.
 * @IPSEC_QOS_CMD_STATUS_GET: do: answers A_STATUS and A_CONF.
 * @IPSEC_QOS_CMD_CONF_SET: A_CONF: changes what is given, keeps the rest.
 * @IPSEC_QOS_CMD_RESYNC_START: open a generation for A_OWNER; answers A_OWNER
 *	and A_GENERATION. What A_OWNER adds or changes from now on belongs to it.
 * @IPSEC_QOS_CMD_RESYNC_END: close it: A_OWNER, A_GENERATION. Groups, SAs, IKE SAs,
 *	steered prefixes, pools and elements of A_OWNER from earlier generations are
 *	removed, except SAs that the kernel's own SAD still has, pending ones, and what is
 *	still in use.
 *	Answers A_COUNT. ESTALE where a later generation was opened meanwhile.
 * @IPSEC_QOS_CMD_NAT_RULE_NEW: add or change one rule of translation: A_NAT_RULE.
 *	Confirmed entries of a rule that changes stay, others where SCHEME and
 *	UNDERIVED do not change.
 * @IPSEC_QOS_CMD_NAT_RULE_DEL: delete one, by ID, with its entries: A_NAT_RULE.
 * @IPSEC_QOS_CMD_NAT_RULE_GET: dump: all, by ID.
 * @IPSEC_QOS_CMD_NAT_GET: dump: the translation table; A_NAT with RULE: that
 *	rule's.
 * @IPSEC_QOS_CMD_NAT_FLUSH: delete such entries; answers A_COUNT.
 * @IPSEC_QOS_CMD_ELEMENT_NEW: add or change elements: one or more A_ELEMENT, A_OWNER.
 *	All of them or none.
 * @IPSEC_QOS_CMD_ELEMENT_DEL: delete elements, by ID or NAME: one or more A_ELEMENT.
 *	EBUSY while a pool, an address or an SA names one; the message says which, or how
 *	many.
 * @IPSEC_QOS_CMD_ELEMENT_GET: do: the element whose ID or NAME is in A_ELEMENT; dump: all,
 *	or those of A_OWNER.
 * @IPSEC_QOS_CMD_POOL_NEW: add or change one pool: A_POOL, A_OWNER.
 * @IPSEC_QOS_CMD_POOL_DEL: delete pools, by ID or NAME: one or more A_POOL. EBUSY while an
 *	address names one.
 * @IPSEC_QOS_CMD_POOL_GET: do: the pool whose ID or NAME is in A_POOL, with HOME and NOW;
 *	dump: all, without these, or those of A_OWNER.
 * @IPSEC_QOS_CMD_POOL_RELEASE: A_POOL with ID or NAME: buckets that a living element still
 *	has, and that are another's by the members as they are now, go to that one: those in
 *	BUCKETS, all if absent. Answers A_COUNT.
 * @IPSEC_QOS_CMD_STEER_NEW: add or change steered prefixes: one or more A_STEER, A_OWNER.
 *	All of them or none.
 * @IPSEC_QOS_CMD_STEER_DEL: delete steered prefixes by key: one or more A_STEER.
 * @IPSEC_QOS_CMD_STEER_GET: dump: all, or those of A_OWNER.
 * @IPSEC_QOS_CMD_STEER_TEST: do: where would such a packet go? A_STEER_TEST with what it
 *	has; answers A_STEER_TEST with that and where it goes. Nothing is counted.
 * @IPSEC_QOS_CMD_DEVICE_NEW: add or change devices: one or more A_DEVICE, A_OWNER. All of them
 *	or none.
 * @IPSEC_QOS_CMD_DEVICE_DEL: delete devices, by ID or NAME: one or more A_DEVICE. EBUSY while a
 *	chain, a segment or another device names one; the message says which.
 * @IPSEC_QOS_CMD_DEVICE_GET: do: the device whose ID or NAME is in A_DEVICE; dump: all, or
 *	those of A_OWNER.
 * @IPSEC_QOS_CMD_CHAIN_NEW: add or change chains: one or more A_CHAIN, A_OWNER. All of them or
 *	none; each at once for all packets. A packet that is at a device which the new chain has
 *	no more goes on by the old one, for some seconds.
 * @IPSEC_QOS_CMD_CHAIN_DEL: delete chains, by ID or NAME: one or more A_CHAIN. EBUSY while a
 *	service names one.
 * @IPSEC_QOS_CMD_CHAIN_GET: do: the chain whose ID or NAME is in A_CHAIN; dump: all, or those
 *	of A_OWNER.
 * @IPSEC_QOS_CMD_SERVICE_NEW: add or change services: one or more A_SERVICE, A_OWNER. All of
 *	them or none.
 * @IPSEC_QOS_CMD_SERVICE_DEL: delete services, by ID or NAME: one or more A_SERVICE.
 * @IPSEC_QOS_CMD_SERVICE_GET: do: the service whose ID or NAME is in A_SERVICE; dump: all, or
 *	those of A_OWNER, without rules of an ACL.
 * @IPSEC_QOS_CMD_SERVICE_TRACE: tell of a service's next packets, to the multicast group of
 *	traces: A_TRACE.
 * @IPSEC_QOS_CMD_EVENT: only sent by the kernel, to the multicast group:
 *	A_EVENT and the object it is about.
 */
enum ipsec_qos_cmd {
	IPSEC_QOS_CMD_UNSPEC,
	IPSEC_QOS_CMD_GROUP_NEW,
	IPSEC_QOS_CMD_GROUP_DEL,
	IPSEC_QOS_CMD_GROUP_GET,
	IPSEC_QOS_CMD_GROUP_FLUSH,
	IPSEC_QOS_CMD_SA_NEW,
	IPSEC_QOS_CMD_SA_DEL,
	IPSEC_QOS_CMD_SA_GET,
	IPSEC_QOS_CMD_SA_FLUSH,
	IPSEC_QOS_CMD_IKE_NEW,
	IPSEC_QOS_CMD_IKE_DEL,
	IPSEC_QOS_CMD_IKE_GET,
	IPSEC_QOS_CMD_IKE_FLUSH,
	IPSEC_QOS_CMD_STATUS_GET,
	IPSEC_QOS_CMD_CONF_SET,
	IPSEC_QOS_CMD_RESYNC_START,
	IPSEC_QOS_CMD_RESYNC_END,
	IPSEC_QOS_CMD_EVENT,
	IPSEC_QOS_CMD_NAT_RULE_NEW,
	IPSEC_QOS_CMD_NAT_RULE_DEL,
	IPSEC_QOS_CMD_NAT_RULE_GET,
	IPSEC_QOS_CMD_NAT_GET,
	IPSEC_QOS_CMD_NAT_FLUSH,
	IPSEC_QOS_CMD_ELEMENT_NEW,
	IPSEC_QOS_CMD_ELEMENT_DEL,
	IPSEC_QOS_CMD_ELEMENT_GET,
	IPSEC_QOS_CMD_POOL_NEW,
	IPSEC_QOS_CMD_POOL_DEL,
	IPSEC_QOS_CMD_POOL_GET,
	IPSEC_QOS_CMD_POOL_RELEASE,
	IPSEC_QOS_CMD_STEER_NEW,
	IPSEC_QOS_CMD_STEER_DEL,
	IPSEC_QOS_CMD_STEER_GET,
	IPSEC_QOS_CMD_STEER_TEST,
	IPSEC_QOS_CMD_DEVICE_NEW,
	IPSEC_QOS_CMD_DEVICE_DEL,
	IPSEC_QOS_CMD_DEVICE_GET,
	IPSEC_QOS_CMD_CHAIN_NEW,
	IPSEC_QOS_CMD_CHAIN_DEL,
	IPSEC_QOS_CMD_CHAIN_GET,
	IPSEC_QOS_CMD_SERVICE_NEW,
	IPSEC_QOS_CMD_SERVICE_DEL,
	IPSEC_QOS_CMD_SERVICE_GET,
	IPSEC_QOS_CMD_SERVICE_TRACE,
	__IPSEC_QOS_CMD_MAX
};
#define IPSEC_QOS_CMD_MAX (__IPSEC_QOS_CMD_MAX - 1)

/**
 * enum ipsec_qos_owner - who states an object; a resync sweeps only its own
 *
 * @IPSEC_QOS_OWNER_STATIC: put in by hand (the default)
 * @IPSEC_QOS_OWNER_DAEMON: put in by ipsec-qosd
 */
enum ipsec_qos_owner {
	IPSEC_QOS_OWNER_STATIC,
	IPSEC_QOS_OWNER_DAEMON,
	__IPSEC_QOS_OWNER_MAX
};
#define IPSEC_QOS_OWNER_MAX (__IPSEC_QOS_OWNER_MAX - 1)

/**
 * enum ipsec_qos_attr - attributes of every message
 *
 * @IPSEC_QOS_A_PAD: alignment only
 * @IPSEC_QOS_A_GROUP: nest of enum ipsec_qos_group_attr; may repeat
 * @IPSEC_QOS_A_SA: nest of enum ipsec_qos_sa_attr; may repeat
 * @IPSEC_QOS_A_IKE: nest of enum ipsec_qos_ike_attr; may repeat
 * @IPSEC_QOS_A_CONF: nest of enum ipsec_qos_conf_attr
 * @IPSEC_QOS_A_STATUS: nest of enum ipsec_qos_status_attr
 * @IPSEC_QOS_A_OWNER: u8, enum ipsec_qos_owner; of the whole request, or a
 *	dump's filter
 * @IPSEC_QOS_A_GENERATION: u32
 * @IPSEC_QOS_A_COUNT: u32, how many entries a request, an answer or an error
 *	is about
 * @IPSEC_QOS_A_EVENT: u8, enum ipsec_qos_event
 * @IPSEC_QOS_A_NAT_RULE: nest of enum ipsec_qos_nat_rule_attr
 * @IPSEC_QOS_A_NAT: nest of enum ipsec_qos_nat_attr; may repeat in an event
 * @IPSEC_QOS_A_ELEMENT: nest of enum ipsec_qos_element_attr; may repeat
 * @IPSEC_QOS_A_POOL: nest of enum ipsec_qos_pool_attr; may repeat
 * @IPSEC_QOS_A_STEER: nest of enum ipsec_qos_steer_attr; may repeat
 * @IPSEC_QOS_A_STEER_TEST: nest of enum ipsec_qos_steer_test_attr
 * @IPSEC_QOS_A_UNKNOWN: nest of enum ipsec_qos_unknown_attr; events only
 * @IPSEC_QOS_A_DEVICE: nest of enum ipsec_qos_device_attr; may repeat
 * @IPSEC_QOS_A_CHAIN: nest of enum ipsec_qos_chain_attr; may repeat
 * @IPSEC_QOS_A_SERVICE: nest of enum ipsec_qos_service_attr; may repeat
 * @IPSEC_QOS_A_TRACE: nest of enum ipsec_qos_trace_attr
 */
enum ipsec_qos_attr {
	IPSEC_QOS_A_UNSPEC,
	IPSEC_QOS_A_PAD,
	IPSEC_QOS_A_GROUP,
	IPSEC_QOS_A_SA,
	IPSEC_QOS_A_IKE,
	IPSEC_QOS_A_CONF,
	IPSEC_QOS_A_STATUS,
	IPSEC_QOS_A_OWNER,
	IPSEC_QOS_A_GENERATION,
	IPSEC_QOS_A_COUNT,
	IPSEC_QOS_A_EVENT,
	IPSEC_QOS_A_NAT_RULE,
	IPSEC_QOS_A_NAT,
	IPSEC_QOS_A_ELEMENT,
	IPSEC_QOS_A_POOL,
	IPSEC_QOS_A_STEER,
	IPSEC_QOS_A_STEER_TEST,
	IPSEC_QOS_A_UNKNOWN,
	IPSEC_QOS_A_DEVICE,
	IPSEC_QOS_A_CHAIN,
	IPSEC_QOS_A_SERVICE,
	IPSEC_QOS_A_TRACE,
	__IPSEC_QOS_A_MAX
};
#define IPSEC_QOS_A_MAX (__IPSEC_QOS_A_MAX - 1)

/*
 * The group has no folder in sysfs, which takes more of the kernel's memory than all
 * else of a group: for whoever has many, and reads them by netlink.
 */
#define IPSEC_QOS_GROUP_F_NO_SYSFS	(1U << 0)

/**
 * enum ipsec_qos_group_attr - a group
 *
 * @IPSEC_QOS_GROUP_A_PAD: alignment only
 * @IPSEC_QOS_GROUP_A_ID: u32, not 0; the key
 * @IPSEC_QOS_GROUP_A_NAME: string, 1 to 31 of [A-Za-z0-9._-], not starting
 *	with '.'; unique. Required to add.
 * @IPSEC_QOS_GROUP_A_MARK: u32, no bit outside of MASK. Required to add.
 * @IPSEC_QOS_GROUP_A_MASK: u32, the bits of the packet's mark that change; not
 *	0; all ones if absent
 * @IPSEC_QOS_GROUP_A_PRIORITY: u32, tc classid for skb->priority; 0 or absent:
 *	left alone
 * @IPSEC_QOS_GROUP_A_DSCP: u8, 0 to 63, for the outer header; absent: left
 *	alone
 * @IPSEC_QOS_GROUP_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_GROUP_A_SAS: u32, SAs in the group; answers only
 * @IPSEC_QOS_GROUP_A_IKES: u32, IKE SAs in the group; answers only
 * @IPSEC_QOS_GROUP_A_COUNTERS: nest, one IPSEC_QOS_COUNTER_* nest for each
 *	counter, each of enum ipsec_qos_counter_attr; answers only
 * @IPSEC_QOS_GROUP_A_MARK_CLEAR: u32, no bit outside of MASK: what packets carry
 *	that are just out of an SA, so that a rule or a class can tell the two ways
 *	apart; ESP, AH, IKE and what is on its way into an SA have MARK. Absent, or
 *	as MARK: all have that.
 * @IPSEC_QOS_GROUP_A_FLAGS: u32 of IPSEC_QOS_GROUP_F_*; absent: none
 */
enum ipsec_qos_group_attr {
	IPSEC_QOS_GROUP_A_UNSPEC,
	IPSEC_QOS_GROUP_A_PAD,
	IPSEC_QOS_GROUP_A_ID,
	IPSEC_QOS_GROUP_A_NAME,
	IPSEC_QOS_GROUP_A_MARK,
	IPSEC_QOS_GROUP_A_MASK,
	IPSEC_QOS_GROUP_A_PRIORITY,
	IPSEC_QOS_GROUP_A_DSCP,
	IPSEC_QOS_GROUP_A_OWNER,
	IPSEC_QOS_GROUP_A_SAS,
	IPSEC_QOS_GROUP_A_IKES,
	IPSEC_QOS_GROUP_A_COUNTERS,
	IPSEC_QOS_GROUP_A_MARK_CLEAR,
	IPSEC_QOS_GROUP_A_FLAGS,
	__IPSEC_QOS_GROUP_A_MAX
};
#define IPSEC_QOS_GROUP_A_MAX (__IPSEC_QOS_GROUP_A_MAX - 1)

/**
 * enum ipsec_qos_counter - a group's counters; "in" arrived at this host, to
 * stay or to be forwarded, "out" was made by it
 *
 * @IPSEC_QOS_COUNTER_ESP_IN: ESP and AH, UDP-encapsulated or not
 * @IPSEC_QOS_COUNTER_ESP_OUT: the same, made here
 * @IPSEC_QOS_COUNTER_IKE_IN: IKE
 * @IPSEC_QOS_COUNTER_IKE_OUT: IKE made here
 * @IPSEC_QOS_COUNTER_CLEAR_IN: packets just out of an SA
 * @IPSEC_QOS_COUNTER_CLEAR_OUT: packets on their way into an SA
 */
enum ipsec_qos_counter {
	IPSEC_QOS_COUNTER_UNSPEC,
	IPSEC_QOS_COUNTER_ESP_IN,
	IPSEC_QOS_COUNTER_ESP_OUT,
	IPSEC_QOS_COUNTER_IKE_IN,
	IPSEC_QOS_COUNTER_IKE_OUT,
	IPSEC_QOS_COUNTER_CLEAR_IN,
	IPSEC_QOS_COUNTER_CLEAR_OUT,
	__IPSEC_QOS_COUNTER_MAX
};
#define IPSEC_QOS_COUNTER_MAX (__IPSEC_QOS_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_counter_attr - one counter
 *
 * @IPSEC_QOS_COUNTER_A_PAD: alignment only
 * @IPSEC_QOS_COUNTER_A_PACKETS: u64; a GSO packet counts its segments
 * @IPSEC_QOS_COUNTER_A_BYTES: u64, from the outer IP header on
 */
enum ipsec_qos_counter_attr {
	IPSEC_QOS_COUNTER_A_UNSPEC,
	IPSEC_QOS_COUNTER_A_PAD,
	IPSEC_QOS_COUNTER_A_PACKETS,
	IPSEC_QOS_COUNTER_A_BYTES,
	__IPSEC_QOS_COUNTER_A_MAX
};
#define IPSEC_QOS_COUNTER_A_MAX (__IPSEC_QOS_COUNTER_A_MAX - 1)

/*
 * The entry is announced: the kernel's SA with this key is about to be
 * installed or replaced. Until it is, the entry stays, for its LIFETIME
 * (IPSEC_QOS_PENDING_LIFETIME unless given), whatever the kernel deletes; once
 * it is, flag and lifetime go and the entry lives as long as that SA.
 */
#define IPSEC_QOS_SA_F_PENDING		(1U << 0)

/*
 * The kernel's own SAD has this SA: the entry goes when the kernel deletes it.
 * Answers only.
 */
#define IPSEC_QOS_SA_F_LOCAL		(1U << 1)

/**
 * enum ipsec_qos_sa_attr - an SA; its key is (FAMILY, DST, SPI, PROTO)
 *
 * @IPSEC_QOS_SA_A_PAD: alignment only
 * @IPSEC_QOS_SA_A_FAMILY: u8, AF_INET or AF_INET6
 * @IPSEC_QOS_SA_A_DST: 4 or 16 bytes in network order, the outer destination
 * @IPSEC_QOS_SA_A_SPI: u32, 256 to 4294967295 (RFC 4303 section 2.1)
 * @IPSEC_QOS_SA_A_PROTO: u8, IPPROTO_ESP (the default) or IPPROTO_AH
 * @IPSEC_QOS_SA_A_GROUP: u32, the id of its group. This or ELEMENT is required to add. To
 *	have one of them is to say both: the other is none if absent. Without either, what is
 *	there keeps both.
 * @IPSEC_QOS_SA_A_LIFETIME: u32, seconds until the entry expires, 1 to
 *	IPSEC_QOS_LIFETIME_MAX; absent: for ever. In answers: what is left.
 * @IPSEC_QOS_SA_A_FLAGS: u32, IPSEC_QOS_SA_F_*
 * @IPSEC_QOS_SA_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_SA_A_PACKETS: u64; answers only
 * @IPSEC_QOS_SA_A_BYTES: u64; answers only
 * @IPSEC_QOS_SA_A_ELEMENT: u32, the id of the element that decrypts it: its packets that
 *	arrive are sent there, whatever DST leads to; absent: by the steered prefix that DST
 *	is in, if any
 */
enum ipsec_qos_sa_attr {
	IPSEC_QOS_SA_A_UNSPEC,
	IPSEC_QOS_SA_A_PAD,
	IPSEC_QOS_SA_A_FAMILY,
	IPSEC_QOS_SA_A_DST,
	IPSEC_QOS_SA_A_SPI,
	IPSEC_QOS_SA_A_PROTO,
	IPSEC_QOS_SA_A_GROUP,
	IPSEC_QOS_SA_A_LIFETIME,
	IPSEC_QOS_SA_A_FLAGS,
	IPSEC_QOS_SA_A_OWNER,
	IPSEC_QOS_SA_A_PACKETS,
	IPSEC_QOS_SA_A_BYTES,
	IPSEC_QOS_SA_A_ELEMENT,
	__IPSEC_QOS_SA_A_MAX
};
#define IPSEC_QOS_SA_A_MAX (__IPSEC_QOS_SA_A_MAX - 1)

/**
 * enum ipsec_qos_ike_attr - an IKE SA; its key is (SPI_I, SPI_R)
 *
 * @IPSEC_QOS_IKE_A_PAD: alignment only
 * @IPSEC_QOS_IKE_A_SPI_I: u64, not 0, the initiator's SPI read as a big-endian
 *	number
 * @IPSEC_QOS_IKE_A_SPI_R: u64, the responder's, likewise; 0: not known yet, packets
 *	with any are its
 * @IPSEC_QOS_IKE_A_GROUP: u32, the id of its group. Required to add.
 * @IPSEC_QOS_IKE_A_LIFETIME: u32, as for an SA
 * @IPSEC_QOS_IKE_A_OWNER: u8, enum ipsec_qos_owner; answers only
 * @IPSEC_QOS_IKE_A_PACKETS: u64; answers only
 * @IPSEC_QOS_IKE_A_BYTES: u64; answers only
 */
enum ipsec_qos_ike_attr {
	IPSEC_QOS_IKE_A_UNSPEC,
	IPSEC_QOS_IKE_A_PAD,
	IPSEC_QOS_IKE_A_SPI_I,
	IPSEC_QOS_IKE_A_SPI_R,
	IPSEC_QOS_IKE_A_GROUP,
	IPSEC_QOS_IKE_A_LIFETIME,
	IPSEC_QOS_IKE_A_OWNER,
	IPSEC_QOS_IKE_A_PACKETS,
	IPSEC_QOS_IKE_A_BYTES,
	__IPSEC_QOS_IKE_A_MAX
};
#define IPSEC_QOS_IKE_A_MAX (__IPSEC_QOS_IKE_A_MAX - 1)

/**
 * enum ipsec_qos_conf_attr - settings of a network namespace
 *
 * @IPSEC_QOS_CONF_A_MAX_SAS: u32, 1 to IPSEC_QOS_MAX_SAS_LIMIT; a ceiling below
 *	what is there removes nothing. More than IPSEC_QOS_MAX_SAS needs
 *	CAP_NET_ADMIN in the initial user namespace (EPERM); likewise the two
 *	below
 * @IPSEC_QOS_CONF_A_MAX_IKES: u32, 1 to IPSEC_QOS_MAX_IKES_LIMIT
 * @IPSEC_QOS_CONF_A_MAX_GROUPS: u32, 1 to IPSEC_QOS_MAX_GROUPS_LIMIT
 * @IPSEC_QOS_CONF_A_IKE_PORTS: array of u16, 0 to 8 UDP ports that carry IKE
 *	alone (500)
 * @IPSEC_QOS_CONF_A_NATT_PORTS: array of u16, 0 to 8 UDP ports that carry ESP,
 *	and IKE behind a non-ESP marker (4500)
 * @IPSEC_QOS_CONF_A_FALLBACK: nest of 0 to 64 IPSEC_QOS_FALLBACK_A_ENTRY,
 *	the whole table of marks for protected packets with no group
 * @IPSEC_QOS_CONF_A_UNKNOWN: u8, enum ipsec_qos_unknown: what is done about ESP and AH to
 *	this host that it has no SA for
 * @IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT: u32, the id of the element that such packets go to,
 *	required by, and taken with, IPSEC_QOS_UNKNOWN_RELAY alone
 * @IPSEC_QOS_CONF_A_UNKNOWN_RATE: u32, events a second at most, and packets relayed, 1 to
 *	IPSEC_QOS_UNKNOWN_RATE_MAX
 * @IPSEC_QOS_CONF_A_CHECK_IPV4: the range that checks of devices are made from and to, in 5
 *	bytes: an IPv4 address in network order, and behind it the length of a prefix,
 *	IPSEC_QOS_CHECK_IPV4_MIN to 31. What comes from a device, from or for an address of it, ends here: no
 *	chain and no route takes it, a packet socket sees it. No service has an address of it
 *	(EADDRINUSE). 0 bytes: none (the default)
 * @IPSEC_QOS_CONF_A_CHECK_IPV6: likewise in 17 bytes, an IPv6 address, and
 *	IPSEC_QOS_CHECK_IPV6_MIN to 127
 */
enum ipsec_qos_conf_attr {
	IPSEC_QOS_CONF_A_UNSPEC,
	IPSEC_QOS_CONF_A_MAX_SAS,
	IPSEC_QOS_CONF_A_MAX_IKES,
	IPSEC_QOS_CONF_A_MAX_GROUPS,
	IPSEC_QOS_CONF_A_IKE_PORTS,
	IPSEC_QOS_CONF_A_NATT_PORTS,
	IPSEC_QOS_CONF_A_FALLBACK,
	IPSEC_QOS_CONF_A_UNKNOWN,
	IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT,
	IPSEC_QOS_CONF_A_UNKNOWN_RATE,
	IPSEC_QOS_CONF_A_CHECK_IPV4,
	IPSEC_QOS_CONF_A_CHECK_IPV6,
	__IPSEC_QOS_CONF_A_MAX
};
#define IPSEC_QOS_CONF_A_MAX (__IPSEC_QOS_CONF_A_MAX - 1)

/**
 * enum ipsec_qos_fallback_attr - one DSCP of the fall-back table
 *
 * @IPSEC_QOS_FALLBACK_A_ENTRY: nest of the others; may repeat
 * @IPSEC_QOS_FALLBACK_A_DSCP: u8, 0 to 63
 * @IPSEC_QOS_FALLBACK_A_MARK: u32, no bit outside of MASK
 * @IPSEC_QOS_FALLBACK_A_MASK: u32, not 0; all ones if absent
 */
enum ipsec_qos_fallback_attr {
	IPSEC_QOS_FALLBACK_A_UNSPEC,
	IPSEC_QOS_FALLBACK_A_ENTRY,
	IPSEC_QOS_FALLBACK_A_DSCP,
	IPSEC_QOS_FALLBACK_A_MARK,
	IPSEC_QOS_FALLBACK_A_MASK,
	__IPSEC_QOS_FALLBACK_A_MAX
};
#define IPSEC_QOS_FALLBACK_A_MAX (__IPSEC_QOS_FALLBACK_A_MAX - 1)

/**
 * enum ipsec_qos_status_attr - state of a network namespace
 *
 * @IPSEC_QOS_STATUS_A_PAD: alignment only
 * @IPSEC_QOS_STATUS_A_VERSION: string, the module's
 * @IPSEC_QOS_STATUS_A_GROUPS: u32
 * @IPSEC_QOS_STATUS_A_SAS: u32
 * @IPSEC_QOS_STATUS_A_IKES: u32
 * @IPSEC_QOS_STATUS_A_UNTAGGED: nest of enum ipsec_qos_counter_attr, protected
 *	packets with no group
 * @IPSEC_QOS_STATUS_A_MALFORMED: nest, packets that claim to be protected and
 *	could not be parsed
 * @IPSEC_QOS_STATUS_A_LEFT: nest, packets, protected and clear, whose mark has not
 *	got all that a group's or the fall-back's is, as a policy or an SA of the
 *	kernel's wants the same bits
 * @IPSEC_QOS_STATUS_A_LEFT_GROUP: u32, the id of the group that this happened to
 *	last; absent: to none
 * @IPSEC_QOS_STATUS_A_UNTAGGED_REASONS: nest of enum ipsec_qos_untagged: those of
 *	UNTAGGED, each under one reason
 */
enum ipsec_qos_status_attr {
	IPSEC_QOS_STATUS_A_UNSPEC,
	IPSEC_QOS_STATUS_A_PAD,
	IPSEC_QOS_STATUS_A_VERSION,
	IPSEC_QOS_STATUS_A_GROUPS,
	IPSEC_QOS_STATUS_A_SAS,
	IPSEC_QOS_STATUS_A_IKES,
	IPSEC_QOS_STATUS_A_UNTAGGED,
	IPSEC_QOS_STATUS_A_MALFORMED,
	IPSEC_QOS_STATUS_A_LEFT,
	IPSEC_QOS_STATUS_A_LEFT_GROUP,
	IPSEC_QOS_STATUS_A_UNTAGGED_REASONS,
	__IPSEC_QOS_STATUS_A_MAX
};
#define IPSEC_QOS_STATUS_A_MAX (__IPSEC_QOS_STATUS_A_MAX - 1)

/**
 * enum ipsec_qos_untagged - why a protected packet has no group; in an answer nests of
 * enum ipsec_qos_counter_attr
 *
 * @IPSEC_QOS_UNTAGGED_UNKNOWN_SA: ESP or AH, and no entry is its SA's
 * @IPSEC_QOS_UNTAGGED_UNKNOWN_IKE: IKE, and no entry is its IKE SA's
 * @IPSEC_QOS_UNTAGGED_FRAGMENT: a later fragment, and of the first nothing is known
 * @IPSEC_QOS_UNTAGGED_DECRYPTED: ESP that was decrypted ahead of routing, and no entry
 *	is its SA's
 * @IPSEC_QOS_UNTAGGED_NO_GROUP: ESP or AH, and the entry of its SA names no group, but an
 *	element alone
 */
enum ipsec_qos_untagged {
	IPSEC_QOS_UNTAGGED_UNSPEC,
	IPSEC_QOS_UNTAGGED_UNKNOWN_SA,
	IPSEC_QOS_UNTAGGED_UNKNOWN_IKE,
	IPSEC_QOS_UNTAGGED_FRAGMENT,
	IPSEC_QOS_UNTAGGED_DECRYPTED,
	IPSEC_QOS_UNTAGGED_NO_GROUP,
	__IPSEC_QOS_UNTAGGED_MAX
};
#define IPSEC_QOS_UNTAGGED_MAX (__IPSEC_QOS_UNTAGGED_MAX - 1)

/**
 * enum ipsec_qos_nat_scheme - how who answers derives its SPI from the
 * originator's; translator and responders must have the same
 *
 * The first bytes of a hash of the originator's SPI (4 bytes as on the wire) are
 * the last ones of the responder's. SPIs below 256 are never produced.
 *
 * @IPSEC_QOS_NAT_MD5_LOW16: two bytes of MD5 (the default)
 * @IPSEC_QOS_NAT_MD5_LOW24: three
 * @IPSEC_QOS_NAT_MD5_FULL: all four
 * @IPSEC_QOS_NAT_SIPHASH_LOW16: two bytes of SipHash-2-4 with a key
 */
enum ipsec_qos_nat_scheme {
	IPSEC_QOS_NAT_MD5_LOW16,
	IPSEC_QOS_NAT_MD5_LOW24,
	IPSEC_QOS_NAT_MD5_FULL,
	IPSEC_QOS_NAT_SIPHASH_LOW16,
	__IPSEC_QOS_NAT_SCHEME_MAX
};
#define IPSEC_QOS_NAT_SCHEME_MAX (__IPSEC_QOS_NAT_SCHEME_MAX - 1)

/**
 * enum ipsec_qos_nat_collision - who gets a packet that fits entries of several
 * inside nodes
 *
 * @IPSEC_QOS_NAT_COLLISION_DISCARD: nobody (the default)
 * @IPSEC_QOS_NAT_COLLISION_OLDEST: who has waited longest
 * @IPSEC_QOS_NAT_COLLISION_NEWEST: who has waited shortest
 *
 * Where entries gave way at the rule's ceiling during the last WAIT seconds, most that
 * wait are nobody's: then it is a node that has a confirmed entry, else the one that has
 * sent last, and no collision unless they are alike in that.
 */
enum ipsec_qos_nat_collision {
	IPSEC_QOS_NAT_COLLISION_DISCARD,
	IPSEC_QOS_NAT_COLLISION_OLDEST,
	IPSEC_QOS_NAT_COLLISION_NEWEST,
	__IPSEC_QOS_NAT_COLLISION_MAX
};
#define IPSEC_QOS_NAT_COLLISION_MAX (__IPSEC_QOS_NAT_COLLISION_MAX - 1)

/**
 * enum ipsec_qos_nat_underived - who gets a packet that fits no entry: its sender
 * may be one that does not derive its SPIs
 *
 * @IPSEC_QOS_NAT_UNDERIVED_DISCARD: nobody (the default)
 * @IPSEC_QOS_NAT_UNDERIVED_SERIALIZE: who waits for that responder; one alone may
 *	at a time, for WAIT at most; what others send to it is dropped until it is
 *	their turn
 * @IPSEC_QOS_NAT_UNDERIVED_LAST: who has begun to wait for it last
 */
enum ipsec_qos_nat_underived {
	IPSEC_QOS_NAT_UNDERIVED_DISCARD,
	IPSEC_QOS_NAT_UNDERIVED_SERIALIZE,
	IPSEC_QOS_NAT_UNDERIVED_LAST,
	__IPSEC_QOS_NAT_UNDERIVED_MAX
};
#define IPSEC_QOS_NAT_UNDERIVED_MAX (__IPSEC_QOS_NAT_UNDERIVED_MAX - 1)

/**
 * enum ipsec_qos_nat_counter - what became of packets, of a rule
 *
 * @IPSEC_QOS_NAT_COUNTER_OUT: translated on their way out
 * @IPSEC_QOS_NAT_COUNTER_IN: translated on their way in
 * @IPSEC_QOS_NAT_COUNTER_ICMP: ICMP errors about such packets, translated
 * @IPSEC_QOS_NAT_COUNTER_UNMATCHED: discarded: they fit no entry, and no other NAT has
 *	another destination for them
 * @IPSEC_QOS_NAT_COUNTER_COLLISION: fitted entries of several inside nodes
 * @IPSEC_QOS_NAT_COUNTER_CEILING: discarded: no more entries for the rule or for
 *	that inside node, whose entries are all confirmed; or no memory
 * @IPSEC_QOS_NAT_COUNTER_SERIALIZED: discarded: another node waits for that
 *	responder
 * @IPSEC_QOS_NAT_COUNTER_AH: discarded: AH protects the addresses
 * @IPSEC_QOS_NAT_COUNTER_EVICTED: for whose entry another gave way at a ceiling; they
 *	are among those of OUT, and have no bytes here
 */
enum ipsec_qos_nat_counter {
	IPSEC_QOS_NAT_COUNTER_UNSPEC,
	IPSEC_QOS_NAT_COUNTER_OUT,
	IPSEC_QOS_NAT_COUNTER_IN,
	IPSEC_QOS_NAT_COUNTER_ICMP,
	IPSEC_QOS_NAT_COUNTER_UNMATCHED,
	IPSEC_QOS_NAT_COUNTER_COLLISION,
	IPSEC_QOS_NAT_COUNTER_CEILING,
	IPSEC_QOS_NAT_COUNTER_SERIALIZED,
	IPSEC_QOS_NAT_COUNTER_AH,
	IPSEC_QOS_NAT_COUNTER_EVICTED,
	__IPSEC_QOS_NAT_COUNTER_MAX
};
#define IPSEC_QOS_NAT_COUNTER_MAX (__IPSEC_QOS_NAT_COUNTER_MAX - 1)

/**
 * enum ipsec_qos_nat_rule_attr - a rule; the lowest ID that fits a packet counts
 *
 * @IPSEC_QOS_NAT_RULE_A_PAD: alignment only
 * @IPSEC_QOS_NAT_RULE_A_ID: u32, 1 to IPSEC_QOS_NAT_RULE_ID_MAX; the key
 * @IPSEC_QOS_NAT_RULE_A_INSIDE_DEV: string, the interface inside nodes are at.
 *	This or INSIDE is required; both: both must fit.
 * @IPSEC_QOS_NAT_RULE_A_INSIDE: 4 bytes in network order, inside local addresses
 * @IPSEC_QOS_NAT_RULE_A_INSIDE_LEN: u8, 1 to 32, of that prefix; 32 if absent
 * @IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV: string, the interface to the outside; required
 * @IPSEC_QOS_NAT_RULE_A_GLOBAL: 4 bytes, the inside global address; absent: the
 *	first one of OUTSIDE_DEV
 * @IPSEC_QOS_NAT_RULE_A_RESPONDER: 4 bytes, outside addresses; absent: all
 * @IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN: u8, 1 to 32; 32 if absent
 * @IPSEC_QOS_NAT_RULE_A_SCHEME: u8, enum ipsec_qos_nat_scheme
 * @IPSEC_QOS_NAT_RULE_A_KEY: IPSEC_QOS_NAT_KEY_BYTES, required by
 *	SIPHASH_LOW16, and taken by it alone; not in answers
 * @IPSEC_QOS_NAT_RULE_A_COLLISION: u8, enum ipsec_qos_nat_collision
 * @IPSEC_QOS_NAT_RULE_A_UNDERIVED: u8, enum ipsec_qos_nat_underived
 * @IPSEC_QOS_NAT_RULE_A_IDLE: u32, seconds after which a confirmed entry expires
 *	that nobody uses, 1 to IPSEC_QOS_LIFETIME_MAX; up to an eighth of it later
 * @IPSEC_QOS_NAT_RULE_A_WAIT: u32, likewise, one that is not, up to twice that if it
 *	was used more than once; and how long an association is believed that the
 *	inside node does not confirm
 * @IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES: u32, entries at most, 1 to
 *	IPSEC_QOS_NAT_ENTRIES_LIMIT; more than IPSEC_QOS_NAT_ENTRIES needs
 *	CAP_NET_ADMIN in the initial user namespace (EPERM). At that, for a new entry
 *	the oldest that waits gives way, else the oldest that is associated and not
 *	confirmed
 * @IPSEC_QOS_NAT_RULE_A_MAX_NODE: u32, an inside node's at most, likewise
 * @IPSEC_QOS_NAT_RULE_A_ENTRIES: u32; answers only
 * @IPSEC_QOS_NAT_RULE_A_WAITING: u32, entries that wait; answers only
 * @IPSEC_QOS_NAT_RULE_A_COUNTERS: nest, one IPSEC_QOS_NAT_COUNTER_* nest of enum
 *	ipsec_qos_counter_attr for each; answers only
 */
enum ipsec_qos_nat_rule_attr {
	IPSEC_QOS_NAT_RULE_A_UNSPEC,
	IPSEC_QOS_NAT_RULE_A_PAD,
	IPSEC_QOS_NAT_RULE_A_ID,
	IPSEC_QOS_NAT_RULE_A_INSIDE_DEV,
	IPSEC_QOS_NAT_RULE_A_INSIDE,
	IPSEC_QOS_NAT_RULE_A_INSIDE_LEN,
	IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV,
	IPSEC_QOS_NAT_RULE_A_GLOBAL,
	IPSEC_QOS_NAT_RULE_A_RESPONDER,
	IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN,
	IPSEC_QOS_NAT_RULE_A_SCHEME,
	IPSEC_QOS_NAT_RULE_A_KEY,
	IPSEC_QOS_NAT_RULE_A_COLLISION,
	IPSEC_QOS_NAT_RULE_A_UNDERIVED,
	IPSEC_QOS_NAT_RULE_A_IDLE,
	IPSEC_QOS_NAT_RULE_A_WAIT,
	IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES,
	IPSEC_QOS_NAT_RULE_A_MAX_NODE,
	IPSEC_QOS_NAT_RULE_A_ENTRIES,
	IPSEC_QOS_NAT_RULE_A_WAITING,
	IPSEC_QOS_NAT_RULE_A_COUNTERS,
	__IPSEC_QOS_NAT_RULE_A_MAX
};
#define IPSEC_QOS_NAT_RULE_A_MAX (__IPSEC_QOS_NAT_RULE_A_MAX - 1)

/**
 * enum ipsec_qos_nat_state - how far an entry is
 *
 * @IPSEC_QOS_NAT_WAITING: the inside node has sent, nothing that fits has come back
 * @IPSEC_QOS_NAT_ASSOCIATED: something has, and the node has not sent since
 * @IPSEC_QOS_NAT_CONFIRMED: it has
 */
enum ipsec_qos_nat_state {
	IPSEC_QOS_NAT_WAITING,
	IPSEC_QOS_NAT_ASSOCIATED,
	IPSEC_QOS_NAT_CONFIRMED,
};

/**
 * enum ipsec_qos_nat_attr - an entry of the translation table
 *
 * @IPSEC_QOS_NAT_A_PAD: alignment only
 * @IPSEC_QOS_NAT_A_RULE: u32, the rule's ID
 * @IPSEC_QOS_NAT_A_INSIDE_LOCAL: 4 bytes in network order, the inside node
 * @IPSEC_QOS_NAT_A_INSIDE_GLOBAL: 4 bytes, what it is outside
 * @IPSEC_QOS_NAT_A_OUTSIDE: 4 bytes, the other end
 * @IPSEC_QOS_NAT_A_SPI_OUT: u32, the SPI of packets on their way out
 * @IPSEC_QOS_NAT_A_SPI_IN: u32, of those on their way in; absent: not known yet
 * @IPSEC_QOS_NAT_A_STATE: u8, enum ipsec_qos_nat_state
 * @IPSEC_QOS_NAT_A_AGE: u32, seconds since it was made
 * @IPSEC_QOS_NAT_A_IDLE: u32, seconds since it was used
 * @IPSEC_QOS_NAT_A_OUT: nest of enum ipsec_qos_counter_attr
 * @IPSEC_QOS_NAT_A_IN: likewise
 */
enum ipsec_qos_nat_attr {
	IPSEC_QOS_NAT_A_UNSPEC,
	IPSEC_QOS_NAT_A_PAD,
	IPSEC_QOS_NAT_A_RULE,
	IPSEC_QOS_NAT_A_INSIDE_LOCAL,
	IPSEC_QOS_NAT_A_INSIDE_GLOBAL,
	IPSEC_QOS_NAT_A_OUTSIDE,
	IPSEC_QOS_NAT_A_SPI_OUT,
	IPSEC_QOS_NAT_A_SPI_IN,
	IPSEC_QOS_NAT_A_STATE,
	IPSEC_QOS_NAT_A_AGE,
	IPSEC_QOS_NAT_A_IDLE,
	IPSEC_QOS_NAT_A_OUT,
	IPSEC_QOS_NAT_A_IN,
	__IPSEC_QOS_NAT_A_MAX
};
#define IPSEC_QOS_NAT_A_MAX (__IPSEC_QOS_NAT_A_MAX - 1)

/**
 * enum ipsec_qos_event - what happened to the A_GROUP, A_SA, A_IKE, A_NAT, A_ELEMENT,
 * A_POOL, A_STEER or A_UNKNOWN beside it
 *
 * A request for many SAs or IKE SAs is carried out in parts. If it fails late, what
 * listeners were told is taken back by events: in the end nothing has changed.
 *
 * @IPSEC_QOS_EVENT_NEW: added
 * @IPSEC_QOS_EVENT_CHANGE: changed. Of a pool also: buckets are lent, come home, or are
 *	released
 * @IPSEC_QOS_EVENT_DEL: removed, on request, by a sweep or with the kernel's SA;
 *	IPSEC_QOS_SA_F_LOCAL says that the SAD had the SA still. Of translation also:
 *	gave way at a ceiling
 * @IPSEC_QOS_EVENT_EXPIRE: removed, its lifetime was over
 * @IPSEC_QOS_EVENT_CEILING: an addition was refused: A_STATUS with the table's
 *	count (GROUPS, SAS or IKES) at its ceiling; at most one a second. Or an entry
 *	gave way (or else a packet was dropped), as there may be no more entries of
 *	translation: A_NAT with RULE, and INSIDE_LOCAL where it is that node's ceiling;
 *	at most one a second and rule
 * @IPSEC_QOS_EVENT_NAT_COLLISION: a packet fitted entries of several inside nodes:
 *	those A_NAT, IPSEC_QOS_NAT_TOLD_MAX at most; at most one a second and rule
 * @IPSEC_QOS_EVENT_UNKNOWN_SPI: ESP or AH came that there is no SA for: A_UNKNOWN
 */
enum ipsec_qos_event {
	IPSEC_QOS_EVENT_UNSPEC,
	IPSEC_QOS_EVENT_NEW,
	IPSEC_QOS_EVENT_CHANGE,
	IPSEC_QOS_EVENT_DEL,
	IPSEC_QOS_EVENT_EXPIRE,
	IPSEC_QOS_EVENT_CEILING,
	IPSEC_QOS_EVENT_NAT_COLLISION,
	IPSEC_QOS_EVENT_UNKNOWN_SPI,
	__IPSEC_QOS_EVENT_MAX
};
#define IPSEC_QOS_EVENT_MAX (__IPSEC_QOS_EVENT_MAX - 1)

#endif /* _UAPI_LINUX_IPSEC_QOS_H */
