// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "core/net.h"
#include "local.h"

/*
 * An address that goes leaves its bit, which may be another's too: a packet that meets it
 * costs a look-up, no more.
 */
static void iq_local_add(struct iq_steer *st, __be32 addr)
{
	set_bit(iq_local_bit(addr), st->local);
}

void iq_local_start(struct iq_steer *st)
{
	struct net_device *dev;
	struct in_ifaddr *ifa;
	struct in_device *in_dev;

	ASSERT_RTNL();
	for_each_netdev(st->iqn->net, dev) {
		in_dev = __in_dev_get_rtnl(dev);
		if (!in_dev)
			continue;
		in_dev_for_each_ifa_rtnl(ifa, in_dev)
			iq_local_add(st, ifa->ifa_local);
	}
}

/* Under RTNL */
static int iq_local_told(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;
	struct iq_steer *st = iq_steer(iq_net(dev_net(ifa->ifa_dev->dev)));

	if (st && event == NETDEV_UP)
		iq_local_add(st, ifa->ifa_local);
	return NOTIFY_DONE;
}

static struct notifier_block iq_local_nb = {
	.notifier_call = iq_local_told,
};

int iq_local_load(void)
{
	return register_inetaddr_notifier(&iq_local_nb);
}

void iq_local_unload(void)
{
	unregister_inetaddr_notifier(&iq_local_nb);
}
