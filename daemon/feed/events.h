/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events for commands that listen, each of which reads at its own pace: the last of
 * them are kept, once for all. Who falls so far behind that what it should read next is
 * gone is told how many it missed, and goes on with the oldest that is there.
 *
 * They are kept only while somebody listens.
 */
#ifndef IPSEC_QOSD_EVENTS_H
#define IPSEC_QOSD_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#define EVENTS_LISTENERS	16		/* at a time */
#define EVENTS_MAX		8192		/* events that are kept, */
#define EVENTS_BYTES		(4U << 20)	/* and bytes of them */

struct events;

/** events_new() - NULL: no memory */
struct events *events_new(void);
void events_free(struct events *events);

/**
 * events_listen() - one more listens
 *
 * @next: of the listener's: the number of the event that it is to have next
 *
 * Return: 0; -EBUSY: as many listen already; -ENOMEM.
 */
int events_listen(struct events *events, uint64_t *next);

/** events_leave() - one listens no more */
void events_leave(struct events *events);

/** events_listened() - does anybody? */
bool events_listened(const struct events *events);

/**
 * events_add() - something happened, to be called only while events_listened()
 *
 * @text: a line, with its end; taken over. NULL: there was no memory for it: all miss it
 */
void events_add(struct events *events, char *text);

/** events_more() - is there more for a listener? */
bool events_more(const struct events *events, uint64_t next);

/**
 * events_take() - the next for a listener
 *
 * @text: to be freed; NULL: there is none
 *
 * Return: 0 or -ENOMEM: it may be tried again.
 */
int events_take(struct events *events, uint64_t *next, char **text);

#endif /* IPSEC_QOSD_EVENTS_H */
