// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos daemon: how ipsec-qosd is, whom it knows, and its configuration
 * read again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "query.h"

static const char usage[] =
"Usage: ipsec-qos daemon status [ identity PATTERN ]\n"
"       ipsec-qos daemon reload\n";

static void print_state(const char *what, bool good, const char *yes,
			const char *no)
{
	printf("%-9s ", what);
	print_colored(good ? COLOR_GOOD : COLOR_BAD, good ? yes : no);
}

static const struct column columns[] = {
	{ "IDENTITY" }, { "PROOF" }, { "ROUND" }, { "CONNECTION" },
	{ "PROFILE", .color = COLOR_NAME }, { "GROUP", .color = COLOR_NAME },
	{ "REMOTE", .color = COLOR_ADDR }, { "IKE" }, { "CHILDREN" },
};

/**
 * struct line - of the table of peers
 *
 * @peer: NULL where it is that of the line before
 * @identity: one of its identities, or of the groups that it is in; NULL where it
 *	has none
 */
struct line {
	const json_t *peer;
	const json_t *identity;
};

static void put_identity(const json_t *id, char cells[][CELL_MAX])
{
	const char *proof = member_text(id, "proof");
	bool group = json_object_get(id, "name");
	char name[CELL_MAX + sizeof("member of ")];

	snprintf(name, sizeof(name), "%s%s", group ? "member of " : "",
		 member_text(id, group ? "name" : "identity"));
	clip_cell(cells[0], name);
	snprintf(cells[1], CELL_MAX, "%s", group || !strcmp(proof, "claimed") ?
		 proof : member_text(id, "method"));
	snprintf(cells[2], CELL_MAX, "-");
	if (member_number(id, "round"))
		snprintf(cells[2], CELL_MAX, "%" PRIu64,
			 member_number(id, "round"));
}

static void put_peer(const json_t *p, char cells[][CELL_MAX])
{
	const char *remote = member_text(p, "remote");

	snprintf(cells[3], CELL_MAX, "%s", member_text(p, "connection"));
	snprintf(cells[4], CELL_MAX, "%s", member_text(p, "profile"));
	snprintf(cells[5], CELL_MAX, "%s", member_text(p, "group"));
	snprintf(cells[6], CELL_MAX, strchr(remote, ':') ? "[%s]:%u" : "%s:%u",
		 remote, (unsigned int)member_number(p, "remote_port"));
	snprintf(cells[7], CELL_MAX, "v%u",
		 (unsigned int)member_number(p, "version"));
	format_list(json_object_get(p, "children"), "name", cells[8], CELL_MAX);
}

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct line *line = (const struct line *)arg + i;
	size_t c;

	for (c = 0; c < ARRAY_SIZE(columns); c++)
		cells[c][0] = '\0';
	put_identity(line->identity, cells);
	if (line->peer)
		put_peer(line->peer, cells);
}

/* A line for each identity and group; what else is known of a peer is in its first. */
static void print_peers(const json_t *peers)
{
	const json_t *peer, *ids, *groups, *id;
	struct line *lines;
	size_t i, j, n = 1;

	json_array_foreach(peers, i, peer)
		n += json_array_size(json_object_get(peer, "identities")) +
		     json_array_size(json_object_get(peer, "member_of")) + 1;
	lines = calloc(n, sizeof(*lines));
	if (!lines) {
		fprintf(stderr, "Error: out of memory\n");
		return;
	}
	n = 0;
	json_array_foreach(peers, i, peer) {
		ids = json_object_get(peer, "identities");
		groups = json_object_get(peer, "member_of");
		lines[n].peer = peer;
		json_array_foreach(ids, j, id)
			lines[n++].identity = id;
		json_array_foreach(groups, j, id)
			lines[n++].identity = id;
		if (!json_array_size(ids) && !json_array_size(groups))
			n++;
	}
	print_table(columns, ARRAY_SIZE(columns), n, row, lines);
	free(lines);
}

#define DISPUTES_SHOWN	16

