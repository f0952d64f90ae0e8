// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket to the module: what its answers come to, and what the extended ACK
 * says.
 */
#include "lib/kernel/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "lib/extack.h"
#include "lib/kernel/request.h"

/* These are what the calls of this room can say. */
int iq_nl_to_errno(int nle)
{
	switch (abs(nle)) {
	case NLE_SUCCESS:
		return 0;
	case NLE_INTR:
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_NOMEM:		/* ENOBUFS too */
		return -ENOBUFS;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_MSGSIZE:
	case NLE_MSG_TOOSHORT:
	case NLE_MSG_TRUNC:
		return -EMSGSIZE;
	case NLE_NODEV:
		return -ENODEV;
	default:
		return -EIO;
	}
}

void iq_set_error(struct iq_kernel *k, int err, const char *text, size_t len)
{
	k->err = err;
	if (text)
		snprintf(k->error, sizeof(k->error), "%.*s",
			 (int)strnlen(text, len), text);
	else if (err == -EPERM)
		snprintf(k->error, sizeof(k->error),
			 "%s: CAP_NET_ADMIN over the network namespace is needed",
			 strerror(-err));
	else if (err == -ENODEV)
		snprintf(k->error, sizeof(k->error),
			 "the module was unloaded");
	else
		snprintf(k->error, sizeof(k->error), "%s", strerror(-err));
}

static void read_extack(struct iq_kernel *k, struct iq_extack ack, int err)
{
	k->offset = ack.offset;
	iq_set_error(k, err, ack.text, ack.len);
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	struct iq_kernel *k = arg;

	(void)who;
	read_extack(k, iq_extack_of_error(e), e->error);
	k->done = true;
	return NL_SKIP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	(void)msg;
	k->done = true;
	return NL_OK;
}

/* The end of a dump; its payload is an errno, with attributes as an error has. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct iq_kernel *k = arg;
	int err = 0;

	if (nlmsg_datalen(nlh) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err < 0)
		read_extack(k, iq_extack_read(nlh, NLMSG_HDRLEN + sizeof(err)),
			    err);
	k->done = true;
	return NL_OK;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	(void)msg;
	k->interrupted = true;
	return NL_OK;
}

/*
 * What is left of an answer that was given up (receive buffer overrun) must
 * not be taken for the next one.
 */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == k->seq ? NL_OK : NL_SKIP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	/* After an error the rest is only read to empty the socket. */
	if (!k->err && k->answer)
		k->err = k->answer(nlmsg_hdr(msg), k->arg);
	return NL_OK;
}

/* Is it the rest of the service before it: rules of its ACL, behind its id? */
static bool goes_on(const struct nlattr *a)
{
	int rem = nla_len(a);
	const struct nlattr *id = nla_data(a), *next;

	if (nla_type(a) != IPSEC_QOS_A_SERVICE || !nla_ok(id, rem))
		return false;
	next = nla_next(id, &rem);
	return nla_type(id) == IPSEC_QOS_SERVICE_A_ID && nla_ok(next, rem) &&
	       nla_type(next) == IPSEC_QOS_SERVICE_A_ACL;
}

/* Which of the entries in the request is the one that @offset lies in? */
static int find_culprit(const struct nlmsghdr *nlh, uint32_t offset)
{
	const struct nlattr *a;
	int rem, i = 0;

	iq_for_each_attr(a, nlh, rem) {
		uint32_t start = (const char *)a - (const char *)nlh;

		switch (nla_type(a)) {
		case IPSEC_QOS_A_GROUP:
		case IPSEC_QOS_A_SA:
		case IPSEC_QOS_A_IKE:
		case IPSEC_QOS_A_DEVICE:
		case IPSEC_QOS_A_CHAIN:
		case IPSEC_QOS_A_SERVICE:
			i -= goes_on(a);
			if (offset >= start && offset < start + a->nla_len)
				return i;
			i++;
		}
	}
	return -1;
}

static void begin_request(struct iq_kernel *k,
			  int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	k->answer = answer;
	k->arg = arg;
	k->done = false;
	k->interrupted = false;
	k->err = 0;
	k->offset = 0;
	k->culprit = -1;
	k->error[0] = '\0';
}

