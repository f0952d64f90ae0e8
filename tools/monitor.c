// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos monitor: events of the kernel and of the daemon as they come.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "chain.h"
#include "device.h"
#include "element.h"
#include "entry.h"
#include "group.h"
#include "nat.h"
#include "peers.h"
#include "pool.h"
#include "query.h"
#include "service.h"
#include "steer.h"
#include "lib/kernel/event.h"

static const char usage[] =
"Usage: ipsec-qos monitor [ group ] [ sa ] [ ike ] [ ceiling ] [ nat ] [ element ]\n"
"                         [ pool ] [ steer ] [ spi ] [ device ] [ chain ] [ service ]\n"
"                         [ peer ]\n";

/*
 * The daemon's stand in the place of traces, which are told by `service trace`: the kernel
 * tells only those of them who ask for their group.
 */
#define PEER	IQ_EVENT_TRACE

static const char *const objects[] = {
	[IQ_EVENT_GROUP] = "group", [IQ_EVENT_SA] = "sa",
	[IQ_EVENT_IKE] = "ike", [IQ_EVENT_STATUS] = "ceiling",
	[IQ_EVENT_NAT] = "nat", [IQ_EVENT_ELEMENT] = "element",
	[IQ_EVENT_POOL] = "pool", [IQ_EVENT_STEER] = "steer",
	[IQ_EVENT_UNKNOWN] = "spi", [IQ_EVENT_DEVICE] = "device",
	[IQ_EVENT_CHAIN] = "chain", [IQ_EVENT_SERVICE] = "service", [PEER] = "peer",
};

static const char *event_name(enum ipsec_qos_event event)
{
	static const char *const names[] = {
		[IPSEC_QOS_EVENT_NEW] = "new",
		[IPSEC_QOS_EVENT_CHANGE] = "change",
		[IPSEC_QOS_EVENT_DEL] = "del",
		[IPSEC_QOS_EVENT_EXPIRE] = "expire",
		[IPSEC_QOS_EVENT_CEILING] = "ceiling",
		[IPSEC_QOS_EVENT_NAT_COLLISION] = "collision",
		[IPSEC_QOS_EVENT_UNKNOWN_SPI] = "unknown",
	};

	return event && event < ARRAY_SIZE(names) ? names[event] : "?";
}

static void print_group(const struct iq_kernel_group *g)
{
	char text[FORMAT_MAX];

	print_colored(COLOR_NAME, g->name);
	printf(" id %" PRIu32 " mark %s", g->id,
	       format_mark(g->mark, g->mask, text));
	if (g->mark_clear != g->mark)
		printf(" mark-clear 0x%" PRIx32, g->mark_clear);
	if (g->priority)
		printf(" priority %s", format_classid(g->priority, text));
	if (g->dscp >= 0)
		printf(" dscp %s", format_dscp(g->dscp, text));
}

static void print_entry(const struct iq_kernel_entry *entry)
{
	char text[FORMAT_MAX];

	if (entry->group) {
		printf(" group ");
		print_colored(COLOR_NAME, name_of(&group_names, entry->group, text));
	}
	if (entry->lifetime)
		printf(" lifetime %" PRIu32, entry->lifetime);
	printf(" owner %s", owner_name(entry->owner));
}

static void print_sa(const struct iq_sa *sa)
{
	char text[FORMAT_MAX];

	printf("dst ");
	print_colored(COLOR_ADDR, format_addr(&sa->dst, text));
	printf(" spi 0x%08" PRIx32 " proto %s", sa->spi, proto_name(sa->proto));
	if (sa->element) {
		printf(" element ");
		print_colored(COLOR_NAME, name_of(&element_names, sa->element, text));
	}
	print_entry(&sa->entry);
	if (sa->flags & IPSEC_QOS_SA_F_PENDING)
		printf(" pending");
}

static void print_ike(const struct iq_ike *ike)
{
	char spi_i[FORMAT_MAX], spi_r[FORMAT_MAX];

	printf("spi-i %s spi-r %s", format_ike_spi(ike->spi_i, spi_i),
	       format_ike_spi(ike->spi_r, spi_r));
	print_entry(&ike->entry);
}

