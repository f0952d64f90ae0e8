// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities, and which profile they are in. An input is fields, each a byte
 * that says what it is, one for its length, and its bytes. Profiles are looked
 * for twice: with the index, and by trying one after the other.
 */
#include <ctype.h>
#include <errno.h>

#include "fuzz.h"

/* for struct match_index; NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "config/match.c"

#define PROFILES_MAX	8
#define PATTERNS_MAX	4

/* Kinds of fields, as letters, so that a dictionary and a person can read them. */
enum {
	TEXT = 't',		/* the identity, as text */
	WIRE = 'w',		/* the identity: its type, its bytes */
	EAP = 'x',		/* its EAP identity */
	CONN = 'n',		/* its connection */
	NEXT = 'p',		/* another profile */
	PATTERN = 'i',		/* of that */
	EAP_PATTERN = 'e',
	CONN_PATTERN = 'c',
	GROUP = 'g',		/* a group that it is in */
	GROUP_PATTERN = 'm',
	MATCHING = 'r',		/* one more: how DNs match */
};

static bool same(const struct identity *a, const struct identity *b)
{
	return a->type == b->type && a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len));
}

/* As text and back. */
/* A value may have got another tag; identity_match() takes no pattern for a name. */
static bool same_dn(const struct identity *a, const struct identity *b)
{
	return dn_match(a->data, a->len, b->data, b->len, DN_STRICT) >= 0 &&
	       dn_match(b->data, b->len, a->data, a->len, DN_STRICT) >= 0;
}

static void check_format(const struct identity *id, const char *text)
{
	char whole[4 * IDENTITY_LEN_MAX + 64], *small;
	struct identity again;
	const char *why, *p;
	size_t n;

	identity_format(id, whole, sizeof(whole));
	n = strlen(whole);
	must(n < sizeof(whole));
	for (p = whole, n = strlen(whole); *p; p += text_char(p, n), n = strlen(p))
		must(text_char(p, n));
	small = malloc(n / 2 + 1);
	must(small);
	identity_format(id, small, n / 2 + 1);
	must(strlen(small) <= n / 2);
	free(small);

	for (p = text; p && *p; p++) {
		if (!isprint((unsigned char)*p))
			return;
	}
	/* bytes in hexadecimal may be any */
	if (!text || strchr(text, '#') || strlen(text) > 200)
		return;
	if (identity_parse(whole, &again, &why)) {
		fprintf(stderr, "'%s' is written as '%s': %s\n", text, whole, why);
		abort();
	}
	if (again.type != id->type ||
	    (id->type == ID_DER_ASN1_DN && !id->regex ? !same_dn(id, &again) :
							!same(id, &again))) {
		fprintf(stderr, "'%s' is written as '%s', which is another\n",
			text, whole);
		abort();
	}
	identity_clear(&again);
}

static void check_self(const struct identity *id)
{
	unsigned int weight = identity_match(id, id);

	must(weight <= IDENTITY_MATCH_EXACT);
	switch (id->type) {
	case ID_FQDN:
	case ID_USER_FQDN:
	case ID_KEY_ID:
	case ID_IPV4_ADDR:
	case ID_IPV6_ADDR:
		if (!id->regex && !memchr(id->data, '*', id->len))
			must(weight == IDENTITY_MATCH_EXACT);
		break;
	default:
		break;
	}
}

static struct identity read_identity(int kind, const char *text, size_t len)
{
	struct identity id = { .type = ID_ANY };
	const char *why = NULL;
	int err;

	if (kind == WIRE) {
		if (len)
			must(!identity_from_wire(text[0], text + 1, len - 1, &id));
		return id;
	}
	err = identity_parse(text, &id, &why);
	if (err) {
		must(err == -EINVAL);
		must(why && *why);
		must(!id.data);
		return (struct identity){ .type = ID_ANY };
	}
	check_format(&id, text);
	check_self(&id);
	return id;
}

