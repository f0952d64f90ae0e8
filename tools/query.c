// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions to ipsec-qosd over its feed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "items.h"
#include "query.h"

/* A reload may have many SAs to move. */
#define PATIENCE	10000	/* milliseconds */
#define ANSWER_MAX	(256U << 20)

/* Hand on the pieces of an answer as they come. */
static int feed_answer(struct feed *f,
		       int (*take)(struct feed *f, const char *piece, void *arg),
		       void *arg)
{
	struct iq_feed msg;
	int ret;

	do {
		ret = feed_receive(f, IQ_FEED_ANSWER, &msg);
		if (!ret)
			ret = take(f, msg.answer.text, arg);
	} while (!ret && msg.flags & NLM_F_MULTI);
	return ret;
}

/**
 * struct whole - an answer that is put together
 */
struct whole {
	char *text;
	size_t len;
};

static int take_whole(struct feed *f, const char *piece, void *arg)
{
	struct whole *whole = arg;
	size_t more = strlen(piece);
	char *longer;

	longer = whole->len + more < ANSWER_MAX ?
		 realloc(whole->text, whole->len + more + 1) : NULL;
	if (!longer)
		return feed_failed(f, -ENOMEM, "the daemon's answer");
	whole->text = longer;
	memcpy(longer + whole->len, piece, more + 1);
	whole->len += more;
	return 0;
}

/**
 * struct each - an answer that is an array, and who is given its objects
 */
struct each {
	struct items items;
	int (*each)(const json_t *item, void *arg);
	void *arg;
};

static int take_each(struct feed *f, const char *piece, void *arg)
{
	struct each *each = arg;
	int ret = items_take(&each->items, piece, each->each, each->arg);

	return ret ? feed_failed(f, ret, "the daemon's answer") : 0;
}

static int converse(struct feed *f, struct iq_feed *question, int timeout,
		    int (*take)(struct feed *f, const char *piece, void *arg),
		    void *arg)
{
	int ret;

	ret = feed_open(f, timeout);
	if (!ret)
		ret = feed_send(f, question);
	if (!ret)
		ret = feed_answer(f, take, arg);
	feed_close(f);
	return ret;
}

static int ask_whole(struct iq_feed *question, int timeout, json_t **answer, char *why)
{
	struct feed f = { .why = why };
	struct whole whole = { 0 };
	json_error_t error;
	int ret;

	*answer = NULL;
	ret = converse(&f, question, timeout, take_whole, &whole);
	if (!ret) {
		*answer = json_loadb(whole.text, whole.len, JSON_DECODE_ANY, &error);
		if (!*answer) {
			snprintf(why, FORMAT_WHY,
				 "the daemon's answer is no JSON: %s", error.text);
			ret = -EBADMSG;
		}
	}
	free(whole.text);
	return ret;
}

int ask_daemon(enum iq_feed_query query, const char *arg, int timeout,
	       json_t **answer, char *why)
{
	struct iq_feed msg = {
		.type = IQ_FEED_QUERY,
		.query = { .query = query, .arg = arg },
	};

	return ask_whole(&msg, timeout, answer, why);
}

int ask_daemon_each(enum iq_feed_query query, int timeout,
		    int (*each)(const json_t *item, void *arg), void *arg, char *why)
{
	struct iq_feed msg = {
		.type = IQ_FEED_QUERY,
		.query = { .query = query },
	};
	struct each items = { .each = each, .arg = arg };
	struct feed f = { .why = why };
	int ret;

	ret = converse(&f, &msg, timeout, take_each, &items);
	if (!ret && items_end(&items.items))
		ret = feed_failed(&f, -EBADMSG, "the daemon's answer");
	return ret;
}

int ask_tunnel(const struct iq_feed_initiate *what, json_t **answer)
{
	struct iq_feed msg = { .type = IQ_FEED_INITIATE, .initiate = *what };
	char why[FORMAT_WHY];

	/* the daemon says it when the time is over */
	if (ask_whole(&msg, what->timeout + PATIENCE, answer, why))
		return refused("ipsec-qosd: %s", why);
	return STATUS_OK;
}

int query(enum iq_feed_query query, const char *arg, json_t **answer)
{
	char why[FORMAT_WHY];

	if (ask_daemon(query, arg, PATIENCE, answer, why))
		return refused("ipsec-qosd: %s", why);
	return STATUS_OK;
}

void print_answer(json_t *answer, void (*print)(json_t *answer))
{
	if (options.json) {
		print_json(answer);
	} else {
		print(answer);
		json_decref(answer);
	}
}

int show_answer(enum iq_feed_query question, const char *arg,
		void (*print)(json_t *answer))
{
	json_t *answer;
	int status = query(question, arg, &answer);

	if (!status)
		print_answer(answer, print);
	return status;
}

const char *member_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

uint64_t member_number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

bool member_true(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

const char *format_member_mark(const json_t *object, char *buf)
{
	if (json_is_integer(json_object_get(object, "mark")))
		return format_mark(member_number(object, "mark"),
				   member_number(object, "mask"), buf);
	snprintf(buf, FORMAT_MAX, "-");
	return buf;
}
