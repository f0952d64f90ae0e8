// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos pool: among which elements an SPI chooses, and who has which bucket.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bucket.h"
#include "element.h"
#include "pool.h"

static const char usage[] =
"Usage: ipsec-qos pool { add | replace } NAME id N [ mode MODE ] [ secret HEX ]\n"
"                 [ member ELEMENT [ weight W ] ]...\n"
"       ipsec-qos pool change POOL [ name NAME ] [ secret HEX ]\n"
"                 [ member ELEMENT [ weight W ] ]... [ without ELEMENT ]...\n"
"       ipsec-qos pool del POOL\n"
"       ipsec-qos pool release POOL [ buckets LIST ]\n"
"       ipsec-qos pool show [ POOL ] [ owner { static | daemon } ]\n"
"       ipsec-qos pool buckets POOL\n"
"POOL, ELEMENT := { [ name ] NAME | id N }\n"
"MODE := { bucket | sa | flow }\n"
"LIST := N[-N][,N[-N]]...\n";

static const char *const modes[] = {
	[IPSEC_QOS_POOL_BUCKET] = "bucket",
	[IPSEC_QOS_POOL_SA] = "sa",
	[IPSEC_QOS_POOL_FLOW] = "flow",
};

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_pool p = { .id = *id };
	struct iq_kernel_buckets buckets;
	int ret;

	strcpy(p.name, name);
	ret = iq_kernel_pool_get(k, &p, &buckets);
	*id = p.id;
	strcpy(name, p.name);
	return ret;
}

struct names pool_names = {
	.what = "pool", .id_max = IPSEC_QOS_POOL_ID_MAX, .ask = ask,
};

static int collect(const struct iq_kernel_pool *p, void *arg)
{
	return iq_array_push(arg, p) ? 0 : -ENOMEM;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_pool *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_pool_dump(k, owner, collect, list);
}

int read_pools(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

/* What is said of a pool */

enum { KEY_ID, KEY_MODE, KEY_SECRET, KEY_MEMBER, KEY_WEIGHT, KEY_WITHOUT, KEY_NAME };

static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_MODE] = "mode", [KEY_SECRET] = "secret",
	[KEY_MEMBER] = "member", [KEY_WEIGHT] = "weight", [KEY_WITHOUT] = "without",
	[KEY_NAME] = "name",
};

#define SEEN(x)		(1U << (x))

static struct iq_kernel_member *find_member(struct iq_kernel_pool *p, uint32_t element)
{
	size_t i;

	for (i = 0; i < p->n_members; i++)
		if (p->members[i].element == element)
			return &p->members[i];
	return NULL;
}

/* @at: the member; one that is there already is that. */
static int next_member(struct args *args, struct iq_kernel_pool *p,
		       struct iq_kernel_member **at)
{
	uint32_t element;
	int ret = next_id(args, &element_names, &element);

	if (ret)
		return ret;
	*at = find_member(p, element);
	if (*at)
		return STATUS_OK;
	if (p->n_members == IPSEC_QOS_POOL_MEMBERS_MAX)
		return usage_error("a pool has at most " DIGITS(IPSEC_QOS_POOL_MEMBERS_MAX) " members");
	*at = &p->members[p->n_members++];
	**at = (struct iq_kernel_member){ .element = element, .weight = 1 };
	return STATUS_OK;
}

static int next_without(struct args *args, struct iq_kernel_pool *p)
{
	struct iq_kernel_member *member;
	char name[FORMAT_MAX];
	uint32_t element;
	int ret = next_id(args, &element_names, &element);

	if (ret)
		return ret;
	member = find_member(p, element);
	if (!member)
		return refused("ipsec_qos: element \"%s\" is no member of pool \"%s\"",
			       name_of(&element_names, element, name), p->name);
	*member = p->members[--p->n_members];
	return STATUS_OK;
}

static int read_value(unsigned int key, const char *value, struct iq_kernel_pool *p,
		      struct iq_kernel_member *member)
{
	switch (key) {
	case KEY_ID:
		if (parse_u32(value, 1, IPSEC_QOS_POOL_ID_MAX, &p->id))
			return bad_value("id", value, "1 to " DIGITS(IPSEC_QOS_POOL_ID_MAX));
		break;
	case KEY_MODE:
		if (parse_name(value, modes, ARRAY_SIZE(modes), &p->mode))
			return bad_value("mode", value, "bucket, sa or flow");
		break;
	case KEY_SECRET:
		p->has_secret = true;
		if (parse_hex(value, p->secret, sizeof(p->secret)))
			return bad_value("secret", value, "32 hexadecimal digits");
		break;
	case KEY_WEIGHT:
		if (!member)
			return usage_error("weight %s is nobody's: expected it behind a member",
					   value);
		if (parse_u32(value, 1, IPSEC_QOS_POOL_WEIGHT_MAX, &member->weight))
			return bad_value("weight", value,
					 "1 to " DIGITS(IPSEC_QOS_POOL_WEIGHT_MAX));
		break;
	case KEY_NAME:
		return set_name(p->name, value);
	}
	return STATUS_OK;
}

