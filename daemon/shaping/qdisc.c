// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shapers' classes on their devices.
 */
#include "shaping/qdisc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "lib/array.h"
#include "lib/text.h"
#include "log.h"
#include "shaping/plan.h"
#include "shaping/site.h"
#include "shaping/tc.h"
#include "shaping/tree.h"

/* Thousands of devices that come at once, while this thread waits for a lock. */
#define EVENTS_ROOM	(16 << 20)
#define EVENT_SIZE	(32 << 10)	/* the longest, as the kernel has them */

const char *qdisc_state_name(enum qdisc_state state)
{
	switch (state) {
	case QDISC_OK:
		return "ok";
	case QDISC_NO_DEVICE:
		return "no device";
	case QDISC_FOREIGN:
		return "foreign qdisc";
	case QDISC_UNFIT:
		return "unfit device";
	case QDISC_TAKEN:
		return "device taken";
	case QDISC_PENDING:
		return "pending";
	case QDISC_ERROR:
		break;
	}

	return "error";
}

/*
 * What is sent through a device of the kernel's IPsec chooses its SA, and with
 * it its group, behind that device's queue (xfrmi_xmit(), vti_tunnel_xmit()).
 */
static bool chooses_sa(const char *kind)
{
	static const char *const kinds[] = { "xfrm", "vti", "vti6" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;

	return false;
}

/*
 * Is it fed from a device's ingress? There no packet was seen by the module yet,
 * but for those that an XFRM interface brings out of ESP; a VTI's have lost the mark
 * (kmod/tag/scrub.h). Fed from egress, or with marks that were restored, it is as good as any.
 */
static int check_ifb(const struct qdisc_ctl *ctl, struct site *site,
		     const UT_array *qdiscs)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	char name[IFNAMSIZ], shown[TEXT_VALUE];
	struct tc_link link;
	size_t i;
	int ret;

	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++) {
		if (qdisc->parent != TC_H_INGRESS ||
		    !if_indextoname(qdisc->ifindex, name))
			continue;

		ret = tc_link(ctl->tc, name, &link);
		if (!ret && (!link.ifindex || !strcmp(link.kind, "xfrm")))
			continue;
		if (!ret)
			ret = tc_feeds(ctl->tc, qdisc->ifindex, site->ifindex);
		if (ret < 0)
			return site_fail(ctl, site, "reading the filters at ingress",
					 NULL);
		if (!ret)
			continue;

		site_state(site, QDISC_UNFIT,
			   "what %s redirects from its ingress has no mark yet: shape where ESP leaves, or restore marks ahead of the redirection (tc-connmark(8))",
			   text_clip(shown, sizeof(shown), name));
		return -1;
	}

	return 0;
}

/* Find a shaper's device, and what alone speaks against it. */
static void find_device(const struct qdisc_ctl *ctl, struct site *site)
{
	struct tc_link link;

	if (tc_link(ctl->tc, site->shaper->device, &link)) {
		site->ifindex = -1;
		site_fail(ctl, site, "device", site->shaper->device);
		return;
	}

	site->ifindex = link.ifindex;
	site->mtu = link.mtu;
	site->ifb = !strcmp(link.kind, "ifb");
	if (!link.ifindex)
		site_state(site, QDISC_NO_DEVICE, "there is no device %s%s",
			   site->shaper->device,
			   strchr(site->shaper->device, '@') ?
			   ": leave out what ip link shows from the @ on" : "");
	else if (chooses_sa(link.kind))
		site_state(site, QDISC_UNFIT,
			   "packets choose their SA, and with it their mark, behind the queue of a device of kind %s: name the device that ESP leaves by, or set up tc there yourself",
			   link.kind);
	else
		site_state(site, QDISC_PENDING, "%s", "");
}

/*
 * A device has several names, so two shapers may name one. The first of them has
 * it; when it is there no longer, the other is tried again.
 */
static void find_taken(struct qdisc_ctl *ctl)
{
	struct site *site;
	size_t i, j;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		for (j = 0; j < i && site->ifindex > 0; j++) {
			if (ctl->sites[j].ifindex != site->ifindex)
				continue;

			site_state(site, QDISC_TAKEN,
				   "%s is the device %s of policy %s, which comes first: leave one of the two out",
				   site->shaper->device,
				   ctl->sites[j].shaper->device,
				   ctl->sites[j].shaper->name);
			break;
		}
	}
}

