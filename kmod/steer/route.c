// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/lwtunnel.h>
#include <net/neighbour.h>
#include <net/nexthop.h>
#include <net/route.h>

#include "core/compat.h"
#include "core/feature.h"
#include "route.h"
#include "send.h"
#include "state.h"

/*
 * Routes of a nexthop object that is a group: so many are kept, each for as many of the
 * packets' flows, so that next hops have their shares to a sixteenth.
 */
#define IQ_ROUTES	16

/*
 * Packets have routes made, in softirq, so that nobody is charged for them: a namespace
 * keeps so many, and where there are these each further element keeps one for a family, of
 * whichever next hop. With 4,096 elements they are at most this and 2 * 4,096 more; a route
 * takes some 300 bytes, of IPv4 by way of IPv6 twice that.
 */
#define IQ_KEPT_MAX	16384

/**
 * struct iq_hop - a route
 *
 * @dst: what packets get
 * @cookie: that it is valid with (dst_check())
 * @by: the route by which @dst was made; NULL: it is one that a table gave
 * @by_cookie: likewise
 * @dev: the device of either, when they were looked up. The IP stack takes it from a route
 *	when it goes down, which may be ahead of this module's being told; what else the
 *	route has of the device stays as long as that is held.
 */
struct iq_hop {
	struct dst_entry *dst;
	u32 cookie;
	struct dst_entry *by;
	u32 by_cookie;
	const struct net_device *dev;
};

/**
 * struct iq_kept - routes to an element, of one family
 *
 * It never changes: it is replaced whole.
 *
 * @st: who keeps it; there for as long as @slot leads here, and a grace period longer
 * @list: in iq_steer.kept or iq_steer.kept_nexthop; iq_steer.kept_lock
 * @slot: where packets find it
 * @n: 1 or IQ_ROUTES
 */
struct iq_kept {
	struct rcu_head rcu;
	struct iq_steer *st;
	struct list_head list;
	struct iq_kept __rcu **slot;
	u32 n;
	struct iq_hop hop[];
};

/* The module goes: nobody is told of devices any more, and nothing is kept. */
static bool iq_kept_closed;

static bool iq_dst_valid(struct dst_entry *dst, u32 cookie)
{
	/* One that is in no table: a tunnel may have told it of a smaller MTU, which passes. */
	if (dst->obsolete == DST_OBSOLETE_NONE && dst->expires &&
	    time_after(jiffies, dst->expires))
		return false;
	return dst_check(dst, cookie);
}

static bool iq_hop_valid(const struct iq_hop *h)
{
	return iq_dst_valid(h->dst, h->cookie) &&
	       (!h->by || iq_dst_valid(h->by, h->by_cookie));
}

static void iq_kept_free(struct iq_kept *k)
{
	u32 i;

	for (i = 0; i < k->n; i++) {
		dst_release(k->hop[i].dst);
		dst_release(k->hop[i].by);
	}
	kfree(k);
}

static void iq_kept_free_rcu(struct rcu_head *rcu)
{
	iq_kept_free(container_of(rcu, struct iq_kept, rcu));
}

/* Nobody finds it any more; iq_steer.kept_lock is held. */
static void iq_kept_drop(struct iq_kept *k)
{
	WRITE_ONCE(k->st->n_kept, k->st->n_kept - k->n);
	RCU_INIT_POINTER(*k->slot, NULL);
	list_del(&k->list);
	call_rcu(&k->rcu, iq_kept_free_rcu);
}

/*
 * Routes that are in no table: out of a device, to a gateway of either family or, without,
 * to the packet's own destination, which is what a device without neighbours has. One of
 * IPv4 is valid until any route or address of IPv4 changes.
 */
static struct dst_entry *iq_route_make4(struct net_device *dev, u8 gw_family,
					const void *gw, struct lwtunnel_state *lwt)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct rtable *rt;

	if (!in_dev)
		return NULL;
	rt = rt_dst_alloc(dev, 0, RTN_UNICAST, IN_DEV_ORCONF(in_dev, NOXFRM));
	if (!rt)
		return NULL;
	rt->rt_gw_family = gw_family;
	rt->rt_uses_gateway = gw_family != 0;
	if (gw_family == AF_INET)
		memcpy(&rt->rt_gw4, gw, sizeof(rt->rt_gw4));
	else if (gw_family == AF_INET6)
		memcpy(&rt->rt_gw6, gw, sizeof(rt->rt_gw6));
	if (lwt) {
		rt->dst.lwtstate = lwtstate_get(lwt);
		lwtunnel_set_redirect(&rt->dst);
	}
	return &rt->dst;
}

