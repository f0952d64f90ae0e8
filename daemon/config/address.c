// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses and prefixes as values.
 */
#include "config/reader.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/value.h"

static uint8_t bits_of(const struct iq_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static bool parse_address(const char *text, struct iq_addr *addr)
{
	*addr = (struct iq_addr){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	return inet_pton(addr->family, text, addr->b) == 1;
}

/* An address of one host, which packets can be sent to. */
static bool of_host(const struct iq_addr *addr)
{
	static const uint8_t zero[16];

	if (addr->family == AF_INET)
		return addr->b[0] && addr->b[0] < 224 && addr->b[0] != 127;
	return addr->b[0] != 0xff && memcmp(addr->b, zero, 15) != 0;
}

bool conf_address(struct reader *r, const struct conf_section *s,
		  const struct conf_value *v, int family, struct iq_addr *addr)
{
	const char *kind = family == AF_INET ? "IPv4 " : family ? "IPv6 " : "";

	if (parse_address(v->text, addr) && (!family || addr->family == family) &&
	    of_host(addr))
		return true;
	return conf_fail(r, s, v->line, "%s = '%s': expected an %saddress of a host", v->key,
			 conf_shown(r, v->text), kind);
}

/* Bits behind the first @len, which are made 0; were they? */
static bool clear_rest(struct iq_addr *addr, unsigned int len)
{
	bool were = true;
	unsigned int i;

	for (i = len / 8; i < bits_of(addr) / 8U; i++) {
		uint8_t keep = i == len / 8 ? 0xff00 >> len % 8 : 0;

		were &= !(addr->b[i] & ~keep);
		addr->b[i] &= keep;
	}
	return were;
}

bool conf_prefix(struct reader *r, const struct conf_section *s, unsigned int line,
		 const char *what, const char *text, struct prefix *prefix)
{
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN], shown[PREFIX_TEXT];
	uint32_t len = 0;

	snprintf(addr, sizeof(addr), "%.*s", slash ? (int)(slash - text) : -1, text);
	if ((slash ? slash - text : (long)strlen(text)) >= (long)sizeof(addr) ||
	    !parse_address(addr, &prefix->addr) ||
	    (slash && parse_u32(slash + 1, 0, bits_of(&prefix->addr), &len)))
		return conf_fail(r, s, line,
				 "%s '%s': expected an address, or ADDRESS/LENGTH, such as 192.0.2.0/24",
				 what, conf_shown(r, text));
	prefix->len = slash ? len : bits_of(&prefix->addr);
	if (clear_rest(&prefix->addr, prefix->len))
		return true;
	return conf_fail(r, s, line,
			 "%s '%s': bits behind the first %u are not 0: expected %s", what,
			 conf_shown(r, text), prefix->len, prefix_text(prefix, shown));
}

bool conf_prefixes(struct reader *r, const struct conf_section *s, const char *key,
		   size_t max, struct prefix **list, size_t *n)
{
	const struct conf_value *v;

	*list = conf_array(r, utarray_len(&s->values), sizeof(**list));
	if (!*list)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, key))
			continue;
		if (*n == max)
			return conf_fail(r, s, v->line, "%s: expected at most %zu prefixes", key,
					 max);
		if (!conf_prefix(r, s, v->line, key, v->text, &(*list)[*n]))
			return false;
		++*n;
	}
	return true;
}

bool prefix_has(const struct prefix *prefix, const struct iq_addr *addr, uint8_t len)
{
	struct iq_addr head = *addr;

	if (addr->family != prefix->addr.family || len < prefix->len)
		return false;
	clear_rest(&head, prefix->len);
	return !memcmp(head.b, prefix->addr.b, sizeof(head.b));
}

const char *prefix_text(const struct prefix *prefix, char *buf)
{
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(prefix->addr.family, prefix->addr.b, addr, sizeof(addr));
	if (prefix->len == bits_of(&prefix->addr))
		snprintf(buf, PREFIX_TEXT, "%s", addr);
	else
		snprintf(buf, PREFIX_TEXT, "%s/%u", addr, prefix->len);
	return buf;
}