static json_t *ceiling_json(const struct iq_status *st)
{
	return json_pack("{s:I, s:I, s:I}", "groups", (json_int_t)st->groups,
			 "sas", (json_int_t)st->sas,
			 "ikes", (json_int_t)st->ikes);
}

static void print_nat(const struct iq_event *ev)
{
	size_t i;

	if (ev->event == IPSEC_QOS_EVENT_CEILING) {
		nat_print_ceiling(&ev->nat[0]);
		return;
	}
	for (i = 0; i < ev->n_nat; i++) {
		if (i)
			printf(", ");
		nat_print(&ev->nat[i]);
	}
}

/* Of a collision all candidates; else the one entry. */
static json_t *nat_event_json(const struct iq_event *ev)
{
	json_t *json, *all;
	size_t i;

	if (ev->event == IPSEC_QOS_EVENT_CEILING)
		return nat_ceiling_json(&ev->nat[0]);
	if (ev->event != IPSEC_QOS_EVENT_NAT_COLLISION)
		return nat_json(&ev->nat[0]);
	all = json_array();
	for (i = 0; i < ev->n_nat; i++)
		json_array_append_new(all, nat_json(&ev->nat[i]));
	json = json_object();
	json_object_set_new(json, "candidates", all);
	return json;
}

static json_t *object_json(const struct iq_event *ev)
{
	switch (ev->what) {
	case IQ_EVENT_GROUP:
		return group_json(&ev->group);
	case IQ_EVENT_SA:
		return entry_json(&ev->sa);
	case IQ_EVENT_IKE:
		return entry_json(&ev->ike);
	case IQ_EVENT_STATUS:
		return ceiling_json(&ev->status);
	case IQ_EVENT_NAT:
		return nat_event_json(ev);
	case IQ_EVENT_ELEMENT:
		return element_json(&ev->element);
	case IQ_EVENT_POOL:
		return pool_json(&ev->pool);
	case IQ_EVENT_STEER:
		return steer_json(&ev->steer);
	case IQ_EVENT_UNKNOWN:
		return unknown_json(&ev->unknown);
	case IQ_EVENT_DEVICE:
		return device_json(&ev->device);
	case IQ_EVENT_CHAIN:
		return chain_json(&ev->chain);
	case IQ_EVENT_SERVICE:
		return service_json(&ev->service);
	case IQ_EVENT_TRACE:
		break;
	}
	return json_object();
}

static void print_event_json(const struct iq_event *ev)
{
	char now[FORMAT_MAX];
	struct timeval tv;
	json_t *json = json_object();
	json_t *object = object_json(ev);

	if (options.timestamp) {
		gettimeofday(&tv, NULL);
		json_object_set_new(json, "timestamp",
				    json_string(format_instant(&tv, now)));
	}
	json_object_set_new(json, "event", json_string(event_name(ev->event)));
	json_object_set_new(json, "object", json_string(objects[ev->what]));
	json_object_update(json, object);
	json_decref(object);
	print_json(json);
}

