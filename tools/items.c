// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A JSON array that comes in pieces, object by object.
 */
#include <errno.h>
#include <string.h>

#include "items.h"

/* Does the object end with @c? Brackets in a string are none. */
static bool ends(struct items *items, char c)
{
	if (items->quoted) {
		if (items->escaped)
			items->escaped = false;
		else if (c == '\\')
			items->escaped = true;
		else if (c == '"')
			items->quoted = false;
		return false;
	}
	if (c == '"')
		items->quoted = true;
	else if (c == '{')
		items->depth++;
	else if (c == '}')
		items->depth--;
	return !items->depth;
}

static int complete(struct items *items,
		    int (*each)(const json_t *item, void *arg), void *arg)
{
	json_t *item = json_loadb(items->text, items->len, 0, NULL);
	int ret;

	if (!item)
		return -EBADMSG;
	ret = each(item, arg);
	json_decref(item);
	items->len = 0;
	items->where = ITEMS_BETWEEN;
	return ret;
}

/* What stands between objects; 0 where one begins with @c, which is still to be read. */
static int between(struct items *items, char c)
{
	if (items->where == ITEMS_AHEAD && c == '[') {
		items->where = ITEMS_BETWEEN;
		return 1;
	}
	if (items->where != ITEMS_BETWEEN)
		return -EBADMSG;
	if (c == '{')
		items->where = ITEMS_WITHIN;
	else if (c == ']')
		items->where = ITEMS_BEHIND;
	else if (c != ',')
		return -EBADMSG;
	return c != '{';
}

int items_take(struct items *items, const char *piece,
	       int (*each)(const json_t *item, void *arg), void *arg)
{
	int ret;

	for (; *piece; piece++) {
		if (strchr(" \t\r\n", *piece) && !items->quoted)
			continue;
		if (items->where != ITEMS_WITHIN) {
			ret = between(items, *piece);
			if (ret < 0)
				return ret;
			if (ret)
				continue;
		}
		if (items->len == sizeof(items->text))
			return -E2BIG;
		items->text[items->len++] = *piece;
		if (!ends(items, *piece))
			continue;
		ret = complete(items, each, arg);
		if (ret)
			return ret;
	}
	return 0;
}

int items_end(const struct items *items)
{
	return items->where == ITEMS_BEHIND ? 0 : -EBADMSG;
}
