// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sections behind, and routes, which says where they go in the kernel.
 */
#include "config/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>

#define TABLE_MAX	(UINT32_MAX - BEHIND_MARKS_MAX)
#define PRIORITY_MAX	32764U		/* the kernel's rule for main is 32766 */

bool conf_routes(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	const struct conf_value *v;

	c->table = BEHIND_TABLE;
	c->priority = BEHIND_PRIORITY;
	if (n > 1)
		return conf_fail(r, sections[1], sections[1]->line,
				 "routes is there twice, first in %s:%u: expected it once",
				 sections[0]->file, sections[0]->line);
	if (!n)
		return true;
	if (!conf_get(r, sections[0], "priority", &v) ||
	    (v && !conf_number(r, sections[0], v, 1, PRIORITY_MAX, &c->priority)))
		return false;
	if (!conf_get(r, sections[0], "table", &v) ||
	    (v && !conf_number(r, sections[0], v, 1, TABLE_MAX, &c->table)))
		return false;
	/* all that is in our tables and is not stated goes: others' are not ours */
	if (v && c->table <= RT_TABLE_LOCAL && c->table + BEHIND_MARKS_MAX >= RT_TABLE_DEFAULT)
		return conf_fail(r, sections[0], v->line,
				 "table = %u: with %u from there on it would take main, local or default: expected a table of its own, such as %u",
				 c->table, BEHIND_MARKS_MAX, BEHIND_TABLE);
	return true;
}

static bool elements(struct reader *r, const struct conf_section *s, struct behind *b)
{
	const struct steer_config *c = &r->config->steer;
	const struct conf_value *v;
	const struct named *found;
	size_t i;

	b->elements = conf_array(r, utarray_len(&s->values), sizeof(*b->elements));
	if (!b->elements)
		return false;
	conf_for_each(v, &s->values) {
		if (strcmp(v->key, "elements"))
			continue;
		found = conf_named(r->elements, c->n_elements, v->text);
		if (!found)
			return conf_fail(r, s, v->line,
					 "elements = '%s': there is no such element: expected the name of an element section",
					 conf_shown(r, v->text));
		for (i = 0; i < b->n_elements; i++)
			if (b->elements[i] == &c->elements[found->index])
				return conf_fail(r, s, v->line,
						 "elements: '%s' is there twice, expected it once",
						 conf_shown(r, v->text));
		if (c->elements[found->index].self)
			return conf_fail(r, s, v->line,
					 "elements = '%s': that is this host: expected others",
					 conf_shown(r, v->text));
		b->elements[b->n_elements++] = &c->elements[found->index];
	}
	return b->n_elements ||
	       conf_fail(r, s, s->line, "behind '%s' has no elements: expected elements = NAME",
			 b->name);
}

/*
 * The table of a section with a mark, which stands in @line. Sections with one mark share
 * a table, as no packet is of two.
 */
static bool table(struct reader *r, const struct conf_section *s, unsigned int line,
		  struct behind *b)
{
	struct steer_config *c = &r->config->steer;
	uint32_t next = c->table + 1;
	size_t i;

	for (i = 0; i < c->n_behinds; i++) {
		const struct behind *other = &c->behinds[i];

		if (!other->mask)
			continue;
		if (other->mark == b->mark && other->mask == b->mask) {
			b->table = other->table;
			return true;
		}
		if (!((other->mark ^ b->mark) & other->mask & b->mask))
			return conf_fail(r, s, line,
					 "the mark 0x%x/0x%x of behind '%s' overlaps 0x%x/0x%x of behind '%s': expected the same, or marks that differ in a bit of both masks",
					 b->mark, b->mask, b->name, other->mark, other->mask,
					 other->name);
		if (next <= other->table)
			next = other->table + 1;
	}
	if (next - c->table > BEHIND_MARKS_MAX)
		return conf_fail(r, s, line,
				 "behind '%s' has one mark more than %u: expected fewer", b->name,
				 BEHIND_MARKS_MAX);
	b->table = next;
	return true;
}

static bool behind(struct reader *r, const struct conf_section *s, struct behind *b,
		   size_t *left)
{
	const struct conf_value *v;

	if (!conf_title(r, s))
		return false;
	strcpy(b->name, s->title);
	if (!conf_prefixes(r, s, "networks", *left, &b->networks, &b->n_networks))
		return false;
	if (!b->n_networks)
		return conf_fail(r, s, s->line,
				 "behind '%s' has no networks: expected networks = 192.0.2.0/24",
				 b->name);
	*left -= b->n_networks;
	if (!elements(r, s, b) || !conf_get(r, s, "mark", &v))
		return false;
	b->table = r->config->steer.table;
	return !v || (conf_mark(r, s, v, &b->mark, &b->mask) && table(r, s, v->line, b));
}

/* A network, whose it is, and in which order they stand. */
struct network {
	const struct prefix *prefix;
	const struct behind *behind;
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int ret = x->behind->table < y->behind->table ? -1 : x->behind->table > y->behind->table;

