/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ASN.1 distinguished names: as text, as DER, and patterns of them. A relative
 * distinguished name (RDN) whose value is "*" stands for any value there.
 * Pure: no input, no output.
 */
#ifndef IPSEC_QOSD_DN_H
#define IPSEC_QOSD_DN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define DN_RDNS_MAX	20	/* in a text, as strongSwan has it */

/**
 * dn_parse() - encode "C=CH, O=Acme, CN=*" or "/C=CH/O=Acme/CN=*"
 *
 * Types are strongSwan's, in any case. Values that a PrintableString can hold
 * become one, others a UTF8String; email addresses and unstructured names
 * become an IA5String.
 *
 * @buf: the DER is put at its end
 * @start: where in @buf it begins
 * @why: on error a static text that says what was expected
 *
 * Return: 0; -ENOENT where the text does not begin with a known type, which is
 * no DN then; -EINVAL.
 */
int dn_parse(const char *text, uint8_t *buf, size_t size, size_t *start,
	     const char **why);

/** dn_valid() - is it a DN with at least one RDN, and nothing else? */
bool dn_valid(const uint8_t *der, size_t len);

/**
 * dn_format() - append it as text, in the form with slashes if @slash; false, and
 * nothing, where it is invalid
 */
bool dn_format(const uint8_t *der, size_t len, bool slash, struct text *t);

/**
 * dn_values() - the values of all RDNs, one after the other
 *
 * Two DNs that dn_match() takes for the same without a wildcard have the same
 * values but for their case.
 *
 * @buf: room for @len bytes
 * @wildcards: set to whether one of them stands for any
 *
 * Return: how many bytes; 0 where the DN is invalid.
 */
size_t dn_values(const uint8_t *der, size_t len, uint8_t *buf, bool *wildcards);

/**
 * dn_match() - does a pattern name a DN?
 *
 * RDN by RDN in their order. PrintableStrings, and email addresses, compare
 * whatever their case; all else byte by byte.
 *
 * Return: how many wildcards it took, or -1: it does not.
 */
int dn_match(const uint8_t *der, size_t len,
	     const uint8_t *pattern, size_t pattern_len);

#endif /* IPSEC_QOSD_DN_H */
