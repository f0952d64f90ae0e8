// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How steering is as a whole: how many there are of what, which elements cannot be reached,
 * and which of the kernel's settings are not as they have to be.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "pool.h"
#include "problem.h"
#include "query.h"
#include "settings.h"
#include "steer.h"
#include "steering.h"
#include "towards.h"
#include "lib/text.h"

/**
 * struct steering - what there is, and what was found
 *
 * @addrs: of this network namespace
 */
struct steering {
	UT_array elements;
	UT_array pools;
	UT_array steers;
	struct ifaddrs *addrs;
	json_t *problems;
};

/* Say of what it is that it is wrong, why, and how it is mended. */
#define problem(s, ...)	add_problem((s)->problems, __VA_ARGS__)

/* Elements */

static void check_element(struct steering *s, const struct iq_kernel_element *e)
{
	/* which would state it again: its file is to say something else */
	bool by_daemon = e->owner == IPSEC_QOS_OWNER_DAEMON;
	char what[FORMAT_MAX], why[2 * CELL_MAX], way[CELL_MAX];

	snprintf(what, sizeof(what), "element %s", e->name);
	format_way(e, way);
	switch (e->problem) {
	case IPSEC_QOS_ELEMENT_FINE:
		break;
	case IPSEC_QOS_ELEMENT_NO_DEVICE:
		snprintf(why, sizeof(why), "there is no interface %s", e->dev);
		problem(s, what, why,
			by_daemon ? "add it, or name another device of %s in ipsec-qosd.conf" :
				    "add it, or ipsec-qos element change %s dev DEVICE", e->name);
		break;
	case IPSEC_QOS_ELEMENT_DEVICE_DOWN:
		snprintf(why, sizeof(why), "the interface of \"%s\" is down or has no carrier",
			 way);
		problem(s, what, why, "ip link set dev %s up",
			e->dev[0] ? e->dev : "DEVICE");
		break;
	case IPSEC_QOS_ELEMENT_NO_ROUTE:
		snprintf(why, sizeof(why), e->nexthop ? "there is no object \"%s\"" :
			 "no route leads to \"%s\"", way);
		if (e->nexthop)
			problem(s, what, why, "ip nexthop add id %" PRIu32 " ...", e->nexthop);
		else
			problem(s, what, why, by_daemon ?
				"add a route, or name another via of %s in ipsec-qosd.conf" :
				"add a route, or ipsec-qos element change %s via ADDRESS",
				e->name);
		break;
	case IPSEC_QOS_ELEMENT_LOCAL:
		snprintf(why, sizeof(why), "its next hop in \"%s\" is an address of this host",
			 way);
		problem(s, what, why,
			by_daemon ? "name another via of %s in ipsec-qosd.conf" :
				    "ipsec-qos element change %s via ADDRESS", e->name);
		break;
	default:
		problem(s, what, "it cannot be reached", "another version of ipsec-qos says why");
		break;
	}
}

static const struct iq_kernel_element *find_element(const struct steering *s, uint32_t id)
{
	const struct iq_kernel_element *e = NULL;

	while ((e = (void *)utarray_next(&s->elements, e)))
		if (e->id == id)
			return e;
	return NULL;
}

