// SPDX-License-Identifier: GPL-2.0
#include <linux/siphash.h>
#include <linux/slab.h>

#include "ike.h"

/**
 * struct iq_half - an IKE SA by its initiator's SPI alone
 *
 * @node: in iq_net.ike_halves. Peers choose the initiator's SPI, and may choose
 *	the same for many IKE SAs: those hang in one list, of which look-ups take
 *	the first, so that its length costs packets nothing.
 */
struct iq_half {
	struct rhlist_head node;
	__be64 spi_i;
	__be64 spi_r;
	struct rcu_head rcu;
};

static struct kmem_cache *iq_half_cache __read_mostly;
static siphash_key_t iq_half_secret __read_mostly;

static u32 iq_half_hash(const void *data, u32 len, u32 seed)
{
	siphash_key_t secret = iq_half_secret;

	secret.key[0] ^= seed;
	return siphash_1u64(*(const u64 *)data, &secret);
}

static const struct rhashtable_params iq_half_params = {
	.key_len = sizeof(__be64),
	.key_offset = offsetof(struct iq_half, spi_i),
	.head_offset = offsetof(struct iq_half, node),
	.hashfn = iq_half_hash,
	.automatic_shrinking = true,
};

static int iq_ike_added(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_half *half = kmem_cache_zalloc(iq_half_cache, GFP_ATOMIC);
	int err;

	if (!half)
		return -ENOMEM;
	half->spi_i = key->spi_i;
	half->spi_r = key->spi_r;
	err = rhltable_insert(&iqn->ike_halves, &half->node, iq_half_params);
	if (err)
		kmem_cache_free(iq_half_cache, half);
	return err;
}

static void iq_half_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(iq_half_cache, container_of(rcu, struct iq_half, rcu));
}

static void iq_ike_removed(struct iq_net *iqn, const struct iq_key *key)
{
	struct rhlist_head *list;
	struct iq_half *half;

	rcu_read_lock();
	list = rhltable_lookup(&iqn->ike_halves, &key->spi_i, iq_half_params);
	rhl_for_each_entry_rcu(half, list, list, node) {
		if (half->spi_r != key->spi_r)
			continue;
		rhltable_remove(&iqn->ike_halves, &half->node, iq_half_params);
		call_rcu(&half->rcu, iq_half_free_rcu);
		break;
	}
	rcu_read_unlock();
}

static const struct iq_table_type iq_ike_type = {
	.name = "IKE SA",
	.id = IQ_TABLE_IKE,
	.added = iq_ike_added,
	.removed = iq_ike_removed,
};

const struct iq_action *iq_ike_lookup(struct iq_net *iqn, u64 spi_i, u64 spi_r,
				      u32 packets, u32 bytes)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_IKE];
	struct iq_key key = {
		.spi_i = cpu_to_be64(spi_i),
		.spi_r = cpu_to_be64(spi_r),
	};
	const struct iq_action *a = iq_table_lookup(t, &key, packets, bytes);
	struct rhlist_head *first;

	if (a)
		return a;
	if (spi_r) {
		key.spi_r = 0;
		return iq_table_lookup(t, &key, packets, bytes);
	}
	first = rhltable_lookup(&iqn->ike_halves, &key.spi_i, iq_half_params);
	if (!first)
		return NULL;
	key.spi_r = container_of(first, struct iq_half, node)->spi_r;
	return iq_table_lookup(t, &key, packets, bytes);
}

int iq_ike_init(struct iq_net *iqn)
{
	int err = rhltable_init(&iqn->ike_halves, &iq_half_params);

	if (!err)
		iq_table_init(&iqn->tables[IQ_TABLE_IKE], iqn, &iq_ike_type,
			      IPSEC_QOS_MAX_IKES);
	return err;
}

static void iq_half_free(void *half, void *arg)
{
	kmem_cache_free(iq_half_cache, half);
}

void iq_ike_exit(struct iq_net *iqn)
{
	rhltable_free_and_destroy(&iqn->ike_halves, iq_half_free, NULL);
	iq_table_exit(&iqn->tables[IQ_TABLE_IKE]);
}

int iq_ike_module_init(void)
{
	get_random_bytes(&iq_half_secret, sizeof(iq_half_secret));
	iq_half_cache = KMEM_CACHE(iq_half, SLAB_ACCOUNT);
	return iq_half_cache ? 0 : -ENOMEM;
}

void iq_ike_module_exit(void)
{
	kmem_cache_destroy(iq_half_cache);
}
