// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos trace: what becomes of packets, and why, from the module's tracepoints
 * (kmod/core/trace.h). A trace instance of its own leaves everybody else's as it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "group.h"

#define TRACEFS		"/sys/kernel/tracing"
#define EVENTS		"events/ipsec_qos"
#define INSTANCE	"ipsec-qos-"	/* behind it: whose, a process */
#define EVENT_MARK	": iq_"	/* between what the kernel writes first and an event's name */
#define POLL_MS		1000	/* so often it is looked whether the module is there */
#define LINE_SIZE	1024	/* bytes; a line has some 300 */
#define PATH_SIZE	256
#define FILTER_SIZE	512

static const char usage[] =
"Usage: ipsec-qos trace [ spi SPI ] [ spi-i SPI ] [ addr ADDR ] [ group GROUP ]\n"
"                       [ count N ]\n"
"GROUP := { [ name ] NAME | id N }\n";

enum { KEY_SPI, KEY_SPI_I, KEY_ADDR, KEY_GROUP, KEY_COUNT };

static const char *const keywords[] = {
	[KEY_SPI] = "spi", [KEY_SPI_I] = "spi-i", [KEY_ADDR] = "addr",
	[KEY_GROUP] = "group", [KEY_COUNT] = "count",
};

#define BIT(n)	(1U << (n))

/* The events, and by what of the above each can be chosen */
static const struct {
	const char *name;
	unsigned int keys;
} events[] = {
	{ "iq_tagged", BIT(KEY_SPI) | BIT(KEY_SPI_I) | BIT(KEY_ADDR) | BIT(KEY_GROUP) },
	{ "iq_untagged", BIT(KEY_SPI) | BIT(KEY_SPI_I) | BIT(KEY_ADDR) },
	{ "iq_malformed", BIT(KEY_ADDR) },
	{ "iq_held", BIT(KEY_ADDR) },
	{ "iq_matched", BIT(KEY_SPI) | BIT(KEY_ADDR) },
	{ "iq_collided", BIT(KEY_SPI) | BIT(KEY_ADDR) },
	{ "iq_event", 0 },
};

/**
 * struct trace - what is looked for, and where
 *
 * @seen: which keywords were there
 * @left: lines to print; 0: no end
 * @folder: of the instance
 * @offset: from the trace's clock, which is the monotonic one, to the time of day
 */
struct trace {
	unsigned int seen;
	uint64_t spi;
	struct iq_addr addr;
	uint32_t group;
	uint32_t left;
	char folder[PATH_SIZE];
	double offset;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int parse(struct args *args, struct trace *t)
{
	unsigned int key;
	const char *value;
	uint32_t spi;
	int ret;

	while ((ret = next_keyword(args, keywords, ARRAY_SIZE(keywords), &t->seen,
				   &key)) > 0) {
		if (key == KEY_GROUP) {
			ret = next_id(args, &group_names, &t->group);
			if (ret)
				return ret;
			continue;
		}
		value = next_value(args, keywords[key]);
		if (!value)
			return STATUS_USAGE;
		if (key == KEY_SPI) {
			if (parse_spi(value, &spi))
				return bad_value("spi", value, EXPECT_SPI);
			t->spi = spi;
		} else if (key == KEY_SPI_I) {
			if (parse_ike_spi(value, 'i', &t->spi))
				return bad_value("spi-i", value, EXPECT_IKE_SPI);
		} else if (key == KEY_ADDR) {
			if (parse_addr(value, &t->addr))
				return bad_value("addr", value, EXPECT_ADDR);
		} else if (parse_u32(value, 1, UINT32_MAX, &t->left)) {
			return bad_value("count", value, "a number from 1 to 4294967295");
		}
	}
	if (ret)
		return STATUS_USAGE;
	if ((t->seen & BIT(KEY_SPI)) && (t->seen & BIT(KEY_SPI_I)))
		return usage_error("spi is of ESP and AH, spi-i of IKE: only one of them");
	return STATUS_OK;
}

static int write_file(const struct trace *t, const char *name, const char *text)
{
	char path[2 * PATH_SIZE];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", t->folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* In the language of the kernel's Documentation/trace/events.rst, section 5 */
static void make_filter(const struct trace *t, unsigned int keys, ino_t netns,
			char filter[FILTER_SIZE])
{
	unsigned int wanted = t->seen & keys;
	char addr[FORMAT_MAX];
	size_t n;

	n = snprintf(filter, FILTER_SIZE, "netns == %ju", (uintmax_t)netns);
	if (wanted & (BIT(KEY_SPI) | BIT(KEY_SPI_I)))
		n += snprintf(filter + n, FILTER_SIZE - n, " && spi == 0x%" PRIx64,
			      t->spi);
	if (wanted & BIT(KEY_ADDR))
		n += snprintf(filter + n, FILTER_SIZE - n,
			      " && (src == \"%s\" || dst == \"%s\")",
			      format_addr(&t->addr, addr), addr);
	if (wanted & BIT(KEY_GROUP))
		snprintf(filter + n, FILTER_SIZE - n, " && group == %" PRIu32, t->group);
}

/* Returns an errno. */
static int enable(const struct trace *t, ino_t netns)
{
	unsigned int keys = t->seen & ~BIT(KEY_COUNT);
	char name[PATH_SIZE], filter[FILTER_SIZE];
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events) && !err; i++) {
		/* What cannot be told by all that was named is not asked for. */
		if (keys & ~events[i].keys)
			continue;
		make_filter(t, events[i].keys, netns, filter);
		snprintf(name, sizeof(name), EVENTS "/%s/filter", events[i].name);
		err = write_file(t, name, filter);
		if (err)
			break;
		snprintf(name, sizeof(name), EVENTS "/%s/enable", events[i].name);
		err = write_file(t, name, "1");
	}
	return err;
}

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * What one that was killed has left: its process is gone. Of one that runs in another
 * PID namespace the kernel lets nobody take it.
 */
