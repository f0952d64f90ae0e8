// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos follow: SAs of the kernel's own, whoever installs them, into the groups
 * of their reqids, as the kernel tells of them.
 *
 * The module finds that an entry's SA is the kernel's own, and removes it with that
 * SA. So deletions need not be followed, and what is lost of the news is made up for
 * by reading all SAs.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "group.h"
#include "lib/kernel/entry.h"
#include "lib/kernel/event.h"
#include "lib/kernel/group.h"
#include "lib/ready.h"

#define BUFFER		(4 << 20)	/* bytes of news that may wait */
#define DUMP_SIZE	32768	/* bytes, as large as dumps come */
#define DUMP_SEQ	1

static const char usage[] =
"Usage: ipsec-qos follow reqid N group GROUP [ reqid N group GROUP ]...\n"
"GROUP := { [ name ] NAME | id N }\n";

/**
 * struct followed - a reqid, 1 to 4294967295, and whose SAs its are
 */
struct followed {
	uint32_t reqid;
	uint32_t group;
};

/**
 * struct follow - what is followed
 *
 * @list: of struct followed
 * @ret: why this cannot go on, a negative errno of the module's
 * @said: what it refused last, and was said
 */
struct follow {
	UT_array list;
	int ret;
	int said;
};

static const struct followed *find(const struct follow *f, uint32_t reqid)
{
	const struct followed *v = utarray_front(&f->list);
	size_t i;

	for (i = 0; i < utarray_len(&f->list); i++)
		if (v[i].reqid == reqid)
			return &v[i];
	return NULL;
}

/* An entry is there already: the daemon's is the daemon's business. */
static int take_over(struct iq_kernel *k, const struct iq_sa *sa)
{
	struct iq_sa now = *sa;
	int ret = iq_kernel_entry_get(k, &now.entry);

	/* gone meanwhile, and its SA with it */
	if (ret == -ENOENT)
		return 0;
	if (ret || now.entry.group == sa->entry.group ||
	    now.entry.owner != IPSEC_QOS_OWNER_STATIC)
		return ret;
	return iq_kernel_entry_new(k, &sa->entry, 1, IPSEC_QOS_OWNER_STATIC,
				   NLM_F_CREATE | NLM_F_REPLACE);
}

/* By the time its news is read the SA may be gone, and nobody would say so again. */
static int drop_unless_local(struct iq_kernel *k, const struct iq_sa *sa)
{
	struct iq_sa now = *sa;
	int ret = iq_kernel_entry_get(k, &now.entry);

	if (!ret && !(now.flags & IPSEC_QOS_SA_F_LOCAL))
		ret = iq_kernel_entry_del(k, &sa->entry, 1);
	return ret == -ENOENT ? 0 : ret;
}

static void put_in(struct follow *f, const struct iq_sa *sa)
{
	struct iq_kernel *k = the_kernel();
	int ret = iq_kernel_entry_new(k, &sa->entry, 1, IPSEC_QOS_OWNER_STATIC,
				      NLM_F_CREATE | NLM_F_EXCL);

	if (!ret)
		ret = drop_unless_local(k, sa);
	else if (ret == -EEXIST)
		ret = take_over(k, sa);
	if (ret == -ENODEV)
		f->ret = ret;
	else if (ret && ret != f->said)
		kernel_refused(ret);
	f->said = ret;
}

/* An SA that the kernel has. */
static int on_sa(const struct nlmsghdr *nlh, void *arg)
{
	const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(nlh);
	const struct followed *followed;
	struct follow *f = arg;
	struct iq_sa sa = { .entry.table = IQ_TABLE_SA };

	if ((nlh->nlmsg_type != XFRM_MSG_NEWSA && nlh->nlmsg_type != XFRM_MSG_UPDSA) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return MNL_CB_OK;
	followed = find(f, info->reqid);
	if (!followed || !info->id.spi ||
	    (info->id.proto != IPPROTO_ESP && info->id.proto != IPPROTO_AH) ||
	    (info->family != AF_INET && info->family != AF_INET6))
		return MNL_CB_OK;
	sa.entry.group = followed->group;
	sa.proto = info->id.proto;
	sa.spi = ntohl(info->id.spi);
	sa.dst.family = info->family;
	memcpy(sa.dst.b, &info->id.daddr, info->family == AF_INET ? 4 : 16);
	put_in(f, &sa);
	return f->ret ? MNL_CB_STOP : MNL_CB_OK;
}

/* All SAs that there are; 0, or a negative errno. */
static int read_all(struct follow *f)
{
	struct mnl_socket *nl;
	char buf[DUMP_SIZE];
	struct nlmsghdr *nlh;
	ssize_t n;
	int ret, tries = 0;

	do {
		nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
		if (!nl)
			return -errno;
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = XFRM_MSG_GETSA;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		nlh->nlmsg_seq = DUMP_SEQ;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct xfrm_usersa_id));
		ret = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) ||
		      mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ?
		      MNL_CB_ERROR : MNL_CB_OK;
		while (ret > MNL_CB_STOP && !f->ret) {
			n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
			ret = n < 0 ? -1 : mnl_cb_run(buf, n, DUMP_SEQ,
						      mnl_socket_get_portid(nl),
						      on_sa, f);
		}
		ret = ret < 0 ? -errno : 0;
		mnl_socket_close(nl);
	} while (!f->ret && dump_again(ret, &tries));
	return ret == -EINTR ? 0 : ret;
}

