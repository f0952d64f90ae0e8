// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is wrong with this host, and how it is mended.
 */
#include <glob.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "problem.h"
#include "query.h"

void add_problem(json_t *problems, const char *what, const char *why, const char *remedy, ...)
{
	char text[CELL_MAX];
	va_list list;

	va_start(list, remedy);
	vsnprintf(text, sizeof(text), remedy, list);
	va_end(list);
	json_array_append_new(problems, json_pack("{s:s, s:s, s:s}", "what", what,
						  "why", why, "remedy", text));
}

void print_problems(const json_t *problems)
{
	const json_t *one;
	size_t i;

	json_array_foreach(problems, i, one) {
		printf("%-10s ", "problem");
		print_colored(COLOR_BAD, member_text(one, "what"));
		printf(": %s\n           %s\n", member_text(one, "why"),
		       member_text(one, "remedy"));
	}
}

/* Of an interface, or of "all"; -1: there is none. */
static int read_conf(const char *dev, const char *name)
{
	char path[128];
	int value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/%s", dev, name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

int conf_of(const char *dev, const char *name)
{
	int all = read_conf("all", name), own = read_conf(dev, name);

	return own > all ? own : all;
}

struct iq_addr ipv4_of(const struct sockaddr *sa)
{
	struct iq_addr addr = { 0 };

	if (sa && sa->sa_family == AF_INET) {
		addr.family = AF_INET;
		memcpy(addr.b, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	}
	return addr;
}

struct iq_addr ipv4_at(const struct ifaddrs *addrs, const char *dev)
{
	struct iq_addr addr = { 0 };
	const struct ifaddrs *a;

	for (a = addrs; a && !addr.family; a = a->ifa_next)
		if (!strcmp(a->ifa_name, dev))
			addr = ipv4_of(a->ifa_addr);
	return addr;
}

/* Any of the settings that a pattern finds */
static bool forwards(const char *pattern)
{
	bool found = false;
	glob_t paths;
	size_t i;

	/* of what cannot be read nothing is said */
	if (glob(pattern, GLOB_BRACE, NULL, &paths))
		return true;
	for (i = 0; !found && i < paths.gl_pathc; i++) {
		FILE *file = fopen(paths.gl_pathv[i], "re");
		int value;

		found = !file || fscanf(file, "%d", &value) != 1 || value;
		if (file)
			fclose(file);
	}
	globfree(&paths);
	return found;
}

void add_forwarding(json_t *problems, bool wanted_ipv4, bool wanted_ipv6, const char *then)
{
	char why[CELL_MAX];

	snprintf(why, sizeof(why), "no interface forwards: %s", then);
	if (wanted_ipv4 && !forwards("/proc/sys/net/ipv4/conf/*/forwarding"))
		add_problem(problems, "IPv4", why, "sysctl net/ipv4/ip_forward=1");
	snprintf(why, sizeof(why), "all/forwarding is 0: %s", then);
	/* as ip6_forward(): an interface's own forwarding makes it a router, and forwards nothing */
	if (wanted_ipv6 &&
	    !forwards("/proc/sys/net/ipv6/conf/{all/forwarding,*/force_forwarding}"))
		add_problem(problems, "IPv6", why, "sysctl net/ipv6/conf/all/forwarding=1");
}
