// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How service chains are as a whole: how many there are of what, which devices cannot be
 * reached or take nothing, and which of the kernel's settings are not as they have to be.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "chain.h"
#include "chaining.h"
#include "device.h"
#include "problem.h"
#include "query.h"
#include "ruleset.h"
#include "service.h"
#include "towards.h"

/**
 * struct chaining - what there is, and what was found
 *
 * @services: how many
 * @leaving: what of theirs leaves chains
 * @first, @last: interfaces that were looked at, by which packets leave the first device of
 *	a chain on the way back, and the last one on the way forward
 * @addrs: of this network namespace
 */
struct chaining {
	UT_array devices;
	UT_array chains;
	uint64_t services;
	struct leaving leaving;
	struct towards first;
	struct towards last;
	struct ifaddrs *addrs;
	json_t *problems;
};

#define COPIES_MIN	8	/* of fewer nothing is said */

#define problem(c, ...)	add_problem((c)->problems, __VA_ARGS__)

static int compare_device(const void *a, const void *b)
{
	const struct iq_kernel_device *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static const struct iq_kernel_device *find_device(const struct chaining *c, uint32_t id)
{
	const struct iq_kernel_device key = { .id = id };

	return utarray_find(&c->devices, &key, compare_device);
}

static int compare_chain(const void *a, const void *b)
{
	const struct iq_kernel_chain *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static const struct iq_kernel_chain *find_chain(const struct chaining *c, uint32_t id)
{
	const struct iq_kernel_chain key = { .id = id };

	return utarray_find(&c->chains, &key, compare_chain);
}

/* Devices */

static bool by_daemon(const struct iq_kernel_device *d)
{
	/* which would state it again: its file is to say something else */
	return d->owner == IPSEC_QOS_OWNER_DAEMON;
}

/* @side: "", or "inner ": how the words that mend it begin */
static void check_side(struct chaining *c, const struct iq_kernel_device *d,
		       const struct iq_kernel_side *s, const char *side)
{
	char what[FORMAT_MAX], why[CELL_MAX], mac[FORMAT_MAX];

	snprintf(what, sizeof(what), "device %s", d->name);
	switch (s->problem) {
	case IPSEC_QOS_DEVICE_FINE:
		break;
	case IPSEC_QOS_DEVICE_NO_DEV:
		snprintf(why, sizeof(why), "there is no interface %s", s->dev);
		if (by_daemon(d))
			problem(c, what, why,
				"add it, or name another interface of %s in ipsec-qosd.conf",
				d->name);
		else
			problem(c, what, why,
				"add it, or ipsec-qos device change %s %sdev INTERFACE",
				d->name, side);
		break;
	case IPSEC_QOS_DEVICE_DEV_DOWN:
		snprintf(why, sizeof(why), "interface %s is down or has no carrier", s->dev);
		problem(c, what, why, "ip link set dev %s up", s->dev);
		break;
	case IPSEC_QOS_DEVICE_NO_MAC:
		snprintf(why, sizeof(why), "its link address at %s is not known", s->dev);
		if (by_daemon(d))
			problem(c, what, why, "ipsec-qos daemon status says why");
		else
			problem(c, what, why, "ipsec-qos device change %s %smac MAC", d->name,
				side);
		break;
	case IPSEC_QOS_DEVICE_TAKEN:
		snprintf(why, sizeof(why), "another device's side is %s at %s, too",
			 s->has_mac ? format_mac(s->mac, mac) : "any address", s->dev);
		problem(c, what, why, "give one of them a link address or a VLAN of its own");
		break;
	default:
		problem(c, what, "no packet can get there",
			"another version of ipsec-qos says why");
		break;
	}
}

/* Who watches sends a reset now and then; who returns as much as it gets forwards. */
static void check_tap(struct chaining *c, const struct iq_kernel_device *d)
{
	uint64_t copies = d->counter[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT].packets;
	uint64_t returned = d->counter[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED].packets;
	char what[FORMAT_MAX], why[CELL_MAX];

	if (copies < COPIES_MIN || returned < copies / 2)
		return;
	snprintf(what, sizeof(what), "device %s", d->name);
	snprintf(why, sizeof(why),
		 "it has returned %" PRIu64 " packets, and was sent %" PRIu64 " copies: each that comes back goes on as what it sends",
		 returned, copies);
	problem(c, what, why, "turn forwarding off on %s", d->name);
}

static void check_device(struct chaining *c, const struct iq_kernel_device *d)
{
	char what[FORMAT_MAX], why[CELL_MAX];
	bool skips = d->failure == IPSEC_QOS_DEVICE_FAILURE_SKIP;

	check_side(c, d, &d->outer, "");
	if (d->inner.dev[0])
		check_side(c, d, &d->inner, "inner ");
	if (d->kind == IPSEC_QOS_DEVICE_TAP)
		check_tap(c, d);
	if (d->now || !d->chains)
		return;
	snprintf(what, sizeof(what), "device %s", d->name);
	snprintf(why, sizeof(why), "it is down%s: %s",
		 d->alternate ? ", and so is each alternate" : ", and has no alternate",
		 d->kind == IPSEC_QOS_DEVICE_TAP ? "nothing is copied to it" :
		 skips ? "packets pass it by" : "packets of its chains are dropped");
	problem(c, what, why, "ipsec-qos device admit %s", d->name);
}

/* What leaves a chain */

/*
 * Behind the last device a packet goes on by routing, with the source of whoever sent it,
 * which is not expected to come from there. @src: of such a packet; family 0: not known.
 */
static void check_exit(struct chaining *c, const char *what_leaves, const char *device,
		       const char *dev, const struct iq_addr *src)
{
	struct iq_addr here = ipv4_at(c->addrs, dev);
	int filter = conf_of(dev, "rp_filter");
	char what[FORMAT_MAX], why[CELL_MAX], text[FORMAT_MAX];

	if (filter <= 0)
		return;
	snprintf(what, sizeof(what), "interface %s", dev);
	if (!here.family) {
		snprintf(why, sizeof(why),
			 "%s of device %s is dropped: rp_filter is %d, and the interface has no IPv4 address",
			 what_leaves, device, filter);
		problem(c, what, why, "ip address add ADDRESS dev %s", dev);
	}
	if (here.family && src->family && towards_back(dev, src, &here))
		return;
	if (filter == 1) {
		snprintf(why, sizeof(why), "%s of device %s is dropped: rp_filter is 1",
			 what_leaves, device);
		problem(c, what, why, "sysctl net/ipv4/conf/%s/rp_filter=2", dev);
	} else if (here.family && src->family) {
		format_addr(src, text);
		snprintf(why, sizeof(why),
			 "%s of device %s is dropped: rp_filter is 2, and no route leads to %s",
			 what_leaves, device, text);
		problem(c, what, why, "ip route add %s ...", text);
	}
}

/* Is it the first time that an interface is looked at? */
static bool is_new(struct towards *seen, const char *dev)
{
	size_t n = seen->n;

	towards_dev(seen, dev);
	return seen->n > n;
}

/* A device with one side may be a server, behind which nothing goes on. */
static void check_exits(struct chaining *c, const struct iq_kernel_service *s)
{
	const struct iq_kernel_chain *chain = find_chain(c, s->chain);
	const struct iq_kernel_device *first, *last;
	static const struct iq_addr unknown;

	if (!chain || !chain->n_steps)
		return;
	first = find_device(c, chain->steps[0]);
	last = find_device(c, chain->steps[chain->n_steps - 1]);
	if (first && is_new(&c->first, first->outer.dev))
		check_exit(c, "what comes back out", first->name, first->outer.dev,
			   s->mode == IPSEC_QOS_SERVICE_SERVER ? &s->addr : &unknown);
	if (last && last->inner.dev[0] && is_new(&c->last, last->inner.dev))
		check_exit(c, "what goes on out", last->name, last->inner.dev,
			   s->mode == IPSEC_QOS_SERVICE_SERVER ? &unknown : &s->addr);
}

/* The kernel refuses such an address; it may have come to this host since. */
static void check_local(struct chaining *c, const struct iq_kernel_service *s)
{
	size_t len = s->addr.family == AF_INET ? 4 : 16;
	char what[FORMAT_MAX], why[CELL_MAX], text[FORMAT_MAX];
	const struct ifaddrs *a;
	const void *own;

	for (a = c->addrs; a; a = a->ifa_next) {
		if (!a->ifa_addr || a->ifa_addr->sa_family != s->addr.family ||
		    s->len != 8 * len)
			continue;
		own = len == 4 ?
		      (const void *)&((const struct sockaddr_in *)a->ifa_addr)->sin_addr :
		      (const void *)&((const struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
		if (memcmp(own, s->addr.b, len))
			continue;
		snprintf(what, sizeof(what), "service %s", s->name);
		snprintf(why, sizeof(why),
			 "%s is an address of this host: what leaves its chain ends here",
			 format_addr(&s->addr, text));
		problem(c, what, why, "ip address del %s dev %s", text, a->ifa_name);
		return;
	}
}

static int check_service(const struct iq_kernel_service *s, void *arg)
{
	struct chaining *c = arg;

	c->services++;
	c->leaving.ipv4 |= s->addr.family == AF_INET;
	c->leaving.ipv6 |= s->addr.family == AF_INET6;
	c->leaving.clients |= s->mode == IPSEC_QOS_SERVICE_CLIENT;
	check_local(c, s);
	if (s->addr.family == AF_INET)
		check_exits(c, s);
	return 0;
}

/* All of it */

static json_t *chaining_json(const struct chaining *c)
{
	const struct iq_kernel_device *d = NULL;
	json_int_t up = 0, down = 0, unreachable = 0;

	while ((d = (void *)utarray_next(&c->devices, d))) {
		if (d->state == IPSEC_QOS_DEVICE_UP)
			up++;
		else
			down++;
		unreachable += d->outer.problem || d->inner.problem;
	}
	return json_pack("{s:{s:I, s:I, s:I}, s:I, s:I, s:O}", "devices", "up", up,
			 "down", down, "unreachable", unreachable,
			 "chains", (json_int_t)utarray_len(&c->chains),
			 "services", (json_int_t)c->services, "problems", c->problems);
}

/* Services are read one by one: there may be very many. A STATUS_ */
static int check_all(struct chaining *c, struct iq_kernel *k)
{
	const struct iq_kernel_device *d = NULL;
	int ret;

	while ((d = (void *)utarray_next(&c->devices, d)))
		check_device(c, d);
	if (getifaddrs(&c->addrs))
		c->addrs = NULL;
	ret = iq_kernel_service_dump(k, -1, check_service, c);
	if (c->addrs)
		freeifaddrs(c->addrs);
	/* what came or went meanwhile is another time's */
	if (ret && ret != -EINTR)
		return kernel_refused(ret);
	add_forwarding(c->problems, c->leaving.ipv4, c->leaving.ipv6, "nothing enters a chain");
	if (c->services)
		check_ruleset(c->problems, &c->leaving);
	return STATUS_OK;
}

json_t *read_chaining(void)
{
	/* too much for the stack */
	static struct chaining c;
	struct iq_kernel *k = the_kernel();
	json_t *json = NULL;

	c = (struct chaining){
		.devices = IQ_ARRAY(struct iq_kernel_device),
		.chains = IQ_ARRAY(struct iq_kernel_chain),
	};
	if (k && !read_devices(k, -1, &c.devices) && !read_chains(k, -1, &c.chains)) {
		c.problems = json_array();
		if (!check_all(&c, k))
			json = chaining_json(&c);
		json_decref(c.problems);
	}
	utarray_done(&c.devices);
	utarray_done(&c.chains);
	return json;
}

bool chains_any(const json_t *chaining)
{
	return member_number(chaining, "services");
}

void print_chaining(const json_t *chaining)
{
	const json_t *devices = json_object_get(chaining, "devices");
	uint64_t up = member_number(devices, "up"), down = member_number(devices, "down");
	uint64_t unreachable = member_number(devices, "unreachable");

	if (up + down) {
		printf("devices    %" PRIu64 ": %" PRIu64 " up, %" PRIu64 " down", up + down, up,
		       down);
		if (unreachable) {
			printf(", ");
			print_colored(COLOR_BAD, "cannot be reached:");
			printf(" %" PRIu64, unreachable);
		}
		printf("\nchains     %" PRIu64 "\nservices   %" PRIu64 "\n",
		       member_number(chaining, "chains"), member_number(chaining, "services"));
	}
	print_problems(json_object_get(chaining, "problems"));
}
