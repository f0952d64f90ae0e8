/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an entry that one of the module's tables should have, or should not:
 * whose it is, what the kernel is known to have, and whether that has to be brought
 * about. It changes by what happens to the entry, in entry_on() alone; entry.c has
 * the table of what does what in which state.
 */
#ifndef IPSEC_QOSD_ENTRY_H
#define IPSEC_QOSD_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "lib/kernel/entry.h"
#include "sa/keyed.h"

struct sad_ike;

/* What is known of an entry in the kernel's table. */
enum sad_known {
	SAD_UNKNOWN,
	SAD_ABSENT,
	SAD_PRESENT,
};

/**
 * enum sad_queue - what waits to be done about an entry
 *
 * @SAD_IDLE: nothing
 * @SAD_DUE: the kernel is to be told before long
 * @SAD_MISSING: the kernel's table told that it is not as it should be; it is due
 *	somewhat later, unless it is right again by then
 */
enum sad_queue {
	SAD_IDLE,
	SAD_DUE,
	SAD_MISSING,
};

/**
 * struct sad_entry - what an entry of either table should be
 *
 * What is below @round is entry_on()'s to write.
 *
 * @table: of which it is, and so of what it is the first member: struct sad_sa or
 *	struct sad_ike_entry
 * @ike: under which IKE SA; NULL: nobody states it
 * @group: the id of the group it should be in, 0: there should be none
 * @round: of its source when it was stated
 * @queue: which it is in; @at: its place there
 * @went: the kernel's entry went with the kernel's SA
 * @known: whether the kernel has it
 * @known_group: the group that it is in, if SAD_PRESENT
 */
struct sad_entry {
	struct keyed keyed;
	enum iq_table_id table;
	uint32_t group;
	struct sad_ike *ike;
	uint32_t round;
	enum sad_queue queue;
	TAILQ_ENTRY(sad_entry) at;
	bool went;
	enum sad_known known;
	uint32_t known_group;
};

/* @salt: in keys that peers choose, so that none can choose colliding ones */
struct sad_sa_key {
	uint32_t salt;
	uint32_t spi;
	struct iq_addr dst;
	uint8_t proto;
};

struct sad_ike_key {
	uint64_t spi_i;
	uint64_t spi_r;
	uint64_t salt;
};

/**
 * struct sad_sa - an SA
 *
 * @pending: it is about to be installed
 * @restated: due as pending for another reason than that charon said so: it
 *	may have been installed since
 * @local: the kernel's SAD has it, as its table told last
 * @child_id: charon's id of the CHILD SA that it is the outbound SA of; 0: none
 *	that is known
 * @deadline: when the kernel gives a pending one up
 * @wait: among those that are pending
 * @list: among those of its IKE SA
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
};

/** struct sad_ike_entry - the IKE table's entry for an IKE SA */
struct sad_ike_entry {
	struct sad_entry entry;
	struct sad_ike_key key;
};

/** sad_sa_of() - the SA that an entry is of, NULL: it is of an IKE SA */
static inline struct sad_sa *sad_sa_of(struct sad_entry *e)
{
	return e->table == IQ_TABLE_SA ? (struct sad_sa *)e : NULL;
}

TAILQ_HEAD(entry_queue, sad_entry);

/**
 * struct entries - what a table of the kernel's should have
 *
 * @all: by their keys
 * @due: those that are SAD_DUE, the first to be told first
 * @missing: those that are SAD_MISSING
 */
struct entries {
	struct keyed_table all;
	struct entry_queue due;
	struct entry_queue missing;
};

/**
 * enum entry_event - what may happen to an entry
 *
 * @ENTRY_STATED: a charon states it; @ike, @group and @round are what they are now
 * @ENTRY_ENDED: nobody states it any more; @ike is NULL
 * @ENTRY_CHANGED: the kernel is to be told, for what it has, or may have, is not
 *	what it should have
 * @ENTRY_GENERATION: a generation begins
 * @ENTRY_ANEW: one begins, and the kernel's tables have nothing of it
 * @ENTRY_SYNC: its charon begins to state what it has
 * @ENTRY_TAKEN: off the queue it is in
 * @ENTRY_WRITTEN: the kernel has it as @group says
 * @ENTRY_REMOVED: the kernel has none
 * @ENTRY_REFUSED: the kernel did not do what it was told
 * @ENTRY_SEEN: the kernel's table told that it has it as @group says
 * @ENTRY_WRONG: it told that it has none, or in another group
 * @ENTRY_WENT: it told that it removed it with the kernel's SA
 * @ENTRY_BACK: it told of that SA, or of an entry as it should be
 * @ENTRY_MEND: what is missing is to be put back
 * @ENTRY_KERNEL_CAME: the module's tables are there, whatever they have
 * @ENTRY_KERNEL_GONE: they are not any more
 */
enum entry_event {
	ENTRY_STATED,
	ENTRY_ENDED,
	ENTRY_CHANGED,
	ENTRY_GENERATION,
	ENTRY_ANEW,
	ENTRY_SYNC,
	ENTRY_TAKEN,
	ENTRY_WRITTEN,
	ENTRY_REMOVED,
	ENTRY_REFUSED,
	ENTRY_SEEN,
	ENTRY_WRONG,
	ENTRY_WENT,
	ENTRY_BACK,
	ENTRY_MEND,
	ENTRY_KERNEL_CAME,
	ENTRY_KERNEL_GONE,
	ENTRY_EVENTS
};

/** entries_init() - none yet */
void entries_init(struct entries tables[IQ_TABLES]);

/** entry_on() - something happened to an entry; none is freed by that */
void entry_on(struct entries tables[IQ_TABLES], struct sad_entry *e,
	      enum entry_event event);

/** entry_is_gone() - nobody states it, not any more or not yet */
bool entry_is_gone(const struct sad_entry *e);

/** entry_is_held() - its charon states it, but it is not to be told to the kernel */
bool entry_is_held(const struct sad_entry *e);

/** entry_is_left() - a charon that is dead left it behind */
bool entry_is_left(const struct sad_entry *e);

/** entry_differs() - is what the kernel has another than it should be, as far as known? */
bool entry_differs(const struct sad_entry *e);

/** entry_stated_differs() - of one just stated; stating it puts it into a generation */
bool entry_stated_differs(const struct sad_entry *e);

#endif /* IPSEC_QOSD_ENTRY_H */
