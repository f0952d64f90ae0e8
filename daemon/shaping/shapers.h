/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the shapers' classes on their devices (qdisc.h) while devices come
 * and go, and says what does not work, once. Blocks while the kernel is busy
 * with devices: it belongs to a loop that nobody waits for (shaping.h).
 */
#ifndef IPSEC_QOSD_POLICIES_H
#define IPSEC_QOSD_POLICIES_H

#include <stdbool.h>
#include <stddef.h>

#include <ev.h>

#include "config/config.h"
#include "shaping/qdisc.h"

struct shapers;

/**
 * shapers_open() - and apply none yet
 *
 * @applied: called each time that shapers were applied, or looked at
 *
 * Return: 0 or a negative errno.
 */
int shapers_open(struct shapers **shapers, struct ev_loop *loop,
		 void (*applied)(void *arg), void *arg);

/** shapers_close() - leaves what is on the devices as it is; NULL is fine */
void shapers_close(struct shapers *shapers);

/** shapers_stop() - as qdisc_stop(): for another thread */
void shapers_stop(struct shapers *shapers);

/**
 * shapers_config() - apply a new configuration's, and call @applied
 *
 * @config: kept and read until the next call, and to be freed only after it
 *
 * Return: 0, or -ENOMEM: the former configuration is still in use.
 */
int shapers_config(struct shapers *shapers, const struct config *config);

/** shapers_need() - as qdisc_need(); the classes are made beside the loop's other doings */
void shapers_need(struct shapers *shapers, const struct pool_bits *needed,
		  const struct pool_bits *fresh);

/** shapers_state() - as qdisc_shaper_state() */
enum qdisc_state shapers_state(const struct shapers *shapers, size_t i,
			       const char **text);

/** shapers_stats() - as qdisc_stats(), but for what is returned */
void shapers_stats(struct shapers *shapers, struct qdisc_count *counts);

/** shapers_why() - why a shaper in such a state is not in force, in words */
void shapers_why(const struct shaper *shaper, enum qdisc_state state,
		 const char *text, char *why, size_t size);

#endif /* IPSEC_QOSD_POLICIES_H */
