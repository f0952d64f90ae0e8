// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "name.h"

#define IQ_NAMES_MIN	64	/* a power of two, as are all numbers of buckets */

/**
 * struct iq_names - the names of a namespace's groups
 *
 * @secret: of the hash, since who administers a namespace chooses the names
 * @n: buckets, at least as many as names
 */
struct iq_names {
	siphash_key_t secret;
	u32 n;
	struct hlist_head bucket[];
};

static struct hlist_head *iq_name_bucket(struct iq_names *names, const char *name)
{
	return &names->bucket[siphash(name, strlen(name), &names->secret) &
			      (names->n - 1)];
}

int iq_name_reserve(struct iq_net *iqn, u32 n)
{
	struct iq_names *old = iqn->names, *names;
	struct hlist_node *next;
	struct iq_group *g;
	u32 i;

	lockdep_assert_held(&iqn->config_lock);
	if (old && n <= old->n)
		return 0;
	n = max_t(u32, IQ_NAMES_MIN, roundup_pow_of_two(n));
	names = kvzalloc(struct_size(names, bucket, n), GFP_KERNEL_ACCOUNT);
	if (!names)
		return -ENOMEM;
	get_random_bytes(&names->secret, sizeof(names->secret));
	names->n = n;
	for (i = 0; old && i < old->n; i++) {
		hlist_for_each_entry_safe(g, next, &old->bucket[i], by_name) {
			hlist_del(&g->by_name);
			hlist_add_head(&g->by_name, iq_name_bucket(names, g->name));
		}
	}
	kvfree(old);
	iqn->names = names;
	return 0;
}

struct iq_group *iq_name_find(const struct iq_net *iqn, const char *name)
{
	struct iq_group *g;

	lockdep_assert_held(&iqn->config_lock);
	if (!iqn->names)
		return NULL;
	hlist_for_each_entry(g, iq_name_bucket(iqn->names, name), by_name)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

void iq_name_add(struct iq_net *iqn, struct iq_group *g)
{
	lockdep_assert_held(&iqn->config_lock);
	hlist_add_head(&g->by_name, iq_name_bucket(iqn->names, g->name));
}

void iq_name_del(struct iq_group *g)
{
	lockdep_assert_held(&g->iqn->config_lock);
	hlist_del_init(&g->by_name);
}

void iq_name_exit(struct iq_net *iqn)
{
	kvfree(iqn->names);
}
