/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of watching share: all of it in its thread, unless something else is said.
 */
#ifndef IPSEC_QOSD_CHAIN_WATCH_PRIV_H
#define IPSEC_QOSD_CHAIN_WATCH_PRIV_H

#include <pthread.h>
#include <sys/queue.h>

#include <ev.h>
#include <uthash.h>

#include "chain/watch.h"
#include "check/claims.h"
#include "check/neighbour.h"
#include "check/through.h"
#include "lib/array.h"

/**
 * struct side_key - by which the kernel's neighbours are told apart; no byte of it is without
 * a meaning
 */
struct side_key {
	uint32_t ifindex;
	struct iq_addr addr;
	uint8_t pad[3];
};

/**
 * struct watched_side - a side of a device whose MAC is to be found
 *
 * @ask: its address at its interface; of family 0: there is nothing to be found
 * @key: of @by_key, while @key.ifindex is not 0
 * @managed: the kernel keeps the neighbour, and asks it by itself
 * @unmanaged: it does not know how, and is told to ask each time
 * @poked: when it was last
 */
struct watched_side {
	struct watched *device;
	struct ask ask;
	struct side_key key;
	bool managed;
	bool unmanaged;
	double poked;
	UT_hash_handle by_key;
};

/**
 * struct watched - a device that is watched
 *
 * @d: as it was configured; its pointers are none of it
 * @side: outer and inner
 * @through: of DEVICE_CHECK_THROUGH, the try under way
 * @timer: until the next try, or the next check
 * @begun: a try is under way
 * @stays: it is in the configuration that is being put to use
 *
 * What follows is under the lock of who watches, for who writes it, and for the loop:
 *
 * @mac: of each side, while @has_mac
 * @silent: so many of its services answer nobody
 * @said: why the last try was no better
 * @changed: among those that something changed of, or that are watched no more
 */
struct watched {
	struct watch *watch;
	struct chain_device d;
	struct watched_side side[2];
	struct through through;
	ev_timer timer;
	bool begun;
	bool stays;

	bool has_mac[2];
	uint8_t mac[2][ETH_ALEN];
	struct trial trial;
	unsigned int silent;
	char said[ASK_WHY];
	bool is_changed;
	TAILQ_ENTRY(watched) changed;
	UT_hash_handle hh;
};

#define CONFLICTS	8	/* that are told of */

/** struct some - several, by @changed */
TAILQ_HEAD(some, watched);

struct macs;
struct finding;
struct syns;
struct iq_kernel;

/** struct watch_found - a service whose mode is known now */
struct watch_found {
	uint32_t service;
	enum service_mode mode;
};

/**
 * struct watch - see watch.h
 *
 * @own: the thread's loop
 * @wake: something is wanted
 * @upkeep: looks after neighbours, and after counters: twice a second
 * @findings: services whose modes are to be found
 * @syns: services whose servers are to answer, @n_syns of them
 * @even: every second turn, in which these are looked at
 * @k: to the module, for counters; NULL: it is not there
 * @lock: protects all that follows, and that nobody is woken who has ended
 * @all: by their ids; written by the thread alone
 * @changed: of them
 * @found: of struct watch_found, that the loop was not told of
 * @wanted: NULL: nothing; with which devices have failed, and which services' modes are to be
 *	found
 * @conflict: addresses that two hosts answer for, @n_conflicts of them
 * @stop: the thread is to end
 * @trouble: with neighbours, "": there is none
 */
struct watch {
	struct ev_loop *loop;
	const struct watch_ops *ops;
	void *arg;
	ev_async on_told;
	pthread_t thread;

	struct ev_loop *own;
	ev_async wake;
	ev_timer upkeep;
	struct neighbours *neighbours;
	struct throughs *throughs;
	struct claims *claims;
	struct macs *macs;
	TAILQ_HEAD(, finding) findings;
	struct syns *syns;
	size_t n_syns;
	bool even;
	struct iq_kernel *k;

	pthread_mutex_t lock;
	struct watched *all;
	struct some changed;
	UT_array found;
	struct config *wanted;
	bool *wanted_failed;
	bool *wanted_unknown;
	struct claimed conflict[CONFLICTS];
	size_t n_conflicts;
	bool stop;
	char trouble[ASK_WHY];
};

/** watched_check() - it is suspected: check it now */
void watched_check(struct watched *w);

/** watched_changed() - the loop is told; with the lock held */
void watched_changed(struct watched *w);

/* macs.c: which MACs neighbours have */

/** macs_open() - listen to the kernel's neighbours; 0 or a negative errno */
int macs_open(struct watch *watch);
void macs_close(struct watch *watch);

/** macs_read() - all neighbours are read anew */
void macs_read(struct watch *watch);

/** macs_keep() - have the kernel find and keep those that it does not yet */
void macs_keep(struct watch *watch);

/** macs_forget() - a device is not watched any more */
void macs_forget(struct watch *watch, struct watched *w);

/* conflicts.c: do two hosts answer for one address? */

/** conflicts_config() - of these devices and services */
void conflicts_config(struct watch *watch, const struct config *config);

/** conflicts_tell() - something of that has changed: the loop may be told */
void conflicts_tell(struct watch *watch);

/** conflict_text() - for a person, with what mends it; @buf */
const char *conflict_text(const struct claimed *claim, char *buf, size_t size);

/* syns.c: do services' servers answer? */

/** syns_config() - of these, and of no others */
void syns_config(struct watch *watch, const struct config *config);

/** syns_count() - once a second; as iq_kernel_service_dump() */
int syns_count(struct watch *watch);

/* modes.c: how services' last devices have their addresses */

/** modes_config() - find those of some services, and of no others */
void modes_config(struct watch *watch, const struct config *config, const bool *unknown);
void modes_close(struct watch *watch);

/** modes_tick() - the next step of each, as of all that is kept up */
void modes_tick(struct watch *watch);

#endif /* IPSEC_QOSD_CHAIN_WATCH_PRIV_H */
