// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon answers, as metrics.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/if.h>
#include <linux/ipsec_qos.h>

#include "metrics.h"
#include "query.h"

/*
 * Milliseconds for the daemon: whoever scrapes does not wait for long. What it says of
 * classes it asks the kernel for, for which it takes two seconds at most.
 */
#define PATIENCE		500
#define CLASSES_PATIENCE	3000

static const struct om_family daemon_up = {
	"ipsec_qos_daemon_up", OM_GAUGE, NULL, "Whether ipsec-qosd answers."
};
static const struct om_family daemon_info = {
	"ipsec_qos_daemon", OM_INFO, NULL, "The version of ipsec-qosd."
};
static const struct om_family uptime = {
	"ipsec_qos_daemon_uptime_seconds", OM_GAUGE, "seconds",
	"How long ipsec-qosd has been running."
};
static const struct om_family config_timestamp = {
	"ipsec_qos_daemon_config_timestamp_seconds", OM_GAUGE, "seconds",
	"When the configuration that is in force was read, since 1970."
};
static const struct om_family config_refused = {
	"ipsec_qos_daemon_config_refused", OM_GAUGE, NULL,
	"Whether the configuration has an error since, so that the one before is in force."
};
static const struct om_family kernel_connected = {
	"ipsec_qos_daemon_kernel_connected", OM_GAUGE, NULL,
	"Whether ipsec-qosd reaches the kernel module."
};
static const struct om_family charons = {
	"ipsec_qos_daemon_charons", OM_GAUGE, NULL,
	"Processes of charon that are connected to ipsec-qosd."
};
static const struct om_family charons_synced = {
	"ipsec_qos_daemon_charons_synced", OM_GAUGE, NULL,
	"Whether every charon has stated all its SAs."
};
static const struct om_family resyncs = {
	"ipsec_qos_daemon_resyncs", OM_COUNTER, NULL,
	"Resyncs of the module's tables since ipsec-qosd was started."
};
static const struct om_family passed_over = {
	"ipsec_qos_daemon_passed_over_sas", OM_COUNTER, NULL,
	"SAs that charon installed without an answer of ipsec-qosd, since charon runs."
};
static const struct om_family unseen = {
	"ipsec_qos_daemon_unseen_ike_sas", OM_GAUGE, NULL,
	"IKE SAs on UDP ports that the module does not look at."
};
static const struct om_family leases_remembered = {
	"ipsec_qos_daemon_leases_remembered", OM_GAUGE, NULL,
	"Whether which peer has which group of a range can be written to its file."
};
static const struct om_family shared = {
	"ipsec_qos_range_shared_ike_sas", OM_GAUGE, NULL,
	"IKE SAs that share a range's overflow group: full, no group was left; unproved, they prove nothing."
};
static const struct om_family in_force = {
	"ipsec_qos_policy_in_force", OM_GAUGE, NULL,
	"Whether a policy's classes are on its device."
};

/* Of a profile's range, out of which each peer has a group of its own. */
static const struct {
	struct om_family family;
	const char *member;
} of_ranges[] = {
	{ { "ipsec_qos_range_groups", OM_GAUGE, NULL,
	    "Groups of a range that a peer has." }, "used" },
	{ { "ipsec_qos_range_groups_limit", OM_GAUGE, NULL,
	    "Groups that peers may have at once of a range (max)." }, "max" },
	{ { "ipsec_qos_range_lingering_groups", OM_GAUGE, NULL,
	    "Groups of a range whose peer has gone a while ago." }, "lingering" },
	{ { "ipsec_qos_range_known_peers", OM_GAUGE, NULL,
	    "Peers that find their group of a range again." }, "known" },
};

/* Of a class, in the order of struct class's figures; @scale: how many make one. */
static const struct {
	struct om_family family;
	const char *member;
	unsigned int scale;
} figures[] = {
	{ { "ipsec_qos_class_packets", OM_COUNTER, NULL,
	    "Packets that a class of a policy has sent." }, "packets", 1 },
	{ { "ipsec_qos_class_bytes", OM_COUNTER, "bytes",
	    "Bytes of these, from the outer Ethernet header on." }, "bytes", 1 },
	{ { "ipsec_qos_class_drops", OM_COUNTER, NULL,
	    "Packets that a class of a policy has dropped." }, "drops", 1 },
	{ { "ipsec_qos_class_backlog_bytes", OM_GAUGE, "bytes",
	    "Bytes in the queue of a class of a policy." }, "backlog", 1 },
	{ { "ipsec_qos_class_rate_bytes_per_second", OM_GAUGE, "bytes_per_second",
	    "What is guaranteed to a class of a policy." }, "rate", 8 },
	{ { "ipsec_qos_class_ceil_bytes_per_second", OM_GAUGE, "bytes_per_second",
	    "What a class of a policy may have at most." }, "ceil", 8 },
};

/**
 * struct class - what is kept of one
 *
 * @group: its group's name; the default class has none, and a group may be called so: ""
 * @traffic: "esp" or "clear", where each has a class of its own; else ""
 */
