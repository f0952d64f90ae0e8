/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be logged once of each of many. Their number is bounded; what comes
 * beyond is only in `daemon status`, as one line then says.
 */
#ifndef IPSEC_QOSD_ONCE_H
#define IPSEC_QOSD_ONCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct once - of which it was logged; zero before its first use */
struct once {
	size_t n;
	bool full;
	uint64_t said[64];
};

/**
 * once_key() - a key with something more in it, ONCE_KEY being that of nothing
 *
 * Not for what a peer may choose: it could choose what collides.
 */
uint64_t once_key(uint64_t key, const void *data, size_t len);
#define ONCE_KEY	0xcbf29ce484222325ULL

/** once_is_new() - may once_add() still return true for it? */
bool once_is_new(const struct once *once, uint64_t key);

/**
 * once_add() - is it to be logged now, for the only time?
 *
 * @what: which there are more of than can be remembered, for the line that says so
 */
bool once_add(struct once *once, uint64_t key, const char *what);

#endif /* IPSEC_QOSD_ONCE_H */
