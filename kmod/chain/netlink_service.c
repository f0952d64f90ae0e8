// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/compat.h"
#include "event.h"
#include "netlink.h"
#include "service.h"

/* Rules of an ACL that go into one attribute, in an answer: its length has 16 bits. */
#define IQ_SERVICE_NEST		60000

#define IQ_SEGMENTS_MAX		64	/* of a service; bits of iq_sights.used */

/* Not const: struct nla_policy takes them so before 6.7. */
static struct netlink_range_validation iq_service_id_range = {
	.min = 1, .max = IPSEC_QOS_SERVICE_ID_MAX,
};

static struct netlink_range_validation iq_service_rate_range = {
	.min = 0, .max = IPSEC_QOS_SERVICE_RATE_MAX,
};

/* 4 or 16 bytes */
#define IQ_ADDRESS							\
	NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr), sizeof(struct in6_addr))

static const struct nla_policy iq_port_policy[IPSEC_QOS_PORT_A_MAX + 1] = {
	[IPSEC_QOS_PORT_A_PROTO] = NLA_POLICY_MIN(NLA_U8, 1),
	[IPSEC_QOS_PORT_A_FIRST] = { .type = NLA_U16 },
	[IPSEC_QOS_PORT_A_LAST] = { .type = NLA_U16 },
	[IPSEC_QOS_PORT_A_FORWARD] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_PORT_A_BACK] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_segment_policy[IPSEC_QOS_SEGMENT_A_MAX + 1] = {
	[IPSEC_QOS_SEGMENT_A_DEVICE] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SEGMENT_A_TO] = IQ_ADDRESS,
	[IPSEC_QOS_SEGMENT_A_TO_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[IPSEC_QOS_SEGMENT_A_FROM] = IQ_ADDRESS,
	[IPSEC_QOS_SEGMENT_A_FROM_PORT] = NLA_POLICY_NESTED(iq_port_policy),
};

