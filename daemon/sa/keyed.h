/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Things that are found by a key, as uthash has them, where memory may run out.
 */
#ifndef IPSEC_QOSD_KEYED_H
#define IPSEC_QOSD_KEYED_H

#include <stddef.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** struct keyed - the first member of what is kept in a table */
struct keyed {
	UT_hash_handle hh;
};

/**
 * struct keyed_table - things of one type, in the order in which they came
 *
 * @size: of one
 * @key: where in it its key is; @key_len: how long, all of it
 */
struct keyed_table {
	struct keyed *first;
	size_t size;
	size_t key;
	size_t key_len;
};

/** KEYED_TABLE() - what an empty table of things is, whose key is their member key */
#define KEYED_TABLE(type) \
	{ .size = sizeof(type), .key = offsetof(type, key), \
	  .key_len = sizeof(((type *)0)->key) }

/** keyed_find() - the one with a key, or NULL */
void *keyed_find(const struct keyed_table *table, const void *key);

/**
 * keyed_need() - find one, or make it, all zero but for its key
 *
 * @max: how many there may be
 *
 * Return: 0; -ENOSPC: there are as many; -ENOMEM.
 */
int keyed_need(struct keyed_table *table, const void *key, size_t max, void **thing);

/** keyed_remove() - take one out */
void keyed_remove(struct keyed_table *table, void *thing);

/** keyed_free() - likewise, and free it */
void keyed_free(struct keyed_table *table, void *thing);

/** keyed_count() - how many there are */
size_t keyed_count(const struct keyed_table *table);

/** keyed_next() - the one that came behind it; NULL: none, or @thing is NULL */
static inline void *keyed_next(const void *thing)
{
	const struct keyed *keyed = thing;

	return keyed ? keyed->hh.next : NULL;
}

/* All of a table; the one at hand may be freed. */
#define keyed_for_each(thing, after, table) \
	for ((thing) = (void *)(table)->first, (after) = keyed_next(thing); (thing); \
	     (thing) = (after), (after) = keyed_next(thing))

#endif /* IPSEC_QOSD_KEYED_H */