/* Take settings of a pool, of those in @allowed; *@seen says which were there. */
static int next_settings(struct args *args, struct iq_kernel_pool *p,
			 unsigned int allowed, unsigned int *seen)
{
	struct iq_kernel_member *member = NULL;
	int ret, status;
	unsigned int i;

	*seen = 0;
	while ((ret = next_keyword(args, settings, ARRAY_SIZE(settings), seen, &i)) > 0) {
		const char *value;

		if (!(allowed & SEEN(i)))
			return wrong_word(settings[i], "does not belong here", settings,
					  ARRAY_SIZE(settings), allowed);
		if (i == KEY_MEMBER) {
			status = next_member(args, p, &member);
			/* many may be there, and each may have a weight */
			*seen &= ~(SEEN(KEY_MEMBER) | SEEN(KEY_WEIGHT));
		} else if (i == KEY_WITHOUT) {
			status = next_without(args, p);
			*seen &= ~SEEN(KEY_WITHOUT);
		} else {
			value = next_value(args, settings[i]);
			status = value ? read_value(i, value, p, member) : STATUS_USAGE;
		}
		if (i != KEY_MEMBER)
			member = NULL;
		if (status)
			return status;
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

static int state_pool(struct iq_kernel *k, const struct iq_kernel_pool *p, int owner,
		      int nlflags)
{
	int ret = iq_kernel_pool_new(k, p, owner, nlflags);

	names_changed(&pool_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int new_pool(struct args *args, int nlflags)
{
	struct iq_kernel_pool p = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_name(args, &pool_names, p.name))
		return STATUS_USAGE;
	ret = next_settings(args, &p, SEEN(KEY_ID) | SEEN(KEY_MODE) | SEEN(KEY_SECRET) |
			    SEEN(KEY_MEMBER) | SEEN(KEY_WEIGHT), &seen);
	if (ret)
		return ret;
	if (!p.id)
		return usage_error("the pool's id is missing: id N");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	return state_pool(k, &p, IPSEC_QOS_OWNER_STATIC, nlflags);
}

static int add(struct args *args)
{
	return new_pool(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_pool(args, NLM_F_CREATE | NLM_F_REPLACE);
}

/* The kernel wants to be told all of it: what is not said stays as it is. */
static int change(struct args *args)
{
	struct iq_kernel_buckets buckets;
	struct iq_kernel_pool p = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_selector(args, &pool_names, &p.id, p.name))
		return STATUS_USAGE;
	if (!args->n)
		return usage_error("what is to change is missing: name, secret, member or without");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_pool_get(k, &p, &buckets);
	if (ret)
		return kernel_refused(ret);
	ret = next_settings(args, &p, SEEN(KEY_NAME) | SEEN(KEY_SECRET) | SEEN(KEY_MEMBER) |
			    SEEN(KEY_WEIGHT) | SEEN(KEY_WITHOUT), &seen);
	return ret ? ret : state_pool(k, &p, p.owner, NLM_F_REPLACE);
}

static int del(struct args *args)
{
	struct iq_kernel_pool p = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &pool_names, &p.id, p.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_pool_del(k, &p, 1);
	names_changed(&pool_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int release(struct args *args)
{
	static const char *const keywords[] = { "buckets" };
	uint8_t buckets[IPSEC_QOS_BUCKETS / 8];
	struct iq_kernel_pool p = { 0 };
	unsigned int seen = 0, i;
	struct iq_kernel *k;
	uint32_t count;
	int ret;

	if (next_selector(args, &pool_names, &p.id, p.name))
		return STATUS_USAGE;
	while ((ret = next_keyword(args, keywords, 1, &seen, &i)) > 0) {
		const char *value = next_value(args, "buckets");

		if (!value)
			return STATUS_USAGE;
		if (parse_bits(value, buckets, IPSEC_QOS_BUCKETS))
			return bad_value("buckets", value, EXPECT_BUCKETS);
	}
	if (ret)
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_pool_release(k, &p, seen ? buckets : NULL, &count);
	if (ret)
		return kernel_refused(ret);
	if (options.json)
		print_json(json_pack("{s:I}", "released", (json_int_t)count));
	else
		printf("%" PRIu32 " released\n", count);
	return STATUS_OK;
}

/* What is shown of a pool */

/**
 * struct shown_pool - one that is shown
 *
 * @bucket: by member, bucket_of() it; -1: it has none, or the pool's mode is another
 */
struct shown_pool {
	struct iq_kernel_pool pool;
	int bucket[IPSEC_QOS_POOL_MEMBERS_MAX];
};

/* The rest of a pool that has its id or name; 0 or a negative errno. */
static int read_pool(struct iq_kernel *k, struct shown_pool *shown)
{
	struct iq_kernel_buckets buckets;
	int ret = iq_kernel_pool_get(k, &shown->pool, &buckets);
	size_t i;

	/* what SPIs say is of interest in no other mode */
	for (i = 0; !ret && i < shown->pool.n_members; i++)
		shown->bucket[i] = shown->pool.mode == IPSEC_QOS_POOL_BUCKET ?
				   bucket_of(&buckets, shown->pool.members[i].element) : -1;
	return ret;
}

static json_t *hex_json(uint64_t value, int digits)
{
	char text[FORMAT_MAX];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
	return json_string(text);
}

static json_t *charon_json(int bucket)
{
	struct bucket_conf c;

	if (bucket < 0)
		return json_null();
	c = bucket_conf(bucket);
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "bucket", bucket,
			 "spi_label", hex_json(c.spi_label, 16),
			 "spi_mask", hex_json(c.spi_mask, 16),
			 "spi_min", hex_json(c.spi_min, 8),
			 "spi_max", hex_json(c.spi_max, 8));
}

json_t *pool_json(const struct iq_kernel_pool *p)
{
	json_t *members = json_array();
	size_t i;

	for (i = 0; i < p->n_members; i++)
		json_array_append_new(members, json_pack("{s:o, s:I, s:I, s:I, s:I}",
			"element", name_or_null(&element_names, p->members[i].element),
			"element_id", (json_int_t)p->members[i].element,
			"weight", (json_int_t)p->members[i].weight,
			"home", (json_int_t)p->members[i].home,
			"now", (json_int_t)p->members[i].now));
	return json_pack("{s:s, s:I, s:s, s:I, s:I, s:s, s:o}",
			 "name", p->name, "id", (json_int_t)p->id,
			 "mode", VALUE_NAME(modes, p->mode), "held", (json_int_t)p->held,
			 "lent", (json_int_t)p->lent, "owner", owner_name(p->owner),
			 "members", members);
}

static json_t *shown_json(const void *item)
{
	const struct shown_pool *shown = item;
	json_t *json = pool_json(&shown->pool), *member;
	size_t i;

	json_array_foreach(json_object_get(json, "members"), i, member)
		json_object_set_new(member, "charon", charon_json(shown->bucket[i]));
	return json;
}

void pool_print(const struct iq_kernel_pool *p)
{
	char name[FORMAT_MAX];
	size_t i;

	print_colored(COLOR_NAME, p->name);
	printf(" id %" PRIu32 " mode %s held %" PRIu32 " lent %" PRIu32 " owner %s", p->id,
	       VALUE_NAME(modes, p->mode), p->held, p->lent, owner_name(p->owner));
	for (i = 0; i < p->n_members; i++) {
		printf(" member ");
		print_colored(COLOR_NAME,
			      name_of(&element_names, p->members[i].element, name));
		printf(" weight %" PRIu32 " home %" PRIu32 " now %" PRIu32,
		       p->members[i].weight, p->members[i].home, p->members[i].now);
	}
}

static const struct column columns[] = {
	{ "POOL", .color = COLOR_NAME }, { "ID", true }, { "MODE" }, { "MEMBERS", true },
	{ "HELD", true }, { "LENT", true }, { "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_pool *p = &((struct shown_pool *)arg)[i].pool;

	snprintf(cells[0], CELL_MAX, "%s", p->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, p->id);
	snprintf(cells[2], CELL_MAX, "%s", VALUE_NAME(modes, p->mode));
	snprintf(cells[3], CELL_MAX, "%zu", p->n_members);
	snprintf(cells[4], CELL_MAX, "%" PRIu32, p->held);
	snprintf(cells[5], CELL_MAX, "%" PRIu32, p->lent);
	snprintf(cells[6], CELL_MAX, "%s", owner_name(p->owner));
}

static const struct column member_columns[] = {
	{ "MEMBER", .color = COLOR_NAME }, { "WEIGHT", true }, { "HOME", true },
	{ "NOW", true }, { "SPI_LABEL" }, { "SPI_MASK" }, { "SPI_MIN" }, { "SPI_MAX" },
};

static void member_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct shown_pool *shown = arg;
	const struct iq_kernel_member *m = &shown->pool.members[i];
	struct bucket_conf c;
	int j;

	name_of(&element_names, m->element, cells[0]);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, m->weight);
	snprintf(cells[2], CELL_MAX, "%" PRIu32, m->home);
	snprintf(cells[3], CELL_MAX, "%" PRIu32, m->now);
	if (shown->bucket[i] < 0) {
		for (j = 4; j < 8; j++)
			strcpy(cells[j], "-");
		return;
	}
	c = bucket_conf(shown->bucket[i]);
	snprintf(cells[4], CELL_MAX, "0x%016" PRIx64, c.spi_label);
	snprintf(cells[5], CELL_MAX, "0x%016" PRIx64, c.spi_mask);
	snprintf(cells[6], CELL_MAX, "0x%08" PRIx32, c.spi_min);
	snprintf(cells[7], CELL_MAX, "0x%08" PRIx32, c.spi_max);
}

/* Of all pools, or of the one in the first of @shown; each is then read with its buckets. */
static int read_wanted(struct shown_pool *key, int owner, UT_array *shown)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_pool);
	struct iq_kernel *k = the_kernel();
	int ret;
	size_t i;

	if (!k)
		return STATUS_REFUSED;
	if (key->pool.id || key->pool.name[0]) {
		ret = read_pool(k, key);
		if (!ret && (owner < 0 || key->pool.owner == owner) &&
		    !iq_array_push(shown, key))
			ret = -ENOMEM;
		return ret ? kernel_refused(ret) : STATUS_OK;
	}
	ret = read_pools(k, owner, &list);
	for (i = 0; !ret && i < utarray_len(&list); i++) {
		key->pool = *(struct iq_kernel_pool *)utarray_eltptr(&list, i);
		ret = read_pool(k, key);
		/* one that went meanwhile is not there */
		if (!ret && !iq_array_push(shown, key))
			ret = -ENOMEM;
		ret = ret && ret != -ENOENT ? kernel_refused(ret) : STATUS_OK;
	}
	utarray_done(&list);
	return ret;
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct shown_pool);
	struct shown_pool key = { 0 }, *shown;
	int owner, ret;
	size_t n;

	if ((selects(args) &&
	     next_selector(args, &pool_names, &key.pool.id, key.pool.name)) ||
	    next_owner(args, &owner))
		return STATUS_USAGE;
	ret = read_wanted(&key, owner, &list);
	n = utarray_len(&list);
	if (!ret && options.json) {
		print_array(utarray_front(&list), n, sizeof(key), shown_json);
	} else if (!ret) {
		print_table(columns, ARRAY_SIZE(columns), n, row, utarray_front(&list));
		for (shown = (void *)utarray_front(&list); shown;
		     shown = (void *)utarray_next(&list, shown)) {
			if (!shown->pool.n_members)
				continue;
			putchar('\n');
			if (n > 1)
				printf("pool %s\n", shown->pool.name);
			print_table(member_columns, ARRAY_SIZE(member_columns),
				    shown->pool.n_members, member_row, shown);
		}
	}
	utarray_done(&list);
	return ret;
}

