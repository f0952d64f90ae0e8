// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections service: an address and ports, and the chain that they stand for.
 */
#include "config/reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addrs.h"
#include "lib/port.h"
#include "lib/value.h"

static bool mode(struct reader *r, const struct conf_section *s, struct service *service)
{
	static const char *const modes[] = {
		[SERVICE_AUTO] = "auto", [SERVICE_LOOPBACK] = "loopback",
		[SERVICE_ALIAS] = "alias", [SERVICE_NAT] = "nat", [SERVICE_CLIENT] = "client",
	};
	const struct conf_value *v;
	int i;

	if (!conf_get(r, s, "mode", &v))
		return false;
	for (i = 0; v && i <= SERVICE_CLIENT; i++) {
		if (strcmp(v->text, modes[i]) != 0)
			continue;
		service->mode = i;
		return true;
	}
	return !v || conf_fail(r, s, v->line,
			       "mode = '%s': expected auto, loopback, alias, nat or client",
			       conf_shown(r, v->text));
}

/* The prefix of @v, of whose family service addresses are */
static bool address(struct reader *r, const struct conf_section *s, struct service *service)
{
	const struct conf_value *v;
	uint8_t bits;

	if (!conf_need(r, s, "address", "198.51.100.80", &v) ||
	    !conf_prefix(r, s, v->line, "address =", v->text, &service->address))
		return false;
	bits = service->address.addr.family == AF_INET ? 32 : 128;
	if (service->address.len < bits && service->mode != SERVICE_CLIENT)
		return conf_fail(r, s, v->line,
				 "address = '%s': a service of servers has one address: expected that, or mode = client, where it is the clients'",
				 conf_shown(r, v->text));
	return service->address.len < bits ||
	       conf_address(r, s, v, 0, &service->address.addr);
}

/* Ports */

const char *service_ports_text(const struct iq_kernel_port *ports, char *buf)
{
	if (!ports->proto)
		return strcpy(buf, "all");
	return format_port(ports, buf);
}

/* Those of a list key, in *@list, which is to be freed */
static bool ports(struct reader *r, const struct conf_section *s, const char *key,
		  struct iq_kernel_port **list, size_t *n)
{
	char a[FORMAT_MAX], b[FORMAT_MAX];
	const struct conf_value *v;
	struct iq_kernel_port *p;
	size_t i;

	*list = conf_array(r, utarray_len(&s->values), sizeof(**list));
	if (!*list)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (*n == IPSEC_QOS_SERVICE_PORTS_MAX)
			return conf_fail(r, s, v->line, "%s: expected at most %u", key,
					 IPSEC_QOS_SERVICE_PORTS_MAX);
		p = &(*list)[*n];
		if (parse_port(v->text, p))
			return conf_fail(r, s, v->line, "%s = '%s': expected " EXPECT_PORT, key,
					 conf_shown(r, v->text));
		for (i = 0; i < *n; i++)
			if ((*list)[i].proto == p->proto && (*list)[i].first <= p->last &&
			    p->first <= (*list)[i].last)
				return conf_fail(r, s, v->line,
						 "%s: %s overlaps %s: expected ranges that have no port in common",
						 key, service_ports_text(p, a),
						 service_ports_text(&(*list)[i], b));
		++*n;
	}
	return true;
}

/* Is it one port, which can become another? */
static bool one_port(const struct service *service)
{
	const struct iq_kernel_port *p = service->ports;

	return service->n_ports == 1 && p->first == p->last &&
	       (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP);
}

static bool to_port(struct reader *r, const struct conf_section *s, const char *key,
		    const struct service *service, uint16_t *to)
{
	const struct conf_value *v;
	uint32_t port = 0;

	if (!conf_get(r, s, key, &v) ||
	    (v && !conf_number(r, s, v, 1, UINT16_MAX, &port)))
		return false;
	if (port && !one_port(service))
		return conf_fail(r, s, v->line,
				 "%s = %u: service '%s' has not one single port of TCP or UDP that could become it: expected a service of its own for each port that is to change",
				 key, port, service->name);
	*to = port;
	return true;
}

