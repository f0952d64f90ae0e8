// SPDX-License-Identifier: GPL-2.0-or-later
#include "proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int read_proof(const struct iq_feed_identity *from, struct proof *proof)
{
	char text[TEXT_MAX];
	int err;

	/* the feed lets no longer one through */
	err = identity_from_wire(from->type, from->data, from->len, &proof->id);
	if (err)
		return err;
	proof->round = from->round;
	proof->proof = from->proof;
	identity_format(&proof->id, text, sizeof(text));
	proof->text = strdup(text);
	proof->method = strdup(from->method);
	if (!proof->text || !proof->method)
		return -ENOMEM;
	return read_name(proof);
}

int proofs_read(const struct iq_feed *msg, struct proofs *proofs)
{
	int err = 0;

	*proofs = (struct proofs){};
	if (!msg->n_ids)
		return 0;
	proofs->v = calloc(msg->n_ids, sizeof(*proofs->v));
	if (!proofs->v)
		return -ENOMEM;
	while (!err && proofs->n < msg->n_ids) {
		err = read_proof(&msg->ids[proofs->n], &proofs->v[proofs->n]);
		proofs->n++;
	}
	if (err)
		proofs_clear(proofs);
	return err;
}

void proofs_clear(struct proofs *proofs)
{
	while (proofs->n) {
		struct proof *p = &proofs->v[--proofs->n];

		identity_clear(&p->id);
		free(p->text);
		free(p->name);
		free(p->method);
	}
	free(proofs->v);
	proofs->v = NULL;
}

bool proofs_same(const struct proofs *a, const struct proofs *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++) {
		const struct proof *x = &a->v[i], *y = &b->v[i];

		if (x->id.type != y->id.type || x->id.len != y->id.len ||
		    (x->id.len && memcmp(x->id.data, y->id.data, x->id.len)) ||
		    x->round != y->round || x->proof != y->proof ||
		    strcmp(x->method, y->method) != 0)
			return false;
	}
	return true;
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
	return n;
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
