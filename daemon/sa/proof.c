// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/proof.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

/* Of the longest identity, each of whose bytes may be written \xNN. */
#define TEXT_MAX	(IDENTITY_LEN_MAX * 4 + 64)

static bool is_text(const struct identity *id)
{
	return id->type == ID_FQDN || id->type == ID_USER_FQDN ||
	       id->type == ID_KEY_ID;
}

/* The name is what charon made the identity of. */
static int read_name(struct proof *proof)
{
	const struct identity *id = &proof->id;

	if (!is_text(id))
		proof->name = strdup(proof->text);
	else if (id->len && memchr(id->data, '\0', id->len))
		return 0;
	else
		proof->name = strndup(id->len ? (const char *)id->data : "", id->len);
	return proof->name ? 0 : -ENOMEM;
}

static int read_proof(const struct iq_feed_identity *from,
		      enum dn_matching matching, struct proof *proof)
{
	char text[TEXT_MAX];
	int err;

	/* the feed lets no longer one through */
	err = identity_from_wire(from->type, from->data, from->len, &proof->id);
	if (err)
		return err;
	proof->id.matching = matching;
	proof->round = from->round;
	proof->proof = from->proof;
	identity_format(&proof->id, text, sizeof(text));
	proof->text = strdup(text);
	if (from->method)
		proof->method = strdup(from->method);
	if (!proof->text || (from->method && !proof->method))
		return -ENOMEM;
	return read_name(proof);
}

static int read_member(const struct iq_feed_member *from, struct proof *proof)
{
	const struct iq_feed_identity name = {
		.type = from->type,
		.round = from->round,
		.proof = from->proof,
		.data = from->data,
		.len = from->len,
	};

	return read_proof(&name, DN_STRICT, proof);
}

int proofs_read(const struct iq_feed_ike *msg, struct proofs *proofs)
{
	int err = 0;

	*proofs = (struct proofs){};
	proofs->v = calloc(msg->ids.n + 1, sizeof(*proofs->v));
	proofs->members = calloc(msg->members.n + 1, sizeof(*proofs->members));
	if (!proofs->v || !proofs->members)
		err = -ENOMEM;
	while (!err && proofs->n < msg->ids.n) {
		err = read_proof(&msg->ids.v[proofs->n], msg->rdn_matching,
				 &proofs->v[proofs->n]);
		proofs->n++;
	}
	while (!err && proofs->n_members < msg->members.n) {
		err = read_member(&msg->members.v[proofs->n_members],
				  &proofs->members[proofs->n_members]);
		proofs->n_members++;
	}
	if (err)
		proofs_clear(proofs);
	return err;
}

static void clear(struct proof *v, size_t n)
{
	while (n--) {
		identity_clear(&v[n].id);
		free(v[n].text);
		free(v[n].name);
		free(v[n].method);
	}
	free(v);
}

void proofs_clear(struct proofs *proofs)
{
	clear(proofs->v, proofs->n);
	clear(proofs->members, proofs->n_members);
	*proofs = (struct proofs){};
}

static bool same(const struct proof *a, const struct proof *b, size_t n)
{
	for (; n--; a++, b++) {
		if (a->id.type != b->id.type || a->id.len != b->id.len ||
		    (a->id.len && memcmp(a->id.data, b->id.data, a->id.len)) ||
		    a->id.matching != b->id.matching ||
		    a->round != b->round || a->proof != b->proof ||
		    !a->method != !b->method ||
		    (a->method && strcmp(a->method, b->method) != 0))
			return false;
	}
	return true;
}

bool proofs_same(const struct proofs *a, const struct proofs *b)
{
	return a->n == b->n && a->n_members == b->n_members &&
	       same(a->v, b->v, a->n) && same(a->members, b->members, a->n_members);
}

