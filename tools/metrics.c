// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos metrics: what module and daemon count, for Prometheus and its like.
 *
 * Samples of a family have to follow each other. So groups are read once for each
 * family, and written as they are read: there may be very many. A table that changes
 * meanwhile does no harm, as it is read in the order of ids: no group comes twice.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "lib/kernel/group.h"
#include "metrics.h"
#include "nat.h"

static const char usage[] =
"Usage: ipsec-qos metrics [ format { openmetrics | prometheus } ]\n";

static const struct om_family module_loaded = {
	"ipsec_qos_module_loaded", OM_GAUGE, NULL,
	"Whether the kernel module is loaded."
};
static const struct om_family module_info = {
	"ipsec_qos_module", OM_INFO, NULL, "The kernel module's version."
};
static const struct om_family groups = {
	"ipsec_qos_groups", OM_GAUGE, NULL, "Groups in the module."
};
static const struct om_family groups_limit = {
	"ipsec_qos_groups_limit", OM_GAUGE, NULL, "Groups that there may be (max-groups)."
};
static const struct om_family sas = {
	"ipsec_qos_sas", OM_GAUGE, NULL, "SAs in the module's table."
};
static const struct om_family sas_limit = {
	"ipsec_qos_sas_limit", OM_GAUGE, NULL, "SAs that there may be (max-sas)."
};
static const struct om_family ike_sas = {
	"ipsec_qos_ike_sas", OM_GAUGE, NULL, "IKE SAs in the module's table."
};
static const struct om_family ike_sas_limit = {
	"ipsec_qos_ike_sas_limit", OM_GAUGE, NULL, "IKE SAs that there may be (max-ikes)."
};
static const struct om_family untagged_packets = {
	"ipsec_qos_untagged_packets", OM_COUNTER, NULL,
	"Protected packets that were not tagged: unknown_sa and unknown_ike, no entry is their SA's or IKE SA's; fragment, of their packet's first one nothing is known; decrypted, ahead of routing, and no entry is their SA's; no_group, the entry of their SA names none; malformed, they are shorter than their headers say."
};
static const struct om_family untagged_bytes = {
	"ipsec_qos_untagged_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family left_packets = {
	"ipsec_qos_left_packets", OM_COUNTER, NULL,
	"Packets on which bits of the mark were left to policies or SAs with marks of their own."
};
static const struct om_family left_bytes = {
	"ipsec_qos_left_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family group_packets = {
	"ipsec_qos_group_packets", OM_COUNTER, NULL,
	"Packets of a group: esp (AH too) and ike, which arrived (in) or were made here (out); clear, just out of an SA (in) or on their way into one (out)."
};
static const struct om_family group_bytes = {
	"ipsec_qos_group_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family group_sas = {
	"ipsec_qos_group_sas", OM_GAUGE, NULL, "SAs of a group."
};
static const struct om_family group_ike_sas = {
	"ipsec_qos_group_ike_sas", OM_GAUGE, NULL, "IKE SAs of a group."
};
static const struct om_family nat_entries = {
	"ipsec_qos_nat_entries", OM_GAUGE, NULL, "Entries of a rule of translation."
};
static const struct om_family nat_waiting_entries = {
	"ipsec_qos_nat_waiting_entries", OM_GAUGE, NULL,
	"Those of them that no packet from outside has met."
};
static const struct om_family nat_entries_limit = {
	"ipsec_qos_nat_entries_limit", OM_GAUGE, NULL,
	"Entries that a rule of translation may have (max)."
};
static const struct om_family nat_packets = {
	"ipsec_qos_nat_packets", OM_COUNTER, NULL,
	"Packets that met a rule of translation, by what became of them."
};
static const struct om_family nat_bytes = {
	"ipsec_qos_nat_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};

static const struct {
	const char *traffic;
	const char *direction;
} counters[] = {
	[IPSEC_QOS_COUNTER_ESP_IN] = { "esp", "in" },
	[IPSEC_QOS_COUNTER_ESP_OUT] = { "esp", "out" },
	[IPSEC_QOS_COUNTER_IKE_IN] = { "ike", "in" },
	[IPSEC_QOS_COUNTER_IKE_OUT] = { "ike", "out" },
	[IPSEC_QOS_COUNTER_CLEAR_IN] = { "clear", "in" },
	[IPSEC_QOS_COUNTER_CLEAR_OUT] = { "clear", "out" },
};
_Static_assert(ARRAY_SIZE(counters) == IPSEC_QOS_COUNTER_MAX + 1,
	       "each counter of a group has its labels");

static int write_group(const struct iq_kernel_group *g, void *arg)
{
	const struct om *om = arg;
	size_t i;

	if (om->family == &group_sas) {
		om_sample(om, g->sas, "group", g->name, NULL);
	} else if (om->family == &group_ike_sas) {
		om_sample(om, g->ikes, "group", g->name, NULL);
	} else {
		for (i = 1; i < ARRAY_SIZE(counters); i++)
			om_sample(om, om->family == &group_bytes ?
				      g->counter[i].bytes : g->counter[i].packets,
				  "group", g->name, "traffic", counters[i].traffic,
				  "direction", counters[i].direction, NULL);
	}
	return ferror(om->out) ? -EIO : 0;
}

static int write_rule(const struct iq_kernel_nat_rule *r, void *arg)
{
	const struct om *om = arg;
	char id[FORMAT_MAX];
	int i;

	snprintf(id, sizeof(id), "%" PRIu32, r->id);
	if (om->family == &nat_entries) {
		om_sample(om, r->entries, "rule", id, NULL);
	} else if (om->family == &nat_waiting_entries) {
		om_sample(om, r->waiting, "rule", id, NULL);
	} else if (om->family == &nat_entries_limit) {
		om_sample(om, r->max, "rule", id, NULL);
	} else {
		for (i = 1; i <= IPSEC_QOS_NAT_COUNTER_MAX; i++)
			om_sample(om, om->family == &nat_bytes ?
				      r->counter[i].bytes : r->counter[i].packets,
				  "rule", id, "counter", nat_counter_name(i), NULL);
	}
	return ferror(om->out) ? -EIO : 0;
}

static void write_untagged(struct om *om, const struct om_family *family,
			   const struct iq_status *st)
{
	bool bytes = family == &untagged_bytes;
	int i;

	om_begin(om, family);
	for (i = 1; i <= IPSEC_QOS_UNTAGGED_MAX; i++)
		om_sample(om, bytes ? st->untagged_by[i].bytes :
				      st->untagged_by[i].packets,
			  "reason", iq_kernel_untagged_name(i), NULL);
	om_sample(om, bytes ? st->malformed.bytes : st->malformed.packets,
		  "reason", "malformed", NULL);
}

static void write_status(struct om *om, const struct iq_status *st)
{
	om_begin(om, &module_info);
	om_sample(om, 1, "version", st->version, NULL);
	om_only(om, &groups, st->groups);
	om_only(om, &groups_limit, st->conf.max_groups);
	om_only(om, &sas, st->sas);
	om_only(om, &sas_limit, st->conf.max_sas);
	om_only(om, &ike_sas, st->ikes);
	om_only(om, &ike_sas_limit, st->conf.max_ikes);
	write_untagged(om, &untagged_packets, st);
	write_untagged(om, &untagged_bytes, st);
	om_only(om, &left_packets, st->left.packets);
	om_only(om, &left_bytes, st->left.bytes);
}

static int module_metrics(struct iq_kernel *k, struct om *om)
{
	static const struct om_family *const of_groups[] = {
		&group_packets, &group_bytes, &group_sas, &group_ike_sas,
	};
	static const struct om_family *const of_rules[] = {
		&nat_entries, &nat_waiting_entries, &nat_entries_limit, &nat_packets,
		&nat_bytes,
	};
	struct iq_status st;
	size_t i;
	int ret = iq_kernel_status(k, &st);

	if (ret)
		return ret;
	write_status(om, &st);
	for (i = 0; i < ARRAY_SIZE(of_groups); i++) {
		om_begin(om, of_groups[i]);
		ret = iq_kernel_group_dump(k, -1, write_group, om);
		if (ret && ret != -EINTR)
			return ret;
	}
	for (i = 0; i < ARRAY_SIZE(of_rules); i++) {
		om_begin(om, of_rules[i]);
		ret = iq_kernel_nat_rule_dump(k, write_rule, om);
		if (ret && ret != -EINTR)
			return ret;
	}
	return 0;
}

/* Take [format FORMAT], and nothing else. */
static int next_format(struct args *args, bool *prometheus)
{
	static const char *const keywords[] = { "format" };
	static const char *const formats[] = { "openmetrics", "prometheus" };
	unsigned int seen = 0, i;
	int ret;

	*prometheus = false;
	while ((ret = next_keyword(args, keywords, 1, &seen, &i)) > 0) {
		const char *value = next_value(args, "format");

		if (!value)
			return STATUS_USAGE;
		ret = parse_keyword(value, formats, 2, sizeof(*formats));
		if (ret < 0)
			return bad_value("format", value, "openmetrics or prometheus");
		*prometheus = ret;
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

static int run(struct args *args)
{
	struct om om = { .out = stdout };
	struct iq_kernel *k;
	int ret = next_format(args, &om.prometheus);

	if (ret)
		return ret;
	if (options.json)
		return usage_error("metrics are no JSON: \"status\", \"group show\" and \"class show\" have the same figures as that");
	/* that there is no module is a figure like others */
	if (open_kernel(&k) != -ENOENT && !the_kernel())
		return STATUS_REFUSED;
	om_only(&om, &module_loaded, k != NULL);
	ret = k ? module_metrics(k, &om) : 0;
	if (ret && !ferror(stdout))
		return kernel_refused(ret);
	ret = k ? steer_metrics(k, &om) : 0;
	if (!ret && k)
		ret = chain_metrics(k, &om);
	if (ret)
		return ret;
	daemon_metrics(&om);
	om_end(&om);
	return STATUS_OK;
}

const struct object metrics_object = { .usage = usage, .run = run };
