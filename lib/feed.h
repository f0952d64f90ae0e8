/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed: what the charon plugin and the command say to ipsec-qosd.
 *
 * A UNIX SOCK_SEQPACKET, mode 0600; both ends check that the peer is root
 * (SO_PEERCRED). One datagram is one message: a struct nlmsghdr, whose
 * nlmsg_type is an enum iq_feed_msg and whose nlmsg_len is the datagram's
 * length, then netlink attributes (libmnl writes and reads them). Numbers are
 * in host byte order, addresses in network order. nlmsg_seq of an answer is
 * that of its request. A message that breaks these rules ends the connection.
 *
 * The first message each way is IQ_FEED_HELLO. A client with NLM_F_ACK set in
 * nlmsg_flags is answered by IQ_FEED_ACK, once what it said is in the kernel's
 * tables.
 */
#ifndef IPSEC_QOS_FEED_H
#define IPSEC_QOS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <linux/netlink.h>

#define IQ_FEED_SOCKET	"/run/ipsec-qos/ipsec-qosd.sock"
#define IQ_FEED_VERSION	3
#define IQ_FEED_MSG_MAX	24576	/* bytes in one message, either way */
#define IQ_FEED_WHY_MAX	1024	/* bytes in the MESSAGE of an ACK with its NUL */
#define IQ_FEED_STR_MAX	256	/* bytes in a name or identity with its NUL */
#define IQ_FEED_ID_MAX	2048	/* bytes in an IKE identity (a DN may be long) */
#define IQ_FEED_IDS_MAX	7	/* identities of a peer; so many of the longest fit */
#define IQ_FEED_MEMBER_MAX	255	/* bytes in a group's name, as AAA has it */
#define IQ_FEED_MEMBERS_MAX	32	/* groups of a peer; so many of the longest fit */
#define IQ_FEED_METHOD_MAX	32	/* bytes in a method's name with its NUL */

/**
 * enum iq_feed_msg - kinds of messages
 *
 * @IQ_FEED_HELLO: VERSION, ROLE. Answered with VERSION, or by an ACK with
 *	EPROTONOSUPPORT and the end of the connection.
 * @IQ_FEED_ACK: ERROR, MESSAGE (where ERROR is not 0), GROUP (0: none).
 * @IQ_FEED_SYNC_START: charon begins to state all it has.
 * @IQ_FEED_SYNC_END: it has; what it did not state is gone. PASSED_OVER.
 * @IQ_FEED_IKE: an IKE SA is there, or changed: IKE_ID, IKE_VERSION, SPI_I,
 *	SPI_R, LOCAL, LOCAL_PORT, REMOTE, REMOTE_PORT, CONN; IDENTITY for each
 *	identity that the peer proved or claimed, MEMBER_OF for each group that AAA
 *	or an attribute certificate says it is in, RDN_MATCHING. The answer's GROUP
 *	is the group that it is in here.
 * @IQ_FEED_IKE_DEL: it is gone: IKE_ID, SPI_I, SPI_R.
 * @IQ_FEED_SA: an SA is about to be installed (PENDING) or is installed:
 *	IKE_ID (stated before, or the request is refused), DST, SPI, PROTO. The
 *	answer comes when the kernel has the entry; GROUP is its group. Refused
 *	with EEXIST where it is about to be installed and another IKE SA of that
 *	charon has it installed already.
 * @IQ_FEED_SA_DEL: the kernel's SA is gone: DST, SPI, PROTO.
 * @IQ_FEED_CHILD: a CHILD SA is there, or changed: IKE_ID, CHILD_ID, CHILD,
 *	REQID, PROTO, SPI_IN, SPI_OUT, LOCAL, REMOTE, ENCAP; MARK_IN, MARK_OUT,
 *	SET_MARK_IN, SET_MARK_OUT where it has them. Its two SAs, (LOCAL, SPI_IN)
 *	and (REMOTE, SPI_OUT), count as stated and installed. Refused with EEXIST
 *	where the second is another CHILD SA's of another IKE SA.
 * @IQ_FEED_CHILD_DEL: it is gone: CHILD_ID. Its SAs go by IQ_FEED_SA_DEL.
 * @IQ_FEED_QUERY: the command asks: QUERY, and ARG where the query has one.
 * @IQ_FEED_ANSWER: TEXT, a piece of the answer, which is JSON; NLM_F_MULTI is
 *	set on all but the last. A query that fails is answered by an ACK.
 * @IQ_FEED_PASSED_OVER: charon has installed one more SA without an answer:
 *	PASSED_OVER
 */
