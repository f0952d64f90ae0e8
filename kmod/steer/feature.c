// SPDX-License-Identifier: GPL-2.0
#include "core/hooks.h"
#include "element.h"
#include "feature.h"
#include "netlink.h"
#include "pool.h"
#include "prefix.h"
#include "send.h"
#include "settings.h"
#include "state.h"

static void iq_steer_pre_exit(struct iq_net *iqn)
{
	iq_hooks_steer(iqn, false);
	iq_hooks_update(iqn, IQ_HOOKS_STEER, false);
	iq_hooks_update(iqn, IQ_HOOKS_FLOW, false);
	iq_hooks_update(iqn, IQ_HOOKS_UNKNOWN, false);
	iq_steer_forget(iqn);
}

static int iq_steer_wants(struct iq_net *iqn, const struct iq_wants *wants)
{
	return iq_hooks_update(iqn, IQ_HOOKS_STEER, wants->steering);
}

/* Who is named goes behind who names it. */
static u32 iq_steer_sweep(struct iq_net *iqn, u8 owner)
{
	struct iq_steer *steer = iq_steer(iqn);
	u32 count;

	if (!steer)
		return 0;
	count = iq_prefix_sweep(steer, owner);
	count += iq_pool_sweep(steer, owner);
	return count + iq_element_sweep(steer, owner);
}

static bool iq_steer_awaits(const struct iq_net *iqn, u8 family, const void *dst)
{
	const struct iq_prefix *p = iq_prefix_find(iqn, family, dst);

	/* What is hashed goes by what every fragment has. */
	return p && p->pool->mode != IPSEC_QOS_POOL_FLOW;
}

const struct iq_feature iq_steer_feature = {
	.name = "steering",
	.ops = &iq_element_ops,
	.load = iq_send_load,
	.unload = iq_send_unload,
	.pre_exit = iq_steer_pre_exit,
	.exit = iq_steer_exit,
	.hooks = iq_steer_wants,
	.sweep = iq_steer_sweep,
	.settings = &iq_steer_settings,
	.target = iq_element_target,
	.awaits = iq_steer_awaits,
};
