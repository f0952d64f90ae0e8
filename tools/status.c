// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos status: how all of it is, module, daemon and charon.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chaining.h"
#include "flowtable.h"
#include "group.h"
#include "query.h"
#include "settings.h"
#include "steering.h"
#include "lib/text.h"

/* Milliseconds for the daemon: what the kernel knows is not to wait for it. */
#define PATIENCE	500

static const char usage[] =
"Usage: ipsec-qos status\n";

static json_t *untagged_json(const struct iq_status *st)
{
	json_t *json = count_json(&st->untagged), *reasons = json_object();
	int i;

	for (i = 1; i <= IPSEC_QOS_UNTAGGED_MAX; i++)
		json_object_set_new(reasons, iq_kernel_untagged_name(i),
				    count_json(&st->untagged_by[i]));
	json_object_set_new(json, "reasons", reasons);
	return json;
}

/* @group: that it happened to last, null: to none */
static json_t *left_json(const struct iq_status *st)
{
	json_t *json = count_json(&st->left);
	char name[FORMAT_MAX];

	json_object_set_new(json, "group", st->left_group ?
			    json_string(name_of(&group_names, st->left_group, name)) :
			    json_null());
	return json;
}

/* All members are null where the module does not answer: @st is NULL. */
static json_t *module_json(const struct iq_status *st, json_t *steering, json_t *chaining)
{
	static const char *const members[] = {
		"version", "groups", "sas", "ikes", "untagged", "malformed",
		"left", "ceilings", "ports", "steering", "chains",
	};
	json_t *json;
	size_t i;

	if (st)
		return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:O?, s:O?}",
				 "version", st->version,
				 "groups", (json_int_t)st->groups,
				 "sas", (json_int_t)st->sas,
				 "ikes", (json_int_t)st->ikes,
				 "untagged", untagged_json(st),
				 "malformed", count_json(&st->malformed),
				 "left", left_json(st),
				 "ceilings", ceilings_json(&st->conf),
				 "ports", ports_json(&st->conf),
				 "steering", steering, "chains", chaining);
	json = json_object();
	for (i = 0; i < ARRAY_SIZE(members); i++)
		json_object_set_new(json, members[i], json_null());
	return json;
}

/* What `daemon status` says, in short; @answer is NULL without a daemon. */
static json_t *daemon_json(const json_t *answer, const char *why)
{
	static const char *const members[] = {
		"version", "uptime", "config", "kernel", "resyncs", "steering",
	};
	json_t *json = json_pack("{s:b}", "connected", answer != NULL);
	size_t i;

	if (!answer)
		json_object_set_new(json, "error", json_string(why));
	for (i = 0; answer && i < ARRAY_SIZE(members); i++)
		json_object_set(json, members[i],
				json_object_get(answer, members[i]));
	return json;
}

static json_t *charon_json(const json_t *answer)
{
	json_t *charon = json_object_get(answer, "charon");

	return charon ? json_incref(charon) :
			json_pack("{s:b}", "connected", false);
}

static void print_part(const char *what, bool good, const char *bad)
{
	printf("%-10s ", what);
	print_colored(good ? COLOR_GOOD : COLOR_BAD, good ? "connected" : bad);
	putchar('\n');
}

/* Why, where it happened, each on a line of its own */
static void print_untagged(const struct iq_status *st)
{
	static const char *const reasons[] = {
		[IPSEC_QOS_UNTAGGED_UNKNOWN_SA] = "no entry is their SA's",
		[IPSEC_QOS_UNTAGGED_UNKNOWN_IKE] = "no entry is their IKE SA's",
		[IPSEC_QOS_UNTAGGED_FRAGMENT] =
			"later fragments, of whose first nothing is known",
		[IPSEC_QOS_UNTAGGED_DECRYPTED] =
			"decrypted ahead of routing, and no entry is their SA's",
		[IPSEC_QOS_UNTAGGED_NO_GROUP] = "the entry of their SA names no group",
	};
	char count[FORMAT_MAX];
	size_t i;

	_Static_assert(ARRAY_SIZE(reasons) == IPSEC_QOS_UNTAGGED_MAX + 1,
		       "each reason is explained");
	printf("untagged   %s\n", format_count(&st->untagged, count));
	for (i = 1; i < ARRAY_SIZE(reasons); i++)
		if (st->untagged_by[i].packets)
			printf("           %s: %s\n",
			       format_count(&st->untagged_by[i], count), reasons[i]);
}

/* Nothing, where there is nothing to do about it. */
static void print_left(const struct iq_status *st)
{
	char count[FORMAT_MAX], name[FORMAT_MAX];

	if (!st->left.packets)
		return;
	printf("left       %s: policies or SAs have marks of their own on the same bits\n",
	       format_count(&st->left, count));
	if (st->left_group)
		printf("           give group %s another mask\n",
		       name_of(&group_names, st->left_group, name));
	else
		printf("           give the fall-back table other masks\n");
}

