/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of this host is in the way of service chains, and is nobody's mistake in the
 * configuration: rules and flowtables (rules.h). It is looked at now and then, while there are
 * services. All of it in the daemon's loop.
 */
#ifndef IPSEC_QOSD_CHAIN_AROUND_H
#define IPSEC_QOSD_CHAIN_AROUND_H

#include <stddef.h>

#include <ev.h>

#include "config/config.h"

struct around;

/** around_open() - 0 or a negative errno */
int around_open(struct around **around, struct ev_loop *loop);

/** around_config() - these devices and services from now on; it is held */
void around_config(struct around *around, struct config *config);

/** around_trouble() - the @i-th thing, and what mends it; NULL: no more */
const char *around_trouble(const struct around *around, size_t i);

/** around_close() - NULL is fine */
void around_close(struct around *around);

#endif /* IPSEC_QOSD_CHAIN_AROUND_H */
