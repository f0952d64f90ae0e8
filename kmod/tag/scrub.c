// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/ip6_tunnel.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include "core/classify.h"
#include "core/compat.h"
#include "core/group.h"
#include "scrub.h"
#include "state.h"
#include "xfrm.h"

/**
 * struct iq_scrubber - a device that hides SAs
 *
 * @list: of iq_tag.scrubbers of the namespace whose SAs it takes; RCU,
 *	iq_scrub_lock
 * @family: AF_INET or AF_INET6 of a VTI's outer addresses; 0: an XFRM interface
 */
struct iq_scrubber {
	struct list_head list;
	const struct net_device *dev;
	u8 family;
	struct rcu_head rcu;
};

/*
 * @iq_scrub_lock: serialises changes of the devices, and of what is wanted. Nests
 *	inside RTNL and iq_net.config_lock; nothing is waited for under it.
 * @iq_scrub_devices: how many struct iq_scrubber there are
 * @iq_scrub_nets: how many namespaces have something to tag with
 * @iq_scrub_wanted: there are both; written under iq_scrub_lock
 * @iq_scrub_n: how many of iq_scrub_protocols have their handlers registered;
 *	iq_scrub_work alone
 * @iq_scrub_watched: all of them have; written by iq_scrub_work, packets read it
 */
static DEFINE_MUTEX(iq_scrub_lock);
static unsigned int iq_scrub_devices;
static unsigned int iq_scrub_nets;
static bool iq_scrub_wanted;
static unsigned int iq_scrub_n;
bool iq_scrub_watched;

/*
 * Takes the group's mark and priority off, but what is not its own: what an SA sets
 * (XFRMA_SET_MARK), and what others have put there since.
 */
static void iq_scrub_unmark(const struct iq_net *iqn, struct sk_buff *skb,
			    const struct iq_action *a)
{
	const struct sec_path *sp = skb_sec_path(skb);
	u32 mask = a->mask, claimed = READ_ONCE(iq_tag(iqn)->claimed), mark = a->mark;
	int i;

	/* Out of another SA it came with the clear packets' mark. */
	if ((skb->mark ^ mark) & mask & ~claimed)
		mark = a->mark_clear;
	/* Bits that others claim may not have been set. */
	if ((skb->mark ^ mark) & mask & claimed)
		mask &= ~claimed;
	for (i = 0; i < sp->len; i++)
		mask &= ~sp->xvec[i]->props.smark.m;
	if (!((skb->mark ^ mark) & mask))
		skb->mark &= ~mask;
	if (a->priority && skb->priority == a->priority)
		skb->priority = 0;
}

/*
 * A packet was decrypted; @vti: and a VTI will have it. Under rcu_read_lock(). The
 * device's namespace is that of the SA, and lives: crypto that takes its time holds
 * the device, not the SA's namespace.
 */
static void iq_scrub_decrypted(struct sk_buff *skb, bool vti)
{
	struct sec_path *sp = skb_sec_path(skb);
	struct iq_net *iqn = iq_net(dev_net(skb->dev));
	const struct iq_action *a;

	if (!sp || !sp->len || (!vti && !sp->xvec[sp->len - 1]->if_id) ||
	    READ_ONCE(iqn->dead))
		return;
	a = iq_xfrm_decrypted(iqn, skb, 0, 0);
	if (!a)
		return;
	/* In transport mode the data begins behind the IP header. */
	local_bh_disable();
	iq_action_count(a, IPSEC_QOS_COUNTER_CLEAR_IN, iq_skb_packets(skb),
			skb->len - skb_network_offset(skb));
	local_bh_enable();
	if (vti)
		iq_scrub_unmark(iqn, skb, a);
}

/* To the handlers behind this one: the packet is theirs. */
static int iq_scrub_pass(struct sk_buff *skb)
{
	return -EINVAL;
}

static int iq_scrub_pass_input(struct sk_buff *skb, int nexthdr, __be32 spi,
			       int encap_type)
{
	return -EINVAL;
}

