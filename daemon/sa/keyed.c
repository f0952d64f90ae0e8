// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/keyed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *keyed_find(const struct keyed_table *table, const void *key)
{
	struct keyed *thing;

	HASH_FIND(hh, table->first, key, table->key_len, thing);
	return thing;
}

int keyed_need(struct keyed_table *table, const void *key, size_t max, void **thingp)
{
	struct keyed *thing = keyed_find(table, key);

	if (!thing) {
		if (keyed_count(table) >= max)
			return -ENOSPC;
		thing = calloc(1, table->size);
		if (!thing)
			return -ENOMEM;
		memcpy((char *)thing + table->key, key, table->key_len);
		HASH_ADD_KEYPTR(hh, table->first, (char *)thing + table->key,
				table->key_len, thing);
		if (!thing->hh.tbl) {
			free(thing);
			return -ENOMEM;
		}
	}
	*thingp = thing;
	return 0;
}

void keyed_remove(struct keyed_table *table, void *what)
{
	struct keyed *thing = what;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in there */
	HASH_DEL(table->first, thing);
}

void keyed_free(struct keyed_table *table, void *thing)
{
	keyed_remove(table, thing);
	free(thing);
}

size_t keyed_count(const struct keyed_table *table)
{
	return HASH_COUNT(table->first);
}
