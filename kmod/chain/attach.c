// SPDX-License-Identifier: GPL-2.0
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "acl.h"
#include "attach.h"
#include "service.h"

#define IQ_ATTACH_TOMB	1ULL	/* no tag is that */
#define IQ_ATTACH_RETRY	HZ	/* where there was no memory */

struct iq_attaches *iq_attach_alloc(struct iq_chains *ch)
{
	const struct iq_side_conf *conf;
	struct iq_attaches *a;
	struct iq_device *d;
	struct iq_object *o;
	unsigned long i;
	u32 n = 1, bits;

	lockdep_assert_held(&ch->iqn->config_lock);
	xa_for_each(&ch->devices.all, i, o) {
		d = iq_device_of(o);
		conf = d->next ? d->next->conf : d->conf;
		n += 2 + conf[0].n_from + conf[1].n_from;
	}
	bits = order_base_2(3 * n);
	a = kvzalloc(struct_size(a, slot, BIT(bits)), GFP_KERNEL_ACCOUNT);
	if (a)
		a->bits = bits;
	return a;
}

/* False: another device has it. */
static bool iq_attach_add(struct iq_attaches *a, struct iq_device *d, int which,
			  const struct net_device *dev, u64 mac)
{
	u64 tag = iq_attach_tag(dev->ifindex, mac);
	u32 i = hash_64(tag, a->bits);
	struct iq_attach_slot *slot;
	struct iq_device *other;
	bool inner;

	for (; (slot = &a->slot[i])->tag; i = (i + 1) & (BIT(a->bits) - 1)) {
		other = (struct iq_device *)(slot->side & ~IQ_AT_MASK);
		inner = (slot->side & IQ_AT_MASK) == IQ_AT_INNER;
		if (slot->tag == tag && rcu_access_pointer(other->side[inner].dev) == dev)
			return other == d;
	}
	slot->tag = tag;
	slot->side = (unsigned long)d | (d->arms == 1 ? IQ_AT_BOTH : which);
	a->any |= !mac;
	return true;
}

static void iq_side_write(struct iq_device *d, int which, struct net_device *dev,
			  const u8 *mac, u8 flags)
{
	struct iq_side *side = &d->side[which];

	ASSERT_RTNL();
	if (rcu_access_pointer(side->dev) == dev && side->flags == flags &&
	    ether_addr_equal_unaligned(side->mac, mac))
		return;
	/* Who reads is a packet, and does not wait for who has been preempted here. */
	local_bh_disable();
	preempt_disable();
	write_seqcount_begin(&d->seq);
	rcu_assign_pointer(side->dev, dev);
	ether_addr_copy(side->mac, mac);
	side->flags = flags;
	write_seqcount_end(&d->seq);
	preempt_enable();
	local_bh_enable();
}

static enum ipsec_qos_device_problem iq_side_problem(const struct iq_device *d,
						     const struct net_device *dev, u8 flags)
{
	if (!dev)
		return IPSEC_QOS_DEVICE_NO_DEV;
	if (!netif_running(dev) || !netif_carrier_ok(dev))
		return IPSEC_QOS_DEVICE_DEV_DOWN;
	if (!flags && d->kind != IPSEC_QOS_DEVICE_ROUTED)
		return IPSEC_QOS_DEVICE_NO_MAC;
	return IPSEC_QOS_DEVICE_FINE;
}

/* Has an interface no link header of its own, as a tunnel has none? */
static bool iq_dev_bare(const struct net_device *dev)
{
	return !dev->header_ops || !dev->header_ops->create;
}

/* The interface that a side's name is that of now, and what comes from there. */
static void iq_side_apply(struct iq_chains *ch, struct iq_attaches *a, struct iq_device *d,
			  int which)
{
	const struct iq_side_conf *conf = &d->conf[d->arms == 1 ? 0 : which];
	struct net_device *dev = __dev_get_by_name(ch->iqn->net, conf->dev);
	bool fine = true;
	u8 flags = 0;
	int i;

	/* What is sent there comes back by another way than from a device. */
	if (dev && dev->flags & IFF_LOOPBACK)
		dev = NULL;
	/* One that wants another link header than Ethernet's is sent nothing. */
	if (dev && dev->type != ARPHRD_ETHER)
		flags = iq_dev_bare(dev) ? IQ_SIDE_F_BARE : 0;
	else if (conf->has_mac)
		flags = IQ_SIDE_F_MAC;
	iq_side_write(d, which, dev, conf->mac, flags);
	d->problem[which] = iq_side_problem(d, dev, flags);
	if (!dev || (d->arms == 1 && which))
		return;
	if (flags & IQ_SIDE_F_BARE || d->kind == IPSEC_QOS_DEVICE_ROUTED)
		fine = iq_attach_add(a, d, which, dev, 0);
	else if (conf->has_mac)
		fine = iq_attach_add(a, d, which, dev, ether_addr_to_u64(conf->mac));
	for (i = 0; i < conf->n_from; i++)
		fine &= iq_attach_add(a, d, which, dev, ether_addr_to_u64(conf->from[i]));
	if (!fine)
		d->problem[which] = IPSEC_QOS_DEVICE_TAKEN;
}