static const struct nla_policy iq_acl_policy[IPSEC_QOS_ACL_A_MAX + 1] = {
	[IPSEC_QOS_ACL_A_DEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[IPSEC_QOS_ACL_A_ADDRESS] = IQ_ADDRESS,
	[IPSEC_QOS_ACL_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[IPSEC_QOS_ACL_A_ALLOW] = NLA_POLICY_MAX(NLA_U8, 1),
	[IPSEC_QOS_ACL_A_COUNTER] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_override_policy[IPSEC_QOS_OVERRIDE_A_MAX + 1] = {
	[IPSEC_QOS_OVERRIDE_A_ADDRESS] = IQ_ADDRESS,
	[IPSEC_QOS_OVERRIDE_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[IPSEC_QOS_OVERRIDE_A_CHAIN] = NLA_POLICY_MIN(NLA_U32, 1),
};

#define IQ_SERVICE_KEY							\
	[IPSEC_QOS_SERVICE_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32,	\
							 &iq_service_id_range), \
	[IPSEC_QOS_SERVICE_A_NAME] = { .type = NLA_NUL_STRING,		\
				       .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_service_policy[IPSEC_QOS_SERVICE_A_MAX + 1] = {
	IQ_SERVICE_KEY,
	[IPSEC_QOS_SERVICE_A_FAMILY] = { .type = NLA_U8 },
	[IPSEC_QOS_SERVICE_A_ADDRESS] = IQ_ADDRESS,
	[IPSEC_QOS_SERVICE_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[IPSEC_QOS_SERVICE_A_MODE] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_SERVICE_MODE_MAX),
	[IPSEC_QOS_SERVICE_A_PORT] = NLA_POLICY_NESTED(iq_port_policy),
	[IPSEC_QOS_SERVICE_A_CHAIN] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SERVICE_A_SEGMENT] = NLA_POLICY_NESTED(iq_segment_policy),
	[IPSEC_QOS_SERVICE_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SERVICE_A_FROM_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SERVICE_A_RATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_service_rate_range),
	[IPSEC_QOS_SERVICE_A_ACL] = NLA_POLICY_NESTED(iq_acl_policy),
	[IPSEC_QOS_SERVICE_A_OVERRIDE] = NLA_POLICY_NESTED(iq_override_policy),
	[IPSEC_QOS_SERVICE_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SERVICE_A_COUNTERS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SERVICE_A_SYNS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_service_key_policy[IPSEC_QOS_SERVICE_A_MAX + 1] = {
	IQ_SERVICE_KEY,
};

static const struct nla_policy iq_trace_policy[IPSEC_QOS_TRACE_A_MAX + 1] = {
	[IPSEC_QOS_TRACE_A_SERVICE] = NLA_POLICY_FULL_RANGE(NLA_U32, &iq_service_id_range),
	[IPSEC_QOS_TRACE_A_PACKETS] = NLA_POLICY_MAX(NLA_U32, IPSEC_QOS_TRACE_MAX),
	[IPSEC_QOS_TRACE_A_CLIENT] = IQ_ADDRESS,
};

IQ_POLICY(service_new, IQ_NEST(SERVICE, iq_service_policy), IQ_OWNER);
IQ_POLICY(service_del, IQ_NEST(SERVICE, iq_service_key_policy));
IQ_POLICY(service_get, IQ_NEST(SERVICE, iq_service_key_policy), IQ_OWNER);
IQ_POLICY(service_trace, IQ_NEST(TRACE, iq_trace_policy));

/* Reading requests */

static int iq_get_addr(const struct nlattr *attr, u8 family, struct in6_addr *addr,
		       struct netlink_ext_ack *extack)
{
	int len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (nla_len(attr) != len) {
		iq_err(extack, attr, "%d bytes are no address of family %u", nla_len(attr),
		       family);
		return -EINVAL;
	}
	memcpy(addr, nla_data(attr), len);
	return 0;
}

/* @len_attr: NULL: all of the address */
static int iq_get_prefix(const struct nlattr *attr, const struct nlattr *len_attr, u8 family,
			 struct in6_addr *addr, u8 *len, struct netlink_ext_ack *extack)
{
	u8 bits = family == AF_INET ? 32 : 128;
	struct in6_addr masked;
	int err;

	*len = len_attr ? nla_get_u8(len_attr) : bits;
	if (*len > bits) {
		iq_err(extack, len_attr, "a length of %u, where an address has %u bits", *len,
		       bits);
		return -EINVAL;
	}
	err = iq_get_addr(attr, family, addr, extack);
	if (err)
		return err;
	ipv6_addr_prefix(&masked, addr, *len);
	if (ipv6_addr_equal(&masked, addr))
		return 0;
	iq_err(extack, attr, "the address has bits behind the %u of its prefix", *len);
	return -EINVAL;
}

static bool iq_proto_has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP;
}

static int iq_get_port(const struct nlattr *nest, struct iq_port *port,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *first, *last;
	struct nlattr *tb[IPSEC_QOS_PORT_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_PORT_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_PORT_A_PROTO])
		return iq_missing(nest, IPSEC_QOS_PORT_A_PROTO, "a port's protocol", extack);
	first = tb[IPSEC_QOS_PORT_A_FIRST];
	last = tb[IPSEC_QOS_PORT_A_LAST];
	port->proto = nla_get_u8(tb[IPSEC_QOS_PORT_A_PROTO]);
	if (last && !first) {
		iq_err(extack, last, "a last port without a first one");
		return -EINVAL;
	}
	if (!iq_proto_has_ports(port->proto)) {
		if (!first)
			return 0;
		iq_err(extack, first, "protocol %u has no ports", port->proto);
		return -EINVAL;
	}
	port->first = first ? nla_get_u16(first) : 0;
	port->last = last ? nla_get_u16(last) : first ? port->first : U16_MAX;
	if (port->last >= port->first)
		return 0;
	iq_err(extack, last, "port %u is below port %u", port->last, port->first);
	return -EINVAL;
}

static int iq_port_order(const void *a, const void *b)
{
	const struct iq_port *one = a, *other = b;

	if (one->proto != other->proto)
		return one->proto < other->proto ? -1 : 1;
	return one->first < other->first ? -1 : one->first > other->first;
}

static u32 iq_nest_count(const struct nlattr *nest, int type)
{
	const struct nlattr *attr;
	int rem, n = 0;

	nla_for_each_nested(attr, nest, rem)
		n += nla_type(attr) == type;
	return n;
}

/* A list of ports, which comes to be in order */
static int iq_get_ports(const struct nlattr *nest, int type, struct iq_ports_of *ports,
			struct netlink_ext_ack *extack)
{
	u32 n = iq_nest_count(nest, type), i;
	const struct nlattr *attr;
	int rem, err;

	if (!n)
		return 0;
	if (n > IPSEC_QOS_SERVICE_PORTS_MAX) {
		iq_err(extack, nest, "%u ports and ranges: %d are the most", n,
		       IPSEC_QOS_SERVICE_PORTS_MAX);
		return -E2BIG;
	}
	ports->port = kvcalloc(n, sizeof(*ports->port), GFP_KERNEL_ACCOUNT);
	if (!ports->port)
		return -ENOMEM;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != type)
			continue;
		err = iq_get_port(attr, &ports->port[ports->n++], extack);
		if (err)
			return err;
	}
	sort(ports->port, n, sizeof(*ports->port), iq_port_order, NULL);
	for (i = 1; i < n; i++) {
		if (ports->port[i].proto != ports->port[i - 1].proto ||
		    ports->port[i].first > ports->port[i - 1].last)
			continue;
		iq_err(extack, nest, "ports %u to %u and %u to %u of protocol %u overlap",
		       ports->port[i - 1].first, ports->port[i - 1].last, ports->port[i].first,
		       ports->port[i].last, ports->port[i].proto);
		return -EINVAL;
	}
	return 0;
}

static int iq_get_segment(const struct nlattr *nest, const struct iq_spec *spec,
			  struct iq_segment *seg, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SEGMENT_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_SEGMENT_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	seg->attr = nest;
	if (!tb[IPSEC_QOS_SEGMENT_A_DEVICE])
		return iq_missing(nest, IPSEC_QOS_SEGMENT_A_DEVICE, "a segment's device", extack);
	seg->id = nla_get_u32(tb[IPSEC_QOS_SEGMENT_A_DEVICE]);
	if (tb[IPSEC_QOS_SEGMENT_A_TO_PORT])
		seg->to_port = nla_get_u16(tb[IPSEC_QOS_SEGMENT_A_TO_PORT]);
	seg->has_to = tb[IPSEC_QOS_SEGMENT_A_TO];
	if (seg->has_to)
		err = iq_get_addr(tb[IPSEC_QOS_SEGMENT_A_TO], spec->family, &seg->to, extack);
	seg->has_from = tb[IPSEC_QOS_SEGMENT_A_FROM];
	if (!err && seg->has_from)
		err = iq_get_addr(tb[IPSEC_QOS_SEGMENT_A_FROM], spec->family, &seg->from, extack);
	return err ?: iq_get_ports(nest, IPSEC_QOS_SEGMENT_A_FROM_PORT, &seg->ports, extack);
}

static int iq_get_segments(const struct nlattr *nest, struct iq_spec *spec,
			   struct netlink_ext_ack *extack)
{
	u32 n = iq_nest_count(nest, IPSEC_QOS_SERVICE_A_SEGMENT);
	const struct nlattr *attr;
	int rem, err = 0;

	if (!n)
		return 0;
	if (n > IQ_SEGMENTS_MAX) {
		iq_err(extack, nest, "%u segments: %d are the most", n, IQ_SEGMENTS_MAX);
		return -E2BIG;
	}
	spec->segment = kvcalloc(n, sizeof(*spec->segment), GFP_KERNEL_ACCOUNT);
	if (!spec->segment)
		return -ENOMEM;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_SERVICE_A_SEGMENT)
			continue;
		if (spec->mode != IPSEC_QOS_SERVICE_SERVER) {
			iq_err(extack, attr, "segments are of servers' services alone");
			return -EINVAL;
		}
		err = iq_get_segment(attr, spec, &spec->segment[spec->n_segments++], extack);
		if (err)
			break;
	}
	return err;
}

