/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose an SA or a group is, for the command: what a peer is known by is one text for
 * all that it has, such as "eap:carol@corp.example".
 */
#ifndef IPSEC_QOSD_WHOSE_H
#define IPSEC_QOSD_WHOSE_H

#include <jansson.h>

#include "daemon.h"

/**
 * whose_peer() - what the peer of an IKE SA is known by: by its lease, or else what a
 * lease would know it by (proofs_identity()); null: nothing is proved
 *
 * @lease: the one that it has, or had; NULL: none
 */
json_t *whose_peer(const struct sad_ike *ike, const struct lease *lease);

/**
 * whose_fits() - does a pattern name the peer of an IKE SA?
 *
 * By what it is known by, by an identity that it proved or claims, or by its group's
 * name; case does not count.
 *
 * @pattern: as of the shell (fnmatch(3))
 */
bool whose_fits(const struct daemon *daemon, const struct sad_ike *ike, const char *pattern);

/** whose_sa() - an SA, as answer.h has it, whose peer is known by @peer */
json_t *whose_sa(const struct sad_sa *sa, json_t *peer);

/** whose_group() - the group of a lease, as answer.h has it */
json_t *whose_group(const struct lease *lease);

#endif /* IPSEC_QOSD_WHOSE_H */
