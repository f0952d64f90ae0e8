/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets that pools hold, as their members or weights were changed, are released once no
 * SA needs them ("held" in CONTRIBUTING.md's glossary). That is known only of elements whose
 * charons state their SAs to this daemon (known in the configuration): of others' they stay
 * until somebody says so.
 */
#ifndef IPSEC_QOSD_STEER_RELEASE_H
#define IPSEC_QOSD_STEER_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "config/config.h"
#include "lib/kernel/pool.h"
#include "sa/sad.h"
#include "steer/sync.h"

/*
 * An IKE SA that is being authenticated is not stated, but needs the bucket of its SPI. So a
 * bucket is released when no SA has needed it for longer than charon lets one be so
 * (half_open_timeout, 30 s by default), and a retransmission more.
 */
#define RELEASE_IDLE	40.0	/* seconds */

struct releases;

/**
 * releases_open() - look every few seconds, as long as some pool holds some
 *
 * @free: called with buckets that may be released; @release is the callee's, to be freed
 *
 * Return: NULL: no memory.
 */
struct releases *releases_open(struct ev_loop *loop, struct sad *sad,
			       void (*free)(void *arg, struct sync_release *release, size_t n),
			       void *arg);

/** releases_config() - by another configuration, which lives until the next call */
void releases_config(struct releases *releases, const struct config *config);

/** releases_told() - the kernel told of a pool */
void releases_told(struct releases *releases, const struct iq_kernel_pool *pool);

/** releases_close() - NULL is fine */
void releases_close(struct releases *releases);

/**
 * releases_mask() - which buckets of a pool may go from who holds them
 *
 * Pure, for tests.
 *
 * @buckets: whose each is, and who has it now
 * @used: a bit for each that some SA needs
 * @mask: likewise, of what may go
 *
 * Return: how many they are.
 */
size_t releases_mask(const struct config *config, const struct iq_kernel_buckets *buckets,
		     const uint8_t *used, uint8_t *mask);

/** releases_use() - put down the buckets of an IKE SA and of all SAs under it, in @used */
void releases_use(const struct sad_ike *ike, uint8_t *used);

/** releases_need() - those @used, NULL: all, are needed now, by the time of each, @needed */
void releases_need(double *needed, const uint8_t *used, double now);

/** releases_needed() - which buckets were needed less than RELEASE_IDLE ago, in @used */
void releases_needed(const double *needed, double now, uint8_t *used);

#endif /* IPSEC_QOSD_STEER_RELEASE_H */