enum iq_feed_msg {
	IQ_FEED_HELLO = NLMSG_MIN_TYPE,
	IQ_FEED_ACK,
	IQ_FEED_SYNC_START,
	IQ_FEED_SYNC_END,
	IQ_FEED_IKE,
	IQ_FEED_IKE_DEL,
	IQ_FEED_SA,
	IQ_FEED_SA_DEL,
	IQ_FEED_CHILD,
	IQ_FEED_CHILD_DEL,
	IQ_FEED_QUERY,
	IQ_FEED_ANSWER,
	IQ_FEED_PASSED_OVER,
};

/**
 * enum iq_feed_attr - attributes
 *
 * @IQ_FEED_A_VERSION: u32, IQ_FEED_VERSION
 * @IQ_FEED_A_ROLE: u8, enum iq_feed_role
 * @IQ_FEED_A_ERROR: u32, a positive errno, 0: it went well
 * @IQ_FEED_A_MESSAGE: string, what went wrong, for a person
 * @IQ_FEED_A_GROUP: u32, a group's id, 0: none
 * @IQ_FEED_A_IKE_ID: u32, charon's unique id of the IKE SA
 * @IQ_FEED_A_IKE_VERSION: u8, 1 or 2
 * @IQ_FEED_A_SPI_I: u64, the initiator's IKE SPI read as a big-endian number
 * @IQ_FEED_A_SPI_R: u64, the responder's
 * @IQ_FEED_A_LOCAL: 4 or 16 bytes, this host's address
 * @IQ_FEED_A_LOCAL_PORT: u16, its UDP port
 * @IQ_FEED_A_REMOTE: 4 or 16 bytes, the peer's address
 * @IQ_FEED_A_REMOTE_PORT: u16
 * @IQ_FEED_A_IDENTITY: an identity of the peer; may be there several times,
 *	up to IQ_FEED_IDS_MAX, as MEMBER_OF may, and no other. Bytes: u8 the identity's type
 *	as on the wire (RFC 7296 section 3.5, RFC 2407 section 4.6.2.1); u8 the
 *	authentication round that it is of, from 1 on (0: not known); u8 enum
 *	iq_feed_proof; the name of the method of that round ("pubkey", "eap-md5"),
 *	1 to IQ_FEED_METHOD_MAX - 1 printable ASCII characters without blanks, and
 *	a NUL; the identity's bytes as on the wire, up to IQ_FEED_ID_MAX
 * @IQ_FEED_A_CONN: string, the connection's name
 * @IQ_FEED_A_CHILD_ID: u32, charon's unique id of the CHILD SA
 * @IQ_FEED_A_CHILD: string, the CHILD SA's name
 * @IQ_FEED_A_REQID: u32
 * @IQ_FEED_A_PROTO: u8, IPPROTO_ESP or IPPROTO_AH
 * @IQ_FEED_A_SPI_IN: u32, host byte order
 * @IQ_FEED_A_SPI_OUT: u32
 * @IQ_FEED_A_ENCAP: u8, 1: UDP-encapsulated
 * @IQ_FEED_A_DST: 4 or 16 bytes
 * @IQ_FEED_A_SPI: u32
 * @IQ_FEED_A_PENDING: flag (no bytes): about to be installed
 * @IQ_FEED_A_QUERY: u8, enum iq_feed_query
 * @IQ_FEED_A_ARG: string
 * @IQ_FEED_A_TEXT: string
 * @IQ_FEED_A_PASSED_OVER: u32, how many SAs this charon has installed without an
 *	answer since it runs, as there was no daemon or it was too slow; where it
 *	is not said, none
 * @IQ_FEED_A_MARK_IN: u64, the mark that a packet has to have for the CHILD SA's
 *	inbound policies: value << 32 | mask, of which the mask is not 0
 * @IQ_FEED_A_MARK_OUT: u64, the same for the outbound policy and SA
 * @IQ_FEED_A_SET_MARK_IN: u64, the same, which the kernel gives a packet that
 *	comes out of the inbound SA
 * @IQ_FEED_A_SET_MARK_OUT: u64, the same, out of the outbound one
 * @IQ_FEED_A_MEMBER_OF: a group (strongSwan's AUTH_RULE_GROUP), up to
 *	IQ_FEED_MEMBERS_MAX of them. Bytes: u8 the type of identity that its name is
 *	to charon; u8 the authentication round in which it was said, 0: not known;
 *	u8 enum iq_feed_proof, what proved an identity in that round; the name, 1 to
 *	IQ_FEED_MEMBER_MAX bytes
 * @IQ_FEED_A_RDN_MATCHING: u8, how that charon matches DNs (charon.rdn_matching):
 *	0 strict, 1 reordered, 2 relaxed; where it is not said, strict
 */
