/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files behind sad.h, due.h and ike.h share. For them alone, and entry.c.
 */
#ifndef IPSEC_QOSD_SAD_PRIV_H
#define IPSEC_QOSD_SAD_PRIV_H

#include "sa/sad.h"

/**
 * struct sad_source - a charon
 *
 * @number: names it in keys
 * @pid: its process, 0: not known
 * @round: counts its SYNC_STARTs
 * @connected: it is
 * @stating: between SYNC_START and SYNC_END
 * @synced: it has stated all it has
 * @dead: its process is gone; of sad_restate() and SYNC_END
 * @passed_over: SAs that it has installed without an answer
 * @matching: how it matches DNs, as it said last
 */
struct sad_source {
	uint32_t number;
	pid_t pid;
	uint32_t round;
	bool connected;
	bool stating;
	bool synced;
	bool dead;
	uint32_t passed_over;
	enum dn_matching matching;
	LIST_ENTRY(sad_source) list;
};

/**
 * struct sad - see sad.h
 *
 * @config: in use, NULL: none yet
 * @salt: in keys that peers choose, so that none can choose colliding ones
 * @kernel: the module's tables are there
 * @entries: what they should have; due.c's
 * @waiting: SAs that are pending, the first to be overdue first; due.c's
 * @n_sources: how many charons there were
 * @ikes: the IKE SAs that are stated; this and what follows is ike.c's
 * @children: the CHILD SAs
 * @closed: IKE SAs that are gone, but not all that came with them
 * @olds: those of an earlier configuration
 * @fulls: those whose peers found no group of their own left; the one that waits for
 *	longest ahead
 * @full_at: the next of them for which there may be one now, NULL: none
 * @disputes: that were logged under the configuration in use
 * @ports: likewise
 * @unproved: connections whose peers' groups nothing proves, likewise
 * @shared: profiles some of whose peers have no group of their own, likewise
 * @leases: who has which group of a range
 * @ops: who is told which peers are there, with @ops_arg
 * @n_unseen: IKE SAs of which the module does not see all
 * @unseen_port: this host's, of the last that was found so
 * @why: of what was refused last
 */
struct sad {
	const struct config *config;
	uint32_t salt;

	bool kernel;
	struct entries entries[IQ_TABLES];
	TAILQ_HEAD(, sad_sa) waiting;

	uint32_t n_sources;
	LIST_HEAD(, sad_source) sources;

	struct keyed_table ikes;
	struct keyed_table children;
	LIST_HEAD(, sad_ike) closed;
	LIST_HEAD(, sad_ike) olds;
	TAILQ_HEAD(, sad_ike) fulls;
	struct sad_ike *full_at;
	LIST_HEAD(, sad_walk) walks;
	struct once disputes;
	struct once ports;
	struct once unproved;
	struct once shared;
	struct leases *leases;
	const struct presence_ops *ops;
	void *ops_arg;
	size_t n_unseen;
	uint16_t unseen_port;

	char why[IQ_FEED_STR_MAX];
};

/** sad_bound() - how many are kept at most, by their ceiling, and @least */
size_t sad_bound(size_t ceiling, size_t least);

/** sad_max_sas() - how many SAs, and as many CHILD SAs, are kept at most */
size_t sad_max_sas(const struct sad *sad);

/** sad_look_after() - is a charon that is not connected still running? */
void sad_look_after(struct sad_source *source);

#endif /* IPSEC_QOSD_SAD_PRIV_H */
