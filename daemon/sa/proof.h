/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer proved to be, and what it only claimed.
 */
#ifndef IPSEC_QOSD_PROOF_H
#define IPSEC_QOSD_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/feed/feed.h"

/**
 * struct proof - an identity of a peer, or the name of a group that it is in
 *
 * @id: the identity, or what the name is to charon
 * @text: as swanctl prints it
 * @name: as EAP and XAuth have it, its bytes or, where these are no text, as
 *	@text; NULL: it has a NUL in it, and no pattern names it
 * @round: the authentication round that it is of, 0: not known
 * @proof: what proved it
 * @method: the method of that round; of a group NULL
 */
struct proof {
	struct identity id;
	char *text;
	char *name;
	uint8_t round;
	enum iq_feed_proof proof;
	char *method;
};

/**
 * struct proofs - those of a peer
 *
 * @n: how many identities, up to IQ_FEED_IDS_MAX
 * @n_members: how many groups, up to IQ_FEED_MEMBERS_MAX
 */
struct proofs {
	size_t n;
	struct proof *v;
	size_t n_members;
	struct proof *members;
};

/**
 * proofs_read() - those of a message
 *
 * @proofs: filled in; to be released by proofs_clear()
 *
 * Return: 0 or -ENOMEM.
 */
int proofs_read(const struct iq_feed_ike *msg, struct proofs *proofs);

/** proofs_clear() - all zero is fine, and what is left */
void proofs_clear(struct proofs *proofs);
bool proofs_same(const struct proofs *a, const struct proofs *b);

/**
 * proofs_best() - the one to show where there is room for one: what a key
 * proved, else EAP, else XAuth, else what is only claimed; of the same the
 * first; NULL: there is none
 */
const struct proof *proofs_best(const struct proofs *proofs);

/** proofs_eap() - the last one that EAP or XAuth proved, or NULL */
const struct proof *proofs_eap(const struct proofs *proofs);

#define PROOF_IDENTITY_MAX	512	/* bytes of one that has a group of its own */

/**
 * proofs_identity() - the identity by which a peer is the same whenever it comes back
 *
 * The one that the profile is for; where that asks for none, the last that EAP or XAuth
 * proved, or else the first that a key proved. Letters are small ones: to who compares
 * names without their case, two that differ in it are one.
 *
 * @profile: NULL: none
 * @identity: set to one such as "eap:carol@corp.example", to be freed
 *
 * Return: 0; -ENOENT: nothing is proved; -ENAMETOOLONG: it has PROOF_IDENTITY_MAX bytes or
 * more; -ENOMEM.
 */
int proofs_identity(const struct proofs *proofs, const struct profile *profile,
		    char **identity);

/** proofs_proved() - is anything that it says of itself proved? */
bool proofs_proved(const struct proofs *proofs);

/** proofs_text() - that of proofs_best(), for messages */
const char *proofs_text(const struct proofs *proofs);

/**
 * proofs_match() - what config_match() is to be asked about
 *
 * A group counts where an identity was proved in the round in which it was said.
 *
 * @proved: PROOFS_MAX of them, filled in
 *
 * Return: how many, 0 where nothing is proved.
 */
#define PROOFS_MAX	(IQ_FEED_IDS_MAX + IQ_FEED_MEMBERS_MAX)
size_t proofs_match(const struct proofs *proofs, struct proved *proved);

/** proof_name() - what proved it, for JSON: "key", "eap", "xauth", "claimed" */
const char *proof_name(enum iq_feed_proof proof);

#endif /* IPSEC_QOSD_PROOF_H */
