// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "node.h"
#include "rule.h"

/* The keys are compared and hashed as bytes: none has any that are not set. */
static const struct rhashtable_params iq_nat_nodes = {
	.head_offset = offsetof(struct iq_nat_node, node),
	.key_offset = offsetof(struct iq_nat_node, key),
	.key_len = sizeof_field(struct iq_nat_node, key),
	.automatic_shrinking = true,
};

struct iq_nat_node *iq_nat_node_find(struct iq_nat *nat,
				     const struct iq_nat_rule *rule,
				     __be32 inside)
{
	struct iq_nat_node key = {
		.key = { .rule = rule->number, .inside = inside },
	};

	return rhashtable_lookup_fast(&nat->nodes, &key.key, iq_nat_nodes);
}

struct iq_nat_node *iq_nat_node_join(struct iq_nat *nat, struct iq_nat_rule *rule,
				     const struct iq_nat_conf *conf,
				     __be32 inside)
{
	struct iq_nat_node *node = iq_nat_node_find(nat, rule, inside);

	if (node) {
		node->n++;
		return node;
	}
	node = iq_nat_alloc(rule, conf, sizeof(*node));
	if (!node)
		return NULL;
	node->key.rule = rule->number;
	node->key.inside = inside;
	node->rule = rule;
	node->n = 1;
	INIT_LIST_HEAD(&node->waiting);
	INIT_LIST_HEAD(&node->associated);
	if (!rhashtable_insert_fast(&nat->nodes, &node->node, iq_nat_nodes))
		return node;
	kfree(node);
	return NULL;
}

void iq_nat_node_leave(struct iq_nat *nat, struct iq_nat_node *node)
{
	if (--node->n)
		return;
	rhashtable_remove_fast(&nat->nodes, &node->node, iq_nat_nodes);
	kfree_rcu(node, rcu);
}

int iq_nat_nodes_init(struct iq_nat *nat)
{
	return rhashtable_init(&nat->nodes, &iq_nat_nodes);
}
