// SPDX-License-Identifier: GPL-2.0
#include "element.h"

struct iq_element *iq_element_find(struct iq_net *iqn, u32 id, const char *name)
{
	return NULL;
}
