/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which peers are there.
 *
 * A peer that has a group of its own is there while its lease has users: neither
 * rekeying nor authentication anew, where the new IKE SA comes before the old one goes,
 * makes it come or go. Of any other each IKE SA is there by itself. An IKE SA counts
 * once its peer has proved what it is, or an SA under it is installed: charon states
 * those that it initiates before. It counts until the last of its SAs has gone.
 */
#ifndef IPSEC_QOSD_PRESENCE_H
#define IPSEC_QOSD_PRESENCE_H

#include <stdbool.h>

struct lease;
struct sad;
struct sad_ike;

/**
 * struct presence - of a lease, or of an IKE SA without one
 *
 * @since: when it came, by monotonic(); 0: it is not there
 * @known: it was there already when charon stated all it has
 */
struct presence {
	double since;
	bool known;
};

/**
 * struct presence_ops - what others are to know
 *
 * @came: a peer is there, by this IKE SA
 * @went: it is not any more, with this IKE SA, whose group is still what it was. Its
 *	struct presence says since when it was there.
 *
 * @lease: the one that it has, or had; NULL: the IKE SA is there by itself
 */
struct presence_ops {
	void (*came)(void *arg, const struct sad_ike *ike, struct lease *lease);
	void (*went)(void *arg, const struct sad_ike *ike, const struct lease *lease);
};

/** presence_tell() - whom; NULL: nobody */
void presence_tell(struct sad *sad, const struct presence_ops *ops, void *arg);

/** presence_of() - that of the IKE SA, by the lease that is said with it */
const struct presence *presence_of(const struct sad_ike *ike, const struct lease *lease);

/*
 * For ike.c
 */

/** presence_look() - the IKE SA has another lease, identity or SA now */
void presence_look(struct sad *sad, struct sad_ike *ike);

/** presence_leave() - the IKE SA gives its lease back, which others may have, too */
void presence_leave(struct sad *sad, struct sad_ike *ike);

/** presence_end() - the IKE SA is about to be by itself no more */
void presence_end(struct sad *sad, struct sad_ike *ike);

#endif /* IPSEC_QOSD_PRESENCE_H */