static void remove_stale(void)
{
	char path[PATH_SIZE], *end;
	struct dirent *entry;
	DIR *dir = opendir(TRACEFS "/instances");
	long pid;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, INSTANCE, strlen(INSTANCE)))
			continue;
		pid = strtol(entry->d_name + strlen(INSTANCE), &end, 10);
		if (pid <= 0 || *end || !kill((pid_t)pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), TRACEFS "/instances/" INSTANCE "%ld", pid);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

/* Make it; *@pipe is where its events come out. */
static int make_instance(struct trace *t, int *pipe)
{
	char path[2 * PATH_SIZE];
	struct stat ns;
	int err;

	snprintf(t->folder, sizeof(t->folder), TRACEFS "/" EVENTS);
	if (access(t->folder, X_OK)) {
		if (errno == ENOENT && !access(TRACEFS "/events", F_OK))
			return refused("ipsec_qos: the module is not loaded, or has no tracepoints: this kernel was built without");
		return refused(TRACEFS ": %s: it takes root, and mount -t tracefs nodev " TRACEFS,
			       strerror(errno));
	}
	if (stat("/proc/self/ns/net", &ns))
		return refused("/proc/self/ns/net: %s", strerror(errno));
	remove_stale();
	snprintf(t->folder, sizeof(t->folder), TRACEFS "/instances/" INSTANCE "%d",
		 (int)getpid());
	if (mkdir(t->folder, 0700))
		return refused("%s: %s", t->folder, strerror(errno));
	snprintf(path, sizeof(path), "%s/trace_pipe", t->folder);
	*pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	err = *pipe < 0 ? errno : write_file(t, "tracing_on", "0");
	if (!err)
		err = write_file(t, "trace_clock", "mono");
	t->offset = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
	if (!err)
		err = enable(t, ns.st_ino);
	/* From here on all of them are seen. */
	if (!err)
		err = write_file(t, "tracing_on", "1");
	if (!err)
		return STATUS_OK;
	close(*pipe);
	rmdir(t->folder);
	return refused("%s: %s", t->folder, strerror(err));
}

