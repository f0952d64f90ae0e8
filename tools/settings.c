// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos settings: ceilings and ports of the network namespace, what is done about
 * unknown SPIs, and which addresses are for checks of devices.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "element.h"
#include "settings.h"

static const char usage[] =
"Usage: ipsec-qos settings show\n"
"       ipsec-qos settings set [ max-sas N ] [ max-ikes N ] [ max-groups N ]\n"
"                       [ ike-ports PORTS ] [ natt-ports PORTS ]\n"
"                       [ unknown { off | tell | relay ELEMENT } ] [ unknown-rate N ]\n"
"                       [ check-ipv4 RANGE ] [ check-ipv6 RANGE ]\n"
"PORTS := { PORT[,PORT]... | none }\n"
"ELEMENT := { [ name ] NAME | id N }\n"
"RANGE := { ADDRESS/LENGTH | none }\n";

enum { KEY_MAX_SAS, KEY_MAX_IKES, KEY_MAX_GROUPS, KEY_IKE_PORTS,
       KEY_NATT_PORTS, KEY_UNKNOWN, KEY_UNKNOWN_RATE, KEY_CHECK_IPV4, KEY_CHECK_IPV6 };

static const char *const keywords[] = {
	[KEY_MAX_SAS] = "max-sas", [KEY_MAX_IKES] = "max-ikes",
	[KEY_MAX_GROUPS] = "max-groups", [KEY_IKE_PORTS] = "ike-ports",
	[KEY_NATT_PORTS] = "natt-ports", [KEY_UNKNOWN] = "unknown",
	[KEY_UNKNOWN_RATE] = "unknown-rate", [KEY_CHECK_IPV4] = "check-ipv4",
	[KEY_CHECK_IPV6] = "check-ipv6",
};

static const char *const unknowns[] = {
	[IPSEC_QOS_UNKNOWN_OFF] = "off",
	[IPSEC_QOS_UNKNOWN_TELL] = "tell",
	[IPSEC_QOS_UNKNOWN_RELAY] = "relay",
};

/* Which attribute says what stands behind a keyword. */
static const int attrs[] = {
	[KEY_MAX_SAS] = IPSEC_QOS_CONF_A_MAX_SAS,
	[KEY_MAX_IKES] = IPSEC_QOS_CONF_A_MAX_IKES,
	[KEY_MAX_GROUPS] = IPSEC_QOS_CONF_A_MAX_GROUPS,
	[KEY_IKE_PORTS] = IPSEC_QOS_CONF_A_IKE_PORTS,
	[KEY_NATT_PORTS] = IPSEC_QOS_CONF_A_NATT_PORTS,
	[KEY_UNKNOWN] = IPSEC_QOS_CONF_A_UNKNOWN,
	[KEY_UNKNOWN_RATE] = IPSEC_QOS_CONF_A_UNKNOWN_RATE,
	[KEY_CHECK_IPV4] = IPSEC_QOS_CONF_A_CHECK_IPV4,
	[KEY_CHECK_IPV6] = IPSEC_QOS_CONF_A_CHECK_IPV6,
};

static const char *const expected[] = {
	[KEY_MAX_SAS] = "1 to " DIGITS(IPSEC_QOS_MAX_SAS_LIMIT),
	[KEY_MAX_IKES] = "1 to " DIGITS(IPSEC_QOS_MAX_IKES_LIMIT),
	[KEY_MAX_GROUPS] = "1 to " DIGITS(IPSEC_QOS_MAX_GROUPS_LIMIT),
	[KEY_IKE_PORTS] = EXPECT_PORTS,
	[KEY_NATT_PORTS] = EXPECT_PORTS,
	[KEY_UNKNOWN] = "off, tell or relay ELEMENT",
	[KEY_UNKNOWN_RATE] = "1 to " DIGITS(IPSEC_QOS_UNKNOWN_RATE_MAX) " a second",
	[KEY_CHECK_IPV4] = "none, or an IPv4 address with a length of "
			   DIGITS(IPSEC_QOS_CHECK_IPV4_MIN) " to 31, no bit set behind that",
	[KEY_CHECK_IPV6] = "none, or an IPv6 address with a length of "
			   DIGITS(IPSEC_QOS_CHECK_IPV6_MIN) " to 127, no bit set behind that",
};

static int read_range(const char *value, uint8_t family, uint8_t min, uint8_t max,
		      struct iq_kernel_range *r)
{
	if (!strcmp(value, "none"))
		return 0;
	return parse_prefix(value, &r->addr, &r->len) || r->addr.family != family ||
	       r->len < min || r->len > max;
}

