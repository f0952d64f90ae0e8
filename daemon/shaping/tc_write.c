// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic control: what is put onto a device, and taken off it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <netlink/route/class.h>
#include <netlink/route/classifier.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <netlink/route/cls/fw.h>
#include <netlink/route/qdisc/fq_codel.h>
#include <netlink/route/qdisc/htb.h>

#include "shaping/tc_priv.h"

/*
 * The kernel reads a class's counters every 250 ms and lets each reading weigh
 * a quarter: nine tenths of a new load show after two seconds.
 */
#define EST_INTERVAL	(-2)
#define EST_EWMA_LOG	2

/*
 * Of one of very many: each second, and half. A timer each is what that costs: those of
 * 10,000 take 2 % of a processor where it is every 250 ms, and now nothing measurable.
 */
#define EST_INTERVAL_MANY	0
#define EST_EWMA_LOG_MANY	1


/*
 * Requests that are sent together
 */

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct tc *tc = arg;

	tc->gather.answered++;
	return NL_STOP;
}

/* Send what there is, and read all answers: each is a message of its own. */
static int flush(struct tc *tc)
{
	struct tc_gather *g = &tc->gather;
	unsigned int before;
	int err;

	if (!g->n)
		return 0;

	g->answered = 0;
	nl_socket_modify_cb(tc->sk, NL_CB_ACK, NL_CB_CUSTOM, on_ack, tc);
	err = nl_sendto(tc->sk, g->buf, g->len);
	while (err >= 0 && g->answered < g->n) {
		before = g->answered;
		err = nl_recvmsgs_default(tc->sk);
		if (err >= 0 || g->answered == before)
			continue;
		/* refused; the others have answers, too */
		if (!g->err) {
			g->failed = g->sent + (g->refused - g->seq);
			g->err = tc_done(tc, err);
		}
		tc->kernel[0] = '\0';
		err = 0;
	}
	nl_socket_modify_cb(tc->sk, NL_CB_ACK, NL_CB_DEFAULT, NULL, NULL);
	if (err < 0 && !g->err) {
		g->failed = g->sent;
		g->err = tc_done(tc, err);
	}
	g->sent += g->n;
	g->n = 0;
	g->len = 0;
	return err < 0 ? err : 0;
}

void tc_gather(struct tc *tc)
{
	struct tc_gather *g = &tc->gather;

	g->on = true;
	g->len = g->n = g->sent = 0;
	g->err = 0;
	g->failed = 0;
}

int tc_send(struct tc *tc, size_t *failed)
{
	flush(tc);
	tc->gather.on = false;
	*failed = tc->gather.failed;
	return tc->gather.err;
}

int tc_ask(struct tc *tc, struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct tc_gather *g = &tc->gather;
	int err = 0;

	if (!g->on)
		return tc_done(tc, nl_send_sync(tc->sk, msg));

	if (!g->buf)
		g->buf = malloc(GATHER_ROOM);
	if (!g->buf)
		err = tc_done(tc, -NLE_NOMEM);
	else if (g->n == GATHER_MAX || g->len + NLMSG_ALIGN(nlh->nlmsg_len) > GATHER_ROOM)
		err = flush(tc);
	if (!err) {
		nl_complete_msg(tc->sk, msg);
		if (!g->n)
			g->seq = nlh->nlmsg_seq;
		memcpy(g->buf + g->len, nlh, nlh->nlmsg_len);
		g->len += NLMSG_ALIGN(nlh->nlmsg_len);
		g->n++;
	}
	nlmsg_free(msg);
	return err;
}

static struct rtnl_qdisc *new_qdisc(int ifindex, uint32_t parent,
				    uint32_t handle, const char *kind)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();

	if (!q)
		return NULL;

	rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
	rtnl_tc_set_parent(TC_CAST(q), parent);
	if (handle)
		rtnl_tc_set_handle(TC_CAST(q), handle);
	if (kind && rtnl_tc_set_kind(TC_CAST(q), kind) < 0) {
		rtnl_qdisc_put(q);
		return NULL;
	}

	return q;
}

int tc_add_root(struct tc *tc, int ifindex, uint32_t handle, uint32_t defcls,
		int replace)
{
	int err = tc_begin(tc);
	struct rtnl_qdisc *q;

	if (err)
		return err;

	q = new_qdisc(ifindex, TC_H_ROOT, handle, "htb");
	if (!q)
		return tc_done(tc, -NLE_NOMEM);

	rtnl_htb_set_defcls(q, defcls);
	/* What was not there a moment ago is not replaced unasked. */
	err = rtnl_qdisc_add(tc->sk, q,
			     NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL));
	rtnl_qdisc_put(q);
	return tc_done(tc, err);
}

int tc_del_root(struct tc *tc, int ifindex, uint32_t handle)
{
	struct rtnl_qdisc *q = new_qdisc(ifindex, TC_H_ROOT, handle, NULL);
	int err;

	if (!q)
		return tc_done(tc, -NLE_NOMEM);

	err = rtnl_qdisc_delete(tc->sk, q);
	rtnl_qdisc_put(q);
	return tc_done(tc, err);
}

