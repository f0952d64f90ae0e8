/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the daemon reads, matches and prints identities as strongSwan does. Where it
 * is to differ, that is a known difference: a predicate here, and a paragraph under the
 * same title in ipsec-qosd.conf(5).
 */
#ifndef IPSEC_QOS_TESTS_SAME_IDENTITY_H
#define IPSEC_QOS_TESTS_SAME_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each says how the two differ, in a text that the next call overwrites, or returns NULL
 * where they do not, or where the difference is known.
 */

/** same_reading() - a text, as identity and as pattern */
const char *same_reading(const char *text);

/** same_print() - bytes, as text */
const char *same_print(uint8_t type, const void *data, size_t len);

/**
 * same_wire() - have @use called with the bytes that a peer sends whose identity is set
 * to a text
 */
void same_wire(const char *text, void (*use)(uint8_t type, const void *data, size_t len,
					     void *ctx), void *ctx);

/*
 * What a peer sends, and a pattern; NULL where there is nothing to compare. For NULL
 * there is no difference, and nothing to release.
 */
struct same_id;
struct same_id *same_id_new(uint8_t type, const void *data, size_t len);
void same_id_free(struct same_id *id);
struct same_pattern;
struct same_pattern *same_pattern_new(const char *text);
void same_pattern_free(struct same_pattern *pattern);

/** same_match() - an identity by a pattern, however charon.rdn_matching is set */
const char *same_match(struct same_id *id, const struct same_pattern *pattern);

/**
 * same_order() - of two patterns that match an identity the one that strongSwan takes for
 * more specific is more specific here, too
 */
const char *same_order(struct same_id *id, const struct same_pattern *a,
		       const struct same_pattern *b);

/**
 * same_known() - the title of a known difference; NULL: there are no more
 *
 * @met: it was met, or only some versions of strongSwan differ so
 */
const char *same_known(unsigned int i, bool *met);

#endif /* IPSEC_QOS_TESTS_SAME_IDENTITY_H */