enum iq_feed_attr {
	IQ_FEED_A_UNSPEC,
	IQ_FEED_A_VERSION,
	IQ_FEED_A_ROLE,
	IQ_FEED_A_ERROR,
	IQ_FEED_A_MESSAGE,
	IQ_FEED_A_GROUP,
	IQ_FEED_A_IKE_ID,
	IQ_FEED_A_IKE_VERSION,
	IQ_FEED_A_SPI_I,
	IQ_FEED_A_SPI_R,
	IQ_FEED_A_LOCAL,
	IQ_FEED_A_LOCAL_PORT,
	IQ_FEED_A_REMOTE,
	IQ_FEED_A_REMOTE_PORT,
	IQ_FEED_A_IDENTITY,
	IQ_FEED_A_CONN,
	IQ_FEED_A_CHILD_ID,
	IQ_FEED_A_CHILD,
	IQ_FEED_A_REQID,
	IQ_FEED_A_PROTO,
	IQ_FEED_A_SPI_IN,
	IQ_FEED_A_SPI_OUT,
	IQ_FEED_A_ENCAP,
	IQ_FEED_A_DST,
	IQ_FEED_A_SPI,
	IQ_FEED_A_PENDING,
	IQ_FEED_A_QUERY,
	IQ_FEED_A_ARG,
	IQ_FEED_A_TEXT,
	IQ_FEED_A_PASSED_OVER,
	IQ_FEED_A_MARK_IN,
	IQ_FEED_A_MARK_OUT,
	IQ_FEED_A_SET_MARK_IN,
	IQ_FEED_A_SET_MARK_OUT,
	IQ_FEED_A_MEMBER_OF,
	IQ_FEED_A_RDN_MATCHING,
	__IQ_FEED_A_MAX
};
#define IQ_FEED_A_MAX (__IQ_FEED_A_MAX - 1)

/**
 * enum iq_feed_role - who is at the other end
 *
 * @IQ_FEED_ROLE_CHARON: the strongSwan plugin; it states and deletes
 * @IQ_FEED_ROLE_COMMAND: ipsec-qos; it queries
 */
enum iq_feed_role {
	IQ_FEED_ROLE_CHARON = 1,
	IQ_FEED_ROLE_COMMAND,
};

/**
 * enum iq_feed_proof - what proved an identity
 *
 * @IQ_FEED_PROOF_NONE: nothing, the peer only claimed it
 * @IQ_FEED_PROOF_IKE: a public key or a pre-shared key
 * @IQ_FEED_PROOF_EAP: EAP
 * @IQ_FEED_PROOF_XAUTH: XAuth
 */
enum iq_feed_proof {
	IQ_FEED_PROOF_NONE,
	IQ_FEED_PROOF_IKE,
	IQ_FEED_PROOF_EAP,
	IQ_FEED_PROOF_XAUTH,
};

/**
 * enum iq_feed_query - what the command asks
 *
 * @IQ_FEED_QUERY_STATUS: the daemon's own state, charon's connection, and the
 *	peers with identity, group, profile and CHILD SAs
 * @IQ_FEED_QUERY_PROFILES: the profiles with what they name
 * @IQ_FEED_QUERY_TEST: which profile ARG, an identity as swanctl writes it,
 *	matches, and why
 * @IQ_FEED_QUERY_CLASSES: the policies' classes with configured and measured
 *	rate
 * @IQ_FEED_QUERY_RELOAD: read the configuration again
 * @IQ_FEED_QUERY_DAEMON: as STATUS, but without the peers, who may be many
 */