/*
 * Bits that a connection and a group both want. Many peers may have the same
 * connection: each text once.
 */
static void print_disputes(const json_t *peers)
{
	json_t *texts = json_object(), *peer, *child, *dispute;
	size_t i, j, k, n = 0;
	const char *text;

	json_array_foreach(peers, i, peer)
		json_array_foreach(json_object_get(peer, "children"), j, child)
			json_array_foreach(json_object_get(child, "disputes"),
					   k, dispute)
				json_object_set_new(texts,
						    member_text(dispute, "text"),
						    json_true());
	if (json_object_size(texts)) {
		print_state("marks", false, "", "in dispute");
		putchar('\n');
	}
	json_object_foreach(texts, text, dispute)
		if (n++ < DISPUTES_SHOWN)
			printf("          %s\n", text);
	if (n > DISPUTES_SHOWN)
		printf("          and %zu more: with -j each is beside its CHILD SA\n",
		       n - DISPUTES_SHOWN);
	json_decref(texts);
}

/* How full the ranges are out of which peers have groups of their own. */
static void print_ranges(const json_t *ranges)
{
	const json_t *range;
	uint64_t full, unproved;
	size_t i;

	json_array_foreach(ranges, i, range) {
		full = member_number(range, "full");
		unproved = member_number(range, "unproved");
		printf("%-9s %s: %" PRIu64 " of %" PRIu64 " groups used, %" PRIu64
		       " linger, %" PRIu64 " known", i ? "" : "each",
		       member_text(range, "profile"), member_number(range, "used"),
		       member_number(range, "max"), member_number(range, "lingering"),
		       member_number(range, "known"));
		if (full || unproved) {
			printf("; ");
			print_colored(COLOR_BAD, "in group ");
			print_colored(COLOR_BAD, member_text(range, "overflow"));
			printf(" together: %" PRIu64 " IKE SAs that found none left, %" PRIu64
			       " that prove nothing", full, unproved);
		}
		putchar('\n');
	}
}

/* They are no mistake, but nobody may have meant it. */
static void print_strangers(uint64_t n)
{
	if (n)
		printf("%-9s %" PRIu64 " IKE SA%s that no profile names: each line's default class is theirs (profile test IDENTITY says why)\n",
		       "strangers", n, n == 1 ? "" : "s");
}

/* What its checks say, for how long, and why. */
static void print_check(const json_t *e)
{
	char text[FORMAT_MAX];

	if (!json_is_string(json_object_get(e, "check")))
		return;
	printf(", check %s", member_text(e, "check"));
	if (!json_is_boolean(json_object_get(e, "up"))) {
		printf(" not made yet");
	} else {
		printf(" %s", member_true(e, "up") ? "up" : "down");
		if (json_is_integer(json_object_get(e, "since")))
			printf(" for %s", format_time(member_number(e, "since"), text));
	}
	if (member_number(e, "run"))
		printf(", now %s for %" PRIu64 " of them", member_true(e, "ok") ? "up" : "down",
		       member_number(e, "run"));
	if (json_real_value(json_object_get(e, "held")) > 0)
		printf(", held down for %.0f s more", json_real_value(json_object_get(e, "held")));
	if (json_is_string(json_object_get(e, "why")))
		printf(": %s", member_text(e, "why"));
}

