// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/routing.h"

#include <errno.h>
#include <net/if.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "errand.h"
#include "lib/array.h"
#include "lib/kernel/request.h"
#include "log.h"
#include "steer/routes.h"

#define LOOK_AGAIN	1.0	/* seconds until what others changed is looked at */
#define RETRY		10.0	/* seconds until what failed is tried again */

/**
 * struct routing - see routing.h
 *
 * @config: in use, NULL: none yet; @usable of its elements
 * @clean: there is none, and none is wanted
 * @events: of routes, rules, devices and nexthop objects; @touched: one that matters
 * @look: looks whether all is as it was left; tries again what failed
 */
struct routing {
	struct ev_loop *loop;
	void (*settled)(void *arg);
	void *arg;
	struct config *config;
	bool *usable;
	bool clean;
	struct errand *errand;
	struct nl_sock *sk;
	ev_io events;
	bool touched;
	ev_timer look;
	struct said trouble;
};

struct wanted {
	struct config *config;
	bool *usable;
};

static void drop(void *arg)
{
	struct wanted *w = arg;

	config_free(w->config);
	free(w->usable);
	free(w);
}

/* The thread */

/**
 * struct kernel - what the errand keeps
 *
 * @sk: for requests; NULL: not open yet
 * @why: what failed first in this run, "": nothing
 */
struct kernel {
	struct nl_sock *sk;
	int err;
	char why[ERRAND_WHY];
};

static void end(void *state)
{
	struct kernel *k = state;

	nl_socket_free(k->sk);
	free(k);
}

static int open_socket(struct kernel *k)
{
	int strict = 1, err;

	if (k->sk)
		return 0;
	k->sk = nl_socket_alloc();
	if (!k->sk)
		return -ENOMEM;
	err = iq_nl_to_errno(nl_connect(k->sk, NETLINK_ROUTE));
	if (err) {
		nl_socket_free(k->sk);
		k->sk = NULL;
		return err;
	}
	/* a dump is of what is asked for: there may be a million routes of others */
	setsockopt(nl_socket_get_fd(k->sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
		   sizeof(strict));
	return 0;
}

static size_t bytes_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static int failed(struct kernel *k, int err, const char *what, const char *name)
{
	if (!k->err) {
		k->err = err;
		snprintf(k->why, sizeof(k->why), "%s %s: %s", what, name, strerror(-err));
	}
	return err;
}

/* What there is */

static int get_way(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct rtmsg *rtm = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1];
	struct way way;

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_protocol != ROUTING_PROTOCOL ||
	    nlmsg_parse(nlh, sizeof(*rtm), tb, RTA_MAX, NULL) < 0)
		return NL_OK;
	memset(&way, 0, sizeof(way));
	way.table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : rtm->rtm_table;
	way.to.addr.family = rtm->rtm_family;
	way.to.len = rtm->rtm_dst_len;
	way.unreachable = rtm->rtm_type == RTN_UNREACHABLE;
	if (tb[RTA_DST])
		nla_memcpy(way.to.addr.b, tb[RTA_DST], bytes_of(rtm->rtm_family));
	way.metric = iq_u32(tb[RTA_PRIORITY]);
	way.nexthop = iq_u32(tb[RTA_NH_ID]);
	/* of a nexthop object what it leads to is told, too; of an unreachable one lo */
	if (!way.unreachable && !way.nexthop) {
		way.device = iq_u32(tb[RTA_OIF]);
		if (tb[RTA_GATEWAY]) {
			way.via.family = rtm->rtm_family;
			nla_memcpy(way.via.b, tb[RTA_GATEWAY], bytes_of(rtm->rtm_family));
		} else if (tb[RTA_VIA]) {
			const struct rtvia *via = nla_data(tb[RTA_VIA]);

			way.via.family = via->rtvia_family;
			memcpy(way.via.b, via->rtvia_addr, bytes_of(via->rtvia_family));
		}
	}
	return iq_array_push(arg, &way) ? NL_OK : -NLE_NOMEM;
}

static int get_rule(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct fib_rule_hdr *frh = nlmsg_data(nlh);
	struct nlattr *tb[FRA_MAX + 1];
	struct rule rule;

	if (nlh->nlmsg_type != RTM_NEWRULE ||
	    nlmsg_parse(nlh, sizeof(*frh), tb, FRA_MAX, NULL) < 0 ||
	    iq_u8(tb[FRA_PROTOCOL], 0) != ROUTING_PROTOCOL)
		return NL_OK;
	memset(&rule, 0, sizeof(rule));
	rule.family = frh->family;
	rule.priority = iq_u32(tb[FRA_PRIORITY]);
	rule.table = tb[FRA_TABLE] ? nla_get_u32(tb[FRA_TABLE]) : frh->table;
	rule.mark = iq_u32(tb[FRA_FWMARK]);
	rule.mask = iq_u32(tb[FRA_FWMASK]);
	return iq_array_push(arg, &rule) ? NL_OK : -NLE_NOMEM;
}