/* Buckets */

static json_t *bucket_json(const struct iq_kernel_buckets *buckets, size_t i)
{
	return json_pack("{s:I, s:o, s:o}", "bucket", (json_int_t)i,
			 "home", name_or_null(&element_names, buckets->home[i]),
			 "now", name_or_null(&element_names, buckets->now[i]));
}

static const struct column bucket_columns[] = {
	{ "BUCKET", true }, { "HOME", .color = COLOR_NAME }, { "NOW", .color = COLOR_NAME },
};

static void bucket_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_buckets *buckets = arg;

	snprintf(cells[0], CELL_MAX, "%zu", i);
	name_of(&element_names, buckets->home[i], cells[1]);
	name_of(&element_names, buckets->now[i], cells[2]);
}

static int show_buckets(struct args *args)
{
	struct iq_kernel_buckets buckets;
	struct iq_kernel_pool p = { 0 };
	struct iq_kernel *k;
	json_t *json;
	size_t i;
	int ret;

	if (next_selector(args, &pool_names, &p.id, p.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_pool_get(k, &p, &buckets);
	if (ret)
		return kernel_refused(ret);
	if (!options.json) {
		print_table(bucket_columns, ARRAY_SIZE(bucket_columns),
			    IPSEC_QOS_BUCKETS, bucket_row, &buckets);
		return STATUS_OK;
	}
	json = json_array();
	for (i = 0; i < IPSEC_QOS_BUCKETS; i++)
		json_array_append_new(json, bucket_json(&buckets, i));
	print_json(json);
	return STATUS_OK;
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change }, { "replace", replace },
	{ "delete", del }, { "release", release }, { "buckets", show_buckets },
};

const struct object pool_object = { .usage = usage, VERBS(verbs) };
