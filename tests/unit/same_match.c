// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/same_identity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/same_known.h"

#define MATCHINGS	(DN_RELAXED + 1)

static char said[SAME_SAID];

/**
 * struct same_id - what a peer sends
 *
 * @matchings: how many ways there are to match it
 * @charon: strongSwan's, for each
 */
struct same_id {
	struct identity ours;
	unsigned int matchings;
	struct charon_id *charon[MATCHINGS];
};

/**
 * struct same_pattern - as a profile has it, and as a connection has it
 */
struct same_pattern {
	char *text;
	struct identity ours;
	struct charon_id *charon;
};

struct same_id *same_id_new(uint8_t type, const void *data, size_t len)
{
	struct same_id *id = calloc(1, sizeof(*id));
	unsigned int m;

	if (!id || identity_from_wire(type, data, len, &id->ours)) {
		free(id);
		return NULL;
	}
	id->matchings = type == ID_DER_ASN1_DN ? MATCHINGS : 1;
	for (m = 0; m < id->matchings; m++)
		id->charon[m] = charon_id_wire(type, data, len, m);
	return id;
}

void same_id_free(struct same_id *id)
{
	unsigned int m;

	if (!id)
		return;
	for (m = 0; m < id->matchings; m++)
		charon_id_free(id->charon[m]);
	identity_clear(&id->ours);
	free(id);
}

struct same_pattern *same_pattern_new(const char *text)
{
	struct same_pattern *pattern = calloc(1, sizeof(*pattern));
	const char *why;

	if (!pattern || identity_parse(text, &pattern->ours, &why)) {
		free(pattern);
		return NULL;
	}
	pattern->text = strdup(text);
	if (!pattern->ours.regex)
		pattern->charon = for_charon(&pattern->ours, DN_STRICT);
	else if (charon_id_has_regex())
		pattern->charon = charon_id_read(text, DN_STRICT);
	if (pattern->charon && pattern->text)
		return pattern;
	same_pattern_free(pattern);
	return NULL;
}

void same_pattern_free(struct same_pattern *pattern)
{
	if (!pattern)
		return;
	charon_id_free(pattern->charon);
	identity_clear(&pattern->ours);
	free(pattern->text);
	free(pattern);
}

/* How well a pattern fits, as far as both have it. */
enum level { NONE, ANY, PART, EXACT };

static enum level our_level(unsigned int weight)
{
	return weight == IDENTITY_MATCH_EXACT ? EXACT :
	       weight > IDENTITY_MATCH_ANY ? PART : weight ? ANY : NONE;
}

static enum level their_level(unsigned int match)
{
	return match == CHARON_ID_PERFECT ? EXACT :
	       match > CHARON_ID_ANY ? PART : match ? ANY : NONE;
}

/**
 * struct meeting - of an identity and a pattern
 *
 * @weight: here
 */
struct meeting {
	const struct identity *id;
	const struct identity *pattern;
	unsigned int weight;
	enum level ours;
	enum level theirs;
};

static bool has_zero(const struct part *part)
{
	return memchr(part->value.data, 0, part->value.len);
}

/* Anything but a string whose bytes are its characters, or UTF-8. */
static bool is_no_text(const struct part *part)
{
	return !memchr("\x0c\x12\x13\x14\x16\x1a\x1b", part->tag, 7);
}

static bool is_no_pattern(const struct part *part)
{
	return part->tag != DER_ANY && is_no_text(part);
}

static size_t count_parts(const struct identity *id, size_t *sets)
{
	static struct part parts[PARTS_MAX];
	size_t n = parts_of(id, parts);

	*sets = n ? parts[n - 1].set + 1 : 0;
	return n;
}

static bool known_dn_match(const struct meeting *m)
{
	const struct identity *id = m->id, *pattern = m->pattern;
	bool missed = m->theirs > m->ours && m->ours == NONE;
	size_t n, sets, pattern_n, pattern_sets;

	if (meet(NUL_BYTES, missed && (any_part(id, has_zero) || any_part(pattern, has_zero))))
		return true;
	/* strongSwan takes it for malformed: it looks for the end behind the value */
	if (meet(EMPTY_LAST, m->theirs == NONE &&
		 (ends_empty(id) || ends_empty(pattern))))
		return true;
	if (meet(MEANT_STAR, m->theirs > m->ours &&
		 (any_part(pattern, is_star) || any_part(id, is_star))))
		return true;
	if (meet(OTHER_STRINGS, missed &&
		 (any_part(id, is_no_text) || any_part(pattern, is_no_pattern))))
		return true;
	n = count_parts(id, &sets);
	pattern_n = count_parts(pattern, &pattern_sets);
	if (meet(ORDER_IN_RDN, m->ours > m->theirs && n > sets && pattern_n == n &&
		 pattern_sets == sets))
		return true;
	if (id->matching == DN_STRICT)
		return false;
	return meet(MANY_RDNS, missed && n > DN_UNORDERED_MAX) ||
	       meet(REORDERED, m->theirs == EXACT && m->weight == IDENTITY_MATCH_EXACT - 1);
}

