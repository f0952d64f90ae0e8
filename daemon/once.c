// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"
#include "once.h"

#define ROOM	(sizeof(((struct once *)0)->said) / sizeof(uint64_t))

/* FNV-1a: nobody gains by a collision, which costs a line in the log. */
uint64_t once_key(uint64_t key, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		key = (key ^ *p++) * 0x100000001b3ULL;
	return key;
}

bool once_is_new(const struct once *once, uint64_t key)
{
	size_t i;

	for (i = 0; i < once->n; i++)
		if (once->said[i] == key)
			return false;
	return !once->full;
}

bool once_add(struct once *once, uint64_t key, const char *what)
{
	if (!once_is_new(once, key))
		return false;
	if (once->n == ROOM) {
		log_warn("there are more %s: ipsec-qos daemon status has all of them",
			 what);
		once->full = true;
		return false;
	}
	once->said[once->n++] = key;
	return true;
}
