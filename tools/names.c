// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects of the module by name.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "names.h"

/* What is known of an object: which name and which id belong together. */
struct known_name {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	UT_hash_handle by_id;
	UT_hash_handle by_name;
};

static void forget(struct names *names, struct known_name *known)
{
	if (!known)
		return;
	/* where memory ran out, it is in one of them or in none */
	if (known->by_id.tbl)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in there */
		HASH_DELETE(by_id, names->by_id, known);
	if (known->by_name.tbl)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): likewise */
		HASH_DELETE(by_name, names->by_name, known);
	free(known);
}

void names_changed(struct names *names)
{
	while (names->by_id)
		forget(names, names->by_id);
}

static struct known_name *find_id(const struct names *names, uint32_t id)
{
	struct known_name *known;

	HASH_FIND(by_id, names->by_id, &id, sizeof(id), known);
	return known;
}

static struct known_name *find_name(const struct names *names, const char *name)
{
	struct known_name *known;

	HASH_FIND(by_name, names->by_name, name, strlen(name), known);
	return known;
}

/*
 * Asked of the kernel by itself: whoever adds groups and SAs in turn would have
 * all groups dumped for each.
 */
static int learn(struct names *names, uint32_t *id, char *name)
{
	struct iq_kernel *k = the_kernel();
	struct known_name *known;
	int ret;

	if (!k)
		return -ENODEV;
	ret = names->ask(k, id, name);
	if (ret)
		return ret;
	/* by hand or by the daemon, names may have moved to other ids since */
	forget(names, find_id(names, *id));
	forget(names, find_name(names, name));
	known = malloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->id = *id;
	strcpy(known->name, name);
	HASH_ADD(by_id, names->by_id, id, sizeof(known->id), known);
	HASH_ADD(by_name, names->by_name, name, strlen(known->name), known);
	if (known->by_id.tbl && known->by_name.tbl)
		return 0;
	forget(names, known);
	return -ENOMEM;
}

const char *name_of(struct names *names, uint32_t id, char *buf)
{
	const struct known_name *known = find_id(names, id);
	char name[IPSEC_QOS_NAME_MAX] = "";
	uint32_t asked = id;

	if (!id)
		snprintf(buf, FORMAT_MAX, "-");
	else if (known)
		snprintf(buf, FORMAT_MAX, "%s", known->name);
	else if (!learn(names, &asked, name))
		snprintf(buf, FORMAT_MAX, "%s", name);
	else
		snprintf(buf, FORMAT_MAX, "id %" PRIu32, id);
	return buf;
}

json_t *name_or_null(struct names *names, uint32_t id)
{
	char name[FORMAT_MAX];

	return id ? json_string(name_of(names, id, name)) : json_null();
}

int set_name(char name[IPSEC_QOS_NAME_MAX], const char *text)
{
	if (!valid_name(text))
		return bad_value("name", text, EXPECT_NAME);
	snprintf(name, IPSEC_QOS_NAME_MAX, "%s", text);
	return STATUS_OK;
}

int next_name(struct args *args, const struct names *names, char name[IPSEC_QOS_NAME_MAX])
{
	const char *word = next_word(args);

	/* "name NAME": settings come in pairs, so the words left are odd */
	if (word && !strcmp(word, "name") && args->n && args->n % 2)
		word = next_word(args);
	if (!word)
		return usage_error("the %s's name is missing: name NAME", names->what);
	return set_name(name, word);
}

int next_selector(struct args *args, const struct names *names, uint32_t *id,
		  char name[IPSEC_QOS_NAME_MAX])
{
	const char *word = next_word(args);
	char expected[32];

	*id = 0;
	*name = '\0';
	if (!word)
		return usage_error("the %s is missing: its name, or id N", names->what);
	if (args->n && !strcmp(word, "id")) {
		word = next_word(args);
		snprintf(expected, sizeof(expected), "1 to %" PRIu32, names->id_max);
		if (parse_u32(word, 1, names->id_max, id))
			return bad_value("id", word, expected);
		return STATUS_OK;
	}
	if (args->n && !strcmp(word, "name"))
		word = next_word(args);
	return set_name(name, word);
}

bool selects(const struct args *args)
{
	return args->n % 2 || (args->n && (!strcmp(args->words[0], "id") ||
					   !strcmp(args->words[0], "name")));
}

int next_id(struct args *args, struct names *names, uint32_t *id)
{
	char name[IPSEC_QOS_NAME_MAX];
	const struct known_name *known;
	int ret = next_selector(args, names, id, name);

	if (ret || *id)
		return ret;
	known = find_name(names, name);
	if (known) {
		*id = known->id;
		return STATUS_OK;
	}
	if (!the_kernel())
		return STATUS_REFUSED;
	ret = learn(names, id, name);
	if (ret == -ENOENT)
		return refused("ipsec_qos: there is no %s \"%s\"", names->what, name);
	return ret ? kernel_refused(ret) : STATUS_OK;
}
