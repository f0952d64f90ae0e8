// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "compat.h"
#include "conf.h"
#include "debug.h"
#include "feature.h"

static int iq_conf_ports(const struct nlattr *attr, u8 *n, u16 *port,
			 struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	if (nla_len(attr) % sizeof(u16)) {
		iq_err(extack, attr, "%d bytes are no list of ports",
		       nla_len(attr));
		return -EINVAL;
	}
	*n = nla_len(attr) / sizeof(u16);
	memcpy(port, nla_data(attr), nla_len(attr));
	return 0;
}

/* No port 0, and none that would be two things at once. */
static int iq_conf_ports_check(const struct iq_ports *p, struct nlattr **tb,
			       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[IPSEC_QOS_CONF_A_NATT_PORTS] ?:
				    tb[IPSEC_QOS_CONF_A_IKE_PORTS];
	u16 port[2 * IQ_PARSE_PORTS];
	int i, j, n = p->n_ike + p->n_natt;

	memcpy(port, p->ike, p->n_ike * sizeof(u16));
	memcpy(port + p->n_ike, p->natt, p->n_natt * sizeof(u16));
	for (i = 0; i < n; i++) {
		if (!port[i]) {
			iq_err(extack, attr, "a port is 1 to 65535");
			return -EINVAL;
		}
		for (j = 0; j < i; j++) {
			if (port[i] != port[j])
				continue;
			iq_err(extack, attr, "port %u is named twice", port[i]);
			return -EINVAL;
		}
	}
	return 0;
}

int iq_conf_ceiling(const struct nlattr *attr, u32 max, bool machine,
		    struct netlink_ext_ack *extack)
{
	if (!attr || nla_get_u32(attr) <= max || machine)
		return 0;
	iq_err(extack, attr, "only the machine's administrator sets more than %u",
	       max);
	return -EPERM;
}

/* The core's own part; NULL with an error in @err. */
static struct iq_settings *iq_conf_prepare(const struct iq_settings *old,
					   struct nlattr **tb, bool machine, int *err,
					   struct netlink_ext_ack *extack)
{
	struct iq_settings *s = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);

	*err = -ENOMEM;
	if (!s)
		return NULL;
	*err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_GROUPS], IPSEC_QOS_MAX_GROUPS,
			       machine, extack);
	if (!*err)
		*err = iq_conf_ports(tb[IPSEC_QOS_CONF_A_IKE_PORTS],
				     &s->ports.n_ike, s->ports.ike, extack);
	if (!*err)
		*err = iq_conf_ports(tb[IPSEC_QOS_CONF_A_NATT_PORTS],
				     &s->ports.n_natt, s->ports.natt, extack);
	if (!*err)
		*err = iq_conf_ports_check(&s->ports, tb, extack);
	if (*err) {
		kfree(s);
		return NULL;
	}
	iq_ports_some(&s->ports);
	return s;
}

int iq_conf_set(struct iq_net *iqn, struct nlattr **tb, bool machine,
		struct netlink_ext_ack *extack)
{
	struct iq_settings *old = iq_conf_settings(iqn), *s;
	void *plan[__IQ_FEATURE_MAX] = {};
	const struct iq_feature *f;
	unsigned int i;
	int err;

	s = iq_conf_prepare(old, tb, machine, &err, extack);
	if (!s)
		return err;
	iq_for_each_feature(f, i) {
		err = f->settings ? f->settings->prepare(iqn, tb, machine, &plan[i],
							 extack) : 0;
		if (err)
			goto abort;
	}

	rcu_assign_pointer(iqn->settings, s);
	kfree_rcu(old, rcu);
	if (tb[IPSEC_QOS_CONF_A_MAX_GROUPS])
		iqn->max_groups = nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_GROUPS]);
	iq_for_each_feature(f, i)
		if (f->settings)
			f->settings->commit(iqn, tb, plan[i]);
	iq_debug(iqn, "settings changed");
	return 0;

abort:
	iq_debug(iqn, "%s refuses the settings: error %d", f->name, err);
	iq_for_each_feature_before(f, i)
		if (f->settings)
			f->settings->abort(iqn, plan[i]);
	kfree(s);
	return err;
}

int iq_conf_init(struct iq_net *iqn)
{
	struct iq_settings *settings = kzalloc(sizeof(*settings), GFP_KERNEL_ACCOUNT);

	if (!settings)
		return -ENOMEM;
	settings->ports = (struct iq_ports) {
		.n_ike = 1, .ike = { 500 },
		.n_natt = 1, .natt = { 4500 },
	};
	iq_ports_some(&settings->ports);
	RCU_INIT_POINTER(iqn->settings, settings);
	return 0;
}

void iq_conf_exit(struct iq_net *iqn)
{
	kfree(rcu_dereference_protected(iqn->settings, true));
}