static int dump(struct kernel *k, int type, const void *head, size_t len,
		int (*get)(struct nl_msg *msg, void *arg), UT_array *to)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
	int err = -NLE_NOMEM;

	if (msg && nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO) >= 0) {
		nl_socket_modify_cb(k->sk, NL_CB_VALID, NL_CB_CUSTOM, get, to);
		err = nl_send_auto(k->sk, msg);
		if (err >= 0)
			err = nl_recvmsgs_default(k->sk);
	}
	nlmsg_free(msg);
	return err < 0 ? iq_nl_to_errno(err) : 0;
}

/* All that has our number, sorted as struct routes is. */
static int read_have(struct kernel *k, UT_array *ways, UT_array *rules)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t i;
	int err = 0;

	for (i = 0; i < 2 && !err; i++) {
		struct rtmsg rtm = { .rtm_family = families[i], .rtm_protocol = ROUTING_PROTOCOL };
		struct fib_rule_hdr frh = { .family = families[i] };

		err = dump(k, RTM_GETROUTE, &rtm, sizeof(rtm), get_way, ways);
		if (!err)
			err = dump(k, RTM_GETRULE, &frh, sizeof(frh), get_rule, rules);
		/* without IPv6 there is none of it */
		if (families[i] == AF_INET6 && (err == -EOPNOTSUPP || err == -EAFNOSUPPORT))
			err = 0;
	}
	if (utarray_len(ways))
		utarray_sort(ways, routes_compare);
	if (utarray_len(rules))
		utarray_sort(rules, rules_compare);
	return err;
}

/* How it becomes what it should be */

static int put_way(struct nl_msg *msg, const struct way *way)
{
	size_t len = bytes_of(way->to.addr.family);
	struct rtmsg rtm = {
		.rtm_family = way->to.addr.family, .rtm_dst_len = way->to.len,
		.rtm_protocol = ROUTING_PROTOCOL, .rtm_table = RT_TABLE_UNSPEC,
		.rtm_type = way->unreachable ? RTN_UNREACHABLE : RTN_UNICAST,
		.rtm_scope = way->unreachable || way->via.family || way->nexthop ?
			     RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
	};
	/* as struct rtvia, behind which is no room */
	struct {
		sa_family_t family;
		uint8_t addr[16];
	} other = { .family = way->via.family };

	if (nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, RTA_TABLE, way->table);
	NLA_PUT_U32(msg, RTA_PRIORITY, way->metric);
	NLA_PUT(msg, RTA_DST, len, way->to.addr.b);
	if (way->device)
		NLA_PUT_U32(msg, RTA_OIF, way->device);
	if (way->nexthop)
		NLA_PUT_U32(msg, RTA_NH_ID, way->nexthop);
	if (way->via.family == way->to.addr.family)
		NLA_PUT(msg, RTA_GATEWAY, len, way->via.b);
	else if (way->via.family) {
		memcpy(other.addr, way->via.b, sizeof(other.addr));
		NLA_PUT(msg, RTA_VIA, sizeof(other.family) + bytes_of(way->via.family), &other);
	}
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_rule(struct nl_msg *msg, const struct rule *rule)
{
	struct fib_rule_hdr frh = {
		.family = rule->family, .action = FR_ACT_TO_TBL, .table = RT_TABLE_UNSPEC,
	};

	if (nlmsg_append(msg, &frh, sizeof(frh), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, FRA_PRIORITY, rule->priority);
	NLA_PUT_U32(msg, FRA_TABLE, rule->table);
	NLA_PUT_U8(msg, FRA_PROTOCOL, ROUTING_PROTOCOL);
	if (rule->mask) {
		NLA_PUT_U32(msg, FRA_FWMARK, rule->mark);
		NLA_PUT_U32(msg, FRA_FWMASK, rule->mask);
	}
	return 0;

nla_put_failure:
	return -ENOMEM;
}

/* The kernel's own number, of which libnl makes one of its few. */
static int on_refused(struct sockaddr_nl *from, struct nlmsgerr *refused, void *arg)
{
	*(int *)arg = refused->error;
	return NL_STOP;
}

/* Send @msg, which is freed, and wait for what the kernel says. */
static int do_request(struct kernel *k, struct nl_msg *msg, int put)
{
	int err = -ENOMEM, refused = 0;

	if (msg && put >= 0) {
		nl_socket_modify_cb(k->sk, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
		nl_socket_modify_err_cb(k->sk, NL_CB_CUSTOM, on_refused, &refused);
		err = nl_send_auto(k->sk, msg);
		if (err >= 0)
			err = nl_wait_for_ack(k->sk);
		nl_socket_modify_err_cb(k->sk, NL_CB_DEFAULT, NULL, NULL);
		if (refused)
			err = refused;
		else
			err = err < 0 ? iq_nl_to_errno(err) : 0;
	}
	nlmsg_free(msg);
	return err;
}

static void do_way(struct kernel *k, int type, int flags, const struct way *way)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags);
	int err = do_request(k, msg, msg ? put_way(msg, way) : -ENOMEM);
	char name[PREFIX_TEXT];

	if (type == RTM_DELROUTE && (err == -ESRCH || err == -ENOENT))
		return;
	if (err)
		failed(k, err, "the route to", prefix_text(&way->to, name));
}

static void do_rule(struct kernel *k, int type, int flags, const struct rule *rule)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags);
	int err = do_request(k, msg, msg ? put_rule(msg, rule) : -ENOMEM);
	char name[16];

	if (type == RTM_DELRULE && err == -ENOENT)
		return;
	snprintf(name, sizeof(name), "%u", rule->table);
	if (err)
		failed(k, err, "the rule for the table", name);
}

