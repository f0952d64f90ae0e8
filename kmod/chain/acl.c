// SPDX-License-Identifier: GPL-2.0
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "acl.h"
#include "state.h"

/* An interface that a rule names; -1: there is none of that name. */
#define IQ_ACL_NO_DEV	(-1)

/**
 * struct iq_acl_rule - a rule
 *
 * @ifindex: 0: whichever interface; written under RTNL
 * @next: of exact ones with the same hash the next, in order: its place and 1; 0: none
 * @net: of the others: its place among @nets
 * @tally: of an exact one: what was counted
 */
struct iq_acl_rule {
	struct iq_rule conf;
	struct in6_addr mask;
	int ifindex;
	u32 next;
	u32 net;
	atomic64_t packets;
	atomic64_t bytes;
};

/**
 * struct iq_acl - an ACL
 *
 * Rules for one address are found by its hash; the others are few.
 *
 * @list: in iq_chains.acls, where a rule names an interface; iq_net.config_lock, as @users
 * @n: rules
 * @n_nets: so many are no single addresses
 * @net: their places, in order
 * @counter: of them, per CPU
 * @secret: of the hash: clients choose their addresses
 * @bits: of the hash
 * @head: by hash: the first rule's place and 1; 0: none
 */
struct iq_acl {
	struct rcu_head rcu;
	struct list_head list;
	u32 users;
	u8 family;
	u8 bits;
	u16 n;
	u16 n_nets;
	u16 net[IPSEC_QOS_SERVICE_ACL_NETS_MAX];
	struct iq_counter __percpu *counter;
	u32 secret;
	u16 *head;
	struct iq_acl_rule rule[];
};

static bool iq_rule_exact(const struct iq_rule *rule, u8 family)
{
	return rule->len == (family == AF_INET ? 32 : 128);
}

static u32 iq_acl_hash(const struct iq_acl *acl, const struct in6_addr *addr)
{
	return jhash2((const u32 *)addr, 4, acl->secret) & (BIT(acl->bits) - 1);
}

static bool iq_acl_fits(const struct iq_acl_rule *rule, const struct in6_addr *client,
			const struct net_device *in)
{
	int ifindex = READ_ONCE(rule->ifindex);

	return (!ifindex || ifindex == in->ifindex) &&
	       !ipv6_masked_addr_cmp(client, &rule->mask, &rule->conf.addr);
}

bool iq_acl_allow(struct iq_acl *acl, const struct net_device *in, u8 family,
		  const void *client, u32 packets, u32 bytes)
{
	struct iq_acl_rule *rule = NULL, *net;
	struct in6_addr addr = {};
	u32 i, place;

	memcpy(&addr, client, family == AF_INET ? sizeof(__be32) : sizeof(addr));
	for (place = acl->head[iq_acl_hash(acl, &addr)]; place; place = rule->next) {
		rule = &acl->rule[place - 1];
		if (iq_acl_fits(rule, &addr, in))
			break;
	}
	if (!place)
		rule = NULL;
	/* The first that fits counts, of either kind. */
	for (i = 0; i < acl->n_nets; i++) {
		net = &acl->rule[acl->net[i]];
		if (rule && net > rule)
			break;
		if (!iq_acl_fits(net, &addr, in))
			continue;
		iq_counter_add(acl->counter, i, packets, bytes);
		return net->conf.allow;
	}
	if (!rule)
		return false;
	atomic64_add(packets, &rule->packets);
	atomic64_add(bytes, &rule->bytes);
	return rule->conf.allow;
}

static void iq_acl_free(struct iq_acl *acl)
{
	free_percpu(acl->counter);
	kvfree(acl->head);
	kvfree(acl);
}

static void iq_acl_free_rcu(struct rcu_head *rcu)
{
	iq_acl_free(container_of(rcu, struct iq_acl, rcu));
}

