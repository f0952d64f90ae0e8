// SPDX-License-Identifier: GPL-2.0
#include "prefix.h"

const struct iq_prefix *iq_prefix_find(const struct iq_net *iqn, u8 family, const void *dst)
{
	return NULL;
}