static void print_module(const struct iq_status *st)
{
	char ike[FORMAT_MAX], natt[FORMAT_MAX];

	printf("module     %s", st->version);
	if (strcmp(st->version, IPSEC_QOS_VERSION)) {
		printf(", ");
		print_colored(COLOR_BAD, "this command is " IPSEC_QOS_VERSION
			      ": modprobe -r ipsec_qos && modprobe ipsec_qos");
	}
	putchar('\n');
	printf("groups     %" PRIu32 " of at most %" PRIu32 "\n", st->groups,
	       st->conf.max_groups);
	printf("SAs        %" PRIu32 " of at most %" PRIu32 "\n", st->sas,
	       st->conf.max_sas);
	printf("IKE SAs    %" PRIu32 " of at most %" PRIu32 "\n", st->ikes,
	       st->conf.max_ikes);
	print_untagged(st);
	printf("malformed  %s\n", format_count(&st->malformed, ike));
	print_left(st);
	printf("ports      IKE %s, NAT traversal %s\n",
	       format_ports(st->conf.ike_ports, st->conf.n_ike_ports, ike),
	       format_ports(st->conf.natt_ports, st->conf.n_natt_ports, natt));
}

/* What is in a flowtable passes by the module, and @then says what becomes of it. */
static void print_passed_by(const json_t *flowtable, const char *devices, const char *then)
{
	char table[TEXT_VALUE], name[TEXT_VALUE], text[3 * CELL_MAX];

	snprintf(text, sizeof(text), "%s %s %s on %s: %s", member_text(flowtable, "family"),
		 text_clip(table, sizeof(table), member_text(flowtable, "table")),
		 text_clip(name, sizeof(name), member_text(flowtable, "name")), devices, then);
	printf("%-10s ", "flowtable");
	print_colored(COLOR_BAD, text);
	putchar('\n');
}

/*
 * Where there is something to tag or steer with, or a chain. What goes through a chain is
 * not tracked, and gets into no flowtable: only what was in it before stays there.
 */
static void print_flowtables(const struct iq_status *st, bool tags, bool chains,
			     const json_t *flowtables)
{
	char devices[CELL_MAX], then[CELL_MAX], ike[FORMAT_MAX], natt[FORMAT_MAX];
	const json_t *flowtable;
	size_t i;

	json_array_foreach(flowtables, i, flowtable) {
		const json_t *devs = json_object_get(flowtable, "devices");

		if (!json_array_size(devs))
			continue;
		format_list(devs, NULL, devices, sizeof(devices));
		snprintf(then, sizeof(then),
			 "what is in it is not tagged or steered; exempt UDP ports %s and %s where flows are added",
			 format_ports(st->conf.ike_ports, st->conf.n_ike_ports, ike),
			 format_ports(st->conf.natt_ports, st->conf.n_natt_ports, natt));
		if (tags)
			print_passed_by(flowtable, devices, then);
		if (chains)
			print_passed_by(flowtable, devices,
					"what was in it before its service was there passes by the chain; conntrack -F empties it");
	}
}

static void print_daemon(const json_t *answer, const char *why)
{
	const json_t *config = json_object_get(answer, "config");
	const json_t *charon = json_object_get(answer, "charon");
	const json_t *unseen = json_object_get(charon, "unseen");
	const json_t *steering = json_object_get(answer, "steering"), *error;
	const json_t *beside = json_object_get(steering, "beside");
	size_t i;

	print_part("daemon", answer, why);
	print_part("charon", member_true(charon, "connected"),
		   answer ? "not connected" : "not known");
	if (json_is_object(unseen)) {
		printf("%-10s ", "unseen");
		print_colored(COLOR_BAD, member_text(unseen, "text"));
		putchar('\n');
	}
	if (json_is_object(beside)) {
		printf("%-10s ", "beside");
		print_colored(COLOR_BAD, member_text(beside, "text"));
		putchar('\n');
	}
	json_array_foreach(json_object_get(steering, "errors"), i, error) {
		printf("%-10s ", "steering");
		print_colored(COLOR_BAD, json_string_value(error));
		putchar('\n');
	}
	if (json_is_string(json_object_get(config, "error")))
		printf("config     refused: %s\n", member_text(config, "error"));
}

static int run(struct args *args)
{
	char why[FORMAT_WHY];
	struct iq_status st;
	json_t *answer, *json, *flowtables, *steering = NULL, *chaining = NULL;
	int status;

	if (no_more_words(args))
		return STATUS_USAGE;
	/* that there is no module is no reason to be silent about the rest, */
	status = kernel_status(&st);
	/* and a router may well be worked without a daemon: that is no error */
	ask_daemon(IQ_FEED_QUERY_DAEMON, NULL, PATIENCE, &answer, why);
	if (!status)
		steering = read_steering(&st.conf, json_is_string(json_object_get(
					json_object_get(answer, "steering"), "self")));
	if (!status)
		chaining = read_chaining();
	flowtables = read_flowtables();
	if (options.json) {
		json = module_json(status ? NULL : &st, steering, chaining);
		json_object_set(json, "flowtables", flowtables);
		json_object_set_new(json, "daemon", daemon_json(answer, why));
		json_object_set_new(json, "charon", charon_json(answer));
		print_json(json);
	} else {
		if (status)
			print_part("module", false, "does not answer");
		else
			print_module(&st);
		if (steering)
			print_steering(steering);
		if (chaining)
			print_chaining(chaining);
		if (!status)
			print_flowtables(&st, st.groups || steers_any(steering),
					 chains_any(chaining), flowtables);
		print_daemon(answer, why);
	}
	json_decref(flowtables);
	json_decref(steering);
	json_decref(chaining);
	json_decref(answer);
	return status;
}

const struct object status_object = { .usage = usage, .run = run };
