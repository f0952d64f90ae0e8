/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown of groups and classes, in which order, and again and again.
 */
#ifndef IPSEC_QOS_TOOLS_TOP_H
#define IPSEC_QOS_TOOLS_TOP_H

#include "command.h"
#include "rank.h"

/**
 * struct choice - what is to be shown, and how
 *
 * @owner: of groups; -1: of both
 * @match: a pattern of the shell's, for names and identities; NULL: all
 * @sorted: there was a key
 * @limit: how many at most; 0: all
 * @count: how often; 0: until interrupted
 * @interval: seconds from one time to the next
 */
struct choice {
	int owner;
	const char *match;
	bool sorted;
	enum rank_key sort;
	uint32_t limit;
	uint32_t count;
	uint32_t interval;
};

#define RATE_INTERVAL	1	/* seconds, where "show" is to say a rate */

/* Which words there may be: next_choice()'s */
#define CHOICE_OWNER	(1U << 0)
#define CHOICE_TOP	(1U << 1)	/* count and interval */

/**
 * next_choice() - take match, sort and limit, and what @which says, and nothing else
 *
 * Return: STATUS_OK, or STATUS_USAGE having said what is wrong.
 */
int next_choice(struct args *args, unsigned int which, struct choice *choice);

/**
 * chosen() - does a name fit choice->match, or what the peer is known by?
 *
 * @identity: that, of which case does not count; NULL: not known
 */
bool chosen(const struct choice *choice, const char *name, const char *identity);

/**
 * how_many() - of @n are shown
 *
 * @lines: of the screen, of which two are headings; 0: there is none
 */
size_t how_many(const struct choice *choice, size_t n, size_t lines);

/**
 * struct top - what is shown again and again
 *
 * @read: the counters, anew; the ones before are kept. A STATUS_
 * @show: what became of them in @seconds, of which there is room for @lines on the
 *	screen, headings among them; 0: for all. A STATUS_
 * @stays: on a terminal, too, it is not to be taken the place of
 */
struct top {
	int (*read)(void *arg);
	int (*show)(double seconds, size_t lines, void *arg);
	void *arg;
	bool stays;
};

/**
 * run_top() - read, wait, read again and show, as often as was chosen
 *
 * On a terminal each takes the place of the one before; elsewhere an empty line is
 * between them, or in JSON nothing.
 *
 * Return: a STATUS_.
 */
int run_top(const struct choice *choice, const struct top *top);

#endif /* IPSEC_QOS_TOOLS_TOP_H */
