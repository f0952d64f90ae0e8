// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>

#include "family.h"

int family_open(struct family *f)
{
	int size = 1 << 20;

	memset(f, 0, offsetof(struct family, room));
	f->nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!f->nl || mnl_socket_bind(f->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	setsockopt(mnl_socket_get_fd(f->nl), SOL_SOCKET, SO_SNDBUFFORCE, &size,
		   sizeof(size));
	return 0;
}

void family_close(struct family *f)
{
	if (f->nl)
		mnl_socket_close(f->nl);
	f->nl = NULL;
}

static void group_seen(struct family *f, const struct nlattr *nest)
{
	const char *name = "";
	const struct nlattr *attr;
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			id = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
	}
	if (!strcmp(name, IPSEC_QOS_MCGRP_EVENTS))
		f->events = id;
	if (!strcmp(name, IPSEC_QOS_MCGRP_NAT))
		f->nat_events = id;
	if (!strcmp(name, IPSEC_QOS_MCGRP_STEER))
		f->steer_events = id;
	if (!strcmp(name, IPSEC_QOS_MCGRP_CHAIN))
		f->chain_events = id;
	if (!strcmp(name, IPSEC_QOS_MCGRP_TRACE))
		f->trace_events = id;
}

static int family_seen(const struct nlmsghdr *msg, void *data)
{
	struct family *f = data;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, msg, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			f->id = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				group_seen(f, group);
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *begin(struct family *f, uint16_t type, uint8_t cmd,
			      uint16_t flags)
{
	struct genlmsghdr *genl;

	f->msg = mnl_nlmsg_put_header(f->room);
	f->msg->nlmsg_type = type;
	f->msg->nlmsg_flags = NLM_F_REQUEST | flags;
	f->msg->nlmsg_seq = ++f->seq;
	genl = mnl_nlmsg_put_extra_header(f->msg, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = IPSEC_QOS_GENL_VERSION;
	return f->msg;
}

int family_resolve(struct family *f)
{
	begin(f, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(f->msg, CTRL_ATTR_FAMILY_NAME, IPSEC_QOS_GENL_NAME);
	return family_talk(f, family_seen, f);
}

struct nlmsghdr *family_begin(struct family *f, uint8_t cmd, uint16_t flags)
{
	return begin(f, f->id, cmd, flags);
}

int family_talk(struct family *f, mnl_cb_t cb, void *data)
{
	static char answer[64 * 1024];
	const struct nlmsghdr *msg;
	int n, rest, said;

	f->intr = false;
	if (mnl_socket_sendto(f->nl, f->msg, f->msg->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		n = mnl_socket_recvfrom(f->nl, answer, sizeof(answer));
		if (n < 0)
			return -errno;
		rest = n;
		for (msg = (void *)answer; mnl_nlmsg_ok(msg, rest);
		     msg = mnl_nlmsg_next(msg, &rest))
			f->intr |= !!(msg->nlmsg_flags & NLM_F_DUMP_INTR);
		said = mnl_cb_run(answer, n, f->seq,
				  mnl_socket_get_portid(f->nl), cb, data);
		/* An answer of a request that was given up. */
		if (said < 0 && (errno == ESRCH || errno == EINTR))
			continue;
		if (said < 0)
			return -errno;
		if (said == MNL_CB_STOP)
			return 0;
	}
}

void family_put_sa(struct nlmsghdr *msg, const struct sa *sa)
{
	mnl_attr_put_u8(msg, IPSEC_QOS_SA_A_FAMILY, sa->family);
	mnl_attr_put(msg, IPSEC_QOS_SA_A_DST, sa->family == AF_INET ? 4 : 16,
		     sa->dst);
	mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	mnl_attr_put_u8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
}

struct nlattr *family_begin_sa(struct nlmsghdr *msg, const struct sa *sa,
			       uint32_t group)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_SA);

	family_put_sa(msg, sa);
	if (group)
		mnl_attr_put_u32(msg, IPSEC_QOS_SA_A_GROUP, group);
	return nest;
}

void family_add_sa(struct nlmsghdr *msg, const struct sa *sa, uint32_t group)
{
	mnl_attr_nest_end(msg, family_begin_sa(msg, sa, group));
}

void family_add_ike(struct nlmsghdr *msg, uint64_t spi_i, uint64_t spi_r,
		    uint32_t group)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_IKE);

	mnl_attr_put_u64(msg, IPSEC_QOS_IKE_A_SPI_I, spi_i);
	mnl_attr_put_u64(msg, IPSEC_QOS_IKE_A_SPI_R, spi_r);
	if (group)
		mnl_attr_put_u32(msg, IPSEC_QOS_IKE_A_GROUP, group);
	mnl_attr_nest_end(msg, nest);
}

void family_add_group(struct nlmsghdr *msg, uint32_t id, const char *name,
		      uint32_t mark, uint32_t priority)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_GROUP);

	mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_ID, id);
	if (name)
		mnl_attr_put_strz(msg, IPSEC_QOS_GROUP_A_NAME, name);
	if (mark) {
		mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_MARK, mark);
		mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_MASK, 0xff0);
	}
	if (priority)
		mnl_attr_put_u32(msg, IPSEC_QOS_GROUP_A_PRIORITY, priority);
	mnl_attr_nest_end(msg, nest);
}

bool family_get_sa(const struct nlattr *nest, struct sa *sa, uint64_t *packets)
{
	const struct nlattr *attr;
	unsigned int seen = 0;

	memset(sa, 0, sizeof(*sa));
	mnl_attr_for_each_nested(attr, nest) {
		int type = mnl_attr_get_type(attr);

		seen |= 1U << type;
		switch (type) {
		case IPSEC_QOS_SA_A_FAMILY:
			sa->family = mnl_attr_get_u8(attr);
			break;
		case IPSEC_QOS_SA_A_DST:
			if (mnl_attr_get_payload_len(attr) > sizeof(sa->dst))
				return false;
			memcpy(sa->dst, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr));
			break;
		case IPSEC_QOS_SA_A_SPI:
			sa->spi = mnl_attr_get_u32(attr);
			break;
		case IPSEC_QOS_SA_A_PROTO:
			sa->proto = mnl_attr_get_u8(attr);
			break;
		case IPSEC_QOS_SA_A_PACKETS:
			*packets = mnl_attr_get_u64(attr);
			break;
		}
	}
	return seen & 1U << IPSEC_QOS_SA_A_SPI && seen & 1U << IPSEC_QOS_SA_A_DST &&
	       seen & 1U << IPSEC_QOS_SA_A_GROUP;
}