/* Its chain, and what its devices see of it */

static bool find_chain(struct reader *r, const struct conf_section *s,
		       const struct service_chain **chain)
{
	const struct chain_config *c = &r->config->chain;
	const struct conf_value *v;
	const struct named *found;

	if (!conf_need(r, s, "chain", "the name of a chain", &v))
		return false;
	found = conf_named(r->chains, c->n_chains, v->text);
	if (!found)
		return conf_fail(r, s, v->line,
				 "chain = '%s': there is no such chain: expected the name of a chain section",
				 conf_shown(r, v->text));
	*chain = &c->chains[found->index];
	return true;
}

const struct service_segment *service_segment_of(const struct service *service,
						 const struct chain_device *device)
{
	size_t i;

	for (i = 0; i < service->n_segments; i++)
		if (service->segments[i].device == device)
			return &service->segments[i];
	return NULL;
}

static bool segment_device(struct reader *r, const struct conf_section *s,
			   const struct service *service, struct service_segment *segment)
{
	const struct service_chain *chain = service->chain;
	const struct chain_device *device = NULL;
	size_t i;

	for (i = 0; i < chain->n_devices; i++)
		if (!strcmp(chain->devices[i]->name, s->title))
			device = chain->devices[i];
	if (!device)
		return conf_fail(r, s, s->line,
				 "segment '%s' of service '%s': chain '%s' has no such device: expected one of its devices",
				 conf_shown(r, s->title), service->name, chain->name);
	if (service_segment_of(service, device))
		return conf_fail(r, s, s->line,
				 "segment '%s' of service '%s' is there twice: expected it once",
				 device->name, service->name);
	segment->device = device;
	return true;
}

static bool segment_address(struct reader *r, const struct conf_section *s, const char *key,
			    const struct service *service, struct iq_addr *addr)
{
	const struct conf_value *v;

	return conf_get(r, s, key, &v) &&
	       (!v || conf_address(r, s, v, service->address.addr.family, addr));
}

static bool segment(struct reader *r, const struct conf_section *s,
		    const struct service *service, struct service_segment *segment)
{
	if (!segment_device(r, s, service, segment) ||
	    !segment_address(r, s, "to", service, &segment->to) ||
	    !segment_address(r, s, "from", service, &segment->from) ||
	    !to_port(r, s, "to-port", service, &segment->to_port) ||
	    !ports(r, s, "from-ports", &segment->from_ports, &segment->n_from_ports))
		return false;
	return segment->device != service_last(service) ||
	       (!segment->from.family && !segment->n_from_ports) ||
	       conf_fail(r, s, s->line,
			 "segment '%s' of service '%s': behind the last device of chain '%s' there is none that sees what it sends: expected no from and no from-ports",
			 s->title, service->name, service->chain->name);
}

static bool segments(struct reader *r, const struct conf_section *s, struct service *service)
{
	const struct conf_section *sub;

	service->segments = conf_array(r, utarray_len(&s->subs), sizeof(*service->segments));
	if (!service->segments)
		return false;
	conf_for_each(sub, &s->subs) {
		if (strcmp(sub->kind, "segment"))
			continue;
		if (service->mode == SERVICE_CLIENT)
			return conf_fail(r, sub, sub->line,
					 "service '%s' has mode = client and a segment: expected none, as nothing is translated where the address is the clients'",
					 service->name);
		/* one that fails is freed with the others */
		if (!segment(r, sub, service, &service->segments[service->n_segments++]))
			return false;
	}
	return true;
}

