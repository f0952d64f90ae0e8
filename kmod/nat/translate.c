// SPDX-License-Identifier: GPL-2.0
#include <linux/icmp.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/netfilter_ipv4.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "core/classify.h"
#include "core/compat.h"
#include "core/trace.h"
#include "entry.h"
#include "match.h"
#include "nat.h"
#include "translate.h"

static bool iq_prefix_match(__be32 addr, __be32 prefix, __be32 mask)
{
	return !((addr ^ prefix) & mask);
}

static bool iq_dev_match(const struct net_device *dev, const char *name)
{
	return dev && !strncmp(dev->name, name, IFNAMSIZ);
}

static bool iq_rule_inside(const struct iq_nat_conf *conf,
			   const struct net_device *in, __be32 src, __be32 dst)
{
	return (conf->inside_dev[0] ? iq_dev_match(in, conf->inside_dev) :
				      !iq_dev_match(in, conf->outside_dev)) &&
	       iq_prefix_match(src, conf->inside, conf->inside_mask) &&
	       iq_prefix_match(dst, conf->responder, conf->responder_mask);
}

static bool iq_rule_outside(const struct iq_nat_conf *conf,
			    const struct net_device *in, __be32 src, __be32 dst)
{
	return iq_dev_match(in, conf->outside_dev) &&
	       (!conf->global || conf->global == dst) &&
	       iq_prefix_match(src, conf->responder, conf->responder_mask);
}

/* Is it one that a rule is about? */
static bool iq_concerns(struct iq_nat *nat, const struct nf_hook_state *state,
			__be32 src, __be32 dst)
{
	const struct iq_nat_conf *conf;
	struct iq_nat_rule *rule;

	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (iq_rule_inside(conf, state->in, src, dst) ||
		    iq_rule_outside(conf, state->in, src, dst))
			return true;
	}
	return false;
}

/* Has conntrack been told to leave it alone? */
static bool iq_is_untracked(const struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;

	return !nf_ct_get(skb, &ctinfo) && ctinfo == IP_CT_UNTRACKED;
}

/* What it was told before, of a zone say, does not count any more. */
static void iq_untracked(struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (ct) {
		if (!nf_ct_is_template(ct))
			return;
		nf_reset_ct(skb);
	}
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
}

/*
 * Another address into the IP header at @off. Its checksum makes up for it, so that
 * no sum over the whole header changes.
 */
static bool iq_set_addr(struct sk_buff *skb, unsigned int off, bool dst, __be32 addr)
{
	struct iphdr *ip;
	__be32 *field;

	if (skb_ensure_writable(skb, off + sizeof(*ip)))
		return false;
	ip = (void *)(skb->data + off);
	field = dst ? &ip->daddr : &ip->saddr;
	csum_replace4(&ip->check, *field, addr);
	*field = addr;
	return true;
}

static void iq_dir_count(struct iq_nat_dir *d, struct iq_nat_rule *rule,
			 enum ipsec_qos_nat_counter which, const struct sk_buff *skb)
{
	u32 packets = iq_skb_packets(skb);

	atomic64_add(packets, &d->packets);
	atomic64_add(skb->len, &d->bytes);
	iq_nat_count(rule, which, packets, skb->len);
}

/*
 * The SPI of ESP whose IP header is at @off; 0: it cannot be told, or is reserved.
 * Fragments are put together before, but for those that came when there was no rule.
 */
static __be32 iq_esp_spi(const struct sk_buff *skb, unsigned int off,
			 const struct iphdr *ip)
{
	__be32 buf;
	const __be32 *spi = skb_header_pointer(skb, off + ip->ihl * 4, sizeof(buf), &buf);

	if (!spi || ip->frag_off & htons(IP_OFFSET))
		return 0;
	return be32_to_cpu(*spi) >= IQ_SPI_MIN ? *spi : 0;
}

/**
 * struct iq_inner - the ESP packet that an ICMP error is about
 *
 * @off: where its IP header begins
 */
struct iq_inner {
	unsigned int off;
	__be32 src;
	__be32 dst;
	__be32 spi;
};