static bool has_ranges(const struct shaper *shaper)
{
	size_t i;

	for (i = 0; i < shaper->n_classes; i++)
		if (shaper->classes[i].range)
			return true;

	return false;
}

/* What its classes are to be; what there is of the former plan stays until it is brought to it. */
static int plan_site(const struct qdisc_ctl *ctl, struct site *site)
{
	const char *why = "out of memory";
	struct plan *plan;

	plan = plan_make(ctl->config, site->shaper, site->mtu, &why);
	if (plan && !site->pool && has_ranges(site->shaper)) {
		site->pool = calloc(1, sizeof(*site->pool));
		if (!site->pool) {
			free(plan);
			plan = NULL;
		}
	}
	if (!plan) {
		site_state(site, QDISC_ERROR, "%s", why);
		return -1;
	}
	free(site->plan);
	site->plan = plan;
	return 0;
}

static void sync_site(struct qdisc_ctl *ctl, struct site *site,
		      const UT_array *qdiscs)
{
	const struct shaper *shaper = site->shaper;
	const struct tc_qdisc *root;
	bool own, taken;

	if (site->ifb && check_ifb(ctl, site, qdiscs))
		return;

	root = site_find_root(qdiscs, site->ifindex);
	own = site_is_own(root);
	if (root && root->handle && !own && !shaper->replace) {
		site_state(site, QDISC_FOREIGN,
			   "%s has a qdisc %s %x: that ipsec-qosd did not make; remove it, or set replace = yes",
			   shaper->device, root->kind, root->handle >> 16);
		return;
	}

	if (plan_site(ctl, site))
		return;

	taken = root && root->handle && site_is_taken(qdiscs, site->ifindex);
	/* what has the handle already would be changed, or moved, and not replaced */
	if (!own && ((taken && tc_del_root(ctl->tc, site->ifindex, root->handle)) ||
		     tc_add_root(ctl->tc, site->ifindex, ROOT, PLAN_MINOR_DEFAULT,
				 shaper->replace && !taken))) {
		site_fail(ctl, site, "qdisc htb", NULL);
		return;
	}

	if (!tree_sync(ctl, site, qdiscs)) {
		site_state(site, QDISC_OK, "%s", "");
		return;
	}

	/* A tree that is half made would shape as nobody asked for. */
	if (!own)
		tc_del_root(ctl->tc, site->ifindex, ROOT);
}

/* Does any shaper want what is on a device? */
static bool is_wanted(const struct qdisc_ctl *ctl, int ifindex)
{
	size_t i;

	for (i = 0; i < ctl->n; i++)
		if (ctl->sites[i].ifindex == ifindex)
			return ctl->sites[i].state != QDISC_UNFIT;

	return false;
}

int qdisc_sync(struct qdisc_ctl *ctl)
{
	const struct tc_qdisc *qdisc;
	UT_array qdiscs = IQ_ARRAY(struct tc_qdisc);
	bool known = true;
	struct site *site;
	size_t i;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		site->dirty |= site->state == QDISC_TAKEN;
		if (!site->dirty)
			continue;

		find_device(ctl, site);
		known &= site->ifindex >= 0;
	}

	find_taken(ctl);

	if (tc_dump_qdiscs(ctl->tc, ROOT, tree_on_qdisc, &qdiscs)) {
		for (i = 0; i < ctl->n; i++)
			if (ctl->sites[i].dirty)
				site_fail(ctl, &ctl->sites[i], "reading the qdiscs",
					  NULL);
		goto out;
	}

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
		if (site->dirty && site->state == QDISC_PENDING)
			sync_site(ctl, site, &qdiscs);

	for (qdisc = NULL; (qdisc = utarray_next(&qdiscs, qdisc)); )
		if (known && qdisc->parent == TC_H_ROOT && site_is_own(qdisc) &&
		    !is_wanted(ctl, qdisc->ifindex))
			tc_del_root(ctl->tc, qdisc->ifindex, ROOT);
