// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section settings: ceilings of the module, and ports.
 */
#include "config/reader.h"

#include <string.h>
#include <sys/socket.h>

static bool ports(struct reader *r, const struct conf_section *s, const char *key,
		  uint16_t *list, size_t *n)
{
	const struct conf_value *v;
	uint32_t port;
	size_t i;

	if (!conf_find(s, key))
		return true;
	*n = 0;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (!conf_number(r, s, v, 1, UINT16_MAX, &port))
			return false;
		for (i = 0; i < *n; i++) {
			if (list[i] == port)
				return conf_fail(r, s, v->line,
						 "%s: port %u is there twice, expected it once",
						 key, port);
		}
		if (*n == IPSEC_QOS_PORTS_MAX)
			return conf_fail(r, s, v->line, "%s: expected at most %d ports",
					 key, IPSEC_QOS_PORTS_MAX);
		list[(*n)++] = port;
	}
	return true;
}

static bool ceiling(struct reader *r, const struct conf_section *s, const char *key,
		    uint32_t limit, uint32_t *value)
{
	const struct conf_value *v;

	if (!conf_get(r, s, key, &v))
		return false;
	return !v || conf_number(r, s, v, 1, limit, value);
}

/* Addresses of hosts, and no others: what is in the range devices are sent, and send on. */
static bool of_hosts(const struct iq_addr *a)
{
	if (a->family == AF_INET)
		return a->b[0] && a->b[0] < 224 && a->b[0] != 127 &&
		       (a->b[0] != 169 || a->b[1] != 254);
	return a->b[0] >> 5 == 1 || a->b[0] >> 1 == 0xfc >> 1;
}

static bool range(struct reader *r, const struct conf_section *s, const char *key,
			int family, struct iq_kernel_range *to)
{
	uint8_t min = family == AF_INET ? IPSEC_QOS_CHECK_IPV4_MIN : IPSEC_QOS_CHECK_IPV6_MIN;
	uint8_t max = family == AF_INET ? 31 : 127;
	const struct conf_value *v;
	struct prefix prefix;

	if (!conf_get(r, s, key, &v))
		return false;
	if (!v)
		return true;
	if (!conf_prefix(r, s, v->line, key, v->text, &prefix))
		return false;
	if (prefix.addr.family != family || prefix.len < min || prefix.len > max ||
	    !of_hosts(&prefix.addr))
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected a prefix of addresses of hosts that nobody else has, with a length of %u to %u, such as %s",
				 key, conf_shown(r, v->text), min, max,
				 family == AF_INET ? "198.18.255.0/24" : "fd00:18:255::/64");
	*to = (struct iq_kernel_range){ .addr = prefix.addr, .len = prefix.len };
	return true;
}

static bool read_settings(struct reader *r, const struct conf_section *s)
{
	struct iq_conf *c = &r->config->conf;
	size_t i, j;

	if (!ceiling(r, s, "max-sas", IPSEC_QOS_MAX_SAS_LIMIT, &c->max_sas) ||
	    !ceiling(r, s, "max-ikes", IPSEC_QOS_MAX_IKES_LIMIT, &c->max_ikes) ||
	    !ceiling(r, s, "max-groups", IPSEC_QOS_MAX_GROUPS_LIMIT, &c->max_groups) ||
	    !ports(r, s, "ike-ports", c->ike_ports, &c->n_ike_ports) ||
	    !ports(r, s, "natt-ports", c->natt_ports, &c->n_natt_ports) ||
	    !range(r, s, "check-ipv4", AF_INET, &c->check_ipv4) ||
	    !range(r, s, "check-ipv6", AF_INET6, &c->check_ipv6))
		return false;

	r->max_groups = conf_find(s, "max-groups");
	for (i = 0; i < c->n_ike_ports; i++) {
		for (j = 0; j < c->n_natt_ports; j++) {
			if (c->ike_ports[i] == c->natt_ports[j])
				return conf_fail(r, s, s->line,
						 "port %u is an IKE port and a NAT traversal port: expected it in one of ike-ports and natt-ports",
						 c->ike_ports[i]);
		}
	}
	return true;
}

bool conf_settings(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct iq_conf *c = &r->config->conf;

	c->has = 1U << IPSEC_QOS_CONF_A_MAX_SAS | 1U << IPSEC_QOS_CONF_A_MAX_IKES |
		 1U << IPSEC_QOS_CONF_A_MAX_GROUPS |
		 1U << IPSEC_QOS_CONF_A_IKE_PORTS |
		 1U << IPSEC_QOS_CONF_A_NATT_PORTS |
		 1U << IPSEC_QOS_CONF_A_FALLBACK |
		 1U << IPSEC_QOS_CONF_A_CHECK_IPV4 | 1U << IPSEC_QOS_CONF_A_CHECK_IPV6;
	c->max_sas = IPSEC_QOS_MAX_SAS;
	c->max_ikes = IPSEC_QOS_MAX_IKES;
	c->max_groups = IPSEC_QOS_MAX_GROUPS;
	c->ike_ports[c->n_ike_ports++] = 500;
	c->natt_ports[c->n_natt_ports++] = 4500;

	if (n > 1)
		return conf_fail(r, sections[1], sections[1]->line,
				 "settings is there twice, first in %s:%u: expected it once",
				 sections[0]->file, sections[0]->line);
	r->settings = n ? sections[0] : NULL;
	return !n || read_settings(r, sections[0]);
}