static bool iq_icmp_inner(const struct sk_buff *skb, struct iq_inner *inner)
{
	const struct iphdr *ip = ip_hdr(skb), *in;
	unsigned int off = skb_network_offset(skb) + ip->ihl * 4;
	struct icmphdr icmp_buf;
	const struct icmphdr *icmp;
	struct iphdr buf;

	icmp = skb_header_pointer(skb, off, sizeof(icmp_buf), &icmp_buf);
	if (ip_is_fragment(ip) || !icmp || !icmp_is_err(icmp->type))
		return false;
	inner->off = off + sizeof(*icmp);
	in = skb_header_pointer(skb, inner->off, sizeof(buf), &buf);
	if (!in || in->version != 4 || in->ihl < 5 || in->protocol != IPPROTO_ESP)
		return false;
	inner->src = in->saddr;
	inner->dst = in->daddr;
	inner->spi = iq_esp_spi(skb, inner->off, in);
	return inner->spi;
}

/* This host's own, though it came to an address that is translated. */
static bool iq_own_sa(const struct iq_nat *nat, const struct sk_buff *skb, __be32 spi)
{
	xfrm_address_t addr = { .a4 = ip_hdr(skb)->daddr };
	struct xfrm_state *x;

	x = xfrm_state_lookup(nat->iqn->net, skb->mark, &addr, spi, IPPROTO_ESP,
			      AF_INET);
	if (!x)
		return false;
	xfrm_state_put(x);
	return true;
}

static bool iq_own_addr(const struct net_device *dev, __be32 addr)
{
	return inet_addr_type_dev_table(dev_net(dev), dev, addr) == RTN_LOCAL;
}

static unsigned int iq_deliver(struct sk_buff *skb, struct iq_nat_entry *e,
			       struct iq_nat_rule *rule)
{
	struct iq_nat_dir *d = &e->dir[IQ_NAT_IN];

	iq_untracked(skb);
	if (!iq_set_addr(skb, skb_network_offset(skb), true, READ_ONCE(d->inside)))
		return NF_DROP;
	iq_dir_count(d, rule, IPSEC_QOS_NAT_COUNTER_IN, skb);
	return NF_ACCEPT;
}

/*
 * It is nobody's. Of this host's own SA with a mark, which is still to be set? Else xfrm
 * drops it.
 */
static unsigned int iq_refuse(struct iq_nat *nat, struct sk_buff *skb,
			      const struct nf_hook_state *state,
			      struct iq_nat_rule *rule, __be32 dst)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;

	iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_UNMATCHED, iq_skb_packets(skb),
		     skb->len);
	if (!READ_ONCE(nat->iqn->net->xfrm.state_num) || !iq_own_addr(state->in, dst) ||
	    ip_hdr(skb)->daddr != dst)
		return NF_DROP;
	ct = nf_ct_get(skb, &ctinfo);
	if (ct && !nf_ct_is_confirmed(ct))
		nf_reset_ct(skb);
	iq_untracked(skb);
	return NF_ACCEPT;
}

/*
 * From outside: by a known association; else it is matched. What no rule knows of goes
 * on to conntrack, as if there was none: iq_esp_unknown() has it next. False: it is not
 * for any rule's address.
 */
static bool iq_esp_in(struct iq_nat *nat, struct sk_buff *skb,
		      const struct nf_hook_state *state, unsigned int *verdict)
{
	const struct iphdr *ip = ip_hdr(skb);
	__be32 src = ip->saddr, dst = ip->daddr, spi;
	struct iq_nat_rule *rule, *first = NULL;
	const struct iq_nat_conf *conf;
	bool collided, any = false, routed = false;
	struct iq_nat_entry *e;

	spi = iq_esp_spi(skb, skb_network_offset(skb), ip);
	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (!iq_rule_outside(conf, state->in, src, dst))
			continue;
		e = spi ? iq_nat_find_in(nat, rule, src, spi) : NULL;
		if (e && READ_ONCE(e->dir[IQ_NAT_IN].global) == dst) {
			iq_nat_use(&e->dir[IQ_NAT_IN]);
			*verdict = iq_deliver(skb, e, rule);
			return true;
		}
		if (!first)
			first = rule;
		routed |= !!conf->global;
	}
	/* An address that a rule names may be one that is only routed here. */
	if (!first || (!routed && !iq_own_addr(state->in, dst)) ||
	    iq_own_sa(nat, skb, spi))
		return false;
	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (!spi || !iq_rule_outside(conf, state->in, src, dst))
			continue;
		e = iq_nat_match(nat, rule, conf, dst, src, spi, &collided);
		if (collided) {
			trace_iq_collided(nat->iqn, skb, rule->id, spi,
					  e ? iq_nat_inside(e) : 0);
			iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_COLLISION,
				     iq_skb_packets(skb), skb->len);
		}
		if (e) {
			trace_iq_matched(nat->iqn, skb, rule->id, spi, iq_nat_inside(e));
			*verdict = iq_deliver(skb, e, rule);
			return true;
		}
		any |= collided;
	}
	/* One of the nodes' it is, or conntrack will not see it. */
	*verdict = any || iq_is_untracked(skb) ?
		   iq_refuse(nat, skb, state, first, dst) : NF_ACCEPT;
	return true;
}

