/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identities of a text, and how close a pattern comes to one.
 */
#ifndef IPSEC_QOS_TESTS_UNIT_IDENTITY_FIXTURE_H
#define IPSEC_QOS_TESTS_UNIT_IDENTITY_FIXTURE_H

#include "identity/identity.h"
#include "suite.h"

/* what identity_match() says, but for how close a pattern comes */
enum level { NONE, ANY, PART, EXACT };

static inline enum level level(unsigned int weight)
{
	if (weight == IDENTITY_MATCH_EXACT)
		return EXACT;
	ck_assert_uint_lt(weight, IDENTITY_MATCH_EXACT);
	return weight > IDENTITY_MATCH_ANY ? PART : weight ? ANY : NONE;
}

static inline void parse(const char *text, struct identity *id)
{
	const char *why;

	ck_assert_msg(!identity_parse(text, id, &why), "%s: %s", text, why);
}

static inline unsigned int match(const struct identity *id, const char *pattern)
{
	struct identity p;
	unsigned int ret;

	parse(pattern, &p);
	ret = identity_match(id, &p);
	identity_clear(&p);
	return ret;
}

#endif /* IPSEC_QOS_TESTS_UNIT_IDENTITY_FIXTURE_H */
