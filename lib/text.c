// SPDX-License-Identifier: GPL-2.0-or-later
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static bool printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

void text_escape(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len && t->left > 1; p++, len--) {
		if (printable(*p))
			text_put(t, "%c", *p);
		else
			text_put(t, "\\x%02x", *p);
	}
}

const char *text_clip(char *buf, size_t size, const char *text)
{
	size_t len = strlen(text), fits = 0, used = 0, n;
	struct text t;

	/* as many as leave room for the dots, or all */
	for (n = 0; n < len && used < size; n++) {
		used += printable(text[n]) ? 1 : 4;
		if (used + 3 < size)
			fits = n + 1;
	}
	text_begin(&t, buf, size);
	text_escape(&t, text, used < size ? len : fits);
	text_put(&t, "%s", used < size ? "" : "...");
	return buf;
}

void text_hex(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len && t->left > 1; i++)
		text_put(t, "%s%02x", i ? ":" : "", p[i]);
}