/* Is @addr one of a rule's nodes, where packets to it are sent? */
static bool iq_node_addr(const struct iq_nat_conf *conf,
			 const struct nf_hook_state *state, __be32 addr)
{
	struct flowi4 fl4 = {
		.flowi4_oif = l3mdev_master_ifindex_rcu(state->in),
		.daddr = addr,
	};
	struct rtable *rt;
	bool inside;

	if (!iq_prefix_match(addr, conf->inside, conf->inside_mask))
		return false;
	if (!conf->inside_dev[0])
		return true;
	rt = ip_route_output_key(state->net, &fl4);
	if (IS_ERR(rt))
		return false;
	inside = iq_dev_match(rt->dst.dev, conf->inside_dev);
	ip_rt_put(rt);
	return inside;
}

/* What comes in by that connection a DNAT has sent to who now answers. */
static bool iq_forwarded_ct(const struct nf_conntrack_tuple *original, __be32 src)
{
	return original->dst.u3.ip != src;
}

/* Is a packet from @src the answer to what a DNAT has sent there? */
static bool iq_forwarded_answer(const struct nf_conn *ct, enum ip_conntrack_info ctinfo,
				__be32 src)
{
	return CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY &&
	       iq_forwarded_ct(nf_ct_tuple(ct, IP_CT_DIR_ORIGINAL), src);
}

/*
 * From outside, and no node's. Another NAT may have given it another destination: a port
 * forwarding, or masquerade, as it answers to a host that is no node. A masqueraded
 * connection of a node does not count: it is from before there was the rule. What nobody
 * wants is discarded.
 *
 * Or from inside, and iq_esp_leave_alone() could not tell whose answer it may be.
 */
static unsigned int iq_esp_unknown(struct iq_nat *nat, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct iq_nat_rule *rule, *first = NULL;
	bool nodes = false, routed = false, inside = false;
	const struct iq_nat_conf *conf;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;
	__be32 dst;

	ct = nf_ct_get(skb, &ctinfo);
	dst = ct ? nf_ct_tuple(ct, CTINFO2DIR(ctinfo))->dst.u3.ip : ip->daddr;
	if (dst != ip->daddr && CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL)
		return NF_ACCEPT;
	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		inside |= iq_rule_inside(conf, state->in, ip->saddr, dst);
		if (!iq_rule_outside(conf, state->in, ip->saddr, dst))
			continue;
		if (!first)
			first = rule;
		routed |= !!conf->global;
		nodes |= dst != ip->daddr &&
			 iq_node_addr(conf, state, ip->daddr);
	}
	if (!first && inside && ct && !iq_forwarded_answer(ct, ctinfo, ip->saddr) &&
	    !iq_own_addr(state->in, dst)) {
		nf_reset_ct(skb);
		iq_untracked(skb);
	}
	if (!first || (dst != ip->daddr && !nodes) ||
	    (!routed && !iq_own_addr(state->in, dst)) ||
	    iq_own_sa(nat, skb, iq_esp_spi(skb, skb_network_offset(skb), ip)))
		return NF_ACCEPT;
	return iq_refuse(nat, skb, state, first, dst);
}