int tc_put_class(struct tc *tc, int ifindex, const struct tc_class *class)
{
	struct gnet_estimator est = {
		.interval = class->many ? EST_INTERVAL_MANY : EST_INTERVAL,
		.ewma_log = class->many ? EST_EWMA_LOG_MANY : EST_EWMA_LOG,
	};
	int err = tc_begin(tc);
	struct nl_msg *msg = NULL;
	struct rtnl_class *c;

	if (err)
		return err;

	c = rtnl_class_alloc();
	if (!c)
		return tc_done(tc, -NLE_NOMEM);

	rtnl_tc_set_ifindex(TC_CAST(c), ifindex);
	rtnl_tc_set_parent(TC_CAST(c), class->parent);
	rtnl_tc_set_handle(TC_CAST(c), class->handle);
	err = rtnl_tc_set_kind(TC_CAST(c), "htb");
	if (!err)
		err = rtnl_htb_set_rate64(c, class->rate);
	if (!err)
		err = rtnl_htb_set_ceil64(c, class->ceil);
	if (!err)
		err = rtnl_htb_set_rbuffer(c, class->burst);
	if (!err)
		err = rtnl_htb_set_cbuffer(c, class->cburst);
	if (!err)
		err = rtnl_htb_set_quantum(c, class->quantum);
	if (!err)
		err = rtnl_class_build_add_request(c, NLM_F_CREATE, &msg);
	rtnl_class_put(c);
	if (err < 0)
		return tc_done(tc, err);

	err = nla_put(msg, TCA_RATE, sizeof(est), &est);
	if (err < 0) {
		nlmsg_free(msg);
		return tc_done(tc, err);
	}

	return tc_ask(tc, msg);
}

int tc_put_leaf(struct tc *tc, int ifindex, const struct tc_qdisc *qdisc,
		bool anew)
{
	int err = tc_begin(tc);
	struct nl_msg *msg = NULL;
	struct rtnl_qdisc *q;

	if (err)
		return err;

	q = new_qdisc(ifindex, qdisc->parent, qdisc->handle, "fq_codel");
	if (!q)
		return tc_done(tc, -NLE_NOMEM);

	rtnl_qdisc_fq_codel_set_target(q, qdisc->target);
	rtnl_qdisc_fq_codel_set_interval(q, qdisc->interval);
	if (anew) {
		rtnl_qdisc_fq_codel_set_flows(q, qdisc->flows);
		rtnl_qdisc_fq_codel_set_limit(q, qdisc->limit);
	}
	err = rtnl_qdisc_build_add_request(q, NLM_F_CREATE | NLM_F_REPLACE, &msg);
	rtnl_qdisc_put(q);
	return err < 0 ? tc_done(tc, err) : tc_ask(tc, msg);
}

