/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to ipsec-qosd over its feed.
 */
#ifndef IPSEC_QOS_TOOLS_QUERY_H
#define IPSEC_QOS_TOOLS_QUERY_H

#include "command.h"
#include "lib/feed/feed.h"

/**
 * ask_daemon() - send a query and read the answer
 *
 * @arg: what is asked for, or NULL
 * @timeout: in milliseconds, for each step
 * @answer: JSON, to be given back by json_decref()
 * @why: says what went wrong; FORMAT_WHY bytes
 *
 * Return: 0; -ENOENT: the daemon is not running; -ENOMSG: it refused; or
 * another negative errno.
 */
int ask_daemon(enum iq_feed_query query, const char *arg, int timeout,
	       json_t **answer, char *why);
#define FORMAT_WHY	IQ_FEED_WHY_MAX

/**
 * ask_daemon_each() - likewise, where the answer is an array, which is never all in
 * memory
 *
 * @each: called for each of its objects; what it returns, if that is not 0, ends it
 */
int ask_daemon_each(enum iq_feed_query query, int timeout,
		    int (*each)(const json_t *item, void *arg), void *arg, char *why);

/** query() - as ask_daemon(), with time, and errors printed; returns a STATUS_ */
int query(enum iq_feed_query query, const char *arg, json_t **answer);

/** ask_tunnel() - have charon initiate, and read the answer; likewise */
int ask_tunnel(const struct iq_feed_initiate *what, json_t **answer);

/** print_answer() - as JSON or by @print, and give it back */
void print_answer(json_t *answer, void (*print)(json_t *answer));

/** show_answer() - query(), and what it says as JSON or by @print; a STATUS_ */
int show_answer(enum iq_feed_query question, const char *arg,
		void (*print)(json_t *answer));

/*
 * Reading answers: a member's text, "-" where it is null or not there, and its
 * number and truth, 0 and false likewise.
 */
const char *member_text(const json_t *object, const char *name);
uint64_t member_number(const json_t *object, const char *name);
bool member_true(const json_t *object, const char *name);

/** format_member_mark() - of the members "mark" and "mask"; "-" where null */
const char *format_member_mark(const json_t *object, char *buf);

#endif /* IPSEC_QOS_TOOLS_QUERY_H */
