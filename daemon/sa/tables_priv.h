/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files behind tables.h share: tables.c (the module's coming and going,
 * entries, generations), groups.c and told.c. For them alone.
 */
#ifndef IPSEC_QOSD_TABLES_PRIV_H
#define IPSEC_QOSD_TABLES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

#include <ev.h>

#include "lib/array.h"
#include "lib/kernel/entry.h"
#include "lib/kernel/event.h"
#include "lib/kernel/group.h"
#include "lib/kernel/socket.h"
#include "log.h"
#include "sa/due.h"
#include "sa/module.h"
#include "sa/tables.h"

/* Entries written in one turn: who waits for an answer waits for them. */
#define TURN		256

/* Groups that somebody changed are looked at one by one, unless they are more. */
#define WRONG_GROUPS	16

/* Turns of so many seconds */
#define TURN_TIME	0.005

/* Kinds of trouble that are told apart; what is more is the last one. */
#define TROUBLES	64

#define STATE		(NLM_F_CREATE | NLM_F_REPLACE)
#define OWNER		IPSEC_QOS_OWNER_DAEMON

/**
 * struct trouble - something that the kernel refuses, again and again maybe
 *
 * @what: names it
 * @now: since the last generation was opened
 */
struct trouble {
	char what[96];
	bool now;
	struct said said;
};

/**
 * enum stage - how far a generation is
 *
 * @STAGE_READ: what groups there are is being read
 * @STAGE_NAMES: groups make way whose names others are to have
 * @STAGE_GROUPS: the configuration's are being stated
 * @STAGE_RANGES: of its ranges, those that peers have
 * @STAGE_ENTRIES: SAs and IKE SAs are; also when all is as it should be
 * @STAGE_REMOVE: groups are removed that the configuration does not have any more
 */
enum stage {
	STAGE_READ,
	STAGE_NAMES,
	STAGE_GROUPS,
	STAGE_RANGES,
	STAGE_ENTRIES,
	STAGE_REMOVE,
};

/**
 * struct tables - see tables.h
 *
 * @k: NULL: the module is not there
 * @reader: a socket to read groups from piece by piece, at STAGE_READ
 * @tries: how often that may still be begun anew
 * @stage: with @at, the next group; at STAGE_RANGES the id of the last
 * @n_came: groups of peers that were stated meanwhile
 * @have: what groups there were when the generation was opened, in the order of
 *	their ids
 * @with_entries: those that are removed are so with what is in them
 * @left: some of them are still used
 * @generation: the one opened last, while @open
 * @failed: something of it was refused
 * @partial: what was refused may be in the kernel as it was before, and is not
 *	nobody's: nothing is swept
 * @raised: the ceiling of groups is higher than configured
 * @lost: the module is gone, as a request found
 * @config_new: groups of an earlier configuration may be left
 * @refused: ids of those that the kernel does not have, in their order
 * @write: runs while something is due
 * @retry: opens a generation anew after something failed
 * @overdue: for SAs that were announced and not installed
 * @followers: who states objects of its own, @n_followers of them
 * @grouping: groups are being stated, and followers were not told that they are
 * @linger: groups of peers that have gone go from the kernel
 * @settle: nothing is due that could be written: the module is not there
 * @events: what the module tells
 * @mend: runs once something is not as it should be, as it told
 * @wrong: ids of the configuration's groups that it was about, @n_wrong: it may
 *	have been about more
 * @deaf: something that it told was lost
 * @deaf_delay: until all is stated anew for that; the last time it was @deaf_last
 * @told: in this turn, which ends at @told_until
 * @other: the module is of another version
 * @error: what the kernel refused last
 */
struct tables {
	struct ev_loop *loop;
	struct sad *sad;
	const struct config *config;
	void (*settled)(void *arg);
	void *arg;
	struct {
		const struct tables_follower *ops;
		void *arg;
	} followers[TABLES_FOLLOWERS];
	size_t n_followers;
	bool grouping;

	struct module_watch *watch;
	struct iq_kernel *k;
	struct iq_kernel *reader;
	unsigned int tries;
	enum stage stage;
	size_t at;
	size_t n_came;
	UT_array have;
	bool with_entries;
	bool left;
	uint32_t generation;
	bool open;
	bool failed;
	bool partial;
	bool raised;
	bool lost;
	bool config_new;
	size_t n_refused;
	uint32_t *refused;
	unsigned int resyncs;

	ev_io notice;
	ev_idle write;
	ev_timer retry;
	ev_timer overdue;
	ev_timer settle;
	ev_timer linger;
	ev_io events;
	ev_timer mend;
	uint32_t wrong[WRONG_GROUPS];
	size_t n_wrong;
	bool deaf;
	double deaf_delay;
	double deaf_last;
	unsigned int told;
	double told_until;
	double delay;

	struct said absent;
	struct said other;
	struct said leftover;
	struct said meddled;
	size_t n_troubles;
	struct trouble troubles[TROUBLES];
	char error[256];

	struct sad_entry *entries[TURN];
	union {
		struct iq_sa sa[TURN];
		struct iq_ike ike[TURN];
	} bulk;
};

/* tables.c */

/** tables_refused() - the kernel said no: once is enough, and it is tried again */
void tables_refused(struct tables *t, const char *what, int err);

/** tables_refused_on() - likewise, on the socket @k, which may be NULL */
void tables_refused_on(struct tables *t, const struct iq_kernel *k,
		       const char *what, int err);

/**
 * tables_restate() - open a generation
 *
 * @empty: the module came: there is nothing in its tables
 */
void tables_restate(struct tables *t, bool empty);

/* groups.c */

/** groups_begin_reading() - groups have their turn: what there is is read first */
void groups_begin_reading(struct tables *t);

/** groups_write() - their turn; false: there is more to do, or the module is gone */
bool groups_write(struct tables *t, double stop);

/** groups_ensure() - an entry is to be written whose group may not have had its turn */
void groups_ensure(struct tables *t, uint32_t id);

/** groups_hold() - which groups there are that peers had before the daemon started */
void groups_hold(struct tables *t);

/** groups_expire() - those of peers that went long enough ago go, until @stop */
void groups_expire(struct tables *t, double stop);

/** groups_begin_removing() - those go that the configuration does not have any more */
void groups_begin_removing(struct tables *t, bool with_entries);

/** groups_remove() - they do; returns as groups_write() */
bool groups_remove(struct tables *t, double stop);

/**
 * groups_wanted() - should the kernel have the group of an id?
 *
 * @group: as it should have it
 */
bool groups_wanted(const struct tables *t, uint32_t id, struct iq_kernel_group *group);

/** groups_is_refused() - is a group of the configuration not in the kernel? */
bool groups_is_refused(const struct tables *t, uint32_t group);

/** groups_same() - is one that the kernel has the one that it should have? */
bool groups_same(const struct iq_kernel_group *a, const struct iq_kernel_group *b);

/* told.c: callbacks of the events' socket, and of what is done about them */

void told_on_events(struct ev_loop *loop, ev_io *w, int revents);
void told_on_mend(struct ev_loop *loop, ev_timer *w, int revents);

#endif /* IPSEC_QOSD_TABLES_PRIV_H */
