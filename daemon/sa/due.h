/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module's tables should have, and what of it the kernel is to be told:
 * what is due, what is missing, what is waited for. Nothing here talks to the
 * kernel: an entry is due until tables.c has told it.
 */
#ifndef IPSEC_QOSD_DUE_H
#define IPSEC_QOSD_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sa/sad.h"

/* For those who talk to the kernel */

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

/** sad_due() - take up to @max due entries of a table off the queue; how many */
size_t sad_due(struct sad *sad, enum iq_table_id table, struct sad_entry **entries,
	       size_t max);

/** sad_idle() - is every IKE SA resolved and nothing due? */
bool sad_idle(const struct sad *sad);

/**
 * sad_written() - what the kernel's table has now
 *
 * @known: SAD_PRESENT: as @e->group says; SAD_UNKNOWN: it was refused.
 *	Frees @e if it is gone.
 */
void sad_written(struct sad *sad, struct sad_entry *e, enum sad_known known);

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
 * sad_seen() - the kernel's table told of an entry
 *
 * @told: its key counts
 * @group: that it is in, if it is one of ours, else 0; 0: it is gone
 * @local: it is an SA, and the kernel's SAD has it
 *
 * Return: it is not as it should be: sad_mend() is to be called before long,
 * but not all the time, for somebody may want it otherwise.
 */
bool sad_seen(struct sad *sad, const struct iq_kernel_entry *told, uint32_t group,
	      bool local);

/**
 * sad_went() - the kernel's table told that an SA's entry is gone, and that
 * its SAD does not have the SA: if it had, that is why
 */
void sad_went(struct sad *sad, const struct iq_kernel_entry *told);

/**
 * sad_mend() - what sad_seen() found wrong, and is not right again, is due
 *
 * Return: whether anything is for that.
 */
bool sad_mend(struct sad *sad);

/* For those who know what charons stated */

/** due_sa_key() - what finds an SA; all of @key is written, padding too */
void due_sa_key(const struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		uint8_t proto, struct sad_sa_key *key);

/** due_ike_key() - what finds the entry of an IKE SA; likewise */
void due_ike_key(const struct sad *sad, uint64_t spi_i, uint64_t spi_r,
		 struct sad_ike_key *key);

/** due_find() - the entry that has a key, or NULL */
struct sad_entry *due_find(const struct sad *sad, enum iq_table_id table,
			   const void *key);

/**
 * due_need() - find an entry, or make one that is nobody's yet
 *
 * Return: as keyed_need().
 */
int due_need(struct sad *sad, enum iq_table_id table, const void *key,
	     struct sad_entry **e);

/** due_unneed() - it was found or made, but nothing comes of it */
void due_unneed(struct sad *sad, struct sad_entry *e);

/** due_stated() - a charon states an entry, under the IKE SA @ike */
void due_stated(struct sad *sad, struct sad_entry *e, struct sad_ike *ike);

/** due_ended() - nobody states it any more */
void due_ended(struct sad *sad, struct sad_entry *e);

/** due_forget() - free it, with no word to the kernel */
void due_forget(struct sad *sad, struct sad_entry *e);

/** due_moved() - it is to be in another group, maybe */
void due_moved(struct sad *sad, struct sad_entry *e, uint32_t group);

/** due_unheld() - its charon went before it came to restate it: it counts as it was */
void due_unheld(struct sad *sad, struct sad_entry *e);

/** due_announced() - an SA is about to be installed */
void due_announced(struct sad *sad, struct sad_sa *sa, double now);

/** due_installed() - an SA counts as installed */
void due_installed(struct sad *sad, struct sad_sa *sa);

/** due_ike_stated() - an IKE SA's entry was stated, in its group */
void due_ike_stated(struct sad *sad, struct sad_entry *e);

/** due_hold() - a charon begins to state what it has: what was due of it is not yet */
void due_hold(struct sad *sad);

#endif /* IPSEC_QOSD_DUE_H */