/* What is written differs for people and for programs. */
static void field(json_t *json, const char *key, const char *value, const char *what)
{
	uint64_t number = strtoull(value, NULL, 0);
	char text[FORMAT_MAX];
	bool ike = !strncmp(what, "ike_", 4);

	if (!strcmp(key, "netns") || (!strcmp(key, "spi") && !number))
		return;
	if (!strcmp(key, "spi") && ike) {
		format_ike_spi(number, text);
		if (json)
			json_object_set_new(json, "spi_i", json_string(text));
		else
			printf(" spi-i %s", text);
	} else if (!strcmp(key, "group")) {
		name_of(&group_names, number, text);
		if (json) {
			json_object_set_new(json, key, json_string(text));
		} else {
			printf(" group ");
			print_colored(COLOR_NAME, text);
		}
	} else if (json) {
		json_object_set_new(json, key, *value >= '0' && *value <= '9' &&
				    !strpbrk(value, ".:") ? json_integer(number) :
							    json_string(value));
	} else if (!strcmp(key, "what")) {
		printf(" %s", value);
	} else {
		printf(" %s ", key);
		print_colored(strpbrk(value, ".:") ? COLOR_ADDR : COLOR_NONE, value);
	}
}

/*
 * COMMAND-PID [CPU] FLAGS SECONDS: EVENT: KEY=VALUE…; the command's name may be
 * anything, so it is read from the end.
 */
static void print_line(struct trace *t, char *line)
{
	char *event = NULL, *at, *key, *value, *save, when[FORMAT_MAX], *time;
	const char *what = "";
	struct timeval tv;
	json_t *json;
	double seconds;

	for (at = line; (at = strstr(at, EVENT_MARK)); at++)
		event = at;
	if (!event) {
		if (strstr(line, " EVENTS]"))	/* CPU:0 [LOST 12 EVENTS] */
			fputs("Events were lost: they came faster than they could be printed.\n",
			      stderr);
		return;
	}
	*event = '\0';
	event = strtok_r(event + strlen(EVENT_MARK), ": \n", &save);
	if (!event)
		return;
	time = strrchr(line, ' ');
	seconds = t->offset + strtod(time ? time : line, NULL);
	tv.tv_sec = (time_t)seconds;
	tv.tv_usec = (suseconds_t)((seconds - (double)tv.tv_sec) * 1e6);
	json = options.json ? json_object() : NULL;
	if (json) {
		if (options.timestamp)
			json_object_set_new(json, "timestamp",
					    json_string(format_instant(&tv, when)));
		json_object_set_new(json, "event", json_string(event));
	} else {
		if (options.timestamp)
			printf("[%s] ", format_local(&tv, when));
		fputs(event, stdout);
	}
	while ((key = strtok_r(NULL, " \n", &save))) {
		value = strchr(key, '=');
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(key, "what"))
			what = value;
		field(json, key, value, what);
	}
	if (json)
		print_json(json);
	else
		putchar('\n');
	if (t->left && !--t->left)
		stopped = 1;
}

/* Until it is told to stop, or the module goes. */
static int follow(struct trace *t, int pipe)
{
	struct pollfd wait = { .fd = pipe, .events = POLLIN };
	int status = STATUS_OK;
	char line[LINE_SIZE];
	size_t have = 0;
	ssize_t n;
	char *end;

	while (!stopped && !status) {
		if (poll(&wait, 1, POLL_MS) < 0 && errno != EINTR)
			status = refused("poll: %s", strerror(errno));
		if (access(TRACEFS "/" EVENTS, F_OK))
			status = refused("ipsec_qos: the module was unloaded");
		while (!stopped && !ferror(stdout) &&
		       (n = read(wait.fd, line + have, sizeof(line) - 1 - have)) > 0) {
			have += n;
			line[have] = '\0';
			while (!stopped && (end = strchr(line, '\n'))) {
				*end++ = '\0';
				print_line(t, line);
				have -= end - line;
				memmove(line, end, have + 1);
			}
			if (have == sizeof(line) - 1)
				have = 0;	/* no line of ours is that long */
		}
		if (ferror(stdout))
			status = refused("write: %s", strerror(errno));
	}
	return status;
}

static int run(struct args *args)
{
	struct sigaction on_signal = { .sa_handler = stop };
	struct trace t = { 0 };
	int status = parse(args, &t), pipe = -1;

	if (!status && !the_kernel())
		status = STATUS_REFUSED;
	if (status)
		return status;
	/* The instance is to go with this. */
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	sigaction(SIGHUP, &on_signal, NULL);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = make_instance(&t, &pipe);
	if (status)
		return status;
	status = follow(&t, pipe);
	close(pipe);
	if (rmdir(t.folder) && !status)
		status = refused("%s: %s", t.folder, strerror(errno));
	return status;
}

const struct object trace_object = { .usage = usage, .run = run };
