// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void text_begin(struct text *t, char *buf, size_t size)
{
	t->pos = buf;
	t->left = size;
	if (size)
		*buf = '\0';
}

void text_put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	size_t n;
	int ret;

	if (!t->left)
		return;

	va_start(ap, fmt);
	ret = vsnprintf(t->pos, t->left, fmt, ap);
	va_end(ap);
	if (ret < 0)
		return;

	n = (size_t)ret < t->left ? (size_t)ret : t->left - 1;
	t->pos += n;
	t->left -= n;
}

void text_escape(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len && t->left > 1; p++, len--) {
		if (*p >= 0x20 && *p < 0x7f)
			text_put(t, "%c", *p);
		else
			text_put(t, "\\x%02x", *p);
	}
}

void text_hex(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len && t->left > 1; i++)
		text_put(t, "%s%02x", i ? ":" : "", p[i]);
}