enum iq_feed_query {
	IQ_FEED_QUERY_STATUS = 1,
	IQ_FEED_QUERY_PROFILES,
	IQ_FEED_QUERY_TEST,
	IQ_FEED_QUERY_CLASSES,
	IQ_FEED_QUERY_RELOAD,
	IQ_FEED_QUERY_DAEMON,
};

/**
 * struct iq_addr - an IPv4 or IPv6 address
 *
 * @family: AF_INET or AF_INET6; 0: none
 * @b: 4 or 16 bytes, network order; the rest is zero
 */
struct iq_addr {
	uint8_t family;
	uint8_t b[16];
};

/**
 * struct iq_feed_identity - an identity of a peer
 *
 * @type: as on the wire
 * @round: in which authentication round, 0: not known
 * @proof: enum iq_feed_proof
 * @method: of that round
 * @data: its bytes as on the wire
 * @len: how many
 */
struct iq_feed_identity {
	uint8_t type;
	uint8_t round;
	uint8_t proof;
	const char *method;
	const uint8_t *data;
	size_t len;
};

/**
 * struct iq_feed_member - a group that a peer is in
 *
 * @type: what its name is to charon
 * @round: in which authentication round it was said, 0: not known
 * @proof: enum iq_feed_proof, of that round
 * @data: its name
 * @len: how many bytes
 */
struct iq_feed_member {
	uint8_t type;
	uint8_t round;
	uint8_t proof;
	const uint8_t *data;
	size_t len;
};

/**
 * struct iq_feed - one message, decoded
 *
 * Strings and bytes point into the buffer that was decoded, or to what the
 * caller of iq_feed_put() owns. Bit (1 << IQ_FEED_A_x) of @has says that x was
 * there, and on the way out that it is to be written.
 */
struct iq_feed {
	enum iq_feed_msg type;
	uint16_t flags;			/* NLM_F_ACK, NLM_F_MULTI */
	uint32_t seq;
	uint64_t has;

	uint32_t version;
	uint8_t role;
	uint32_t error;
	const char *message;
	uint32_t group;

	uint32_t ike_id;
	uint8_t ike_version;
	uint64_t spi_i;
	uint64_t spi_r;
	struct iq_addr local;
	uint16_t local_port;
	struct iq_addr remote;
	uint16_t remote_port;
	size_t n_ids;		/* with IDENTITY in @has: 1 or more */
	struct iq_feed_identity ids[IQ_FEED_IDS_MAX];
	size_t n_members;	/* likewise, with MEMBER_OF */
	struct iq_feed_member members[IQ_FEED_MEMBERS_MAX];
	uint8_t rdn_matching;
	const char *conn;

	uint32_t child_id;
	const char *child;
	uint32_t reqid;
	uint8_t proto;
	uint32_t spi_in;
	uint32_t spi_out;
	bool encap;
	uint64_t mark_in;
	uint64_t mark_out;
	uint64_t set_mark_in;
	uint64_t set_mark_out;

	struct iq_addr dst;
	uint32_t spi;
	bool pending;

	uint8_t query;
	const char *arg;
	const char *text;
	uint32_t passed_over;
};

#define IQ_FEED_HAS(x)	(1ULL << IQ_FEED_A_##x)

/**
 * iq_feed_put() - encode a message
 *
 * @buf: where to, aligned as a struct nlmsghdr is
 * @size: its size
 * @msg: what; @msg->has says which attributes
 *
 * Return: the message's length, or -EMSGSIZE where @size or IQ_FEED_MSG_MAX is
 * too small, or -EINVAL where iq_feed_get() would refuse it: an attribute that
 * its type requires is missing, or has a value that it cannot have.
 */
int iq_feed_put(void *buf, size_t size, const struct iq_feed *msg);

/**
 * iq_feed_get() - decode a message and check it
 *
 * Every length, every range, NUL termination, and that what the type requires
 * is there; attributes that the type does not know are refused.
 *
 * @buf: one datagram, aligned as a struct nlmsghdr is
 * @len: its length
 * @msg: filled in
 * @why: on error a static text that says what is wrong
 *
 * Return: 0, or -EINVAL.
 */
int iq_feed_get(const void *buf, size_t len, struct iq_feed *msg,
		const char **why);

#endif /* IPSEC_QOS_FEED_H */