static int iq_scrub_cb4(struct sk_buff *skb, int err)
{
	if (!err)
		iq_scrub_decrypted(skb, XFRM_TUNNEL_SKB_CB(skb)->tunnel.ip4);
	return 1;
}

static int iq_scrub_err4(struct sk_buff *skb, u32 info)
{
	return -ENOENT;
}

#define IQ_SCRUB_PRIORITY	1000	/* VTI has 100, XFRM interfaces have 10 */

#define IQ_SCRUB_HANDLER(family) {			\
	.handler = iq_scrub_pass,			\
	.input_handler = iq_scrub_pass_input,		\
	.cb_handler = iq_scrub_cb##family,		\
	.err_handler = iq_scrub_err##family,		\
	.priority = IQ_SCRUB_PRIORITY,			\
}

/* The last one out of which a packet came tells the protocol. */
static const u8 iq_scrub_protocols[] = { IPPROTO_ESP, IPPROTO_AH, IPPROTO_COMP };

#define IQ_SCRUB_N	ARRAY_SIZE(iq_scrub_protocols)

static struct xfrm4_protocol iq_scrub_4[IQ_SCRUB_N] = {
	IQ_SCRUB_HANDLER(4), IQ_SCRUB_HANDLER(4), IQ_SCRUB_HANDLER(4),
};

#if IS_ENABLED(CONFIG_IPV6)
static int iq_scrub_cb6(struct sk_buff *skb, int err)
{
	if (!err)
		iq_scrub_decrypted(skb, XFRM_TUNNEL_SKB_CB(skb)->tunnel.ip6);
	return 1;
}

static int iq_scrub_err6(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
			 u8 code, int offset, __be32 info)
{
	return -ENOENT;
}

static struct xfrm6_protocol iq_scrub_6[IQ_SCRUB_N] = {
	IQ_SCRUB_HANDLER(6), IQ_SCRUB_HANDLER(6), IQ_SCRUB_HANDLER(6),
};

static int iq_scrub_register6(unsigned int i)
{
	return xfrm6_protocol_register(&iq_scrub_6[i], iq_scrub_protocols[i]);
}

static void iq_scrub_deregister6(unsigned int i)
{
	xfrm6_protocol_deregister(&iq_scrub_6[i], iq_scrub_protocols[i]);
}
#else
static int iq_scrub_register6(unsigned int i)
{
	return 0;
}

static void iq_scrub_deregister6(unsigned int i)
{
}
#endif

static int iq_scrub_register(unsigned int i)
{
	int err = xfrm4_protocol_register(&iq_scrub_4[i], iq_scrub_protocols[i]);

	if (err)
		return err;
	err = iq_scrub_register6(i);
	if (err)
		xfrm4_protocol_deregister(&iq_scrub_4[i], iq_scrub_protocols[i]);
	return err;
}

/* Waits for packets that are in a handler. */
static void iq_scrub_deregister(unsigned int i)
{
	iq_scrub_deregister6(i);
	xfrm4_protocol_deregister(&iq_scrub_4[i], iq_scrub_protocols[i]);
}

static void iq_scrub_follow(struct work_struct *work);
static DECLARE_DELAYED_WORK(iq_scrub_work, iq_scrub_follow);

/* After a failure it is tried again. */
#define IQ_SCRUB_RETRY	(10 * HZ)

/*
 * Has the handlers registered as is wanted. Here alone, and with no lock held: each
 * that goes waits for grace periods, and nobody who holds RTNL is to wait for those.
 * If they are wanted again meanwhile, no other goes.
 */