void iq_attach_apply(struct iq_chains *ch, struct iq_attaches *a)
{
	struct iq_attaches *old;
	struct iq_object *o;
	unsigned long i;

	lockdep_assert_held(&ch->iqn->config_lock);
	/* An interface that goes meanwhile is told of with RTNL held: none is missed. */
	rtnl_lock();
	xa_for_each(&ch->devices.all, i, o) {
		iq_side_apply(ch, a, iq_device_of(o), 0);
		iq_side_apply(ch, a, iq_device_of(o), 1);
	}
	old = rcu_replace_pointer(ch->attaches, a, lockdep_is_held(&ch->iqn->config_lock));
	rtnl_unlock();
	if (old)
		kvfree_rcu(old, rcu);
}

void iq_attach_forget(struct iq_chains *ch, const struct iq_device *d)
{
	struct iq_attaches *a;
	u32 i;

	a = rcu_dereference_protected(ch->attaches, lockdep_is_held(&ch->iqn->config_lock));
	for (i = 0; a && i < BIT(a->bits); i++)
		if ((a->slot[i].side & ~IQ_AT_MASK) == (unsigned long)d)
			WRITE_ONCE(a->slot[i].tag, IQ_ATTACH_TOMB);
}

/* Interfaces came, went, or are otherwise than they were. */
static void iq_attach_work(struct work_struct *work)
{
	struct iq_chains *ch = container_of(to_delayed_work(work), struct iq_chains,
					    attach_work);
	struct iq_net *iqn = ch->iqn;
	struct iq_attaches *a;

	mutex_lock(&iqn->config_lock);
	if (!READ_ONCE(iqn->dead)) {
		a = iq_attach_alloc(ch);
		if (a) {
			iq_attach_apply(ch, a);
			iq_acls_resolve(ch);
			iq_devices_tell(ch);
		} else {
			queue_delayed_work(system_dfl_wq, &ch->attach_work, IQ_ATTACH_RETRY);
		}
	}
	mutex_unlock(&iqn->config_lock);
}

/* Nobody is to find it who comes by a moment later; who has found it is waited for. */
static void iq_attach_gone(struct iq_chains *ch, const struct net_device *dev)
{
	struct iq_device *d;
	struct iq_object *o;
	unsigned long i;
	int which;

	/* Without config_lock: RTNL is held, which nests inside of it. */
	rcu_read_lock();
	xa_for_each(&ch->devices.all, i, o) {
		d = iq_device_of(o);
		for (which = 0; which < 2; which++)
			if (rcu_access_pointer(d->side[which].dev) == dev)
				iq_side_write(d, which, NULL, d->side[which].mac, 0);
	}
	rcu_read_unlock();
}

/* Under RTNL */
static int iq_attach_told(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct iq_chains *ch = iq_chains(iq_net(dev_net(dev)));

	if (!ch)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_UNREGISTER:
		iq_attach_gone(ch, dev);
		fallthrough;
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		/* Many come together, where interfaces do. */
		if (!READ_ONCE(ch->iqn->dead))
			queue_delayed_work(system_dfl_wq, &ch->attach_work, HZ / 100);
	}
	return NOTIFY_DONE;
}

static struct notifier_block iq_attach_nb = {
	.notifier_call = iq_attach_told,
};

void iq_attach_init(struct iq_chains *ch)
{
	INIT_DELAYED_WORK(&ch->attach_work, iq_attach_work);
}

void iq_attach_exit(struct iq_chains *ch)
{
	cancel_delayed_work_sync(&ch->attach_work);
	kvfree(rcu_dereference_protected(ch->attaches, true));
	RCU_INIT_POINTER(ch->attaches, NULL);
}

int iq_attach_load(void)
{
	return register_netdevice_notifier(&iq_attach_nb);
}

void iq_attach_unload(void)
{
	unregister_netdevice_notifier(&iq_attach_nb);
}