int iq_request(struct iq_kernel *k, struct nl_msg *msg,
	       int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	int ret;

	begin_request(k, answer, arg);
	if (!msg) {
		iq_set_error(k, -ENOMEM, NULL, 0);
		return k->err;
	}
	ret = nl_send_auto(k->sk, msg);
	k->seq = nlmsg_hdr(msg)->nlmsg_seq;
	while (ret >= 0 && !k->done)
		ret = nl_recvmsgs(k->sk, k->cb);

	if (ret < 0) {
		iq_set_error(k, iq_nl_to_errno(ret), NULL, 0);
	} else if (k->err == -ENOENT && !k->error[0]) {
		/* what a callback returned */
	} else if (k->err == -ENOENT && !k->offset &&
		   genl_ctrl_resolve(k->sk, IPSEC_QOS_GENL_NAME) != k->family) {
		/* generic netlink itself did not know the family any more */
		iq_set_error(k, -ENODEV, NULL, 0);
	} else if (!k->err && k->interrupted) {
		iq_set_error(k, -EINTR,
			  "the table changed while it was read", SIZE_MAX);
	}
	if (k->err && k->offset)
		k->culprit = find_culprit(nlmsg_hdr(msg), k->offset);
	nlmsg_free(msg);
	return k->err;
}

int iq_request_dump(struct iq_kernel *k, struct nl_msg *msg)
{
	int ret;

	begin_request(k, NULL, NULL);
	if (!msg) {
		iq_set_error(k, -ENOMEM, NULL, 0);
		return k->err;
	}
	ret = nl_send_auto(k->sk, msg);
	k->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	if (ret < 0)
		iq_set_error(k, iq_nl_to_errno(ret), NULL, 0);
	return k->err;
}

/* libnl reads a dump to its end; this takes one buffer of it. */
int iq_dump_more(struct iq_kernel *k,
		 int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct sockaddr_nl from;
	struct nlmsghdr *nlh;
	unsigned char *buf;
	int err, n;

	n = nl_recv(k->sk, &from, &buf, NULL);
	if (n <= 0) {
		iq_set_error(k, n ? iq_nl_to_errno(n) : -EIO, NULL, 0);
		return k->err;
	}
	for (nlh = (struct nlmsghdr *)buf; nlmsg_ok(nlh, n);
	     nlh = nlmsg_next(nlh, &n)) {
		if (nlh->nlmsg_seq != k->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			k->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR) {
			k->done = true;
			err = 0;
			if (nlmsg_datalen(nlh) >= (int)sizeof(err))
				memcpy(&err, nlmsg_data(nlh), sizeof(err));
			/* generic netlink knows no such family any more */
			if (err < 0 && !k->err)
				iq_set_error(k, err == -ENOENT ? -ENODEV : err,
					  NULL, 0);
		} else if (!k->err) {
			k->err = answer(nlh, arg);
		}
	}
	free(buf);
	if (!k->done)
		return 1;
	if (!k->err && k->interrupted)
		iq_set_error(k, -EINTR,
			  "the table changed while it was read", SIZE_MAX);
	return k->err;
}

int iq_kernel_open(struct iq_kernel **out)
{
	int buffer = IQ_SOCKET_BUFFER, on = 1, fd, ret;
	struct iq_kernel *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (!k)
		return -ENOMEM;
	k->culprit = -1;
	k->sk = nl_socket_alloc();
	k->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!k->sk || !k->cb) {
		ret = -ENOMEM;
		goto err;
	}
	ret = genl_connect(k->sk);
	if (ret < 0) {
		ret = iq_nl_to_errno(ret);
		goto err;
	}
	k->family = genl_ctrl_resolve(k->sk, IPSEC_QOS_GENL_NAME);
	if (k->family < 0) {
		ret = iq_nl_to_errno(k->family);
		goto err;
	}

	fd = nl_socket_get_fd(k->sk);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on))) {
		ret = -errno;
		goto err;
	}
	/* Larger buffers only make it faster: without the right, go without. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	nl_socket_set_msg_buf_size(k->sk, IQ_DUMP_BUFFER);

	nl_cb_set(k->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, k);
	nl_cb_set(k->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, k);
	nl_cb_set(k->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, k);
	nl_cb_set(k->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, k);
	nl_cb_set(k->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, k);
	nl_cb_err(k->cb, NL_CB_CUSTOM, on_error, k);
	*out = k;
	return 0;

err:
	iq_kernel_close(k);
	return ret;
}

void iq_kernel_close(struct iq_kernel *k)
{
	if (!k)
		return;
	nl_cb_put(k->events_cb);
	nl_socket_free(k->events);
	nl_cb_put(k->cb);
	nl_socket_free(k->sk);
	free(k);
}

const char *iq_kernel_error(const struct iq_kernel *k)
{
	return k->error;
}

int iq_kernel_culprit(const struct iq_kernel *k)
{
	return k->culprit;
}
