// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module tells its multicast groups, on a socket of its own.
 */
#include "lib/kernel/event.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "lib/kernel/request.h"

int iq_kernel_monitor(struct iq_kernel *k, unsigned int more)
{
	const struct {
		bool wanted;
		const char *family;
		const char *name;
	} groups[] = {
		{ true, IPSEC_QOS_GENL_NAME, IPSEC_QOS_MCGRP_EVENTS },
		{ true, "nlctrl", "notify" },
		{ more & IQ_MONITOR_NAT, IPSEC_QOS_GENL_NAME, IPSEC_QOS_MCGRP_NAT },
		{ more & IQ_MONITOR_STEER, IPSEC_QOS_GENL_NAME, IPSEC_QOS_MCGRP_STEER },
		{ more & IQ_MONITOR_CHAIN, IPSEC_QOS_GENL_NAME, IPSEC_QOS_MCGRP_CHAIN },
		{ more & IQ_MONITOR_TRACE, IPSEC_QOS_GENL_NAME, IPSEC_QOS_MCGRP_TRACE },
	};
	int group[sizeof(groups) / sizeof(groups[0])];
	size_t i, n = 0;
	int ret;

	if (k->events)
		return nl_socket_get_fd(k->events);
	/* What resolves the groups' names needs answers: not this socket. */
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!groups[i].wanted)
			continue;
		group[n] = genl_ctrl_resolve_grp(k->sk, groups[i].family, groups[i].name);
		if (group[n] < 0)
			return iq_nl_to_errno(group[n]);
		n++;
	}

	k->events = nl_socket_alloc();
	if (!k->events) {
		ret = -ENOMEM;
		goto err;
	}
	/* events answer no request; the socket's own callbacks know that then */
	nl_socket_disable_seq_check(k->events);
	k->events_cb = nl_socket_get_cb(k->events);
	ret = genl_connect(k->events);
	for (i = 0; i < n && ret >= 0; i++)
		ret = nl_socket_add_membership(k->events, group[i]);
	if (ret >= 0)
		ret = nl_socket_set_nonblocking(k->events);
	if (ret < 0) {
		ret = iq_nl_to_errno(ret);
		goto err;
	}
	ret = IQ_SOCKET_BUFFER;
	/* root of a container gets what net.core.rmem_max allows */
	if (setsockopt(nl_socket_get_fd(k->events), SOL_SOCKET, SO_RCVBUFFORCE,
		       &ret, sizeof(ret)))
		setsockopt(nl_socket_get_fd(k->events), SOL_SOCKET, SO_RCVBUF,
			   &ret, sizeof(ret));
	nl_socket_set_msg_buf_size(k->events, IQ_DUMP_BUFFER);
	return nl_socket_get_fd(k->events);

err:
	/* to listen takes the same right as to ask */
	iq_set_error(k, ret, NULL, 0);
	nl_cb_put(k->events_cb);
	nl_socket_free(k->events);
	k->events = NULL;
	k->events_cb = NULL;
	return ret;
}

struct event_sink {
	struct iq_kernel *k;
	int (*cb)(const struct iq_event *ev, void *arg);
	void *arg;
	int ret;
};

/* Did generic netlink say that our family went? */
static bool module_gone(struct nlmsghdr *nlh, int family)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *a;
	int rem;

	if (genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	iq_for_each_attr(a, nlh, rem)
		if (nla_type(a) == CTRL_ATTR_FAMILY_ID)
			return nla_get_u16(a) == family;
	return false;
}

static int event_read(struct nlmsghdr *nlh, struct iq_event *ev)
{
	struct nlattr *a;
	int rem, ret = -EBADMSG;

	memset(ev, 0, sizeof(*ev));
	iq_for_each_attr(a, nlh, rem) {
		switch (nla_type(a)) {
		case IPSEC_QOS_A_EVENT:
			ev->event = nla_get_u8(a);
			continue;
		case IPSEC_QOS_A_GROUP:
			ev->what = IQ_EVENT_GROUP;
			ret = iq_get_group(a, &ev->group);
			break;
		case IPSEC_QOS_A_SA:
			ev->what = IQ_EVENT_SA;
			ret = iq_get_sa(a, &ev->sa);
			break;
		case IPSEC_QOS_A_IKE:
			ev->what = IQ_EVENT_IKE;
			ret = iq_get_ike(a, &ev->ike);
			break;
		case IPSEC_QOS_A_STATUS:
			ev->what = IQ_EVENT_STATUS;
			ret = iq_get_status(a, &ev->status);
			break;
		case IPSEC_QOS_A_NAT:
			if (ev->n_nat == IPSEC_QOS_NAT_TOLD_MAX)
				continue;
			ev->what = IQ_EVENT_NAT;
			ret = iq_get_nat(a, &ev->nat[ev->n_nat++]);
			break;
		case IPSEC_QOS_A_ELEMENT:
			ev->what = IQ_EVENT_ELEMENT;
			ret = iq_get_element(a, &ev->element);
			break;
		case IPSEC_QOS_A_POOL:
			ev->what = IQ_EVENT_POOL;
			ret = iq_get_pool(a, &ev->pool);
			break;
		case IPSEC_QOS_A_STEER:
			ev->what = IQ_EVENT_STEER;
			ret = iq_get_steer(a, &ev->steer);
			break;
		case IPSEC_QOS_A_UNKNOWN:
			ev->what = IQ_EVENT_UNKNOWN;
			ret = iq_get_unknown(a, &ev->unknown);
			break;
		case IPSEC_QOS_A_DEVICE:
			ev->what = IQ_EVENT_DEVICE;
			ret = iq_get_device(a, &ev->device);
			break;
		case IPSEC_QOS_A_CHAIN:
			ev->what = IQ_EVENT_CHAIN;
			ret = iq_get_chain(a, &ev->chain);
			break;
		case IPSEC_QOS_A_SERVICE:
			ev->what = IQ_EVENT_SERVICE;
			ret = iq_get_service(a, &ev->service);
			break;
		case IPSEC_QOS_A_TRACE:
			ev->what = IQ_EVENT_TRACE;
			ret = iq_get_trace(a, &ev->trace);
			break;
		default:
			continue;
		}
		if (ret)
			break;
	}
	return ret;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct event_sink *sink = arg;
	struct iq_event ev;

	if (sink->ret || !iq_has_genl_header(nlh))
		return NL_OK;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		if (module_gone(nlh, sink->k->family))
			sink->ret = -ENODEV;
	} else if (nlh->nlmsg_type == sink->k->family) {
		sink->ret = event_read(nlh, &ev);
		if (!sink->ret)
			sink->ret = sink->cb(&ev, sink->arg);
		if (ev.what == IQ_EVENT_SERVICE)
			iq_kernel_service_free(&ev.service);
	}
	return NL_OK;
}

int iq_kernel_monitor_read(struct iq_kernel *k,
			   int (*cb)(const struct iq_event *ev, void *arg),
			   void *arg)
{
	struct event_sink sink = { k, cb, arg, 0 };
	int ret;

	nl_cb_set(k->events_cb, NL_CB_VALID, NL_CB_CUSTOM, on_event, &sink);
	do {
		ret = nl_recvmsgs(k->events, k->events_cb);
	} while (ret >= 0 && !sink.ret);
	if (sink.ret)
		return sink.ret;
	ret = iq_nl_to_errno(ret);
	return ret == -EAGAIN ? 0 : ret;
}
