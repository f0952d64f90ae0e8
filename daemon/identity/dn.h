/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ASN.1 distinguished names: as text, as DER, and patterns of them. In a pattern
 * a value of tag DER_ANY stands for any: no certificate has that tag, so a value
 * that is "*" in a certificate is nothing but that.
 * Pure: no input, no output.
 */
#ifndef IPSEC_QOSD_DN_H
#define IPSEC_QOSD_DN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/der.h"
#include "lib/text.h"

#define DN_PARTS_MAX	20	/* attributes in a text, as strongSwan has it */
#define DN_TEXT_MAX	6160	/* bytes in a text */
#define DN_LEN_MAX	2048	/* bytes in DER that is matched */

/**
 * dn_parse() - encode "C=CH, O=Acme, CN=*" or "/C=CH/O=Acme/CN=*"
 *
 * Types are strongSwan's and LDAP's names, in any case, or an object identifier,
 * as 2.5.4.97 or, as strongSwan prints it, its bytes 55:04:61. "+" before a type
 * puts it into the RDN of the type before. A comma or slash with no TYPE= behind
 * it is part of the value; so is anything behind a '\' that would be something
 * else, and what stands in double quotes. #HEX is a whole value, tag and length
 * with it (RFC 4514 section 2.4). A value of * alone stands for any.
 *
 * Values that a PrintableString can hold become one, others a UTF8String; email
 * addresses and unstructured names become an IA5String.
 *
 * @buf: the DER is put at its end
 * @start: where in @buf it begins
 * @why: on error a static text that says what was expected, else NULL, or one
 *	that says what may not be meant so
 *
 * Return: 0; -ENOENT where nothing in the text is a known type, which is no DN
 * then; -EINVAL.
 */
int dn_parse(const char *text, uint8_t *buf, size_t size, size_t *start,
	     const char **why);

/** dn_valid() - is it a DN with at least one RDN, and nothing else? */
bool dn_valid(const uint8_t *der, size_t len);

/** dn_has_any() - does a value in it stand for any? */
bool dn_has_any(const uint8_t *der, size_t len);

/**
 * dn_looks_longer() - does a value in it look like more parts, as "Acme, CN=gw-1" does?
 *
 * Whose text is that of another DN, then.
 */
bool dn_looks_longer(const uint8_t *der, size_t len);

/**
 * enum dn_style - how a DN is written
 *
 * @DN_STRONGSWAN: as strongSwan prints it: what is not printable ASCII is a '?'
 * @DN_PLAIN: the same, with '+' within an RDN, and UTF-8; what does not show is
 *	written \xNN
 * @DN_SAFE: and values that dn_parse() might not take as they are in hexadecimal
 */
enum dn_style {
	DN_STRONGSWAN,
	DN_PLAIN,
	DN_SAFE,
};

/** dn_format() - append it as text; false, and nothing, where it is invalid */
bool dn_format(const uint8_t *der, size_t len, enum dn_style style,
	       struct text *t);

/**
 * dn_key() - the values of all RDNs in lower case and in the order of their bytes
 *
 * Two DNs that dn_match() takes for the same, strictly or reordered, without a
 * wildcard, have the same.
 *
 * @buf: room for @len bytes
 *
 * Return: how many bytes; 0 where the DN is invalid.
 */
size_t dn_key(const uint8_t *der, size_t len, uint8_t *buf);

/** dn_values() - the values of all RDNs but those that stand for any; 0: it is invalid */
#define DN_VALUES_MAX	(DN_LEN_MAX / 7)	/* no RDN takes fewer bytes */
size_t dn_values(const uint8_t *der, size_t len, struct der values[DN_VALUES_MAX]);

/** dn_compare_values() - of two struct der, for qsort(); case does not count */
int dn_compare_values(const void *a, const void *b);

/**
 * enum dn_matching - charon.rdn_matching in strongswan.conf; numbers as in the feed
 *
 * @DN_STRICT: RDN by RDN in their order, whatever the order within one
 * @DN_REORDERED: all of both, in any order
 * @DN_RELAXED: all of the pattern's, in any order; there may be more
 *
 * Of a DN with more than DN_UNORDERED_MAX RDNs the order always counts: a peer chooses
 * how many it has, and each is compared with all of the pattern.
 */
#define DN_UNORDERED_MAX	32
enum dn_matching {
	DN_STRICT,
	DN_REORDERED,
	DN_RELAXED,
};

/**
 * dn_match() - does a pattern name a DN?
 *
 * PrintableStrings, and email addresses, compare whatever their case; all else
 * byte by byte, strings of one byte a character whatever their type.
 *
 * Return: how far from exactly: one for each wildcard, each RDN that the pattern
 * does not have, and one where the order is another; or -1: it does not.
 */
int dn_match(const uint8_t *der, size_t len, const uint8_t *pattern,
	     size_t pattern_len, enum dn_matching matching);

#endif /* IPSEC_QOSD_DN_H */
