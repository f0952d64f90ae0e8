// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "chaining.h"

static size_t addr_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static void put_side(struct nlmsghdr *msg, int type, const char *dev, const uint8_t *mac)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, type);

	mnl_attr_put_strz(msg, IPSEC_QOS_SIDE_A_DEV, dev);
	if (mac)
		mnl_attr_put(msg, IPSEC_QOS_SIDE_A_MAC, 6, mac);
	mnl_attr_nest_end(msg, nest);
}

void chaining_add_device(struct nlmsghdr *msg, const struct device *d)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_DEVICE);

	mnl_attr_put_u32(msg, IPSEC_QOS_DEVICE_A_ID, d->id);
	if (d->name)
		mnl_attr_put_strz(msg, IPSEC_QOS_DEVICE_A_NAME, d->name);
	if (d->dev)
		put_side(msg, IPSEC_QOS_DEVICE_A_OUTER, d->dev, d->mac);
	if (d->inner_dev)
		put_side(msg, IPSEC_QOS_DEVICE_A_INNER, d->inner_dev, d->inner_mac);
	if (d->kind >= 0)
		mnl_attr_put_u8(msg, IPSEC_QOS_DEVICE_A_KIND, d->kind);
	if (d->state >= 0)
		mnl_attr_put_u8(msg, IPSEC_QOS_DEVICE_A_STATE, d->state);
	if (d->alternate >= 0)
		mnl_attr_put_u32(msg, IPSEC_QOS_DEVICE_A_ALTERNATE, d->alternate);
	if (d->failure >= 0)
		mnl_attr_put_u8(msg, IPSEC_QOS_DEVICE_A_FAILURE, d->failure);
	if (d->rate)
		mnl_attr_put_u32(msg, IPSEC_QOS_DEVICE_A_RATE, d->rate);
	if (d->snap)
		mnl_attr_put_u32(msg, IPSEC_QOS_DEVICE_A_SNAP, d->snap);
	mnl_attr_nest_end(msg, nest);
}

struct nlattr *chaining_begin_chain(struct nlmsghdr *msg, uint32_t id, const char *name)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_CHAIN);

	mnl_attr_put_u32(msg, IPSEC_QOS_CHAIN_A_ID, id);
	if (name)
		mnl_attr_put_strz(msg, IPSEC_QOS_CHAIN_A_NAME, name);
	return nest;
}

void chaining_add_step(struct nlmsghdr *msg, uint32_t device)
{
	mnl_attr_put_u32(msg, IPSEC_QOS_CHAIN_A_STEP, device);
}

struct nlattr *chaining_begin_service(struct nlmsghdr *msg, uint32_t id, const char *name,
				      uint8_t family, const uint8_t *addr, uint32_t chain)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_SERVICE);

	mnl_attr_put_u32(msg, IPSEC_QOS_SERVICE_A_ID, id);
	if (!name)
		return nest;
	mnl_attr_put_strz(msg, IPSEC_QOS_SERVICE_A_NAME, name);
	mnl_attr_put_u8(msg, IPSEC_QOS_SERVICE_A_FAMILY, family);
	mnl_attr_put(msg, IPSEC_QOS_SERVICE_A_ADDRESS, addr_len(family), addr);
	mnl_attr_put_u32(msg, IPSEC_QOS_SERVICE_A_CHAIN, chain);
	return nest;
}

void chaining_add_port(struct nlmsghdr *msg, int type, uint8_t proto, int first, int last)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, type);

	mnl_attr_put_u8(msg, IPSEC_QOS_PORT_A_PROTO, proto);
	if (first >= 0)
		mnl_attr_put_u16(msg, IPSEC_QOS_PORT_A_FIRST, first);
	if (first >= 0 && last >= 0)
		mnl_attr_put_u16(msg, IPSEC_QOS_PORT_A_LAST, last);
	mnl_attr_nest_end(msg, nest);
}

struct nlattr *chaining_begin_segment(struct nlmsghdr *msg, uint32_t device)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_SERVICE_A_SEGMENT);

	mnl_attr_put_u32(msg, IPSEC_QOS_SEGMENT_A_DEVICE, device);
	return nest;
}

void chaining_add_rule(struct nlmsghdr *msg, bool allow, uint8_t family, const uint8_t *addr,
		       uint8_t len, const char *dev)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_SERVICE_A_ACL);

	if (dev)
		mnl_attr_put_strz(msg, IPSEC_QOS_ACL_A_DEV, dev);
	if (addr) {
		mnl_attr_put(msg, IPSEC_QOS_ACL_A_ADDRESS, addr_len(family), addr);
		mnl_attr_put_u8(msg, IPSEC_QOS_ACL_A_LEN, len);
	}
	mnl_attr_put_u8(msg, IPSEC_QOS_ACL_A_ALLOW, allow);
	mnl_attr_nest_end(msg, nest);
}

void chaining_add_override(struct nlmsghdr *msg, uint8_t family, const uint8_t *addr,
			   uint8_t len, uint32_t chain)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_SERVICE_A_OVERRIDE);

	mnl_attr_put(msg, IPSEC_QOS_OVERRIDE_A_ADDRESS, addr_len(family), addr);
	mnl_attr_put_u8(msg, IPSEC_QOS_OVERRIDE_A_LEN, len);
	mnl_attr_put_u32(msg, IPSEC_QOS_OVERRIDE_A_CHAIN, chain);
	mnl_attr_nest_end(msg, nest);
}

void chaining_put_range(struct nlmsghdr *msg, uint8_t family, const uint8_t *addr,
			uint8_t len)
{
	uint8_t range[17];

	memcpy(range, addr, addr_len(family));
	range[addr_len(family)] = len;
	mnl_attr_put(msg, family == AF_INET ? IPSEC_QOS_CONF_A_CHECK_IPV4 :
					      IPSEC_QOS_CONF_A_CHECK_IPV6,
		     len ? addr_len(family) + 1 : 0, range);
}