const struct proof *proofs_best(const struct proofs *proofs)
{
	static const enum iq_feed_proof order[] = {
		IQ_FEED_PROOF_IKE, IQ_FEED_PROOF_EAP, IQ_FEED_PROOF_XAUTH,
		IQ_FEED_PROOF_NONE,
	};
	size_t i, j;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (j = 0; j < proofs->n; j++)
			if (proofs->v[j].proof == order[i])
				return &proofs->v[j];
	return NULL;
}

static bool is_eap(const struct proof *p)
{
	return p->proof == IQ_FEED_PROOF_EAP || p->proof == IQ_FEED_PROOF_XAUTH;
}

const struct proof *proofs_eap(const struct proofs *proofs)
{
	size_t i;

	for (i = proofs->n; i--;)
		if (is_eap(&proofs->v[i]))
			return &proofs->v[i];
	return NULL;
}

bool proofs_proved(const struct proofs *proofs)
{
	const struct proof *best = proofs_best(proofs);

	return best && best->proof != IQ_FEED_PROOF_NONE;
}

const char *proofs_text(const struct proofs *proofs)
{
	const struct proof *best = proofs_best(proofs);

	return best ? best->text : "nobody";
}

size_t proofs_match(const struct proofs *proofs, struct proved *proved)
{
	size_t i, n = 0;

	for (i = 0; i < proofs->n; i++) {
		const struct proof *p = &proofs->v[i];

		if (p->proof == IQ_FEED_PROOF_NONE)
			continue;
		proved[n++] = (struct proved){
			.id = p->proof == IQ_FEED_PROOF_XAUTH ? NULL : &p->id,
			.eap = is_eap(p) ? p->name : NULL,
		};
	}
	for (i = 0; i < proofs->n_members; i++) {
		const struct proof *p = &proofs->members[i];

		if (p->proof != IQ_FEED_PROOF_NONE)
			proved[n++] = (struct proved){ .member_of = p->name };
	}
	return n;
}

static const struct proof *proof_of(const struct proofs *proofs,
				    const struct profile *profile)
{
	struct proved proved[PROOFS_MAX];
	const struct proved *met = profile ? config_met(profile, proved,
						       proofs_match(proofs, proved)) : NULL;
	const struct proof *eap = proofs_eap(proofs), *best = proofs_best(proofs);
	size_t i;

	for (i = 0; met && i < proofs->n; i++)
		if (profile->n_eap_ids ? proofs->v[i].name == met->eap :
					 &proofs->v[i].id == met->id)
			return &proofs->v[i];
	if (eap && eap->name)
		return eap;
	return proofs_proved(proofs) ? best : NULL;
}

int proofs_identity(const struct proofs *proofs, const struct profile *profile,
		    char **identity)
{
	const struct proof *proof = proof_of(proofs, profile);
	bool eap = proof && is_eap(proof) && proof->name;
	char text[TEXT_MAX], *p;
	const char *name;
	struct text t;

	if (!proof)
		return -ENOENT;
	text_begin(&t, text, sizeof(text));
	text_put(&t, "%s:", eap ? "eap" : identity_type_name(proof->id.type));
	if (!eap)
		text_put(&t, "%s", proof->text);
	/* nobody is called as another whose name has bytes that are written so */
	for (name = eap ? proof->name : ""; *name; name++) {
		if (*name == '\\')
			text_put(&t, "\\x5c");
		else
			text_escape(&t, name, 1);
	}
	if (strlen(text) >= PROOF_IDENTITY_MAX)
		return -ENAMETOOLONG;
	for (p = text; *p; p++)
		*p = tolower((unsigned char)*p);
	*identity = strdup(text);
	return *identity ? 0 : -ENOMEM;
}

const char *proof_name(enum iq_feed_proof proof)
{
	switch (proof) {
	case IQ_FEED_PROOF_IKE:
		return "key";
	case IQ_FEED_PROOF_EAP:
		return "eap";
	case IQ_FEED_PROOF_XAUTH:
		return "xauth";
	default:
		return "claimed";
	}
}