/* Those that are not there, or not as they should be. An unreachable one comes first. */
static void add_ways(struct kernel *k, const struct routes *r, const UT_array *have,
		     bool unreachable)
{
	const struct way *first = utarray_front(have), *found;
	size_t i;

	for (i = 0; i < r->n_ways; i++) {
		if (r->ways[i].unreachable != unreachable)
			continue;
		found = first ? bsearch(&r->ways[i], first, utarray_len(have), sizeof(*first),
					routes_compare) : NULL;
		if (!found || routes_differ(found, &r->ways[i]))
			do_way(k, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &r->ways[i]);
	}
}

static void add_rules(struct kernel *k, const struct routes *r, const UT_array *have)
{
	const struct rule *first = utarray_front(have);
	size_t i;

	for (i = 0; i < r->n_rules; i++)
		if (!first || !bsearch(&r->rules[i], first, utarray_len(have), sizeof(*first),
				       rules_compare))
			do_rule(k, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, &r->rules[i]);
}

/* What has our number and should not be there, or is there twice. */
static void remove_rest(struct kernel *k, const struct routes *r, const UT_array *ways,
			const UT_array *rules)
{
	const struct rule *rule = NULL, *last_rule = NULL;
	const struct way *way = NULL;

	for (; (rule = (void *)utarray_next((UT_array *)rules, rule)); last_rule = rule)
		if ((last_rule && !rules_compare(last_rule, rule)) ||
		    !bsearch(rule, r->rules, r->n_rules, sizeof(*rule), rules_compare))
			do_rule(k, RTM_DELRULE, 0, rule);
	while ((way = (void *)utarray_next((UT_array *)ways, way)))
		if (!bsearch(way, r->ways, r->n_ways, sizeof(*way), routes_compare))
			do_way(k, RTM_DELROUTE, 0, way);
}

static unsigned int index_of(const char *device)
{
	return if_nametoindex(device);
}

static int bring(void *state, void *arg, char *why, size_t size)
{
	UT_array ways = IQ_ARRAY(struct way), rules = IQ_ARRAY(struct rule);
	const struct wanted *w = arg;
	struct kernel *k = state;
	struct routes routes;
	int err = open_socket(k);

	if (err)
		return err;
	k->err = 0;
	err = routes_wanted(w->config, w->usable, index_of, &routes, why, size);
	if (err)
		return err;
	err = read_have(k, &ways, &rules);
	if (!err) {
		add_ways(k, &routes, &ways, true);
		add_ways(k, &routes, &ways, false);
		add_rules(k, &routes, &rules);
		remove_rest(k, &routes, &ways, &rules);
	}
	utarray_done(&ways);
	utarray_done(&rules);
	routes_clear(&routes);
	if (err || k->err)
		snprintf(why, size, "%s", err ? strerror(-err) : k->why);
	return err ? err : k->err ? k->err : *why ? -ENODEV : 0;
}

/* The daemon's loop */

static void look_after(struct routing *r, double seconds)
{
	if (ev_is_active(&r->look) && ev_timer_remaining(r->loop, &r->look) <= seconds)
		return;
	ev_timer_stop(r->loop, &r->look);
	ev_timer_set(&r->look, seconds, 0.0);
	ev_timer_start(r->loop, &r->look);
}

static void done(void *arg, int err, const char *why)
{
	struct routing *r = arg;

	r->clean = !err && !r->config->steer.n_behinds;
	if (err) {
		log_once(&r->trouble, LOG_ERR, "not all networks behind elements have their routes: %s",
			 *why ? why : strerror(-err));
		look_after(r, RETRY);
	} else {
		log_over(&r->trouble, "networks behind elements have their routes");
	}
	r->settled(r->arg);
}

static const struct errand_ops ops = {
	.run = bring, .free = drop, .end = end, .done = done,
};

