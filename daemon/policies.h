/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the policies' classes on their devices (qdisc.h) while devices come
 * and go, and says what does not work, once.
 */
#ifndef IPSEC_QOSD_POLICIES_H
#define IPSEC_QOSD_POLICIES_H

#include <stdbool.h>
#include <stddef.h>

#include <ev.h>

#include "config.h"
#include "qdisc.h"

struct policies;

/** policies_open() - and apply those of @config; 0 or a negative errno */
int policies_open(struct policies **policies, struct ev_loop *loop,
		  const struct config *config);

/** policies_close() - leaves what is on the devices as it is; NULL is fine */
void policies_close(struct policies *policies);

/**
 * policies_config() - apply a new configuration's
 *
 * Return: 0, or -ENOMEM: the former configuration is still in use.
 */
int policies_config(struct policies *policies, const struct config *config);

/**
 * policies_trouble() - why the @i-th policy of the configuration is not in force
 *
 * Return: false: it is.
 */
bool policies_trouble(const struct policies *policies, size_t i, char *why,
		      size_t size);

/** policies_stats() - as qdisc_stats(); 0 or -ENOMEM */
int policies_stats(struct policies *policies,
		   void (*cb)(const struct qdisc_class *class, void *arg),
		   void *arg);

#endif /* IPSEC_QOSD_POLICIES_H */
