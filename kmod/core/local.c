// SPDX-License-Identifier: GPL-2.0
#include <linux/bitmap.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

#include "local.h"

/*
 * An address that goes leaves its bit, which may be another's too: a packet that meets it
 * costs a look-up, no more.
 */
static void iq_local_add(unsigned long *local, __be32 addr)
{
	set_bit(iq_local_bit(addr), local);
}

int iq_local_start(struct iq_net *iqn)
{
	struct net_device *dev;
	struct in_ifaddr *ifa;
	struct in_device *in_dev;
	unsigned long *local;

	lockdep_assert_held(&iqn->config_lock);
	if (iqn->local)
		return 0;
	local = bitmap_zalloc(1 << IQ_LOCAL_BITS, GFP_KERNEL_ACCOUNT);
	if (!local)
		return -ENOMEM;
	/* An address that comes is told of with RTNL held: none is missed. */
	rtnl_lock();
	for_each_netdev(iqn->net, dev) {
		in_dev = __in_dev_get_rtnl(dev);
		if (!in_dev)
			continue;
		in_dev_for_each_ifa_rtnl(ifa, in_dev)
			iq_local_add(local, ifa->ifa_local);
	}
	WRITE_ONCE(iqn->local, local);
	rtnl_unlock();
	return 0;
}

void iq_local_exit(struct iq_net *iqn)
{
	bitmap_free(iqn->local);
}

/* Under RTNL */
static int iq_local_told(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;
	struct iq_net *iqn = iq_net(dev_net(ifa->ifa_dev->dev));

	if (iqn->local && event == NETDEV_UP)
		iq_local_add(iqn->local, ifa->ifa_local);
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