out:
	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		site->touched &= !site->dirty;
		site->dirty = false;
	}

	utarray_done(&qdiscs);
	return site_count_failed(ctl);
}

static void free_sites(struct site *sites, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(sites[i].plan);
		free(sites[i].pool);
		utarray_done(&sites[i].gone);
	}
	free(sites);
}

/* What was counted for peers before goes with the device. */
static void keep_pool(struct qdisc_ctl *ctl, struct site *site)
{
	struct site *old;

	for (old = ctl->sites; old < ctl->sites + ctl->n; old++) {
		if (!old->pool || strcmp(old->shaper->device, site->shaper->device))
			continue;
		site->pool = old->pool;
		old->pool = NULL;
	}
}

/* Ids that are of no range any more may be of another peers' in the next. */
static void keep_needed(struct qdisc_ctl *ctl)
{
	const struct config *config = ctl->config;
	struct pool_bits needed = {};
	const struct range *range;
	uint32_t id;
	size_t i;

	for (i = 0; i < config->n_ranges; i++) {
		range = config->ranges[i];
		for (id = range->id; id < range->id + range->n; id++)
			if (pool_has(&ctl->needed, id))
				pool_put(&needed, id);
	}
	ctl->needed = needed;
}

int qdisc_apply(struct qdisc_ctl *ctl, const struct config *config)
{
	struct site *sites = calloc(config->n_shapers + 1, sizeof(*sites));
	size_t i;

	if (!sites)
		return -ENOMEM;

	for (i = 0; i < config->n_shapers; i++) {
		sites[i].shaper = &config->shapers[i];
		sites[i].dirty = true;
		sites[i].gone = (UT_array)IQ_ARRAY(uint32_t);
		if (has_ranges(sites[i].shaper))
			keep_pool(ctl, &sites[i]);
	}

	free_sites(ctl->sites, ctl->n);
	ctl->config = config;
	ctl->sites = sites;
	ctl->n = config->n_shapers;
	keep_needed(ctl);
	return qdisc_sync(ctl);
}

/*
 * Devices and qdiscs that come and go
 */

static void on_link(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct ifinfomsg *ifi = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct site *site;
	uint32_t mtu;
	bool named;
	size_t i;

	/* Bridge ports are told about once more under AF_BRIDGE. */
	if (nlmsg_parse(nlh, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0 ||
	    ifi->ifi_family != AF_UNSPEC || !tb[IFLA_IFNAME] || !tb[IFLA_MTU])
		return;

	mtu = nla_get_u32(tb[IFLA_MTU]);
	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		named = nlh->nlmsg_type == RTM_NEWLINK &&
			tc_link_named(tb, site->shaper->device);
		if (named)
			site->dirty |= site->ifindex != ifi->ifi_index ||
				       site->mtu != mtu ||
				       site->state != QDISC_OK;
		else if (site->ifindex == ifi->ifi_index)
			site->dirty = true;	/* gone, or has another name */
	}
}

/*
 * A root qdisc went: the daemon's own is put back, and where it was somebody's
 * there is room for the daemon's now. What the daemon itself replaced or took
 * back when it failed is neither.
 */
static void on_del_qdisc(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct tcmsg *tcm = nlmsg_data(nlh);
	struct site *site;
	size_t i;

	if (!nlmsg_valid_hdr(nlh, sizeof(*tcm)) || tcm->tcm_parent != TC_H_ROOT)
		return;

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
		if (site->ifindex == tcm->tcm_ifindex)
			site->dirty |= site->state == QDISC_FOREIGN ||
				       (site->state == QDISC_OK &&
					tcm->tcm_handle == ROOT);
}

/*
 * A class, filter or leaf of the daemon's tree came, changed or went; or what is
 * done to packets at a device's ingress, which may be to feed an IFB.
 */
