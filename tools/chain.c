// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos chain: through which devices, and in which order.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "device.h"
#include "lib/text.h"

static const char usage[] =
"Usage: ipsec-qos chain { add | replace } NAME id N THROUGH\n"
"       ipsec-qos chain change CHAIN [ name NAME ] [ THROUGH ]\n"
"       ipsec-qos chain del CHAIN\n"
"       ipsec-qos chain show [ CHAIN ] [ owner { static | daemon } ]\n"
"CHAIN, DEVICE := { [ name ] NAME | id N }\n"
"THROUGH := { through DEVICE [ through DEVICE ]... | through NAME[,NAME]... }\n";

static int ask(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX])
{
	struct iq_kernel_chain c = { .id = *id };
	int ret;

	strcpy(c.name, name);
	ret = iq_kernel_chain_get(k, &c);
	*id = c.id;
	strcpy(name, c.name);
	return ret;
}

struct names chain_names = {
	.what = "chain", .id_max = IPSEC_QOS_CHAIN_ID_MAX, .ask = ask,
};

static int collect(const struct iq_kernel_chain *c, void *arg)
{
	return iq_array_push(arg, c) ? 0 : -ENOMEM;
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_chain *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int dump(struct iq_kernel *k, int owner, UT_array *list)
{
	return iq_kernel_chain_dump(k, owner, collect, list);
}

int read_chains(struct iq_kernel *k, int owner, UT_array *list)
{
	return read_sorted(k, owner, list, dump, compare_id);
}

/* What is said of a chain */

enum { KEY_ID, KEY_THROUGH, KEY_NAME };

static const char *const settings[] = {
	[KEY_ID] = "id", [KEY_THROUGH] = "through", [KEY_NAME] = "name",
};

#define SEEN(x)		(1U << (x))

/* One more step, which the words name. */
static int next_step(struct args *args, struct iq_kernel_chain *c)
{
	if (c->n_steps == IPSEC_QOS_CHAIN_STEPS_MAX)
		return usage_error("a chain goes through at most " DIGITS(IPSEC_QOS_CHAIN_STEPS_MAX) " devices");
	return next_id(args, &device_names, &c->steps[c->n_steps++]);
}

/* One device, or some with commas between. */
static int next_through(struct args *args, struct iq_kernel_chain *c)
{
	char list[IPSEC_QOS_CHAIN_STEPS_MAX * (IPSEC_QOS_NAME_MAX + 1)];
	char *word = list, *comma;
	int ret;

	if (!args->n || !strchr(args->words[0], ','))
		return next_step(args, c);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): snprintf() ends it */
	if (snprintf(list, sizeof(list), "%s", next_word(args)) >= (int)sizeof(list))
		return usage_error("a chain goes through at most " DIGITS(IPSEC_QOS_CHAIN_STEPS_MAX) " devices");
	do {
		struct args one = { .words = &word, .n = 1 };

		comma = strchr(word, ',');
		if (comma)
			*comma = '\0';
		ret = next_step(&one, c);
		word = list + (comma ? comma + 1 - list : 0);
	} while (!ret && comma);
	return ret;
}

/* Take settings of a chain, but for @without; *@seen says which were there. */
static int next_settings(struct args *args, struct iq_kernel_chain *c, unsigned int without,
			 unsigned int *seen)
{
	bool began = false;
	unsigned int i;
	int ret;

	*seen = 0;
	while ((ret = next_keyword(args, settings, ARRAY_SIZE(settings), seen, &i)) > 0) {
		const char *value;
		int status = STATUS_OK;

		if (i == without)
			return wrong_word(settings[i], "does not belong here", settings,
					  ARRAY_SIZE(settings), ~SEEN(without));
		if (i == KEY_THROUGH) {
			if (!began)
				c->n_steps = 0;
			began = true;
			status = next_through(args, c);
			/* as many as there are devices */
			*seen &= ~SEEN(KEY_THROUGH);
		} else {
			value = next_value(args, settings[i]);
			if (!value)
				return STATUS_USAGE;
			if (i == KEY_NAME)
				status = set_name(c->name, value);
			else if (parse_u32(value, 1, IPSEC_QOS_CHAIN_ID_MAX, &c->id))
				status = bad_value("id", value,
						   "1 to " DIGITS(IPSEC_QOS_CHAIN_ID_MAX));
		}
		if (status)
			return status;
	}
	*seen |= began ? SEEN(KEY_THROUGH) : 0;
	return ret ? STATUS_USAGE : STATUS_OK;
}