static struct nl_msg *new_message(int type, int flags, const struct tcmsg *tcm)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (msg && nlmsg_append(msg, (void *)tcm, sizeof(*tcm), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* libnl-route knows no bpf. @filter has no program where it is to go. */
static int change_bpf(struct tc *tc, int type, int flags, int ifindex, uint32_t parent,
		      const struct tc_filter *filter)
{
	struct tcmsg tcm = {
		.tcm_ifindex = ifindex,
		.tcm_parent = parent,
		.tcm_handle = filter->handle,
		.tcm_info = TC_H_MAKE((uint32_t)filter->prio << 16, htons(ETH_P_ALL)),
	};
	struct nl_msg *msg = new_message(type, flags, &tcm);
	struct nlattr *nest;

	if (!msg)
		return -NLE_NOMEM;

	if (nla_put_string(msg, TCA_KIND, "bpf") < 0)
		goto no_memory;
	if (type == RTM_NEWTFILTER) {
		nest = nla_nest_start(msg, TCA_OPTIONS);
		if (!nest || nla_put_u16(msg, TCA_BPF_OPS_LEN, filter->n_ops) < 0 ||
		    nla_put(msg, TCA_BPF_OPS, filter->n_ops * sizeof(*filter->ops),
			    filter->ops) < 0)
			goto no_memory;
		nla_nest_end(msg, nest);
	}
	return nl_send_sync(tc->sk, msg);

no_memory:
	nlmsg_free(msg);
	return -NLE_NOMEM;
}

static int put_bpf(struct tc *tc, int ifindex, uint32_t parent,
		   const struct tc_filter *filter)
{
	int err = change_bpf(tc, RTM_NEWTFILTER, NLM_F_CREATE, ifindex, parent, filter);

	/* the kernel's words name no kind */
	if (err == -NLE_OBJ_NOTFOUND)
		snprintf(tc->kernel, sizeof(tc->kernel),
			 "the kernel has no filters of kind bpf (CONFIG_NET_CLS_BPF): expected one that has");
	return tc_done(tc, err);
}

static struct rtnl_cls *new_filter(int ifindex, uint32_t parent,
				   const struct tc_filter *filter)
{
	struct rtnl_cls *c = rtnl_cls_alloc();

	if (!c)
		return NULL;

	rtnl_tc_set_ifindex(TC_CAST(c), ifindex);
	rtnl_tc_set_parent(TC_CAST(c), parent);
	rtnl_tc_set_handle(TC_CAST(c), filter->handle);
	rtnl_cls_set_prio(c, filter->prio);
	rtnl_cls_set_protocol(c, ETH_P_ALL);
	if (rtnl_tc_set_kind(TC_CAST(c), "fw") < 0 ||
	    rtnl_fw_set_classid(c, filter->classid) < 0 ||
	    rtnl_fw_set_mask(c, filter->mask) < 0) {
		rtnl_cls_put(c);
		return NULL;
	}

	return c;
}

int tc_put_filter(struct tc *tc, int ifindex, uint32_t parent,
		  const struct tc_filter *filter)
{
	int err = tc_begin(tc);
	struct rtnl_cls *c;

	if (err)
		return err;

	if (filter->bpf)
		return put_bpf(tc, ifindex, parent, filter);

	c = new_filter(ifindex, parent, filter);
	if (!c)
		return tc_done(tc, -NLE_NOMEM);

	err = rtnl_cls_change(tc->sk, c, NLM_F_CREATE);
	rtnl_cls_put(c);
	return tc_done(tc, err);
}

/* Both kinds of "it is not there". */
static int gone(struct tc *tc, int err)
{
	if (err != -NLE_OBJ_NOTFOUND)
		return tc_done(tc, err);

	tc->kernel[0] = '\0';
	return 0;
}

/* All filters of a priority, whatever they are. */
static int del_priority(struct tc *tc, int ifindex, uint32_t parent,
			const struct tc_filter *filter)
{
	struct tcmsg tcm = {
		.tcm_ifindex = ifindex,
		.tcm_parent = parent,
		.tcm_info = TC_H_MAKE((uint32_t)filter->prio << 16,
				      htons(filter->protocol)),
	};
	struct nl_msg *msg = new_message(RTM_DELTFILTER, 0, &tcm);

	if (!msg)
		return tc_done(tc, -NLE_NOMEM);

	if (nla_put_u32(msg, TCA_CHAIN, filter->chain) < 0) {
		nlmsg_free(msg);
		return tc_done(tc, -NLE_NOMEM);
	}

	return gone(tc, nl_send_sync(tc->sk, msg));
}

int tc_del_filter(struct tc *tc, int ifindex, uint32_t parent,
		  const struct tc_filter *filter)
{
	struct rtnl_cls *c;
	int err;

	if (filter->whole)
		return del_priority(tc, ifindex, parent, filter);
	if (filter->bpf)
		return gone(tc, change_bpf(tc, RTM_DELTFILTER, 0, ifindex, parent, filter));

	c = new_filter(ifindex, parent, filter);
	if (!c)
		return tc_done(tc, -NLE_NOMEM);

	err = rtnl_cls_delete(tc->sk, c, 0);
	rtnl_cls_put(c);
	return gone(tc, err);
}

int tc_del_class(struct tc *tc, int ifindex, uint32_t handle)
{
	struct rtnl_class *c = rtnl_class_alloc();
	int err;

	if (!c)
		return tc_done(tc, -NLE_NOMEM);

	rtnl_tc_set_ifindex(TC_CAST(c), ifindex);
	rtnl_tc_set_handle(TC_CAST(c), handle);
	err = rtnl_class_delete(tc->sk, c);
	rtnl_class_put(c);
	return gone(tc, err);
}

int tc_del_leaf(struct tc *tc, int ifindex, uint32_t parent, uint32_t handle)
{
	struct rtnl_qdisc *q = new_qdisc(ifindex, parent, handle, NULL);
	int err;

	if (!q)
		return tc_done(tc, -NLE_NOMEM);

	err = rtnl_qdisc_delete(tc->sk, q);
	rtnl_qdisc_put(q);
	return gone(tc, err);
}

int tc_ask_counts(struct tc *tc, int ifindex, uint32_t classid)
{
	struct tcmsg class = { .tcm_ifindex = ifindex, .tcm_handle = classid };
	struct tcmsg leaf = { .tcm_ifindex = ifindex, .tcm_parent = classid };
	int err = tc_begin(tc);
	struct nl_msg *msg;

	/* without NLM_F_ECHO it is told to those alone who listen to changes */
	if (!err) {
		msg = new_message(RTM_GETTCLASS, NLM_F_ECHO, &class);
		err = msg ? tc_ask(tc, msg) : tc_done(tc, -NLE_NOMEM);
	}
	if (!err) {
		msg = new_message(RTM_GETQDISC, NLM_F_ECHO, &leaf);
		err = msg ? tc_ask(tc, msg) : tc_done(tc, -NLE_NOMEM);
	}
	return err;
}
