// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/netlink.h>

#include "core/compat.h"
#include "core/hooks.h"
#include "element.h"
#include "settings.h"
#include "state.h"
#include "unknown.h"

/* What is to be done from now on, into @conf */
static int iq_unknown_get(struct iq_net *iqn, struct nlattr **tb, struct iq_steer_conf *conf,
			  struct netlink_ext_ack *extack)
{
	const struct nlattr *unknown = tb[IPSEC_QOS_CONF_A_UNKNOWN];
	const struct nlattr *element = tb[IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT];
	const struct nlattr *rate = tb[IPSEC_QOS_CONF_A_UNKNOWN_RATE];

	if (rate)
		conf->rate = nla_get_u32(rate);
	if (element && !(unknown && nla_get_u8(unknown) == IPSEC_QOS_UNKNOWN_RELAY)) {
		iq_err(extack, element, "only relay takes an element for unknown SPIs");
		return -EINVAL;
	}
	if (!unknown)
		return 0;
	conf->unknown = nla_get_u8(unknown);
	conf->element = NULL;
	if (conf->unknown != IPSEC_QOS_UNKNOWN_RELAY)
		return 0;
	if (!element) {
		iq_err(extack, unknown, "the element to relay unknown SPIs to is missing");
		return -EINVAL;
	}
	conf->element = iq_element_find(iqn, nla_get_u32(element), NULL);
	if (conf->element)
		return 0;
	iq_err(extack, element, "no element %u", nla_get_u32(element));
	return -ENOENT;
}

static int iq_steer_prepare(struct iq_net *iqn, struct nlattr **tb, bool machine,
			    void **plan, struct netlink_ext_ack *extack)
{
	struct iq_steer_conf *old, *conf;
	int err;

	if (!tb[IPSEC_QOS_CONF_A_UNKNOWN] && !tb[IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT] &&
	    !tb[IPSEC_QOS_CONF_A_UNKNOWN_RATE])
		return 0;
	err = iq_steer_init(iqn);
	if (err)
		return err;
	old = iq_steer_conf(iq_steer(iqn));
	conf = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);
	if (!conf)
		return -ENOMEM;
	err = iq_unknown_get(iqn, tb, conf, extack);
	if (!err && conf->unknown != IPSEC_QOS_UNKNOWN_OFF)
		err = iq_unknown_init(iq_steer(iqn));
	/* Whichever of the two packets find. */
	if (!err)
		err = iq_hooks_update(iqn, IQ_HOOKS_UNKNOWN,
				      conf->unknown != IPSEC_QOS_UNKNOWN_OFF ||
				      old->unknown != IPSEC_QOS_UNKNOWN_OFF);
	if (err)
		kfree(conf);
	else
		*plan = conf;
	return err;
}

static void iq_steer_commit(struct iq_net *iqn, struct nlattr **tb, void *plan)
{
	struct iq_steer_conf *conf = plan, *old;

	if (!conf)
		return;
	old = rcu_replace_pointer(iq_steer(iqn)->conf, conf,
				  lockdep_is_held(&iqn->config_lock));
	kfree_rcu(old, rcu);
	iq_hooks_update(iqn, IQ_HOOKS_UNKNOWN, conf->unknown != IPSEC_QOS_UNKNOWN_OFF);
}

static void iq_steer_abort(struct iq_net *iqn, void *plan)
{
	if (!plan)
		return;
	kfree(plan);
	iq_hooks_update(iqn, IQ_HOOKS_UNKNOWN,
			iq_steer_conf(iq_steer(iqn))->unknown != IPSEC_QOS_UNKNOWN_OFF);
}

static int iq_steer_put(struct sk_buff *skb, struct iq_net *iqn)
{
	static const struct iq_steer_conf none = { .rate = IPSEC_QOS_UNKNOWN_RATE };
	const struct iq_steer_conf *conf = iq_steer(iqn) ? iq_steer_conf(iq_steer(iqn)) : &none;

	return nla_put_u8(skb, IPSEC_QOS_CONF_A_UNKNOWN, conf->unknown) ||
	       (conf->element && nla_put_u32(skb, IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT,
					     conf->element->target.id)) ||
	       nla_put_u32(skb, IPSEC_QOS_CONF_A_UNKNOWN_RATE, conf->rate) ? -EMSGSIZE : 0;
}

const struct iq_feature_settings iq_steer_settings = {
	.prepare = iq_steer_prepare,
	.commit = iq_steer_commit,
	.abort = iq_steer_abort,
	.put = iq_steer_put,
};