/* With the index, and by trying all: the same. */
static void check_match(struct config *config, const struct identity *id,
			const char *eap, const char *group, const char *conn)
{
	const struct profile *all[PROFILES_MAX], *found, *expected;
	const struct proved proved[] = {
		{ .id = id }, { .eap = eap }, { .member_of = group },
	};
	struct match_index plain = { .rest = all };
	struct match_index *index = match_index_new(config);
	char why[2][1024];
	size_t i;

	must(index);
	config->index = index;
	found = config_match(config, proved, 3, conn, why[0], sizeof(why[0]));
	for (i = 0; i < config->n_profiles; i++)
		all[plain.n_rest++] = &config->profiles[i];
	config->index = &plain;
	expected = config_match(config, proved, 3, conn, why[1], sizeof(why[1]));
	if (found != expected || strcmp(why[0], why[1])) {
		fprintf(stderr, "by the index %s: %s\none after the other %s: %s\n",
			found ? found->name : "none", why[0],
			expected ? expected->name : "none", why[1]);
		abort();
	}
	must(config_match(config, proved, 3, conn, NULL, 0) == found);
	config->index = NULL;
	match_index_free(index);
}

static void add_text(char ***texts, size_t *n, const char *text)
{
	if (!*text || *n == PATTERNS_MAX)
		return;
	if (!*texts)
		*texts = calloc(PATTERNS_MAX, sizeof(**texts));
	must(*texts);
	(*texts)[(*n)++] = strdup(text);
}

static void add_id(struct profile *p, const char *text)
{
	struct identity id;
	const char *why;
	size_t n = p->n_ids;

	if (n == PATTERNS_MAX || identity_parse(text, &id, &why))
		return;
	check_format(&id, text);
	check_self(&id);
	if (!p->ids)
		p->ids = calloc(PATTERNS_MAX, sizeof(*p->ids));
	must(p->ids);
	p->ids[p->n_ids++] = id;
	add_text(&p->id_text, &n, text);
}

static bool has_condition(const struct profile *p)
{
	return p->n_ids || p->n_eap_ids || p->n_members || p->n_conns;
}

static void free_texts(char **texts, size_t n)
{
	while (n)
		free(texts[--n]);
	free(texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char names[PROFILES_MAX][2] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	struct profile profiles[PROFILES_MAX] = {}, *p = profiles;
	struct config config = { .profiles = profiles };
	struct identity id = { .type = ID_ANY };
	char *eap = NULL, *conn = NULL, *group = NULL, *text;
	unsigned int matching = 0;
	size_t n;

	p->name = names[0];
	while (size >= 2) {
		int kind = data[0];

		n = data[1] < size - 2 ? data[1] : size - 2;
		text = malloc(n + 1);
		must(text);
		memcpy(text, data + 2, n);
		text[n] = '\0';
		data += n + 2;
		size -= n + 2;
		switch (kind) {
		case TEXT:
		case WIRE:
			identity_clear(&id);
			id = read_identity(kind, text, n);
			break;
		case EAP:
			free(eap);
			eap = strdup(text);
			break;
		case CONN:
			free(conn);
			conn = strdup(text);
			break;
		case GROUP:
			free(group);
			group = strdup(text);
			break;
		case MATCHING:
			matching = (matching + 1) % (DN_RELAXED + 1);
			break;
		case NEXT:
			/* one without a condition is none */
			if (p < profiles + PROFILES_MAX - 1 &&
			    has_condition(p)) {
				p++;
				p->name = names[p - profiles];
			}
			break;
		case PATTERN:
			add_id(p, text);
			break;
		case EAP_PATTERN:
			add_text(&p->eap_ids, &p->n_eap_ids, text);
			break;
		case CONN_PATTERN:
			add_text(&p->conns, &p->n_conns, text);
			break;
		case GROUP_PATTERN:
			add_text(&p->members, &p->n_members, text);
			break;
		}
		free(text);
	}
	config.n_profiles = p - profiles;
	if (has_condition(p))
		config.n_profiles++;

	check_format(&id, NULL);
	id.matching = matching;
	check_match(&config, &id, eap, group, conn);

	identity_clear(&id);
	free(eap);
	free(conn);
	free(group);
	for (p = profiles; p < profiles + PROFILES_MAX; p++) {
		for (n = 0; n < p->n_ids; n++)
			identity_clear(&p->ids[n]);
		free_texts(p->id_text, p->n_ids);
		free_texts(p->eap_ids, p->n_eap_ids);
		free_texts(p->conns, p->n_conns);
		free_texts(p->members, p->n_members);
		free(p->ids);
	}
	return 0;
}
