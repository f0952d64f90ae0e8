// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/ipsec_qos.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "sa/module.h"

struct module_watch {
	struct nl_sock *sk;
	void (*cb)(bool there, void *arg);
	void *arg;
};

static int on_notice(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	struct module_watch *watch = arg;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct genlmsghdr *genl;

	if (nlh->nlmsg_type != GENL_ID_CTRL ||
	    genlmsg_parse(nlh, 0, tb, CTRL_ATTR_MAX, NULL) < 0 ||
	    !tb[CTRL_ATTR_FAMILY_NAME] ||
	    nla_strcmp(tb[CTRL_ATTR_FAMILY_NAME], IPSEC_QOS_GENL_NAME))
		return NL_OK;
	genl = nlmsg_data(nlh);
	if (genl->cmd == CTRL_CMD_NEWFAMILY)
		watch->cb(true, watch->arg);
	else if (genl->cmd == CTRL_CMD_DELFAMILY)
		watch->cb(false, watch->arg);
	return NL_OK;
}

int module_watch_open(struct module_watch **out)
{
	struct module_watch *watch = calloc(1, sizeof(*watch));
	int group;

	if (!watch)
		return -ENOMEM;
	watch->sk = nl_socket_alloc();
	if (!watch->sk || genl_connect(watch->sk) < 0)
		goto err;
	group = genl_ctrl_resolve_grp(watch->sk, "nlctrl", "notify");
	if (group < 0 || nl_socket_add_membership(watch->sk, group) < 0 ||
	    nl_socket_set_nonblocking(watch->sk) < 0)
		goto err;
	/* notices answer no request */
	nl_socket_disable_seq_check(watch->sk);
	nl_socket_modify_cb(watch->sk, NL_CB_VALID, NL_CB_CUSTOM, on_notice,
			    watch);
	*out = watch;
	return 0;

err:
	module_watch_close(watch);
	return -EIO;
}

void module_watch_close(struct module_watch *watch)
{
	if (!watch)
		return;
	nl_socket_free(watch->sk);
	free(watch);
}

int module_watch_fd(const struct module_watch *watch)
{
	return nl_socket_get_fd(watch->sk);
}

int module_watch_read(struct module_watch *watch,
		      void (*cb)(bool there, void *arg), void *arg)
{
	int ret;

	watch->cb = cb;
	watch->arg = arg;
	do {
		ret = nl_recvmsgs_default(watch->sk);
	} while (ret >= 0);

	switch (-ret) {
	case NLE_AGAIN:
		return 0;
	case NLE_NOMEM:		/* how libnl says ENOBUFS */
		return -ENOBUFS;
	default:
		return -EIO;
	}
}