	if (!ret)
		ret = memcmp(&x->prefix->addr, &y->prefix->addr, sizeof(x->prefix->addr));
	if (!ret)
		ret = x->prefix->len - y->prefix->len;
	return ret ? ret : x->index < y->index ? -1 : x->index > y->index;
}

/* One table has a network once. */
static bool check_twice(struct reader *r, const struct conf_section **sections, size_t n)
{
	const struct steer_config *c = &r->config->steer;
	struct network *all = conf_array(r, n, sizeof(*all));
	char shown[PREFIX_TEXT];
	size_t i, j, k = 0;
	bool ok = all;

	for (i = 0; ok && i < c->n_behinds; i++)
		for (j = 0; j < c->behinds[i].n_networks; j++, k++)
			all[k] = (struct network){ &c->behinds[i].networks[j], &c->behinds[i], k };
	if (ok)
		qsort(all, k, sizeof(*all), compare);
	for (i = 1; ok && i < k; i++) {
		const struct network *a = &all[i - 1], *b = &all[i];

		if (a->behind->table == b->behind->table &&
		    a->prefix->len == b->prefix->len &&
		    !memcmp(&a->prefix->addr, &b->prefix->addr, sizeof(a->prefix->addr)))
			ok = conf_fail(r, sections[b->behind - c->behinds],
				       sections[b->behind - c->behinds]->line,
				       "the network %s of behind '%s' is there twice, first in '%s': expected it once, or a mark of its own",
				       prefix_text(b->prefix, shown), b->behind->name,
				       a->behind->name);
	}
	free(all);
	return ok;
}

/* An address that this host itself sends to, and whose it is. */
struct sent {
	struct iq_addr addr;
	const struct element *element;
};

static int compare_sent(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;

	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static bool is_link_local(const struct iq_addr *addr)
{
	return addr->family == AF_INET6 && addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static size_t sent_to(const struct steer_config *c, struct sent *all)
{
	size_t i, j, n = 0;

	for (i = 0; i < c->n_elements; i++) {
		const struct element *e = &c->elements[i];
		const struct iq_addr *addrs[] = { &e->via, &e->via6, &e->address };

		for (j = 0; !e->self && j < 3; j++)
			/* a device leads to what is link-local, whatever routes there are */
			if (addrs[j]->family && !is_link_local(addrs[j]))
				all[n++] = (struct sent){ *addrs[j], e };
	}
	qsort(all, n, sizeof(*all), compare_sent);
	return n;
}

/* The first of @n that is not less than a prefix's own address; @all + @n: there is none. */
static const struct sent *sent_in(const struct sent *all, size_t n, const struct prefix *prefix)
{
	const struct sent *first = all;
	size_t half;

	while (n) {
		half = n / 2;
		if (memcmp(&first[half].addr, &prefix->addr, sizeof(prefix->addr)) < 0) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}

/*
 * The rule for packets of any mark is for what this host sends, too: what is sent to an
 * element must not go behind elements.
 */
static bool check_ways(struct reader *r, const struct conf_section **sections)
{
	const struct steer_config *c = &r->config->steer;
	struct sent *all = conf_array(r, 3 * c->n_elements, sizeof(*all));
	size_t i, j, n = all ? sent_to(c, all) : 0;
	char network[PREFIX_TEXT], shown[PREFIX_TEXT];
	bool ok = all;

	for (i = 0; ok && i < c->n_behinds; i++) {
		const struct behind *b = &c->behinds[i];

		for (j = 0; ok && !b->mask && j < b->n_networks; j++) {
			const struct sent *to = sent_in(all, n, &b->networks[j]);

			if (to == all + n || !prefix_has(&b->networks[j], &to->addr, 128))
				continue;
			ok = conf_fail(r, sections[i], sections[i]->line,
				       "the network %s of behind '%s' has the address %s of element '%s' in it, and what is sent there would go behind elements: expected networks without it, or a mark",
				       prefix_text(&b->networks[j], network), b->name,
				       prefix_text(&(struct prefix){ to->addr, to->addr.family == AF_INET ? 32 : 128 },
						   shown),
				       to->element->name);
		}
	}
	free(all);
	return ok;
}

bool conf_behinds(struct reader *r, const struct conf_section **sections, size_t n)
{
	struct steer_config *c = &r->config->steer;
	size_t i, left = BEHIND_NETWORKS_MAX;
	struct named *named;
	bool ok = true;

	c->behinds = conf_array(r, n, sizeof(*c->behinds));
	named = conf_array(r, n, sizeof(*named));
	if (!c->behinds || !named) {
		free(named);
		return false;
	}
	for (i = 0; ok && i < n; i++) {
		ok = behind(r, sections[i], &c->behinds[i], &left);
		named[i] = conf_titled(sections[i], i);
		c->n_behinds++;
	}
	ok = ok && conf_unique(r, named, n, "behind") &&
	     check_twice(r, sections, BEHIND_NETWORKS_MAX - left) &&
	     check_ways(r, sections);
	free(named);
	return ok;
}
