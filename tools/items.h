/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON array that comes in pieces, object by object: never all of it in memory. Pure.
 */
#ifndef IPSEC_QOS_TOOLS_ITEMS_H
#define IPSEC_QOS_TOOLS_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#define ITEM_MAX	65536	/* bytes of an object */

/**
 * struct items - how far the array has come; zero at first
 *
 * @text: of the object that is not complete yet
 */
struct items {
	char text[ITEM_MAX];
	size_t len;
	enum { ITEMS_AHEAD, ITEMS_BETWEEN, ITEMS_WITHIN, ITEMS_BEHIND } where;
	unsigned int depth;
	bool quoted;
	bool escaped;
};

/**
 * items_take() - the next piece
 *
 * @each: called for each object that is complete; what it returns, if that is not 0,
 *	ends it
 *
 * Return: 0; -EBADMSG: that is no array of objects; -E2BIG: one has more than ITEM_MAX
 * bytes; what @each returned.
 */
int items_take(struct items *items, const char *piece,
	       int (*each)(const json_t *item, void *arg), void *arg);

/** items_end() - there are no more pieces; 0, or -EBADMSG: something is missing */
int items_end(const struct items *items);

#endif /* IPSEC_QOS_TOOLS_ITEMS_H */
