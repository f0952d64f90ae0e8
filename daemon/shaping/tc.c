// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic control as the kernel's rtnetlink has it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <netlink/utils.h>

#include "lib/extack.h"
#include "shaping/tc_priv.h"

#define USEC_PER_SEC	1000000
#define ANSWERS_ROOM	(1 << 20)

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	struct iq_extack ack = iq_extack_of_error(e);
	struct tc *tc = arg;

	(void)who;
	if (ack.text)
		snprintf(tc->kernel, sizeof(tc->kernel), "%.*s",
			 (int)strnlen(ack.text, ack.len), ack.text);
	tc->gather.answered++;
	tc->gather.refused = e->msg.nlmsg_seq;
	return NL_STOP;
}

/* Where the socket had no room for an answer, or one was another's, more may be missing. */
static bool loses_answers(int err)
{
	return err == -NLE_NOMEM || err == -NLE_SEQ_MISMATCH || err == -NLE_MSG_TRUNC;
}

int tc_done(struct tc *tc, int err)
{
	if (err < 0)
		snprintf(tc->error, sizeof(tc->error), "%s",
			 tc->kernel[0] ? tc->kernel : nl_geterror(err));

	tc->broken |= loses_answers(err);
	tc->kernel[0] = '\0';
	return err < 0 ? err : 0;
}

static int connect_socket(struct nl_sock *sk)
{
	int one = 1, room = ANSWERS_ROOM, err, fd;

	errno = 0;
	err = nl_connect(sk, NETLINK_ROUTE);
	if (err < 0)
		return errno ? -errno : -EIO;

	fd = nl_socket_get_fd(sk);
	/*
	 * The answers to what is gathered wait until all of it is done. In a container the
	 * second is refused, and the first gives what it may.
	 */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	/* Older kernels say less; that alone is no reason to fail. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return 0;
}

static int new_socket(struct tc *tc)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	if (!sk)
		return -ENOMEM;

	err = connect_socket(sk);
	if (err) {
		nl_socket_free(sk);
		return err;
	}

	nl_socket_modify_err_cb(sk, NL_CB_CUSTOM, on_error, tc);
	nl_socket_free(tc->sk);
	tc->sk = sk;
	tc->broken = false;
	return 0;
}

int tc_open(struct tc **result)
{
	struct tc *tc = calloc(1, sizeof(*tc));
	int err;

	if (!tc)
		return -ENOMEM;

	err = new_socket(tc);
	if (err) {
		tc_close(tc);
		return err;
	}

	*result = tc;
	return 0;
}

void tc_close(struct tc *tc)
{
	if (!tc)
		return;

	nl_socket_free(tc->sk);
	free(tc->gather.buf);
	free(tc);
}

void tc_stop(struct tc *tc)
{
	atomic_store(&tc->stopped, true);
}

int tc_begin(struct tc *tc)
{
	/* not among requests that are being gathered: their numbers are the old one's */
	if (tc->broken && !tc->gather.n && new_socket(tc)) {
		snprintf(tc->error, sizeof(tc->error), "no socket to the kernel");
		return -NLE_NOMEM;
	}
	if (!atomic_load(&tc->stopped))
		return 0;

	snprintf(tc->error, sizeof(tc->error), "the daemon is ending");
	return -NLE_INTR;
}

uint32_t tc_port(const struct tc *tc)
{
	return nl_socket_get_local_port(tc->sk);
}

const char *tc_error(const struct tc *tc)
{
	return tc->error;
}

/*
 * Reading
 */

struct dump {
	union {
		int (*qdisc)(const struct tc_qdisc *qdisc, void *arg);
		int (*class)(const struct tc_class *class, void *arg);
		int (*filter)(const struct tc_filter *filter, void *arg);
	};
	void *arg;
	uint32_t parent;	/* of qdiscs */
	int result;
};

/* Copy a structure that other kernels may have longer or shorter. */
static void get_struct(void *to, size_t size, struct nlattr *attr)
{
	memset(to, 0, size);
	if (attr)
		nla_memcpy(to, attr, size);
}