static int iq_get_override(const struct nlattr *nest, const struct iq_spec *spec,
			   struct iq_except *one, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_OVERRIDE_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_OVERRIDE_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	one->attr = nest;
	if (!tb[IPSEC_QOS_OVERRIDE_A_CHAIN])
		return iq_missing(nest, IPSEC_QOS_OVERRIDE_A_CHAIN, "the clients' chain", extack);
	if (!tb[IPSEC_QOS_OVERRIDE_A_ADDRESS])
		return iq_missing(nest, IPSEC_QOS_OVERRIDE_A_ADDRESS, "the clients' address",
				  extack);
	one->id = nla_get_u32(tb[IPSEC_QOS_OVERRIDE_A_CHAIN]);
	return iq_get_prefix(tb[IPSEC_QOS_OVERRIDE_A_ADDRESS], tb[IPSEC_QOS_OVERRIDE_A_LEN],
			     spec->family, &one->addr, &one->len, extack);
}

static int iq_get_overrides(const struct nlattr *nest, struct iq_spec *spec,
			    struct netlink_ext_ack *extack)
{
	u32 n = iq_nest_count(nest, IPSEC_QOS_SERVICE_A_OVERRIDE);
	const struct nlattr *attr;
	int rem, err = 0;

	if (!n)
		return 0;
	if (n > IPSEC_QOS_SERVICE_OVERRIDES_MAX) {
		iq_err(extack, nest, "%u clients with another chain: %d are the most", n,
		       IPSEC_QOS_SERVICE_OVERRIDES_MAX);
		return -E2BIG;
	}
	spec->except = kvcalloc(n, sizeof(*spec->except), GFP_KERNEL_ACCOUNT);
	if (!spec->except)
		return -ENOMEM;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_SERVICE_A_OVERRIDE)
			continue;
		if (spec->mode != IPSEC_QOS_SERVICE_SERVER) {
			iq_err(extack, attr,
			       "clients with another chain are of servers' services alone");
			return -EINVAL;
		}
		err = iq_get_override(attr, spec, &spec->except[spec->n_excepts++], extack);
		if (err)
			break;
	}
	return err;
}

