// SPDX-License-Identifier: GPL-2.0
#include <net/netns/generic.h>

#include "net.h"

unsigned int iq_net_id __read_mostly;

struct iq_net *iq_net(const struct net *net)
{
	return net_generic(net, iq_net_id);
}