static void get_count(struct tc_count *count, struct nlattr *nest)
{
	struct nlattr *tb[TCA_STATS_MAX + 1];
	struct gnet_stats_rate_est rate;
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;

	memset(count, 0, sizeof(*count));
	if (!nest || nla_parse_nested(tb, TCA_STATS_MAX, nest, NULL) < 0)
		return;

	get_struct(&basic, sizeof(basic), tb[TCA_STATS_BASIC]);
	get_struct(&queue, sizeof(queue), tb[TCA_STATS_QUEUE]);
	get_struct(&rate, sizeof(rate), tb[TCA_STATS_RATE_EST]);

	count->bytes = basic.bytes;
	count->packets = basic.packets;
	count->drops = queue.drops;
	count->backlog = queue.backlog;
	count->rate = rate.bps;

	/* There only where 32 bits do not hold them. */
	if (tb[TCA_STATS_PKT64])
		get_struct(&count->packets, sizeof(count->packets),
			   tb[TCA_STATS_PKT64]);
	if (tb[TCA_STATS_RATE_EST64])
		get_struct(&count->rate, sizeof(count->rate),
			   tb[TCA_STATS_RATE_EST64]);
}

static uint32_t get_u32(struct nlattr *attr)
{
	uint32_t value;

	get_struct(&value, sizeof(value), attr);
	return value;
}

static int on_link(struct nl_msg *msg, void *arg)
{
	struct ifinfomsg *ifi = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[IFLA_MAX + 1], *kind = NULL;
	struct tc_link *link = arg;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*ifi), tb, IFLA_MAX, NULL) < 0 ||
	    !tb[IFLA_MTU])
		return NL_SKIP;

	link->ifindex = ifi->ifi_index;
	link->mtu = get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_LINKINFO])
		kind = nla_find(nla_data(tb[IFLA_LINKINFO]),
				nla_len(tb[IFLA_LINKINFO]), IFLA_INFO_KIND);
	if (kind)
		nla_strlcpy(link->kind, kind, sizeof(link->kind));
	return NL_OK;
}

int tc_link(struct tc *tc, const char *name, struct tc_link *result)
{
	/* the kernel looks either up among both kinds of names */
	int attr = strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME;
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg;
	int err;

	memset(result, 0, sizeof(*result));
	err = tc_begin(tc);
	if (err)
		return err;

	msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	if (!msg)
		return tc_done(tc, -NLE_NOMEM);

	if (nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, attr, name) < 0) {
		nlmsg_free(msg);
		return tc_done(tc, -NLE_NOMEM);
	}

	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_CUSTOM, on_link, result);
	err = nl_send_auto(tc->sk, msg);
	nlmsg_free(msg);
	if (err >= 0)
		err = nl_recvmsgs_default(tc->sk);
	if (err >= 0)
		err = nl_wait_for_ack(tc->sk);
	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	if (err == -NLE_NODEV || err == -NLE_OBJ_NOTFOUND) {
		tc->kernel[0] = '\0';
		return 0;
	}

	return tc_done(tc, err);
}

bool tc_link_named(struct nlattr *const *tb, const char *name)
{
	struct nlattr *list = tb[IFLA_PROP_LIST], *alt;
	int left;

	if (tb[IFLA_IFNAME] && !strcmp(nla_get_string(tb[IFLA_IFNAME]), name))
		return true;

	if (list)
		nla_for_each_nested(alt, list, left)
			if (nla_type(alt) == IFLA_ALT_IFNAME &&
			    !strcmp(nla_get_string(alt), name))
				return true;

	return false;
}

