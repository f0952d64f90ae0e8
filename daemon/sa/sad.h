/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the charons stated: their IKE SAs with identity, profile and group, the
 * CHILD SAs and SAs under them, and so which entries the module's tables should
 * have (due.h).
 *
 * A charon is a source. Its connection may end without its SAs ending: they
 * stay, until it is back and states what it has, or, once its process is gone,
 * until some charon has stated what it has.
 */
#ifndef IPSEC_QOSD_SAD_H
#define IPSEC_QOSD_SAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "config/config.h"
#include "sa/dispute.h"
#include "sa/entry.h"
#include "sa/lease.h"
#include "lib/feed/feed.h"
#include "sa/ports.h"
#include "sa/presence.h"
#include "sa/proof.h"

/*
 * How many SAs (and CHILD SAs) and IKE SAs are kept at most: so many times the
 * configuration's ceiling, but not fewer than these.
 */
#define SAD_TIMES	4
#define SAD_SAS		65536
#define SAD_IKES	16384

struct sad;
struct sad_source;

struct sad_id_key {
	uint32_t source;
	uint32_t id;
};

/** struct sad_child - a CHILD SA, for `status` */
struct sad_child {
	struct keyed keyed;
	struct sad_id_key key;
	char *name;
	uint32_t reqid;
	uint32_t spi_in;
	uint32_t spi_out;
	uint32_t round;
	uint8_t proto;
	bool encap;
	struct claims claims;
	struct sad_ike *ike;
	LIST_ENTRY(sad_child) list;
};

/**
 * enum sad_shared - why a peer is in the group that all are in who have none of their own
 *
 * @SAD_OWN: it is not
 * @SAD_FULL: the range has none left
 * @SAD_UNPROVED: nothing that it says of itself is proved
 * @SAD_LONG: what is proved has PROOF_IDENTITY_MAX bytes or more
 */
enum sad_shared {
	SAD_OWN,
	SAD_FULL,
	SAD_UNPROVED,
	SAD_LONG,
	SAD_SHARED_WHYS
};

/**
 * struct sad_ike - an IKE SA as charon stated it
 *
 * @key: which charon's, and its unique id there
 * @closed: it is gone, but SAs that came with it live on (IKEv1)
 * @encap: its CHILD SAs are ESP in UDP, as far as was stated
 * @ports: what the module sees of it
 * @proofs: what its peer proved to be, and what it claimed
 * @old: @profile and @group are of an earlier configuration; whoever is handed
 *	the IKE SA meets it without
 * @profile: which the configuration in use gives it, NULL: none
 * @group: that profile's, 0: none
 * @lease: of @group, where the profile has one for each peer
 * @shared: why @group is then not the peer's own
 * @there: while it has no @lease
 * @entry: of the IKE table, NULL where another IKE SA has those SPIs now
 * @list: of those that are closed
 * @olds: of those that are @old
 * @fulls: of those that are SAD_FULL
 */
struct sad_ike {
	struct keyed keyed;
	struct sad_id_key key;
	struct sad_source *source;
	bool closed;
	uint32_t round;
	uint8_t version;
	uint64_t spi_i;
	uint64_t spi_r;
	struct iq_addr local;
	struct iq_addr remote;
	uint16_t local_port;
	uint16_t remote_port;
	bool encap;
	enum ports_state ports;
	struct proofs proofs;
	char *conn;
	bool old;
	const struct profile *profile;
	uint32_t group;
	struct lease *lease;
	enum sad_shared shared;
	struct presence there;
	struct sad_entry *entry;
	LIST_HEAD(, sad_sa) sas;
	LIST_HEAD(, sad_child) children;
	LIST_ENTRY(sad_ike) list;
	LIST_ENTRY(sad_ike) olds;
	TAILQ_ENTRY(sad_ike) fulls;
};

/**
 * struct sad_stated - what a message came to
 *
 * @why: on error, what is wrong; until the next message
 * @group: of the IKE SA or SA, 0: none
 * @n: how many of @entries the message was about
 * @entries: those, which may be due now; of an SA also that of its IKE SA, if it
 *	is due
 */
struct sad_stated {
	const char *why;
	uint32_t group;
	size_t n;
	struct sad_entry *entries[2];
};

