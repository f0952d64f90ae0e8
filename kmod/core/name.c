// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "name.h"

#define IQ_NAMES_MIN	64	/* a power of two, as are all numbers of buckets */

/**
 * struct iq_names - the names of a namespace's objects of a kind
 *
 * @secret: of the hash, since who administers a namespace chooses the names
 * @n: buckets, at least as many as names
 */
struct iq_names {
	siphash_key_t secret;
	u32 n;
	struct hlist_head bucket[];
};

static u32 iq_name_bucket(const struct iq_names *names, const char *name)
{
	return siphash(name, strlen(name), &names->secret) & (names->n - 1);
}

int iq_name_reserve(struct iq_names **to, u32 n)
{
	struct iq_names *old = *to, *names;
	struct hlist_node *next;
	struct iq_named *one;
	u32 i;

	if (old && n <= old->n)
		return 0;
	n = max_t(u32, IQ_NAMES_MIN, roundup_pow_of_two(n));
	names = kvzalloc(struct_size(names, bucket, n), GFP_KERNEL_ACCOUNT);
	if (!names)
		return -ENOMEM;
	get_random_bytes(&names->secret, sizeof(names->secret));
	names->n = n;
	for (i = 0; old && i < old->n; i++) {
		hlist_for_each_entry_safe(one, next, &old->bucket[i], node) {
			hlist_del(&one->node);
			iq_name_add(names, one);
		}
	}
	kvfree(old);
	*to = names;
	return 0;
}

struct iq_named *iq_name_find(const struct iq_names *names, const char *name)
{
	struct iq_named *one;

	if (!names)
		return NULL;
	hlist_for_each_entry(one, &names->bucket[iq_name_bucket(names, name)], node)
		if (!strcmp(one->name, name))
			return one;
	return NULL;
}

void iq_name_add(struct iq_names *names, struct iq_named *named)
{
	hlist_add_head(&named->node, &names->bucket[iq_name_bucket(names, named->name)]);
}

void iq_name_del(struct iq_named *named)
{
	hlist_del_init(&named->node);
}

void iq_name_exit(struct iq_names *names)
{
	kvfree(names);
}