static void iq_scrub_follow(struct work_struct *work)
{
	int err = 0;

	for (;;) {
		if (!err && READ_ONCE(iq_scrub_wanted)) {
			if (iq_scrub_n == IQ_SCRUB_N) {
				WRITE_ONCE(iq_scrub_watched, true);
				return;
			}
			err = iq_scrub_register(iq_scrub_n);
			if (!err)
				iq_scrub_n++;
			else
				pr_warn_ratelimited("packets out of VTI devices keep their mark, and are not counted (error %d)\n",
						    err);
		} else if (iq_scrub_n) {
			WRITE_ONCE(iq_scrub_watched, false);
			iq_scrub_deregister(--iq_scrub_n);
		} else {
			if (err && READ_ONCE(iq_scrub_wanted))
				queue_delayed_work(system_dfl_wq, &iq_scrub_work,
						   IQ_SCRUB_RETRY);
			return;
		}
	}
}

/* What is not wanted any more is often back in a moment. */
#define IQ_SCRUB_REST	(5 * HZ)

/* Return: are the handlers wanted? */
static bool iq_scrub_change(unsigned int *n, bool more)
{
	bool wanted;

	mutex_lock(&iq_scrub_lock);
	*n += more ? 1 : -1;
	wanted = iq_scrub_devices && iq_scrub_nets;
	if (wanted != iq_scrub_wanted) {
		WRITE_ONCE(iq_scrub_wanted, wanted);
		mod_delayed_work(system_dfl_wq, &iq_scrub_work,
				 wanted ? 0 : IQ_SCRUB_REST);
	}
	mutex_unlock(&iq_scrub_lock);
	return wanted;
}

void iq_scrub_update(struct iq_net *iqn, bool tag)
{
	lockdep_assert_held(&iqn->config_lock);
	if (iq_tag(iqn)->scrub == tag)
		return;
	iq_tag(iqn)->scrub = tag;
	/* Who asked for tagging is told that it works when it does. */
	if (iq_scrub_change(&iq_scrub_nets, tag) && tag)
		flush_delayed_work(&iq_scrub_work);
}

/* Whose SAs does a device hide? NULL: none. */
static struct net *iq_scrub_hides(const struct net_device *dev, u8 *family)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;

	if (!ops)
		return NULL;
	if (!strcmp(ops->kind, "vti")) {
		const struct ip_tunnel *t = netdev_priv(dev);

		*family = AF_INET;
		return t->net;
	}
	if (!strcmp(ops->kind, "vti6")) {
		const struct ip6_tnl *t = netdev_priv(dev);

		*family = AF_INET6;
		return t->net;
	}
	if (!strcmp(ops->kind, "xfrm")) {
		const struct xfrm_if *xi = netdev_priv(dev);

		*family = 0;
		return net_eq(xi->net, dev_net(dev)) ? NULL : xi->net;
	}
	return NULL;
}

/*
 * Packets out of a device that is not known would keep their mark. To refuse it, which
 * is all that a notifier can do, harms more than to wait for memory, of which the
 * device has just had a hundred times as much.
 */
