/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the policies' classes on their devices (qdisc.h) while devices come
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

struct policies;

/**
 * policies_open() - and apply none yet
 *
 * @applied: called each time that policies were applied, or looked at
 *
 * Return: 0 or a negative errno.
 */
int policies_open(struct policies **policies, struct ev_loop *loop,
		  void (*applied)(void *arg), void *arg);

/** policies_close() - leaves what is on the devices as it is; NULL is fine */
void policies_close(struct policies *policies);

/** policies_stop() - as qdisc_stop(): for another thread */
void policies_stop(struct policies *policies);

/**
 * policies_config() - apply a new configuration's, and call @applied
 *
 * @config: kept and read until the next call, and to be freed only after it
 *
 * Return: 0, or -ENOMEM: the former configuration is still in use.
 */
int policies_config(struct policies *policies, const struct config *config);

/** policies_state() - as qdisc_policy_state() */
enum qdisc_state policies_state(const struct policies *policies, size_t i,
				const char **text);

/** policies_stats() - as qdisc_stats(), but for what is returned */
void policies_stats(struct policies *policies, struct qdisc_count *counts);

/** policies_why() - why a policy in such a state is not in force, in words */
void policies_why(const struct policy *policy, enum qdisc_state state,
		  const char *text, char *why, size_t size);

#endif /* IPSEC_QOSD_POLICIES_H */
