// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which interfaces lead to an element: its own, or what the routing table says of its next
 * hop; and whether there is a way back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "towards.h"

#define ANSWER_SIZE	8192
#define GROUP_MAX	32	/* nexthop objects of a group that are looked at */

/* What an answer says: interfaces, and of a group which others have more of them. */
struct answer {
	struct towards *to;
	uint32_t ids[GROUP_MAX];
	size_t n_ids;
};

void towards_dev(struct towards *t, const char *dev)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(t->dev[i], dev))
			return;
	if (t->n < TOWARDS_MAX)
		snprintf(t->dev[t->n++], IFNAMSIZ, "%s", dev);
}

static void add_index(struct towards *t, uint32_t index)
{
	char dev[IFNAMSIZ];

	if (if_indextoname(index, dev))
		towards_dev(t, dev);
}

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtmsg))
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			add_index(answer->to, mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int on_nexthop(const struct nlmsghdr *nlh, void *data)
{
	const struct nexthop_grp *member;
	struct answer *answer = data;
	const struct nlattr *attr;
	size_t i, n;

	if (nlh->nlmsg_type != RTM_NEWNEXTHOP)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct nhmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case NHA_OIF:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				add_index(answer->to, mnl_attr_get_u32(attr));
			break;
		case NHA_GROUP:
			member = mnl_attr_get_payload(attr);
			n = mnl_attr_get_payload_len(attr) / sizeof(*member);
			for (i = 0; i < n && answer->n_ids < GROUP_MAX; i++)
				answer->ids[answer->n_ids++] = member[i].id;
			break;
		}
	}
	return MNL_CB_OK;
}

/*
 * Nothing is said of what cannot be asked: then nothing leads there either. Return: 0, or
 * the errno that is answered.
 */
static int ask(struct nlmsghdr *nlh, mnl_cb_t cb, struct answer *answer)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buf[ANSWER_SIZE];
	int err = 0;
	ssize_t n;

	if (!nl)
		return errno;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = 1;
	if (!mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) &&
	    mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) >= 0) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n > 0 && mnl_cb_run(buf, n, 1, mnl_socket_get_portid(nl), cb, answer) < 0)
			err = errno;
	}
	mnl_socket_close(nl);
	return err;
}

static void ask_route(struct answer *answer, int family, const void *via)
{
	size_t len = family == AF_INET ? 4 : 16;
	char buf[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = family;
	rtm->rtm_dst_len = 8 * len;
	mnl_attr_put(nlh, RTA_DST, len, via);
	ask(nlh, on_route, answer);
}

bool towards_back(const char *dev, const struct iq_addr *src, const struct iq_addr *here)
{
	char buf[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm;
	int err;

	/* of a packet that has come: fib_validate_source() itself answers */
	nlh->nlmsg_type = RTM_GETROUTE;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 32;
	rtm->rtm_src_len = 32;
	mnl_attr_put(nlh, RTA_DST, 4, here->b);
	mnl_attr_put(nlh, RTA_SRC, 4, src->b);
	mnl_attr_put_u32(nlh, RTA_IIF, if_nametoindex(dev));
	err = ask(nlh, NULL, NULL);
	/* newer kernels do not tell why the source is none */
	return err != EXDEV && err != EINVAL;
}

static void ask_nexthop(struct answer *answer, uint32_t id)
{
	char buf[MNL_NLMSG_HDRLEN + 128];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = RTM_GETNEXTHOP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nhmsg));
	mnl_attr_put_u32(nlh, NHA_ID, id);
	ask(nlh, on_nexthop, answer);
}

void towards_add(struct towards *t, const struct iq_kernel_element *e)
{
	static const uint8_t none[sizeof(e->via6)];
	struct answer answer = { .to = t };
	size_t i;

	if (e->dev[0]) {
		towards_dev(t, e->dev);
		return;
	}
	if (e->via)
		ask_route(&answer, AF_INET, &e->via);
	if (memcmp(e->via6, none, sizeof(none)))
		ask_route(&answer, AF_INET6, e->via6);
	if (e->nexthop)
		ask_nexthop(&answer, e->nexthop);
	/* a group has no groups in it */
	for (i = 0; i < answer.n_ids; i++)
		ask_nexthop(&answer, answer.ids[i]);
}
