/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `sa` and `ike` have in common: each works on the entries of one of the
 * module's tables.
 */
#ifndef IPSEC_QOS_TOOLS_ENTRY_H
#define IPSEC_QOS_TOOLS_ENTRY_H

#include "command.h"
#include "lib/kernel/entry.h"

#define SEEN(keyword)	(1U << (keyword))

/**
 * struct entry_type - what a table's entries are to the command
 *
 * @name: "SA", as messages call one
 * @keywords: which may stand behind a verb
 * @group, @lifetime, @owner: which of them these are
 * @element: likewise, where there is @element_of
 * @key: bits of those that are the key; @filter: of those that choose entries
 * @read: read what stands behind a keyword that is none of these; a STATUS_
 * @element_of: where an entry has the id of its element; NULL: these have none
 * @complete: is the whole key there, as bits of @seen say? Else it says what is
 *	missing. It puts in what need not be said. A STATUS_
 * @check: may there be such an entry? A STATUS_; NULL: any
 * @restate: what the kernel told of an entry becomes what it can be told; NULL: it
 *	is that already
 * @learn: before any is shown: find out what the kernel does not know of them; NULL:
 *	nothing
 * @columns: of `show`: of the key @n_key, then the five of entry.c, then others; where
 *	@learn is there, the last is left out unless whose_any()
 * @key_cells: write the key's cells; @more_cells: those of the others, NULL: none
 * @key_json: the key as JSON; @more_json: adds what comes last, NULL: nothing
 */
struct entry_type {
	enum iq_table_id table;
	const char *name;
	const char *const *keywords;
	size_t n_keywords;
	unsigned int group;
	unsigned int lifetime;
	unsigned int owner;
	unsigned int element;
	unsigned int key;
	unsigned int filter;
	int (*read)(unsigned int keyword, const char *value, struct iq_kernel_entry *entry);
	uint32_t *(*element_of)(struct iq_kernel_entry *entry);
	int (*complete)(unsigned int seen, struct iq_kernel_entry *entry);
	int (*check)(const struct iq_kernel_entry *entry);
	void (*restate)(struct iq_kernel_entry *entry);
	void (*learn)(void);

	const struct column *columns;
	size_t n_columns;
	size_t n_key;
	void (*key_cells)(const struct iq_kernel_entry *entry, char cells[][CELL_MAX]);
	void (*more_cells)(const struct iq_kernel_entry *entry, char cells[][CELL_MAX]);
	json_t *(*key_json)(const struct iq_kernel_entry *entry);
	void (*more_json)(const struct iq_kernel_entry *entry, json_t *json);
};

extern const struct entry_type sa_type, ike_type;

/* The columns of what entries of both tables have. */
#define ENTRY_COLUMNS \
	{ "GROUP", .color = COLOR_NAME }, { "PACKETS", true }, { "BYTES", true }, \
	{ "LIFETIME", true }, { "OWNER" }

/** entry_verbs - of an object that has a struct entry_type */
#define ENTRY_VERBS	6
extern const struct verb entry_verbs[ENTRY_VERBS];

/** entry_json() - of a struct iq_sa or iq_ike, for `show` and for events */
json_t *entry_json(const void *item);

#endif /* IPSEC_QOS_TOOLS_ENTRY_H */
