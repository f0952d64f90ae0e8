// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of a network namespace, as attributes and as a call.
 */
#include "lib/kernel/settings.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

#define HAS(conf, x)	((conf)->has & (1U << IPSEC_QOS_CONF_A_##x))

static int put_fallback(struct nl_msg *msg, const struct iq_kernel_fallback *f)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_FALLBACK_A_ENTRY);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U8(msg, IPSEC_QOS_FALLBACK_A_DSCP, f->dscp);
	NLA_PUT_U32(msg, IPSEC_QOS_FALLBACK_A_MARK, f->mark);
	NLA_PUT_U32(msg, IPSEC_QOS_FALLBACK_A_MASK, f->mask);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* An address, and behind it the length of its prefix; or nothing. How many bytes? */
static int range_bytes(const struct iq_kernel_range *r, uint8_t *data)
{
	int bytes = iq_addr_len(&r->addr);

	if (!r->addr.family)
		return 0;
	memcpy(data, r->addr.b, bytes);
	data[bytes] = r->len;
	return bytes + 1;
}

static int put_conf(struct nl_msg *msg, const void *settings)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_CONF);
	const struct iq_conf *conf = settings;
	uint8_t range[sizeof(conf->check_ipv6.addr.b) + 1];
	struct nlattr *table;
	size_t i;

	if (!nest)
		return -ENOMEM;
	if (HAS(conf, MAX_SAS))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_SAS, conf->max_sas);
	if (HAS(conf, MAX_IKES))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_IKES, conf->max_ikes);
	if (HAS(conf, MAX_GROUPS))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_GROUPS, conf->max_groups);
	if (HAS(conf, IKE_PORTS))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_IKE_PORTS,
			conf->n_ike_ports * sizeof(uint16_t), conf->ike_ports);
	if (HAS(conf, NATT_PORTS))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_NATT_PORTS,
			conf->n_natt_ports * sizeof(uint16_t), conf->natt_ports);
	if (HAS(conf, FALLBACK)) {
		/* an empty table is a table: it must not be left out */
		table = nla_nest_start(msg, IPSEC_QOS_CONF_A_FALLBACK);
		if (!table)
			return -ENOMEM;
		for (i = 0; i < conf->n_fallback; i++)
			if (put_fallback(msg, &conf->fallback[i]) < 0)
				return -ENOMEM;
		nla_nest_end_keep_empty(msg, table);
	}
	if (HAS(conf, UNKNOWN))
		NLA_PUT_U8(msg, IPSEC_QOS_CONF_A_UNKNOWN, conf->unknown);
	if (HAS(conf, UNKNOWN_ELEMENT))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT, conf->unknown_element);
	if (HAS(conf, UNKNOWN_RATE))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_UNKNOWN_RATE, conf->unknown_rate);
	if (HAS(conf, CHECK_IPV4))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_CHECK_IPV4,
			range_bytes(&conf->check_ipv4, range), range);
	if (HAS(conf, CHECK_IPV6))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_CHECK_IPV6,
			range_bytes(&conf->check_ipv6, range), range);
	return nla_nest_end_keep_empty(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static size_t get_ports(const struct nlattr *a, uint16_t *ports)
{
	size_t n = nla_len(a) / sizeof(*ports);

	memcpy(ports, nla_data(a), n * sizeof(*ports));
	return n;
}

static int get_range(const struct nlattr *a, uint8_t family, struct iq_kernel_range *r)
{
	const uint8_t *data;
	size_t bytes;

	if (!a || !nla_len(a))
		return 0;
	r->addr.family = family;
	bytes = iq_addr_len(&r->addr);
	if ((size_t)nla_len(a) != bytes + 1)
		return -EBADMSG;
	data = nla_data(a);
	memcpy(r->addr.b, data, bytes);
	r->len = data[bytes];
	return 0;
}

static int get_fallback(struct nlattr *nest, struct iq_conf *conf)
{
	static struct nla_policy policy[IPSEC_QOS_FALLBACK_A_MAX + 1] = {
		[IPSEC_QOS_FALLBACK_A_DSCP] = { .type = NLA_U8 },
		[IPSEC_QOS_FALLBACK_A_MARK] = { .type = NLA_U32 },
		[IPSEC_QOS_FALLBACK_A_MASK] = { .type = NLA_U32 },
	};
	const size_t max = sizeof(conf->fallback) / sizeof(conf->fallback[0]);
	struct nlattr *tb[IPSEC_QOS_FALLBACK_A_MAX + 1], *a;
	struct iq_kernel_fallback *f;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != IPSEC_QOS_FALLBACK_A_ENTRY ||
		    conf->n_fallback == max ||
		    nla_parse_nested(tb, IPSEC_QOS_FALLBACK_A_MAX, a, policy) < 0 ||
		    !tb[IPSEC_QOS_FALLBACK_A_DSCP])
			return -EBADMSG;
		f = &conf->fallback[conf->n_fallback++];
		f->dscp = nla_get_u8(tb[IPSEC_QOS_FALLBACK_A_DSCP]);
		f->mark = iq_u32(tb[IPSEC_QOS_FALLBACK_A_MARK]);
		f->mask = tb[IPSEC_QOS_FALLBACK_A_MASK] ?
			  nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MASK]) : UINT32_MAX;
	}
	return 0;
}