/** sad_new() - empty, and sad_kernel() false; NULL: no memory */
struct sad *sad_new(void);
void sad_free(struct sad *sad);

/**
 * sad_config() - use a configuration: an IKE SA that is stated from now on is
 * resolved by it, and those that are there when sad_resolve() comes to them
 *
 * @config: kept and read until the next call; the former one is not
 *
 * Return: 0; -ENOMEM: the former one is still in use.
 */
int sad_config(struct sad *sad, const struct config *config);

/** sad_leases() - who has which group of the configuration's ranges */
struct leases *sad_leases(const struct sad *sad);

/**
 * sad_shared() - how many IKE SAs are of peers that have no group of their own
 *
 * Looks at all IKE SAs.
 *
 * @n: of each of the configuration's ranges, in its order, and for each reason
 */
void sad_shared(const struct sad *sad, size_t (*n)[SAD_SHARED_WHYS]);

/** sad_strangers() - how many IKE SAs are of peers that no profile names; likewise */
size_t sad_strangers(const struct sad *sad);

/**
 * sad_resolve() - resolve up to @max IKE SAs that were stated under an earlier
 * configuration; what changes its group is due
 *
 * Return: whether all are resolved. Until then what is due may be on the way to
 * a group that the configuration does not have any more.
 */
bool sad_resolve(struct sad *sad, size_t max);

/**
 * sad_connect() - a charon has connected; it has not stated anything yet
 *
 * @pid: its process; what that process stated on an earlier connection, which
 *	has ended (sad_disconnect()), is taken up again
 *
 * Return: NULL: no memory.
 */
struct sad_source *sad_connect(struct sad *sad, pid_t pid);
void sad_disconnect(struct sad *sad, struct sad_source *source);

/**
 * sad_state() - what a charon says: any message of the feed from
 * IQ_FEED_SYNC_START to IQ_FEED_CHILD_DEL, and IQ_FEED_PASSED_OVER
 *
 * @msg: decoded and checked by iq_feed_get()
 * @now: seconds, of a clock that does not jump
 *
 * Return: 0; -ENOENT: the message names an IKE SA that was not stated; -EEXIST:
 * an SA that is installed already is another IKE SA's; -ENOSPC: no more
 * are kept; -EINVAL; -ENOMEM. On error nothing has changed.
 */
int sad_state(struct sad *sad, struct sad_source *source,
	      const struct iq_feed *msg, double now, struct sad_stated *stated);

/** sad_charons() - how many are connected */
unsigned int sad_charons(const struct sad *sad);

/** sad_matching() - how DNs are matched: as the loosest does that is connected */
enum dn_matching sad_matching(const struct sad *sad);

/**
 * sad_passed_over() - how many SAs those that are connected have installed
 * without an answer, each since it runs
 */
uint64_t sad_passed_over(const struct sad *sad);

/**
 * sad_unseen() - how many IKE SAs use ports that the module does not look at
 *
 * @port: this host's port of the one that was found so last, where there is any
 */
size_t sad_unseen(const struct sad *sad, uint16_t *port);

/**
 * sad_beside() - how many IKE SAs are at an address of this host that nothing is steered to
 *
 * Looks at all IKE SAs, where others are steered (config_beside()).
 *
 * @addr: that of one of them, where there is any
 */
size_t sad_beside(const struct sad *sad, struct iq_addr *addr);

/** sad_source_synced() - has this one stated all it has? */
bool sad_source_synced(const struct sad_source *source);

/** sad_synced() - is one connected, and has each stated all it has? */
bool sad_synced(const struct sad *sad);

/**
 * struct sad_walk - through the IKE SAs that are stated, with pauses in which
 * they may change: none that stays is left out
 */
struct sad_walk {
	struct sad *sad;
	struct sad_ike *next;
	LIST_ENTRY(sad_walk) list;
};

void sad_walk_begin(struct sad *sad, struct sad_walk *walk);

/** sad_walk_next() - NULL: that was all */
const struct sad_ike *sad_walk_next(struct sad_walk *walk);
void sad_walk_end(struct sad_walk *walk);

/** sad_find_ike() - the IKE SA that a charon stated by that number; NULL: none */
const struct sad_ike *sad_find_ike(struct sad *sad, const struct sad_source *source,
				   uint32_t id);

#endif /* IPSEC_QOSD_SAD_H */