static void print_steering(const json_t *steering)
{
	const json_t *elements = json_object_get(steering, "elements"), *item;
	size_t i;

	json_array_foreach(json_object_get(steering, "own"), i, item)
		printf("%-9s element %s of pool %s, with %" PRIu64 " buckets\n",
		       i ? "" : "self", member_text(steering, "self"),
		       member_text(item, "pool"), member_number(item, "buckets"));
	json_array_foreach(elements, i, item) {
		const char *state = member_text(item, "state");

		printf("%-9s %s ", i ? "" : "elements", member_text(item, "name"));
		if (json_is_string(json_object_get(item, "state")))
			print_colored(strcmp(state, "down") ? COLOR_GOOD : COLOR_BAD, state);
		else if (!strcmp(member_text(item, "name"), member_text(steering, "self")))
			printf("is this host");
		else
			printf("is sent nothing from here");
		if (member_true(item, "by_hand"))
			printf(" by hand");
		if (json_is_string(json_object_get(item, "state")))
			print_check(item);
		putchar('\n');
	}
	item = json_object_get(steering, "beside");
	if (json_is_object(item)) {
		printf("%-9s ", "beside");
		print_colored(COLOR_BAD, member_text(item, "text"));
		putchar('\n');
	}
	json_array_foreach(json_object_get(steering, "errors"), i, item) {
		printf("%-9s ", i ? "" : "steering");
		print_colored(COLOR_BAD, json_string_value(item));
		putchar('\n');
	}
}

/* Why a device is down, all that there is of it, and what its checks say */
static void print_device(const json_t *d)
{
	char text[FORMAT_MAX];

	if (!strcmp(member_text(d, "configured"), "down"))
		printf(" as configured");
	if (member_true(d, "by_hand"))
		printf(" by hand");
	if (member_true(d, "failed"))
		printf(" as it has failed");
	if (json_is_integer(json_object_get(d, "since")))
		printf(" for %s", format_time(member_number(d, "since"), text));
	if (json_is_string(json_object_get(d, "check")))
		printf(", %s%s", member_text(d, "check"),
		       json_is_null(json_object_get(d, "ok")) ? " not known yet" :
		       member_true(d, "ok") ? " passed" : " failed");
	if (member_number(d, "passed"))
		printf(" %" PRIu64 " times in a row", member_number(d, "passed"));
	if (json_is_string(json_object_get(d, "why")))
		printf(": %s", member_text(d, "why"));
	if (member_true(d, "suspected"))
		printf("; what it is sent does not come back");
	if (member_true(d, "failed"))
		printf("; ipsec-qos device admit %s has it serve again", member_text(d, "name"));
}

static void print_chains(const json_t *chains)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(chains, "devices"), i, item) {
		const char *state = member_text(item, "state");

		printf("%-9s %s ", i ? "" : "devices", member_text(item, "name"));
		print_colored(strcmp(state, "down") ? COLOR_GOOD : COLOR_BAD, state);
		print_device(item);
		putchar('\n');
	}
	json_array_foreach(json_object_get(chains, "services"), i, item)
		printf("%-9s %s has mode %s%s\n", i ? "" : "services", member_text(item, "name"),
		       json_is_string(json_object_get(item, "found")) ?
		       member_text(item, "found") : "not found out yet",
		       json_is_string(json_object_get(item, "found")) ? ", as it was found out" :
		       ": nothing answers at its server");
	json_array_foreach(json_object_get(chains, "errors"), i, item) {
		printf("%-9s ", i ? "" : "chains");
		print_colored(COLOR_BAD, json_string_value(item));
		putchar('\n');
	}
}

