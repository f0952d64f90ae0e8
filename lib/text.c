// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/text.h"

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

/* Code points that do not show, or not as what they are. */
static bool hidden(uint32_t c)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} ranges[] = {
		{ 0, 0xa0 }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
		{ 0x1680, 0x1680 }, { 0x180b, 0x180f }, { 0x2000, 0x200f },
		{ 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
		{ 0x3164, 0x3164 }, { 0xd800, 0xf8ff }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xffff },
		{ 0x1fffe, UINT32_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	}
	return false;
}

size_t text_char(const void *data, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = data;
	uint32_t c;
	size_t n, i;

	if (!len)
		return 0;
	if (*p < 0x80)
		return printable(*p);
	n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	if (*p < 0xc0 || *p >= 0xf8 || len < n)
		return 0;
	c = *p & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || hidden(c) ? 0 : n;
}

void text_utf8(struct text *t, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t n;

	for (; len && t->left > 1; p += n, len -= n) {
		n = text_char(p, len);
		if (n) {
			text_put(t, "%.*s", (int)n, (const char *)p);
		} else {
			text_put(t, "\\x%02x", *p);
			n = 1;
		}
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