static int on_qdisc(struct nl_msg *msg, void *arg)
{
	struct tcmsg *tcm = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[TCA_MAX + 1], *opt[TCA_FQ_CODEL_MAX + 1];
	struct tc_qdisc qdisc = {};
	struct dump *dump = arg;
	struct tc_htb_glob glob;

	if (tcm->tcm_parent != TC_H_ROOT && tcm->tcm_parent != TC_H_INGRESS &&
	    TC_H_MAJ(tcm->tcm_parent) != dump->parent &&
	    tcm->tcm_handle != dump->parent)
		return NL_SKIP;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_KIND])
		return NL_SKIP;

	qdisc.ifindex = tcm->tcm_ifindex;
	qdisc.parent = tcm->tcm_parent;
	qdisc.handle = tcm->tcm_handle;
	nla_strlcpy(qdisc.kind, tb[TCA_KIND], sizeof(qdisc.kind));
	get_count(&qdisc.count, tb[TCA_STATS2]);

	/* Both kinds' attributes fit fq_codel's range. */
	_Static_assert((int)TCA_HTB_INIT <= (int)TCA_FQ_CODEL_MAX,
		       "room for both");
	if (tb[TCA_OPTIONS] &&
	    !nla_parse_nested(opt, TCA_FQ_CODEL_MAX, tb[TCA_OPTIONS], NULL)) {
		if (!strcmp(qdisc.kind, "htb")) {
			get_struct(&glob, sizeof(glob), opt[TCA_HTB_INIT]);
			qdisc.defcls = glob.defcls;
		} else if (!strcmp(qdisc.kind, "fq_codel")) {
			qdisc.target = get_u32(opt[TCA_FQ_CODEL_TARGET]);
			qdisc.interval = get_u32(opt[TCA_FQ_CODEL_INTERVAL]);
			qdisc.flows = get_u32(opt[TCA_FQ_CODEL_FLOWS]);
		}
	}

	if (!dump->result)
		dump->result = dump->qdisc(&qdisc, dump->arg);

	return NL_OK;
}

static uint64_t get_rate(const struct tc_ratespec *spec, struct nlattr *rate64)
{
	uint64_t rate;

	if (!rate64)
		return spec->rate;

	get_struct(&rate, sizeof(rate), rate64);
	return rate;
}

/* The kernel keeps a bucket as the time that it takes to fill. */
static uint32_t bucket_bytes(uint32_t ticks, uint64_t rate)
{
	uint64_t bytes = (double)nl_ticks2us(ticks) * rate / USEC_PER_SEC;

	return bytes > UINT32_MAX ? UINT32_MAX : bytes;
}

static int on_class(struct nl_msg *msg, void *arg)
{
	struct tcmsg *tcm = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[TCA_MAX + 1], *opt[TCA_HTB_MAX + 1];
	struct tc_class class = {};
	struct dump *dump = arg;
	struct tc_htb_opt htb;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_KIND] || strcmp(nla_get_string(tb[TCA_KIND]), "htb") ||
	    !tb[TCA_OPTIONS] ||
	    nla_parse_nested(opt, TCA_HTB_MAX, tb[TCA_OPTIONS], NULL) < 0)
		return NL_SKIP;

	get_struct(&htb, sizeof(htb), opt[TCA_HTB_PARMS]);
	get_count(&class.count, tb[TCA_STATS2]);
	class.parent = tcm->tcm_parent;
	class.handle = tcm->tcm_handle;
	class.rate = get_rate(&htb.rate, opt[TCA_HTB_RATE64]);
	class.ceil = get_rate(&htb.ceil, opt[TCA_HTB_CEIL64]);
	class.burst = bucket_bytes(htb.buffer, class.rate);
	class.cburst = bucket_bytes(htb.cbuffer, class.ceil);
	class.quantum = htb.quantum;

	if (!dump->result)
		dump->result = dump->class(&class, dump->arg);

	return NL_OK;
}

static void get_fw(struct tc_filter *filter, struct nlattr *const *opt)
{
	filter->mask = opt[TCA_FW_MASK] ? get_u32(opt[TCA_FW_MASK]) : UINT32_MAX;
	filter->classid = get_u32(opt[TCA_FW_CLASSID]);
	filter->more = opt[TCA_FW_ACT] || opt[TCA_FW_POLICE] || opt[TCA_FW_INDEV];
}

static void get_bpf(struct tc_filter *filter, struct nlattr *const *opt)
{
	/* a program of eBPF has no instructions here; flags have packets dropped, and such */
	filter->more = !opt[TCA_BPF_OPS] || opt[TCA_BPF_ACT] || opt[TCA_BPF_POLICE] ||
		       opt[TCA_BPF_CLASSID] || opt[TCA_BPF_FLAGS];
	if (!opt[TCA_BPF_OPS])
		return;
	filter->ops = nla_data(opt[TCA_BPF_OPS]);
	filter->n_ops = nla_len(opt[TCA_BPF_OPS]) / sizeof(*filter->ops);
}

