// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos service: what is said of one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "chain.h"
#include "device.h"
#include "group.h"
#include "service.h"

static const char *const modes[] = {
	[IPSEC_QOS_SERVICE_SERVER] = "server",
	[IPSEC_QOS_SERVICE_CLIENT] = "client",
};

const char *service_mode(uint8_t mode)
{
	return VALUE_NAME(modes, mode);
}

enum { KEY_ID, KEY_NAME, KEY_ADDRESS, KEY_CHAIN, KEY_MODE, KEY_PORT, KEY_SEGMENT, KEY_TO,
       KEY_TO_PORT, KEY_FROM, KEY_FROM_PORT, KEY_GROUP, KEY_FROM_GROUP, KEY_RATE, KEY_ALLOW,
       KEY_DENY, KEY_DEV, KEY_CLIENT, KEY_ACL };

/* The first as SERVICE_ID and its like */
static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_NAME] = "name", [KEY_ADDRESS] = "address",
	[KEY_CHAIN] = "chain", [KEY_MODE] = "mode", [KEY_PORT] = "port",
	[KEY_SEGMENT] = "segment", [KEY_TO] = "to", [KEY_TO_PORT] = "to-port",
	[KEY_FROM] = "from", [KEY_FROM_PORT] = "from-port", [KEY_GROUP] = "group",
	[KEY_FROM_GROUP] = "from-group", [KEY_RATE] = "rate", [KEY_ALLOW] = "allow",
	[KEY_DENY] = "deny", [KEY_DEV] = "dev", [KEY_CLIENT] = "client", [KEY_ACL] = "acl",
};

#define SEEN(x)		(1U << (x))
#define SEGMENT_WORDS	(SEEN(KEY_TO) | SEEN(KEY_TO_PORT) | SEEN(KEY_FROM) | \
			 SEEN(KEY_FROM_PORT))
/* Those that may be there often, or once for each of what may be there often */
#define MANY		(SEEN(KEY_PORT) | SEEN(KEY_SEGMENT) | SEGMENT_WORDS | \
			 SEEN(KEY_ALLOW) | SEEN(KEY_DENY) | SEEN(KEY_DEV) | SEEN(KEY_CLIENT))

_Static_assert(SEEN(KEY_ID) == SERVICE_ID && SEEN(KEY_NAME) == SERVICE_NAME &&
	       SEEN(KEY_ADDRESS) == SERVICE_ADDRESS && SEEN(KEY_CHAIN) == SERVICE_CHAIN,
	       "what is seen is called the same");

/* As many as the module takes: those of all chains that its packets may go through. */
#define SEGMENTS_MAX	64

/**
 * struct reader - how far the words have come
 *
 * @begun: SEEN() of the lists that are said anew
 * @segment: the one whose words may follow, NULL: of none
 * @in_segment: SEEN() of those that did
 * @acl: likewise, the rule
 */
struct reader {
	struct iq_kernel_service *s;
	unsigned int begun;
	struct iq_kernel_segment *segment;
	unsigned int in_segment;
	struct iq_kernel_acl *acl;
};

/* One more of an array of things of @size bytes, which is zero; NULL: no memory, or no room */
static void *grow(void **list, size_t *n, size_t size, size_t max, const char *many)
{
	char *room;

	if (*n == max) {
		usage_error("a service has at most %zu %s", max, many);
		return NULL;
	}
	room = realloc(*list, (*n + 1) * size);
	if (!room) {
		kernel_refused(-ENOMEM);
		return NULL;
	}
	*list = room;
	room += (*n)++ * size;
	return memset(room, 0, size);
}

#define GROW(list, n, max, many) \
	grow((void **)&(list), &(n), sizeof(*(list)), (max), (many))

/* Is the list of @key begun only now? Then what there was of it is to go. */
static bool begins(struct reader *r, unsigned int key)
{
	bool first = !(r->begun & SEEN(key));

	r->begun |= SEEN(key);
	return first;
}

static void free_ports(struct iq_kernel_port **ports, size_t *n)
{
	free(*ports);
	*ports = NULL;
	*n = 0;
}

static void free_segments(struct iq_kernel_service *s)
{
	while (s->n_segments)
		free(s->segments[--s->n_segments].from_ports);
	free(s->segments);
	s->segments = NULL;
}

/* Is the next word @word? Then it is taken. */
static bool next_is(struct args *args, const char *word)
{
	bool is = args->n && !strcmp(args->words[0], word);

	if (is)
		next_word(args);
	return is;
}

static int next_address(struct args *args, const char *keyword, struct iq_addr *addr)
{
	const char *value = next_value(args, keyword);

	if (!value)
		return STATUS_USAGE;
	return parse_addr(value, addr) ? bad_value(keyword, value, EXPECT_ADDR) : STATUS_OK;
}

/* ADDRESS[/LENGTH] from behind @keyword */
static int next_prefix(struct args *args, const char *keyword, struct iq_addr *addr,
		       uint8_t *len)
{
	const char *value = next_value(args, keyword);

	if (!value)
		return STATUS_USAGE;
	return parse_prefix(value, addr, len) ? bad_value(keyword, value, EXPECT_PREFIX) :
						STATUS_OK;
}

