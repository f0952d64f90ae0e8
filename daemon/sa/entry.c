// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of an entry. Three things make it up: whose it is (enum whose), what is
 * known of the kernel's (enum sad_known), and what waits to be done about it (enum
 * sad_queue). Below is what each event does to them.
 */
#include "sa/entry.h"

#include "sa/sad_priv.h"

/**
 * enum whose - whose an entry is
 *
 * @GONE: nobody's: no charon states it any more, or yet. It has no group, and is
 *	freed once the kernel has none either.
 * @WENT: a charon states it, but the kernel's entry went with the kernel's SA. There
 *	should be none until it is stated again: nothing would remove it.
 * @HELD: its charon is stating what it has, and has not come to it. The kernel is
 *	told nothing of it: that would pass for restated, and survive the sweep.
 * @LEFT: a charon that is dead left it behind. It is the sweep's.
 * @LIVE: a charon states it
 */
enum whose {
	GONE,
	WENT,
	HELD,
	LEFT,
	LIVE,
	WHOSE
};

static enum whose whose_of(const struct sad_entry *e)
{
	const struct sad_source *source;

	if (!e->ike)
		return GONE;
	if (e->went)
		return WENT;
	source = e->ike->source;
	if (source->stating && e->round != source->round)
		return HELD;
	return source->dead ? LEFT : LIVE;
}

/*
 * What an event may do. What is due stays so when it is also found missing: it is
 * written in any case.
 */
enum {
	DUE	= 1 << 0,	/* into the queue of what is due */
	MISS	= 1 << 1,	/* into that of what is missing, unless it is due */
	FOUND	= 1 << 2,	/* out of that of what is missing */
	IDLE	= 1 << 3,	/* out of either */
	GOES	= 1 << 4,	/* it went with the kernel's SA */
	COMES	= 1 << 5,	/* that counts no more */
	UNKNOWN	= 1 << 6,	/* whether the kernel has one is not known */
	ABSENT	= 1 << 7,	/* it has none */
	PRESENT	= 1 << 8,	/* it has it as it should be */

	RIGHT	= PRESENT | FOUND,
	WRONG	= UNKNOWN | MISS,
	AWAY	= ABSENT | GOES | IDLE,
};

#define ANY(does) \
	{ does, does, does, does, does }

static const unsigned int table[ENTRY_EVENTS][WHOSE] = {
	/*			GONE	WENT	HELD	LEFT	LIVE */
	[ENTRY_STATED]	= ANY(COMES),
	[ENTRY_ENDED]	= ANY(COMES | DUE),
	[ENTRY_CHANGED]	= {	DUE,	0,	0,	DUE,	DUE },
	[ENTRY_GENERATION] = {	DUE,	0,	0,	0,	DUE },
	[ENTRY_ANEW]	= {	DUE,	0,	0,	DUE,	DUE },
	[ENTRY_SYNC]	= {	0,	IDLE,	IDLE,	0,	0 },
	[ENTRY_TAKEN]	= ANY(IDLE),

	[ENTRY_WRITTEN]	= ANY(PRESENT | IDLE),
	[ENTRY_REMOVED]	= ANY(ABSENT | IDLE),
	[ENTRY_REFUSED]	= ANY(UNKNOWN | IDLE),

	[ENTRY_SEEN]	= {	0,	0,	RIGHT,	0,	RIGHT },
	[ENTRY_WRONG]	= {	0,	0,	WRONG,	0,	WRONG },
	/* of one that is gone it says nothing that removing it does not find */
	[ENTRY_WENT]	= {	0,	ABSENT,	AWAY,	AWAY,	AWAY },
	[ENTRY_BACK]	= {	0,	COMES,	0,	0,	0 },
	[ENTRY_MEND]	= {	IDLE,	IDLE,	IDLE,	IDLE,	DUE },

	[ENTRY_KERNEL_CAME] = ANY(UNKNOWN),
	[ENTRY_KERNEL_GONE] = ANY(ABSENT),
};

static void enqueue(struct entries *of, struct sad_entry *e, enum sad_queue queue)
{
	if (e->queue == queue)
		return;
	if (e->queue == SAD_DUE)
		TAILQ_REMOVE(&of->due, e, at);
	else if (e->queue == SAD_MISSING)
		TAILQ_REMOVE(&of->missing, e, at);
	e->queue = queue;
	if (queue == SAD_DUE)
		TAILQ_INSERT_TAIL(&of->due, e, at);
	else if (queue == SAD_MISSING)
		TAILQ_INSERT_TAIL(&of->missing, e, at);
}

void entry_on(struct entries tables[IQ_TABLES], struct sad_entry *e,
	      enum entry_event event)
{
	unsigned int does = table[event][whose_of(e)];
	struct entries *of = &tables[e->table];

	if (does & GOES)
		e->went = true;
	if (does & COMES)
		e->went = false;
	if (does & UNKNOWN)
		e->known = SAD_UNKNOWN;
	if (does & ABSENT)
		e->known = SAD_ABSENT;
	if (does & PRESENT) {
		e->known = SAD_PRESENT;
		e->known_group = e->group;
	}
	if (does & DUE)
		enqueue(of, e, SAD_DUE);
	if ((does & MISS) && e->queue == SAD_IDLE)
		enqueue(of, e, SAD_MISSING);
	if ((does & IDLE) || ((does & FOUND) && e->queue == SAD_MISSING))
		enqueue(of, e, SAD_IDLE);
}

void entries_init(struct entries tables[IQ_TABLES])
{
	int i;

	tables[IQ_TABLE_SA].all = (struct keyed_table)KEYED_TABLE(struct sad_sa);
	tables[IQ_TABLE_IKE].all =
		(struct keyed_table)KEYED_TABLE(struct sad_ike_entry);
	for (i = 0; i < IQ_TABLES; i++) {
		TAILQ_INIT(&tables[i].due);
		TAILQ_INIT(&tables[i].missing);
	}
}

bool entry_is_gone(const struct sad_entry *e)
{
	return whose_of(e) == GONE;
}

bool entry_is_held(const struct sad_entry *e)
{
	enum whose whose = whose_of(e);

	return whose == WENT || whose == HELD;
}

bool entry_is_left(const struct sad_entry *e)
{
	return whose_of(e) == LEFT;
}

bool entry_differs(const struct sad_entry *e)
{
	if (!e->group)
		return e->known != SAD_ABSENT;
	return e->known != SAD_PRESENT || e->known_group != e->group;
}

bool entry_stated_differs(const struct sad_entry *e)
{
	return entry_differs(e) || (e->group && e->ike->source->stating);
}