struct class {
	char policy[IPSEC_QOS_NAME_MAX];
	char device[IFNAMSIZ];
	char group[IPSEC_QOS_NAME_MAX];
	char traffic[8];
	bool in_force;
	uint64_t figure[ARRAY_SIZE(figures)];
};

static int keep_class(const json_t *c, void *arg)
{
	struct class class = { .in_force = !strcmp(member_text(c, "state"), "ok") };
	size_t i;

	snprintf(class.policy, sizeof(class.policy), "%s", member_text(c, "policy"));
	snprintf(class.device, sizeof(class.device), "%s", member_text(c, "device"));
	if (member_number(c, "group"))
		snprintf(class.group, sizeof(class.group), "%s", member_text(c, "class"));
	if (json_is_string(json_object_get(c, "way")))
		snprintf(class.traffic, sizeof(class.traffic), "%s", member_text(c, "way"));
	for (i = 0; i < ARRAY_SIZE(figures); i++)
		class.figure[i] = member_number(c, figures[i].member) /
				  figures[i].scale;
	return iq_array_push(arg, &class) ? 0 : -ENOMEM;
}

/* A policy's classes follow each other, and there is one at least. */
static void write_policies(struct om *om, const UT_array *classes)
{
	const struct class *c = NULL, *last = NULL;

	om_begin(om, &in_force);
	while ((c = utarray_next(classes, c))) {
		if (!last || strcmp(last->policy, c->policy) ||
		    strcmp(last->device, c->device))
			om_sample(om, c->in_force, "policy", c->policy, "device",
				  c->device, NULL);
		last = c;
	}
}

static void write_classes(struct om *om, const UT_array *classes)
{
	const struct class *c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		om_begin(om, &figures[i].family);
		c = NULL;
		while ((c = utarray_next(classes, c)))
			om_sample(om, c->figure[i], "policy", c->policy, "device",
				  c->device, "group", c->group, "traffic", c->traffic,
				  NULL);
	}
}

static void class_metrics(struct om *om)
{
	UT_array classes = IQ_ARRAY(struct class);
	char why[FORMAT_WHY];

	if (ask_daemon_each(IQ_FEED_QUERY_CLASSES, CLASSES_PATIENCE, keep_class, &classes,
			    why)) {
		fprintf(stderr, "Warning: ipsec-qosd: classes are left out: %s\n", why);
	} else {
		write_policies(om, &classes);
		write_classes(om, &classes);
	}
	utarray_done(&classes);
}

static void write_daemon(struct om *om, const json_t *answer)
{
	const json_t *config = json_object_get(answer, "config");
	const json_t *charon = json_object_get(answer, "charon");
	const json_t *kernel = json_object_get(answer, "kernel");

	om_begin(om, &daemon_info);
	om_sample(om, 1, "version", member_text(answer, "version"), NULL);
	om_only(om, &uptime, member_number(answer, "uptime"));
	om_only(om, &config_timestamp, member_number(config, "loaded"));
	om_only(om, &config_refused, json_is_string(json_object_get(config, "error")));
	om_only(om, &kernel_connected, member_true(kernel, "connected"));
	om_only(om, &charons, member_number(charon, "connections"));
	om_only(om, &charons_synced, member_true(charon, "synced"));
	om_only(om, &resyncs, member_number(answer, "resyncs"));
	om_only(om, &passed_over, member_number(charon, "passed_over"));
	om_only(om, &leases_remembered, !json_is_string(json_object_get(answer, "leases")));
	om_only(om, &unseen, member_number(json_object_get(charon, "unseen"), "ike_sas"));
}

static void range_metrics(struct om *om, const json_t *ranges)
{
	static const char *const reasons[] = { "full", "unproved" };
	const json_t *range;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(of_ranges); i++) {
		om_begin(om, &of_ranges[i].family);
		json_array_foreach(ranges, j, range)
			om_sample(om, member_number(range, of_ranges[i].member),
				  "profile", member_text(range, "profile"), NULL);
	}
	om_begin(om, &shared);
	json_array_foreach(ranges, j, range)
		for (i = 0; i < ARRAY_SIZE(reasons); i++)
			om_sample(om, member_number(range, reasons[i]), "profile",
				  member_text(range, "profile"), "reason", reasons[i],
				  NULL);
}

void daemon_metrics(struct om *om)
{
	char why[FORMAT_WHY];
	json_t *answer;
	int ret;

	ret = ask_daemon(IQ_FEED_QUERY_DAEMON, NULL, PATIENCE, &answer, why);
	om_only(om, &daemon_up, !ret);
	if (ret) {
		/* a router may well be worked without a daemon */
		if (ret != -ENOENT)
			fprintf(stderr, "Warning: ipsec-qosd: %s\n", why);
		return;
	}
	write_daemon(om, answer);
	range_metrics(om, json_object_get(answer, "ranges"));
	json_decref(answer);
	class_metrics(om);
}
