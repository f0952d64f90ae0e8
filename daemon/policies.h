/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the policies' classes on their devices (qdisc.h) while devices come
 * and go, and says what does not work, once.
 */
#ifndef IPSEC_QOSD_POLICIES_H
#define IPSEC_QOSD_POLICIES_H

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

/** policies_qdisc() - to read the classes */
struct qdisc_ctl *policies_qdisc(const struct policies *policies);

#endif /* IPSEC_QOSD_POLICIES_H */
