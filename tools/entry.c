// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos sa, ipsec-qos ike: what both do. What they do it with is in sa.c and
 * ike.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "element.h"
#include "entry.h"
#include "group.h"
#include "whose.h"

static const struct entry_type *type_of(const struct iq_kernel_entry *entry)
{
	static const struct entry_type *const types[IQ_TABLES] = {
		[IQ_TABLE_SA] = &sa_type,
		[IQ_TABLE_IKE] = &ike_type,
	};

	return types[entry->table];
}

/* What stands behind a keyword. */
static int read_value(const struct entry_type *type, unsigned int keyword,
		      const char *value, struct iq_kernel_entry *entry)
{
	if (keyword == type->lifetime) {
		if (parse_lifetime(value, &entry->lifetime))
			return bad_value("lifetime", value, EXPECT_LIFETIME);
	} else if (keyword == type->owner) {
		if (parse_owner(value, &entry->owner))
			return bad_value("owner", value, EXPECT_OWNER);
	} else {
		return type->read(keyword, value, entry);
	}
	return STATUS_OK;
}

/* Take a group or an element; "none" is one only where @none says so. */
static int next_named(struct args *args, struct names *names, bool none, uint32_t *id)
{
	if (!none || !args->n || strcmp(*args->words, "none"))
		return next_id(args, names, id);
	next_word(args);
	*id = 0;
	return STATUS_OK;
}

static bool is_element(const struct entry_type *type, unsigned int keyword)
{
	return type->element_of && keyword == type->element;
}

/*
 * Take what follows the verb; bits of @allowed say which keywords may.
 *
 * @none: a group, or an element, may be none
 */