/* One more of @ports */
static int next_port(struct args *args, const char *keyword, struct iq_kernel_port **ports,
		     size_t *n)
{
	const char *value = next_value(args, keyword);
	struct iq_kernel_port *port;

	if (!value)
		return STATUS_USAGE;
	port = GROW(*ports, *n, IPSEC_QOS_SERVICE_PORTS_MAX, keyword[0] == 'f' ?
		    "from-ports in a segment" : "ports and ranges of them");
	if (!port)
		return STATUS_USAGE;
	return parse_port(value, port) ? bad_value(keyword, value, EXPECT_PORT) : STATUS_OK;
}

/* "any" is what there is without a list. */
static int next_ports(struct args *args, struct reader *r)
{
	struct iq_kernel_service *s = r->s;

	if (begins(r, KEY_PORT))
		free_ports(&s->ports, &s->n_ports);
	if (!s->n_ports && next_is(args, "any"))
		return STATUS_OK;
	return next_port(args, "port", &s->ports, &s->n_ports);
}

static int next_segment(struct args *args, struct reader *r)
{
	struct iq_kernel_service *s = r->s;
	uint32_t device;
	char name[FORMAT_MAX];
	size_t i;
	int ret;

	if (begins(r, KEY_SEGMENT))
		free_segments(s);
	if (!s->n_segments && next_is(args, "none"))
		return STATUS_OK;
	ret = next_id(args, &device_names, &device);
	if (ret)
		return ret;
	for (i = 0; i < s->n_segments; i++)
		if (s->segments[i].device == device)
			return usage_error("there are two segments of device \"%s\"",
					   name_of(&device_names, device, name));
	r->segment = GROW(s->segments, s->n_segments, SEGMENTS_MAX, "segments");
	if (!r->segment)
		return STATUS_USAGE;
	r->segment->device = device;
	r->in_segment = 0;
	return STATUS_OK;
}

/* What stands behind a word of a segment */
static int next_of_segment(struct args *args, struct reader *r, unsigned int key)
{
	struct iq_kernel_segment *s = r->segment;
	const char *value;
	uint32_t port;

	if (!s)
		return usage_error("%s is nobody's: expected it behind a segment", settings[key]);
	if (key != KEY_FROM_PORT && (r->in_segment & SEEN(key)))
		return usage_error("%s of a segment is there twice", settings[key]);
	r->in_segment |= SEEN(key);
	if (key == KEY_TO || key == KEY_FROM)
		return next_address(args, settings[key], key == KEY_TO ? &s->to : &s->from);
	if (key == KEY_FROM_PORT)
		return next_port(args, settings[key], &s->from_ports, &s->n_from_ports);
	value = next_value(args, settings[key]);
	if (!value)
		return STATUS_USAGE;
	if (parse_u32(value, 1, UINT16_MAX, &port))
		return bad_value(settings[key], value, "a port from 1 to 65535");
	s->to_port = port;
	return STATUS_OK;
}

/* "allow" and "deny" are one list, in the order in which they stand. */
static int next_rule(struct args *args, struct reader *r, unsigned int key)
{
	struct iq_kernel_service *s = r->s;

	if (begins(r, KEY_ACL)) {
		free(s->acl);
		s->acl = NULL;
		s->n_acl = 0;
	}
	if (key == KEY_ACL)
		return next_is(args, "none") ? STATUS_OK :
		       usage_error("acl stands ahead of none alone: a rule is allow or deny");
	r->acl = GROW(s->acl, s->n_acl, IPSEC_QOS_SERVICE_ACL_MAX, "rules of its ACL");
	if (!r->acl)
		return STATUS_USAGE;
	r->acl->allow = key == KEY_ALLOW;
	return next_is(args, "any") ? STATUS_OK :
	       next_prefix(args, settings[key], &r->acl->addr, &r->acl->len);
}

static int next_dev(struct args *args, struct reader *r)
{
	const char *value = next_value(args, "dev");

	if (!value)
		return STATUS_USAGE;
	if (!r->acl)
		return usage_error("dev %s is nobody's: expected it behind allow or deny", value);
	if (r->acl->dev[0])
		return usage_error("dev of a rule is there twice");
	return parse_dev(value, r->acl->dev) ? bad_value("dev", value, "an interface") :
					       STATUS_OK;
}

static int next_override(struct args *args, struct reader *r)
{
	static const char *const keywords[] = { "chain" };
	struct iq_kernel_service *s = r->s;
	struct iq_kernel_override *o;
	unsigned int seen = 0, i;
	int ret;

	if (begins(r, KEY_CLIENT)) {
		free(s->overrides);
		s->overrides = NULL;
		s->n_overrides = 0;
	}
	if (!s->n_overrides && next_is(args, "none"))
		return STATUS_OK;
	o = GROW(s->overrides, s->n_overrides, IPSEC_QOS_SERVICE_OVERRIDES_MAX,
		 "clients with a chain of their own");
	if (!o)
		return STATUS_USAGE;
	ret = next_prefix(args, "client", &o->addr, &o->len);
	if (ret)
		return ret;
	ret = next_keyword(args, keywords, 1, &seen, &i);
	if (!ret)
		return usage_error("the chain of a client is missing: client ADDRESS chain CHAIN");
	return ret < 0 ? STATUS_USAGE : next_id(args, &chain_names, &o->chain);
}