static int iq_get_rule(const struct nlattr *nest, const struct iq_spec *spec,
		       struct iq_rule *rule, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_ACL_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_ACL_A_MAX, nest, NULL, extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_ACL_A_ALLOW])
		return iq_missing(nest, IPSEC_QOS_ACL_A_ALLOW, "whether a rule allows", extack);
	rule->allow = nla_get_u8(tb[IPSEC_QOS_ACL_A_ALLOW]);
	if (tb[IPSEC_QOS_ACL_A_DEV]) {
		nla_strscpy(rule->dev, tb[IPSEC_QOS_ACL_A_DEV], sizeof(rule->dev));
		if (!dev_valid_name(rule->dev)) {
			iq_err(extack, tb[IPSEC_QOS_ACL_A_DEV],
			       "'%s' cannot be an interface's name", rule->dev);
			return -EINVAL;
		}
	}
	if (tb[IPSEC_QOS_ACL_A_ADDRESS])
		return iq_get_prefix(tb[IPSEC_QOS_ACL_A_ADDRESS], tb[IPSEC_QOS_ACL_A_LEN],
				     spec->family, &rule->addr, &rule->len, extack);
	if (!tb[IPSEC_QOS_ACL_A_LEN])
		return 0;
	iq_err(extack, tb[IPSEC_QOS_ACL_A_LEN], "a rule's length without an address");
	return -EINVAL;
}

static int iq_check_nets(const struct nlattr *nest, const struct iq_spec *spec,
			 struct netlink_ext_ack *extack)
{
	u8 bits = spec->family == AF_INET ? 32 : 128;
	u32 i, nets = 0;

	for (i = 0; i < spec->n_rules; i++)
		nets += spec->rules[i].len != bits;
	if (nets <= IPSEC_QOS_SERVICE_ACL_NETS_MAX)
		return 0;
	iq_err(extack, nest, "more than %d rules of an ACL that are no single addresses",
	       IPSEC_QOS_SERVICE_ACL_NETS_MAX);
	return -E2BIG;
}

/* Rules, behind those that there are */
static int iq_get_rules(const struct nlattr *nest, struct iq_spec *spec,
			struct netlink_ext_ack *extack)
{
	u32 n = iq_nest_count(nest, IPSEC_QOS_SERVICE_A_ACL);
	const struct nlattr *attr;
	struct iq_rule *rules;
	int rem, err;

	if (!n)
		return 0;
	if (spec->n_rules + n > IPSEC_QOS_SERVICE_ACL_MAX) {
		iq_err(extack, nest, "%u rules of an ACL: %d are the most", spec->n_rules + n,
		       IPSEC_QOS_SERVICE_ACL_MAX);
		return -E2BIG;
	}
	rules = kvcalloc(spec->n_rules + n, sizeof(*rules), GFP_KERNEL);
	if (!rules)
		return -ENOMEM;
	if (spec->n_rules)
		memcpy(rules, spec->rules, spec->n_rules * sizeof(*rules));
	kvfree(spec->rules);
	spec->rules = rules;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_SERVICE_A_ACL)
			continue;
		err = iq_get_rule(attr, spec, &rules[spec->n_rules++], extack);
		if (err)
			return err;
	}
	return iq_check_nets(nest, spec, extack);
}

static u32 iq_get_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static int iq_get_service_address(const struct nlattr *nest, struct nlattr **tb,
				  struct iq_spec *spec, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[IPSEC_QOS_SERVICE_A_ADDRESS];
	const struct nlattr *len = tb[IPSEC_QOS_SERVICE_A_LEN];
	u8 bits, bytes[sizeof(struct in6_addr)];
	bool all;
	int err;

	err = iq_get_address(nest, tb[IPSEC_QOS_SERVICE_A_FAMILY], attr,
			     IPSEC_QOS_SERVICE_A_ADDRESS, "a service's address", &spec->family,
			     bytes, extack);
	if (!err)
		err = iq_get_prefix(attr, len, spec->family, &spec->addr, &spec->len, extack);
	if (err)
		return err;
	spec->addr_attr = attr;
	if (tb[IPSEC_QOS_SERVICE_A_MODE])
		spec->mode = nla_get_u8(tb[IPSEC_QOS_SERVICE_A_MODE]);
	bits = spec->family == AF_INET ? 32 : 128;
	all = spec->len == bits;
	if (!all && (spec->mode != IPSEC_QOS_SERVICE_CLIENT || tb[IPSEC_QOS_SERVICE_A_PORT])) {
		iq_err(extack, len, "a prefix is of clients' services alone, and without ports");
		return -EINVAL;
	}
	if (all && (spec->family == AF_INET ?
		    ipv4_is_multicast(spec->addr.s6_addr32[0]) ||
		    ipv4_is_lbcast(spec->addr.s6_addr32[0]) ||
		    ipv4_is_zeronet(spec->addr.s6_addr32[0]) :
		    ipv6_addr_is_multicast(&spec->addr) || ipv6_addr_any(&spec->addr) ||
		    ipv6_addr_type(&spec->addr) & IPV6_ADDR_LINKLOCAL)) {
		iq_err(extack, attr, "no service can have that address: it is no host's");
		return -EINVAL;
	}
	return 0;
}

