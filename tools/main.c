// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos: the command.
 */
#define _GNU_SOURCE	/* setns() */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"

#define NETNS_FOLDER	"/run/netns"

struct options options;

static const char usage[] =
"Usage: ipsec-qos [ OPTIONS ] OBJECT { VERB | help }\n"
"       ipsec-qos [ OPTIONS ] [ -force ] -batch FILE\n"
"OBJECT := { group | sa | ike | profile | class | status | metrics | monitor |\n"
"            daemon | settings | fallback | nat | element | pool | steer | device |\n"
"            chain | service | follow | trace | tunnel }\n"
"OPTIONS := { -n[etns] NAME | -j[son] | -p[retty] | -t[imestamp] |\n"
"             -S[ocket] PATH | -V[ersion] | -h[elp] }\n"
"What an object takes: ipsec-qos OBJECT help\n";

enum { OPTION_NETNS, OPTION_JSON, OPTION_PRETTY, OPTION_TIMESTAMP,
       OPTION_BATCH, OPTION_FORCE, OPTION_SOCKET, OPTION_VERSION, OPTION_HELP };

static const char *const option_names[] = {
	[OPTION_NETNS] = "netns", [OPTION_JSON] = "json",
	[OPTION_PRETTY] = "pretty", [OPTION_TIMESTAMP] = "timestamp",
	[OPTION_BATCH] = "batch", [OPTION_FORCE] = "force",
	[OPTION_SOCKET] = "Socket", [OPTION_VERSION] = "Version",
	[OPTION_HELP] = "help",
};

/* As ip does: a name is a file in /run/netns, what has a '/' is a path. */
static int enter_netns(const char *name)
{
	char path[4096];
	int fd, ret;

	if (strchr(name, '/'))
		ret = snprintf(path, sizeof(path), "%s", name);
	else
		ret = snprintf(path, sizeof(path), "%s/%s", NETNS_FOLDER, name);
	if (ret >= (int)sizeof(path))
		return usage_error("the name of the network namespace is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return usage_error("cannot open network namespace \"%s\": %s",
				   name, strerror(errno));
	ret = setns(fd, CLONE_NEWNET);
	if (ret)
		usage_error("cannot enter network namespace \"%s\": %s", name,
			    strerror(errno));
	close(fd);
	return ret ? STATUS_USAGE : STATUS_OK;
}

int main(int argc, char **argv)
{
	const char *socket = getenv("IPSEC_QOS_SOCKET"), *batch = NULL;
	struct args args = { argv + 1, argc - 1 };
	bool pretty = false;
	int status;

	options.socket = socket && *socket ? socket : IQ_FEED_SOCKET;
	while (args.n && args.words[0][0] == '-' && args.words[0][1]) {
		const char *word = next_word(&args) + 1;
		const char *value = NULL;
		int option;

		if (!strcmp(word, "-"))
			break;
		if (*word == '-')
			word++;
		/* as all others have it; -s and -v are no abbreviations of these */
		if (!strcmp(word, "version"))
			word = "Version";
		else if (!strcmp(word, "socket"))
			word = "Socket";
		option = parse_keyword(word, option_names,
				       ARRAY_SIZE(option_names),
				       sizeof(option_names[0]));
		if (option == OPTION_NETNS || option == OPTION_BATCH ||
		    option == OPTION_SOCKET) {
			value = next_value(&args, option_names[option]);
			if (!value)
				return STATUS_USAGE;
		}
		switch (option) {
		case OPTION_NETNS:
			if (enter_netns(value))
				return STATUS_USAGE;
			break;
		case OPTION_JSON:
			options.json = true;
			break;
		case OPTION_PRETTY:
			pretty = true;
			break;
		case OPTION_TIMESTAMP:
			options.timestamp = true;
			break;
		case OPTION_BATCH:
			batch = value;
			break;
		case OPTION_FORCE:
			options.force = true;
			break;
		case OPTION_SOCKET:
			options.socket = value;
			break;
		case OPTION_VERSION:
			puts("ipsec-qos " IPSEC_QOS_VERSION);
			return STATUS_OK;
		case OPTION_HELP:
			fputs(usage, stdout);
			return STATUS_OK;
		default:
			return usage_error("option \"-%s\" is unknown: try -help",
					   word);
		}
	}

	print_setup(pretty);
	if (batch) {
		status = no_more_words(&args);
		if (!status)
			status = run_batch(batch);
	} else if (args.n) {
		status = run_command(&args);
	} else {
		fputs(usage, stderr);
		status = STATUS_USAGE;
	}
	close_kernel();
	/* a full disk must not look like an empty table */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "Error: cannot write: %s\n", strerror(errno));
		status = status ? status : STATUS_USAGE;
	}
	return status;
}
