/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of elements or devices beyond the daemon's end, such as what somebody
 * said of their states by hand: a file of lines, each one JSON object, that is replaced whole,
 * by a thread:
 *
 *	{"element":"e1","state":"drain"}
 */
#ifndef IPSEC_QOSD_HANDS_H
#define IPSEC_QOSD_HANDS_H

#include <stdint.h>
#include <linux/ipsec_qos.h>

#include <ev.h>

#include "lib/array.h"

/**
 * struct hand - of one of them
 *
 * @state: a number that struct hands_kind has a word for, other than 0
 */
struct hand {
	char name[IPSEC_QOS_NAME_MAX];
	uint8_t state;
};

/**
 * struct hands_kind - of what
 *
 * @object: its name in the file
 * @words: of states, @n_words of them; that of 0 is not remembered
 * @max: so many at most
 * @what: is remembered, for the log: "what is drained or down by hand"
 */
struct hands_kind {
	const char *object;
	const char *const *words;
	size_t n_words;
	size_t max;
	const char *what;
};

struct hands;

/**
 * hands_open() - read what is remembered
 *
 * What cannot be read or written is logged, and does without.
 *
 * @kind: outlives them
 * @path: of the file
 * @read: of struct hand, what was in it
 *
 * Return: 0 or a negative errno.
 */
int hands_open(struct hands **hands, struct ev_loop *loop, const struct hands_kind *kind,
	       const char *path, UT_array *read);

/** hands_remember() - from now on these; never blocks */
void hands_remember(struct hands *hands, const UT_array *what);

/** hands_trouble() - why they are not remembered, NULL: they are */
const char *hands_trouble(const struct hands *hands);

/** hands_close() - write what is left, for a second at most; NULL is fine */
void hands_close(struct hands *hands);

#endif /* IPSEC_QOSD_HANDS_H */