int iq_get_settings(struct nlattr *nest, void *arg)
{
	struct iq_conf *conf = arg;
	static struct nla_policy policy[IPSEC_QOS_CONF_A_MAX + 1] = {
		[IPSEC_QOS_CONF_A_MAX_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_MAX_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_MAX_GROUPS] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_IKE_PORTS] = {
			.maxlen = sizeof(conf->ike_ports) },
		[IPSEC_QOS_CONF_A_NATT_PORTS] = {
			.maxlen = sizeof(conf->natt_ports) },
		[IPSEC_QOS_CONF_A_FALLBACK] = { .type = NLA_NESTED },
		[IPSEC_QOS_CONF_A_UNKNOWN] = { .type = NLA_U8 },
		[IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_UNKNOWN_RATE] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_CHECK_IPV4] = {
			.maxlen = sizeof(struct in_addr) + 1 },
		[IPSEC_QOS_CONF_A_CHECK_IPV6] = {
			.maxlen = sizeof(struct in6_addr) + 1 },
	};
	struct nlattr *tb[IPSEC_QOS_CONF_A_MAX + 1];
	int i;

	if (nla_parse_nested(tb, IPSEC_QOS_CONF_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(conf, 0, sizeof(*conf));
	for (i = 1; i <= IPSEC_QOS_CONF_A_MAX; i++)
		if (tb[i])
			conf->has |= 1U << i;
	conf->max_sas = iq_u32(tb[IPSEC_QOS_CONF_A_MAX_SAS]);
	conf->max_ikes = iq_u32(tb[IPSEC_QOS_CONF_A_MAX_IKES]);
	conf->max_groups = iq_u32(tb[IPSEC_QOS_CONF_A_MAX_GROUPS]);
	if (HAS(conf, IKE_PORTS))
		conf->n_ike_ports = get_ports(tb[IPSEC_QOS_CONF_A_IKE_PORTS],
					      conf->ike_ports);
	if (HAS(conf, NATT_PORTS))
		conf->n_natt_ports = get_ports(tb[IPSEC_QOS_CONF_A_NATT_PORTS],
					       conf->natt_ports);
	conf->unknown = iq_u8(tb[IPSEC_QOS_CONF_A_UNKNOWN], IPSEC_QOS_UNKNOWN_OFF);
	conf->unknown_element = iq_u32(tb[IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT]);
	conf->unknown_rate = iq_u32(tb[IPSEC_QOS_CONF_A_UNKNOWN_RATE]);
	if (get_range(tb[IPSEC_QOS_CONF_A_CHECK_IPV4], AF_INET, &conf->check_ipv4) < 0 ||
	    get_range(tb[IPSEC_QOS_CONF_A_CHECK_IPV6], AF_INET6, &conf->check_ipv6) < 0)
		return -EBADMSG;
	if (HAS(conf, FALLBACK))
		return get_fallback(tb[IPSEC_QOS_CONF_A_FALLBACK], conf);
	return 0;
}

int iq_kernel_conf(struct iq_kernel *k, const struct iq_conf *conf)
{
	return iq_ask(k, IPSEC_QOS_CMD_CONF_SET, 0, put_conf, conf, NULL, NULL);
}
