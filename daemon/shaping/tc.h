/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic control as the kernel's rtnetlink has it: what there is on a device,
 * and the few kinds of qdisc, class and filter that a shaper is made of.
 *
 * Objects are written through libnl-route. They are read from the messages
 * themselves, because libnl-route's objects keep 32 bits of a packet counter
 * and of a rate, and nothing of a fw filter.
 *
 * All calls return 0 or a negative libnl error; tc_error() says why.
 */
#ifndef IPSEC_QOSD_TC_H
#define IPSEC_QOSD_TC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <net/if.h>

/**
 * struct tc_count - what the kernel counted
 *
 * @packets: sent
 * @bytes: sent
 * @drops: packets dropped
 * @backlog: bytes waiting
 * @rate: the estimator's, in bytes a second; 0 where there is no estimator
 */
struct tc_count {
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
	uint64_t backlog;
	uint64_t rate;
};

/**
 * struct tc_qdisc - a qdisc
 *
 * @kind: "htb", "fq_codel", any other
 * @defcls: minor of htb's default class
 * @target: fq_codel's, microseconds
 * @interval: fq_codel's, microseconds
 * @flows: fq_codel's, how many
 * @limit: fq_codel's, packets; not shown by a dump
 */
struct tc_qdisc {
	int ifindex;
	uint32_t parent;
	uint32_t handle;
	char kind[IFNAMSIZ];
	uint32_t defcls;
	uint32_t target;
	uint32_t interval;
	uint32_t flows;
	uint32_t limit;
	struct tc_count count;
};

/**
 * struct tc_class - an HTB class
 *
 * @rate: bytes a second
 * @ceil: bytes a second
 * @burst: bytes
 * @cburst: bytes
 * @quantum: bytes
 * @many: it is one of very many: its rate is measured less often; not shown by a dump
 */
struct tc_class {
	uint32_t parent;
	uint32_t handle;
	uint64_t rate;
	uint64_t ceil;
	uint32_t burst;
	uint32_t cburst;
	uint32_t quantum;
	bool many;
	struct tc_count count;
};

struct sock_filter;

/**
 * struct tc_filter - a filter as tc_put_filter() makes it, or what else there is
 *
 * It is a fw filter, which leads packets of one mark to a class, or a bpf filter, whose
 * program returns a packet's class or 0. cls_fw has one mask for all filters of one
 * priority.
 *
 * @bpf: it is a bpf filter
 * @handle: fw: the mark; bpf: its number, not 0
 * @mask: of fw: which bits
 * @classid: of fw
 * @ops: of bpf, the program; what a dump shows is there for the callback alone
 * @n_ops: how many instructions that has
 * @protocol: as in a frame's header, in host byte order; not for tc_put_filter()
 * @chain: likewise
 * @more: it is none that tc_put_filter() makes: has an action, is for one incoming
 *	device, or leads nowhere, and then @mask is not known
 * @whole: no filter, but the priority as such, with all its filters; shown ahead of
 *	those of them that tc_put_filter() may have made
 */
struct tc_filter {
	bool bpf;
	uint32_t handle;
	uint32_t mask;
	uint16_t prio;
	uint32_t classid;
	const struct sock_filter *ops;
	size_t n_ops;
	uint16_t protocol;
	uint32_t chain;
	bool more;
	bool whole;
};

/**
 * struct tc_link - a device
 *
 * @ifindex: 0: there is none of that name
 * @mtu: in bytes
 * @kind: "vlan", "xfrm" and the like; "" of a physical one
 */
struct tc_link {
	int ifindex;
	uint32_t mtu;
	char kind[IFNAMSIZ];
};

struct tc;
struct nlattr;

/** tc_open() - a socket to the kernel; a negative errno on error */
int tc_open(struct tc **tc);
void tc_close(struct tc *tc);

/**
 * tc_stop() - may be called by another thread: from now on all calls but those
 * that delete fail at once
 */
void tc_stop(struct tc *tc);

/** tc_port() - what the kernel's notices of changes made here bear as their port */
uint32_t tc_port(const struct tc *tc);

/** tc_error() - why the last call failed, for a person; valid until the next */
const char *tc_error(const struct tc *tc);

/** tc_link() - look a device up by its name, or one of its alternative names */
int tc_link(struct tc *tc, const char *name, struct tc_link *link);