/* In the order of rules: so the last is put in first. */
static void iq_acl_index(struct iq_acl *acl)
{
	struct iq_acl_rule *rule;
	u16 *head;
	u32 i;

	for (i = 0; i < acl->n; i++) {
		rule = &acl->rule[i];
		if (iq_rule_exact(&rule->conf, acl->family))
			continue;
		rule->net = acl->n_nets;
		acl->net[acl->n_nets++] = i;
	}
	for (i = acl->n; i--; ) {
		rule = &acl->rule[i];
		if (!iq_rule_exact(&rule->conf, acl->family))
			continue;
		head = &acl->head[iq_acl_hash(acl, &rule->conf.addr)];
		rule->next = *head;
		*head = i + 1;
	}
}

/* Interfaces by the names that rules say. */
static void iq_acl_resolve(struct iq_chains *ch, struct iq_acl *acl)
{
	struct net_device *dev;
	struct iq_acl_rule *rule;
	u32 i;

	ASSERT_RTNL();
	for (i = 0, rule = acl->rule; i < acl->n; i++, rule++) {
		if (!rule->conf.dev[0])
			continue;
		dev = __dev_get_by_name(ch->iqn->net, rule->conf.dev);
		WRITE_ONCE(rule->ifindex, dev ? dev->ifindex : IQ_ACL_NO_DEV);
	}
}

void iq_acls_resolve(struct iq_chains *ch)
{
	struct iq_acl *acl;

	lockdep_assert_held(&ch->iqn->config_lock);
	if (list_empty(&ch->acls))
		return;
	rtnl_lock();
	list_for_each_entry(acl, &ch->acls, list)
		iq_acl_resolve(ch, acl);
	rtnl_unlock();
}

struct iq_acl *iq_acl_make(struct iq_chains *ch, u8 family, const struct iq_rule *rule, u32 n)
{
	bool devs = false;
	struct iq_acl *acl;
	u32 i;

	lockdep_assert_held(&ch->iqn->config_lock);
	acl = kvzalloc(struct_size(acl, rule, n), GFP_KERNEL_ACCOUNT);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&acl->list);
	acl->users = 1;
	acl->family = family;
	acl->n = n;
	acl->bits = order_base_2(2 * n);
	acl->secret = get_random_u32();
	acl->head = kvcalloc(BIT(acl->bits), sizeof(*acl->head), GFP_KERNEL_ACCOUNT);
	acl->counter = iq_counter_alloc(IPSEC_QOS_SERVICE_ACL_NETS_MAX);
	if (!acl->head || !acl->counter) {
		iq_acl_free(acl);
		return ERR_PTR(-ENOMEM);
	}
	for (i = 0; i < n; i++) {
		acl->rule[i].conf = rule[i];
		iq_len_mask(&acl->rule[i].mask, rule[i].len);
		devs |= rule[i].dev[0];
	}
	iq_acl_index(acl);
	if (!devs)
		return acl;
	rtnl_lock();
	list_add(&acl->list, &ch->acls);
	iq_acl_resolve(ch, acl);
	rtnl_unlock();
	return acl;
}

void iq_acl_hold(struct iq_acl *acl)
{
	acl->users++;
}

void iq_acl_let(struct iq_acl *acl)
{
	if (!acl || --acl->users)
		return;
	list_del(&acl->list);
	call_rcu(&acl->rcu, iq_acl_free_rcu);
}

bool iq_acl_same(const struct iq_acl *acl, const struct iq_rule *rule, u32 n)
{
	u32 i;

	if (!acl || acl->n != n)
		return false;
	for (i = 0; i < n; i++)
		if (memcmp(&acl->rule[i].conf, &rule[i], sizeof(*rule)))
			return false;
	return true;
}

u32 iq_acl_rules(const struct iq_acl *acl)
{
	return acl->n;
}

const struct iq_rule *iq_acl_rule(const struct iq_acl *acl, u32 i, struct iq_count *count)
{
	const struct iq_acl_rule *rule = &acl->rule[i];

	if (iq_rule_exact(&rule->conf, acl->family))
		*count = (struct iq_count) { atomic64_read(&rule->packets),
					     atomic64_read(&rule->bytes) };
	else
		*count = iq_counter_sum(acl->counter, rule->net);
	return &rule->conf;
}
