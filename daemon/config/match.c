// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which profile is an SA's.
 *
 * A pattern that names one thing, or all that end the same way, stands in an
 * array under its bytes from the last to the first, so that what it matches
 * begins with it. Of a name, all such patterns are found at once: the one that
 * sorts last before the name, and those that this one begins with, to which it
 * leads. A profile has to be looked at only if one of its patterns is among
 * them, or if it has no kind of condition whose patterns can all stand there.
 *
 * All conditions of a profile have to be met, so it is enough that one leads to
 * it: of the kinds that can stand there, the one that tells it best from others.
 *
 * A pattern of a DN stands there under its values, and once more under that one of
 * them which the fewest patterns have: what matches a part of it alone, or has
 * something for a wildcard in it, has that value at least.
 */
#include "config/match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/dn.h"
#include "lib/text.h"

/* A condition of a profile that an SA meets. */
struct met {
	const char *kind;
	const char *pattern;
	unsigned int weight;	/* as identity_match() says */
	uint32_t strength;	/* comparable between kinds; 0: there is none */
};

enum {
	IDENTITY, EAP_IDENTITY, MEMBER_OF, CONNECTION, N_KINDS,

	/* in the index alone: a DN's value, of a pattern with wildcards or without */
	DN_WILD = N_KINDS, DN_WHOLE
};

/* The conditions, the strongest first. */
struct fit {
	struct met met[N_KINDS];
};

/*
 * Patterns on different kinds of things say nothing about each other: how close
 * they are counts only where all else is equal.
 */
static uint32_t strength(int kind, unsigned int weight)
{
	uint32_t level = weight == IDENTITY_MATCH_EXACT ? 3 :
			 weight > IDENTITY_MATCH_ANY ? 2 : 1;

	return level << 30 | (uint32_t)(N_KINDS - 1 - kind) << 28 |
	       (weight & (IDENTITY_MATCH_EXACT - 1));
}

/* A pattern with '*' anywhere, each for any number of characters. */
static unsigned int match_text(const char *text, const char *pattern, bool nocase)
{
	const char *star = NULL, *from = NULL;
	unsigned int fixed = 0;
	const char *p;

	if (!(nocase ? strcasecmp(text, pattern) : strcmp(text, pattern)))
		return IDENTITY_MATCH_EXACT;
	for (p = pattern; *p; p++)
		fixed += *p != '*';

	for (p = pattern; *text;) {
		if (*p == '*') {
			star = p++;
			from = text;
		} else if (nocase ? tolower((unsigned char)*p) ==
				    tolower((unsigned char)*text) : *p == *text) {
			p++;
			text++;
		} else if (star) {
			p = star + 1;
			text = ++from;
		} else {
			return 0;
		}
	}
	while (*p == '*')
		p++;
	return *p ? 0 : IDENTITY_MATCH_ANY + fixed;
}

static int compare_met(const void *a, const void *b)
{
	const struct met *x = a, *y = b;

	return x->strength > y->strength ? -1 : x->strength < y->strength;
}

static int compare_fits(const struct fit *a, const struct fit *b)
{
	int i, ret;

	for (i = 0; i < N_KINDS; i++) {
		ret = compare_met(&a->met[i], &b->met[i]);
		if (ret)
			return -ret;
	}
	return 0;
}

static void meet(struct met *met, const char *pattern, unsigned int weight)
{
	if (weight > met->weight) {
		met->weight = weight;
		met->pattern = pattern;
	}
}

static void meet_proved(struct met *met, const struct profile *p,
			const struct proved *proved)
{
	size_t i;

	for (i = 0; proved->id && i < p->n_ids; i++)
		meet(&met[IDENTITY], p->id_text[i],
		     identity_match(proved->id, &p->ids[i]));
	for (i = 0; proved->eap && i < p->n_eap_ids; i++)
		meet(&met[EAP_IDENTITY], p->eap_ids[i],
		     match_text(proved->eap, p->eap_ids[i], true));
	for (i = 0; proved->member_of && i < p->n_members; i++)
		meet(&met[MEMBER_OF], p->members[i],
		     match_text(proved->member_of, p->members[i], true));
}