static int iq_get_spec(const struct nlattr *nest, struct nlattr **tb, struct iq_spec *spec,
		       struct netlink_ext_ack *extack)
{
	int err;

	spec->attr = nest;
	err = iq_get_service_address(nest, tb, spec, extack);
	if (err)
		return err;
	spec->chain_attr = tb[IPSEC_QOS_SERVICE_A_CHAIN];
	if (!spec->chain_attr)
		return iq_missing(nest, IPSEC_QOS_SERVICE_A_CHAIN, "a service's chain", extack);
	spec->chain_id = nla_get_u32(spec->chain_attr);
	spec->group_attr = tb[IPSEC_QOS_SERVICE_A_GROUP];
	spec->group_id = iq_get_u32(spec->group_attr);
	spec->from_attr = tb[IPSEC_QOS_SERVICE_A_FROM_GROUP];
	spec->from_id = iq_get_u32(spec->from_attr);
	spec->rate = iq_get_u32(tb[IPSEC_QOS_SERVICE_A_RATE]);
	err = iq_get_ports(nest, IPSEC_QOS_SERVICE_A_PORT, &spec->ports, extack);
	if (!err)
		err = iq_get_segments(nest, spec, extack);
	if (!err)
		err = iq_get_overrides(nest, spec, extack);
	return err ?: iq_get_rules(nest, spec, extack);
}

/* More rules of the service before it? */
static bool iq_service_goes_on(const struct nlattr *nest, const struct iq_service_req *before,
			       u32 id)
{
	const struct nlattr *attr;
	bool rules = false;
	int rem;

	if (!before || before->object.id != id)
		return false;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != IPSEC_QOS_SERVICE_A_ID &&
		    nla_type(attr) != IPSEC_QOS_SERVICE_A_ACL)
			return false;
		rules |= nla_type(attr) == IPSEC_QOS_SERVICE_A_ACL;
	}
	return rules;
}

/* One attribute of a request; @n: services so far */
static int iq_get_service(const struct nlattr *nest, struct iq_service_req *req, u32 *n,
			  bool key, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SERVICE_A_MAX + 1];
	struct iq_service_req *one = &req[*n];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_SERVICE_A_MAX, nest, NULL, extack);
	if (!err)
		err = iq_get_key(nest, tb[IPSEC_QOS_SERVICE_A_ID], tb[IPSEC_QOS_SERVICE_A_NAME],
				 key, "a service", &one->object.id, one->object.name, extack);
	if (err)
		return err;
	if (!key && iq_service_goes_on(nest, *n ? one - 1 : NULL, one->object.id))
		return iq_get_rules(nest, one[-1].spec, extack);
	one->object.attr = nest;
	++*n;
	if (key)
		return 0;
	one->spec = iq_spec_alloc();
	return one->spec ? iq_get_spec(nest, tb, one->spec, extack) : -ENOMEM;
}

static int iq_service_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	int n = iq_count_attrs(info, IPSEC_QOS_A_SERVICE), rem, err = 0;
	struct iq_service_req *req;
	const struct nlattr *attr;
	u32 i, got = 0;

	if (n < 0)
		return n;
	req = kvcalloc(n, sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != IPSEC_QOS_A_SERVICE)
			continue;
		err = iq_get_service(attr, req, &got, del, info->extack);
		if (err)
			break;
	}
	mutex_lock(&iqn->config_lock);
	if (!err)
		err = del ? iq_service_del(iqn, req, got, info->extack) :
			    iq_service_set(iqn, req, got, iq_get_owner(info->attrs),
					   info->nlhdr->nlmsg_flags, info->extack);
	for (i = 0; i < got; i++)
		iq_spec_put(req[i].spec);
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_service_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_service_request(info, false);
}

static int iq_cmd_service_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_service_request(info, true);
}

