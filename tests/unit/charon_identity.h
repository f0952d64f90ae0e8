/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strongSwan's identities, for whoever compares them with the daemon's: its headers and
 * daemon/identity/identity.h give the same names to their types, so that no file can
 * include both.
 */
#ifndef IPSEC_QOS_TESTS_CHARON_IDENTITY_H
#define IPSEC_QOS_TESTS_CHARON_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct charon_id - an identification_t */
struct charon_id;

/** charon_id_begin() - must be called once, before all else; it reads no configuration */
void charon_id_begin(void);

/** charon_id_version() - of the strongSwan that this was built for */
const char *charon_id_version(void);

/** charon_id_has_regex() - does it take regular expressions (from 6.0.2 on)? */
bool charon_id_has_regex(void);

/**
 * charon_id_read() - what swanctl makes of a text; NULL: it is refused
 *
 * @matching: charon.rdn_matching: enum dn_matching
 */
struct charon_id *charon_id_read(const char *text, unsigned int matching);

/** charon_id_wire() - of bytes */
struct charon_id *charon_id_wire(unsigned int type, const void *data, size_t len,
				 unsigned int matching);

void charon_id_free(struct charon_id *id);

unsigned int charon_id_type(const struct charon_id *id);

/** charon_id_data() - its bytes and, in @len, how many */
const uint8_t *charon_id_data(const struct charon_id *id, size_t *len);

/*
 * What charon_id_match() says: 0 where it does not match, CHARON_ID_ANY, something
 * greater the more specific, CHARON_ID_PERFECT.
 */
#define CHARON_ID_ANY		1U
#define CHARON_ID_PERFECT	20U
unsigned int charon_id_match(const struct charon_id *id, const struct charon_id *pattern);

bool charon_id_equals(const struct charon_id *a, const struct charon_id *b);

unsigned int charon_id_hash(const struct charon_id *id);

/** charon_id_print() - as swanctl and the log show it: at most CHARON_ID_TEXT bytes */
#define CHARON_ID_TEXT	512
void charon_id_print(const struct charon_id *id, char *buf, size_t size);

#endif /* IPSEC_QOS_TESTS_CHARON_IDENTITY_H */