/* Pools that packets are to go to, and of which nobody takes them, or nothing new */
static void check_pool(struct steering *s, const struct iq_kernel_pool *p)
{
	bool used = false, ike = false, checked = false, drains = false;
	const struct iq_kernel_steer *prefix = NULL;
	const struct iq_kernel_element *e;
	char what[FORMAT_MAX];
	size_t i;

	while ((prefix = (void *)utarray_next(&s->steers, prefix))) {
		used |= prefix->pool == p->id;
		ike |= prefix->pool == p->id && prefix->ike == IPSEC_QOS_STEER_IKE_POOL;
	}
	for (i = 0; i < p->n_members; i++) {
		e = find_element(s, p->members[i].element);
		if (e && e->state == IPSEC_QOS_ELEMENT_UP)
			return;
		checked |= e && e->owner == IPSEC_QOS_OWNER_DAEMON;
		drains |= e && e->state == IPSEC_QOS_ELEMENT_DRAIN;
	}
	if (!used || (drains && !ike))
		return;
	snprintf(what, sizeof(what), "pool %s", p->name);
	if (drains)
		problem(s, what, "no member is up, but some drain: no IKE SA can begin",
			"ipsec-qos element change ELEMENT state up");
	else if (p->n_members)
		problem(s, what, "all its members are down: what has no entry is dropped",
			checked ? "ipsec-qos daemon status says why" :
				  "ipsec-qos element change ELEMENT state up");
	else
		problem(s, what, "it has no members: what has no entry is dropped",
			p->owner == IPSEC_QOS_OWNER_DAEMON ?
			"name members of %s in ipsec-qosd.conf" :
			"ipsec-qos pool change %s member ELEMENT", p->name);
}

/* The kernel's settings */

/* An IPv4 address of this host that packets to are steered; family 0: there is none. */
static struct iq_addr own_steered(const struct steering *s)
{
	const struct iq_kernel_steer *prefix;
	const struct ifaddrs *a;

	for (a = s->addrs; a; a = a->ifa_next) {
		struct iq_addr addr = ipv4_of(a->ifa_addr);

		prefix = NULL;
		while (addr.family && (prefix = (void *)utarray_next(&s->steers, prefix)))
			if (in_prefix(prefix, &addr))
				return addr;
	}
	return (struct iq_addr){ 0 };
}

/* Where it is this host's own, fib_validate_source() drops it unless it is told otherwise. */
static void check_own_source(struct steering *s, const char *dev, const struct iq_addr *addr)
{
	char what[FORMAT_MAX], why[CELL_MAX], text[FORMAT_MAX];

	format_addr(addr, text);
	snprintf(what, sizeof(what), "interface %s", dev);
	if (!conf_of(dev, "accept_local")) {
		snprintf(why, sizeof(why),
			 "what elements send from %s, which is an address of this host too, is dropped: accept_local is 0",
			 text);
		problem(s, what, why, "sysctl net/ipv4/conf/%s/accept_local=1", dev);
	}
	if (conf_of(dev, "rp_filter") == 1) {
		snprintf(why, sizeof(why),
			 "what elements send from %s, which is an address of this host too, is dropped: rp_filter is 1",
			 text);
		problem(s, what, why, "sysctl net/ipv4/conf/%s/rp_filter=2", dev);
	}
	/* By whichever way back, that wants an address. */
	if (conf_of(dev, "rp_filter") > 0 && !ipv4_at(s->addrs, dev).family) {
		snprintf(why, sizeof(why),
			 "what elements send from %s, which is an address of this host too, is dropped: rp_filter is not 0, and the interface has no IPv4 address",
			 text);
		problem(s, what, why, "ip address add ADDRESS dev %s", dev);
	}
}

/* Where it is others', rp_filter asks for a way back to it: by that interface, or by any. */
static void check_way_back(struct steering *s, const char *dev)
{
	const struct iq_kernel_steer *prefix = NULL;
	char what[FORMAT_MAX], why[CELL_MAX], text[FORMAT_MAX];
	struct iq_addr here = ipv4_at(s->addrs, dev);
	int filter = conf_of(dev, "rp_filter");

	if (filter <= 0 || !here.family)
		return;
	while ((prefix = (void *)utarray_next(&s->steers, prefix)))
		if (prefix->dst.family == AF_INET && !towards_back(dev, &prefix->dst, &here))
			break;
	if (!prefix)
		return;
	format_addr(&prefix->dst, text);
	snprintf(what, sizeof(what), "interface %s", dev);
	snprintf(why, sizeof(why),
		 "what elements send from %s, to which %s, is dropped: rp_filter is %d", text,
		 filter == 1 ? "this is not the way" : "no route leads", filter);
	if (filter == 1)
		problem(s, what, why, "sysctl net/ipv4/conf/%s/rp_filter=2", dev);
	else
		problem(s, what, why, "ip route add %s ...", text);
}

