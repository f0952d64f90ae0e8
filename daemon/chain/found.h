/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module has of a daemon that was here before: states of devices, their MACs, how
 * services are. The work of an errand (errand.h): there may be very many.
 */
#ifndef IPSEC_QOSD_CHAIN_FOUND_H
#define IPSEC_QOSD_CHAIN_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "errand.h"
#include "lib/array.h"

/**
 * struct found_service - a service of SERVICE_AUTO that is there
 *
 * @place: in the configuration
 * @nat: this host translates to its server
 */
struct found_service {
	size_t place;
	bool nat;
};

/**
 * struct found - what the errand keeps, and leaves for who reads it once it is done
 *
 * @config: that was looked for, held; NULL: nothing was yet
 * @devices: of struct iq_kernel_device: all of the daemon's
 * @services: of struct found_service
 */
struct found {
	struct config *config;
	UT_array devices;
	UT_array services;
};

/** found_new() - NULL: no memory */
struct found *found_new(void);

/* of struct errand_ops; what is wanted is a configuration, held */
int found_run(void *state, void *wanted, char *why, size_t size);
void found_free(void *wanted);
void found_end(void *state);

#endif /* IPSEC_QOSD_CHAIN_FOUND_H */