static bool iq_scrub_add(struct iq_net *iqn, const struct net_device *dev, u8 family)
{
	struct iq_scrubber *s;
	bool there;

	s = kmalloc(sizeof(*s), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	s->dev = dev;
	s->family = family;
	mutex_lock(&iq_scrub_lock);
	there = iq_tag(iqn);
	if (there)
		list_add_tail_rcu(&s->list, &iq_tag(iqn)->scrubbers);
	mutex_unlock(&iq_scrub_lock);
	if (!there)
		kfree(s);
	return there;
}

/* iq_scrub_lock is held. NULL: it is not known, or all of the namespace are gone. */
static struct iq_scrubber *iq_scrub_find(const struct iq_net *iqn,
					 const struct net_device *dev)
{
	struct iq_scrubber *s;

	if (!iq_tag(iqn))
		return NULL;
	list_for_each_entry(s, &iq_tag(iqn)->scrubbers, list)
		if (s->dev == dev)
			return s;
	return NULL;
}

/* The event may come again, for as long as somebody holds the device. */
static bool iq_scrub_del(struct iq_net *iqn, const struct net_device *dev)
{
	struct iq_scrubber *s;

	mutex_lock(&iq_scrub_lock);
	s = iq_scrub_find(iqn, dev);
	if (s) {
		list_del_rcu(&s->list);
		kfree_rcu(s, rcu);
	}
	mutex_unlock(&iq_scrub_lock);
	return s;
}

void iq_scrub_exit(struct iq_net *iqn)
{
	struct iq_scrubber *s, *next;
	unsigned int n = 0;

	mutex_lock(&iq_scrub_lock);
	list_for_each_entry_safe(s, next, &iq_tag(iqn)->scrubbers, list) {
		list_del_rcu(&s->list);
		kfree_rcu(s, rcu);
		n++;
	}
	iqn->state[IQ_FEATURE_TAG] = NULL;
	mutex_unlock(&iq_scrub_lock);
	while (n--)
		iq_scrub_change(&iq_scrub_devices, false);
}

/*
 * One that moves to another namespace is gone from the old, and new in the other; a
 * VTI goes on taking the SAs of that where it was made. The state of that namespace goes
 * after its devices; should one elsewhere that takes its SAs go later, iq_scrub_exit()
 * has counted it.
 */
static int iq_scrub_device(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct iq_net *iqn;
	struct net *net;
	u8 family;

	net = iq_scrub_hides(dev, &family);
	if (!net)
		return NOTIFY_DONE;
	iqn = iq_net(net);
	switch (event) {
	case NETDEV_REGISTER:
		if (iq_scrub_add(iqn, dev, family))
			iq_scrub_change(&iq_scrub_devices, true);
		break;
	case NETDEV_UNREGISTER:
		if (iq_scrub_del(iqn, dev))
			iq_scrub_change(&iq_scrub_devices, false);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		break;
	default:
		return NOTIFY_DONE;
	}
	/* Which SAs have their mark by its key? */
	if (family)
		iq_xfrm_audit_in(iqn, 0);
	return NOTIFY_DONE;
}

bool iq_scrub_vti_takes(const struct iq_net *iqn, u16 family,
			const xfrm_address_t *local, const xfrm_address_t *remote,
			const struct xfrm_mark *mark)
{
	const struct ip_tunnel *t4;
	const struct ip6_tnl *t6;
	const struct iq_scrubber *s;

	list_for_each_entry_rcu(s, &iq_tag(iqn)->scrubbers, list) {
		if (s->family != family || !(READ_ONCE(s->dev->flags) & IFF_UP))
			continue;
		if (family == AF_INET) {
			t4 = netdev_priv(s->dev);
			if ((!t4->parms.iph.saddr ||
			     t4->parms.iph.saddr == local->a4) &&
			    (!t4->parms.iph.daddr ||
			     t4->parms.iph.daddr == remote->a4) &&
			    (be32_to_cpu(t4->parms.i_key) & mark->m) == mark->v)
				return true;
		} else {
			t6 = netdev_priv(s->dev);
			if ((ipv6_addr_any(&t6->parms.laddr) ||
			     ipv6_addr_equal(&t6->parms.laddr, &local->in6)) &&
			    (ipv6_addr_any(&t6->parms.raddr) ||
			     ipv6_addr_equal(&t6->parms.raddr, &remote->in6)) &&
			    (be32_to_cpu(t6->parms.i_key) & mark->m) == mark->v)
				return true;
		}
	}
	return false;
}

static struct notifier_block iq_scrub_device_nb = {
	.notifier_call = iq_scrub_device,
};

/* It is told of all that are there already. */
int iq_scrub_module_init(void)
{
	return register_netdevice_notifier(&iq_scrub_device_nb);
}

/*
 * Before the namespaces' state goes, which the handlers read. With the notifier all
 * devices are gone, so that no namespace has the handlers registered again.
 */
void iq_scrub_module_exit(void)
{
	unregister_netdevice_notifier(&iq_scrub_device_nb);
	cancel_delayed_work_sync(&iq_scrub_work);
	iq_scrub_follow(NULL);
}
