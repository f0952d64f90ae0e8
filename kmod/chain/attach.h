/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attachments: which device's side a packet has come from, told by the interface and the
 * source's link address.
 */
#ifndef _IPSEC_QOS_CHAIN_ATTACH_H
#define _IPSEC_QOS_CHAIN_ATTACH_H

#include <linux/hash.h>
#include <linux/if_arp.h>
#include <net/xfrm.h>

#include "device.h"
#include "state.h"

/* Sides of a device that packets come from */
enum iq_at_side {
	IQ_AT_OUTER,
	IQ_AT_INNER,
	IQ_AT_BOTH,	/* its only one */
};

/**
 * struct iq_at - where a packet has come from
 *
 * @device: NULL: none that is known
 * @side: enum iq_at_side
 */
struct iq_at {
	struct iq_device *device;
	u8 side;
};

/**
 * struct iq_attach_slot - an interface and a link address that are a side's
 *
 * @tag: iq_attach_tag(); 0: a free slot
 * @side: a device, and in the two lowest bits enum iq_at_side
 */
struct iq_attach_slot {
	u64 tag;
	unsigned long side;
};

/**
 * struct iq_attaches - all of a namespace, hashed, a third full at most; it never changes, it
 * is replaced whole
 *
 * @any: there are some without a link address
 * @bits: of the hash
 */
struct iq_attaches {
	struct rcu_head rcu;
	bool any;
	u8 bits;
	struct iq_attach_slot slot[];
};

#define IQ_AT_MASK	3UL

/* Two interfaces may share these bits: iq_side.dev tells. @mac: 0: whichever, or none */
static inline u64 iq_attach_tag(int ifindex, u64 mac)
{
	return mac << 16 | BIT_ULL(15) | (ifindex & 0x7fff);
}

static inline bool iq_attach_look(const struct iq_attaches *a, const struct net_device *dev,
				  u64 mac, struct iq_at *at)
{
	u64 tag = iq_attach_tag(dev->ifindex, mac);
	u32 i = hash_64(tag, a->bits);
	const struct iq_attach_slot *slot;
	struct iq_device *d;

	for (; (slot = &a->slot[i])->tag; i = (i + 1) & (BIT(a->bits) - 1)) {
		if (slot->tag != tag)
			continue;
		d = (struct iq_device *)(slot->side & ~IQ_AT_MASK);
		at->side = slot->side & IQ_AT_MASK;
		/* An interface that goes is none of its any more, though it is found here. */
		if (likely(rcu_access_pointer(d->side[at->side == IQ_AT_INNER].dev) == dev)) {
			at->device = d;
			return true;
		}
	}
	return false;
}

/**
 * iq_attach_find() - which device's side is it?
 *
 * @mac: the source's link address; NULL: it has none
 *
 * Under rcu_read_lock(), which the answer lives under. Where there is none, @at.device is
 * NULL.
 */
static inline void iq_attach_find(const struct iq_chains *ch, const struct net_device *dev,
				  const u8 *mac, struct iq_at *at)
{
	const struct iq_attaches *a = rcu_dereference(ch->attaches);

	at->device = NULL;
	if (!a || (mac && iq_attach_look(a, dev, ether_addr_to_u64(mac), at)))
		return;
	if (a->any)
		iq_attach_look(a, dev, 0, at);
}

/**
 * iq_attach_from() - which device's side has sent a packet that has come in?
 *
 * The source's link address is read as xt_mac does.
 *
 * @in: that it came by
 * @mac: gets that address, as it came; 6 bytes
 *
 * As iq_attach_find(). Return: false: it has no link address
 */
static inline bool iq_attach_from(const struct iq_chains *ch, const struct sk_buff *skb,
				  const struct net_device *in, u8 *mac, struct iq_at *at)
{
	at->device = NULL;
	if (in->type != ARPHRD_ETHER || !skb_mac_header_was_set(skb) ||
	    skb_mac_header(skb) < skb->head || skb_mac_header(skb) + ETH_HLEN > skb->data) {
		/* Of what came out of an SA, such a device is the SA's own, and no other. */
		iq_attach_find(ch, in, NULL, at);
		return false;
	}
	ether_addr_copy(mac, eth_hdr(skb)->h_source);
	/* Who has sent the SA's packet is not who has sent this one. */
	if (likely(!secpath_exists(skb)))
		iq_attach_find(ch, in, mac, at);
	return true;
}

/* All below: process context, iq_net.config_lock is held. */

/** iq_attach_alloc() - room for all that devices have, or will have; NULL: no memory */
struct iq_attaches *iq_attach_alloc(struct iq_chains *ch);

/**
 * iq_attach_apply() - interfaces that have the names, and their attachments, are the devices'
 *
 * @a: from iq_attach_alloc(), since devices changed last
 *
 * RTNL is taken.
 */
void iq_attach_apply(struct iq_chains *ch, struct iq_attaches *a);

/** iq_attach_forget() - a device goes: nothing comes from it any more */
void iq_attach_forget(struct iq_chains *ch, const struct iq_device *d);

/** iq_attach_init() - of a namespace */
void iq_attach_init(struct iq_chains *ch);

/** iq_attach_exit() - nobody looks any more, nor is told of interfaces; no lock is held */
void iq_attach_exit(struct iq_chains *ch);

/** iq_attach_load() - once, when all namespaces have their state; 0 or an errno */
int iq_attach_load(void);

/** iq_attach_unload() - takes that back, while they have it still */
void iq_attach_unload(void);

#endif /* _IPSEC_QOS_CHAIN_ATTACH_H */