static struct dst_entry *iq_route_make6(struct net *net, struct net_device *dev,
					const struct in6_addr *gw,
					struct lwtunnel_state *lwt)
{
	struct inet6_dev *idev = in6_dev_get(dev);
	struct rt6_info *rt;

	if (!idev)
		return NULL;
	rt = READ_ONCE(idev->cnf.disable_ipv6) ? NULL : ip6_dst_alloc(net, dev, 0);
	if (!rt) {
		in6_dev_put(idev);
		return NULL;
	}
	rt->rt6i_idev = idev;
	rt->rt6i_flags = RTF_UP;
	if (gw) {
		rt->rt6i_flags |= RTF_GATEWAY;
		rt->rt6i_gateway = *gw;
	}
	rt->dst.output = ip6_output;
	/* There is no entry of a table that it could be compared with. */
	rt->dst.obsolete = DST_OBSOLETE_NONE;
	if (lwt) {
		rt->dst.lwtstate = lwtstate_get(lwt);
		lwtunnel_set_redirect(&rt->dst);
	}
	return &rt->dst;
}

/* @dev: NULL: whichever leads there */
static enum ipsec_qos_element_problem iq_route_via4(struct net *net,
						    const struct net_device *dev,
						    __be32 via, struct iq_hop *hop)
{
	struct flowi4 fl4 = {
		.daddr = via,
		.flowi4_oif = dev ? dev->ifindex : 0,
		.flowi4_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct rtable *rt;

	/* With a device the look-up does not see that. */
	if (inet_addr_type_dev_table(net, dev, via) == RTN_LOCAL)
		return IPSEC_QOS_ELEMENT_LOCAL;
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return IPSEC_QOS_ELEMENT_NO_ROUTE;
	hop->dst = &rt->dst;
	if (rt->rt_flags & RTCF_LOCAL)
		return IPSEC_QOS_ELEMENT_LOCAL;
	return rt->rt_type == RTN_UNICAST ? IPSEC_QOS_ELEMENT_FINE :
					    IPSEC_QOS_ELEMENT_NO_ROUTE;
}

static enum ipsec_qos_element_problem iq_route_via6(struct net *net,
						    const struct net_device *dev,
						    const struct in6_addr *via,
						    struct iq_hop *hop)
{
	struct flowi6 fl6 = {
		.daddr = *via,
		.flowi6_oif = dev ? dev->ifindex : 0,
		.flowi6_flags = FLOWI_FLAG_KNOWN_NH,
	};
	struct rt6_info *rt;

	if (!ipv6_mod_enabled())
		return IPSEC_QOS_ELEMENT_NO_ROUTE;
	if (ipv6_chk_addr(net, via, dev, 0))
		return IPSEC_QOS_ELEMENT_LOCAL;
	hop->dst = ip6_route_output(net, NULL, &fl6);
	if (hop->dst->error)
		return IPSEC_QOS_ELEMENT_NO_ROUTE;
	rt = container_of(hop->dst, struct rt6_info, dst);
	if (rt->rt6i_flags & RTF_LOCAL)
		return IPSEC_QOS_ELEMENT_LOCAL;
	hop->cookie = rt6_get_cookie(rt);
	return IPSEC_QOS_ELEMENT_FINE;
}

/* IPv4 to a next hop with an IPv6 address: that is where the other's route leads. */
static enum ipsec_qos_element_problem iq_route_4via6(struct net *net,
						     const struct net_device *dev,
						     const struct in6_addr *via,
						     struct iq_hop *hop)
{
	enum ipsec_qos_element_problem problem = iq_route_via6(net, dev, via, hop);
	struct rt6_info *rt;

	if (problem)
		return problem;
	hop->by = hop->dst;
	hop->by_cookie = hop->cookie;
	hop->cookie = 0;
	rt = container_of(hop->by, struct rt6_info, dst);
	hop->dst = iq_route_make4(hop->by->dev, AF_INET6, rt6_nexthop(rt, via), NULL);
	return hop->dst ? IPSEC_QOS_ELEMENT_FINE : IPSEC_QOS_ELEMENT_NO_ROUTE;
}

/* @i: which of IQ_ROUTES */
static enum ipsec_qos_element_problem iq_route_nexthop(struct net *net, u32 id, u8 family,
						       u32 i, struct iq_hop *hop)
{
	struct nexthop *nh = nexthop_find_by_id(net, id);
	const struct fib_nh_common *nhc;
	const struct nh_info *nhi;
	const void *gw;

	/*
	 * A group with thresholds takes 31 bits of a hash, from the highest on; one whose
	 * buckets are resilient takes it modulo their number.
	 */
	if (nh)
		nh = nexthop_select_path(nh, (2 * i + 1) * (BIT(30) / IQ_ROUTES) + i);
	nhi = nh ? rcu_dereference(nh->nh_info) : NULL;
	if (!nhi || nhi->reject_nh || nhi->fdb_nh)
		return IPSEC_QOS_ELEMENT_NO_ROUTE;
	nhc = &nhi->fib_nhc;
	if (nhc->nhc_flags & RTNH_F_DEAD || !nhc->nhc_dev)
		return IPSEC_QOS_ELEMENT_DEVICE_DOWN;
	gw = nhc->nhc_gw_family ? &nhc->nhc_gw : NULL;
	if (family == AF_INET)
		hop->dst = iq_route_make4(nhc->nhc_dev, nhc->nhc_gw_family, gw,
					  nhc->nhc_lwtstate);
	else if (nhc->nhc_gw_family != AF_INET && ipv6_mod_enabled())
		hop->dst = iq_route_make6(net, nhc->nhc_dev, gw, nhc->nhc_lwtstate);
	return hop->dst ? IPSEC_QOS_ELEMENT_FINE : IPSEC_QOS_ELEMENT_NO_ROUTE;
}

/* Look one up. What @hop has is to be released, whatever this says. */
static enum ipsec_qos_element_problem iq_route_look_up(struct net *net,
						       const struct iq_way *way, u8 family,
						       u32 i, struct iq_hop *hop)
{
	struct net_device *dev = NULL;

	if (way->nexthop)
		return iq_route_nexthop(net, way->nexthop, family, i, hop);
	if (way->dev[0]) {
		dev = dev_get_by_name_rcu(net, way->dev);
		if (!dev)
			return IPSEC_QOS_ELEMENT_NO_DEVICE;
		if (!netif_running(dev))
			return IPSEC_QOS_ELEMENT_DEVICE_DOWN;
	}
	if (family == AF_INET && way->via)
		return iq_route_via4(net, dev, way->via, hop);
	if (!ipv6_addr_any(&way->via6))
		return family == AF_INET ? iq_route_4via6(net, dev, &way->via6, hop) :
					   iq_route_via6(net, dev, &way->via6, hop);
	/* A next hop has no IPv6 address, and IPv6 wants one. */
	if (!dev || way->via)
		return IPSEC_QOS_ELEMENT_NO_ROUTE;
	if (family == AF_INET)
		hop->dst = iq_route_make4(dev, 0, NULL, NULL);
	else if (ipv6_mod_enabled())
		hop->dst = iq_route_make6(net, dev, NULL, NULL);
	return hop->dst ? IPSEC_QOS_ELEMENT_FINE : IPSEC_QOS_ELEMENT_NO_ROUTE;
}

/*
 * Is every device up, and still a route's? One that goes down from now on finds what is
 * kept. What a route has instead of one that is gone is no registered device.
 */
static bool iq_kept_running(const struct iq_kept *k)
{
	const struct iq_hop *h;

	for (h = k->hop; h < k->hop + k->n; h++)
		if (h->dev->reg_state != NETREG_REGISTERED || !netif_running(h->dev) ||
		    READ_ONCE(h->dst->dev) != h->dev ||
		    (h->by && READ_ONCE(h->by->dev) != h->dev))
			return false;
	return true;
}

/*
 * Find @k from now on, instead of @was, which was found before; NULL: nothing was. Return:
 * @k; what another packet has had looked up meanwhile, instead; or NULL: the element is to
 * be reached otherwise by now, or a device, the namespace or the module goes.
 */
static const struct iq_kept *iq_kept_publish(struct iq_element *e, const struct iq_way *way,
					     const struct iq_kept *was, struct iq_kept *k)
{
	struct iq_steer *st = k->st;
	struct iq_kept *now;

	spin_lock_bh(&st->kept_lock);
	now = rcu_dereference_protected(*k->slot, lockdep_is_held(&st->kept_lock));
	if (now && now != was)
		goto out;
	if (rcu_access_pointer(e->way) != way || !iq_kept_running(k) ||
	    READ_ONCE(e->iqn->dead) || READ_ONCE(iq_kept_closed)) {
		now = NULL;
		goto out;
	}
	if (now)
		iq_kept_drop(now);
	now = k;
	WRITE_ONCE(st->n_kept, st->n_kept + k->n);
	rcu_assign_pointer(*k->slot, k);
	list_add(&k->list, way->nexthop ? &st->kept_nexthop : &st->kept);
out:
	spin_unlock_bh(&st->kept_lock);
	return now;
}

/* How many routes are kept for a way */
static u32 iq_kept_n(const struct iq_steer *st, const struct iq_way *way)
{
	const struct nexthop *nh;

	nh = way->nexthop ? nexthop_find_by_id(st->iqn->net, way->nexthop) : NULL;
	return nh && nexthop_is_multipath(nh) && READ_ONCE(st->n_kept) < IQ_KEPT_MAX ?
	       IQ_ROUTES : 1;
}

/* Look routes up anew, and keep them. @was: those that are of no use any more */
static noinline const struct iq_kept *iq_kept_renew(struct iq_element *e, u8 family,
						    const struct iq_kept *was)
{
	struct iq_steer *st = iq_steer(e->iqn);
	const struct iq_kept *now = NULL;
	const struct iq_way *way;
	struct iq_kept *k;
	u32 i, n;

again:
	way = rcu_dereference(e->way);
	n = iq_kept_n(st, way);
	k = kzalloc(struct_size(k, hop, n), GFP_ATOMIC | __GFP_NOWARN);
	if (!k)
		return NULL;
	k->st = st;
	k->slot = &e->kept[family == AF_INET6];
	k->n = n;
	for (i = 0; i < n; i++) {
		if (iq_route_look_up(e->iqn->net, way, family, i, &k->hop[i]))
			goto none;
		k->hop[i].dev = READ_ONCE(k->hop[i].dst->dev);
	}
	now = iq_kept_publish(e, way, was, k);
	if (now == k)
		return k;
none:
	iq_kept_free(k);
	if (!now && rcu_access_pointer(e->way) != way)
		goto again;
	return now;
}

struct dst_entry *iq_route_find(const struct iq_element *e, struct sk_buff *skb, u8 family)
{
	const struct iq_kept *k = rcu_dereference(e->kept[family == AF_INET6]);
	const struct iq_hop *hop;
	int i;

	for (i = 0; i < 2; i++) {
		if (likely(k)) {
			hop = &k->hop[k->n == 1 ? 0 : skb_get_hash(skb) % k->n];
			/*
			 * One that was looked up just now does for this packet, as it would
			 * for one that is routed, though some address or route of the
			 * namespace may have changed since.
			 */
			if (likely(iq_hop_valid(hop)) || i)
				return hop->dst;
		}
		/* What is kept is of use to all packets, and no part of the element. */
		if (!i)
			k = iq_kept_renew((struct iq_element *)e, family, k);
	}
	return NULL;
}

/* What is in a slot. Its namespace's state may have gone; then there is nothing. */
static void iq_slot_forget(struct iq_kept __rcu **slot)
{
	struct iq_kept *k;
	struct iq_steer *st;

	rcu_read_lock();
	k = rcu_dereference(*slot);
	if (k) {
		st = k->st;
		spin_lock_bh(&st->kept_lock);
		/* It may be another by now, or none. */
		k = rcu_dereference_protected(*slot, lockdep_is_held(&st->kept_lock));
		if (k)
			iq_kept_drop(k);
		spin_unlock_bh(&st->kept_lock);
	}
	rcu_read_unlock();
}

void iq_element_forget(struct iq_element *e)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(e->kept); i++)
		iq_slot_forget(&e->kept[i]);
}

