// SPDX-License-Identifier: GPL-2.0
#include <linux/ip.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/ipv6.h>

#include "attach.h"
#include "core/classify.h"
#include "core/compat.h"
#include "core/hooks.h"
#include "core/onward.h"
#include "range.h"
#include "service.h"

/* Packets */

static bool iq_range_meets(const struct iq_range *r, const struct sk_buff *skb, bool four)
{
	if (!r || !r->len[!four])
		return false;
	if (four) {
		__be32 addr = r->addr[0].s6_addr32[0], mask = r->mask[0].s6_addr32[0];

		return !((ip_hdr(skb)->saddr ^ addr) & mask) ||
		       !((ip_hdr(skb)->daddr ^ addr) & mask);
	}
	return !ipv6_masked_addr_cmp(&ipv6_hdr(skb)->saddr, &r->mask[1], &r->addr[1]) ||
	       !ipv6_masked_addr_cmp(&ipv6_hdr(skb)->daddr, &r->mask[1], &r->addr[1]);
}

bool iq_range_ends(struct iq_net *iqn, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct iq_chains *ch = iq_chains(iqn);
	u8 mac[ETH_ALEN];
	struct iq_at at;

	if (likely(!iq_range_meets(rcu_dereference(ch->range), skb,
				   state->pf == NFPROTO_IPV4)) || !iq_onward_host(skb))
		return false;
	iq_attach_from(ch, skb, state->in, mac, &at);
	if (!at.device)
		return false;
	/* What a queue ahead of it had comes back in process context. */
	local_bh_disable();
	iq_device_count(at.device, IPSEC_QOS_DEVICE_COUNTER_CHECKED, iq_skb_packets(skb),
			skb->len);
	local_bh_enable();
	consume_skb(skb);
	return true;
}

/* Settings */

static struct iq_range *iq_range(const struct iq_chains *ch)
{
	return rcu_dereference_protected(ch->range, lockdep_is_held(&ch->iqn->config_lock));
}

static bool iq_range_some(const struct iq_range *r)
{
	return r && (r->len[0] || r->len[1]);
}

static bool iq_range_within(const struct iq_range *r, u8 family, const struct in6_addr *addr,
			    u8 len)
{
	bool wide = family == AF_INET6;

	return r && r->len[wide] && len >= r->len[wide] &&
	       !ipv6_masked_addr_cmp(addr, &r->mask[wide], &r->addr[wide]);
}

bool iq_range_has(const struct iq_chains *ch, u8 family, const struct in6_addr *addr, u8 len)
{
	return iq_range_within(iq_range(ch), family, addr, len);
}

/* No host can have an address of it. */
static bool iq_range_odd(bool wide, const struct in6_addr *addr)
{
	__be32 addr4 = addr->s6_addr32[0];

	if (wide)
		return ipv6_addr_type(addr) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK |
					       IPV6_ADDR_LINKLOCAL) || ipv6_addr_any(addr);
	return ipv4_is_multicast(addr4) || ipv4_is_loopback(addr4) || ipv4_is_zeronet(addr4) ||
	       ipv4_is_lbcast(addr4);
}

/* @attr: an address, and behind it a length; or nothing */
static int iq_range_get(const struct nlattr *attr, bool wide, struct iq_range *r,
			struct netlink_ext_ack *extack)
{
	u32 bytes = wide ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	u8 min = wide ? IPSEC_QOS_CHECK_IPV6_MIN : IPSEC_QOS_CHECK_IPV4_MIN;
	struct in6_addr *addr = &r->addr[wide], masked;

	if (!attr)
		return 0;
	r->len[wide] = 0;
	if (!nla_len(attr))
		return 0;
	if (nla_len(attr) != bytes + 1) {
		iq_err(extack, attr, "%d bytes are no address of %u and a length",
		       nla_len(attr), bytes);
		return -EINVAL;
	}
	*addr = (struct in6_addr) {};
	memcpy(addr, nla_data(attr), bytes);
	r->len[wide] = ((const u8 *)nla_data(attr))[bytes];
	if (r->len[wide] < min || r->len[wide] >= 8 * bytes) {
		iq_err(extack, attr, "a length of %u: the range for checks has %u to %u",
		       r->len[wide], min, 8 * bytes - 1);
		return -ERANGE;
	}
	iq_len_mask(&r->mask[wide], r->len[wide]);
	ipv6_addr_prefix(&masked, addr, r->len[wide]);
	if (!ipv6_addr_equal(&masked, addr)) {
		iq_err(extack, attr, "the address has bits behind the %u of its prefix",
		       r->len[wide]);
		return -EINVAL;
	}
	if (iq_range_odd(wide, addr)) {
		iq_err(extack, attr, "no host can have an address of that range");
		return -EINVAL;
	}
	return 0;
}

