// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is shown of groups and classes, in which order, and again and again.
 */
#define _GNU_SOURCE	/* FNM_CASEFOLD */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

#define INTERVAL	2	/* seconds, unless given */
#define INTERVAL_MAX	3600
#define LINES		24	/* of a terminal that does not say */

enum { KEY_MATCH, KEY_SORT, KEY_LIMIT, KEY_OWNER, KEY_COUNT, KEY_INTERVAL, KEYS };

static const char *const keywords[KEYS] = {
	[KEY_MATCH] = "match", [KEY_SORT] = "sort", [KEY_LIMIT] = "limit",
	[KEY_OWNER] = "owner", [KEY_COUNT] = "count", [KEY_INTERVAL] = "interval",
};

static const char *const expected[KEYS] = {
	[KEY_MATCH] = "a pattern", [KEY_SORT] = EXPECT_RANK,
	[KEY_LIMIT] = "1 to 4294967295", [KEY_OWNER] = EXPECT_OWNER,
	[KEY_COUNT] = "1 to 4294967295",
	[KEY_INTERVAL] = "1 to 3600 seconds",
};

static int read_value(unsigned int key, const char *value, struct choice *choice)
{
	int i;

	switch (key) {
	case KEY_MATCH:
		choice->match = value;
		return 0;
	case KEY_SORT:
		i = parse_keyword(value, rank_keys, RANK_KEYS, sizeof(*rank_keys));
		choice->sorted = true;
		choice->sort = i < 0 ? RANK_NAME : i;
		return i < 0 ? i : 0;
	case KEY_LIMIT:
		return parse_u32(value, 1, UINT32_MAX, &choice->limit);
	case KEY_OWNER:
		return parse_owner(value, &choice->owner);
	case KEY_COUNT:
		return parse_u32(value, 1, UINT32_MAX, &choice->count);
	default:
		return parse_u32(value, 1, INTERVAL_MAX, &choice->interval);
	}
}

int next_choice(struct args *args, unsigned int which, struct choice *choice)
{
	const char *words[KEYS];
	unsigned int key[KEYS], seen = 0, i, n = 0;
	int ret;

	*choice = (struct choice){ .owner = -1, .interval = INTERVAL };
	for (i = 0; i < KEYS; i++) {
		if ((i == KEY_OWNER && !(which & CHOICE_OWNER)) ||
		    (i > KEY_OWNER && !(which & CHOICE_TOP)))
			continue;
		words[n] = keywords[i];
		key[n++] = i;
	}
	while ((ret = next_keyword(args, words, n, &seen, &i)) > 0) {
		const char *value = next_value(args, words[i]);

		if (!value)
			return STATUS_USAGE;
		if (read_value(key[i], value, choice))
			return bad_value(words[i], value, expected[key[i]]);
	}
	return ret ? STATUS_USAGE : STATUS_OK;
}

bool chosen(const struct choice *choice, const char *name, const char *identity)
{
	return !choice->match || !fnmatch(choice->match, name, 0) ||
	       (identity && !fnmatch(choice->match, identity, FNM_CASEFOLD));
}

size_t how_many(const struct choice *choice, size_t n, size_t lines)
{
	if (choice->limit && choice->limit < n)
		n = choice->limit;
	if (lines && lines < n + 2)
		n = lines > 2 ? lines - 2 : 0;
	return n;
}

static size_t screen_lines(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return LINES;
	return size.ws_row;
}

/*
 * A line that is longer than the screen is wide is cut off there, and does not push
 * others out.
 */
static int show_on_screen(const struct top *top, double seconds)
{
	int ret;

	fputs("\033[?7l\033[H\033[J", stdout);
	ret = top->show(seconds, screen_lines() - 1, top->arg);
	fputs("\033[?7h", stdout);
	return ret;
}

static bool is_screen(void)
{
	const char *term = getenv("TERM");

	return !options.json && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
	return to->tv_sec - from->tv_sec + (to->tv_nsec - from->tv_nsec) / 1e9;
}

/* Until @interval after *@next; what was missed, as the machine slept, is left out. */
static void wait_until(struct timespec *next, uint32_t interval)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_between(next, &now) > interval)
		*next = now;
	next->tv_sec += interval;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) == EINTR)
		;
}

int run_top(const struct choice *choice, const struct top *top)
{
	bool screen = !top->stays && is_screen();
	struct timespec next, before, now;
	double seconds;
	uint32_t n;
	int ret;

	ret = top->read(top->arg);
	clock_gettime(CLOCK_MONOTONIC, &before);
	next = before;
	for (n = 0; !ret && (!choice->count || n < choice->count); n++) {
		wait_until(&next, choice->interval);
		ret = top->read(top->arg);
		if (ret)
			break;
		clock_gettime(CLOCK_MONOTONIC, &now);
		seconds = seconds_between(&before, &now);
		before = now;
		if (n && !screen && !options.json)
			putchar('\n');
		ret = screen ? show_on_screen(top, seconds) :
			       top->show(seconds, 0, top->arg);
		if (fflush(stdout))
			break;	/* main() says why */
	}
	return ret;
}
