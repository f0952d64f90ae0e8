// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all objects of the command share.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "batch.h"
#include "command.h"

/* A table that never stands still is printed as the last try saw it. */
#define DUMP_TRIES	5

static const struct {
	const char *name;
	const struct object *object;
} objects[] = {
	{ "group",	&group_object },
	{ "sa",		&sa_object },
	{ "ike",	&ike_object },
	{ "profile",	&profile_object },
	{ "class",	&class_object },
	{ "status",	&status_object },
	{ "metrics",	&metrics_object },
	{ "monitor",	&monitor_object },
	{ "daemon",	&daemon_object },
	{ "settings",	&settings_object },
	{ "fallback",	&fallback_object },
	{ "nat",	&nat_object },
	{ "element",	&element_object },
	{ "pool",	&pool_object },
	{ "steer",	&steer_object },
	{ "device",	&device_object },
	{ "chain",	&chain_object },
	{ "service",	&service_object },
	{ "follow",	&follow_object },
	{ "trace",	&trace_object },
	{ "tunnel",	&tunnel_object },
};

static struct iq_kernel *kernel;

static int say(const char *format, va_list list)
{
	fflush(stdout);
	fputs("Error: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	return 0;
}

int usage_error(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(format, list);
	va_end(list);
	return STATUS_USAGE;
}

int bad_value(const char *keyword, const char *value, const char *expected)
{
	return usage_error("argument \"%s\" is wrong: %s takes %s", value,
			   keyword, expected);
}

int refused(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say(format, list);
	va_end(list);
	return STATUS_REFUSED;
}

int kernel_refused(int ret)
{
	const char *why = kernel ? iq_kernel_error(kernel) : "";

	/* the module's own messages begin with its name */
	return refused("%s%s", strncmp(why, "ipsec_qos: ", 11) ? "ipsec_qos: " : "",
		       *why ? why : strerror(-ret));
}

int open_kernel(struct iq_kernel **k)
{
	int ret = kernel ? 0 : iq_kernel_open(&kernel);

	*k = kernel;
	return ret;
}

struct iq_kernel *the_kernel(void)
{
	struct iq_kernel *k;
	int ret = open_kernel(&k);

	if (ret == -ENOENT)
		refused("ipsec_qos: the module is not loaded: modprobe ipsec_qos");
	else if (ret)
		refused("ipsec_qos: cannot reach the module: %s", strerror(-ret));
	return k;
}

void close_kernel(void)
{
	iq_kernel_close(kernel);
	kernel = NULL;
}

int kernel_status(struct iq_status *st)
{
	struct iq_kernel *k = the_kernel();
	int ret;

	if (!k)
		return STATUS_REFUSED;
	ret = iq_kernel_status(k, st);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

const char *next_word(struct args *args)
{
	if (!args->n)
		return NULL;
	args->n--;
	return *args->words++;
}

const char *next_value(struct args *args, const char *keyword)
{
	const char *word = next_word(args);

	if (!word)
		usage_error("the value of %s is missing", keyword);
	return word;
}

int no_more_words(struct args *args)
{
	if (!args->n)
		return STATUS_OK;
	return usage_error("\"%s\" is too much here: expected no more words", *args->words);
}

int wrong_word(const char *word, const char *why, const char *const *keywords, size_t n,
	       unsigned int allowed)
{
	char expected[256];
	const char *sep = "";
	struct text t;
	size_t i;

	text_begin(&t, expected, sizeof(expected));
	for (i = 0; i < n; i++) {
		if (!(allowed & (1U << i)))
			continue;
		text_put(&t, "%s%s", sep, keywords[i]);
		sep = ", ";
	}
	return usage_error("\"%s\" %s: expected %s%s", word, why,
			   strchr(expected, ',') ? "one of " : "", expected);
}

int next_keyword(struct args *args, const char *const *keywords, size_t n,
		 unsigned int *seen, unsigned int *index)
{
	const char *word = next_word(args);
	int i;

	if (!word)
		return 0;
	i = parse_keyword(word, keywords, n, sizeof(*keywords));
	if (i < 0) {
		wrong_word(word, i == -ENOTUNIQ ? "may mean several things here" :
			   "is unknown here", keywords, n, ~0U);
		return -1;
	}
	if (*seen & (1U << i)) {
		usage_error("%s is there twice", keywords[i]);
		return -1;
	}
	*seen |= 1U << i;
	*index = i;
	return 1;
}

static void print_usage(const struct object *object)
{
	size_t i;

	if (object) {
		fputs(object->usage, stdout);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		printf("%s%s", i ? "\n" : "", objects[i].object->usage);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help");
}

int find_verb(const char *word, const struct verb *verbs, size_t n)
{
	int i = parse_keyword(word, verbs, n, sizeof(*verbs));

	/* as ip has them */
	if (i == -EINVAL && (!strcmp(word, "list") || !strcmp(word, "lst") ||
			     !strcmp(word, "ls")))
		i = parse_keyword("show", verbs, n, sizeof(*verbs));
	return i;
}

static int run_verb(const char *name, const struct object *object,
		    struct args *args)
{
	int i = 0;

	if (args->n) {
		const char *word = next_word(args);

		if (is_help(word)) {
			print_usage(object);
			return STATUS_OK;
		}
		i = find_verb(word, object->verbs, object->n_verbs);
		if (i == -ENOTUNIQ)
			return usage_error("\"%s\" may mean several things: try \"%s help\"",
					   word, name);
		if (i < 0)
			return usage_error("%s cannot \"%s\": try \"%s help\"",
					   name, word, name);
	}
	/* "group add help": more words, and it would be a name */
	if (args->n == 1 && is_help(args->words[0])) {
		print_usage(object);
		return STATUS_OK;
	}
	if (!object->verbs[i].gathers && flush_entries() && !options.force)
		return STATUS_OK;	/* the line at fault was blamed */
	args->object = object;
	return object->verbs[i].run(args);
}

int run_command(struct args *args)
{
	const struct object *object;
	const char *word = next_word(args);
	int i;

	if (is_help(word)) {
		print_usage(NULL);
		return STATUS_OK;
	}
	i = parse_keyword(word, objects, ARRAY_SIZE(objects), sizeof(objects[0]));
	if (i == -ENOTUNIQ)
		return usage_error("object \"%s\" may be several: try \"help\"", word);
	if (i < 0)
		return usage_error("object \"%s\" is unknown: try \"help\"", word);
	object = objects[i].object;
	if (object->n_verbs)
		return run_verb(objects[i].name, object, args);
	if (args->n == 1 && is_help(args->words[0])) {
		print_usage(object);
		return STATUS_OK;
	}
	if (flush_entries() && !options.force)
		return STATUS_OK;
	return object->run(args);
}

int print_removed(uint32_t count)
{
	if (options.json)
		print_json(json_pack("{s:I}", "removed", (json_int_t)count));
	else
		printf("%" PRIu32 " removed\n", count);
	return STATUS_OK;
}

int read_spi(const char *value, uint32_t *spi)
{
	char meant[FORMAT_MAX];

	if (!parse_spi(value, spi))
		return STATUS_OK;
	if (guess_spi(value, meant))
		return usage_error("argument \"%s\" is wrong: spi takes " EXPECT_SPI "; did you mean %s?",
				   value, meant);
	return bad_value("spi", value, EXPECT_SPI);
}

int parse_owner(const char *text, int *owner)
{
	if (!strcmp(text, "static"))
		*owner = IPSEC_QOS_OWNER_STATIC;
	else if (!strcmp(text, "daemon"))
		*owner = IPSEC_QOS_OWNER_DAEMON;
	else
		return -EINVAL;
	return 0;
}

const char *owner_name(int owner)
{
	return owner == IPSEC_QOS_OWNER_DAEMON ? "daemon" : "static";
}

int next_owner(struct args *args, int *owner)
{
	static const char *const keywords[] = { "owner" };
	unsigned int seen = 0, i;
	int ret;

	*owner = -1;
	while ((ret = next_keyword(args, keywords, 1, &seen, &i)) > 0) {
		const char *value = next_value(args, "owner");

		if (!value)
			return STATUS_USAGE;
		if (parse_owner(value, owner))
			return bad_value("owner", value, EXPECT_OWNER);
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

const char *format_lifetime(uint32_t seconds, char *buf)
{
	if (seconds)
		snprintf(buf, FORMAT_MAX, "%" PRIu32 "s", seconds);
	else
		snprintf(buf, FORMAT_MAX, "-");
	return buf;
}

int parse_lifetime(const char *text, uint32_t *seconds)
{
	if (!strcmp(text, "none")) {
		*seconds = 0;
		return 0;
	}
	return parse_u32(text, 1, IPSEC_QOS_LIFETIME_MAX, seconds);
}

json_t *count_json(const struct iq_kernel_count *count)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets,
			 "bytes", (json_int_t)count->bytes);
}

const char *format_count(const struct iq_kernel_count *count, char *buf)
{
	char bytes[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX, "%" PRIu64 " / %.20s", count->packets,
		 format_bytes(count->bytes, bytes));
	return buf;
}

bool dump_again(int ret, int *tries)
{
	if (ret != -EINTR)
		return false;
	if (++*tries < DUMP_TRIES)
		return true;
	fputs("The table changed while it was read: what follows may be inconsistent.\n",
	      stderr);
	return false;
}

int read_sorted(struct iq_kernel *k, int owner, UT_array *list,
		int (*dump)(struct iq_kernel *k, int owner, UT_array *list),
		int (*compare)(const void *a, const void *b))
{
	int ret, tries = 0;

	do {
		utarray_clear(list);
		ret = dump(k, owner, list);
	} while (dump_again(ret, &tries));
	if (ret && ret != -EINTR)
		return kernel_refused(ret);
	if (utarray_len(list))
		utarray_sort(list, compare);
	return STATUS_OK;
}
