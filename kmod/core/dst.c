// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/ipv6.h>

#include "dst.h"
#include "net.h"

/**
 * struct iq_dst - a destination
 *
 * @addr: an IPv4 one as ::ffff:a.b.c.d
 * @n: entries that have it; iq_net.table_lock
 */
struct iq_dst {
	struct rhash_head node;
	struct in6_addr addr;
	u32 n;
	struct rcu_head rcu;
};

static const struct rhashtable_params iq_dst_params = {
	.key_len = sizeof(struct in6_addr),
	.key_offset = offsetof(struct iq_dst, addr),
	.head_offset = offsetof(struct iq_dst, node),
	.automatic_shrinking = true,
};

static void iq_dst_addr(u8 family, const void *addr, struct in6_addr *out)
{
	__be32 v4;

	if (family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		ipv6_addr_set_v4mapped(v4, out);
	} else {
		memcpy(out, addr, sizeof(*out));
	}
}

bool iq_dst_known(struct iq_net *iqn, u8 family, const void *addr)
{
	struct in6_addr key;

	iq_dst_addr(family, addr, &key);
	return rhashtable_lookup(&iqn->dsts, &key, iq_dst_params);
}

int iq_dst_added(struct iq_net *iqn, const struct iq_key *key)
{
	struct in6_addr addr;
	struct iq_dst *d;

	iq_dst_addr(key->family, key->dst, &addr);
	d = rhashtable_lookup_fast(&iqn->dsts, &addr, iq_dst_params);
	if (d) {
		d->n++;
		return 0;
	}
	d = kmalloc(sizeof(*d), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!d)
		return -ENOMEM;
	d->addr = addr;
	d->n = 1;
	if (!rhashtable_insert_fast(&iqn->dsts, &d->node, iq_dst_params))
		return 0;
	kfree(d);
	return -ENOMEM;
}

void iq_dst_removed(struct iq_net *iqn, const struct iq_key *key)
{
	struct in6_addr addr;
	struct iq_dst *d;

	iq_dst_addr(key->family, key->dst, &addr);
	d = rhashtable_lookup_fast(&iqn->dsts, &addr, iq_dst_params);
	if (WARN_ON_ONCE(!d) || --d->n)
		return;
	rhashtable_remove_fast(&iqn->dsts, &d->node, iq_dst_params);
	kfree_rcu(d, rcu);
}

int iq_dst_init(struct iq_net *iqn)
{
	return rhashtable_init(&iqn->dsts, &iq_dst_params);
}

static void iq_dst_free(void *d, void *arg)
{
	kfree(d);
}

void iq_dst_exit(struct iq_net *iqn)
{
	rhashtable_free_and_destroy(&iqn->dsts, iq_dst_free, NULL);
}