static int iq_cmd_service_trace(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct nlattr *tb[IPSEC_QOS_TRACE_A_MAX + 1], *nest = info->attrs[IPSEC_QOS_A_TRACE];
	struct iq_chains *ch = iq_chains(iqn);
	struct in6_addr client = {};
	struct iq_service *s;
	int err;

	if (!nest)
		return iq_missing(NULL, IPSEC_QOS_A_TRACE, "what to trace", info->extack);
	err = nla_parse_nested(tb, IPSEC_QOS_TRACE_A_MAX, nest, NULL, info->extack);
	if (err)
		return err;
	if (!tb[IPSEC_QOS_TRACE_A_SERVICE])
		return iq_missing(nest, IPSEC_QOS_TRACE_A_SERVICE, "the service", info->extack);
	if (!tb[IPSEC_QOS_TRACE_A_PACKETS])
		return iq_missing(nest, IPSEC_QOS_TRACE_A_PACKETS, "how many packets",
				  info->extack);
	mutex_lock(&iqn->config_lock);
	s = ch ? iq_service_find(ch, nla_get_u32(tb[IPSEC_QOS_TRACE_A_SERVICE])) : NULL;
	if (!s) {
		iq_err(info->extack, tb[IPSEC_QOS_TRACE_A_SERVICE], "no service %u",
		       nla_get_u32(tb[IPSEC_QOS_TRACE_A_SERVICE]));
		err = -ENOENT;
	} else if (tb[IPSEC_QOS_TRACE_A_CLIENT]) {
		err = iq_get_addr(tb[IPSEC_QOS_TRACE_A_CLIENT], s->body->spec->family, &client,
				  info->extack);
	}
	if (!err)
		iq_trace_set(ch, s, &client, nla_get_u32(tb[IPSEC_QOS_TRACE_A_PACKETS]));
	mutex_unlock(&iqn->config_lock);
	return err;
}

/* Writing answers */

/* What was counted by the keys of some ports on one way, as they are at @addr */
static void iq_port_count(const struct iq_service *s, int way, const struct in6_addr *addr,
			  u32 first, u32 last, bool rest, struct iq_count *sum)
{
	const struct iq_body *b = s->body;
	struct iq_want one = {
		.addr = *addr,
		.first = first,
		.last = last,
		.kind = rest ? IQ_KEY_REST : first == last ? IQ_KEY_SLOT : IQ_KEY_SPAN,
		.set = IQ_KEY_SET(b->spec->mode, way),
		.len = b->spec->len,
		.wide = b->spec->family == AF_INET6,
	}, *w;
	struct iq_count count;
	u32 i;

	*sum = (struct iq_count) {};
	if (rest && b->spec->len < (one.wide ? 128 : 32))
		one.kind = IQ_KEY_PREFIX;
	if (!b->n_wants) {
		iq_key_count(b->ch, &one, s->object.id, sum);
		return;
	}
	for (i = 0, w = b->want; i < b->n_wants; i++, w++) {
		if (w->set != one.set || !ipv6_addr_equal(&w->addr, addr) ||
		    rest != (w->kind == IQ_KEY_REST) || w->first < first || w->last > last)
			continue;
		iq_key_count(b->ch, w, s->object.id, &count);
		sum->packets += count.packets;
		sum->bytes += count.bytes;
	}
}