static int on_filter(struct nl_msg *msg, void *arg)
{
	struct tcmsg *tcm = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[TCA_MAX + 1], *opt[TCA_BPF_MAX + 1];
	struct tc_filter filter = {};
	struct dump *dump = arg;
	const char *kind;

	/* Both kinds' attributes fit bpf's range. */
	_Static_assert((int)TCA_FW_MAX <= (int)TCA_BPF_MAX, "room for both");
	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_KIND])
		return NL_SKIP;

	kind = nla_get_string(tb[TCA_KIND]);
	filter.prio = TC_H_MAJ(tcm->tcm_info) >> 16;
	filter.protocol = ntohs(TC_H_MIN(tcm->tcm_info));
	filter.chain = get_u32(tb[TCA_CHAIN]);
	filter.bpf = !strcmp(kind, "bpf");

	/*
	 * A priority as such comes ahead of its filters. It has no options, which
	 * a fw filter that leads nowhere has neither.
	 */
	filter.whole = !tb[TCA_OPTIONS] && !tcm->tcm_handle;
	if (!filter.whole) {
		if ((!filter.bpf && strcmp(kind, "fw") != 0) ||
		    filter.protocol != ETH_P_ALL || filter.chain)
			return NL_SKIP;

		filter.handle = tcm->tcm_handle;
		filter.more = !tb[TCA_OPTIONS];
	}

	if (tb[TCA_OPTIONS]) {
		if (nla_parse_nested(opt, TCA_BPF_MAX, tb[TCA_OPTIONS], NULL) < 0)
			return NL_SKIP;

		if (filter.bpf)
			get_bpf(&filter, opt);
		else
			get_fw(&filter, opt);
	}

	if (!dump->result)
		dump->result = dump->filter(&filter, dump->arg);

	return NL_OK;
}

static int dump(struct tc *tc, int type, int ifindex, uint32_t parent,
		nl_recvmsg_msg_cb_t cb, struct dump *dump)
{
	struct tcmsg tcm = {
		.tcm_ifindex = ifindex,
		.tcm_parent = parent,
	};
	int err = tc_begin(tc);

	if (err)
		return err;

	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_CUSTOM, cb, dump);
	err = nl_send_simple(tc->sk, type, NLM_F_DUMP, &tcm, sizeof(tcm));
	if (err >= 0)
		err = nl_recvmsgs_default(tc->sk);
	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);

	err = tc_done(tc, err);
	return err ? err : dump->result;
}

int tc_dump_qdiscs(struct tc *tc, uint32_t parent,
		   int (*cb)(const struct tc_qdisc *qdisc, void *arg), void *arg)
{
	struct dump d = { .qdisc = cb, .arg = arg, .parent = parent };

	return dump(tc, RTM_GETQDISC, 0, 0, on_qdisc, &d);
}

int tc_dump_classes(struct tc *tc, int ifindex, uint32_t parent,
		    int (*cb)(const struct tc_class *class, void *arg), void *arg)
{
	struct dump d = { .class = cb, .arg = arg };

	return dump(tc, RTM_GETTCLASS, ifindex, parent, on_class, &d);
}

int tc_dump_filters(struct tc *tc, int ifindex, uint32_t parent,
		    int (*cb)(const struct tc_filter *filter, void *arg),
		    void *arg)
{
	struct dump d = { .filter = cb, .arg = arg };

	return dump(tc, RTM_GETTFILTER, ifindex, parent, on_filter, &d);
}

struct counts {
	void (*cb)(uint32_t handle, const struct tc_count *count, bool leaf, void *arg);
	void *arg;
};

static int on_count(struct nl_msg *msg, void *arg)
{
	bool leaf = nlmsg_hdr(msg)->nlmsg_type == RTM_NEWQDISC;
	struct tcmsg *tcm = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[TCA_MAX + 1];
	struct counts *counts = arg;
	struct tc_count count;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*tcm), tb, TCA_MAX, NULL) < 0)
		return NL_SKIP;

	get_count(&count, tb[TCA_STATS2]);
	counts->cb(leaf ? tcm->tcm_parent : tcm->tcm_handle, &count, leaf, counts->arg);
	return NL_OK;
}

