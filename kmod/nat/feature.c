// SPDX-License-Identifier: GPL-2.0
#include "feature.h"
#include "nat.h"
#include "netlink.h"
#include "sysfs.h"
#include "translate.h"

static void iq_nat_pre_exit(struct iq_net *iqn)
{
	iq_translate_update(iqn, false);
}

const struct iq_feature iq_nat_feature = {
	.name = "translation",
	.ops = &iq_nat_ops,
	.files = iq_nat_files,
	.pre_exit = iq_nat_pre_exit,
	.exit = iq_nat_exit,
};
