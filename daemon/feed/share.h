/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which buckets each charon is told of: those whose home is the element that it says it
 * is, as one daemon may serve the charons of several.
 */
#ifndef IPSEC_QOSD_SHARE_H
#define IPSEC_QOSD_SHARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/feed/feed.h"

struct shares;
struct share;

/**
 * shares_find() - the buckets of an element
 *
 * @element: as a charon says it, see struct iq_feed_hello
 * @home: IQ_FEED_BUCKETS_BYTES
 * @why: what is wrong with them, if something is
 *
 * Return: the element's name; NULL: there is none, and @why says so.
 */
typedef const char *(*shares_find)(void *arg, const char *element, uint8_t *home, char *why,
				   size_t size);

/** shares_new() - of no charon yet; NULL: no memory */
struct shares *shares_new(shares_find find, void *arg);

/** shares_free() - after the last share_end(); NULL is fine */
void shares_free(struct shares *shares);

/** shares_look() - what is found may be something else now; what is wrong is logged */
void shares_look(struct shares *shares);

/** shares_trouble() - what is wrong with the @i'th one of which something is; NULL: no more */
const char *shares_trouble(const struct shares *shares, size_t i);

/** share_new() - a charon, whose process is @pid; NULL: no memory */
struct share *share_new(struct shares *shares, pid_t pid, const char *element);

/** share_take() - what it is to be told now; NULL: nothing that it was not told already */
const uint8_t *share_take(struct share *share);

/** share_end() - it is gone; NULL is fine */
void share_end(struct share *share);

#endif /* IPSEC_QOSD_SHARE_H */