/* A group, or none */
static int next_group(struct args *args, uint32_t *group)
{
	*group = 0;
	return next_is(args, "none") ? STATUS_OK : next_id(args, &group_names, group);
}

static int read_value(unsigned int key, const char *value, struct iq_kernel_service *s)
{
	switch (key) {
	case KEY_ID:
		return parse_u32(value, 1, IPSEC_QOS_SERVICE_ID_MAX, &s->id) ?
		       bad_value("id", value, "1 to " DIGITS(IPSEC_QOS_SERVICE_ID_MAX)) :
		       STATUS_OK;
	case KEY_NAME:
		return set_name(s->name, value);
	case KEY_MODE:
		return parse_name(value, modes, ARRAY_SIZE(modes), &s->mode) ?
		       bad_value("mode", value, "server or client") : STATUS_OK;
	default:
		s->rate = 0;
		return strcmp(value, "none") &&
		       parse_u32(value, 1, IPSEC_QOS_SERVICE_RATE_MAX, &s->rate) ?
		       bad_value("rate", value, "packets a second, 1 to "
				 DIGITS(IPSEC_QOS_SERVICE_RATE_MAX) ", or none") : STATUS_OK;
	}
}

static int next_setting(struct args *args, struct reader *r, unsigned int key)
{
	struct iq_kernel_service *s = r->s;
	const char *value;

	switch (key) {
	case KEY_ADDRESS:
		return next_prefix(args, "address", &s->addr, &s->len);
	case KEY_CHAIN:
		return next_id(args, &chain_names, &s->chain);
	case KEY_PORT:
		return next_ports(args, r);
	case KEY_SEGMENT:
		return next_segment(args, r);
	case KEY_TO:
	case KEY_TO_PORT:
	case KEY_FROM:
	case KEY_FROM_PORT:
		return next_of_segment(args, r, key);
	case KEY_GROUP:
		return next_group(args, &s->group);
	case KEY_FROM_GROUP:
		return next_group(args, &s->from_group);
	case KEY_ALLOW:
	case KEY_DENY:
	case KEY_ACL:
		return next_rule(args, r, key);
	case KEY_DEV:
		return next_dev(args, r);
	case KEY_CLIENT:
		return next_override(args, r);
	default:
		value = next_value(args, settings[key]);
		return value ? read_value(key, value, s) : STATUS_USAGE;
	}
}

/* Are all addresses that are said of it of its own family? */
static int check_families(const struct iq_kernel_service *s)
{
	const struct iq_addr *other = NULL;
	const char *what = "";
	char text[FORMAT_MAX];
	size_t i;

	for (i = 0; i < s->n_segments; i++) {
		const struct iq_kernel_segment *g = &s->segments[i];

		if (g->to.family && g->to.family != s->addr.family) {
			other = &g->to;
			what = "to";
		} else if (g->from.family && g->from.family != s->addr.family) {
			other = &g->from;
			what = "from";
		}
	}
	for (i = 0; i < s->n_acl; i++) {
		if (s->acl[i].addr.family && s->acl[i].addr.family != s->addr.family) {
			other = &s->acl[i].addr;
			what = s->acl[i].allow ? "allow" : "deny";
		}
	}
	for (i = 0; i < s->n_overrides; i++) {
		if (s->overrides[i].addr.family != s->addr.family) {
			other = &s->overrides[i].addr;
			what = "client";
		}
	}
	if (!other)
		return STATUS_OK;
	return usage_error("%s %s is of another family than the service's address: expected one of %s",
			   what, format_addr(other, text), family_name(s->addr.family));
}

int next_service(struct args *args, struct iq_kernel_service *s, unsigned int without,
		 unsigned int *seen)
{
	struct reader r = { .s = s };
	unsigned int i, once = 0;
	int ret, status;

	*seen = 0;
	while ((ret = next_keyword(args, settings, ARRAY_SIZE(settings), &once, &i)) > 0) {
		if (SEEN(i) & without)
			return wrong_word(settings[i], "does not belong here", settings,
					  ARRAY_SIZE(settings), ~without);
		*seen |= SEEN(i);
		once &= ~MANY;
		if (!(SEEN(i) & SEGMENT_WORDS))
			r.segment = i == KEY_SEGMENT ? r.segment : NULL;
		if (i != KEY_DEV)
			r.acl = NULL;
		status = next_setting(args, &r, i);
		if (status)
			return status;
	}
	if (ret)
		return STATUS_USAGE;
	return s->addr.family ? check_families(s) : STATUS_OK;
}
