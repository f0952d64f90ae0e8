/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of DER (ITU-T X.690) as names need: reading one element after
 * another, and writing from the last byte to the first, so that the length of
 * what is wrapped is always known.
 */
#ifndef IPSEC_QOSD_DER_H
#define IPSEC_QOSD_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum der_tag {
	DER_OID			= 0x06,
	DER_UTF8STRING		= 0x0c,
	DER_NUMERICSTRING	= 0x12,
	DER_PRINTABLESTRING	= 0x13,
	DER_T61STRING		= 0x14,
	DER_IA5STRING		= 0x16,
	DER_VISIBLESTRING	= 0x1a,
	DER_GENERALSTRING	= 0x1b,
	DER_SEQUENCE		= 0x30,
	DER_SET			= 0x31,
	DER_CONTEXT_0		= 0xa0,
	DER_ANY			= 0xc0,	/* a private one: in patterns, for any value */
};

/**
 * struct der - bytes to be read
 */
struct der {
	const uint8_t *data;
	size_t len;
};

/**
 * der_next() - take the first element off @in
 *
 * @tag: its tag, of one byte
 * @content: what is in it
 *
 * Return: false where there is none: @in is empty, or malformed, or its length
 * is indefinite or takes more than two bytes.
 */
bool der_next(struct der *in, uint8_t *tag, struct der *content);

/** der_equal() - the same bytes */
bool der_equal(const struct der *a, const struct der *b);

/**
 * struct der_writer - a buffer that is filled from its end
 *
 * @pos: where the last byte that was put stands; what is in the buffer reaches
 *	from here to its end
 * @overflow: it did not fit
 */
struct der_writer {
	uint8_t *buf;
	size_t pos;
	bool overflow;
};

/** der_put() - put bytes in front of what is there */
void der_put(struct der_writer *w, const void *data, size_t len);

/** der_head() - put tag and length of an element of @len bytes */
void der_head(struct der_writer *w, uint8_t tag, size_t len);

/** der_wrap() - make what is between w->pos and @end the content of an element */
void der_wrap(struct der_writer *w, uint8_t tag, size_t end);

#endif /* IPSEC_QOSD_DER_H */
