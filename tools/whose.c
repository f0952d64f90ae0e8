// SPDX-License-Identifier: GPL-2.0-or-later
#include "whose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "query.h"

#define TIMEOUT		1000	/* milliseconds: it is no error not to know */

/* What is looked for; all of it is written, padding too. */
struct key {
	uint32_t number;	/* an SPI, or a group's id */
	uint8_t proto;		/* 0: a group */
	struct iq_addr dst;
};

/** struct owned - an SA or a group */
struct owned {
	struct key key;
	UT_hash_handle hh;
	char identity[];
};

static struct owned *table;

static void forget(void)
{
	struct owned *owned, *next;

	HASH_ITER(hh, table, owned, next) {
		HASH_DEL(table, owned);
		free(owned);
	}
}

static const char *find(const struct key *key)
{
	struct owned *owned;

	HASH_FIND(hh, table, key, sizeof(*key), owned);
	return owned ? owned->identity : NULL;
}

static int learn(const struct key *key, const json_t *item)
{
	const char *identity = json_string_value(json_object_get(item, "identity"));
	struct owned *owned;

	if (!identity || find(key))
		return 0;
	owned = calloc(1, sizeof(*owned) + strlen(identity) + 1);
	if (!owned)
		return -ENOMEM;
	owned->key = *key;
	strcpy(owned->identity, identity);
	HASH_ADD(hh, table, key, sizeof(owned->key), owned);
	if (owned->hh.tbl)
		return 0;
	free(owned);
	return -ENOMEM;
}

/* What came before an answer ended is true nevertheless. */
static void ask(enum iq_feed_query query, int (*each)(const json_t *item, void *arg))
{
	char why[FORMAT_WHY];

	forget();
	ask_daemon_each(query, TIMEOUT, each, NULL, why);
}

static void group_key(struct key *key, uint32_t id)
{
	memset(key, 0, sizeof(*key));
	key->number = id;
}

static int learn_group(const json_t *group, void *arg)
{
	struct key key;

	group_key(&key, member_number(group, "group"));
	return learn(&key, group);
}

void whose_learn_groups(void)
{
	ask(IQ_FEED_QUERY_LEASES, learn_group);
}

const char *whose_group(uint32_t id)
{
	struct key key;

	group_key(&key, id);
	return find(&key);
}

static int learn_sa(const json_t *sa, void *arg)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.number = member_number(sa, "spi");
	if (parse_proto(member_text(sa, "proto"), &key.proto) ||
	    parse_addr(member_text(sa, "dst"), &key.dst))
		return 0;
	return learn(&key, sa);
}

void whose_learn_sas(void)
{
	ask(IQ_FEED_QUERY_SAS, learn_sa);
}

const char *whose_sa(const struct iq_sa *sa)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.number = sa->spi;
	key.proto = sa->proto;
	key.dst = sa->dst;
	return find(&key);
}

bool whose_any(void)
{
	return table;
}

void format_whose(const char *identity, char cell[CELL_MAX])
{
	clip_cell(cell, identity ? identity : "-");
}
