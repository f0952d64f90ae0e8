// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/der.h"

#include <string.h>

bool der_next(struct der *in, uint8_t *tag, struct der *content)
{
	size_t head = 2, len;

	if (in->len < head)
		return false;

	len = in->data[1];
	if (len > 0x80) {
		/* the long form: how many bytes the length takes, then it */
		head += len & 0x7f;
		if (head > 4 || in->len < head)
			return false;
		len = in->data[2];
		if (head == 4)
			len = len << 8 | in->data[3];
	} else if (len == 0x80) {
		return false;
	}
	if (in->len - head < len)
		return false;

	*tag = in->data[0];
	content->data = in->data + head;
	content->len = len;
	in->data += head + len;
	in->len -= head + len;
	return true;
}

bool der_equal(const struct der *a, const struct der *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

void der_put(struct der_writer *w, const void *data, size_t len)
{
	if (w->overflow || w->pos < len) {
		w->overflow = true;
		return;
	}
	w->pos -= len;
	if (len)
		memcpy(w->buf + w->pos, data, len);
}

void der_head(struct der_writer *w, uint8_t tag, size_t len)
{
	uint8_t head[4] = { tag };

	if (w->overflow || len > 0xffff) {
		w->overflow = true;
	} else if (len < 0x80) {
		head[1] = len;
		der_put(w, head, 2);
	} else if (len < 0x100) {
		head[1] = 0x81;
		head[2] = len;
		der_put(w, head, 3);
	} else {
		head[1] = 0x82;
		head[2] = len >> 8;
		head[3] = len & 0xff;
		der_put(w, head, 4);
	}
}

void der_wrap(struct der_writer *w, uint8_t tag, size_t end)
{
	der_head(w, tag, end - w->pos);
}