static void print_status(json_t *answer)
{
	const json_t *config = json_object_get(answer, "config");
	const json_t *charon = json_object_get(answer, "charon");
	const json_t *kernel = json_object_get(answer, "kernel");
	const json_t *shaping = json_object_get(answer, "shaping"), *trouble;
	const json_t *unseen = json_object_get(charon, "unseen");
	json_t *peers = json_object_get(answer, "peers");
	char text[FORMAT_MAX];
	size_t i;
	time_t loaded = member_number(config, "loaded");

	printf("daemon    %s, up %s, %" PRIu64 " resyncs\n",
	       member_text(answer, "version"),
	       format_time(member_number(answer, "uptime"), text),
	       member_number(answer, "resyncs"));
	strftime(text, sizeof(text), "%F %T", localtime(&loaded));
	printf("config    %s, read %s\n", member_text(config, "file"), text);
	if (json_is_string(json_object_get(config, "error"))) {
		printf("          ");
		print_colored(COLOR_BAD, member_text(config, "error"));
		printf("\n          (the one read before is in force)\n");
	}
	print_state("kernel", member_true(kernel, "connected"), "connected",
		    "not connected");
	if (json_is_string(json_object_get(kernel, "error")))
		printf(": %s", member_text(kernel, "error"));
	putchar('\n');
	print_state("charon", member_true(charon, "connected"), "connected",
		    "not connected");
	if (member_true(charon, "connected"))
		printf(", %s", member_true(charon, "synced") ?
		       "all it has is known" : "still stating what it has");
	if (member_number(charon, "passed_over"))
		printf(", %" PRIu64 " SAs passed over since it runs",
		       member_number(charon, "passed_over"));
	putchar('\n');
	print_disputes(peers);
	if (json_is_object(unseen)) {
		printf("%-9s ", "ports");
		print_colored(COLOR_BAD, member_text(unseen, "text"));
		putchar('\n');
	}
	json_array_foreach(shaping, i, trouble) {
		printf("%-9s ", i ? "" : "shaping");
		print_colored(COLOR_BAD, json_string_value(trouble));
		putchar('\n');
	}
	print_steering(json_object_get(answer, "steering"));
	print_chains(json_object_get(answer, "chains"));
	print_ranges(json_object_get(answer, "ranges"));
	if (json_is_string(json_object_get(answer, "leases"))) {
		printf("%-9s ", "leases");
		print_colored(COLOR_BAD, member_text(answer, "leases"));
		putchar('\n');
	}
	print_strangers(member_number(answer, "strangers"));
	printf("peers     %zu\n", json_array_size(peers));
	if (json_array_size(peers)) {
		putchar('\n');
		print_peers(peers);
	}
}

static int status(struct args *args)
{
	static const char *const keywords[] = { "identity" };
	const char *pattern = NULL;
	unsigned int seen = 0, i;
	int ret;

	while ((ret = next_keyword(args, keywords, 1, &seen, &i)) > 0) {
		pattern = next_value(args, "identity");
		if (!pattern)
			return STATUS_USAGE;
	}
	if (ret)
		return STATUS_USAGE;
	return show_answer(pattern ? IQ_FEED_QUERY_PEERS : IQ_FEED_QUERY_STATUS, pattern,
			   print_status);
}

static void warn_all(const json_t *texts)
{
	json_t *text;
	size_t i;

	json_array_foreach(texts, i, text)
		fprintf(stderr, "Warning: ipsec-qosd: %s\n",
			json_string_value(text));
}

static int reload(struct args *args)
{
	json_t *answer, *warnings;
	int ret;

	if (no_more_words(args))
		return STATUS_USAGE;
	ret = query(IQ_FEED_QUERY_RELOAD, NULL, &answer);
	if (ret)
		return ret;
	warnings = json_object_get(answer, "warnings");
	warn_all(warnings);
	warn_all(json_object_get(answer, "notes"));
	if (options.json) {
		print_json(answer);
		return STATUS_OK;
	}
	printf("%s is %s: %" PRIu64 " groups, %" PRIu64 " profiles, %" PRIu64 " policies",
	       member_text(answer, "file"),
	       json_array_size(warnings) ? "read, but not all of it is in force" :
					   "in force",
	       member_number(answer, "groups"),
	       member_number(answer, "profiles"),
	       member_number(answer, "policies"));
	if (member_number(answer, "elements") + member_number(answer, "pools"))
		printf(", %" PRIu64 " elements, %" PRIu64 " pools",
		       member_number(answer, "elements"), member_number(answer, "pools"));
	if (member_number(answer, "devices") + member_number(answer, "services"))
		printf(", %" PRIu64 " devices, %" PRIu64 " services",
		       member_number(answer, "devices"), member_number(answer, "services"));
	putchar('\n');
	json_decref(answer);
	return STATUS_OK;
}

static const struct verb verbs[] = {
	{ "status", status }, { "reload", reload },
};

const struct object daemon_object = { .usage = usage, VERBS(verbs) };
