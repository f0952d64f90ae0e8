// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf() */
#include "feed/events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct events - see events.h
 *
 * @listeners: how many
 * @first: the number of the oldest that is kept; @end: behind the latest
 * @bytes: of those that are kept
 * @kept: each at its number modulo EVENTS_MAX; NULL: there was no memory for it
 */
struct events {
	unsigned int listeners;
	uint64_t first;
	uint64_t end;
	size_t bytes;
	char **kept;
};

static char **slot(const struct events *events, uint64_t number)
{
	return &events->kept[number % EVENTS_MAX];
}

static void forget_first(struct events *events)
{
	char **text = slot(events, events->first++);

	if (*text)
		events->bytes -= strlen(*text);
	free(*text);
	*text = NULL;
}

struct events *events_new(void)
{
	return calloc(1, sizeof(struct events));
}

void events_free(struct events *events)
{
	if (!events)
		return;
	while (events->first < events->end)
		forget_first(events);
	free(events->kept);
	free(events);
}

int events_listen(struct events *events, uint64_t *next)
{
	if (events->listeners == EVENTS_LISTENERS)
		return -EBUSY;
	if (!events->kept)
		events->kept = calloc(EVENTS_MAX, sizeof(*events->kept));
	if (!events->kept)
		return -ENOMEM;
	events->listeners++;
	*next = events->end;
	return 0;
}

void events_leave(struct events *events)
{
	if (--events->listeners)
		return;
	while (events->first < events->end)
		forget_first(events);
	free(events->kept);
	events->kept = NULL;
}

bool events_listened(const struct events *events)
{
	return events->listeners;
}

void events_add(struct events *events, char *text)
{
	if (events->end - events->first == EVENTS_MAX)
		forget_first(events);
	*slot(events, events->end++) = text;
	events->bytes += text ? strlen(text) : 0;
	while (events->bytes > EVENTS_BYTES)
		forget_first(events);
}

bool events_more(const struct events *events, uint64_t next)
{
	return next < events->end;
}

static int missed(uint64_t n, char **text)
{
	if (asprintf(text, "{\"event\":\"missed\",\"missed\":%" PRIu64 "}\n", n) >= 0)
		return 0;
	*text = NULL;
	return -ENOMEM;
}

int events_take(struct events *events, uint64_t *next, char **text)
{
	uint64_t from = *next < events->first ? events->first : *next;
	int err = 0;

	*text = NULL;
	while (from < events->end && !*slot(events, from))
		from++;
	if (from > *next) {
		err = missed(from - *next, text);
		if (!err)
			*next = from;
	} else if (from < events->end) {
		*text = strdup(*slot(events, from));
		if (!*text)
			return -ENOMEM;
		*next = from + 1;
	}
	return err;
}
