/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the charons stated: their IKE SAs with identity, profile and group, the
 * CHILD SAs and SAs under them, and so which entries the module's tables should
 * have. Nothing here talks to the kernel: an entry that it has to be told about
 * is due, until tables.c has told it.
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

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "config/config.h"
#include "sa/dispute.h"
#include "lib/feed.h"
#include "sa/ports.h"
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
struct sad_ike;

/* What is known of an entry in the kernel's table. */
enum sad_known {
	SAD_UNKNOWN,
	SAD_ABSENT,
	SAD_PRESENT,
};

/**
 * struct sad_entry - what an entry of either table should be
 *
 * @due: in the queue of its kind
 * @missing: in the queue of those of its kind that the kernel's table told of as
 *	they should not be
 * @is_due: it is in the first
 * @is_missing: it is in the other
 * @gone: nobody states it any more; it is freed once the kernel has no such
 *	entry either
 * @went: the kernel's entry went with the kernel's SA; there should be none
 *	until charon states the SA again
 * @known: whether the kernel has it
 * @group: the id of the group it should be in, 0: there should be none
 * @known_group: the one that it is in, if SAD_PRESENT
 * @round: of its source when it was stated
 * @ike: under which IKE SA, NULL if @gone
 */
struct sad_entry {
	TAILQ_ENTRY(sad_entry) due;
	TAILQ_ENTRY(sad_entry) missing;
	bool is_due;
	bool is_missing;
	bool gone;
	bool went;
	enum sad_known known;
	uint32_t group;
	uint32_t known_group;
	uint32_t round;
	struct sad_ike *ike;
};

struct sad_sa_key {
	uint32_t salt;
	uint32_t spi;
	struct iq_addr dst;
	uint8_t proto;
};

/**
 * struct sad_sa - an SA
 *
 * @entry: first, so that an entry of the SAs' queue is an SA
 * @pending: it is about to be installed
 * @restated: due as pending for another reason than that charon said so: it
 *	may have been installed since
 * @local: the kernel's SAD has it, as its table told last
 * @child_id: charon's id of the CHILD SA that it is the outbound SA of; 0: none
 *	that is known
 * @deadline: when the kernel gives a pending one up
 */
struct sad_sa {
	struct sad_entry entry;
	struct sad_sa_key key;
	bool pending;
	bool restated;
	bool local;
	uint32_t child_id;
	double deadline;
	TAILQ_ENTRY(sad_sa) wait;
	LIST_ENTRY(sad_sa) list;
	UT_hash_handle hh;
};

struct sad_spi_key {
	uint64_t spi_i;
	uint64_t spi_r;
	uint64_t salt;
};

/** struct sad_spi - the IKE table's entry for an IKE SA */
struct sad_spi {
	struct sad_entry entry;
	struct sad_spi_key key;
	UT_hash_handle hh;
};

struct sad_id_key {
	uint32_t source;
	uint32_t id;
};

/** struct sad_child - a CHILD SA, for `status` */
struct sad_child {
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
	UT_hash_handle hh;
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
 * @spi: its entry, NULL where another IKE SA has those SPIs now
 * @list: of those that are closed
 * @olds: of those that are @old
 */
struct sad_ike {
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
	struct sad_spi *spi;
	LIST_HEAD(, sad_sa) sas;
	LIST_HEAD(, sad_child) children;
	LIST_ENTRY(sad_ike) list;
	LIST_ENTRY(sad_ike) olds;
	UT_hash_handle hh;
};

/**
 * struct sad_stated - what a message came to
 *
 * @why: on error, what is wrong; until the next message
 * @group: of the IKE SA or SA, 0: none
 * @n_sas: how many of @sas the message was about
 * @sas: those SAs, which may be due now
 * @n_spis: how many of @spis
 * @spis: the same of the IKE table; of an SA, that of its IKE SA if it is due
 */
struct sad_stated {
	const char *why;
	uint32_t group;
	size_t n_sas;
	struct sad_sa *sas[2];
	size_t n_spis;
	struct sad_spi *spis[2];
};

/** sad_new() - empty, and sad_kernel() false; NULL: no memory */
struct sad *sad_new(void);
void sad_free(struct sad *sad);

/**
 * sad_config() - use a configuration: an IKE SA that is stated from now on is
 * resolved by it, and those that are there when sad_resolve() comes to them
 *
 * @config: kept and read until the next call; the former one is not
 */
void sad_config(struct sad *sad, const struct config *config);

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

/** sad_synced() - is one connected, and has each stated all it has? */
bool sad_synced(const struct sad *sad);

/* What the kernel's tables should be. */

/**
 * sad_kernel() - the module's tables are there, or not any more
 *
 * Either way, nothing is known of them; while they are there, what is gone
 * stays until it is gone there too.
 */
void sad_kernel(struct sad *sad, bool there);

/**
 * sad_restate() - all that should be in the tables is due: a generation begins
 *
 * @empty: the tables have nothing of it
 */
void sad_restate(struct sad *sad, bool empty);

/** sad_n_sas() - how many SAs it knows of */
size_t sad_n_sas(const struct sad *sad);

/** sad_due_sas() - take up to @max due SAs off the queue; returns how many */
size_t sad_due_sas(struct sad *sad, struct sad_sa **sas, size_t max);
size_t sad_due_spis(struct sad *sad, struct sad_spi **spis, size_t max);

/** sad_idle() - is every IKE SA resolved and nothing due? */
bool sad_idle(const struct sad *sad);

/**
 * sad_sa_written() - what the kernel's table has now
 *
 * @known: SAD_PRESENT: as @sa->entry.group says; SAD_UNKNOWN: it was refused.
 *	Frees @sa if it is gone.
 */
void sad_sa_written(struct sad *sad, struct sad_sa *sa, enum sad_known known);
void sad_spi_written(struct sad *sad, struct sad_spi *spi, enum sad_known known);

/**
 * sad_overdue() - an SA that was about to be installed for longer than the
 * kernel's table waits, or NULL
 */
struct sad_sa *sad_overdue(struct sad *sad, double now);

/** sad_deadline() - when the next one will be; 0: none is waiting */
double sad_deadline(const struct sad *sad);

/**
 * sad_settle() - what became of an overdue one
 *
 * @known: of the kernel's table. SAD_PRESENT: it was installed; SAD_ABSENT: it
 *	never was, and is forgotten; SAD_UNKNOWN: to be asked again later
 */
void sad_settle(struct sad *sad, struct sad_sa *sa, enum sad_known known,
		double now);

/**
 * sad_sa_seen() - the kernel's table told of an SA
 *
 * @group: that its entry is in, if it is one of ours, else 0; 0: it is gone
 * @local: the kernel's SAD has the SA
 *
 * Return: it is not as it should be: sad_mend() is to be called before long,
 * but not all the time, for somebody may want it otherwise.
 */
bool sad_sa_seen(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		 uint8_t proto, uint32_t group, bool local);
bool sad_spi_seen(struct sad *sad, uint64_t spi_i, uint64_t spi_r,
		  uint32_t group);

/**
 * sad_sa_went() - the kernel's table told that an SA's entry is gone, and that
 * its SAD does not have the SA: if it had, that is why
 */
void sad_sa_went(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		 uint8_t proto);

/**
 * sad_mend() - what sad_sa_seen() and sad_spi_seen() found wrong, and is not
 * right again, is due
 *
 * Return: whether anything is for that.
 */
bool sad_mend(struct sad *sad);

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

#endif /* IPSEC_QOSD_SAD_H */
