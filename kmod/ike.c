// SPDX-License-Identifier: GPL-2.0
#include <linux/siphash.h>
#include <linux/slab.h>

#include "ike.h"

/**
 * struct iq_ike - an IKE SA's entry
 *
 * @half: in iq_net.ike_halves. Peers choose the initiator's SPI, and may
 *	choose the same for many IKE SAs: those hang in one list, of which
 *	look-ups take the first, so that its length costs packets nothing.
 */
struct iq_ike {
	struct iq_entry entry;
	struct rhlist_head half;
};

static siphash_key_t iq_half_secret __read_mostly;

static u32 iq_half_hash(const void *data, u32 len, u32 seed)
{
	siphash_key_t secret = iq_half_secret;

	secret.key[0] ^= seed;
	return siphash_1u64(*(const u64 *)data, &secret);
}

static const struct rhashtable_params iq_half_params = {
	.key_len = sizeof(__be64),
	.key_offset = offsetof(struct iq_ike, entry.key.spi_i),
	.head_offset = offsetof(struct iq_ike, half),
	.hashfn = iq_half_hash,
	.automatic_shrinking = true,
};

static int iq_ike_added(struct iq_net *iqn, struct iq_entry *e)
{
	struct iq_ike *ike = container_of(e, struct iq_ike, entry);

	return rhltable_insert(&iqn->ike_halves, &ike->half, iq_half_params);
}

static void iq_ike_removed(struct iq_net *iqn, struct iq_entry *e)
{
	struct iq_ike *ike = container_of(e, struct iq_ike, entry);

	rhltable_remove(&iqn->ike_halves, &ike->half, iq_half_params);
}

static struct iq_table_type iq_ike_type = {
	.name = "IKE SA",
	.id = IQ_TABLE_IKE,
	.added = iq_ike_added,
	.removed = iq_ike_removed,
};

struct iq_group *iq_ike_lookup(struct iq_net *iqn, u64 spi_i, u64 spi_r,
			       u32 packets, u32 bytes)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_IKE];
	struct iq_key key = {
		.spi_i = cpu_to_be64(spi_i),
		.spi_r = cpu_to_be64(spi_r),
	};
	struct iq_group *g = iq_table_lookup(t, &key, packets, bytes);
	struct rhlist_head *first;

	if (g)
		return g;
	if (spi_r) {
		key.spi_r = 0;
		return iq_table_lookup(t, &key, packets, bytes);
	}
	first = rhltable_lookup(&iqn->ike_halves, &key.spi_i, iq_half_params);
	if (!first)
		return NULL;
	key.spi_r = container_of(first, struct iq_ike, half)->entry.key.spi_r;
	return iq_table_lookup(t, &key, packets, bytes);
}

int iq_ike_init(struct iq_net *iqn)
{
	int err = rhltable_init(&iqn->ike_halves, &iq_half_params);

	if (err)
		return err;
	err = iq_table_init(&iqn->tables[IQ_TABLE_IKE], iqn, &iq_ike_type,
			    IPSEC_QOS_MAX_IKES);
	if (err)
		rhltable_destroy(&iqn->ike_halves);
	return err;
}

void iq_ike_exit(struct iq_net *iqn)
{
	/* The halves are parts of the entries: let go of them first. */
	rhltable_destroy(&iqn->ike_halves);
	iq_table_exit(&iqn->tables[IQ_TABLE_IKE]);
}

int iq_ike_module_init(void)
{
	get_random_bytes(&iq_half_secret, sizeof(iq_half_secret));
	iq_ike_type.cache = kmem_cache_create("ipsec_qos_ike",
					      sizeof(struct iq_ike), 0,
					      SLAB_ACCOUNT, NULL);
	return iq_ike_type.cache ? 0 : -ENOMEM;
}

void iq_ike_module_exit(void)
{
	kmem_cache_destroy(iq_ike_type.cache);
}