static enum ipsec_qos_element_problem iq_element_problem_of(const struct iq_element *e,
							    const struct iq_way *way,
							    u8 family)
{
	enum ipsec_qos_element_problem problem;
	struct iq_hop hop = {};

	problem = iq_route_look_up(e->iqn->net, way, family, 0, &hop);
	if (!problem && !netif_carrier_ok(hop.dst->dev))
		problem = IPSEC_QOS_ELEMENT_DEVICE_DOWN;
	dst_release(hop.dst);
	dst_release(hop.by);
	return problem;
}

enum ipsec_qos_element_problem iq_element_problem(struct iq_element *e)
{
	enum ipsec_qos_element_problem four, six;
	const struct iq_way *way;
	bool both, either;

	rcu_read_lock();
	way = rcu_dereference(e->way);
	four = iq_element_problem_of(e, way, AF_INET);
	six = iq_element_problem_of(e, way, AF_INET6);
	either = !way->via && ipv6_addr_any(&way->via6);
	both = way->via && !ipv6_addr_any(&way->via6);
	rcu_read_unlock();
	/* Who has but an IPv6 address may have no IPv4, and the other way round. */
	if (either)
		return !four || !six ? IPSEC_QOS_ELEMENT_FINE : four;
	if (both)
		return four ?: six;
	return way->via ? four : six;
}