static bool known_match(const struct meeting *m)
{
	bool missed = m->theirs > m->ours && m->ours == NONE;

	if (meet(ONE_TYPE, m->theirs == ANY && m->ours == PART &&
		 is_name(m->pattern->type) && m->pattern->len == 1 &&
		 *m->pattern->data == '*'))
		return true;
	if (meet(NUL_BYTES, missed && is_name(m->id->type) &&
		 memchr(m->id->data, 0, m->id->len)))
		return true;
	if (meet(MALFORMED, missed && !well_formed(m->id)))
		return true;
	/* from 6.0 on whatever is in a subnet or range fits it, not addresses alone */
	if (meet(SUBNETS, missed && addr_bytes(m->id->type) && addr_bytes(m->pattern->type) &&
		 m->id->len > addr_bytes(ID_IPV4_ADDR) && m->id->type != ID_IPV6_ADDR))
		return true;
	return m->id->type == ID_DER_ASN1_DN && m->pattern->type == ID_DER_ASN1_DN &&
	       known_dn_match(m);
}

/* Does what a DN is looked up by differ? */
static bool other_key(const struct identity *a, const struct identity *b)
{
	uint8_t key[2][IDENTITY_LEN_MAX];
	size_t len;

	if (a->type != ID_DER_ASN1_DN)
		return false;
	len = dn_key(a->data, a->len, key[0]);
	return len != dn_key(b->data, b->len, key[1]) || memcmp(key[0], key[1], len);
}

static const char *compare_match(struct same_id *id, const struct same_pattern *pattern,
				 unsigned int matching)
{
	static const char * const levels[] = { "nothing", "any", "a part", "exactly" };
	struct meeting m = { .id = &id->ours, .pattern = &pattern->ours };
	const char *wrong = NULL;
	struct text t;
	bool equals;

	id->ours.matching = matching;
	m.weight = identity_match(&id->ours, &pattern->ours);
	m.ours = our_level(m.weight);
	m.theirs = their_level(charon_id_match(id->charon[matching], pattern->charon));
	/* of DNs it does not ask whether both are */
	equals = m.id->type == m.pattern->type && !m.pattern->regex &&
		 charon_id_equals(id->charon[matching], pattern->charon);
	if (m.ours != m.theirs)
		wrong = known_match(&m) ? NULL : "matched differently";
	else if (equals && m.ours == EXACT && other_key(&id->ours, &pattern->ours))
		wrong = "equal, but looked up by another key";
	else if (equals && m.ours != EXACT && m.ours != ANY)
		wrong = "equal to strongSwan alone";
	if (!wrong)
		return NULL;
	text_begin(&t, said, sizeof(said));
	text_put(&t, "by '%s' it is %s, charon.rdn_matching %u: here %s, in strongSwan %s",
		 pattern->text, wrong, matching, levels[m.ours], levels[m.theirs]);
	describe(&t, "identity", &id->ours);
	describe(&t, "pattern", &pattern->ours);
	return said;
}

const char *same_match(struct same_id *id, const struct same_pattern *pattern)
{
	const char *found = NULL;
	unsigned int m;

	for (m = 0; id && pattern && !found && m < id->matchings; m++)
		found = compare_match(id, pattern, m);
	return found;
}

/* A wildcard less, but in another order; or what was no match in the first place */
static bool known_order(const struct same_id *id, const struct same_pattern *better,
			const struct same_pattern *worse, unsigned int less)
{
	return meet(MEANT_STAR, any_part(&better->ours, is_star) ||
				any_part(&worse->ours, is_star)) ||
	       meet(REORDERED, id->ours.type == ID_DER_ASN1_DN &&
			       id->ours.matching != DN_STRICT && less <= 1);
}

static const char *compare_order(struct same_id *id, const struct same_pattern *a,
				 const struct same_pattern *b, unsigned int matching)
{
	const struct same_pattern *better, *worse;
	unsigned int theirs[2], ours[2];
	struct text t;

	theirs[0] = charon_id_match(id->charon[matching], a->charon);
	theirs[1] = charon_id_match(id->charon[matching], b->charon);
	better = theirs[0] > theirs[1] ? a : b;
	worse = theirs[0] > theirs[1] ? b : a;
	if (!theirs[0] || !theirs[1] || theirs[0] == theirs[1])
		return NULL;
	id->ours.matching = matching;
	ours[0] = identity_match(&id->ours, &better->ours);
	ours[1] = identity_match(&id->ours, &worse->ours);
	/* what is no match here is for same_match() */
	if (!ours[0] || !ours[1] || ours[0] > ours[1] ||
	    known_order(id, better, worse, ours[1] - ours[0]))
		return NULL;
	text_begin(&t, said, sizeof(said));
	text_put(&t, "to strongSwan '%s' is more specific than '%s' (%u, %u; here %u, %u), charon.rdn_matching %u",
		 better->text, worse->text, theirs[better == b], theirs[better == a],
		 ours[0], ours[1], matching);
	describe(&t, "identity", &id->ours);
	return said;
}

const char *same_order(struct same_id *id, const struct same_pattern *a,
		       const struct same_pattern *b)
{
	const char *found = NULL;
	unsigned int m;

	for (m = 0; id && a && b && !found && m < id->matchings; m++)
		found = compare_order(id, a, b, m);
	return found;
}
