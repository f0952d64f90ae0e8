// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos service trace: a service's next packets, at each place of their way.
 */
#define _GNU_SOURCE	/* ppoll() */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "device.h"
#include "service.h"
#include "lib/kernel/event.h"
#include "lib/kernel/trace.h"

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = 1;
}

/**
 * struct trace - what is traced
 *
 * @packets: so many passes at most; 0: until it is stopped
 * @client: whose; family 0: all
 * @told: passes, of the last request
 * @begin: when the first was, 0: there was none yet
 */
struct trace {
	uint32_t service;
	uint32_t packets;
	struct iq_addr client;
	uint32_t told;
	uint64_t begin;
};

static const char *drop_name(int drop)
{
	int counter = drop & ~IQ_TRACE_DEVICE;

	if (drop & IQ_TRACE_DEVICE)
		return counter && counter <= IPSEC_QOS_DEVICE_COUNTER_MAX ?
		       iq_kernel_device_counter_name(counter) : "?";
	return counter && counter <= IPSEC_QOS_SERVICE_COUNTER_MAX ?
	       iq_kernel_service_counter_name(counter) : "?";
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

static json_t *mac_or_null(bool has, const uint8_t *mac)
{
	char text[FORMAT_MAX];

	return has ? json_string(format_mac(mac, text)) : json_null();
}

/* A protocol without ports has 0 for both, or none. */
static json_t *port_or_null(int port)
{
	return port > 0 ? json_integer(port) : json_null();
}

static json_t *trace_json(const struct iq_kernel_trace *t, const char *name)
{
	char proto[FORMAT_MAX], src[FORMAT_MAX], dst[FORMAT_MAX];

	return json_pack("{s:s, s:I, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:s, s:o, s:I}",
			 "service", name, "time", (json_int_t)t->time,
			 "direction", t->back ? "back" : "forward",
			 "at", name_or_null(&device_names, t->at),
			 "to", name_or_null(&device_names, t->to), "copy", t->copy,
			 "drop", text_or_null(t->drop ? drop_name(t->drop) : NULL),
			 "in_dev", text_or_null(t->in_dev),
			 "in_mac", mac_or_null(t->has_in_mac, t->in_mac),
			 "out_dev", text_or_null(t->out_dev),
			 "out_mac", mac_or_null(t->has_out_mac, t->out_mac),
			 "proto", format_protocol(t->proto, proto),
			 "src", format_addr(&t->src, src), "sport", port_or_null(t->sport),
			 "dst", format_addr(&t->dst, dst), "dport", port_or_null(t->dport),
			 "bytes", (json_int_t)t->bytes);
}

static void print_place(const char *word, const char *where, const char *dev, bool has_mac,
			const uint8_t *mac)
{
	char text[FORMAT_MAX];

	printf(" %s ", word);
	print_colored(COLOR_NAME, where);
	if (*dev)
		printf(" dev %s", dev);
	if (has_mac)
		printf(" mac %s", format_mac(mac, text));
}

static void print_end(const struct iq_addr *addr, int port)
{
	bool brackets = port > 0 && addr->family == AF_INET6;
	char text[FORMAT_MAX];

	printf(brackets ? " [" : " ");
	print_colored(COLOR_ADDR, format_addr(addr, text));
	if (brackets)
		putchar(']');
	if (port > 0)
		printf(":%d", port);
}

static void print_trace(const struct iq_kernel_trace *t, uint64_t begin)
{
	uint64_t us = (t->time - begin) / 1000;
	char name[FORMAT_MAX];
	struct timeval tv;

	if (options.timestamp) {
		gettimeofday(&tv, NULL);
		printf("[%s] ", format_local(&tv, name));
	}
	printf("%" PRIu64 ".%06" PRIu64 " %s", us / 1000000, us % 1000000,
	       t->back ? "back" : "forward");
	print_place("from", t->at ? name_of(&device_names, t->at, name) : "outside",
		    t->in_dev, t->has_in_mac, t->in_mac);
	if (t->drop) {
		printf(" dropped ");
		print_colored(COLOR_BAD, drop_name(t->drop));
	} else {
		print_place(t->copy ? "copy to" : "to",
			    t->to ? name_of(&device_names, t->to, name) : "routing",
			    t->out_dev, t->has_out_mac, t->out_mac);
	}
	printf(" %s", format_protocol(t->proto, name));
	print_end(&t->src, t->sport);
	printf(" >");
	print_end(&t->dst, t->dport);
	printf(" length %" PRIu32 "\n", t->bytes);
}

/* Others may be tracing, too: theirs are of another service, or there are more of them. */
static int on_event(const struct iq_event *ev, void *arg)
{
	const struct iq_kernel_trace *t = &ev->trace;
	struct trace *trace = arg;
	char name[FORMAT_MAX];

	if (ev->what != IQ_EVENT_TRACE || t->service != trace->service)
		return 0;
	if (trace->packets && trace->told == trace->packets && !t->copy)
		return 0;
	if (!trace->begin)
		trace->begin = t->time;
	/* a copy is of a pass that is told of, too */
	trace->told += !t->copy;
	if (options.json)
		print_json(trace_json(t, name_of(&service_names, t->service, name)));
	else
		print_trace(t, trace->begin);
	return ferror(stdout) ? -EIO : 0;
}

static int begin(struct iq_kernel *k, struct trace *trace)
{
	int ret = iq_kernel_trace(k, trace->service, &trace->client,
				  trace->packets ?: IPSEC_QOS_TRACE_MAX);

	trace->told = 0;
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int read_events(struct iq_kernel *k, struct trace *trace)
{
	int ret = iq_kernel_monitor_read(k, on_event, trace);

	if (ret == -ENOBUFS)
		fputs("Traces were lost: they came faster than they could be printed.\n",
		      stderr);
	else if (ret == -ENODEV)
		return refused("ipsec_qos: the module was unloaded");
	else if (ret == -EIO)
		return refused("write: %s", strerror(errno));
	else if (ret)
		return refused("ipsec_qos: events: %s", strerror(-ret));
	return STATUS_OK;
}

/* Is there to be more? Without a number the kernel is asked again before it has told all. */
static bool more(struct iq_kernel *k, struct trace *trace, int *ret)
{
	if (stopped || (trace->packets && trace->told >= trace->packets))
		return false;
	if (!trace->packets && trace->told >= IPSEC_QOS_TRACE_MAX / 2)
		*ret = begin(k, trace);
	return !*ret;
}

static int run_trace(struct iq_kernel *k, struct trace *trace)
{
	struct pollfd wait = { .fd = iq_kernel_monitor(k, IQ_MONITOR_TRACE), .events = POLLIN };
	struct sigaction action = { .sa_handler = stop };
	sigset_t blocked, before;
	int ret;

	if (wait.fd < 0)
		return kernel_refused(wait.fd);
	/* a signal that comes ahead of ppoll() is not to be missed */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* who reads us through a pipe is to see each when it comes */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = begin(k, trace);
	while (!ret && more(k, trace, &ret)) {
		if (ppoll(&wait, 1, NULL, &before) >= 0)
			ret = read_events(k, trace);
		else if (errno != EINTR)
			ret = refused("poll: %s", strerror(errno));
	}
	/* nobody is to be told any more; where the service went, nobody is */
	if (stopped)
		iq_kernel_trace(k, trace->service, &trace->client, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

enum { KEY_CLIENT, KEY_PACKETS };

static const char *const settings[] = {
	[KEY_CLIENT] = "client", [KEY_PACKETS] = "packets",
};

int service_trace(struct args *args)
{
	struct trace trace = { 0 };
	unsigned int seen = 0, i;
	struct iq_kernel *k;
	int ret = next_id(args, &service_names, &trace.service);
	int more_words;

	if (ret)
		return ret;
	while ((more_words = next_keyword(args, settings, ARRAY_SIZE(settings), &seen, &i)) > 0) {
		const char *value = next_value(args, settings[i]);

		if (!value)
			return STATUS_USAGE;
		if (i == KEY_CLIENT && parse_addr(value, &trace.client))
			return bad_value("client", value, EXPECT_ADDR);
		if (i == KEY_PACKETS &&
		    parse_u32(value, 1, IPSEC_QOS_TRACE_MAX, &trace.packets))
			return bad_value("packets", value,
					 "1 to " DIGITS(IPSEC_QOS_TRACE_MAX));
	}
	if (more_words)
		return STATUS_USAGE;
	k = the_kernel();
	return k ? run_trace(k, &trace) : STATUS_REFUSED;
}