static void submit(struct routing *r)
{
	size_t n = r->config->steer.n_elements;
	struct wanted *w;

	if (r->clean && !r->config->steer.n_behinds)
		return;
	w = calloc(1, sizeof(*w));
	if (w)
		w->usable = calloc(n + 1, sizeof(*w->usable));
	if (!w || !w->usable) {
		free(w);
		look_after(r, RETRY);
		return;
	}
	memcpy(w->usable, r->usable, n * sizeof(*w->usable));
	w->config = config_hold(r->config);
	errand_want(r->errand, w);
}

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	submit(w->data);
}

/*
 * That something happened which may be of ours is all that counts: others' routes may change
 * by thousands a second, and to look at ours means a walk through all. With a device, or a
 * nexthop object, its routes go untold.
 */
static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct routing *r = arg;
	const struct rtmsg *rtm;
	struct nlattr *attr;

	switch (nlh->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		rtm = nlmsg_data(nlh);
		attr = nlmsg_find_attr(nlh, sizeof(*rtm), RTA_TABLE);
		r->touched |= routes_concern(r->config, rtm->rtm_protocol,
					     attr ? nla_get_u32(attr) : rtm->rtm_table);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		attr = nlmsg_find_attr(nlh, sizeof(struct fib_rule_hdr), FRA_PROTOCOL);
		r->touched |= iq_u8(attr, 0) == ROUTING_PROTOCOL;
		break;
	default:
		r->touched = true;
		break;
	}
	return NL_OK;
}

static void on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct routing *r = w->data;
	int err = 0, i;

	for (i = 0; i < 64 && err >= 0; i++)
		err = nl_recvmsgs_default(r->sk);
	/* some were lost, perhaps */
	r->touched |= err < 0 && err != -NLE_AGAIN;
	if (r->touched)
		look_after(r, LOOK_AGAIN);
	r->touched = false;
}

static void stop_listening(struct routing *r)
{
	ev_io_stop(r->loop, &r->events);
	nl_socket_free(r->sk);
	r->sk = NULL;
}

static void listen_to(struct routing *r)
{
	int err;

	r->sk = nl_socket_alloc();
	if (!r->sk)
		return;
	nl_socket_disable_seq_check(r->sk);
	nl_socket_modify_cb(r->sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, r);
	err = nl_connect(r->sk, NETLINK_ROUTE);
	if (err >= 0)
		err = nl_socket_add_memberships(r->sk, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
						RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
						RTNLGRP_LINK, RTNLGRP_NEXTHOP, 0);
	if (err >= 0)
		err = nl_socket_set_nonblocking(r->sk);
	if (err < 0) {
		log_warn("what is changed by hand of routes goes unnoticed: %s",
			 nl_geterror(err));
		nl_socket_free(r->sk);
		r->sk = NULL;
		return;
	}
	ev_io_set(&r->events, nl_socket_get_fd(r->sk), EV_READ);
	ev_io_start(r->loop, &r->events);
}

void routing_config(struct routing *r, struct config *config, const bool *usable)
{
	size_t n = config->steer.n_elements;
	bool *copy = calloc(n + 1, sizeof(*copy)), any = config->steer.n_behinds;

	if (!copy) {
		log_err("routes are not as the configuration says: out of memory");
		return;
	}
	memcpy(copy, usable, n * sizeof(*copy));
	config_hold(config);
	config_free(r->config);
	free(r->usable);
	r->config = config;
	r->usable = copy;
	ev_timer_stop(r->loop, &r->look);
	if (!any)
		stop_listening(r);
	else if (!r->sk)
		listen_to(r);
	submit(r);
}

bool routing_busy(const struct routing *r)
{
	return errand_busy(r->errand);
}

const char *routing_trouble(const struct routing *r)
{
	return r->trouble.text[0] ? r->trouble.text : NULL;
}

int routing_open(struct routing **out, struct ev_loop *loop, void (*settled)(void *arg),
		 void *arg)
{
	struct routing *r = calloc(1, sizeof(*r));
	struct kernel *k = calloc(1, sizeof(*k));
	int err = -ENOMEM;

	if (r && k) {
		r->loop = loop;
		r->settled = settled;
		r->arg = arg;
		ev_init(&r->events, on_events);
		ev_timer_init(&r->look, on_look, 0.0, 0.0);
		r->events.data = r->look.data = r;
		err = errand_open(&r->errand, loop, &ops, k, r);
	}
	if (err) {
		free(r);
		free(k);
		return err;
	}
	*out = r;
	return 0;
}

void routing_close(struct routing *r)
{
	if (!r)
		return;
	ev_timer_stop(r->loop, &r->look);
	stop_listening(r);
	errand_close(r->errand);
	config_free(r->config);
	free(r->usable);
	free(r);
}
