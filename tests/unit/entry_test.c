// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of an entry: every event in every state, and what may never come of it.
 */
#include <string.h>

#include "sa/entry.h"
#include "sa/sad_priv.h"
#include "suite.h"

enum whose { GONE, WENT, HELD, LEFT, LIVE, WHOSE };

static struct entries tables[IQ_TABLES];
static struct sad_source charon;
static struct sad_ike ike_sa;
static struct sad_sa sa, other;
static struct sad_entry *const e = &sa.entry;

/* As if it had come to be so: @e is in @queue behind another. */
static void make(enum whose whose, enum sad_queue queue, enum sad_known known)
{
	entries_init(tables);
	charon = (struct sad_source){ .round = 2 };
	charon.stating = whose == HELD;
	charon.dead = whose == LEFT;
	ike_sa = (struct sad_ike){ .source = &charon, .group = 5 };
	sa = (struct sad_sa){ .entry = {
		.table = IQ_TABLE_SA, .ike = whose == GONE ? NULL : &ike_sa,
		.group = whose == GONE ? 0 : 5, .round = whose == HELD ? 1 : 2,
		.went = whose == WENT, .known = known, .known_group = 4,
		.queue = queue } };
	other = (struct sad_sa){ .entry = { .queue = queue } };
	if (queue == SAD_IDLE)
		return;
	TAILQ_INSERT_TAIL(queue == SAD_DUE ? &tables[0].due : &tables[0].missing,
			  &other.entry, at);
	TAILQ_INSERT_TAIL(queue == SAD_DUE ? &tables[0].due : &tables[0].missing,
			  e, at);
}

static bool is_in(const struct entry_queue *queue)
{
	const struct sad_entry *i;

	TAILQ_FOREACH(i, queue, at)
		if (i == e)
			return true;
	return false;
}

/* What the kernel is known to have then, where the event is about that. */
static int known_after(enum entry_event event, enum whose whose)
{
	switch (event) {
	case ENTRY_WRITTEN:
		return SAD_PRESENT;
	case ENTRY_REMOVED:
	case ENTRY_KERNEL_GONE:
		return SAD_ABSENT;
	case ENTRY_REFUSED:
	case ENTRY_KERNEL_CAME:
		return SAD_UNKNOWN;
	case ENTRY_SEEN:
		return whose == HELD || whose == LIVE ? SAD_PRESENT : -1;
	case ENTRY_WRONG:
		return whose == HELD || whose == LIVE ? SAD_UNKNOWN : -1;
	case ENTRY_WENT:
		return whose == GONE ? -1 : SAD_ABSENT;
	default:
		return -1;
	}
}

/* May what is due not be due any more? */
static bool may_end(enum entry_event event, enum whose whose)
{
	switch (event) {
	case ENTRY_TAKEN:
	case ENTRY_WRITTEN:
	case ENTRY_REMOVED:
	case ENTRY_REFUSED:
		return true;
	case ENTRY_SYNC:
		return whose == HELD || whose == WENT;
	case ENTRY_WENT:
		return whose != GONE && whose != WENT;
	case ENTRY_MEND:
		return whose != LIVE;
	default:
		return false;
	}
}

/* Which events make due what was in no queue? */
static bool may_begin(enum entry_event event, enum whose whose)
{
	bool ours = whose == GONE || whose == LIVE;

	switch (event) {
	case ENTRY_ENDED:
		return true;
	case ENTRY_CHANGED:
	case ENTRY_ANEW:
		return ours || whose == LEFT;
	case ENTRY_GENERATION:
		return ours;
	case ENTRY_MEND:
		return whose == LIVE;
	default:
		return false;
	}
}

static void check(enum entry_event event, enum whose whose, enum sad_queue queue,
		  enum sad_known known)
{
	int after = known_after(event, whose);
	bool went = whose == WENT;

	make(whose, queue, known);
	entry_on(tables, e, event);
	ck_assert_int_eq(is_in(&tables[0].due), e->queue == SAD_DUE);
	ck_assert_int_eq(is_in(&tables[0].missing), e->queue == SAD_MISSING);
	ck_assert_int_eq(e->known, after < 0 ? known : (enum sad_known)after);
	ck_assert_uint_eq(e->known_group, after == SAD_PRESENT ? e->group : 4);

	if (event == ENTRY_WENT && whose != GONE)
		went = true;
	if (event == ENTRY_STATED || event == ENTRY_ENDED || event == ENTRY_BACK)
		went = false;
	ck_assert_int_eq(e->went, went);

	if (queue == SAD_DUE)
		ck_assert_int_eq(e->queue != SAD_DUE, may_end(event, whose));
	else
		ck_assert_int_eq(e->queue == SAD_DUE, may_begin(event, whose));
	if (e->queue == SAD_MISSING && queue != SAD_MISSING)
		ck_assert(event == ENTRY_WRONG && (whose == HELD || whose == LIVE));
	/* who tells that it is right, or was asked to mend it, is done with it */
	if (event == ENTRY_MEND || (event == ENTRY_SEEN && whose == LIVE))
		ck_assert_int_ne(e->queue, SAD_MISSING);
}

START_TEST(events_do_what_they_may)
{
	int whose, queue, known;

	for (whose = 0; whose < WHOSE; whose++)
		for (queue = SAD_IDLE; queue <= SAD_MISSING; queue++)
			for (known = SAD_UNKNOWN; known <= SAD_PRESENT; known++)
				check(_i, whose, queue, known);
}
END_TEST

START_TEST(what_is_told_first_was_due_first)
{
	make(LIVE, SAD_DUE, SAD_ABSENT);
	ck_assert_ptr_eq(TAILQ_FIRST(&tables[0].due), &other.entry);
	entry_on(tables, e, ENTRY_CHANGED);
	ck_assert_ptr_eq(TAILQ_FIRST(&tables[0].due), &other.entry);
	entry_on(tables, e, ENTRY_TAKEN);
	entry_on(tables, e, ENTRY_CHANGED);
	ck_assert_ptr_eq(TAILQ_FIRST(&tables[0].due), &other.entry);
	ck_assert_ptr_eq(TAILQ_NEXT(&other.entry, at), e);
}
END_TEST

/* What differs is what the kernel is to be told of, where it may be told. */
START_TEST(whose_it_is)
{
	int whose;

	for (whose = 0; whose < WHOSE; whose++) {
		make(whose, SAD_IDLE, SAD_PRESENT);
		ck_assert_int_eq(entry_is_gone(e), whose == GONE);
		ck_assert_int_eq(entry_is_held(e), whose == HELD || whose == WENT);
		ck_assert_int_eq(entry_is_left(e), whose == LEFT);
		ck_assert(entry_differs(e));
		e->known_group = 5;
		ck_assert_int_eq(entry_differs(e), whose == GONE);
		ck_assert_int_eq(entry_stated_differs(e),
				 whose == GONE || whose == HELD);
		e->known = SAD_ABSENT;
		ck_assert_int_eq(entry_differs(e), whose != GONE);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("entry");

	tcase_add_loop_test(tcase, events_do_what_they_may, 0, ENTRY_EVENTS);
	tcase_add_test(tcase, what_is_told_first_was_due_first);
	tcase_add_test(tcase, whose_it_is);
	return run_tests("entry", tcase);
}