/*
 * An error that somebody outside has with what an inside node sent; or one from
 * inside with what came in, which is translated on its way out.
 */
static unsigned int iq_icmp_in(struct iq_nat *nat, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	__be32 dst = ip_hdr(skb)->daddr, inside;
	const struct iq_nat_conf *conf;
	struct iq_nat_rule *rule;
	struct iq_nat_entry *e;
	struct iq_inner inner;

	if (!iq_icmp_inner(skb, &inner))
		return NF_ACCEPT;
	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (iq_rule_inside(conf, state->in, inner.dst, inner.src)) {
			e = iq_nat_find_in(nat, rule, inner.src, inner.spi);
			if (e && iq_nat_inside(e) == inner.dst)
				iq_untracked(skb);
			continue;
		}
		if (inner.src != dst ||
		    !iq_rule_outside(conf, state->in, inner.dst, dst))
			continue;
		e = iq_nat_find_out(nat, rule, inner.dst, inner.spi);
		if (!e || iq_nat_global(e) != dst)
			continue;
		inside = READ_ONCE(e->dir[IQ_NAT_OUT].inside);
		iq_untracked(skb);
		if (!iq_set_addr(skb, inner.off, false, inside) ||
		    !iq_set_addr(skb, skb_network_offset(skb), true, inside))
			return NF_DROP;
		iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_ICMP, 1, skb->len);
		return NF_ACCEPT;
	}
	return NF_ACCEPT;
}

/*
 * Likewise, of a packet that conntrack is still to see. It can be asked for the zone that
 * is everybody's; of another iq_esp_unknown() is to find out.
 */
static bool iq_maybe_forwarded(const struct sk_buff *skb)
{
	struct nf_conntrack_tuple other;

	if (skb_nfct(skb))
		return true;
	/* Of the other direction than the packet's. */
	return nf_ct_get_tuple_skb(&other, skb) &&
	       other.dst.dir == IP_CT_DIR_ORIGINAL &&
	       iq_forwarded_ct(&other, ip_hdr(skb)->saddr);
}

/*
 * On its way out it is this router's to translate, not conntrack's; unless it is for
 * the router itself, or an answer to what came by a port forwarding. By which
 * interface it leaves is not known yet.
 */
static void iq_esp_leave_alone(struct iq_nat *nat, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	const struct iq_nat_conf *conf;
	struct iq_nat_rule *rule;
	struct iq_nat_entry *e;
	__be32 spi;

	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (!iq_rule_inside(conf, state->in, ip->saddr, ip->daddr))
			continue;
		spi = iq_esp_spi(skb, skb_network_offset(skb), ip);
		e = spi ? iq_nat_find_out(nat, rule, ip->daddr, spi) : NULL;
		if (!e && iq_own_addr(state->in, ip->daddr))
			return;
		/* Not iq_nat_state(): what packets out need is in one cache line. */
		if ((e && READ_ONCE(e->dir[IQ_NAT_OUT].state) == IPSEC_QOS_NAT_CONFIRMED) ||
		    !iq_maybe_forwarded(skb))
			iq_untracked(skb);
		return;
	}
}

unsigned int iq_translate_in(struct iq_net *iqn, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	unsigned int verdict = NF_ACCEPT;

	if (ip_is_fragment(ip) && ip->protocol == IPPROTO_ICMP)
		return NF_ACCEPT;
	local_bh_disable();
	if (ip_is_fragment(ip) && iq_concerns(iq_nat(iqn), state, ip->saddr, ip->daddr)) {
		/* As nf_defrag_ipv4, which may not be there, and its frag queue. */
		if (ip_defrag(state->net, skb, IP_DEFRAG_CONNTRACK_IN)) {
			verdict = NF_STOLEN;
			goto out;
		}
		ip_send_check(ip_hdr(skb));
		skb->ignore_df = 1;
	}
	ip = ip_hdr(skb);
	if (ip_is_fragment(ip))
		goto out;
	if (ip->protocol == IPPROTO_ICMP) {
		verdict = iq_icmp_in(iq_nat(iqn), skb, state);
		goto out;
	}
	if (!iq_esp_in(iq_nat(iqn), skb, state, &verdict))
		iq_esp_leave_alone(iq_nat(iqn), skb, state);
out:
	local_bh_enable();
	return verdict;
}

