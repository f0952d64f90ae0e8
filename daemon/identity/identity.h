/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE identities: what a peer proved to be, and patterns that name some of
 * them. Written as swanctl.conf writes remote.id. Pure: no input, no output.
 */
#ifndef IPSEC_QOSD_IDENTITY_H
#define IPSEC_QOSD_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "identity/dn.h"
#include "identity/idregex.h"

#define IDENTITY_LEN_MAX	2048	/* bytes in one, as in the feed */

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
	ID_URI			= 201,	/* strongSwan's, from the private range */
};

/**
 * struct identity - an identity or a pattern
 *
 * @type: its type; of an identity any number that can stand on the wire
 * @data: its bytes: as on the wire; of a subnet the address and the mask, of a
 *	range the first and the last address; of a DN its DER, in which a value
 *	of tag DER_ANY stands for any in a pattern; of a regular expression its
 *	text
 * @len: how many
 * @regex: of a pattern that is a regular expression; else NULL
 * @matching: of an identity that is a DN, how its charon matches it
 */
struct identity {
	enum id_type type;
	uint8_t *data;
	size_t len;
	struct idregex *regex;
	enum dn_matching matching;
};

/**
 * identity_parse() - read an identity or pattern as swanctl writes it
 *
 * Without a prefix the type is guessed as strongSwan guesses it: "%any", "*",
 * "%any6", "0.0.0.0" and "::" any; "TYPE=VALUE, ..." a DN, "@#hex" a key id,
 * "@@user@name" and "user@name" a user FQDN, "@name" a FQDN, then addresses,
 * subnets ("10.0.0.0/8"), ranges ("10.0.0.1-10.0.0.9"); what is left is a
 * FQDN, and with a ':' or '=' in it a key id.
 *
 * The prefixes ipv4:, ipv6:, ipv4net:, ipv6net:, ipv4range:, ipv6range:,
 * rfc822:, email:, userfqdn:, fqdn:, dns:, asn1dn:, asn1gn:, xmppaddr:, keyid:,
 * uri: and {NUMBER}: force a type; a '#' after them begins its bytes in hexadecimal.
 *
 * ^...$ behind fqdn:, email: or asn1dn: and their like is a regular expression, as
 * in strongSwan 6, of an identity of that type as strongSwan prints it.
 *
 * It is stricter where what strongSwan silently reads as something else can only
 * be a slip: a malformed address, subnet, range or DN is an error, as is an
 * address with a port or an interface, a regular expression without a type, '%'
 * before anything but "any", @[...], a '*' that is not at the beginning of a name,
 * or the empty string; and "ipv4:10.0.0.1" or "asn1dn:CN=x" mean what they say. A
 * dot at the end of a name without '@' or prefix is left out, as no peer sends it.
 *
 * @id: filled in; to be released by identity_clear()
 * @why: on error a static text that says what was expected; else NULL, or a static
 *	text that says what it is taken for, where it may not be meant so
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int identity_parse(const char *text, struct identity *id, const char **why);

/**
 * identity_from_wire() - copy what the feed brought
 *
 * The bytes are the peer's choice and may be anything; an identity that is
 * malformed matches no pattern but %any.
 *
 * Return: 0; -EINVAL where it is longer than IDENTITY_LEN_MAX; -ENOMEM.
 */
int identity_from_wire(uint8_t type, const void *data, size_t len,
		       struct identity *id);

void identity_clear(struct identity *id);

/** identity_type_name() - "FQDN", "IPv4 subnet", ...; "unknown" */
const char *identity_type_name(enum id_type type);

/**
 * identity_format() - as text that identity_parse() reads as the same identity,
 * with a prefix only where it takes one; never more than @size
 *
 * In UTF-8, of characters that show. Malformed identities, and names with a '*',
 * which are read as patterns, are not read back.
 */
void identity_format(const struct identity *id, char *buf, size_t size);

/*
 * What identity_match() says where an identity matches: between the two, the
 * greater the more specific.
 */
#define IDENTITY_MATCH_ANY	1U		/* it matches whatever it is, of any type */
#define IDENTITY_MATCH_EXACT	(1U << 28)	/* the pattern names it alone */

/**
 * identity_match() - does a pattern name an identity, and how closely?
 *
 * A pattern matches identities of its own type; subnets and ranges match
 * addresses too. FQDNs and user FQDNs compare whatever their case; a '*' at
 * their beginning stands for one or more characters, dots among them: so
 * "*.example.org" matches a.b.example.org, but neither example.org nor
 * aexample.org. How DNs compare: dn_match().
 *
 * Of patterns that match the same identity, that is more specific which holds
 * fewer addresses (told apart to a millionth), leaves fewer RDNs open, or fixes
 * more characters.
 *
 * Return: 0 where it does not match, else IDENTITY_MATCH_ANY to
 * IDENTITY_MATCH_EXACT.
 */
unsigned int identity_match(const struct identity *id,
			    const struct identity *pattern);

#endif /* IPSEC_QOSD_IDENTITY_H */