static int state_chain(struct iq_kernel *k, const struct iq_kernel_chain *c, int owner,
		       int nlflags)
{
	int ret = iq_kernel_chain_new(k, c, 1, owner, nlflags);

	names_changed(&chain_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int new_chain(struct args *args, int nlflags)
{
	struct iq_kernel_chain c = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_name(args, &chain_names, c.name))
		return STATUS_USAGE;
	ret = next_settings(args, &c, KEY_NAME, &seen);
	if (ret)
		return ret;
	if (!c.id)
		return usage_error("the chain's id is missing: id N");
	if (!c.n_steps)
		return usage_error("what chain \"%s\" goes through is missing: through DEVICE",
				   c.name);
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	return state_chain(k, &c, IPSEC_QOS_OWNER_STATIC, nlflags);
}

static int add(struct args *args)
{
	return new_chain(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int replace(struct args *args)
{
	return new_chain(args, NLM_F_CREATE | NLM_F_REPLACE);
}

static int change(struct args *args)
{
	struct iq_kernel_chain c = { 0 }, said = { 0 };
	struct iq_kernel *k;
	unsigned int seen;
	int ret;

	if (next_selector(args, &chain_names, &c.id, c.name))
		return STATUS_USAGE;
	ret = next_settings(args, &said, KEY_ID, &seen);
	if (ret)
		return ret;
	if (!seen)
		return usage_error("what is to change is missing: name or through");
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_chain_get(k, &c);
	if (ret)
		return kernel_refused(ret);
	said.id = c.id;
	return state_chain(k, &said, c.owner, NLM_F_REPLACE);
}

static int del(struct args *args)
{
	struct iq_kernel_chain c = { 0 };
	struct iq_kernel *k;
	int ret;

	if (next_selector(args, &chain_names, &c.id, c.name) || no_more_words(args))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_chain_del(k, &c, 1);
	names_changed(&chain_names);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/* What is shown of one */

static const char *format_through(const struct iq_kernel_chain *c, char buf[CELL_MAX])
{
	char name[FORMAT_MAX];
	struct text t;
	size_t i;

	text_begin(&t, buf, CELL_MAX);
	for (i = 0; i < c->n_steps; i++)
		text_put(&t, "%s%s", i ? "," : "", name_of(&device_names, c->steps[i], name));
	return buf;
}

json_t *chain_json(const void *item)
{
	const struct iq_kernel_chain *c = item;
	json_t *through = json_array();
	size_t i;

	for (i = 0; i < c->n_steps; i++)
		json_array_append_new(through, name_or_null(&device_names, c->steps[i]));
	return json_pack("{s:s, s:I, s:o, s:I, s:s}", "name", c->name,
			 "id", (json_int_t)c->id, "through", through,
			 "services", (json_int_t)c->services, "owner", owner_name(c->owner));
}

void chain_print(const struct iq_kernel_chain *c)
{
	char text[CELL_MAX];

	print_colored(COLOR_NAME, c->name);
	printf(" id %" PRIu32 " through ", c->id);
	print_colored(COLOR_NAME, format_through(c, text));
	printf(" owner %s", owner_name(c->owner));
}

static const struct column columns[] = {
	{ "CHAIN", .color = COLOR_NAME }, { "ID", true },
	{ "THROUGH", .color = COLOR_NAME }, { "SERVICES", true }, { "OWNER" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_chain *c = (struct iq_kernel_chain *)arg + i;

	snprintf(cells[0], CELL_MAX, "%s", c->name);
	snprintf(cells[1], CELL_MAX, "%" PRIu32, c->id);
	format_through(c, cells[2]);
	snprintf(cells[3], CELL_MAX, "%" PRIu32, c->services);
	snprintf(cells[4], CELL_MAX, "%s", owner_name(c->owner));
}

static int show(struct args *args)
{
	UT_array list = IQ_ARRAY(struct iq_kernel_chain);
	struct iq_kernel_chain key = { 0 };
	struct iq_kernel *k;
	int owner, ret;

	if ((selects(args) && next_selector(args, &chain_names, &key.id, key.name)) ||
	    next_owner(args, &owner))
		return STATUS_USAGE;
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	if (key.id || key.name[0]) {
		ret = iq_kernel_chain_get(k, &key);
		if (!ret && (owner < 0 || key.owner == owner))
			ret = collect(&key, &list);
		ret = ret ? kernel_refused(ret) : STATUS_OK;
	} else {
		ret = read_chains(k, owner, &list);
	}
	if (!ret && options.json)
		print_array(utarray_front(&list), utarray_len(&list), sizeof(key), chain_json);
	else if (!ret)
		print_table(columns, ARRAY_SIZE(columns), utarray_len(&list), row,
			    utarray_front(&list));
	utarray_done(&list);
	return ret;
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change }, { "replace", replace },
	{ "delete", del },
};

const struct object chain_object = { .usage = usage, VERBS(verbs) };