/* What elements send bears the steered address as its source. */
static void check_sources(struct steering *s)
{
	const struct iq_kernel_element *e = NULL;
	struct iq_addr own = own_steered(s);
	static struct towards to;
	size_t i;

	to.n = 0;
	while ((e = (void *)utarray_next(&s->elements, e)))
		towards_add(&to, e);
	for (i = 0; i < to.n; i++) {
		if (own.family)
			check_own_source(s, to.dev[i], &own);
		else
			check_way_back(s, to.dev[i]);
	}
}

static void check_forwarding(struct steering *s)
{
	const struct iq_kernel_steer *prefix = NULL;
	bool inet = false, inet6 = false;

	while ((prefix = (void *)utarray_next(&s->steers, prefix))) {
		inet |= prefix->dst.family == AF_INET;
		inet6 |= prefix->dst.family == AF_INET6;
	}
	add_forwarding(s->problems, inet, inet6, "nothing is steered");
}

/* An address that is on no segment: what asks for it there is to get no answer. */
static bool apart(const struct ifaddrs *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a->ifa_addr;

	return a->ifa_addr && a->ifa_addr->sa_family == AF_INET &&
	       a->ifa_flags & (IFF_LOOPBACK | IFF_NOARP) &&
	       !(a->ifa_flags & IFF_POINTOPOINT) &&
	       ntohl(in->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
}

/*
 * Where this host decrypts for a classifying element, others on the segment may have the
 * same address: it must neither answer for it nor ask with it.
 */
static void check_arp(struct steering *s)
{
	static const struct {
		const char *name;
		int least;
		const char *why;
	} wanted[] = {
		{ "arp_ignore", 1, "ARP is answered for %s of %s, which other elements may have: arp_ignore is less than 1" },
		{ "arp_announce", 2, "ARP requests may bear %s of %s, which other elements may have: arp_announce is less than 2" },
	};
	const struct ifaddrs *own, *a;
	char what[FORMAT_MAX], why[CELL_MAX], text[FORMAT_MAX];
	static struct towards seen;
	struct iq_addr addr;
	size_t i, n;

	for (own = s->addrs; own && !apart(own); own = own->ifa_next)
		;
	if (!own)
		return;
	addr = ipv4_of(own->ifa_addr);
	format_addr(&addr, text);
	seen.n = 0;
	for (a = s->addrs; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET ||
		    a->ifa_flags & (IFF_LOOPBACK | IFF_NOARP) || !(a->ifa_flags & IFF_UP))
			continue;
		/* an interface may have many addresses */
		n = seen.n;
		towards_dev(&seen, a->ifa_name);
		if (seen.n == n)
			continue;
		snprintf(what, sizeof(what), "interface %s", a->ifa_name);
		for (i = 0; i < ARRAY_SIZE(wanted); i++) {
			if (conf_of(a->ifa_name, wanted[i].name) >= wanted[i].least)
				continue;
			/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): one of those above */
			snprintf(why, sizeof(why), wanted[i].why, text, own->ifa_name);
			problem(s, what, why, "sysctl net/ipv4/conf/%s/%s=%d", a->ifa_name,
				wanted[i].name, wanted[i].least);
		}
	}
}

/* All of it */

static json_t *elements_json(const struct steering *s)
{
	const struct iq_kernel_element *e = NULL;
	json_int_t states[IPSEC_QOS_ELEMENT_STATE_MAX + 1] = { 0 }, unreachable = 0;

	while ((e = (void *)utarray_next(&s->elements, e))) {
		if (e->state <= IPSEC_QOS_ELEMENT_STATE_MAX)
			states[e->state]++;
		unreachable += e->problem != IPSEC_QOS_ELEMENT_FINE;
	}
	return json_pack("{s:I, s:I, s:I, s:I}", "up", states[IPSEC_QOS_ELEMENT_UP],
			 "drain", states[IPSEC_QOS_ELEMENT_DRAIN],
			 "down", states[IPSEC_QOS_ELEMENT_DOWN],
			 "unreachable", unreachable);
}