static bool fits(const struct profile *p, const struct proved *proved, size_t n,
		 const char *conn, struct fit *fit)
{
	struct met *met = fit->met;
	size_t i;

	memset(fit, 0, sizeof(*fit));
	met[IDENTITY].kind = "identity";
	met[EAP_IDENTITY].kind = "eap-identity";
	met[MEMBER_OF].kind = "member-of";
	for (i = 0; i < n; i++)
		meet_proved(met, p, &proved[i]);
	met[CONNECTION].kind = "connection";
	for (i = 0; conn && i < p->n_conns; i++)
		meet(&met[CONNECTION], p->conns[i],
		     match_text(conn, p->conns[i], false));

	if ((p->n_ids && !met[IDENTITY].weight) ||
	    (p->n_eap_ids && !met[EAP_IDENTITY].weight) ||
	    (p->n_members && !met[MEMBER_OF].weight) ||
	    (p->n_conns && !met[CONNECTION].weight))
		return false;

	for (i = 0; i < N_KINDS; i++) {
		if (met[i].weight)
			met[i].strength = strength(i, met[i].weight);
	}
	qsort(met, N_KINDS, sizeof(*met), compare_met);
	return true;
}

const struct proved *config_met(const struct profile *profile,
				const struct proved *proved, size_t n)
{
	int kind = profile->n_eap_ids ? EAP_IDENTITY : IDENTITY;
	const struct proved *best = NULL;
	unsigned int most = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		struct met met[N_KINDS] = {};

		meet_proved(met, profile, &proved[i]);
		if (met[kind].weight < most)
			continue;
		most = met[kind].weight;
		best = &proved[i];
	}
	return best;
}

static void explain(struct text *t, const struct fit *fit)
{
	const char *sep = "";
	int i;

	for (i = 0; i < N_KINDS && fit->met[i].strength; i++) {
		text_put(t, "%s%s \"%s\" matches %s", sep, fit->met[i].kind,
			 fit->met[i].pattern,
			 fit->met[i].weight == IDENTITY_MATCH_EXACT ? "exactly" :
			 fit->met[i].weight > IDENTITY_MATCH_ANY ? "as a pattern" :
			 "as it does any");
		sep = ", ";
	}
}

/* The index */

/* Bytes of a key: a pattern with more is tried one after the other. */
#define KEY_MAX		256

/**
 * struct pattern - one that stands in the array
 *
 * @key: see make_key(), @len bytes
 * @suffix: it matches whatever begins with its key, else only what is its key
 * @kind: of its profile's conditions
 * @shorter: index of the longest other pattern that @key begins with, or NONE
 */
struct pattern {
	uint8_t *key;
	size_t len;
	bool suffix;
	uint8_t kind;
	size_t shorter;
	const struct profile *profile;
};

#define NONE	SIZE_MAX

/**
 * struct match_index - see match.h
 *
 * @patterns: in the order of their keys
 * @rest: profiles that are to be tried one after the other
 * @values: of all patterns of DNs, in their order, while the index is made
 */
struct match_index {
	size_t n;
	struct pattern *patterns;
	size_t n_rest;
	const struct profile **rest;
	size_t n_values;
	struct der *values;
};

/**
 * struct name - what is looked up, or a pattern's part without wildcards
 *
 * @kind: IDENTITY, EAP_IDENTITY, MEMBER_OF or CONNECTION, DN_WILD or DN_WHOLE
 * @type: an identity's
 * @nocase: case does not count
 */
struct name {
	int kind;
	uint8_t type;
	bool nocase;
	const uint8_t *data;
	size_t len;
};

