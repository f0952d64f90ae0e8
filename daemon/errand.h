/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may take its time, done by a thread of its own: what is wanted last is what is
 * done, and what was wanted before and not begun yet need not be done any more. All that is
 * said below is for the daemon's own loop.
 */
#ifndef IPSEC_QOSD_ERRAND_H
#define IPSEC_QOSD_ERRAND_H

#include <stdbool.h>
#include <stddef.h>

#include <ev.h>

#define ERRAND_WHY	256	/* bytes of why it failed */

struct errand;

/**
 * struct errand_ops - what the work is
 *
 * @run: in the thread: do what is @wanted; 0 or a negative errno, and why for a person. It
 *	may use of @state what nobody else does.
 * @free: what is wanted is not needed any more; in any thread
 * @end: once the thread has ended: @state is not needed any more; NULL: nothing is to be
 *	done
 * @done: from the loop: what came of what was wanted last. Until something is wanted again the
 *	thread rests, and what it left in @state may be read.
 */
struct errand_ops {
	int (*run)(void *state, void *wanted, char *why, size_t size);
	void (*free)(void *wanted);
	void (*end)(void *state);
	void (*done)(void *arg, int err, const char *why);
};

/**
 * errand_open() - start the thread
 *
 * @state: for @run and @end; not @arg, for a thread that is stuck outlives who started it
 *
 * Return: 0 or a negative errno, and @state is still the caller's.
 */
int errand_open(struct errand **errand, struct ev_loop *loop, const struct errand_ops *ops,
		void *state, void *arg);

/** errand_want() - never blocks; what is @wanted is not the caller's any more */
void errand_want(struct errand *errand, void *wanted);

/**
 * errand_peek() - for @run, which takes long: look at what is wanted next, if anything is
 *
 * @look: with the errand's lock held: for a moment
 *
 * Return: something is.
 */
bool errand_peek(struct errand *errand, void (*look)(const void *wanted, void *arg), void *arg);

/** errand_busy() - is something wanted that is not done? */
bool errand_busy(const struct errand *errand);

/**
 * errand_close() - have what is wanted still done, for a second at most, and end the thread;
 * one that does not end ends with the process. NULL is fine.
 */
void errand_close(struct errand *errand);

#endif /* IPSEC_QOSD_ERRAND_H */