static int next_filter(struct args *args, union iq_any_entry *any,
		       unsigned int allowed, bool none, unsigned int *seen)
{
	const struct entry_type *type = args->object->entries;
	const char *value;
	unsigned int i;
	int ret, status;

	memset(any, 0, sizeof(*any));
	any->entry.table = type->table;
	any->entry.owner = -1;
	*seen = 0;
	while ((ret = next_keyword(args, type->keywords, type->n_keywords, seen,
				   &i)) > 0) {
		if (!(allowed & SEEN(i)))
			return wrong_word(type->keywords[i], "does not belong here",
					  type->keywords, type->n_keywords, allowed);
		if (i == type->group) {
			status = next_named(args, &group_names, none, &any->entry.group);
		} else if (is_element(type, i)) {
			status = next_named(args, &element_names, none,
					    type->element_of(&any->entry));
		} else {
			value = next_value(args, type->keywords[i]);
			status = value ? read_value(type, i, value, &any->entry) :
					 STATUS_USAGE;
		}
		if (status)
			return status;
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

/* As next_filter(), with the whole key, and @more. */
static int next_entry(struct args *args, union iq_any_entry *any, unsigned int more,
		      bool none, unsigned int *seen)
{
	const struct entry_type *type = args->object->entries;
	int status = next_filter(args, any, type->key | more, none, seen);

	return status ? status : type->complete(*seen, &any->entry);
}

/* Bits of what an entry belongs to, one of which it has to say. */
static unsigned int belongs(const struct entry_type *type)
{
	return SEEN(type->group) | (type->element_of ? SEEN(type->element) : 0);
}

/* Bits of what an entry has beside its key. */
static unsigned int values(const struct entry_type *type)
{
	return belongs(type) | SEEN(type->lifetime);
}

static int new_entry(struct args *args, int nlflags)
{
	const struct entry_type *type = args->object->entries;
	union iq_any_entry any;
	unsigned int seen;
	int status = next_entry(args, &any, values(type), false, &seen);

	if (status)
		return status;
	if (!(seen & belongs(type)))
		return usage_error("the %s's group is missing: group GROUP%s", type->name,
				   type->element_of ? ", or element ELEMENT" : "");
	status = type->check ? type->check(&any.entry) : STATUS_OK;
	return status ? status : send_entry(nlflags, &any.entry);
}

static int add(struct args *args)
{
	return new_entry(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_entry(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	const struct entry_type *type = args->object->entries;
	union iq_any_entry any, now;
	struct iq_kernel *k;
	unsigned int seen;
	int ret = next_entry(args, &any, values(type), type->element_of, &seen);

	if (ret)
		return ret;
	if (!(seen & values(type)))
		return usage_error("what is to change is missing: group GROUP%s or lifetime SECONDS",
				   type->element_of ? ", element ELEMENT" : "");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	now = any;
	ret = iq_kernel_entry_get(k, &now.entry);
	if (ret)
		return kernel_refused(ret);
	if (seen & SEEN(type->group))
		now.entry.group = any.entry.group;
	if (type->element_of && (seen & SEEN(type->element)))
		*type->element_of(&now.entry) = *type->element_of(&any.entry);
	if (seen & SEEN(type->lifetime))
		now.entry.lifetime = any.entry.lifetime;
	if (type->restate)
		type->restate(&now.entry);
	ret = iq_kernel_entry_new(k, &now.entry, 1, now.entry.owner, NLM_F_REPLACE);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int del(struct args *args)
{
	union iq_any_entry any;
	unsigned int seen;
	int status = next_entry(args, &any, 0, false, &seen);

	return status ? status : send_entry(0, &any.entry);
}

json_t *entry_json(const void *item)
{
	const struct iq_kernel_entry *entry = item;
	const struct entry_type *type = type_of(entry);
	json_t *json = type->key_json(entry);

	json_object_set_new(json, "group", name_or_null(&group_names, entry->group));
	json_object_set_new(json, "group_id", entry->group ? json_integer(entry->group) :
							     json_null());
	json_object_set_new(json, "packets", json_integer(entry->count.packets));
	json_object_set_new(json, "bytes", json_integer(entry->count.bytes));
	json_object_set_new(json, "owner", json_string(owner_name(entry->owner)));
	if (entry->lifetime)
		json_object_set_new(json, "lifetime", json_integer(entry->lifetime));
	if (type->more_json)
		type->more_json(entry, json);
	return json;
}

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_entry *entry = arg;
	const struct entry_type *type = type_of(entry);

	entry = (const void *)((const char *)arg + i * iq_kernel_entry_size(type->table));
	type->key_cells(entry, cells);
	cells += type->n_key;
	name_of(&group_names, entry->group, cells[0]);
	snprintf(cells[1], CELL_MAX, "%" PRIu64, entry->count.packets);
	format_bytes(entry->count.bytes, cells[2]);
	format_lifetime(entry->lifetime, cells[3]);
	snprintf(cells[4], CELL_MAX, "%s", owner_name(entry->owner));
	if (type->more_cells)
		type->more_cells(entry, cells + 5);
}

static int collect(const struct iq_kernel_entry *entry, void *arg)
{
	return iq_array_push(arg, entry) ? 0 : -ENOMEM;
}

static int show(struct args *args)
{
	const struct entry_type *type = args->object->entries;
	UT_array list = { .icd = { .sz = iq_kernel_entry_size(type->table) } };
	union iq_any_entry filter;
	int ret, tries = 0;
	struct iq_kernel *k;
	unsigned int seen;
	size_t columns;

	ret = next_filter(args, &filter, type->filter, false, &seen);
	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	do {
		utarray_clear(&list);
		ret = iq_kernel_entry_dump(k, &filter.entry, collect, &list);
	} while (dump_again(ret, &tries));
	if (ret && ret != -EINTR) {
		utarray_done(&list);
		return kernel_refused(ret);
	}

	if (type->learn && utarray_len(&list))
		type->learn();
	columns = type->n_columns - (type->learn && !whose_any());
	if (options.json)
		print_array(utarray_front(&list), utarray_len(&list),
			    list.icd.sz, entry_json);
	else
		print_table(type->columns, columns, utarray_len(&list), row,
			    utarray_front(&list));
	utarray_done(&list);
	return STATUS_OK;
}

static int flush(struct args *args)
{
	union iq_any_entry filter;
	struct iq_kernel *k;
	unsigned int seen;
	uint32_t count;
	int ret = next_filter(args, &filter, args->object->entries->filter, false, &seen);

	if (ret)
		return ret;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_entry_flush(k, &filter.entry, &count);
	return ret ? kernel_refused(ret) : print_removed(count);
}

const struct verb entry_verbs[ENTRY_VERBS] = {
	{ "show", show }, { "add", add, true }, { "change", change },
	{ "replace", replace, true }, { "delete", del, true },
	{ "flush", flush },
};