/* @back: the view that servers send it with; NULL: the service's own */
static int iq_put_port(struct sk_buff *skb, int type, const struct iq_service *s,
		       const struct in6_addr *addr, const struct iq_port *port,
		       const struct iq_view *back)
{
	u32 first = port ? iq_span_word(port->proto, port->first) : 0;
	u32 last = port ? iq_span_word(port->proto, port->last) : 0;
	struct nlattr *nest = nla_nest_start(skb, type);
	struct iq_count count;

	if (!nest || nla_put_u8(skb, IPSEC_QOS_PORT_A_PROTO, port ? port->proto : 0) ||
	    (port && iq_proto_has_ports(port->proto) &&
	     (nla_put_u16(skb, IPSEC_QOS_PORT_A_FIRST, port->first) ||
	      nla_put_u16(skb, IPSEC_QOS_PORT_A_LAST, port->last))))
		return -EMSGSIZE;
	iq_port_count(s, IQ_FORWARD, addr, first, last, !port, &count);
	if (iq_put_count(skb, IPSEC_QOS_PORT_A_FORWARD, &count))
		return -EMSGSIZE;
	if (port && back && back->port && first == last)
		first = last = iq_span_word(port->proto, ntohs(back->port));
	iq_port_count(s, IQ_BACK, back ? &back->addr6 : addr, first, last, !port, &count);
	if (iq_put_count(skb, IPSEC_QOS_PORT_A_BACK, &count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_ports(struct sk_buff *skb, const struct iq_service *s)
{
	const struct iq_spec *spec = s->body->spec;
	const struct iq_track *t = iq_body_track(s->body);
	const struct iq_view *back = NULL;
	u32 i;

	if (t->views)
		back = &t->views->view[iq_view_outer(t->views, t->n - 1)];
	if (!spec->ports.n)
		return iq_put_port(skb, IPSEC_QOS_SERVICE_A_PORT, s, &spec->addr, NULL, back);
	for (i = 0; i < spec->ports.n; i++)
		if (iq_put_port(skb, IPSEC_QOS_SERVICE_A_PORT, s, &spec->addr,
				&spec->ports.port[i], back))
			return -EMSGSIZE;
	return 0;
}

static int iq_put_addr(struct sk_buff *skb, int type, u8 family, const struct in6_addr *addr)
{
	return nla_put(skb, type, family == AF_INET ? sizeof(struct in_addr) : sizeof(*addr),
		       addr);
}

static int iq_put_segment(struct sk_buff *skb, const struct iq_service *s,
			  const struct iq_segment *seg)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_SERVICE_A_SEGMENT);
	const struct iq_spec *spec = s->body->spec;
	const struct in6_addr *addr = seg->has_from ? &seg->from :
				      seg->has_to ? &seg->to : &spec->addr;
	u32 i;

	if (!nest || nla_put_u32(skb, IPSEC_QOS_SEGMENT_A_DEVICE, seg->id) ||
	    (seg->has_to &&
	     iq_put_addr(skb, IPSEC_QOS_SEGMENT_A_TO, spec->family, &seg->to)) ||
	    (seg->to_port &&
	     nla_put_u16(skb, IPSEC_QOS_SEGMENT_A_TO_PORT, seg->to_port)) ||
	    (seg->has_from &&
	     iq_put_addr(skb, IPSEC_QOS_SEGMENT_A_FROM, spec->family, &seg->from)))
		return -EMSGSIZE;
	for (i = 0; i < seg->ports.n; i++)
		if (iq_put_port(skb, IPSEC_QOS_SEGMENT_A_FROM_PORT, s, addr, &seg->ports.port[i],
				NULL))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_override(struct sk_buff *skb, const struct iq_spec *spec,
			   const struct iq_except *one)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_SERVICE_A_OVERRIDE);

	if (!nest ||
	    iq_put_addr(skb, IPSEC_QOS_OVERRIDE_A_ADDRESS, spec->family, &one->addr) ||
	    nla_put_u8(skb, IPSEC_QOS_OVERRIDE_A_LEN, one->len) ||
	    nla_put_u32(skb, IPSEC_QOS_OVERRIDE_A_CHAIN, one->id))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_rule(struct sk_buff *skb, const struct iq_spec *spec,
		       const struct iq_rule *rule, const struct iq_count *count)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_SERVICE_A_ACL);

	if (!nest || (rule->dev[0] && nla_put_string(skb, IPSEC_QOS_ACL_A_DEV, rule->dev)) ||
	    (rule->len && (iq_put_addr(skb, IPSEC_QOS_ACL_A_ADDRESS, spec->family, &rule->addr) ||
			   nla_put_u8(skb, IPSEC_QOS_ACL_A_LEN, rule->len))) ||
	    nla_put_u8(skb, IPSEC_QOS_ACL_A_ALLOW, rule->allow) ||
	    iq_put_count(skb, IPSEC_QOS_ACL_A_COUNTER, count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Rules, in as many attributes as it takes; @nest: the first, which has begun */
static int iq_put_rules(struct sk_buff *skb, const struct iq_service *s, struct nlattr *nest)
{
	const struct iq_spec *spec = s->body->spec;
	u32 n = spec->acl ? iq_acl_rules(spec->acl) : 0, i;
	const struct iq_rule *rule;
	struct iq_count count;

	for (i = 0; i < n; i++) {
		if (skb_tail_pointer(skb) - (u8 *)nest > IQ_SERVICE_NEST) {
			nla_nest_end(skb, nest);
			nest = nla_nest_start(skb, IPSEC_QOS_A_SERVICE);
			if (!nest ||
			    nla_put_u32(skb, IPSEC_QOS_SERVICE_A_ID, s->object.id))
				return -EMSGSIZE;
		}
		rule = iq_acl_rule(spec->acl, i, &count);
		if (iq_put_rule(skb, spec, rule, &count))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static size_t iq_port_size(void)
{
	return nla_total_size(nla_total_size(sizeof(u8)) + 2 * nla_total_size(sizeof(u16)) +
			      2 * iq_count_size());
}

size_t iq_service_size(const struct iq_object *o, bool whole)
{
	const struct iq_service *s = container_of(o, struct iq_service, object);
	size_t addr = nla_total_size(sizeof(struct in6_addr)), size;
	const struct iq_spec *spec = s->body->spec;
	u32 i;

	size = nla_total_size(5 * nla_total_size(sizeof(u32)) + 4 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) + addr +
			      nla_total_size(IPSEC_QOS_SERVICE_COUNTER_MAX * iq_count_size()) +
			      iq_count_size());
	size += (spec->ports.n + 1) * iq_port_size();
	for (i = 0; i < spec->n_segments; i++)
		size += nla_total_size(nla_total_size(sizeof(u32)) + 2 * addr +
				       nla_total_size(sizeof(u16))) +
			spec->segment[i].ports.n * iq_port_size();
	size += spec->n_excepts * nla_total_size(addr + nla_total_size(sizeof(u32)) +
						 nla_total_size(sizeof(u8)));
	if (whole && spec->acl)
		size += (iq_acl_rules(spec->acl) + 1) *
			(nla_total_size(nla_total_size(IFNAMSIZ) + addr + iq_count_size() +
					2 * nla_total_size(sizeof(u8))));
	return size;
}

static int iq_put_service_lists(struct sk_buff *skb, const struct iq_service *s)
{
	const struct iq_spec *spec = s->body->spec;
	u32 i;

	if (iq_put_ports(skb, s))
		return -EMSGSIZE;
	for (i = 0; i < spec->n_segments; i++)
		if (iq_put_segment(skb, s, &spec->segment[i]))
			return -EMSGSIZE;
	for (i = 0; i < spec->n_excepts; i++)
		if (iq_put_override(skb, spec, &spec->except[i]))
			return -EMSGSIZE;
	return 0;
}

int iq_put_service(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_SERVICE);
	const struct iq_service *s = iq_service_of(o);
	const struct iq_spec *spec = s->body->spec;
	struct iq_count syns = iq_counter_sum(s->counter, IQ_SERVICE_SYNS);

	if (!nest || nla_put_u32(skb, IPSEC_QOS_SERVICE_A_ID, o->id) ||
	    nla_put_string(skb, IPSEC_QOS_SERVICE_A_NAME, o->name) ||
	    nla_put_u8(skb, IPSEC_QOS_SERVICE_A_FAMILY, spec->family) ||
	    iq_put_addr(skb, IPSEC_QOS_SERVICE_A_ADDRESS, spec->family, &spec->addr) ||
	    nla_put_u8(skb, IPSEC_QOS_SERVICE_A_LEN, spec->len) ||
	    nla_put_u8(skb, IPSEC_QOS_SERVICE_A_MODE, spec->mode) ||
	    nla_put_u32(skb, IPSEC_QOS_SERVICE_A_CHAIN, spec->chain_id) ||
	    (spec->group_id &&
	     nla_put_u32(skb, IPSEC_QOS_SERVICE_A_GROUP, spec->group_id)) ||
	    (spec->from_id &&
	     nla_put_u32(skb, IPSEC_QOS_SERVICE_A_FROM_GROUP, spec->from_id)) ||
	    nla_put_u32(skb, IPSEC_QOS_SERVICE_A_RATE, spec->rate) ||
	    nla_put_u8(skb, IPSEC_QOS_SERVICE_A_OWNER, o->owner) ||
	    iq_put_counters(skb, IPSEC_QOS_SERVICE_A_COUNTERS, s->counter,
			    IPSEC_QOS_SERVICE_COUNTER_MAX) ||
	    iq_put_count(skb, IPSEC_QOS_SERVICE_A_SYNS, &syns) ||
	    iq_put_service_lists(skb, s)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	if (whole)
		return iq_put_rules(skb, s, nest);
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_service_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_chains *ch = iq_chains(iqn);
	struct iq_service_req req = {};
	u32 n = 0;
	int err;

	if (!info->attrs[IPSEC_QOS_A_SERVICE])
		return iq_missing(NULL, IPSEC_QOS_A_SERVICE, "the service", info->extack);
	err = iq_get_service(info->attrs[IPSEC_QOS_A_SERVICE], &req, &n, true, info->extack);
	return err ?: iq_objects_answer(info, iqn, ch ? &ch->services : NULL, &req.object,
					"service");
}

static int iq_dump_services(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	struct iq_chains *ch = iq_chains(iqn);

	return iq_objects_dump(skb, cb, iqn, ch ? &ch->services : NULL);
}

static const struct genl_ops iq_service_genl[] = {
	IQ_CMD(SERVICE_NEW, service_new, .doit = iq_cmd_service_new),
	IQ_CMD(SERVICE_DEL, service_del, .doit = iq_cmd_service_del),
	IQ_CMD(SERVICE_GET, service_get, .doit = iq_cmd_service_get,
	       .dumpit = iq_dump_services),
	IQ_CMD(SERVICE_TRACE, service_trace, .doit = iq_cmd_service_trace),
};

const struct iq_ops iq_service_ops = { iq_service_genl, ARRAY_SIZE(iq_service_genl) };