bool iq_element_came_from(const struct iq_element *e, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	u8 family = state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
	int iif = family == AF_INET ? IPCB(skb)->iif : IP6CB(skb)->iif;
	const struct dst_entry *dst = iq_route_find(e, skb, family);
	u8 address[ETH_ALEN];
	struct neighbour *n;

	/* A VRF's packets have come by another device than that which they are shown with. */
	if (!dst || (dst->dev != state->in && dst->dev->ifindex != iif))
		return false;
	if (dst->dev->flags & IFF_NOARP || dst->dev->type != ARPHRD_ETHER ||
	    !skb_mac_header_was_set(skb) || skb->mac_len < ETH_HLEN)
		return true;
	n = dst_neigh_lookup_skb(dst, skb);
	if (!n)
		return true;
	neigh_ha_snapshot(address, n, dst->dev);
	neigh_release(n);
	return ether_addr_equal(address, eth_hdr(skb)->h_source);
}

static bool iq_kept_has_dev(const struct iq_kept *k, const struct net_device *dev)
{
	u32 i;

	for (i = 0; i < k->n; i++)
		if (k->hop[i].dev == dev)
			return true;
	return false;
}

/* Those of a list that lead out of @dev are forgotten; NULL: all. */
static void iq_kept_forget(struct iq_steer *st, struct list_head *kept,
			   const struct net_device *dev)
{
	struct iq_kept *k, *next;

	spin_lock_bh(&st->kept_lock);
	list_for_each_entry_safe(k, next, kept, list)
		if (!dev || iq_kept_has_dev(k, dev))
			iq_kept_drop(k);
	spin_unlock_bh(&st->kept_lock);
}

