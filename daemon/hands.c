// SPDX-License-Identifier: GPL-2.0-or-later
#include "hands.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errand.h"
#include "file.h"
#include "lib/value.h"
#include "log.h"

#define FILE_MAX	(1U << 20)	/* bytes that are read: no elements have so many */

/**
 * struct hands - see hands.h
 *
 * @text: what the file has, or is to have
 */
struct hands {
	const struct hands_kind *kind;
	struct errand *errand;
	char *text;
	struct said trouble;
};

static void read_line(const struct hands_kind *kind, const char *line, size_t len, UT_array *to)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	const char *name, *state;
	struct hand hand = {};

	if (json && !json_unpack(json, "{s:s, s:s}", kind->object, &name, "state", &state) &&
	    valid_name(name) && utarray_len(to) < kind->max) {
		snprintf(hand.name, sizeof(hand.name), "%s", name);
		for (hand.state = 1; hand.state < kind->n_words; hand.state++)
			if (!strcmp(state, kind->words[hand.state]))
				break;
		if (hand.state < kind->n_words)
			iq_array_push(to, &hand);
	}
	json_decref(json);
}

static void read_file(const struct hands_kind *kind, const char *path, UT_array *to)
{
	char *text, *line, *end;
	size_t len;

	if (file_read(path, FILE_MAX, kind->what, &text, &len))
		return;
	for (line = text; (end = memchr(line, '\n', text + len - line)); line = end + 1)
		read_line(kind, line, end - line, to);
	free(text);
}

static char *to_text(const struct hands_kind *kind, const UT_array *what)
{
	const struct hand *hand;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (hand = NULL; (hand = (void *)utarray_next((UT_array *)what, hand)); )
		fprintf(out, "{\"%s\":\"%s\",\"state\":\"%s\"}\n", kind->object, hand->name,
			kind->words[hand->state]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int write_file(void *state, void *wanted, char *why, size_t size)
{
	const char *path = state, *text = wanted;
	int err = file_make_folder(path);

	if (!err)
		err = file_replace(path, text, strlen(text));
	if (err)
		snprintf(why, size, "%s: %s", path, strerror(-err));
	return err;
}

static void written(void *arg, int err, const char *why)
{
	struct hands *hands = arg;

	if (!err) {
		log_over(&hands->trouble, "%s is remembered again", hands->kind->what);
		return;
	}
	log_once(&hands->trouble, LOG_WARNING,
		 "%s cannot be remembered beyond this daemon's end: %s", hands->kind->what, why);
	/* so that the same is tried again, with the next word */
	free(hands->text);
	hands->text = NULL;
}

static const struct errand_ops ops = {
	.run = write_file, .free = free, .end = free, .done = written,
};

void hands_remember(struct hands *hands, const UT_array *what)
{
	char *text = to_text(hands->kind, what), *copy = text ? strdup(text) : NULL;

	if (!copy || (hands->text && !strcmp(hands->text, text))) {
		free(text);
		free(copy);
		return;
	}
	free(hands->text);
	hands->text = text;
	errand_want(hands->errand, copy);
}

const char *hands_trouble(const struct hands *hands)
{
	return hands->trouble.text[0] ? hands->trouble.text : NULL;
}

int hands_open(struct hands **out, struct ev_loop *loop, const struct hands_kind *kind,
	       const char *path, UT_array *read)
{
	struct hands *hands = calloc(1, sizeof(*hands));
	char *copy = strdup(path);
	int err = -ENOMEM;

	if (hands && copy)
		err = errand_open(&hands->errand, loop, &ops, copy, hands);
	if (err) {
		free(hands);
		free(copy);
		return err;
	}
	hands->kind = kind;
	read_file(kind, path, read);
	hands->text = to_text(kind, read);
	*out = hands;
	return 0;
}

void hands_close(struct hands *hands)
{
	if (!hands)
		return;
	errand_close(hands->errand);
	free(hands->text);
	free(hands);
}