/**
 * tc_link_named() - does a notice of a device have that name, or that alternative
 * name?
 *
 * @tb: its attributes, up to IFLA_MAX
 */
bool tc_link_named(struct nlattr *const *tb, const char *name);

/*
 * Dumps. A callback's return value other than 0 ends up as the call's; the
 * dump is read to its end all the same. Of classes HTB's alone are shown. They and
 * filters are those of @parent on one device, which is a qdisc, or for filters a
 * class.
 *
 * The kernel dumps the qdiscs of all devices or of none (tc_dump_qdisc() in
 * net/sched/sch_api.c); to be asked for a single one it answers everybody who
 * listens to changes, so that is no way around it. What is not in question is
 * left out unread: shown are root qdiscs, leaves of the qdisc @parent and
 * what has its handle, and those that devices have for ingress.
 */
int tc_dump_qdiscs(struct tc *tc, uint32_t parent,
		   int (*cb)(const struct tc_qdisc *qdisc, void *arg), void *arg);
int tc_dump_classes(struct tc *tc, int ifindex, uint32_t parent,
		    int (*cb)(const struct tc_class *class, void *arg), void *arg);
int tc_dump_filters(struct tc *tc, int ifindex, uint32_t parent,
		    int (*cb)(const struct tc_filter *filter, void *arg),
		    void *arg);

/**
 * tc_read_counts() - what some classes and their leaves count now
 *
 * @classids: @n of them; one that is not there is passed over
 * @cb: called for each class, and for each leaf with its class's classid
 */
int tc_read_counts(struct tc *tc, int ifindex, const uint32_t *classids, size_t n,
		   void (*cb)(uint32_t classid, const struct tc_count *count,
			      bool leaf, void *arg), void *arg);

/**
 * tc_feeds() - do the filters at @ifindex's ingress redirect to the device
 * @target what has no mark, as far as they go?
 *
 * Other actions ahead of the redirection may give a packet its mark (connmark,
 * ctinfo, skbedit, bpf …), in the same filter or in one before it, and so may
 * filters of other kinds (bpf). Filters that may match marks (fw) find packets
 * that have one. No redirection behind those, by these, or in a chain that
 * others lead to counts: where it is not certain, the answer is 0.
 *
 * Return: 1, 0, or a negative error.
 */
int tc_feeds(struct tc *tc, int ifindex, int target);

/**
 * tc_add_root() - make an HTB the root qdisc
 *
 * @replace: in the place of one that is there already
 */
int tc_add_root(struct tc *tc, int ifindex, uint32_t handle, uint32_t defcls,
		int replace);
int tc_del_root(struct tc *tc, int ifindex, uint32_t handle);

/**
 * tc_gather() - from now on tc_put_class() and tc_put_leaf() only gather what is to be
 * done, until tc_send()
 *
 * The kernel does many such requests for one message, and takes its lock anew for each.
 */
void tc_gather(struct tc *tc);

/**
 * tc_send() - have done what was gathered
 *
 * All of it is tried; more than the kernel takes at once was so before.
 *
 * @failed: set to the number of the first request that failed, from 0 on
 *
 * Return: the first error.
 */
int tc_send(struct tc *tc, size_t *failed);

/* Add, or change where it is there already. A class gets a rate estimator. */
int tc_put_class(struct tc *tc, int ifindex, const struct tc_class *class);

/**
 * tc_put_leaf() - put an fq_codel with a handle into a class
 *
 * The handle is nobody else's on the device: the kernel would have both classes share
 * what has it.
 *
 * @anew: none with that handle is there; else that one is changed, in all but its flows
 *	and its limit, which stay what they are
 */
int tc_put_leaf(struct tc *tc, int ifindex, const struct tc_qdisc *qdisc,
		bool anew);
int tc_put_filter(struct tc *tc, int ifindex, uint32_t parent,
		  const struct tc_filter *filter);

/*
 * What is gone already is no error. -NLE_BUSY: a class has children, or filters
 * lead to it.
 */
int tc_del_class(struct tc *tc, int ifindex, uint32_t handle);
/* What is in a class, whose packets are lost; a queue of the kernel's takes its place. */
int tc_del_leaf(struct tc *tc, int ifindex, uint32_t parent, uint32_t handle);
int tc_del_filter(struct tc *tc, int ifindex, uint32_t parent,
		  const struct tc_filter *filter);

#endif /* IPSEC_QOSD_TC_H */