/* Kind and type, then the bytes from the last on: at most KEY_MAX + 1 in all. */
static size_t make_key(const struct name *name, uint8_t *key)
{
	size_t n = 0, i;

	key[n++] = name->kind;
	key[n++] = name->type;
	for (i = name->len; i-- && n <= KEY_MAX; n++)
		key[n] = name->nocase ? tolower(name->data[i]) : name->data[i];
	return n;
}

/*
 * What of an identity counts; of a DN that is put into @dn. All that
 * identity_match() takes for the same is the same here.
 */
static struct name name_of(const struct identity *id, uint8_t *dn)
{
	struct name name = {
		.kind = IDENTITY,
		.type = id->type,
		.data = id->data,
		.len = id->len,
	};

	if (id->type == ID_FQDN || id->type == ID_USER_FQDN) {
		name.nocase = true;
	} else if (id->type == ID_DER_ASN1_DN) {
		name.len = id->len <= IDENTITY_LEN_MAX ?
			   dn_key(id->data, id->len, dn) : 0;
		name.data = dn;
	}
	return name;
}

static bool add_pattern(struct match_index *index, const struct profile *p,
			const struct name *name, bool suffix)
{
	struct pattern *pattern = &index->patterns[index->n];
	uint8_t key[KEY_MAX + 1];

	pattern->len = make_key(name, key);
	pattern->key = malloc(pattern->len);
	if (!pattern->key)
		return false;
	memcpy(pattern->key, key, pattern->len);
	pattern->suffix = suffix;
	pattern->kind = name->kind < N_KINDS ? name->kind : IDENTITY;
	pattern->profile = p;
	index->n++;
	return true;
}

/* A pattern that is text: false where it cannot stand in the array. */
static bool split_text(struct name *name, bool *suffix)
{
	*suffix = name->len && *name->data == '*';
	if (*suffix) {
		name->data++;
		name->len--;
	}
	return name->len + 2 <= KEY_MAX && !memchr(name->data, '*', name->len);
}

static struct name name_of_value(int kind, const struct der *value)
{
	return (struct name){
		.kind = kind,
		.nocase = true,
		.data = value->data,
		.len = value->len,
	};
}