/* The server's own address, which this host translates to with mode = nat */
static bool server(struct reader *r, const struct conf_section *s, struct service *service)
{
	int family = service->address.addr.family;
	const struct service_segment *last;
	const struct conf_value *v;

	service->server = service_last(service)->outer.address[family == AF_INET6];
	if (!conf_get(r, s, "server", &v) ||
	    (v && !conf_address(r, s, v, family, &service->server)))
		return false;
	if (v && service->mode != SERVICE_NAT && service->mode != SERVICE_AUTO)
		return conf_fail(r, s, v->line,
				 "server = '%s': nothing is translated to it with another mode: expected mode = nat or auto beside it",
				 conf_shown(r, v->text));
	if (!to_port(r, s, "server-port", service, &service->server_port))
		return false;
	if (service->server_port && service->mode != SERVICE_NAT)
		return conf_fail(r, s, conf_find(s, "server-port")->line,
				 "server-port = %u: expected mode = nat beside it", service->server_port);
	if (service->mode != SERVICE_NAT)
		return true;
	last = service_segment_of(service, service_last(service));
	if (last && (last->to.family || last->to_port))
		return conf_fail(r, s, s->line,
				 "service '%s' has mode = nat, and a segment with what its last device is sent: expected one of them",
				 service->name);
	return service->server.family ||
	       conf_fail(r, s, s->line,
			 "service '%s' has mode = nat, and device '%s' no address of its family: expected server = ADDRESS",
			 service->name, service_last(service)->name);
}

/* Addresses that checks are made with end here: none of them is a service's at any place. */
static bool check_addr(struct reader *r, const struct conf_section *s,
		       const struct service *service, const struct iq_addr *addr)
{
	const struct iq_kernel_range *range =
		range_of_checks(&r->config->conf, addr->family == AF_INET6);
	struct prefix prefix = { .addr = range->addr, .len = range->len };
	char text[INET6_ADDRSTRLEN], range_text[PREFIX_TEXT];

	if (!addr->family || !range->addr.family ||
	    !prefix_has(&prefix, addr, addr->family == AF_INET ? 32 : 128))
		return true;
	inet_ntop(addr->family, addr->b, text, sizeof(text));
	return conf_fail(r, s, s->line,
			 "service '%s': %s is of the range that is for checks, %s (check-%s in settings): expected an address of no such range",
			 service->name, text, prefix_text(&prefix, range_text),
			 addr->family == AF_INET ? "ipv4" : "ipv6");
}

static bool check_addrs(struct reader *r, const struct conf_section *s,
			const struct service *service)
{
	uint8_t bits = service->address.addr.family == AF_INET ? 32 : 128;
	bool ok = service->address.len < bits ||
		  check_addr(r, s, service, &service->address.addr);
	size_t i;

	for (i = 0; ok && i < service->n_segments; i++)
		ok = check_addr(r, s, service, &service->segments[i].to) &&
		     check_addr(r, s, service, &service->segments[i].from);
	return ok && check_addr(r, s, service, &service->server);
}

/* Who may enter, and by which chain */

/* allow|deny ADDRESS[/LEN]|any [dev DEVICE] */
static bool rule(struct reader *r, const struct conf_section *s, const struct conf_value *v,
		 const struct service *service, struct service_rule *rule)
{
	char what[8], from[64], dev[8], more;
	/* a name that is too long leaves more */
	int n = sscanf(v->text, "%7s %63s %7s %15s %c", what, from, dev, rule->interface, &more);

	if ((n != 2 && n != 4) || (strcmp(what, "allow") != 0 && strcmp(what, "deny") != 0) ||
	    (n == 4 && strcmp(dev, "dev") != 0))
		return conf_fail(r, s, v->line,
				 "acl '%s': expected allow or deny, ADDRESS, ADDRESS/LENGTH or any, and, if it is of one interface, dev INTERFACE",
				 conf_shown(r, v->text));
	rule->allow = !strcmp(what, "allow");
	rule->any = !strcmp(from, "any");
	if (rule->any)
		return true;
	if (!conf_prefix(r, s, v->line, "acl", from, &rule->prefix))
		return false;
	return rule->prefix.addr.family == service->address.addr.family ||
	       conf_fail(r, s, v->line,
			 "acl '%s': that is of another family than the address of service '%s': expected the same",
			 conf_shown(r, v->text), service->name);
}

