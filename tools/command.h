/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all objects of the command share: options, arguments, errors, the
 * socket to the module.
 */
#ifndef IPSEC_QOS_TOOLS_COMMAND_H
#define IPSEC_QOS_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#include "lib/array.h"
#include "lib/kernel/count.h"
#include "lib/kernel/socket.h"
#include "lib/kernel/status.h"
#include "parse.h"
#include "print.h"

/* Exit status, as ip's. */
#define STATUS_OK	0
#define STATUS_USAGE	1	/* the command line is wrong */
#define STATUS_REFUSED	2	/* kernel or daemon refused, or is not there */
#define STATUS_NONE	3	/* profile test: no profile fits */

/**
 * struct options - of the command line
 *
 * @socket: the daemon's
 */
struct options {
	bool json;
	bool timestamp;
	bool force;
	const char *socket;
};

extern struct options options;

struct object;

/**
 * struct args - the words that are still to be read
 *
 * @object: what they are of, in a verb's hands
 */
struct args {
	char **words;
	int n;
	const struct object *object;
};

/**
 * struct verb - what an object can be told
 *
 * @name: may be abbreviated, "delete" to "del"
 * @run: with the words behind the verb; returns a STATUS_
 * @gathers: it does its work by send_entry()
 */
struct verb {
	const char *name;
	int (*run)(struct args *args);
	bool gathers;
};

/**
 * struct object - what the first word of a command names; objects[] of
 * command.c has the names
 *
 * @usage: the text of its help
 * @verbs: the first one is what is done where none is given
 * @n_verbs: 0: it has none, @run takes all words
 * @entries: of which of the module's tables it is, where it is of one (entry.h)
 */
struct object {
	const char *usage;
	const struct entry_type *entries;
	const struct verb *verbs;
	size_t n_verbs;
	int (*run)(struct args *args);
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
/* What a value of an enum is called, where a newer module may have others. */
#define VALUE_NAME(names, i)	((i) < ARRAY_SIZE(names) ? (names)[i] : "?")
#define VERBS(v)	.verbs = (v), .n_verbs = ARRAY_SIZE(v)

extern const struct object group_object, sa_object, ike_object, profile_object,
			   class_object, status_object, monitor_object,
			   daemon_object, settings_object, fallback_object,
			   nat_object, follow_object, trace_object,
			   tunnel_object, metrics_object, element_object,
			   pool_object, steer_object, device_object,
			   chain_object, service_object;

/**
 * find_verb() - which of @n verbs does a word name, which may abbreviate one? "list"
 * is "show".
 *
 * Return: as parse_keyword()'s.
 */
int find_verb(const char *word, const struct verb *verbs, size_t n);

/** run_command() - OBJECT VERB …; returns a STATUS_ */
int run_command(struct args *args);

/** next_word() - take the next word; NULL: there is none */
const char *next_word(struct args *args);

/**
 * wrong_word() - that @word is not what is expected, as @why says
 *
 * @keywords: @n of them, of which those are expected whose bits are in @allowed
 *
 * Return: STATUS_USAGE.
 */
int wrong_word(const char *word, const char *why, const char *const *keywords, size_t n,
	       unsigned int allowed);

/**
 * next_keyword() - take the next word, which abbreviates one of @keywords
 *
 * @seen: which were there before; a keyword may stand once
 *
 * Return: 1 and *@index, 0 at the end, or -1, having said what is wrong.
 */
int next_keyword(struct args *args, const char *const *keywords, size_t n,
		 unsigned int *seen, unsigned int *index);

/**
 * next_value() - take the word behind a keyword
 *
 * Return: NULL where it is not there, having said so.
 */
const char *next_value(struct args *args, const char *keyword);

/** no_more_words() - STATUS_OK, or STATUS_USAGE having named what is too much */
int no_more_words(struct args *args);

/* All print "Error: …" and return the STATUS_ that belongs to it. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int bad_value(const char *keyword, const char *value, const char *expected);
int refused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** kernel_refused() - say why an iq_kernel_ call returned @ret */
int kernel_refused(int ret);

/**
 * the_kernel() - the socket to the module, opened when it is first asked for
 *
 * Return: NULL where it cannot be, having said why.
 */
struct iq_kernel *the_kernel(void);

/** open_kernel() - likewise; 0, or iq_kernel_open()'s error, of which nothing is said */
int open_kernel(struct iq_kernel **k);
void close_kernel(void);

/** kernel_status() - iq_kernel_status(), with errors printed; a STATUS_ */
int kernel_status(struct iq_status *st);

/** print_removed() - how many entries went; STATUS_OK */
int print_removed(uint32_t count);

/** read_spi() - what stands behind the keyword spi, with errors printed; a STATUS_ */
int read_spi(const char *value, uint32_t *spi);

/** parse_owner() - "static" or "daemon" */
int parse_owner(const char *text, int *owner);
#define EXPECT_OWNER "static or daemon"
const char *owner_name(int owner);

/** next_owner() - take [ owner OWNER ], and nothing else; -1 where it is not there */
int next_owner(struct args *args, int *owner);

/** format_lifetime() - what is left; 0: "-" */
const char *format_lifetime(uint32_t seconds, char *buf);

/** parse_lifetime() - seconds, or "none": 0 */
int parse_lifetime(const char *text, uint32_t *seconds);
#define EXPECT_LIFETIME	"1 to " DIGITS(IPSEC_QOS_LIFETIME_MAX) " seconds, or none"

/** count_json() - {"packets": …, "bytes": …} */
json_t *count_json(const struct iq_kernel_count *count);

/** format_count() - "12 / 3.4 KiB" */
const char *format_count(const struct iq_kernel_count *count, char *buf);

/** dump_again() - was a dump interrupted, and is it worth another try? */
bool dump_again(int ret, int *tries);

/**
 * read_sorted() - what the kernel has of a kind, in order; what went wrong was said
 *
 * @owner: enum ipsec_qos_owner, -1: whoever's
 * @list: is emptied first, and whenever a dump has to begin anew
 * @dump: appends all to @list; 0, or what the kernel said
 * @compare: as of qsort()
 */
int read_sorted(struct iq_kernel *k, int owner, UT_array *list,
		int (*dump)(struct iq_kernel *k, int owner, UT_array *list),
		int (*compare)(const void *a, const void *b));

#endif /* IPSEC_QOS_TOOLS_COMMAND_H */
