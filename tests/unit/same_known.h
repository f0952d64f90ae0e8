/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of same_identity.h share: the known differences, and bytes read by
 * nothing that is to be compared.
 */
#ifndef IPSEC_QOS_TESTS_SAME_KNOWN_H
#define IPSEC_QOS_TESTS_SAME_KNOWN_H

#include <stdbool.h>

#include "identity/identity.h"
#include "lib/text.h"
#include "tests/unit/charon_identity.h"

/* In the order of their paragraphs in ipsec-qosd.conf(5). */
enum known {
	PREFIXED,
	MORE_DNS,
	ESCAPES,
	FINAL_DOT,
	REGEX,
	URI,
	NOTHING,
	LIKE_ADDRESS,
	LIKE_DN,
	OTHERS_FORMS,
	STAR_INSIDE,
	BAD_BYTES,
	ONE_TYPE,
	SUBNETS,
	NUL_BYTES,
	MALFORMED,
	EMPTY_LAST,
	MEANT_STAR,
	OTHER_STRINGS,
	ORDER_IN_RDN,
	MANY_RDNS,
	REORDERED,
	NO_TYPE_NAME,
	N_KNOWN
};

/** meet() - count a difference if it is that one, and say whether it is */
bool meet(enum known difference, bool is);

/**
 * struct part - one attribute of a DN
 *
 * @set: the number of its RDN
 */
struct part {
	unsigned int set;
	struct der oid;
	uint8_t tag;
	struct der value;
};
#define PARTS_MAX	700

/** parts_of() - the attributes of a DN; 0: it is none, read as strictly as X.690 has it */
size_t parts_of(const struct identity *id, struct part parts[PARTS_MAX]);

bool any_part(const struct identity *id, bool (*is)(const struct part *part));

/** ends_empty() - has the last of its parts an empty value? */
bool ends_empty(const struct identity *id);

/** is_star() - is its value "*", and not what stands for any in the daemon's patterns? */
bool is_star(const struct part *part);

/** addr_bytes() - how many bytes an identity made of addresses has; 0: it is not */
size_t addr_bytes(unsigned int type);

bool is_name(unsigned int type);

/** well_formed() - is it what an honest peer may send as its type? */
bool well_formed(const struct identity *id);

/** view() - strongSwan's, whose bytes stay its own */
struct identity view(const struct charon_id *charon);

/** for_charon() - the daemon's, for strongSwan */
struct charon_id *for_charon(const struct identity *id, unsigned int matching);

void describe(struct text *t, const char *who, const struct identity *id);

#define SAME_SAID	8192

#endif /* IPSEC_QOS_TESTS_SAME_KNOWN_H */
