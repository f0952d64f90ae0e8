/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's messages about IKE SAs.
 */
#ifndef IPSEC_QOS_FEED_IKE_H
#define IPSEC_QOS_FEED_IKE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define IQ_FEED_STR_MAX	256	/* bytes in a name with its NUL */
#define IQ_FEED_ID_MAX	2048	/* bytes in an IKE identity (a DN may be long) */
#define IQ_FEED_IDS_MAX	7	/* identities of a peer; so many of the longest fit */
#define IQ_FEED_MEMBER_MAX	255	/* bytes in a group's name, as AAA has it */
#define IQ_FEED_MEMBERS_MAX	32	/* groups of a peer; so many of the longest fit */
#define IQ_FEED_METHOD_MAX	32	/* bytes in a method's name with its NUL */

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
 * struct iq_feed_identity - an identity of a peer
 *
 * @type: as on the wire (RFC 7296 section 3.5, RFC 2407 section 4.6.2.1)
 * @round: in which authentication round, from 1 on; 0: not known
 * @proof: enum iq_feed_proof
 * @method: of that round ("pubkey", "eap-md5"): 1 to IQ_FEED_METHOD_MAX - 1
 *	printable ASCII characters without blanks
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

/** struct iq_feed_identities - up to IQ_FEED_IDS_MAX of them */
struct iq_feed_identities {
	size_t n;
	struct iq_feed_identity v[IQ_FEED_IDS_MAX];
};

/**
 * struct iq_feed_member - a group that a peer is in (strongSwan's AUTH_RULE_GROUP)
 *
 * @type: of identity that its name is to charon
 * @round: in which authentication round it was said, 0: not known
 * @proof: enum iq_feed_proof, of that round
 * @data: its name
 * @len: how many bytes, 1 to IQ_FEED_MEMBER_MAX
 */
struct iq_feed_member {
	uint8_t type;
	uint8_t round;
	uint8_t proof;
	const uint8_t *data;
	size_t len;
};

/** struct iq_feed_members - up to IQ_FEED_MEMBERS_MAX of them */
struct iq_feed_members {
	size_t n;
	struct iq_feed_member v[IQ_FEED_MEMBERS_MAX];
};

/**
 * struct iq_feed_ike - an IKE SA is there, or changed. The answer's group is the
 * one that it is in here.
 *
 * @ike_id: charon's unique id of it
 * @ike_version: 1 or 2
 * @spi_i: the initiator's IKE SPI read as a big-endian number
 * @spi_r: the responder's
 * @local: this host's address; @local_port: its UDP port
 * @remote: the peer's, with @remote_port
 * @conn: the connection's name
 * @ids: each identity that the peer proved or claimed
 * @members: each group that AAA or an attribute certificate says it is in
 * @rdn_matching: how that charon matches DNs (charon.rdn_matching): 0 strict,
 *	1 reordered, 2 relaxed
 */
struct iq_feed_ike {
	uint32_t ike_id;
	uint8_t ike_version;
	uint64_t spi_i;
	uint64_t spi_r;
	struct iq_addr local;
	uint16_t local_port;
	struct iq_addr remote;
	uint16_t remote_port;
	const char *conn;
	struct iq_feed_identities ids;
	struct iq_feed_members members;
	uint8_t rdn_matching;
};

/** struct iq_feed_ike_del - it is gone */
struct iq_feed_ike_del {
	uint32_t ike_id;
	uint64_t spi_i;
	uint64_t spi_r;
};

#endif /* IPSEC_QOS_FEED_IKE_H */
