/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a device work? What single tries of its checks come to, and what its packets' counters
 * let suspect. Packets that do not come back only have it checked at once: one that drops
 * them by its policy looks the same. Who has failed stays so until somebody admits it. Pure.
 */
#ifndef IPSEC_QOSD_CHAIN_TRIAL_H
#define IPSEC_QOSD_CHAIN_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "check/ask.h"

#define TRIAL_PACKETS	8	/* sent, and none came back: so many are a sign */
#define TRIAL_SYNS	3	/* to a server, which answers each */
#define TRIAL_SIGNS	2	/* in turn are a suspicion */

/**
 * struct trial - a device's
 *
 * @failed: it has, and was not admitted since
 * @tries: of the check under way, those that failed
 * @asked: a check came to its end, and @ok is what the last one came to
 * @run: so many in turn that passed
 * @since: when it failed or was admitted last, 0: not since it is looked at
 * @counted: @sent and @returned are what the counters said last
 * @forwards: a tap that sends back what it is sent
 * @signs: so many times in turn packets were sent and none came back
 */
struct trial {
	bool failed;
	uint32_t tries;
	bool asked;
	bool ok;
	uint32_t run;
	double since;
	bool counted;
	uint64_t sent;
	uint64_t returned;
	uint32_t signs;
	bool forwards;
};

/** enum trial_next - what is to be done after a try */
enum trial_next {
	TRIAL_AGAIN,	/* another try of this check, soon */
	TRIAL_REST,	/* the check came to its end */
	TRIAL_FAILED,	/* likewise, and the device has failed by it */
};

/**
 * trial_tried() - a try came to its end
 *
 * @outcome: ASK_OPEN is a failure by now
 * @tries: that fail are a check that fails
 * @now: seconds, of a clock that does not jump
 */
enum trial_next trial_tried(struct trial *t, enum ask_outcome outcome, uint32_t tries,
			    double now);

/**
 * trial_counted() - what its packets' counters say at this moment
 *
 * @least: so many that are sent and none that comes back are a sign
 *
 * Return: it is suspected from now on: check it at once.
 */
bool trial_counted(struct trial *t, uint64_t sent, uint64_t returned, uint32_t least);

/**
 * trial_copied() - what the counters of a tap say at this moment
 *
 * Resets, which are what a tap sends by itself, are few: one that sends back half of its copies
 * or more, twice in turn, forwards them.
 */
void trial_copied(struct trial *t, uint64_t sent, uint64_t returned);

/** trial_suspected() - do packets go there that do not come back? */
static inline bool trial_suspected(const struct trial *t)
{
	return t->signs >= TRIAL_SIGNS;
}

/**
 * struct trial_answers - of a service, whether its server answers
 *
 * @known: @syns and @back are what the counters said last
 * @signs: so many times in turn some began, and nothing came back
 */
struct trial_answers {
	bool known;
	uint64_t syns;
	uint64_t back;
	uint32_t signs;
};

/**
 * trial_answered() - what its counters say at this moment: clients that began, and what came
 * back
 *
 * Return: its server is suspected from now on: check it at once.
 */
bool trial_answered(struct trial_answers *t, uint64_t syns, uint64_t back);

/** trial_silent() - does it answer nobody? */
static inline bool trial_silent(const struct trial_answers *t)
{
	return t->signs >= TRIAL_SIGNS;
}

/** trial_admit() - somebody says that it works again */
void trial_admit(struct trial *t, double now);

#endif /* IPSEC_QOSD_CHAIN_TRIAL_H */
