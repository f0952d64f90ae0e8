// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos status: how all of it is, module, daemon and charon.
 */
#include <inttypes.h>
#include <stdio.h>

#include "query.h"
#include "settings.h"

/* Milliseconds for the daemon: what the kernel knows is not to wait for it. */
#define PATIENCE	500

static const char usage[] =
"Usage: ipsec-qos status\n";

/* What `daemon status` says, in short; @answer is NULL without a daemon. */
static json_t *daemon_json(const json_t *answer, const char *why)
{
	static const char *const members[] = {
		"version", "uptime", "config", "kernel", "resyncs",
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

static void print_status(const struct iq_status *st, const json_t *answer,
			 const char *why)
{
	char ike[FORMAT_MAX], natt[FORMAT_MAX];
	const json_t *config = json_object_get(answer, "config");
	const json_t *charon = json_object_get(answer, "charon");

	printf("module     %s\n", st->version);
	printf("groups     %" PRIu32 " of at most %" PRIu32 "\n", st->groups,
	       st->conf.max_groups);
	printf("SAs        %" PRIu32 " of at most %" PRIu32 "\n", st->sas,
	       st->conf.max_sas);
	printf("IKE SAs    %" PRIu32 " of at most %" PRIu32 "\n", st->ikes,
	       st->conf.max_ikes);
	printf("untagged   %s\n", format_count(&st->untagged, ike));
	printf("malformed  %s\n", format_count(&st->malformed, ike));
	printf("ports      IKE %s, NAT traversal %s\n",
	       format_ports(st->conf.ike_ports, st->conf.n_ike_ports, ike),
	       format_ports(st->conf.natt_ports, st->conf.n_natt_ports, natt));
	print_part("daemon", answer, why);
	print_part("charon", member_true(charon, "connected"),
		   answer ? "not connected" : "not known");
	if (json_is_string(json_object_get(config, "error")))
		printf("config     refused: %s\n", member_text(config, "error"));
}

static int run(struct args *args)
{
	char why[FORMAT_WHY];
	struct iq_status st;
	json_t *answer;
	int ret;

	if (no_more_words(args))
		return STATUS_USAGE;
	ret = kernel_status(&st);
	if (ret)
		return ret;
	/* a router may well be worked without a daemon: that is no error */
	ask_daemon(IQ_FEED_QUERY_STATUS, NULL, PATIENCE, &answer, why);
	if (options.json)
		print_json(json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
				     "version", st.version,
				     "groups", (json_int_t)st.groups,
				     "sas", (json_int_t)st.sas,
				     "ikes", (json_int_t)st.ikes,
				     "untagged", count_json(&st.untagged),
				     "malformed", count_json(&st.malformed),
				     "ceilings", ceilings_json(&st.conf),
				     "ports", ports_json(&st.conf),
				     "daemon", daemon_json(answer, why),
				     "charon", charon_json(answer)));
	else
		print_status(&st, answer, why);
	json_decref(answer);
	return STATUS_OK;
}

const struct object status_object = { .usage = usage, .run = run };
