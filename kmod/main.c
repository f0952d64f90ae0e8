// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "chain/feature.h"
#include "core/conf.h"
#include "core/dst.h"
#include "core/event.h"
#include "core/feature.h"
#include "core/frag.h"
#include "core/group.h"
#include "core/group_netlink.h"
#include "core/local.h"
#include "core/netlink.h"
#include "core/sysfs.h"
#include "nat/feature.h"
#include "steer/feature.h"
#include "tag/feature.h"

const struct iq_feature *const iq_features[] = {
	[IQ_FEATURE_TAG] = &iq_tag_feature,
	[IQ_FEATURE_NAT] = &iq_nat_feature,
	[IQ_FEATURE_STEER] = &iq_steer_feature,
	[IQ_FEATURE_CHAIN] = &iq_chain_feature,
	[__IQ_FEATURE_MAX] = NULL
};

/* Folders first: who hears of a group finds its folder. */
const struct iq_listener *const iq_listeners[] = {
	&iq_sysfs_listener,
	&iq_netlink_listener,
	NULL
};

static_assert(ARRAY_SIZE(iq_features) == __IQ_FEATURE_MAX + 1);

static void iq_features_exit(struct iq_net *iqn, unsigned int i)
{
	const struct iq_feature *f;

	iq_for_each_feature_before(f, i)
		if (f->exit)
			f->exit(iqn);
}

/* Features may take from the core what they need; sysfs shows what they have. */
static int __net_init iq_net_init(struct net *net)
{
	struct iq_net *iqn = iq_net(net);
	const struct iq_feature *f;
	unsigned int i;
	int err;

	iqn->net = net;
	mutex_init(&iqn->config_lock);
	spin_lock_init(&iqn->table_lock);
	iq_group_init(iqn);
	err = iq_conf_init(iqn);
	if (err)
		return err;
	err = iq_dst_init(iqn);
	if (err)
		goto conf;
	iq_for_each_feature(f, i) {
		err = f->init ? f->init(iqn) : 0;
		if (err)
			goto features;
	}
	err = iq_sysfs_init(iqn);
	if (!err)
		return 0;

features:
	iq_features_exit(iqn, i);
	iq_dst_exit(iqn);
conf:
	iq_conf_exit(iqn);
	return err;
}

/* A grace period passes between this and iq_net_exit(). */
static void __net_exit iq_net_pre_exit(struct net *net)
{
	struct iq_net *iqn = iq_net(net);
	const struct iq_feature *f;
	unsigned int i;

	spin_lock_bh(&iqn->table_lock);
	WRITE_ONCE(iqn->dead, true);
	spin_unlock_bh(&iqn->table_lock);

	mutex_lock(&iqn->config_lock);
	iq_for_each_feature(f, i)
		if (f->pre_exit)
			f->pre_exit(iqn);
	mutex_unlock(&iqn->config_lock);
}

/* First of all who reads what the others have, and what goes on by itself. */
static void __net_exit iq_net_exit(struct net *net)
{
	struct iq_net *iqn = iq_net(net);

	iq_sysfs_exit(iqn);
	iq_frag_exit(iqn);
	iq_local_exit(iqn);
	iq_features_exit(iqn, ARRAY_SIZE(iq_features) - 1);
	iq_dst_exit(iqn);
	iq_group_exit(iqn);
	iq_conf_exit(iqn);
}

static struct pernet_operations iq_net_ops = {
	.init = iq_net_init,
	.pre_exit = iq_net_pre_exit,
	.exit = iq_net_exit,
	.exit_batch = iq_group_exit_batch,
	.id = &iq_net_id,
	.size = sizeof(struct iq_net),
};

static void iq_features_unload(unsigned int i)
{
	const struct iq_feature *f;

	iq_for_each_feature_before(f, i)
		if (f->unload)
			f->unload();
}

static int __init iq_init(void)
{
	const struct iq_feature *f;
	unsigned int i;
	int err;

	err = iq_sysfs_module_init();
	if (err)
		return err;
	err = register_pernet_subsys(&iq_net_ops);
	if (err)
		goto sysfs;
	err = iq_local_load();
	if (err)
		goto pernet;
	iq_for_each_feature(f, i) {
		err = f->load ? f->load() : 0;
		if (err)
			goto features;
	}
	err = iq_netlink_module_init();
	if (err)
		goto features;
	pr_info("version %s\n", IQ_VERSION);
	return 0;

features:
	iq_features_unload(i);
	iq_local_unload();
pernet:
	unregister_pernet_subsys(&iq_net_ops);
sysfs:
	iq_sysfs_module_exit();
	rcu_barrier();
	return err;
}

static void __exit iq_exit(void)
{
	iq_netlink_module_exit();
	iq_features_unload(ARRAY_SIZE(iq_features) - 1);
	iq_local_unload();
	unregister_pernet_subsys(&iq_net_ops);
	iq_sysfs_module_exit();
	rcu_barrier();		/* what is on its way out */
}

module_init(iq_init);
module_exit(iq_exit);

MODULE_DESCRIPTION("Tags ESP, AH and IKE packets by the IKE identity behind them");
MODULE_LICENSE("GPL");
MODULE_VERSION(IQ_VERSION);
/*
 * No alias of the family: anybody's request for it would load the module, without any
 * right, into all network namespaces. Who administers the machine loads it.
 */