static int print_event(const struct iq_event *ev, void *arg)
{
	const unsigned int *wanted = arg;
	char now[FORMAT_MAX];
	struct timeval tv;

	if (ev->what == IQ_EVENT_GROUP)
		names_changed(&group_names);
	if (ev->what == IQ_EVENT_ELEMENT)
		names_changed(&element_names);
	if (ev->what == IQ_EVENT_POOL)
		names_changed(&pool_names);
	if (ev->what == IQ_EVENT_DEVICE)
		names_changed(&device_names);
	if (ev->what == IQ_EVENT_CHAIN)
		names_changed(&chain_names);
	if (!(*wanted & (1U << ev->what)))
		return 0;
	if (options.json) {
		print_event_json(ev);
		return 0;
	}
	if (options.timestamp) {
		gettimeofday(&tv, NULL);
		printf("[%s] ", format_local(&tv, now));
	}
	printf("%s %s ", event_name(ev->event), objects[ev->what]);
	switch (ev->what) {
	case IQ_EVENT_GROUP:
		print_group(&ev->group);
		break;
	case IQ_EVENT_SA:
		print_sa(&ev->sa);
		break;
	case IQ_EVENT_IKE:
		print_ike(&ev->ike);
		break;
	case IQ_EVENT_STATUS:
		printf("groups %" PRIu32 " sas %" PRIu32 " ikes %" PRIu32,
		       ev->status.groups, ev->status.sas, ev->status.ikes);
		break;
	case IQ_EVENT_NAT:
		print_nat(ev);
		break;
	case IQ_EVENT_ELEMENT:
		element_print(&ev->element);
		break;
	case IQ_EVENT_POOL:
		pool_print(&ev->pool);
		break;
	case IQ_EVENT_STEER:
		steer_print(&ev->steer);
		break;
	case IQ_EVENT_UNKNOWN:
		unknown_print(&ev->unknown);
		break;
	case IQ_EVENT_DEVICE:
		device_print(&ev->device);
		break;
	case IQ_EVENT_CHAIN:
		chain_print(&ev->chain);
		break;
	case IQ_EVENT_SERVICE:
		service_print(&ev->service);
		break;
	case IQ_EVENT_TRACE:
		break;
	}
	putchar('\n');
	return 0;
}

/* Peers */

/* When something happened, as the daemon says; where it does not: now. */
static struct timeval time_of(const json_t *event)
{
	double time = json_number_value(json_object_get(event, "time"));
	struct timeval tv;

	if (time) {
		tv.tv_sec = time;
		tv.tv_usec = (time - tv.tv_sec) * 1e6;
	} else {
		gettimeofday(&tv, NULL);
	}
	return tv;
}

static void print_peer_json(json_t *event, const struct timeval *tv)
{
	json_t *json = json_object();
	char text[FORMAT_MAX];

	json_object_set_new(json, "timestamp", json_string(format_instant(tv, text)));
	json_object_set(json, "event", json_object_get(event, "event"));
	json_object_set_new(json, "object", json_string(objects[PEER]));
	json_object_del(event, "time");
	json_object_update(json, event);
	print_json(json);
}

static void print_end(const json_t *event, const char *which)
{
	char text[FORMAT_MAX];

	printf(" %s ", which);
	print_colored(COLOR_ADDR, member_text(event, which));
	snprintf(text, sizeof(text), "%s_port", which);
	printf(" port %" PRIu64, member_number(event, text));
}

static void print_counters(const json_t *counters)
{
	struct iq_kernel_count count;
	char text[FORMAT_MAX];
	const char *name, *p;
	json_t *json;

	json_object_foreach((json_t *)counters, name, json) {
		count.packets = member_number(json, "packets");
		count.bytes = member_number(json, "bytes");
		if (!count.packets)
			continue;
		putchar(' ');
		for (p = name; *p; p++)
			putchar(*p == '_' ? '-' : *p);
		printf(" %s", format_count(&count, text));
	}
}

static void print_peer(const json_t *event)
{
	const json_t *duration = json_object_get(event, "duration");
	char text[FORMAT_MAX];

	printf("%s peer ", member_text(event, "event"));
	if (json_object_get(event, "missed")) {
		printf("%" PRIu64 " events\n", member_number(event, "missed"));
		return;
	}
	print_colored(COLOR_NAME, member_text(event, "identity"));
	printf(" group ");
	print_colored(COLOR_NAME, member_text(event, "group"));
	printf("%s profile ", member_true(event, "own") ? " (its own)" : "");
	print_colored(COLOR_NAME, member_text(event, "profile"));
	printf(" connection %s ike-id %" PRIu64, member_text(event, "connection"),
	       member_number(event, "ike_id"));
	print_end(event, "local");
	print_end(event, "remote");
	if (duration)
		printf(" after %s", format_time(json_number_value(duration), text));
	if (!strcmp(member_text(event, "from"), "known"))
		printf(" or more");
	print_counters(json_object_get(event, "counters"));
	putchar('\n');
}

static void on_peer(json_t *event)
{
	struct timeval tv = time_of(event);
	char text[FORMAT_MAX];

	if (options.json) {
		print_peer_json(event, &tv);
		return;
	}
	if (options.timestamp)
		printf("[%s] ", format_local(&tv, text));
	print_peer(event);
}