static int read_value(unsigned int key, const char *value, struct iq_conf *conf)
{
	switch (key) {
	case KEY_MAX_SAS:
		return parse_u32(value, 1, IPSEC_QOS_MAX_SAS_LIMIT, &conf->max_sas);
	case KEY_MAX_IKES:
		return parse_u32(value, 1, IPSEC_QOS_MAX_IKES_LIMIT, &conf->max_ikes);
	case KEY_MAX_GROUPS:
		return parse_u32(value, 1, IPSEC_QOS_MAX_GROUPS_LIMIT, &conf->max_groups);
	case KEY_IKE_PORTS:
		return parse_ports(value, conf->ike_ports, &conf->n_ike_ports);
	case KEY_NATT_PORTS:
		return parse_ports(value, conf->natt_ports, &conf->n_natt_ports);
	case KEY_UNKNOWN:
		return parse_name(value, unknowns, ARRAY_SIZE(unknowns), &conf->unknown);
	case KEY_CHECK_IPV4:
		return read_range(value, AF_INET, IPSEC_QOS_CHECK_IPV4_MIN, 31,
				  &conf->check_ipv4);
	case KEY_CHECK_IPV6:
		return read_range(value, AF_INET6, IPSEC_QOS_CHECK_IPV6_MIN, 127,
				  &conf->check_ipv6);
	default:
		return parse_u32(value, 1, IPSEC_QOS_UNKNOWN_RATE_MAX, &conf->unknown_rate);
	}
}

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
		if (read_value(i, value, &conf))
			return bad_value(keywords[i], value, expected[i]);
		conf.has |= 1U << attrs[i];
		if (i != KEY_UNKNOWN || conf.unknown != IPSEC_QOS_UNKNOWN_RELAY)
			continue;
		ret = next_id(args, &element_names, &conf.unknown_element);
		if (ret)
			return ret;
		conf.has |= 1U << IPSEC_QOS_CONF_A_UNKNOWN_ELEMENT;
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

json_t *unknown_conf_json(const struct iq_conf *conf)
{
	return json_pack("{s:s, s:o, s:I}", "do", VALUE_NAME(unknowns, conf->unknown),
			 "element", name_or_null(&element_names, conf->unknown_element),
			 "rate", (json_int_t)conf->unknown_rate);
}

const char *format_unknown(const struct iq_conf *conf, char *buf)
{
	char name[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX, "%s%s%.40s", VALUE_NAME(unknowns, conf->unknown),
		 conf->unknown_element ? " " : "",
		 conf->unknown_element ?
		 name_of(&element_names, conf->unknown_element, name) : "");
	return buf;
}

static const char *format_range(const struct iq_kernel_range *r, char *buf)
{
	if (!r->addr.family)
		return "none";
	return format_prefix(&r->addr, r->len, buf);
}

static json_t *range_json(const struct iq_kernel_range *r)
{
	char buf[FORMAT_MAX];

	return r->addr.family ? json_string(format_range(r, buf)) : json_null();
}

static json_t *checks_json(const struct iq_conf *conf)
{
	return json_pack("{s:o, s:o}", "ipv4", range_json(&conf->check_ipv4),
			 "ipv6", range_json(&conf->check_ipv6));
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
		print_json(json_pack("{s:o, s:o, s:o, s:o}",
				     "ceilings", ceilings_json(&status.conf),
				     "ports", ports_json(&status.conf),
				     "unknown", unknown_conf_json(&status.conf),
				     "checks", checks_json(&status.conf)));
		return STATUS_OK;
	}
	printf("max-sas      %" PRIu32 "\nmax-ikes     %" PRIu32 "\nmax-groups   %" PRIu32 "\n",
	       status.conf.max_sas, status.conf.max_ikes,
	       status.conf.max_groups);
	printf("ike-ports    %s\n", format_ports(status.conf.ike_ports,
					       status.conf.n_ike_ports, ports));
	printf("natt-ports   %s\n", format_ports(status.conf.natt_ports,
						 status.conf.n_natt_ports, ports));
	printf("unknown      %s\nunknown-rate %" PRIu32 "\n",
	       format_unknown(&status.conf, ports), status.conf.unknown_rate);
	printf("check-ipv4   %s\n", format_range(&status.conf.check_ipv4, ports));
	printf("check-ipv6   %s\n", format_range(&status.conf.check_ipv6, ports));
	return STATUS_OK;
}

static const struct verb verbs[] = { { "show", show }, { "set", set } };

const struct object settings_object = { .usage = usage, VERBS(verbs) };
