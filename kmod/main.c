// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/netns/generic.h>

#include "core/dst.h"
#include "core/event.h"
#include "core/frag.h"
#include "core/group.h"
#include "core/netlink.h"
#include "core/sysfs.h"
#include "nat/nat.h"
#include "nat/translate.h"
#include "tag/claim.h"
#include "tag/ike.h"
#include "tag/sa.h"
#include "tag/scrub.h"
#include "tag/tag.h"
#include "tag/xfrm.h"

/* Folders first: who hears of a group finds its folder. */
const struct iq_listener *const iq_listeners[] = {
	&iq_sysfs_listener,
	&iq_netlink_listener,
	NULL
};

static unsigned int iq_net_id __read_mostly;

struct iq_net *iq_net(const struct net *net)
{
	return net_generic(net, iq_net_id);
}

static int __net_init iq_net_init(struct net *net)
{
	struct iq_net *iqn = iq_net(net);
	struct iq_settings *settings;
	int err = -ENOMEM;

	iqn->net = net;
	mutex_init(&iqn->config_lock);
	spin_lock_init(&iqn->table_lock);
	INIT_LIST_HEAD(&iqn->scrubbers);
	INIT_DELAYED_WORK(&iqn->audit_work, iq_xfrm_audit_work);
	INIT_DELAYED_WORK(&iqn->expire_work, iq_table_expire_work);
	iq_group_init(iqn);

	settings = kzalloc(sizeof(*settings), GFP_KERNEL_ACCOUNT);
	if (!settings)
		return -ENOMEM;
	settings->ports = (struct iq_ports) {
		.n_ike = 1, .ike = { 500 },
		.n_natt = 1, .natt = { 4500 },
	};
	iq_ports_some(&settings->ports);
	RCU_INIT_POINTER(iqn->settings, settings);
	iqn->total = iq_counter_alloc(__IQ_TOTAL_MAX);
	if (!iqn->total)
		goto free_settings;
	iq_sa_init(iqn);
	iq_ike_init(iqn);
	err = iq_dst_init(iqn);
	if (err)
		goto free_total;
	err = iq_sysfs_init(iqn);
	if (err)
		goto free_dst;
	return 0;

free_dst:
	iq_dst_exit(iqn);
free_total:
	free_percpu(iqn->total);
free_settings:
	kfree(settings);
	return err;
}

/* A grace period passes between this and iq_net_exit(). */
static void __net_exit iq_net_pre_exit(struct net *net)
{
	struct iq_net *iqn = iq_net(net);

	spin_lock_bh(&iqn->table_lock);
	WRITE_ONCE(iqn->dead, true);
	spin_unlock_bh(&iqn->table_lock);

	mutex_lock(&iqn->config_lock);
	iq_tag_update(iqn, false, false);
	iq_translate_update(iqn, false);
	mutex_unlock(&iqn->config_lock);
}

static void __net_exit iq_net_exit(struct net *net)
{
	struct iq_net *iqn = iq_net(net);

	/* First of all who reads what the others have. */
	iq_sysfs_exit(iqn);
	cancel_delayed_work_sync(&iqn->audit_work);
	cancel_delayed_work_sync(&iqn->expire_work);
	/* A last run of the other may have asked for an audit. */
	cancel_delayed_work_sync(&iqn->audit_work);
	iq_nat_exit(iqn);
	iq_frag_exit(iqn);
	iq_claim_exit(iqn);
	iq_table_exit(&iqn->tables[IQ_TABLE_IKE]);
	iq_table_exit(&iqn->tables[IQ_TABLE_SA]);
	iq_dst_exit(iqn);
	iq_group_exit(iqn);
	free_percpu(iqn->total);
	kfree(rcu_dereference_protected(iqn->settings, true));
}

static struct pernet_operations iq_net_ops = {
	.init = iq_net_init,
	.pre_exit = iq_net_pre_exit,
	.exit = iq_net_exit,
	.id = &iq_net_id,
	.size = sizeof(struct iq_net),
};

static int __init iq_init(void)
{
	int err;

	err = iq_sysfs_module_init();
	if (err)
		return err;
	err = register_pernet_subsys(&iq_net_ops);
	if (err)
		goto sysfs;
	err = iq_scrub_module_init();
	if (err)
		goto pernet;
	err = iq_xfrm_module_init();
	if (err)
		goto scrub;
	err = iq_netlink_module_init();
	if (err)
		goto xfrm;
	pr_info("version %s\n", IQ_VERSION);
	return 0;

xfrm:
	iq_xfrm_module_exit();
scrub:
	iq_scrub_module_exit();
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
	iq_xfrm_module_exit();
	iq_scrub_module_exit();
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
