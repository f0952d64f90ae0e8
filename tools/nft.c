// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "nft.h"

#define DUMP_SIZE	32768	/* as much as the kernel puts into one part of a dump */
#define DUMP_SEQ	1

const char *nft_family(uint8_t family)
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

bool nft_is(const struct nlmsghdr *nlh, int type)
{
	return nlh->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | type);
}

static int dump(struct mnl_socket *nl, int type, mnl_cb_t cb, void *arg)
{
	char buf[DUMP_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;
	ssize_t n;
	int ret;

	nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | type;
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
		ret = mnl_cb_run(buf, n, DUMP_SEQ, mnl_socket_get_portid(nl), cb, arg);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

int nft_dump(int type, mnl_cb_t cb, void *arg)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int ret = -ENOMEM;

	if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		ret = dump(nl, type, cb, arg);
	if (nl)
		mnl_socket_close(nl);
	return ret;
}
