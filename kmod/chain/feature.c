// SPDX-License-Identifier: GPL-2.0
#include "attach.h"
#include "chains.h"
#include "core/hooks.h"
#include "feature.h"
#include "netlink.h"
#include "range.h"
#include "service.h"

static void iq_chain_pre_exit(struct iq_net *iqn)
{
	iq_hooks_update(iqn, IQ_HOOKS_CHAIN, false);
	iq_hooks_update(iqn, IQ_HOOKS_CHECK, false);
}

/* Who is named goes behind who names it. */
static u32 iq_chain_sweep(struct iq_net *iqn, u8 owner)
{
	struct iq_chains *ch = iq_chains(iqn);
	u32 count, more;

	if (!ch)
		return 0;
	count = iq_objects_sweep(&ch->services, owner);
	iq_keys_settle(ch);
	iq_chains_settle(ch);
	count += iq_objects_sweep(&ch->chains, owner);
	/* Alternates go behind those whose they are. */
	do {
		more = iq_objects_sweep(&ch->devices, owner);
		count += more;
	} while (more);
	return count;
}

const struct iq_feature iq_chain_feature = {
	.name = "chains",
	.users = { [IQ_USER_SERVICE] = "services" },
	.ops = &iq_device_ops,
	.load = iq_attach_load,
	.unload = iq_attach_unload,
	.pre_exit = iq_chain_pre_exit,
	.exit = iq_chains_exit,
	.sweep = iq_chain_sweep,
	.settings = &iq_range_settings,
};