static bool acl(struct reader *r, const struct conf_section *s, struct service *service)
{
	uint8_t bits = service->address.addr.family == AF_INET ? 32 : 128;
	const struct conf_value *v;
	struct service_rule *rules;
	size_t nets = 0;

	service->rules = rules = conf_array(r, utarray_len(&s->values), sizeof(*rules));
	if (!rules)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, "acl"))
			continue;
		if (service->n_rules == IPSEC_QOS_SERVICE_ACL_MAX)
			return conf_fail(r, s, v->line,
					 "acl of service '%s': one rule more than %u: expected fewer, by prefixes, or rules of a firewall in its chain",
					 service->name, IPSEC_QOS_SERVICE_ACL_MAX);
		if (!rule(r, s, v, service, &rules[service->n_rules]))
			return false;
		nets += rules[service->n_rules].any || rules[service->n_rules].prefix.len < bits;
		if (nets > IPSEC_QOS_SERVICE_ACL_NETS_MAX)
			return conf_fail(r, s, v->line,
					 "acl of service '%s': '%s' is one more than %u rules that are of more than one address: expected fewer, as packets try them one by one, or rules of a firewall in its chain",
					 service->name, conf_shown(r, v->text),
					 IPSEC_QOS_SERVICE_ACL_NETS_MAX);
		service->n_rules++;
	}
	return true;
}

static bool clients(struct reader *r, const struct conf_section *s, struct service *service)
{
	const struct conf_section *sub;
	struct service_clients *c;

	service->clients = conf_array(r, utarray_len(&s->subs), sizeof(*c));
	if (!service->clients)
		return false;
	conf_for_each(sub, &s->subs) {
		if (strcmp(sub->kind, "clients"))
			continue;
		if (service->mode == SERVICE_CLIENT)
			return conf_fail(r, sub, sub->line,
					 "service '%s' has mode = client, and other chains for some clients: expected a service for each",
					 service->name);
		if (service->n_clients == IPSEC_QOS_SERVICE_OVERRIDES_MAX)
			return conf_fail(r, sub, sub->line,
					 "clients '%s' of service '%s' are one more than %u: expected fewer",
					 conf_shown(r, sub->title), service->name,
					 IPSEC_QOS_SERVICE_OVERRIDES_MAX);
		c = &service->clients[service->n_clients++];
		if (!conf_prefix(r, sub, sub->line, "clients", sub->title, &c->prefix) ||
		    !find_chain(r, sub, &c->chain))
			return false;
		if (c->prefix.addr.family != service->address.addr.family)
			return conf_fail(r, sub, sub->line,
					 "clients '%s' are of another family than the address of service '%s': expected the same",
					 conf_shown(r, sub->title), service->name);
	}
	return true;
}

static bool groups(struct reader *r, const struct conf_section *s, struct service *service)
{
	const struct conf_value *v;

	if (!conf_get(r, s, "group", &v) ||
	    (v && !conf_group_id(r, s, v->line, v->text, &service->group)))
		return false;
	if (!conf_get(r, s, "from-group", &v) ||
	    (v && !conf_group_id(r, s, v->line, v->text, &service->from_group)))
		return false;
	return conf_get(r, s, "limit", &v) &&
	       (!v || conf_number(r, s, v, 1, IPSEC_QOS_SERVICE_RATE_MAX, &service->limit));
}