void iq_routes_forget(struct iq_steer *st)
{
	iq_kept_forget(st, &st->kept, NULL);
	iq_kept_forget(st, &st->kept_nexthop, NULL);
}

/*
 * A device that is held does not go; one with another name is another's. Under RTNL, which
 * iq_send_exit() takes once nobody finds the state any more.
 */
static int iq_route_device(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct iq_steer *st = iq_steer(iq_net(dev_net(dev)));

	switch (event) {
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGENAME:
		if (!st)
			break;
		iq_kept_forget(st, &st->kept, dev);
		iq_kept_forget(st, &st->kept_nexthop, dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block iq_route_device_nb = {
	.notifier_call = iq_route_device,
};

/*
 * It may be called for each of very many objects, with RTNL held. What it finds it forgets,
 * so that it is soon done with the next. Some changes it is told of before they are made,
 * so that a packet may look the old up once more: what is kept by then is forgotten behind
 * them.
 */
static int iq_route_nexthops(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct iq_steer *st = container_of(nb, struct iq_steer, nexthops);

	iq_kept_forget(st, &st->kept_nexthop, NULL);
	queue_work(system_dfl_wq, &st->nexthops_work);
	return NOTIFY_DONE;
}

static void iq_route_nexthops_work(struct work_struct *work)
{
	struct iq_steer *st = container_of(work, struct iq_steer, nexthops_work);

	/* Who makes the change has it. */
	rtnl_lock();
	rtnl_unlock();
	iq_kept_forget(st, &st->kept_nexthop, NULL);
}

int iq_send_init(struct iq_steer *st)
{
	int err;

	spin_lock_init(&st->kept_lock);
	INIT_LIST_HEAD(&st->kept);
	INIT_LIST_HEAD(&st->kept_nexthop);
	INIT_WORK(&st->nexthops_work, iq_route_nexthops_work);
	st->nexthops.notifier_call = iq_route_nexthops;
	err = register_nexthop_notifier(st->iqn->net, &st->nexthops, NULL);
	/* It was told of those that there are. */
	if (err)
		cancel_work_sync(&st->nexthops_work);
	return err;
}

void iq_send_exit(struct iq_steer *st)
{
	unregister_nexthop_notifier(st->iqn->net, &st->nexthops);
	cancel_work_sync(&st->nexthops_work);
	iq_routes_forget(st);
}

int iq_send_load(void)
{
	return register_netdevice_notifier(&iq_route_device_nb);
}

void iq_send_unload(void)
{
	/* As it goes, the notifier is told of all devices that they go. */
	WRITE_ONCE(iq_kept_closed, true);
	unregister_netdevice_notifier(&iq_route_device_nb);
}