static json_t *steering_json(const struct steering *s, const struct iq_conf *conf)
{
	const struct iq_kernel_pool *p = NULL;
	json_int_t held = 0, lent = 0;

	while ((p = (void *)utarray_next(&s->pools, p))) {
		held += p->held;
		lent += p->lent;
	}
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:O}", "elements", elements_json(s),
			 "pools", (json_int_t)utarray_len(&s->pools),
			 "prefixes", (json_int_t)utarray_len(&s->steers),
			 "held", held, "lent", lent, "unknown", unknown_conf_json(conf),
			 "problems", s->problems);
}

static void check_all(struct steering *s, bool is_element)
{
	const struct iq_kernel_element *e = NULL;
	const struct iq_kernel_pool *p = NULL;

	while ((e = (void *)utarray_next(&s->elements, e)))
		check_element(s, e);
	while ((p = (void *)utarray_next(&s->pools, p)))
		check_pool(s, p);
	if (getifaddrs(&s->addrs))
		s->addrs = NULL;
	check_sources(s);
	check_forwarding(s);
	if (is_element)
		check_arp(s);
	if (s->addrs)
		freeifaddrs(s->addrs);
}

json_t *read_steering(const struct iq_conf *conf, bool is_element)
{
	struct steering s = {
		.elements = IQ_ARRAY(struct iq_kernel_element),
		.pools = IQ_ARRAY(struct iq_kernel_pool),
		.steers = IQ_ARRAY(struct iq_kernel_steer),
	};
	struct iq_kernel *k = the_kernel();
	json_t *json = NULL;

	if (k && !read_elements(k, -1, &s.elements) && !read_pools(k, -1, &s.pools) &&
	    !read_steers(k, -1, &s.steers)) {
		s.problems = json_array();
		check_all(&s, is_element || conf->unknown != IPSEC_QOS_UNKNOWN_OFF);
		json = steering_json(&s, conf);
		json_decref(s.problems);
	}
	utarray_done(&s.elements);
	utarray_done(&s.pools);
	utarray_done(&s.steers);
	return json;
}

bool steers_any(const json_t *steering)
{
	const json_t *elements = json_object_get(steering, "elements");

	return member_number(elements, "up") + member_number(elements, "drain") +
	       member_number(elements, "down") + member_number(steering, "prefixes");
}

static void print_counts(const json_t *steering)
{
	const json_t *elements = json_object_get(steering, "elements");
	uint64_t up = member_number(elements, "up"), drain = member_number(elements, "drain");
	uint64_t down = member_number(elements, "down");

	printf("elements   %" PRIu64 ": %" PRIu64 " up, %" PRIu64 " drain, %" PRIu64 " down",
	       up + drain + down, up, drain, down);
	if (member_number(elements, "unreachable")) {
		printf(", ");
		print_colored(COLOR_BAD, "cannot be reached:");
		printf(" %" PRIu64, member_number(elements, "unreachable"));
	}
	printf("\npools      %" PRIu64 ", buckets held %" PRIu64 ", lent %" PRIu64
	       "\nprefixes   %" PRIu64 "\n", member_number(steering, "pools"),
	       member_number(steering, "held"), member_number(steering, "lent"),
	       member_number(steering, "prefixes"));
}

void print_steering(const json_t *steering)
{
	const json_t *unknown = json_object_get(steering, "unknown");

	if (steers_any(steering) || member_number(steering, "pools"))
		print_counts(steering);
	if (strcmp(member_text(unknown, "do"), "off"))
		printf("unknown    SPIs: %s%s%s, %" PRIu64 " a second at most\n",
		       member_text(unknown, "do"),
		       json_is_string(json_object_get(unknown, "element")) ? " " : "",
		       json_is_string(json_object_get(unknown, "element")) ?
		       member_text(unknown, "element") : "", member_number(unknown, "rate"));
	print_problems(json_object_get(steering, "problems"));
}