static bool service(struct reader *r, const struct conf_section *s, struct service *service)
{
	const struct conf_value *v;
	uint8_t bits;

	if (!conf_title(r, s))
		return false;
	strcpy(service->name, s->title);
	service->line = s->line;
	service->file = conf_copy(r, s->file);
	if (!service->file || !conf_need(r, s, "id", "a number other than 0", &v) ||
	    !conf_number(r, s, v, 1, IPSEC_QOS_SERVICE_ID_MAX, &service->id) ||
	    !mode(r, s, service) || !address(r, s, service) ||
	    !ports(r, s, "ports", &service->ports, &service->n_ports))
		return false;
	bits = service->address.addr.family == AF_INET ? 32 : 128;
	if (service->n_ports && service->address.len < bits)
		return conf_fail(r, s, conf_find(s, "ports")->line,
				 "ports: service '%s' has a prefix of addresses: expected all ports of it, or one address",
				 service->name);
	return find_chain(r, s, &service->chain) && segments(r, s, service) &&
	       server(r, s, service) && check_addrs(r, s, service) && acl(r, s, service) &&
	       clients(r, s, service) && groups(r, s, service);
}

static int compare_ids(const void *a, const void *b)
{
	const struct service *const *x = a, *const *y = b;

	return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

const struct service *config_service(const struct config *config, uint32_t id)
{
	const struct chain_config *c = &config->chain;
	const struct service key = { .id = id }, *wanted = &key;
	const struct service *const *found;

	found = c->n_services ? bsearch(&wanted, c->ids, c->n_services, sizeof(*c->ids),
					compare_ids) : NULL;
	return found ? *found : NULL;
}

static bool index_ids(struct reader *r)
{
	struct chain_config *c = &r->config->chain;
	size_t i;

	c->ids = conf_array(r, c->n_services, sizeof(*c->ids));
	if (!c->ids)
		return false;
	for (i = 0; i < c->n_services; i++)
		c->ids[i] = &c->services[i];
	qsort(c->ids, c->n_services, sizeof(*c->ids), compare_ids);
	return true;
}

/* Addresses of this host */

/**
 * struct local - what is looked for
 *
 * @sections: of @r->config->chain.services
 * @ok: none is one of this host's
 */
struct local {
	struct reader *r;
	const struct conf_section **sections;
	bool ok;
};

static void is_local(const struct iq_addr *addr, const char *interface, void *arg)
{
	struct local *local = arg;
	const struct chain_config *c = &local->r->config->chain;
	const struct conf_section *s;
	char text[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; local->ok && i < c->n_services; i++) {
		const struct prefix *p = &c->services[i].address;

		if (p->addr.family != addr->family || memcmp(p->addr.b, addr->b, sizeof(addr->b)) ||
		    p->len < (addr->family == AF_INET ? 32 : 128))
			continue;
		s = local->sections[i];
		inet_ntop(addr->family, addr->b, text, sizeof(text));
		local->ok = conf_fail(local->r, s, conf_find(s, "address")->line,
				      "address = '%s': interface %s of this host has it, so that packets would end here: expected that it is taken away there (ip addr del), and routed to this host or answered for by ip neigh add proxy",
				      text, interface);
	}
}

bool conf_services(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct chain_config *c = &r->config->chain;
	struct local local = { r, sections, true };
	struct named *names;
	bool ok = true;
	size_t i;

	if (n > IPSEC_QOS_SERVICES_MAX)
		return conf_fail(r, sections[IPSEC_QOS_SERVICES_MAX],
				 sections[IPSEC_QOS_SERVICES_MAX]->line,
				 "service '%s' is one more than %u: expected fewer",
				 conf_shown(r, sections[IPSEC_QOS_SERVICES_MAX]->title),
				 IPSEC_QOS_SERVICES_MAX);
	c->services = conf_array(r, n, sizeof(*c->services));
	names = conf_array(r, n, sizeof(*names));
	for (i = 0; c->services && names && ok && i < n; i++) {
		c->n_services++;
		ok = service(r, sections[i], &c->services[i]);
		names[i] = conf_titled(sections[i], i);
		names[i].id = c->services[i].id;
	}
	ok = ok && c->services && names && conf_unique(r, names, n, "service") &&
	     conf_unique_ids(r, names, n, "service");
	free(names);
	/* which addresses there are nobody but the kernel knows, which looks, too */
	if (ok && n)
		addrs_each(is_local, &local);
	return ok && local.ok && conf_service_keys(r, sections) && index_ids(r);
}
