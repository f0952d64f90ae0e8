// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "compat.h"
#include "conf.h"
#include "hooks.h"

struct netlink_range_validation iq_max_sas_range = {
	.min = 1, .max = IPSEC_QOS_MAX_SAS_LIMIT,
};

struct netlink_range_validation iq_max_ikes_range = {
	.min = 1, .max = IPSEC_QOS_MAX_IKES_LIMIT,
};

struct netlink_range_validation iq_max_groups_range = {
	.min = 1, .max = IPSEC_QOS_MAX_GROUPS_LIMIT,
};

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

static const struct nla_policy iq_fallback_policy[IPSEC_QOS_FALLBACK_A_MAX + 1] = {
	[IPSEC_QOS_FALLBACK_A_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[IPSEC_QOS_FALLBACK_A_MARK] = { .type = NLA_U32 },
	[IPSEC_QOS_FALLBACK_A_MASK] = NLA_POLICY_MIN(NLA_U32, 1),
};

static int iq_conf_fallback_entry(const struct nlattr *entry,
				  struct iq_settings *s,
				  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_FALLBACK_A_MAX + 1];
	u32 mark, mask = ~0;
	u8 dscp;
	int err;

	if (nla_type(entry) != IPSEC_QOS_FALLBACK_A_ENTRY) {
		iq_err(extack, entry, "the fall-back table holds entries alone");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, IPSEC_QOS_FALLBACK_A_MAX, entry,
			       iq_fallback_policy, extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_FALLBACK_A_DSCP] || !tb[IPSEC_QOS_FALLBACK_A_MARK]) {
		iq_err(extack, entry, "a fall-back needs a DSCP and a mark");
		return -EINVAL;
	}
	dscp = nla_get_u8(tb[IPSEC_QOS_FALLBACK_A_DSCP]);
	mark = nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MARK]);
	if (tb[IPSEC_QOS_FALLBACK_A_MASK])
		mask = nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MASK]);
	if (mark & ~mask) {
		iq_err(extack, tb[IPSEC_QOS_FALLBACK_A_MARK],
		       "mark 0x%x has bits outside of mask 0x%x", mark, mask);
		return -EINVAL;
	}
	if (s->fallback[dscp].mask) {
		iq_err(extack, entry, "DSCP %u is named twice", dscp);
		return -EINVAL;
	}
	s->fallback[dscp].mark = mark;
	s->fallback[dscp].mask = mask;
	s->has_fallback = true;
	return 0;
}

/* The attribute states the whole table. */
static int iq_conf_fallback(const struct nlattr *attr, struct iq_settings *s,
			    struct netlink_ext_ack *extack)
{
	const struct nlattr *entry;
	int rem, err;

	if (!attr)
		return 0;
	memset(s->fallback, 0, sizeof(s->fallback));
	s->has_fallback = false;
	nla_for_each_nested(entry, attr, rem) {
		err = iq_conf_fallback_entry(entry, s, extack);
		if (err)
			return err;
	}
	if (rem) {
		iq_err(extack, attr, "%d bytes behind the last fall-back", rem);
		return -EINVAL;
	}
	return 0;
}

/*
 * What a ceiling bounds is the machine's memory: who is root in a container
 * alone may lower one, and raise it again up to what it is by itself.
 */
static int iq_conf_ceiling(const struct nlattr *attr, u32 max, bool machine,
			   struct netlink_ext_ack *extack)
{
	if (!attr || nla_get_u32(attr) <= max || machine)
		return 0;
	iq_err(extack, attr, "only the machine's administrator sets more than %u",
	       max);
	return -EPERM;
}

int iq_conf_set(struct iq_net *iqn, struct nlattr **tb, bool machine,
		struct netlink_ext_ack *extack)
{
	struct iq_settings *old = iq_conf_settings(iqn), *s;
	int err;

	s = kmemdup(old, sizeof(*old), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_SAS], IPSEC_QOS_MAX_SAS,
			      machine, extack);
	if (!err)
		err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_IKES],
				      IPSEC_QOS_MAX_IKES, machine, extack);
	if (!err)
		err = iq_conf_ceiling(tb[IPSEC_QOS_CONF_A_MAX_GROUPS],
				      IPSEC_QOS_MAX_GROUPS, machine, extack);
	if (!err)
		err = iq_conf_ports(tb[IPSEC_QOS_CONF_A_IKE_PORTS],
				    &s->ports.n_ike, s->ports.ike, extack);
	if (!err)
		err = iq_conf_ports(tb[IPSEC_QOS_CONF_A_NATT_PORTS],
				    &s->ports.n_natt, s->ports.natt, extack);
	if (!err)
		err = iq_conf_ports_check(&s->ports, tb, extack);
	if (!err)
		err = iq_conf_fallback(tb[IPSEC_QOS_CONF_A_FALLBACK], s, extack);
	if (err)
		goto free;
	iq_ports_some(&s->ports);

	rcu_assign_pointer(iqn->settings, s);
	err = iq_hooks_ask(iqn, iqn->n_groups, iqn->n_priority);
	if (err) {
		rcu_assign_pointer(iqn->settings, old);
		old = s;
	}
	kfree_rcu(old, rcu);
	if (err)
		return err;

	spin_lock_bh(&iqn->table_lock);
	if (tb[IPSEC_QOS_CONF_A_MAX_SAS])
		iqn->tables[IQ_TABLE_SA].max =
			nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_SAS]);
	if (tb[IPSEC_QOS_CONF_A_MAX_IKES])
		iqn->tables[IQ_TABLE_IKE].max =
			nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_IKES]);
	spin_unlock_bh(&iqn->table_lock);
	if (tb[IPSEC_QOS_CONF_A_MAX_GROUPS])
		iqn->max_groups = nla_get_u32(tb[IPSEC_QOS_CONF_A_MAX_GROUPS]);
	return 0;

free:
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
