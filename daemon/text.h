/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that is put together in a buffer of fixed size. What does not fit is cut
 * off; the buffer always ends with a NUL.
 */
#ifndef IPSEC_QOSD_TEXT_H
#define IPSEC_QOSD_TEXT_H

#include <stddef.h>

/**
 * struct text - where the next character goes, and how many bytes are left,
 * the NUL's among them
 */
struct text {
	char *pos;
	size_t left;
};

/** text_begin() - an empty text in @buf; a @size of 0 is fine */
void text_begin(struct text *t, char *buf, size_t size);

/** text_put() - append, as printf does */
void text_put(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * text_escape() - append bytes that somebody else chose: what is not printable
 * ASCII is written \xNN
 */
void text_escape(struct text *t, const void *data, size_t len);

/** text_hex() - append bytes as 6b:65:79 */
void text_hex(struct text *t, const void *data, size_t len);

#endif /* IPSEC_QOSD_TEXT_H */
