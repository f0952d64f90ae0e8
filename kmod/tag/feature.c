// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "claim.h"
#include "fallback.h"
#include "feature.h"
#include "ike.h"
#include "netlink.h"
#include "sa.h"
#include "scrub.h"
#include "settings.h"
#include "state.h"
#include "sysfs.h"
#include "tag.h"
#include "xfrm.h"

static int iq_tag_init(struct iq_net *iqn)
{
	struct iq_tag *tag = kzalloc(sizeof(*tag), GFP_KERNEL_ACCOUNT);

	if (!tag)
		return -ENOMEM;
	tag->total = iq_counter_alloc(__IQ_TOTAL_MAX);
	if (!tag->total) {
		kfree(tag);
		return -ENOMEM;
	}
	tag->iqn = iqn;
	INIT_LIST_HEAD(&tag->scrubbers);
	INIT_DELAYED_WORK(&tag->audit_work, iq_xfrm_audit_work);
	INIT_DELAYED_WORK(&tag->expire_work, iq_table_expire_work);
	iqn->state[IQ_FEATURE_TAG] = tag;
	iq_sa_init(iqn);
	iq_ike_init(iqn);
	return 0;
}

static void iq_tag_pre_exit(struct iq_net *iqn)
{
	iq_tag_update(iqn, false, false, false);
}

static void iq_tag_exit(struct iq_net *iqn)
{
	struct iq_tag *tag = iq_tag(iqn);

	cancel_delayed_work_sync(&tag->audit_work);
	cancel_delayed_work_sync(&tag->expire_work);
	/* A last run of the other may have asked for an audit. */
	cancel_delayed_work_sync(&tag->audit_work);
	iq_claim_exit(iqn);
	iq_table_exit(&tag->tables[IQ_TABLE_IKE]);
	iq_table_exit(&tag->tables[IQ_TABLE_SA]);
	/* Devices elsewhere that take its SAs may go later. */
	iq_scrub_exit(iqn);
	free_percpu(tag->total);
	kfree(rcu_dereference_protected(tag->fallback, true));
	kfree(tag);
}

static int iq_tag_hooks(struct iq_net *iqn, const struct iq_wants *wants)
{
	bool fallback = rcu_access_pointer(iq_tag(iqn)->fallback);

	return iq_tag_update(iqn, wants->groups || wants->steering || fallback, fallback,
			     wants->priorities);
}

static u32 iq_tag_sweep(struct iq_net *iqn, u8 owner)
{
	return iq_table_sweep(&iq_tag(iqn)->tables[IQ_TABLE_SA], owner) +
	       iq_table_sweep(&iq_tag(iqn)->tables[IQ_TABLE_IKE], owner);
}

static void iq_tag_named(struct iq_net *iqn, const struct iq_key *key, u32 *group,
			 u32 *target)
{
	struct iq_entry_info info;

	if (iq_table_get(&iq_tag(iqn)->tables[IQ_TABLE_SA], key, &info))
		return;
	*group = info.group;
	*target = info.element;
}

static int iq_tag_load(void)
{
	int err = iq_scrub_module_init();

	if (err)
		return err;
	err = iq_xfrm_module_init();
	if (err)
		iq_scrub_module_exit();
	return err;
}

static void iq_tag_unload(void)
{
	iq_xfrm_module_exit();
	iq_scrub_module_exit();
}

const struct iq_feature iq_tag_feature = {
	.name = "tagging",
	.users = {
		[IQ_USER_SA] = "SAs",
		[IQ_USER_IKE] = "IKE SAs",
	},
	.ops = &iq_tag_ops,
	.files = iq_tag_files,
	.load = iq_tag_load,
	.unload = iq_tag_unload,
	.init = iq_tag_init,
	.pre_exit = iq_tag_pre_exit,
	.exit = iq_tag_exit,
	.hooks = iq_tag_hooks,
	.audit = iq_xfrm_audit,
	.sweep = iq_tag_sweep,
	.status = iq_tag_status,
	.settings = &iq_tag_settings,
	.named = iq_tag_named,
};
