// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <sys/socket.h>

#include "steering.h"

void steering_add_element(struct nlmsghdr *msg, const struct element *e)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_ELEMENT);

	mnl_attr_put_u32(msg, IPSEC_QOS_ELEMENT_A_ID, e->id);
	if (e->name)
		mnl_attr_put_strz(msg, IPSEC_QOS_ELEMENT_A_NAME, e->name);
	if (e->dev)
		mnl_attr_put_strz(msg, IPSEC_QOS_ELEMENT_A_DEV, e->dev);
	if (e->via)
		mnl_attr_put_u32(msg, IPSEC_QOS_ELEMENT_A_VIA, htonl(e->via));
	if (e->via6)
		mnl_attr_put(msg, IPSEC_QOS_ELEMENT_A_VIA6, 16, e->via6);
	if (e->nexthop)
		mnl_attr_put_u32(msg, IPSEC_QOS_ELEMENT_A_NEXTHOP, e->nexthop);
	if (e->state >= 0)
		mnl_attr_put_u8(msg, IPSEC_QOS_ELEMENT_A_STATE, e->state);
	mnl_attr_nest_end(msg, nest);
}

struct nlattr *steering_begin_pool(struct nlmsghdr *msg, uint32_t id, const char *name)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_POOL);

	mnl_attr_put_u32(msg, IPSEC_QOS_POOL_A_ID, id);
	if (name)
		mnl_attr_put_strz(msg, IPSEC_QOS_POOL_A_NAME, name);
	return nest;
}

void steering_add_member(struct nlmsghdr *msg, uint32_t element, uint32_t weight)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_POOL_A_MEMBER);

	mnl_attr_put_u32(msg, IPSEC_QOS_MEMBER_A_ELEMENT, element);
	mnl_attr_put_u32(msg, IPSEC_QOS_MEMBER_A_WEIGHT, weight);
	mnl_attr_nest_end(msg, nest);
}

struct nlattr *steering_begin_prefix(struct nlmsghdr *msg, uint8_t family, const uint8_t *dst,
				     uint8_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_STEER);

	mnl_attr_put_u8(msg, IPSEC_QOS_STEER_A_FAMILY, family);
	mnl_attr_put(msg, IPSEC_QOS_STEER_A_DST, family == AF_INET ? 4 : 16, dst);
	mnl_attr_put_u8(msg, IPSEC_QOS_STEER_A_LEN, len);
	return nest;
}

void steering_add_prefix(struct nlmsghdr *msg, uint8_t family, const uint8_t *dst,
			 uint8_t len, uint32_t pool, uint8_t ike)
{
	struct nlattr *nest = steering_begin_prefix(msg, family, dst, len);

	mnl_attr_put_u32(msg, IPSEC_QOS_STEER_A_POOL, pool);
	mnl_attr_put_u8(msg, IPSEC_QOS_STEER_A_IKE, ike);
	mnl_attr_nest_end(msg, nest);
}

void steering_set_unknown(struct nlmsghdr *msg, uint8_t what, uint32_t element)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_CONF);

	mnl_attr_put_u8(msg, IPSEC_QOS_CONF_A_UNKNOWN, what);
	if (what == IPSEC_QOS_UNKNOWN_RELAY)
		mnl_attr_put_u32(msg, IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT, element);
	mnl_attr_nest_end(msg, nest);
}
