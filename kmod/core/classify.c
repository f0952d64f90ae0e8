// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter_bridge.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/xfrm.h>

#include "classify.h"
#include "frag.h"

/*
 * A VRF (drivers/net/vrf.c) has its packets pass a hook twice. They are tagged
 * each time and counted once.
 *
 * PRE_ROUTING	again once the VRF has the packet, told by a flag. A packet in
 *		transport mode has kept that from when it was ESP: over IPv4 it
 *		comes but once; over IPv6 twice as well, with nothing to tell it
 *		by, and is counted twice.
 * LOCAL_OUT	first with the VRF as device, then with the VRF behind it.
 * POST_ROUTING	likewise; but of a VRF with a qdisc the packet has its route
 *		into the SA the second time only: so it is the first that does
 *		not count.
 */
bool iq_second_pass(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct sec_path *sp;

	if (state->hook == NF_INET_LOCAL_OUT)
		return unlikely(netif_is_l3_slave(state->out)) &&
		       skb->dev == l3mdev_master_dev_rcu(state->out);
	if (state->hook == NF_INET_POST_ROUTING)
		return unlikely(netif_is_l3_master(state->out)) &&
		       skb_dst(skb)->dev != state->out;
	if (likely(!(state->pf == NFPROTO_IPV4 ?
		     ipv4_l3mdev_skb(IPCB(skb)->flags) :
		     ipv6_l3mdev_skb(IP6CB(skb)->flags))))
		return false;
	sp = skb_sec_path(skb);
	return !sp || !sp->len ||
	       sp->xvec[sp->len - 1]->outer_mode.flags & XFRM_MODE_FLAG_TUNNEL;
}

enum iq_kind iq_parse_skb(struct iq_net *iqn, struct sk_buff *skb, struct iq_packet *pkt)
{
	const struct iq_ports *ports = &rcu_dereference(iqn->settings)->ports;
	enum iq_kind kind;

	for (;;) {
		int off = skb_network_offset(skb);

		kind = iq_parse(skb_network_header(skb), iq_skb_avail(skb),
				skb->len - off, ports, pkt);
		if (kind != IQ_SHORT)
			return kind;
		if (!pskb_may_pull(skb, off + pkt->need)) {
			pkt->first = false;	/* what it points to may be gone */
			return IQ_MALFORMED;
		}
	}
}

bool iq_bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/*
 * Whose is a fragment? False: it waits for the first, and is gone. What a bridge
 * or a VRF has in hand does not wait, as it would go on through a module that may
 * be gone by then; nor what has a socket or a route without a reference.
 */
static noinline bool iq_classify_fragment(struct iq_net *iqn, struct sk_buff *skb,
					  const struct nf_hook_state *state,
					  struct iq_class *c)
{
	struct iq_packet *pkt = &c->pkt;
	bool may_carry = pkt->family == AF_INET ||
			 iq_parse_may_carry(pkt->frag_proto), may_wait, ours;

	ours = may_carry && iq_frag_ours(iqn, pkt);
	if (c->kind != IQ_FRAGMENT) {
		/* Of what is not ours, and has nobody waiting, there is nothing to say. */
		if (ours || (may_carry && c->kind != IQ_OTHER))
			iq_frag_learn(iqn, state, pkt, c->kind, 0);
		return true;
	}
	may_wait = state->hook == NF_INET_PRE_ROUTING && ours &&
		   !skb->sk && !skb_dst(skb) && !iq_bridged(skb) &&
		   !netif_is_l3_master(state->in);
	if (iq_frag_recall(iqn, may_wait ? skb : NULL, state, pkt, &c->kind, 0))
		return false;
	/* Of UDP that nobody here speaks it is not known that it is protected. */
	if (c->kind == IQ_FRAGMENT && !ours && pkt->frag_proto != IPPROTO_ESP &&
	    pkt->frag_proto != IPPROTO_AH)
		c->kind = IQ_OTHER;
	return true;
}

bool iq_classify(struct iq_net *iqn, struct sk_buff *skb,
		 const struct nf_hook_state *state, struct iq_class *c)
{
	c->kind = iq_parse_skb(iqn, skb, &c->pkt);
	if (unlikely(c->kind == IQ_FRAGMENT || c->pkt.first) &&
	    !iq_classify_fragment(iqn, skb, state, c))
		return false;
	if (c->kind == IQ_OTHER)
		return true;
	c->in = state->hook == NF_INET_PRE_ROUTING;
	c->packets = iq_counted(skb, state) ? 0 : iq_skb_packets(skb);
	return true;
}
