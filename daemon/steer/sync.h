/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the module's elements, pools and steered prefixes to what they should be. The work
 * of an errand (errand.h): a pool of many members takes the kernel a tenth of a second.
 */
#ifndef IPSEC_QOSD_STEER_SYNC_H
#define IPSEC_QOSD_STEER_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "stating.h"

/**
 * struct sync_release - buckets of a pool that are to be released
 *
 * @mask: a bit for each, the first is the lowest of the first byte
 */
struct sync_release {
	uint32_t pool;
	uint8_t mask[IPSEC_QOS_BUCKETS / 8];
};

/**
 * struct sync_wanted - what should be
 *
 * @config: held
 * @state: of each of its elements, enum ipsec_qos_element_state
 * @all: all is stated, and what is the daemon's and is not wanted goes; else what of
 *	@state is not what was stated last
 * @n_release: of @release
 */
struct sync_wanted {
	struct config *config;
	uint8_t *state;
	bool all;
	size_t n_release;
	struct sync_release *release;
};

/** sync_wanted_new() - all of it, with room for the states, which are 0; NULL: no memory */
struct sync_wanted *sync_wanted_new(struct config *config, bool all);

/** sync_steered() - is a prefix steered here? Not to a pool that this host is a member of */
static inline bool sync_steered(const struct steer_prefix *prefix)
{
	return !prefix->pool->self;
}

/** sync_state_new() - what the errand keeps; NULL: no memory */
void *sync_state_new(void);

/* of struct errand_ops, see stating.h */
int sync_run(void *state, void *wanted, char *why, size_t size);
void sync_free(void *wanted);
void sync_end(void *state);

#endif /* IPSEC_QOSD_STEER_SYNC_H */