static void on_change(struct qdisc_ctl *ctl, struct nlmsghdr *nlh)
{
	struct tcmsg *tcm = nlmsg_data(nlh);
	struct site *site;
	uint32_t id;
	size_t i;

	if (!nlmsg_valid_hdr(nlh, sizeof(*tcm)) ||
	    nlh->nlmsg_pid == tc_port(ctl->tc))
		return;

	if (tcm->tcm_parent != TC_H_ROOT &&
	    TC_H_MAJ(tcm->tcm_parent) == TC_H_MAJ(TC_H_INGRESS)) {
		for (i = 0, site = ctl->sites; i < ctl->n; i++, site++)
			site->dirty |= site->ifb;
		return;
	}

	switch (nlh->nlmsg_type) {
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
		id = tcm->tcm_handle;
		break;
	default:
		id = tcm->tcm_parent;
		break;
	}

	for (i = 0, site = ctl->sites; i < ctl->n; i++, site++) {
		if (site->ifindex != tcm->tcm_ifindex || TC_H_MAJ(id) != ROOT)
			continue;

		site->touched |= site->state == QDISC_OK;
		site->deep |= nlh->nlmsg_type == RTM_NEWTFILTER && TC_H_MIN(id);
	}
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(arg, nlh);
		break;
	case RTM_DELQDISC:
		on_del_qdisc(arg, nlh);
		on_change(arg, nlh);
		break;
	case RTM_NEWQDISC:
	case RTM_NEWTCLASS:
	case RTM_DELTCLASS:
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		on_change(arg, nlh);
		break;
	}

	return NL_OK;
}

int qdisc_fd(const struct qdisc_ctl *ctl)
{
	return nl_socket_get_fd(ctl->events);
}

bool qdisc_event(struct qdisc_ctl *ctl)
{
	bool dirty = false;
	size_t i;
	int err;

	do {
		err = nl_recvmsgs_default(ctl->events);
	} while (err >= 0);

	/* Anything but "no more": notices were lost. */
	for (i = 0; i < ctl->n; i++) {
		ctl->sites[i].dirty |= err != -NLE_AGAIN;
		dirty |= ctl->sites[i].dirty;
	}

	return dirty;
}

bool qdisc_touched(const struct qdisc_ctl *ctl, size_t i)
{
	return ctl->sites[i].touched;
}

int qdisc_mend(struct qdisc_ctl *ctl)
{
	size_t i;

	for (i = 0; i < ctl->n; i++)
		ctl->sites[i].dirty |= ctl->sites[i].touched;

	return qdisc_sync(ctl);
}

static int open_events(struct qdisc_ctl *ctl)
{
	int room = EVENTS_ROOM, err;

	ctl->events = nl_socket_alloc();
	if (!ctl->events)
		return -ENOMEM;

	nl_socket_disable_seq_check(ctl->events);
	nl_socket_modify_cb(ctl->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, ctl);

	errno = 0;
	err = nl_connect(ctl->events, NETLINK_ROUTE);
	/* with less room more of it is lost, and then all is read anew */
	if (err >= 0 && setsockopt(nl_socket_get_fd(ctl->events), SOL_SOCKET,
				   SO_RCVBUFFORCE, &room, sizeof(room)))
		log_debug("notices of devices have less room: %s",
			  strerror(errno));
	if (err >= 0)
		err = nl_socket_set_msg_buf_size(ctl->events, EVENT_SIZE);
	if (err >= 0)
		err = nl_socket_add_memberships(ctl->events, RTNLGRP_LINK,
						RTNLGRP_TC, RTNLGRP_NONE);
	if (err >= 0)
		err = nl_socket_set_nonblocking(ctl->events);
	if (err < 0)
		return errno ? -errno : -EIO;

	return 0;
}

int qdisc_open(struct qdisc_ctl **result)
{
	struct qdisc_ctl *ctl = calloc(1, sizeof(*ctl));
	int err;

	if (!ctl)
		return -ENOMEM;

	err = tc_open(&ctl->tc);
	if (!err)
		err = open_events(ctl);
	if (err) {
		qdisc_close(ctl);
		return err;
	}

	*result = ctl;
	return 0;
}

void qdisc_stop(struct qdisc_ctl *ctl)
{
	tc_stop(ctl->tc);
}

void qdisc_close(struct qdisc_ctl *ctl)
{
	if (!ctl)
		return;

	nl_socket_free(ctl->events);
	tc_close(ctl->tc);
	free_sites(ctl->sites, ctl->n);
	free(ctl);
}

/*
 * How it stands
 */

