// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "command.h"
#include "flowtable.h"
#include "print.h"

#define DUMP_SIZE	32768	/* as much as the kernel puts into one part of a dump */
#define DUMP_SEQ	1

#define DEVICE_PREFIX	(NFTA_DEVICE_NAME + 1)	/* NFTA_DEVICE_PREFIX of newer headers */

static const char *nft_family(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	default:
		return "?";
	}
}

static json_t *devices_json(const struct nlattr *hook)
{
	json_t *devices = json_array();
	const struct nlattr *devs, *dev;

	mnl_attr_for_each_nested(devs, hook) {
		if (mnl_attr_get_type(devs) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		mnl_attr_for_each_nested(dev, devs) {
			uint16_t type = mnl_attr_get_type(dev);

			if ((type != NFTA_DEVICE_NAME && type != DEVICE_PREFIX) ||
			    mnl_attr_validate(dev, MNL_TYPE_NUL_STRING) < 0)
				continue;
			json_array_append_new(devices,
					      name_json(mnl_attr_get_str(dev),
							type == DEVICE_PREFIX ?
							"*" : ""));
		}
	}
	return devices;
}

static int flowtable_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const char *table = NULL, *name = NULL;
	json_t *devices = NULL;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWFLOWTABLE))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_FLOWTABLE_TABLE:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				table = mnl_attr_get_str(attr);
			break;
		case NFTA_FLOWTABLE_NAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				name = mnl_attr_get_str(attr);
			break;
		case NFTA_FLOWTABLE_HOOK:
			if (!devices && mnl_attr_validate(attr, MNL_TYPE_NESTED) >= 0)
				devices = devices_json(attr);
			break;
		}
	}
	if (table && name)
		json_array_append_new(data, json_pack("{s:s, s:o, s:o, s:o}", "family",
						      nft_family(nfg->nfgen_family),
						      "table", name_json(table, ""),
						      "name", name_json(name, ""),
						      "devices",
						      devices ?: json_array()));
	else
		json_decref(devices);
	return MNL_CB_OK;
}

/* 0, or a negative errno; -EINTR: something changed meanwhile. */
static int dump(struct mnl_socket *nl, json_t *flowtables)
{
	char buf[DUMP_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;
	ssize_t n;
	int ret;

	nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETFLOWTABLE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = DUMP_SEQ;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = NFPROTO_UNSPEC;
	nfg->version = NFNETLINK_V0;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, n, DUMP_SEQ, mnl_socket_get_portid(nl),
				 flowtable_cb, flowtables);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

json_t *read_flowtables(void)
{
	json_t *flowtables = NULL;
	struct mnl_socket *nl;
	int ret, tries = 0;

	do {
		json_decref(flowtables);
		flowtables = json_array();
		ret = -ENOMEM;
		nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
		if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
			ret = dump(nl, flowtables);
		if (nl)
			mnl_socket_close(nl);
	} while (dump_again(ret, &tries));
	if (!ret || ret == -EINTR)
		return flowtables;
	json_decref(flowtables);
	return json_null();
}
