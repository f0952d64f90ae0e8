// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section settings: ceilings of the module, and ports.
 */
#include "config/reader.h"

#include <string.h>

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

static bool read_settings(struct reader *r, const struct conf_section *s)
{
	struct iq_conf *c = &r->config->conf;
	size_t i, j;

	if (!ceiling(r, s, "max-sas", IPSEC_QOS_MAX_SAS_LIMIT, &c->max_sas) ||
	    !ceiling(r, s, "max-ikes", IPSEC_QOS_MAX_IKES_LIMIT, &c->max_ikes) ||
	    !ceiling(r, s, "max-groups", IPSEC_QOS_MAX_GROUPS_LIMIT, &c->max_groups) ||
	    !ports(r, s, "ike-ports", c->ike_ports, &c->n_ike_ports) ||
	    !ports(r, s, "natt-ports", c->natt_ports, &c->n_natt_ports))
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
		 1U << IPSEC_QOS_CONF_A_FALLBACK;
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
