/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shapers (shapers.h) in a thread of their own: rtnetlink has one lock
 * for all that anybody does to any device, and whoever asks it for something
 * waits, while charon's answers must not.
 *
 * The thread has its own loop and its own sockets. It is given configurations,
 * of which it holds the one it works with (config_hold()), and questions for
 * the kernel's counters; what it delivers are reports. Both go through a
 * mailbox under a mutex, which nobody holds for longer than it takes to copy a
 * few KiB. What is superseded before it is taken out is dropped.
 *
 * All that is said below is for the daemon's own loop.
 */
#ifndef IPSEC_QOSD_SHAPING_H
#define IPSEC_QOSD_SHAPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "config/config.h"
#include "shaping/qdisc.h"

/* Seconds for which a reload, and one that asks for counters, wait for the thread */
#define SHAPING_RELOAD	5.0
#define SHAPING_ASK	2.0

struct shaping;

/**
 * struct shaper_state - how a shaper stands
 *
 * @text: more about it, for a person; "" where there is nothing to say
 */
struct shaper_state {
	enum qdisc_state state;
	char text[256];
};

/**
 * struct shaping_report - how all shapers of @config stand
 *
 * @shapers: in its order
 * @n_counts: how many groups there are of its shapers' classes (class_groups())
 * @counts: of each class in its order, of a range's of each of its groups
 */
struct shaping_report {
	struct config *config;
	unsigned int users;
	struct shaper_state *shapers;
	size_t n_counts;
	struct qdisc_count counts[];
};

/**
 * shaping_open() - start the thread
 *
 * Privileges are a thread's own: what is to be dropped is dropped before.
 *
 * @told: called from the loop when there is something new to see below, or was
 *	waited for long enough
 *
 * Return: 0 or a negative errno.
 */
int shaping_open(struct shaping **shaping, struct ev_loop *loop,
		 struct config *config, void (*told)(void *arg), void *arg);

/**
 * shaping_close() - end the thread; what is on the devices stays
 *
 * A tree that is half made is taken back. Waits for a second at most: a thread
 * that the kernel does not let go ends with the process. NULL is fine.
 */
void shaping_close(struct shaping *shaping);

/** shaping_config() - have a new configuration's shapers applied */
void shaping_config(struct shaping *shaping, struct config *config);

/**
 * shaping_need() - a group of a range has a peer: its classes are to be there
 *
 * They are within a second, and mostly are already; until then its packets are the
 * default class's. They stay as long as the configuration has the range.
 */
void shaping_need(struct shaping *shaping, uint32_t id);

/**
 * shaping_fresh() - a group of a range has another peer than before: its counters
 * start at 0
 */
void shaping_fresh(struct shaping *shaping, uint32_t id);

/**
 * shaping_settled() - are the last configuration's shapers applied, or was that
 * waited for for SHAPING_RELOAD?
 */
bool shaping_settled(const struct shaping *shaping);

/**
 * shaping_trouble() - why the @i-th shaper of the configuration is not in force
 *
 * Return: false: it is.
 */
bool shaping_trouble(const struct shaping *shaping, size_t i, char *why,
		     size_t size);

/** shaping_ask() - have the kernel's counters read; a ticket for shaping_asked() */
uint32_t shaping_ask(struct shaping *shaping);

/** shaping_asked() - were they read, or waited for for SHAPING_ASK? */
bool shaping_asked(const struct shaping *shaping, uint32_t ticket);

/**
 * shaping_report() - how shapers stand and what was counted last
 *
 * Where nothing was counted since @ticket, or nothing of this configuration, they
 * are QDISC_PENDING, with a text that says so.
 *
 * Return: to be given back to shaping_report_free(), or NULL: out of memory.
 */
struct shaping_report *shaping_report(struct shaping *shaping, uint32_t ticket);
void shaping_report_free(struct shaping_report *report);

#endif /* IPSEC_QOSD_SHAPING_H */
