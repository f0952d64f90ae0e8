// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/value.h"

/* Protocols that services are of; those with ports first. */
static const struct {
	const char *name;
	uint8_t proto;
} protocols[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP },
	{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 }, { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH }, { "gre", IPPROTO_GRE },
};

#define N_PROTOCOLS	(sizeof(protocols) / sizeof(protocols[0]))
#define N_WITH_PORTS	4

static int parse_protocol(const char *text, uint8_t *proto)
{
	uint32_t number;
	size_t i;

	for (i = 0; i < N_PROTOCOLS; i++) {
		if (!strcasecmp(text, protocols[i].name)) {
			*proto = protocols[i].proto;
			return 0;
		}
	}
	if (parse_u32(text, 1, UINT8_MAX, &number))
		return -EINVAL;
	*proto = number;
	return 0;
}

static bool has_ports(uint8_t proto)
{
	size_t i;

	for (i = 0; i < N_WITH_PORTS; i++)
		if (protocols[i].proto == proto)
			return true;
	return false;
}

/* FIRST[-LAST], in place */
static int parse_range(char *text, struct iq_kernel_port *port)
{
	char *dash = strchr(text, '-');
	uint32_t first, last;

	if (dash)
		*dash = '\0';
	if (parse_u32(text, 1, UINT16_MAX, &first) ||
	    parse_u32(dash ? dash + 1 : text, first, UINT16_MAX, &last))
		return -EINVAL;
	port->first = first;
	port->last = last;
	return 0;
}

int parse_port(const char *text, struct iq_kernel_port *port)
{
	char copy[32], *slash;
	size_t len = strlen(text);

	memset(port, 0, sizeof(*port));
	port->last = IQ_PORT_LAST;
	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len + 1);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	if (parse_protocol(copy, &port->proto))
		return -EINVAL;
	if (!slash)
		return 0;
	return has_ports(port->proto) ? parse_range(slash + 1, port) : -EINVAL;
}

const char *format_protocol(uint8_t proto, char *buf)
{
	size_t i;

	snprintf(buf, FORMAT_MAX, "%u", proto);
	for (i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].proto == proto)
			snprintf(buf, FORMAT_MAX, "%s", protocols[i].name);
	return buf;
}

const char *format_port(const struct iq_kernel_port *port, char *buf)
{
	char name[FORMAT_MAX];

	format_protocol(port->proto, name);
	if (iq_kernel_port_all(port))
		snprintf(buf, FORMAT_MAX, "%.8s", name);
	else if (port->first == port->last)
		snprintf(buf, FORMAT_MAX, "%.8s/%u", name, port->first);
	else
		snprintf(buf, FORMAT_MAX, "%.8s/%u-%u", name, port->first, port->last);
	return buf;
}