/* How many of the values that are there come before @value, or are it, too, if @self */
static size_t values_before(const struct match_index *index, const struct der *value,
			    bool self)
{
	size_t low = 0, high = index->n_values, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (dn_compare_values(&index->values[mid], value) < self)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Of a pattern of a DN the value that the fewest have; false: it has none that may be. */
static bool rarest_value(const struct match_index *index, const struct identity *id,
			 struct der *rarest)
{
	struct der values[DN_VALUES_MAX];
	size_t n = dn_values(id->data, id->len, values), least = SIZE_MAX, i, have;

	for (i = 0; i < n; i++) {
		if (values[i].len + 2 > KEY_MAX)
			continue;
		have = values_before(index, &values[i], true) -
		       values_before(index, &values[i], false);
		if (have < least) {
			least = have;
			*rarest = values[i];
		}
	}
	return least != SIZE_MAX;
}

/* Take in the values of all patterns of DNs. */
static bool index_values(struct match_index *index, const struct config *config)
{
	struct der values[DN_VALUES_MAX], *more;
	size_t i, j, n;

	for (i = 0; i < config->n_profiles; i++) {
		const struct profile *p = &config->profiles[i];

		for (j = 0; j < p->n_ids; j++) {
			if (p->ids[j].type != ID_DER_ASN1_DN || p->ids[j].regex)
				continue;
			n = dn_values(p->ids[j].data, p->ids[j].len, values);
			more = reallocarray(index->values, index->n_values + n + 1,
					    sizeof(*values));
			if (!more)
				return false;
			index->values = more;
			memcpy(more + index->n_values, values, n * sizeof(*values));
			index->n_values += n;
		}
	}
	if (index->n_values)
		qsort(index->values, index->n_values, sizeof(*values),
		      dn_compare_values);
	return true;
}

/* A pattern that is an identity, but no DN: false where it cannot stand in the array. */
static bool split_identity(const struct identity *id, struct name *name, bool *suffix)
{
	*suffix = false;
	if (id->regex)
		return false;
	*name = name_of(id, NULL);
	switch (id->type) {
	case ID_ANY:
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV4_ADDR_RANGE:
	case ID_IPV6_ADDR_SUBNET:
	case ID_IPV6_ADDR_RANGE:
		return false;
	case ID_FQDN:
	case ID_USER_FQDN:
		return split_text(name, suffix);
	default:
		return name->len + 2 <= KEY_MAX;
	}
}

/* Can it stand in the array? Then it does if @add; *@memory: there was none for that. */
static bool index_name(struct match_index *index, const struct profile *p,
		       const struct name *name, bool suffix, bool add, bool *memory)
{
	if (add && !add_pattern(index, p, name, suffix))
		*memory = false;
	return *memory;
}

static bool index_dn(struct match_index *index, const struct profile *p,
		     const struct identity *id, bool add, bool *memory)
{
	uint8_t dn[IDENTITY_LEN_MAX];
	struct name name = name_of(id, dn), value;
	bool wild = dn_has_any(id->data, id->len) || name.len + 2 > KEY_MAX;
	struct der rarest;

	if (!rarest_value(index, id, &rarest))
		return false;
	value = name_of_value(wild ? DN_WILD : DN_WHOLE, &rarest);
	return index_name(index, p, &value, false, add, memory) &&
	       (wild || index_name(index, p, &name, false, add, memory));
}

static bool index_identity(struct match_index *index, const struct profile *p,
			   const struct identity *id, bool add, bool *memory)
{
	struct name name;
	bool suffix;

	if (id->type == ID_DER_ASN1_DN && !id->regex)
		return index_dn(index, p, id, add, memory);
	return split_identity(id, &name, &suffix) &&
	       index_name(index, p, &name, suffix, add, memory);
}

/* Can all patterns of one kind stand in the array? Then they do if @add. */
static bool index_kind(struct match_index *index, const struct profile *p,
		       int kind, bool add, bool *memory)
{
	char *const *texts = kind == EAP_IDENTITY ? p->eap_ids :
			     kind == MEMBER_OF ? p->members : p->conns;
	size_t n = kind == IDENTITY ? p->n_ids :
		   kind == EAP_IDENTITY ? p->n_eap_ids :
		   kind == MEMBER_OF ? p->n_members : p->n_conns;
	struct name name;
	bool suffix;
	size_t i;

	for (i = 0; i < n; i++) {
		if (kind == IDENTITY) {
			if (!index_identity(index, p, &p->ids[i], add, memory))
				return false;
			continue;
		}
		name = (struct name){
			.kind = kind,
			.nocase = kind != CONNECTION,
			.data = (const uint8_t *)texts[i],
			.len = strlen(texts[i]),
		};
		if (!split_text(&name, &suffix) ||
		    !index_name(index, p, &name, suffix, add, memory))
			return false;
	}
	return n;
}

/* Of each kind that can, see choose_kinds(). */
static bool index_profile(struct match_index *index, const struct profile *p)
{
	bool memory = true;
	int kind;

	for (kind = 0; kind < N_KINDS; kind++) {
		if (index_kind(index, p, kind, false, &memory))
			index_kind(index, p, kind, true, &memory);
	}
	return memory;
}

static int compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b,
			size_t b_len)
{
	int ret = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (ret)
		return ret;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int compare_patterns(const void *a, const void *b)
{
	const struct pattern *x = a, *y = b;

	return compare_keys(x->key, x->len, y->key, y->len);
}

static bool begins_with(const uint8_t *key, size_t len, const struct pattern *p)
{
	return len >= p->len && !memcmp(key, p->key, p->len);
}

/**
 * struct sharing - how well the kinds of a profile's conditions tell it from others
 *
 * @most: patterns that have the same key as one of its own, that one among them;
 *	0: it has none of that kind in the array
 */
struct sharing {
	size_t most[N_KINDS];
};

static void count_sharing(const struct match_index *index, const struct config *config,
			  struct sharing *sharing)
{
	const struct pattern *p = index->patterns;
	size_t i, end, n;

	for (i = 0; i < index->n; i = end) {
		for (end = i + 1; end < index->n; end++) {
			if (compare_patterns(&p[i], &p[end]))
				break;
		}
		for (n = end - i; i < end; i++) {
			size_t *most = &sharing[p[i].profile - config->profiles].most[p[i].kind];

			if (*most < n)
				*most = n;
		}
	}
}

/* The first of those that the fewest share; N_KINDS: there is none. */
static int best_kind(const struct sharing *sharing)
{
	int best = N_KINDS, kind;

	for (kind = 0; kind < N_KINDS; kind++) {
		if (sharing->most[kind] &&
		    (best == N_KINDS || sharing->most[kind] < sharing->most[best]))
			best = kind;
	}
	return best;
}

/*
 * Leave of each profile the patterns of one kind. What is common to many, as a DN's
 * values are beside a wildcard, would have each of them tried for every name that has
 * it. The array is in order, and stays so.
 */
static bool choose_kinds(struct match_index *index, const struct config *config)
{
	struct sharing *sharing = calloc(config->n_profiles + 1, sizeof(*sharing));
	size_t n = 0, i;

	if (!sharing)
		return false;
	count_sharing(index, config, sharing);
	for (i = 0; i < config->n_profiles; i++) {
		if (best_kind(&sharing[i]) == N_KINDS)
			index->rest[index->n_rest++] = &config->profiles[i];
	}
	for (i = 0; i < index->n; i++) {
		struct pattern *p = &index->patterns[i];

		if (p->kind == best_kind(&sharing[p->profile - config->profiles]))
			index->patterns[n++] = *p;
		else
			free(p->key);
	}
	index->n = n;
	free(sharing);
	return true;
}

struct match_index *match_index_new(const struct config *config)
{
	struct match_index *index = calloc(1, sizeof(*index));
	size_t max = 1, i, last;

	if (!index)
		return NULL;
	for (i = 0; i < config->n_profiles; i++)
		max += 2 * config->profiles[i].n_ids + config->profiles[i].n_eap_ids +
		       config->profiles[i].n_members + config->profiles[i].n_conns;
	index->patterns = calloc(max, sizeof(*index->patterns));
	index->rest = calloc(config->n_profiles + 1, sizeof(*index->rest));
	if (!index->patterns || !index->rest || !index_values(index, config))
		goto no_memory;
	for (i = 0; i < config->n_profiles; i++)
		if (!index_profile(index, &config->profiles[i]))
			goto no_memory;
	free(index->values);
	index->values = NULL;

	qsort(index->patterns, index->n, sizeof(*index->patterns),
	      compare_patterns);
	if (!choose_kinds(index, config))
		goto no_memory;
	for (i = 0; i < index->n; i++) {
		struct pattern *p = &index->patterns[i];

		last = i ? i - 1 : NONE;
		while (last != NONE &&
		       !begins_with(p->key, p->len, &index->patterns[last]))
			last = index->patterns[last].shorter;
		p->shorter = last;
	}
	return index;

no_memory:
	match_index_free(index);
	return NULL;
}

void match_index_free(struct match_index *index)
{
	if (!index)
		return;
	while (index->n)
		free(index->patterns[--index->n].key);
	free(index->patterns);
	free(index->rest);
	free(index->values);
	free(index);
}

/* The match */

/**
 * struct search - for the profile of an SA
 *
 * @best: so far; @second: the next best
 */
struct search {
	const struct proved *proved;
	size_t n;
	const char *conn;
	const struct profile *best;
	const struct profile *second;
	struct fit best_fit;
	struct fit second_fit;
};

static bool better(const struct profile *a, const struct fit *a_fit,
		   const struct profile *b, const struct fit *b_fit)
{
	int ret;

	if (!b)
		return true;
	ret = compare_fits(a_fit, b_fit);
	/* they are in an array in the order of the file */
	return ret ? ret > 0 : a < b;
}

static void try(struct search *s, const struct profile *p)
{
	struct fit fit;

	/* several of its patterns may have led to it */
	if (p == s->best || p == s->second ||
	    !fits(p, s->proved, s->n, s->conn, &fit))
		return;
	if (better(p, &fit, s->best, &s->best_fit)) {
		s->second = s->best;
		s->second_fit = s->best_fit;
		s->best = p;
		s->best_fit = fit;
	} else if (better(p, &fit, s->second, &s->second_fit)) {
		s->second = p;
		s->second_fit = fit;
	}
}

/* Try the profiles that a name leads to. */
static void look_up(struct search *s, const struct match_index *index,
		    const struct name *name)
{
	size_t low = 0, high = index->n, mid, len, i;
	uint8_t key[KEY_MAX + 1];

	len = make_key(name, key);
	while (low < high) {
		const struct pattern *p;

		mid = low + (high - low) / 2;
		p = &index->patterns[mid];
		if (compare_keys(p->key, p->len, key, len) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (i = low ? low - 1 : NONE; i != NONE; i = index->patterns[i].shorter) {
		const struct pattern *p = &index->patterns[i];

		if ((p->suffix || p->len == len) && begins_with(key, len, p))
			try(s, p->profile);
	}
}

/* Those that match it with something for a wildcard, or a part of it. */
static void look_up_values(struct search *s, const struct match_index *index,
			   const struct identity *id)
{
	struct der values[DN_VALUES_MAX];
	size_t n = dn_values(id->data, id->len, values), i;
	struct name name;

	/* a peer may have one as often as it likes */
	qsort(values, n, sizeof(*values), dn_compare_values);
	for (i = 0; i < n; i++) {
		if (i && !dn_compare_values(&values[i - 1], &values[i]))
			continue;
		name = name_of_value(DN_WILD, &values[i]);
		look_up(s, index, &name);
		if (id->matching != DN_RELAXED)
			continue;
		name.kind = DN_WHOLE;
		look_up(s, index, &name);
	}
}

static void look_up_identity(struct search *s, const struct match_index *index,
			     const struct identity *id)
{
	uint8_t dn[IDENTITY_LEN_MAX];
	struct name name;

	if (!id)
		return;
	if (id->type == ID_DER_ASN1_DN)
		look_up_values(s, index, id);
	name = name_of(id, dn);
	look_up(s, index, &name);
}

static void look_up_text(struct search *s, const struct match_index *index,
			 int kind, const char *text)
{
	struct name name = {
		.kind = kind,
		.nocase = kind != CONNECTION,
		.data = (const uint8_t *)text,
	};

	if (!text)
		return;
	name.len = strlen(text);
	look_up(s, index, &name);
}

const struct profile *config_match(const struct config *config,
				   const struct proved *proved, size_t n,
				   const char *conn, char *why, size_t why_size)
{
	struct search s = { .proved = proved, .n = n, .conn = conn };
	const struct match_index *index = config->index;
	struct text t;
	size_t i;

	for (i = 0; i < n; i++) {
		look_up_identity(&s, index, proved[i].id);
		look_up_text(&s, index, EAP_IDENTITY, proved[i].eap);
		look_up_text(&s, index, MEMBER_OF, proved[i].member_of);
	}
	look_up_text(&s, index, CONNECTION, conn);
	for (i = 0; i < index->n_rest; i++)
		try(&s, index->rest[i]);

	if (!why_size)
		return s.best;
	text_begin(&t, why, why_size);
	if (!s.best) {
		text_put(&t, "no profile names it");
		return NULL;
	}
	explain(&t, &s.best_fit);
	if (!s.second)
		text_put(&t, "; no other profile matches");
	else if (compare_fits(&s.best_fit, &s.second_fit) > 0)
		text_put(&t, "; more specific than profile %s", s.second->name);
	else
		text_put(&t, "; as specific as profile %s, but before it in the file",
			 s.second->name);
	return s.best;
}
