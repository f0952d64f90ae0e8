/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE identities: what a peer proved to be, and patterns that name some of
 * them. Written as swanctl.conf writes remote.id. Pure: no input, no output.
 */
#ifndef IPSEC_QOSD_IDENTITY_H
#define IPSEC_QOSD_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

/**
 * enum id_type - types of identities as on the wire (RFC 7296 section 3.5,
 * RFC 2407 section 4.6.2.1)
 */
enum id_type {
	ID_ANY			= 0,
	ID_IPV4_ADDR		= 1,
	ID_FQDN			= 2,
	ID_USER_FQDN		= 3,
	ID_IPV4_ADDR_SUBNET	= 4,
	ID_IPV6_ADDR		= 5,
	ID_IPV6_ADDR_SUBNET	= 6,
	ID_IPV4_ADDR_RANGE	= 7,
	ID_IPV6_ADDR_RANGE	= 8,
	ID_DER_ASN1_DN		= 9,
	ID_DER_ASN1_GN		= 10,
	ID_KEY_ID		= 11,
};

/**
 * struct identity - an identity or a pattern
 *
 * @type: its type
 * @data: its bytes: as on the wire; of a subnet the address and the mask, of a
 *	range the first and the last address; of a DN its DER, in which a value
 *	"*" of a pattern stands for any
 * @len: how many
 */
struct identity {
	enum id_type type;
	uint8_t *data;
	size_t len;
};

/**
 * identity_parse() - read an identity or pattern as swanctl writes it
 *
 * Prefixes that force a type (ipv4:, ipv6:, ipv4net:, ipv6net:, ipv4range:,
 * ipv6range:, rfc822:, email:, userfqdn:, fqdn:, dns:, asn1dn:, asn1gn:,
 * keyid:, xmppaddr is not one), "@name" a FQDN, "@@user@name" a user FQDN,
 * "@#hex" a key id, "{type}:value" any type; without one it is guessed, as
 * strongSwan's identification_create_from_string() guesses.
 *
 * @why: on error a static text that says what was expected
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int identity_parse(const char *text, struct identity *id, const char **why);

/** identity_from_wire() - copy what the feed brought; -EINVAL, -ENOMEM */
int identity_from_wire(uint8_t type, const void *data, size_t len,
		       struct identity *id);

void identity_clear(struct identity *id);

/** identity_format() - as text, as swanctl prints it; never more than @size */
void identity_format(const struct identity *id, char *buf, size_t size);

/**
 * identity_match() - does a pattern name an identity, and how closely?
 *
 * The greater the more specific: the same to the byte is greatest, then ranges
 * and subnets by how few addresses they hold, DNs by how few wildcards, names
 * by how many characters stand outside the "*"; ID_ANY ("%any" or "*") is 1.
 *
 * Return: 0 where it does not match.
 */
unsigned int identity_match(const struct identity *id,
			    const struct identity *pattern);

#endif /* IPSEC_QOSD_IDENTITY_H */
