/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that is put together in a buffer of fixed size. What does not fit is cut
 * off; the buffer always ends with a NUL.
 */
#ifndef IPSEC_QOS_LIB_TEXT_H
#define IPSEC_QOS_LIB_TEXT_H

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

/**
 * text_char() - how many bytes the character takes that @data begins with, where
 * it shows as what it is: printable ASCII, or in UTF-8 anything but blanks,
 * controls, what turns the direction of a text, and what no font has
 *
 * Return: 1 to 4; 0: it does not.
 */
size_t text_char(const void *data, size_t len);

/** text_utf8() - as text_escape(), but characters beyond ASCII that show stay */
void text_utf8(struct text *t, const void *data, size_t len);

/**
 * text_clip() - what fits @buf of a text that somebody else chose, escaped as
 * text_escape() does, with "..." at its end where it was cut off; @buf, of 8
 * bytes or more
 *
 * A message that shows a value says what is wrong with it behind it: that must
 * not be pushed out by a long one.
 */
const char *text_clip(char *buf, size_t size, const char *text);
#define TEXT_VALUE	81	/* bytes for a value in a message */
#define TEXT_PATH	256	/* bytes for a path */

/** text_hex() - append bytes as 6b:65:79 */
void text_hex(struct text *t, const void *data, size_t len);

#endif /* IPSEC_QOS_LIB_TEXT_H */