enum qdisc_state qdisc_shaper_state(const struct qdisc_ctl *ctl, size_t i,
				    const char **text)
{
	if (text)
		*text = ctl->sites[i].text;

	return ctl->sites[i].state;
}

static uint64_t since(uint64_t count, uint64_t base)
{
	/* less: the class was made anew since */
	return count < base ? count : count - base;
}

static void fill_count(struct qdisc_count *to, const struct tc_class *class,
		       const struct pool_base *base)
{
	to->measured = class->count.rate * 8;
	to->packets = since(class->count.packets, base->packets);
	to->bytes = since(class->count.bytes, base->bytes);
	to->drops = since(class->count.drops, base->drops);
	to->backlog = class->count.backlog;
}

/* Where a class's counts are in the answer, or NULL, and what they start from. */
static struct qdisc_count *count_of(const struct site *site, struct qdisc_count *out,
				    uint32_t classid, const struct pool_base **base)
{
	static const struct pool_base none;
	uint16_t minor = TC_H_MIN(classid);
	const struct plan_class *pc = plan_find(site->plan, minor);

	if (!pc || !pc->class)
		return NULL;
	*base = pc->class->range ? &site->pool->base[minor] : &none;
	return &out[pc->at + (minor - pc->minor)];
}

/* What the kernel counts for a site, into @out: one for each group of its classes. */
static void read_counts(struct qdisc_ctl *ctl, struct site *site,
			const UT_array *qdiscs, struct qdisc_count *out)
{
	const struct tc_qdisc *qdisc = utarray_front(qdiscs);
	UT_array classes = IQ_ARRAY(struct tc_class);
	const struct tc_class *class = NULL;
	const struct pool_base *base;
	struct qdisc_count *count;
	size_t i;

	if (tc_dump_classes(ctl->tc, site->ifindex, ROOT, tree_on_class, &classes)) {
		site_fail(ctl, site, "reading the classes", NULL);
		goto out;
	}

	while ((class = utarray_next(&classes, class))) {
		count = count_of(site, out, class->handle, &base);
		if (count)
			fill_count(count, class, base);
	}

	/* What fq_codel drops as it dequeues, HTB does not count. */
	for (i = 0; i < utarray_len(qdiscs); i++, qdisc++) {
		if (qdisc->ifindex != site->ifindex ||
		    TC_H_MAJ(qdisc->parent) != ROOT)
			continue;

		count = count_of(site, out, qdisc->parent, &base);
		if (count)
			count->drops = since(qdisc->count.drops, base->drops);
	}
out:
	utarray_done(&classes);
}

static void site_stats(struct qdisc_ctl *ctl, struct site *site,
		       const UT_array *qdiscs, struct qdisc_count *out)
{
	const struct tc_qdisc *root = site_find_root(qdiscs, site->ifindex);

	if (site->state == QDISC_OK && !site_is_own(root))
		site_state(site, root && root->handle ? QDISC_FOREIGN : QDISC_ERROR,
			   "somebody took the daemon's qdisc off %s",
			   site->shaper->device);

	if (site->state == QDISC_OK)
		read_counts(ctl, site, qdiscs, out);
	if (site->state != QDISC_OK)
		memset(out, 0, shaper_groups(site->shaper) * sizeof(*out));
}

int qdisc_stats(struct qdisc_ctl *ctl, struct qdisc_count *counts)
{
	UT_array qdiscs = IQ_ARRAY(struct tc_qdisc);
	size_t i;

	/* What is gone by now, or back, is not worth an error. */
	if (qdisc_event(ctl))
		qdisc_sync(ctl);

	if (tc_dump_qdiscs(ctl->tc, ROOT, tree_on_qdisc, &qdiscs))
		for (i = 0; i < ctl->n; i++)
			if (ctl->sites[i].state == QDISC_OK)
				site_fail(ctl, &ctl->sites[i], "reading the qdiscs",
					  NULL);

	for (i = 0; i < ctl->n; i++) {
		site_stats(ctl, &ctl->sites[i], &qdiscs, counts);
		counts += shaper_groups(ctl->sites[i].shaper);
	}

	utarray_done(&qdiscs);
	return site_count_failed(ctl);
}