int tc_read_counts(struct tc *tc, int ifindex, const uint32_t *classids, size_t n,
		   void (*cb)(uint32_t classid, const struct tc_count *count,
			      bool leaf, void *arg), void *arg)
{
	struct counts counts = { .cb = cb, .arg = arg };
	int err = 0, sent;
	size_t i, failed;

	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_CUSTOM, on_count, &counts);
	tc_gather(tc);
	for (i = 0; i < n && !err; i++)
		err = tc_ask_counts(tc, ifindex, classids[i]);
	sent = tc_send(tc, &failed);
	nl_socket_modify_cb(tc->sk, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	if (err)
		return err;
	return sent == -NLE_OBJ_NOTFOUND ? 0 : sent;
}

/**
 * struct match - a kind of filter that leaves marks alone
 *
 * @actions: the attribute that has its actions
 * @by_mark: the one by which it may match marks, 0: it cannot
 */
struct match {
	const char *kind;
	int actions;
	int by_mark;
};

static const struct match *find_match(const char *kind)
{
	static const struct match matches[] = {
		{ "basic", TCA_BASIC_ACT, TCA_BASIC_EMATCHES },
		{ "flower", TCA_FLOWER_ACT },
		{ "matchall", TCA_MATCHALL_ACT },
		{ "u32", TCA_U32_ACT, TCA_U32_MARK },
	};
	size_t i;

	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++)
		if (!strcmp(matches[i].kind, kind))
			return &matches[i];

	return NULL;
}

/**
 * struct feeds - what tc_feeds() looks for
 *
 * @marks: a filter so far may have given packets their marks
 */
struct feeds {
	int target;
	bool marks;
	bool found;
};

/* In the order in which they are done: one may give marks for those behind it. */
static void see_action(struct feeds *feeds, struct nlattr *action, bool by_mark)
{
	struct nlattr *act[TCA_ACT_MAX + 1], *parms[TCA_MIRRED_MAX + 1];
	struct tc_mirred mirred;
	const char *kind;

	if (nla_parse_nested(act, TCA_ACT_MAX, action, NULL) < 0 ||
	    !act[TCA_ACT_KIND]) {
		feeds->marks = true;
		return;
	}

	kind = nla_get_string(act[TCA_ACT_KIND]);
	if (strcmp(kind, "mirred") != 0) {
		/* what only passes, drops or goes on marks nothing */
		feeds->marks |= strcmp(kind, "gact") != 0;
		return;
	}

	if (feeds->marks || by_mark || !act[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(parms, TCA_MIRRED_MAX, act[TCA_ACT_OPTIONS], NULL) < 0)
		return;

	get_struct(&mirred, sizeof(mirred), parms[TCA_MIRRED_PARMS]);
	feeds->found |= (int)mirred.ifindex == feeds->target;
}

/* The kernel shows the filters of a chain in the order in which it tries them. */
static int on_ingress(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[TCA_MAX + 1], *actions, *action;
	struct dump *dump = arg;
	struct feeds *feeds = dump->arg;
	const struct match *match;
	bool by_mark;
	int left;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct tcmsg), tb, TCA_MAX,
			NULL) < 0 || !tb[TCA_KIND] || !tb[TCA_OPTIONS])
		return NL_SKIP;

	/* which way a packet came to another chain is not followed */
	if (tb[TCA_CHAIN] && get_u32(tb[TCA_CHAIN]))
		return NL_OK;

	match = find_match(nla_get_string(tb[TCA_KIND]));
	if (!match) {
		feeds->marks = true;
		return NL_OK;
	}

	by_mark = match->by_mark &&
		  nla_find(nla_data(tb[TCA_OPTIONS]), nla_len(tb[TCA_OPTIONS]),
			   match->by_mark);
	actions = nla_find(nla_data(tb[TCA_OPTIONS]), nla_len(tb[TCA_OPTIONS]),
			   match->actions);
	if (actions)
		nla_for_each_nested(action, actions, left)
			see_action(feeds, action, by_mark);

	return NL_OK;
}

int tc_feeds(struct tc *tc, int ifindex, int target)
{
	struct feeds feeds = { .target = target };
	struct dump d = { .arg = &feeds };
	int err;

	err = dump(tc, RTM_GETTFILTER, ifindex,
		   TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), on_ingress, &d);
	return err ? err : feeds.found;
}