static bool iq_range_has_spec(const struct iq_range *r, const struct iq_spec *spec)
{
	const struct iq_segment *seg;
	u32 i;

	if (iq_range_within(r, spec->family, &spec->addr, spec->len))
		return true;
	for (i = 0, seg = spec->segment; i < spec->n_segments; i++, seg++)
		if ((seg->has_to && iq_range_within(r, spec->family, &seg->to, 128)) ||
		    (seg->has_from && iq_range_within(r, spec->family, &seg->from, 128)))
			return true;
	return false;
}

static int iq_range_check(struct iq_chains *ch, const struct iq_range *r,
			  const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct iq_object *o;
	unsigned long i;

	xa_for_each(&ch->services.all, i, o) {
		if (iq_range_has_spec(r, iq_service_of(o)->body->spec)) {
			iq_err(extack, attr, "service %s has an address of that range", o->name);
			return -EADDRINUSE;
		}
		cond_resched();
	}
	return 0;
}

static int iq_range_prepare(struct iq_net *iqn, struct nlattr **tb, bool machine, void **plan,
			    struct netlink_ext_ack *extack)
{
	const struct nlattr *four = tb[IPSEC_QOS_CONF_A_CHECK_IPV4];
	const struct nlattr *six = tb[IPSEC_QOS_CONF_A_CHECK_IPV6];
	struct iq_range *r, *old;
	struct iq_chains *ch;
	int err;

	if (!four && !six)
		return 0;
	err = iq_chains_init(iqn);
	if (err)
		return err;
	ch = iq_chains(iqn);
	old = iq_range(ch);
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return -ENOMEM;
	if (old)
		*r = *old;
	err = iq_range_get(four, false, r, extack);
	if (!err)
		err = iq_range_get(six, true, r, extack);
	if (!err)
		err = iq_range_check(ch, r, four ?: six, extack);
	/* Whichever of the two packets find. */
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_CHECK,
				      iq_range_some(r) || iq_range_some(old));
	if (err)
		kfree(r);
	else
		*plan = r;
	return err;
}

static void iq_range_commit(struct iq_net *iqn, struct nlattr **tb, void *plan)
{
	struct iq_chains *ch = iq_chains(iqn);
	struct iq_range *r = plan, *old;

	if (!r)
		return;
	old = rcu_replace_pointer(ch->range, r, lockdep_is_held(&iqn->config_lock));
	if (old)
		kfree_rcu(old, rcu);
	iq_hooks_update(iqn, IQ_HOOKS_CHECK, iq_range_some(r));
}

static void iq_range_abort(struct iq_net *iqn, void *plan)
{
	if (!plan)
		return;
	kfree(plan);
	iq_hooks_update(iqn, IQ_HOOKS_CHECK, iq_range_some(iq_range(iq_chains(iqn))));
}

static int iq_range_put_one(struct sk_buff *skb, int type, const struct iq_range *r, bool wide)
{
	u32 bytes = wide ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	u8 data[sizeof(struct in6_addr) + 1];

	if (!r->len[wide])
		return 0;
	memcpy(data, &r->addr[wide], bytes);
	data[bytes] = r->len[wide];
	return nla_put(skb, type, bytes + 1, data);
}

static int iq_range_put(struct sk_buff *skb, struct iq_net *iqn)
{
	const struct iq_range *r = iq_chains(iqn) ? iq_range(iq_chains(iqn)) : NULL;

	return r && (iq_range_put_one(skb, IPSEC_QOS_CONF_A_CHECK_IPV4, r, false) ||
		     iq_range_put_one(skb, IPSEC_QOS_CONF_A_CHECK_IPV6, r, true)) ?
	       -EMSGSIZE : 0;
}

const struct iq_feature_settings iq_range_settings = {
	.prepare = iq_range_prepare,
	.commit = iq_range_commit,
	.abort = iq_range_abort,
	.put = iq_range_put,
};