/* Both, of which either may be missing: then nothing is waited for there. */
struct sources {
	struct iq_kernel *kernel;
	struct peers *peers;
	struct pollfd wait[2];
};

/*
 * The multicast groups that what is wanted needs beside that of events. Elements' and
 * pools' names are told by theirs, too.
 */
static unsigned int groups_of(unsigned int wanted)
{
	const unsigned int nat = 1U << IQ_EVENT_NAT;
	const unsigned int steer = 1U << IQ_EVENT_SA | 1U << IQ_EVENT_ELEMENT |
				   1U << IQ_EVENT_POOL | 1U << IQ_EVENT_STEER |
				   1U << IQ_EVENT_UNKNOWN;

	const unsigned int chain = 1U << IQ_EVENT_DEVICE | 1U << IQ_EVENT_CHAIN |
				   1U << IQ_EVENT_SERVICE;

	return (wanted & nat ? IQ_MONITOR_NAT : 0) |
	       (wanted & steer ? IQ_MONITOR_STEER : 0) |
	       (wanted & chain ? IQ_MONITOR_CHAIN : 0);
}

/* Those that are wanted; without @named, all that are there, but the kernel is to be. */
static int open_sources(struct sources *from, unsigned int wanted, bool named, char *why)
{
	from->wait[0] = from->wait[1] = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (wanted & ~(1U << PEER)) {
		from->kernel = the_kernel();
		if (!from->kernel)
			return STATUS_REFUSED;
		from->wait[0].fd = iq_kernel_monitor(from->kernel, groups_of(wanted));
		if (from->wait[0].fd < 0)
			return kernel_refused(from->wait[0].fd);
	}
	if (!(wanted & (1U << PEER)))
		return STATUS_OK;
	if (!peers_listen(&from->peers, why))
		from->wait[1].fd = peers_fd(from->peers);
	else if (named)
		return refused("ipsec-qosd: %s", why);
	else
		fprintf(stderr, "That peers come and go is not shown: %s\n", why);
	return STATUS_OK;
}

static int read_kernel(struct sources *from, unsigned int *wanted)
{
	int ret = iq_kernel_monitor_read(from->kernel, print_event, wanted);

	if (ret == -ENOBUFS)
		fputs("Events were lost: they came faster than they could be printed.\n",
		      stderr);
	else if (ret == -ENODEV)
		return refused("ipsec_qos: the module was unloaded");
	else if (ret)
		return refused("ipsec_qos: events: %s", strerror(-ret));
	return STATUS_OK;
}

static int read_peers(struct sources *from, bool named, const char *why)
{
	if (!peers_read(from->peers, on_peer))
		return STATUS_OK;
	if (named)
		return refused("ipsec-qosd: %s", why);
	fprintf(stderr, "That peers come and go is not shown any more: %s\n", why);
	peers_close(from->peers);
	from->peers = NULL;
	from->wait[1].fd = -1;
	return STATUS_OK;
}

static int run(struct args *args)
{
	unsigned int wanted = 0, i;
	struct sources from = { 0 };
	char why[FORMAT_WHY];
	bool named;
	int ret;

	while ((ret = next_keyword(args, objects, ARRAY_SIZE(objects), &wanted,
				   &i)) > 0)
		;
	if (ret)
		return STATUS_USAGE;
	named = wanted;
	if (!named)
		wanted = ~0U;
	ret = open_sources(&from, wanted, named, why);
	/* who reads us through a pipe is to see each event when it comes */
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (!ret) {
		if (poll(from.wait, ARRAY_SIZE(from.wait), -1) < 0 && errno != EINTR)
			ret = refused("poll: %s", strerror(errno));
		if (!ret && from.kernel)
			ret = read_kernel(&from, &wanted);
		if (!ret && from.peers)
			ret = read_peers(&from, named, why);
		if (!ret && ferror(stdout))
			ret = refused("write: %s", strerror(errno));
	}
	peers_close(from.peers);
	return ret;
}

const struct object monitor_object = { .usage = usage, .run = run };
