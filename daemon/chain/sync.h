/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the module's devices, chains and services to what they should be. The work of an
 * errand (errand.h): there may be very many.
 */
#ifndef IPSEC_QOSD_CHAIN_SYNC_H
#define IPSEC_QOSD_CHAIN_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "chain/object.h"
#include "stating.h"

/**
 * enum service_how - how a service is to be in the kernel
 *
 * @SERVICE_WAITS: not yet
 * @SERVICE_PLAIN: its server has its address
 * @SERVICE_TRANSLATED: this host translates to the server's own
 */
enum service_how {
	SERVICE_WAITS,
	SERVICE_PLAIN,
	SERVICE_TRANSLATED,
};

/**
 * struct chain_wanted - what should be
 *
 * @config: held
 * @now: of each of its devices
 * @how: of each of its services, enum service_how
 * @all: all is stated, and what is the daemon's and is not wanted goes; else what of @now
 *	and @how is not what was stated last
 */
struct chain_wanted {
	struct config *config;
	struct device_now *now;
	uint8_t *how;
	bool all;
};

/** chain_wanted_new() - all of it, with room for the rest, which is 0; NULL: no memory */
struct chain_wanted *chain_wanted_new(struct config *config, bool all);

/** chain_sync_new() - what the errand keeps; NULL: no memory */
void *chain_sync_new(void);

/**
 * chain_sync_of() - before anything is wanted: the errand that it is of, so that devices which
 * fail while very many services are stated need not wait for that
 */
void chain_sync_of(void *state, struct errand *errand);

/* of struct errand_ops, see stating.h */
int chain_sync_run(void *state, void *wanted, char *why, size_t size);
void chain_wanted_free(void *wanted);
void chain_sync_end(void *state);

#endif /* IPSEC_QOSD_CHAIN_SYNC_H */