unsigned int iq_translate_unknown(struct iq_net *iqn, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	unsigned int verdict;

	/* What is untracked has been decided. */
	if (iq_is_untracked(skb) || ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	local_bh_disable();
	verdict = iq_esp_unknown(iq_nat(iqn), skb, state);
	local_bh_enable();
	return verdict;
}

/* The address that masquerade would choose (nf_nat_masquerade.c). */
static __be32 iq_global(const struct iq_nat_conf *conf, const struct sk_buff *skb,
			const struct net_device *out)
{
	return conf->global ?:
	       inet_select_addr(out, rt_nexthop(skb_rtable(skb), ip_hdr(skb)->daddr),
				RT_SCOPE_UNIVERSE);
}

static unsigned int iq_esp_out(struct iq_nat *nat, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);
	enum ip_conntrack_info ctinfo;
	const struct iq_nat_conf *conf;
	struct iq_nat_rule *rule;
	const struct nf_conn *ct;
	struct iq_nat_entry *e;
	__be32 spi, global;

	/* An answer of who has a port forwarding: conntrack gives it its source. */
	ct = nf_ct_get(skb, &ctinfo);
	if (ct && iq_forwarded_answer(ct, ctinfo, ip->saddr))
		return NF_ACCEPT;

	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (!iq_dev_match(state->out, conf->outside_dev) ||
		    !iq_rule_inside(conf, state->in, ip->saddr, ip->daddr))
			continue;
		if (ip->protocol == IPPROTO_AH) {
			iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_AH,
				     iq_skb_packets(skb), skb->len);
			return NF_DROP;
		}
		spi = iq_esp_spi(skb, skb_network_offset(skb), ip);
		global = iq_global(conf, skb, state->out);
		if (!spi || !global)
			return NF_DROP;
		e = iq_nat_send(nat, rule, conf, ip->saddr, global, ip->daddr, spi);
		if (!e || !iq_set_addr(skb, skb_network_offset(skb), false, global))
			return NF_DROP;
		iq_dir_count(&e->dir[IQ_NAT_OUT], rule, IPSEC_QOS_NAT_COUNTER_OUT, skb);
		return NF_ACCEPT;
	}
	return NF_ACCEPT;
}

/* An error that an inside node, or this host, has with what came from outside. */
static unsigned int iq_icmp_out(struct iq_nat *nat, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	const struct iq_nat_conf *conf;
	struct iq_nat_rule *rule;
	struct iq_nat_entry *e;
	struct iq_inner inner;
	__be32 global;

	if (!iq_icmp_inner(skb, &inner))
		return NF_ACCEPT;
	list_for_each_entry_rcu(rule, &nat->rules, list) {
		conf = rcu_dereference(rule->conf);
		if (!iq_dev_match(state->out, conf->outside_dev))
			continue;
		e = iq_nat_find_in(nat, rule, inner.src, inner.spi);
		if (!e || iq_nat_inside(e) != inner.dst)
			continue;
		global = iq_nat_global(e);
		if (!iq_set_addr(skb, inner.off, true, global) ||
		    !iq_set_addr(skb, skb_network_offset(skb), false, global))
			return NF_DROP;
		iq_nat_count(rule, IPSEC_QOS_NAT_COUNTER_ICMP, 1, skb->len);
		return NF_ACCEPT;
	}
	return NF_ACCEPT;
}

unsigned int iq_translate_out(struct iq_net *iqn, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	unsigned int verdict = NF_ACCEPT;

	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_ESP:
	case IPPROTO_AH:
		/* What goes into an SA of this host's leaves as another packet. */
		if (!(IPCB(skb)->flags & IPSKB_FORWARDED) || skb_dst(skb)->xfrm)
			break;
		local_bh_disable();
		verdict = iq_esp_out(iq_nat(iqn), skb, state);
		local_bh_enable();
		break;
	case IPPROTO_ICMP:
		local_bh_disable();
		verdict = iq_icmp_out(iq_nat(iqn), skb, state);
		local_bh_enable();
		break;
	}
	return verdict;
}
