// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interfaces of elements and of devices, and nexthop objects, that come, go, and go up and down, by rtnetlink:
 * to start a program for each takes an emulated machine too long.
 */
#include <net/if.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "storm.h"

#define N_DEVICES	4	/* sx0, kx0 and so on */
#define N_NEXTHOPS	4	/* the last one is a group of others */

static struct mnl_socket *nl;
static char room[1024];

static struct nlmsghdr *begin(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return msg;
}

/* What is not there, or there already, is no fault. */
static void talk(struct nlmsghdr *msg)
{
	static unsigned int seq;
	char answer[8192];
	int n;

	msg->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, msg, msg->nlmsg_len) < 0)
		wire_die("rtnetlink takes no request");
	n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	if (n > 0 && mnl_cb_run(answer, n, seq, mnl_socket_get_portid(nl), NULL, NULL) >= 0)
		done(1);
}

/* Dummies have no neighbours; the other end of a veth never answers for one. */
static void add_device(const char *name)
{
	struct nlmsghdr *msg = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	struct nlattr *nest;

	info->ifi_flags = info->ifi_change = below(8) ? IFF_UP : 0;
	mnl_attr_put_strz(msg, IFLA_IFNAME, name);
	nest = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put_strz(msg, IFLA_INFO_KIND, below(2) ? "veth" : "dummy");
	mnl_attr_nest_end(msg, nest);
	talk(msg);
}

static void add_address(const char *name, uint32_t addr)
{
	struct nlmsghdr *msg = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->ifa_family = AF_INET;
	info->ifa_prefixlen = 24;
	info->ifa_index = if_nametoindex(name);
	mnl_attr_put_u32(msg, IFA_LOCAL, htonl(addr));
	talk(msg);
}

/* @to: another name; NULL: as it is */
static void change_device(const char *name, uint16_t type, const char *to)
{
	struct nlmsghdr *msg = begin(type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->ifi_change = IFF_UP;
	info->ifi_flags = below(2) ? IFF_UP : 0;
	/* by its number, and with a name it gets that */
	info->ifi_index = if_nametoindex(name);
	if (type == RTM_NEWLINK && !below(4))
		mnl_attr_put_u32(msg, IFLA_MTU, 600 + below(1000));
	if (to)
		mnl_attr_put_strz(msg, IFLA_IFNAME, to);
	talk(msg);
}

static void add_nexthop(uint32_t id, const char *name, uint32_t via)
{
	struct nlmsghdr *msg = begin(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE);
	struct nhmsg *nh = mnl_nlmsg_put_extra_header(msg, sizeof(*nh));
	struct nexthop_grp group[2] = { { .id = 1 }, { .id = 2, .weight = 3 } };

	mnl_attr_put_u32(msg, NHA_ID, id);
	if (id == N_NEXTHOPS) {
		mnl_attr_put(msg, NHA_GROUP, sizeof(group), group);
	} else {
		nh->nh_family = AF_INET;
		mnl_attr_put_u32(msg, NHA_OIF, if_nametoindex(name));
		mnl_attr_put_u32(msg, NHA_GATEWAY, htonl(via));
	}
	talk(msg);
}

static void del_nexthop(uint32_t id)
{
	struct nlmsghdr *msg = begin(RTM_DELNEXTHOP, 0);

	mnl_nlmsg_put_extra_header(msg, sizeof(struct nhmsg));
	mnl_attr_put_u32(msg, NHA_ID, id);
	talk(msg);
}

void act_devices(void)
{
	char name[16];
	uint32_t i;

	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		wire_die("no rtnetlink");
	while (going()) {
		hold_still();
		i = below(N_DEVICES);
		snprintf(name, sizeof(name), "sx%u", i);
		switch (below(8)) {
		case 0:
			change_device(name, RTM_DELLINK, NULL);
			break;
		case 1 ... 2:
			change_device(name, RTM_NEWLINK, NULL);
			break;
		case 3:
			del_nexthop(1 + below(N_NEXTHOPS));
			break;
		case 4 ... 5:
			add_nexthop(1 + below(N_NEXTHOPS), name, 0x0a630102 + (i << 8));
			break;
		default:
			add_device(name);
			add_address(name, 0x0a630101 + (i << 8));
			break;
		}
		usleep(below(20000));
	}
}

/* Likewise those of a chain's devices, which are told by their names: two may be swapped. */
void act_chain_devices(void)
{
	char name[16], other[16];
	uint32_t i;

	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		wire_die("no rtnetlink");
	while (going()) {
		hold_still();
		i = below(N_DEVICES);
		snprintf(name, sizeof(name), "kx%u", i);
		snprintf(other, sizeof(other), "kx%u", (i + 1) % N_DEVICES);
		switch (below(8)) {
		case 0:
			change_device(name, RTM_DELLINK, NULL);
			break;
		case 1:
			change_device(name, RTM_NEWLINK, "kx");
			change_device(other, RTM_NEWLINK, name);
			change_device("kx", RTM_NEWLINK, other);
			break;
		case 2 ... 3:
			change_device(name, RTM_NEWLINK, NULL);
			break;
		default:
			add_device(name);
			add_address(name, 0x0a610001 + (i << 8));
			break;
		}
		usleep(below(20000));
	}
}
