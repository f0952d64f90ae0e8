// SPDX-License-Identifier: GPL-2.0
#include "core/hooks.h"
#include "feature.h"
#include "nat.h"
#include "netlink.h"
#include "sysfs.h"

static void iq_nat_pre_exit(struct iq_net *iqn)
{
	iq_hooks_update(iqn, IQ_HOOKS_NAT, false);
}

const struct iq_feature iq_nat_feature = {
	.name = "translation",
	.ops = &iq_nat_ops,
	.files = iq_nat_files,
	.pre_exit = iq_nat_pre_exit,
	.exit = iq_nat_exit,
};
