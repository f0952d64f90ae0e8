// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos settings: ceilings and ports of the network namespace.
 */
#include <inttypes.h>
#include <stdio.h>

#include "settings.h"

static const char usage[] =
"Usage: ipsec-qos settings show\n"
"       ipsec-qos settings set [ max-sas N ] [ max-ikes N ] [ max-groups N ]\n"
"                       [ ike-ports PORTS ] [ natt-ports PORTS ]\n"
"PORTS := { PORT[,PORT]... | none }\n";

enum { KEY_MAX_SAS, KEY_MAX_IKES, KEY_MAX_GROUPS, KEY_IKE_PORTS,
       KEY_NATT_PORTS };

static const char *const keywords[] = {
	[KEY_MAX_SAS] = "max-sas", [KEY_MAX_IKES] = "max-ikes",
	[KEY_MAX_GROUPS] = "max-groups", [KEY_IKE_PORTS] = "ike-ports",
	[KEY_NATT_PORTS] = "natt-ports",
};

static int set(struct args *args)
{
	struct iq_conf conf = { 0 };
	unsigned int seen = 0, i;
	struct iq_kernel *k;
	int ret;

	while ((ret = next_keyword(args, keywords, ARRAY_SIZE(keywords), &seen,
				   &i)) > 0) {
		const char *value = next_value(args, keywords[i]);

		if (!value)
			return STATUS_USAGE;
		switch (i) {
		case KEY_MAX_SAS:
			if (parse_u32(value, 1, IPSEC_QOS_MAX_SAS_LIMIT,
					      &conf.max_sas))
				return bad_value("max-sas", value, "1 to "
						 DIGITS(IPSEC_QOS_MAX_SAS_LIMIT));
			conf.has |= 1U << IPSEC_QOS_CONF_A_MAX_SAS;
			break;
		case KEY_MAX_IKES:
			if (parse_u32(value, 1, IPSEC_QOS_MAX_IKES_LIMIT,
					      &conf.max_ikes))
				return bad_value("max-ikes", value, "1 to "
						 DIGITS(IPSEC_QOS_MAX_IKES_LIMIT));
			conf.has |= 1U << IPSEC_QOS_CONF_A_MAX_IKES;
			break;
		case KEY_MAX_GROUPS:
			if (parse_u32(value, 1, IPSEC_QOS_MAX_GROUPS_LIMIT,
					      &conf.max_groups))
				return bad_value("max-groups", value, "1 to "
						 DIGITS(IPSEC_QOS_MAX_GROUPS_LIMIT));
			conf.has |= 1U << IPSEC_QOS_CONF_A_MAX_GROUPS;
			break;
		case KEY_IKE_PORTS:
			if (parse_ports(value, conf.ike_ports, &conf.n_ike_ports))
				return bad_value("ike-ports", value, EXPECT_PORTS);
			conf.has |= 1U << IPSEC_QOS_CONF_A_IKE_PORTS;
			break;
		case KEY_NATT_PORTS:
			if (parse_ports(value, conf.natt_ports, &conf.n_natt_ports))
				return bad_value("natt-ports", value, EXPECT_PORTS);
			conf.has |= 1U << IPSEC_QOS_CONF_A_NATT_PORTS;
			break;
		}
	}
	if (ret)
		return STATUS_USAGE;
	if (!conf.has)
		return usage_error("what is to be set is missing: try \"settings help\"");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_conf(k, &conf);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

json_t *ceilings_json(const struct iq_conf *conf)
{
	return json_pack("{s:I, s:I, s:I}", "sas", (json_int_t)conf->max_sas,
			 "ikes", (json_int_t)conf->max_ikes,
			 "groups", (json_int_t)conf->max_groups);
}

static json_t *port_list_json(const uint16_t *ports, size_t n)
{
	json_t *json = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(json, json_integer(ports[i]));
	return json;
}

json_t *ports_json(const struct iq_conf *conf)
{
	return json_pack("{s:o, s:o}",
			 "ike", port_list_json(conf->ike_ports, conf->n_ike_ports),
			 "natt", port_list_json(conf->natt_ports,
						conf->n_natt_ports));
}

static int show(struct args *args)
{
	struct iq_status status;
	char ports[FORMAT_MAX];
	int ret;

	if (no_more_words(args))
		return STATUS_USAGE;
	ret = kernel_status(&status);
	if (ret)
		return ret;
	if (options.json) {
		print_json(json_pack("{s:o, s:o}",
				     "ceilings", ceilings_json(&status.conf),
				     "ports", ports_json(&status.conf)));
		return STATUS_OK;
	}
	printf("max-sas    %" PRIu32 "\nmax-ikes   %" PRIu32 "\nmax-groups %" PRIu32 "\n",
	       status.conf.max_sas, status.conf.max_ikes,
	       status.conf.max_groups);
	printf("ike-ports  %s\n", format_ports(status.conf.ike_ports,
					       status.conf.n_ike_ports, ports));
	printf("natt-ports %s\n", format_ports(status.conf.natt_ports,
					       status.conf.n_natt_ports, ports));
	return STATUS_OK;
}

static const struct verb verbs[] = { { "show", show }, { "set", set } };

const struct object settings_object = { .usage = usage, VERBS(verbs) };