/* Messages of SAs that come and change; NULL and errno. */
static struct mnl_socket *open_news(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_XFRM,
						 SOCK_CLOEXEC | SOCK_NONBLOCK);
	int size = BUFFER, group = XFRMNLGRP_SA, err;

	if (!nl)
		return NULL;
	/* root of a container gets what net.core.rmem_max allows */
	if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)))
		setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) >= 0 &&
	    mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) >= 0)
		return nl;
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return NULL;
}

/*
 * What has come. Where some of it was lost, all is read again, and what else had come
 * by then is passed over. 0, or a negative errno.
 */
static int read_news(struct mnl_socket *nl, struct follow *f)
{
	char buf[DUMP_SIZE];
	bool lost = false;
	ssize_t n;

	while (!f->ret) {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n >= 0 && !lost)
			mnl_cb_run(buf, n, 0, 0, on_sa, f);
		else if (n < 0 && errno == ENOBUFS)
			lost = true;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		else if (n < 0)
			break;
	}
	return lost ? read_all(f) : 0;
}

/* The module's own news: here, that it goes. */
static int pass_over(const struct iq_event *ev, void *arg)
{
	return 0;
}

static int follow(struct iq_kernel *k, struct mnl_socket *nl, struct follow *f)
{
	struct pollfd wait[] = {
		{ .fd = mnl_socket_get_fd(nl), .events = POLLIN },
		{ .fd = iq_kernel_monitor(k, 0), .events = POLLIN },
	};
	int ret;

	if (wait[1].fd < 0)
		return kernel_refused(wait[1].fd);
	ret = read_all(f);
	sd_notify(0, "READY=1");
	while (!ret && !f->ret) {
		if (poll(wait, ARRAY_SIZE(wait), -1) < 0 && errno != EINTR)
			return refused("poll: %s", strerror(errno));
		ret = read_news(nl, f);
		if (wait[1].revents &&
		    iq_kernel_monitor_read(k, pass_over, NULL) == -ENODEV)
			f->ret = -ENODEV;
	}
	if (f->ret)
		return refused("ipsec_qos: the module was unloaded");
	return refused("the kernel's SAs cannot be read: %s", strerror(-ret));
}

/* "reqid N group GROUP", once or more; the groups are there. */
static int next_followed(struct args *args, struct follow *f)
{
	static const char *const reqid_word[] = { "reqid" }, *const group_word[] = { "group" };
	struct iq_kernel_group group = { 0 };
	struct followed v;
	unsigned int seen = 0, i;
	struct iq_kernel *k;
	const char *value;
	int ret;

	if (next_keyword(args, reqid_word, 1, &seen, &i) < 0)
		return STATUS_USAGE;
	value = next_value(args, "reqid");
	if (!value)
		return STATUS_USAGE;
	if (parse_u32(value, 1, UINT32_MAX, &v.reqid))
		return bad_value("reqid", value, "1 to 4294967295");
	if (find(f, v.reqid))
		return usage_error("reqid %" PRIu32 " is there twice", v.reqid);
	seen = 0;
	ret = next_keyword(args, group_word, 1, &seen, &i);
	if (ret < 0)
		return STATUS_USAGE;
	if (!ret)
		return usage_error("the group of reqid %" PRIu32 " is missing: group GROUP",
				   v.reqid);
	ret = next_id(args, &group_names, &v.group);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	group.id = v.group;
	ret = iq_kernel_group_get(k, &group);
	if (ret)
		return kernel_refused(ret);
	return iq_array_push(&f->list, &v) ? STATUS_OK : refused("out of memory");
}

static int run(struct args *args)
{
	struct follow f = { .list = IQ_ARRAY(struct followed) };
	struct mnl_socket *nl;
	int status = STATUS_OK;

	if (!args->n)
		return usage_error("what to follow is missing: reqid N group GROUP");
	while (!status && args->n)
		status = next_followed(args, &f);
	if (!status) {
		/* ahead of the first reading, so that nothing is missed between */
		nl = open_news();
		if (nl) {
			status = follow(the_kernel(), nl, &f);
			mnl_socket_close(nl);
		} else {
			status = refused("the kernel's SAs cannot be followed: %s%s",
					 strerror(errno), errno == EPERM ?
					 ": that takes CAP_NET_ADMIN" : "");
		}
	}
	utarray_done(&f.list);
	return status;
}

const struct object follow_object = { .usage = usage, .run = run };
